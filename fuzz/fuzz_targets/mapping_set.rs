//! Any bytes as a mapping set are one or an error; one that was read comes back from every format as it was.

#![no_main]

use tern::mapper::{Format, MappingRow, SetOptions, read_mapping_set, write_mapping_set};

const FORMATS: [(&str, Format); 6] = [
    ("out.csv", Format::Csv),
    ("out.sssom.tsv", Format::Sssom),
    ("out.r4.json", Format::ConceptMapR4),
    ("out.r5.json", Format::ConceptMapR5),
    ("out_source_to_concept_map.csv", Format::Omop),
    ("out.usagi.csv", Format::Usagi),
];

fn sorted(mut rows: Vec<MappingRow>) -> Vec<MappingRow> {
    rows.sort_by_key(MappingRow::fields);
    rows
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"PAR1") {
        return;
    }
    let room = tempfile::tempdir().expect("a temporary folder can be made");
    let input = room.path().join("map");
    std::fs::write(&input, data).expect("files can be written");
    let options = SetOptions::default();
    let Ok(mut read) = read_mapping_set(&input, &options) else {
        return;
    };
    // Equal rows are one in a table.
    read.set.rows = sorted(read.set.rows);
    read.set.rows.dedup_by_key(|row| row.fields());
    for (name, format) in FORMATS {
        let path = room.path().join(name);
        write_mapping_set(&read.set, &path, format, &options).expect("what was read can be written");
        let back = read_mapping_set(&path, &options).expect("what was written can be read");
        assert_eq!(sorted(back.set.rows), read.set.rows, "{name}");
    }
});

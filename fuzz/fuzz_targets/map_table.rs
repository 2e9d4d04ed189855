//! Any bytes as a table to be mapped give a table with as many rows as were read, or an error.

#![no_main]

use std::sync::LazyLock;
use tern::mapper::{MapOptions, run};
use tern::service::Terminology;

static TERMINOLOGY: LazyLock<Terminology> = LazyLock::new(tern_fuzz::terminology);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, content)) = data.split_first() else {
        return;
    };
    let room = tempfile::tempdir().expect("a temporary folder can be made");
    let input = room.path().join(["labs.csv", "labs.tsv", "labs.csv.gz", "labs.csv.zst"][usize::from(choice & 3)]);
    let output = room.path().join(["out.csv", "out.tsv", "out.ndjson"][usize::from(choice >> 2) % 3]);
    std::fs::write(&input, content).expect("files can be written");
    let options = MapOptions {
        target: "http://loinc.org".to_owned(),
        candidates: usize::from(choice >> 4),
        ..MapOptions::default()
    };
    if let Ok(summary) = run(&input, &output, &options, &*TERMINOLOGY, &mut |_| {}) {
        assert!(summary.distinct <= summary.rows);
        assert_eq!(summary.statuses.values().sum::<u64>(), summary.rows);
        assert!(output.exists());
    }
});

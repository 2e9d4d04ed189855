//! Any bytes as a table to be mapped, in any format, give a table with as many rows as were read, or an error.
//!
//! Parquet is left to `parquet_table`: its library may panic on damaged pages, which tern makes an error of and the
//! fuzzer a crash.

#![no_main]

use std::sync::LazyLock;
use tern::mapper::{MapOptions, run};
use tern::service::Terminology;

static TERMINOLOGY: LazyLock<Terminology> = LazyLock::new(tern_fuzz::terminology);

const INPUTS: [&str; 8] = [
    "labs.csv",
    "labs.tsv",
    "labs.csv.gz",
    "labs.csv.zst",
    "labs.ndjson",
    "labs.xlsx",
    "labs.ndjson.zst",
    "labs",
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, content)) = data.split_first() else {
        return;
    };
    let room = tempfile::tempdir().expect("a temporary folder can be made");
    let input = room.path().join(INPUTS[usize::from(choice & 7)]);
    if content.starts_with(b"PAR1") {
        return;
    }
    let output = room.path().join(["out.csv", "out.tsv", "out.ndjson", "out.sssom.tsv"][usize::from(choice >> 3) % 4]);
    std::fs::write(&input, content).expect("files can be written");
    let options = MapOptions {
        target: "http://loinc.org".to_owned(),
        candidates: usize::from(choice >> 5),
        ..MapOptions::default()
    };
    if let Ok(summary) = run(&input, &output, &options, &*TERMINOLOGY, &mut |_| {}) {
        assert!(summary.distinct <= summary.rows);
        assert_eq!(summary.statuses.values().sum::<u64>(), summary.rows);
        assert!(output.exists());
    }
});

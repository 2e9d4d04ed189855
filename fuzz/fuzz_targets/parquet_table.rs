//! Any bytes as a Parquet table give its rows or an error.
//!
//! A panic inside the Parquet library is caught and becomes an error in tern; here it ends the run, and is worth a
//! report to the library. Run with `-fork=1 -ignore_crashes=1` to go on.

#![no_main]

use std::path::Path;
use tern::mapper::{SetOptions, read_mapping_set};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let room = tempfile::tempdir().expect("a temporary folder can be made");
    let input = room.path().join(Path::new("map.parquet"));
    std::fs::write(&input, data).expect("files can be written");
    let _ = read_mapping_set(&input, &SetOptions::default());
});

//! Any bytes in any file of a release are an error with a place, or are loaded; never a panic.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tern_fuzz::load_with("fhir", data));

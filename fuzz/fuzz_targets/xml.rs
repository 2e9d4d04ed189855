//! Any XML is read as a resource or refused with its place; what is read is written and read as the same.
//!
//! Input: a byte for the version, and the text.

#![no_main]

use tern::fhir::{FhirVersion, xml};

libfuzzer_sys::fuzz_target!(|data: (u8, &str)| {
    let (shape, text) = data;
    let version = if shape & 1 == 0 { FhirVersion::R4 } else { FhirVersion::R5 };
    match xml::read(text, version) {
        Ok(resource) => {
            let json = serde_json::to_string(&resource).expect("a tree is always written");
            let kept: serde_json::Value = serde_json::from_str(&json).expect("as deep as JSON is read");
            let written = xml::write(&kept, version, shape & 2 != 0);
            // Control characters, which FHIR forbids, are the only ones that XML cannot carry.
            if !json.contains("\\u00") && !text.contains(['\u{fffe}', '\u{ffff}']) {
                assert_eq!(xml::read(&written, version).expect("what is written is read"), kept, "{written}");
            }
        }
        Err(error) => assert!(error.line > 0 && error.column > 0 && !error.message.is_empty()),
    }
});

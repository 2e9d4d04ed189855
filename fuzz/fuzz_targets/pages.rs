//! Any JSON is written as XML that is well-formed and as a page in which nothing of it is a tag.

#![no_main]

use tern::fhir::html::{self, Place};
use tern::fhir::{FhirVersion, xml};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(resource) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    for version in [FhirVersion::R4, FhirVersion::R5] {
        // An element that is none of FHIR is written, but not read.
        if let Ok(read) = xml::read(&xml::write(&resource, version, false), version) {
            assert!(read.is_object());
        }
    }
    let place = Place {
        base: "/fhir/r5",
        address: Some("/fhir/r5/ValueSet/$expand?count=10"),
    };
    let page = html::page(&resource, FhirVersion::R5, &place);
    assert!(!page.contains("<script") && !page.contains("href=\"javascript:"));
});

//! Any text is a search; a page is the same whatever its size, and a concept occurs once.

#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;
use tern_index::build::ArtefactInfo;
use tern_index::read::{CodeSystemIndex, SearchOptions};

static INDEX: LazyLock<CodeSystemIndex> = LazyLock::new(|| {
    let sample = tern_fuzz::sample(true);
    let found = sample.iter().find_map(|artefact| match &artefact.info {
        ArtefactInfo::CodeSystem(header) => CodeSystemIndex::open((**header).clone(), &artefact.files).ok(),
        _ => None,
    });
    found.expect("the fixtures have a code system")
});

libfuzzer_sys::fuzz_target!(|query: &str| {
    for inactive in [false, true] {
        let search = |limit| INDEX.search(query, &SearchOptions { inactive, limit, ..SearchOptions::default() });
        let all = search(0);
        let concepts: BTreeSet<u32> = all.iter().map(|hit| hit.concept.0).collect();
        assert_eq!(concepts.len(), all.len(), "a concept occurs twice");
        assert_eq!(search(2)[..], all[..all.len().min(2)], "the order depends on the size of the page");
        for hit in &all {
            assert!(inactive || INDEX.is_active(hit.concept));
        }
        let _ = INDEX.matching(query, &SearchOptions { inactive, ..SearchOptions::default() });
    }
});

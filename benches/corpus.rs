//! The corpus that all benches share: a code system and a concept map of invented words, made from a seed.
//!
//! Shaped like SNOMED CT: two terms a concept, one to three parents, a coded property; a map row for every fifth
//! concept. Made once for a size and kept in the target directory, since building half a million concepts takes
//! longer than measuring them. It measures nothing.

#[path = "../xtask/src/synthesize/words.rs"]
mod words;

use std::path::PathBuf;
use tern_index::build::FaultPolicy;
use tern_index::model::{CodeSystemHeader, ConceptMapHeader, DesignationKind, Relationship};
use tern_index::record::{
    At, ConceptRecord, DesignationRecord, MappingRecord, PropertyRecord, Record, RecordSink, Stopped, ValueRecord,
};
use tern_index::store::{Load, Store};
use words::{Random, Words};

/// The seed of everything.
pub const SEED: u64 = 20260101;
/// Sizes at which to measure: what does not depend on the vocabulary's size shows by being the same.
pub const SIZES: [u32; 2] = [10_000, 500_000];
/// Canonical of the code system.
pub const SYSTEM: &str = "http://example.org/bench";
/// Canonical of the concept map.
pub const MAP: &str = "http://example.org/bench-map";
/// Where the map leads.
pub const TARGET: &str = "http://example.org/bench-target";

/// The code of a concept.
pub fn code(number: u32) -> String {
    format!("{}", 100_000 + number * 7)
}

/// The store of a size, built if it is not there.
pub fn store(size: u32) -> Store {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{SEED}-{size}"));
    let complete = |store: &Store| store.artefacts().len() == 2;
    if let Some(store) = Store::open(&directory).ok().filter(complete) {
        return store;
    }
    // Left by a bench of another format.
    let _ = std::fs::remove_dir_all(&directory);
    let mut load = Load::begin(&directory).unwrap();
    load.release("Bench", "bench", FaultPolicy::default(), |_| {}, |sink| emit(size, sink))
        .unwrap();
    load.commit().unwrap();
    Store::open(&directory).unwrap()
}

/// Words that occur in the corpus: a frequent one and a rarer one.
pub fn query_words() -> (String, String) {
    let mut random = Random::new(SEED);
    let words = Words::new(20_000, &mut random);
    let mut phrase = || words.phrase(1, 1, &mut random).to_lowercase();
    (phrase(), phrase())
}

fn emit(size: u32, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let at = At::default();
    let mut random = Random::new(SEED);
    let words = Words::new(20_000, &mut random);
    sink.accept(
        at,
        Record::CodeSystem(&CodeSystemHeader::new(SYSTEM, Some("1".into()), "bench")),
    )?;
    let map = ConceptMapHeader {
        url: MAP.into(),
        ..ConceptMapHeader::default()
    };
    sink.accept(at, Record::ConceptMap(&map))?;
    for number in 0..size {
        let own = code(number);
        let concept = ConceptRecord {
            code: &own,
            active: !random.one_in(14),
            ..ConceptRecord::default()
        };
        sink.accept(at, Record::Concept(concept))?;
        for kind in [DesignationKind::Display, DesignationKind::Synonym] {
            let term = words.phrase(2, 6, &mut random);
            let designation = DesignationRecord {
                code: &own,
                id: None,
                language: Some("en"),
                use_: None,
                value: &term,
                active: true,
                kind,
                acceptability: &[],
                provenance: None,
                made: false,
                extensions: None,
            };
            sink.accept(at, Record::Designation(designation))?;
        }
        links(number, &own, &mut random, sink)?;
    }
    Ok(())
}

/// Parents, the property and the map row of a concept.
fn links(number: u32, own: &str, random: &mut Random, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let at = At::default();
    for parent in 0..if number == 0 { 0 } else { 1 + random.below(3) } {
        let above = if parent == 0 {
            random.below(number)
        } else {
            random.skewed(number)
        };
        let parent = code(above);
        sink.accept(
            at,
            Record::Parent {
                child: own,
                parent: &parent,
            },
        )?;
    }
    let kind = format!("kind-{}", random.skewed(50));
    sink.accept(
        at,
        Record::Property(PropertyRecord::new(own, "kind", 0, ValueRecord::String(&kind))),
    )?;
    if number.is_multiple_of(5) {
        let target = format!("T{number}");
        sink.accept(
            at,
            Record::Mapping(MappingRecord::new(
                (SYSTEM, own),
                (TARGET, Some(&target)),
                Relationship::Equivalent,
            )),
        )?;
    }
    Ok(())
}

//! What unit tests of several rooms share: numbers by chance, and small vocabularies in memory.
//!
//! Worlds and ontologies are the business of the rooms that test with them; integration tests have `tests/support.rs`.

use crate::mapper::Vocabularies;
use crate::service::Resource;
use std::sync::Arc;
use tern_index::build::{CodeSystemBuilder, ConceptMapBuilder};
use tern_index::model::{CodeSystemHeader, ConceptMapHeader, DesignationKind};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::record::{At, ConceptRecord, DesignationRecord, MappingRecord};

/// Numbers from a seed, the same on every machine.
pub(crate) struct Dice(pub u64);

impl Dice {
    /// A number below another; 0 below 0.
    pub fn roll(&mut self, below: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below.max(1)
    }

    /// Whether something comes to pass that does so once in so many times.
    pub fn one_in(&mut self, chances: usize) -> bool {
        self.roll(chances) == 0
    }

    /// One of a list that is not empty.
    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.roll(from.len())]
    }
}

/// A code system as a client sends it, of concepts written as JSON.
pub(crate) fn code_system(url: &str, concepts: &[String]) -> Arc<CodeSystemIndex> {
    let concepts = concepts.join(",");
    let text = format!(r#"{{"resourceType":"CodeSystem","url":"{url}","content":"fragment","concept":[{concepts}]}}"#);
    match Resource::parse(&text) {
        Ok(Resource::CodeSystem(index)) => index,
        other => panic!("{other:?}"),
    }
}

const LOINC: &str = "http://loinc.org";

/// A code system and concept maps, as a mapper asks for them.
pub(crate) struct Vocabulary {
    pub system: Arc<CodeSystemIndex>,
    pub maps: Vec<Arc<ConceptMapIndex>>,
}

impl Vocabularies for Vocabulary {
    fn canonical_url(&self, name: &str) -> String {
        if name == "loinc" { LOINC } else { name }.to_owned()
    }

    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        (url == self.system.header().url).then(|| Arc::clone(&self.system))
    }

    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        self.maps.clone()
    }
}

/// A vocabulary in the manner of LOINC, of (code, six axes, long common name, in use), with one map.
pub(crate) fn laboratory(
    version: Option<&str>,
    terms: &[(&str, &str, &str, bool)],
    mappings: &[MappingRecord<'_>],
) -> Vocabulary {
    let header = CodeSystemHeader::new(LOINC, version.map(str::to_owned), "loinc");
    let mut builder = CodeSystemBuilder::new(header, false);
    for (code, six, long, active) in terms {
        let concept = ConceptRecord {
            code,
            active: *active,
            ..ConceptRecord::default()
        };
        builder.concept(At::default(), concept, &mut |_, _| Ok(())).unwrap();
        for (value, kind) in [(long, DesignationKind::Display), (six, DesignationKind::FullySpecifiedName)] {
            if !value.is_empty() {
                builder.designation(At::default(), DesignationRecord::new(code, value, kind));
            }
        }
    }
    let (header, files, _) = builder.finish(&mut |_, _| Ok(())).unwrap();
    let system = Arc::new(CodeSystemIndex::open(header, &files).unwrap());
    let mut map = ConceptMapBuilder::new(ConceptMapHeader {
        url: "urn:map".into(),
        loader: "map".into(),
        ..ConceptMapHeader::default()
    });
    mappings.iter().for_each(|mapping| map.mapping(mapping));
    let (header, files, _) = map.finish().unwrap();
    Vocabulary {
        system,
        maps: vec![Arc::new(ConceptMapIndex::open(header, &files).unwrap())],
    }
}

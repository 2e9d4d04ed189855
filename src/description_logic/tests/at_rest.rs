//! Axioms at rest: the same answers as those that are read in memory, and no panic whatever lies there.

use super::super::derive;
use super::random::Random;
use super::{description, world};
use crate::description_logic::{Exhausted, Model, Ontology};
use crate::testing::Dice;
use proptest::prelude::*;
use tern_index::build::{File, Files};
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;

/// Everything that can be asked of two descriptions, the second as a question to the first.
fn answers(index: &CodeSystemIndex, ontology: &Ontology, asked: &[super::Description; 2]) -> Result<String, Exhausted> {
    let [own, other] = asked.clone().map(|description| ontology.grouped(description));
    let mut model = Model::of(index, ontology, &own)?;
    let form = model.normal_form(index, ontology)?;
    let is = model.is(index, ontology, &other)?;
    let subsumers: Vec<u32> = model.subsumers(index).iter().collect();
    Ok(format!("{form:?} {is} {subsumers:?}"))
}

fn pair(random: &Random, index: &CodeSystemIndex, dice: &mut Dice) -> [super::Description; 2] {
    [(); 2].map(|()| description(index, &random.expression(dice, 2)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn at_rest_is_as_in_memory(seed in any::<u64>(), axioms in any::<bool>()) {
        let mut dice = Dice(seed | 1);
        let random = Random::new(&mut dice, axioms);
        if let Some((plain, kept)) = world::indexes(&random, axioms) {
            prop_assert!(plain.axioms().is_none());
            let (in_memory, at_rest) = (Ontology::of(&plain), Ontology::of(&kept));
            prop_assert_eq!((in_memory.len(), in_memory.axioms()), (at_rest.len(), at_rest.axioms()));
            for _ in 0..3 {
                let asked = pair(&random, &kept, &mut dice);
                prop_assert_eq!(answers(&plain, &in_memory, &asked), answers(&kept, &at_rest, &asked));
            }
        }
    }

    /// As if no checksum had seen it: refused, or answered in finite time.
    #[test]
    fn damaged_axioms_are_survived(seed in any::<u64>(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut dice = Dice(seed | 1);
        let random = Random::new(&mut dice, true);
        let Some((header, mut files)) = world::files(&random, true) else { return Ok(()) };
        let plain = CodeSystemIndex::open(header.clone(), &files).unwrap();
        let mut kept = derive(&plain).unwrap();
        for (place, byte) in damage {
            let bytes = &mut kept.0[0].bytes;
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        files.0.extend(kept.0);
        if let Ok(index) = CodeSystemIndex::open(header, &files) {
            let ontology = Ontology::of(&index);
            for _ in 0..3 {
                let asked = pair(&random, &index, &mut dice);
                let _ = answers(&index, &ontology, &asked);
            }
        }
    }
}

/// Each byte of a small file, one after the other.
#[test]
fn every_flipped_byte_is_survived() {
    let found = (1..).find_map(|seed| {
        let mut dice = Dice(seed * 2 + 1);
        let random = Random::new(&mut dice, true);
        let files = world::files(&random, true)?;
        Some((random, files, dice))
    });
    let (random, (header, files), mut dice) = found.unwrap();
    let plain = CodeSystemIndex::open(header.clone(), &files).unwrap();
    let sound = derive(&plain).unwrap();
    let asked = pair(&random, &plain, &mut dice);
    let mut answered = 0;
    for place in 0..sound.0[0].bytes.len() {
        let mut bytes = sound.0[0].bytes.clone();
        bytes[place] ^= 0x81;
        let damaged = File {
            name: sound.0[0].name,
            bytes,
            checksum: sound.0[0].checksum,
        };
        let all = files.0.iter().map(|file| File {
            name: file.name,
            bytes: file.bytes.clone(),
            checksum: file.checksum,
        });
        let all = Files(all.chain([damaged]).collect());
        if let Ok(index) = CodeSystemIndex::open(header.clone(), &all) {
            let ontology = Ontology::of(&index);
            let _ = answers(&index, &ontology, &asked);
            answered += 1;
        }
    }
    assert!(answered > 100, "{answered}");
}

#[test]
fn an_index_without_definitions_keeps_nothing() {
    let mut dice = Dice(1);
    let mut random = Random::new(&mut dice, false);
    random.axioms.clear();
    let (header, files) = world::files(&random, true).unwrap();
    let index = CodeSystemIndex::open(header, &files).unwrap();
    assert!(derive(&index).unwrap().0.is_empty());
    let ontology = Ontology::of(&index);
    assert!(ontology.is_empty());
    assert_eq!(ontology.attributes(&index, Ordinal(0)), []);
}

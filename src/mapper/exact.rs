//! Terms as they stand: from a name, but for case, accents and runs of blanks, to the concepts that have it.
//!
//! Hashes are kept instead of texts, and every hit is compared with the text it stands for.

use rayon::prelude::*;
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::CodeSystemIndex;
use tern_index::text::fold;

/// Names of a code system by hash.
#[derive(Debug, Default)]
pub(super) struct ExactNames {
    /// Hash, concept, designation; sorted.
    entries: Vec<(u64, u32, u32)>,
}

fn plain(text: &str) -> String {
    let folded = fold(text);
    let mut plain = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain
}

/// FNV-1a: the same in every run.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl ExactNames {
    /// Reads displays, synonyms and fully specified names of concepts in use.
    pub fn build(system: &CodeSystemIndex) -> Self {
        let mut entries: Vec<(u64, u32, u32)> = (0..system.designation_count())
            .into_par_iter()
            .filter(|number| {
                let kind = system.designation_kind(*number);
                !matches!(kind, DesignationKind::Definition | DesignationKind::Related) && system.designation_is_active(*number)
            })
            .filter_map(|number| {
                let concept = system.designation_concept(number);
                system
                    .is_active(concept)
                    .then(|| (hash(&plain(&system.designation_text(number))), concept.0, number))
            })
            .collect();
        entries.par_sort_unstable();
        Self { entries }
    }

    /// Concepts with this name, each once, in their order.
    pub fn find(&self, system: &CodeSystemIndex, name: &str) -> Vec<Ordinal> {
        let wanted = plain(name);
        if wanted.is_empty() {
            return Vec::new();
        }
        let key = hash(&wanted);
        let start = self.entries.partition_point(|(other, ..)| *other < key);
        let same = self.entries.iter().skip(start).take_while(|(other, ..)| *other == key);
        let mut found: Vec<Ordinal> = same
            .filter(|(.., number)| plain(&system.designation_text(*number)) == wanted)
            .map(|(_, concept, _)| Ordinal(*concept))
            .collect();
        found.dedup();
        found
    }
}

/// The designation of a concept that is this name.
pub(super) fn designation(system: &CodeSystemIndex, name: &str, concept: Ordinal) -> Option<u32> {
    let wanted = plain(name);
    system
        .designation_numbers(concept)
        .find(|number| plain(&system.designation_text(*number)) == wanted)
}

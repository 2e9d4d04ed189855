//! A set that is filled in any order: concept by concept while it is small, bit by bit where it may become large.

use tern_index::read::{ConceptBits, ConceptSet};

/// Sets of so many concepts are gathered concept by concept; larger ones bit by bit.
pub(super) const FEW: u64 = 512;

/// Concepts gathered in any order.
pub(super) enum Gathered {
    Few(ConceptSet),
    Many(ConceptBits),
}

impl Gathered {
    /// For at most `most` concepts of `concepts`.
    pub fn new(most: u64, concepts: usize) -> Self {
        if most <= FEW {
            Self::Few(ConceptSet::new())
        } else {
            Self::Many(ConceptBits::new(concepts))
        }
    }

    pub fn insert(&mut self, concept: u32) {
        match self {
            Self::Few(set) => {
                set.insert(concept);
            }
            Self::Many(bits) => bits.insert(concept),
        }
    }

    pub fn insert_all(&mut self, concepts: &[u32]) {
        match self {
            Self::Few(set) => set.extend(concepts.iter().copied()),
            Self::Many(bits) => bits.insert_all(concepts),
        }
    }

    pub fn into_set(self) -> ConceptSet {
        match self {
            Self::Few(set) => set,
            Self::Many(bits) => bits.into_set(),
        }
    }
}

//! How often each concept was met, as far as it matters: whether between so many times and so many.
//!
//! One set of bits for "at least once", one for "at least twice" and so on, up to the highest bound that is asked for: a
//! concept that is met again moves one set up. That needs no order and no branch. A few concepts are counted one by one,
//! and bounds above [`PLANES`] with a number for each concept.

use super::gathered::FEW;
use crate::ecl::ast::Cardinality;
use tern_index::read::{ConceptBits, ConceptSet};

/// Sets of bits that are kept at most.
const PLANES: u64 = 6;

/// Concepts met, and how often.
pub(super) struct Tally {
    cardinality: Cardinality,
    met: Met,
}

enum Met {
    /// Each as often as it was met.
    Few(Vec<u32>),
    /// Those met at least once, at least twice...
    Planes(Vec<ConceptBits>),
    /// By concept.
    Numbers(Vec<u32>),
}

impl Tally {
    /// For numbers of times that a cardinality tells apart: at most `most` different ones of `concepts`.
    pub fn new(cardinality: Cardinality, most: u64, concepts: usize) -> Self {
        let above = cardinality.maximum.map_or(0, |maximum| maximum.saturating_add(1));
        let needed = cardinality.minimum.max(above).max(1);
        let met = match needed {
            _ if most <= FEW => Met::Few(Vec::new()),
            ..=PLANES => Met::Planes((0..needed).map(|_| ConceptBits::new(concepts)).collect()),
            _ => Met::Numbers(vec![0; concepts]),
        };
        Self { cardinality, met }
    }

    /// Meets a concept once more.
    pub fn add(&mut self, concept: u32) {
        match &mut self.met {
            Met::Few(list) => list.push(concept),
            Met::Planes(planes) => {
                let mut again = true;
                for plane in planes {
                    again = plane.insert_if(concept, again);
                }
            }
            Met::Numbers(numbers) => {
                if let Some(number) = numbers.get_mut(concept as usize) {
                    *number = number.saturating_add(1);
                }
            }
        }
    }

    /// The concepts that were met at all, and those of them that were met as often as is asked.
    pub fn finish(self) -> (ConceptSet, ConceptSet) {
        let Cardinality { minimum, maximum } = self.cardinality;
        match self.met {
            Met::Few(mut list) => {
                list.sort_unstable();
                let wanted = |own: &&[u32]| self.cardinality.admits(own.len() as u64);
                let admitted = list.chunk_by(|a, b| a == b).filter(wanted);
                let admitted = admitted.filter_map(|own| own.first().copied()).collect();
                (list.into_iter().collect(), admitted)
            }
            Met::Planes(planes) => {
                let planes: Vec<ConceptSet> = planes.into_iter().map(ConceptBits::into_set).collect();
                let at_least = |times: u64| planes.get(usize::try_from(times.checked_sub(1)?).ok()?);
                let having = at_least(1).cloned().unwrap_or_default();
                let enough = at_least(minimum.max(1)).cloned().unwrap_or_default();
                match maximum.and_then(|maximum| at_least(maximum.saturating_add(1))) {
                    Some(too_often) => (having, enough - too_often),
                    None => (having, enough),
                }
            }
            Met::Numbers(numbers) => {
                let mut having = ConceptBits::new(numbers.len());
                let mut admitted = ConceptBits::new(numbers.len());
                for (concept, number) in (0u32..).zip(numbers).filter(|(_, number)| *number > 0) {
                    having.insert(concept);
                    admitted.insert_if(concept, self.cardinality.admits(number.into()));
                }
                (having.into_set(), admitted.into_set())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_counts(met in prop::collection::vec(0u32..9, 0..60), minimum in 0u64..9, more in prop::option::of(0u64..9)) {
            let cardinality = Cardinality { minimum, maximum: more.map(|more| minimum + more) };
            let mut numbers = BTreeMap::new();
            for concept in &met {
                *numbers.entry(*concept).or_insert(0u64) += 1;
            }
            let wanted = numbers.iter().filter(|(_, number)| cardinality.admits(**number));
            let wanted: ConceptSet = wanted.map(|(concept, _)| *concept).collect();
            for most in [1, FEW + 1] {
                let mut tally = Tally::new(cardinality, most, 70);
                met.iter().for_each(|concept| tally.add(*concept));
                let (having, admitted) = tally.finish();
                prop_assert_eq!(having, numbers.keys().copied().collect::<ConceptSet>());
                prop_assert_eq!(&admitted, &wanted);
            }
        }
    }
}

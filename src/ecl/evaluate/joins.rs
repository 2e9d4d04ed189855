//! Groups in which several attributes have values that pass, by reading the rows of these attributes side by side.
//!
//! This is the commonest shape of a group: conditions joined by AND, each on one attribute that must be there. Rows of an
//! attribute ascend by concept and slot, so that one walk over the rarest attribute finds the rows of the others next to
//! where it stands, and no list of groups is made.

use super::conditions::{Condition, Names, Passing};
use super::refinement::Node;
use super::tally::Tally;
use super::{Evaluator, Found};
use crate::ecl::ast::Cardinality;
use tern_index::read::{ConceptBits, ConceptSet, PropertyRows};

/// The number of a group: its concept, then its slot.
pub(super) fn key(concept: u32, slot: u32) -> u64 {
    u64::from(concept) << 32 | u64::from(slot)
}

/// The rows of an attribute, and which of them pass; those before `next` lie before all groups that are still asked for.
struct Track<'r> {
    rows: PropertyRows<'r>,
    passing: Passing<'r>,
    next: usize,
}

impl Track<'_> {
    fn at(&self, place: usize) -> Option<(u64, u32)> {
        let (concept, slot) = (self.rows.concepts.get(place)?, self.rows.slots.get(place)?);
        Some((key(*concept, *slot), *self.rows.values.get(place)?))
    }

    /// Whether a row of a group passes; groups are asked for in ascending order.
    fn has(&mut self, group: u64) -> bool {
        while self.at(self.next).is_some_and(|(own, _)| own < group) {
            self.next += 1;
        }
        let mut place = self.next;
        while let Some((own, value)) = self.at(place) {
            if own != group {
                return false;
            }
            if self.passing.accepts(value) {
                return true;
            }
            place += 1;
        }
        false
    }
}

/// The one attribute of a condition that asks for it to be there, at least once.
fn attribute(node: &Node) -> Option<(&Condition, u32)> {
    let Node::One(condition) = node else { return None };
    let Names { properties, is_a: false } = &condition.names else {
        return None;
    };
    match properties.as_slice() {
        [only] if !condition.reverse && condition.cardinality == Cardinality::DEFAULT => Some((condition, *only)),
        _ => None,
    }
}

impl Evaluator<'_> {
    /// The concepts of `focus` of which as many groups as are asked satisfy all conditions of a node, with those of which
    /// any does; `None` where the node has another shape, or where other ways read less.
    pub(super) fn joined(
        &mut self,
        cardinality: Cardinality,
        node: &Node,
        focus: &ConceptSet,
    ) -> Found<Option<(ConceptSet, ConceptSet)>> {
        let parts = match node {
            Node::And(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let (Some(first), Some(last)) = (focus.min(), focus.max()) else {
            return Ok(None);
        };
        let mut tracks = Vec::with_capacity(parts.len());
        for part in self.rarest_first(parts.iter())? {
            let Some((condition, property)) = attribute(part) else {
                return Ok(None);
            };
            let rows = self.index.property_rows(property).between(first, last);
            let few = self.estimate_one(condition).min(focus.len()).saturating_mul(self.costs.rows);
            if few < rows.len() as u64 {
                return Ok(None);
            }
            let passing = condition.passing(self.index);
            tracks.push(Track { rows, passing, next: 0 });
        }
        let Some((leading, others)) = tracks.split_first_mut() else {
            return Ok(None);
        };
        let total = leading.rows.len() + others.iter().map(|track| track.rows.len()).sum::<usize>();
        self.budget.spend(total as u64)?;
        let within = ConceptBits::of(focus, self.index.len());
        let mut tally = Tally::new(cardinality, focus.len(), self.index.len());
        let mut before = None;
        leading.passing.pick(leading.rows, &within, &mut |concept, slot| {
            let group = key(concept, slot);
            if before != Some(group) && others.iter_mut().all(|other| other.has(group)) {
                before = Some(group);
                tally.add(concept);
            }
        });
        Ok(Some(tally.finish()))
    }
}

//! Groups in which several attributes have values that pass, by reading the rows of these attributes side by side.
//!
//! This is the commonest shape of a group: conditions joined by AND, each on one attribute that must be there. Rows of an
//! attribute ascend by concept and slot, so that one walk over the rarest attribute finds the rows of the others next to
//! where it stands, and no list of groups is made. Threads share the concepts.

use super::conditions::{Condition, Names, Passing};
use super::refinement::Node;
use super::tally::Tally;
use super::{Evaluator, Found};
use crate::ecl::ast::Cardinality;
use rayon::prelude::*;
use tern_index::read::{ConceptBits, ConceptSet, PropertyRows};

/// Rows that cost a thread what one concept does elsewhere.
const ROWS: usize = 16;

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
    /// The same over concepts from `first` to `last`.
    fn between(&self, first: u32, last: u32) -> Self {
        Self {
            rows: self.rows.between(first, last),
            next: 0,
            ..*self
        }
    }

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
        let total: usize = tracks.iter().map(|track| track.rows.len()).sum();
        self.budget.spend(total as u64)?;
        let within = ConceptBits::of(focus, self.index.len());
        let tally = || Tally::new(cardinality, focus.len(), self.index.len());
        let threads = (total / self.costs.chunk.saturating_mul(ROWS).max(1)).clamp(1, rayon::current_num_threads().max(1));
        let shares = shares(&tracks, threads, last);
        let found = shares.into_par_iter().map(|(first, last)| {
            let mut own: Vec<Track<'_>> = tracks.iter().map(|track| track.between(first, last)).collect();
            let mut tally = tally();
            walk(&mut own, &within, |concept| tally.add(concept));
            tally.finish()
        });
        // No concept is in two shares.
        let joined = found.reduce(Default::default, |a, b| (a.0 | b.0, a.1 | b.1));
        Ok(Some(joined))
    }
}

/// Concepts from one to another for each thread, with about the same number of rows.
fn shares(tracks: &[Track<'_>], threads: usize, last: u32) -> Vec<(u32, u32)> {
    let concepts = tracks.first().map_or(&[][..], |leading| leading.rows.concepts);
    let starts: Vec<u32> = (0..threads)
        .filter_map(|share| concepts.get(concepts.len() * share / threads).copied())
        .collect();
    let ends = starts.iter().skip(1).map(|start| start.saturating_sub(1)).chain([last]);
    starts.iter().copied().zip(ends).collect()
}

/// Gives the concept of each group in which rows of all attributes pass.
fn walk(tracks: &mut [Track<'_>], within: &ConceptBits, mut each: impl FnMut(u32)) {
    let Some((leading, others)) = tracks.split_first_mut() else {
        return;
    };
    let mut before = None;
    leading.passing.pick(leading.rows, within, &mut |concept, slot| {
        let group = key(concept, slot);
        if before != Some(group) && others.iter_mut().all(|other| other.has(group)) {
            before = Some(group);
            each(concept);
        }
    });
}

//! Groups as bits: the groups of a concept in which a condition holds are one number, AND is `&`, OR is `|`, and how
//! many groups satisfy all of it is a count of bits.
//!
//! The rows of every attribute of the braces pass once over the numbers of some concepts (see `blocks`), without a list
//! of groups. A concept with a group that no bit stands for (the 24th and later) is left to the lists of `groups`, and
//! so are braces with reversed attributes, which belong to no group, and with counts above some.

use super::blocks::{BLOCK, Track, WORD, in_blocks, word};
use super::conditions::{Condition, Names, PARENTS, Passing};
use super::refinement::Node;
use super::{Evaluator, Found};
use crate::ecl::ast::Cardinality;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet, PropertyRows};

/// Bits for groups with a number.
const NUMBERED: u32 = 24;
/// Bits for relationships that are a group of their own, by their place among the entries of the concept.
const ALONE: u32 = 24;
/// Bounds of counts that are told apart by bits.
const PLANES: u64 = 4;
/// Attributes in one formula at most, each as often as it is asked about: every thread has its own places in their rows.
const TRACKS: usize = 1 << 12;

/// For each concept of a block the groups that satisfy something, or with `out` those that do not.
type Room = [u64; BLOCK];

/// The bit of a slot, where it has one; parents have those that are left.
#[inline]
fn bit(slot: u32) -> Option<u32> {
    // Most rows are in a group that has a number.
    if slot < NUMBERED {
        return Some(slot);
    }
    let (place, first, end) = match slot {
        PARENTS.. => (slot - PARENTS, NUMBERED + ALONE, u64::BITS),
        PropertyRows::ALONE.. => (slot - PropertyRows::ALONE, NUMBERED, NUMBERED + ALONE),
        _ => return None,
    };
    Some(first.saturating_add(place)).filter(|bit| *bit < end)
}

/// Relationships that satisfy something, as often as is asked.
#[derive(Clone)]
struct Asked<'r> {
    tracks: Vec<Track<'r>>,
    /// Where parents are meant too, and which.
    parents: Option<(&'r CodeSystemIndex, Passing<'r>)>,
    cardinality: Cardinality,
}

/// What stands in braces, with the rows that it is about.
#[derive(Clone)]
enum Formula<'r> {
    All(Vec<Formula<'r>>),
    Any(Vec<Formula<'r>>),
    Rows(Asked<'r>),
}

impl<'r> Formula<'r> {
    /// Rows to read in all.
    fn rows(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::rows).sum(),
            Self::Rows(asked) => asked.tracks.iter().map(Track::len).sum(),
        }
    }

    /// Rooms that it needs.
    fn rooms(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::rooms).max().unwrap_or(0),
            Self::Rows(asked) => planes(asked.cardinality) as usize,
        }
    }

    /// Whether it is known by the groups that do not satisfy it.
    fn is_out(&self) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(Self::is_out),
            Self::Any(parts) => parts.iter().any(Self::is_out),
            Self::Rows(asked) => asked.cardinality.minimum == 0,
        }
    }

    /// Puts the groups of a block into the first room, using the others.
    fn fill(&mut self, first: u32, rooms: &mut [Room], beyond: &mut Vec<u32>) {
        let (parts, any) = match self {
            Self::Rows(asked) => return asked.fill(first, rooms, beyond),
            Self::All(parts) => (parts, false),
            Self::Any(parts) => (parts, true),
        };
        let mut out = None;
        for part in parts {
            let Some(before) = out else {
                part.fill(first, rooms, beyond);
                out = Some(part.is_out());
                continue;
            };
            let Some((own, others)) = rooms.split_first_mut() else {
                return;
            };
            if !any && !before && own.iter().all(|groups| *groups == 0) {
                return;
            }
            part.fill(first, others, beyond);
            let Some(other) = others.first() else { return };
            out = Some(match any {
                false => both(own, before, other, part.is_out()),
                // What one of two has is what not both lack.
                true => !both(own, !before, other, !part.is_out()),
            });
        }
    }
}

/// Planes that a count needs.
fn planes(cardinality: Cardinality) -> u64 {
    let above = cardinality.maximum.map_or(0, |maximum| maximum.saturating_add(1));
    cardinality.minimum.max(above).max(1)
}

impl Asked<'_> {
    /// Puts the groups of a block in which the count is as asked, or with a minimum of none those in which it is not, into
    /// the first room.
    fn fill(&mut self, first: u32, rooms: &mut [Room], beyond: &mut Vec<u32>) {
        let Cardinality { minimum, maximum } = self.cardinality;
        let Some(planes) = rooms.get_mut(..planes(self.cardinality) as usize) else {
            return;
        };
        planes.iter_mut().for_each(|plane| plane.fill(0));
        if minimum == 0 && maximum.is_none() {
            return;
        }
        self.meet(first, planes, beyond);
        if self.cardinality == Cardinality::DEFAULT {
            // The first plane has what was met at all.
            return;
        }
        let at = |times: u64| times.checked_sub(1).and_then(|place| planes.get(place as usize)).copied();
        let (enough, too_many) = (at(minimum), maximum.and_then(|maximum| at(maximum + 1)));
        let Some(own) = planes.first_mut() else { return };
        match (enough, too_many) {
            (None, None) => {}
            (Some(enough), None) => *own = enough,
            (None, Some(too_many)) => *own = too_many,
            (Some(enough), Some(too_many)) => {
                *own = enough;
                both(own, false, &too_many, true);
            }
        }
    }

    fn meet(&mut self, first: u32, planes: &mut [Room], beyond: &mut Vec<u32>) {
        match planes {
            [only] => self.each_row(first, beyond, |place, group| {
                if let Some(own) = only.get_mut(place) {
                    *own |= group;
                }
            }),
            several => self.each_row(first, beyond, |place, group| meet(several, place, group)),
        }
    }

    /// Gives the place in a block and the bit, if it passes, of each row.
    fn each_row(&mut self, first: u32, beyond: &mut Vec<u32>, mut meet: impl FnMut(usize, u64)) {
        let mut each = |place: usize, slot: u32, passes: bool| match bit(slot) {
            Some(bit) => meet(place, u64::from(passes) << bit),
            None if passes => beyond.push(first + place as u32),
            None => {}
        };
        for track in &mut self.tracks {
            track.pass_over(first, &mut each);
        }
        let Some((index, passing)) = self.parents else { return };
        for place in 0..BLOCK {
            let parents = index.parents(Ordinal(first + place as u32));
            (PARENTS..)
                .zip(parents)
                .for_each(|(slot, parent)| each(place, slot, passing.accepts(parent.0)));
        }
    }
}

/// Adds a group that was met: to the first plane, to the second where it is in the first already, and so on.
fn meet(planes: &mut [Room], place: usize, mut groups: u64) {
    for plane in planes {
        if let Some(own) = plane.get_mut(place) {
            let again = *own & groups;
            *own |= groups;
            groups = again;
        }
    }
}

/// Joins two by AND into the first, each with whether it is known by what is out; returns whether the result is.
fn both(own: &mut Room, own_out: bool, other: &Room, other_out: bool) -> bool {
    let pairs = own.iter_mut().zip(other);
    match (own_out, other_out) {
        (false, false) => pairs.for_each(|(own, other)| *own &= other),
        (false, true) => pairs.for_each(|(own, other)| *own &= !other),
        (true, false) => pairs.for_each(|(own, other)| *own = other & !*own),
        (true, true) => pairs.for_each(|(own, other)| *own |= other),
    }
    own_out && other_out
}

impl<'i> Evaluator<'i> {
    /// The concepts of `focus` of which as many groups as are asked satisfy a node, and those that remain to be asked;
    /// `None` where the node has another shape, or where other ways read less.
    pub(super) fn masked(
        &mut self,
        cardinality: Cardinality,
        node: &Node,
        focus: &ConceptSet,
    ) -> Found<Option<(ConceptSet, ConceptSet)>> {
        let mut room = TRACKS;
        let Some(mut formula) = self.formula(node, focus, &mut room)? else {
            return Ok(None);
        };
        if formula.is_out() {
            let every = self.every_group(focus, node.asks_for_parents());
            formula = Formula::All(vec![Formula::Rows(every), formula]);
        }
        let rows = formula.rows();
        let few = self.estimate(node).min(focus.len());
        if few.saturating_mul(self.costs.rows) < rows as u64 {
            return Ok(None);
        }
        self.budget.spend(rows as u64)?;
        let rooms = vec![[0; BLOCK]; formula.rooms()];
        let admits = |groups: &u64| match cardinality {
            Cardinality::DEFAULT => *groups != 0,
            _ => cardinality.admits(groups.count_ones().into()),
        };
        let (found, beyond) = in_blocks(
            (formula, rooms),
            focus,
            rows,
            &self.budget.end,
            |(formula, rooms), first, words| {
                let mut beyond = Vec::new();
                formula.fill(first, rooms, &mut beyond);
                let found = rooms.first().map(|room| room.chunks(WORD)).into_iter().flatten();
                for (bits, groups) in words.iter_mut().zip(found).filter(|(bits, _)| **bits != 0) {
                    *bits &= word(groups, admits);
                }
                beyond
            },
        )?;
        let beyond = beyond & focus;
        Ok(Some((found - &beyond, beyond)))
    }

    /// Every group of the concepts, as in [`Evaluator::all_groups`].
    fn every_group(&self, focus: &ConceptSet, parents: bool) -> Asked<'i> {
        let numbers = (0u32..).zip(self.attributes().by_number().to_vec());
        let names = Names {
            properties: numbers
                .filter_map(|(number, is_attribute)| is_attribute.then_some(number))
                .collect(),
            is_a: parents,
        };
        Asked {
            tracks: self.tracks(&names, Passing::All, focus),
            parents: parents.then_some((self.index, Passing::All)),
            cardinality: Cardinality::DEFAULT,
        }
    }

    /// A node with the rows of the concepts of `focus`, where it has the shape for it and at most `room` attributes.
    fn formula<'n>(&mut self, node: &'n Node, focus: &ConceptSet, room: &mut usize) -> Found<Option<Formula<'n>>>
    where
        'i: 'n,
    {
        let parts = match node {
            Node::And(parts) => self.rarest_first(parts.iter())?,
            Node::Or(parts) => parts.iter().collect(),
            Node::One(condition) => {
                let Condition { names, cardinality, .. } = condition;
                if condition.reverse || planes(*cardinality) > PLANES {
                    return Ok(None);
                }
                let Some(left) = room.checked_sub(names.properties.len()) else {
                    return Ok(None);
                };
                *room = left;
                self.budget.spend(names.properties.len() as u64)?;
                let asked = Asked {
                    tracks: self.tracks(names, condition.passing(self.index), focus),
                    parents: names.is_a.then(|| (self.index, condition.passing(self.index))),
                    cardinality: *cardinality,
                };
                return Ok(Some(Formula::Rows(asked)));
            }
            // The grammar has no groups in groups.
            Node::Group { .. } => return Ok(None),
        };
        let mut formulas = Vec::with_capacity(parts.len());
        for part in parts {
            match self.formula(part, focus, room)? {
                Some(formula) => formulas.push(formula),
                None => return Ok(None),
            }
        }
        Ok(Some(match node {
            Node::Or(_) => Formula::Any(formulas),
            _ => Formula::All(formulas),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};
    use tern_index::read::ConceptBits;

    /// Concept, slot and value of rows of two attributes over several blocks.
    fn rows() -> impl Strategy<Value = [Vec<(u32, u32, u32)>; 2]> {
        let slot = prop_oneof![8 => 1u32..4, 1 => 22u32..26, 2 => (0u32..26).prop_map(|place| PropertyRows::ALONE + place)];
        let concept = prop_oneof![0u32..20, 0u32..4_000];
        let rows = prop::collection::btree_set((concept, slot, 0u32..3), 0..60);
        [rows.clone(), rows].prop_map(|both| both.map(|rows| rows.into_iter().collect()))
    }

    fn cardinality() -> impl Strategy<Value = Cardinality> {
        let default = Just(Cardinality::DEFAULT);
        let other = (0u64..3, prop::option::of(0u64..2));
        prop_oneof![
            default,
            other.prop_map(|(minimum, more)| Cardinality {
                minimum,
                maximum: more.map(|more| minimum + more)
            })
        ]
    }

    proptest! {
        #[test]
        fn bits_tell_what_groups_do(attributes in rows(), counts in [cardinality(), cardinality()], any: bool, order in prop::collection::vec(0usize..4, 1..12)) {
            let columns = attributes.clone().map(|rows| {
                let column = |pick: fn(&(u32, u32, u32)) -> u32| rows.iter().map(pick).collect::<Vec<u32>>();
                (column(|row| row.0), column(|row| row.1), column(|row| row.2))
            });
            let passing: ConceptBits = ConceptBits::of(&ConceptSet::from_iter([0, 2]), 64);
            let parts: Vec<Formula<'_>> = columns.iter().zip(counts).map(|((concepts, slots, values), cardinality)| {
                let rows = PropertyRows { concepts, slots, values };
                let tracks = vec![Track::new(rows, Passing::In(&passing))];
                Formula::Rows(Asked { tracks, parents: None, cardinality })
            }).collect();
            let mut formula = if any { Formula::Any(parts) } else { Formula::All(parts) };
            let mut rooms = vec![[0; BLOCK]; formula.rooms()];
            // By the sentence: each group that has a row, and one that has none.
            let slots: BTreeSet<(u32, u32)> = attributes.iter().flatten().map(|row| (row.0, row.1)).collect();
            let holds = |concept: u32, slot: u32| {
                let holds = |(rows, cardinality): (&Vec<(u32, u32, u32)>, Cardinality)| {
                    let own = rows.iter().filter(|row| (row.0, row.1) == (concept, slot) && row.2 != 1);
                    cardinality.admits(own.count() as u64)
                };
                let mut parts = attributes.iter().zip(counts).map(holds);
                if any { parts.any(|part| part) } else { parts.all(|part| part) }
            };
            let naive: BTreeMap<(u32, u32), bool> = slots.iter().map(|(concept, slot)| ((*concept, *slot), holds(*concept, *slot))).collect();
            for block in order {
                let mut beyond = Vec::new();
                let first = (block * BLOCK) as u32;
                formula.fill(first, &mut rooms, &mut beyond);
                for ((concept, slot), wanted) in naive.iter().filter(|((concept, _), _)| *concept as usize / BLOCK == block) {
                    let own = rooms[0][(concept - first) as usize];
                    match bit(*slot) {
                        _ if beyond.contains(concept) => {}
                        Some(bit) => prop_assert_eq!(own >> bit & 1 != 0, *wanted != formula.is_out(), "concept {} slot {}", concept, slot),
                        None => prop_assert!(*wanted == formula.is_out() , "concept {} slot {} has no bit", concept, slot),
                    }
                }
                prop_assert!(beyond.iter().all(|concept| slots.iter().any(|(own, slot)| own == concept && bit(*slot).is_none())));
            }
        }
    }

    #[test]
    fn every_bit_is_of_one_slot() {
        let slots = (0..PropertyRows::ALONE + 100)
            .chain(PARENTS - 100..PARENTS + 100)
            .chain([u32::MAX]);
        assert_eq!(slots.filter_map(bit).collect::<Vec<_>>(), (0..64).collect::<Vec<_>>());
    }
}

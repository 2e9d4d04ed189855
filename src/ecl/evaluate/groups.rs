//! Groups by joins: each condition in braces gives the groups that satisfy it, as sorted numbers, and AND, OR and counts
//! are merges of such lists.
//!
//! A group is a concept and a slot (see [`PropertyRows`](tern_index::read::PropertyRows)); a relationship in no group is
//! one of its own, and so is a parent where parents are asked for. "No such attribute" is kept as the groups where it is
//! not so, because those are few; all groups of concepts are listed only where nothing else will do.
//!
//! Reversed attributes belong to no group of the concept: inside braces they are asked of the concept as a whole.

use super::conditions::{Condition, PARENTS};
use super::refinement::Node;
use super::{Evaluator, Found};
use crate::ecl::ast::Cardinality;
use std::borrow::Cow;
use std::cmp::Ordering;
use tern_index::model::Ordinal;
use tern_index::read::{ConceptBits, ConceptSet};

/// The number of a group: its concept, then its slot.
fn key(concept: u32, slot: u32) -> u64 {
    u64::from(concept) << 32 | u64::from(slot)
}

fn concept_of(key: u64) -> u32 {
    (key >> 32) as u32
}

/// What reading the groups of a concept costs, in rows.
const ROWS: u64 = 16;
/// What a list must be shorter by than the concepts it is of, to narrow them.
const NARROWER: u64 = 4;

/// Groups of the concepts that are looked at; lists ascend and have each number once.
#[derive(Debug)]
enum Groups {
    Those(Vec<u64>),
    AllBut(Vec<u64>),
}

impl Groups {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Those(a), Self::Those(b)) => Self::Those(merged(&a, &b, |a, b| a && b)),
            (Self::Those(a), Self::AllBut(b)) | (Self::AllBut(b), Self::Those(a)) => Self::Those(merged(&a, &b, |a, b| a && !b)),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(merged(&a, &b, |a, b| a || b)),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Those(a), Self::Those(b)) => Self::Those(merged(&a, &b, |a, b| a || b)),
            (Self::Those(a), Self::AllBut(b)) | (Self::AllBut(b), Self::Those(a)) => Self::AllBut(merged(&b, &a, |b, a| b && !a)),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(merged(&a, &b, |a, b| a && b)),
        }
    }

    fn len(&self) -> u64 {
        let (Self::Those(keys) | Self::AllBut(keys)) = self;
        keys.len() as u64
    }
}

/// The numbers of two ascending lists that are wanted, by whether they are in the first and in the second.
fn merged(a: &[u64], b: &[u64], wanted: impl Fn(bool, bool) -> bool) -> Vec<u64> {
    let (only_a, only_b, both) = (wanted(true, false), wanted(false, true), wanted(true, true));
    let mut found = Vec::with_capacity(match (only_a, only_b) {
        (true, true) => a.len() + b.len(),
        (true, false) => a.len(),
        (false, true) => b.len(),
        (false, false) => a.len().min(b.len()),
    });
    let (mut x, mut y) = (0, 0);
    while let (Some(own), Some(other)) = (a.get(x), b.get(y)) {
        let (wanted, next) = match own.cmp(other) {
            Ordering::Less => (only_a, own),
            Ordering::Greater => (only_b, other),
            Ordering::Equal => (both, own),
        };
        if wanted {
            found.push(*next);
        }
        x += usize::from(own <= other);
        y += usize::from(other <= own);
    }
    if only_a {
        found.extend_from_slice(a.get(x..).unwrap_or_default());
    }
    if only_b {
        found.extend_from_slice(b.get(y..).unwrap_or_default());
    }
    found
}

impl Evaluator<'_> {
    /// The concepts of `focus` of which as many groups as are asked satisfy a node.
    pub(super) fn group(&mut self, cardinality: Cardinality, set: &Node, focus: ConceptSet) -> Found<ConceptSet> {
        if cardinality.minimum == 0 && cardinality.maximum.is_none() {
            return Ok(focus);
        }
        match self.masked(cardinality, set, &focus)? {
            Some((found, beyond)) if beyond.is_empty() => Ok(found),
            Some((found, beyond)) => Ok(found | self.listed(cardinality, set, beyond)?),
            None => self.listed(cardinality, set, focus),
        }
    }

    /// The same by lists of groups, which can tell all of any group.
    fn listed(&mut self, cardinality: Cardinality, set: &Node, focus: ConceptSet) -> Found<ConceptSet> {
        let parents = set.asks_for_parents();
        let keys = match self.groups(set, &focus, parents)? {
            Groups::Those(keys) => keys,
            Groups::AllBut(keys) => merged(&self.all_groups(&focus, parents)?, &keys, |own, but| own && !but),
        };
        self.budget.spend(keys.len() as u64)?;
        if cardinality == Cardinality::DEFAULT {
            let mut admitted = ConceptBits::new(self.index.len());
            keys.iter().for_each(|key| admitted.insert(concept_of(*key)));
            return Ok(admitted.into_set());
        }
        let (mut having, mut admitted) = (ConceptBits::new(self.index.len()), ConceptBits::new(self.index.len()));
        for own in keys.chunk_by(|a, b| concept_of(*a) == concept_of(*b)) {
            let Some(first) = own.first() else { continue };
            having.insert(concept_of(*first));
            if cardinality.admits(own.len() as u64) {
                admitted.insert(concept_of(*first));
            }
        }
        let admitted = admitted.into_set();
        if cardinality.minimum > 0 {
            return Ok(admitted);
        }
        Ok((focus - having.into_set()) | admitted)
    }

    /// The groups of concepts of `focus` that satisfy a node.
    fn groups(&mut self, node: &Node, focus: &ConceptSet, parents: bool) -> Found<Groups> {
        match node {
            Node::And(parts) => self.groups_of_all(parts, focus, parents),
            Node::Or(parts) => {
                let mut found = Groups::Those(Vec::new());
                for part in parts {
                    let own = self.groups(part, focus, parents)?;
                    self.budget.spend(found.len() + own.len())?;
                    found = found.or(own);
                }
                Ok(found)
            }
            Node::One(condition) if condition.reverse => {
                let (holding, _) = self.one(condition, focus.clone())?;
                Ok(Groups::Those(self.all_groups(&holding, parents)?))
            }
            Node::One(condition) => {
                let begun = self.plan.begin(|| condition.shown.clone());
                let (found, way) = self.groups_of_one(condition, focus)?;
                self.plan.note(&begun, way);
                let what = match &found {
                    Groups::Those(_) => "groups",
                    Groups::AllBut(_) => "groups left out",
                };
                self.plan.note(&begun, what);
                self.plan.end(&begun, found.len());
                Ok(found)
            }
            // The grammar has no groups in groups.
            Node::Group { .. } => Ok(Groups::Those(Vec::new())),
        }
    }

    fn groups_of_all(&mut self, parts: &[Node], focus: &ConceptSet, parents: bool) -> Found<Groups> {
        let is_reversed = |part: &&Node| matches!(part, Node::One(condition) if condition.reverse);
        let (of_concepts, of_groups): (Vec<&Node>, Vec<&Node>) = parts.iter().partition(is_reversed);
        let mut left = Cow::Borrowed(focus);
        for part in &of_concepts {
            left = Cow::Owned(self.narrow(part, left.into_owned())?);
        }
        let mut found = Groups::AllBut(Vec::new());
        for part in self.rarest_first(of_groups.into_iter())? {
            let own = self.groups(part, &left, parents)?;
            self.budget.spend(found.len() + own.len())?;
            found = found.and(own);
            if let Groups::Those(keys) = &found
                && (keys.len() as u64) < left.len() / NARROWER
            {
                left = Cow::Owned(keys.iter().map(|key| concept_of(*key)).collect());
            }
        }
        match found {
            // What is left out are groups of the concepts that are left, which others cannot know.
            Groups::AllBut(keys) if !of_concepts.is_empty() => {
                let all = self.all_groups(&left, parents)?;
                Ok(Groups::Those(merged(&all, &keys, |own, but| own && !but)))
            }
            found => Ok(found),
        }
    }

    fn groups_of_one(&mut self, condition: &Condition, focus: &ConceptSet) -> Found<(Groups, &'static str)> {
        let cardinality = condition.cardinality;
        if cardinality.minimum == 0 && cardinality.maximum.is_none() {
            return Ok((Groups::AllBut(Vec::new()), "no constraint"));
        }
        let few = self.by_values(condition, focus)?;
        let mut keys = Vec::with_capacity(self.estimate_one(condition) as usize);
        let way = self.rows_of(condition, few.as_ref().unwrap_or(focus), &mut |concept, slot| {
            keys.push(key(concept, slot))
        })?;
        // Runs that ascend already, as those of one attribute do, cost a look.
        keys.sort();
        let way = if few.is_some() { "postings" } else { way };
        if cardinality == Cardinality::DEFAULT || (cardinality.minimum == 0 && cardinality.maximum == Some(0)) {
            keys.dedup();
        } else {
            let wanted = |count: u64| cardinality.admits(count) == (cardinality.minimum > 0);
            let chunks = keys.chunk_by(|a, b| a == b).filter(|own| wanted(own.len() as u64));
            keys = chunks.filter_map(|own| own.first().copied()).collect();
        }
        Ok(match cardinality.minimum {
            0 => (Groups::AllBut(keys), way),
            _ => (Groups::Those(keys), way),
        })
    }

    /// Every group of the concepts. Associations and what else is kept as a property make no group, nor does a parent
    /// where nobody asks for parents.
    fn all_groups(&mut self, concepts: &ConceptSet, parents: bool) -> Found<Vec<u64>> {
        let index = self.index;
        let attributes = self.attributes();
        let is_attribute = attributes.by_number();
        let mut keys = Vec::new();
        for concept in concepts {
            self.budget.spend(ROWS)?;
            let start = keys.len();
            let own = index.relation_slots(Ordinal(concept));
            let own = own.filter(|(property, _, _)| is_attribute.get(*property as usize) == Some(&true));
            keys.extend(own.map(|(_, slot, _)| key(concept, slot)));
            if parents {
                let slots = (PARENTS..).zip(index.parents(Ordinal(concept)));
                keys.extend(slots.map(|(slot, _)| key(concept, slot)));
            }
            if let Some(own) = keys.get_mut(start..) {
                own.sort_unstable();
            }
        }
        keys.dedup();
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn lists_are_joined_as_sets(a in prop::collection::btree_set(0u64..40, 0..20), b in prop::collection::btree_set(0u64..40, 0..20)) {
            let all: BTreeSet<u64> = (0..40).collect();
            let list = |set: &BTreeSet<u64>| set.iter().copied().collect::<Vec<_>>();
            let meant = |groups: Groups| match groups {
                Groups::Those(keys) => keys.into_iter().collect::<BTreeSet<_>>(),
                Groups::AllBut(keys) => &all - &keys.into_iter().collect(),
            };
            for (a_out, b_out) in [(false, false), (false, true), (true, false), (true, true)] {
                let groups = |set: &BTreeSet<u64>, out| if out { Groups::AllBut(list(set)) } else { Groups::Those(list(set)) };
                let (x, y) = (meant(groups(&a, a_out)), meant(groups(&b, b_out)));
                prop_assert_eq!(meant(groups(&a, a_out).and(groups(&b, b_out))), &x & &y);
                prop_assert_eq!(meant(groups(&a, a_out).or(groups(&b, b_out))), &x | &y);
            }
        }
    }
}

//! Which attributes are never in a role group.
//!
//! The concept model says it of its attributes; of others the release shows it. It matters because an attribute that
//! stands alone means a group of its own, unless it is one of these.

use super::description::{ROLE_GROUP, Role};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::Ordinal;
use tern_index::read::{Axioms, CodeSystemIndex, FieldValue};

/// Concepts of an attribute that are looked at.
const SAMPLE: usize = 64;

/// Which attributes are never in a role group.
#[derive(Debug, Default)]
pub(super) struct Grouping(BTreeSet<Role>);

impl Grouping {
    /// What was kept of it.
    pub fn of(axioms: &Axioms) -> Self {
        let alone = axioms.roles().filter(|(_, facts)| facts.alone);
        Self(alone.map(|(role, _)| Role(role)).collect())
    }

    /// Whether an attribute is never in a group.
    pub fn is_alone(&self, role: Role) -> bool {
        role == Role::GROUP || self.0.contains(&role)
    }

    /// All attributes that never are.
    pub fn alone(&self) -> impl Iterator<Item = Role> {
        self.0.iter().copied()
    }
}

/// What speaks for an attribute being never in a role group, or against it.
#[derive(Debug)]
pub(super) struct Evidence {
    /// By attribute: whether it is never in a group. One that is not here may be.
    alone: BTreeMap<Role, bool>,
    /// Attributes of which the concept model has said it.
    decided: BTreeSet<Role>,
}

impl Evidence {
    /// What the relationships and the concept model of an edition say.
    pub fn of(index: &CodeSystemIndex) -> Self {
        let mut alone = of_relations(index);
        let mut decided = BTreeSet::from([Role::GROUP]);
        for (role, grouped) in of_concept_model(index) {
            // Where it depends on the domain, what the release does decides.
            if let Some(same) = grouped.first().filter(|first| grouped.iter().all(|other| other == *first)) {
                alone.insert(role, !same);
                decided.insert(role);
            }
        }
        Self { alone, decided }
    }

    /// Adds what axioms show of an attribute: seen in a group once, it is not one that never is.
    pub fn add(&mut self, role: Role, alone: bool) {
        if !self.decided.contains(&role) {
            *self.alone.entry(role).or_insert(alone) &= alone;
        }
    }

    /// What comes of it.
    pub fn weigh(self) -> Grouping {
        let alone = self.alone.into_iter().filter(|(_, alone)| *alone);
        Grouping(alone.map(|(role, _)| role).collect())
    }
}

/// What the relationships show: an attribute that some of its concepts have, all of them in no group.
fn of_relations(index: &CodeSystemIndex) -> BTreeMap<Role, bool> {
    let refsets = index.refsets();
    let mut found = BTreeMap::new();
    for (number, code) in index.property_codes().enumerate() {
        let Some(role) = Role::of_property(index, &refsets, code).filter(|_| code != ROLE_GROUP) else {
            continue;
        };
        let sources = index
            .relation_postings(number as u32)
            .flat_map(|posting| posting.concepts.iter().take(8));
        let mut seen = false;
        let alone = sources.take(SAMPLE).all(|source| {
            seen = true;
            let rows = index.relations(Ordinal(*source));
            rows.into_iter().all(|row| row.property != number as u32 || row.group == 0)
        });
        if seen {
            found.insert(role, alone);
        }
    }
    found
}

/// What attribute domain reference sets say: by attribute, the column `grouped` of its rows in use.
fn of_concept_model(index: &CodeSystemIndex) -> BTreeMap<Role, Vec<bool>> {
    let mut found: BTreeMap<Role, Vec<bool>> = BTreeMap::new();
    for refset in index.refsets_with_rows() {
        let Some(rows) = index.refset_rows(Ordinal(refset)) else {
            continue;
        };
        let Some(grouped) = rows
            .field("grouped")
            .filter(|_| rows.field("attributeInGroupCardinality").is_some())
        else {
            continue;
        };
        for row in rows.range().filter(|row| rows.is_active(*row)) {
            let said = match rows.value(row, &grouped) {
                Some(FieldValue::Integer(number)) => number != 0,
                Some(FieldValue::String(text)) => matches!(&*text, "1" | "true"),
                _ => continue,
            };
            if let Some(concept) = rows.concept(row) {
                found.entry(Role::attribute(concept)).or_default().push(said);
            }
        }
    }
    found
}

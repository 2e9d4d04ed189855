//! What an edition has to say about what it does not list: conditions that make a thing something, by what they name.
//!
//! A definition is such a condition, and so is a general concept inclusion. There are more than a hundred thousand. They
//! were worked out when the edition was loaded and lie in its index, where each is found by the rarest concept that it
//! names; of an index without them they are worked out in memory, into the same bytes.

use super::description::{Description, Filler, Role};
use super::gather;
use super::roles::Roles;
use super::stated::Stated;
use tern_index::coded_description::CodedCondition;
use tern_index::model::Ordinal;
use tern_index::read::{Axioms, CodeSystemIndex};

/// What an edition has to say about what it does not list.
#[derive(Debug)]
pub struct Ontology {
    pub(super) roles: Roles,
    stated: Stated,
    axioms: Axioms,
}

impl Ontology {
    /// What an index keeps of its axioms; where it keeps nothing, what they say.
    pub fn of(index: &CodeSystemIndex) -> Self {
        let axioms = index.axioms().cloned().unwrap_or_else(|| {
            // What is written in memory can be read, and is never more than can be numbered.
            let made = gather::gather(index).ok();
            let opened = made.and_then(|files| Axioms::open(&files).ok().flatten());
            opened.unwrap_or_default()
        });
        Self {
            roles: Roles::of(&axioms),
            stated: Stated::new(index, super::grouping::Grouping::of(&axioms)),
            axioms,
        }
    }

    /// How many axioms were read, and how many rows are none that could be.
    pub fn axioms(&self) -> (usize, usize) {
        self.axioms.counts()
    }

    /// How many conditions make a thing something.
    pub fn len(&self) -> usize {
        self.axioms.len()
    }

    /// Whether nothing is known to make a thing something.
    pub fn is_empty(&self) -> bool {
        self.axioms.is_empty()
    }

    /// A description with its attributes where they belong.
    pub fn grouped(&self, description: Description) -> Description {
        description.grouped(&self.stated.grouping)
    }

    /// Whether an attribute is never in a role group.
    pub fn is_alone(&self, role: Role) -> bool {
        self.stated.grouping.is_alone(role)
    }

    /// What is linked by the one is linked by the other.
    pub fn is_below(&self, index: &CodeSystemIndex, below: Role, above: Role) -> bool {
        self.roles.is_below(index, below, above)
    }

    /// The attributes of a concept as the release has them, leaving out values that the edition lacks.
    pub fn attributes(&self, index: &CodeSystemIndex, concept: Ordinal) -> Vec<(Role, Filler)> {
        self.stated.attributes(index, concept)
    }

    /// Conditions that are found by a concept.
    pub(super) fn found_by(&self, concept: u32) -> impl Iterator<Item = u32> {
        self.axioms.found_by(concept)
    }

    /// Conditions that name no concept.
    pub(super) fn nameless(&self) -> impl Iterator<Item = u32> {
        self.axioms.nameless()
    }

    /// Whether a condition may be met by what is no concept, as groups are.
    pub(super) fn anonymous(&self) -> bool {
        self.axioms.anonymous()
    }

    /// How many attributes deep conditions look.
    pub(super) fn depth(&self) -> usize {
        self.axioms.depth()
    }

    /// A condition, and what a thing is that meets it.
    pub(super) fn condition(&self, number: u32) -> CodedCondition<'_> {
        self.axioms.condition(number)
    }
}

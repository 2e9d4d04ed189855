//! What a release states of its concepts: their relationships as attributes, each where it belongs.

use super::description::{Description, Filler, Role, Value};
use super::grouping::Grouping;
use std::collections::BTreeMap;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, Relation, RelationValue};

/// How the relationships of an edition are read.
#[derive(Debug)]
pub(super) struct Stated {
    /// By the number of a property: the attribute that it is.
    attributes: Vec<Option<Role>>,
    pub grouping: Grouping,
}

impl Stated {
    pub fn new(index: &CodeSystemIndex, grouping: Grouping) -> Self {
        let refsets = index.refsets();
        let attributes = index.property_codes();
        Self {
            attributes: attributes.map(|code| Role::of_property(index, &refsets, code)).collect(),
            grouping,
        }
    }

    /// The attributes of a concept as the release has them, leaving out values that the edition lacks.
    pub fn attributes(&self, index: &CodeSystemIndex, concept: Ordinal) -> Vec<(Role, Filler)> {
        self.read(index, concept, &mut true)
    }

    /// The same; `None` where there is a value that the edition lacks.
    pub fn definition(&self, index: &CodeSystemIndex, concept: Ordinal) -> Option<Vec<(Role, Filler)>> {
        let mut complete = true;
        let roles = self.read(index, concept, &mut complete);
        complete.then_some(roles)
    }

    fn read(&self, index: &CodeSystemIndex, concept: Ordinal, complete: &mut bool) -> Vec<(Role, Filler)> {
        let mut groups: BTreeMap<u16, Vec<(Role, Filler)>> = BTreeMap::new();
        let mut roles = Vec::new();
        for relation in index.relations(concept) {
            let Some(role) = self.attributes.get(relation.property as usize).copied().flatten() else {
                continue;
            };
            match (filler(&relation), relation.group) {
                (None, _) => *complete = false,
                (Some(filler), 0) => roles.push((role, filler)),
                (Some(filler), group) => groups.entry(group).or_default().push((role, filler)),
            }
        }
        let groups = groups.into_values().map(|roles| {
            let names = Vec::new();
            (Role::GROUP, Filler::Description(Description { names, roles }))
        });
        roles.extend(groups);
        Description {
            names: Vec::new(),
            roles,
        }
        .grouped(&self.grouping)
        .roles
    }
}

fn filler(relation: &Relation<'_>) -> Option<Filler> {
    Some(match relation.value {
        RelationValue::Concept(concept) => Filler::named(concept),
        RelationValue::Number(number) => Filler::Value(Value::number(number)),
        RelationValue::Text(text) => Filler::Value(Value::Text(text.to_owned())),
        RelationValue::Boolean(value) => Filler::Value(Value::Boolean(value)),
        RelationValue::Other(_) => return None,
    })
}

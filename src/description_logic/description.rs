//! Descriptions: what is said of a thing, as a conjunction of concepts and of attributes with values.

use super::grouping::Grouping;
use super::owl::{ClassExpression, Datatype, Literal};
use crate::ecl::number::Decimal;
use std::collections::HashMap;
use tern_index::coded_description::{self, CodedDescription, CodedValue, DescriptionCoder};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet};

/// `609096000`: what holds attributes together.
pub const ROLE_GROUP: &str = "609096000";

/// Concepts of an edition by their identifiers. Axioms name more than a million, which the index would look up one letter
/// after the other.
pub(super) struct Names(HashMap<u64, Ordinal>);

impl Names {
    /// All of an edition.
    pub fn of(index: &CodeSystemIndex) -> Self {
        let concepts = (0..index.len() as u32).map(Ordinal);
        let numbered = concepts.filter_map(|concept| Some((number(index.code(concept))?, concept)));
        Self(numbered.collect())
    }

    /// The concept of an identifier.
    pub fn find(&self, id: &str) -> Option<Ordinal> {
        self.0.get(&number(id)?).copied()
    }
}

/// An identifier as a number; other codes are none.
fn number(id: &str) -> Option<u64> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
    id.parse().ok().filter(|_| is_plain)
}

/// An attribute, or what holds attributes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role(pub(super) u32);

impl Role {
    /// The role group, which need not be a concept of the edition.
    pub const GROUP: Self = Self(coded_description::ROLE_GROUP);

    /// An attribute of the edition.
    pub fn attribute(concept: Ordinal) -> Self {
        Self(concept.0)
    }

    /// The attribute that a property of the release is: one whose code is a concept. Associations, which are properties
    /// too, are reference sets (`refsets`).
    pub(super) fn of_property(index: &CodeSystemIndex, refsets: &ConceptSet, code: &str) -> Option<Self> {
        let is_identifier = code.len() >= 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        let concept = index.find_exact(Some(code).filter(|_| is_identifier)?)?;
        (!refsets.contains(concept.0)).then(|| Self::attribute(concept))
    }

    /// The attribute that it is.
    pub fn concept(self) -> Option<Ordinal> {
        (self != Self::GROUP).then_some(Ordinal(self.0))
    }

    /// The role of an identifier.
    pub(super) fn find(names: &Names, id: &str) -> Option<Self> {
        if id == ROLE_GROUP {
            return Some(Self::GROUP);
        }
        names.find(id).map(Self::attribute)
    }
}

/// A number, text or truth value; equal if they are the same value, however written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A number without digits that do not count.
    Number(String),
    /// Text.
    Text(String),
    /// True or false.
    Boolean(bool),
}

impl Value {
    /// A number as it is written.
    pub fn number(text: &str) -> Self {
        Self::Number(Decimal::parse(text).map_or_else(|| text.to_owned(), |number| number.to_string()))
    }

    fn of(literal: &Literal) -> Self {
        match literal.datatype {
            Datatype::Decimal | Datatype::Integer => Self::number(&literal.value),
            Datatype::String => Self::Text(literal.value.clone()),
            Datatype::Boolean => Self::Boolean(literal.value == "true"),
        }
    }

    fn coded(&self) -> CodedValue<'_> {
        match self {
            Self::Number(text) => CodedValue::Number(text),
            Self::Text(text) => CodedValue::Text(text),
            Self::Boolean(value) => CodedValue::Boolean(*value),
        }
    }

    /// Whether it is what has been kept as bytes.
    pub(super) fn is(&self, coded: CodedValue<'_>) -> bool {
        self.coded() == coded
    }
}

/// What an attribute has for a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filler {
    /// Something that is so described.
    Description(Description),
    /// A number or text.
    Value(Value),
}

/// What is said of a thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Description {
    /// Concepts that it is.
    pub names: Vec<Ordinal>,
    /// Attributes that it has.
    pub roles: Vec<(Role, Filler)>,
}

impl Description {
    /// That it is a concept.
    pub fn named(concept: Ordinal) -> Self {
        Self {
            names: vec![concept],
            roles: Vec::new(),
        }
    }

    /// The concept that it is, if nothing else is said.
    pub fn name(&self) -> Option<Ordinal> {
        match (self.names.as_slice(), self.roles.as_slice()) {
            ([one], []) => Some(*one),
            _ => None,
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.roles.is_empty()
    }

    /// What a class expression says; `None` where it names something that the edition does not have, so that nothing of
    /// the edition can be so.
    pub(super) fn of(names: &Names, expression: &ClassExpression) -> Option<Self> {
        let mut made = Self::default();
        made.add(names, expression)?;
        Some(made)
    }

    fn add(&mut self, names: &Names, expression: &ClassExpression) -> Option<()> {
        match expression {
            ClassExpression::Class(id) => self.names.push(names.find(id)?),
            ClassExpression::ObjectIntersectionOf(parts) => parts.iter().try_for_each(|part| self.add(names, part))?,
            ClassExpression::ObjectSomeValuesFrom(property, value) => {
                let role = Role::find(names, property)?;
                self.roles.push((role, Filler::Description(Self::of(names, value)?)));
            }
            ClassExpression::DataHasValue(property, literal) => {
                let role = Role::find(names, property)?;
                self.roles.push((role, Filler::Value(Value::of(literal))));
            }
        }
        Some(())
    }

    /// It as bytes.
    pub(super) fn coded(&self) -> Vec<u8> {
        let mut coder = DescriptionCoder::new(self.names.iter().map(|name| name.0));
        for (role, filler) in &self.roles {
            match filler {
                Filler::Value(value) => coder.attribute(role.0, value.coded()),
                Filler::Description(inner) => match inner.name() {
                    Some(concept) => coder.attribute(role.0, CodedValue::Concept(concept.0)),
                    None => coder.attribute(role.0, CodedValue::Description(CodedDescription::new(&inner.coded()))),
                },
            }
        }
        coder.finish()
    }

    /// What bytes say; what cannot be read of them says nothing.
    pub(super) fn decoded(coded: CodedDescription<'_>) -> Self {
        let filler = |value| {
            Some(match value {
                CodedValue::Description(inner) => Filler::Description(Self::decoded(inner)),
                CodedValue::Concept(concept) => Filler::named(Ordinal(concept)),
                CodedValue::Number(text) => Filler::Value(Value::Number(text.to_owned())),
                CodedValue::Text(text) => Filler::Value(Value::Text(text.to_owned())),
                CodedValue::Boolean(value) => Filler::Value(Value::Boolean(value)),
                CodedValue::Unreadable => return None,
            })
        };
        let roles = coded
            .attributes()
            .filter_map(|(role, value)| Some((Role(role), filler(value)?)));
        Self {
            names: coded.concepts().map(Ordinal).collect(),
            roles: roles.collect(),
        }
    }

    /// The same with attributes where they belong: those that are never grouped stand alone, all others in groups. One
    /// that is written alone is a group of its own.
    pub(super) fn grouped(self, grouping: &Grouping) -> Self {
        let mut roles = Vec::new();
        for (role, filler) in self.roles {
            match filler {
                Filler::Description(group) if role == Role::GROUP => {
                    let (alone, together): (Vec<_>, Vec<_>) =
                        group.roles.into_iter().partition(|(role, _)| grouping.is_alone(*role));
                    roles.extend(alone.into_iter().map(|(role, filler)| (role, filler.grouped(grouping))));
                    let together: Vec<_> = together
                        .into_iter()
                        .map(|(role, filler)| (role, filler.grouped(grouping)))
                        .collect();
                    if !together.is_empty() || !group.names.is_empty() {
                        roles.push((Role::GROUP, Filler::of_group(group.names, together)));
                    }
                }
                filler if grouping.is_alone(role) => roles.push((role, filler.grouped(grouping))),
                filler => roles.push((
                    Role::GROUP,
                    Filler::of_group(Vec::new(), vec![(role, filler.grouped(grouping))]),
                )),
            }
        }
        Self {
            names: self.names,
            roles,
        }
    }
}

impl Filler {
    /// A concept as a value.
    pub fn named(concept: Ordinal) -> Self {
        Self::Description(Description::named(concept))
    }

    fn of_group(names: Vec<Ordinal>, roles: Vec<(Role, Filler)>) -> Self {
        Self::Description(Description { names, roles })
    }

    fn grouped(self, grouping: &Grouping) -> Self {
        match self {
            Self::Description(description) => Self::Description(description.grouped(grouping)),
            value @ Self::Value(_) => value,
        }
    }
}

//! The necessary normal form of a SNOMED CT concept as an expression, and its role groups.
//!
//! It is what the inferred relationships of the release say: the proximal supertypes, then the attributes that stand
//! alone, then the groups. `===` begins what is sufficiently defined, `<<<` what is not. That of an expression has been worked
//! out and is only written here.

use super::CodeSystemIndex;
use crate::description_logic::{Description, Filler, Role, Value};
use crate::ecl::ast::{ConceptReference, Span};
use crate::ecl::expression::{self, Attribute, Expression, SubExpression};
use crate::ecl::meaning::Meaning;
use std::collections::BTreeMap;
use tern_index::model::{Ordinal, Property, PropertyValue};

/// The property that names a role group.
pub const ROLE_GROUP: &str = "609096000";

const SUFFICIENTLY_DEFINED: &str = "900000000000073002";

/// Attributes with their values, by role group; those of group 0 stand alone.
pub fn role_groups(index: &CodeSystemIndex, concept: Ordinal) -> BTreeMap<u16, Vec<Property>> {
    let mut groups: BTreeMap<u16, Vec<Property>> = BTreeMap::new();
    for property in index
        .properties(concept)
        .into_iter()
        .filter(|property| is_attribute(index, property))
    {
        groups.entry(property.group).or_default().push(property);
    }
    groups
}

/// Whether a property is an attribute of the concept model: named by a concept that is no reference set (associations
/// are properties too).
fn is_attribute(index: &CodeSystemIndex, property: &Property) -> bool {
    let number = property.code.bytes().all(|byte| byte.is_ascii_digit());
    let concept = || index.find_exact(&property.code);
    number && concept().is_none_or(|concept| index.refset_rows(concept).is_none())
}

/// The form of a concept: with terms, or `terse` of codes alone.
pub fn necessary_normal_form(index: &CodeSystemIndex, concept: Ordinal, terse: bool) -> String {
    let mut focus: Vec<ConceptReference> = index.parents(concept).map(|parent| reference(index.code(parent))).collect();
    if focus.is_empty() {
        // The root has no parents: it stands for itself.
        focus.push(reference(index.code(concept)));
    }
    let mut groups = role_groups(index, concept);
    // The order of the release's rows carries no meaning.
    let sorted = |attributes: Vec<Property>| {
        let mut attributes: Vec<Attribute> = attributes.into_iter().map(stated).collect();
        attributes.sort_by_cached_key(|attribute| shown(index, sub_expression(vec![attribute.clone()], Vec::new()), terse));
        attributes
    };
    let alone = groups.remove(&0).map(sorted).unwrap_or_default();
    let mut groups: Vec<Vec<Attribute>> = groups.into_values().map(sorted).collect();
    groups.sort_by_cached_key(|group| shown(index, sub_expression(Vec::new(), vec![group.clone()]), terse));
    let form = SubExpression {
        focus,
        ..sub_expression(alone, groups)
    };
    let is_defined = index.status(concept) == Some(SUFFICIENTLY_DEFINED);
    format!("{} {}", definition(is_defined), shown(index, form, terse))
}

fn sub_expression(attributes: Vec<Attribute>, groups: Vec<Vec<Attribute>>) -> SubExpression {
    SubExpression {
        focus: Vec::new(),
        attributes,
        groups,
    }
}

/// An attribute as the release has it.
fn stated(property: Property) -> Attribute {
    let value = match property.value {
        PropertyValue::Code(code) => expression::Value::Concept(reference(&code)),
        PropertyValue::Integer(number) => expression::Value::Number(number.to_string()),
        PropertyValue::Decimal(number) => expression::Value::Number(number),
        PropertyValue::Boolean(truth) => expression::Value::Boolean(truth),
        other => expression::Value::Text(other.to_string()),
    };
    Attribute {
        name: reference(&property.code),
        value,
    }
}

fn definition(is_defined: bool) -> &'static str {
    if is_defined { "===" } else { "<<<" }
}

fn shown(index: &CodeSystemIndex, sub: SubExpression, terse: bool) -> String {
    let term = |reference: &ConceptReference| {
        let concept = index.find_exact(&reference.id).filter(|_| !terse)?;
        index.display(concept).map(|text| text.into_owned())
    };
    Expression { status: None, sub }.print(&term)
}

/// `138875005`: what everything is.
const ROOT: &str = "138875005";

/// The normal form of an expression: with terms, or `terse` of codes alone.
pub fn of_expression(index: &CodeSystemIndex, meaning: &Meaning, terse: bool) -> String {
    let form = written(index, meaning.normal_form());
    format!("{} {}", definition(meaning.defines), shown(index, form, terse))
}

fn reference(code: &str) -> ConceptReference {
    ConceptReference {
        span: Span::default(),
        id: code.to_owned(),
        term: None,
    }
}

/// A description as an expression.
fn written(index: &CodeSystemIndex, description: &Description) -> SubExpression {
    let mut focus: Vec<ConceptReference> = description.names.iter().map(|name| reference(index.code(*name))).collect();
    if focus.is_empty() {
        focus.push(reference(ROOT));
    }
    let mut made = SubExpression {
        focus,
        ..sub_expression(Vec::new(), Vec::new())
    };
    for (role, filler) in &description.roles {
        match (role.concept(), filler) {
            (Some(name), filler) => made.attributes.push(attribute(index, name, filler)),
            (None, Filler::Description(group)) => {
                let attributes = group.roles.iter();
                let named = attributes.filter_map(|(role, filler): &(Role, Filler)| Some((role.concept()?, filler)));
                made.groups
                    .push(named.map(|(name, filler)| attribute(index, name, filler)).collect());
            }
            (None, Filler::Value(_)) => {}
        }
    }
    made
}

fn attribute(index: &CodeSystemIndex, name: Ordinal, filler: &Filler) -> Attribute {
    let value = match filler {
        Filler::Value(Value::Number(number)) => expression::Value::Number(number.clone()),
        Filler::Value(Value::Text(text)) => expression::Value::Text(text.clone()),
        Filler::Value(Value::Boolean(value)) => expression::Value::Boolean(*value),
        Filler::Description(inner) => match inner.name() {
            Some(concept) => expression::Value::Concept(reference(index.code(concept))),
            None => expression::Value::Expression(Box::new(written(index, inner))),
        },
    };
    Attribute {
        name: reference(index.code(name)),
        value,
    }
}

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

/// The expression: with terms, or `terse` of codes alone.
pub fn necessary_normal_form(index: &CodeSystemIndex, concept: Ordinal, terse: bool) -> String {
    let named = |concept: Ordinal| {
        let code = index.code(concept);
        match index.display(concept).filter(|_| !terse) {
            Some(display) => format!("{code}|{display}|"),
            None => code.to_owned(),
        }
    };
    let named_code = |code: &str| index.find_exact(code).map_or_else(|| code.to_owned(), named);
    let definition = if index.status(concept) == Some(SUFFICIENTLY_DEFINED) {
        "==="
    } else {
        "<<<"
    };
    let parents: Vec<String> = index.parents(concept).map(named).collect();
    // The root has none: it stands for itself.
    let focus = if parents.is_empty() {
        named(concept)
    } else {
        parents.join("+")
    };
    let refinement = |attributes: &[Property]| {
        let mut pairs: Vec<String> = attributes
            .iter()
            .map(|attribute| {
                let value = match &attribute.value {
                    PropertyValue::Code(code) => named_code(code),
                    PropertyValue::Integer(number) => format!("#{number}"),
                    PropertyValue::Decimal(number) => format!("#{number}"),
                    PropertyValue::Boolean(truth) => truth.to_string().to_uppercase(),
                    other => format!("\"{}\"", other.to_string().replace('\\', "\\\\").replace('"', "\\\"")),
                };
                format!("{}={value}", named_code(&attribute.code))
            })
            .collect();
        // The order of the release's rows carries no meaning.
        pairs.sort();
        pairs.join(",")
    };
    let mut groups: Vec<String> = Vec::new();
    let mut alone = String::new();
    for (number, attributes) in role_groups(index, concept) {
        if number == 0 {
            alone = refinement(&attributes);
        } else {
            groups.push(format!("{{{}}}", refinement(&attributes)));
        }
    }
    groups.sort();
    let parts: Vec<String> = (!alone.is_empty()).then_some(alone).into_iter().chain(groups).collect();
    let colon = if parts.is_empty() { "" } else { ":" };
    format!("{definition} {focus}{colon}{}", parts.join(","))
}

/// `138875005`: what everything is.
const ROOT: &str = "138875005";

/// The normal form of an expression: with terms, or `terse` of codes alone.
pub fn of_expression(index: &CodeSystemIndex, meaning: &Meaning, terse: bool) -> String {
    let definition = if meaning.defines { "===" } else { "<<<" };
    let written = Expression {
        status: None,
        sub: written(index, meaning.normal_form()),
    };
    let term = |reference: &ConceptReference| {
        let concept = index.find_exact(&reference.id).filter(|_| !terse)?;
        index.display(concept).map(|text| text.into_owned())
    };
    format!("{definition} {}", written.print(&term))
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
        attributes: Vec::new(),
        groups: Vec::new(),
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

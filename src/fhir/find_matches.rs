//! `CodeSystem/$find-matches` on the wire; R4 and R5 have the same shape.
//!
//! `count` is ours: how many matches are wanted. `total` in the answer says how many there are.

use super::interaction::Operation;
use super::outcome::Refusal;
use super::parameters::{Parameter, ParameterError, Parameters};
use super::render::{List, coding, property_value};
use super::requests::Context;
use crate::service::find_matches::{FindMatchesRequest, FoundMatch, FoundMatches, MATCHES, Wanted};
use serde_json::Value;
use tern_index::model::{Canonical, PropertyValue};

/// Reads the request.
pub fn read(parameters: &Parameters, context: &Context) -> Result<FindMatchesRequest, Refusal> {
    context.check(parameters, Operation::FindMatches)?;
    let named = match (context.canonical(), parameters.text(&["system"])?) {
        (Some(instance), _) => Some(instance),
        (None, Some(system)) => Some(Canonical::parse(&system)),
        (None, None) => None,
    };
    let version = parameters.text(&["version"])?;
    let properties = parameters.all("property").map(|property| wanted(property, "subproperty"));
    Ok(FindMatchesRequest {
        version: version.or_else(|| named.as_ref().and_then(|named| named.version.clone())),
        system: named.map(|named| named.url),
        properties: properties.collect::<Result<_, _>>()?,
        exact: parameters.boolean("exact")?.unwrap_or(false),
        compositional: parameters.boolean("compositional")?.unwrap_or(false),
        count: parameters.count("count")?.unwrap_or(MATCHES),
    })
}

/// A property with its parts; a part has none of its own.
fn wanted(property: &Parameter, nested: &str) -> Result<Wanted, Refusal> {
    let parts = property.parts()?;
    let missing = |name: &str| ParameterError::Missing(format!("a 'property' of $find-matches needs the part '{name}'"));
    let code = parts.text(&["code"])?.ok_or_else(|| missing("code"))?;
    let value = parts.all("value").next().map(value_of).transpose()?;
    let nested: Vec<Wanted> = match nested {
        "" => Vec::new(),
        name => parts.all(name).map(|part| wanted(part, "")).collect::<Result<_, _>>()?,
    };
    if value.is_none() && nested.is_empty() {
        return Err(missing("value").into());
    }
    Ok(Wanted {
        code,
        value,
        parts: nested,
    })
}

fn value_of(parameter: &Parameter) -> Result<PropertyValue, ParameterError> {
    let (kind, json) = parameter.value()?;
    Ok(match (kind, json.as_ref()) {
        ("Coding", _) => PropertyValue::Coding(parameter.coding()?),
        ("Code", Value::String(text)) => PropertyValue::Code(text.clone()),
        ("DateTime", Value::String(text)) => PropertyValue::DateTime(text.clone()),
        (_, Value::Bool(truth)) => PropertyValue::Boolean(*truth),
        ("Decimal", Value::Number(number)) => PropertyValue::Decimal(number.to_string()),
        (_, Value::Number(number)) => match number.as_i64() {
            Some(number) => PropertyValue::Integer(number),
            None => PropertyValue::Decimal(number.to_string()),
        },
        _ => PropertyValue::String(parameter.text()?.to_owned()),
    })
}

/// The answer.
pub fn render(found: &FoundMatches) -> Value {
    let mut list = List::default();
    for found in &found.matches {
        list.parts("match", matched(found));
    }
    list.value("total", "Integer", found.total);
    list.into_resource()
}

fn matched(found: &FoundMatch) -> List {
    let mut parts = List::default();
    parts.value("code", "Coding", coding(&found.code));
    for lacking in &found.unmatched {
        parts.parts("unmatched", lacking_parts(lacking));
    }
    parts.value("comment", "String", found.comment.as_str());
    parts
}

fn lacking_parts(lacking: &Wanted) -> List {
    let mut parts = List::default();
    parts.value("code", "Code", lacking.code.as_str());
    if let Some(value) = &lacking.value {
        let (suffix, value) = property_value(value);
        parts.value("value", suffix, value);
    }
    for nested in &lacking.parts {
        parts.parts("property", lacking_parts(nested));
    }
    parts
}

//! The small parts of a ConceptMap: attributes, context, extensions, rules for what is not mapped.

use super::concept_map::Version;
use super::mapping_set::carried;
use super::set_table::{decoded, encoded};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::{MappingAttribute, MappingAttributeRole, Unmapped};

type Object = Map<String, Value>;

/// Before the field of a row in the URL of what carries it.
pub(super) const CARRIED: &str = "urn:tern:mapping:";
/// Before the field of a set in the URL of what carries it.
pub(super) const SET_CARRIED: &str = "urn:tern:mapping-set:";
/// Before the name of a context value in the URI of its attribute.
pub(super) const CONTEXT_URI: &str = "urn:tern:context:";

/// Sets a text, unless it is empty.
pub(super) fn string(object: &mut Object, name: &str, value: &str) {
    if !value.is_empty() {
        object.insert(name.to_owned(), value.into());
    }
}

fn text<'j>(object: &'j Object, name: &str) -> &'j str {
    object.get(name).and_then(Value::as_str).unwrap_or("")
}

/// Whether a text can be a FHIR `code`.
pub(super) fn is_code(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains("  ") && !text.contains(['\t', '\n', '\r'])
}

/// An extension with a text.
pub(super) fn extension(url: &str, value: &str) -> Value {
    json!({"url": url, "valueString": value})
}

/// The extensions that hold a text.
pub(super) fn extensions(object: &Object) -> impl Iterator<Item = (&str, &str)> {
    let list = object.get("extension").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| Some((one.get("url")?.as_str()?, one.get("valueString")?.as_str()?)))
}

/// A carried field as an R5 property: shares as decimals, all else as text. A share whose last digit reading would
/// change stays text.
pub(super) fn extras(name: &str, value: &str) -> Value {
    if matches!(name, "probability" | "similarity")
        && let Some(number) = value.parse().ok().and_then(serde_json::Number::from_f64)
        && serde_json::from_str::<Value>(&number.to_string()).is_ok_and(|read| format!("{read}") == value)
    {
        return json!({"code": name, "valueDecimal": number});
    }
    json!({"code": name, "valueString": carried(value)})
}

/// What R5 wants declared: the properties that carry fields, and the attributes of context.
pub(super) fn definitions(resource: &mut Object, fields: &BTreeSet<String>, context: &BTreeSet<String>) {
    let properties = fields.iter().map(|name| {
        let kind = if matches!(name.as_str(), "probability" | "similarity") {
            "decimal"
        } else {
            "string"
        };
        json!({"code": name, "uri": format!("{CARRIED}{}", encoded(name)), "type": kind})
    });
    let attributes = context
        .iter()
        .map(|name| json!({"code": name, "uri": format!("{CONTEXT_URI}{}", encoded(name)), "type": "string"}));
    for (name, values) in [
        ("property", properties.collect::<Vec<Value>>()),
        ("additionalAttribute", attributes.collect()),
    ] {
        if !values.is_empty() {
            resource.insert(name.to_owned(), values.into());
        }
    }
}

/// A context value as a dependency.
pub(super) fn context_of(name: &str, value: &str, version: Version) -> Value {
    match version {
        Version::R4 => json!({"property": format!("{CONTEXT_URI}{}", encoded(name)), "value": value}),
        Version::R5 => json!({"attribute": name, "valueString": value}),
    }
}

/// Name and value of a dependency, if it is context of a source.
pub(super) fn context_code(given: &Object, declared: &BTreeMap<String, String>) -> Option<(String, String)> {
    if let Some(name) = text(given, "property").strip_prefix(CONTEXT_URI) {
        return Some((decoded(name), given.get("value")?.as_str()?.to_owned()));
    }
    let name = declared.get(text(given, "attribute"))?;
    Some((name.clone(), given.get("valueString")?.as_str()?.to_owned()))
}

/// An attribute in its version's shape; `None` for kinds of values that are carried instead.
pub(super) fn attribute(given: &MappingAttribute, version: Version) -> Option<Value> {
    let is_coding = given.value_type == "Coding";
    if !(is_coding || given.value_type == "String") || given.value.is_empty() {
        return None;
    }
    let mut object = Object::new();
    if version == Version::R4 {
        string(&mut object, "property", &given.attribute);
        string(&mut object, "system", given.system.as_deref().unwrap_or(""));
        string(&mut object, "value", &given.value);
        string(&mut object, "display", given.display.as_deref().unwrap_or(""));
        return Some(object.into());
    }
    let name = if given.role == MappingAttributeRole::Property {
        "code"
    } else {
        "attribute"
    };
    string(&mut object, name, &given.attribute);
    if is_coding {
        let mut coding = Object::new();
        string(&mut coding, "system", given.system.as_deref().unwrap_or(""));
        string(&mut coding, "code", &given.value);
        string(&mut coding, "display", given.display.as_deref().unwrap_or(""));
        object.insert("valueCoding".to_owned(), coding.into());
    } else {
        string(&mut object, "valueString", &given.value);
    }
    Some(object.into())
}

/// An attribute of either version.
pub(super) fn read_attributes(given: &Object, role: MappingAttributeRole) -> Option<MappingAttribute> {
    let name = ["attribute", "code", "property"]
        .into_iter()
        .map(|name| text(given, name))
        .find(|name| !name.is_empty())?;
    let optional = |object: &Object, name: &str| Some(text(object, name).to_owned()).filter(|text| !text.is_empty());
    let mut attribute = MappingAttribute {
        role,
        attribute: name.to_owned(),
        system: None,
        value: String::new(),
        display: None,
        value_type: "String".to_owned(),
    };
    if let Some(value) = given.get("value").and_then(Value::as_str) {
        value.clone_into(&mut attribute.value);
        (attribute.system, attribute.display) = (optional(given, "system"), optional(given, "display"));
        if attribute.system.is_some() {
            "Coding".clone_into(&mut attribute.value_type);
        }
        return Some(attribute);
    }
    let (name, value) = given.iter().find(|(name, _)| name.starts_with("value"))?;
    name.trim_start_matches("value").clone_into(&mut attribute.value_type);
    match value {
        Value::String(text) => text.clone_into(&mut attribute.value),
        Value::Object(coding) if attribute.value_type == "Coding" => {
            text(coding, "code").clone_into(&mut attribute.value);
            (attribute.system, attribute.display) = (optional(coding, "system"), optional(coding, "display"));
        }
        other => attribute.value = other.to_string(),
    }
    Some(attribute)
}

/// A rule for what is not mapped.
pub(super) fn unmapped_json(rule: &Unmapped, version: Version) -> Value {
    let mut object = Object::new();
    let mode = match (version, rule.mode.as_str()) {
        (Version::R4, "use-source-code") => "provided",
        (_, mode) => mode,
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    string(&mut object, "mode", mode);
    string(&mut object, "code", &text(&rule.code));
    string(&mut object, "display", &text(&rule.display));
    match version {
        Version::R4 => string(&mut object, "url", &text(&rule.other_map)),
        Version::R5 => {
            string(&mut object, "valueSet", &text(&rule.value_set));
            string(&mut object, "relationship", &text(&rule.relationship));
            string(&mut object, "otherMap", &text(&rule.other_map));
        }
    }
    object.into()
}

/// The rule of a group.
pub(super) fn unmapped_of(group: &Object) -> Option<Unmapped> {
    let rule = group.get("unmapped")?.as_object()?;
    let optional = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let system = |name: &str| optional(text(group, name).split('|').next().unwrap_or(""));
    let mode = match text(rule, "mode") {
        "provided" => "use-source-code",
        mode => mode,
    };
    Some(Unmapped {
        source_system: system("source"),
        target_system: system("target"),
        mode: mode.to_owned(),
        code: optional(text(rule, "code")),
        display: optional(text(rule, "display")),
        value_set: optional(text(rule, "valueSet")),
        relationship: optional(text(rule, "relationship")),
        other_map: optional(text(rule, "otherMap")).or_else(|| optional(text(rule, "url"))),
    })
}

//! An expanded value set as a ValueSet resource.
//!
//! Properties of entries are elements in R5; in R4 they are the extensions that stand for those elements.

use super::FhirVersion;
use super::render::{coding, property_value};
use crate::service::expand::{
    ContainsProperty, Evaluated, ExpansionDesignation, ExpansionParameter, ExpansionProperty, ParameterValue,
};
use crate::service::{Expansion, ExpansionContains};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const STANDARDS_STATUS: &str = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status";
const SUPPLEMENT: &str = "http://hl7.org/fhir/StructureDefinition/valueset-supplement";
const PROPERTY: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.property";
const CONTAINS_PROPERTY: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property";

/// The answer of `$expand`.
pub fn expansion(expansion: &Expansion, version: FhirVersion) -> Value {
    let value_set = &expansion.value_set;
    let mut json = Map::new();
    json.insert("resourceType".into(), "ValueSet".into());
    text(&mut json, "id", value_set.id.as_deref());
    text(&mut json, "language", value_set.language.as_deref());
    list(&mut json, "extension", own_extensions(&value_set.resource));
    text(&mut json, "url", value_set.url.as_deref());
    text(&mut json, "version", value_set.version.as_deref());
    text(&mut json, "name", value_set.name.as_deref());
    text(&mut json, "title", value_set.title.as_deref());
    json.insert("status".into(), value_set.status.as_deref().unwrap_or("unknown").into());
    if let Some(experimental) = value_set.experimental {
        json.insert("experimental".into(), experimental.into());
    }
    text(&mut json, "date", value_set.date.as_deref());
    text(&mut json, "publisher", value_set.publisher.as_deref());
    json.insert("expansion".into(), body(expansion, version));
    json.into()
}

fn text(json: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        json.insert(name.into(), value.into());
    }
}

/// Extensions that travel as JSON text; text that is none is left out.
pub fn extensions(text: Option<&str>) -> Vec<Value> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The extensions of the definition that still say something of the expansion, supplements first. A supplement
/// without a version and the standards status do not: which version was used, and what to beware of, is said among
/// the parameters. Of the definition only its extensions are read, whatever the size of the rest.
fn own_extensions(resource: &str) -> Vec<Value> {
    #[derive(serde::Deserialize)]
    struct Top {
        #[serde(default)]
        extension: Vec<Value>,
    }
    if !resource.contains("\"extension\"") {
        return Vec::new();
    }
    let url = |extension: &Value| extension.get("url").and_then(Value::as_str).map(str::to_owned);
    let says = |extension: &Value| match url(extension).as_deref() {
        Some(SUPPLEMENT) => {
            let canonical = extension.get("valueCanonical").and_then(Value::as_str);
            canonical.is_some_and(|canonical| canonical.contains('|'))
        }
        Some(url) => url != STANDARDS_STATUS,
        None => false,
    };
    let Ok(Top { mut extension }) = serde_json::from_str::<Top>(resource) else {
        return Vec::new();
    };
    extension.retain(says);
    extension.sort_by_key(|extension| url(extension).as_deref() != Some(SUPPLEMENT));
    extension
}

fn body(expansion: &Expansion, version: FhirVersion) -> Value {
    let mut json = Map::new();
    let mut extended = extensions(expansion.extensions.as_deref());
    if version == FhirVersion::R4 {
        extended.extend(expansion.properties.iter().map(property_extension));
    }
    list(&mut json, "extension", extended);
    json.insert("identifier".into(), uuid::Uuid::new_v4().urn().to_string().into());
    json.insert("timestamp".into(), super::now().into());
    if let Some(total) = expansion.total {
        json.insert("total".into(), total.into());
    }
    if let Some(offset) = expansion.offset {
        json.insert("offset".into(), offset.into());
    }
    list(&mut json, "parameter", expansion.parameters.iter().map(parameter).collect());
    if version == FhirVersion::R5 {
        list(&mut json, "property", expansion.properties.iter().map(property).collect());
    }
    let entries = expansion.contains.iter().map(|entry| contains(entry, version));
    list(&mut json, "contains", entries.collect());
    json.into()
}

fn property_extension(property: &ExpansionProperty) -> Value {
    let mut parts = vec![json!({"url": "code", "valueCode": property.code})];
    parts.extend(property.uri.as_ref().map(|uri| json!({"url": "uri", "valueUri": uri})));
    json!({"extension": parts, "url": PROPERTY})
}

/// FHIR forbids empty arrays.
fn list(json: &mut Map<String, Value>, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        json.insert(name.into(), list.into());
    }
}

fn parameter(parameter: &ExpansionParameter) -> Value {
    let name = parameter.name;
    match &parameter.value {
        ParameterValue::Boolean(value) => json!({"name": name, "valueBoolean": value}),
        ParameterValue::Integer(value) => json!({"name": name, "valueInteger": value}),
        ParameterValue::String(value) => json!({"name": name, "valueString": value}),
        ParameterValue::Code(value) => json!({"name": name, "valueCode": value}),
        ParameterValue::Uri(value) => json!({"name": name, "valueUri": value}),
        ParameterValue::DateTime(value) => json!({"name": name, "valueDateTime": value}),
    }
}

fn property(property: &ExpansionProperty) -> Value {
    let mut json = Map::new();
    json.insert("code".into(), property.code.as_str().into());
    text(&mut json, "uri", property.uri.as_deref());
    json.into()
}

fn contains(entry: &ExpansionContains, version: FhirVersion) -> Value {
    let mut json = Map::new();
    let mut extended = extensions(entry.extensions.as_deref());
    if version == FhirVersion::R4 {
        extended.extend(entry.properties.iter().map(|property| {
            let (suffix, value) = property_value(&property.value);
            let mut part = Map::new();
            part.insert("url".into(), "value".into());
            part.insert(format!("value{suffix}"), value);
            json!({"extension": [{"url": "code", "valueCode": property.code}, part], "url": CONTAINS_PROPERTY})
        }));
    }
    list(&mut json, "extension", extended);
    text(&mut json, "system", entry.system.as_deref());
    if entry.abstract_ {
        json.insert("abstract".into(), true.into());
    }
    if entry.inactive {
        json.insert("inactive".into(), true.into());
    }
    text(&mut json, "version", entry.version.as_deref());
    text(&mut json, "code", entry.code.as_deref());
    text(&mut json, "display", entry.display.as_deref());
    list(&mut json, "designation", entry.designations.iter().map(designation).collect());
    if version == FhirVersion::R5 {
        list(
            &mut json,
            "property",
            entry.properties.iter().map(contains_property).collect(),
        );
    }
    let below = entry.contains.iter().map(|entry| contains(entry, version));
    list(&mut json, "contains", below.collect());
    json.into()
}

fn designation(designation: &ExpansionDesignation) -> Value {
    let mut json = Map::new();
    list(&mut json, "extension", extensions(designation.extensions.as_deref()));
    text(&mut json, "language", designation.language.as_deref());
    if let Some(use_) = &designation.use_ {
        json.insert("use".into(), coding(use_));
    }
    json.insert("value".into(), designation.value.as_str().into());
    json.into()
}

fn contains_property(property: &ContainsProperty) -> Value {
    let mut json = Map::new();
    list(&mut json, "extension", extensions(property.extensions.as_deref()));
    json.insert("code".into(), property.code.as_str().into());
    let (suffix, value) = property_value(&property.value);
    json.insert(format!("value{suffix}"), value);
    json.into()
}

/// The answer of `$expand` as JSON, written piece by piece: what has been written is not kept, whatever the number of codes.
///
/// What the entries carry is known when all are written, and so stands behind them; the order of members means nothing.
#[derive(Debug)]
pub struct ExpansionPieces {
    evaluated: Evaluated,
    version: FhirVersion,
    next: u64,
    end: u64,
    /// What is written first.
    head: Option<Vec<u8>>,
    /// The extensions of the expansion, which are written last.
    extensions: Vec<Value>,
    properties: BTreeMap<String, ExpansionProperty>,
    ended: bool,
}

/// Entries of one piece.
const PIECE: u64 = 500;

impl ExpansionPieces {
    /// Pieces of an expansion; it is given back where it is not a list of more than `least` entries.
    pub fn new(evaluated: Evaluated, version: FhirVersion, least: u64) -> Result<Self, Box<Evaluated>> {
        let Some(places) = evaluated.places().filter(|places| places.end - places.start > least) else {
            return Err(Box::new(evaluated));
        };
        let mut resource = expansion(&evaluated.head(), version);
        let mut inner = resource.as_object_mut().and_then(|resource| resource.remove("expansion"));
        let extensions = inner.as_mut().and_then(|inner| inner.as_object_mut()?.remove("extension"));
        let extensions = match extensions {
            Some(Value::Array(extensions)) => extensions,
            _ => Vec::new(),
        };
        let mut head = open_object(&resource);
        head.extend_from_slice(b",\"expansion\":");
        head.extend(open_object(&inner.unwrap_or_default()));
        head.extend_from_slice(b",\"contains\":[");
        Ok(Self {
            evaluated,
            version,
            next: places.start,
            end: places.end,
            head: Some(head),
            extensions,
            properties: BTreeMap::new(),
            ended: false,
        })
    }

    /// The next bytes; none at the end.
    pub fn next_piece(&mut self) -> Option<Vec<u8>> {
        if let Some(head) = self.head.take() {
            return Some(head);
        }
        if self.ended {
            return None;
        }
        if self.next >= self.end {
            self.ended = true;
            return Some(self.tail());
        }
        let count = PIECE.min(self.end - self.next);
        let (entries, properties) = self.evaluated.entries(self.next, count as usize);
        let mut piece = Vec::with_capacity(entries.len() * 128);
        for (number, entry) in entries.iter().enumerate() {
            if number > 0 {
                piece.push(b',');
            }
            piece.extend(bytes(&contains(entry, self.version)));
        }
        for property in properties {
            self.properties.entry(property.code.clone()).or_insert(property);
        }
        self.next += count;
        if self.next < self.end {
            piece.push(b',');
        }
        Some(piece)
    }

    fn tail(&mut self) -> Vec<u8> {
        let mut tail = vec![b']'];
        let mut extensions = std::mem::take(&mut self.extensions);
        match self.version {
            FhirVersion::R4 => extensions.extend(self.properties.values().map(property_extension)),
            FhirVersion::R5 => member(&mut tail, "property", self.properties.values().map(property).collect()),
        }
        member(&mut tail, "extension", extensions);
        tail.extend_from_slice(b"}}");
        tail
    }
}

/// A `Value` has no key that is not a string and so always writes.
fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// An object that has members, without its end.
fn open_object(value: &Value) -> Vec<u8> {
    let mut bytes = bytes(value);
    bytes.pop();
    bytes
}

fn member(written: &mut Vec<u8>, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        written.extend_from_slice(format!(",\"{name}\":").as_bytes());
        written.extend(bytes(&list.into()));
    }
}

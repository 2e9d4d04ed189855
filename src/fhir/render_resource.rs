//! CodeSystem, ValueSet, ConceptMap and NamingSystem resources, for read and search.
//!
//! A resource that was loaded as such is given back as it was, but for elements that the version asked for does
//! not have. An indexed release is described by its header: its concepts are there for `$lookup` and `$expand`,
//! not for a resource of a gigabyte, so its content is said to be not present. A concept map is written from its
//! rows, because R4 and R5 shape them differently, up to a limit.

use super::FhirVersion;
use super::outcome::{Refusal, RefusalKind};
use super::render::{attribute_value, r4_equivalence, r4_equivalence_in};
use crate::service::algorithmic;
use crate::service::resource::Resource;
use crate::service::resources::{ResourceBody, ResourceEntry};
use crate::service::translate::attributes;
use crate::service::{CodeSystemIndex, ConceptMapIndex, ResourceKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tern_index::model::{
    Coding, ConceptMapHeader, Content, MappedSide, Mapping, MappingAttribute, MappingAttributeRole, PropertyType, Relationship,
    Unmapped, ValueSetMapping,
};

/// Elements of R5 that R4 does not have, on the top level of a canonical resource.
const LATER: &[&str] = &[
    "versionAlgorithmString",
    "versionAlgorithmCoding",
    "copyrightLabel",
    "approvalDate",
    "lastReviewDate",
    "effectivePeriod",
    "topic",
    "author",
    "editor",
    "reviewer",
    "endorser",
    "relatedArtifact",
    "scope",
    "property",
    "additionalAttribute",
];

/// A resource in the shape of a version. A concept map of more rows than `map_rows` comes without its groups.
pub fn resource(entry: &ResourceEntry, version: FhirVersion, map_rows: usize) -> Result<Value, Refusal> {
    let mut json = match &entry.body {
        ResourceBody::CodeSystem(index) => code_system(index),
        ResourceBody::ValueSet(value_set) if value_set.resource.is_empty() => described_value_set(entry),
        ResourceBody::ValueSet(value_set) => parse(&value_set.resource)?,
        ResourceBody::ConceptMap(map) => concept_map(map, version, map_rows),
        ResourceBody::NamingSystem(naming_system) => parse(&naming_system.resource)?,
        // What is read in the version that it was written in comes back as it was written.
        ResourceBody::Json(text)
            if entry
                .written
                .as_ref()
                .is_some_and(|written| written.fhir_version == version.short()) =>
        {
            parse(text)?
        }
        ResourceBody::Json(text) if entry.kind == ResourceKind::ConceptMap && shape_of(text) == Some(version) => parse(text)?,
        ResourceBody::Json(text) if entry.kind == ResourceKind::ConceptMap => {
            let parsed = Resource::parse(text).map_err(|error| damaged(&error))?;
            match parsed {
                Resource::ConceptMap(map) => concept_map(&map, version, map_rows),
                _ => parse(text)?,
            }
        }
        ResourceBody::Json(text) => parse(text)?,
    };
    json.insert("id".into(), entry.id.as_str().into());
    if version == FhirVersion::R4 {
        let is_code_system = entry.kind == ResourceKind::CodeSystem;
        json.retain(|name, _| !LATER.contains(&name.as_str()) || (is_code_system && name == "property"));
        if entry.kind == ResourceKind::NamingSystem {
            as_r4_naming_system(&mut json);
        }
        if let Some(compose) = json.get_mut("compose").and_then(Value::as_object_mut) {
            compose.remove("property");
        }
    }
    // FHIR asks for no order of elements, people do: what it is and how it is called comes first.
    let mut ordered = Map::new();
    ordered.insert("resourceType".into(), entry.kind.as_str().into());
    ordered.extend(json.into_iter().filter(|(name, _)| name != "resourceType"));
    Ok(ordered.into())
}

/// The version in whose words a concept map is written, if it uses words that only one of them has: what is asked for in that
/// version is given back as it was, with all that rows of codes do not say.
fn shape_of(text: &str) -> Option<FhirVersion> {
    let is_later = ["\"relationship\"", "\"noMap\"", "\"sourceScope", "\"targetScope"]
        .iter()
        .any(|word| text.contains(word));
    let is_earlier = [
        "\"equivalence\"",
        "\"sourceUri\"",
        "\"sourceCanonical\"",
        "\"targetUri\"",
        "\"targetCanonical\"",
    ]
    .iter()
    .any(|word| text.contains(word));
    match (is_earlier, is_later) {
        (true, false) => Some(FhirVersion::R4),
        (false, true) => Some(FhirVersion::R5),
        _ => None,
    }
}

/// R4 has no canonical for naming systems, and fewer types of names.
fn as_r4_naming_system(json: &mut Map<String, Value>) {
    const LATER: [&str; 7] = [
        "url",
        "identifier",
        "version",
        "title",
        "experimental",
        "purpose",
        "copyright",
    ];
    json.retain(|name, _| !LATER.contains(&name.as_str()));
    let ids = json.get_mut("uniqueId").and_then(Value::as_array_mut);
    for id in ids.into_iter().flatten().filter_map(Value::as_object_mut) {
        id.shift_remove("authoritative");
        let known = |kind: &str| ["oid", "uuid", "uri", "other"].contains(&kind);
        if id.get("type").and_then(Value::as_str).is_some_and(|kind| !known(kind)) {
            id.insert("type".into(), "other".into());
        }
    }
}

fn damaged(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(
        RefusalKind::Internal,
        format!("a resource of the store cannot be read: {error}"),
    )
}

fn parse(text: &str) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_str(text) {
        Ok(Value::Object(json)) => Ok(json),
        Ok(_) => Err(damaged(&"it is no JSON object")),
        Err(error) => Err(damaged(&error)),
    }
}

fn text(json: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        json.insert(name.into(), value.into());
    }
}

fn described_value_set(entry: &ResourceEntry) -> Map<String, Value> {
    let mut json = Map::new();
    let summary = &entry.summary;
    text(&mut json, "url", summary.url.as_deref());
    text(&mut json, "version", summary.version.as_deref());
    text(&mut json, "name", summary.name.as_deref());
    text(&mut json, "title", summary.title.as_deref());
    json.insert("status".into(), summary.status.as_deref().unwrap_or("unknown").into());
    json
}

fn code_system(index: &CodeSystemIndex) -> Map<String, Value> {
    let header = index.header();
    let kept = header.resource.as_deref().and_then(|text| parse(text).ok());
    let mut json = kept.unwrap_or_else(|| described_code_system(index));
    let content = match header.content {
        Content::Complete if !index.is_empty() => Content::NotPresent,
        other => other,
    };
    json.insert("content".into(), content.as_str().into());
    json.insert("count".into(), index.len().into());
    json
}

fn described_code_system(index: &CodeSystemIndex) -> Map<String, Value> {
    let header = index.header();
    let mut json = Map::new();
    text(&mut json, "language", header.language.as_deref());
    json.insert("url".into(), header.url.as_str().into());
    if !header.identifiers.is_empty() {
        let identifiers = header
            .identifiers
            .iter()
            .map(|value| json!({"system": "urn:ietf:rfc:3986", "value": value}));
        json.insert("identifier".into(), identifiers.collect());
    }
    text(&mut json, "version", header.version.as_deref());
    text(&mut json, "name", header.name.as_deref());
    text(&mut json, "title", header.title.as_deref());
    json.insert("status".into(), header.status.as_deref().unwrap_or("unknown").into());
    if let Some(experimental) = header.experimental {
        json.insert("experimental".into(), experimental.into());
    }
    text(&mut json, "date", header.date.as_deref());
    text(&mut json, "publisher", header.publisher.as_deref());
    text(&mut json, "description", header.description.as_deref());
    text(&mut json, "copyright", header.copyright.as_deref());
    json.insert("caseSensitive".into(), header.case_sensitive.into());
    text(&mut json, "valueSet", header.value_set.as_deref());
    text(&mut json, "hierarchyMeaning", header.hierarchy_meaning.as_deref());
    json.insert("compositional".into(), header.compositional.into());
    json.insert("versionNeeded".into(), header.version_needed.into());
    text(
        &mut json,
        "supplements",
        header.supplements.as_ref().map(ToString::to_string).as_deref(),
    );
    let filters = header.filters.iter().map(|filter| {
        let mut json = Map::new();
        text(&mut json, "code", Some(&filter.code));
        text(&mut json, "description", filter.description.as_deref());
        json.insert("operator".into(), filter.operators.clone().into());
        json.insert(
            "value".into(),
            filter.value.as_deref().unwrap_or("a value of the filter").into(),
        );
        Value::Object(json)
    });
    let filters: Vec<Value> = filters.collect();
    if !filters.is_empty() {
        json.insert("filter".into(), filters.into());
    }
    let properties = header.properties.iter().map(|property| {
        let mut json = Map::new();
        text(&mut json, "code", Some(&property.code));
        text(&mut json, "uri", property.uri.as_deref());
        text(&mut json, "description", property.description.as_deref());
        text(&mut json, "type", Some(property_type(property.property_type)));
        Value::Object(json)
    });
    let properties: Vec<Value> = properties.collect();
    if !properties.is_empty() {
        json.insert("property".into(), properties.into());
    }
    json
}

/// The FHIR code of a property's type.
pub fn property_type(kind: PropertyType) -> &'static str {
    match kind {
        PropertyType::Code => "code",
        PropertyType::Coding => "Coding",
        PropertyType::String => "string",
        PropertyType::Integer => "integer",
        PropertyType::Boolean => "boolean",
        PropertyType::DateTime => "dateTime",
        PropertyType::Decimal => "decimal",
    }
}

fn concept_map(map: &ConceptMapIndex, version: FhirVersion, limit: usize) -> Map<String, Value> {
    let header = map.header();
    let kept = header.resource.as_deref().and_then(|text| parse(text).ok());
    let mut json = kept.unwrap_or_else(|| described_concept_map(header));
    json.retain(|name, _| !name.starts_with("source") && !name.starts_with("target"));
    let names = match version {
        FhirVersion::R4 => ["sourceCanonical", "targetCanonical"],
        FhirVersion::R5 => ["sourceScopeCanonical", "targetScopeCanonical"],
    };
    text(&mut json, names[0], header.source_scope.as_deref());
    text(&mut json, names[1], header.target_scope.as_deref());
    if map.len() <= limit {
        // R4 has no declarations: what R5 calls by a code of its own is called by its URI.
        let uris = match version {
            FhirVersion::R4 => declared(json.get("additionalAttribute")),
            FhirVersion::R5 => BTreeMap::new(),
        };
        let groups = groups(map, version, &uris);
        if !groups.is_empty() {
            json.insert("group".into(), groups.into());
        }
    }
    json
}

/// URIs by code in a list of declarations.
fn declared(list: Option<&Value>) -> BTreeMap<String, String> {
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).map(str::to_owned);
    let declarations = list.and_then(Value::as_array).into_iter().flatten();
    declarations
        .filter_map(|one| Some((text(one, "code")?, text(one, "uri")?)))
        .collect()
}

fn renamed(attributes: Vec<MappingAttribute>, uris: &BTreeMap<String, String>) -> Vec<MappingAttribute> {
    let named = attributes.into_iter().map(|given| MappingAttribute {
        attribute: uris.get(&given.attribute).cloned().unwrap_or(given.attribute),
        ..given
    });
    named.collect()
}

fn described_concept_map(header: &ConceptMapHeader) -> Map<String, Value> {
    let mut json = Map::new();
    json.insert("url".into(), header.url.as_str().into());
    text(&mut json, "version", header.version.as_deref());
    text(&mut json, "name", header.name.as_deref());
    text(&mut json, "title", header.title.as_deref());
    json.insert("status".into(), header.status.as_deref().unwrap_or("unknown").into());
    if algorithmic::target_of(&header.url).is_some() {
        json.insert("experimental".into(), true.into());
    }
    text(&mut json, "date", header.date.as_deref());
    text(&mut json, "publisher", header.publisher.as_deref());
    text(&mut json, "description", header.description.as_deref());
    text(&mut json, "copyright", header.copyright.as_deref());
    json
}

/// The systems of a group and their versions.
type GroupKey = [Option<String>; 4];

/// A source code with its rows.
type Element = (Coding, Vec<Mapping>);

/// Where R4 says what only R5 has an element for.
const SOURCE_VALUE_SET: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap.group.element.valueSet";
/// The same of a target.
const TARGET_VALUE_SET: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap.group.element.target.valueSet";

/// The same of a rule for codes that are not listed.
const UNMAPPED_VALUE_SET: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap.group.unmapped.valueSet";

/// The elements of a group that are of value sets: one for each row, since no two share a source by nature.
fn value_set_elements(
    map: &ConceptMapIndex,
    key: &GroupKey,
    version: FhirVersion,
    uris: &BTreeMap<String, String>,
) -> Vec<Value> {
    let rows = map.header().value_set_rows.iter().filter(|row| group_of(map, row) == *key);
    let elements = rows.map(|row| {
        let mut json = Map::new();
        side(&mut json, &row.source, SOURCE_VALUE_SET, version);
        let relationship = Relationship::parse(&row.relationship).unwrap_or(Relationship::RelatedTo);
        match &row.target {
            None if version == FhirVersion::R5 => {
                json.insert("noMap".into(), true.into());
            }
            mapped => {
                let blank = Mapping {
                    source: Coding::default(),
                    target: None,
                    relationship,
                    group: 0,
                    priority: 0,
                    rule: None,
                    advice: None,
                    comment: row.comment.clone(),
                    attributes: renamed(row.attributes.clone(), uris),
                };
                let mut rendered = target(map, &blank, version);
                if let (Some(own), Value::Object(rendered)) = (mapped, &mut rendered) {
                    if version == FhirVersion::R4 {
                        rendered.insert("equivalence".into(), r4_equivalence(relationship).into());
                    }
                    let mut whole = Map::new();
                    side(&mut whole, own, TARGET_VALUE_SET, version);
                    whole.append(rendered);
                    *rendered = whole;
                }
                json.insert("target".into(), Value::Array(vec![rendered]));
            }
        }
        json.into()
    });
    elements.collect()
}

fn side(json: &mut Map<String, Value>, side: &MappedSide, extension: &str, version: FhirVersion) {
    match (&side.value_set, version) {
        (Some(value_set), FhirVersion::R4) => {
            json.insert("extension".into(), json!([{"url": extension, "valueCanonical": value_set}]));
        }
        (value_set, _) => text(json, "valueSet", value_set.as_deref()),
    }
    text(json, "code", side.code.as_deref());
    text(json, "display", side.display.as_deref());
}

/// The systems of a row's group. One without a target has that of the other rows of its source.
fn group_of(map: &ConceptMapIndex, row: &ValueSetMapping) -> GroupKey {
    let source = (row.source.system.clone(), row.source.version.clone());
    let rows = map.header().value_set_rows.iter();
    let mut beside = rows.filter(|other| (&other.source.system, &other.source.version) == (&source.0, &source.1));
    let stated = row.target.as_ref().or_else(|| beside.find_map(|other| other.target.as_ref()));
    let target = match stated {
        Some(target) => (target.system.clone(), target.version.clone()),
        None => {
            let systems = map.systems().into_iter();
            let mut of_source = systems.filter(|(url, version, ..)| (Some(url), version) == (source.0.as_ref(), &source.1));
            of_source
                .next()
                .map_or((None, None), |(.., url, version)| (Some(url), version))
        }
    };
    [source.0, source.1, target.0, target.1]
}

/// One group per pair of systems, in the order of their first rows; one element per source code.
fn groups(map: &ConceptMapIndex, version: FhirVersion, uris: &BTreeMap<String, String>) -> Vec<Value> {
    let mut groups: Vec<(GroupKey, Vec<Element>)> = Vec::new();
    let fallback = map.systems().into_iter().next();
    for row in map.rows() {
        let row = Mapping {
            attributes: renamed(row.attributes, uris),
            ..row
        };
        let target = row.target.as_ref();
        let key = [
            row.source.system.clone(),
            row.source.version.clone(),
            target.and_then(|target| target.system.clone()).or_else(|| {
                fallback
                    .as_ref()
                    .map(|systems| systems.2.clone())
                    .filter(|url| !url.is_empty())
            }),
            target.and_then(|target| target.version.clone()),
        ];
        let place = groups.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        let Some((_, elements)) = groups.get_mut(place) else {
            continue;
        };
        match elements.last_mut() {
            Some((source, rows)) if source.code == row.source.code => rows.push(row),
            _ => elements.push((row.source.clone(), vec![row])),
        }
    }
    for row in &map.header().value_set_rows {
        let key = group_of(map, row);
        if !groups.iter().any(|(other, _)| *other == key) {
            groups.push((key, Vec::new()));
        }
    }
    let rules = &map.header().unmapped;
    let rendered = groups.into_iter().map(|(key, elements)| {
        let [source, source_version, target, target_version] = &key;
        let mut json = Map::new();
        match version {
            FhirVersion::R4 => {
                text(&mut json, "source", source.as_deref());
                text(&mut json, "sourceVersion", source_version.as_deref());
                text(&mut json, "target", target.as_deref());
                text(&mut json, "targetVersion", target_version.as_deref());
            }
            FhirVersion::R5 => {
                text(&mut json, "source", joined(source, source_version).as_deref());
                text(&mut json, "target", joined(target, target_version).as_deref());
            }
        }
        let elements = elements.iter().map(|(source, rows)| element(map, source, rows, version));
        let elements = elements.chain(value_set_elements(map, &key, version, uris));
        json.insert("element".into(), elements.collect());
        let rule = rules
            .iter()
            .find(|rule| rule.source_system == *source && rule.target_system == *target);
        if let Some(rule) = rule {
            json.insert("unmapped".into(), unmapped(rule, version));
        }
        json.into()
    });
    rendered.collect()
}

fn joined(url: &Option<String>, version: &Option<String>) -> Option<String> {
    match (url, version) {
        (Some(url), Some(version)) => Some(format!("{url}|{version}")),
        (url, _) => url.clone(),
    }
}

fn element(map: &ConceptMapIndex, source: &Coding, rows: &[Mapping], version: FhirVersion) -> Value {
    let mut json = Map::new();
    text(&mut json, "code", Some(&source.code));
    text(&mut json, "display", source.display.as_deref());
    let without = rows.iter().all(|row| row.target.is_none());
    if without && version == FhirVersion::R5 {
        json.insert("noMap".into(), true.into());
        return json.into();
    }
    let targets = rows
        .iter()
        .filter(|row| row.target.is_some() || version == FhirVersion::R4)
        .map(|row| target(map, row, version));
    json.insert("target".into(), targets.collect());
    json.into()
}

fn target(map: &ConceptMapIndex, row: &Mapping, version: FhirVersion) -> Value {
    let mut json = Map::new();
    if let Some(target) = &row.target {
        text(&mut json, "code", Some(&target.code));
        text(&mut json, "display", target.display.as_deref());
    }
    match version {
        FhirVersion::R4 if row.target.is_none() => json.insert("equivalence".into(), "unmatched".into()),
        FhirVersion::R4 => {
            let code = r4_equivalence_in(Some(&map.header().url), row.relationship);
            json.insert("equivalence".into(), code.into())
        }
        FhirVersion::R5 => json.insert("relationship".into(), row.relationship.as_str().into()),
    };
    let advice = row.comment.as_deref().or(row.advice.as_deref());
    text(&mut json, "comment", advice);
    let roles = [
        ("property", MappingAttributeRole::Property),
        ("dependsOn", MappingAttributeRole::DependsOn),
        ("product", MappingAttributeRole::Product),
    ];
    for (name, role) in roles {
        if role == MappingAttributeRole::Property && version == FhirVersion::R4 {
            continue;
        }
        let attributes = row.attributes.iter().filter(|attribute| attribute.role == role);
        let attributes: Vec<Value> = attributes.map(|given| attribute(given, version)).collect();
        if !attributes.is_empty() {
            json.insert(name.into(), attributes.into());
        }
    }
    json.into()
}

fn attribute(given: &MappingAttribute, version: FhirVersion) -> Value {
    let mut json = Map::new();
    if version == FhirVersion::R4 {
        text(&mut json, "property", Some(&given.attribute));
        text(&mut json, "system", given.system.as_deref());
        text(&mut json, "value", Some(&attributes::plain(given)));
        text(&mut json, "display", given.display.as_deref());
        return json.into();
    }
    let name = match given.role {
        MappingAttributeRole::Property => "code",
        _ => "attribute",
    };
    text(&mut json, name, Some(&given.attribute));
    if given.value_type == "ValueSet" {
        text(&mut json, "valueSet", Some(&given.value));
    } else {
        let (suffix, value) = attribute_value(given);
        json.insert(format!("value{suffix}"), value);
    }
    json.into()
}

fn unmapped(rule: &Unmapped, version: FhirVersion) -> Value {
    let mut json = Map::new();
    let r4 = version == FhirVersion::R4;
    let mode = match rule.mode.as_str() {
        "use-source-code" if r4 => "provided",
        other => other,
    };
    text(&mut json, "mode", Some(mode));
    text(&mut json, "code", rule.code.as_deref());
    text(&mut json, "display", rule.display.as_deref());
    if r4 {
        text(&mut json, "url", rule.other_map.as_deref());
        if let Some(value_set) = &rule.value_set {
            json.insert(
                "extension".into(),
                json!([{"url": UNMAPPED_VALUE_SET, "valueCanonical": value_set}]),
            );
        }
    } else {
        text(&mut json, "valueSet", rule.value_set.as_deref());
        let relationship = rule.relationship.as_deref().and_then(Relationship::parse);
        text(&mut json, "relationship", relationship.map(Relationship::as_str));
        text(&mut json, "otherMap", rule.other_map.as_deref());
    }
    json.into()
}

//! FHIR ConceptMap as a mapping set, R4 and R5, both ways.
//!
//! One group per pair of systems and versions, `dependsOn` for specimen, unit and other context. What may not be used
//! unseen is stated as weakly as FHIR can: a suggestion is only related, a refused target is not related; its own
//! relationship is carried. What FHIR has no place for is a `property` (R5) or an extension (R4, and elements without
//! a target). Reading takes both versions, whatever the file is called; rows about whole value sets are refused.

use super::super::error::MapError;
use super::concept_map_parts::{
    CARRIED, SET_CARRIED, attribute, context_code, context_of, definitions, extension, extensions, extras, is_code,
    read_attributes, string, unmapped_json, unmapped_of,
};
use super::mapping_set::{Concept, MappingRow, MappingSet, State, carried, uncarried};
use super::set_table::{decoded, encoded, refuse};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::{MappingAttributeRole, Relationship};

/// Which version of FHIR is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    R4,
    R5,
}

type Object = Map<String, Value>;

/// Before a key that the resource had and the model has no field for.
const ELEMENT: &str = "fhir:";
/// What is written where FHIR wants a comment and nobody has made one.
const COMMENTS: [(Relationship, &str); 3] = [
    (
        Relationship::SourceIsBroaderThanTarget,
        "The target says more than the source.",
    ),
    (Relationship::NotRelatedTo, "The target is not what the source means."),
    (Relationship::RelatedTo, "A suggestion that nobody has reviewed."),
];

fn r4_equivalence(relationship: Relationship) -> &'static str {
    crate::fhir::render::r4_equivalence(relationship)
}

/// What a map may state of a row to those who read nothing else.
fn stated(row: &MappingRow) -> Relationship {
    match row.state {
        _ if row.negated => Relationship::NotRelatedTo,
        State::Rejected => Relationship::NotRelatedTo,
        State::Suggested | State::NeedsSecondReview | State::Invalid => match row.relationship {
            Relationship::NotRelatedTo => Relationship::NotRelatedTo,
            _ => Relationship::RelatedTo,
        },
        State::Auto | State::Accepted | State::NoMatch => row.relationship,
    }
}

fn comment(row: &MappingRow) -> String {
    if !row.comment.is_empty() {
        return row.comment.clone();
    }
    let needed = COMMENTS.iter().find(|(relationship, _)| *relationship == stated(row));
    let suggestion = !matches!(row.state, State::Auto | State::Accepted | State::NoMatch);
    match needed {
        Some((Relationship::RelatedTo, _)) if !suggestion => String::new(),
        Some((_, text)) => (*text).to_owned(),
        None => String::new(),
    }
}

/// The code of an element: a source without a code is told by its name.
fn element_code(row: &MappingRow) -> &str {
    if row.source.code.is_empty() {
        &row.source.label
    } else {
        &row.source.code
    }
}

/// A target, or where there is none what R4 has in its place.
fn target_json(row: &MappingRow, version: Version) -> Object {
    let mut target = Object::new();
    string(&mut target, "code", &row.target.code);
    string(&mut target, "display", &row.target.label);
    let (name, word) = match version {
        Version::R4 if !row.has_target() => ("equivalence", "unmatched"),
        Version::R4 => ("equivalence", r4_equivalence(stated(row))),
        Version::R5 => ("relationship", stated(row).as_str()),
    };
    target.insert(name.to_owned(), word.into());
    string(&mut target, "comment", &comment(row));
    let context = row.context.iter().filter(|(name, _)| is_code(name));
    let mut depends: Vec<Value> = context.map(|(name, value)| context_of(name, value, version)).collect();
    let rendered = |role| {
        row.attributes
            .iter()
            .filter(move |given| given.role == role)
            .filter_map(|given| attribute(given, version))
    };
    depends.extend(rendered(MappingAttributeRole::DependsOn));
    let products: Vec<Value> = rendered(MappingAttributeRole::Product).collect();
    for (name, values) in [("dependsOn", depends), ("product", products)] {
        if !values.is_empty() {
            target.insert(name.to_owned(), values.into());
        }
    }
    target
}

/// An element of a group, with what lies around it.
struct Place<'j> {
    source: Concept,
    target: Concept,
    element: &'j Object,
}

/// Context attributes that the resource declares, fields that its properties carry.
#[derive(Default)]
struct Declared {
    context: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
}

fn text<'j>(object: &'j Object, name: &str) -> &'j str {
    object.get(name).and_then(Value::as_str).unwrap_or("")
}

fn objects<'j>(object: &'j Object, name: &str) -> impl Iterator<Item = &'j Object> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

/// What a target, or an element without one, says without what is carried.
fn native_row(place: &Place, target: Option<&Object>, declared: &Declared) -> Result<MappingRow, String> {
    let mut row = MappingRow {
        source: place.source.clone(),
        target: place.target.clone(),
        ..MappingRow::default()
    };
    let Some(target) = target else {
        row.state = State::NoMatch;
        return Ok(row);
    };
    let (relationship, equivalence) = (text(target, "relationship"), text(target, "equivalence"));
    text(target, "code").clone_into(&mut row.target.code);
    text(target, "display").clone_into(&mut row.target.label);
    row.state = if row.has_target() { State::Accepted } else { State::NoMatch };
    if row.has_target() || equivalence != "unmatched" {
        let read = Relationship::parse(relationship).or_else(|| Relationship::from_r4_equivalence(equivalence));
        row.relationship = read.ok_or_else(|| {
            format!(
                "{:?} is no relationship (R4: equivalence)",
                [relationship, equivalence].concat()
            )
        })?;
    }
    if !row.has_target() && equivalence != "unmatched" {
        return Err("the target has no code; rows about whole value sets have no place in a mapping set".to_owned());
    }
    let made = COMMENTS.iter().any(|(_, made)| *made == text(target, "comment"));
    if !made {
        text(target, "comment").clone_into(&mut row.comment);
    }
    for (name, role) in [
        ("dependsOn", MappingAttributeRole::DependsOn),
        ("product", MappingAttributeRole::Product),
    ] {
        for given in objects(target, name) {
            match context_code(given, &declared.context) {
                Some((code, value)) if role == MappingAttributeRole::DependsOn => {
                    row.context.insert(code, value);
                }
                _ => row.attributes.extend(read_attributes(given, role)),
            }
        }
    }
    for given in objects(target, "property").filter(|given| !declared.fields.contains_key(text(given, "code"))) {
        row.attributes.extend(read_attributes(given, MappingAttributeRole::Property));
    }
    row.normalise();
    Ok(row)
}

/// Systems and versions of a group.
type Systems = [String; 4];

fn systems(row: &MappingRow) -> Systems {
    [
        &row.source.system,
        &row.source.version,
        &row.target.system,
        &row.target.version,
    ]
    .map(Clone::clone)
}

/// What is carried beside the elements, and what a bare map loses.
struct Writer {
    version: Version,
    bare: bool,
    fields: BTreeSet<String>,
    context: BTreeSet<String>,
    lost: BTreeSet<String>,
}

impl Writer {
    /// An element with one target, or none.
    fn element(&mut self, row: &MappingRow) -> Result<Object, String> {
        let mut element = Object::new();
        string(&mut element, "code", element_code(row));
        string(&mut element, "display", &row.source.label);
        let place = Place {
            source: Concept {
                system: row.source.system.clone(),
                version: row.source.version.clone(),
                code: element_code(row).to_owned(),
                label: row.source.label.clone(),
            },
            target: Concept {
                system: row.target.system.clone(),
                version: row.target.version.clone(),
                ..Concept::default()
            },
            element: &element.clone(),
        };
        let declared = Declared {
            context: row.context.keys().map(|name| (name.clone(), name.clone())).collect(),
            ..Declared::default()
        };
        let without = !row.has_target() && self.version == Version::R5;
        let mut target = target_json(row, self.version);
        let native = native_row(&place, Some(&target).filter(|_| !without), &declared)?;
        let beyond = row.beyond(&native);
        self.context
            .extend(row.context.keys().filter(|name| is_code(name) && !without).cloned());
        if self.bare {
            self.lost.extend(beyond.into_iter().map(|(name, _)| name));
        } else {
            let (properties, rest): (Vec<_>, Vec<_>) = beyond
                .into_iter()
                .partition(|(name, _)| self.version == Version::R5 && !without && is_code(name));
            self.fields.extend(properties.iter().map(|(name, _)| name.clone()));
            let native_properties = row
                .attributes
                .iter()
                .filter(|given| given.role == MappingAttributeRole::Property);
            let native_properties = native_properties.filter(|_| self.version == Version::R5);
            let mut values: Vec<Value> = native_properties.filter_map(|given| attribute(given, self.version)).collect();
            values.extend(properties.iter().map(|(name, value)| extras(name, value)));
            if !values.is_empty() && !without {
                target.insert("property".to_owned(), values.into());
            }
            let carriers: Vec<Value> = rest
                .iter()
                .map(|(name, value)| extension(&format!("{CARRIED}{}", encoded(name)), &carried(value)))
                .collect();
            if !carriers.is_empty() {
                let bearer = if without { &mut element } else { &mut target };
                bearer.insert("extension".to_owned(), carriers.into());
            }
        }
        if without {
            element.insert("noMap".to_owned(), true.into());
        } else {
            element.insert("target".to_owned(), vec![Value::from(target)].into());
        }
        Ok(element)
    }

    /// Groups in the order of their first rows; neighbours with the same source are one element.
    fn groups(&mut self, set: &MappingSet) -> Result<Vec<Value>, String> {
        let mut groups: Vec<(Systems, Vec<Object>)> = Vec::new();
        let mut places: BTreeMap<Systems, usize> = BTreeMap::new();
        for row in &set.rows {
            let key = systems(row);
            let place = *places.entry(key.clone()).or_insert(groups.len());
            if place == groups.len() {
                groups.push((key, Vec::new()));
            }
            let mut element = self.element(row)?;
            let Some((_, elements)) = groups.get_mut(place) else {
                continue;
            };
            let source = ["code", "display"].map(|name| element.get(name).cloned());
            let same = |other: &&mut Object| {
                other.contains_key("target") && ["code", "display"].map(|name| other.get(name).cloned()) == source
            };
            match (
                element.get_mut("target").and_then(Value::as_array_mut).map(std::mem::take),
                elements.last_mut().filter(same),
            ) {
                (Some(targets), Some(last)) => {
                    if let Some(known) = last.get_mut("target").and_then(Value::as_array_mut) {
                        known.extend(targets);
                    }
                }
                (Some(targets), None) => {
                    element.insert("target".to_owned(), targets.into());
                    elements.push(element);
                }
                (None, _) => elements.push(element),
            }
        }
        let mut used = BTreeSet::new();
        let groups = groups.into_iter().map(|(key, elements)| {
            let [source, source_version, target, target_version] = &key;
            let mut group = Object::new();
            for (system, version, names) in [
                (source, source_version, ["source", "sourceVersion"]),
                (target, target_version, ["target", "targetVersion"]),
            ] {
                match self.version {
                    Version::R4 => {
                        string(&mut group, names[0], system);
                        string(&mut group, names[1], version);
                    }
                    Version::R5 if version.is_empty() => string(&mut group, names[0], system),
                    Version::R5 => string(&mut group, names[0], &format!("{system}|{version}")),
                }
            }
            group.insert("element".to_owned(), elements.into_iter().map(Value::from).collect());
            let rule = set.unmapped.iter().position(|rule| {
                rule.source_system.as_deref().unwrap_or("") == source && rule.target_system.as_deref().unwrap_or("") == target
            });
            if let Some(rule) = rule.filter(|rule| used.insert(*rule)).and_then(|rule| set.unmapped.get(rule)) {
                group.insert("unmapped".to_owned(), unmapped_json(rule, self.version));
            }
            Value::from(group)
        });
        Ok(groups.collect())
    }
}

/// A name of an element in the other version: the scopes were renamed.
fn renamed(name: &str, version: Version) -> String {
    for side in ["source", "target"] {
        for kind in ["Uri", "Canonical"] {
            let (old, new) = (format!("{side}{kind}"), format!("{side}Scope{kind}"));
            if name == old || name == new {
                return if version == Version::R4 { old } else { new };
            }
        }
    }
    name.to_owned()
}

fn is_date(text: &str) -> bool {
    text.len() >= 4
        && text
            .get(..4)
            .is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()))
        && !text.contains(' ')
}

/// Renders a set; also the fields that a bare map loses.
pub(super) fn write(set: &MappingSet, version: Version, bare: bool) -> Result<(String, Vec<String>), String> {
    let mut writer = Writer {
        version,
        bare,
        fields: BTreeSet::new(),
        context: BTreeSet::new(),
        lost: BTreeSet::new(),
    };
    let groups = writer.groups(set)?;
    let mut resource = Object::new();
    resource.insert("resourceType".to_owned(), "ConceptMap".into());
    let mut carriers = Vec::new();
    let native: Vec<_> = groups.iter().filter_map(Value::as_object).filter_map(unmapped_of).collect();
    if native != set.unmapped {
        carriers.push(extension(&format!("{SET_CARRIED}unmapped"), &json!(set.unmapped).to_string()));
    }
    let dated = set.date.is_empty() || is_date(&set.date);
    if !dated {
        carriers.push(extension(&format!("{SET_CARRIED}date"), &set.date));
    }
    let foreign = |key: &str| key.strip_prefix(ELEMENT).map(|name| renamed(name, version));
    for (key, value) in set.other.iter().filter(|(key, _)| foreign(key).is_none()) {
        carriers.push(extension(&format!("{SET_CARRIED}other:{}", encoded(key)), value));
    }
    if bare {
        writer.lost.extend(
            carriers
                .iter()
                .filter_map(|carrier| Some(carrier.get("url")?.as_str()?.to_owned())),
        );
    } else if !carriers.is_empty() {
        resource.insert("extension".to_owned(), carriers.into());
    }
    for (name, value) in [
        ("url", set.id.as_str()),
        ("version", &set.version),
        ("title", &set.title),
        ("status", "draft"),
        ("date", if dated { &set.date } else { "" }),
        ("publisher", &set.publisher),
        ("description", &set.description),
        ("copyright", &set.license),
    ] {
        string(&mut resource, name, value);
    }
    for (key, value) in &set.other {
        if let (Some(name), Ok(value)) = (foreign(key), serde_json::from_str(value)) {
            resource.insert(name, value);
        }
    }
    if version == Version::R5 {
        definitions(&mut resource, &writer.fields, &writer.context);
    }
    if !groups.is_empty() {
        resource.insert("group".to_owned(), groups.into());
    }
    let mut text = serde_json::to_string_pretty(&resource).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok((text, writer.lost.into_iter().collect()))
}

/// Elements of the resource that the model has a field for, or that are made anew.
const KNOWN: [&str; 13] = [
    "resourceType",
    "url",
    "version",
    "title",
    "date",
    "publisher",
    "description",
    "copyright",
    "group",
    "property",
    "additionalAttribute",
    "extension",
    "meta",
];

/// Reads a resource.
pub(super) fn read(json: &str, shown: &str) -> Result<MappingSet, MapError> {
    let fail = |message: String| MapError::Malformed {
        path: shown.to_owned(),
        message,
    };
    let resource: Object = serde_json::from_str(json).map_err(|error| fail(error.to_string()))?;
    if text(&resource, "resourceType") != "ConceptMap" {
        return Err(fail(format!(
            "the resource is a {:?}, not a ConceptMap",
            text(&resource, "resourceType")
        )));
    }
    let owned = |name: &str| text(&resource, name).to_owned();
    let mut set = MappingSet {
        id: owned("url"),
        version: owned("version"),
        title: owned("title"),
        description: owned("description"),
        publisher: owned("publisher"),
        license: owned("copyright"),
        date: owned("date"),
        ..MappingSet::default()
    };
    let declared = declared(&resource);
    let mut faults = Vec::new();
    for (number, group) in objects(&resource, "group").enumerate() {
        set.unmapped.extend(unmapped_of(group));
        read_group(group, &format!("group[{number}]"), &declared, &mut set.rows, &mut faults);
    }
    refuse(shown, &faults)?;
    let kept = resource
        .iter()
        .filter(|(name, value)| !(KNOWN.contains(&name.as_str()) || *name == "status" && *value == "draft"));
    for (name, value) in kept {
        // The scopes are kept under their new names, so that both versions read alike.
        set.other
            .insert(format!("{ELEMENT}{}", renamed(name, Version::R5)), value.to_string());
    }
    for (url, value) in extensions(&resource) {
        match url.strip_prefix(SET_CARRIED) {
            Some("unmapped") => set.unmapped = serde_json::from_str(value).map_err(|error| fail(format!("unmapped: {error}")))?,
            Some("date") => value.clone_into(&mut set.date),
            Some(name) => {
                if let Some(name) = name.strip_prefix("other:") {
                    set.other.insert(decoded(name), value.to_owned());
                }
            }
            None => {}
        }
    }
    Ok(set)
}

fn declared(resource: &Object) -> Declared {
    let by_code = |list: &str, before: &str| -> BTreeMap<String, String> {
        objects(resource, list)
            .filter_map(|one| Some((text(one, "code").to_owned(), decoded(text(one, "uri").strip_prefix(before)?))))
            .collect()
    };
    Declared {
        context: by_code("additionalAttribute", super::concept_map_parts::CONTEXT_URI),
        fields: by_code("property", CARRIED),
    }
}

fn read_group(group: &Object, path: &str, declared: &Declared, rows: &mut Vec<MappingRow>, faults: &mut Vec<String>) {
    let side = |system: &str, version: &str| {
        let (stated, canonical) = (text(group, version), text(group, system));
        let (url, version) = canonical.split_once('|').unwrap_or((canonical, stated));
        Concept {
            system: url.to_owned(),
            version: version.to_owned(),
            ..Concept::default()
        }
    };
    for (number, element) in objects(group, "element").enumerate() {
        let path = format!("{path}.element[{number}]");
        let mut place = Place {
            source: side("source", "sourceVersion"),
            target: side("target", "targetVersion"),
            element,
        };
        text(element, "code").clone_into(&mut place.source.code);
        text(element, "display").clone_into(&mut place.source.label);
        if element.contains_key("valueSet") {
            faults.push(format!("{path}: a row about a whole value set has no place in a mapping set"));
            continue;
        }
        if place.source.code.is_empty() {
            faults.push(format!("{path}: it has no code"));
            continue;
        }
        if element.get("noMap").and_then(Value::as_bool) == Some(true) {
            match whole_row(&place, None, declared) {
                Ok(row) => rows.push(row),
                Err(fault) => faults.push(format!("{path}: {fault}")),
            }
        }
        for (number, target) in objects(element, "target").enumerate() {
            match whole_row(&place, Some(target), declared) {
                Ok(row) => rows.push(row),
                Err(fault) => faults.push(format!("{path}.target[{number}]: {fault}")),
            }
        }
    }
}

/// A row with what is carried.
fn whole_row(place: &Place, target: Option<&Object>, declared: &Declared) -> Result<MappingRow, String> {
    let mut row = native_row(place, target, declared)?;
    for (url, value) in extensions(target.unwrap_or(place.element)) {
        if let (Some(name), Some(value)) = (url.strip_prefix(CARRIED), uncarried(value)) {
            row.set(&decoded(name), value)?;
        }
    }
    for given in target.into_iter().flat_map(|target| objects(target, "property")) {
        let Some(field) = declared.fields.get(text(given, "code")) else {
            continue;
        };
        let number = given.get("valueDecimal").map(Value::to_string);
        let value = number.as_deref().unwrap_or_else(|| text(given, "valueString"));
        if let Some(value) = uncarried(value) {
            row.set(field, value)?;
        }
    }
    row.normalise();
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_the_standard_are_read() {
        let r4 = r#"{"resourceType":"ConceptMap","url":"urn:m","status":"active","sourceUri":"urn:v","group":[{"source":"urn:a","sourceVersion":"1","target":"urn:b",
            "element":[{"code":"1","display":"One","target":[{"code":"x","equivalence":"wider","dependsOn":[{"property":"urn:p","value":"5","system":"urn:s","display":"five"}]}]},
            {"code":"2","target":[{"equivalence":"unmatched","comment":"none"}]},{"code":"3"}],"unmapped":{"mode":"provided"}}]}"#;
        let set = read(r4, "x").unwrap();
        assert_eq!(set.rows.len(), 2);
        assert_eq!(set.rows[0].relationship, Relationship::SourceIsNarrowerThanTarget);
        assert_eq!((set.rows[0].source.version.as_str(), set.rows[0].attributes.len()), ("1", 1));
        assert_eq!((set.rows[1].state, set.rows[1].comment.as_str()), (State::NoMatch, "none"));
        assert_eq!(set.unmapped[0].mode, "use-source-code");
        for version in [Version::R4, Version::R5] {
            let (text, _) = write(&set, version, false).unwrap();
            assert_eq!(read(&text, "x").unwrap(), set, "{text}");
        }
        let (r5, _) = write(&set, Version::R5, true).unwrap();
        assert!(
            r5.contains("\"sourceScopeUri\"") && r5.contains("\"urn:a|1\"") && r5.contains("\"noMap\": true"),
            "{r5}"
        );
    }

    #[test]
    fn a_suggestion_is_not_stated_as_if_it_were_sure() {
        let mut row = MappingRow::default();
        "a".clone_into(&mut row.source.code);
        "b".clone_into(&mut row.target.code);
        let set = MappingSet {
            rows: vec![row],
            ..MappingSet::default()
        };
        let (r4, _) = write(&set, Version::R4, false).unwrap();
        assert!(
            r4.contains("\"relatedto\"") && !r4.contains("\"equivalence\": \"equivalent\""),
            "{r4}"
        );
        assert_eq!(read(&r4, "x").unwrap(), set);
    }

    #[test]
    fn faults_are_located() {
        for (body, part) in [
            (r#"{"resourceType":"ValueSet"}"#, "not a ConceptMap"),
            (
                r#"{"resourceType":"ConceptMap","group":[{"element":[{"valueSet":"urn:v"}]}]}"#,
                "group[0].element[0]",
            ),
            (
                r#"{"resourceType":"ConceptMap","group":[{"element":[{"code":"1","target":[{"code":"2"}]}]}]}"#,
                "element[0].target[0]",
            ),
            ("{", "EOF"),
        ] {
            let error = read(body, "m.json").unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}

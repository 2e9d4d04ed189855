//! Each rule, by a resource that breaks it and says where.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use tern_loaders::fhir::json;

fn issues(resource: &Value, version: FhirVersion) -> Vec<Issue> {
    let text = serde_json::to_string_pretty(resource).unwrap();
    let kind = ResourceKind::parse(resource["resourceType"].as_str().unwrap()).unwrap();
    validate(&json::parse(text.as_bytes()).unwrap(), kind, version)
}

/// Places of the errors.
fn errors(resource: &Value, version: FhirVersion) -> Vec<String> {
    let issues = issues(resource, version);
    let errors = issues.iter().filter(|issue| issue.severity == Severity::Error);
    errors.map(|issue| issue.expression.clone().unwrap_or_default()).collect()
}

fn with(mut resource: Value, name: &str, value: Value) -> Value {
    resource[name] = value;
    resource
}

fn code_system() -> Value {
    json!({"resourceType": "CodeSystem", "id": "c", "url": "http://example.org/c", "status": "active", "content": "complete",
        "property": [{"code": "legs", "type": "integer"}],
        "filter": [{"code": "legs", "operator": ["="], "value": "a number"}],
        "concept": [{"code": "a", "property": [{"code": "legs", "valueInteger": 4}]}]})
}

fn value_set() -> Value {
    json!({"resourceType": "ValueSet", "url": "http://example.org/v", "status": "active",
        "compose": {"include": [{"system": "http://example.org/c", "filter": [{"property": "concept", "op": "is-a", "value": "a"}]}]}})
}

fn concept_map() -> Value {
    json!({"resourceType": "ConceptMap", "url": "http://example.org/m", "status": "active",
        "group": [{"source": "http://a", "target": "http://b", "element": [{"code": "x", "target": [{"code": "y", "equivalence": "equivalent"}]}]}]})
}

fn naming_system() -> Value {
    json!({"resourceType": "NamingSystem", "name": "N", "status": "active", "kind": "codesystem", "date": "2026",
        "uniqueId": [{"type": "oid", "value": "1.2.3"}, {"type": "uri", "value": "http://example.org/c", "preferred": true}]})
}

#[test]
fn what_is_sound_has_no_errors() {
    for resource in [code_system(), value_set(), concept_map(), naming_system()] {
        assert_eq!(errors(&resource, FhirVersion::R4), Vec::<String>::new(), "{resource}");
    }
}

#[test]
fn faults_of_any_resource_are_located() {
    for (name, value) in [
        ("id", json!("a_b")),
        ("id", json!("x".repeat(65))),
        ("url", json!("http://a|1")),
        ("url", json!("relative")),
        ("url", json!(5)),
        ("status", json!("ready")),
        ("date", json!("soon")),
        ("experimental", json!("yes")),
    ] {
        let found = errors(&with(code_system(), name, value.clone()), FhirVersion::R4);
        assert!(found.contains(&format!("CodeSystem.{name}")), "{name} {value}: {found:?}");
    }
    let mut without = code_system();
    for name in ["url", "status", "content"] {
        without.as_object_mut().unwrap().remove(name);
    }
    let found = errors(&without, FhirVersion::R4);
    for name in ["url", "status"] {
        assert!(found.contains(&format!("CodeSystem.{name}")), "{found:?}");
    }
}

#[test]
fn faults_of_code_systems_are_located() {
    let concept = |concept: Value| with(code_system(), "concept", json!([{"code": "a"}, concept]));
    for (resource, place) in [
        (with(code_system(), "content", json!("all")), "CodeSystem.content"),
        (concept(json!({"code": "a"})), "CodeSystem.concept[1].code"),
        (concept(json!({"display": "no code"})), "CodeSystem.concept[1].code"),
        (
            concept(json!({"code": "b", "property": [{"code": "arms", "valueInteger": 2}]})),
            "CodeSystem.concept[1].property[0].code",
        ),
        (
            concept(json!({"code": "b", "property": [{"code": "legs", "valueString": "2"}]})),
            "CodeSystem.concept[1].property[0].valueString",
        ),
        (
            concept(json!({"code": "b", "property": [{"code": "legs", "valueInteger": 2.5}]})),
            "CodeSystem.concept[1].property[0].valueInteger",
        ),
        (
            concept(json!({"code": "b", "concept": [{"code": "b"}]})),
            "CodeSystem.concept[1].concept[0].code",
        ),
        (
            with(
                code_system(),
                "filter",
                json!([{"code": "f", "operator": ["almost"], "value": "x"}]),
            ),
            "CodeSystem.filter[0].operator",
        ),
        (
            with(code_system(), "filter", json!([{"code": "f", "operator": ["="]}])),
            "CodeSystem.filter[0].value",
        ),
        (
            with(code_system(), "property", json!([{"code": "legs", "type": "number"}])),
            "CodeSystem.property[0].type",
        ),
        (
            with(
                code_system(),
                "property",
                json!([{"code": "legs", "type": "integer"}, {"code": "legs", "type": "integer"}]),
            ),
            "CodeSystem.property[1].code",
        ),
        (
            with(code_system(), "hierarchyMeaning", json!("above")),
            "CodeSystem.hierarchyMeaning",
        ),
    ] {
        let found = errors(&resource, FhirVersion::R4);
        assert!(found.iter().any(|found| found == place), "{place}: {found:?}");
    }
}

#[test]
fn circles_are_found_where_they_are() {
    let parent = |code: &str| json!({"code": "parent", "valueCode": code});
    let circle = json!([
        {"code": "a", "property": [parent("c")]},
        {"code": "b", "property": [parent("a")]},
        {"code": "c", "property": [parent("b")]},
        {"code": "d", "property": [parent("a"), parent("b")]},
        {"code": "e", "property": [parent("nowhere")]},
    ]);
    let system = with(
        with(code_system(), "concept", circle),
        "property",
        json!([{"code": "parent", "type": "code"}]),
    );
    let found = errors(&system, FhirVersion::R4);
    assert_eq!(found.iter().filter(|place| place.ends_with("].code")).count(), 1, "{found:?}");
    assert!(found.contains(&"CodeSystem.concept[4].property[0]".to_owned()), "{found:?}");
}

#[test]
fn faults_of_value_sets_are_located() {
    let include = |include: Value| with(value_set(), "compose", json!({"include": [include]}));
    for (resource, place) in [
        (with(value_set(), "compose", json!({})), "ValueSet.compose.include"),
        (include(json!({"version": "1"})), "ValueSet.compose.include[0]"),
        (
            include(json!({"valueSet": ["http://v"], "concept": [{"code": "a"}]})),
            "ValueSet.compose.include[0]",
        ),
        (
            include(
                json!({"system": "http://c", "concept": [{"code": "a"}], "filter": [{"property": "p", "op": "=", "value": "v"}]}),
            ),
            "ValueSet.compose.include[0]",
        ),
        (
            include(json!({"system": "http://c", "concept": [{"display": "A"}]})),
            "ValueSet.compose.include[0].concept[0].code",
        ),
        (
            include(json!({"system": "http://c", "filter": [{"property": "p", "op": "like", "value": "v"}]})),
            "ValueSet.compose.include[0].filter[0].op",
        ),
        (
            include(json!({"system": "http://c", "filter": [{"property": "p", "op": "="}]})),
            "ValueSet.compose.include[0].filter[0].value",
        ),
        (
            with(
                value_set(),
                "expansion",
                json!({"timestamp": "2026", "contains": [{"code": "a"}]}),
            ),
            "ValueSet.expansion.contains[0]",
        ),
    ] {
        let found = errors(&resource, FhirVersion::R5);
        assert!(found.iter().any(|found| found == place), "{place}: {found:?}");
    }
}

#[test]
fn concept_maps_speak_the_words_of_their_version() {
    let later = json!([{"source": "http://a", "target": "http://b", "element": [{"code": "x", "target": [{"code": "y", "relationship": "equivalent"}]}]}]);
    assert_eq!(
        errors(&with(concept_map(), "group", later.clone()), FhirVersion::R5),
        Vec::<String>::new()
    );
    let place = "ConceptMap.group[0].element[0].target[0]";
    assert_eq!(
        errors(&with(concept_map(), "group", later), FhirVersion::R4),
        [format!("{place}.relationship")]
    );
    assert_eq!(errors(&concept_map(), FhirVersion::R5), [format!("{place}.equivalence")]);
    for (group, place) in [
        (json!([{"source": "http://a"}]), "ConceptMap.group[0].element"),
        (json!([{"element": [{"target": []}]}]), "ConceptMap.group[0].element[0].code"),
        (
            json!([{"element": [{"code": "x", "target": [{"code": "y", "equivalence": "alike"}]}]}]),
            "ConceptMap.group[0].element[0].target[0].equivalence",
        ),
        (
            json!([{"element": [{"code": "x", "target": [{"code": "y"}]}]}]),
            "ConceptMap.group[0].element[0].target[0].relationship",
        ),
        (
            json!([{"element": [{"code": "x"}], "unmapped": {"mode": "fixed"}}]),
            "ConceptMap.group[0].unmapped",
        ),
        (
            json!([{"element": [{"code": "x"}], "unmapped": {"mode": "use-source-code"}}]),
            "ConceptMap.group[0].unmapped.mode",
        ),
    ] {
        let found = errors(&with(concept_map(), "group", group), FhirVersion::R4);
        assert!(found.iter().any(|found| found == place), "{place}: {found:?}");
    }
}

#[test]
fn faults_of_naming_systems_are_located() {
    let id = |id: Value| with(naming_system(), "uniqueId", json!([id]));
    for (resource, place) in [
        (with(naming_system(), "kind", json!("thing")), "NamingSystem.kind"),
        (with(naming_system(), "uniqueId", json!([])), "NamingSystem.uniqueId"),
        (id(json!({"type": "oid", "value": "1.02"})), "NamingSystem.uniqueId[0].value"),
        (
            id(json!({"type": "uri", "value": "no scheme"})),
            "NamingSystem.uniqueId[0].value",
        ),
        (id(json!({"type": "uuid", "value": "1"})), "NamingSystem.uniqueId[0].value"),
        (
            id(json!({"type": "iri-stem", "value": "http://a"})),
            "NamingSystem.uniqueId[0].type",
        ),
        (id(json!({"value": "http://a"})), "NamingSystem.uniqueId[0]"),
        (
            with(
                naming_system(),
                "uniqueId",
                json!([{"type": "uri", "value": "http://a", "preferred": true}, {"type": "uri", "value": "http://b", "preferred": true}]),
            ),
            "NamingSystem.uniqueId[1]",
        ),
    ] {
        let found = errors(&resource, FhirVersion::R4);
        assert!(found.iter().any(|found| found == place), "{place}: {found:?}");
    }
    for name in ["name", "kind", "date", "status"] {
        let mut without = naming_system();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(errors(&without, FhirVersion::R4), [format!("NamingSystem.{name}")]);
    }
}

#[test]
fn a_fault_has_its_line() {
    let text = "{\n \"resourceType\": \"CodeSystem\", \"url\": \"http://a\", \"status\": \"active\", \"content\": \"complete\",\n \"concept\": [\n  {\"code\": \"a\"},\n  {\"code\": \"a\"}\n ]\n}";
    let issues = validate(
        &json::parse(text.as_bytes()).unwrap(),
        ResourceKind::CodeSystem,
        FhirVersion::R4,
    );
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert_eq!(issues[0].diagnostics.as_deref(), Some("line 5"));
}

proptest! {
    #[test]
    fn nothing_panics(name in "(concept|compose|group|uniqueId|property|filter|expansion|id|status)", text in r#"[\[\]{}":,a-z0-9 ]{0,40}"#) {
        let text = format!("{{\"{name}\":{text}}}");
        if let Ok(node) = json::parse(text.as_bytes()) {
            for kind in [ResourceKind::CodeSystem, ResourceKind::ValueSet, ResourceKind::ConceptMap, ResourceKind::NamingSystem] {
                for version in [FhirVersion::R4, FhirVersion::R5] {
                    let _ = validate(&node, kind, version);
                }
            }
        }
    }
}

//! What the server says of itself: CapabilityStatement, TerminologyCapabilities, `$versions`.
//!
//! Generated from the interactions and operations that exist and from what is loaded, never written by hand
//! beside them.

use super::FhirVersion;
use super::algorithmic;
use super::interaction::Operation;
use super::render::List;
use super::render_resource::type_name;
use super::search_parameters;
use crate::service::{ResourceKind, Terminology};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tern_index::model::{CodeSystemHeader, Content};

const FEATURE: &str = "http://hl7.org/fhir/uv/application-feature/StructureDefinition/feature";
const TEST_VERSION: &str = "http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version";
const RESOURCES_AS_PARAMETERS: &str = "http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter";
/// The version of the ecosystem's tests that the answers follow.
const TESTED_AGAINST: &str = "1.9.0";
/// Offered for every type.
const VALIDATE: &str = "http://hl7.org/fhir/OperationDefinition/Resource-validate";
/// When this version of the program was released.
const RELEASED: &str = "2026-11-22";

/// The kinds of resources in the order they are told.
pub const KINDS: [ResourceKind; 4] = [
    ResourceKind::CodeSystem,
    ResourceKind::ConceptMap,
    ResourceKind::NamingSystem,
    ResourceKind::ValueSet,
];

/// Parameters of `$expand` that are evaluated, in the order of their names.
const EXPANSION_PARAMETERS: &[&str] = &[
    "activeOnly",
    "check-system-version",
    "count",
    "default-valueset-version",
    "designation",
    "displayLanguage",
    "exclude-system",
    "excludeNested",
    "filter",
    "force-system-version",
    "includeDefinition",
    "includeDesignations",
    "offset",
    "property",
    "system-version",
    "tx-resource",
    "useSupplement",
    "valueSetVersion",
];

/// `/metadata`
pub fn capability_statement(version: FhirVersion, base: &str, writable: bool) -> Value {
    let resources = KINDS.map(|kind| {
        let operations: Vec<Value> = Operation::ALL
            .into_iter()
            .filter(|operation| operation.kind() == kind && (writable || !operation.changes_something()))
            .map(operation_json)
            .chain([json!({"name": "validate", "definition": VALIDATE})])
            .collect();
        let parameters: Vec<Value> = search_parameters::of(kind, version)
            .map(|parameter| json!({"name": parameter.name, "type": parameter.kind.as_str()}))
            .collect();
        let mut json = json!({
            "type": type_name(kind),
            "interaction": interactions(writable),
            "versioning": if writable { "versioned-update" } else { "versioned" },
            "readHistory": true,
            "updateCreate": writable,
            "conditionalCreate": writable,
            "conditionalRead": "full-support",
            "conditionalUpdate": writable,
        });
        if let Value::Object(json) = &mut json {
            let delete = if writable { "single" } else { "not-supported" };
            json.insert("conditionalDelete".into(), delete.into());
            json.insert("searchParam".into(), parameters.into());
            json.insert("operation".into(), operations.into());
        }
        json
    });
    json!({
        "resourceType": "CapabilityStatement",
        "id": "tern",
        "extension": [
            feature(TEST_VERSION, json!({"url": "value", "valueCode": TESTED_AGAINST})),
            feature(RESOURCES_AS_PARAMETERS, json!({"url": "value", "valueBoolean": true})),
        ],
        "url": format!("{base}/metadata"),
        "version": env!("CARGO_PKG_VERSION"),
        "name": "TernCapabilityStatement",
        "title": format!("tern terminology server, FHIR {}", version.short()),
        "status": "active",
        "experimental": false,
        "date": super::now(),
        "kind": "instance",
        "instantiates": ["http://hl7.org/fhir/CapabilityStatement/terminology-server"],
        "software": {"name": "tern", "version": env!("CARGO_PKG_VERSION"), "releaseDate": RELEASED},
        "implementation": {"description": "tern terminology server", "url": base},
        "fhirVersion": version.full(),
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "security": {"cors": true},
            "resource": resources,
            "interaction": [{"code": "batch"}, {"code": "history-system"}],
            "operation": [{
                "name": "versions",
                "definition": "http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions"
            }, {
                "name": "cache-control",
                "definition": "http://hl7.org/fhir/uv/tx-ecosystem/OperationDefinition/cache-control"
            }],
        }],
    })
}

/// What can be done with resources of every type.
fn interactions(writable: bool) -> Vec<Value> {
    let reads = ["read", "vread", "history-instance", "history-type", "search-type"];
    let writes = ["create", "update", "delete"];
    let offered = reads.iter().chain(writes.iter().filter(|_| writable));
    offered.map(|code| json!({"code": code})).collect()
}

fn operation_json(operation: Operation) -> Value {
    let mut json = json!({"name": operation.name(), "definition": operation.definition()});
    if let (Some(text), Value::Object(json)) = (operation.documentation(), &mut json) {
        json.insert("documentation".into(), text.into());
    }
    json
}

/// The algorithmic maps that there are, for their clients to find.
fn algorithmic_maps(terminology: &Terminology) -> Vec<Value> {
    terminology
        .algorithmic_maps()
        .into_iter()
        .map(|map| json!({"url": algorithmic::MAP, "valueCanonical": map.to_string()}))
        .collect()
}

fn feature(definition: &str, value: Value) -> Value {
    json!({"url": FEATURE, "extension": [{"url": "definition", "valueCanonical": definition}, value]})
}

/// `/metadata?mode=terminology`
pub fn terminology_capabilities(terminology: &Terminology, version: FhirVersion, base: &str, writable: bool) -> Value {
    let mut systems: BTreeMap<String, Vec<CodeSystemHeader>> = BTreeMap::new();
    for header in terminology
        .code_system_headers()
        .into_iter()
        .chain(terminology.grammar_headers())
    {
        if header.content != Content::Supplement {
            systems.entry(header.url.clone()).or_default().push(header);
        }
    }
    let systems: Vec<Value> = systems
        .into_iter()
        .map(|(url, versions)| code_system(terminology, &url, &versions, version))
        .collect();
    let mut json = json!({
        "resourceType": "TerminologyCapabilities",
        "id": "tern-terminology",
        "url": format!("{base}/metadata?mode=terminology"),
        "version": env!("CARGO_PKG_VERSION"),
        "name": "TernTerminologyCapabilities",
        "title": format!("tern terminology server, FHIR {}", version.short()),
        "status": "active",
        "date": super::now(),
        "kind": "instance",
        "software": {"name": "tern", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "tern terminology server", "url": base},
        "lockedDate": false,
    });
    if let Value::Object(json) = &mut json {
        if !systems.is_empty() {
            json.insert("codeSystem".into(), systems.into());
        }
        let parameters: Vec<Value> = EXPANSION_PARAMETERS.iter().map(|name| json!({"name": name})).collect();
        json.insert(
            "expansion".into(),
            json!({"hierarchical": true, "paging": true, "incomplete": false, "parameter": parameters}),
        );
        json.insert("codeSearch".into(), "all".into());
        json.insert("validateCode".into(), json!({"translations": true}));
        let mut translation = json!({"needsMap": false});
        let maps = algorithmic_maps(terminology);
        if let (false, Value::Object(translation)) = (maps.is_empty(), &mut translation) {
            translation.insert("extension".into(), maps.into());
        }
        json.insert("translation".into(), translation);
        if writable {
            // Closure tables relate codes of one code system only.
            json.insert("closure".into(), json!({"translation": false}));
        }
    }
    json
}

fn code_system(terminology: &Terminology, url: &str, headers: &[CodeSystemHeader], version: FhirVersion) -> Value {
    let latest = terminology.code_system_versions(url).pop();
    let versions = headers.iter().map(|header| {
        let mut json = Map::new();
        if let Some(own) = &header.version {
            json.insert("code".into(), own.as_str().into());
        }
        json.insert("isDefault".into(), (header.version == latest).into());
        json.insert("compositional".into(), header.compositional.into());
        if let Some(language) = &header.language {
            json.insert("language".into(), json!([language]));
        }
        let filters: Vec<Value> = header
            .filters
            .iter()
            .map(|filter| json!({"code": filter.code, "op": filter.operators}))
            .collect();
        if !filters.is_empty() {
            json.insert("filter".into(), filters.into());
        }
        let properties: Vec<&str> = header.properties.iter().map(|property| property.code.as_str()).collect();
        if !properties.is_empty() {
            json.insert("property".into(), properties.into());
        }
        Value::Object(json)
    });
    let mut json = Map::new();
    json.insert("uri".into(), url.into());
    json.insert("version".into(), versions.collect());
    if version == FhirVersion::R5 {
        let content = headers.first().map_or(Content::NotPresent, |header| header.content);
        json.insert("content".into(), content.as_str().into());
    }
    json.insert("subsumption".into(), true.into());
    json.into()
}

/// `/$versions`
pub fn versions(version: FhirVersion, both: bool) -> Value {
    let mut list = List::default();
    let offered = if both {
        &[FhirVersion::R4, FhirVersion::R5][..]
    } else {
        &[version][..]
    };
    for offered in offered {
        list.value("version", "Code", offered.short());
    }
    list.value("default", "Code", version.short());
    list.into_resource()
}

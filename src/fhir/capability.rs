//! What the server says of itself: CapabilityStatement, TerminologyCapabilities, `$versions`.
//!
//! Generated from the interactions and operations that exist and from what is loaded, never written by hand
//! beside them.

use super::FhirVersion;
use super::algorithmic;
use super::interaction::Operation;
use super::operations::{self, Defined};
use super::render::List;
use super::render_resource::type_name;
use super::search_parameters;
use crate::grammars;
use crate::service::{ResourceKind, Terminology};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use tern_index::model::{CodeSystemHeader, Content};

const FEATURE: &str = "http://hl7.org/fhir/uv/application-feature/StructureDefinition/feature";
const TEST_VERSION: &str = "http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version";
const RESOURCES_AS_PARAMETERS: &str = "http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter";
/// The version of the ecosystem's tests that the answers follow.
const TESTED_AGAINST: &str = "1.9.0";
/// When this version of the program was released.
const RELEASED: &str = "2026-11-22";

/// The forms of patches.
const PATCHES: &[&str] = &[super::JSON_PATCH, "application/fhir+json", "application/fhir+xml"];

/// The kinds of resources in the order they are told.
pub const KINDS: [ResourceKind; 4] = [
    ResourceKind::CodeSystem,
    ResourceKind::ConceptMap,
    ResourceKind::NamingSystem,
    ResourceKind::ValueSet,
];

/// Operators of filters by the code itself, whatever the code system.
const ON_CODES: &[&str] = &["=", "in", "not-in", "regex", "exists"];
/// Operators of filters by the place in a hierarchy.
const IN_HIERARCHY: &[&str] = &["is-a", "descendent-of", "is-not-a", "generalizes"];
/// The same, which R4 does not have.
const IN_HIERARCHY_LATER: &[&str] = &["child-of", "descendent-leaf"];
/// What a filter may be about that is no property.
const NO_PROPERTIES: &[&str] = &["concept", "code", "display", "parent", "child", "ancestor", "descendant"];
/// What loads code systems that declare filters of which they do not say what they mean.
const RESOURCES: &str = "fhir";

/// When the server came up: what it says of itself is of that instant, and the same until it goes down.
static STARTED: LazyLock<String> = LazyLock::new(super::now);

/// `/metadata`
pub fn capability_statement(version: FhirVersion, base: &str, writable: bool) -> Value {
    let resources = KINDS.map(|kind| {
        let operations: Vec<Value> = Operation::ALL
            .into_iter()
            .filter(|operation| operation.kind() == kind && (writable || !operation.changes_something()))
            .map(Defined::OfType)
            .chain([Defined::Validate])
            .map(|defined| operation_json(defined, base))
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
            if version == FhirVersion::R5 {
                json.insert("conditionalPatch".into(), writable.into());
            }
            json.insert("conditionalDelete".into(), delete.into());
            let references: Vec<String> = search_parameters::references(kind)
                .filter(|parameter| parameter.is_of(version))
                .map(|parameter| format!("{}:{}", type_name(kind), parameter.name))
                .collect();
            json.insert("searchInclude".into(), references.into());
            json.insert("searchParam".into(), parameters.into());
            json.insert("operation".into(), operations.into());
        }
        json
    });
    let resources: Vec<Value> = resources.into_iter().chain([definitions()]).collect();
    let mut statement = json!({
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
        "date": STARTED.as_str(),
        "kind": "instance",
        "instantiates": ["http://hl7.org/fhir/CapabilityStatement/terminology-server"],
        "software": {"name": "tern", "version": env!("CARGO_PKG_VERSION"), "releaseDate": RELEASED},
        "implementation": {"description": "tern terminology server", "url": base},
        "fhirVersion": version.full(),
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "patchFormat": PATCHES,
        "rest": [{
            "mode": "server",
            "security": {"cors": true},
            "resource": resources,
            "interaction": [{"code": "batch"}, {"code": "transaction"}, {"code": "history-system"}],
            "operation": server_operations(writable, base),
        }],
    });
    if let (false, Value::Object(statement)) = (writable, &mut statement) {
        statement.shift_remove("patchFormat");
    }
    statement
}

fn server_operations(writable: bool, base: &str) -> Vec<Value> {
    // The only one of a type that the standard calls on the server.
    let closure = writable.then_some(Defined::OfType(Operation::Closure));
    let all = [Defined::Versions, Defined::CacheControl].into_iter().chain(closure);
    all.map(|defined| operation_json(defined, base)).collect()
}

/// What can be done with resources of every type.
fn interactions(writable: bool) -> Vec<Value> {
    let reads = ["read", "vread", "history-instance", "history-type", "search-type"];
    let writes = ["create", "update", "patch", "delete"];
    let offered = reads.iter().chain(writes.iter().filter(|_| writable));
    offered.map(|code| json!({"code": code})).collect()
}

/// An operation with its definition, which lists its parameters.
fn operation_json(defined: Defined, base: &str) -> Value {
    let mut json = json!({"name": defined.code(), "definition": defined.url(base)});
    if let (Defined::OfType(operation), Value::Object(json)) = (defined, &mut json)
        && let Some(text) = operation.documentation()
    {
        json.insert("documentation".into(), text.into());
    }
    json
}

/// The definitions of operations, which are resources that can be read.
fn definitions() -> Value {
    let searched = operations::SEARCHED.iter();
    let searched: Vec<Value> = searched.map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    json!({
        "type": "OperationDefinition",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": searched,
    })
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
        "date": STARTED.as_str(),
        "kind": "instance",
        "software": {"name": "tern", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "tern terminology server", "url": base},
        "lockedDate": true,
    });
    if let Value::Object(json) = &mut json {
        if !systems.is_empty() {
            json.insert("codeSystem".into(), systems.into());
        }
        let parameters = operations::expansion_parameters().into_iter();
        let parameters: Vec<Value> = parameters.map(|name| json!({"name": name})).collect();
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
        let languages = languages(terminology, header);
        if !languages.is_empty() {
            json.insert("language".into(), languages.into());
        }
        let filters = filters(header, version);
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

/// The languages of displays: of a release those that its index has, of a small resource that which it declares.
fn languages(terminology: &Terminology, header: &CodeSystemHeader) -> Vec<String> {
    let mut languages: BTreeSet<String> = header.language.iter().cloned().collect();
    if header.loader != RESOURCES
        && let Ok(index) = terminology.code_system(&header.url, header.version.as_deref())
    {
        languages.extend(index.languages().map(str::to_owned));
    }
    languages.into_iter().collect()
}

/// The filters that value sets may use: by code, by hierarchy, by each property, and those of the code system's own.
fn filters(header: &CodeSystemHeader, version: FhirVersion) -> Vec<Value> {
    if matches!(header.content, Content::NotPresent) {
        return Vec::new();
    }
    // A grammar is asked by what it declares; it has no list that could be searched.
    let grammar = grammars::by_url(&header.url).filter(|grammar| grammar.all().is_none());
    let mut filters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let concept = filters.entry("concept").or_default();
    if grammar.is_none() {
        concept.extend(ON_CODES);
    }
    if header.hierarchy_meaning.is_some() {
        concept.extend(IN_HIERARCHY);
        concept.extend(IN_HIERARCHY_LATER.iter().filter(|_| version == FhirVersion::R5));
    }
    for property in &header.properties {
        filters.insert(&property.code, ON_CODES.to_vec());
    }
    let means_something = |code: &str| {
        header.loader != RESOURCES
            || grammar.is_some()
            || NO_PROPERTIES.contains(&code)
            || header.properties.iter().any(|property| property.code == code)
    };
    for filter in header.filters.iter().filter(|filter| means_something(&filter.code)) {
        let known = filters.entry(&filter.code).or_default();
        for operator in &filter.operators {
            let earlier = version == FhirVersion::R5 || !IN_HIERARCHY_LATER.contains(&operator.as_str());
            if earlier && !known.contains(&operator.as_str()) {
                known.push(operator);
            }
        }
    }
    let filters = filters.into_iter().filter(|(_, operators)| !operators.is_empty());
    filters
        .map(|(code, operators)| json!({"code": code, "op": operators}))
        .collect()
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

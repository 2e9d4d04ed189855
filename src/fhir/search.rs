//! Search of resources: its parameters, and the Bundle of a page with links to its neighbours.

use super::FhirVersion;
use super::capability::SEARCH_PARAMETERS;
use super::outcome::{Refusal, RefusalKind};
use super::parameters::{ParameterError, Parameters};
use super::query::encode;
use super::render_resource::{resource, type_name};
use crate::service::{ResourceKind, ResourceQuery, Terminology};
use serde_json::{Map, Value, json};

/// Resources on a page where the client names no number.
const PAGE: usize = 50;

/// How much of each resource is wanted (`_summary`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summary {
    Whole,
    Described,
    Text,
    Data,
    Count,
}

/// A search as asked for.
#[derive(Debug)]
pub struct Search {
    query: ResourceQuery,
    count: usize,
    offset: usize,
    summary: Summary,
    elements: Vec<String>,
    /// The parameters that were used, for links.
    used: Vec<(String, String)>,
}

/// What a page needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// URL of the FHIR endpoint.
    pub base: &'p str,
    /// Shapes.
    pub version: FhirVersion,
    /// More resources are never on one page.
    pub largest_page: usize,
    /// Rows of a concept map that are written out.
    pub map_rows: usize,
}

/// Reads the parameters of a search. Unknown ones are ignored, or refused with `strict`.
pub fn read(parameters: &Parameters, strict: bool, largest_page: usize) -> Result<Search, Refusal> {
    let mut used = Vec::new();
    for (name, _) in SEARCH_PARAMETERS {
        if let Some(value) = parameters.text(&[name])? {
            used.push(((*name).to_owned(), value));
        }
    }
    let mut exact = false;
    for name in ["name:exact", "title:exact"] {
        if let Some(value) = parameters.text(&[name])? {
            exact = true;
            used.push((name.to_owned(), value));
        }
    }
    let value = |wanted: &str| {
        let found = used.iter().find(|(name, _)| name.split(':').next() == Some(wanted));
        found.map(|(_, value)| value.clone())
    };
    let query = ResourceQuery {
        id: value("_id"),
        url: value("url"),
        version: value("version"),
        name: value("name"),
        title: value("title"),
        publisher: value("publisher"),
        // A token may be written with an empty system.
        status: value("status").map(|status| status.trim_start_matches('|').to_owned()),
        exact,
    };
    let summary = match parameters.text(&["_summary"])?.as_deref() {
        None | Some("false") => Summary::Whole,
        Some("true") => Summary::Described,
        Some("text") => Summary::Text,
        Some("data") => Summary::Data,
        Some("count") => Summary::Count,
        Some(other) => {
            return Err(ParameterError::Invalid {
                name: "_summary".into(),
                message: format!("'_summary' must be true, false, text, data or count, but '{other}' was given"),
            }
            .into());
        }
    };
    let elements = parameters.texts(&["_elements"])?;
    let elements = elements.iter().flat_map(|list| list.split(','));
    let search = Search {
        query,
        count: parameters.count("_count")?.unwrap_or(PAGE).min(largest_page),
        offset: parameters.count("_offset")?.unwrap_or(0),
        summary,
        elements: elements
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect(),
        used,
    };
    if strict {
        let known = |name: &str| SEARCH_PARAMETERS.iter().any(|(known, _)| *known == name) || name.ends_with(":exact");
        if let Some(name) = parameters.names().find(|name| !known(name) && !CONTROLS.contains(name)) {
            return Err(ParameterError::Unknown { name: name.to_owned() }.into());
        }
    }
    Ok(search)
}

const CONTROLS: &[&str] = &["_count", "_offset", "_summary", "_elements", "_format", "_pretty", "_total"];

/// Searches, and answers with a Bundle.
pub fn search(terminology: &Terminology, kind: ResourceKind, search: &Search, place: Place<'_>) -> Result<Value, Refusal> {
    // Of a page without entries only the total matters; the service reads 0 as "all".
    let none = search.count == 0 || search.summary == Summary::Count;
    let limit = if none { 1 } else { search.count };
    let (found, total) = terminology.search_resources(kind, &search.query, search.offset.min(1 << 32), limit);
    let mut bundle = json!({
        "resourceType": "Bundle",
        "id": uuid::Uuid::new_v4().to_string(),
        "meta": {"lastUpdated": super::now()},
        "type": "searchset",
        "total": total,
        "link": links(kind, search, total, place),
    });
    if none {
        return Ok(bundle);
    }
    let mut entries = Vec::with_capacity(found.len());
    for entry in &found {
        let json = reduce(resource(entry, place.version, place.map_rows)?, search);
        entries.push(json!({
            "fullUrl": format!("{}/{}/{}", place.base, type_name(kind), entry.id),
            "resource": json,
            "search": {"mode": "match"},
        }));
    }
    if let (false, Value::Object(bundle)) = (entries.is_empty(), &mut bundle) {
        bundle.insert("entry".into(), entries.into());
    }
    Ok(bundle)
}

fn links(kind: ResourceKind, search: &Search, total: usize, place: Place<'_>) -> Vec<Value> {
    let link = |relation: &str, offset: usize| {
        let mut pairs: Vec<String> = search
            .used
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let summary = match search.summary {
            Summary::Whole => None,
            Summary::Described => Some("true"),
            Summary::Text => Some("text"),
            Summary::Data => Some("data"),
            Summary::Count => Some("count"),
        };
        pairs.extend(summary.map(|summary| format!("_summary={summary}")));
        if !search.elements.is_empty() {
            pairs.push(format!("_elements={}", encode(&search.elements.join(","))));
        }
        pairs.push(format!("_count={}", search.count));
        if offset > 0 {
            pairs.push(format!("_offset={offset}"));
        }
        json!({"relation": relation, "url": format!("{}/{}?{}", place.base, type_name(kind), pairs.join("&"))})
    };
    let mut links = vec![link("self", search.offset)];
    if search.count == 0 || search.summary == Summary::Count {
        return links;
    }
    links.push(link("first", 0));
    if search.offset > 0 {
        links.push(link("previous", search.offset.saturating_sub(search.count)));
    }
    let next = search.offset.saturating_add(search.count);
    if next < total {
        links.push(link("next", next));
    }
    links
}

/// Elements that every resource keeps: without them it would be no resource of its type.
const MANDATORY: &[&str] = &["resourceType", "id", "meta", "status", "content", "url"];

/// Elements that a summary leaves out.
const LONG: &[&str] = &[
    "text",
    "contained",
    "concept",
    "compose",
    "expansion",
    "group",
    "description",
    "purpose",
    "copyright",
    "extension",
];

fn reduce(json: Value, search: &Search) -> Value {
    let Value::Object(mut json) = json else { return json };
    let before = json.len();
    let listed = |name: &str| search.elements.iter().any(|element| element.split('.').next() == Some(name));
    json.retain(|name, _| {
        let kept = match search.summary {
            Summary::Whole => true,
            Summary::Described => !LONG.contains(&name.as_str()),
            Summary::Text => name == "text" || MANDATORY.contains(&name.as_str()),
            Summary::Data => name != "text",
            Summary::Count => false,
        };
        kept && (search.elements.is_empty() || MANDATORY.contains(&name.as_str()) || listed(name))
    });
    if json.len() < before {
        tag_as_subset(&mut json);
    }
    json.into()
}

/// FHIR asks to mark a resource that is not whole, so that nobody stores it as if it were.
fn tag_as_subset(json: &mut Map<String, Value>) {
    let tag = json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"});
    let meta = json.entry("meta").or_insert_with(|| json!({}));
    if let Value::Object(meta) = meta {
        match meta.get_mut("tag") {
            Some(Value::Array(tags)) => tags.push(tag),
            _ => {
                meta.insert("tag".into(), json!([tag]));
            }
        }
    }
}

/// What a search of something that cannot be searched is told.
pub fn unsupported(resource_type: &str) -> Refusal {
    Refusal::new(
        RefusalKind::NotFound,
        format!("'{resource_type}' is no resource type of this server; it has CodeSystem, ConceptMap and ValueSet"),
    )
}

//! Search of resources: its parameters, and the Bundle of a page with links to its neighbours.

use super::FhirVersion;
use super::chain::{self, Chain};
use super::hint;
use super::include::{self, Include, KINDS};
use super::outcome::{Refusal, RefusalKind, operation_outcome};
use super::parameters::{ParameterError, Parameters};
use super::query::encode;
use super::render_resource::{resource, type_name};
use super::search_parameters;
use crate::service::{Issue, ResourceKind, ResourceQuery, Severity, Terminology};
use crate::stop::Stopped;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeSet;

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

/// Whether the total is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Total {
    Told,
    LeftOut,
}

/// A search as asked for.
#[derive(Debug)]
pub struct Search {
    query: ResourceQuery,
    /// Conditions that ask for other resources first.
    chains: Vec<Chain>,
    count: usize,
    offset: usize,
    summary: Summary,
    total: Total,
    elements: Vec<String>,
    /// What comes along.
    includes: Vec<Include>,
    /// The parameters that were used, for links.
    used: Vec<(String, String)>,
    /// What was not understood and left out.
    ignored: Vec<String>,
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
pub fn read(kind: ResourceKind, parameters: &Parameters, strict: bool, largest_page: usize) -> Result<Search, Refusal> {
    let mut search = Search {
        query: ResourceQuery::default(),
        chains: Vec::new(),
        count: parameters.count("_count")?.unwrap_or(PAGE).min(largest_page),
        offset: parameters.count("_offset")?.unwrap_or(0),
        summary: summary(parameters)?,
        total: match parameters.text(&["_total"])?.as_deref() {
            None | Some("accurate" | "estimate") => Total::Told,
            Some("none") => Total::LeftOut,
            Some(other) => return Err(invalid("_total", "none, estimate or accurate", other)),
        },
        elements: elements(parameters)?,
        includes: Vec::new(),
        used: Vec::new(),
        ignored: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    for name in parameters.names().filter(|name| seen.insert(*name)) {
        for value in parameters.texts(&[name])? {
            // An empty value asks nothing.
            if !value.is_empty() {
                search.take(kind, name, value)?;
            }
        }
    }
    match search.ignored.first() {
        Some(name) if strict => Err(ParameterError::Unknown { name: name.clone() }.into()),
        _ => Ok(search),
    }
}

fn invalid(name: &str, expected: &str, given: &str) -> Refusal {
    let message = format!("'{name}' must be {expected}, but '{given}' was given");
    let name = name.to_owned();
    ParameterError::Invalid { name, message }.into()
}

fn summary(parameters: &Parameters) -> Result<Summary, Refusal> {
    match parameters.text(&["_summary"])?.as_deref() {
        None | Some("false") => Ok(Summary::Whole),
        Some("true") => Ok(Summary::Described),
        Some("text") => Ok(Summary::Text),
        Some("data") => Ok(Summary::Data),
        Some("count") => Ok(Summary::Count),
        Some(other) => Err(invalid("_summary", "true, false, text, data or count", other)),
    }
}

impl Search {
    /// What conditional interactions look for: only conditions, of which there must be at least one.
    pub fn conditional(kind: ResourceKind, query: &str) -> Result<Self, Refusal> {
        let search = read(kind, &Parameters::from_query(query)?, true, PAGE)?;
        if search.query.conditions.is_empty() && search.chains.is_empty() {
            let text = "a condition must name at least one search parameter".to_owned();
            return Err(ParameterError::Missing(text).into());
        }
        Ok(search)
    }

    /// Ids of the resources found, at most two: more make no difference to a condition.
    pub fn ids(&self, terminology: &Terminology, kind: ResourceKind) -> Result<Vec<String>, Refusal> {
        let query = self.asked(terminology, kind)?;
        let (found, _) = terminology.search_resources(kind, &query, 0, 2)?;
        Ok(found.into_iter().map(|entry| entry.id).collect())
    }

    /// The query with the conditions that chains come to.
    fn asked(&self, terminology: &Terminology, kind: ResourceKind) -> Result<Cow<'_, ResourceQuery>, Stopped> {
        if self.chains.is_empty() {
            return Ok(Cow::Borrowed(&self.query));
        }
        let mut query = self.query.clone();
        for chain in &self.chains {
            query.conditions.push(chain.condition(terminology, kind)?);
        }
        Ok(Cow::Owned(query))
    }

    fn take(&mut self, kind: ResourceKind, name: &str, value: String) -> Result<(), Refusal> {
        if name == "_sort" {
            self.sort(kind, &value);
        } else if ["_include", "_revinclude"].contains(&name.split(':').next().unwrap_or(name)) {
            self.includes.extend(Include::read(name, &value, kind)?);
            self.used.push((name.to_owned(), value));
        } else if let Some(refusal) = not_offered(name) {
            return Err(refusal);
        } else if chain::is_chain(name) {
            self.chains.push(Chain::read(kind, name, &value)?);
            self.used.push((name.to_owned(), value));
        } else if !CONTROLS.contains(&name) {
            let (plain, modifier) = name
                .split_once(':')
                .map_or((name, None), |(name, modifier)| (name, Some(modifier)));
            let Some(parameter) = search_parameters::named(kind, plain) else {
                self.ignored.push(name.to_owned());
                return Ok(());
            };
            self.query.conditions.push(parameter.condition(modifier, &value)?);
            self.used.push((name.to_owned(), value));
        }
        Ok(())
    }

    fn sort(&mut self, kind: ResourceKind, list: &str) {
        let mut used = Vec::new();
        for key in list.split(',').map(str::trim).filter(|key| !key.is_empty()) {
            let name = key.trim_start_matches('-');
            match search_parameters::named(kind, name) {
                Some(parameter) => {
                    self.query.sort.push((parameter.element, key.starts_with('-')));
                    used.push(key);
                }
                None => self.ignored.push(format!("_sort={key}")),
            }
        }
        if !used.is_empty() {
            self.used.push(("_sort".to_owned(), used.join(",")));
        }
    }
}

/// What cannot be left out without answering another question than was asked.
fn not_offered(name: &str) -> Option<Refusal> {
    let plain = name.split(':').next().unwrap_or(name);
    if !["_filter", "_query", "_list", "_in", "_text", "_content"].contains(&plain) {
        return None;
    }
    let text = format!(
        "the search parameter '{name}' is not supported: it is not answered here; search by the parameters that /metadata lists"
    );
    Some(Refusal::new(RefusalKind::NotSupported, text))
}

/// Parameters that ask how, not what.
const CONTROLS: &[&str] = &["_count", "_offset", "_summary", "_elements", "_format", "_pretty", "_total"];

/// Searches, and answers with a Bundle.
pub fn search(terminology: &Terminology, kind: ResourceKind, search: &Search, place: Place<'_>) -> Result<Value, Refusal> {
    // Of a page without entries only the total matters; the service reads 0 as "all".
    let none = search.count == 0 || search.summary == Summary::Count;
    let limit = if none { 1 } else { search.count };
    let query = search.asked(terminology, kind)?;
    let (found, total) = terminology.search_resources(kind, &query, search.offset.min(1 << 32), limit)?;
    let mut bundle = json!({
        "resourceType": "Bundle",
        "id": uuid::Uuid::new_v4().to_string(),
        "meta": {"lastUpdated": super::now()},
        "type": "searchset",
        "total": total,
        "link": links(kind, search, total, place),
    });
    if let (Total::LeftOut, Value::Object(bundle)) = (search.total, &mut bundle) {
        bundle.shift_remove("total");
    }
    if none {
        return Ok(bundle);
    }
    let mut entries = Vec::with_capacity(found.len());
    for entry in &found {
        let json = reduce(
            resource(entry, place.version, place.map_rows)?,
            search.summary,
            &search.elements,
        );
        entries.push(json!({
            "fullUrl": format!("{}/{}/{}", place.base, type_name(kind), entry.id),
            "resource": json,
            "search": {"mode": "match"},
        }));
    }
    for entry in include::follow(terminology, &search.includes, &found)? {
        let json = resource(&entry, place.version, place.map_rows)?;
        entries.push(json!({
            "fullUrl": format!("{}/{}/{}", place.base, type_name(entry.kind), entry.id),
            "resource": reduce(json, search.summary, &search.elements),
            "search": {"mode": "include"},
        }));
    }
    if !search.ignored.is_empty() {
        entries.push(json!({"resource": ignored(&search.ignored), "search": {"mode": "outcome"}}));
    }
    if let (false, Value::Object(bundle)) = (entries.is_empty(), &mut bundle) {
        bundle.insert("entry".into(), entries.into());
    }
    Ok(bundle)
}

/// What the client is told of parameters that were left out.
fn ignored(names: &[String]) -> Value {
    let issue = |name: &String| Issue {
        severity: Severity::Warning,
        code: "not-supported",
        detail: None,
        message_id: None,
        text: format!(
            "the search parameter '{name}' is not known here and was ignored; the link 'self' has those that were used"
        ),
        expression: Some(format!("http.{name}")),
        diagnostics: None,
    };
    let issues: Vec<Issue> = names.iter().map(issue).collect();
    operation_outcome(&issues)
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
        if search.total == Total::LeftOut {
            pairs.push("_total=none".to_owned());
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
    // The pages are those that one comes to from the first.
    let last = total.saturating_sub(1) / search.count * search.count;
    if search.offset > 0 {
        links.push(link("previous", search.offset.saturating_sub(search.count).min(last)));
    }
    let next = search.offset.saturating_add(search.count);
    if next < total {
        links.push(link("next", next));
    }
    links.push(link("last", last));
    links
}

/// Elements that every resource keeps: without them it would be no resource of its type.
const MANDATORY: &[&str] = &["resourceType", "id", "meta", "status", "content", "url", "kind", "uniqueId"];

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
    "usage",
    "responsible",
    "extension",
];

/// The part of a resource that a read asks for with `_summary` and `_elements`.
pub(super) fn shortened(json: Value, parameters: &Parameters) -> Result<Value, Refusal> {
    let summary = match summary(parameters)? {
        Summary::Count => return Err(invalid("_summary", "true, false, text or data in a read", "count")),
        summary => summary,
    };
    Ok(reduce(json, summary, &elements(parameters)?))
}

fn elements(parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let lists = parameters.texts(&["_elements"])?;
    let names = lists.iter().flat_map(|list| list.split(',')).map(str::trim);
    Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn reduce(json: Value, summary: Summary, elements: &[String]) -> Value {
    let Value::Object(mut json) = json else { return json };
    let before = json.len();
    let listed = |name: &str| elements.iter().any(|element| element.split('.').next() == Some(name));
    json.retain(|name, _| {
        let kept = match summary {
            Summary::Whole => true,
            Summary::Described => !LONG.contains(&name.as_str()),
            Summary::Text => name == "text" || MANDATORY.contains(&name.as_str()),
            Summary::Data => name != "text",
            Summary::Count => false,
        };
        kept && (elements.is_empty() || MANDATORY.contains(&name.as_str()) || listed(name))
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
    let near = hint::near(resource_type, KINDS.map(type_name));
    Refusal::new(
        RefusalKind::NotFound,
        format!(
            "'{resource_type}' is no resource type of this server{near}; it has CodeSystem, ConceptMap, NamingSystem and ValueSet"
        ),
    )
}

//! Reading and searching what is loaded as FHIR resources: code systems, value sets, concept maps.
//!
//! It finds and describes; the `fhir` room renders. Resources kept whole come back as they were loaded; indexed
//! releases come back as the opened index, whose header says all that a resource without its concepts says.

use super::catalogue::{Entry, Kept};
use super::terminology::{ResourceKind, Terminology};
use super::version;
use std::sync::Arc;
use tern_index::model::Canonical;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::text::fold;
use tern_index::value_set::ValueSet;
use tern_loaders::fhir::summary::Summary;

/// What to look for; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceQuery {
    /// `_id`
    pub id: Option<String>,
    /// `url`, exactly.
    pub url: Option<String>,
    /// `version`, exactly or as a pattern.
    pub version: Option<String>,
    /// `name`: the beginning, whatever the case; with `exact` the whole.
    pub name: Option<String>,
    /// `title`: the beginning, whatever the case; with `exact` the whole.
    pub title: Option<String>,
    /// `publisher`: the beginning, whatever the case.
    pub publisher: Option<String>,
    /// `status`
    pub status: Option<String>,
    /// `name:exact`, `title:exact`: compare the whole text and its case.
    pub exact: bool,
}

/// A resource found.
#[derive(Debug, Clone)]
pub struct ResourceEntry {
    /// Its type.
    pub kind: ResourceKind,
    /// The id by which it can be read; made from name and version where the release has none.
    pub id: String,
    /// What lists show of it.
    pub summary: Summary,
    /// What it is.
    pub body: ResourceBody,
}

/// The content of a resource found.
#[derive(Debug, Clone)]
pub enum ResourceBody {
    /// The resource as it was loaded: JSON, complete.
    Json(String),
    /// An indexed code system.
    CodeSystem(Arc<CodeSystemIndex>),
    /// A value set in memory; its `resource` is the JSON where it came as such.
    ValueSet(Arc<ValueSet>),
    /// An indexed concept map.
    ConceptMap(Arc<ConceptMapIndex>),
}

trait Body: Kept {
    const KIND: ResourceKind;
    fn body(content: Arc<Self>) -> ResourceBody;
}

impl Body for CodeSystemIndex {
    const KIND: ResourceKind = ResourceKind::CodeSystem;
    fn body(content: Arc<Self>) -> ResourceBody {
        ResourceBody::CodeSystem(content)
    }
}

impl Body for ValueSet {
    const KIND: ResourceKind = ResourceKind::ValueSet;
    fn body(content: Arc<Self>) -> ResourceBody {
        ResourceBody::ValueSet(content)
    }
}

impl Body for ConceptMapIndex {
    const KIND: ResourceKind = ResourceKind::ConceptMap;
    fn body(content: Arc<Self>) -> ResourceBody {
        ResourceBody::ConceptMap(content)
    }
}

impl Terminology {
    /// Resources of a type that answer to a query, by URL and version, those of the request first: at most `limit`
    /// (0 for all) from `offset` on, and how many there are in all.
    pub fn search_resources(
        &self,
        kind: ResourceKind,
        query: &ResourceQuery,
        offset: usize,
        limit: usize,
    ) -> (Vec<ResourceEntry>, usize) {
        let page = |total: usize| offset.min(total)..if limit == 0 { total } else { (offset + limit).min(total) };
        macro_rules! search {
            ($shelves:expr) => {{
                let found: Vec<_> = self
                    .layers()
                    .iter()
                    .flat_map($shelves)
                    .flat_map(|shelf| match &query.url {
                        Some(url) => shelf.versions(url).iter().collect::<Vec<_>>(),
                        None => shelf.all().collect(),
                    })
                    .filter(|entry| answers(entry, query))
                    .collect();
                let shown = page(found.len()).filter_map(|place| found.get(place).and_then(|entry| resource(entry)));
                (shown.collect(), found.len())
            }};
        }
        match kind {
            ResourceKind::CodeSystem => search!(|layer| [&layer.code_systems]),
            ResourceKind::ValueSet => search!(|layer| [&layer.value_sets]),
            ResourceKind::ConceptMap => search!(|layer| [&layer.concept_maps, layer.algorithmic()]),
        }
    }

    /// Canonicals of the algorithmic maps.
    pub fn algorithmic_maps(&self) -> Vec<Canonical> {
        let entries = self.layers().iter().flat_map(|layer| layer.algorithmic().all());
        entries
            .map(|entry| Canonical::new(&entry.url, entry.version.clone()))
            .collect()
    }

    /// The resource with this id.
    pub fn read_resource(&self, kind: ResourceKind, id: &str) -> Option<ResourceEntry> {
        let query = ResourceQuery {
            id: Some(id.to_owned()),
            ..ResourceQuery::default()
        };
        self.search_resources(kind, &query, 0, 1).0.into_iter().next()
    }
}

fn resource<T: Body>(entry: &Entry<T>) -> Option<ResourceEntry> {
    let body = match entry.json() {
        Some(json) => ResourceBody::Json(json),
        None => T::body(entry.content().ok()?),
    };
    Some(ResourceEntry {
        kind: T::KIND,
        id: id_of(entry),
        summary: entry.summary().clone(),
        body,
    })
}

/// The id of the resource, or one made of what it is called: letters, digits, `-` and `.`, at most 64, as FHIR has it.
fn id_of<T: Kept>(entry: &Entry<T>) -> String {
    if let Some(id) = &entry.id {
        return id.clone();
    }
    let name = super::alias::short_name(&entry.url).map(str::to_owned);
    let name = name.or_else(|| entry.summary().name.clone());
    let name = name.unwrap_or_else(|| entry.url.rsplit('/').next().unwrap_or("resource").to_owned());
    // A SNOMED CT version is a URI: edition and date say it all.
    let version = entry.version.as_deref().unwrap_or("");
    let version = version
        .split_once("sct/")
        .map_or(version, |(_, rest)| rest)
        .replace("/version/", "-");
    let joined = if version.is_empty() {
        name
    } else {
        format!("{name}-{version}")
    };
    let id = joined
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    id.take(64).collect()
}

fn answers<T: Kept>(entry: &Entry<T>, query: &ResourceQuery) -> bool {
    let text = |wanted: &Option<String>, own: Option<&str>, exact: bool| {
        wanted.as_deref().is_none_or(|wanted| {
            own.is_some_and(|own| {
                if exact {
                    own == wanted
                } else {
                    fold(own).starts_with(&fold(wanted))
                }
            })
        })
    };
    let wants_version = |wanted: &str| entry.version.as_deref().is_some_and(|own| version::matches(own, wanted));
    query.version.as_deref().is_none_or(wants_version)
        && query.id.as_deref().is_none_or(|id| match &entry.id {
            Some(own) => own == id,
            None => id_of(entry) == id,
        })
        && text(&query.name, entry.summary().name.as_deref(), query.exact)
        && text(&query.title, entry.summary().title.as_deref(), query.exact)
        && text(&query.publisher, entry.summary().publisher.as_deref(), false)
        && text(&query.status, entry.summary().status.as_deref(), true)
}

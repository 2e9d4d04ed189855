//! Reading and searching what is loaded or written as FHIR resources: code systems, value sets, concept maps, naming
//! systems.
//!
//! It finds and describes; the `fhir` room renders. Resources kept whole come back as they were loaded; indexed
//! releases come back as the opened index, whose header says all that a resource without its concepts says.

use super::catalogue::{Entry, Layer, Shelf};
use super::implicit;
use super::resource_search::{self, Condition, Element, Match, Searched, Test};
use super::terminology::{ResourceKind, Terminology};
use super::written::Written;
use crate::stop::{Stop, Stopped};
use std::cmp::Ordering;
use std::sync::Arc;
use tern_index::model::Canonical;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::value_set::ValueSet;
use tern_loaders::fhir::naming_system::NamingSystem;
use tern_loaders::fhir::summary::Summary;

/// What to look for, and in which order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceQuery {
    /// All of these must hold.
    pub conditions: Vec<Condition>,
    /// By what to order, and whether the greatest comes first; at last, or where nothing is said, by URL and version.
    pub sort: Vec<(Element, bool)>,
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
    /// What is known of a resource that was written through the service.
    pub written: Option<Arc<Written>>,
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
    /// A naming system; its `resource` is the JSON.
    NamingSystem(Arc<NamingSystem>),
}

trait Body: Searched {
    fn body(content: Arc<Self>) -> ResourceBody;
}

impl Body for CodeSystemIndex {
    fn body(content: Arc<Self>) -> ResourceBody {
        ResourceBody::CodeSystem(content)
    }
}

impl Body for ValueSet {
    fn body(content: Arc<Self>) -> ResourceBody {
        ResourceBody::ValueSet(content)
    }
}

impl Body for ConceptMapIndex {
    fn body(content: Arc<Self>) -> ResourceBody {
        ResourceBody::ConceptMap(content)
    }
}

impl Body for NamingSystem {
    fn body(content: Arc<Self>) -> ResourceBody {
        ResourceBody::NamingSystem(content)
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
    ) -> Result<(Vec<ResourceEntry>, usize), Stopped> {
        let page = Page {
            query,
            offset,
            limit,
            stop: self.stop(),
        };
        let layers = self.layers();
        match kind {
            ResourceKind::CodeSystem => page.of(layers.iter().map(|layer| &layer.code_systems)),
            ResourceKind::ValueSet => {
                // One that exists without a resource is found by its URL: clients ask so whether they may use it.
                let wanted = page.url().filter(|url| !self.has_value_set(url));
                let made = wanted.and_then(|url| implicit::resource(self, url));
                let made = made.map(|made| Arc::new(Layer::of_resources(vec![made])));
                page.of(layers.iter().chain(&made).map(|layer| &layer.value_sets))
            }
            ResourceKind::ConceptMap => page.of(layers.iter().flat_map(|layer| [&layer.concept_maps, layer.algorithmic()])),
            ResourceKind::NamingSystem => page.of(layers.iter().map(|layer| &layer.naming_systems)),
        }
    }

    /// The URLs of all resources of a type.
    pub fn urls(&self, kind: ResourceKind) -> Vec<&str> {
        fn of<'s, T: Body + 's>(shelves: impl Iterator<Item = &'s Shelf<T>>) -> Vec<&'s str> {
            let mut urls: Vec<&str> = shelves
                .flat_map(|shelf| shelf.all())
                .map(|entry| entry.url.as_str())
                .collect();
            urls.dedup();
            urls
        }
        let layers = self.layers().iter();
        match kind {
            ResourceKind::CodeSystem => of(layers.map(|layer| &layer.code_systems)),
            ResourceKind::ValueSet => of(layers.map(|layer| &layer.value_sets)),
            ResourceKind::ConceptMap => of(layers.flat_map(|layer| [&layer.concept_maps, layer.algorithmic()])),
            ResourceKind::NamingSystem => of(layers.map(|layer| &layer.naming_systems)),
        }
    }

    /// Canonicals of the algorithmic maps.
    pub fn algorithmic_maps(&self) -> Vec<Canonical> {
        let entries = self.layers().iter().flat_map(|layer| layer.algorithmic().all());
        entries
            .map(|entry| Canonical::new(&entry.url, entry.version.clone()))
            .collect()
    }

    /// The resource with this id; of several, the one of the FHIR version of this view, else the first.
    pub fn read_resource(&self, kind: ResourceKind, id: &str) -> Option<ResourceEntry> {
        let (layers, id) = (self.layers(), (id, self.fhir_version()));
        match kind {
            ResourceKind::CodeSystem => with_id(layers.iter().map(|layer| &layer.code_systems), id),
            ResourceKind::ValueSet => with_id(layers.iter().map(|layer| &layer.value_sets), id),
            ResourceKind::ConceptMap => with_id(layers.iter().flat_map(|layer| [&layer.concept_maps, layer.algorithmic()]), id),
            ResourceKind::NamingSystem => with_id(layers.iter().map(|layer| &layer.naming_systems), id),
        }
    }

    /// What an element of a resource says: the canonicals to which it leads, for those that are references.
    pub fn texts_of(&self, kind: ResourceKind, id: &str, element: Element) -> Vec<String> {
        let (layers, id) = (self.layers(), (id, self.fhir_version()));
        match kind {
            ResourceKind::CodeSystem => texts_in(layers.iter().map(|layer| &layer.code_systems), id, element),
            ResourceKind::ValueSet => texts_in(layers.iter().map(|layer| &layer.value_sets), id, element),
            ResourceKind::ConceptMap => texts_in(layers.iter().map(|layer| &layer.concept_maps), id, element),
            ResourceKind::NamingSystem => texts_in(layers.iter().map(|layer| &layer.naming_systems), id, element),
        }
    }

    /// The id of the resource with a canonical, in exactly this version.
    pub fn id_of_canonical(&self, kind: ResourceKind, url: &str, version: Option<&str>) -> Option<String> {
        let layers = self.layers();
        match kind {
            ResourceKind::CodeSystem => id_in(layers.iter().map(|layer| &layer.code_systems), url, version),
            ResourceKind::ValueSet => id_in(layers.iter().map(|layer| &layer.value_sets), url, version),
            ResourceKind::ConceptMap => id_in(layers.iter().map(|layer| &layer.concept_maps), url, version),
            ResourceKind::NamingSystem => id_in(layers.iter().map(|layer| &layer.naming_systems), url, version),
        }
    }
}

fn texts_in<'s, T: Body + 's>(
    shelves: impl Iterator<Item = &'s Shelf<T>>,
    id: (&str, Option<&str>),
    element: Element,
) -> Vec<String> {
    entry_with_id(shelves, id).map_or_else(Vec::new, |entry| resource_search::texts(entry, element))
}

fn with_id<'s, T: Body + 's>(shelves: impl Iterator<Item = &'s Shelf<T>>, id: (&str, Option<&str>)) -> Option<ResourceEntry> {
    resource(entry_with_id(shelves, id)?)
}

fn entry_with_id<'s, T: Body + 's>(
    shelves: impl Iterator<Item = &'s Shelf<T>>,
    (id, core): (&str, Option<&str>),
) -> Option<&'s Arc<Entry<T>>> {
    let entries = shelves.flat_map(|shelf| shelf.all());
    // An id that the resource has itself is compared without making one.
    let with_id = entries.filter(|entry| match &entry.id {
        Some(own) => own == id,
        None => entry.resource_id() == id,
    });
    let with_id: Vec<_> = with_id.collect();
    let own = with_id.iter().find(|entry| core.is_some_and(|core| entry.is_core_of(core)));
    own.or(with_id.first()).copied()
}

fn id_in<'s, T: Body + 's>(mut shelves: impl Iterator<Item = &'s Shelf<T>>, url: &str, version: Option<&str>) -> Option<String> {
    let same = |shelf: &'s Shelf<T>| shelf.versions(url).iter().find(|entry| entry.version.as_deref() == version);
    shelves.find_map(same).map(|entry| entry.resource_id())
}

/// A page of a search.
struct Page<'q> {
    query: &'q ResourceQuery,
    offset: usize,
    limit: usize,
    stop: &'q Stop,
}

impl Page<'_> {
    fn of<'s, T: Body + 's>(&self, shelves: impl Iterator<Item = &'s Shelf<T>>) -> Result<(Vec<ResourceEntry>, usize), Stopped> {
        let all = |condition: &'_ Condition, entry: &Entry<T>| resource_search::holds(entry, condition);
        let mut found: Vec<&Arc<Entry<T>>> = shelves
            .flat_map(|shelf| match self.url() {
                Some(url) => shelf.versions(url).iter().collect::<Vec<_>>(),
                None => shelf.all().collect(),
            })
            // What is over looks at nothing any more.
            .filter(|entry| !self.stop.is_stopped() && self.query.conditions.iter().all(|condition| all(condition, entry)))
            .collect();
        self.stop.check()?;
        if !self.query.sort.is_empty() {
            found.sort_by(|a, b| {
                let keys = self.query.sort.iter();
                keys.fold(Ordering::Equal, |so_far, (element, descending)| {
                    so_far.then_with(|| resource_search::compare(a, b, *element, *descending))
                })
            });
        }
        let total = found.len();
        let end = match self.limit {
            0 => total,
            limit => self.offset.saturating_add(limit).min(total),
        };
        let shown = found.get(self.offset.min(total)..end).unwrap_or_default();
        Ok((shown.iter().filter_map(|entry| resource(entry)).collect(), total))
    }

    /// The one URL that is asked for, if there is one: the shelf finds it at once.
    fn url(&self) -> Option<&str> {
        self.query
            .conditions
            .iter()
            .find_map(|condition| match (condition.element, &condition.test) {
                (Element::Url, Test::Any(matches)) => match matches.as_slice() {
                    [Match::Exactly(url)] => Some(url.as_str()),
                    _ => None,
                },
                _ => None,
            })
    }
}

fn resource<T: Body>(entry: &Entry<T>) -> Option<ResourceEntry> {
    let body = match entry.json() {
        Some(json) => ResourceBody::Json(json),
        None => T::body(entry.content().ok()?),
    };
    Some(ResourceEntry {
        kind: T::KIND,
        id: entry.resource_id(),
        summary: entry.summary().clone(),
        body,
        written: entry.written().cloned(),
    })
}

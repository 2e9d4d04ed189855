//! The composite of all that is loaded: an immutable snapshot that resolves names to things.
//!
//! The HTTP room holds one behind an atomic pointer and swaps it when a load has finished; running requests keep
//! theirs. Artefacts are opened at their first use. It evaluates nothing.

use super::alias;
use super::catalogue::{Entry, Kept, Layer, Shelf};
use super::constraint_sets::{ConstraintSets, Constraints};
use super::extension;
use super::implicit;
use super::mappers::{Mappers, PeoplesDecisions};
use super::resource::Resource;
use super::version;
use super::written::{Hidden, WrittenEntry};
use crate::ecl::Limits;
use crate::grammars;
use crate::stop::Stop;
use std::path::PathBuf;
use std::sync::Arc;
use tern_index::model::{CodeSystemHeader, Content};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::store::Store;
use tern_index::value_set::ValueSet;
use tern_loaders::fhir::naming_system::NamingSystem;
use tern_loaders::fhir::structure::Structure;

/// The kinds of resources that can be read and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// `CodeSystem`
    CodeSystem,
    /// `ValueSet`
    ValueSet,
    /// `ConceptMap`
    ConceptMap,
    /// `NamingSystem`
    NamingSystem,
}

impl ResourceKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CodeSystem, Self::ValueSet, Self::ConceptMap, Self::NamingSystem];

    /// The FHIR resource type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CodeSystem => "CodeSystem",
            Self::ValueSet => "ValueSet",
            Self::ConceptMap => "ConceptMap",
            Self::NamingSystem => "NamingSystem",
        }
    }

    /// Reads the FHIR resource type.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A canonical that names nothing that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The URL looked for.
    pub url: String,
    /// The version looked for.
    pub version: Option<String>,
    /// Versions of that URL that are loaded, in ascending order.
    pub known_versions: Vec<String>,
    /// Whether the URL is loaded at all, in whatever version.
    pub known: bool,
    /// It is loaded but cannot be opened: what is wrong with it.
    pub damage: Option<String>,
}

/// Everything loaded, and the resources of one request before it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Terminology {
    /// Highest rank first.
    layers: Vec<Arc<Layer>>,
    /// The FHIR version (`4.0`) whose core resources are meant where a request names no version.
    fhir_version: Option<&'static str>,
    /// To what is loaded; shared by all views of a snapshot.
    mappers: Arc<Mappers>,
    /// What an expression constraint may cost, who waits for the answer, and what earlier ones gave.
    constraints: Arc<Constraints>,
}

impl Terminology {
    /// All that a store holds, with in-memory resources.
    pub fn new(store: &Store, resources: Vec<Resource>) -> Self {
        Self {
            layers: vec![Arc::new(Layer::of_store(store, resources))],
            fhir_version: None,
            mappers: Arc::default(),
            constraints: Arc::default(),
        }
    }

    /// Only these resources: for tests, and for servers without a store.
    pub fn of_resources(resources: Vec<Resource>) -> Self {
        Self {
            layers: vec![Arc::new(Layer::of_resources(resources))],
            fhir_version: None,
            mappers: Arc::default(),
            constraints: Arc::default(),
        }
    }

    /// A view for requests in one FHIR version (`4.0`, `5.0`): where no version is named, resources of FHIR itself are
    /// those of that version, not the latest.
    pub fn for_fhir_version(&self, version: &'static str) -> Self {
        Self {
            fhir_version: Some(version),
            ..self.clone()
        }
    }

    /// A view in which the resources of a request rank first. What is loaded is shared, not copied.
    pub fn with_overlay(&self, resources: Vec<Resource>) -> Self {
        if resources.is_empty() {
            return self.clone();
        }
        let mut layers = vec![Arc::new(Layer::of_resources(resources))];
        layers.extend(self.layers.iter().cloned());
        Self { layers, ..self.clone() }
    }

    /// The snapshot with written resources among what is loaded.
    pub fn with_written(&self, written: &[WrittenEntry], hidden: &Hidden) -> Self {
        let mut layers = self.layers.clone();
        if let Some(loaded) = layers.last_mut() {
            *loaded = Arc::new(loaded.with_written(written, hidden));
        }
        Self { layers, ..self.clone() }
    }

    /// The snapshot with the mappers of another, in which the code systems and concept maps are the same.
    pub fn sharing_mappers(self, other: &Self) -> Self {
        Self {
            mappers: Arc::clone(&other.mappers),
            ..self
        }
    }

    /// The snapshot with the same room for mappers, none of them built.
    pub fn with_new_mappers(self) -> Self {
        Self {
            mappers: Arc::new(self.mappers.anew()),
            ..self
        }
    }

    /// The snapshot with room for so many mappers, none of them built.
    pub fn keeping_mappers(self, most: usize) -> Self {
        Self {
            mappers: Arc::new(self.mappers.resized(most)),
            ..self
        }
    }

    /// The snapshot with mappers that heed what people decide, none of them built.
    pub fn heeding(self, decisions: Arc<dyn PeoplesDecisions>) -> Self {
        Self {
            mappers: Arc::new(self.mappers.heeding(decisions)),
            ..self
        }
    }

    /// The snapshot with mappers that also find candidates by a static embedding, none of them built.
    pub fn embedding(self, model: Option<PathBuf>) -> Self {
        Self {
            mappers: Arc::new(self.mappers.embedding(model)),
            ..self
        }
    }

    /// A view with other limits of expression constraints; theirs is also the word to stop all long work.
    pub fn limiting_constraints(&self, limits: Limits) -> Self {
        let sets = Arc::clone(&self.constraints.sets);
        Self {
            constraints: Arc::new(Constraints { limits, sets }),
            ..self.clone()
        }
    }

    /// A view that keeps the sets of expression constraints from one request to the next.
    pub fn keeping_constraint_sets(&self, sets: Arc<ConstraintSets>) -> Self {
        let limits = self.constraints.limits.clone();
        Self {
            constraints: Arc::new(Constraints { limits, sets }),
            ..self.clone()
        }
    }

    /// What an expression constraint may cost.
    pub fn constraint_limits(&self) -> &Limits {
        &self.constraints.limits
    }

    /// Evaluates expression constraints.
    pub(super) fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Who waits for the answer: long work asks it now and then.
    pub fn stop(&self) -> &Stop {
        &self.constraints.limits.stop
    }

    /// A view without what requests brought.
    pub(super) fn loaded(&self) -> Self {
        Self {
            layers: self.layers.last().cloned().into_iter().collect(),
            ..self.clone()
        }
    }

    /// The FHIR version of this view.
    pub(super) fn fhir_version(&self) -> Option<&'static str> {
        self.fhir_version
    }

    pub(super) fn mappers(&self) -> &Mappers {
        &self.mappers
    }

    /// The canonical URL of a code system named by URL, short name or object identifier.
    pub fn canonical_url<'n>(&'n self, name: &'n str) -> &'n str {
        if self.layers.iter().any(|layer| !layer.code_systems.versions(name).is_empty()) {
            return name;
        }
        if let Some(url) = alias::canonical_url(name) {
            return url;
        }
        // Only what can be a URI: the names are read when they are first asked for.
        if !name.contains(':') {
            return name;
        }
        let named = self.layers.iter().find_map(|layer| layer.url_of_identifier(name));
        named.unwrap_or(name)
    }

    /// A code system by URL, OID or short name and version (exact, wildcard, partial SNOMED version URI); without a
    /// version the latest.
    pub fn code_system(&self, url: &str, version: Option<&str>) -> Result<Arc<CodeSystemIndex>, Unresolved> {
        let url = self.canonical_url(url);
        self.resolve(url, version, |layer| &layer.code_systems)
    }

    /// The version of a code system that was the latest on a day; `None` where no version is dated.
    pub fn version_on(&self, url: &str, date: &str) -> Option<String> {
        let url = self.canonical_url(url);
        let found = self.layers.iter().find_map(|layer| layer.code_systems.version_on(url, date));
        found.and_then(|entry| entry.version.clone())
    }

    /// The version of a value set that was the latest on a day, likewise.
    pub fn value_set_version_on(&self, url: &str, date: &str) -> Option<String> {
        let url = self.value_set_url(url);
        let found = self.layers.iter().find_map(|layer| layer.value_sets.version_on(url, date));
        found.and_then(|entry| entry.version.clone())
    }

    /// A value set, likewise; implicit value sets are made.
    pub fn value_set(&self, url: &str, version: Option<&str>) -> Result<Arc<ValueSet>, Unresolved> {
        let url = self.value_set_url(url);
        match self.resolve(url, version, |layer| &layer.value_sets) {
            Err(unresolved) if !unresolved.known => implicit::value_set(self, url, version).ok_or(unresolved),
            resolved => resolved,
        }
    }

    /// The canonical URL of a value set named by URL or, as a URN, by one of its identifiers.
    fn value_set_url<'n>(&'n self, name: &'n str) -> &'n str {
        if !name.starts_with("urn:") || self.has_value_set(name) {
            return name;
        }
        let named = self.layers.iter().find_map(|layer| layer.value_set_of_identifier(name));
        named.unwrap_or(name)
    }

    /// What a structure binds its elements to, likewise.
    pub(super) fn structure(&self, url: &str, version: Option<&str>) -> Option<Arc<Structure>> {
        let mut layers = self.layers.iter();
        layers.find_map(|layer| layer.structure(url, version, self.fhir_version))
    }

    /// A concept map, likewise.
    pub fn concept_map(&self, url: &str, version: Option<&str>) -> Result<Arc<ConceptMapIndex>, Unresolved> {
        self.resolve(url, version, |layer| &layer.concept_maps)
    }

    fn resolve<T: Kept>(&self, url: &str, wanted: Option<&str>, shelf: fn(&Layer) -> &Shelf<T>) -> Result<Arc<T>, Unresolved> {
        let found = self
            .layers
            .iter()
            .find_map(|layer| shelf(layer).find(url, wanted, self.fhir_version));
        let damage = match found.map(|entry| entry.content()) {
            Some(Ok(content)) => return Ok(content),
            Some(Err(damage)) => Some(damage),
            None => None,
        };
        let entries = self.entries(url, shelf);
        Err(Unresolved {
            url: url.to_owned(),
            version: wanted.map(str::to_owned),
            known: !entries.is_empty(),
            known_versions: entries.iter().filter_map(|entry| entry.version.clone()).collect(),
            damage,
        })
    }

    /// Entries of a URL in all layers, each version once, ascending.
    fn entries<T>(&self, url: &str, shelf: fn(&Layer) -> &Shelf<T>) -> Vec<&Arc<Entry<T>>> {
        let mut entries: Vec<&Arc<Entry<T>>> = Vec::new();
        for entry in self.layers.iter().flat_map(|layer| shelf(layer).versions(url)) {
            if !entries.iter().any(|other| other.version == entry.version) {
                entries.push(entry);
            }
        }
        entries.sort_by(|a, b| version::compare(a.version.as_deref(), b.version.as_deref()));
        entries
    }

    /// Versions of a code system that are loaded, ascending; else that of its grammar.
    pub fn code_system_versions(&self, url: &str) -> Vec<String> {
        let url = self.canonical_url(url);
        let entries = self.entries(url, |layer| &layer.code_systems);
        if entries.is_empty() {
            let version = grammars::by_url(url).and_then(|grammar| grammar.version());
            return version.into_iter().map(str::to_owned).collect();
        }
        entries.into_iter().filter_map(|entry| entry.version.clone()).collect()
    }

    /// How many versions of a code system are loaded, unversioned ones too.
    pub(super) fn loaded_versions(&self, url: &str) -> usize {
        self.layers.iter().map(|layer| layer.code_systems.versions(url).len()).sum()
    }

    /// Language packs that came with the request: supplements that apply without being asked for.
    pub(super) fn language_packs(&self, url: &str) -> Vec<Arc<CodeSystemIndex>> {
        let own = self.layers.len().saturating_sub(1);
        let entries = self.layers.iter().take(own).flat_map(|layer| layer.code_systems.all());
        let indexes = entries.filter_map(|entry| entry.content().ok());
        indexes
            .filter(|index| {
                let header = index.header();
                let pack = || {
                    header
                        .resource
                        .as_deref()
                        .map(|json| extension::resource_values(json, extension::SUPPLEMENT_TYPE))
                };
                header.supplements.as_ref().is_some_and(|base| base.url == url)
                    && pack().is_some_and(|kinds| kinds.iter().any(|kind| kind == "lang-pack"))
            })
            .collect()
    }

    /// Versions of a value set that are loaded, ascending.
    pub fn value_set_versions(&self, url: &str) -> Vec<String> {
        let entries = self.entries(url, |layer| &layer.value_sets);
        entries.into_iter().filter_map(|entry| entry.version.clone()).collect()
    }

    /// Whether some value set has this URL.
    pub fn has_value_set(&self, url: &str) -> bool {
        self.layers.iter().any(|layer| !layer.value_sets.versions(url).is_empty())
    }

    /// All code systems that are loaded, by URL and version, those of the request first. Supplements are left out.
    pub fn code_systems(&self) -> Vec<Arc<CodeSystemIndex>> {
        let mut seen = std::collections::BTreeSet::new();
        let mut found = Vec::new();
        for entry in self.layers.iter().flat_map(|layer| layer.code_systems.all()) {
            if seen.insert((&entry.url, &entry.version))
                && let Ok(index) = entry.content()
                && index.header().content != Content::Supplement
            {
                found.push(index);
            }
        }
        found
    }

    /// The header of the code system that declares a value set of all its codes under this URL: the latest, or the one of
    /// this version.
    pub fn header_declaring(&self, value_set: &str, version: Option<&str>) -> Option<CodeSystemHeader> {
        let of_layer = |layer: &Arc<Layer>| {
            let declaring = layer.declaring(value_set).iter().rev();
            let mut wanted = declaring.filter(|entry| version.is_none() || entry.version.as_deref() == version);
            wanted.next().and_then(|entry| entry.header())
        };
        let header = self.layers.iter().find_map(of_layer);
        header.filter(|header| header.content != Content::Supplement)
    }

    /// Headers of all code systems and supplements, without opening indexes; those of the request first.
    pub fn code_system_headers(&self) -> Vec<CodeSystemHeader> {
        let entries = self.layers.iter().flat_map(|layer| layer.code_systems.all());
        entries.filter_map(|entry| entry.header()).collect()
    }

    /// Headers of code systems that are rules, as far as no list of their codes is loaded.
    pub fn grammar_headers(&self) -> Vec<CodeSystemHeader> {
        super::grammar::headers(self)
    }

    /// All concept maps, those of the request first, by URL and version. Opens every map.
    pub fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        let mut seen = std::collections::BTreeSet::new();
        let entries = self.layers.iter().flat_map(|layer| layer.concept_maps.all());
        entries
            .filter(|entry| seen.insert((&entry.url, &entry.version)))
            .filter_map(|entry| entry.content().ok())
            .collect()
    }

    /// What a version of a code system is told apart by from any other: changes when it is loaded or written anew.
    pub fn edition(&self, header: &CodeSystemHeader) -> String {
        let entries = self.layers.iter().flat_map(|layer| layer.code_systems.versions(&header.url));
        let mut of_version = entries.filter(|entry| entry.version == header.version);
        let written = of_version.next().and_then(|entry| entry.written().cloned());
        let version = header.version.as_deref().unwrap_or("");
        written.map_or_else(|| version.to_owned(), |written| format!("{version}#{}", written.version_id))
    }

    /// All naming systems, those of the request first.
    pub fn naming_systems(&self) -> Vec<Arc<NamingSystem>> {
        let entries = self.layers.iter().flat_map(|layer| layer.naming_systems.all());
        entries.filter_map(|entry| entry.content().ok()).collect()
    }

    /// What could not be opened: name and reason.
    pub fn damaged(&self) -> Vec<(String, String)> {
        self.layers.iter().flat_map(|layer| layer.damaged.iter().cloned()).collect()
    }

    pub(super) fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }
}

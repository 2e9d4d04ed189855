//! One layer of what can be resolved: entries by URL, opened at their first use.
//!
//! A terminology is a stack of layers (the store's, a request's). A layer knows keys; what an entry holds is read
//! when somebody asks for it, once, and kept.

use super::algorithmic;
use super::alias;
use super::extension;
use super::resource::Resource;
use super::terminology::ResourceKind;
use super::version::{self, Algorithm};
use super::written::{Hidden, Placed, Written, WrittenEntry};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tern_index::build::ArtefactInfo;
use tern_index::model::{CodeSystemHeader, ConceptMapHeader};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex, ResourcesIndex};
use tern_index::store::{Artefact, Store};
use tern_index::value_set::ValueSet;
use tern_loaders::fhir::json::{self, Node};
use tern_loaders::fhir::naming_system::NamingSystem;
use tern_loaders::fhir::structure::Structure;
use tern_loaders::fhir::summary::{self, Summary};

/// Where an entry's content comes from.
#[derive(Debug)]
enum Source {
    Memory,
    Artefact(Box<Artefact>),
    Kept { resources: Arc<ResourcesIndex>, number: usize },
    Written(Arc<Written>),
}

/// Something that can be resolved.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub url: String,
    pub version: Option<String>,
    pub id: Option<String>,
    source: Source,
    content: OnceLock<Result<Arc<T>, String>>,
    summary: OnceLock<Summary>,
}

/// What the four kinds of entries have in common.
pub(super) trait Kept: Sized {
    /// The kind.
    const KIND: ResourceKind;
    /// Opens an artefact of the store; a kind that is only kept whole has none there.
    fn open(_artefact: &Artefact) -> Result<Self, String> {
        Err(format!("a {} has no index of its own", Self::KIND.as_str()))
    }
    /// Takes the content out of a parsed resource of the right type.
    fn from_resource(resource: Resource) -> Option<Arc<Self>>;
    /// What lists show of an artefact, from its manifest.
    fn summary_of_artefact(_artefact: &Artefact) -> Summary {
        Summary::default()
    }
    /// What lists show of the content.
    fn summary(&self) -> Summary;
    /// How its versions are ordered, if it says so.
    fn version_algorithm(&self) -> Option<Algorithm> {
        None
    }
}

impl Kept for CodeSystemIndex {
    const KIND: ResourceKind = ResourceKind::CodeSystem;

    fn open(artefact: &Artefact) -> Result<Self, String> {
        artefact.open_code_system().map_err(|error| error.to_string())
    }

    fn from_resource(resource: Resource) -> Option<Arc<Self>> {
        match resource {
            Resource::CodeSystem(index) => Some(index),
            _ => None,
        }
    }

    fn summary_of_artefact(artefact: &Artefact) -> Summary {
        match &artefact.info {
            ArtefactInfo::CodeSystem(header) => summary_of_code_system(header),
            _ => Summary::default(),
        }
    }

    fn summary(&self) -> Summary {
        summary_of_code_system(self.header())
    }

    fn version_algorithm(&self) -> Option<Algorithm> {
        version_algorithm(self.header().resource.as_deref()?)
    }
}

impl Kept for ConceptMapIndex {
    const KIND: ResourceKind = ResourceKind::ConceptMap;

    fn open(artefact: &Artefact) -> Result<Self, String> {
        artefact.open_concept_map().map_err(|error| error.to_string())
    }

    fn from_resource(resource: Resource) -> Option<Arc<Self>> {
        match resource {
            Resource::ConceptMap(index) => Some(index),
            _ => None,
        }
    }

    fn summary_of_artefact(artefact: &Artefact) -> Summary {
        match &artefact.info {
            ArtefactInfo::ConceptMap(header) => summary_of_concept_map(header),
            _ => Summary::default(),
        }
    }

    fn summary(&self) -> Summary {
        summary_of_concept_map(self.header())
    }
}

impl Kept for ValueSet {
    const KIND: ResourceKind = ResourceKind::ValueSet;

    fn from_resource(resource: Resource) -> Option<Arc<Self>> {
        match resource {
            Resource::ValueSet(value_set) => Some(value_set),
            _ => None,
        }
    }

    fn summary(&self) -> Summary {
        described("ValueSet", Some(&self.resource), || Summary {
            id: self.id.clone(),
            url: self.url.clone(),
            version: self.version.clone(),
            name: self.name.clone(),
            title: self.title.clone(),
            status: self.status.clone(),
            date: self.date.clone(),
            publisher: self.publisher.clone(),
            ..Summary::default()
        })
    }

    fn version_algorithm(&self) -> Option<Algorithm> {
        version_algorithm(&self.resource)
    }
}

impl Kept for NamingSystem {
    const KIND: ResourceKind = ResourceKind::NamingSystem;

    fn from_resource(resource: Resource) -> Option<Arc<Self>> {
        match resource {
            Resource::NamingSystem(naming_system) => Some(naming_system),
            _ => None,
        }
    }

    fn summary(&self) -> Summary {
        described("NamingSystem", Some(&self.resource), || Summary {
            id: self.id.clone(),
            url: self.url.clone(),
            version: self.version.clone(),
            name: self.name.clone(),
            status: self.status.clone(),
            kind: self.kind.clone(),
            ..Summary::default()
        })
    }
}

/// What a resource says of itself, or what else is known where there is no resource.
fn described(resource_type: &str, resource: Option<&str>, known: impl FnOnce() -> Summary) -> Summary {
    let said = resource.and_then(|text| summary::read(text.as_bytes()).ok());
    Summary {
        resource_type: Some(resource_type.to_owned()),
        ..said.unwrap_or_else(known)
    }
}

fn summary_of_code_system(header: &CodeSystemHeader) -> Summary {
    let summary = described("CodeSystem", header.resource.as_deref(), || Summary {
        id: header.id.clone(),
        url: Some(header.url.clone()),
        version: header.version.clone(),
        name: header.name.clone(),
        title: header.title.clone(),
        status: header.status.clone(),
        date: header.date.clone(),
        publisher: header.publisher.clone(),
        description: header.description.clone(),
        language: header.language.clone(),
        supplements: header.supplements.as_ref().map(ToString::to_string),
        identifiers: header
            .identifiers
            .iter()
            .map(|value| (Some(URIS.to_owned()), value.clone()))
            .collect(),
        ..Summary::default()
    });
    Summary {
        content: Some(header.content.as_str().into()),
        ..summary
    }
}

/// The system of identifiers that are URIs.
const URIS: &str = "urn:ietf:rfc:3986";

fn summary_of_concept_map(header: &ConceptMapHeader) -> Summary {
    described("ConceptMap", header.resource.as_deref(), || Summary {
        id: header.id.clone(),
        url: Some(header.url.clone()),
        version: header.version.clone(),
        name: header.name.clone(),
        title: header.title.clone(),
        status: header.status.clone(),
        date: header.date.clone(),
        publisher: header.publisher.clone(),
        description: header.description.clone(),
        ..Summary::default()
    })
}

impl<T> Entry<T> {
    /// Whether it is a resource of FHIR itself, of this FHIR version: those carry its version as their own.
    pub fn is_core_of(&self, fhir_version: &str) -> bool {
        let Source::Kept { resources, number } = &self.source else {
            return false;
        };
        let own = resources.key(*number).fhir_version;
        own.is_some_and(|own| own.starts_with(fhir_version)) && own == self.version.as_deref()
    }
}

impl<T: Kept> Entry<T> {
    fn memory(url: &str, version: Option<&str>, id: Option<&str>, content: Arc<T>) -> Self {
        Self {
            url: url.to_owned(),
            version: version.map(str::to_owned),
            id: id.map(str::to_owned),
            source: Source::Memory,
            content: OnceLock::from(Ok(content)),
            summary: OnceLock::new(),
        }
    }

    /// The content; the error says what is wrong with it.
    pub fn content(&self) -> Result<Arc<T>, String> {
        let load = || match &self.source {
            Source::Memory => Err("nothing is held in memory".into()),
            Source::Artefact(artefact) => T::open(artefact).map(Arc::new),
            Source::Kept { resources, number } => {
                let text = resources.json(*number).map_err(|error| error.to_string())?;
                let resource = Resource::parse(&text).map_err(|error| error.to_string())?;
                T::from_resource(resource).ok_or_else(|| "the resource is of another type than its key says".into())
            }
            Source::Written(written) => {
                let resource = Resource::parse(&written.json).map_err(|error| error.to_string())?;
                T::from_resource(resource).ok_or_else(|| "the resource is of another type than it was written as".into())
            }
        };
        self.content.get_or_init(load).clone()
    }

    /// What lists show of it; reads no more than needed.
    pub fn summary(&self) -> &Summary {
        self.summary.get_or_init(|| match &self.source {
            Source::Memory => self.content().map(|content| T::summary(&content)).unwrap_or_default(),
            Source::Artefact(artefact) => T::summary_of_artefact(artefact),
            Source::Kept { .. } | Source::Written(_) => self
                .json()
                .and_then(|text| summary::read(text.as_bytes()).ok())
                .unwrap_or_default(),
        })
    }

    /// The FHIR resource as it was loaded, if it is kept whole.
    pub fn json(&self) -> Option<String> {
        match &self.source {
            Source::Kept { resources, number } => resources.json(*number).ok(),
            Source::Written(written) => Some(written.json.clone()),
            _ => None,
        }
    }

    /// A resource that was written through the service.
    pub fn of_written(id: &str, written: Arc<Written>) -> Self {
        let summary = summary::read(written.json.as_bytes()).unwrap_or_default();
        Self {
            url: summary.url.clone().unwrap_or_default(),
            version: summary.version.clone(),
            id: Some(id.to_owned()),
            source: Source::Written(written),
            content: OnceLock::new(),
            summary: OnceLock::from(summary),
        }
    }

    /// What is known of it beside its text, if it was written through the service.
    pub fn written(&self) -> Option<&Arc<Written>> {
        match &self.source {
            Source::Written(written) => Some(written),
            _ => None,
        }
    }

    /// The id of the resource, or one made of what it is called: letters, digits, `-` and `.`, at most 64, as FHIR has it.
    pub fn resource_id(&self) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        let name = alias::short_name(&self.url).map(str::to_owned);
        let name = name.or_else(|| self.summary().name.clone());
        let name = name.unwrap_or_else(|| self.url.rsplit('/').next().unwrap_or("resource").to_owned());
        // A SNOMED CT version is a URI: edition and date say it all.
        let version = self.version.as_deref().unwrap_or("");
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
}

impl Entry<CodeSystemIndex> {
    /// The header, without opening more than needed.
    pub fn header(&self) -> Option<CodeSystemHeader> {
        if let Source::Artefact(artefact) = &self.source
            && let ArtefactInfo::CodeSystem(header) = &artefact.info
        {
            return Some((**header).clone());
        }
        self.content().ok().map(|index| index.header().clone())
    }
}

/// Entries of one kind: by URL, each URL's versions in ascending order.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    by_url: BTreeMap<String, Vec<Arc<Entry<T>>>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { by_url: BTreeMap::new() }
    }
}

impl<T> Shelf<T> {
    fn add(&mut self, entry: Entry<T>) {
        let versions = self.by_url.entry(entry.url.clone()).or_default();
        // Of several with one canonical the first is kept: loads and requests list what ranks highest first.
        if !entry.url.is_empty() && versions.iter().any(|other| other.version == entry.version) {
            return;
        }
        Self::insert(versions, Arc::new(entry));
    }

    /// Puts an entry in the place of the one with its canonical, if there is one.
    fn put(&mut self, entry: Arc<Entry<T>>) {
        let versions = self.by_url.entry(entry.url.clone()).or_default();
        if !entry.url.is_empty() {
            versions.retain(|other| other.version != entry.version);
        }
        Self::insert(versions, entry);
    }

    fn insert(versions: &mut Vec<Arc<Entry<T>>>, entry: Arc<Entry<T>>) {
        let place = versions.partition_point(|other| {
            version::compare(other.version.as_deref(), entry.version.as_deref()) == std::cmp::Ordering::Less
        });
        versions.insert(place, entry);
    }

    /// All versions of a URL, ascending.
    pub fn versions(&self, url: &str) -> &[Arc<Entry<T>>] {
        self.by_url.get(url).map_or(&[], Vec::as_slice)
    }

    /// The latest version that answers to `wanted`; without one, the resource of FHIR `core` if it is one, else the
    /// latest.
    pub fn find(&self, url: &str, wanted: Option<&str>, core: Option<&str>) -> Option<&Arc<Entry<T>>>
    where
        T: Kept,
    {
        let versions = self.versions(url);
        match wanted {
            None => {
                let own = |entry: &&Arc<Entry<T>>| core.is_some_and(|core| entry.is_core_of(core));
                versions.iter().rev().find(own).or_else(|| latest(versions))
            }
            Some(wanted) => {
                let exact = versions.iter().find(|entry| entry.version.as_deref() == Some(wanted));
                exact.or_else(|| {
                    let answers =
                        |entry: &&Arc<Entry<T>>| entry.version.as_deref().is_some_and(|own| version::matches(own, wanted));
                    versions.iter().rev().find(answers)
                })
            }
        }
    }

    /// The latest version on a day: the last that is not dated after it.
    pub fn version_on(&self, url: &str, date: &str) -> Option<&Arc<Entry<T>>>
    where
        T: Kept,
    {
        let versions = self.versions(url);
        let dated = versions.iter().rev().filter(|entry| {
            let own = entry.summary().date.as_deref();
            own.is_some_and(|own| own.get(..date.len()).unwrap_or(own) <= date)
        });
        dated.into_iter().next()
    }

    /// The same entries but those that something written stands in front of.
    fn without(&self, hidden: &Hidden) -> Self
    where
        T: Kept,
    {
        let mut by_url = self.by_url.clone();
        if hidden.iter().any(|(kind, _)| *kind == T::KIND) {
            for versions in by_url.values_mut() {
                versions.retain(|entry| !hidden.contains(&(T::KIND, entry.resource_id())));
            }
            by_url.retain(|_, versions| !versions.is_empty());
        }
        Self { by_url }
    }

    /// Everything, by URL and version.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Entry<T>>> {
        self.by_url.values().flatten()
    }
}

/// The latest of several versions, which are in the usual order, by the algorithm that the last of them names.
fn latest<T: Kept>(versions: &[Arc<Entry<T>>]) -> Option<&Arc<Entry<T>>> {
    let last = versions.last()?;
    if versions.len() == 1 {
        return Some(last);
    }
    let algorithm = last.content().ok().and_then(|content| content.version_algorithm());
    match algorithm {
        Some(algorithm) => versions
            .iter()
            .max_by(|a, b| algorithm.compare(a.version.as_deref(), b.version.as_deref())),
        None => Some(last),
    }
}

/// `versionAlgorithm[x]` of a resource, or the extension that stands for it before R5.
fn version_algorithm(resource: &str) -> Option<Algorithm> {
    if !resource.contains("ersionAlgorithm") {
        return None;
    }
    let parsed = json::parse(resource.as_bytes()).ok()?;
    let text = parsed.get("versionAlgorithmString").and_then(Node::as_str);
    let coding = || parsed.get("versionAlgorithmCoding")?.get("code")?.as_str();
    let stated = text.or_else(coding).map(str::to_owned);
    let extended = || {
        let urls = [extension::VERSION_ALGORITHM, extension::CODE_SYSTEM_VERSION_ALGORITHM];
        urls.iter()
            .find_map(|url| extension::resource_values(resource, url).into_iter().next())
    };
    Algorithm::parse(&stated.or_else(extended)?)
}

/// What binds elements to value sets, by URL, the latest version last.
#[derive(Debug, Default)]
struct Structures {
    by_url: BTreeMap<String, Vec<StructureEntry>>,
}

#[derive(Debug)]
struct StructureEntry {
    version: Option<String>,
    /// The FHIR version of which it is, if it is one of FHIR's own.
    core: Option<String>,
    source: StructureSource,
}

#[derive(Debug)]
enum StructureSource {
    Memory(Arc<Structure>),
    Kept { resources: Arc<ResourcesIndex>, number: usize },
}

impl Structures {
    fn add(&mut self, url: &str, entry: StructureEntry) {
        let versions = self.by_url.entry(url.to_owned()).or_default();
        if versions.iter().any(|other| other.version == entry.version) {
            return;
        }
        let place = versions.partition_point(|other| {
            version::compare(other.version.as_deref(), entry.version.as_deref()) == std::cmp::Ordering::Less
        });
        versions.insert(place, entry);
    }

    /// Read anew each time: it is small, and seldom asked for.
    fn find(&self, url: &str, wanted: Option<&str>, core: Option<&str>) -> Option<Arc<Structure>> {
        let versions = self.by_url.get(url)?;
        let own = |entry: &&StructureEntry| match (wanted, core, &entry.core) {
            (Some(wanted), ..) => entry.version.as_deref().is_some_and(|own| version::matches(own, wanted)),
            (None, Some(core), Some(own)) => own.starts_with(core),
            _ => false,
        };
        let found = versions.iter().rev().find(own);
        let found = found.or_else(|| versions.last().filter(|_| wanted.is_none()))?;
        match &found.source {
            StructureSource::Memory(structure) => Some(Arc::clone(structure)),
            StructureSource::Kept { resources, number } => match Resource::parse(&resources.json(*number).ok()?).ok()? {
                Resource::Structure(structure) => Some(structure),
                _ => None,
            },
        }
    }
}

/// One layer.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub code_systems: Shelf<CodeSystemIndex>,
    pub value_sets: Shelf<ValueSet>,
    pub concept_maps: Shelf<ConceptMapIndex>,
    pub naming_systems: Shelf<NamingSystem>,
    structures: Arc<Structures>,
    algorithmic: OnceLock<Shelf<ConceptMapIndex>>,
    names: OnceLock<BTreeMap<String, String>>,
    value_set_names: OnceLock<BTreeMap<String, String>>,
    declared: OnceLock<BTreeMap<String, Vec<Arc<Entry<CodeSystemIndex>>>>>,
    /// Artefacts that could not be opened, with the reason.
    pub damaged: Vec<(String, String)>,
}

impl Layer {
    /// A layer of parsed resources.
    pub fn of_resources(resources: Vec<Resource>) -> Self {
        let mut layer = Self::default();
        layer.add_resources(resources);
        layer
    }

    /// A layer of all that a store holds, with resources before it.
    pub fn of_store(store: &Store, resources: Vec<Resource>) -> Self {
        let mut layer = Self::of_resources(resources);
        for artefact in store.artefacts() {
            layer.add_artefact(artefact);
        }
        layer
    }

    /// The layer with what was written in it: that stands in front of what was loaded under the same id, and what was
    /// deleted hides it.
    pub fn with_written(&self, written: &[WrittenEntry], hidden: &Hidden) -> Self {
        let mut layer = Self {
            code_systems: self.code_systems.without(hidden),
            value_sets: self.value_sets.without(hidden),
            concept_maps: self.concept_maps.without(hidden),
            naming_systems: self.naming_systems.without(hidden),
            structures: Arc::clone(&self.structures),
            damaged: self.damaged.clone(),
            ..Self::default()
        };
        for entry in written {
            match &entry.0 {
                Placed::CodeSystem(entry) => layer.code_systems.put(entry.clone()),
                Placed::ValueSet(entry) => layer.value_sets.put(entry.clone()),
                Placed::ConceptMap(entry) => layer.concept_maps.put(entry.clone()),
                Placed::NamingSystem(entry) => layer.naming_systems.put(entry.clone()),
            }
        }
        layer
    }

    /// The structure with a canonical; without a version that of FHIR `core` if it is one, else the latest.
    pub fn structure(&self, url: &str, wanted: Option<&str>, core: Option<&str>) -> Option<Arc<Structure>> {
        self.structures.find(url, wanted, core)
    }

    fn add_structure(&mut self, url: &str, entry: StructureEntry) {
        // Nobody else has the layer while it is filled.
        if let Some(structures) = Arc::get_mut(&mut self.structures) {
            structures.add(url, entry);
        }
    }

    fn add_resources(&mut self, resources: Vec<Resource>) {
        for resource in resources {
            match resource {
                Resource::Structure(structure) => {
                    let entry = StructureEntry {
                        version: structure.version.clone(),
                        core: None,
                        source: StructureSource::Memory(Arc::clone(&structure)),
                    };
                    self.add_structure(&structure.url, entry);
                }
                Resource::CodeSystem(index) => {
                    let header = index.header();
                    let entry = Entry::memory(&header.url, header.version.as_deref(), header.id.as_deref(), index.clone());
                    self.code_systems.add(entry);
                }
                Resource::ValueSet(value_set) => {
                    // Without a URL it cannot be resolved, but it can be read by its id.
                    let url = value_set.url.as_deref().unwrap_or("");
                    let entry = Entry::memory(url, value_set.version.as_deref(), value_set.id.as_deref(), value_set.clone());
                    self.value_sets.add(entry);
                }
                Resource::ConceptMap(index) => {
                    let header = index.header();
                    let entry = Entry::memory(&header.url, header.version.as_deref(), header.id.as_deref(), index.clone());
                    self.concept_maps.add(entry);
                }
                Resource::NamingSystem(naming_system) => {
                    let url = naming_system.url.as_deref().unwrap_or("");
                    let (version, id) = (naming_system.version.as_deref(), naming_system.id.as_deref());
                    self.naming_systems
                        .add(Entry::memory(url, version, id, naming_system.clone()));
                }
            }
        }
    }

    fn add_artefact(&mut self, artefact: &Artefact) {
        match &artefact.info {
            ArtefactInfo::CodeSystem(header) => self.code_systems.add(Entry {
                url: header.url.clone(),
                version: header.version.clone(),
                id: header.id.clone(),
                source: Source::Artefact(Box::new(artefact.clone())),
                content: OnceLock::new(),
                summary: OnceLock::new(),
            }),
            ArtefactInfo::ConceptMap(header) => self.concept_maps.add(Entry {
                url: header.url.clone(),
                version: header.version.clone(),
                id: header.id.clone(),
                source: Source::Artefact(Box::new(artefact.clone())),
                content: OnceLock::new(),
                summary: OnceLock::new(),
            }),
            ArtefactInfo::Resources { origin } => match artefact.open_resources() {
                Ok(resources) => self.add_kept(&Arc::new(resources)),
                Err(error) => self.damaged.push((origin.clone(), error.to_string())),
            },
        }
    }

    fn add_kept(&mut self, resources: &Arc<ResourcesIndex>) {
        for (number, key) in resources.keys().enumerate() {
            match key.resource_type {
                "CodeSystem" => self.code_systems.add(kept(resources, number)),
                "ValueSet" => self.value_sets.add(kept(resources, number)),
                "ConceptMap" => self.concept_maps.add(kept(resources, number)),
                "NamingSystem" => self.naming_systems.add(kept(resources, number)),
                "StructureDefinition" | "Questionnaire" => {
                    let entry = StructureEntry {
                        version: key.version.map(str::to_owned),
                        core: key.fhir_version.filter(|own| key.version == Some(own)).map(str::to_owned),
                        source: StructureSource::Kept {
                            resources: Arc::clone(resources),
                            number,
                        },
                    };
                    self.add_structure(key.url.unwrap_or(""), entry);
                }
                _ => {}
            }
        }
    }

    /// The URL that naming systems and code systems give for another identifier of a code system.
    pub fn url_of_identifier(&self, identifier: &str) -> Option<&str> {
        let names = self.names.get_or_init(|| self.read_names());
        names.get(identifier).map(String::as_str)
    }

    /// The URL of the value set with an identifier that is a URN.
    pub fn value_set_of_identifier(&self, identifier: &str) -> Option<&str> {
        let read = || {
            let mut names = BTreeMap::new();
            add_identifiers(&mut names, &self.value_sets);
            names
        };
        self.value_set_names.get_or_init(read).get(identifier).map(String::as_str)
    }

    /// The code systems that declare a value set of all their codes under this URL, by version ascending. Reads the
    /// headers of all code systems once.
    pub fn declaring(&self, value_set: &str) -> &[Arc<Entry<CodeSystemIndex>>] {
        let read = || {
            let mut declared: BTreeMap<String, Vec<Arc<Entry<CodeSystemIndex>>>> = BTreeMap::new();
            for entry in self.code_systems.all() {
                if let Some(url) = entry.header().and_then(|header| header.value_set) {
                    declared.entry(url).or_default().push(entry.clone());
                }
            }
            declared
        };
        self.declared.get_or_init(read).get(value_set).map_or(&[], Vec::as_slice)
    }

    /// Descriptions of the algorithmic maps to the code systems of this layer. The small code systems of FHIR packages
    /// may be targets too, but are left out: their maps would hide the others.
    pub fn algorithmic(&self) -> &Shelf<ConceptMapIndex> {
        let describe = |entry: &Arc<Entry<CodeSystemIndex>>| {
            let header = entry
                .header()
                .filter(|_| !matches!(entry.source, Source::Kept { .. } | Source::Written(_)))?;
            let map = Arc::new(algorithmic::describe(&header).filter(|_| algorithmic::is_target(&header))?);
            let header = map.header();
            let (url, version, id) = (&header.url, header.version.as_deref(), header.id.as_deref());
            Some(Entry::memory(url, version, id, Arc::clone(&map)))
        };
        self.algorithmic.get_or_init(|| {
            let mut shelf = Shelf::default();
            self.code_systems
                .all()
                .filter_map(describe)
                .for_each(|entry| shelf.add(entry));
            shelf
        })
    }

    fn read_names(&self) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        let mut naming_systems: Vec<_> = self.naming_systems.all().filter_map(|entry| entry.content().ok()).collect();
        // What is in use names before what is not.
        naming_systems.sort_by_key(|naming_system| naming_system.status.as_deref() != Some("active"));
        for naming_system in naming_systems {
            let Some(uri) = naming_system.preferred_uri() else {
                continue;
            };
            for id in naming_system.unique_ids.iter().filter(|id| id.value != uri) {
                names.entry(id.as_uri()).or_insert_with(|| uri.to_owned());
            }
        }
        add_identifiers(&mut names, &self.code_systems);
        names
    }
}

/// What resources say of their own identifiers; those that are there already stay.
fn add_identifiers<T: Kept>(names: &mut BTreeMap<String, String>, shelf: &Shelf<T>) {
    for entry in shelf.all().filter(|entry| !entry.url.is_empty()) {
        for (_, identifier) in &entry.summary().identifiers {
            names.entry(identifier.clone()).or_insert_with(|| entry.url.clone());
        }
    }
}

fn kept<T>(resources: &Arc<ResourcesIndex>, number: usize) -> Entry<T> {
    let key = resources.key(number);
    Entry {
        url: key.url.unwrap_or("").to_owned(),
        version: key.version.map(str::to_owned),
        id: key.id.map(str::to_owned),
        source: Source::Kept {
            resources: resources.clone(),
            number,
        },
        content: OnceLock::new(),
        summary: OnceLock::new(),
    }
}

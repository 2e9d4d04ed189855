//! The composite of all that is loaded: an immutable snapshot that resolves names to things.
//!
//! The HTTP room holds one behind an atomic pointer and swaps it when a load has finished; running requests keep
//! theirs. Artefacts are opened at their first use. It evaluates nothing.

use super::resource::Resource;
use std::sync::Arc;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::store::Store;
use tern_index::value_set::ValueSet;

/// The kinds of resources that can be read and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// `CodeSystem`
    CodeSystem,
    /// `ValueSet`
    ValueSet,
    /// `ConceptMap`
    ConceptMap,
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
    /// It is loaded but cannot be opened: what is wrong with it.
    pub damage: Option<String>,
}

/// Everything loaded, and the resources of one request before it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Terminology {
    _placeholder: Arc<()>,
}

impl Terminology {
    /// All that a store holds, with in-memory resources.
    pub fn new(_store: &Store, _resources: Vec<Resource>) -> Self {
        Self {
            _placeholder: Arc::new(()),
        }
    }

    /// A view in which the resources of a request rank first. What is loaded is shared, not copied.
    pub fn with_overlay(&self, _resources: Vec<Resource>) -> Self {
        self.clone()
    }

    /// A code system by URL, OID or short name and version (exact, wildcard, partial SNOMED version URI); without a
    /// version the latest.
    pub fn code_system(&self, url: &str, version: Option<&str>) -> Result<Arc<CodeSystemIndex>, Unresolved> {
        Err(self.unresolved(url, version))
    }

    /// A value set, likewise; implicit value sets are made.
    pub fn value_set(&self, url: &str, version: Option<&str>) -> Result<Arc<ValueSet>, Unresolved> {
        Err(self.unresolved(url, version))
    }

    /// A concept map, likewise.
    pub fn concept_map(&self, url: &str, version: Option<&str>) -> Result<Arc<ConceptMapIndex>, Unresolved> {
        Err(self.unresolved(url, version))
    }

    fn unresolved(&self, url: &str, version: Option<&str>) -> Unresolved {
        Unresolved {
            url: url.to_owned(),
            version: version.map(str::to_owned),
            known_versions: Vec::new(),
            damage: None,
        }
    }
}

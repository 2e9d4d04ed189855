//! Resources that were written through the service, as a snapshot takes them in.
//!
//! They take part exactly like what was loaded: of several versions of a canonical the latest is meant, whoever brought it.
//! Where they are kept, and who may write, is not known here.

use super::catalogue::Entry;
use super::terminology::ResourceKind;
use std::collections::BTreeSet;
use std::sync::Arc;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::value_set::ValueSet;
use tern_loaders::fhir::naming_system::NamingSystem;

/// A version of a resource, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `meta.versionId`
    pub version_id: u64,
    /// `meta.lastUpdated`
    pub last_updated: String,
    /// The FHIR version of its shapes (`4.0`, `5.0`).
    pub fhir_version: String,
    /// The resource, JSON.
    pub json: String,
}

/// Kinds and ids of resources that loaded ones are no longer seen behind.
pub type Hidden = BTreeSet<(ResourceKind, String)>;

/// A written resource with the place it has in snapshots. It is read when somebody asks for it, once for all snapshots.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct WrittenEntry(pub(super) Placed);

/// By kind.
#[derive(Debug, Clone)]
pub(super) enum Placed {
    CodeSystem(Arc<Entry<CodeSystemIndex>>),
    ValueSet(Arc<Entry<ValueSet>>),
    ConceptMap(Arc<Entry<ConceptMapIndex>>),
    NamingSystem(Arc<Entry<NamingSystem>>),
}

impl WrittenEntry {
    /// Takes a resource in.
    pub fn new(kind: ResourceKind, id: &str, written: Written) -> Self {
        let written = Arc::new(written);
        Self(match kind {
            ResourceKind::CodeSystem => Placed::CodeSystem(Arc::new(Entry::of_written(id, written))),
            ResourceKind::ValueSet => Placed::ValueSet(Arc::new(Entry::of_written(id, written))),
            ResourceKind::ConceptMap => Placed::ConceptMap(Arc::new(Entry::of_written(id, written))),
            ResourceKind::NamingSystem => Placed::NamingSystem(Arc::new(Entry::of_written(id, written))),
        })
    }
}

//! The store: a directory of immutable releases and the catalogue that says which of their artefacts are live.
//!
//! Being written: opening, loading and removing follow in the next commit; the types here are their interface.

use crate::container::ContainerError;
use crate::model::{CodeSystemHeader, ConceptMapHeader};
use crate::read::{CodeSystemIndex, ConceptMapIndex, ResourcesIndex};
use std::path::{Path, PathBuf};

/// What an artefact is, with what is known of it without opening it.
#[derive(Debug, Clone)]
pub enum ArtefactInfo {
    /// A code system version with an index of its own.
    CodeSystem(Box<CodeSystemHeader>),
    /// A concept map with an index of its own.
    ConceptMap(Box<ConceptMapHeader>),
    /// FHIR resources of one origin (a package, a folder), kept whole.
    Resources {
        /// `name#version` of the package, or the file's name.
        origin: String,
    },
}

/// Something loaded.
#[derive(Debug, Clone)]
pub struct Artefact {
    /// What it is.
    pub info: ArtefactInfo,
    /// Its directory.
    pub directory: PathBuf,
}

impl Artefact {
    /// Opens a code system; an error for another kind of artefact.
    pub fn open_code_system(&self) -> Result<CodeSystemIndex, StoreError> {
        Err(StoreError::NotFound)
    }

    /// Opens a concept map; an error for another kind of artefact.
    pub fn open_concept_map(&self) -> Result<ConceptMapIndex, StoreError> {
        Err(StoreError::NotFound)
    }

    /// Opens kept resources; an error for another kind of artefact.
    pub fn open_resources(&self) -> Result<ResourcesIndex, StoreError> {
        Err(StoreError::NotFound)
    }
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A damaged or foreign file.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// Nothing of that kind.
    #[error("not found")]
    NotFound,
}

/// An open store: a snapshot of its catalogue.
#[derive(Debug)]
pub struct Store {
    artefacts: Vec<Artefact>,
}

impl Store {
    /// Reads the catalogue; an empty or missing directory is an empty store.
    pub fn open(_directory: &Path) -> Result<Self, StoreError> {
        Ok(Self { artefacts: Vec::new() })
    }

    /// Everything that is live.
    pub fn artefacts(&self) -> &[Artefact] {
        &self.artefacts
    }
}

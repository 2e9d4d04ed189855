//! The store: a directory of immutable releases, and the catalogue that says which of their artefacts are live.
//!
//! A load builds into a temporary directory, renames it into place and then replaces the catalogue, in one
//! rename: killed at any instant, the store is as it was before or as it is after. Readers hold a snapshot and
//! are never blocked; one writer at a time is let in by a lock file. FORMAT.md describes every file.
//!
//! What it does not do: it reads no release (loaders do) and answers no question (readers and the service do).

mod load;
mod manifest;
mod verify;

pub use load::{Derive, Load, LoadFailure, LoadedRelease, remove};
pub use verify::verify;

pub use crate::build::{ArtefactInfo, Counts};
use crate::bytes::Bytes;
use crate::container::ContainerError;
use crate::read::{CodeSystemIndex, ConceptMapIndex, FileSource, ResourcesIndex};
use manifest::{Catalogue, Manifest, Part};
use std::io;
use std::path::{Path, PathBuf};

/// Why a store cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A damaged, foreign or newer file.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The operating system said no.
    #[error("{path}: {error}{}", advice(.error))]
    Io {
        /// File or directory.
        path: PathBuf,
        /// Its reason.
        error: io::Error,
    },
    /// Another process is loading or removing.
    #[error("another tern is writing to the store {path}; wait until it has finished, or use another --store")]
    Locked {
        /// The store.
        path: PathBuf,
    },
    /// An artefact of another kind.
    #[error("{what} is no {wanted}")]
    Kind {
        /// The artefact.
        what: String,
        /// What was asked for.
        wanted: &'static str,
    },
}

impl StoreError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            error,
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => " (free some space and run the command again; nothing in the store was changed)",
        io::ErrorKind::PermissionDenied => " (check who owns the store, or choose another with --store)",
        _ => "",
    }
}

/// Something loaded: a part of a release.
#[derive(Debug, Clone)]
pub struct Artefact {
    /// What it is.
    pub info: ArtefactInfo,
    /// How much is in it.
    pub counts: Counts,
    /// Bytes on disk.
    pub bytes: u64,
    /// Title of the release it came with.
    pub release: String,
    directory: PathBuf,
    part: Part,
    stamps: PathBuf,
}

impl Artefact {
    /// Opens a code system. The content is verified unless these very files were verified before.
    pub fn open_code_system(&self) -> Result<CodeSystemIndex, StoreError> {
        let ArtefactInfo::CodeSystem(header) = &self.info else {
            return Err(self.not_a("code system"));
        };
        Ok(CodeSystemIndex::open((**header).clone(), &self.open_files()?)?)
    }

    /// Opens a concept map.
    pub fn open_concept_map(&self) -> Result<ConceptMapIndex, StoreError> {
        let ArtefactInfo::ConceptMap(header) = &self.info else {
            return Err(self.not_a("concept map"));
        };
        Ok(ConceptMapIndex::open((**header).clone(), &self.open_files()?)?)
    }

    /// Opens kept resources.
    pub fn open_resources(&self) -> Result<ResourcesIndex, StoreError> {
        if !matches!(self.info, ArtefactInfo::Resources { .. }) {
            return Err(self.not_a("set of resources"));
        }
        Ok(ResourcesIndex::open(&self.open_files()?)?)
    }

    /// Where its files are.
    pub fn directory(&self) -> PathBuf {
        self.directory.join(&self.part.directory)
    }

    fn not_a(&self, wanted: &'static str) -> StoreError {
        let what = match &self.info {
            ArtefactInfo::CodeSystem(header) => header.canonical().to_string(),
            ArtefactInfo::ConceptMap(header) => header.url.clone(),
            ArtefactInfo::Resources { origin } => origin.clone(),
        };
        StoreError::Kind { what, wanted }
    }

    fn open_files(&self) -> Result<OpenFiles, StoreError> {
        verify::open_part(&self.directory, &self.part, &self.stamps, false)
    }
}

/// The mapped, verified files of an artefact.
struct OpenFiles {
    files: Vec<(String, Bytes)>,
    directory: PathBuf,
}

impl FileSource for OpenFiles {
    fn bytes(&self, name: &str) -> Result<Option<Bytes>, ContainerError> {
        Ok(self.files.iter().find(|(own, _)| own == name).map(|(_, bytes)| bytes.clone()))
    }

    fn shown(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }
}

/// An open store: a snapshot of its catalogue and manifests.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
    artefacts: Vec<Artefact>,
}

impl Store {
    /// Reads the catalogue and the manifests; a missing or empty directory is an empty store. No index file is
    /// opened yet.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Self::of(directory, &Catalogue::read(directory)?)
    }

    /// What a catalogue lists.
    fn of(directory: &Path, catalogue: &Catalogue) -> Result<Self, StoreError> {
        let mut artefacts = Vec::new();
        let mut manifests: Vec<(&str, Manifest)> = Vec::new();
        for live in &catalogue.live {
            if !manifests.iter().any(|(release, _)| *release == live.release) {
                let manifest = Manifest::read(&releases(directory).join(&live.release))?;
                manifests.push((&live.release, manifest));
            }
            let Some(manifest) = manifests
                .iter()
                .find(|(release, _)| *release == live.release)
                .map(|(_, manifest)| manifest)
            else {
                continue;
            };
            let path = releases(directory).join(&live.release);
            let part = manifest
                .parts
                .iter()
                .find(|part| part.directory == live.part)
                .ok_or_else(|| ContainerError::Structure {
                    file: path.join(manifest::MANIFEST).display().to_string(),
                    message: format!("the catalogue names part {}, which it does not have", live.part),
                })?;
            artefacts.push(Artefact {
                info: part.info.clone(),
                counts: part.counts,
                bytes: part.files.iter().map(|file| file.length).sum(),
                release: manifest.title.clone(),
                directory: path,
                part: part.clone(),
                stamps: stamps(directory).join(format!("{}-{}.json", live.release, live.part)),
            });
        }
        Ok(Self {
            directory: directory.to_owned(),
            artefacts,
        })
    }

    /// What changes whenever the catalogue is replaced, so that a server sees it without reading the store; nothing where
    /// there is none.
    pub fn identity(directory: &Path) -> Option<String> {
        let path = directory.join(manifest::CATALOGUE);
        let metadata = std::fs::metadata(&path).ok()?;
        let changed = metadata.modified().ok();
        let changed = changed.and_then(|changed| changed.duration_since(std::time::UNIX_EPOCH).ok());
        // A catalogue is a new file each time. Where files have no numbers, time and length must do.
        #[cfg(unix)]
        let file = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let file = 0;
        Some(format!(
            "{file}-{}-{}",
            metadata.len(),
            changed.unwrap_or_default().as_nanos()
        ))
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Everything that is live, in the order of the catalogue.
    pub fn artefacts(&self) -> &[Artefact] {
        &self.artefacts
    }
}

fn releases(directory: &Path) -> PathBuf {
    directory.join("releases")
}

fn stamps(directory: &Path) -> PathBuf {
    directory.join("verified")
}

#[cfg(test)]
mod tests;

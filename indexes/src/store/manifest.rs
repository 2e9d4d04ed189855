//! The two JSON files of a store: a manifest per release and the catalogue of what is live.
//!
//! Both are one JSON object with a checksum over the exact bytes of its content, so that a flipped byte, even in
//! white space, is found. They are written last, and replaced only by rename.

use super::StoreError;
use crate::build::{ArtefactInfo, Counts};
use crate::container::{ContainerError, FORMAT_VERSION};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Name of a release's manifest.
pub(super) const MANIFEST: &str = "manifest.json";
/// Name of a store's catalogue.
pub(super) const CATALOGUE: &str = "catalogue.json";

const BEFORE_CHECKSUM: &str = "{\"blake3\":\"";
const AFTER_CHECKSUM: &str = "\",\"content\":";
const END: &str = "}\n";

/// What a release directory holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub format: u32,
    pub title: String,
    pub loader: String,
    pub parts: Vec<Part>,
}

/// One artefact of a release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub directory: String,
    pub info: ArtefactInfo,
    pub counts: Counts,
    pub files: Vec<PartFile>,
}

/// One file of an artefact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PartFile {
    pub name: String,
    pub length: u64,
    pub blake3: String,
}

/// What is live in a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Catalogue {
    pub format: u32,
    pub live: Vec<Live>,
}

/// A live part of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Live {
    pub release: String,
    pub part: String,
}

impl Manifest {
    pub fn read(release: &Path) -> Result<Self, StoreError> {
        let path = release.join(MANIFEST);
        let bytes = std::fs::read(&path).map_err(|error| StoreError::io(&path, error))?;
        Ok(open_envelope(&bytes, &path)?)
    }

    /// The exact bytes of the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        envelope(self).map_err(|error| StoreError::io(Path::new(MANIFEST), error))
    }
}

impl Catalogue {
    /// The catalogue of a store; that of a directory without one is empty.
    pub fn read(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(CATALOGUE);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(open_envelope(&bytes, &path)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self {
                format: FORMAT_VERSION,
                live: Vec::new(),
            }),
            Err(error) => Err(StoreError::io(&path, error)),
        }
    }

    /// Replaces the catalogue in one rename, after its content has reached the disk.
    pub fn replace(&self, directory: &Path) -> Result<(), StoreError> {
        let path = directory.join(CATALOGUE);
        let new = directory.join("catalogue.json.new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&envelope(self)?)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            sync_directory(directory)
        };
        write().map_err(|error| StoreError::io(&path, error))
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()
    } else {
        Ok(())
    }
}

fn envelope(content: &impl Serialize) -> io::Result<Vec<u8>> {
    let content = serde_json::to_string(content)?;
    let checksum = blake3::hash(content.as_bytes()).to_hex();
    Ok(format!("{BEFORE_CHECKSUM}{checksum}{AFTER_CHECKSUM}{content}{END}").into_bytes())
}

fn open_envelope<T: DeserializeOwned>(bytes: &[u8], path: &Path) -> Result<T, ContainerError> {
    let file = path.display().to_string();
    let damaged = || ContainerError::Checksum { file: file.clone() };
    let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
    let rest = text
        .strip_prefix(BEFORE_CHECKSUM)
        .ok_or_else(|| ContainerError::Foreign { file: file.clone() })?;
    let (checksum, rest) = rest.split_at_checked(64).ok_or_else(damaged)?;
    let content = rest
        .strip_prefix(AFTER_CHECKSUM)
        .and_then(|rest| rest.strip_suffix(END))
        .ok_or_else(damaged)?;
    if blake3::hash(content.as_bytes()).to_hex().as_str() != checksum {
        return Err(damaged());
    }
    // The version is read by itself first: a newer content may have another shape.
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let structure = |error: serde_json::Error| ContainerError::Structure {
        file: file.clone(),
        message: error.to_string(),
    };
    let found = serde_json::from_str::<Version>(content).map_err(structure)?.format;
    let expected = FORMAT_VERSION;
    if found > expected {
        return Err(ContainerError::Newer { file, found, expected });
    }
    if found < expected {
        return Err(ContainerError::Older { file, found, expected });
    }
    serde_json::from_str(content).map_err(structure)
}

//! Loading into a store and removing from it: build aside, rename, then replace the catalogue.
//!
//! A [`Load`] holds the writer's lock from beginning to end. Its releases are built under `tmp/` and renamed
//! into `releases/`, but nothing of them is live before [`Load::commit`] replaces the catalogue; a load that is
//! dropped or killed leaves directories that the next writer sweeps away.

use super::manifest::{Catalogue, Live, MANIFEST, Manifest, Part, PartFile, sync_directory};
use super::{Artefact, OpenFiles, Store, StoreError, releases, stamps, verify};
use crate::build::{ArtefactInfo, BuildError, Counts, FaultPolicy, Files, Finished, ReleaseBuilder, ReleaseError, ReleaseReport};
use crate::bytes::Bytes;
use crate::container::FORMAT_VERSION;
use crate::model::CodeSystemHeader;
use crate::read::CodeSystemIndex;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A release that has been built, live once its load is committed.
#[derive(Debug)]
pub struct LoadedRelease {
    /// Its title.
    pub title: String,
    /// Its artefacts: what, how much, bytes on disk.
    pub artefacts: Vec<(ArtefactInfo, Counts, u64)>,
    /// What happened while it was read.
    pub report: ReleaseReport,
    name: String,
    parts: Vec<String>,
}

/// What is worked out of a code system that has been built and is kept beside it: `axioms`, or nothing.
pub type Derive = fn(&CodeSystemIndex) -> Result<Files, BuildError>;

/// A load in progress.
pub struct Load {
    directory: PathBuf,
    /// Held, not read: the lock goes when the file is closed.
    _lock: File,
    loaded: Vec<LoadedRelease>,
    derive: Option<Derive>,
}

impl Load {
    /// Takes the writer's lock and sweeps away what an earlier writer left unfinished. The directory is made if
    /// it is not there; one that holds other things than a store is refused.
    pub fn begin(directory: &Path) -> Result<Self, StoreError> {
        let lock = lock(directory)?;
        sweep(directory, &Catalogue::read(directory)?)?;
        Ok(Self {
            directory: directory.to_owned(),
            _lock: lock,
            loaded: Vec::new(),
            derive: None,
        })
    }

    /// Keeps beside every code system what is worked out of it. Without, it is worked out when it is needed.
    pub fn deriving(mut self, derive: Derive) -> Self {
        self.derive = Some(derive);
        self
    }

    /// Builds one release: `read` gets the sink to pass to the loader. What `read` returns as its error comes
    /// back unless the sink itself knows a better reason. `progress` is told bytes read.
    pub fn release<E>(
        &mut self,
        title: &str,
        loader: &str,
        policy: FaultPolicy,
        progress: impl FnMut(u64),
        read: impl FnOnce(&mut ReleaseBuilder<'_>) -> Result<(), E>,
    ) -> Result<&LoadedRelease, LoadFailure<E>> {
        let room = self.directory.join("tmp");
        let make = |path: &Path| std::fs::create_dir_all(path).map_err(|error| StoreError::io(path, error));
        make(&room).map_err(LoadFailure::Store)?;
        let room = tempfile::tempdir_in(&room).map_err(|error| LoadFailure::Store(StoreError::io(&room, error)))?;
        let mut parts = Vec::new();
        let derive = self.derive;
        let report = {
            let keep = |finished: Finished| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
                parts.push(write_part(room.path(), parts.len(), finished, derive)?);
                Ok(())
            };
            let mut builder = ReleaseBuilder::new(policy, true, Box::new(keep), Box::new(progress));
            let read = read(&mut builder);
            match (builder.finish(), read) {
                (Err(error), _) => return Err(LoadFailure::Release(error)),
                (Ok(_), Err(error)) => return Err(LoadFailure::Loader(error)),
                (Ok(report), Ok(())) => report,
            }
        };
        let manifest = Manifest {
            format: FORMAT_VERSION,
            title: title.to_owned(),
            loader: loader.to_owned(),
            parts,
        };
        let name = place(&self.directory, room, &manifest).map_err(LoadFailure::Store)?;
        self.loaded.push(LoadedRelease {
            title: title.to_owned(),
            artefacts: manifest
                .parts
                .iter()
                .map(|part| {
                    (
                        part.info.clone(),
                        part.counts,
                        part.files.iter().map(|file| file.length).sum(),
                    )
                })
                .collect(),
            report,
            name,
            parts: manifest.parts.into_iter().map(|part| part.directory).collect(),
        });
        // Just pushed.
        self.loaded.last().ok_or(LoadFailure::Release(ReleaseError::Order("release")))
    }

    /// The releases built so far.
    pub fn loaded(&self) -> &[LoadedRelease] {
        &self.loaded
    }

    /// Makes everything that was built live, replacing artefacts of the same canonical and version, and removes
    /// what is no longer live.
    pub fn commit(self) -> Result<Vec<LoadedRelease>, StoreError> {
        let mut catalogue = Catalogue::read(&self.directory)?;
        let old = Store::of(&self.directory, &catalogue)?;
        let mut live: Vec<(Live, ArtefactInfo)> = catalogue
            .live
            .iter()
            .cloned()
            .zip(old.artefacts.into_iter().map(|a| a.info))
            .collect();
        for release in &self.loaded {
            for (part, (info, _, _)) in release.parts.iter().zip(&release.artefacts) {
                live.retain(|(_, other)| !info.replaces(other));
                let entry = Live {
                    release: release.name.clone(),
                    part: part.clone(),
                };
                live.push((entry, info.clone()));
            }
        }
        catalogue.live = live.into_iter().map(|(live, _)| live).collect();
        catalogue.replace(&self.directory)?;
        sweep(&self.directory, &catalogue)?;
        self.stamp(&catalogue);
        Ok(self.loaded)
    }

    /// Reads back what was written, so that the first opening need not: it is still in the page cache.
    fn stamp(&self, catalogue: &Catalogue) {
        if let Ok(store) = Store::of(&self.directory, catalogue) {
            for artefact in store.artefacts() {
                if self.loaded.iter().any(|release| artefact.directory.ends_with(&release.name)) {
                    // What is wrong with it shows, with its reason, at the first real opening.
                    let _ = verify::open_part(&artefact.directory, &artefact.part, &artefact.stamps, false);
                }
            }
        }
    }
}

/// Why a release was not built.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailure<E> {
    /// The loader could not read it.
    #[error(transparent)]
    Loader(E),
    /// The sink stopped it.
    #[error(transparent)]
    Release(ReleaseError),
    /// The store could not be written.
    #[error(transparent)]
    Store(StoreError),
}

/// Removes the live artefacts for which `select` is true and returns them.
pub fn remove(directory: &Path, mut select: impl FnMut(&Artefact) -> bool) -> Result<Vec<Artefact>, StoreError> {
    let _lock = lock(directory)?;
    let mut catalogue = Catalogue::read(directory)?;
    let store = Store::of(directory, &catalogue)?;
    let mut removed = Vec::new();
    let mut kept = Vec::new();
    for (live, artefact) in catalogue.live.into_iter().zip(store.artefacts) {
        if select(&artefact) {
            removed.push(artefact);
        } else {
            kept.push(live);
        }
    }
    catalogue.live = kept;
    if !removed.is_empty() {
        catalogue.replace(directory)?;
        sweep(directory, &catalogue)?;
    }
    Ok(removed)
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| StoreError::io(&path, error)
    };
    std::fs::create_dir_all(directory).map_err(io(directory))?;
    let path = directory.join("lock");
    let file = File::options().create(true).append(true).open(&path).map_err(io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
            path: directory.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(StoreError::io(&path, error)),
    }
}

/// Removes unfinished builds and everything that belongs to no live release. Only names that a store makes are touched.
fn sweep(directory: &Path, catalogue: &Catalogue) -> Result<(), StoreError> {
    let live: BTreeSet<&str> = catalogue.live.iter().map(|live| live.release.as_str()).collect();
    let remove = |path: PathBuf| {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(|error| StoreError::io(&path, error))
    };
    for path in entries(&directory.join("tmp"))? {
        remove(path)?;
    }
    for path in entries(&releases(directory))? {
        if !live.contains(file_name(&path).as_str()) {
            remove(path)?;
        }
    }
    for path in entries(&stamps(directory))? {
        let name = file_name(&path);
        if !live.iter().any(|release| name.starts_with(release)) {
            remove(path)?;
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match std::fs::read_dir(directory) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io(directory, error)),
    };
    listing
        .map(|entry| {
            entry
                .map(|entry| entry.path())
                .map_err(|error| StoreError::io(directory, error))
        })
        .collect()
}

/// Writes the files of a part, and what is worked out of them, and makes them durable.
fn write_part(
    room: &Path,
    number: usize,
    finished: Finished,
    derive: Option<Derive>,
) -> Result<Part, Box<dyn std::error::Error + Send + Sync>> {
    let name = number.to_string();
    let directory = room.join(&name);
    let io = |error| StoreError::io(&directory, error);
    std::fs::create_dir_all(&directory).map_err(io)?;
    let mut files = write_files(&directory, finished.files)?;
    if let (ArtefactInfo::CodeSystem(header), Some(derive)) = (&finished.info, derive) {
        let index = CodeSystemIndex::open(CodeSystemHeader::clone(header), &just_written(&directory, &files)?)?;
        let derived = derive(&index)?;
        files.extend(write_files(&directory, derived)?);
    }
    sync_directory(&directory).map_err(io)?;
    Ok(Part {
        directory: name,
        info: finished.info,
        counts: finished.counts,
        files,
    })
}

/// Writes files; each is gone from memory when it has been written.
fn write_files(directory: &Path, files: Files) -> Result<Vec<PartFile>, StoreError> {
    let mut written = Vec::new();
    for built in files.0 {
        write_durably(&directory.join(built.name), &built.bytes)?;
        written.push(PartFile {
            name: built.name.to_owned(),
            length: built.bytes.len() as u64,
            blake3: blake3::Hash::from_bytes(built.checksum).to_hex().to_string(),
        });
    }
    Ok(written)
}

/// Files as they are about to be live.
fn just_written(directory: &Path, files: &[PartFile]) -> Result<OpenFiles, StoreError> {
    let map = |file: &PartFile| {
        let path = directory.join(&file.name);
        let mapped = File::open(&path).and_then(|file| Bytes::map(&file));
        let mapped = mapped.map_err(|error| StoreError::io(&path, error))?;
        Ok((file.name.clone(), mapped))
    };
    Ok(OpenFiles {
        files: files.iter().map(map).collect::<Result<_, StoreError>>()?,
        directory: directory.to_owned(),
    })
}

fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| StoreError::io(path, error))
}

/// Writes the manifest, last, and renames the release into place under a name made of its content. Returns the name.
fn place(directory: &Path, room: tempfile::TempDir, manifest: &Manifest) -> Result<String, StoreError> {
    let bytes = manifest.to_bytes()?;
    write_durably(&room.path().join(MANIFEST), &bytes)?;
    sync_directory(room.path()).map_err(|error| StoreError::io(room.path(), error))?;
    let hash = blake3::hash(&bytes).to_hex();
    let name = format!("{}-{}", slug(&manifest.title), hash.as_str().get(..16).unwrap_or_default());
    let home = releases(directory);
    std::fs::create_dir_all(&home).map_err(|error| StoreError::io(&home, error))?;
    // The same bytes may have been loaded before. A sound copy is kept as it is, so that nothing live ever moves;
    // a damaged one is left to the sweep and the new one takes another name.
    let mut target = home.join(&name);
    let mut copies = 1;
    while target.exists() {
        if is_sound(&target, manifest) {
            return Ok(file_name(&target));
        }
        copies += 1;
        target = home.join(format!("{name}.{copies}"));
    }
    let room = room.keep();
    std::fs::rename(&room, &target).map_err(|error| StoreError::io(&target, error))?;
    sync_directory(&home).map_err(|error| StoreError::io(&home, error))?;
    Ok(file_name(&target))
}

/// Whether a release directory holds every byte that the manifest says.
fn is_sound(release: &Path, manifest: &Manifest) -> bool {
    Manifest::read(release).is_ok_and(|found| found.title == manifest.title)
        && manifest.parts.iter().all(|part| verify::check_part(release, part).is_ok())
}

/// A title as a directory name: lower-case letters, digits and single dashes.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for character in title.chars().take(60) {
        match character.to_ascii_lowercase() {
            plain @ ('a'..='z' | '0'..='9' | '.') => slug.push(plain),
            _ if !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_matches(['-', '.']).to_owned()
}

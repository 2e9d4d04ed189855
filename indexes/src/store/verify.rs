//! Verification: every byte once per change of a file, not once per opening.
//!
//! Hashing a vocabulary takes as long as reading it, and opening must not. So when the files of an artefact have
//! been verified, their identity (device, inode, length, modification and change time) is kept beside the
//! releases; an opening whose files still have that identity checks headers only, and any other hashes them all.
//! `tern verify` always hashes. The stamps are a cache: losing them costs one hashing.

use super::manifest::{Part, PartFile};
use super::{Artefact, OpenFiles, Store, StoreError};
use crate::bytes::Bytes;
use crate::container::{Container, ContainerError};
use crate::layout::{file, kind};
use std::fs::File;
use std::path::Path;

/// Device, inode, length, mtime and ctime in seconds and nanoseconds.
type Identity = [i128; 7];

/// Hashes every file of every live artefact, whatever the stamps say. Calls `each` with the artefact and its result.
pub fn verify(store: &Store, mut each: impl FnMut(&Artefact, Result<(), StoreError>)) {
    for artefact in store.artefacts() {
        let checked = open_part(&artefact.directory, &artefact.part, &artefact.stamps, true);
        let opened = checked.and_then(|_| match &artefact.info {
            crate::build::ArtefactInfo::CodeSystem(_) => artefact.open_code_system().map(drop),
            crate::build::ArtefactInfo::ConceptMap(_) => artefact.open_concept_map().map(drop),
            crate::build::ArtefactInfo::Resources { .. } => artefact.open_resources().map(drop),
        });
        each(artefact, opened);
    }
}

/// Maps the files of a part and verifies them, fully when `always` is set or their stamp does not fit.
pub(super) fn open_part(release: &Path, part: &Part, stamps: &Path, always: bool) -> Result<OpenFiles, StoreError> {
    let (opened, identities) = map_part(release, part)?;
    let directory = release.join(&part.directory);
    let known = identities.iter().all(Option::is_some) && !always && read_stamp(stamps).is_some_and(|stamp| stamp == identities);
    for (entry, bytes) in &opened {
        check(entry, bytes, &directory, !known)?;
    }
    if !known {
        write_stamp(stamps, &identities);
    }
    Ok(OpenFiles {
        files: opened.into_iter().map(|(entry, bytes)| (entry.name.clone(), bytes)).collect(),
        directory,
    })
}

/// Hashes every file of a part and leaves no stamp.
pub(super) fn check_part(release: &Path, part: &Part) -> Result<(), StoreError> {
    for (entry, bytes) in &map_part(release, part)?.0 {
        check(entry, bytes, &release.join(&part.directory), true)?;
    }
    Ok(())
}

type Mapped<'p> = (Vec<(&'p PartFile, Bytes)>, Vec<Option<Identity>>);

fn map_part<'p>(release: &Path, part: &'p Part) -> Result<Mapped<'p>, StoreError> {
    let directory = release.join(&part.directory);
    let mut opened = Vec::new();
    let mut identities = Vec::new();
    for entry in &part.files {
        let path = directory.join(&entry.name);
        let file = File::open(&path).map_err(|error| StoreError::io(&path, error))?;
        identities.push(identity(&file).map_err(|error| StoreError::io(&path, error))?);
        let bytes = Bytes::map(&file).map_err(|error| StoreError::io(&path, error))?;
        opened.push((entry, bytes));
    }
    Ok((opened, identities))
}

/// Checks a file against its line in the manifest.
fn check(entry: &PartFile, bytes: &Bytes, directory: &Path, content: bool) -> Result<(), ContainerError> {
    let shown = directory.join(&entry.name).display().to_string();
    if bytes.len() as u64 != entry.length {
        return Err(ContainerError::Length {
            file: shown,
            found: bytes.len() as u64,
            expected: entry.length,
        });
    }
    // A file that a later tern added is as sound as any, and nobody here asks for it.
    let own = || bytes.get(12..16)?.try_into().ok();
    let kind = kind_of(&entry.name).or_else(own).unwrap_or(b"    ");
    let container = Container::open(bytes.clone(), kind, &shown, content)?;
    let checksum = blake3::Hash::from_bytes(container.checksum()).to_hex();
    if checksum.as_str() != entry.blake3 {
        return Err(ContainerError::Checksum { file: shown });
    }
    Ok(())
}

fn kind_of(name: &str) -> Option<&'static [u8; 4]> {
    Some(match name {
        file::CODES => kind::CODES,
        file::CONCEPTS => kind::CONCEPTS,
        file::DESIGNATIONS => kind::DESIGNATIONS,
        file::HIERARCHY => kind::HIERARCHY,
        file::RELATIONS => kind::RELATIONS,
        file::REFSETS => kind::REFSETS,
        file::MEMBERS => kind::MEMBERS,
        file::TEXT => kind::TEXT,
        file::AXIOMS => kind::AXIOMS,
        file::MAPS => kind::MAPS,
        file::RESOURCES => kind::RESOURCES,
        _ => return None,
    })
}

#[cfg(unix)]
fn identity(file: &File) -> std::io::Result<Option<Identity>> {
    use std::os::unix::fs::MetadataExt;
    let data = file.metadata()?;
    Ok(Some([
        i128::from(data.dev()),
        i128::from(data.ino()),
        i128::from(data.size()),
        i128::from(data.mtime()),
        i128::from(data.mtime_nsec()),
        i128::from(data.ctime()),
        i128::from(data.ctime_nsec()),
    ]))
}

/// Elsewhere nothing as strong as inode and change time is at hand: every opening verifies.
#[cfg(not(unix))]
fn identity(_: &File) -> std::io::Result<Option<Identity>> {
    Ok(None)
}

fn read_stamp(path: &Path) -> Option<Vec<Option<Identity>>> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Writes a stamp; a store that cannot be written to is simply verified at every opening.
fn write_stamp(path: &Path, identities: &[Option<Identity>]) {
    let write = || -> std::io::Result<()> {
        let directory = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        std::io::Write::write_all(&mut file, &serde_json::to_vec(identities)?)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    let _ = write();
}

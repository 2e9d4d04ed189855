//! A store survives damage by refusing it, and interruption by not noticing it.

use super::{Load, LoadFailure, Store, StoreError, remove, verify};
use crate::build::testing::Plain;
use crate::build::testing::{axioms, concept, emit, header, sample};
use crate::build::{ArtefactInfo, FaultPolicy, File, Files, ReleaseError};
use crate::container::{ContainerError, ContainerWriter};
use crate::record::{At, Record, RecordSink, Stopped};
use std::path::{Path, PathBuf};

fn load(directory: &Path, title: &str, read: impl FnOnce(&mut dyn RecordSink) -> Result<(), Stopped>) {
    let mut load = Load::begin(directory).unwrap().deriving(axioms);
    load.release(title, "test", FaultPolicy::default(), |_| {}, |sink| read(sink))
        .unwrap();
    load.commit().unwrap();
}

fn open_all(directory: &Path) -> Result<usize, StoreError> {
    let store = Store::open(directory)?;
    for artefact in store.artefacts() {
        match artefact.info {
            ArtefactInfo::CodeSystem(_) => artefact.open_code_system().map(drop)?,
            ArtefactInfo::ConceptMap(_) => artefact.open_concept_map().map(drop)?,
            ArtefactInfo::Resources { .. } => artefact.open_resources().map(drop)?,
        }
    }
    Ok(store.artefacts().len())
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn without_stamps(files: Vec<PathBuf>) -> Vec<PathBuf> {
    files
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains("verified") && !path.ends_with("lock"))
        .collect()
}

#[test]
fn what_is_loaded_is_there_replaced_and_removed() {
    let room = tempfile::tempdir().unwrap();
    assert_eq!(open_all(room.path()).unwrap(), 0);
    load(room.path(), "Sample 1", sample);
    assert_eq!(open_all(room.path()).unwrap(), 3);
    load(room.path(), "Other", |sink| {
        sink.accept(At::default(), Record::CodeSystem(&header("http://example.org/other")))?;
        sink.accept(At::default(), concept("x"))
    });
    assert_eq!(open_all(room.path()).unwrap(), 4);
    // The same code system again, under another title, replaces only its own.
    load(room.path(), "Sample again", |sink| {
        sink.accept(At::default(), Record::CodeSystem(&header("http://example.org/sample")))?;
        sink.accept(At::default(), concept("only"))
    });
    assert_eq!(open_all(room.path()).unwrap(), 4);
    let removed = remove(room.path(), |artefact| artefact.release == "Sample 1").unwrap();
    assert_eq!(removed.len(), 2);
    assert_eq!(open_all(room.path()).unwrap(), 2);
    assert_eq!(
        std::fs::read_dir(room.path().join("releases")).unwrap().count(),
        2,
        "the rest is swept"
    );
}

#[test]
fn loading_the_same_twice_changes_nothing() {
    let room = tempfile::tempdir().unwrap();
    load(room.path(), "Sample", sample);
    let read = |path: &Path| {
        without_stamps(files(path))
            .into_iter()
            .map(|f| (f.clone(), std::fs::read(f).unwrap()))
            .collect::<Vec<_>>()
    };
    let before = read(room.path());
    load(room.path(), "Sample", sample);
    assert_eq!(before, read(room.path()));
}

#[test]
fn every_flipped_byte_of_every_file_is_refused() {
    let room = tempfile::tempdir().unwrap();
    load(room.path(), "Sample", sample);
    let mut flipped = 0;
    for path in without_stamps(files(room.path())) {
        let sound = std::fs::read(&path).unwrap();
        for place in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[place] ^= 0x01;
            std::fs::write(&path, &damaged).unwrap();
            let result = open_all(room.path());
            assert!(result.is_err(), "{}, byte {place}", path.display());
            let message = result.unwrap_err().to_string();
            assert!(
                message.contains("load the release again") || message.contains("--store") || message.contains("newer tern"),
                "{message}"
            );
            flipped += 1;
        }
        std::fs::write(&path, &sound).unwrap();
    }
    assert!(flipped > 5_000, "{flipped}");
    assert_eq!(open_all(room.path()).unwrap(), 3);
}

#[test]
fn every_truncation_of_every_file_is_refused() {
    let room = tempfile::tempdir().unwrap();
    load(room.path(), "Sample", sample);
    for path in without_stamps(files(room.path())) {
        let sound = std::fs::read(&path).unwrap();
        for length in (0..sound.len()).step_by(1 + sound.len() / 97) {
            std::fs::write(&path, &sound[..length]).unwrap();
            assert!(open_all(room.path()).is_err(), "{}, {length} bytes", path.display());
        }
        std::fs::write(&path, &sound).unwrap();
    }
}

#[test]
fn what_is_derived_is_kept() {
    let room = tempfile::tempdir().unwrap();
    load(room.path(), "Sample", sample);
    let store = Store::open(room.path()).unwrap();
    let index = store.artefacts()[0].open_code_system().unwrap();
    assert_eq!(index.axioms().unwrap().len(), 4);
    // A load that derives nothing gives the same code system without them.
    let mut plain = Load::begin(room.path()).unwrap();
    plain
        .release("Sample", "test", FaultPolicy::default(), |_| {}, |sink| sample(sink))
        .unwrap();
    plain.commit().unwrap();
    let store = Store::open(room.path()).unwrap();
    let plain = store.artefacts()[0].open_code_system().unwrap();
    assert!(plain.axioms().is_none());
    assert_eq!(plain.len(), index.len());
}

/// A later version may keep more of what this one has.
#[test]
fn a_file_that_is_not_known_is_checked_and_ignored() {
    let room = tempfile::tempdir().unwrap();
    let mut later = Load::begin(room.path()).unwrap().deriving(|_| {
        let mut files = Files::default();
        let (bytes, checksum) = ContainerWriter::new(b"LATE").finish();
        files.0.push(File {
            name: "later",
            bytes,
            checksum,
        });
        Ok(files)
    });
    later
        .release("Later", "test", FaultPolicy::default(), |_| {}, |sink| sample(sink))
        .unwrap();
    later.commit().unwrap();
    assert_eq!(open_all(room.path()).unwrap(), 3);
    let path = files(room.path()).into_iter().find(|path| path.ends_with("0/later")).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(open_all(room.path()).is_err());
}

#[test]
fn a_stamp_spares_the_hashing_and_verify_does_not_trust_it() {
    let room = tempfile::tempdir().unwrap();
    load(room.path(), "Sample", sample);
    open_all(room.path()).unwrap();
    let stamps = files(&room.path().join("verified"));
    assert_eq!(stamps.len(), 3);
    let mut results = Vec::new();
    verify(&Store::open(room.path()).unwrap(), |artefact, result| {
        results.push((artefact.bytes, result.is_ok()))
    });
    assert_eq!(results.len(), 3);
    assert!(results.iter().all(|(bytes, sound)| *bytes > 0 && *sound));
    // A file of another index with the right name, kind and own checksum is still foreign here.
    let other = tempfile::tempdir().unwrap();
    load(other.path(), "Other", |sink| {
        emit(&Plain::default(), &header("http://example.org/empty"), sink)
    });
    let wanted = |root: &Path| files(root).into_iter().find(|path| path.ends_with("0/hierarchy")).unwrap();
    std::fs::copy(wanted(other.path()), wanted(room.path())).unwrap();
    assert!(open_all(room.path()).is_err());
}

#[test]
fn a_load_that_fails_or_is_dropped_leaves_the_store_as_it_was() {
    let room = tempfile::tempdir().unwrap();
    load(room.path(), "Sample", sample);
    let before = without_stamps(files(room.path()));
    let mut next = Load::begin(room.path()).unwrap();
    let strict = FaultPolicy {
        strict: true,
        ..FaultPolicy::default()
    };
    let failure = next
        .release(
            "Broken",
            "test",
            strict,
            |_| {},
            |sink| {
                sink.accept(At::default(), Record::CodeSystem(&header("http://example.org/b")))?;
                sink.accept(At::default(), concept("x"))?;
                sink.accept(At::default(), concept("x"))
            },
        )
        .err()
        .unwrap();
    assert!(matches!(failure, LoadFailure::Release(ReleaseError::Fault(_))), "{failure:?}");
    next.release(
        "Sound but never committed",
        "test",
        FaultPolicy::default(),
        |_| {},
        |sink| sink.accept(At::default(), Record::CodeSystem(&header("http://example.org/c"))),
    )
    .unwrap();
    drop(next);
    assert_eq!(open_all(room.path()).unwrap(), 3);
    drop(Load::begin(room.path()).unwrap());
    assert_eq!(before, without_stamps(files(room.path())), "the next writer sweeps");
}

#[test]
fn two_writers_are_not_let_in_at_once() {
    let room = tempfile::tempdir().unwrap();
    let first = Load::begin(room.path()).unwrap();
    assert!(matches!(Load::begin(room.path()), Err(StoreError::Locked { .. })));
    drop(first);
    assert!(Load::begin(room.path()).is_ok());
}

#[test]
fn a_newer_catalogue_says_so() {
    let room = tempfile::tempdir().unwrap();
    let content = "{\"format\":99,\"shape\":\"unknown\"}";
    let hash = blake3::hash(content.as_bytes()).to_hex();
    std::fs::write(
        room.path().join("catalogue.json"),
        format!("{{\"blake3\":\"{hash}\",\"content\":{content}}}\n"),
    )
    .unwrap();
    let error = Store::open(room.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::Container(ContainerError::Newer { found: 99, .. })),
        "{error}"
    );
}

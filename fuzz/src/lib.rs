//! What the fuzz targets share: bytes as a release in a folder, and a sink that only counts.
//!
//! A loader reads files, so the input is laid out as files: the first line of the input names which of the loader's
//! files it is, the rest is its content, and the others come from `tests/fixtures`. So the fuzzer starts from a release
//! that is right in all but one file.

use std::path::{Path, PathBuf};
use tern::service::Terminology;
use tern_index::build::{ArtefactInfo, FaultPolicy, Finished, ReleaseBuilder};
use tern_index::read::CodeSystemIndex;
use tern_index::store::{Load, Store};
use tern_loaders::source::{Limits, members};
use tern_loaders::{LoadOptions, loaders, recognise};

/// Limits that keep a single input fast.
const LIMITS: Limits = Limits {
    member_bytes: 4 << 20,
    ratio: 200,
    ratio_from: 1 << 20,
    members: 1_000,
};

/// A folder of `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// Files below a folder by their path in it, sorted: the number of a file is its place here.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).expect("the fixtures are part of the project").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("it was found below the folder").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Copies the fixture with one file, chosen by the first byte of `data`, replaced by the rest, and loads whatever is
/// recognised there, up to finished indexes in memory.
pub fn load_with(name: &str, data: &[u8]) {
    let Some((choice, content)) = data.split_first() else {
        return;
    };
    let folder = fixture(name);
    let files = files(&folder);
    let chosen = &files[usize::from(*choice) % files.len()];
    let room = tempfile::tempdir().expect("a temporary folder can be made");
    for file in &files {
        let target = room.path().join(file);
        std::fs::create_dir_all(target.parent().expect("it has a folder")).expect("folders can be made");
        if file == chosen {
            std::fs::write(target, content).expect("files can be written");
        } else {
            // A link is enough where the system makes one: nothing writes to it.
            let whole = folder.join(file);
            if std::fs::hard_link(&whole, &target).is_err() {
                std::fs::copy(whole, target).expect("files can be copied");
            }
        }
    }
    load(&[room.path().to_owned()]);
}

/// Loads whatever is recognised in `paths`.
pub fn load(paths: &[PathBuf]) {
    let options = LoadOptions::default();
    let Ok(members) = members(paths, LIMITS) else {
        return;
    };
    let Ok((releases, _)) = recognise(members, &options) else {
        return;
    };
    for release in releases {
        let Some(loader) = loaders().iter().find(|loader| loader.name() == release.loader) else {
            continue;
        };
        let keep = Box::new(|_| Ok(()));
        let mut builder = ReleaseBuilder::new(FaultPolicy::default(), false, keep, Box::new(|_| {}));
        let _ = loader.load(&release, &options, &mut builder);
        let _ = builder.finish();
    }
}

/// Builds what the SNOMED CT fixture holds, in memory: code system, concept maps, resources.
pub fn sample(with_text: bool) -> Vec<Finished> {
    let options = LoadOptions::default();
    let paths = [fixture("snomed"), fixture("fhir")];
    let members = members(&paths, LIMITS).expect("the fixtures are sound");
    let (releases, _) = recognise(members, &options).expect("the fixtures are sound");
    let mut finished = Vec::new();
    for release in releases {
        let loader = loaders().iter().find(|loader| loader.name() == release.loader).expect("it recognised the release");
        let keep = Box::new(|artefact| {
            finished.push(artefact);
            Ok(())
        });
        let mut builder = ReleaseBuilder::new(FaultPolicy::default(), with_text, keep, Box::new(|_| {}));
        loader.load(&release, &options, &mut builder).expect("the fixtures load");
        builder.finish().expect("the fixtures build");
    }
    for artefact in &mut finished {
        if let ArtefactInfo::CodeSystem(header) = &artefact.info {
            let index = CodeSystemIndex::open((**header).clone(), &artefact.files).expect("the fixtures open");
            let derived = tern::description_logic::derive(&index).expect("the fixtures are small");
            artefact.files.0.extend(derived.0);
        }
    }
    finished
}

/// A store of the fixtures of three loaders, made once for a process.
pub fn terminology() -> Terminology {
    let room = tempfile::tempdir().expect("a temporary folder can be made").keep();
    let options = LoadOptions::default();
    let paths = ["snomed", "loinc", "fhir", "maps"].map(fixture);
    let members = members(&paths, LIMITS).expect("the fixtures are sound");
    let (releases, _) = recognise(members, &options).expect("the fixtures are sound");
    let load = Load::begin(&room).expect("a store can be made");
    let mut load = load.deriving(tern::description_logic::derive);
    for release in &releases {
        let loader = loaders().iter().find(|loader| loader.name() == release.loader).expect("it recognised the release");
        load.release(&release.title, release.loader, FaultPolicy::default(), |_| {}, |sink| {
            loader.load(release, &options, sink)
        })
        .expect("the fixtures load");
    }
    load.commit().expect("the store can be written");
    Terminology::new(&Store::open(&room).expect("the store was just written"), Vec::new())
}

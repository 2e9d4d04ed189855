//! What can be checked cheaply of the material that lies beside the project, where it lies there.
//!
//! Releases are recognised without a flag. That their counts are right is checked by `.ci/run` against an
//! independent script, since loading them takes too long here.

use super::tidy::shared;
use std::path::PathBuf;
use tern_loaders::source::{Limits, members};
use tern_loaders::{LoadOptions, recognise};

/// What a folder beside the project must be recognised as.
const FOLDERS: &[(&str, &str)] = &[
    ("tx-suite/tx-source/snomed", "snomed"),
    ("tx-suite/tx-source/loinc", "loinc"),
    ("vocab/loinc", "loinc"),
    ("vocab/rxnorm", "rxnorm"),
    ("vocab/icd", "icd"),
];

#[test]
fn releases_beside_the_project_are_recognised_by_looking() {
    let Some(shared) = shared() else {
        println!("skipped: ../shared is not here");
        return;
    };
    for (folder, loader) in FOLDERS {
        let path: PathBuf = shared.join(folder);
        let found = recognise(members(&[path], Limits::default()).unwrap(), &LoadOptions::default())
            .unwrap()
            .0;
        let names: Vec<&str> = found.iter().map(|release| release.loader).collect();
        assert!(names.contains(loader), "{folder} is recognised as {names:?}");
    }
}

//! What can be checked cheaply of the material that lies beside the project, where it lies there.
//!
//! Releases are recognised without a flag. That their counts are right is checked by `.ci/run` against an
//! independent script, since loading them takes too long here.

use super::tidy::shared;
use std::path::PathBuf;
use tern::fhir::{FhirVersion, xml};
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

/// The resources of the packages beside the project, with the version of FHIR that each is of.
fn packages(shared: &std::path::Path) -> Vec<(FhirVersion, PathBuf)> {
    [
        (FhirVersion::R4, "hl7.fhir.r4.core-4.0.1.tgz"),
        (FhirVersion::R5, "hl7.fhir.r5.core-5.0.0.tgz"),
        (FhirVersion::R4, "hl7.terminology-7.3.0.tgz"),
    ]
    .map(|(version, name)| (version, shared.join("vocab/other/fhir").join(name)))
    .into()
}

#[test]
fn the_resources_of_the_core_packages_come_back_from_xml_as_they_were() {
    let Some(shared) = shared() else {
        println!("skipped: ../shared is not here");
        return;
    };
    for (version, package) in packages(&shared) {
        let (mut count, mut wrong) = (0, Vec::new());
        for member in members(std::slice::from_ref(&package), Limits::default()).unwrap() {
            let Ok(resource) = serde_json::from_slice::<serde_json::Value>(&member.read().unwrap()) else {
                continue;
            };
            if !resource["resourceType"].is_string() {
                continue;
            }
            count += 1;
            // HL7 wrote text where FHIR has a boolean; XML has no such difference, and reads a boolean.
            if ["MeSH", "v3-loinc"].iter().any(|id| resource["id"] == *id) {
                continue;
            }
            let back = xml::read(&xml::write(&resource, version, false), version);
            if back.as_ref() != Ok(&resource) {
                wrong.push(format!("{}: {:?}", resource["id"], back.err()));
            }
        }
        println!("{}: {count} resources", package.display());
        assert!(count > 500, "{} has only {count} resources", package.display());
        assert!(wrong.is_empty(), "{} of {count} differ: {}", wrong.len(), wrong.join("\n"));
    }
}

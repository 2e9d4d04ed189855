//! SNOMED CT through time and across packages: Full as of a day, Snapshot with Deltas, dependencies between modules.
//!
//! Snapshots and Deltas are made here from the Full files of a fixture, by their definition: the newest state of each
//! component up to a day, and the states after one day up to another.

use crate::support::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tern_loaders::collect::Collector;
use tern_loaders::{LoadError, LoadOptions};

fn full() -> PathBuf {
    fixture("snomed/SnomedCT_ExampleRF2_20250101T120000Z/Full")
}

fn extension() -> PathBuf {
    fixture("snomed/SnomedCT_ExampleExtension_20250301T120000Z")
}

/// Writes files of another release type made from the Full files: of each, the rows that `choose` picks.
fn derive(to: &Path, kind: &str, date: u32, choose: impl Fn(Vec<Vec<String>>) -> Vec<Vec<String>>) {
    for path in files(&full()) {
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
        let mut out = format!("{}\r\n", lines.next().unwrap());
        let rows = lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect();
        for row in choose(rows) {
            out += &(row.join("\t") + "\r\n");
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let name = name.replace("Full", kind).replace("20250101", &date.to_string());
        fs::create_dir_all(to).unwrap();
        fs::write(to.join(name), out).unwrap();
    }
}

fn time(row: &[String]) -> u32 {
    row[1].parse().unwrap()
}

fn snapshot(to: &Path, day: u32) {
    derive(to, "Snapshot", day, |rows| {
        let mut newest: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows.into_iter().filter(|row| time(row) <= day) {
            let known = newest.get(&row[0]).map(|known| time(known));
            if known.is_none_or(|known| known < time(&row)) {
                newest.insert(row[0].clone(), row);
            }
        }
        newest.into_values().collect()
    });
}

fn delta(to: &Path, after: u32, day: u32) {
    derive(to, "Delta", day, |rows| {
        let new = rows.into_iter().filter(|row| time(row) > after && time(row) <= day);
        new.collect()
    });
}

/// Everything, rows of reference sets included, whatever the order of files.
fn all(found: &Collector) -> String {
    let mut rows: Vec<String> = found.rows.iter().map(|row| format!("{row:?}")).collect();
    rows.sort();
    let mut maps: Vec<String> = found.maps.iter().map(|map| format!("{map:?}")).collect();
    maps.sort();
    // The order in which concept maps' rows come is that of the files; their content is in `rows`.
    let whole = content(found);
    let (content, _) = whole.rsplit_once("\n\n").unwrap();
    format!("{content}\n{}\n{}", rows.join("\n"), maps.len())
}

fn as_of(day: u32) -> LoadOptions {
    LoadOptions {
        as_of: Some(day),
        ..LoadOptions::default()
    }
}

#[test]
fn full_files_as_of_a_day_are_the_snapshot_of_that_day() {
    for day in [20_230_131, 20_240_701, 20_250_101] {
        let room = tempfile::tempdir().unwrap();
        snapshot(room.path(), day);
        let found = try_load(&[full()], &as_of(day)).unwrap();
        assert_eq!(all(&found), all(&load(&[room.path().to_owned()])), "{day}");
    }
    let between = try_load(&[full()], &as_of(20_241_231)).unwrap();
    let version = between.code_systems[0].version.as_deref();
    assert_eq!(
        version,
        Some("http://snomed.info/sct/900000000000207008/version/20240701"),
        "the release that was the newest on that day"
    );
    assert!(between.concepts.values().all(|concept| concept.status.is_some()));
}

#[test]
fn a_day_needs_full_files_and_a_release() {
    let room = tempfile::tempdir().unwrap();
    snapshot(room.path(), 20_250_101);
    let error = try_load(&[room.path().to_owned()], &as_of(20_240_701)).unwrap_err();
    assert!(matches!(error, LoadError::MissingFile { .. }), "{error}");
    assert!(error.to_string().contains("sct2_Concept_Full"), "{error}");
    let error = try_load(&[full()], &as_of(20_010_101)).unwrap_err();
    assert!(error.to_string().contains("holds nothing as of 20010101"), "{error}");
}

#[test]
fn a_snapshot_and_its_deltas_are_the_later_snapshot() {
    let room = tempfile::tempdir().unwrap();
    let part = |name: &str| room.path().join(name);
    snapshot(&part("old"), 20_230_131);
    delta(&part("first"), 20_230_131, 20_240_701);
    delta(&part("second"), 20_240_701, 20_250_101);
    snapshot(&part("new"), 20_250_101);
    let expected = all(&load(&[part("new")]));
    assert_eq!(all(&load(&[part("second"), part("old"), part("first")])), expected);
    let again = load(&[part("new"), part("second")]);
    assert_eq!(all(&again), expected, "changes that the release has already");
    assert!(again.ignored.iter().any(|(file, _)| file.contains("Concept_Delta")));
    let error = try_load(&[part("second")], &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("a Delta holds changes only"), "{error}");
}

#[test]
fn an_extension_needs_what_it_rests_on_in_its_version() {
    let error = try_load(&[extension()], &LoadOptions::default()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("rests on module 900000000000012004 of 20250101"),
        "{message}"
    );
    assert!(
        message.contains("not there") && message.contains("tern load EXTENSION BASE") && message.contains("--onto"),
        "{message}"
    );
    let room = tempfile::tempdir().unwrap();
    copy(&extension(), room.path());
    edit(&file(room.path(), "ModuleDependency"), |text| {
        text.replace("\t20250101", "\t20240701")
    });
    let base = fixture("snomed/SnomedCT_ExampleRF2_20250101T120000Z");
    let error = try_load(&[room.path().to_owned(), base], &LoadOptions::default()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("of 20240701") && message.contains("version of 20250101"),
        "{message}"
    );
}

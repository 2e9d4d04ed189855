//! SNOMED CT at the command line: releases through time, maps with rules, history; and that no concept loses its name.
//!
//! The fixture (`tests/fixtures/snomed-history`) has Full files of three releases with every kind of reference set;
//! its words are invented. What clients of the service see of it is in `tests/cases/http-snomed.json`.

use super::support::{editions, history, json, outcome, run, stdout, text};
use std::fs;
use std::path::Path;
use tern::service::Terminology;
use tern_index::model::Ordinal;
use tern_index::read::{Component, FieldValue};
use tern_index::store::Store;

const RUST: &str = "1239999997109";
const QUICK_RUST: &str = "1259999997102";
const HARBOUR_FEVER: &str = "1279999997106";
const NAMELESS_ACHE: &str = "1309999997109";
const SAIL_OXIDE: &str = "1349999997107";

fn codes(arguments: &[&str]) -> Vec<String> {
    let rows = json(history(), arguments);
    let code = |row: &serde_json::Value| row["code"].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(code).collect()
}

#[test]
fn rules_choose_for_the_patient_and_say_what_would_change_the_answer() {
    let ask = |more: &[&str]| {
        let mut arguments = vec!["translate", "snomed", HARBOUR_FEVER, "--target", "icd10cm", "--json"];
        arguments.extend(more);
        codes(&arguments)
    };
    assert_eq!(ask(&["--age", "34", "--sex", "female"]), ["O98.9"]);
    assert_eq!(ask(&["--age", "34", "--sex", "male"]), ["A79.9"]);
    assert_eq!(ask(&["--age", "27 days", "--sex", "female"]), ["P37.9"]);
    assert_eq!(ask(&["--age", "28 days"]), ["R50.8"]);
    assert_eq!(ask(&["--age", "12", "--finding", QUICK_RUST]), ["A79.9", "J99"]);
    let (code, _, said) = outcome(
        history(),
        &["translate", "snomed", HARBOUR_FEVER, "--target", "icd10cm", "--age", "34"],
    );
    assert_eq!(code, 0);
    assert_eq!(
        said.lines().next(),
        Some("tern: O98.9 instead of A79.9 in map group 1 if this is so: Invented female (finding)"),
        "{said}"
    );
    assert!(said.contains("ALWAYS A79.9"), "{said}");
    let (code, _, said) = outcome(history(), &["translate", "snomed", HARBOUR_FEVER, "--age", "old"]);
    assert!(code != 0 && said.contains("not an age"), "{said}");
    let back = codes(&["translate", "icd10", "R50.8", "--target", "snomed", "--reverse", "--json"]);
    assert_eq!(back, [HARBOUR_FEVER]);
}

#[test]
fn what_belongs_together_is_shown_together() {
    let page = stdout(history(), &["lookup", "snomed", "1339999997103"]);
    let groups = "group 1         Amount = 250\ngroup 2         Amount = 0.50\nsufficientlyDefined";
    assert!(page.contains(groups), "{page}");
    // A single group is told by its attributes.
    let page = stdout(history(), &["lookup", "snomed", "1259999997102"]);
    assert!(page.contains("\nSeat ") && !page.contains("group 1"), "{page}");
}

#[test]
fn a_retired_concept_says_why_and_what_to_use() {
    let page = stdout(history(), &["lookup", "snomed", SAIL_OXIDE]);
    assert!(page.contains("retired         Said twice"), "{page}");
    assert!(
        page.contains("use instead     1239999997109  Sailbone rust  (Same as before)"),
        "{page}"
    );
    let answer = json(history(), &["lookup", "snomed", "1389999997104", "--json"]);
    let successor = &answer["retired"]["successors"][0];
    assert_eq!(
        (successor["code"].as_str(), successor["active"].as_bool()),
        (Some(SAIL_OXIDE), Some(false))
    );
    let (code, out, said) = outcome(history(), &["search", "sail", "oxide"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        said.contains("retired: 1349999997107 Sail oxide; use 1239999997109 Sailbone rust (Same as before)"),
        "{said}"
    );
    // A code whose successor is retired too leads to what is in use.
    let by_way = "retired: 1389999997104 Older sail oxide; use 1239999997109 Sailbone rust (by way of 1349999997107)";
    assert!(said.contains(by_way), "{said}");
    let page = stdout(history(), &["lookup", "snomed", "1389999997104"]);
    let line = "use instead     1239999997109  Sailbone rust  (Replaced by another, by way of 1349999997107)";
    assert!(page.contains(line), "{page}");
    assert_eq!(page.matches("Replaced by another").count(), 1, "said once: {page}");
    let chain = json(history(), &["lookup", "snomed", "1389999997104", "--json"]);
    let successor = &chain["retired"]["successors"][0];
    assert_eq!(
        (&successor["active"], &successor["in_the_end"][0]["code"]),
        (&false.into(), &RUST.into())
    );
    // What is ambiguous has several successors.
    let said = outcome(history(), &["search", "fin", "trouble"]).2;
    let either =
        "use 1249999997100 Finbone rust (Perhaps the same as) or 1219999997101 Disorder of finbone (Perhaps the same as)";
    assert!(said.contains(either), "{said}");
    let rows = json(history(), &["search", "sail", "oxide", "--inactive", "--json"]);
    assert_eq!(rows[0]["successors"][0]["code"], RUST);
}

#[test]
fn a_search_that_finds_nothing_names_the_edition_that_has_it() {
    let (exit, out, said) = outcome(editions(), &["search", "Herz"]);
    assert_eq!((exit, out.as_str()), (1, ""), "{said}");
    let named = "in another version: 369999999105 Heart; search it with --system \"snomed|http://snomed.info/sct/19999998107/version/20250301\"";
    assert!(said.contains(named), "{said}");
    let found = stdout(
        editions(),
        &["search", "--system", "snomed|http://snomed.info/sct/19999998107", "Herz"],
    );
    assert!(found.contains("369999999105"), "{found}");
}

#[test]
fn a_name_that_is_made_is_shown_and_not_counted() {
    let rows: usize = ["sct2_Description", "sct2_TextDefinition"]
        .iter()
        .map(|name| {
            let path = format!("tests/fixtures/snomed-history/SnomedCT_ExampleHistory_20250101T120000Z/Full/Terminology/{name}_Full-en_INT_20250101.txt");
            let text = fs::read_to_string(path).unwrap();
            let ids: std::collections::BTreeSet<&str> = text.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
            ids.len()
        })
        .sum();
    let status = json(history(), &["status", "--json"]);
    let counted = status.to_string();
    assert!(counted.contains(&format!("\"terms\":{rows}")), "{rows} terms: {counted}");
    let page = stdout(history(), &["lookup", "snomed", NAMELESS_ACHE]);
    assert!(page.starts_with("1309999997109  Nameless ache\n"), "{page}");
}

#[test]
fn a_past_day_is_an_edition_beside_the_others() {
    let store = tempfile::tempdir().unwrap();
    let fixture = "tests/fixtures/snomed-history";
    stdout(store.path(), &["load", fixture, "--as-of", "20240815"]);
    stdout(store.path(), &["load", fixture]);
    let version = |day: &str| format!("snomed|http://snomed.info/sct/900000000000207008/version/{day}");
    let active = |day: &str| {
        let answer = json(store.path(), &["lookup", &version(day), SAIL_OXIDE, "--json"]);
        answer["retired"].is_null()
    };
    assert!(active("20240701") && !active("20250101"), "retired in the third release");
    let output = run(store.path(), &["load", fixture, "--as-of", "2024"]);
    assert!(text(&output.stderr).contains("not a day of the form YYYYMMDD"));
    let output = run(store.path(), &["load", fixture, "--as-of", "20200101"]);
    assert!(
        text(&output.stderr).contains("holds nothing as of 20200101"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn every_file_of_the_fixture_is_loaded_without_a_fault() {
    let store = tempfile::tempdir().unwrap();
    let path = Path::new("tests/fixtures/snomed-history");
    let (code, _, said) = outcome(store.path(), &["load", "--strict", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("left out") && !said.contains("skipped"), "{said}");
}

/// The Full files of the fixture as Delta files: what is newer than a day.
fn delta(folder: &Path, after: u32) {
    let full = Path::new("tests/fixtures/snomed-history/SnomedCT_ExampleHistory_20250101T120000Z/Full");
    for part in [
        "Terminology",
        "Refset/Language",
        "Refset/Content",
        "Refset/Map",
        "Refset/Metadata",
    ] {
        for entry in fs::read_dir(full.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let content = fs::read_to_string(&path).unwrap();
            let mut lines = content.lines();
            let mut out = format!("{}\r\n", lines.next().unwrap());
            for line in lines {
                let time: u32 = line.split('\t').nth(1).unwrap().parse().unwrap();
                if time > after {
                    out += &format!("{line}\r\n");
                }
            }
            let name = path.file_name().unwrap().to_str().unwrap().replace("Full", "Delta");
            fs::write(folder.join(name), out).unwrap();
        }
    }
}

/// All that an edition says, in words that do not depend on the order of its files.
fn content(store: &Path, version: &str) -> Vec<String> {
    let store = Store::open(store).unwrap();
    let terminology = Terminology::new(&store, Vec::new());
    let index = terminology.code_system("http://snomed.info/sct", Some(version)).unwrap();
    let mut lines = Vec::new();
    for concept in (0..index.len() as u32).map(Ordinal) {
        let code = index.code(concept);
        lines.push(format!(
            "{code} {:?} {:?} {:?}",
            index.display(concept),
            index.is_active(concept),
            index.status(concept)
        ));
        for number in index.designation_numbers(concept) {
            let mut term = index.designation(number);
            term.acceptability.sort();
            let said = (
                index.designation_module(number),
                index.designation_effective_time(number),
                index.designation_case_significance(number),
            );
            lines.push(format!("{code} {term:?} {said:?}"));
        }
        for (parent, id) in index.parents(concept).zip(index.parent_ids(concept)) {
            lines.push(format!("{code} is a {} by {id}", index.code(parent)));
        }
        for (property, id) in index.properties(concept).into_iter().zip(index.property_ids(concept)) {
            lines.push(format!("{code} {property:?} by {id}"));
        }
        for one in index.alternates_of(concept) {
            lines.push(format!("{code} is {} {}", one.identifier, one.active));
        }
        let Some(rows) = index.refset_rows(concept) else { continue };
        for row in rows.range() {
            let component = match rows.component(row) {
                Component::Concept(concept) => index.code(concept).to_owned(),
                Component::Designation(number) => index.designation_id(number).unwrap().to_owned(),
                Component::Other(id) => id.to_owned(),
            };
            let values: Vec<String> = rows
                .fields()
                .map(|field| match rows.value(row, &field) {
                    Some(FieldValue::Component(Component::Concept(concept))) => index.code(concept).to_owned(),
                    value => format!("{value:?}"),
                })
                .collect();
            let said = (
                rows.id_text(row),
                rows.is_active(row),
                rows.module(row),
                rows.effective_time(row),
            );
            lines.push(format!("{code} lists {component} {values:?} {said:?}"));
        }
    }
    lines.sort();
    lines
}

#[test]
fn a_delta_onto_a_loaded_release_is_the_later_release() {
    let store = tempfile::tempdir().unwrap();
    let fixture = "tests/fixtures/snomed-history";
    stdout(store.path(), &["load", fixture, "--as-of", "20240701"]);
    let folder = tempfile::tempdir().unwrap();
    delta(folder.path(), 20_240_701);
    let changes = folder.path().to_str().unwrap();
    let output = run(store.path(), &["load", changes]);
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("--onto"), "{said}");
    let output = run(store.path(), &["load", changes, "--onto", "snomed"]);
    let said = text(&output.stderr);
    assert!(output.status.success() && !said.contains("skipped"), "{said}");
    let version = |day: &str| format!("http://snomed.info/sct/900000000000207008/version/{day}");
    let (patched, whole) = (
        content(store.path(), &version("20250101")),
        content(history(), &version("20250101")),
    );
    let differing: Vec<_> = patched
        .iter()
        .zip(&whole)
        .filter(|(patched, whole)| patched != whole)
        .take(3)
        .collect();
    assert!(differing.is_empty() && patched.len() == whole.len(), "{differing:#?}");
    assert_ne!(
        content(store.path(), &version("20240701")),
        whole,
        "the older edition stays as it was"
    );
    let output = run(store.path(), &["load", changes, "--onto", "snomed"]);
    let said = text(&output.stderr);
    assert!(said.contains("the loaded edition is of that day or later"), "{said}");
    let left: Vec<String> = fs::read_dir(store.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_extension_onto_a_loaded_release_is_the_two_together() {
    let (apart, together) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let base = "tests/fixtures/snomed/SnomedCT_ExampleRF2_20250101T120000Z";
    let extension = "tests/fixtures/snomed/SnomedCT_ExampleExtension_20250301T120000Z";
    stdout(together.path(), &["load", base, extension]);
    stdout(apart.path(), &["load", base]);
    let output = run(apart.path(), &["load", extension]);
    assert!(
        text(&output.stderr).contains("which is not there"),
        "{}",
        text(&output.stderr)
    );
    stdout(apart.path(), &["load", extension, "--onto", "snomed"]);
    let version = "http://snomed.info/sct/19999998107/version/20250301";
    assert_eq!(content(apart.path(), version), content(together.path(), version));
}

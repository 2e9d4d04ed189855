//! LOINC.

use crate::support::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tern_index::model::{DesignationKind, PropertyValue, Relationship};
use tern_index::record::ProblemKind;
use tern_loaders::collect::Collector;
use tern_loaders::{LoadError, LoadOptions};

const BLOOD: &str = "990001-0";
const SERUM: &str = "990008-5";
const TRIAL: &str = "990204-0";

fn release() -> PathBuf {
    fixture("loinc/Loinc_9.01")
}

fn copied() -> (tempfile::TempDir, PathBuf) {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("Loinc_9.01");
    copy(&release(), &folder);
    (room, folder)
}

#[test]
fn the_fixture_loads_whole() {
    let found = load(&[release()]);
    assert_eq!(found.problems, []);
    assert_eq!(dangling(&found), [""; 0]);
    let header = &found.code_systems[0];
    assert_eq!(
        (header.url.as_str(), header.version.as_deref()),
        ("http://loinc.org", Some("9.01"))
    );
    assert!(!header.case_sensitive);
    let count = |prefix: &str| found.concepts.keys().filter(|code| code.starts_with(prefix)).count();
    // 37 parts of the table, and three that only the hierarchy names.
    assert_eq!((count("99"), count("LP"), count("LL"), count("LA")), (30, 37 + 3, 3, 5));
    assert_eq!(found.terms("LP980002-0", DesignationKind::Display), ["Laboratory"]);
    assert_eq!(found.concepts["990183-6"].status.as_deref(), Some("DEPRECATED"));
    let inactive: Vec<&str> = found
        .concepts
        .iter()
        .filter(|(_, one)| !one.active)
        .map(|(code, _)| code.as_str())
        .collect();
    assert_eq!(inactive, ["990183-6", "990190-1"]);
    let displayed: BTreeSet<&str> = found
        .designations
        .iter()
        .filter(|one| one.kind == DesignationKind::Display)
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(displayed.len(), found.concepts.len());
}

#[test]
fn names_keep_use_language_and_all_six_axes() {
    let found = load(&[release()]);
    let names: BTreeMap<(String, String), Vec<String>> =
        found
            .designations
            .iter()
            .filter(|one| one.code == BLOOD)
            .fold(BTreeMap::new(), |mut names, one| {
                let key = (one.language.clone().unwrap(), one.use_.clone().unwrap());
                names.entry(key).or_insert_with(Vec::new).push(one.value.clone());
                names
            });
    let of = |language: &str, use_: &str| {
        names
            .get(&(language.to_owned(), use_.to_owned()))
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(of("en-US", "LONG_COMMON_NAME"), ["Examplose [Mass/volume] in Blood"]);
    assert_eq!(of("en-US", "SHORTNAME"), ["Examplose Bld-MCnc"]);
    assert_eq!(of("en-US", "ConsumerName"), ["Examplose, Blood"]);
    assert_eq!(of("en-US", "FullySpecifiedName"), ["Examplose:MCnc:Pt:Bld:Qn:"]);
    assert_eq!(of("en-US", "RELATEDNAMES2"), ["Exmpl", "Sample sugar", "Point in time"]);
    assert_eq!(of("de-DE", "LONG_COMMON_NAME"), ["Exemplose [Masse/Volumen] in Blut"]);
    assert_eq!(of("de-DE", "RELATEDNAMES2"), ["Beispielzucker", "Zucker"]);
    assert_eq!(of("de-DE", "LinguisticVariantDisplayName"), ["Exemplose /Blut"]);
    assert_eq!(of("fr-CA", "LONG_COMMON_NAME"), ["Exemplose dans le sang"]);
    assert_eq!(of("fr-CA", "FullySpecifiedName"), [""; 0]);
    let definition = found.terms(SERUM, DesignationKind::Definition);
    assert!(
        definition[0].contains("\"sweet\"") && definition[0].contains('\n'),
        "{definition:?}"
    );
    for code in ["990169-5", "990176-0"] {
        let full = found.terms(code, DesignationKind::FullySpecifiedName)[0];
        assert_eq!(full.matches(':').count(), 5, "{full}");
    }
}

#[test]
fn axes_are_parts_where_links_give_them_and_text_elsewhere() {
    let found = load(&[release()]);
    let of = |code: &str, property: &str| -> Vec<PropertyValue> {
        let wanted = found
            .properties
            .iter()
            .filter(|one| one.code == code && one.property == property);
        wanted.map(|one| one.value.clone()).collect()
    };
    assert_eq!(of(BLOOD, "COMPONENT"), [PropertyValue::Code("LP990001-0".into())]);
    assert_eq!(of(BLOOD, "analyte"), [PropertyValue::Code("LP990001-0".into())]);
    assert_eq!(of(BLOOD, "PROPERTY").len(), 1, "the detailed model repeats the axis");
    assert_eq!(of(TRIAL, "COMPONENT"), [PropertyValue::String("Sham cells".into())]);
    assert_eq!(of(BLOOD, "CLASS"), [PropertyValue::Code("LP990036-6".into())]);
    assert_eq!(of(TRIAL, "CLASS"), [PropertyValue::String("HEM/BC".into())]);
    assert_eq!(of(BLOOD, "COMMON_TEST_RANK"), [PropertyValue::Integer(3)]);
    assert_eq!(of(BLOOD, "EXAMPLE_UCUM_UNITS"), [PropertyValue::String("mg/dL".into())]);
    assert_eq!(of(SERUM, "AssociatedObservations").len(), 2);
    assert_eq!(of(BLOOD, "METHOD_TYP"), []);
}

#[test]
fn the_hierarchy_is_written_once_for_each_pair() {
    let found = load(&[release()]);
    assert_eq!(found.parents_of(BLOOD), ["LP990001-0"]);
    assert_eq!(found.parents_of("LP990001-0"), ["LP980002-0"]);
    assert_eq!(found.parents_of("990050-7"), ["LP990001-0", "LP980003-8"]);
    assert_eq!(found.parents_of("LP980001-2"), [""; 0]);
}

#[test]
fn answers_are_in_order_with_what_a_list_says_of_them() {
    let found = load(&[release()]);
    let members = |list: &str| -> Vec<&str> {
        found
            .members
            .iter()
            .filter(|one| one.refset == list)
            .map(|one| one.member.as_str())
            .collect()
    };
    assert_eq!(members("LL99001-0"), ["LA99001-0", "LA99002-8"]);
    assert_eq!(members("LL99003-6"), [""; 0]);
    assert_eq!(found.values("LL99001-0", "answers-for").len(), 4);
    assert_eq!(found.values("990050-7", "answer-list"), ["LL99001-0"]);
    assert_eq!(found.values("LA99002-8", "LIST"), ["LL99001-0", "LL99002-8"]);
    assert_eq!(found.terms("LA99002-8", DesignationKind::Display), ["Not seen", "Not at all"]);
    assert_eq!(found.values("LA99001-0", "Score"), ["1"]);
    let coding = found.properties.iter().find(|one| one.property == "ExtCode").unwrap();
    assert!(
        matches!(&coding.value, PropertyValue::Coding(coding) if coding.code == "Y" && coding.display.as_deref() == Some("Yes"))
    );
    let seen = found.members.iter().find(|one| one.member == "LA99001-0").unwrap();
    assert!(seen.fields.contains(&("LocalAnswerCode".to_owned(), "Y".to_owned())));
}

#[test]
fn deprecated_terms_map_to_their_replacements() {
    let found = load(&[release()]);
    assert_eq!(found.values("990190-1", "MAP_TO").len(), 2);
    let (header, rows) = &found.maps[0];
    assert_eq!(
        (header.url.as_str(), header.version.as_deref()),
        ("http://loinc.org/cm/map-to", Some("9.01"))
    );
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.source.1.as_str(), row.target.1.as_deref().unwrap(), row.relationship))
        .collect();
    assert_eq!(
        told,
        [
            ("990183-6", BLOOD, Relationship::Equivalent),
            ("990190-1", "990071-3", Relationship::RelatedTo),
            ("990190-1", "990064-8", Relationship::RelatedTo),
        ]
    );
    assert_eq!(rows[2].comment.as_deref(), Some("If measured in blood"));
}

#[test]
fn the_version_is_found_in_the_name_a_readme_or_the_table() {
    let (room, folder) = copied();
    let version = |path: &Path| load(&[path.to_owned()]).code_systems[0].version.clone();
    let plain = room.path().join("release");
    fs::rename(&folder, &plain).unwrap();
    assert_eq!(version(&plain).as_deref(), Some("9.01"), "the newest in the table");
    fs::write(plain.join("LoincReadMe.txt"), "LOINC Table Version 9.02\r\n").unwrap();
    assert_eq!(version(&plain).as_deref(), Some("9.02"));
    let archive = room.path().join("Loinc_9.03.zip");
    zip(&plain, &archive);
    assert_eq!(version(&archive).as_deref(), Some("9.03"));
    let options = LoadOptions {
        version: Some("10".into()),
        ..LoadOptions::default()
    };
    assert_eq!(
        try_load(&[archive], &options).unwrap().code_systems[0].version.as_deref(),
        Some("10")
    );
}

#[test]
fn each_table_is_a_release_with_the_files_below_its_root() {
    let (room, folder) = copied();
    copy(&folder, &room.path().join("b/Loinc_9.04"));
    fs::write(folder.join("LoincTable/Loinc-component-only.csv"), "\"LOINC_NUM\"\r\n").unwrap();
    let found = releases(&[room.path().to_owned()], &LoadOptions::default());
    let titles: BTreeSet<&str> = found.iter().map(|release| release.title.as_str()).collect();
    assert_eq!(titles, BTreeSet::from(["LOINC 9.01", "LOINC 9.04"]));
    let one = content(&load(&[release()]));
    for release in &found {
        assert!(
            !release
                .members
                .iter()
                .any(|member| member.file_name().contains("component-only"))
        );
        assert_eq!(
            content(&load_release(release, &LoadOptions::default()).unwrap()).replace("9.04", "9.01"),
            one
        );
    }
}

#[test]
fn the_core_table_serves_where_the_full_one_is_missing() {
    let (_room, folder) = copied();
    fs::remove_file(folder.join("LoincTable/Loinc.csv")).unwrap();
    let found = load(&[folder]);
    assert_eq!(found.problems, []);
    assert_eq!(
        found.terms(BLOOD, DesignationKind::FullySpecifiedName)[0],
        "Examplose:MCnc:Pt:Bld:Qn:"
    );
    let whole = load(&[release()]);
    let left_out: Vec<&str> = whole
        .ignored
        .iter()
        .map(|(file, _)| file.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        left_out,
        ["LinguisticVariants.csv", "PanelsAndForms.csv", "LoincTableCore.csv"]
    );
}

#[test]
fn an_archive_and_packed_members_are_the_same_as_a_folder() {
    let plain = content(&load(&[release()]));
    let (room, folder) = copied();
    let archive = room.path().join("Loinc_9.01.zip");
    zip(&folder, &archive);
    assert_eq!(content(&load(&[archive])), plain);
    pack(&folder);
    assert_eq!(content(&load(&[folder])), plain);
}

#[test]
fn reordered_and_extra_columns_are_fine() {
    let plain = content(&load(&[release()]));
    let (_room, folder) = copied();
    for path in files(&folder) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&path).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let mut writer = csv::Writer::from_path(&path).unwrap();
        for row in rows {
            let fields: Vec<&str> = row.iter().rev().chain(["extra"]).collect();
            writer.write_record(fields).unwrap();
        }
        writer.flush().unwrap();
    }
    assert_eq!(content(&load(&[folder])), plain);
}

#[test]
fn a_missing_column_is_named_with_its_file() {
    for (name, column) in [
        ("Loinc.csv", "LONG_COMMON_NAME"),
        ("Part.csv", "PartName"),
        ("AnswerList.csv", "AnswerStringId"),
    ] {
        let (_room, folder) = copied();
        let path = file(&folder, name);
        edit(&path, |text| text.replacen(column, "renamed", 1));
        let message = try_load(&[folder], &LoadOptions::default()).unwrap_err().to_string();
        assert!(
            message.contains(path.to_str().unwrap()) && message.contains(column),
            "{message}"
        );
    }
}

fn expect_problem(name: &str, line: usize, column: (usize, &str), value: &str, kind: ProblemKind) {
    let (_room, folder) = copied();
    let path = file(&folder, name);
    set_field(&path, ',', line, column.0, &format!("\"{value}\""));
    let found = load(&[folder]);
    assert_only_problem(&found, kind, &path, line, column.1);
}

#[test]
fn faults_in_rows_are_reported_with_their_place() {
    use ProblemKind::*;
    expect_problem("Loinc.csv", 2, (0, "LOINC_NUM"), "990001", BadIdentifier);
    expect_problem("Loinc.csv", 2, (11, "STATUS"), "GONE", BadValue);
    expect_problem("Loinc.csv", 2, (30, "COMMON_TEST_RANK"), "first", BadValue);
    expect_problem("Part.csv", 3, (0, "PartNumber"), "LP990001-0", DuplicateKey);
    expect_problem("PartLink_Primary", 3, (2, "PartNumber"), "LX1-1", BadIdentifier);
    expect_problem("ComponentHierarchy", 4, (3, "CODE"), "", BadIdentifier);
    expect_problem("AnswerList.csv", 3, (9, "SequenceNumber"), "x", BadValue);
    expect_problem("MapTo", 2, (1, "MAP_TO"), "LP990001-0", BadIdentifier);
    expect_problem("deDE91", 2, (0, "LOINC_NUM"), "", BadIdentifier);
}

#[test]
fn a_check_digit_that_does_not_verify_is_no_fault() {
    let (_room, folder) = copied();
    set_field(&file(&folder, "Loinc.csv"), ',', 32, 0, "\"990204-1\"");
    let found = load(&[folder]);
    assert_eq!(found.problems, []);
    assert!(found.concepts.contains_key("990204-1"));
}

#[test]
fn duplicates_and_ragged_rows_are_reported_and_skipped() {
    let (_room, folder) = copied();
    let path = file(&folder, "Loinc.csv");
    edit(&path, |text| {
        let row = text.split("\r\n").nth(1).unwrap().to_owned();
        format!("{text}{row}\r\n\"1\",\"2\"\r\n")
    });
    let found = load(&[folder]);
    let kinds: Vec<ProblemKind> = found.problems.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ProblemKind::DuplicateKey, ProblemKind::RaggedRow]);
    // One field of the table spans two lines.
    let lines: Vec<u32> = found.problems.iter().map(|one| one.line).collect();
    assert_eq!(lines, [33, 34]);
}

#[test]
fn strict_stops_at_the_first_fault() {
    let (_room, folder) = copied();
    set_field(&file(&folder, "Part.csv"), ',', 3, 0, "\"x\"");
    let release = &releases(&[folder], &LoadOptions::default())[0];
    let loader = tern_loaders::loaders()
        .iter()
        .find(|loader| loader.name() == "loinc")
        .unwrap();
    let mut sink = Collector::strict();
    assert!(matches!(
        loader.load(release, &LoadOptions::default(), &mut sink),
        Err(LoadError::Stopped(_))
    ));
    assert_eq!(sink.problems.len(), 1);
}

/// Rows of a file, read apart from the loader.
fn rows(folder: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file(folder, name)).unwrap();
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').to_owned())
        .collect();
    let fields = |row: csv::StringRecord| header.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|row| fields(row.unwrap())).collect()
}

#[test]
fn real_subsets_load_with_the_counts_of_their_files() {
    for name in ["tx-suite/tx-source/loinc", "vocab/loinc"] {
        let Some(folder) = shared(name) else { continue };
        let found = load(std::slice::from_ref(&folder));
        assert_eq!(found.problems, [], "{name}");
        assert_eq!(dangling(&found), [""; 0], "{name}");
        assert_eq!(found.code_systems[0].version.as_deref(), Some("2.79"), "{name}");
        let terms = rows(&folder, "Loinc.csv");
        let answers = rows(&folder, "AnswerList.csv");
        let column = |rows: &[BTreeMap<String, String>], name: &str| -> BTreeSet<String> {
            rows.iter()
                .map(|row| row[name].clone())
                .filter(|code| !code.is_empty())
                .collect()
        };
        let mut codes = column(&terms, "LOINC_NUM");
        codes.extend(column(&rows(&folder, "Part.csv"), "PartNumber"));
        codes.extend(column(&rows(&folder, "PartLink_Primary"), "PartNumber"));
        codes.extend(column(&rows(&folder, "ComponentHierarchy"), "CODE"));
        codes.extend(column(&answers, "AnswerListId"));
        codes.extend(column(&answers, "AnswerStringId"));
        assert_eq!(found.concepts.keys().cloned().collect::<BTreeSet<_>>(), codes, "{name}");
        let long: BTreeMap<_, _> = terms
            .iter()
            .map(|row| (&row["LOINC_NUM"], row["LONG_COMMON_NAME"].trim()))
            .collect();
        let mut shown = 0;
        for one in found.designations.iter().filter(|one| one.kind == DesignationKind::Display) {
            if let Some(expected) = long.get(&one.code) {
                assert_eq!(one.value, **expected, "{name}");
                shown += 1;
            }
        }
        assert_eq!(shown, terms.len(), "{name}");
        assert_eq!(
            found.members.len(),
            answers.iter().filter(|row| !row["AnswerStringId"].is_empty()).count(),
            "{name}"
        );
        let deprecated = terms.iter().filter(|row| row["STATUS"] == "DEPRECATED").count();
        assert_eq!(
            found.concepts.values().filter(|one| !one.active).count(),
            deprecated,
            "{name}"
        );
        let variants = files(&folder)
            .into_iter()
            .filter(|path| path.to_str().unwrap().ends_with("LinguisticVariant.csv"));
        assert!(variants.count() > 10);
    }
}

mod any_bytes {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn in_any_member_never_panic(member in 0usize..15, keep in 0usize..700, noise in prop::collection::vec(any::<u8>(), 0..300)) {
            let (_room, folder) = copied();
            let all = files(&folder);
            let path = &all[member % all.len()];
            let mut bytes = fs::read(path).unwrap();
            bytes.truncate(keep);
            bytes.extend(noise);
            fs::write(path, bytes).unwrap();
            for release in releases(&[folder], &LoadOptions::default()) {
                let _ = load_release(&release, &LoadOptions::default());
            }
        }
    }
}

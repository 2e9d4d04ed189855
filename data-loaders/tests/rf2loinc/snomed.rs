//! SNOMED CT RF2.

use crate::support::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tern_index::model::{Acceptability, DesignationKind, PropertyValue, Relationship};
use tern_index::record::ProblemKind;
use tern_loaders::collect::Collector;
use tern_loaders::{LoadError, LoadOptions};

const CARDITIS: &str = "499999999108";
const PNEUMONITIS: &str = "519999999104";
const BOTH: &str = "529999999106";
const LUNG_TUMOR: &str = "539999999108";
const HEART: &str = "369999999105";
const SITE: &str = "289999999105";
const US: &str = "900000000000509007";

fn international() -> PathBuf {
    fixture("snomed/SnomedCT_ExampleRF2_20250101T120000Z")
}

fn extension() -> PathBuf {
    fixture("snomed/SnomedCT_ExampleExtension_20250301T120000Z")
}

/// A copy of the International Snapshot that may be damaged.
fn copied() -> (tempfile::TempDir, PathBuf) {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("release");
    copy(&international().join("Snapshot"), &folder);
    (room, folder)
}

#[test]
fn the_international_fixture_loads_whole() {
    let found = load(&[international()]);
    assert_eq!(found.problems, []);
    assert_eq!(dangling(&found), [""; 0]);
    let header = &found.code_systems[0];
    assert_eq!(header.url, "http://snomed.info/sct");
    assert_eq!(
        header.version.as_deref(),
        Some("http://snomed.info/sct/900000000000207008/version/20250101")
    );
    assert_eq!(found.concepts.len(), 49);
    assert_eq!(found.concepts.values().filter(|concept| !concept.active).count(), 3);
    // Every row of both description files, and nothing made up: every concept has a preferred synonym.
    assert_eq!(found.designations.len(), 107 + 2);
    assert_eq!(found.parents_of(HEART), ["349999999109", "359999999107"]);
    let displays = found.designations.iter().filter(|one| one.kind == DesignationKind::Display);
    let described: BTreeSet<&str> = displays.map(|one| one.code.as_str()).collect();
    assert_eq!(described.len(), found.concepts.len());
}

#[test]
fn terms_carry_use_dialects_and_status() {
    let found = load(&[international()]);
    assert_eq!(found.terms(LUNG_TUMOR, DesignationKind::Display), ["Tumor of lung"]);
    assert_eq!(
        found.terms(LUNG_TUMOR, DesignationKind::FullySpecifiedName),
        ["Tumor of lung (disorder)"]
    );
    assert_eq!(
        found.terms(LUNG_TUMOR, DesignationKind::Synonym),
        ["Tumour of lung", "Pulmonary growth"]
    );
    assert_eq!(found.terms(CARDITIS, DesignationKind::Definition).len(), 1);
    let term = |value: &str| found.designations.iter().find(|one| one.value == value).unwrap();
    let display = term("Tumor of lung");
    let expected = [
        (US.to_owned(), Acceptability::Preferred),
        ("900000000000508004".to_owned(), Acceptability::Acceptable),
    ];
    let sorted: BTreeSet<_> = display.acceptability.iter().cloned().collect();
    assert_eq!(sorted, BTreeSet::from(expected));
    assert_eq!(
        (display.use_.as_deref(), display.language.as_deref()),
        (Some("900000000000013009"), Some("en"))
    );
    assert!(display.id.is_some() && display.active);
    let retired = term("Sparkle carditis");
    assert!(!retired.active && retired.acceptability.is_empty());
}

#[test]
fn relationships_have_groups_and_values() {
    let found = load(&[international()]);
    let of = |code: &str, property: &str| -> Vec<(u16, PropertyValue)> {
        let wanted = found
            .properties
            .iter()
            .filter(|one| one.code == code && one.property == property);
        wanted.map(|one| (one.group, one.value.clone())).collect()
    };
    let code = |text: &str| PropertyValue::Code(text.to_owned());
    assert_eq!(of(BOTH, SITE), [(1, code(HEART)), (2, code("379999999102"))]);
    assert_eq!(of(HEART, SITE), [], "additional relationships are not inferred ones");
    assert_eq!(of("559999999100", "319999999108"), [(1, PropertyValue::Integer(5))]);
    assert_eq!(
        of("569999999102", "319999999108"),
        [(1, PropertyValue::Decimal("0.5".into()))]
    );
    assert_eq!(
        of("559999999100", "329999999101"),
        [(0, PropertyValue::String("Box of ten".into()))]
    );
    assert_eq!(of(CARDITIS, "sufficientlyDefined"), [(0, PropertyValue::Boolean(true))]);
    assert_eq!(of("579999999105", "inactive"), [(0, PropertyValue::Boolean(true))]);
    assert_eq!(
        of("579999999105", "effectiveTime"),
        [(0, PropertyValue::String("20240701".into()))]
    );
    assert_eq!(found.parents_of("579999999105"), [""; 0]);
}

#[test]
fn history_is_properties_and_implicit_concept_maps() {
    let found = load(&[international()]);
    assert_eq!(found.values("579999999105", "900000000000526001"), [CARDITIS]);
    let map = |refset: &str| found.map(&format!("http://snomed.info/sct?fhir_cm={refset}"));
    let one = |refset: &str| {
        let row = &map(refset)[0];
        (row.source.1.as_str(), row.target.1.as_deref(), row.relationship)
    };
    assert_eq!(
        one("900000000000526001"),
        ("579999999105", Some(CARDITIS), Relationship::Equivalent)
    );
    assert_eq!(
        one("900000000000527005"),
        ("589999999107", Some(PNEUMONITIS), Relationship::Equivalent)
    );
    let possibly = map("900000000000523009");
    assert_eq!(possibly.len(), 2);
    assert!(possibly.iter().all(|row| row.relationship == Relationship::RelatedTo));
    let versions: BTreeSet<_> = found.maps.iter().map(|(header, _)| header.version.clone()).collect();
    assert_eq!(versions, BTreeSet::from([found.code_systems[0].version.clone()]));
}

#[test]
fn maps_keep_groups_rules_and_the_absence_of_a_target() {
    let found = load(&[international()]);
    let rows = found.map("http://snomed.info/sct?fhir_cm=447562003");
    assert_eq!(rows.len(), 7);
    let severe: Vec<_> = rows.iter().filter(|row| row.source.1 == "509999999101").collect();
    assert_eq!(severe[0].rule.as_deref(), Some("IFA 439999999107 | Severe |"));
    assert_eq!(
        severe[0].target,
        ("http://hl7.org/fhir/sid/icd-10".to_owned(), Some("I40.8".to_owned()))
    );
    assert_eq!((severe[1].place, severe[1].advice.as_deref()), ((1, 2), Some("ALWAYS I40.9")));
    let names: Vec<&str> = severe[0].attributes.iter().map(|one| one.attribute.as_str()).collect();
    assert_eq!(names, ["correlationId", "mapCategoryId"]);
    let none = rows.iter().find(|row| row.source.1 == "429999999105").unwrap();
    assert_eq!(
        (none.target.1.as_deref(), none.relationship),
        (None, Relationship::NotRelatedTo)
    );
    let simple = found.map("http://snomed.info/sct?fhir_cm=446608001");
    assert_eq!(simple.len(), 2);
    assert_eq!(simple[0].target.0, "http://terminology.hl7.org/CodeSystem/icd-o-3");
}

#[test]
fn reference_sets_list_their_members_in_use() {
    let found = load(&[international()]);
    let members = |refset: &str| -> Vec<&str> {
        found
            .members
            .iter()
            .filter(|one| one.refset == refset)
            .map(|one| one.member.as_str())
            .collect()
    };
    assert_eq!(members("259999999103"), [CARDITIS, PNEUMONITIS, LUNG_TUMOR]);
    let ordered: Vec<_> = found.members.iter().filter(|one| one.refset == "269999999100").collect();
    assert_eq!(ordered[1].fields, [("order".to_owned(), "2".to_owned())]);
    assert_eq!(members("900000000000526001"), ["579999999105"]);
    assert!(members(US).is_empty(), "descriptions are no members");
    let axioms: Vec<_> = found.rows.iter().filter(|row| row.refset == "733073007").collect();
    assert_eq!(axioms[0].component, CARDITIS);
    let text = "SubClassOf(:499999999108 :469999999101)".to_owned();
    assert_eq!(axioms[0].fields, [("owlExpression".to_owned(), 's', text)]);
}

#[test]
fn a_snapshot_is_preferred_and_full_files_reduce_to_it() {
    let both = load(&[international()]);
    let snapshot = load(&[international().join("Snapshot")]);
    let full = load(&[international().join("Full")]);
    assert_eq!(content(&snapshot), content(&both));
    assert_eq!(content(&full), content(&snapshot));
    assert!(both.ignored.iter().any(|(file, _)| file.contains("sct2_Concept_Full")));
}

#[test]
fn an_extension_and_its_base_are_one_edition() {
    let found = load(&[extension(), international()]);
    assert_eq!(found.problems, []);
    assert_eq!(dangling(&found), [""; 0]);
    let version = found.code_systems[0].version.as_deref();
    assert_eq!(version, Some("http://snomed.info/sct/19999998107/version/20250301"));
    assert_eq!(found.concepts.len(), 49 + 4);
    assert_eq!(found.concept_records, 49 + 4);
    assert_eq!(
        found.values("429999999105", "moduleId"),
        ["19999998107"],
        "the newest state of two packages"
    );
    assert_eq!(found.terms(CARDITIS, DesignationKind::Display), ["Glimmer carditis"]);
    let german = found.designations.iter().find(|one| one.value == "Glimmerkarditis").unwrap();
    assert_eq!(german.language.as_deref(), Some("de"));
    assert_eq!(german.acceptability, [("619999998109".to_owned(), Acceptability::Preferred)]);
    assert_eq!(found.parents_of("629999998103"), [CARDITIS]);
}

#[test]
fn the_version_uri_may_be_overridden() {
    let options = LoadOptions {
        edition: Some("731000124108".into()),
        version: Some("20250901".into()),
        ..LoadOptions::default()
    };
    let found = try_load(&[international()], &options).unwrap();
    let version = found.code_systems[0].version.as_deref();
    assert_eq!(version, Some("http://snomed.info/sct/731000124108/version/20250901"));
}

#[test]
fn content_that_is_not_published_has_an_experimental_uri() {
    let (_room, folder) = copied();
    for path in files(&folder) {
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::rename(&path, path.with_file_name(format!("x{name}"))).unwrap();
    }
    let version = |found: &Collector| found.code_systems[0].version.clone().unwrap();
    assert_eq!(
        version(&load(&[folder])),
        "http://snomed.info/xsct/900000000000207008/version/20250101"
    );
    let (_room, folder) = copied();
    fs::write(folder.join("Readme.txt"), "A small subset of SNOMED CT.").unwrap();
    assert_eq!(
        version(&load(std::slice::from_ref(&folder))),
        "http://snomed.info/sct/900000000000207008/version/20250101"
    );
    copy(&extension(), &folder.join("extension"));
    assert_eq!(
        version(&load(&[folder])),
        "http://snomed.info/xsct/19999998107/version/20250301"
    );
}

#[test]
fn an_archive_and_packed_members_are_the_same_as_a_folder() {
    let plain = content(&load(&[international()]));
    let (room, folder) = copied();
    let archive = room.path().join("release.zip");
    zip(&international(), &archive);
    assert_eq!(content(&load(&[archive])), plain);
    pack(&folder);
    assert_eq!(content(&load(&[folder])), plain);
}

#[test]
fn reordered_and_extra_columns_are_fine() {
    let plain = content(&load(&[international().join("Snapshot")]));
    let (_room, folder) = copied();
    // Columns of reference sets are content.
    for path in files(&folder.join("Terminology"))
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains("Refset"))
    {
        edit(&path, |text| {
            let turned = text.lines().map(|line| {
                let fields: Vec<&str> = line.split('\t').rev().collect();
                format!("extra\t{}\r\n", fields.join("\t"))
            });
            turned.collect()
        });
    }
    assert_eq!(content(&load(&[folder])), plain);
}

#[test]
fn a_missing_column_is_named_with_its_file() {
    let columns = [
        ("sct2_Concept_", "definitionStatusId"),
        ("sct2_Description_", "term"),
        ("sct2_Relationship_", "typeId"),
    ];
    for (file_name, column) in columns
        .into_iter()
        .chain([("_Language", "refsetId"), ("sct2_Concept_", "effectiveTime")])
    {
        let (_room, folder) = copied();
        let path = file(&folder, file_name);
        edit(&path, |text| text.replacen(column, "renamed", 1));
        let error = try_load(&[folder], &LoadOptions::default()).unwrap_err();
        assert!(matches!(&error, LoadError::MissingColumn { .. }), "{error}");
        let message = error.to_string();
        assert!(
            message.contains(path.to_str().unwrap()) && message.contains(column),
            "{message}"
        );
    }
}

/// Sets one field and expects exactly one problem, at that field.
fn expect_problem(file_name: &str, line: usize, column: (usize, &str), value: &str, kind: ProblemKind) {
    let (_room, folder) = copied();
    let path = file(&folder, file_name);
    set_field(&path, '\t', line, column.0, value);
    let found = load(&[folder]);
    assert_only_problem(&found, kind, &path, line, column.1);
}

#[test]
fn faults_in_rows_are_reported_with_their_place() {
    use ProblemKind::*;
    expect_problem("sct2_Concept_", 5, (0, "id"), "900000000000207009", BadIdentifier);
    expect_problem("sct2_Concept_", 5, (0, "id"), "477498017", BadIdentifier);
    expect_problem("sct2_Concept_", 5, (1, "effectiveTime"), "20251301", BadValue);
    expect_problem("sct2_Concept_", 5, (2, "active"), "yes", BadValue);
    expect_problem("sct2_Concept_", 5, (0, "id"), "138875005", DuplicateKey);
    expect_problem("sct2_Description_", 9, (4, "conceptId"), "12", BadIdentifier);
    expect_problem("sct2_Description_", 9, (7, "term"), "", BadValue);
    expect_problem("sct2_Relationship_", 4, (6, "relationshipGroup"), "-1", BadValue);
    expect_problem("sct2_Relationship_", 4, (5, "destinationId"), "1016999999911", BadIdentifier);
    expect_problem("ConcreteValues", 2, (5, "value"), "5", BadValue);
    expect_problem("_Language", 3, (0, "id"), "not-a-uuid", BadIdentifier);
    expect_problem("_Language", 3, (6, "acceptabilityId"), "900000000000550004", BadValue);
    expect_problem("_Language", 3, (6, "acceptabilityId"), "900000000000549005", BadIdentifier);
    expect_problem("_Ordered", 2, (6, "order"), "1.5", BadValue);
    expect_problem("_Ordered", 2, (3, "moduleId"), "core", BadIdentifier);
    expect_problem("_Association", 2, (6, "targetComponentId"), "12", BadIdentifier);
    expect_problem("_Simple", 2, (5, "referencedComponentId"), "x", BadIdentifier);
    expect_problem("ExtendedMap", 2, (7, "mapPriority"), "first", BadValue);
}

#[test]
fn a_ragged_row_is_skipped_and_reported_once() {
    for name in ["sct2_Concept_", "sct2_Description_", "ExtendedMap"] {
        let (_room, folder) = copied();
        let path = file(&folder, name);
        edit(&path, |text| format!("{text}1\t2\r\n"));
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let found = load(&[folder]);
        assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
        assert_eq!(
            (found.problems[0].kind, found.problems[0].line as usize),
            (ProblemKind::RaggedRow, lines)
        );
    }
}

#[test]
fn only_attributes_must_name_concepts_of_the_release() {
    let found = load(&[international()]);
    for one in found
        .properties
        .iter()
        .filter(|one| matches!(one.value, PropertyValue::Code(_)))
    {
        let free = one.property == "moduleId" || one.property.starts_with("9000000000005");
        assert_eq!(one.must_resolve, !free, "{one:?}");
    }
}

#[test]
fn strict_stops_at_the_first_fault() {
    let (_room, folder) = copied();
    set_field(&file(&folder, "sct2_Concept_"), '\t', 5, 0, "1");
    let release = &releases(&[folder], &LoadOptions::default())[0];
    let loader = tern_loaders::loaders()
        .iter()
        .find(|loader| loader.name() == "snomed")
        .unwrap();
    let mut sink = Collector::strict();
    let result = loader.load(release, &LoadOptions::default(), &mut sink);
    assert!(matches!(result, Err(LoadError::Stopped(_))));
    assert_eq!(sink.problems.len(), 1);
}

#[test]
fn an_older_release_of_the_same_package_is_left_out() {
    let (room, folder) = copied();
    for path in files(&folder) {
        let name = path.file_name().unwrap().to_str().unwrap().replace("20250101", "20240101");
        fs::rename(&path, path.with_file_name(name)).unwrap();
    }
    copy(&international().join("Snapshot"), &room.path().join("newer"));
    let found = load(&[room.path().to_owned()]);
    assert_eq!(content(&found), content(&load(&[international().join("Snapshot")])));
    assert!(
        found
            .ignored
            .iter()
            .any(|(file, _)| file.contains("sct2_Concept_Snapshot_INT_20240101"))
    );
}

fn rows(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(file(folder, name)).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_published_subset_loads_with_the_counts_of_its_files() {
    let Some(folder) = shared("tx-suite/tx-source/snomed") else {
        return;
    };
    let found = load(std::slice::from_ref(&folder));
    assert_eq!(found.problems, []);
    assert_eq!(dangling(&found), [""; 0]);
    let version = found.code_systems[0].version.as_deref();
    assert_eq!(version, Some("http://snomed.info/xsct/31000003106/version/20250909"));
    let concepts = rows(&folder, "sct2_Concept_");
    assert_eq!(found.concepts.len(), concepts.len());
    let terms = rows(&folder, "sct2_Description_").len() + rows(&folder, "TextDefinition").len();
    assert_eq!(found.designations.iter().filter(|one| one.id.is_some()).count(), terms);
    let relationships = rows(&folder, "sct2_Relationship_Snapshot");
    let active = relationships.iter().filter(|row| row[2] == "1");
    let (below, attributes): (Vec<_>, Vec<_>) = active.partition(|row| row[7] == "116680003");
    assert_eq!(found.parents.len(), below.len());
    let concrete = rows(&folder, "ConcreteValues").iter().filter(|row| row[2] == "1").count();
    let associations = rows(&folder, "_Association").iter().filter(|row| row[2] == "1").count();
    let declared = ["inactive", "sufficientlyDefined", "moduleId", "effectiveTime"];
    let others = found
        .properties
        .iter()
        .filter(|one| !declared.contains(&one.property.as_str()))
        .count();
    assert_eq!(others, attributes.len() + concrete + associations);
    assert_eq!(found.maps.iter().map(|(_, rows)| rows.len()).sum::<usize>(), associations);
    let displayed: BTreeSet<&str> = found
        .designations
        .iter()
        .filter(|one| one.kind == DesignationKind::Display)
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(displayed.len(), concepts.len());
}

mod any_bytes {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn in_any_member_never_panic(member in 0usize..12, keep in 0usize..400, noise in prop::collection::vec(any::<u8>(), 0..300)) {
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

//! Every format gives back what was written, and what a bare one loses is named.

use super::super::write::Format;
use super::exchange::{SetOptions, read_mapping_set, write_mapping_set};
use super::mapping_set::{Concept, MappingRow, MappingSet, State, tests::row};
use proptest::prelude::*;
use std::path::Path;
use tern_index::model::{MappingAttribute, MappingAttributeRole, Unmapped};

/// All formats of mapping sets; `.tsv` is left out where text holds tabs.
const FILES: [&str; 9] = [
    "a.csv",
    "a.ndjson",
    "a.xlsx",
    "a.parquet",
    "a.sssom.tsv",
    "a.r4.json",
    "a.r5.json",
    "source_to_concept_map.csv",
    "a.usagi.csv.zst",
];

fn rows_back(folder: &Path, file: &str, set: &MappingSet) -> Vec<MappingRow> {
    let path = folder.join(file);
    let format = Format::of_path(&path).unwrap();
    write_mapping_set(set, &path, format, &SetOptions::default()).unwrap();
    let read = read_mapping_set(&path, &SetOptions::default()).unwrap();
    assert!(read.lost.is_empty(), "{:?}", read.lost);
    sorted(read.set.rows)
}

/// Groups of a ConceptMap bring rows together that were apart: the order is not part of a set.
fn sorted(mut rows: Vec<MappingRow>) -> Vec<MappingRow> {
    rows.sort_by_key(MappingRow::fields);
    rows
}

fn example() -> MappingSet {
    let mut rows = Vec::new();
    for (number, state) in State::ALL.into_iter().enumerate() {
        let mut row = MappingRow {
            source: Concept {
                system: "http://hospital.example/lab".into(),
                version: String::new(),
                code: format!("00{number}"),
                label: "Zorvin".into(),
            },
            target: Concept {
                system: "http://loinc.org".into(),
                version: "2.80".into(),
                code: if state == State::NoMatch {
                    String::new()
                } else {
                    "910001-7".into()
                },
                label: "Zorvin [Mass/volume]".into(),
            },
            count: Some(12),
            state,
            probability: Some(0.875),
            similarity: Some(0.5),
            reviewer: "Jo Example".into(),
            author: "orcid:0000-0000".into(),
            explanation: "{\"matched\":\"Zorvin\"}".into(),
            reason: "a | b".into(),
            ..MappingRow::default()
        };
        row.context.insert("specimen".into(), "blood".into());
        row.context.insert("unit".into(), "mg/dL".into());
        row.attributes.push(MappingAttribute {
            role: MappingAttributeRole::Product,
            attribute: "urn:p".into(),
            system: Some("urn:s".into()),
            value: "v".into(),
            display: None,
            value_type: "Coding".into(),
        });
        row.normalise();
        rows.push(row);
    }
    MappingSet {
        rows,
        ..MappingSet::default()
    }
}

#[test]
fn an_example_goes_through_every_pair_of_formats() {
    let folder = tempfile::tempdir().unwrap();
    let set = example();
    for first in FILES {
        let once = rows_back(folder.path(), first, &set);
        assert_eq!(once, sorted(set.rows.clone()), "{first}");
        for second in FILES {
            let rows = once.clone();
            let between = MappingSet {
                rows,
                ..MappingSet::default()
            };
            assert_eq!(rows_back(folder.path(), second, &between), once, "{first} -> {second}");
        }
    }
}

#[test]
fn what_is_known_of_the_set_survives_where_there_is_a_place_and_is_named_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let text = |text: &str| text.to_owned();
    let set = MappingSet {
        id: text("https://example.org/map"),
        version: text("1.0"),
        title: text("A: \"title\""),
        description: text("two\nlines"),
        publisher: text("Someone"),
        license: text("CC0-1.0"),
        date: text("2026-01-31"),
        unmapped: vec![Unmapped {
            source_system: Some(text("http://hospital.example/lab")),
            target_system: Some(text("http://loinc.org")),
            mode: text("fixed"),
            code: Some(text("X")),
            display: None,
            value_set: Some(text("urn:v")),
            relationship: Some(text("related-to")),
            other_map: None,
        }],
        other: [(text("A key"), text("value"))].into(),
        rows: example().rows,
    };
    for file in ["a.sssom.tsv", "a.r4.json", "a.r5.json.gz"] {
        let path = folder.path().join(file);
        let lost = write_mapping_set(&set, &path, Format::of_path(&path).unwrap(), &SetOptions::default()).unwrap();
        assert!(lost.is_empty());
        let mut back = read_mapping_set(&path, &SetOptions::default()).unwrap().set;
        back.rows = sorted(back.rows);
        assert_eq!(
            back,
            MappingSet {
                rows: sorted(set.rows.clone()),
                ..set.clone()
            },
            "{file}"
        );
    }
    let path = folder.path().join("a.csv");
    let lost = write_mapping_set(&set, &path, Format::Csv, &SetOptions::default()).unwrap();
    assert!(
        lost.iter().any(|what| what.contains("license")) && lost.len() == 9,
        "{lost:?}"
    );
}

#[test]
fn a_bare_file_has_nothing_of_ours_and_names_what_it_lost() {
    let folder = tempfile::tempdir().unwrap();
    let bare = SetOptions {
        bare: true,
        ..SetOptions::default()
    };
    for file in FILES.iter().skip(4) {
        let path = folder.path().join(file.trim_end_matches(".zst"));
        let lost = write_mapping_set(&example(), &path, Format::of_path(&path).unwrap(), &bare).unwrap();
        assert!(lost.contains(&"state".to_owned()), "{file}: {lost:?}");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains("urn:tern:mapping:") && !text.contains("ext_") && !text.contains("tern_"),
            "{text}"
        );
        read_mapping_set(&path, &SetOptions::default()).unwrap();
    }
}

#[test]
fn an_extract_that_was_mapped_is_joined_to_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mapped.csv");
    let text = "id,name,fluid,unit,target_system,target_code,target_display,relationship,probability,match_type,status,reason,candidate_1_code\n\
        1,Zorvin,Blood,mg/dL,http://loinc.org,910001-7,Z,equivalent,0.9800,exact,mapped,why,910001-7\n\
        2,Zorvin,Blood,mg/dL,http://loinc.org,910001-7,Z,equivalent,0.9800,exact,mapped,why,910001-7\n\
        3,xyzzy,,,,,,,,,unmapped,no word,\n";
    std::fs::write(&path, text).unwrap();
    let read = read_mapping_set(&path, &SetOptions::default()).unwrap();
    assert_eq!(read.lost, ["id", "candidate_1_code"]);
    assert_eq!(read.set.rows.len(), 2);
    let first = &read.set.rows[0];
    assert_eq!(
        (first.count, first.state, first.probability),
        (Some(2), State::Auto, Some(0.98))
    );
    assert_eq!(first.context["specimen"], "Blood");
    assert!(!read.set.rows[1].has_target());
}

#[test]
fn concept_ids_come_from_the_concept_table() {
    let folder = tempfile::tempdir().unwrap();
    let concepts = folder.path().join("CONCEPT.csv");
    std::fs::write(
        &concepts,
        "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\n900\tZorvin mass\tMeasurement\tLOINC\tx\tS\t910001-7\n",
    )
    .unwrap();
    let with = SetOptions {
        omop_concepts: Some(concepts),
        ..SetOptions::default()
    };
    let path = folder.path().join("source_to_concept_map.csv");
    write_mapping_set(&example(), &path, Format::Omop, &with).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let accepted = text.lines().find(|line| line.starts_with("002,")).unwrap();
    assert!(
        accepted.starts_with("002,0,None,Zorvin,900,LOINC,1970-01-01,2099-12-31,,"),
        "{accepted}"
    );
    let suggested = text.lines().find(|line| line.starts_with("000,")).unwrap();
    assert!(
        suggested.starts_with("000,0,None,Zorvin,0,LOINC,"),
        "what may not be used leads nowhere: {suggested}"
    );
    let bare = "source_code,source_concept_id,source_vocabulary_id,source_code_description,target_concept_id,target_vocabulary_id,valid_start_date,valid_end_date,invalid_reason\nA,0,LAB,a,900,LOINC,20200101,20991231,\n";
    std::fs::write(&path, bare).unwrap();
    let row = &read_mapping_set(&path, &with).unwrap().set.rows[0];
    assert_eq!(
        (row.target.code.as_str(), row.target_concept_id, row.valid_from.as_str()),
        ("910001-7", Some(900), "2020-01-01")
    );
    let row = &read_mapping_set(&path, &SetOptions::default()).unwrap().set.rows[0];
    assert_eq!(
        (row.target.code.as_str(), row.target.system.as_str()),
        ("900", super::vocabularies::CONCEPT_IDS)
    );
}

#[test]
fn faults_of_tables_are_located() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    for (text, part) in [
        (
            "sourceCode,mappingStatus,equivalence,conceptId\n1,APPROVED,EQUAL,1\n2,SURE,EQUAL,1\n",
            "row 2: mappingStatus \"SURE\"",
        ),
        (
            "source_code,target_code,status,probability\n1,2,mapped,3\n",
            "row 1: probability",
        ),
        ("source_code,target_code,status\n1,2\n", "line 2: the row has 2 fields"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = read_mapping_set(&path, &SetOptions::default()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_set_survives_every_format(rows in prop::collection::vec(row(), 1..5)) {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<MappingRow> = rows.into_iter().enumerate().map(|(number, mut row)| {
            // Equal rows are one in a table of ours.
            row.reason.push_str(&number.to_string());
            row
        }).collect();
        let set = MappingSet { rows, ..MappingSet::default() };
        let expected = sorted(set.rows.clone());
        for file in FILES {
            prop_assert_eq!(&rows_back(folder.path(), file, &set), &expected, "{}", file);
        }
    }

    #[test]
    fn any_bytes_are_a_set_or_an_error(text in "[ -~\n\t]{0,120}", kind in 0usize..5) {
        let folder = tempfile::tempdir().unwrap();
        let start = ["", "#curie_map:\n", "{\"resourceType\":\"ConceptMap\",\"group\":[", "subject_id\tpredicate_id\tobject_id\tmapping_justification\n",
            "sourceCode,mappingStatus,conceptId,statusSetOn\n"][kind];
        let path = folder.path().join("x");
        std::fs::write(&path, format!("{start}{text}")).unwrap();
        let _ = read_mapping_set(&path, &SetOptions::default());
    }
}

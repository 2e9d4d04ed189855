//! The mapper as a whole, on a small laboratory vocabulary in the LOINC manner with invented codes and analytes.

use super::*;
use crate::testing::{Vocabulary, laboratory};
use proptest::prelude::*;
use std::path::Path;
use tern_index::build::CodeSystemBuilder;
use tern_index::model::{CodeSystemHeader, DesignationKind, Relationship};
use tern_index::record::{At, ConceptRecord, DesignationRecord, MappingRecord, PropertyRecord, ValueRecord};

/// Code, six axes, long common name, in use.
const TERMS: &[(&str, &str, &str, bool)] = &[
    (
        "910001-7",
        "Zorvin:MCnc:Pt:Ser/Plas:Qn:",
        "Zorvin [Mass/volume] in Serum or Plasma",
        true,
    ),
    (
        "910002-5",
        "Zorvin:SCnc:Pt:Ser/Plas:Qn:",
        "Zorvin [Moles/volume] in Serum or Plasma",
        true,
    ),
    ("910003-3", "Zorvin:MCnc:Pt:Urine:Qn:", "Zorvin [Mass/volume] in Urine", true),
    ("910004-1", "Zorvin:PrThr:Pt:Urine:Ord:", "Zorvin [Presence] in Urine", true),
    (
        "910005-8",
        "Zorvin:MCnc:Pt:CSF:Qn:",
        "Zorvin [Mass/volume] in Cerebral spinal fluid",
        true,
    ),
    (
        "910006-6",
        "Quaxocytes:NCnc:Pt:Bld:Qn:",
        "Quaxocytes [#/volume] in Blood",
        true,
    ),
    (
        "910007-4",
        "Quaxocytes/100 leukocytes:NFr:Pt:Bld:Qn:",
        "Quaxocytes/100 leukocytes in Blood",
        true,
    ),
    (
        "910008-2",
        "Quaxocytes/100 leukocytes:NFr:Pt:Bld:Qn:Manual count",
        "Quaxocytes/100 leukocytes in Blood by Manual count",
        true,
    ),
    (
        "910009-0",
        "Leukocytes:NCnc:Pt:Bld:Qn:",
        "Leukocytes [#/volume] in Blood",
        true,
    ),
    (
        "910010-8",
        "Zorvin old:MCnc:Pt:Ser/Plas:Qn:",
        "Deprecated Zorvin in Serum or Plasma",
        false,
    ),
    ("LP900-1", "", "Zorvin", true),
];

pub(super) fn fixture() -> Vocabulary {
    let mappings = [
        ("urn:local", "ZV", Some("910001-7"), Relationship::Equivalent),
        ("urn:local", "TWO", Some("910001-7"), Relationship::RelatedTo),
        ("urn:local", "TWO", Some("910002-5"), Relationship::RelatedTo),
        ("urn:local", "NONE", None, Relationship::NotRelatedTo),
        ("http://loinc.org", "910010-8", Some("910001-7"), Relationship::Equivalent),
    ];
    let mappings = mappings.map(|(system, source, target, relationship)| {
        MappingRecord::new((system, source), ("http://loinc.org", target), relationship)
    });
    laboratory(None, TERMS, &mappings)
}

pub(super) fn options() -> MapOptions {
    MapOptions {
        target: "loinc".into(),
        candidates: 3,
        ..MapOptions::default()
    }
}

pub(super) fn item(pairs: &[(Role, &str)]) -> SourceItem {
    let mut item = SourceItem::default();
    for (role, value) in pairs {
        item.set(*role, value);
    }
    item
}

fn code(outcome: &Outcome) -> &str {
    outcome.candidates.first().map_or("", |candidate| &candidate.code)
}

#[test]
fn unit_and_specimen_decide_between_terms_of_one_analyte() {
    let mapper = Mapper::new(&options(), &fixture()).unwrap();
    for (specimen, section, unit, expected) in [
        ("Blood", "Chemistry", "mg/dL", "910001-7"),
        ("Blood", "Chemistry", "mmol/L", "910002-5"),
        ("Urine", "Chemistry", "mg/dL", "910003-3"),
        ("Urine", "Chemistry", "N/A", "910004-1"),
        ("CSF", "", "mg/dL", "910005-8"),
    ] {
        let source = item(&[
            (Role::Name, "ZORVIN"),
            (Role::Specimen, specimen),
            (Role::Section, section),
            (Role::Unit, unit),
        ]);
        let outcome = mapper.map_one(&source);
        assert_eq!(code(&outcome), expected, "{specimen} {unit}: {outcome:?}");
    }
    let blood = |name: &str, unit: &str| {
        let source = item(&[
            (Role::Name, name),
            (Role::Specimen, "Blood"),
            (Role::Section, "Hematology"),
            (Role::Unit, unit),
        ]);
        code(&mapper.map_one(&source)).to_owned()
    };
    assert_eq!(blood("WBC", "K/uL"), "910009-0");
    assert_eq!(blood("Quaxocytes", "%"), "910007-4");
    assert_eq!(blood("Quaxocytes, absolute", "K/uL"), "910006-6");
}

#[test]
fn supplied_codes_are_checked_repaired_and_replaced() {
    let mapper = Mapper::new(&options(), &fixture()).unwrap();
    let with = |system: &str, value: &str| mapper.map_one(&item(&[(Role::System, system), (Role::Code, value)]));
    let outcome = with("loinc", "910001-7");
    assert_eq!((outcome.status, code(&outcome)), (Status::Mapped, "910001-7"));
    let outcome = with("LOINC", "9100017");
    assert_eq!((outcome.status, code(&outcome)), (Status::Mapped, "910001-7"));
    assert!(outcome.reason.contains("9100017 read as 910001-7"));
    let outcome = with("loinc", "910010-8");
    assert_eq!((outcome.status, code(&outcome)), (Status::Mapped, "910001-7"));
    assert!(outcome.reason.contains("retired"));
    let outcome = with("loinc", "910001-8");
    assert_eq!(outcome.status, Status::Invalid);
    assert!(outcome.reason.contains("check digit"));
    assert_eq!(with("", "").status, Status::Invalid);
    assert_eq!(with("urn:unknown", "5").status, Status::Unmapped);
}

#[test]
fn concept_maps_are_followed_and_their_doubts_kept() {
    let mapper = Mapper::new(&options(), &fixture()).unwrap();
    let with = |value: &str| mapper.map_one(&item(&[(Role::System, "urn:local"), (Role::Code, value)]));
    let outcome = with("ZV");
    assert_eq!(
        (outcome.status, outcome.candidates[0].match_type),
        (Status::Mapped, MatchType::ConceptMap)
    );
    assert_eq!(with("TWO").status, Status::Ambiguous);
    assert_eq!(with("TWO").candidates.len(), 2);
    assert_eq!(with("NONE").status, Status::Unmapped);
}

#[test]
fn a_name_that_is_a_term_is_taken_and_parts_never_are() {
    let mapper = Mapper::new(&options(), &fixture()).unwrap();
    let outcome = mapper.map_one(&item(&[(Role::Name, "zorvin [mass/volume]  in urine")]));
    assert_eq!((outcome.status, code(&outcome)), (Status::Mapped, "910003-3"));
    assert_eq!(outcome.candidates[0].match_type, MatchType::Exact);
    let outcome = mapper.map_one(&item(&[(Role::Name, "Zorvin")]));
    assert!(outcome.candidates.iter().all(|candidate| !candidate.code.starts_with("LP")));
    let outcome = mapper.map_one(&item(&[(Role::Name, "xyzzy")]));
    assert_eq!((outcome.status, outcome.candidates.len()), (Status::Unmapped, 0));
}

/// An ingredient and two of its tablets, in the shape of RxNorm.
pub(super) fn drugs() -> Vocabulary {
    let url = "http://www.nlm.nih.gov/research/umls/rxnorm";
    let mut builder = CodeSystemBuilder::new(CodeSystemHeader::new(url, None, "rxnorm"), false);
    for (code, type_, name) in [
        ("1", "IN", "zorvastat"),
        ("2", "SCD", "zorvastat 10 MG Oral Tablet"),
        ("3", "SCD", "zorvastat 20 MG Oral Tablet"),
    ] {
        let concept = ConceptRecord {
            code,
            active: true,
            ..ConceptRecord::default()
        };
        builder.concept(At::default(), concept, &mut |_, _| Ok(())).unwrap();
        builder.designation(At::default(), DesignationRecord::new(code, name, DesignationKind::Display));
        builder.property(At::default(), PropertyRecord::new(code, "TTY", 0, ValueRecord::String(type_)));
    }
    let (header, files, _) = builder.finish(&mut |_, _| Ok(())).unwrap();
    Vocabulary {
        system: Arc::new(CodeSystemIndex::open(header, &files).unwrap()),
        maps: Vec::new(),
    }
}

#[test]
fn a_name_alone_is_the_ingredient_and_a_strength_beside_it_is_not_overlooked() {
    let options = MapOptions {
        target: "http://www.nlm.nih.gov/research/umls/rxnorm".into(),
        ..options()
    };
    let mapper = Mapper::new(&options, &drugs()).unwrap();
    let outcome = mapper.map_one(&item(&[(Role::Name, "ZORVASTAT")]));
    assert_eq!((outcome.status, code(&outcome)), (Status::Mapped, "1"));
    let tablet = |strength| item(&[(Role::Name, "ZORVASTAT"), (Role::Strength, strength), (Role::Form, "tablet")]);
    assert_eq!(code(&mapper.map_one(&tablet("20 mg"))), "3");
    let unknown = mapper.map_one(&tablet("80 mg"));
    assert_ne!(unknown.status, Status::Mapped, "{unknown:?}");
}

pub(super) const TABLE: &str = "id,name,fluid,category,unit,target_code,count\n\
    1,Zorvin,Blood,Chemistry,mg/dL,old,10\n\
    2,WBC,Blood,Hematology,K/uL,,5\n\
    3,Zorvin,Blood,Chemistry,mg/dL,,1\n\
    4,,,,,,1\n\
    5,ragged\n\
    6,xyzzy,,,,,1\n";

fn map_text(text: &str, name: &str, output: &str, options: &MapOptions, threads: usize) -> (String, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join(name), folder.path().join(output));
    std::fs::write(&input, text).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let summary = pool
        .install(|| run(&input, &output, options, &fixture(), &mut |_| {}))
        .unwrap();
    (std::fs::read_to_string(&output).unwrap(), summary)
}

#[test]
fn a_table_keeps_its_rows_and_gains_the_columns() {
    let (mapped, summary) = map_text(TABLE, "labs.csv", "out.csv", &options(), 2);
    let mut reader = csv::Reader::from_reader(mapped.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[5], "source_target_code");
    assert_eq!(header[7..15], OUTCOME_COLUMNS);
    assert_eq!(
        header[15..18],
        ["candidate_1_code", "candidate_1_display", "candidate_1_probability"]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        rows.iter().map(|row| &row[0]).collect::<Vec<_>>(),
        ["1", "2", "3", "4", "5", "6"]
    );
    assert_eq!((&rows[0][8], &rows[1][8], &rows[2][8]), ("910001-7", "910009-0", "910001-7"));
    assert_eq!((&rows[3][13], &rows[4][13], &rows[5][13]), ("invalid", "invalid", "unmapped"));
    assert!(rows[4][14].contains("2 fields"));
    assert_eq!((summary.rows, summary.distinct), (6, 4));
    assert_eq!(summary.statuses.values().sum::<u64>(), 6);
    assert_eq!(summary.counts.values().sum::<f64>(), 18.0);
}

#[test]
fn bytes_do_not_depend_on_threads() {
    for output in ["out.csv", "out.tsv", "out.ndjson"] {
        let one = map_text(TABLE, "labs.csv", output, &options(), 1).0;
        assert_eq!(one, map_text(TABLE, "labs.csv", output, &options(), 4).0);
    }
}

#[test]
fn decisions_of_an_earlier_run_are_reused() {
    let folder = tempfile::tempdir().unwrap();
    let decisions = folder.path().join("decisions.csv");
    let text = "name,fluid,category,unit,target_system,target_code,relationship,status\n\
        Zorvin,Blood,Chemistry,mg/dL,http://loinc.org,910005-8,related-to,mapped\n\
        WBC,Blood,Hematology,K/uL,,,,unmapped\n";
    std::fs::write(&decisions, text).unwrap();
    let options = MapOptions {
        decisions: Some(decisions),
        ..options()
    };
    let mapper = Mapper::new(&options, &fixture()).unwrap();
    let row = |name: &str, section: &str, unit: &str| {
        item(&[
            (Role::Name, name),
            (Role::Specimen, "Blood"),
            (Role::Section, section),
            (Role::Unit, unit),
        ])
    };
    let outcome = mapper.map_one(&row("Zorvin", "Chemistry", "mg/dL"));
    assert_eq!((outcome.status, code(&outcome)), (Status::Mapped, "910005-8"));
    assert_eq!(outcome.candidates[0].relationship, Relationship::RelatedTo);
    assert_eq!(mapper.map_one(&row("WBC", "Hematology", "K/uL")).status, Status::Unmapped);
}

#[test]
fn a_failed_run_leaves_no_output() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("labs.csv");
    std::fs::write(&input, "a,b\n1,2\n").unwrap();
    let error = run(&input, &folder.path().join("out.csv"), &options(), &fixture(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("--name"));
    assert!(run(&input, &input, &options(), &fixture(), &mut |_| {}).is_err());
    let missing = MapOptions {
        target: "snomed".into(),
        ..options()
    };
    std::fs::write(&input, "name\nx\n").unwrap();
    let error = run(&input, Path::new("-"), &missing, &fixture(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("tern load"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn joining_distinct_tuples_equals_mapping_row_by_row(picks in prop::collection::vec((0usize..5, 0usize..3, 0usize..4), 1..30)) {
        let names = ["Zorvin", "WBC", "Quaxocytes", "", "zorvin urine"];
        let fluids = ["Blood", "Urine", ""];
        let units = ["mg/dL", "%", "", "K/uL"];
        let mut text = "name,fluid,unit\n".to_owned();
        for (name, fluid, unit) in &picks {
            text.push_str(&format!("{},{},{}\n", names[*name], fluids[*fluid], units[*unit]));
        }
        let (mapped, _) = map_text(&text, "labs.csv", "out.tsv", &options(), 2);
        let mapper = Mapper::new(&options(), &fixture()).unwrap();
        for (line, (name, fluid, unit)) in mapped.lines().skip(1).zip(&picks) {
            let source = item(&[(Role::Name, names[*name]), (Role::Specimen, fluids[*fluid]), (Role::Unit, units[*unit])]);
            let outcome = mapper.map_one(&source);
            let fields: Vec<&str> = line.split('\t').collect();
            prop_assert_eq!(fields[4], outcome.target().map_or("", |target| target.code.as_str()));
            prop_assert_eq!(fields[9], outcome.status.as_str());
        }
    }

    #[test]
    fn any_bytes_are_mapped_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        let (input, output) = (folder.path().join("x.csv"), folder.path().join("out.ndjson"));
        let mut table = b"name,unit\n".to_vec();
        table.extend(&bytes);
        std::fs::write(&input, &table).unwrap();
        let summary = run(&input, &output, &options(), &fixture(), &mut |_| {}).unwrap();
        let written = std::fs::read_to_string(&output).unwrap();
        prop_assert_eq!(written.lines().count() as u64, summary.rows);
        std::fs::write(&input, &bytes).unwrap();
        let _ = run(&input, &output, &options(), &fixture(), &mut |_| {});
    }
}

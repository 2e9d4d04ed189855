//! The domain of terms on a handful of codes of ICD-10-CM (public domain).

use super::*;
use proptest::prelude::*;
use tern_index::build::CodeSystemBuilder;
use tern_index::model::{CodeSystemHeader, DesignationKind};
use tern_index::record::{At, ConceptRecord, DesignationRecord};

/// Code, the code above, title.
const CODES: &[(&str, &str, &str)] = &[
    ("I21", "", "Acute myocardial infarction"),
    ("I21.9", "I21", "Acute myocardial infarction, unspecified"),
    ("I25.2", "", "Old myocardial infarction"),
    ("N12", "", "Tubulo-interstitial nephritis, not specified as acute or chronic"),
    ("N20", "", "Calculus of kidney and ureter"),
    ("N20.0", "N20", "Calculus of kidney"),
    ("E10", "", "Type 1 diabetes mellitus"),
    ("E10.9", "E10", "Type 1 diabetes mellitus without complications"),
    ("E11", "", "Type 2 diabetes mellitus"),
    ("E11.9", "E11", "Type 2 diabetes mellitus without complications"),
    ("M25.56", "", "Pain in knee"),
    ("M25.561", "M25.56", "Pain in right knee"),
    ("M25.562", "M25.56", "Pain in left knee"),
    ("M25.569", "M25.56", "Pain in unspecified knee"),
    ("K25", "", "Gastric ulcer"),
    ("K25.0", "K25", "Acute gastric ulcer with hemorrhage"),
    ("K25.3", "K25", "Acute gastric ulcer without hemorrhage or perforation"),
    ("S72.00", "", "Fracture of unspecified part of neck of femur"),
    ("S72.001", "S72.00", "Fracture of unspecified part of neck of right femur"),
    (
        "S72.001A",
        "S72.001",
        "Fracture of unspecified part of neck of right femur, initial encounter for closed fracture",
    ),
    (
        "S72.001S",
        "S72.001",
        "Fracture of unspecified part of neck of right femur, sequela",
    ),
    ("J44", "", "Other chronic obstructive pulmonary disease"),
    ("J44.9", "J44", "Chronic obstructive pulmonary disease, unspecified"),
];

fn system() -> CodeSystemIndex {
    let header = CodeSystemHeader::new("http://hl7.org/fhir/sid/icd-10-cm", None, "icd");
    let mut builder = CodeSystemBuilder::new(header, false);
    for (code, _, title) in CODES {
        let concept = ConceptRecord {
            code,
            active: true,
            ..ConceptRecord::default()
        };
        builder.concept(At::default(), concept, &mut |_, _| Ok(())).unwrap();
        builder.designation(At::default(), DesignationRecord::new(code, title, DesignationKind::Display));
    }
    for (code, above, _) in CODES.iter().filter(|(_, above, _)| !above.is_empty()) {
        builder.parent(At::default(), code, above);
    }
    let (header, files, _) = builder.finish(&mut |_, _| Ok(())).unwrap();
    CodeSystemIndex::open(header, &files).unwrap()
}

fn named(name: &str) -> SourceItem {
    let mut item = SourceItem::default();
    item.set(Role::Name, name);
    item
}

/// Code, conflict, in order of the rank.
fn ranked(table: &str, name: &str) -> Vec<(String, Option<&'static str>)> {
    let system = system();
    let domain = Terms::new(&system, table);
    let scored = domain.candidates(&named(name));
    scored
        .iter()
        .map(|candidate| (system.code(candidate.concept).to_owned(), candidate.conflict))
        .collect()
}

/// The table set by hand: the learned one speaks for the whole of ICD-10-CM, where words weigh otherwise.
const TABLE: &str = include_str!("../models/terms.tsv");
const LEARNED: &str = include_str!("../models/diagnoses.tsv");

#[test]
fn names_meet_titles_by_synonyms_short_forms_and_compounds() {
    for (name, codes) in [
        ("Renal stone", &["N20.0", "N20"][..]),
        ("Heart attack", &["I21.9", "I21"]),
        ("COPD", &["J44.9", "J44"]),
        ("knee pain, left", &["M25.562"]),
        ("Stomach ulcer, acute, bleeding", &["K25.0"]),
        ("DM2 without complications", &["E11.9"]),
        ("Tubulo-interstitial inflammation of kidney", &["N12"]),
    ] {
        let found = ranked(TABLE, name);
        let first = found.first().map_or("", |(code, _)| code.as_str());
        assert!(codes.contains(&first), "{name}: {found:?}");
    }
}

#[test]
fn the_learned_table_names_features_that_there_are() {
    let names = features::names();
    let known = |line: &&str| {
        let name = line.split('\t').next().unwrap_or_default();
        let learned = ["calibration.", "word."].iter().any(|part| name.starts_with(part));
        ["version", "target", "trained"].contains(&name) || learned || names.iter().any(|other| other == name)
    };
    let mut lines = LEARNED.lines().chain(TABLE.lines()).filter(|line| !line.starts_with('#'));
    assert_eq!(lines.find(|line| !known(line)), None);
    assert!(Model::parse(LEARNED, &names).trained);
    assert!(!Model::parse(TABLE, &names).trained, "no reviewed map stands behind it");
}

#[test]
fn what_excludes_the_source_is_a_conflict() {
    for (name, code) in [
        ("pain in left knee", "M25.561"),
        ("type II diabetes mellitus", "E10"),
        ("acute gastric ulcer without hemorrhage", "K25.0"),
        ("acute gastric ulcer with hemorrhage", "K25.3"),
    ] {
        let found = ranked(TABLE, name);
        let conflict = found
            .iter()
            .find(|(other, _)| other == code)
            .and_then(|(_, conflict)| *conflict);
        assert!(conflict.is_some(), "{name} {code}: {found:?}");
        assert_ne!(found.first().map(|(code, _)| code.as_str()), Some(code), "{name}");
    }
}

#[test]
fn later_encounters_are_only_for_names_that_say_so() {
    let has = |name: &str| ranked(TABLE, name).iter().any(|(code, _)| code == "S72.001S");
    assert!(!has("fracture of neck of right femur"));
    assert!(has("late effect of fracture of neck of right femur"));
}

#[test]
fn codes_beside_and_above_the_best_are_candidates() {
    let found = ranked(TABLE, "pain in left knee");
    assert!(found.iter().any(|(code, _)| code == "M25.569"), "{found:?}");
}

#[test]
fn only_equal_words_are_exact() {
    let system = system();
    let domain = Terms::new(&system, TABLE);
    let exact = |name: &str| domain.candidates(&named(name)).iter().any(|candidate| candidate.exact);
    assert!(exact("Kidney calculus"));
    assert!(!exact("renal calculus"));
    assert!(!exact("calculus of left kidney"));
}

#[test]
fn axes_are_said_with_their_verdict() {
    let system = system();
    let domain = Terms::new(&system, TABLE);
    let right = system.find_exact("M25.561").unwrap();
    let constraints = domain.constraints(&system, &named("left knee pain"), right);
    assert_eq!(constraints, [Constraint::new("laterality", "left", "right", Verdict::Broken)]);
    let left = system.find_exact("M25.562").unwrap();
    assert_eq!(domain.difference(left, right), Some("laterality"));
    assert_eq!(domain.axis_value(&system, "laterality", left).as_deref(), Some("left"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_name_gets_candidates_in_one_order(name in "\\PC{0,60}") {
        let system = system();
        let domain = Terms::new(&system, TABLE);
        let first = domain.candidates(&named(&name));
        prop_assert!(first.windows(2).all(|pair| pair[0].score >= pair[1].score));
        prop_assert!(first.iter().all(|candidate| candidate.score.is_finite()));
        let again = domain.candidates(&named(&name));
        let order = |scored: &[Scored]| scored.iter().map(|candidate| candidate.concept).collect::<Vec<_>>();
        prop_assert_eq!(order(&first), order(&again));
    }
}

/// A model's file has lines of its own under these names.
#[test]
fn no_feature_has_the_name_of_another_line_of_a_model() {
    let names = features::names();
    assert!(
        ["version", "target", "trained"]
            .iter()
            .all(|line| !names.iter().any(|name| name == line))
    );
    let all: HashSet<&String> = names.iter().collect();
    assert_eq!(all.len(), names.len());
}

/// "stick" is no word of any title here; a model that has learned it as *calculus* finds what it is.
#[test]
fn what_a_word_is_rendered_as_is_found_and_ranked() {
    let system = system();
    let mut item = SourceItem::default();
    item.set(Role::Name, "stick of kidney");
    let model = |learned: &str| format!("trained\t1\nsource_rendered\t5\ntarget_all\t2\n{learned}");
    let plain = Terms::new(&system, &model(""));
    let class = |text: &str| SYNONYMS.class(&crate::mapper::words::words(text)[0]);
    let line = format!("word.{}\t{} 0.9 4\n", class("stick"), class("calculus"));
    let learned = Terms::new(&system, &model(&line));
    let first = |terms: &Terms| {
        let candidates = terms.candidates(&item);
        let first = candidates.first().map(|first| system.code(first.concept).to_owned());
        (first, candidates.first().map(|first| first.features.clone()))
    };
    let rendered = features::names().iter().position(|name| name == "source_rendered").unwrap() as u16;
    let (code, own) = first(&learned);
    assert_eq!(code.as_deref(), Some("N20.0"));
    assert!(own.unwrap().iter().any(|(number, value)| *number == rendered && *value > 0.2));
    assert!(
        !first(&plain)
            .1
            .unwrap_or_default()
            .iter()
            .any(|(number, _)| *number == rendered)
    );
    let apart = learned.unmatched(&item, &[system.find_exact("N20.0").unwrap()]);
    let (stick, kidney) = (class("stick"), class("kidney"));
    assert!(apart[0].source.contains(&stick) && apart[0].source.contains(&format!("{stick} {kidney}")));
    assert!(!apart[0].source.contains(&kidney));
}

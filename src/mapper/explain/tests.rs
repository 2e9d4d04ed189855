//! Explanations on the small vocabularies of the mapper's tests: what is said must be so, and telling changes nothing.

use super::*;
use crate::mapper::outcome::Status;
use crate::mapper::tests::{drugs, fixture, item, options};
use crate::mapper::{MapOptions, Mapper};
use proptest::prelude::*;

fn labs() -> Mapper {
    Mapper::new(&options(), &fixture()).unwrap()
}

fn first(outcome: &Outcome) -> &Explanation {
    outcome.candidates[0].explanation.as_ref().unwrap()
}

fn verdict(explanation: &Explanation, axis: &str) -> Option<Verdict> {
    let found = explanation.constraints.iter().find(|constraint| constraint.axis == axis);
    found.map(|constraint| constraint.verdict)
}

#[test]
fn a_ranked_candidate_says_what_matched_and_what_it_satisfies() {
    let outcome = labs().explain(&item(&[
        (Role::Name, "Zorvin quibble"),
        (Role::Specimen, "Urine"),
        (Role::Unit, "mg/dL"),
    ]));
    let explanation = first(&outcome);
    assert_eq!(outcome.candidates[0].code, "910003-3");
    assert_eq!(explanation.matched_kind, "part-of-display");
    assert_eq!(explanation.matched, "Zorvin [Mass/volume] in Urine");
    assert_eq!(explanation.words_matched, ["zorvin"]);
    assert_eq!(explanation.words_source_only, ["quibble"]);
    assert_eq!(explanation.words_target_only, Vec::<String>::new());
    assert_eq!(verdict(explanation, "specimen"), Some(Verdict::Satisfied));
    assert_eq!(verdict(explanation, "unit"), Some(Verdict::Satisfied));
    let blood = outcome
        .candidates
        .iter()
        .find(|candidate| candidate.code == "910002-5")
        .unwrap();
    let explanation = blood.explanation.as_ref().unwrap();
    assert_eq!(verdict(explanation, "specimen"), Some(Verdict::Broken));
    assert_eq!(verdict(explanation, "unit"), Some(Verdict::Broken));
    assert!(explanation.margin < 0.0);
    let stages: Vec<&str> = outcome.stages.iter().map(|note| note.stage).collect();
    assert_eq!(
        stages,
        [
            "read",
            "decisions",
            "supplied-code",
            "exact",
            "candidates",
            "ranking",
            "calibration",
            "decision"
        ]
    );
    assert_eq!(outcome.stages[0].note, "name, specimen, unit");
}

#[test]
fn a_short_form_is_a_repair_and_a_misspelling_is_shown_beside_its_word() {
    let outcome = labs().explain(&item(&[(Role::Name, "WBC"), (Role::Unit, "K/uL")]));
    assert!(first(&outcome).words_matched.contains(&"leukocyte".to_owned()));
    assert!(
        outcome.repairs.iter().any(|repair| repair.contains("leukocyte")),
        "{:?}",
        outcome.repairs
    );
    let outcome = labs().explain(&item(&[(Role::Name, "quaxocites"), (Role::Unit, "K/uL")]));
    assert_eq!(first(&outcome).words_matched, ["quaxocite~quaxocyte"]);
}

#[test]
fn what_would_decide_names_the_axis_with_its_values() {
    let outcome = labs().explain(&item(&[(Role::Name, "Zorvin"), (Role::Unit, "mg/dL")]));
    assert_eq!(outcome.status, Status::Ambiguous);
    let specimen = outcome.would_decide.iter().find(|axis| axis.starts_with("specimen: "));
    let specimen = specimen.unwrap_or_else(|| panic!("{outcome:?}"));
    assert!(specimen.contains("Ser/Plas") && specimen.contains(" or "), "{specimen}");
    let decided = labs().explain(&item(&[(Role::Name, "Zorvin [Mass/volume] in Urine")]));
    assert_eq!((decided.status, decided.would_decide.len()), (Status::Mapped, 0));
    assert_eq!(first(&decided).matched_kind, "display");
}

#[test]
fn codes_and_maps_are_named_as_what_they_are() {
    let supplied = labs().explain(&item(&[(Role::System, "loinc"), (Role::Code, "9100017")]));
    assert_eq!(first(&supplied).matched_kind, "code");
    assert!(supplied.repairs[0].starts_with("9100017 read as 910001-7"));
    assert!(supplied.stages.iter().any(|note| note.stage == "repair"));
    let mapped = labs().explain(&item(&[(Role::System, "urn:local"), (Role::Code, "ZV")]));
    assert_eq!(
        (first(&mapped).matched_kind, first(&mapped).matched.as_str()),
        ("concept-map", "ZV")
    );
    assert_eq!(labs().explain(&item(&[])).stages.last().unwrap().stage, "decision");
}

#[test]
fn a_strength_that_is_another_is_broken() {
    let options = MapOptions {
        target: "http://www.nlm.nih.gov/research/umls/rxnorm".into(),
        ..options()
    };
    let mapper = Mapper::new(&options, &drugs()).unwrap();
    let outcome = mapper.explain(&item(&[
        (Role::Name, "ZORVASTAT"),
        (Role::Strength, "0.02 g"),
        (Role::Form, "tablet"),
    ]));
    let verdicts: Vec<(&str, Option<Verdict>)> = outcome
        .candidates
        .iter()
        .map(|candidate| {
            (
                candidate.code.as_str(),
                verdict(candidate.explanation.as_ref().unwrap(), "strength"),
            )
        })
        .collect();
    assert!(verdicts.contains(&("3", Some(Verdict::Satisfied))), "{verdicts:?}");
    assert!(verdicts.contains(&("2", Some(Verdict::Broken))), "{verdicts:?}");
    let strength = first(&outcome)
        .constraints
        .iter()
        .find(|constraint| constraint.axis == "strength");
    assert_eq!(strength.unwrap().source, "20 mg");
}

#[test]
fn the_json_has_every_part_in_a_fixed_order() {
    let outcome = labs().explain(&item(&[
        (Role::Name, "Zorvin"),
        (Role::Specimen, "Urine"),
        (Role::Unit, "mg/dL"),
    ]));
    let value = value(&outcome, 1);
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["stages", "repairs", "would_decide", "candidates"]);
    assert_eq!(value["candidates"].as_array().unwrap().len(), 1);
    let explanation = value["candidates"][0]["explanation"].as_object().unwrap();
    let keys: Vec<&String> = explanation.keys().collect();
    assert_eq!(
        keys,
        [
            "matched",
            "matched_kind",
            "words_matched",
            "words_source_only",
            "words_target_only",
            "constraints",
            "contributions",
            "margin"
        ]
    );
    assert_eq!(explanation["constraints"][0]["verdict"], "satisfied");
    assert_eq!(value["candidates"][0]["code"], "910003-3");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn explaining_changes_no_answer_and_what_is_mapped_breaks_nothing(
        name in "(zorvin|wbc|quaxocytes|leukocytes in blood|[a-z %,]{0,12}|\\PC{0,20})",
        specimen in "(blood|urine|csf||serum|24h urine|\\PC{0,8})",
        unit in "(mg/dL|mmol/L|%|K/uL||N/A|\\PC{0,6})",
    ) {
        let mapper = labs();
        let source = item(&[(Role::Name, &name), (Role::Specimen, &specimen), (Role::Unit, &unit)]);
        let plain = mapper.map_one(&source);
        let mut told = mapper.explain(&source);
        prop_assert!(plain.stages.is_empty() && plain.candidates.iter().all(|candidate| candidate.explanation.is_none()));
        for (place, candidate) in told.candidates.iter().enumerate() {
            let explanation = candidate.explanation.as_ref().unwrap();
            let sorted = explanation.contributions.windows(2).all(|pair| pair[0].weight.abs() >= pair[1].weight.abs());
            prop_assert!(sorted && explanation.contributions.iter().all(|part| part.weight.abs() >= LEAST_CONTRIBUTION));
            prop_assert!(place > 0 || explanation.margin >= 0.0);
            if place == 0 && told.status == Status::Mapped {
                let broken = explanation.constraints.iter().any(|constraint| constraint.verdict == Verdict::Broken);
                prop_assert!(!broken, "{told:?}");
            }
        }
        told.stages.clear();
        told.repairs.clear();
        told.would_decide.clear();
        told.candidates.iter_mut().for_each(|candidate| candidate.explanation = None);
        prop_assert_eq!(plain, told);
    }
}

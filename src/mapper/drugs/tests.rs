//! Drugs as a whole, on invented products in the layout of RxNorm: which level is answered, what is never accepted.

use crate::mapper::{MapOptions, Mapper, Outcome, Role, SourceItem, Status, Vocabularies};
use proptest::prelude::*;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tern_index::build::{ArtefactInfo, FaultPolicy};
use tern_index::model::Relationship;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::store::{Load, Store};
use tern_loaders::LoadOptions;
use tern_loaders::source::{Limits, members};

const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
const NDC: &str = "http://hl7.org/fhir/sid/ndc";

struct Loaded(Arc<CodeSystemIndex>, Vec<Arc<ConceptMapIndex>>);

impl Vocabularies for Loaded {
    fn canonical_url(&self, name: &str) -> String {
        match name {
            "rxnorm" => RXNORM.to_owned(),
            "ndc" => NDC.to_owned(),
            other => other.to_owned(),
        }
    }

    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        (url == RXNORM).then(|| Arc::clone(&self.0))
    }

    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        self.1.clone()
    }
}

/// The fixture, loaded as any release is.
fn loaded() -> Loaded {
    loaded_from("tests/fixtures/rxnorm-products")
}

fn loaded_from(path: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let options = LoadOptions::default();
    let (releases, _) = tern_loaders::recognise(members(&[path], Limits::default()).unwrap(), &options).unwrap();
    let mut load = Load::begin(folder.path()).unwrap();
    for release in &releases {
        let loader = tern_loaders::loaders().iter().find(|loader| loader.name() == release.loader);
        let loader = loader.unwrap();
        load.release(
            &release.title,
            release.loader,
            FaultPolicy::default(),
            |_| {},
            |sink| loader.load(release, &options, sink),
        )
        .unwrap();
    }
    load.commit().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (mut system, mut maps) = (None, Vec::new());
    for artefact in store.artefacts() {
        match &artefact.info {
            ArtefactInfo::CodeSystem(_) => system = Some(Arc::new(artefact.open_code_system().unwrap())),
            ArtefactInfo::ConceptMap(_) => maps.push(Arc::new(artefact.open_concept_map().unwrap())),
            ArtefactInfo::Resources { .. } => {}
        }
    }
    Loaded(system.unwrap(), maps)
}

static MAPPER: LazyLock<Mapper> = LazyLock::new(|| {
    let options = MapOptions {
        target: "rxnorm".into(),
        ..MapOptions::default()
    };
    Mapper::new(&options, &loaded()).unwrap()
});

fn map(values: &[(Role, &str)]) -> Outcome {
    let mut item = SourceItem::default();
    for (role, value) in values {
        item.set(*role, value);
    }
    MAPPER.map_one(&item)
}

fn named(text: &str) -> Outcome {
    map(&[(Role::Name, text)])
}

fn first(outcome: &Outcome) -> &str {
    outcome.candidates.first().map_or("", |candidate| &candidate.display)
}

#[test]
fn one_text_says_ingredient_strength_and_form() {
    for (text, expected) in [
        ("zorvamide 25 mg tablet", "zorvamide 25 MG Oral Tablet"),
        ("ZORVAMIDE TAB 25MG", "zorvamide 25 MG Oral Tablet"),
        (
            "zorvamide 10 mg prolonged-release tablet",
            "zorvamide 10 MG Extended Release Oral Tablet",
        ),
        ("Zorvex 25 mg tablets", "zorvamide 25 MG Oral Tablet [Zorvex]"),
        ("quenostat 100 micrograms capsule", "quenostat 0.1 MG Oral Capsule"),
        ("quenostat 1% cream", "quenostat 10 MG/ML Topical Cream"),
        (
            "brelidone 100 mcg/dose inhalation powder",
            "brelidone 0.1 MG/ACTUAT Inhalation Powder",
        ),
        ("zorvamide 25 mg/5 ml oral solution", "zorvamide 5 MG/ML Oral Solution"),
        ("Zorvamid 25 mg Filmtabl.", "zorvamide 25 MG Oral Tablet"),
        ("zorvamide 10 mg MGA", "zorvamide 10 MG Extended Release Oral Tablet"),
        ("quenostato 100 mcg caps.", "quenostat 0.1 MG Oral Capsule"),
        ("Zorvex 25", "zorvamide 25 MG Oral Tablet [Zorvex]"),
        ("vexafactor alfa 500 IU injection", "vexafactor alfa 1 UNT Injection"),
    ] {
        assert_eq!(first(&named(text)), expected, "{text}");
    }
}

#[test]
fn large_codes_do_not_outweigh_what_a_name_says() {
    let options = MapOptions {
        target: "rxnorm".into(),
        explain: true,
        ..MapOptions::default()
    };
    let mapper = Mapper::new(&options, &loaded_from("demo/invented/RxNorm_full_01012026")).unwrap();
    let mut item = SourceItem::default();
    item.set(Role::Name, "Lisinopril 10mg");
    let outcome = mapper.explain(&item);
    assert_eq!(first(&outcome), "lisinopril 10 MG Oral Tablet");
    let explanations = outcome
        .candidates
        .iter()
        .filter_map(|candidate| candidate.explanation.as_ref());
    let heaviest = explanations.flat_map(|explanation| &explanation.contributions);
    let heaviest = heaviest.map(|part| part.weight.abs()).fold(0.0, f32::max);
    assert!(heaviest < 12.0, "{heaviest}");
}

#[test]
fn columns_say_the_same_as_one_text() {
    let outcome = map(&[
        (Role::Name, "plectarine"),
        (Role::Strength, "40 mg/2 ml"),
        (Role::Form, "Solution for injection in pre-filled syringe"),
        (Role::Route, "Subcutaneous use"),
    ]);
    assert!(
        first(&outcome).starts_with("2 ML plectarine hydrochloride 20 MG/ML Prefilled Syringe"),
        "{outcome:?}"
    );
    let product = map(&[
        (Role::Name, "Zorvex 25 mg Tablet Oral use"),
        (Role::Ingredient, "zorvamide"),
        (Role::Brand, "Zorvex"),
        (Role::Strength, "25 mg"),
        (Role::Form, "Tablet"),
    ]);
    assert_eq!(first(&product), "zorvamide 25 MG Oral Tablet [Zorvex]");
}

#[test]
fn combinations_are_matched_in_any_order_and_never_with_one_of_their_parts() {
    for text in [
        "zorvamide 10 mg / plectarine 5 mg tablet",
        "plectarine/zorvamide 5 mg/10 mg tablet",
        "zorvamide;plectarine 10 mg/5 mg tablet",
    ] {
        let outcome = named(text);
        assert!(
            first(&outcome).starts_with("plectarine 5 MG / zorvamide 10 MG Oral Tablet"),
            "{text}: {outcome:?}"
        );
    }
    let outcome = named("zorvamide 10 mg / brelidone 5 mg tablet");
    assert_ne!(outcome.status, Status::Mapped, "{outcome:?}");
}

#[test]
fn contradictions_are_never_accepted() {
    for text in [
        "zorvamide 80 mg tablet",
        "zorvamide 25 mg suppository",
        "zorvamide 10 mg and plectarine 10 mg tablet",
    ] {
        let outcome = named(text);
        assert_ne!(outcome.status, Status::Mapped, "{text}: {outcome:?}");
    }
}

#[test]
fn the_relationship_says_what_is_missing() {
    let outcome = named("zorvamide");
    assert_eq!(
        (first(&outcome), outcome.candidates[0].relationship),
        ("zorvamide", Relationship::Equivalent)
    );
    let outcome = named("zorvamide 25 mg");
    let product = outcome
        .candidates
        .iter()
        .find(|candidate| candidate.display == "zorvamide 25 MG Oral Tablet");
    let relationship = product.map(|product| product.relationship);
    assert_eq!(relationship, Some(Relationship::SourceIsBroaderThanTarget), "{outcome:?}");
}

#[test]
fn national_drug_codes_come_before_names() {
    for code in ["99999-0003-00", "99999000300", "99999-003-00", "99999-0003-0"] {
        let outcome = map(&[(Role::Code, code), (Role::System, "ndc"), (Role::Name, "quenostat 0.1 mg")]);
        assert_eq!(
            (outcome.status, first(&outcome)),
            (Status::Mapped, "zorvamide 10 MG Oral Tablet"),
            "{code}"
        );
    }
    let repaired = map(&[(Role::Code, "9999900300"), (Role::System, "ndc")]);
    assert_eq!(first(&repaired), "zorvamide 10 MG Oral Tablet");
    assert!(repaired.reason.contains("5-3-2"), "{}", repaired.reason);
    let unknown = map(&[
        (Role::Code, "11111-2222-33"),
        (Role::System, "ndc"),
        (Role::Name, "zorvamide"),
    ]);
    assert_eq!(first(&unknown), "zorvamide");
}

proptest! {
    #[test]
    fn any_row_is_mapped_without_panic(
        name in "\\PC{0,30}", strength in "[0-9a-zA-Z%/,. ()+]{0,20}", form in "[a-z -]{0,30}",
    ) {
        map(&[(Role::Name, &name), (Role::Strength, &strength), (Role::Form, &form)]);
    }

    #[test]
    fn words_of_products_give_candidates_in_falling_order(words in proptest::collection::vec(
        prop_oneof!["zorvamide", "plectarine", "Zorvex", "10 mg", "tablet", "injection", "/", "and", "hydrochloride"], 1..7,
    )) {
        let outcome = named(&words.join(" "));
        let falling = |pair: &[crate::mapper::Candidate]| pair[0].probability >= pair[1].probability;
        prop_assert!(outcome.candidates.windows(2).all(falling));
    }
}

//! Post-coordinated expressions of SNOMED CT: what they are below and above, their normal forms, and what of the concept
//! model they do not keep.
//!
//! The fixture (`tests/fixtures/snomed-model`) is an invented release with definitions, a general concept inclusion, an
//! attribute that is transitive and reflexive, a chain, numbers, and rules of every kind. What clients of the service see
//! of it is in `tests/cases/http-expressions.json`.

use super::support::{json, model, outcome, root, run, stdout, text};
use std::collections::BTreeSet;
use tern::concept_model::{check, concept_model};
use tern::ecl::expression::Expression;
use tern::ecl::meaning::Meaning;
use tern::ecl::{Constraint, Limits};
use tern::service::closure::{ClosureRelation, ClosureTable};
use tern::service::lookup::lookup;
use tern::service::{CodeSystemIndex, LookupRequest, Terminology};
use tern_index::build::FaultPolicy;
use tern_index::model::{Coding, PropertyValue};
use tern_index::store::{Load, Store};
use tern_loaders::source::{Limits as SourceLimits, members};
use tern_loaders::{LoadOptions, loaders, recognise};

const SNOMED: &str = "http://snomed.info/sct";
const SEAT: &str = "2009999997100";
const INNER_SEAT: &str = "2019999997103";
const WAY: &str = "2029999997109";
const AGENT: &str = "2039999997106";
const SIDE: &str = "2049999997102";
const LATERALITY: &str = "272741003";
const AMOUNT: &str = "2069999997101";
const SAILBONE: &str = "2099999997107";
const FINBONE: &str = "2109999997104";
const STARBOARD_SAILBONE: &str = "2119999997102";
const PORT: &str = "2139999997105";
const STARBOARD: &str = "2149999997101";
const RUST: &str = "2169999997100";
const RED_RUST: &str = "2179999997107";
const CRACK: &str = "2189999997109";
const SEA_SALT: &str = "2209999997108";
const BRINE: &str = "2219999997105";
const GREASE: &str = "2229999997104";
const DISORDER: &str = "64572001";
const OF_SAILBONE: &str = "2239999997102";
const RUSTING: &str = "2249999997106";
const SAILBONE_RUST: &str = "2259999997109";
const BY_SALT: &str = "2269999997107";
const BY_BRINE: &str = "2279999997100";
const STORM_ACHE: &str = "2289999997103";
const PRODUCT: &str = "2299999997101";

fn compared(a: &str, b: &str) -> String {
    let output = run(model(), &["subsumes", "snomed", a, b]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(err.is_empty(), "{a} {b}: {err}");
    out.trim().to_owned()
}

#[test]
fn expressions_stand_above_and_below_concepts_and_each_other() {
    let rust = |way: &str| format!("{DISORDER}:{{{SEAT}={SAILBONE},{WAY}={way}}}");
    let apart = format!("{DISORDER}:{SEAT}={SAILBONE},{WAY}={RUST}");
    for (a, b, expected) in [
        // A definition, written out.
        (SAILBONE_RUST.to_owned(), rust(RUST), "equivalent"),
        (SAILBONE_RUST.to_owned(), rust(RED_RUST), "subsumes"),
        (rust(RED_RUST), SAILBONE_RUST.to_owned(), "subsumed-by"),
        (rust(RED_RUST), format!("=== {}", rust(RED_RUST)), "equivalent"),
        // Attributes that stand alone are groups of their own.
        (apart.clone(), SAILBONE_RUST.to_owned(), "subsumes"),
        (apart.clone(), OF_SAILBONE.to_owned(), "subsumed-by"),
        (apart, format!("{OF_SAILBONE}+{RUSTING}"), "equivalent"),
        // What the focus brings along counts, and an attribute below another.
        (format!("{OF_SAILBONE}:{WAY}={RUST}"), RUSTING.to_owned(), "subsumed-by"),
        (
            format!("{DISORDER}:{INNER_SEAT}={SAILBONE}"),
            OF_SAILBONE.to_owned(),
            "subsumed-by",
        ),
        // Brine is made from salt, and what is done by brine is done by salt.
        (format!("{DISORDER}:{AGENT}={BRINE}"), BY_BRINE.to_owned(), "equivalent"),
        (format!("{DISORDER}:{AGENT}={BRINE}"), BY_SALT.to_owned(), "subsumed-by"),
        (format!("{DISORDER}:{AGENT}={SEA_SALT}"), BY_BRINE.to_owned(), "subsumes"),
        // What is sufficient for something without being its definition.
        (
            format!("{DISORDER}:{{{SEAT}={SAILBONE},{AGENT}={BRINE}}}"),
            STORM_ACHE.to_owned(),
            "subsumed-by",
        ),
        (
            format!("{DISORDER}:{SEAT}={SAILBONE},{AGENT}={BRINE}"),
            STORM_ACHE.to_owned(),
            "not-subsumed",
        ),
        // Nested expressions are what defines a concept, too.
        (
            format!("{DISORDER}:{SEAT}=({SAILBONE}:{SIDE}={STARBOARD})"),
            format!("{DISORDER}:{SEAT}={STARBOARD_SAILBONE}"),
            "equivalent",
        ),
        (
            format!("{DISORDER}:{SEAT}=({SAILBONE}:{SIDE}={PORT})"),
            OF_SAILBONE.to_owned(),
            "subsumed-by",
        ),
        (format!("{DISORDER}:{SEAT}={FINBONE}"), OF_SAILBONE.to_owned(), "not-subsumed"),
        // Numbers are compared by value.
        (format!("{PRODUCT}:{AMOUNT}=#250.0"), "2309999997102".to_owned(), "subsumes"),
        // What only says what it is below is above nothing.
        (format!("<<< {}", rust(RUST)), SAILBONE_RUST.to_owned(), "subsumed-by"),
        (
            format!("{SAILBONE_RUST} |Sailbone rust|"),
            SAILBONE_RUST.to_owned(),
            "equivalent",
        ),
    ] {
        assert_eq!(compared(&a, &b), expected, "{a} and {b}");
    }
}

#[test]
fn what_is_no_expression_is_refused_with_its_place() {
    for (code, part) in [
        (format!("{DISORDER}:{SEAT}=("), "expected an identifier"),
        (format!("{DISORDER}:{SEAT}=2000000000"), "Concept 2000000000 not found"),
        (
            format!("{DISORDER}:{}", vec![format!("{SEAT}={SAILBONE}"); 700].join(",")),
            "more than the 1000",
        ),
    ] {
        let (exit, _, said) = outcome(model(), &["subsumes", "snomed", &code, DISORDER]);
        assert!(exit != 0 && said.contains(part), "{code}: {said}");
    }
}

fn index() -> std::sync::Arc<CodeSystemIndex> {
    terminology().code_system(SNOMED, None).unwrap()
}

fn terminology() -> Terminology {
    Terminology::new(&Store::open(model()).unwrap(), Vec::new())
}

fn properties(code: &str, names: &[&str]) -> Vec<(String, String)> {
    let request = LookupRequest {
        coding: Coding::new(SNOMED, code),
        properties: names.iter().map(|name| (*name).to_owned()).collect(),
        ..LookupRequest::default()
    };
    let found = lookup(&terminology(), &request).unwrap();
    let shown = |value: &PropertyValue| value.to_string();
    let properties = found.properties.iter();
    properties
        .map(|property| (property.code.clone(), property.value.as_ref().map(shown).unwrap_or_default()))
        .collect()
}

#[test]
fn normal_forms_say_all_that_follows_and_nothing_twice() {
    for (expression, expected) in [
        (
            format!("{DISORDER}:{AGENT}={BRINE},{{{WAY}={RED_RUST},{SEAT}={SAILBONE}}}"),
            format!("=== {SAILBONE_RUST}+{BY_BRINE}:{{{SEAT}={SAILBONE},{WAY}={RED_RUST}}},{{{AGENT}={BRINE}}}"),
        ),
        // A concept that means the same is not above itself.
        (
            format!("{DISORDER}:{{{SEAT}={SAILBONE},{WAY}={RUST}}}"),
            format!("=== {OF_SAILBONE}+{RUSTING}:{{{SEAT}={SAILBONE},{WAY}={RUST}}}"),
        ),
        // What the focus has and a group says better is not said again; nor what follows by a chain.
        (
            format!("{RUSTING}:{{{WAY}={RED_RUST}}},{{{AGENT}={SEA_SALT}}},{{{AGENT}={BRINE}}}"),
            format!("=== {RUSTING}+{BY_BRINE}:{{{WAY}={RED_RUST}}},{{{AGENT}={BRINE}}}"),
        ),
        (
            format!("<<< {DISORDER}:{SEAT}=({SAILBONE}:{SIDE}={PORT})"),
            format!("<<< {OF_SAILBONE}:{{{SEAT}=({SAILBONE}:{SIDE}={PORT})}}"),
        ),
    ] {
        let found = properties(&expression, &["normalFormTerse", "sufficientlyDefined"]);
        let defined = (!expression.starts_with("<<<")).to_string();
        let expected = [
            ("sufficientlyDefined".to_owned(), defined),
            ("normalFormTerse".to_owned(), expected),
        ];
        assert_eq!(found, expected, "{expression}");
    }
    let found = properties(
        &format!("{DISORDER}:{{{WAY}={RED_RUST},{SEAT}={SAILBONE}}}"),
        &["parent", "normalForm"],
    );
    let form = "=== 2259999997109|Sailbone rust|:{2009999997100|Seat|=2099999997107|Sailbone|,2029999997109|Way|=2179999997107|Red rust|}";
    let expected = [("parent", SAILBONE_RUST), ("normalForm", form)].map(|(code, value)| (code.to_owned(), value.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn a_normal_form_means_what_it_is_the_normal_form_of() {
    let index = index();
    let understood = |text: &str| {
        let expression = Expression::parse(text, &Limits::default()).unwrap();
        Meaning::of(&index, &expression).unwrap()
    };
    for code in [
        format!("{DISORDER}:{SEAT}=({SAILBONE}:{SIDE}={PORT}),{AGENT}={BRINE}"),
        format!("{OF_SAILBONE}+{BY_SALT}:{{{SEAT}={FINBONE},{WAY}={CRACK}}}"),
        format!("{PRODUCT}:{{{AMOUNT}=#2.50}}"),
    ] {
        let form = properties(&code, &["normalFormTerse"]).remove(0).1;
        let (own, other) = (understood(&code), understood(&form));
        assert!(
            own.covers(&index, &other).unwrap() && other.covers(&index, &own).unwrap(),
            "{code}: {form}"
        );
        assert_eq!(properties(&form, &["normalFormTerse"]).remove(0).1, form);
    }
}

/// An index of before, which has no file of axioms, is told the same from their text.
#[test]
fn axioms_are_kept_when_an_edition_is_loaded_and_say_what_their_text_says() {
    let kept = index();
    assert_eq!(kept.axioms().expect("loading works axioms out").counts().1, 0);
    let room = tempfile::tempdir().unwrap();
    let fixture = super::support::root().join("tests/fixtures/snomed-model");
    let options = LoadOptions::default();
    let found = recognise(members(&[fixture], SourceLimits::default()).unwrap(), &options)
        .unwrap()
        .0;
    let loader = loaders().iter().find(|loader| loader.name() == "snomed").unwrap();
    let mut load = Load::begin(room.path()).unwrap();
    load.release(
        "before",
        "snomed",
        FaultPolicy::default(),
        |_| {},
        |sink| loader.load(&found[0], &options, sink),
    )
    .unwrap();
    load.commit().unwrap();
    let store = Terminology::new(&Store::open(room.path()).unwrap(), Vec::new());
    let before = store.code_system(SNOMED, None).unwrap();
    assert!(before.axioms().is_none());
    for text in [
        format!("{DISORDER}:{{{SEAT}={SAILBONE},{WAY}={RUST}}}"),
        format!("{DISORDER}:{SEAT}={SAILBONE},{WAY}={RUST}"),
        format!("{DISORDER}:{{{SEAT}={SAILBONE},{AGENT}={BRINE}}}"),
        format!("{DISORDER}:{AGENT}={BRINE}"),
        format!("{SAILBONE}:{SIDE}={STARBOARD}"),
        format!("{PRODUCT}:{AMOUNT}=#12.50"),
    ] {
        let expression = Expression::parse(&text, &Limits::default()).unwrap();
        let [one, other] = [&kept, &before].map(|index| Meaning::of(index, &expression).unwrap());
        assert_eq!(one.subsumers, other.subsumers, "{text}");
        assert_eq!(one.normal_form(), other.normal_form(), "{text}");
    }
}

#[test]
fn rules_of_the_concept_model_are_kept_or_named() {
    let index = index();
    let rules = concept_model(&index).unwrap();
    for (code, expected) in [
        (format!("{DISORDER}:{SEAT}={SAILBONE}"), None),
        (format!("{SAILBONE}:{SIDE}={PORT}"), None),
        (format!("{PRODUCT}:{AMOUNT}=#0.5"), None),
        (format!("{DISORDER}:{SEAT}=({SAILBONE}:{SIDE}={PORT})"), None),
        (
            format!("{DISORDER}:{WAY}={SAILBONE}"),
            Some((
                true,
                23,
                "is not in the range of 2029999997109 |Way|, which is << 2159999997103",
            )),
        ),
        (
            format!("{DISORDER}:{AGENT}={GREASE}"),
            Some((false, 23, "is not in the range of 2039999997106 |Agent|")),
        ),
        (
            format!("{PRODUCT}:{SEAT}={SAILBONE}"),
            Some((true, 14, "does not apply to 2299999997101 |Product|, but to 64572001")),
        ),
        (
            format!("{SAILBONE}:{{{SIDE}={PORT}}}"),
            Some((true, 15, "is never in a group")),
        ),
        (
            format!("{SAILBONE}:{SIDE}={PORT},{SIDE}={STARBOARD}"),
            Some((true, 14, "is there 2 times, of at most 1")),
        ),
        (
            format!("{STARBOARD_SAILBONE}:{SIDE}={PORT}"),
            Some((true, 14, "is there 2 times, of at most 1")),
        ),
        (
            format!("{DISORDER}:{{{WAY}={RUST},{WAY}={CRACK}}}"),
            Some((true, 10, "is there 2 times in a group")),
        ),
        (
            format!("{PRODUCT}:{AMOUNT}=#0"),
            Some((true, 14, "the value #0 is not in the range of")),
        ),
        (
            format!("{DISORDER}:{SEAT}=({SAILBONE}:{SIDE}={RUST})"),
            Some((true, 52, "is not in the range of 2049999997102 |Side|")),
        ),
        // Should, not must.
        (
            format!("{FINBONE}:{SIDE}={PORT}"),
            Some((
                false,
                14,
                "does not apply to 2109999997104 |Finbone|, but to 2099999997107 |Sailbone|",
            )),
        ),
        // No rule speaks of it.
        (format!("{DISORDER}:410662002={RUST}"), None),
        (
            format!("{DISORDER}:762705008={RUST}"),
            Some((true, 9, "for pre-coordinated content alone")),
        ),
    ] {
        let expression = Expression::parse(&code, &Limits::default()).unwrap();
        let found = check(&index, &rules, &expression).unwrap();
        match expected {
            None => assert!(found.is_empty(), "{code}: {found:?}"),
            Some((mandatory, position, part)) => {
                assert_eq!(found.len(), 1, "{code}: {found:?}");
                assert_eq!(
                    (found[0].mandatory, found[0].position),
                    (mandatory, position),
                    "{code}: {found:?}"
                );
                assert!(found[0].message.contains(part), "{code}: {found:?}");
            }
        }
    }
}

/// The release of the model with the published code of laterality in place of the invented one of the side.
fn with_laterality() -> std::sync::Arc<CodeSystemIndex> {
    let (release, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut open = vec![root().join("tests/fixtures/snomed-model")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let written = std::fs::read_to_string(&path).unwrap().replace(SIDE, LATERALITY);
            std::fs::write(release.path().join(path.file_name().unwrap()), written).unwrap();
        }
    }
    stdout(store.path(), &["load", release.path().to_str().unwrap()]);
    let terminology = Terminology::new(&Store::open(store.path()).unwrap(), Vec::new());
    terminology.code_system(SNOMED, None).unwrap()
}

#[test]
fn laterality_beside_a_disorder_is_that_of_its_one_site() {
    let index = with_laterality();
    let rules = concept_model(&index).unwrap();
    let side = format!("{LATERALITY}={PORT}");
    for (code, broken) in [
        (format!("{SAILBONE_RUST}:{side}"), false),
        (format!("{SAILBONE_RUST}:{{{side}}}"), false),
        (format!("{SAILBONE_RUST}:{side},{{{SEAT}={FINBONE}}}"), false),
        // It says what it is itself; no site; in a group with others; two foci; a value out of range; two sites; a site with a
        // side of its own.
        (format!("==={SAILBONE_RUST}:{side}"), true),
        (format!("{DISORDER}:{side}"), true),
        (format!("{SAILBONE_RUST}:{{{side},{WAY}={RUST}}}"), true),
        (format!("{SAILBONE_RUST}+{BY_SALT}:{side}"), true),
        (format!("{SAILBONE_RUST}:{LATERALITY}={RUST}"), true),
        (format!("{DISORDER}:{side},{{{SEAT}={STARBOARD_SAILBONE}}}"), true),
    ] {
        let expression = Expression::parse(&code, &Limits::default()).unwrap();
        let found = check(&index, &rules, &expression).unwrap();
        assert_eq!(found.iter().any(|breach| breach.mandatory), broken, "{code}: {found:?}");
    }
}

#[test]
fn an_expression_that_breaks_a_rule_is_not_valid_and_one_that_should_not_is_warned_of() {
    for (code, valid, part) in [
        (
            format!("{DISORDER}:{WAY}={SAILBONE}"),
            false,
            "note: Not a valid expression: line 1, column 24: the value 2099999997107 |Sailbone|",
        ),
        (
            format!("{DISORDER}:{AGENT}={GREASE}"),
            true,
            "warning: line 1, column 24: the value 2229999997104 |Grease|",
        ),
    ] {
        let (exit, out, said) = outcome(model(), &["validate", "snomed", &code]);
        assert_eq!(exit == 0, valid, "{code}: {out}{said}");
        assert!(format!("{out}{said}").contains(part), "{code}: {out}{said}");
    }
    let answer = json(
        model(),
        &["validate", "snomed", &format!("{DISORDER}:{SEAT}={SAILBONE}"), "--json"],
    );
    assert!(!answer.to_string().contains("MRCM"), "{answer}");
    let (_, out, said) = outcome(
        super::support::history(),
        &["validate", "snomed", "1209999997103:1059999997107=1119999997109"],
    );
    assert!(!format!("{out}{said}").contains("MRCM"), "{out}{said}");
    let (_, out, said) = outcome(super::support::small(), &["validate", "snomed", "=== 138875005"]);
    assert!(
        format!("{out}{said}").contains("has not been checked against the SNOMED CT concept model (MRCM)"),
        "{out}{said}"
    );
}

#[test]
fn constraints_admit_what_follows() {
    let index = index();
    let code = format!("{DISORDER}:{{{SEAT}={SAILBONE},{AGENT}={BRINE}}}");
    let meaning = Meaning::of(&index, &Expression::parse(&code, &Limits::default()).unwrap()).unwrap();
    for (constraint, expected) in [
        (format!("< {STORM_ACHE}"), true),
        (format!("<< {BY_SALT}"), true),
        (format!("<< {RUSTING}"), false),
        (format!("<< {BY_SALT} MINUS << {STORM_ACHE}"), false),
        (format!("<< {DISORDER} : {AGENT} = {BRINE}"), true),
    ] {
        let found = Constraint::parse(&constraint, &Limits::default())
            .unwrap()
            .admits(&index, &meaning)
            .unwrap();
        assert_eq!(found, expected, "{constraint}");
    }
}

#[test]
fn a_closure_table_takes_expressions_in_any_order() {
    let terminology = terminology();
    let fine = format!("{DISORDER}:{{{SEAT}={SAILBONE},{WAY}={RED_RUST}}}");
    let same = format!("{DISORDER}:{{{WAY}={RUST},{SEAT}={SAILBONE}}}");
    let codes = [fine.as_str(), OF_SAILBONE, same.as_str(), SAILBONE_RUST];
    let grown = |order: [usize; 4]| {
        let mut table = ClosureTable::default();
        let mut all = BTreeSet::new();
        for place in order {
            let new = table.grow(&terminology, &[Coding::new(SNOMED, codes[place])]).unwrap();
            all.extend(new.into_iter().map(|related| match related.relation {
                ClosureRelation::Narrower => (related.source, related.target),
                ClosureRelation::Equivalent => {
                    let mut pair = [related.source, related.target];
                    pair.sort();
                    let [one, other] = pair;
                    (format!("same {one}"), other)
                }
            }));
        }
        all
    };
    let first = grown([0, 1, 2, 3]);
    let narrower = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let expected = BTreeSet::from([
        narrower(&fine, OF_SAILBONE),
        narrower(&fine, &same),
        narrower(&fine, SAILBONE_RUST),
        narrower(&same, OF_SAILBONE),
        narrower(SAILBONE_RUST, OF_SAILBONE),
        (format!("same {SAILBONE_RUST}"), same.clone()),
    ]);
    assert_eq!(first, expected);
    for order in [[3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        assert_eq!(grown(order), first);
    }
}

//! Evaluation over an index is what the specification says, concept by concept.

use super::world::{Dice, worlds};
use super::{naive, random};
use crate::ecl::{Constraint, Kind, Limits, Syntax, print};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet};

fn codes(index: &CodeSystemIndex, set: &ConceptSet) -> BTreeSet<String> {
    set.iter().map(|concept| index.code(Ordinal(concept)).to_owned()).collect()
}

fn agrees(seed: u64) {
    let worlds = worlds();
    let mut dice = Dice(seed | 1);
    let (world, index) = &worlds[dice.roll(worlds.len())];
    let depth = dice.roll(4);
    let expression = random::constraint(world, &mut dice, depth);
    let brief = print(&expression, Syntax::Brief);
    let long = print(&expression, Syntax::Long);
    let limits = Limits::default();
    let constraint = Constraint::parse(&brief, &limits).unwrap_or_else(|error| panic!("{brief}\n{error}"));
    assert_eq!(*constraint.expression(), expression, "{brief}");
    let again = Constraint::parse(&long, &limits).unwrap_or_else(|error| panic!("{long}\n{error}"));
    assert_eq!(*again.expression(), expression, "{long}");
    match (naive::evaluate(world, &expression), constraint.evaluate(index)) {
        (Some(expected), Ok(answer)) => {
            let found = codes(index, &answer.concepts);
            let explained = constraint.explain(index).unwrap();
            assert_eq!(explained.concepts, answer.concepts, "{brief}");
            assert_eq!(found, expected, "{brief}\n{}", explained.plan.unwrap());
        }
        (None, Err(_)) => {}
        (expected, answer) => panic!("{brief}\nexpected {expected:?}\nfound {answer:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn evaluation_equals_the_specification(seed in any::<u64>()) {
        agrees(seed);
    }
}

#[test]
fn time_is_bounded() {
    let (_, index) = &worlds()[0];
    let limits = Limits {
        time: Duration::ZERO,
        ..Limits::default()
    };
    let many = format!("(* : * = *) {}", "OR (* : * = (* : [2..3] * = *)) ".repeat(300));
    let error = Constraint::parse(&many, &limits).unwrap().evaluate(index).unwrap_err();
    assert_eq!(error.kind, Kind::Limit, "{error}");
    assert!(error.message.contains("raise the limit"), "{error}");
}

#[test]
fn a_plan_has_the_parts_with_their_sizes() {
    let (world, index) = &worlds()[0];
    let text = format!("* : {} = *, [1..3] * = *", world.attributes[0]);
    let answer = Constraint::parse(&text, &Limits::default()).unwrap().explain(index).unwrap();
    let plan = answer.plan.unwrap();
    assert_eq!(plan.steps[0].size, answer.concepts.len());
    assert!(
        plan.steps
            .iter()
            .any(|step| step.how.contains("postings") || step.how.contains("rows")),
        "{plan}"
    );
    assert!(plan.to_string().lines().count() >= 3, "{plan}");
}

#[test]
fn what_is_not_known_is_an_error_with_a_place() {
    let (world, index) = &worlds()[0];
    for (text, part, column) in [
        ("<< 1234567890", "1234567890 is not known", 4),
        ("* : 1234567890 = *", "not known", 5),
        ("NOPE#1", "no alternate identifier", 1),
        ("* {{ M mapTarget = \"a\" }}", "put ^ before", 1),
        ("* {{ D dialect = xx-yy }}", "no alias of a dialect", 1),
    ] {
        let error = Constraint::parse(text, &Limits::default())
            .unwrap()
            .evaluate(index)
            .unwrap_err();
        assert!(error.message.contains(part), "{text}: {error}");
        assert_eq!(error.column, column, "{text}: {error}");
    }
    let refset = &world.refsets[0];
    for (text, part) in [
        (format!("^ [nothing] {refset}"), "has a field nothing"),
        (format!("^ {refset} {{{{ M nothing = #1 }}}}"), "has a field nothing"),
        (format!("^ [mapTarget] {refset}"), "no concepts of the edition"),
        (format!("^ [*] {refset}"), "several fields"),
    ] {
        let error = Constraint::parse(&text, &Limits::default())
            .unwrap()
            .evaluate(index)
            .unwrap_err();
        assert!(error.message.contains(part), "{text}: {error}");
    }
}

#[test]
fn fields_are_shown_as_rows() {
    let (world, index) = &worlds()[0];
    let refset = &world.refsets[0];
    let rows = |text: String| Constraint::parse(&text, &Limits::default()).unwrap().rows(index).unwrap();
    let all = rows(format!("^ [*] {refset}")).unwrap();
    assert_eq!(all.fields, ["referencedComponentId", "mapGroup", "mapPriority", "mapTarget"]);
    let listed = world
        .members
        .iter()
        .filter(|member| member.refset == *refset && member.active);
    let expected: Vec<Vec<String>> = listed
        .map(|member| {
            vec![
                member.component.clone(),
                member.number.unwrap().to_string(),
                (3 - member.number.unwrap()).to_string(),
                member.text.clone().unwrap(),
            ]
        })
        .collect();
    assert_eq!(all.rows, expected);
    let one = rows(format!("^ [mapTarget] {refset} {{{{ M mapGroup >= #2, active = * }}}}")).unwrap();
    let listed = world
        .members
        .iter()
        .filter(|member| member.refset == *refset && member.number.unwrap() >= 2);
    assert_eq!(one.rows.len(), listed.count());
    assert_eq!(rows(format!("< {refset}")), None);
}

#[test]
fn doubts_are_warnings() {
    let (world, index) = &worlds()[0];
    let retired = world.ordinary.iter().find(|code| !world.concepts[*code].active).unwrap();
    let answer = Constraint::parse(&format!("{retired} |no such term|"), &Limits::default())
        .unwrap()
        .evaluate(index)
        .unwrap();
    assert_eq!(codes(index, &answer.concepts), BTreeSet::from([retired.clone()]));
    let said: Vec<&str> = answer.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(said.iter().any(|text| text.contains("no longer in use")), "{said:?}");
    assert!(said.iter().any(|text| text.contains("no term")), "{said:?}");
}

//! Evaluation over an index is what the specification says, concept by concept.

use super::world::worlds;
use super::{naive, random};
use crate::ecl::evaluate::Costs;
use crate::ecl::{Constraint, Kind, Limits, Syntax, print};
use crate::testing::Dice;
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
            for costs in Costs::extremes() {
                let other = constraint.explain_at(index, costs).unwrap();
                let ways = other.plan.unwrap();
                assert_eq!(codes(index, &other.concepts), expected, "{brief} at {costs:?}\n{ways}");
                assert_eq!(other.warnings, answer.warnings, "{brief} at {costs:?}");
            }
        }
        (None, Err(_)) => {}
        (expected, answer) => panic!("{brief}\nexpected {expected:?}\nfound {answer:?}"),
    }
}

/// Cases of the comparison; more by `PROPTEST_CASES`.
const CASES: u32 = 2_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(CASES), ..ProptestConfig::default() })]
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

/// A constraint with letters left out, put in, doubled or moved: nearly one, which is where a reader is weak.
fn damaged(seed: u64) {
    const SIGNS: [&str; 24] = [
        "<",
        "<<",
        ">!",
        "^",
        "^R",
        "(",
        ")",
        "{",
        "}",
        "{{",
        "}}",
        ":",
        ",",
        "=",
        "!=",
        "*",
        "|",
        "\"",
        "#",
        "[0..*]",
        " OR ",
        " R ",
        "é",
        "+ HISTORY",
    ];
    let worlds = worlds();
    let mut dice = Dice(seed | 1);
    let (world, index) = &worlds[dice.roll(worlds.len())];
    let depth = dice.roll(4);
    let mut text: Vec<char> = print(&random::constraint(world, &mut dice, depth), Syntax::Brief)
        .chars()
        .collect();
    for _ in 0..=dice.roll(4) {
        let (a, b) = (dice.roll(text.len() + 1), dice.roll(text.len() + 1));
        let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 12));
        match dice.roll(4) {
            0 => drop(text.drain(start..end)),
            1 => drop(text.splice(start..start, dice.pick(&SIGNS).chars())),
            2 => {
                let part = text[start..end].to_vec();
                text.splice(start..start, part);
            }
            _ => {
                let part: Vec<char> = text.drain(start..end).collect();
                let place = dice.roll(text.len() + 1);
                text.splice(place..place, part);
            }
        }
    }
    let text: String = text.into_iter().collect();
    let limits = Limits {
        work: 20_000_000,
        ..Limits::default()
    };
    match Constraint::parse(&text, &limits) {
        Err(error) => assert!(error.position <= text.len(), "{text}"),
        Ok(constraint) => {
            for syntax in [Syntax::Brief, Syntax::Long] {
                let printed = print(constraint.expression(), syntax);
                let again = Constraint::parse(&printed, &limits).unwrap_or_else(|error| panic!("{text}\n{error}"));
                assert_eq!(again.expression(), constraint.expression(), "{text}");
            }
            let found = constraint.explain(index).map(|answer| answer.concepts);
            let other = constraint
                .explain_at(index, Costs::extremes()[dice.roll(4)])
                .map(|answer| answer.concepts);
            assert_eq!(found.ok(), other.ok(), "{text}");
            let _ = constraint.rows(index);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(CASES), ..ProptestConfig::default() })]
    #[test]
    fn damaged_constraints_are_answered(seed in any::<u64>()) {
        damaged(seed);
    }
}

fn evaluated(text: &str, limits: &Limits) -> Result<crate::ecl::Answer, crate::ecl::EclError> {
    let (_, index) = &worlds()[0];
    Constraint::parse(text, limits)?.evaluate(index)
}

#[test]
fn work_is_bounded_the_same_on_any_machine() {
    let limits = Limits {
        work: 2_000,
        ..Limits::default()
    };
    let cross = "* : (* = (* : * = *), { * = *, * != (* : [2..*] * = *) }) OR [3..*] R * = *";
    let many = format!("({cross}) {}", format!("OR ({cross}) ").repeat(100));
    let error = evaluated(&many, &limits).unwrap_err();
    assert_eq!(error.kind, Kind::Limit, "{error}");
    assert!(error.message.contains("more than 2000 steps"), "{error}");
    assert!(evaluated(&many, &Limits::default()).is_ok());
}

#[test]
fn memory_is_bounded() {
    let limits = Limits {
        memory: 10_000,
        ..Limits::default()
    };
    // Values that are kept all at once.
    let values = format!("* : {}", vec!["* = < *"; 2_000].join(", "));
    let error = evaluated(&values, &limits).unwrap_err();
    assert_eq!(error.kind, Kind::Limit, "{error}");
    assert!(error.message.contains("bytes for sets"), "{error}");
    // The same one after the other.
    assert!(evaluated(&vec!["(* : * = < *)"; 2_000].join(" OR "), &limits).is_ok());
    // Words that are looked up for one pair of braces, and the same for one pair after the other.
    let looked_up = |text: String| {
        let constraint = Constraint::parse(&text, &limits).unwrap();
        constraint.explain_at(&worlds()[0].1, Costs::extremes()[0])
    };
    let error = looked_up(format!("* {{{{ D {} }}}}", vec!["term != \"zz\""; 2_000].join(", "))).unwrap_err();
    assert!(error.message.contains("bytes for sets"), "{error}");
    assert!(looked_up(format!("* {}", vec!["{{ D term != \"zz\" }}"; 2_000].join(" "))).is_ok());
}

#[test]
fn hostile_constraints_end() {
    let limits = Limits {
        time: Duration::from_secs(20),
        ..Limits::default()
    };
    let start = std::time::Instant::now();
    let texts = [
        // Operands by the thousand, wildcards in all of them.
        vec!["<< *"; 20_000].join(" OR "),
        vec!["(* : * = *)"; 5_000].join(" AND "),
        // A cross product of wildcards, level by level.
        (0..40).fold("*".to_owned(), |inner, _| format!("(* : {{ * = {inner} }})")),
        format!("* : {}", vec!["{ [0..0] * != (* : R * = *) }"; 200].join(" OR ")),
        // Terms by the thousand, patterns of nothing but stars.
        format!("* {{{{ D term = ({}) }}}}", vec!["wild:\"*a*b*c*d*\""; 2_000].join(" ")),
        format!("* {{{{ D term = wild:\"{}\" }}}}", "*a".repeat(5_000)),
        format!("* {}", vec!["{{ D typeId = *, dialectId = * }}"; 500].join(" ")),
        format!("^ * {}", vec!["{{ M moduleId = * }}"; 500].join(" ")),
        vec!["(* . *)"; 500].join(" OR "),
    ];
    for text in texts {
        match evaluated(&text, &limits) {
            Ok(_) => {}
            Err(error) => assert!(matches!(error.kind, Kind::Limit | Kind::Meaning), "{error}"),
        }
    }
    assert!(start.elapsed() < Duration::from_secs(200), "{:?}", start.elapsed());
    let long = "1".repeat(10 << 20);
    assert_eq!(evaluated(&long, &limits).unwrap_err().kind, Kind::Limit);
}

#[test]
fn parts_joined_by_and_are_found_within_each_other() {
    let (world, index) = &worlds()[0];
    let concept = world.ordinary.iter().find(|code| world.concepts[*code].active).unwrap();
    let text = format!("(* : * = *) AND {concept}");
    let answer = Constraint::parse(&text, &Limits::default()).unwrap().explain(index).unwrap();
    let plan = answer.plan.unwrap();
    assert_eq!(plan.steps[1].part, *concept, "the smaller part comes first\n{plan}");
    assert!(plan.steps[2].how.contains("among 1"), "{plan}");
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
        ("* {{ D dialect = xx-yy }}", "no alias of a dialect", 18),
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
    assert_eq!(rows(format!("(( ^ [*] {refset} ))")).unwrap().rows, all.rows);
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
    let answer = Constraint::parse(&format!("^ {retired}"), &Limits::default())
        .unwrap()
        .evaluate(index)
        .unwrap();
    let said: Vec<&str> = answer.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(
        said.iter().any(|text| text.contains("no reference set with members")),
        "{said:?}"
    );
}

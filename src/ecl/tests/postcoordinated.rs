//! Expressions against constraints: what a concept is, an expression that says the same is too.

use super::random;
use super::world::{Concept, Row, Value, World, worlds};
use crate::ecl::ast::Expression;
use crate::ecl::expression::Expression as Postcoordinated;
use crate::ecl::meaning::Meaning;
use crate::ecl::{Constraint, Limits, Syntax, print};
use crate::testing::Dice;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use tern_index::read::CodeSystemIndex;

fn meaning(index: &CodeSystemIndex, text: &str) -> Meaning {
    let expression = Postcoordinated::parse(text, &Limits::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    Meaning::of(index, &expression).unwrap_or_else(|fault| panic!("{text}: {}", fault.message))
}

/// An expression that states the parents and groups of a concept.
fn stated(concept: &Concept) -> String {
    let shown = |row: &Row| {
        let value = match &row.value {
            Value::Concept(code) => code.clone(),
            Value::Number(number) => format!("#{number}"),
            Value::Text(text) => format!("\"{text}\""),
            Value::Boolean(value) => value.to_string(),
        };
        format!("{}={value}", row.attribute)
    };
    let parents: Vec<&str> = concept.parents.iter().map(String::as_str).collect();
    let mut parts: Vec<String> = concept.rows.iter().filter(|row| row.group == 0).map(shown).collect();
    let numbers: BTreeSet<u16> = concept.rows.iter().map(|row| row.group).filter(|group| *group > 0).collect();
    for group in numbers {
        let own: Vec<String> = concept.rows.iter().filter(|row| row.group == group).map(shown).collect();
        if !own.is_empty() {
            parts.push(format!("{{{}}}", own.join(",")));
        }
    }
    let refinement = if parts.is_empty() {
        String::new()
    } else {
        format!(":{}", parts.join(","))
    };
    format!("{}{refinement}", parents.join("+"))
}

#[test]
fn a_concept_lies_below_what_states_its_definition() {
    for (world, index) in worlds() {
        for code in &world.ordinary {
            let concept = &world.concepts[code];
            if !concept.active {
                continue;
            }
            let own = index.find(code).unwrap();
            let meaning = meaning(index, &stated(concept));
            assert!(meaning.subsumes(index, own).unwrap(), "{code} {}", stated(concept));
            // A defined concept is no more than what defines it.
            let says_something = !concept.rows.is_empty() || concept.parents.len() > 1;
            let known = concept.defined && says_something;
            assert_eq!(meaning.subsumers.contains(own.0), known, "{code} {}", stated(concept));
        }
    }
}

/// Editions in which nothing is defined: those of the tests are not classified, so that a definition could put a
/// concept where its parents do not.
fn primitive_worlds() -> &'static [(World, CodeSystemIndex)] {
    static WORLDS: OnceLock<Vec<(World, CodeSystemIndex)>> = OnceLock::new();
    WORLDS.get_or_init(|| {
        let made = (1..=4).map(|seed| {
            let mut world = World::new(seed);
            world.concepts.values_mut().for_each(|concept| concept.defined = false);
            let index = world.index();
            (world, index)
        });
        made.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    /// A concept by itself, written as an expression, is in the set exactly where the concept is, as far as constraints
    /// speak of hierarchy and attributes alone.
    #[test]
    fn a_plain_concept_is_judged_as_in_the_set(seed in any::<u64>()) {
        let worlds = primitive_worlds();
        let mut dice = Dice(seed | 1);
        let (world, index) = &worlds[dice.roll(worlds.len())];
        let expression = random::constraint(world, &mut dice, 2);
        let text = print(&expression, Syntax::Brief);
        // What the release says of its concepts, and counts that redundant rows change, it does not say of expressions.
        let facts = ["{{", "^", "!", ".", "[", "R ", "#", "116680003"];
        if facts.iter().any(|fact| text.contains(fact)) || matches!(expression, Expression::Dotted { .. }) {
            return Ok(());
        }
        let constraint = Constraint::parse(&text, &Limits::default()).unwrap();
        let set = constraint.evaluate(index).unwrap().concepts;
        for code in &world.ordinary {
            let concept = index.find(code).unwrap();
            if !index.is_active(concept) {
                continue;
            }
            let admitted = constraint.admits(index, &meaning(index, code)).unwrap();
            prop_assert_eq!(admitted, set.contains(concept.0), "{} {}", text, code);
        }
    }
}

#[test]
fn an_expression_is_below_its_focus_and_has_its_attributes() {
    let (world, index) = &worlds()[0];
    let with_target = |code: &&String| {
        let concept = &world.concepts[*code];
        concept.active && concept.rows.is_empty()
    };
    let focus = world.ordinary.iter().find(with_target).unwrap();
    let value = world
        .ordinary
        .iter()
        .find(|code| world.concepts[*code].active && *code != focus)
        .unwrap();
    let name = &world.attributes[2];
    let text = format!("{focus} |any| : {{ {name} = {value} }}");
    let meaning = meaning(index, &text);
    for (constraint, expected) in [
        (format!("< {focus}"), true),
        (format!("<< {focus}"), true),
        (format!("<! {focus}"), false),
        (format!("<<! {focus}"), false),
        (focus.clone(), false),
        (format!("> {focus}"), false),
        ("*".to_owned(), true),
        (format!("* MINUS << {focus}"), false),
        (format!("^ {}", world.refsets[0]), false),
        (format!("* : {name} = << {value}"), true),
        (format!("* : {{ {name} = {value} }}"), true),
        (format!("* : [2..*] {name} = *"), false),
        (format!("* : [0..0] {name} = *"), false),
        (format!("* : {name} != {value}"), false),
        (format!("<< {focus} {{{{ C definitionStatus = defined }}}}"), true),
        (format!("<< {focus} {{{{ D term = \"a\" }}}}"), false),
    ] {
        let admitted = Constraint::parse(&constraint, &Limits::default())
            .unwrap()
            .admits(index, &meaning)
            .unwrap();
        assert_eq!(admitted, expected, "{text} against {constraint}");
    }
}

#[test]
fn what_is_not_known_or_out_of_place_is_named() {
    let (world, index) = &worlds()[0];
    let (focus, name) = (&world.ordinary[0], &world.attributes[0]);
    for (text, part) in [
        (format!("{focus}:{name}=1234567890"), "Concept 1234567890 not found"),
        (format!("{focus}:{focus}={name}"), "is not valid in this context"),
    ] {
        let expression = Postcoordinated::parse(&text, &Limits::default()).unwrap();
        let fault = Meaning::of(index, &expression).unwrap_err();
        assert!(fault.message.contains(part), "{text}: {}", fault.message);
    }
}

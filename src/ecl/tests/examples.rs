//! The examples of the specification: each is read, written in both syntaxes and read again, and evaluated over editions made
//! of its identifiers; what the specification calls invalid is refused, and so are its misprints.

use super::world::{
    ATTRIBUTES, CORE, DEFINED, DEFINITION, GB, HISTORICAL, IS_A, MODEL, NAME, PRIMITIVE, REPLACED_BY, ROOT, SAME_AS, SYNONYM, US,
    World,
};
use super::{naive, world};
use crate::ecl::{Constraint, EclError, Kind, Limits, Syntax, print};
use std::collections::BTreeSet;
use tern_index::model::Ordinal;

const EXAMPLES: &str = include_str!("examples.txt");

/// Identifiers that the examples use as attributes; any other is an ordinary concept, if nothing below says what it is.
const NAMES: [&str; 22] = [
    "116676008",
    "127489000",
    "179999999100",
    "189999999103",
    "199999999101",
    "246075003",
    "255234002",
    "260686004",
    "3460481009",
    "363698007",
    "363701004",
    "363704007",
    "370135005",
    "405813007",
    "405815000",
    "411116001",
    "42752001",
    "424226004",
    "47429007",
    "732945000",
    "859999999102",
    "1142135004",
];
const REFERENCE_SETS: [&str; 17] = [
    "447562003",
    "450973005",
    "450984003",
    "450985002",
    "450986001",
    "450988000",
    "450989008",
    "450990004",
    "450991000",
    "450992007",
    "700043003",
    "723264001",
    "816080008",
    "816210007",
    "991411000000109",
    "900000000000534007",
    "32570271000036106",
];
const ASSOCIATIONS: [&str; 3] = ["734138000", "900000000000528000", "1186924009"];
const MADE_ANYWAY: [&str; 16] = [
    ROOT,
    ATTRIBUTES,
    IS_A,
    CORE,
    MODEL,
    PRIMITIVE,
    DEFINED,
    SYNONYM,
    NAME,
    DEFINITION,
    GB,
    US,
    HISTORICAL,
    SAME_AS,
    REPLACED_BY,
    "900000000000523009",
];

fn examples() -> Vec<(&'static str, &'static str)> {
    let lines = EXAMPLES.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once('\t').expect(line)).collect()
}

/// Runs of digits that are identifiers; not those in quotes, nor of descriptions.
fn identifiers(text: &str) -> BTreeSet<String> {
    let bare: String = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let bare = bare.split(" id =").next().unwrap_or("").to_owned();
    bare.split(|character: char| !character.is_ascii_digit())
        .filter(|digits| digits.len() >= 6)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_example_is_read_and_written_and_read_again() {
    for (section, text) in examples() {
        let limits = Limits::default();
        let read = Constraint::parse(text, &limits).unwrap_or_else(|error| panic!("{section}: {text}\n{error}"));
        for syntax in [Syntax::Brief, Syntax::Long] {
            let printed = print(read.expression(), syntax);
            let again = Constraint::parse(&printed, &limits).unwrap_or_else(|error| panic!("{section}: {printed}\n{error}"));
            assert_eq!(again.expression(), read.expression(), "{section}: {text} -> {printed}");
        }
    }
}

/// An edition made of the identifiers of some examples, over which they are evaluated; how many found something.
fn found_something(examples: &[(&str, &str)]) -> usize {
    let mentioned: BTreeSet<String> = examples.iter().flat_map(|(_, text)| identifiers(text)).collect();
    let of = |codes: &[&str]| -> Vec<String> {
        let found = mentioned.iter().filter(|code| codes.contains(&code.as_str()));
        found.cloned().collect()
    };
    let elsewhere = [&NAMES[..], &REFERENCE_SETS, &ASSOCIATIONS, &MADE_ANYWAY].concat();
    let ordinary: Vec<String> = mentioned
        .iter()
        .filter(|code| !elsewhere.contains(&code.as_str()))
        .cloned()
        .collect();
    let (attributes, refsets, associations) = (of(&NAMES), of(&REFERENCE_SETS), of(&ASSOCIATIONS));
    let given = world::Given {
        attributes: &attributes,
        ordinary: &ordinary,
        refsets: &refsets,
        associations: &associations,
        alternate: Some(("LOINC", "54486-6")),
    };
    let world = World::with(1, given);
    let index = world.index();
    let mut finding = 0;
    for (section, text) in examples {
        let read = |error| -> EclError { panic!("{section}: {text}\n{error}") };
        let constraint = Constraint::parse(text, &Limits::default()).map_err(read).unwrap();
        let rows = constraint.rows(&index).map_err(read).unwrap();
        if let Some(rows) = rows.filter(|rows| rows.fields.len() > 1) {
            // Several fields are rows, not concepts; the naive evaluation has none.
            finding += usize::from(!rows.rows.is_empty());
            continue;
        }
        let answer = constraint.evaluate(&index).map_err(read).unwrap();
        let found = answer.concepts.iter().map(|concept| index.code(Ordinal(concept)).to_owned());
        let found: BTreeSet<String> = found.collect();
        let expected = naive::evaluate(&world, constraint.expression());
        assert_eq!(Some(&found), expected.as_ref(), "{section}: {text}");
        finding += usize::from(!found.is_empty());
    }
    finding
}

#[test]
fn every_example_is_evaluated_as_the_specification_says() {
    let examples = examples();
    // Small editions, since the naive evaluation takes time with the cube of their size.
    let something: usize = examples.chunks(12).map(found_something).sum();
    // By chance an edition leaves some empty; were it most, the test would show little.
    assert!(
        something * 2 > examples.len(),
        "{something} of {} found something",
        examples.len()
    );
}

#[test]
fn what_the_specification_calls_invalid_is_refused() {
    for (text, column, part) in [
        ("< 19829001 AND < 301867009 OR ^ 700043003", 28, "do not mix"),
        (
            "< 404684003 : 363698007 = << 39057004 AND 116676008 = << 415582006 OR 42752001 = << 445238008",
            68,
            "do not mix",
        ),
        ("<< 19829001 MINUS << 301867009 MINUS ^ 700043003", 32, "do not mix"),
        ("<< 19829001 AND << 301867009 MINUS ^ 700043003", 30, "do not mix"),
        ("^ < 450973005", 3, "one operator at a time"),
        // A refinement as a value needs brackets.
        (
            "< 404684003 : 47429007 = < 404684003 : 116676008 = << 55641003",
            38,
            "the end",
        ),
        // Brackets are missing in the examples of effective times, ends of ranges in one of cardinalities.
        (
            "< 125605004 {{ C effectiveTime = (\"20190131\" \"20190731\" }}",
            57,
            "a date in double quotes",
        ),
        ("< 373873005 : [1..] { 127489000 = < 105590001 }", 19, "a number of times"),
        ("404684003 |a term : 404684003 |another|", 32, "expected"),
        ("404684003 : 404684003", 22, "a comparison"),
    ] {
        let error = Constraint::parse(text, &Limits::default()).unwrap_err();
        assert_eq!(error.kind, Kind::Syntax, "{text}: {error}");
        assert_eq!(error.column, column, "{text}\n{error}");
        assert!(error.message.contains(part), "{text}\n{error}");
    }
}

#[test]
fn the_guide_says_how_many_there_are() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ecl.md")).unwrap();
    let said = format!("{} examples", examples().len());
    assert!(guide.contains(&said), "docs/ecl.md does not say \"{said}\"");
}

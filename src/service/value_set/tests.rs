//! Every operator, imports, cycles, versions, pages; and that fast filters say what a naive reading says.

use super::filter::{Place, evaluate};
use crate::service::code_system::View;
use crate::service::testing::{ANIMALS, ANIMALS_2, codes, expanded, terminology, value_set};
use crate::service::{FailureKind, Parameters, Resource};
use proptest::prelude::*;
use std::collections::BTreeSet;
use tern_index::model::{Canonical, Ordinal};
use tern_index::value_set::Filter;

fn flat() -> Parameters {
    Parameters {
        exclude_nested: Some(true),
        ..Parameters::default()
    }
}

fn filtered(property: &str, op: &str, value: &str) -> String {
    let compose = format!(
        r#"{{"include": [{{"system": "http://example.org/animals", "filter": [{{"property": "{property}", "op": "{op}", "value": "{value}"}}]}}]}}"#
    );
    let terminology = terminology(&[ANIMALS, &value_set("v", &compose)]);
    match expanded(&terminology, "v", flat()) {
        Ok(expansion) => codes(&expansion.contains),
        Err(failure) => format!("{:?}", failure.kind),
    }
}

#[test]
fn every_operator_finds_its_concepts() {
    for (property, op, value, expected) in [
        ("concept", "=", "bird", "bird"),
        ("concept", "is-a", "bird", "bird eagle dodo"),
        ("concept", "descendent-of", "bird", "eagle dodo"),
        ("concept", "is-not-a", "bird", "animal fish cat unicorn"),
        ("concept", "child-of", "animal", "bird fish cat"),
        ("concept", "descendent-leaf", "animal", "eagle dodo fish cat"),
        ("concept", "generalizes", "eagle", "animal bird eagle"),
        ("concept", "in", "cat, fish,nothing", "fish cat"),
        ("concept", "not-in", "cat,fish", "animal bird eagle dodo unicorn"),
        ("code", "regex", "[a-d].*", "animal bird dodo cat"),
        ("code", "regex", "at", ""),
        ("concept", "is-a", "nothing", ""),
        ("display", "regex", "F.*", "fish"),
        ("display", "=", "Cat", "cat"),
        ("parent", "=", "bird", "eagle dodo"),
        ("parent", "exists", "false", "animal unicorn"),
        ("child", "=", "eagle", "bird"),
        ("child", "exists", "true", "animal bird"),
        ("ancestor", "=", "animal", "bird eagle dodo fish cat"),
        ("descendant", "=", "dodo", "animal bird"),
        ("legs", "=", "2", "bird eagle dodo"),
        ("legs", "in", "4,5", "cat"),
        ("legs", "not-in", "2", "animal fish cat unicorn"),
        ("legs", "exists", "true", "bird eagle dodo cat"),
        ("legs", "exists", "false", "animal fish unicorn"),
        ("legs", "regex", "[3-9]", "cat"),
        ("eats", "=", "fish", "eagle cat"),
        ("eats", "=", "Fish", "eagle cat"),
        ("eats", "is-a", "animal", "eagle cat"),
        ("notSelectable", "=", "true", "animal"),
        ("notSelectable", "=", "TRUE", ""),
        ("inactive", "=", "true", "dodo"),
        ("status", "=", "retired", "dodo"),
        ("legs", "is-bigger-than", "2", "NotSupported"),
        ("wings", "=", "2", "NotSupported"),
        ("concept", "is-a", "", "Invalid"),
        ("code", "regex", "[", "Invalid"),
        ("code", "regex", "(a{1000}){1000}", "Invalid"),
    ] {
        assert_eq!(filtered(property, op, value), expected, "{property} {op} {value}");
    }
}

#[test]
fn relations_of_rxnorm_are_asked_for_by_their_own_spelling() {
    let system = r#"{"resourceType": "CodeSystem", "url": "http://www.nlm.nih.gov/research/umls/rxnorm", "status": "active", "content": "fragment",
        "property": [{"code": "has_ingredient", "type": "code"}],
        "concept": [{"code": "1", "display": "zorvin"},
          {"code": "2", "display": "zorvin Pill", "property": [{"code": "has_ingredient", "valueCode": "1"}]}]}"#;
    for value in ["CUI:1", "1"] {
        let compose = format!(
            r#"{{"include": [{{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "filter": [{{"property": "has_ingredient", "op": "=", "value": "{value}"}}]}}]}}"#
        );
        let terminology = terminology(&[system, &value_set("v", &compose)]);
        assert_eq!(codes(&expanded(&terminology, "v", flat()).unwrap().contains), "2", "{value}");
    }
}

#[test]
fn properties_of_supplements_can_be_asked_for() {
    let supplement = r#"{"resourceType": "CodeSystem", "url": "http://example.org/colours", "version": "1", "status": "active",
        "content": "supplement", "supplements": "http://example.org/animals",
        "property": [{"code": "colour", "type": "code"}, {"code": "legs", "type": "integer"}],
        "concept": [{"code": "cat", "property": [{"code": "colour", "valueCode": "black"}]},
          {"code": "eagle", "property": [{"code": "colour", "valueCode": "brown"}]},
          {"code": "fish", "property": [{"code": "legs", "valueInteger": 0}]}]}"#;
    for (property, op, value, expected) in [
        ("colour", "=", "black", "cat"),
        ("colour", "in", "black,brown", "eagle cat"),
        ("colour", "not-in", "black", "animal bird eagle dodo fish unicorn"),
        ("colour", "exists", "false", "animal bird dodo fish unicorn"),
        ("colour", "regex", "b.*", "eagle cat"),
        ("legs", "in", "0,4", "fish cat"),
        ("legs", "exists", "true", "bird eagle dodo fish cat"),
    ] {
        let compose = format!(
            r#"{{"include": [{{"system": "http://example.org/animals", "filter": [{{"property": "{property}", "op": "{op}", "value": "{value}"}}]}}]}}"#
        );
        let terminology = terminology(&[ANIMALS, supplement, &value_set("v", &compose)]);
        let with = Parameters {
            use_supplements: vec![Canonical::parse("http://example.org/colours")],
            ..flat()
        };
        let expansion = expanded(&terminology, "v", with).unwrap();
        assert_eq!(codes(&expansion.contains), expected, "{property} {op} {value}");
    }
}

#[test]
fn hierarchy_is_shown_where_nothing_asks_for_a_list() {
    let all = value_set("all", r#"{"include": [{"system": "http://example.org/animals"}]}"#);
    let enumerated = value_set(
        "some",
        r#"{"include": [{"system": "http://example.org/animals", "concept": [{"code": "eagle"}, {"code": "nothing"}, {"code": "bird"}]}]}"#,
    );
    let terminology = terminology(&[ANIMALS, &all, &enumerated]);
    let nested = expanded(&terminology, "all", Parameters::default()).unwrap();
    assert_eq!(codes(&nested.contains), "animal[bird[eagle dodo] fish cat] unicorn");
    assert_eq!(nested.total, Some(7));
    let active = Parameters {
        active_only: Some(true),
        ..Parameters::default()
    };
    assert_eq!(
        codes(&expanded(&terminology, "all", active).unwrap().contains),
        "animal[bird[eagle] fish cat] unicorn"
    );
    assert_eq!(
        codes(&expanded(&terminology, "some", Parameters::default()).unwrap().contains),
        "eagle bird"
    );
    // The value set that the code system itself declares.
    assert_eq!(
        codes(&expanded(&terminology, "all-animals", flat()).unwrap().contains),
        "animal bird eagle dodo fish cat unicorn"
    );
}

#[test]
fn pages_join_to_the_whole_at_any_size() {
    let mixed = value_set(
        "mixed",
        r#"{"include": [{"system": "http://example.org/animals", "concept": [{"code": "unicorn"}, {"code": "bird"}]},
                        {"system": "http://example.org/animals", "filter": [{"property": "concept", "op": "is-a", "value": "animal"}]}]}"#,
    );
    let terminology = terminology(&[ANIMALS, &mixed]);
    let whole = codes(&expanded(&terminology, "mixed", flat()).unwrap().contains);
    assert_eq!(whole, "unicorn bird animal eagle dodo fish cat");
    for count in 1..9 {
        let mut pages = Vec::new();
        for offset in (0..8).step_by(count) {
            let parameters = Parameters {
                count: Some(count as u32),
                offset: Some(offset as u32),
                ..Parameters::default()
            };
            let page = expanded(&terminology, "mixed", parameters).unwrap();
            assert_eq!(page.total, Some(7));
            pages.extend(page.contains);
        }
        assert_eq!(codes(&pages), whole, "pages of {count}");
    }
}

#[test]
fn excludes_imports_and_cycles() {
    let resources = [
        ANIMALS.to_owned(),
        value_set(
            "birds",
            r#"{"include": [{"system": "http://example.org/animals", "filter": [{"property": "concept", "op": "is-a", "value": "bird"}]}]}"#,
        ),
        value_set(
            "two-legs",
            r#"{"include": [{"system": "http://example.org/animals", "filter": [{"property": "legs", "op": "=", "value": "2"}]}]}"#,
        ),
        value_set(
            "both",
            r#"{"include": [{"valueSet": ["http://example.org/birds", "http://example.org/two-legs"]}]}"#,
        ),
        value_set(
            "others",
            r#"{"include": [{"system": "http://example.org/animals"}], "exclude": [{"valueSet": ["http://example.org/birds"]}]}"#,
        ),
        value_set(
            "eaters",
            r#"{"include": [{"system": "http://example.org/animals", "filter": [{"property": "eats", "op": "=", "value": "fish"}], "valueSet": ["http://example.org/birds"]}]}"#,
        ),
        value_set("a", r#"{"include": [{"valueSet": ["http://example.org/b"]}]}"#),
        value_set("b", r#"{"include": [{"valueSet": ["http://example.org/a"]}]}"#),
        value_set("lost", r#"{"include": [{"valueSet": ["http://example.org/nowhere"]}]}"#),
        value_set(
            "in-use",
            r#"{"inactive": false, "include": [{"valueSet": ["http://example.org/birds"]}]}"#,
        ),
    ];
    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    let terminology = terminology(&resources);
    let shown = |name: &str| codes(&expanded(&terminology, name, flat()).unwrap().contains);
    assert_eq!(shown("both"), "bird eagle dodo");
    assert_eq!(shown("others"), "animal fish cat unicorn");
    assert_eq!(shown("eaters"), "eagle");
    assert_eq!(shown("in-use"), "bird eagle");
    let circular = expanded(&terminology, "a", flat()).unwrap_err();
    assert_eq!(circular.issues[0].message_id, Some("VALUESET_CIRCULAR_REFERENCE"));
    assert!(
        circular.issues[0].text.contains("http://example.org/b|1"),
        "{}",
        circular.issues[0].text
    );
    assert_eq!(
        expanded(&terminology, "lost", flat()).unwrap_err().kind,
        FailureKind::NotFound
    );
}

#[test]
fn versions_are_chosen_pinned_and_merged() {
    let resources = [
        ANIMALS.to_owned(),
        ANIMALS_2.to_owned(),
        value_set("latest", r#"{"include": [{"system": "http://example.org/animals"}]}"#),
        value_set(
            "first",
            r#"{"include": [{"system": "http://example.org/animals", "version": "1.x.x"}]}"#,
        ),
        value_set(
            "lost",
            r#"{"include": [{"system": "http://example.org/animals", "version": "1"}]}"#,
        ),
        value_set(
            "both",
            r#"{"include": [{"system": "http://example.org/animals", "version": "1.0.0", "concept": [{"code": "cat"}, {"code": "fish"}]},
                                          {"system": "http://example.org/animals", "version": "2.0.0", "concept": [{"code": "fish"}]}]}"#,
        ),
    ];
    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    let terminology = terminology(&resources);
    let shown = |name: &str, parameters: Parameters| {
        let expansion = expanded(&terminology, name, parameters).map_err(|failure| failure.issues[0].message_id);
        expansion.map(|expansion| codes(&expansion.contains))
    };
    assert_eq!(shown("latest", flat()).unwrap(), "animal bird fish axolotl");
    assert_eq!(shown("first", flat()).unwrap(), "animal bird eagle dodo fish cat unicorn");
    assert_eq!(shown("lost", flat()), Err(Some("UNKNOWN_CODESYSTEM_VERSION_EXP")));
    assert_eq!(shown("both", flat()).unwrap(), "fish|2.0.0 cat|1.0.0 fish|1.0.0");
    let with = |list: fn(&mut Parameters) -> &mut Vec<Canonical>, version: &str| {
        let mut parameters = flat();
        list(&mut parameters).push(Canonical::new("http://example.org/animals", Some(version.into())));
        parameters
    };
    let default = with(|p| &mut p.system_versions, "1.0.0");
    assert!(shown("latest", default).unwrap().contains("unicorn"));
    let check = with(|p| &mut p.check_system_versions, "2.x.x");
    assert_eq!(shown("first", check), Err(Some("VALUESET_VERSION_CHECK")));
    let force = with(|p| &mut p.force_system_versions, "2.0.0");
    assert!(shown("first", force).unwrap().contains("axolotl"));
}

#[test]
fn languages_choose_displays() {
    let birds = value_set(
        "birds",
        r#"{"include": [{"system": "http://example.org/animals", "concept": [{"code": "bird"}, {"code": "eagle"}, {"code": "cat", "display": "Puss"}]}]}"#,
    );
    let terminology = terminology(&[ANIMALS, &birds]);
    let displays = |languages: Option<&str>| {
        let parameters = Parameters {
            display_language: languages.map(str::to_owned),
            ..Parameters::default()
        };
        let expansion = expanded(&terminology, "birds", parameters).unwrap();
        let shown = expansion
            .contains
            .into_iter()
            .map(|entry| entry.display.unwrap_or("-".into()));
        shown.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(displays(None), "Bird Eagle Puss");
    assert_eq!(displays(Some("de")), "Vogel Adler Puss");
    assert_eq!(displays(Some("es, de;q=0.5")), "Ave Adler Puss");
    assert_eq!(displays(Some("es, *;q=0")), "Ave - Puss");
}

#[test]
fn a_text_filter_finds_any_term_and_lists_the_best_first() {
    let all = value_set("all", r#"{"include": [{"system": "http://example.org/animals"}]}"#);
    let terminology = terminology(&[ANIMALS, &all]);
    let filtered = |text: &str| {
        let parameters = Parameters {
            filter: Some(text.into()),
            ..Parameters::default()
        };
        codes(&expanded(&terminology, "all", parameters).unwrap().contains)
    };
    assert_eq!(filtered("vog"), "bird");
    assert_eq!(filtered("FISC"), "fish");
    assert_eq!(filtered("zebra"), "");
}

#[test]
fn too_many_codes_are_refused_without_a_page() {
    let all = value_set("all", r#"{"include": [{"system": "http://example.org/animals"}]}"#);
    let terminology = terminology(&[ANIMALS, &all]);
    let mut parameters = Parameters {
        limit: Some(3),
        ..Parameters::default()
    };
    assert_eq!(
        expanded(&terminology, "all", parameters.clone()).unwrap_err().kind,
        FailureKind::TooCostly
    );
    parameters.count = Some(2);
    assert_eq!(
        codes(&expanded(&terminology, "all", parameters).unwrap().contains),
        "animal bird"
    );
}

/// A random code system: parents, property values and names by number.
#[derive(Debug, Clone)]
struct Random {
    parents: Vec<Option<usize>>,
    colours: Vec<Option<u8>>,
}

fn random() -> impl Strategy<Value = Random> {
    let concept = (any::<prop::sample::Index>(), any::<bool>(), proptest::option::of(0u8..4));
    proptest::collection::vec(concept, 1..14).prop_map(|concepts| Random {
        parents: concepts
            .iter()
            .enumerate()
            .map(|(number, (parent, root, _))| (number > 0 && !root).then(|| parent.index(number)))
            .collect(),
        colours: concepts.into_iter().map(|(_, _, colour)| colour).collect(),
    })
}

impl Random {
    fn resource(&self) -> String {
        let concepts: Vec<String> = (0..self.parents.len())
            .map(|number| {
                let mut properties = Vec::new();
                properties.extend(self.parents[number].map(|parent| format!(r#"{{"code": "up", "valueCode": "c{parent}"}}"#)));
                properties
                    .extend(self.colours[number].map(|colour| format!(r#"{{"code": "colour", "valueString": "k{colour}"}}"#)));
                format!(
                    r#"{{"code": "c{number}", "display": "Number {number}", "property": [{}]}}"#,
                    properties.join(",")
                )
            })
            .collect();
        format!(
            r#"{{"resourceType": "CodeSystem", "url": "http://example.org/r", "status": "active", "content": "complete",
                "property": [{{"code": "up", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"}},
                             {{"code": "colour", "type": "string"}}],
                "concept": [{}]}}"#,
            concepts.join(",")
        )
    }

    fn is_below(&self, concept: usize, ancestor: usize) -> bool {
        let mut at = self.parents[concept];
        while let Some(parent) = at {
            if parent == ancestor {
                return true;
            }
            at = self.parents[parent];
        }
        false
    }

    /// What the filter means, read concept by concept.
    fn passes(&self, concept: usize, property: &str, op: &str, target: usize, colour: u8) -> bool {
        let is_leaf = || !self.parents.contains(&Some(concept));
        match (property, op) {
            ("concept", "=") => concept == target,
            ("concept", "is-a") => concept == target || self.is_below(concept, target),
            ("concept", "descendent-of") => self.is_below(concept, target),
            ("concept", "is-not-a") => concept != target && !self.is_below(concept, target),
            ("concept", "child-of") => self.parents[concept] == Some(target),
            ("concept", "descendent-leaf") => self.is_below(concept, target) && is_leaf(),
            ("concept", "generalizes") => concept == target || self.is_below(target, concept),
            ("parent", "=") => self.parents[concept] == Some(target),
            ("ancestor", "=") => self.is_below(concept, target),
            ("colour", "=") => self.colours[concept] == Some(colour),
            ("colour", "not-in") => self.colours[concept] != Some(colour),
            ("colour", "exists") => self.colours[concept].is_some(),
            ("colour", "regex") => self.colours[concept].is_some_and(|own| own >= 2),
            _ => unreachable!(),
        }
    }
}

const QUESTIONS: [(&str, &str); 13] = [
    ("concept", "="),
    ("concept", "is-a"),
    ("concept", "descendent-of"),
    ("concept", "is-not-a"),
    ("concept", "child-of"),
    ("concept", "descendent-leaf"),
    ("concept", "generalizes"),
    ("parent", "="),
    ("ancestor", "="),
    ("colour", "="),
    ("colour", "not-in"),
    ("colour", "exists"),
    ("colour", "regex"),
];

proptest! {
    #[test]
    fn fast_filters_equal_a_naive_reading(system in random(), target in any::<prop::sample::Index>(), colour in 0u8..4) {
        let Resource::CodeSystem(index) = Resource::parse(&system.resource()).unwrap() else {
            unreachable!()
        };
        let target = target.index(system.parents.len());
        let view = View::plain(index);
        for (property, op) in QUESTIONS {
            let value = match (property, op) {
                (_, "exists") => "true".to_owned(),
                (_, "regex") => "k[23]".to_owned(),
                ("colour", _) => format!("k{colour}"),
                _ => format!("c{target}"),
            };
            let filter = Filter { property: property.into(), op: op.into(), value: Some(value) };
            let place = Place { value_set: "v", list: "include", include: 0, filter: 0 };
            let fast: BTreeSet<String> = evaluate(&view, &filter, place, &Default::default())
                .unwrap()
                .iter()
                .map(|concept| view.index.code(Ordinal(concept)).to_owned())
                .collect();
            let naive: BTreeSet<String> = (0..system.parents.len())
                .filter(|concept| system.passes(*concept, property, op, target, colour))
                .map(|concept| format!("c{concept}"))
                .collect();
            prop_assert_eq!(fast, naive, "{} {}", property, op);
        }
    }
}

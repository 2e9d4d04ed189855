//! What definitions settle, what must be evaluated, and that swapping the two swaps the answer.

use super::*;
use crate::service::Resource;
use crate::service::testing::{ANIMALS, ANIMALS_2, terminology};
use std::sync::Arc;

const SYSTEM: &str = "http://example.org/animals";

fn value_set(name: &str, compose: &str) -> ValueSetReference {
    let compose = compose.replace("ANIMALS", SYSTEM);
    match Resource::parse(&crate::service::testing::value_set(name, &compose)).unwrap() {
        Resource::ValueSet(value_set) => ValueSetReference::Inline(Arc::clone(&value_set)),
        other => panic!("{other:?}"),
    }
}

fn ask(this: &str, other: &str, policy: VersionPolicy) -> Comparison {
    let request = CompareRequest {
        this: value_set("a", this),
        other: value_set("b", other),
        policy,
        parameters: Parameters::default(),
    };
    compare(&terminology(&[ANIMALS, ANIMALS_2]), &request).unwrap()
}

const BIRDS: &str = r#"{"include": [{"system": "ANIMALS", "version": "1.0.0", "filter": [{"property": "concept", "op": "is-a", "value": "bird"}]}]}"#;
const BIRDS_2: &str = r#"{"include": [{"system": "ANIMALS", "version": "2.0.0", "filter": [{"property": "concept", "op": "is-a", "value": "bird"}]}]}"#;
const FISH: &str = r#"{"include": [{"system": "ANIMALS", "version": "1.0.0", "filter": [{"property": "concept", "op": "is-a", "value": "fish"}]}]}"#;
const ROOT: &str = r#"{"include": [{"system": "ANIMALS", "version": "1.0.0", "filter": [{"property": "concept", "op": "is-a", "value": "animal"}]}]}"#;
const LISTED_BIRDS: &str = r#"{"include": [{"system": "ANIMALS", "version": "1.0.0", "concept": [{"code": "eagle"}, {"code": "bird"}, {"code": "dodo"}]}]}"#;
const EAGLE_CAT: &str =
    r#"{"include": [{"system": "ANIMALS", "version": "1.0.0", "concept": [{"code": "eagle"}, {"code": "cat"}]}]}"#;
const ALL: &str = r#"{"include": [{"system": "ANIMALS", "version": "1.0.0"}]}"#;
const ALL_2: &str = r#"{"include": [{"system": "ANIMALS", "version": "2.0.0"}]}"#;
const NOT_CAT: &str = r#"{"include": [{"system": "ANIMALS", "version": "1.0.0"}], "exclude": [{"system": "ANIMALS", "version": "1.0.0", "concept": [{"code": "cat"}]}]}"#;
const ELSEWHERE: &str = r#"{"include": [{"system": "http://example.org/nowhere", "concept": [{"code": "x"}]}]}"#;
const ELSEWHERE_FILTERED: &str =
    r#"{"include": [{"system": "http://example.org/nowhere", "filter": [{"property": "concept", "op": "is-a", "value": "x"}]}]}"#;
const NOTHING: &str =
    r#"{"include": [{"system": "ANIMALS", "version": "1.0.0", "filter": [{"property": "legs", "op": "=", "value": "9"}]}]}"#;

fn swapped(relation: Relation) -> Relation {
    match relation {
        Relation::Subset => Relation::Superset,
        Relation::Superset => Relation::Subset,
        other => other,
    }
}

#[test]
fn definitions_settle_what_they_can() {
    use Relation::*;
    for (this, other, relation, expanded) in [
        (BIRDS, BIRDS, Same, false),
        (BIRDS, ROOT, Subset, false),
        (BIRDS, FISH, Disjoint, false),
        (ALL, ALL_2, Same, false),
        (ALL, EAGLE_CAT, Superset, false),
        (EAGLE_CAT, LISTED_BIRDS, Overlapping, false),
        (EAGLE_CAT, ELSEWHERE, Disjoint, false),
        (BIRDS, LISTED_BIRDS, Same, true),
        (BIRDS, EAGLE_CAT, Overlapping, true),
        (NOT_CAT, ALL, Subset, true),
        (BIRDS, BIRDS_2, Superset, true),
        (NOTHING, NOT_CAT, Disjoint, true),
        (BIRDS, ELSEWHERE_FILTERED, Indeterminate, true),
    ] {
        for (one, two, relation) in [(this, other, relation), (other, this, swapped(relation))] {
            let answer = ask(one, two, VersionPolicy::AsNeeded);
            assert_eq!((answer.relation, answer.expanded), (relation, expanded), "{one}\n{two}");
        }
    }
}

#[test]
fn codes_that_decide_are_told() {
    let answer = ask(BIRDS, EAGLE_CAT, VersionPolicy::AsNeeded);
    assert_eq!(answer.codes.common, ["eagle"]);
    assert_eq!(answer.codes.missing, ["bird", "dodo"]);
    assert_eq!(answer.codes.extra, ["cat"]);
    let empty = ask(NOTHING, &NOTHING.replace('9', "8"), VersionPolicy::AsNeeded);
    assert_eq!((empty.relation, empty.expanded), (Relation::Empty, true));
}

#[test]
fn versions_matter_where_the_client_says_so() {
    assert_eq!(ask(ALL, ALL_2, VersionPolicy::Always).relation, Relation::Disjoint);
    assert_eq!(ask(ALL, ALL_2, VersionPolicy::Never).relation, Relation::Same);
    assert_eq!(ask(BIRDS, BIRDS_2, VersionPolicy::Always).relation, Relation::Disjoint);
    assert_eq!(ask(BIRDS, BIRDS_2, VersionPolicy::Never).relation, Relation::Superset);
}

#[test]
fn what_cannot_be_known_is_not_guessed() {
    let answer = ask(BIRDS, ELSEWHERE_FILTERED, VersionPolicy::AsNeeded);
    assert!(
        answer.message.starts_with("Unable to compare http://example.org/a|1"),
        "{}",
        answer.message
    );
    assert!(answer.message.contains("Other expansion failed"), "{}", answer.message);
}

//! Long work stops when it is told to: counted in looks at the word to stop, not by a clock.

use super::expand::{ExpandRequest, ValueSetReference, expand};
use super::find_matches::{FindMatchesRequest, MATCHES, Wanted, find_matches};
use super::resources::ResourceQuery;
use super::{FailureKind, Parameters, Resource, ResourceKind, Terminology};
use crate::ecl::Limits;
use crate::stop::{Stop, Stopped};
use std::sync::LazyLock;
use tern_index::model::PropertyValue;

const CONCEPTS: usize = 20_000;

/// A code system of many concepts.
static LOADED: LazyLock<Terminology> = LazyLock::new(|| {
    let concepts: Vec<String> = (0..CONCEPTS)
        .map(|number| format!(r#"{{"code":"c{number}","display":"Concept {number}"}}"#))
        .collect();
    let text = format!(
        r#"{{"resourceType":"CodeSystem","url":"http://example.org/many","content":"complete","concept":[{}]}}"#,
        concepts.join(",")
    );
    Terminology::of_resources(vec![Resource::parse(&text).unwrap()])
});

/// Those, for a client that goes away after so many looks.
fn left_after(looks: i64) -> (Terminology, Stop) {
    let stop = Stop::after_looks(looks);
    let limits = Limits {
        stop: stop.clone(),
        ..Limits::default()
    };
    (LOADED.limiting_constraints(limits), stop)
}

fn value_set(filter: &str) -> ValueSetReference {
    let text = format!(
        r#"{{"resourceType":"ValueSet","compose":{{"include":[{{"system":"http://example.org/many","filter":[{filter}]}}]}}}}"#
    );
    let Resource::ValueSet(value_set) = Resource::parse(&text).unwrap() else {
        panic!("no value set");
    };
    ValueSetReference::Inline(value_set)
}

/// Expands all; how it ended, and the looks after the one that said stop.
fn expanded(looks: i64, filter: &str) -> (Option<FailureKind>, i64) {
    let (terminology, stop) = left_after(looks);
    let request = ExpandRequest {
        value_set: value_set(filter),
        parameters: Parameters {
            limit: Some(u64::MAX),
            ..Parameters::default()
        },
    };
    let outcome = expand(&terminology, &request);
    (outcome.err().map(|failure| failure.kind), stop.looks_too_many())
}

#[test]
fn an_expansion_stops_where_it_is() {
    let pattern = r#"{"property":"display","op":"regex","value":".*1.*"}"#;
    // Enough looks for all of it, and how many that are: one in 1024 concepts of the filter, one in 64 entries.
    assert_eq!(expanded(1_000, pattern), (None, 0));
    for looks in [0, 1, 5, 15, 25, 60] {
        assert_eq!(expanded(looks, pattern), (Some(FailureKind::TooCostly), 1), "{looks}");
    }
}

#[test]
fn a_text_filter_stops() {
    let filtered = |looks| {
        let (terminology, stop) = left_after(looks);
        let request = ExpandRequest {
            value_set: value_set(r#"{"property":"concept","op":"exists","value":"true"}"#),
            parameters: Parameters {
                filter: Some("conc".into()),
                count: Some(10),
                ..Parameters::default()
            },
        };
        (
            expand(&terminology, &request).err().map(|failure| failure.kind),
            stop.looks_too_many(),
        )
    };
    assert_eq!(filtered(1_000), (None, 0));
    // One look in 1024 terms, once to find and once to rank; after the last one nothing is read any more.
    for looks in [1, 5, 15, 25, 40] {
        let (failed, too_many) = filtered(looks);
        assert!(
            failed == Some(FailureKind::TooCostly) && too_many <= 6,
            "{looks}: {failed:?} {too_many}"
        );
    }
}

#[test]
fn a_search_for_matches_that_was_stopped_has_no_answer() {
    let request = FindMatchesRequest {
        system: Some("http://example.org/many".into()),
        version: None,
        properties: vec![Wanted {
            code: "display".into(),
            value: Some(PropertyValue::String("Concept 7".into())),
            parts: Vec::new(),
        }],
        exact: true,
        compositional: false,
        count: MATCHES,
    };
    assert!(find_matches(&left_after(1_000).0, &request).is_ok());
    let failure = find_matches(&left_after(2).0, &request).unwrap_err();
    assert_eq!(failure.kind, FailureKind::TooCostly);
}

#[test]
fn a_search_of_resources_stops() {
    let (terminology, _) = left_after(0);
    let found = terminology.search_resources(ResourceKind::CodeSystem, &ResourceQuery::default(), 0, 10);
    assert_eq!(found.map(|(_, total)| total), Err(Stopped));
}

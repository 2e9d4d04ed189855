//! The store against a model: whatever is written, deleted and reopened, in whatever order, versions and canonicals are
//! what a plain map says.

use super::*;
use crate::service::{ResourceKind, Terminology};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One step of a client.
#[derive(Debug, Clone)]
enum Step {
    Put { id: u8, url: u8, expected: Option<u64> },
    Delete { id: u8 },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u8..4, 0u8..4, prop::option::weighted(0.3, 0u64..6)).prop_map(|(id, url, expected)| Step::Put { id, url, expected }),
        2 => (0u8..4).prop_map(|id| Step::Delete { id }),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..30)
}

/// What a resource is by the model: its versions, and the URL of the last if it is there.
#[derive(Debug, Default)]
struct Modelled {
    versions: u64,
    url: Option<u8>,
}

fn name(id: u8) -> String {
    format!("v{id}")
}

fn text(id: u8, url: u8, number: u64) -> String {
    format!(r#"{{"resourceType":"ValueSet","id":"v{id}","url":"http://example.org/{url}","description":"{number}"}}"#)
}

fn write(library: &Library, id: u8, url: u8, expected: Option<u64>) -> Result<Version, WrittenError> {
    let url_text = format!("http://example.org/{url}");
    library.turn()?.put(&Change {
        kind: ResourceKind::ValueSet,
        id: &name(id),
        method: Method::Put,
        expected: expected.map_or(Expected::Anything, |version| Expected::Versions(vec![version.to_string()])),
        fhir_version: "4.0",
        url: Some(&url_text),
        version: None,
        text: &|number, _| text(id, url, number),
    })
}

fn library(room: &std::path::Path) -> Library {
    Library::beside(room, Terminology::of_resources(Vec::new()), true).unwrap()
}

fn check(library: &Library, model: &BTreeMap<u8, Modelled>) {
    for (id, modelled) in model {
        let kind = ResourceKind::ValueSet;
        let seen = library.terminology().read_resource(kind, &name(*id));
        assert_eq!(seen.is_some(), modelled.url.is_some());
        if let (Some(seen), Some(url)) = (&seen, modelled.url) {
            assert_eq!(seen.written.as_ref().unwrap().json, text(*id, url, modelled.versions));
            let canonical = format!("http://example.org/{url}");
            assert_eq!(library.terminology().id_of_canonical(kind, &canonical, None), Some(name(*id)));
        }
        assert_eq!(
            library.is_gone(kind, &name(*id)),
            modelled.url.is_none() && modelled.versions > 0
        );
        let asked = History {
            kind: Some(kind),
            id: Some(name(*id)),
            limit: 1_000,
            ..History::default()
        };
        let (history, total) = library.history(&asked).unwrap();
        assert_eq!(total as u64, modelled.versions);
        let numbers: Vec<u64> = history.iter().map(|version| version.written.version_id).collect();
        assert_eq!(numbers, (1..=modelled.versions).rev().collect::<Vec<_>>());
        assert!(
            history
                .windows(2)
                .all(|two| two[0].written.last_updated > two[1].written.last_updated)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_done_the_library_is_what_a_map_says(steps in steps()) {
        let room = tempfile::tempdir().unwrap();
        let mut open = library(room.path());
        let mut model: BTreeMap<u8, Modelled> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put { id, url, expected } => {
                    let taken = model.iter().any(|(other, modelled)| *other != id && modelled.url == Some(url));
                    let own = model.entry(id).or_default();
                    let current = own.url.map(|_| own.versions);
                    let outcome = write(&open, id, url, expected);
                    if taken {
                        prop_assert!(matches!(outcome, Err(WrittenError::Clash { .. })), "{outcome:?}");
                    } else if expected.is_some_and(|expected| Some(expected) != current) {
                        prop_assert!(matches!(outcome, Err(WrittenError::OtherVersion { .. })), "{outcome:?}");
                    } else {
                        let version = outcome.unwrap();
                        own.versions += 1;
                        own.url = Some(url);
                        prop_assert_eq!(version.written.version_id, own.versions);
                        prop_assert_eq!(version.changed, if current.is_some() { Changed::Updated } else { Changed::Created });
                    }
                }
                Step::Delete { id } => {
                    let own = model.entry(id).or_default();
                    let deleted = open.turn().unwrap().delete(ResourceKind::ValueSet, &name(id), &Expected::Anything).unwrap();
                    prop_assert_eq!(deleted.is_some(), own.url.is_some());
                    if own.url.take().is_some() {
                        own.versions += 1;
                    }
                }
                Step::Reopen => {
                    drop(open);
                    open = library(room.path());
                }
            }
            check(&open, &model);
        }
    }
}

#[test]
fn two_processes_see_each_others_writes_when_they_write() {
    let room = tempfile::tempdir().unwrap();
    let (one, other) = (library(room.path()), library(room.path()));
    write(&one, 1, 1, None).unwrap();
    assert!(matches!(write(&other, 2, 1, None), Err(WrittenError::Clash { .. })));
    write(&other, 2, 2, None).unwrap();
    assert_eq!(write(&one, 2, 2, Some(1)).unwrap().written.version_id, 2);
    assert!(one.terminology().read_resource(ResourceKind::ValueSet, "v2").is_some());
}

#[test]
fn writers_at_once_each_get_a_version_of_their_own() {
    let room = tempfile::tempdir().unwrap();
    let library = library(room.path());
    std::thread::scope(|scope| {
        for id in 0..4 {
            let library = &library;
            scope.spawn(move || {
                for _ in 0..10 {
                    write(library, 9, 9, None).unwrap();
                    write(library, id, id, None).unwrap();
                }
            });
        }
    });
    let nine = library.terminology().read_resource(ResourceKind::ValueSet, "v9").unwrap();
    assert_eq!(nine.written.unwrap().version_id, 40);
}

#[test]
fn a_locked_file_is_named_and_a_full_disk_writes_nothing() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join(FILE);
    let store = WrittenStore::open(&path, true).unwrap();
    let library = Library::open(Terminology::of_resources(Vec::new()), store, true).unwrap();
    write(&library, 1, 1, None).unwrap();
    // As small as it is: the next page finds no room.
    library.limit_pages(1);
    let error = loop {
        match write(&library, 1, 1, None) {
            Ok(_) => continue,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, WrittenError::Full { .. }), "{error}");
    assert!(error.to_string().contains("the disk is full"));
    let before = library.terminology().read_resource(ResourceKind::ValueSet, "v1").unwrap();
    library.limit_pages(1 << 30);
    let after = write(&library, 1, 1, None).unwrap();
    assert_eq!(after.written.version_id, before.written.unwrap().version_id + 1);
    library.wait_no_longer();
    let holder = rusqlite::Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = write(&library, 1, 1, None).unwrap_err();
    assert!(matches!(error, WrittenError::Busy { .. }), "{error}");
}

//! What is built is what is read: exact cases, and random code systems against naive answers.

use super::testing::{Plain, build, concept, emit, header, open, sample, term};
use super::{ArtefactInfo, Finished};
use crate::model::{DesignationKind, Ordinal, PropertyValue, Relationship};
use crate::read::{CodeSystemIndex, ConceptMapIndex, ConceptSet, ResourcesIndex, SearchOptions};
use crate::record::{At, ProblemKind, Record};
use crate::text::{fold, words};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn map_of(finished: &[Finished]) -> ConceptMapIndex {
    let (header, files) = finished
        .iter()
        .find_map(|one| match &one.info {
            ArtefactInfo::ConceptMap(header) => Some((header, &one.files)),
            _ => None,
        })
        .unwrap();
    ConceptMapIndex::open((**header).clone(), files).unwrap()
}

#[test]
fn everything_of_the_sample_is_read_back() {
    let (finished, report) = build(true, sample);
    assert_eq!(report.skipped(), 0);
    let index = open(&finished);
    let attack = index.find("ATTACK").unwrap();
    assert_eq!(index.code(attack), "attack");
    assert!(index.find_exact("ATTACK").is_none());
    assert_eq!(index.display(attack).unwrap(), "Myocardial infarction");
    assert!(index.definition(attack).unwrap().len() > 320);
    let terms: Vec<_> = index.designations(attack).collect();
    assert_eq!(terms.len(), 3);
    assert_eq!(terms[1].use_.as_ref().unwrap().code, "synonym");
    assert_eq!(terms[1].acceptability.len(), 2);
    assert_eq!(terms[1].id.as_deref(), Some("7"));
    let values: Vec<PropertyValue> = index.properties(attack).into_iter().map(|p| p.value).collect();
    assert_eq!(values.len(), 6);
    assert!(values.contains(&PropertyValue::Decimal("1.50".into())));
    assert_eq!(index.property_targets(attack, "Code"), [(2, index.find("heart").unwrap())]);
    assert_eq!(index.with_property("Coding", "http://other.org|x").len(), 1);
    assert_eq!(index.with_property("Coding", "x").len(), 1);
    assert_eq!(index.with_property("Integer", "-3").len(), 1);
    assert_eq!(index.with_property("Integer", "3").len(), 0);
    let refset = index.find("refset").unwrap();
    assert_eq!(index.refset(refset).unwrap().into_iter().collect::<Vec<_>>(), [attack.0]);
    assert_eq!(index.refset_members(refset)[0].fields, [("order".to_owned(), "1".to_owned())]);
    assert!(index.is_not_selectable(index.find("root").unwrap()));
    assert_eq!(index.extensions(index.find("heart").unwrap()), Some("[{\"url\":\"x\"}]"));
    assert_eq!(index.active().len(), 4);

    let map = map_of(&finished);
    let targets: Vec<String> = map
        .by_source("a")
        .into_iter()
        .filter_map(|m| m.target)
        .map(|t| t.code)
        .collect();
    assert_eq!(targets, ["1", "2"]);
    assert_eq!(map.by_target("2").len(), 2);
    assert_eq!(map.by_source("c")[0].target, None);
    let row = &map.by_source("b")[0];
    assert_eq!(
        (row.relationship, row.group, row.priority),
        (Relationship::SourceIsBroaderThanTarget, 1, 2)
    );
    assert_eq!(
        (row.rule.as_deref(), row.comment.as_deref(), row.attributes.len()),
        (Some("IFA"), Some("why"), 1)
    );
    assert_eq!(row.source.version.as_deref(), Some("3"));

    let kept = finished
        .iter()
        .find(|one| matches!(one.info, ArtefactInfo::Resources { .. }))
        .unwrap();
    let kept = ResourcesIndex::open(&kept.files).unwrap();
    assert_eq!(kept.key(0).url, Some("http://example.org/vs"));
    assert_eq!(kept.json(0).unwrap(), "{\"resourceType\":\"ValueSet\"}");
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let bytes = || -> Vec<Vec<u8>> {
        let (finished, _) = build(true, sample);
        finished
            .into_iter()
            .flat_map(|one| one.files.0)
            .map(|file| file.bytes)
            .collect()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn search_takes_prefixes_in_any_order_and_ranks_whole_and_short_first() {
    for with_text in [true, false] {
        let (finished, _) = build(with_text, sample);
        let index = open(&finished);
        let found = |query: &str, inactive: bool| -> Vec<String> {
            let options = SearchOptions {
                inactive,
                ..SearchOptions::default()
            };
            index
                .search(query, &options)
                .iter()
                .map(|hit| index.code(hit.concept).to_owned())
                .collect()
        };
        assert_eq!(found("inf myo", false), ["attack"]);
        assert_eq!(
            found("HÉART", false),
            ["heart", "attack"],
            "code first, and the code's concept once"
        );
        assert_eq!(found("infarction", false), ["attack"]);
        assert_eq!(found("infarction", true), ["attack", "old"]);
        assert_eq!(found("definition", false), Vec::<String>::new());
        assert_eq!(found("", false), Vec::<String>::new());
    }
}

#[test]
fn terms_that_begin_as_the_query_does_come_before_shorter_ones_that_do_not() {
    let (finished, _) = build(true, |sink| {
        sink.accept(At::default(), Record::CodeSystem(&header("http://example.org/order")))?;
        for (code, display) in [
            ("m", "Infective myositis"),
            ("i", "Myocardial infarction"),
            ("o", "Old myocardial infarction"),
        ] {
            sink.accept(At::default(), concept(code))?;
            sink.accept(At::default(), term(code, display, DesignationKind::Display))?;
        }
        Ok(())
    });
    let index = open(&finished);
    let hits = index.search("myo inf", &SearchOptions::default());
    let found: Vec<&str> = hits.iter().map(|hit| index.code(hit.concept)).collect();
    assert_eq!(found, ["i", "m", "o"]);
    assert!(hits.is_sorted_by_key(|hit| hit.rank));
}

#[test]
fn faults_between_records_are_reported_and_left_out() {
    let (finished, report) = build(false, |sink| {
        let at = At {
            file: sink.name("f.txt"),
            column: sink.name("typeId"),
            line: 3,
        };
        sink.accept(at, Record::CodeSystem(&header("http://example.org/x")))?;
        for code in ["a", "b", "a"] {
            sink.accept(at, concept(code))?;
        }
        for (child, parent) in [("a", "b"), ("b", "a"), ("a", "nowhere")] {
            sink.accept(at, Record::Parent { child, parent })?;
        }
        sink.accept(at, term("ghost", "Ghost", DesignationKind::Display))
    });
    let index = open(&finished);
    assert_eq!(index.len(), 2);
    assert_eq!(report.faults[&ProblemKind::DuplicateKey], 1);
    assert_eq!(report.faults[&ProblemKind::Cycle], 1);
    assert_eq!(report.faults[&ProblemKind::UnknownReference], 2);
    let shown = report.examples.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(
        shown.iter().all(|text| text.starts_with("f.txt, line 3, column typeId: ")),
        "{shown:?}"
    );
}

fn plain() -> impl Strategy<Value = Plain> {
    (1usize..40).prop_flat_map(|count| {
        let words = prop::sample::select(vec![
            "heart",
            "hear",
            "attack",
            "acute",
            "Ménière",
            "of",
            "the",
            "2a",
            "heartbeat",
        ]);
        let term = prop::collection::vec(words, 1..4).prop_map(|words| words.join(" "));
        let concept = (any::<bool>(), prop::collection::vec(term, 1..4));
        // Links only from later to earlier concepts: cycles have a test of their own.
        let link = (0..count, 0..count).prop_map(|(a, b)| (a.max(b), a.min(b)));
        (
            prop::collection::vec(concept, count),
            prop::collection::vec(link, 0..count * 2),
            prop::collection::vec((0..count, 0u8..3, 0u8..5), 0..count * 2),
        )
            .prop_map(|(concepts, links, properties)| Plain {
                concepts: concepts
                    .into_iter()
                    .enumerate()
                    .map(|(place, (active, terms))| (format!("c{place}"), active, terms))
                    .collect(),
                parents: links.into_iter().filter(|(child, parent)| child != parent).collect(),
                properties,
            })
    })
}

/// Everything above a concept, by walking.
fn naive_ancestors(plain: &Plain, concept: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![concept];
    while let Some(next) = open.pop() {
        for (child, parent) in &plain.parents {
            if *child == next && found.insert(*parent) {
                open.push(*parent);
            }
        }
    }
    found
}

fn codes(index: &CodeSystemIndex, set: &ConceptSet) -> BTreeSet<String> {
    set.iter().map(|ordinal| index.code(Ordinal(ordinal)).to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn closures_equal_naive_walks(plain in plain()) {
        let (finished, report) = build(false, |sink| emit(&plain, &header("http://example.org/p"), sink));
        prop_assert_eq!(report.skipped(), 0);
        let index = open(&finished);
        for (place, (code, active, terms)) in plain.concepts.iter().enumerate() {
            let own = index.find(code).unwrap();
            prop_assert_eq!(index.is_active(own), *active);
            let read: Vec<String> = index.designations(own).map(|d| d.value).collect();
            prop_assert_eq!(&read, terms);
            let above: BTreeSet<String> = naive_ancestors(&plain, place).iter().map(|p| plain.concepts[*p].0.clone()).collect();
            prop_assert_eq!(codes(&index, &index.ancestors(own)), above.clone());
            for (other, _, _) in &plain.concepts {
                let ancestor = index.find(other).unwrap();
                prop_assert_eq!(index.subsumes(ancestor, own), above.contains(other));
                prop_assert_eq!(index.descendants(ancestor).contains(own.0), above.contains(other));
            }
        }
    }

    #[test]
    fn property_sets_equal_naive_filters(plain in plain()) {
        let (finished, _) = build(false, |sink| emit(&plain, &header("http://example.org/p"), sink));
        let index = open(&finished);
        for property in 0u8..3 {
            let name = format!("p{property}");
            for value in 0u8..5 {
                let naive: BTreeSet<String> = plain
                    .properties
                    .iter()
                    .filter(|(_, p, v)| *p == property && *v == value)
                    .map(|(concept, _, _)| plain.concepts[*concept].0.clone())
                    .collect();
                prop_assert_eq!(codes(&index, &index.with_property(&name, &format!("v{value}"))), naive);
            }
            let naive: BTreeSet<String> = plain
                .properties
                .iter()
                .filter(|(_, p, _)| *p == property)
                .map(|(concept, _, _)| plain.concepts[*concept].0.clone())
                .collect();
            prop_assert_eq!(codes(&index, &index.having_property(&name)), naive);
        }
    }

    #[test]
    fn the_word_index_equals_scanning(plain in plain(), query in prop::sample::select(vec!["he", "heart", "att hea", "menie", "2a the", "x"])) {
        let with = build(true, |sink| emit(&plain, &header("http://example.org/p"), sink)).0;
        let without = build(false, |sink| emit(&plain, &header("http://example.org/p"), sink)).0;
        let (with, without) = (open(&with), open(&without));
        for inactive in [false, true] {
            let options = SearchOptions { inactive, ..SearchOptions::default() };
            let found = with.search(query, &options);
            prop_assert_eq!(&found, &without.search(query, &options));
            let naive: BTreeSet<String> = plain
                .concepts
                .iter()
                .filter(|(_, active, terms)| {
                    let folded = fold(query);
                    let has = |term: &String| words(&folded).all(|w| words(&fold(term)).any(|own| own.starts_with(w)));
                    (*active || inactive) && terms.iter().any(has)
                })
                .map(|(code, _, _)| code.clone())
                .collect();
            let set: ConceptSet = found.iter().map(|hit| hit.concept.0).collect();
            prop_assert_eq!(codes(&with, &set), naive.clone());
            prop_assert_eq!(codes(&with, &with.matching(query, inactive)), naive);
            for limit in 1..found.len() {
                let page = with.search(query, &SearchOptions { limit, ..options.clone() });
                prop_assert_eq!(&page[..], &found[..limit], "a page is a prefix of the whole");
            }
        }
    }
}

//! What is built is what is read: exact cases, and random code systems against naive answers.

use super::testing::{Plain, build, concept, emit, header, open, sample, term};
use super::{ArtefactInfo, Finished};
use crate::model::{DesignationKind, Ordinal, PropertyValue, Relationship};
use crate::read::{
    CodeSystemIndex, Component, ConceptMapIndex, ConceptSet, FieldKind, FieldValue, PropertyRows, ResourcesIndex, SearchOptions,
    WordPart,
};
use crate::record::{At, FieldRecord, ProblemKind, PropertyRecord, Record, RowRecord, ValueRecord};
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
    // Two rows of what is no concept.
    assert_eq!(
        report.faults.into_iter().collect::<Vec<_>>(),
        [(ProblemKind::UnknownReference, 2)]
    );
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
    assert_eq!(terms[1].id.as_deref(), Some("Hear"));
    let values: Vec<PropertyValue> = index.properties(attack).into_iter().map(|p| p.value).collect();
    assert_eq!(values.len(), 6);
    assert!(values.contains(&PropertyValue::Decimal("1.50".into())));
    assert_eq!(index.property_targets(attack, "Code"), [(2, index.find("heart").unwrap())]);
    assert_eq!(index.with_property("Coding", "http://other.org|x").len(), 1);
    assert_eq!(index.with_property("Coding", "x").len(), 1);
    assert_eq!(index.with_property("Integer", "-3").len(), 1);
    assert_eq!(index.with_property("Integer", "3").len(), 0);
    let refset = index.find("refset").unwrap();
    assert_eq!(
        codes(&index, &index.refset(refset).unwrap()),
        BTreeSet::from(["attack".into(), "old".into()])
    );
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
fn designations_say_who_maintains_them() {
    let (finished, _) = build(true, sample);
    let index = open(&finished);
    let number = index.find_designation("Myoc").unwrap();
    assert_eq!(index.designation_text(number), "Myocardial infarction");
    assert_eq!(index.designation_id(number), Some("Myoc"));
    assert_eq!(index.designation_module(number), Some("root"));
    assert_eq!(index.designation_effective_time(number), Some(20_250_102));
    assert_eq!(index.designation_case_significance(number), Some("insensitive"));
    assert!(!index.designation_is_made(number));
    assert!(index.designation_is_made(index.find_designation("Old ").unwrap()));
    assert_eq!(index.find_designation("Zzzz"), None);
    let counts = finished[0].counts;
    assert_eq!(counts.designations, 6, "a made term is none of the release");
}

#[test]
fn relationships_keep_their_ids() {
    let (finished, _) = build(true, sample);
    let index = open(&finished);
    let (old, attack) = (index.find("old").unwrap(), index.find("attack").unwrap());
    assert_eq!(index.parents(old).collect::<Vec<_>>(), [index.find("root").unwrap()]);
    assert_eq!((index.parent_ids(old), index.property_ids(old)), (&[41][..], &[42][..]));
    assert_eq!(index.parent_ids(attack), [0], "a link without an id");
    assert_eq!(index.property_ids(attack), [0; 6]);
}

#[test]
fn rows_of_reference_sets_keep_their_columns() {
    let (finished, _) = build(true, sample);
    let index = open(&finished);
    let of = |code: &str| index.find(code).unwrap();
    let rows = index.refset_rows(of("refset")).unwrap();
    let all: Vec<u32> = rows.range().collect();
    assert_eq!(all.len(), 5);
    let kinds: Vec<(&str, FieldKind)> = rows.fields().map(|field| (field.name, field.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("targetComponentId", FieldKind::Component),
            ("order", FieldKind::Integer),
            ("note", FieldKind::String)
        ]
    );
    let root_term = index.find_designation("Root").unwrap();
    let components: Vec<Component<'_>> = all.iter().map(|row| rows.component(*row)).collect();
    assert_eq!(components[0], Component::Concept(of("attack")));
    assert_eq!(components[1], Component::Designation(root_term));
    let (target, order, note) = (
        rows.field("TARGETCOMPONENTID").unwrap(),
        rows.field("order").unwrap(),
        rows.field("note").unwrap(),
    );
    assert_eq!(rows.concept_value(all[0], &target), Some(of("heart")));
    assert_eq!(
        rows.value(all[1], &target),
        Some(FieldValue::Component(Component::Other("elsewhere")))
    );
    assert_eq!(rows.value(all[2], &target), None);
    let orders: Vec<_> = all.iter().map(|row| rows.value(*row, &order).unwrap()).collect();
    assert_eq!(orders[1..3], [FieldValue::Integer(-7), FieldValue::Integer(i32::MAX)]);
    assert!(matches!(rows.value(all[1], &note), Some(FieldValue::String(text)) if text.len() == 168));
    assert!(matches!(rows.value(all[2], &note), Some(FieldValue::String(text)) if text.is_empty()));
    assert!(rows.is_active(all[0]) && !rows.is_active(all[2]));
    assert_eq!((rows.module(all[3]), rows.effective_time(all[3])), ("root", 20_250_104));
    assert_eq!(rows.id(all[0]), u128::MAX);
    assert_eq!(rows.id_text(all[1]), "ffffffff-ffff-ffff-ffff-fffffffffffe");
    assert_eq!(rows.rows_of(of("attack")), [all[0], all[4]]);
    assert_eq!(codes(&index, &rows.concepts(Some(false))), BTreeSet::from(["heart".into()]));
    let heart: ConceptSet = [of("heart").0].into_iter().collect();
    assert_eq!(rows.rows_with_concepts(&target, &heart), [all[0], all[3]]);
    let short = rows.rows_where(&note, |value| value == Some(&FieldValue::String("short".into())));
    assert_eq!(short, [all[0], all[3], all[4]]);
    let referred: Vec<&str> = index.rows_of(of("attack")).map(|(refset, _)| index.code(refset)).collect();
    assert_eq!(referred.len(), 3);
    assert!(referred.contains(&"heart"));
    assert!(index.refset_rows(of("old")).is_none());

    let found: Vec<_> = index.alternates_named("A-1").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].component, Component::Concept(of("attack")));
    assert_eq!(found[0].scheme, Component::Concept(of("root")));
    let own: Vec<_> = index
        .alternates_of(of("attack"))
        .map(|one| (one.identifier, one.active))
        .collect();
    assert_eq!(own, [("A-1", true), ("B-2", false)]);
    assert_eq!(index.alternates_named("A").count(), 0);
}

/// Reads all that is in the rows; the answers do not matter.
fn read_rows(index: &CodeSystemIndex) {
    for refset in index.refsets_with_rows().iter().chain([u32::MAX]) {
        let Some(rows) = index.refset_rows(Ordinal(refset)) else {
            continue;
        };
        let everything = index.all();
        for field in rows.fields() {
            let _ = rows.rows_with_concepts(&field, &everything);
            let _ = rows.rows_where(&field, |value| value.is_some());
            for row in rows.range().take(64).chain([0, u32::MAX]) {
                let _ = (rows.value(row, &field), rows.concept_value(row, &field), rows.component(row));
                let _ = (
                    rows.id_text(row),
                    rows.module(row),
                    rows.effective_time(row),
                    rows.is_active(row),
                );
            }
        }
    }
    for concept in (0..index.len() as u32 + 2).map(Ordinal) {
        let _ = (index.rows_of(concept).count(), index.alternates_of(concept).count());
    }
    let _ = index.alternates_named("A-1").count();
    for number in (0..index.designation_count()).chain([u32::MAX]) {
        let _ = (index.designation_module(number), index.designation_effective_time(number));
        let _ = (index.designation_case_significance(number), index.designation_id(number));
    }
    let _ = index.find_designation("Hear");
}

#[test]
fn damaged_rows_are_refused_or_read_without_a_panic() {
    let (finished, _) = build(false, sample);
    let (header, files) = finished
        .iter()
        .find_map(|one| match &one.info {
            ArtefactInfo::CodeSystem(header) => Some((header, &one.files)),
            _ => None,
        })
        .unwrap();
    for name in ["members", "designations"] {
        let sound = &files.0.iter().find(|file| file.name == name).unwrap().bytes;
        for place in 0..sound.len() - 32 {
            for change in [0x01, 0xff] {
                let mut bytes = sound.clone();
                bytes[place] ^= change;
                let patched = files.0.iter().map(|file| super::File {
                    name: file.name,
                    bytes: if file.name == name {
                        bytes.clone()
                    } else {
                        file.bytes.clone()
                    },
                    checksum: file.checksum,
                });
                // The checksum is the store's to check; what passes it must be safe to read even so.
                let patched = super::Files(patched.collect());
                if let Ok(index) = CodeSystemIndex::open((**header).clone(), &patched) {
                    read_rows(&index);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Columns of every width give back what was put in, and finding by value equals reading every row.
    #[test]
    fn columns_of_any_width_are_read_back(values in prop::collection::vec((0u32..90_000, any::<i32>(), "[a-c]{0,3}"), 1..600), wide in any::<bool>()) {
        let limit = if wide { 90_000 } else { 300 };
        let targets: BTreeSet<u32> = values.iter().map(|(target, _, _)| target % limit).collect();
        let (finished, report) = build(false, |sink| {
            let at = At::default();
            sink.accept(at, Record::CodeSystem(&header("http://example.org/r")))?;
            sink.accept(at, concept("set"))?;
            for target in &targets {
                sink.accept(at, concept(&format!("c{target}")))?;
            }
            for (number, (target, order, note)) in values.iter().enumerate() {
                let target = format!("c{}", target % limit);
                let order = if *order == i32::MIN { 0 } else { *order };
                sink.accept(at, Record::Row(RowRecord {
                    refset: "set",
                    component: &target,
                    must_resolve: true,
                    id: number as u128,
                    active: number % 2 == 0,
                    module: "set",
                    effective_time: 20_000_101,
                    fields: &[
                        ("to", FieldRecord::Component(&target)),
                        ("order", FieldRecord::Integer(order)),
                        ("note", FieldRecord::String(note)),
                    ],
                }))?;
            }
            Ok(())
        });
        prop_assert_eq!(report.skipped(), 0);
        let index = open(&finished);
        let rows = index.refset_rows(index.find("set").unwrap()).unwrap();
        let [to, order, note] = ["to", "order", "note"].map(|name| rows.field(name).unwrap());
        for (row, (target, given, text)) in rows.range().zip(&values) {
            let given = if *given == i32::MIN { 0 } else { *given };
            let target = index.find(&format!("c{}", target % limit)).unwrap();
            prop_assert_eq!(rows.concept_value(row, &to), Some(target));
            prop_assert_eq!(rows.value(row, &order), Some(FieldValue::Integer(given)));
            prop_assert_eq!(rows.value(row, &note), Some(FieldValue::String(text.as_str().into())));
            prop_assert!(rows.rows_of(target).contains(&row));
        }
        let some: ConceptSet = index.all().iter().filter(|concept| concept % 7 == 0).collect();
        for set in [some, [1].into_iter().collect()] {
            let naive: Vec<u32> = rows.range().filter(|row| rows.concept_value(*row, &to).is_some_and(|to| set.contains(to.0))).collect();
            prop_assert_eq!(rows.rows_with_concepts(&to, &set), naive);
        }
        let positive = |value: Option<&FieldValue<'_>>| matches!(value, Some(FieldValue::Integer(number)) if *number > 0);
        let naive: Vec<u32> = rows.range().filter(|row| positive(rows.value(*row, &order).as_ref())).collect();
        prop_assert_eq!(rows.rows_where(&order, positive), naive);
    }
}

#[test]
fn a_column_of_many_values_is_found_by_value() {
    const COUNT: u32 = 66_000;
    let (finished, _) = build(false, |sink| {
        let at = At::default();
        sink.accept(at, Record::CodeSystem(&header("http://example.org/r")))?;
        sink.accept(at, concept("set"))?;
        for number in 0..COUNT {
            let (own, other) = (format!("c{number}"), format!("c{}", COUNT - 1 - number));
            sink.accept(at, concept(&own))?;
            sink.accept(
                at,
                Record::Row(RowRecord {
                    refset: "set",
                    component: &own,
                    must_resolve: true,
                    id: 0,
                    active: true,
                    module: "set",
                    effective_time: 20_000_101,
                    fields: &[("to", FieldRecord::Component(&other)), ("text", FieldRecord::String(&other))],
                }),
            )?;
        }
        Ok(())
    });
    let index = open(&finished);
    let rows = index.refset_rows(index.find("set").unwrap()).unwrap();
    let (to, text) = (rows.field("to").unwrap(), rows.field("text").unwrap());
    for number in [0, 1, 40_000, COUNT - 1] {
        let own = index.find(&format!("c{number}")).unwrap();
        let other = index.find(&format!("c{}", COUNT - 1 - number)).unwrap();
        let found = rows.rows_with_concepts(&to, &[other.0].into_iter().collect());
        assert_eq!(found, rows.rows_of(own));
        let wanted = FieldValue::String(index.code(other).into());
        assert_eq!(rows.rows_where(&text, |value| value == Some(&wanted)), found);
    }
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
    fn rows_of_properties_are_the_entries_of_concepts_turned(
        count in 1usize..12,
        entries in prop::collection::vec((0usize..12, 0usize..4, 0u16..3, 0usize..16), 0..50),
    ) {
        // Two properties are concepts, whose rows are at rest, and two are not, whose rows are made.
        let properties = ["c0", "c5", "kind", "part"];
        let entries: Vec<_> = entries.into_iter().filter(|(concept, ..)| *concept < count).collect();
        let (finished, _) = build(false, |sink| {
            let at = At::default();
            sink.accept(at, Record::CodeSystem(&header("http://example.org/rows")))?;
            for place in 0..count {
                sink.accept(at, concept(&format!("c{place}")))?;
            }
            for (own, property, group, value) in &entries {
                let (code, text) = (format!("c{own}"), format!("c{value}"));
                // Some are codes of concepts, some of nothing, some text.
                let value = if value % 3 == 0 { ValueRecord::String(&text) } else { ValueRecord::Code(&text) };
                let record = PropertyRecord::new(&code, properties[*property], *group, value);
                sink.accept(at, Record::Property(record))?;
            }
            Ok(())
        });
        let index = open(&finished);
        for (place, code) in properties.iter().enumerate() {
            let Some(number) = index.property_number(code) else {
                prop_assert!(entries.iter().all(|(_, property, ..)| *property != place));
                continue;
            };
            let mut naive = Vec::new();
            for own in &index.all() {
                let slots = index.relation_slots(Ordinal(own)).filter(|(property, ..)| *property == number);
                naive.extend(slots.map(|(_, slot, value)| (own, slot, value)));
            }
            naive.sort_unstable();
            let rows = index.property_rows(number);
            let found: Vec<_> = (0..rows.len()).map(|row| (rows.concepts[row], rows.slots[row], rows.values[row])).collect();
            prop_assert_eq!(found, naive);
            for posting in index.relation_postings(number) {
                let having: BTreeSet<u32> =
                    (0..rows.len()).filter(|row| rows.values[*row] == posting.value).map(|row| rows.concepts[row]).collect();
                prop_assert_eq!(posting.concepts.to_vec(), having.into_iter().collect::<Vec<_>>());
            }
        }
        let concepts = (0..index.len() as u32).map(Ordinal);
        for (own, slots) in concepts.map(|own| (own, index.relation_slots(own))) {
            let groups: Vec<u16> = index.relations(own).map(|relation| relation.group).collect();
            for (place, (_, slot, _)) in slots.enumerate() {
                let alone = PropertyRows::ALONE + place as u32;
                prop_assert_eq!(slot, if groups[place] == 0 { alone } else { groups[place].into() });
            }
        }
    }

    #[test]
    fn parts_of_words_are_found(plain in plain(), text in prop::sample::select(vec!["he", "art", "attack", "e", "2", "zz"]), starts in any::<bool>(), ends in any::<bool>()) {
        let (finished, _) = build(true, |sink| emit(&plain, &header("http://example.org/p"), sink));
        let index = open(&finished);
        let parts = [WordPart { text, starts, ends }, WordPart { text: "a", starts: false, ends: false }];
        for parts in [&parts[..1], &parts[..]] {
            let found = index.designations_with(parts).unwrap();
            for number in 0..index.designation_count() {
                let folded = fold(&index.designation_text(number));
                let has = |part: &WordPart<'_>| words(&folded).any(|word| {
                    (!part.starts || word.starts_with(part.text)) && (!part.ends || word.ends_with(part.text)) && word.contains(part.text)
                });
                // A word that begins and ends with a part is the part.
                let whole = |part: &WordPart<'_>| !(part.starts && part.ends) || words(&folded).any(|word| word == part.text);
                prop_assert_eq!(found.contains(number), parts.iter().all(|part| has(part) && whole(part)));
            }
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
            prop_assert_eq!(codes(&with, &with.matching(query, &options)), naive);
            for limit in 1..found.len() {
                let page = with.search(query, &SearchOptions { limit, ..options.clone() });
                prop_assert_eq!(&page[..], &found[..limit], "a page is a prefix of the whole");
            }
        }
    }
}

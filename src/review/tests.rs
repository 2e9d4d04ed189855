//! The decisions as a whole: runs of the mapper in, people's decisions on them, tables out and in, and the next run.

use super::export::{SheetFormat, table};
use super::import::{ImportOptions, Imported, import};
use super::*;
use crate::mapper::{Kept, MapOptions, Mapper, Outcome, Role, SourceItem, Status};
use crate::testing::{Vocabulary, laboratory};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use tern_index::model::Relationship;
use tern_index::record::MappingRecord;

/// Codes that a spreadsheet takes for months, invented names, in use.
const TERMS: &[(&str, &str, &str, bool)] = &[
    (
        "8101-8",
        "Zorvin:MCnc:Pt:Ser/Plas:Qn:",
        "Zorvin [Mass/volume] in Serum or Plasma",
        true,
    ),
    (
        "8102-6",
        "Zorvin:SCnc:Pt:Ser/Plas:Qn:",
        "Zorvin [Moles/volume] in Serum or Plasma",
        true,
    ),
    ("8103-4", "Zorvin:MCnc:Pt:Urine:Qn:", "Zorvin [Mass/volume] in Urine", true),
    ("8104-2", "Quaxocytes:NCnc:Pt:Bld:Qn:", "Quaxocytes [#/volume] in Blood", true),
    (
        "8105-9",
        "Zorvin old:MCnc:Pt:Ser/Plas:Qn:",
        "Deprecated Zorvin in Serum or Plasma",
        false,
    ),
    (
        "8106-7",
        "Oldamine:MCnc:Pt:Ser/Plas:Qn:",
        "Deprecated Oldamine in Serum or Plasma",
        false,
    ),
];
/// `8101-8` as a spreadsheet stores it: the days to August 8101.
const DAYS_OF_8101_8: f64 = 2_265_083.0;

pub(super) fn small() -> Vocabulary {
    let system = "http://loinc.org";
    let replaced = MappingRecord::new((system, "8105-9"), (system, Some("8101-8")), Relationship::Equivalent);
    laboratory(Some("1.0"), TERMS, &[replaced])
}

pub(super) fn source(pairs: &[(Role, &str)]) -> SourceItem {
    let mut item = SourceItem::default();
    pairs.iter().for_each(|(role, value)| item.set(*role, value));
    item
}

fn zorvin() -> SourceItem {
    source(&[(Role::Code, "007"), (Role::Name, "Zorvin"), (Role::Unit, "mg/dL")])
}

fn quaxocytes() -> SourceItem {
    source(&[(Role::Name, "Quaxocytes"), (Role::Specimen, "blood")])
}

pub(super) fn scope(name: &str) -> Scope {
    Scope {
        name: name.into(),
        target: "http://loinc.org".into(),
    }
}

pub(super) fn actor(who: &str) -> Actor {
    Actor {
        who: who.into(),
        at: "2026-01-02T03:04:05Z".into(),
        blind: false,
    }
}

fn mapper(store: &DecisionStore, site: &str) -> Mapper {
    let options = MapOptions {
        target: "loinc".into(),
        explain: true,
        earlier: store.earlier(&scope(site)).unwrap(),
        ..MapOptions::default()
    };
    Mapper::new(&options, &small()).unwrap()
}

/// Maps these and puts the outcomes into the store, as `tern map --queue` does.
pub(super) fn run(store: &mut DecisionStore, site: &str, sources: &[SourceItem]) -> Added {
    let mapper = mapper(store, site);
    let kept = sources.iter().enumerate().map(|(at, source)| Kept {
        source: source.clone(),
        outcome: mapper.map_one(source),
        count: 10.0 + at as f64,
    });
    let (batch, _) = batch(scope(site), Some("1.0".into()), kept.collect());
    store.add(&batch, &actor("tern")).unwrap()
}

fn map(store: &DecisionStore, site: &str, source: &SourceItem) -> Outcome {
    mapper(store, site).map_one(source)
}

fn say(item: i64, state: State, code: &str) -> Decision {
    Decision {
        item,
        state,
        code: (!code.is_empty()).then(|| code.to_owned()),
        version: None,
        relationship: (state == State::Accepted).then_some(Relationship::Equivalent),
        comment: String::new(),
    }
}

pub(super) fn store() -> (tempfile::TempDir, DecisionStore) {
    let room = tempfile::tempdir().unwrap();
    let store = DecisionStore::open(&room.path().join("d.sqlite")).unwrap();
    (room, store)
}

#[test]
fn a_run_can_be_added_again() {
    let (_room, mut store) = store();
    let sources = [zorvin(), quaxocytes()];
    assert_eq!(run(&mut store, "here", &sources).new, 2);
    let events = store.histories().unwrap();
    assert_eq!(
        run(&mut store, "here", &sources),
        Added {
            unchanged: 2,
            ..Added::default()
        }
    );
    assert_eq!(store.histories().unwrap(), events);
    let item = store.item(1).unwrap();
    assert_eq!((item.source.clone(), item.count), (zorvin(), 10.0));
    assert!(!item.proposal.suggestions.is_empty());
    assert!(!item.proposal.suggestions[0].explained().words_matched.is_empty());
}

#[test]
fn what_is_accepted_is_the_target_in_its_scope_and_evidence_elsewhere() {
    let (_room, mut store) = store();
    let before = map(&store, "there", &zorvin());
    run(&mut store, "here", &[zorvin()]);
    store.decide(&say(1, State::Accepted, "8102-6"), &actor("anna")).unwrap();
    let here = map(&store, "here", &zorvin());
    assert_eq!((here.status, here.candidates[0].code.as_str()), (Status::Mapped, "8102-6"));
    assert!(here.reason.contains("anna on 2026-01-02"), "{}", here.reason);
    let there = map(&store, "there", &zorvin());
    assert_ne!(there.status, Status::Mapped, "evidence never accepts by itself");
    assert!(there.reason.contains("accepted at here: 8102-6"), "{}", there.reason);
    let probability = |outcome: &Outcome| {
        let one = outcome.candidates.iter().find(|candidate| candidate.code == "8102-6");
        one.map_or(0.0, |one| one.probability)
    };
    assert!(probability(&there) > probability(&before));
    assert!(there.stages.iter().any(|stage| stage.note.contains("accepted at here")));
    let other = source(&[(Role::Name, "Zorvin"), (Role::Unit, "mmol/L")]);
    assert!(
        !map(&store, "there", &other).reason.contains("accepted at"),
        "another unit is another test"
    );
}

#[test]
fn every_column_of_a_source_tells_it_from_others() {
    for role in Role::TUPLE {
        let (_room, mut store) = store();
        let mut other = zorvin();
        other.set(role, "something else");
        run(&mut store, "here", &[zorvin(), other.clone()]);
        assert_eq!(store.item(1).unwrap().source, zorvin(), "{}", role.as_str());
        assert_eq!(store.item(2).unwrap().source, other, "{}", role.as_str());
        store.decide(&say(2, State::Accepted, "8102-6"), &actor("anna")).unwrap();
        assert!(map(&store, "here", &other).reason.contains("anna on"), "{}", role.as_str());
        assert!(
            !map(&store, "here", &zorvin()).reason.contains("anna on"),
            "{}",
            role.as_str()
        );
    }
}

#[test]
fn what_is_rejected_never_comes_back_in_its_scope() {
    let (_room, mut store) = store();
    run(&mut store, "here", &[zorvin()]);
    let first = store.item(1).unwrap().proposal.suggestions[0].code.clone();
    store.decide(&say(1, State::Rejected, &first), &actor("anna")).unwrap();
    let next = map(&store, "here", &zorvin());
    assert!(next.candidates.iter().all(|candidate| candidate.code != first));
    assert_ne!(next.status, Status::Mapped);
    let elsewhere = map(&store, "there", &zorvin());
    assert!(elsewhere.candidates.iter().any(|candidate| candidate.code == first));
    run(&mut store, "here", &[zorvin()]);
    assert_eq!(store.item(1).unwrap().standing.state, State::Suggested);
}

#[test]
fn no_match_is_reused() {
    let (_room, mut store) = store();
    run(&mut store, "here", &[zorvin()]);
    store.decide(&say(1, State::NoMatch, ""), &actor("anna")).unwrap();
    assert_eq!(map(&store, "here", &zorvin()).status, Status::Unmapped);
    assert_eq!(run(&mut store, "here", &[zorvin()]).unchanged, 1);
}

#[test]
fn a_decision_on_a_retired_code_is_flagged_with_what_replaces_it() {
    let (_room, mut store) = store();
    run(&mut store, "here", &[zorvin(), quaxocytes()]);
    store.decide(&say(1, State::Accepted, "8105-9"), &actor("anna")).unwrap();
    store.decide(&say(2, State::Accepted, "9999-9"), &actor("anna")).unwrap();
    let retired = map(&store, "here", &zorvin());
    assert_eq!(
        (retired.status, retired.candidates[0].code.as_str()),
        (Status::Ambiguous, "8101-8")
    );
    assert!(retired.reason.contains("8105-9, which is retired"), "{}", retired.reason);
    let gone = map(&store, "here", &quaxocytes());
    assert_eq!((gone.status, gone.candidates[0].code.as_str()), (Status::Ambiguous, "8104-2"));
    assert!(gone.reason.contains("9999-9, which is not in"), "{}", gone.reason);
    assert_eq!(run(&mut store, "here", &[zorvin(), quaxocytes()]).reopened, 2);
    assert_eq!(run(&mut store, "here", &[zorvin(), quaxocytes()]).unchanged, 2);
    assert_eq!(store.item(1).unwrap().standing.state, State::NeedsSecondReview);
    store.decide(&say(1, State::Accepted, "8101-8"), &actor("anna")).unwrap();
    assert_eq!(map(&store, "here", &zorvin()).status, Status::Mapped);
}

#[test]
fn two_blind_reviewers_and_an_adjudicator() {
    let (_room, mut store) = store();
    run(&mut store, "here", &[zorvin()]);
    let blind = |who: &str| Actor {
        blind: true,
        ..actor(who)
    };
    store.decide(&say(1, State::Accepted, "8101-8"), &blind("anna")).unwrap();
    assert_ne!(map(&store, "here", &zorvin()).candidates[0].code, "");
    assert!(matches!(
        store.decide(&say(1, State::NoMatch, ""), &actor("bert")),
        Err(ReviewError::AwaitsSecond { item: 1 })
    ));
    assert!(matches!(store.undo(1, &actor("bert")), Err(ReviewError::NotYours { .. })));
    let waiting = store.item(1).unwrap();
    assert_eq!(waiting.standing.code, None, "nobody sees what the first one said");
    let wanted = |who: &str, blind: bool| Wanted {
        who: who.into(),
        blind,
        ..Wanted::default()
    };
    assert!(wanted("bert", true).takes(&waiting));
    assert!(!wanted("anna", true).takes(&waiting) && !wanted("bert", false).takes(&waiting));
    store.decide(&say(1, State::NoMatch, ""), &blind("bert")).unwrap();
    let split = store.item(1).unwrap();
    assert_eq!(split.standing.dispute, ["anna: accepted 8101-8", "bert: no-match"]);
    assert!(!wanted("bert", true).takes(&split) && wanted("cleo", false).takes(&split));
    store.decide(&say(1, State::Accepted, "8101-8"), &actor("cleo")).unwrap();
    let settled = store.item(1).unwrap().standing;
    assert_eq!(
        (settled.author.as_deref(), settled.reviewer.as_deref()),
        (Some("anna"), Some("cleo"))
    );
    let histories = store.histories().unwrap();
    let measured = agreement::agreement(histories.values().map(Vec::as_slice));
    assert_eq!((measured[0].items, measured[0].same), (1, 0));
}

#[test]
fn two_programs_write_one_after_the_other() {
    let (room, mut store) = store();
    run(&mut store, "here", &[zorvin()]);
    let path = room.path().join("d.sqlite");
    let writers: Vec<_> = ["a", "b", "c", "d"]
        .into_iter()
        .map(|who| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut store = DecisionStore::open_existing(&path).unwrap();
                for round in 0..10 {
                    let state = if round % 2 == 0 {
                        State::NoMatch
                    } else {
                        State::NeedsSecondReview
                    };
                    store.decide(&say(1, state, ""), &actor(who)).unwrap();
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let events = store.history(1).unwrap();
    assert!(events.len() > 4, "{}", events.len());
    assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id));
}

fn importing() -> ImportOptions {
    ImportOptions {
        scope: "here".into(),
        reviewer: Some("anna".into()),
        at: "2026-01-02T03:04:05Z".into(),
        blind: false,
        check_only: false,
    }
}

fn write(room: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = room.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The export as CSV, with these cells filled in: item, column, text.
fn filled(store: &DecisionStore, cells: &[(i64, &str, &str)]) -> Vec<u8> {
    let items = queue(
        store.items(None, None).unwrap(),
        &Wanted {
            auto: true,
            ..Wanted::default()
        },
    );
    let exported = table(&items, SheetFormat::Csv, Path::new("q.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(exported.as_slice());
    let header = reader.headers().unwrap().clone();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let item: i64 = record[0].parse().unwrap();
        let field = |(at, old): (usize, &str)| {
            let new = cells.iter().find(|(of, column, _)| *of == item && *column == &header[at]);
            new.map_or(old.to_owned(), |(_, _, text)| (*text).to_owned())
        };
        let fields: Vec<String> = record.iter().enumerate().map(field).collect();
        writer.write_record(&fields).unwrap();
    }
    writer.into_inner().unwrap()
}

fn faults(result: Result<Imported, ReviewError>) -> Vec<String> {
    match result {
        Err(ReviewError::Lines { faults, .. }) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_comes_back_with_decisions_even_from_a_spreadsheet_that_damaged_it() {
    let (room, mut store) = store();
    run(&mut store, "here", &[zorvin(), quaxocytes()]);
    let damaged = DAYS_OF_8101_8.to_string();
    let cells = [
        (1, "decision", "Accepted"),
        (1, "target_code", damaged.as_str()),
        (1, "source_code", "7"),
        (1, "comment", "looked it up, \"twice\""),
        (2, "decision", "no match"),
        (2, "reviewer", "bert"),
    ];
    let path = write(room.path(), "back.csv", &filled(&store, &cells));
    let imported = import(&mut store, &path, &importing(), &small()).unwrap();
    assert_eq!(imported.recorded.values().sum::<u64>(), 2);
    assert!(
        imported.repairs[0].message.contains("read as 8101-8"),
        "{:?}",
        imported.repairs
    );
    let one = store.item(1).unwrap().standing;
    assert_eq!((one.state, one.code.as_deref()), (State::Accepted, Some("8101-8")));
    assert_eq!(one.comment, "looked it up, \"twice\"");
    assert_eq!(store.history(1).unwrap().last().unwrap().version.as_deref(), Some("1.0"));
    let two = store.item(2).unwrap().standing;
    assert_eq!((two.state, two.author.as_deref()), (State::NoMatch, Some("bert")));
    let again = import(&mut store, &path, &importing(), &small()).unwrap();
    assert_eq!((again.unchanged, again.recorded.len()), (2, 0));
}

#[test]
fn a_workbook_has_text_cells_and_comes_back() {
    let (room, mut store) = store();
    run(&mut store, "here", &[zorvin(), quaxocytes()]);
    let items = store.items(None, None).unwrap();
    let bytes = table(&items, SheetFormat::Xlsx, Path::new("q.xlsx")).unwrap();
    assert_eq!(bytes, table(&items, SheetFormat::Xlsx, Path::new("q.xlsx")).unwrap());
    let path = write(room.path(), "q.xlsx", &bytes);
    let rows = sheet::read(&path).unwrap();
    assert_eq!(rows[0].get("source_code"), "007");
    assert_eq!(rows[0].get("candidate_1_code"), items[0].proposal.suggestions[0].code);
    assert_eq!(import(&mut store, &path, &importing(), &small()).unwrap().blank, 2);
    // What a person would save: the same cells, a date where a code was typed into a cell that is no text.
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let date = rust_xlsxwriter::Format::new().set_num_format("mmm-yy");
    for (at, name) in ["item", "revision", "decision", "target_code", "relationship", "comment"]
        .iter()
        .enumerate()
    {
        sheet.write_string(0, at as u16, *name).unwrap();
    }
    sheet.write_number(2, 0, 1.0).unwrap();
    sheet.write_number(2, 1, items[0].revision as f64).unwrap();
    sheet.write_string(2, 2, "accepted").unwrap();
    sheet.write_number_with_format(2, 3, DAYS_OF_8101_8, &date).unwrap();
    sheet.write_string(2, 4, "related-to").unwrap();
    let path = write(room.path(), "back.xlsx", &workbook.save_to_buffer().unwrap());
    let imported = import(&mut store, &path, &importing(), &small()).unwrap();
    assert_eq!(imported.repairs[0].row, 3);
    let standing = store.item(1).unwrap().standing;
    assert_eq!(
        (standing.code.as_deref(), standing.relationship),
        (Some("8101-8"), Some(Relationship::RelatedTo))
    );
}

#[test]
fn every_line_is_checked_and_nothing_is_half_imported() {
    let (room, mut store) = store();
    run(&mut store, "here", &[zorvin(), quaxocytes()]);
    let before = store.histories().unwrap();
    for (cell, word) in [
        ((1, "target_code", "12345-6"), "check digit"),
        ((1, "target_code", "nonsense"), "no code"),
        ((1, "target_code", "8105-9"), "replaced by 8101-8"),
        ((1, "target_code", "8106-7"), "no loaded map says"),
        ((1, "target_code", "1.23E+17"), "rounded by a spreadsheet"),
        ((1, "decision", "perhaps"), "no decision"),
        ((1, "decision", "auto"), "no decision"),
        ((1, "decision", "no-match"), "names no target"),
        ((1, "source_name", "Quaxocytes"), "mixed up"),
        ((1, "item", "77"), "no item 77"),
        ((1, "item", ""), "same thing"),
        ((1, "relationship", "cousin"), "no relationship"),
        ((1, "revision", "x"), "no number"),
        ((1, "scope", "elsewhere"), "scope"),
    ] {
        let base = [
            (1, "decision", "accepted"),
            (1, "target_code", "8101-8"),
            (2, "decision", "accepted"),
        ];
        let mut cells = vec![cell];
        cells.extend(base);
        let path = write(room.path(), "bad.csv", &filled(&store, &cells));
        if cell.1 == "item" && cell.2.is_empty() {
            // Without its number the tuple finds the item.
            let options = ImportOptions {
                check_only: true,
                ..importing()
            };
            assert_eq!(
                import(&mut store, &path, &options, &small()).unwrap().recorded[&State::Accepted],
                2
            );
            continue;
        }
        let faults = faults(import(&mut store, &path, &importing(), &small()));
        assert_eq!(faults.len(), 1, "{cell:?}: {faults:?}");
        assert!(
            faults[0].starts_with("row ") && faults[0].contains(word),
            "{cell:?}: {faults:?}"
        );
        assert_eq!(store.histories().unwrap(), before, "{cell:?}");
    }
}

#[test]
fn lines_that_contradict_each_other_or_are_late_are_refused() {
    let (room, mut store) = store();
    run(&mut store, "here", &[zorvin()]);
    let one = filled(&store, &[(1, "decision", "accepted"), (1, "target_code", "8101-8")]);
    let other = filled(&store, &[(1, "decision", "no-match")]);
    let mut both = one.clone();
    both.extend(String::from_utf8(other).unwrap().lines().nth(1).unwrap().bytes());
    let path = write(room.path(), "both.csv", &both);
    let found = faults(import(&mut store, &path, &importing(), &small()));
    assert!(
        found[0].contains("row 2: row 3") && found[1].contains("row 3: row 2"),
        "{found:?}"
    );
    store.decide(&say(1, State::NoMatch, ""), &actor("bert")).unwrap();
    let path = write(room.path(), "late.csv", &one);
    let found = faults(import(&mut store, &path, &importing(), &small()));
    assert!(found[0].contains("decided by bert"), "{found:?}");
    let stranger = String::from_utf8(filled(&store, &[])).unwrap();
    assert_eq!(stranger.lines().count(), 1, "what is decided is no longer in the queue");
    let text = "source_name,target_system,decision,target_code\nUnheard,loinc,accepted,8101-8\n";
    let path = write(room.path(), "stranger.csv", text.as_bytes());
    let found = faults(import(&mut store, &path, &importing(), &small()));
    assert!(found[0].contains("has this tuple"), "{found:?}");
    let path = write(room.path(), "other.csv", b"a,b\n1,2\n");
    let error = import(&mut store, &path, &importing(), &small()).unwrap_err().to_string();
    assert!(error.contains("decision and target_code"), "{error}");
}

#[test]
fn two_reviewers_can_fill_in_the_same_export() {
    let (room, mut store) = store();
    run(&mut store, "here", &[zorvin()]);
    let table = filled(&store, &[(1, "decision", "accepted"), (1, "target_code", "8101-8")]);
    let path = write(room.path(), "table.csv", &table);
    for (who, state) in [("anna", State::NeedsSecondReview), ("bert", State::Accepted)] {
        let options = ImportOptions {
            reviewer: Some(who.into()),
            blind: true,
            ..importing()
        };
        import(&mut store, &path, &options, &small()).unwrap();
        assert_eq!(store.item(1).unwrap().standing.state, state, "{who}");
    }
}

#[test]
fn the_queue_begins_where_a_look_avoids_most_errors() {
    let (_room, mut store) = store();
    let names = ["Zorvin", "Zorvin urine", "Quaxocytes", "Zorvin thing", "Zorvin what"];
    let sources: Vec<SourceItem> = names.iter().map(|name| source(&[(Role::Name, name)])).collect();
    run(&mut store, "here", &sources);
    let wanted = Wanted {
        auto: true,
        ..Wanted::default()
    };
    let queued = queue(store.items(None, None).unwrap(), &wanted);
    assert_eq!(queued.len(), names.len());
    let errors: Vec<f64> = queued.iter().map(Item::expected_errors).collect();
    assert!(errors.windows(2).all(|pair| pair[0] >= pair[1]), "{errors:?}");
    let mut items = store.items(None, None).unwrap();
    items.reverse();
    assert_eq!(queue(items, &wanted), queued, "whatever the order they come in");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn history_never_loses_an_event_and_undo_restores_the_state(steps in proptest::collection::vec((0usize..7, 0usize..3, any::<bool>()), 1..25)) {
        let (_room, mut store) = store();
        run(&mut store, "here", &[zorvin()]);
        let mut kept = store.history(1).unwrap();
        let mut undoable: Vec<Standing> = Vec::new();
        for (step, who, blind) in steps {
            let actor = Actor { blind, ..actor(["anna", "bert", "cleo"][who]) };
            let before = store.item(1).unwrap().standing;
            let done = match step {
                0 => store.decide(&say(1, State::Accepted, "8101-8"), &actor),
                1 => store.decide(&say(1, State::Accepted, "8102-6"), &actor),
                2 => store.decide(&say(1, State::Rejected, "8101-8"), &actor),
                3 => store.decide(&say(1, State::NoMatch, ""), &actor),
                4 => store.decide(&say(1, State::NeedsSecondReview, ""), &actor),
                _ => store.undo(1, &actor).map(|event| Some(-event.id)),
            };
            let after = store.item(1).unwrap().standing;
            match done {
                Ok(Some(undone)) if undone < 0 => prop_assert_eq!(Some(after), undoable.pop()),
                Ok(Some(_)) => undoable.push(before),
                Ok(None) | Err(_) => prop_assert_eq!(after, before),
            }
            let now = store.history(1).unwrap();
            prop_assert_eq!(&now[..kept.len()], kept.as_slice());
            kept = now;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn whatever_is_in_the_cells_an_import_takes_all_lines_or_none(
        cells in proptest::collection::vec((1i64..3, 0usize..9, 0usize..14), 0..8),
        blind in any::<bool>(),
    ) {
        let (room, mut store) = store();
        run(&mut store, "here", &[zorvin(), quaxocytes()]);
        let before = store.histories().unwrap();
        let columns = ["item", "revision", "decision", "target_code", "relationship", "comment", "reviewer", "source_name", "unit"];
        let texts = ["", "1", "2", "1.0", "-1", "1e300", "accepted", "rejected", "no-match", "8101-8", "2265083", "equivalent", "bert", "\u{0}\n\"é"];
        let cells: Vec<(i64, &str, &str)> = cells.iter().map(|(item, column, text)| (*item, columns[*column], texts[*text])).collect();
        let path = write(room.path(), "any.csv", &filled(&store, &cells));
        let options = ImportOptions { blind, ..importing() };
        match import(&mut store, &path, &options, &small()) {
            Ok(imported) => {
                let events: usize = store.histories().unwrap().values().map(Vec::len).sum();
                let recorded: u64 = imported.recorded.values().sum();
                prop_assert_eq!(events, before.values().map(Vec::len).sum::<usize>() + recorded as usize);
            }
            Err(ReviewError::Lines { faults, .. }) => {
                prop_assert!(!faults.is_empty());
                prop_assert_eq!(store.histories().unwrap(), before);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn a_damaged_workbook_is_an_error_and_never_a_panic(places in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..12), cut in any::<usize>()) {
        let (room, mut store) = store();
        run(&mut store, "here", &[zorvin()]);
        let items = store.items(None, None).unwrap();
        let mut bytes = table(&items, SheetFormat::Xlsx, Path::new("q.xlsx")).unwrap();
        let length = bytes.len();
        for (place, byte) in places {
            bytes[4 + place % (length - 4)] = byte;
        }
        if cut % 3 == 0 {
            bytes.truncate(4 + cut % length);
        }
        let path = write(room.path(), "any.xlsx", &bytes);
        let _ = import(&mut store, &path, &importing(), &small());
    }
}

//! The reviewer driven by keys and drawn on a terminal that is none, 80 columns by 24 lines.

use super::*;
use crate::mapper::Role;
use crate::review::tests::{actor, scope, source, store};
use crate::review::{Batch, Entry, Proposal, Suggestion, Wanted, queue};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::path::Path;
use tern_index::model::Relationship;

struct Fixed;

impl Vocabulary for Fixed {
    fn search(&self, _: &str, text: &str) -> Vec<(String, String)> {
        let all = [
            ("8104-2", "Quaxocytes [#/volume] in Blood"),
            ("8109-1", "Quaxin [Mass/volume] in Blood"),
        ];
        let found = all.iter().filter(|(_, display)| display.to_lowercase().contains(text));
        found
            .map(|(code, display)| ((*code).to_owned(), (*display).to_owned()))
            .collect()
    }

    fn version(&self, _: &str) -> Option<String> {
        Some("1.0".into())
    }

    fn is_in_use(&self, _: &str, code: &str) -> bool {
        code != "8105-9"
    }

    fn now(&self) -> String {
        "2026-01-02T03:04:05Z".into()
    }
}

fn suggestion(code: &str, display: &str, probability: f32, explanation: &str) -> Suggestion {
    Suggestion {
        code: code.into(),
        display: display.into(),
        probability,
        relationship: Relationship::Equivalent,
        match_type: "lexical".into(),
        explanation: explanation.into(),
    }
}

fn entry(pairs: &[(Role, &str)], count: f64, suggestions: Vec<Suggestion>) -> Entry {
    Entry {
        source: source(pairs),
        count,
        proposal: Proposal {
            state: State::Suggested,
            status: "ambiguous".into(),
            reason: "close candidates differ in specimen and unit".into(),
            details: r#"{"would_decide":["specimen: Ser/Plas or Urine","unit"],"repairs":["the name is read as \"zorvin\""]}"#
                .into(),
            suggestions,
        },
        repeats: false,
    }
}

const SERUM: &str = r#"{"matched":"Zorvin:MCnc:Pt:Ser/Plas:Qn:","matched_kind":"part-of-fully-specified-name",
    "words_matched":["zorvin"],"words_source_only":["level"],"words_target_only":[],
    "constraints":[{"axis":"unit","source":"mg/dL","target":"mass/volume","verdict":"satisfied"},
                   {"axis":"specimen","source":"","target":"Ser/Plas","verdict":"unknown"}]}"#;
const MOLES: &str = r#"{"matched":"Zorvin:SCnc:Pt:Ser/Plas:Qn:","matched_kind":"synonym","words_matched":["zorvin"],
    "constraints":[{"axis":"unit","source":"mg/dL","target":"moles/volume","verdict":"broken"}]}"#;

fn entries() -> Vec<Entry> {
    vec![
        entry(
            &[
                (Role::Code, "007"),
                (Role::Name, "Zorvin level"),
                (Role::Unit, "mg/dL"),
                (Role::Section, "Chemistry"),
            ],
            12_345.0,
            vec![
                suggestion("8101-8", "Zorvin [Mass/volume] in Serum or Plasma", 0.62, SERUM),
                suggestion("8103-4", "Zorvin [Mass/volume] in Urine", 0.21, "{}"),
                suggestion("8102-6", "Zorvin [Moles/volume] in Serum or Plasma", 0.04, MOLES),
            ],
        ),
        entry(&[(Role::Name, "quax")], 40.0, vec![]),
        entry(
            &[(Role::Name, "Retired thing")],
            7.0,
            vec![suggestion("8105-9", "Deprecated Zorvin in Serum or Plasma", 0.3, "not json")],
        ),
    ]
}

struct Desk {
    _room: tempfile::TempDir,
    store: DecisionStore,
    review: Review,
}

fn desk() -> Desk {
    let (room, mut store) = store();
    let batch = Batch {
        scope: scope("north"),
        release: Some("1.0".into()),
        knew_decisions: true,
        entries: entries(),
    };
    store.add(&batch, &actor("tern")).unwrap();
    let items = queue(store.items(None, None).unwrap(), &Wanted::default());
    Desk {
        _room: room,
        store,
        review: Review::new(items, "anna", false),
    }
}

impl Desk {
    fn press(&mut self, code: KeyCode) {
        if let Some(wish) = self.review.key(code) {
            grant(&mut self.review, wish, &mut self.store, &Fixed);
        }
    }

    /// Keys by their characters; `<Enter>`, `<Down>` and the like by their names.
    fn script(&mut self, script: &str) -> &mut Self {
        let mut rest = script;
        while let Some(character) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|named| named.split_once('>'));
            let (key, after) = match named {
                Some(("Enter", after)) => (KeyCode::Enter, after),
                Some(("Esc", after)) => (KeyCode::Esc, after),
                Some(("Up", after)) => (KeyCode::Up, after),
                Some(("Down", after)) => (KeyCode::Down, after),
                Some(("Back", after)) => (KeyCode::Backspace, after),
                _ => (KeyCode::Char(character), &rest[character.len_utf8()..]),
            };
            self.press(key);
            rest = after;
        }
        self
    }

    fn screen(&self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| draw(frame, &self.review, &Theme { colour: true }))
            .unwrap();
        let buffer = terminal.backend().buffer().clone();
        let lines = buffer.content().chunks(usize::from(width));
        let line = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
        lines.map(|cells| line(cells).trim_end().to_owned() + "\n").collect()
    }

    /// Compares the screen with a file; with TERN_BLESS set, it writes the file.
    fn shows(&self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/review-{name}.txt"));
        let screen = self.screen(80, 24);
        if std::env::var_os("TERN_BLESS").is_some() {
            std::fs::write(&path, &screen).unwrap();
        }
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            screen,
            wanted,
            "{}: see it, and bless it with TERN_BLESS=1\n{screen}",
            path.display()
        );
    }

    fn state(&self, item: i64) -> (State, Option<String>) {
        let standing = self.store.item(item).unwrap().standing;
        (standing.state, standing.code)
    }
}

#[test]
fn an_item_is_shown_with_candidates_and_reasons() {
    let mut desk = desk();
    desk.shows("item");
    desk.script("3").shows("broken");
    desk.script("?").shows("help");
}

#[test]
fn keys_decide_and_undo() {
    let mut desk = desk();
    desk.script("<Down><Enter>");
    assert_eq!(desk.state(1), (State::Accepted, Some("8103-4".into())));
    let event = desk.store.history(1).unwrap().pop().unwrap();
    assert_eq!((event.who.as_str(), event.version.as_deref()), ("anna", Some("1.0")));
    desk.script("n");
    assert_eq!(desk.state(2), (State::NoMatch, None));
    desk.script("uu");
    assert_eq!(desk.state(2).0, State::Suggested);
    assert_eq!(desk.state(1).0, State::Suggested);
    assert_eq!(desk.review.place(), 0);
    desk.script("u");
    assert!(desk.review.message().contains("nothing was decided"));
    assert_eq!(desk.store.history(1).unwrap().len(), 3, "undoing loses nothing");
}

#[test]
fn a_rejected_candidate_goes_and_the_next_one_can_be_accepted() {
    let mut desk = desk();
    desk.script("r");
    assert_eq!(desk.review.candidate().unwrap().code, "8103-4");
    desk.shows("rejected");
    desk.script("cnot serum<Back><Back><Enter>ta");
    assert_eq!(desk.state(1), (State::Accepted, Some("8103-4".into())));
    let standing = desk.store.item(1).unwrap().standing;
    assert_eq!(standing.rejected, ["8101-8"]);
    assert_eq!(standing.comment, "not ser");
    assert_eq!(standing.relationship, Some(Relationship::SourceIsNarrowerThanTarget));
}

#[test]
fn a_hit_of_a_search_becomes_a_candidate() {
    let mut desk = desk();
    desk.script("sa");
    assert!(desk.review.message().contains("there is no candidate"));
    desk.script("/qua").shows("search");
    desk.script("<Down><Enter>");
    assert_eq!(desk.review.candidate().unwrap().code, "8109-1");
    desk.shows("picked");
    desk.script("a");
    assert_eq!(desk.state(2), (State::Accepted, Some("8109-1".into())));
    desk.script("/zz<Esc>").script("<Enter>");
    assert!(desk.review.message().contains("not in use"), "{}", desk.review.message());
    assert_eq!(desk.state(3).0, State::Suggested);
}

#[test]
fn the_end_says_what_was_done_and_one_can_go_back() {
    let mut desk = desk();
    desk.script("ans");
    desk.shows("end");
    desk.script("b");
    assert_eq!(desk.review.place(), 2);
    desk.script("q");
    assert_eq!(*desk.review.mode(), Mode::Quit);
}

#[test]
fn failures_are_told_and_change_nothing() {
    let mut desk = desk();
    let blind = Actor {
        blind: true,
        ..actor("bert")
    };
    let decision = Decision {
        item: 1,
        state: State::NoMatch,
        code: None,
        version: None,
        relationship: None,
        comment: String::new(),
    };
    desk.store.decide(&decision, &blind).unwrap();
    desk.script("a");
    assert!(
        desk.review.message().contains("second blind reviewer"),
        "{}",
        desk.review.message()
    );
    assert_eq!(desk.review.place(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_keys_on_any_screen_are_fine(keys in proptest::collection::vec(0usize..26, 0..40), width in 1u16..130, height in 1u16..50) {
        let mut desk = desk();
        let all = ["1", "2", "9", "a", "r", "n", "w", "s", "b", "t", "c", "/", "?", "u", "q", "x", "é", "<Enter>", "<Esc>", "<Up>",
            "<Down>", "<Back>", "qua", "\u{1F600}", "\t", "k"];
        for key in keys {
            desk.script(all[key]);
        }
        desk.screen(width, height);
    }
}

//! What the reviewer's terminal shows and what keys do, without a terminal: keys in, wishes out.
//!
//! Whatever needs the decisions or the vocabulary is a [`Wish`] that the caller grants and tells the result of, so that a
//! script of keys can drive all of it in a test. Nothing is drawn here.

use crate::review::item::{Item, Suggestion};
use crate::review::state::State;
use crate::review::store::Decision;
use ratatui::crossterm::event::KeyCode;
use tern_index::model::Relationship;

/// Hits of a search that are shown.
pub const MOST_HITS: usize = 50;

/// What the keys do just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Looking at an item.
    Browse,
    /// Typing what to search for, and picking a hit.
    Search {
        /// As typed.
        text: String,
        /// Codes found with their displays.
        hits: Vec<(String, String)>,
        /// The hit that is marked.
        marked: usize,
    },
    /// Typing a comment.
    Comment {
        /// As typed.
        text: String,
    },
    /// Reading what keys do.
    Help,
    /// Leaving.
    Quit,
}

/// What the terminal cannot do by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Record this.
    Decide(Decision),
    /// Take back the last decision on this item.
    Undo(i64),
    /// Search the target of an item.
    Search {
        /// Canonical URL of the target.
        target: String,
        /// As typed.
        text: String,
    },
}

/// What became of an item while it was on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Not yet looked at.
    Waiting,
    /// Put off.
    Skipped,
    /// Decided.
    Decided,
}

/// A session of reviewing.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    items: Vec<Item>,
    seen: Vec<Seen>,
    at: usize,
    marked: usize,
    /// Targets that were searched for and picked, for the item on the screen.
    picked: Vec<Suggestion>,
    relationship: Option<Relationship>,
    comment: String,
    /// Decided items, the last one last.
    done: Vec<usize>,
    mode: Mode,
    message: String,
    /// Who reviews.
    pub who: String,
    /// Whether this is one of two who do not see each other's decisions.
    pub blind: bool,
}

impl Review {
    /// A session over a queue.
    pub fn new(items: Vec<Item>, who: &str, blind: bool) -> Self {
        Self {
            seen: vec![Seen::Waiting; items.len()],
            items,
            at: 0,
            marked: 0,
            picked: Vec::new(),
            relationship: None,
            comment: String::new(),
            done: Vec::new(),
            mode: Mode::Browse,
            message: String::new(),
            who: who.to_owned(),
            blind,
        }
    }

    /// The item on the screen; none when all have been seen.
    pub fn item(&self) -> Option<&Item> {
        self.items.get(self.at)
    }

    /// Its place in the queue, from 0.
    pub fn place(&self) -> usize {
        self.at
    }

    /// Items in the queue.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing to review.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What the keys do.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// What there is to say about the last key.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The comment that goes with the next decision.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Items by what became of them, and the share of the rows that is decided.
    pub fn progress(&self) -> (usize, usize, f64) {
        let of = |wanted: Seen| self.seen.iter().filter(|seen| **seen == wanted).count();
        let volume = |item: &Item| item.count.max(1.0);
        let all: f64 = self.items.iter().map(volume).sum();
        let decided = self.items.iter().zip(&self.seen).filter(|(_, seen)| **seen == Seen::Decided);
        let decided = decided.map(|(item, _)| volume(item)).fold(0.0, |sum, one| sum + one);
        (
            of(Seen::Decided),
            of(Seen::Skipped),
            if all > 0.0 { decided / all } else { 0.0 },
        )
    }

    /// The candidates of the item on the screen: what was searched for first, then what is suggested and not rejected.
    pub fn candidates(&self) -> Vec<&Suggestion> {
        let suggested = self.item().into_iter().flat_map(Item::open_suggestions);
        let new = suggested.filter(|one| !self.picked.iter().any(|picked| picked.code == one.code));
        self.picked.iter().chain(new).collect()
    }

    /// The number of the candidate that is marked.
    pub fn marked(&self) -> usize {
        self.marked
    }

    /// The candidate that is marked.
    pub fn candidate(&self) -> Option<&Suggestion> {
        self.candidates().get(self.marked).copied()
    }

    /// How the source would relate to the marked candidate.
    pub fn relationship(&self) -> Relationship {
        let suggested = self.candidate().map(|one| one.relationship);
        self.relationship.or(suggested).unwrap_or(Relationship::Equivalent)
    }

    /// A key; what it wishes is to be granted before the next one.
    pub fn key(&mut self, key: KeyCode) -> Option<Wish> {
        self.message.clear();
        match &mut self.mode {
            Mode::Browse => self.browse(key),
            Mode::Search { .. } => self.search(key),
            Mode::Comment { text } => {
                match key {
                    KeyCode::Enter => {
                        self.comment = text.trim().to_owned();
                        self.mode = Mode::Browse;
                    }
                    KeyCode::Esc => self.mode = Mode::Browse,
                    other => edit(text, other),
                }
                None
            }
            Mode::Help => {
                self.mode = Mode::Browse;
                None
            }
            Mode::Quit => None,
        }
    }

    fn browse(&mut self, key: KeyCode) -> Option<Wish> {
        match key {
            KeyCode::Char('q') => self.mode = Mode::Quit,
            KeyCode::Char('?') => self.mode = Mode::Help,
            KeyCode::Char('u') => return self.undo(),
            KeyCode::Char('b') | KeyCode::Left => self.go(self.at.checked_sub(1).unwrap_or(self.at)),
            _ if self.item().is_none() => {}
            KeyCode::Up | KeyCode::Char('k') => self.mark(self.marked.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.mark(self.marked + 1),
            KeyCode::Char(digit @ '1'..='9') => self.mark(digit as usize - '1' as usize),
            KeyCode::Char('a') | KeyCode::Enter => return self.on_candidate(State::Accepted),
            KeyCode::Char('r') => return self.on_candidate(State::Rejected),
            KeyCode::Char('n') => return self.decide(State::NoMatch, None, None),
            KeyCode::Char('w') => return self.decide(State::NeedsSecondReview, None, None),
            KeyCode::Char('s') | KeyCode::Right => self.skip(),
            KeyCode::Char('t') => self.turn_relationship(),
            KeyCode::Char('c') => {
                self.mode = Mode::Comment {
                    text: self.comment.clone(),
                }
            }
            KeyCode::Char('/') => {
                self.mode = Mode::Search {
                    text: String::new(),
                    hits: Vec::new(),
                    marked: 0,
                }
            }
            _ => {}
        }
        None
    }

    fn search(&mut self, key: KeyCode) -> Option<Wish> {
        let target = self.item().map(|item| item.scope.target.clone()).unwrap_or_default();
        let Mode::Search { text, hits, marked } = &mut self.mode else {
            return None;
        };
        match key {
            KeyCode::Esc => self.mode = Mode::Browse,
            KeyCode::Up => *marked = marked.saturating_sub(1),
            KeyCode::Down => *marked = (*marked + 1).min(hits.len().saturating_sub(1)),
            KeyCode::Enter => {
                let (code, display) = hits.get(*marked).cloned()?;
                self.mode = Mode::Browse;
                self.pick(code, display);
            }
            other => {
                edit(text, other);
                let text = text.clone();
                return Some(Wish::Search { target, text });
            }
        }
        None
    }

    /// A hit becomes the first candidate and is marked; accepting it is another key.
    fn pick(&mut self, code: String, display: String) {
        self.picked.retain(|picked| picked.code != code);
        let suggested = self.item().into_iter().flat_map(|item| &item.proposal.suggestions);
        let known = suggested.into_iter().find(|one| one.code == code).cloned();
        let one = known.unwrap_or(Suggestion {
            code,
            display,
            probability: 0.0,
            relationship: Relationship::Equivalent,
            match_type: "searched".to_owned(),
            explanation: "{}".to_owned(),
        });
        self.message = format!("{} is the first candidate now; Enter accepts it", one.code);
        self.picked.insert(0, one);
        self.mark(0);
    }

    fn mark(&mut self, place: usize) {
        self.marked = place.min(self.candidates().len().saturating_sub(1));
        self.relationship = None;
    }

    fn turn_relationship(&mut self) {
        let now = self.relationship();
        let place = Relationship::ALL.iter().position(|one| *one == now).unwrap_or(0);
        // What is unrelated is rejected, not accepted as unrelated.
        let usable = Relationship::ALL.iter().filter(|one| **one != Relationship::NotRelatedTo);
        self.relationship = usable.cycle().nth(place + 1).copied();
    }

    fn on_candidate(&mut self, state: State) -> Option<Wish> {
        let Some(code) = self.candidate().map(|one| one.code.clone()) else {
            self.message = "there is no candidate; / searches, n says that there is no match".to_owned();
            return None;
        };
        let relationship = (state == State::Accepted).then(|| self.relationship());
        self.decide(state, Some(code), relationship)
    }

    fn decide(&mut self, state: State, code: Option<String>, relationship: Option<Relationship>) -> Option<Wish> {
        let item = self.item()?;
        Some(Wish::Decide(Decision {
            item: item.id,
            state,
            code,
            version: item.release.clone(),
            relationship,
            comment: self.comment.clone(),
        }))
    }

    fn undo(&mut self) -> Option<Wish> {
        let last = self.done.last().and_then(|place| self.items.get(*place));
        if last.is_none() {
            self.message = "nothing was decided in this session; `tern review undo ITEM` undoes older decisions".to_owned();
        }
        last.map(|item| Wish::Undo(item.id))
    }

    fn skip(&mut self) {
        if let Some(seen) = self.seen.get_mut(self.at).filter(|seen| **seen == Seen::Waiting) {
            *seen = Seen::Skipped;
        }
        self.go(self.at + 1);
    }

    fn go(&mut self, place: usize) {
        self.at = place.min(self.items.len());
        self.marked = 0;
        self.picked.clear();
        self.relationship = None;
        self.comment.clear();
    }

    /// What was decided has been recorded; the item is as it is now.
    pub fn decided(&mut self, item: Item, state: State) {
        let code = item.standing.code.clone().unwrap_or_default();
        let told = format!("item {}: {} {code}", item.id, state.as_str()).trim_end().to_owned();
        let stays = state == State::Rejected && item.open_suggestions().next().is_some();
        self.done.push(self.at);
        if let Some(place) = self.items.get_mut(self.at) {
            *place = item;
        }
        if stays {
            self.mark(self.marked);
            self.message = "rejected; it will not be suggested again".to_owned();
            return;
        }
        if let Some(seen) = self.seen.get_mut(self.at) {
            *seen = Seen::Decided;
        }
        self.go(self.at + 1);
        self.message = told;
    }

    /// The last decision has been taken back; the item is as it is now, and on the screen.
    pub fn undone(&mut self, item: Item) {
        let Some(place) = self.done.pop() else { return };
        let id = item.id;
        if let Some(known) = self.items.get_mut(place) {
            *known = item;
        }
        if let Some(seen) = self.seen.get_mut(place) {
            *seen = Seen::Waiting;
        }
        self.go(place);
        self.message = format!("the last decision on item {id} is undone");
    }

    /// Hits for the text that is typed.
    pub fn found(&mut self, found: Vec<(String, String)>) {
        if let Mode::Search { hits, marked, .. } = &mut self.mode {
            *hits = found;
            *marked = 0;
        }
    }

    /// A wish could not be granted.
    pub fn failed(&mut self, message: String) {
        self.message = message;
    }
}

fn edit(text: &mut String, key: KeyCode) {
    match key {
        KeyCode::Char(character) => text.push(character),
        KeyCode::Backspace => {
            text.pop();
        }
        _ => {}
    }
}

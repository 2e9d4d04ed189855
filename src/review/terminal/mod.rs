//! The terminal reviewer: one item at a time, its candidates with their reasons, a key for each decision.
//!
//! [`Review`] holds the state and [`draw`] paints it; this file grants what keys wish for and keeps the terminal: it is
//! put back as it was on leaving, on an error and on a panic.

mod draw;
mod session;
#[cfg(test)]
mod tests;

pub use draw::{Theme, draw};
pub use session::{MOST_HITS, Mode, Review, Seen, Wish};

use super::error::ReviewError;
use super::item::Item;
use super::state::State;
use super::store::{Actor, Decision, DecisionStore};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use std::io;

/// What reviewing needs of the rest of the house.
pub trait Vocabulary {
    /// Codes of a target with their displays, best first, [`MOST_HITS`] at most.
    fn search(&self, target: &str, text: &str) -> Vec<(String, String)>;
    /// The version of a target that is loaded.
    fn version(&self, target: &str) -> Option<String>;
    /// Whether a code is in the loaded version of a target, and in use.
    fn is_in_use(&self, target: &str, code: &str) -> bool;
    /// The time, as RFC 3339 in UTC.
    fn now(&self) -> String;
}

/// Grants what a key has wished for.
pub fn grant(review: &mut Review, wish: Wish, store: &mut DecisionStore, vocabulary: &dyn Vocabulary) {
    let actor = Actor {
        who: review.who.clone(),
        at: vocabulary.now(),
        blind: review.blind,
    };
    match wish {
        Wish::Search { target, text } => {
            let hits = if text.trim().is_empty() {
                Vec::new()
            } else {
                vocabulary.search(&target, &text)
            };
            review.found(hits);
        }
        Wish::Decide(mut decision) => {
            let target = review.item().map(|item| item.scope.target.clone()).unwrap_or_default();
            let code = decision.code.as_deref().unwrap_or("");
            if decision.state == State::Accepted && !vocabulary.is_in_use(&target, code) {
                review.failed(format!("{code} is not in use in the loaded version; map again with --queue"));
                return;
            }
            decision.version = vocabulary.version(&target);
            match decide(store, &decision, &actor) {
                Ok(item) => review.decided(item, decision.state),
                Err(error) => review.failed(error.to_string()),
            }
        }
        Wish::Undo(item) => match store.undo(item, &actor).and_then(|_| store.item(item)) {
            Ok(item) => review.undone(item),
            Err(error) => review.failed(error.to_string()),
        },
    }
}

fn decide(store: &mut DecisionStore, decision: &Decision, actor: &Actor) -> Result<Item, ReviewError> {
    store.decide(decision, actor)?;
    store.item(decision.item)
}

/// Runs the reviewer until somebody leaves it. The terminal is as it was before when this returns.
pub fn run(review: &mut Review, store: &mut DecisionStore, vocabulary: &dyn Vocabulary, theme: &Theme) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let left = keep_going(&mut terminal, review, store, vocabulary, theme);
    let restored = ratatui::try_restore();
    left.and(restored)
}

fn keep_going(
    terminal: &mut ratatui::DefaultTerminal,
    review: &mut Review,
    store: &mut DecisionStore,
    vocabulary: &dyn Vocabulary,
    theme: &Theme,
) -> io::Result<()> {
    while *review.mode() != Mode::Quit {
        terminal.draw(|frame| draw(frame, review, theme))?;
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('c' | 'd') if control => break,
            _ if control || alt => {}
            code => {
                if let Some(wish) = review.key(code) {
                    grant(review, wish, store, vocabulary);
                }
            }
        }
    }
    Ok(())
}

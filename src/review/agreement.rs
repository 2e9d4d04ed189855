//! How far two reviewers who did not see each other's decisions agree: the share, and Cohen's kappa.
//!
//! What is compared is what each of the two said of an item: a target, no target, or a rejection. Agreement by chance is
//! what their own habits would give. An adjudication comes later and changes nothing here. Only blind decisions count:
//! who has seen the other's decision is no second opinion.

use super::state::{Event, Kind, State, effective};
use serde::Serialize;
use std::collections::BTreeMap;

/// The agreement of two reviewers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The first of them by name; `None` over all pairs.
    pub reviewers: Option<(String, String)>,
    /// Items that both have decided.
    pub items: u64,
    /// Of these, how many in the same way.
    pub same: u64,
    /// Their share; `None` without items.
    pub raw: Option<f64>,
    /// Cohen's kappa; `None` where chance alone would make them agree on everything.
    pub kappa: Option<f64>,
}

/// What a reviewer said of an item.
type Said = (State, String);

/// The two blind decisions on an item, if both are in.
fn pair(events: &[Event]) -> Option<(&Event, &Event)> {
    let mut first: Option<&Event> = None;
    for event in effective(events).filter(|event| event.kind == Kind::Blind) {
        match first {
            Some(one) if one.who != event.who => return Some((one, event)),
            _ => first = Some(event),
        }
    }
    None
}

fn said(event: &Event) -> Said {
    (event.state, event.code.clone().unwrap_or_default())
}

fn measure(reviewers: Option<(String, String)>, pairs: &[(Said, Said)]) -> Agreement {
    let items = pairs.len() as f64;
    let same = pairs.iter().filter(|(left, right)| left == right).count();
    let mut left: BTreeMap<&Said, f64> = BTreeMap::new();
    let mut right: BTreeMap<&Said, f64> = BTreeMap::new();
    for (one, other) in pairs {
        *left.entry(one).or_default() += 1.0;
        *right.entry(other).or_default() += 1.0;
    }
    let raw = (!pairs.is_empty()).then(|| same as f64 / items);
    let shared = |said: &&Said| right.get(*said).copied().unwrap_or(0.0);
    let chance: f64 = left.iter().map(|(said, count)| count / items * (shared(said) / items)).sum();
    let kappa = raw.filter(|_| chance < 1.0).map(|raw| (raw - chance) / (1.0 - chance));
    Agreement {
        reviewers,
        items: pairs.len() as u64,
        same: same as u64,
        raw,
        kappa,
    }
}

/// Agreement by pair of reviewers in the order of their names, and over all of them as the last.
pub fn agreement<'e>(histories: impl Iterator<Item = &'e [Event]>) -> Vec<Agreement> {
    let mut by_pair: BTreeMap<(String, String), Vec<(Said, Said)>> = BTreeMap::new();
    for (first, second) in histories.filter_map(pair) {
        let (first, second) = if first.who <= second.who {
            (first, second)
        } else {
            (second, first)
        };
        let reviewers = (first.who.clone(), second.who.clone());
        by_pair.entry(reviewers).or_default().push((said(first), said(second)));
    }
    let all: Vec<(Said, Said)> = by_pair.values().flatten().cloned().collect();
    let mut found: Vec<Agreement> = by_pair.into_iter().map(|(who, pairs)| measure(Some(who), &pairs)).collect();
    if found.len() != 1 {
        found.push(measure(None, &all));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::event;
    use super::*;

    fn histories(said: &[(&str, &str)]) -> Vec<Vec<Event>> {
        let state = |code: &str| if code.is_empty() { State::NoMatch } else { State::Accepted };
        said.iter()
            .map(|(a, b)| {
                vec![
                    event(1, "b", Kind::Blind, state(b), b),
                    event(2, "a", Kind::Blind, state(a), a),
                ]
            })
            .collect()
    }

    #[test]
    fn kappa_is_that_of_the_textbook() {
        // Cohen's own kind of table: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no gives 0.4.
        let mut said = vec![("x", "x"); 20];
        said.extend([("x", ""); 5]);
        said.extend([("", "x"); 10]);
        said.extend([("", ""); 15]);
        let histories = histories(&said);
        let found = agreement(histories.iter().map(Vec::as_slice));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].items, found[0].same), (50, 35));
        assert!((found[0].kappa.unwrap() - 0.4).abs() < 1e-9, "{found:?}");
        assert_eq!(found[0].reviewers, Some(("a".into(), "b".into())));
    }

    #[test]
    fn there_is_none_without_two_decisions_and_no_kappa_without_a_choice() {
        let one = [vec![event(1, "a", Kind::Blind, State::NoMatch, "")]];
        let found = agreement(one.iter().map(Vec::as_slice));
        assert_eq!((found[0].items, found[0].raw, found[0].kappa), (0, None, None));
        let same = histories(&[("x", "x"), ("x", "x")]);
        let found = agreement(same.iter().map(Vec::as_slice));
        assert_eq!((found[0].raw, found[0].kappa), (Some(1.0), None));
    }
}

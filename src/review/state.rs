//! What a history of decisions comes to: the state of an item is folded from its events, never stored beside them.
//!
//! Pure: events in, state out. That is what makes undoing exact (an event that is undone is left out of the fold) and
//! lets tests try any history. Nothing here knows the database or who may see what.

use crate::mapper;
use std::collections::BTreeSet;
use tern_index::model::Relationship;

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// The mapper suggests targets, or has none; nobody has looked.
    Suggested,
    /// The mapper has mapped it by itself.
    Auto,
    /// A person named the target.
    Accepted,
    /// A person rejected a suggestion and named no other.
    Rejected,
    /// A person said that there is no target.
    NoMatch,
    /// Somebody else has to look: a second reviewer, an adjudicator, or because the decision no longer holds.
    NeedsSecondReview,
}

impl State {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 6] = [
        Self::Suggested,
        Self::Auto,
        Self::Accepted,
        Self::Rejected,
        Self::NoMatch,
        Self::NeedsSecondReview,
    ];

    /// The word in the database, in files and in messages: that of mapping sets, which are exchanged with others.
    pub fn as_str(self) -> &'static str {
        mapper::State::from(self).as_str()
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether somebody still has something to do.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Suggested | Self::Rejected | Self::NeedsSecondReview)
    }

    /// Whether people may decide it; the others are what the mapper says.
    pub fn is_for_people(self) -> bool {
        !matches!(self, Self::Suggested | Self::Auto)
    }
}

impl From<State> for mapper::State {
    fn from(state: State) -> Self {
        match state {
            State::Suggested => Self::Suggested,
            State::Auto => Self::Auto,
            State::Accepted => Self::Accepted,
            State::Rejected => Self::Rejected,
            State::NoMatch => Self::NoMatch,
            State::NeedsSecondReview => Self::NeedsSecondReview,
        }
    }
}

/// How an event came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A run of the mapper.
    Tool,
    /// One person, who saw everything.
    Single,
    /// One of two people who decide without seeing each other's decision.
    Blind,
    /// A person who settles what two disagree about.
    Adjudication,
    /// An earlier event is taken back.
    Undo,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Tool, Self::Single, Self::Blind, Self::Adjudication, Self::Undo];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Single => "single",
            Self::Blind => "blind",
            Self::Adjudication => "adjudication",
            Self::Undo => "undo",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing that happened to an item. Events are added and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Rises with time, over all items.
    pub id: i64,
    /// The item.
    pub item: i64,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// Who: a person, or the program with its version.
    pub who: String,
    /// How it came about.
    pub kind: Kind,
    /// What was said; of an undoing, what holds again.
    pub state: State,
    /// The target that it is about.
    pub code: Option<String>,
    /// The release of the target system that was loaded.
    pub version: Option<String>,
    /// How the source relates to the target.
    pub relationship: Option<Relationship>,
    /// What the person wrote.
    pub comment: String,
    /// The event that it replaces or takes back.
    pub supersedes: Option<i64>,
}

impl Event {
    /// Whether another event says the same of the item.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.state == other.state && self.code == other.code && self.relationship == other.relationship
    }
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting<'e> {
    /// Nobody's in particular.
    Nobody,
    /// A second reviewer's, who must not see this.
    Second(&'e Event),
    /// Somebody's who settles between these two.
    Adjudicator(&'e Event, &'e Event),
}

/// What a history comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled<'e> {
    /// The state.
    pub state: State,
    /// The decision of people that is in force, if there is one.
    pub decision: Option<&'e Event>,
    /// Who decided.
    pub author: Option<&'e str>,
    /// Somebody else who said the same.
    pub reviewer: Option<&'e str>,
    /// Whose turn it is.
    pub waiting: Waiting<'e>,
    /// Targets that people have rejected.
    pub rejected: BTreeSet<&'e str>,
}

/// Events that have not been taken back, in their order.
pub fn effective(events: &[Event]) -> impl Iterator<Item = &Event> {
    let undone: BTreeSet<i64> = events
        .iter()
        .filter(|event| event.kind == Kind::Undo)
        .filter_map(|event| event.supersedes)
        .collect();
    events
        .iter()
        .filter(move |event| event.kind != Kind::Undo && !undone.contains(&event.id))
}

/// Whether an event is hidden from a viewer: of two blind reviewers the second does not see what the first has said.
pub fn veiled(events: &[Event], event: &Event, viewer: &str) -> bool {
    event.kind == Kind::Blind && event.who != viewer && matches!(settle(events).waiting, Waiting::Second(_))
}

/// Folds a history, oldest event first.
pub fn settle(events: &[Event]) -> Settled<'_> {
    let mut settled = Settled {
        state: State::Suggested,
        decision: None,
        author: None,
        reviewer: None,
        waiting: Waiting::Nobody,
        rejected: BTreeSet::new(),
    };
    for event in effective(events) {
        match event.kind {
            Kind::Tool => settled.suggest(event),
            Kind::Single | Kind::Adjudication => settled.decide(event),
            Kind::Blind => settled.decide_blind(event),
            Kind::Undo => {}
        }
    }
    settled
}

impl<'e> Settled<'e> {
    /// A run of the mapper never overrules people; it may say that their decision no longer holds.
    fn suggest(&mut self, event: &'e Event) {
        let decided = self.decision.is_some_and(|decision| decision.state != State::Rejected);
        if event.state == State::NeedsSecondReview || !decided && self.waiting == Waiting::Nobody {
            self.state = event.state;
        }
    }

    fn decide(&mut self, event: &'e Event) {
        let code = event.code.as_deref();
        if event.state == State::Rejected {
            self.rejected.extend(code);
            // Who accepts one target and rejects another has said nothing against the first.
            let other = |decision: &Event| decision.state == State::Accepted && decision.code.as_deref() != code;
            if self.decision.is_some_and(other) && self.state == State::Accepted {
                return;
            }
        } else if let (State::Accepted, Some(code)) = (event.state, code) {
            self.rejected.remove(code);
        }
        let before = match self.waiting {
            Waiting::Adjudicator(first, second) => [first, second].into_iter().find(|one| one.agrees_with(event)),
            _ => self.decision.filter(|one| one.agrees_with(event)),
        };
        match before.filter(|before| before.who != event.who) {
            Some(before) => (self.author, self.reviewer) = (Some(before.who.as_str()), Some(event.who.as_str())),
            None => (self.author, self.reviewer) = (Some(event.who.as_str()), None),
        }
        self.waiting = Waiting::Nobody;
        self.state = event.state;
        self.decision = Some(event);
    }

    fn decide_blind(&mut self, event: &'e Event) {
        match self.waiting {
            Waiting::Second(first) if first.who != event.who => {
                if first.agrees_with(event) {
                    self.waiting = Waiting::Nobody;
                    self.decide(event);
                    (self.author, self.reviewer) = (Some(first.who.as_str()), Some(event.who.as_str()));
                } else {
                    self.waiting = Waiting::Adjudicator(first, event);
                }
            }
            // Both have seen each other's decision by now: nothing that follows is blind.
            Waiting::Adjudicator(..) => {}
            _ => {
                self.waiting = Waiting::Second(event);
                self.state = State::NeedsSecondReview;
                self.decision = None;
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An event as tests write it.
    pub(crate) fn event(id: i64, who: &str, kind: Kind, state: State, code: &str) -> Event {
        Event {
            id,
            item: 1,
            at: String::new(),
            who: who.into(),
            kind,
            state,
            code: (!code.is_empty()).then(|| code.to_owned()),
            version: None,
            relationship: (state == State::Accepted).then_some(Relationship::Equivalent),
            comment: String::new(),
            supersedes: None,
        }
    }

    fn undo(id: i64, of: i64) -> Event {
        Event {
            supersedes: Some(of),
            ..event(id, "a", Kind::Undo, State::Suggested, "")
        }
    }

    #[test]
    fn a_run_never_overrules_people() {
        let events = [
            event(1, "tern", Kind::Tool, State::Suggested, "x"),
            event(2, "a", Kind::Single, State::Accepted, "y"),
            event(3, "tern", Kind::Tool, State::Auto, "x"),
        ];
        assert_eq!(settle(&events).state, State::Accepted);
        assert_eq!(settle(&events[..1]).state, State::Suggested);
        let mut stale = events.to_vec();
        stale.push(event(4, "tern", Kind::Tool, State::NeedsSecondReview, "x"));
        let settled = settle(&stale);
        assert_eq!(settled.state, State::NeedsSecondReview);
        assert_eq!(settled.decision.and_then(|decision| decision.code.as_deref()), Some("y"));
    }

    #[test]
    fn rejected_targets_stay_rejected_until_accepted() {
        let mut events = vec![
            event(1, "a", Kind::Single, State::Rejected, "x"),
            event(2, "tern", Kind::Tool, State::Suggested, "y"),
            event(3, "a", Kind::Single, State::Accepted, "y"),
            event(4, "a", Kind::Single, State::Rejected, "z"),
        ];
        let settled = settle(&events);
        assert_eq!(settled.state, State::Accepted);
        assert_eq!(settled.rejected, BTreeSet::from(["x", "z"]));
        events.push(event(5, "b", Kind::Single, State::Accepted, "x"));
        assert_eq!(settle(&events).rejected, BTreeSet::from(["z"]));
    }

    #[test]
    fn who_says_the_same_after_somebody_else_is_the_reviewer() {
        let events = [
            event(1, "a", Kind::Single, State::Accepted, "x"),
            event(2, "b", Kind::Single, State::Accepted, "x"),
        ];
        let settled = settle(&events);
        assert_eq!((settled.author, settled.reviewer), (Some("a"), Some("b")));
        let other = event(3, "c", Kind::Single, State::NoMatch, "");
        let events = [events[0].clone(), other];
        let settled = settle(&events);
        assert_eq!((settled.author, settled.reviewer), (Some("c"), None));
    }

    #[test]
    fn two_blind_decisions_agree_or_go_to_an_adjudicator() {
        let first = event(1, "a", Kind::Blind, State::Accepted, "x");
        let same = event(2, "b", Kind::Blind, State::Accepted, "x");
        let other = event(2, "b", Kind::Blind, State::NoMatch, "");
        assert_eq!(settle(std::slice::from_ref(&first)).waiting, Waiting::Second(&first));
        let agreed = [first.clone(), same];
        let settled = settle(&agreed);
        assert_eq!(
            (settled.state, settled.author, settled.reviewer),
            (State::Accepted, Some("a"), Some("b"))
        );
        let mut split = vec![first, other, event(3, "c", Kind::Adjudication, State::NoMatch, "")];
        assert!(matches!(settle(&split[..2]).waiting, Waiting::Adjudicator(..)));
        assert_eq!(settle(&split[..2]).state, State::NeedsSecondReview);
        let settled = settle(&split);
        assert_eq!(
            (settled.state, settled.author, settled.reviewer),
            (State::NoMatch, Some("b"), Some("c"))
        );
        split[2] = event(3, "a", Kind::Blind, State::NoMatch, "");
        assert_eq!(settle(&split).state, State::NeedsSecondReview);
    }

    #[test]
    fn what_is_undone_never_was() {
        let mut events = vec![
            event(1, "tern", Kind::Tool, State::Auto, "x"),
            event(2, "a", Kind::Single, State::Rejected, "x"),
        ];
        events.push(undo(3, 2));
        let settled = settle(&events);
        assert_eq!(settled, settle(&events[..1]));
        assert!(settled.rejected.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn undoing_the_last_event_restores_what_was(steps in proptest::collection::vec((0usize..4, 0usize..4, 0usize..6, 0usize..3), 1..20)) {
            let events: Vec<Event> = steps.iter().enumerate().map(|(at, (who, kind, state, code))| {
                event(at as i64, ["a", "b", "c", "tern"][*who], Kind::ALL[*kind], State::ALL[*state], ["", "x", "y"][*code])
            }).collect();
            let before = &events[..events.len() - 1];
            let mut after = events.clone();
            after.push(undo(100, events.len() as i64 - 1));
            proptest::prop_assert_eq!(settle(&after), settle(before));
        }
    }
}

//! The decisions of people, kept: items with what the mapper suggests, and everything that was ever said of them.
//!
//! Every change is one transaction that takes the write lock first, so two reviewers cannot overwrite each other. States
//! are never stored: they are folded from the events ([`super::state`]). The store knows no vocabulary: whether a code
//! exists is asked before a decision comes here.

use super::error::ReviewError;
use super::item::{Item, Proposal, Scope, Standing, Suggestion};
use super::schema;
use super::state::{Event, Kind, Settled, State, Waiting, settle};
use crate::mapper::{Role, SourceItem};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params, params_from_iter};
use std::collections::BTreeMap;
use std::path::Path;
use tern_index::model::Relationship;

/// Who does something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// A person's name, or the program's.
    pub who: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// One of two who do not see each other's decisions.
    pub blind: bool,
}

/// What a person says of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The item.
    pub item: i64,
    /// One of the states that people give.
    pub state: State,
    /// The target that is accepted or rejected.
    pub code: Option<String>,
    /// The release of the target system that it was looked up in.
    pub version: Option<String>,
    /// How the source relates to the target.
    pub relationship: Option<Relationship>,
    /// What else there is to say.
    pub comment: String,
}

/// A tuple with what a run says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The tuple.
    pub source: SourceItem,
    /// How often it occurs.
    pub count: f64,
    /// What the run proposes.
    pub proposal: Proposal,
    /// Whether that only repeats what people have decided.
    pub repeats: bool,
}

/// The outcomes of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Where they hold.
    pub scope: Scope,
    /// The release of the target.
    pub release: Option<String>,
    /// Whether the run knew the decisions that are kept here: an outcome that does not repeat one then says that it no
    /// longer holds.
    pub knew_decisions: bool,
    /// Tuple by tuple.
    pub entries: Vec<Entry>,
}

/// What adding the outcomes of a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Added {
    /// Items that were not there.
    pub new: u64,
    /// Items with other suggestions than before.
    pub changed: u64,
    /// Items of which the run says what is known.
    pub unchanged: u64,
    /// Items whose decision no longer holds in the release that is loaded.
    pub reopened: u64,
}

/// An open database of decisions.
pub struct DecisionStore {
    connection: Connection,
    path: String,
}

impl DecisionStore {
    /// Opens the decisions, and begins them where there are none.
    pub fn open(path: &Path) -> Result<Self, ReviewError> {
        Self::from(path, true)
    }

    /// Opens decisions that must be there.
    pub fn open_existing(path: &Path) -> Result<Self, ReviewError> {
        Self::from(path, false)
    }

    fn from(path: &Path, create: bool) -> Result<Self, ReviewError> {
        Ok(Self {
            connection: schema::open(path, create)?,
            path: path.display().to_string(),
        })
    }

    /// The file, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A number that changes when another connection has committed something.
    pub(super) fn data_version(&self) -> Result<i64, ReviewError> {
        let asked = self.connection.pragma_query_value(None, "data_version", |row| row.get(0));
        asked.map_err(self.fail())
    }

    fn fail(&self) -> impl Fn(rusqlite::Error) -> ReviewError + use<> {
        let path = self.path.clone();
        move |error| schema::failed(&path, error)
    }

    /// Runs a change; nothing of it remains unless all of it worked.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&Changes<'_>) -> Result<T, ReviewError>) -> Result<T, ReviewError> {
        let fail = self.fail();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&fail)?;
        let changes = Changes {
            transaction,
            path: &self.path,
        };
        let result = change(&changes)?;
        changes.transaction.commit().map_err(fail)?;
        Ok(result)
    }

    /// Adds the outcomes of a run. Doing so again changes nothing.
    pub fn add(&mut self, batch: &Batch, actor: &Actor) -> Result<Added, ReviewError> {
        self.change(|changes| {
            let mut added = Added::default();
            for entry in &batch.entries {
                changes.add(batch, entry, actor, &mut added)?;
            }
            Ok(added)
        })
    }

    /// Records a decision; returns its event, or `None` if exactly this was already decided.
    pub fn decide(&mut self, decision: &Decision, actor: &Actor) -> Result<Option<i64>, ReviewError> {
        self.change(|changes| changes.decide(decision, actor))
    }

    /// Takes the last decision on an item back; returns the event that was undone.
    pub fn undo(&mut self, item: i64, actor: &Actor) -> Result<Event, ReviewError> {
        self.change(|changes| changes.undo(item, actor))
    }

    /// The history of an item, oldest first, as it is stored.
    pub fn history(&self, item: i64) -> Result<Vec<Event>, ReviewError> {
        let mut events = events(&self.connection, &self.path, Some(item))?;
        events.remove(&item).ok_or(ReviewError::NoItem { item })
    }

    /// All histories by item.
    pub fn histories(&self) -> Result<BTreeMap<i64, Vec<Event>>, ReviewError> {
        events(&self.connection, &self.path, None)
    }

    /// One item.
    pub fn item(&self, item: i64) -> Result<Item, ReviewError> {
        let mut found = self.read_items(Some(item), "WHERE item.id = ?1", &[&item], true)?;
        found.pop().ok_or(ReviewError::NoItem { item })
    }

    /// All items, of one scope or target if these are given, by number.
    pub fn items(&self, scope: Option<&str>, target: Option<&str>) -> Result<Vec<Item>, ReviewError> {
        let only = "WHERE (?1 IS NULL OR item.scope = ?1) AND (?2 IS NULL OR item.target = ?2)";
        self.read_items(None, only, &[&scope, &target], true)
    }

    fn read_items(
        &self,
        item: Option<i64>,
        only: &str,
        values: &[&dyn rusqlite::ToSql],
        suggested: bool,
    ) -> Result<Vec<Item>, ReviewError> {
        let fail = self.fail();
        let histories = events(&self.connection, &self.path, item)?;
        let mut suggestions = if suggested {
            self.suggestions(only, values)?
        } else {
            BTreeMap::new()
        };
        let columns = Role::TUPLE.map(|role| format!("item.{}", role.as_str())).join(", ");
        let statement = format!(
            "SELECT item.id, item.scope, item.target, item.count, proposal.release, proposal.status, proposal.reason,
                 proposal.details, {columns}
             FROM item LEFT JOIN proposal ON proposal.item = item.id {only} ORDER BY item.id"
        );
        let mut statement = self.connection.prepare(&statement).map_err(&fail)?;
        let rows = statement
            .query_map(values, |row| {
                let id: i64 = row.get(0)?;
                let history = histories.get(&id).map(Vec::as_slice).unwrap_or_default();
                let settled = settle(history);
                let mut source = SourceItem::default();
                for (at, role) in Role::TUPLE.into_iter().enumerate() {
                    source.set(role, &row.get::<_, String>(8 + at)?);
                }
                Ok(Item {
                    id,
                    scope: Scope {
                        name: row.get(1)?,
                        target: row.get(2)?,
                    },
                    source,
                    count: row.get(3)?,
                    proposal: Proposal {
                        state: last_proposed(history),
                        status: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
                        reason: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
                        details: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
                        suggestions: suggestions.remove(&id).unwrap_or_default(),
                    },
                    release: row.get(4)?,
                    standing: Standing::of(&settled),
                    revision: history.last().map_or(0, |event| event.id),
                })
            })
            .map_err(&fail)?;
        rows.collect::<Result<_, _>>().map_err(fail)
    }

    /// All items of a target without what was suggested for them, which may be most of the file.
    pub(super) fn decided_items(&self, target: &str) -> Result<Vec<Item>, ReviewError> {
        self.read_items(None, "WHERE item.target = ?1", &[&target], false)
    }

    fn suggestions(&self, only: &str, values: &[&dyn rusqlite::ToSql]) -> Result<BTreeMap<i64, Vec<Suggestion>>, ReviewError> {
        let fail = self.fail();
        let statement = format!(
            "SELECT item.id, suggestion.code, display, probability, relationship, match_type, explanation
             FROM suggestion JOIN item ON item.id = suggestion.item {only} ORDER BY item.id, rank"
        );
        let mut statement = self.connection.prepare(&statement).map_err(&fail)?;
        let mut found: BTreeMap<i64, Vec<Suggestion>> = BTreeMap::new();
        let mut rows = statement.query(values).map_err(&fail)?;
        while let Some(row) = rows.next().map_err(&fail)? {
            let (item, one) = suggestion(row).map_err(&fail)?;
            found.entry(item).or_default().push(one);
        }
        Ok(found)
    }
}

fn suggestion(row: &Row<'_>) -> Result<(i64, Suggestion), rusqlite::Error> {
    let relationship: String = row.get(4)?;
    let one = Suggestion {
        code: row.get(1)?,
        display: row.get(2)?,
        probability: row.get(3)?,
        relationship: Relationship::parse(&relationship).unwrap_or(Relationship::RelatedTo),
        match_type: row.get(5)?,
        explanation: row.get(6)?,
    };
    Ok((row.get(0)?, one))
}

/// What the mapper said last, of its own accord.
fn last_proposed(history: &[Event]) -> State {
    let of_tool = history.iter().rev().find(|event| event.kind == Kind::Tool);
    of_tool.map_or(State::Suggested, |event| event.state)
}

fn events(connection: &Connection, path: &str, item: Option<i64>) -> Result<BTreeMap<i64, Vec<Event>>, ReviewError> {
    let fail = |error| schema::failed(path, error);
    // Two statements: one that asks for both would read every event for each item.
    let which = if item.is_some() {
        "WHERE item = ?1"
    } else {
        "WHERE ?1 IS NULL"
    };
    let statement = format!(
        "SELECT id, item, at, who, kind, state, code, version, relationship, comment, supersedes
         FROM event {which} ORDER BY id"
    );
    let mut statement = connection.prepare(&statement).map_err(fail)?;
    let mut rows = statement.query([item]).map_err(fail)?;
    let mut found: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(fail)? {
        let (kind, state): (String, String) = (row.get(4).map_err(fail)?, row.get(5).map_err(fail)?);
        let id: i64 = row.get(0).map_err(fail)?;
        let (Some(kind), Some(state)) = (Kind::parse(&kind), State::parse(&state)) else {
            return Err(ReviewError::Damaged {
                path: path.to_owned(),
                what: format!("event {id} ({kind}, {state})"),
            });
        };
        let event = read_event(row, id, kind, state).map_err(fail)?;
        found.entry(event.item).or_default().push(event);
    }
    Ok(found)
}

fn read_event(row: &Row<'_>, id: i64, kind: Kind, state: State) -> Result<Event, rusqlite::Error> {
    let relationship: Option<String> = row.get(8)?;
    Ok(Event {
        id,
        item: row.get(1)?,
        at: row.get(2)?,
        who: row.get(3)?,
        kind,
        state,
        code: row.get(6)?,
        version: row.get(7)?,
        relationship: relationship.as_deref().and_then(Relationship::parse),
        comment: row.get(9)?,
        supersedes: row.get(10)?,
    })
}

/// A change in progress.
pub(super) struct Changes<'s> {
    transaction: Transaction<'s>,
    path: &'s str,
}

impl Changes<'_> {
    fn fail(&self, error: rusqlite::Error) -> ReviewError {
        schema::failed(self.path, error)
    }

    /// The history of an item that must be there.
    pub fn history(&self, item: i64) -> Result<Vec<Event>, ReviewError> {
        let known: Option<i64> = self
            .transaction
            .query_row("SELECT id FROM item WHERE id = ?1", [item], |row| row.get(0))
            .optional()
            .map_err(|error| self.fail(error))?;
        known.ok_or(ReviewError::NoItem { item })?;
        Ok(events(&self.transaction, self.path, Some(item))?
            .remove(&item)
            .unwrap_or_default())
    }

    /// See [`DecisionStore::decide`].
    pub fn decide(&self, decision: &Decision, actor: &Actor) -> Result<Option<i64>, ReviewError> {
        if !decision.state.is_for_people() {
            return Err(ReviewError::NotForPeople { state: decision.state });
        }
        if matches!(decision.state, State::Accepted | State::Rejected) && decision.code.is_none() {
            return Err(ReviewError::NoCode { state: decision.state });
        }
        let history = self.history(decision.item)?;
        let settled = settle(&history);
        let kind = kind_of(&settled, decision.item, actor)?;
        let own_before = match settled.waiting {
            Waiting::Second(first) if first.who == actor.who => Some(first),
            Waiting::Second(_) => None,
            _ => settled.decision,
        };
        let event = Event {
            id: 0,
            item: decision.item,
            at: actor.at.clone(),
            who: actor.who.clone(),
            kind,
            state: decision.state,
            code: decision.code.clone(),
            version: decision.version.clone(),
            relationship: decision.relationship,
            comment: decision.comment.clone(),
            supersedes: own_before.map(|event| event.id),
        };
        let same = |before: &Event| before.agrees_with(&event) && before.who == event.who && before.comment == event.comment;
        let rejected_before = decision.state == State::Rejected
            && decision.code.as_deref().is_some_and(|code| settled.rejected.contains(code))
            && decision.comment.is_empty();
        let reopened = settled.state == State::NeedsSecondReview && decision.state != State::NeedsSecondReview;
        let pending = matches!(settled.waiting, Waiting::Second(_));
        if own_before.is_some_and(same) && (!reopened || pending) || rejected_before {
            return Ok(None);
        }
        self.append(&event).map(Some)
    }

    /// See [`DecisionStore::undo`].
    pub fn undo(&self, item: i64, actor: &Actor) -> Result<Event, ReviewError> {
        let history = self.history(item)?;
        let last = super::state::effective(&history)
            .filter(|event| event.kind != Kind::Tool)
            .last();
        let last = last.ok_or(ReviewError::NothingToUndo { item })?;
        if matches!(settle(&history).waiting, Waiting::Second(first) if first.who != actor.who) {
            return Err(ReviewError::NotYours { item });
        }
        let mut undo = Event {
            id: 0,
            at: actor.at.clone(),
            who: actor.who.clone(),
            kind: Kind::Undo,
            supersedes: Some(last.id),
            comment: String::new(),
            ..last.clone()
        };
        let mut after = history.clone();
        after.push(undo.clone());
        let restored = settle(&after);
        undo.state = restored.state;
        undo.code = restored.decision.and_then(|event| event.code.clone());
        undo.relationship = restored.decision.and_then(|event| event.relationship);
        undo.version = restored.decision.and_then(|event| event.version.clone());
        if undo.state == State::Accepted && undo.code.is_none() {
            return Err(ReviewError::Damaged {
                path: self.path.to_owned(),
                what: format!("the history of item {item}"),
            });
        }
        self.append(&undo)?;
        Ok(last.clone())
    }

    fn append(&self, event: &Event) -> Result<i64, ReviewError> {
        self.transaction
            .execute(
                "INSERT INTO event (item, at, who, kind, state, code, version, relationship, comment, supersedes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    event.item,
                    event.at,
                    event.who,
                    event.kind.as_str(),
                    event.state.as_str(),
                    event.code,
                    event.version,
                    event.relationship.map(|relationship| relationship.as_str()),
                    event.comment,
                    event.supersedes,
                ],
            )
            .map_err(|error| self.fail(error))?;
        Ok(self.transaction.last_insert_rowid())
    }

    /// The item of a tuple, if there is one.
    pub fn find(&self, scope: &Scope, source: &SourceItem) -> Result<Option<i64>, ReviewError> {
        let tests = Role::TUPLE
            .iter()
            .enumerate()
            .map(|(at, role)| format!("AND {} = ?{}", role.as_str(), at + 3));
        let statement = format!(
            "SELECT id FROM item WHERE scope = ?1 AND target = ?2 {}",
            tests.collect::<String>()
        );
        let values = [scope.name.as_str(), scope.target.as_str()]
            .into_iter()
            .chain(Role::TUPLE.iter().map(|role| source.get(*role)));
        self.transaction
            .query_row(&statement, params_from_iter(values), |row| row.get(0))
            .optional()
            .map_err(|error| self.fail(error))
    }

    fn add(&self, batch: &Batch, entry: &Entry, actor: &Actor, added: &mut Added) -> Result<(), ReviewError> {
        let found = self.find(&batch.scope, &entry.source)?;
        let id = match found {
            Some(id) => self.count_again(id, entry.count)?,
            None => self.insert_item(&batch.scope, entry)?,
        };
        let history = self.history(id)?;
        let settled = settle(&history);
        let decided = matches!(settled.state, State::Accepted | State::NoMatch);
        if decided && (entry.repeats || (settled.state == State::NoMatch && entry.proposal.suggestions.is_empty())) {
            added.unchanged += 1;
            return Ok(());
        }
        let changed = self.propose(id, batch.release.as_deref(), &entry.proposal)?;
        let reopened = decided && batch.knew_decisions;
        let state = if reopened {
            State::NeedsSecondReview
        } else {
            entry.proposal.state
        };
        let code = entry.proposal.suggestions.first().map(|first| first.code.clone());
        let last = history.iter().rev().find(|event| event.kind == Kind::Tool);
        // Nobody needs to read that a run would have suggested something else than people have decided.
        let news = settled.waiting == Waiting::Nobody
            && settled.decision.is_none_or(|decision| decision.state == State::Rejected)
            && last.is_none_or(|last| last.state != state || last.code != code);
        if reopened || news {
            self.append(&Event {
                id: 0,
                item: id,
                at: actor.at.clone(),
                who: actor.who.clone(),
                kind: Kind::Tool,
                state,
                code,
                version: batch.release.clone(),
                relationship: None,
                comment: if reopened {
                    entry.proposal.reason.clone()
                } else {
                    String::new()
                },
                supersedes: None,
            })?;
        }
        *(match (found, reopened, changed || news) {
            (None, ..) => &mut added.new,
            (_, true, _) => &mut added.reopened,
            (_, _, true) => &mut added.changed,
            _ => &mut added.unchanged,
        }) += 1;
        Ok(())
    }

    fn count_again(&self, item: i64, count: f64) -> Result<i64, ReviewError> {
        self.transaction
            .execute("UPDATE item SET count = ?2 WHERE id = ?1", params![item, count])
            .map_err(|error| self.fail(error))?;
        Ok(item)
    }

    fn insert_item(&self, scope: &Scope, entry: &Entry) -> Result<i64, ReviewError> {
        let columns = Role::TUPLE.map(Role::as_str).join(", ");
        let places = vec!["?"; Role::TUPLE.len() + 3].join(", ");
        let statement = format!("INSERT INTO item (scope, target, {columns}, count) VALUES ({places})");
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![&scope.name, &scope.target];
        let tuple: Vec<&str> = Role::TUPLE.iter().map(|role| entry.source.get(*role)).collect();
        values.extend(tuple.iter().map(|value| value as &dyn rusqlite::ToSql));
        values.push(&entry.count);
        self.transaction
            .execute(&statement, values.as_slice())
            .map_err(|error| self.fail(error))?;
        Ok(self.transaction.last_insert_rowid())
    }

    /// Replaces what the mapper says of an item; whether it is other than before.
    fn propose(&self, item: i64, release: Option<&str>, proposal: &Proposal) -> Result<bool, ReviewError> {
        let fail = |error| self.fail(error);
        let stated = self
            .transaction
            .execute(
                "INSERT INTO proposal (item, release, status, reason, details) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (item) DO UPDATE SET release = excluded.release, status = excluded.status,
                     reason = excluded.reason, details = excluded.details
                 WHERE release IS NOT excluded.release OR status <> excluded.status OR reason <> excluded.reason
                     OR details <> excluded.details",
                params![item, release, proposal.status, proposal.reason, proposal.details],
            )
            .map_err(fail)?;
        let mut statement = self
            .transaction
            .prepare(
                "SELECT item, code, display, probability, relationship, match_type, explanation
                 FROM suggestion WHERE item = ?1 ORDER BY rank",
            )
            .map_err(fail)?;
        let before = statement.query_map([item], |row| Ok(suggestion(row)?.1)).map_err(fail)?;
        let before: Vec<Suggestion> = before.collect::<Result<_, _>>().map_err(fail)?;
        if before == proposal.suggestions {
            return Ok(stated > 0);
        }
        self.transaction
            .execute("DELETE FROM suggestion WHERE item = ?1", [item])
            .map_err(fail)?;
        for (rank, one) in proposal.suggestions.iter().enumerate() {
            self.transaction
                .execute(
                    "INSERT INTO suggestion VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![
                        item,
                        rank as i64 + 1,
                        one.code,
                        one.display,
                        one.probability,
                        one.relationship.as_str(),
                        one.match_type,
                        one.explanation
                    ],
                )
                .map_err(fail)?;
        }
        Ok(true)
    }
}

/// How a decision comes about now, or why it cannot.
fn kind_of(settled: &Settled<'_>, item: i64, actor: &Actor) -> Result<Kind, ReviewError> {
    match (actor.blind, settled.waiting) {
        (true, Waiting::Adjudicator(..)) => Err(ReviewError::AwaitsAdjudicator { item }),
        (true, Waiting::Nobody) if matches!(settled.state, State::Accepted | State::NoMatch) => {
            Err(ReviewError::AlreadyDecided {
                item,
                state: settled.state,
            })
        }
        (true, _) => Ok(Kind::Blind),
        (false, Waiting::Second(_)) => Err(ReviewError::AwaitsSecond { item }),
        (false, Waiting::Adjudicator(..)) => Ok(Kind::Adjudication),
        (false, Waiting::Nobody) => Ok(Kind::Single),
    }
}

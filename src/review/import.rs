//! Decisions from a table that people have filled in: every line is checked, and either all of it is taken or nothing.
//!
//! A line names its item by number, and the tuple beside it must be that item's: a table that was sorted by one column
//! alone is found out. Codes must be in the loaded release and in use; what a spreadsheet did to them is undone where only
//! one code can be meant, and said. All faults are listed, by the row numbers that a spreadsheet shows.

use super::error::ReviewError;
use super::item::{Item, Scope};
use super::sheet::{self, DECISIONS, SheetRow, role_column, unguarded};
use super::state::{Event, Kind, State, effective};
use super::store::{Actor, Changes, Decision, DecisionStore};
use crate::mapper::{Notation, Role, SourceItem, Vocabularies, examine, replacements};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tern_index::model::Relationship;
use tern_index::read::CodeSystemIndex;
use tern_index::text::fold;
use tern_loaders::decode::squeeze;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineFault {
    /// The row, as a spreadsheet numbers it.
    pub row: u64,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for LineFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "row {}: {}", self.row, self.message)
    }
}

/// What an import came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Decisions by state.
    pub recorded: BTreeMap<State, u64>,
    /// Lines that say what was already recorded.
    pub unchanged: u64,
    /// Lines without a decision.
    pub blank: u64,
    /// Codes that a spreadsheet had damaged, and what they were read as.
    pub repairs: Vec<LineFault>,
}

/// How to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// The scope of lines that name no item.
    pub scope: String,
    /// Who decided, where a line does not say it.
    pub reviewer: Option<String>,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// The lines are one of two reviewers' who do not see each other's decisions.
    pub blind: bool,
    /// Only look whether all of it could be taken.
    pub check_only: bool,
}

/// A line that decides something.
struct Line {
    row: u64,
    item: Item,
    revision: Option<i64>,
    who: String,
    decision: Decision,
}

/// Imports a reviewed table.
pub fn import(
    store: &mut DecisionStore,
    path: &Path,
    options: &ImportOptions,
    vocabularies: &dyn Vocabularies,
) -> Result<Imported, ReviewError> {
    let rows = sheet::read(path)?;
    let items: BTreeMap<i64, Item> = store.items(None, None)?.into_iter().map(|item| (item.id, item)).collect();
    let mut reader = Lines::new(&items, options, vocabularies);
    let mut imported = Imported::default();
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for row in &rows {
        match reader.read(row, &mut imported) {
            Ok(line) => lines.extend(line),
            Err(message) => faults.push(LineFault { row: row.row, message }),
        }
    }
    faults.extend(conflicts(&lines, options.blind));
    let refused = |mut faults: Vec<LineFault>| {
        faults.sort();
        faults.dedup();
        ReviewError::Lines {
            path: path.display().to_string(),
            faults,
        }
    };
    let outcome = store.change(|changes| {
        record(changes, &lines, options, &mut imported, &mut faults)?;
        if faults.is_empty() && !options.check_only {
            Ok(())
        } else {
            // An error is what leaves nothing behind.
            Err(refused(std::mem::take(&mut faults)))
        }
    });
    match outcome {
        Err(ReviewError::Lines { faults, .. }) if faults.is_empty() => Ok(imported),
        other => other.map(|()| imported),
    }
}

/// Reading lines.
struct Lines<'i> {
    items: &'i BTreeMap<i64, Item>,
    by_tuple: BTreeMap<(&'i Scope, &'i SourceItem), i64>,
    options: &'i ImportOptions,
    vocabularies: &'i dyn Vocabularies,
    targets: BTreeMap<String, Option<Arc<CodeSystemIndex>>>,
}

impl<'i> Lines<'i> {
    fn new(items: &'i BTreeMap<i64, Item>, options: &'i ImportOptions, vocabularies: &'i dyn Vocabularies) -> Self {
        let by_tuple = items.values().map(|item| ((&item.scope, &item.source), item.id));
        Self {
            by_tuple: by_tuple.collect(),
            items,
            options,
            vocabularies,
            targets: BTreeMap::new(),
        }
    }

    /// A line as a decision; none where the line decides nothing.
    fn read(&mut self, row: &SheetRow, imported: &mut Imported) -> Result<Option<Line>, String> {
        if let Some(fault) = &row.fault {
            return Err(fault.clone());
        }
        let word = row.get("decision");
        if word.is_empty() {
            if !row.get("target_code").is_empty() {
                return Err("there is a target_code and no decision; pick one, or empty the cell".into());
            }
            imported.blank += 1;
            return Ok(None);
        }
        let state = decision_word(word)?;
        let item = self.item(row)?;
        let code = self.code(row, item, state, imported)?;
        let relationship = relationship(row.get("relationship"), state, code.as_deref(), item)?;
        let named = row.get("reviewer");
        let who = if named.is_empty() {
            self.options.reviewer.as_deref().unwrap_or("")
        } else {
            named
        };
        if who.is_empty() {
            return Err("nothing says who decided; fill in the column reviewer, or name one with --reviewer".into());
        }
        let revision = row.get("revision");
        let revision = match revision {
            "" => None,
            text => Some(whole(text).ok_or_else(|| format!("the revision {text:?} is no number; export again"))?),
        };
        Ok(Some(Line {
            row: row.row,
            revision,
            who: who.to_owned(),
            decision: Decision {
                item: item.id,
                state,
                code,
                version: self.version(&item.scope.target),
                relationship,
                comment: row.get("comment").to_owned(),
            },
            item: item.clone(),
        }))
    }

    fn target(&mut self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        let vocabularies = self.vocabularies;
        let found = self.targets.entry(url.to_owned());
        found.or_insert_with(|| vocabularies.code_system(url)).clone()
    }

    fn version(&mut self, url: &str) -> Option<String> {
        self.target(url).and_then(|target| target.header().version.clone())
    }

    /// The item that a line is about.
    fn item(&self, row: &SheetRow) -> Result<&'i Item, String> {
        let number = row.get("item");
        if number.is_empty() {
            return self.item_by_tuple(row);
        }
        let item = whole(number).and_then(|number| self.items.get(&number));
        let item =
            item.ok_or_else(|| format!("there is no item {number} in these decisions; is this the table of another database?"))?;
        for role in Role::TUPLE {
            let (column, own) = (role_column(role), item.source.get(role));
            let shown = row.get(&column);
            if !shown.is_empty() && !same_cell(shown, own) && !same_cell(unguarded(shown), own) {
                return Err(format!(
                    "{column} is {shown:?}, but item {number} has {own:?}: rows were mixed up, or a spreadsheet changed the cell; restore it from the export"
                ));
            }
        }
        for (column, own) in [("scope", &item.scope.name), ("target_system", &item.scope.target)] {
            if !row.get(column).is_empty() && unguarded(row.get(column)) != own {
                return Err(format!("{column} is {:?}, but item {number} has {own:?}", row.get(column)));
            }
        }
        Ok(item)
    }

    fn item_by_tuple(&self, row: &SheetRow) -> Result<&'i Item, String> {
        let mut source = SourceItem::default();
        Role::TUPLE
            .iter()
            .for_each(|role| source.set(*role, row.get(&role_column(*role))));
        let named = |column: &str, otherwise: &str| match row.get(column) {
            "" => otherwise.to_owned(),
            text => text.to_owned(),
        };
        let scope = Scope {
            name: named("scope", &self.options.scope),
            target: self.vocabularies.canonical_url(row.get("target_system")),
        };
        let mut plain = SourceItem::default();
        Role::TUPLE
            .iter()
            .for_each(|role| plain.set(*role, unguarded(source.get(*role))));
        let known = |source| self.by_tuple.get(&(&scope, source));
        let found = known(&source).or_else(|| known(&plain)).and_then(|id| self.items.get(id));
        found.ok_or_else(|| {
            format!(
                "no item of the scope {:?} to {:?} has this tuple; keep the column item of the export, or add the source with `tern map --queue`",
                scope.name, scope.target
            )
        })
    }

    /// The code of a line, as it is in the loaded release.
    fn code(&mut self, row: &SheetRow, item: &Item, state: State, imported: &mut Imported) -> Result<Option<String>, String> {
        let text = row.get("target_code");
        if !matches!(state, State::Accepted | State::Rejected) {
            return match text {
                "" => Ok(None),
                code => Err(format!(
                    "{} names no target, but target_code is {code:?}; empty the cell or accept it",
                    state.as_str()
                )),
            };
        }
        let first;
        let text = match text {
            "" => {
                first = unguarded(row.get("candidate_1_code"));
                if first.is_empty() {
                    return Err(format!(
                        "{} what? there is no target_code and no first candidate",
                        state.as_str()
                    ));
                }
                first
            }
            text => text,
        };
        // A suggestion of this item needs no release to be rejected.
        if state == State::Rejected && item.proposal.suggestions.iter().any(|one| one.code == text) {
            return Ok(Some(text.to_owned()));
        }
        let target = self.target(&item.scope.target).ok_or_else(|| {
            format!(
                "the target {} is not loaded, so {text} cannot be checked; load it first",
                item.scope.target
            )
        })?;
        let (code, repair) = checked(&target, text)?;
        let in_use = target.find(&code).is_some_and(|concept| target.is_active(concept));
        if state == State::Accepted && !in_use {
            return Err(self.retired(&target, &code));
        }
        if !repair.is_empty() {
            imported.repairs.push(LineFault {
                row: row.row,
                message: format!("{text} read as {code}: {repair}"),
            });
        }
        Ok(Some(code))
    }

    fn retired(&self, target: &CodeSystemIndex, code: &str) -> String {
        let ends = replacements(target, &self.vocabularies.concept_maps(), code);
        let names: Vec<&str> = ends.iter().map(|(end, _)| target.code(*end)).collect();
        match names.as_slice() {
            [] => format!("{code} is retired in the loaded version, and no loaded map says what replaces it"),
            names => format!("{code} is retired in the loaded version; replaced by {}", names.join(" or ")),
        }
    }
}

fn decision_word(word: &str) -> Result<State, String> {
    let plain = word.to_lowercase().replace([' ', '_'], "-");
    let state = match plain.as_str() {
        "accept" => Some(State::Accepted),
        "reject" => Some(State::Rejected),
        "nomatch" => Some(State::NoMatch),
        other => State::parse(other),
    };
    state
        .filter(|state| state.is_for_people())
        .ok_or_else(|| format!("{word:?} is no decision; use one of {}", DECISIONS.join(", ")))
}

/// The relationship that is stated, else that of the suggestion that is accepted.
fn relationship(text: &str, state: State, code: Option<&str>, item: &Item) -> Result<Option<Relationship>, String> {
    if !text.is_empty() {
        let words: Vec<&str> = Relationship::ALL.iter().map(|one| one.as_str()).collect();
        return match Relationship::parse(&text.to_lowercase()) {
            Some(_) if state != State::Accepted => Ok(None),
            Some(Relationship::NotRelatedTo) => Err("an unrelated target is rejected, not accepted".to_owned()),
            Some(found) => Ok(Some(found)),
            None => Err(format!("{text:?} is no relationship; use one of {}", words.join(", "))),
        };
    }
    if state != State::Accepted {
        return Ok(None);
    }
    let suggested = item.proposal.suggestions.iter().find(|one| Some(one.code.as_str()) == code);
    Ok(Some(suggested.map_or(Relationship::Equivalent, |one| one.relationship)))
}

/// A code as the target has it, with what was repaired.
pub fn checked(target: &CodeSystemIndex, text: &str) -> Result<(String, &'static str), String> {
    if target.find(text).is_some() {
        return Ok((text.to_owned(), ""));
    }
    let examination = examine(text, Notation::of(&target.header().url));
    let mut found: Vec<(String, &'static str)> = Vec::new();
    for attempt in examination.attempts {
        if let Some(concept) = target.find(&attempt.code) {
            let code = target.code(concept).to_owned();
            if !found.iter().any(|(other, _)| *other == code) {
                found.push((code, attempt.repair));
            }
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(examination
            .complaint
            .unwrap_or_else(|| format!("{text} is no code of the loaded version of the target"))),
        several => {
            let codes: Vec<&str> = several.iter().map(|(code, _)| code.as_str()).collect();
            Err(format!(
                "a spreadsheet may have made {text} of {}; write the one that is meant as text",
                codes.join(" or ")
            ))
        }
    }
}

/// A whole number, also as a spreadsheet writes it.
fn whole(text: &str) -> Option<i64> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// Whether a cell says what the item has, but for what spreadsheets do to numbers.
fn same_cell(shown: &str, own: &str) -> bool {
    let plain = |text: &str| squeeze(&fold(text));
    if plain(shown) == plain(own) {
        return true;
    }
    match (shown.parse::<f64>(), own.parse::<f64>()) {
        (Ok(shown), Ok(own)) => (shown - own).abs() <= own.abs() * 1e-5,
        _ => false,
    }
}

/// Lines that say different things of one item; two blind reviewers may, one of them may not.
fn conflicts(lines: &[Line], blind: bool) -> Vec<LineFault> {
    let mut by_item: BTreeMap<(i64, &str), Vec<&Line>> = BTreeMap::new();
    for line in lines {
        let who = if blind { line.who.as_str() } else { "" };
        by_item.entry((line.decision.item, who)).or_default().push(line);
    }
    let mut faults = Vec::new();
    for lines in by_item.values() {
        for (at, line) in lines.iter().enumerate() {
            let others = lines.iter().enumerate().filter(|(other, _)| *other != at);
            if let Some((_, other)) = others
                .into_iter()
                .find(|(_, other)| conflict(&line.decision, &other.decision))
            {
                faults.push(LineFault {
                    row: line.row,
                    message: format!("row {} says something else of item {}", other.row, line.decision.item),
                });
            }
        }
    }
    faults
}

/// Rejections go together with each other and with accepting another target; nothing else goes together.
fn conflict(left: &Decision, right: &Decision) -> bool {
    match (left.state, right.state) {
        (State::Rejected, State::Rejected) => false,
        (State::Rejected, State::Accepted) | (State::Accepted, State::Rejected) => left.code == right.code,
        _ => (left.state, &left.code, left.relationship) != (right.state, &right.code, right.relationship),
    }
}

/// Records the lines; what cannot be is a fault of its line.
fn record(
    changes: &Changes<'_>,
    lines: &[Line],
    options: &ImportOptions,
    imported: &mut Imported,
    faults: &mut Vec<LineFault>,
) -> Result<(), ReviewError> {
    let mut own = BTreeSet::new();
    for line in lines {
        let actor = Actor {
            who: line.who.clone(),
            at: options.at.clone(),
            blind: options.blind,
        };
        let history = changes.history(line.decision.item)?;
        if let Some(message) = stale(line, &history, &own, options.blind) {
            faults.push(LineFault { row: line.row, message });
            continue;
        }
        match changes.decide(&line.decision, &actor) {
            Ok(Some(event)) => {
                own.insert(event);
                *imported.recorded.entry(line.decision.state).or_default() += 1;
            }
            Ok(None) => imported.unchanged += 1,
            Err(error @ (ReviewError::Database { .. } | ReviewError::Busy { .. } | ReviewError::Damaged { .. })) => {
                return Err(error);
            }
            Err(error) => faults.push(LineFault {
                row: line.row,
                message: error.to_string(),
            }),
        }
    }
    Ok(())
}

/// Why a line is about something that has changed since its table was written.
fn stale(line: &Line, history: &[Event], own: &BTreeSet<i64>, blind: bool) -> Option<String> {
    let revision = line.revision.unwrap_or(0);
    let others_blind = |event: &Event| blind && event.kind == Kind::Blind && event.who != line.who;
    let repeated = effective(history).any(|event| {
        let decision = &line.decision;
        event.who == line.who && event.state == decision.state && event.code == decision.code && event.comment == decision.comment
    });
    if repeated {
        return None;
    }
    let newer = history.iter().rev();
    let newer = newer
        .take_while(|event| event.id > revision)
        .find(|event| !own.contains(&event.id) && !others_blind(event))?;
    let item = line.item.id;
    match newer.kind {
        Kind::Tool if line.revision.is_none() => None,
        Kind::Tool => Some(format!(
            "the suggestions for item {item} have changed since the export, on {}; export again",
            newer.at
        )),
        Kind::Blind => Some(format!("item {item} was decided blindly by {} since the export", newer.who)),
        _ => Some(format!(
            "item {item} was decided by {} on {}, after the export ({}{}); export again, or empty the decision",
            newer.who,
            newer.at,
            newer.state.as_str(),
            newer.code.as_deref().map(|code| format!(" {code}")).unwrap_or_default()
        )),
    }
}

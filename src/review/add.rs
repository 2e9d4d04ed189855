//! A table that `tern map` wrote, put into the queue: what a run said, without running it again.
//!
//! It takes what the table has: the target, the runners-up if they were written, the explanation if it was. Rows that
//! cannot be used are left out and counted.

use super::error::ReviewError;
use super::item::{KEPT, Proposal, Scope, Suggestion};
use super::state::State;
use super::store::{Batch, Entry};
use crate::mapper::{Binding, Columns, Input, Role, Row, SourceItem, Status, Values};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tern_index::model::Relationship;

/// How to read a mapped table.
#[derive(Debug, Clone, Default)]
pub struct Mapped<'m> {
    /// Columns that are named; the others are guessed.
    pub columns: Columns,
    /// The site's own words.
    pub values: Values,
    /// The site or project.
    pub scope: String,
    /// Canonical URL of the target, where no row says it.
    pub target: Option<&'m str>,
}

/// Where a table has what.
struct Places {
    target_system: usize,
    target_code: usize,
    status: usize,
    others: BTreeMap<String, usize>,
    count: Option<usize>,
}

/// Reads a mapped table as items; with how many of its distinct rows cannot be used.
pub fn read(path: &Path, mapped: &Mapped<'_>) -> Result<(Batch, u64), ReviewError> {
    let mut input = Input::open(path)?;
    let header = input.header().to_vec();
    let shown = input.shown().to_owned();
    let binding = Binding::settle(&shown, &header, &mapped.columns)?;
    let places = Places::find(&shown, &header, &binding)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut known: BTreeMap<SourceItem, Option<usize>> = BTreeMap::new();
    let mut target: Option<String> = None;
    let mut row = Row::default();
    let mut unusable = 0;
    while input.next(&mut row)? {
        let field = |place: usize| row.fields.get(place).unwrap_or("");
        let system = field(places.target_system);
        if !system.is_empty() && target.as_deref().is_some_and(|target| target != system) {
            return Err(ReviewError::Table {
                path: shown,
                message: "its rows lead to several target systems; add one table for each".to_owned(),
            });
        }
        if !system.is_empty() {
            target = Some(system.to_owned());
        }
        let source = binding.item(&mapped.values, field);
        let count = places.count(&field);
        if let Some(place) = known.get(&source) {
            if let Some(entry) = place.and_then(|place| entries.get_mut(place)) {
                entry.count += count;
            }
            continue;
        }
        let proposal = Some(&row)
            .filter(|row| row.fault.is_none())
            .and_then(|_| places.proposal(&field));
        known.insert(source.clone(), proposal.as_ref().map(|_| entries.len()));
        match proposal {
            Some(proposal) if !source.is_empty() => entries.push(Entry {
                source,
                count,
                proposal,
                repeats: false,
            }),
            _ => unusable += 1,
        }
    }
    let target = target
        .or_else(|| mapped.target.map(str::to_owned))
        .ok_or_else(|| ReviewError::Table {
            path: shown.clone(),
            message: "no row says which target system it was mapped to; name it with --target".to_owned(),
        })?;
    let batch = Batch {
        scope: Scope {
            name: mapped.scope.clone(),
            target,
        },
        release: None,
        knew_decisions: false,
        entries,
    };
    Ok((batch, unusable))
}

impl Places {
    fn find(shown: &str, header: &[String], binding: &Binding) -> Result<Self, ReviewError> {
        let place = |column: &str| {
            header
                .iter()
                .position(|name| name == column)
                .ok_or_else(|| ReviewError::Table {
                    path: shown.to_owned(),
                    message: format!("the column {column} is missing; add a table that `tern map` has written"),
                })
        };
        let count = binding.places().iter().find(|(role, _)| *role == Role::Count);
        Ok(Self {
            target_system: place("target_system")?,
            target_code: place("target_code")?,
            status: place("status")?,
            count: count.map(|(_, place)| *place),
            others: header.iter().cloned().enumerate().map(|(at, name)| (name, at)).collect(),
        })
    }

    fn text<'r>(&self, field: &impl Fn(usize) -> &'r str, column: &str) -> &'r str {
        self.others.get(column).map_or("", |place| field(*place))
    }

    fn count<'r>(&self, field: &impl Fn(usize) -> &'r str) -> f64 {
        let stated = self.count.map(|place| field(place).trim().parse::<f64>().unwrap_or(0.0));
        stated.filter(|count| count.is_finite()).map_or(1.0, |count| count.max(0.0))
    }

    fn proposal<'r>(&self, field: &impl Fn(usize) -> &'r str) -> Option<Proposal> {
        let status = Status::parse(field(self.status))?;
        let state = match status {
            Status::Mapped => State::Auto,
            Status::Ambiguous | Status::Unmapped => State::Suggested,
            Status::Invalid => return None,
        };
        let mut explanation: Value = serde_json::from_str(self.text(field, "explanation")).unwrap_or_default();
        let explained = explanation.as_object_mut().and_then(|object| object.remove("candidates"));
        let explained: Vec<Value> = explained.and_then(|value| value.as_array().cloned()).unwrap_or_default();
        let details = if explanation.is_object() {
            explanation.to_string()
        } else {
            "{}".to_owned()
        };
        Some(Proposal {
            state,
            status: status.as_str().to_owned(),
            reason: self.text(field, "reason").to_owned(),
            details,
            suggestions: self.suggestions(field, &explained),
        })
    }

    fn suggestions<'r>(&self, field: &impl Fn(usize) -> &'r str, explained: &[Value]) -> Vec<Suggestion> {
        let mut found: Vec<Suggestion> = Vec::new();
        let number = |text: &str| text.parse::<f32>().ok().filter(|number| number.is_finite()).unwrap_or(0.0);
        let mut push = |code: &str, display: &str, probability: f32, relationship: &str, match_type: &str| {
            if code.is_empty() || found.len() == KEPT || found.iter().any(|one| one.code == code) {
                return;
            }
            let own = explained
                .iter()
                .find(|one| one.get("code").and_then(Value::as_str) == Some(code));
            let said = |key: &str| {
                own.and_then(|one| one.get(key))
                    .and_then(Value::as_str)
                    .unwrap_or("")
                    .to_owned()
            };
            let or_said = |text: &str, key: &str| if text.is_empty() { said(key) } else { text.to_owned() };
            found.push(Suggestion {
                code: code.to_owned(),
                display: display.to_owned(),
                probability,
                relationship: Relationship::parse(&or_said(relationship, "relationship")).unwrap_or(Relationship::RelatedTo),
                match_type: or_said(match_type, "match_type"),
                explanation: own
                    .and_then(|one| one.get("explanation"))
                    .map_or_else(|| "{}".to_owned(), Value::to_string),
            });
        };
        push(
            field(self.target_code),
            self.text(field, "target_display"),
            number(self.text(field, "probability")),
            self.text(field, "relationship"),
            self.text(field, "match_type"),
        );
        for place in 1..=KEPT {
            let part = |part: &str| self.text(field, &format!("candidate_{place}_{part}"));
            push(part("code"), part("display"), number(part("probability")), "", "");
        }
        for one in explained {
            let said = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or("");
            let probability = one.get("probability").and_then(Value::as_f64).unwrap_or(0.0);
            push(said("code"), said("display"), probability as f32, "", "");
        }
        found
    }
}

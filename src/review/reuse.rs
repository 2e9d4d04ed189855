//! Between the mapper and the decisions: outcomes of a run come in as items, decisions go out for the next run.

use super::error::ReviewError;
use super::item::{Proposal, Scope, Standing};
use super::state::State;
use super::store::{Batch, DecisionStore, Entry};
use crate::mapper::{Decisions, Kept, MatchType, Outcome, SourceItem, Status};
use std::collections::BTreeMap;
use tern_index::model::Relationship;

/// The outcomes of a run as items of a scope. Tuples that are written differently and read the same are one item. Rows
/// that cannot be used are left out and counted: they must be mended in their source.
pub fn batch(scope: Scope, release: Option<String>, kept: Vec<Kept>) -> (Batch, u64) {
    let mut places: BTreeMap<SourceItem, usize> = BTreeMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut unusable = 0;
    for one in kept {
        if let Some(entry) = places.get(&one.source).and_then(|place| entries.get_mut(*place)) {
            entry.count += one.count;
            continue;
        }
        let Some(proposal) = Proposal::of(&one.outcome) else {
            unusable += 1;
            continue;
        };
        places.insert(one.source.clone(), entries.len());
        entries.push(Entry {
            source: one.source,
            count: one.count,
            proposal,
            repeats: repeats(&one.outcome),
        });
    }
    let batch = Batch {
        scope,
        release,
        knew_decisions: true,
        entries,
    };
    (batch, unusable)
}

/// Whether an outcome only repeats a decision on its target.
fn repeats(outcome: &Outcome) -> bool {
    let first = outcome.candidates.first();
    outcome.status == Status::Mapped && first.is_some_and(|first| first.match_type == MatchType::Decision)
}

impl DecisionStore {
    /// What people have decided, for a run of the mapper in this scope: it holds here, and is evidence from elsewhere.
    pub fn earlier(&self, scope: &Scope) -> Result<Decisions, ReviewError> {
        let mut decisions = Decisions::default();
        for item in self.decided_items(&scope.target)? {
            let standing = &item.standing;
            let here = item.scope.name == scope.name;
            if here {
                let rejected = standing.rejected.iter();
                rejected.for_each(|code| decisions.reject(&item.source, code));
            }
            // A decision that the mapper finds outdated still is the last word of a person: the next run says so again.
            if standing.first_of_two.is_some() || !standing.dispute.is_empty() {
                continue;
            }
            let by = by(standing);
            match (standing.decided, &standing.code) {
                (Some(State::Accepted), Some(code)) if here => {
                    let relationship = standing.relationship.unwrap_or(Relationship::Equivalent);
                    decisions.accept(&item.source, code, relationship, &by);
                }
                (Some(State::Accepted), Some(code)) => decisions.accepted_elsewhere(&item.scope.name, &item.source, code),
                (Some(State::NoMatch), _) if here => decisions.no_match(&item.source, &by),
                _ => {}
            }
        }
        Ok(decisions)
    }
}

/// Who decided, and on which day.
fn by(standing: &Standing) -> String {
    let at = standing.decided_at.as_deref().unwrap_or("");
    let day = at.split('T').next().unwrap_or(at);
    format!("{} on {day}", standing.author.as_deref().unwrap_or(""))
}

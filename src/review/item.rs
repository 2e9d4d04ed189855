//! What is reviewed: a tuple of a source in the scope of a site, with what the mapper suggests for it.

use super::state::{Settled, State, Waiting};
use crate::mapper::{Candidate, Outcome, SourceItem, Status, explain};
use serde::Deserialize;
use serde_json::json;
use tern_index::model::Relationship;

/// Suggestions that are kept for each item.
pub const KEPT: usize = 10;

/// Where decisions hold: a site or project, and the target system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// Name of the site or project.
    pub name: String,
    /// Canonical URL of the target system.
    pub target: String,
}

/// A possible target, as the mapper suggested it.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Its code.
    pub code: String,
    /// Its display.
    pub display: String,
    /// How likely it is right.
    pub probability: f32,
    /// How the source relates to it.
    pub relationship: Relationship,
    /// How it was found.
    pub match_type: String,
    /// The mapper's explanation, as its JSON.
    pub explanation: String,
}

impl Suggestion {
    fn of(candidate: &Candidate) -> Self {
        Self {
            code: candidate.code.clone(),
            display: candidate.display.clone(),
            probability: candidate.probability,
            relationship: candidate.relationship,
            match_type: candidate.match_type.as_str().to_owned(),
            explanation: candidate
                .explanation
                .as_ref()
                .map_or_else(|| "{}".to_owned(), |one| json!(one).to_string()),
        }
    }

    /// The explanation, as far as it can be read.
    pub fn explained(&self) -> Explained {
        // What another version wrote is shown as far as it is understood; the codes are what counts.
        serde_json::from_str(&self.explanation).unwrap_or_default()
    }
}

/// What a run of the mapper says of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// [`State::Suggested`] or [`State::Auto`].
    pub state: State,
    /// The mapper's status.
    pub status: String,
    /// Why.
    pub reason: String,
    /// Stages, repairs and what would decide, as JSON.
    pub details: String,
    /// Best first, [`KEPT`] at most.
    pub suggestions: Vec<Suggestion>,
}

impl Proposal {
    /// What an outcome of the mapper proposes; `None` where there is nothing to review: a row that cannot be used must
    /// be mended in its source.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        let state = match outcome.status {
            Status::Mapped => State::Auto,
            Status::Ambiguous | Status::Unmapped => State::Suggested,
            Status::Invalid => return None,
        };
        Some(Self {
            state,
            status: outcome.status.as_str().to_owned(),
            reason: outcome.reason.clone(),
            details: details(outcome),
            suggestions: outcome.candidates.iter().take(KEPT).map(Suggestion::of).collect(),
        })
    }
}

/// The explanation of an outcome without its candidates, which have their own.
fn details(outcome: &Outcome) -> String {
    let mut value = explain::value(outcome, 0);
    if let Some(object) = value.as_object_mut() {
        object.remove("candidates");
    }
    value.to_string()
}

/// An item with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its number.
    pub id: i64,
    /// Where its decisions hold.
    pub scope: Scope,
    /// The tuple.
    pub source: SourceItem,
    /// How often it occurs in the source.
    pub count: f64,
    /// What the mapper said last.
    pub proposal: Proposal,
    /// The release of the target that the mapper had.
    pub release: Option<String>,
    /// What its history comes to.
    pub standing: Standing,
    /// The number of its last event.
    pub revision: i64,
}

impl Item {
    /// Wrong rows that looking at it would avoid, as far as the mapper's probability can be trusted.
    pub fn expected_errors(&self) -> f64 {
        let best = self.open_suggestions().next().map_or(0.0, |best| f64::from(best.probability));
        self.count.max(1.0) * (1.0 - best.clamp(0.0, 1.0))
    }

    /// Suggestions that nobody has rejected.
    pub fn open_suggestions(&self) -> impl Iterator<Item = &Suggestion> {
        let rejected = &self.standing.rejected;
        self.proposal.suggestions.iter().filter(|one| !rejected.contains(&one.code))
    }
}

/// What a history comes to, on its own feet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// What a person said last, whatever has come up since.
    pub decided: Option<State>,
    /// When they said it.
    pub decided_at: Option<String>,
    /// The target that is in force.
    pub code: Option<String>,
    /// How the source relates to it.
    pub relationship: Option<Relationship>,
    /// The last decision's comment.
    pub comment: String,
    /// Who decided.
    pub author: Option<String>,
    /// Somebody else who said the same.
    pub reviewer: Option<String>,
    /// Who has decided blindly and waits for a second reviewer.
    pub first_of_two: Option<String>,
    /// What two reviewers who disagree said.
    pub dispute: Vec<String>,
    /// Rejected targets.
    pub rejected: Vec<String>,
}

impl Standing {
    pub(super) fn of(settled: &Settled<'_>) -> Self {
        let said = |event: &super::state::Event| {
            let target = event.code.as_deref().unwrap_or("");
            format!("{}: {} {target}", event.who, event.state.as_str())
                .trim_end()
                .to_owned()
        };
        let (first_of_two, dispute) = match settled.waiting {
            Waiting::Nobody => (None, Vec::new()),
            Waiting::Second(first) => (Some(first.who.clone()), Vec::new()),
            Waiting::Adjudicator(first, second) => (None, vec![said(first), said(second)]),
        };
        Self {
            state: settled.state,
            decided: settled.decision.map(|decision| decision.state),
            decided_at: settled.decision.map(|decision| decision.at.clone()),
            code: settled.decision.and_then(|decision| decision.code.clone()),
            relationship: settled.decision.and_then(|decision| decision.relationship),
            comment: settled.decision.map(|decision| decision.comment.clone()).unwrap_or_default(),
            author: settled.author.map(str::to_owned),
            reviewer: settled.reviewer.map(str::to_owned),
            first_of_two,
            dispute,
            rejected: settled.rejected.iter().map(|code| (*code).to_owned()).collect(),
        }
    }
}

/// The parts of an explanation that reviewers are shown.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Explained {
    /// The term that matched.
    pub matched: String,
    /// What kind of term it is.
    pub matched_kind: String,
    /// Words on both sides.
    pub words_matched: Vec<String>,
    /// Words of the source only.
    pub words_source_only: Vec<String>,
    /// Words of the target only.
    pub words_target_only: Vec<String>,
    /// What the source states about the target's axes.
    pub constraints: Vec<ExplainedConstraint>,
}

/// A constraint as reviewers are shown it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ExplainedConstraint {
    /// What it is about.
    pub axis: String,
    /// What the source states.
    pub source: String,
    /// What the target states.
    pub target: String,
    /// Satisfied, broken or unknown.
    pub verdict: String,
}

/// What would decide an item, as the mapper said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Facts that would decide between the candidates.
    pub would_decide: Vec<String>,
    /// What was repaired.
    pub repairs: Vec<String>,
}

impl Proposal {
    /// The details, as far as they can be read.
    pub fn explained(&self) -> Details {
        serde_json::from_str(&self.details).unwrap_or_default()
    }
}

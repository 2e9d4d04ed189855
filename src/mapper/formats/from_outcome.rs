//! What the mapper found, as rows of a mapping set: one per distinct source.

use super::super::explain;
use super::super::item::{Role, SourceItem};
use super::super::outcome::{MatchType, Outcome, Status};
use super::mapping_set::{Concept, MappingRow, State};
use super::sssom::justification;

/// What all rows of a run share.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Run {
    /// The target's canonical URL and version.
    pub target: (String, String),
    /// The date to write, as ISO writes it; empty for none.
    pub date: String,
    /// Whether outcomes are explained.
    pub explain: bool,
}

/// A role that is context of a source.
fn is_context(role: Role) -> bool {
    !matches!(role, Role::Code | Role::Name | Role::System | Role::Count)
}

/// The row of a source. Its system is given as it was settled for the run.
pub(in super::super) fn row(run: &Run, item: &SourceItem, system: String, count: u64, outcome: &Outcome) -> MappingRow {
    let context = Role::ALL
        .into_iter()
        .filter(|role| is_context(*role) && !item.get(*role).is_empty());
    let mut row = MappingRow {
        source: Concept {
            system,
            code: item.get(Role::Code).to_owned(),
            label: item.get(Role::Name).to_owned(),
            ..Concept::default()
        },
        context: context
            .map(|role| (role.as_str().to_owned(), item.get(role).to_owned()))
            .collect(),
        count: Some(count),
        date: run.date.clone(),
        tool: "tern".to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        reason: outcome.reason.clone(),
        ..MappingRow::default()
    };
    (row.target.system, row.target.version) = run.target.clone();
    if run.explain {
        row.explanation = explain::value(outcome, 1).to_string();
    }
    row.state = match outcome.status {
        Status::Mapped => State::Auto,
        Status::Ambiguous | Status::Unmapped => State::Suggested,
        Status::Invalid => State::Invalid,
    };
    let Some(target) = outcome.target() else {
        row.justification = justification("lexical").to_owned();
        return row;
    };
    row.target.code.clone_from(&target.code);
    row.target.label.clone_from(&target.display);
    row.relationship = target.relationship;
    // As many digits as in the mapper's tables: the same answer looks the same everywhere.
    row.probability = format!("{:.4}", target.probability).parse().ok();
    target.match_type.as_str().clone_into(&mut row.match_type);
    justification(&row.match_type).clone_into(&mut row.justification);
    if let Some(explanation) = &target.explanation {
        row.match_string.clone_from(&explanation.matched);
    } else if target.match_type == MatchType::Exact {
        item.get(Role::Name).clone_into(&mut row.match_string);
    }
    if target.match_type == MatchType::Decision && outcome.status == Status::Mapped {
        row.state = State::Accepted;
    }
    row
}

//! Usagi's mapping export, both ways.
//!
//! Context of the source is `ADD_INFO:` columns, as Usagi itself keeps what it does not know. A refused or unsure
//! mapping is unchecked there; its state is carried. Targets need concept ids: see `vocabularies`.

use super::super::item::Role;
use super::mapping_set::{MappingRow, State};
use super::omop::name_target;
use super::set_table::{Fields, Layout, milliseconds, moment};
use super::vocabularies::OmopConcepts;
use std::collections::BTreeSet;
use tern_index::model::Relationship;

const BEFORE: [&str; 4] = ["sourceCode", "sourceName", "sourceFrequency", "sourceAutoAssignedConceptIds"];
const AFTER: [&str; 13] = [
    "matchScore",
    "mappingStatus",
    "equivalence",
    "statusSetBy",
    "statusSetOn",
    "conceptId",
    "conceptName",
    "domainId",
    "mappingType",
    "comment",
    "createdBy",
    "createdOn",
    "assignedReviewer",
];
/// Before the name of what Usagi keeps without knowing it.
const INFO: &str = "ADD_INFO:";
const CARRIER: &str = "ADD_INFO:tern_";

/// The layout, with the concepts if there is a table of them.
pub(super) struct Usagi<'c> {
    pub concepts: &'c OmopConcepts,
}

fn status(state: State) -> &'static str {
    match state {
        State::Accepted => "APPROVED",
        State::Auto => "AUTO_MAPPED",
        State::NoMatch => "IGNORED",
        State::NeedsSecondReview => "FLAGGED",
        State::Invalid => "INVALID_TARGET",
        State::Suggested | State::Rejected => "UNCHECKED",
    }
}

fn state(status: &str) -> Result<State, String> {
    Ok(match status {
        "APPROVED" => State::Accepted,
        "AUTO_MAPPED" | "AUTO_MAPPED_TO_1" | "SEMI_APPROVED" => State::Auto,
        "IGNORED" => State::NoMatch,
        "FLAGGED" => State::NeedsSecondReview,
        "INVALID_TARGET" => State::Invalid,
        "" | "UNCHECKED" => State::Suggested,
        other => return Err(format!("mappingStatus {other:?} is none that Usagi writes")),
    })
}

fn equivalence(relationship: Relationship) -> &'static str {
    match relationship {
        Relationship::Equivalent => "EQUIVALENT",
        Relationship::SourceIsNarrowerThanTarget => "WIDER",
        Relationship::SourceIsBroaderThanTarget => "NARROWER",
        Relationship::RelatedTo => "INEXACT",
        Relationship::NotRelatedTo => "UNMATCHED",
    }
}

/// The relationship of a word; the word itself where several have one relationship.
fn relationship(word: &str) -> Result<(Relationship, bool), String> {
    Ok(match word {
        "EQUIVALENT" => (Relationship::Equivalent, true),
        "EQUAL" => (Relationship::Equivalent, false),
        "" | "UNREVIEWED" => (Relationship::Equivalent, false),
        "WIDER" => (Relationship::SourceIsNarrowerThanTarget, true),
        "NARROWER" => (Relationship::SourceIsBroaderThanTarget, true),
        "INEXACT" => (Relationship::RelatedTo, true),
        "UNMATCHED" => (Relationship::NotRelatedTo, true),
        other => return Err(format!("equivalence {other:?} is none that Usagi writes")),
    })
}

fn is_role(name: &str) -> bool {
    Role::parse(name).is_some()
}

impl Layout for Usagi<'_> {
    fn columns(&self, rows: &[MappingRow]) -> Vec<String> {
        let context: BTreeSet<&String> = rows.iter().flat_map(|row| row.context.keys()).collect();
        let context = context
            .into_iter()
            .filter(|name| is_role(name))
            .map(|name| format!("{INFO}{name}"));
        let kept: BTreeSet<&String> = rows.iter().flat_map(|row| row.other.keys()).collect();
        let kept = kept
            .into_iter()
            .filter(|name| name.starts_with(INFO) && !name.starts_with(CARRIER));
        let mut columns: Vec<String> = BEFORE.map(str::to_owned).into();
        columns.extend(context);
        columns.extend(kept.cloned());
        columns.extend(AFTER.map(str::to_owned));
        columns
    }

    fn write(&self, row: &MappingRow, columns: &[String]) -> Vec<String> {
        let other = |name: &str| row.other.get(name).cloned().unwrap_or_default();
        let stamp = |text: &str| milliseconds(text).map(|moment| moment.to_string()).unwrap_or_default();
        let id = row
            .target_concept_id
            .or_else(|| self.concepts.id(&row.target.system, &row.target.code))
            .unwrap_or(0);
        let word = Some(other("equivalence")).filter(|word| {
            !word.is_empty() && relationship(word).is_ok_and(|(relationship, _)| relationship == row.relationship)
        });
        let value = |column: &str| match column {
            "sourceCode" => row.source.code.clone(),
            "sourceName" => row.source.label.clone(),
            "sourceFrequency" => row.count.unwrap_or(0).to_string(),
            "matchScore" => row.similarity.or(row.probability).unwrap_or(0.0).to_string(),
            "mappingStatus" => status(row.state).to_owned(),
            "equivalence" => word.clone().unwrap_or_else(|| equivalence(row.relationship).to_owned()),
            "statusSetBy" => row.reviewer.clone(),
            "statusSetOn" => stamp(&row.review_date),
            "conceptId" => id.to_string(),
            "conceptName" => row.target.label.clone(),
            "domainId" => row.target_domain.clone(),
            "mappingType" => Some(other("mappingType"))
                .filter(|kind| !kind.is_empty())
                .unwrap_or_else(|| "MAPS_TO".to_owned()),
            "comment" => row.comment.clone(),
            "createdBy" => row.author.clone(),
            "createdOn" => stamp(&row.date),
            column => match column.strip_prefix(INFO).and_then(|name| row.context.get(name)) {
                Some(value) => value.clone(),
                None => other(column),
            },
        };
        columns.iter().map(|column| value(column)).collect()
    }

    fn read(&self, fields: &Fields) -> Result<MappingRow, String> {
        let mut row = MappingRow::default();
        let owned = |name: &str| fields.get(name).to_owned();
        let whole = |name: &str| match fields.get(name) {
            "" => Ok(0),
            text => text.parse::<u64>().map_err(|_| format!("{name} {text:?} is no number")),
        };
        (row.source.code, row.source.label) = (owned("sourceCode"), owned("sourceName"));
        row.count = Some(whole("sourceFrequency")?).filter(|count| *count > 0);
        row.set("similarity", fields.get("matchScore"))?;
        // Usagi writes 0 where it has not matched.
        row.similarity = row.similarity.filter(|score| *score > 0.0);
        row.state = state(fields.get("mappingStatus"))?;
        let word = fields.get("equivalence");
        let (relationship, plain) = relationship(word)?;
        row.relationship = relationship;
        if !plain {
            row.other.insert("equivalence".to_owned(), word.to_owned());
        }
        (row.reviewer, row.author, row.comment) = (owned("statusSetBy"), owned("createdBy"), owned("comment"));
        for (name, date) in [("statusSetOn", &mut row.review_date), ("createdOn", &mut row.date)] {
            let text = fields.get(name);
            if !matches!(text, "" | "0") {
                let stamp = text
                    .parse()
                    .map_err(|_| format!("{name} {text:?} is no number of milliseconds"))?;
                *date = moment(stamp);
            }
        }
        let id = whole("conceptId")?;
        if id != 0 {
            row.target_concept_id = Some(id);
            name_target(&mut row, id, self.concepts);
        }
        if !fields.get("conceptName").is_empty() {
            row.target.label = owned("conceptName");
        }
        if !fields.get("domainId").is_empty() {
            row.target_domain = owned("domainId");
        }
        for name in ["sourceAutoAssignedConceptIds", "assignedReviewer"] {
            row.other.insert(name.to_owned(), owned(name));
        }
        if !matches!(fields.get("mappingType"), "" | "MAPS_TO") {
            row.other.insert("mappingType".to_owned(), owned("mappingType"));
        }
        for (column, value) in fields.all() {
            let Some(name) = column.strip_prefix(INFO).filter(|_| !column.starts_with(CARRIER)) else {
                continue;
            };
            if is_role(name) {
                row.context.insert(name.to_owned(), value.to_owned());
            } else {
                row.other.insert(column.to_owned(), value.to_owned());
            }
        }
        row.normalise();
        Ok(row)
    }

    fn carrier(&self) -> &'static str {
        CARRIER
    }
}

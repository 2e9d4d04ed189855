//! OMOP `source_to_concept_map`, both ways.
//!
//! Only what may be used leads to a concept: the id of a mapping that is neither accepted by a person nor within the
//! error budget is 0, with the vocabulary it was looked for in, and its suggestion is carried. Dates that nobody
//! stated are those of the mapping, and the end of time as the common data model writes it.

use super::mapping_set::{MappingRow, State};
use super::set_table::{Fields, Layout};
use super::vocabularies::{CONCEPT_IDS, OmopConcepts, system, vocabulary_id};

/// The columns, in the order of the common data model.
pub(super) const COLUMNS: [&str; 9] = [
    "source_code",
    "source_concept_id",
    "source_vocabulary_id",
    "source_code_description",
    "target_concept_id",
    "target_vocabulary_id",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
];
const BEGINNING: &str = "1970-01-01";
const END: &str = "2099-12-31";

/// The layout, with the concepts if there is a table of them.
pub(super) struct Omop<'c> {
    pub concepts: &'c OmopConcepts,
}

fn usable(row: &MappingRow) -> bool {
    row.has_target() && !row.negated && matches!(row.state, State::Auto | State::Accepted)
}

fn date(text: &str) -> Option<&str> {
    text.get(..10).filter(|date| date.parse::<jiff::civil::Date>().is_ok())
}

impl Layout for Omop<'_> {
    fn columns(&self, _: &[MappingRow]) -> Vec<String> {
        COLUMNS.map(str::to_owned).into()
    }

    fn write(&self, row: &MappingRow, _: &[String]) -> Vec<String> {
        let code = if row.source.code.is_empty() {
            &row.source.label
        } else {
            &row.source.code
        };
        let known = row
            .target_concept_id
            .or_else(|| self.concepts.id(&row.target.system, &row.target.code));
        let target = known.filter(|_| usable(row)).unwrap_or(0);
        let other = |name: &str| row.other.get(name).cloned().unwrap_or_default();
        let source_id = Some(other("source_concept_id")).filter(|id| id.parse::<u64>().is_ok());
        let from = date(&row.valid_from).or_else(|| date(&row.date)).unwrap_or(BEGINNING);
        let reason = match other("invalid_reason") {
            reason if reason.is_empty() && row.state == State::Rejected => "D".to_owned(),
            reason => reason,
        };
        vec![
            code.clone(),
            source_id.unwrap_or_else(|| "0".to_owned()),
            vocabulary_id(&row.source.system),
            row.source.label.clone(),
            target.to_string(),
            vocabulary_id(&row.target.system),
            from.to_owned(),
            date(&row.valid_to).unwrap_or(END).to_owned(),
            reason,
        ]
    }

    fn read(&self, fields: &Fields) -> Result<MappingRow, String> {
        let mut row = MappingRow::default();
        fields.get("source_code").clone_into(&mut row.source.code);
        fields.get("source_code_description").clone_into(&mut row.source.label);
        row.source.system = system(fields.get("source_vocabulary_id"));
        row.target.system = system(fields.get("target_vocabulary_id"));
        let id = fields.get("target_concept_id");
        let id: u64 = if id.is_empty() {
            0
        } else {
            id.parse().map_err(|_| format!("target_concept_id {id:?} is no number"))?
        };
        if id != 0 {
            row.state = State::Accepted;
            row.target_concept_id = Some(id);
            name_target(&mut row, id, self.concepts);
        }
        row.valid_from = as_date(fields.get("valid_start_date"));
        row.valid_to = as_date(fields.get("valid_end_date"));
        let source_id = fields.get("source_concept_id");
        if !matches!(source_id, "" | "0") {
            row.other.insert("source_concept_id".to_owned(), source_id.to_owned());
        }
        let reason = fields.get("invalid_reason");
        if !reason.is_empty() {
            row.other.insert("invalid_reason".to_owned(), reason.to_owned());
        }
        Ok(row)
    }

    fn carrier(&self) -> &'static str {
        "tern_"
    }
}

/// The target that a concept id stands for: by the table, else the id itself as a code.
pub(super) fn name_target(row: &mut MappingRow, id: u64, concepts: &OmopConcepts) {
    if let Some(concept) = concepts.concept(id) {
        row.target.system = system(&concept.vocabulary);
        row.target.code.clone_from(&concept.code);
        row.target.label.clone_from(&concept.name);
        row.target_domain.clone_from(&concept.domain);
    } else {
        CONCEPT_IDS.clone_into(&mut row.target.system);
        row.target.code = id.to_string();
    }
}

/// Dates are `YYYY-MM-DD`, or `YYYYMMDD` as Athena writes them.
fn as_date(text: &str) -> String {
    match (text.get(..4), text.get(4..6), text.get(6..)) {
        (Some(year), Some(month), Some(day)) if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{year}-{month}-{day}")
        }
        _ => text.to_owned(),
    }
}

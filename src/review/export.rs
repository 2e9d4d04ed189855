//! The queue as a table that people fill in: CSV or XLSX, best look first, with the candidates and an empty decision.
//!
//! In XLSX every code is a text cell, and so are the cells that codes are typed into, so that no spreadsheet makes dates
//! of them; the decision is picked from a list. What two blind reviewers have said so far is not in the table.
//!
//! In CSV a text that a spreadsheet would run as a formula has an apostrophe before it ([`super::sheet::guarded`]), which
//! the import takes away; numbers and signs alone are left as they are, and so is every cell of XLSX, which says itself
//! that it is text.

use super::error::ReviewError;
use super::item::{Item, Suggestion};
use super::sheet::{CANDIDATES, DECISION_COLUMNS, DECISIONS, guarded, role_column};
use crate::mapper::Role;
use crate::mapper::workbook::{self, LONGEST_CELL, MOST_ROWS};
use rust_xlsxwriter::{DataValidation, Format, Workbook, XlsxError};
use std::path::Path;
use tern_index::model::Relationship;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetFormat {
    /// Comma-separated.
    Csv,
    /// A workbook with one sheet.
    Xlsx,
}

impl SheetFormat {
    /// Reads the name of a format, or the ending of a file.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }
}

/// A value of a cell.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Number(f64),
}

/// The columns, in their order.
fn columns() -> Vec<String> {
    let own = [
        "item",
        "revision",
        "scope",
        "target_system",
        "target_version",
        "state",
        "count",
        "expected_errors",
    ];
    let mut columns: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
    columns.extend(Role::TUPLE.map(role_column));
    columns.extend(["reason".to_owned(), "would_decide".to_owned()]);
    for number in 1..=CANDIDATES {
        columns.extend(["code", "display", "probability", "why"].map(|part| format!("candidate_{number}_{part}")));
    }
    columns.extend(DECISION_COLUMNS.map(str::to_owned));
    columns
}

/// Why a candidate was suggested, in a line.
pub fn why(suggestion: &Suggestion) -> String {
    let explained = suggestion.explained();
    let mut parts = Vec::new();
    if !explained.matched.is_empty() && explained.matched != suggestion.display {
        parts.push(format!("matched {:?}", explained.matched));
    }
    let words = [
        ("both", &explained.words_matched),
        ("only source", &explained.words_source_only),
        ("only target", &explained.words_target_only),
    ];
    for (side, words) in words.into_iter().filter(|(_, words)| !words.is_empty()) {
        parts.push(format!("{side}: {}", words.join(" ")));
    }
    for constraint in &explained.constraints {
        let sign = match constraint.verdict.as_str() {
            "satisfied" => "agrees",
            "broken" => "CONTRADICTS",
            _ => continue,
        };
        parts.push(format!(
            "{} {sign} ({} / {})",
            constraint.axis, constraint.source, constraint.target
        ));
    }
    if parts.is_empty() {
        parts.push(suggestion.match_type.clone());
    }
    parts.join("; ")
}

fn values(item: &Item) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let mut values = vec![
        Value::Number(item.id as f64),
        Value::Number(item.revision as f64),
        text(&item.scope.name),
        text(&item.scope.target),
        text(item.release.as_deref().unwrap_or("")),
        text(item.standing.state.as_str()),
        Value::Number(item.count),
        Value::Number((item.expected_errors() * 1e4).round() / 1e4),
    ];
    values.extend(Role::TUPLE.map(|role| text(item.source.get(role))));
    let reason = if item.standing.dispute.is_empty() {
        item.proposal.reason.clone()
    } else {
        format!("two reviewers disagree ({})", item.standing.dispute.join("; "))
    };
    values.push(Value::Text(reason));
    values.push(Value::Text(item.proposal.explained().would_decide.join("; ")));
    let mut suggestions = item.open_suggestions();
    for _ in 0..CANDIDATES {
        match suggestions.next() {
            Some(one) => values.extend([
                text(&one.code),
                text(&one.display),
                Value::Number((f64::from(one.probability) * 1e4).round() / 1e4),
                Value::Text(why(one)),
            ]),
            None => values.extend([text(""), text(""), text(""), text("")]),
        }
    }
    values.extend(DECISION_COLUMNS.map(|_| text("")));
    values
}

/// The table as bytes.
pub fn table(items: &[Item], format: SheetFormat, path: &Path) -> Result<Vec<u8>, ReviewError> {
    let fail = |message: String| ReviewError::Table {
        path: path.display().to_string(),
        message,
    };
    match format {
        SheetFormat::Csv => separated(items).map_err(|error| fail(error.to_string())),
        SheetFormat::Xlsx if items.len() >= MOST_ROWS as usize => Err(fail(format!(
            "{} items are more than a sheet has rows; export fewer with --limit, or as CSV",
            items.len()
        ))),
        SheetFormat::Xlsx => workbook(items).map_err(|error| fail(error.to_string())),
    }
}

fn separated(items: &[Item]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns())?;
    for item in items {
        writer.write_record(values(item).iter().map(|value| match value {
            Value::Text(text) => guarded(text).into_owned(),
            Value::Number(number) => number.to_string(),
        }))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Characters that a column shows at once.
fn width(column: &str) -> f64 {
    match column {
        "source_name" | "reason" => 36.0,
        "target_system" | "comment" => 24.0,
        "decision" => 20.0,
        "relationship" => 28.0,
        "target_code" | "reviewer" => 14.0,
        other if other.ends_with("_display") => 40.0,
        other if other.ends_with("_why") => 44.0,
        _ => 12.0,
    }
}

fn workbook(items: &[Item]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The time of writing would make equal tables differ.
    workbook.set_properties(&workbook::properties()?);
    let sheet = workbook.add_worksheet();
    sheet.set_name("review")?;
    let text = Format::new().set_num_format("@");
    let heading = Format::new().set_bold();
    let columns = columns();
    let last = items.len() as u32;
    for (at, column) in columns.iter().enumerate() {
        let at = at as u16;
        sheet.write_string_with_format(0, at, column, &heading)?;
        sheet.set_column_width(at, width(column))?;
        if DECISION_COLUMNS.contains(&column.as_str()) {
            // Before anything is typed: a code must not become a date.
            sheet.set_column_format(at, &text)?;
        }
        let offered: Vec<&str> = match column.as_str() {
            "decision" => DECISIONS.to_vec(),
            "relationship" => {
                let accepted = Relationship::ALL.iter().filter(|one| **one != Relationship::NotRelatedTo);
                accepted.map(|one| one.as_str()).collect()
            }
            _ => continue,
        };
        let list = DataValidation::new()
            .allow_list_strings(&offered)?
            .set_error_title("Not in the list")?
            .set_error_message(format!("Use one of: {}", offered.join(", ")))?;
        sheet.add_data_validation(1, at, last.max(1), at, &list)?;
    }
    for (row, item) in items.iter().enumerate() {
        for (column, value) in values(item).iter().enumerate() {
            let place = (row as u32 + 1, column as u16);
            match value {
                Value::Number(number) => sheet.write_number(place.0, place.1, *number)?,
                Value::Text(value) if value.is_empty() => continue,
                Value::Text(value) => sheet.write_string_with_format(place.0, place.1, shortened(value), &text)?,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, last, columns.len() as u16 - 1)?;
    workbook.save_to_buffer()
}

/// What fits into a cell; the end of a longer text is left out and seen to be.
fn shortened(text: &str) -> String {
    let units: usize = text.chars().map(char::len_utf16).sum();
    if units <= LONGEST_CELL {
        return text.to_owned();
    }
    let mut room = LONGEST_CELL - 1;
    let fits = |character: &char| {
        let size = character.len_utf16();
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

//! The table that leaves the house: its columns, and reading it back from CSV or XLSX as plain text.
//!
//! Rows are numbered as a spreadsheet shows them, the header being row 1. A cell that a spreadsheet has made a number or
//! a date comes back as the digits that it stored, which is what the mapper's repairs know how to undo; digits that are
//! lost are written as such (`1.2E+17`), so that they are refused.

use super::error::ReviewError;
use crate::mapper::workbook::{check_size, number_text};
use crate::mapper::{Input, Role, Row};
use calamine::{DataRef, Reader, Xlsx};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Candidates in a table.
pub(super) const CANDIDATES: usize = 5;
/// The words for decisions, as the list in the sheet offers them.
pub(super) const DECISIONS: [&str; 4] = ["accepted", "rejected", "no-match", "needs-second-review"];

/// Columns that people fill in, at the end.
pub(super) const DECISION_COLUMNS: [&str; 5] = ["decision", "target_code", "relationship", "comment", "reviewer"];

/// The column of a role.
pub(super) fn role_column(role: Role) -> String {
    match role {
        Role::Code | Role::Name | Role::System => format!("source_{}", role.as_str()),
        other => other.as_str().to_owned(),
    }
}

/// Whether a spreadsheet that opens a CSV would run a text as a formula: it begins with a sign that begins one, and is
/// neither a number nor made of signs alone.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
        && text.parse::<f64>().is_err()
        && text.contains(|character: char| character.is_alphanumeric())
}

/// A text for a cell of a CSV that somebody opens in a spreadsheet: an apostrophe stands before what would run as a
/// formula, and before what looks guarded already, so that [`unguarded`] gives every text back.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text.trim_start_matches('\'')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that [`guarded`] was given.
pub(super) fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(text.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

/// A row as read, by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SheetRow {
    /// As a spreadsheet numbers it.
    pub row: u64,
    /// What is wrong with the row as such.
    pub fault: Option<String>,
    cells: BTreeMap<String, String>,
}

impl SheetRow {
    /// The text of a column, without blanks around it; empty where there is none.
    pub fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", |text| text.trim())
    }
}

/// Reads a reviewed table: XLSX by its first bytes, otherwise CSV or TSV.
pub(super) fn read(path: &Path) -> Result<Vec<SheetRow>, ReviewError> {
    let shown = path.display().to_string();
    let rows = if is_workbook(path).map_err(|error| ReviewError::io(&shown, error))? {
        read_workbook(path, &shown)?
    } else {
        read_text(path)?
    };
    let Some(first) = rows.first() else {
        return Ok(rows);
    };
    let missing: Vec<&str> = ["decision", "target_code"]
        .into_iter()
        .filter(|column| !first.cells.contains_key(*column))
        .collect();
    if missing.is_empty() {
        return Ok(rows);
    }
    Err(ReviewError::Table {
        path: shown,
        message: format!(
            "the column {} is missing; import the table that `tern review export` has written, with its header",
            missing.join(" and ")
        ),
    })
}

fn is_workbook(path: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut start = [0; 4];
    let read = File::open(path)?.read(&mut start)?;
    // A workbook is a zip archive, and a table never begins like one.
    Ok(start.get(..read) == Some(b"PK\x03\x04"))
}

fn read_text(path: &Path) -> Result<Vec<SheetRow>, ReviewError> {
    let mut input = Input::open(path)?;
    let header: Vec<String> = input.header().iter().map(|name| name.trim().to_lowercase()).collect();
    let (mut rows, mut row) = (Vec::new(), Row::default());
    while input.next(&mut row)? {
        let cells = row.fields.iter().map(str::to_owned);
        rows.push(SheetRow {
            row: rows.len() as u64 + 2,
            fault: row.fault.clone(),
            cells: header.iter().cloned().zip(cells).collect(),
        });
    }
    Ok(rows)
}

/// Cell by cell: a workbook may claim any size, what counts is what it holds.
fn read_workbook(path: &Path, shown: &str) -> Result<Vec<SheetRow>, ReviewError> {
    let fail = |error: calamine::XlsxError| ReviewError::Table {
        path: shown.to_owned(),
        message: format!("the workbook cannot be read ({error}); save it as XLSX or CSV"),
    };
    let file = File::open(path).map_err(|error| ReviewError::io(shown, error))?;
    check_size(&file, shown)?;
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(fail)?;
    let Some(name) = workbook.sheet_names().first().cloned() else {
        return Ok(Vec::new());
    };
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(fail)?;
    let mut header: BTreeMap<u32, String> = BTreeMap::new();
    let mut header_row = None;
    let mut rows: BTreeMap<u32, BTreeMap<String, String>> = BTreeMap::new();
    while let Some(cell) = cells.next_cell().map_err(fail)? {
        let (row, column) = cell.get_position();
        let text = text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if *header_row.get_or_insert(row) == row {
            header.insert(column, text.trim().to_lowercase());
        } else if let Some(name) = header.get(&column) {
            rows.entry(row).or_default().insert(name.clone(), text);
        }
    }
    let blank: BTreeMap<String, String> = header.into_values().map(|name| (name, String::new())).collect();
    let full = rows.into_iter().map(|(row, cells)| SheetRow {
        row: u64::from(row) + 1,
        fault: None,
        cells: blank.clone().into_iter().chain(cells).collect(),
    });
    Ok(full.collect())
}

/// What a cell holds, as text.
fn text(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        // The days that the spreadsheet has counted: the mapper knows which codes become which days.
        DataRef::DateTime(date) => number_text(date.as_f64()),
        DataRef::Bool(value) => value.to_string(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_data_is_left_alone() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
            ("'=A1", "''=A1"),
            ("-5.2", "-5.2"),
            ("+1e3", "+1e3"),
            ("-", "-"),
            ("+++", "+++"),
            ("2345-7", "2345-7"),
            ("'tis", "'tis"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), cell);
            assert_eq!(unguarded(cell), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_text_comes_back(text in "['=+@\\-]{0,3}\\PC{0,6}") {
            let cell = guarded(&text);
            proptest::prop_assert_eq!(unguarded(&cell), &text);
            proptest::prop_assert!(!is_formula(&cell));
        }
    }
}

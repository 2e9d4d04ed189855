//! XLSX out: one sheet, codes as text cells, the header frozen and filtered.
//!
//! Everything is text but numbers that tern itself made: a code that a spreadsheet takes for a number or a date is
//! lost. Rows go through a temporary file, not through memory. What a sheet cannot hold is an error that says so; no
//! row is dropped and no text cut. The same rows give the same bytes: no clock is asked.

use super::super::error::MapError;
use super::super::write::{Cell, Column, Encoded, TableSink};
use super::bytes_out::BytesOut;
use super::spreadsheet::column_name;
use super::workbook::{self, LONGEST_CELL, MOST_COLUMNS, MOST_ROWS};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::io::{self, BufReader, BufWriter, Seek};

/// A workbook being written.
pub(in super::super) struct SpreadsheetOut {
    bytes: BytesOut,
    book: Workbook,
    columns: Vec<Column>,
    row: u32,
}

impl SpreadsheetOut {
    /// Starts a workbook with its header.
    pub fn start(bytes: BytesOut, columns: Vec<Column>) -> Result<Self, MapError> {
        let mut book = Workbook::new();
        let mut output = Self {
            row: 0,
            book: Workbook::new(),
            columns,
            bytes,
        };
        if output.columns.len() > MOST_COLUMNS {
            let message = format!(
                "a sheet has at most {MOST_COLUMNS} columns, the table has {}",
                output.columns.len()
            );
            return Err(output.malformed(message));
        }
        let made = (|| {
            book.set_properties(&workbook::properties()?);
            let bold = Format::new().set_bold();
            let sheet = book.add_worksheet_with_constant_memory()?;
            sheet.set_name("mapped")?.set_freeze_panes(1, 0)?;
            for (place, column) in output.columns.iter().enumerate() {
                sheet.write_string_with_format(0, place as u16, &column.name, &bold)?;
            }
            Ok(())
        })();
        made.map_err(|error: XlsxError| output.failed(&error))?;
        output.book = book;
        Ok(output)
    }

    fn malformed(&self, message: String) -> MapError {
        MapError::Malformed {
            path: self.bytes.shown().to_owned(),
            message,
        }
    }

    fn failed(&self, error: &XlsxError) -> MapError {
        MapError::io(self.bytes.shown(), io::Error::other(error.to_string()))
    }

    fn check(&self, place: usize, field: &str) -> Result<(), MapError> {
        // Bytes are never fewer than characters, so most fields need no counting.
        if field.len() > LONGEST_CELL && field.chars().map(char::len_utf16).sum::<usize>() > LONGEST_CELL {
            let cell = format!("{}{}", column_name(place), self.row + 1);
            return Err(self.malformed(format!(
                "cell {cell} would hold more than the {LONGEST_CELL} characters that XLSX allows; write CSV, NDJSON or Parquet"
            )));
        }
        Ok(())
    }
}

impl TableSink for SpreadsheetOut {
    fn encode(&self, fields: Vec<String>) -> Encoded {
        Encoded::Fields(fields)
    }

    fn row(&mut self, fields: &csv::StringRecord, outcome: &Encoded) -> Result<(), MapError> {
        self.row += 1;
        if self.row >= MOST_ROWS {
            return Err(self.malformed(format!(
                "an XLSX sheet holds {} rows under its header, and there are more; write CSV, NDJSON or Parquet",
                MOST_ROWS - 1
            )));
        }
        let all = || fields.iter().chain(outcome.fields());
        for (place, field) in all().enumerate() {
            self.check(place, field)?;
        }
        let row = self.row;
        let written = (|| {
            let sheet = self.book.worksheet_from_index(0)?;
            for (place, (field, column)) in all().zip(&self.columns).enumerate() {
                // At most 16,384 columns, as checked at the start.
                let place = place as u16;
                match field.parse::<f64>() {
                    _ if field.is_empty() => {}
                    Ok(number) if column.cell == Cell::Number && number.is_finite() => {
                        sheet.write_number(row, place, number)?;
                    }
                    _ => {
                        sheet.write_string(row, place, field)?;
                    }
                }
            }
            Ok(())
        })();
        written.map_err(|error: XlsxError| self.failed(&error))
    }

    fn finish(mut self: Box<Self>) -> Result<(), MapError> {
        let (last, width) = (self.row, self.columns.len().saturating_sub(1) as u16);
        let saved = (|| {
            self.book.worksheet_from_index(0)?.autofilter(0, 0, last, width)?;
            let mut copy = BufWriter::new(tempfile::tempfile()?);
            self.book.save_to_writer(&mut copy)?;
            copy.into_inner().map_err(|error| XlsxError::IoError(error.into_error()))
        })();
        let mut copy = saved.map_err(|error: XlsxError| self.failed(&error))?;
        let copied = copy
            .rewind()
            .and_then(|()| io::copy(&mut BufReader::new(copy), &mut self.bytes));
        copied.map_err(|error| MapError::io(self.bytes.shown(), error))?;
        self.bytes.finish()
    }
}

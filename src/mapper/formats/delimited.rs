//! CSV and TSV in. TSV has no quoting, as its registration says; CSV has.
//!
//! A row that cannot be read as it should is still a row, with its fault and its line. Encodings other than UTF-8 are
//! not guessed.

use super::super::error::MapError;
use super::super::read::{Row, Rows};
use std::io::Read;

/// An open CSV or TSV.
pub(in super::super) struct Delimited {
    reader: csv::Reader<Box<dyn Read + Send>>,
    columns: usize,
    shown: String,
}

impl Delimited {
    /// Opens a table and reads its header.
    pub fn open(bytes: Box<dyn Read + Send>, delimiter: u8, shown: &str) -> Result<(Self, Vec<String>), MapError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(delimiter != b'\t')
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(bytes);
        let mut raw = csv::ByteRecord::new();
        let any = reader
            .read_byte_record(&mut raw)
            .map_err(|error| MapError::csv(shown, error))?;
        let header: Vec<String> = raw
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').to_owned())
            .collect();
        if !any || header.iter().all(String::is_empty) {
            return Err(MapError::NoHeader { path: shown.to_owned() });
        }
        let rows = Self {
            reader,
            columns: header.len(),
            shown: shown.to_owned(),
        };
        Ok((rows, header))
    }
}

impl Rows for Delimited {
    fn next(&mut self, row: &mut Row) -> Result<bool, MapError> {
        // The row's own room is read into again, so that a sound row costs no allocation.
        let mut raw = std::mem::take(&mut row.fields).into_byte_record();
        let any = self
            .reader
            .read_byte_record(&mut raw)
            .map_err(|error| MapError::csv(&self.shown, error))?;
        if !any {
            return Ok(false);
        }
        let (found, expected) = (raw.len(), self.columns);
        let raw = match csv::StringRecord::from_byte_record(raw) {
            Ok(fields) if found == expected => {
                row.fields = fields;
                return Ok(true);
            }
            Ok(fields) => fields.into_byte_record(),
            Err(error) => error.into_byte_record(),
        };
        let line = raw.position().map_or(0, csv::Position::line);
        row.fault = Some(if found == expected {
            format!("line {line}: the row is not UTF-8 text; convert the file to UTF-8")
        } else {
            format!("line {line}: the row has {found} fields, the header has {expected}")
        });
        row.fields.clear();
        for place in 0..expected {
            row.fields
                .push_field(&String::from_utf8_lossy(raw.get(place).unwrap_or_default()));
        }
        Ok(true)
    }

    fn position(&self) -> u64 {
        self.reader.position().byte()
    }
}

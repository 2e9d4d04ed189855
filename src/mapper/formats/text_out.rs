//! CSV, TSV and NDJSON out.
//!
//! What a distinct tuple adds to its rows is made bytes once; a row then costs its own fields and one copy.

use super::super::error::MapError;
use super::super::write::{Cell, Column, Encoded, TableSink};
use super::bytes_out::BytesOut;
use std::io::{self, Write};

/// Which of the text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Text {
    /// Quoted where needed.
    Csv,
    /// No quoting; tabs and line ends inside fields become blanks.
    Tsv,
    /// One object per line; empty values are left out.
    Ndjson,
}

/// Written out when so many bytes have come together.
const FLUSH: usize = 1 << 18;

/// A text table being written.
pub(in super::super) struct TextOut {
    bytes: BytesOut,
    text: Text,
    columns: Vec<Column>,
    /// For NDJSON: `"name":` of every column.
    keys: Vec<Vec<u8>>,
    buffer: Vec<u8>,
}

impl TextOut {
    /// Starts a table with its header.
    pub fn start(bytes: BytesOut, text: Text, columns: Vec<Column>) -> Result<Self, MapError> {
        let keys = columns.iter().map(|column| key(&column.name)).collect();
        let mut output = Self {
            bytes,
            text,
            columns,
            keys,
            buffer: Vec::with_capacity(FLUSH * 2),
        };
        if text != Text::Ndjson {
            let names: Vec<&str> = output.columns.iter().map(|column| column.name.as_str()).collect();
            push_fields(&mut output.buffer, text, names.into_iter(), true);
            output.buffer.push(b'\n');
        }
        Ok(output)
    }

    fn flush(&mut self) -> Result<(), MapError> {
        let written = self.bytes.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|error| MapError::io(self.bytes.shown(), error))
    }
}

fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_json_text(&mut key, name);
    key.push(b':');
    key
}

/// Fields with what separates them, the first one without it.
fn push_fields<'f>(buffer: &mut Vec<u8>, text: Text, fields: impl Iterator<Item = &'f str>, mut first: bool) {
    for field in fields {
        if !std::mem::take(&mut first) {
            buffer.push(if text == Text::Tsv { b'\t' } else { b',' });
        }
        if text == Text::Tsv {
            push_tab_field(buffer, field);
        } else {
            push_csv_field(buffer, field);
        }
    }
}

fn push_csv_field(buffer: &mut Vec<u8>, field: &str) {
    let bytes = field.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'"' | b',' | b'\n' | b'\r')) {
        buffer.extend_from_slice(bytes);
        return;
    }
    buffer.push(b'"');
    for byte in bytes {
        if *byte == b'"' {
            buffer.push(b'"');
        }
        buffer.push(*byte);
    }
    buffer.push(b'"');
}

fn push_tab_field(buffer: &mut Vec<u8>, field: &str) {
    let start = buffer.len();
    buffer.extend_from_slice(field.as_bytes());
    for byte in buffer.iter_mut().skip(start) {
        if matches!(byte, b'\t' | b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

fn push_json_text(buffer: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    let _: io::Result<()> = serde_json::to_writer(&mut *buffer, text).map_err(io::Error::from);
}

/// Pairs of an object; empty values are left out.
fn push_pairs<'f>(buffer: &mut Vec<u8>, pairs: impl Iterator<Item = (&'f Vec<u8>, &'f Column, &'f str)>) {
    let mut first = true;
    for (key, column, value) in pairs.filter(|(.., value)| !value.is_empty()) {
        if !std::mem::take(&mut first) {
            buffer.push(b',');
        }
        buffer.extend_from_slice(key);
        match column.cell {
            Cell::Number if push_number(buffer, value) => {}
            Cell::Json if is_object_on_a_line(value) => {
                buffer.extend_from_slice(value.as_bytes());
            }
            _ => push_json_text(buffer, value),
        }
    }
}

fn is_object_on_a_line(text: &str) -> bool {
    text.starts_with('{') && !text.contains('\n') && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// Writes a number as JSON does; false if the text is none.
fn push_number(buffer: &mut Vec<u8>, value: &str) -> bool {
    let number = match value.parse::<u64>() {
        Ok(whole) => Some(serde_json::Number::from(whole)),
        Err(_) => value.parse().ok().and_then(serde_json::Number::from_f64),
    };
    let Some(number) = number else { return false };
    buffer.extend_from_slice(number.to_string().as_bytes());
    true
}

impl TableSink for TextOut {
    fn encode(&self, fields: Vec<String>) -> Encoded {
        let mut bytes = Vec::new();
        let place = self.columns.len().saturating_sub(fields.len());
        match self.text {
            Text::Ndjson => {
                let columns = self.keys.iter().zip(&self.columns).skip(place);
                let pairs = columns
                    .zip(&fields)
                    .map(|((key, column), field)| (key, column, field.as_str()));
                push_pairs(&mut bytes, pairs);
                bytes.extend_from_slice(b"}\n");
            }
            text => {
                push_fields(&mut bytes, text, fields.iter().map(String::as_str), place == 0);
                bytes.push(b'\n');
            }
        }
        Encoded::Bytes(bytes)
    }

    fn row(&mut self, fields: &csv::StringRecord, outcome: &Encoded) -> Result<(), MapError> {
        let Encoded::Bytes(outcome) = outcome else {
            // Encoded by another sink than this one: a row without what was found would be a wrong row.
            return Err(MapError::io(
                self.bytes.shown(),
                io::Error::other("the row was made for another format"),
            ));
        };
        match self.text {
            Text::Ndjson => {
                self.buffer.push(b'{');
                let before = self.buffer.len();
                let columns = self.keys.iter().zip(&self.columns);
                let pairs = columns.zip(fields).map(|((key, column), field)| (key, column, field));
                push_pairs(&mut self.buffer, pairs);
                if self.buffer.len() > before && !outcome.starts_with(b"}") {
                    self.buffer.push(b',');
                }
            }
            text => push_fields(&mut self.buffer, text, fields.iter(), true),
        }
        self.buffer.extend_from_slice(outcome);
        if self.buffer.len() >= FLUSH {
            self.flush()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), MapError> {
        self.flush()?;
        self.bytes.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn csv_line(fields: &[String]) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(fields).unwrap();
        writer.into_inner().unwrap()
    }

    proptest! {
        #[test]
        fn fields_are_quoted_as_the_csv_crate_quotes(fields in prop::collection::vec("[a\",\n\r\t é]{0,6}", 2..5)) {
            let mut bytes = Vec::new();
            push_fields(&mut bytes, Text::Csv, fields.iter().map(String::as_str), true);
            bytes.push(b'\n');
            prop_assert_eq!(bytes, csv_line(&fields));
        }
    }

    #[test]
    fn numbers_and_objects_are_json_and_all_else_is_text() {
        let columns: Vec<Column> = [("p", Cell::Number), ("n", Cell::Number), ("e", Cell::Json), ("f", Cell::Json)]
            .into_iter()
            .map(|(name, cell)| Column {
                name: name.to_owned(),
                cell,
            })
            .collect();
        let keys: Vec<Vec<u8>> = columns.iter().map(|column| key(&column.name)).collect();
        let values = ["0.9800", "many", "{\"a\":[1]}", "{broken"];
        let mut bytes = Vec::new();
        push_pairs(
            &mut bytes,
            keys.iter()
                .zip(&columns)
                .zip(values)
                .map(|((key, column), value)| (key, column, value)),
        );
        let expected = r#""p":0.98,"n":"many","e":{"a":[1]},"f":"{broken""#;
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}

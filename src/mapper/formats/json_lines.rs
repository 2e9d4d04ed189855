//! NDJSON in: one object per line, its keys the columns.
//!
//! A stream has no header, so the columns are the keys of the first objects ([`SAMPLE_LINES`] lines or [`SAMPLE_BYTES`],
//! whichever ends first), in the order in which they appear. A later key that none of them had makes its row faulty
//! rather than lose its value. Numbers keep their digits as written, `null` is empty, objects and lists stay JSON.

use super::super::error::MapError;
use super::super::read::{Row, Rows};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::io::BufRead;

/// Lines looked at for the columns.
const SAMPLE_LINES: usize = 10_000;
/// Bytes looked at for the columns.
const SAMPLE_BYTES: usize = 8 << 20;
/// Longest line; what is longer is no row.
const LONGEST_LINE: u64 = 16 << 20;

/// An open NDJSON.
pub(in super::super) struct JsonLines {
    bytes: Box<dyn BufRead + Send>,
    columns: BTreeMap<String, usize>,
    sample: VecDeque<(u64, Vec<u8>)>,
    line: u64,
    position: u64,
    buffer: Vec<u8>,
    values: Vec<String>,
    shown: String,
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The pairs of an object in their order, duplicates included.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A value as a field.
fn text(value: &RawValue) -> Result<Cow<'_, str>, serde_json::Error> {
    let raw = value.get();
    if raw.starts_with('"') {
        return serde_json::from_str::<Key>(raw).map(|key| key.0);
    }
    Ok(Cow::Borrowed(if raw == "null" { "" } else { raw }))
}

impl JsonLines {
    /// Opens a table; the columns are taken from its first objects.
    pub fn open(bytes: Box<dyn BufRead + Send>, shown: &str) -> Result<(Self, Vec<String>), MapError> {
        let mut rows = Self {
            bytes,
            columns: BTreeMap::new(),
            sample: VecDeque::new(),
            line: 0,
            position: 0,
            buffer: Vec::new(),
            values: Vec::new(),
            shown: shown.to_owned(),
        };
        let mut header: Vec<String> = Vec::new();
        let mut held = 0;
        let mut first_fault = None;
        while rows.sample.len() < SAMPLE_LINES && held < SAMPLE_BYTES && rows.read_line()? {
            held += rows.buffer.len();
            match serde_json::from_slice::<Pairs>(&rows.buffer) {
                Ok(Pairs(pairs)) => {
                    for (key, _) in pairs {
                        if !rows.columns.contains_key(key.as_ref()) {
                            rows.columns.insert(key.clone().into_owned(), header.len());
                            header.push(key.into_owned());
                        }
                    }
                }
                Err(error) => first_fault = first_fault.or_else(|| Some(fault(rows.line, &error))),
            }
            rows.sample.push_back((rows.line, std::mem::take(&mut rows.buffer)));
        }
        if header.is_empty() {
            return Err(match first_fault {
                Some(message) => MapError::Malformed {
                    path: shown.to_owned(),
                    message: format!("{message}; NDJSON has one JSON object per line"),
                },
                None => MapError::NoHeader { path: shown.to_owned() },
            });
        }
        Ok((rows, header))
    }

    /// Reads the next line that is not blank into the buffer.
    fn read_line(&mut self) -> Result<bool, MapError> {
        loop {
            self.buffer.clear();
            let mut limited = std::io::Read::take(&mut self.bytes, LONGEST_LINE);
            let read = limited
                .read_until(b'\n', &mut self.buffer)
                .map_err(|error| MapError::io(&self.shown, error))?;
            if read == 0 {
                return Ok(false);
            }
            self.line += 1;
            self.position += read as u64;
            if read as u64 == LONGEST_LINE && !self.buffer.ends_with(b"\n") {
                return Err(MapError::Malformed {
                    path: self.shown.clone(),
                    message: format!("line {} is longer than {} MiB; is it NDJSON?", self.line, LONGEST_LINE >> 20),
                });
            }
            if self.line == 1 && self.buffer.starts_with("\u{feff}".as_bytes()) {
                self.buffer.drain(..3);
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }

    /// Fills the values from the line; says what is wrong with it, if anything.
    fn parse(&mut self, line: u64) -> Option<String> {
        self.values.resize(self.columns.len(), String::new());
        self.values.iter_mut().for_each(String::clear);
        let Pairs(pairs) = match serde_json::from_slice(&self.buffer) {
            Ok(pairs) => pairs,
            Err(error) => return Some(fault(line, &error)),
        };
        let mut wrong = None;
        let mut seen = vec![false; self.columns.len()];
        for (key, value) in pairs {
            let Some(place) = self.columns.get(key.as_ref()).copied() else {
                wrong.get_or_insert_with(|| {
                    format!("line {line}: the key {key:?} is in none of the first objects; give it there too, as null")
                });
                continue;
            };
            // The map numbers its keys from 0 and `values` and `seen` are as long as it.
            let (Some(slot), Some(seen)) = (self.values.get_mut(place), seen.get_mut(place)) else {
                continue;
            };
            if std::mem::replace(seen, true) {
                wrong.get_or_insert_with(|| format!("line {line}: the key {key:?} is there twice"));
            }
            match text(value) {
                Ok(text) => {
                    slot.clear();
                    slot.push_str(&text);
                }
                Err(error) => wrong = wrong.or_else(|| Some(fault(line, &error))),
            }
        }
        wrong
    }
}

fn fault(line: u64, error: &serde_json::Error) -> String {
    format!("line {line}, column {}: {error}", error.column())
}

impl Rows for JsonLines {
    fn next(&mut self, row: &mut Row) -> Result<bool, MapError> {
        let line = match self.sample.pop_front() {
            Some((line, held)) => {
                self.buffer = held;
                line
            }
            None if self.read_line()? => self.line,
            None => return Ok(false),
        };
        row.fault = self.parse(line);
        row.fields.clear();
        for value in &self.values {
            row.fields.push_field(value);
        }
        Ok(true)
    }

    fn position(&self) -> u64 {
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Vec<(Vec<String>, Option<String>)>;

    fn read(text: &'static str) -> (Vec<String>, Found) {
        let (mut rows, header) = JsonLines::open(Box::new(text.as_bytes()), "x").unwrap();
        let (mut row, mut found) = (Row::default(), Vec::new());
        while rows.next(&mut row).unwrap() {
            found.push((row.fields.iter().map(str::to_owned).collect(), row.fault.take()));
        }
        (header, found)
    }

    #[test]
    fn values_keep_their_digits_and_keys_their_order() {
        let (header, rows) = read(
            "\u{feff}{\"name\":\"Gl\\u00fccose\",\"code\":\"007\"}\n\n{\"code\":12345678901234567890,\"x\":1.50,\"name\":null,\"y\":[1, 2]}\n",
        );
        assert_eq!(header, ["name", "code", "x", "y"]);
        assert_eq!(rows[0].0, ["Glücose", "007", "", ""]);
        assert_eq!(rows[1].0, ["", "12345678901234567890", "1.50", "[1, 2]"]);
        assert!(rows.iter().all(|(_, fault)| fault.is_none()));
    }

    #[test]
    fn bad_lines_are_rows_with_their_line() {
        let (_, rows) = read("{\"a\":1}\nnonsense\n[1]\n{\"a\":1,\"a\":2}\n");
        for (number, row) in rows.iter().enumerate().skip(1) {
            let fault = row.1.as_ref().unwrap();
            assert!(fault.starts_with(&format!("line {}", number + 1)), "{fault}");
        }
        assert!(JsonLines::open(Box::new(&b"name,code\n"[..]), "x").is_err());
        assert!(JsonLines::open(Box::new(&b""[..]), "x").is_err());
    }

    #[test]
    fn a_key_that_comes_too_late_is_told_and_not_lost_silently() {
        let mut text = "{\"a\":1}\n".repeat(SAMPLE_LINES);
        text.push_str("{\"a\":1,\"late\":2}\n");
        let (mut rows, _) = JsonLines::open(Box::new(std::io::Cursor::new(text)), "x").unwrap();
        let (mut row, mut last) = (Row::default(), None);
        while rows.next(&mut row).unwrap() {
            last = row.fault.take();
        }
        assert!(last.unwrap().contains("line 10001: the key \"late\""));
    }
}

//! Tables in: CSV and TSV, plain, gzip or zstd, from a file or from stdin, as a stream of rows.
//!
//! Compression is known by the first bytes, the delimiter by the name or else by the header line. TSV has no quoting,
//! as its registration says; CSV has. A row that cannot be read as it should is still a row, with its fault.

use super::error::MapError;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// A row as read.
#[derive(Debug, Default, Clone)]
pub(crate) struct Row {
    /// The fields, as many as the header has columns.
    pub fields: csv::StringRecord,
    /// What is wrong with it, if anything.
    pub fault: Option<String>,
}

/// An open table.
pub(crate) struct Input {
    reader: csv::Reader<Box<dyn Read + Send>>,
    header: Vec<String>,
    shown: String,
    bytes: u64,
}

/// Whether a path stands for stdin or stdout.
pub(super) fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name without an ending that says how it is compressed.
pub(super) fn bare_name(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let bare = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst"));
    bare.unwrap_or(&name).to_owned()
}

fn open_bytes(path: &Path, shown: &str) -> Result<Box<dyn BufRead + Send>, MapError> {
    let fail = |error| MapError::io(shown, error);
    let raw: Box<dyn Read + Send> = if is_stream(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(fail)?)
    };
    let mut raw = BufReader::with_capacity(1 << 18, raw);
    let start = raw.fill_buf().map_err(fail)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        let unpacked = flate2::bufread::MultiGzDecoder::new(raw);
        return Ok(Box::new(BufReader::with_capacity(1 << 18, unpacked)));
    }
    if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let unpacked = zstd::stream::read::Decoder::with_buffer(raw).map_err(fail)?;
        return Ok(Box::new(BufReader::with_capacity(1 << 18, unpacked)));
    }
    Ok(Box::new(raw))
}

/// The delimiter by the file's name; by the commonest in the header line where the name says nothing.
fn delimiter(path: &Path, start: &[u8]) -> u8 {
    let name = bare_name(path);
    if name.ends_with(".tsv") || name.ends_with(".tab") {
        return b'\t';
    }
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| line.iter().filter(|byte| **byte == wanted).count();
    let mut best = b',';
    for other in [b'\t', b';', b'|'] {
        if count(other) > count(best) {
            best = other;
        }
    }
    best
}

impl Input {
    /// Opens a table and reads its header.
    pub fn open(path: &Path) -> Result<Self, MapError> {
        let shown = if is_stream(path) {
            "stdin".to_owned()
        } else {
            path.display().to_string()
        };
        let mut bytes = open_bytes(path, &shown)?;
        let start = bytes.fill_buf().map_err(|error| MapError::io(&shown, error))?;
        let delimiter = delimiter(path, start);
        Self::from_reader(Box::new(bytes), delimiter, shown)
    }

    pub(super) fn from_reader(bytes: Box<dyn Read + Send>, delimiter: u8, shown: String) -> Result<Self, MapError> {
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
            .map_err(|error| MapError::csv(&shown, error))?;
        let header: Vec<String> = raw
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').to_owned())
            .collect();
        if !any || header.iter().all(String::is_empty) {
            return Err(MapError::NoHeader { path: shown });
        }
        Ok(Self {
            reader,
            header,
            shown,
            bytes: 0,
        })
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// What to call the input in messages.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Unpacked bytes read since the last call.
    pub fn bytes_read(&mut self) -> u64 {
        let now = self.reader.position().byte();
        let fresh = now - self.bytes;
        self.bytes = now;
        fresh
    }

    /// Reads the next row into `row`; false at the end.
    pub fn next(&mut self, row: &mut Row) -> Result<bool, MapError> {
        row.fault = None;
        // The row's own room is read into again, so that a sound row costs no allocation.
        let mut raw = std::mem::take(&mut row.fields).into_byte_record();
        let any = self
            .reader
            .read_byte_record(&mut raw)
            .map_err(|error| MapError::csv(&self.shown, error))?;
        if !any {
            return Ok(false);
        }
        let (found, expected) = (raw.len(), self.header.len());
        let raw = match csv::StringRecord::from_byte_record(raw) {
            Ok(fields) if found == expected => {
                row.fields = fields;
                return Ok(true);
            }
            Ok(fields) => fields.into_byte_record(),
            Err(error) => error.into_byte_record(),
        };
        if found == expected {
            row.fault = Some("the row is not UTF-8 text; convert the file to UTF-8".to_owned());
        } else {
            row.fault = Some(format!("the row has {found} fields, the header has {expected}"));
        }
        row.fields.clear();
        for place in 0..expected {
            row.fields
                .push_field(&String::from_utf8_lossy(raw.get(place).unwrap_or_default()));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &'static [u8], delimiter: u8) -> Vec<(Vec<String>, bool)> {
        let mut input = Input::from_reader(Box::new(bytes), delimiter, "x".into()).unwrap();
        let (mut row, mut found) = (Row::default(), Vec::new());
        while input.next(&mut row).unwrap() {
            found.push((row.fields.iter().map(str::to_owned).collect(), row.fault.is_some()));
        }
        found
    }

    #[test]
    fn bad_rows_are_rows_with_a_fault() {
        let found = rows(b"\xef\xbb\xbfa,b\n1,2\n3\n4,5,6\n\xff,7\n\"x,y\",8\n", b',');
        let faults: Vec<bool> = found.iter().map(|(_, fault)| *fault).collect();
        assert_eq!(faults, [false, true, true, true, false]);
        assert!(found.iter().all(|(fields, _)| fields.len() == 2));
        assert_eq!(found[4].0[0], "x,y");
    }

    #[test]
    fn tabs_have_no_quoting() {
        assert_eq!(rows(b"a\tb\n5\" wide\t\"x\n", b'\t')[0].0, ["5\" wide", "\"x"]);
    }

    #[test]
    fn the_delimiter_is_told_from_name_or_header() {
        assert_eq!(delimiter(Path::new("a.tsv.gz"), b"a,b"), b'\t');
        assert_eq!(delimiter(Path::new("a.csv"), b"a;b;c\n1,2"), b';');
        assert_eq!(delimiter(Path::new("-"), b"a\tb\n"), b'\t');
        assert_eq!(delimiter(Path::new("-"), b""), b',');
    }

    #[test]
    fn an_empty_input_is_an_error() {
        assert!(Input::from_reader(Box::new(&b""[..]), b',', "x".into()).is_err());
        assert!(Input::from_reader(Box::new(&b"\n"[..]), b',', "x".into()).is_err());
    }
}

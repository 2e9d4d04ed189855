//! Tables in, whatever their format, as a stream of rows: plain, gzip or zstd, from a file or from stdin.
//!
//! Compression is known by the first bytes, the format by what was said, else by the name, else by the first bytes,
//! the delimiter by the name or else by the header line. A row that cannot be read as it should is still a row, with
//! its fault. How each format is read is in `formats`.

use super::error::MapError;
use super::formats::delimited::Delimited;
use super::formats::json_lines::JsonLines;
use super::formats::parquet_in::ParquetRows;
use super::formats::spreadsheet::Spreadsheet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

/// A row as read.
#[derive(Debug, Default, Clone)]
pub(crate) struct Row {
    /// The fields, as many as the header has columns.
    pub fields: csv::StringRecord,
    /// What is wrong with it, if anything.
    pub fault: Option<String>,
}

/// A source of rows, whatever its format.
pub(super) trait Rows: Send {
    /// Reads the next row into the room of the last one; false at the end. A fault is set, never cleared.
    fn next(&mut self, row: &mut Row) -> Result<bool, MapError>;
    /// Unpacked bytes read so far.
    fn position(&self) -> u64;
}

/// A format of tables that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// Comma-separated; the delimiter is looked up in the header line.
    Csv,
    /// Tab-separated, no quoting.
    Tsv,
    /// One JSON object per line.
    Ndjson,
    /// A sheet of an XLSX workbook.
    Xlsx,
    /// Parquet, flat columns.
    Parquet,
}

impl InputFormat {
    /// The names of all formats, for messages and help.
    pub const NAMES: &str = "csv, tsv, ndjson, xlsx, parquet";

    /// Reads the name of a format.
    pub fn parse(name: &str) -> Result<Self, MapError> {
        Self::of_ending(name).ok_or_else(|| MapError::UnknownInputFormat { format: name.to_owned() })
    }

    fn of_ending(ending: &str) -> Option<Self> {
        Some(match ending {
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "xlsx" | "xlsm" => Self::Xlsx,
            "parquet" | "pq" => Self::Parquet,
            _ => return None,
        })
    }

    /// By the name, else by the first bytes; what says nothing is delimited text.
    fn settle(path: &Path, start: &[u8]) -> Self {
        let name = bare_name(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if let Some(format) = Self::of_ending(ending) {
            return format;
        }
        if start.starts_with(b"PAR1") {
            Self::Parquet
        } else if start.starts_with(b"PK\x03\x04") {
            Self::Xlsx
        } else if start.trim_ascii_start().starts_with(b"{") {
            Self::Ndjson
        } else {
            Self::Csv
        }
    }
}

/// What is said about an input beside its path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputOptions {
    /// The format, where neither the name nor the content says it.
    pub format: Option<InputFormat>,
    /// The sheet of a workbook; the first one without it.
    pub sheet: Option<String>,
}

/// An open table.
pub(crate) struct Input {
    rows: Box<dyn Rows>,
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

/// What to call an input in messages.
pub(super) fn shown(path: &Path) -> String {
    if is_stream(path) {
        "stdin".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Unpacked bytes, and whether they were packed.
pub(super) type Unpacked = (Box<dyn BufRead + Send>, bool);

/// The bytes of a file or of stdin, unpacked.
pub(super) fn open_bytes(path: &Path) -> Result<Unpacked, MapError> {
    let fail = |error| MapError::io(shown(path), error);
    let raw: Box<dyn Read + Send> = if is_stream(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(fail)?)
    };
    let mut raw = BufReader::with_capacity(1 << 18, raw);
    let start = raw.fill_buf().map_err(fail)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        let unpacked = flate2::bufread::MultiGzDecoder::new(raw);
        return Ok((Box::new(BufReader::with_capacity(1 << 18, unpacked)), true));
    }
    if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let unpacked = zstd::stream::read::Decoder::with_buffer(raw).map_err(fail)?;
        return Ok((Box::new(BufReader::with_capacity(1 << 18, unpacked)), true));
    }
    Ok((Box::new(raw), false))
}

/// A file to seek in: the bytes themselves where they lie in a plain file, else a temporary copy of them.
fn seekable(path: &Path, (bytes, packed): Unpacked, shown: &str) -> Result<File, MapError> {
    let fail = |error| MapError::io(shown, error);
    if !packed && std::fs::metadata(path).is_ok_and(|data| data.is_file()) {
        return File::open(path).map_err(fail);
    }
    let mut copy = tempfile::tempfile().map_err(fail)?;
    let copied = io::copy(&mut bytes.take(LARGEST_COPY + 1), &mut copy).map_err(fail)?;
    if copied > LARGEST_COPY {
        return Err(MapError::Malformed {
            path: shown.to_owned(),
            message: format!("it unpacks to more than {} GiB; split it", LARGEST_COPY >> 30),
        });
    }
    copy.rewind().map_err(fail)?;
    Ok(copy)
}

/// Most that is copied of an input that must be sought in and cannot be where it lies.
const LARGEST_COPY: u64 = 16 << 30;

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
    /// Opens a table of any format and reads its header.
    pub fn open(path: &Path) -> Result<Self, MapError> {
        Self::open_as(path, &InputOptions::default())
    }

    /// Opens a table of which more is known than its path.
    pub fn open_as(path: &Path, options: &InputOptions) -> Result<Self, MapError> {
        Self::from_bytes(path, open_bytes(path)?, options)
    }

    /// Opens a table of which the bytes are open already.
    pub fn from_bytes(path: &Path, (mut bytes, packed): Unpacked, options: &InputOptions) -> Result<Self, MapError> {
        let shown = shown(path);
        let start = bytes.fill_buf().map_err(|error| MapError::io(&shown, error))?;
        let format = options.format.unwrap_or_else(|| InputFormat::settle(path, start));
        match format {
            InputFormat::Csv | InputFormat::Tsv => {
                let delimiter = match format {
                    InputFormat::Tsv => b'\t',
                    _ => delimiter(path, start),
                };
                Self::from_reader(Box::new(bytes), delimiter, shown)
            }
            InputFormat::Ndjson => Ok(Self::of(JsonLines::open(bytes, &shown)?, shown)),
            InputFormat::Xlsx => {
                let file = seekable(path, (bytes, packed), &shown)?;
                Ok(Self::of(Spreadsheet::open(file, options.sheet.as_deref(), &shown)?, shown))
            }
            InputFormat::Parquet => {
                let file = seekable(path, (bytes, packed), &shown)?;
                Ok(Self::of(ParquetRows::open(file, &shown)?, shown))
            }
        }
    }

    fn of<R: Rows + 'static>((rows, header): (R, Vec<String>), shown: String) -> Self {
        Self {
            rows: Box::new(rows),
            header,
            shown,
            bytes: 0,
        }
    }

    /// A delimited table from any reader.
    pub(super) fn from_reader(bytes: Box<dyn Read + Send>, delimiter: u8, shown: String) -> Result<Self, MapError> {
        Ok(Self::of(Delimited::open(bytes, delimiter, &shown)?, shown))
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
        let now = self.rows.position();
        let fresh = now.saturating_sub(self.bytes);
        self.bytes = now;
        fresh
    }

    /// Reads the next row into `row`; false at the end.
    pub fn next(&mut self, row: &mut Row) -> Result<bool, MapError> {
        row.fault = None;
        self.rows.next(row)
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

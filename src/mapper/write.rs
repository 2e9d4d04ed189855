//! Tables out: CSV, TSV or NDJSON, plain, gzip or zstd, to a file or to stdout.
//!
//! A file appears under its name only when it is complete: it is written beside it and renamed. Columns of the input
//! that have a name of an output column get `source_` before it, so that a table that was mapped before can be mapped
//! again and no reader takes the old answer for the new one.

use super::MapOptions;
use super::error::MapError;
use super::explain;
use super::outcome::{Candidate, Outcome};
use super::read::{bare_name, is_stream};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The output's own columns, after those of the input.
pub const OUTCOME_COLUMNS: [&str; 8] = [
    "target_system",
    "target_code",
    "target_display",
    "relationship",
    "probability",
    "match_type",
    "status",
    "reason",
];

/// The column after them with the explanation as JSON, where it was asked for.
pub const EXPLANATION_COLUMN: &str = "explanation";

/// How a mapped table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, quoted where needed.
    Csv,
    /// Tab-separated, no quoting; tabs and line ends inside fields become blanks.
    Tsv,
    /// One JSON object per line; empty values are left out.
    Ndjson,
}

impl Format {
    /// Reads the name of a format.
    pub fn parse(name: &str) -> Result<Self, MapError> {
        match name {
            "csv" => Ok(Self::Csv),
            "tsv" | "tab" => Ok(Self::Tsv),
            "ndjson" | "jsonl" => Ok(Self::Ndjson),
            other => Err(MapError::UnknownFormat {
                format: other.to_owned(),
            }),
        }
    }

    /// The format by the name of the output; CSV for stdout.
    pub fn of_path(path: &Path) -> Result<Self, MapError> {
        if is_stream(path) {
            return Ok(Self::Csv);
        }
        let name = bare_name(path);
        let ending = name.rsplit_once('.').map_or("csv", |(_, ending)| ending);
        Self::parse(ending)
    }
}

/// An output being written.
pub(super) struct Output {
    sink: Sink,
    header: Vec<String>,
    system: String,
    candidates: usize,
    explain: bool,
    shown: String,
    partial: Option<Partial>,
}

/// A file that is not complete yet; dropped, it is removed.
struct Partial {
    partial: PathBuf,
    complete: PathBuf,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the rename there is nothing left under this name; before it, a failed run leaves nothing behind.
        let _ = std::fs::remove_file(&self.partial);
    }
}

type Bytes = Box<dyn FinishWrite>;

enum Sink {
    Table(Box<csv::Writer<Bytes>>),
    Tab(Bytes),
    Json(Bytes),
}

/// A writer that may have something to say at its end.
trait FinishWrite: Write {
    fn finish(self: Box<Self>) -> io::Result<()>;
}

struct Plain<W: Write>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> FinishWrite for Plain<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> FinishWrite for flate2::write::GzEncoder<W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        flate2::write::GzEncoder::finish(*self)?.flush()
    }
}

impl<W: Write> FinishWrite for zstd::stream::write::Encoder<'_, W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        zstd::stream::write::Encoder::finish(*self)?.flush()
    }
}

fn packed(path: &Path, raw: Box<dyn Write>) -> io::Result<Bytes> {
    let raw = BufWriter::with_capacity(1 << 18, raw);
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    Ok(match ending.as_deref() {
        Some("gz") => Box::new(flate2::write::GzEncoder::new(raw, flate2::Compression::default())),
        Some("zst") => Box::new(zstd::stream::write::Encoder::new(raw, 3)?),
        _ => Box::new(Plain(raw)),
    })
}

impl Output {
    /// Opens the output and writes its header.
    pub fn open(path: &Path, format: Format, header: &[String], system: &str, options: &MapOptions) -> Result<Self, MapError> {
        let shown = if is_stream(path) {
            "stdout".to_owned()
        } else {
            path.display().to_string()
        };
        let fail = |error| MapError::io(&shown, error);
        let mut unfinished = None;
        let raw: Box<dyn Write> = if is_stream(path) {
            Box::new(io::stdout())
        } else {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".partial");
            let partial = path.with_file_name(name);
            let file = File::create(&partial).map_err(fail)?;
            unfinished = Some(Partial {
                partial,
                complete: path.to_owned(),
            });
            Box::new(file)
        };
        let bytes = packed(path, raw).map_err(fail)?;
        Self::start(bytes, format, header, system, options, shown, unfinished)
    }

    fn start(
        bytes: Bytes,
        format: Format,
        header: &[String],
        system: &str,
        options: &MapOptions,
        shown: String,
        partial: Option<Partial>,
    ) -> Result<Self, MapError> {
        let (candidates, explain) = (options.candidates, options.explain);
        let mut columns: Vec<String> = header.iter().map(|name| own_name(name, explain)).collect();
        columns.extend(OUTCOME_COLUMNS.iter().map(|name| (*name).to_owned()));
        for number in 1..=candidates {
            for part in ["code", "display", "probability"] {
                columns.push(format!("candidate_{number}_{part}"));
            }
        }
        if explain {
            columns.push(EXPLANATION_COLUMN.to_owned());
        }
        let mut output = Self {
            sink: match format {
                Format::Csv => Sink::Table(Box::new(csv::Writer::from_writer(bytes))),
                Format::Tsv => Sink::Tab(bytes),
                Format::Ndjson => Sink::Json(bytes),
            },
            header: columns,
            system: system.to_owned(),
            candidates,
            explain,
            shown,
            partial,
        };
        if format != Format::Ndjson {
            let names = output.header.clone();
            output.record(names.iter().map(String::as_str))?;
        }
        Ok(output)
    }

    fn record<'f>(&mut self, fields: impl Iterator<Item = &'f str>) -> Result<(), MapError> {
        let written = match &mut self.sink {
            Sink::Table(writer) => writer.write_record(fields).map_err(|error| match error.into_kind() {
                csv::ErrorKind::Io(error) => error,
                other => io::Error::other(format!("{other:?}")),
            }),
            Sink::Tab(bytes) => write_tabs(bytes, fields),
            Sink::Json(bytes) => write_json(bytes, &self.header, fields, self.explain),
        };
        written.map_err(|error| MapError::io(&self.shown, error))
    }

    /// Writes a row of the input with what was found for it.
    pub fn row(&mut self, fields: &csv::StringRecord, rendered: &Rendered) -> Result<(), MapError> {
        self.record(fields.iter().chain(rendered.0.iter().map(String::as_str)))
    }

    /// The fields of an outcome, made once per distinct tuple.
    pub fn render(&self, outcome: &Outcome) -> Rendered {
        let mut fields = Vec::with_capacity(OUTCOME_COLUMNS.len() + 3 * self.candidates);
        let target = outcome.target();
        let text = |read: &dyn Fn(&Candidate) -> String| target.map(read).unwrap_or_default();
        fields.push(text(&|_| self.system.clone()));
        fields.push(text(&|target| target.code.clone()));
        fields.push(text(&|target| target.display.clone()));
        fields.push(text(&|target| target.relationship.as_str().to_owned()));
        fields.push(text(&|target| probability(target.probability)));
        fields.push(text(&|target| target.match_type.as_str().to_owned()));
        fields.push(outcome.status.as_str().to_owned());
        fields.push(outcome.reason.clone());
        for number in 0..self.candidates {
            let candidate = outcome.candidates.get(number);
            fields.push(candidate.map(|candidate| candidate.code.clone()).unwrap_or_default());
            fields.push(candidate.map(|candidate| candidate.display.clone()).unwrap_or_default());
            fields.push(
                candidate
                    .map(|candidate| probability(candidate.probability))
                    .unwrap_or_default(),
            );
        }
        if self.explain {
            fields.push(explain::value(outcome, self.candidates.max(1)).to_string());
        }
        Rendered(fields)
    }

    /// Finishes the output; only now does its file have its name.
    pub fn finish(self) -> Result<(), MapError> {
        let fail = |error| MapError::io(&self.shown, error);
        let bytes = match self.sink {
            Sink::Table(writer) => writer
                .into_inner()
                .map_err(|error| fail(io::Error::other(error.to_string())))?,
            Sink::Tab(bytes) | Sink::Json(bytes) => bytes,
        };
        bytes.finish().map_err(fail)?;
        if let Some(unfinished) = &self.partial {
            std::fs::rename(&unfinished.partial, &unfinished.complete).map_err(fail)?;
        }
        Ok(())
    }
}

/// The fields of an outcome as text.
#[derive(Debug, Clone)]
pub(super) struct Rendered(Vec<String>);

fn probability(value: f32) -> String {
    format!("{value:.4}")
}

/// The name of an input column in the output.
fn own_name(name: &str, explain: bool) -> String {
    let ours = OUTCOME_COLUMNS.contains(&name) || is_candidate_column(name) || (explain && name == EXPLANATION_COLUMN);
    if ours { format!("source_{name}") } else { name.to_owned() }
}

/// Whether a column is one that an earlier run wrote for a runner-up.
pub(super) fn is_candidate_column(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("candidate_") else {
        return false;
    };
    let Some((number, part)) = rest.split_once('_') else {
        return false;
    };
    number.parse::<usize>().is_ok() && ["code", "display", "probability"].contains(&part)
}

fn write_tabs<'f>(bytes: &mut Bytes, fields: impl Iterator<Item = &'f str>) -> io::Result<()> {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            bytes.write_all(b"\t")?;
        }
        if field.contains(['\t', '\n', '\r']) {
            bytes.write_all(field.replace(['\t', '\n', '\r'], " ").as_bytes())?;
        } else {
            bytes.write_all(field.as_bytes())?;
        }
    }
    bytes.write_all(b"\n")
}

fn write_json<'f>(bytes: &mut Bytes, names: &[String], fields: impl Iterator<Item = &'f str>, explain: bool) -> io::Result<()> {
    let mut object = Map::new();
    for (name, value) in names.iter().zip(fields).filter(|(_, value)| !value.is_empty()) {
        if explain && name == EXPLANATION_COLUMN {
            object.insert(name.clone(), serde_json::from_str(value)?);
            continue;
        }
        let numeric = name == "probability" || (name.ends_with("_probability") && is_candidate_column(name));
        let number = value
            .parse::<f64>()
            .ok()
            .filter(|_| numeric)
            .and_then(serde_json::Number::from_f64);
        object.insert(name.clone(), number.map_or_else(|| Value::from(value), Value::Number));
    }
    serde_json::to_writer(&mut *bytes, &object)?;
    bytes.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_the_name() {
        assert_eq!(Format::of_path(Path::new("a.csv.gz")).unwrap(), Format::Csv);
        assert_eq!(Format::of_path(Path::new("a.tsv")).unwrap(), Format::Tsv);
        assert_eq!(Format::of_path(Path::new("a.jsonl.zst")).unwrap(), Format::Ndjson);
        assert_eq!(Format::of_path(Path::new("-")).unwrap(), Format::Csv);
        assert!(Format::of_path(Path::new("a.xml")).is_err());
    }

    #[test]
    fn own_columns_step_aside() {
        assert_eq!(own_name("target_code", false), "source_target_code");
        assert_eq!(own_name("candidate_12_code", false), "source_candidate_12_code");
        assert_eq!(own_name("candidate_name", false), "candidate_name");
        assert_eq!(own_name("name", true), "name");
        assert_eq!(own_name("explanation", false), "explanation");
        assert_eq!(own_name("explanation", true), "source_explanation");
    }
}

//! Tables out, whatever their format: which one, its columns, and what an outcome adds to a row.
//!
//! Columns of the input that have a name of an output column get `source_` before it, so that a table that was mapped
//! before can be mapped again and no reader takes the old answer for the new one. How each format is written is in
//! `formats`.

use super::MapOptions;
use super::error::MapError;
use super::explain;
use super::formats::bytes_out::BytesOut;
use super::formats::parquet_out::ParquetOut;
use super::formats::spreadsheet_out::SpreadsheetOut;
use super::formats::text_out::{Text, TextOut};
use super::outcome::{Candidate, Outcome};
use super::read::{bare_name, is_stream};
use std::path::Path;

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
    /// A sheet of an XLSX workbook, codes as text.
    Xlsx,
    /// Parquet: probabilities as doubles, everything else as text.
    Parquet,
    /// SSSOM TSV, one row per distinct source.
    Sssom,
    /// FHIR R4 ConceptMap.
    ConceptMapR4,
    /// FHIR R5 ConceptMap.
    ConceptMapR5,
    /// OMOP `source_to_concept_map`.
    Omop,
    /// Usagi's mapping export.
    Usagi,
}

impl Format {
    /// The names of all formats, for messages and help.
    pub const NAMES: &str = "csv, tsv, ndjson, xlsx, parquet, sssom, conceptmap-r4, conceptmap-r5, omop, usagi";

    /// Whether it holds mappings of distinct sources rather than the rows of an extract.
    pub fn is_set(self) -> bool {
        !matches!(self, Self::Csv | Self::Tsv | Self::Ndjson | Self::Xlsx | Self::Parquet)
    }

    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
            Self::Sssom => "sssom",
            Self::ConceptMapR4 => "conceptmap-r4",
            Self::ConceptMapR5 => "conceptmap-r5",
            Self::Omop => "omop",
            Self::Usagi => "usagi",
        }
    }

    /// Reads the name of a format.
    pub fn parse(name: &str) -> Result<Self, MapError> {
        match name {
            "csv" => Ok(Self::Csv),
            "tsv" | "tab" => Ok(Self::Tsv),
            "ndjson" | "jsonl" => Ok(Self::Ndjson),
            "xlsx" => Ok(Self::Xlsx),
            "parquet" | "pq" => Ok(Self::Parquet),
            "sssom" => Ok(Self::Sssom),
            "conceptmap-r4" => Ok(Self::ConceptMapR4),
            "conceptmap-r5" => Ok(Self::ConceptMapR5),
            "omop" => Ok(Self::Omop),
            "usagi" => Ok(Self::Usagi),
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
        for (ending, format) in [
            (".sssom.tsv", Self::Sssom),
            (".r4.json", Self::ConceptMapR4),
            (".r5.json", Self::ConceptMapR5),
            ("source_to_concept_map.csv", Self::Omop),
            (".usagi.csv", Self::Usagi),
        ] {
            if name.ends_with(ending) {
                return Ok(format);
            }
        }
        let ending = name.rsplit_once('.').map_or("csv", |(_, ending)| ending);
        Self::parse(ending)
    }
}

/// What the values of a column are, for formats that tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// Text, codes above all.
    Text,
    /// A number that tern made.
    Number,
    /// JSON that tern made.
    Json,
}

/// A column of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub cell: Cell,
}

/// What a distinct tuple adds to each of its rows, as its sink wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encoded {
    /// The rest of the row's bytes.
    Bytes(Vec<u8>),
    /// Fields.
    Fields(Vec<String>),
}

impl Encoded {
    /// The fields; none where they are bytes already.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let fields = match self {
            Self::Bytes(_) => &[],
            Self::Fields(fields) => fields.as_slice(),
        };
        fields.iter().map(String::as_str)
    }
}

/// A format of tables that are written.
pub(super) trait TableSink: Send {
    /// Makes the last fields of a row ready, to be used for many rows.
    fn encode(&self, fields: Vec<String>) -> Encoded;
    /// Writes a row: its first fields, and what was made ready.
    fn row(&mut self, fields: &csv::StringRecord, rest: &Encoded) -> Result<(), MapError>;
    /// Finishes the output; only now does its file have its name.
    fn finish(self: Box<Self>) -> Result<(), MapError>;
}

/// Opens a table with these columns.
pub(super) fn open_table(path: &Path, format: Format, columns: Vec<Column>) -> Result<Box<dyn TableSink>, MapError> {
    let bytes = BytesOut::open(path)?;
    if matches!(format, Format::Ndjson | Format::Parquet) {
        let twice = columns
            .iter()
            .enumerate()
            .find(|(place, column)| columns.iter().take(*place).any(|other| other.name == column.name));
        if let Some((_, column)) = twice {
            return Err(MapError::Malformed {
                path: bytes.shown().to_owned(),
                message: format!(
                    "two columns are called {:?}, and the format tells columns apart by their names; write CSV, TSV or XLSX",
                    column.name
                ),
            });
        }
    }
    Ok(match format {
        Format::Csv => Box::new(TextOut::start(bytes, Text::Csv, columns)?),
        Format::Tsv => Box::new(TextOut::start(bytes, Text::Tsv, columns)?),
        Format::Ndjson => Box::new(TextOut::start(bytes, Text::Ndjson, columns)?),
        Format::Xlsx => Box::new(SpreadsheetOut::start(bytes, columns)?),
        Format::Parquet => Box::new(ParquetOut::start(bytes, columns)?),
        set => {
            return Err(MapError::UnknownFormat {
                format: set.as_str().to_owned(),
            });
        }
    })
}

/// The columns of a mapped table: those of the input, then what the mapper adds.
pub(super) fn table_columns(header: &[String], options: &MapOptions) -> Vec<Column> {
    let input = header.iter().map(|name| Column {
        name: own_name(name, options.explain),
        cell: Cell::Text,
    });
    let own = OUTCOME_COLUMNS.iter().map(|name| Column {
        name: (*name).to_owned(),
        cell: own_cell(name),
    });
    let runners_up = (1..=options.candidates).flat_map(|number| {
        ["code", "display", "probability"].map(|part| Column {
            name: format!("candidate_{number}_{part}"),
            cell: own_cell(part),
        })
    });
    let explanation = options.explain.then(|| Column {
        name: EXPLANATION_COLUMN.to_owned(),
        cell: own_cell(EXPLANATION_COLUMN),
    });
    input.chain(own).chain(runners_up).chain(explanation).collect()
}

/// What the values of one of the mapper's own columns are.
pub(super) fn own_cell(name: &str) -> Cell {
    match name {
        "probability" | "similarity" | "count" => Cell::Number,
        EXPLANATION_COLUMN => Cell::Json,
        _ => Cell::Text,
    }
}

/// Makes fields of outcomes.
#[derive(Debug, Clone)]
pub(super) struct Renderer {
    system: String,
    candidates: usize,
    explain: bool,
}

impl Renderer {
    /// For outcomes that lead to `system`.
    pub fn new(system: &str, options: &MapOptions) -> Self {
        Self {
            system: system.to_owned(),
            candidates: options.candidates,
            explain: options.explain,
        }
    }

    /// The fields that follow those of the input.
    pub fn render(&self, outcome: &Outcome) -> Vec<String> {
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
        fields
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_the_name() {
        assert_eq!(Format::of_path(Path::new("a.csv.gz")).unwrap(), Format::Csv);
        assert_eq!(Format::of_path(Path::new("a.tsv")).unwrap(), Format::Tsv);
        assert_eq!(Format::of_path(Path::new("a.jsonl.zst")).unwrap(), Format::Ndjson);
        assert_eq!(Format::of_path(Path::new("a.xlsx")).unwrap(), Format::Xlsx);
        assert_eq!(Format::of_path(Path::new("a.sssom.tsv.gz")).unwrap(), Format::Sssom);
        for name in Format::NAMES.split(", ") {
            assert_eq!(Format::parse(name).unwrap().as_str(), name);
        }
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

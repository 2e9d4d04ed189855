//! Mapping sets between files: which format, and what of a set it has no place for.

use super::super::MapError;
use super::super::read::{Input, InputFormat, InputOptions, open_bytes, shown};
use super::super::write::{Cell, Column, Format, open_table, own_cell};
use super::bytes_out::BytesOut;
use super::concept_map::{self, Version};
use super::mapping_set::MappingSet;
use super::omop::{COLUMNS, Omop};
use super::own_table::{OwnTable, joined};
use super::set_table::{Sheet, read_sheet, sheet_of, write_sheet};
use super::sssom;
use super::usagi::Usagi;
use super::vocabularies::{OmopConcepts, vocabularies};
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

/// Largest SSSOM or ConceptMap file: they are read whole.
const LARGEST: u64 = 2 << 30;

/// What is said about a mapping set's file beside its path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetOptions {
    /// The format, where neither the name nor the content says it.
    pub format: Option<Format>,
    /// The CONCEPT table with the concept ids of OMOP vocabularies.
    pub omop_concepts: Option<PathBuf>,
    /// Only the format's own columns and elements; the rest is lost, and named.
    pub bare: bool,
}

/// A set as read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSet {
    /// The mappings.
    pub set: MappingSet,
    /// The format it was in.
    pub format: Format,
    /// Columns that a mapping set has no place for.
    pub lost: Vec<String>,
}

/// Reads a mapping set in any format, which the content tells unless it is said.
pub fn read_mapping_set(path: &Path, options: &SetOptions) -> Result<ReadSet, MapError> {
    let (mut bytes, packed) = open_bytes(path)?;
    let shown = shown(path);
    let start = bytes.fill_buf().map_err(|error| MapError::io(&shown, error))?;
    let whole = options.format.or_else(|| whole_format(start));
    if let Some(format @ (Format::Sssom | Format::ConceptMapR4 | Format::ConceptMapR5)) = whole {
        let text = whole_text(bytes, &shown)?;
        let set = match format {
            Format::Sssom => sssom::read(&text, &shown)?,
            _ => concept_map::read(&text, &shown)?,
        };
        let lost = Vec::new();
        return Ok(ReadSet { set, format, lost });
    }
    let input = InputOptions {
        format: whole.and_then(container),
        sheet: None,
    };
    let input = Input::from_bytes(path, (bytes, packed), &input)?;
    let format = whole.unwrap_or_else(|| table_format(input.header()));
    read_table(input, format, options)
}

fn read_table(input: Input, format: Format, options: &SetOptions) -> Result<ReadSet, MapError> {
    let shown = input.shown().to_owned();
    let concepts = || match &options.omop_concepts {
        Some(path) => OmopConcepts::read(path, &|_| true),
        None => Ok(OmopConcepts::default()),
    };
    let mut set = MappingSet::default();
    let mut lost = Vec::new();
    match format {
        Format::Omop => {
            let concepts = concepts()?;
            set.rows = read_sheet(&required(input, &COLUMNS[..1])?, &Omop { concepts: &concepts }, &shown)?;
        }
        Format::Usagi => {
            let concepts = concepts()?;
            set.rows = read_sheet(&required(input, &["sourceCode"])?, &Usagi { concepts: &concepts }, &shown)?;
        }
        _ => {
            let (layout, unused) = OwnTable::of_header(input.header(), &shown)?;
            let sheet = sheet_of(input)?;
            set.rows = joined(&sheet, &layout, read_sheet(&sheet, &layout, &shown)?);
            lost = unused;
        }
    }
    Ok(ReadSet { set, format, lost })
}

fn required(input: Input, columns: &[&str]) -> Result<Sheet, MapError> {
    let missing = columns
        .iter()
        .find(|column| !input.header().iter().any(|name| name.eq_ignore_ascii_case(column)));
    if let Some(column) = missing {
        return Err(MapError::Malformed {
            path: input.shown().to_owned(),
            message: format!(
                "the column {column} is missing; the columns are: {}",
                input.header().join(", ")
            ),
        });
    }
    sheet_of(input)
}

/// Formats that are known by their first bytes and are no table.
fn whole_format(start: &[u8]) -> Option<Format> {
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
    let text = String::from_utf8_lossy(start);
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .unwrap_or("");
    if text.trim_start().starts_with('{') && text.contains("\"resourceType\"") && text.contains("\"ConceptMap\"") {
        let is_r4 = text.contains("\"equivalence\"") && !text.contains("\"relationship\"");
        Some(if is_r4 { Format::ConceptMapR4 } else { Format::ConceptMapR5 })
    } else if text.starts_with('#') || (first.contains("subject_id") && first.contains("object_id")) {
        Some(Format::Sssom)
    } else {
        None
    }
}

/// The format of a table by its header.
/// Whether a table with this header is a mapping set, and not an output of `tern map` with the user's own columns.
pub fn is_mapping_set(header: &[String]) -> bool {
    let has = |name: &str| header.iter().any(|column| column.eq_ignore_ascii_case(name));
    // An extract may have a column for the state its patients live in, but none of these.
    let own = ["source_code", "source_name", "state", "justification"];
    let sssom = header.first().is_some_and(|name| name.starts_with('#')) || (has("subject_id") && has("predicate_id"));
    let resource = has("resourceType");
    sssom || resource || table_format(header) != Format::Csv || own.into_iter().all(has)
}

fn table_format(header: &[String]) -> Format {
    let has = |name: &str| header.iter().any(|column| column.eq_ignore_ascii_case(name));
    if has("sourceCode") && has("mappingStatus") {
        Format::Usagi
    } else if has("source_vocabulary_id") && has("target_concept_id") && has("valid_start_date") {
        Format::Omop
    } else {
        Format::Csv
    }
}

/// How the bytes of a table format are laid out, where the format says it.
fn container(format: Format) -> Option<InputFormat> {
    match format {
        Format::Tsv => Some(InputFormat::Tsv),
        Format::Ndjson => Some(InputFormat::Ndjson),
        Format::Xlsx => Some(InputFormat::Xlsx),
        Format::Parquet => Some(InputFormat::Parquet),
        _ => None,
    }
}

fn whole_text(bytes: Box<dyn BufRead + Send>, shown: &str) -> Result<String, MapError> {
    let malformed = |message: String| MapError::Malformed {
        path: shown.to_owned(),
        message,
    };
    let mut content = Vec::new();
    let read = bytes.take(LARGEST + 1).read_to_end(&mut content);
    let read = read.map_err(|error| MapError::io(shown, error))?;
    if read as u64 > LARGEST {
        return Err(malformed(format!("it has more than {} GiB; split it", LARGEST >> 30)));
    }
    String::from_utf8(content)
        .map_err(|error| malformed(format!("byte {}: it is not UTF-8 text", error.utf8_error().valid_up_to())))
}

/// Writes a mapping set; says what of it the format had no place for.
pub fn write_mapping_set(set: &MappingSet, path: &Path, format: Format, options: &SetOptions) -> Result<Vec<String>, MapError> {
    let failed = |message: String| MapError::Malformed {
        path: shown(path),
        message,
    };
    let (text, lost) = match format {
        Format::Sssom => sssom::write(set, options.bare).map_err(failed)?,
        Format::ConceptMapR4 => concept_map::write(set, Version::R4, options.bare).map_err(failed)?,
        Format::ConceptMapR5 => concept_map::write(set, Version::R5, options.bare).map_err(failed)?,
        table => return write_rows(set, path, table, options),
    };
    let mut bytes = BytesOut::open(path)?;
    bytes
        .write_all(text.as_bytes())
        .map_err(|error| MapError::io(shown(path), error))?;
    bytes.finish()?;
    Ok(lost)
}

fn write_rows(set: &MappingSet, path: &Path, format: Format, options: &SetOptions) -> Result<Vec<String>, MapError> {
    let failed = |message: String| MapError::Malformed {
        path: shown(path),
        message,
    };
    let concepts = || match &options.omop_concepts {
        Some(table) => {
            let wanted = vocabularies(set.rows.iter());
            OmopConcepts::read(table, &|vocabulary| wanted.contains(vocabulary))
        }
        None => Ok(OmopConcepts::default()),
    };
    let mut lost = set_lost(set);
    let (written, container) = match format {
        Format::Omop => (
            write_sheet(&set.rows, &Omop { concepts: &concepts()? }, options.bare),
            Format::Csv,
        ),
        Format::Usagi => (
            write_sheet(&set.rows, &Usagi { concepts: &concepts()? }, options.bare),
            Format::Csv,
        ),
        own => (write_sheet(&set.rows, &OwnTable::new(), options.bare), own),
    };
    let (sheet, beyond) = written.map_err(failed)?;
    lost.extend(beyond);
    let columns = sheet.header.iter().map(|name| Column {
        name: name.clone(),
        cell: if format == Format::Omop || format == Format::Usagi {
            Cell::Text
        } else {
            own_cell(name)
        },
    });
    let columns: Vec<Column> = columns.collect();
    let mut sink = open_table(path, container, columns)?;
    let nothing = sink.encode(Vec::new());
    let mut broken = 0;
    for (_, row) in &sheet.rows {
        broken += row.iter().filter(|field| field.contains(['\t', '\n', '\r'])).count();
        sink.row(&csv::StringRecord::from(row.as_slice()), &nothing)?;
    }
    sink.finish()?;
    if container == Format::Tsv && broken > 0 {
        lost.push(format!("tabs and line ends in {broken} fields, which are blanks in TSV"));
    }
    Ok(lost)
}

/// What is known of the set as a whole, for which a table has no place.
fn set_lost(set: &MappingSet) -> Vec<String> {
    let named = [
        ("id", &set.id),
        ("version", &set.version),
        ("title", &set.title),
        ("description", &set.description),
        ("publisher", &set.publisher),
        ("license", &set.license),
        ("date", &set.date),
    ];
    let mut lost: Vec<String> = named
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, _)| format!("{name} of the set"))
        .collect();
    if !set.unmapped.is_empty() {
        lost.push("the rules for codes that the set does not list".to_owned());
    }
    lost.extend(set.other.keys().map(|key| format!("{key} of the set")));
    lost
}

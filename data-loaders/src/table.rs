//! Delimited tables with a header: columns found by name, rows as borrowed fields, faults with their place.
//!
//! RF2, LOINC and local maps are all tables whose publishers add and reorder columns. A loader names the
//! columns it needs; extra ones are ignored; a required one that is missing is an error that lists those present.

use crate::{LoadError, source::Member};
use std::io::Read;
use tern_index::record::{At, Problem, ProblemKind, RecordSink};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Tab-separated without quoting (RF2).
    Tab,
    /// Comma-separated with quotes (LOINC).
    Comma,
    /// Tab-separated with quotes (local maps, SSSOM).
    QuotedTab,
    /// Semicolon-separated with quotes (spreadsheets in some locales).
    Semicolon,
    /// `|`-separated without quoting (RRF has no header: use [`Table::open_headless`]).
    Pipe,
}

/// A table being read.
pub struct Table {
    reader: csv::Reader<Box<dyn Read + Send>>,
    record: csv::StringRecord,
    header: Vec<String>,
    file: u16,
    shown: String,
    reported: u64,
}

impl Table {
    /// Opens a table with a header line. Lines that start with `comment` are skipped (SSSOM metadata: `#`).
    pub fn open(member: &Member, dialect: Dialect, comment: Option<u8>, sink: &mut dyn RecordSink) -> Result<Self, LoadError> {
        let mut table = Self::start(member, member.open()?, dialect, comment, true, sink)?;
        table.read_header()?;
        Ok(table)
    }

    /// Like [`Table::open`] for a publisher who does not say how the text is encoded; it is held in memory.
    pub fn open_decoded(member: &Member, dialect: Dialect, sink: &mut dyn RecordSink) -> Result<Self, LoadError> {
        let text = std::io::Cursor::new(crate::decode::decode(member.read()?));
        let mut table = Self::start(member, Box::new(text), dialect, None, true, sink)?;
        table.read_header()?;
        Ok(table)
    }

    fn read_header(&mut self) -> Result<(), LoadError> {
        let header = self.reader.headers().map_err(|error| table_error(&self.shown, &error))?;
        self.header = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        Ok(())
    }

    /// Opens a table whose columns are known by position; `columns` are their names, for messages.
    pub fn open_headless(
        member: &Member,
        dialect: Dialect,
        columns: &[&str],
        sink: &mut dyn RecordSink,
    ) -> Result<Self, LoadError> {
        let mut table = Self::start(member, member.open()?, dialect, None, false, sink)?;
        table.header = columns.iter().map(|name| (*name).to_owned()).collect();
        Ok(table)
    }

    fn start(
        member: &Member,
        bytes: Box<dyn Read + Send>,
        dialect: Dialect,
        comment: Option<u8>,
        headers: bool,
        sink: &mut dyn RecordSink,
    ) -> Result<Self, LoadError> {
        let (delimiter, quoting) = match dialect {
            Dialect::Tab => (b'\t', false),
            Dialect::Comma => (b',', true),
            Dialect::QuotedTab => (b'\t', true),
            Dialect::Semicolon => (b';', true),
            Dialect::Pipe => (b'|', false),
        };
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(quoting)
            // With CRLF as the end of a row, csv counts a row's line before it has read the line feed, and so one short.
            .terminator(csv::Terminator::Any(b'\n'))
            .comment(comment)
            .has_headers(headers)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(bytes);
        Ok(Self {
            reader,
            record: csv::StringRecord::new(),
            header: Vec::new(),
            file: sink.name(member.shown()),
            shown: member.shown().to_owned(),
            reported: 0,
        })
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The position of a column by any of its names (upper and lower case do not matter).
    pub fn find(&self, names: &[&str]) -> Option<usize> {
        names
            .iter()
            .find_map(|name| self.header.iter().position(|column| column.eq_ignore_ascii_case(name)))
    }

    /// Like [`Table::find`], but the column must be there.
    pub fn require(&self, names: &[&str]) -> Result<usize, LoadError> {
        self.find(names).ok_or_else(|| LoadError::MissingColumn {
            file: self.shown.clone(),
            column: names.join(" or "),
            found: self.header.join(", "),
        })
    }

    /// Reads the next sound row; ragged rows and rows that are not UTF-8 are reported and skipped. `None` at the end.
    pub fn next(&mut self, sink: &mut dyn RecordSink) -> Result<Option<Row<'_>>, LoadError> {
        loop {
            match self.reader.read_record(&mut self.record) {
                Ok(false) => {
                    self.report(sink);
                    return Ok(None);
                }
                Ok(true) => {}
                Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                    let at = self.place(error.position(), 0);
                    sink.problem(at, Problem::new(ProblemKind::RaggedRow, "the row is not UTF-8 text"))?;
                    continue;
                }
                Err(error) => return Err(table_error(&self.shown, &error)),
            }
            if self.reader.position().byte() - self.reported > 1 << 20 {
                self.report(sink);
            }
            if self.record.len() == 1 && self.record.get(0) == Some("\r") {
                continue; // An empty line.
            }
            let (found, expected) = (self.record.len(), self.header.len());
            // RRF rows end with a delimiter, which reads as one empty field more.
            let tail = found == expected + 1 && matches!(self.record.get(expected), Some("" | "\r"));
            if found != expected && !tail {
                let message = format!("the row has {found} fields, the header has {expected}");
                let at = self.at(0);
                sink.problem(at, Problem::new(ProblemKind::RaggedRow, message))?;
                continue;
            }
            break;
        }
        Ok(Some(Row { table: self }))
    }

    fn report(&mut self, sink: &mut dyn RecordSink) {
        let byte = self.reader.position().byte();
        sink.progress(byte - self.reported);
        self.reported = byte;
    }

    fn at(&self, column: u16) -> At {
        self.place(self.record.position(), column)
    }

    fn place(&self, position: Option<&csv::Position>, column: u16) -> At {
        let line = position.map_or(0, csv::Position::line);
        At {
            file: self.file,
            column,
            line: u32::try_from(line).unwrap_or(u32::MAX),
        }
    }
}

/// A row of a [`Table`].
pub struct Row<'t> {
    table: &'t Table,
}

impl<'t> Row<'t> {
    /// The field of a column, empty when the table has none such.
    pub fn get(&self, column: usize) -> &'t str {
        let field = self.table.record.get(column).unwrap_or("");
        // Rows end at the line feed, so that a carriage return before it is still on the last field.
        if column + 1 == self.table.record.len() {
            field.strip_suffix('\r').unwrap_or(field)
        } else {
            field
        }
    }

    /// The field of an optional column; `None` when the column is missing or the field is empty.
    pub fn optional(&self, column: Option<usize>) -> Option<&'t str> {
        column.map(|column| self.get(column)).filter(|text| !text.is_empty())
    }

    /// The place of the whole row.
    pub fn at(&self) -> At {
        self.table.at(0)
    }

    /// The place of one field.
    pub fn at_column(&self, column: usize, sink: &mut dyn RecordSink) -> At {
        let name = self.table.header.get(column).map_or("", String::as_str);
        let column = sink.name(name);
        self.table.at(column)
    }
}

fn table_error(shown: &str, error: &csv::Error) -> LoadError {
    LoadError::Malformed {
        file: shown.to_owned(),
        line: error.position().map(csv::Position::line),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::Gather;

    /// Lines of the rows, and lines of the faults, of a text read as a table.
    fn lines(text: &[u8], headed: bool) -> (Vec<u32>, Vec<u32>) {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("t.txt");
        std::fs::write(&path, text).unwrap();
        let member = crate::source::members(&[path], crate::source::Limits::default())
            .unwrap()
            .remove(0);
        let mut sink = Gather::default();
        let mut table = if headed {
            Table::open(&member, Dialect::Tab, None, &mut sink).unwrap()
        } else {
            Table::open_headless(&member, Dialect::Tab, &["a", "b"], &mut sink).unwrap()
        };
        let mut rows = Vec::new();
        while let Some(row) = table.next(&mut sink).unwrap() {
            rows.push(row.at().line);
        }
        (rows, sink.problems.iter().map(|problem| problem.line).collect())
    }

    #[test]
    fn lines_are_counted_alike_with_either_line_end() {
        for end in ["\n", "\r\n"] {
            let text = ["a\tb", "1\t2", "1", "3\t4", ""].join(end);
            assert_eq!(lines(text.as_bytes(), true), (vec![2, 4], vec![3]), "{end:?}");
            assert_eq!(lines(text.as_bytes(), false), (vec![1, 2, 4], vec![3]), "{end:?}");
            let spoilt = [b"a\tb", end.as_bytes(), b"\xff\t1", end.as_bytes(), b"1\t2"].concat();
            assert_eq!(lines(&spoilt, true), (vec![3], vec![2]), "{end:?}");
        }
    }
}

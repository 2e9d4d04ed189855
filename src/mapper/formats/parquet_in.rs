//! Parquet in: flat columns, row group by row group, a batch of rows at a time.
//!
//! Columns inside structures go by their path (`result.unit`). The library's own row interface is not used: it
//! builds a tree for each row and panics on kinds it does not know.

use super::super::error::MapError;
use super::super::read::{Row, Rows};
use super::parquet_value::{Rendering, Values};
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Rows decoded at a time.
const BATCH: usize = 8_192;

/// An open Parquet file.
pub(in super::super) struct ParquetRows {
    reader: SerializedFileReader<File>,
    columns: Vec<Column>,
    groups: std::ops::Range<usize>,
    /// Number of the open row group, from 1.
    group: usize,
    left: usize,
    batch: usize,
    at: usize,
    /// Rows of the open row group that were given out.
    given: u64,
    shown: String,
    position: u64,
}

struct Column {
    name: String,
    rendering: Rendering,
    depth: i16,
    reader: Option<ColumnReader>,
    values: Values,
}

/// The library checks much and not everything: on damaged pages its decoders may panic. Then the file is damaged, and
/// nothing of it is used any more.
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its bytes are damaged".to_owned()),
    }
}

impl ParquetRows {
    /// Opens a file and settles its columns.
    pub fn open(file: File, shown: &str) -> Result<(Self, Vec<String>), MapError> {
        let fail = |message: String| MapError::Malformed {
            path: shown.to_owned(),
            message,
        };
        let reader = guarded(|| SerializedFileReader::new(file))
            .map_err(|error| fail(format!("it cannot be read as Parquet: {error}")))?;
        let mut columns = Vec::new();
        for column in reader.metadata().file_metadata().schema_descr().columns() {
            let name = column.path().parts().join(".");
            let rendering = Rendering::of(column).map_err(|reason| fail(format!("column {name:?}: {reason}")))?;
            columns.push(Column {
                name,
                rendering,
                depth: column.max_def_level(),
                reader: None,
                values: Values::default(),
            });
        }
        let header: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        if header.is_empty() {
            return Err(fail("it has no columns".to_owned()));
        }
        let groups = 0..reader.num_row_groups();
        let rows = Self {
            reader,
            columns,
            groups,
            group: 0,
            left: 0,
            batch: 0,
            at: 0,
            given: 0,
            shown: shown.to_owned(),
            position: 0,
        };
        Ok((rows, header))
    }

    fn fail(&self, column: &str, message: &str) -> MapError {
        MapError::Malformed {
            path: self.shown.clone(),
            message: format!("row group {}, column {column:?}: {message}", self.group),
        }
    }

    /// Opens the next row group; false where there is none.
    fn next_group(&mut self) -> Result<bool, MapError> {
        let Some(number) = self.groups.next() else {
            return Ok(false);
        };
        self.group = number + 1;
        self.given = 0;
        let opened = guarded(|| {
            let group = self.reader.get_row_group(number)?;
            let data = group.metadata();
            let readers: Result<Vec<ColumnReader>, _> = (0..self.columns.len())
                .map(|column| group.get_column_reader(column))
                .collect();
            Ok((readers?, data.num_rows(), data.total_byte_size()))
        });
        let (readers, rows, bytes) = opened.map_err(|message| self.fail("", &message))?;
        for (column, reader) in self.columns.iter_mut().zip(readers) {
            column.reader = Some(reader);
        }
        self.left = usize::try_from(rows).map_err(|_| self.fail("", "it has an impossible number of rows"))?;
        self.position += u64::try_from(bytes).unwrap_or(0);
        Ok(true)
    }

    /// Decodes the next batch; false at the end.
    fn next_batch(&mut self) -> Result<bool, MapError> {
        while self.left == 0 {
            if !self.next_group()? {
                return Ok(false);
            }
        }
        let rows = self.left.min(BATCH);
        let mut failed = None;
        for (number, column) in self.columns.iter_mut().enumerate() {
            let Some(reader) = &mut column.reader else { continue };
            let (values, rendering, depth) = (&mut column.values, column.rendering, column.depth);
            if let Err(message) = guarded(|| values.fill(reader, rendering, depth, rows)) {
                failed = Some((number, message));
                break;
            }
        }
        if let Some((number, message)) = failed {
            let name = self.columns.get(number).map_or("", |column| column.name.as_str());
            return Err(self.fail(name, &message));
        }
        self.left -= rows;
        (self.batch, self.at) = (rows, 0);
        Ok(true)
    }
}

impl Rows for ParquetRows {
    fn next(&mut self, row: &mut Row) -> Result<bool, MapError> {
        if self.at == self.batch && !self.next_batch()? {
            return Ok(false);
        }
        row.fields.clear();
        self.given += 1;
        for column in &self.columns {
            row.fields.push_field(column.values.get(self.at));
            if column.values.bad.binary_search(&self.at).is_ok() {
                row.fault.get_or_insert_with(|| {
                    format!(
                        "row group {}, row {}, column {:?}: the value cannot be read as text",
                        self.group, self.given, column.name
                    )
                });
            }
        }
        self.at += 1;
        Ok(true)
    }

    fn position(&self) -> u64 {
        self.position
    }
}

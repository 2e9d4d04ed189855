//! Parquet out: numbers that tern made as doubles, everything else as text, empty values as nulls, zstd.
//!
//! Rows are collected into row groups ([`GROUP`] rows), so memory does not grow with the table.

use super::super::error::MapError;
use super::super::write::{Cell, Column, Encoded, TableSink};
use super::bytes_out::BytesOut;
use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io;
use std::sync::Arc;

/// Rows of a row group.
const GROUP: usize = 131_072;

/// A Parquet file being written.
pub(in super::super) struct ParquetOut {
    writer: SerializedFileWriter<BytesOut>,
    columns: Vec<(Column, Group)>,
    rows: usize,
    shown: String,
}

/// The values of one column of the row group.
#[derive(Default)]
struct Group {
    text: Vec<u8>,
    /// Where each value that is there ends.
    ends: Vec<usize>,
    numbers: Vec<f64>,
    levels: Vec<i16>,
}

impl Group {
    fn push(&mut self, cell: Cell, field: &str) {
        if cell == Cell::Number {
            match field.parse::<f64>() {
                Ok(number) => {
                    self.numbers.push(number);
                    self.levels.push(1);
                }
                Err(_) => self.levels.push(0),
            }
        } else if field.is_empty() {
            self.levels.push(0);
        } else {
            self.text.extend_from_slice(field.as_bytes());
            self.ends.push(self.text.len());
            self.levels.push(1);
        }
    }

    /// The texts as slices of one buffer; the group is empty afterwards.
    fn take_texts(&mut self) -> Vec<ByteArray> {
        let text = Bytes::from(std::mem::take(&mut self.text));
        let mut start = 0;
        self.ends
            .drain(..)
            .map(|end| ByteArray::from(text.slice(std::mem::replace(&mut start, end)..end)))
            .collect()
    }
}

fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let mut fields = Vec::new();
    for column in columns {
        let field = if column.cell == Cell::Number {
            Type::primitive_type_builder(&column.name, Physical::DOUBLE)
        } else {
            Type::primitive_type_builder(&column.name, Physical::BYTE_ARRAY).with_logical_type(Some(LogicalType::String))
        };
        fields.push(Arc::new(field.with_repetition(Repetition::OPTIONAL).build()?));
    }
    Type::group_type_builder("mapped").with_fields(fields).build()
}

impl ParquetOut {
    /// Starts a file.
    pub fn start(bytes: BytesOut, columns: Vec<Column>) -> Result<Self, MapError> {
        let shown = bytes.shown().to_owned();
        let started = (|| {
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_created_by(concat!("tern version ", env!("CARGO_PKG_VERSION")).to_owned())
                .build();
            SerializedFileWriter::new(bytes, Arc::new(schema(&columns)?), Arc::new(properties))
        })();
        Ok(Self {
            writer: started.map_err(|error| failed(&shown, error))?,
            columns: columns.into_iter().map(|column| (column, Group::default())).collect(),
            rows: 0,
            shown,
        })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for (column, values) in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            if column.cell == Cell::Number {
                writer
                    .typed::<DoubleType>()
                    .write_batch(&values.numbers, Some(&values.levels), None)?;
                values.numbers.clear();
            } else {
                let texts = values.take_texts();
                writer
                    .typed::<ByteArrayType>()
                    .write_batch(&texts, Some(&values.levels), None)?;
            }
            values.levels.clear();
            writer.close()?;
        }
        self.rows = 0;
        group.close()?;
        Ok(())
    }
}

fn failed(shown: &str, error: ParquetError) -> MapError {
    MapError::io(shown, io::Error::other(error.to_string()))
}

impl TableSink for ParquetOut {
    fn encode(&self, fields: Vec<String>) -> Encoded {
        Encoded::Fields(fields)
    }

    fn row(&mut self, fields: &csv::StringRecord, outcome: &Encoded) -> Result<(), MapError> {
        for ((column, group), field) in self.columns.iter_mut().zip(fields.iter().chain(outcome.fields())) {
            group.push(column.cell, field);
        }
        self.rows += 1;
        if self.rows == GROUP {
            self.write_group().map_err(|error| failed(&self.shown, error))?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), MapError> {
        let shown = self.shown.clone();
        let finished = (|| {
            if self.rows > 0 {
                self.write_group()?;
            }
            self.writer.into_inner()
        })();
        finished.map_err(|error| failed(&shown, error))?.finish()
    }
}

//! The formats of tables and of mappings: what lies between bytes and the mapper's rows.
//!
//! Tables in, each a stream of [`Row`](super::read::Row)s: [`delimited`] (CSV, TSV), [`json_lines`], [`spreadsheet`],
//! [`parquet_in`]. Tables out: [`text_out`], [`spreadsheet_out`], [`parquet_out`]. Which one is chosen is said in
//! `read` and `write`; what a row means is not known here.

pub(super) mod bytes_out;
pub(super) mod delimited;
pub(super) mod json_lines;
pub(super) mod parquet_in;
pub(super) mod parquet_out;
pub(super) mod parquet_value;
pub(super) mod spreadsheet;
pub(super) mod spreadsheet_out;
pub(super) mod text_out;

#[cfg(test)]
mod tests;

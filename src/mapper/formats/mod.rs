//! The formats of tables and of mappings: what lies between bytes and the mapper's rows.
//!
//! A [`mapping_set`] is what people exchange: [`exchange`] reads and writes it as SSSOM, FHIR ConceptMap, OMOP
//! `source_to_concept_map`, Usagi's export and tern's own tables.
//!
//! Tables in, each a stream of [`Row`](super::read::Row)s: [`delimited`] (CSV, TSV), [`json_lines`], [`spreadsheet`],
//! [`parquet_in`]. Tables out: [`text_out`], [`spreadsheet_out`], [`parquet_out`]. Which one is chosen is said in
//! `read` and `write`; what a row of a table means is not known here.

pub(super) mod bytes_out;
mod concept_map;
mod concept_map_parts;
pub(super) mod delimited;
pub mod exchange;
pub(super) mod from_outcome;
pub(super) mod json_lines;
pub mod mapping_set;
mod omop;
mod own_table;
pub(super) mod parquet_in;
pub(super) mod parquet_out;
pub(super) mod parquet_value;
pub(super) mod set_table;
pub(super) mod spreadsheet;
pub(super) mod spreadsheet_out;
mod sssom;
pub(super) mod text_out;
mod usagi;
pub mod vocabularies;
pub mod workbook;

#[cfg(test)]
mod set_tests;
#[cfg(test)]
mod tests;

//! The operations of tern and the ways to call them.
//!
//! `service` holds the operations of a terminology service as plain functions over indexes, `mapper` maps files of
//! local codes, `review` keeps what people decide of that, `written` what clients write, `grammars` knows code systems that
//! are rules, `fhir` turns requests into operations and answers into resources, `http` serves those, `cli` is the program
//! that people type. What it does not do: it reads no release and writes no index (those are `tern-loaders` and
//! `tern-index`).

pub mod cli;
pub mod concept_model;
mod database;
pub mod description_logic;
pub mod ecl;
pub mod fhir;
pub mod grammars;
pub mod http;
pub mod mapper;
mod remembered;
pub mod review;
pub mod service;
pub mod stop;
mod suggest;
pub mod written;

#[cfg(test)]
mod testing;

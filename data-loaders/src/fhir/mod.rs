//! FHIR terminology resources: CodeSystem, ValueSet, ConceptMap and NamingSystem as JSON, alone, in Bundles, in
//! NDJSON, in folders and in packages.
//!
//! Of StructureDefinition and Questionnaire the bindings are kept, so that value sets can be asked for by context (`structure`).
//!
//! The readers (`code_system`, `value_set`, `concept_map`, `naming_system`, `structure`, `summary`) are pure functions over the
//! borrowed tree of `json`; a server uses them for the resources that come with a request. `loader` finds
//! releases on disk and hands them over as records.
//!
//! It does not read XML (such files are named and left out), expand value sets or render resources.

pub mod code_system;
pub mod concept_map;
mod element;
pub mod json;
mod loader;
pub mod naming_system;
mod package;
mod recognise;
pub mod structure;
pub mod summary;
pub mod value_set;

pub use element::{Fault, Parsed, Path};
pub use loader::Fhir;

#[cfg(test)]
mod tests;

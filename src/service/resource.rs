//! Terminology resources in memory: what a request brings and what a kept resource becomes when it is needed.

use std::sync::Arc;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::value_set::ValueSet;

/// A parsed resource. Cheap to clone, so that the wire may cache what it has parsed.
#[derive(Debug, Clone)]
pub enum Resource {
    /// A code system or supplement, indexed in memory.
    CodeSystem(Arc<CodeSystemIndex>),
    /// A value set.
    ValueSet(Arc<ValueSet>),
    /// A concept map, indexed in memory.
    ConceptMap(Arc<ConceptMapIndex>),
}

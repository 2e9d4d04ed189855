//! Terminology resources in memory: what a request brings and what a kept resource becomes when it is needed.
//!
//! This is the one boundary between FHIR JSON and the service: the readers of `tern-loaders` give typed resources,
//! the builders of `tern-index` make them the same indexes that releases have. No word index is built: searches
//! scan the terms, which is right for what is small.

use std::sync::Arc;
use tern_index::build::{BuildError, CodeSystemBuilder, ConceptMapBuilder};
use tern_index::container::ContainerError;
use tern_index::model::ConceptMapHeader;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::record::{At, Problem, Record, RecordSink, Stopped};
use tern_index::value_set::ValueSet;
use tern_loaders::fhir::json::{self, JsonError, Node};
use tern_loaders::fhir::naming_system::NamingSystem;
use tern_loaders::fhir::structure::{self, Structure};
use tern_loaders::fhir::{Fault, code_system, concept_map, naming_system, value_set};

/// A parsed resource. Cheap to clone, so that the wire may cache what it has parsed.
#[derive(Debug, Clone)]
pub enum Resource {
    /// A code system or supplement, indexed in memory.
    CodeSystem(Arc<CodeSystemIndex>),
    /// A value set.
    ValueSet(Arc<ValueSet>),
    /// A concept map, indexed in memory.
    ConceptMap(Arc<ConceptMapIndex>),
    /// A naming system.
    NamingSystem(Arc<NamingSystem>),
    /// The bindings of a StructureDefinition or Questionnaire.
    Structure(Arc<Structure>),
}

/// Why a resource cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is no such resource, or a part of it cannot be read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A type that holds no terminology.
    #[error("a resource of type {0} holds no terminology; send CodeSystem, ValueSet, ConceptMap or NamingSystem")]
    Type(String),
    /// Never caused by the data.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Never caused by the data.
    #[error(transparent)]
    Container(#[from] ContainerError),
}

impl Resource {
    /// Reads a resource of any of the four types from its JSON text.
    pub fn parse(text: &str) -> Result<Self, ResourceError> {
        Self::read(&json::parse(text.as_bytes())?)
    }

    /// Reads a resource of any of the four types. Faults in parts of it leave those parts out.
    pub fn read(node: &Node<'_>) -> Result<Self, ResourceError> {
        match node.get("resourceType").and_then(Node::as_str) {
            Some("CodeSystem") => Ok(Self::CodeSystem(Arc::new(index_code_system(node)?))),
            Some("ValueSet") => Ok(Self::ValueSet(Arc::new(value_set::read(node)?.value))),
            Some("ConceptMap") => Ok(Self::ConceptMap(Arc::new(index_concept_map(node)?))),
            Some("StructureDefinition" | "Questionnaire") => Ok(Self::Structure(Arc::new(structure::read(node)?.value))),
            Some("NamingSystem") => Ok(Self::NamingSystem(Arc::new(naming_system::read(node)?.value))),
            other => Err(ResourceError::Type(other.unwrap_or("(none)").to_owned())),
        }
    }
}

fn index_code_system(node: &Node<'_>) -> Result<CodeSystemIndex, ResourceError> {
    let code_system = code_system::read(node)?.value;
    let mut builder = CodeSystemBuilder::new(code_system.header.clone(), false);
    let mut sink = MemorySink::CodeSystem(&mut builder);
    code_system::emit(&code_system, 0, &mut sink).map_err(BuildError::from)?;
    let (header, files, _) = builder.finish(&mut |_, _| Ok(()))?;
    Ok(CodeSystemIndex::open(header, &files)?)
}

fn index_concept_map(node: &Node<'_>) -> Result<ConceptMapIndex, ResourceError> {
    let map = concept_map::read(node)?.value;
    let mut builder = ConceptMapBuilder::new(ConceptMapHeader::clone(&map.header));
    let mut sink = MemorySink::ConceptMap(&mut builder);
    concept_map::emit(&map, 0, &mut sink).map_err(BuildError::from)?;
    let (header, files, _) = builder.finish()?;
    Ok(ConceptMapIndex::open(header, &files)?)
}

/// Hands the records of one resource to its builder. Faults between records leave out what is at fault.
enum MemorySink<'b> {
    CodeSystem(&'b mut CodeSystemBuilder),
    ConceptMap(&'b mut ConceptMapBuilder),
}

impl RecordSink for MemorySink<'_> {
    fn name(&mut self, _name: &str) -> u16 {
        1
    }

    fn accept(&mut self, at: At, record: Record<'_>) -> Result<(), Stopped> {
        match (self, record) {
            (Self::CodeSystem(builder), Record::Concept(concept)) => {
                // The only error is a report that says stop, and this one never does.
                let _ = builder.concept(at, concept, &mut |_, _| Ok(()));
            }
            (Self::CodeSystem(builder), Record::Designation(designation)) => builder.designation(at, designation),
            (Self::CodeSystem(builder), Record::Parent { child, parent }) => builder.parent(at, child, parent),
            (Self::CodeSystem(builder), Record::Property(property)) => builder.property(at, property),
            (Self::CodeSystem(builder), Record::Member(member)) => builder.member(at, member),
            (Self::ConceptMap(builder), Record::Mapping(mapping)) => builder.mapping(&mapping),
            // Headers are with the builders already; other records do not occur in one resource.
            _ => {}
        }
        Ok(())
    }

    fn problem(&mut self, _at: At, _problem: Problem) -> Result<(), Stopped> {
        Ok(())
    }

    fn ignored(&mut self, _file: &str, _reason: &str) {}

    fn progress(&mut self, _bytes: u64) {}
}

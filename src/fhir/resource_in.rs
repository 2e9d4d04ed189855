//! Resources that come with a request (`tx-resource`, inline value sets and concept maps), from JSON to indexes.
//!
//! A client repeats the same resources in every request of a session, megabytes of them; what has been read is
//! kept by content, so that the second request costs a comparison. Reading itself is the loaders' business.

use super::outcome::{Refusal, RefusalKind};
use crate::service::{CodeSystemIndex, ConceptMapIndex, Resource, ValueSet};
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use tern_index::build::{CodeSystemBuilder, ConceptMapBuilder};
use tern_index::record::{At, Problem, Record, RecordSink, Stopped};
use tern_loaders::fhir::json::Node;
use tern_loaders::fhir::{Fault, code_system, concept_map, value_set};

/// Reads resources and remembers them by content.
#[derive(Debug)]
pub struct ResourceCache {
    kept: Mutex<Kept>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Kept {
    by_hash: HashMap<u64, (Value, Resource)>,
    /// Hashes in the order of their arrival: the oldest goes first.
    order: std::collections::VecDeque<u64>,
}

impl ResourceCache {
    /// A cache of so many resources; 0 remembers nothing.
    pub fn new(capacity: usize) -> Self {
        Self {
            kept: Mutex::default(),
            capacity,
        }
    }

    /// The resource of some JSON. `None` where it is of a kind that terminology operations do not use: clients
    /// send those along, and they change nothing.
    pub fn read(&self, json: &Value) -> Result<Option<Resource>, Refusal> {
        let hash = content_hash(json);
        if let Some((known, resource)) = self.lock().by_hash.get(&hash)
            && known == json
        {
            return Ok(Some(resource.clone()));
        }
        let Some(resource) = read(json)? else {
            return Ok(None);
        };
        let mut kept = self.lock();
        if self.capacity > 0 && kept.by_hash.insert(hash, (json.clone(), resource.clone())).is_none() {
            kept.order.push_back(hash);
            if kept.order.len() > self.capacity
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.by_hash.remove(&oldest);
            }
        }
        Ok(Some(resource))
    }

    /// A panic elsewhere cannot leave the map half-changed, so its poison is no reason to stop.
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn content_hash(json: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    json.hash(&mut hasher);
    hasher.finish()
}

/// Reads a resource; lesser faults leave out what is at fault, as a load does.
fn read(json: &Value) -> Result<Option<Resource>, Refusal> {
    let node = Node::from_value(json);
    let refused = |fault: Fault| Refusal::new(RefusalKind::Invalid, format!("a resource of the request cannot be read: {fault}"));
    match json.get("resourceType").and_then(Value::as_str) {
        Some("CodeSystem") => {
            let parsed = code_system::read(&node).map_err(refused)?;
            let mut sink = Sink::CodeSystem(None);
            // This sink never says stop.
            let _ = code_system::emit(&parsed.value, 0, &mut sink);
            sink.finish().map(Some)
        }
        Some("ConceptMap") => {
            let parsed = concept_map::read(&node).map_err(refused)?;
            let mut sink = Sink::ConceptMap(None);
            let _ = concept_map::emit(&parsed.value, 0, &mut sink);
            sink.finish().map(Some)
        }
        Some("ValueSet") => Ok(Some(Resource::ValueSet(Arc::new(read_value_set(json)?)))),
        _ => Ok(None),
    }
}

/// Reads a value set, faults left out.
pub fn read_value_set(json: &Value) -> Result<ValueSet, Refusal> {
    let parsed = value_set::read(&Node::from_value(json));
    parsed
        .map(|parsed| parsed.value)
        .map_err(|fault| Refusal::new(RefusalKind::Invalid, format!("the value set cannot be read: {fault}")))
}

/// Takes the records of one resource into a builder.
enum Sink {
    CodeSystem(Option<CodeSystemBuilder>),
    ConceptMap(Option<ConceptMapBuilder>),
}

impl RecordSink for Sink {
    fn name(&mut self, _name: &str) -> u16 {
        1
    }

    fn accept(&mut self, at: At, record: Record<'_>) -> Result<(), Stopped> {
        match (self, record) {
            (Self::CodeSystem(open), Record::CodeSystem(header)) => *open = Some(CodeSystemBuilder::new(header.clone(), false)),
            (Self::CodeSystem(Some(builder)), Record::Concept(concept)) => {
                // A second concept of the same code is left out; the first counts.
                let _ = builder.concept(at, concept, &mut |_, _| Ok(()));
            }
            (Self::CodeSystem(Some(builder)), Record::Designation(designation)) => builder.designation(at, designation),
            (Self::CodeSystem(Some(builder)), Record::Parent { child, parent }) => builder.parent(at, child, parent),
            (Self::CodeSystem(Some(builder)), Record::Property(property)) => builder.property(at, property),
            (Self::CodeSystem(Some(builder)), Record::Member(member)) => builder.member(at, member),
            (Self::ConceptMap(open), Record::ConceptMap(header)) => *open = Some(ConceptMapBuilder::new(header.clone())),
            (Self::ConceptMap(Some(builder)), Record::Mapping(mapping)) => builder.mapping(&mapping),
            // The emitters say nothing else.
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

impl Sink {
    fn finish(self) -> Result<Resource, Refusal> {
        let failed = |error: &dyn std::fmt::Display| {
            Refusal::new(
                RefusalKind::Internal,
                format!("a resource of the request cannot be indexed: {error}"),
            )
        };
        match self {
            Self::CodeSystem(Some(builder)) => {
                let (header, files, _) = builder.finish(&mut |_, _| Ok(())).map_err(|error| failed(&error))?;
                let index = CodeSystemIndex::open(header, &files).map_err(|error| failed(&error))?;
                Ok(Resource::CodeSystem(Arc::new(index)))
            }
            Self::ConceptMap(Some(builder)) => {
                let (header, files, _) = builder.finish().map_err(|error| failed(&error))?;
                let index = ConceptMapIndex::open(header, &files).map_err(|error| failed(&error))?;
                Ok(Resource::ConceptMap(Arc::new(index)))
            }
            // Every emitter opens with the header.
            Self::CodeSystem(None) | Self::ConceptMap(None) => Err(failed(&"it is empty")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_resource_is_read_once() {
        let cache = ResourceCache::new(1);
        let json = json!({"resourceType": "CodeSystem", "url": "http://a", "status": "active", "content": "complete",
            "concept": [{"code": "a", "display": "A"}]});
        let read = |json: &Value| match cache.read(json).unwrap() {
            Some(Resource::CodeSystem(index)) => index,
            other => panic!("{other:?}"),
        };
        let first = read(&json);
        assert_eq!(first.len(), 1);
        assert!(Arc::ptr_eq(&first, &read(&json)));
        let mut other = json.clone();
        other["url"] = "http://b".into();
        assert_eq!(read(&other).header().url, "http://b");
        assert!(!Arc::ptr_eq(&first, &read(&json)), "the older one was let go");
    }

    #[test]
    fn other_resources_change_nothing() {
        assert!(ResourceCache::new(1).read(&json!({"resourceType": "Patient"})).unwrap().is_none());
    }
}

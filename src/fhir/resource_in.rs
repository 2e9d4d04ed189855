//! Resources that come with a request (`tx-resource`, inline value sets and concept maps), from JSON to indexes.
//!
//! A client repeats the same resources in every request of a session, megabytes of them; what has been read is
//! kept by content, so that the second request costs a comparison. Reading itself is the loaders' business.

use super::outcome::{Refusal, RefusalKind};
use crate::service::resource::ResourceError;
use crate::service::{Resource, ValueSet};
use foldhash::quality::RandomState;
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use tern_loaders::fhir::json::Node;
use tern_loaders::fhir::value_set;

/// Reads resources and remembers them by content.
#[derive(Debug)]
pub struct ResourceCache {
    kept: Mutex<Kept>,
    capacity: usize,
    hashes: RandomState,
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
            hashes: RandomState::default(),
        }
    }

    /// The resource of some JSON. `None` where it is of a kind that terminology operations do not use: clients
    /// send those along, and they change nothing.
    pub fn read(&self, json: &Value) -> Result<Option<Resource>, Refusal> {
        let hash = content_hash(&self.hashes, json);
        if let Some((known, resource)) = self.lock().by_hash.get(&hash)
            && known == json
        {
            return Ok(Some(resource.clone()));
        }
        let resource = match Resource::read(&Node::from_value(json)) {
            Ok(resource) => resource,
            Err(ResourceError::Type(_)) => return Ok(None),
            Err(error @ (ResourceError::Json(_) | ResourceError::Fault(_))) => {
                let text = format!("a resource of the request cannot be read: {error}");
                return Err(Refusal::new(RefusalKind::Invalid, text));
            }
            Err(error @ (ResourceError::Build(_) | ResourceError::Container(_))) => {
                let text = format!("a resource of the request cannot be indexed: {error}");
                return Err(Refusal::new(RefusalKind::Internal, text));
            }
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

/// A hash of JSON as it is written: what is the same in another order of keys may differ, and is read once more. The
/// hash of [`Value`] itself sorts the keys of every object.
fn content_hash(state: &RandomState, json: &Value) -> u64 {
    let mut hasher = state.build_hasher();
    feed(&mut hasher, json);
    hasher.finish()
}

/// As deep as the JSON is, which its parser limits.
fn feed(hasher: &mut impl Hasher, json: &Value) {
    std::mem::discriminant(json).hash(hasher);
    match json {
        Value::Null => {}
        Value::Bool(value) => value.hash(hasher),
        Value::Number(number) => number.hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Array(values) => {
            values.len().hash(hasher);
            values.iter().for_each(|value| feed(hasher, value));
        }
        Value::Object(members) => {
            members.len().hash(hasher);
            for (name, value) in members {
                name.hash(hasher);
                feed(hasher, value);
            }
        }
    }
}

/// Reads a value set; what is at fault in it is left out.
pub fn read_value_set(json: &Value) -> Result<ValueSet, Refusal> {
    let parsed = value_set::read(&Node::from_value(json));
    parsed
        .map(|parsed| parsed.value)
        .map_err(|fault| Refusal::new(RefusalKind::Invalid, format!("the value set cannot be read: {fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

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
        assert!(
            ResourceCache::new(1)
                .read(&json!({"resourceType": "Patient"}))
                .unwrap()
                .is_none()
        );
    }
}

//! Resources that come with a request (`tx-resource`, inline value sets and concept maps), from JSON to indexes.
//!
//! A client repeats the same resources in every request of a session, megabytes of them; what has been read is
//! kept by its text, so that the second request costs a comparison. Reading itself is the loaders' business.

use super::outcome::{Refusal, RefusalKind};
use crate::remembered::Remembered;
use crate::service::resource::ResourceError;
use crate::service::{Resource, ValueSet};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use tern_loaders::fhir::json::Node;
use tern_loaders::fhir::value_set;

/// What resources of requests may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Bytes of what is remembered; 0 remembers nothing.
    pub bytes: usize,
    /// Resources that one request may bring along.
    pub brought: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            bytes: 512 << 20,
            brought: 10_000,
        }
    }
}

/// A resource that came with a request.
#[derive(Debug, Clone)]
pub struct Brought {
    /// What it is; `None` where it is of a kind that terminology operations do not use: clients send those along, and
    /// they change nothing.
    pub resource: Option<Resource>,
    /// What keeping it costs, in bytes.
    pub cost: usize,
}

/// Why a text is no resource.
#[derive(Debug)]
pub enum Unread {
    /// It is no JSON; who has the whole body can say where.
    Json(serde_json::Error),
    /// It is JSON, but cannot be used.
    Refused(Refusal),
}

/// Reads resources and remembers them by their text.
#[derive(Debug)]
pub struct ResourceCache {
    kept: Remembered<Box<str>, Brought>,
    limits: CacheLimits,
    read: AtomicU64,
}

/// How full a cache is, and of what use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheUse {
    /// Resources.
    pub resources: usize,
    /// Bytes.
    pub bytes: usize,
    /// Resources that were there when they came again.
    pub found: u64,
    /// Resources that had to be read.
    pub read: u64,
}

impl ResourceCache {
    /// An empty cache.
    pub fn new(limits: CacheLimits) -> Self {
        Self {
            kept: Remembered::new(limits.bytes),
            limits,
            read: AtomicU64::new(0),
        }
    }

    /// Resources that one request may bring along.
    pub fn most_brought(&self) -> usize {
        self.limits.brought
    }

    /// The resource of some JSON.
    pub fn read(&self, json: &Value) -> Result<Brought, Refusal> {
        let text = json.to_string();
        if let Some(brought) = self.remembered(&text) {
            return Ok(brought);
        }
        self.take(text.into(), json)
    }

    /// The resource of a text.
    pub fn read_text(&self, text: &str) -> Result<Brought, Unread> {
        if let Some(brought) = self.remembered(text) {
            return Ok(brought);
        }
        let json: Value = serde_json::from_str(text).map_err(Unread::Json)?;
        self.take(text.into(), &json).map_err(Unread::Refused)
    }

    fn remembered(&self, text: &str) -> Option<Brought> {
        self.kept.find(self.kept.hash(text), |own| **own == *text)
    }

    fn take(&self, text: Box<str>, json: &Value) -> Result<Brought, Refusal> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let resource = match Resource::read(&Node::from_value(json)) {
            Ok(resource) => Some(resource),
            Err(ResourceError::Type(_)) => None,
            Err(error @ (ResourceError::Json(_) | ResourceError::Fault(_))) => {
                let text = format!("a resource of the request cannot be read: {error}");
                return Err(Refusal::new(RefusalKind::Invalid, text));
            }
            Err(error @ (ResourceError::Build(_) | ResourceError::Container(_))) => {
                let text = format!("a resource of the request cannot be indexed: {error}");
                return Err(Refusal::new(RefusalKind::Internal, text));
            }
        };
        let brought = Brought {
            cost: cost(&text, resource.as_ref()),
            resource,
        };
        self.kept.keep(self.kept.hash(&*text), text, brought.clone(), brought.cost);
        Ok(brought)
    }

    /// How full it is.
    pub fn used(&self) -> CacheUse {
        let (resources, bytes) = self.kept.used();
        CacheUse {
            resources,
            bytes,
            found: self.kept.found(),
            read: self.read.load(Ordering::Relaxed),
        }
    }
}

/// What a resource weighs beside its text, at least: an index has headers and directories.
const LEAST_COST: usize = 4 << 10;

/// What keeping a resource costs: its text, and about twice as much for what was made of it.
fn cost(text: &str, resource: Option<&Resource>) -> usize {
    match resource {
        Some(_) => 3 * text.len() + LEAST_COST,
        None => text.len() + LEAST_COST,
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
    use tern_index::read::CodeSystemIndex;

    fn code_system(url: &str) -> Value {
        json!({"resourceType": "CodeSystem", "url": url, "status": "active", "content": "complete",
            "concept": [{"code": "a", "display": "A"}]})
    }

    /// A cache with room for so many of them.
    fn cache(resources: usize) -> ResourceCache {
        let text = code_system("http://a").to_string();
        let one = ResourceCache::new(CacheLimits::default()).read_text(&text).unwrap().cost;
        ResourceCache::new(CacheLimits {
            bytes: resources * one,
            ..CacheLimits::default()
        })
    }

    fn read(cache: &ResourceCache, url: &str) -> Arc<CodeSystemIndex> {
        match cache.read(&code_system(url)).unwrap().resource {
            Some(Resource::CodeSystem(index)) => index,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_resource_is_read_once_however_it_comes() {
        let cache = cache(1);
        let first = read(&cache, "http://a");
        assert_eq!(first.len(), 1);
        assert!(Arc::ptr_eq(&first, &read(&cache, "http://a")));
        let text = cache.read_text(&code_system("http://a").to_string()).unwrap();
        assert!(matches!(text.resource, Some(Resource::CodeSystem(index)) if Arc::ptr_eq(&first, &index)));
        // It was asked for again, so it outlives the next one, but not the one after that.
        assert_eq!(read(&cache, "http://b").header().url, "http://b");
        read(&cache, "http://c");
        assert!(!Arc::ptr_eq(&first, &read(&cache, "http://a")), "it was let go");
    }

    #[test]
    fn bytes_are_bounded_and_what_is_asked_for_stays() {
        let cache = cache(3);
        let first = read(&cache, "http://a");
        for name in 'b'..='m' {
            read(&cache, &format!("http://{name}"));
            assert!(Arc::ptr_eq(&first, &read(&cache, "http://a")), "asked for each time, {name}");
            let used = cache.used();
            assert!(used.resources <= 3 && used.bytes <= cache.limits.bytes, "{used:?}");
        }
        assert_eq!((cache.used().found, cache.used().read), (12, 13));
        let nothing = ResourceCache::new(CacheLimits {
            bytes: 0,
            ..CacheLimits::default()
        });
        read(&nothing, "http://a");
        assert_eq!(nothing.used().resources, 0);
    }

    #[test]
    fn other_resources_change_nothing() {
        assert!(cache(1).read(&json!({"resourceType": "Patient"})).unwrap().resource.is_none());
        assert!(matches!(cache(1).read_text("{\"a\":\"\\ud800\"}"), Err(Unread::Json(_))));
    }
}

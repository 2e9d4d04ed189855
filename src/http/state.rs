//! What all requests share: the snapshot of what is loaded, limits, the gate, remembered resources.

use super::Limits;
use super::gate::Gate;
use crate::fhir::interaction::Room;
use crate::fhir::resource_in::ResourceCache;
use crate::fhir::sessions::Sessions;
use crate::service::Terminology;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// The shared state.
#[derive(Debug)]
pub struct State {
    terminology: ArcSwap<Terminology>,
    cache: ResourceCache,
    sessions: Sessions,
    pub(super) gate: Gate,
    pub(super) limits: Limits,
    /// Each stream at work holds a share.
    bulk: Arc<()>,
}

impl State {
    /// The state of a service over a snapshot.
    pub fn new(terminology: Terminology, limits: Limits) -> Self {
        Self {
            terminology: ArcSwap::from_pointee(terminology.keeping_mappers(limits.mappers)),
            cache: ResourceCache::new(limits.remembered_resources),
            sessions: Sessions::new(limits.sessions),
            gate: Gate::new(limits.heavy, limits.waiting),
            limits,
            bulk: Arc::default(),
        }
    }

    /// Room for a stream, if there is any.
    pub(super) fn bulk_permit(&self) -> Option<Arc<()>> {
        let permit = Arc::clone(&self.bulk);
        // One share is the state's own.
        (Arc::strong_count(&permit) <= self.limits.bulk_streams + 1).then_some(permit)
    }

    /// The snapshot as it is now; a request keeps it to its end.
    pub fn terminology(&self) -> Arc<Terminology> {
        self.terminology.load_full()
    }

    /// Puts another snapshot in its place: requests from now on see it.
    pub fn replace(&self, terminology: Terminology) {
        let terminology = terminology.keeping_mappers(self.limits.mappers);
        self.terminology.store(Arc::new(terminology));
    }

    pub(super) fn room<'s>(&'s self, terminology: &'s Terminology) -> Room<'s> {
        Room {
            terminology,
            cache: &self.cache,
            sessions: &self.sessions,
            map_rows: self.limits.map_rows,
            largest_page: self.limits.largest_page,
            expansion: self.limits.expansion,
            batch: self.limits.batch,
        }
    }
}

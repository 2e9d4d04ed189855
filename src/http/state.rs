//! What all requests share: the snapshot of what is loaded, limits, the gate, remembered resources.

use super::Limits;
use super::gate::Gate;
use super::metrics::Metrics;
use super::quick::Quick;
use crate::fhir::interaction::Room;
use crate::fhir::resource_in::ResourceCache;
use crate::fhir::sessions::Sessions;
use crate::service::Terminology;
use crate::service::constraint_sets::ConstraintSets;
use crate::written::{Library, WrittenError};
use std::sync::Arc;

/// The shared state.
#[derive(Debug)]
pub struct State {
    library: Library,
    pub(super) cache: ResourceCache,
    pub(super) constraint_sets: Arc<ConstraintSets>,
    pub(super) sessions: Sessions,
    pub(super) gate: Gate,
    pub(super) quick: Quick,
    pub(super) metrics: Metrics,
    pub(super) limits: Limits,
    /// Each stream at work holds a share.
    bulk: Arc<()>,
}

impl State {
    /// The state of a service over a snapshot.
    pub fn new(terminology: Terminology, limits: Limits) -> Self {
        let terminology = terminology.keeping_mappers(limits.mappers);
        Self::of_library(Library::of_loaded(terminology), limits)
    }

    /// The state of a service over what is loaded and written.
    pub fn of_library(library: Library, limits: Limits) -> Self {
        Self {
            library,
            cache: ResourceCache::new(limits.resources),
            constraint_sets: Arc::new(ConstraintSets::new(limits.constraint_sets)),
            sessions: Sessions::new(limits.sessions),
            gate: Gate::new(limits.heavy, limits.waiting),
            quick: Quick::default(),
            metrics: Metrics::default(),
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

    /// Streams at work.
    pub(super) fn streams(&self) -> usize {
        Arc::strong_count(&self.bulk) - 1
    }

    /// The snapshot as it is now; a request keeps it to its end.
    pub fn terminology(&self) -> Arc<Terminology> {
        self.library.terminology()
    }

    /// Puts other releases in the place of those that are loaded: requests from now on see them.
    pub fn replace(&self, terminology: Terminology) {
        let terminology = terminology.keeping_mappers(self.limits.mappers);
        self.library.replace(terminology);
        self.quick.forget();
        self.constraint_sets.forget();
    }

    /// Takes over what another process has written; whether there was anything.
    pub fn refresh(&self) -> Result<bool, WrittenError> {
        self.library.refresh()
    }

    pub(super) fn room<'s>(&'s self, terminology: &'s Terminology) -> Room<'s> {
        Room {
            terminology,
            library: &self.library,
            cache: &self.cache,
            sessions: &self.sessions,
            map_rows: self.limits.map_rows,
            largest_page: self.limits.largest_page,
            expansion: self.limits.expansion,
            batch: self.limits.batch,
        }
    }
}

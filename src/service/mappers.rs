//! The mappers of a snapshot: one for each target that somebody asked for, built once and kept.
//!
//! A mapper reads its whole target, which takes seconds for a large one. The first request for a target builds it on
//! threads of its own, others wait for it, and a snapshot that replaces this one starts without any. Only what is
//! loaded can be a target: a mapper for what one request brought would cost more than it answers.

use super::terminology::{Terminology, Unresolved};
use crate::mapper::{MOST_CANDIDATES, MapOptions, Mapper, Vocabularies};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};

/// URL and version of a target.
type Key = (String, Option<String>);
type Slot = Arc<OnceLock<Result<Arc<Mapper>, String>>>;

/// Mappers that are kept where nobody says how many.
const KEPT: usize = 8;

/// The mappers of one snapshot.
pub(super) struct Mappers {
    /// The last used one last.
    slots: Mutex<Vec<(Key, Slot)>>,
    most: usize,
}

impl Default for Mappers {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl std::fmt::Debug for Mappers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<Key> = self.locked(|slots| slots.iter().map(|(key, _)| key.clone()).collect());
        formatter
            .debug_struct("Mappers")
            .field("most", &self.most)
            .field("keys", &keys)
            .finish()
    }
}

impl Mappers {
    /// No mapper yet, and room for so many.
    pub fn keeping(most: usize) -> Self {
        Self {
            slots: Mutex::default(),
            most: most.max(1),
        }
    }

    /// The list is whole at every instant, so a poisoned lock is as good as any.
    fn locked<T>(&self, work: impl FnOnce(&mut Vec<(Key, Slot)>) -> T) -> T {
        work(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The slot of a target; the least recently used one makes room for a new one.
    fn slot(&self, key: Key) -> Slot {
        self.locked(|slots| {
            let slot = match slots.iter().position(|(known, _)| *known == key) {
                Some(place) => slots.remove(place).1,
                None => Slot::default(),
            };
            if slots.len() >= self.most {
                slots.remove(0);
            }
            slots.push((key, Arc::clone(&slot)));
            slot
        })
    }

    /// The mapper to a target, built if it is not there.
    pub fn get(&self, key: Key, terminology: &Terminology) -> Result<Arc<Mapper>, String> {
        let target = Target {
            terminology,
            version: key.1.clone(),
        };
        let options = MapOptions {
            target: key.0.clone(),
            candidates: MOST_CANDIDATES,
            ..MapOptions::default()
        };
        let slot = self.slot(key);
        slot.get_or_init(|| build(&options, &target)).clone()
    }
}

/// Builds on threads of its own. A worker of the shared pool that waits for its own pool takes other work meanwhile,
/// which may ask for this very mapper; and where all workers wait for it, nobody would be left to build it.
fn build(options: &MapOptions, target: &Target<'_>) -> Result<Arc<Mapper>, String> {
    let work = || {
        let pool = rayon::ThreadPoolBuilder::new().build().map_err(|error| error.to_string())?;
        pool.install(|| Mapper::new(options, target))
            .map(Arc::new)
            .map_err(|error| error.to_string())
    };
    let built = std::thread::scope(|scope| scope.spawn(work).join());
    built.unwrap_or_else(|_| Err("the mapper could not be built; this is a bug, please report it".to_owned()))
}

/// A snapshot in which the target has a certain version.
struct Target<'t> {
    terminology: &'t Terminology,
    version: Option<String>,
}

impl Vocabularies for Target<'_> {
    fn canonical_url(&self, name: &str) -> String {
        Vocabularies::canonical_url(self.terminology, name)
    }

    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        self.terminology.code_system(url, self.version.as_deref()).ok()
    }

    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        Vocabularies::concept_maps(self.terminology)
    }
}

impl Vocabularies for Terminology {
    fn canonical_url(&self, name: &str) -> String {
        Self::canonical_url(self, name).to_owned()
    }

    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        Self::code_system(self, url, None).ok()
    }

    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        Self::concept_maps(self)
    }
}

/// Why there is no mapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoMapper {
    /// The target is not loaded.
    Unresolved(Unresolved),
    /// It cannot be built.
    Failed(String),
}

impl Terminology {
    /// The mapper to a loaded code system, by URL or short name and version. What requests bring is no target.
    pub(super) fn mapper(&self, name: &str, version: Option<&str>) -> Result<Arc<Mapper>, NoMapper> {
        let loaded = self.loaded();
        let target = loaded.code_system(name, version).map_err(NoMapper::Unresolved)?;
        let header = target.header();
        let key = (header.url.clone(), header.version.clone());
        self.mappers().get(key, &loaded).map_err(NoMapper::Failed)
    }
}

//! The mappers of a snapshot: one for each target that somebody asked for, built once and kept.
//!
//! A mapper reads its whole target, which takes seconds for a large one. The first request for a target has it built on
//! threads of its own, others wait for it, and a snapshot that replaces this one starts without any. Who is told to stop
//! waits no longer; the building goes on, or a mapper that takes longer than a request may would never be there. Only
//! what is loaded is kept: what a request brought is small, and its mapper goes with the request.
//!
//! People's decisions come from who keeps them ([`PeoplesDecisions`]) and are asked for at every request: a mapper that
//! heeds others is a clone, and nothing of its target is read again.

use super::terminology::{Terminology, Unresolved};
use crate::mapper::{Decisions, MOST_CANDIDATES, MapOptions, Mapper, Vocabularies};
use crate::stop::{Stop, Stopped};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};

/// URL and version of a target.
type Key = (String, Option<String>);

/// What people have decided, wherever it is kept. It is asked at every request, so it must be quick where nothing has
/// changed.
pub trait PeoplesDecisions: std::fmt::Debug + Send + Sync {
    /// The decisions that hold for a target now, the same pointer as long as they are the same; or why they cannot be
    /// read, in words for who asked.
    fn of_target(&self, url: &str) -> Result<Arc<Decisions>, String>;
}

/// A mapper, and what it became with the last decisions.
struct Built {
    plain: Arc<Mapper>,
    heeding: Mutex<Option<(Arc<Decisions>, Arc<Mapper>)>>,
}

impl Built {
    fn new(plain: Mapper) -> Self {
        Self {
            plain: Arc::new(plain),
            heeding: Mutex::default(),
        }
    }

    fn with(&self, decisions: Option<Arc<Decisions>>) -> Arc<Mapper> {
        let Some(decisions) = decisions else {
            return Arc::clone(&self.plain);
        };
        let mut last = self.heeding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, mapper)) = &*last
            && Arc::ptr_eq(of, &decisions)
        {
            return Arc::clone(mapper);
        }
        let mapper = Arc::new(self.plain.heeding(Arc::clone(&decisions)));
        *last = Some((decisions, Arc::clone(&mapper)));
        mapper
    }
}

/// A mapper that is there, or is being built, or is not.
#[derive(Default)]
struct Slot {
    begun: AtomicBool,
    built: OnceLock<Result<Built, String>>,
    waiting: Mutex<()>,
    done: Condvar,
}

impl Slot {
    /// Looks at the word to stop this often while another thread builds.
    const PATIENCE: Duration = Duration::from_millis(20);

    /// What was built; the first who asks has it built, and all wait until it is or they are told to stop.
    fn built(self: &Arc<Self>, stop: &Stop, build: impl FnOnce() -> Result<Built, String> + Send + 'static) -> Outcome<'_> {
        if !self.begun.swap(true, Ordering::AcqRel) {
            let slot = Arc::clone(self);
            let work = move || {
                let built = catch_unwind(AssertUnwindSafe(build));
                let bug = || Err("the mapper could not be built; this is a bug, please report it".to_owned());
                slot.set(built.unwrap_or_else(|_| bug()));
            };
            let thread = std::thread::Builder::new().name("mapper".to_owned());
            if let Err(error) = thread.spawn(work) {
                self.set(Err(format!("no thread can be started to build it: {error}")));
            }
        }
        let mut turn = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(built) = self.built.get() {
                return Ok(built.as_ref().map_err(Clone::clone));
            }
            stop.check()?;
            let waited = self.done.wait_timeout(turn, Self::PATIENCE);
            turn = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn set(&self, built: Result<Built, String>) {
        // Only who has begun sets it, once.
        let _ = self.built.set(built);
        let _turn = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.done.notify_all();
    }
}

/// A mapper or why there is none, unless one was told to stop before that was known.
type Outcome<'b> = Result<Result<&'b Built, String>, Stopped>;

/// Mappers that are kept where nobody says how many.
const KEPT: usize = 8;

/// The mappers of one snapshot.
pub(super) struct Mappers {
    /// The last used one last.
    slots: Mutex<Vec<(Key, Arc<Slot>)>>,
    most: usize,
    decisions: Option<Arc<dyn PeoplesDecisions>>,
    embedding_model: Option<PathBuf>,
}

impl Default for Mappers {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl std::fmt::Debug for Mappers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let built = |slot: &Slot| slot.built.get().is_some();
        let keys: Vec<(Key, bool)> = self.locked(|slots| slots.iter().map(|(key, slot)| (key.clone(), built(slot))).collect());
        formatter
            .debug_struct("Mappers")
            .field("most", &self.most)
            .field("built", &keys)
            .field("decisions", &self.decisions)
            .finish()
    }
}

impl Mappers {
    /// No mapper yet, and room for so many.
    pub fn keeping(most: usize) -> Self {
        Self {
            slots: Mutex::default(),
            most: most.max(1),
            decisions: None,
            embedding_model: None,
        }
    }

    /// No mapper yet, and these decisions.
    pub fn heeding(&self, decisions: Arc<dyn PeoplesDecisions>) -> Self {
        Self {
            decisions: Some(decisions),
            ..self.resized(self.most)
        }
    }

    /// No mapper yet, and this embedding for all of them.
    pub fn embedding(&self, model: Option<PathBuf>) -> Self {
        Self {
            embedding_model: model,
            ..self.resized(self.most)
        }
    }

    /// No mapper yet, and otherwise the same.
    pub fn anew(&self) -> Self {
        self.resized(self.most)
    }

    /// No mapper yet, room for so many, and otherwise the same.
    pub fn resized(&self, most: usize) -> Self {
        Self {
            decisions: self.decisions.clone(),
            embedding_model: self.embedding_model.clone(),
            ..Self::keeping(most)
        }
    }

    /// What holds for a target now.
    fn decisions(&self, url: &str) -> Result<Option<Arc<Decisions>>, String> {
        self.decisions.as_ref().map(|decisions| decisions.of_target(url)).transpose()
    }

    /// The list is whole at every instant, so a poisoned lock is as good as any.
    fn locked<T>(&self, work: impl FnOnce(&mut Vec<(Key, Arc<Slot>)>) -> T) -> T {
        work(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The slot of a target; the least recently used one makes room for a new one.
    fn slot(&self, key: Key) -> Arc<Slot> {
        self.locked(|slots| {
            let slot = match slots.iter().position(|(known, _)| *known == key) {
                Some(place) => slots.remove(place).1,
                None => Arc::default(),
            };
            if slots.len() >= self.most {
                slots.remove(0);
            }
            slots.push((key, Arc::clone(&slot)));
            slot
        })
    }

    /// The mapper to a target, kept or built, in a slot of these or in one that goes with the request.
    fn get(&self, key: Key, terminology: &Terminology, kept: bool, stop: &Stop) -> Result<Arc<Mapper>, NoMapper> {
        // Asked first: what cannot be read is said before seconds are spent.
        let decisions = self.decisions(&key.0).map_err(NoMapper::Failed)?;
        let slot = if kept { self.slot(key.clone()) } else { Arc::default() };
        let built = slot.built(stop, self.build(key, terminology)).map_err(NoMapper::Stopped)?;
        Ok(built.map_err(NoMapper::Failed)?.with(decisions))
    }

    /// The building of a mapper. It has threads of its own: a worker of the shared pool that waits for its own pool takes
    /// other work meanwhile, which may ask for this very mapper; and where all workers wait for it, nobody would be left
    /// to build it.
    fn build(&self, (url, version): Key, terminology: &Terminology) -> impl FnOnce() -> Result<Built, String> + Send + 'static {
        let options = MapOptions {
            target: url,
            candidates: MOST_CANDIDATES,
            embedding_model: self.embedding_model.clone(),
            ..MapOptions::default()
        };
        let terminology = terminology.clone();
        let target = Target { terminology, version };
        move || {
            let pool = rayon::ThreadPoolBuilder::new().build().map_err(|error| error.to_string())?;
            pool.install(|| Mapper::new(&options, &target))
                .map(Built::new)
                .map_err(|error| error.to_string())
        }
    }
}

/// A snapshot in which the target has a certain version.
struct Target {
    terminology: Terminology,
    version: Option<String>,
}

impl Vocabularies for Target {
    fn canonical_url(&self, name: &str) -> String {
        Vocabularies::canonical_url(&self.terminology, name)
    }

    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        self.terminology.code_system(url, self.version.as_deref()).ok()
    }

    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        Vocabularies::concept_maps(&self.terminology)
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
    /// Nobody waits for it any more.
    Stopped(Stopped),
}

impl Terminology {
    /// The mapper to a code system, by URL or short name and version.
    pub(super) fn mapper(&self, name: &str, version: Option<&str>) -> Result<Arc<Mapper>, NoMapper> {
        let target = self.code_system(name, version).map_err(NoMapper::Unresolved)?;
        let header = target.header();
        let key = (header.url.clone(), header.version.clone());
        let loaded = self.loaded();
        let same = loaded.code_system(&key.0, key.1.as_deref());
        match same.is_ok_and(|same| Arc::ptr_eq(&same, &target)) {
            true => self.mappers().get(key, &loaded, true, self.stop()),
            false => self.mappers().get(key, self, false, self.stop()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{ANIMALS, ANIMALS_2, terminology};
    use rayon::prelude::*;

    const URL: &str = "http://example.org/animals";

    #[test]
    fn views_of_a_snapshot_share_a_mapper_and_the_next_snapshot_has_its_own() {
        let first = terminology(&[ANIMALS, ANIMALS_2]);
        let mapper = first.mapper(URL, None).unwrap();
        let view = first.for_fhir_version("5.0").with_overlay(Vec::new());
        assert!(Arc::ptr_eq(&mapper, &view.mapper(URL, Some("2.0.0")).unwrap()));
        assert!(!Arc::ptr_eq(&mapper, &view.mapper(URL, Some("1.0.0")).unwrap()));
        let next = terminology(&[ANIMALS]);
        assert_eq!(
            next.mapper(URL, None).unwrap().target().header().version.as_deref(),
            Some("1.0.0")
        );
        assert!(matches!(next.mapper("urn:none", None), Err(NoMapper::Unresolved(_))));
    }

    #[test]
    fn the_least_recently_used_mapper_makes_room() {
        let terminology = terminology(&[ANIMALS, ANIMALS_2]).keeping_mappers(1);
        let first = terminology.mapper(URL, Some("1.0.0")).unwrap();
        assert!(Arc::ptr_eq(&first, &terminology.mapper(URL, Some("1.0.0")).unwrap()));
        terminology.mapper(URL, Some("2.0.0")).unwrap();
        assert!(!Arc::ptr_eq(&first, &terminology.mapper(URL, Some("1.0.0")).unwrap()));
    }

    #[test]
    fn what_a_request_brings_is_its_own_target() {
        let loaded = terminology(&[ANIMALS_2]);
        let kept = loaded.mapper(URL, None).unwrap();
        let brought = terminology(&[ANIMALS]).code_system(URL, None).unwrap();
        let view = loaded.with_overlay(vec![crate::service::Resource::CodeSystem(brought)]);
        let own = view.mapper(URL, None).unwrap();
        assert_eq!(own.target().header().version.as_deref(), Some("1.0.0"));
        assert!(Arc::ptr_eq(&kept, &loaded.mapper(URL, None).unwrap()));
    }

    #[test]
    fn who_is_told_to_stop_waits_no_longer_and_the_next_finds_it_built() {
        let patient = terminology(&[ANIMALS]);
        let limits = crate::ecl::Limits {
            stop: Stop::after(Duration::ZERO),
            ..crate::ecl::Limits::default()
        };
        let hurried = patient.limiting_constraints(limits);
        let slot = patient.mappers().slot((URL.to_owned(), Some("1.0.0".to_owned())));
        // Somebody builds it, and takes his time.
        slot.begun.store(true, Ordering::Release);
        assert!(matches!(hurried.mapper(URL, None), Err(NoMapper::Stopped(_))));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                patient
                    .mapper(URL, None)
                    .map(|mapper| mapper.target().header().version.clone())
            });
            let built = patient.mappers().build((URL.to_owned(), None), &patient);
            slot.set(built());
            assert_eq!(waiting.join().unwrap().unwrap().as_deref(), Some("1.0.0"));
        });
        assert!(hurried.mapper(URL, None).is_ok());
    }

    #[test]
    fn workers_of_the_shared_pool_may_all_wait_for_one_mapper() {
        for _ in 0..5 {
            let terminology = terminology(&[ANIMALS]);
            let mappers: Vec<Arc<Mapper>> = (0..64)
                .into_par_iter()
                .map(|_| terminology.mapper(URL, None).unwrap())
                .collect();
            assert!(mappers.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
        }
    }
}

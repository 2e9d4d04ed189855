//! What a server holds: a snapshot of all that is loaded and written, and the one turn at writing.
//!
//! A writer looks at the snapshot, changes the file and puts the next snapshot in place before anybody else gets the turn,
//! so that a condition that held still holds when the change is made. Readers never wait.

use super::FILE;
use super::closure::{self, ClosureDelta, GrowError};
use super::error::WrittenError;
use super::store::{Change, Changed, Expected, History, Step, Version, WrittenStore, clash};
use crate::service::written::{Hidden, WrittenEntry};
use crate::service::{ResourceKind, Terminology};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tern_index::model::Coding;

/// All that is loaded and written, as it is now.
#[derive(Debug)]
pub struct Library {
    now: ArcSwap<Now>,
    /// Empty as long as nothing was ever written.
    store: OnceLock<WrittenStore>,
    /// Where another process may begin the file.
    path: Option<PathBuf>,
    writable: bool,
    turn: Mutex<Kept>,
}

/// A snapshot.
#[derive(Debug)]
struct Now {
    terminology: Arc<Terminology>,
    gone: Hidden,
}

/// What the next snapshot is made from.
#[derive(Debug, Clone)]
struct Kept {
    loaded: Terminology,
    entries: BTreeMap<(ResourceKind, String), WrittenEntry>,
    gone: Hidden,
    /// To see that another process has written.
    data_version: i64,
}

impl Library {
    /// What is loaded, and nothing written.
    pub fn of_loaded(loaded: Terminology) -> Self {
        Self::build(loaded, None, false, Vec::new(), 0)
    }

    /// What is loaded, and what was written into a file.
    pub fn open(loaded: Terminology, store: WrittenStore, writable: bool) -> Result<Self, WrittenError> {
        let data_version = store.data_version()?;
        let current = store.current()?;
        Ok(Self::build(loaded, Some(store), writable, current, data_version))
    }

    /// What is loaded in a store, and what was written into the file beside it. Who only reads need not find one.
    pub fn beside(directory: &Path, loaded: Terminology, writable: bool) -> Result<Self, WrittenError> {
        let path = directory.join(FILE);
        let library = match !writable && !path.exists() {
            true => Self::of_loaded(loaded),
            false => Self::open(loaded, WrittenStore::open(&path, writable)?, writable)?,
        };
        Ok(Self {
            path: Some(path),
            ..library
        })
    }

    fn build(loaded: Terminology, store: Option<WrittenStore>, writable: bool, current: Vec<Version>, data_version: i64) -> Self {
        let mut kept = Kept {
            entries: BTreeMap::new(),
            gone: Hidden::new(),
            data_version,
            loaded,
        };
        kept.fill(current);
        Self {
            now: ArcSwap::from_pointee(kept.snapshot(&kept.loaded)),
            store: store.map_or_else(OnceLock::new, OnceLock::from),
            path: None,
            writable,
            turn: Mutex::new(kept),
        }
    }

    /// The snapshot as it is now; a request keeps it to its end.
    pub fn terminology(&self) -> Arc<Terminology> {
        Arc::clone(&self.now.load().terminology)
    }

    /// Puts other releases in the place of those that are loaded; what is written stays.
    pub fn replace(&self, loaded: Terminology) {
        let mut kept = self.lock();
        kept.loaded = loaded;
        self.now.store(Arc::new(kept.snapshot(&kept.loaded)));
    }

    /// Takes over what another process has written; whether there was anything.
    pub fn refresh(&self) -> Result<bool, WrittenError> {
        if self.store.get().is_none() {
            let Some(path) = self.path.as_ref().filter(|path| path.exists()) else {
                return Ok(false);
            };
            let _ = self.store.set(WrittenStore::open(path, false)?);
        }
        let Some(store) = self.store.get() else {
            return Ok(false);
        };
        let kept = self.lock();
        let mut turn = Turn {
            library: self,
            store,
            kept,
        };
        turn.catch_up()
    }

    /// Whether clients may write.
    pub fn is_writable(&self) -> bool {
        self.writable && self.store.get().is_some()
    }

    /// Whether a resource was there and has been deleted.
    pub fn is_gone(&self, kind: ResourceKind, id: &str) -> bool {
        self.now.load().gone.contains(&(kind, id.to_owned()))
    }

    /// A version of a written resource.
    pub fn version(&self, kind: ResourceKind, id: &str, number: u64) -> Result<Option<Version>, WrittenError> {
        self.store.get().map_or(Ok(None), |store| store.version(kind, id, number))
    }

    /// Versions of written resources, the latest first, and how many there are in all.
    pub fn history(&self, asked: &History) -> Result<(Vec<Version>, usize), WrittenError> {
        let nothing = || Ok((Vec::new(), 0));
        self.store.get().map_or_else(nothing, |store| store.history(asked))
    }

    /// The snapshot is put in place whole, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writable_store(&self) -> Result<&WrittenStore, WrittenError> {
        let store = self.store.get().filter(|_| self.writable);
        store.ok_or(WrittenError::ReadOnly)
    }

    /// The turn at writing, once it is free.
    pub fn turn(&self) -> Result<Turn<'_>, WrittenError> {
        let store = self.writable_store()?;
        let kept = self.lock();
        let mut turn = Turn {
            library: self,
            store,
            kept,
        };
        turn.catch_up()?;
        Ok(turn)
    }

    /// Begins a closure table, or begins it anew.
    pub fn initialise_closure(&self, name: &str) -> Result<(), WrittenError> {
        closure::initialise(self.writable_store()?, name)
    }

    /// Adds concepts to a closure table; the relations that are new with them.
    pub fn grow_closure(&self, name: &str, concepts: &[Coding]) -> Result<ClosureDelta, GrowError> {
        closure::grow(self.writable_store()?, &self.terminology(), name, concepts)
    }

    /// The relations that a closure table got after a version.
    pub fn closure_since(&self, name: &str, version: &str) -> Result<ClosureDelta, WrittenError> {
        closure::since(self.writable_store()?, &self.terminology(), name, version)
    }
}

impl Kept {
    fn fill(&mut self, current: Vec<Version>) {
        self.entries.clear();
        self.gone.clear();
        current.into_iter().for_each(|version| self.take(version));
    }

    fn take(&mut self, version: Version) {
        let key = (version.kind, version.id);
        if version.changed == Changed::Deleted {
            self.entries.remove(&key);
            self.gone.insert(key);
        } else {
            self.gone.remove(&key);
            let entry = WrittenEntry::new(key.0, &key.1, version.written);
            self.entries.insert(key, entry);
        }
    }

    /// The next snapshot. Mappers are made from code systems and concept maps (`mapped`): they are kept where none of
    /// those has changed.
    fn snapshot_after(&self, before: &Terminology, mapped: bool) -> Now {
        let mut now = self.snapshot(before);
        if mapped {
            now.terminology = Arc::new(Terminology::clone(&now.terminology).with_new_mappers());
        }
        now
    }

    /// The next snapshot, with the mappers of `before`.
    fn snapshot(&self, before: &Terminology) -> Now {
        let written: Vec<WrittenEntry> = self.entries.values().cloned().collect();
        let hidden = self.entries.keys().chain(&self.gone).cloned().collect();
        let terminology = self.loaded.with_written(&written, &hidden).sharing_mappers(before);
        Now {
            terminology: Arc::new(terminology),
            gone: self.gone.clone(),
        }
    }
}

/// The turn at writing. Nobody else writes, in this process, as long as it is held.
pub struct Turn<'l> {
    library: &'l Library,
    store: &'l WrittenStore,
    kept: MutexGuard<'l, Kept>,
}

impl Turn<'_> {
    /// What another process has written meanwhile is taken over first.
    fn catch_up(&mut self) -> Result<bool, WrittenError> {
        let data_version = self.store.data_version()?;
        if data_version == self.kept.data_version {
            return Ok(false);
        }
        let current = self.store.current()?;
        self.kept.fill(current);
        self.kept.data_version = data_version;
        self.swap(true);
        Ok(true)
    }

    /// What is there, up to the last change.
    pub fn terminology(&self) -> Arc<Terminology> {
        self.library.terminology()
    }

    /// Writes a resource: visible to every request from now on.
    pub fn put(&mut self, change: &Change<'_>) -> Result<Version, WrittenError> {
        let versions = self.apply(&[Step::Put(change)], |_, error| error, |_, versions| Ok(versions.to_vec()))?;
        let version = versions.into_iter().flatten().next();
        version.ok_or_else(|| self.store.damaged("what was written cannot be found in it"))
    }

    /// Deletes a resource; `None` if there is nothing to delete. What was loaded under the same id stays hidden.
    pub fn delete(&mut self, kind: ResourceKind, id: &str, expected: &Expected) -> Result<Option<Version>, WrittenError> {
        let expected = expected.clone();
        let steps = [Step::Delete { kind, id, expected }];
        let versions: Vec<_> = self.apply(&steps, |_, error| error, |_, versions| Ok(versions.to_vec()))?;
        Ok(versions.into_iter().next().flatten())
    }

    /// Makes changes together: visible to every request from now on, all of them or none. `look` is shown what would be
    /// there and the versions that came to be, and may still refuse; `failed` is told which change could not be made.
    ///
    /// The file is held meanwhile, so that `look` must not read from it.
    pub fn apply<T, E: From<WrittenError>>(
        &mut self,
        steps: &[Step<'_>],
        failed: impl Fn(usize, WrittenError) -> E,
        look: impl FnOnce(&Arc<Terminology>, &[Option<Version>]) -> Result<T, E>,
    ) -> Result<T, E> {
        for (number, step) in steps.iter().enumerate() {
            self.check(step, steps).map_err(|error| failed(number, error))?;
        }
        let (library, kept) = (self.library, &*self.kept);
        let (result, next) = self.store.apply(steps, failed, |versions| {
            let mut next = kept.clone();
            let made: Vec<&Version> = versions.iter().flatten().collect();
            let mapped = made
                .iter()
                .any(|version| matches!(version.kind, ResourceKind::CodeSystem | ResourceKind::ConceptMap));
            let changed = !made.is_empty();
            made.into_iter().for_each(|version| next.take(version.clone()));
            let now = changed.then(|| next.snapshot_after(&library.terminology(), mapped));
            let shown = now
                .as_ref()
                .map_or_else(|| library.terminology(), |now| Arc::clone(&now.terminology));
            Ok((look(&shown, versions)?, now.map(|now| (next, now))))
        })?;
        if let Some((next, now)) = next {
            *self.kept = next;
            self.library.now.store(Arc::new(now));
        }
        Ok(result)
    }

    /// What the file cannot know: what was loaded.
    fn check(&self, step: &Step<'_>, together: &[Step<'_>]) -> Result<(), WrittenError> {
        match step {
            Step::Put(change) => {
                let url = change.url.unwrap_or("");
                let other = self.terminology().id_of_canonical(change.kind, url, change.version);
                let other = other.filter(|other| !url.is_empty() && other != change.id);
                // What changes with this one is the file's business.
                let changes = |other: &String| together.iter().any(|step| step.key() == (change.kind, other));
                match other.filter(|other| !changes(other)) {
                    Some(other) => Err(clash(change.kind, url, change.version, other)),
                    None => Ok(()),
                }
            }
            Step::Delete { kind, id, .. } => {
                let is_written = self.kept.entries.contains_key(&(*kind, (*id).to_owned()));
                if !is_written && self.terminology().read_resource(*kind, id).is_some() {
                    let (kind, id) = (kind.as_str(), (*id).to_owned());
                    return Err(WrittenError::Loaded { kind, id });
                }
                Ok(())
            }
        }
    }

    fn swap(&mut self, mapped: bool) {
        let now = self.kept.snapshot_after(&self.library.terminology(), mapped);
        self.library.now.store(Arc::new(now));
    }
}

#[cfg(test)]
impl Library {
    /// Lets the file grow to so many pages, as a full disk would.
    pub(super) fn limit_pages(&self, pages: i64) {
        let set =
            |connection: &rusqlite::Connection| connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
        self.store.get().unwrap().read(set).unwrap();
    }

    /// Gives up at once where another process writes.
    pub(super) fn wait_no_longer(&self) {
        let set = |connection: &rusqlite::Connection| connection.busy_timeout(std::time::Duration::ZERO);
        self.store.get().unwrap().read(set).unwrap();
    }
}

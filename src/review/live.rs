//! Decisions for who runs for long: read once for each target, and again when somebody has decided something.
//!
//! Whether anything has changed is one question to the database (`data_version`, which another connection's commit
//! moves) and one look at the file, in case another has taken its place. Reading has a connection of its own, so nobody waits for
//! a lock while the database is read, and reviewers are never held up.

use super::error::ReviewError;
use super::item::Scope;
use super::store::DecisionStore;
use crate::mapper::Decisions;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The decisions that hold at a site, as they are at any time.
pub struct LiveDecisions {
    path: PathBuf,
    scope: String,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Only asked whether anything has changed.
    watch: Option<(Identity, DecisionStore)>,
    /// Grows with each database that is opened, so that versions of different ones never look alike.
    opened: u64,
    by_target: BTreeMap<String, (Version, Arc<Decisions>)>,
}

/// Which database, and which state of it.
type Version = (u64, i64);
/// What tells a file from another one at its path.
type Identity = Option<(u64, u64)>;

#[cfg(unix)]
fn identity(path: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    // The number cannot come again while the watch holds the old file open.
    std::fs::metadata(path).ok().map(|data| (data.dev(), data.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Identity {
    // An open database cannot be replaced there.
    path.exists().then_some((0, 0))
}

impl std::fmt::Debug for LiveDecisions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LiveDecisions")
            .field("path", &self.path)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl LiveDecisions {
    /// The decisions of a site in a database, which need not be there yet.
    pub fn new(path: PathBuf, scope: String) -> Self {
        Self {
            path,
            scope,
            kept: Mutex::default(),
        }
    }

    /// What people have decided for a target, up to now.
    pub fn of_target(&self, target: &str) -> Result<Arc<Decisions>, ReviewError> {
        let version = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(version) = kept.version(&self.path)? else {
                // The same one each time: who keeps something for it sees that nothing has changed.
                kept.by_target.retain(|_, (version, _)| *version == NOTHING);
                let nothing = kept.by_target.entry(target.to_owned()).or_default();
                return Ok(Arc::clone(&nothing.1));
            };
            match kept.by_target.get(target) {
                Some((of, decisions)) if *of == version => return Ok(Arc::clone(decisions)),
                _ => version,
            }
        };
        // What is committed between the question and the reading is read now, and once more at the next request.
        let scope = Scope {
            name: self.scope.clone(),
            target: target.to_owned(),
        };
        let decisions = Arc::new(DecisionStore::open_existing(&self.path)?.earlier(&scope)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_target.insert(target.to_owned(), (version, Arc::clone(&decisions)));
        Ok(decisions)
    }
}

/// The version where there is no database.
const NOTHING: Version = (0, 0);

impl Kept {
    /// The state of the database; none where there is no database.
    fn version(&mut self, path: &Path) -> Result<Option<Version>, ReviewError> {
        let found = identity(path);
        if found.is_none() {
            self.watch = None;
            return Ok(None);
        }
        if self.watch.as_ref().is_none_or(|(watched, _)| *watched != found) {
            self.watch = Some((found, DecisionStore::open_existing(path)?));
            self.opened += 1;
        }
        let version = self.watch.as_ref().map(|(_, store)| store.data_version()).transpose()?;
        Ok(version.map(|version| (self.opened, version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::{Role, SourceItem};
    use crate::review::{Actor, Batch, Decision, Entry, Proposal, State};

    const TARGET: &str = "urn:t";

    fn decide(path: &Path, name: &str, state: State) {
        let mut store = DecisionStore::open(path).unwrap();
        let actor = Actor {
            who: "anna".into(),
            at: "2026-01-01T00:00:00Z".into(),
            blind: false,
        };
        let mut source = SourceItem::default();
        source.set(Role::Name, name);
        let scope = Scope {
            name: "north".into(),
            target: TARGET.into(),
        };
        let batch = Batch {
            scope: scope.clone(),
            release: None,
            knew_decisions: false,
            entries: vec![Entry {
                source: source.clone(),
                count: 1.0,
                proposal: Proposal {
                    state: State::Suggested,
                    status: "unmapped".into(),
                    reason: String::new(),
                    details: "{}".into(),
                    suggestions: Vec::new(),
                },
                repeats: false,
            }],
        };
        store.add(&batch, &actor).unwrap();
        let items = store.items(None, None).unwrap();
        let item = items.iter().find(|item| item.source == source).unwrap().id;
        let decision = Decision {
            item,
            state,
            code: None,
            version: None,
            relationship: None,
            comment: String::new(),
        };
        store.decide(&decision, &actor).unwrap();
    }

    #[test]
    fn a_decision_is_seen_when_it_is_made_and_nothing_is_read_twice() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("d.sqlite");
        let live = LiveDecisions::new(path.clone(), "north".into());
        let none = live.of_target(TARGET).unwrap();
        assert!(Arc::ptr_eq(&none, &live.of_target(TARGET).unwrap()));
        assert_eq!(*none, Decisions::default());
        decide(&path, "Dog", State::NoMatch);
        let one = live.of_target(TARGET).unwrap();
        assert_ne!(one, none);
        assert!(Arc::ptr_eq(&one, &live.of_target(TARGET).unwrap()), "nothing has changed");
        assert_eq!(*live.of_target("urn:other").unwrap(), Decisions::default());
        decide(&path, "Cat", State::NoMatch);
        let two = live.of_target(TARGET).unwrap();
        assert_ne!(one, two);
        let elsewhere = LiveDecisions::new(path, "south".into());
        assert_eq!(*elsewhere.of_target(TARGET).unwrap(), Decisions::default());
    }

    #[cfg(unix)]
    #[test]
    fn another_database_in_its_place_is_seen_and_a_broken_one_is_said() {
        let room = tempfile::tempdir().unwrap();
        let (path, other) = (room.path().join("d.sqlite"), room.path().join("other.sqlite"));
        decide(&path, "Dog", State::NoMatch);
        decide(&other, "Cat", State::NoMatch);
        let live = LiveDecisions::new(path.clone(), "north".into());
        let dog = live.of_target(TARGET).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_ne!(live.of_target(TARGET).unwrap(), dog);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(*live.of_target(TARGET).unwrap(), Decisions::default());
        std::fs::write(&path, "no database, but long enough to be taken for one by its size").unwrap();
        assert!(live.of_target(TARGET).is_err());
    }
}

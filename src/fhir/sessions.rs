//! Resources that a client sends once and speaks of in many requests: `$cache-control`, the header `X-Cache-Id` and
//! the older parameter `cache-id`.
//!
//! A session belongs to no client but by its id, which cannot be guessed. It ends when it is told to, when nobody has
//! asked for it for a while, or when there are too many: the one unused for longest goes first. What is read is kept
//! as indexes; nothing is written to disk.

use super::body::BROUGHT;
use super::outcome::{Refusal, RefusalKind};
use super::parameters::{ParameterError, Parameters};
use super::render::List;
use super::resource_in::{Brought, ResourceCache};
use crate::service::{Resource, Terminology};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What sessions may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Sessions at once.
    pub sessions: usize,
    /// Bytes of the resources in all of them.
    pub bytes: usize,
    /// A session that nobody asks for so long is over.
    pub idle: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            sessions: 1_000,
            bytes: 512 << 20,
            idle: Duration::from_secs(30 * 60),
        }
    }
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    limits: SessionLimits,
    kept: Mutex<BTreeMap<String, Session>>,
}

#[derive(Debug)]
struct Session {
    /// In the order in which they came, each type and canonical once.
    resources: Vec<Resource>,
    /// Where each of them is, and what it costs.
    places: BTreeMap<Key, (usize, usize)>,
    /// What all of them cost, in bytes.
    cost: usize,
    /// Whether later requests add nothing.
    sealed: bool,
    used: Instant,
}

/// Ids that clients make up for themselves live apart from those that are given out.
const OWN: &str = "own:";

impl Sessions {
    /// No sessions yet.
    pub fn new(limits: SessionLimits) -> Self {
        Self {
            limits,
            kept: Mutex::default(),
        }
    }

    /// Changes of the map are complete before the lock is let go, so its poison is no reason to stop.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Session>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        kept.retain(|_, session| now.duration_since(session.used) <= self.limits.idle);
        kept
    }

    /// Lets go of the sessions that have been unused for longest, but not of `spared`, until there is room.
    fn make_room(&self, kept: &mut BTreeMap<String, Session>, spared: &str) {
        let too_many = |kept: &BTreeMap<String, Session>| {
            let bytes: usize = kept.values().map(|session| session.cost).sum();
            kept.len() > self.limits.sessions || bytes > self.limits.bytes
        };
        while too_many(kept) {
            let others = kept.iter().filter(|(id, _)| *id != spared);
            let Some(oldest) = others.min_by_key(|(_, session)| session.used).map(|(id, _)| id.clone()) else {
                return;
            };
            kept.remove(&oldest);
        }
    }

    fn start(&self, resources: Vec<Brought>, sealed: bool) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        let mut kept = self.lock();
        kept.insert(id.clone(), Session::new(resources, sealed));
        self.make_room(&mut kept, &id);
        id
    }

    /// The resources of a session, to which those of a request are added unless it is sealed.
    fn resources(&self, id: &str, new: &[Brought]) -> Option<Vec<Resource>> {
        let mut kept = self.lock();
        let session = kept.get_mut(id)?;
        session.used = Instant::now();
        let before = session.resources.clone();
        if !session.sealed {
            session.add(new);
            self.make_room(&mut kept, id);
        }
        Some(before)
    }

    /// The terminology of a request: what is loaded, what its session holds, what it brings.
    pub fn overlay(
        &self,
        terminology: &Terminology,
        parameters: &Parameters,
        header: Option<&str>,
        cache: &ResourceCache,
    ) -> Result<Terminology, Refusal> {
        let brought = brought(parameters, cache)?;
        if let Some(id) = header {
            let kept = self.resources(id, &brought).ok_or_else(|| unknown(id))?;
            return Ok(terminology.with_overlay(kept).with_overlay(resources_of(brought)));
        }
        if let Some(id) = parameters.text(&["cache-id"])? {
            let id = format!("{OWN}{id}");
            self.lock()
                .entry(id.clone())
                .or_insert_with(|| Session::new(Vec::new(), false));
            let kept = self.resources(&id, &brought).unwrap_or_default();
            return Ok(terminology.with_overlay(kept).with_overlay(resources_of(brought)));
        }
        Ok(terminology.with_overlay(resources_of(brought)))
    }

    /// `/$cache-control`
    pub fn control(&self, parameters: &Parameters, header: Option<&str>, cache: &ResourceCache) -> Result<Value, Refusal> {
        let named = || {
            let text = "this mode of $cache-control needs the id of the cache in the header X-Cache-Id";
            header.ok_or_else(|| Refusal::from(ParameterError::Missing(text.into())))
        };
        let mut list = List::default();
        match parameters.text(&["mode"])?.as_deref() {
            Some("start") => {
                let sealed = parameters.boolean("sealed")?.unwrap_or(false);
                let id = self.start(brought(parameters, cache)?, sealed);
                list.value("cache-id", "Id", id).value("sealed", "Boolean", sealed);
            }
            Some("end") => {
                // To end what is over already is no mistake.
                self.lock().remove(named()?);
            }
            Some("check") => self.check(named()?, &mut list),
            other => {
                let given = other.map(|mode| format!(", but '{mode}' was given")).unwrap_or_default();
                return Err(ParameterError::Invalid {
                    name: "mode".into(),
                    message: format!("'mode' must be start, check or end{given}"),
                }
                .into());
            }
        }
        Ok(list.into_resource())
    }

    /// Sessions, and bytes of what they hold.
    pub fn used(&self) -> (usize, usize) {
        let kept = self.lock();
        (kept.len(), kept.values().map(|session| session.cost).sum())
    }

    fn check(&self, id: &str, list: &mut List) {
        let mut kept = self.lock();
        list.value("cache-id", "Id", id)
            .value("valid", "Boolean", kept.contains_key(id));
        match kept.get_mut(id) {
            Some(session) => {
                list.value("sealed", "Boolean", session.sealed)
                    .value("resource-count", "UnsignedInt", session.resources.len())
                    .value("idle", "UnsignedInt", session.used.elapsed().as_secs())
                    .value("timeout", "UnsignedInt", self.limits.idle.as_secs());
                session.used = Instant::now();
            }
            None => {
                list.resource("outcome", super::outcome::operation_outcome(&unknown(id).issues));
            }
        }
    }
}

impl Session {
    fn new(resources: Vec<Brought>, sealed: bool) -> Self {
        let mut session = Self {
            resources: Vec::new(),
            places: BTreeMap::new(),
            cost: 0,
            sealed,
            used: Instant::now(),
        };
        session.add(&resources);
        session
    }

    /// Adds what a request brings. It takes the place of what came before; of two in one request the first counts, as
    /// it does without a session.
    fn add(&mut self, resources: &[Brought]) {
        let mut seen = BTreeSet::new();
        for Brought { resource, cost } in resources {
            let Some(resource) = resource else { continue };
            let key = key(resource);
            if !seen.insert(key.clone()) {
                continue;
            }
            self.cost += cost;
            let known = self.places.get_mut(&key);
            match known.and_then(|(place, cost)| Some((self.resources.get_mut(*place)?, cost))) {
                Some((other, before)) => {
                    *other = resource.clone();
                    self.cost -= std::mem::replace(before, *cost);
                }
                None => {
                    self.places.insert(key, (self.resources.len(), *cost));
                    self.resources.push(resource.clone());
                }
            }
        }
    }
}

/// Type and canonical.
type Key = (&'static str, String);

fn key(resource: &Resource) -> Key {
    let named = |url: &str, version: Option<&str>, id: Option<&str>| match url {
        "" => id.unwrap_or("").to_owned(),
        url => format!("{url}|{}", version.unwrap_or("")),
    };
    match resource {
        Resource::CodeSystem(index) => {
            let header = index.header();
            (
                "CodeSystem",
                named(&header.url, header.version.as_deref(), header.id.as_deref()),
            )
        }
        Resource::ValueSet(value_set) => {
            let url = value_set.url.as_deref().unwrap_or("");
            ("ValueSet", named(url, value_set.version.as_deref(), value_set.id.as_deref()))
        }
        Resource::ConceptMap(map) => {
            let header = map.header();
            (
                "ConceptMap",
                named(&header.url, header.version.as_deref(), header.id.as_deref()),
            )
        }
        Resource::Structure(structure) => (
            "StructureDefinition",
            named(&structure.url, structure.version.as_deref(), structure.id.as_deref()),
        ),
        Resource::NamingSystem(naming_system) => ("NamingSystem", naming_system.preferred_uri().unwrap_or("").to_owned()),
    }
}

/// The resources that a request brings along.
fn brought(parameters: &Parameters, cache: &ResourceCache) -> Result<Vec<Brought>, Refusal> {
    let mut found = Vec::new();
    // A code system that is the parameter of a validation is loaded for it like any other.
    for parameter in parameters.all("codeSystem").chain(parameters.all(BROUGHT)) {
        if found.len() == cache.most_brought() {
            return Err(too_many(cache));
        }
        found.push(match parameter.as_brought() {
            Some(brought) => brought.clone(),
            None => cache.read(parameter.resource()?)?,
        });
    }
    Ok(found)
}

/// Too many resources come along.
pub(super) fn too_many(cache: &ResourceCache) -> Refusal {
    let text = format!(
        "more than {} resources come along with the request; send fewer, or in several requests with $cache-control",
        cache.most_brought()
    );
    Refusal::new(RefusalKind::TooCostly, text)
}

fn resources_of(brought: Vec<Brought>) -> Vec<Resource> {
    brought.into_iter().filter_map(|brought| brought.resource).collect()
}

fn unknown(id: &str) -> Refusal {
    let text = format!(
        "there is no cache '{id}' here: it was never started, has been ended, or was not used for too long; start one with $cache-control?mode=start and send its resources again"
    );
    Refusal::new(RefusalKind::NotFound, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A code system that costs ten bytes.
    fn code_system(url: &str) -> Brought {
        let json = json!({"resourceType": "CodeSystem", "url": url, "status": "active", "content": "complete",
            "concept": [{"code": "a"}]});
        Brought {
            resource: Resource::parse(&json.to_string()).ok(),
            cost: 10,
        }
    }

    fn limits(sessions: usize, bytes: usize, idle: Duration) -> SessionLimits {
        SessionLimits { sessions, bytes, idle }
    }

    #[test]
    fn a_session_grows_unless_it_is_sealed() {
        let sessions = Sessions::default();
        let open = sessions.start(vec![code_system("http://a")], false);
        let sealed = sessions.start(vec![code_system("http://a")], true);
        for (id, after) in [(&open, 2), (&sealed, 1)] {
            assert_eq!(sessions.resources(id, &[code_system("http://b")]).unwrap().len(), 1);
            assert_eq!(sessions.resources(id, &[code_system("http://b")]).unwrap().len(), after);
        }
    }

    #[test]
    fn the_session_unused_for_longest_goes_first() {
        let sessions = Sessions::new(limits(2, 100, Duration::from_secs(60)));
        let first = sessions.start(Vec::new(), false);
        let second = sessions.start(Vec::new(), false);
        sessions.resources(&first, &[]).unwrap();
        sessions.start(Vec::new(), false);
        assert!(sessions.resources(&first, &[]).is_some() && sessions.resources(&second, &[]).is_none());
        let few = Sessions::new(limits(9, 29, Duration::from_secs(60)));
        let first = few.start(vec![code_system("http://a"), code_system("http://b")], false);
        // What takes the place of something costs nothing more.
        few.resources(&first, &[code_system("http://a")]).unwrap();
        assert!(few.resources(&first, &[]).is_some());
        few.start(vec![code_system("http://a")], false);
        assert!(few.resources(&first, &[]).is_none());
    }

    #[test]
    fn a_session_that_nobody_asks_for_ends() {
        let sessions = Sessions::new(limits(2, 100, Duration::ZERO));
        let id = sessions.start(Vec::new(), false);
        std::thread::sleep(Duration::from_millis(2));
        assert!(sessions.resources(&id, &[]).is_none());
    }
}

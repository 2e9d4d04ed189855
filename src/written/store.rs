//! Versions of resources, one after another: each change is one transaction, and what is committed stays.
//!
//! The numbers of a resource's versions go up by one, also over its deletion. Instants never go back, so that the order of
//! numbers is the order of time.

use super::error::WrittenError;
use super::schema;
use crate::database::{self, DatabaseError};
use crate::service::ResourceKind;
use crate::service::written::Written;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It came to be, or came back.
    Created,
    /// It has other content.
    Updated,
    /// It was deleted.
    Deleted,
}

impl Changed {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "create",
            Self::Updated => "update",
            Self::Deleted => "delete",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Deleted]
            .into_iter()
            .find(|changed| changed.as_str() == text)
    }
}

/// The HTTP method that made a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The server chose the id.
    Post,
    /// The client named it.
    Put,
    /// It is no more.
    Delete,
}

impl Method {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Post, Self::Put, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == text)
    }
}

/// A version of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its type.
    pub kind: ResourceKind,
    /// Its id.
    pub id: String,
    /// What became of it.
    pub changed: Changed,
    /// What made this version.
    pub method: Method,
    /// The content; its JSON is empty where the resource was deleted.
    pub written: Written,
}

/// What a change takes for granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Anything,
    /// That no such resource is there.
    Absent,
    /// That one of these is the current version.
    Versions(Vec<String>),
}

/// A resource to be written.
pub struct Change<'c> {
    /// Its type.
    pub kind: ResourceKind,
    /// Its id.
    pub id: &'c str,
    /// How it comes.
    pub method: Method,
    /// What must be so before.
    pub expected: Expected,
    /// The FHIR version of its shapes.
    pub fhir_version: &'c str,
    /// Canonical URL.
    pub url: Option<&'c str>,
    /// Business version.
    pub version: Option<&'c str>,
    /// Its text, with `meta.versionId` and `meta.lastUpdated`.
    pub text: &'c dyn Fn(u64, &str) -> String,
}

/// One of several changes that are made together.
pub enum Step<'c> {
    /// Writes a resource.
    Put(&'c Change<'c>),
    /// Deletes one.
    Delete {
        /// Its type.
        kind: ResourceKind,
        /// Its id.
        id: &'c str,
        /// What must be so before.
        expected: Expected,
    },
}

impl Step<'_> {
    /// The type and id of what it changes.
    pub fn key(&self) -> (ResourceKind, &str) {
        match self {
            Self::Put(change) => (change.kind, change.id),
            Self::Delete { kind, id, .. } => (*kind, id),
        }
    }
}

/// Which versions are wanted; all if nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Of this type.
    pub kind: Option<ResourceKind>,
    /// Of this resource.
    pub id: Option<String>,
    /// Made at this instant or later.
    pub since: Option<String>,
    /// So many are passed over.
    pub offset: usize,
    /// So many at most.
    pub limit: usize,
}

/// An open file of written resources.
#[derive(Debug)]
pub struct WrittenStore {
    connection: Mutex<Connection>,
    path: String,
}

impl WrittenStore {
    /// Opens the file; where there is none, it is begun if `create` says so.
    pub fn open(path: &Path, create: bool) -> Result<Self, WrittenError> {
        Ok(Self {
            connection: Mutex::new(schema::open(path, create)?),
            path: path.display().to_string(),
        })
    }

    /// A transaction that is not finished is rolled back when it is dropped, also by a panic, so a poisoned lock is as good
    /// as any.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: impl Into<DatabaseError>) -> WrittenError {
        WrittenError::of(&self.path, error.into())
    }

    /// What stands in the file is not what tern writes there.
    pub(super) fn damaged(&self, reason: impl Into<String>) -> WrittenError {
        WrittenError::Damaged {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    /// Reads.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, WrittenError> {
        work(&self.lock()).map_err(|error| self.fail(error))
    }

    /// Runs a change; nothing of it remains unless all of it worked.
    pub(super) fn change<T, E: From<WrittenError>>(&self, work: impl FnOnce(&Changes<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = self.lock();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.fail(error))?;
        let changes = Changes {
            transaction,
            store: self,
        };
        let result = work(&changes)?;
        changes.transaction.commit().map_err(|error| self.fail(error))?;
        Ok(result)
    }

    /// A number that changes when another process has committed something.
    pub(super) fn data_version(&self) -> Result<i64, WrittenError> {
        self.read(|connection| database::pragma(connection, "data_version"))
    }

    /// The current version of every resource, deletions among them.
    pub fn current(&self) -> Result<Vec<Version>, WrittenError> {
        self.versions(
            "SELECT version.* FROM version JOIN
                 (SELECT kind AS k, id AS i, max(number) AS n FROM version GROUP BY kind, id) ON kind = k AND id = i AND number = n
             ORDER BY kind, id",
            &[],
        )
    }

    /// A version of a resource.
    pub fn version(&self, kind: ResourceKind, id: &str, number: u64) -> Result<Option<Version>, WrittenError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let mut found = self.versions(
            "SELECT * FROM version WHERE kind = ?1 AND id = ?2 AND number = ?3",
            &[&kind.as_str(), &id, &number],
        )?;
        Ok(found.pop())
    }

    /// Versions, the latest first, and how many there are in all.
    pub fn history(&self, asked: &History) -> Result<(Vec<Version>, usize), WrittenError> {
        const CONDITION: &str = "(?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR at >= ?3)";
        let kind = asked.kind.map(ResourceKind::as_str);
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let total: i64 = self.read(|connection| {
            let count = format!("SELECT count(*) FROM version WHERE {CONDITION}");
            connection.query_row(&count, params![kind, asked.id, asked.since], |row| row.get(0))
        })?;
        let page = self.versions(
            &format!("SELECT * FROM version WHERE {CONDITION} ORDER BY at DESC, number DESC, kind, id LIMIT ?4 OFFSET ?5"),
            &[&kind, &asked.id, &asked.since, &number(asked.limit), &number(asked.offset)],
        )?;
        Ok((page, usize::try_from(total).unwrap_or(0)))
    }

    fn versions(&self, statement: &str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<Version>, WrittenError> {
        let rows: Vec<Option<Version>> = self.read(|connection| {
            let mut statement = connection.prepare(statement)?;
            statement.query_map(parameters, version)?.collect()
        })?;
        let whole: Option<Vec<Version>> = rows.into_iter().collect();
        whole.ok_or_else(|| self.damaged("a version has a type, change or method that tern does not know"))
    }

    /// Makes changes, and looks at what comes of them before they are kept: the versions, `None` where there was nothing to
    /// delete. Where one fails, or the look refuses, nothing is changed.
    pub fn apply<T, E: From<WrittenError>>(
        &self,
        steps: &[Step<'_>],
        failed: impl Fn(usize, WrittenError) -> E,
        look: impl FnOnce(&[Option<Version>]) -> Result<T, E>,
    ) -> Result<T, E> {
        self.change(|changes| {
            if steps.len() > 1 {
                // One may take the canonical that another gives up, in whichever order they come.
                for step in steps {
                    let (kind, id) = step.key();
                    changes.release(kind, id)?;
                }
            }
            let mut versions = Vec::with_capacity(steps.len());
            for (number, step) in steps.iter().enumerate() {
                let version = match step {
                    Step::Put(change) => changes.put(change).map(Some),
                    Step::Delete { kind, id, expected } => changes.delete(*kind, id, expected),
                };
                versions.push(version.map_err(|error| failed(number, error))?);
            }
            look(&versions)
        })
    }
}

fn version(row: &Row<'_>) -> Result<Option<Version>, rusqlite::Error> {
    let text = |name: &str| row.get::<_, String>(name);
    let read = (
        ResourceKind::parse(&text("kind")?),
        Changed::parse(&text("change")?),
        Method::parse(&text("method")?),
    );
    let (Some(kind), Some(changed), Some(method)) = read else {
        return Ok(None);
    };
    let number: i64 = row.get("number")?;
    Ok(Some(Version {
        kind,
        id: row.get("id")?,
        changed,
        method,
        written: Written {
            version_id: u64::try_from(number).unwrap_or(0),
            last_updated: row.get("at")?,
            fhir_version: row.get("fhir_version")?,
            json: row.get::<_, Option<String>>("json")?.unwrap_or_default(),
        },
    }))
}

fn check(kind: ResourceKind, id: &str, expected: &Expected, current: Option<&Version>) -> Result<(), WrittenError> {
    let number = current.map(|current| current.written.version_id.to_string());
    let found = match (expected, number) {
        (Expected::Anything, _) | (Expected::Absent, None) => return Ok(()),
        (Expected::Absent, Some(number)) => format!("is there already, at version {number}"),
        (Expected::Versions(versions), Some(number)) => {
            if versions.iter().any(|version| *version == number || version == "*") {
                return Ok(());
            }
            format!("is at version {number}, not {}", versions.join(" or "))
        }
        (Expected::Versions(versions), None) => format!("has no version {} here: it is not there", versions.join(" or ")),
    };
    Err(WrittenError::OtherVersion {
        kind: kind.as_str(),
        id: id.to_owned(),
        found,
    })
}

/// A change that is going on.
pub(super) struct Changes<'s> {
    transaction: Transaction<'s>,
    store: &'s WrittenStore,
}

impl Changes<'_> {
    pub fn execute(&self, statement: &str, parameters: impl rusqlite::Params) -> Result<usize, WrittenError> {
        let run = || self.transaction.prepare(statement)?.execute(parameters);
        run().map_err(|error| self.store.fail(error))
    }

    pub fn rows<T>(
        &self,
        statement: &str,
        parameters: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, WrittenError> {
        let run = || -> Result<Vec<T>, rusqlite::Error> {
            let mut statement = self.transaction.prepare(statement)?;
            statement.query_map(parameters, read)?.collect()
        };
        run().map_err(|error| self.store.fail(error))
    }

    fn last(&self, kind: ResourceKind, id: &str) -> Result<Option<Version>, WrittenError> {
        let statement = "SELECT * FROM version WHERE kind = ?1 AND id = ?2 ORDER BY number DESC LIMIT 1";
        let row = self.transaction.query_row(statement, params![kind.as_str(), id], version);
        let found = row.optional().map_err(|error| self.store.fail(error))?;
        match found {
            Some(None) => Err(self
                .store
                .damaged("a version has a type, change or method that tern does not know")),
            found => Ok(found.flatten()),
        }
    }

    fn next(&self, last: Option<&Version>, fhir_version: &str, text: &dyn Fn(u64, &str) -> String) -> Written {
        let version_id = last.map_or(0, |last| last.written.version_id).saturating_add(1);
        let before: Option<Timestamp> = last.and_then(|last| last.written.last_updated.parse().ok());
        // A clock that was set back does not turn the order around.
        let least = before.and_then(|before| before.checked_add(SignedDuration::from_millis(1)).ok());
        let now = Timestamp::now();
        let at = least.map_or(now, |least| now.max(least));
        let last_updated = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        Written {
            json: text(version_id, &last_updated),
            version_id,
            last_updated,
            fhir_version: fhir_version.to_owned(),
        }
    }

    /// Writes a resource, and says what came of it.
    fn put(&self, change: &Change<'_>) -> Result<Version, WrittenError> {
        let last = self.last(change.kind, change.id)?;
        let current = last.as_ref().filter(|last| last.changed != Changed::Deleted);
        check(change.kind, change.id, &change.expected, current)?;
        let version = Version {
            kind: change.kind,
            id: change.id.to_owned(),
            changed: if current.is_some() {
                Changed::Updated
            } else {
                Changed::Created
            },
            method: change.method,
            written: self.next(last.as_ref(), change.fhir_version, change.text),
        };
        self.add(&version)?;
        self.point(&version, change)?;
        Ok(version)
    }

    /// Deletes a resource; `None` if there is nothing to delete.
    fn delete(&self, kind: ResourceKind, id: &str, expected: &Expected) -> Result<Option<Version>, WrittenError> {
        let last = self.last(kind, id)?;
        let current = last.as_ref().filter(|last| last.changed != Changed::Deleted);
        check(kind, id, expected, current)?;
        let Some(current) = current else { return Ok(None) };
        let version = Version {
            kind,
            id: id.to_owned(),
            changed: Changed::Deleted,
            method: Method::Delete,
            written: self.next(Some(current), &current.written.fhir_version, &|_, _| String::new()),
        };
        self.add(&version)?;
        self.release(kind, id)?;
        Ok(Some(version))
    }

    /// Nothing is current under an id any more, so that its canonical is free.
    fn release(&self, kind: ResourceKind, id: &str) -> Result<(), WrittenError> {
        self.execute("DELETE FROM resource WHERE kind = ?1 AND id = ?2", params![kind.as_str(), id])?;
        Ok(())
    }

    fn add(&self, version: &Version) -> Result<(), WrittenError> {
        let written = &version.written;
        let json = Some(&written.json).filter(|_| version.changed != Changed::Deleted);
        self.execute(
            "INSERT INTO version (kind, id, number, at, change, method, fhir_version, json)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                version.kind.as_str(),
                version.id,
                i64::try_from(written.version_id).unwrap_or(i64::MAX),
                written.last_updated,
                version.changed.as_str(),
                version.method.as_str(),
                written.fhir_version,
                json
            ],
        )?;
        Ok(())
    }

    /// Makes a version the current one, unless another resource has its canonical.
    fn point(&self, version: &Version, change: &Change<'_>) -> Result<(), WrittenError> {
        let kind = change.kind.as_str();
        let business = change.version.unwrap_or("");
        let others = self.rows(
            "SELECT id FROM resource WHERE kind = ?1 AND url = ?2 AND version = ?3 AND id <> ?4",
            params![kind, change.url, business, change.id],
            |row| row.get::<_, String>(0),
        )?;
        if let (Some(other), Some(url)) = (others.into_iter().next(), change.url) {
            return Err(clash(change.kind, url, change.version, other));
        }
        self.execute(
            "INSERT INTO resource (kind, id, number, url, version) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (kind, id) DO UPDATE SET number = excluded.number, url = excluded.url, version = excluded.version",
            params![
                kind,
                change.id,
                i64::try_from(version.written.version_id).unwrap_or(i64::MAX),
                change.url,
                business
            ],
        )?;
        Ok(())
    }
}

/// Another resource has the canonical.
pub(super) fn clash(kind: ResourceKind, url: &str, version: Option<&str>, other: String) -> WrittenError {
    WrittenError::Clash {
        canonical: tern_index::model::Canonical::new(url, version.map(str::to_owned)).to_string(),
        kind: kind.as_str(),
        id: other,
    }
}

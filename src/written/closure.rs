//! Closure tables, kept: what is in each, and at which version each relation came.
//!
//! Versions are numbers that go up by one with every batch of concepts; 0 is the empty table. A table that was begun on
//! code systems that have changed since is refused until it is begun anew.

use super::error::WrittenError;
use super::store::{Changes, WrittenStore};
use crate::service::closure::{ClosureError, ClosureRelation, ClosureSystem, ClosureTable, Related};
use crate::service::{Failure, Terminology};
use rusqlite::params;
use tern_index::model::Coding;

/// What a table got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureDelta {
    /// The version that the table has now.
    pub version: u64,
    /// Code systems with their versions, empty where they have none, by URL.
    pub systems: Vec<(String, String)>,
    /// Relations, in order.
    pub relations: Vec<Related>,
}

/// Why a table did not grow.
#[derive(Debug, thiserror::Error)]
pub enum GrowError {
    /// It cannot be kept, or is not there, or must be begun anew.
    #[error(transparent)]
    Written(#[from] WrittenError),
    /// A concept cannot be placed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The code of a relation in the file.
fn relation_code(relation: ClosureRelation) -> &'static str {
    match relation {
        ClosureRelation::Narrower => "narrower",
        ClosureRelation::Equivalent => "equivalent",
    }
}

/// Begins a table, or begins it anew.
pub(super) fn initialise(store: &WrittenStore, name: &str) -> Result<(), WrittenError> {
    store.change(|changes| {
        changes.execute("DELETE FROM closure WHERE name = ?1", params![name])?;
        changes.execute("INSERT INTO closure (name, last) VALUES (?1, 0)", params![name])?;
        Ok(())
    })
}

/// Adds concepts to a table; nothing is added unless all of them can be placed.
pub(super) fn grow(
    store: &WrittenStore,
    terminology: &Terminology,
    name: &str,
    concepts: &[Coding],
) -> Result<ClosureDelta, GrowError> {
    // A concept that cannot be placed ends the transaction, too; what it was comes out beside it.
    let mut failed = None;
    let grown = store.change(|changes| {
        let version = last(changes, name)?.saturating_add(1);
        let mut table = read(changes, name)?;
        let before = table.clone();
        let relations = match table.grow(terminology, concepts) {
            Ok(relations) => relations,
            Err(ClosureError::Stale { system }) => return Err(stale(name, system)),
            Err(ClosureError::Failure(failure)) => {
                failed = Some(failure);
                return Ok(None);
            }
        };
        changes.execute("UPDATE closure SET last = ?2 WHERE name = ?1", params![name, number(version)])?;
        add(changes, name, version, &before, &table, &relations)?;
        Ok(Some(ClosureDelta {
            version,
            systems: versions(&table),
            relations,
        }))
    })?;
    match (grown, failed) {
        (Some(grown), _) => Ok(grown),
        (None, Some(failure)) => Err(failure.into()),
        (None, None) => Err(store.damaged("a closure table is gone while it grew").into()),
    }
}

/// The relations that a table got after a version.
pub(super) fn since(
    store: &WrittenStore,
    terminology: &Terminology,
    name: &str,
    version: &str,
) -> Result<ClosureDelta, WrittenError> {
    store.change(|changes| {
        let last = last(changes, name)?;
        let unknown = || WrittenError::NoClosureVersion {
            name: name.to_owned(),
            version: version.to_owned(),
            last,
        };
        let after: u64 = version.parse().ok().filter(|after| *after <= last).ok_or_else(unknown)?;
        let table = read(changes, name)?;
        if let Err(ClosureError::Stale { system }) = table.check(terminology) {
            return Err(stale(name, system));
        }
        let rows = changes.rows(
            "SELECT system, source, target, relation FROM closure_relation WHERE closure = ?1 AND added > ?2
             ORDER BY system, source, target, relation",
            params![name, number(after)],
            |row| {
                Ok(Related {
                    system: row.get(0)?,
                    source: row.get(1)?,
                    target: row.get(2)?,
                    relation: match row.get::<_, String>(3)?.as_str() {
                        "equivalent" => ClosureRelation::Equivalent,
                        _ => ClosureRelation::Narrower,
                    },
                })
            },
        )?;
        Ok(ClosureDelta {
            version: last,
            systems: versions(&table),
            relations: rows,
        })
    })
}

fn stale(name: &str, system: String) -> WrittenError {
    let name = name.to_owned();
    WrittenError::StaleClosure { name, system }
}

/// Versions are counted from 0, so they always fit.
fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn versions(table: &ClosureTable) -> Vec<(String, String)> {
    let systems = table.systems.iter();
    systems.map(|(url, system)| (url.clone(), system.version.clone())).collect()
}

fn last(changes: &Changes<'_>, name: &str) -> Result<u64, WrittenError> {
    let found = changes.rows("SELECT last FROM closure WHERE name = ?1", params![name], |row| {
        row.get::<_, i64>(0)
    })?;
    let last = found
        .into_iter()
        .next()
        .ok_or_else(|| WrittenError::NoClosure { name: name.to_owned() })?;
    Ok(u64::try_from(last).unwrap_or(0))
}

fn read(changes: &Changes<'_>, name: &str) -> Result<ClosureTable, WrittenError> {
    let systems = changes.rows(
        "SELECT system, version, edition, pinned FROM closure_system WHERE closure = ?1",
        params![name],
        |row| {
            let system = ClosureSystem {
                version: row.get(1)?,
                edition: row.get(2)?,
                pinned: row.get(3)?,
            };
            Ok((row.get(0)?, system))
        },
    )?;
    let concepts = changes.rows(
        "SELECT system, code FROM closure_concept WHERE closure = ?1",
        params![name],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(ClosureTable {
        systems: systems.into_iter().collect(),
        concepts: concepts.into_iter().collect(),
    })
}

fn add(
    changes: &Changes<'_>,
    name: &str,
    version: u64,
    before: &ClosureTable,
    table: &ClosureTable,
    relations: &[Related],
) -> Result<(), WrittenError> {
    for (url, system) in table.systems.iter().filter(|(url, _)| !before.systems.contains_key(*url)) {
        changes.execute(
            "INSERT INTO closure_system (closure, system, version, edition, pinned) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![name, url, system.version, system.edition, system.pinned],
        )?;
    }
    for (system, code) in table.concepts.difference(&before.concepts) {
        changes.execute(
            "INSERT INTO closure_concept (closure, system, code) VALUES (?1, ?2, ?3)",
            params![name, system, code],
        )?;
    }
    for one in relations {
        changes.execute(
            "INSERT INTO closure_relation (closure, added, system, source, target, relation) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                name,
                number(version),
                one.system,
                one.source,
                one.target,
                relation_code(one.relation)
            ],
        )?;
    }
    Ok(())
}

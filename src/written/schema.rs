//! The layout of the file: versions of resources, which never change; what is current; closure tables.
//!
//! That no two resources share a canonical, and that versions are only added, is enforced by the tables, even against other
//! programs.

use super::error::WrittenError;
use crate::database::{self, Layout};
use rusqlite::Connection;
use std::path::Path;

const LAYOUT: Layout = Layout {
    // `terw` in ASCII.
    application: 0x7465_7277,
    migrations: MIGRATIONS,
};

const MIGRATIONS: &[&str] = &["
CREATE TABLE version (
    kind TEXT NOT NULL CHECK (kind IN ('CodeSystem', 'ValueSet', 'ConceptMap', 'NamingSystem')),
    id TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    at TEXT NOT NULL,
    change TEXT NOT NULL CHECK (change IN ('create', 'update', 'delete')),
    method TEXT NOT NULL CHECK (method IN ('POST', 'PUT', 'DELETE')),
    fhir_version TEXT NOT NULL,
    json TEXT,
    PRIMARY KEY (kind, id, number),
    CHECK ((json IS NULL) = (change = 'delete'))
) STRICT;
CREATE INDEX version_by_time ON version (at);
CREATE TABLE resource (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    url TEXT,
    version TEXT NOT NULL,
    PRIMARY KEY (kind, id),
    FOREIGN KEY (kind, id, number) REFERENCES version (kind, id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX resource_by_canonical ON resource (kind, url, version) WHERE url IS NOT NULL;
CREATE TRIGGER versions_are_not_changed BEFORE UPDATE ON version
    BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
CREATE TRIGGER versions_are_not_deleted BEFORE DELETE ON version
    BEGIN SELECT RAISE(ABORT, 'versions are never deleted'); END;
CREATE TABLE closure (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE closure_system (
    closure TEXT NOT NULL REFERENCES closure (name) ON DELETE CASCADE,
    system TEXT NOT NULL,
    version TEXT NOT NULL,
    edition TEXT NOT NULL,
    pinned INTEGER NOT NULL,
    PRIMARY KEY (closure, system)
) STRICT, WITHOUT ROWID;
CREATE TABLE closure_concept (
    closure TEXT NOT NULL REFERENCES closure (name) ON DELETE CASCADE,
    system TEXT NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (closure, system, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE closure_relation (
    closure TEXT NOT NULL REFERENCES closure (name) ON DELETE CASCADE,
    added INTEGER NOT NULL,
    system TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    relation TEXT NOT NULL CHECK (relation IN ('narrower', 'equivalent')),
    PRIMARY KEY (closure, added, system, source, target)
) STRICT, WITHOUT ROWID;
"];

/// Opens the file, makes it where there is none and `create` says so, and brings it up to date.
pub(super) fn open(path: &Path, create: bool) -> Result<Connection, WrittenError> {
    database::open(path, create, LAYOUT).map_err(|error| WrittenError::of(&path.display().to_string(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_cannot_be_changed_or_deleted_and_canonicals_are_unique() {
        let room = tempfile::tempdir().unwrap();
        let connection = open(&room.path().join("r.sqlite"), true).unwrap();
        let fill = "INSERT INTO version VALUES ('ValueSet', 'a', 1, '2026', 'create', 'PUT', '4.0', '{}'), ('ValueSet', 'b', 1, '2026', 'create', 'PUT', '4.0', '{}');
             INSERT INTO resource VALUES ('ValueSet', 'a', 1, 'http://a', '')";
        connection.execute_batch(fill).unwrap();
        for (statement, why) in [
            ("UPDATE version SET json = '[]'", "never"),
            ("DELETE FROM version", "never"),
            ("INSERT INTO resource VALUES ('ValueSet', 'b', 1, 'http://a', '')", "UNIQUE"),
            ("INSERT INTO resource VALUES ('ValueSet', 'c', 7, NULL, '')", "FOREIGN KEY"),
            (
                "INSERT INTO version VALUES ('ValueSet', 'a', 2, '2026', 'delete', 'DELETE', '4.0', '{}')",
                "CHECK",
            ),
        ] {
            let error = connection.execute_batch(statement).unwrap_err().to_string();
            assert!(error.contains(why), "{statement}: {error}");
        }
    }

    #[test]
    fn a_file_of_another_kind_or_a_later_layout_is_refused_and_left_alone() {
        let room = tempfile::tempdir().unwrap();
        let text = room.path().join("text.sqlite");
        std::fs::write(&text, "not a database, but long enough to look at ".repeat(50)).unwrap();
        assert!(matches!(open(&text, true), Err(WrittenError::Foreign { .. })));
        let decisions = room.path().join("decisions.sqlite");
        drop(crate::review::DecisionStore::open(&decisions).unwrap());
        assert!(matches!(open(&decisions, true), Err(WrittenError::Foreign { .. })));
        let later = room.path().join("later.sqlite");
        open(&later, true).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = open(&later, true).unwrap_err();
        assert!(matches!(error, WrittenError::TooNew { found: 99, .. }), "{error}");
    }

    #[test]
    fn a_damaged_file_is_named() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("r.sqlite");
        drop(open(&path, true).unwrap());
        let mut bytes = std::fs::read(&path).unwrap();
        // All but the first page, which says what the file is.
        bytes[4096..].fill(0xa5);
        std::fs::write(&path, bytes).unwrap();
        let error = super::super::WrittenStore::open(&path, false)
            .and_then(|store| store.current().map(|_| ()))
            .unwrap_err();
        assert!(matches!(error, WrittenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("r.sqlite"));
    }
}

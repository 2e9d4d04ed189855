//! The layout of the database of decisions. How a file of it is opened is told in `database`.
//!
//! Events cannot be changed or deleted, which triggers enforce even against other programs.

use super::error::ReviewError;
use crate::database::{self, DatabaseError, Layout};
use rusqlite::Connection;
use std::path::Path;

/// Databases of decisions: `tern` in ASCII.
const LAYOUT: Layout = Layout {
    application: 0x7465_726e,
    migrations: MIGRATIONS,
};

/// What brings each layout to the next; the first one begins with nothing.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    code TEXT NOT NULL, name TEXT NOT NULL, system TEXT NOT NULL, specimen TEXT NOT NULL, unit TEXT NOT NULL,
    section TEXT NOT NULL, strength TEXT NOT NULL, form TEXT NOT NULL, route TEXT NOT NULL,
    count REAL NOT NULL,
    UNIQUE (scope, target, code, name, system, specimen, unit, section, strength, form, route)
) STRICT;
CREATE TABLE proposal (
    item INTEGER PRIMARY KEY REFERENCES item (id),
    release TEXT,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE TABLE suggestion (
    item INTEGER NOT NULL REFERENCES item (id),
    rank INTEGER NOT NULL,
    code TEXT NOT NULL,
    display TEXT NOT NULL,
    probability REAL NOT NULL,
    relationship TEXT NOT NULL,
    match_type TEXT NOT NULL,
    explanation TEXT NOT NULL,
    PRIMARY KEY (item, rank)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item INTEGER NOT NULL REFERENCES item (id),
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tool', 'single', 'blind', 'adjudication', 'undo')),
    state TEXT NOT NULL
        CHECK (state IN ('suggested', 'auto', 'accepted', 'rejected', 'no-match', 'needs-second-review')),
    code TEXT,
    version TEXT,
    relationship TEXT,
    comment TEXT NOT NULL,
    supersedes INTEGER REFERENCES event (id),
    CHECK (state <> 'accepted' OR code IS NOT NULL),
    CHECK (kind <> 'undo' OR supersedes IS NOT NULL)
) STRICT;
CREATE INDEX event_by_item ON event (item, id);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER items_are_not_deleted BEFORE DELETE ON item
    BEGIN SELECT RAISE(ABORT, 'items are never deleted'); END;
",
    "
CREATE TABLE wider_item (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    code TEXT NOT NULL, name TEXT NOT NULL, system TEXT NOT NULL, specimen TEXT NOT NULL, unit TEXT NOT NULL,
    section TEXT NOT NULL, strength TEXT NOT NULL, form TEXT NOT NULL, route TEXT NOT NULL,
    ingredient TEXT NOT NULL, brand TEXT NOT NULL,
    count REAL NOT NULL,
    UNIQUE (scope, target, code, name, system, specimen, unit, section, strength, form, route, ingredient, brand)
) STRICT;
INSERT INTO wider_item
    SELECT id, scope, target, code, name, system, specimen, unit, section, strength, form, route, '', '', count FROM item;
DROP TABLE item;
ALTER TABLE wider_item RENAME TO item;
CREATE TRIGGER items_are_not_deleted BEFORE DELETE ON item
    BEGIN SELECT RAISE(ABORT, 'items are never deleted'); END;
",
];

/// Opens a database of decisions, makes it where there is none and `create` says so, and brings it up to date.
pub(super) fn open(path: &Path, create: bool) -> Result<Connection, ReviewError> {
    database::open(path, create, LAYOUT).map_err(|error| explained(&path.display().to_string(), error))
}

/// A failure of the database in our words.
pub(super) fn failed(path: &str, error: rusqlite::Error) -> ReviewError {
    explained(path, error.into())
}

fn explained(path: &str, error: DatabaseError) -> ReviewError {
    let path = path.to_owned();
    match error {
        DatabaseError::Missing => ReviewError::Missing { path },
        DatabaseError::Foreign => ReviewError::Foreign { path },
        DatabaseError::TooNew { found, known } => ReviewError::TooNew { path, found, known },
        DatabaseError::Busy => ReviewError::Busy { path },
        DatabaseError::Io(error) => ReviewError::io(&path, error),
        DatabaseError::Damaged(error) | DatabaseError::Constraint(error) | DatabaseError::Other(error) => {
            ReviewError::Database { path, error }
        }
        DatabaseError::Full => ReviewError::Full { path },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::pragma;

    #[test]
    fn a_database_is_made_once_and_opened_again() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("new/decisions.sqlite");
        assert!(matches!(open(&path, false), Err(ReviewError::Missing { .. })));
        drop(open(&path, true).unwrap());
        let again = open(&path, false).unwrap();
        assert_eq!(pragma(&again, "user_version").unwrap(), MIGRATIONS.len() as i64);
        assert_eq!(pragma(&again, "foreign_keys").unwrap(), 1);
    }

    #[test]
    fn an_older_layout_is_brought_up_with_what_it_holds() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("d.sqlite");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "PRAGMA application_id = 1952805486; PRAGMA user_version = 1;
             INSERT INTO item VALUES (7, 's', 't', 'c', 'n', '', 'blood', '', '', '', '', '', 3);
             INSERT INTO event (item, at, who, kind, state, comment) VALUES (7, '', 'a', 'single', 'no-match', '')",
        )
        .unwrap();
        drop(old);
        let new = open(&path, false).unwrap();
        let row = new.query_row(
            "SELECT item.id || specimen || brand || state FROM item JOIN event ON event.item = item.id",
            [],
            |row| row.get::<_, String>(0),
        );
        assert_eq!(row.unwrap(), "7bloodno-match");
        assert!(
            new.prepare("PRAGMA foreign_key_check")
                .unwrap()
                .query([])
                .unwrap()
                .next()
                .unwrap()
                .is_none(),
            "events still belong to their items"
        );
        assert!(
            new.execute_batch("DELETE FROM item")
                .unwrap_err()
                .to_string()
                .contains("never")
        );
        assert!(
            new.execute_batch(
                "INSERT INTO event (item, at, who, kind, state, comment) VALUES (8, '', 'a', 'single', 'no-match', '')"
            )
            .is_err()
        );
    }

    #[test]
    fn a_newer_layout_is_refused_and_left_alone() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("d.sqlite");
        let connection = open(&path, true).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let error = open(&path, true).unwrap_err();
        assert!(matches!(error, ReviewError::TooNew { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("layout 99"));
    }

    #[test]
    fn other_files_are_refused_and_left_alone() {
        let room = tempfile::tempdir().unwrap();
        let text = room.path().join("text");
        std::fs::write(&text, "name,code\n".repeat(200)).unwrap();
        assert!(matches!(open(&text, true), Err(ReviewError::Foreign { .. })));
        assert_eq!(std::fs::read(&text).unwrap().len(), 2000);
        let other = room.path().join("other.sqlite");
        Connection::open(&other)
            .unwrap()
            .execute_batch("CREATE TABLE mine (x)")
            .unwrap();
        assert!(matches!(open(&other, true), Err(ReviewError::Foreign { .. })));
    }

    #[test]
    fn events_cannot_be_changed_or_deleted() {
        let room = tempfile::tempdir().unwrap();
        let connection = open(&room.path().join("d.sqlite"), true).unwrap();
        connection
            .execute_batch(
                "INSERT INTO item VALUES (1, 's', 't', '', 'n', '', '', '', '', '', '', '', '', '', 1);
                 INSERT INTO event (item, at, who, kind, state, comment) VALUES (1, '', 'a', 'single', 'no-match', '')",
            )
            .unwrap();
        for statement in ["UPDATE event SET who = 'b'", "DELETE FROM event", "DELETE FROM item"] {
            let error = connection.execute_batch(statement).unwrap_err().to_string();
            assert!(error.contains("never"), "{statement}: {error}");
        }
        assert!(
            connection
                .execute_batch(
                    "INSERT INTO event (item, at, who, kind, state, comment) VALUES (7, '', 'a', 'single', 'no-match', '')"
                )
                .is_err()
        );
    }
}

//! How a SQLite file of this program is opened: write-ahead log, foreign keys, a wait for other writers, layouts in order.
//!
//! Layouts are numbered by SQLite's `user_version`; an older one is brought up in one transaction, a newer one is
//! refused. A file that is not ours is left as it is. What the tables mean is the business of who owns them.

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// How long to wait for another process.
const WAIT: Duration = Duration::from_secs(10);

/// What tells one kind of our files from another, and what brings each of its layouts to the next; the first one begins
/// with nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// SQLite's `application_id`.
    pub application: i64,
    /// Statements.
    pub migrations: &'static [&'static str],
}

/// Why a database cannot be used. Who owns it says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// It is another program's, or no database.
    #[error("it is no database of this kind")]
    Foreign,
    /// A later program wrote it.
    #[error("it has layout {found}, this tern knows layouts up to {known}")]
    TooNew {
        /// Its layout.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Somebody else is writing for longer than we wait.
    #[error("another process is writing to it")]
    Busy,
    /// The disk has no room for more.
    #[error("the disk is full")]
    Full,
    /// Its bytes are damaged.
    #[error("it is damaged: {0}")]
    Damaged(rusqlite::Error),
    /// A rule of the tables does not let this in.
    #[error("it does not fit what is there: {0}")]
    Constraint(rusqlite::Error),
    /// The folder cannot be made.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Anything else that SQLite says.
    #[error(transparent)]
    Other(rusqlite::Error),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DiskFull) => Self::Full,
            // Opening what a killed server left needs a small file beside it, and SQLite calls a full disk a fault then.
            _ if is_no_room_for_index(&error) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error),
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(error),
            _ => Self::Other(error),
        }
    }
}

/// Whether the index of the write-ahead log cannot be made as long as it must be.
fn is_no_room_for_index(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

/// Opens a database, makes it where there is none and `create` says so, and brings it up to date.
pub(crate) fn open(path: &Path, create: bool, layout: Layout) -> Result<Connection, DatabaseError> {
    if !create && !path.exists() {
        return Err(DatabaseError::Missing);
    }
    if let Some(folder) = path.parent().filter(|folder| create && !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(WAIT)?;
    // Before anything is written: a file that is not ours stays as it is.
    check(&connection, layout)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A migration that makes a table anew drops the old one, to which others refer.
    connection.pragma_update(None, "foreign_keys", false)?;
    migrate(&mut connection, layout)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// A number that the database keeps about itself.
pub(crate) fn pragma(connection: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// The layout of a file that is ours or empty.
fn check(connection: &Connection, layout: Layout) -> Result<i64, DatabaseError> {
    let found = pragma(connection, "user_version")?;
    let application = pragma(connection, "application_id")?;
    let things: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != layout.application && things > 0 {
        return Err(DatabaseError::Foreign);
    }
    let known = layout.migrations.len() as i64;
    if found > known {
        return Err(DatabaseError::TooNew { found, known });
    }
    Ok(found)
}

fn migrate(connection: &mut Connection, layout: Layout) -> Result<(), DatabaseError> {
    let newest = layout.migrations.len() as i64;
    if check(connection, layout)? == newest {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it while we waited.
    let done = usize::try_from(check(&transaction, layout)?).unwrap_or(0);
    for migration in layout.migrations.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", layout.application)?;
    transaction.pragma_update(None, "user_version", newest)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_called_so_in_whatever_words_sqlite_has_for_it() {
        let told = |code| DatabaseError::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        for code in [rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_IOERR_SHMSIZE] {
            assert!(matches!(told(code), DatabaseError::Full), "{code}");
        }
        assert!(matches!(told(rusqlite::ffi::SQLITE_IOERR_READ), DatabaseError::Other(_)));
        assert!(matches!(told(rusqlite::ffi::SQLITE_BUSY), DatabaseError::Busy));
    }
}

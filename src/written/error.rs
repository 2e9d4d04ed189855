//! Why something cannot be written or read back, each with what to do.

use crate::database::DatabaseError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum WrittenError {
    /// The server only reads.
    #[error("this server only reads; start it with `tern serve --writable` to let clients write")]
    ReadOnly,
    /// Another resource has the canonical.
    #[error("{canonical} is there already, as {kind}/{id}; update that one, or give this one another url or version")]
    Clash {
        /// URL and version.
        canonical: String,
        /// Type of the other.
        kind: &'static str,
        /// Id of the other.
        id: String,
    },
    /// The version that was to be changed is not the current one.
    #[error("{kind}/{id} {found}; read it again, and repeat the change on what is there now")]
    OtherVersion {
        /// Its type.
        kind: &'static str,
        /// Its id.
        id: String,
        /// How it is instead of as expected.
        found: String,
    },
    /// It comes from a release.
    #[error("{kind}/{id} was loaded from a release and cannot be deleted here; `tern remove` takes a release away")]
    Loaded {
        /// Its type.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// No closure table has the name.
    #[error("invalid closure name \"{name}\": it has not been initialised; call $closure with this name and nothing else first")]
    NoClosure {
        /// The name.
        name: String,
    },
    /// A version that was never given out.
    #[error("the closure \"{name}\" has no version \"{version}\": the last one is {last}; 0 asks for all of it")]
    NoClosureVersion {
        /// The name.
        name: String,
        /// What was asked for.
        version: String,
        /// The last one.
        last: u64,
    },
    /// What the table was made from has changed.
    #[error("closure \"{name}\" must be reinitialized: the code system {system} has changed since the table was begun")]
    StaleClosure {
        /// The name.
        name: String,
        /// Its URL.
        system: String,
    },
    /// No room.
    #[error("{path}: the disk is full, so nothing was written; make room and try again")]
    Full {
        /// The file.
        path: String,
    },
    /// Somebody else writes for longer than we wait.
    #[error("{path}: another process is writing; try again")]
    Busy {
        /// The file.
        path: String,
    },
    /// The bytes are not what SQLite wrote, or not what tern wrote.
    #[error("{path} is damaged ({reason}); stop the server and restore the file from a copy")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// Another program's file.
    #[error("{path} is no database of written resources; move it away, it is where `tern serve` keeps them")]
    Foreign {
        /// The file.
        path: String,
    },
    /// Written by a later program.
    #[error("{path} has layout {found}, this tern knows layouts up to {known}; use the tern that wrote it, or a newer one")]
    TooNew {
        /// The file.
        path: String,
        /// Its layout.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Anything else that the system or SQLite says.
    #[error("{path}: {reason}; see that the folder is there and may be written to")]
    Unusable {
        /// The file.
        path: String,
        /// What was said.
        reason: String,
    },
}

impl WrittenError {
    /// A failure of the database, with what to do.
    pub(super) fn of(path: &str, error: DatabaseError) -> Self {
        let path = path.to_owned();
        match error {
            DatabaseError::Full => Self::Full { path },
            DatabaseError::Busy => Self::Busy { path },
            DatabaseError::Foreign => Self::Foreign { path },
            DatabaseError::TooNew { found, known } => Self::TooNew { path, found, known },
            DatabaseError::Damaged(error) => Self::Damaged {
                path,
                reason: error.to_string(),
            },
            error @ (DatabaseError::Missing | DatabaseError::Constraint(_) | DatabaseError::Io(_) | DatabaseError::Other(_)) => {
                Self::Unusable {
                    path,
                    reason: error.to_string(),
                }
            }
        }
    }
}

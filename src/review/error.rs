//! Why the decisions cannot be read or a decision cannot be recorded, each with what to do.

use super::import::LineFault;
use super::state::State;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The database said no.
    #[error("{path}: {error}")]
    Database {
        /// The file.
        path: String,
        /// Its reason.
        #[source]
        error: rusqlite::Error,
    },
    /// Another process holds the database for longer than we wait.
    #[error("{path}: another process is writing to the decisions; try again when it is done")]
    Busy {
        /// The file.
        path: String,
    },
    /// The disk has no room for more.
    #[error("{path}: the disk is full, so nothing was recorded; make room and try again")]
    Full {
        /// The file.
        path: String,
    },
    /// Written by a later program.
    #[error(
        "{path}: the decisions have layout {found}, this tern knows layouts up to {known}; use the tern that wrote them, or a newer one"
    )]
    TooNew {
        /// The file.
        path: String,
        /// Its layout.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Not a database of decisions.
    #[error("{path} is no database of decisions; name another file with --decisions-db")]
    Foreign {
        /// The file.
        path: String,
    },
    /// There is none, and reading makes none.
    #[error(
        "there are no decisions at {path}; `tern map --queue` or `tern review add` begins them, --decisions-db names another file"
    )]
    Missing {
        /// The file.
        path: String,
    },
    /// Something in the database that this program did not write.
    #[error("{path}: {what} is not what tern writes there; restore the file from a copy")]
    Damaged {
        /// The file.
        path: String,
        /// Table, row and value.
        what: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        error: std::io::Error,
    },
    /// A table that cannot be read or written.
    #[error("{path}: {message}")]
    Table {
        /// The file.
        path: String,
        /// Why, and what to do.
        message: String,
    },
    /// No such item.
    #[error("there is no item {item}; `tern review list` shows the numbers")]
    NoItem {
        /// As asked for.
        item: i64,
    },
    /// A decision without what it needs.
    #[error("a decision {} needs a target code", state.as_str())]
    NoCode {
        /// The state.
        state: State,
    },
    /// A state that only the mapper gives.
    #[error("{} is what the mapper says; people say accepted, rejected, no-match or needs-second-review", state.as_str())]
    NotForPeople {
        /// The state.
        state: State,
    },
    /// The second of two blind reviewers has yet to decide.
    #[error("item {item} waits for its second blind reviewer; decide it with --double")]
    AwaitsSecond {
        /// The item.
        item: i64,
    },
    /// There is no blind reviewing of what is decided.
    #[error("item {item} is {}; undo that before two reviewers look at it blindly", state.as_str())]
    AlreadyDecided {
        /// The item.
        item: i64,
        /// How.
        state: State,
    },
    /// Two blind reviewers have decided differently; a third one settles it.
    #[error("item {item} was decided by two reviewers who disagree; settle it without --double")]
    AwaitsAdjudicator {
        /// The item.
        item: i64,
    },
    /// Nothing to take back.
    #[error("item {item} has no decision to undo")]
    NothingToUndo {
        /// The item.
        item: i64,
    },
    /// A blind decision belongs to who made it.
    #[error("the last decision on item {item} is another reviewer's, and hidden until both have decided; only they can undo it")]
    NotYours {
        /// The item.
        item: i64,
    },
    /// A reviewed table with faults; nothing of it was taken.
    #[error("{path}: {} of its lines cannot be taken, and so nothing was imported", faults.len())]
    Lines {
        /// The file.
        path: String,
        /// Line by line.
        faults: Vec<LineFault>,
    },
    /// The mapper's own reading of a table.
    #[error(transparent)]
    Map(#[from] crate::mapper::MapError),
}

impl ReviewError {
    pub(super) fn io(path: impl Into<String>, error: std::io::Error) -> Self {
        Self::Io {
            path: path.into(),
            error,
        }
    }
}

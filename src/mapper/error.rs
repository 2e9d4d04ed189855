//! What stops a mapping run. Faults of single rows never do: they are outcomes in the output.

use super::item::Role;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The operating system said no.
    #[error("{path}: {error}")]
    Io {
        /// The file, or `stdin`/`stdout`.
        path: String,
        /// Its reason.
        #[source]
        error: std::io::Error,
    },
    /// The input has no header line.
    #[error("{path}: the file is empty; its first line must name the columns")]
    NoHeader {
        /// The input.
        path: String,
    },
    /// No column can be the name or the code.
    #[error(
        "{path}: no column is the name or the code of what to map; say which with --name COLUMN or --code COLUMN. The columns are: {found}"
    )]
    NothingToMap {
        /// The input.
        path: String,
        /// The columns there are.
        found: String,
    },
    /// A column that was bound is not there.
    #[error("{path}: there is no column {column:?} (bound to {}); the columns are: {found}", role.as_str())]
    NoSuchColumn {
        /// The input.
        path: String,
        /// The column.
        column: String,
        /// What it was to be.
        role: Role,
        /// The columns there are.
        found: String,
    },
    /// The target is not loaded.
    #[error("the target {target} is not loaded; load it with `tern load PATH`, or name a loaded one with --target")]
    NoTarget {
        /// As asked for.
        target: String,
    },
    /// The configuration cannot be read.
    #[error("{path}: {message}")]
    Configuration {
        /// The file.
        path: String,
        /// Line and reason.
        message: String,
    },
    /// A role that does not exist.
    #[error(
        "{role:?} is no role of a column; use one of {known}", known = Role::ALL.map(Role::as_str).join(", ")
    )]
    UnknownRole {
        /// As given.
        role: String,
    },
    /// An output format that does not exist.
    #[error(
        "{format:?} is no format of a mapped table; name the output file accordingly or use one of {}",
        super::write::Format::NAMES
    )]
    UnknownFormat {
        /// As given.
        format: String,
    },
    /// An input format that does not exist.
    #[error("{format:?} is no format of a table to map; use one of {}", super::read::InputFormat::NAMES)]
    UnknownInputFormat {
        /// As given.
        format: String,
    },
    /// An input that cannot be read as its format, or an output that its format cannot hold.
    #[error("{path}: {message}")]
    Malformed {
        /// The file, or `stdin`/`stdout`.
        path: String,
        /// Where and why, and what to do.
        message: String,
    },
    /// An option outside its range.
    #[error("{option} is {value}; it must be between {low} and {high}")]
    OutOfRange {
        /// The option.
        option: &'static str,
        /// As given.
        value: String,
        /// Smallest.
        low: f32,
        /// Largest.
        high: f32,
    },
    /// Input and output are the same file.
    #[error("{path} is both the input and the output; name another output")]
    SameFile {
        /// The file.
        path: String,
    },
    /// A decisions file without the columns that a decision needs.
    #[error(
        "{path}: the column {column} is missing; a decisions file has the columns that `tern map` writes. The columns are: {found}"
    )]
    NotDecisions {
        /// The file.
        path: String,
        /// What is missing.
        column: &'static str,
        /// The columns there are.
        found: String,
    },
}

impl MapError {
    pub(super) fn io(path: impl Into<String>, error: std::io::Error) -> Self {
        Self::Io {
            path: path.into(),
            error,
        }
    }

    pub(super) fn csv(path: &str, error: csv::Error) -> Self {
        let message = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::io(path, error),
            _ => Self::io(path, std::io::Error::other(message)),
        }
    }
}

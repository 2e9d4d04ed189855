//! What can go wrong on the command line: one plain sentence, a hint, and an exit code for each.
//!
//! Every text names the thing at fault; the hint names the next step. Operations word their own failures; here
//! they only get a hint and an exit code.

use crate::service::{Failure, FailureKind};
use std::path::PathBuf;
use std::process::ExitCode;
use tern_index::build::ReleaseError;
use tern_index::store::StoreError;
use tern_loaders::LoadError;

/// How the program ends. The numbers are documented in `docs/cli.md` and part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Success,
    /// Done, and the answer is "no": nothing found, not valid, not subsumed, damage found.
    Negative,
    /// The command line could not be understood.
    Usage,
    /// What was named is not loaded, or not in what is loaded.
    NotFound,
    /// The input cannot be read, recognised or believed.
    Data,
    /// The store cannot be read or written.
    Store,
}

impl Exit {
    /// Success, or a negative answer.
    pub fn answer(yes: bool) -> Self {
        if yes { Self::Success } else { Self::Negative }
    }

    fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Negative => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Data => 4,
            Self::Store => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Wrong arguments, or `--help`: the parser has the text.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    /// An argument with a meaning that the parser does not know.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Something that is not loaded or not there.
    #[error("{message}")]
    NotFound {
        /// What was looked for.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Nothing in the input is a release.
    #[error("nothing was recognised in {shown} ({files} files looked at)")]
    NothingRecognised {
        /// What the user named.
        shown: String,
        /// Files looked at.
        files: usize,
    },
    /// A release could not be loaded.
    #[error("{title}: {error}; nothing was loaded")]
    Unloadable {
        /// The release.
        title: String,
        /// Why.
        error: Box<dyn std::error::Error + Send + Sync>,
        /// What to do.
        hint: &'static str,
    },
    /// More faults than the user accepts.
    #[error(
        "{title}: {skipped} of {rows} records were skipped ({percent:.2} %), more than the {limit} % that are accepted; nothing was loaded"
    )]
    TooManySkipped {
        /// The release.
        title: String,
        /// Records skipped.
        skipped: u64,
        /// Records read.
        rows: u64,
        /// Their share.
        percent: f64,
        /// The share accepted.
        limit: f64,
    },
    /// Sources that cannot be read.
    #[error("{0}")]
    Source(#[from] LoadError),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// An operation that has no answer.
    #[error("{failure}")]
    Operation {
        /// Why.
        failure: Failure,
        /// What to do.
        hint: String,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// Data that is not what it should be.
    #[error("{message}")]
    Data {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Standard output is gone.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl From<tern_loaders::source::SourceError> for CliError {
    fn from(error: tern_loaders::source::SourceError) -> Self {
        Self::Source(error.into())
    }
}

impl CliError {
    /// A failure of an operation; with a hint of the caller's, or an empty one.
    pub fn operation(failure: Failure, hint: impl Into<String>) -> Self {
        Self::Operation {
            failure,
            hint: hint.into(),
        }
    }

    /// Why a release was not finished, in the words of whoever knows.
    pub fn unloadable(title: &str, error: tern_index::store::LoadFailure<LoadError>) -> Self {
        use tern_index::store::LoadFailure;
        let (error, hint): (Box<dyn std::error::Error + Send + Sync>, _) = match error {
            LoadFailure::Store(error) => return Self::Store(error),
            LoadFailure::Release(error @ ReleaseError::Fault(_)) => {
                (error.into(), "leave out --strict to skip what is at fault and load the rest")
            }
            LoadFailure::Release(error) => (error.into(), ""),
            // These name the release and the remedy themselves.
            LoadFailure::Loader(error @ (LoadError::Dependency { .. } | LoadError::MissingFile { .. })) => {
                let text = error.to_string();
                let said = text.strip_prefix(title).and_then(|rest| rest.strip_prefix(": "));
                (said.unwrap_or(&text).into(), "")
            }
            LoadFailure::Loader(error) => (error.into(), "compare the release with the publisher's, or download it again"),
        };
        Self::Unloadable {
            title: title.to_owned(),
            error,
            hint,
        }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Arguments(_) | Self::Usage { .. } => Exit::Usage,
            Self::NotFound { .. } => Exit::NotFound,
            Self::NothingRecognised { .. } | Self::Unloadable { .. } | Self::TooManySkipped { .. } => Exit::Data,
            Self::Source(_) | Self::File { .. } | Self::Data { .. } => Exit::Data,
            Self::Store(_) | Self::Output(_) => Exit::Store,
            Self::Operation { failure, .. } => match failure.kind {
                FailureKind::NotFound => Exit::NotFound,
                FailureKind::Internal => Exit::Store,
                FailureKind::Invalid | FailureKind::NotSupported | FailureKind::TooCostly => Exit::Usage,
            },
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Usage { hint, .. } | Self::NotFound { hint, .. } | Self::Operation { hint, .. } | Self::Data { hint, .. } => {
                hint.clone()
            }
            Self::NothingRecognised { .. } => format!(
                "name a release as its publisher gives it out (a zip, a folder, or files): {}; see docs/loading.md",
                FORMATS.join("; ")
            ),
            Self::Unloadable { hint, .. } => (*hint).to_owned(),
            Self::TooManySkipped { percent, .. } => format!(
                "look at the examples above; to load the rest anyway, run it again with --max-skipped {}",
                (percent + 0.5).ceil()
            ),
            Self::Source(LoadError::Source(tern_loaders::source::SourceError::Io { .. })) => {
                "check the spelling of the path, and that you may read it".into()
            }
            Self::Store(StoreError::Container(_)) => {
                "run `tern verify` to see what is damaged; remove it with `tern remove` or load the release again".into()
            }
            Self::Arguments(_) | Self::Source(_) | Self::Store(_) | Self::File { .. } | Self::Output(_) => String::new(),
        }
    }

    /// Tells the user on standard error and returns the exit code. A reader that closed the pipe is no error.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::Arguments(error) => {
                // It goes to stdout for --help and to stderr otherwise; where neither can be written nobody reads it.
                let _ = error.print();
                return if error.use_stderr() {
                    Exit::Usage.into()
                } else {
                    Exit::Success.into()
                };
            }
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Exit::Success.into(),
            _ => {}
        }
        eprintln!("tern: {self}");
        let hint = self.hint();
        if !hint.is_empty() {
            eprintln!("  hint: {hint}");
        }
        self.exit().into()
    }
}

/// What releases look like, for people who named something else.
const FORMATS: &[&str] = &[
    "SNOMED CT RF2 (sct2_Concept_*.txt)",
    "LOINC (Loinc.csv)",
    "RxNorm (RXNCONSO.RRF)",
    "ICD files of CMS and NCHS (icd10cm-tabular-*.xml, icd10cm-codes-*.txt, CMS32_DESC_LONG_DX.txt, *_I9gem.txt)",
    "FHIR resources or packages (.json, .tgz)",
    "a local map (.csv, .tsv with a header, or SSSOM)",
];

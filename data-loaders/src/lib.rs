//! Vocabulary releases on disk, turned into records.
//!
//! `source` reads directories, zips and tarballs as one list of members. Each release format is a folder with
//! a [`Loader`]: it recognises its releases by looking at names and headers, and turns rows into
//! [`tern_index::record::Record`]s. `registry` is the ordered list of all loaders.
//!
//! What this crate does not do: it builds no index, evaluates nothing, and knows no HTTP.

pub mod collect;
pub mod decode;
pub mod fhir;
mod gate;
#[cfg(test)]
mod gather;
pub mod icd;
pub mod local_map;
pub mod loinc;
pub mod ndc;
pub mod rxnorm;
pub mod snomed;
pub mod source;
pub mod table;
pub mod xml;

use source::{Member, SourceError};
use tern_index::record::{RecordSink, Stopped};

/// What a user may override when a release does not say it itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Only this loader (by [`Loader::name`]) may recognise the input.
    pub format: Option<String>,
    /// Version to give to a code system whose release states none.
    pub version: Option<String>,
    /// Canonical URL of the concept map made from a local map that states none.
    pub map_url: Option<String>,
    /// Edition (SNOMED module id) to use in the version URI instead of the one read from the release.
    pub edition: Option<String>,
    /// The day (YYYYMMDD) as of which to read a release that holds its history (SNOMED CT `Full` files).
    pub as_of: Option<u32>,
}

/// One release that a loader has recognised among the members of its sources.
#[derive(Debug, Clone)]
pub struct Release {
    /// [`Loader::name`] of the loader that recognised it.
    pub loader: &'static str,
    /// What people call it, e.g. `SNOMED CT International 20250901`, `LOINC 2.81`.
    pub title: String,
    /// The members it is made of, in the order in which the loader wants them.
    pub members: Vec<Member>,
    /// Loader-specific part: which of several sub-releases this is. Opaque to others.
    pub part: String,
}

impl Release {
    /// Bytes to be read, after decompression as far as the archives state it: the length of a progress bar.
    pub fn bytes(&self) -> u64 {
        self.members.iter().map(Member::size).sum()
    }
}

/// A release format.
pub trait Loader: Sync {
    /// Short name, used in `--format` and reports: `snomed`, `loinc`, `rxnorm`, `icd`, `fhir`, `map`.
    fn name(&self) -> &'static str;

    /// Finds the releases of this format among `members` by their names and first lines. It only looks: it
    /// reads at most headers, loads nothing, and is quiet about what it does not know. Members that it takes
    /// are not offered to loaders further down the registry.
    fn recognise(&self, members: &[Member], options: &LoadOptions) -> Result<Vec<Release>, LoadError>;

    /// Reads the release into `sink`. Faults of single rows go to [`RecordSink::problem`]; only what makes
    /// the whole release unreadable is an error.
    fn load(&self, release: &Release, options: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError>;
}

/// Why a release could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or archive could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sink stopped the load; it knows why.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A column that the loader cannot do without.
    #[error(
        "{file}: the required column {column} is missing; the header has: {found}. Check that the file is the publisher's, unchanged"
    )]
    MissingColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The columns that are there.
        found: String,
    },
    /// A file that the release must have.
    #[error("{release}: the file {file} is missing; load the publisher's archive, or the whole folder it unpacks to")]
    MissingFile {
        /// The release.
        release: String,
        /// What is missing.
        file: String,
    },
    /// A release that rests on another one, which is not there or is another version; or one that had not begun on the
    /// day asked for.
    #[error("{release}: {message}")]
    Dependency {
        /// The release.
        release: String,
        /// What is missing or differs, and what to do.
        message: String,
    },
    /// A file whose content is not what its name says.
    #[error("{file}{}: {message}", line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Malformed {
        /// The file.
        file: String,
        /// The line, from 1, where one is to blame.
        line: Option<u64>,
        /// What is wrong and what to do.
        message: String,
    },
}

pub use registry::{loaders, recognise};

/// The ordered registry of loaders.
mod registry {
    use super::*;

    /// All loaders. Order matters: specific layouts come before general ones.
    pub fn loaders() -> &'static [&'static dyn Loader] {
        // One a line.
        &[
            &crate::snomed::SnomedLoader, //
            &crate::loinc::LoincLoader,   //
            &crate::rxnorm::RxNorm,       //
            &crate::icd::Icd,             //
            &crate::ndc::Ndc,             //
            &crate::fhir::Fhir,           //
            &crate::local_map::LocalMap,  //
        ]
    }

    /// Offers the members to every loader in turn (or to the one that `options.format` names) and returns the
    /// releases found, in registry order, with the members that nobody took.
    pub fn recognise(members: Vec<Member>, options: &LoadOptions) -> Result<(Vec<Release>, Vec<Member>), LoadError> {
        let mut left = members;
        let mut releases = Vec::new();
        for loader in loaders() {
            if options.format.as_deref().is_some_and(|format| format != loader.name()) {
                continue;
            }
            let found = loader.recognise(&left, options)?;
            left.retain(|member| {
                !found
                    .iter()
                    .any(|release| release.members.iter().any(|taken| taken.same(member)))
            });
            releases.extend(found);
        }
        Ok((releases, left))
    }
}

//! From records to the files of an index: one writer per file of the format.
//!
//! `code_system` and `concept_map` collect the records of one artefact and finish into [`Files`]; `resources`
//! packs FHIR resources. [`Files`] are plain bytes: the store writes them to disk, and a request that brings
//! its own code system reads them back from memory. The same records give the same bytes.
//!
//! What it does not do: it opens no release and writes no directory (that is `store`).

mod axioms;
mod blocks;
mod code_system;
mod codes;
mod concept_map;
mod concepts;
mod designations;
mod hierarchy;
mod interner;
mod members;
mod refsets;
mod relations;
mod release;
mod resources;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod text;

pub use axioms::{AxiomsBuilder, RoleFacts};
pub use code_system::{CodeSystemBuilder, CodeSystemCounts};
pub use concept_map::ConceptMapBuilder;
pub(crate) use relations::kind_number;
pub use release::{ArtefactInfo, Counts, Fault, FaultPolicy, Finished, Keep, ReleaseBuilder, ReleaseError, ReleaseReport};
pub use resources::ResourcesBuilder;
pub(crate) use text::FIELD;

use crate::container::ContainerWriter;
use crate::record::{At, Problem, Stopped};
use interner::Interner;

/// The files of one artefact: name, bytes, checksum; in a fixed order.
#[derive(Debug, Default)]
pub struct Files(pub Vec<File>);

/// One file in memory.
#[derive(Debug)]
pub struct File {
    /// Name inside the artefact's directory.
    pub name: &'static str,
    /// Content, checksum included.
    pub bytes: Vec<u8>,
    /// blake3 of the content.
    pub checksum: [u8; 32],
}

impl Files {
    fn add(&mut self, name: &'static str, writer: ContainerWriter) {
        let (bytes, checksum) = writer.finish();
        self.0.push(File { name, bytes, checksum });
    }

    /// Puts them in the order in which the format lists them, whatever the order in which they were written.
    fn in_order_of(mut self, names: &[&str]) -> Self {
        let place = |file: &File| names.iter().position(|name| *name == file.name);
        self.0.sort_by_key(place);
        self
    }
}

/// Where a builder reports faults between records.
pub type Report<'r> = &'r mut dyn FnMut(At, Problem) -> Result<(), Stopped>;

/// Why a build cannot be finished.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Told to stop after a fault.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// More of something than the format can number.
    #[error("{what}: {count} are more than the index format can hold ({limit}); split the release, or report this as a bug")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// The limit.
        limit: u64,
    },
    /// A library refused; never caused by the data.
    #[error("building the {what} failed: {message}")]
    Internal {
        /// Which file.
        what: &'static str,
        /// What it said.
        message: String,
    },
}

impl BuildError {
    fn internal(what: &'static str, error: impl ToString) -> Self {
        Self::Internal {
            what,
            message: error.to_string(),
        }
    }
}

/// Checks that a count can be numbered by `u32`.
fn count_u32(what: &'static str, count: usize) -> Result<u32, BuildError> {
    u32::try_from(count).map_err(|_| BuildError::TooMany {
        what,
        count: count as u64,
        limit: u64::from(u32::MAX),
    })
}

/// Checks that a count leaves room in `u16` for "none".
fn count_u16(what: &'static str, count: usize) -> Result<(), BuildError> {
    if count >= usize::from(u16::MAX) {
        return Err(BuildError::TooMany {
            what,
            count: count as u64,
            limit: u64::from(u16::MAX) - 1,
        });
    }
    Ok(())
}

/// Distinct effective times, ascending, so that comparing numbers compares times.
struct Times(Vec<u32>);

impl Times {
    fn new(what: &'static str, times: impl Iterator<Item = u32>) -> Result<Self, BuildError> {
        let distinct: std::collections::BTreeSet<u32> = times.filter(|time| *time > 0).collect();
        count_u16(what, distinct.len())?;
        Ok(Self(distinct.into_iter().collect()))
    }

    /// The number of a time that was among those given.
    fn number(&self, time: u32) -> u16 {
        self.0.partition_point(|known| *known < time) as u16
    }
}

/// Turns (row, target) pairs, sorted by row, into CSR offsets.
fn csr_offsets(rows: usize, sorted_rows: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut first = vec![0u32; rows + 1];
    for row in sorted_rows {
        if let Some(count) = first.get_mut(row as usize + 1) {
            *count += 1;
        }
    }
    for row in 0..rows {
        first[row + 1] += first[row];
    }
    first
}

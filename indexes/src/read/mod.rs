//! Readers of an index: one per file of the format, over mapped or owned bytes.
//!
//! Opening checks headers and shapes and builds nothing proportional to the vocabulary; every answer is read
//! from the columns on demand. [`CodeSystemIndex`] is the one implementation for releases on disk and for code
//! systems that come with a request; [`ConceptMapIndex`] and [`ResourcesIndex`] likewise.
//!
//! What it does not do: it evaluates no value set and chooses no language; that is the service.

mod axioms;
mod bits;
mod blocks;
mod code_system;
mod codes;
mod concept_map;
mod concepts;
mod designations;
mod hierarchy;
mod members;
mod property_rows;
mod refsets;
mod relations;
mod resources;
mod search;
mod text;

pub use axioms::Axioms;
pub use bits::ConceptBits;
pub use code_system::CodeSystemIndex;
pub use concept_map::ConceptMapIndex;
pub use designations::{DesignationColumns, StoredTexts};
pub use members::{Alternate, Component, Field, FieldKind, FieldValue, RefsetRows};
pub use property_rows::PropertyRows;
pub(crate) use property_rows::slot;
pub use refsets::Member;
pub use relations::{Posting, Relation, RelationValue};
pub use resources::{ResourceKey, ResourcesIndex};
pub use search::{Hit, SearchOptions};
pub use text::WordPart;

/// A set of concepts of one index, by ordinal.
pub use roaring::RoaringBitmap as ConceptSet;

use crate::build::Files;
use crate::bytes::Bytes;
use crate::container::{Container, ContainerError};

/// Where a reader gets its files: a directory of the store, or the result of a build in memory.
pub trait FileSource {
    /// The bytes of a file; `None` when the artefact has no such file.
    fn bytes(&self, name: &str) -> Result<Option<Bytes>, ContainerError>;
    /// What to call the file in messages.
    fn shown(&self, name: &str) -> String;
}

impl FileSource for Files {
    fn bytes(&self, name: &str) -> Result<Option<Bytes>, ContainerError> {
        Ok(self
            .0
            .iter()
            .find(|file| file.name == name)
            .map(|file| Bytes::owned(&file.bytes)))
    }

    fn shown(&self, name: &str) -> String {
        format!("{name} (in memory)")
    }
}

fn open(source: &dyn FileSource, name: &str, kind: &[u8; 4]) -> Result<Container, ContainerError> {
    open_optional(source, name, kind)?.ok_or_else(|| ContainerError::Structure {
        file: source.shown(name),
        message: "the file is missing".into(),
    })
}

fn open_optional(source: &dyn FileSource, name: &str, kind: &[u8; 4]) -> Result<Option<Container>, ContainerError> {
    let Some(bytes) = source.bytes(name)? else {
        return Ok(None);
    };
    // Checksums are the source's business: the store verifies, and a build in memory has just written them.
    Container::open(bytes, kind, &source.shown(name), false).map(Some)
}

/// The place of a number in a sorted, sparse list.
fn sparse(list: &[u32], wanted: usize) -> Option<usize> {
    list.binary_search(&u32::try_from(wanted).ok()?).ok()
}

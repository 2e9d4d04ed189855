//! What a code system *is*, in memory and at rest.
//!
//! `model` holds the field's words, `record` the interchange that loaders emit, `text` the one folding of
//! terms that search, filters and matching share. With the feature `store` (the default) come `build` and
//! `read`: one writer and one reader per file of the format described in `FORMAT.md`, and `store`, the
//! directory of immutable indexes that a process opens.
//!
//! What it does not do: it knows no release format (that is `tern-loaders`), no FHIR wire, no HTTP.

#[cfg(feature = "store")]
pub mod coded_description;
pub mod model;
pub mod record;
pub mod text;
#[cfg(feature = "store")]
mod text_directory;
pub mod value_set;

#[cfg(feature = "store")]
pub mod build;
#[cfg(feature = "store")]
mod bytes;
#[cfg(feature = "store")]
pub mod container;
#[cfg(feature = "store")]
mod layout;
#[cfg(feature = "store")]
pub mod read;
#[cfg(feature = "store")]
pub mod store;

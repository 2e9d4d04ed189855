//! Resources that clients write, and the closure tables that they grow: kept in one SQLite file beside the releases.
//!
//! `schema` is its layout, `store` has versions of resources, `closure` the closure tables, and `library` is what a server
//! holds: the snapshot of all that is loaded and written, swapped at every write. It takes the text of a resource as it is:
//! what a valid resource is, and who may write one, is decided before anything comes here.

mod closure;
mod error;
mod library;
mod schema;
mod store;
#[cfg(test)]
mod tests;

pub use closure::{ClosureDelta, GrowError};
pub use error::WrittenError;
pub use library::{Library, Turn};
pub use store::{Change, Changed, Expected, History, Method, Step, Version, WrittenStore};

/// The file in a store's directory.
pub const FILE: &str = "resources.sqlite";

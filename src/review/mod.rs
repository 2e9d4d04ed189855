//! What people decide of what the mapper suggests: kept with its whole history, used again, measured.
//!
//! Items come from runs of the mapper ([`DecisionStore::add`]) and are decided one by one in a terminal ([`terminal`]) or
//! in tables that leave the house and come back ([`export`], [`import`]). Decisions go back into the mapper
//! ([`DecisionStore::earlier`]): exactly where they were made, as evidence elsewhere. It maps nothing itself, and knows
//! neither the command line nor HTTP.

pub mod add;
pub mod agreement;
mod error;
pub mod export;
pub mod import;
mod item;
mod live;
mod queue;
mod reuse;
mod schema;
mod sheet;
mod state;
mod store;
pub mod terminal;
#[cfg(test)]
mod tests;

pub use error::ReviewError;
pub use item::{Details, Explained, ExplainedConstraint, Item, Proposal, Scope, Standing, Suggestion};
pub use live::LiveDecisions;
pub use queue::{Wanted, queue};
pub use reuse::batch;
pub use state::{Event, Kind, Settled, State, Waiting, settle, veiled};
pub use store::{Actor, Added, Batch, Decision, DecisionStore, Entry};

/// The name of the database inside a store's folder.
pub const FILE_NAME: &str = "decisions.sqlite";
/// The scope of who names none.
pub const DEFAULT_SCOPE: &str = "default";

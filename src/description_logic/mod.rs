//! What follows from the definitions of SNOMED CT for something that is not in the release: a post-coordinated
//! expression.
//!
//! The release has been classified: which concept is below which, and what each concept's attributes are, is looked up.
//! Only the expression is worked out. `owl` reads axioms, [`derive`] makes of them what an index keeps of an edition: what
//! is sufficient for what (definitions, general concept inclusions) and how attributes follow from each other. [`Ontology`]
//! is asked for it, and [`Model`] is the most general thing that is as an expression says, in which one looks up what else
//! it is.
//!
//! Where an edition has no axioms, the necessary normal forms of its defined concepts are their definitions. What is not
//! done: concepts of the release are not classified again, so that axioms which contradict its relationships change
//! nothing; ranges and disjointness play no part, as SNOMED CT has neither.

mod description;
mod gather;
mod grouping;
mod model;
mod ontology;
pub mod owl;
mod roles;
mod stated;
#[cfg(test)]
mod tests;

pub use description::{Description, Filler, Role, Value};
pub use gather::derive;
pub use model::{Exhausted, Model};
pub use ontology::Ontology;

use std::sync::Arc;
use tern_index::read::CodeSystemIndex;

/// The ontology of an edition, opened when it is first asked for, or made where its index does not have it.
pub fn ontology(index: &CodeSystemIndex) -> Arc<Ontology> {
    index.derived(Ontology::of)
}

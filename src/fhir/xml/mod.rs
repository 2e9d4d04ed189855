//! FHIR's XML, in both directions, as the same tree that its JSON is.
//!
//! Everything else of the program knows JSON only. At the edge a body in XML becomes that tree and an answer becomes
//! XML, and nothing is lost on the way: ids and extensions of primitives, contained resources, narrative as it was
//! written. Which elements repeat, which are numbers and in which order they stand is said by the table of types of
//! the version asked for; elements of the other version are read and written too, since clients mix them.
//!
//! It reads no DTD and no entity beyond the five of XML, and no deeper than JSON is read. It validates no more than
//! it must to make JSON: cardinalities, bindings and invariants are not looked at.

mod definitions;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use definitions::{Shape, Type};
pub use read::{XmlError, read};
pub use write::write;

/// The namespace of FHIR's elements.
const FHIR: &str = "http://hl7.org/fhir";
/// The namespace of narrative.
const XHTML: &str = "http://www.w3.org/1999/xhtml";

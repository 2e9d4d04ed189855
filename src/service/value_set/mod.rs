//! Value sets evaluated: a definition becomes [`Members`], sets of concepts per code system version.
//!
//! `compose` walks includes, excludes and imports; `filter` turns one filter into a set; `members` is the algebra
//! and the pages of the result; `choice` decides which version of a code system an include means. Sets are
//! bitmaps of ordinals: a huge value set costs a few of their operations, and a page of it costs a page.
//!
//! What it does not do: it chooses no displays and renders no entries (`expand`), and judges no codings
//! (`validate_code`).

pub mod choice;
pub mod compose;
mod expressions;
pub mod filter;
mod loinc;
pub mod members;
mod snomed;
#[cfg(test)]
mod tests;

pub use choice::{Choice, Reason};
pub use compose::{Evaluator, Judged, Stop, SystemUse, Used};
pub use members::{Listing, Members, Nesting, Part};

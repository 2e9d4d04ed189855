//! The batch normaliser: local codes and names to a standard code system, each with a probability and a reason.

mod abbreviations;
mod index;
mod item;
mod labs;
mod rank;
mod repair;
pub mod train;
mod units;
mod words;

pub use item::{Role, SourceItem};
use rank::{Evidence, Features, Model};
use tern_index::model::Ordinal;

/// A candidate with its features.
#[derive(Debug, Clone)]
struct Scored {
    /// The concept of the target.
    pub concept: Ordinal,
    /// Linear score of the domain's model.
    pub score: f32,
    /// Its features.
    pub features: Features,
    /// What the calibration looks at.
    pub evidence: Evidence,
    /// The words are the same on both sides.
    pub exact: bool,
    /// What the source states and the candidate contradicts.
    pub conflict: Option<&'static str>,
}

/// A field of medicine with its own features and weights.
trait Domain: Send + Sync {
    /// Candidates for a source, best first.
    fn candidates(&self, item: &SourceItem) -> Vec<Scored>;
    /// The weights in use.
    fn model(&self) -> &Model;
    /// The weights, to train.
    fn model_mut(&mut self) -> &mut Model;
    /// The names of the features, by number.
    fn feature_names(&self) -> Vec<String>;
    /// What a source would have to state for the second not to be confused with the first.
    fn difference(&self, first: Ordinal, second: Ordinal) -> Option<&'static str>;
}

//! What the mapper says of a source: target, relationship, probability, how it was found, and why.

use super::explain::{Explanation, StageNote};
use tern_index::model::Relationship;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// One target, sure enough to be used.
    Mapped,
    /// A best suggestion that a person should look at.
    Ambiguous,
    /// Nothing fits.
    Unmapped,
    /// The row or its code cannot be used.
    Invalid,
}

impl Status {
    /// All, in the order of the summary.
    pub const ALL: [Self; 4] = [Self::Mapped, Self::Ambiguous, Self::Unmapped, Self::Invalid];

    /// The word in the output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Ambiguous => "ambiguous",
            Self::Unmapped => "unmapped",
            Self::Invalid => "invalid",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// How a target was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchType {
    /// The source named a code of the target.
    SuppliedCode,
    /// A loaded concept map.
    ConceptMap,
    /// An earlier decision.
    Decision,
    /// The name is a term of the target, but for case and blanks.
    Exact,
    /// The same words, in any order and spelling.
    Normalised,
    /// Ranked by words and context.
    Lexical,
}

impl MatchType {
    /// The word in the output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SuppliedCode => "supplied-code",
            Self::ConceptMap => "concept-map",
            Self::Decision => "decision",
            Self::Exact => "exact",
            Self::Normalised => "normalised",
            Self::Lexical => "lexical",
        }
    }
}

/// A possible target.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The code in the target system.
    pub code: String,
    /// Its display.
    pub display: String,
    /// How likely it is right.
    pub probability: f32,
    /// How the source relates to it.
    pub relationship: Relationship,
    /// How it was found.
    pub match_type: MatchType,
    /// What it was matched on; only where it was asked for.
    pub explanation: Option<Box<Explanation>>,
}

/// What the mapper says of one distinct tuple. The last three say how it came to that, where it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was decided.
    pub status: Status,
    /// Why, and what would decide it.
    pub reason: String,
    /// Possible targets, best first; the first one is the target.
    pub candidates: Vec<Candidate>,
    /// The stages that the source went through.
    pub stages: Vec<StageNote>,
    /// What was mended in the source.
    pub repairs: Vec<String>,
    /// What the source would have to state to be decided: an axis with the values that lead to different targets.
    pub would_decide: Vec<String>,
}

impl Outcome {
    /// An outcome without its explanation.
    pub(super) fn new(status: Status, reason: impl Into<String>, candidates: Vec<Candidate>) -> Self {
        Self {
            status,
            reason: reason.into(),
            candidates,
            stages: Vec::new(),
            repairs: Vec::new(),
            would_decide: Vec::new(),
        }
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(Status::Invalid, reason, Vec::new())
    }

    pub(super) fn unmapped(reason: impl Into<String>) -> Self {
        Self::new(Status::Unmapped, reason, Vec::new())
    }

    /// The target: the first candidate of an outcome that is mapped or ambiguous.
    pub fn target(&self) -> Option<&Candidate> {
        match self.status {
            Status::Mapped | Status::Ambiguous => self.candidates.first(),
            Status::Unmapped | Status::Invalid => None,
        }
    }
}

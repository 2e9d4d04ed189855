//! The batch normaliser: local codes and names to a standard code system, each with a probability and a reason.
//!
//! [`run`] maps a table: rows -> distinct tuples of the bound columns -> outcomes in parallel -> rows in input order, the
//! same bytes at any number of threads. [`Mapper::map_one`] maps one source, for `$translate`. Stages, the first that
//! decides wins: a supplied code of the target, checked and repaired ([`repair`]); earlier decisions; concept maps;
//! a name that is a term; candidates ranked by a domain ([`labs`], [`drugs`], [`terms`]) with a calibrated probability.
//!
//! It asks for what is loaded through [`Vocabularies`] and knows no store, no HTTP, no command line. A bad row is an
//! outcome, never an abort.

mod abbreviations;
pub mod bulk;
mod calibrate;
pub mod config;
mod decisions;
mod distinct;
mod drugs;
mod error;
mod exact;
pub mod explain;
mod folds;
mod forest;
pub mod formats;
mod index;
mod item;
mod kinds;
mod labs;
mod lexical;
pub mod measure;
mod model_file;
mod outcome;
mod rank;
mod read;
mod renderings;
mod repair;
mod resolve;
mod roles;
mod run;
mod terms;
#[cfg(test)]
mod tests;
pub mod train;
pub mod truth;
mod units;
mod vectors;
mod words;
mod write;

pub use decisions::Decisions;
pub use error::MapError;
pub use explain::Explanation;
pub use formats::exchange::{ReadSet, SetOptions, read_mapping_set, write_mapping_set};
pub use formats::mapping_set::{Concept, MappingRow, MappingSet, State};
pub use item::{Role, SourceItem};
pub use outcome::{Candidate, MatchType, Outcome, Status};
pub use read::{InputFormat, InputOptions};
pub use resolve::{Ask, Mapper};
pub use roles::{Binding, Columns, GUESSES, Values};
pub use run::{Kept, Progress, Summary, run};
pub use write::{Format, OUTCOME_COLUMNS};

pub(crate) use formats::workbook;
pub(crate) use read::{Input, Row};
pub(crate) use repair::{Notation, examine};
pub(crate) use resolve::replace::replacements;

use explain::Constraint;
use index::MatchIndex;
use lexical::{AlignedWords, Lexical};
use rank::{Evidence, Features, Model};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};

/// What is loaded, as far as the mapper asks.
pub trait Vocabularies {
    /// The canonical URL that a name of a code system stands for: a short name (`loinc`), or the URL itself.
    fn canonical_url(&self, name: &str) -> String;
    /// The code system with this canonical URL, the newest version.
    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>>;
    /// All concept maps, in a fixed order.
    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>>;
}

/// How to map.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapOptions {
    /// The target code system: short name or canonical URL.
    pub target: String,
    /// Columns that were named; the others are guessed from the header.
    pub columns: Columns,
    /// The site's own words for values.
    pub values: Values,
    /// The code system of the code column, where no column says it.
    pub code_system: Option<String>,
    /// What is mapped by itself rather than left to a person.
    pub accept: Acceptance,
    /// Runners-up to write, the target itself included.
    pub candidates: usize,
    /// A table of weights that `tern train` wrote for this target, instead of the one that is shipped.
    pub model: Option<PathBuf>,
    /// Earlier decisions: a table in the mapper's own output format.
    pub decisions: Option<PathBuf>,
    /// The database of people's decisions, which the caller opens and reads into `earlier`.
    pub decisions_db: Option<PathBuf>,
    /// The site or project, whose decisions hold.
    pub scope: Option<String>,
    /// Earlier decisions that are kept elsewhere; where both decide a tuple, the table does.
    pub earlier: Decisions,
    /// Whether the outcomes are handed back with the summary, each with its tuple and how often that occurs.
    pub keep_outcomes: bool,
    /// The output's format, where its name does not say it.
    pub format: Option<Format>,
    /// The input's format and sheet, where its name and content do not say them.
    pub input: InputOptions,
    /// How a mapping set is written, if the output is one.
    pub set: SetOptions,
    /// The date that a mapping set states, as ISO writes it; none is stated without it.
    pub date: Option<String>,
    /// Whether outcomes are explained.
    pub explain: bool,
    /// A static embedding (model2vec, word2vec, GloVe) that finds candidates by meaning, too.
    pub embedding_model: Option<PathBuf>,
}

/// What is mapped by itself. A candidate that contradicts its source never is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Acceptance {
    /// As many as possible, so that no more than this share of them is wrong, as far as reviewed maps tell. A target
    /// whose model was not trained has nothing but equal names accepted.
    ErrorBudget(f32),
    /// Every candidate from this probability on.
    Probability(f32),
}

impl Default for Acceptance {
    fn default() -> Self {
        Self::ErrorBudget(0.03)
    }
}

impl Acceptance {
    /// What two options that exclude each other ask for; the default when neither is given.
    pub fn of(probability: Option<f32>, error_budget: Option<f32>) -> Option<Self> {
        match (probability, error_budget) {
            (Some(probability), _) => Some(Self::Probability(probability)),
            (None, Some(budget)) => Some(Self::ErrorBudget(budget)),
            (None, None) => None,
        }
    }

    /// The option that says it, and its value.
    pub fn parts(self) -> (&'static str, f32) {
        match self {
            Self::ErrorBudget(budget) => ("error-budget", budget),
            Self::Probability(probability) => ("accept", probability),
        }
    }

    /// Whether the value is a share.
    pub fn is_sane(self) -> bool {
        (0.0..=1.0).contains(&self.parts().1)
    }
}

/// Most runners-up that can be asked for.
pub const MOST_CANDIDATES: usize = 50;

impl MapOptions {
    /// Refuses options outside their range.
    pub fn check(&self) -> Result<(), MapError> {
        if !self.accept.is_sane() {
            let (option, value) = self.accept.parts();
            return Err(MapError::OutOfRange {
                option,
                value: value.to_string(),
                low: 0.0,
                high: 1.0,
            });
        }
        if self.candidates > MOST_CANDIDATES {
            return Err(MapError::OutOfRange {
                option: "candidates",
                value: self.candidates.to_string(),
                low: 0.0,
                high: MOST_CANDIDATES as f32,
            });
        }
        Ok(())
    }
}

/// Whether an embedding can be read, for who would only need it later.
pub fn check_embedding(path: &Path) -> Result<(), MapError> {
    vectors::Embedding::open(path).map(drop)
}

/// A candidate with its features.
#[derive(Debug, Clone)]
struct Scored {
    /// The concept of the target.
    concept: Ordinal,
    /// Linear score of the domain's model.
    score: f32,
    /// Its features.
    features: Features,
    /// How its best term matches.
    lexical: Lexical,
    /// What the calibration looks at.
    evidence: Evidence,
    /// The words are the same on both sides.
    exact: bool,
    /// What the source states and the candidate contradicts.
    conflict: Option<&'static str>,
}

/// Best first; equal scores by concept, so that the order is total.
fn sort(scored: &mut [Scored]) {
    scored.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.concept.cmp(&right.concept)));
}

/// A field of medicine with its own features and weights.
trait Domain: Send + Sync {
    /// Candidates for a source, best first.
    fn candidates(&self, item: &SourceItem) -> Vec<Scored>;
    /// Whether names may be mapped to a concept at all.
    fn is_target(&self, concept: Ordinal) -> bool;
    /// The weights in use.
    fn model(&self) -> &Model;
    /// The weights, to train.
    fn model_mut(&mut self) -> &mut Model;
    /// Lets an embedding find candidates, too.
    fn embed(&self, _system: &CodeSystemIndex, embedding: Arc<vectors::Embedding>) {
        self.index().embed(embedding);
    }
    /// Whether an embedding finds candidates, too.
    fn is_embedded(&self) -> bool {
        self.index().vectors().is_some()
    }
    /// Features of the first candidate that tell how far it can be trusted.
    fn calibration_features(&self) -> Vec<u16> {
        (0..self.feature_names().len().min(48) as u16).collect()
    }
    /// The words that a source and each of its right concepts do not share, to learn renderings from; empty where a
    /// domain has no use for them.
    fn unmatched(&self, _item: &SourceItem, _concepts: &[Ordinal]) -> Vec<renderings::Unmatched> {
        Vec::new()
    }
    /// The names of the features, by number.
    fn feature_names(&self) -> Vec<String>;
    /// What a source would have to state for the second not to be confused with the first.
    fn difference(&self, first: Ordinal, second: Ordinal) -> Option<&'static str>;
    /// The words that names are compared by.
    fn index(&self) -> &MatchIndex;
    /// A reading laid beside the term that a candidate was found by.
    fn align(&self, reading: &[String], lexical: &Lexical) -> AlignedWords {
        lexical::align_words(self.index(), reading, lexical.term)
    }
    /// The readings of a source's name, by their numbers in [`Lexical::reading`].
    fn readings(&self, item: &SourceItem) -> Vec<Vec<String>>;
    /// What a source states of the domain's axes, and what a concept has there; what neither has is left out. Only
    /// what also is a conflict of the ranking is broken.
    fn constraints(&self, system: &CodeSystemIndex, item: &SourceItem, concept: Ordinal) -> Vec<Constraint>;
    /// What a concept has on an axis that [`Domain::difference`] names; empty for nothing.
    fn axis_value(&self, system: &CodeSystemIndex, axis: &str, concept: Ordinal) -> Option<String>;
}

/// The domain of a target, by its canonical URL and loader.
fn domain(system: &CodeSystemIndex) -> Box<dyn Domain> {
    let header = system.header();
    if header.url == "http://loinc.org" || header.loader == "loinc" {
        Box::new(labs::Laboratory::new(system))
    } else if header.url == "http://www.nlm.nih.gov/research/umls/rxnorm" || header.loader == "rxnorm" {
        Box::new(drugs::Drugs::new(system))
    } else {
        // A model only speaks for the code system whose names it was trained on.
        let trained = header.url == "http://hl7.org/fhir/sid/icd-10-cm";
        let model = if trained {
            include_str!("models/diagnoses.tsv")
        } else {
            include_str!("models/terms.tsv")
        };
        Box::new(terms::Terms::new(system, model))
    }
}

//! From features to probabilities: a linear model over the candidates of one source, and its calibration.
//!
//! Each candidate has a sparse list of features; a softmax over the candidates of a source ranks them. How likely
//! the first one is right, against "none of these", is a second model over facts of the whole list
//! ([`super::calibrate`]). Both are trained by [`super::train`] and kept as text tables under
//! `models/`, which are compiled in; a model names its features, so tables survive a change of their order.
//!
//! A model that was not trained says so: nothing that it ranks is accepted by itself.

use super::calibrate::Calibration;
use super::item::Kind;
use super::lexical::Lexical;
use super::renderings::{self, Renderings};
use super::{Acceptance, Scored};
use std::collections::HashMap;

/// Features of a candidate: number and value. Numbers that do not occur are 0.
pub(super) type Features = Vec<(u16, f32)>;

/// What is known of a source and its best candidates, beyond their order.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Evidence {
    /// Cosine of the best candidate's best term.
    pub cosine: f32,
    /// Share of the source's words, by weight, that the candidate's term has.
    pub source_coverage: f32,
    /// Share of the term's words, by weight, that the source has.
    pub target_coverage: f32,
    /// Words or numbers on one side only that tell variants apart.
    pub conflicts: f32,
    /// A unit (or strength) was given and understood.
    pub measure: f32,
    /// A specimen (or form) was given and understood.
    pub context: f32,
    /// Facts of source and candidate that the domain adds for the calibration; what they mean is the domain's.
    pub facts: [f32; FACTS],
}

/// Facts that a domain may add.
pub(super) const FACTS: usize = 8;

impl Evidence {
    /// The evidence of a candidate's words, and whether the source stated a measure and a context.
    pub fn of(lexical: &Lexical, measure: bool, context: bool) -> Self {
        Self {
            cosine: lexical.cosine,
            source_coverage: lexical.source_coverage,
            target_coverage: lexical.target_coverage,
            conflicts: lexical.source_conflicts + lexical.target_conflicts,
            measure: f32::from(u8::from(measure)),
            context: f32::from(u8::from(context)),
            facts: [0.0; FACTS],
        }
    }
}

/// A trained (or hand-set) model of one domain.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// Weight of each feature.
    pub weights: Vec<f32>,
    /// From the ranking to a probability.
    pub calibration: Calibration,
    /// What words of sources are rendered as.
    pub renderings: Renderings,
    /// Whether the weights come from training.
    pub trained: bool,
}

impl Model {
    /// Reads a table of `name<TAB>weight` lines (`#` starts a comment; `calibration.` begins the lines of the second model,
    /// `word.` those of renderings).
    /// Unknown names are left out, so that an older table still works with newer code.
    pub fn parse(table: &str, features: &[String]) -> Self {
        let numbers: HashMap<&str, usize> = features.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let mut model = Self {
            weights: vec![0.0; features.len()],
            ..Self::default()
        };
        let mut damaged = false;
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, weight)) = line.split_once('\t') else {
                continue;
            };
            if let Some(part) = name.strip_prefix("calibration.") {
                damaged |= model.calibration.read_line(part, weight, features).is_none();
                continue;
            }
            if let Some(word) = name.strip_prefix(renderings::PREFIX) {
                damaged |= model.renderings.read_line(word, weight).is_none();
                continue;
            }
            let Ok(weight) = weight.trim().parse::<f32>() else { continue };
            if name == "trained" {
                model.trained = weight > 0.0;
            } else if let Some(slot) = numbers.get(name).and_then(|place| model.weights.get_mut(*place)) {
                *slot = weight;
            }
        }
        if damaged {
            model.calibration = Calibration::default();
        }
        model.trained &= model.calibration.is_trained();
        model
    }

    /// Writes the table that [`Model::parse`] reads; zero weights are left out.
    pub fn table(&self, features: &[String], comment: &str) -> String {
        let mut table: String = comment.lines().map(|line| format!("# {line}\n")).collect();
        table.push_str(&format!("trained\t{}\n", u8::from(self.trained)));
        for (name, weight) in features.iter().zip(&self.weights).filter(|(_, weight)| weight.abs() >= 5e-6) {
            table.push_str(&format!("{name}\t{weight:.5}\n"));
        }
        for line in self.renderings.lines().into_iter().chain(self.calibration.lines(features)) {
            table.push_str(&line);
            table.push('\n');
        }
        table
    }

    /// The linear score of a candidate.
    pub fn score(&self, features: &[(u16, f32)]) -> f32 {
        let weight = |number: u16| self.weights.get(usize::from(number)).copied().unwrap_or_default();
        features.iter().map(|(number, value)| weight(*number) * value).sum()
    }

    /// Whether a first candidate with this probability is mapped without a person, for a source of this kind. What
    /// contradicts its source never is.
    pub fn accepts(&self, accept: Acceptance, kind: Kind, first: &Scored, best: f32) -> bool {
        let enough = match accept {
            Acceptance::Probability(least) => best >= least && (self.trained || first.exact),
            Acceptance::ErrorBudget(budget) => self.calibration.accept(budget, kind).is_some_and(|least| best >= least),
        };
        enough && first.conflict.is_none()
    }

    /// Probabilities of candidates, best first, for a source of this kind.
    pub fn probabilities(&self, scored: &[Scored], kind: Kind) -> Vec<f32> {
        let scores: Vec<f32> = scored.iter().map(|candidate| candidate.score).collect();
        let shares = softmax(&scores);
        let Some(&first) = shares.first() else {
            return Vec::new();
        };
        let calibrated = self.calibration.probability(scored, kind);
        // What is left is shared by the others in proportion, never more than the model gave them.
        let rest = (1.0 - first).max(1e-6);
        let factor = ((1.0 - calibrated) / rest).min(calibrated / first.max(1e-6));
        // Equal shares must not differ by the rounding of a product.
        let others = shares.iter().skip(1).map(|share| (share * factor).min(calibrated));
        std::iter::once(calibrated).chain(others).collect()
    }
}

/// Shares that sum to one.
pub(super) fn softmax(scores: &[f32]) -> Vec<f32> {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = scores.iter().map(|score| (score - top).exp()).collect();
    let sum: f32 = shares.iter().sum();
    if sum > 0.0 {
        shares.iter_mut().for_each(|share| *share /= sum);
    }
    shares
}

/// The logistic function.
pub(super) fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A candidate with a score and nothing else of note.
    pub fn scored(score: f32) -> Scored {
        Scored {
            concept: tern_index::model::Ordinal(0),
            score,
            features: Features::new(),
            evidence: Evidence {
                cosine: 1.0,
                source_coverage: 1.0,
                ..Evidence::default()
            },
            lexical: Lexical::default(),
            exact: false,
            conflict: None,
        }
    }

    #[test]
    fn tables_come_back_as_they_were() {
        let features = vec!["a".to_owned(), "b".to_owned()];
        let model = Model {
            weights: vec![1.5, -0.25],
            trained: true,
            ..Model::default()
        };
        let read = Model::parse(&model.table(&features, "how it was made\nin two lines"), &features);
        assert_eq!(read.weights, model.weights);
        assert!(!read.trained, "without a calibration nothing can be trusted");
    }

    #[test]
    fn probabilities_fall_and_stay_below_one() {
        let model = Model::default();
        let found = model.probabilities(&[scored(3.0), scored(2.0), scored(-1.0)], Kind::default());
        assert!(found.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(found.iter().sum::<f32>() <= 1.0 + 1e-5);
        assert!(model.probabilities(&[], Kind::default()).is_empty());
    }

    #[test]
    fn what_contradicts_its_source_is_never_accepted() {
        let model = Model {
            trained: true,
            ..Model::default()
        };
        let (sure, mut contradicting) = (scored(1.0), scored(1.0));
        contradicting.conflict = Some("unit");
        let accept = Acceptance::Probability(0.5);
        assert!(model.accepts(accept, Kind::default(), &sure, 0.9) && !model.accepts(accept, Kind::default(), &sure, 0.4));
        assert!(!model.accepts(accept, Kind::default(), &contradicting, 1.0));
        assert!(
            !model.accepts(Acceptance::ErrorBudget(0.5), Kind::default(), &sure, 1.0),
            "no threshold was learned"
        );
    }
}

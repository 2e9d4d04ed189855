//! Training of a domain's model on reviewed maps: softmax regression for the ranking, then its calibration.
//! Deterministic: batches in a fixed order, a fixed number of steps, seeded trees. A name, and what was made from one row,
//! is never on both sides ([`super::folds`]); what words are rendered as is learned for each fold without its rows.
//!
//! It runs offline (`tern train`), never at mapping time.

use super::calibrate::{Calibration, Judged};
use super::explain::Verdict;
use super::folds::{Place, Split, is_seen};
use super::item::Kind;
use super::rank::{Model, softmax};
use super::renderings::{Renderings, Unmatched};
use super::resolve::HOPELESS;
use super::{Acceptance, Domain, Scored, SourceItem, model_file};
use rayon::prelude::*;
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;

/// A reviewed row.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its identifier in the truth file.
    pub id: String,
    /// The file and the row in it that it was made from; rows of one origin stay together. Empty if there is none.
    pub origin: String,
    /// The number of the reviewed map that it is from: an error budget has to hold in each.
    pub set: usize,
    /// The source tuple.
    pub item: SourceItem,
    /// The right codes; none for a reviewed "no match".
    pub codes: Vec<String>,
    /// How much it counts in training.
    pub weight: f32,
    /// How often it occurs, where that is known.
    pub count: Option<f64>,
}

/// What came out for one example, by a model that has not seen its name.
#[derive(Debug, Clone, Default)]
pub struct Prediction {
    /// Identifier of the example.
    pub id: String,
    /// Codes with probabilities, best first.
    pub codes: Vec<(String, f32)>,
    /// Place of the first right candidate among all that were ranked, from 1.
    pub place: Option<usize>,
    /// Whether the first one would be mapped by itself within the default error budget.
    pub accepted: bool,
    /// Whether nothing is likely enough to be suggested.
    pub abstains: bool,
    /// Whether the first one breaks a constraint on specimen, unit, strength or another axis that the source states.
    pub contradicts: bool,
    /// Whether the first one is wrong but is about the same component as a right one.
    pub near: bool,
}

/// A trained table with the predictions of cross-validation.
#[derive(Debug)]
pub struct Trained {
    /// What `--model` reads, and what is kept under `src/mapper/models`.
    pub table: String,
    /// Out-of-fold predictions.
    pub predictions: Vec<Prediction>,
    /// Share of examples with an answer among the candidates that are ranked.
    pub recall: f32,
}

struct Group {
    /// The fold that judges it.
    fold: usize,
    /// The folds, by bit, whose models must not see it.
    hidden: u64,
    /// Where it is in the cross-validation inside a training.
    inner: usize,
    set: usize,
    kind: Kind,
    weight: f32,
    right: Vec<bool>,
    scored: Vec<Scored>,
}

/// Folds of the cross-validation.
const FOLDS: usize = 5;
/// Steps of the ranking's training.
const STEPS: usize = 400;
/// Steps of the inner folds, which only have to show how sure the ranking is of names it has not seen.
const INNER_STEPS: usize = 120;
/// Most rows of a step: with more, the steps take turns.
const BATCH: usize = 2560;
/// Codes of a prediction.
const LISTED: usize = 10;
/// Strength of the pull of weights towards their start.
const PULL: f32 = 0.15;

/// A domain made ready for one target, to be trained or measured.
pub struct Trainer<'s> {
    system: &'s CodeSystemIndex,
    domain: Box<dyn Domain>,
}

impl<'s> Trainer<'s> {
    /// Reads the whole target once.
    pub fn new(system: &'s CodeSystemIndex) -> Self {
        Self {
            system,
            domain: super::domain(system),
        }
    }

    /// The concepts that names may be mapped to.
    pub fn targets(&self) -> Vec<Ordinal> {
        let all = (0..self.system.len() as u32).map(Ordinal);
        all.filter(|concept| self.domain.is_target(*concept)).collect()
    }

    /// Trains on all examples, and predicts each by a model that has not seen its name. `comment` says in the table how it was made.
    pub fn train(&mut self, examples: &[Example], comment: &str) -> Trained {
        let split = Split::by_name(examples, FOLDS);
        self.train_split(examples, &split, comment)
    }

    /// Predicts the rows of each set by a model that has seen the other sets alone, without what shares a name or a row with
    /// it: how well a source is mapped whose kind was not learned from.
    pub fn leave_one_out(&mut self, examples: &[Example]) -> Vec<Prediction> {
        let split = Split::by_set(examples, FOLDS);
        self.train_split(examples, &split, "").predictions
    }

    fn train_split(&mut self, examples: &[Example], split: &Split, comment: &str) -> Trained {
        let groups = self.groups(examples, split);
        let answered = examples.iter().filter(|example| !example.codes.is_empty()).count().max(1);
        let found = groups.iter().filter(|group| group.right.contains(&true)).count();
        let names = self.domain.feature_names();
        // The last fold is none: its model has seen every row.
        let mut models: Vec<Model> = (0..=split.count)
            .into_par_iter()
            .map(|fold| {
                let seen: Vec<&Group> = groups.iter().filter(|group| is_seen(group.hidden, fold)).collect();
                let weights = ranking(&seen, &vec![0.0; names.len()], STEPS);
                let calibration = calibration(&*self.domain, &seen, &weights);
                Model {
                    weights,
                    calibration,
                    trained: true,
                    ..Model::default()
                }
            })
            .collect();
        let mut last = models.pop().unwrap_or_default();
        last.renderings = self.renderings(examples, split, split.count);
        let predicted = groups.par_iter().zip(examples);
        let predicted = predicted.map(|(group, example)| self.predict(group, example, models.get(group.fold)));
        Trained {
            predictions: predicted.collect(),
            table: model_file::write(&last, &names, &self.system.header().url, comment),
            recall: found as f32 / answered as f32,
        }
    }

    /// Predicts by the model that is shipped, without training.
    pub fn run(&self, examples: &[Example]) -> Vec<Prediction> {
        let predicted = examples.par_iter().map(|example| {
            let group = self.group(example, Place::default());
            self.predict(&group, example, Some(self.domain.model()))
        });
        predicted.collect()
    }

    /// Candidates with their features, those of each fold by renderings that were learned from the other folds.
    fn groups(&mut self, examples: &[Example], split: &Split) -> Vec<Group> {
        let mut found: Vec<Option<Group>> = Vec::new();
        found.resize_with(examples.len(), || None);
        for fold in 0..split.count {
            self.domain.model_mut().renderings = self.renderings(examples, split, fold);
            let rows = found.par_iter_mut().zip(examples).zip(&split.places);
            let own = rows.filter(|(_, place)| place.fold == fold);
            own.for_each(|((slot, example), place)| *slot = Some(self.group(example, *place)));
        }
        found.into_iter().flatten().collect()
    }

    /// What the examples teach that the model of a fold may see.
    fn renderings(&self, examples: &[Example], split: &Split, fold: usize) -> Renderings {
        let seen = examples
            .par_iter()
            .zip(&split.places)
            .filter(|(_, place)| is_seen(place.hidden, fold));
        let unmatched: Vec<Unmatched> = seen.flat_map_iter(|(example, _)| self.unmatched(example)).collect();
        Renderings::learn(&unmatched)
    }

    fn unmatched(&self, example: &Example) -> Vec<Unmatched> {
        let rights = example.codes.iter().filter_map(|code| self.system.find_exact(code));
        self.domain.unmatched(&example.item, &rights.collect::<Vec<Ordinal>>())
    }

    fn group(&self, example: &Example, place: Place) -> Group {
        let scored = self.domain.candidates(&example.item);
        let right = |concept| example.codes.iter().any(|code| self.system.find_exact(code) == Some(concept));
        Group {
            fold: place.fold,
            hidden: place.hidden,
            inner: place.inner,
            set: example.set,
            kind: example.item.kind(),
            weight: example.weight,
            right: scored.iter().map(|candidate| right(candidate.concept)).collect(),
            scored,
        }
    }

    fn predict(&self, group: &Group, example: &Example, model: Option<&Model>) -> Prediction {
        let mut prediction = Prediction {
            id: example.id.clone(),
            abstains: true,
            ..Prediction::default()
        };
        let Some(model) = model else { return prediction };
        let (scored, right) = ranked(group, &model.weights);
        let probabilities = model.probabilities(&scored, group.kind);
        let listed = scored.iter().zip(&probabilities).take(LISTED);
        prediction.codes = listed
            .map(|(candidate, probability)| (self.system.code(candidate.concept).to_owned(), *probability))
            .collect();
        prediction.place = right.iter().position(|right| *right).map(|place| place + 1);
        let (Some(first), Some(best)) = (scored.first(), probabilities.first()) else {
            return prediction;
        };
        prediction.abstains = *best < HOPELESS;
        prediction.accepted = !prediction.abstains && model.accepts(Acceptance::default(), group.kind, first, *best);
        let constraints = self.domain.constraints(self.system, &example.item, first.concept);
        prediction.contradicts = constraints.iter().any(|constraint| constraint.verdict == Verdict::Broken);
        prediction.near = prediction.place != Some(1) && self.shares_component(first.concept, example);
        prediction
    }

    fn shares_component(&self, concept: Ordinal, example: &Example) -> bool {
        let component = |concept| self.domain.axis_value(self.system, "component", concept);
        let rights = example.codes.iter().filter_map(|code| self.system.find_exact(code));
        let ours = component(concept).filter(|component| !component.is_empty());
        ours.is_some() && rights.into_iter().any(|right| component(right) == ours)
    }
}

fn dot(weights: &[f32], features: &[(u16, f32)]) -> f32 {
    let weight = |number: u16| weights.get(usize::from(number)).copied().unwrap_or_default();
    features.iter().map(|(number, value)| weight(*number) * value).sum()
}

/// Softmax regression by Adam, over full batches where there are few rows and over every n-th row in turn where there are
/// many. The shipped weights are never the start: they have seen every row.
fn ranking(groups: &[&Group], start: &[f32], steps: usize) -> Vec<f32> {
    let usable: Vec<&&Group> = groups.iter().filter(|group| group.right.contains(&true)).collect();
    let batches = usable.len().div_ceil(BATCH).max(1);
    let mut weights = start.to_vec();
    let width = weights.len();
    let (mut mean, mut square) = (vec![0.0f32; width], vec![0.0f32; width]);
    for step in 1..=steps {
        let mut gradient = vec![0.0f32; width];
        for group in usable.iter().skip(step % batches).step_by(batches) {
            let scores: Vec<f32> = group.scored.iter().map(|scored| dot(&weights, &scored.features)).collect();
            let shares = softmax(&scores);
            let right: f32 = shares
                .iter()
                .zip(&group.right)
                .filter(|(_, right)| **right)
                .map(|(share, _)| share)
                .sum();
            for ((scored, share), is_right) in group.scored.iter().zip(&shares).zip(&group.right) {
                let wanted = if *is_right { share / right.max(1e-9) } else { 0.0 };
                let push = (share - wanted) * group.weight;
                for (number, value) in &scored.features {
                    if let Some(slot) = gradient.get_mut(usize::from(*number)) {
                        *slot += push * value;
                    }
                }
            }
        }
        let rate = 0.1 / (1.0 + step as f32 / 60.0);
        for at in 0..width {
            // All four have `width` entries.
            let slope = gradient[at] + PULL * weights[at] / batches as f32;
            mean[at] = 0.9 * mean[at] + 0.1 * slope;
            square[at] = 0.999 * square[at] + 0.001 * slope * slope;
            let (m, s) = (
                mean[at] / (1.0 - 0.9f32.powi(step as i32)),
                square[at] / (1.0 - 0.999f32.powi(step as i32)),
            );
            weights[at] -= rate * m / (s.sqrt() + 1e-6);
        }
    }
    weights
}

/// The candidates of a group as these weights rank them, best first, and which of them are right.
fn ranked(group: &Group, weights: &[f32]) -> (Vec<Scored>, Vec<bool>) {
    let rescored = group.scored.iter().zip(&group.right).map(|(scored, right)| {
        let score = dot(weights, &scored.features);
        (Scored { score, ..scored.clone() }, *right)
    });
    let mut rescored: Vec<(Scored, bool)> = rescored.collect();
    rescored.sort_by(|(left, _), (right, _)| {
        let by_score = right.score.total_cmp(&left.score);
        by_score.then(left.concept.cmp(&right.concept))
    });
    rescored.into_iter().unzip()
}

/// Learns how likely the first candidate is right; rows without an answer count as wrong, which is how the model
/// learns to say "none of these".
///
/// Ranking weights have seen the same rows, which flatters the shares; so shares are taken from weights trained
/// without the row's inner fold.
fn calibration(domain: &dyn Domain, groups: &[&Group], weights: &[f32]) -> Calibration {
    let features = domain.calibration_features();
    let blank = Calibration::of_features(features.clone());
    let judged: Vec<Judged> = (0..FOLDS)
        .into_par_iter()
        .flat_map_iter(|fold| {
            let seen: Vec<&Group> = groups.iter().copied().filter(|group| group.inner != fold).collect();
            // An outer fold may be missing as a whole; then there is nothing to rank without it.
            let own: Vec<&Group> = groups.iter().copied().filter(|group| group.inner == fold).collect();
            let unseen = if own.is_empty() {
                Vec::new()
            } else {
                ranking(&seen, &vec![0.0; weights.len()], INNER_STEPS)
            };
            let blank = &blank;
            own.into_iter().filter(|group| !group.scored.is_empty()).map(move |group| {
                let (scored, right) = ranked(group, &unseen);
                blank.judged(&scored, group.kind, right.first().copied().unwrap_or(false), group.set, fold)
            })
        })
        .collect();
    Calibration::train(features, &judged, FOLDS)
}

//! Training of a domain's model on reviewed maps: softmax regression for the ranking, then its calibration.
//! Deterministic: full batches, a fixed number of steps, seeded trees; folds are by hash of the name, so that a name is
//! never on both sides.
//!
//! It runs offline (`tern train`), never at mapping time.

use super::calibrate::{Calibration, Judged};
use super::rank::{Model, softmax};
use super::{Domain, Scored, SourceItem};
use rayon::prelude::*;
use tern_index::read::CodeSystemIndex;

/// A reviewed row.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its identifier in the truth file.
    pub id: String,
    /// The source tuple.
    pub item: SourceItem,
    /// The right codes; none for a reviewed "no match".
    pub codes: Vec<String>,
    /// How much it counts.
    pub weight: f32,
}

/// What came out for one example, by a model that has not seen its name.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Identifier of the example.
    pub id: String,
    /// Codes with probabilities, best first.
    pub codes: Vec<(String, f32)>,
}

/// A trained table with the predictions of cross-validation.
#[derive(Debug)]
pub struct Trained {
    /// To be kept under `src/mapper/models`.
    pub table: String,
    /// Out-of-fold predictions.
    pub predictions: Vec<Prediction>,
    /// Share of examples with an answer among the candidates that are ranked.
    pub recall: f32,
}

struct Group {
    fold: usize,
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
/// Strength of the pull of weights towards their start.
const PULL: f32 = 0.15;

/// Trains the model of a target's domain on reviewed rows.
pub fn train(system: &CodeSystemIndex, examples: &[Example], comment: &str) -> Trained {
    let mut domain = super::domain(system);
    let groups: Vec<Group> = examples.par_iter().map(|example| group(&*domain, system, example)).collect();
    let answered = examples.iter().filter(|example| !example.codes.is_empty()).count().max(1);
    let found = groups.iter().filter(|group| group.right.contains(&true)).count();
    let width = domain.feature_names().len();
    let models: Vec<Model> = (0..=FOLDS)
        .into_par_iter()
        .map(|fold| {
            let seen: Vec<&Group> = groups.iter().filter(|group| group.fold != fold).collect();
            let weights = ranking(&seen, &vec![0.0; width], STEPS);
            let calibration = calibration(&*domain, &seen, &weights);
            Model {
                weights,
                calibration,
                trained: true,
            }
        })
        .collect();
    let predictions = groups
        .iter()
        .zip(examples)
        .map(|(group, example)| predict(group, example, models.get(group.fold), system))
        .collect();
    if let Some(last) = models.into_iter().next_back() {
        *domain.model_mut() = last;
    }
    Trained {
        table: domain.model().table(&domain.feature_names(), comment),
        predictions,
        recall: found as f32 / answered as f32,
    }
}

/// Runs a domain as it is shipped, without training.
pub fn run(system: &CodeSystemIndex, examples: &[Example]) -> Vec<Prediction> {
    let domain = super::domain(system);
    let model = domain.model().clone();
    let predicted = examples.par_iter().map(|example| {
        let group = group(&*domain, system, example);
        predict(&group, example, Some(&model), system)
    });
    predicted.collect()
}

fn group(domain: &dyn Domain, system: &CodeSystemIndex, example: &Example) -> Group {
    let scored = domain.candidates(&example.item);
    let right = |concept| example.codes.iter().any(|code| system.find_exact(code) == Some(concept));
    Group {
        fold: fold(example.item.get(super::Role::Name)),
        weight: example.weight,
        right: scored.iter().map(|candidate| right(candidate.concept)).collect(),
        scored,
    }
}

/// FNV-1a over the normalised name: the same in every run and build.
fn fold(name: &str) -> usize {
    let normal = super::words::words(name).join(" ");
    let hash = normal.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 20) as usize % FOLDS
}

fn dot(weights: &[f32], features: &[(u16, f32)]) -> f32 {
    let weight = |number: u16| weights.get(usize::from(number)).copied().unwrap_or_default();
    features.iter().map(|(number, value)| weight(*number) * value).sum()
}

/// Softmax regression by Adam over full batches. The shipped weights are never the start: they have seen every row.
fn ranking(groups: &[&Group], start: &[f32], steps: usize) -> Vec<f32> {
    let usable: Vec<&&Group> = groups.iter().filter(|group| group.right.contains(&true)).collect();
    let mut weights = start.to_vec();
    let width = weights.len();
    let (mut mean, mut square) = (vec![0.0f32; width], vec![0.0f32; width]);
    for step in 1..=steps {
        let mut gradient = vec![0.0f32; width];
        for group in &usable {
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
            let slope = gradient[at] + PULL * weights[at];
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
            let seen: Vec<&Group> = groups.iter().copied().filter(|group| group.fold != fold).collect();
            // An outer fold is missing as a whole; then there is nothing to rank without it.
            let own: Vec<&Group> = groups.iter().copied().filter(|group| group.fold == fold).collect();
            let unseen = if own.is_empty() {
                Vec::new()
            } else {
                ranking(&seen, &vec![0.0; weights.len()], INNER_STEPS)
            };
            let blank = &blank;
            own.into_iter().filter(|group| !group.scored.is_empty()).map(move |group| {
                let (scored, right) = ranked(group, &unseen);
                Judged {
                    inputs: blank.inputs(&scored),
                    right: right.first().copied().unwrap_or(false),
                    fold,
                }
            })
        })
        .collect();
    Calibration::train(features, &judged, FOLDS)
}

fn predict(group: &Group, example: &Example, model: Option<&Model>, system: &CodeSystemIndex) -> Prediction {
    let mut codes = Vec::new();
    if let Some(model) = model {
        let (scored, _) = ranked(group, &model.weights);
        let probabilities = model.probabilities(&scored);
        for (candidate, probability) in scored.iter().zip(probabilities).take(10) {
            codes.push((system.code(candidate.concept).to_owned(), probability));
        }
    }
    Prediction {
        id: example.id.clone(),
        codes,
    }
}

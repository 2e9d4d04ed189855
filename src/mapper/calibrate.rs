//! From a ranking to a probability that can be trusted, and from an error budget to what is accepted by itself.
//!
//! The share that a ranking gives its first candidate says which of several is best, not whether any is right. A
//! [`Forest`] learned that from reviewed rows: it looks at the whole list (margins), at the first candidate's words and
//! features, and at facts of the source. What it says is brought to scale by a logistic curve (Platt scaling), fitted
//! on rows that the trees had not seen. The same rows give the thresholds of [`Calibration::accept`]: from which
//! probability on so many in a hundred were wrong.
//!
//! A domain that was not trained has a cautious formula and no threshold: nothing of it is accepted by itself.

use super::Scored;
use super::forest::{Forest, Row};
use super::rank::{Evidence, FACTS, sigmoid, softmax};

/// Inputs that every domain has, before the features that it adds.
const STATISTICS: [&str; 15 + FACTS] = [
    "share",
    "second_share",
    "log_odds",
    "margin_second",
    "margin_third",
    "score",
    "close",
    "cosine",
    "source_coverage",
    "target_coverage",
    "conflicts",
    "measure",
    "context",
    "contradiction",
    "exact",
    "fact_0",
    "fact_1",
    "fact_2",
    "fact_3",
    "fact_4",
    "fact_5",
    "fact_6",
    "fact_7",
];

/// Error budgets for which a threshold is kept.
const BUDGETS: [f32; 9] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3];

/// Fewest accepted rows from which a share of errors is believed.
const FEWEST: usize = 20;

/// A domain's way from a ranking to a probability.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Calibration {
    /// Features of the first candidate that are inputs too.
    features: Vec<u16>,
    forest: Forest,
    /// The logistic curve on the log odds of the forest's share.
    scale: Scale,
    /// For each kept budget that can be held: the budget, and the probability from which on it holds.
    thresholds: Vec<(f32, f32)>,
}

/// What a source states beside its name, as the curve of a calibration sees it: a measure, a context, a column of another
/// kind. Sources of different make are right differently often where their candidates look the same.
const STATED: usize = 3;

/// A logistic curve: offset, slope on the log odds of a share, and what each thing stated adds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale([f32; 2 + STATED]);

impl Default for Scale {
    fn default() -> Self {
        Self([0.0; 2 + STATED])
    }
}

impl Scale {
    fn terms(share: f32, stated: [f32; STATED]) -> [f32; 2 + STATED] {
        let [measure, context, column] = stated;
        [1.0, log_odds(share), measure, context, column]
    }

    fn probability(&self, share: f32, stated: [f32; STATED]) -> f32 {
        let terms = Self::terms(share, stated);
        sigmoid(self.0.iter().zip(terms).map(|(weight, term)| weight * term).sum())
    }
}

/// What the first candidate's source states.
fn stated(scored: &[Scored]) -> [f32; STATED] {
    scored.first().map_or([0.0; STATED], |first| {
        let evidence = &first.evidence;
        [evidence.measure, evidence.context, evidence.column]
    })
}

/// One source's candidates, best first, as the calibration sees them, and whether the first is right.
pub(super) struct Judged {
    /// The inputs, of [`Calibration::inputs`].
    pub inputs: Vec<f32>,
    /// What the source states, of [`stated`].
    pub stated: [f32; STATED],
    /// The reviewed map that it is from.
    pub set: usize,
    /// Whether the first candidate is right.
    pub right: bool,
    /// Rows with the same number are kept together in cross-validation.
    pub fold: usize,
}

impl Calibration {
    /// One that looks at these features, and knows nothing yet.
    pub fn of_features(features: Vec<u16>) -> Self {
        Self {
            features,
            ..Self::default()
        }
    }

    /// Whether it was trained.
    pub fn is_trained(&self) -> bool {
        !self.forest.is_empty()
    }

    /// A list of candidates as it is learned from.
    pub fn judged(&self, scored: &[Scored], right: bool, set: usize, fold: usize) -> Judged {
        Judged {
            inputs: self.inputs(scored),
            stated: stated(scored),
            set,
            right,
            fold,
        }
    }

    /// What it looks at, for candidates sorted best first; empty without candidates.
    fn inputs(&self, scored: &[Scored]) -> Vec<f32> {
        let Some(first) = scored.first() else {
            return Vec::new();
        };
        let scores: Vec<f32> = scored.iter().map(|candidate| candidate.score).collect();
        let shares = softmax(&scores);
        let share = shares.first().copied().unwrap_or_default();
        // Nothing follows: as far behind as anything that does not matter.
        let behind = |place: usize| scores.get(place).map_or(8.0, |score| (first.score - score).min(8.0));
        let odds = share.clamp(1e-4, 1.0 - 1e-4);
        let evidence: &Evidence = &first.evidence;
        let mut inputs = vec![
            share,
            shares.get(1).copied().unwrap_or_default(),
            (odds / (1.0 - odds)).ln(),
            behind(1),
            behind(2),
            first.score,
            shares.iter().filter(|other| **other > 0.3 * share).count() as f32,
            evidence.cosine,
            evidence.source_coverage,
            evidence.target_coverage,
            evidence.conflicts,
            evidence.measure,
            evidence.context,
            f32::from(u8::from(first.conflict.is_some())),
            f32::from(u8::from(first.exact)),
        ];
        inputs.extend(evidence.facts);
        inputs.extend(self.features.iter().map(|wanted| {
            let own = first.features.iter().filter(|(number, _)| number == wanted);
            own.map(|(_, value)| value).sum::<f32>()
        }));
        inputs
    }

    /// How likely the first of some candidates is right.
    pub fn probability(&self, scored: &[Scored]) -> f32 {
        let Some(first) = scored.first() else { return 0.0 };
        let inputs = self.inputs(scored);
        if !self.is_trained() {
            let share = inputs.first().copied().unwrap_or_default();
            let evidence = &first.evidence;
            let covered = evidence.cosine * evidence.source_coverage / (1.0 + evidence.conflicts);
            return (share.sqrt() * covered * 0.9).clamp(0.0005, 0.95);
        }
        self.scaled(self.forest.share(&inputs), stated(scored))
    }

    fn scaled(&self, share: f32, stated: [f32; STATED]) -> f32 {
        self.scale.probability(share, stated).clamp(0.0005, 0.9995)
    }

    /// The probability from which on candidates may be accepted so that no more than `budget` of them are wrong, as
    /// far as reviewed rows tell; `None` when no threshold was found to hold it.
    pub fn accept(&self, budget: f32) -> Option<f32> {
        let held = self.thresholds.iter().filter(|(own, _)| *own <= budget + 1e-6);
        held.max_by(|left, right| left.0.total_cmp(&right.0))
            .map(|(_, threshold)| *threshold)
    }

    /// Learns from judged rows. Their folds are used inside, to learn the scale on rows the trees have not seen.
    pub fn train(features: Vec<u16>, rows: &[Judged], folds: usize) -> Self {
        let all: Vec<Row> = rows.iter().map(|row| (row.inputs.clone(), row.right)).collect();
        let mut shares: Vec<f32> = vec![0.0; rows.len()];
        for fold in 0..folds {
            let seen: Vec<Row> = rows
                .iter()
                .zip(&all)
                .filter(|(row, _)| row.fold != fold)
                .map(|(_, row)| row.clone())
                .collect();
            let forest = Forest::train(&seen);
            let own = rows.iter().zip(&mut shares).filter(|(row, _)| row.fold == fold);
            own.for_each(|(row, share)| *share = forest.share(&row.inputs));
        }
        let unseen = rows.iter().zip(&shares);
        let points: Vec<Point> = unseen
            .map(|(row, share)| (Scale::terms(*share, row.stated), row.right))
            .collect();
        let mut calibration = Self {
            features,
            forest: Forest::train(&all),
            scale: fit(&points),
            thresholds: Vec::new(),
        };
        let unseen = rows.iter().zip(&shares);
        let scaled = unseen.map(|(row, share)| Accepted {
            probability: calibration.scaled(*share, row.stated),
            right: row.right,
            set: row.set,
        });
        calibration.thresholds = thresholds(scaled.collect());
        calibration
    }

    /// The lines of a table, which [`Calibration::read_line`] reads.
    pub fn lines(&self, feature_names: &[String]) -> Vec<String> {
        if !self.is_trained() {
            return Vec::new();
        }
        let own = self
            .features
            .iter()
            .filter_map(|number| feature_names.get(usize::from(*number)));
        let names: Vec<&str> = STATISTICS.into_iter().chain(own.map(String::as_str)).collect();
        let mut lines = vec![
            format!("calibration.inputs\t{}", names.join(" ")),
            format!(
                "calibration.scale\t{}",
                self.scale.0.map(|weight| weight.to_string()).join(" ")
            ),
        ];
        let budgets = self.thresholds.iter();
        lines.extend(budgets.map(|(budget, threshold)| format!("calibration.budget\t{budget} {threshold}")));
        lines.extend(self.forest.lines().map(|line| format!("calibration.tree\t{line}")));
        lines
    }

    /// Reads a line of a table; `None` for one that is damaged or made for other inputs.
    pub fn read_line(&mut self, name: &str, value: &str, feature_names: &[String]) -> Option<()> {
        let pair = |value: &str| -> Option<(f32, f32)> {
            let (left, right) = value.split_once(' ')?;
            Some((left.parse().ok()?, right.parse().ok()?))
        };
        match name {
            "inputs" => {
                let mut names = value.split(' ');
                let known = STATISTICS.iter().all(|wanted| names.next() == Some(*wanted));
                let place = |name: &str| feature_names.iter().position(|known| known == name);
                let features: Option<Vec<u16>> = names.map(|name| place(name).map(|place| place as u16)).collect();
                self.features = features.filter(|_| known)?;
            }
            "scale" => {
                let read: Option<Vec<f32>> = value.split(' ').map(|part| part.parse().ok()).collect();
                let read = read.filter(|read| read.len() >= 2 && read.len() <= self.scale.0.len())?;
                self.scale.0.iter_mut().zip(read).for_each(|(weight, value)| *weight = value);
            }
            "budget" => self.thresholds.push(pair(value)?),
            "tree" => self.forest.read_line(value, STATISTICS.len() + self.features.len())?,
            _ => return None,
        }
        Some(())
    }
}

fn log_odds(share: f32) -> f32 {
    let share = share.clamp(0.005, 0.995);
    (share / (1.0 - share)).ln()
}

/// The terms of a curve for a row, and whether it was right.
type Point = ([f32; 2 + STATED], bool);

/// Logistic regression of right or wrong, one weight after the other by Newton's method, until nothing moves.
fn fit(points: &[Point]) -> Scale {
    // A little pull towards the identity keeps tiny sets sane, a stronger one what is stated from saying what few rows say.
    const START: [f64; 2 + STATED] = [0.0, 1.0, 0.0, 0.0, 0.0];
    const PULLS: [f64; 2 + STATED] = [0.1, 0.1, 2.0, 2.0, 2.0];
    let mut weights = START;
    for _ in 0..80 {
        let mut moved = 0.0f64;
        for at in 0..weights.len() {
            // All arrays here have the same length.
            let (mut slope, mut bend) = (PULLS[at] * (weights[at] - START[at]), PULLS[at]);
            for (terms, right) in points.iter().filter(|(terms, _)| terms[at] != 0.0) {
                let score: f64 = weights
                    .iter()
                    .zip(terms)
                    .map(|(weight, term)| weight * f64::from(*term))
                    .sum();
                let guess = 1.0 / (1.0 + (-score).exp());
                let term = f64::from(terms[at]);
                slope += (guess - f64::from(u8::from(*right))) * term;
                bend += guess * (1.0 - guess) * term * term;
            }
            // A full step can jump over the minimum and back for ever.
            let step = (slope / bend).clamp(-1.0, 1.0);
            weights[at] -= step;
            moved = moved.max(step.abs());
        }
        if moved < 1e-4 {
            break;
        }
    }
    // A share that says more must never say less.
    weights[1] = weights[1].max(0.05);
    Scale(weights.map(|weight| weight as f32))
}

/// A row that may be accepted.
struct Accepted {
    probability: f32,
    right: bool,
    set: usize,
}

/// For each budget, the lowest probability from which on it held: in all rows together and in each reviewed map by itself,
/// since a new source is of one kind and not of the mean of all. One error more is counted than there was; in a map with few
/// accepted rows, one that chance may have made is forgiven.
fn thresholds(mut rows: Vec<Accepted>) -> Vec<(f32, f32)> {
    rows.sort_by(|left, right| right.probability.total_cmp(&left.probability));
    let sets = rows.iter().map(|row| row.set + 1).max().unwrap_or_default();
    let mut found: Vec<(f32, f32)> = Vec::new();
    for budget in BUDGETS {
        let held = |wrong: usize, all: usize| (wrong + 1) as f32 <= budget * (all + 2) as f32;
        let forgiven =
            |wrong: usize, all: usize| all as f32 * budget < 10.0 && wrong.saturating_sub(1) as f32 <= budget * all as f32;
        let of_set = |(wrong, all): &(usize, usize)| held(*wrong, *all) || forgiven(*wrong, *all);
        let (mut counts, mut wrong, mut lowest) = (vec![(0usize, 0usize); sets], 0usize, None);
        for (place, row) in rows.iter().enumerate() {
            let missed = usize::from(!row.right);
            wrong += missed;
            if let Some((wrong, all)) = counts.get_mut(row.set) {
                (*wrong, *all) = (*wrong + missed, *all + 1);
            }
            let last_of_equals = rows.get(place + 1).is_none_or(|next| next.probability < row.probability);
            if last_of_equals && place + 1 >= FEWEST && held(wrong, place + 1) && counts.iter().all(of_set) {
                lowest = Some(row.probability);
            }
        }
        found.extend(lowest.map(|lowest| (budget, lowest)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(rows: impl Iterator<Item = (f32, bool, usize)>) -> Vec<Accepted> {
        let row = |(probability, right, set)| Accepted { probability, right, set };
        rows.map(row).collect()
    }

    #[test]
    fn thresholds_hold_their_budget() {
        let rows: Vec<(f32, bool, usize)> = (0..1000).map(|n| (n as f32 / 1000.0, n % 10 != 0 || n > 700, 0)).collect();
        for (budget, threshold) in thresholds(accepted(rows.iter().copied())) {
            let accepted: Vec<&(f32, bool, usize)> = rows.iter().filter(|row| row.0 >= threshold).collect();
            let wrong = accepted.iter().filter(|row| !row.1).count();
            assert!(wrong as f32 <= budget * accepted.len() as f32, "{budget} {threshold}");
        }
        assert!(thresholds(accepted([(0.9, false, 0); 50].into_iter())).is_empty());
        assert!(
            thresholds(accepted([(0.9, true, 0); 5].into_iter())).is_empty(),
            "too few rows to believe"
        );
    }

    #[test]
    fn a_budget_holds_in_each_set() {
        // One set is always right, a smaller one is wrong every fifth time but for its surest rows.
        let rows = (0..2000).map(|n| {
            let hard = n % 10 == 0;
            (n as f32 / 2000.0, !(hard && n % 50 == 0 && n < 1500), usize::from(hard))
        });
        let rows: Vec<(f32, bool, usize)> = rows.collect();
        let found = thresholds(accepted(rows.iter().copied()));
        let (_, threshold) = found.iter().find(|(budget, _)| *budget == 0.05).unwrap();
        let hard: Vec<&(f32, bool, usize)> = rows.iter().filter(|row| row.2 == 1 && row.0 >= *threshold).collect();
        let wrong = hard.iter().filter(|row| !row.1).count();
        // One error is forgiven where so few are accepted.
        assert!(
            wrong.saturating_sub(1) as f32 <= 0.05 * hard.len() as f32,
            "{wrong} of {}",
            hard.len()
        );
        assert!(hard.len() < 100, "the set that is wrong more often keeps the threshold high");
    }

    #[test]
    fn a_scale_is_learned() {
        let points: Vec<Point> = (0..1000).map(|n| (Scale::terms(0.9, [0.0; STATED]), n % 2 == 0)).collect();
        assert!((fit(&points).probability(0.9, [0.0; STATED]) - 0.5).abs() < 0.02);
        let stated = |n: usize| [0.0, (n % 2) as f32, 0.0];
        let points: Vec<Point> = (0..1000)
            .map(|n| (Scale::terms(0.7, stated(n)), n % 2 == 0 || n % 4 == 1))
            .collect();
        let scale = fit(&points);
        assert!(scale.probability(0.7, stated(0)) > 0.95 && (scale.probability(0.7, stated(1)) - 0.5).abs() < 0.05);
    }

    #[test]
    fn untrained_accepts_nothing_and_a_table_comes_back() {
        assert_eq!(Calibration::default().accept(0.5), None);
        let features = vec!["first".to_owned(), "second".to_owned()];
        let width = STATISTICS.len() + 1;
        let rows: Vec<Judged> = (0..300)
            .map(|n| Judged {
                inputs: vec![(n % 97) as f32 / 97.0; width],
                stated: [0.0; STATED],
                set: 0,
                right: n % 97 > 30,
                fold: n % 5,
            })
            .collect();
        let trained = Calibration::train(vec![1], &rows, 5);
        let mut read = Calibration::default();
        for line in trained.lines(&features) {
            let (name, value) = line.split_once('\t').unwrap();
            let name = name.strip_prefix("calibration.").unwrap();
            read.read_line(name, value, &features).unwrap();
        }
        assert_eq!(read, trained);
        assert!(read.accept(0.03).is_some());
    }
}

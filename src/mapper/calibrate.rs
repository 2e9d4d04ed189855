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
    /// The logistic curve: offset and slope on the log odds of the forest's share.
    offset: f32,
    slope: f32,
    /// For each kept budget that can be held: the budget, and the probability from which on it holds.
    thresholds: Vec<(f32, f32)>,
}

/// One source's candidates, best first, as the calibration sees them, and whether the first is right.
pub(super) struct Judged {
    /// The inputs, of [`Calibration::inputs`].
    pub inputs: Vec<f32>,
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

    /// What it looks at, for candidates sorted best first; empty without candidates.
    pub fn inputs(&self, scored: &[Scored]) -> Vec<f32> {
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
        self.scaled(self.forest.share(&inputs))
    }

    fn scaled(&self, share: f32) -> f32 {
        sigmoid(self.offset + self.slope * log_odds(share)).clamp(0.0005, 0.9995)
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
        let mut unseen: Vec<(f32, bool)> = Vec::with_capacity(rows.len());
        for fold in 0..folds {
            let seen: Vec<Row> = rows
                .iter()
                .zip(&all)
                .filter(|(row, _)| row.fold != fold)
                .map(|(_, row)| row.clone())
                .collect();
            let forest = Forest::train(&seen);
            let own = rows.iter().filter(|row| row.fold == fold);
            unseen.extend(own.map(|row| (forest.share(&row.inputs), row.right)));
        }
        let (offset, slope) = platt(&unseen);
        let mut calibration = Self {
            features,
            forest: Forest::train(&all),
            offset,
            slope,
            thresholds: Vec::new(),
        };
        let probabilities = unseen.iter().map(|(share, right)| (calibration.scaled(*share), *right));
        calibration.thresholds = thresholds(probabilities.collect());
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
            format!("calibration.scale\t{} {}", self.offset, self.slope),
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
            "scale" => (self.offset, self.slope) = pair(value)?,
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

/// Logistic regression of right or wrong on the log odds of a share: offset and slope.
fn platt(rows: &[(f32, bool)]) -> (f32, f32) {
    let (mut offset, mut slope) = (0.0f64, 1.0f64);
    // Newton's method on two variables; a little pull towards the identity keeps tiny sets sane.
    for _ in 0..60 {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.1 * offset, 0.1 * (slope - 1.0), 0.1, 0.0, 0.1);
        for (share, right) in rows {
            let x = f64::from(log_odds(*share));
            let guess = 1.0 / (1.0 + (-(offset + slope * x)).exp());
            let miss = guess - f64::from(u8::from(*right));
            let weight = guess * (1.0 - guess);
            g0 += miss;
            g1 += miss * x;
            h00 += weight;
            h01 += weight * x;
            h11 += weight * x * x;
        }
        let determinant = h00 * h11 - h01 * h01;
        if determinant.abs() < 1e-12 {
            break;
        }
        let (first, second) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        // A full step can jump over the minimum and back for ever.
        let short = 1.0 / (first.abs().max(second.abs() * 3.0)).max(1.0);
        offset -= first * short;
        slope -= second * short;
    }
    (offset as f32, slope.max(0.05) as f32)
}

/// For each budget, the lowest probability from which on no more than this share was wrong, one error more counted
/// than there was.
fn thresholds(mut rows: Vec<(f32, bool)>) -> Vec<(f32, f32)> {
    rows.sort_by(|left, right| right.0.total_cmp(&left.0));
    let mut found: Vec<(f32, f32)> = Vec::new();
    for budget in BUDGETS {
        let (mut wrong, mut lowest) = (0usize, None);
        for (place, (probability, right)) in rows.iter().enumerate() {
            wrong += usize::from(!right);
            let last_of_equals = rows.get(place + 1).is_none_or(|next| next.0 < *probability);
            let held = (wrong + 1) as f32 <= budget * (place + 2) as f32;
            if last_of_equals && held && place + 1 >= FEWEST {
                lowest = Some(*probability);
            }
        }
        found.extend(lowest.map(|lowest| (budget, lowest)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_hold_their_budget() {
        let rows: Vec<(f32, bool)> = (0..1000).map(|n| (n as f32 / 1000.0, n % 10 != 0 || n > 700)).collect();
        for (budget, threshold) in thresholds(rows.clone()) {
            let accepted: Vec<&(f32, bool)> = rows.iter().filter(|row| row.0 >= threshold).collect();
            let wrong = accepted.iter().filter(|row| !row.1).count();
            assert!(wrong as f32 <= budget * accepted.len() as f32, "{budget} {threshold}");
        }
        assert!(thresholds(vec![(0.9, false); 50]).is_empty());
        assert!(thresholds(vec![(0.9, true); 5]).is_empty(), "too few rows to believe");
    }

    #[test]
    fn a_scale_is_learned() {
        let rows: Vec<(f32, bool)> = (0..1000).map(|n| (0.9, n % 2 == 0)).collect();
        let (offset, slope) = platt(&rows);
        assert!((sigmoid(offset + slope * log_odds(0.9)) - 0.5).abs() < 0.02);
    }

    #[test]
    fn untrained_accepts_nothing_and_a_table_comes_back() {
        assert_eq!(Calibration::default().accept(0.5), None);
        let features = vec!["first".to_owned(), "second".to_owned()];
        let width = STATISTICS.len() + 1;
        let rows: Vec<Judged> = (0..300)
            .map(|n| Judged {
                inputs: vec![(n % 97) as f32 / 97.0; width],
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

//! From a ranking to a probability that can be trusted, and from an error budget to what is accepted by itself.
//!
//! The share that a ranking gives its first candidate says which of several is best, not whether any is right. A
//! [`Forest`] learned that from reviewed rows: it looks at the whole list (margins), at the first candidate's words and
//! features, and at facts of the source. What it says is brought to scale by logistic curves (Platt scaling), fitted
//! on rows that the trees had not seen, one for each kind of source ([`super::kinds`]). The same rows give the thresholds
//! of [`Calibration::accept`]: from which probability on so many in a hundred were wrong.
//!
//! A domain that was not trained has a cautious formula and no threshold: nothing of it is accepted by itself.

use super::Scored;
use super::forest::{Forest, Row};
use super::item::Kind;
use super::kinds::{Point, Scales, Thresholds};
use super::rank::{Evidence, FACTS, softmax};

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

/// A domain's way from a ranking to a probability.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Calibration {
    /// Features of the first candidate that are inputs too.
    features: Vec<u16>,
    forest: Forest,
    /// From the forest's share to a probability.
    scales: Scales,
    /// From an error budget to the probability from which on it holds.
    thresholds: Thresholds,
}

/// One source's candidates, best first, as the calibration sees them, and whether the first is right.
pub(super) struct Judged {
    /// The inputs, of [`Calibration::inputs`].
    pub inputs: Vec<f32>,
    /// The columns that the source fills.
    pub kind: Kind,
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
    pub fn judged(&self, scored: &[Scored], kind: Kind, right: bool, set: usize, fold: usize) -> Judged {
        Judged {
            inputs: self.inputs(scored),
            kind,
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

    /// How likely the first of some candidates is right, of a source of this kind.
    pub fn probability(&self, scored: &[Scored], kind: Kind) -> f32 {
        let Some(first) = scored.first() else { return 0.0 };
        let inputs = self.inputs(scored);
        if !self.is_trained() {
            let share = inputs.first().copied().unwrap_or_default();
            let evidence = &first.evidence;
            let covered = evidence.cosine * evidence.source_coverage / (1.0 + evidence.conflicts);
            return (share.sqrt() * covered * 0.9).clamp(0.0005, 0.95);
        }
        self.scales.probability(self.forest.share(&inputs), kind)
    }

    /// The probability from which on candidates for a source of this kind may be accepted so that no more than `budget`
    /// of them are wrong, as far as reviewed rows tell; `None` when no threshold was found to hold it.
    pub fn accept(&self, budget: f32, kind: Kind) -> Option<f32> {
        self.thresholds.accept(budget, kind)
    }

    /// Learns from judged rows. Their folds are used inside, to learn the scales on rows the trees have not seen.
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
        let points = rows.iter().zip(&shares).map(|(row, share)| Point {
            share: *share,
            kind: row.kind,
            set: row.set,
            right: row.right,
        });
        let points: Vec<Point> = points.collect();
        let scales = Scales::fit(&points);
        Self {
            features,
            forest: Forest::train(&all),
            thresholds: Thresholds::find(&points, &scales),
            scales,
        }
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
        let mut lines = vec![format!("calibration.inputs\t{}", names.join(" "))];
        lines.extend(self.scales.lines());
        lines.extend(self.thresholds.lines());
        lines.extend(self.forest.lines().map(|line| format!("calibration.tree\t{line}")));
        lines
    }

    /// Reads a line of a table; `None` for one that is damaged or made for other inputs.
    pub fn read_line(&mut self, name: &str, value: &str, feature_names: &[String]) -> Option<()> {
        match name {
            "inputs" => {
                let mut names = value.split(' ');
                let known = STATISTICS.iter().all(|wanted| names.next() == Some(*wanted));
                let place = |name: &str| feature_names.iter().position(|known| known == name);
                let features: Option<Vec<u16>> = names.map(|name| place(name).map(|place| place as u16)).collect();
                self.features = features.filter(|_| known)?;
            }
            "scale" => self.scales.read_line(value)?,
            "budget" => self.thresholds.read_line(value)?,
            "tree" => self.forest.read_line(value, STATISTICS.len() + self.features.len())?,
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrained_accepts_nothing_and_a_table_comes_back() {
        assert_eq!(Calibration::default().accept(0.5, Kind::default()), None);
        let features = vec!["first".to_owned(), "second".to_owned()];
        let width = STATISTICS.len() + 1;
        let rows: Vec<Judged> = (0..300)
            .map(|n| Judged {
                inputs: vec![(n % 97) as f32 / 97.0; width],
                kind: Kind::default(),
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
        assert!(read.accept(0.03, Kind::default()).is_some());
    }
}

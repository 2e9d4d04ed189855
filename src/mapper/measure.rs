//! How good predictions are against reviewed rows: the measures that `tern train` and the evaluation print.
//!
//! Definitions: accuracy@k is the share of rows with an answer that have a right code among the first k. Coverage at a
//! precision is the largest share of all rows that can be accepted by falling probability, rows of equal probability
//! together, so that this share of the accepted is right; a row without an answer that is accepted is wrong. The
//! calibration error is the expected one over ten bins of equal width. It reads no files and knows no vocabulary.

use super::train::{Example, Prediction};

/// Bins of the calibration error.
const BINS: usize = 10;

/// One row as it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judgement {
    /// Whether a right answer exists.
    pub has_answer: bool,
    /// Place of the first right code among those predicted, from 1.
    pub place: Option<usize>,
    /// Probability of the first code; none where nothing was predicted.
    pub probability: Option<f64>,
    /// How often the row occurs, where that is known.
    pub count: Option<f64>,
}

impl Judgement {
    /// Judges a prediction by what is right. Probabilities count as they are written, to five digits.
    pub fn of(example: &Example, prediction: &Prediction) -> Self {
        let right = |code: &str| example.codes.iter().any(|wanted| wanted == code);
        Self {
            has_answer: !example.codes.is_empty(),
            place: prediction
                .codes
                .iter()
                .position(|(code, _)| right(code))
                .map(|place| place + 1),
            probability: prediction.codes.first().and_then(|(_, p)| format!("{p:.5}").parse().ok()),
            count: example.count,
        }
    }

    /// Whether the first code is right.
    pub fn is_right(&self) -> bool {
        self.place == Some(1)
    }
}

/// A share; none of nothing.
pub fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Share of the rows with an answer that have a right code among the first `k`.
pub fn accuracy(rows: &[Judgement], k: usize) -> Option<f64> {
    let answerable = rows.iter().filter(|row| row.has_answer);
    let hits = answerable.clone().filter(|row| row.place.is_some_and(|place| place <= k));
    share(hits.count() as f64, answerable.count() as f64)
}

/// Share of the rows with an answer whose first code is right, by their counts; rows without a count are left out.
pub fn weighted_accuracy(rows: &[Judgement]) -> Option<f64> {
    let counted = rows.iter().filter(|row| row.has_answer);
    let counted = counted.filter_map(|row| Some((row.count.filter(|count| *count >= 0.0)?, row.is_right())));
    let (mut right, mut all) = (0.0, 0.0);
    for (count, is_right) in counted {
        all += count;
        right += if is_right { count } else { 0.0 };
    }
    share(right, all)
}

/// The largest share of all rows that can be accepted with this precision.
pub fn coverage(rows: &[Judgement], precision: f64) -> Option<f64> {
    let mut answered: Vec<(f64, bool)> = rows
        .iter()
        .filter_map(|row| Some((row.probability?, row.is_right())))
        .collect();
    answered.sort_by(|left, right| right.0.total_cmp(&left.0));
    let (mut right, mut best) = (0usize, 0usize);
    for (place, (probability, is_right)) in answered.iter().enumerate() {
        right += usize::from(*is_right);
        let accepted = place + 1;
        let last_of_equals = answered.get(accepted).is_none_or(|next| next.0 < *probability);
        if last_of_equals && right as f64 >= precision * accepted as f64 - 1e-9 {
            best = accepted;
        }
    }
    share(best as f64, rows.len() as f64)
}

/// Expected calibration error of the first codes' probabilities.
pub fn calibration_error(rows: &[Judgement]) -> Option<f64> {
    let mut bins = [(0.0f64, 0.0f64); BINS];
    let mut answered = 0usize;
    for row in rows {
        let Some(probability) = row.probability else { continue };
        answered += 1;
        if let Some(bin) = bins.get_mut(((probability * BINS as f64) as usize).min(BINS - 1)) {
            bin.0 += probability;
            bin.1 += f64::from(u8::from(row.is_right()));
        }
    }
    share(
        bins.iter().map(|(stated, right)| (stated - right).abs()).sum(),
        answered as f64,
    )
}

/// Precision and recall of abstaining: of the rows that `abstains` names, the share without an answer; of the rows
/// without an answer, the share that it names. None where every row has an answer.
pub fn abstention(rows: &[Judgement], abstains: impl Fn(usize, &Judgement) -> bool) -> (Option<f64>, Option<f64>) {
    let unanswerable = rows.iter().filter(|row| !row.has_answer).count();
    if unanswerable == 0 {
        return (None, None);
    }
    let (mut abstained, mut rightly) = (0usize, 0usize);
    for (place, row) in rows.iter().enumerate() {
        if abstains(place, row) {
            abstained += 1;
            rightly += usize::from(!row.has_answer);
        }
    }
    (
        share(rightly as f64, abstained as f64),
        share(rightly as f64, unanswerable as f64),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(has_answer: bool, place: Option<usize>, probability: f64, count: f64) -> Judgement {
        Judgement {
            has_answer,
            place,
            probability: Some(probability).filter(|p| *p > 0.0),
            count: Some(count).filter(|count| *count > 0.0),
        }
    }

    /// Two right first, one right second, one row without an answer that got one, one that did not.
    fn rows() -> Vec<Judgement> {
        vec![
            row(true, Some(1), 0.9, 90.0),
            row(true, Some(2), 0.8, 8.0),
            row(true, Some(1), 0.7, 2.0),
            row(false, None, 0.6, 5.0),
            row(false, None, 0.0, 0.0),
        ]
    }

    fn near(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found - wanted).abs() < 1e-9)
    }

    #[test]
    fn accuracy_is_of_the_rows_with_an_answer() {
        let rows = rows();
        assert!(near(accuracy(&rows, 1), 2.0 / 3.0) && near(accuracy(&rows, 5), 1.0));
        assert!(near(weighted_accuracy(&rows), 92.0 / 100.0));
        assert_eq!(accuracy(&[], 1), None);
        assert_eq!(weighted_accuracy(&[row(true, Some(1), 0.5, 0.0)]), None);
    }

    #[test]
    fn coverage_takes_equal_probabilities_together() {
        assert!(near(coverage(&rows(), 0.95), 1.0 / 5.0));
        let equal = [
            row(true, Some(1), 0.9, 1.0),
            row(true, None, 0.9, 1.0),
            row(true, Some(1), 0.5, 1.0),
        ];
        assert!(near(coverage(&equal, 0.95), 0.0) && near(coverage(&equal, 0.6), 1.0));
    }

    #[test]
    fn calibration_compares_what_is_said_with_what_is_so() {
        assert!(near(calibration_error(&rows()), (0.1 + 0.8 + 0.3 + 0.6) / 4.0));
        let sure = [row(true, Some(1), 1.0, 1.0), row(true, None, 1e-12, 1.0)];
        assert!(calibration_error(&sure).unwrap() < 1e-9);
        assert_eq!(calibration_error(&[]), None);
    }

    #[test]
    fn abstaining_is_right_where_there_is_no_answer() {
        let silent = |_: usize, row: &Judgement| row.probability.is_none();
        let (precision, recall) = abstention(&rows(), silent);
        assert!(near(precision, 1.0) && near(recall, 0.5));
        assert_eq!(abstention(&rows()[..3], silent), (None, None));
    }
}

//! Sources that fill the same columns are of one kind, and each kind has a scale and thresholds of its own.
//!
//! A probability that is right for lists with specimen, section and unit is too high for bare names and too low for lists
//! with a brand, and an error budget that the whole of the reviewed rows holds may be broken by one kind and wasted by
//! another. So the curve that brings shares to scale and the thresholds of error budgets are learned for every kind that
//! was reviewed often enough; other kinds have what all rows together say. The curve is that of beta calibration (Kull,
//! Silva Filho and Flach 2017): a logistic one in which low and high shares have slopes of their own, since reviewed maps
//! have errors, too, and the best share is then less than sure. It knows no features and ranks nothing.

use super::item::Kind;
use super::rank::sigmoid;
use std::collections::BTreeMap;

/// Fewest rows of a kind from which a curve of its own is learned; few rows move it little.
const FOR_A_CURVE: usize = 40;
/// What holds the curve of a kind to that of all rows, in units of what rows say.
const OF_A_KIND: f64 = 2.0;
/// Fewest rows of a kind from which it has thresholds of its own.
const FOR_THRESHOLDS: usize = 150;
/// Error budgets for which a threshold is kept.
const BUDGETS: [f32; 9] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3];
/// Fewest accepted rows from which a share of errors is believed.
const FEWEST: usize = 20;

/// A curve: its offset, and its slopes on the logarithm of the share and on that of what the share lacks of one, negated.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Curve([f32; 3]);

/// From the share that a forest gives to a probability.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Scales {
    /// For kinds that are not in `own`.
    pub shared: Curve,
    /// By kind.
    pub own: BTreeMap<Kind, Curve>,
}

/// A budget, and the probability from which on it holds.
pub(super) type Threshold = (f32, f32);

/// From an error budget to a probability.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Thresholds {
    /// For kinds that are not in `own`.
    pub shared: Vec<Threshold>,
    /// By kind; with none for a kind of which no budget holds.
    pub own: BTreeMap<Kind, Vec<Threshold>>,
}

/// A reviewed row whose first candidate has a share from trees that have not seen it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub share: f32,
    pub kind: Kind,
    /// The reviewed map that it is from.
    pub set: usize,
    pub right: bool,
}

impl Curve {
    /// What leaves a share as it is.
    const IDENTITY: Self = Self([0.0, 1.0, 1.0]);

    fn terms(share: f32) -> [f32; 3] {
        let share = share.clamp(0.005, 0.995);
        [1.0, share.ln(), -(1.0 - share).ln()]
    }

    fn probability(&self, share: f32) -> f32 {
        sigmoid(
            self.0
                .iter()
                .zip(Self::terms(share))
                .map(|(weight, term)| weight * term)
                .sum(),
        )
    }
}

impl Scales {
    /// Learns the curves.
    pub fn fit(points: &[Point]) -> Self {
        // Enough to keep tiny sets sane.
        let shared = fit(points, Curve::IDENTITY, 0.1);
        let own = by_kind(points, FOR_A_CURVE).map(|(kind, rows)| (kind, fit(&rows, shared, OF_A_KIND)));
        Self {
            own: own.collect(),
            shared,
        }
    }

    /// The lines of a table: three numbers for all kinds, and a kind before them for its own.
    pub fn lines(&self) -> Vec<String> {
        let line = |kind: String, Curve([offset, low, high]): &Curve| format!("calibration.scale\t{kind}{offset} {low} {high}");
        let own = self.own.iter().map(|(kind, curve)| line(format!("{kind} "), curve));
        std::iter::once(line(String::new(), &self.shared)).chain(own).collect()
    }

    /// Reads the value of such a line; `None` for one that is damaged.
    pub fn read_line(&mut self, value: &str) -> Option<()> {
        let parts: Vec<&str> = value.split(' ').collect();
        let curve = |numbers: &[&str]| {
            let mut curve = Curve::IDENTITY;
            for (weight, number) in curve.0.iter_mut().zip(numbers) {
                *weight = number.parse().ok().filter(|number: &f32| number.is_finite())?;
            }
            Some(curve)
        };
        match parts[..] {
            [_, _, _] => self.shared = curve(&parts)?,
            [kind, ref numbers @ ..] if numbers.len() == 3 => {
                self.own.insert(Kind::parse(kind)?, curve(numbers)?);
            }
            _ => return None,
        }
        Some(())
    }

    /// What a share means for a source of a kind.
    pub fn probability(&self, share: f32, kind: Kind) -> f32 {
        let curve = self.own.get(&kind).unwrap_or(&self.shared);
        curve.probability(share).clamp(0.0005, 0.9995)
    }
}

impl Thresholds {
    /// Finds the thresholds on probabilities of these scales.
    pub fn find(points: &[Point], scales: &Scales) -> Self {
        let accepted = |point: &Point| Accepted {
            probability: scales.probability(point.share, point.kind),
            right: point.right,
            set: point.set,
        };
        let of_kind = |(kind, rows): (Kind, Vec<Point>)| (kind, thresholds(rows.iter().map(accepted).collect()));
        let own = by_kind(points, FOR_THRESHOLDS).map(of_kind);
        Self {
            shared: thresholds(points.iter().map(accepted).collect()),
            own: own.collect(),
        }
    }

    /// The lines of a table: budget and probability for all kinds, and a kind before them for its own; a kind alone has
    /// none that holds.
    pub fn lines(&self) -> Vec<String> {
        let line = |kind: &str, (budget, least): &Threshold| format!("calibration.budget\t{kind}{budget} {least}");
        let shared = self.shared.iter().map(|threshold| line("", threshold));
        let own = self.own.iter().flat_map(|(kind, thresholds)| {
            let of_kind = thresholds.iter().map(move |threshold| line(&format!("{kind} "), threshold));
            std::iter::once(format!("calibration.budget\t{kind}")).chain(of_kind)
        });
        shared.chain(own).collect()
    }

    /// Reads the value of such a line; `None` for one that is damaged.
    pub fn read_line(&mut self, value: &str) -> Option<()> {
        let parts: Vec<&str> = value.split(' ').collect();
        let threshold = |budget: &str, least: &str| Some((budget.parse().ok()?, least.parse().ok()?));
        match parts[..] {
            [kind] => {
                self.own.entry(Kind::parse(kind)?).or_default();
            }
            [budget, least] => self.shared.push(threshold(budget, least)?),
            [kind, budget, least] => self
                .own
                .entry(Kind::parse(kind)?)
                .or_default()
                .push(threshold(budget, least)?),
            _ => return None,
        }
        Some(())
    }

    /// The probability from which on candidates for a source of a kind may be accepted so that no more than `budget` of
    /// them are wrong, as far as reviewed rows tell; `None` when no threshold was found to hold it.
    pub fn accept(&self, budget: f32, kind: Kind) -> Option<f32> {
        let known = self.own.get(&kind).unwrap_or(&self.shared);
        let held = known.iter().filter(|(own, _)| *own <= budget + 1e-6);
        held.max_by(|left, right| left.0.total_cmp(&right.0))
            .map(|(_, threshold)| *threshold)
    }
}

/// The rows of each kind that has so many.
fn by_kind(points: &[Point], least: usize) -> impl Iterator<Item = (Kind, Vec<Point>)> {
    let mut found: BTreeMap<Kind, Vec<Point>> = BTreeMap::new();
    points
        .iter()
        .for_each(|point| found.entry(point.kind).or_default().push(*point));
    found.into_iter().filter(move |(_, rows)| rows.len() >= least)
}

/// Logistic regression of right or wrong, one weight after the other by Newton's method, until nothing moves; `pull`
/// holds each to its start.
fn fit(points: &[Point], start: Curve, pull: f64) -> Curve {
    // A share that says more must never say less.
    const LEAST: [f64; 3] = [f64::NEG_INFINITY, 0.02, 0.02];
    let rows = points
        .iter()
        .map(|point| (Curve::terms(point.share).map(f64::from), f64::from(u8::from(point.right))));
    let rows: Vec<([f64; 3], f64)> = rows.collect();
    let start = start.0.map(f64::from);
    let mut weights = start;
    for _ in 0..400 {
        let mut moved = 0.0f64;
        for at in 0..weights.len() {
            // All arrays here have three entries.
            let (mut gradient, mut bend) = (pull * (weights[at] - start[at]), pull);
            for (terms, right) in &rows {
                let score: f64 = weights.iter().zip(terms).map(|(weight, term)| weight * term).sum();
                let guess = 1.0 / (1.0 + (-score).exp());
                gradient += (guess - right) * terms[at];
                bend += guess * (1.0 - guess) * terms[at] * terms[at];
            }
            // A full step can jump over the minimum and back for ever.
            let next = (weights[at] - (gradient / bend).clamp(-1.0, 1.0)).max(LEAST[at]);
            moved = moved.max((next - weights[at]).abs());
            weights[at] = next;
        }
        if moved < 1e-4 {
            break;
        }
    }
    Curve(weights.map(|weight| weight as f32))
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
fn thresholds(mut rows: Vec<Accepted>) -> Vec<Threshold> {
    rows.sort_by(|left, right| right.probability.total_cmp(&left.probability));
    let sets = rows.iter().map(|row| row.set + 1).max().unwrap_or_default();
    let mut found: Vec<Threshold> = Vec::new();
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
    use super::super::SourceItem;
    use super::super::item::Role;
    use super::*;

    fn kind(roles: &[Role]) -> Kind {
        let mut item = SourceItem::default();
        roles.iter().for_each(|role| item.set(*role, "x"));
        item.kind()
    }

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
    fn each_kind_has_its_scale_and_its_thresholds_and_a_new_one_has_those_of_all() {
        let (bare, full, rare) = (kind(&[Role::Name]), kind(&[Role::Name, Role::Unit]), kind(&[Role::Brand]));
        assert!(bare != full && bare == kind(&[Role::Code]) && full.to_string() == "unit");
        // Bare names are right every second time whatever their share says; full ones always, at the same share.
        let points: Vec<Point> = (0..1000)
            .map(|n| Point {
                share: 0.8,
                kind: if n % 2 == 0 { bare } else { full },
                set: 0,
                right: n % 2 == 1 || n % 4 == 0,
            })
            .collect();
        let scales = Scales::fit(&points);
        let found = [bare, full, rare].map(|kind| scales.probability(0.8, kind));
        assert!((found[0] - 0.5).abs() < 0.05 && found[1] > 0.95, "{found:?}");
        assert!((found[2] - 0.75).abs() < 0.05, "{found:?}");
        let thresholds = Thresholds::find(&points, &scales);
        assert!(thresholds.accept(0.03, bare).is_none());
        assert!(thresholds.accept(0.03, full).is_some());
    }

    proptest::proptest! {
        #[test]
        fn a_greater_share_never_means_less(rows in proptest::collection::vec((0.0f32..1.0, proptest::bool::ANY), 0..200)) {
            let points: Vec<Point> = rows
                .iter()
                .map(|(share, right)| Point { share: *share, kind: Kind::default(), set: 0, right: *right })
                .collect();
            let scales = Scales::fit(&points);
            let found: Vec<f32> = (0..=20).map(|n| scales.probability(n as f32 / 20.0, Kind::default())).collect();
            proptest::prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", found);
        }
    }
}

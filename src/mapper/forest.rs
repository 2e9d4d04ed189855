//! Extremely randomised trees: how likely the first candidate is right, from facts that do not add up linearly.
//!
//! Whether a mapping can be trusted is a matter of *combinations* (no unit, and two candidates that differ in nothing
//! but the property), which a linear calibration cannot say. A forest of trees with random cuts (Geurts, Ernst and
//! Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006) says them, needs no scaling of its inputs and
//! hardly overfits a few thousand rows. Training is deterministic: its random numbers come from a seed.
//!
//! It knows no domain and no text: rows of numbers in, a share out. Its text form is one line per tree.

use rayon::prelude::*;
use std::fmt::Write;

/// Trees of a forest.
const TREES: u64 = 64;
/// Fewest rows in a leaf.
const LEAF: usize = 6;
/// Rows for each that a leaf must have at least, so that the table of a large set is no larger than that of a small one.
const SHARE: usize = 1100;

/// A row to learn from: its inputs, and whether it was right.
pub(super) type Row = (Vec<f32>, bool);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    /// Rows with less than `cut` go to the next node, the others to node `above`.
    Split { input: u16, cut: f32, above: u32 },
    /// The share of right rows.
    Leaf(f32),
}

/// A tree, its nodes depth first.
#[derive(Debug, Clone, Default, PartialEq)]
struct Tree(Vec<Node>);

/// A trained forest; an empty one knows nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Forest(Vec<Tree>);

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 (included) to 1 (excluded).
    fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

impl Forest {
    /// Learns from rows, which all have the same number of inputs.
    pub fn train(rows: &[Row]) -> Self {
        if rows.is_empty() {
            return Self::default();
        }
        let trees = (0..TREES).into_par_iter().map(|seed| Tree::train(rows, seed));
        Self(trees.collect())
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mean share of right rows among those like this one; one half when nothing was learned.
    pub fn share(&self, inputs: &[f32]) -> f32 {
        if self.0.is_empty() {
            return 0.5;
        }
        let sum: f32 = self.0.iter().map(|tree| tree.share(inputs)).sum();
        sum / self.0.len() as f32
    }

    /// One line per tree: `input<cut` and `=per mille`, depth first, parted by blanks.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(Tree::line)
    }

    /// Adds a tree from its line; `None` when the line is none of [`Forest::lines`] for so many inputs.
    pub fn read_line(&mut self, line: &str, inputs: usize) -> Option<()> {
        self.0.push(Tree::parse(line, inputs)?);
        Some(())
    }
}

impl Tree {
    fn train(rows: &[Row], seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0xd134_2543_de82_ef95));
        let mut tree = Self::default();
        let mut members: Vec<u32> = (0..rows.len() as u32).collect();
        tree.grow(rows, &mut members, &mut random);
        tree
    }

    fn grow(&mut self, rows: &[Row], members: &mut [u32], random: &mut Random) {
        let right = members.iter().filter(|member| is_right(rows, **member)).count();
        let split = if members.len() < 2 * fewest(rows) || right == 0 || right == members.len() {
            None
        } else {
            best_cut(rows, members, random)
        };
        let Some((input, cut)) = split else {
            self.0.push(Node::Leaf(per_mille(right as f32 / members.len().max(1) as f32)));
            return;
        };
        let mut below = 0;
        for at in 0..members.len() {
            if value(rows, members[at], input) < cut {
                members.swap(below, at);
                below += 1;
            }
        }
        let place = self.0.len();
        self.0.push(Node::Leaf(0.0));
        let (left, rest) = members.split_at_mut(below);
        self.grow(rows, left, random);
        let above = self.0.len() as u32;
        self.grow(rows, rest, random);
        if let Some(node) = self.0.get_mut(place) {
            *node = Node::Split {
                input: input as u16,
                cut,
                above,
            };
        }
    }

    fn share(&self, inputs: &[f32]) -> f32 {
        let mut at = 0;
        // Children come after their parent, so this ends.
        loop {
            match self.0.get(at) {
                Some(Node::Leaf(share)) => return *share,
                Some(Node::Split { input, cut, above }) => {
                    let value = inputs.get(usize::from(*input)).copied().unwrap_or_default();
                    at = if value < *cut { at + 1 } else { *above as usize };
                }
                None => return 0.5,
            }
        }
    }

    fn line(&self) -> String {
        let mut line = String::new();
        for node in &self.0 {
            // Writing to a string cannot fail.
            let _ = match node {
                Node::Leaf(share) => write!(line, "={} ", (share * 1000.0).round()),
                Node::Split { input, cut, .. } => write!(line, "{input}<{cut} "),
            };
        }
        line.trim_end().to_owned()
    }

    fn parse(line: &str, inputs: usize) -> Option<Self> {
        let mut tree = Self::default();
        // Splits whose second branch has not begun yet.
        let mut open: Vec<usize> = Vec::new();
        let mut complete = false;
        for token in line.split_whitespace() {
            if complete {
                return None;
            }
            if let Some(share) = token.strip_prefix('=') {
                let share: f32 = share.parse().ok().filter(|share| (0.0..=1000.0).contains(share))?;
                tree.0.push(Node::Leaf(share / 1000.0));
                let next = tree.0.len() as u32;
                match open.pop() {
                    Some(place) => {
                        if let Some(Node::Split { above, .. }) = tree.0.get_mut(place) {
                            *above = next;
                        }
                    }
                    None => complete = true,
                }
            } else {
                let (input, cut) = token.split_once('<')?;
                let input: u16 = input.parse().ok().filter(|input| usize::from(*input) < inputs)?;
                let cut: f32 = cut.parse().ok().filter(|cut: &f32| cut.is_finite())?;
                open.push(tree.0.len());
                tree.0.push(Node::Split { input, cut, above: 0 });
            }
        }
        complete.then_some(tree)
    }
}

/// Rows in a leaf, at least.
fn fewest(rows: &[Row]) -> usize {
    LEAF.max(rows.len() / SHARE)
}

/// Shares are kept as they are written, so that a forest is the same after it was written and read.
fn per_mille(share: f32) -> f32 {
    (share * 1000.0).round() / 1000.0
}

fn value(rows: &[Row], member: u32, input: usize) -> f32 {
    rows.get(member as usize)
        .and_then(|(inputs, _)| inputs.get(input))
        .copied()
        .unwrap_or_default()
}

fn is_right(rows: &[Row], member: u32) -> bool {
    rows.get(member as usize).is_some_and(|(_, right)| *right)
}

/// The best of one random cut each of half of the inputs; `None` when no cut leaves enough on both sides.
fn best_cut(rows: &[Row], members: &[u32], random: &mut Random) -> Option<(usize, f32)> {
    let width = rows.first().map_or(0, |(inputs, _)| inputs.len());
    let mut order: Vec<usize> = (0..width).collect();
    let mut best: Option<(f32, usize, f32)> = None;
    let mut tried = 0;
    for place in 0..width {
        if tried * 2 > width {
            break;
        }
        order.swap(place, place + random.below(width - place));
        let Some(&input) = order.get(place) else { break };
        let values = members.iter().map(|member| value(rows, *member, input));
        let (low, high) = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low >= high {
            continue;
        }
        tried += 1;
        // Four digits are written; the cut is rounded to them before it is used.
        let cut = ((low + (high - low) * random.share()) * 1e4).round() / 1e4;
        let (mut below, mut below_right, mut right) = (0usize, 0usize, 0usize);
        for member in members {
            let is_right = usize::from(is_right(rows, *member));
            right += is_right;
            if value(rows, *member, input) < cut {
                below += 1;
                below_right += is_right;
            }
        }
        let above = members.len() - below;
        if below < fewest(rows) || above < fewest(rows) {
            continue;
        }
        let impurity = |count: usize, right: usize| right as f32 * (count - right) as f32 / count as f32;
        let left_over = impurity(below, below_right) + impurity(above, right - below_right);
        if best.is_none_or(|(least, ..)| left_over < least) {
            best = Some((left_over, input, cut));
        }
    }
    best.map(|(_, input, cut)| (input, cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Right when exactly one of the first two inputs is high: nothing that a linear model can say.
    fn exclusive(count: u64) -> Vec<Row> {
        let mut random = Random(7);
        (0..count)
            .map(|_| {
                let inputs = vec![random.share(), random.share(), random.share()];
                let right = (inputs[0] > 0.5) != (inputs[1] > 0.5);
                (inputs, right)
            })
            .collect()
    }

    #[test]
    fn combinations_are_learned() {
        let forest = Forest::train(&exclusive(600));
        let hits = exclusive(900)
            .iter()
            .skip(600)
            .filter(|(inputs, right)| (forest.share(inputs) > 0.5) == *right)
            .count();
        assert!(hits > 270, "{hits} of 300");
    }

    #[test]
    fn a_forest_comes_back_as_it_was_written() {
        let forest = Forest::train(&exclusive(200));
        let mut read = Forest::default();
        for line in forest.lines() {
            read.read_line(&line, 3).unwrap();
        }
        assert_eq!(read, forest);
        assert_eq!(Forest::train(&exclusive(200)), forest, "training is deterministic");
    }

    #[test]
    fn lines_that_are_no_trees_are_refused() {
        for line in ["", "0<1", "0<1 =5", "=5 =6", "9<1 =5 =6", "0<x =5 =6", "=5000", "0<NaN =1 =2"] {
            assert!(Forest::default().read_line(line, 3).is_none(), "{line}");
        }
    }

    #[test]
    fn nothing_learned_says_nothing() {
        assert_eq!(Forest::train(&[]).share(&[1.0]), 0.5);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_without_panic(line in "[0-9<=. -]{0,60}") {
            let mut forest = Forest::default();
            if forest.read_line(&line, 4).is_some() {
                proptest::prop_assert!((0.0..=1.0).contains(&forest.share(&[0.1, 0.2])));
            }
        }
    }
}

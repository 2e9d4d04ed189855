//! Folds of a cross-validation: what belongs together is never on both sides.
//!
//! Rows of one name belong together, and so do rows that were made from one row of a file, such as a product by its
//! ingredient and by its text; and what belongs to one of them belongs to all. A fold is told by the hash of the first
//! name, so that it is the same in every run and build. It trains nothing.

use super::item::Role;
use super::train::Example;
use super::words::words;
use std::collections::HashMap;

/// What a model may see of a row, and which model judges it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The fold whose model judges it.
    pub fold: usize,
    /// The folds, by bit, whose models must not see it.
    pub hidden: u64,
    /// Its fold inside a training, by name and row in any split.
    pub inner: usize,
}

/// Rows parted into folds.
#[derive(Debug)]
pub(super) struct Split {
    /// How many folds there are.
    pub count: usize,
    /// The place of each row.
    pub places: Vec<Place>,
}

/// Whether the model of a fold may see a row that is hidden from these; the model after the last fold sees everything.
pub(super) fn is_seen(hidden: u64, fold: usize) -> bool {
    hidden & bit(fold) == 0
}

fn bit(fold: usize) -> u64 {
    1u64.checked_shl(fold as u32).unwrap_or(0)
}

impl Split {
    /// By name and row: the cross-validation.
    pub fn by_name(examples: &[Example], count: usize) -> Self {
        let folds = folds(examples, count);
        let places = folds.into_iter().map(|fold| Place {
            fold,
            hidden: bit(fold),
            inner: fold,
        });
        Self {
            count,
            places: places.collect(),
        }
    }

    /// By the set that a row is from, of at most 63. What shares a name or a row with a set is hidden from its model too.
    pub fn by_set(examples: &[Example], inner: usize) -> Self {
        let leaders = leaders(examples).0;
        let mut hidden = vec![0u64; examples.len()];
        for (leader, example) in leaders.iter().zip(examples) {
            if let Some(sets) = hidden.get_mut(*leader) {
                *sets |= bit(example.set);
            }
        }
        let rows = leaders.iter().zip(folds(examples, inner)).zip(examples);
        let places = rows.map(|((leader, inner), example)| Place {
            fold: example.set,
            hidden: hidden.get(*leader).copied().unwrap_or_default(),
            inner,
        });
        Self {
            count: examples.iter().map(|example| example.set + 1).max().unwrap_or_default(),
            places: places.collect(),
        }
    }
}

/// The fold of each example.
fn folds(examples: &[Example], count: usize) -> Vec<usize> {
    let (leaders, names) = leaders(examples);
    let place = |leader: usize| names.get(leader).map_or(0, |name| hash(name) as usize % count.max(1));
    leaders.into_iter().map(place).collect()
}

/// The first row of each example's group, and the names of all.
fn leaders(examples: &[Example]) -> (Vec<usize>, Vec<String>) {
    let names: Vec<String> = examples.iter().map(|example| normal(example.item.get(Role::Name))).collect();
    let mut above: Vec<usize> = (0..examples.len()).collect();
    let mut firsts: HashMap<(bool, &str), usize> = HashMap::new();
    for (place, (example, name)) in examples.iter().zip(&names).enumerate() {
        for key in [(true, name.as_str()), (false, example.origin.as_str())] {
            if key.0 || !key.1.is_empty() {
                let first = *firsts.entry(key).or_insert(place);
                let (left, right) = (top(&mut above, first), top(&mut above, place));
                // The earlier one leads, so that the leader is always the first row of its group.
                if let Some(slot) = above.get_mut(left.max(right)) {
                    *slot = left.min(right);
                }
            }
        }
    }
    let found = (0..examples.len()).map(|own| top(&mut above, own)).collect();
    (found, names)
}

/// The leader of a group, with the way to it shortened.
fn top(above: &mut [usize], mut at: usize) -> usize {
    while let Some(next) = above.get(at).copied().filter(|next| *next != at) {
        let further = above.get(next).copied().unwrap_or(next);
        if let Some(slot) = above.get_mut(at) {
            *slot = further;
        }
        at = next;
    }
    at
}

fn normal(name: &str) -> String {
    words(name).join(" ")
}

/// FNV-1a: the same in every run and build.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash >> 20
}

#[cfg(test)]
mod tests {
    use super::super::SourceItem;
    use super::*;
    use proptest::prelude::*;

    fn example(name: &str, origin: &str) -> Example {
        let mut item = SourceItem::default();
        item.set(Role::Name, name);
        Example {
            id: String::new(),
            origin: origin.to_owned(),
            set: 0,
            item,
            codes: Vec::new(),
            weight: 1.0,
            count: None,
        }
    }

    #[test]
    fn a_row_without_kin_is_where_its_name_says() {
        let alone = folds(&[example("Salbutamol", "")], 5);
        assert_eq!(alone, folds(&[example("salbutamol!", "x 1")], 5));
    }

    #[test]
    fn a_set_is_judged_by_what_has_seen_none_of_its_kin() {
        let of = |set: usize, name: &str| Example {
            set,
            ..example(name, "")
        };
        let split = Split::by_set(&[of(0, "Salbutamol"), of(1, "salbutamol"), of(1, "zorvamide")], 5);
        assert_eq!(split.count, 2);
        let seen = |row: usize, fold: usize| is_seen(split.places[row].hidden, fold);
        assert!(!seen(0, 0) && !seen(0, 1) && !seen(1, 0) && seen(2, 0) && !seen(2, 1));
        assert!(seen(0, 2) && split.places[2].fold == 1);
    }

    proptest! {
        #[test]
        fn what_shares_a_name_or_a_row_shares_its_fold(rows in proptest::collection::vec((0u8..30, 0u8..30), 0..60)) {
            let examples: Vec<Example> = rows
                .iter()
                .map(|(name, origin)| example(&format!("name {name}"), &format!("row {origin}")))
                .collect();
            let found = folds(&examples, 5);
            for (left, one) in rows.iter().zip(&found) {
                for (right, other) in rows.iter().zip(&found) {
                    prop_assert!((left.0 != right.0 && left.1 != right.1) || one == other);
                }
            }
        }
    }
}

//! Folds of a cross-validation: what belongs together is never on both sides.
//!
//! Rows of one name belong together, and so do rows that were made from one row of a file, such as a product by its
//! ingredient and by its text; and what belongs to one of them belongs to all. A fold is told by the hash of the first
//! name, so that it is the same in every run and build. It trains nothing.

use super::item::Role;
use super::train::Example;
use super::words::words;
use std::collections::HashMap;

/// The fold of each example.
pub(super) fn folds(examples: &[Example], count: usize) -> Vec<usize> {
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
    let place = |leader: usize| names.get(leader).map_or(0, |name| hash(name) as usize % count.max(1));
    (0..examples.len()).map(|own| place(top(&mut above, own))).collect()
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

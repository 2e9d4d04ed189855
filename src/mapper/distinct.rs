//! Equal tuples are mapped once: rows in, the number of each row's tuple out, new tuples mapped in parallel.
//!
//! Shared by tables and by the bulk service. New tuples are kept in the order of their first row, so that nothing depends
//! on the number of threads.

use foldhash::fast::FixedState;
use rayon::prelude::*;
use std::collections::HashMap;

/// Tuples seen so far, with what was kept of each.
#[derive(Debug)]
pub(super) struct Distinct<R> {
    numbers: HashMap<Box<str>, u32, FixedState>,
    kept: Vec<R>,
    key_bytes: usize,
}

impl<R> Default for Distinct<R> {
    fn default() -> Self {
        Self {
            numbers: HashMap::default(),
            kept: Vec::new(),
            key_bytes: 0,
        }
    }
}

impl<R> Distinct<R> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Bytes of what tells them apart.
    pub fn key_bytes(&self) -> usize {
        self.key_bytes
    }

    /// What was kept of a tuple.
    pub fn get(&self, number: u32) -> Option<&R> {
        self.kept.get(number as usize)
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.kept.clear();
        self.key_bytes = 0;
    }

    /// The number of each row's tuple. `key` writes what tells tuples apart, or says that the row has none; `map` is
    /// called once for each new tuple, in parallel, and `keep` with its results in order.
    pub fn place<T: Sync, O: Send>(
        &mut self,
        rows: &[T],
        key: impl Fn(&T, &mut String) -> bool,
        map: impl Fn(&T) -> O + Sync,
        keep: impl FnMut(O) -> R,
    ) -> Vec<Option<u32>> {
        let mut text = String::new();
        let mut fresh: Vec<&T> = Vec::new();
        let first_new = self.kept.len() as u32;
        let mut number_of = |row| {
            text.clear();
            if !key(row, &mut text) {
                return None;
            }
            if let Some(number) = self.numbers.get(text.as_str()) {
                return Some(*number);
            }
            let number = first_new + fresh.len() as u32;
            self.numbers.insert(text.as_str().into(), number);
            self.key_bytes += text.len();
            fresh.push(row);
            Some(number)
        };
        let numbers = rows.iter().map(&mut number_of).collect();
        let outcomes: Vec<O> = fresh.par_iter().map(|row| map(row)).collect();
        self.kept.extend(outcomes.into_iter().map(keep));
        numbers
    }
}

/// Adds a field to a key. The length keeps ("a", "b") and ("ab", "") apart whatever the fields hold.
pub(super) fn add_field(key: &mut String, field: &str) {
    let mut length = field.len();
    // In base 64, without an allocation: this is done for every field of every row.
    while length > 0 {
        key.push(char::from(b'0' + (length % 64) as u8));
        length /= 64;
    }
    key.push(' ');
    key.push_str(field);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    proptest::proptest! {
        #[test]
        fn every_row_gets_what_its_tuple_gives_and_each_tuple_is_mapped_once(
            blocks in proptest::collection::vec(proptest::collection::vec(("[a:1]{0,2}", "[a:1]{0,2}"), 0..8), 0..4),
        ) {
            let (mut distinct, calls) = (Distinct::default(), AtomicUsize::new(0));
            let mut seen = std::collections::BTreeSet::new();
            for rows in &blocks {
                let key = |row: &(String, String), key: &mut String| {
                    add_field(key, &row.0);
                    add_field(key, &row.1);
                    row.0 != "1"
                };
                let map = |row: &(String, String)| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    row.clone()
                };
                let numbers = distinct.place(rows, key, map, |row| row);
                for (row, number) in rows.iter().zip(numbers) {
                    let kept = number.and_then(|number| distinct.get(number));
                    proptest::prop_assert_eq!(kept, (row.0 != "1").then_some(row));
                    seen.extend((row.0 != "1").then_some(row));
                }
            }
            proptest::prop_assert_eq!((calls.into_inner(), distinct.len()), (seen.len(), seen.len()));
        }
    }
}

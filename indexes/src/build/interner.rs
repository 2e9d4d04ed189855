//! Numbers distinct strings in the order of their first use.
//!
//! A release has millions of identifiers, each of them met several times: the strings lie in one heap, and the table
//! that finds them again holds nothing but their numbers.

use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Distinct strings by number.
#[derive(Debug, Default)]
pub(super) struct Interner {
    heap: String,
    /// Where each string ends in the heap; it begins where the one before it ends.
    ends: Vec<usize>,
    /// Numbers + 1 by hash, 0 where there is none; a power of two of them, at least half again as many as strings.
    slots: Vec<u32>,
}

impl Interner {
    /// The number of a string, which it is given if it has none.
    pub fn intern(&mut self, text: &str) -> u32 {
        if (self.ends.len() + 1) * 3 > self.slots.len() * 2 {
            self.grow();
        }
        let slot = self.slot(text);
        if let Some(number) = self.slots[slot].checked_sub(1) {
            return number;
        }
        // Fewer distinct strings than u32::MAX fit into memory with the rest; `count_u32` checks at the end.
        let number = self.ends.len() as u32;
        self.heap.push_str(text);
        self.ends.push(self.heap.len());
        self.slots[slot] = number + 1;
        number
    }

    /// The number of a string that has one.
    pub fn number(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[self.slot(text)].checked_sub(1)
    }

    /// A string by its number; empty for a number that none has.
    pub fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 {
            0
        } else {
            self.ends.get(number - 1).copied().unwrap_or(0)
        };
        let end = self.ends.get(number).copied().unwrap_or(start);
        self.heap.get(start..end).unwrap_or("")
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|number| self.get(number as u32))
    }

    /// The slot that holds a string's number, or the free one where it belongs. There is always a free one.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = FixedState::default().hash_one(text) as usize & mask;
        while let Some(number) = self.slots[slot].checked_sub(1) {
            if self.get(number) == text {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(16)];
        for number in 0..self.ends.len() as u32 {
            let slot = self.slot(self.get(number));
            self.slots[slot] = number + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_string_has_one_number_and_comes_back_by_it(texts in proptest::collection::vec(".{0,3}", 0..200)) {
            let mut interner = Interner::default();
            let mut distinct: Vec<&str> = Vec::new();
            for text in &texts {
                let known = distinct.iter().position(|known| known == text);
                prop_assert_eq!(interner.number(text), known.map(|number| number as u32));
                let number = interner.intern(text);
                let expected = known.unwrap_or_else(|| {
                    distinct.push(text);
                    distinct.len() - 1
                });
                prop_assert_eq!(number as usize, expected);
            }
            prop_assert_eq!(interner.iter().collect::<Vec<_>>(), distinct);
            prop_assert_eq!(interner.get(interner.len() as u32), "");
        }
    }
}

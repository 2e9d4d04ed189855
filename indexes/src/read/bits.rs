//! A set with one bit for each concept: what joins and unions over large sets are made with.
//!
//! A [`ConceptSet`] is small wherever it lies, which is right for keeping and passing on; putting a hundred thousand
//! concepts into one in any order is slow. Here an insertion and a question cost a nanosecond, and turning the whole
//! into a `ConceptSet` some microseconds. What is out of its range is never in it, so no content of an index can
//! make it panic or grow.

use super::ConceptSet;

/// Bits of one word.
const BITS: usize = u64::BITS as usize;

/// A set of numbers below a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConceptBits {
    words: Vec<u64>,
}

impl ConceptBits {
    /// The empty set of numbers below `bound`, rounded up.
    pub fn new(bound: usize) -> Self {
        Self {
            words: vec![0; bound.div_ceil(BITS)],
        }
    }

    /// The same concepts as in `set`.
    pub fn of(set: &ConceptSet, bound: usize) -> Self {
        let mut bits = Self::new(bound);
        let mut runs = set.iter();
        while let Some(run) = runs.next_range() {
            bits.insert_run(*run.start(), *run.end());
        }
        bits
    }

    /// Adds a number.
    #[inline]
    pub fn insert(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / BITS) {
            *word |= 1 << (number as usize % BITS);
        }
    }

    /// Adds all of them.
    pub fn insert_all(&mut self, numbers: &[u32]) {
        numbers.iter().for_each(|number| self.insert(*number));
    }

    /// Takes all of them out.
    pub fn remove_all(&mut self, numbers: &[u32]) {
        for number in numbers {
            if let Some(word) = self.words.get_mut(*number as usize / BITS) {
                *word &= !(1 << (*number as usize % BITS));
            }
        }
    }

    /// Adds everything from `first` to `last`.
    pub fn insert_run(&mut self, first: u32, last: u32) {
        let (from, to) = (first as usize / BITS, last as usize / BITS);
        let head = u64::MAX << (first as usize % BITS);
        let tail = u64::MAX >> (BITS - 1 - last as usize % BITS);
        if first > last {
            return;
        }
        if from == to {
            self.fill(from, head & tail);
            return;
        }
        self.fill(from, head);
        let end = to.min(self.words.len());
        if let Some(between) = self.words.get_mut(from + 1..end) {
            between.fill(u64::MAX);
        }
        self.fill(to, tail);
    }

    fn fill(&mut self, place: usize, mask: u64) {
        if let Some(word) = self.words.get_mut(place) {
            *word |= mask;
        }
    }

    /// Whether a number is in.
    #[inline]
    pub fn contains(&self, number: u32) -> bool {
        let word = self.words.get(number as usize / BITS);
        word.is_some_and(|word| word >> (number as usize % BITS) & 1 != 0)
    }

    /// The bits themselves, 64 numbers to a word, the lowest first.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Keeps what is also in `other`.
    pub fn keep(&mut self, other: &Self) {
        for (place, word) in self.words.iter_mut().enumerate() {
            *word &= other.words.get(place).copied().unwrap_or(0);
        }
    }

    /// Adds what is in `other`.
    pub fn add(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// How many are in.
    pub fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether none is in.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.words).flat_map(|(place, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(place * BITS as u32 + bit)
            })
        })
    }

    /// The same as a set that is small at rest.
    pub fn into_set(self) -> ConceptSet {
        // Bytes of a word in ascending order of their bits, on any machine.
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        ConceptSet::from_lsb0_bytes(0, &bytes)
    }
}

/// Numbers in any order as a set; `bound` is above all that count.
pub(super) fn gathered(numbers: &[u32], bound: usize) -> ConceptSet {
    /// Below this share of the bound a set is filled one by one.
    const SPARSE: usize = 256;
    if numbers.len() < bound / SPARSE {
        return numbers.iter().copied().filter(|number| (*number as usize) < bound).collect();
    }
    let mut bits = ConceptBits::new(bound);
    bits.insert_all(numbers);
    bits.into_set()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set(bound in 1usize..700, numbers in prop::collection::vec(0u32..700, 0..60), runs in prop::collection::vec((0u32..700, 0u32..200), 0..6)) {
            let mut bits = ConceptBits::new(bound);
            let mut naive = BTreeSet::new();
            // What is rounded up still counts.
            let end = bound.div_ceil(64) as u32 * 64;
            bits.insert_all(&numbers);
            naive.extend(numbers.iter().copied().filter(|number| *number < end));
            for (first, more) in runs {
                bits.insert_run(first, first + more);
                naive.extend((first..=first + more).filter(|number| *number < end));
            }
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), naive.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(bits.len(), naive.len() as u64);
            prop_assert_eq!(bits.is_empty(), naive.is_empty());
            prop_assert!((0..900).all(|number| bits.contains(number) == naive.contains(&number)));
            let set: ConceptSet = naive.iter().copied().collect();
            prop_assert_eq!(ConceptBits::of(&set, bound), bits.clone());
            prop_assert_eq!(bits.clone().into_set(), set);
            let mut other = ConceptBits::new(bound);
            other.insert_run(10, 90);
            let mut both = bits.clone();
            both.keep(&other);
            prop_assert_eq!(both.iter().collect::<Vec<_>>(), naive.iter().copied().filter(|number| (10..=90).contains(number)).collect::<Vec<_>>());
            both.add(&bits);
            prop_assert_eq!(&both, &bits);
            both.remove_all(&numbers);
            prop_assert!((0..900).all(|number| both.contains(number) == (bits.contains(number) && !numbers.contains(&number))));
        }
    }

    #[test]
    fn a_run_backwards_is_none() {
        let mut bits = ConceptBits::new(100);
        bits.insert_run(20, 10);
        assert!(bits.is_empty());
    }
}

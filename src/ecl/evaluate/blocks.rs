//! One pass over the rows of attributes, a thousand concepts at a time.
//!
//! Rows ascend by concept, so that what is found of the concepts of a block stays in the nearest cache while the rows of
//! every attribute pass over it, and nothing has to be sorted, merged or kept. Threads share the blocks where there is
//! enough for them. What is done with a row, and what is told of a concept in the end, is the caller's.

use super::Found;
use super::budget::End;
use super::conditions::Passing;
use rayon::prelude::*;
use tern_index::read::{ConceptBits, ConceptSet, PropertyRows};

/// Concepts of a block.
pub(super) const BLOCK: usize = 1 << 10;
/// Concepts of a word.
pub(super) const WORD: usize = u64::BITS as usize;
/// Rows that a thread takes at least: what waking it costs is little beside them.
const SHARE: usize = 1 << 15;

/// The rows of an attribute, and which of them pass; `next` is the first that was not passed over.
#[derive(Clone)]
pub(super) struct Track<'r> {
    rows: PropertyRows<'r>,
    passing: Passing<'r>,
    next: usize,
}

impl<'r> Track<'r> {
    pub fn new(rows: PropertyRows<'r>, passing: Passing<'r>) -> Self {
        Self { rows, passing, next: 0 }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Gives the place in the block, the slot, and whether it passes, of each row of a block that begins at `first`.
    pub fn pass_over(&mut self, first: u32, mut each: impl FnMut(usize, u32, bool)) {
        let before = self.next.checked_sub(1).and_then(|last| self.rows.concepts.get(last));
        let start = match before {
            Some(before) if *before >= first => 0,
            _ => self.next,
        };
        let rest = self.rows.skip(start);
        let start = start + rest.concepts.partition_point(|concept| *concept < first);
        let rest = self.rows.skip(start);
        // What is asked is chosen once, not for each row.
        let read = match self.passing {
            Passing::All => pass_over(rest, first, |_| true, &mut each),
            Passing::None => 0,
            Passing::In(set) => pass_over(rest, first, |value| set.contains(value), &mut each),
            passing => pass_over(rest, first, |value| passing.accepts(value), &mut each),
        };
        self.next = start + read;
    }
}

/// Gives rows until one is of a later block; returns how many.
fn pass_over(rows: PropertyRows<'_>, first: u32, passes: impl Fn(u32) -> bool, each: &mut impl FnMut(usize, u32, bool)) -> usize {
    let mut read = 0;
    for ((concept, slot), value) in rows.concepts.iter().zip(rows.slots).zip(rows.values) {
        let place = concept.wrapping_sub(first) as usize;
        if place >= BLOCK {
            break;
        }
        each(place, *slot, passes(*value));
        read += 1;
    }
    read
}

/// Goes over the concepts of `focus` block by block: `tell` gets a worker that is its own, the first concept of a block,
/// and a bit for each of those that are meant, of which it leaves those that are found; it may give back others that it
/// cannot tell of. Returns what is found, and what was given back. `rows` is how many will be read.
pub(super) fn in_blocks<W: Clone + Send + Sync>(
    worker: W,
    focus: &ConceptSet,
    rows: usize,
    end: &End<'_>,
    tell: impl Fn(&mut W, u32, &mut [u64]) -> Vec<u32> + Sync,
) -> Found<(ConceptSet, ConceptSet)> {
    let (Some(first), Some(last)) = (focus.min(), focus.max()) else {
        return Ok((ConceptSet::new(), ConceptSet::new()));
    };
    let (start, stop) = (first as usize / BLOCK, last as usize / BLOCK + 1);
    let block = |worker: &mut W, (place, words): (usize, &mut [u64])| {
        if words.iter().all(|word| *word == 0) {
            return Ok(Vec::new());
        }
        end.check()?;
        Ok(tell(worker, ((start + place) * BLOCK) as u32, words))
    };
    let mut bits = ConceptBits::of(focus, stop * BLOCK);
    let words = bits.words_mut().get_mut(start * BLOCK / WORD..).unwrap_or_default();
    let beyond: Vec<Vec<u32>> = if rows < 2 * SHARE {
        let mut own = worker;
        let blocks = words.chunks_mut(BLOCK / WORD).enumerate();
        blocks.map(|each| block(&mut own, each)).collect::<Found<_>>()?
    } else {
        let least = (stop - start) * SHARE / rows;
        let blocks = words.par_chunks_mut(BLOCK / WORD).enumerate().with_min_len(least.max(1));
        blocks.map_init(|| worker.clone(), block).collect::<Found<_>>()?
    };
    Ok((bits.into_set(), beyond.into_iter().flatten().collect()))
}

/// The bits of 64 concepts, by what is known of each.
pub(super) fn word<T>(known: &[T], wanted: impl Fn(&T) -> bool) -> u64 {
    known.iter().rev().fold(0, |word, known| word << 1 | u64::from(wanted(known)))
}

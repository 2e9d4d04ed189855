//! How many attributes of a concept satisfy a condition: whether that is as often as the condition asks.
//!
//! What is asked of the concepts that a reversed attribute leads to is in `reversed`, what of groups in `masks`.

use super::blocks::{BLOCK, Track, WORD, in_blocks, word};
use super::conditions::{Condition, Names, Passing, ROWS, Test};
use super::{Evaluator, Found};
use crate::ecl::ast::Cardinality;
use tern_index::model::Ordinal;
use tern_index::read::ConceptSet;

/// `[0..0]`
const NONE: Cardinality = Cardinality {
    minimum: 0,
    maximum: Some(0),
};

impl<'i> Evaluator<'i> {
    /// The concepts of `focus` of which as many attributes satisfy a condition as it asks, and how they were found.
    pub(super) fn forward(&mut self, condition: &Condition, focus: ConceptSet) -> Found<(ConceptSet, &'static str)> {
        let cardinality = condition.cardinality;
        let (few, way) = match &condition.test {
            Test::Never => (Some(ConceptSet::new()), "nothing"),
            _ => (self.by_values(condition, &focus)?, "postings"),
        };
        let Some(few) = few else {
            return self.counted(condition, &focus);
        };
        let rest = match cardinality.admits(0) {
            true => focus - &few,
            false => ConceptSet::new(),
        };
        let admitted = match cardinality {
            Cardinality::DEFAULT => few,
            NONE => ConceptSet::new(),
            _ => self.counted(condition, &few)?.0,
        };
        Ok((admitted | rest, way))
    }

    fn counted(&mut self, condition: &Condition, focus: &ConceptSet) -> Found<(ConceptSet, &'static str)> {
        let Condition { names, cardinality, .. } = condition;
        let index = self.index;
        let passing = condition.passing(index);
        let parents = |concept: u32| {
            let parents = index.parents(Ordinal(concept)).filter(|_| names.is_a);
            parents.filter(|parent| passing.accepts(parent.0)).count() as u32
        };
        let tracks = self.tracks(names, passing, focus);
        let rows = tracks.iter().map(Track::len).sum::<usize>() + if names.is_a { focus.len() as usize } else { 0 };
        if focus.len().saturating_mul(self.costs.rows) < rows as u64 {
            let mut admitted = ConceptSet::new();
            for concept in focus {
                self.budget.spend(ROWS)?;
                let mut count = 0;
                self.slots_of(condition, concept, &mut |_| count += 1);
                if cardinality.admits(count) {
                    admitted.insert(concept);
                }
            }
            return Ok((admitted, "rows of what is left"));
        }
        self.budget.spend(rows as u64)?;
        let worker = (tracks, vec![0u32; BLOCK]);
        let (found, _) = in_blocks(worker, focus, rows, &self.budget.end, |(tracks, counts), first, words| {
            counts.fill(0);
            for track in tracks {
                track.pass_over(first, |place, _, passes| {
                    if let Some(count) = counts.get_mut(place) {
                        *count += u32::from(passes);
                    }
                });
            }
            if names.is_a {
                (first..)
                    .zip(counts.iter_mut())
                    .for_each(|(concept, count)| *count += parents(concept));
            }
            for (bits, counts) in words.iter_mut().zip(counts.chunks(WORD)) {
                *bits &= match cardinality {
                    &Cardinality::DEFAULT => word(counts, |count| *count > 0),
                    _ => word(counts, |count| cardinality.admits(u64::from(*count))),
                };
            }
            Vec::new()
        })?;
        Ok((found, "rows by attribute"))
    }

    /// The rows of some attributes, of concepts between the first and the last of `focus`.
    pub(super) fn tracks<'c>(&self, names: &Names, passing: Passing<'c>, focus: &ConceptSet) -> Vec<Track<'c>>
    where
        'i: 'c,
    {
        if matches!(passing, Passing::None) {
            return Vec::new();
        }
        let (first, last) = (focus.min().unwrap_or(0), focus.max().unwrap_or(0));
        let rows = names.properties.iter();
        let rows = rows.map(|property| self.index.property_rows(*property).between(first, last));
        rows.filter(|rows| !rows.is_empty())
            .map(|rows| Track::new(rows, passing))
            .collect()
    }
}

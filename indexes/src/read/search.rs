//! Search as analysts expect of a browser: prefixes of words in any order, one row per concept, best first.
//!
//! Order: a code typed in full; then by how the words match (the whole term; all words whole; beginnings, in the
//! order of the query from the first word on; beginnings in any order), by the kind of term, by length, and by
//! ordinal, which makes the order total: a page is the same at any size.

use super::{CodeSystemIndex, ConceptSet};
use crate::layout::{designations, text};
use crate::model::{DesignationKind, Ordinal};
use crate::text::{fold, words};
use std::collections::HashMap;

/// What to search for.
#[derive(Clone, Default)]
pub struct SearchOptions<'s> {
    /// Only these concepts.
    pub within: Option<&'s ConceptSet>,
    /// Retired concepts and retired terms too.
    pub inactive: bool,
    /// Hits to return; 0 for all.
    pub limit: usize,
    /// Asked now and then; once it says yes, the search ends with what it has, which is then no answer.
    pub stopped: Option<&'s (dyn Fn() -> bool + Sync)>,
}

impl std::fmt::Debug for SearchOptions<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SearchOptions")
            .field("within", &self.within)
            .field("inactive", &self.inactive)
            .field("limit", &self.limit)
            .field("stopped", &self.stopped.is_some())
            .finish()
    }
}

impl SearchOptions<'_> {
    /// Whether to go on no further, asked once in many steps.
    fn is_over(&self, step: usize) -> bool {
        step.is_multiple_of(STEPS) && self.stopped.is_some_and(|stopped| stopped())
    }
}

/// A concept found, with the term that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The concept.
    pub concept: Ordinal,
    /// Number of the designation that matched best, for [`CodeSystemIndex::designation_text`];
    /// `None` when the code matched.
    pub designation: Option<u32>,
    /// How well it matched and how long the term is; smaller is better. For merging the hits of several indexes.
    pub rank: (u8, u16),
}

/// How a term ranks; smaller is better.
type Rank = (u8, u8, u16, u32);

#[derive(Debug, Clone, Copy)]
struct Candidate {
    rank: Rank,
    concept: u32,
    designation: u32,
}

impl CodeSystemIndex {
    /// Finds concepts by the words of their terms or by their code, best first.
    pub fn search(&self, query: &str, options: &SearchOptions<'_>) -> Vec<Hit> {
        let folded = fold(query);
        let wanted: Vec<&str> = words(&folded).collect();
        let allowed = |concept: u32| options.within.is_none_or(|within| within.contains(concept));
        let by_code = self
            .find(query.trim())
            .filter(|concept| allowed(concept.0) && (options.inactive || self.is_active(*concept)));
        let mut hits: Vec<Hit> = by_code
            .into_iter()
            .map(|concept| Hit {
                concept,
                designation: None,
                rank: (0, 0),
            })
            .collect();
        if !wanted.is_empty() {
            let mut best = self.candidates(&wanted, options);
            best.retain(|concept, _| by_code.is_none_or(|code| code.0 != *concept) && allowed(*concept));
            let mut best: Vec<Candidate> = best.into_values().collect();
            self.refine(&mut best, &wanted, options);
            best.sort_unstable_by_key(|candidate| candidate.rank);
            hits.extend(best.into_iter().map(|candidate| Hit {
                concept: Ordinal(candidate.concept),
                designation: Some(candidate.designation),
                // 0 is a code.
                rank: (candidate.rank.0 + 1, candidate.rank.2),
            }));
        }
        if options.limit > 0 {
            hits.truncate(options.limit);
        }
        hits
    }

    /// Concepts with a term whose words begin with those of the query, and the one with that code; there is no limit.
    pub fn matching(&self, query: &str, options: &SearchOptions<'_>) -> ConceptSet {
        let folded = fold(query);
        let wanted: Vec<&str> = words(&folded).collect();
        if wanted.is_empty() {
            return self.all();
        }
        let mut set: ConceptSet = self.candidates(&wanted, options).into_keys().collect();
        set.extend(self.find(query.trim()).map(|concept| concept.0));
        set
    }

    /// The best term of every concept that matches.
    fn candidates(&self, wanted: &[&str], options: &SearchOptions<'_>) -> HashMap<u32, Candidate, foldhash::fast::FixedState> {
        let mut best: HashMap<u32, Candidate, foldhash::fast::FixedState> = HashMap::default();
        let mut offer = |candidate: Candidate| {
            let kept = best.entry(candidate.concept).or_insert(candidate);
            if candidate.rank < kept.rank {
                *kept = candidate;
            }
        };
        let inactive = |flags: u8| {
            let term = flags & designations::KIND_INACTIVE != 0;
            u8::from(term) + u8::from(flags & text::KIND_CONCEPT_INACTIVE != 0) * 2
        };
        let Some(text) = self.text() else {
            self.scan(wanted, options, &mut offer);
            return best;
        };
        let matches = text.matches(wanted);
        for (step, document) in matches.prefix.iter().enumerate() {
            if options.is_over(step) {
                return best;
            }
            let place = document as usize;
            let (Some(concept), Some(designation), Some(length), Some(flags)) = (
                text.concept.get(place),
                text.designation.get(place),
                text.length.get(place),
                text.kind.get(place),
            ) else {
                continue;
            };
            if (!options.inactive && inactive(*flags) != 0) || options.within.is_some_and(|within| !within.contains(*concept)) {
                continue;
            }
            let class = u8::from(!matches.whole.contains(document)) + WHOLE + inactive(*flags) * CLASSES;
            offer(Candidate {
                rank: (class, kind_rank(flags & 0x07), *length, *concept),
                concept: *concept,
                designation: *designation,
            });
        }
        best
    }

    /// The same without a word index: reads every term. Only for code systems small enough to have none.
    fn scan(&self, wanted: &[&str], options: &SearchOptions<'_>, offer: &mut dyn FnMut(Candidate)) {
        for (step, concept) in self.all().iter().enumerate() {
            if options.is_over(step) {
                return;
            }
            let retired = !self.is_active(Ordinal(concept));
            if (retired && !options.inactive) || options.within.is_some_and(|within| !within.contains(concept)) {
                continue;
            }
            for number in self.designation_numbers(Ordinal(concept)) {
                let kind = self.designation_kind(number);
                let active = self.designation_is_active(number);
                if kind == DesignationKind::Definition || (!active && !options.inactive) {
                    continue;
                }
                let term = self.designation_text(number);
                let folded = fold(&term);
                let own: Vec<&str> = words(&folded).collect();
                if !wanted.iter().all(|word| own.iter().any(|other| other.starts_with(word))) {
                    continue;
                }
                let whole = wanted.iter().all(|word| own.contains(word));
                let class = u8::from(!whole) + WHOLE + (u8::from(!active) + u8::from(retired) * 2) * CLASSES;
                offer(Candidate {
                    rank: (
                        class,
                        kind_rank(kind as u8),
                        u16::try_from(term.chars().count()).unwrap_or(u16::MAX),
                        concept,
                    ),
                    concept,
                    designation: number,
                });
            }
        }
    }

    /// Reads the candidates and tells them apart further: terms of exactly the words sought come before others with
    /// all of them whole, and terms that begin as the query does before others with the same beginnings. A query
    /// with more candidates than are worth reading is too short to mean either.
    fn refine(&self, best: &mut [Candidate], wanted: &[&str], options: &SearchOptions<'_>) {
        if best.len() > REFINED {
            return;
        }
        let mut sorted: Vec<&str> = wanted.to_vec();
        sorted.sort_unstable();
        for (step, candidate) in best.iter_mut().enumerate() {
            if options.is_over(step) {
                return;
            }
            let folded = fold(&self.designation_text(candidate.designation));
            let mut own: Vec<&str> = words(&folded).collect();
            let class = &mut candidate.rank.0;
            match *class % CLASSES {
                WHOLE => {
                    own.sort_unstable();
                    *class -= u8::from(own == sorted);
                }
                _ => *class += u8::from(!begins_in_order(&own, wanted)),
            }
        }
    }
}

/// Steps between two questions whether to go on: less than a millisecond's worth, if terms are read.
const STEPS: usize = 1 << 10;
/// Candidates that are read to rank them further: some milliseconds' worth.
const REFINED: usize = 20_000;
/// Classes of how a term matches: the same words, all words whole, beginnings in order, beginnings.
const CLASSES: u8 = 4;
const WHOLE: u8 = 1;

/// Whether the first word begins with the first word sought, and the others follow in their order.
fn begins_in_order(own: &[&str], wanted: &[&str]) -> bool {
    let first = own
        .first()
        .zip(wanted.first())
        .is_some_and(|(own, wanted)| own.starts_with(wanted));
    let mut rest = own.iter();
    first && wanted.iter().all(|wanted| rest.any(|own| own.starts_with(wanted)))
}

/// Displays before synonyms before fully specified names before related terms; not so much that a display
/// beats a shorter synonym of the same class by itself: synonyms rank with displays.
fn kind_rank(kind: u8) -> u8 {
    match DesignationKind::from_u8(kind) {
        Some(DesignationKind::Display | DesignationKind::Synonym) => 0,
        Some(DesignationKind::FullySpecifiedName) => 1,
        _ => 2,
    }
}

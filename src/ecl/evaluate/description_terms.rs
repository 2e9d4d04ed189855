//! Terms that are sought, made ready: what the word index knows of them, and what has to be read.
//!
//! Whole words, beginnings of words and the literal parts of patterns are looked up in the dictionary of the word index,
//! which gives the designations that have them all. Often that is the answer; where it is more than the answer, only
//! those designations are read. Definitions are not in the word index and are always read.

use super::{Evaluator, Found};
use crate::ecl::ast::SearchTerm;
use crate::ecl::terms::{Matcher, Scratch};
use std::sync::Arc;
use tern_index::read::{CodeSystemIndex, ConceptBits, WordPart};

/// Search terms that are looked up in the word index at most; more are read for in each term.
const LOOKED_UP: usize = 64;

/// Pieces of one search term that are looked up at most; what has these may still lack the others.
const PIECES: usize = 16;

/// Any of several search terms.
pub(super) struct SoughtTerms {
    matchers: Vec<Matcher>,
    known: Option<Known>,
}

/// What the word index knows.
struct Known {
    /// Designations that may match.
    possible: ConceptBits,
    /// Those of them that do.
    certain: ConceptBits,
    /// Designations that it does not know.
    definitions: Arc<Vec<u32>>,
}

impl SoughtTerms {
    /// Whether a designation matches any.
    pub fn accept(&self, index: &CodeSystemIndex, number: u32, scratch: &mut Scratch) -> bool {
        let read = |scratch: &mut Scratch| {
            let text = index.designation_text(number);
            self.matchers.iter().any(|matcher| {
                let language = matcher.heeds_language().then(|| index.designation_language(number)).flatten();
                matcher.is_match_in(&text, language, scratch)
            })
        };
        match &self.known {
            None => read(scratch),
            Some(known) if known.certain.contains(number) => true,
            Some(known) if known.possible.contains(number) => read(scratch),
            Some(known) => known.definitions.binary_search(&number).is_ok() && read(scratch),
        }
    }

    /// How many designations may match; `None` where that is not known.
    pub fn possible_count(&self) -> Option<u64> {
        let known = self.known.as_ref()?;
        Some(known.possible.len() + known.definitions.len() as u64)
    }

    /// All that may match, ascending.
    pub fn possible(&self) -> Vec<u32> {
        let Some(known) = &self.known else { return Vec::new() };
        let mut numbers: Vec<u32> = known.possible.iter().chain(known.definitions.iter().copied()).collect();
        // Two runs, which this joins.
        numbers.sort();
        numbers
    }
}

impl Evaluator<'_> {
    /// Makes search terms ready; the word index is asked where that is `worth_it`.
    pub(super) fn sought(&mut self, terms: &[SearchTerm], worth_it: bool) -> Found<SoughtTerms> {
        let matcher = |term| Matcher::for_languages(term, self.index.languages());
        let matchers: Vec<Matcher> = terms.iter().map(matcher).collect();
        let known = match worth_it && matchers.len() <= LOOKED_UP {
            true => self.looked_up(&matchers)?,
            false => None,
        };
        Ok(SoughtTerms { matchers, known })
    }

    fn looked_up(&mut self, matchers: &[Matcher]) -> Found<Option<Known>> {
        let index = self.index;
        let total = index.designation_count() as usize;
        let (mut possible, mut certain) = (ConceptBits::new(total), ConceptBits::new(total));
        for matcher in matchers {
            let mut parts = matcher.parts();
            if parts.list.is_empty() {
                return Ok(None);
            }
            parts.keep_telling(PIECES);
            let list: Vec<WordPart<'_>> = parts
                .list
                .iter()
                .map(|part| WordPart {
                    text: &part.text,
                    starts: part.starts,
                    ends: part.ends,
                })
                .collect();
            // Some words are in every second term.
            self.budget.spend(total as u64)?;
            self.budget.end.check()?;
            let Some(found) = index.designations_with(&list) else {
                return Ok(None);
            };
            possible.add(&found);
            if parts.exact {
                certain.add(&found);
            }
        }
        let definitions = self
            .definitions
            .get_or_init(|| Arc::new(index.definition_numbers().collect()))
            .clone();
        Ok(Some(Known {
            possible,
            certain,
            definitions,
        }))
    }
}

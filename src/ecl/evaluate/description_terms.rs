//! Terms that are sought, made ready: what the word index knows of them, and what has to be read.
//!
//! Whole words, beginnings of words and the literal parts of patterns are looked up in the dictionary of the word index,
//! which gives the designations that have them all. What no word has is looked for in the bytes of the terms (`sweep`). Often that is
//! the answer; where it is more than the answer, only those designations are read. Definitions are not in the word index and are
//! always read.

use super::sweep::swept;
use super::{Evaluator, Found};
use crate::ecl::ast::SearchTerm;
use crate::ecl::terms::{Matcher, Parts, Scratch, Signs};
use std::sync::Arc;
use tern_index::read::{CodeSystemIndex, ConceptBits, WordPart};

/// Search terms that are looked up in the word index at most; more are read for in each term.
const LOOKED_UP: usize = 64;

/// Pieces of one search term that are looked up at most; what has these may still lack the others.
const PIECES: usize = 16;

/// So many terms are read rather than looked up.
const SOME: u64 = 10_000;

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

    /// Designations that have parts of words, definitions aside.
    fn worded(&mut self, parts: &Parts) -> Found<Option<ConceptBits>> {
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
        self.budget.spend(u64::from(self.index.designation_count()))?;
        self.budget.end.check()?;
        Ok(self.index.designations_with(&list))
    }

    fn looked_up(&mut self, matchers: &[Matcher]) -> Found<Option<Known>> {
        let index = self.index;
        let total = index.designation_count() as usize;
        // Two sets of bits are kept as long as the filters that stand together.
        self.budget.hold_bytes(total / 4)?;
        let (mut possible, mut certain) = (ConceptBits::new(total), ConceptBits::new(total));
        for matcher in matchers {
            let signs = matcher.signs();
            let mut parts = matcher.parts();
            let found = match (signs, parts.list.is_empty()) {
                (Signs::Unknown, true) => return Ok(None),
                (signs @ (Signs::Never | Signs::Text { .. }), true) | (signs @ Signs::Never, false) => {
                    let (mut found, sure) = swept(index, &signs, &mut self.budget)?;
                    certain.add(&sure);
                    // Where few terms have marks, reading these is less than looking up what else they must have.
                    if !parts.list.is_empty() && found.len() > SOME {
                        parts.keep_telling(PIECES);
                        let Some(worded) = self.worded(&parts)? else { return Ok(None) };
                        found.keep(&worded);
                    }
                    found
                }
                (_, false) => {
                    parts.keep_telling(PIECES);
                    let Some(found) = self.worded(&parts)? else { return Ok(None) };
                    if parts.exact {
                        certain.add(&found);
                    }
                    found
                }
            };
            possible.add(&found);
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

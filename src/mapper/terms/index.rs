//! The terms of a code system as weighted units, and the search for those most like a name.
//!
//! A term's words count by how seldom concepts *bring them in*: a word that a concept has from the one above it says
//! nothing new, so that the many codes below "fracture of femur" do not make the femur a common word.

use super::lexicon::Lexicon;
use super::query::{Piece, Query, Token, pieces};
use crate::mapper::index::{Rows, common};
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::CodeSystemIndex;

/// The weight of a part of a word beside that of the word.
pub const PART: f32 = 0.4;

/// How much of a term's own length counts, against the mean of all terms.
const PIVOT: f32 = 0.6;

/// The share of its weight from which on a word is searched for.
const TELLING: f32 = 0.35;

/// The terms of a code system.
#[derive(Debug, Default)]
pub struct TermIndex {
    /// Their words.
    pub lexicon: Lexicon,
    tokens: Rows<Token>,
    classes: Rows<u32>,
    parts: Rows<u32>,
    concepts: Rows<(u32, u8)>,
    by_class: Rows<u32>,
    by_part: Rows<u32>,
    weights: Vec<f32>,
    norms: Vec<f32>,
    displays: Vec<u32>,
}

/// A term that shares units with a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The term.
    pub term: u32,
    /// Cosine of the weighted units.
    pub cosine: f32,
}

#[derive(Debug, Default)]
struct Scratch {
    scores: Vec<f32>,
    touched: Vec<u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// A text of a concept, split.
struct Text {
    words: Vec<Piece>,
    kind: u8,
}

impl TermIndex {
    /// Reads the terms of a code system.
    pub fn build(system: &CodeSystemIndex) -> Self {
        let count = system.len() as u32;
        let texts: Vec<Vec<Text>> = (0..count)
            .into_par_iter()
            .map(|concept| texts(system, Ordinal(concept)))
            .collect();
        let mut index = Self::default();
        let mut numbers: HashMap<Vec<Token>, u32> = HashMap::new();
        let mut terms: Vec<Vec<Token>> = Vec::new();
        let mut owners: Vec<(u32, (u32, u8))> = Vec::new();
        for (concept, texts) in (0u32..).zip(&texts) {
            let mut display = u32::MAX;
            for text in texts {
                let sequence: Vec<Token> = text
                    .words
                    .iter()
                    .map(|piece| Token {
                        word: index.lexicon.intern(&piece.text),
                        aside: piece.aside,
                        absent: piece.absent,
                    })
                    .collect();
                let next = terms.len() as u32;
                let term = *numbers.entry(sequence).or_insert_with_key(|sequence| {
                    terms.push(sequence.clone());
                    next
                });
                if display == u32::MAX || text.kind == DesignationKind::Display as u8 {
                    display = term;
                }
                owners.push((term, (concept, text.kind)));
            }
            index.displays.push(display);
        }
        drop(numbers);
        owners.sort_unstable();
        owners.dedup_by_key(|(term, (concept, _))| (*term, *concept));
        index.concepts = Rows::from_pairs(terms.len(), &owners);
        index.lexicon.finish();
        index.fill(&terms);
        index.weigh(system, terms.len());
        index
    }

    fn fill(&mut self, terms: &[Vec<Token>]) {
        let numbered = || (0u32..).zip(terms);
        let tokens: Vec<(u32, Token)> = numbered()
            .flat_map(|(term, all)| all.iter().map(move |token| (term, *token)))
            .collect();
        self.tokens = Rows::from_pairs(terms.len(), &tokens);
        let mut classes: Vec<(u32, u32)> = Vec::new();
        let mut parts: Vec<(u32, u32)> = Vec::new();
        for (term, token) in &tokens {
            if let Some(word) = self.lexicon.word(token.word) {
                classes.push((*term, word.class));
                parts.extend(word.parts.iter().map(|part| (*term, *part)));
            }
        }
        for pairs in [&mut classes, &mut parts] {
            pairs.par_sort_unstable();
            pairs.dedup();
        }
        self.classes = Rows::from_pairs(terms.len(), &classes);
        self.parts = Rows::from_pairs(terms.len(), &parts);
        let turn = |pairs: &[(u32, u32)]| {
            let mut turned: Vec<(u32, u32)> = pairs.iter().map(|(term, unit)| (*unit, *term)).collect();
            turned.par_sort_unstable();
            Rows::from_pairs(self.lexicon.units(), &turned)
        };
        self.by_class = turn(&classes);
        self.by_part = turn(&parts);
    }

    fn weigh(&mut self, system: &CodeSystemIndex, terms: usize) {
        let mut brought = vec![0u32; self.lexicon.units()];
        for concept in 0..system.len() as u32 {
            let own = self.classes.get(self.display(concept));
            let above = system.parents(Ordinal(concept)).next().map(|parent| self.display(parent.0));
            let above = above.map_or(&[][..], |term| self.classes.get(term));
            for class in own.iter().filter(|class| above.binary_search(class).is_err()) {
                if let Some(count) = brought.get_mut(*class as usize) {
                    *count += 1;
                }
            }
        }
        let total = system.len().max(1) as f32;
        self.weights = (0u32..)
            .zip(&brought)
            .map(|(unit, count)| (1.0 + total / (*count as f32 + 1.0)).ln() * self.lexicon.factor(unit))
            .collect();
        let norm = |term: u32| {
            let own: f32 = self.classes.get(term).iter().map(|unit| self.weight(*unit).powi(2)).sum();
            own.sqrt()
        };
        self.norms = (0..terms as u32).map(norm).collect();
        // Long terms are not held against a name that says only part of them as much as the cosine would.
        let mean = self.norms.iter().sum::<f32>() / terms.max(1) as f32;
        self.norms
            .iter_mut()
            .for_each(|norm| *norm = PIVOT * *norm + (1.0 - PIVOT) * mean);
    }

    /// How much a unit counts.
    pub fn weight(&self, unit: u32) -> f32 {
        self.weights.get(unit as usize).copied().unwrap_or_default()
    }

    /// How much a word counts that no term has.
    pub fn unknown_weight(&self) -> f32 {
        (1.0 + self.displays.len() as f32).ln()
    }

    /// The term that is a concept's display; `u32::MAX` for none.
    pub fn display(&self, concept: u32) -> u32 {
        self.displays.get(concept as usize).copied().unwrap_or(u32::MAX)
    }

    /// The words of a term, in order.
    pub fn tokens(&self, term: u32) -> &[Token] {
        self.tokens.get(term)
    }

    /// The classes of a term, sorted.
    pub fn classes(&self, term: u32) -> &[u32] {
        self.classes.get(term)
    }

    /// The parts of a term's words, sorted.
    pub fn parts(&self, term: u32) -> &[u32] {
        self.parts.get(term)
    }

    /// Concepts of a term, with the kind of the text there.
    pub fn concepts(&self, term: u32) -> &[(u32, u8)] {
        self.concepts.get(term)
    }

    /// The terms most like a query, best first, at most `limit`.
    pub fn search(&self, query: &Query, limit: usize) -> Vec<Hit> {
        SCRATCH.with_borrow_mut(|scratch| self.search_in(query, limit, scratch))
    }

    fn search_in(&self, query: &Query, limit: usize, scratch: &mut Scratch) -> Vec<Hit> {
        scratch.scores.resize(self.norms.len().max(scratch.scores.len()), 0.0);
        // Words that say little are in half of all terms: they are left to the comparison where others are there to search.
        let telling = query.searched.iter().any(|(unit, _)| self.lexicon.factor(*unit) >= TELLING);
        let searched = |unit: &u32| !telling || self.lexicon.factor(*unit) >= TELLING;
        for (unit, weight) in query.searched.iter().filter(|(unit, _)| searched(unit)) {
            let gain = weight * self.weight(*unit);
            for (postings, share) in [(&self.by_class, 1.0), (&self.by_part, PART)] {
                for term in postings.get(*unit) {
                    // Postings only hold numbers of terms, and there are as many scores as terms.
                    if let Some(score) = scratch.scores.get_mut(*term as usize) {
                        if *score == 0.0 {
                            scratch.touched.push(*term);
                        }
                        *score += gain * share;
                    }
                }
            }
        }
        let mut hits: Vec<Hit> = Vec::with_capacity(scratch.touched.len());
        for term in scratch.touched.drain(..) {
            let Some(score) = scratch.scores.get_mut(term as usize) else {
                continue;
            };
            let norms = query.norm * self.norms.get(term as usize).copied().unwrap_or(1.0).max(1e-3);
            hits.push(Hit {
                term,
                cosine: (*score / norms.max(1e-3)).min(1.2),
            });
            *score = 0.0;
        }
        let better = |left: &Hit, right: &Hit| right.cosine.total_cmp(&left.cosine).then(left.term.cmp(&right.term));
        if hits.len() > limit && limit > 0 {
            hits.select_nth_unstable_by(limit - 1, better);
            hits.truncate(limit);
        }
        for hit in &mut hits {
            hit.cosine = self.cosine(query, hit.term);
        }
        hits.sort_unstable_by(better);
        hits
    }

    /// Cosine of a query and one term.
    pub fn cosine(&self, query: &Query, term: u32) -> f32 {
        let (classes, parts) = (self.classes(term), self.parts(term));
        let mut sum = 0.0f32;
        for (unit, weight) in &query.units {
            let gain = weight * self.weight(*unit);
            for (own, share) in [(classes, 1.0), (parts, PART)] {
                sum += if own.binary_search(unit).is_ok() { gain * share } else { 0.0 };
            }
        }
        let norms = query.norm * self.norms.get(term as usize).copied().unwrap_or(1.0).max(1e-3);
        (sum / norms.max(1e-3)).min(1.2)
    }

    /// Whether two terms have the same classes but for those that count little.
    pub fn same_content(&self, left: u32, right: u32) -> bool {
        let (left, right) = (self.classes(left), self.classes(right));
        let content = |units: &[u32]| units.iter().filter(|unit| self.lexicon.factor(**unit) >= 0.5).count();
        let shared = common(left, right).filter(|unit| self.lexicon.factor(*unit) >= 0.5).count();
        shared == content(left) && shared == content(right)
    }
}

fn texts(system: &CodeSystemIndex, concept: Ordinal) -> Vec<Text> {
    let mut found = Vec::new();
    for number in system.designation_numbers(concept) {
        let kind = system.designation_kind(number);
        if kind == DesignationKind::Definition || !system.designation_is_active(number) {
            continue;
        }
        let text = system.designation_text(number);
        // SNOMED's semantic tag keeps a plain name from being equal.
        let plain = match kind {
            DesignationKind::FullySpecifiedName => text.rsplit_once(" (").map_or(&*text, |(plain, _)| plain),
            _ => &*text,
        };
        let words = pieces(plain);
        if !words.is_empty() {
            found.push(Text { words, kind: kind as u8 });
        }
    }
    found
}

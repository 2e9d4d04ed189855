//! Comparing a name with terms: which words are on both sides, and which only on one.
//!
//! Shared by all domains. A source may have several readings (short forms expanded, qualifiers dropped); a concept
//! is judged by its best term under its best reading.

use super::index::{Alternative, MatchIndex, QueryWord, Scratch};
use super::words::is_distinguishing;
use std::cell::RefCell;
use std::collections::HashMap;

/// How a term of a candidate matches a reading.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Lexical {
    /// Cosine of the weighted bags of words.
    pub cosine: f32,
    /// Share of the source's words, by weight, that the term has.
    pub source_coverage: f32,
    /// Share of the term's words, by weight, that the source has.
    pub target_coverage: f32,
    /// Distinguishing words that only the source has.
    pub source_conflicts: f32,
    /// Distinguishing words that only the term has.
    pub target_conflicts: f32,
    /// The domain's kind of the term.
    pub kind: u8,
    /// The same words on both sides.
    pub exact: bool,
    /// Number of the reading.
    pub reading: u8,
    /// Number of the term.
    pub term: u32,
    /// How near the term is in the space of an embedding; 0 without one.
    pub vector: f32,
    /// Only the embedding has found it.
    pub vector_only: bool,
}

/// Candidates that only an embedding has found and that a shortlist keeps beyond its length.
const BEYOND: usize = 32;

impl Lexical {
    /// By what terms and readings of one concept are compared.
    pub fn rank(&self) -> f32 {
        self.cosine - 0.03 * f32::from(self.kind) - 0.05 * (self.source_conflicts + self.target_conflicts)
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Concepts that share words with any reading, each with its best match, in order of the concepts.
pub(super) fn gather(index: &MatchIndex, readings: &[Vec<String>], terms: usize) -> Vec<(u32, Lexical)> {
    let mut best: HashMap<u32, Lexical> = HashMap::new();
    for (reading, words) in (0u8..).zip(readings) {
        let looked_up = index.query(words);
        let hits = SCRATCH.with_borrow_mut(|scratch| index.search(&looked_up, terms, scratch));
        for hit in hits {
            let lexical = compare(index, &looked_up, hit.term, hit.cosine, reading);
            for (concept, kind) in index.term_concepts(hit.term) {
                let lexical = Lexical { kind: *kind, ..lexical };
                let kept = best.entry(*concept).or_insert(lexical);
                if lexical.rank() > kept.rank() {
                    *kept = lexical;
                }
            }
        }
    }
    add_near(index, readings, &mut best);
    let mut found: Vec<(u32, Lexical)> = best.into_iter().collect();
    found.sort_unstable_by_key(|(concept, _)| *concept);
    found
}

fn compare(index: &MatchIndex, query: &[QueryWord], term: u32, cosine: f32, reading: u8) -> Lexical {
    let bag = index.term_words(term);
    let (mut wanted, mut found, mut conflicts) = (0.0f32, 0.0f32, 0.0f32);
    let mut covered: Vec<u32> = Vec::new();
    for word in query {
        let weight = word.weight.powi(2);
        wanted += weight;
        match meeting(word, bag) {
            Some(other) => {
                found += weight * other.trust;
                covered.push(other.word);
            }
            None if is_distinguishing(&word.text) => conflicts += 1.0,
            None => {}
        }
    }
    let (mut total, mut matched, mut extra) = (0.0f32, 0.0f32, 0.0f32);
    for word in bag {
        let weight = index.weight(*word).powi(2);
        total += weight;
        if covered.contains(word) {
            matched += weight;
        } else if is_distinguishing(index.word(*word)) {
            extra += 1.0;
        }
    }
    Lexical {
        cosine,
        source_coverage: if wanted > 0.0 { found / wanted } else { 0.0 },
        target_coverage: if total > 0.0 { matched / total } else { 0.0 },
        source_conflicts: conflicts,
        target_conflicts: extra,
        kind: 0,
        exact: covered.len() == bag.len() && query.len() == bag.len() && found >= wanted * 0.999,
        reading,
        term,
        vector: 0.0,
        vector_only: false,
    }
}

/// Concepts near any reading in the space of the index's embedding: concept, reading, cosine; none without one.
pub(super) fn near(index: &MatchIndex, readings: &[Vec<String>]) -> Vec<(u32, u8, f32)> {
    let Some(vectors) = index.vectors() else { return Vec::new() };
    let mut found: Vec<(u32, u8, f32)> = Vec::new();
    for (reading, words) in (0u8..).zip(readings) {
        let Some(near) = vectors.embed(index, words) else { continue };
        for (term, cosine) in vectors.nearest(&near) {
            let concepts = index.term_concepts(term);
            found.extend(concepts.iter().map(|(concept, _)| (*concept, reading, cosine)));
        }
    }
    found.sort_by(|left, right| left.0.cmp(&right.0).then(right.2.total_cmp(&left.2)));
    found.dedup_by_key(|(concept, ..)| *concept);
    found
}

/// Adds the concepts of terms near a reading in the space of the index's embedding, and says of the others how near they
/// are. The one place where an embedding has a say; without one nothing happens.
fn add_near(index: &MatchIndex, readings: &[Vec<String>], best: &mut HashMap<u32, Lexical>) {
    let Some(vectors) = index.vectors() else { return };
    for (reading, words) in (0u8..).zip(readings) {
        let Some(near) = vectors.embed(index, words) else { continue };
        for lexical in best.values_mut().filter(|lexical| !lexical.vector_only) {
            lexical.vector = lexical.vector.max(vectors.cosine(&near, lexical.term));
        }
        let looked_up = index.query(words);
        let bag = index.bag(words);
        for (term, cosine) in vectors.nearest(&near) {
            let own = index.cosine(&bag, index.term_words(term));
            let lexical = compare(index, &looked_up, term, own, reading);
            for (concept, kind) in index.term_concepts(term) {
                let found = Lexical {
                    kind: *kind,
                    vector: cosine,
                    vector_only: true,
                    ..lexical
                };
                let kept = best.entry(*concept).or_insert(found);
                if kept.vector_only && cosine > kept.vector {
                    *kept = found;
                }
                kept.vector = kept.vector.max(cosine);
            }
        }
    }
}

/// Shortens what is sorted best first. Of what lies beyond, candidates that only an embedding has found stay, a few: their
/// words cannot speak for them.
pub(super) fn shorten<T>(sorted: &mut Vec<T>, most: usize, lexical: impl Fn(&T) -> &Lexical) {
    let (mut seen, mut beyond) = (0, 0);
    sorted.retain(|one| {
        seen += 1;
        let stays = seen > most && beyond < BEYOND && lexical(one).vector_only;
        beyond += usize::from(stays);
        stays || seen <= most
    });
}

/// Which words of a reading and of a term meet, and which are left over.
#[derive(Debug, Default)]
pub(super) struct Alignment<'q> {
    /// Words of the reading with what they stand for in the term.
    pub matched: Vec<(&'q QueryWord, Alternative)>,
    /// Words of the reading that the term lacks.
    pub source_only: Vec<&'q QueryWord>,
    /// Words of the term that the reading lacks.
    pub target_only: Vec<u32>,
}

/// An [`Alignment`] in words, as it is shown.
#[derive(Debug, Default)]
pub(super) struct AlignedWords {
    /// The words of the term.
    pub term: Vec<String>,
    /// Words of the reading with what they stand for in the term.
    pub matched: Vec<(String, String)>,
    /// Words of the reading that the term lacks.
    pub source_only: Vec<String>,
    /// Words of the term that the reading lacks.
    pub target_only: Vec<String>,
}

/// Lays a reading beside a term of an index.
pub(super) fn align_words(index: &MatchIndex, reading: &[String], term: u32) -> AlignedWords {
    let bag = index.term_words(term);
    let query = index.query(reading);
    let alignment = align(&query, bag);
    let texts = |words: &[u32]| words.iter().map(|word| index.word(*word).to_owned()).collect();
    let matched = alignment.matched.iter();
    AlignedWords {
        term: texts(bag),
        matched: matched
            .map(|(word, found)| (word.text.clone(), index.word(found.word).to_owned()))
            .collect(),
        source_only: alignment.source_only.iter().map(|word| word.text.clone()).collect(),
        target_only: texts(&alignment.target_only),
    }
}

/// The word of a term that a word of a reading stands for, the surest of several.
fn meeting(word: &QueryWord, bag: &[u32]) -> Option<Alternative> {
    let matched = word
        .alternatives
        .iter()
        .filter(|other| bag.binary_search(&other.word).is_ok());
    matched.max_by(|left, right| left.trust.total_cmp(&right.trust)).copied()
}

/// Lays a reading beside the words of a term, as [`gather`] compares them.
pub(super) fn align<'q>(query: &'q [QueryWord], bag: &[u32]) -> Alignment<'q> {
    let mut alignment = Alignment::default();
    for word in query {
        match meeting(word, bag) {
            Some(found) => alignment.matched.push((word, found)),
            None => alignment.source_only.push(word),
        }
    }
    let covered = |word: &u32| alignment.matched.iter().any(|(_, found)| found.word == *word);
    alignment.target_only = bag.iter().copied().filter(|word| !covered(word)).collect();
    alignment
}

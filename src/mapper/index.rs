//! What the mapper matches on: the terms of a code system as bags of words, with the ways to find them.
//!
//! A *term* is a distinct sequence of normalised words; many concepts may share it. Words lead to terms by
//! postings, unknown words to known ones by character 3-grams and by prefix, and terms lead to concepts. All of it
//! is flat columns, so that it can be written as the index file `match`; today it is built in memory at first use.
//!
//! It knows no domain: which texts of a concept are terms, and of what kind, is the domain's choice.

use super::vectors::{Embedding, TermVectors};
use super::words::words;
use rayon::prelude::*;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, OnceLock};

/// A hasher with a fixed state: fast, and the same in every run.
type Hasher = BuildHasherDefault<std::collections::hash_map::DefaultHasher>;

/// A text of a concept that is matched on, with the part it plays for the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TermText {
    /// The normalised words.
    pub words: Vec<String>,
    /// The domain's kind of the text, smaller is closer to the name.
    pub kind: u8,
}

impl TermText {
    /// Splits a text; `None` when nothing is left of it.
    pub fn new(text: &str, kind: u8) -> Option<Self> {
        let words = words(text);
        (!words.is_empty()).then_some(Self { words, kind })
    }
}

/// Rows of different lengths in one column.
#[derive(Debug, Default)]
pub(super) struct Rows<T> {
    starts: Vec<u32>,
    values: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// Rows from pairs that are sorted by row.
    pub fn from_pairs(rows: usize, pairs: &[(u32, T)]) -> Self {
        let mut starts = vec![0u32; rows + 1];
        for (row, _) in pairs {
            if let Some(count) = starts.get_mut(*row as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self {
            starts,
            values: pairs.iter().map(|(_, value)| *value).collect(),
        }
    }

    /// The values of a row; empty when there is no such row.
    pub fn get(&self, row: u32) -> &[T] {
        let bounds = self.starts.get(row as usize).zip(self.starts.get(row as usize + 1));
        bounds
            .and_then(|(start, stop)| self.values.get(*start as usize..*stop as usize))
            .unwrap_or(&[])
    }
}

/// The index of one code system, for one domain.
#[derive(Debug, Default)]
pub(super) struct MatchIndex {
    numbers: HashMap<Box<str>, u32, Hasher>,
    vocabulary: Vec<Box<str>>,
    /// Words in alphabetical order, for prefixes.
    sorted: Vec<u32>,
    weights: Vec<f32>,
    word_terms: Rows<u32>,
    term_words: Rows<u32>,
    norms: Vec<f32>,
    term_concepts: Rows<(u32, u8)>,
    trigrams: HashMap<[char; 3], Vec<u32>, Hasher>,
    /// Words by their roots, where forms of a word are taken for each other.
    roots: HashMap<Box<str>, Vec<u32>, Hasher>,
    /// The terms in the space of an embedding, where the user has named one.
    vectors: OnceLock<TermVectors>,
}

/// A known word that may stand for a word of the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alternative {
    /// The known word.
    pub word: u32,
    /// How sure it is, 1 for the word itself.
    pub trust: f32,
}

/// A word of a query.
#[derive(Debug, Clone)]
pub(super) struct QueryWord {
    /// As normalised.
    pub text: String,
    /// Known words that it may stand for; empty for a word that resembles nothing.
    pub alternatives: Vec<Alternative>,
    /// How much it counts.
    pub weight: f32,
}

/// A term that shares words with a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TermHit {
    /// The term.
    pub term: u32,
    /// Cosine of the weighted bags.
    pub cosine: f32,
}

/// Room for one search; reused by a thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    scores: Vec<f32>,
    touched: Vec<u32>,
}

/// Unknown words resemble known ones from this share of common 3-grams on (Dice).
const TRIGRAM_LIKENESS: f32 = 0.6;
/// How far a word of the same root is trusted.
const ROOT_LIKENESS: f32 = 0.8;
/// Known words tried for an unknown one.
const ALTERNATIVES: usize = 6;

impl MatchIndex {
    /// Builds the index from the texts of every concept, in the order of the concepts.
    pub fn build(concepts: u32, texts: impl Fn(u32) -> Vec<TermText> + Sync) -> Self {
        let collected: Vec<Vec<TermText>> = (0..concepts).into_par_iter().map(&texts).collect();
        let mut index = Self::default();
        let mut terms: HashMap<Vec<u32>, u32, Hasher> = HashMap::default();
        let mut bags: Vec<Vec<u32>> = Vec::new();
        let mut pairs: Vec<(u32, (u32, u8))> = Vec::new();
        for (concept, texts) in (0u32..).zip(&collected) {
            for text in texts {
                let mut bag: Vec<u32> = text.words.iter().map(|word| index.intern(word)).collect();
                bag.sort_unstable();
                bag.dedup();
                let next = bags.len() as u32;
                let term = *terms.entry(bag.clone()).or_insert(next);
                if term == next {
                    bags.push(bag);
                }
                pairs.push((term, (concept, text.kind)));
            }
        }
        drop(terms);
        pairs.sort_unstable();
        pairs.dedup_by_key(|(term, (concept, _))| (*term, *concept));
        index.term_concepts = Rows::from_pairs(bags.len(), &pairs);
        index.finish(&bags);
        index
    }

    /// As [`MatchIndex::build`]; known words also find words of the same root ("mitochondrial" and "mitochondria").
    pub fn with_roots(concepts: u32, texts: impl Fn(u32) -> Vec<TermText> + Sync) -> Self {
        let mut index = Self::build(concepts, texts);
        for (number, word) in (0u32..).zip(&index.vocabulary) {
            if let Some(root) = root(word) {
                index.roots.entry(root.into()).or_default().push(number);
            }
        }
        index
    }

    fn intern(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.vocabulary.len() as u32;
        self.numbers.insert(word.into(), number);
        self.vocabulary.push(word.into());
        number
    }

    fn finish(&mut self, bags: &[Vec<u32>]) {
        let mut postings: Vec<(u32, u32)> = Vec::new();
        let mut flat: Vec<(u32, u32)> = Vec::new();
        for (term, bag) in (0u32..).zip(bags) {
            for word in bag {
                postings.push((*word, term));
                flat.push((term, *word));
            }
        }
        postings.par_sort_unstable();
        self.word_terms = Rows::from_pairs(self.vocabulary.len(), &postings);
        self.term_words = Rows::from_pairs(bags.len(), &flat);
        let total = bags.len().max(1) as f32;
        self.weights = (0..self.vocabulary.len() as u32)
            .map(|word| (1.0 + total / (self.word_terms.get(word).len() as f32 + 1.0)).ln())
            .collect();
        self.norms = (0..bags.len() as u32)
            .map(|term| self.norm(self.term_words.get(term)))
            .collect();
        let mut sorted: Vec<u32> = (0..self.vocabulary.len() as u32).collect();
        sorted.sort_unstable_by(|left, right| self.word(*left).cmp(self.word(*right)));
        self.sorted = sorted;
        for (number, word) in (0u32..).zip(&self.vocabulary) {
            if word.chars().count() >= 4 {
                for gram in trigrams(word) {
                    self.trigrams.entry(gram).or_default().push(number);
                }
            }
        }
    }

    fn norm(&self, bag: &[u32]) -> f32 {
        bag.iter().map(|word| self.weight(*word).powi(2)).sum::<f32>().sqrt()
    }

    /// Embeds every term; from now on names have the terms near them as candidates, too.
    pub fn embed(&self, embedding: Arc<Embedding>) {
        self.vectors.get_or_init(|| TermVectors::build(self, embedding));
    }

    /// The terms in the space of an embedding, if there is one.
    pub fn vectors(&self) -> Option<&TermVectors> {
        self.vectors.get()
    }

    /// How many terms there are.
    pub fn terms(&self) -> u32 {
        self.norms.len() as u32
    }

    /// The weight of a word as text; one that no term has counts most.
    pub fn weight_of(&self, word: &str) -> f32 {
        self.find_word(word).map_or(self.unknown_weight(), |word| self.weight(word))
    }

    fn unknown_weight(&self) -> f32 {
        (1.0 + self.norms.len().max(1) as f32).ln()
    }

    /// A word's text.
    pub fn word(&self, word: u32) -> &str {
        self.vocabulary.get(word as usize).map_or("", |text| text)
    }

    /// A word's weight (inverse document frequency over terms).
    pub fn weight(&self, word: u32) -> f32 {
        self.weights.get(word as usize).copied().unwrap_or_default()
    }

    /// The number of a known word.
    pub fn find_word(&self, word: &str) -> Option<u32> {
        self.numbers.get(word).copied()
    }

    /// The words of a term, sorted.
    pub fn term_words(&self, term: u32) -> &[u32] {
        self.term_words.get(term)
    }

    /// Concepts of a term, with the kind of the text there.
    pub fn term_concepts(&self, term: u32) -> &[(u32, u8)] {
        self.term_concepts.get(term)
    }

    /// The known words of normalised words, sorted, each once: a bag to compare with [`MatchIndex::cosine`].
    pub fn bag(&self, words: &[String]) -> Vec<u32> {
        let mut bag: Vec<u32> = words.iter().filter_map(|word| self.find_word(word)).collect();
        bag.sort_unstable();
        bag.dedup();
        bag
    }

    /// Cosine of two sorted bags.
    pub fn cosine(&self, left: &[u32], right: &[u32]) -> f32 {
        let dot: f32 = common(left, right).map(|word| self.weight(word).powi(2)).sum();
        let norms = self.norm(left) * self.norm(right);
        if norms > 0.0 { dot / norms } else { 0.0 }
    }

    /// Looks up the words of a query. Unknown words get the known words that they resemble.
    pub fn query(&self, words: &[String]) -> Vec<QueryWord> {
        let mut found: Vec<QueryWord> = Vec::new();
        for word in words {
            if found.iter().any(|other| other.text == *word) {
                continue;
            }
            let alternatives = match self.find_word(word) {
                Some(known) => self.of_root(known, word),
                None => self.resembling(word),
            };
            let weight = match alternatives.first() {
                Some(best) => self.weight(best.word),
                None => self.unknown_weight(),
            };
            found.push(QueryWord {
                text: word.clone(),
                alternatives,
                weight,
            });
        }
        found
    }

    /// A known word, and known words of the same root, the commonest first.
    fn of_root(&self, known: u32, word: &str) -> Vec<Alternative> {
        let mut found = vec![Alternative { word: known, trust: 1.0 }];
        let relatives = root(word).and_then(|root| self.roots.get(root));
        let mut relatives: Vec<u32> = relatives
            .into_iter()
            .flatten()
            .copied()
            .filter(|other| *other != known)
            .collect();
        relatives.sort_by(|left, right| self.weight(*left).total_cmp(&self.weight(*right)).then(left.cmp(right)));
        relatives.truncate(ALTERNATIVES / 2);
        found.extend(relatives.into_iter().map(|word| Alternative {
            word,
            trust: ROOT_LIKENESS,
        }));
        found
    }

    /// Known words that an unknown one may be: those it begins, then those that share its 3-grams.
    fn resembling(&self, word: &str) -> Vec<Alternative> {
        let letters = word.chars().count();
        let mut found = Vec::new();
        if letters >= 3 && !word.chars().any(|c| c.is_ascii_digit()) {
            let start = self.sorted.partition_point(|number| self.word(*number) < word);
            let with_prefix = self
                .sorted
                .iter()
                .skip(start)
                .take_while(|number| self.word(**number).starts_with(word));
            let mut prefixed: Vec<u32> = with_prefix.copied().take(400).collect();
            // The commonest word that it begins is the likeliest.
            prefixed.sort_by(|left, right| self.weight(*left).total_cmp(&self.weight(*right)).then(left.cmp(right)));
            found.extend(
                prefixed
                    .into_iter()
                    .take(ALTERNATIVES / 2)
                    .map(|word| Alternative { word, trust: 0.7 }),
            );
        }
        if letters >= 5 {
            found.extend(self.sharing_trigrams(word));
        }
        found.sort_by(|left, right| right.trust.total_cmp(&left.trust).then(left.word.cmp(&right.word)));
        found.dedup_by_key(|alternative| alternative.word);
        found.truncate(ALTERNATIVES);
        found
    }

    fn sharing_trigrams(&self, word: &str) -> Vec<Alternative> {
        let own = trigrams(word);
        let mut counts: HashMap<u32, u32, Hasher> = HashMap::default();
        for gram in &own {
            for number in self.trigrams.get(gram).map_or(&[][..], Vec::as_slice) {
                *counts.entry(*number).or_default() += 1;
            }
        }
        let mut near: Vec<Alternative> = counts
            .into_iter()
            .filter_map(|(number, count)| {
                let other = self.word(number).chars().count();
                let dice = 2.0 * count as f32 / (own.len() + other) as f32;
                (dice >= TRIGRAM_LIKENESS).then_some(Alternative {
                    word: number,
                    trust: dice,
                })
            })
            .collect();
        near.sort_by(|left, right| right.trust.total_cmp(&left.trust).then(left.word.cmp(&right.word)));
        near.truncate(ALTERNATIVES);
        near
    }

    /// The terms most like a query by cosine, at most `limit`, best first.
    pub fn search(&self, query: &[QueryWord], limit: usize, scratch: &mut Scratch) -> Vec<TermHit> {
        scratch.scores.resize(self.norms.len(), 0.0);
        let norm = query.iter().map(|word| word.weight.powi(2)).sum::<f32>().sqrt();
        for word in query {
            for alternative in &word.alternatives {
                let gain = word.weight * self.weight(alternative.word) * alternative.trust;
                for term in self.word_terms.get(alternative.word) {
                    // Postings only hold numbers of terms, and there are as many scores as terms.
                    if let Some(score) = scratch.scores.get_mut(*term as usize) {
                        if *score == 0.0 {
                            scratch.touched.push(*term);
                        }
                        *score += gain;
                    }
                }
            }
        }
        let mut hits: Vec<TermHit> = Vec::with_capacity(scratch.touched.len());
        for term in scratch.touched.drain(..) {
            let Some(score) = scratch.scores.get_mut(term as usize) else {
                continue;
            };
            let norms = norm * self.norms.get(term as usize).copied().unwrap_or(1.0);
            hits.push(TermHit {
                term,
                cosine: if norms > 0.0 { *score / norms } else { 0.0 },
            });
            *score = 0.0;
        }
        let better = |left: &TermHit, right: &TermHit| right.cosine.total_cmp(&left.cosine).then(left.term.cmp(&right.term));
        if hits.len() > limit && limit > 0 {
            hits.select_nth_unstable_by(limit - 1, better);
            hits.truncate(limit);
        }
        hits.sort_unstable_by(better);
        hits
    }
}

/// What adjective and noun of Latin and Greek words share; `None` for words without such an ending, or too short.
fn root(word: &str) -> Option<&str> {
    const ENDINGS: &[&str] = &[
        "ial", "eal", "ous", "ary", "al", "ic", "ar", "ia", "um", "us", "is", "ae", "a",
    ];
    let stem = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending))?;
    (stem.len() >= 5 && stem.is_ascii() && stem.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(stem)
}

/// The 3-grams of a word with its ends marked.
fn trigrams(word: &str) -> Vec<[char; 3]> {
    let padded: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    let mut grams: Vec<[char; 3]> = padded.windows(3).filter_map(|window| window.try_into().ok()).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// What two sorted lists have in common.
pub(super) fn common<'s>(left: &'s [u32], right: &'s [u32]) -> impl Iterator<Item = u32> + 's {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    std::iter::from_fn(move || {
        loop {
            let (a, b) = (**left.peek()?, **right.peek()?);
            match a.cmp(&b) {
                std::cmp::Ordering::Less => left.next(),
                std::cmp::Ordering::Greater => right.next(),
                std::cmp::Ordering::Equal => {
                    left.next();
                    right.next();
                    return Some(a);
                }
            };
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> MatchIndex {
        let names = [
            "Glucose",
            "Sodium",
            "Neutrophils band form",
            "Glucose tolerance",
            "Hemoglobin",
        ];
        MatchIndex::build(names.len() as u32, |concept| {
            names
                .get(concept as usize)
                .and_then(|name| TermText::new(name, 0))
                .into_iter()
                .collect()
        })
    }

    fn best(index: &MatchIndex, text: &str) -> Option<u32> {
        let query = index.query(&words(text));
        let hits = index.search(&query, 5, &mut Scratch::default());
        hits.first()
            .and_then(|hit| index.term_concepts(hit.term).first())
            .map(|(concept, _)| *concept)
    }

    #[test]
    fn words_prefixes_and_misspellings_lead_to_the_concept() {
        let index = sample();
        assert_eq!(best(&index, "GLUCOSE"), Some(0));
        assert_eq!(best(&index, "tolerance glucose"), Some(3));
        assert_eq!(best(&index, "neut. bands"), Some(2));
        assert_eq!(best(&index, "hemoglibin"), Some(4));
        assert_eq!(best(&index, "zzz"), None);
    }

    #[test]
    fn forms_of_one_root_find_each_other() {
        assert_eq!(root("mitochondrial"), root("mitochondria"));
        assert_eq!(root("pleural"), root("pleura"));
        assert_eq!(root("sodium"), None, "too short to be sure");
        let names = ["Mitochondria Ab", "Mitochondrial DNA"];
        let index = MatchIndex::with_roots(2, |concept| TermText::new(names[concept as usize], 0).into_iter().collect());
        assert_eq!(best(&index, "mitochondrial antibody"), Some(0));
        assert_eq!(best(&index, "mitochondrial dna"), Some(1));
    }

    #[test]
    fn a_scratch_is_clean_after_a_search() {
        let index = sample();
        let mut scratch = Scratch::default();
        let query = index.query(&words("glucose"));
        let first = index.search(&query, 5, &mut scratch);
        assert_eq!(index.search(&query, 5, &mut scratch), first);
    }
}

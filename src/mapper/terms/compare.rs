//! Comparing a reading of a name with one term: which words are on both sides, and how closely.

use super::index::TermIndex;
use super::query::{Query, QueryWord};
use crate::mapper::index::common;
use crate::mapper::lexical::{AlignedWords, Lexical};
use crate::mapper::words::is_distinguishing;

/// How a term matches a reading. Shares are by squared weight.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Match {
    /// The term.
    pub term: u32,
    /// Number of the reading.
    pub reading: u8,
    /// The kind of the text at the concept.
    pub kind: u8,
    /// Cosine of the search.
    pub cosine: f32,
    /// Share of the source's words that the term has.
    pub source: f32,
    /// Share of the term's words that the source has.
    pub target: f32,
    /// The same with parts of words counted.
    pub source_parts: f32,
    /// The same with parts of words counted.
    pub target_parts: f32,
    /// The same with words that look alike counted.
    pub source_alike: f32,
    /// The same with words that look alike counted.
    pub target_alike: f32,
    /// Share of the source's words that are there as they are written.
    pub surface: f32,
    /// The heaviest word that only the source has.
    pub source_missing: f32,
    /// The heaviest word that only the term has.
    pub target_missing: f32,
    /// Share of the source's words that are there as something they are rendered as, by how sure that is.
    pub source_rendered: f32,
    /// Share of the term's words that words of the source are rendered as.
    pub target_rendered: f32,
    /// How much oftener than by chance, over the term's words.
    pub rendered_lift: f32,
    /// How sure the surest rendering is.
    pub rendered_best: f32,
    /// Distinguishing words that only the source has.
    pub source_conflicts: f32,
    /// Distinguishing words that only the term has.
    pub target_conflicts: f32,
    /// Words that one side has and the other says to be absent.
    pub denied: f32,
    /// Content words that only the term has.
    pub extra: f32,
    /// Share of the source's neighbouring words that are neighbours in the term.
    pub pairs: f32,
    /// The same classes on both sides.
    pub exact: bool,
    /// The same classes on both sides, but for words that count little.
    pub content: bool,
    /// How near its concept is in the space of an embedding that alone has found it; 0 for all others.
    pub vector: f32,
}

impl Match {
    /// By what terms of one concept, and concepts before they are ranked, are compared.
    pub fn rank(&self) -> f32 {
        0.4 * self.cosine
            + 0.4 * (self.source_alike + self.source_rendered).min(1.0)
            + 0.2 * (self.target_alike + self.target_rendered).min(1.0)
            - 0.02 * f32::from(self.reading)
            - 0.01 * f32::from(self.kind)
            - 0.03 * (self.source_conflicts + self.target_conflicts + self.denied)
    }
}

impl Match {
    /// What all domains say of a match.
    pub fn lexical(&self) -> Lexical {
        Lexical {
            cosine: self.cosine,
            source_coverage: self.source_alike,
            target_coverage: self.target_alike,
            source_conflicts: self.source_conflicts,
            target_conflicts: self.target_conflicts,
            kind: self.kind,
            exact: self.exact,
            reading: self.reading,
            term: self.term,
            vector: self.vector,
            vector_only: self.vector > 0.0,
        }
    }
}

/// Lays a reading beside a term: the same classes meet.
pub fn align(index: &TermIndex, query: &Query, term: u32) -> AlignedWords {
    let mut aligned = AlignedWords::default();
    let mut met: Vec<u32> = Vec::new();
    for word in &query.words {
        let stands_for = |class: u32| word.classes.iter().any(|(unit, _)| *unit == class);
        let found = index
            .tokens(term)
            .iter()
            .find(|token| stands_for(index.lexicon.class(token.word)));
        match found {
            Some(token) => {
                met.push(index.lexicon.class(token.word));
                aligned
                    .matched
                    .push((word.text.clone(), index.lexicon.text(token.word).to_owned()));
            }
            None => aligned.source_only.push(word.text.clone()),
        }
    }
    for token in index.tokens(term) {
        let text = index.lexicon.text(token.word).to_owned();
        if !met.contains(&index.lexicon.class(token.word)) {
            aligned.target_only.push(text.clone());
        }
        aligned.term.push(text);
    }
    for words in [&mut aligned.target_only, &mut aligned.term] {
        words.sort_unstable();
        words.dedup();
    }
    aligned
}

/// The share of its weight that a word between brackets counts with.
const ASIDE: f32 = 0.4;
/// Likeness from which two different words count as alike.
const ALIKE: f32 = 0.5;

/// The share of 3-grams that two words have in common.
fn likeness(left: &[u32], right: &[u32]) -> f32 {
    let total = left.len() + right.len();
    if total == 0 {
        return 0.0;
    }
    2.0 * common(left, right).count() as f32 / total as f32
}

/// Compares a reading with a term.
pub fn compare(index: &TermIndex, query: &Query, term: u32, cosine: f32, reading: u8) -> Match {
    let (classes, parts) = (index.classes(term), index.parts(term));
    let mut found = Match {
        term,
        cosine,
        reading,
        ..Match::default()
    };
    let mut covered: Vec<u32> = Vec::with_capacity(query.words.len());
    let mut open: Vec<&QueryWord> = Vec::new();
    let mut is_open: Vec<bool> = Vec::with_capacity(query.words.len());
    let mut total = 0.0f32;
    for word in &query.words {
        let weight = word.weight.powi(2);
        total += weight;
        let best = word
            .classes
            .iter()
            .filter(|(unit, _)| classes.binary_search(unit).is_ok())
            .max_by(|left, right| left.1.total_cmp(&right.1));
        if let Some((unit, trust)) = best {
            found.source += weight * trust;
            covered.push(*unit);
            let own = index
                .tokens(term)
                .iter()
                .filter(|token| index.lexicon.class(token.word) == *unit);
            let (mut same, mut present) = (false, false);
            for token in own {
                same |= Some(token.word) == word.known;
                present |= !token.absent;
            }
            found.surface += if same { weight } else { 0.0 };
            if present == word.absent && index.lexicon.factor(*unit) >= 0.5 {
                found.denied += 1.0;
            }
            is_open.push(false);
        } else {
            open.push(word);
            is_open.push(true);
            found.source_missing = found.source_missing.max(word.weight);
            if is_distinguishing(&word.text) {
                found.source_conflicts += 1.0;
            }
        }
    }
    let mut target_total = 0.0f32;
    let mut left_over: Vec<(u32, f32)> = Vec::new();
    for token in index.tokens(term) {
        let class = index.lexicon.class(token.word);
        let weight = index.weight(class).powi(2) * if token.aside { ASIDE } else { 1.0 };
        target_total += weight;
        if covered.contains(&class) {
            found.target += weight;
        } else {
            left_over.push((token.word, weight));
            if !token.aside {
                found.target_missing = found.target_missing.max(index.weight(class));
                found.extra += f32::from(u8::from(index.lexicon.factor(class) >= 0.5));
                if is_distinguishing(index.lexicon.text(token.word)) {
                    found.target_conflicts += 1.0;
                }
            }
        }
    }
    if !query.rendered.is_empty() {
        rendered(index, query, &is_open, &left_over, &mut found);
    }
    found.source_rendered = share(found.source_rendered, total);
    found.target_rendered = share(found.target_rendered, target_total);
    found.rendered_lift = share(found.rendered_lift, target_total);
    found.source_parts = share(found.source + partly(&open, classes, parts), total);
    found.target_parts = share(found.target + partly_back(index, query, &left_over), target_total);
    found.source_alike = found.source_parts;
    found.target_alike = found.target_parts;
    found.source = share(found.source, total);
    found.surface = share(found.surface, total);
    found.target = share(found.target, target_total);
    found.exact = found.denied == 0.0 && open.is_empty() && left_over.is_empty() && found.source > 0.999;
    let content = |unit: u32| index.lexicon.factor(unit) >= 0.5;
    let open_content = open
        .iter()
        .any(|word| word.classes.first().is_none_or(|(unit, _)| content(*unit)));
    found.content = found.source > 0.0 && !open_content && found.extra == 0.0;
    found
}

/// Adds what open words of the source, by place, are rendered as among the left-over words of the term, by weight.
fn rendered(index: &TermIndex, query: &Query, is_open: &[bool], left_over: &[(u32, f32)], found: &mut Match) {
    let mut best = [0.0f32; super::query::WORDS];
    for (number, weight) in left_over {
        let class = index.lexicon.class(*number);
        let start = query.rendered.partition_point(|own| own.unit < class);
        let own = query.rendered.get(start..).unwrap_or_default().iter();
        let (mut trust, mut lift) = (0.0f32, 0.0f32);
        for own in own.take_while(|own| own.unit == class) {
            if is_open.get(own.word) == Some(&true) {
                if own.trust > trust {
                    (trust, lift) = (own.trust, own.lift);
                }
                if let Some(best) = best.get_mut(own.word) {
                    *best = best.max(own.trust);
                }
            }
        }
        found.target_rendered += weight * trust;
        found.rendered_lift += weight * lift;
        found.rendered_best = found.rendered_best.max(trust);
    }
    for (word, trust) in query.words.iter().zip(best) {
        found.source_rendered += word.weight.powi(2) * trust;
    }
}

/// What open words of the source gain when parts count.
fn partly(open: &[&QueryWord], classes: &[u32], parts: &[u32]) -> f32 {
    open.iter()
        .map(|word| word.weight.powi(2) * by_parts(word, classes, parts))
        .sum()
}

fn by_parts(word: &QueryWord, classes: &[u32], parts: &[u32]) -> f32 {
    if word.classes.iter().any(|(unit, _)| parts.binary_search(unit).is_ok()) {
        return 0.6;
    }
    if word.parts.is_empty() {
        return 0.0;
    }
    let shared = common(&word.parts, classes).count().max(common(&word.parts, parts).count());
    0.8 * shared as f32 / word.parts.len() as f32
}

/// What left-over words of the term gain when parts count.
fn partly_back(index: &TermIndex, query: &Query, left_over: &[(u32, f32)]) -> f32 {
    let gains = left_over
        .iter()
        .map(|(number, weight)| weight * by_parts_back(index, query, *number));
    gains.sum()
}

fn by_parts_back(index: &TermIndex, query: &Query, number: u32) -> f32 {
    let Some(word) = index.lexicon.word(number) else { return 0.0 };
    if query
        .words
        .iter()
        .any(|source| source.parts.binary_search(&word.class).is_ok())
    {
        return 0.6;
    }
    if word.parts.is_empty() {
        return 0.0;
    }
    let named = |part: &u32| {
        let mut sources = query.words.iter();
        sources.any(|source| source.classes.iter().any(|(unit, _)| unit == part) || source.parts.binary_search(part).is_ok())
    };
    0.8 * word.parts.iter().filter(|part| named(part)).count() as f32 / word.parts.len() as f32
}

/// Adds what is too slow for every term that is found: words that look alike, and neighbours.
pub fn closer(index: &TermIndex, query: &Query, found: &mut Match) {
    let (classes, parts) = (index.classes(found.term), index.parts(found.term));
    let has = |word: &QueryWord| word.classes.iter().any(|(unit, _)| classes.binary_search(unit).is_ok());
    let open: Vec<&QueryWord> = query.words.iter().filter(|word| !has(word)).collect();
    let sought = |class: u32| {
        query
            .words
            .iter()
            .any(|word| word.classes.iter().any(|(unit, _)| *unit == class))
    };
    let mut left_over = Vec::new();
    let mut target_total = 0.0f32;
    for token in index.tokens(found.term) {
        let class = index.lexicon.class(token.word);
        let weight = index.weight(class).powi(2) * if token.aside { ASIDE } else { 1.0 };
        target_total += weight;
        if let Some(word) = index.lexicon.word(token.word).filter(|_| !sought(class)) {
            left_over.push((token.word, weight, word));
        }
    }
    let total: f32 = query.words.iter().map(|word| word.weight.powi(2)).sum();
    let mut gain = 0.0f32;
    for word in &open {
        let alike = left_over
            .iter()
            .map(|(_, _, other)| likeness(&word.grams, &other.grams))
            .fold(0.0f32, f32::max);
        let more = if alike >= ALIKE { alike } else { 0.0 } - by_parts(word, classes, parts);
        gain += word.weight.powi(2) * more.max(0.0);
    }
    found.source_alike = found.source_parts + share(gain, total);
    let mut gain = 0.0f32;
    for (number, weight, word) in &left_over {
        let alike = open
            .iter()
            .map(|source| likeness(&source.grams, &word.grams))
            .fold(0.0f32, f32::max);
        let more = if alike >= ALIKE { alike } else { 0.0 } - by_parts_back(index, query, *number);
        gain += weight * more.max(0.0);
    }
    found.target_alike = found.target_parts + share(gain, target_total);
    found.pairs = pairs(index, query, found.term);
}

fn share(part: f32, total: f32) -> f32 {
    if total > 0.0 { part / total } else { 0.0 }
}

/// Share of the source's neighbouring words that are neighbours in the term, in either order.
fn pairs(index: &TermIndex, query: &Query, term: u32) -> f32 {
    let of_query: Vec<u32> = query
        .words
        .iter()
        .map(|word| word.classes.first().map_or(u32::MAX, |(unit, _)| *unit))
        .collect();
    let of_term: Vec<u32> = index
        .tokens(term)
        .iter()
        .map(|token| index.lexicon.class(token.word))
        .collect();
    if of_query.len() < 2 {
        return 0.0;
    }
    let found = of_query.windows(2).filter(|pair| {
        let (first, second) = (pair.first(), pair.last());
        of_term.windows(2).any(|other| {
            let (left, right) = (other.first(), other.last());
            (left, right) == (first, second) || (left, right) == (second, first)
        })
    });
    found.count() as f32 / (of_query.len() - 1) as f32
}

//! A name as it is searched: its words, what each may stand for, and how much it counts.

use super::index::{PART, TermIndex};
use super::synonyms::SYNONYMS;
use super::{lexicon, morphology};
use crate::mapper::words::words;

/// A word of a term, in its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Token {
    /// The word.
    pub word: u32,
    /// Between brackets or parentheses, where terms put what may be left out.
    pub aside: bool,
}

/// A word of a query.
#[derive(Debug, Clone)]
pub struct QueryWord {
    /// As normalised.
    pub text: String,
    /// The same word of the vocabulary.
    pub known: Option<u32>,
    /// Classes that it may stand for, with how sure that is.
    pub classes: Vec<(u32, f32)>,
    /// Classes of its parts.
    pub parts: Vec<u32>,
    /// How much it counts.
    pub weight: f32,
    /// Hashes of its 3-grams, sorted.
    pub grams: Vec<u32>,
}

/// A reading of a name.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Its words in order, each once.
    pub words: Vec<QueryWord>,
    /// Units to search, with weights.
    pub units: Vec<(u32, f32)>,
    /// Length of the vector of its words.
    pub norm: f32,
}

/// Words of a text in order; the second is true between brackets.
pub fn tokens(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    for piece in text.split_inclusive(['(', ')', '[', ']']) {
        let plain = piece.trim_end_matches(['(', ')', '[', ']']);
        found.extend(words(plain).into_iter().map(|word| (word, depth > 0)));
        match piece.chars().next_back() {
            Some('(' | '[') => depth += 1,
            Some(')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// Most words of a name that are searched.
const WORDS: usize = 48;

impl Query {
    /// Looks up the words of a reading.
    pub fn new(index: &TermIndex, source: &[String]) -> Self {
        let mut query = Self::default();
        for text in source.iter().take(WORDS) {
            if !query.words.iter().any(|word| word.text == *text) {
                query.words.push(look_up(index, text));
            }
        }
        for word in &query.words {
            for (unit, trust) in &word.classes {
                raise(&mut query.units, *unit, word.weight * trust);
            }
            for part in &word.parts {
                raise(&mut query.units, *part, index.weight(*part) * PART);
            }
        }
        query.norm = query.words.iter().map(|word| word.weight.powi(2)).sum::<f32>().sqrt();
        query
    }
}

/// A unit counts once, by its strongest word.
fn raise(units: &mut Vec<(u32, f32)>, unit: u32, weight: f32) {
    match units.iter_mut().find(|(known, _)| *known == unit) {
        Some((_, kept)) => *kept = kept.max(weight),
        None => units.push((unit, weight)),
    }
}

fn look_up(index: &TermIndex, text: &str) -> QueryWord {
    let known = index.lexicon.find(text);
    let class = SYNONYMS.class(text);
    let mut classes: Vec<(u32, f32)> = Vec::new();
    let mut parts: Vec<u32> = Vec::new();
    if let Some(word) = known.and_then(|word| index.lexicon.word(word)) {
        classes.push((word.class, 1.0));
        parts.clone_from(&word.parts);
    } else {
        classes.extend(index.lexicon.find_unit(&class).map(|unit| (unit, 0.95)));
        let made_of = morphology::parts(text);
        parts.extend(made_of.iter().filter_map(|part| index.lexicon.find_unit(&SYNONYMS.class(part))));
        parts.sort_unstable();
        parts.dedup();
        if classes.is_empty() {
            for other in index.lexicon.resembling(text) {
                raise(&mut classes, index.lexicon.class(other.word), other.trust);
            }
        }
    }
    let weight = match classes.first() {
        Some((unit, _)) => index.weight(*unit),
        None => index.unknown_weight() * lexicon::factor(&class),
    };
    QueryWord {
        text: text.to_owned(),
        known,
        classes,
        parts,
        weight,
        grams: lexicon::grams(text),
    }
}

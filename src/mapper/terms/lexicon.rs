//! The words of a vocabulary's terms: what each is compared by, what it is made of, and how much it counts.
//!
//! A *word* is a normalised surface; its *class* is the stem of its set of synonyms; its *parts* are the classes of the
//! organs and processes that a compound names. Classes and parts are numbered together as *units*, so that a part of
//! one word meets the class of another.

use super::morphology;
use super::synonyms::SYNONYMS;
use crate::mapper::index::{MatchIndex, TermText};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

/// A hasher with a fixed state: the same in every run.
type Hasher = BuildHasherDefault<std::collections::hash_map::DefaultHasher>;

/// Words that say little of what a condition is, with the share of their weight that counts.
const FACTORS: &[(&str, f32)] = &[
    ("unspecified", 0.15),
    ("nos", 0.1),
    ("nec", 0.1),
    ("other", 0.2),
    ("specified", 0.15),
    ("elsewhere", 0.1),
    ("classified", 0.1),
    ("not", 0.15),
    ("initial", 0.1),
    ("encounter", 0.1),
    ("subsequent", 0.5),
    ("disorder", 0.4),
    ("disease", 0.4),
    ("syndrome", 0.5),
    ("condition", 0.3),
    ("finding", 0.3),
    ("procedure", 0.3),
    ("type", 0.3),
    ("form", 0.3),
    ("site", 0.25),
    ("part", 0.3),
    ("organism", 0.3),
    ("without", 0.4),
    ("mention", 0.1),
    ("complication", 0.5),
    ("due", 0.2),
    ("caused", 0.2),
    ("associated", 0.3),
    ("state", 0.4),
    ("status", 0.5),
    ("left", 0.5),
    ("right", 0.5),
    ("bilateral", 0.5),
    ("side", 0.4),
    ("episode", 0.3),
    ("care", 0.4),
    ("nature", 0.2),
    ("manifestation", 0.4),
    ("affecting", 0.3),
    ("involving", 0.3),
    ("following", 0.4),
    ("so", 0.2),
    ("stated", 0.2),
    ("any", 0.2),
    ("into", 0.2),
    ("during", 0.4),
    ("use", 0.5),
    ("problem", 0.5),
    ("related", 0.3),
];

/// What is known of a word.
#[derive(Debug, Clone)]
pub struct Word {
    /// Its class.
    pub class: u32,
    /// Classes of its parts, sorted.
    pub parts: Vec<u32>,
    /// Hashes of its 3-grams, sorted.
    pub grams: Vec<u32>,
}

/// The words, with their classes and parts.
#[derive(Debug, Default)]
pub struct Lexicon {
    surfaces: HashMap<Box<str>, u32, Hasher>,
    texts: Vec<Box<str>>,
    words: Vec<Word>,
    units: HashMap<Box<str>, u32, Hasher>,
    factors: Vec<f32>,
    /// The first word of each unit that is a class.
    firsts: Vec<u32>,
    spelling: MatchIndex,
}

/// A word that may stand for an unknown one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resembling {
    /// The known word.
    pub word: u32,
    /// How sure it is, below 1.
    pub trust: f32,
}

impl Lexicon {
    /// The number of a word, which is new if it has not been seen.
    pub fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.surfaces.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.surfaces.insert(text.into(), number);
        self.texts.push(text.into());
        let class = self.unit(&SYNONYMS.class(text));
        let mut parts: Vec<u32> = morphology::parts(text)
            .into_iter()
            .map(|part| self.unit(&SYNONYMS.class(part)))
            .filter(|part| *part != class)
            .collect();
        parts.sort_unstable();
        parts.dedup();
        if let Some(first) = self.firsts.get_mut(class as usize).filter(|first| **first == u32::MAX) {
            *first = number;
        }
        self.words.push(Word {
            class,
            parts,
            grams: grams(text),
        });
        number
    }

    fn unit(&mut self, class: &str) -> u32 {
        if let Some(number) = self.units.get(class) {
            return *number;
        }
        let number = self.factors.len() as u32;
        self.units.insert(class.into(), number);
        self.factors.push(factor(class));
        self.firsts.push(u32::MAX);
        number
    }

    /// To be called when all words are in: prepares the search for misspelt ones.
    pub fn finish(&mut self) {
        let texts = &self.texts;
        self.spelling = MatchIndex::build(texts.len() as u32, |word| {
            let text = texts.get(word as usize).map_or(String::new(), |text| text.to_string());
            vec![TermText {
                words: vec![text],
                kind: 0,
            }]
        });
    }

    /// The words by their looks.
    pub fn spelling(&self) -> &MatchIndex {
        &self.spelling
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.factors.len()
    }

    /// The number of a known word.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.surfaces.get(text).copied()
    }

    /// The number of a known class.
    pub fn find_unit(&self, class: &str) -> Option<u32> {
        self.units.get(class).copied()
    }

    /// What is known of a word.
    pub fn word(&self, word: u32) -> Option<&Word> {
        self.words.get(word as usize)
    }

    /// The class of a word; `u32::MAX` for a number that is none.
    pub fn class(&self, word: u32) -> u32 {
        self.word(word).map_or(u32::MAX, |word| word.class)
    }

    /// A word as it is written.
    pub fn text(&self, word: u32) -> &str {
        self.texts.get(word as usize).map_or("", |text| text)
    }

    /// The share of its weight that a unit counts with.
    pub fn factor(&self, unit: u32) -> f32 {
        self.factors.get(unit as usize).copied().unwrap_or(1.0)
    }

    /// Known words that an unknown one may be: misspelt, shortened, or made of.
    pub fn resembling(&self, text: &str) -> Vec<Resembling> {
        let query = self.spelling.query(&[text.to_owned()]);
        let alternatives = query.first().map_or(&[][..], |word| word.alternatives.as_slice());
        let mut found: Vec<Resembling> = alternatives
            .iter()
            .map(|alternative| Resembling {
                word: alternative.word,
                trust: alternative.trust.min(0.95),
            })
            .collect();
        found.extend(self.within(text));
        found
    }

    /// The longest known words that an unknown one begins and ends with.
    fn within(&self, text: &str) -> Vec<Resembling> {
        let letters = text.len();
        if !text.is_ascii() {
            return Vec::new();
        }
        let known = |part: Option<&str>| part.and_then(|part| self.find(part).or_else(|| self.find_stem(part)));
        let ends = (1..letters.saturating_sub(WITHIN - 1)).find_map(|start| Some((known(text.get(start..))?, letters - start)));
        let begins = (WITHIN..letters).rev().find_map(|end| Some((known(text.get(..end))?, end)));
        let found = [begins, ends].into_iter().flatten().map(|(word, length)| Resembling {
            word,
            trust: 0.8 * length as f32 / letters as f32,
        });
        found.collect()
    }

    /// A known word with this stem.
    fn find_stem(&self, part: &str) -> Option<u32> {
        let unit = self.units.get(part)?;
        self.firsts.get(*unit as usize).copied().filter(|word| *word != u32::MAX)
    }
}

/// Letters of a known word that is looked for within an unknown one.
const WITHIN: usize = 5;

/// The share of its weight that a class counts with.
pub fn factor(class: &str) -> f32 {
    FACTORS
        .iter()
        .find(|(word, _)| SYNONYMS.class(word) == class)
        .map_or(1.0, |(_, factor)| *factor)
}

/// Hashes of the 3-grams of a word with its ends marked, sorted.
pub fn grams(word: &str) -> Vec<u32> {
    let padded: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    let hash = |window: &[char]| {
        window.iter().fold(0x811c_9dc5u32, |hash, letter| {
            (hash ^ u32::from(*letter)).wrapping_mul(0x0100_0193)
        })
    };
    let mut found: Vec<u32> = padded.windows(3).map(hash).collect();
    found.sort_unstable();
    found.dedup();
    found
}

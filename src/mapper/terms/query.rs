//! A name as it is searched: its words, what each may stand for, and how much it counts.

use super::index::{PART, TermIndex};
use super::synonyms::SYNONYMS;
use super::{lexicon, morphology};
use crate::mapper::renderings::Renderings;
use crate::mapper::words::words;

/// A word of a term, in its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Token {
    /// The word.
    pub word: u32,
    /// Between brackets or parentheses, where terms put what may be left out.
    pub aside: bool,
    /// After "without" or "no": said to be absent.
    pub absent: bool,
}

/// A word of a text as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Normalised.
    pub text: String,
    /// As in [`Token`].
    pub aside: bool,
    /// As in [`Token`].
    pub absent: bool,
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
    /// Said to be absent.
    pub absent: bool,
}

/// A class that a word of sources is rendered as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rendered {
    /// The class.
    pub unit: u32,
    /// The place of the word in the query.
    pub word: usize,
    /// How often it is, where the word itself is not there.
    pub trust: f32,
    /// Logarithm of how much oftener that is than for any word.
    pub lift: f32,
}

/// A reading of a name.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Its words in order, each once.
    pub words: Vec<QueryWord>,
    /// Its units, with weights.
    pub units: Vec<(u32, f32)>,
    /// What its words are rendered as, by class.
    pub rendered: Vec<Rendered>,
    /// Its units with what its words are rendered as, to search.
    pub searched: Vec<(u32, f32)>,
    /// Length of the vector of its words.
    pub norm: f32,
}

/// Words that say that what follows is absent, to the end of the phrase.
const ABSENCE: &[&str] = &["without", "no", "denies", "negative"];

/// Words of a text in order. "Non" is read as part of the word behind it.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut depth = 0usize;
    for part in text.split_inclusive(['(', ')', '[', ']', ',', ';']) {
        // Absence ends with the phrase; "with" begins another, and is left out of the words.
        for phrase in part.split_inclusive(" with ") {
            let mut absent = false;
            for word in words(phrase) {
                let negates = ABSENCE.contains(&word.as_str());
                match found.last_mut() {
                    Some(last) if last.text == "non" => last.text.push_str(&word),
                    _ => found.push(Piece {
                        text: word,
                        aside: depth > 0,
                        absent,
                    }),
                }
                absent |= negates;
            }
        }
        match part.chars().next_back() {
            Some('(' | '[') => depth += 1,
            Some(')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// The share of its weight that a word counts with that is said to be absent.
const ABSENT: f32 = 0.5;
/// Trust from which on what a word is rendered as is searched.
const SEARCHED: f32 = 0.1;
/// The share of its weight from which on a class is content.
const CONTENT: f32 = 0.5;
/// Most words of a name that are searched.
pub const WORDS: usize = 48;

impl Query {
    /// Looks up the words of a reading.
    pub fn new(index: &TermIndex, renderings: &Renderings, source: &[String], absent: &[String]) -> Self {
        let mut query = Self::default();
        for text in source.iter().take(WORDS) {
            if !query.words.iter().any(|word| word.text == *text) {
                let mut word = look_up(index, text);
                if absent.contains(text) {
                    word.absent = true;
                    word.weight *= ABSENT;
                }
                query.words.push(word);
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
        query.rendered = rendered(index, renderings, source, &query.words);
        query.searched.clone_from(&query.units);
        let telling = |own: &&Rendered| own.trust >= SEARCHED && index.lexicon.factor(own.unit) >= CONTENT;
        for own in query.rendered.iter().filter(telling) {
            raise(&mut query.searched, own.unit, index.weight(own.unit) * own.trust);
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

/// What words and pairs of neighbours are rendered as, by class. What two words are rendered as together holds for both.
fn rendered(index: &TermIndex, renderings: &Renderings, source: &[String], words: &[QueryWord]) -> Vec<Rendered> {
    let mut found: Vec<Rendered> = Vec::new();
    let mut add = |key: &str, text: &String| {
        let Some(word) = words.iter().position(|word| word.text == *text) else {
            return;
        };
        found.extend(renderings.of(key).iter().filter_map(|rendering| {
            Some(Rendered {
                unit: index.lexicon.find_unit(&rendering.word)?,
                word,
                trust: rendering.trust,
                lift: rendering.lift,
            })
        }));
    };
    if renderings.is_empty() {
        return found;
    }
    let classes: Vec<String> = source.iter().map(|text| SYNONYMS.class(text)).collect();
    for (text, class) in source.iter().zip(&classes) {
        add(class, text);
    }
    for (texts, pair) in source.windows(2).zip(classes.windows(2)) {
        let key = pair.join(" ");
        texts.iter().for_each(|text| add(&key, text));
    }
    found.sort_by(|left, right| {
        let by_place = (left.unit, left.word).cmp(&(right.unit, right.word));
        by_place.then(right.trust.total_cmp(&left.trust))
    });
    found.dedup_by_key(|own| (own.unit, own.word));
    found
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
        parts.extend(
            made_of
                .iter()
                .filter_map(|part| index.lexicon.find_unit(&SYNONYMS.class(part))),
        );
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
        absent: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mark = |piece: &Piece| {
            let mut shown = piece.text.clone();
            shown.push_str(if piece.aside { ")" } else { "" });
            shown.push_str(if piece.absent { "-" } else { "" });
            shown
        };
        pieces(text).iter().map(mark).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn absence_ends_with_the_phrase() {
        assert_eq!(
            shown("Ulcer without hemorrhage or perforation, with obstruction"),
            "ulcer without hemorrhage- perforation- obstruction"
        );
        assert_eq!(
            shown("Open wound without foreign body with infection"),
            "open wound without foreign- body- infection"
        );
    }

    #[test]
    fn brackets_are_aside_and_non_is_a_prefix() {
        assert_eq!(shown("Disease [HIV] (acute) now"), "disease hiv) acute) now");
        assert_eq!(shown("Non-autoimmune anemia"), shown("Nonautoimmune anemia"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,80}") {
            proptest::prop_assert!(pieces(&text).iter().all(|piece| !piece.text.is_empty()));
        }
    }
}

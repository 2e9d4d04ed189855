//! Matching terms as the specification recommends: without regard to case, and asymmetrically in accents.
//!
//! A plain letter asked for matches the letter with any mark; a marked one only the letter marked in the same way.
//! `match:` looks for beginnings of words in any order, `wild:` for a pattern over the whole term. What it does not
//! do: customs of single languages (that Swedish counts `ö` as a letter of its own).

use super::ast::SearchTerm;
use tern_index::text::{fold, words};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A search term made ready.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// The very text.
    Exact(String),
    /// Beginnings of words, all of them.
    Words(Vec<Sought>),
    /// Pieces between stars over the whole text.
    Pattern(Vec<Sought>),
}

/// A piece of text that is sought.
#[derive(Debug, Clone)]
pub struct Sought {
    /// Folded, where nothing in it is marked: the usual case.
    plain: Option<String>,
    letters: Vec<Letter>,
}

/// A letter in lower case and its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Letter {
    base: char,
    marks: Vec<char>,
}

impl Letter {
    /// Whether this, asked for, is satisfied by `found`.
    fn accepts(&self, found: &Self) -> bool {
        self.base == found.base && (self.marks.is_empty() || self.marks == found.marks)
    }

    fn is_of_word(&self) -> bool {
        self.base.is_alphanumeric()
    }
}

const STROKE: char = '\u{338}';

fn letters(text: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(text.len());
    for character in text.nfd() {
        if is_combining_mark(character) {
            if let Some(last) = letters.last_mut() {
                last.marks.push(character);
            }
            continue;
        }
        // Letters whose stroke Unicode does not take apart.
        let (base, marks) = match character {
            'Ø' | 'ø' => ('o', vec![STROKE]),
            'Ł' | 'ł' => ('l', vec![STROKE]),
            'Đ' | 'đ' => ('d', vec![STROKE]),
            'Ħ' | 'ħ' => ('h', vec![STROKE]),
            other => (other, Vec::new()),
        };
        letters.extend(
            base.to_lowercase()
                .filter(|lower| !is_combining_mark(*lower))
                .map(|base| Letter {
                    base,
                    marks: marks.clone(),
                }),
        );
    }
    letters
}

impl Sought {
    fn new(text: &str) -> Self {
        let letters = letters(text);
        let plain = text.is_ascii().then(|| fold(text));
        Self { plain, letters }
    }
}

/// Room for the folded forms of terms, kept from one term to the next.
#[derive(Debug, Default)]
pub struct Scratch(String);

/// A term made ready to be matched, with each form made when first needed.
struct Candidate<'c> {
    text: &'c str,
    folded: &'c mut String,
    is_folded: bool,
    letters: Option<Vec<Letter>>,
}

impl<'c> Candidate<'c> {
    fn new(text: &'c str, scratch: &'c mut Scratch) -> Self {
        Self {
            text,
            folded: &mut scratch.0,
            is_folded: false,
            letters: None,
        }
    }

    fn folded(&mut self) -> &str {
        if !std::mem::replace(&mut self.is_folded, true) {
            self.folded.clear();
            if self.text.is_ascii() {
                self.folded.push_str(self.text);
                self.folded.make_ascii_lowercase();
            } else {
                self.folded.push_str(&fold(self.text));
            }
        }
        self.folded
    }

    fn letters(&mut self) -> &[Letter] {
        self.letters.get_or_insert_with(|| letters(self.text))
    }

    /// Whether some word begins so.
    fn has_word(&mut self, sought: &Sought) -> bool {
        if let Some(plain) = &sought.plain {
            let folded = self.folded();
            let begins = |(place, _)| {
                let before = folded.get(..place).and_then(|before| before.chars().next_back());
                before.is_none_or(|before| !before.is_alphanumeric())
            };
            return folded.match_indices(plain.as_str()).any(begins);
        }
        let letters = self.letters();
        (0..letters.len()).any(|start| {
            let begins = start == 0 || letters.get(start - 1).is_some_and(|before| !before.is_of_word());
            begins && letters.get(start..).is_some_and(|rest| starts_with(rest, &sought.letters))
        })
    }

    fn fits(&mut self, pieces: &[Sought]) -> bool {
        if pieces.iter().all(|piece| piece.plain.is_some()) {
            let plain: Vec<&str> = pieces.iter().filter_map(|piece| piece.plain.as_deref()).collect();
            return fits_plain(self.folded(), &plain);
        }
        let pieces: Vec<&[Letter]> = pieces.iter().map(|piece| piece.letters.as_slice()).collect();
        fits_letters(self.letters(), &pieces)
    }
}

fn starts_with(found: &[Letter], sought: &[Letter]) -> bool {
    found.len() >= sought.len() && sought.iter().zip(found).all(|(sought, found)| sought.accepts(found))
}

/// Pieces in order: the first at the beginning, the last at the end, the others leftmost between them.
fn fits_plain(text: &str, pieces: &[&str]) -> bool {
    let ([first, .., last], true) = (pieces, pieces.len() > 1) else {
        return pieces.first().is_some_and(|only| *only == text);
    };
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    let inner = pieces.get(1..pieces.len() - 1).unwrap_or(&[]);
    inner.iter().all(|piece| match rest.find(piece) {
        Some(place) => {
            rest = rest.get(place + piece.len()..).unwrap_or("");
            true
        }
        None => false,
    })
}

fn fits_letters(text: &[Letter], pieces: &[&[Letter]]) -> bool {
    let ([first, .., last], true) = (pieces, pieces.len() > 1) else {
        return pieces
            .first()
            .is_some_and(|only| only.len() == text.len() && starts_with(text, only));
    };
    if text.len() < first.len() + last.len() || !starts_with(text, first) {
        return false;
    }
    let end = text.len() - last.len();
    if !text.get(end..).is_some_and(|tail| starts_with(tail, last)) {
        return false;
    }
    let mut rest = text.get(first.len()..end).unwrap_or(&[]);
    let inner = pieces.get(1..pieces.len() - 1).unwrap_or(&[]);
    inner.iter().all(|piece| {
        let found = (0..=rest.len()).find(|start| rest.get(*start..).is_some_and(|tail| starts_with(tail, piece)));
        match found {
            Some(place) => {
                rest = rest.get(place + piece.len()..).unwrap_or(&[]);
                true
            }
            None => false,
        }
    })
}

impl Matcher {
    /// Makes a search term ready.
    pub fn new(term: &SearchTerm) -> Self {
        match term {
            SearchTerm::Exact(text) => Self::Exact(text.clone()),
            SearchTerm::Wild(pieces) => Self::Pattern(pieces.iter().map(|piece| Sought::new(piece)).collect()),
            SearchTerm::Match(sought) => {
                // Words are cut where those of terms are: `ST-elevation` asks for two.
                let cut = sought
                    .iter()
                    .flat_map(|word| word.split(|character: char| !is_of_word(character)));
                let words: Vec<Sought> = cut.filter(|word| !word.is_empty()).map(Sought::new).collect();
                if words.is_empty() {
                    // Signs alone are no beginning of a word; a term that has them is what can be meant.
                    return Self::Pattern(["", &sought.join(" "), ""].map(Sought::new).into());
                }
                Self::Words(words)
            }
        }
    }

    /// Whether a text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.is_match_in(text, &mut Scratch::default())
    }

    /// The same with room that is used again for the next text.
    pub fn is_match_in(&self, text: &str, scratch: &mut Scratch) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Words(sought) => {
                let mut candidate = Candidate::new(text, scratch);
                sought.iter().all(|word| candidate.has_word(word))
            }
            Self::Pattern(pieces) => Candidate::new(text, scratch).fits(pieces),
        }
    }

    /// What a match has in its words.
    pub fn parts(&self) -> Parts {
        let mut parts = Parts::default();
        match self {
            // Terms of the same text have the same words.
            Self::Exact(exact) => words(&fold(exact)).for_each(|word| parts.add(word, true, true)),
            Self::Words(sought) => {
                parts.exact = sought.iter().all(|word| word.plain.is_some());
                for word in sought {
                    match &word.plain {
                        Some(plain) => parts.add(plain, true, false),
                        None => parts.add_marked(word),
                    }
                }
            }
            Self::Pattern(pieces) => {
                let last = pieces.len().saturating_sub(1);
                for (place, piece) in pieces.iter().enumerate() {
                    match &piece.plain {
                        Some(plain) => parts.add_plain(plain, place == 0, place == last),
                        None => parts.add_marked(piece),
                    }
                }
                // `*x*` is in a term where x is in one of its words.
                let plain: Vec<&str> = pieces.iter().map(|piece| piece.plain.as_deref().unwrap_or("")).collect();
                parts.exact = matches!(plain.as_slice(), ["", inner, ""] if parts.list.iter().any(|part| part.text == *inner));
            }
        }
        parts
    }
}

/// What must be in the words of a term for it to match.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Pieces of words, all of which are needed; none where nothing can be said.
    pub list: Vec<Part>,
    /// Whether a term that has them all matches.
    pub exact: bool,
}

/// A piece of a folded word.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Letters and digits.
    pub text: String,
    /// Whether the word begins with it.
    pub starts: bool,
    /// Whether the word ends with it.
    pub ends: bool,
}

impl Parts {
    fn add(&mut self, text: &str, starts: bool, ends: bool) {
        let text = text.to_owned();
        self.list.push(Part { text, starts, ends });
    }

    /// The words of a piece of plain text; at an end of the piece a word may go on, but not past an end of the term.
    fn add_plain(&mut self, piece: &str, at_start: bool, at_end: bool) {
        for word in words(piece) {
            // A part of `piece`, so that the difference is its place.
            let place = word.as_ptr() as usize - piece.as_ptr() as usize;
            let (first, last) = (place == 0, place + word.len() == piece.len());
            self.add(word, !first || at_start, !last || at_end);
        }
    }

    /// Marked letters: what is certain of the folded term is that it has their bases somewhere.
    fn add_marked(&mut self, sought: &Sought) {
        let bases: String = sought.letters.iter().map(|letter| letter.base).collect();
        words(&fold(&bases)).for_each(|word| self.add(word, false, false));
    }
}

/// Whether a character belongs to a word; marks belong to the letter they are on.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Matcher {
        Matcher::new(&SearchTerm::Match(text.split(' ').map(str::to_owned).collect()))
    }

    fn wild(pattern: &str) -> Matcher {
        Matcher::new(&SearchTerm::Wild(pattern.split('*').map(str::to_owned).collect()))
    }

    #[test]
    fn beginnings_of_words_in_any_order() {
        for query in ["heart att", "att heart", "HEART", "h a"] {
            assert!(words_of(query).is_match("Attack of the heart (disorder)"), "{query}");
        }
        for query in ["eart", "heart x", "attacks"] {
            assert!(!words_of(query).is_match("Attack of the heart"), "{query}");
        }
        assert!(words_of("st-segment").is_match("Segment ST raised"));
        assert!(words_of("J45.9").is_match("J45.9"));
        assert!(!words_of("J45.9").is_match("J45.0"));
    }

    #[test]
    fn a_pattern_covers_the_whole_term() {
        for (pattern, text, expected) in [
            ("cardi*opathy", "Cardiomyopathy", true),
            ("cardi*opathy", "Cardiopathy", true),
            ("cardi*opathy", "atrial cardiopathy", false),
            ("cardi*opathy", "Cardiomyopathy (disorder)", false),
            ("cardiopathy", "CARDIOPATHY", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*b*a*", "xxaxxbxx", false),
            ("aba*aba", "ababa", false),
            ("*", "", true),
        ] {
            assert_eq!(wild(pattern).is_match(text), expected, "{pattern} {text}");
        }
    }

    /// The table of the specification's section on collation, for English.
    #[test]
    fn plain_letters_match_marked_ones_and_not_the_other_way_round() {
        for (query, text, expected) in [
            ("resume", "RÉSUMÉ", true),
            ("résumé", "Résumé", true),
            ("résumé", "resume", false),
            ("sjogren", "SJÖGREN", true),
            ("sjogren", "sjøgren", true),
            ("sjögren", "sjøgren", false),
            ("Angstrom", "ångstrøm", true),
            ("Angstrom", "ångstrœm", false),
            ("Ångstrøm", "ångström", false),
        ] {
            assert_eq!(words_of(query).is_match(text), expected, "{query} {text}");
            assert_eq!(wild(query).is_match(text), expected, "{query} {text} as a pattern");
            assert_eq!(wild(&format!("*{query}*")).is_match(&format!("a {text} b")), expected);
        }
    }

    #[test]
    fn exact_text_is_exact() {
        let exact = Matcher::new(&SearchTerm::Exact("PANADOL".into()));
        assert!(exact.is_match("PANADOL") && !exact.is_match("Panadol"));
    }

    /// Whether the words of a text have a part, as the word index would find.
    fn has(text: &str, part: &Part) -> bool {
        let folded = fold(text);
        words(&folded).any(|word| match (part.starts, part.ends) {
            (true, true) => word == part.text,
            (true, false) => word.starts_with(&part.text),
            (false, true) => word.ends_with(&part.text),
            (false, false) => word.contains(&part.text),
        })
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 5_000, ..Default::default() })]
        #[test]
        fn what_matches_has_the_parts(text in "[abAé½Øﬁ™ -]{0,12}", piece in "[abAé½Ø -]{0,3}", other in "[abé -]{0,3}", kind in 0..4) {
            let matcher = match kind {
                0 => words_of(&piece),
                1 => wild(&format!("*{piece}*")),
                2 => wild(&format!("{piece}*{other}")),
                _ => Matcher::new(&SearchTerm::Exact(text.clone())),
            };
            let parts = matcher.parts();
            let all = parts.list.iter().all(|part| has(&text, part));
            if matcher.is_match(&text) {
                proptest::prop_assert!(all, "{text:?} lacks {:?}", parts.list);
            } else if parts.exact && !parts.list.is_empty() {
                proptest::prop_assert!(!all, "{text:?} has {:?}", parts.list);
            }
        }
    }
}

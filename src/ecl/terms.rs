//! Matching terms as the specification recommends: without regard to case, and asymmetrically in accents.
//!
//! A plain letter asked for matches the letter with any mark; a marked one only the letter marked in the same way. What
//! is a letter of its own is a matter of the term's language, and told by `collation`. `match:` looks for beginnings of
//! words in any order, `wild:` for a pattern over the whole term.

use super::ast::SearchTerm;
use super::collation::{Customs, Letter, letters};
use tern_index::text::{fold, words};
use unicode_normalization::char::is_combining_mark;

/// A search term made ready.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// For languages without customs, and text that is in none.
    general: Form,
    /// For the languages with customs.
    customary: Vec<(&'static Customs, Form)>,
}

#[derive(Debug, Clone)]
enum Form {
    /// The very text.
    Exact(String),
    /// Beginnings of words, all of them.
    Words(Vec<Sought>),
    /// Pieces between stars over the whole text.
    Pattern(Vec<Sought>),
}

/// A piece of text that is sought.
#[derive(Debug, Clone)]
struct Sought {
    text: String,
    /// Folded, where nothing in it is marked: the usual case.
    plain: Option<String>,
    letters: Vec<Letter>,
}

impl Sought {
    fn new(text: &str, customs: Option<&Customs>) -> Self {
        let plain = customs.map_or_else(|| text.is_ascii(), |customs| customs.are_general_for(text));
        Self {
            plain: plain.then(|| fold(text)),
            letters: letters(text, customs),
            text: text.to_owned(),
        }
    }
}

/// A term made ready to be matched, with each form made when first needed.
struct Candidate<'c> {
    text: &'c str,
    customs: Option<&'static Customs>,
    /// Whether plain letters can be looked for in the folded text.
    folds: bool,
    folded: Option<String>,
    letters: Option<Vec<Letter>>,
}

impl<'c> Candidate<'c> {
    fn new(text: &'c str, customs: Option<&'static Customs>) -> Self {
        Self {
            text,
            customs,
            folds: customs.is_none_or(|customs| customs.are_general_for(text)),
            folded: None,
            letters: None,
        }
    }

    fn folded(&mut self) -> &str {
        self.folded.get_or_insert_with(|| fold(self.text))
    }

    fn letters(&mut self) -> &[Letter] {
        self.letters.get_or_insert_with(|| letters(self.text, self.customs))
    }

    /// Whether some word begins so.
    fn has_word(&mut self, sought: &Sought) -> bool {
        if let (Some(plain), true) = (&sought.plain, self.folds) {
            return words(self.folded()).any(|word| word.starts_with(plain.as_str()));
        }
        let letters = self.letters();
        (0..letters.len()).any(|start| {
            let begins = start == 0 || letters.get(start - 1).is_some_and(|before| !before.is_of_word());
            begins && letters.get(start..).is_some_and(|rest| starts_with(rest, &sought.letters))
        })
    }

    fn fits(&mut self, pieces: &[Sought]) -> bool {
        if self.folds && pieces.iter().all(|piece| piece.plain.is_some()) {
            let folded = self.folded();
            let plain: Vec<&str> = pieces.iter().filter_map(|piece| piece.plain.as_deref()).collect();
            return fits_plain(folded, &plain);
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

impl Form {
    fn new(term: &SearchTerm, customs: Option<&Customs>) -> Self {
        let sought = |text: &str| Sought::new(text, customs);
        match term {
            SearchTerm::Exact(text) => Self::Exact(text.clone()),
            SearchTerm::Wild(pieces) => Self::Pattern(pieces.iter().map(|piece| sought(piece)).collect()),
            SearchTerm::Match(asked) => {
                // Words are cut where those of terms are: `ST-elevation` asks for two.
                let cut = asked
                    .iter()
                    .flat_map(|word| word.split(|character: char| !is_of_word(character)));
                let words: Vec<Sought> = cut.filter(|word| !word.is_empty()).map(sought).collect();
                if words.is_empty() {
                    // Signs alone are no beginning of a word; a term that has them is what can be meant.
                    return Self::Pattern(["", &asked.join(" "), ""].map(sought).into());
                }
                Self::Words(words)
            }
        }
    }

    fn is_match(&self, text: &str, customs: Option<&'static Customs>) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Words(sought) => {
                let mut candidate = Candidate::new(text, customs);
                sought.iter().all(|word| candidate.has_word(word))
            }
            Self::Pattern(pieces) => Candidate::new(text, customs).fits(pieces),
        }
    }
}

impl Matcher {
    /// Makes a search term ready for text of which no language is known.
    pub fn new(term: &SearchTerm) -> Self {
        Self::for_languages(term, std::iter::empty())
    }

    /// Makes a search term ready for terms in some languages.
    pub fn for_languages<'l>(term: &SearchTerm, languages: impl Iterator<Item = &'l str>) -> Self {
        let mut customary: Vec<(&'static Customs, Form)> = Vec::new();
        for customs in languages.filter_map(Customs::of) {
            if !customary.iter().any(|(known, _)| *known == customs) {
                customary.push((customs, Form::new(term, Some(customs))));
            }
        }
        Self {
            general: Form::new(term, None),
            customary,
        }
    }

    /// Whether a text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.general.is_match(text, None)
    }

    /// Whether a term matches by the customs of its language, which must be one of those that this was made for.
    pub fn is_match_in(&self, text: &str, language: Option<&str>) -> bool {
        let own = language.filter(|_| !self.customary.is_empty()).and_then(Customs::of);
        let form = own.and_then(|own| self.customary.iter().find(|(known, _)| *known == own));
        match form {
            Some((customs, form)) => form.is_match(text, Some(customs)),
            None => self.is_match(text),
        }
    }

    /// What every match must begin words with once marks are folded away, where it asks for words.
    pub fn sought_words(&self) -> Option<String> {
        let Form::Words(sought) = &self.general else { return None };
        let words = sought.iter().map(|word| {
            let safe = |word, (customs, _): &(&'static Customs, Form)| customs.safe_prefix(word);
            self.customary.iter().fold(word.text.as_str(), safe)
        });
        let words: Vec<String> = words.map(fold).filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then(|| words.join(" "))
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

    /// The tables of the specification's section on collation, for Swedish and Danish; and what follows for others.
    #[test]
    fn languages_have_letters_of_their_own() {
        let all = [
            "sjogren",
            "SJÖGREN",
            "Sjøgren",
            "Angstrom",
            "ÅNGSTRÖM",
            "ångstrøm",
            "Ångstrœm",
            "aangström",
            "AANGSTRØM",
        ];
        for (language, query, found) in [
            ("sv", "sjogren", &["sjogren"][..]),
            ("sv", "sjögren", &["SJÖGREN", "Sjøgren"]),
            ("sv", "Angstrom", &["Angstrom"]),
            ("sv", "Ångström", &["ÅNGSTRÖM", "ångstrøm", "Ångstrœm"]),
            ("sv", "Ångstrøm", &["ångstrøm"]),
            ("sv-SE", "aangstrøm", &["AANGSTRØM"]),
            ("da", "sjogren", &["sjogren"]),
            ("da", "sjögren", &["SJÖGREN"]),
            ("da", "sjøgren", &["SJÖGREN", "Sjøgren"]),
            ("da", "Angstrom", &["Angstrom"]),
            ("da", "Ångström", &["ÅNGSTRÖM", "aangström"]),
            ("da", "Ångstrøm", &["ÅNGSTRÖM", "ångstrøm", "aangström", "AANGSTRØM"]),
            ("da", "aangstrøm", &["ÅNGSTRÖM", "ångstrøm", "aangström", "AANGSTRØM"]),
            (
                "nb",
                "ångstrøm",
                &["ÅNGSTRÖM", "ångstrøm", "Ångstrœm", "aangström", "AANGSTRØM"],
            ),
            ("nb", "aangstrøm", &["aangström", "AANGSTRØM"]),
            ("en", "angstrom", &["Angstrom", "ÅNGSTRÖM", "ångstrøm"]),
            ("en", "sjogren", &["sjogren", "SJÖGREN", "Sjøgren"]),
            ("en", "aangstrøm", &["AANGSTRØM"]),
        ] {
            for term in [
                SearchTerm::Match(vec![query.to_owned()]),
                SearchTerm::Wild(vec![query.to_owned()]),
            ] {
                let matcher = Matcher::for_languages(&term, ["en", "sv", "da", "nb", "sv-SE"].into_iter());
                let matching: Vec<&str> = all
                    .into_iter()
                    .filter(|text| matcher.is_match_in(text, Some(language)))
                    .collect();
                assert_eq!(matching, found, "{query} in {language}, {term:?}");
            }
        }
        // A mark that came apart from its letter is that letter; customs are asked of the term, not of the query.
        let words = Matcher::for_languages(&SearchTerm::Match(vec!["o\u{308}ra".into()]), ["sv"].into_iter());
        assert!(words.is_match_in("ÖRA", Some("sv")) && words.is_match_in("öra", Some("en")));
        let words = Matcher::for_languages(&SearchTerm::Match(vec!["ora".into()]), ["sv"].into_iter());
        assert!(!words.is_match_in("öra", Some("sv")) && words.is_match_in("öra", Some("en")) && words.is_match_in("öra", None));
    }

    #[test]
    fn what_is_sought_in_the_index_leaves_no_match_out() {
        let sought = |text: &str, languages: &[&str]| {
            let term = SearchTerm::Match(text.split(' ').map(str::to_owned).collect());
            Matcher::for_languages(&term, languages.iter().copied()).sought_words()
        };
        assert_eq!(sought("Ménière heart", &["en"]).as_deref(), Some("meniere heart"));
        assert_eq!(sought("hjärta svikt", &["en", "sv"]).as_deref(), Some("hj svikt"));
        assert_eq!(sought("ö", &["en", "sv"]), None);
    }

    #[test]
    fn exact_text_is_exact() {
        let exact = Matcher::new(&SearchTerm::Exact("PANADOL".into()));
        assert!(exact.is_match("PANADOL") && !exact.is_match("Panadol"));
    }
}

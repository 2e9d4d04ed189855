//! Matching terms as the specification recommends: without regard to case, and asymmetrically in accents.
//!
//! A plain letter asked for matches the letter with any mark; a marked one only the letter marked in the same way. What
//! is a letter of its own is a matter of the term's language, and told by `collation`. `match:` looks for beginnings of
//! words in any order, `wild:` for a pattern over the whole term.

use super::ast::SearchTerm;
use super::collation::{Customs, Letter, letters};
use memchr::memmem::Finder;
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
    Pattern(Pattern),
}

#[derive(Debug, Clone)]
struct Pattern {
    pieces: Vec<Sought>,
    /// The pieces folded, where all of them are plain.
    plain: Option<Vec<Plain>>,
}

impl Pattern {
    fn new(pieces: Vec<Sought>) -> Self {
        let plain = pieces.iter().map(|piece| piece.plain.clone()).collect();
        Self { pieces, plain }
    }
}

/// Folded text, and how it is found: made once, not for each of a million terms.
#[derive(Debug, Clone)]
struct Plain {
    text: String,
    finder: Finder<'static>,
}

impl Plain {
    fn new(text: String) -> Self {
        let finder = Finder::new(&text).into_owned();
        Self { text, finder }
    }

    /// Where it begins in a text for the first time.
    fn find(&self, text: &str) -> Option<usize> {
        self.finder.find(text.as_bytes())
    }
}

/// A piece of text that is sought.
#[derive(Debug, Clone)]
struct Sought {
    text: String,
    /// Folded, where nothing in it is marked: the usual case.
    plain: Option<Plain>,
    letters: Vec<Letter>,
    /// Whether no text of plain letters has it.
    is_marked: bool,
}

impl Sought {
    fn new(text: &str, customs: Option<&Customs>) -> Self {
        let plain = customs.map_or_else(|| text.is_ascii(), |customs| customs.are_general_for(text));
        let letters = letters(text, customs);
        Self {
            plain: plain.then(|| Plain::new(fold(text))),
            // By customs two plain letters may be a marked one.
            is_marked: customs.is_none() && !letters.iter().all(Letter::is_plain),
            letters,
            text: text.to_owned(),
        }
    }
}

/// Room for the folded forms of terms, kept from one term to the next.
#[derive(Debug, Default)]
pub struct Scratch(String);

/// A term made ready to be matched, with each form made when first needed.
struct Candidate<'c> {
    text: &'c str,
    customs: Option<&'static Customs>,
    /// Whether plain letters can be looked for in the folded text.
    folds: bool,
    folded: &'c mut String,
    is_folded: bool,
    letters: Option<Vec<Letter>>,
}

impl<'c> Candidate<'c> {
    fn new(text: &'c str, customs: Option<&'static Customs>, scratch: &'c mut Scratch) -> Self {
        Self {
            text,
            customs,
            folds: customs.is_none_or(|customs| customs.are_general_for(text)),
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
        self.letters.get_or_insert_with(|| letters(self.text, self.customs))
    }

    /// Whether some word begins so.
    fn has_word(&mut self, sought: &Sought) -> bool {
        if let (Some(plain), true) = (&sought.plain, self.folds) {
            let folded = self.folded();
            let begins = |place| {
                let before = folded.get(..place).and_then(|before| before.chars().next_back());
                before.is_none_or(|before| !before.is_alphanumeric())
            };
            return plain.finder.find_iter(folded.as_bytes()).any(begins);
        }
        if sought.is_marked && self.text.is_ascii() {
            return false;
        }
        let letters = self.letters();
        (0..letters.len()).any(|start| {
            let begins = start == 0 || letters.get(start - 1).is_some_and(|before| !before.is_of_word());
            begins && letters.get(start..).is_some_and(|rest| starts_with(rest, &sought.letters))
        })
    }

    fn fits(&mut self, pattern: &Pattern) -> bool {
        if let (Some(plain), true) = (&pattern.plain, self.folds) {
            return fits_plain(self.folded(), plain);
        }
        let pieces = &pattern.pieces;
        if self.text.is_ascii() && pieces.iter().any(|piece| piece.is_marked) {
            return false;
        }
        let pieces: Vec<&[Letter]> = pieces.iter().map(|piece| piece.letters.as_slice()).collect();
        fits_letters(self.letters(), &pieces)
    }
}

fn starts_with(found: &[Letter], sought: &[Letter]) -> bool {
    found.len() >= sought.len() && sought.iter().zip(found).all(|(sought, found)| sought.accepts(found))
}

/// Pieces in order: the first at the beginning, the last at the end, the others leftmost between them.
fn fits_plain(text: &str, pieces: &[Plain]) -> bool {
    let ([first, .., last], true) = (pieces, pieces.len() > 1) else {
        return pieces.first().is_some_and(|only| only.text == text);
    };
    let ends = |rest| str::strip_suffix(rest, last.text.as_str());
    let Some(mut rest) = text.strip_prefix(first.text.as_str()).and_then(ends) else {
        return false;
    };
    let inner = pieces.get(1..pieces.len() - 1).unwrap_or(&[]);
    inner.iter().all(|piece| match piece.find(rest) {
        Some(place) => {
            rest = rest.get(place + piece.text.len()..).unwrap_or("");
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
            SearchTerm::Wild(pieces) => Self::Pattern(Pattern::new(pieces.iter().map(|piece| sought(piece)).collect())),
            SearchTerm::Match(asked) => {
                // Words are cut where those of terms are: `ST-elevation` asks for two.
                let cut = asked
                    .iter()
                    .flat_map(|word| word.split(|character: char| !is_of_word(character)));
                let words: Vec<Sought> = cut.filter(|word| !word.is_empty()).map(sought).collect();
                if words.is_empty() {
                    // Signs alone are no beginning of a word; a term that has them is what can be meant.
                    return Self::Pattern(Pattern::new(["", &asked.join(" "), ""].map(sought).into()));
                }
                Self::Words(words)
            }
        }
    }

    /// Whether a text of ASCII can match, in a language with these customs.
    fn may_be_plain(&self, customs: Option<&Customs>) -> bool {
        let plain = |sought: &Sought| sought.letters.iter().all(|letter| letter.may_be_plain(customs));
        match self {
            Self::Exact(text) => text.is_ascii(),
            Self::Words(words) => words.iter().all(plain),
            Self::Pattern(pattern) => pattern.pieces.iter().all(plain),
        }
    }

    fn is_match(&self, text: &str, customs: Option<&'static Customs>, scratch: &mut Scratch) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Words(sought) => {
                let mut candidate = Candidate::new(text, customs, scratch);
                sought.iter().all(|word| candidate.has_word(word))
            }
            Self::Pattern(pattern) => Candidate::new(text, customs, scratch).fits(pattern),
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
        self.is_match_in(text, None, &mut Scratch::default())
    }

    /// Whether a term matches by the customs of its language, which must be one of those that this was made for.
    pub fn is_match_in(&self, text: &str, language: Option<&str>, scratch: &mut Scratch) -> bool {
        let own = language.filter(|_| !self.customary.is_empty()).and_then(Customs::of);
        let form = own.and_then(|own| self.customary.iter().find(|(known, _)| *known == own));
        match form {
            Some((customs, form)) => form.is_match(text, Some(customs), scratch),
            None => self.general.is_match(text, None, scratch),
        }
    }

    /// Whether the language of a term can make a difference.
    pub fn heeds_language(&self) -> bool {
        !self.customary.is_empty()
    }

    /// What a term of ASCII has besides words if it matches, in whatever language.
    pub fn signs(&self) -> Signs {
        let forms = || std::iter::once((None, &self.general)).chain(self.customary.iter().map(|(own, form)| (Some(*own), form)));
        if forms().all(|(customs, form)| !form.may_be_plain(customs)) {
            return Signs::Never;
        }
        let pieces: Vec<&str> = match &self.general {
            Form::Exact(text) => vec![text],
            Form::Pattern(pattern) => pattern.pieces.iter().map(|piece| piece.text.as_str()).collect(),
            Form::Words(_) => Vec::new(),
        };
        let is_sign = |character: char| character.is_ascii() && !character.is_ascii_alphanumeric();
        let runs = pieces.iter().flat_map(|piece| piece.split(|character| !is_sign(character)));
        let Some(sought) = runs.filter(|run| !run.is_empty()).max_by_key(|run| run.len()) else {
            return Signs::Unknown;
        };
        let enough =
            matches!(&self.general, Form::Pattern(_)) && matches!(pieces.as_slice(), ["", inner, ""] if *inner == sought);
        Signs::Text {
            sought: sought.to_owned(),
            enough,
        }
    }

    /// What a match, in whatever language, has in its words once marks are folded away.
    pub fn parts(&self) -> Parts {
        let mut parts = Parts::default();
        let general = self.customary.is_empty();
        // Where a letter may be written as another one, a piece is certain up to that letter, and so is where words begin.
        let safe = |sought: &Sought| {
            let safe = |word, (customs, _): &(&'static Customs, Form)| customs.safe_prefix(word);
            fold(self.customary.iter().fold(sought.text.as_str(), safe))
        };
        match &self.general {
            // Terms of the same text have the same words.
            Form::Exact(exact) => words(&fold(exact)).for_each(|word| parts.add(word, true, true)),
            Form::Words(sought) => {
                parts.exact = general && sought.iter().all(|word| word.plain.is_some());
                for word in sought {
                    match &word.plain {
                        Some(plain) if general => parts.add(&plain.text, true, false),
                        _ => parts.add_somewhere(&safe(word)),
                    }
                }
            }
            Form::Pattern(Pattern { pieces, plain }) => {
                let last = pieces.len().saturating_sub(1);
                for (place, piece) in pieces.iter().enumerate() {
                    match &piece.plain {
                        Some(plain) if general => parts.add_plain(&plain.text, place == 0, place == last),
                        _ => parts.add_somewhere(&safe(piece)),
                    }
                }
                // `*x*` is in a term where x is in one of its words.
                let is_one = |inner: &String| parts.list.iter().any(|part| part.text == *inner);
                parts.exact = general
                    && matches!(plain.as_deref(), Some([start, inner, end]) if start.text.is_empty() && end.text.is_empty() && is_one(&inner.text));
            }
        }
        parts
    }
}

/// What a term of ASCII must have besides words, for it to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signs {
    /// It matches in no case: a marked letter is sought.
    Never,
    /// Text without letters and digits.
    Text {
        /// The text.
        sought: String,
        /// Whether a term that has it matches.
        enough: bool,
    },
    /// Nothing can be said.
    Unknown,
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
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Letters and digits.
    pub text: String,
    /// Whether the word begins with it.
    pub starts: bool,
    /// Whether the word ends with it.
    pub ends: bool,
}

impl Parts {
    /// Keeps at most so many parts, each once: the longest, which the fewest words have.
    pub fn keep_telling(&mut self, most: usize) {
        let length = |part: &Part| part.text.len() + usize::from(part.starts) + usize::from(part.ends);
        self.list.sort_by(|a, b| length(b).cmp(&length(a)).then_with(|| a.cmp(b)));
        self.list.dedup();
        if self.list.len() > most {
            self.list.truncate(most);
            self.exact = false;
        }
    }

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

    /// Folded text that is certain to be in the folded term, of which no more is known.
    fn add_somewhere(&mut self, folded: &str) {
        words(folded).for_each(|word| self.add(word, false, false));
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
                    .filter(|text| matcher.is_match_in(text, Some(language), &mut Scratch::default()))
                    .collect();
                assert_eq!(matching, found, "{query} in {language}, {term:?}");
            }
        }
        // A mark that came apart from its letter is that letter; customs are asked of the term, not of the query.
        let matches = |query: &str, text: &str, language: Option<&str>| {
            let words = Matcher::for_languages(&SearchTerm::Match(vec![query.to_owned()]), ["sv"].into_iter());
            words.is_match_in(text, language, &mut Scratch::default())
        };
        assert!(matches("o\u{308}ra", "ÖRA", Some("sv")) && matches("o\u{308}ra", "öra", Some("en")));
        assert!(!matches("ora", "öra", Some("sv")) && matches("ora", "öra", Some("en")) && matches("ora", "öra", None));
    }

    #[test]
    fn what_is_sought_in_the_index_leaves_no_match_out() {
        let sought = |text: &str, languages: &[&str]| {
            let term = SearchTerm::Match(text.split(' ').map(str::to_owned).collect());
            let parts = Matcher::for_languages(&term, languages.iter().copied()).parts();
            parts
                .list
                .into_iter()
                .map(|part| (part.text, part.starts))
                .collect::<Vec<_>>()
        };
        let part = |text: &str, starts| (text.to_owned(), starts);
        assert_eq!(
            sought("Ménière heart", &["en"]),
            [part("meniere", false), part("heart", true)]
        );
        assert_eq!(
            sought("hjärta svikt", &["en", "sv"]),
            [part("hj", false), part("svikt", false)]
        );
        assert_eq!(sought("ö", &["en", "sv"]), []);
    }

    #[test]
    fn of_many_parts_the_longest_are_kept() {
        let mut parts = Matcher::new(&SearchTerm::Match(["a", "heart", "a", "of"].map(str::to_owned).into())).parts();
        parts.keep_telling(3);
        assert!(parts.exact, "each is there once");
        parts.keep_telling(2);
        let kept: Vec<&str> = parts.list.iter().map(|part| part.text.as_str()).collect();
        assert_eq!((kept, parts.exact), (vec!["heart", "of"], false));
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
        fn what_matches_has_the_parts(
            text in "[abAÅéöw½Øﬁ™ /-]{0,12}|[abAw /-]{0,12}",
            piece in "[abwAåé½Ø /-]{0,3}|[/-]{1,2}",
            other in "[abé /-]{0,3}",
            kind in 0..4,
            known in proptest::sample::subsequence(vec!["en", "sv", "da", "et"], 0..3),
            language in proptest::sample::select(vec![None, Some("en"), Some("sv"), Some("da"), Some("et")]),
        ) {
            let term = match kind {
                0 => SearchTerm::Match(piece.split(' ').map(str::to_owned).collect()),
                1 => SearchTerm::Wild(vec![String::new(), piece, String::new()]),
                2 => SearchTerm::Wild(vec![piece, other]),
                _ => SearchTerm::Exact(text.clone()),
            };
            let matcher = Matcher::for_languages(&term, known.iter().copied());
            let language = language.filter(|language| known.contains(language));
            let parts = matcher.parts();
            let all = parts.list.iter().all(|part| has(&text, part));
            if text.is_ascii() {
                let matches = matcher.is_match_in(&text, language, &mut Scratch::default());
                let signs = matcher.signs();
                proptest::prop_assert!(!matches || match &signs {
                    Signs::Never => false,
                    Signs::Text { sought, .. } => text.contains(sought),
                    Signs::Unknown => true,
                }, "{text:?} {signs:?}");
                if let Signs::Text { sought, enough: true } = &signs {
                    proptest::prop_assert_eq!(matches, text.contains(sought), "{:?}", text);
                }
            }
            if matcher.is_match_in(&text, language, &mut Scratch::default()) {
                proptest::prop_assert!(all, "{text:?} lacks {:?}", parts.list);
            } else if parts.exact && !parts.list.is_empty() {
                proptest::prop_assert!(!all, "{text:?} has {:?}", parts.list);
            }
        }
    }
}

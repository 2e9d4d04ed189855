//! Plain, Greek and Latin words for the same thing, and what clinicians shorten: general medical knowledge.
//!
//! Each line of [`WORDS`] is a set of words with one meaning (compared by stem); each line of [`PHRASES`] is a short form
//! or a lay phrase and what classifications write. Names that were only learned from an evaluation set must never
//! enter: a table that knows the answers measures nothing.

use super::morphology::stem;
use crate::mapper::words::words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Words of one meaning, a set a line.
const WORDS: &str = include_str!("words.txt");

/// Short forms and lay phrases, `short = long`; a `~` instead of `=` means that it also goes the other way round.
const PHRASES: &str = include_str!("phrases.txt");

/// What ICD-9-CM appends to titles for its fifth digits, and what ICD-10-CM says there: nothing, for the most part.
const FIFTH_DIGITS: &[(&str, &str)] = &[
    ("bacteriological or histological examination not done", ""),
    ("bacteriological or histological examination unknown (at present)", ""),
    ("tubercle bacilli found (in sputum) by microscopy", ""),
    (
        "tubercle bacilli not found (in sputum) by microscopy, but found by bacterial culture",
        "",
    ),
    (
        "tubercle bacilli not found by bacteriological examination, but tuberculosis confirmed histologically",
        "",
    ),
    (
        "tubercle bacilli not found by bacteriological or histological examination, but tuberculosis confirmed by other methods \
         [inoculation of animals]",
        "",
    ),
    ("unspecified as to episode of care or not applicable", "unspecified trimester"),
    ("unspecified as to episode of care", "unspecified"),
    ("delivered, with or without mention of antepartum condition", "childbirth"),
    ("delivered, with mention of postpartum complication", "puerperium"),
    ("antepartum condition or complication", "unspecified trimester"),
    ("postpartum condition or complication", "puerperium"),
    (
        "without mention of having achieved remission",
        "not having achieved remission",
    ),
    ("without mention of complication", ""),
    ("not stated as uncontrolled", ""),
    ("type ii or unspecified type", "type 2"),
    ("type i [juvenile type]", "type 1"),
    ("without mention of", "without"),
    ("with no loss of consciousness", "without loss of consciousness"),
    (
        "state of consciousness unspecified",
        "loss of consciousness of unspecified duration",
    ),
    (
        "loss of consciousness of unspecified duration",
        "loss of consciousness of unspecified duration",
    ),
];

/// A name as ICD-10-CM would have it, where it is written as ICD-9-CM writes. `None` where nothing is to be changed.
pub fn modern(name: &str) -> Option<String> {
    let mut found = name.to_ascii_lowercase();
    let before = found.len();
    let mut changed = false;
    for (old, new) in FIFTH_DIGITS {
        if found.len() <= 4 * before && found.contains(old) {
            found = found.replace(old, new);
            changed = true;
        }
    }
    changed.then_some(found)
}

/// What the tables say, ready to be asked.
#[derive(Debug)]
pub struct Synonyms {
    /// Stem -> the stem that stands for its set.
    same: HashMap<String, String>,
    /// First word of a phrase -> the phrases, longest first.
    phrases: HashMap<String, Vec<Phrase>>,
}

#[derive(Debug)]
struct Phrase {
    from: Vec<String>,
    to: Vec<String>,
}

/// The tables, read once.
pub static SYNONYMS: LazyLock<Synonyms> = LazyLock::new(Synonyms::read);

fn entries(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

/// Roman numerals that are no letters of their own.
const NUMERALS: &[(&str, &str)] = &[
    ("ii", "2"),
    ("iii", "3"),
    ("iv", "4"),
    ("vi", "6"),
    ("vii", "7"),
    ("viii", "8"),
    ("ix", "9"),
    ("xi", "11"),
    ("xii", "12"),
    ("xiii", "13"),
];

impl Synonyms {
    fn read() -> Self {
        let mut same = HashMap::new();
        for line in entries(WORDS) {
            let mut set = line.split(' ').flat_map(words).map(|word| stem(&word));
            let Some(first) = set.next() else { continue };
            for other in set {
                same.entry(other).or_insert_with(|| first.clone());
            }
        }
        let mut phrases: HashMap<String, Vec<Phrase>> = HashMap::new();
        let mut add = |from: Vec<String>, to: Vec<String>| {
            if let Some(first) = from.first() {
                phrases.entry(first.clone()).or_default().push(Phrase { from, to });
            }
        };
        for line in entries(PHRASES) {
            if let Some((short, long)) = line.split_once(" = ") {
                add(words(short), words(long));
            } else if let Some((short, long)) = line.split_once(" ~ ") {
                add(words(short), words(long));
                add(words(long), words(short));
            }
        }
        phrases
            .values_mut()
            .for_each(|own| own.sort_by_key(|phrase| std::cmp::Reverse(phrase.from.len())));
        Self { same, phrases }
    }

    /// What a normalised word is compared by: the stem of its set, its number, or its own stem.
    pub fn class(&self, word: &str) -> String {
        if let Some((_, number)) = NUMERALS.iter().find(|(numeral, _)| *numeral == word) {
            return (*number).to_owned();
        }
        let own = stem(word);
        self.same.get(&own).cloned().unwrap_or(own)
    }

    /// Other ways to write normalised words: one phrase replaced in each, at most `limit`.
    pub fn rewritings(&self, source: &[String], limit: usize) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(word) = source.get(at) {
            let rest = source.get(at..).unwrap_or(&[]);
            let fitting: Vec<&Phrase> = self
                .phrases
                .get(word)
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .filter(|phrase| rest.starts_with(&phrase.from))
                .collect();
            let longest = fitting.first().map_or(0, |phrase| phrase.from.len());
            for phrase in fitting.iter().filter(|phrase| phrase.from.len() == longest) {
                // What the name already says is not said again.
                if source.windows(phrase.to.len().max(1)).any(|window| window == phrase.to) {
                    continue;
                }
                let mut other = source.get(..at).unwrap_or(&[]).to_vec();
                other.extend(phrase.to.iter().cloned());
                other.extend(rest.iter().skip(longest).cloned());
                found.push(other);
                if found.len() == limit {
                    return found;
                }
            }
            at += longest.max(1);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Vec<String> {
        let all = SYNONYMS.rewritings(&words(text), 3);
        all.iter().map(|other| other.join(" ")).collect()
    }

    #[test]
    fn words_of_one_meaning_have_one_class() {
        for (left, right) in [("renal", "kidney"), ("cardiac", "heart"), ("stone", "calculus"), ("iii", "3")] {
            assert_eq!(SYNONYMS.class(left), SYNONYMS.class(right), "{left}");
        }
        assert_ne!(SYNONYMS.class("heart"), SYNONYMS.class("liver"));
    }

    #[test]
    fn short_forms_and_lay_phrases_are_written_out() {
        assert_eq!(rewritten("Heart attack, old"), ["myocardial infarction old"]);
        assert_eq!(
            rewritten("acute exacerbation of COPD"),
            ["acute exacerbation chronic obstructive pulmonary disease"]
        );
        assert_eq!(rewritten("HTN"), ["hypertension", "high blood pressure"]);
        assert!(rewritten("fracture of femur").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_rewritten_within_the_limit(text in "[a-z ]{0,60}") {
            proptest::prop_assert!(SYNONYMS.rewritings(&words(&text), 3).len() <= 3);
        }
    }
}

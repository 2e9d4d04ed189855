//! What laboratory people write for what LOINC calls it, from general knowledge of the field.
//!
//! Each entry is a short form (words as [`super::words`] gives them, so case, plurals and punctuation do not
//! matter), the words that the vocabulary uses, and the property that the short form implies, if any. An entry
//! may occur twice where a short form has two readings; both are tried.
//!
//! Names that were only learned from an evaluation set must never enter: a table that knows the answers measures
//! nothing. Entries are those of laboratory handbooks and of the everyday names of analytes.

use super::words::words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The table, one short form a line: short form, expansion, implied LOINC property if any.
const LABORATORY: &str = include_str!("abbreviations.txt");

/// Words that say how a result is expressed, not of what, and what they imply for PROPERTY ("" for nothing).
pub(super) const EXPRESSION_WORDS: &[(&str, &str)] = &[
    ("percent", "NFr"),
    ("absolute", "NCnc"),
    ("count", "NCnc"),
    ("number", "NCnc"),
    ("level", ""),
    ("test", ""),
    ("result", ""),
    ("value", ""),
    ("measured", ""),
    ("quantitative", ""),
    ("quant", ""),
    ("qualitative", "PrThr"),
    ("qual", "PrThr"),
    ("presence", "PrThr"),
    ("screen", "PrThr"),
    ("screening", "PrThr"),
    ("titer", "Titr"),
    ("concentration", ""),
    ("assay", ""),
    ("lab", ""),
    ("specimen", ""),
    ("sample", ""),
    ("other", ""),
    ("calculated", ""),
    ("calc", ""),
    ("estimated", ""),
    ("est", ""),
    ("auto", ""),
    ("automated", ""),
    ("manual", ""),
];

/// A reading of a short form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expansion {
    /// The words to look for.
    pub words: Vec<String>,
    /// The implied property, or "".
    pub property: &'static str,
}

/// Longest short form, in words.
pub(super) const LONGEST: usize = 5;

static TABLE: LazyLock<HashMap<Vec<String>, Vec<Expansion>>> = LazyLock::new(|| {
    let mut table: HashMap<Vec<String>, Vec<Expansion>> = HashMap::new();
    for line in LABORATORY.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (Some(short), Some(long)) = (fields.next(), fields.next()) else {
            continue;
        };
        table.entry(words(short)).or_default().push(Expansion {
            words: words(long),
            property: fields.next().unwrap_or(""),
        });
    }
    table
});

/// Short forms of several words by their words in order of the alphabet: `CRP hs` is `hs CRP`.
static REORDERED: LazyLock<HashMap<Vec<String>, &'static [Expansion]>> = LazyLock::new(|| {
    let mut several: Vec<_> = TABLE.iter().filter(|(short, _)| short.len() > 1).collect();
    // Of two short forms of the same words the first by its spelling is taken, whatever the order of the table.
    several.sort_by(|left, right| right.0.cmp(left.0));
    let sorted = |(short, long): (&Vec<String>, &'static Vec<Expansion>)| {
        let mut words = short.clone();
        words.sort_unstable();
        (words, long.as_slice())
    };
    several.into_iter().map(sorted).collect()
});

/// The readings of a short form, given as normalised words in any order.
pub(super) fn laboratory(short: &[String]) -> &'static [Expansion] {
    if let Some(found) = TABLE.get(short) {
        return found;
    }
    if short.len() < 2 {
        return &[];
    }
    let mut words = short.to_vec();
    words.sort_unstable();
    REORDERED.get(&words).copied().unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_found_whatever_their_case_and_plural() {
        assert_eq!(laboratory(&words("WBCs"))[0].words, ["leukocyte"]);
        assert_eq!(laboratory(&words("pO2"))[0].property, "PPres");
        assert!(laboratory(&words("no such thing")).is_empty());
    }

    #[test]
    fn words_of_a_short_form_may_stand_in_any_order() {
        assert_eq!(laboratory(&words("CRP hs")), laboratory(&words("hs CRP")));
        assert!(!laboratory(&words("CRP hs")).is_empty());
    }

    #[test]
    fn every_line_of_the_table_is_a_short_form_and_its_words() {
        for line in LABORATORY.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert!(
                matches!(fields.len(), 2 | 3) && fields.iter().all(|field| !field.is_empty()),
                "{line}"
            );
        }
    }

    #[test]
    fn no_short_form_is_longer_than_is_looked_for() {
        assert!(TABLE.keys().all(|short| !short.is_empty() && short.len() <= LONGEST));
    }
}

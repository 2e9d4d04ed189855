//! How a name is written, as marks: commas, brackets, length, "NOS". Claims codes, tabular lists and ontologies write
//! differently, and each wants its own level for the same words (a billable code, a header); the weights of marks
//! beside traits of a candidate are how a model learns that. It looks at no word but those that classifications end with.

use crate::mapper::words::words;

/// The marks, in the order of [`of`].
pub const MARKS: &[&str] = &[
    "comma",
    "commas",
    "semicolon",
    "parenthesis",
    "bracket",
    "optional_plural",
    "lower_case",
    "ends_nos",
    "nos",
    "nec",
    "digit",
    "apostrophe",
    "one_word",
    "two_words",
    "three_words",
    "five_words",
    "eight_words",
    "twelve_words",
    "ends_unspecified",
    "starts_other",
    "starts_unspecified",
    "later_capital",
    "upper_case",
    "hyphen",
    "slash",
];

/// The marks of a name, 0 for those that it does not have.
pub fn of(name: &str) -> Vec<f32> {
    let name = name.trim();
    let flag = |truth: bool| f32::from(u8::from(truth));
    let commas = name.matches(',').count();
    let length = words(name).len();
    let tokens: Vec<&str> = name.split(|letter: char| !letter.is_alphanumeric()).collect();
    let lower = name.to_lowercase();
    let capital = |token: &str| token.starts_with(char::is_uppercase);
    let letters = || name.chars().filter(|letter| letter.is_alphabetic());
    vec![
        flag(commas > 0),
        commas.min(3) as f32 / 3.0,
        flag(name.contains(';')),
        flag(name.contains('(')),
        flag(name.contains('[')),
        flag(lower.contains("(s)")),
        flag(name.starts_with(char::is_lowercase)),
        flag(tokens.iter().rfind(|token| !token.is_empty()) == Some(&"NOS")),
        flag(tokens.contains(&"NOS")),
        flag(tokens.contains(&"NEC")),
        flag(name.contains(|letter: char| letter.is_ascii_digit())),
        flag(name.contains(['\'', '’'])),
        flag(length <= 1),
        flag(length <= 2),
        flag(length <= 3),
        flag(length <= 5),
        flag(length <= 8),
        flag(length <= 12),
        flag(lower.ends_with("unspecified")),
        flag(lower.starts_with("other")),
        flag(lower.starts_with("unspecified")),
        flag(name.split_whitespace().skip(1).any(capital)),
        flag(letters().next().is_some() && !letters().any(char::is_lowercase)),
        flag(name.contains('-')),
        flag(name.contains('/')),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> Vec<&'static str> {
        let marks = of(name);
        assert_eq!(marks.len(), MARKS.len());
        let set = MARKS.iter().zip(marks).filter(|(_, mark)| *mark > 0.0);
        set.map(|(name, _)| *name).filter(|name| !name.ends_with("words")).collect()
    }

    #[test]
    fn styles_have_their_marks() {
        assert_eq!(shown("Shigellosis, unspecified"), ["comma", "commas", "ends_unspecified"]);
        assert_eq!(
            shown("Kidney stone(s) NOS"),
            ["parenthesis", "optional_plural", "ends_nos", "nos", "later_capital"]
        );
        assert_eq!(shown("cystic kidney"), ["lower_case"]);
        assert_eq!(shown(""), ["one_word"]);
    }

    proptest::proptest! {
        #[test]
        fn any_name_has_all_marks(name in "\\PC{0,60}") {
            proptest::prop_assert!(of(&name).iter().all(|mark| (0.0..=1.0).contains(mark)));
        }
    }
}

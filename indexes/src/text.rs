//! The one folding of terms that search, value-set filters and matching share.
//!
//! Case and accents are folded (NFKD, combining marks dropped, lower case) and words are runs of letters and
//! digits. It does no stemming and drops no word: those are choices of the mapper.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds case, width and accents: `Ménière’s` becomes `meniere's`-like text without marks.
/// ASCII text takes a fast path; both paths agree on ASCII.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkd().filter(|character| !is_combining_mark(*character)) {
        match character {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'Æ' | 'æ' => folded.push_str("ae"),
            'Œ' | 'œ' => folded.push_str("oe"),
            'Ø' | 'ø' => folded.push('o'),
            'Ł' | 'ł' => folded.push('l'),
            'Đ' | 'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            other => folded.extend(other.to_lowercase().filter(|lower| !is_combining_mark(*lower))),
        }
    }
    folded
}

/// The words of a folded text: runs of letters and digits. Apostrophes inside a word are dropped with it
/// split, so `crohn's` gives `crohn` and `s`.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_width_are_folded() {
        assert_eq!(fold("Ménière's DISEASE"), "meniere's disease");
        assert_eq!(fold("Ｆｕｌｌ Straße Œdème"), "full strasse oedeme");
        assert_eq!(words("st-segment (mi) 2a").collect::<Vec<_>>(), ["st", "segment", "mi", "2a"]);
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in ".{0,40}") {
            let once = fold(&text);
            proptest::prop_assert_eq!(fold(&once), once);
        }
    }
}

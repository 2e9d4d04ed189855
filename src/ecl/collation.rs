//! What counts as a letter: in general, and by the customs of a language.
//!
//! In general a marked letter is its plain one with a mark (`é` is `e` marked). Languages have letters of their own: in Swedish
//! `ö` is no `o`, and `ø` is an `ö` marked; in Danish it is the other way round, and `aa` is `å`. The customs are those of the
//! Unicode locale data at its first two levels; where the table of the expression constraint specification differs from
//! them (`œ` in Danish), the table is followed. Languages that are not listed have none. Pairs of letters that count as one
//! (`ch` in Czech) are not followed, except `aa`.

use tern_index::text::fold;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A letter in lower case and its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The letter without marks.
    pub base: char,
    marks: Vec<char>,
}

impl Letter {
    /// Whether this, asked for, is satisfied by `found`.
    pub fn accepts(&self, found: &Self) -> bool {
        self.base == found.base && (self.marks.is_empty() || self.marks == found.marks)
    }

    /// Whether text of ASCII can satisfy this, asked for in a language with these customs: there two plain letters may be one
    /// of another kind (`aa`), and a plain letter another one, marked (`w`).
    pub fn may_be_plain(&self, customs: Option<&Customs>) -> bool {
        let plain = self.base.is_ascii() && self.marks.iter().all(char::is_ascii);
        plain || (self.base == 'å' && customs.is_some_and(|customs| customs.double_a.is_some()))
    }

    /// Whether it is one of ASCII's, without marks.
    pub fn is_plain(&self) -> bool {
        self.base.is_ascii() && self.marks.is_empty()
    }

    /// Whether it belongs to a word.
    pub fn is_of_word(&self) -> bool {
        self.base.is_alphanumeric()
    }
}

const STROKE: char = '\u{338}';

/// Customs of a language.
#[derive(Debug, PartialEq, Eq)]
pub struct Customs {
    languages: &'static [&'static str],
    /// A letter and those that are it, marked.
    letters: &'static [&'static str],
    /// Whether `aa` is `å`, and whether as a marked one.
    double_a: Option<bool>,
}

const CUSTOMS: [Customs; 11] = [
    Customs {
        languages: &["sv"],
        letters: &["å", "äæę", "öøőœô", "dđð", "yüű"],
        double_a: None,
    },
    Customs {
        languages: &["fi"],
        letters: &["å", "äæ", "öøőõœ", "dđð", "nŋ", "yüű"],
        double_a: None,
    },
    Customs {
        languages: &["da"],
        letters: &["æä", "øöő", "å", "dđð", "yüű"],
        double_a: Some(false),
    },
    Customs {
        languages: &["no", "nb", "nn"],
        letters: &["æäę", "øöőœ", "å", "dđð", "yüű"],
        double_a: Some(true),
    },
    Customs {
        languages: &["et"],
        letters: &["š", "ž", "õ", "ä", "ö", "ü", "vw"],
        double_a: None,
    },
    Customs {
        languages: &["is"],
        letters: &["á", "dđ", "ð", "é", "í", "ó", "ú", "ý", "þ", "æä", "öø", "å"],
        double_a: None,
    },
    Customs {
        languages: &["es"],
        letters: &["ñ"],
        double_a: None,
    },
    Customs {
        languages: &["cs"],
        letters: &["č", "ř", "š", "ž"],
        double_a: None,
    },
    Customs {
        languages: &["pl"],
        letters: &["ą", "ć", "ę", "ł", "ń", "ó", "ś", "ź", "ż"],
        double_a: None,
    },
    Customs {
        languages: &["lt"],
        letters: &["č", "š", "ž"],
        double_a: None,
    },
    Customs {
        languages: &["hu"],
        letters: &["öő", "üű"],
        double_a: None,
    },
];

impl Customs {
    /// The customs of a language (`sv`, `sv-SE`); `None` for one without any.
    pub fn of(language: &str) -> Option<&'static Self> {
        let primary = language.split('-').next().unwrap_or("");
        let own = |customs: &&Self| customs.languages.iter().any(|known| known.eq_ignore_ascii_case(primary));
        CUSTOMS.iter().find(own)
    }

    fn group(&self, character: char) -> Option<&'static str> {
        self.letters.iter().copied().find(|group| group.contains(character))
    }

    /// Whether text of plain letters can be compared as it is.
    pub fn are_general_for(&self, text: &str) -> bool {
        let doubled = || text.as_bytes().windows(2).any(|pair| pair.eq_ignore_ascii_case(b"aa"));
        text.is_ascii()
            && !(self.double_a.is_some() && doubled())
            && !text
                .chars()
                .any(|letter| letter.is_ascii_alphabetic() && self.marks_plain(letter.to_ascii_lowercase()))
    }

    /// Whether a plain letter is another one, marked (`w` in Estonian).
    fn marks_plain(&self, letter: char) -> bool {
        self.group(letter).is_some_and(|group| !group.starts_with(letter))
    }

    /// How far a word can be looked for in an index that folds all marks away: up to the first letter that is also written
    /// as one which folds to something else.
    pub fn safe_prefix<'w>(&self, word: &'w str) -> &'w str {
        let lower = |character: char| character.to_lowercase().next().unwrap_or(character);
        let mut before = None;
        for (place, character) in word.char_indices() {
            let character = lower(character);
            let differs = |group: &str| {
                let mut folded = group.chars().map(|own| fold(own.encode_utf8(&mut [0; 4])));
                let first = folded.next();
                folded.any(|other| first.as_ref() != Some(&other))
            };
            if self.double_a.is_some() && (character == 'å' || (character == 'a' && before.is_some_and(|(_, last)| last == 'a')))
            {
                let end = if character == 'a' {
                    before.map_or(place, |(start, _)| start)
                } else {
                    place
                };
                return word.get(..end).unwrap_or("");
            }
            if self.group(character).is_some_and(differs) {
                return word.get(..place).unwrap_or("");
            }
            before = Some((place, character));
        }
        word
    }
}

/// The letters of a text, by the customs of a language.
pub fn letters(text: &str, customs: Option<&Customs>) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(text.len());
    let mut composed = text.nfc().flat_map(char::to_lowercase).peekable();
    while let Some(character) = composed.next() {
        if let Some(customs) = customs {
            if let (Some(marked), 'a', Some('a')) = (customs.double_a, character, composed.peek()) {
                composed.next();
                letters.push(Letter {
                    base: 'å',
                    marks: if marked { vec!['a'] } else { Vec::new() },
                });
                continue;
            }
            if let Some(base) = customs.group(character).and_then(|group| group.chars().next()) {
                letters.push(Letter {
                    base,
                    marks: if base == character { Vec::new() } else { vec![character] },
                });
                continue;
            }
        }
        for part in std::iter::once(character).nfd() {
            if is_combining_mark(part) {
                if let Some(last) = letters.last_mut() {
                    last.marks.push(part);
                }
                continue;
            }
            // Letters whose stroke Unicode does not take apart.
            let (base, stroke) = match part {
                'ø' => ('o', true),
                'ł' => ('l', true),
                'đ' => ('d', true),
                'ħ' => ('h', true),
                other => (other, false),
            };
            letters.push(Letter {
                base,
                marks: if stroke { vec![STROKE] } else { Vec::new() },
            });
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_as_far_as_folding_is_sure() {
        let safe = |language: &str, word: &'static str| Customs::of(language).unwrap().safe_prefix(word);
        for (language, word, prefix) in [
            ("sv", "hjärt", "hj"),
            ("sv", "blåsa", "blåsa"),
            ("sv-SE", "sjögren", "sj"),
            ("sv", "lunga", "lunga"),
            ("sv", "ryggmärg", "r"),
            ("da", "aagaard", ""),
            ("da", "blåbær", "bl"),
            ("da", "vaabel", "v"),
            ("es", "muñeca", "muñeca"),
        ] {
            assert_eq!(safe(language, word), prefix, "{language} {word}");
        }
    }

    #[test]
    fn no_letter_belongs_to_two_groups() {
        for customs in &CUSTOMS {
            let all: Vec<char> = customs.letters.iter().flat_map(|group| group.chars()).collect();
            let distinct: std::collections::BTreeSet<char> = all.iter().copied().collect();
            assert_eq!(all.len(), distinct.len(), "{customs:?}");
        }
    }
}

//! Strengths in names of drugs: numbers with units, found anywhere in a text, in comparable form.
//!
//! Masses are compared in milligrams, activities in units, volumes in millilitres, so `1 g`, `1000 MG` and `1.000 mg`
//! (read as written: a dot is a decimal point) meet where they should. What is left of the text is returned too.

use tern_index::text::fold;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Milligrams.
    Mass,
    /// Units of activity (`IU`, `UNT`).
    Activity,
    /// Milliequivalents.
    Equivalents,
    /// Millimoles.
    Substance,
    /// Millilitres: a quantity, or the volume that others are dissolved in.
    Volume,
    /// Hours.
    Hours,
    /// Doses, actuations, puffs.
    Doses,
    /// Megabecquerel and relatives.
    Radioactivity,
}

/// A number with a unit, per something or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strength {
    /// What is counted.
    pub kind: Kind,
    /// How much, as stated.
    pub amount: f64,
    /// Per what and how much of it.
    pub per: Option<(Kind, f64)>,
}

impl Strength {
    /// How much per one of the denominator.
    fn concentration(&self) -> Option<f64> {
        self.per
            .filter(|(_, amount)| *amount > 0.0)
            .map(|(_, amount)| self.amount / amount)
    }

    /// Whether two say the same, given quantities (volumes) stated beside them.
    pub fn agrees(&self, other: &Self, own_volume: Option<f64>, other_volume: Option<f64>) -> bool {
        if self.kind != other.kind {
            return false;
        }
        let near = |left: f64, right: f64| (left - right).abs() <= 0.02 * left.abs().max(right.abs());
        match (self.concentration(), other.concentration()) {
            (Some(left), Some(right)) if self.per.map(|per| per.0) == other.per.map(|per| per.0) => near(left, right),
            (None, None) => near(self.amount, other.amount),
            // One side gives the whole content, the other what is in each millilitre.
            (Some(each), None) => {
                own_volume.is_some_and(|volume| near(each * volume, other.amount)) || near(self.amount, other.amount)
            }
            (None, Some(each)) => {
                other_volume.is_some_and(|volume| near(each * volume, self.amount)) || near(other.amount, self.amount)
            }
            _ => false,
        }
    }
}

/// Strengths found in a text, and the text without them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Found {
    /// Strengths that are no mere volume or duration.
    pub strengths: Vec<Strength>,
    /// The volume of a unit of the product, if stated by itself or as what something is dissolved in.
    pub volume: Option<f64>,
    /// What is left.
    pub rest: String,
}

fn unit(word: &str) -> Option<(Kind, f64)> {
    Some(match word {
        "kg" => (Kind::Mass, 1e6),
        "g" | "gm" | "gram" | "grams" | "gramm" => (Kind::Mass, 1e3),
        "mg" | "mgs" | "milligram" | "milligrams" => (Kind::Mass, 1.0),
        "ug" | "mcg" | "microgram" | "micrograms" | "μg" => (Kind::Mass, 1e-3),
        "ng" | "nanogram" | "nanograms" => (Kind::Mass, 1e-6),
        "iu" | "ui" | "u" | "unit" | "units" | "unt" | "ie" | "e" => (Kind::Activity, 1.0),
        "miu" | "mu" => (Kind::Activity, 1e6),
        "meq" => (Kind::Equivalents, 1.0),
        "mmol" => (Kind::Substance, 1.0),
        "ml" | "cc" | "millilitre" | "milliliter" | "millilitres" => (Kind::Volume, 1.0),
        "l" | "liter" | "litre" => (Kind::Volume, 1e3),
        "dl" => (Kind::Volume, 100.0),
        "ul" | "μl" => (Kind::Volume, 1e-3),
        "hr" | "hrs" | "h" | "hour" | "hours" => (Kind::Hours, 1.0),
        "actuat" | "actuation" | "dose" | "puff" | "spray" => (Kind::Doses, 1.0),
        "mbq" | "mci" => (Kind::Radioactivity, 1.0),
        "gbq" | "ci" => (Kind::Radioactivity, 1e3),
        _ => return None,
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Word(String),
    Slash,
    Percent,
    Other,
}

/// Tokens with the places where they end, so that the rest can be cut out.
fn tokens(text: &str) -> Vec<(Token, usize, usize)> {
    let mut found = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let mut end = start + character.len_utf8();
        if character.is_ascii_digit() {
            while let Some((at, next)) = characters.peek().copied() {
                let inside = next.is_ascii_digit()
                    || (matches!(next, '.' | ',') && text[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
                if !inside {
                    break;
                }
                end = at + next.len_utf8();
                characters.next();
            }
            found.push((Token::Number(number(&text[start..end])), start, end));
        } else if character.is_alphabetic() {
            while let Some((at, next)) = characters.peek().copied() {
                if !next.is_alphabetic() {
                    break;
                }
                end = at + next.len_utf8();
                characters.next();
            }
            found.push((Token::Word(text[start..end].to_owned()), start, end));
        } else if character == '/' {
            found.push((Token::Slash, start, end));
        } else if character == '%' {
            found.push((Token::Percent, start, end));
        } else if !character.is_whitespace() {
            found.push((Token::Other, start, end));
        }
    }
    found
}

/// `1,000.5` and `0,5`: a comma before exactly three digits groups thousands, another is a decimal comma.
fn number(text: &str) -> f64 {
    let plain = match text.split_once(',') {
        Some((_, after)) if !text.contains('.') && after.len() != 3 && !after.contains(',') => text.replace(',', "."),
        _ => text.replace(',', ""),
    };
    plain.parse().unwrap_or(0.0)
}

/// Finds the strengths in a text.
pub(super) fn find(text: &str) -> Found {
    let folded = fold(text).replace('µ', "μ");
    let tokens = tokens(&folded);
    let word = |at: usize| match tokens.get(at) {
        Some((Token::Word(word), ..)) => Some(word.as_str()),
        _ => None,
    };
    let number = |at: usize| match tokens.get(at) {
        Some((Token::Number(value), ..)) => Some(*value),
        _ => None,
    };
    let is = |at: usize, wanted: &Token| tokens.get(at).is_some_and(|(token, ..)| token == wanted);
    let mut found = Found::default();
    let mut cut = 0;
    let mut at = 0;
    while at < tokens.len() {
        let Some(value) = number(at) else {
            at += 1;
            continue;
        };
        let start = tokens.get(at).map_or(0, |token| token.1);
        let mut next = at + 1;
        let million = word(next).is_some_and(|word| matches!(word, "million" | "mio"));
        next += usize::from(million);
        let strength = if is(next, &Token::Percent) {
            next += 1;
            // One percent is 10 mg in each millilitre.
            Some(Strength {
                kind: Kind::Mass,
                amount: value * 10.0,
                per: Some((Kind::Volume, 1.0)),
            })
        } else if let Some((kind, factor)) = word(next).and_then(unit) {
            next += 1;
            let amount = value * factor * if million { 1e6 } else { 1.0 };
            let mut per = None;
            if is(next, &Token::Slash) {
                let numbered = number(next + 1);
                let place = next + 1 + usize::from(numbered.is_some());
                if let Some((kind, factor)) = word(place).and_then(unit) {
                    per = Some((kind, numbered.unwrap_or(1.0) * factor));
                    next = place + 1;
                }
            }
            Some(Strength { kind, amount, per })
        } else {
            None
        };
        let Some(strength) = strength else {
            at += 1;
            continue;
        };
        found.rest.push_str(&folded[cut..start]);
        found.rest.push(' ');
        cut = tokens.get(next - 1).map_or(cut, |token| token.2);
        match strength {
            Strength {
                kind: Kind::Volume,
                amount,
                per: None,
            } => found.volume = found.volume.or(Some(amount)),
            Strength { kind: Kind::Hours, .. } => {}
            strength => {
                if let Some((Kind::Volume, amount)) = strength.per
                    && amount != 1.0
                {
                    found.volume = found.volume.or(Some(amount));
                }
                found.strengths.push(strength);
            }
        }
        at = next;
    }
    found.rest.push_str(&folded[cut..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(left: &str, right: &str) -> bool {
        let (left, right) = (find(left), find(right));
        left.strengths[0].agrees(&right.strengths[0], left.volume, right.volume)
    }

    #[test]
    fn strengths_meet_whatever_their_units() {
        assert!(agree("1 g", "1000 MG"));
        assert!(agree("0.5 %", "5 MG/ML"));
        assert!(agree("1050 IU/1.75 ml", "600 UNT/ML"));
        assert!(agree("300 IU", "0.5 ML widget 600 UNT/ML"));
        assert!(agree("294 µg", "0.294 mg"));
        assert!(agree("6 million IU", "6000000 UNT"));
        assert!(!agree("10 mg", "100 mg") && !agree("10 mg", "10 UNT"));
    }

    #[test]
    fn what_is_left_is_the_name() {
        let found = find("0.5 ML zorvamide 600 UNT/ML Pen Injector");
        assert_eq!(
            found.rest.split_whitespace().collect::<Vec<_>>(),
            ["zorvamide", "pen", "injector"]
        );
        assert_eq!(found.volume, Some(0.5));
        assert_eq!(find("vitamin b 12").rest, "vitamin b 12");
        assert_eq!(find("12,5 mg").strengths[0].amount, 12.5);
        assert_eq!(find("1,000 mg").strengths[0].amount, 1000.0);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
            let _ = find(&text);
        }

        #[test]
        fn texts_made_of_strengths_are_read(text in "[0-9,./%mgulIU µ-]{0,40}") {
            let _ = find(&text);
        }
    }
}

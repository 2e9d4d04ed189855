//! Strengths in names of drugs: numbers with units, found anywhere in a text, in comparable form.
//!
//! Masses are compared in milligrams, activities in units, volumes in millilitres, so `1 g`, `1000 MG` and `1 000 mg`
//! meet. A gram that something is dissolved in counts as a millilitre, which is how RxNorm states creams. What is left of
//! the text is returned too. It does not know drugs: that 5,000 units of one are 50 mg of it is no business of this file.

use tern_index::text::fold;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Milligrams.
    Mass,
    /// Units of activity (`IU`, `UNT`, `[USP'U]`).
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
    /// Megabecquerel.
    Radioactivity,
    /// Cells, virus particles, vector genomes.
    Particles,
    /// A number whose unit the label leaves out ("Simvastatin 40").
    Unstated,
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

/// Whether one side states as one mass what the other states for each of several ingredients.
pub(super) fn is_sum(ours: &[Strength], theirs: &[Strength]) -> bool {
    let plain = |strength: &Strength| strength.kind == Kind::Mass && strength.per.is_none();
    match ours {
        [whole] if theirs.len() > 1 && plain(whole) && theirs.iter().all(plain) => {
            compare(whole.amount, theirs.iter().map(|part| part.amount).sum()) == Agreement::Same
        }
        _ => false,
    }
}

/// What two strengths say of each other, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agreement {
    /// The same.
    Same,
    /// The same but for rounding.
    Rounded,
    /// What leaves the valve of an inhaler against what leaves its mouthpiece.
    Delivered,
    /// The same number, once in all and once per millilitre.
    Number,
    /// They cannot be compared: a content here, a concentration there, and no volume.
    Unknown,
    /// Different.
    Differs,
}

/// Differences that rounding alone makes.
const EXACT: f64 = 0.004;
/// Differences that rounded conversions make.
const ROUNDING: f64 = 0.045;
/// What leaves the mouthpiece of an inhaler, of what leaves its valve. European labels state the one (100 micrograms), American
/// labels the other (90 micrograms): guidance of both agencies on inhaled products.
const DELIVERED: std::ops::RangeInclusive<f64> = 0.79..=0.93;

fn compare(left: f64, right: f64) -> Agreement {
    let difference = (left - right).abs() / left.abs().max(right.abs()).max(f64::MIN_POSITIVE);
    if difference <= EXACT {
        Agreement::Same
    } else if difference <= ROUNDING {
        Agreement::Rounded
    } else {
        Agreement::Differs
    }
}

impl Strength {
    /// How much per one of the denominator.
    pub fn concentration(&self) -> Option<f64> {
        self.per
            .filter(|(_, amount)| *amount > 0.0)
            .map(|(_, amount)| self.amount / amount)
    }

    /// What two say of each other, given quantities (volumes) stated beside them.
    pub fn agreement(&self, other: &Self, own_volume: Option<f64>, other_volume: Option<f64>) -> Agreement {
        if self.kind == Kind::Unstated {
            return self.by_number(other);
        }
        if self.kind != other.kind {
            return Agreement::Unknown;
        }
        match (self.concentration(), other.concentration()) {
            (Some(left), Some(right)) if self.per.map(|per| per.0) == other.per.map(|per| per.0) => {
                self.delivered(other, left, right)
            }
            (None, None) => compare(self.amount, other.amount),
            (Some(each), None) => self.content(each, other.amount, own_volume.or(other_volume)),
            (None, Some(each)) => match other.content(each, self.amount, other_volume.or(own_volume)) {
                Agreement::Differs if Self::is_delivered(other, self.amount, each) => Agreement::Delivered,
                agreement => agreement,
            },
            _ => Agreement::Unknown,
        }
    }

    /// A number without a unit is one of milligrams, or of micrograms where labels count so, or of units.
    fn by_number(&self, other: &Self) -> Agreement {
        let exact = |factor: f64| compare(self.amount * factor, other.amount) == Agreement::Same;
        let same = match other.kind {
            Kind::Mass => exact(1.0) || exact(1e-3),
            Kind::Volume | Kind::Hours | Kind::Doses => return Agreement::Unknown,
            _ => exact(1.0),
        };
        let delivered = |factor: f64| Self::is_delivered(other, self.amount * factor, other.amount);
        if same {
            Agreement::Rounded
        } else if delivered(1e-3) {
            Agreement::Delivered
        } else {
            Agreement::Differs
        }
    }

    fn is_delivered(other: &Self, left: f64, right: f64) -> bool {
        let by_dose = other.kind == Kind::Mass && other.per.is_some_and(|(kind, _)| kind == Kind::Doses);
        by_dose && left > 0.0 && DELIVERED.contains(&(right / left))
    }

    /// Compares amounts; what an American label says of each actuation may be what is delivered of ours.
    fn delivered(&self, other: &Self, left: f64, right: f64) -> Agreement {
        match compare(left, right) {
            Agreement::Differs if Self::is_delivered(other, left, right) => Agreement::Delivered,
            agreement => agreement,
        }
    }

    /// `self` gives what is in each millilitre, dose or hour, the other side the whole content.
    fn content(&self, each: f64, total: f64, volume: Option<f64>) -> Agreement {
        match self.per {
            // What one dose gives is the strength of a single dose.
            Some((Kind::Doses, _)) => compare(each, total),
            Some((Kind::Volume, _)) => match volume.map(|volume| compare(each * volume, total)) {
                Some(Agreement::Differs) | None if compare(self.amount, total) == Agreement::Same => Agreement::Number,
                Some(agreement) => agreement,
                None => Agreement::Unknown,
            },
            _ => Agreement::Unknown,
        }
    }

    /// The ratio of two amounts of the same dimension, other to own.
    pub fn ratio(&self, other: &Self, other_volume: Option<f64>) -> Option<f64> {
        if self.kind == Kind::Unstated {
            let agrees = self.by_number(other) <= Agreement::Delivered;
            return agrees.then_some(1.0);
        }
        if self.kind != other.kind || self.amount <= 0.0 {
            return None;
        }
        match (self.concentration(), other.concentration()) {
            (Some(left), Some(right)) => Some(right / left),
            (None, None) => Some(other.amount / self.amount),
            (None, Some(each)) => other_volume.map(|volume| each * volume / self.amount),
            (Some(_), None) => None,
        }
    }
}

/// Strengths found in a text, and the text without them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Found {
    /// Strengths that are no mere volume or duration.
    pub strengths: Vec<Strength>,
    /// Strengths in parentheses beside others: the same said in another unit.
    pub aside: Vec<Strength>,
    /// The volume of a unit of the product, if stated by itself or as what something is dissolved in.
    pub volume: Option<f64>,
    /// Hours, if stated by themselves.
    pub hours: Option<f64>,
    /// Doses, if stated by themselves.
    pub doses: Option<f64>,
    /// What is left.
    pub rest: String,
}

/// Stands for the unit that a number lacks.
const UNSTATED: &str = "unstatedunit";

/// Marks numbers that stand for a strength without a unit: the last ones of a name, after a word of a substance or brand
/// and before nothing but words. `is_name` says that a number is part of a name, as in the names of vaccines.
pub(super) fn mark_bare(text: &str, is_name: &dyn Fn(&str, &str) -> bool) -> String {
    let folded = fold(text);
    let reader = Reader {
        tokens: tokens(&folded),
        text: &folded,
    };
    let numbers: Vec<usize> = (0..reader.tokens.len())
        .filter(|at| matches!(reader.token(*at), Some(Token::Number(_))))
        .collect();
    let (Some(first), Some(last)) = (numbers.first().copied(), numbers.last().copied()) else {
        return folded;
    };
    let shown = |at: usize| {
        reader
            .tokens
            .get(at)
            .and_then(|token| folded.get(token.1..token.2))
            .unwrap_or_default()
    };
    let joined = (first..=last).all(|at| reader.is(at, &Token::Slash) || reader.is_hyphen(at) || numbers.contains(&at));
    let after = last + 1 == reader.tokens.len() || reader.word(last + 1).is_some_and(|word| word.len() > 1);
    let after = after && reader.unit(last + 1).is_none();
    let before = first.checked_sub(1).and_then(|at| reader.word(at));
    let before = before.filter(|word| word.len() >= 4 && !NUMBERED.contains(word) && !is_name(word, shown(first)));
    if !joined || !after || before.is_none() {
        return folded;
    }
    let mut marked = String::with_capacity(folded.len() + 32);
    let mut cut = 0;
    for at in numbers {
        let end = reader.tokens.get(at).map_or(cut, |token| token.2);
        marked.push_str(folded.get(cut..end).unwrap_or_default());
        marked.push(' ');
        marked.push_str(UNSTATED);
        cut = end;
    }
    marked.push_str(folded.get(cut..).unwrap_or_default());
    marked
}

/// Words that have a number of their own.
const NUMBERED: [&str; 10] = [
    "vitamin", "factor", "faktor", "alpha", "alfa", "beta", "gamma", "type", "omega", "phase",
];

fn unit(word: &str) -> Option<(Kind, f64)> {
    Some(match word {
        "kg" => (Kind::Mass, 1e6),
        "g" | "gm" | "gms" | "gram" | "grams" | "gramm" | "gramme" => (Kind::Mass, 1e3),
        "mg" | "mgs" | "milligram" | "milligrams" | "milligramme" => (Kind::Mass, 1.0),
        "ug" | "mcg" | "mcgs" | "microgram" | "micrograms" | "microgramme" | "μg" => (Kind::Mass, 1e-3),
        "ng" | "nanogram" | "nanograms" => (Kind::Mass, 1e-6),
        "iu" | "ui" | "u" | "unit" | "units" | "unt" | "ie" | "e" | "usp" | "einheiten" | "eenheden" | "unites" | "unidades" => {
            (Kind::Activity, 1.0)
        }
        UNSTATED => (Kind::Unstated, 1.0),
        "kiu" | "ku" => (Kind::Activity, 1e3),
        "miu" | "mu" => (Kind::Activity, 1e6),
        "meq" => (Kind::Equivalents, 1.0),
        "mmol" => (Kind::Substance, 1.0),
        "ml" | "mls" | "cc" | "millilitre" | "milliliter" | "millilitres" => (Kind::Volume, 1.0),
        "l" | "liter" | "litre" | "liters" | "litres" => (Kind::Volume, 1e3),
        "dl" => (Kind::Volume, 100.0),
        "ul" | "μl" | "microlitre" | "microliter" | "microlitres" => (Kind::Volume, 1e-3),
        "hr" | "hrs" | "h" | "hour" | "hours" => (Kind::Hours, 1.0),
        "actuat" | "actuation" | "actuations" | "dose" | "doses" | "puff" | "puffs" | "spray" | "sprays" => (Kind::Doses, 1.0),
        "kbq" => (Kind::Radioactivity, 1e-3),
        "mbq" => (Kind::Radioactivity, 1.0),
        "gbq" => (Kind::Radioactivity, 1e3),
        "uci" | "μci" => (Kind::Radioactivity, 0.037),
        "mci" => (Kind::Radioactivity, 37.0),
        "ci" => (Kind::Radioactivity, 37e3),
        "cells" | "vg" | "pfu" | "ccid" => (Kind::Particles, 1.0),
        _ => return None,
    })
}

/// Words between a number and its unit that multiply.
fn multiplier(word: &str) -> Option<f64> {
    Some(match word {
        "million" | "mio" | "mill" | "m" => 1e6,
        "billion" => 1e9,
        "thousand" | "k" => 1e3,
        _ => return None,
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Word(String),
    Slash,
    Percent,
    Colon,
    Open,
    Close,
    Other,
}

/// A token with the places where it begins and ends, so that the rest can be cut out.
type Placed = (Token, usize, usize);

fn tokens(text: &str) -> Vec<Placed> {
    let mut found = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let mut end = start + character.len_utf8();
        let mut extend = |inside: &dyn Fn(usize, char) -> bool| {
            while let Some((at, next)) = characters.peek().copied() {
                if !inside(at, next) {
                    break;
                }
                end = at + next.len_utf8();
                characters.next();
            }
            end
        };
        let token = if character.is_ascii_digit() {
            let digit_after = |at: usize| {
                text.get(at + 1..)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            end = extend(&|at, next| next.is_ascii_digit() || (matches!(next, '.' | ',') && digit_after(at)));
            Token::Number(number(text.get(start..end).unwrap_or_default()))
        } else if character.is_alphabetic() {
            end = extend(&|_, next| next.is_alphabetic());
            Token::Word(text.get(start..end).unwrap_or_default().to_owned())
        } else {
            match character {
                '/' => Token::Slash,
                '%' => Token::Percent,
                ':' => Token::Colon,
                '(' => Token::Open,
                ')' => Token::Close,
                _ if character.is_whitespace() => continue,
                _ => Token::Other,
            }
        };
        found.push((token, start, end));
    }
    found
}

/// `1,000.5` and `0,5`: a comma before exactly three digits groups thousands, another is a decimal comma.
fn number(text: &str) -> f64 {
    let plain = match text.split_once(',') {
        Some((before, after)) if !text.contains('.') && !after.contains(',') && (after.len() != 3 || before == "0") => {
            text.replace(',', ".")
        }
        _ => text.replace(',', ""),
    };
    plain.parse().unwrap_or(0.0)
}

/// Reads tokens one strength at a time.
struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Placed>,
}

impl Reader<'_> {
    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at).map(|placed| &placed.0)
    }

    fn is(&self, at: usize, wanted: &Token) -> bool {
        self.token(at) == Some(wanted)
    }

    fn word(&self, at: usize) -> Option<&str> {
        match self.token(at) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// A number, with blanks between thousands, and the place after it.
    fn number(&self, at: usize) -> Option<(f64, usize)> {
        let Some(Token::Number(mut value)) = self.token(at).cloned() else {
            return None;
        };
        let mut next = at + 1;
        let digits = |at: usize| self.tokens.get(at).map_or(0, |(_, start, end)| end - start);
        let blank = |at: usize| {
            let (before, after) = (self.tokens.get(at - 1), self.tokens.get(at));
            before.zip(after).and_then(|(b, a)| self.text.get(b.2..a.1)) == Some(" ")
        };
        while let Some(Token::Number(group)) = self.token(next) {
            let grouped = digits(next) == 3 && digits(at) <= 3 && value > 0.0 && blank(next) && self.is_group(next);
            if !grouped {
                break;
            }
            value = value * 1000.0 + group;
            next += 1;
        }
        Some((value, next))
    }

    /// Whether a group of three digits is part of a number: a unit or another such group comes after it.
    fn is_group(&self, at: usize) -> bool {
        match self.token(at + 1) {
            Some(Token::Word(word)) => unit(word).is_some() || multiplier(word).is_some(),
            Some(Token::Number(_)) => true,
            _ => false,
        }
    }

    /// A unit, `[USP'U]` and "million units" included: kind, factor and the place after it.
    fn unit(&self, at: usize) -> Option<(Kind, f64, usize)> {
        if self.is(at, &Token::Other) && self.word(at + 1) == Some("usp") && self.word(at + 3) == Some("u") {
            return Some((Kind::Activity, 1.0, at + 5));
        }
        let word = self.word(at)?;
        if let Some(factor) = multiplier(word)
            && let Some((kind, own)) = self.word(at + 1).and_then(unit)
        {
            return Some((kind, factor * own, at + 2));
        }
        let (kind, factor) = unit(word)?;
        // "USP units" and "IU anti-Xa" are one unit each.
        let next = at + 1 + usize::from(kind == Kind::Activity && matches!(self.word(at + 1), Some("unit" | "units")));
        Some((kind, factor, next))
    }

    /// What a strength is per, and the place after it.
    fn per(&self, at: usize, kind: Kind) -> Option<((Kind, f64), usize)> {
        let slash = self.is(at, &Token::Slash);
        if !slash && !matches!(self.word(at), Some("per" | "in")) {
            return None;
        }
        let (numbered, place) = match self.number(at + 1) {
            Some((value, place)) => (Some(value), place),
            None => (None, at + 1),
        };
        let (below, factor, next) = self.unit(place)?;
        let amount = numbered.unwrap_or(1.0) * factor;
        match below {
            Kind::Volume | Kind::Hours | Kind::Doses if below != kind => Some(((below, amount), next)),
            // "5 mg/1 g" is a cream, "5 mg/1000 mg" are two ingredients; a gram is taken for a millilitre.
            Kind::Mass if numbered.is_none() || factor >= 1e3 && amount > 0.0 && slash && kind != Kind::Mass => {
                Some(((Kind::Volume, amount / 1000.0), next))
            }
            Kind::Mass if factor >= 1e3 && numbered == Some(1.0) => Some(((Kind::Volume, amount / 1000.0), next)),
            _ => None,
        }
    }

    /// A strength that begins at a number, and the place after it.
    fn strength(&self, at: usize) -> Option<(Strength, usize)> {
        let (value, next) = self.number(at)?;
        if self.is(next, &Token::Percent) {
            // One percent is 10 mg in each millilitre.
            let strength = Strength {
                kind: Kind::Mass,
                amount: value * 10.0,
                per: Some((Kind::Volume, 1.0)),
            };
            return Some((strength, next + 1));
        }
        if value == 1.0 && self.is(next, &Token::Colon) {
            // One gram in so many millilitres.
            let (volume, end) = self.number(next + 1).filter(|(volume, _)| *volume >= 100.0)?;
            let strength = Strength {
                kind: Kind::Mass,
                amount: 1000.0 / volume,
                per: Some((Kind::Volume, 1.0)),
            };
            return Some((strength, end));
        }
        let (kind, factor, next) = self.unit(next).or_else(|| self.shared_unit(next))?;
        let (per, next) = match self.per(next, kind) {
            Some((per, next)) => (Some(per), next),
            None => (None, next),
        };
        let amount = value * factor;
        Some((Strength { kind, amount, per }, next))
    }

    /// A hyphen between two numbers, without blanks: "5-325 mg".
    fn is_hyphen(&self, at: usize) -> bool {
        let around = at
            .checked_sub(1)
            .and_then(|before| Some((self.tokens.get(before)?, self.tokens.get(at + 1)?)));
        around.is_some_and(|(before, after)| {
            matches!((&before.0, &after.0), (Token::Number(_), Token::Number(_))) && self.text.get(before.2..after.1) == Some("-")
        })
    }

    /// "160/4.5 micrograms": the unit stands once, after the last number. The place is before the slash.
    fn shared_unit(&self, at: usize) -> Option<(Kind, f64, usize)> {
        let mut next = at;
        while self.is(next, &Token::Slash) || self.is_hyphen(next) {
            let (_, place) = self.number(next + 1)?;
            if let Some((kind, factor, _)) = self.unit(place) {
                return matches!(kind, Kind::Mass | Kind::Activity | Kind::Unstated).then_some((kind, factor, at));
            }
            next = place;
        }
        None
    }
}

/// Finds the strengths in a text.
pub(super) fn find(text: &str) -> Found {
    let folded = fold(text).replace('µ', "μ");
    let reader = Reader {
        tokens: tokens(&folded),
        text: &folded,
    };
    let mut found = Found::default();
    let (mut cut, mut at, mut depth) = (0, 0, 0usize);
    while at < reader.tokens.len() {
        match reader.token(at) {
            Some(Token::Open) => depth += 1,
            Some(Token::Close) => depth = depth.saturating_sub(1),
            _ => {}
        }
        let Some((strength, next)) = reader.strength(at) else {
            at += 1;
            continue;
        };
        let start = reader.tokens.get(at).map_or(cut, |token| token.1);
        found.rest.push_str(folded.get(cut..start).unwrap_or_default());
        found.rest.push(' ');
        cut = reader.tokens.get(next - 1).map_or(cut, |token| token.2);
        found.add(strength, depth > 0);
        // Parentheses inside a strength do not occur; the place after it is where reading goes on.
        at = next;
    }
    found.rest.push_str(folded.get(cut..).unwrap_or_default());
    found
}

impl Found {
    fn add(&mut self, strength: Strength, in_parentheses: bool) {
        match (strength.kind, strength.per) {
            (Kind::Volume, None) => self.volume = self.volume.or(Some(strength.amount)),
            (Kind::Hours, _) => self.hours = self.hours.or(Some(strength.amount)),
            (Kind::Doses, _) => self.doses = self.doses.or(Some(strength.amount)),
            // "1 ml/2 ml" and the like say nothing that could be compared.
            (Kind::Volume, Some(_)) => {}
            _ => {
                match strength.per {
                    Some((Kind::Volume, amount)) if amount != 1.0 => self.volume = self.volume.or(Some(amount)),
                    Some((Kind::Hours, amount)) if amount != 1.0 => self.hours = self.hours.or(Some(amount)),
                    _ => {}
                }
                if in_parentheses && !self.strengths.is_empty() {
                    self.aside.push(strength);
                } else {
                    self.strengths.push(strength);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agreement(left: &str, right: &str) -> Agreement {
        let (left, right) = (find(left), find(right));
        left.strengths[0].agreement(&right.strengths[0], left.volume, right.volume)
    }

    #[test]
    fn strengths_meet_whatever_their_units() {
        for (left, right) in [
            ("1 g", "1000 MG"),
            ("1 000 mg", "1000 MG"),
            ("0.5 %", "5 MG/ML"),
            ("1050 IU/1.75 ml", "600 UNT/ML"),
            ("300 IU", "0.5 ML widget 600 UNT/ML"),
            ("294 µg", "0.294 mg"),
            ("6 million IU", "6000000 UNT"),
            ("30 MIU", "30000000 [USP'U]"),
            ("1 mg/g", "1 MG/ML"),
            ("0.001 MG/MG", "1 MG/ML"),
            ("1:1000", "1 MG/ML"),
            ("100 micrograms/dose", "0.1 MG/ACTUAT"),
            ("100 micrograms", "0.1 MG/ACTUAT"),
            ("9.6 mg/24 h", "0.4 MG/HR"),
            ("5 mg per 5 ml", "1 MG/ML"),
            ("4 000 IU", "4000 UNT"),
            ("37 MBq", "1 MCI"),
        ] {
            assert_eq!(agreement(left, right), Agreement::Same, "{left} and {right}");
        }
        assert_eq!(agreement("10 mg", "100 mg"), Agreement::Differs);
        assert_eq!(agreement("10 mg", "10 UNT"), Agreement::Unknown);
        assert_eq!(agreement("20 mg", "20 MG/ML"), Agreement::Number);
        assert_eq!(agreement("20 mg", "5 MG/ML"), Agreement::Unknown);
        assert_eq!(agreement("20 mg", "2 ML widget 5 MG/ML"), Agreement::Differs);
        assert_eq!(agreement("300 IU/0.48 ml", "600 UNT/ML"), Agreement::Rounded);
    }

    #[test]
    fn ingredients_are_told_from_denominators() {
        let two = find("5 mg/1000 mg").strengths;
        assert_eq!(two.len(), 2);
        assert_eq!(two[1].amount, 1000.0);
        assert_eq!(
            find("600/300 mg").strengths.iter().map(|s| s.amount).collect::<Vec<_>>(),
            [600.0, 300.0]
        );
        assert_eq!(find("92 µg / 55 µg / 22 µg").strengths.len(), 3);
        assert_eq!(find("5 mg/ml / 2 mg/ml").strengths.len(), 2);
        let twice = find("1 mg (50 KIU)");
        assert_eq!((twice.strengths.len(), twice.aside.len()), (1, 1));
    }

    #[test]
    fn numbers_without_a_unit_are_marked_where_they_are_strengths() {
        let marked = |text: &str| find(&mark_bare(text, &|_, number| number == "13")).strengths;
        assert_eq!(marked("Zorvex 875/125 tabs").len(), 2);
        assert_eq!(marked("zorvamide 40")[0].kind, Kind::Unstated);
        assert_eq!(marked("zorvamide 25 mg tablet")[0].kind, Kind::Mass);
        for text in ["vitamin 12", "Zorvac 13", "zorvamide (2) 5", "B 12", "interferon beta 1"] {
            assert!(marked(text).is_empty(), "{text}");
        }
        let agreement = |left: &str, right: &str| marked(left)[0].agreement(&find(right).strengths[0], None, None);
        assert_eq!(agreement("zorvamide 40", "40 MG"), Agreement::Rounded);
        assert_eq!(agreement("zorvamide 50", "0.05 MG"), Agreement::Rounded);
        assert_eq!(agreement("zorvamide 40", "20 MG"), Agreement::Differs);
    }

    #[test]
    fn inhalers_and_sums_are_compared_as_labels_state_them() {
        assert_eq!(agreement("100 mcg", "0.09 MG/ACTUAT"), Agreement::Delivered);
        assert_eq!(agreement("100 mcg/dose", "0.05 MG/ACTUAT"), Agreement::Differs);
        assert_eq!(agreement("100 mcg", "0.09 MG"), Agreement::Differs);
        assert!(is_sum(&find("625 mg").strengths, &find("500 mg / 125 mg").strengths));
        assert_eq!(find("5-325 mg").strengths.len(), 2);
    }

    #[test]
    fn what_is_left_is_the_name() {
        let found = find("0.5 ML zorvamide 600 UNT/ML Pen Injector");
        assert_eq!(
            found.rest.split_whitespace().collect::<Vec<_>>(),
            ["zorvamide", "pen", "injector"]
        );
        assert_eq!(found.volume, Some(0.5));
        assert_eq!(find("24 HR zorvamide 3 MG").hours, Some(24.0));
        assert_eq!(find("120 ACTUAT zorvamide 3 MG/ACTUAT").doses, Some(120.0));
        assert_eq!(find("vitamin b 12").rest, "vitamin b 12");
        assert_eq!(find("12,5 mg").strengths[0].amount, 12.5);
        assert_eq!(find("0,125 mg").strengths[0].amount, 0.125);
        assert_eq!(find("1,000 mg").strengths[0].amount, 1000.0);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
            let _ = find(&text);
        }

        #[test]
        fn texts_made_of_strengths_are_read(text in "[0-9,.:/%()mgulIU µ\\[\\]'-]{0,40}") {
            let _ = find(&text);
        }

        #[test]
        fn a_number_with_a_unit_comes_back(value in 1u32..1_000_000, digits in 0u32..4, unit in 0usize..6) {
            let (name, kind, factor) = [
                ("mg", Kind::Mass, 1.0), ("g", Kind::Mass, 1e3), ("mcg", Kind::Mass, 1e-3),
                ("IU", Kind::Activity, 1.0), ("mEq", Kind::Equivalents, 1.0), ("mmol", Kind::Substance, 1.0),
            ][unit];
            let stated = f64::from(value) / 10f64.powi(digits as i32);
            let found = find(&format!("zorvamide {stated} {name} oral tablet"));
            prop_assert_eq!(found.strengths.len(), 1);
            let read = found.strengths[0];
            prop_assert_eq!(read.kind, kind);
            prop_assert!((read.amount - stated * factor).abs() <= 1e-9 * read.amount.abs());
            prop_assert_eq!(found.rest.split_whitespace().collect::<Vec<_>>(), ["zorvamide", "oral", "tablet"]);
        }

        #[test]
        fn a_concentration_comes_back(value in 1u32..100_000, volume in 1u32..1_000) {
            let found = find(&format!("{value} mg/{volume} ml"));
            prop_assert_eq!(found.strengths.len(), 1);
            prop_assert_eq!(found.strengths[0].amount, f64::from(value));
            prop_assert_eq!(found.strengths[0].per, Some((Kind::Volume, f64::from(volume))));
        }
    }
}

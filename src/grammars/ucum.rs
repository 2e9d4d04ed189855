//! UCUM (`http://unitsofmeasure.org`): the grammar of unit expressions, their names, and the canonical form by which
//! units compare.
//!
//! The atoms are data (`ucum.tsv`). A canonical form keeps the base units and leaves out numbers, so that two units
//! have the same one if and only if one converts into the other; arbitrary units convert into nothing and stay. It
//! converts no quantities.

use super::{Grammar, Named, rows};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

/// UCUM.
pub struct Ucum;

/// The base units, in the order of the exponents of an atom.
const BASES: [&str; 7] = ["m", "s", "g", "rad", "K", "C", "cd"];

/// Prefixes and their names, longer ones first.
const PREFIXES: [(&str, &str); 24] = [
    ("Gi", "gibi"),
    ("Ki", "kibi"),
    ("Mi", "mebi"),
    ("Ti", "tebi"),
    ("da", "deka"),
    ("E", "exa"),
    ("G", "giga"),
    ("M", "mega"),
    ("P", "peta"),
    ("T", "tera"),
    ("Y", "yotta"),
    ("Z", "zetta"),
    ("a", "atto"),
    ("c", "centi"),
    ("d", "deci"),
    ("f", "femto"),
    ("h", "hecto"),
    ("k", "kilo"),
    ("m", "milli"),
    ("n", "nano"),
    ("p", "pico"),
    ("u", "micro"),
    ("y", "yocto"),
    ("z", "zepto"),
];

/// Exponents beyond this are no units of anything, and sums of those within cannot overflow.
const LARGEST_EXPONENT: i64 = 1_000_000;
/// Parentheses nested deeper than this are refused.
const DEEPEST: usize = 32;

#[derive(Debug)]
struct Atom {
    name: &'static str,
    metric: bool,
    arbitrary: bool,
    exponents: [i64; 7],
}

static ATOMS: LazyLock<BTreeMap<&'static str, Atom>> = LazyLock::new(|| {
    let mut atoms = BTreeMap::new();
    for row in rows(include_str!("ucum.tsv")) {
        if let [code, name, flags, exponents] = row.as_slice() {
            let mut powers = [0; 7];
            for (power, text) in powers.iter_mut().zip(exponents.split(' ')) {
                *power = text.parse().unwrap_or(0);
            }
            let atom = Atom {
                // "foot - US": what follows the dash tells units of one name apart, which their codes do.
                name: name.split(" - ").next().unwrap_or(name),
                metric: flags.contains('m'),
                arbitrary: flags.contains('a'),
                exponents: powers,
            };
            atoms.insert(*code, atom);
        }
    }
    atoms
});

/// What is wrong with a unit, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at character {character}")]
pub struct Fault {
    /// What is wrong.
    pub reason: String,
    /// Where, from 1.
    pub character: usize,
}

/// A unit that has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// The unit in words.
    pub words: String,
    /// Exponents of base and arbitrary units, none of them zero.
    powers: BTreeMap<&'static str, i64>,
}

impl Unit {
    /// Reads a unit expression.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut parser = Parser {
            text,
            place: 0,
            unit: Self::default(),
            depth: 0,
        };
        if text.is_empty() {
            return Err(parser.fault("the unit is empty"));
        }
        parser.main_term()?;
        if parser.place < text.len() {
            return Err(parser.fault("an operator or the end of the unit was expected"));
        }
        parser.unit.powers.retain(|_, power| *power != 0);
        Ok(parser.unit)
    }

    /// The canonical form: base units by name, with exponents (`g.m-1.s-2`); `1` where there is none.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        for (unit, power) in &self.powers {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(unit);
            if *power != 1 {
                // Writing to a string cannot fail.
                let _ = write!(text, "{power}");
            }
        }
        if text.is_empty() { "1".to_owned() } else { text }
    }
}

/// Reads from left to right, as UCUM evaluates: `a/b.c` is `(a/b).c`.
struct Parser<'t> {
    text: &'t str,
    place: usize,
    unit: Unit,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.place..).unwrap_or("")
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fault(&self, reason: &str) -> Fault {
        self.fault_at(self.place, reason.to_owned())
    }

    fn fault_at(&self, place: usize, reason: String) -> Fault {
        let before = self.text.get(..place).unwrap_or("");
        Fault {
            reason,
            character: before.chars().count() + 1,
        }
    }

    fn main_term(&mut self) -> Result<(), Fault> {
        let mut sign = 1;
        if self.next() == Some('/') {
            self.place += 1;
            self.unit.words.push_str("1 / ");
            sign = -1;
        }
        loop {
            self.component(sign)?;
            sign = match self.next() {
                Some('.') => 1,
                Some('/') => -1,
                _ => return Ok(()),
            };
            self.unit.words.push_str(if sign == 1 { " * " } else { " / " });
            self.place += 1;
        }
    }

    fn component(&mut self, sign: i64) -> Result<(), Fault> {
        match self.next() {
            None => return Err(self.fault("a unit was expected, but the text ends")),
            Some('{') => {
                self.unit.words.push('1');
                return self.annotation();
            }
            Some('(') => self.group(sign)?,
            Some('.' | '/' | ')' | '}') => return Err(self.fault("a unit was expected")),
            Some(_) => self.symbol(sign)?,
        }
        if self.next() == Some('{') {
            // Annotations have the value one.
            self.unit.words.push_str(" * 1");
            self.annotation()?;
        }
        Ok(())
    }

    fn group(&mut self, sign: i64) -> Result<(), Fault> {
        if self.depth >= DEEPEST {
            return Err(self.fault("parentheses are nested too deeply"));
        }
        let start = self.place;
        self.place += 1;
        self.depth += 1;
        let outer = std::mem::take(&mut self.unit.powers);
        self.unit.words.push('(');
        self.main_term()?;
        self.unit.words.push(')');
        if self.next() != Some(')') {
            return Err(self.fault_at(start, "a parenthesis is not closed".to_owned()));
        }
        self.place += 1;
        self.depth -= 1;
        let inner = std::mem::replace(&mut self.unit.powers, outer);
        for (unit, power) in inner {
            *self.unit.powers.entry(unit).or_default() += sign * power;
        }
        Ok(())
    }

    fn annotation(&mut self) -> Result<(), Fault> {
        let start = self.place;
        let inner = self.rest().get(1..).unwrap_or("");
        let end = inner.find(['}', '{']).filter(|end| inner[*end..].starts_with('}'));
        let Some(end) = end else {
            return Err(self.fault_at(start, "an annotation is not closed".to_owned()));
        };
        if let Some((at, _)) = inner[..end].char_indices().find(|(_, c)| !(' '..='~').contains(c)) {
            return Err(self.fault_at(start + 1 + at, "an annotation must be of ASCII characters".to_owned()));
        }
        self.place += end + 2;
        Ok(())
    }

    /// A number, or a unit with its prefix and exponent.
    fn symbol(&mut self, sign: i64) -> Result<(), Fault> {
        let token = self.token();
        let start = self.place;
        if token.bytes().all(|byte| byte.is_ascii_digit()) {
            self.unit.words.push_str(token);
            self.place += token.len();
            return Ok(());
        }
        let unknown = || format!("The unit '{token}' is unknown");
        let (symbol, exponent) = split_exponent(token).ok_or_else(|| self.fault_at(start, unknown()))?;
        let (prefix, atom, code) = find(symbol).ok_or_else(|| self.fault_at(start, unknown()))?;
        if exponent.abs() > LARGEST_EXPONENT {
            return Err(self.fault_at(start, format!("the exponent {exponent} is too large")));
        }
        let _ = write!(self.unit.words, "({prefix}{}", atom.name);
        if exponent != 1 {
            let _ = write!(self.unit.words, " ^ {exponent}");
        }
        self.unit.words.push(')');
        let powers = &mut self.unit.powers;
        if atom.arbitrary {
            *powers.entry(code).or_default() += sign * exponent;
        }
        for (base, power) in BASES.iter().zip(atom.exponents).filter(|(_, power)| *power != 0) {
            *powers.entry(base).or_default() += sign * exponent * power;
        }
        self.place += token.len();
        Ok(())
    }

    /// The text up to the next operator, parenthesis or annotation; what stands in brackets is one symbol.
    fn token(&self) -> &'t str {
        let rest = self.rest();
        let mut in_brackets = false;
        let end = rest.find(|character: char| {
            match character {
                '[' => in_brackets = true,
                ']' => in_brackets = false,
                _ => {}
            }
            !in_brackets && matches!(character, '.' | '/' | '(' | ')' | '{' | '}')
        });
        rest.get(..end.unwrap_or(rest.len())).unwrap_or("")
    }
}

/// `m-2` is `m` with -2; an atom may itself end in what looks like an exponent.
fn split_exponent(token: &str) -> Option<(&str, i64)> {
    if find(token).is_some() {
        return Some((token, 1));
    }
    let digits = token.len() - token.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let at = token.len().checked_sub(digits)?;
    let (symbol, number) = token.split_at_checked(at)?;
    let signed = symbol.strip_suffix('-').or_else(|| symbol.strip_suffix('+'));
    let exponent: i64 = number.parse().ok()?;
    match signed {
        Some(symbol) if token.as_bytes().get(at.checked_sub(1)?) == Some(&b'-') => Some((symbol, -exponent)),
        Some(symbol) => Some((symbol, exponent)),
        None => Some((symbol, exponent)),
    }
}

/// The atom of a symbol with the name of its prefix and its code.
fn find(symbol: &str) -> Option<(&'static str, &'static Atom, &'static str)> {
    if let Some((code, atom)) = ATOMS.get_key_value(symbol) {
        return Some(("", atom, code));
    }
    PREFIXES.iter().find_map(|(prefix, name)| {
        let (code, atom) = ATOMS.get_key_value(symbol.strip_prefix(prefix)?)?;
        atom.metric.then_some((*name, atom, *code))
    })
}

impl Grammar for Ucum {
    fn url(&self) -> &'static str {
        "http://unitsofmeasure.org"
    }

    fn version(&self) -> Option<&'static str> {
        Some("2.2")
    }

    fn name(&self) -> &'static str {
        "UCUM"
    }

    fn title(&self) -> &'static str {
        "Unified Code for Units of Measure (UCUM)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        match Unit::parse(code) {
            Ok(unit) => Ok(Named {
                // HL7's terminology has it that the code is the display.
                display: Some(code.to_owned()),
                terms: vec![unit.words],
                ..Named::default()
            }),
            Err(fault) => Err(Some(format!("Error processing unit '{code}': {fault}"))),
        }
    }

    fn in_use(&self) -> &'static [&'static str] {
        &[
            "http://hl7.org/fhir/ValueSet/ucum-common",
            "http://terminology.hl7.org/ValueSet/ucum-common",
        ]
    }

    fn filters(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("canonical", &["=", "in", "not-in"])]
    }

    fn passes(&self, code: &str, filter: &str, operator: &str, value: &str) -> Option<Result<(), String>> {
        if filter != "canonical" {
            return None;
        }
        let canonical = match Unit::parse(code) {
            Ok(unit) => unit.canonical(),
            Err(fault) => return Some(Err(format!("Error processing unit '{code}': {fault}"))),
        };
        let mut listed = value.split(',').map(str::trim);
        let passes = match operator {
            "=" => canonical == value,
            "in" => listed.any(|one| one == canonical),
            "not-in" => !listed.any(|one| one == canonical),
            _ => return None,
        };
        Some(match passes {
            true => Ok(()),
            false if operator == "not-in" => Err(format!("Code {code} has canonical form {canonical}, which is left out")),
            false => Err(format!("Code {code} has canonical form {canonical}, not {value} as required")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_a_canonical_form() {
        for (unit, canonical) in [
            ("kg", "g"),
            ("mL", "m3"),
            ("L", "m3"),
            ("mmol/L", "m-3"),
            ("mg/dL", "g.m-3"),
            ("mm[Hg]", "g.m-1.s-2"),
            ("m[H2O]", "g.m-1.s-2"),
            ("10*3/uL", "m-3"),
            ("10*-6.m", "m"),
            ("%", "1"),
            ("1", "1"),
            ("{score}", "1"),
            ("/min", "s-1"),
            ("/(12.h)", "s-1"),
            ("m/s2", "m.s-2"),
            ("m/(s/s)", "m"),
            ("{Ehrlich'U}/100.g", "g"),
            ("%/100{WBC}", "1"),
            ("[iU]/L", "[iU].m-3"),
            ("k[iU]", "[iU]"),
            ("Cel", "K"),
            ("[degF]", "K"),
            ("mg/dL{milligram per deciliter}", "g.m-3"),
            ("m+2", "m2"),
            ("kg.m-2", "g.m-2"),
            ("da[Ch]", ""),
            ("B[10.nV]", "C-1.g.m2.s-2"),
        ] {
            match Unit::parse(unit) {
                Ok(read) => assert_eq!(read.canonical(), canonical, "{unit}"),
                Err(fault) => assert!(canonical.is_empty(), "{unit}: {fault}"),
            }
        }
    }

    #[test]
    fn faults_are_located() {
        for (unit, fault) in [
            ("kgXX", "The unit 'kgXX' is unknown at character 1"),
            ("mg/dl/xyz", "The unit 'xyz' is unknown at character 7"),
            ("", "the unit is empty at character 1"),
            ("mg/", "a unit was expected, but the text ends at character 4"),
            ("mg//L", "a unit was expected at character 4"),
            ("(mg", "a parenthesis is not closed at character 1"),
            ("mg)", "an operator or the end of the unit was expected at character 3"),
            ("mg{x", "an annotation is not closed at character 3"),
            ("mg{µ}", "an annotation must be of ASCII characters at character 4"),
            ("mg dL", "The unit 'mg dL' is unknown at character 1"),
            ("k[in_i]", "The unit 'k[in_i]' is unknown at character 1"),
            ("m9999999", "the exponent 9999999 is too large at character 1"),
        ] {
            assert_eq!(Unit::parse(unit).unwrap_err().to_string(), fault, "{unit}");
        }
        assert!(Unit::parse(&"(".repeat(1000)).is_err());
    }

    #[test]
    fn units_are_said_in_words() {
        let words = |unit: &str| Unit::parse(unit).unwrap().words;
        assert_eq!(words("mg/dL{milligram per deciliter}"), "(milligram) / (deciliter) * 1");
        assert_eq!(words("m2"), "(meter ^ 2)");
        assert_eq!(words("/(12.h)"), "1 / (12 * (hour))");
    }

    #[test]
    fn units_compare_by_their_canonical_form() {
        assert_eq!(Ucum.passes("kg", "canonical", "=", "g"), Some(Ok(())));
        let refused = Ucum.passes("mL", "canonical", "=", "g").unwrap().unwrap_err();
        assert_eq!(refused, "Code mL has canonical form m3, not g as required");
        assert_eq!(Ucum.passes("kg", "property", "=", "mass"), None);
    }
}

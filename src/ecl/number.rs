//! Decimal numbers compared as written, without rounding: `0.50` is `0.5`, and twenty digits are twenty digits.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number: its sign, and its digits without zeros that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal<'n> {
    negative: bool,
    whole: &'n str,
    fraction: &'n str,
}

impl<'n> Decimal<'n> {
    /// Reads `[+-]digits[.digits]`.
    pub fn parse(text: &'n str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let sound = [whole, fraction]
            .into_iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        if !sound {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        Some(Self {
            negative: negative && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
        })
    }

    fn size(self, other: Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then(self.whole.cmp(other.whole));
        // Of fractions without closing zeros, the order of the digits is that of the numbers.
        whole.then(self.fraction.cmp(other.fraction))
    }
}

impl fmt::Display for Decimal<'_> {
    /// The same for all ways of writing a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.whole.is_empty() { "0" } else { self.whole };
        let point = if self.fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{}", self.fraction)
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size(*other),
            (true, true) => other.size(*self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writing_does_not_matter() {
        for (a, b) in [("5", "5.0"), ("0.50", "0.5"), ("+5", "5"), ("-0", "0"), ("007", "7")] {
            assert_eq!(Decimal::parse(a), Decimal::parse(b), "{a} {b}");
        }
        for bad in ["", "-", "5.", ".5", "1e3", "five", "1.2.3"] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
        let long = |text| Decimal::parse(text).unwrap();
        assert!(long("12345678901234567890.1") < long("12345678901234567890.2"));
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_numbers(a in -100_000i64..100_000, b in -100_000i64..100_000) {
            let written = |number: i64| format!("{}{}.{:03}", if number < 0 { "-" } else { "" }, number.abs() / 1_000, number.abs() % 1_000);
            let (left, right) = (written(a), written(b));
            prop_assert_eq!(Decimal::parse(&left).unwrap().cmp(&Decimal::parse(&right).unwrap()), a.cmp(&b));
        }
    }
}

//! Sizes and times as people write them on a command line and in the environment: `64MiB`, `30s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub usize);

/// Units of sizes, the largest first.
const SIZES: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
        let unit = match text.get(digits.len()..).unwrap_or("").trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            _ => 0,
        };
        let bytes = digits.parse().ok().and_then(|number: usize| number.checked_mul(unit));
        bytes
            .filter(|_| unit > 0)
            .map(Self)
            .ok_or_else(|| "write a number of bytes, or one with KiB, MiB or GiB, such as 64MiB".to_owned())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, unit): &&(&str, usize)| *unit == 1 || (self.0 >= *unit && self.0.is_multiple_of(*unit));
        let (name, unit) = SIZES.iter().find(fits).unwrap_or(&("", 1));
        write!(formatter, "{}{name}", self.0 / unit)
    }
}

/// A time that is more than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub Duration);

/// Longer than any time that means something.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
        let unit = match text.get(digits.len()..).unwrap_or("").trim() {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => 0.0,
        };
        let seconds = digits.parse::<f64>().map(|number| number * unit).unwrap_or(0.0);
        (0.001..=LONGEST)
            .contains(&seconds)
            .then(|| Self(Duration::from_secs_f64(seconds)))
            .ok_or_else(|| "write a number of seconds above 0, or one with ms, s, m or h, such as 30s or 500ms".to_owned())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        for (name, unit) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
            if millis >= unit && millis.is_multiple_of(unit) {
                return write!(formatter, "{}{name}", millis / unit);
            }
        }
        write!(formatter, "{millis}ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_in_the_largest_unit() {
        for (text, bytes, shown) in [
            ("64MiB", 64 << 20, "64MiB"),
            ("65536", 65_536, "64KiB"),
            (" 2 g ", 2 << 30, "2GiB"),
            ("1000", 1_000, "1000"),
            ("0", 0, "0"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, shown));
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        for wrong in ["", "many", "-1", "1.5MiB", "64 elephants", "99999999999GiB", "MiB"] {
            assert!(wrong.parse::<Size>().unwrap_err().contains("such as 64MiB"), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_and_written_in_the_largest_unit() {
        for (text, millis, shown) in [
            ("30s", 30_000, "30s"),
            ("90", 90_000, "90s"),
            ("1.5 s", 1_500, "1500ms"),
            ("2h", 7_200_000, "2h"),
            ("60s", 60_000, "1m"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.0.as_millis(), span.to_string().as_str()), (millis, shown));
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        for wrong in ["", "0", "-1s", "soon", "1y", "inf", "NaN", "1e300s", "0.0001ms"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}

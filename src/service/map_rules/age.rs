//! Ages of patients and the limits that map rules set to them.
//!
//! An age is what people say: completed years, months, weeks or days. Against a limit in the same unit the numbers are compared, as
//! those who write maps do (`12` is `>= 12.0 years`). A child of `0 years` may be older or younger than 28 days: against a
//! limit in a finer unit a whole number is all the time until the next one, and where the limit lies within, nobody can
//! say. It knows no dates, so years have 365.25 days.

use super::Truth;

/// How a rule compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

/// Days of a year.
const YEAR: f64 = 365.25;
/// Days of a minute.
const MINUTE: f64 = 1.0 / 1440.0;

/// A unit of time, in days.
const UNITS: [(f64, &[&str]); 6] = [
    (YEAR, &["a", "y", "yr", "yrs", "year", "years"]),
    (YEAR / 12.0, &["mo", "mos", "m", "month", "months"]),
    (7.0, &["w", "wk", "wks", "week", "weeks"]),
    (1.0, &["d", "day", "days"]),
    (1.0 / 24.0, &["h", "hr", "hrs", "hour", "hours"]),
    (MINUTE, &["min", "mins", "minute", "minutes"]),
];

/// A span of time as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Age {
    number: f64,
    /// Days of one unit.
    unit: f64,
    /// Whether it counts completed units: one whole number.
    completed: bool,
}

impl Age {
    /// Reads a number with a unit, years where none is given (`34`, `28 days`, `6 mo`), several of them (`1 year 6 months`), or
    /// a duration of ISO 8601 (`P34Y`, `P1Y6M`, `PT12H`).
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let duration = rest.strip_prefix(['P', 'p']);
        rest = duration.unwrap_or(rest);
        let mut parts: Vec<Self> = Vec::new();
        let mut of_day = false;
        while !rest.is_empty() {
            if let (true, Some(time)) = (duration.is_some() && !of_day, rest.strip_prefix(['T', 't'])) {
                of_day = true;
                rest = time;
            }
            let (part, after) = Self::part(rest, duration.is_some(), of_day)?;
            // The coarser comes first; a number without a unit is years, and stands alone.
            if parts.last().is_some_and(|last| last.unit <= part.unit) {
                return None;
            }
            parts.push(part);
            rest = after.trim_start_matches([' ', ',']);
        }
        match parts.as_slice() {
            [] => None,
            [one] => Some(*one),
            [.., finest] => Some(Self {
                number: parts.iter().map(|part| part.number * part.unit).sum::<f64>() / finest.unit,
                ..*finest
            }),
        }
    }

    /// A number and its unit, and what follows. The units of a duration are single letters.
    fn part(text: &str, of_duration: bool, of_day: bool) -> Option<(Self, &str)> {
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
        let number: f64 = digits.parse().ok()?;
        let rest = rest.trim_start();
        let end = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
        let end = if of_duration { end.min(1) } else { end };
        let (name, after) = rest.split_at(end);
        let name = name.to_ascii_lowercase();
        let known = |(_, names): &&(f64, &[&str])| names.contains(&name.as_str());
        let unit = match name.as_str() {
            "" if after.is_empty() => YEAR,
            // Of a duration's time of day, M is minutes.
            "m" if of_day => MINUTE,
            _ => UNITS.iter().find(known)?.0,
        };
        let completed = !digits.contains('.');
        Some((Self { number, unit, completed }, after))
    }

    /// Whether a patient of this age satisfies a limit.
    pub(super) fn satisfies(self, operator: Operator, limit: Self) -> Truth {
        let coarser = self.unit > limit.unit && self.completed;
        if !coarser {
            let (age, limit) = if self.unit == limit.unit {
                (self.number, limit.number)
            } else {
                (self.number * self.unit, limit.number * limit.unit)
            };
            return Truth::from(match operator {
                Operator::Below => age < limit,
                Operator::AtMost => age <= limit,
                Operator::Above => age > limit,
                Operator::AtLeast => age >= limit,
                Operator::Equal => age == limit,
            });
        }
        let (from, until, limit) = (
            self.number * self.unit,
            (self.number + 1.0) * self.unit,
            limit.number * limit.unit,
        );
        // (surely, surely not) for every age from `from` until before `until`.
        let (yes, no) = match operator {
            Operator::Below => (until <= limit, from >= limit),
            Operator::AtMost => (until <= limit, from > limit),
            Operator::Above => (from > limit, until <= limit),
            Operator::AtLeast => (from >= limit, until <= limit),
            Operator::Equal => (false, limit < from || limit >= until),
        };
        match (yes, no) {
            (true, _) => Truth::Yes,
            (_, true) => Truth::No,
            _ => Truth::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(text: &str) -> Age {
        Age::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn ages_are_read() {
        for (text, days) in [
            ("34", 34.0 * 365.25),
            ("34 years", 34.0 * 365.25),
            ("28 days", 28.0),
            ("28.5d", 28.5),
            ("6 mo", 6.0 * 30.4375),
            ("P34Y", 34.0 * 365.25),
            ("P1Y6M", 18.0 * 30.4375),
            ("p2w", 14.0),
            ("PT12H", 0.5),
            ("P1DT30M", 1.0 + 30.0 / 1440.0),
            ("1 year, 6 months", 18.0 * 30.4375),
            ("1y 6mo", 18.0 * 30.4375),
            ("24 hours", 1.0),
        ] {
            let read = age(text);
            assert!((read.number * read.unit - days).abs() < 1e-9, "{text}: {read:?}");
        }
        for text in [
            "",
            "P",
            "PT",
            "young",
            "-1",
            "6 months 1 year",
            "1 2",
            "1 year 2",
            "1..2",
            "3 parsecs",
            "1 year 1 year",
            "é",
            "1 é",
        ] {
            assert_eq!(Age::parse(text), None, "{text}");
        }
    }

    #[test]
    fn limits_are_compared_as_far_as_an_age_tells() {
        use Operator::{Above, AtLeast, AtMost, Below, Equal};
        use Truth::{No, Unknown, Yes};
        for (patient, operator, limit, truth) in [
            ("27 days", Below, "28.0 days", Yes),
            ("28 days", Below, "28.0 days", No),
            ("28 days", AtMost, "28.0 days", Yes),
            ("15", AtMost, "15.0 years", Yes),
            ("15", Above, "15.0 years", No),
            ("12", AtLeast, "12.0 years", Yes),
            ("11", AtLeast, "12.0 years", No),
            ("0 years", Below, "28.0 days", Unknown),
            ("0 years", AtLeast, "28.0 days", Unknown),
            ("0", Below, "1.0 years", Yes),
            ("1", Below, "28.0 days", No),
            ("1", AtLeast, "28.0 days", Yes),
            ("0 months", Below, "28.0 days", Unknown),
            ("1 month", Below, "28.0 days", No),
            ("11 months", Below, "1.0 years", Yes),
            ("12 months", Below, "1.0 years", No),
            ("144 months", AtLeast, "12.0 years", Yes),
            ("23 hours", Below, "1.0 days", Yes),
            ("1 day", Below, "24 hours", No),
            ("0 days", Below, "24 hours", Yes),
            ("1", Equal, "12 months", Unknown),
            ("1", Equal, "11 months", No),
            ("1 year", Above, "12.0 months", Unknown),
            ("2 years", Above, "12.0 months", Yes),
            ("0.01 years", Below, "28.0 days", Yes),
            ("P1Y6M", Below, "18.0 months", No),
        ] {
            assert_eq!(
                age(patient).satisfies(operator, age(limit)),
                truth,
                "{patient} {operator:?} {limit}"
            );
        }
    }
}

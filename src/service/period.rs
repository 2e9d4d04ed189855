//! FHIR dates as what they are: periods. `2026` is a year, `2026-11-22T10:00:00Z` a second.
//!
//! Searches compare periods with periods. A time without a zone is read as UTC. It keeps no calendar: `jiff` does.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

/// A period: from its first millisecond since 1970 to the first one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first millisecond.
    pub start: i64,
    /// The first one after it.
    pub end: i64,
}

/// How the period of a resource must stand to the one asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Inside it.
    Equal,
    /// Not inside it.
    NotEqual,
    /// Some of it is later.
    Greater,
    /// Some of it is earlier.
    Less,
    /// Some of it is later, or it is inside.
    GreaterOrEqual,
    /// Some of it is earlier, or it is inside.
    LessOrEqual,
    /// All of it is later.
    StartsAfter,
    /// All of it is earlier.
    EndsBefore,
    /// Near it: within a tenth of the time between it and now.
    Approximately,
}

impl Comparison {
    /// Splits the prefix off a search value; without one it is equality.
    pub fn split(text: &str) -> (Self, &str) {
        const PREFIXES: [(&str, Comparison); 9] = [
            ("eq", Comparison::Equal),
            ("ne", Comparison::NotEqual),
            ("gt", Comparison::Greater),
            ("lt", Comparison::Less),
            ("ge", Comparison::GreaterOrEqual),
            ("le", Comparison::LessOrEqual),
            ("sa", Comparison::StartsAfter),
            ("eb", Comparison::EndsBefore),
            ("ap", Comparison::Approximately),
        ];
        let found = PREFIXES
            .iter()
            .find_map(|(prefix, comparison)| Some((*comparison, text.strip_prefix(prefix)?)));
        found.unwrap_or((Self::Equal, text))
    }

    /// Whether a resource's period stands so to the one asked for.
    pub fn holds(self, own: Period, asked: Period) -> bool {
        let inside = asked.start <= own.start && own.end <= asked.end;
        let (later, earlier) = (own.end > asked.end, own.start < asked.start);
        match self {
            Self::Equal => inside,
            Self::NotEqual => !inside,
            Self::Greater => later,
            Self::Less => earlier,
            Self::GreaterOrEqual => later || inside,
            Self::LessOrEqual => earlier || inside,
            Self::StartsAfter => own.start >= asked.end,
            Self::EndsBefore => own.end <= asked.start,
            Self::Approximately => {
                let now = Timestamp::now().as_millisecond();
                let margin = (now - asked.start).abs().max((now - asked.end).abs()) / 10;
                own.start < asked.end.saturating_add(margin) && asked.start.saturating_sub(margin) < own.end
            }
        }
    }
}

impl Period {
    /// Reads a FHIR date, dateTime or instant of any precision.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.split_once('T') {
            Some((date, time)) => Self::of_time(date, time),
            None => Self::of_date(text),
        }
    }

    /// Reads a date, or two of which the second is the end of a period (`2026-01/2026-03`); either may be left open.
    pub fn parse_range(text: &str) -> Option<Self> {
        let Some((start, end)) = text.split_once('/') else {
            return Self::parse(text);
        };
        let part = |text: &str| {
            if text.is_empty() {
                Some(None)
            } else {
                Self::parse(text).map(Some)
            }
        };
        Some(Self {
            start: part(start)?.map_or(i64::MIN, |period| period.start),
            end: part(end)?.map_or(i64::MAX, |period| period.end),
        })
    }

    fn of_date(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| match parts.next() {
            None => Some(None),
            Some(part) if part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse().ok().map(Some),
            Some(_) => None,
        };
        let (year, month, day) = (number(4)??, number(2)?, number(2)?);
        if parts.next().is_some() {
            return None;
        }
        let small = |number: Option<i16>| i8::try_from(number.unwrap_or(1)).ok();
        let first = Date::new(year, small(month)?, small(day)?).ok()?;
        let after = match (month, day) {
            (None, _) => first.checked_add(1.year()),
            (_, None) => first.checked_add(1.month()),
            _ => first.checked_add(1.day()),
        };
        Some(Self {
            start: midnight(first)?,
            end: midnight(after.ok()?)?,
        })
    }

    fn of_time(date: &str, time: &str) -> Option<Self> {
        let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at_checked(zone)?;
        let zone = if zone.is_empty() { "Z" } else { zone };
        // Minutes are the least that FHIR allows; a search may leave the seconds out.
        let (clock, length) = match (clock.len(), clock.split_once('.')) {
            (5, _) => (format!("{clock}:00"), 60_000),
            (_, None) => (clock.to_owned(), 1_000),
            (_, Some(_)) => (clock.to_owned(), 1),
        };
        let start = format!("{date}T{clock}{zone}").parse::<Timestamp>().ok()?.as_millisecond();
        Some(Self {
            start,
            end: start.checked_add(length)?,
        })
    }
}

fn midnight(date: Date) -> Option<i64> {
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn period(text: &str) -> Period {
        Period::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_date_lasts_as_long_as_it_is_precise() {
        const DAY: i64 = 86_400_000;
        for (text, length) in [
            ("2023", 365 * DAY),
            ("2024", 366 * DAY),
            ("2024-02", 29 * DAY),
            ("2024-12-31", DAY),
            ("2024-12-31T23:59", 60_000),
            ("2024-12-31T23:59:59Z", 1_000),
            ("2024-12-31T23:59:59.5+01:00", 1),
        ] {
            let read = period(text);
            assert_eq!(read.end - read.start, length, "{text}");
        }
        assert_eq!(period("2024-01-01T01:00:00+01:00").start, period("2024").start);
        for wrong in [
            "",
            "24",
            "2024-13",
            "2024-02-30",
            "2024-1-1",
            "2024-01-01-01",
            "2024-01-01T",
            "2024-01-01T25:00:00Z",
            "yesterday",
        ] {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn prefixes_compare_periods() {
        let holds = |prefixed: &str, own: &str| {
            let (comparison, asked) = Comparison::split(prefixed);
            comparison.holds(period(own), period(asked))
        };
        assert!(holds("2024", "2024-05-01") && !holds("2024-05-01", "2024"));
        assert!(holds("ne2024-05-01", "2024"));
        assert!(holds("gt2023", "2024-01-01") && !holds("gt2024", "2024-06"));
        assert!(holds("ge2024", "2024-06") && holds("le2024", "2024-06") && !holds("lt2024", "2024-06"));
        assert!(holds("sa2023-12-31", "2024") && !holds("sa2024-01-01", "2024"));
        assert!(holds("eb2025", "2024-12-31") && holds("lt2025", "2024-12-31"));
        assert!(holds("ap2001-01-01", "2001-01-20"));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_has_a_length(text in "[0-9TZ:+.-]{0,30}") {
            if let Some(read) = Period::parse(&text) {
                prop_assert!(read.start < read.end);
            }
        }

        #[test]
        fn prefixes_agree_with_each_other(a in 1990i32..2030, b in 1990i32..2030, month in 1u8..13) {
            let (own, asked) = (period(&format!("{a}-{month:02}")), period(&b.to_string()));
            let holds = |comparison: Comparison| comparison.holds(own, asked);
            prop_assert_eq!(holds(Comparison::Equal), !holds(Comparison::NotEqual));
            prop_assert_eq!(holds(Comparison::GreaterOrEqual), holds(Comparison::Greater) || holds(Comparison::Equal));
            prop_assert_eq!(holds(Comparison::LessOrEqual), holds(Comparison::Less) || holds(Comparison::Equal));
            prop_assert!(!holds(Comparison::StartsAfter) || holds(Comparison::Greater));
            prop_assert!(!holds(Comparison::EndsBefore) || holds(Comparison::Less));
        }
    }
}

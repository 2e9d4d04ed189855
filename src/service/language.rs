//! Languages asked for and languages of terms: BCP-47 ranges in order of preference.
//!
//! A range matches a tag that begins with it (`de` matches `de-CH`); where nothing matches so, a range also falls
//! back to its own beginning (`en-AU` to `en`). SNOMED CT dialects are ranges too: `en-GB`, or the
//! `x-sctlang` extension that names a language reference set; which one that is, `ecl::dialects` knows. It chooses no term; that is
//! the code system's view.

use std::cmp::Reverse;

/// What a client would like to read, best first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Languages {
    /// As given, to be echoed.
    pub given: String,
    ranges: Vec<Range>,
    refuse_others: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    tag: String,
    quality: u16,
}

impl Languages {
    /// Reads the value of Accept-Language or `displayLanguage`; `None` when it is no such value.
    pub fn parse(given: &str) -> Option<Self> {
        let mut languages = Self {
            given: given.trim().to_owned(),
            ..Self::default()
        };
        for item in given.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next().unwrap_or("");
            let quality = match parts.next() {
                None => 1000,
                Some(weight) => {
                    let number: f32 = weight
                        .strip_prefix("q=")
                        .or_else(|| weight.strip_prefix("q ="))?
                        .trim()
                        .parse()
                        .ok()?;
                    (number.clamp(0.0, 1.0) * 1000.0) as u16
                }
            };
            if tag == "*" {
                languages.refuse_others |= quality == 0;
                continue;
            }
            let valid = tag
                .split('-')
                .all(|part| (1..=18).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
            if !valid {
                return None;
            }
            if quality > 0 {
                languages.ranges.push(Range {
                    tag: tag.to_ascii_lowercase(),
                    quality,
                });
            }
        }
        languages.ranges.sort_by_key(|range| Reverse(range.quality));
        (!languages.given.is_empty()).then_some(languages)
    }

    /// Whether a term in no listed language is worse than none (`*; q=0`).
    pub fn refuses_others(&self) -> bool {
        self.refuse_others
    }

    /// Whether any language is named: `*` alone names none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The tags asked for, best first.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.ranges.iter().map(|range| range.tag.as_str())
    }

    /// How well a tag serves: smaller is better, `None` not at all.
    pub fn rank(&self, tag: &str) -> Option<usize> {
        let direct = self.ranges.iter().position(|range| covers(&range.tag, tag));
        direct.or_else(|| {
            let fallback = self.ranges.iter().position(|range| covers(tag, &range.tag));
            fallback.map(|place| place + self.ranges.len())
        })
    }
}

/// Whether a range covers a tag: the same, or the tag goes on after it.
pub fn covers(range: &str, tag: &str) -> bool {
    let (range, tag) = (range.as_bytes(), tag.as_bytes());
    tag.len() >= range.len()
        && tag.get(..range.len()).is_some_and(|start| start.eq_ignore_ascii_case(range))
        && tag.get(range.len()).is_none_or(|next| *next == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_ranked() {
        let languages = Languages::parse("en-AU; q=0.4, de, *;q=0").unwrap();
        assert_eq!(languages.tags().collect::<Vec<_>>(), ["de", "en-au"]);
        assert!(languages.refuses_others());
        assert_eq!(languages.rank("de-CH"), Some(0));
        assert_eq!(languages.rank("en-AU"), Some(1));
        assert_eq!(languages.rank("en"), Some(3));
        assert_eq!(languages.rank("den"), None);
        assert!(Languages::parse("-").is_none() && Languages::parse("").is_none());
        assert!(Languages::parse("*").unwrap().is_empty());
    }
}

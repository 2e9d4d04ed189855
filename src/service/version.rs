//! Business versions: which is later, and whether one answers to a pattern.
//!
//! Versions are compared as semantic versions where both look like one, else naturally (runs of digits as
//! numbers), which orders dates and counters too. It knows nothing of what is loaded.

use std::cmp::Ordering;

/// How the versions of a resource are ordered (`versionAlgorithm[x]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// As semantic versions.
    Semantic,
    /// Runs of digits as numbers: whole numbers, dates and the natural order.
    Natural,
    /// As text.
    Alphabetical,
}

impl Algorithm {
    /// Reads the FHIR code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "semver" => Some(Self::Semantic),
            "integer" | "date" | "natural" => Some(Self::Natural),
            "alpha" => Some(Self::Alphabetical),
            _ => None,
        }
    }

    /// Compares two versions.
    pub fn compare(self, a: Option<&str>, b: Option<&str>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => match self {
                Self::Semantic => compare(Some(a), Some(b)),
                Self::Natural => natural(a, b),
                Self::Alphabetical => a.cmp(b),
            },
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

/// Compares two versions of which nothing is said how; the later one is greater. `None` is earlier than any version.
pub fn compare(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            if let (Some(left), Some(right)) = (Edition::parse(a), Edition::parse(b)) {
                return left.cmp(&right).then_with(|| natural(a, b));
            }
            match (Semantic::parse(a), Semantic::parse(b)) {
                (Some(left), Some(right)) => left.cmp(&right).then_with(|| natural(a, b)),
                _ => natural(a, b),
            }
        }
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// A version of an edition of SNOMED CT. The greatest is the one that is meant where none is named: what is published before
/// what is not, the International Edition before any other, then the latest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edition<'v> {
    published: bool,
    international: bool,
    date: &'v str,
}

impl<'v> Edition<'v> {
    fn parse(version: &'v str) -> Option<Self> {
        let rest = version.strip_prefix("http://snomed.info/")?;
        let (scheme, rest) = rest.split_once('/')?;
        let (module, date) = rest.split_once("/version/").unwrap_or((rest, ""));
        let published = match scheme {
            "sct" => true,
            "xsct" => false,
            _ => return None,
        };
        Some(Self {
            published,
            international: module == "900000000000207008",
            date,
        })
    }
}

/// A semantic version; a version without a pre-release part is later than one with.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Semantic<'v> {
    numbers: [u64; 3],
    released: bool,
    label: Vec<Identifier<'v>>,
}

/// Numeric identifiers come before textual ones.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'v> {
    Number(u64),
    Text(&'v str),
}

impl<'v> Semantic<'v> {
    fn parse(version: &'v str) -> Option<Self> {
        let version = version.split_once('+').map_or(version, |(version, _)| version);
        let (core, label) = match version.split_once('-') {
            Some((core, label)) => (core, Some(label)),
            None => (version, None),
        };
        let mut numbers = [0; 3];
        let mut parts = core.split('.');
        let mut count = 0;
        for (place, part) in numbers.iter_mut().zip(parts.by_ref()) {
            *place = part.parse().ok()?;
            count += 1;
        }
        if parts.next().is_some() || count < 2 {
            return None;
        }
        let identifier = |text: &'v str| text.parse().map_or(Identifier::Text(text), Identifier::Number);
        Some(Self {
            numbers,
            released: label.is_none(),
            label: label
                .map(|label| label.split('.').map(identifier).collect())
                .unwrap_or_default(),
        })
    }
}

/// Compares runs of digits as numbers and the rest as text.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        match (left.is_empty(), right.is_empty()) {
            (true, true) => return a.cmp(b),
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let (own, rest) = run(left);
        let (other, other_rest) = run(right);
        let ordering = if own.starts_with(|c: char| c.is_ascii_digit()) && other.starts_with(|c: char| c.is_ascii_digit()) {
            let (own, other) = (own.trim_start_matches('0'), other.trim_start_matches('0'));
            own.len().cmp(&other.len()).then_with(|| own.cmp(other))
        } else {
            own.cmp(other)
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
        (left, right) = (rest, other_rest);
    }
}

/// Splits off the leading run of digits or of other characters.
fn run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

/// Whether a pattern has wildcards: a part that is `x`, `X` or `*`.
pub fn is_wildcard(pattern: &str) -> bool {
    pattern.split('.').any(is_wild) && !pattern.contains('/')
}

fn is_wild(part: &str) -> bool {
    matches!(part, "x" | "X" | "*")
}

/// Whether a version is the one that `wanted` names: itself, a wildcard pattern, or an edition without its date.
pub fn matches(version: &str, wanted: &str) -> bool {
    if version == wanted {
        return true;
    }
    if is_wildcard(wanted) {
        let mut parts = version.split('.');
        let mut pattern = wanted.split('.');
        loop {
            match (parts.next(), pattern.next()) {
                (None, None) => return true,
                // A trailing wildcard covers all that follows, and also nothing more.
                (None, Some(wild)) => return is_wild(wild) && pattern.all(is_wild),
                (Some(_), None) => return wanted.split('.').next_back().is_some_and(is_wild),
                (Some(part), Some(wild)) if is_wild(wild) || part == wild => {}
                _ => return false,
            }
        }
    }
    let rest = version.strip_prefix(wanted).unwrap_or("");
    // What is published, or is not, can be asked for as a whole.
    (is_edition(wanted) && rest.starts_with("/version/")) || (matches!(wanted, PUBLISHED | UNPUBLISHED) && rest.starts_with('/'))
}

/// The beginning of versions of SNOMED CT that are published: any edition.
const PUBLISHED: &str = "http://snomed.info/sct";

/// The beginning of versions of SNOMED CT that are not published.
pub const UNPUBLISHED: &str = "http://snomed.info/xsct";

/// Whether a version is a SNOMED CT edition URI without a date: it names that edition's latest version.
pub fn is_edition(version: &str) -> bool {
    let module = version
        .strip_prefix("http://snomed.info/sct/")
        .or_else(|| version.strip_prefix("http://snomed.info/xsct/"));
    module.is_some_and(|module| !module.is_empty() && module.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a URI is that of an edition or version of SNOMED CT.
pub fn is_snomed(uri: &str) -> bool {
    Edition::parse(uri).is_some()
}

/// The more precise of two versions that agree: the one without wildcards.
pub fn more_precise<'v>(a: &'v str, b: &'v str) -> &'v str {
    if is_wildcard(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_versions_are_greater() {
        for pair in [
            ["1.0.0", "1.2.0"],
            ["1.9.0", "1.10.0"],
            ["1.0.0-alpha", "1.0.0"],
            ["1.0.0-2", "1.0.0-alpha"],
            ["2.77", "2.80"],
            ["2023-01-31", "2024-01-01"],
            ["20240101", "20250101"],
            [
                "http://snomed.info/sct/1/version/20240101",
                "http://snomed.info/sct/1/version/20250101",
            ],
            ["a", "b"],
            // Published, International, later.
            [
                "http://snomed.info/xsct/900000000000207008/version/20260101",
                "http://snomed.info/sct/731000124108/version/20250301",
            ],
            [
                "http://snomed.info/sct/999000021000000109/version/20250601",
                "http://snomed.info/sct/900000000000207008/version/20240101",
            ],
            [
                "http://snomed.info/sct/999000021000000109/version/20250401",
                "http://snomed.info/sct/731000124108/version/20250901",
            ],
        ] {
            assert_eq!(compare(Some(pair[0]), Some(pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(compare(Some(pair[1]), Some(pair[0])), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(compare(None, Some("0")), Ordering::Less);
    }

    #[test]
    fn an_algorithm_decides_what_is_later() {
        let later = |code: &str, a, b| Algorithm::parse(code).unwrap().compare(Some(a), Some(b)) == Ordering::Greater;
        assert!(later("integer", "10", "9") && later("alpha", "9", "10"));
        assert!(later("semver", "1.0.0", "1.0.0-rc") && later("natural", "1.0.0-rc", "1.0.0"));
        assert!(later("date", "2024-02", "2024-01-31") && Algorithm::parse("random").is_none());
    }

    #[test]
    fn wildcards_and_editions_match() {
        assert!(matches("1.2.0", "1.x.x") && matches("1.2.0", "1.2.x") && matches("1.2.0", "1.x"));
        assert!(!matches("1.2.0", "1") && !matches("1.2.0", "2.x.x") && !matches("1.2.0", "1.2"));
        assert!(matches("1.2.0", "1.*"));
        let edition = "http://snomed.info/sct/900000000000207008";
        assert!(matches(&format!("{edition}/version/20250101"), edition));
        assert!(!matches("http://snomed.info/sct/9/version/20250101", edition));
        assert!(matches("http://snomed.info/xsct/9/version/20250101", UNPUBLISHED));
        assert!(!matches("http://snomed.info/sct/9/version/20250101", UNPUBLISHED) && !matches("1.0", UNPUBLISHED));
        assert!(matches("http://snomed.info/sct/9/version/20250101", PUBLISHED));
        assert!(!matches("http://snomed.info/xsct/9/version/20250101", PUBLISHED));
    }

    proptest::proptest! {
        #[test]
        fn comparing_is_antisymmetric(a in "[0-9a-c.-]{0,8}", b in "[0-9a-c.-]{0,8}") {
            proptest::prop_assert_eq!(compare(Some(&a), Some(&b)), compare(Some(&b), Some(&a)).reverse());
        }
    }
}

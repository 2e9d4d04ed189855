//! "Did you mean": the nearest of the names that would have been right.

/// Names within a few slips of `given`, nearest first, at most three.
pub fn nearest<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let given = given.to_lowercase();
    let allowed = given.chars().count().div_ceil(3);
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (distance(&given, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed || (given.len() > 2 && name.to_lowercase().contains(&given)))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// URLs within a few slips of `given`, nearest first, at most three. URLs are long and begin alike, so that a share of
/// their length would be most of what tells them apart.
pub fn nearest_urls<'n>(given: &str, urls: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    const SLIPS: usize = 4;
    let given = given.to_lowercase();
    let mut near: Vec<(usize, &str)> = urls
        .into_iter()
        // What differs in length by more cannot be near; most are told apart by that.
        .filter(|url| url.len().abs_diff(given.len()) <= SLIPS)
        .map(|url| (distance(&given, &url.to_lowercase()), url))
        .filter(|(distance, _)| *distance <= SLIPS)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, url)| url).collect()
}

/// `did you mean A or B?`, or nothing.
pub fn did_you_mean(near: &[&str]) -> Option<String> {
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

/// Insertions, deletions and replacements that lead from one text to the other.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_known() {
        for (a, b, wanted) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("same", "same", 0),
        ] {
            assert_eq!(distance(a, b), wanted, "{a} {b}");
            assert_eq!(distance(b, a), wanted, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_comes_first_and_strangers_not_at_all() {
        assert_eq!(nearest("lonic", ["snomed", "loinc", "rxnorm"]), ["loinc"]);
        assert!(nearest("xyzzy", ["snomed", "loinc"]).is_empty());
        let urls = ["http://loinc.org", "http://example.org/colours", "http://snomed.info/sct"];
        assert_eq!(nearest_urls("https://Loinc.org/", urls), ["http://loinc.org"]);
        assert!(nearest_urls("http://example.org/animals", urls).is_empty());
    }
}

//! What a client may have meant that named what is not here.
//!
//! Texts of issues are compared by validators, word for word; so a hint is told beside the text, as `diagnostics`. It is
//! made only for a request that is refused: a validation that meets an unknown code system has an answer.

use super::outcome::Refusal;
use crate::service::{ResourceKind, Terminology, alias, version};
use crate::suggest;

/// What is longer is no slip of anything, and costs too much to be compared.
const LONGEST: usize = 300;

/// The refusal with a hint, if it is about something that is not loaded.
pub fn hinted(terminology: &Terminology, mut refusal: Refusal) -> Refusal {
    let Some(sought) = refusal.sought.take() else {
        return refusal;
    };
    let urls = terminology.urls(sought.kind);
    let near = if sought.url.len() > LONGEST {
        Vec::new()
    } else if sought.url.contains(':') {
        suggest::nearest_urls(&sought.url, urls.iter().copied())
    } else {
        suggest::nearest(&sought.url, urls.iter().filter_map(|url| alias::short_name(url)))
    };
    let kind = sought.kind.as_str();
    let of_snomed = || {
        let edition = version::is_snomed(&sought.url) && sought.kind == ResourceKind::CodeSystem;
        edition.then(|| format!("the system is http://snomed.info/sct; '{}' is a version of it", sought.url))
    };
    let hint = of_snomed().or_else(|| suggest::did_you_mean(&near)).unwrap_or_else(|| {
        format!("what is loaded is found by a search: {kind}?_elements=url,version, or {kind}?url:contains=...")
    });
    if let Some(issue) = refusal.issues.first_mut() {
        issue.diagnostics.get_or_insert(hint);
    }
    refusal
}

/// The nearest of some names, in parentheses after a sentence; nothing where none is near.
pub(super) fn near<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    if given.len() > LONGEST {
        return String::new();
    }
    let near = suggest::nearest(given, names);
    suggest::did_you_mean(&near).map_or_else(String::new, |hint| format!(" ({hint})"))
}

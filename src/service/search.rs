//! Search as analysts expect of a browser, over one code system or all: one row per concept with the term that
//! matched, best first.
//!
//! Each index ranks its own hits; merging takes them in turn by rank and then by length of the term, so that a
//! whole-term match in a small system is not buried under a large one's. A limit cuts the merged list; the first
//! rows are the same at any limit.

use super::Terminology;
use super::code_system::View;
use super::terminology::Unresolved;
use std::sync::Arc;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, SearchOptions};
use tern_index::text::{fold, words};

/// What to search for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// Beginnings of words in any order, or a code.
    pub text: String,
    /// Code systems to search, by URL, short name or OID; none for all, each in its latest version.
    pub systems: Vec<String>,
    /// Retired concepts and terms too.
    pub inactive: bool,
    /// Rows to return; 0 for all.
    pub limit: usize,
}

/// A concept found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRow {
    /// Code system URL.
    pub system: String,
    /// Its version.
    pub version: Option<String>,
    /// The code.
    pub code: String,
    /// The concept's display.
    pub display: Option<String>,
    /// The term that matched; `None` when the code did.
    pub term: Option<String>,
    /// Whether the concept is in use.
    pub active: bool,
}

/// How a row ranks among those of other systems: how it matches, how long the term is, its system's place.
type Rank = (u8, usize, usize, usize);

/// Searches.
pub fn search(terminology: &Terminology, request: &SearchRequest) -> Result<Vec<SearchRow>, Unresolved> {
    let systems: Vec<Arc<CodeSystemIndex>> = if request.systems.is_empty() {
        latest(terminology.code_systems())
    } else {
        let named = request.systems.iter().map(|name| terminology.code_system(name, None));
        named.collect::<Result<_, _>>()?
    };
    let options = SearchOptions {
        within: None,
        inactive: request.inactive,
        limit: request.limit,
    };
    let folded = fold(&request.text);
    let mut wanted: Vec<&str> = words(&folded).collect();
    wanted.sort_unstable();
    let mut rows: Vec<(Rank, SearchRow)> = Vec::new();
    for (place, index) in systems.into_iter().enumerate() {
        let hits = index.search(&request.text, &options);
        let view = View::plain(index);
        for (number, hit) in hits.into_iter().enumerate() {
            let term = hit
                .designation
                .map(|designation| view.index.designation_text(designation).into_owned());
            let (class, length) = term.as_deref().map_or((0, 0), |term| quality(term, &wanted));
            rows.push(((class, length, place, number), row(&view, hit.concept, term)));
        }
    }
    rows.sort_by_key(|row| row.0);
    if request.limit > 0 {
        rows.truncate(request.limit);
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The latest version of each code system; the list is sorted by URL and version within a layer.
fn latest(systems: Vec<Arc<CodeSystemIndex>>) -> Vec<Arc<CodeSystemIndex>> {
    let mut kept: Vec<Arc<CodeSystemIndex>> = Vec::new();
    for system in systems {
        match kept.iter_mut().find(|other| other.header().url == system.header().url) {
            None => kept.push(system),
            Some(other) => {
                let versions = (other.header().version.as_deref(), system.header().version.as_deref());
                if super::version::compare(versions.0, versions.1).is_lt() {
                    *other = system;
                }
            }
        }
    }
    kept
}

/// 0 for a code, 1 for a term of exactly the words sought, 2 for one with all of them whole, 3 for beginnings.
fn quality(term: &str, wanted: &[&str]) -> (u8, usize) {
    let folded = fold(term);
    let mut own: Vec<&str> = words(&folded).collect();
    own.sort_unstable();
    let class = if own == wanted {
        1
    } else if wanted.iter().all(|word| own.binary_search(word).is_ok()) {
        2
    } else {
        3
    };
    (class, term.chars().count())
}

fn row(view: &View, concept: Ordinal, term: Option<String>) -> SearchRow {
    SearchRow {
        system: view.url().to_owned(),
        version: view.version().map(str::to_owned),
        code: view.index.code(concept).to_owned(),
        display: view.index.display(concept).map(|text| text.into_owned()),
        term,
        active: view.index.is_active(concept),
    }
}

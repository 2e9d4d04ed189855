//! Search as analysts expect of a browser, over one code system or all: one row per concept with the term that
//! matched, best first.
//!
//! Each index ranks its own hits, and that order is kept: merging takes, again and again, the best of the rows that
//! are first in their systems. So a whole-term match in a small system is not buried under a large one's, and the
//! first rows are the same at any limit.

use super::Terminology;
use super::history::{self, Successor};
use std::sync::Arc;
use tern_index::read::{CodeSystemIndex, Hit, SearchOptions};

/// What to search for.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// Beginnings of words in any order, or a code.
    pub text: String,
    /// Code systems to search; none for all, each in its latest version.
    pub systems: Vec<Arc<CodeSystemIndex>>,
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
    /// What to use in place of a retired concept, the closest first.
    pub successors: Vec<Successor>,
}

/// Searches.
pub fn search(terminology: &Terminology, request: &SearchRequest) -> Vec<SearchRow> {
    let systems = if request.systems.is_empty() {
        latest(terminology.code_systems())
    } else {
        request.systems.clone()
    };
    let options = SearchOptions {
        inactive: request.inactive,
        limit: request.limit,
        ..SearchOptions::default()
    };
    let mut queues: Vec<_> = systems
        .iter()
        .map(|index| (index, index.search(&request.text, &options).into_iter().peekable()))
        .collect();
    let limit = if request.limit == 0 { usize::MAX } else { request.limit };
    let mut rows = Vec::new();
    while rows.len() < limit {
        let heads = queues.iter_mut().enumerate();
        let best = heads.filter_map(|(place, (_, hits))| hits.peek().map(|hit| (hit.rank, place)));
        let Some((_, place)) = best.min() else { break };
        let next = queues.get_mut(place).and_then(|(index, hits)| Some(row(index, hits.next()?)));
        rows.extend(next);
    }
    rows
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

fn row(index: &CodeSystemIndex, hit: Hit) -> SearchRow {
    SearchRow {
        system: index.header().url.clone(),
        version: index.header().version.clone(),
        code: index.code(hit.concept).to_owned(),
        display: index.display(hit.concept).map(|text| text.into_owned()),
        term: hit.designation.map(|number| index.designation_text(number).into_owned()),
        active: index.is_active(hit.concept),
        successors: history::retirement(index, hit.concept)
            .map(|known| known.successors)
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::terminology;

    const LARGE: &str = r#"{"resourceType":"CodeSystem","url":"http://example.org/large","status":"active","content":"complete","concept":[
        {"code":"a","display":"Heart attack of long standing"},{"code":"b","display":"Heartburn"},{"code":"c","display":"Attack of the heart"}]}"#;
    const SMALL: &str = r#"{"resourceType":"CodeSystem","url":"http://example.org/small","status":"active","content":"complete","concept":[
        {"code":"x","display":"Heart attack"},{"code":"heart","display":"Organ"}]}"#;

    fn codes(text: &str, limit: usize) -> Vec<String> {
        let request = SearchRequest {
            text: text.into(),
            limit,
            ..SearchRequest::default()
        };
        let rows = search(&terminology(&[LARGE, SMALL]), &request);
        rows.into_iter().map(|row| row.code).collect()
    }

    #[test]
    fn the_best_of_all_systems_comes_first_whatever_its_system() {
        assert_eq!(codes("attack heart", 0), ["x", "c", "a"]);
        assert_eq!(codes("heart", 0), ["heart", "x", "c", "a", "b"]);
    }

    #[test]
    fn a_limit_cuts_the_list_and_changes_nothing_else() {
        let all = codes("hea", 0);
        for limit in 1..=all.len() {
            assert_eq!(codes("hea", limit), all[..limit]);
        }
    }
}

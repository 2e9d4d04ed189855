//! What replaces a retired code: the ends of the maps that lead from the target to itself.

use std::sync::Arc;
use tern_index::model::{Mapping, Ordinal, Relationship};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};

/// Steps from a retired code to what replaces it.
const STEPS: usize = 5;

/// Codes in use that a code leads to, which is retired or not in this release at all.
pub(crate) fn replacements(target: &CodeSystemIndex, maps: &[Arc<ConceptMapIndex>], code: &str) -> Vec<(Ordinal, Relationship)> {
    let url = target.header().url.as_str();
    let mut ends: Vec<(Ordinal, Relationship)> = Vec::new();
    let mut front = vec![(code.to_owned(), Relationship::Equivalent)];
    let mut seen: Vec<Ordinal> = target.find(code).into_iter().collect();
    for _ in 0..STEPS {
        let mut next = Vec::new();
        for (from, so_far) in front {
            for mapping in rows(maps, &from, url, url) {
                let Some(to) = mapping.target.and_then(|end| target.find(&end.code)) else {
                    continue;
                };
                if seen.contains(&to) {
                    continue;
                }
                seen.push(to);
                let relationship = if so_far == Relationship::Equivalent {
                    mapping.relationship
                } else {
                    Relationship::RelatedTo
                };
                if target.is_active(to) {
                    ends.push((to, relationship));
                } else {
                    next.push((target.code(to).to_owned(), relationship));
                }
            }
        }
        front = next;
    }
    ends
}

/// Rows of all maps from a code of `system` into `target`.
pub(super) fn rows(maps: &[Arc<ConceptMapIndex>], code: &str, system: &str, target: &str) -> Vec<Mapping> {
    let wanted = |mapping: &Mapping| {
        let into = mapping.target.as_ref();
        mapping.source.system.as_deref() == Some(system) && into.is_none_or(|end| end.system.as_deref() == Some(target))
    };
    maps.iter().flat_map(|map| map.by_source(code)).filter(wanted).collect()
}

//! What is in a value set: concepts per code system version, in order, without duplicates.

use crate::service::code_system::View;
use std::collections::BTreeMap;
use std::sync::Arc;
use tern_index::model::Ordinal;
use tern_index::read::ConceptSet;
use tern_index::value_set::ConceptReference;

/// Whether a part may be shown as a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// A list: enumerated codes, imports, property filters.
    Flat,
    /// A whole code system.
    System,
    /// What lies below some concept.
    Subtree,
}

/// Enumerated codes: their order and what the value set says of them.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Ordinals in the order given, each once.
    pub order: Vec<u32>,
    /// What the value set says of a concept, where it says anything.
    pub references: BTreeMap<u32, ConceptReference>,
}

/// Concepts of one code system version.
#[derive(Debug, Clone)]
pub struct Part {
    /// The code system version.
    pub view: Arc<View>,
    /// The concepts.
    pub concepts: ConceptSet,
    /// Their order, where it is not that of the code system.
    pub listing: Option<Listing>,
    /// Whether they may be nested.
    pub nesting: Nesting,
    /// Whether expressions of the code system's grammar may be in it as well: concepts are taken by what they are.
    pub open: bool,
    /// Expressions that are listed, in order; they come after the concepts.
    pub expressions: Vec<ConceptReference>,
}

impl Part {
    /// Whether both parts are of one code system version.
    pub fn same_version(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.view.index, &other.view.index)
    }

    /// Whether an expression is among those that are listed.
    fn lists(&self, expression: &ConceptReference) -> bool {
        self.expressions.iter().any(|own| own.code == expression.code)
    }

    /// What the value set says of a concept.
    pub fn reference(&self, concept: Ordinal) -> Option<&ConceptReference> {
        self.listing.as_ref()?.references.get(&concept.0)
    }

    /// Concepts from `offset`, in order, at most `count`. Without a listing the cost is that of the page.
    pub fn page(&self, offset: u64, count: usize) -> Vec<Ordinal> {
        match &self.listing {
            Some(listing) => {
                let present = listing.order.iter().filter(|concept| self.concepts.contains(**concept));
                present
                    .skip(offset as usize)
                    .take(count)
                    .map(|concept| Ordinal(*concept))
                    .collect()
            }
            None => {
                let Some(first) = u32::try_from(offset).ok().and_then(|offset| self.concepts.select(offset)) else {
                    return Vec::new();
                };
                self.concepts.range(first..).take(count).map(Ordinal).collect()
            }
        }
    }
}

/// What is in a value set. Parts of one code system version are disjoint.
#[derive(Debug, Clone, Default)]
pub struct Members {
    /// The parts, in order.
    pub parts: Vec<Part>,
}

impl Members {
    /// How many concepts there are.
    pub fn len(&self) -> u64 {
        self.parts
            .iter()
            .map(|part| part.concepts.len() + part.expressions.len() as u64)
            .sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts
            .iter()
            .all(|part| part.concepts.is_empty() && part.expressions.is_empty())
    }

    /// Shows all parts as lists.
    pub fn flatten(&mut self) {
        for part in &mut self.parts {
            part.nesting = Nesting::Flat;
        }
    }

    /// The part that holds a concept.
    pub fn part_with(&self, view: &View, concept: Ordinal) -> Option<&Part> {
        let mut parts = self.parts.iter();
        parts.find(|part| Arc::ptr_eq(&part.view.index, &view.index) && part.concepts.contains(concept.0))
    }

    /// Adds a part after the others; what is there already is left out of it.
    pub fn add(&mut self, mut part: Part) {
        for other in &self.parts {
            if other.same_version(&part) {
                part.concepts -= &other.concepts;
                part.expressions.retain(|added| !other.lists(added));
            }
        }
        let Some(last) = self.parts.last_mut().filter(|last| last.same_version(&part)) else {
            self.parts.push(part);
            return;
        };
        // Many includes of one system would otherwise make many parts.
        match (&mut last.listing, part.listing.take()) {
            (Some(own), Some(mut added)) => {
                own.order
                    .extend(added.order.iter().filter(|concept| part.concepts.contains(**concept)));
                added.references.retain(|concept, _| part.concepts.contains(*concept));
                own.references.append(&mut added.references);
                last.concepts |= part.concepts;
                last.expressions.append(&mut part.expressions);
            }
            (None, None) if last.nesting == part.nesting => {
                last.concepts |= part.concepts;
                last.open |= part.open;
                last.expressions.append(&mut part.expressions);
            }
            (_, listing) => {
                part.listing = listing;
                self.parts.push(part);
            }
        }
    }

    /// Adds all parts of another.
    pub fn add_all(&mut self, other: Self) {
        for part in other.parts {
            self.add(part);
        }
    }

    /// Keeps what is also in `other`; the order stays. Codes of another version of the system count as the same
    /// where `versions_match`.
    pub fn intersect(&mut self, other: &Self, versions_match: bool) {
        for part in &mut self.parts {
            let common = other.codes_in(part, versions_match);
            part.concepts &= common;
            part.expressions
                .retain(|own| other.parts.iter().any(|other| other.lists(own)));
        }
        self.parts
            .retain(|part| !part.concepts.is_empty() || !part.expressions.is_empty());
    }

    /// Takes out what is in `other`.
    pub fn subtract(&mut self, other: &Self, versions_match: bool) {
        for part in &mut self.parts {
            let common = other.codes_in(part, versions_match);
            part.concepts -= common;
            part.expressions
                .retain(|own| !other.parts.iter().any(|other| other.lists(own)));
        }
    }

    /// Concepts of these members as ordinals of the version of `part`; those of other versions of its code system too
    /// where `versions_match`.
    pub fn codes_in(&self, part: &Part, versions_match: bool) -> ConceptSet {
        let mut found = ConceptSet::new();
        for own in &self.parts {
            if own.same_version(part) {
                found |= &own.concepts;
            } else if versions_match && own.view.url() == part.view.url() {
                let codes = own.concepts.iter().map(|concept| own.view.index.code(Ordinal(concept)));
                found.extend(
                    codes
                        .filter_map(|code| part.view.index.find_exact(code))
                        .map(|concept| concept.0),
                );
            }
        }
        found
    }

    /// Where codes are in several versions of a system, keeps the latest version's.
    pub fn merge_versions(&mut self) {
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by(|a, b| match (self.parts.get(*a), self.parts.get(*b)) {
            (Some(a), Some(b)) => crate::service::version::compare(b.view.version(), a.view.version()),
            _ => std::cmp::Ordering::Equal,
        });
        let mut kept = Self::default();
        for place in order {
            let Some(part) = self.parts.get_mut(place) else {
                continue;
            };
            let known = kept.codes_in(part, true);
            part.concepts -= known;
            kept.parts.push(part.clone());
        }
    }

    /// Concepts from `offset` on, at most `count`, each with its part.
    pub fn page(&self, offset: u64, count: usize) -> Vec<(&Part, Ordinal)> {
        let (mut offset, mut left) = (offset, count);
        let mut page = Vec::new();
        for part in &self.parts {
            if left == 0 {
                break;
            }
            let size = part.concepts.len();
            if offset >= size {
                offset -= size;
                continue;
            }
            let concepts = part.page(offset, left);
            left -= concepts.len().min(left);
            offset = 0;
            page.extend(concepts.into_iter().map(|concept| (part, concept)));
        }
        page
    }
}

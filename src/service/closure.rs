//! Closure tables: how concepts that a client comes across stand to each other, found one batch at a time.
//!
//! The test is the one of `$subsumes`. Where tables are kept, and which versions clients have of them, is not known here.

use super::postcoordinated::{Known, Understood};
use super::refusals;
use super::subsumes::Subsumption;
use super::{Failure, Terminology};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tern_index::model::{Coding, Ordinal};
use tern_index::read::CodeSystemIndex;

/// How the first of two concepts of one code system stands to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClosureRelation {
    /// It is below it.
    Narrower,
    /// They are the same, written differently.
    Equivalent,
}

/// A relation between two codes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Related {
    /// Their code system.
    pub system: String,
    /// The narrower one.
    pub source: String,
    /// The broader one.
    pub target: String,
    /// How they stand to each other.
    pub relation: ClosureRelation,
}

/// A code system in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureSystem {
    /// The version that is meant; empty where it has none.
    pub version: String,
    /// What that version is told apart by from any other.
    pub edition: String,
    /// Whether a coding named the version; else the latest is meant, and the table is stale when another becomes it.
    pub pinned: bool,
}

/// A table: its code systems by URL, and their codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosureTable {
    /// The code systems.
    pub systems: BTreeMap<String, ClosureSystem>,
    /// System and code.
    pub concepts: BTreeSet<(String, String)>,
}

/// Why a table cannot grow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosureError {
    /// A concept cannot be placed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// A code system is another than when the table was begun.
    #[error("the code system {system} has changed since the closure table was begun")]
    Stale {
        /// Its URL.
        system: String,
    },
}

impl ClosureTable {
    /// Whether every code system is still what it was.
    pub fn check(&self, terminology: &Terminology) -> Result<(), ClosureError> {
        self.systems
            .keys()
            .try_for_each(|system| self.index(terminology, system, None).map(|_| ()))
    }

    /// Adds concepts; the relations that are new with them, in order.
    pub fn grow(&mut self, terminology: &Terminology, concepts: &[Coding]) -> Result<Vec<Related>, ClosureError> {
        let mut new = Vec::new();
        let mut members: BTreeMap<String, Members> = BTreeMap::new();
        for coding in concepts {
            terminology.stop().check().map_err(Failure::from)?;
            let Some(system) = coding.system.as_deref().filter(|system| !system.is_empty()) else {
                return Err(refusals::no_system("$closure").into());
            };
            let system = terminology.canonical_url(system).to_owned();
            let index = self.index(terminology, &system, coding.version.as_deref())?;
            let known = match Known::find(&index, &coding.code) {
                Some(Ok(known)) => known,
                Some(Err(reason)) => return Err(refusals::bad_expression(&coding.code, &reason, index.header()).into()),
                None => return Err(refusals::unknown_code(&coding.code, index.header()).into()),
            };
            let header = index.header();
            self.systems.entry(system.clone()).or_insert_with(|| ClosureSystem {
                version: header.version.clone().unwrap_or_default(),
                edition: terminology.edition(header),
                pinned: coding.version.is_some(),
            });
            let members = members
                .entry(system.clone())
                .or_insert_with(|| Members::of(self.of_system(&system), &index));
            if self.concepts.insert((system.clone(), coding.code.clone())) {
                let related = members.related(&index, &system, &coding.code, &known);
                new.extend(related.map_err(|reason| refusals::bad_expression(&coding.code, &reason, header))?);
                members.add(&coding.code, known);
            }
        }
        new.sort();
        Ok(new)
    }

    fn of_system<'t>(&'t self, system: &'t str) -> impl Iterator<Item = &'t str> {
        let from = (system.to_owned(), String::new());
        let codes = self.concepts.range(from..).take_while(move |(own, _)| own == system);
        codes.map(|(_, code)| code.as_str())
    }

    /// The code system that the table means, which is the one that it was begun with.
    fn index(&self, terminology: &Terminology, system: &str, wanted: Option<&str>) -> Result<Arc<CodeSystemIndex>, ClosureError> {
        let stale = || ClosureError::Stale {
            system: system.to_owned(),
        };
        let Some(begun) = self.systems.get(system) else {
            let found = terminology.code_system(system, wanted);
            let index = found.map_err(|unresolved| refusals::unknown_system(&unresolved))?;
            return match index.header().hierarchy_meaning.as_deref() {
                Some(meaning @ ("part-of" | "grouped-by")) => Err(refusals::no_subsumption(index.header(), meaning).into()),
                _ if index.is_empty() => Err(refusals::no_concepts(index.header()).into()),
                _ => Ok(index),
            };
        };
        let version = Some(begun.version.as_str()).filter(|version| !version.is_empty());
        if let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != version) {
            return Err(refusals::other_version_in_closure(system, &begun.version, wanted).into());
        }
        let pinned = version.filter(|_| begun.pinned);
        let index = terminology.code_system(system, pinned).map_err(|_| stale())?;
        if terminology.edition(index.header()) == begun.edition {
            Ok(index)
        } else {
            Err(stale())
        }
    }
}

/// The concepts of one code system in a table, with the codes by which they came.
struct Members {
    by_concept: BTreeMap<Ordinal, Vec<String>>,
    expressions: Vec<(String, Box<Understood>)>,
}

impl Members {
    fn of<'c>(codes: impl Iterator<Item = &'c str>, index: &CodeSystemIndex) -> Self {
        let mut members = Self {
            by_concept: BTreeMap::new(),
            expressions: Vec::new(),
        };
        for code in codes {
            if let Some(Ok(known)) = Known::find(index, code) {
                members.add(code, known);
            }
        }
        members
    }

    fn add(&mut self, code: &str, known: Known) {
        match known {
            Known::Concept(concept) => self.by_concept.entry(concept).or_default().push(code.to_owned()),
            Known::Expression(understood) => self.expressions.push((code.to_owned(), understood)),
        }
    }

    /// How a new code stands to those that are here; an error says why that cannot be found out.
    fn related(&self, index: &CodeSystemIndex, system: &str, code: &str, known: &Known) -> Result<Vec<Related>, String> {
        let relation = |source: &str, target: &str, relation| Related {
            system: system.to_owned(),
            source: source.to_owned(),
            target: target.to_owned(),
            relation,
        };
        let mut found = Vec::new();
        let mut add = |other: &str, how: Subsumption| match how {
            Subsumption::Equivalent => found.push(relation(code, other, ClosureRelation::Equivalent)),
            Subsumption::SubsumedBy => found.push(relation(code, other, ClosureRelation::Narrower)),
            Subsumption::Subsumes => found.push(relation(other, code, ClosureRelation::Narrower)),
            Subsumption::NotSubsumed => {}
        };
        match known {
            Known::Concept(concept) => self.around(index, *concept, &mut add),
            Known::Expression(_) => {
                for (other, codes) in &self.by_concept {
                    let how = known.compare(index, &Known::Concept(*other))?;
                    codes.iter().for_each(|other| add(other, how));
                }
            }
        }
        for (other, understood) in &self.expressions {
            add(other, known.compare(index, &Known::Expression(understood.clone()))?);
        }
        Ok(found)
    }

    /// The concepts that stand above or below a concept, or are it.
    fn around(&self, index: &CodeSystemIndex, concept: Ordinal, add: &mut impl FnMut(&str, Subsumption)) {
        let codes = |concept: Ordinal| self.by_concept.get(&concept).into_iter().flatten();
        codes(concept).for_each(|other| add(other, Subsumption::Equivalent));
        for above in index.ancestors(concept).iter().map(Ordinal) {
            codes(above).for_each(|other| add(other, Subsumption::SubsumedBy));
        }
        // Below a general concept there may be far more concepts than a table has.
        for (below, codes) in &self.by_concept {
            if *below != concept && index.subsumes(concept, *below) {
                codes.iter().for_each(|other| add(other, Subsumption::Subsumes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{ANIMALS, ANIMALS_2, terminology};
    use proptest::prelude::*;

    const URL: &str = "http://example.org/animals";

    fn all(index: &CodeSystemIndex) -> impl Iterator<Item = Ordinal> {
        (0..u32::try_from(index.len()).unwrap()).map(Ordinal)
    }

    #[test]
    fn order_of_arrival_changes_nothing() {
        let terminology = terminology(&[ANIMALS]);
        let index = terminology.code_system(URL, None).unwrap();
        let codes: Vec<String> = all(&index).map(|concept| index.code(concept).to_owned()).collect();
        let whole = |codes: &[String]| {
            let mut table = ClosureTable::default();
            let mut all = BTreeSet::new();
            for code in codes {
                all.extend(table.grow(&terminology, &[Coding::new(URL, code)]).unwrap());
            }
            all
        };
        let forward = whole(&codes);
        let expected: u64 = all(&index).map(|concept| index.ancestors(concept).len()).sum();
        assert_eq!(forward.len() as u64, expected);
        let strategy = Just(codes.clone()).prop_shuffle();
        proptest!(|(shuffled in strategy)| prop_assert_eq!(whole(&shuffled), forward.clone()));
    }

    #[test]
    fn a_table_is_stale_once_another_version_is_the_latest_unless_it_names_its_own() {
        let (first, both) = (terminology(&[ANIMALS]), terminology(&[ANIMALS, ANIMALS_2]));
        let index = first.code_system(URL, None).unwrap();
        let code = index.code(all(&index).next().unwrap()).to_owned();
        let mut latest = ClosureTable::default();
        latest.grow(&first, &[Coding::new(URL, &code)]).unwrap();
        assert!(matches!(latest.check(&both), Err(ClosureError::Stale { .. })));
        let mut pinned = ClosureTable::default();
        let version = index.header().version.clone();
        assert!(version.is_some());
        pinned
            .grow(
                &first,
                &[Coding {
                    version,
                    ..Coding::new(URL, &code)
                }],
            )
            .unwrap();
        assert!(pinned.check(&both).is_ok());
    }
}

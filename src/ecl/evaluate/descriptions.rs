//! Description filters: concepts of which some description satisfies every filter of a pair of braces.
//!
//! Only descriptions in use count, unless a filter on `active` says otherwise. What a filter names (languages, types,
//! modules, dates, dialects) is turned into numbers of the index once, so that asking it of a description is reading
//! a number; terms are looked up in the word index (`description_terms`). Many concepts are looked at by several threads.

use super::description_terms::SoughtTerms;
use super::filters::passes;
use super::{Evaluator, Found};
use crate::ecl::ast::{Acceptability, CommonFilter, DescriptionFilter, DescriptionType, Dialects};
use crate::ecl::dialects::language_reference_set;
use crate::ecl::error::{Fault, Kind};
use crate::ecl::terms::Scratch;
use rayon::prelude::*;
use tern_index::model::{self, Ordinal};
use tern_index::read::{CodeSystemIndex, ConceptBits, ConceptSet, DesignationColumns};

/// `900000000000548007`: preferred.
const PREFERRED: &str = "900000000000548007";
/// `900000000000549004`: acceptable.
const ACCEPTABLE: &str = "900000000000549004";

/// A column of designations that says one thing of each, in numbers.
#[derive(Clone, Copy)]
enum Facet {
    Language,
    Type,
    Module,
    Time,
}

/// A filter made ready.
enum Check {
    /// Whether each number that the column may have will do; the first stands for none.
    Facet(Facet, Vec<bool>),
    /// Of each dialect, whether preferred and whether acceptable will do.
    Dialect(Vec<[bool; 2]>),
    /// Identifiers, ascending.
    Id(Vec<String>),
    Term(SoughtTerms),
}

/// A dialect's reference set as it is asked for, with the acceptabilities that will do; none for any.
type Dialect = (String, Vec<model::Acceptability>);

/// The filters of a pair of braces.
struct Checks<'i> {
    index: &'i CodeSystemIndex,
    columns: DesignationColumns<'i>,
    /// Each with whether it must hold or must not, terms last: they cost most.
    checks: Vec<(bool, Check)>,
    /// Asked-for states; in use by default.
    active: bool,
    inactive: bool,
}

/// Descriptions of a concept.
const SEVERAL: u64 = 4;
/// Concepts or descriptions between two looks at the clock.
const AT_ONCE: usize = 256;

impl<'i> Evaluator<'i> {
    /// Concepts of `found` of which a description passes all filters.
    pub(super) fn description_filters(&mut self, filters: &[DescriptionFilter], found: ConceptSet) -> Found<ConceptSet> {
        let held = self.budget.held();
        let found = self.described(filters, found);
        self.budget.release(held);
        found
    }

    fn described(&mut self, filters: &[DescriptionFilter], found: ConceptSet) -> Found<ConceptSet> {
        let checks = self.checks(filters, found.len() > self.costs.read)?;
        let found = match checks.of_ids() {
            Some(few) => found & few,
            None => found,
        };
        // Either all descriptions of the concepts are looked at, or all that may have the terms.
        match checks.fewest_possible() {
            Some((count, terms)) if count < found.len().saturating_mul(self.costs.descriptions) => {
                self.budget.spend(count)?;
                let within = ConceptBits::of(&found, self.index.len());
                self.in_parts(&terms.possible(), |numbers, scratch, passing| {
                    checks.index.with_designation_concepts(numbers, |number, concept| {
                        if within.contains(concept.0) && passing.last() != Some(&concept.0) && checks.pass(number, scratch) {
                            passing.push(concept.0);
                        }
                    });
                })
            }
            _ => {
                self.budget.spend(found.len().saturating_mul(SEVERAL))?;
                let concepts: Vec<u32> = found.iter().collect();
                self.in_parts(&concepts, |concepts, scratch, passing| {
                    passing.extend(concepts.iter().filter(|concept| checks.pass_any(**concept, scratch)));
                })
            }
        }
    }

    /// Concepts that are found in parts of a list, by several threads where it is long. Between small parts the time is
    /// looked at, since reading a term may be much work.
    fn in_parts(&self, list: &[u32], find: impl Fn(&[u32], &mut Scratch, &mut Vec<u32>) + Sync) -> Found<ConceptSet> {
        let end = &self.budget.end;
        let part = |list: &[u32]| {
            let mut scratch = Scratch::default();
            let mut passing = Vec::new();
            for small in list.chunks(AT_ONCE) {
                end.check()?;
                find(small, &mut scratch, &mut passing);
            }
            Ok(passing)
        };
        if list.len() <= self.costs.chunk {
            return Ok(part(list)?.into_iter().collect());
        }
        let parts: Vec<Vec<u32>> = list.par_chunks(self.costs.chunk).map(part).collect::<Found<_>>()?;
        let mut passing = ConceptBits::new(self.index.len());
        parts.iter().for_each(|part| passing.insert_all(part));
        Ok(passing.into_set())
    }

    fn checks(&mut self, filters: &[DescriptionFilter], many: bool) -> Found<Checks<'i>> {
        let (mut active, mut inactive) = (true, true);
        let mut asked = false;
        let mut checks = Vec::new();
        for filter in filters {
            if let DescriptionFilter::Common(CommonFilter::Active { equal, value }) = filter {
                asked = true;
                let wanted = value.map(|value| value == *equal);
                active &= wanted.unwrap_or(*equal);
                inactive &= wanted.map_or(*equal, |wanted| !wanted);
            }
            checks.extend(self.check(filter, many)?);
        }
        checks.sort_by_key(|(_, check)| matches!(check, Check::Term(_)));
        Ok(Checks {
            index: self.index,
            columns: self.index.designation_columns(),
            checks,
            active: !asked || active,
            inactive: asked && inactive,
        })
    }

    /// A filter made ready; `None` for one on `active`, which is told of all descriptions at once.
    fn check(&mut self, filter: &DescriptionFilter, many: bool) -> Found<Option<(bool, Check)>> {
        let facet = |facet, known: Vec<bool>| Check::Facet(facet, std::iter::once(false).chain(known).collect());
        Ok(Some(match filter {
            DescriptionFilter::Language { equal, codes } => {
                let asked = |own: &str| codes.iter().any(|code| code.eq_ignore_ascii_case(own));
                (*equal, facet(Facet::Language, self.index.languages().map(asked).collect()))
            }
            DescriptionFilter::Type { equal, types } => {
                let asked = |own: &str| types.iter().any(|kind| type_code(*kind) == own);
                let known = self.index.designation_use_codes().map(asked).collect();
                (*equal, facet(Facet::Type, known))
            }
            DescriptionFilter::TypeId { equal, types } => {
                let types = self.concepts(types)?;
                let known = self.among(self.index.designation_use_codes(), &types);
                (*equal, facet(Facet::Type, known))
            }
            DescriptionFilter::Dialect {
                equal,
                dialects,
                acceptability,
            } => (*equal, Check::Dialect(self.dialects(dialects, acceptability)?)),
            DescriptionFilter::Id { equal, ids } => {
                let mut ids = ids.clone();
                ids.sort();
                (*equal, Check::Id(ids))
            }
            DescriptionFilter::Common(CommonFilter::Module { equal, modules }) => {
                let modules = self.concepts(modules)?;
                let known = self.among(self.index.designation_modules(), &modules);
                (*equal, facet(Facet::Module, known))
            }
            DescriptionFilter::Common(CommonFilter::EffectiveTime { order, dates }) => {
                let known = self.index.designation_times().iter().map(|time| Some(*time));
                let all = std::iter::once(None).chain(known);
                let passing = all.map(|time| passes(*order, dates, time));
                (true, Check::Facet(Facet::Time, passing.collect()))
            }
            DescriptionFilter::Term { equal, terms } => (*equal, Check::Term(self.sought(terms, many)?)),
            DescriptionFilter::Common(CommonFilter::Active { .. }) => return Ok(None),
        }))
    }

    /// Of each dialect of the edition, which acceptabilities will do.
    fn dialects(&mut self, dialects: &Dialects, common: &[Acceptability]) -> Found<Vec<[bool; 2]>> {
        let common = self.acceptabilities(common)?;
        let mut asked: Vec<Dialect> = Vec::new();
        match dialects {
            Dialects::Expression(sub) => {
                let found = self.sub(sub)?;
                let known = self.index.dialects();
                let meant = known.filter(|code| self.index.find_exact(code).is_some_and(|concept| found.contains(concept.0)));
                asked.extend(meant.map(|code| (code.to_owned(), common.clone())));
            }
            Dialects::Ids(ids) => {
                for (reference, own) in ids {
                    self.concept(reference)?;
                    asked.push((reference.id.clone(), self.own_or(own, &common)?));
                }
            }
            Dialects::Aliases(aliases) => {
                for (alias, own) in aliases {
                    let Some(refset) = language_reference_set(&alias.name) else {
                        let message = format!(
                            "{} is no alias of a dialect; name its language reference set with dialectId",
                            alias.name
                        );
                        return Err(Fault::new(Kind::Meaning, alias.span.start, message));
                    };
                    asked.push((refset, self.own_or(own, &common)?));
                }
            }
        }
        let takes = |own: &str, acceptability: model::Acceptability| {
            let mut asked = asked.iter();
            asked.any(|(refset, accepted)| refset == own && (accepted.is_empty() || accepted.contains(&acceptability)))
        };
        let each = |own: &str| {
            [
                takes(own, model::Acceptability::Preferred),
                takes(own, model::Acceptability::Acceptable),
            ]
        };
        Ok(self.index.dialects().map(each).collect())
    }

    /// The acceptabilities of one dialect, else those of all.
    fn own_or(&self, own: &[Acceptability], common: &[model::Acceptability]) -> Found<Vec<model::Acceptability>> {
        if own.is_empty() {
            return Ok(common.to_vec());
        }
        self.acceptabilities(own)
    }

    fn acceptabilities(&self, asked: &[Acceptability]) -> Found<Vec<model::Acceptability>> {
        let mut ready = Vec::new();
        for one in asked {
            ready.push(match one {
                Acceptability::Preferred => model::Acceptability::Preferred,
                Acceptability::Acceptable => model::Acceptability::Acceptable,
                Acceptability::Concept(reference) => match reference.id.as_str() {
                    PREFERRED => model::Acceptability::Preferred,
                    ACCEPTABLE => model::Acceptability::Acceptable,
                    other => {
                        let message = format!(
                            "{other} is no acceptability; there are {PREFERRED} |Preferred| and {ACCEPTABLE} |Acceptable|"
                        );
                        return Err(Fault::new(Kind::Meaning, reference.span.start, message));
                    }
                },
            });
        }
        Ok(ready)
    }
}

impl Checks<'_> {
    /// Concepts of the designations that are named by their identifiers; `None` where none are.
    fn of_ids(&self) -> Option<ConceptSet> {
        let ids = self.checks.iter().find_map(|(equal, check)| match check {
            Check::Id(ids) if *equal => Some(ids),
            _ => None,
        })?;
        let numbers = ids.iter().filter_map(|id| self.index.find_designation(id));
        Some(numbers.map(|number| self.index.designation_concept(number).0).collect())
    }

    /// The terms that the fewest designations may have, of those that must be had, and how many these are.
    fn fewest_possible(&self) -> Option<(u64, &SoughtTerms)> {
        let sought = self.checks.iter().filter_map(|(equal, check)| match check {
            Check::Term(terms) if *equal => Some((terms.possible_count()?, terms)),
            _ => None,
        });
        sought.min_by_key(|(count, _)| *count)
    }

    fn pass_any(&self, concept: u32, scratch: &mut Scratch) -> bool {
        let mut numbers = self.index.designation_numbers(Ordinal(concept));
        numbers.any(|number| self.pass(number, scratch))
    }

    fn pass(&self, number: u32, scratch: &mut Scratch) -> bool {
        let active = self.index.designation_is_active(number);
        if !(if active { self.active } else { self.inactive }) || self.index.designation_is_made(number) {
            return false;
        }
        let mut checks = self.checks.iter();
        checks.all(|(equal, check)| self.holds(check, number, scratch) == *equal)
    }

    fn holds(&self, check: &Check, number: u32, scratch: &mut Scratch) -> bool {
        match check {
            Check::Facet(facet, wanted) => {
                let column = match facet {
                    Facet::Language => self.columns.language,
                    Facet::Type => self.columns.use_,
                    Facet::Module => self.columns.module,
                    Facet::Time => self.columns.time,
                };
                let own = column.get(number as usize).copied().unwrap_or(0);
                wanted.get(usize::from(own)) == Some(&true)
            }
            Check::Dialect(wanted) => {
                let mut own = self.index.designation_dialect_numbers(number);
                own.any(|(dialect, acceptability)| {
                    wanted
                        .get(dialect as usize)
                        .is_some_and(|[preferred, acceptable]| match acceptability {
                            model::Acceptability::Preferred => *preferred,
                            model::Acceptability::Acceptable => *acceptable,
                        })
                })
            }
            Check::Id(ids) => {
                let own = self.index.designation_id(number);
                own.is_some_and(|own| ids.binary_search_by(|id| id.as_str().cmp(own)).is_ok())
            }
            Check::Term(terms) => terms.accept(self.index, number, scratch),
        }
    }
}

fn type_code(kind: DescriptionType) -> &'static str {
    match kind {
        DescriptionType::Synonym => "900000000000013009",
        DescriptionType::FullySpecifiedName => "900000000000003001",
        DescriptionType::Definition => "900000000000550004",
    }
}

//! Description filters: concepts of which some description satisfies every filter of a pair of braces.
//!
//! Only descriptions in use count, unless a filter on `active` says otherwise. Where the words of a term are sought,
//! the word index narrows the concepts first; the filter itself is always asked of each description.

use super::filters::passes;
use super::{Evaluator, Found};
use crate::ecl::ast::{Acceptability, CommonFilter, Date, DescriptionFilter, DescriptionType, Dialects, Order};
use crate::ecl::dialects::language_reference_set;
use crate::ecl::error::{Fault, Kind};
use crate::ecl::terms::Matcher;
use tern_index::model::{self, DesignationKind, Ordinal};
use tern_index::read::{CodeSystemIndex, ConceptSet};

/// `900000000000548007`: preferred.
const PREFERRED: &str = "900000000000548007";
/// `900000000000549004`: acceptable.
const ACCEPTABLE: &str = "900000000000549004";

/// A filter made ready.
enum Check {
    Term(Vec<Matcher>),
    Language(Vec<String>),
    Type(Vec<String>),
    /// Language reference sets with the acceptabilities that will do; empty for any.
    Dialect(Vec<(String, Vec<model::Acceptability>)>),
    Module(Vec<String>),
    Time(Order, Vec<Date>),
    Id(Vec<String>),
}

/// The filters of a pair of braces.
struct Checks {
    /// Each with whether it must hold or must not.
    checks: Vec<(bool, Check)>,
    /// Asked-for states; in use by default.
    active: bool,
    inactive: bool,
}

impl Evaluator<'_> {
    /// Concepts of `found` of which a description passes all filters.
    pub(super) fn description_filters(&mut self, filters: &[DescriptionFilter], found: ConceptSet) -> Found<ConceptSet> {
        let checks = self.checks(filters)?;
        let found = self.narrowed(&checks, found);
        let mut passing = ConceptSet::new();
        for concept in &found {
            self.tick(8)?;
            let mut numbers = self.index.designation_numbers(Ordinal(concept));
            if numbers.any(|number| checks.pass(self.index, number)) {
                passing.insert(concept);
            }
        }
        Ok(passing)
    }

    fn checks(&mut self, filters: &[DescriptionFilter]) -> Found<Checks> {
        let mut checks = Checks {
            checks: Vec::new(),
            active: true,
            inactive: false,
        };
        let (mut active, mut inactive) = (true, true);
        let mut asked = false;
        for filter in filters {
            if let DescriptionFilter::Common(CommonFilter::Active { equal, value }) = filter {
                asked = true;
                let wanted = value.map(|value| value == *equal);
                active &= wanted.unwrap_or(*equal);
                inactive &= wanted.map_or(*equal, |wanted| !wanted);
                continue;
            }
            checks.checks.push(self.check(filter)?);
        }
        if asked {
            (checks.active, checks.inactive) = (active, inactive);
        }
        Ok(checks)
    }

    fn check(&mut self, filter: &DescriptionFilter) -> Found<(bool, Check)> {
        Ok(match filter {
            DescriptionFilter::Term { equal, terms } => {
                let matcher = |term| Matcher::for_languages(term, self.index.languages());
                (*equal, Check::Term(terms.iter().map(matcher).collect()))
            }
            DescriptionFilter::Language { equal, codes } => (*equal, Check::Language(codes.clone())),
            DescriptionFilter::Type { equal, types } => {
                let codes = types.iter().map(|kind| type_code(*kind).to_owned()).collect();
                (*equal, Check::Type(codes))
            }
            DescriptionFilter::TypeId { equal, types } => {
                let types = self.concepts(types)?;
                (*equal, Check::Type(self.codes(&types)))
            }
            DescriptionFilter::Dialect {
                equal,
                dialects,
                acceptability,
            } => (*equal, Check::Dialect(self.dialects(dialects, acceptability)?)),
            DescriptionFilter::Id { equal, ids } => (*equal, Check::Id(ids.clone())),
            DescriptionFilter::Common(CommonFilter::Module { equal, modules }) => {
                let modules = self.concepts(modules)?;
                (*equal, Check::Module(self.codes(&modules)))
            }
            DescriptionFilter::Common(CommonFilter::EffectiveTime { order, dates }) => (true, Check::Time(*order, dates.clone())),
            DescriptionFilter::Common(CommonFilter::Active { .. }) => (true, Check::Id(Vec::new())),
        })
    }

    pub(super) fn codes(&self, concepts: &ConceptSet) -> Vec<String> {
        concepts
            .iter()
            .map(|concept| self.index.code(Ordinal(concept)).to_owned())
            .collect()
    }

    fn dialects(&mut self, dialects: &Dialects, common: &[Acceptability]) -> Found<Vec<(String, Vec<model::Acceptability>)>> {
        let common = self.acceptabilities(common)?;
        let mut ready = Vec::new();
        match dialects {
            Dialects::Expression(sub) => {
                let found = self.sub(sub)?;
                ready.extend(self.codes(&found).into_iter().map(|code| (code, common.clone())));
            }
            Dialects::Ids(ids) => {
                for (reference, own) in ids {
                    self.concept(reference)?;
                    let own = if own.is_empty() {
                        common.clone()
                    } else {
                        self.acceptabilities(own)?
                    };
                    ready.push((reference.id.clone(), own));
                }
            }
            Dialects::Aliases(aliases) => {
                for (alias, own) in aliases {
                    let Some(refset) = language_reference_set(alias) else {
                        let message = format!("{alias} is no alias of a dialect; name its language reference set with dialectId");
                        return Err(Fault::new(Kind::Meaning, 0, message));
                    };
                    let own = if own.is_empty() {
                        common.clone()
                    } else {
                        self.acceptabilities(own)?
                    };
                    ready.push((refset, own));
                }
            }
        }
        Ok(ready)
    }

    fn acceptabilities(&mut self, asked: &[Acceptability]) -> Found<Vec<model::Acceptability>> {
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

    /// Leaves out what the word index knows not to have the words, where looking there is cheaper than at all terms.
    fn narrowed(&self, checks: &Checks, found: ConceptSet) -> ConceptSet {
        const FEW: u64 = 2_000;
        let ids = checks.checks.iter().find_map(|(equal, check)| match check {
            Check::Id(ids) if *equal => Some(ids),
            _ => None,
        });
        if let Some(ids) = ids {
            let numbers = ids.iter().filter_map(|id| self.index.find_designation(id));
            let concepts: ConceptSet = numbers.map(|number| self.index.designation_concept(number).0).collect();
            return found & concepts;
        }
        if found.len() <= FEW || checks.inactive {
            return found;
        }
        let mut sought = checks.checks.iter().filter_map(|(equal, check)| match check {
            Check::Term(matchers) if *equal => match matchers.as_slice() {
                [one] => one.sought_words(),
                _ => None,
            },
            _ => None,
        });
        let Some(words) = sought.next() else {
            return found;
        };
        let mut candidates = self.index.matching(&words, true);
        // Definitions are not in the word index.
        let defined = |concept: &u32| {
            let mut numbers = self.index.designation_numbers(Ordinal(*concept));
            numbers.any(|number| self.index.designation_kind(number) == DesignationKind::Definition)
        };
        let others = &found - &candidates;
        candidates.extend(others.iter().filter(defined));
        found & candidates
    }
}

impl Checks {
    fn pass(&self, index: &CodeSystemIndex, number: u32) -> bool {
        let active = index.designation_is_active(number);
        if !(if active { self.active } else { self.inactive }) || index.designation_is_made(number) {
            return false;
        }
        self.checks.iter().all(|(equal, check)| check.holds(index, number) == *equal)
    }
}

impl Check {
    fn holds(&self, index: &CodeSystemIndex, number: u32) -> bool {
        match self {
            Self::Term(matchers) => {
                let (text, language) = (index.designation_text(number), index.designation_language(number));
                matchers.iter().any(|matcher| matcher.is_match_in(&text, language))
            }
            Self::Language(codes) => {
                let own = index.designation_language(number);
                own.is_some_and(|own| codes.iter().any(|code| code.eq_ignore_ascii_case(own)))
            }
            Self::Type(types) => {
                let own = index.designation_use_code(number);
                own.is_some_and(|own| types.iter().any(|code| code == own))
            }
            Self::Dialect(dialects) => index.designation_acceptability(number).any(|(name, own)| {
                let mut wanted = dialects.iter();
                wanted.any(|(refset, accepted)| refset == name && (accepted.is_empty() || accepted.contains(&own)))
            }),
            Self::Module(modules) => {
                let own = index.designation_module(number);
                own.is_some_and(|own| modules.iter().any(|module| module == own))
            }
            Self::Time(order, dates) => passes(*order, dates, index.designation_effective_time(number)),
            Self::Id(ids) => {
                let own = index.designation_id(number);
                own.is_some_and(|own| ids.iter().any(|id| id == own))
            }
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

//! Concept filters, and what all filters share: modules, dates, activity.

use super::{Evaluator, Found};
use crate::ecl::ast::{CommonFilter, ConceptFilter, Concepts, Date, Order};
use tern_index::model::{Ordinal, PropertyValue};
use tern_index::read::ConceptSet;

/// `900000000000073002`: sufficiently defined.
const DEFINED: &str = "900000000000073002";
/// `900000000000074008`: primitive.
const PRIMITIVE: &str = "900000000000074008";

impl Evaluator<'_> {
    /// The concepts that a filter names.
    pub(super) fn concepts(&mut self, concepts: &Concepts) -> Found<ConceptSet> {
        match concepts {
            Concepts::Expression(sub) => self.sub(sub),
            Concepts::Listed(listed) => {
                let mut set = ConceptSet::new();
                for reference in listed {
                    set.insert(self.concept(reference)?.0);
                }
                Ok(set)
            }
        }
    }

    /// Concepts of `found` that pass all filters of one pair of braces.
    pub(super) fn concept_filters(&mut self, filters: &[ConceptFilter], mut found: ConceptSet) -> Found<ConceptSet> {
        for filter in filters {
            self.budget.spend(1)?;
            let (equal, passing) = match filter {
                ConceptFilter::DefinitionStatus { equal, defined } => {
                    let codes: Vec<&str> = defined
                        .iter()
                        .map(|defined| if *defined { DEFINED } else { PRIMITIVE })
                        .collect();
                    (*equal, self.with_status(&codes, &found))
                }
                ConceptFilter::DefinitionStatusId { equal, statuses } => {
                    let statuses = self.concepts(statuses)?;
                    let codes: Vec<&str> = statuses.iter().map(|status| self.index.code(Ordinal(status))).collect();
                    (*equal, self.with_status(&codes, &found))
                }
                ConceptFilter::Common(CommonFilter::Module { equal, modules }) => {
                    let modules = self.concepts(modules)?;
                    (*equal, self.index.with_property_in("moduleId", &modules))
                }
                ConceptFilter::Common(CommonFilter::EffectiveTime { order, dates }) => (true, self.dated(*order, dates)),
                ConceptFilter::Common(CommonFilter::Active { equal, value }) => match value {
                    None => (*equal, self.index.all()),
                    Some(value) => (value == equal, self.index.active().clone()),
                },
            };
            if equal {
                found &= passing;
            } else {
                found -= passing;
            }
        }
        Ok(found)
    }

    /// Of a list of codes, which name a concept of a set.
    pub(super) fn among<'c>(&self, codes: impl Iterator<Item = &'c str>, set: &ConceptSet) -> Vec<bool> {
        let is_in = |code| self.index.find_exact(code).is_some_and(|concept| set.contains(concept.0));
        codes.map(is_in).collect()
    }

    fn with_status(&self, codes: &[&str], among: &ConceptSet) -> ConceptSet {
        let known = [(DEFINED, "true"), (PRIMITIVE, "false")];
        let property = "sufficientlyDefined";
        if self.index.has_property(property) && codes.iter().all(|code| known.iter().any(|(own, _)| own == code)) {
            let wanted = known.iter().filter(|(own, _)| codes.contains(own));
            return wanted.fold(ConceptSet::new(), |set, (_, value)| {
                set | self.index.with_property(property, value)
            });
        }
        let has = |concept: &u32| self.index.status(Ordinal(*concept)).is_some_and(|own| codes.contains(&own));
        among.iter().filter(has).collect()
    }

    /// Concepts whose effective time passes.
    fn dated(&self, order: Order, dates: &[Date]) -> ConceptSet {
        let mut passing = ConceptSet::new();
        let mut undated = self.index.all();
        for (value, concepts) in self.index.property_value_sets("effectiveTime") {
            let (PropertyValue::String(text) | PropertyValue::DateTime(text)) = &value else {
                continue;
            };
            undated -= &concepts;
            if passes(order, dates, day(text)) {
                passing |= concepts;
            }
        }
        if passes(order, dates, None) {
            passing |= undated;
        }
        passing
    }
}

/// The day of a time as RF2 or FHIR writes it; `None` where there is none.
pub(super) fn day(text: &str) -> Date {
    let digits: String = text.chars().filter(char::is_ascii_digit).take(8).collect();
    (digits.len() == 8).then(|| digits.parse().ok()).flatten()
}

/// Whether a date passes: of several, `=` and `<` ask for any, `!=` for none. What has no date is neither before nor
/// after any.
pub(super) fn passes(order: Order, dates: &[Date], found: Date) -> bool {
    let one = |date: &Date| match (order, date, found) {
        (Order::Equal, date, found) => *date == found,
        (Order::NotEqual, date, found) => *date != found,
        (order, Some(date), Some(found)) => order.accepts(found.cmp(date)),
        _ => false,
    };
    if order == Order::NotEqual {
        dates.iter().all(one)
    } else {
        dates.iter().any(one)
    }
}

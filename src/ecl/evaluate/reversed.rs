//! Reversed attributes and dotted ones: which concepts are values, of whom, and of how many.
//!
//! The ways are those of `conditions` looked at from the value: the rows of few sources, the sources of few values, or all
//! rows of the attributes.

use super::conditions::{Condition, LOOKUP, Names, Passing, ROWS, Test};
use super::gathered::Gathered;
use super::{Evaluator, Found};
use crate::ecl::ast::Cardinality;
use std::borrow::Cow;
use std::ops::ControlFlow;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptBits, ConceptSet, Posting};

/// For each value the lists of concepts that have it, one for each attribute.
struct Lists<'i> {
    /// Where those of a value begin, by its ordinal, and where the last end.
    starts: Vec<u32>,
    lists: Vec<&'i [u32]>,
}

impl<'i> Lists<'i> {
    /// The lists of some values, brought together without sorting: they are counted first.
    fn of(index: &'i CodeSystemIndex, properties: &[u32], values: &ConceptSet) -> Self {
        let within = ConceptBits::of(values, index.len());
        let postings = || {
            let all = properties.iter().flat_map(|property| index.relation_postings(*property));
            all.filter(|posting| within.contains(posting.value))
        };
        let mut starts = vec![0u32; index.len() + 2];
        for Posting { value, .. } in postings() {
            if let Some(count) = starts.get_mut(value as usize + 2) {
                *count += 1;
            }
        }
        let mut total = 0;
        for count in &mut starts {
            total += *count;
            *count = total;
        }
        let mut lists: Vec<&'i [u32]> = vec![&[]; total as usize];
        for Posting { value, concepts } in postings() {
            // What lies at the next value is where this one's next list goes, and so becomes where the next value begins.
            let Some(next) = starts.get_mut(value as usize + 1) else {
                continue;
            };
            if let Some(list) = lists.get_mut(*next as usize) {
                *list = concepts;
            }
            *next += 1;
        }
        Self { starts, lists }
    }

    fn get(&self, value: u32) -> &[&'i [u32]] {
        let place = value as usize;
        match self.starts.get(place..place + 2) {
            Some(&[start, end]) => self.lists.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl Evaluator<'_> {
    /// The concepts of `focus` that are the value of as many concepts that pass as a reversed condition asks.
    pub(super) fn reversed(&mut self, condition: &Condition, focus: ConceptSet) -> Found<(ConceptSet, &'static str)> {
        if matches!(condition.test, Test::Never) {
            let found = if condition.cardinality.admits(0) {
                focus
            } else {
                ConceptSet::new()
            };
            return Ok((found, "nothing"));
        }
        let (having, way) = self.having_reversed(condition, &focus)?;
        let found = match condition.cardinality {
            Cardinality::DEFAULT => having,
            Cardinality { minimum, maximum } => {
                let rest = if minimum == 0 { focus - &having } else { ConceptSet::new() };
                match maximum {
                    Some(0) => rest,
                    _ => rest | self.counted_reversed(condition, having)?,
                }
            }
        };
        Ok((found, way))
    }

    /// The concepts of `focus` that are a value of a condition's attributes, of a concept that passes.
    fn having_reversed(&mut self, condition: &Condition, focus: &ConceptSet) -> Found<(ConceptSet, &'static str)> {
        let extent = self.extent(&condition.names);
        let few = match &condition.test {
            Test::Concepts { set, equal: true } => Some(set).filter(|set| set.len().saturating_mul(self.costs.rows) < extent),
            _ => None,
        };
        if let Some(set) = few {
            return Ok((self.values_of(set, &condition.names)? & focus, "rows of the sources"));
        }
        let lookup = self.lookup_cost(&condition.names);
        if focus.len().saturating_mul(lookup) < extent {
            let passing = condition.passing(self.index);
            let mut found = ConceptSet::new();
            for concept in focus {
                self.budget.spend(LOOKUP)?;
                let any = self.sources(&condition.names, concept, |list| {
                    match list.iter().any(|source| passing.accepts(*source)) {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                });
                if any.is_break() {
                    found.insert(concept);
                }
            }
            return Ok((found, "sources of what is left"));
        }
        Ok((self.values_where(condition)? & focus, "rows by attribute"))
    }

    /// Gives the lists of concepts that have `target` as value of an attribute.
    fn sources(&self, names: &Names, target: u32, mut each: impl FnMut(&[u32]) -> ControlFlow<()>) -> ControlFlow<()> {
        for list in self.index.relation_sources(&names.properties, Ordinal(target)) {
            each(list)?;
        }
        if names.is_a {
            let children: Vec<u32> = self.index.children(Ordinal(target)).map(|child| child.0).collect();
            each(&children)?;
        }
        ControlFlow::Continue(())
    }

    /// All values that are concepts of the attributes of concepts that pass.
    fn values_where(&mut self, condition: &Condition) -> Found<ConceptSet> {
        let index = self.index;
        let passing = condition.passing(index);
        let mut found = ConceptBits::new(index.len());
        for property in &condition.names.properties {
            let rows = index.property_rows(*property);
            self.budget.spend(rows.len() as u64)?;
            let rows = rows.concepts.iter().zip(rows.values);
            // Values past the concepts are out of the set's range, or beyond all that is asked of it.
            rows.filter(|(concept, _)| passing.accepts(**concept))
                .for_each(|(_, value)| found.insert(*value));
        }
        if condition.names.is_a {
            for concept in index.active() {
                self.budget.spend(1)?;
                if passing.accepts(concept) {
                    index.parents(Ordinal(concept)).for_each(|parent| found.insert(parent.0));
                }
            }
        }
        let mut found = found.into_set();
        found.remove_range(index.len() as u32..);
        Ok(found)
    }

    /// All values that are concepts of the attributes of some concepts.
    fn values_of(&mut self, sources: &ConceptSet, names: &Names) -> Found<ConceptSet> {
        let index = self.index;
        let mut found = Gathered::new(sources.len(), index.len());
        for source in sources {
            self.budget.spend(ROWS)?;
            for (property, _, value) in index.relation_slots(Ordinal(source)) {
                if names.has(property) && (value as usize) < index.len() {
                    found.insert(value);
                }
            }
            if names.is_a {
                index.parents(Ordinal(source)).for_each(|parent| found.insert(parent.0));
            }
        }
        Ok(found.into_set())
    }

    /// `. attribute`: the concepts that are values of an attribute of any of `sources`.
    pub(super) fn dotted(&mut self, sources: &ConceptSet, names: Names) -> Found<ConceptSet> {
        let test = Test::Concepts {
            set: sources & self.index.active(),
            equal: true,
        };
        let condition = Condition::new(names, test, true, Cardinality::DEFAULT, String::new());
        Ok(self.having_reversed(&condition, self.index.active())?.0)
    }

    /// Those of `having`, which are values of some concepts that pass, that are the value of as many as are asked.
    fn counted_reversed(&mut self, condition: &Condition, having: ConceptSet) -> Found<ConceptSet> {
        let index = self.index;
        let passing = condition.passing(index);
        let properties = &condition.names.properties;
        let keys: u64 = properties
            .iter()
            .map(|property| index.relation_extent(*property).0 as u64)
            .sum();
        let lists = match having.len().saturating_mul(self.lookup_cost(&condition.names)) < keys {
            true => None,
            false => {
                self.budget.spend(keys.saturating_mul(2))?;
                Some(Lists::of(index, properties, &having))
            }
        };
        let mut admitted = ConceptBits::new(index.len());
        for target in &having {
            let own: Cow<'_, [&[u32]]> = match &lists {
                Some(lists) => lists.get(target).into(),
                None => index.relation_sources(properties, Ordinal(target)).collect::<Vec<_>>().into(),
            };
            let rows = own.iter().map(|list| list.len() as u64).sum::<u64>();
            self.budget.spend(LOOKUP + rows)?;
            let children: Vec<u32> = match condition.names.is_a {
                true => index.children(Ordinal(target)).map(|child| child.0).collect(),
                false => Vec::new(),
            };
            let lists = || own.iter().copied().chain([children.as_slice()]);
            if condition.cardinality.admits(distinct(lists, passing, condition.cardinality)) {
                admitted.insert(target);
            }
        }
        Ok(admitted.into_set())
    }
}

/// How many different numbers of some lists pass, or another count of which a cardinality says the same: a concept that has
/// a value in several ways is one concept, but as a rule that makes no difference.
fn distinct<'l, L: Iterator<Item = &'l [u32]>>(lists: impl Fn() -> L, passing: Passing<'_>, cardinality: Cardinality) -> u64 {
    let (least, most) = lists().fold((0, 0), |(least, most), list| {
        let count = passing.count(list);
        (count.max(least), most + count)
    });
    let too_few = most < cardinality.minimum;
    let too_many = cardinality.maximum.is_some_and(|maximum| least > maximum);
    if least == most || too_few || too_many || (cardinality.admits(least) && cardinality.admits(most)) {
        return least;
    }
    let mut numbers: Vec<u32> = lists().flatten().copied().filter(|number| passing.accepts(*number)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len() as u64
}

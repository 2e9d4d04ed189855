//! Conditions on one attribute: which attributes, what values, and the rows that satisfy them.
//!
//! There are three ways to the rows, and the one that reads least is taken: the lists of concepts that have one of few
//! values; the rows of the attribute, by concept, each a test of a bit; or all rows of the few concepts that are left.
//! A reversed condition is the same looked at from the value, in `reversed`.

use super::gathered::{FEW, Gathered};
use super::{Evaluator, Found};
use crate::ecl::ast::{Cardinality, Order};
use crate::ecl::number::Decimal;
use crate::ecl::terms::Matcher;
use std::cell::OnceCell;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptBits, ConceptSet, PropertyRows, RelationValue};

/// Steps of reading the rows of a concept.
pub(super) const ROWS: u64 = 16;
/// Steps of finding the concepts that have one value.
pub(super) const LOOKUP: u64 = 64;
/// Rows looked at to estimate how many of an attribute's satisfy a condition.
const SAMPLE: usize = 64;
/// Slots of parents: they are in no group, and above all slots of rows.
pub(super) const PARENTS: u32 = 1 << 31;

/// Which attributes a name means.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// Numbers of properties, ascending.
    pub properties: Vec<u32>,
    /// Whether the hierarchy is meant too.
    pub is_a: bool,
}

impl Names {
    pub fn has(&self, property: u32) -> bool {
        match self.properties.as_slice() {
            [only] => *only == property,
            several => several.binary_search(&property).is_ok(),
        }
    }
}

/// What a value must be.
#[derive(Debug)]
pub(super) enum Test {
    Any,
    Never,
    Concepts { set: ConceptSet, equal: bool },
    Number { value: String, order: Order },
    Text { matchers: Vec<Matcher>, equal: bool },
    Boolean(bool),
}

impl Test {
    fn accepts_concept(&self, concept: u32) -> bool {
        match self {
            Self::Any => true,
            Self::Concepts { set, equal } => set.contains(concept) == *equal,
            _ => false,
        }
    }

    fn accepts(&self, value: RelationValue<'_>) -> bool {
        match (self, value) {
            (Self::Any, _) => true,
            (Self::Concepts { .. }, RelationValue::Concept(concept)) => self.accepts_concept(concept.0),
            (Self::Number { value, order }, RelationValue::Number(found)) => {
                match (Decimal::parse(found), Decimal::parse(value)) {
                    (Some(found), Some(value)) => order.accepts(found.cmp(&value)),
                    _ => false,
                }
            }
            (Self::Text { matchers, equal }, RelationValue::Text(found)) => {
                matchers.iter().any(|matcher| matcher.is_match(found)) == *equal
            }
            (Self::Boolean(wanted), RelationValue::Boolean(found)) => found == *wanted,
            _ => false,
        }
    }
}

/// A condition made ready: names and values evaluated.
#[derive(Debug)]
pub(super) struct Condition {
    pub names: Names,
    pub test: Test,
    pub reverse: bool,
    pub cardinality: Cardinality,
    pub shown: String,
    bits: OnceCell<ConceptBits>,
}

/// Numbers of values that pass, as rows have them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Passing<'c> {
    All,
    None,
    In(&'c ConceptBits),
    /// Concepts, which are the numbers below the bound, that are not in the set.
    NotIn(&'c ConceptBits, u32),
    /// Values that are no concepts, which are the numbers from the bound on.
    Literals(&'c ConceptBits, u32),
}

impl Passing<'_> {
    pub fn accepts(self, value: u32) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::In(set) => set.contains(value),
            Self::NotIn(set, bound) => value < bound && !set.contains(value),
            Self::Literals(set, bound) => value.checked_sub(bound).is_some_and(|value| set.contains(value)),
        }
    }

    /// How many numbers of a list pass.
    pub fn count(self, list: &[u32]) -> u64 {
        match self {
            Self::All => list.len() as u64,
            passing => list.iter().filter(|value| passing.accepts(**value)).count() as u64,
        }
    }
}

impl Condition {
    pub fn new(names: Names, test: Test, reverse: bool, cardinality: Cardinality, shown: String) -> Self {
        Self {
            names,
            test,
            reverse,
            cardinality,
            shown,
            bits: OnceCell::new(),
        }
    }

    /// Whether a value passes.
    pub fn accepts(&self, value: RelationValue<'_>) -> bool {
        self.test.accepts(value)
    }

    pub fn passing(&self, index: &CodeSystemIndex) -> Passing<'_> {
        let bound = index.len();
        let concepts = |set| self.bits.get_or_init(|| ConceptBits::of(set, bound));
        match &self.test {
            Test::Any => Passing::All,
            Test::Never => Passing::None,
            Test::Concepts { set, equal: true } => Passing::In(concepts(set)),
            Test::Concepts { set, equal: false } => Passing::NotIn(concepts(set), bound as u32),
            test => {
                let literals = self.bits.get_or_init(|| {
                    let passing: Vec<u32> = index
                        .relation_literals()
                        .filter(|(_, value)| test.accepts(*value))
                        .filter_map(|(number, _)| number.checked_sub(bound as u32))
                        .collect();
                    let mut bits = ConceptBits::new(passing.iter().max().map_or(0, |last| *last as usize + 1));
                    bits.insert_all(&passing);
                    bits
                });
                match literals.is_empty() {
                    true => Passing::None,
                    false => Passing::Literals(literals, bound as u32),
                }
            }
        }
    }
}

impl<'i> Evaluator<'i> {
    /// Rows of all attributes that a condition names.
    pub(super) fn extent(&self, names: &Names) -> u64 {
        let properties = names.properties.iter();
        let rows: u64 = properties
            .map(|property| self.index.relation_extent(*property).1 as u64)
            .sum();
        rows + if names.is_a { self.index.len() as u64 } else { 0 }
    }

    /// What finding the concepts that have one value of some attributes costs.
    pub(super) fn lookup_cost(&self, names: &Names) -> u64 {
        self.costs.lookup.saturating_mul(4 + names.properties.len() as u64) / 4
    }

    /// How many rows satisfy a condition: counted where its values are few, else estimated from a sample.
    pub(super) fn estimate_one(&self, condition: &Condition) -> u64 {
        let properties = &condition.names.properties;
        match &condition.test {
            Test::Never => 0,
            Test::Concepts { set, equal: true } if condition.reverse && set.len() <= FEW => set.len() * ROWS,
            _ if condition.reverse => {
                let distinct = properties
                    .iter()
                    .map(|property| self.index.relation_extent(*property).0 as u64);
                distinct.sum::<u64>() + if condition.names.is_a { self.index.len() as u64 } else { 0 }
            }
            Test::Concepts { set, equal: true } if set.len().saturating_mul(properties.len() as u64) <= FEW => {
                let targets = set.iter().map(Ordinal);
                let lists = targets.flat_map(|target| self.index.relation_sources(properties, target));
                let children = set
                    .iter()
                    .filter(|_| condition.names.is_a)
                    .map(|target| self.index.children(Ordinal(target)).len() as u64);
                lists.map(|list| list.len() as u64).sum::<u64>() + children.sum::<u64>()
            }
            _ => {
                let passing = condition.passing(self.index);
                let sampled = properties
                    .iter()
                    .map(|property| sample(self.index.property_rows(*property), passing));
                sampled.sum::<u64>() + if condition.names.is_a { self.index.len() as u64 } else { 0 }
            }
        }
    }

    /// Gives the slot of each row of one concept that satisfies a condition.
    pub(super) fn slots_of(&self, condition: &Condition, concept: u32, each: &mut impl FnMut(u32)) {
        let passing = condition.passing(self.index);
        for (property, slot, value) in self.index.relation_slots(Ordinal(concept)) {
            if condition.names.has(property) && passing.accepts(value) {
                each(slot);
            }
        }
        self.parent_slots(condition, concept, each);
    }

    /// Gives the slot of each parent of a concept that satisfies a condition, where it names the hierarchy.
    fn parent_slots(&self, condition: &Condition, concept: u32, each: &mut impl FnMut(u32)) {
        if condition.names.is_a {
            let passing = condition.passing(self.index);
            let parents = (PARENTS..).zip(self.index.parents(Ordinal(concept)));
            let parents = parents.filter(|(_, parent)| passing.accepts(parent.0));
            parents.for_each(|(slot, _)| each(slot));
        }
    }

    /// Gives (concept, slot) of every row of a concept of `focus` that satisfies a condition; returns how. By attribute,
    /// then by concept and slot; or by concept.
    pub(super) fn rows_of(
        &mut self,
        condition: &Condition,
        focus: &ConceptSet,
        each: &mut impl FnMut(u32, u32),
    ) -> Found<&'static str> {
        if focus.len().saturating_mul(self.costs.rows) < self.extent(&condition.names) {
            for concept in focus {
                self.budget.spend(ROWS)?;
                self.slots_of(condition, concept, &mut |slot| each(concept, slot));
            }
            return Ok("rows of what is left");
        }
        let (Some(first), Some(last)) = (focus.min(), focus.max()) else {
            return Ok("nothing");
        };
        let passing = condition.passing(self.index);
        let within = ConceptBits::of(focus, self.index.len());
        for property in &condition.names.properties {
            let rows = self.index.property_rows(*property).between(first, last);
            self.budget.spend(rows.len() as u64)?;
            for ((concept, slot), value) in rows.concepts.iter().zip(rows.slots).zip(rows.values) {
                // The concepts ascend, so that asking for them is cheap.
                if within.contains(*concept) && passing.accepts(*value) {
                    each(*concept, *slot);
                }
            }
        }
        if condition.names.is_a {
            for concept in focus {
                self.budget.spend(1)?;
                self.parent_slots(condition, concept, &mut |slot| each(concept, slot));
            }
        }
        Ok("rows by attribute")
    }

    /// The concepts of `focus` that have one of the values of a condition, where these are so few that their lists are
    /// read sooner than anything else.
    pub(super) fn by_values(&mut self, condition: &Condition, focus: &ConceptSet) -> Found<Option<ConceptSet>> {
        let Test::Concepts { set, equal: true } = &condition.test else {
            return Ok(None);
        };
        let properties = &condition.names.properties;
        let lookups = set.len().saturating_mul(self.lookup_cost(&condition.names));
        if lookups > self.extent(&condition.names).min(focus.len().saturating_mul(self.costs.rows)) {
            return Ok(None);
        }
        let mut gathered = Gathered::new(self.estimate_one(condition), self.index.len());
        for target in set {
            self.budget.spend(LOOKUP)?;
            for list in self.index.relation_sources(properties, Ordinal(target)) {
                self.budget.spend(list.len() as u64)?;
                gathered.insert_all(list);
            }
            if condition.names.is_a {
                self.index
                    .children(Ordinal(target))
                    .for_each(|child| gathered.insert(child.0));
            }
        }
        Ok(Some(gathered.into_set() & focus))
    }
}

/// How many rows have a value that passes, from some of them.
fn sample(rows: PropertyRows<'_>, passing: Passing<'_>) -> u64 {
    let step = rows.len().div_ceil(SAMPLE).max(1);
    let looked = rows.values.iter().step_by(step);
    // One that is not among those looked at may still be there.
    let hits = looked
        .filter(|value| passing.accepts(**value))
        .count()
        .max(usize::from(step > 1));
    (hits.saturating_mul(step)).min(rows.len()) as u64
}

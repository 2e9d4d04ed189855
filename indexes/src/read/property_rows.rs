//! Rows of one property over all concepts: who has it, in which group, with which value.
//!
//! This is what the entries of concepts say, turned by property: a constraint on an attribute reads two or three runs
//! of numbers instead of every entry of every concept, and two attributes in one group are a merge of two such runs.
//! A writer keeps the rows of properties that are concepts themselves (SNOMED CT's attributes); those of others are
//! made when they are first asked for, and held as long as the index is open.

use crate::container::{Column, Container, ContainerError};
use crate::layout::relations;
use std::sync::OnceLock;

/// The rows of a property, by concept and slot. The three are equally long.
#[derive(Debug, Clone, Copy, Default)]
pub struct PropertyRows<'r> {
    /// Who has it, ascending.
    pub concepts: &'r [u32],
    /// Which group of the concept it belongs to: a role group, or for a row in none a number of its own from
    /// [`PropertyRows::ALONE`] on.
    pub slots: &'r [u32],
    /// What it is: the ordinal of a concept, or from the number of concepts on another value.
    pub values: &'r [u32],
}

impl PropertyRows<'_> {
    /// Slots of rows that are in no group start here; the place among the entries of the concept is added.
    pub const ALONE: u32 = relations::ALONE;

    /// Those of concepts from `first` to `last`.
    pub fn between(self, first: u32, last: u32) -> Self {
        let start = self.concepts.partition_point(|concept| *concept < first);
        let rest = self.concepts.get(start..).unwrap_or_default();
        let range = start..start + rest.partition_point(|concept| *concept <= last);
        Self {
            concepts: self.concepts.get(range.clone()).unwrap_or_default(),
            slots: self.slots.get(range.clone()).unwrap_or_default(),
            values: self.values.get(range).unwrap_or_default(),
        }
    }

    /// Those behind the first `count`.
    pub fn skip(self, count: usize) -> Self {
        Self {
            concepts: self.concepts.get(count..).unwrap_or_default(),
            slots: self.slots.get(count..).unwrap_or_default(),
            values: self.values.get(count..).unwrap_or_default(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.concepts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.concepts.is_empty()
    }
}

/// The slot of an entry, from its group and its place among the entries of its concept.
pub(crate) fn slot(group: u16, place: usize) -> u32 {
    match group {
        0 => PropertyRows::ALONE.saturating_add(u32::try_from(place).unwrap_or(u32::MAX)),
        group => u32::from(group),
    }
}

/// Rows that were made.
#[derive(Debug, Default)]
pub(super) struct Made {
    rows: Vec<[u32; 3]>,
    columns: [Vec<u32>; 3],
}

impl Made {
    pub fn add(&mut self, concept: u32, slot: u32, value: u32) {
        self.rows.push([concept, slot, value]);
    }

    fn finish(mut self) -> Self {
        self.rows.sort_unstable();
        let column = |place: usize| self.rows.iter().filter_map(|row| row.get(place).copied()).collect();
        Self {
            columns: [column(0), column(1), column(2)],
            rows: Vec::new(),
        }
    }

    fn rows(&self) -> PropertyRows<'_> {
        let [concepts, slots, values] = &self.columns;
        PropertyRows { concepts, slots, values }
    }
}

/// The rows of all properties.
#[derive(Debug)]
pub(super) struct Turned {
    first: Option<Column<u32>>,
    concepts: Option<Column<u32>>,
    slots: Option<Column<u32>>,
    values: Option<Column<u32>>,
    made: Vec<OnceLock<Made>>,
}

impl Turned {
    pub fn open(container: &Container, properties: usize) -> Result<Self, ContainerError> {
        let made = (0..properties).map(|_| OnceLock::new()).collect();
        if !container.has(relations::ROWS_FIRST) {
            return Ok(Self {
                first: None,
                concepts: None,
                slots: None,
                values: None,
                made,
            });
        }
        let first = container.column_of::<u32>(relations::ROWS_FIRST, properties + 1)?;
        let total = first.last().copied().unwrap_or(0) as usize;
        Ok(Self {
            concepts: Some(container.column_of(relations::ROWS_CONCEPT, total)?),
            slots: Some(container.column_of(relations::ROWS_SLOT, total)?),
            values: Some(container.column_of(relations::ROWS_VALUE, total)?),
            first: Some(first),
            made,
        })
    }

    /// The rows of a property; `make` collects them where they are not at rest.
    pub fn of(&self, property: u32, make: impl FnOnce() -> Made) -> PropertyRows<'_> {
        if let Some(rows) = self.at_rest(property) {
            return rows;
        }
        let made = self.made.get(property as usize);
        made.map(|made| made.get_or_init(|| make().finish()).rows())
            .unwrap_or_default()
    }

    fn at_rest(&self, property: u32) -> Option<PropertyRows<'_>> {
        let property = property as usize;
        let range = match self.first.as_ref()?.get(property..property + 2)? {
            [start, stop] if start < stop => *start as usize..*stop as usize,
            _ => return None,
        };
        Some(PropertyRows {
            concepts: self.concepts.as_ref()?.get(range.clone())?,
            slots: self.slots.as_ref()?.get(range.clone())?,
            values: self.values.as_ref()?.get(range)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_some_concepts_are_a_run() {
        let rows = PropertyRows {
            concepts: &[1, 1, 4, 7, 7],
            slots: &[1, 2, 1, 1, 1],
            values: &[10, 11, 12, 13, 14],
        };
        for (first, last, values) in [
            (0, 9, &[10, 11, 12, 13, 14][..]),
            (1, 4, &[10, 11, 12][..]),
            (2, 3, &[][..]),
            (7, 7, &[13, 14][..]),
            (8, 9, &[][..]),
            (5, 2, &[][..]),
        ] {
            let found = rows.between(first, last);
            assert_eq!(found.values, values, "{first} to {last}");
            assert_eq!((found.len(), found.slots.len()), (values.len(), values.len()));
        }
    }
}

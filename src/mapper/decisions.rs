//! Earlier decisions: a table in the mapper's own output format, usually one that people have corrected.
//!
//! A row with status `mapped` says what its tuple maps to; one with `unmapped` says that there is nothing. Other rows
//! decide nothing. Two rows that decide the same tuple differently are both shown, and nothing is decided.

use super::error::MapError;
use super::item::SourceItem;
use super::outcome::Status;
use super::read::{Input, Row};
use super::roles::{Binding, Columns, Values};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tern_index::model::Relationship;

/// What was decided for a tuple.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Decision {
    /// A target code with its relationship (by its place in the list of relationships).
    Target(String, usize),
    /// Reviewed: there is no target.
    Nothing,
}

/// Decisions by tuple.
#[derive(Debug, Default)]
pub(super) struct Decisions(BTreeMap<SourceItem, BTreeSet<Decision>>);

impl Decisions {
    /// Reads a decisions file. Its columns are bound as those of the input are.
    pub fn read(path: &Path, columns: &Columns, values: &Values, target_system: &str) -> Result<Self, MapError> {
        Self::of_input(Input::open(path)?, columns, values, target_system)
    }

    fn of_input(mut input: Input, columns: &Columns, values: &Values, target_system: &str) -> Result<Self, MapError> {
        let header = input.header().to_vec();
        let shown = input.shown().to_owned();
        let place = |column: &'static str| {
            header
                .iter()
                .position(|name| name == column)
                .ok_or_else(|| MapError::NotDecisions {
                    path: shown.clone(),
                    column,
                    found: header.join(", "),
                })
        };
        let (system, code, status) = (place("target_system")?, place("target_code")?, place("status")?);
        let relationship = header.iter().position(|name| name == "relationship");
        let binding = Binding::settle(&shown, &header, columns)?;
        let mut decisions = Self::default();
        let mut row = Row::default();
        while input.next(&mut row)? {
            let field = |place: usize| row.fields.get(place).unwrap_or("");
            if row.fault.is_some() || !(field(system) == target_system || field(system).is_empty()) {
                continue;
            }
            let decision = match Status::parse(field(status)) {
                Some(Status::Mapped) if !field(code).is_empty() => {
                    let stated = relationship.and_then(|place| Relationship::parse(field(place)));
                    let stated = stated.unwrap_or(Relationship::Equivalent);
                    let number = Relationship::ALL.iter().position(|other| *other == stated).unwrap_or(0);
                    Decision::Target(field(code).to_owned(), number)
                }
                Some(Status::Unmapped) => Decision::Nothing,
                _ => continue,
            };
            let item = binding.item(values, field);
            if !item.is_empty() {
                decisions.0.entry(item).or_default().insert(decision);
            }
        }
        Ok(decisions)
    }

    /// What was decided for a tuple.
    pub fn find(&self, item: &SourceItem) -> Option<&BTreeSet<Decision>> {
        self.0.get(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::item::Role;

    #[test]
    fn only_rows_that_decide_are_read() {
        let text = b"name,target_system,target_code,relationship,status\nA,urn:t,1,equivalent,mapped\nB,urn:t,2,,ambiguous\nC,,,,unmapped\nA,urn:t,3,related-to,mapped\nD,urn:other,9,,mapped\n";
        let input = Input::from_reader(Box::new(&text[..]), b',', "d".into()).unwrap();
        let found = Decisions::of_input(input, &Columns::default(), &Values::default(), "urn:t").unwrap();
        let item = |name: &str| {
            let mut item = SourceItem::default();
            item.set(Role::Name, name);
            item
        };
        assert_eq!(found.find(&item("A")).unwrap().len(), 2);
        assert_eq!(found.find(&item("C")).unwrap().first(), Some(&Decision::Nothing));
        assert!(found.find(&item("B")).is_none() && found.find(&item("D")).is_none());
    }

    #[test]
    fn a_table_that_is_none_is_refused() {
        let input = Input::from_reader(Box::new(&b"name,x\n"[..]), b',', "d".into()).unwrap();
        let error = Decisions::of_input(input, &Columns::default(), &Values::default(), "urn:t").unwrap_err();
        assert!(error.to_string().contains("target_system"));
    }
}

//! Earlier decisions of people: what they hold for, and what they say about sources elsewhere.
//!
//! One lookup for all of them, wherever they are kept: a table in the mapper's own output format that people have
//! corrected or any mapping set ([`Decisions::read`]), or the database of reviews, which fills one of these itself. A decision holds for
//! exactly its tuple. Two decisions on the same tuple that differ are both shown, and nothing is decided. What was accepted
//! at another site is evidence: it moves probabilities and never decides by itself.

use super::error::MapError;
use super::formats::exchange::{self, SetOptions, read_mapping_set};
use super::formats::mapping_set::{MappingRow, State};
use super::item::{Role, SourceItem};
use super::outcome::Status;
use super::read::{Input, Row};
use super::roles::{Binding, Columns, Values};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tern_index::model::Relationship;
use tern_index::text::fold;

/// What was decided for a tuple.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Decided {
    /// A target code with its relationship (by its place in the list of relationships).
    Target(String, usize),
    /// Reviewed: there is no target.
    Nothing,
}

/// What people say of a tuple in its own scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// Decisions, each with who made it and when.
    pub decided: BTreeMap<Decided, String>,
    /// Targets that are wrong.
    pub rejected: BTreeSet<String>,
}

/// A target that was accepted for such a source elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The code.
    pub code: String,
    /// Where, in the order of their names.
    pub sites: Vec<String>,
    /// Whether a site had the same context, not just none that contradicts.
    pub same_context: bool,
}

/// Decisions by tuple.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    own: BTreeMap<SourceItem, Own>,
    /// By folded name (or code, without one): the folded tuple, the code and the site.
    elsewhere: BTreeMap<String, BTreeSet<(SourceItem, String, String)>>,
}

impl Decisions {
    /// Reads a decisions file: a table in the mapper's own format, whose columns are bound as those of the input are, or a
    /// mapping set in any format ([`read_mapping_set`]). In a set, `local` is the code system that the input's codes have
    /// without saying so.
    pub fn read(path: &Path, columns: &Columns, values: &Values, target_system: &str, local: &str) -> Result<Self, MapError> {
        // What opens as no table may be a set; if it is neither, the reader of sets knows more formats to say so.
        let table = Input::open(path).ok();
        let own = table.filter(|input| !exchange::is_mapping_set(input.header()));
        match own {
            Some(input) => Self::of_input(input, columns, values, target_system),
            None => {
                let read = read_mapping_set(path, &SetOptions::default())?;
                Ok(Self::of_set(&read.set.rows, target_system, local))
            }
        }
    }

    /// What the rows of a set decide: those that a person or the mapper has accepted, those without a target, those refused.
    fn of_set(rows: &[MappingRow], target_system: &str, local: &str) -> Self {
        let mut decisions = Self::default();
        for row in rows
            .iter()
            .filter(|row| [target_system, ""].contains(&row.target.system.as_str()))
        {
            let mut item = SourceItem::default();
            item.set(Role::Code, &row.source.code);
            item.set(Role::Name, &row.source.label);
            if row.source.system != local {
                item.set(Role::System, &row.source.system);
            }
            for (name, value) in &row.context {
                if let Some(role) = Role::parse(name) {
                    item.set(role, value);
                }
            }
            let (code, by) = (row.target.code.as_str(), row.reviewer.as_str());
            match row.state {
                State::Rejected if !code.is_empty() => decisions.reject(&item, code),
                State::NoMatch => decisions.no_match(&item, by),
                State::Accepted | State::Auto if row.negated && !code.is_empty() => decisions.reject(&item, code),
                State::Accepted | State::Auto if !code.is_empty() => decisions.accept(&item, code, row.relationship, by),
                _ => {}
            }
        }
        decisions
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
            let item = binding.item(values, field);
            match Status::parse(field(status)) {
                Some(Status::Mapped) if !field(code).is_empty() => {
                    let stated = relationship.and_then(|place| Relationship::parse(field(place)));
                    decisions.accept(&item, field(code), stated.unwrap_or(Relationship::Equivalent), "");
                }
                Some(Status::Unmapped) => decisions.no_match(&item, ""),
                _ => {}
            }
        }
        Ok(decisions)
    }

    /// A person named the target of a tuple; `by` says who and when, if it is known.
    pub fn accept(&mut self, item: &SourceItem, code: &str, relationship: Relationship, by: &str) {
        let number = Relationship::ALL.iter().position(|other| *other == relationship).unwrap_or(0);
        self.decided(item, Decided::Target(code.to_owned(), number), by);
    }

    /// A person said that a tuple has no target.
    pub fn no_match(&mut self, item: &SourceItem, by: &str) {
        self.decided(item, Decided::Nothing, by);
    }

    fn decided(&mut self, item: &SourceItem, decided: Decided, by: &str) {
        if !item.is_empty() {
            let own = self.own.entry(item.clone()).or_default();
            own.decided.insert(decided, by.to_owned());
        }
    }

    /// A person said that this is not the target of a tuple.
    pub fn reject(&mut self, item: &SourceItem, code: &str) {
        self.own.entry(item.clone()).or_default().rejected.insert(code.to_owned());
    }

    /// A person named the target of such a tuple at another site.
    pub fn accepted_elsewhere(&mut self, site: &str, item: &SourceItem, code: &str) {
        if let Some(key) = evidence_key(item) {
            let place = self.elsewhere.entry(key).or_default();
            place.insert((folded(item), code.to_owned(), site.to_owned()));
        }
    }

    /// Takes over what `other` says of tuples that nothing is decided for here.
    pub fn fill_from(&mut self, other: &Self) {
        for (item, theirs) in &other.own {
            let own = self.own.entry(item.clone()).or_default();
            if own.decided.is_empty() {
                own.decided.clone_from(&theirs.decided);
            }
            own.rejected.extend(theirs.rejected.iter().cloned());
        }
        for (key, theirs) in &other.elsewhere {
            self.elsewhere.entry(key.clone()).or_default().extend(theirs.iter().cloned());
        }
    }

    /// What people say of a tuple, here.
    pub(super) fn find(&self, item: &SourceItem) -> Option<&Own> {
        self.own.get(item)
    }

    /// Targets of such sources elsewhere, in the order of their codes.
    pub(super) fn evidence(&self, item: &SourceItem) -> Vec<Evidence> {
        if self.elsewhere.is_empty() {
            return Vec::new();
        }
        let found = evidence_key(item).and_then(|key| self.elsewhere.get(&key));
        let own = folded(item);
        let mut by_code: BTreeMap<&str, (BTreeSet<&str>, bool)> = BTreeMap::new();
        for (theirs, code, site) in found.into_iter().flatten() {
            let differs = |role: &Role| {
                let (here, there) = (own.get(*role), theirs.get(*role));
                !here.is_empty() && !there.is_empty() && here != there
            };
            if Role::CONTEXT.iter().any(differs) {
                continue;
            }
            let (sites, same) = by_code.entry(code).or_default();
            sites.insert(site);
            *same |= Role::CONTEXT.iter().all(|role| own.get(*role) == theirs.get(*role));
        }
        by_code
            .into_iter()
            .map(|(code, (sites, same_context))| Evidence {
                code: code.to_owned(),
                sites: sites.into_iter().map(str::to_owned).collect(),
                same_context,
            })
            .collect()
    }
}

/// What sources of different sites are compared by: the name, for local codes say nothing elsewhere; else a code whose
/// system is named.
fn evidence_key(item: &SourceItem) -> Option<String> {
    let (name, code, system) = (item.get(Role::Name), item.get(Role::Code), item.get(Role::System));
    match (name.is_empty(), code.is_empty() || system.is_empty()) {
        (false, _) => Some(fold(name)),
        // No name has a line end in it, so that the two kinds of key are never the same.
        (true, false) => Some(format!("{}\n{code}", fold(system))),
        (true, true) => None,
    }
}

fn folded(item: &SourceItem) -> SourceItem {
    let mut folded = SourceItem::default();
    for role in Role::CONTEXT {
        folded.set(role, &fold(item.get(role)));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::super::formats::exchange::write_mapping_set;
    use super::super::formats::mapping_set::{Concept, MappingSet};
    use super::super::write::Format;
    use super::*;

    fn item(values: &[(Role, &str)]) -> SourceItem {
        let mut item = SourceItem::default();
        values.iter().for_each(|(role, value)| item.set(*role, value));
        item
    }

    #[test]
    fn a_mapping_set_decides_what_it_has_accepted_refused_and_left_without_a_target() {
        let room = tempfile::tempdir().unwrap();
        let row = |name: &str, code: &str, state| MappingRow {
            source: Concept {
                system: "urn:local".into(),
                code: name.to_lowercase(),
                label: name.into(),
                ..Concept::default()
            },
            context: [("unit".to_owned(), "mg/dL".to_owned())].into(),
            target: Concept {
                system: "urn:t".into(),
                code: code.into(),
                ..Concept::default()
            },
            state,
            reviewer: "anna".into(),
            justification: "semapv:ManualMappingCuration".into(),
            ..MappingRow::default()
        };
        let set = MappingSet {
            rows: vec![
                row("A", "1", State::Accepted),
                row("B", "2", State::Rejected),
                row("C", "", State::NoMatch),
                row("D", "4", State::Suggested),
            ],
            ..MappingSet::default()
        };
        for (format, name) in [
            (Format::Sssom, "s.sssom.tsv"),
            (Format::ConceptMapR5, "m.json"),
            (Format::Csv, "s.csv"),
        ] {
            let path = room.path().join(name);
            write_mapping_set(&set, &path, format, &SetOptions::default()).unwrap();
            let read = |local| Decisions::read(&path, &Columns::default(), &Values::default(), "urn:t", local).unwrap();
            let named = |name: &str| item(&[(Role::Code, &name.to_lowercase()), (Role::Name, name), (Role::Unit, "mg/dL")]);
            let found = read("urn:local");
            let target = Decided::Target("1".into(), 0);
            assert_eq!(
                found.find(&named("A")).map(|own| own.decided.keys().next()),
                Some(Some(&target)),
                "{name}"
            );
            assert!(found.find(&named("B")).unwrap().rejected.contains("2"), "{name}");
            assert_eq!(
                found.find(&named("C")).unwrap().decided.keys().next(),
                Some(&Decided::Nothing),
                "{name}"
            );
            assert!(found.find(&named("D")).is_none() && found.find(&item(&[(Role::Name, "A")])).is_none());
            assert!(read("").find(&named("A")).is_none(), "another system is another source");
        }
    }

    #[test]
    fn only_rows_that_decide_are_read() {
        let text = b"name,target_system,target_code,relationship,status\nA,urn:t,1,equivalent,mapped\nB,urn:t,2,,ambiguous\nC,,,,unmapped\nA,urn:t,3,related-to,mapped\nD,urn:other,9,,mapped\n";
        let input = Input::from_reader(Box::new(&text[..]), b',', "d".into()).unwrap();
        let found = Decisions::of_input(input, &Columns::default(), &Values::default(), "urn:t").unwrap();
        let named = |name: &str| found.find(&item(&[(Role::Name, name)]));
        assert_eq!(named("A").unwrap().decided.len(), 2);
        assert_eq!(named("C").unwrap().decided.keys().next(), Some(&Decided::Nothing));
        assert!(named("B").is_none() && named("D").is_none());
    }

    #[test]
    fn a_table_that_is_none_is_refused() {
        let input = Input::from_reader(Box::new(&b"name,x\n"[..]), b',', "d".into()).unwrap();
        let error = Decisions::of_input(input, &Columns::default(), &Values::default(), "urn:t").unwrap_err();
        assert!(error.to_string().contains("target_system"));
    }

    #[test]
    fn evidence_is_of_the_same_name_whose_context_does_not_contradict() {
        let mut decisions = Decisions::default();
        let theirs = item(&[(Role::Code, "77"), (Role::Name, "Glucosé"), (Role::Unit, "mg/dL")]);
        decisions.accepted_elsewhere("north", &theirs, "2345-7");
        decisions.accepted_elsewhere("south", &theirs, "2345-7");
        let same = decisions.evidence(&item(&[(Role::Name, "GLUCOSE"), (Role::Unit, "MG/DL")]));
        assert_eq!(same.len(), 1);
        assert_eq!((same[0].sites.join(" "), same[0].same_context), ("north south".into(), true));
        let silent = decisions.evidence(&item(&[(Role::Name, "glucose")]));
        assert_eq!((silent.len(), silent[0].same_context), (1, false));
        assert!(
            decisions
                .evidence(&item(&[(Role::Name, "glucose"), (Role::Unit, "mmol/L")]))
                .is_empty()
        );
        assert!(decisions.evidence(&item(&[(Role::Code, "77")])).is_empty());
        assert!(decisions.find(&theirs).is_none(), "elsewhere is not here");
    }
}

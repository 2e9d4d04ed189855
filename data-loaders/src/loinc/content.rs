//! What the files of one release share while they are read: the sink, the codes seen so far, ways to write records.

use super::SYSTEM;
use super::code::CodeKind;
use crate::LoadError;
use crate::source::Member;
use crate::table::{Dialect, Row, Table};
use std::collections::{HashMap, HashSet};
use tern_index::model::{Coding, DesignationKind};
use tern_index::record::{
    At, ConceptRecord, DesignationRecord, Problem, ProblemKind, PropertyRecord, Record, RecordSink, Stopped, ValueRecord,
};

/// LOINC's own texts are in American English.
pub(super) const LANGUAGE: &str = "en-US";

/// A release while it is read.
pub(super) struct Content<'s> {
    pub(super) sink: &'s mut dyn RecordSink,
    /// Codes that have become concepts.
    pub(super) known: HashSet<String>,
    /// Class parts by name.
    pub(super) classes: HashMap<String, String>,
    /// For each term, a bit for every axis that part links have given.
    pub(super) linked_axes: HashMap<String, u8>,
    uses: HashMap<&'static str, Coding>,
}

impl<'s> Content<'s> {
    pub(super) fn new(sink: &'s mut dyn RecordSink) -> Self {
        Self {
            sink,
            known: HashSet::new(),
            classes: HashMap::new(),
            linked_axes: HashMap::new(),
            uses: HashMap::new(),
        }
    }

    /// Opens a file, finds its columns, and hands over its rows.
    pub(super) fn each<C>(
        &mut self,
        member: &Member,
        columns: impl FnOnce(&Table) -> Result<C, LoadError>,
        mut take: impl FnMut(&mut Self, &C, &Row<'_>) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let mut table = Table::open(member, Dialect::Comma, None, self.sink)?;
        let columns = columns(&table)?;
        while let Some(row) = table.next(self.sink)? {
            take(self, &columns, &row)?;
        }
        Ok(())
    }

    /// Reports a fault in one field.
    pub(super) fn fault(&mut self, row: &Row<'_>, column: usize, kind: ProblemKind, why: &str) -> Result<(), Stopped> {
        let at = row.at_column(column, self.sink);
        self.sink
            .problem(at, Problem::new(kind, format!("{:?} {why}", row.get(column))))
    }

    /// Reads a field as a code of one of some kinds; a bad one is reported.
    pub(super) fn code<'t>(&mut self, row: &Row<'t>, column: usize, kinds: &[CodeKind]) -> Result<Option<&'t str>, Stopped> {
        let code = row.get(column);
        if CodeKind::of(code).is_some_and(|kind| kinds.contains(&kind)) {
            return Ok(Some(code));
        }
        let wanted: Vec<&str> = kinds
            .iter()
            .map(|kind| match kind {
                CodeKind::Term => "a LOINC number such as 1234-5",
                CodeKind::Part => "a part number such as LP1234-5",
                CodeKind::AnswerList => "an answer list number such as LL1234-5",
                CodeKind::Answer => "an answer number such as LA1234-5",
            })
            .collect();
        self.fault(
            row,
            column,
            ProblemKind::BadIdentifier,
            &format!("is not {}", wanted.join(" or ")),
        )
        .map(|()| None)
    }

    /// Writes a concept unless there is one with its code already, and says whether it did.
    pub(super) fn concept(&mut self, at: At, code: &str, active: bool, status: Option<&str>) -> Result<bool, Stopped> {
        if !self.known.insert(code.to_owned()) {
            return Ok(false);
        }
        let record = ConceptRecord {
            code,
            active,
            status,
            ..ConceptRecord::default()
        };
        self.sink.accept(at, Record::Concept(record))?;
        self.property(at, code, "inactive", ValueRecord::Boolean(!active))?;
        Ok(true)
    }

    /// Writes a term in LOINC's own language unless it is empty.
    pub(super) fn term(
        &mut self,
        at: At,
        code: &str,
        use_: Option<&'static str>,
        kind: DesignationKind,
        value: &str,
    ) -> Result<(), Stopped> {
        self.translated(at, code, LANGUAGE, use_, kind, value)
    }

    /// Writes a term unless it is empty.
    pub(super) fn translated(
        &mut self,
        at: At,
        code: &str,
        language: &str,
        use_: Option<&'static str>,
        kind: DesignationKind,
        value: &str,
    ) -> Result<(), Stopped> {
        let value = value.trim();
        if value.is_empty() {
            return Ok(());
        }
        let use_ = use_.map(|name| {
            &*self.uses.entry(name).or_insert_with(|| Coding {
                display: Some(name.to_owned()),
                ..Coding::new(SYSTEM, name)
            })
        });
        let record = DesignationRecord {
            language: Some(language),
            use_,
            ..DesignationRecord::new(code, value, kind)
        };
        self.sink.accept(at, Record::Designation(record))
    }

    /// Writes related names, of which publishers put many into one field.
    pub(super) fn related(&mut self, at: At, code: &str, language: &str, names: &str) -> Result<(), Stopped> {
        for name in names.split(';') {
            self.translated(at, code, language, Some("RELATEDNAMES2"), DesignationKind::Related, name)?;
        }
        Ok(())
    }

    /// Writes a property.
    pub(super) fn property(&mut self, at: At, code: &str, property: &str, value: ValueRecord<'_>) -> Result<(), Stopped> {
        self.write(at, code, property, value, false)
    }

    /// Writes a property whose value must be a concept of the release.
    pub(super) fn link(&mut self, at: At, code: &str, property: &str, target: &str) -> Result<(), Stopped> {
        self.write(at, code, property, ValueRecord::Code(target), true)
    }

    fn write(&mut self, at: At, code: &str, property: &str, value: ValueRecord<'_>, must_resolve: bool) -> Result<(), Stopped> {
        let record = PropertyRecord {
            must_resolve,
            ..PropertyRecord::new(code, property, 0, value)
        };
        self.sink.accept(at, Record::Property(record))
    }
}

//! Tables with columns for source and target codes.
//!
//! What a missing relationship means: where the file has no such column, `equivalent`. A table that only pairs codes
//! is used to replace one by the other, which is what equivalent says, and FHIR itself took it for the default
//! while it had one (STU3). A file may state another in a first line `# relationship: related-to`. Where the column
//! is there but a cell is empty, its author told relations apart and did not decide on this one: `related-to`.

use super::header::{Head, columns, find};
use super::relationship::{self, Word};
use super::{malformed, systems};
use crate::LoadError;
use crate::source::Member;
use crate::table::{Row, Table};
use std::collections::HashSet;
use tern_index::model::Relationship;
use tern_index::record::{At, MappingRecord, Problem, ProblemKind, Record, RecordSink, Stopped};

/// One side of the map: its columns, and its system where no column says it.
struct Side {
    code: usize,
    system: Option<usize>,
    constant: Option<String>,
    version: Option<usize>,
    constant_version: Option<String>,
    display: Option<usize>,
}

/// A table about to be read.
pub(super) struct Plan {
    table: Table,
    columns: Columns,
}

struct Columns {
    source: Side,
    target: Side,
    relationship: Option<usize>,
    unstated: Relationship,
    comment: Option<usize>,
    priority: Option<usize>,
}

impl Plan {
    /// Opens the table and finds its columns.
    pub(super) fn of(member: &Member, head: &Head, sink: &mut dyn RecordSink) -> Result<Self, LoadError> {
        let table = Table::open(member, head.dialect, head.commented.then_some(b'#'), sink)?;
        let column = |names: &[&str]| find(table.header(), names);
        let code = |names: &[&str]| {
            column(names).ok_or_else(|| LoadError::MissingColumn {
                file: member.shown().to_owned(),
                column: names.join(" or "),
                found: table.header().join(", "),
            })
        };
        let said = |keys: &[&str]| head.metadata.get(keys).map(|text| systems::system(text).to_owned());
        let source = Side {
            code: code(columns::SOURCE_CODE)?,
            system: column(columns::SOURCE_SYSTEM),
            constant: said(columns::SOURCE_SYSTEM),
            version: column(columns::SOURCE_VERSION),
            constant_version: said(columns::SOURCE_VERSION),
            display: column(columns::SOURCE_DISPLAY),
        };
        let target = Side {
            code: code(columns::TARGET_CODE)?,
            system: column(columns::TARGET_SYSTEM),
            constant: said(columns::TARGET_SYSTEM),
            version: column(columns::TARGET_VERSION),
            constant_version: said(columns::TARGET_VERSION),
            display: column(columns::TARGET_DISPLAY),
        };
        for (side, name) in [(&source, "source"), (&target, "target")] {
            if side.system.is_none() && side.constant.is_none() {
                let message = format!(
                    "nothing says what code system the {name} codes are of; add a column {name}_system, or a first line `# {name}_system: <uri>`"
                );
                return Err(malformed(member, message));
            }
        }
        let relationship = column(columns::RELATIONSHIP);
        let unstated = match (relationship, head.metadata.get(columns::RELATIONSHIP)) {
            (Some(_), _) => Relationship::RelatedTo,
            (None, None) => Relationship::Equivalent,
            (None, Some(text)) => match relationship::parse(text) {
                Some(Word::Is(relationship)) => relationship,
                _ => {
                    return Err(malformed(
                        member,
                        format!("the line `# relationship: {text}` {}", unknown_word()),
                    ));
                }
            },
        };
        let (comment, priority) = (column(columns::COMMENT), column(columns::PRIORITY));
        let columns = Columns {
            source,
            target,
            relationship,
            unstated,
            comment,
            priority,
        };
        Ok(Self { table, columns })
    }

    /// Reads the rows.
    pub(super) fn load(mut self, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let mut seen = HashSet::new();
        while let Some(row) = self.table.next(sink)? {
            self.columns.row(&row, &mut seen, sink)?;
        }
        Ok(())
    }
}

impl Columns {
    fn row(&self, row: &Row<'_>, seen: &mut HashSet<[String; 6]>, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let source_code = row.get(self.source.code).trim();
        let target_code = row.get(self.target.code).trim();
        if source_code.is_empty() {
            let at = row.at_column(self.source.code, sink);
            return sink.problem(at, Problem::new(ProblemKind::BadIdentifier, "the source code is empty"));
        }
        let Some(word) = self.word(row, sink)? else { return Ok(()) };
        if target_code.is_empty() && word != Word::NoTarget && word != Word::Is(Relationship::NotRelatedTo) {
            let at = row.at_column(self.target.code, sink);
            let message = "the target code is empty; if there is no target, write the relationship no-map";
            return sink.problem(at, Problem::new(ProblemKind::BadIdentifier, message));
        }
        let source_system = self.source.system_of(row);
        let target_system = self.target.system_of(row);
        let (Some(source_system), Some(target_system)) = (source_system, target_system.or(no_target(target_code))) else {
            let side = if source_system.is_none() { &self.source } else { &self.target };
            let at = row.at_column(side.system.unwrap_or(side.code), sink);
            return sink.problem(at, Problem::new(ProblemKind::BadValue, "the code system is empty"));
        };
        let source_version = self.source.version_of(row);
        let target_version = self.target.version_of(row);
        let key = [
            source_system,
            source_version.unwrap_or_default(),
            source_code,
            target_system,
            target_version.unwrap_or_default(),
            target_code,
        ];
        if !seen.insert(key.map(str::to_owned)) {
            let message = format!("{source_code} has been mapped to {target_code:?} before; the first row is kept");
            return sink.problem(row.at(), Problem::new(ProblemKind::DuplicateKey, message));
        }
        let record = MappingRecord {
            source_system,
            source_version,
            source_code,
            source_display: trimmed(row, self.source.display),
            target_system,
            target_version,
            target_code: Some(target_code).filter(|code| !code.is_empty()),
            target_display: trimmed(row, self.target.display),
            relationship: match word {
                Word::Is(relationship) => relationship,
                Word::NoTarget => Relationship::NotRelatedTo,
            },
            group: 0,
            priority: self.priority_of(row, sink)?,
            rule: None,
            advice: None,
            comment: trimmed(row, self.comment),
            attributes: &[],
        };
        sink.accept(row.at(), Record::Mapping(record))
    }

    /// What the row says of its relationship; `None` if it says nothing that is known, which is reported.
    fn word(&self, row: &Row<'_>, sink: &mut dyn RecordSink) -> Result<Option<Word>, Stopped> {
        let (Some(column), Some(text)) = (self.relationship, trimmed(row, self.relationship)) else {
            return Ok(Some(Word::Is(self.unstated)));
        };
        let word = relationship::parse(text);
        if word.is_none() {
            let at = row.at_column(column, sink);
            sink.problem(at, unknown_relationship(text))?;
        }
        Ok(word)
    }

    fn priority_of(&self, row: &Row<'_>, sink: &mut dyn RecordSink) -> Result<u16, Stopped> {
        let (Some(column), Some(text)) = (self.priority, trimmed(row, self.priority)) else {
            return Ok(0);
        };
        if let Ok(priority) = text.parse() {
            return Ok(priority);
        }
        let at: At = row.at_column(column, sink);
        let message = format!("{text:?} is no priority (0 to 65535); the row is kept without one");
        sink.problem(at, Problem::new(ProblemKind::BadValue, message))?;
        Ok(0)
    }
}

impl Side {
    fn system_of<'r>(&'r self, row: &Row<'r>) -> Option<&'r str> {
        trimmed(row, self.system).map(systems::system).or(self.constant.as_deref())
    }

    fn version_of<'r>(&'r self, row: &Row<'r>) -> Option<&'r str> {
        trimmed(row, self.version).or(self.constant_version.as_deref())
    }
}

/// A row without a target needs no target system either.
fn no_target(target_code: &str) -> Option<&'static str> {
    target_code.is_empty().then_some("")
}

pub(super) fn trimmed<'r>(row: &Row<'r>, column: Option<usize>) -> Option<&'r str> {
    row.optional(column).map(str::trim).filter(|text| !text.is_empty())
}

pub(super) fn unknown_relationship(text: &str) -> Problem {
    Problem::new(ProblemKind::BadValue, format!("{text:?} {}", unknown_word()))
}

fn unknown_word() -> &'static str {
    "is no known relationship; use equivalent, source-is-narrower-than-target, source-is-broader-than-target, related-to, not-related-to or no-map"
}

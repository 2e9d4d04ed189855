//! SSSOM TSV: mappings between CURIEs, with their metadata in leading `#` lines.
//!
//! A CURIE becomes a FHIR system and code: by the namespace that `curie_map` gives its prefix if that is a known
//! one, else by the prefix if that is a well-known one (nobody binds `LOINC` to anything but LOINC), else with the
//! namespace itself as the system. `skos:broadMatch` says that the object is broader: the source is narrower.
//! `Not` before a predicate makes it not-related-to; the predicate as written stays as a property of the mapping,
//! beside confidence, justification and authors. A row about one pair may repeat with another justification.
//!
//! Metadata in a separate file, and slots that do not concern single mappings, are not read.

use super::header::{Head, Metadata, find};
use super::relationship::{self, Word};
use super::rows::{trimmed, unknown_relationship};
use super::systems;
use crate::LoadError;
use crate::source::Member;
use crate::table::{Row, Table};
use std::collections::HashSet;
use tern_index::model::{MappingAttribute, MappingAttributeRole, Relationship};
use tern_index::record::{MappingRecord, Problem, ProblemKind, Record, RecordSink, Stopped};

const NO_TERM: &str = "sssom:NoTermFound";

/// Columns kept as properties of the mapping, with the FHIR type of their values.
const PROPERTIES: &[(&str, &str)] = &[
    ("predicate_id", "String"),
    ("predicate_modifier", "String"),
    ("mapping_justification", "String"),
    ("confidence", "Decimal"),
    ("similarity_score", "Decimal"),
    ("similarity_measure", "String"),
    ("author_id", "String"),
    ("author_label", "String"),
    ("reviewer_id", "String"),
    ("reviewer_label", "String"),
    ("mapping_date", "DateTime"),
    ("mapping_tool", "String"),
    ("mapping_tool_version", "String"),
    ("match_string", "String"),
    ("issue_tracker_item", "String"),
    ("see_also", "String"),
];

struct Columns {
    subject: usize,
    predicate: usize,
    object: usize,
    modifier: Option<usize>,
    justification: Option<usize>,
    subject_label: Option<usize>,
    object_label: Option<usize>,
    subject_version: Option<usize>,
    object_version: Option<usize>,
    object_source: Option<usize>,
    comment: Option<usize>,
    properties: Vec<(usize, &'static str, &'static str)>,
}

impl Columns {
    fn of(table: &Table) -> Result<Self, LoadError> {
        let column = |name: &str| find(table.header(), &[&super::header::fold(name)]);
        Ok(Self {
            subject: table.require(&["subject_id"])?,
            predicate: table.require(&["predicate_id"])?,
            object: table.require(&["object_id"])?,
            modifier: column("predicate_modifier"),
            justification: column("mapping_justification"),
            subject_label: column("subject_label"),
            object_label: column("object_label"),
            subject_version: column("subject_source_version"),
            object_version: column("object_source_version"),
            object_source: column("object_source"),
            comment: column("comment"),
            properties: PROPERTIES
                .iter()
                .filter_map(|(name, kind)| column(name).map(|column| (column, *name, *kind)))
                .collect(),
        })
    }
}

/// Reads the rows into the concept map that is open.
pub(super) fn load(member: &Member, head: &Head, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut table = Table::open(member, head.dialect, head.commented.then_some(b'#'), sink)?;
    let mut reader = Reader {
        columns: Columns::of(&table)?,
        metadata: &head.metadata,
        seen: HashSet::new(),
        without_subject: 0,
    };
    while let Some(row) = table.next(sink)? {
        reader.row(&row, sink)?;
    }
    if reader.without_subject > 0 {
        let reason = format!(
            "{} rows say that a target has no source (subject {NO_TERM}), which a concept map cannot",
            reader.without_subject
        );
        sink.ignored(member.shown(), &reason);
    }
    Ok(())
}

struct Reader<'h> {
    columns: Columns,
    metadata: &'h Metadata,
    seen: HashSet<[String; 5]>,
    without_subject: usize,
}

impl Reader<'_> {
    fn row(&mut self, row: &Row<'_>, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let (subject, object) = (row.get(self.columns.subject).trim(), row.get(self.columns.object).trim());
        if subject == NO_TERM {
            self.without_subject += 1;
            return Ok(());
        }
        let Some((source_system, source_code)) = self.resolve(row, self.columns.subject, sink)? else {
            return Ok(());
        };
        let Some(relationship) = self.relationship(row, sink)? else {
            return Ok(());
        };
        let target = if object == NO_TERM {
            None
        } else {
            match self.resolve(row, self.columns.object, sink)? {
                Some(target) => Some(target),
                None => return Ok(()),
            }
        };
        let key = [
            subject,
            row.get(self.columns.predicate).trim(),
            trimmed(row, self.columns.modifier).unwrap_or_default(),
            object,
            trimmed(row, self.columns.justification).unwrap_or_default(),
        ];
        if !self.seen.insert(key.map(str::to_owned)) {
            let message = format!("{subject} {} {object} has been stated before; the first row is kept", key[1]);
            return sink.problem(row.at(), Problem::new(ProblemKind::DuplicateKey, message));
        }
        let attributes = self.attributes(row, sink)?;
        let version = |column, key: &str| trimmed(row, column).or_else(|| self.metadata.get(&[key]));
        let record = MappingRecord {
            source_system: &source_system,
            source_version: version(self.columns.subject_version, "subjectsourceversion"),
            source_code: &source_code,
            source_display: trimmed(row, self.columns.subject_label),
            target_system: target.as_ref().map_or_else(|| self.object_source(row), |(system, _)| system),
            target_version: version(self.columns.object_version, "objectsourceversion"),
            target_code: target.as_ref().map(|(_, code)| code.as_str()),
            target_display: trimmed(row, self.columns.object_label).filter(|_| target.is_some()),
            relationship: if target.is_some() {
                relationship
            } else {
                Relationship::NotRelatedTo
            },
            group: 0,
            priority: 0,
            rule: None,
            advice: None,
            comment: trimmed(row, self.columns.comment),
            attributes: &attributes,
        };
        sink.accept(row.at(), Record::Mapping(record))
    }

    fn relationship(&self, row: &Row<'_>, sink: &mut dyn RecordSink) -> Result<Option<Relationship>, Stopped> {
        let text = row.get(self.columns.predicate).trim();
        let Some(word) = relationship::parse(text) else {
            let at = row.at_column(self.columns.predicate, sink);
            sink.problem(at, unknown_relationship(text))?;
            return Ok(None);
        };
        let negated = match (self.columns.modifier, trimmed(row, self.columns.modifier)) {
            (_, None) | (None, _) => false,
            (_, Some(modifier)) if modifier.eq_ignore_ascii_case("not") => true,
            (Some(column), Some(modifier)) => {
                let at = row.at_column(column, sink);
                let message = format!("{modifier:?} is no predicate modifier; SSSOM has only Not");
                sink.problem(at, Problem::new(ProblemKind::BadValue, message))?;
                return Ok(None);
            }
        };
        Ok(Some(match word {
            Word::Is(relationship) if !negated => relationship,
            _ => Relationship::NotRelatedTo,
        }))
    }

    /// System and code of a CURIE or IRI; what is neither is reported.
    fn resolve(&self, row: &Row<'_>, column: usize, sink: &mut dyn RecordSink) -> Result<Option<(String, String)>, Stopped> {
        let text = row.get(column).trim();
        match systems::resolve(text, |prefix| self.metadata.namespace(prefix)) {
            Ok(pair) => Ok(Some(pair)),
            Err(message) => {
                let at = row.at_column(column, sink);
                sink.problem(at, Problem::new(ProblemKind::BadIdentifier, message))?;
                Ok(None)
            }
        }
    }

    /// Where a target was looked for in vain, if the row or the file says so.
    fn object_source<'r>(&'r self, row: &Row<'r>) -> &'r str {
        let stated = trimmed(row, self.columns.object_source).or_else(|| self.metadata.get(&["objectsource"]));
        stated.map_or("", |text| systems::system(text.trim_end_matches(':')))
    }

    fn attributes(&self, row: &Row<'_>, sink: &mut dyn RecordSink) -> Result<Vec<MappingAttribute>, Stopped> {
        let mut attributes = Vec::new();
        for (column, name, kind) in &self.columns.properties {
            let Some(text) = trimmed(row, Some(*column)) else { continue };
            let sound = *kind != "Decimal" || text.parse().is_ok_and(|number: f64| (0.0..=1.0).contains(&number));
            if !sound {
                let at = row.at_column(*column, sink);
                let message = format!("{text:?} is no number from 0 to 1; the row is kept without it");
                sink.problem(at, Problem::new(ProblemKind::BadValue, message))?;
                continue;
            }
            attributes.push(MappingAttribute {
                role: MappingAttributeRole::Property,
                attribute: (*name).to_owned(),
                system: None,
                value: text.to_owned(),
                display: None,
                value_type: (*kind).to_owned(),
            });
        }
        Ok(attributes)
    }
}

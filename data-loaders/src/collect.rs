//! A sink that keeps what it is given, for tests and small in-memory work.
//!
//! What every test wants to know of a load is kept in one way: problems with their places, files left out, bytes read. What is
//! kept of the records is up to the test; [`Records`] keeps everything, as owned text in a plain form that tests can
//! compare. A release of full size does not fit.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use tern_index::model::{
    Acceptability, CodeSystemHeader, ConceptMapHeader, DesignationKind, MappingAttribute, PropertyValue, Relationship,
};
use tern_index::record::{
    At, FieldRecord, Problem, ProblemKind, PropertyRecord, Record, RecordSink, RowRecord, Stopped, ValueRecord,
};

/// A designation as collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedDesignation {
    /// Concept.
    pub code: String,
    /// Publisher's id.
    pub id: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// Code of the use.
    pub use_: Option<String>,
    /// The term.
    pub value: String,
    /// Whether it is in use.
    pub active: bool,
    /// The part it plays.
    pub kind: DesignationKind,
    /// Dialects.
    pub acceptability: Vec<(String, Acceptability)>,
}

/// A property as collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedProperty {
    /// Concept.
    pub code: String,
    /// Property.
    pub property: String,
    /// Role group.
    pub group: u16,
    /// Value.
    pub value: PropertyValue,
    /// Whether a code must name a concept.
    pub must_resolve: bool,
}

/// A member as collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedMember {
    /// Reference set.
    pub refset: String,
    /// Member.
    pub member: String,
    /// Extra columns.
    pub fields: Vec<(String, String)>,
}

/// A row of a reference set as collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedRow {
    /// Reference set.
    pub refset: String,
    /// Referenced component.
    pub component: String,
    /// Member id.
    pub id: u128,
    /// Whether it is in use.
    pub active: bool,
    /// Module.
    pub module: String,
    /// Release date of its state.
    pub effective_time: u32,
    /// Extra columns: name, kind (`c`, `i`, `s`), value as text.
    pub fields: Vec<(String, char, String)>,
}

/// A mapping as collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedMapping {
    /// Source system and code.
    pub source: (String, String),
    /// Target system and code.
    pub target: (String, Option<String>),
    /// Relationship.
    pub relationship: Relationship,
    /// Group and priority.
    pub place: (u16, u16),
    /// Rule.
    pub rule: Option<String>,
    /// Advice.
    pub advice: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// Attributes.
    pub attributes: Vec<MappingAttribute>,
}

/// A concept as collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedConcept {
    /// Whether it is in use.
    pub active: bool,
    /// Publisher's status.
    pub status: Option<String>,
}

/// A problem with its place spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedProblem {
    /// Kind.
    pub kind: ProblemKind,
    /// File as shown.
    pub file: String,
    /// Column, empty for the whole row.
    pub column: String,
    /// Line.
    pub line: u32,
    /// Message.
    pub message: String,
}

impl CollectedProblem {
    /// Where it is, files by their last part: `file:line:column`.
    pub fn place(&self) -> String {
        format!("{}:{}:{}", file_name(&self.file), self.line, self.column)
    }
}

/// A file without its folders or the archive it is in.
fn file_name(shown: &str) -> &str {
    shown.rsplit(['/', '!']).next().unwrap_or("")
}

fn collected_property(found: &PropertyRecord<'_>) -> CollectedProperty {
    CollectedProperty {
        code: found.code.to_owned(),
        property: found.property.to_owned(),
        group: found.group,
        value: owned(&found.value),
        must_resolve: found.must_resolve,
    }
}

fn collected(row: &RowRecord<'_>) -> CollectedRow {
    let field = |(name, value): &(&str, FieldRecord<'_>)| {
        let (kind, text) = match value {
            FieldRecord::Component(text) => ('c', (*text).to_owned()),
            FieldRecord::Integer(number) => ('i', number.to_string()),
            FieldRecord::String(text) => ('s', (*text).to_owned()),
        };
        ((*name).to_owned(), kind, text)
    };
    CollectedRow {
        refset: row.refset.to_owned(),
        component: row.component.to_owned(),
        id: row.id,
        active: row.active,
        module: row.module.to_owned(),
        effective_time: row.effective_time,
        fields: row.fields.iter().map(field).collect(),
    }
}

/// What is kept of the records of a load.
pub trait Keep {
    /// Takes a record.
    fn keep(&mut self, at: At, record: Record<'_>);
}

/// A sink that keeps what a load says, and of its records what `K` keeps, as which it can be read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Collected<K> {
    names: Vec<String>,
    /// Stop at the first problem, as `--strict` does.
    pub strict: bool,
    /// Problems.
    pub problems: Vec<CollectedProblem>,
    /// Files left out, and why.
    pub ignored: Vec<(String, String)>,
    /// Bytes reported as read.
    pub bytes: u64,
    kept: K,
}

/// A sink that keeps everything.
pub type Collector = Collected<Records>;

impl<K: Default> Collected<K> {
    /// One that stops at the first problem.
    pub fn strict() -> Self {
        Self {
            strict: true,
            ..Self::default()
        }
    }
}

impl<K> Collected<K> {
    fn shown(&self, number: u16) -> String {
        let place = usize::from(number).checked_sub(1);
        place.and_then(|place| self.names.get(place)).cloned().unwrap_or_default()
    }

    /// The same without what depends on the place a release lies at: folders of files, endings of packed ones, bytes.
    #[must_use]
    pub fn placeless(mut self) -> Self {
        let last = |file: &str| {
            let name = file_name(file);
            name.trim_end_matches(".gz").trim_end_matches(".zst").to_owned()
        };
        self.names.clear();
        self.bytes = 0;
        for problem in &mut self.problems {
            problem.file = last(&problem.file);
        }
        for ignored in &mut self.ignored {
            ignored.0 = last(&ignored.0);
        }
        self
    }
}

impl<K> Deref for Collected<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.kept
    }
}

impl<K> DerefMut for Collected<K> {
    fn deref_mut(&mut self) -> &mut K {
        &mut self.kept
    }
}

impl<K: Keep> RecordSink for Collected<K> {
    fn name(&mut self, name: &str) -> u16 {
        let place = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        u16::try_from(place + 1).unwrap_or(u16::MAX)
    }

    fn accept(&mut self, at: At, record: Record<'_>) -> Result<(), Stopped> {
        self.kept.keep(at, record);
        Ok(())
    }

    fn problem(&mut self, at: At, problem: Problem) -> Result<(), Stopped> {
        self.problems.push(CollectedProblem {
            kind: problem.kind,
            file: self.shown(at.file),
            column: self.shown(at.column),
            line: at.line,
            message: problem.message,
        });
        if self.strict { Err(Stopped) } else { Ok(()) }
    }

    fn ignored(&mut self, file: &str, reason: &str) {
        self.ignored.push((file.to_owned(), reason.to_owned()));
    }

    fn progress(&mut self, bytes: u64) {
        self.bytes += bytes;
    }
}

/// Everything that records say.
#[derive(Debug, Default)]
pub struct Records {
    /// Code systems in order.
    pub code_systems: Vec<CodeSystemHeader>,
    /// Concepts by code.
    pub concepts: BTreeMap<String, CollectedConcept>,
    /// Concept records, repeats counted.
    pub concept_records: usize,
    /// Designations.
    pub designations: Vec<CollectedDesignation>,
    /// Child and parent.
    pub parents: Vec<(String, String)>,
    /// Properties.
    pub properties: Vec<CollectedProperty>,
    /// Members.
    pub members: Vec<CollectedMember>,
    /// Rows of reference sets.
    pub rows: Vec<CollectedRow>,
    /// Alternate identifiers: scheme, identifier, component, whether in use.
    pub alternates: Vec<(String, String, String, bool)>,
    /// Concept maps with their rows.
    pub maps: Vec<(ConceptMapHeader, Vec<CollectedMapping>)>,
    /// Resources: type and JSON.
    pub resources: Vec<(String, String)>,
}

impl Records {
    /// The values of a property of a concept.
    pub fn values(&self, code: &str, property: &str) -> Vec<String> {
        let wanted = self
            .properties
            .iter()
            .filter(|found| found.code == code && found.property == property);
        wanted.map(|found| found.value.to_string()).collect()
    }

    /// The terms of a concept that play a part.
    pub fn terms(&self, code: &str, kind: DesignationKind) -> Vec<&str> {
        let wanted = self
            .designations
            .iter()
            .filter(|found| found.code == code && found.kind == kind);
        wanted.map(|found| found.value.as_str()).collect()
    }

    /// The parents of a concept.
    pub fn parents_of(&self, code: &str) -> Vec<&str> {
        self.parents
            .iter()
            .filter(|(child, _)| child == code)
            .map(|(_, parent)| parent.as_str())
            .collect()
    }

    /// The rows of a concept map.
    pub fn map(&self, url: &str) -> &[CollectedMapping] {
        self.maps
            .iter()
            .find(|(header, _)| header.url == url)
            .map_or(&[], |(_, rows)| rows.as_slice())
    }
}

fn owned(value: &ValueRecord<'_>) -> PropertyValue {
    match *value {
        ValueRecord::Code(text) => PropertyValue::Code(text.to_owned()),
        ValueRecord::Coding(coding) => PropertyValue::Coding(coding.clone()),
        ValueRecord::String(text) => PropertyValue::String(text.to_owned()),
        ValueRecord::Integer(number) => PropertyValue::Integer(number),
        ValueRecord::Boolean(truth) => PropertyValue::Boolean(truth),
        ValueRecord::DateTime(text) => PropertyValue::DateTime(text.to_owned()),
        ValueRecord::Decimal(text) => PropertyValue::Decimal(text.to_owned()),
    }
}

impl Keep for Records {
    fn keep(&mut self, _: At, record: Record<'_>) {
        let text = |text: Option<&str>| text.map(str::to_owned);
        match record {
            Record::CodeSystem(header) => self.code_systems.push(header.clone()),
            Record::Concept(concept) => {
                self.concept_records += 1;
                self.concepts
                    .entry(concept.code.to_owned())
                    .or_insert_with(|| CollectedConcept {
                        active: concept.active,
                        status: text(concept.status),
                    });
            }
            Record::Designation(found) => self.designations.push(CollectedDesignation {
                code: found.code.to_owned(),
                id: text(found.id),
                language: text(found.language),
                use_: found.use_.map(|coding| coding.code.clone()),
                value: found.value.to_owned(),
                active: found.active,
                kind: found.kind,
                acceptability: found
                    .acceptability
                    .iter()
                    .map(|(refset, how)| ((*refset).to_owned(), *how))
                    .collect(),
            }),
            Record::Parent { child, parent } => self.parents.push((child.to_owned(), parent.to_owned())),
            Record::Relationship(found) => {
                let property = found.property;
                match property.value {
                    ValueRecord::Code(parent) if found.is_parent => {
                        self.parents.push((property.code.to_owned(), parent.to_owned()));
                    }
                    _ => self.properties.push(collected_property(&property)),
                }
            }
            Record::Property(found) => self.properties.push(collected_property(&found)),
            Record::Member(found) => self.members.push(CollectedMember {
                refset: found.refset.to_owned(),
                member: found.member.to_owned(),
                fields: found
                    .fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            }),
            Record::Row(found) => {
                let row = collected(&found);
                // Those that make a concept a member.
                if found.must_resolve {
                    let fields = row.fields.iter().map(|(name, _, value)| (name.clone(), value.clone()));
                    self.members.push(CollectedMember {
                        refset: row.refset.clone(),
                        member: row.component.clone(),
                        fields: fields.filter(|(_, value)| !value.is_empty()).collect(),
                    });
                }
                self.rows.push(row);
            }
            Record::Alternate(found) => self.alternates.push((
                found.scheme.to_owned(),
                found.identifier.to_owned(),
                found.component.to_owned(),
                found.active,
            )),
            Record::ConceptMap(header) => self.maps.push((header.clone(), Vec::new())),
            Record::Mapping(row) => {
                if let Some((_, rows)) = self.maps.last_mut() {
                    rows.push(CollectedMapping {
                        source: (row.source_system.to_owned(), row.source_code.to_owned()),
                        target: (row.target_system.to_owned(), text(row.target_code)),
                        relationship: row.relationship,
                        place: (row.group, row.priority),
                        rule: text(row.rule),
                        advice: text(row.advice),
                        comment: text(row.comment),
                        attributes: row.attributes.to_vec(),
                    });
                }
            }
            Record::Resource(resource) => self
                .resources
                .push((resource.resource_type.to_owned(), resource.json.to_owned())),
        }
    }
}

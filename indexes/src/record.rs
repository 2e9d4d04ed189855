//! The interchange from loaders to the builder: records, where they came from, and the sink that takes them.
//!
//! A loader turns a release into a stream of [`Record`]s and hands each to a [`RecordSink`] with the place it
//! was read from, so that whoever finds a fault (the loader in a row, the builder in a reference between rows)
//! can name file, line and column. Records borrow from the loader's row buffers; a sink copies what it keeps.
//!
//! Order: a [`Record::CodeSystem`] opens a code system; concepts, designations, parents, properties, members
//! and relations that follow belong to it, in any order among themselves, until the next code system opens.
//! A [`Record::ConceptMap`] opens a concept map for the [`Record::Mapping`]s that follow. Maps may be opened
//! between the records of a code system: the two kinds do not close each other. [`Record::Resource`] stands alone.

use crate::model::{
    Acceptability, CodeSystemHeader, Coding, ConceptMapHeader, DesignationKind, MappingAttribute, PropertyType, Relationship,
};
use std::fmt;

/// Where a record was read. Numbers are those the sink gave for names; `line` counts from 1, 0 is "the whole file".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct At {
    /// From [`RecordSink::name`]: the file.
    pub file: u16,
    /// From [`RecordSink::name`]: the column; 0 is "the whole row".
    pub column: u16,
    /// Line, from 1.
    pub line: u32,
}

/// A fault in the data: a row or a reference that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind it is; counted and reported by kind.
    pub kind: ProblemKind,
    /// One sentence: what is wrong and, where it is not plain, what to do.
    pub message: String,
}

impl Problem {
    /// Makes a problem.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A row with too few or too many fields, or bytes that are not text.
    RaggedRow,
    /// An identifier or code that its format forbids (check digit, letters, length).
    BadIdentifier,
    /// A value that its column forbids (a date, a flag, a number).
    BadValue,
    /// A key that an earlier row has already used.
    DuplicateKey,
    /// A reference to a concept that the release does not contain.
    UnknownReference,
    /// A hierarchy that leads back to itself.
    Cycle,
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RaggedRow => "ragged row",
            Self::BadIdentifier => "bad identifier",
            Self::BadValue => "bad value",
            Self::DuplicateKey => "duplicate key",
            Self::UnknownReference => "unknown reference",
            Self::Cycle => "cycle",
        })
    }
}

/// A concept. A second concept with the same code is a [`ProblemKind::DuplicateKey`]; the first is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConceptRecord<'a> {
    /// The code.
    pub code: &'a str,
    /// False for retired content.
    pub active: bool,
    /// True for a concept that groups others and may not be chosen (FHIR `notSelectable`).
    pub not_selectable: bool,
    /// Publisher's status, e.g. LOINC `DEPRECATED`, SNOMED definition status; becomes no property by itself.
    pub status: Option<&'a str>,
    /// FHIR extensions of the concept as a JSON array, opaque here.
    pub extensions: Option<&'a str>,
}

/// A term of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DesignationRecord<'a> {
    /// The concept's code.
    pub code: &'a str,
    /// The publisher's id of the term.
    pub id: Option<&'a str>,
    /// BCP-47 language tag.
    pub language: Option<&'a str>,
    /// What the term is for.
    pub use_: Option<&'a Coding>,
    /// The term.
    pub value: &'a str,
    /// Whether the term is in use.
    pub active: bool,
    /// The part it plays. Of several [`DesignationKind::Display`] the first is the display and the rest become synonyms.
    pub kind: DesignationKind,
    /// Dialects in which it is preferred or acceptable.
    pub acceptability: &'a [(&'a str, Acceptability)],
    /// Who maintains it and since when it is as it is, where the publisher says so.
    pub provenance: Option<Provenance<'a>>,
    /// True for a term that the loader made from another one (a display cut from a fully specified name): it is shown
    /// and searched, but it is no term of the release and not counted as one.
    pub made: bool,
    /// FHIR extensions of the designation as a JSON array, opaque here.
    pub extensions: Option<&'a str>,
}

/// What a publisher's component says of itself (RF2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance<'a> {
    /// The code of the module that maintains it.
    pub module: &'a str,
    /// The release date of this state as a number, YYYYMMDD.
    pub effective_time: u32,
    /// The code of the case significance of a term.
    pub case_significance: Option<&'a str>,
}

impl<'a> DesignationRecord<'a> {
    /// A term in use of which nothing more is said: no id, language, use or dialect.
    pub fn new(code: &'a str, value: &'a str, kind: DesignationKind) -> Self {
        Self {
            code,
            id: None,
            language: None,
            use_: None,
            value,
            active: true,
            kind,
            acceptability: &[],
            provenance: None,
            made: false,
            extensions: None,
        }
    }
}

/// A value of a property in a record, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueRecord<'a> {
    /// A code of the same code system. A code that no concept has is kept as it is.
    Code(&'a str),
    /// A coding of any system.
    Coding(&'a Coding),
    /// Text.
    String(&'a str),
    /// A whole number.
    Integer(i64),
    /// true or false.
    Boolean(bool),
    /// A FHIR dateTime.
    DateTime(&'a str),
    /// A decimal as given.
    Decimal(&'a str),
}

impl ValueRecord<'_> {
    /// The FHIR type of the value.
    pub fn property_type(&self) -> PropertyType {
        match self {
            Self::Code(_) => PropertyType::Code,
            Self::Coding(_) => PropertyType::Coding,
            Self::String(_) => PropertyType::String,
            Self::Integer(_) => PropertyType::Integer,
            Self::Boolean(_) => PropertyType::Boolean,
            Self::DateTime(_) => PropertyType::DateTime,
            Self::Decimal(_) => PropertyType::Decimal,
        }
    }
}

/// A property of a concept, or a relation to another concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PropertyRecord<'a> {
    /// The concept's code.
    pub code: &'a str,
    /// The property's code; a property that the header does not declare is declared by its first use.
    pub property: &'a str,
    /// Role group; 0 for ungrouped.
    pub group: u16,
    /// The value.
    pub value: ValueRecord<'a>,
    /// True where a [`ValueRecord::Code`] must name a concept of the release: otherwise an
    /// [`ProblemKind::UnknownReference`] is reported and the property left out.
    pub must_resolve: bool,
    /// FHIR extensions of the property as a JSON array, opaque here.
    pub extensions: Option<&'a str>,
}

impl<'a> PropertyRecord<'a> {
    /// A property of which nothing more is said; if it is a code, it need not be one of the release.
    pub fn new(code: &'a str, property: &'a str, group: u16, value: ValueRecord<'a>) -> Self {
        Self {
            code,
            property,
            group,
            value,
            must_resolve: false,
            extensions: None,
        }
    }
}

/// A relationship that has an identifier of its own (RF2): a link of the hierarchy, or a property of its source. The
/// identifier is what a later release names it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelationshipRecord<'a> {
    /// The identifier; not 0.
    pub id: u64,
    /// True for a link of the hierarchy: the target is the parent.
    pub is_parent: bool,
    /// What it says, as a property of its source.
    pub property: PropertyRecord<'a>,
}

/// A member of a reference set (SNOMED) or of any named list of concepts (LOINC answer list).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberRecord<'a> {
    /// The reference set's code, itself a concept of the code system.
    pub refset: &'a str,
    /// The member's code. A member that is no concept of the code system is a [`ProblemKind::UnknownReference`].
    pub member: &'a str,
    /// Extra columns by name, in the order of the file.
    pub fields: &'a [(&'a str, &'a str)],
}

/// A value in a column of a reference set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldRecord<'a> {
    /// The identifier of a component; empty for none.
    Component(&'a str),
    /// A whole number.
    Integer(i32),
    /// Text.
    String(&'a str),
}

/// A row of a reference set with all its columns (RF2): active rows whose component is a concept make that concept a
/// member of the reference set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRecord<'a> {
    /// The reference set's code, itself a concept of the code system.
    pub refset: &'a str,
    /// The referenced component: the code of a concept, the publisher's id of a designation, or anything else.
    pub component: &'a str,
    /// True where the component must be a concept of the code system: otherwise an
    /// [`ProblemKind::UnknownReference`] is reported and the row left out. A row whose reference set is no concept is
    /// left out in any case, and reported if this is true.
    pub must_resolve: bool,
    /// The UUID of the row.
    pub id: u128,
    /// Whether the row is in use.
    pub active: bool,
    /// The code of the module that maintains it.
    pub module: &'a str,
    /// The release date of this state as a number, YYYYMMDD.
    pub effective_time: u32,
    /// Extra columns by name, in the order of the file.
    pub fields: &'a [(&'a str, FieldRecord<'a>)],
}

/// An identifier that another scheme gives to a component (RF2 Identifier file).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlternateRecord<'a> {
    /// The scheme's code, itself a concept of the code system.
    pub scheme: &'a str,
    /// The identifier in that scheme.
    pub identifier: &'a str,
    /// The code of the concept, or the publisher's id of the designation, that it identifies.
    pub component: &'a str,
    /// Whether it is in use.
    pub active: bool,
}

/// A row of the concept map opened last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingRecord<'a> {
    /// Source code system URL.
    pub source_system: &'a str,
    /// Source code system version.
    pub source_version: Option<&'a str>,
    /// Source code.
    pub source_code: &'a str,
    /// Source display.
    pub source_display: Option<&'a str>,
    /// Target code system URL.
    pub target_system: &'a str,
    /// Target code system version.
    pub target_version: Option<&'a str>,
    /// Target code; `None` states that there is no target.
    pub target_code: Option<&'a str>,
    /// Target display.
    pub target_display: Option<&'a str>,
    /// How the source relates to the target.
    pub relationship: Relationship,
    /// Map group or scenario.
    pub group: u16,
    /// Order inside the group.
    pub priority: u16,
    /// Machine-readable rule.
    pub rule: Option<&'a str>,
    /// Advice for people.
    pub advice: Option<&'a str>,
    /// Comment.
    pub comment: Option<&'a str>,
    /// Context, products and properties.
    pub attributes: &'a [MappingAttribute],
}

impl<'a> MappingRecord<'a> {
    /// A row of which nothing more is said, from a code of a system to one of another.
    pub fn new(source: (&'a str, &'a str), target: (&'a str, Option<&'a str>), relationship: Relationship) -> Self {
        Self {
            source_system: source.0,
            source_version: None,
            source_code: source.1,
            source_display: None,
            target_system: target.0,
            target_version: None,
            target_code: target.1,
            target_display: None,
            relationship,
            group: 0,
            priority: 0,
            rule: None,
            advice: None,
            comment: None,
            attributes: &[],
        }
    }
}

/// A FHIR resource kept whole: value sets, naming systems, and small code systems and concept maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceRecord<'a> {
    /// `CodeSystem`, `ValueSet`, `ConceptMap` or `NamingSystem`; `StructureDefinition` or `Questionnaire`, for their bindings.
    pub resource_type: &'a str,
    /// FHIR logical id, if it has one.
    pub id: Option<&'a str>,
    /// Canonical URL, if it has one.
    pub url: Option<&'a str>,
    /// Business version.
    pub version: Option<&'a str>,
    /// FHIR version of the shapes inside (`4.0.1`, `5.0.0`), where the source says so.
    pub fhir_version: Option<&'a str>,
    /// Name of the package or file it came from: resources of one origin are stored together.
    pub origin: &'a str,
    /// The resource, compact JSON.
    pub json: &'a str,
}

/// Anything a loader may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    /// Opens a code system.
    CodeSystem(&'a CodeSystemHeader),
    /// A concept of the open code system.
    Concept(ConceptRecord<'a>),
    /// A term of a concept of the open code system.
    Designation(DesignationRecord<'a>),
    /// The hierarchy: `child` is directly below `parent`. Both must be concepts of the open code system.
    Parent {
        /// The lower concept.
        child: &'a str,
        /// The upper concept.
        parent: &'a str,
    },
    /// A property or relation.
    Property(PropertyRecord<'a>),
    /// A relationship with an identifier.
    Relationship(RelationshipRecord<'a>),
    /// A member of a reference set.
    Member(MemberRecord<'a>),
    /// A row of a reference set.
    Row(RowRecord<'a>),
    /// An alternate identifier.
    Alternate(AlternateRecord<'a>),
    /// Opens a concept map.
    ConceptMap(&'a ConceptMapHeader),
    /// A row of the open concept map.
    Mapping(MappingRecord<'a>),
    /// A resource kept whole.
    Resource(ResourceRecord<'a>),
}

/// The sink said stop: strict mode met a fault, the threshold was passed, or the disk is full.
/// The reason is with the sink; a loader only returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the load was stopped")]
pub struct Stopped;

/// Takes records. Implemented by the index builder, by counters in tests, and by in-memory builds.
pub trait RecordSink {
    /// A number for a file's or column's name, for use in [`At`]. The same name gives the same number; 0 is never given.
    fn name(&mut self, name: &str) -> u16;
    /// Takes a record.
    fn accept(&mut self, at: At, record: Record<'_>) -> Result<(), Stopped>;
    /// Takes note of a fault; the loader skips what is at fault and goes on unless told to stop.
    fn problem(&mut self, at: At, problem: Problem) -> Result<(), Stopped>;
    /// Takes note of a file of the release that was looked at and left out, and why.
    fn ignored(&mut self, file: &str, reason: &str);
    /// Says how many bytes (after decompression) of the release have been read since the last call.
    fn progress(&mut self, bytes: u64);
}

//! The codes of one version of an ICD code system as gathered from its files, and their emission as records.
//!
//! One version comes from several files (tabular list, order file, code file, index) that overlap; they meet here
//! before anything is said to the sink. An ICD has some 100,000 codes, so holding one is cheap.

use super::code::{self, CodeSet};
use crate::LoadError;
use std::collections::HashMap;
use tern_index::model::{Coding, DesignationKind};
use tern_index::record::{
    At, ConceptRecord, DesignationRecord, Problem, ProblemKind, PropertyRecord, Record, RecordSink, ValueRecord,
};

/// The property that says whether a code may be used on a claim; false for headers, chapters and blocks.
pub const BILLABLE: &str = "billable";
/// The property that says what kind of entry it is: chapter, block, category, subcategory, code;
/// diagnosis or procedure in ICD-9-CM.
pub const KIND: &str = "kind";
/// Use of a designation that is an inclusion term: it belongs under the code but may be narrower or broader.
pub const INCLUSION_TERM: &str = "inclusionTerm";
/// Use of a designation that is a note of what a code includes, and the property that holds it.
pub const INCLUDES: &str = "includes";
/// Use of a designation that is an entry of the alphabetic index: it leads to the code and may be narrower.
pub const INDEX_TERM: &str = "indexTerm";
/// Use of a designation that is the publisher's abbreviated title.
pub const SHORT_TITLE: &str = "shortTitle";
/// Use of a designation that is another file's wording of the title.
pub const OTHER_TITLE: &str = "title";

/// A term besides the title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// One of the uses above.
    pub use_code: &'static str,
    /// The term.
    pub text: String,
    /// Where it stands.
    pub at: At,
}

/// A note under a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The property it becomes: the name of the XML element (`excludes1`, `codeFirst`...).
    pub property: &'static str,
    /// The text.
    pub text: String,
    /// Where it stands.
    pub at: At,
}

/// A code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The code as FHIR spells it.
    pub code: String,
    /// The title.
    pub title: String,
    /// Kind, where the file says it; else it is told from the code's length and place.
    pub kind: Option<&'static str>,
    /// Position of the entry above.
    pub parent: Option<usize>,
    /// Whether it may be used on a claim.
    pub billable: bool,
    /// Other terms.
    pub terms: Vec<Term>,
    /// Notes.
    pub notes: Vec<Note>,
    /// Where it stands.
    pub at: At,
}

/// The entries of one version.
#[derive(Debug, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

impl Catalogue {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of a code.
    pub fn find(&self, code: &str) -> Option<usize> {
        self.index.get(code).copied()
    }

    /// An entry by its position.
    pub fn entry(&mut self, position: usize) -> Option<&mut Entry> {
        self.entries.get_mut(position)
    }

    /// Adds an entry; a code that is there already is reported, and the first entry kept.
    pub fn add(&mut self, entry: Entry, sink: &mut dyn RecordSink) -> Result<Option<usize>, LoadError> {
        if let Some(first) = self.find(&entry.code).and_then(|position| self.entries.get(position)) {
            let message = format!("the code {} is already in line {}", entry.code, first.at.line);
            sink.problem(entry.at, Problem::new(ProblemKind::DuplicateKey, message))?;
            return Ok(None);
        }
        let position = self.entries.len();
        self.index.insert(entry.code.clone(), position);
        self.entries.push(entry);
        Ok(Some(position))
    }

    /// Gives every entry from position `from` on that has no parent the one with the longest prefix of its code.
    pub fn link_by_prefix(&mut self, from: usize) {
        for position in from..self.entries.len() {
            let Some(entry) = self.entries.get(position).filter(|entry| entry.parent.is_none()) else {
                continue;
            };
            let mut prefix = code::shorten(&entry.code);
            let mut parent = None;
            while !prefix.is_empty() && parent.is_none() {
                parent = self.find(prefix);
                prefix = code::shorten(prefix);
            }
            if let Some(entry) = self.entries.get_mut(position) {
                entry.parent = parent;
            }
        }
    }

    /// Says everything to the sink, in the order of the entries.
    pub fn emit(&self, set: CodeSet, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let uses = Uses::new();
        for entry in &self.entries {
            self.emit_entry(entry, set, &uses, sink)?;
        }
        Ok(())
    }

    fn emit_entry(&self, entry: &Entry, set: CodeSet, uses: &Uses, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let (code, at) = (entry.code.as_str(), entry.at);
        let kind = entry.kind.unwrap_or_else(|| kind(entry, set));
        let concept = ConceptRecord {
            code,
            active: true,
            not_selectable: matches!(kind, "chapter" | "block"),
            status: None,
            extensions: None,
        };
        sink.accept(at, Record::Concept(concept))?;
        if let Some(parent) = entry.parent.and_then(|position| self.entries.get(position)) {
            let parent = parent.code.as_str();
            sink.accept(at, Record::Parent { child: code, parent })?;
        }
        let mut property = |at, property, value| {
            let record = PropertyRecord::new(code, property, 0, value);
            sink.accept(at, Record::Property(record))
        };
        property(at, KIND, ValueRecord::String(kind))?;
        property(at, BILLABLE, ValueRecord::Boolean(entry.billable))?;
        for note in &entry.notes {
            property(note.at, note.property, ValueRecord::String(&note.text))?;
        }
        let mut designation = |at, use_, value, kind| {
            let record = DesignationRecord {
                language: Some("en"),
                use_,
                ..DesignationRecord::new(code, value, kind)
            };
            sink.accept(at, Record::Designation(record))
        };
        designation(at, None, &entry.title, DesignationKind::Display)?;
        for term in &entry.terms {
            let (use_, kind) = uses.of(term.use_code);
            designation(term.at, Some(use_), &term.text, kind)?;
        }
        Ok(())
    }
}

/// What a code without a stated kind is.
fn kind(entry: &Entry, set: CodeSet) -> &'static str {
    match (set, entry.code.len(), entry.billable) {
        (CodeSet::Icd10Cm, 3, _) => "category",
        (CodeSet::Icd9Diagnosis, ..) => "diagnosis",
        (CodeSet::Icd9Procedure, ..) => "procedure",
        (_, _, true) => "code",
        (CodeSet::Icd10Pcs, _, false) => "table",
        (CodeSet::Icd10Cm, _, false) => "subcategory",
    }
}

/// The uses of designations. They carry no system: no code system defines them.
struct Uses {
    inclusion: Coding,
    includes: Coding,
    index: Coding,
    short: Coding,
    other: Coding,
}

impl Uses {
    fn new() -> Self {
        let coding = |code: &str, display: &str| Coding {
            code: code.to_owned(),
            display: Some(display.to_owned()),
            ..Coding::default()
        };
        Self {
            inclusion: coding(INCLUSION_TERM, "Inclusion term"),
            includes: coding(INCLUDES, "What the code includes"),
            index: coding(INDEX_TERM, "Entry of the alphabetic index"),
            short: coding(SHORT_TITLE, "Abbreviated title"),
            other: coding(OTHER_TITLE, "Title in another file of the release"),
        }
    }

    fn of(&self, code: &str) -> (&Coding, DesignationKind) {
        match code {
            INCLUSION_TERM => (&self.inclusion, DesignationKind::Related),
            INCLUDES => (&self.includes, DesignationKind::Related),
            INDEX_TERM => (&self.index, DesignationKind::Related),
            SHORT_TITLE => (&self.short, DesignationKind::Synonym),
            _ => (&self.other, DesignationKind::Synonym),
        }
    }
}

//! Collects the records of one code system, numbers its concepts and writes its files.
//!
//! Records come in any order, so a concept is numbered provisionally when its code is first seen and for good
//! when all is known: in depth-first order of the hierarchy, so that a subtree is few runs of ordinals.

use super::members::{self, RawRows};
use super::{BuildError, Files, Interner, Report, codes, concepts, count_u32, designations, hierarchy, refsets, relations, text};
use crate::layout::file;
use crate::model::{Acceptability, CodeSystemHeader, Coding, ConceptOrder, DesignationKind, PropertyDefinition, PropertyType};
use crate::record::{
    AlternateRecord, At, ConceptRecord, DesignationRecord, MemberRecord, Problem, ProblemKind, PropertyRecord,
    RelationshipRecord, RowRecord, ValueRecord,
};

/// What is collected of a concept.
#[derive(Debug, Clone, Default)]
pub(super) struct RawConcept {
    /// Whether a concept record has come; otherwise it is only referred to.
    pub defined: bool,
    pub active: bool,
    pub not_selectable: bool,
    /// Number of its status + 1; 0 for none.
    pub status: u32,
    /// Place among the concept records.
    pub sequence: u32,
    pub extensions: Extensions,
}

/// Number of an entity's extensions + 1; 0 for none. Few have any, and there are millions of entities.
pub(super) type Extensions = u32;

/// What is collected of a designation.
#[derive(Debug, Clone)]
pub(super) struct RawDesignation {
    pub concept: u32,
    pub language: u32,
    pub use_: u32,
    pub kind: DesignationKind,
    pub active: bool,
    pub text: (usize, usize),
    /// Length of the publisher's id, which follows the text in the heap.
    pub id: u32,
    pub dialects: (u32, u32),
    /// Numbers of module and case significance + 1, and the effective time; 0 for none.
    pub module: u32,
    pub case: u32,
    pub time: u32,
    pub made: bool,
    pub extensions: Extensions,
    at: At,
}

/// What is collected of a property.
#[derive(Debug, Clone)]
pub(super) struct RawProperty {
    pub concept: u32,
    pub property: u32,
    pub group: u16,
    pub kind: PropertyType,
    /// Number of the value's text; of a code, the provisional number of the concept.
    pub value: u32,
    /// The publisher's id of the relationship; 0 for none.
    pub id: u64,
    pub extensions: Extensions,
    must_resolve: bool,
    at: At,
}

/// What is collected of a reference set member.
#[derive(Debug, Clone)]
pub(super) struct RawMember {
    pub refset: u32,
    pub member: u32,
    pub fields: (u32, u32),
    at: At,
}

/// Counts of a finished code system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CodeSystemCounts {
    /// Concepts, retired ones included.
    pub concepts: u64,
    /// Concepts in use.
    pub active: u64,
    /// Designations of every kind.
    pub designations: u64,
    /// Parent links and coded properties.
    pub relations: u64,
    /// Reference set members.
    pub members: u64,
}

/// Collects one code system.
pub struct CodeSystemBuilder {
    pub(super) header: CodeSystemHeader,
    pub(super) codes: Interner,
    pub(super) concepts: Vec<RawConcept>,
    pub(super) statuses: Interner,
    pub(super) designations: Vec<RawDesignation>,
    pub(super) heap: String,
    pub(super) languages: Interner,
    pub(super) uses: Interner,
    pub(super) dialect_names: Interner,
    pub(super) dialects: Vec<u32>,
    pub(super) designation_modules: Interner,
    pub(super) cases: Interner,
    pub(super) parents: Vec<(u32, u32, At)>,
    /// Publisher's ids of parent links: child, parent, id.
    pub(super) parent_ids: Vec<(u32, u32, u64)>,
    pub(super) property_codes: Interner,
    pub(super) properties: Vec<RawProperty>,
    pub(super) values: Interner,
    pub(super) members: Vec<RawMember>,
    pub(super) fields: Vec<(u32, u32)>,
    pub(super) field_strings: Interner,
    pub(super) rows: RawRows,
    extensions: Vec<Box<str>>,
    defined: u32,
    with_text: bool,
}

impl CodeSystemBuilder {
    /// Starts a code system. Without `with_text` no word index is built and searches scan the terms: right for
    /// the small code systems of a request.
    pub fn new(header: CodeSystemHeader, with_text: bool) -> Self {
        let mut property_codes = Interner::default();
        for property in &header.properties {
            property_codes.intern(&property.code);
        }
        Self {
            header,
            codes: Interner::default(),
            concepts: Vec::new(),
            statuses: Interner::default(),
            designations: Vec::new(),
            heap: String::new(),
            languages: Interner::default(),
            uses: Interner::default(),
            dialect_names: Interner::default(),
            dialects: Vec::new(),
            designation_modules: Interner::default(),
            cases: Interner::default(),
            parents: Vec::new(),
            parent_ids: Vec::new(),
            property_codes,
            properties: Vec::new(),
            values: Interner::default(),
            members: Vec::new(),
            fields: Vec::new(),
            field_strings: Interner::default(),
            rows: RawRows::default(),
            extensions: Vec::new(),
            defined: 0,
            with_text,
        }
    }

    /// The header as given, with properties declared by use once finished.
    pub fn header(&self) -> &CodeSystemHeader {
        &self.header
    }

    fn concept_number(&mut self, code: &str) -> u32 {
        let number = self.codes.intern(code);
        if number as usize == self.concepts.len() {
            self.concepts.push(RawConcept::default());
        }
        number
    }

    fn keep_extensions(&mut self, extensions: Option<&str>) -> Extensions {
        let Some(extensions) = extensions else { return 0 };
        self.extensions.push(extensions.into());
        self.extensions.len() as Extensions
    }

    /// The extensions of an entity, by their number.
    pub(super) fn extension(&self, number: Extensions) -> Option<&str> {
        let place = number.checked_sub(1)?;
        self.extensions.get(place as usize).map(|text| &**text)
    }

    /// The publisher's id of a designation; empty where it has none.
    pub(super) fn id_of(&self, designation: &RawDesignation) -> &str {
        let start = designation.text.1;
        self.heap.get(start..start + designation.id as usize).unwrap_or("")
    }

    fn keep(&mut self, text: &str) -> (usize, usize) {
        let start = self.heap.len();
        self.heap.push_str(text);
        (start, self.heap.len())
    }

    /// Takes a concept.
    pub fn concept(&mut self, at: At, record: ConceptRecord<'_>, report: Report<'_>) -> Result<(), BuildError> {
        if record.code.is_empty() {
            report(at, Problem::new(ProblemKind::BadIdentifier, "the code is empty"))?;
            return Ok(());
        }
        let number = self.concept_number(record.code);
        let status = record.status.map_or(0, |status| self.statuses.intern(status) + 1);
        if self.concepts[number as usize].defined {
            let message = format!("the code {} occurs a second time; the first is kept", record.code);
            report(at, Problem::new(ProblemKind::DuplicateKey, message))?;
            return Ok(());
        }
        let extensions = self.keep_extensions(record.extensions);
        self.concepts[number as usize] = RawConcept {
            defined: true,
            active: record.active,
            not_selectable: record.not_selectable,
            status,
            sequence: self.defined,
            extensions,
        };
        self.defined += 1;
        Ok(())
    }

    /// Takes a designation.
    pub fn designation(&mut self, at: At, record: DesignationRecord<'_>) {
        let concept = self.concept_number(record.code);
        let language = record.language.map_or(0, |language| self.languages.intern(language) + 1);
        let use_ = record.use_.map_or(0, |use_| self.uses.intern(&coding_text(use_)) + 1);
        let text = self.keep(record.value);
        let id = record.id.map_or(0, |id| {
            let (start, end) = self.keep(id);
            (end - start) as u32
        });
        let extensions = self.keep_extensions(record.extensions);
        let first = self.dialects.len() as u32;
        for (dialect, acceptability) in record.acceptability {
            let name = self.dialect_names.intern(dialect);
            self.dialects
                .push(name * 2 + u32::from(*acceptability == Acceptability::Acceptable));
        }
        let provenance = record.provenance;
        let module = provenance.map_or(0, |known| self.designation_modules.intern(known.module) + 1);
        let case = provenance.and_then(|known| known.case_significance);
        let case = case.map_or(0, |case| self.cases.intern(case) + 1);
        self.designations.push(RawDesignation {
            module,
            case,
            time: provenance.map_or(0, |known| known.effective_time),
            made: record.made,
            concept,
            language,
            use_,
            kind: record.kind,
            active: record.active,
            text,
            id,
            dialects: (first, self.dialects.len() as u32),
            extensions,
            at,
        });
    }

    /// Takes a parent link.
    pub fn parent(&mut self, at: At, child: &str, parent: &str) {
        let child = self.concept_number(child);
        let parent = self.concept_number(parent);
        self.parents.push((child, parent, at));
    }

    /// Takes a property.
    pub fn property(&mut self, at: At, record: PropertyRecord<'_>) {
        let concept = self.concept_number(record.code);
        let property = self.property_codes.intern(record.property);
        let kind = record.value.property_type();
        if property as usize >= self.header.properties.len() {
            self.header.properties.push(PropertyDefinition {
                code: record.property.to_owned(),
                uri: None,
                description: None,
                property_type: kind,
            });
        }
        let value = match record.value {
            ValueRecord::Code(code) => self.concept_number(code),
            ValueRecord::Coding(coding) => self.values.intern(&coding_text(coding)),
            ValueRecord::String(text) | ValueRecord::DateTime(text) | ValueRecord::Decimal(text) => self.values.intern(text),
            ValueRecord::Integer(number) => self.values.intern(&number.to_string()),
            ValueRecord::Boolean(truth) => self.values.intern(if truth { "true" } else { "false" }),
        };
        let extensions = self.keep_extensions(record.extensions);
        self.properties.push(RawProperty {
            concept,
            property,
            group: record.group,
            kind,
            value,
            id: 0,
            extensions,
            must_resolve: record.must_resolve,
            at,
        });
    }

    /// Takes a relationship with an id.
    pub fn relationship(&mut self, at: At, record: &RelationshipRecord<'_>) {
        let property = record.property;
        if let (true, ValueRecord::Code(parent)) = (record.is_parent, property.value) {
            self.parent(at, property.code, parent);
            if let Some((child, parent, _)) = self.parents.last() {
                self.parent_ids.push((*child, *parent, record.id));
            }
        } else {
            self.property(at, property);
            if let Some(last) = self.properties.last_mut() {
                last.id = record.id;
            }
        }
    }

    /// Takes a reference set member.
    pub fn member(&mut self, at: At, record: MemberRecord<'_>) {
        let refset = self.concept_number(record.refset);
        let member = self.concept_number(record.member);
        let first = self.fields.len() as u32;
        for (name, value) in record.fields {
            let pair = (self.field_strings.intern(name), self.field_strings.intern(value));
            self.fields.push(pair);
        }
        let fields = (first, self.fields.len() as u32);
        self.members.push(RawMember {
            refset,
            member,
            fields,
            at,
        });
    }

    /// Takes a row of a reference set.
    pub fn row(&mut self, at: At, record: &RowRecord<'_>) {
        let refset = self.concept_number(record.refset);
        self.rows.push(at, refset, record);
    }

    /// Takes an alternate identifier.
    pub fn alternate(&mut self, record: &AlternateRecord<'_>) {
        self.rows.push_alternate(record);
    }

    /// Drops what refers to concepts that never came, and reports each.
    fn resolve(&mut self, report: Report<'_>) -> Result<(), BuildError> {
        let (concepts, codes) = (&self.concepts, &self.codes);
        let known = |number: u32| concepts.get(number as usize).is_some_and(|concept| concept.defined);
        let mut stop = None;
        let mut check = |at: At, what: &str, numbers: &[u32]| -> bool {
            let Some(unknown) = numbers.iter().find(|number| !known(**number)) else {
                return true;
            };
            let message = format!("{what} refers to {}, which is no concept of the release", codes.get(*unknown));
            if stop.is_none() {
                stop = report(at, Problem::new(ProblemKind::UnknownReference, message)).err();
            }
            false
        };
        self.designations.retain(|d| check(d.at, "a designation", &[d.concept]));
        self.parents
            .retain(|(child, parent, at)| check(*at, "a parent link", &[*child, *parent]));
        self.properties.retain(|p| {
            if p.must_resolve && p.kind == PropertyType::Code {
                check(p.at, "a relation", &[p.concept, p.value])
            } else {
                check(p.at, "a property", &[p.concept])
            }
        });
        self.members
            .retain(|m| check(m.at, "a reference set member", &[m.refset, m.member]));
        if let Some(stopped) = stop {
            return Err(stopped.into());
        }
        self.resolve_rows(report)
    }

    /// Drops rows of what is no reference set of the release, or of what must be a concept and is none.
    fn resolve_rows(&mut self, report: Report<'_>) -> Result<(), BuildError> {
        let (concepts, codes, rows) = (&self.concepts, &self.codes, &mut self.rows);
        let known = |number: u32| concepts.get(number as usize).is_some_and(|concept| concept.defined);
        for place in 0..rows.len() {
            let component = rows.component(place);
            let unknown = if !known(rows.refset(place)) {
                codes.get(rows.refset(place))
            } else if rows.must_resolve(place) && !codes.number(component).is_some_and(known) {
                component
            } else {
                continue;
            };
            if rows.must_resolve(place) {
                let message = format!("a reference set member refers to {unknown}, which is no concept of the release");
                report(rows.at(place), Problem::new(ProblemKind::UnknownReference, message))?;
            }
            rows.leave_out(place);
        }
        Ok(())
    }

    /// Ranks the concepts by the order that the header asks for: provisional numbers, in order.
    fn ordered(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.concepts.len() as u32)
            .filter(|number| self.concepts[*number as usize].defined)
            .collect();
        match self.header.order {
            ConceptOrder::AsGiven => order.sort_unstable_by_key(|number| self.concepts[*number as usize].sequence),
            ConceptOrder::ByCode => order.sort_unstable_by(|a, b| self.codes.get(*a).cmp(self.codes.get(*b))),
        }
        order
    }

    /// Numbers the concepts and writes all files. Faults between records are reported and what is at fault is
    /// left out. Returns the completed header, the files and the counts.
    pub fn finish(mut self, report: Report<'_>) -> Result<(CodeSystemHeader, Files, CodeSystemCounts), BuildError> {
        count_u32("designations", self.designations.len())?;
        count_u32("properties", self.properties.len())?;
        count_u32("concepts", self.concepts.len())?;
        self.resolve(report)?;
        let order = self.ordered();
        let numbering = hierarchy::Numbering::new(&self, &order, report)?;
        drop(order);
        let coded = self
            .properties
            .iter()
            .filter(|p| matches!(p.kind, PropertyType::Code))
            .count();
        let counts = CodeSystemCounts {
            concepts: numbering.len() as u64,
            active: self
                .concepts
                .iter()
                .filter(|concept| concept.defined && concept.active)
                .count() as u64,
            designations: self.designations.iter().filter(|designation| !designation.made).count() as u64,
            relations: (self.parents.len() + coded) as u64,
            members: self.members.len() as u64 + self.rows.active(),
        };
        let sorted = designations::sort(&mut self, &numbering);
        // What has been written is dropped at once, the largest first: a release is millions of rows.
        let mut files = Files::default();
        let table = members::Table::new(&self, &numbering, &sorted)?;
        let listed = table.members();
        if !self.members.is_empty() || !listed.is_empty() {
            files.add(file::REFSETS, refsets::write(&self, &numbering, &listed)?);
        }
        drop(listed);
        if !self.rows.is_empty() {
            files.add(file::MEMBERS, table.write()?);
        } else {
            drop(table);
        }
        self.rows = RawRows::default();
        files.add(file::RELATIONS, relations::write(&self, &numbering)?);
        (self.properties, self.values) = (Vec::new(), Interner::default());
        files.add(file::CODES, codes::write(&self, &numbering)?);
        files.add(file::CONCEPTS, concepts::write(&self, &numbering));
        files.add(file::HIERARCHY, numbering.write(&self.parent_ids));
        (self.parents, self.parent_ids) = (Vec::new(), Vec::new());
        files.add(file::DESIGNATIONS, designations::write(&self, &numbering, &sorted)?);
        if self.with_text {
            files.add(file::TEXT, text::write(&self, &numbering, &sorted)?);
        }
        let listed_order = [
            file::CODES,
            file::CONCEPTS,
            file::DESIGNATIONS,
            file::HIERARCHY,
            file::RELATIONS,
            file::REFSETS,
            file::MEMBERS,
            file::TEXT,
        ];
        Ok((self.header, files.in_order_of(&listed_order), counts))
    }
}

/// A coding as four lines: system, version, code, display. Line breaks inside become blanks.
pub(super) fn coding_text(coding: &Coding) -> String {
    let line = |text: &str| text.replace('\n', " ");
    format!(
        "{}\n{}\n{}\n{}",
        line(coding.system.as_deref().unwrap_or("")),
        line(coding.version.as_deref().unwrap_or("")),
        line(&coding.code),
        line(coding.display.as_deref().unwrap_or(""))
    )
}

//! General equivalence mappings (CMS, NCHS): ICD-9-CM to and from ICD-10-CM and ICD-10-PCS, as concept maps.
//!
//! A line has a source code, a target code and five flags: approximate, no map, combination, scenario, choice
//! list. An entry that is neither approximate nor part of a combination is `equivalent`; any other is
//! `related-to`, because the file does not say which side is broader. A combination's scenario becomes the
//! group and its choice list the priority: a translation takes one row of each choice list of one scenario.
//! The publisher gives the maps no canonical URL; [`Direction::url`] is this project's.

use super::{code::CodeSet, titles};
use crate::{LoadError, decode, source::Member};
use std::collections::HashSet;
use tern_index::model::{ConceptMapHeader, MappingAttribute, MappingAttributeRole, Relationship};
use tern_index::record::{At, MappingRecord, Problem, ProblemKind, Record, RecordSink};

/// Which map a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `I9gem.txt`
    Icd9ToIcd10Cm,
    /// `I10gem.txt`
    Icd10CmToIcd9,
    /// `gem_i9pcs.txt`
    Icd9ToIcd10Pcs,
    /// `gem_pcsi9.txt`
    Icd10PcsToIcd9,
}

impl Direction {
    /// Reads a lower-case file name without its ending; a year may stand before it or after it.
    pub fn by_name(stem: &str) -> Option<Self> {
        let bare = stem.trim_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, '_' | '-' | ' '));
        Some(match bare {
            "i9gem" => Self::Icd9ToIcd10Cm,
            "i10gem" | "i10gem_i9gem" => Self::Icd10CmToIcd9,
            "gem_i9pcs" => Self::Icd9ToIcd10Pcs,
            "gem_pcsi" | "gem_pcsi9" => Self::Icd10PcsToIcd9,
            _ => return None,
        })
    }

    fn sets(self) -> (CodeSet, CodeSet) {
        match self {
            Self::Icd9ToIcd10Cm => (CodeSet::Icd9Diagnosis, CodeSet::Icd10Cm),
            Self::Icd10CmToIcd9 => (CodeSet::Icd10Cm, CodeSet::Icd9Diagnosis),
            Self::Icd9ToIcd10Pcs => (CodeSet::Icd9Procedure, CodeSet::Icd10Pcs),
            Self::Icd10PcsToIcd9 => (CodeSet::Icd10Pcs, CodeSet::Icd9Procedure),
        }
    }

    /// Canonical URL of the concept map.
    pub fn url(self) -> &'static str {
        match self {
            Self::Icd9ToIcd10Cm => "https://www.cms.gov/gem/icd-9-cm-to-icd-10-cm",
            Self::Icd10CmToIcd9 => "https://www.cms.gov/gem/icd-10-cm-to-icd-9-cm",
            Self::Icd9ToIcd10Pcs => "https://www.cms.gov/gem/icd-9-cm-to-icd-10-pcs",
            Self::Icd10PcsToIcd9 => "https://www.cms.gov/gem/icd-10-pcs-to-icd-9-cm",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Icd9ToIcd10Cm => "General equivalence mapping ICD-9-CM diagnoses to ICD-10-CM",
            Self::Icd10CmToIcd9 => "General equivalence mapping ICD-10-CM to ICD-9-CM diagnoses",
            Self::Icd9ToIcd10Pcs => "General equivalence mapping ICD-9-CM procedures to ICD-10-PCS",
            Self::Icd10PcsToIcd9 => "General equivalence mapping ICD-10-PCS to ICD-9-CM procedures",
        }
    }
}

/// A line of a GEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Source code as FHIR spells it.
    pub source: String,
    /// Target code as FHIR spells it; `None` for "no map".
    pub target: Option<String>,
    /// The meanings differ, as is normal between the two revisions.
    pub approximate: bool,
    /// The target must be combined with others to hold the whole meaning.
    pub combination: bool,
    /// Which of several alternatives of combinations; 0 outside combinations.
    pub scenario: u16,
    /// Which part of the combination; 0 outside combinations.
    pub choice: u16,
}

/// Reads a line.
pub fn line(direction: Direction, text: &str) -> Result<Line, titles::Fault> {
    let ragged = |message: String| ("", Problem::new(ProblemKind::RaggedRow, message));
    let mut fields = text.split_whitespace();
    let (Some(source), Some(target), Some(flags), None) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
        let found = text.split_whitespace().count();
        return Err(ragged(format!(
            "the line has {found} fields, a GEM has 3: source, target, flags"
        )));
    };
    let (from, to) = direction.sets();
    let column = |name: &'static str| move |(_, problem): titles::Fault| (name, problem);
    let source = titles::spell(from, source).map_err(column("source"))?;
    let bad = |message: String| ("flags", Problem::new(ProblemKind::BadValue, message));
    let &[approximate, no_map, combination, scenario, choice] = flags.as_bytes() else {
        return Err(bad(format!("the flags {flags:?} are not five digits")));
    };
    if !flags.bytes().all(|byte| byte.is_ascii_digit()) || [approximate, no_map, combination].iter().any(|flag| *flag > b'1') {
        return Err(bad(format!("the flags {flags:?} are not three of 0 and 1 and two digits")));
    }
    let stated_none = target.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("no"));
    if stated_none != (no_map == b'1') {
        return Err(bad(format!(
            "the flags {flags:?} and the target {target} disagree on whether there is a map"
        )));
    }
    Ok(Line {
        source,
        target: if stated_none {
            None
        } else {
            Some(titles::spell(to, target).map_err(column("target"))?)
        },
        approximate: approximate == b'1',
        combination: combination == b'1',
        scenario: u16::from(scenario - b'0'),
        choice: u16::from(choice - b'0'),
    })
}

/// Reads a file into a concept map.
pub fn load(
    member: &Member,
    direction: Direction,
    version: Option<String>,
    loader: &str,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    let text = decode::text(member, sink)?;
    let file = sink.name(member.shown());
    let header = ConceptMapHeader {
        url: direction.url().to_owned(),
        version,
        title: Some(direction.title().to_owned()),
        status: Some("active".to_owned()),
        publisher: Some("Centers for Medicare & Medicaid Services".to_owned()),
        copyright: Some("In the public domain in the United States.".to_owned()),
        loader: loader.to_owned(),
        ..ConceptMapHeader::default()
    };
    sink.accept(At { file, ..At::default() }, Record::ConceptMap(&header))?;
    let (from, to) = direction.sets();
    let mut seen = HashSet::new();
    for (number, text) in (1u32..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let mut at = At {
            file,
            line: number,
            column: 0,
        };
        let row = match line(direction, text) {
            Ok(row) => row,
            Err((column, problem)) => {
                at.column = if column.is_empty() { 0 } else { sink.name(column) };
                sink.problem(at, problem)?;
                continue;
            }
        };
        if !seen.insert((row.source.clone(), row.target.clone(), row.scenario, row.choice)) {
            let message = format!("{} has this target in an earlier line", row.source);
            sink.problem(at, Problem::new(ProblemKind::DuplicateKey, message))?;
            continue;
        }
        let attributes = attributes(&row);
        let record = MappingRecord {
            group: row.scenario,
            priority: row.choice,
            attributes: &attributes,
            ..MappingRecord::new(
                (from.system(), &row.source),
                (to.system(), row.target.as_deref()),
                relationship(&row),
            )
        };
        sink.accept(at, Record::Mapping(record))?;
    }
    Ok(())
}

fn relationship(row: &Line) -> Relationship {
    match (&row.target, row.approximate || row.combination) {
        (None, _) => Relationship::NotRelatedTo,
        (Some(_), false) => Relationship::Equivalent,
        (Some(_), true) => Relationship::RelatedTo,
    }
}

/// The flags as the file has them, so that nothing is lost in relationship, group and priority.
fn attributes(row: &Line) -> Vec<MappingAttribute> {
    let property = |attribute: &str, value: String, value_type: &str| MappingAttribute {
        role: MappingAttributeRole::Property,
        attribute: attribute.to_owned(),
        system: None,
        value,
        display: None,
        value_type: value_type.to_owned(),
    };
    let mut attributes = vec![property("approximate", row.approximate.to_string(), "Boolean")];
    if row.target.is_none() {
        attributes.push(property("noMap", "true".to_owned(), "Boolean"));
    }
    if row.combination {
        attributes.push(property("combination", "true".to_owned(), "Boolean"));
        attributes.push(property("scenario", row.scenario.to_string(), "Integer"));
        attributes.push(property("choiceList", row.choice.to_string(), "Integer"));
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_become_relationship_group_and_priority() {
        let read = |text| line(Direction::Icd10CmToIcd9, text).unwrap();
        let exact = read("A000    0010  00000");
        assert_eq!((exact.source.as_str(), exact.target.as_deref()), ("A00.0", Some("001.0")));
        assert_eq!(relationship(&exact), Relationship::Equivalent);
        let loose = read("A0100   0020  10000");
        assert_eq!(relationship(&loose), Relationship::RelatedTo);
        let part = read("A021    99591 10112");
        assert_eq!((part.scenario, part.choice, part.combination), (1, 2, true));
        let none = read("T502X6S NoDx  11000");
        assert_eq!(
            (none.target.as_deref(), relationship(&none)),
            (None, Relationship::NotRelatedTo)
        );
    }

    #[test]
    fn faults_name_their_column() {
        let fault = |text: &str| line(Direction::Icd9ToIcd10Cm, text).unwrap_err();
        assert_eq!(fault("0010 A000").1.kind, ProblemKind::RaggedRow);
        assert_eq!(fault("xx A000 00000").0, "source");
        assert_eq!(fault("0010 ?? 00000").0, "target");
        for flags in ["0000", "20000", "0000x", "01000"] {
            assert_eq!(fault(&format!("0010 A000 {flags}")).0, "flags", "{flags}");
        }
        assert_eq!(fault("0010 NoDx 10000").0, "flags");
    }

    proptest! {
        #[test]
        fn no_line_panics(text in "\\PC*") {
            let _ = line(Direction::Icd9ToIcd10Cm, &text);
        }

        #[test]
        fn nearly_sound_lines_do_not_panic(text in "[A-Z0-9é]{0,8} [NoDxA-Z0-9.é]{0,8} [0-9é]{0,6}") {
            let _ = line(Direction::Icd10PcsToIcd9, &text);
        }
    }
}

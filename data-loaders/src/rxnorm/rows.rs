//! The rows of each RRF file turned into records.
//!
//! Everything streams; between files only the table of concepts and the replacements of retired ones is held.

use super::concepts::{Concepts, is_type, rxcui};
use super::files;
use super::{NAME, NDC, SYSTEM};
use crate::table::{Dialect, Row, Table};
use crate::{LoadError, source::Member};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use tern_index::model::{Coding, ConceptMapHeader, DesignationKind, MappingAttribute, MappingAttributeRole, Relationship};
use tern_index::record::{
    At, ConceptRecord, DesignationRecord, MappingRecord, Problem, ProblemKind, PropertyRecord, Record, RecordSink, ValueRecord,
};

/// Reads all rows of a headless file.
fn each(
    member: &Member,
    columns: &[&str],
    sink: &mut dyn RecordSink,
    mut take: impl FnMut(&Row<'_>, &mut dyn RecordSink) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut table = Table::open_headless(member, Dialect::Pipe, columns, sink)?;
    while let Some(row) = table.next(sink)? {
        take(&row, sink)?;
    }
    Ok(())
}

/// The RXCUI in a column, or a reported fault.
fn cui(row: &Row<'_>, column: usize, sink: &mut dyn RecordSink) -> Result<Option<u32>, LoadError> {
    let text = row.get(column);
    let number = rxcui(text);
    if number.is_none() {
        let at = row.at_column(column, sink);
        let message = format!("{text:?} is no RXCUI: a number without leading zeros");
        sink.problem(at, Problem::new(ProblemKind::BadIdentifier, message))?;
    }
    Ok(number)
}

fn unknown(row: &Row<'_>, column: usize, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let at = row.at_column(column, sink);
    let message = format!("the RXCUI {} has no RxNorm name in RXNCONSO.RRF", row.get(column));
    Ok(sink.problem(at, Problem::new(ProblemKind::UnknownReference, message))?)
}

fn property<'a>(code: &'a str, property: &'a str, value: ValueRecord<'a>, must_resolve: bool) -> Record<'a> {
    Record::Property(PropertyRecord {
        must_resolve,
        ..PropertyRecord::new(code, property, 0, value)
    })
}

/// First pass over RXNCONSO: which concepts there are, and which atom is the display of each.
pub fn survey(member: &Member, sink: &mut dyn RecordSink) -> Result<Concepts, LoadError> {
    let mut concepts = Concepts::default();
    each(member, &files::CONSO.1, sink, |row, sink| {
        let Some(number) = cui(row, 0, sink)? else { return Ok(()) };
        if row.get(14).trim().is_empty() {
            let at = row.at_column(14, sink);
            return Ok(sink.problem(at, Problem::new(ProblemKind::BadValue, "the name is empty"))?);
        }
        concepts.note_source(number, row.get(11));
        if row.get(11) == "RXNORM" {
            concepts.note(number, row.get(12), row.get(16), row.at().line.into());
        }
        Ok(())
    })?;
    concepts.settle();
    Ok(concepts)
}

/// A sink for the second pass over a file: it passes records on and keeps faults that the first pass reported.
struct Quiet<'s>(&'s mut dyn RecordSink);

impl RecordSink for Quiet<'_> {
    fn name(&mut self, name: &str) -> u16 {
        self.0.name(name)
    }
    fn accept(&mut self, at: At, record: Record<'_>) -> Result<(), tern_index::record::Stopped> {
        self.0.accept(at, record)
    }
    fn problem(&mut self, _: At, _: Problem) -> Result<(), tern_index::record::Stopped> {
        Ok(())
    }
    fn ignored(&mut self, _: &str, _: &str) {}
    fn progress(&mut self, _: u64) {}
}

/// Second pass over RXNCONSO: concepts and terms.
pub fn names(member: &Member, concepts: &Concepts, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut uses: BTreeMap<String, Coding> = BTreeMap::new();
    // Sources repeat one another's wordings; atoms of a concept stand together, so its last run is enough.
    let mut run = (0, HashSet::new());
    each(member, &files::CONSO.1, &mut Quiet(sink), |row, sink| {
        let (code, tty, text) = (row.get(0), row.get(12), row.get(14).trim());
        let own = row.get(11) == "RXNORM";
        let Some((number, concept)) = rxcui(code).and_then(|number| Some((number, concepts.get(number)?))) else {
            return Ok(());
        };
        let display = own && concept.display == u64::from(row.at().line);
        if text.is_empty() || (!own && (row.get(1) != "ENG" || !matches!(row.get(16), "N" | ""))) {
            return Ok(());
        }
        if run.0 != number {
            run.0 = number;
            run.1.clear();
        }
        let fresh = run.1.insert(text.to_owned());
        if display {
            concept_records(row, code, number, concepts, sink)?;
        } else if !fresh {
            return Ok(());
        }
        if !uses.contains_key(tty) {
            let coding = Coding {
                code: tty.to_owned(),
                ..Coding::default()
            };
            uses.insert(tty.to_owned(), coding);
        }
        let record = DesignationRecord {
            code,
            id: Some(row.get(7)).filter(|id| !id.is_empty()),
            language: Some("en"),
            use_: uses.get(tty),
            value: text,
            active: row.get(16) != "O",
            kind: if display {
                DesignationKind::Display
            } else {
                DesignationKind::Synonym
            },
            acceptability: &[],
            provenance: None,
            made: false,
            extensions: None,
        };
        Ok(sink.accept(row.at(), Record::Designation(record))?)
    })
}

/// The concept itself with its term types, sources and suppression.
fn concept_records(
    row: &Row<'_>,
    code: &str,
    number: u32,
    concepts: &Concepts,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    let Some(concept) = concepts.get(number) else { return Ok(()) };
    let at = row.at();
    let suppress = row.get(16);
    let record = ConceptRecord {
        code,
        active: concept.active,
        not_selectable: false,
        status: Some(suppress).filter(|suppress| !matches!(*suppress, "N" | "")),
        extensions: None,
    };
    sink.accept(at, Record::Concept(record))?;
    // The type of the display comes first: it is the one that says what the concept is.
    let main = concepts.types.name(concept.main_type).unwrap_or(row.get(12));
    sink.accept(at, property(code, "TTY", ValueRecord::String(main), false))?;
    for other in concepts
        .types
        .of(concept.types)
        .filter(|other| *other != main && is_type(other))
    {
        sink.accept(at, property(code, "TTY", ValueRecord::String(other), false))?;
    }
    for source in concepts.sources.of(concept.sources) {
        sink.accept(at, property(code, "SAB", ValueRecord::String(source), false))?;
    }
    if !matches!(suppress, "N" | "") {
        sink.accept(at, property(code, "SUPPRESS", ValueRecord::String(suppress), false))?;
    }
    Ok(())
}

/// RXNREL: what RXCUI2 is to RXCUI1. The publisher's rows read from the second concept to the first.
pub fn relations(member: &Member, concepts: &Concepts, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    each(member, &files::REL.1, sink, |row, sink| {
        if row.get(10) != "RXNORM" || row.get(2) != "CUI" || row.get(6) != "CUI" || row.get(14) == "O" {
            return Ok(());
        }
        for column in [4, 0] {
            let Some(number) = cui(row, column, sink)? else {
                return Ok(());
            };
            if concepts.get(number).is_none() {
                return unknown(row, column, sink);
            }
        }
        let (target, subject, rel, rela) = (row.get(0), row.get(4), row.get(3), row.get(7));
        for name in [rela, rel] {
            if !name.is_empty() {
                sink.accept(row.at(), property(subject, name, ValueRecord::Code(target), true))?;
            }
        }
        Ok(())
    })
}

/// RXNSTY: semantic types as codings of their TUI.
pub fn semantic_types(member: &Member, concepts: &Concepts, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut types: BTreeMap<String, Coding> = BTreeMap::new();
    each(member, &files::STY.1, sink, |row, sink| {
        let Some(number) = cui(row, 0, sink)? else { return Ok(()) };
        // The file also lists concepts that only other sources name.
        if concepts.get(number).is_none() {
            return Ok(());
        }
        let tui = row.get(1);
        if !tui.starts_with('T') {
            let at = row.at_column(1, sink);
            let message = format!("{tui:?} is no semantic type identifier such as T121");
            return Ok(sink.problem(at, Problem::new(ProblemKind::BadValue, message))?);
        }
        if !types.contains_key(tui) {
            let coding = Coding {
                code: tui.to_owned(),
                display: Some(row.get(3).to_owned()),
                ..Coding::default()
            };
            types.insert(tui.to_owned(), coding);
        }
        let Some(coding) = types.get(tui) else { return Ok(()) };
        Ok(sink.accept(row.at(), property(row.get(0), "STY", ValueRecord::Coding(coding), false))?)
    })
}

/// RXNSAT: attributes of RxNorm itself as properties; NDC attributes as rows of the map from NDC.
///
/// The map is opened by the first NDC, so that a release without any (the file is optional) has no empty map.
pub fn attributes(
    member: &Member,
    concepts: &Concepts,
    version: Option<&str>,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    let mut seen: HashSet<(u64, u32)> = HashSet::new();
    let mut opened = false;
    each(member, &files::SAT.1, sink, |row, sink| {
        if row.get(9) != "RXNORM" {
            return Ok(());
        }
        let Some(number) = cui(row, 0, sink)? else { return Ok(()) };
        if concepts.get(number).is_none() {
            return unknown(row, 0, sink);
        }
        let (name, value) = (row.get(8), row.get(10));
        if name != "NDC" {
            if name.is_empty() || value.is_empty() {
                return Ok(());
            }
            return Ok(sink.accept(row.at(), property(row.get(0), name, ValueRecord::String(value), false))?);
        }
        let digits = value
            .parse::<u64>()
            .ok()
            .filter(|_| value.len() == 11 && value.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(digits) = digits else {
            let at = row.at_column(10, sink);
            let message = format!("{value:?} is no NDC of eleven digits");
            return Ok(sink.problem(at, Problem::new(ProblemKind::BadIdentifier, message))?);
        };
        // One NDC may stand at several atoms of the concept.
        if !seen.insert((digits, number)) {
            return Ok(());
        }
        if !opened {
            opened = true;
            sink.accept(row.at(), Record::ConceptMap(&ndc_header(version)))?;
        }
        let suppress = row.get(11);
        let suppressed = MappingAttribute {
            role: MappingAttributeRole::Property,
            attribute: "SUPPRESS".to_owned(),
            system: None,
            value: suppress.to_owned(),
            display: None,
            value_type: "String".to_owned(),
        };
        let attributes = if matches!(suppress, "N" | "") {
            &[][..]
        } else {
            std::slice::from_ref(&suppressed)
        };
        // A package of a product is narrower than the drug that RxNorm names.
        let record = mapping(
            NDC,
            value,
            Some(row.get(0)),
            version,
            Relationship::SourceIsNarrowerThanTarget,
            attributes,
        );
        Ok(sink.accept(row.at(), Record::Mapping(record))?)
    })
}

fn mapping<'a>(
    source_system: &'a str,
    source_code: &'a str,
    target_code: Option<&'a str>,
    version: Option<&'a str>,
    relationship: Relationship,
    attributes: &'a [MappingAttribute],
) -> MappingRecord<'a> {
    MappingRecord {
        source_version: version.filter(|_| source_system == SYSTEM),
        target_version: version,
        attributes,
        ..MappingRecord::new((source_system, source_code), (SYSTEM, target_code), relationship)
    }
}

fn ndc_header(version: Option<&str>) -> ConceptMapHeader {
    map_header(
        super::NDC_MAP,
        "NDC to RxNorm",
        "NDC attributes of RXNSAT, eleven digits without hyphens",
        version,
    )
}

fn map_header(url: &str, title: &str, description: &str, version: Option<&str>) -> ConceptMapHeader {
    ConceptMapHeader {
        url: url.to_owned(),
        version: version.map(str::to_owned),
        title: Some(title.to_owned()),
        status: Some("active".to_owned()),
        date: version.and_then(files::date),
        publisher: Some("National Library of Medicine".to_owned()),
        description: Some(description.to_owned()),
        copyright: Some(super::NOTICE.to_owned()),
        loader: NAME.to_owned(),
        ..ConceptMapHeader::default()
    }
}

/// A retired concept: what it was called, and the concepts that took its place.
#[derive(Debug, Default)]
struct Retired {
    name: Option<(String, String)>,
    at: At,
    replacements: BTreeSet<u32>,
}

/// RXNCUI and RXNATOMARCHIVE: concepts that are gone, as inactive concepts, and the map of what replaced them.
///
/// The archive has the concept that an atom had in RXCUI and the one it went to in MERGED_TO_RXCUI; the history
/// file has the old one in CUI1 and what it was merged into in CUI2 (the same, where it was only dropped). The
/// history also lists concepts that only other sources ever named: one that the archive has no RxNorm name for
/// is no concept of this code system, but its replacement is worth knowing, so it is in the map.
pub fn retired(
    history: Option<&Member>,
    archive: Option<&Member>,
    concepts: &Concepts,
    version: Option<&str>,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    let mut gone: BTreeMap<u32, Retired> = BTreeMap::new();
    if let Some(member) = history {
        each(member, &files::CUI.1, sink, |row, sink| {
            let Some(old) = cui(row, 0, sink)? else { return Ok(()) };
            if concepts.get(old).is_some() {
                return Ok(());
            }
            let entry = gone.entry(old).or_default();
            entry.at = row.at();
            if !row.get(4).is_empty()
                && let Some(new) = cui(row, 4, sink)?
                && new != old
            {
                entry.replacements.insert(new);
            }
            Ok(())
        })?;
    }
    if let Some(member) = archive {
        each(member, &files::ARCHIVE.1, sink, |row, sink| {
            archived(row, concepts, &mut gone, sink)
        })?;
    }
    for (old, entry) in &gone {
        retired_records(*old, entry, sink)?;
    }
    replacements(&gone, concepts, version, sink)
}

fn archived(
    row: &Row<'_>,
    concepts: &Concepts,
    gone: &mut BTreeMap<u32, Retired>,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    if row.get(13) != "RXNORM" {
        return Ok(());
    }
    let Some(old) = cui(row, 12, sink)? else { return Ok(()) };
    if concepts.get(old).is_some() {
        return Ok(());
    }
    let entry = gone.entry(old).or_default();
    let (text, tty) = (row.get(2).trim(), row.get(14));
    let better = entry.name.as_ref().is_none_or(|(_, known)| !is_type(known) && is_type(tty));
    if !text.is_empty() && better {
        entry.name = Some((text.to_owned(), tty.to_owned()));
        entry.at = row.at();
    }
    // An atom that was merged nowhere names its own concept, or nothing.
    if !row.get(15).is_empty()
        && let Some(new) = cui(row, 15, sink)?
        && new != old
    {
        entry.replacements.insert(new);
    }
    Ok(())
}

fn retired_records(old: u32, entry: &Retired, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let Some((text, tty)) = &entry.name else { return Ok(()) };
    let code = old.to_string();
    let record = ConceptRecord {
        code: &code,
        active: false,
        status: Some("retired"),
        ..ConceptRecord::default()
    };
    sink.accept(entry.at, Record::Concept(record))?;
    let use_ = Coding {
        code: tty.clone(),
        ..Coding::default()
    };
    let record = DesignationRecord {
        code: &code,
        id: None,
        language: Some("en"),
        use_: Some(&use_).filter(|use_| !use_.code.is_empty()),
        value: text,
        active: true,
        kind: DesignationKind::Display,
        acceptability: &[],
        provenance: None,
        made: false,
        extensions: None,
    };
    sink.accept(entry.at, Record::Designation(record))?;
    if !tty.is_empty() {
        sink.accept(entry.at, property(&code, "TTY", ValueRecord::String(tty), false))?;
    }
    for new in &entry.replacements {
        let new = new.to_string();
        sink.accept(entry.at, property(&code, super::REPLACED_BY, ValueRecord::Code(&new), false))?;
    }
    Ok(())
}

/// The history as a concept map: each retired concept to the concepts in use that replaced it, over several
/// steps where a replacement was itself replaced. A merge keeps the meaning; a split does not.
fn replacements(
    gone: &BTreeMap<u32, Retired>,
    concepts: &Concepts,
    version: Option<&str>,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    if gone.is_empty() {
        return Ok(());
    }
    let header = map_header(
        super::HISTORY_MAP,
        "RxNorm retired concepts to their replacements",
        "From RXNCUI and RXNATOMARCHIVE; a concept that went without a replacement has no target",
        version,
    );
    sink.accept(At::default(), Record::ConceptMap(&header))?;
    for (old, entry) in gone {
        let mut waiting: Vec<u32> = entry.replacements.iter().copied().collect();
        let (mut seen, mut current) = (BTreeSet::from([*old]), BTreeSet::new());
        while let Some(next) = waiting.pop() {
            if !seen.insert(next) {
                continue;
            }
            if concepts.get(next).is_some() {
                current.insert(next);
            } else if let Some(further) = gone.get(&next) {
                waiting.extend(&further.replacements);
            }
        }
        let code = old.to_string();
        let relationship = match current.len() {
            0 => Relationship::NotRelatedTo,
            1 => Relationship::Equivalent,
            _ => Relationship::RelatedTo,
        };
        let targets: Vec<Option<String>> = match current.len() {
            0 => vec![None],
            _ => current.iter().map(|new| Some(new.to_string())).collect(),
        };
        for target in &targets {
            let record = mapping(SYSTEM, &code, target.as_deref(), version, relationship, &[]);
            sink.accept(entry.at, Record::Mapping(record))?;
        }
    }
    Ok(())
}

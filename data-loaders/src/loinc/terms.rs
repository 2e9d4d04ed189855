//! `Loinc.csv`: the terms with their names, axes and attributes.
//!
//! The six axes stay together in the fully specified name, `COMPONENT:PROPERTY:TIME_ASPCT:SYSTEM:SCALE_TYP:METHOD_TYP`,
//! with a place for every axis even where it is empty. A component may hold a colon; the other five do not, so that
//! splitting five times from the right gives the axes back.

use super::code::CodeKind;
use super::content::{Content, LANGUAGE};
use crate::LoadError;
use crate::source::Member;
use crate::table::{Row, Table};
use tern_index::model::DesignationKind;
use tern_index::record::{ProblemKind, Record, Stopped, ValueRecord};

/// The axes in the order of the fully specified name.
pub(super) const AXES: [&str; 6] = ["COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP"];

/// Attributes that are kept as text.
const TEXTS: [&str; 20] = [
    "CLASSTYPE",
    "STATUS",
    "STATUS_REASON",
    "STATUS_TEXT",
    "VersionLastChanged",
    "VersionFirstReleased",
    "CHNG_TYPE",
    "CHANGE_REASON_PUBLIC",
    "ORDER_OBS",
    "UNITSREQUIRED",
    "EXAMPLE_UNITS",
    "EXAMPLE_UCUM_UNITS",
    "PanelType",
    "EXTERNAL_COPYRIGHT_NOTICE",
    "EXTERNAL_COPYRIGHT_LINK",
    "FORMULA",
    "EXMPL_ANSWERS",
    "SURVEY_QUEST_SRC",
    "HL7_FIELD_SUBFIELD_ID",
    "HL7_ATTACHMENT_STRUCTURE",
];

const RANKS: [&str; 3] = ["COMMON_TEST_RANK", "COMMON_ORDER_RANK", "COMMON_SI_TEST_RANK"];

/// Attributes that list terms, separated by semicolons.
const TERM_LISTS: [&str; 2] = ["AskAtOrderEntry", "AssociatedObservations"];

/// Names besides the long common name: column, use, part played.
const NAMES: [(&str, &str, DesignationKind); 5] = [
    ("SHORTNAME", "SHORTNAME", DesignationKind::Synonym),
    ("DisplayName", "DisplayName", DesignationKind::Synonym),
    ("CONSUMER_NAME", "ConsumerName", DesignationKind::Synonym),
    ("SURVEY_QUEST_TEXT", "SURVEY_QUEST_TEXT", DesignationKind::Related),
    ("DefinitionDescription", "DefinitionDescription", DesignationKind::Definition),
];

struct Columns {
    number: usize,
    status: usize,
    long_name: usize,
    axes: [usize; 6],
    class: Option<usize>,
    related: Option<usize>,
    names: Vec<(usize, &'static str, DesignationKind)>,
    texts: Vec<(usize, &'static str)>,
    ranks: Vec<(usize, &'static str)>,
    term_lists: Vec<(usize, &'static str)>,
}

impl Columns {
    fn of(table: &Table) -> Result<Self, LoadError> {
        let present = |names: &[&'static str]| -> Vec<(usize, &'static str)> {
            names.iter().filter_map(|name| Some((table.find(&[name])?, *name))).collect()
        };
        let [component, property, time, system, scale, method] = AXES.map(|name| table.require(&[name]));
        let names = NAMES
            .iter()
            .filter_map(|(column, use_, kind)| Some((table.find(&[column])?, *use_, *kind)));
        Ok(Self {
            number: table.require(&["LOINC_NUM"])?,
            status: table.require(&["STATUS"])?,
            long_name: table.require(&["LONG_COMMON_NAME"])?,
            axes: [component?, property?, time?, system?, scale?, method?],
            class: table.find(&["CLASS"]),
            related: table.find(&["RELATEDNAMES2"]),
            names: names.collect(),
            texts: present(&TEXTS),
            ranks: present(&RANKS),
            term_lists: present(&TERM_LISTS),
        })
    }
}

/// Joins the axes into a fully specified name; `None` where all are empty.
pub(super) fn fully_specified_name(axes: [&str; 6]) -> Option<String> {
    axes.iter().any(|axis| !axis.is_empty()).then(|| axes.join(":"))
}

/// Reads the table of terms.
pub(super) fn terms(content: &mut Content<'_>, member: &Member) -> Result<(), LoadError> {
    content.each(member, Columns::of, |content, columns, row| {
        let Some(code) = content.code(row, columns.number, &[CodeKind::Term])? else {
            return Ok(());
        };
        let status = row.get(columns.status);
        if !matches!(status, "ACTIVE" | "TRIAL" | "DISCOURAGED" | "DEPRECATED") {
            let why = "is none of ACTIVE, TRIAL, DISCOURAGED and DEPRECATED; the term is taken as active";
            content.fault(row, columns.status, ProblemKind::BadValue, why)?;
        }
        if !content.concept(
            row.at(),
            code,
            status != "DEPRECATED",
            Some(status).filter(|text| !text.is_empty()),
        )? {
            let why = "is the number of an earlier row, which is kept";
            return Ok(content.fault(row, columns.number, ProblemKind::DuplicateKey, why)?);
        }
        names(content, columns, row, code)?;
        attributes(content, columns, row, code)?;
        Ok(())
    })
}

fn names(content: &mut Content<'_>, columns: &Columns, row: &Row<'_>, code: &str) -> Result<(), Stopped> {
    let at = row.at();
    let full = fully_specified_name(columns.axes.map(|axis| row.get(axis)));
    let long = row.get(columns.long_name).trim();
    if !long.is_empty() {
        content.term(at, code, Some("LONG_COMMON_NAME"), DesignationKind::Display, long)?;
    }
    if let Some(full) = &full {
        if long.is_empty() {
            content.term(at, code, None, DesignationKind::Display, full)?;
        }
        content.term(
            at,
            code,
            Some("FullySpecifiedName"),
            DesignationKind::FullySpecifiedName,
            full,
        )?;
    }
    for (column, use_, kind) in &columns.names {
        content.term(at, code, Some(use_), *kind, row.get(*column))?;
    }
    match columns.related {
        Some(column) => content.related(at, code, LANGUAGE, row.get(column)),
        None => Ok(()),
    }
}

fn attributes(content: &mut Content<'_>, columns: &Columns, row: &Row<'_>, code: &str) -> Result<(), Stopped> {
    let at = row.at();
    let linked = content.linked_axes.get(code).copied().unwrap_or(0);
    for (place, (axis, column)) in AXES.iter().zip(columns.axes).enumerate() {
        // Where a part link gives the axis, its text is the part's name.
        if linked & 1 << place == 0 && !row.get(column).is_empty() {
            content.property(at, code, axis, ValueRecord::String(row.get(column)))?;
        }
    }
    if let Some(class) = row.optional(columns.class) {
        match content.classes.get(class).cloned() {
            Some(part) => content.link(at, code, "CLASS", &part)?,
            None => content.property(at, code, "CLASS", ValueRecord::String(class))?,
        }
    }
    for (column, name) in &columns.texts {
        if let Some(text) = row.optional(Some(*column)) {
            content.property(at, code, name, ValueRecord::String(text))?;
        }
    }
    for (column, name) in &columns.ranks {
        match row.optional(Some(*column)).map(str::parse) {
            None => {}
            Some(Ok(rank)) => content.property(at, code, name, ValueRecord::Integer(rank))?,
            Some(Err(_)) => content.fault(row, *column, ProblemKind::BadValue, "is not a whole number")?,
        }
    }
    for (column, name) in &columns.term_lists {
        for term in row.get(*column).split(';').map(str::trim).filter(|term| !term.is_empty()) {
            content.property(at, code, name, ValueRecord::Code(term))?;
        }
    }
    Ok(())
}

struct VariantColumns {
    number: usize,
    axes: [Option<usize>; 6],
    names: Vec<(usize, &'static str)>,
    related: Option<usize>,
}

/// Reads a translation.
pub(super) fn variant(content: &mut Content<'_>, member: &Member, language: &str) -> Result<(), LoadError> {
    let columns = |table: &Table| {
        let names = ["LONG_COMMON_NAME", "SHORTNAME", "LinguisticVariantDisplayName"];
        Ok(VariantColumns {
            number: table.require(&["LOINC_NUM"])?,
            axes: AXES.map(|name| table.find(&[name])),
            names: names
                .into_iter()
                .filter_map(|name| Some((table.find(&[name])?, name)))
                .collect(),
            related: table.find(&["RELATEDNAMES2"]),
        })
    };
    content.each(member, columns, |content, columns, row| {
        let Some(code) = content.code(row, columns.number, &[CodeKind::Term])? else {
            return Ok(());
        };
        let at = row.at();
        for (column, use_) in &columns.names {
            content.translated(at, code, language, Some(use_), DesignationKind::Synonym, row.get(*column))?;
        }
        if let Some(full) = fully_specified_name(columns.axes.map(|axis| row.optional(axis).unwrap_or(""))) {
            let kind = DesignationKind::FullySpecifiedName;
            content.translated(at, code, language, Some("FullySpecifiedName"), kind, &full)?;
        }
        if let Some(names) = row.optional(columns.related) {
            content.related(at, code, language, names)?;
        }
        Ok(())
    })
}

/// Reads the consumer names.
pub(super) fn consumer_names(content: &mut Content<'_>, member: &Member) -> Result<(), LoadError> {
    let columns = |table: &Table| Ok((table.require(&["LoincNumber"])?, table.require(&["ConsumerName"])?));
    content.each(member, columns, |content, (number, name), row| {
        if let Some(code) = content.code(row, *number, &[CodeKind::Term])? {
            content.term(row.at(), code, Some("ConsumerName"), DesignationKind::Synonym, row.get(*name))?;
        }
        Ok(())
    })
}

/// Reads the replacements of deprecated terms: a property, and a concept map.
///
/// LOINC has no canonical for this map; `http://loinc.org/cm/map-to` is this project's name for it. A term with one
/// replacement is taken to mean the same, one with several is only related to each.
pub(super) fn replacements(content: &mut Content<'_>, member: &Member, version: Option<&str>) -> Result<(), LoadError> {
    let mut found = Vec::new();
    let columns = |table: &Table| {
        Ok((
            table.require(&["LOINC"])?,
            table.require(&["MAP_TO"])?,
            table.find(&["COMMENT"]),
        ))
    };
    content.each(member, columns, |content, (from, to, comment), row| {
        let codes = (
            content.code(row, *from, &[CodeKind::Term])?,
            content.code(row, *to, &[CodeKind::Term])?,
        );
        if let (Some(from), Some(to)) = codes {
            content.link(row.at(), from, "MAP_TO", to)?;
            let comment = row.optional(*comment).map(str::to_owned);
            found.push((from.to_owned(), to.to_owned(), comment, row.at()));
        }
        Ok(())
    })?;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    content
        .sink
        .accept(Default::default(), Record::ConceptMap(&super::map_to_header(version)))?;
    for alternatives in found.chunk_by(|a, b| a.0 == b.0) {
        for (from, to, comment, at) in alternatives {
            let record = super::replacement(from, to, comment.as_deref(), alternatives.len() == 1);
            content.sink.accept(*at, Record::Mapping(record))?;
        }
    }
    Ok(())
}

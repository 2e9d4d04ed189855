//! The ICD family of the United States: ICD-10-CM, ICD-10-PCS, ICD-9-CM and the mappings between them.
//!
//! | files | become |
//! |---|---|
//! | ICD-10-CM tabular XML, order file, code file, alphabetic index | `http://hl7.org/fhir/sid/icd-10-cm`, one version a year |
//! | ICD-10-PCS order file, code file | `http://www.cms.gov/Medicare/Coding/ICD10`, one version a year |
//! | `CMS32_DESC_*` title files | `http://hl7.org/fhir/sid/icd-9-cm`, version `32` |
//! | GEM files | concept maps, see [`gem`] |
//!
//! **Versions are what the files say.** The version of an ICD-10 release is its fiscal year as four digits
//! (`2026`), the form that VSAC and US implementation guides use: from the `version` element of the XML, from
//! the name of a text file. Files of one year are one version, wherever they lie: the XML gives titles, notes
//! and hierarchy; the order file says which codes are valid; the code file adds what neither lists; the index adds
//! terms, and is nothing without one of the others. Files of
//! different years are versions side by side. Two tabular lists of one year (the October list and its April
//! update) have one version: the newer by its name's date is loaded, the older named as ignored. A version
//! without a tabular list has the hierarchy that its listed codes give by prefix: with an order file that is
//! down from the categories, with a code file alone it is flat, because such a file lists valid codes only.
//!
//! Codes are written with the dot. It does not read index and tables of ICD-10-PCS, nor addenda.

pub mod catalogue;
pub mod code;
mod files;
pub mod gem;
pub mod index;
pub mod tabular;
mod titles;
mod xml;

#[cfg(test)]
mod tests;

use crate::{LoadError, LoadOptions, Loader, Release, decode, source::Member};
use catalogue::{BILLABLE, Catalogue, Entry, KIND, OTHER_TITLE, SHORT_TITLE, Term};
use code::CodeSet;
use files::Kind;
use std::collections::BTreeMap;
use tern_index::model::{CodeSystemHeader, FilterDefinition, PropertyDefinition, PropertyType};
use tern_index::record::{At, Record, RecordSink};

/// The loader.
pub struct Icd;

const NAME: &str = "icd";

/// Why an index is not read by itself.
const INDEX_ALONE: &str =
    "an index without the codes of its year; load it together with the tabular list or a code file of that year";

/// Which release a file belongs to; releases come out in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    System(CodeSet, Option<String>),
    Map(String),
}

impl Loader for Icd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognise(&self, members: &[Member], options: &LoadOptions) -> Result<Vec<Release>, LoadError> {
        let mut groups: BTreeMap<Group, Vec<(Kind, Member)>> = BTreeMap::new();
        let mut companions = Vec::new();
        let mut indexes = Vec::new();
        for member in members {
            let Some(kind) = files::classify(member)? else { continue };
            let group = match kind {
                Kind::Companion(_) => {
                    companions.push((kind, member.clone()));
                    continue;
                }
                Kind::Index => {
                    indexes.push((xml_version(member, options)?, member.clone()));
                    continue;
                }
                Kind::Tabular => Group::System(CodeSet::Icd10Cm, xml_version(member, options)?),
                Kind::Codes(set) | Kind::Order(set) => Group::System(set, files::year(member).or(options.version.clone())),
                Kind::Icd9 { .. } => Group::System(
                    CodeSet::Icd9Diagnosis,
                    files::icd9_version(member).or(options.version.clone()),
                ),
                Kind::Gem(_) => Group::Map(member.path().to_owned()),
            };
            groups.entry(group).or_default().push((kind, member.clone()));
        }
        for (version, index) in indexes {
            // An index without the codes of its year makes no release.
            match groups.get_mut(&Group::System(CodeSet::Icd10Cm, version)) {
                Some(files) => files.push((Kind::Index, index)),
                None => companions.push((Kind::Companion(INDEX_ALONE), index)),
            }
        }
        let mut releases: Vec<Release> = groups.into_iter().map(|(group, files)| release(group, files)).collect();
        for (_, companion) in companions {
            let home = releases
                .iter_mut()
                .find(|release| release.members.iter().any(|member| member.folder() == companion.folder()));
            if let Some(home) = home {
                home.members.push(companion);
            }
        }
        Ok(releases)
    }

    fn load(&self, release: &Release, options: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let mut files = Vec::new();
        for member in &release.members {
            match files::classify(member)? {
                Some(Kind::Companion(reason)) => sink.ignored(member.shown(), reason),
                // It may lie beside the files of another year.
                Some(Kind::Index)
                    if !files.first().is_some_and(|(first, _)| has_diagnoses(*first))
                        || xml_version(member, options)?.unwrap_or_default() != release.part =>
                {
                    sink.ignored(member.shown(), INDEX_ALONE);
                }
                Some(kind) => files.push((kind, member)),
                None => {
                    return Err(LoadError::Malformed {
                        file: member.shown().to_owned(),
                        line: None,
                        message: "the file changed since it was recognised; load it again".to_owned(),
                    });
                }
            }
        }
        match files.first() {
            Some((Kind::Gem(direction), member)) => {
                let version = files::year(member).or(options.version.clone());
                gem::load(member, *direction, version, NAME, sink)
            }
            Some((Kind::Icd9 { .. }, _)) => load_icd9(&files, &release.part, sink),
            Some((Kind::Codes(set) | Kind::Order(set), _)) => load_icd10(*set, &files, &release.part, sink),
            Some((Kind::Tabular, _)) => load_icd10(CodeSet::Icd10Cm, &files, &release.part, sink),
            Some((Kind::Index | Kind::Companion(_), _)) | None => Ok(()),
        }
    }
}

/// Whether a file lists codes of ICD-10-CM.
fn has_diagnoses(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Tabular | Kind::Codes(CodeSet::Icd10Cm) | Kind::Order(CodeSet::Icd10Cm)
    )
}

fn xml_version(member: &Member, options: &LoadOptions) -> Result<Option<String>, LoadError> {
    let head = decode::decode(member.head(4096)?);
    Ok(xml::version(&head)
        .or_else(|| files::year(member))
        .or_else(|| options.version.clone()))
}

/// Makes a release of a group, its members in the order in which they are read: tabular lists (the newest
/// first), order files, code files; full titles before abbreviated ones.
fn release(group: Group, mut files: Vec<(Kind, Member)>) -> Release {
    files.sort_by_cached_key(|(kind, member)| {
        let place = match kind {
            Kind::Tabular => 0,
            Kind::Order(_) => 1,
            Kind::Codes(_) => 2,
            Kind::Index => 3,
            Kind::Icd9 { set, long } => 2 * u8::from(!long) + u8::from(*set == CodeSet::Icd9Procedure),
            Kind::Gem(_) | Kind::Companion(_) => 9,
        };
        (place, std::cmp::Reverse(files::date(member)))
    });
    let (name, part) = match &group {
        Group::System(set, version) => (label(*set), version.clone().unwrap_or_default()),
        Group::Map(_) => {
            let title = files.first().map_or("", |(kind, _)| {
                if let Kind::Gem(direction) = kind {
                    direction.title()
                } else {
                    ""
                }
            });
            let year = files.first().and_then(|(_, member)| files::year(member));
            (title, year.unwrap_or_default())
        }
    };
    Release {
        loader: NAME,
        title: format!("{name} {part}").trim_end().to_owned(),
        members: files.into_iter().map(|(_, member)| member).collect(),
        part,
    }
}

fn label(set: CodeSet) -> &'static str {
    match set {
        CodeSet::Icd10Cm => "ICD-10-CM",
        CodeSet::Icd10Pcs => "ICD-10-PCS",
        CodeSet::Icd9Diagnosis | CodeSet::Icd9Procedure => "ICD-9-CM",
    }
}

fn load_icd10(set: CodeSet, files: &[(Kind, &Member)], version: &str, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut catalogue = Catalogue::default();
    let mut date = None;
    for (kind, member) in files {
        match kind {
            Kind::Tabular if !catalogue.is_empty() => {
                sink.ignored(
                    member.shown(),
                    "an older tabular list of the same year; load it alone to have it",
                );
            }
            Kind::Tabular => {
                date = files::date(member);
                let text = decode::text(member, sink)?;
                let file = sink.name(member.shown());
                tabular::Tabular::read(&text, member.shown())?.fill(file, &mut catalogue, sink)?;
            }
            Kind::Order(_) => add_lines(&mut catalogue, member, sink, |line| {
                let row = titles::order_line(set, line)?;
                Ok((
                    row.code,
                    row.long,
                    Some(row.short).filter(|short| *short != row.long),
                    row.valid,
                    true,
                ))
            })?,
            Kind::Codes(_) => add_lines(&mut catalogue, member, sink, |line| {
                let row = titles::code_line(set, line)?;
                Ok((row.code, row.title, None, true, false))
            })?,
            Kind::Index => {
                let text = decode::text(member, sink)?;
                let file = sink.name(member.shown());
                index::fill(&text, member.shown(), file, &mut catalogue, sink)?;
            }
            Kind::Icd9 { .. } | Kind::Gem(_) | Kind::Companion(_) => {}
        }
    }
    let mut header = header(set, version);
    header.date = date;
    sink.accept(At::default(), Record::CodeSystem(&header))?;
    catalogue.emit(set, sink)
}

/// Code, title, abbreviated title, whether it is valid, whether the file is the authority on that.
type Line<'a> = (String, &'a str, Option<&'a str>, bool, bool);

/// Reads a text file into the catalogue: new codes are added below the longest prefix, known ones gain wordings.
fn add_lines(
    catalogue: &mut Catalogue,
    member: &Member,
    sink: &mut dyn RecordSink,
    read: impl Fn(&str) -> Result<Line<'_>, titles::Fault>,
) -> Result<(), LoadError> {
    let text = decode::text(member, sink)?;
    let file = sink.name(member.shown());
    let known = catalogue.len();
    for (number, line) in (1u32..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let mut at = At {
            file,
            column: 0,
            line: number,
        };
        let (code, title, short, billable, authority) = match read(line) {
            Ok(row) => row,
            Err((column, problem)) => {
                at.column = if column.is_empty() { 0 } else { sink.name(column) };
                sink.problem(at, problem)?;
                continue;
            }
        };
        let term = |use_code, text: &str| Term {
            use_code,
            text: text.to_owned(),
            at,
        };
        // In a file of abbreviated titles the title is the abbreviated one.
        let only_short = short == Some(title);
        let short = short.filter(|short| !short.is_empty()).map(|short| term(SHORT_TITLE, short));
        if let Some(entry) = catalogue
            .find(&code)
            .filter(|position| *position < known)
            .and_then(|position| catalogue.entry(position))
        {
            if !only_short && entry.title != title && !entry.terms.iter().any(|term| term.text == title) {
                entry.terms.push(term(OTHER_TITLE, title));
            }
            entry.terms.extend(short.filter(|short| short.text != entry.title));
            if authority {
                entry.billable = billable;
            }
            continue;
        }
        let entry = Entry {
            code,
            title: title.to_owned(),
            billable,
            terms: short.filter(|_| !only_short).into_iter().collect(),
            at,
            ..Entry::default()
        };
        catalogue.add(entry, sink)?;
    }
    catalogue.link_by_prefix(known);
    Ok(())
}

/// Reads the title files: full titles make the concepts, abbreviated ones become synonyms. Where only the
/// abbreviated file of a volume is there, its titles are the displays.
fn load_icd9(files: &[(Kind, &Member)], version: &str, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let header = header(CodeSet::Icd9Diagnosis, version);
    sink.accept(At::default(), Record::CodeSystem(&header))?;
    for set in [CodeSet::Icd9Diagnosis, CodeSet::Icd9Procedure] {
        let mut catalogue = Catalogue::default();
        for (kind, member) in files {
            let Kind::Icd9 { set: other, long } = kind else { continue };
            if *other != set {
                continue;
            }
            let alone = catalogue.is_empty();
            add_lines(&mut catalogue, member, sink, |line| {
                let row = titles::code_line(set, line)?;
                let short = Some(row.title).filter(|_| !long && !alone);
                Ok((row.code, row.title, short, true, false))
            })?;
        }
        catalogue.emit(set, sink)?;
    }
    Ok(())
}

fn header(set: CodeSet, version: &str) -> CodeSystemHeader {
    let version = Some(version.to_owned()).filter(|version| !version.is_empty());
    let mut header = CodeSystemHeader::new(set.system(), version, NAME);
    let (name, title, publisher, identifiers): (_, _, _, &[&str]) = match set {
        CodeSet::Icd10Cm => (
            "ICD10CM",
            "International Classification of Diseases, 10th Revision, Clinical Modification (ICD-10-CM)",
            "National Center for Health Statistics",
            &["urn:oid:2.16.840.1.113883.6.90"],
        ),
        CodeSet::Icd10Pcs => (
            "ICD10PCS",
            "International Classification of Diseases, 10th Revision, Procedure Coding System (ICD-10-PCS)",
            "Centers for Medicare & Medicaid Services",
            &["urn:oid:2.16.840.1.113883.6.4"],
        ),
        CodeSet::Icd9Diagnosis | CodeSet::Icd9Procedure => (
            "ICD9CM",
            "International Classification of Diseases, 9th Revision, Clinical Modification (ICD-9-CM)",
            "National Center for Health Statistics, Centers for Medicare & Medicaid Services",
            &["urn:oid:2.16.840.1.113883.6.103", "urn:oid:2.16.840.1.113883.6.104"],
        ),
    };
    header.name = Some(name.to_owned());
    header.title = Some(title.to_owned());
    header.publisher = Some(publisher.to_owned());
    header.identifiers = identifiers.iter().map(|identifier| (*identifier).to_owned()).collect();
    header.copyright = Some(
        "A work of the U.S. federal government, in the public domain in the United States. ICD-9 and ICD-10 are copyright World Health Organization."
            .to_owned(),
    );
    header.language = Some("en".to_owned());
    header.hierarchy_meaning = Some("is-a".to_owned());
    header.properties = properties(set);
    header.filters = vec![
        filter(KIND, "Kind of entry", "chapter, block, category, subcategory, code"),
        filter(BILLABLE, "Valid for claims", "true or false"),
    ];
    header
}

fn filter(code: &str, description: &str, value: &str) -> FilterDefinition {
    FilterDefinition {
        code: code.to_owned(),
        description: Some(description.to_owned()),
        operators: vec!["=".to_owned(), "in".to_owned()],
        value: Some(value.to_owned()),
    }
}

fn properties(set: CodeSet) -> Vec<PropertyDefinition> {
    let define = |code: &str, description: &str, property_type| PropertyDefinition {
        code: code.to_owned(),
        uri: None,
        description: Some(description.to_owned()),
        property_type,
    };
    let mut properties = vec![
        define(KIND, "What kind of entry it is", PropertyType::String),
        define(
            BILLABLE,
            "Whether the code is valid for claims; false for headers",
            PropertyType::Boolean,
        ),
    ];
    if set == CodeSet::Icd10Cm {
        for note in tabular::NOTES.iter().filter(|note| **note != catalogue::INCLUSION_TERM) {
            properties.push(define(note, "Notes of the tabular list", PropertyType::String));
        }
    }
    properties
}

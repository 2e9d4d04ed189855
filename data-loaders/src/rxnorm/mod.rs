//! RxNorm (National Library of Medicine) in Rich Release Format: the full release or Current Prescribable Content.
//!
//! | file | becomes |
//! |---|---|
//! | RXNCONSO | concepts (RXCUIs that RxNorm itself names), displays, terms of all sources; `TTY`, `SAB`, `SUPPRESS` |
//! | RXNREL | a property by RELA and one by REL, from RXCUI2 to RXCUI1, the direction in which the row reads |
//! | RXNSTY | property `STY`: the TUI with its name |
//! | RXNSAT | properties by attribute name; NDC attributes are the map [`NDC_MAP`] |
//! | RXNCUI, RXNATOMARCHIVE | retired concepts, inactive, with [`REPLACED_BY`] and the map [`HISTORY_MAP`] |
//!
//! A release is what holds RXNCONSO. Where the archive holds both `rrf/` and `prescribe/rrf/`, the full one is
//! loaded: the other is a part of it. The version is the release date as the downloads spell it (`08042025`),
//! as the FHIR page on RxNorm asks. A concept is inactive when all its RxNorm names are obsolete (SUPPRESS `O`).
//! FHIR says that RxNorm has no subsumption, so `isa` is a relation like any other and there is no hierarchy.
//!
//! It does not load relations and attributes that other sources state, nor relations between single names.

mod concepts;
mod files;
mod rows;

#[cfg(test)]
mod tests;

use crate::table::{Dialect, Table};
use crate::{LoadError, LoadOptions, Loader, Release, source::Member};
use tern_index::model::{CodeSystemHeader, ConceptOrder, FilterDefinition, PropertyDefinition, PropertyType};
use tern_index::record::{At, Record, RecordSink};

/// Canonical URL of RxNorm.
pub const SYSTEM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
/// Canonical URL of the national drug codes.
pub const NDC: &str = "http://hl7.org/fhir/sid/ndc";
/// Canonical URL of the map from NDC to RxNorm; NLM gives it none, this is the project's.
pub const NDC_MAP: &str = "http://www.nlm.nih.gov/research/umls/rxnorm/ndc-to-rxnorm";
/// Canonical URL of the map from retired RXCUIs to those in use; likewise.
pub const HISTORY_MAP: &str = "http://www.nlm.nih.gov/research/umls/rxnorm/retired-to-current";
/// The property of a retired concept that names what it was merged into.
pub const REPLACED_BY: &str = "replaced-by";

const NAME: &str = "rxnorm";
const NOTICE: &str = "This product uses publicly available data from the U.S. National Library of Medicine (NLM), National Institutes of Health, Department of Health and Human Services; NLM is not responsible for the product and does not endorse or recommend this or any other product. Names from other sources (SRL above 0 in RXNSAB) need a UMLS licence.";

/// The loader.
pub struct RxNorm;

impl Loader for RxNorm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognise(&self, members: &[Member], options: &LoadOptions) -> Result<Vec<Release>, LoadError> {
        let folders: Vec<&str> = members.iter().filter(|member| is_conso(member)).map(Member::folder).collect();
        let mut releases = Vec::new();
        for folder in &folders {
            // The part of a full release that is Current Prescribable Content goes with the full one.
            if full_of(folder).is_some_and(|full| folders.contains(&full.as_str())) {
                continue;
            }
            let of_release = |member: &&Member| {
                let part = full_of(member.folder()).is_some_and(|full| full == *folder);
                (part || member.folder() == *folder) && is_release_file(member)
            };
            let members: Vec<Member> = members.iter().filter(of_release).cloned().collect();
            let version = version(&members, folder, options)?;
            releases.push(Release {
                loader: NAME,
                title: format!("RxNorm {}", version.as_deref().unwrap_or_default())
                    .trim_end()
                    .to_owned(),
                members,
                part: (*folder).to_owned(),
            });
        }
        Ok(releases)
    }

    fn load(&self, release: &Release, options: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let (own, part): (Vec<&Member>, Vec<&Member>) =
            release.members.iter().partition(|member| member.folder() == release.part);
        for member in part {
            sink.ignored(
                member.shown(),
                "Current Prescribable Content is a part of the full release, which is loaded",
            );
        }
        for member in &own {
            if let Some((_, reason)) = files::LEFT_OUT.iter().find(|(name, _)| files::is(member, name)) {
                sink.ignored(member.shown(), reason);
            }
        }
        let find = |name: &str| own.iter().copied().find(|member| files::is(member, name));
        let missing = |file: &str| LoadError::MissingFile {
            release: release.title.clone(),
            file: file.to_owned(),
        };
        let conso = find(files::CONSO.0).ok_or_else(|| missing(files::CONSO.0))?;
        let relations = find(files::REL.0).ok_or_else(|| missing(files::REL.0))?;
        let version = version(&release.members, &release.part, options)?;
        let concepts = rows::survey(conso, sink)?;
        if concepts.is_empty() {
            return Err(LoadError::Malformed {
                file: conso.shown().to_owned(),
                line: None,
                message: "no name is RxNorm's own (SAB=RXNORM); this is not an RxNorm release".to_owned(),
            });
        }
        sink.accept(At::default(), Record::CodeSystem(&header(version.clone())))?;
        rows::names(conso, &concepts, sink)?;
        rows::retired(
            find(files::CUI.0),
            find(files::ARCHIVE.0),
            &concepts,
            version.as_deref(),
            sink,
        )?;
        rows::relations(relations, &concepts, sink)?;
        if let Some(member) = find(files::STY.0) {
            rows::semantic_types(member, &concepts, sink)?;
        }
        if let Some(member) = find(files::SAT.0) {
            rows::attributes(member, &concepts, version.as_deref(), sink)?;
        }
        Ok(())
    }
}

fn is_conso(member: &Member) -> bool {
    files::is(member, files::CONSO.0)
}

fn is_release_file(member: &Member) -> bool {
    let name = member.file_name().to_ascii_uppercase();
    name.starts_with("RXN") && name.ends_with(".RRF")
}

/// For a folder of Current Prescribable Content, the folder of the full release beside it.
fn full_of(folder: &str) -> Option<String> {
    let at = folder.to_ascii_lowercase().rfind("prescribe/")?;
    let before = folder.get(..at)?;
    (before.is_empty() || before.ends_with(['/', '!']))
        .then(|| folder.get(at + "prescribe/".len()..).map(|rest| format!("{before}{rest}")))
        .flatten()
}

/// The release date: from RXNSAB, else from the name of the archive or folder, else what the user says.
fn version(members: &[Member], folder: &str, options: &LoadOptions) -> Result<Option<String>, LoadError> {
    let sources = members
        .iter()
        .find(|member| member.folder() == folder && files::is(member, files::SAB.0));
    if let Some(member) = sources {
        let mut table = Table::open_headless(member, Dialect::Pipe, &files::SAB.1, &mut Nowhere)?;
        while let Some(row) = table.next(&mut Nowhere)? {
            if row.get(3) == "RXNORM"
                && let Some(version) = files::version(row.get(6))
            {
                return Ok(Some(version));
            }
        }
    }
    Ok(members
        .iter()
        .find_map(|member| files::version_of_path(member.shown()))
        .or_else(|| options.version.clone()))
}

/// A sink for looking at a file without loading it.
struct Nowhere;

impl RecordSink for Nowhere {
    fn name(&mut self, _: &str) -> u16 {
        1
    }
    fn accept(&mut self, _: At, _: Record<'_>) -> Result<(), tern_index::record::Stopped> {
        Ok(())
    }
    fn problem(&mut self, _: At, _: tern_index::record::Problem) -> Result<(), tern_index::record::Stopped> {
        Ok(())
    }
    fn ignored(&mut self, _: &str, _: &str) {}
    fn progress(&mut self, _: u64) {}
}

fn header(version: Option<String>) -> CodeSystemHeader {
    let date = version.as_deref().and_then(files::date);
    let mut header = CodeSystemHeader::new(SYSTEM, version, NAME);
    header.name = Some("RxNorm".to_owned());
    header.title = Some("RxNorm".to_owned());
    header.date = date;
    header.publisher = Some("National Library of Medicine".to_owned());
    header.copyright = Some(NOTICE.to_owned());
    header.value_set = Some(format!("{SYSTEM}/vs"));
    header.language = Some("en".to_owned());
    header.identifiers = vec!["urn:oid:2.16.840.1.113883.6.88".to_owned()];
    header.order = ConceptOrder::ByCode;
    let property = |code: &str, description: &str, property_type| PropertyDefinition {
        code: code.to_owned(),
        uri: None,
        description: Some(description.to_owned()),
        property_type,
    };
    header.properties = vec![
        property("TTY", "Term type; that of the display comes first", PropertyType::String),
        property("SAB", "Source with a name for the concept", PropertyType::String),
        property("STY", "Semantic type", PropertyType::Coding),
        property(
            "SUPPRESS",
            "O obsolete, E unquantified form, Y suppressed by an editor",
            PropertyType::String,
        ),
        property(REPLACED_BY, "What a retired concept was merged into", PropertyType::Code),
    ];
    let filter = |code: &str, description: &str, value: &str| FilterDefinition {
        code: code.to_owned(),
        description: Some(description.to_owned()),
        operators: vec!["=".to_owned(), "in".to_owned()],
        value: Some(value.to_owned()),
    };
    header.filters = vec![
        filter("TTY", "Term type", "A term type, e.g. SCD"),
        filter("SAB", "Source", "A source, e.g. RXNORM"),
        filter("STY", "Semantic type", "A TUI, e.g. T121"),
        filter("[REL]", "Relationship, by its name: RN, RB, RO...", "CUI:[RXCUI]"),
        filter("[RELA]", "Relationship type, by its name: has_ingredient...", "CUI:[RXCUI]"),
    ];
    header
}

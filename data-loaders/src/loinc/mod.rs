//! LOINC: the table of terms and its accessory files.
//!
//! Loaded are terms, parts and part links, the component hierarchy, answer lists, consumer names, translations and
//! the replacements of deprecated terms. Parts (`LP`), answer lists (`LL`) and answers (`LA`) are concepts beside the
//! terms, as in LOINC's own FHIR code system. Not loaded, and said so: panels, groups, maps of parts.

mod answers;
pub mod code;
mod content;
mod files;
mod header;
mod parts;
mod terms;

use crate::source::Member;
use crate::{LoadError, LoadOptions, Loader, Release};
use files::Role;
use tern_index::model::{ConceptMapHeader, Relationship};
use tern_index::record::{At, MappingRecord, Record, RecordSink};

const NAME: &str = "loinc";
/// Canonical URL of LOINC.
pub const SYSTEM: &str = "http://loinc.org";
/// Canonical URL of the concept map from deprecated terms to their replacements.
pub const MAP_TO: &str = "http://loinc.org/cm/map-to";
const PUBLISHER: &str = "Regenstrief Institute, Inc.";
const COPYRIGHT: &str = "LOINC is copyright of Regenstrief Institute, Inc. and the LOINC Committee, and may be used at no cost \
     under the licence at http://loinc.org/license. LOINC is a registered trademark of Regenstrief Institute, Inc. Some terms \
     carry notices of third parties: see EXTERNAL_COPYRIGHT_NOTICE.";

/// Loads LOINC.
pub struct LoincLoader;

impl Loader for LoincLoader {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognise(&self, members: &[Member], options: &LoadOptions) -> Result<Vec<Release>, LoadError> {
        let mut roots: Vec<&str> = Vec::new();
        for member in members {
            let is_table = matches!(files::role(member), Some(Role::Terms | Role::CoreTerms));
            if is_table && !roots.contains(&files::root(member)) && files::has_terms_header(member)? {
                roots.push(files::root(member));
            }
        }
        let mut releases = Vec::new();
        for root in &roots {
            let own = |member: &&Member| files::role(member).is_some() && files::nearest(member, &roots) == Some(*root);
            let members: Vec<Member> = members.iter().filter(own).cloned().collect();
            let version = stated_version(root, &members, options)?;
            releases.push(Release {
                loader: NAME,
                title: version.map_or_else(|| "LOINC".to_owned(), |version| format!("LOINC {version}")),
                members,
                part: (*root).to_owned(),
            });
        }
        Ok(releases)
    }

    fn load(&self, release: &Release, options: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let of = |role: Role| release.members.iter().filter(move |member| files::role(member) == Some(role));
        let Some(table) = of(Role::Terms).next().or_else(|| of(Role::CoreTerms).next()) else {
            return Err(LoadError::MissingFile {
                release: release.title.clone(),
                file: "LoincTable/Loinc.csv".into(),
            });
        };
        report_ignored(release, table, sink);
        let version = match stated_version(&release.part, &release.members, options)? {
            Some(version) => Some(version),
            None => files::version_in_table(table, sink)?,
        };
        sink.accept(At::default(), Record::CodeSystem(&header::code_system(version.clone())))?;
        let mut content = content::Content::new(sink);
        for member in of(Role::Parts) {
            parts::parts(&mut content, member)?;
        }
        // Before the terms: an axis that a link gives is not written as text again.
        for member in of(Role::PrimaryLinks) {
            parts::links(&mut content, member, true)?;
        }
        for member in of(Role::SupplementaryLinks) {
            parts::links(&mut content, member, false)?;
        }
        terms::terms(&mut content, table)?;
        for member in of(Role::Hierarchy) {
            parts::hierarchy(&mut content, member)?;
        }
        for member in of(Role::AnswerLists) {
            answers::answer_lists(&mut content, member)?;
        }
        for member in of(Role::AnswerListLinks) {
            answers::answer_list_links(&mut content, member)?;
        }
        for member in of(Role::ConsumerNames) {
            terms::consumer_names(&mut content, member)?;
        }
        for member in of(Role::Variant) {
            match files::variant_language(member) {
                Some(language) => terms::variant(&mut content, member, &language)?,
                None => content.sink.ignored(
                    member.shown(),
                    "its name does not begin with a language and a country, such as deDE",
                ),
            }
        }
        for member in of(Role::MapTo) {
            terms::replacements(&mut content, member, version.as_deref())?;
        }
        Ok(())
    }
}

fn report_ignored(release: &Release, table: &Member, sink: &mut dyn RecordSink) {
    for member in &release.members {
        match files::role(member) {
            Some(Role::Ignored(reason)) => sink.ignored(member.shown(), reason),
            Some(Role::Terms | Role::CoreTerms) if !member.same(table) => {
                sink.ignored(member.shown(), "the full table of terms of the same release is loaded");
            }
            _ => {}
        }
    }
}

/// The version, as far as it is known without reading the table.
fn stated_version(root: &str, members: &[Member], options: &LoadOptions) -> Result<Option<String>, LoadError> {
    if let Some(version) = options.version.clone().or_else(|| files::version_in_name(root)) {
        return Ok(Some(version));
    }
    for readme in members.iter().filter(|member| files::role(member) == Some(Role::Readme)) {
        if let Some(version) = files::version_in_readme(readme)? {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

fn map_to_header(version: Option<&str>) -> ConceptMapHeader {
    ConceptMapHeader {
        url: MAP_TO.into(),
        version: version.map(str::to_owned),
        name: Some("LoincMapTo".into()),
        title: Some("Replacements of deprecated LOINC terms".into()),
        status: Some("active".into()),
        publisher: Some(PUBLISHER.into()),
        copyright: Some(COPYRIGHT.into()),
        source_scope: Some("http://loinc.org/vs".into()),
        target_scope: Some("http://loinc.org/vs".into()),
        loader: NAME.into(),
        ..ConceptMapHeader::default()
    }
}

fn replacement<'a>(from: &'a str, to: &'a str, comment: Option<&'a str>, only: bool) -> MappingRecord<'a> {
    let relationship = if only {
        Relationship::Equivalent
    } else {
        Relationship::RelatedTo
    };
    MappingRecord {
        comment,
        ..MappingRecord::new((SYSTEM, from), (SYSTEM, Some(to)), relationship)
    }
}

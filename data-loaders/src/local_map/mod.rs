//! Local maps: tables of source and target codes (CSV, TSV, semicolons) and SSSOM TSV, to concept maps.
//!
//! One file is one concept map. It is recognised by its header alone: a table without columns for the source and
//! the target code is left to others. What the columns may be called is in `header`, what the relationship may be
//! called in `relationship`, which short names of code systems are known in `systems`.
//!
//! - The map's URL is `LoadOptions::map_url`, else what the file says (`# url: ...`, SSSOM `mapping_set_id`), else
//!   `urn:tern:map:` and the file's name without its endings: the same file always gives the same URL.
//! - A system that has no column may be stated for the whole file in a first line `# source_system: <uri>` or
//!   `# target_system: <uri>`; without either the load fails and says so.
//! - `#` lines are comments only in a file that begins with one, so that codes may begin with `#`.
//!
//! It reads no spreadsheets and none of Usagi's columns, and judges no mapping.

mod header;
pub mod relationship;
mod rows;
mod sssom;
pub mod systems;

use crate::source::Member;
use crate::{LoadError, LoadOptions, Loader, Release};
use header::{Head, Metadata, Shape};
use tern_index::model::ConceptMapHeader;
use tern_index::record::{At, Record, RecordSink};

/// Enough for the metadata of any SSSOM file seen in practice.
const HEAD_BYTES: usize = 1 << 16;

/// The loader of local maps.
pub struct LocalMap;

impl Loader for LocalMap {
    fn name(&self) -> &'static str {
        "map"
    }

    fn recognise(&self, members: &[Member], options: &LoadOptions) -> Result<Vec<Release>, LoadError> {
        let mut releases = Vec::new();
        for member in members {
            if header::read(&member.head(HEAD_BYTES)?).is_none() {
                continue;
            }
            releases.push(Release {
                loader: self.name(),
                title: format!("map {}", member.file_name()),
                members: vec![member.clone()],
                part: String::new(),
            });
        }
        if options.format.as_deref() == Some(self.name()) && releases.is_empty() {
            return members.first().map_or(Ok(releases), |member| Err(not_a_map(member)));
        }
        if options.map_url.is_some() && releases.len() > 1 {
            let message = format!("one URL was given for {} local maps; load them one at a time", releases.len());
            return Err(malformed(&releases[1].members[0], message));
        }
        Ok(releases)
    }

    fn load(&self, release: &Release, options: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        for member in &release.members {
            let Some(head) = header::read(&member.head(HEAD_BYTES)?) else {
                return Err(not_a_map(member));
            };
            let map = concept_map_header(member, &head, options);
            let at = At {
                file: sink.name(member.shown()),
                ..At::default()
            };
            match head.shape {
                Shape::Columns => {
                    let table = rows::Plan::of(member, &head, sink)?;
                    sink.accept(at, Record::ConceptMap(&map))?;
                    table.load(sink)?;
                }
                Shape::Sssom => {
                    sink.accept(at, Record::ConceptMap(&map))?;
                    sssom::load(member, &head, sink)?;
                }
            }
        }
        Ok(())
    }
}

fn concept_map_header(member: &Member, head: &Head, options: &LoadOptions) -> ConceptMapHeader {
    let stem = stem(member);
    let said = |keys: &[&str]| head.metadata.get(keys).map(str::to_owned);
    let url = options.map_url.clone().or_else(|| {
        let stated = said(&["mapurl", "url", "mappingsetid"]);
        stated.map(|id| expanded(&id, &head.metadata)).filter(|url| url.contains(':'))
    });
    ConceptMapHeader {
        url: url.unwrap_or_else(|| format!("urn:tern:map:{stem}")),
        version: said(&["version", "mapversion", "mappingsetversion"]).or_else(|| options.version.clone()),
        name: Some(stem),
        title: said(&["title", "maptitle", "mappingsettitle"]),
        status: Some("active".into()),
        date: said(&["date", "publicationdate", "mappingdate"]),
        publisher: said(&["publisher", "creatorlabel", "authorlabel"]),
        copyright: said(&["copyright", "license", "licence"]),
        description: said(&["description", "mappingsetdescription"]),
        loader: "map".into(),
        ..ConceptMapHeader::default()
    }
}

/// A CURIE of the metadata as an IRI, if its prefix is declared.
fn expanded(id: &str, metadata: &Metadata) -> String {
    match id.split_once(':') {
        Some((prefix, local)) => match metadata.namespace(prefix) {
            Some(namespace) => format!("{namespace}{local}"),
            None => id.to_owned(),
        },
        None => id.to_owned(),
    }
}

/// The file's name without its endings, safe in a URN.
fn stem(member: &Member) -> String {
    let mut name = member.file_name();
    while let Some((stem, ending)) = name.rsplit_once('.') {
        let known = ["csv", "tsv", "txt", "tab", "sssom"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known));
        if stem.is_empty() || !known {
            break;
        }
        name = stem;
    }
    let safe = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    name.chars()
        .map(|character| if safe(character) { character } else { '-' })
        .collect()
}

fn malformed(member: &Member, message: impl Into<String>) -> LoadError {
    LoadError::Malformed {
        file: member.shown().to_owned(),
        line: None,
        message: message.into(),
    }
}

fn not_a_map(member: &Member) -> LoadError {
    let first = member.head(400).unwrap_or_default();
    let first = first.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    LoadError::MissingColumn {
        file: member.shown().to_owned(),
        column: "source_code and target_code (SSSOM: subject_id, predicate_id and object_id)".into(),
        found: String::from_utf8_lossy(first).into_owned(),
    }
}

#[cfg(test)]
mod tests;

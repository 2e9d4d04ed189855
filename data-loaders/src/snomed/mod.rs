//! SNOMED CT in Release Format 2: Snapshot; Full reduced to its newest states, or to those of a past day; Snapshot or
//! Full with the Deltas of later releases.
//!
//! International and extension packages given together load as one edition. Loaded are concepts, descriptions,
//! text definitions, inferred relationships with concrete values, alternate identifiers, and the rows of every
//! reference set with all their columns; besides, what follows from some of them: acceptability from language
//! reference sets, properties and implicit concept maps from associations, implicit concept maps from maps.
//! Not loaded, and said so: stated relationships (OWL axioms have taken their place).

mod core;
mod edition;
mod files;
mod header;
mod identifiers;
mod language;
mod maps;
mod refsets;
mod rows;
pub mod sctid;

pub use edition::published_edition;

use crate::gate::Gate;
use crate::source::Member;
use crate::{LoadError, LoadOptions, Loader, Release};
use files::{Content, RefsetRole, Rf2File, Selection};
use refsets::Footing;
use std::collections::BTreeSet;
use tern_index::record::{At, Record, RecordSink};

const NAME: &str = "snomed";
/// Canonical URL of SNOMED CT.
pub const SYSTEM: &str = "http://snomed.info/sct";
/// Owner in the names of files that were written from a loaded edition, to load something onto it.
pub const LOADED: &str = "LOADED";
const PUBLISHER: &str = "SNOMED International";
const COPYRIGHT: &str = "SNOMED CT is copyright of SNOMED International and may be used only under a SNOMED CT licence: \
     through a member country's National Release Centre, or an affiliate licence (https://www.snomed.org/get-snomed). \
     SNOMED and SNOMED CT are registered trademarks.";

/// Names of the description types, for designation uses.
const CORE_METADATA_DISPLAYS: [(&str, &str); 3] = [
    ("900000000000003001", "Fully specified name"),
    ("900000000000013009", "Synonym"),
    ("900000000000550004", "Definition"),
];

/// Loads SNOMED CT.
pub struct SnomedLoader;

impl Loader for SnomedLoader {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognise(&self, members: &[Member], options: &LoadOptions) -> Result<Vec<Release>, LoadError> {
        let mut files = Vec::new();
        for file in members.iter().filter_map(Rf2File::from_name) {
            if file.has_header()? {
                files.push(file);
            }
        }
        if !files.iter().any(|file| file.content == Content::Concept) {
            return Ok(Vec::new());
        }
        let readmes = members
            .iter()
            .filter(|member| edition::is_readme(member) && lies_above(member, &files));
        let mut taken: Vec<Member> = files.iter().map(|file| file.member.clone()).collect();
        taken.extend(readmes.cloned());
        Ok(vec![Release {
            loader: NAME,
            title: title(&files, options.as_of),
            members: taken,
            part: String::new(),
        }])
    }

    fn load(&self, release: &Release, options: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let files = release.members.iter().filter_map(Rf2File::from_name).collect();
        let selection = Selection::of(files, options.as_of);
        let nothing = selection.with(Content::Concept).is_empty();
        let missing = || nothing.then(|| (String::new(), "sct2_Concept_Snapshot (or Full)"));
        if let Some((_, file)) = selection.missing().or_else(missing) {
            return Err(LoadError::MissingFile {
                release: release.title.clone(),
                file: file.into(),
            });
        }
        let mut roles = Vec::new();
        for file in selection.with(Content::Refset) {
            roles.push((file, files::refset_role(file, sink)?));
        }
        for (file, reason) in &selection.ignored {
            sink.ignored(file.member.shown(), reason);
        }
        for (file, role) in &roles {
            if let RefsetRole::Ignored(reason) = role {
                sink.ignored(file.member.shown(), reason);
            }
        }
        let readmes: Vec<&Member> = release.members.iter().filter(|member| edition::is_readme(member)).collect();
        let edition = edition::read(&release.title, &selection.used, &roles, &readmes, options, sink)?;
        let of_role = |wanted| {
            roles
                .iter()
                .filter(move |(_, role)| *role == wanted)
                .map(|(file, _)| *file)
                .collect::<Vec<_>>()
        };

        sink.accept(At::default(), Record::CodeSystem(&header::code_system(&edition)))?;
        core::concepts(&selection, sink)?;
        let dialects = language::Dialects::read(of_role(RefsetRole::Language), sink)?;
        core::descriptions(&selection, &dialects, sink)?;
        drop(dialects);
        core::relationships(&selection, sink)?;
        identifiers::read(selection.with(Content::Identifier), sink)?;
        refsets::members(of_role(RefsetRole::Members), Footing::Content, sink)?;
        refsets::members(of_role(RefsetRole::Frame), Footing::Frame, sink)?;
        // Read before, to tell the edition: faults have been said.
        let dependencies = of_role(RefsetRole::ModuleDependency);
        refsets::members(dependencies, Footing::Frame, &mut Gate::silent(sink))?;
        refsets::associations(of_role(RefsetRole::Association), &edition.version, sink)?;
        maps::maps(of_role(RefsetRole::Map), &edition.version, sink)
    }
}

/// Whether a member lies in a folder above one of the files (or beside it): the readme of their release.
fn lies_above(member: &Member, files: &[Rf2File]) -> bool {
    let folder = member.shown().strip_suffix(member.file_name()).unwrap_or("");
    !folder.is_empty() && files.iter().any(|file| file.member.shown().starts_with(folder))
}

fn title(files: &[Rf2File], as_of: Option<u32>) -> String {
    let owners: BTreeSet<&str> = files
        .iter()
        .filter(|file| file.owner != LOADED)
        .map(|file| if file.owner == "INT" { "International" } else { &file.owner })
        .collect();
    let date = as_of.or_else(|| files.iter().filter_map(|file| file.date).max());
    let mut words = vec!["SNOMED CT".to_owned(), owners.into_iter().collect::<Vec<_>>().join(" + ")];
    words.extend(date.map(|date| date.to_string()));
    words.join(" ")
}

//! `tern status`: what is loaded, how much of it, from when, and under which licence.

use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table, with_resources};
use super::session::{describe, label, short_version};
use serde::Serialize;
use std::path::Path;
use tern_index::store::{Artefact, ArtefactInfo, Store};

/// Show what is loaded
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern status --json")]
pub struct StatusArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// One thing that is loaded.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    kind: &'static str,
    system: &'a str,
    version: Option<&'a str>,
    title: Option<&'a str>,
    date: Option<&'a str>,
    release: &'a str,
    concepts: u64,
    active: u64,
    terms: u64,
    relations: u64,
    members: u64,
    maps: u64,
    resources: u64,
    bytes: u64,
    licence: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn new(artefact: &'a Artefact) -> Self {
        let (kind, system, version) = describe(&artefact.info);
        let (title, date, licence) = match &artefact.info {
            ArtefactInfo::CodeSystem(header) => (&header.title, &header.date, &header.copyright),
            ArtefactInfo::ConceptMap(header) => (&header.title, &header.date, &header.copyright),
            ArtefactInfo::Resources { .. } => (&None, &None, &None),
        };
        let counts = artefact.counts;
        Self {
            kind,
            system,
            version,
            title: title.as_deref(),
            date: date.as_deref(),
            release: &artefact.release,
            concepts: counts.concepts,
            active: counts.active,
            terms: counts.designations,
            relations: counts.relations,
            members: counts.members,
            maps: counts.mappings,
            resources: counts.resources,
            bytes: artefact.bytes,
            licence: licence.as_deref(),
        }
    }

    fn cells(&self, people: bool) -> Vec<Cell> {
        let (system, version) = if people {
            (
                with_resources(label(self.system), self.resources),
                self.version.map(short_version),
            )
        } else {
            (self.system.to_owned(), self.version.map(str::to_owned))
        };
        let mut cells = vec![
            system.into(),
            version.into(),
            self.date
                .map(|date| {
                    if people {
                        date.chars().take(10).collect()
                    } else {
                        date.to_owned()
                    }
                })
                .into(),
            Cell::count(self.concepts),
            Cell::count(self.terms),
            Cell::count(self.relations),
            Cell::count(self.maps),
            Cell::Bytes(self.bytes),
        ];
        if !people {
            cells.push(Cell::count(self.resources));
            cells.push(self.licence.map(str::to_owned).into());
        }
        cells
    }
}

const COLUMNS: &[&str] = &["system", "version", "date", "concepts", "terms", "relations", "maps", "size"];

/// Runs the command.
pub fn run(args: &StatusArgs, directory: &Path) -> Result<Exit, CliError> {
    let store = Store::open(directory)?;
    let output = Output::new(args.output);
    let entries: Vec<Entry<'_>> = store.artefacts().iter().map(Entry::new).collect();
    if entries.is_empty() && output.is_for_people() {
        output.text(&format!(
            "Nothing is loaded in {}.\nLoad a release with `tern load PATH`.\n",
            directory.display()
        ))?;
        return Ok(Exit::Success);
    }
    print(&output, directory, &entries)?;
    Ok(Exit::Success)
}

fn print(output: &Output, directory: &Path, entries: &[Entry<'_>]) -> Result<(), CliError> {
    let people = output.is_for_people();
    let mut columns = COLUMNS.to_vec();
    if !people {
        columns.extend(["resources", "licence"]);
    }
    let mut table = Table::new(&columns);
    for entry in entries {
        table.row(entry.cells(people));
    }
    output.table(&table, &entries)?;
    if people {
        let total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let notes = licences(entries);
        output.text(&format!(
            "{notes}\n{} in {}\n",
            super::output::size(total),
            directory.display()
        ))?;
    }
    Ok(())
}

/// The beginning of each licence notice with all that it holds for.
fn licences(entries: &[Entry<'_>]) -> String {
    const SHOWN: usize = 200;
    let mut notices: Vec<(&str, Vec<String>)> = Vec::new();
    for entry in entries {
        let Some(licence) = entry.licence else { continue };
        let name = label(entry.system);
        match notices.iter_mut().find(|(notice, _)| *notice == licence) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => notices.push((licence, vec![name])),
        }
    }
    if notices.is_empty() {
        return String::new();
    }
    let mut text = "\nLicences (in full with --json)\n".to_owned();
    for (notice, names) in notices {
        let mut shown: String = notice.chars().take(SHOWN).collect();
        if shown.len() < notice.len() {
            let end = shown.rfind(' ').unwrap_or(shown.len());
            shown.truncate(end);
            shown += " ...";
        }
        text += &format!("  {}: {shown}\n", names.join(", "));
    }
    text
}

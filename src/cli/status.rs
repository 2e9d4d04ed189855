//! `tern status`: what is loaded, how much of it, from when, and under which licence.

use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table};
use super::session::{describe, short, short_version};
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
            (short(self.system).to_owned(), self.version.map(short_version))
        } else {
            (self.system.to_owned(), self.version.map(str::to_owned))
        };
        let mut cells = vec![
            system.into(),
            version.into(),
            self.date.map(str::to_owned).into(),
            Cell::count(self.concepts),
            Cell::count(self.terms),
            Cell::count(self.relations),
            Cell::count(self.maps),
            Cell::count(self.resources),
            Cell::Bytes(self.bytes),
        ];
        if !people {
            cells.push(self.licence.map(str::to_owned).into());
        }
        cells
    }
}

const COLUMNS: &[&str] = &[
    "system",
    "version",
    "date",
    "concepts",
    "terms",
    "relations",
    "maps",
    "resources",
    "size",
];

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

/// Prints what a store holds; for the demonstration too.
pub fn show(output: &Output, store: &Store) -> Result<(), CliError> {
    let entries: Vec<Entry<'_>> = store.artefacts().iter().map(Entry::new).collect();
    print(output, store.directory(), &entries)
}

fn print(output: &Output, directory: &Path, entries: &[Entry<'_>]) -> Result<(), CliError> {
    let people = output.is_for_people();
    let mut columns = COLUMNS.to_vec();
    if !people {
        columns.push("licence");
    }
    let mut table = Table::new(&columns);
    for entry in entries {
        table.row(entry.cells(people));
    }
    output.table(&table, &entries)?;
    if people {
        let mut notes = String::new();
        for entry in entries {
            if let Some(licence) = entry.licence {
                let name = short(entry.system);
                let first = licence
                    .split_once(". ")
                    .map_or(licence, |(first, _)| first)
                    .trim_end_matches('.');
                let note = format!("  {name}: {first}.\n");
                if !notes.contains(&note) {
                    notes += &note;
                }
            }
        }
        let total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let licences = if notes.is_empty() {
            String::new()
        } else {
            format!("\nLicences (in full with --json)\n{notes}")
        };
        let total = super::output::size(total);
        output.text(&format!("{licences}\n{} in {}\n", total, directory.display()))?;
    }
    Ok(())
}

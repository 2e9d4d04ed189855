//! `tern search`: finds codes by the beginnings of words, in one code system or in all.

use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table};
use super::session::{Session, label};
use crate::service::alias;
use crate::service::history::Successor;
use crate::service::search::{SearchRequest, SearchRow, search};
use serde::Serialize;
use std::path::Path;

/// Find codes by words
///
/// The beginnings of words, in any order, whatever their case or accents; or a code. Best and shortest first, one
/// line for each code, with the term that matched where it is not the display. Exits with 1 if nothing is found.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern search myo inf\n  tern search --system icd10cm --limit 5 \"type 2 diabetes\"")]
pub struct SearchArgs {
    /// What to look for
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// Only in this code system: short name or URL
    #[arg(long, short, value_name = "SYSTEM")]
    system: Option<String>,
    /// Codes to show at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Retired codes and terms too
    #[arg(long)]
    inactive: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// A line of the answer.
#[derive(Debug, Serialize)]
struct Found {
    system: String,
    version: Option<String>,
    code: String,
    display: String,
    /// The term that matched; `None` when the code did.
    matched: Option<String>,
    active: bool,
    /// What to use in place of a retired code, the closest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successors: Vec<Replacement>,
}

#[derive(Debug, Serialize)]
struct Replacement {
    code: String,
    display: Option<String>,
    association: String,
    active: bool,
    /// What is in use in its place, where it is retired too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_the_end: Vec<InUse>,
}

#[derive(Debug, Serialize)]
struct InUse {
    code: String,
    display: Option<String>,
}

impl From<Successor> for Replacement {
    fn from(successor: Successor) -> Self {
        let ends = successor.in_the_end.into_iter();
        Self {
            in_the_end: ends
                .map(|end| InUse {
                    code: end.code,
                    display: end.display,
                })
                .collect(),
            code: successor.target.code,
            display: successor.target.display,
            association: successor.association.display.unwrap_or(successor.association.code),
            active: successor.active,
        }
    }
}

/// Runs the command.
pub fn run(args: &SearchArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let text = args.text.join(" ");
    let system = args.system.as_deref().map(|system| session.code_system(system)).transpose()?;
    let request = SearchRequest {
        text: text.clone(),
        systems: system.into_iter().collect(),
        inactive: args.inactive,
        limit: args.limit,
    };
    let found: Vec<Found> = search(&session.terminology, &request).into_iter().map(Found::from).collect();
    let output = Output::new(args.output);
    print(&output, &found, args.system.is_none())?;
    if found.is_empty() {
        let place = args.system.as_deref().unwrap_or("any code system");
        eprintln!("tern: nothing in {place} matches \"{text}\"");
        offer(&session, &request);
        if args.system.is_none() {
            point_elsewhere(&session, &request);
        }
        eprintln!("  hint: use fewer or shorter words: \"myo inf\" finds myocardial infarction; --inactive adds retired codes");
    }
    Ok(Exit::answer(!found.is_empty()))
}

impl From<SearchRow> for Found {
    fn from(row: SearchRow) -> Self {
        Self {
            system: row.system,
            version: row.version,
            code: row.code,
            display: row.display.unwrap_or_default(),
            matched: row.term,
            active: row.active,
            successors: row.successors.into_iter().map(Replacement::from).collect(),
        }
    }
}

/// `inactive`, and what to use instead.
fn inactive(found: &Found) -> String {
    instead(&found.successors).map_or_else(|| "inactive".into(), |use_| format!("inactive; use {use_}"))
}

/// What to use in place of a retired code: what is in use and closest, and others that mean it as closely.
fn instead(successors: &[Replacement]) -> Option<String> {
    let closest = &successors.first()?.association;
    let alike = successors.iter().take_while(|other| other.association == *closest);
    let mut named: Vec<String> = Vec::new();
    let mut name = |code: &str, display: &Option<String>, how: &str| {
        let text = format!("{code} {} ({how})", display.as_deref().unwrap_or(""));
        if !named.contains(&text) {
            named.push(text);
        }
    };
    for one in alike {
        if one.active {
            name(&one.code, &one.display, &one.association);
        }
        for end in &one.in_the_end {
            name(&end.code, &end.display, &format!("by way of {}", one.code));
        }
        if !one.active && one.in_the_end.is_empty() {
            name(&one.code, &one.display, &format!("{}, retired too", one.association));
        }
    }
    Some(named.join(" or "))
}

/// Says of what is retired and matches what has taken its place.
fn offer(session: &Session, request: &SearchRequest) {
    let request = SearchRequest {
        inactive: true,
        limit: 5,
        ..request.clone()
    };
    for row in search(&session.terminology, &request).into_iter().map(Found::from) {
        if let Some(instead) = instead(&row.successors) {
            eprintln!("  retired: {} {}; use {instead}", row.code, row.display);
        }
    }
}

/// Says in which other edition or version something matches: only the one that is meant where none is named was searched.
fn point_elsewhere(session: &Session, request: &SearchRequest) {
    let request = SearchRequest {
        systems: session.terminology.code_systems(),
        limit: 1,
        ..request.clone()
    };
    for row in search(&session.terminology, &request).into_iter().map(Found::from) {
        let system = alias::short_name(&row.system).unwrap_or(&row.system);
        let version = row.version.as_deref().unwrap_or_default();
        eprintln!(
            "  in another version: {} {}; search it with --system \"{system}|{version}\"",
            row.code, row.display
        );
    }
}

fn print(output: &Output, found: &[Found], with_system: bool) -> Result<(), CliError> {
    if found.is_empty() && !output.is_json() {
        return Ok(());
    }
    let people = output.is_for_people();
    let mut table = Table::new(&["system", "code", "display", "matched", "status"]);
    for one in found {
        let matched = one.matched.as_ref().filter(|matched| !people || **matched != one.display);
        let system = if people { label(&one.system) } else { one.system.clone() };
        table.row(vec![
            if with_system || !people { system.into() } else { Cell::Empty },
            one.code.clone().into(),
            one.display.clone().into(),
            matched.cloned().into(),
            if one.active { Cell::Empty } else { inactive(one).into() },
        ]);
    }
    Ok(output.table(&table, &found)?)
}

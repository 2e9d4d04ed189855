//! `tern search`: finds codes by the beginnings of words, in one code system or in all.

use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table};
use super::session::{Session, label};
use crate::service::CodeSystemIndex;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use tern_index::read::{Hit, SearchOptions};
use tern_index::text::fold;

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
}

/// Runs the command.
pub fn run(args: &SearchArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let text = args.text.join(" ");
    let systems = match &args.system {
        Some(system) => vec![session.code_system(system)?],
        None => latest(session.terminology.code_systems()),
    };
    let options = SearchOptions {
        inactive: args.inactive,
        limit: args.limit,
        ..SearchOptions::default()
    };
    let hits = systems.iter().map(|index| index.search(&text, &options)).collect();
    let found: Vec<Found> = merge(&systems, hits, &fold(&text), args.limit)
        .into_iter()
        .map(|(index, hit)| describe(index, hit))
        .collect();
    let output = Output::new(args.output);
    print(&output, &found, args.system.is_none())?;
    if found.is_empty() {
        let place = args.system.as_deref().unwrap_or("any code system");
        eprintln!("tern: nothing in {place} matches \"{text}\"");
        eprintln!("  hint: use fewer or shorter words: \"myo inf\" finds myocardial infarction; --inactive adds retired codes");
    }
    Ok(Exit::answer(!found.is_empty()))
}

/// Of each code system its latest version: what the terminology answers without a version.
fn latest(systems: Vec<Arc<CodeSystemIndex>>) -> Vec<Arc<CodeSystemIndex>> {
    let newer = |a: &CodeSystemIndex, b: &CodeSystemIndex| {
        a.header().url == b.header().url
            && crate::service::version::compare(a.header().version.as_deref(), b.header().version.as_deref()).is_gt()
    };
    systems
        .iter()
        .filter(|index| !systems.iter().any(|other| newer(other, index)))
        .cloned()
        .collect()
}

/// Merges the answers of several code systems, each in its own order: a code typed in full first, then the term
/// that is exactly what was typed, then short terms.
fn merge<'i>(
    systems: &'i [Arc<CodeSystemIndex>],
    hits: Vec<Vec<Hit>>,
    folded: &str,
    limit: usize,
) -> Vec<(&'i CodeSystemIndex, Hit)> {
    let rank = |index: &CodeSystemIndex, hit: &Hit| match hit.designation {
        None => (0, 0),
        Some(number) => {
            let term = fold(&index.designation_text(number));
            (if term == folded { 1 } else { 2 }, term.chars().count())
        }
    };
    let mut queues: Vec<_> = systems
        .iter()
        .zip(hits)
        .map(|(index, hits)| (index, hits.into_iter().peekable()))
        .collect();
    let mut merged = Vec::new();
    while merged.len() < limit {
        let heads = queues.iter_mut().enumerate();
        let best = heads
            .filter_map(|(place, (index, hits))| hits.peek().map(|hit| (rank(index, hit), place)))
            .min();
        let next = best
            .and_then(|(_, place)| queues.get_mut(place))
            .and_then(|(index, hits)| Some((&***index, hits.next()?)));
        let Some(next) = next else { break };
        merged.push(next);
    }
    merged
}

fn describe(index: &CodeSystemIndex, hit: Hit) -> Found {
    Found {
        system: index.header().url.clone(),
        version: index.header().version.clone(),
        code: index.code(hit.concept).to_owned(),
        display: index.display(hit.concept).unwrap_or_default().into_owned(),
        matched: hit.designation.map(|number| index.designation_text(number).into_owned()),
        active: index.is_active(hit.concept),
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
            if one.active { Cell::Empty } else { "inactive".into() },
        ]);
    }
    Ok(output.table(&table, &found)?)
}

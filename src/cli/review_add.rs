//! `tern review add`: puts a table that was mapped before into the queue.

use super::error::{CliError, Exit};
use super::map::{failed, program, report_queue};
use super::review::PlaceArgs;
use crate::mapper::{MapOptions, config};
use crate::review::add::{Mapped, read};
use crate::service::alias;
use std::path::{Path, PathBuf};

/// Put a table that `tern map` wrote into the queue
///
/// For a run that was made without --queue. It takes what the table has, so write it with --candidates 5.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern review add mapped.csv --scope north")]
pub struct AddArgs {
    /// The table; "-" is standard input
    input: PathBuf,
    /// The mapping.toml of the run
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Column with a role: name, code, system, specimen, unit, section, strength, form, route, ingredient,
    /// brand, count
    #[arg(long, value_name = "COLUMN=ROLE")]
    context: Vec<String>,
}

/// Runs the command.
pub fn run(args: &AddArgs, place: &PlaceArgs, directory: &Path) -> Result<Exit, CliError> {
    let mut options = match &args.config {
        Some(path) => config::read(path).map_err(failed)?,
        None => MapOptions::default(),
    };
    for pair in &args.context {
        options.columns.bind_pair(pair).map_err(failed)?;
    }
    let target = place.target().map(|name| alias::canonical_url(name).unwrap_or(name));
    let mapped = Mapped {
        columns: options.columns,
        values: options.values,
        scope: place.scope(),
        target,
    };
    let (batch, unusable) = read(&args.input, &mapped)?;
    let mut decisions = place.open_new(directory)?;
    let added = decisions.add(&batch, &program())?;
    report_queue(&added, unusable, decisions.path());
    Ok(Exit::Success)
}

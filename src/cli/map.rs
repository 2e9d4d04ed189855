//! `tern map`: maps a file of local codes and names; the mapper does the work.

use super::error::{CliError, Exit};
use super::output::thousands;
use super::progress::Progress;
use super::session::{Session, label};
use crate::mapper::{self, Format, MapError, MapOptions, Role, Status, Summary};
use std::path::{Path, PathBuf};

/// Map a file of local codes and names to a standard code system
///
/// Reads CSV or TSV (.gz and .zst too), writes CSV, TSV or NDJSON: every row with its own columns and the code found,
/// its probability, how it was found and why. Columns are recognised by their names or bound by flags. "-" is
/// standard input or output.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern map labs.csv -o mapped.csv --target loinc\n  \
    tern map meds.tsv -o mapped.ndjson --target rxnorm --name drug --context dose=strength --candidates 3\n  \
    tern map labs.csv -o mapped.csv --config mapping.toml --decisions reviewed.csv")]
pub struct MapArgs {
    /// The file to map
    input: PathBuf,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Code system to map to: short name or URL
    #[arg(long, short, value_name = "SYSTEM", required_unless_present = "config")]
    target: Option<String>,
    /// A mapping.toml with what is otherwise said by flags
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Column with the names
    #[arg(long, value_name = "COLUMN")]
    name: Option<String>,
    /// Column with the codes
    #[arg(long, value_name = "COLUMN")]
    code: Option<String>,
    /// Column that names the code system of each row's code
    #[arg(long, value_name = "COLUMN")]
    system: Option<String>,
    /// Column with another role: specimen, unit, section, strength, form, route, count
    #[arg(long, value_name = "COLUMN=ROLE")]
    context: Vec<String>,
    /// Code system of all codes, where no column says it
    #[arg(long, value_name = "SYSTEM")]
    code_system: Option<String>,
    /// Probability from which on a candidate is mapped rather than ambiguous
    #[arg(long, value_name = "PROBABILITY")]
    accept: Option<f32>,
    /// Runners-up to write for each row
    #[arg(long, value_name = "K")]
    candidates: Option<usize>,
    /// Add a column with the explanation of each row: what matched, what was repaired, what would decide
    #[arg(long)]
    explain: bool,
    /// A reviewed output of an earlier run: its decisions hold
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Format of the output where its name does not say it: csv, tsv, ndjson
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
}

/// Runs the command.
pub fn run(args: &MapArgs, directory: &Path) -> Result<Exit, CliError> {
    let options = options(args).map_err(failed)?;
    let session = Session::open(directory)?;
    // An unknown target is told with what was meant.
    session.code_system(&options.target)?;
    let length = std::fs::metadata(&args.input).map_or(0, |data| data.len());
    let title = args.input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let progress = Progress::bytes(length, &title);
    let mut told = 0;
    let summary = mapper::run(&args.input, &args.output, &options, &session.terminology, &mut |done| {
        progress.advance(done.bytes.saturating_sub(told));
        told = done.bytes;
    });
    progress.finish();
    report(&summary.map_err(failed)?);
    Ok(Exit::Success)
}

pub(super) fn failed(error: MapError) -> CliError {
    CliError::Data {
        message: error.to_string(),
        hint: String::new(),
    }
}

/// The configuration, if there is one, with the flags over it.
fn options(args: &MapArgs) -> Result<MapOptions, MapError> {
    let mut options = match &args.config {
        Some(path) => mapper::config::read(path)?,
        None => MapOptions::default(),
    };
    for (role, column) in [
        (Role::Name, &args.name),
        (Role::Code, &args.code),
        (Role::System, &args.system),
    ] {
        if let Some(column) = column {
            options.columns.bind(role, column);
        }
    }
    for pair in &args.context {
        options.columns.bind_pair(pair)?;
    }
    if let Some(target) = &args.target {
        options.target.clone_from(target);
    }
    if let Some(format) = &args.format {
        options.format = Some(Format::parse(format)?);
    }
    options.code_system = args.code_system.clone().or(options.code_system);
    options.decisions = args.decisions.clone().or(options.decisions);
    options.explain |= args.explain;
    options.accept = args.accept.unwrap_or(options.accept);
    options.candidates = args.candidates.unwrap_or(options.candidates);
    options.check()?;
    Ok(options)
}

/// What became of the rows, on standard error.
fn report(summary: &Summary) {
    let columns: Vec<String> = summary
        .columns
        .iter()
        .map(|(role, column)| format!("{column} as {}", role.as_str()))
        .collect();
    eprintln!("Columns: {}", columns.join(", "));
    let mut parts = Vec::new();
    for status in Status::ALL {
        let rows = summary.statuses.get(&status).copied().unwrap_or(0);
        let share = 100.0 * rows as f64 / summary.rows.max(1) as f64;
        parts.push(format!("{} {} ({share:.1} %)", thousands(rows), status.as_str()));
    }
    eprintln!(
        "{} rows, {} distinct, to {}: {}",
        thousands(summary.rows),
        thousands(summary.distinct),
        label(&summary.target),
        parts.join(", ")
    );
    let seconds = summary.mapped.as_secs_f64();
    eprintln!(
        "{:.1} s to prepare {}, {seconds:.1} s to map ({} rows a second)",
        summary.prepared.as_secs_f64(),
        label(&summary.target),
        thousands((summary.rows as f64 / seconds.max(1e-6)) as u64)
    );
}

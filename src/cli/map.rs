//! `tern map`: maps a file of local codes and names; the mapper does the work.

use super::error::{CliError, Exit};
use super::mapper_args::MapperArgs;
use super::output::thousands;
use super::progress::Progress;
use super::review::{decisions_path, heeded, now, scope_name};
use super::session::{Session, label};
use crate::mapper::{self, Format, InputFormat, MapError, MapOptions, Role, Status, Summary};
use crate::review::{self, Actor, Added, DecisionStore, Scope};
use std::path::{Path, PathBuf};

/// Map a file of local codes and names to a standard code system
///
/// Reads and writes CSV, TSV, NDJSON (.gz and .zst too), XLSX and Parquet: every row with its own columns and the code found,
/// its probability, how it was found and why. Columns are recognised by their names or bound by flags. The
/// formats sssom, conceptmap-r4, conceptmap-r5, omop and usagi hold one mapping per distinct source instead. "-" is
/// standard input or output.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern map labs.csv -o mapped.csv --target loinc\n  \
    tern map meds.tsv -o mapped.ndjson --target rxnorm --name drug --context dose=strength --candidates 3\n  \
    tern map labs.xlsx -o labs.sssom.tsv --target loinc\n  \
    tern map labs.csv -o mapped.csv --config mapping.toml --decisions reviewed.csv\n  \
    tern map labs.csv -o mapped.csv --target loinc --scope north --queue")]
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
    /// Column with another role: specimen, unit, section, strength, form, route, ingredient,
    /// brand, count
    #[arg(long, value_name = "COLUMN=ROLE")]
    context: Vec<String>,
    /// Code system of all codes, where no column says it
    #[arg(long, value_name = "SYSTEM")]
    code_system: Option<String>,
    /// Runners-up to write for each row
    #[arg(long, value_name = "K")]
    candidates: Option<usize>,
    /// Add a column with the explanation of each row: what matched, what was repaired, what would decide
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    mapper: MapperArgs,
    /// Put the outcomes into the queue for `tern review`
    #[arg(long, conflicts_with = "ignore_decisions")]
    queue: bool,
    /// Format of the output where its name does not say it: csv, tsv, ndjson, xlsx, parquet, sssom, conceptmap-r4,
    /// conceptmap-r5, omop, usagi
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Format of the input where its name and content do not say it: csv, tsv, ndjson, xlsx, parquet
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<String>,
    /// Sheet of an XLSX workbook, if not the first
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// CONCEPT table of the OMOP vocabularies, for the concept ids of omop and usagi
    #[arg(long, value_name = "FILE")]
    omop_concepts: Option<PathBuf>,
    /// In sssom, conceptmap, omop and usagi, write only what the format itself defines
    #[arg(long)]
    bare: bool,
    /// Date that a mapping set states [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<jiff::civil::Date>,
}

/// Runs the command.
pub fn run(args: &MapArgs, directory: &Path) -> Result<Exit, CliError> {
    let mut options = options(args).map_err(failed)?;
    let session = Session::open(directory)?;
    // An unknown target is told with what was meant.
    let target = session.code_system(&options.target)?;
    let scope = Scope {
        name: scope_name(options.scope.as_deref()),
        target: target.header().url.clone(),
    };
    let mut decisions = decisions(args, &options, directory)?;
    if let Some(decisions) = &decisions {
        options.earlier = decisions.earlier(&scope)?;
        options.keep_outcomes = args.queue;
    }
    let length = std::fs::metadata(&args.input).map_or(0, |data| data.len());
    let title = args.input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let progress = Progress::bytes(length, &title);
    let mut told = 0;
    let summary = mapper::run(&args.input, &args.output, &options, &session.terminology, &mut |done| {
        progress.advance(done.bytes.saturating_sub(told));
        told = done.bytes;
    });
    progress.finish();
    let mut summary = summary.map_err(failed)?;
    report(&summary);
    let format = options
        .format
        .map_or_else(|| Format::of_path(&args.output), Ok)
        .map_err(failed)?;
    notes(&summary.lost, format, args.omop_concepts.is_some());
    if let Some(decisions) = decisions.as_mut().filter(|_| args.queue) {
        let release = target.header().version.clone();
        let (batch, unusable) = review::batch(scope, release, std::mem::take(&mut summary.kept));
        let added = decisions.add(&batch, &program())?;
        report_queue(&added, unusable, decisions.path());
    }
    Ok(Exit::Success)
}

/// What a format had no place for, on standard error.
pub(super) fn notes(lost: &[String], format: Format, concepts: bool) {
    if !lost.is_empty() {
        eprintln!("Lost, since {} has no place for it: {}", format.as_str(), lost.join(", "));
    }
    if matches!(format, Format::Omop | Format::Usagi) && !concepts {
        eprintln!("Without a CONCEPT table (--omop-concepts) targets of which no concept id is known have the id 0.");
    }
}

/// The decisions that the run heeds: those that were named, else those of the store if it has some. A queue begins them.
fn decisions(args: &MapArgs, options: &MapOptions, directory: &Path) -> Result<Option<DecisionStore>, CliError> {
    let named = options.decisions_db.as_deref();
    if args.mapper.ignore_decisions {
        return Ok(None);
    }
    if args.queue {
        return Ok(Some(DecisionStore::open(&decisions_path(named, directory))?));
    }
    heeded(named, directory)
}

/// What the queue has taken, on standard error.
pub fn report_queue(added: &Added, unusable: u64, path: &str) {
    let mut parts = vec![
        format!("{} new", thousands(added.new)),
        format!("{} changed", thousands(added.changed)),
        format!("{} as before", thousands(added.unchanged)),
    ];
    if added.reopened > 0 {
        parts.push(format!(
            "{} decided on codes that are no longer in use",
            thousands(added.reopened)
        ));
    }
    if unusable > 0 {
        parts.push(format!("{} left out: mend them in the source", thousands(unusable)));
    }
    eprintln!("Queue {path}: {}", parts.join(", "));
    eprintln!("  hint: `tern review` goes through it, `tern review export -o queue.xlsx` writes it as a table");
}

/// The program as who says something.
pub fn program() -> Actor {
    Actor {
        who: concat!("tern ", env!("CARGO_PKG_VERSION")).to_owned(),
        at: now(),
        blind: false,
    }
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
    if let Some(format) = &args.input_format {
        options.input.format = Some(InputFormat::parse(format)?);
    }
    options.input.sheet.clone_from(&args.sheet);
    options.set.omop_concepts.clone_from(&args.omop_concepts);
    options.set.bare = args.bare;
    let date = args
        .date
        .unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    options.date = Some(date.to_string());
    options.code_system = args.code_system.clone().or(options.code_system);
    args.mapper.apply(&mut options);
    options.explain |= args.explain;
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

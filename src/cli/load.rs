//! `tern load`: recognises releases, builds their indexes aside, and makes all of them live at once or none.
//!
//! Whatever ends the command early, Ctrl-C and kill included, leaves the store as it was: nothing is live before
//! the last step. Recognising and reading are the loaders' work, building the store's.

use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table, size, thousands, with_resources};
use super::progress::Progress;
use super::rf2;
use super::session::{Session, describe, label, short_version};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tern_index::build::{FaultPolicy, ReleaseReport};
use tern_index::store::{Load, LoadedRelease};
use tern_loaders::source::{self, Limits, Member};
use tern_loaders::{LoadOptions, Release, loaders, recognise};

/// Load vocabulary releases into the store
///
/// Give the publisher's own files: a zip as downloaded, the folder it unpacks to, or a folder with several
/// releases. What each one is shows by looking at it. Loading a version that is already there replaces it.
/// Records with faults are skipped, counted and listed; past --max-skipped nothing is loaded.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tern load SnomedCT_InternationalRF2_PRODUCTION_20250901T120000Z.zip\n  \
    tern load ~/releases --dry-run\n  \
    tern load SnomedCT_InternationalRF2_PRODUCTION_20250901T120000Z.zip --as-of 20240301\n  \
    tern load SnomedCT_Delta_20251001.zip --onto snomed\n  tern load local-labs.csv --map-url http://example.org/labs-to-loinc"
)]
pub struct LoadArgs {
    /// Zips, folders or files of releases
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Stop at the first fault and load nothing
    #[arg(long)]
    strict: bool,
    /// Read the input as this format, whatever it looks like
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    format: Option<String>,
    /// Version to record for a release that does not state its own
    #[arg(long, value_name = "VERSION")]
    release_version: Option<String>,
    /// Canonical URL of the concept map made of a local map
    #[arg(long, value_name = "URL")]
    map_url: Option<String>,
    /// SNOMED CT edition (its module) to record instead of the one the release shows
    #[arg(long, value_name = "MODULE")]
    edition: Option<String>,
    /// Read a SNOMED CT release that has its history (Full files) as it was on this day
    #[arg(long, value_name = "YYYYMMDD", value_parser = day)]
    as_of: Option<u32>,
    /// Load SNOMED CT Delta files, or an extension, onto this loaded edition ("snomed", or "snomed|VERSION")
    #[arg(long, value_name = "SYSTEM", conflicts_with = "as_of")]
    onto: Option<String>,
    /// Share of records that may be skipped, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    max_skipped: f64,
    /// Only say what would be loaded
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Reads a day as SNOMED CT writes it.
fn day(text: &str) -> Result<u32, String> {
    let sound = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = text.parse().unwrap_or(0);
    let (month, day) = (number / 100 % 100, number % 100);
    if sound && (1..=12).contains(&month) && (1..=31).contains(&day) {
        Ok(number)
    } else {
        Err("not a day of the form YYYYMMDD".into())
    }
}

fn format_names() -> clap::builder::PossibleValuesParser {
    loaders().iter().map(|loader| loader.name()).collect::<Vec<_>>().into()
}

/// What is asked for, without the command line around it.
pub struct Request<'r> {
    /// What to load.
    pub paths: &'r [PathBuf],
    /// Overrides.
    pub options: LoadOptions,
    /// How faults are treated.
    pub policy: FaultPolicy,
    /// Share of records that may be skipped, in percent.
    pub max_skipped: f64,
}

/// What has been loaded.
pub struct Done {
    releases: Vec<LoadedRelease>,
    seconds: Vec<f64>,
}

/// Runs the command.
pub fn run(args: &LoadArgs, directory: &Path) -> Result<Exit, CliError> {
    let mut paths = args.paths.clone();
    // Lives until it has been read.
    let base = args.onto.as_deref().map(|onto| written_back(onto, directory)).transpose()?;
    paths.extend(base.iter().map(|base| base.path().to_owned()));
    let request = Request {
        paths: &paths,
        options: LoadOptions {
            format: args.format.clone(),
            version: args.release_version.clone(),
            map_url: args.map_url.clone(),
            edition: args.edition.clone(),
            as_of: args.as_of,
        },
        policy: FaultPolicy {
            strict: args.strict,
            ..FaultPolicy::default()
        },
        max_skipped: args.max_skipped,
    };
    let output = Output::new(args.output);
    if args.dry_run {
        let (releases, left) = look(&request)?;
        preview(&output, &releases)?;
        report_left(&left);
        return Ok(Exit::Success);
    }
    let done = load(&request, directory, true)?;
    print(&output, &done)?;
    if output.is_for_people() {
        eprintln!("\nLoaded into {}.", directory.display());
    }
    Ok(Exit::Success)
}

/// A loaded edition as files that the loader reads with those given.
fn written_back(onto: &str, directory: &Path) -> Result<tempfile::TempDir, CliError> {
    let index = Session::open(directory)?.code_system(onto)?;
    if index.header().loader != "snomed" {
        return Err(CliError::Usage {
            message: format!("{onto} is no SNOMED CT edition, and only those have releases that change another"),
            hint: "name a loaded edition: --onto snomed, or --onto \"snomed|VERSION\"".into(),
        });
    }
    // Beside the store, where there is room for a release.
    let failed = |error: std::io::Error| CliError::Usage {
        message: format!(
            "{onto} could not be written to a temporary folder in {}: {error}",
            directory.display()
        ),
        hint: "make room on the disk of the store".into(),
    };
    let folder = tempfile::tempdir_in(directory).map_err(failed)?;
    rf2::write(&index, folder.path()).map_err(failed)?;
    Ok(folder)
}

/// Finds out what the input is.
fn look(request: &Request<'_>) -> Result<(Vec<Release>, Vec<Member>), CliError> {
    let members = source::members(request.paths, Limits::default())?;
    let files = members.len();
    let (releases, left) = recognise(members, &request.options)?;
    if releases.is_empty() {
        let shown: Vec<String> = request.paths.iter().map(|path| path.display().to_string()).collect();
        return Err(CliError::NothingRecognised {
            shown: shown.join(", "),
            files,
        });
    }
    Ok((releases, left))
}

/// Loads all of it, or none. With `tell`, what is recognised, skipped and left out is told on standard error.
pub fn load(request: &Request<'_>, directory: &Path, tell: bool) -> Result<Done, CliError> {
    let (releases, left) = look(request)?;
    if tell {
        for release in &releases {
            eprintln!(
                "Recognised {} ({}, {})",
                release.title,
                files(release.members.len()),
                size(release.bytes())
            );
        }
        report_left(&left);
    }
    let mut load = Load::begin(directory)?.deriving(crate::description_logic::derive);
    let mut seconds = Vec::new();
    for release in &releases {
        let Some(loader) = loaders().iter().find(|loader| loader.name() == release.loader) else {
            continue;
        };
        let started = Instant::now();
        let progress = Progress::bytes(release.bytes(), &release.title);
        let built = load.release(
            &release.title,
            release.loader,
            request.policy,
            |bytes| progress.advance(bytes),
            |sink| loader.load(release, &request.options, sink),
        );
        progress.finish();
        let built = built.map_err(|failure| CliError::unloadable(&release.title, failure))?;
        seconds.push(started.elapsed());
        if tell {
            report_faults(&release.title, &built.report);
        }
        check_share(&release.title, &built.report, request.max_skipped)?;
    }
    Ok(Done {
        releases: load.commit()?,
        seconds: seconds.iter().map(Duration::as_secs_f64).collect(),
    })
}

fn check_share(title: &str, report: &ReleaseReport, limit: f64) -> Result<(), CliError> {
    let skipped = report.skipped();
    let rows = report.records.max(skipped);
    let percent = 100.0 * skipped as f64 / rows.max(1) as f64;
    if percent <= limit {
        return Ok(());
    }
    Err(CliError::TooManySkipped {
        title: title.to_owned(),
        skipped,
        rows,
        percent,
        limit,
    })
}

/// How many examples of each kind of fault are shown.
const EXAMPLES: usize = 3;

fn report_faults(title: &str, report: &ReleaseReport) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, reason) in &report.ignored {
        reasons.entry(reason).or_default().push(file);
    }
    for (reason, left_out) in reasons {
        let names: Vec<&str> = left_out
            .iter()
            .take(2)
            .map(|file| file.rsplit(['/', '!']).next().unwrap_or(file))
            .collect();
        let more = if left_out.len() > names.len() { ", ..." } else { "" };
        eprintln!("  left out {} ({reason}): {}{more}", files(left_out.len()), names.join(", "));
    }
    if report.skipped() == 0 {
        return;
    }
    let skipped = report.skipped();
    let records = if skipped == 1 { "record was" } else { "records were" };
    eprintln!("{title}: {} {records} skipped", thousands(skipped));
    for (kind, count) in &report.faults {
        eprintln!("  {kind}: {}", thousands(*count));
        for fault in report
            .examples
            .iter()
            .filter(|fault| fault.problem.kind == *kind)
            .take(EXAMPLES)
        {
            eprintln!("    {fault}");
        }
        if *count > EXAMPLES as u64 {
            eprintln!("    ... and {} more", thousands(count - EXAMPLES as u64));
        }
    }
}

fn report_left(left: &[Member]) {
    const SHOWN: usize = 5;
    if left.is_empty() {
        return;
    }
    eprintln!("Left out, as no part of a known release: {}", files(left.len()));
    for member in left.iter().take(SHOWN) {
        eprintln!("  {}", member.shown());
    }
    if left.len() > SHOWN {
        eprintln!("  ... and {} more", thousands((left.len() - SHOWN) as u64));
    }
}

fn files(number: usize) -> String {
    format!("{} {}", thousands(number as u64), if number == 1 { "file" } else { "files" })
}

#[derive(Debug, Serialize)]
struct Preview<'r> {
    title: &'r str,
    format: &'r str,
    files: usize,
    bytes: u64,
}

fn preview(output: &Output, releases: &[Release]) -> Result<(), CliError> {
    let rows: Vec<Preview<'_>> = releases
        .iter()
        .map(|release| Preview {
            title: &release.title,
            format: release.loader,
            files: release.members.len(),
            bytes: release.bytes(),
        })
        .collect();
    let mut table = Table::new(&["release", "format", "files", "size"]);
    for row in &rows {
        table.row(vec![
            row.title.into(),
            row.format.into(),
            Cell::Count(row.files as u64),
            Cell::Bytes(row.bytes),
        ]);
    }
    Ok(output.table(&table, &rows)?)
}

/// A line of the table at the end.
#[derive(Debug, Serialize)]
struct Loaded<'r> {
    release: &'r str,
    kind: &'static str,
    system: &'r str,
    version: Option<&'r str>,
    concepts: u64,
    terms: u64,
    relations: u64,
    maps: u64,
    resources: u64,
    /// Of the whole release, on its first line.
    seconds: Option<f64>,
    bytes: u64,
    skipped: u64,
}

/// Prints what has been loaded.
pub fn print(output: &Output, done: &Done) -> Result<(), CliError> {
    let mut rows = Vec::new();
    for (release, seconds) in done.releases.iter().zip(&done.seconds) {
        for (number, (info, counts, bytes)) in release.artefacts.iter().enumerate() {
            let (kind, system, version) = describe(info);
            rows.push(Loaded {
                release: &release.title,
                kind,
                system,
                version,
                concepts: counts.concepts,
                terms: counts.designations,
                relations: counts.relations,
                maps: counts.mappings,
                resources: counts.resources,
                seconds: (number == 0).then_some(*seconds),
                bytes: *bytes,
                skipped: if number == 0 { release.report.skipped() } else { 0 },
            });
        }
    }
    let people = output.is_for_people();
    let mut columns = vec![
        "system",
        "version",
        "concepts",
        "terms",
        "relations",
        "maps",
        "seconds",
        "size",
    ];
    if !people {
        columns.push("resources");
    }
    let mut table = Table::new(&columns);
    for row in &rows {
        let (system, version) = if people {
            (
                with_resources(label(row.system), row.resources),
                row.version.map(short_version),
            )
        } else {
            (row.system.to_owned(), row.version.map(str::to_owned))
        };
        let mut cells = vec![
            system.into(),
            version.into(),
            Cell::count(row.concepts),
            Cell::count(row.terms),
            Cell::count(row.relations),
            Cell::count(row.maps),
            row.seconds.map_or(Cell::Empty, Cell::Seconds),
            Cell::Bytes(row.bytes),
        ];
        if !people {
            cells.push(Cell::count(row.resources));
        }
        table.row(cells);
    }
    Ok(output.table(&table, &rows)?)
}

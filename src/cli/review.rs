//! `tern review`: people's decisions on what the mapper suggests, in a terminal, in tables and at a glance.

use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table, thousands};
use super::session::{Session, label};
use crate::review::agreement::{Agreement, agreement};
use crate::review::export::{SheetFormat, table};
use crate::review::import::{ImportOptions, import};
use crate::review::terminal::{self, MOST_HITS, Review, Theme, Vocabulary};
use crate::review::{Actor, DEFAULT_SCOPE, DecisionStore, FILE_NAME, Item, ReviewError, State, Wanted, queue, veiled};
use crate::service::Terminology;
use crate::service::search::{SearchRequest, search};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The environment variable that names the database of decisions.
pub const DECISIONS_VARIABLE: &str = "TERN_DECISIONS_DB";

/// Review what the mapper suggests
///
/// Without a further word, one item after the other in the terminal: the source, its candidates with their reasons, a
/// key for each decision. Items come from `tern map --queue`; decisions hold in the next run. Everything that was ever
/// decided is kept.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = false,
    after_help = "Examples:\n  tern review\n  tern review --reviewer anna --double\n  tern review export -o queue.xlsx\n  tern review import queue.xlsx --reviewer anna"
)]
pub struct ReviewArgs {
    #[command(subcommand)]
    command: Option<ReviewCommand>,
    #[command(flatten)]
    place: PlaceArgs,
    /// Who reviews
    #[arg(long, global = true, value_name = "NAME", env = "TERN_REVIEWER")]
    reviewer: Option<String>,
    /// Two people decide each item without seeing each other's decision
    #[arg(long, global = true)]
    double: bool,
}

/// Where decisions are kept and which of them are meant.
#[derive(Debug, Clone, Args)]
pub struct PlaceArgs {
    /// Database of decisions [default: decisions.sqlite in the store]
    #[arg(long, global = true, value_name = "FILE", env = DECISIONS_VARIABLE)]
    decisions_db: Option<PathBuf>,
    /// Only this site or project
    #[arg(long, global = true, value_name = "NAME", env = "TERN_SCOPE")]
    scope: Option<String>,
    /// Only this target: short name or URL
    #[arg(long, short, global = true, value_name = "SYSTEM")]
    target: Option<String>,
}

#[derive(Debug, Subcommand)]
enum ReviewCommand {
    Add(super::review_add::AddArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    List(ListArgs),
    Status(StatusArgs),
    Agreement(AgreementArgs),
    History(HistoryArgs),
    Undo(UndoArgs),
}

/// Write the queue as a table for people to fill in
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tern review export -o queue.xlsx --limit 200")]
struct ExportArgs {
    /// The file to write; "-" is standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// csv or xlsx [default: by the file's name]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    #[command(flatten)]
    which: WhichArgs,
}

/// Which items.
#[derive(Debug, Clone, Args)]
struct WhichArgs {
    /// Items at most, the most useful first
    #[arg(long, short = 'n', value_name = "N")]
    limit: Option<usize>,
    /// What the mapper mapped by itself, too
    #[arg(long)]
    auto: bool,
    /// What is decided, too
    #[arg(long)]
    all: bool,
}

/// Take the decisions of a table that people have filled in
///
/// Every line is checked: codes against the loaded release, tuples and suggestions against the store. Either all lines
/// are taken or none, and all faults are listed by row.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tern review import queue.xlsx --reviewer anna")]
struct ImportArgs {
    /// The table: XLSX or CSV
    input: PathBuf,
    /// Only look whether it could be taken
    #[arg(long)]
    check: bool,
}

/// List the queue, the most useful item first
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tern review list --limit 20")]
struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Count items by state, and the rows that they stand for
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tern review status")]
struct StatusArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// Measure how far two blind reviewers agree: the share, and Cohen's kappa
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tern review agreement")]
struct AgreementArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// Show everything that was ever said of an item
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tern review history 12")]
struct HistoryArgs {
    /// The item's number, as `tern review list` shows it
    item: i64,
    #[command(flatten)]
    output: OutputArgs,
}

/// Take back the last decision on an item; the history keeps both
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tern review undo 12")]
struct UndoArgs {
    /// The item's number
    item: i64,
}

impl From<ReviewError> for CliError {
    fn from(error: ReviewError) -> Self {
        let message = error.to_string();
        match error {
            ReviewError::Missing { .. } | ReviewError::NoItem { .. } => Self::NotFound {
                message,
                hint: String::new(),
            },
            ReviewError::Lines { faults, .. } => Self::Data {
                message: faults.iter().fold(message, |text, fault| format!("{text}\n  {fault}")),
                hint: "mend these rows and import the table again".to_owned(),
            },
            _ => Self::Data {
                message,
                hint: String::new(),
            },
        }
    }
}

/// The time, as histories have it.
pub fn now() -> String {
    let seconds = jiff::Timestamp::now().as_second();
    // Seconds of the clock are in range.
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

/// The database of decisions that is meant.
pub fn decisions_path(named: Option<&Path>, store: &Path) -> PathBuf {
    named.map_or_else(|| store.join(FILE_NAME), Path::to_owned)
}

/// The database of decisions that a run heeds: the one that was named, which must be there, else the store's if it has one.
pub fn heeded(named: Option<&Path>, store: &Path) -> Result<Option<DecisionStore>, CliError> {
    let path = decisions_path(named, store);
    let meant = named.is_some() || path.exists();
    Ok(meant.then(|| DecisionStore::open_existing(&path)).transpose()?)
}

/// The site or project that is meant.
pub fn scope_name(named: Option<&str>) -> String {
    named.unwrap_or(DEFAULT_SCOPE).to_owned()
}

impl PlaceArgs {
    fn open(&self, store: &Path) -> Result<DecisionStore, CliError> {
        Ok(DecisionStore::open_existing(&decisions_path(
            self.decisions_db.as_deref(),
            store,
        ))?)
    }

    /// Opens the decisions, and begins them where there are none.
    pub fn open_new(&self, store: &Path) -> Result<DecisionStore, CliError> {
        Ok(DecisionStore::open(&decisions_path(self.decisions_db.as_deref(), store))?)
    }

    /// The site or project.
    pub fn scope(&self) -> String {
        scope_name(self.scope.as_deref())
    }

    /// The target, if one is named.
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    fn items(&self, decisions: &DecisionStore) -> Result<Vec<Item>, CliError> {
        // Short names are resolved without a store: decisions can be read where nothing is loaded.
        let target = self
            .target
            .as_deref()
            .map(|name| crate::service::alias::canonical_url(name).unwrap_or(name));
        Ok(decisions.items(self.scope.as_deref(), target)?)
    }
}

impl ReviewArgs {
    fn who(&self) -> Result<String, CliError> {
        let login = || std::env::var("USER").or_else(|_| std::env::var("USERNAME")).ok();
        let name = self.reviewer.clone().or_else(login).filter(|name| !name.trim().is_empty());
        name.ok_or_else(|| CliError::Usage {
            message: "nothing says who reviews".to_owned(),
            hint: "name yourself with --reviewer NAME or in TERN_REVIEWER".to_owned(),
        })
    }

    fn queue(&self, which: &WhichArgs, decisions: &DecisionStore) -> Result<Vec<Item>, CliError> {
        let wanted = Wanted {
            who: self.who().unwrap_or_default(),
            blind: self.double,
            auto: which.auto || which.all,
            decided: which.all,
        };
        let mut items = queue(self.place.items(decisions)?, &wanted);
        items.truncate(which.limit.unwrap_or(usize::MAX));
        Ok(items)
    }
}

/// Runs the command.
pub fn run(args: &ReviewArgs, directory: &Path) -> Result<Exit, CliError> {
    match &args.command {
        None => interactive(args, directory),
        Some(ReviewCommand::Add(add)) => super::review_add::run(add, &args.place, directory),
        Some(ReviewCommand::Export(export)) => run_export(args, export, directory),
        Some(ReviewCommand::Import(import)) => run_import(args, import, directory),
        Some(ReviewCommand::List(list)) => run_list(args, list, directory),
        Some(ReviewCommand::Status(status)) => run_status(args, status, directory),
        Some(ReviewCommand::Agreement(agreement)) => run_agreement(args, agreement, directory),
        Some(ReviewCommand::History(history)) => run_history(args, history, directory),
        Some(ReviewCommand::Undo(undo)) => run_undo(args, undo, directory),
    }
}

/// The search that everything else uses, and the clock.
struct Loaded<'t>(&'t Terminology);

impl Vocabulary for Loaded<'_> {
    fn search(&self, target: &str, text: &str) -> Vec<(String, String)> {
        let Ok(system) = self.0.code_system(target, None) else {
            return Vec::new();
        };
        let request = SearchRequest {
            text: text.to_owned(),
            systems: vec![system],
            inactive: false,
            limit: MOST_HITS,
        };
        let hits = search(self.0, &request).into_iter();
        hits.map(|row| (row.code, row.display.unwrap_or_default())).collect()
    }

    fn version(&self, target: &str) -> Option<String> {
        self.0.code_system(target, None).ok()?.header().version.clone()
    }

    fn is_in_use(&self, target: &str, code: &str) -> bool {
        let system = self.0.code_system(target, None);
        system.is_ok_and(|system| system.find(code).is_some_and(|concept| system.is_active(concept)))
    }

    fn now(&self) -> String {
        now()
    }
}

fn interactive(args: &ReviewArgs, directory: &Path) -> Result<Exit, CliError> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(CliError::Usage {
            message: "reviewing one by one needs a terminal".to_owned(),
            hint: "use `tern review export` and `tern review import`, or `tern review list`".to_owned(),
        });
    }
    let who = args.who()?;
    let mut decisions = args.place.open(directory)?;
    let session = Session::open(directory)?;
    let which = WhichArgs {
        limit: None,
        auto: false,
        all: false,
    };
    let items = args.queue(&which, &decisions)?;
    let mut review = Review::new(items, &who, args.double);
    let theme = Theme {
        colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    terminal::run(&mut review, &mut decisions, &Loaded(&session.terminology), &theme)?;
    let (decided, skipped, share) = review.progress();
    eprintln!(
        "{decided} of {} decided ({:.0} % of rows), {skipped} skipped",
        review.len(),
        share * 100.0
    );
    Ok(Exit::Success)
}

fn run_export(args: &ReviewArgs, export: &ExportArgs, directory: &Path) -> Result<Exit, CliError> {
    let ending = export.output.extension().map(|ending| ending.to_string_lossy().into_owned());
    let name = export.format.clone().or(ending).unwrap_or_else(|| "csv".to_owned());
    let format = SheetFormat::parse(&name).ok_or_else(|| CliError::Usage {
        message: format!("{name:?} is no format of a review table"),
        hint: "use csv or xlsx, with --format or as the ending of the file".to_owned(),
    })?;
    let decisions = args.place.open(directory)?;
    let items = args.queue(&export.which, &decisions)?;
    let bytes = table(&items, format, &export.output)?;
    let fail = |error| CliError::File {
        path: export.output.clone(),
        error,
    };
    if export.output.as_os_str() == "-" {
        use std::io::Write;
        std::io::stdout().lock().write_all(&bytes)?;
    } else {
        let mut partial = export.output.clone().into_os_string();
        partial.push(".partial");
        std::fs::write(&partial, bytes).map_err(fail)?;
        std::fs::rename(&partial, &export.output).map_err(fail)?;
    }
    eprintln!("{} items to review", thousands(items.len() as u64));
    Ok(Exit::Success)
}

fn run_import(args: &ReviewArgs, input: &ImportArgs, directory: &Path) -> Result<Exit, CliError> {
    let mut decisions = args.place.open(directory)?;
    let session = Session::open(directory)?;
    let options = ImportOptions {
        scope: args.place.scope(),
        reviewer: args.who().ok(),
        at: now(),
        blind: args.double,
        check_only: input.check,
    };
    let imported = import(&mut decisions, &input.input, &options, &session.terminology)?;
    for repair in &imported.repairs {
        eprintln!("{repair}");
    }
    let mut parts: Vec<String> = imported
        .recorded
        .iter()
        .map(|(state, count)| format!("{count} {}", state.as_str()))
        .collect();
    parts.push(format!("{} as before", imported.unchanged));
    parts.push(format!("{} lines without a decision", imported.blank));
    let verb = if input.check { "Could be imported" } else { "Imported" };
    eprintln!("{verb}: {}", parts.join(", "));
    Ok(Exit::Success)
}

/// An item as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    item: i64,
    scope: String,
    target: String,
    state: &'static str,
    count: f64,
    expected_errors: f64,
    source: BTreeMap<&'static str, String>,
    candidate: Option<String>,
    display: Option<String>,
    probability: Option<f32>,
    author: Option<String>,
    reviewer: Option<String>,
}

impl Listed {
    fn of(item: &Item) -> Self {
        let decided = item.standing.code.as_ref();
        let best = item.open_suggestions().next();
        let shown = match decided {
            Some(code) => item.proposal.suggestions.iter().find(|one| one.code == *code),
            None => best,
        };
        let roles = crate::mapper::Role::ALL
            .into_iter()
            .filter(|role| !item.source.get(*role).is_empty());
        Self {
            item: item.id,
            scope: item.scope.name.clone(),
            target: item.scope.target.clone(),
            state: item.standing.state.as_str(),
            count: item.count,
            expected_errors: item.expected_errors(),
            source: roles.map(|role| (role.as_str(), item.source.get(role).to_owned())).collect(),
            candidate: decided.cloned().or_else(|| shown.map(|one| one.code.clone())),
            display: shown.map(|one| one.display.clone()),
            probability: shown.filter(|_| decided.is_none()).map(|one| one.probability),
            author: item.standing.author.clone(),
            reviewer: item.standing.reviewer.clone(),
        }
    }
}

fn run_list(args: &ReviewArgs, list: &ListArgs, directory: &Path) -> Result<Exit, CliError> {
    let decisions = args.place.open(directory)?;
    let items = args.queue(&list.which, &decisions)?;
    let listed: Vec<Listed> = items.iter().map(Listed::of).collect();
    let mut table = Table::new(&["item", "state", "count", "source", "code", "probability", "display"]);
    for one in &listed {
        let name = one.source.get("name").or_else(|| one.source.get("code"));
        let context = one.source.iter().filter(|(role, _)| !matches!(**role, "name" | "system"));
        let context: Vec<&str> = context.map(|(_, value)| value.as_str()).collect();
        let mut source = name.cloned().unwrap_or_default();
        if !context.is_empty() && one.source.contains_key("name") {
            source = format!("{source} ({})", context.join(", "));
        }
        table.row(vec![
            one.item.to_string().into(),
            one.state.into(),
            Cell::Count(one.count.round() as u64),
            source.into(),
            one.candidate.clone().into(),
            one.probability.map(|probability| format!("{probability:.2}")).into(),
            one.display.clone().into(),
        ]);
    }
    let output = Output::new(list.output);
    output.table(&table, &listed)?;
    Ok(Exit::answer(!items.is_empty()))
}

/// Items and rows in a state.
#[derive(Debug, Serialize)]
struct Standing {
    scope: String,
    target: String,
    state: &'static str,
    items: u64,
    rows: f64,
    share_of_rows: f64,
}

fn run_status(args: &ReviewArgs, status: &StatusArgs, directory: &Path) -> Result<Exit, CliError> {
    let decisions = args.place.open(directory)?;
    let items = args.place.items(&decisions)?;
    let mut counted: BTreeMap<(&str, &str, State), (u64, f64)> = BTreeMap::new();
    let mut rows: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for item in &items {
        let (scope, target) = (item.scope.name.as_str(), item.scope.target.as_str());
        let place = counted.entry((scope, target, item.standing.state)).or_default();
        place.0 += 1;
        place.1 += item.count;
        *rows.entry((scope, target)).or_default() += item.count;
    }
    let lines: Vec<Standing> = counted
        .iter()
        .map(|((scope, target, state), (items, volume))| Standing {
            scope: (*scope).to_owned(),
            target: (*target).to_owned(),
            state: state.as_str(),
            items: *items,
            rows: *volume,
            share_of_rows: volume / rows.get(&(*scope, *target)).copied().unwrap_or(1.0).max(f64::MIN_POSITIVE),
        })
        .collect();
    let output = Output::new(status.output);
    let people = output.is_for_people();
    let mut table = Table::new(&["scope", "target", "state", "items", "rows", "share"]);
    for line in &lines {
        let target = if people { label(&line.target) } else { line.target.clone() };
        table.row(vec![
            line.scope.clone().into(),
            target.into(),
            line.state.into(),
            Cell::Count(line.items),
            Cell::Count(line.rows.round() as u64),
            format!("{:.1} %", line.share_of_rows * 100.0).into(),
        ]);
    }
    let measured = measured(args, &decisions)?;
    output.table(&table, &lines)?;
    if let Some(all) = measured.last().filter(|all| all.items > 0) {
        eprintln!(
            "Blind reviewers agree on {} of {} items{}",
            all.same,
            all.items,
            kappa_text(all)
        );
    }
    Ok(Exit::Success)
}

fn kappa_text(agreement: &Agreement) -> String {
    agreement
        .kappa
        .map(|kappa| format!(" (kappa {kappa:.2})"))
        .unwrap_or_default()
}

/// Agreement over the items that are meant.
fn measured(args: &ReviewArgs, decisions: &DecisionStore) -> Result<Vec<Agreement>, CliError> {
    let items = args.place.items(decisions)?;
    let histories = decisions.histories()?;
    let meant = items.iter().filter_map(|item| histories.get(&item.id));
    Ok(agreement(meant.map(Vec::as_slice)))
}

fn run_agreement(args: &ReviewArgs, command: &AgreementArgs, directory: &Path) -> Result<Exit, CliError> {
    let decisions = args.place.open(directory)?;
    let found = measured(args, &decisions)?;
    let mut table = Table::new(&["reviewers", "items", "same", "agreement", "kappa"]);
    for one in &found {
        let who = one.reviewers.as_ref().map(|(first, second)| format!("{first}, {second}"));
        table.row(vec![
            who.unwrap_or_else(|| "all".to_owned()).into(),
            Cell::Count(one.items),
            Cell::Count(one.same),
            one.raw.map(|raw| format!("{raw:.3}")).into(),
            one.kappa.map(|kappa| format!("{kappa:.3}")).into(),
        ]);
    }
    Output::new(command.output).table(&table, &found)?;
    Ok(Exit::answer(found.iter().any(|one| one.items > 0)))
}

/// An event as it is shown.
#[derive(Debug, Serialize)]
struct Told {
    event: i64,
    at: String,
    who: String,
    kind: &'static str,
    state: Option<&'static str>,
    code: Option<String>,
    version: Option<String>,
    relationship: Option<&'static str>,
    comment: String,
    supersedes: Option<i64>,
}

fn run_history(args: &ReviewArgs, command: &HistoryArgs, directory: &Path) -> Result<Exit, CliError> {
    let decisions = args.place.open(directory)?;
    let history = decisions.history(command.item)?;
    let viewer = args.who().unwrap_or_default();
    let told: Vec<Told> = history
        .iter()
        .map(|event| {
            let hidden = veiled(&history, event, &viewer);
            Told {
                event: event.id,
                at: event.at.clone(),
                who: event.who.clone(),
                kind: event.kind.as_str(),
                state: (!hidden).then(|| event.state.as_str()),
                code: event.code.clone().filter(|_| !hidden),
                version: event.version.clone(),
                relationship: event.relationship.filter(|_| !hidden).map(|one| one.as_str()),
                comment: if hidden { String::new() } else { event.comment.clone() },
                supersedes: event.supersedes,
            }
        })
        .collect();
    let mut table = Table::new(&[
        "event",
        "at",
        "who",
        "kind",
        "state",
        "code",
        "relationship",
        "comment",
        "supersedes",
    ]);
    for one in &told {
        table.row(vec![
            one.event.to_string().into(),
            one.at.clone().into(),
            one.who.clone().into(),
            one.kind.into(),
            one.state.unwrap_or("(hidden until both have decided)").into(),
            one.code.clone().into(),
            one.relationship.map(str::to_owned).into(),
            Some(one.comment.clone()).filter(|text| !text.is_empty()).into(),
            one.supersedes.map(|event| event.to_string()).into(),
        ]);
    }
    Output::new(command.output).table(&table, &told)?;
    Ok(Exit::Success)
}

fn run_undo(args: &ReviewArgs, command: &UndoArgs, directory: &Path) -> Result<Exit, CliError> {
    let mut decisions = args.place.open(directory)?;
    let actor = Actor {
        who: args.who()?,
        at: now(),
        blind: args.double,
    };
    let undone = decisions.undo(command.item, &actor)?;
    let state = decisions.item(command.item)?.standing.state;
    eprintln!(
        "Item {}: {} by {} is undone; it is {} again",
        command.item,
        undone.state.as_str(),
        undone.who,
        state.as_str()
    );
    Ok(Exit::Success)
}

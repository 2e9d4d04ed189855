//! `tern train`: a model of one target from reviewed maps; the mapper's training does the work.

use super::error::{CliError, Exit};
use super::map::failed;
use super::output::{Cell, Output, OutputArgs, Table, thousands};
use super::session::{Session, label};
use crate::mapper::measure::{Judgement, accuracy, calibration_error, coverage, share};
use crate::mapper::train::{Prediction, Trained, Trainer};
use crate::mapper::truth::{Truth, TruthFile, examples, write_predictions};
use crate::mapper::{Acceptance, MapError};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Train the ranking and its probabilities on maps that people have reviewed
///
/// A reviewed map is a table with a column target_code (right codes separated by "|"; none where a person found that
/// nothing fits) and columns bound to roles; what `tern map` wrote and people have corrected is one too. Writes a model for
/// `tern map --model`, and says by cross-validation, in which no name is on both sides, how good it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    tern train --target loinc --truth reviewed.tsv:label=name,fluid=specimen,uom=unit --model labs.tsv\n  \
    tern train --target rxnorm --truth a.csv --truth b.csv:drug=name --by-count --model drugs.tsv --json")]
pub struct TrainArgs {
    /// Code system that the maps lead to: short name or URL
    #[arg(long, short, value_name = "SYSTEM")]
    target: String,
    /// A reviewed map; without columns they are recognised by their names. May be repeated
    #[arg(long, value_name = "FILE[:COLUMN=ROLE,...]", required = true)]
    truth: Vec<String>,
    /// The file to write the model to
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Folder to write the predictions of cross-validation to, a file for each map
    #[arg(long, value_name = "DIR")]
    predictions: Option<PathBuf>,
    /// Weigh rows by the square root of their count
    #[arg(long)]
    by_count: bool,
    /// Take every n-th row of each map only
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    #[command(flatten)]
    output: OutputArgs,
}

/// What cross-validation says of one reviewed map.
#[derive(Debug, Serialize)]
struct Figures {
    name: String,
    rows: usize,
    left_out: usize,
    no_match: usize,
    /// Rows with an answer that is among the candidates that are ranked.
    recall: Option<f64>,
    first: Option<f64>,
    first_five: Option<f64>,
    coverage_99: Option<f64>,
    coverage_97: Option<f64>,
    coverage_95: Option<f64>,
    /// Mapped without a person within the default error budget, and how many of these are wrong.
    accepted: Option<f64>,
    accepted_wrong: Option<f64>,
    calibration_error: Option<f64>,
}

/// Runs the command.
pub fn run(args: &TrainArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let system = session.code_system(&args.target)?;
    let target = system.header().url.clone();
    let truths = read(args, &target).map_err(failed)?;
    let examples = examples(&truths);
    eprintln!("{} reviewed rows to {}", thousands(examples.len() as u64), label(&target));
    let trained = Trainer::new(&system).train(&examples, &comment(args, &target, &truths, examples.len()));
    write(args, &truths, &trained).map_err(failed)?;
    let mut left = trained.predictions.as_slice();
    let figures: Vec<Figures> = truths
        .iter()
        .map(|truth| {
            let (own, rest) = left.split_at(truth.rows.len().min(left.len()));
            left = rest;
            figures(truth, own)
        })
        .collect();
    Output::new(args.output).table(&table(&figures), &figures)?;
    eprintln!("Wrote {}; `tern map --model {0}` maps with it", args.model.display());
    Ok(Exit::Success)
}

fn read(args: &TrainArgs, target: &str) -> Result<Vec<Truth>, MapError> {
    let mut truths = Vec::new();
    for named in &args.truth {
        let file = TruthFile::parse(named)?;
        // What was reviewed must not be lost to its own model.
        if file.path == args.model {
            return Err(MapError::SameFile {
                path: args.model.display().to_string(),
            });
        }
        let mut truth = file.read(target)?;
        truth.thin(args.every as usize);
        if args.by_count {
            truth.weigh_by_count();
        }
        truths.push(truth);
    }
    Ok(truths)
}

fn comment(args: &TrainArgs, target: &str, truths: &[Truth], rows: usize) -> String {
    let names: Vec<&str> = truths.iter().map(|truth| truth.name.as_str()).collect();
    format!(
        "Weights of the mapper for {target}.\nMade by `tern train` {} from {rows} reviewed rows{}: {}.",
        env!("CARGO_PKG_VERSION"),
        if args.by_count { ", weighed by count" } else { "" },
        names.join(", ")
    )
}

fn write(args: &TrainArgs, truths: &[Truth], trained: &Trained) -> Result<(), MapError> {
    let io = |path: &Path, error| MapError::Io {
        path: path.display().to_string(),
        error,
    };
    std::fs::write(&args.model, &trained.table).map_err(|error| io(&args.model, error))?;
    let Some(folder) = &args.predictions else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| io(folder, error))?;
    let mut left = trained.predictions.as_slice();
    for (number, truth) in truths.iter().enumerate() {
        let (own, rest) = left.split_at(truth.rows.len().min(left.len()));
        write_predictions(&folder.join(format!("{}-{number}.csv", truth.name)), own)?;
        left = rest;
    }
    Ok(())
}

fn figures(truth: &Truth, predictions: &[Prediction]) -> Figures {
    let rows: Vec<Judgement> = truth
        .rows
        .iter()
        .zip(predictions)
        .map(|(row, prediction)| Judgement::of(&row.example, prediction))
        .collect();
    let answerable = rows.iter().filter(|row| row.has_answer).count();
    let found = predictions.iter().filter(|prediction| prediction.place.is_some()).count();
    let accepted = rows.iter().zip(predictions).filter(|(_, prediction)| prediction.accepted);
    let wrong = accepted.clone().filter(|(row, _)| !row.is_right()).count();
    let accepted = accepted.count();
    Figures {
        name: truth.name.clone(),
        rows: rows.len(),
        left_out: truth.left_out,
        no_match: rows.len() - answerable,
        recall: share(found as f64, answerable as f64),
        first: accuracy(&rows, 1),
        first_five: accuracy(&rows, 5),
        coverage_99: coverage(&rows, 0.99),
        coverage_97: coverage(&rows, 0.97),
        coverage_95: coverage(&rows, 0.95),
        accepted: share(accepted as f64, rows.len() as f64),
        accepted_wrong: share(wrong as f64, accepted as f64),
        calibration_error: calibration_error(&rows),
    }
}

fn table(figures: &[Figures]) -> Table {
    let mut table = Table::new(&["map", "measure", "value"]);
    let mut add = |map: &str, measure: &str, value: Cell| table.row(vec![map.into(), measure.into(), value]);
    let budget = Acceptance::default().parts().1;
    for one in figures {
        let shown = |value: Option<f64>| value.map_or_else(|| Cell::from("-"), |value| Cell::from(format!("{value:.3}")));
        let name = one.name.as_str();
        for (measure, count) in [
            ("rows", one.rows),
            ("rows left out", one.left_out),
            ("rows without an answer", one.no_match),
        ] {
            add(name, measure, Cell::Count(count as u64));
        }
        add(name, "answer among the candidates", shown(one.recall));
        add(name, "answer first", shown(one.first));
        add(name, "answer among the first five", shown(one.first_five));
        add(name, "coverage with 1 % errors", shown(one.coverage_99));
        add(name, "coverage with 3 % errors", shown(one.coverage_97));
        add(name, "coverage with 5 % errors", shown(one.coverage_95));
        add(name, &format!("mapped by itself, error budget {budget}"), shown(one.accepted));
        add(name, "of these wrong", shown(one.accepted_wrong));
        add(name, "calibration error", shown(one.calibration_error));
    }
    table
}

//! `cargo xtask evaluate`: one table of how well the mapper does on public reviewed maps, by cross-validation.
//!
//! The maps and vocabularies lie beside the project and are no part of it. Each domain is trained on all of its sets, in
//! five folds split by name and by source row, and every row is judged by the fold that has not seen its name. With
//! `--leave-one-out` each set is judged by models that have seen the other sets alone, which is what a source of a new
//! kind may expect. The same rows go to a plain character-n-gram baseline. `--models` writes the models that are shipped,
//! `--record` keeps the figures and `--check` fails where one has fallen. It takes minutes and is no part of CI.

mod baseline;
mod figures;
mod sets;

use anyhow::{Context, Result, bail};
use baseline::NameIndex;
use figures::{Figures, Measured};
use rayon::prelude::*;
use sets::{DOMAINS, Domain, Set};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tern::mapper::Role;
use tern::mapper::train::{Prediction, Trainer};
use tern::mapper::truth::{Truth, examples, write_predictions};

/// Arguments of `evaluate`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder with `truth` and `vocab`.
    #[arg(long, default_value = "../shared")]
    shared: PathBuf,
    /// Sets to show; all without it. A domain is always trained on all of its sets. May be repeated.
    #[arg(long = "set")]
    sets: Vec<String>,
    /// Folder for the stores, one for each domain, used again if they are there; a temporary one without it.
    #[arg(long)]
    store: Option<PathBuf>,
    /// Folder for the predictions, in the form that the evaluation tool reads.
    #[arg(long)]
    predictions: Option<PathBuf>,
    /// Judge the shipped models, which have seen these rows, instead of training.
    #[arg(long)]
    shipped: bool,
    /// Judge each set by a model that has seen the other sets alone.
    #[arg(long, conflicts_with_all = ["shipped", "models", "record"])]
    leave_one_out: bool,
    /// Folder for the models that have seen all rows, `DOMAIN.tsv`: `src/mapper/models`.
    #[arg(long, conflicts_with = "shipped")]
    models: Option<PathBuf>,
    /// Write the figures to this file; sets that were not run keep theirs.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Fail where a figure is worse than in this file, or anything was accepted against a contradiction.
    #[arg(long)]
    check: Option<PathBuf>,
}

/// Runs the evaluation.
pub fn evaluate(arguments: &Arguments) -> Result<()> {
    let known: Vec<&str> = DOMAINS.iter().flat_map(|domain| domain.sets).map(|set| set.name).collect();
    if let Some(unknown) = arguments.sets.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no set {unknown}; the sets are {}", known.join(", "));
    }
    let wanted = |set: &Set| arguments.sets.is_empty() || arguments.sets.iter().any(|name| name == set.name);
    let temporary = tempfile::tempdir()?;
    let stores = arguments.store.as_deref().unwrap_or(temporary.path());
    let mut found: Vec<(&'static str, Figures)> = Vec::new();
    for domain in DOMAINS.iter().filter(|domain| domain.sets.iter().any(wanted)) {
        let all = of_domain(domain, arguments, stores)?;
        found.extend(
            domain.sets.iter().filter(|set| wanted(set)).map(|set| set.name).zip(
                domain
                    .sets
                    .iter()
                    .zip(all)
                    .filter(|(set, _)| wanted(set))
                    .map(|(_, figures)| figures),
            ),
        );
    }
    print!("{}", figures::table(&found));
    if let Some(path) = &arguments.record {
        figures::record(path, &found)?;
    }
    if let Some(path) = &arguments.check {
        let worse = figures::compare(&figures::read(path)?, &found);
        if !worse.is_empty() {
            bail!("figures have fallen:\n{}", worse.join("\n"));
        }
        println!("no figure is worse than in {}", path.display());
    }
    Ok(())
}

/// What a model's table says of how it was made.
fn comment(domain: &Domain, rows: usize) -> String {
    let names: Vec<&str> = domain.sets.iter().map(|set| set.name).collect();
    format!(
        "Weights of the mapper for {}.\nMade by `cargo xtask evaluate --models` {} from {rows} reviewed rows: {}.",
        domain.target,
        env!("CARGO_PKG_VERSION"),
        names.join(", ")
    )
}

/// The figures of each set of a domain, in their order.
fn of_domain(domain: &Domain, arguments: &Arguments, stores: &Path) -> Result<Vec<Figures>> {
    let system = domain.open(&arguments.shared, stores)?;
    let start = Instant::now();
    let truths: Vec<Truth> = domain
        .sets
        .iter()
        .map(|set| set.read(&arguments.shared, &system))
        .collect::<Result<_>>()?;
    let examples = examples(&truths);
    let mut trainer = Trainer::new(&system);
    let predictions = if arguments.shipped {
        trainer.run(&examples)
    } else if arguments.leave_one_out {
        trainer.leave_one_out(&examples)
    } else {
        let trained = trainer.train(&examples, &comment(domain, examples.len()));
        if let Some(folder) = &arguments.models {
            let path = folder.join(domain.name).with_extension("tsv");
            std::fs::write(&path, trained.table).with_context(|| path.display().to_string())?;
        }
        trained.predictions
    };
    eprintln!("{}: {} rows in {:.1?}", domain.name, examples.len(), start.elapsed());
    let start = Instant::now();
    let names = NameIndex::build(&system, &trainer.targets());
    let plain: Vec<Prediction> = examples
        .par_iter()
        .map_init(
            || names.room(),
            |room, example| names.predict(&system, example.item.get(Role::Name), room),
        )
        .collect();
    eprintln!("{}: baseline in {:.1?}", domain.name, start.elapsed());
    let (mut left, mut left_plain) = (predictions.as_slice(), plain.as_slice());
    let mut found = Vec::new();
    for (set, truth) in domain.sets.iter().zip(&truths) {
        let (own, rest) = left.split_at_checked(truth.rows.len()).context("predictions are missing")?;
        let (own_plain, rest_plain) = left_plain
            .split_at_checked(truth.rows.len())
            .context("predictions are missing")?;
        (left, left_plain) = (rest, rest_plain);
        if let Some(folder) = &arguments.predictions {
            std::fs::create_dir_all(folder)?;
            write_predictions(&folder.join(format!("{}.csv", set.name)), own)?;
        }
        let measured = Measured {
            rows: &truth.rows,
            predictions: own,
            baseline: own_plain,
        };
        found.push(measured.figures(domain.has_components));
    }
    Ok(found)
}

/// Figures by the name of the set, then of the measure, as they are recorded.
type Recorded = BTreeMap<String, BTreeMap<String, f64>>;

//! `cargo xtask train-mapper`: loads a vocabulary release, reads reviewed maps, trains the domain of the vocabulary,
//! writes its table of weights and the predictions of cross-validation in the form that the evaluation tool reads
//! (`id, code_1.., p_1..`). Without `--weights` it measures the weights that are compiled in.

use anyhow::{Context, Result, anyhow};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tern::mapper::train::{Example, Prediction, run, train as train_domain};
use tern::mapper::{MapOptions, Role, SourceItem, Vocabularies, run as map_table};
use tern_index::build::{ArtefactInfo, FaultPolicy};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::store::{Load, Store};
use tern_loaders::LoadOptions;
use tern_loaders::source::{Limits, members};

/// Arguments of `train-mapper`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The vocabulary release: what `tern load` takes. Loaded into the store unless it is there.
    #[arg(long)]
    release: Vec<PathBuf>,
    /// The store to load into and to read from.
    #[arg(long)]
    store: PathBuf,
    /// Canonical URL of the target.
    #[arg(long)]
    target: String,
    /// A reviewed map with its column roles, e.g. `labs.tsv:name=name,fluid=specimen`. May be repeated.
    #[arg(long = "truth", required = true)]
    truths: Vec<String>,
    /// Where to write the table of weights; without it nothing is trained and the shipped weights are measured.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Directory for the predictions, one file per truth.
    #[arg(long)]
    predictions: PathBuf,
    /// Weigh rows by the square root of their count instead of equally.
    #[arg(long)]
    by_count: bool,
    /// Take every n-th row of each truth only (large sets).
    #[arg(long, default_value_t = 1)]
    every: usize,
}

/// Arguments of `time-mapper`.
#[derive(clap::Args)]
pub struct TimeArguments {
    /// A store that holds the target.
    #[arg(long)]
    store: PathBuf,
    /// Canonical URL of the target.
    #[arg(long)]
    target: String,
    /// Runners-up to write.
    #[arg(long, default_value_t = 5)]
    candidates: usize,
    /// A column with its role, `COLUMN=role`. May be repeated.
    #[arg(long)]
    context: Vec<String>,
    /// The table.
    input: PathBuf,
    /// The mapped table.
    output: PathBuf,
}

struct Opened(Vec<Arc<CodeSystemIndex>>, Vec<Arc<ConceptMapIndex>>);

impl Vocabularies for Opened {
    fn canonical_url(&self, name: &str) -> String {
        name.to_owned()
    }

    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        self.0.iter().find(|system| system.header().url == url).cloned()
    }

    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        self.1.clone()
    }
}

/// Maps a table and prints the summary.
pub fn time(arguments: &TimeArguments) -> Result<()> {
    let mut opened = Opened(Vec::new(), Vec::new());
    for artefact in Store::open(&arguments.store)?.artefacts() {
        match &artefact.info {
            ArtefactInfo::CodeSystem(_) => opened.0.push(Arc::new(artefact.open_code_system()?)),
            ArtefactInfo::ConceptMap(_) => opened.1.push(Arc::new(artefact.open_concept_map()?)),
            ArtefactInfo::Resources { .. } => {}
        }
    }
    let mut options = MapOptions {
        target: arguments.target.clone(),
        candidates: arguments.candidates,
        ..MapOptions::default()
    };
    for pair in &arguments.context {
        options.columns.bind_pair(pair)?;
    }
    let summary = map_table(&arguments.input, &arguments.output, &options, &opened, &mut |_| {})?;
    println!("{summary:#?}");
    Ok(())
}

/// Runs the chore.
pub fn train(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    let system = target(arguments)?;
    eprintln!("{} concepts opened in {:.1?}", system.len(), start.elapsed());
    let mut sets = Vec::new();
    let mut examples = Vec::new();
    for truth in &arguments.truths {
        let (path, columns) = truth
            .split_once(':')
            .ok_or_else(|| anyhow!("{truth}: write FILE:column=role,..."))?;
        let mut read = read_truth(path, columns, arguments.by_count)?;
        let mut place = 0;
        read.retain(|_| {
            place += 1;
            (place - 1) % arguments.every.max(1) == 0
        });
        let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        sets.push((format!("{name}-{}", sets.len()), read.len()));
        examples.extend(read);
    }
    let start = Instant::now();
    let predictions = if let Some(path) = &arguments.weights {
        let comment = format!(
            "Weights of the mapper for {}, version 1.\nMade by `cargo xtask train-mapper` from {} reviewed rows: {}.",
            arguments.target,
            examples.len(),
            sets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        );
        let trained = train_domain(&system, &examples, &comment);
        eprintln!("answers among the candidates: {:.3}", trained.recall);
        std::fs::write(path, trained.table)?;
        trained.predictions
    } else {
        run(&system, &examples)
    };
    eprintln!("{} rows in {:.1?}", examples.len(), start.elapsed());
    std::fs::create_dir_all(&arguments.predictions)?;
    let mut left = predictions.as_slice();
    for (name, count) in sets {
        let (own, rest) = left.split_at_checked(count).context("predictions are missing")?;
        write_predictions(&arguments.predictions.join(format!("{name}.csv")), own)?;
        left = rest;
    }
    Ok(())
}

fn find(store: &Store, target: &str) -> Result<Option<CodeSystemIndex>> {
    for artefact in store.artefacts() {
        if matches!(&artefact.info, ArtefactInfo::CodeSystem(header) if header.url == target) {
            return Ok(Some(artefact.open_code_system()?));
        }
    }
    Ok(None)
}

fn target(arguments: &Arguments) -> Result<CodeSystemIndex> {
    if let Some(found) = find(&Store::open(&arguments.store)?, &arguments.target)? {
        return Ok(found);
    }
    let options = LoadOptions::default();
    let (releases, _) = tern_loaders::recognise(members(&arguments.release, Limits::default())?, &options)?;
    let mut load = Load::begin(&arguments.store)?;
    for release in &releases {
        let loader = tern_loaders::loaders().iter().find(|loader| loader.name() == release.loader);
        let loader = loader.ok_or_else(|| anyhow!("no loader {}", release.loader))?;
        load.release(
            &release.title,
            release.loader,
            FaultPolicy::default(),
            |_| {},
            |sink| loader.load(release, &options, sink),
        )
        .map_err(|failure| anyhow!("{}: {failure:?}", release.title))?;
    }
    load.commit()?;
    find(&Store::open(&arguments.store)?, &arguments.target)?.ok_or_else(|| anyhow!("the release has no {}", arguments.target))
}

fn read_truth(path: &str, columns: &str, by_count: bool) -> Result<Vec<Example>> {
    let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        let place = header.iter().position(|other| *other == name);
        place.ok_or_else(|| anyhow!("{path}: no column {name}"))
    };
    let mut roles = Vec::new();
    for pair in columns.split(',') {
        let (name, role) = pair.split_once('=').ok_or_else(|| anyhow!("{pair}: write column=role"))?;
        roles.push((
            column(name)?,
            Role::parse(role).ok_or_else(|| anyhow!("{role}: no such role"))?,
        ));
    }
    let (id, code, count) = (column("id")?, column("target_code")?, column("count")?);
    let mut examples = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or("");
        let mut item = SourceItem::default();
        for (at, role) in &roles {
            item.set(*role, field(*at));
        }
        let count: f32 = field(count).parse().unwrap_or(0.0);
        examples.push(Example {
            id: field(id).to_owned(),
            item,
            codes: field(code)
                .split('|')
                .filter(|code| !code.is_empty())
                .map(str::to_owned)
                .collect(),
            weight: if by_count { 1.0 + (1.0 + count).sqrt() / 100.0 } else { 1.0 },
        });
    }
    Ok(examples)
}

fn write_predictions(path: &Path, predictions: &[Prediction]) -> Result<()> {
    const WIDTH: usize = 10;
    let mut writer = csv::Writer::from_path(path)?;
    let numbered = |name: &str| (1..=WIDTH).map(|n| format!("{name}_{n}")).collect::<Vec<_>>();
    writer.write_record(std::iter::once("id".to_owned()).chain(numbered("code")).chain(numbered("p")))?;
    for prediction in predictions {
        let code = |at: usize| prediction.codes.get(at).map_or(String::new(), |(code, _)| code.clone());
        let share = |at: usize| prediction.codes.get(at).map_or(String::new(), |(_, p)| format!("{p:.5}"));
        let record = std::iter::once(prediction.id.clone())
            .chain((0..WIDTH).map(code))
            .chain((0..WIDTH).map(share));
        writer.write_record(record)?;
    }
    writer.flush()?;
    Ok(())
}

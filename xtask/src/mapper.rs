//! `cargo xtask train-mapper`: reads a vocabulary and reviewed maps, trains a domain, writes its table of weights and
//! the predictions of cross-validation in the form that the evaluation tool reads (`id, code_1.., p_1..`).

use anyhow::{Context, Result, anyhow, bail};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;
use tern::mapper::train::{Example, Field, Prediction, run, train as train_field};
use tern::mapper::{Role, SourceItem};
use tern_index::build::CodeSystemBuilder;
use tern_index::model::{CodeSystemHeader, DesignationKind};
use tern_index::read::CodeSystemIndex;
use tern_index::record::{At, ConceptRecord, DesignationRecord, PropertyRecord, ValueRecord};

/// Arguments of `train-mapper`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The vocabulary: a LOINC table (`Loinc.csv`).
    #[arg(long)]
    vocabulary: PathBuf,
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
}

/// Runs the chore.
pub fn train(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    let system = loinc(&arguments.vocabulary)?;
    eprintln!("{} concepts read in {:.1?}", system.len(), start.elapsed());
    let mut sets = Vec::new();
    let mut examples = Vec::new();
    for truth in &arguments.truths {
        let (path, columns) = truth
            .split_once(':')
            .ok_or_else(|| anyhow!("{truth}: write FILE:column=role,..."))?;
        let read = read_truth(path, columns, arguments.by_count)?;
        let name = PathBuf::from(path)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        sets.push((format!("{name}-{}", sets.len()), read.len()));
        examples.extend(read);
    }
    let start = Instant::now();
    let predictions = if let Some(path) = &arguments.weights {
        let comment = format!(
            "Weights of the mapper's laboratory domain, version 1.\nMade by `cargo xtask train-mapper` from {} reviewed rows: {}.",
            examples.len(),
            sets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        );
        let trained = train_field(Field::Laboratory, &system, &examples, &comment);
        eprintln!("answers among the candidates: {:.3}", trained.recall);
        std::fs::write(path, trained.table)?;
        trained.predictions
    } else {
        run(Field::Laboratory, &system, &examples)
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

fn read_truth(path: &str, columns: &str, by_count: bool) -> Result<Vec<Example>> {
    let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        header
            .iter()
            .position(|other| *other == name)
            .ok_or_else(|| anyhow!("{path}: no column {name}"))
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

fn write_predictions(path: &std::path::Path, predictions: &[Prediction]) -> Result<()> {
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

/// A LOINC table as an index in memory, with what the LOINC loader gives the mapper.
fn loinc(path: &std::path::Path) -> Result<CodeSystemIndex> {
    let mut reader = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    let columns: HashMap<String, usize> = reader
        .headers()?
        .iter()
        .enumerate()
        .map(|(at, name)| (name.to_owned(), at))
        .collect();
    if !columns.contains_key("LONG_COMMON_NAME") {
        bail!("{}: no LOINC table", path.display());
    }
    let mut builder = CodeSystemBuilder::new(CodeSystemHeader::new("http://loinc.org", None, "loinc"), false);
    for row in reader.records() {
        let row = row?;
        let get = |name: &str| columns.get(name).and_then(|at| row.get(*at)).unwrap_or("");
        let code = get("LOINC_NUM");
        let concept = ConceptRecord {
            code,
            active: true,
            status: Some(get("STATUS")),
            ..ConceptRecord::default()
        };
        builder.concept(At::default(), concept, &mut |_, _| Ok(()))?;
        let mut add = |value: &str, kind| {
            if !value.is_empty() {
                builder.designation(
                    At::default(),
                    DesignationRecord {
                        code,
                        id: None,
                        language: None,
                        use_: None,
                        value,
                        active: true,
                        kind,
                        acceptability: &[],
                        extensions: None,
                    },
                );
            }
        };
        let six = ["COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP"]
            .map(get)
            .join(":");
        add(get("LONG_COMMON_NAME"), DesignationKind::Display);
        add(&six, DesignationKind::FullySpecifiedName);
        for name in ["SHORTNAME", "DisplayName", "CONSUMER_NAME"] {
            add(get(name), DesignationKind::Synonym);
        }
        for part in get("RELATEDNAMES2").split(';') {
            add(part.trim(), DesignationKind::Related);
        }
        for property in ["COMMON_TEST_RANK", "CLASSTYPE", "EXAMPLE_UCUM_UNITS", "ORDER_OBS"] {
            if !get(property).is_empty() {
                builder.property(
                    At::default(),
                    PropertyRecord {
                        code,
                        property,
                        group: 0,
                        value: ValueRecord::String(get(property)),
                        must_resolve: false,
                        extensions: None,
                    },
                );
            }
        }
    }
    let (header, files, _) = builder.finish(&mut |_, _| Ok(()))?;
    Ok(CodeSystemIndex::open(header, &files)?)
}

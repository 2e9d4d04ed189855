//! `tern ecl`: SNOMED CT expression constraints, evaluated, explained, checked, or written in the other syntax.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs, Table, thousands};
use super::session::Session;
use crate::ecl::{Constraint, EclError, Kind, Limits, Plan, Rows, Syntax, print};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet};

/// Find concepts with the SNOMED CT Expression Constraint Language
///
/// Prints the concepts of an edition that satisfy a constraint, in brief or long syntax (ECL 2.3). Fields of a reference
/// set ("^ [mapTarget] ...") are printed as rows. Exits with 1 if nothing satisfies it, with 2 if it cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern ecl \"<< 73211009 |Diabetes mellitus|\" --limit 20\n  \
    tern ecl \"< 404684003 : 363698007 = << 39057004\" --explain\n  tern ecl \"descendantOf 404684003\" --format brief")]
pub struct EclArgs {
    /// The constraint
    #[arg(value_name = "CONSTRAINT")]
    constraint: String,
    /// The edition: short name or URL; "|VERSION" may follow
    #[arg(long, short, value_name = "SYSTEM", default_value = "snomed")]
    system: String,
    /// Concepts to show at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    limit: usize,
    /// Only say how many there are
    #[arg(long)]
    count: bool,
    /// Only say how they are found, with the size of each part
    #[arg(long, conflicts_with = "count")]
    explain: bool,
    /// Only read it: no edition is needed
    #[arg(long, conflicts_with_all = ["count", "explain"])]
    check: bool,
    /// Only write it again, in one syntax
    #[arg(long, value_name = "SYNTAX", conflicts_with_all = ["count", "explain", "check"])]
    format: Option<Spelling>,
    /// Seconds that it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Spelling {
    /// Symbols
    Brief,
    /// Words
    Long,
}

#[derive(Serialize)]
struct Answer<'a> {
    constraint: &'a str,
    system: &'a str,
    version: Option<&'a str>,
    total: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concepts: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Vec<Part<'a>>>,
}

#[derive(Serialize)]
struct Row {
    code: String,
    display: Option<String>,
    active: bool,
}

#[derive(Serialize)]
struct Part<'a> {
    depth: usize,
    part: &'a str,
    how: &'a str,
    size: u64,
}

#[derive(Serialize)]
struct Selected<'a> {
    constraint: &'a str,
    total: usize,
    fields: &'a [String],
    rows: &'a [Vec<String>],
}

/// Runs the command.
pub fn run(args: &EclArgs, store: impl FnOnce() -> Result<std::path::PathBuf, CliError>) -> Result<Exit, CliError> {
    let limits = Limits {
        time: Duration::from_secs(args.timeout),
        ..Limits::default()
    };
    let constraint = Constraint::parse(&args.constraint, &limits).map_err(refused)?;
    let output = Output::new(args.output);
    if args.check {
        eprintln!("the constraint is well-formed");
        return Ok(Exit::Success);
    }
    if let Some(spelling) = args.format {
        let syntax = match spelling {
            Spelling::Brief => Syntax::Brief,
            Spelling::Long => Syntax::Long,
        };
        output.text(&(print(constraint.expression(), syntax) + "\n"))?;
        return Ok(Exit::Success);
    }
    evaluate(args, &constraint, &store()?, &output)
}

fn evaluate(args: &EclArgs, constraint: &Constraint, store: &Path, output: &Output) -> Result<Exit, CliError> {
    let session = Session::open(store)?;
    let index = session.code_system(&args.system)?;
    if !args.count
        && !args.explain
        && let Some(rows) = constraint.rows(&index).map_err(refused)?
    {
        return selected(args, &rows, output);
    }
    let answer = if args.explain {
        constraint.explain(&index)
    } else {
        constraint.evaluate(&index)
    };
    let answer = answer.map_err(refused)?;
    for warning in &answer.warnings {
        eprintln!("tern: note: {}", warning.message);
    }
    let header = index.header();
    let total = answer.concepts.len();
    let shown = |concepts, plan| Answer {
        constraint: &args.constraint,
        system: &header.url,
        version: header.version.as_deref(),
        total,
        warnings: answer.warnings.iter().map(|warning| warning.message.as_str()).collect(),
        concepts,
        plan,
    };
    if let Some(plan) = &answer.plan {
        if output.is_json() {
            output.json(&shown(None, Some(parts(plan))))?;
        } else {
            output.text(&plan.to_string())?;
        }
    } else if args.count {
        if output.is_json() {
            output.json(&shown(None, None))?;
        } else {
            output.text(&format!("{total}\n"))?;
        }
    } else {
        let rows = rows(&index, &answer.concepts, args.limit);
        let mut table = Table::new(&["code", "display", "note"]);
        for row in &rows {
            let note = (!row.active).then(|| "inactive".to_owned());
            table.row(vec![row.code.clone().into(), row.display.clone().into(), note.into()]);
        }
        let listed = rows.len() as u64;
        output.table(&table, &shown(Some(rows), None))?;
        if output.is_for_people() {
            match listed {
                _ if listed < total => eprintln!("{} of {} concepts", thousands(listed), thousands(total)),
                1 => eprintln!("1 concept"),
                _ => eprintln!("{} concepts", thousands(total)),
            }
        }
    }
    Ok(Exit::answer(total > 0))
}

fn rows(index: &CodeSystemIndex, concepts: &ConceptSet, limit: usize) -> Vec<Row> {
    let listed = concepts.iter().take(limit).map(Ordinal);
    listed
        .map(|concept| Row {
            code: index.code(concept).to_owned(),
            display: index.display(concept).map(|text| text.into_owned()),
            active: index.is_active(concept),
        })
        .collect()
}

fn parts(plan: &Plan) -> Vec<Part<'_>> {
    let steps = plan.steps.iter().map(|step| Part {
        depth: step.depth,
        part: &step.part,
        how: &step.how,
        size: step.size,
    });
    steps.collect()
}

/// Fields of a reference set: as many columns as were asked for, so that this is no table of known columns.
fn selected(args: &EclArgs, rows: &Rows, output: &Output) -> Result<Exit, CliError> {
    let listed = rows.rows.get(..args.limit).unwrap_or(&rows.rows);
    if output.is_json() {
        output.json(&Selected {
            constraint: &args.constraint,
            total: rows.rows.len(),
            fields: &rows.fields,
            rows: listed,
        })?;
    } else {
        let lines = std::iter::once(&rows.fields).chain(listed);
        let plain = |cell: &String| cell.replace(['\t', '\r', '\n'], " ");
        let text: Vec<String> = lines
            .map(|row| row.iter().map(plain).collect::<Vec<_>>().join("\t") + "\n")
            .collect();
        output.text(&text.concat())?;
    }
    Ok(Exit::answer(!rows.rows.is_empty()))
}

/// A constraint that cannot be read or evaluated, with the place pointed at.
fn refused(error: EclError) -> CliError {
    let message = error.to_string();
    match error.kind {
        Kind::Meaning => CliError::NotFound {
            message,
            hint: "to find a concept by its name: tern search --system snomed WORDS".into(),
        },
        Kind::Unsupported => CliError::Data {
            message,
            hint: "load the release again with `tern load`".into(),
        },
        Kind::Syntax | Kind::Limit => CliError::Usage {
            message,
            hint: "docs/ecl.md shows the language by example".into(),
        },
    }
}

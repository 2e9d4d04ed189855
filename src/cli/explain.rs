//! `tern explain`: what one local code or name may be in a target, and why, for people to read.

use super::error::{CliError, Exit};
use super::map::failed;
use super::mapper_args::MapperArgs;
use super::output::{Cell, Output, OutputArgs, Table};
use super::review::{heeded, scope_name};
use super::session::{Session, label};
use crate::mapper::explain::{Constraint, Explanation, Verdict, value};
use crate::mapper::{Candidate, MOST_CANDIDATES, MapOptions, Mapper, Outcome, Role, SourceItem, Status};
use crate::review::Scope;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// Contributions that are shown to people; JSON has all of them.
const SHOWN: usize = 6;

/// Map one local code or name and show why: candidates, what matched, what contradicts, what would decide
///
/// Says what `tern map` says of a row with these values, with the explanation of each candidate. Exits with 1 where
/// nothing fits.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tern explain glucose --target loinc --specimen urine --unit mg/dL\n  \
    tern explain \"Glucophage 500\" --target rxnorm --form tablet --json"
)]
pub struct ExplainArgs {
    /// The name of the test, drug or diagnosis
    #[arg(required_unless_present = "code")]
    name: Option<String>,
    /// Code system to map to: short name or URL
    #[arg(long, short, value_name = "SYSTEM")]
    target: String,
    /// The local or standard code
    #[arg(long)]
    code: Option<String>,
    /// Code system of the code
    #[arg(long, requires = "code")]
    system: Option<String>,
    /// Specimen, fluid, material
    #[arg(long)]
    specimen: Option<String>,
    /// Unit of the result or the dose
    #[arg(long)]
    unit: Option<String>,
    /// Laboratory section or category
    #[arg(long)]
    section: Option<String>,
    /// Strength of a drug
    #[arg(long)]
    strength: Option<String>,
    /// Dose form of a drug
    #[arg(long)]
    form: Option<String>,
    /// Route of a drug
    #[arg(long)]
    route: Option<String>,
    /// Ingredients of a drug, where the name is that of a product
    #[arg(long)]
    ingredient: Option<String>,
    /// Brand of a drug
    #[arg(long)]
    brand: Option<String>,
    /// Candidates to show
    #[arg(long, default_value_t = 3, value_name = "K")]
    candidates: usize,
    #[command(flatten)]
    mapper: MapperArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ExplainArgs {
    fn item(&self) -> SourceItem {
        let mut item = SourceItem::default();
        for (role, value) in [
            (Role::Name, &self.name),
            (Role::Code, &self.code),
            (Role::System, &self.system),
            (Role::Specimen, &self.specimen),
            (Role::Unit, &self.unit),
            (Role::Section, &self.section),
            (Role::Strength, &self.strength),
            (Role::Form, &self.form),
            (Role::Route, &self.route),
            (Role::Ingredient, &self.ingredient),
            (Role::Brand, &self.brand),
        ] {
            item.set(role, value.as_deref().unwrap_or_default());
        }
        item
    }

    fn options(&self) -> MapOptions {
        let mut options = MapOptions {
            target: self.target.clone(),
            candidates: self.candidates.clamp(1, MOST_CANDIDATES),
            ..MapOptions::default()
        };
        self.mapper.apply(&mut options);
        options
    }
}

/// Runs the command.
pub fn run(args: &ExplainArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    // An unknown target is told with what was meant.
    let target = session.code_system(&args.target)?;
    let mut options = args.options();
    if !args.mapper.ignore_decisions
        && let Some(decisions) = heeded(options.decisions_db.as_deref(), directory)?
    {
        let scope = Scope {
            name: scope_name(options.scope.as_deref()),
            target: target.header().url.clone(),
        };
        options.earlier = decisions.earlier(&scope)?;
    }
    let mapper = Mapper::new(&options, &session.terminology).map_err(failed)?;
    let mut outcome = mapper.explain(&args.item());
    outcome.candidates.truncate(options.candidates);
    let output = Output::new(args.output);
    if output.is_for_people() {
        output.text(&readable(&outcome, mapper.target_url()))?;
    } else {
        output.table(&table(&outcome), &whole(&outcome, mapper.target_url()))?;
    }
    Ok(Exit::answer(matches!(outcome.status, Status::Mapped | Status::Ambiguous)))
}

/// The outcome with its explanation as JSON.
fn whole(outcome: &Outcome, target: &str) -> Value {
    json!({
        "target_system": target,
        "status": outcome.status.as_str(),
        "reason": outcome.reason,
        "explanation": value(outcome, MOST_CANDIDATES),
    })
}

/// A line for each candidate, for pipes.
fn table(outcome: &Outcome) -> Table {
    let mut table = Table::new(&[
        "code",
        "display",
        "probability",
        "relationship",
        "match_type",
        "matched_kind",
        "matched",
    ]);
    for candidate in &outcome.candidates {
        let explanation = candidate.explanation.as_deref();
        table.row(vec![
            candidate.code.as_str().into(),
            candidate.display.as_str().into(),
            format!("{:.4}", candidate.probability).into(),
            candidate.relationship.as_str().into(),
            candidate.match_type.as_str().into(),
            explanation.map_or(Cell::Empty, |explanation| explanation.matched_kind.into()),
            explanation.map_or(Cell::Empty, |explanation| explanation.matched.as_str().into()),
        ]);
    }
    table
}

fn readable(outcome: &Outcome, target: &str) -> String {
    let mut text = format!("{} to {}: {}\n", outcome.status.as_str(), label(target), outcome.reason);
    for repair in &outcome.repairs {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "repaired: {repair}");
    }
    for axis in &outcome.would_decide {
        let _ = writeln!(text, "would decide: {axis}");
    }
    for (number, candidate) in (1..).zip(&outcome.candidates) {
        text.push_str(&readable_candidate(number, candidate));
    }
    text.push_str("\nStages\n");
    for stage in &outcome.stages {
        let _ = writeln!(text, "  {:<14}{}", stage.stage, stage.note);
    }
    text
}

fn readable_candidate(number: usize, candidate: &Candidate) -> String {
    let mut text = format!(
        "\n{number}. {}  {}\n   {:.1} %, {}, {}\n",
        candidate.code,
        candidate.display,
        candidate.probability * 100.0,
        candidate.relationship.as_str(),
        candidate.match_type.as_str()
    );
    let Some(explanation) = candidate.explanation.as_deref() else {
        return text;
    };
    for (name, line) in lines(explanation) {
        if !line.is_empty() {
            let _ = writeln!(text, "   {name:<14}{line}");
        }
    }
    text
}

/// What is said of a candidate, by name.
fn lines(explanation: &Explanation) -> Vec<(&'static str, String)> {
    let matched = match explanation.matched.as_str() {
        "" => String::new(),
        matched => format!("{matched} ({})", explanation.matched_kind.replace('-', " ")),
    };
    let mut lines = vec![
        ("matched", matched),
        ("words", explanation.words_matched.join(", ")),
        ("only in yours", explanation.words_source_only.join(", ")),
        ("only in theirs", explanation.words_target_only.join(", ")),
    ];
    lines.extend(explanation.constraints.iter().map(constraint));
    let largest = explanation.contributions.iter().take(SHOWN);
    let largest: Vec<String> = largest.map(|part| format!("{} {:+.2}", part.feature, part.weight)).collect();
    lines.push(("score", largest.join(", ")));
    lines.push(("margin", format!("{:+.1} %", explanation.margin * 100.0)));
    lines
}

fn constraint(constraint: &Constraint) -> (&'static str, String) {
    let said = |text: &str| {
        if text.is_empty() {
            "not said".to_owned()
        } else {
            text.to_owned()
        }
    };
    let verdict = match constraint.verdict {
        Verdict::Satisfied => "satisfied",
        Verdict::Broken => "CONTRADICTED",
        Verdict::Unknown => "open",
    };
    let line = format!("{verdict}: {} / {}", said(&constraint.source), said(&constraint.target));
    (constraint.axis, line)
}

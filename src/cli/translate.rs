//! `tern translate`: what a code is in another code system, by the concept maps that are loaded.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs, Table};
use super::session::{Session, label};
use crate::service::translate::{MapChoice, translate};
use crate::service::{TranslateRequest, Translation};
use serde::Serialize;
use std::path::Path;
use tern_index::model::{Canonical, Coding};

/// Translate a code with the concept maps that are loaded
///
/// Every match names the relationship of source to target and the map it comes from. Exits with 1 if there is none.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern translate icd9cm 250.00 --target icd10cm")]
pub struct TranslateArgs {
    /// Short name or URL of the code's system
    system: String,
    /// The code
    code: String,
    /// Short name or URL of the system to translate to
    #[arg(long, short, value_name = "SYSTEM")]
    target: Option<String>,
    /// Use only this concept map
    #[arg(long, value_name = "URL")]
    map: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Serialize)]
struct Row {
    system: Option<String>,
    version: Option<String>,
    code: String,
    display: Option<String>,
    relationship: &'static str,
    map: Option<String>,
    comment: Option<String>,
}

/// Runs the command.
pub fn run(args: &TranslateArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let system = session.url(&args.system)?;
    let request = TranslateRequest {
        maps: args
            .map
            .as_deref()
            .map_or(MapChoice::Any, |map| MapChoice::Canonical(Canonical::parse(map))),
        given: vec![Coding::new(system, &args.code)],
        wanted_system: args.target.as_deref().map(|target| session.url(target)).transpose()?,
        ..TranslateRequest::default()
    };
    let translation = translate(&session.terminology, &request)
        .map_err(|failure| CliError::operation(failure, "`tern status` lists the concept maps that are loaded"))?;
    let rows = rows(&session, &translation);
    let output = Output::new(args.output);
    if !rows.is_empty() || output.is_json() {
        let mut table = Table::new(&["system", "code", "display", "relationship", "map"]);
        for row in &rows {
            let system = row.system.as_deref().map(|system| {
                if output.is_for_people() {
                    label(system)
                } else {
                    system.to_owned()
                }
            });
            table.row(vec![
                system.into(),
                row.code.clone().into(),
                row.display.clone().into(),
                row.relationship.into(),
                row.map
                    .as_deref()
                    .map(|map| if output.is_for_people() { label(map) } else { map.to_owned() })
                    .into(),
            ]);
        }
        output.table(&table, &rows)?;
    }
    if let Some(message) = &translation.message {
        eprintln!("tern: {message}");
        let code = session
            .code_system(&args.system)
            .ok()
            .filter(|index| index.find(&args.code).is_none());
        if let Some(index) = code {
            eprintln!(
                "  hint: {} is no code of {}: {}",
                args.code,
                args.system,
                session.code_hint(&index, &args.code)
            );
        }
    }
    Ok(Exit::answer(translation.result))
}

/// The matches; displays that the map leaves out come from the target's code system where it is loaded.
fn rows(session: &Session, translation: &Translation) -> Vec<Row> {
    let display = |coding: &Coding| {
        let index = session
            .terminology
            .code_system(coding.system.as_deref()?, coding.version.as_deref())
            .ok()?;
        let found = index.find(&coding.code)?;
        index.display(found).map(|display| display.into_owned())
    };
    let matches = translation.matches.iter();
    matches
        .map(|one| Row {
            system: one.target.system.clone(),
            version: one.target.version.clone(),
            code: one.target.code.clone(),
            display: one.target.display.clone().or_else(|| display(&one.target)),
            relationship: one.relationship.as_str(),
            map: one.origin.as_ref().map(ToString::to_string),
            comment: one.comment.clone(),
        })
        .collect()
}

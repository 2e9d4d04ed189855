//! `tern subsumes`: how two codes stand to each other in the hierarchy.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs};
use super::session::Session;
use crate::service::subsumes::subsumes;
use crate::service::{SubsumesRequest, Subsumption};
use serde::Serialize;
use std::path::Path;
use tern_index::model::Coding;

/// Say whether one code is above another
///
/// Prints equivalent, subsumes (A is above B), subsumed-by (A is below B) or not-subsumed; the last exits with 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern subsumes icd10cm E11 E11.9")]
pub struct SubsumesArgs {
    /// Short name or URL of the code system; "|VERSION" may follow
    system: String,
    /// One code
    a: String,
    /// The other code
    b: String,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Answer<'a> {
    system: &'a str,
    version: Option<&'a str>,
    a: &'a str,
    b: &'a str,
    outcome: &'static str,
}

/// Runs the command.
pub fn run(args: &SubsumesArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let index = session.code_system(&args.system)?;
    let named = session.canonical(&args.system)?;
    let request = SubsumesRequest {
        system: Some(named.url.clone()),
        version: named.version,
        a: Coding::new(&named.url, &args.a),
        b: Coding::new(&named.url, &args.b),
    };
    let missing = if index.find(&args.a).is_none() { &args.a } else { &args.b };
    let outcome = subsumes(&session.terminology, &request).map_err(|failure| session.failed(failure, &index, missing))?;
    let output = Output::new(args.output);
    if output.is_json() {
        output.json(&Answer {
            system: &named.url,
            version: index.header().version.as_deref(),
            a: &args.a,
            b: &args.b,
            outcome: outcome.as_str(),
        })?;
    } else {
        output.text(&format!("{}\n", outcome.as_str()))?;
    }
    Ok(Exit::answer(outcome != Subsumption::NotSubsumed))
}

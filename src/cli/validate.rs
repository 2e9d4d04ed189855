//! `tern validate`: whether a code is one, and whether a display is one of its own.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs};
use super::session::{Session, short};
use crate::service::validate_code::{ValidationInput, ValidationTarget, validate_code};
use crate::service::{Severity, ValidateCodeRequest, Validation};
use serde::Serialize;
use std::path::Path;
use tern_index::model::Coding;

/// Check a code, and its display if one is given
///
/// Exits with 1 if it is not valid.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern validate icd10cm E11.9 --display \"Type 2 diabetes mellitus without complications\"")]
pub struct ValidateArgs {
    /// Short name or URL of the code system; "|VERSION" may follow
    system: String,
    /// The code
    code: String,
    /// The display to check
    #[arg(long, short, value_name = "TEXT")]
    display: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Answer<'a> {
    result: bool,
    system: Option<&'a str>,
    version: Option<&'a str>,
    code: Option<&'a str>,
    display: Option<&'a str>,
    inactive: Option<bool>,
    issues: Vec<Issue<'a>>,
}

#[derive(Serialize)]
struct Issue<'a> {
    severity: &'static str,
    code: &'static str,
    text: &'a str,
}

/// Runs the command.
pub fn run(args: &ValidateArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let index = session.code_system(&args.system)?;
    let named = session.canonical(&args.system)?;
    let request = ValidateCodeRequest {
        target: ValidationTarget::CodeSystem(Some(named.clone())),
        input: ValidationInput::Code(Coding {
            version: named.version,
            display: args.display.clone(),
            ..Coding::new(named.url, &args.code)
        }),
        parameters: Default::default(),
    };
    let validation =
        validate_code(&session.terminology, &request).map_err(|failure| session.failed(failure, &index, &args.code))?;
    let output = Output::new(args.output);
    if output.is_json() {
        output.json(&answer(&validation))?;
    } else {
        output.text(&readable(&validation, args))?;
    }
    if index.find(&args.code).is_none() {
        eprintln!("  hint: {}", session.code_hint(&index, &args.code));
    }
    Ok(Exit::answer(validation.result))
}

fn answer(validation: &Validation) -> Answer<'_> {
    Answer {
        result: validation.result,
        system: validation.system.as_deref(),
        version: validation.version.as_deref(),
        code: validation.code.as_deref(),
        display: validation.display.as_deref(),
        inactive: validation.inactive,
        issues: validation
            .issues
            .iter()
            .map(|issue| Issue {
                severity: issue.severity.as_str(),
                code: issue.code,
                text: &issue.text,
            })
            .collect(),
    }
}

fn readable(validation: &Validation, args: &ValidateArgs) -> String {
    let code = validation.code.as_deref().unwrap_or(&args.code);
    let system = validation.system.as_deref().map_or(args.system.as_str(), short);
    let display = validation
        .display
        .as_deref()
        .map(|display| format!("  {display}"))
        .unwrap_or_default();
    let word = if validation.result { "valid" } else { "NOT VALID" };
    let mut text = format!("{word}  {system} {code}{display}\n");
    for issue in &validation.issues {
        let severity = match issue.severity {
            Severity::Information => "note",
            severity => severity.as_str(),
        };
        text += &format!("  {severity}: {}\n", issue.text);
    }
    text
}

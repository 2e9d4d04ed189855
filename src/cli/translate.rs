//! `tern translate`: what a code is in another code system, by the concept maps that are loaded.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs, Table};
use super::session::{Session, label};
use crate::service::map_rules;
use crate::service::translate::{Dependency, Direction, MapChoice, Match, translate};
use crate::service::{TranslateRequest, Translation};
use serde::Serialize;
use std::path::Path;
use tern_index::model::{Canonical, Coding};

/// Translate a code with the concept maps that are loaded
///
/// Every match names the relationship of source to target and the map it comes from. Maps with rules (SNOMED CT to
/// ICD-10 and ICD-10-CM) answer for the patient that is described: one code for each group of the map. What would
/// change the answer if it were known is said. Exits with 1 if there is no match.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern translate icd9cm 250.00 --target icd10cm\n  \
    tern translate snomed 73211009 --target icd10cm --age 34 --sex female\n  \
    tern translate icd10cm E11.9 --target snomed --reverse")]
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
    /// Age of the patient at the onset: years, or a number with a unit ("34", "28 days", "6 months")
    #[arg(long, value_name = "AGE", value_parser = age)]
    age: Option<String>,
    /// Sex of the patient
    #[arg(long, value_name = "SEX", value_parser = ["female", "male"])]
    sex: Option<String>,
    /// Another finding of the patient: a SNOMED CT code; may be repeated
    #[arg(long, value_name = "CODE")]
    finding: Vec<String>,
    /// Read the maps backwards: what maps to this code
    #[arg(long)]
    reverse: bool,
    #[command(flatten)]
    output: OutputArgs,
}

fn age(text: &str) -> Result<String, String> {
    let readable = map_rules::Age::parse(text).map(|_| text.to_owned());
    readable.ok_or_else(|| "not an age: give years, or a number with days, weeks, months or years".into())
}

/// What is known of the patient, as `dependency` parameters say it.
fn patient(args: &TranslateArgs) -> Vec<Dependency> {
    let dependency = |attribute: &str, value: &String| Dependency {
        attribute: attribute.to_owned(),
        system: None,
        value: value.clone(),
    };
    let age = args.age.iter().map(|age| dependency("age", age));
    let sex = args.sex.iter().map(|sex| dependency("sex", sex));
    let findings = args.finding.iter().map(|finding| dependency("finding", finding));
    age.chain(sex).chain(findings).collect()
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
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
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
        direction: if args.reverse {
            Direction::Reverse
        } else {
            Direction::Forward
        },
        dependencies: patient(args),
        wanted_system: args.target.as_deref().map(|target| session.url(target)).transpose()?,
        ..TranslateRequest::default()
    };
    let translation = translate(&session.terminology, &request)
        .map_err(|failure| CliError::operation(failure, "`tern status` lists the concept maps that are loaded"))?;
    let rows = rows(&session, &translation, args.reverse);
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
    for note in &translation.notes {
        eprintln!("tern: {note}");
    }
    if !translation.result {
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
fn rows(session: &Session, translation: &Translation, reverse: bool) -> Vec<Row> {
    let display = |coding: &Coding| {
        let index = session
            .terminology
            .code_system(coding.system.as_deref()?, coding.version.as_deref())
            .ok()?;
        let found = index.find(&coding.code)?;
        index.display(found).map(|display| display.into_owned())
    };
    let row = |one: &Match| {
        let (answer, relationship) = if reverse {
            (&one.source, one.relationship.reversed())
        } else {
            (&one.target, one.relationship)
        };
        let property = |name: &str| {
            let found = one.attributes.iter().find(|attribute| attribute.attribute == name);
            found.map(|attribute| attribute.value.clone())
        };
        Row {
            system: answer.system.clone(),
            version: answer.version.clone(),
            code: answer.code.clone(),
            display: answer.display.clone().or_else(|| display(answer)),
            relationship: relationship.as_str(),
            map: one.origin.as_ref().map(ToString::to_string),
            comment: one.comment.clone(),
            group: property("mapGroup"),
            priority: property("mapPriority"),
            rule: property("mapRule"),
            advice: property("mapAdvice"),
            category: property("mapCategoryId"),
        }
    };
    translation.matches.iter().map(row).collect()
}

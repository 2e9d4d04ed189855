//! `tern expand`: the codes of a value set, by its URL or from a file.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs, Table, thousands};
use super::session::{Session, label};
use crate::service::expand::{ValueSetReference, expand};
use crate::service::{ExpandRequest, Expansion, ExpansionContains, Parameters, Resource, ResourceKind, ResourceQuery};
use crate::suggest;
use serde::Serialize;
use std::path::Path;
use tern_index::model::Canonical;

/// List the codes of a value set
///
/// The value set is named by its URL ("|VERSION" may follow), implicit ones of SNOMED CT and LOINC included, or is
/// a FHIR ValueSet in a JSON file.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tern expand http://hl7.org/fhir/ValueSet/administrative-gender\n  \
    tern expand \"http://snomed.info/sct?fhir_vs=isa/73211009\" --filter type --count 20\n  tern expand diabetes-codes.json --json"
)]
pub struct ExpandArgs {
    /// URL of a value set, or a JSON file that holds one
    #[arg(value_name = "URL|FILE")]
    value_set: String,
    /// Only codes whose terms match these beginnings of words
    #[arg(long, short, value_name = "TEXT")]
    filter: Option<String>,
    /// Codes to list at most
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<u32>,
    /// Codes to leave out from the beginning
    #[arg(long, value_name = "N")]
    offset: Option<u32>,
    /// Only codes in use
    #[arg(long)]
    active_only: bool,
    /// Language of the displays
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Answer<'a> {
    url: Option<&'a str>,
    version: Option<&'a str>,
    title: Option<&'a str>,
    total: Option<u64>,
    offset: u32,
    codes: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    system: Option<&'a str>,
    version: Option<&'a str>,
    code: Option<&'a str>,
    display: Option<&'a str>,
    #[serde(rename = "abstract")]
    abstract_: bool,
    inactive: bool,
    /// How deep it is nested, from 0.
    level: usize,
}

/// Runs the command.
pub fn run(args: &ExpandArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let request = ExpandRequest {
        value_set: reference(&session, &args.value_set)?,
        parameters: Parameters {
            filter: args.filter.clone(),
            count: args.count,
            offset: args.offset,
            active_only: args.active_only.then_some(true),
            display_language: args.language.clone(),
            ..Parameters::default()
        },
    };
    let expansion = expand(&session.terminology, &request).map_err(|failure| {
        let hint = match failure.kind {
            crate::service::FailureKind::TooCostly => {
                "ask for a page of it with --count N, or narrow it with --filter TEXT".into()
            }
            crate::service::FailureKind::NotFound => value_set_hint(&session, &args.value_set),
            _ => String::new(),
        };
        CliError::operation(failure, hint)
    })?;
    print(&Output::new(args.output), &expansion)?;
    Ok(Exit::Success)
}

/// A file where there is one of that name, else a canonical.
fn reference(session: &Session, named: &str) -> Result<ValueSetReference, CliError> {
    let path = Path::new(named);
    if !path.is_file() {
        if named.ends_with(".json") && !named.contains("://") {
            return Err(CliError::NotFound {
                message: format!("there is no file {named}"),
                hint: "name a JSON file with a ValueSet, or the URL of one that is loaded".into(),
            });
        }
        let canonical = Canonical::parse(named);
        // "loinc" is as good as the URL of the value set of all its codes.
        let system = session.terminology.canonical_url(&canonical.url);
        let all = session.terminology.code_system(system, None).ok();
        let all = all
            .filter(|_| system != canonical.url)
            .and_then(|index| index.header().value_set.clone());
        let url = all.unwrap_or(canonical.url);
        return Ok(ValueSetReference::Canonical(Canonical::new(url, canonical.version)));
    }
    let text = std::fs::read_to_string(path).map_err(|error| CliError::File {
        path: path.to_owned(),
        error,
    })?;
    match Resource::parse(&text) {
        Ok(Resource::ValueSet(value_set)) => Ok(ValueSetReference::Inline(value_set)),
        Ok(_) => Err(CliError::Data {
            message: format!("{named}: the resource in it is no ValueSet"),
            hint: "load code systems and concept maps with `tern load`; expand wants a ValueSet".into(),
        }),
        Err(error) => Err(CliError::Data {
            message: format!("{named}: {error}"),
            hint: "the file must hold one FHIR ValueSet as JSON".into(),
        }),
    }
}

fn value_set_hint(session: &Session, given: &str) -> String {
    let all = session
        .terminology
        .search_resources(ResourceKind::ValueSet, &ResourceQuery::default(), 0, 0);
    let (entries, _) = all.unwrap_or_default();
    let urls: Vec<String> = entries.into_iter().filter_map(|entry| entry.summary.url).collect();
    let near = suggest::nearest(given, urls.iter().map(String::as_str));
    suggest::did_you_mean(&near).unwrap_or_else(|| "name a value set by its URL, or a JSON file that holds one".into())
}

/// Prints an expansion.
pub fn print(output: &Output, expansion: &Expansion) -> Result<(), CliError> {
    let mut rows = Vec::new();
    flatten(&expansion.contains, 0, &mut rows);
    let people = output.is_for_people();
    let mut table = Table::new(&["system", "code", "display", "note"]);
    // The system is worth a column only where it differs.
    let several = rows
        .iter()
        .any(|row| row.system != rows.first().and_then(|first| first.system));
    for row in &rows {
        let indent = if people { "  ".repeat(row.level) } else { String::new() };
        let note = match (row.abstract_, row.inactive) {
            (true, true) => "abstract, inactive",
            (true, false) => "abstract",
            (false, true) => "inactive",
            (false, false) => "",
        };
        let system = row
            .system
            .filter(|_| several || !people)
            .map(|system| if people { label(system) } else { system.to_owned() });
        table.row(vec![
            system.into(),
            row.code.map(|code| format!("{indent}{code}")).into(),
            row.display.map(str::to_owned).into(),
            Some(note).filter(|note| !note.is_empty()).map(str::to_owned).into(),
        ]);
    }
    let shown = rows.len() as u64;
    let answer = Answer {
        url: expansion.value_set.url.as_deref(),
        version: expansion.value_set.version.as_deref(),
        title: expansion.value_set.title.as_deref(),
        total: expansion.total,
        offset: expansion.offset.unwrap_or(0),
        codes: rows,
    };
    output.table(&table, &answer)?;
    if people {
        let name = [answer.title, answer.url]
            .into_iter()
            .flatten()
            .next()
            .unwrap_or("this value set");
        match answer.total {
            Some(total) if total != shown => eprintln!("{} of the {} codes of {name}", thousands(shown), thousands(total)),
            _ => eprintln!("{} codes: {name}", thousands(shown)),
        }
    }
    Ok(())
}

fn flatten<'e>(contains: &'e [ExpansionContains], level: usize, rows: &mut Vec<Row<'e>>) {
    for entry in contains {
        rows.push(Row {
            system: entry.system.as_deref(),
            version: entry.version.as_deref(),
            code: entry.code.as_deref(),
            display: entry.display.as_deref(),
            abstract_: entry.abstract_,
            inactive: entry.inactive,
            level,
        });
        flatten(&entry.contains, level + 1, rows);
    }
}

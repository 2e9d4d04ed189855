//! `tern lookup`: all that is known of one code.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs};
use super::session::{Session, short_version};
use crate::service::history::{INACTIVATION_INDICATOR, Named, Retirement, Successor};
use crate::service::lookup::{Lookup, LookupDesignation, LookupProperty, lookup};
use crate::service::normal_form::ROLE_GROUP;
use crate::service::postcoordinated::SNOMED;
use crate::service::{LookupRequest, Terminology};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use tern_index::model::{Coding, PropertyValue};

/// Show all that is known of a code
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tern lookup icd10cm E11.9\n  tern lookup snomed 22298006 --language de --json\n  tern lookup snomed 22298006 --property normalForm"
)]
pub struct LookupArgs {
    /// Short name or URL of the code system; "|VERSION" may follow
    system: String,
    /// The code
    code: String,
    /// Language of the display
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Show only this property; may be repeated. "*" shows all, also what is worked out when it is asked for (of SNOMED CT
    /// normalForm, normalFormTerse, semanticTag, and 609096000 for role groups)
    #[arg(long = "property", value_name = "CODE")]
    properties: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    system: &'a str,
    version: Option<&'a str>,
    name: &'a str,
    code: &'a str,
    display: Option<&'a str>,
    definition: Option<&'a str>,
    #[serde(rename = "abstract")]
    abstract_: bool,
    designations: Vec<Term<'a>>,
    properties: Vec<Property<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<Retired<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Term<'a> {
    language: Option<&'a str>,
    #[serde(rename = "use")]
    use_: Option<&'a str>,
    value: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Property<'a> {
    code: &'a str,
    value: String,
    display: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Property<'a>>,
}

/// What is said of a retired concept.
#[derive(Debug, Serialize)]
struct Retired<'a> {
    reason: Option<Code<'a>>,
    successors: Vec<Replacement<'a>>,
}

#[derive(Debug, Serialize)]
struct Code<'a> {
    code: &'a str,
    display: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Replacement<'a> {
    association: Code<'a>,
    code: &'a str,
    display: Option<&'a str>,
    active: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_the_end: Vec<Code<'a>>,
}

/// Runs the command.
pub fn run(args: &LookupArgs, directory: &Path) -> Result<Exit, CliError> {
    let session = Session::open(directory)?;
    let index = session.code_system(&args.system)?;
    let named = session.canonical(&args.system)?;
    let request = LookupRequest {
        coding: Coding {
            version: named.version,
            ..Coding::new(named.url, &args.code)
        },
        display_language: args.language.clone(),
        properties: args.properties.clone(),
        ..LookupRequest::default()
    };
    let found = lookup(&session.terminology, &request).map_err(|failure| session.failed(failure, &index, &args.code))?;
    let output = Output::new(args.output);
    if output.is_json() {
        output.json(&answer(&found))?;
    } else {
        let groups = match args.properties.as_slice() {
            [] => role_groups(&session.terminology, request)?,
            _ => Vec::new(),
        };
        output.text(&readable(&found, &groups, output.width()))?;
    }
    Ok(Exit::Success)
}

/// The role groups of a concept, where it has several: which values belong together cannot be told from a list of each attribute.
fn role_groups(terminology: &Terminology, request: LookupRequest) -> Result<Vec<LookupProperty>, CliError> {
    if request.coding.system.as_deref() != Some(SNOMED) {
        return Ok(Vec::new());
    }
    let request = LookupRequest {
        properties: vec![ROLE_GROUP.to_owned()],
        ..request
    };
    let found = lookup(terminology, &request).map_err(|failure| CliError::operation(failure, ""))?;
    let groups: Vec<LookupProperty> = found
        .properties
        .into_iter()
        .filter(|property| property.code == ROLE_GROUP)
        .collect();
    Ok(if groups.len() > 1 { groups } else { Vec::new() })
}

fn answer(found: &Lookup) -> Answer<'_> {
    Answer {
        system: &found.system,
        version: found.version.as_deref(),
        name: &found.name,
        code: &found.code,
        display: found.display.as_deref(),
        definition: found.definition.as_deref(),
        abstract_: found.abstract_,
        designations: found
            .designations
            .iter()
            .map(|designation| Term {
                language: designation.language.as_deref(),
                use_: designation.use_.as_ref().map(use_name),
                value: &designation.value,
            })
            .collect(),
        properties: found.properties.iter().map(stated).collect(),
        retired: found.retirement.as_ref().map(retired),
    }
}

fn stated(property: &LookupProperty) -> Property<'_> {
    Property {
        code: &property.code,
        value: property.value.as_ref().map(value_text).unwrap_or_default(),
        display: property.description.as_deref(),
        parts: property.subproperties.iter().map(stated).collect(),
    }
}

fn code(named: &Named) -> Code<'_> {
    Code {
        code: &named.code,
        display: named.display.as_deref(),
    }
}

fn retired(retirement: &Retirement) -> Retired<'_> {
    Retired {
        reason: retirement.reason.as_ref().map(code),
        successors: retirement
            .successors
            .iter()
            .map(|successor| Replacement {
                association: code(&successor.association),
                code: &successor.target.code,
                display: successor.target.display.as_deref(),
                active: successor.active,
                in_the_end: successor.in_the_end.iter().map(code).collect(),
            })
            .collect(),
    }
}

fn use_name(coding: &Coding) -> &str {
    coding.display.as_deref().unwrap_or(&coding.code)
}

/// A value as text.
fn value_text(value: &PropertyValue) -> String {
    match value {
        PropertyValue::Coding(Coding {
            code,
            display: Some(display),
            ..
        }) => format!("{code} {display}"),
        other => other.to_string(),
    }
}

/// More links than this are counted, not listed.
const LISTED: usize = 12;
/// Columns of the labels at the left.
const LABEL: usize = 16;

/// A page for people: what it is, where it stands, what it is called, what is known of it.
fn readable(found: &Lookup, groups: &[LookupProperty], width: u16) -> String {
    let mut page = Page {
        text: String::new(),
        width: usize::from(width),
    };
    let display = found.display.as_deref().unwrap_or("(no display)");
    page.text += &format!("{}  {display}\n", found.code);
    let version = found.version.as_deref().map(short_version).unwrap_or_default();
    page.text += &format!("{} {version}  {}\n", found.name, found.system);
    if found.abstract_ {
        page.text += "not for choosing: it groups other codes\n";
    }
    if let Some(retirement) = &found.retirement {
        retirement_sections(&mut page, retirement);
    }
    if let Some(definition) = &found.definition {
        page.section("definition", [definition.clone()]);
    }
    for (label, code) in [("parents", "parent"), ("children", "child")] {
        let own = found.properties.iter().filter(|property| property.code == code);
        page.section(label, own.map(linked));
    }
    let others = found.designations.iter().filter(|designation| designation.value != display);
    page.section("terms", others.map(described));
    properties(&mut page, found, groups);
    page.text
}

/// Why a code is retired, and what to use instead.
fn retirement_sections(page: &mut Page, retirement: &Retirement) {
    let named = |named: &Named| named.display.clone().unwrap_or_else(|| named.code.clone());
    let reason = retirement.reason.as_ref().map_or_else(|| "no reason given".to_owned(), named);
    page.section("retired", [reason]);
    let shown = |code: &Named| format!("{}  {}", code.code, code.display.as_deref().unwrap_or(""));
    let instead = retirement.successors.iter().flat_map(|successor| {
        let how = named(&successor.association);
        let itself = || vec![format!("{}  ({how}, retired too)", shown(&successor.target))];
        let by_way = if successor.active {
            how.clone()
        } else {
            format!("{how}, by way of {}", successor.target.code)
        };
        match successor.in_use() {
            [] => itself(),
            in_use => in_use.iter().map(|code| format!("{}  ({by_way})", shown(code))).collect(),
        }
    });
    page.section("use instead", instead);
}

/// A term with its language and what it is for.
fn described(designation: &LookupDesignation) -> String {
    let note = [designation.language.as_deref(), designation.use_.as_ref().map(use_name)];
    let note: Vec<&str> = note.into_iter().flatten().collect();
    match note.as_slice() {
        [] => designation.value.clone(),
        note => format!("{}  [{}]", designation.value, note.join(", ")),
    }
}

/// A section for each role group and for each property but links; what stands in a group, or has been said of a retired
/// code, is not said again.
fn properties(page: &mut Page, found: &Lookup, groups: &[LookupProperty]) {
    for (number, group) in (1..).zip(groups) {
        page.section(&format!("group {number}"), group.subproperties.iter().map(attribute));
    }
    let is_grouped = |property: &LookupProperty| {
        let mut parts = groups.iter().flat_map(|group| &group.subproperties);
        parts.any(|part| part.code == property.code && part.value == property.value)
    };
    let is_link = |property: &LookupProperty| matches!(property.code.as_str(), "parent" | "child");
    let is_history = |property: &LookupProperty| {
        let retirement = found.retirement.as_ref();
        retirement.is_some_and(|known| {
            let association = |successor: &Successor| successor.association.code == property.code;
            property.code == INACTIVATION_INDICATOR || known.successors.iter().any(association)
        })
    };
    let mut codes: Vec<&str> = Vec::new();
    let mut sections: BTreeMap<&str, Vec<&LookupProperty>> = BTreeMap::new();
    for property in &found.properties {
        if !is_link(property) && !is_history(property) && !is_grouped(property) {
            let own = sections.entry(&property.code).or_default();
            if own.is_empty() {
                codes.push(&property.code);
            }
            own.push(property);
        }
    }
    for code in codes {
        let own = sections.remove(code).unwrap_or_default();
        let label = own.first().and_then(|first| first.code_display.as_deref()).unwrap_or(code);
        page.section(label, own.into_iter().map(linked));
    }
}

fn linked(property: &LookupProperty) -> String {
    let value = property.value.as_ref().map(value_text).unwrap_or_default();
    match &property.description {
        Some(description) => format!("{value}  {description}"),
        None if value.is_empty() => {
            let parts: Vec<String> = property.subproperties.iter().map(attribute).collect();
            parts.join("; ")
        }
        None => value,
    }
}

/// An attribute of a group with its value.
fn attribute(part: &LookupProperty) -> String {
    format!("{} = {}", part.code_display.as_deref().unwrap_or(&part.code), linked(part))
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    /// Lines under a label at the left, broken at words.
    fn section(&mut self, label: &str, lines: impl IntoIterator<Item = String>) {
        let lines: Vec<String> = lines.into_iter().collect();
        let room = self.width.saturating_sub(LABEL + 1).max(20);
        // A label that is too long for its column gets a line of its own.
        let mut label = if label.chars().count() < LABEL {
            label.to_owned()
        } else {
            self.text += &format!("{label}\n");
            String::new()
        };
        for line in lines.iter().take(LISTED) {
            for piece in broken(line, room) {
                self.text += format!("{label:LABEL$}{piece}").trim_end();
                self.text.push('\n');
                label.clear();
            }
        }
        if lines.len() > LISTED {
            self.text += &format!("{:LABEL$}... and {} more (all with --json)\n", "", lines.len() - LISTED);
        }
    }
}

/// A text broken at blanks into lines of at most `room` characters; longer words stay whole.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

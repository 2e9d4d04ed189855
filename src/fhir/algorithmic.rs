//! `$translate` with an algorithmic map: local codes and names in, matches with probability and explanation out.
//!
//! The map is consulted where its canonical is named (`url`, or the instance), or where `algorithmic` is true and no
//! curated map has an answer. R4 and R5 differ in names only; what neither has travels as extensions of the
//! parameters, so that a client that does not know them reads an ordinary translation. `result` is true only where the
//! mapper accepts its first candidate: suggestions are matches, but not an answer to build on.

use super::FhirVersion;
use super::outcome::{Refusal, RefusalKind};
use super::parameters::{GivenConcept, Parameter, ParameterError, Parameters};
use super::render::{List, coding, r4_equivalence};
use super::requests::Context;
use crate::mapper::explain::{candidate_value, story_value};
use crate::mapper::{Acceptance, Candidate, Role, SourceItem, Status};
use crate::service::Terminology;
use crate::service::algorithmic::{self, AlgorithmicRequest, CANDIDATES, Suggestion};
use serde_json::{Value, json};
use tern_index::model::{Canonical, Coding};

/// How probable a match is.
pub const PROBABILITY: &str = "urn:tern:extension:probability";
/// Why, as JSON text.
pub const EXPLANATION: &str = "urn:tern:extension:explanation";
/// What was decided: mapped, ambiguous, unmapped, invalid.
pub const STATUS: &str = "urn:tern:extension:mapping-status";
/// An algorithmic map that there is.
pub const MAP: &str = "urn:tern:extension:algorithmic-map";

/// Names of parameters that ask for the other direction.
const REVERSE: &[&str] = &["targetCode", "targetCoding", "targetCodeableConcept"];

/// The request, where the canonical of an algorithmic map is named.
pub fn named(parameters: &Parameters, context: &Context) -> Result<Option<AlgorithmicRequest>, Refusal> {
    let canonical = match (context.canonical(), parameters.text(&["url"])?) {
        (Some(instance), _) => instance,
        (None, Some(url)) => Canonical::parse(&url),
        (None, None) => return Ok(None),
    };
    let Some(target) = algorithmic::target_of(&canonical.url) else {
        return Ok(None);
    };
    let version = parameters.text(&["conceptMapVersion"])?.or(canonical.version.clone());
    request(parameters, context, target.to_owned(), version).map(Some)
}

/// The request, where `algorithmic` asks for the map to the target system.
pub fn asked(parameters: &Parameters, context: &Context) -> Result<Option<AlgorithmicRequest>, Refusal> {
    if !is_asked(parameters)? {
        return Ok(None);
    }
    let target = parameters.text(&["targetSystem", "targetsystem"])?.ok_or_else(|| {
        ParameterError::Missing("'algorithmic' needs the code system to map to: give 'targetSystem' (R4: 'targetsystem')".into())
    })?;
    let target = Canonical::parse(&target);
    request(parameters, context, target.url, target.version).map(Some)
}

/// Whether `algorithmic` is true.
pub fn is_asked(parameters: &Parameters) -> Result<bool, ParameterError> {
    Ok(parameters.boolean("algorithmic")?.unwrap_or(false))
}

/// Whether the source has a code by which curated maps could know it.
pub fn has_code(parameters: &Parameters) -> Result<bool, ParameterError> {
    let codings = codings(parameters)?.0;
    Ok(codings
        .iter()
        .any(|coding| !coding.code.is_empty() && coding.system.is_some()))
}

fn request(
    parameters: &Parameters,
    context: &Context,
    target: String,
    version: Option<String>,
) -> Result<AlgorithmicRequest, Refusal> {
    context.check(parameters, super::interaction::Operation::Translate)?;
    if parameters.boolean("reverse")?.unwrap_or(false) || REVERSE.iter().any(|name| parameters.has(name)) {
        let text =
            "an algorithmic map leads from local codes and names to the target, not back; leave 'reverse' and target codes out";
        return Err(Refusal::new(RefusalKind::NotSupported, text));
    }
    Ok(AlgorithmicRequest {
        target,
        version,
        items: items(parameters)?,
        candidates: parameters.count("candidates")?.unwrap_or(CANDIDATES),
        accept: Acceptance::of(decimal(parameters, "accept")?, decimal(parameters, "error-budget")?),
        explain: parameters.boolean("explain")?.unwrap_or(true),
    })
}

fn decimal(parameters: &Parameters, name: &str) -> Result<Option<f32>, ParameterError> {
    let Some(parameter) = parameters.all(name).next() else {
        return Ok(None);
    };
    let (_, value) = parameter.value()?;
    let number = value
        .as_f64()
        .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    number
        .map(|number| Some(number as f32))
        .ok_or_else(|| ParameterError::Invalid {
            name: name.to_owned(),
            message: format!("'{name}' must be a number between 0 and 1"),
        })
}

/// The codings given, and the text of the whole.
fn codings(parameters: &Parameters) -> Result<(Vec<Coding>, Option<String>), ParameterError> {
    let display = parameters.text(&["display"])?;
    let coding = parameters.coding(&["sourceCoding", "coding"])?;
    let concept = parameters.codeable_concept(&["sourceCodeableConcept", "codeableConcept"])?;
    let code = parameters.text(&["sourceCode", "code"])?;
    match (coding, concept, code) {
        (Some(coding), None, None) => Ok((vec![coding], display)),
        (None, Some(GivenConcept { codings, text, .. }), None) => Ok((codings, text.or(display))),
        (None, None, code) => {
            let system = parameters.text(&["sourceSystem", "system"])?;
            let coding = code.map(|code| Coding {
                system: system.map(|system| Canonical::parse(&system).url),
                version: None,
                code,
                display: None,
            });
            Ok((coding.into_iter().collect(), display))
        }
        _ => Err(ParameterError::Invalid {
            name: "sourceCoding".into(),
            message: "a code, a coding and a codeable concept exclude each other: give one of them".into(),
        }),
    }
}

/// One item for each coding, or one for the text alone; all in the same context.
fn items(parameters: &Parameters) -> Result<Vec<SourceItem>, Refusal> {
    let mut shared = SourceItem::default();
    for role in Role::CONTEXT {
        if let Some(value) = parameters.text(&[role.as_str()])? {
            shared.set(role, &value);
        }
    }
    for dependency in parameters.all("dependency") {
        let (role, value) = dependency_role(dependency)?;
        shared.set(role, &value);
    }
    let (codings, text) = codings(parameters)?;
    let text = text.unwrap_or_default();
    let mut items: Vec<SourceItem> = Vec::new();
    for coding in &codings {
        let mut item = shared.clone();
        item.set(Role::Code, &coding.code);
        item.set(Role::System, coding.system.as_deref().unwrap_or_default());
        item.set(Role::Name, coding.display.as_deref().unwrap_or(&text));
        items.push(item);
    }
    if codings.is_empty() {
        shared.set(Role::Name, &text);
        items.push(shared);
    }
    items.retain(|item| !item.is_empty());
    if items.is_empty() {
        let text = "$translate with an algorithmic map needs what to map: 'code' with 'system' or 'display', a coding, or a codeable concept with codings or a text";
        return Err(ParameterError::Missing(text.into()).into());
    }
    Ok(items)
}

/// The role and the value of a `dependency`. Its attribute is the word for the role, or a URI that ends with it.
fn dependency_role(dependency: &Parameter) -> Result<(Role, String), Refusal> {
    let parts = dependency.parts()?;
    let missing = |name: &str| ParameterError::Missing(format!("a 'dependency' needs the part '{name}'"));
    let attribute = parts.text(&["attribute", "element"])?.ok_or_else(|| missing("attribute"))?;
    let word = attribute
        .rsplit(['/', '#', ':', '.'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let role = Role::parse(&word).filter(|role| Role::CONTEXT.contains(role)).ok_or_else(|| ParameterError::Invalid {
        name: "dependency".into(),
        message: format!(
            "the dependency '{attribute}' is none that an algorithmic map knows; use one of {}, or a URI that ends with one of them",
            Role::CONTEXT.map(Role::as_str).join(", ")
        ),
    })?;
    let value = parts
        .all("value")
        .chain(parts.all("concept"))
        .next()
        .ok_or_else(|| missing("value"))?;
    let (kind, json) = value.value()?;
    let text = match kind {
        "Coding" => said(role, &value.coding()?),
        "CodeableConcept" => {
            let concept = value.codeable_concept()?;
            concept
                .codings
                .first()
                .map(|coding| said(role, coding))
                .filter(|text| !text.is_empty())
                .or(concept.text)
                .unwrap_or_default()
        }
        _ => json.as_str().map_or_else(|| json.to_string(), str::to_owned),
    };
    Ok((role, text))
}

/// What a coding says: a unit is its code, everything else is known by its name.
fn said(role: Role, coding: &Coding) -> String {
    let display = coding
        .display
        .as_ref()
        .filter(|_| role != Role::Unit || coding.code.is_empty());
    display.unwrap_or(&coding.code).clone()
}

/// Maps, and answers with Parameters. Names of the request that R4 does not have are answered in kind.
pub fn answer(
    terminology: &Terminology,
    request: &AlgorithmicRequest,
    version: FhirVersion,
    later_names: bool,
) -> Result<Value, Refusal> {
    let suggestion = algorithmic::suggest(terminology, request)?;
    let outcome = &suggestion.outcome;
    let mut extensions = vec![json!({"url": STATUS, "valueCode": outcome.status.as_str()})];
    if request.explain {
        extensions.push(json!({"url": EXPLANATION, "valueString": story_value(outcome).to_string()}));
    }
    let mut list = List::default();
    list.extended("result", "Boolean", outcome.status == Status::Mapped, extensions)
        .value("message", "String", outcome.reason.as_str());
    for candidate in suggestion.candidates() {
        let parts = matched(&suggestion, candidate, version, later_names);
        let mut extensions =
            vec![json!({"url": PROBABILITY, "valueDecimal": crate::mapper::explain::shown(candidate.probability)})];
        if candidate.explanation.is_some() {
            extensions.push(json!({"url": EXPLANATION, "valueString": candidate_value(candidate).to_string()}));
        }
        list.extended_parts("match", parts, extensions);
    }
    Ok(list.into_resource())
}

fn matched(suggestion: &Suggestion, candidate: &Candidate, version: FhirVersion, later_names: bool) -> List {
    let target = Coding {
        system: Some(suggestion.target.url.clone()),
        version: suggestion.target.version.clone(),
        code: candidate.code.clone(),
        display: Some(candidate.display.clone()),
    };
    let mut parts = List::default();
    match version {
        FhirVersion::R4 => parts.value("equivalence", "Code", r4_equivalence(candidate.relationship)),
        FhirVersion::R5 => parts.value("relationship", "Code", candidate.relationship.as_str()),
    };
    parts.value("concept", "Coding", coding(&target));
    let origin = suggestion.map.to_string();
    if version == FhirVersion::R4 && !later_names {
        parts.value("source", "Uri", origin);
    } else {
        parts.value("originMap", "Canonical", origin);
    }
    parts
}

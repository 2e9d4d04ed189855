//! The OperationDefinition resources: read by id, searched by what they are called.

use super::{Defined, OperationParameter, Use};
use crate::fhir::FhirVersion;
use crate::fhir::capability;
use crate::fhir::interaction::Operation;
use crate::fhir::outcome::Refusal;
use crate::fhir::parameters::{ParameterError, Parameters};
use crate::fhir::render_resource::type_name;
use serde_json::{Map, Value, json};

impl Defined {
    /// Its name without `$`.
    pub fn code(self) -> &'static str {
        match self {
            Self::OfType(operation) => operation.name(),
            Self::Versions => "versions",
            Self::CacheControl => "cache-control",
            Self::Validate => "validate",
        }
    }

    /// The id of its definition, as HL7's are made.
    pub fn id(self) -> String {
        match self {
            Self::OfType(operation) => format!("{}-{}", type_name(operation.kind()), operation.name()),
            Self::Versions => "CapabilityStatement-versions".to_owned(),
            Self::CacheControl => "cache-control".to_owned(),
            Self::Validate => "Resource-validate".to_owned(),
        }
    }

    /// The canonical URL of its definition here.
    pub fn url(self, base: &str) -> String {
        format!("{base}/OperationDefinition/{}", self.id())
    }

    /// The definition that it follows, where somebody else has one.
    fn base(self) -> Option<String> {
        match self {
            Self::OfType(Operation::Compare | Operation::BatchValidateInCodeSystem | Operation::BatchValidateInValueSet) => None,
            Self::CacheControl => Some("http://hl7.org/fhir/uv/tx-ecosystem/OperationDefinition/cache-control".to_owned()),
            defined => Some(format!("http://hl7.org/fhir/OperationDefinition/{}", defined.id())),
        }
    }

    fn changes_something(self) -> bool {
        matches!(self, Self::OfType(operation) if operation.changes_something())
    }

    fn says(self) -> &'static str {
        match self {
            Self::OfType(operation) => match operation {
                Operation::Lookup => "What a code is: display, designations, properties.",
                Operation::ValidateInCodeSystem => "Whether a code is of a code system, and its display right.",
                Operation::BatchValidateInCodeSystem => "Many codes at once: whether they are of a code system.",
                Operation::Subsumes => "Which of two codes is the broader.",
                Operation::FindMatches => "Codes by their properties.",
                Operation::Translate => "What a code is in another code system, or what maps to it.",
                Operation::Expand => "The codes of a value set, by page, filter and language.",
                Operation::ValidateInValueSet => "Whether a code is in a value set, and its display right.",
                Operation::BatchValidateInValueSet => "Many codes at once: whether they are in a value set.",
                Operation::Compare => "What two value sets have in common.",
                Operation::Closure => "The subsumptions among the codes that a client has come across.",
                Operation::TranslateId => "All names of a given type for a system known by a name of another type.",
                Operation::PreferredId => "The preferred name of a given type for a system known by another one.",
            },
            Self::Versions => "The versions of FHIR that are spoken here.",
            Self::CacheControl => "Keeps a client's own resources between its requests.",
            Self::Validate => "What is wrong with a resource.",
        }
    }

    /// On what it is called: the types, the server, a type, an instance.
    fn scope(self) -> (Vec<&'static str>, [bool; 3]) {
        match self {
            Self::OfType(Operation::Closure) => (vec!["ConceptMap"], [true, true, false]),
            Self::OfType(operation @ (Operation::PreferredId | Operation::TranslateId | Operation::Compare)) => {
                let instance = operation == Operation::Compare;
                (vec![type_name(operation.kind())], [false, true, instance])
            }
            Self::OfType(operation) => (vec![type_name(operation.kind())], [false, true, true]),
            Self::Versions | Self::CacheControl => (Vec::new(), [true, false, false]),
            Self::Validate => (capability::KINDS.map(type_name).to_vec(), [false, true, true]),
        }
    }

    /// The definition as a resource.
    pub fn resource(self, version: FhirVersion, base: &str) -> Value {
        let (types, [system, of_type, instance]) = self.scope();
        let mut json = json!({
            "resourceType": "OperationDefinition",
            "id": self.id(),
            "url": self.url(base),
            "version": env!("CARGO_PKG_VERSION"),
            "name": name_of(&self.id()),
            "title": format!("${}", self.code()),
            "status": "active",
            "kind": "operation",
            "experimental": false,
            "description": self.says(),
            "affectsState": self.changes_something(),
            "code": self.code(),
        });
        if let Value::Object(json) = &mut json {
            if let Some(base) = self.base() {
                json.insert("base".into(), base.into());
            }
            if !types.is_empty() {
                json.insert("resource".into(), types.into());
            }
            for (name, truth) in [("system", system), ("type", of_type), ("instance", instance)] {
                json.insert(name.into(), truth.into());
            }
            let parameters: Vec<Value> = self.parameters(version).map(parameter).collect();
            json.insert("parameter".into(), parameters.into());
        }
        json
    }
}

/// A name for programs: `ValueSetExpand`.
fn name_of(id: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    id.split('-').map(capital).collect()
}

fn parameter(given: &OperationParameter) -> Value {
    let (min, max) = given.cardinality.split_once("..").unwrap_or(("0", "1"));
    let mut json = Map::new();
    json.insert("name".into(), given.name.into());
    json.insert("use".into(), if given.direction == Use::In { "in" } else { "out" }.into());
    json.insert("min".into(), min.parse::<u32>().unwrap_or(0).into());
    json.insert("max".into(), max.into());
    json.insert("documentation".into(), given.says.into());
    if !given.of.is_empty() {
        json.insert("type".into(), given.of.into());
    }
    if !given.parts.is_empty() {
        let parts: Vec<Value> = given.parts.iter().map(parameter).collect();
        json.insert("part".into(), parts.into());
    }
    json.into()
}

/// What is defined here; what changes something only where clients may write.
fn offered(writable: bool) -> impl Iterator<Item = Defined> {
    Defined::all().filter(move |defined| writable || !defined.changes_something())
}

/// The definition with an id.
pub fn named(id: &str, version: FhirVersion, base: &str, writable: bool) -> Option<Value> {
    let defined = offered(writable).find(|defined| defined.id() == id)?;
    Some(defined.resource(version, base))
}

/// Search parameters of OperationDefinition that are answered, with their types.
pub const SEARCHED: &[(&str, &str)] = &[
    ("_id", "token"),
    ("url", "uri"),
    ("name", "string"),
    ("title", "string"),
    ("code", "token"),
    ("base", "reference"),
    ("status", "token"),
    ("kind", "token"),
    ("system", "token"),
    ("type", "token"),
    ("instance", "token"),
];

/// Parameters that ask how, not what.
const CONTROLS: &[&str] = &["_count", "_offset", "_format", "_pretty", "_total", "_summary", "_elements"];

/// Searches the definitions, and answers with a Bundle of all that are found: they are few.
pub fn search(
    parameters: &Parameters,
    version: FhirVersion,
    base: &str,
    (writable, strict): (bool, bool),
) -> Result<Value, Refusal> {
    let mut found: Vec<Value> = offered(writable).map(|defined| defined.resource(version, base)).collect();
    for name in parameters.names() {
        if CONTROLS.contains(&name) {
            continue;
        }
        let Some((_, kind)) = SEARCHED.iter().find(|(known, _)| *known == name) else {
            if strict {
                return Err(ParameterError::Unknown { name: name.to_owned() }.into());
            }
            continue;
        };
        let element = if name == "_id" { "id" } else { name };
        for wanted in parameters.texts(&[name])? {
            let wanted: Vec<String> = wanted.split(',').map(str::to_lowercase).collect();
            found.retain(|one| {
                let own = match one.get(element) {
                    Some(Value::String(text)) => text.to_lowercase(),
                    Some(Value::Bool(truth)) => truth.to_string(),
                    _ => return false,
                };
                wanted.iter().any(|wanted| match *kind {
                    "string" => own.trim_start_matches('$').starts_with(wanted.trim_start_matches('$')),
                    _ => own == *wanted,
                })
            });
        }
    }
    let total = found.len();
    let entries: Vec<Value> = found
        .into_iter()
        .map(|one| json!({"fullUrl": one["url"], "resource": one, "search": {"mode": "match"}}))
        .collect();
    let mut bundle = json!({
        "resourceType": "Bundle",
        "id": uuid::Uuid::new_v4().to_string(),
        "type": "searchset",
        "total": total,
        "link": [{"relation": "self", "url": format!("{base}/OperationDefinition")}],
    });
    if let (false, Value::Object(bundle)) = (entries.is_empty(), &mut bundle) {
        bundle.insert("entry".into(), entries.into());
    }
    Ok(bundle)
}

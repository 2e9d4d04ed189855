//! From parameters to the requests of the service: which name means what, in R4, R5 and as validators send it.
//!
//! Names of both versions are read whatever version was asked for: a client that says R4 and sends an R5 name
//! means what it says. Names that no version has are ignored unless the client asked for strict handling
//! (`Prefer: handling=strict`), because clients send hints of their own along.

use super::interaction::Operation;
use super::operations;
use super::outcome::Refusal;
use super::parameters::{GivenConcept, ParameterError, Parameters};
use super::resource_in::{ResourceCache, read_value_set};
use crate::service::compare::{CompareRequest, VersionPolicy};
use crate::service::expand::ValueSetReference;
use crate::service::language::Languages;
use crate::service::lookup::LookupRequest;
use crate::service::period::Period;
use crate::service::subsumes::SubsumesRequest;
use crate::service::translate::{Dependency, Direction, MapChoice, TranslateRequest};
use crate::service::validate_code::{ValidationInput, ValidationTarget};
use crate::service::{ExpandRequest, Parameters as Options, Resource, ValidateCodeRequest, ValueSet};
use std::sync::Arc;
use tern_index::model::{Canonical, Coding};

/// What a request says besides its parameters.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The header Accept-Language.
    pub accept_language: Option<String>,
    /// The resource of an instance-level request.
    pub instance: Option<Instance>,
    /// Whether unknown parameters are refused.
    pub strict: bool,
}

/// The resource that an instance-level operation is called on.
#[derive(Debug, Clone)]
pub enum Instance {
    /// By its canonical.
    Canonical(Canonical),
    /// A value set without a URL.
    ValueSet(Arc<ValueSet>),
}

impl Context {
    /// The canonical of the instance, if there is one.
    pub fn canonical(&self) -> Option<Canonical> {
        match &self.instance {
            Some(Instance::Canonical(canonical)) => Some(canonical.clone()),
            _ => None,
        }
    }

    /// Refuses names that an operation does not have, where the client asked for that.
    pub fn check(&self, parameters: &Parameters, operation: Operation) -> Result<(), ParameterError> {
        if !self.strict {
            return Ok(());
        }
        parameters.check_names(|name| operations::is_known(operation, name))
    }
}

fn canonicals(parameters: &Parameters, name: &str) -> Result<Vec<Canonical>, ParameterError> {
    let texts = parameters.texts(&[name])?;
    Ok(texts
        .iter()
        .flat_map(|text| text.split(','))
        .filter(|text| !text.is_empty())
        .map(Canonical::parse)
        .collect())
}

/// A URL with a version beside it or behind a bar.
fn canonical(url: &str, version: Option<String>) -> Canonical {
    let read = Canonical::parse(url);
    let version = version.or(read.version);
    Canonical::new(read.url, version)
}

/// The day for which an answer is wanted.
pub(super) fn date(parameters: &Parameters) -> Result<Option<String>, ParameterError> {
    let given = parameters.text(&["date"])?;
    match given.as_deref().filter(|date| Period::parse(date).is_none()) {
        None => Ok(given),
        Some(date) => {
            let text = format!("'date' must be a date such as 2026, 2026-11-22 or 2026-11-22T10:00:00Z, but '{date}' was given");
            Err(invalid("date", text))
        }
    }
}

fn small(parameters: &Parameters, name: &str) -> Result<Option<u32>, ParameterError> {
    let count = parameters.count(name)?;
    Ok(count.map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
}

fn options(parameters: &Parameters, context: &Context) -> Result<Options, ParameterError> {
    Ok(Options {
        display_language: parameters.text(&["displayLanguage"])?,
        accept_language: context.accept_language.clone(),
        active_only: parameters.boolean("activeOnly")?,
        exclude_nested: parameters.boolean("excludeNested")?,
        include_designations: parameters.boolean("includeDesignations")?,
        include_definition: parameters.boolean("includeDefinition")?,
        exclude_not_for_ui: parameters.boolean("excludeNotForUI")?,
        exclude_post_coordinated: parameters.boolean("excludePostCoordinated")?,
        designations: parameters.texts(&["designation"])?,
        properties: parameters.texts(&["property"])?,
        filter: parameters.text(&["filter"])?,
        offset: small(parameters, "offset")?,
        count: small(parameters, "count")?,
        date: date(parameters)?,
        exclude_systems: canonicals(parameters, "exclude-system")?,
        system_versions: canonicals(parameters, "system-version")?,
        check_system_versions: canonicals(parameters, "check-system-version")?,
        force_system_versions: canonicals(parameters, "force-system-version")?,
        default_value_set_versions: canonicals(parameters, "default-valueset-version")?,
        check_value_set_versions: canonicals(parameters, "check-valueset-version")?,
        force_value_set_versions: canonicals(parameters, "force-valueset-version")?,
        use_supplements: canonicals(parameters, "useSupplement")?,
        lenient_display_validation: parameters.boolean("lenient-display-validation")?,
        value_set_membership_only: parameters.boolean("valueset-membership-only")?,
        abstract_: parameters.boolean("abstract")?,
        infer_system: parameters.boolean("inferSystem")?,
        limit: small(parameters, "limit")?.map(u64::from),
    })
}

/// The value set that a request is about.
fn value_set(parameters: &Parameters, context: &Context, operation: &str) -> Result<ValueSetReference, Refusal> {
    if let Some(json) = parameters.resource("valueSet")? {
        return Ok(ValueSetReference::Inline(Arc::new(read_value_set(json)?)));
    }
    match &context.instance {
        Some(Instance::Canonical(canonical)) => return Ok(ValueSetReference::Canonical(canonical.clone())),
        Some(Instance::ValueSet(value_set)) => return Ok(ValueSetReference::Inline(value_set.clone())),
        None => {}
    }
    if let Some(url) = parameters.text(&["url"])? {
        let version = parameters.text(&["valueSetVersion"])?;
        return Ok(ValueSetReference::Canonical(canonical(&url, version)));
    }
    if let Some(direction) = parameters.text(&["contextDirection"])?
        && !["incoming", "outgoing"].contains(&direction.as_str())
    {
        let text = format!("'contextDirection' must be incoming or outgoing, but '{direction}' was given");
        return Err(invalid("contextDirection", text).into());
    }
    if let Some(context) = parameters.text(&["context"])? {
        return Ok(ValueSetReference::Context(context));
    }
    Err(ParameterError::Missing(format!(
        "{operation} needs a value set: give 'url', 'valueSet' or 'context', or call it on an instance"
    ))
    .into())
}

/// `ValueSet/$expand`
pub fn expand(parameters: &Parameters, context: &Context) -> Result<ExpandRequest, Refusal> {
    context.check(parameters, Operation::Expand)?;
    Ok(ExpandRequest {
        value_set: value_set(parameters, context, "$expand")?,
        parameters: options(parameters, context)?,
    })
}

/// `ValueSet/$compare`, and whether to say what the answer rests on.
pub fn compare(parameters: &Parameters, context: &Context) -> Result<(CompareRequest, bool), Refusal> {
    context.check(parameters, Operation::Compare)?;
    let named = |resource: &str, url: &str| -> Result<Option<ValueSetReference>, Refusal> {
        if let Some(json) = parameters.resource(resource)? {
            return Ok(Some(ValueSetReference::Inline(Arc::new(read_value_set(json)?))));
        }
        let Some(url) = parameters.text(&[url])? else {
            return Ok(None);
        };
        let version = parameters.text(&["valueSetVersion"])?;
        Ok(Some(ValueSetReference::Canonical(canonical(&url, version))))
    };
    let missing = |prefix: &str| {
        let text = format!("$compare needs two value sets: give '{prefix}ValueSet' or '{prefix}Url'");
        Refusal::from(ParameterError::Missing(text))
    };
    let this = match &context.instance {
        Some(Instance::Canonical(canonical)) => Some(ValueSetReference::Canonical(canonical.clone())),
        Some(Instance::ValueSet(value_set)) => Some(ValueSetReference::Inline(value_set.clone())),
        None => named("thisValueSet", "thisUrl")?,
    };
    let policy = match parameters.text(&["version-policy"])? {
        None => VersionPolicy::default(),
        Some(code) => VersionPolicy::parse(&code).ok_or_else(|| {
            let text = format!("'version-policy' must be always, as-needed or never, but '{code}' was given");
            invalid("version-policy", text)
        })?,
    };
    let request = CompareRequest {
        this: this.ok_or_else(|| missing("this"))?,
        other: named("otherValueSet", "otherUrl")?.ok_or_else(|| missing("other"))?,
        policy,
        parameters: options(parameters, context)?,
    };
    Ok((request, parameters.boolean("diagnostics")?.unwrap_or(false)))
}

/// A request to validate, and the codeable concept to echo.
#[derive(Debug)]
pub struct ValidateCode {
    /// What the service is asked.
    pub request: ValidateCodeRequest,
    /// The codeable concept as given.
    pub echo: Option<GivenConcept>,
}

/// `ValueSet/$validate-code`
pub fn validate_in_value_set(parameters: &Parameters, context: &Context) -> Result<ValidateCode, Refusal> {
    context.check(parameters, Operation::ValidateInValueSet)?;
    let target = ValidationTarget::ValueSet(value_set(parameters, context, "$validate-code")?);
    let system = parameters.text(&["system"])?;
    let version = parameters.text(&["systemVersion", "version"])?;
    validate(parameters, context, target, system, version)
}

/// `CodeSystem/$validate-code`
pub fn validate_in_code_system(parameters: &Parameters, context: &Context) -> Result<ValidateCode, Refusal> {
    context.check(parameters, Operation::ValidateInCodeSystem)?;
    let url = parameters.text(&["url", "system"])?;
    let version = parameters.text(&["version", "systemVersion"])?;
    // One that came along is in the terminology already.
    let sent = |name: &str| {
        Ok::<_, ParameterError>(
            parameters
                .resource("codeSystem")?
                .and_then(|json| Some(json.get(name)?.as_str()?.to_owned())),
        )
    };
    let (url, version) = match sent("url")? {
        Some(own) => (Some(own), sent("version")?),
        None => (url, version),
    };
    let named = match (context.canonical(), url) {
        (Some(instance), _) => Some(instance),
        (None, Some(url)) => Some(canonical(&url, version)),
        (None, None) => None,
    };
    let (system, version) = match &named {
        Some(canonical) => (Some(canonical.url.clone()), canonical.version.clone()),
        None => (None, None),
    };
    validate(parameters, context, ValidationTarget::CodeSystem(named), system, version)
}

/// A code without its system is one of a value set only where the request says so, or says in which element it stands.
fn may_infer(parameters: &Parameters, target: &ValidationTarget) -> bool {
    let infer = parameters.boolean("inferSystem").ok().flatten() == Some(true);
    matches!(target, ValidationTarget::ValueSet(_)) && (infer || parameters.has("context"))
}

fn validate(
    parameters: &Parameters,
    context: &Context,
    target: ValidationTarget,
    system: Option<String>,
    version: Option<String>,
) -> Result<ValidateCode, Refusal> {
    let mut echo = None;
    let input = if let Some(coding) = parameters.coding(&["coding"])? {
        ValidationInput::Coding(coding)
    } else if let Some(concept) = parameters.codeable_concept(&["codeableConcept"])? {
        let input = ValidationInput::CodeableConcept {
            codings: concept.codings.clone(),
            text: concept.text.clone(),
        };
        echo = Some(concept);
        input
    } else if let Some(code) = parameters
        .text(&["code"])?
        .filter(|_| system.is_some() || may_infer(parameters, &target))
    {
        ValidationInput::Code(Coding {
            system,
            version,
            code,
            display: parameters.text(&["display"])?,
        })
    } else {
        // Validators compare this text.
        let text =
            "Unable to find code to validate (looked for coding | codeableConcept | code+system | code+inferSystem in parameters";
        return Err(ParameterError::Missing(text.into()).into());
    };
    let parameters = options(parameters, context)?;
    let request = ValidateCodeRequest {
        target,
        input,
        parameters,
    };
    Ok(ValidateCode { request, echo })
}

/// `CodeSystem/$lookup`
pub fn lookup(parameters: &Parameters, context: &Context) -> Result<LookupRequest, Refusal> {
    context.check(parameters, Operation::Lookup)?;
    let instance = context.canonical();
    let mut coding = match (parameters.coding(&["coding"])?, parameters.text(&["code"])?) {
        (Some(_), Some(_)) => return Err(both("coding", "code").into()),
        (Some(coding), None) => coding,
        (None, Some(code)) => {
            let named = parameters.text(&["system", "url"])?.map(|system| canonical(&system, None));
            let version = parameters.text(&["version"])?;
            Coding {
                version: version.or_else(|| named.as_ref().and_then(|named| named.version.clone())),
                system: named.map(|named| named.url),
                code,
                display: None,
            }
        }
        (None, None) => return Err(ParameterError::Missing("$lookup needs 'code' and 'system', or 'coding'".into()).into()),
    };
    if coding.code.is_empty() {
        return Err(ParameterError::Missing("$lookup needs a coding with a code".into()).into());
    }
    if let Some(instance) = instance {
        if coding.system.as_ref().is_some_and(|system| *system != instance.url) {
            let message = format!(
                "the code is of another system than the code system it is looked up in, {}",
                instance.url
            );
            return Err(invalid("system", message).into());
        }
        coding.system = Some(instance.url);
        coding.version = instance.version;
    }
    Ok(LookupRequest {
        coding,
        display_language: parameters
            .text(&["displayLanguage"])?
            // A broken header is no reason to refuse what it does not change.
            .or_else(|| {
                context
                    .accept_language
                    .clone()
                    .filter(|text| Languages::parse(text).is_some())
            }),
        properties: parameters.texts(&["property"])?,
        use_supplements: canonicals(parameters, "useSupplement")?,
        date: date(parameters)?,
    })
}

fn both(one: &str, other: &str) -> ParameterError {
    invalid(one, format!("'{one}' and '{other}' exclude each other: give one of them"))
}

fn invalid(name: &str, message: String) -> ParameterError {
    ParameterError::Invalid {
        name: name.to_owned(),
        message,
    }
}

/// `CodeSystem/$subsumes`
pub fn subsumes(parameters: &Parameters, context: &Context) -> Result<SubsumesRequest, Refusal> {
    context.check(parameters, Operation::Subsumes)?;
    let one = |code: &str, coding: &str| match (parameters.coding(&[coding])?, parameters.text(&[code])?) {
        (Some(_), Some(_)) => Err(both(coding, code)),
        (Some(given), None) if given.code.is_empty() => Err(invalid(coding, format!("'{coding}' has no code"))),
        (Some(coding), None) => Ok(coding),
        (None, Some(code)) => Ok(Coding {
            code,
            ..Coding::default()
        }),
        (None, None) => Err(ParameterError::Missing(format!("$subsumes needs '{code}' or '{coding}'"))),
    };
    let (a, b) = (one("codeA", "codingA")?, one("codeB", "codingB")?);
    let named = match (context.canonical(), parameters.text(&["system"])?) {
        (Some(instance), _) => Some(instance),
        (None, Some(system)) => Some(canonical(&system, parameters.text(&["version"])?)),
        (None, None) => None,
    };
    let (system, version) = named.map_or((None, None), |named| (Some(named.url), named.version));
    Ok(SubsumesRequest { system, version, a, b })
}

/// A request to translate, and which side of the map the answer is on.
#[derive(Debug)]
pub struct Translate {
    /// What the service is asked.
    pub request: TranslateRequest,
    /// R4 `reverse`: the answer's `concept` is the source side. Otherwise it is always the target side, and a
    /// reverse translation adds the source.
    pub concept_is_source: bool,
    /// Whether the request used names that R4 does not have.
    pub later_names: bool,
}

/// Names of `$translate` that R4 does not have.
const LATER_NAMES: &[&str] = &[
    "sourceCode",
    "sourceSystem",
    "sourceCoding",
    "sourceCodeableConcept",
    "sourceScope",
    "targetCode",
    "targetCoding",
    "targetCodeableConcept",
    "targetScope",
    "targetSystem",
];

/// Whether a request uses names of `$translate` that R4 does not have.
pub fn has_later_names(parameters: &Parameters) -> bool {
    LATER_NAMES.iter().any(|name| parameters.has(name))
}

/// `ConceptMap/$translate`
pub fn translate(parameters: &Parameters, context: &Context, cache: &ResourceCache) -> Result<Translate, Refusal> {
    context.check(parameters, Operation::Translate)?;
    let reverse_flag = parameters.boolean("reverse")?.unwrap_or(false);
    let version = parameters.text(&["version"])?;
    let source_system = parameters.text(&["sourceSystem", "system"])?;
    let target_system = parameters.text(&["targetSystem", "targetsystem"])?;
    let source_side = given(
        parameters,
        &["sourceCoding", "coding"],
        &["sourceCodeableConcept", "codeableConcept"],
        &["sourceCode", "code"],
        source_system.clone(),
        version.clone(),
    )?;
    // R5 gives a target code's system as `system`, the ecosystem's validators as `targetSystem`.
    let target_code_system = target_system.clone().or_else(|| parameters.text(&["system"]).ok().flatten());
    let target_side = given(
        parameters,
        &["targetCoding"],
        &["targetCodeableConcept"],
        &["targetCode"],
        target_code_system,
        version,
    )?;
    let source_scope = parameters.text(&["sourceScope", "source"])?;
    let target_scope = parameters.text(&["targetScope", "target"])?;
    let (direction, given, wanted_system, concept_is_source) = match (source_side, target_side) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "targetCode",
                "a source and a target exclude each other: give one of them".into(),
            )
            .into());
        }
        (None, Some(given)) => {
            let coded = parameters.has("targetCode");
            let wanted = parameters.text(&["sourceSystem"])?.or(target_system.filter(|_| !coded));
            (Direction::Reverse, given, wanted, false)
        }
        (Some(given), None) if reverse_flag => (Direction::Reverse, given, target_system, true),
        (Some(given), None) => (Direction::Forward, given, target_system, false),
        (None, None) => {
            let text = "$translate needs what to translate: 'sourceCode' with 'system', 'sourceCoding', 'sourceCodeableConcept' or one of 'targetCode', 'targetCoding', 'targetCodeableConcept' (R4: 'code', 'coding', 'codeableConcept')";
            return Err(ParameterError::Missing(text.into()).into());
        }
    };
    let maps = map_choice(parameters, context, cache)?;
    if matches!(maps, MapChoice::Any) && given.iter().all(|coding| coding.system.is_none()) {
        let text = "$translate needs the code system of the code: give 'system' (or 'sourceSystem'), a coding with a system, or name the concept map by 'url'";
        return Err(ParameterError::Missing(text.into()).into());
    }
    // R4 `reverse` swaps what source and target mean.
    let (source_scope, target_scope) = if concept_is_source {
        (target_scope, source_scope)
    } else {
        (source_scope, target_scope)
    };
    let request = TranslateRequest {
        maps,
        direction,
        given,
        wanted_system,
        source_scope,
        target_scope,
        dependencies: dependencies(parameters)?,
    };
    Ok(Translate {
        request,
        concept_is_source,
        later_names: has_later_names(parameters),
    })
}

/// The codes of one side, in whichever form they were given.
fn given(
    parameters: &Parameters,
    coding: &[&str],
    concept: &[&str],
    code: &[&str],
    system: Option<String>,
    version: Option<String>,
) -> Result<Option<Vec<Coding>>, ParameterError> {
    let forms = (
        parameters.coding(coding)?,
        parameters.codeable_concept(concept)?,
        parameters.text(code)?,
    );
    let given = match forms {
        (None, None, None) => return Ok(None),
        (Some(given), None, None) => vec![given],
        (None, Some(concept), None) => concept.codings,
        (None, None, Some(code)) => {
            let system = system.map(|system| canonical(&system, None));
            vec![Coding {
                version: version.or_else(|| system.as_ref().and_then(|system| system.version.clone())),
                system: system.map(|system| system.url),
                code,
                display: None,
            }]
        }
        _ => {
            let name = coding.first().copied().unwrap_or_default();
            let message = "a code, a coding and a codeable concept exclude each other: give one of them";
            return Err(invalid(name, message.into()));
        }
    };
    if given.is_empty() || given.iter().any(|coding| coding.code.is_empty()) {
        let name = coding.first().copied().unwrap_or_default();
        return Err(invalid(name, "what is to be translated has no code".into()));
    }
    Ok(Some(given))
}

fn map_choice(parameters: &Parameters, context: &Context, cache: &ResourceCache) -> Result<MapChoice, Refusal> {
    if let Some(json) = parameters.resource("conceptMap")? {
        return match cache.read(json)?.resource {
            Some(Resource::ConceptMap(map)) => Ok(MapChoice::Inline(map)),
            _ => Err(invalid("conceptMap", "'conceptMap' must be a ConceptMap resource".into()).into()),
        };
    }
    if let Some(instance) = context.canonical() {
        return Ok(MapChoice::Canonical(instance));
    }
    Ok(match parameters.text(&["url"])? {
        Some(url) => MapChoice::Canonical(canonical(&url, parameters.text(&["conceptMapVersion"])?)),
        None => MapChoice::Any,
    })
}

fn dependencies(parameters: &Parameters) -> Result<Vec<Dependency>, Refusal> {
    let mut dependencies = Vec::new();
    for dependency in parameters.all("dependency") {
        let parts = dependency.parts()?;
        let missing = |name: &str| ParameterError::Missing(format!("a 'dependency' needs the part '{name}'"));
        let attribute = parts.text(&["attribute", "element"])?.ok_or_else(|| missing("attribute"))?;
        let value = parts
            .all("value")
            .chain(parts.all("concept"))
            .next()
            .ok_or_else(|| missing("value"))?;
        let coded = |coding: Coding| (coding.system, coding.code);
        let (kind, json) = value.value()?;
        let values: Vec<(Option<String>, String)> = match kind {
            "Coding" => vec![coded(value.coding()?)],
            // R4 has no other type: what has no code, as an age has none, is said by the text.
            "CodeableConcept" => {
                let concept = value.codeable_concept()?;
                let said = concept.text.filter(|_| concept.codings.is_empty()).map(|text| (None, text));
                concept.codings.into_iter().map(coded).chain(said).collect()
            }
            // An amount with its unit, as an age is.
            "Quantity" | "Age" | "Duration" => {
                let part = |name: &str| {
                    json.get(name)
                        .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
                };
                let unit = part("code").or_else(|| part("unit")).unwrap_or_default();
                vec![(
                    None,
                    format!("{} {unit}", part("value").unwrap_or_default()).trim().to_owned(),
                )]
            }
            _ => vec![(None, json.as_str().map_or_else(|| json.to_string(), str::to_owned))],
        };
        dependencies.extend(values.into_iter().map(|(system, value)| Dependency {
            attribute: attribute.clone(),
            system,
            value,
        }));
    }
    Ok(dependencies)
}

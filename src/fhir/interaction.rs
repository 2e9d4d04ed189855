//! What a request asks for: the paths and methods of the FHIR REST API, and how each is answered.
//!
//! One request in, one resource or refusal out; whether it came over a socket or in a batch makes no difference.
//! It knows no status code and no header but by meaning.

use super::answer::{Answer, Conditions};
use super::outcome::{Refusal, RefusalKind};
use super::parameters::{self, ParameterError, Parameters};
use super::requests::{self, Context, Instance};
use super::resource_in::ResourceCache;
use super::sessions::Sessions;
use super::{
    FhirVersion, algorithmic, answer, body, capability, closure, find_matches, hint, history, operations, query, render,
    render_expansion, render_resource, search, write,
};
use crate::service::find_matches as service_find_matches;
use crate::service::resources::{ResourceBody, ResourceEntry};
use crate::service::{ResourceKind, Terminology, naming};
use crate::service::{compare, expand, lookup, subsumes, translate, validate_code};
use crate::written::Library;
use render_expansion::ExpansionPieces;
use render_resource::type_name;
use serde_json::Value;
use tern_index::model::Canonical;

/// The operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `CodeSystem/$lookup`
    Lookup,
    /// `CodeSystem/$validate-code`
    ValidateInCodeSystem,
    /// `CodeSystem/$batch-validate-code`
    BatchValidateInCodeSystem,
    /// `CodeSystem/$subsumes`
    Subsumes,
    /// `CodeSystem/$find-matches`
    FindMatches,
    /// `ConceptMap/$translate`
    Translate,
    /// `ValueSet/$expand`
    Expand,
    /// `ValueSet/$validate-code`
    ValidateInValueSet,
    /// `ValueSet/$batch-validate-code`
    BatchValidateInValueSet,
    /// `ValueSet/$compare`
    Compare,
    /// `ConceptMap/$closure`, `$closure`
    Closure,
    /// `NamingSystem/$preferred-id`
    PreferredId,
    /// `NamingSystem/$translate-id`
    TranslateId,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Lookup,
        Self::ValidateInCodeSystem,
        Self::BatchValidateInCodeSystem,
        Self::Subsumes,
        Self::FindMatches,
        Self::Translate,
        Self::Expand,
        Self::ValidateInValueSet,
        Self::BatchValidateInValueSet,
        Self::Compare,
        Self::Closure,
        Self::PreferredId,
        Self::TranslateId,
    ];

    /// The resource type it is called on.
    pub fn kind(self) -> ResourceKind {
        match self {
            Self::Lookup | Self::ValidateInCodeSystem | Self::BatchValidateInCodeSystem | Self::Subsumes | Self::FindMatches => {
                ResourceKind::CodeSystem
            }
            Self::Translate | Self::Closure => ResourceKind::ConceptMap,
            Self::PreferredId | Self::TranslateId => ResourceKind::NamingSystem,
            Self::Expand | Self::ValidateInValueSet | Self::BatchValidateInValueSet | Self::Compare => ResourceKind::ValueSet,
        }
    }

    /// Its name without `$`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::ValidateInCodeSystem | Self::ValidateInValueSet => "validate-code",
            Self::BatchValidateInCodeSystem | Self::BatchValidateInValueSet => "batch-validate-code",
            Self::Subsumes => "subsumes",
            Self::FindMatches => "find-matches",
            Self::Translate => "translate",
            Self::Expand => "expand",
            Self::Compare => "compare",
            Self::Closure => "closure",
            Self::PreferredId => "preferred-id",
            Self::TranslateId => "translate-id",
        }
    }

    /// Whether calling it changes what is kept, so that it cannot be called by GET.
    pub fn changes_something(self) -> bool {
        self == Self::Closure
    }

    /// What a client should know that the definition does not say.
    pub fn documentation(self) -> Option<&'static str> {
        match self {
            Self::Translate => Some(
                "With the canonical of an algorithmic map as 'url' (urn:tern:algorithmic-map:TARGET), or with 'algorithmic' true, local codes and names are mapped with a probability and an explanation for each match",
            ),
            _ => None,
        }
    }

    fn named(kind: ResourceKind, name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.kind() == kind && operation.name() == name)
    }

    /// The resources that may be the body by themselves, with the parameter that they stand for.
    fn bare(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Expand | Self::ValidateInValueSet => &[("ValueSet", "valueSet")],
            Self::Translate => &[("ConceptMap", "conceptMap")],
            _ => &[],
        }
    }
}

/// The type of the definitions of operations.
const DEFINITIONS: &str = "OperationDefinition";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `/metadata`
    Metadata,
    /// `/$versions`
    Versions,
    /// `/$cache-control`
    CacheControl,
    /// The endpoint itself: batches.
    Root,
    /// `/OperationDefinition`
    Definitions,
    /// `/OperationDefinition/[id]`
    Definition(String),
    /// `/[type]`, `/[type]/_search`
    Search(ResourceKind),
    /// `GET /[type]/[id]`
    Read(ResourceKind, String),
    /// `GET /[type]/[id]/_history/[version]`
    ReadVersion(ResourceKind, String, String),
    /// `GET /[type]/[id]/_history`, `/[type]/_history`, `/_history`
    History(Option<ResourceKind>, Option<String>),
    /// `POST /[type]`
    Create(ResourceKind),
    /// `PUT /[type]/[id]`, or `PUT /[type]?[search]`
    Update(ResourceKind, Option<String>),
    /// `PATCH [type]/[id]`, or `PATCH [type]?[search]`
    Patch(ResourceKind, Option<String>),
    /// `DELETE /[type]/[id]`, or `DELETE /[type]?[search]`
    Delete(ResourceKind, Option<String>),
    /// `/[type]/$validate`, `/[type]/[id]/$validate`
    Validate(ResourceKind, Option<String>),
    /// `/[type]/$[name]`, `/[type]/[id]/$[name]`
    Operation(Operation, Option<String>),
}

/// The methods that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET and HEAD
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// Any other.
    Other,
}

impl Method {
    /// Reads the name.
    pub fn parse(name: &str) -> Self {
        match name {
            "GET" | "HEAD" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    /// Whether requests have a body that means something.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "another",
        }
    }
}

impl Target {
    /// Reads a path below the endpoint, and checks that the method goes with it.
    pub fn parse(path: &str, method: Method) -> Result<Self, Refusal> {
        let offered = Self::offered(path)?;
        let allowed: Vec<&str> = offered.iter().map(|(method, _)| method.as_str()).collect();
        let mut text = format!("this method is not offered at '/{path}'; use {}", allowed.join(" or "));
        if path.split('/').all(str::is_empty) {
            text.push_str(" with a Bundle; GET /metadata says what this server offers");
        }
        let mut offered = offered.into_iter();
        match offered.find(|(own, _)| *own == method) {
            Some((_, target)) => Ok(target),
            None => Err(Refusal::new(RefusalKind::MethodNotAllowed, text)),
        }
    }

    /// What is asked for at a path, by method.
    fn offered(path: &str) -> Result<Vec<(Method, Self)>, Refusal> {
        let segments: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(query::path_segment)
            .collect::<Result<_, _>>()
            .map_err(ParameterError::from)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let kind = |name: &str| {
            capability::KINDS
                .into_iter()
                .find(|kind| type_name(*kind) == name)
                .ok_or_else(|| search::unsupported(name))
        };
        let operation = |kind: ResourceKind, name: &str| {
            let name = name.strip_prefix('$').unwrap_or(name);
            Operation::named(kind, name).ok_or_else(|| {
                let known = Operation::ALL.into_iter().filter(|operation| operation.kind() == kind);
                let near = hint::near(name, known.map(Operation::name));
                let text = format!(
                    "{} has no operation '${name}'{near}; /metadata lists those it has",
                    type_name(kind)
                );
                Refusal::new(RefusalKind::NotFound, text)
            })
        };
        use Method::{Delete, Get, Patch, Post, Put};
        let called = |operation: Operation, id: Option<String>| {
            let post = (Post, Self::Operation(operation, id.clone()));
            match operation.changes_something() {
                true => vec![post],
                false => vec![(Get, Self::Operation(operation, id)), post],
            }
        };
        let owned = |id: &str| Some(id.to_owned());
        Ok(match segments.as_slice() {
            [] => vec![(Post, Self::Root)],
            ["metadata"] => vec![(Get, Self::Metadata)],
            ["$versions"] => vec![(Get, Self::Versions), (Post, Self::Versions)],
            ["$cache-control"] => vec![(Get, Self::CacheControl), (Post, Self::CacheControl)],
            ["$closure"] => called(Operation::Closure, None),
            ["_history"] => vec![(Get, Self::History(None, None))],
            [DEFINITIONS] => vec![(Get, Self::Definitions)],
            [DEFINITIONS, "_search"] => vec![(Post, Self::Definitions)],
            [DEFINITIONS, id] => vec![(Get, Self::Definition((*id).to_owned()))],
            [name] => {
                let kind = kind(name)?;
                let writes = [
                    (Post, Self::Create(kind)),
                    (Put, Self::Update(kind, None)),
                    (Patch, Self::Patch(kind, None)),
                    (Delete, Self::Delete(kind, None)),
                ];
                std::iter::once((Get, Self::Search(kind))).chain(writes).collect()
            }
            [name, "_search"] => vec![(Post, Self::Search(kind(name)?))],
            [name, "_history"] => vec![(Get, Self::History(Some(kind(name)?), None))],
            [name, "$validate"] => vec![(Post, Self::Validate(kind(name)?, None))],
            [name, rest] if rest.starts_with('$') => called(operation(kind(name)?, rest)?, None),
            [name, id] => {
                let kind = kind(name)?;
                vec![
                    (Get, Self::Read(kind, (*id).to_owned())),
                    (Put, Self::Update(kind, owned(id))),
                    (Patch, Self::Patch(kind, owned(id))),
                    (Delete, Self::Delete(kind, owned(id))),
                ]
            }
            [name, id, "_history"] => vec![(Get, Self::History(Some(kind(name)?), owned(id)))],
            [name, id, "$validate"] => {
                let kind = kind(name)?;
                [Get, Post].map(|method| (method, Self::Validate(kind, owned(id)))).into()
            }
            [name, id, rest] if rest.starts_with('$') => called(operation(kind(name)?, rest)?, owned(id)),
            [name, id, "_history", version] => {
                let version = (*version).to_owned();
                vec![(Get, Self::ReadVersion(kind(name)?, (*id).to_owned(), version))]
            }
            _ => {
                let text = format!("there is nothing at '{path}'; /metadata says what this server offers");
                return Err(Refusal::new(RefusalKind::NotFound, text));
            }
        })
    }

    /// Whether a request changes nothing: one that GET may ask, or a search whose parameters are in the body.
    pub fn only_reads(&self, path: &str, method: Method) -> bool {
        method == Method::Get || matches!(self, Self::Search(_)) || Self::parse(path, Method::Get).is_ok_and(|read| read == *self)
    }

    /// Whether answering may take long: such requests are limited in number.
    pub fn is_heavy(&self) -> bool {
        match self {
            Self::Definitions | Self::Definition(_) => false,
            Self::Metadata | Self::Versions | Self::CacheControl | Self::Read(..) | Self::ReadVersion(..) => false,
            Self::Root | Self::Search(_) | Self::History(..) => true,
            Self::Create(_) | Self::Update(..) | Self::Patch(..) | Self::Delete(..) | Self::Validate(..) => true,
            Self::Operation(operation, _) => matches!(
                operation,
                Operation::Expand
                    | Operation::Compare
                    | Operation::Closure
                    | Operation::FindMatches
                    | Operation::BatchValidateInCodeSystem
                    | Operation::BatchValidateInValueSet
            ),
        }
    }
}

/// The body of a request.
#[derive(Debug, Clone)]
pub enum Body<'r> {
    /// None.
    None,
    /// JSON text.
    Text(&'r str),
    /// A form.
    Form(&'r str),
    /// JSON, read already.
    Json(Value),
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The version of the endpoint.
    pub version: FhirVersion,
    /// The URL of the endpoint, without a slash at the end.
    pub base: &'r str,
    /// Whether the endpoint answers in both versions, by media type.
    pub both_versions: bool,
    /// Query string.
    pub query: &'r str,
    /// Body.
    pub body: Body<'r>,
    /// The header Accept-Language.
    pub accept_language: Option<&'r str>,
    /// `Prefer: handling=strict`
    pub strict: bool,
    /// `X-Cache-Id`: the session whose resources count.
    pub cache_id: Option<&'r str>,
    /// What the answer depends on.
    pub conditions: Conditions,
}

/// What answering needs besides the request.
#[derive(Debug, Clone, Copy)]
pub struct Room<'r> {
    /// What is loaded.
    pub terminology: &'r Terminology,
    /// What is written, and who may write.
    pub library: &'r Library,
    /// Resources of earlier requests.
    pub cache: &'r ResourceCache,
    /// Resources that clients have sent to be kept.
    pub sessions: &'r Sessions,
    /// Rows of a concept map that a read writes out.
    pub map_rows: usize,
    /// Resources on one page of a search.
    pub largest_page: usize,
    /// Codes of an expansion without `count`.
    pub expansion: u64,
    /// Items of one `$batch-validate-code`.
    pub batch: usize,
}

impl Room<'_> {
    /// How many codes an expansion may have, of which the client allows so many.
    fn expansion_limit(&self, asked: Option<u64>) -> Option<u64> {
        Some(self.expansion.min(asked.unwrap_or(u64::MAX)))
    }
}

/// Answers anything but a batch Bundle, which is many requests.
pub fn answer(room: Room<'_>, target: &Target, request: Request<'_>) -> Result<Answer, Refusal> {
    match target {
        Target::Read(kind, id) => read(room, *kind, id, &request),
        Target::ReadVersion(kind, id, version) => history::vread(room, *kind, id, version, &request),
        Target::Create(_) | Target::Update(..) | Target::Patch(..) | Target::Delete(..) => write::write(room, target, &request),
        _ => resource(room, target, request).map(Answer::from),
    }
}

/// Reads a resource. What was not written here has no version to be told.
fn read(room: Room<'_>, kind: ResourceKind, id: &str, request: &Request<'_>) -> Result<Answer, Refusal> {
    let entry = find(room, kind, id, request.version)?;
    let whole = render_resource::resource(&entry, request.version, room.map_rows)?;
    let written = entry.written.as_ref();
    let modified = written.map(|written| written.last_updated.clone());
    let answer = Answer {
        tag: written.map(|written| answer::tag(&written.version_id.to_string())),
        modified: modified.or(entry.summary.last_updated),
        ..Answer::from(search::shortened(whole, &Parameters::from_query(request.query)?)?)
    };
    Ok(history::unless_known(answer, request))
}

/// Answers what is answered with a resource and nothing beside it.
fn resource(room: Room<'_>, target: &Target, request: Request<'_>) -> Result<Value, Refusal> {
    match target {
        Target::Root => Err(Refusal::new(
            RefusalKind::NotSupported,
            "a batch inside a batch is not answered",
        )),
        Target::Versions => Ok(capability::versions(request.version, request.both_versions)),
        Target::CacheControl => {
            let session = request.cache_id;
            let parameters = body_parameters(request, &[], room.cache)?;
            room.sessions.control(&parameters, session, room.cache)
        }
        Target::Metadata => metadata(room, &request),
        Target::Definition(id) => {
            let found = operations::named(id, request.version, request.base, room.library.is_writable());
            let found = found.ok_or_else(|| {
                let text = format!("there is no {DEFINITIONS} with this id; a search at '{DEFINITIONS}' lists them");
                Refusal::new(RefusalKind::NotFound, text)
            })?;
            search::shortened(found, &Parameters::from_query(request.query)?)
        }
        Target::Definitions => {
            let parameters = searched(&request)?;
            let manner = (room.library.is_writable(), request.strict);
            operations::search(&parameters, request.version, request.base, manner)
        }
        Target::History(kind, id) => history::history(room, *kind, id.as_deref(), &request),
        Target::Validate(kind, id) => write::validate(room, *kind, id.as_deref(), request),
        Target::Read(..)
        | Target::ReadVersion(..)
        | Target::Create(_)
        | Target::Update(..)
        | Target::Patch(..)
        | Target::Delete(..) => {
            // Never asked for here: these have answers with more than a body.
            Err(Refusal::new(RefusalKind::Internal, "this interaction is answered elsewhere"))
        }
        Target::Search(kind) => {
            let parameters = searched(&request)?;
            let search = search::read(*kind, &parameters, request.strict, room.largest_page)?;
            let place = search::Place {
                base: request.base,
                version: request.version,
                largest_page: room.largest_page,
                map_rows: room.map_rows,
            };
            search::search(room.terminology, *kind, &search, place)
        }
        Target::Operation(operation, id) => {
            let version = request.version;
            with_parameters(room, *operation, id.as_deref(), request, |room, parameters, context| {
                operate(room, *operation, version, parameters, context)
            })
        }
    }
}

/// The parameters of a search: those of the query string, and those of a form.
fn searched(request: &Request<'_>) -> Result<Parameters, Refusal> {
    let mut parameters = Parameters::from_query(request.query)?;
    if let Body::Form(form) = request.body {
        parameters.extend(Parameters::from_query(form)?);
    }
    Ok(parameters)
}

/// Calls an operation with its parameters, and with a terminology in which what comes along ranks first.
fn with_parameters<T>(
    room: Room<'_>,
    operation: Operation,
    id: Option<&str>,
    request: Request<'_>,
    call: impl FnOnce(Room<'_>, &Parameters, &Context) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let version = request.version;
    let mut context = Context {
        accept_language: request.accept_language.map(str::to_owned),
        instance: None,
        strict: request.strict,
    };
    if let Some(id) = id {
        context.instance = Some(instance(&find(room, operation.kind(), id, version)?)?);
    }
    let session = request.cache_id;
    let parameters = body_parameters(request, operation.bare(), room.cache)?;
    let terminology = room.sessions.overlay(room.terminology, &parameters, session, room.cache)?;
    let terminology = terminology.for_fhir_version(version.short());
    let room = Room {
        terminology: &terminology,
        ..room
    };
    call(room, &parameters, &context).map_err(|refusal| hint::hinted(&terminology, refusal))
}

/// An expansion, whole or to be written piece by piece.
#[derive(Debug)]
pub enum Expanded {
    /// Short, or no list.
    Whole(Value),
    /// A long list.
    Pieces(Box<ExpansionPieces>),
}

/// Entries from which on a list is written piece by piece.
const LONG_LIST: u64 = 1_000;

/// Answers `$expand` for a client that takes JSON.
pub fn expanded(room: Room<'_>, id: Option<&str>, request: Request<'_>) -> Result<Expanded, Refusal> {
    let version = request.version;
    with_parameters(room, Operation::Expand, id, request, |room, parameters, context| {
        let evaluated = evaluated(room, parameters, context)?;
        match ExpansionPieces::new(evaluated, version, LONG_LIST) {
            Ok(pieces) => Ok(Expanded::Pieces(Box::new(pieces))),
            Err(short) => {
                let whole = short.whole(room.terminology.stop())?;
                Ok(Expanded::Whole(render_expansion::expansion(&whole, version)))
            }
        }
    })
}

fn evaluated(room: Room<'_>, parameters: &Parameters, context: &Context) -> Result<expand::Evaluated, Refusal> {
    let mut request = requests::expand(parameters, context)?;
    request.parameters.limit = room.expansion_limit(request.parameters.limit);
    Ok(expand::evaluate(room.terminology, &request)?)
}

fn metadata(room: Room<'_>, request: &Request<'_>) -> Result<Value, Refusal> {
    let parameters = Parameters::from_query(request.query)?;
    match parameters.text(&["mode"])?.as_deref() {
        None | Some("full" | "normative") => Ok(capability::capability_statement(
            request.version,
            request.base,
            room.library.is_writable(),
        )),
        Some("terminology") => Ok(capability::terminology_capabilities(
            room.terminology,
            request.version,
            request.base,
            room.library.is_writable(),
        )),
        Some(other) => Err(ParameterError::Invalid {
            name: "mode".into(),
            message: format!("'mode' must be full, normative or terminology, but '{other}' was given"),
        }
        .into()),
    }
}

/// The resource with an id; of FHIR's own, which have the same in each version, that of the version asked for.
pub(super) fn find(room: Room<'_>, kind: ResourceKind, id: &str, version: FhirVersion) -> Result<ResourceEntry, Refusal> {
    let view = room.terminology.for_fhir_version(version.short());
    let found = view.read_resource(kind, id);
    found.ok_or_else(|| history::not_there(room, kind, id))
}

fn instance(entry: &ResourceEntry) -> Result<Instance, Refusal> {
    match (&entry.summary.url, &entry.body) {
        (Some(url), _) => Ok(Instance::Canonical(Canonical::new(url, entry.summary.version.clone()))),
        (None, ResourceBody::ValueSet(value_set)) => Ok(Instance::ValueSet(value_set.clone())),
        (None, _) => {
            let text = format!("the resource '{}' has no URL, so that nothing can be asked of it", entry.id);
            Err(Refusal::new(RefusalKind::NotSupported, text))
        }
    }
}

/// The parameters of an operation: those of the body, and those of the query string.
fn body_parameters(request: Request<'_>, bare: &[(&str, &str)], cache: &ResourceCache) -> Result<Parameters, Refusal> {
    let mut parameters = match request.body {
        Body::None => Parameters::default(),
        Body::Form(form) => Parameters::from_query(form)?,
        Body::Text(text) => body::parameters(text, bare, cache)?,
        Body::Json(json) => Parameters::from_body(json, bare)?,
    };
    parameters.extend(Parameters::from_query(request.query)?);
    Ok(parameters)
}

fn operate(
    room: Room<'_>,
    operation: Operation,
    version: FhirVersion,
    parameters: &Parameters,
    context: &Context,
) -> Result<Value, Refusal> {
    let terminology = room.terminology;
    match operation {
        Operation::Lookup => {
            let request = requests::lookup(parameters, context)?;
            Ok(render::lookup(&lookup::lookup(terminology, &request)?))
        }
        Operation::Subsumes => {
            let request = requests::subsumes(parameters, context)?;
            Ok(render::subsumption(subsumes::subsumes(terminology, &request)?))
        }
        Operation::FindMatches => {
            let request = find_matches::read(parameters, context)?;
            Ok(find_matches::render(&service_find_matches::find_matches(
                terminology,
                &request,
            )?))
        }
        Operation::Translate => translated(room, version, parameters, context),
        Operation::Expand => {
            let whole = evaluated(room, parameters, context)?.whole(terminology.stop())?;
            Ok(render_expansion::expansion(&whole, version))
        }
        Operation::Closure => {
            context.check(parameters, Operation::Closure)?;
            closure::answer(room.library, parameters, version, room.batch)
        }
        Operation::PreferredId => preferred_id(terminology, parameters, context),
        Operation::TranslateId => translate_id(terminology, parameters, context),
        Operation::Compare => {
            let (mut request, diagnostics) = requests::compare(parameters, context)?;
            request.parameters.limit = room.expansion_limit(request.parameters.limit);
            Ok(render::comparison(&compare::compare(terminology, &request)?, diagnostics))
        }
        Operation::ValidateInCodeSystem => validate(terminology, requests::validate_in_code_system(parameters, context)?),
        Operation::ValidateInValueSet => validate(terminology, requests::validate_in_value_set(parameters, context)?),
        Operation::BatchValidateInCodeSystem | Operation::BatchValidateInValueSet => {
            batch_validate(room, operation, parameters, context)
        }
    }
}

/// `$translate`: by an algorithmic map where one is named, by curated maps else, and by an algorithmic one where those have
/// no answer and it is asked for.
fn translated(room: Room<'_>, version: FhirVersion, parameters: &Parameters, context: &Context) -> Result<Value, Refusal> {
    let terminology = room.terminology;
    let later_names = requests::has_later_names(parameters);
    if let Some(named) = algorithmic::named(parameters, context)? {
        return algorithmic::answer(terminology, &named, version, later_names);
    }
    let fallback = algorithmic::asked(parameters, context)?;
    if let (Some(fallback), false) = (&fallback, algorithmic::has_code(parameters)?) {
        return algorithmic::answer(terminology, fallback, version, later_names);
    }
    let mut asked = requests::translate(parameters, context, room.cache)?;
    by_canonical_names(terminology, &mut asked.request);
    let style = render::TranslationStyle {
        version,
        r4_names: !asked.later_names,
        direction: asked.request.direction,
        concept_is_source: asked.concept_is_source,
    };
    let translation = translate::translate(terminology, &asked.request)?;
    match fallback.filter(|_| !translation.result) {
        Some(fallback) => algorithmic::answer(terminology, &fallback, version, later_names),
        None => Ok(render::translation(&translation, style)),
    }
}

/// Maps name code systems by their URLs: what a client names by a URN is looked for under that.
fn by_canonical_names(terminology: &Terminology, request: &mut translate::TranslateRequest) {
    let given = request.given.iter_mut().filter_map(|given| given.system.as_mut());
    for name in given
        .chain(request.wanted_system.as_mut())
        .filter(|name| name.starts_with("urn:"))
    {
        *name = terminology.canonical_url(name).to_owned();
    }
}

fn preferred_id(terminology: &Terminology, parameters: &Parameters, context: &Context) -> Result<Value, Refusal> {
    context.check(parameters, Operation::PreferredId)?;
    let needed = |name: &str| {
        let text = format!("$preferred-id needs the parameter '{name}'");
        parameters.text(&[name])?.ok_or(ParameterError::Missing(text))
    };
    let (id, id_type) = (needed("id")?, needed("type")?);
    let date = requests::date(parameters)?;
    let found = naming::preferred_id(terminology, &id, &id_type, date.as_deref()).ok_or_else(|| {
        let text = format!("no name of the type '{id_type}' is known for '{id}'");
        Refusal::new(RefusalKind::NotFound, text)
    })?;
    let mut list = render::List::default();
    list.value("result", "String", found);
    Ok(list.into_resource())
}

fn translate_id(terminology: &Terminology, parameters: &Parameters, context: &Context) -> Result<Value, Refusal> {
    context.check(parameters, Operation::TranslateId)?;
    let needed = |name: &str| {
        let text = format!("$translate-id needs the parameter '{name}'");
        parameters.text(&[name])?.ok_or(ParameterError::Missing(text))
    };
    let (id, source, target) = (needed("id")?, needed("sourceType")?, needed("targetType")?);
    let date = requests::date(parameters)?;
    let mut found = naming::translate_id(terminology, &id, (&source, &target), date.as_deref());
    if parameters.boolean("preferredOnly")?.unwrap_or(false) {
        found.retain(|(_, preferred)| *preferred);
    }
    let mut list = render::List::default();
    list.value("result", "Boolean", !found.is_empty());
    for (name, preferred) in found {
        list.value("targetIdentifier", "String", name)
            .value("targetIdentifier.preferred", "Boolean", preferred);
    }
    Ok(list.into_resource())
}

fn validate(terminology: &Terminology, asked: requests::ValidateCode) -> Result<Value, Refusal> {
    let validation = validate_code::validate_code(terminology, &asked.request)?;
    Ok(render::validation(&validation, asked.echo.as_ref()))
}

/// Validates each `validation`; what is given at the top holds for all that do not say otherwise. An item that
/// cannot be answered is answered with its outcome.
fn batch_validate(room: Room<'_>, operation: Operation, shared: &Parameters, context: &Context) -> Result<Value, Refusal> {
    let mut shared = shared.clone();
    let items = shared.take("validation");
    // These are in the terminology already.
    shared.take("tx-resource");
    if items.is_empty() {
        let text = "$batch-validate-code needs at least one parameter 'validation' with the parameters of one validation";
        return Err(ParameterError::Missing(text.into()).into());
    }
    if items.len() > room.batch {
        let text = format!(
            "{} validations are more than the {} that are answered at once; split them",
            items.len(),
            room.batch
        );
        return Err(Refusal::new(RefusalKind::TooCostly, text));
    }
    let one = |item: &parameters::Parameter| -> Result<Value, Refusal> {
        room.terminology.stop().check()?;
        let mut own = item.parts()?;
        own.inherit(&shared);
        let terminology = room.sessions.overlay(room.terminology, &own, None, room.cache)?;
        let asked = match operation {
            Operation::BatchValidateInCodeSystem => requests::validate_in_code_system(&own, context)?,
            _ => requests::validate_in_value_set(&own, context)?,
        };
        validate(&terminology, asked)
    };
    use rayon::prelude::*;
    let answers: Vec<Value> = items
        .par_iter()
        .map(|item| one(item).unwrap_or_else(|refusal| super::outcome::operation_outcome(&refusal.issues)))
        .collect();
    let mut list = render::List::default();
    for answer in answers {
        list.resource("validation", answer);
    }
    Ok(list.into_resource())
}

/// The text of a body, checked to be UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| {
        let text = format!(
            "the body is not valid UTF-8 (first bad byte at offset {})",
            error.valid_up_to()
        );
        Refusal::new(RefusalKind::Invalid, text)
    })
}

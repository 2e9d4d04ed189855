//! Create, update, patch and delete, with their conditions: what may be written, what it becomes, what the client is told.
//!
//! A resource is checked before the turn at writing is taken; conditions are looked at once it is held, so that what held
//! then still holds when the change is made. A patch is applied in that turn, too. Several changes at once, which are made
//! together or not at all, are put together in `transaction`.

use super::answer::{self, Answer, Done};
use super::interaction::{Body, Request, Room, Target};
use super::outcome::{Refusal, RefusalKind, operation_outcome};
use super::parameters::ParameterError;
use super::search::Search;
use super::{FhirVersion, patch, render_resource, validation};
use crate::service::resources::{ResourceBody, ResourceEntry};
use crate::service::{Issue, ResourceKind, Severity, Terminology};
use crate::written::{Change, Changed, Expected, Method, Step, Turn, Version, WrittenError};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use tern_loaders::fhir::json::{self, JsonError, Node, Object};
use tern_loaders::fhir::summary;

impl From<WrittenError> for Refusal {
    fn from(error: WrittenError) -> Self {
        let kind = match &error {
            WrittenError::ReadOnly | WrittenError::Loaded { .. } => RefusalKind::MethodNotAllowed,
            WrittenError::Clash { .. } => RefusalKind::Conflict,
            WrittenError::OtherVersion { .. } => RefusalKind::PreconditionFailed,
            WrittenError::NoClosure { .. } => RefusalKind::NotFound,
            WrittenError::NoClosureVersion { .. } => RefusalKind::Invalid,
            WrittenError::StaleClosure { .. } => RefusalKind::Unprocessable,
            WrittenError::Full { .. } => RefusalKind::NoRoom,
            WrittenError::Busy { .. } => RefusalKind::Busy,
            WrittenError::Damaged { .. }
            | WrittenError::Foreign { .. }
            | WrittenError::TooNew { .. }
            | WrittenError::Unusable { .. } => RefusalKind::Internal,
        };
        // Clients are not told where the files of the server are; its log is.
        let text = match kind {
            RefusalKind::NoRoom => {
                "the disk of the server is full, so nothing was written; try again when there is room".to_owned()
            }
            RefusalKind::Busy => "another process is writing; try again".to_owned(),
            RefusalKind::Internal => "the server cannot use its file of written resources; its log says why".to_owned(),
            _ => error.to_string(),
        };
        if matches!(kind, RefusalKind::NoRoom | RefusalKind::Busy | RefusalKind::Internal) {
            tracing::error!("{error}");
        }
        Self::new(kind, text)
    }
}

/// A body that should be a resource: its text, and whether that is what the client wrote.
pub(super) struct Given<'b> {
    text: Cow<'b, str>,
    as_sent: bool,
}

impl<'b> Given<'b> {
    /// The body of a request.
    pub fn of(body: Body<'b>) -> Result<Self, Refusal> {
        match body {
            Body::Text(text) => Ok(Self {
                text: text.into(),
                as_sent: true,
            }),
            Body::Json(json) => Ok(Self::of_value(&json)),
            Body::None => Err(ParameterError::Missing("the body must be the resource, but it is empty".into()).into()),
            Body::Form(_) => Err(ParameterError::Missing("the body must be the resource, but it is a form".into()).into()),
        }
    }

    /// A resource inside something else.
    pub fn of_value(json: &Value) -> Self {
        Self {
            text: json.to_string().into(),
            as_sent: false,
        }
    }

    /// The resource, and all that is wrong with it. What is no resource of the type is refused.
    pub fn read(&self, kind: ResourceKind, version: FhirVersion) -> Result<(Node<'_>, Vec<Issue>), Refusal> {
        let node = json::parse(self.text.as_bytes()).map_err(not_json)?;
        let found = node.get("resourceType").and_then(Node::as_str).unwrap_or("nothing");
        if found != kind.as_str() {
            return Err(ParameterError::Malformed {
                place: "resourceType".into(),
                message: format!("must be {}, as the path says, but it is {found}", kind.as_str()),
            }
            .into());
        }
        let mut issues = validation::validate(&node, kind, version);
        if !self.as_sent {
            // Its lines are ours, not the client's.
            issues.iter_mut().for_each(|issue| issue.diagnostics = None);
        }
        Ok((node, issues))
    }
}

fn not_json(error: JsonError) -> Refusal {
    ParameterError::Json {
        message: error.message,
        line: usize::try_from(error.line).unwrap_or(0),
        column: usize::try_from(error.column).unwrap_or(0),
    }
    .into()
}

/// A sound resource to be written.
pub(super) struct Incoming<'g> {
    kind: ResourceKind,
    node: Node<'g>,
    issues: Vec<Issue>,
}

impl<'g> Incoming<'g> {
    /// Refuses what is not valid.
    pub fn read(given: &'g Given<'_>, kind: ResourceKind, version: FhirVersion) -> Result<Self, Refusal> {
        let (node, issues) = given.read(kind, version)?;
        if validation::has_errors(&issues) {
            return Err(Refusal {
                kind: RefusalKind::Unprocessable,
                issues,
                sought: None,
            });
        }
        Ok(Self { kind, node, issues })
    }

    fn id(&self) -> Option<&str> {
        self.node.get("id").and_then(Node::as_str)
    }

    fn text(&self, id: &str, number: u64, at: &str) -> String {
        let object = self.node.as_object();
        object.map_or_else(String::new, |object| text(object, id, number, at))
    }
}

/// A change that only waits to be made.
pub(super) enum Ready<'g> {
    /// A resource is written.
    Put {
        /// What it is.
        incoming: Incoming<'g>,
        /// Its id.
        id: String,
        /// How it came.
        method: Method,
        /// What must be so before.
        expected: Expected,
    },
    /// A resource is deleted.
    Delete {
        /// Its type.
        kind: ResourceKind,
        /// Its id.
        id: String,
        /// What must be so before.
        expected: Expected,
    },
}

impl Ready<'_> {
    /// What is to be said of a resource that was written, though it is sound.
    pub fn issues(&self) -> &[Issue] {
        match self {
            Self::Put { incoming, .. } => &incoming.issues,
            Self::Delete { .. } => &[],
        }
    }
}

/// Makes changes, all of them or none. `failed` is told which one could not be made; `look` sees what came of them before
/// anybody else does, and may still refuse.
pub(super) fn make<T>(
    turn: &mut Turn<'_>,
    ready: &[Ready<'_>],
    version: FhirVersion,
    failed: impl Fn(usize, Refusal) -> Refusal,
    look: impl FnOnce(&Arc<Terminology>, &[Option<Version>]) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    type Text<'t> = Box<dyn Fn(u64, &str) -> String + 't>;
    let puts = ready.iter().map(|one| match one {
        Ready::Put { incoming, id, .. } => {
            let text: Text<'_> = Box::new(|number, at| incoming.text(id, number, at));
            Some((summary::of(&incoming.node), text))
        }
        Ready::Delete { .. } => None,
    });
    let puts: Vec<Option<(summary::Summary, Text<'_>)>> = puts.collect();
    let changes = ready.iter().zip(&puts).map(|(one, put)| match (one, put) {
        (
            Ready::Put {
                incoming,
                id,
                method,
                expected,
            },
            Some((summary, text)),
        ) => Some(Change {
            kind: incoming.kind,
            id,
            method: *method,
            expected: expected.clone(),
            fhir_version: version.short(),
            url: summary.url.as_deref(),
            version: summary.version.as_deref(),
            text,
        }),
        _ => None,
    });
    let changes: Vec<Option<Change<'_>>> = changes.collect();
    let steps = ready.iter().zip(&changes).filter_map(|(one, change)| match (one, change) {
        (_, Some(change)) => Some(Step::Put(change)),
        (Ready::Delete { kind, id, expected }, None) => Some(Step::Delete {
            kind: *kind,
            id,
            expected: expected.clone(),
        }),
        // Every put has its change.
        (Ready::Put { .. }, None) => None,
    });
    let steps: Vec<Step<'_>> = steps.collect();
    turn.apply(&steps, |number, error| failed(number, error.into()), look)
}

/// The resource as it is kept: with its id, and with version and instant in its meta.
fn text(object: &Object<'_>, id: &str, number: u64, at: &str) -> String {
    let string = |text: &str| Node::String(Cow::Owned(text.to_owned()));
    let mut meta = match object.get("meta") {
        Some(Node::Object(meta)) => meta.clone(),
        _ => Object::default(),
    };
    meta.members.retain(|(name, _)| name != "versionId" && name != "lastUpdated");
    meta.members.insert(0, ("lastUpdated".into(), string(at)));
    meta.members.insert(0, ("versionId".into(), string(&number.to_string())));
    let resource_type = object.get("resourceType").cloned().unwrap_or(Node::Null);
    let mut members = vec![
        (Cow::Borrowed("resourceType"), resource_type),
        ("id".into(), string(id)),
        ("meta".into(), Node::Object(meta)),
    ];
    // Of a name that is there twice the last one counts.
    let mut seen: HashSet<&str> = HashSet::from(["resourceType", "id", "meta"]);
    let rest = object.members.iter().rev().filter(|(name, _)| seen.insert(name));
    let mut rest: Vec<_> = rest.cloned().collect();
    rest.reverse();
    members.extend(rest);
    Object { line: 0, members }.to_text()
}

/// What a client that writes is told.
fn written(room: Room<'_>, request: &Request<'_>, version: &Version, issues: &[Issue]) -> Result<Answer, Refusal> {
    let body = match request.conditions.returning.as_deref() {
        Some("minimal") => None,
        Some("OperationOutcome") => Some(outcome(issues, version)),
        _ => Some(render_resource::resource(&entry(version), request.version, room.map_rows)?),
    };
    Ok(Answer {
        done: match version.changed {
            Changed::Created => Done::Created,
            _ => Done::Answered,
        },
        body,
        ..beside(request.base, version)
    })
}

/// Place, tag and instant of a version, without a body.
pub(super) fn beside(base: &str, version: &Version) -> Answer {
    let number = version.written.version_id;
    Answer {
        done: Done::Silent,
        body: None,
        location: Some(format!("{base}/{}/{}/_history/{number}", version.kind.as_str(), version.id)),
        tag: Some(answer::tag(&number.to_string())),
        modified: Some(version.written.last_updated.clone()),
    }
}

/// An issue that is none.
fn note(text: String) -> Issue {
    Issue {
        severity: Severity::Information,
        code: "informational",
        detail: None,
        message_id: None,
        text,
        expression: None,
        diagnostics: None,
    }
}

fn outcome(issues: &[Issue], version: &Version) -> Value {
    let done = match version.changed {
        Changed::Created => "created",
        Changed::Updated => "updated",
        Changed::Deleted => "deleted",
    };
    let (kind, number) = (version.kind.as_str(), version.written.version_id);
    let mut all = vec![note(format!(
        "{kind}/{} was {done}; this is its version {number}",
        version.id
    ))];
    all.extend(issues.iter().cloned());
    operation_outcome(&all)
}

/// A version as what is read and searched.
pub(super) fn entry(version: &Version) -> ResourceEntry {
    ResourceEntry {
        kind: version.kind,
        id: version.id.clone(),
        summary: summary::Summary::default(),
        body: ResourceBody::Json(version.written.json.clone()),
        written: Some(Arc::new(version.written.clone())),
    }
}

/// What `If-Match` and `If-None-Match` make a change depend on.
fn expected(request: &Request<'_>) -> Expected {
    let conditions = &request.conditions;
    match (&conditions.if_match, &conditions.if_none_match) {
        (Some(tags), _) => Expected::Versions(answer::tagged(tags).map(str::to_owned).collect()),
        (None, Some(tags)) if answer::tagged(tags).any(|tag| tag == "*") => Expected::Absent,
        _ => Expected::Anything,
    }
}

fn several(kind: ResourceKind) -> Refusal {
    let text = format!("the condition fits more than one {}; name one more exactly", kind.as_str());
    Refusal::new(RefusalKind::PreconditionFailed, text)
}

/// What a request that writes comes to, once its conditions have been looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// A conditional create has found what it would have made.
    Stays(String),
    /// The body becomes the resource with this id.
    Put(String, Method, Expected),
    /// The body is a patch of the resource with this id.
    Patch(String, Expected),
    /// The resource with this id is deleted.
    Delete(String, Expected),
    /// There is nothing to delete.
    Nothing,
}

/// Looks at the conditions of a request that writes. `own` is the id in its body.
pub(super) fn plan(
    terminology: &Terminology,
    target: &Target,
    own: Option<&str>,
    request: &Request<'_>,
) -> Result<Plan, Refusal> {
    let found = |kind, query: &str| Search::conditional(kind, query)?.ids(terminology, kind);
    match target {
        Target::Create(kind) => {
            let condition = request.conditions.if_none_exist.as_deref();
            let condition = condition.map(|query| query.rsplit('?').next().unwrap_or(query));
            match condition.map_or(Ok(Vec::new()), |query| found(*kind, query))?.as_slice() {
                [] => Ok(Plan::Put(new_id(), Method::Post, Expected::Absent)),
                [id] => Ok(Plan::Stays(id.clone())),
                _ => Err(several(*kind)),
            }
        }
        Target::Update(kind, Some(id)) => match own {
            Some(own) if own == id => Ok(Plan::Put(id.clone(), Method::Put, expected(request))),
            Some(own) => Err(wrong_id(
                *kind,
                format!("must be '{id}', as the path says, but it is '{own}'"),
            )),
            None => Err(wrong_id(*kind, format!("is required in an update; it must be '{id}'"))),
        },
        Target::Update(kind, None) => {
            let (id, expected) = conditional_update(terminology, *kind, &found(*kind, request.query)?, own, request)?;
            Ok(Plan::Put(id, Method::Put, expected))
        }
        Target::Patch(_, Some(id)) => Ok(Plan::Patch(id.clone(), expected(request))),
        Target::Patch(kind, None) => match found(*kind, request.query)?.as_slice() {
            [] => {
                let text = format!("no {} fits the condition, so there is nothing to patch", kind.as_str());
                Err(Refusal::new(RefusalKind::NotFound, text))
            }
            [id] => Ok(Plan::Patch(id.clone(), expected(request))),
            _ => Err(several(*kind)),
        },
        Target::Delete(_, Some(id)) => Ok(Plan::Delete(id.clone(), expected(request))),
        // R4 wants to hear of one that is not there, R5 does not.
        Target::Delete(kind, None) => match found(*kind, request.query)?.as_slice() {
            [] if request.version == FhirVersion::R5 => Ok(Plan::Nothing),
            [] => {
                let text = format!("no {} fits the condition, so nothing was deleted", kind.as_str());
                Err(Refusal::new(RefusalKind::NotFound, text))
            }
            [id] => Ok(Plan::Delete(id.clone(), expected(request))),
            _ => Err(several(*kind)),
        },
        _ => Err(Refusal::new(RefusalKind::Internal, "this interaction writes nothing")),
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// `PUT [type]?[search]`: what it updates or creates.
fn conditional_update(
    terminology: &Terminology,
    kind: ResourceKind,
    found: &[String],
    own: Option<&str>,
    request: &Request<'_>,
) -> Result<(String, Expected), Refusal> {
    Ok(match (found, own) {
        ([], None) => (new_id(), Expected::Absent),
        ([], Some(own)) if terminology.read_resource(kind, own).is_some() => {
            let text = format!(
                "nothing fits the condition, but there is another {} with the id '{own}'",
                kind.as_str()
            );
            return Err(Refusal::new(RefusalKind::Conflict, text));
        }
        ([], Some(own)) => (own.to_owned(), expected(request)),
        ([id], Some(own)) if own != id => {
            return Err(wrong_id(
                kind,
                format!("must be '{id}', which is what the condition finds, but it is '{own}'"),
            ));
        }
        ([id], _) => (id.clone(), expected(request)),
        _ => return Err(several(kind)),
    })
}

/// `POST [type]`, `PUT`, `PATCH` and `DELETE [type]/[id]` and `[type]?[search]`.
pub(super) fn write(room: Room<'_>, target: &Target, request: &Request<'_>) -> Result<Answer, Refusal> {
    check_writable(room)?;
    let kind = check_target(target)?;
    let whole = matches!(target, Target::Create(_) | Target::Update(..));
    let given = whole.then(|| Given::of(request.body.clone())).transpose()?;
    let incoming = given.as_ref().map(|given| Incoming::read(given, kind, request.version));
    let incoming = incoming.transpose()?;
    let mut turn = room.library.turn()?;
    let terminology = turn.terminology();
    let plan = plan(&terminology, target, incoming.as_ref().and_then(Incoming::id), request)?;
    let patched = match &plan {
        Plan::Patch(id, _) => Some(patched(room, &terminology, kind, id, request)?),
        _ => None,
    };
    let ready = match (plan, incoming, &patched) {
        (Plan::Stays(id), ..) => return existing(room, &terminology, kind, &id, request),
        (Plan::Nothing, ..) => return Ok(deleted(request, None)),
        (Plan::Put(id, method, expected), Some(incoming), _) => Ready::Put {
            incoming,
            id,
            method,
            expected,
        },
        (Plan::Patch(id, expected), _, Some(given)) => Ready::Put {
            incoming: Incoming::read(given, kind, request.version)?,
            id,
            method: Method::Put,
            expected,
        },
        (Plan::Delete(id, expected), ..) => Ready::Delete { kind, id, expected },
        // What is put was read above.
        _ => return Err(Refusal::new(RefusalKind::Internal, "there is nothing to write")),
    };
    let ready = [ready];
    let version = make(
        &mut turn,
        &ready,
        request.version,
        |_, refusal| refusal,
        |_, versions| Ok(versions.first().cloned().flatten()),
    )?;
    drop(turn);
    let issues: Vec<Issue> = ready.iter().flat_map(|one| one.issues().to_vec()).collect();
    told(room, request, version.as_ref(), &issues)
}

/// What a client that changed something is told of the version that came of it.
pub(super) fn told(
    room: Room<'_>,
    request: &Request<'_>,
    version: Option<&Version>,
    issues: &[Issue],
) -> Result<Answer, Refusal> {
    match version {
        Some(version) if version.changed != Changed::Deleted => written(room, request, version, issues),
        version => Ok(deleted(request, version)),
    }
}

/// The type of a target that writes; its id must be one.
pub(super) fn check_target(target: &Target) -> Result<ResourceKind, Refusal> {
    let (kind, id) = match target {
        Target::Create(kind) => (*kind, None),
        Target::Update(kind, id) => (*kind, id.as_deref()),
        Target::Patch(kind, _) | Target::Delete(kind, _) => (*kind, None),
        _ => return Err(Refusal::new(RefusalKind::Internal, "this interaction writes nothing")),
    };
    match id.filter(|id| !validation::is_id(id)) {
        None => Ok(kind),
        Some(id) => {
            let shown: String = id.chars().take(70).collect();
            let text = format!("'{shown}' cannot be an id: 1 to 64 letters, digits, '-' and '.'");
            Err(wrong_id(kind, text))
        }
    }
}

/// The resource with an id after a patch, to be written like any other.
pub(super) fn patched(
    room: Room<'_>,
    terminology: &Terminology,
    kind: ResourceKind,
    id: &str,
    request: &Request<'_>,
) -> Result<Given<'static>, Refusal> {
    let patch = match &request.body {
        Body::Text(text) => super::parameters::json(text)?,
        Body::Json(json) => json.clone(),
        Body::None | Body::Form(_) => {
            let text = "the body must be a patch: a JSON Patch or a Parameters resource with a FHIRPath Patch";
            return Err(ParameterError::Missing(text.into()).into());
        }
    };
    let found = terminology.for_fhir_version(request.version.short()).read_resource(kind, id);
    let found = found.ok_or_else(|| super::history::not_there(room, kind, id))?;
    if !matches!(found.body, ResourceBody::Json(_)) {
        let text = format!(
            "{}/{id} was loaded from a release and is not kept as a resource, so it cannot be patched",
            kind.as_str()
        );
        return Err(Refusal::new(RefusalKind::MethodNotAllowed, text));
    }
    let whole = render_resource::resource(&found, request.version, usize::MAX)?;
    let patched = patch::apply(&patch, whole, request.version, room.terminology.stop())?;
    if patched.get("id").and_then(Value::as_str) != Some(id) {
        return Err(wrong_id(kind, "cannot be changed by a patch".into()));
    }
    Ok(Given::of_value(&patched))
}

/// The one resource that a conditional create finds: it stays as it is.
pub(super) fn existing(
    room: Room<'_>,
    terminology: &Terminology,
    kind: ResourceKind,
    id: &str,
    request: &Request<'_>,
) -> Result<Answer, Refusal> {
    let found = terminology.read_resource(kind, id);
    let found = found.ok_or_else(|| Refusal::new(RefusalKind::NotFound, format!("there is no {} '{id}'", kind.as_str())))?;
    let body = render_resource::resource(&found, request.version, room.map_rows)?;
    let mut answer = Answer::from(body);
    if request.conditions.returning.as_deref() == Some("minimal") {
        answer.body = None;
    }
    answer.location = Some(match &found.written {
        Some(written) => format!("{}/{}/{id}/_history/{}", request.base, kind.as_str(), written.version_id),
        None => format!("{}/{}/{id}", request.base, kind.as_str()),
    });
    answer.tag = found
        .written
        .as_ref()
        .map(|written| answer::tag(&written.version_id.to_string()));
    answer.modified = found.written.as_ref().map(|written| written.last_updated.clone());
    Ok(answer)
}

/// Refuses to write where nothing may be written.
pub(super) fn check_writable(room: Room<'_>) -> Result<(), Refusal> {
    if room.library.is_writable() {
        Ok(())
    } else {
        Err(WrittenError::ReadOnly.into())
    }
}

fn wrong_id(kind: ResourceKind, message: String) -> Refusal {
    let place = format!("{}.id", kind.as_str());
    ParameterError::Malformed { place, message }.into()
}

/// What a client that deleted something is told; `None` where there was nothing to delete.
pub(super) fn deleted(request: &Request<'_>, version: Option<&Version>) -> Answer {
    let mut answer = Answer {
        done: Done::Silent,
        body: None,
        location: None,
        tag: version.map(|version| answer::tag(&version.written.version_id.to_string())),
        modified: None,
    };
    if let (Some("OperationOutcome"), Some(version)) = (request.conditions.returning.as_deref(), version) {
        answer.done = Done::Answered;
        answer.body = Some(outcome(&[], version));
    }
    answer
}

/// `$validate`: the issues of a resource, without writing it.
pub(super) fn validate(room: Room<'_>, kind: ResourceKind, id: Option<&str>, request: Request<'_>) -> Result<Value, Refusal> {
    let version = request.version;
    let given = match (request.body, id) {
        (Body::None, Some(id)) => {
            let found = super::interaction::find(room, kind, id, version)?;
            Given::of_value(&render_resource::resource(&found, version, room.map_rows)?)
        }
        (Body::Text(text), _) => match super::parameters::json(text)? {
            json if is_parameters(&json) => inner(&json)?,
            _ => Given::of(Body::Text(text))?,
        },
        (Body::Json(json), _) if is_parameters(&json) => inner(&json)?,
        (body, _) => Given::of(body)?,
    };
    let (_, mut issues) = given.read(kind, version)?;
    if issues.is_empty() {
        issues.push(note(format!("nothing is wrong with this {}", kind.as_str())));
    }
    Ok(operation_outcome(&issues))
}

fn is_parameters(json: &Value) -> bool {
    json.get("resourceType").and_then(Value::as_str) == Some("Parameters")
}

/// The parameter `resource`.
fn inner(json: &Value) -> Result<Given<'static>, Refusal> {
    let parameters = super::parameters::Parameters::from_body(json.clone(), &[])?;
    match parameters.resource("resource")? {
        Some(resource) => Ok(Given::of_value(resource)),
        None => Err(ParameterError::Missing("$validate needs the parameter 'resource' or a resource as the body".into()).into()),
    }
}

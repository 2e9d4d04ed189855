//! Create, update and delete, with their conditions: what may be written, what it becomes, what the client is told.
//!
//! A resource is checked before the turn at writing is taken; conditions are looked at once it is held, so that what held
//! then still holds when the change is made.

use super::answer::{self, Answer, Done};
use super::interaction::{Body, Request, Room};
use super::outcome::{Refusal, RefusalKind, operation_outcome};
use super::parameters::ParameterError;
use super::search::Search;
use super::validation;
use super::{FhirVersion, render_resource};
use crate::service::resources::{ResourceBody, ResourceEntry};
use crate::service::{Issue, ResourceKind, Severity};
use crate::written::{Change, Changed, Expected, Method, Turn, Version, WrittenError};
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
struct Incoming<'n> {
    kind: ResourceKind,
    node: &'n Node<'n>,
    issues: Vec<Issue>,
}

impl<'n> Incoming<'n> {
    fn new(kind: ResourceKind, node: &'n Node<'n>, issues: Vec<Issue>) -> Result<Self, Refusal> {
        if validation::has_errors(&issues) {
            return Err(Refusal {
                kind: RefusalKind::Unprocessable,
                issues,
            });
        }
        Ok(Self { kind, node, issues })
    }

    fn id(&self) -> Option<&'n str> {
        self.node.get("id").and_then(Node::as_str)
    }

    fn put(
        &self,
        turn: &mut Turn<'_>,
        (method, id): (Method, &str),
        expected: Expected,
        version: FhirVersion,
    ) -> Result<Version, Refusal> {
        let summary = summary::of(self.node);
        let text = |number: u64, at: &str| {
            self.node
                .as_object()
                .map_or_else(String::new, |object| text(object, id, number, at))
        };
        let version = turn.put(&Change {
            kind: self.kind,
            id,
            method,
            expected,
            fhir_version: version.short(),
            url: summary.url.as_deref(),
            version: summary.version.as_deref(),
            text: &text,
        })?;
        Ok(version)
    }
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

fn outcome(issues: &[Issue], version: &Version) -> Value {
    let done = match version.changed {
        Changed::Created => "created",
        Changed::Updated => "updated",
        Changed::Deleted => "deleted",
    };
    let (kind, number) = (version.kind.as_str(), version.written.version_id);
    let mut all = vec![Issue {
        severity: Severity::Information,
        code: "informational",
        detail: None,
        message_id: None,
        text: format!("{kind}/{} was {done}; this is its version {number}", version.id),
        expression: None,
        diagnostics: None,
    }];
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

/// `POST [type]`, also with `If-None-Exist`.
pub(super) fn create(room: Room<'_>, kind: ResourceKind, request: Request<'_>) -> Result<Answer, Refusal> {
    check_writable(room)?;
    let given = Given::of(request.body.clone())?;
    let (node, issues) = given.read(kind, request.version)?;
    let incoming = Incoming::new(kind, &node, issues)?;
    let condition = request.conditions.if_none_exist.as_deref();
    let condition = condition.map(|query| Search::conditional(kind, query.rsplit('?').next().unwrap_or(query)));
    let condition = condition.transpose()?;
    let mut turn = room.library.turn()?;
    if let Some(search) = condition {
        match search.ids(&turn.terminology(), kind)?.as_slice() {
            [] => {}
            [id] => return existing(room, &turn, kind, id, &request),
            _ => return Err(several(kind)),
        }
    }
    let id = uuid::Uuid::new_v4().to_string();
    let version = incoming.put(&mut turn, (Method::Post, &id), Expected::Absent, request.version)?;
    drop(turn);
    written(room, &request, &version, &incoming.issues)
}

/// The one resource that a conditional create finds: it stays as it is.
fn existing(room: Room<'_>, turn: &Turn<'_>, kind: ResourceKind, id: &str, request: &Request<'_>) -> Result<Answer, Refusal> {
    let terminology = turn.terminology();
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

fn check_writable(room: Room<'_>) -> Result<(), Refusal> {
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

/// `PUT [type]/[id]`
pub(super) fn update(room: Room<'_>, kind: ResourceKind, id: &str, request: Request<'_>) -> Result<Answer, Refusal> {
    check_writable(room)?;
    if !validation::is_id(id) {
        let text = format!(
            "'{}' cannot be an id: 1 to 64 letters, digits, '-' and '.'",
            id.chars().take(70).collect::<String>()
        );
        return Err(wrong_id(kind, text));
    }
    let given = Given::of(request.body.clone())?;
    let (node, issues) = given.read(kind, request.version)?;
    match node.get("id").and_then(Node::as_str) {
        Some(own) if own == id => {}
        Some(own) => return Err(wrong_id(kind, format!("must be '{id}', as the path says, but it is '{own}'"))),
        None => return Err(wrong_id(kind, format!("is required in an update; it must be '{id}'"))),
    }
    let incoming = Incoming::new(kind, &node, issues)?;
    let mut turn = room.library.turn()?;
    let version = incoming.put(&mut turn, (Method::Put, id), expected(&request), request.version)?;
    drop(turn);
    written(room, &request, &version, &incoming.issues)
}

/// `PUT [type]?[search]`
pub(super) fn conditional_update(room: Room<'_>, kind: ResourceKind, request: Request<'_>) -> Result<Answer, Refusal> {
    check_writable(room)?;
    let search = Search::conditional(kind, request.query)?;
    let given = Given::of(request.body.clone())?;
    let (node, issues) = given.read(kind, request.version)?;
    let incoming = Incoming::new(kind, &node, issues)?;
    let mut turn = room.library.turn()?;
    let found = search.ids(&turn.terminology(), kind)?;
    let (id, expected) = match (found.as_slice(), incoming.id()) {
        ([], None) => (uuid::Uuid::new_v4().to_string(), Expected::Absent),
        ([], Some(own)) if turn.terminology().read_resource(kind, own).is_some() => {
            let text = format!(
                "nothing fits the condition, but there is another {} with the id '{own}'",
                kind.as_str()
            );
            return Err(Refusal::new(RefusalKind::Conflict, text));
        }
        ([], Some(own)) => (own.to_owned(), expected(&request)),
        ([id], Some(own)) if own != id => {
            return Err(wrong_id(
                kind,
                format!("must be '{id}', which is what the condition finds, but it is '{own}'"),
            ));
        }
        ([id], _) => (id.clone(), expected(&request)),
        _ => return Err(several(kind)),
    };
    let version = incoming.put(&mut turn, (Method::Put, &id), expected, request.version)?;
    drop(turn);
    written(room, &request, &version, &incoming.issues)
}

/// `DELETE [type]/[id]`. What is not there is as good as deleted.
pub(super) fn delete(room: Room<'_>, kind: ResourceKind, id: &str, request: &Request<'_>) -> Result<Answer, Refusal> {
    check_writable(room)?;
    let version = room.library.turn()?.delete(kind, id, &expected(request))?;
    Ok(deleted(request, version.as_ref()))
}

/// `DELETE [type]?[search]`: of one resource. R4 wants to hear of one that is not there, R5 does not.
pub(super) fn conditional_delete(room: Room<'_>, kind: ResourceKind, request: &Request<'_>) -> Result<Answer, Refusal> {
    check_writable(room)?;
    let search = Search::conditional(kind, request.query)?;
    let mut turn = room.library.turn()?;
    match search.ids(&turn.terminology(), kind)?.as_slice() {
        [] if request.version == FhirVersion::R5 => Ok(deleted(request, None)),
        [] => {
            let text = format!("no {} fits the condition, so nothing was deleted", kind.as_str());
            Err(Refusal::new(RefusalKind::NotFound, text))
        }
        [id] => {
            let version = turn.delete(kind, id, &expected(request))?;
            Ok(deleted(request, version.as_ref()))
        }
        _ => Err(several(kind)),
    }
}

fn deleted(request: &Request<'_>, version: Option<&Version>) -> Answer {
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
        issues.push(Issue {
            severity: Severity::Information,
            code: "informational",
            detail: None,
            message_id: None,
            text: format!("nothing is wrong with this {}", kind.as_str()),
            expression: None,
            diagnostics: None,
        });
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
        Some(resource) => Ok(Given {
            text: resource.to_string().into(),
            as_sent: false,
        }),
        None => Err(ParameterError::Missing("$validate needs the parameter 'resource' or a resource as the body".into()).into()),
    }
}

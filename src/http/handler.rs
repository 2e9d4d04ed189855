//! From an HTTP request to its response: one way for all of FHIR, and a few short ones for health.
//!
//! Work is done off the threads that read sockets. A panic in an operation is caught, logged and answered with 500:
//! it is a fault of the program, and must cost no more than the one request.

use super::negotiation::{self, BodyKind, FHIR_JSON};
use super::{State, bulk, status};
use crate::fhir::FhirVersion;
use crate::fhir::answer::{Answer, Conditions};
use crate::fhir::bundle::{self, BatchResponse};
use crate::fhir::interaction::{self, Body, Method, Request, Target};
use crate::fhir::outcome::{Refusal, RefusalKind, operation_outcome};
use crate::fhir::parameters::{self, ParameterError, Parameters};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::{self, Next};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// The service, as the program and its tests run it.
pub fn app(
    state: web::Data<State>,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<impl MessageBody>, Error = Error, InitError = ()>,
> {
    let body_limit = web::PayloadConfig::new(state.limits.request_bytes);
    App::new()
        .app_data(state)
        .app_data(body_limit)
        .wrap(middleware::from_fn(shared_headers))
        .wrap(middleware::Compress::default())
        .service(web::resource(["/health", "/health/live"]).route(web::get().to(live)))
        .service(web::resource("/health/ready").route(web::get().to(ready)))
        .service(web::resource("/version").route(web::get().to(version)))
        .service(
            web::resource("/map/{target:.+}")
                .route(web::post().to(bulk::map))
                .default_service(web::to(bulk::other_method)),
        )
        .default_service(web::to(fhir))
}

/// Echoes the request's id and lets pages of other origins read the answers, which are public.
async fn shared_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request.headers().get("x-request-id").cloned();
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if let Some(id) = id {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Last-Modified, Location, X-Request-Id"),
    );
    Ok(response)
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "up"}))
}

/// Ready means that everything of the store could be opened.
async fn ready(state: web::Data<State>) -> HttpResponse {
    let damaged = state.terminology().damaged();
    if damaged.is_empty() {
        return HttpResponse::Ok().json(json!({"status": "ready"}));
    }
    let damaged: Vec<Value> = damaged
        .into_iter()
        .map(|(name, reason)| json!({"name": name, "reason": reason}))
        .collect();
    HttpResponse::build(code(status::NOT_READY)).json(json!({"status": "not ready", "damaged": damaged}))
}

async fn version() -> HttpResponse {
    HttpResponse::Ok().json(json!({"name": "tern", "version": env!("CARGO_PKG_VERSION"), "fhir": ["4.0.1", "5.0.0"]}))
}

/// All that is not above: FHIR, or nothing.
async fn fhir(request: HttpRequest, body: Result<web::Bytes, Error>, state: web::Data<State>) -> HttpResponse {
    if request.method() == actix_web::http::Method::OPTIONS {
        return preflight();
    }
    let pretty = query_flag(request.query_string(), "_pretty");
    match answer(&request, body, &state).await {
        Ok(answer) => answered(&answer, pretty),
        Err(refusal) => refused(&refusal, request.path(), pretty),
    }
}

/// An answer with what stands beside its body.
fn answered(answer: &Answer, pretty: bool) -> HttpResponse {
    let status = status::of_answer(answer.done);
    let mut response = match &answer.body {
        Some(body) => respond(status, body, pretty),
        None => HttpResponse::build(code(status)).finish(),
    };
    let modified = answer.modified.as_deref().and_then(http_date);
    for (name, value) in [
        (header::LOCATION, answer.location.as_ref()),
        (header::ETAG, answer.tag.as_ref()),
        (header::LAST_MODIFIED, modified.as_ref()),
    ] {
        // Ids and versions are letters, digits, `-` and `.`: what a header may hold.
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A FHIR instant as an HTTP date.
fn http_date(instant: &str) -> Option<String> {
    let instant: jiff::Timestamp = instant.parse().ok()?;
    Some(instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// The answer to a request that is refused.
pub(super) fn refused(refusal: &Refusal, path: &str, pretty: bool) -> HttpResponse {
    let code = status::of_refusal(refusal.kind);
    tracing::debug!(path, code, "{refusal}");
    let mut response = respond(code, &operation_outcome(&refusal.issues), pretty);
    if refusal.kind == RefusalKind::Busy {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

pub(super) fn preflight() -> HttpResponse {
    HttpResponse::build(code(status::NOTHING_TO_SAY))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, DELETE, OPTIONS"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Accept, Accept-Language, Content-Type, If-Match, If-None-Exist, If-None-Match, Prefer, X-Cache-Id, X-Request-Id",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

/// `status` names real codes only, so the fallback is never taken.
pub(super) fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn respond(status: u16, value: &Value, pretty: bool) -> HttpResponse {
    let written = if pretty {
        serde_json::to_vec_pretty(value)
    } else {
        serde_json::to_vec(value)
    };
    // A `Value` has no key that is not a string and so always writes.
    let body = written.unwrap_or_default();
    HttpResponse::build(code(status))
        .insert_header((header::CONTENT_TYPE, FHIR_JSON))
        .body(body)
}

fn query_flag(query: &str, name: &str) -> bool {
    query.split('&').any(|pair| pair.split_once('=') == Some((name, "true")))
}

/// A FHIR endpoint: the path that it has, and the version that it speaks if it speaks only one.
const ENDPOINTS: [(&str, Option<FhirVersion>); 3] = [
    ("/fhir/r4", Some(FhirVersion::R4)),
    ("/fhir/r5", Some(FhirVersion::R5)),
    ("/fhir", None),
];

fn endpoint(path: &str) -> Option<(&'static str, Option<FhirVersion>, &str)> {
    ENDPOINTS.iter().find_map(|(prefix, version)| {
        let rest = path.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| (*prefix, *version, rest.trim_start_matches('/')))
    })
}

/// A request with everything that its work needs, free of actix: it goes to another thread.
struct Job {
    state: web::Data<State>,
    target: Target,
    version: FhirVersion,
    both_versions: bool,
    base: String,
    base_path: &'static str,
    query: String,
    kind: BodyKind,
    body: web::Bytes,
    accept_language: Option<String>,
    strict: bool,
    cache_id: Option<String>,
    conditions: Conditions,
    /// A limit that the client sets on itself, to learn early that an expansion is too large.
    threshold: Option<u64>,
}

async fn answer(request: &HttpRequest, body: Result<web::Bytes, Error>, state: &web::Data<State>) -> Result<Answer, Refusal> {
    let job = job(request, body, state)?;
    let heavy = job.target.is_heavy();
    if heavy && !job.state.gate.has_room() {
        let text = "the server is busy with other requests; try again in a second";
        return Err(Refusal::new(RefusalKind::Busy, text));
    }
    let work = web::block(move || run(&job));
    match actix_web::rt::time::timeout(state.limits.time, work).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Refusal::new(RefusalKind::Busy, "the server is stopping")),
        Err(_) => {
            let seconds = state.limits.time.as_secs();
            let text = format!("the request took longer than the {seconds} seconds that are allowed; ask for less at once");
            Err(Refusal::new(RefusalKind::TooCostly, text))
        }
    }
}

fn job(request: &HttpRequest, body: Result<web::Bytes, Error>, state: &web::Data<State>) -> Result<Job, Refusal> {
    let header = |name: HeaderName| text_header(request.headers(), &name);
    let accept = header(header::ACCEPT);
    let query = request.query_string();
    let format = format_parameter(query)?;
    negotiation::check_accept(accept, format.as_deref())?;
    let Some((base_path, own_version, path)) = endpoint(request.path()) else {
        let text = format!(
            "there is nothing at '{}'; FHIR is at /fhir, /fhir/r4 and /fhir/r5",
            request.path()
        );
        return Err(Refusal::new(RefusalKind::NotFound, text));
    };
    let method = Method::parse(request.method().as_str());
    let target = Target::parse(path, method)?;
    let body = body.map_err(|error| refuse_body(&error, state.limits.request_bytes))?;
    let content_type = header(header::CONTENT_TYPE).filter(|_| !body.is_empty());
    let kind = negotiation::body_kind(content_type)?;
    let version = negotiation::version(own_version, accept, content_type)?;
    let connection = request.connection_info();
    Ok(Job {
        state: state.clone(),
        target,
        version,
        both_versions: own_version.is_none(),
        base: format!("{}://{}{base_path}", connection.scheme(), connection.host()),
        base_path,
        query: query.to_owned(),
        kind,
        body: if method == Method::Post { body } else { web::Bytes::new() },
        accept_language: header(header::ACCEPT_LANGUAGE).map(str::to_owned),
        threshold: header(HeaderName::from_static("x-too-costly-threshold")).and_then(|text| text.parse().ok()),
        strict: header(HeaderName::from_static("prefer")).is_some_and(|prefer| prefer.contains("handling=strict")),
        cache_id: header(HeaderName::from_static("x-cache-id")).map(str::to_owned),
        conditions: conditions(request.headers()),
    })
}

/// What the headers make the answer depend on.
fn conditions(headers: &HeaderMap) -> Conditions {
    let text = |name: HeaderName| text_header(headers, &name).map(str::to_owned);
    let prefer = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
    let mut wishes = prefer.flat_map(|value| value.split([',', ';'])).map(str::trim);
    Conditions {
        if_match: text(header::IF_MATCH),
        if_none_match: text(header::IF_NONE_MATCH),
        if_modified_since: text(header::IF_MODIFIED_SINCE),
        if_none_exist: text(HeaderName::from_static("if-none-exist")),
        returning: wishes.find_map(|wish| wish.strip_prefix("return=").map(str::to_owned)),
    }
}

/// `_format`, wherever it stands in the query string.
fn format_parameter(query: &str) -> Result<Option<String>, Refusal> {
    if !query.contains("_format") {
        return Ok(None);
    }
    Ok(Parameters::from_query(query)?.text(&["_format"])?)
}

fn text_header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A body that could not be received: too large, or cut short, or compressed wrongly.
fn refuse_body(error: &Error, limit: usize) -> Refusal {
    if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
        let text = format!("the body is larger than the {limit} bytes that are read; send less at once");
        return Refusal::new(RefusalKind::TooLarge, text);
    }
    Refusal::new(RefusalKind::Invalid, format!("the body could not be received: {error}"))
}

fn run(job: &Job) -> Result<Answer, Refusal> {
    let mut ticket = None;
    if job.target.is_heavy() {
        // The queue may have filled since the look from outside.
        let admitted = job.state.gate.admit();
        let text = "the server is busy with other requests; try again in a second";
        ticket = Some(admitted.ok_or_else(|| Refusal::new(RefusalKind::Busy, text))?);
    }
    if let Some(ticket) = &mut ticket {
        ticket.wait();
    }
    let body = interaction::text(&job.body)?;
    let terminology = job.state.terminology();
    let request = Request {
        version: job.version,
        base: &job.base,
        both_versions: job.both_versions,
        query: &job.query,
        body: match job.kind {
            _ if body.trim().is_empty() => Body::None,
            BodyKind::Json => Body::Text(body),
            BodyKind::Form => Body::Form(body),
        },
        accept_language: job.accept_language.as_deref(),
        strict: job.strict,
        cache_id: job.cache_id.as_deref(),
        conditions: job.conditions.clone(),
    };
    match job.target {
        Target::Root => batch(job, &terminology, &request).map(Answer::from),
        _ => guarded(job, &terminology, &job.target, request),
    }
}

/// Answers, and turns a panic into a refusal.
fn guarded(
    job: &Job,
    terminology: &Arc<crate::service::Terminology>,
    target: &Target,
    request: Request<'_>,
) -> Result<Answer, Refusal> {
    let mut room = job.state.room(terminology);
    room.expansion = room.expansion.min(job.threshold.unwrap_or(u64::MAX));
    // Nothing that the closure touches is left half-changed: requests change only the cache, which is whole at
    // every instant.
    let work = AssertUnwindSafe(|| interaction::answer(room, target, request));
    std::panic::catch_unwind(work).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        tracing::error!(
            ?target,
            "an operation panicked: {}",
            message.as_deref().unwrap_or("no message")
        );
        let text = "the server failed on this request; it has been logged, please report it as a bug";
        Err(Refusal::new(RefusalKind::Internal, text))
    })
}

/// Answers each entry of a batch for itself, in parallel; the order is kept.
fn batch(job: &Job, terminology: &Arc<crate::service::Terminology>, request: &Request<'_>) -> Result<Value, Refusal> {
    use rayon::prelude::*;
    let Body::Text(text) = request.body else {
        let text = "a batch is a Bundle resource in the body".to_owned();
        return Err(ParameterError::Missing(text).into());
    };
    let entries = bundle::read(parameters::json(text)?, job.state.limits.batch, job.base_path)?;
    let responses = entries.into_par_iter().map(|entry| {
        let outcome = entry.and_then(|entry| {
            let method = Method::parse(&entry.method);
            let target = Target::parse(&entry.path, method)?;
            let request = Request {
                query: &entry.query,
                body: entry.body.filter(|_| method == Method::Post).map_or(Body::None, Body::Json),
                conditions: entry.conditions,
                ..request.clone()
            };
            guarded(job, terminology, &target, request)
        });
        let status = match &outcome {
            Ok(answer) => status::of_answer(answer.done),
            Err(refusal) => status::of_refusal(refusal.kind),
        };
        BatchResponse {
            status: status::with_phrase(status),
            outcome,
        }
    });
    Ok(bundle::render(responses.collect()))
}

//! From an HTTP request to its response: one way for all of FHIR, and a few short ones for health.
//!
//! Work is done off the threads that read sockets. A panic in an operation is caught, logged and answered with 500:
//! it is a fault of the program, and must cost no more than the one request.

use super::answer::{Wanted, Written, code, list_header, page, preflight, refused, request_id, respond, text_header};
use super::negotiation::{self, BodyKind};
use super::{State, bulk, status};
use crate::fhir::FhirVersion;
use crate::fhir::answer::{Answer, Conditions};
use crate::fhir::bundle::{self, BatchResponse, BundleKind};
use crate::fhir::interaction::{self, Body, Method, Request, Target};
use crate::fhir::outcome::{Refusal, RefusalKind};
use crate::fhir::parameters::{self, ParameterError, Parameters};
use crate::fhir::representation::Format;
use crate::fhir::{html, transaction, xml};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::{self, Next};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

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

/// Names every request, and lets pages of other origins read the answers, which are public.
async fn shared_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request_id(request.headers());
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-request-id"), id);
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
    let endpoint = endpoint(request.path());
    let (base, version, path) = endpoint.unwrap_or(("/fhir", None, request.path()));
    if request.method() == actix_web::http::Method::OPTIONS {
        return preflight(path);
    }
    let pretty = query_flag(request.query_string(), "_pretty");
    let wanted = match wanted(&request, (base, version, path), pretty) {
        Ok(wanted) => wanted,
        Err(refusal) => return refused(&refusal, request.path(), &Wanted::plain(version, pretty)),
    };
    let is_get = Method::parse(request.method().as_str()) == Method::Get;
    let at_the_door = path.is_empty() || request.path() == "/";
    if is_get && at_the_door && wanted.negotiated.format == Format::Html {
        let terminology = state.terminology();
        return match web::block(move || html::landing(&terminology, wanted.negotiated.version, base)).await {
            Ok(html) => page(html),
            Err(_) => HttpResponse::build(code(status::NOT_READY)).finish(),
        };
    }
    let if_none_match = list_header(request.headers(), &header::IF_NONE_MATCH).filter(|_| is_get);
    match answer(&request, body, &state, &wanted, endpoint.is_some()).await {
        Ok(written) => respond(written, &wanted, if_none_match.as_deref()),
        Err(refusal) => refused(&refusal, request.path(), &wanted),
    }
}

/// What the client wants to get.
fn wanted(
    request: &HttpRequest,
    (base, version, path): (&'static str, Option<FhirVersion>, &str),
    pretty: bool,
) -> Result<Wanted, Refusal> {
    let accept = list_header(request.headers(), &header::ACCEPT);
    let content_type = text_header(request.headers(), &header::CONTENT_TYPE);
    let format = format_parameter(request.query_string())?;
    Ok(Wanted {
        negotiated: negotiation::negotiate(version, accept.as_deref(), format.as_deref(), content_type)?,
        pretty,
        base,
        path: path.to_owned(),
        address: (Method::parse(request.method().as_str()) == Method::Get).then(|| request.uri().to_string()),
    })
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
    wanted: Wanted,
    both_versions: bool,
    base: String,
    query: String,
    kind: BodyKind,
    body: web::Bytes,
    body_version: FhirVersion,
    accept_language: Option<String>,
    strict: bool,
    cache_id: Option<String>,
    conditions: Conditions,
    /// A limit that the client sets on itself, to learn early that an expansion is too large.
    threshold: Option<u64>,
}

async fn answer(
    request: &HttpRequest,
    body: Result<web::Bytes, Error>,
    state: &web::Data<State>,
    wanted: &Wanted,
    found: bool,
) -> Result<Written, Refusal> {
    if !found {
        let text = format!(
            "there is nothing at '{}'; FHIR is at /fhir, /fhir/r4 and /fhir/r5",
            request.path()
        );
        return Err(Refusal::new(RefusalKind::NotFound, text));
    }
    let job = job(request, body, state, wanted)?;
    let heavy = job.target.is_heavy();
    if heavy && !job.state.gate.has_room() {
        let text = "the server is busy with other requests; try again in a second";
        return Err(Refusal::new(RefusalKind::Busy, text));
    }
    // What is asked of a resource or of the server itself has the same answer until something is loaded.
    let tagged = matches!(job.target, Target::Metadata | Target::Read(..) | Target::Versions);
    let work = web::block(move || run(&job).map(|answer| Written::new(answer, &job.wanted, tagged)));
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

fn job(
    request: &HttpRequest,
    body: Result<web::Bytes, Error>,
    state: &web::Data<State>,
    wanted: &Wanted,
) -> Result<Job, Refusal> {
    let header = |name: HeaderName| text_header(request.headers(), &name);
    let own_version = endpoint(request.path()).and_then(|(_, version, _)| version);
    let method = Method::parse(request.method().as_str());
    let target = Target::parse(&wanted.path, method)?;
    negotiation::check_encoding(header(header::CONTENT_ENCODING))?;
    let body = body.map_err(|error| refuse_body(&error, state.limits.request_bytes))?;
    let content_type = header(header::CONTENT_TYPE).filter(|_| !body.is_empty());
    let (kind, body_version) = negotiation::body(content_type, own_version)?;
    let prefer = list_header(request.headers(), &HeaderName::from_static("prefer"));
    let connection = request.connection_info();
    Ok(Job {
        state: state.clone(),
        target,
        body_version: body_version.unwrap_or(wanted.negotiated.version),
        wanted: wanted.clone(),
        both_versions: own_version.is_none(),
        base: format!("{}://{}{}", connection.scheme(), connection.host(), wanted.base),
        query: request.query_string().to_owned(),
        kind,
        body: if method.has_body() { body } else { web::Bytes::new() },
        accept_language: header(header::ACCEPT_LANGUAGE).map(str::to_owned),
        threshold: header(HeaderName::from_static("x-too-costly-threshold")).and_then(|text| text.parse().ok()),
        strict: negotiation::preference(prefer.as_deref(), "handling") == Some("strict"),
        cache_id: header(HeaderName::from_static("x-cache-id")).map(str::to_owned),
        conditions: conditions(request.headers(), prefer.as_deref()),
    })
}

/// What the headers make the answer depend on.
fn conditions(headers: &HeaderMap, prefer: Option<&str>) -> Conditions {
    Conditions {
        if_match: list_header(headers, &header::IF_MATCH),
        if_none_match: list_header(headers, &header::IF_NONE_MATCH),
        if_modified_since: text_header(headers, &header::IF_MODIFIED_SINCE).map(str::to_owned),
        if_none_exist: text_header(headers, &HeaderName::from_static("if-none-exist")).map(str::to_owned),
        returning: negotiation::preference(prefer, "return").map(str::to_owned),
    }
}

/// `_format`, wherever it stands in the query string.
fn format_parameter(query: &str) -> Result<Option<String>, Refusal> {
    if !query.contains("_format") {
        return Ok(None);
    }
    Ok(Parameters::from_query(query)?.text(&["_format"])?)
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
        version: job.wanted.negotiated.version,
        base: &job.base,
        both_versions: job.both_versions,
        query: &job.query,
        body: match job.kind {
            _ if body.trim().is_empty() => Body::None,
            BodyKind::Json => Body::Text(body),
            BodyKind::Xml => Body::Json(xml::read(body, job.body_version)?),
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

fn room<'r>(job: &'r Job, terminology: &'r Arc<crate::service::Terminology>) -> interaction::Room<'r> {
    let mut room = job.state.room(terminology);
    room.expansion = room.expansion.min(job.threshold.unwrap_or(u64::MAX));
    room
}

/// Answers, and turns a panic into a refusal.
fn guarded(
    job: &Job,
    terminology: &Arc<crate::service::Terminology>,
    target: &Target,
    request: Request<'_>,
) -> Result<Answer, Refusal> {
    protected(job, target, || interaction::answer(room(job, terminology), target, request))
}

/// Turns a panic into a refusal.
fn protected<T>(job: &Job, target: &Target, work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    // Nothing that the closure touches is left half-changed: requests change only the cache, which is whole at
    // every instant.
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        tracing::error!(
            ?target,
            path = job.wanted.path,
            "an operation panicked: {}",
            message.as_deref().unwrap_or("no message")
        );
        let text = "the server failed on this request; it has been logged, please report it as a bug";
        Err(Refusal::new(RefusalKind::Internal, text))
    })
}

/// Answers each entry of a batch for itself, in parallel; the order is kept. A transaction that only reads is a batch in which
/// every entry must be answered.
fn batch(job: &Job, terminology: &Arc<crate::service::Terminology>, request: &Request<'_>) -> Result<Value, Refusal> {
    use rayon::prelude::*;
    let batch = match &request.body {
        Body::Text(text) => parameters::json(text)?,
        Body::Json(json) => json.clone(),
        Body::None | Body::Form(_) => {
            let text = "a batch is a Bundle resource in the body".to_owned();
            return Err(ParameterError::Missing(text).into());
        }
    };
    let (kind, entries) = bundle::read(batch, job.state.limits.batch, job.wanted.base)?;
    if kind == BundleKind::Transaction && transaction::writes(&entries) {
        let answers = protected(job, &Target::Root, || {
            transaction::answer(room(job, terminology), &entries, request)
        })?;
        let responses = answers.into_iter().map(|answer| BatchResponse {
            status: status::with_phrase(status::of_answer(answer.done)),
            outcome: Ok(answer),
        });
        return Ok(bundle::render(kind, responses.collect()));
    }
    // Nobody waits for what is answered later.
    let end = Instant::now() + job.state.limits.time;
    let responses = entries.into_par_iter().map(|entry| {
        let outcome = entry.and_then(|entry| {
            if Instant::now() > end {
                let text = "the batch took too long before it came to this entry; send fewer at once";
                return Err(Refusal::new(RefusalKind::TooCostly, text));
            }
            let method = Method::parse(&entry.method);
            let target = Target::parse(&entry.path, method)?;
            let request = Request {
                query: &entry.query,
                body: entry.body.filter(|_| method.has_body()).map_or(Body::None, Body::Json),
                conditions: Conditions {
                    returning: request.conditions.returning.clone(),
                    ..entry.conditions
                },
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
    let mut responses: Vec<BatchResponse> = responses.collect();
    if kind == BundleKind::Transaction {
        responses = bundle::all_or_nothing(responses)?;
    }
    Ok(bundle::render(kind, responses))
}

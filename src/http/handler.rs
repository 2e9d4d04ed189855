//! From an HTTP request to its response: one way for all of FHIR, and a few short ones for health.
//!
//! Work is done off the threads that read sockets. A panic in an operation is caught, logged and answered with 500:
//! it is a fault of the program, and must cost no more than the one request.

use super::access::account;
use super::answer::{Wanted, Written, code, list_header, page, preflight, refused, respond, text_header};
use super::metrics::{self, Asked};
use super::negotiation::{self, BodyKind};
use super::receive::{Packing, receive, unpack};
use super::{State, bulk, status};
use crate::fhir::FhirVersion;
use crate::fhir::answer::{Answer, Conditions};
use crate::fhir::bundle::{self, BatchResponse, BundleKind};
use crate::fhir::interaction::{self, Body, Expanded, Method, Operation, Request, Target};
use crate::fhir::outcome::{Refusal, RefusalKind};
use crate::fhir::parameters::{self, ParameterError, Parameters};
use crate::fhir::render_expansion::ExpansionPieces;
use crate::fhir::representation::Format;
use crate::fhir::{html, transaction, xml};
use crate::service::Terminology;
use crate::stop::Stop;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::middleware;
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

/// The service, as the program and its tests run it.
pub fn app(
    state: web::Data<State>,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<impl MessageBody>, Error = Error, InitError = ()>,
> {
    App::new()
        .app_data(state)
        .wrap(middleware::from_fn(account))
        .wrap(middleware::Compress::default())
        .service(web::resource(["/health", "/health/live"]).route(web::get().to(live)))
        .service(web::resource("/health/ready").route(web::get().to(ready)))
        .service(web::resource("/version").route(web::get().to(version)))
        .service(web::resource("/metrics").route(web::get().to(metrics::tell)))
        .service(
            web::resource("/map/{target:.+}")
                .route(web::post().to(bulk::map))
                .default_service(web::to(bulk::other_method)),
        )
        .default_service(web::to(fhir))
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
async fn fhir(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
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
    let target = target(&request, &wanted.path, endpoint.is_some());
    let asked = target.as_ref().map_or(Asked("none"), |target| Asked(metrics::name(target)));
    let mut response = match answer(&request, payload, &state, &wanted, target).await {
        Ok(written) => respond(written, &wanted, if_none_match.as_deref()),
        Err(refusal) => refused(&refusal, request.path(), &wanted),
    };
    response.extensions_mut().insert(asked);
    response
}

/// What is asked for.
fn target(request: &HttpRequest, path: &str, found: bool) -> Result<Target, Refusal> {
    if !found {
        let text = format!(
            "there is nothing at '{}'; FHIR is at /fhir, /fhir/r4 and /fhir/r5",
            request.path()
        );
        return Err(Refusal::new(RefusalKind::NotFound, text));
    }
    Target::parse(path, Method::parse(request.method().as_str()))
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
pub(super) struct Job {
    state: web::Data<State>,
    pub(super) target: Target,
    pub(super) wanted: Wanted,
    both_versions: bool,
    base: String,
    pub(super) query: String,
    pub(super) kind: BodyKind,
    packing: Packing,
    pub(super) body: web::Bytes,
    body_version: FhirVersion,
    pub(super) accept_language: Option<String>,
    strict: bool,
    pub(super) cache_id: Option<String>,
    conditions: Conditions,
    /// A limit that the client sets on itself, to learn early that an expansion is too large.
    threshold: Option<u64>,
    /// Whether the client understands answers whose length is not said before: HTTP/1.0 has no chunks.
    chunks: bool,
    /// Tells the work that nobody waits for it any more.
    stop: Stop,
}

impl Job {
    /// Whether the body is what was sent.
    pub(super) fn is_plain(&self) -> bool {
        self.packing == Packing::Plain
    }

    /// Does the work. What is asked of a resource or of the server itself has the same answer until something is loaded,
    /// and so a tag.
    fn written(&self) -> Result<Written, Refusal> {
        let tagged = matches!(self.target, Target::Metadata | Target::Read(..) | Target::Versions);
        run(self).map(|said| match said {
            Said::Answer(answer) => Written::new(answer, &self.wanted, tagged),
            Said::Pieces(pieces) => Written::in_pieces(pieces),
        })
    }

    /// Whether a long list may be written piece by piece.
    fn in_pieces(&self) -> bool {
        self.chunks && self.wanted.negotiated.format == Format::Json && !self.wanted.pretty
    }
}

/// What comes of a request.
enum Said {
    Answer(Answer),
    Pieces(Box<ExpansionPieces>),
}

/// Held by whoever waits for an answer: once it is let go of, because the answer is there or because the client is not,
/// the work has nobody to work for.
struct Waiting<'s> {
    stop: Stop,
    state: &'s State,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.stop.stop();
        if !self.answered {
            self.state.metrics.stopped.inc();
        }
    }
}

/// What work is given to notice by itself that its time is up, before it is given up.
const GRACE: Duration = Duration::from_millis(500);

async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    state: &web::Data<State>,
    wanted: &Wanted,
    target: Result<Target, Refusal>,
) -> Result<Written, Refusal> {
    let body = receive(payload, &state.limits).await;
    let job = job(request, body, state, wanted, target?)?;
    if job.target.is_heavy() && !state.gate.has_room() {
        return Err(busy());
    }
    let shape = state.quick.shape(&job);
    if let Some(shape) = shape.filter(|shape| state.quick.is_quick(*shape)) {
        let begun = Instant::now();
        let written = job.written();
        state.quick.took(shape, begun.elapsed(), true);
        return written;
    }
    let mut waiting = Waiting {
        stop: job.stop.clone(),
        state,
        answered: false,
    };
    let work = web::block(move || {
        let begun = Instant::now();
        let written = job.written();
        if let Some(shape) = shape {
            job.state.quick.took(shape, begun.elapsed(), false);
        }
        written
    });
    match actix_web::rt::time::timeout(state.limits.time.saturating_add(GRACE), work).await {
        Ok(Ok(answer)) => {
            waiting.answered = true;
            answer
        }
        Ok(Err(_)) => Err(Refusal::new(RefusalKind::Busy, "the server is stopping")),
        Err(_) => {
            let seconds = state.limits.time.as_secs_f64();
            let text = format!("the request took longer than the {seconds} seconds that are allowed; ask for less at once");
            Err(Refusal::new(RefusalKind::TooCostly, text))
        }
    }
}

fn job(
    request: &HttpRequest,
    body: Result<web::Bytes, Refusal>,
    state: &web::Data<State>,
    wanted: &Wanted,
    target: Target,
) -> Result<Job, Refusal> {
    let header = |name: HeaderName| text_header(request.headers(), &name);
    let own_version = endpoint(request.path()).and_then(|(_, version, _)| version);
    let method = Method::parse(request.method().as_str());
    let packing = Packing::parse(header(header::CONTENT_ENCODING))?;
    let body = body?;
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
        packing,
        body: if method.has_body() { body } else { web::Bytes::new() },
        accept_language: header(header::ACCEPT_LANGUAGE).map(str::to_owned),
        threshold: header(HeaderName::from_static("x-too-costly-threshold")).and_then(|text| text.parse().ok()),
        strict: negotiation::preference(prefer.as_deref(), "handling") == Some("strict"),
        cache_id: header(HeaderName::from_static("x-cache-id")).map(str::to_owned),
        conditions: conditions(request.headers(), prefer.as_deref()),
        chunks: request.version() >= actix_web::http::Version::HTTP_11,
        stop: Stop::after(state.limits.time),
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

fn busy() -> Refusal {
    Refusal::new(
        RefusalKind::Busy,
        "the server is busy with other requests; try again in a second",
    )
}

fn run(job: &Job) -> Result<Said, Refusal> {
    // Held until the work is done.
    let mut ticket = None;
    if job.target.is_heavy() {
        // The queue may have filled since the look from outside.
        ticket.insert(job.state.gate.admit().ok_or_else(busy)?).wait();
        // Whoever waited in the queue may have gone.
        job.stop.check()?;
    }
    let body = unpack(job.packing, &job.body, job.state.limits.unpacked_bytes)?;
    let body = interaction::text(&body)?;
    let constraints = crate::ecl::Limits {
        stop: job.stop.clone(),
        ..job.state.limits.constraints.clone()
    };
    let sets = job.state.constraint_sets.clone();
    let terminology = job
        .state
        .terminology()
        .limiting_constraints(constraints)
        .keeping_constraint_sets(sets);
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
    match &job.target {
        Target::Root => batch(job, &terminology, &request).map(|bundle| Said::Answer(bundle.into())),
        Target::Operation(Operation::Expand, id) if job.in_pieces() => {
            let expanded = protected(job, &job.target, || {
                interaction::expanded(room(job, &terminology), id.as_deref(), request)
            })?;
            Ok(match expanded {
                Expanded::Whole(resource) => Said::Answer(resource.into()),
                Expanded::Pieces(pieces) => Said::Pieces(pieces),
            })
        }
        target => guarded(job, &terminology, target, request).map(Said::Answer),
    }
}

fn room<'r>(job: &'r Job, terminology: &'r Terminology) -> interaction::Room<'r> {
    let mut room = job.state.room(terminology);
    room.expansion = room.expansion.min(job.threshold.unwrap_or(u64::MAX));
    room
}

/// Answers, and turns a panic into a refusal.
fn guarded(job: &Job, terminology: &Terminology, target: &Target, request: Request<'_>) -> Result<Answer, Refusal> {
    protected(job, target, || interaction::answer(room(job, terminology), target, request))
}

/// Turns a panic into a refusal.
fn protected<T>(job: &Job, target: &Target, work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    // Nothing that the closure touches is left half-changed: the cache and the sessions are whole at every instant, and
    // a change of the library counts once the file has it; what was not committed is taken back.
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
fn batch(job: &Job, terminology: &Terminology, request: &Request<'_>) -> Result<Value, Refusal> {
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
    let responses = entries.into_par_iter().map(|entry| {
        let outcome = entry.and_then(|mut entry| {
            // Nobody waits for what is answered later.
            job.stop.check()?;
            let method = Method::parse(&entry.method);
            let target = Target::parse(&entry.path, method)?;
            let body = entry.body.take().filter(|_| method.has_body());
            guarded(job, terminology, &target, entry.request(body, request))
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

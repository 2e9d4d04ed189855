//! From an answer or a refusal to a response: its format, headers and entity tag.

use super::negotiation::{self, Negotiated};
use super::pieces::Pieces;
use super::status;
use crate::fhir::FhirVersion;
use crate::fhir::answer::{Answer, Done};
use crate::fhir::html;
use crate::fhir::interaction::{Method, Target};
use crate::fhir::outcome::{Refusal, RefusalKind, operation_outcome};
use crate::fhir::render_expansion::ExpansionPieces;
use crate::fhir::representation::{self, Format, Representation};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The methods of the service, in the order in which they are told.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Headers that clients of other origins may send.
const ALLOWED_HEADERS: &str = "Accept, Accept-Language, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, \
    Prefer, X-Cache-Id, X-Request-Id";

/// How an answer is to look, whatever it says.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Format and version.
    pub negotiated: Negotiated,
    /// Whether it is indented.
    pub pretty: bool,
    /// Path of the endpoint.
    pub base: &'static str,
    /// Path below the endpoint.
    pub path: String,
    /// Path and query string, where asking again gives the same.
    pub address: Option<String>,
}

impl Wanted {
    /// JSON: for those who cannot have what they want.
    pub fn plain(version: Option<FhirVersion>, pretty: bool) -> Self {
        Self {
            negotiated: Negotiated::json(version),
            pretty,
            base: "/fhir",
            path: String::new(),
            address: None,
        }
    }

    /// The bytes of a resource.
    pub fn write(&self, resource: &Value) -> Vec<u8> {
        let how = Representation {
            format: self.negotiated.format,
            version: self.negotiated.version,
            pretty: self.pretty,
            page: html::Place {
                base: self.base,
                address: self.address.as_deref(),
            },
        };
        representation::write(resource, &how)
    }

    fn headers(&self, response: &mut HttpResponseBuilder) {
        response.insert_header((header::CONTENT_TYPE, self.negotiated.content_type.as_str()));
        response.append_header((header::VARY, "accept, accept-language"));
        if self.negotiated.format == Format::Html {
            response.insert_header((header::CONTENT_SECURITY_POLICY, html::POLICY));
            response.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
            response.insert_header((header::REFERRER_POLICY, "no-referrer"));
        }
    }
}

/// An answer that is written.
#[derive(Debug)]
pub(super) struct Written {
    done: Done,
    bytes: Option<Vec<u8>>,
    pieces: Option<Box<ExpansionPieces>>,
    location: Option<String>,
    tag: Option<String>,
    modified: Option<String>,
}

impl Written {
    /// Writes an answer. One that is no version of a resource but has the same answer until something is loaded
    /// gets a tag of what it says.
    pub fn new(answer: Answer, wanted: &Wanted, tagged: bool) -> Self {
        let bytes = answer.body.map(|body| wanted.write(&body));
        let tag = answer.tag.or_else(|| {
            let bytes = bytes.as_ref().filter(|_| tagged)?;
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            Some(format!("W/\"{:016x}\"", hasher.finish()))
        });
        Self {
            done: answer.done,
            bytes,
            pieces: None,
            location: answer.location,
            tag,
            modified: answer.modified.as_deref().and_then(http_date),
        }
    }

    /// An answer that is written while it is sent.
    pub fn in_pieces(pieces: Box<ExpansionPieces>) -> Self {
        Self {
            done: Done::Answered,
            bytes: None,
            pieces: Some(pieces),
            location: None,
            tag: None,
            modified: None,
        }
    }
}

/// A FHIR instant as an HTTP date.
fn http_date(instant: &str) -> Option<String> {
    let instant: jiff::Timestamp = instant.parse().ok()?;
    Some(instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// The response to a request that is answered. `if_none_match` is that of a request to read.
pub(super) fn respond(written: Written, wanted: &Wanted, if_none_match: Option<&str>) -> HttpResponse {
    let known = written
        .tag
        .as_deref()
        .is_some_and(|tag| negotiation::is_known(if_none_match, tag));
    let done = if known { Done::NotModified } else { written.done };
    let mut response = HttpResponse::build(code(status::of_answer(done)));
    wanted.headers(&mut response);
    for (name, value) in [
        (header::LOCATION, written.location),
        (header::ETAG, written.tag),
        (header::LAST_MODIFIED, written.modified),
    ] {
        // Ids and versions are letters, digits, `-` and `.`: what a header may hold.
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.insert_header((name, value));
        }
    }
    match (written.pieces, written.bytes.filter(|_| !known)) {
        (Some(pieces), _) => response.body(Pieces::new(pieces)),
        (None, Some(bytes)) => response.body(bytes),
        (None, None) => response.finish(),
    }
}

/// The response to a request that is refused.
pub(super) fn refused(refusal: &Refusal, path: &str, wanted: &Wanted) -> HttpResponse {
    let status = status::of_refusal(refusal.kind);
    tracing::debug!(path, status, "{refusal}");
    let mut response = HttpResponse::build(code(status));
    wanted.headers(&mut response);
    match refusal.kind {
        RefusalKind::Busy => {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        RefusalKind::MethodNotAllowed => {
            response.insert_header((header::ALLOW, allowed(&wanted.path)));
        }
        _ => {}
    }
    response.body(wanted.write(&operation_outcome(&refusal.issues)))
}

/// The methods that a path has.
fn allowed(path: &str) -> String {
    let refused = |name: &&str| match Target::parse(path, Method::parse(name)) {
        Err(refusal) => refusal.kind == RefusalKind::MethodNotAllowed,
        Ok(_) => false,
    };
    let mut methods: Vec<&str> = METHODS.into_iter().filter(|name| !refused(name)).collect();
    if methods.first() == Some(&"GET") {
        methods.insert(1, "HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

/// What a browser asks before it sends a request of another origin.
pub(super) fn preflight(path: &str) -> HttpResponse {
    let methods = allowed(path);
    HttpResponse::build(code(status::NOTHING_TO_SAY))
        .insert_header((header::ALLOW, methods.as_str()))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods.as_str()))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

/// A page of the program's own.
pub(super) fn page(html: String) -> HttpResponse {
    let mut wanted = Wanted::plain(None, false);
    wanted.negotiated.format = Format::Html;
    wanted.negotiated.content_type = "text/html; charset=utf-8".to_owned();
    let mut response = HttpResponse::build(code(status::ANSWERED));
    wanted.headers(&mut response);
    response.body(html)
}

/// `status` names real codes only, so the fallback is never taken.
pub(super) fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A header's text, where it is text.
pub(super) fn text_header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header that may be repeated, as the one list that it is.
pub(super) fn list_header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// The id of a request: the client's, if it is one that can stand in a log, or a new one.
pub(super) fn request_id(headers: &HeaderMap) -> HeaderValue {
    let name = HeaderName::from_static("x-request-id");
    let sound = |value: &&HeaderValue| value.len() <= 200 && value.to_str().is_ok_and(|text| !text.trim().is_empty());
    match headers.get(name).filter(sound) {
        Some(id) => id.clone(),
        // A UUID is ASCII.
        None => HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).unwrap_or(HeaderValue::from_static("none")),
    }
}

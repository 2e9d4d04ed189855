//! Any request is answered or refused, in either version; what is refused says why.
//!
//! Input: a byte for the version and the kind of body, a line with the path, a line with the query string, the body.

#![no_main]

use std::sync::LazyLock;
use tern::fhir::answer::Conditions;
use tern::fhir::bundle;
use tern::fhir::interaction::{Body, Method, Request, Room, Target, answer};
use tern::fhir::resource_in::{CacheLimits, ResourceCache};
use tern::fhir::sessions::{SessionLimits, Sessions};
use tern::fhir::{FhirVersion, xml};
use tern::service::Terminology;
use tern::written::Library;

static TERMINOLOGY: LazyLock<Terminology> = LazyLock::new(tern_fuzz::terminology);
/// Nothing can be written here: a fuzzer that changed what it asks would find nothing twice.
static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::of_loaded(tern_fuzz::terminology()));

libfuzzer_sys::fuzz_target!(|data: (u8, &str)| {
    let (shape, text) = data;
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or("");
    let (path, query, body) = (line(), line(), line());
    let method = if shape & 1 == 0 { Method::Get } else { Method::Post };
    let version = if shape & 2 == 0 { FhirVersion::R4 } else { FhirVersion::R5 };
    let Ok(target) = Target::parse(path, method) else {
        return;
    };
    if let (Target::Root, Ok(body)) = (&target, serde_json::from_str(body)) {
        let _ = bundle::read(body, 10, "/fhir");
    }
    let (cache, sessions) = (ResourceCache::new(CacheLimits::default()), Sessions::new(SessionLimits::default()));
    let room = Room {
        terminology: &TERMINOLOGY,
        library: &LIBRARY,
        cache: &cache,
        sessions: &sessions,
        map_rows: 100,
        largest_page: 100,
        expansion: 1_000,
        batch: 10,
    };
    let request = Request {
        version,
        base: "http://127.0.0.1/fhir",
        both_versions: shape & 4 == 0,
        query,
        body: match shape >> 3 & 3 {
            0 => Body::None,
            1 => Body::Form(body),
            2 => match xml::read(body, version) {
                Ok(resource) => Body::Json(resource),
                Err(_) => return,
            },
            _ => Body::Text(body),
        },
        accept_language: (shape & 32 != 0).then_some("de, en;q=0.5"),
        strict: shape & 64 != 0,
        cache_id: (shape & 128 != 0).then_some("one"),
        conditions: Conditions::default(),
    };
    match answer(room, &target, request) {
        Ok(answer) => assert!(answer.body.is_none_or(|resource| resource.is_object())),
        Err(refusal) => assert!(!refusal.issues.is_empty(), "refused without a reason"),
    }
});

//! What is counted and timed, and how it is told to a monitoring system: `/metrics`, in the text format of Prometheus.

use super::State;
use crate::fhir::interaction::Target;
use actix_web::{HttpResponse, web};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The media type of what is told.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a request asked for; left with the response by whoever answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked(pub &'static str);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// All that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Timed, Histogram>,
    /// Requests that are being answered.
    pub running: Gauge,
    /// Requests whose work was stopped, because their time was up or their client gone.
    pub stopped: Counter,
    reloads: Family<Outcome, Counter>,
    heavy: Gauge,
    waiting: Gauge,
    streams: Gauge,
    cached: Gauge,
    cached_bytes: Gauge,
    cache_found: Gauge,
    cache_read: Gauge,
    sets: Gauge,
    set_bytes: Gauge,
    sets_found: Gauge,
    sets_evaluated: Gauge,
    sessions: Gauge,
    session_bytes: Gauge,
}

/// From 50 microseconds to 13 seconds.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 4.0, 10))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("tern");
        let requests = Family::<Answered, Counter>::default();
        registry.register("requests", "Requests answered, by operation and status", requests.clone());
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        registry.register("request_seconds", "Time until an answer begins", seconds.clone());
        let stopped = Counter::default();
        registry.register(
            "requests_stopped",
            "Requests that were stopped: their time was up, or their client gone",
            stopped.clone(),
        );
        let reloads = Family::<Outcome, Counter>::default();
        registry.register("reloads", "Times that the store was opened anew", reloads.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let (running, heavy, waiting) = (
            gauge("requests_running", "Requests that are being answered"),
            gauge("heavy_running", "Heavy requests at work"),
            gauge("heavy_waiting", "Heavy requests that wait for their turn"),
        );
        let streams = gauge("streams_running", "Streams of /map at work");
        let (cached, cached_bytes, cache_found, cache_read) = (
            gauge("cache_resources", "Resources of requests that are remembered"),
            gauge("cache_bytes", "Bytes of the resources that are remembered"),
            gauge("cache_found", "Resources of requests that were remembered, since the start"),
            gauge("cache_read", "Resources of requests that had to be read, since the start"),
        );
        let (sets, set_bytes, sets_found, sets_evaluated) = (
            gauge("constraint_sets", "Sets of expression constraints that are remembered"),
            gauge("constraint_set_bytes", "Bytes of the sets that are remembered"),
            gauge(
                "constraint_sets_found",
                "Expression constraints whose set was remembered, since the start",
            ),
            gauge(
                "constraint_sets_evaluated",
                "Expression constraints that had to be evaluated, since the start",
            ),
        );
        let sessions = gauge("sessions", "Sessions of $cache-control");
        let session_bytes = gauge("session_bytes", "Bytes of the resources of sessions");
        Self {
            registry,
            requests,
            seconds,
            running,
            stopped,
            reloads,
            heavy,
            waiting,
            streams,
            cached,
            cached_bytes,
            cache_found,
            cache_read,
            sets,
            set_bytes,
            sets_found,
            sets_evaluated,
            sessions,
            session_bytes,
        }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, asked: Asked, status: u16, time: Duration) {
        let (operation, status) = (asked.0, u32::from(status));
        self.requests.get_or_create(&Answered { operation, status }).inc();
        self.seconds.get_or_create(&Timed { operation }).observe(time.as_secs_f64());
    }

    /// Counts an opening of the store.
    pub fn reloaded(&self, worked: bool) {
        let outcome = if worked { "opened" } else { "failed" };
        self.reloads.get_or_create(&Outcome { outcome }).inc();
    }
}

/// Answers `GET /metrics`.
pub(super) async fn tell(state: web::Data<State>) -> HttpResponse {
    let metrics = &state.metrics;
    let (running, admitted) = state.gate.used();
    let cache = state.cache.used();
    let sets = state.constraint_sets.used();
    let (sessions, session_bytes) = state.sessions.used();
    for (gauge, value) in [
        (&metrics.heavy, running),
        (&metrics.waiting, admitted.saturating_sub(running)),
        (&metrics.streams, state.streams()),
        (&metrics.cached, cache.resources),
        (&metrics.cached_bytes, cache.bytes),
        (&metrics.cache_found, usize::try_from(cache.found).unwrap_or(usize::MAX)),
        (&metrics.cache_read, usize::try_from(cache.read).unwrap_or(usize::MAX)),
        (&metrics.sets, sets.sets),
        (&metrics.set_bytes, sets.bytes),
        (&metrics.sets_found, usize::try_from(sets.found).unwrap_or(usize::MAX)),
        (&metrics.sets_evaluated, usize::try_from(sets.evaluated).unwrap_or(usize::MAX)),
        (&metrics.sessions, sessions),
        (&metrics.session_bytes, session_bytes),
    ] {
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    }
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => HttpResponse::Ok().content_type(OPEN_METRICS).body(text),
        // Writing into a text does not fail.
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// How a target is called.
pub(super) fn name(target: &Target) -> &'static str {
    match target {
        Target::Metadata => "metadata",
        Target::Versions => "versions",
        Target::CacheControl => "cache-control",
        Target::Root => "batch",
        Target::Search(_) | Target::Definitions => "search",
        Target::Read(..) | Target::Definition(_) => "read",
        Target::ReadVersion(..) => "vread",
        Target::History(..) => "history",
        Target::Create(_) => "create",
        Target::Update(..) => "update",
        Target::Delete(..) => "delete",
        Target::Patch(..) => "patch",
        Target::Validate(..) => "validate",
        Target::Operation(operation, _) => operation.name(),
    }
}

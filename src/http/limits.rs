//! The limits of the service, all in one place and all configurable.

use crate::ecl;
use crate::fhir::resource_in::CacheLimits;
use crate::fhir::sessions::SessionLimits;
use std::time::Duration;

/// What a request may cost. Past a limit the client is told which one, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request body as it is sent.
    pub request_bytes: usize,
    /// Bytes of a request body that was sent packed, once it is unpacked.
    pub unpacked_bytes: usize,
    /// How long a body may take to arrive.
    pub receive: Duration,
    /// How long the head of a request may take to arrive.
    pub head: Duration,
    /// How long a connection without a request is kept.
    pub keep_alive: Duration,
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// How long a client may leave an answer unread before its connection is closed.
    pub unread: Duration,
    /// Codes of an expansion that is asked for without `count`.
    pub expansion: u64,
    /// Entries of a batch, and items of a `$batch-validate-code`.
    pub batch: usize,
    /// Resources on one page of a search.
    pub largest_page: usize,
    /// Rows of a concept map that a read writes out.
    pub map_rows: usize,
    /// Resources that requests bring along.
    pub resources: CacheLimits,
    /// Resources that clients send to be kept for a while.
    pub sessions: SessionLimits,
    /// Expression constraints.
    pub constraints: ecl::Limits,
    /// Bytes of the sets that they gave, kept for later requests.
    pub constraint_sets: usize,
    /// Heavy requests at once.
    pub heavy: usize,
    /// Heavy requests that wait for their turn; the next is refused.
    pub waiting: usize,
    /// How long a request may take.
    pub time: Duration,
    /// Targets whose mappers are kept.
    pub mappers: usize,
    /// Streams of `/map/{target}` at once; the next is refused.
    pub bulk_streams: usize,
    /// Bytes of a line of such a stream.
    pub bulk_line_bytes: usize,
    /// A body of at most so many bytes is received before its lines are answered; a longer one, or one of unknown
    /// length, is answered while it comes.
    pub bulk_body_bytes: usize,
    /// Bytes of answers that a stream keeps for lines that come again.
    pub bulk_kept_bytes: usize,
    /// A stream in which nothing moves for so long is ended, at the latest after twice the time.
    pub bulk_idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(4, usize::from);
        Self {
            request_bytes: 64 << 20,
            unpacked_bytes: 64 << 20,
            receive: Duration::from_secs(60),
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            connections: 10_000,
            unread: Duration::from_secs(60),
            expansion: 10_000,
            batch: 10_000,
            largest_page: 1_000,
            map_rows: 50_000,
            resources: CacheLimits::default(),
            sessions: SessionLimits::default(),
            constraints: ecl::Limits::default(),
            constraint_sets: 64 << 20,
            heavy: processors * 2,
            waiting: processors * 64,
            time: Duration::from_secs(60),
            mappers: 8,
            bulk_streams: processors * 2,
            bulk_line_bytes: 64 << 10,
            bulk_body_bytes: 16 << 20,
            bulk_kept_bytes: 32 << 20,
            bulk_idle: Duration::from_secs(60),
        }
    }
}

//! The limits of the service, all in one place and all configurable.

use crate::fhir::sessions::SessionLimits;
use std::time::Duration;

/// What a request may cost. Past a limit the client is told which one, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request body, after decompression.
    pub request_bytes: usize,
    /// Codes of an expansion that is asked for without `count`.
    pub expansion: u64,
    /// Entries of a batch, and items of a `$batch-validate-code`.
    pub batch: usize,
    /// Resources on one page of a search.
    pub largest_page: usize,
    /// Rows of a concept map that a read writes out.
    pub map_rows: usize,
    /// Resources of earlier requests that are remembered.
    pub remembered_resources: usize,
    /// Resources that clients send to be kept for a while.
    pub sessions: SessionLimits,
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
            expansion: 10_000,
            batch: 10_000,
            largest_page: 1_000,
            map_rows: 50_000,
            remembered_resources: 2_000,
            sessions: SessionLimits::default(),
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

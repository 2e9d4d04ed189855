//! The limits of the service, all in one place and all configurable.

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
    /// Heavy requests at once.
    pub heavy: usize,
    /// Heavy requests that wait for their turn; the next is refused.
    pub waiting: usize,
    /// How long a request may take.
    pub time: Duration,
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
            heavy: processors * 2,
            waiting: processors * 64,
            time: Duration::from_secs(60),
        }
    }
}

//! A sink for files that are read more than once: nothing is said twice.

use tern_index::record::{At, Problem, Record, RecordSink, Stopped};

/// A sink that lets records through and holds back what has already been said.
pub(crate) struct Gate<'s> {
    inner: &'s mut dyn RecordSink,
    /// Whether problems are passed on.
    pub(crate) problems: bool,
    progress: bool,
}

impl<'s> Gate<'s> {
    /// Passes problems on for now, and progress only where the bytes are read for the first time.
    pub(crate) fn new(inner: &'s mut dyn RecordSink, progress: bool) -> Self {
        Self {
            inner,
            problems: true,
            progress,
        }
    }

    /// For a look ahead at rows that are read again later.
    pub(crate) fn silent(inner: &'s mut dyn RecordSink) -> Self {
        Self {
            inner,
            problems: false,
            progress: false,
        }
    }
}

impl RecordSink for Gate<'_> {
    fn name(&mut self, name: &str) -> u16 {
        self.inner.name(name)
    }

    fn accept(&mut self, at: At, record: Record<'_>) -> Result<(), Stopped> {
        self.inner.accept(at, record)
    }

    fn problem(&mut self, at: At, problem: Problem) -> Result<(), Stopped> {
        if self.problems {
            self.inner.problem(at, problem)
        } else {
            Ok(())
        }
    }

    fn ignored(&mut self, file: &str, reason: &str) {
        self.inner.ignored(file, reason);
    }

    fn progress(&mut self, bytes: u64) {
        if self.progress {
            self.inner.progress(bytes);
        }
    }
}

//! What an evaluation has used of what it may: time, work, memory, and the patience of whoever asked.
//!
//! Work is counted in steps of a few nanoseconds, and the clock is looked at once in many. Parts that several threads do
//! count on their own and look at the same end.

use super::Found;
use crate::ecl::Limits;
use crate::ecl::error::{Fault, Kind};
use std::time::Instant;
use tern_index::read::ConceptSet;

/// Steps between two looks at the clock: some ten microseconds' worth.
const BETWEEN: u64 = 1 << 12;

/// When an evaluation must end; shared by the threads that work on it.
#[derive(Debug)]
pub(super) struct End<'l> {
    limits: &'l Limits,
    deadline: Option<Instant>,
}

impl End<'_> {
    /// A fault once it is over.
    pub fn check(&self) -> Found<()> {
        if let Err(stopped) = self.limits.stop.check() {
            return Err(Fault::new(Kind::Limit, 0, stopped.to_string()));
        }
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            let seconds = self.limits.time.as_secs_f64();
            return Err(over(format_args!("takes longer than {seconds} seconds")));
        }
        Ok(())
    }
}

/// What is used and what is left.
#[derive(Debug)]
pub(super) struct Budget<'l> {
    pub end: End<'l>,
    work: u64,
    /// Work at which the clock is looked at next.
    look: u64,
    held: usize,
}

impl<'l> Budget<'l> {
    pub fn new(limits: &'l Limits) -> Self {
        let deadline = Instant::now().checked_add(limits.time);
        Self {
            end: End { limits, deadline },
            work: 0,
            look: 1,
            held: 0,
        }
    }

    /// Counts work, and stops it when there is no more for it.
    pub fn spend(&mut self, work: u64) -> Found<()> {
        self.work = self.work.saturating_add(work);
        if self.work < self.look {
            return Ok(());
        }
        self.look = self.work.saturating_add(BETWEEN);
        let most = self.end.limits.work;
        if self.work > most {
            return Err(over(format_args!("takes more than {most} steps")));
        }
        self.end.check()
    }

    /// Counts a set that is kept while others are found.
    pub fn hold(&mut self, set: &ConceptSet) -> Found<()> {
        self.hold_bytes(set.serialized_size())
    }

    /// The same of so many bytes.
    pub fn hold_bytes(&mut self, bytes: usize) -> Found<()> {
        self.held = self.held.saturating_add(bytes);
        let most = self.end.limits.memory;
        if self.held > most {
            return Err(over(format_args!("needs more than {most} bytes for sets of concepts")));
        }
        Ok(())
    }

    /// What is kept now, to come back to.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Sets that were kept since are gone.
    pub fn release(&mut self, held: usize) {
        self.held = held;
    }
}

fn over(what: std::fmt::Arguments<'_>) -> Fault {
    Fault::new(Kind::Limit, 0, format!("{what}; narrow it, or raise the limit"))
}

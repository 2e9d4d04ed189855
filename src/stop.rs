//! Work that can be told to stop: a request whose time is up, or whose client is gone, must not go on computing.
//!
//! Whoever begins work makes a [`Stop`] and keeps a clone; the work asks it now and then, through a [`Pace`] where its
//! steps are short, and gives up with [`Stopped`]. Nothing is interrupted from outside: what never asks is not stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The work was told to stop, or its time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the work was stopped before its end: nobody waits for it any more, or it took longer than is allowed; ask for less at once"
)]
pub struct Stopped;

/// Tells work to stop. Clones tell the same work; the default never stops anything.
#[derive(Debug, Clone, Default)]
pub struct Stop(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    told: AtomicBool,
    end: Option<Instant>,
    /// Looks until the work is told to stop: a clock that tests can set.
    #[cfg(test)]
    looks: std::sync::atomic::AtomicI64,
}

impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Stop {}

impl Stop {
    /// Work that is never stopped.
    pub fn never() -> Self {
        Self(None)
    }

    /// Work that ends when it is told to, or when this time is up.
    pub fn after(time: Duration) -> Self {
        Self(Some(Arc::new(Shared {
            told: AtomicBool::new(false),
            end: Instant::now().checked_add(time),
            #[cfg(test)]
            looks: std::sync::atomic::AtomicI64::new(i64::MAX),
        })))
    }

    /// Work that is told to stop at the look after this many.
    #[cfg(test)]
    pub fn after_looks(looks: i64) -> Self {
        let stop = Self::after(Duration::from_secs(3600));
        if let Some(shared) = &stop.0 {
            shared.looks.store(looks, Ordering::Relaxed);
        }
        stop
    }

    /// How often the work has looked since it was to stop.
    #[cfg(test)]
    pub fn looks_too_many(&self) -> i64 {
        self.0
            .as_ref()
            .map_or(0, |shared| -shared.looks.load(Ordering::Relaxed).min(0))
    }

    /// Tells the work to stop.
    pub fn stop(&self) {
        if let Some(shared) = &self.0 {
            shared.told.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the work is to stop.
    pub fn is_stopped(&self) -> bool {
        let Some(shared) = &self.0 else { return false };
        #[cfg(test)]
        if shared.looks.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return true;
        }
        if shared.told.load(Ordering::Relaxed) {
            return true;
        }
        let over = shared.end.is_some_and(|end| Instant::now() >= end);
        if over {
            // The next look needs no clock.
            self.stop();
        }
        over
    }

    /// An error once the work is to stop.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_stopped() { Err(Stopped) } else { Ok(()) }
    }
}

/// Asks a [`Stop`] once in many steps, so that a step of a few nanoseconds can be counted. Each thread has its own.
#[derive(Debug, Clone)]
pub struct Pace {
    stop: Stop,
    left: u32,
}

impl Pace {
    /// Steps between two looks.
    pub const BETWEEN: u32 = 1 << 10;

    /// Work at its beginning.
    pub fn new(stop: &Stop) -> Self {
        Self {
            stop: stop.clone(),
            left: Self::BETWEEN,
        }
    }

    /// Counts steps; an error once the work is to stop.
    pub fn step(&mut self, steps: u32) -> Result<(), Stopped> {
        self.left = self.left.saturating_sub(steps);
        if self.left > 0 {
            return Ok(());
        }
        self.left = Self::BETWEEN;
        self.stop.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_tell_the_same_work() {
        let stop = Stop::after(Duration::from_secs(3600));
        let work = stop.clone();
        assert_eq!(work.check(), Ok(()));
        stop.stop();
        assert_eq!(work.check(), Err(Stopped));
        assert_eq!(Stop::never().check(), Ok(()));
        assert!(Stop::after(Duration::ZERO).is_stopped());
        assert!(stop == work && stop != Stop::never());
    }

    #[test]
    fn a_pace_looks_once_in_many_steps() {
        let stop = Stop::after_looks(2);
        let mut pace = Pace::new(&stop);
        let steps = (1..).find(|_| pace.step(1).is_err()).unwrap();
        assert_eq!(steps, 3 * Pace::BETWEEN);
        assert_eq!(stop.looks_too_many(), 1);
    }
}

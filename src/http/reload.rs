//! A running server sees what another process loads or writes, without a restart.
//!
//! A load replaces the catalogue of the store in one rename, so its identity is looked at every second; the new snapshot
//! is opened beside the old one and put in its place in one step. Requests that run end on the one they began with. What
//! cannot be opened changes nothing, and is tried again.

use super::State;
use crate::service::Terminology;
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How what is loaded is found and opened.
pub struct Reload {
    /// What changes with every load; nothing where there is no store.
    pub identity: Box<dyn Fn() -> Option<String> + Send>,
    /// Opens what is loaded now, or says why it cannot.
    pub open: Box<dyn Fn() -> Result<Terminology, String> + Send>,
    /// Time between two looks.
    pub every: Duration,
}

impl fmt::Debug for Reload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reload")
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

/// Looks now and then.
#[derive(Debug)]
pub struct Watch {
    reload: Reload,
    opened: Option<String>,
    /// What was said last of what cannot be opened or read: it is not said every second.
    complaint: Option<String>,
}

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// Nothing new.
    Same,
    /// Something new was loaded, and requests see it.
    Opened,
    /// Something new was written, and requests see it.
    Written,
    /// Something new cannot be opened or read.
    Failed,
}

impl Watch {
    /// A watch over a store that had this identity before it was opened.
    pub fn new(reload: Reload, opened: Option<String>) -> Self {
        Self {
            opened,
            reload,
            complaint: None,
        }
    }

    /// Looks; opens the store also where it seems the same if it must be.
    pub fn look(&mut self, state: &State, must: bool) -> Looked {
        // Before opening: what is loaded while it is opened is seen at the next look.
        let identity = (self.reload.identity)();
        if must || identity != self.opened {
            return match (self.reload.open)() {
                Ok(terminology) => {
                    state.replace(terminology);
                    state.metrics.reloaded(true);
                    tracing::info!("the store has been opened anew");
                    self.opened = identity;
                    self.complaint = None;
                    Looked::Opened
                }
                Err(reason) => {
                    state.metrics.reloaded(false);
                    self.complain(format!(
                        "the store has changed but cannot be opened, so what was loaded before is served: {reason}"
                    ))
                }
            };
        }
        match state.refresh() {
            Ok(true) => Looked::Written,
            Ok(false) => Looked::Same,
            Err(error) => self.complain(format!(
                "what is written cannot be read, so what was read before is served: {error}"
            )),
        }
    }

    fn complain(&mut self, text: String) -> Looked {
        if self.complaint.as_ref() != Some(&text) {
            tracing::error!("{text}");
            self.complaint = Some(text);
        }
        Looked::Failed
    }

    /// Looks until nobody can tell it anything any more. Being told something means to open the store.
    pub(super) fn run(mut self, state: &State, told: &Receiver<()>) {
        loop {
            let must = match told.recv_timeout(self.reload.every) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.look(state, must);
        }
    }
}

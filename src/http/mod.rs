//! The service over HTTP: actix-web, and nothing else of the program knows it.
//!
//! `handler` turns HTTP requests into those of `fhir::interaction` and its answers into responses, `status` decides
//! every status code, `negotiation` reads media types, `answer` writes what was asked for in the format asked for, `gate` limits heavy work, `bulk` streams lines through the
//! mapper, `server` binds, serves and stops.

mod answer;
mod bulk;
mod gate;
mod handler;
mod limits;
mod negotiation;
mod server;
mod state;
pub mod status;

pub use handler::app;
pub use limits::Limits;
pub use server::{ServeConfig, ServeError, serve};
pub use state::State;

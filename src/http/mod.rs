//! The service over HTTP: actix-web, and nothing else of the program knows it.
//!
//! `handler` turns HTTP requests into those of `fhir::interaction` and its answers into responses, `status` decides
//! every status code, `negotiation` reads media types, `receive` bodies, `answer` writes what was asked for in the format
//! asked for, `pieces` long ones while they are sent, `gate` limits heavy work, `quick` knows what is so short that it is
//! done at once, `bulk` streams lines through the mapper, `access` and `metrics` keep account, `reload` sees what others
//! load and write, `server` binds, serves and stops.

mod access;
mod answer;
mod bulk;
mod gate;
mod handler;
mod limits;
mod metrics;
mod negotiation;
mod pieces;
mod quick;
mod receive;
mod reload;
mod server;
mod state;
pub mod status;

pub use access::ACCESS;
pub use handler::app;
pub use limits::Limits;
pub use reload::{Looked, Reload, Watch};
pub use server::{ServeConfig, ServeError, serve};
pub use state::State;

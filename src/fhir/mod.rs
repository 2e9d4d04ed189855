//! The FHIR wire: JSON and XML in and out, in the shapes of R4 and R5.
//!
//! Requests become the service's request types here, and its answers become resources; nothing outside this
//! room knows a FHIR element name. It evaluates nothing (that is `service`) and knows no status code or
//! socket (that is `http`).

pub mod algorithmic;
pub mod answer;
mod body;
pub mod bundle;
pub mod capability;
mod chain;
pub mod closure;
pub mod find_matches;
pub mod hint;
mod history;
pub mod html;
mod include;
pub mod interaction;
mod links;
pub mod operations;
pub mod outcome;
pub mod parameters;
mod patch;
pub mod query;
pub mod render;
pub mod render_expansion;
pub mod render_resource;
pub mod representation;
pub mod requests;
pub mod resource_in;
pub mod search;
pub mod search_parameters;
pub mod sessions;
pub mod transaction;
pub mod validation;
mod write;
pub mod xml;

pub use patch::JSON_PATCH;

/// The FHIR version whose shapes a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FhirVersion {
    /// R4 (4.0.1).
    R4,
    /// R5 (5.0.0).
    R5,
}

impl FhirVersion {
    /// The full version.
    pub fn full(self) -> &'static str {
        match self {
            Self::R4 => "4.0.1",
            Self::R5 => "5.0.0",
        }
    }

    /// The version as media types and `$versions` say it.
    pub fn short(self) -> &'static str {
        match self {
            Self::R4 => "4.0",
            Self::R5 => "5.0",
        }
    }

    /// Reads either form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "4.0" | "4.0.0" | "4.0.1" => Some(Self::R4),
            "5.0" | "5.0.0" => Some(Self::R5),
            _ => None,
        }
    }
}

/// The instant, for timestamps.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

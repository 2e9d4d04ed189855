//! From an answer to its bytes, in the format that was asked for: the one place where it happens.

use super::{FhirVersion, html, xml};
use serde_json::Value;

/// A format of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// FHIR JSON.
    Json,
    /// FHIR XML.
    Xml,
    /// A page for people.
    Html,
}

/// How an answer is to look.
#[derive(Debug, Clone)]
pub struct Representation<'r> {
    /// The format.
    pub format: Format,
    /// The version of its shapes.
    pub version: FhirVersion,
    /// Whether it is indented.
    pub pretty: bool,
    /// What a page needs to know beside the answer.
    pub page: html::Place<'r>,
}

/// Writes a resource.
pub fn write(resource: &Value, how: &Representation<'_>) -> Vec<u8> {
    match how.format {
        Format::Json => {
            let written = match how.pretty {
                true => serde_json::to_vec_pretty(resource),
                false => serde_json::to_vec(resource),
            };
            // A `Value` has no key that is not a string and so always writes.
            written.unwrap_or_default()
        }
        Format::Xml => xml::write(resource, how.version, how.pretty).into_bytes(),
        Format::Html => html::page(resource, how.version, &how.page).into_bytes(),
    }
}

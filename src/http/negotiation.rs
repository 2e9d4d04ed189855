//! Media types: what a client sends, what it takes, and which FHIR version it means.

use crate::fhir::FhirVersion;
use crate::fhir::outcome::{Refusal, RefusalKind};

/// The media type of every answer.
pub const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON, FHIR's or plain.
    Json,
    /// A form.
    Form,
}

/// What a body is, by its Content-Type; without one JSON is assumed, as curl users do.
pub fn body_kind(content_type: Option<&str>) -> Result<BodyKind, Refusal> {
    let Some(given) = content_type.filter(|text| !text.trim().is_empty()) else {
        return Ok(BodyKind::Json);
    };
    let essence = essence(given);
    match essence.as_str() {
        "application/fhir+json" | "application/json" | "application/json+fhir" | "text/json" => Ok(BodyKind::Json),
        "application/x-www-form-urlencoded" => Ok(BodyKind::Form),
        _ => {
            let text = format!("the media type '{essence}' is not read; send application/fhir+json");
            Err(Refusal::new(RefusalKind::UnsupportedMediaType, text))
        }
    }
}

/// Checks that the client takes JSON. `_format` wins over Accept.
pub fn check_accept(accept: Option<&str>, format: Option<&str>) -> Result<(), Refusal> {
    let asked = format.or(accept).unwrap_or("").trim();
    if asked.is_empty() || asked.split(',').any(|range| is_json(&essence(range)) && !is_refused(range)) {
        return Ok(());
    }
    let text = format!("'{asked}' is not written; this server answers in application/fhir+json only");
    Err(Refusal::new(RefusalKind::NotAcceptable, text))
}

fn is_json(essence: &str) -> bool {
    matches!(
        essence,
        "application/fhir+json"
            | "application/json"
            | "application/json+fhir"
            | "text/json"
            | "json"
            | "*/*"
            | "application/*"
            | "text/*"
            | "*"
    )
}

/// Whether a range has the weight 0.
fn is_refused(range: &str) -> bool {
    parameter(range, "q").is_some_and(|weight| weight.parse::<f32>() == Ok(0.0))
}

fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or(media_type).trim().to_ascii_lowercase();
    // In a query string a plus sign that is not escaped reads as a blank.
    essence.replace(' ', "+")
}

fn parameter<'m>(media_type: &'m str, wanted: &str) -> Option<&'m str> {
    media_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// The FHIR version of an answer: that of the endpoint, which a `fhirVersion` parameter may choose where the
/// endpoint leaves it open, and must not contradict where it does not.
pub fn version(endpoint: Option<FhirVersion>, accept: Option<&str>, content_type: Option<&str>) -> Result<FhirVersion, Refusal> {
    let named = accept
        .into_iter()
        .flat_map(|accept| accept.split(','))
        .chain(content_type)
        .find_map(|media_type| parameter(media_type, "fhirVersion"));
    let Some(named) = named else {
        return Ok(endpoint.unwrap_or(FhirVersion::R4));
    };
    let refused = |text: String| Err(Refusal::new(RefusalKind::NotAcceptable, text));
    let Some(version) = FhirVersion::parse(named) else {
        return refused(format!("fhirVersion '{named}' is not offered; use 4.0 or 5.0"));
    };
    match endpoint {
        Some(endpoint) if endpoint != version => refused(format!(
            "this endpoint speaks fhirVersion {}, but {named} was asked for; use the endpoint of that version",
            endpoint.short()
        )),
        _ => Ok(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_taken_in_all_its_names_and_xml_in_none() {
        for accept in [
            "application/fhir+json; fhirVersion=5.0",
            "application/json",
            "*/*",
            "text/html, */*;q=0.1",
            "",
        ] {
            assert!(check_accept(Some(accept), None).is_ok(), "{accept}");
        }
        for accept in ["application/fhir+xml", "application/json;q=0", "text/html"] {
            assert!(check_accept(Some(accept), None).is_err(), "{accept}");
        }
        assert!(check_accept(Some("*/*"), Some("xml")).is_err());
        assert!(check_accept(Some("application/fhir+xml"), Some("application/fhir json")).is_ok());
    }

    #[test]
    fn a_version_may_be_chosen_but_not_contradicted() {
        let accept = Some("application/fhir+json; fhirVersion=5.0");
        assert_eq!(version(None, accept, None).unwrap(), FhirVersion::R5);
        assert_eq!(version(None, None, None).unwrap(), FhirVersion::R4);
        assert!(version(Some(FhirVersion::R4), accept, None).is_err());
        assert!(version(None, Some("application/fhir+json; fhirVersion=3.0"), None).is_err());
    }
}

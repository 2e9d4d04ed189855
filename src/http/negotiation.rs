//! Media types: what a client sends, what it takes, and which FHIR version it means.
//!
//! Of the ranges of `Accept` the heaviest that can be written wins, of equal ones JSON. Pages are written for those
//! only who name HTML, as browsers do; `_format` overrules everything, for links and for people.

use crate::fhir::FhirVersion;
use crate::fhir::answer::tagged;
use crate::fhir::outcome::{Refusal, RefusalKind};
use crate::fhir::representation::Format;

/// What is written, with the format that it is: the better ones first, where a client has no preference. Those of no
/// standard come last.
const OFFERED: [(&str, Format); 9] = [
    ("application/fhir+json", Format::Json),
    ("application/fhir+xml", Format::Xml),
    ("application/json", Format::Json),
    ("application/xml", Format::Xml),
    ("text/json", Format::Json),
    ("text/xml", Format::Xml),
    ("application/json+fhir", Format::Json),
    ("application/xml+fhir", Format::Xml),
    ("text/html", Format::Html),
];

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON, FHIR's or plain.
    Json,
    /// XML, FHIR's or plain.
    Xml,
    /// A form.
    Form,
}

/// What a client sends and wants back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// The format of the answer.
    pub format: Format,
    /// Its Content-Type.
    pub content_type: String,
    /// The version whose shapes the answer has.
    pub version: FhirVersion,
}

impl Negotiated {
    /// JSON of a version: what a client gets that is told that it cannot have what it wants.
    pub fn json(version: Option<FhirVersion>) -> Self {
        Self {
            format: Format::Json,
            content_type: "application/fhir+json; charset=utf-8".to_owned(),
            version: version.unwrap_or(FhirVersion::R4),
        }
    }
}

/// One range of an `Accept`.
#[derive(Debug)]
struct Range<'a> {
    essence: String,
    weight: f32,
    version: Option<&'a str>,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Self {
        let weight = parameter(text, "q").map_or(1.0, |weight| weight.parse().unwrap_or(1.0));
        Self {
            essence: essence(text),
            weight,
            version: parameter(text, "fhirVersion"),
        }
    }

    /// How closely the range names a media type; `None` where it does not.
    fn closeness(&self, media_type: &str) -> Option<u8> {
        match self.essence.as_str() {
            exact if exact == media_type => Some(3),
            "application/xhtml+xml" if media_type == "text/html" => Some(2),
            // Nobody who takes anything means a page.
            _ if media_type == "text/html" => None,
            "*/*" | "*" => Some(0),
            half => {
                let kind = half.strip_suffix("/*")?;
                (media_type.split('/').next() == Some(kind)).then_some(1)
            }
        }
    }
}

/// Chooses the format and version of an answer. `_format` wins over Accept; what the endpoint leaves open follows
/// from either, or from what the client sent.
pub fn negotiate(
    endpoint: Option<FhirVersion>,
    accept: Option<&str>,
    format: Option<&str>,
    content_type: Option<&str>,
) -> Result<Negotiated, Refusal> {
    let asked = match format {
        Some(format) if !format.trim().is_empty() => long_format(format),
        _ => accept.unwrap_or("").trim().to_owned(),
    };
    let asked = if asked.is_empty() { "*/*".to_owned() } else { asked };
    let ranges: Vec<Range<'_>> = asked
        .split(',')
        .map(Range::read)
        .filter(|range| !range.essence.is_empty())
        .collect();
    let mut best: Option<(&str, Format, &Range<'_>)> = None;
    let mut other_version = None;
    for (media_type, written) in OFFERED {
        let fitting = ranges.iter().filter_map(|range| Some((range.closeness(media_type)?, range)));
        let Some((_, range)) = fitting.max_by_key(|(closeness, _)| *closeness) else {
            continue;
        };
        if range.weight <= 0.0 {
            continue;
        }
        let version = range.version.map(FhirVersion::parse);
        let fits = match version {
            None => true,
            Some(None) => false,
            Some(Some(version)) => endpoint.is_none_or(|endpoint| endpoint == version),
        };
        if !fits {
            other_version = other_version.or(range.version);
        } else if best.is_none_or(|(_, _, other)| range.weight > other.weight) {
            best = Some((media_type, written, range));
        }
    }
    let Some((media_type, format, range)) = best else {
        return Err(refuse(&asked, other_version, endpoint));
    };
    let named = range.version.and_then(FhirVersion::parse);
    let sent = content_type
        .and_then(|text| parameter(text, "fhirVersion"))
        .and_then(FhirVersion::parse);
    let version = endpoint.or(named).or(sent).unwrap_or(FhirVersion::R4);
    let content_type = match (format, named) {
        (Format::Html, _) => "text/html; charset=utf-8".to_owned(),
        (_, Some(_)) => format!("{media_type}; fhirVersion={}; charset=utf-8", version.short()),
        _ => format!("{media_type}; charset=utf-8"),
    };
    Ok(Negotiated {
        format,
        content_type,
        version,
    })
}

/// `_format` has short names too.
fn long_format(format: &str) -> String {
    let essence = essence(format);
    let long = match essence.as_str() {
        "json" => "application/fhir+json",
        "xml" => "application/fhir+xml",
        "html" => "text/html",
        _ => &essence,
    };
    match parameter(format, "fhirVersion") {
        Some(version) => format!("{long}; fhirVersion={version}"),
        None => long.to_owned(),
    }
}

fn refuse(asked: &str, version: Option<&str>, endpoint: Option<FhirVersion>) -> Refusal {
    let text = match (version, endpoint) {
        (Some(version), _) if FhirVersion::parse(version).is_none() => {
            format!("fhirVersion '{version}' is not offered; use 4.0 or 5.0")
        }
        (Some(version), Some(endpoint)) => format!(
            "this endpoint speaks fhirVersion {}, but {version} was asked for; use the endpoint of that version",
            endpoint.short()
        ),
        _ => format!(
            "'{asked}' is not written; this server answers in application/fhir+json, in application/fhir+xml and, for people, in text/html"
        ),
    };
    Refusal::new(RefusalKind::NotAcceptable, text)
}

/// What a body is and the version of its shapes, by its Content-Type; without one JSON is assumed, as curl users do.
pub fn body(content_type: Option<&str>, endpoint: Option<FhirVersion>) -> Result<(BodyKind, Option<FhirVersion>), Refusal> {
    let refused = |text: String| Err(Refusal::new(RefusalKind::UnsupportedMediaType, text));
    let Some(given) = content_type.filter(|text| !text.trim().is_empty()) else {
        return Ok((BodyKind::Json, endpoint));
    };
    let essence = essence(given);
    let kind = match essence.as_str() {
        "application/x-www-form-urlencoded" => BodyKind::Form,
        patch if patch == crate::fhir::JSON_PATCH => BodyKind::Json,
        _ => match OFFERED.iter().find(|(media_type, _)| *media_type == essence) {
            Some((_, Format::Json)) => BodyKind::Json,
            Some((_, Format::Xml)) => BodyKind::Xml,
            _ => {
                let instead = if essence.contains("patch") {
                    "a patch is read as a JSON Patch (application/json-patch+json) or as a FHIRPath Patch (a Parameters resource in application/fhir+json or application/fhir+xml)"
                } else {
                    "send application/fhir+json or application/fhir+xml"
                };
                return refused(format!("the media type '{essence}' is not read; {instead}"));
            }
        },
    };
    let charset = parameter(given, "charset").unwrap_or("utf-8");
    if !["utf-8", "utf8", "us-ascii"].contains(&charset.to_ascii_lowercase().as_str()) {
        return refused(format!("the charset '{charset}' is not read; send UTF-8"));
    }
    let Some(named) = parameter(given, "fhirVersion") else {
        return Ok((kind, endpoint));
    };
    match (FhirVersion::parse(named), endpoint) {
        (None, _) => refused(format!("fhirVersion '{named}' is not read; send 4.0 or 5.0")),
        (Some(version), Some(endpoint)) if endpoint != version => refused(format!(
            "this endpoint reads fhirVersion {}, but the body is of {named}; use the endpoint of that version",
            endpoint.short()
        )),
        (Some(version), _) => Ok((kind, Some(version))),
    }
}

/// What a client prefers (RFC 7240): the value of one preference.
pub fn preference<'p>(prefer: Option<&'p str>, wanted: &str) -> Option<&'p str> {
    prefer?.split([',', ';']).find_map(|preference| {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// Whether an entity tag is among those that a client knows already. Tags are compared weakly, as for reading.
pub fn is_known(if_none_match: Option<&str>, tag: &str) -> bool {
    let own = tagged(tag).next();
    if_none_match.is_some_and(|known| tagged(known).any(|one| one == "*" || Some(one) == own))
}

/// A media type without its parameters.
pub(super) fn essence(media_type: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str) -> Option<String> {
        negotiate(None, Some(accept), None, None)
            .ok()
            .map(|negotiated| negotiated.content_type)
    }

    #[test]
    fn the_heaviest_range_that_can_be_written_wins() {
        for (accept, expected) in [
            ("", "application/fhir+json"),
            ("*/*", "application/fhir+json"),
            ("application/*", "application/fhir+json"),
            ("text/*", "text/json"),
            ("application/json", "application/json"),
            ("application/json, text/plain, */*", "application/fhir+json"),
            ("application/fhir+xml", "application/fhir+xml"),
            ("application/xml;q=0.9, application/json;q=0.8", "application/xml"),
            (
                "application/fhir+xml;q=0.1, application/fhir+json;q=0.2",
                "application/fhir+json",
            ),
            ("*/*;q=0.1, application/fhir+xml", "application/fhir+xml"),
            ("*/*, application/fhir+json;q=0", "application/fhir+xml"),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
                "text/html",
            ),
            ("text/html;q=0.5, application/fhir+json", "application/fhir+json"),
            ("application/xhtml+xml", "text/html"),
            ("application/fhir+json; q=high", "application/fhir+json"),
            ("APPLICATION/FHIR+JSON", "application/fhir+json"),
        ] {
            assert_eq!(chosen(accept).unwrap(), format!("{expected}; charset=utf-8"), "{accept}");
        }
        for accept in [
            "text/turtle",
            "application/fhir+turtle",
            "application/json;q=0",
            "image/png",
            "*/*;q=0",
            ";;",
            "a/b/*",
        ] {
            assert_eq!(chosen(accept), None, "{accept}");
        }
    }

    #[test]
    fn the_parameter_of_the_url_wins_over_the_header() {
        let format = |format: &str| negotiate(None, Some("application/fhir+json"), Some(format), None).map(|found| found.format);
        for (given, expected) in [
            ("xml", Format::Xml),
            ("application/fhir xml", Format::Xml),
            ("text/xml", Format::Xml),
            ("json", Format::Json),
            ("html", Format::Html),
            ("", Format::Json),
        ] {
            assert_eq!(format(given).unwrap(), expected, "{given}");
        }
        assert!(format("ttl").is_err());
        assert!(format("text/turtle").is_err());
    }

    #[test]
    fn a_version_may_be_chosen_but_not_contradicted() {
        let version = |endpoint, accept: &str, sent| negotiate(endpoint, Some(accept), None, sent).map(|found| found.version);
        let fifth = "application/fhir+json; fhirVersion=5.0";
        assert_eq!(version(None, fifth, None), Ok(FhirVersion::R5));
        assert_eq!(version(None, "", None), Ok(FhirVersion::R4));
        assert_eq!(version(None, "", Some(fifth)), Ok(FhirVersion::R5));
        assert_eq!(
            version(Some(FhirVersion::R5), "application/fhir+xml; fhirVersion=5.0.0", None),
            Ok(FhirVersion::R5)
        );
        assert!(version(Some(FhirVersion::R4), fifth, None).is_err());
        assert_eq!(
            version(Some(FhirVersion::R4), &format!("{fifth}, */*;q=0.1"), None),
            Ok(FhirVersion::R4)
        );
        let refusal = version(None, "application/fhir+json; fhirVersion=3.0", None).unwrap_err();
        assert_eq!(refusal.to_string(), "fhirVersion '3.0' is not offered; use 4.0 or 5.0");
        let echoed = negotiate(None, Some(fifth), None, None).unwrap();
        assert_eq!(echoed.content_type, "application/fhir+json; fhirVersion=5.0; charset=utf-8");
    }

    #[test]
    fn bodies_are_known_by_their_type() {
        let (r4, r5) = (Some(FhirVersion::R4), Some(FhirVersion::R5));
        assert_eq!(body(None, r4), Ok((BodyKind::Json, r4)));
        assert_eq!(body(Some("text/xml; charset=UTF-8"), None), Ok((BodyKind::Xml, None)));
        assert_eq!(
            body(Some("application/fhir+xml; fhirVersion=\"5.0\""), None),
            Ok((BodyKind::Xml, r5))
        );
        assert_eq!(body(Some("application/x-www-form-urlencoded"), r4), Ok((BodyKind::Form, r4)));
        for wrong in [
            "text/html",
            "text/plain",
            "x",
            "application/json; charset=latin1",
            "application/fhir+json; fhirVersion=5.0",
            "application/fhir+json; fhirVersion=3.0",
        ] {
            assert_eq!(
                body(Some(wrong), r4).unwrap_err().kind,
                RefusalKind::UnsupportedMediaType,
                "{wrong}"
            );
        }
    }

    #[test]
    fn preferences_and_tags_are_read_as_lists() {
        assert_eq!(
            preference(Some("return=minimal, handling=\"strict\""), "handling"),
            Some("strict")
        );
        assert_eq!(preference(Some("respond-async; wait=10"), "respond-async"), Some(""));
        assert_eq!(preference(Some("x-handling=strict"), "handling"), None);
        assert!(is_known(Some("\"b\", W/\"a\""), "W/\"a\"") && is_known(Some("*"), "W/\"a\""));
        assert!(!is_known(Some("\"ab\""), "W/\"a\"") && !is_known(None, "W/\"a\""));
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(text in "\\PC{0,30}", other in "[a-z/*;=,q0-9. +]{0,40}") {
            for text in [&text, &other] {
                let _ = negotiate(None, Some(text), None, Some(text));
                let _ = negotiate(None, None, Some(text), None);
                let _ = body(Some(text), None);
                let _ = preference(Some(text), "return");
            }
        }
    }
}

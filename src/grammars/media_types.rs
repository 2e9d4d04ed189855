//! Media types (`urn:ietf:bcp:13`): type, subtype and parameters by the rules of RFC 6838 and RFC 2045.
//!
//! Whether a subtype is registered is not looked up: vendors and private types are as good, and the registry grows.

use super::{Grammar, Named};

/// Media types.
pub(super) struct MediaTypes;

/// The top-level types that are registered.
const TYPES: [&str; 11] = [
    "application",
    "audio",
    "example",
    "font",
    "haptics",
    "image",
    "message",
    "model",
    "multipart",
    "text",
    "video",
];

/// A name of a type or subtype: at most 127 of these characters, the first a letter or digit.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 127
        && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
}

fn is_value(text: &str) -> bool {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    is_token(text) || quoted.is_some_and(|inner| !inner.contains(['"', '\\']))
}

impl Grammar for MediaTypes {
    fn url(&self) -> &'static str {
        "urn:ietf:bcp:13"
    }

    fn name(&self) -> &'static str {
        "MimeTypes"
    }

    fn title(&self) -> &'static str {
        "Media types (BCP 13)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        let mut parts = code.split(';');
        let (kind, subtype) = parts.next().and_then(|name| name.trim_end().split_once('/')).ok_or(None)?;
        let lower = kind.to_ascii_lowercase();
        let known = TYPES.contains(&lower.as_str()) || (lower.starts_with("x-") && is_name(kind));
        let parameters = parts.all(|part| {
            let pair = part.trim().split_once('=');
            pair.is_some_and(|(name, value)| is_token(name) && is_value(value))
        });
        if known && is_name(subtype) && parameters {
            return Ok(Named {
                display: Some(code.to_owned()),
                ..Named::default()
            });
        }
        Err(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_a_subtype_and_maybe_parameters() {
        for code in [
            "text/plain",
            "application/fhir+json",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "text/plain; charset=utf-8",
            "application/fhir+json;fhirVersion=4.0",
            "x-world/x-3dmf",
        ] {
            assert!(MediaTypes.read(code).is_ok(), "{code}");
        }
        for code in [
            "text",
            "text/",
            "/plain",
            "words/plain",
            "text/pl ain",
            "text/plain;charset",
            "text/plain; =x",
            "*/*",
        ] {
            assert!(MediaTypes.read(code).is_err(), "{code}");
        }
    }
}

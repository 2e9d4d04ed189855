//! URIs as codes (`urn:ietf:rfc:3986`): any that has a scheme.
//!
//! A URI has no display: nothing names it but itself.

use super::{Grammar, Named};

/// URIs.
pub(super) struct Uris;

impl Grammar for Uris {
    fn url(&self) -> &'static str {
        "urn:ietf:rfc:3986"
    }

    fn name(&self) -> &'static str {
        "URIs"
    }

    fn title(&self) -> &'static str {
        "Uniform Resource Identifiers (RFC 3986)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        let (scheme, rest) = code.split_once(':').ok_or(None)?;
        let mut letters = scheme.bytes();
        let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        // Delimiters that RFC 3986 leaves out, and percent signs that start no escape.
        let is_clean = rest
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        let escaped = rest.split('%').skip(1).all(|after| {
            let digits = after.as_bytes().get(..2);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        });
        if is_scheme && is_clean && escaped && !rest.is_empty() {
            return Ok(Named::default());
        }
        Err(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_a_scheme() {
        for code in [
            "http://hl7.org/fhir",
            "urn:oid:1.2.3",
            "urn:ietf:bcp:47",
            "mailto:a@b.c",
            "http://a/%20b",
        ] {
            assert!(Uris.read(code).is_ok(), "{code}");
        }
        for code in ["hl7.org/fhir", ":x", "1a:b", "http://a b", "http://a/%2", "urn:"] {
            assert!(Uris.read(code).is_err(), "{code}");
        }
    }
}

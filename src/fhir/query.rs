//! Query strings and form bodies: `name=value` pairs, percent-encoded.
//!
//! A decoder of its own because a broken escape must be named in the answer, not dropped or replaced.

/// Why a query string cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// `%` without two hexadecimal digits.
    #[error("'{pair}' has a '%' that two hexadecimal digits do not follow; write a percent sign as %25")]
    BadEscape {
        /// The pair at fault, as given.
        pair: String,
    },
    /// Bytes that are not UTF-8 after decoding.
    #[error("'{pair}' is not UTF-8 after percent-decoding")]
    NotUtf8 {
        /// The pair at fault, as given.
        pair: String,
    },
}

/// Reads all pairs in order; a name without `=` has an empty value.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, QueryError> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name, pair, true)?, decode(value, pair, true)?))
        })
        .collect()
}

/// Decodes one segment of a path, where `+` is itself.
pub fn path_segment(segment: &str) -> Result<String, QueryError> {
    decode(segment, segment, false)
}

fn decode(text: &str, pair: &str, plus_is_blank: bool) -> Result<String, QueryError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if plus_is_blank => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                match (digit(rest.next()), digit(rest.next())) {
                    // Two hexadecimal digits make at most 255.
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(QueryError::BadEscape { pair: pair.to_owned() }),
                }
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| QueryError::NotUtf8 { pair: pair.to_owned() })
}

/// Encodes a value for a link.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_in_order() {
        let read = pairs("url=http%3A%2F%2Fa%7C1&filter=my+inf&empty&a=b=c").unwrap();
        let expected = [("url", "http://a|1"), ("filter", "my inf"), ("empty", ""), ("a", "b=c")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn broken_escapes_are_named() {
        assert_eq!(pairs("a=1&b=%G1"), Err(QueryError::BadEscape { pair: "b=%G1".into() }));
        assert_eq!(pairs("b=%"), Err(QueryError::BadEscape { pair: "b=%".into() }));
        assert_eq!(pairs("b=%FF"), Err(QueryError::NotUtf8 { pair: "b=%FF".into() }));
    }

    proptest::proptest! {
        #[test]
        fn encoding_round_trips(name in "[a-z]{1,5}", value in ".{0,20}") {
            let read = pairs(&format!("{name}={}", encode(&value))).unwrap();
            proptest::prop_assert_eq!(read, vec![(name, value)]);
        }

        #[test]
        fn nothing_panics(query in ".{0,40}") {
            let _ = pairs(&query);
        }
    }
}

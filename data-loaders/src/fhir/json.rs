//! JSON as a borrowed tree: strings point into the source, numbers keep their text, objects know their line.
//!
//! Terminology resources arrive by the megabyte with every request, so the tree copies nothing it need not and
//! hashes nothing. It differs from `serde_json::Value` where FHIR needs it to: `1.50` stays `1.50`, and a fault
//! can name the line of the object it is in. Of a repeated member name the last one counts, as in `serde_json`.
//!
//! The text is read by `serde_json`, level by level: the raw values of a level are slices of the source, whose
//! place gives the line. It does not write indented text and offers no editing.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Objects and arrays may nest this deep; deeper input is refused instead of exhausting the stack.
pub const MAXIMUM_DEPTH: usize = 127;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, as its text.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object in the order of the source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a> {
    /// Line of its opening brace, from 1; 0 where it is not known.
    pub line: u32,
    /// Names and values.
    pub members: Vec<(Cow<'a, str>, Node<'a>)>,
}

impl<'a> Object<'a> {
    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Its compact text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        write_object(self, None, &mut out);
        out
    }

    /// Its compact text without one member.
    pub fn to_text_without(&self, left_out: &str) -> String {
        let mut out = String::new();
        write_object(self, Some(left_out), &mut out);
        out
    }
}

impl<'a> Node<'a> {
    /// Views a `serde_json` value as a tree; lines are unknown. Strings are borrowed.
    pub fn from_value(value: &'a serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Boolean(*truth),
            serde_json::Value::Number(number) => Self::Number(Cow::Owned(number.to_string())),
            serde_json::Value::String(text) => Self::String(Cow::Borrowed(text)),
            serde_json::Value::Array(items) => Self::Array(items.iter().map(Self::from_value).collect()),
            serde_json::Value::Object(map) => Self::Object(Object {
                line: 0,
                members: map
                    .iter()
                    .map(|(key, value)| (Cow::Borrowed(key.as_str()), Self::from_value(value)))
                    .collect(),
            }),
        }
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The value of a member, if it is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.as_object().and_then(|object| object.get(name))
    }

    /// Its compact text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Appends its compact text.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(true) => out.push_str("true"),
            Self::Boolean(false) => out.push_str("false"),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(object) => write_object(object, None, out),
        }
    }
}

fn write_object(object: &Object<'_>, left_out: Option<&str>, out: &mut String) {
    out.push('{');
    let kept = object.members.iter().filter(|(key, _)| Some(key.as_ref()) != left_out);
    for (number, (key, value)) in kept.enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        value.write(out);
    }
    out.push('}');
}

fn write_string(text: &str, out: &mut String) {
    // A string always has a JSON text.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct JsonError {
    /// Line, from 1.
    pub line: u32,
    /// Byte in the line, from 1.
    pub column: u32,
    /// What was found or expected.
    pub message: String,
}

/// Reads one JSON value and nothing after it. A byte order mark is skipped.
pub fn parse(bytes: &[u8]) -> Result<Node<'_>, JsonError> {
    parse_from_line(bytes, 1)
}

/// Like [`parse`], where the text begins at `line` of its file (NDJSON).
pub fn parse_from_line(bytes: &[u8], line: u32) -> Result<Node<'_>, JsonError> {
    let source = Source::new(bytes, line)?;
    let raw: &RawValue = source.read(source.text)?;
    source.node(raw.get(), 0)
}

/// The members of the outermost object, in order, unread.
pub(super) fn members(bytes: &[u8]) -> Result<Vec<(Cow<'_, str>, &str)>, JsonError> {
    let source = Source::new(bytes, 1)?;
    Ok(source.read::<Members<'_>>(source.text)?.0)
}

/// A string's text, when the raw value is one.
pub(super) fn string_of(raw: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw).ok().map(|text| text.0)
}

/// The string member `wanted` of the outermost object of a text that may be cut anywhere. `Ok(None)`: the text is
/// whole and has no such member. An error: it is no JSON object, or ends before the member (`true`).
pub(super) fn find_in_head(bytes: &[u8], wanted: &str) -> Result<Option<String>, bool> {
    struct Find<'w>(&'w str, &'w mut Option<String>);
    impl<'de> Visitor<'de> for Find<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<Text<'de>>()? {
                if key.0 != self.0 {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                let value: serde_json::Value = map.next_value()?;
                *self.1 = value.as_str().map(str::to_owned);
                // What follows need not be read: the error ends the reading, and the found value says why.
                if self.1.is_some() {
                    return Err(serde::de::Error::custom("found"));
                }
            }
            Ok(())
        }
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut found = None;
    let outcome = serde_json::Deserializer::from_slice(bytes).deserialize_map(Find(wanted, &mut found));
    match (found, outcome) {
        (Some(found), _) => Ok(Some(found)),
        (None, Ok(())) => Ok(None),
        (None, Err(error)) => Err(error.is_eof()),
    }
}

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl<'de> Visitor<'de> for AnyText {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AnyText)
    }
}

/// The members of an object, their values unread.
struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyMembers;
        impl<'de> Visitor<'de> for AnyMembers {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    members.push((key.0, map.next_value::<&RawValue>()?.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(AnyMembers)
    }
}

/// The text that raw values are slices of.
struct Source<'a> {
    text: &'a str,
    /// Byte offsets at which lines begin.
    lines: Vec<usize>,
    first_line: u32,
}

impl<'a> Source<'a> {
    fn new(bytes: &'a [u8], first_line: u32) -> Result<Self, JsonError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let breaks = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(place, _)| place + 1);
        let mut source = Self {
            text: "",
            lines: std::iter::once(0).chain(breaks).collect(),
            first_line,
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                source.text = text;
                Ok(source)
            }
            Err(error) => Err(source.fault(error.valid_up_to(), "bytes that are not UTF-8; save the file as UTF-8")),
        }
    }

    /// Offset of a slice of the text; slices of other texts (there are none) read as its beginning.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    /// Index of the line that an offset is in.
    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn numbered(&self, line: usize) -> u32 {
        self.first_line.saturating_add(u32::try_from(line).unwrap_or(u32::MAX))
    }

    fn fault(&self, offset: usize, message: impl Into<String>) -> JsonError {
        let line = self.line(offset);
        let start = self.lines.get(line).copied().unwrap_or(0);
        JsonError {
            line: self.numbered(line),
            column: u32::try_from(offset - start).unwrap_or(u32::MAX).saturating_add(1),
            message: message.into(),
        }
    }

    /// Reads a part of the text; a fault names its place in the whole.
    fn read<T: Deserialize<'a>>(&self, part: &'a str) -> Result<T, JsonError> {
        serde_json::from_str(part).map_err(|error| {
            let start = self.offset(part);
            // serde_json counts lines of the part from 1, and columns from the line break.
            let line = self.line(start) + error.line().saturating_sub(1);
            let begins = self.lines.get(line).copied().unwrap_or(start).max(start);
            let text = error.to_string();
            let message = text.split(" at line ").next().unwrap_or_default();
            self.fault(begins + error.column().saturating_sub(1), message)
        })
    }

    fn node(&self, raw: &'a str, depth: usize) -> Result<Node<'a>, JsonError> {
        if depth >= MAXIMUM_DEPTH && raw.starts_with(['{', '[']) {
            return Err(self.fault(self.offset(raw), "nested too deeply"));
        }
        Ok(match raw.as_bytes().first() {
            Some(b'{') => {
                let members = self.read::<Members<'a>>(raw)?.0.into_iter();
                Node::Object(Object {
                    line: self.numbered(self.line(self.offset(raw))),
                    members: members
                        .map(|(name, value)| Ok((name, self.node(value, depth + 1)?)))
                        .collect::<Result<_, JsonError>>()?,
                })
            }
            Some(b'[') => {
                let items = self.read::<Vec<&'a RawValue>>(raw)?.into_iter();
                Node::Array(items.map(|item| self.node(item.get(), depth + 1)).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Node::String(self.read::<Text<'a>>(raw)?.0),
            Some(b't') => Node::Boolean(true),
            Some(b'f') => Node::Boolean(false),
            Some(b'n') => Node::Null,
            _ => Node::Number(Cow::Borrowed(raw)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_keep_their_text_and_objects_their_line() {
        let node = parse(b"\xef\xbb\xbf{\n \"a\": [1.50, -0, 1E+2],\n \"b\":\n  {\"c\": \"\\u00e9\\ud83d\\ude00\\n\"}}").unwrap();
        assert_eq!(node.to_text(), "{\"a\":[1.50,-0,1E+2],\"b\":{\"c\":\"é😀\\n\"}}");
        assert_eq!(node.get("b").and_then(Node::as_object).map(|object| object.line), Some(4));
    }

    #[test]
    fn a_fault_names_its_line_and_column() {
        for (text, place) in [
            ("{\n \"a\": tru}", (2, 10)),
            ("[1,]", (1, 4)),
            ("[01]", (1, 3)),
            ("{\"a\":\n [\"\\ud800\"]}", (2, 10)),
            ("{\"a\":1} x", (1, 9)),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!((error.line, error.column), place, "{text}: {error}");
        }
        assert!(parse(b"[\"\xff\"]").is_err());
    }

    #[test]
    fn nesting_is_bounded_as_in_serde_json() {
        for depth in [10, 127, 128, 5000] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert_eq!(parse(text.as_bytes()).is_ok(), theirs, "{depth}");
        }
    }

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(".{0,4}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_and_writes_what_serde_json_does(value in any_value(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let node = parse(text.as_bytes()).unwrap();
            prop_assert_eq!(node.to_text(), serde_json::to_string(&value).unwrap());
            prop_assert_eq!(Node::from_value(&value).to_text(), node.to_text());
        }

        #[test]
        fn it_accepts_and_refuses_what_serde_json_does(text in "[\\[\\]{}\",:0-9eE+.\\-truefalsn\\\\ ]{0,24}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            let out_of_range = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
            if !out_of_range {
                prop_assert_eq!(parse(text.as_bytes()).is_ok(), theirs.is_ok(), "{}", text);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = (parse(&bytes), members(&bytes), find_in_head(&bytes, "a"));
        }
    }
}

//! JSON as a borrowed tree: strings point into the source, numbers keep their text, objects know their line.
//!
//! Terminology resources arrive by the megabyte with every request, so the tree copies nothing it need not and
//! hashes nothing. It differs from `serde_json::Value` where FHIR needs it to: `1.50` stays `1.50`, and a fault
//! can name the line of the object it is in. Of a repeated member name the last one counts, as in `serde_json`.
//!
//! It does not write indented text and offers no editing.

use std::borrow::Cow;
use std::fmt::Write;

/// Objects and arrays may nest this deep; deeper input is refused instead of exhausting the stack.
pub const MAXIMUM_DEPTH: usize = 128;

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
    out.push('"');
    let mut clean = 0;
    for (place, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        // The byte is ASCII, so both cuts are at character boundaries.
        out.push_str(&text[clean..place]);
        clean = place + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{other:04x}");
            }
        }
    }
    out.push_str(&text[clean..]);
    out.push('"');
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
    pub message: &'static str,
    /// Whether the text ended too early: more of it might be JSON.
    pub at_end: bool,
}

/// Reads one JSON value and nothing after it. A byte order mark is skipped.
pub fn parse(bytes: &[u8]) -> Result<Node<'_>, JsonError> {
    parse_from_line(bytes, 1)
}

/// Like [`parse`], where the text begins at `line` of its file (NDJSON).
pub fn parse_from_line(bytes: &[u8], line: u32) -> Result<Node<'_>, JsonError> {
    let mut parser = Parser::new(utf8(bytes, line)?, line);
    let node = parser.value(0)?;
    parser.end()?;
    Ok(node)
}

pub(super) fn utf8(bytes: &[u8], line: u32) -> Result<&str, JsonError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        JsonError {
            line: line.saturating_add(before.iter().filter(|byte| **byte == b'\n').count() as u32),
            column: column as u32 + 1,
            message: "bytes that are not UTF-8; save the file as UTF-8",
            at_end: error.error_len().is_none(),
        }
    })
}

/// A cursor over JSON text. Also walks over values without building them.
pub(super) struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    place: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, line: u32) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            text,
            bytes: text.as_bytes(),
            place: 0,
            line,
            line_start: 0,
        }
    }

    fn fault(&self, message: &'static str) -> JsonError {
        JsonError {
            line: self.line,
            column: u32::try_from(self.place - self.line_start)
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            message,
            at_end: self.place >= self.bytes.len(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.place).copied()
    }

    fn blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    self.line_start = self.place + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => return,
            }
            self.place += 1;
        }
    }

    /// Nothing but blanks may follow.
    pub(super) fn end(&mut self) -> Result<(), JsonError> {
        self.blanks();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("text after the end of the JSON value")),
        }
    }

    /// Takes the opening brace of an object.
    pub(super) fn open_object(&mut self) -> Result<(), JsonError> {
        self.expect(b'{', "an object is expected")
    }

    /// Takes the byte if it comes next after blanks.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        self.place += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, message: &'static str) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(self.fault(message)) }
    }

    /// Takes `"name":`.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"', "a member name in quotes is expected")?;
        let key = self.string()?;
        self.expect(b':', "a colon is expected after a member name")?;
        Ok(key)
    }

    /// After a member or item: true if another follows, false if `end` closes.
    pub(super) fn another(&mut self, end: u8) -> Result<bool, JsonError> {
        if self.take(b',') {
            return Ok(true);
        }
        self.expect(end, "a comma or the end of the object or array is expected")?;
        Ok(false)
    }

    pub(super) fn value(&mut self, depth: usize) -> Result<Node<'a>, JsonError> {
        self.blanks();
        match self.peek() {
            Some(b'"') => {
                self.place += 1;
                Ok(Node::String(self.string()?))
            }
            Some(b'{') => self.object(self.deeper(depth)?),
            Some(b'[') => self.array(self.deeper(depth)?),
            Some(b'-' | b'0'..=b'9') => Ok(Node::Number(Cow::Borrowed(self.number()?))),
            _ => self.word(),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonError> {
        // As in serde_json, 127 levels may be open at once.
        if depth + 1 >= MAXIMUM_DEPTH {
            return Err(self.fault("objects and arrays nest more than 127 deep"));
        }
        Ok(depth + 1)
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, JsonError> {
        let mut object = Object {
            line: self.line,
            members: Vec::new(),
        };
        self.place += 1;
        if self.take(b'}') {
            return Ok(Node::Object(object));
        }
        loop {
            let key = self.key()?;
            object.members.push((key, self.value(depth)?));
            if !self.another(b'}')? {
                return Ok(Node::Object(object));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node<'a>, JsonError> {
        self.place += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Node::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if !self.another(b']')? {
                return Ok(Node::Array(items));
            }
        }
    }

    fn word(&mut self) -> Result<Node<'a>, JsonError> {
        for (word, node) in [
            ("true", Node::Boolean(true)),
            ("false", Node::Boolean(false)),
            ("null", Node::Null),
        ] {
            if self.bytes[self.place..].starts_with(word.as_bytes()) {
                self.place += word.len();
                return Ok(node);
            }
        }
        let rest = &self.bytes[self.place..];
        let cut = [&b"true"[..], b"false", b"null"].iter().any(|word| word.starts_with(rest));
        let mut error = self.fault("a JSON value is expected");
        error.at_end |= cut;
        Err(error)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.place;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.place += 1;
        }
        if self.place == start {
            return Err(self.fault("a digit is expected"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.place;
        self.place += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.place += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.fault("a number may not begin with 0"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.place += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.place += 1;
            self.place += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(&self.text[start..self.place])
    }

    /// The rest of a string whose opening quote was taken.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.place;
        self.run()?;
        if self.peek() == Some(b'"') {
            let text = &self.text[start..self.place];
            self.place += 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut text = self.text[start..self.place].to_owned();
        loop {
            if self.peek() == Some(b'"') {
                self.place += 1;
                return Ok(Cow::Owned(text));
            }
            // `run` stopped at a quote or a backslash, and it was no quote.
            self.place += 1;
            text.push(self.escape()?);
            let start = self.place;
            self.run()?;
            text.push_str(&self.text[start..self.place]);
        }
    }

    /// Moves to the next quote or backslash: both ASCII, so always a character boundary.
    fn run(&mut self) -> Result<(), JsonError> {
        let rest = &self.bytes[self.place..];
        let stop = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        self.place += stop.unwrap_or(rest.len());
        match self.peek() {
            None => Err(self.fault("a string has no closing quote")),
            Some(0..=0x1f) => Err(self.fault("a control character inside a string; escape it")),
            Some(_) => Ok(()),
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let escaped = self.peek();
        self.place += usize::from(escaped.is_some());
        Ok(match escaped {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.fault("an escape that JSON does not have")),
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hexadecimal()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.fault("an escape that is no character"));
        }
        if self.bytes[self.place..].starts_with(b"\\u") {
            self.place += 2;
            let second = self.hexadecimal()?;
            if first < 0xdc00 && (0xdc00..0xe000).contains(&second) {
                let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return char::from_u32(joined).ok_or_else(|| self.fault("an escape that is no character"));
            }
        }
        Err(self.fault("half of a surrogate pair"))
    }

    fn hexadecimal(&mut self) -> Result<u32, JsonError> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            number = number * 16 + digit.ok_or_else(|| self.fault("four hexadecimal digits are expected after \\u"))?;
            self.place += 1;
        }
        Ok(number)
    }

    /// Walks over a value, checking no more than is needed to find its end.
    pub(super) fn skip(&mut self) -> Result<(), JsonError> {
        let mut open = 0usize;
        loop {
            self.blanks();
            match self.peek() {
                None => return Err(self.fault("the text ends inside a value")),
                Some(b'"') => {
                    self.place += 1;
                    self.skip_string()?;
                }
                Some(b'{' | b'[') => {
                    self.place += 1;
                    open += 1;
                }
                Some(b'}' | b']') if open > 0 => {
                    self.place += 1;
                    open -= 1;
                }
                Some(b',' | b':') if open > 0 => {
                    self.place += 1;
                    continue;
                }
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                }
                Some(_) => {
                    self.word()?;
                }
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), JsonError> {
        loop {
            self.run()?;
            if self.peek() == Some(b'"') {
                self.place += 1;
                return Ok(());
            }
            // A backslash; what it escapes matters only if it is a quote or another backslash.
            self.place += 1;
            if self.peek().is_none() {
                return Err(self.fault("a string has no closing quote"));
            }
            self.place += usize::from(matches!(self.peek(), Some(b'"' | b'\\')));
        }
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
            ("{\n \"a\": tru}", (2, 7)),
            ("[1,]", (1, 4)),
            ("[01]", (1, 3)),
            ("\"\\ud800\"", (1, 8)),
            ("{\"a\":1} x", (1, 9)),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!((error.line, error.column), place, "{text}: {error}");
        }
        assert!(parse(b"[\"\xff\"]").is_err());
        assert!(parse(b"{\"a\": [1, 2").unwrap_err().at_end);
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
            let mut walker = Parser::new(&text, 1);
            walker.skip().unwrap();
            walker.blanks();
            prop_assert_eq!(walker.place, walker.bytes.len());
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
            let _ = parse(&bytes);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = Parser::new(text, 1).skip();
            }
        }
    }
}

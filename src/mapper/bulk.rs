//! Lines of JSON in, lines of JSON out: the mapper as the bulk service runs it.
//!
//! One object a line with the roles as keys ([`KEYS`]); one answer for each line, in the order of the lines. A line that
//! cannot be read is answered in its place, with line and column. Equal tuples are mapped once, and memory is bounded:
//! by the lines of one block, the longest line, and the answers that are kept for repetition.
//!
//! It knows no socket: bytes are fed, and answers taken, by whoever has them.

use super::distinct::{Distinct, add_field};
use super::explain::{candidate_value, shown, value};
use super::item::{Role, SourceItem};
use super::outcome::Outcome;
use super::resolve::{Ask, Mapper};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The keys of a line: `id` is given back as it came, the others are roles.
pub const KEYS: [&str; 10] = [
    "id", "code", "system", "name", "specimen", "unit", "section", "strength", "form", "route",
];

/// How lines are mapped.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOptions {
    /// What is asked of the mapper.
    pub ask: Ask,
    /// Candidates to write beside the target; 0 for none.
    pub candidates: usize,
    /// Code system of codes whose line names none.
    pub code_system: Option<String>,
    /// Bytes of answers that are kept for lines that come again.
    pub kept_bytes: usize,
}

/// A line of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes; `None` where there were too many.
    pub bytes: Option<Vec<u8>>,
}

/// Cuts bytes into lines. A line that is too long is not kept.
#[derive(Debug)]
pub struct Lines {
    longest: usize,
    number: u64,
    open: Vec<u8>,
    overlong: bool,
    ready: VecDeque<Line>,
    ready_bytes: usize,
}

impl Lines {
    /// Lines of at most so many bytes.
    pub fn new(longest: usize) -> Self {
        Self {
            longest,
            number: 0,
            open: Vec::new(),
            overlong: false,
            ready: VecDeque::new(),
            ready_bytes: 0,
        }
    }

    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        if let Some(first) = parts.next() {
            self.append(first);
        }
        for part in parts {
            self.close();
            self.append(part);
        }
    }

    /// Takes what stands after the last line feed as a line too.
    pub fn finish(&mut self) {
        if self.overlong || !self.open.is_empty() {
            self.close();
        }
    }

    fn append(&mut self, part: &[u8]) {
        if self.open.len() + part.len() > self.longest {
            self.overlong = true;
            self.open = Vec::new();
        }
        if !self.overlong {
            self.open.extend_from_slice(part);
        }
    }

    fn close(&mut self) {
        self.number += 1;
        let bytes = std::mem::take(&mut self.open);
        let overlong = std::mem::take(&mut self.overlong);
        // A blank line is nothing to answer.
        if overlong || !bytes.iter().all(u8::is_ascii_whitespace) {
            self.ready_bytes += bytes.len();
            self.ready.push_back(Line {
                number: self.number,
                bytes: (!overlong).then_some(bytes),
            });
        }
    }

    /// Lines that wait.
    pub fn waiting(&self) -> usize {
        self.ready.len()
    }

    /// Bytes of the lines that wait.
    pub fn waiting_bytes(&self) -> usize {
        self.ready_bytes
    }

    /// The number of the line that is being received.
    pub fn current(&self) -> u64 {
        self.number + 1
    }

    /// Takes the first lines, at most so many.
    pub fn take(&mut self, most: usize) -> Vec<Line> {
        let taken: Vec<Line> = self.ready.drain(..most.min(self.ready.len())).collect();
        self.ready_bytes -= taken
            .iter()
            .filter_map(|line| line.bytes.as_ref())
            .map(Vec::len)
            .sum::<usize>();
        taken
    }
}

/// A line, understood: what is to be given back, and what is to be mapped or what is wrong.
struct Read<'l> {
    number: u64,
    id: Option<&'l RawValue>,
    source: Result<SourceItem, String>,
}

/// Maps lines to one target.
pub struct Bulk {
    mapper: Arc<Mapper>,
    options: BulkOptions,
    longest: usize,
    known: Distinct<Box<str>>,
    known_bytes: usize,
}

impl Bulk {
    /// Lines of at most `longest` bytes, to the target of a mapper.
    pub fn new(mapper: Arc<Mapper>, options: BulkOptions, longest: usize) -> Self {
        Self {
            mapper,
            options,
            longest,
            known: Distinct::default(),
            known_bytes: 0,
        }
    }

    /// The answers for a block of lines, a line each.
    pub fn answer(&mut self, lines: &[Line]) -> Vec<u8> {
        if self.known_bytes + self.known.key_bytes() > self.options.kept_bytes {
            self.known.clear();
            self.known_bytes = 0;
        }
        let read: Vec<Read<'_>> = lines.iter().map(|line| self.read(line)).collect();
        let (mapper, options) = (&self.mapper, &self.options);
        let bytes = &mut self.known_bytes;
        let numbers = self.known.place(
            &read,
            |line, key| write_key(line, key),
            |line| line.source.as_ref().ok().map(|item| answer_text(mapper, options, item)),
            |text| {
                let text = text.unwrap_or_default().into_boxed_str();
                *bytes += text.len();
                text
            },
        );
        let mut written = Vec::new();
        for (line, number) in read.iter().zip(numbers) {
            let known = number.and_then(|number| self.known.get(number));
            let rest = match (&line.source, known) {
                (Ok(_), Some(known)) => Cow::Borrowed(&**known),
                (Ok(_), None) => Cow::Owned(fault_text("")),
                (Err(fault), _) => Cow::Owned(fault_text(fault)),
            };
            write_line(&mut written, line.id, line.number, &rest);
        }
        written
    }

    fn read<'l>(&self, line: &'l Line) -> Read<'l> {
        let number = line.number;
        let mut read = Read {
            number,
            id: None,
            source: Err(String::new()),
        };
        read.source = match &line.bytes {
            None => Err(format!(
                "line {number} is longer than the {} bytes that are read; leave out what is no role",
                self.longest
            )),
            Some(bytes) => self.read_object(number, bytes, &mut read.id),
        };
        read
    }

    fn read_object<'l>(&self, number: u64, bytes: &'l [u8], id: &mut Option<&'l RawValue>) -> Result<SourceItem, String> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| format!("line {number}, column {}: the text is not UTF-8", error.valid_up_to() + 1))?;
        let fields: BTreeMap<Cow<'l, str>, &'l RawValue> = serde_json::from_str::<Fields<'l>>(text)
            .map_err(|error| format!("line {number}, column {}: {}", error.column(), reason(&error)))?
            .0;
        *id = fields.get("id").copied().filter(|id| !id.get().starts_with(['{', '[']));
        let mut item = SourceItem::default();
        for (key, raw) in &fields {
            let column = raw.get().as_ptr() as usize - text.as_ptr() as usize + 1;
            if !KEYS.contains(&key.as_ref()) {
                return Err(format!(
                    "line {number}, column {column}: {key:?} is no key; the keys are {}",
                    KEYS.join(", ")
                ));
            }
            let value = scalar(raw)
                .ok_or_else(|| format!("line {number}, column {column}: the value of {key:?} must be a text or a number"))?;
            if let Some(role) = Role::parse(key) {
                item.set(role, &value);
            }
        }
        if item.is_empty() {
            return Err(format!("line {number}: there is neither a \"code\" nor a \"name\" to map"));
        }
        if item.get(Role::System).is_empty()
            && !item.get(Role::Code).is_empty()
            && let Some(system) = &self.options.code_system
        {
            item.set(Role::System, system);
        }
        Ok(item)
    }
}

/// The fields of an object; one that comes twice is an error.
struct Fields<'l>(BTreeMap<Cow<'l, str>, &'l RawValue>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    if fields.contains_key(&key) {
                        return Err(serde::de::Error::custom(format!("the key {key:?} comes twice")));
                    }
                    fields.insert(key, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'l>(#[serde(borrow)] Cow<'l, str>);

/// The message without the place, which is said better.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Text as it reads, a number as it is written, nothing for null.
fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Key<'_>>(text).ok().map(|Key(text)| text),
        Some(b'-' | b'0'..=b'9') => Some(Cow::Borrowed(text)),
        Some(b'n') => Some(Cow::Borrowed("")),
        _ => None,
    }
}

fn write_key(line: &Read<'_>, key: &mut String) -> bool {
    let Ok(item) = &line.source else { return false };
    for role in Role::ALL {
        add_field(key, item.get(role));
    }
    true
}

fn answer_text(mapper: &Mapper, options: &BulkOptions, item: &SourceItem) -> String {
    let outcome = mapper.answer(item, options.ask);
    inner(&Value::Object(answer_object(&outcome, mapper.target_url(), options)))
}

fn fault_text(reason: &str) -> String {
    let mut object = Map::new();
    object.insert("status".into(), super::Status::Invalid.as_str().into());
    object.insert("reason".into(), reason.into());
    inner(&Value::Object(object))
}

/// An answer, without what is the line's own. The names are those of the columns of a mapped table.
fn answer_object(outcome: &Outcome, system: &str, options: &BulkOptions) -> Map<String, Value> {
    let mut object = Map::new();
    if let Some(target) = outcome.target() {
        object.insert("target_system".into(), system.into());
        object.insert("target_code".into(), target.code.as_str().into());
        object.insert("target_display".into(), target.display.as_str().into());
        object.insert("relationship".into(), target.relationship.as_str().into());
        object.insert("probability".into(), shown(target.probability).into());
        object.insert("match_type".into(), target.match_type.as_str().into());
    }
    object.insert("status".into(), outcome.status.as_str().into());
    object.insert("reason".into(), outcome.reason.as_str().into());
    if options.candidates > 0 {
        let plain = outcome
            .candidates
            .iter()
            .take(options.candidates)
            .cloned()
            .map(|mut candidate| {
                candidate.explanation = None;
                candidate_value(&candidate)
            });
        object.insert("candidates".into(), plain.collect());
    }
    if options.ask.explain {
        object.insert("explanation".into(), value(outcome, options.candidates.max(1)));
    }
    object
}

/// The text of an object without its braces.
fn inner(object: &Value) -> String {
    let text = object.to_string();
    let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    text.unwrap_or_default().to_owned()
}

fn write_line(written: &mut Vec<u8>, id: Option<&RawValue>, number: u64, rest: &str) {
    written.push(b'{');
    if let Some(id) = id {
        written.extend_from_slice(b"\"id\":");
        written.extend_from_slice(id.get().as_bytes());
        written.push(b',');
    }
    written.extend_from_slice(format!("\"line\":{number},").as_bytes());
    written.extend_from_slice(rest.as_bytes());
    written.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::tests::{fixture, item, options};
    use proptest::prelude::*;

    fn bulk(candidates: usize, explain: bool, kept_bytes: usize) -> Bulk {
        let ask = Ask {
            keep: candidates.max(1),
            explain,
            ..Ask::default()
        };
        let options_ = BulkOptions {
            ask,
            candidates,
            code_system: Some("loinc".into()),
            kept_bytes,
        };
        Bulk::new(Arc::new(Mapper::new(&options(), &fixture()).unwrap()), options_, 200)
    }

    fn answers(bulk: &mut Bulk, text: &[u8]) -> Vec<Value> {
        let mut lines = Lines::new(200);
        lines.feed(text);
        lines.finish();
        let answer = bulk.answer(&lines.take(usize::MAX));
        let answer = String::from_utf8(answer).unwrap();
        answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn lines_are_answered_in_order_with_their_ids() {
        let text = br#"{"id":"a","name":"Zorvin","specimen":"Urine","unit":"mg/dL"}

{"id":7,"code":"9100017"}
{"name":"xyzzy"}
{"id":"a","name":"Zorvin","specimen":"Urine","unit":"mg/dL"}"#;
        let found = answers(&mut bulk(2, true, 1 << 20), text);
        assert_eq!(found.len(), 4);
        assert_eq!(
            (&found[0]["id"], &found[0]["line"], &found[0]["target_code"]),
            (&"a".into(), &1.into(), &"910003-3".into())
        );
        assert_eq!(
            (&found[1]["id"], &found[1]["line"], &found[1]["target_code"]),
            (&7.into(), &3.into(), &"910001-7".into())
        );
        assert_eq!(found[2]["status"], "unmapped");
        assert_eq!(found[0]["candidates"].as_array().unwrap().len(), 2);
        assert!(found[0]["candidates"][0]["explanation"].is_null());
        assert_eq!(
            found[0]["explanation"]["candidates"][0]["explanation"]["words_matched"][0],
            "zorvin"
        );
        let mut again = found[3].clone();
        again["line"] = 1.into();
        assert_eq!(found[0], again);
    }

    #[test]
    fn what_cannot_be_read_is_answered_in_its_place() {
        let long = format!("{{\"name\":\"{}\"}}", "x".repeat(300));
        let text = format!(
            "{{\"name\":\"WBC\"}}\n{{\"name\": }}\n[]\n{{\"nmae\":\"WBC\"}}\n{{\"id\":9,\"name\":[1]}}\n{long}\n{{}}\n{{\"name\":\"a\",\"name\":\"b\"}}\n5"
        );
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(b"\n\"\xff\"\n{\"name\":\"WBC\"}");
        let found = answers(&mut bulk(0, false, 1 << 20), &bytes);
        let reasons: Vec<&str> = found.iter().map(|answer| answer["reason"].as_str().unwrap()).collect();
        for (place, expected) in [
            (1, "line 2, column 10: expected value"),
            (2, "line 3, column 0: invalid type: sequence, expected a JSON object"),
            (3, "line 4, column 9: \"nmae\" is no key; the keys are id, code"),
            (4, "line 5, column 16: the value of \"name\" must be a text or a number"),
            (5, "line 6 is longer than the 200 bytes"),
            (6, "line 7: there is neither"),
            (7, "line 8, column"),
            (8, "line 9, column"),
            (9, "line 10, column 2: the text is not UTF-8"),
        ] {
            assert!(reasons[place].starts_with(expected), "{}", reasons[place]);
            assert_eq!(found[place]["status"], "invalid");
        }
        assert_eq!(found[4]["id"], 9);
        assert_eq!((found.len(), &found[10]["target_code"]), (11, &found[0]["target_code"]));
    }

    #[test]
    fn forgetting_changes_no_answer() {
        let text = b"{\"name\":\"Zorvin\"}\n{\"name\":\"WBC\"}\n{\"name\":\"Zorvin\"}\n".repeat(3);
        let (mut forgetful, mut patient) = (bulk(1, false, 0), bulk(1, false, 1 << 20));
        for _ in 0..3 {
            assert_eq!(answers(&mut forgetful, &text), answers(&mut patient, &text));
        }
        assert_eq!(patient.known.len(), 2);
    }

    #[test]
    fn a_line_says_what_the_mapper_says() {
        let source = item(&[(Role::Name, "Zorvin"), (Role::Unit, "mg/dL")]);
        let outcome = Mapper::new(&options(), &fixture()).unwrap().map_one(&source);
        let found = answers(&mut bulk(3, false, 0), br#"{"name":"Zorvin","unit":"mg/dL"}"#);
        for (place, candidate) in outcome.candidates.iter().take(3).enumerate() {
            assert_eq!(found[0]["candidates"][place]["probability"], shown(candidate.probability));
            assert_eq!(found[0]["candidates"][place]["code"], candidate.code.as_str());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn lines_do_not_depend_on_how_bytes_arrive(text in "[a\\n ]{0,80}", cuts in proptest::collection::vec(0usize..80, 0..6)) {
            let mut whole = Lines::new(5);
            whole.feed(text.as_bytes());
            whole.finish();
            let mut cut = Lines::new(5);
            let mut places: Vec<usize> = cuts.into_iter().map(|at| at.min(text.len())).collect();
            places.sort_unstable();
            let mut from = 0;
            for to in places {
                cut.feed(&text.as_bytes()[from..to]);
                from = to;
            }
            cut.feed(&text.as_bytes()[from..]);
            cut.finish();
            prop_assert_eq!(cut.take(usize::MAX), whole.take(usize::MAX));
            prop_assert_eq!(cut.waiting_bytes(), 0);
        }

        #[test]
        fn any_bytes_give_one_answer_for_each_line_that_is_not_blank(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let found = answers(&mut bulk(1, true, 100), &bytes);
            let blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
            let expected = bytes.split(|byte| *byte == b'\n').filter(|line| !blank(line)).count();
            prop_assert_eq!(found.len(), expected);
        }
    }
}

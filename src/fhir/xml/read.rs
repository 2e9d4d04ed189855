//! From XML to the tree: names become members, repeated elements arrays, attributes values of their types.

use super::definitions::{Shape, Type};
use super::{FHIR, XHTML};
use crate::fhir::FhirVersion;
use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use tern_loaders::xml::entity;

/// As deep as JSON may be: what is read here is written and read again as JSON elsewhere.
const DEEPEST: usize = 120;
/// FHIR has three; the rest is for namespaces. More would cost a reader the square of their number.
const ATTRIBUTES: usize = 32;
/// Namespace declarations that may be in force at once, for the same reason.
const NAMESPACES: usize = 64;

/// Why XML is no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not FHIR XML: {message} (line {line}, column {column})")]
pub struct XmlError {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// The element, outermost first, where there is one.
    pub place: String,
}

impl XmlError {
    /// The same, inside another element.
    fn within(mut self, name: &str) -> Self {
        self.place = match self.place.is_empty() {
            true => name.to_owned(),
            false => format!("{name}.{}", self.place),
        };
        self
    }
}

/// Reads one resource.
pub fn read(text: &str, version: FhirVersion) -> Result<Value, XmlError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut reader = Reader {
        text,
        reader,
        version,
        before: 0,
        namespaces: 0,
    };
    let resource = match reader.next()? {
        Token::Start(start, Space::Fhir) => reader.resource(&start, 1)?,
        Token::Start(start, _) => {
            let message = format!(
                "<{}> is not in FHIR's namespace; add xmlns=\"{FHIR}\"",
                start.local_name().as_ref()
            );
            return Err(reader.fault(message));
        }
        Token::End | Token::Eof => return Err(reader.fault("there is no element".to_owned())),
    };
    match reader.next()? {
        Token::Eof => Ok(resource),
        _ => Err(reader.fault("there is something behind the resource; send one".to_owned())),
    }
}

struct Reader<'t> {
    text: &'t str,
    reader: NsReader<&'t [u8]>,
    version: FhirVersion,
    /// Where the last event starts.
    before: usize,
    /// Namespace declarations in force.
    namespaces: usize,
}

/// A value and what JSON writes beside it: id and extensions.
type Primitive = (Option<Value>, Option<Map<String, Value>>);

enum Token<'t> {
    Start(BytesStart<'t>, Space),
    End,
    Eof,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Fhir,
    Xhtml,
    Other,
}

impl<'t> Reader<'t> {
    fn fault(&self, message: String) -> XmlError {
        let (line, column) = position(self.text, self.before);
        XmlError {
            message,
            line,
            column,
            place: String::new(),
        }
    }

    fn offset(&self) -> usize {
        // An offset into a text in memory.
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn event(&mut self) -> Result<(Space, Event<'t>), XmlError> {
        self.before = self.offset();
        match self.reader.read_resolved_event() {
            Ok((namespace, event)) => {
                let space = match () {
                    () if is_in(&namespace, FHIR) => Space::Fhir,
                    () if is_in(&namespace, XHTML) => Space::Xhtml,
                    () => Space::Other,
                };
                Ok((space, event))
            }
            Err(error) => {
                self.before = usize::try_from(self.reader.error_position()).unwrap_or(self.before);
                Err(self.fault(format!("it is not well-formed: {error}")))
            }
        }
    }

    /// The next tag. FHIR has text in narrative only.
    fn next(&mut self) -> Result<Token<'t>, XmlError> {
        loop {
            let (space, event) = self.event()?;
            match event {
                Event::Start(start) => return Ok(Token::Start(start, space)),
                Event::End(_) => return Ok(Token::End),
                Event::Eof => return Ok(Token::Eof),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Text(text) if text.chars().all(|letter| matches!(letter, ' ' | '\t' | '\r' | '\n')) => {}
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().and_then(Result::ok).unwrap_or(Cow::Borrowed("UTF-8"));
                    let known = ["utf-8", "utf8", "us-ascii"];
                    if !known.contains(&encoding.to_ascii_lowercase().as_str()) {
                        return Err(self.fault(format!("its encoding is '{encoding}'; send UTF-8")));
                    }
                }
                Event::DocType(_) => return Err(self.fault("FHIR allows no DOCTYPE; leave it out".to_owned())),
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Empty(_) => {
                    return Err(self.fault("there is text where FHIR has elements only".to_owned()));
                }
            }
        }
    }

    /// Attributes without those of namespaces and of other vocabularies. What they declare is in force until
    /// `namespaces` is set back.
    fn attributes(&mut self, start: &BytesStart<'t>) -> Result<Vec<(String, String)>, XmlError> {
        let mut found: Vec<(String, String)> = Vec::new();
        for (number, attribute) in start.attributes().with_checks(false).enumerate() {
            let attribute = attribute.map_err(|error| self.fault(format!("it is not well-formed: {error}")))?;
            let name = attribute.key.0;
            if name == "xmlns" || name.starts_with("xmlns:") {
                self.namespaces += 1;
            }
            if number >= ATTRIBUTES || self.namespaces > NAMESPACES {
                return Err(self.fault("an element has too many attributes".to_owned()));
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let value = value.map_err(|error| self.fault(format!("the attribute '{name}' is not well-formed: {error}")))?;
            if name == "xmlns" || name.contains(':') {
                continue;
            }
            if found.iter().any(|(other, _)| other == name) {
                return Err(self.fault(format!("the attribute '{name}' is given twice")));
            }
            found.push((name.to_owned(), value.into_owned()));
        }
        Ok(found)
    }

    fn resource(&mut self, start: &BytesStart<'t>, depth: usize) -> Result<Value, XmlError> {
        let name = start.local_name().as_ref().to_owned();
        let Some(own) = Type::resource(&name, self.version) else {
            return Err(self.fault(format!("FHIR {} has no resource type '{name}'", self.version.short())));
        };
        let outer = self.namespaces;
        if let Some((attribute, _)) = self.attributes(start)?.first() {
            return Err(self.fault(format!("a resource has no attribute '{attribute}'")).within(&name));
        }
        let mut object = Map::new();
        object.insert("resourceType".into(), own.name().into());
        self.children(own, &mut object, depth).map_err(|error| error.within(&name))?;
        self.namespaces = outer;
        Ok(object.into())
    }

    fn complex(&mut self, own: Type, start: &BytesStart<'t>, depth: usize) -> Result<Map<String, Value>, XmlError> {
        let mut object = Map::new();
        let outer = self.namespaces;
        for (name, value) in self.attributes(start)? {
            match own.element(&name) {
                Some(place) if place.attribute => object.insert(name, value.into()),
                _ => return Err(self.fault(format!("it has no attribute '{name}'"))),
            };
        }
        self.children(own, &mut object, depth)?;
        self.namespaces = outer;
        Ok(object)
    }

    /// Elements up to the end tag.
    fn children(&mut self, own: Type, object: &mut Map<String, Value>, depth: usize) -> Result<(), XmlError> {
        if depth > DEEPEST {
            return Err(self.fault(format!("it is nested more deeply than {DEEPEST} levels")));
        }
        loop {
            let (start, space) = match self.next()? {
                Token::Start(start, space) => (start, space),
                Token::End => break,
                Token::Eof => return Err(self.fault("it ends inside an element".to_owned())),
            };
            let name = start.local_name().as_ref().to_owned();
            let read = self.child(own, &name, (&start, space), object, depth);
            read.map_err(|error| error.within(&name))?;
        }
        drop_empty_lists(object);
        Ok(())
    }

    fn child(
        &mut self,
        own: Type,
        name: &str,
        (start, space): (&BytesStart<'t>, Space),
        object: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), XmlError> {
        let Some(place) = own.element(name).filter(|place| !place.attribute) else {
            return Err(self.fault(format!("'{}' has no element '{name}'", own.name())));
        };
        let expected = match place.shape {
            Shape::Xhtml => Space::Xhtml,
            _ => Space::Fhir,
        };
        if space != expected {
            return Err(self.fault(format!("<{name}> is in another namespace than it must be")));
        }
        if !place.repeats && (object.contains_key(name) || object.contains_key(&format!("_{name}"))) {
            return Err(self.fault("it may be given only once".to_owned()));
        }
        let depth = depth + 1 + usize::from(place.repeats);
        let value = match place.shape {
            Shape::Xhtml => self.narrative(start)?.into(),
            Shape::Resource => self.wrapped(start, depth)?,
            Shape::Complex(inner) => self.complex(inner, start, depth)?.into(),
            shape => {
                let (value, companion) = self.primitive(shape, start, depth)?;
                if place.repeats {
                    push(object, name, value.unwrap_or(Value::Null));
                    push(object, &format!("_{name}"), companion.map_or(Value::Null, Value::Object));
                } else {
                    object.extend(value.map(|value| (name.to_owned(), value)));
                    object.extend(companion.map(|companion| (format!("_{name}"), companion.into())));
                }
                return Ok(());
            }
        };
        match place.repeats {
            true => push(object, name, value),
            false => {
                object.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// A resource inside the element that holds it.
    fn wrapped(&mut self, start: &BytesStart<'t>, depth: usize) -> Result<Value, XmlError> {
        let outer = self.namespaces;
        if let Some((attribute, _)) = self.attributes(start)?.first() {
            return Err(self.fault(format!("it has no attribute '{attribute}'")));
        }
        let resource = match self.next()? {
            Token::Start(start, Space::Fhir) => self.resource(&start, depth)?,
            _ => return Err(self.fault("it must hold a resource".to_owned())),
        };
        match self.next()? {
            Token::End => {
                self.namespaces = outer;
                Ok(resource)
            }
            _ => Err(self.fault("it may hold only one resource".to_owned())),
        }
    }

    fn primitive(&mut self, shape: Shape, start: &BytesStart<'t>, depth: usize) -> Result<Primitive, XmlError> {
        let (mut value, mut companion) = (None, Map::new());
        let outer = self.namespaces;
        for (name, text) in self.attributes(start)? {
            match name.as_str() {
                "value" => value = Some(self.typed(shape, text)?),
                "id" => {
                    companion.insert(name, text.into());
                }
                _ => return Err(self.fault(format!("it has no attribute '{name}'"))),
            }
        }
        if let Some(own) = Type::of_primitives(self.version) {
            self.children(own, &mut companion, depth)?;
        }
        self.namespaces = outer;
        if value.is_none() && companion.is_empty() {
            return Err(self.fault("it has neither a value nor an extension".to_owned()));
        }
        Ok((value, Some(companion).filter(|companion| !companion.is_empty())))
    }

    fn typed(&self, shape: Shape, text: String) -> Result<Value, XmlError> {
        let wrong = |expected: &str| self.fault(format!("'{text}' is not {expected}"));
        match shape {
            Shape::Boolean => match text.as_str() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err(wrong("true or false")),
            },
            Shape::Integer => text.parse::<i64>().map(Value::from).map_err(|_| wrong("a whole number")),
            Shape::Decimal => number(&text).map(Value::Number).ok_or_else(|| wrong("a decimal number")),
            _ => Ok(text.into()),
        }
    }

    /// The text of a narrative as it stands there, so that not a blank changes. Only a prefix is taken away: what is
    /// inside must not depend on what is outside.
    fn narrative(&mut self, start: &BytesStart<'t>) -> Result<String, XmlError> {
        let outer = self.namespaces;
        let declared = self.narrative_tag(start)?;
        let mut text = String::new();
        self.copy_tag(start, if declared { None } else { Some(XHTML) }, &mut text);
        let mut depth = 1_usize;
        while depth > 0 {
            let (_, event) = self.event()?;
            let raw = self.text.get(self.before..self.offset()).unwrap_or_default();
            match event {
                Event::Start(inner) => {
                    depth += 1;
                    if depth > DEEPEST {
                        return Err(self.fault(format!("the narrative is nested more deeply than {DEEPEST} levels")));
                    }
                    self.narrative_tag(&inner)?;
                    self.copy_tag(&inner, None, &mut text);
                }
                Event::End(end) => {
                    depth -= 1;
                    // Of an element without content both tags are one, which is copied already.
                    match end.name().prefix() {
                        Some(_) if !raw.is_empty() => text.push_str(&format!("</{}>", end.local_name().as_ref())),
                        _ => text.push_str(raw),
                    }
                }
                Event::GeneralRef(reference) if entity(&reference).is_none() => {
                    return Err(self.fault(format!("the entity '&{};' is none of XML; write the character", &*reference)));
                }
                Event::DocType(_) | Event::Decl(_) | Event::Eof => {
                    return Err(self.fault("the narrative has no end, or something that it may not have".to_owned()));
                }
                _ => text.push_str(raw),
            }
        }
        self.namespaces = outer;
        Ok(text)
    }

    /// Checks the attributes of a tag in a narrative, and says whether it declares its namespace without a prefix.
    fn narrative_tag(&mut self, start: &BytesStart<'t>) -> Result<bool, XmlError> {
        self.attributes(start)?;
        let mut attributes = start.attributes();
        let declares = attributes
            .with_checks(false)
            .flatten()
            .any(|attribute| attribute.key.0 == "xmlns");
        Ok(declares && start.name().prefix().is_none())
    }

    fn copy_tag(&self, start: &BytesStart<'t>, namespace: Option<&str>, text: &mut String) {
        let raw = self.text.get(self.before..self.offset()).unwrap_or_default();
        if namespace.is_none() && start.name().prefix().is_none() {
            text.push_str(raw);
            return;
        }
        text.push('<');
        text.push_str(start.local_name().as_ref());
        if let Some(namespace) = namespace {
            text.push_str(&format!(" xmlns=\"{namespace}\""));
        }
        text.push_str(start.attributes_raw().trim_end_matches('/').trim_end());
        text.push_str(if raw.ends_with("/>") { "/>" } else { ">" });
    }
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) {
    match object.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        _ => {
            object.insert(name.to_owned(), Value::Array(vec![value]));
        }
    }
}

/// Of a repeated primitive the values and their companions were kept beside each other; JSON has only those that
/// say something.
fn drop_empty_lists(object: &mut Map<String, Value>) {
    let says_nothing = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_null));
    if object.values().any(says_nothing) {
        object.retain(|_, value| !says_nothing(value));
    }
}

/// A decimal as FHIR and JSON write it, with the zeros at its end: they say how precise it is.
fn number(text: &str) -> Option<Number> {
    serde_json::from_str(text).ok()
}

/// Whether a name is in a namespace.
pub(super) fn is_in(namespace: &ResolveResult<'_>, wanted: &str) -> bool {
    matches!(namespace, ResolveResult::Bound(Namespace(bound)) if *bound == wanted)
}

/// Whether attributes are few and well-formed.
pub(super) fn has_plain_attributes(start: &BytesStart<'_>) -> bool {
    let mut attributes = start.attributes();
    attributes.with_checks(false).enumerate().all(|(number, attribute)| {
        number < ATTRIBUTES && attribute.is_ok_and(|attribute| attribute.normalized_value(XmlVersion::Explicit1_0).is_ok())
    })
}

/// Line and column of an offset, from 1; columns count letters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before: &str = (0..=offset.min(text.len()))
        .rev()
        .find_map(|end| text.get(..end))
        .unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

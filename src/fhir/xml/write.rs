//! From the tree to XML: elements in the order of their definitions, primitives as attributes.

use super::definitions::{Place, Shape, Type};
use super::{FHIR, XHTML};
use crate::fhir::FhirVersion;
use quick_xml::events::Event;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A resource as XML. What the version does not define stands behind what it does, so that nothing is lost; what has
/// no name that XML could write is left out.
pub fn write(resource: &Value, version: FhirVersion, pretty: bool) -> String {
    let mut writer = Writer {
        text: String::from(r#"<?xml version="1.0" encoding="UTF-8"?>"#),
        version,
        pretty,
        depth: 0,
    };
    if let Value::Object(resource) = resource {
        writer.resource(resource, true);
    }
    if pretty {
        writer.text.push('\n');
    }
    writer.text
}

struct Writer {
    text: String,
    version: FhirVersion,
    pretty: bool,
    depth: usize,
}

/// An element with the id and extensions of its primitive.
#[derive(Clone, Copy)]
struct Member<'v> {
    name: &'v str,
    place: Option<Place>,
    value: Option<&'v Value>,
    companion: Option<&'v Value>,
}

impl Member<'_> {
    fn order(&self) -> usize {
        self.place.map_or(usize::MAX, |place| place.position)
    }

    fn is_attribute(&self) -> bool {
        self.place.is_some_and(|place| place.attribute)
    }
}

impl Writer {
    fn resource(&mut self, resource: &Map<String, Value>, outermost: bool) {
        let name = resource.get("resourceType").and_then(Value::as_str).unwrap_or("Resource");
        if !is_name(name) {
            return;
        }
        self.line();
        self.text.push('<');
        self.text.push_str(name);
        if outermost {
            self.attribute("xmlns", FHIR);
        }
        self.content(name, resource, Type::resource(name, self.version));
    }

    /// The rest of an element whose start tag is open: attributes, elements, end tag.
    fn content(&mut self, name: &str, object: &Map<String, Value>, own: Option<Type>) {
        let mut members = members(object, own);
        members.sort_by_key(Member::order);
        for member in members.iter().filter(|member| member.is_attribute()) {
            if let Some(value) = member.value.and_then(scalar) {
                self.attribute(member.name, &value);
            }
        }
        let start = self.text.len();
        self.text.push('>');
        self.depth += 1;
        for member in members.iter().filter(|member| !member.is_attribute()) {
            self.member(*member);
        }
        self.depth -= 1;
        self.close(name, start);
    }

    /// Ends an element; one without content ends where it starts.
    fn close(&mut self, name: &str, start: usize) {
        if self.text.len() == start + 1 {
            self.text.truncate(start);
            self.text.push_str("/>");
            return;
        }
        self.line();
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    fn member(&mut self, member: Member<'_>) {
        let lists = (member.value, member.companion);
        let ((Some(Value::Array(_)), _) | (_, Some(Value::Array(_)))) = lists else {
            return self.one(member);
        };
        let of = |list: Option<&Value>| list.and_then(Value::as_array).map_or(0, Vec::len);
        for position in 0..of(member.value).max(of(member.companion)) {
            self.one(Member {
                value: member.value.and_then(|list| list.get(position)),
                companion: member.companion.and_then(|list| list.get(position)),
                ..member
            });
        }
    }

    fn one(&mut self, member: Member<'_>) {
        let Member {
            name,
            place,
            value,
            companion,
        } = member;
        let shape = place.map(|place| place.shape);
        match (value, shape) {
            (Some(Value::String(narrative)), Some(Shape::Xhtml)) => self.narrative(name, narrative),
            (Some(Value::Object(resource)), shape)
                if !has_element_resource_type(shape) && resource.get("resourceType").is_some_and(Value::is_string) =>
            {
                self.open(name);
                let start = self.text.len();
                self.text.push('>');
                self.depth += 1;
                self.resource(resource, false);
                self.depth -= 1;
                self.close(name, start);
            }
            (Some(Value::Object(object)), shape) => {
                self.open(name);
                let own = match shape {
                    Some(Shape::Complex(own)) => Some(own),
                    _ => None,
                };
                self.content(name, object, own);
            }
            (value, _) => self.primitive(name, value, companion.and_then(Value::as_object)),
        }
    }

    fn primitive(&mut self, name: &str, value: Option<&Value>, companion: Option<&Map<String, Value>>) {
        let value = value.and_then(scalar);
        if value.is_none() && companion.is_none() {
            return;
        }
        self.open(name);
        if let Some(value) = value {
            self.attribute("value", &value);
        }
        match companion {
            Some(companion) => self.content(name, companion, Type::of_primitives(self.version)),
            None => self.text.push_str("/>"),
        }
    }

    /// Narrative goes in as it is if it is XML, and as the text that it is if not.
    fn narrative(&mut self, name: &str, narrative: &str) {
        self.line();
        let narrative = narrative.trim();
        if is_well_formed(narrative) {
            self.text.push_str(narrative);
            return;
        }
        // Many leave the namespace out.
        let named = narrative
            .strip_prefix("<div")
            .map(|rest| format!("<div xmlns=\"{XHTML}\"{rest}"));
        if let Some(named) = named.filter(|named| named.matches("xmlns").count() == 1 && is_well_formed(named)) {
            self.text.push_str(&named);
            return;
        }
        self.text.push('<');
        self.text.push_str(name);
        self.attribute("xmlns", XHTML);
        self.text.push('>');
        escape(narrative, &mut self.text);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    fn open(&mut self, name: &str) {
        self.line();
        self.text.push('<');
        self.text.push_str(name);
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        escape(value, &mut self.text);
        self.text.push('"');
    }

    fn line(&mut self) {
        if self.pretty {
            self.text.push('\n');
            for _ in 0..self.depth {
                self.text.push_str("  ");
            }
        }
    }
}

/// Whether what stands there is no resource but has an element of the name that tells resources their type
/// (`Subscription.filterBy` of R5).
fn has_element_resource_type(shape: Option<Shape>) -> bool {
    matches!(shape, Some(Shape::Complex(own)) if own.element("resourceType").is_some())
}

/// The elements of an object; a primitive and its companion are one.
fn members(object: &Map<String, Value>, own: Option<Type>) -> Vec<Member<'_>> {
    let mut members = Vec::with_capacity(object.len());
    let has_companions = object.keys().any(|key| key.starts_with('_'));
    for (key, value) in object {
        let (name, value, companion) = match key.strip_prefix('_') {
            Some(name) if object.contains_key(name) => continue,
            Some(name) => (name, None, Some(value)),
            None if has_companions => (key.as_str(), Some(value), object.get(&format!("_{key}"))),
            None => (key.as_str(), Some(value), None),
        };
        // Of resources it is their type; a few elements of R5 are called so, too.
        let is_type = name == "resourceType"
            && value.is_none_or(Value::is_string)
            && own.is_none_or(|own| own.element("resourceType").is_none());
        if !is_type && is_name(name) {
            let place = own.and_then(|own| own.element(name));
            members.push(Member {
                name,
                place,
                value,
                companion,
            });
        }
    }
    members
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        _ => None,
    }
}

/// Whether XML could have an element of this name; FHIR's names are ASCII.
fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

/// White space is escaped too: a parser would make blanks of it. What XML cannot say at all becomes the character
/// that stands for what cannot be shown; FHIR allows none of it in strings.
fn escape(text: &str, into: &mut String) {
    for letter in text.chars() {
        match letter {
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '&' => into.push_str("&amp;"),
            '"' => into.push_str("&quot;"),
            '\t' => into.push_str("&#9;"),
            '\n' => into.push_str("&#10;"),
            '\r' => into.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => into.push('\u{fffd}'),
            other => into.push(other),
        }
    }
}

/// A narrative that is nested more deeply is not looked through.
const DEEPEST: usize = 100;

/// Whether a narrative is one element `div` of XHTML that can stand inside another document as it is.
pub(super) fn is_well_formed(narrative: &str) -> bool {
    let mut reader = quick_xml::NsReader::from_str(narrative.trim());
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut ended) = (0_usize, false);
    loop {
        let outside = depth == 0;
        let Ok((namespace, event)) = reader.read_resolved_event() else {
            return false;
        };
        let in_xhtml = super::read::is_in(&namespace, XHTML);
        match event {
            Event::Start(start) => {
                if depth > DEEPEST
                    || !super::read::has_plain_attributes(&start)
                    || outside && (ended || !in_xhtml || start.local_name().as_ref() != "div")
                {
                    return false;
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                ended = depth == 0;
            }
            Event::Eof => return ended && depth == 0,
            Event::GeneralRef(reference) if outside || tern_loaders::xml::entity(&reference).is_none() => return false,
            Event::Text(text) if outside && !text.trim().is_empty() => return false,
            Event::DocType(_) | Event::Decl(_) => return false,
            Event::CData(_) | Event::Comment(_) | Event::PI(_) if outside => return false,
            _ => {}
        }
    }
}

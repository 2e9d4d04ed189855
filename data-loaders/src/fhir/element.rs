//! Typed access to the elements of a resource, with faults that name the JSON path and line.
//!
//! A path is a chain of borrowed steps and costs nothing until a fault is written. Readers go on after a fault,
//! so that one look at a resource lists everything that is wrong with it.

use super::json::{Node, Object};
use std::borrow::Cow;
use std::fmt;
use tern_index::record::{At, Problem, ProblemKind, RecordSink, Stopped};

/// Something wrong in a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {}", problem.message)]
pub struct Fault {
    /// Where: `CodeSystem.concept[3].property[0].valueCode`.
    pub path: String,
    /// Line of the innermost object around it; 0 where it is not known.
    pub line: u32,
    /// What.
    pub problem: Problem,
}

impl Fault {
    /// Makes a fault of a whole resource.
    pub fn new(path: impl Into<String>, line: u32, kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line,
            problem: Problem::new(kind, message),
        }
    }

    /// Hands it to a sink, the path before the message.
    pub fn report(&self, file: u16, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let at = At {
            file,
            column: 0,
            line: self.line,
        };
        sink.problem(at, Problem::new(self.problem.kind, self.to_string()))
    }
}

/// A resource as read, with what was wrong in it. What is at fault is left out of the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<T> {
    /// What could be read.
    pub value: T,
    /// What could not, in document order.
    pub faults: Vec<Fault>,
}

impl<T> Parsed<T> {
    /// The value, or the first fault if there is any.
    pub fn strict(self) -> Result<T, Fault> {
        match self.faults.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(self.value),
        }
    }
}

/// A place in a resource.
#[derive(Debug, Clone, Copy)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    name: &'p str,
    index: Option<usize>,
}

impl<'p> Path<'p> {
    /// The beginning: a resource type, or any text that says where the resource is.
    pub fn root(name: &'p str) -> Self {
        Self {
            parent: None,
            name,
            index: None,
        }
    }

    /// An element below.
    pub fn field<'c>(&'c self, name: &'c str) -> Path<'c> {
        Path {
            parent: Some(self),
            name,
            index: None,
        }
    }

    /// An item of an array below.
    pub fn item<'c>(&'c self, name: &'c str, index: usize) -> Path<'c> {
        Path {
            parent: Some(self),
            name,
            index: Some(index),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// An object of a resource and the way to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'n, 'p> {
    pub(super) object: &'n Object<'n>,
    pub(super) path: Path<'p>,
}

impl<'n, 'p> Element<'n, 'p> {
    /// The resource at `path`, which must be of the given type.
    pub(super) fn resource(node: &'n Node<'n>, resource_type: &str, path: Path<'p>) -> Result<Self, Fault> {
        let Some(object) = node.as_object() else {
            let message = format!("a {resource_type} resource must be an object, this is {}", node.kind());
            return Err(Fault::new(path.to_string(), 0, ProblemKind::BadValue, message));
        };
        match object.get("resourceType").and_then(Node::as_str) {
            Some(found) if found == resource_type => Ok(Self { object, path }),
            found => {
                let found = found.unwrap_or("missing");
                let message = format!("resourceType must be {resource_type}, it is {found}");
                Err(Fault::new(path.to_string(), object.line, ProblemKind::BadValue, message))
            }
        }
    }

    fn value(&self, name: &str) -> Option<&'n Node<'n>> {
        self.object.get(name).filter(|node| !matches!(node, Node::Null))
    }

    /// A fault of the element itself.
    pub(super) fn fault(&self, kind: ProblemKind, message: impl Into<String>) -> Fault {
        Fault::new(self.path.to_string(), self.object.line, kind, message)
    }

    /// A fault of one of its fields.
    pub(super) fn fault_at(&self, name: &str, kind: ProblemKind, message: impl Into<String>) -> Fault {
        Fault::new(self.path.field(name).to_string(), self.object.line, kind, message)
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Node<'_>) -> Fault {
        self.fault_at(
            name,
            ProblemKind::BadValue,
            format!("must be {wanted}, it is {}", found.kind()),
        )
    }

    /// A string; an empty one, which FHIR forbids, counts as absent.
    pub(super) fn text(&self, name: &str, faults: &mut Vec<Fault>) -> Option<&'n str> {
        match self.value(name)? {
            Node::String(text) => Some(text.as_ref()).filter(|text| !text.is_empty()),
            other => {
                faults.push(self.wrong(name, "a string", other));
                None
            }
        }
    }

    /// A string, copied.
    pub(super) fn owned(&self, name: &str, faults: &mut Vec<Fault>) -> Option<String> {
        self.text(name, faults).map(str::to_owned)
    }

    /// The first of several elements that is there (`value[x]`, or the names of two FHIR versions).
    pub(super) fn first_of(&self, names: &[&str], faults: &mut Vec<Fault>) -> Option<&'n str> {
        names.iter().find_map(|name| self.text(name, faults))
    }

    /// A boolean.
    pub(super) fn boolean(&self, name: &str, faults: &mut Vec<Fault>) -> Option<bool> {
        match self.value(name)? {
            Node::Boolean(truth) => Some(*truth),
            other => {
                faults.push(self.wrong(name, "true or false", other));
                None
            }
        }
    }

    /// The text of a number.
    pub(super) fn number(&self, name: &str, faults: &mut Vec<Fault>) -> Option<&'n str> {
        match self.value(name)? {
            Node::Number(text) => Some(text),
            other => {
                faults.push(self.wrong(name, "a number", other));
                None
            }
        }
    }

    /// An object below.
    pub(super) fn child<'c>(&'c self, name: &'c str, faults: &mut Vec<Fault>) -> Option<Element<'n, 'c>> {
        match self.value(name)? {
            Node::Object(object) => Some(Element {
                object,
                path: self.path.field(name),
            }),
            other => {
                faults.push(self.wrong(name, "an object", other));
                None
            }
        }
    }

    /// The items of an array; nothing if it is absent.
    pub(super) fn items(&self, name: &str, faults: &mut Vec<Fault>) -> &'n [Node<'n>] {
        match self.value(name) {
            None => &[],
            Some(Node::Array(items)) => items,
            Some(other) => {
                faults.push(self.wrong(name, "an array", other));
                &[]
            }
        }
    }

    /// Every object of an array below.
    pub(super) fn each(&self, name: &str, faults: &mut Vec<Fault>, mut take: impl FnMut(Element<'n, '_>, &mut Vec<Fault>)) {
        for (index, node) in self.items(name, faults).iter().enumerate() {
            let path = self.path.item(name, index);
            match node {
                Node::Object(object) => take(Element { object, path }, faults),
                other => {
                    let message = format!("must be an object, it is {}", other.kind());
                    faults.push(Fault::new(path.to_string(), self.object.line, ProblemKind::BadValue, message));
                }
            }
        }
    }

    /// Every string of an array below.
    pub(super) fn texts(&self, name: &str, faults: &mut Vec<Fault>) -> Vec<&'n str> {
        let mut texts = Vec::new();
        for (index, node) in self.items(name, faults).iter().enumerate() {
            match node {
                Node::String(text) => texts.push(text.as_ref()),
                // A null stands for an item that has only extensions.
                Node::Null => {}
                other => {
                    let message = format!("must be a string, it is {}", other.kind());
                    let path = self.path.item(name, index).to_string();
                    faults.push(Fault::new(path, self.object.line, ProblemKind::BadValue, message));
                }
            }
        }
        texts
    }

    /// Extensions as the text of a JSON array.
    pub(super) fn extensions(&self, faults: &mut Vec<Fault>) -> Option<String> {
        match self.value("extension")? {
            Node::Array(items) if items.is_empty() => None,
            node @ Node::Array(_) => Some(node.to_text()),
            other => {
                faults.push(self.wrong("extension", "an array", other));
                None
            }
        }
    }

    /// A `Coding` below. One that has neither code nor system nor display counts as absent.
    pub(super) fn coding(&self, name: &str, faults: &mut Vec<Fault>) -> Option<tern_index::model::Coding> {
        let element = self.child(name, faults)?;
        let coding = tern_index::model::Coding {
            system: element.owned("system", faults),
            version: element.owned("version", faults),
            code: element.owned("code", faults).unwrap_or_default(),
            display: element.owned("display", faults),
        };
        let said = coding.system.is_some() || !coding.code.is_empty() || coding.display.is_some();
        said.then_some(coding)
    }

    /// Values of the identifiers: an array, or the single object of older resources.
    pub(super) fn identifiers(&self, faults: &mut Vec<Fault>) -> Vec<String> {
        let mut values = Vec::new();
        if let Some(Node::Object(_)) = self.value("identifier") {
            if let Some(single) = self.child("identifier", faults) {
                values.extend(single.owned("value", faults));
            }
            return values;
        }
        self.each("identifier", faults, |identifier, faults| {
            values.extend(identifier.owned("value", faults));
        });
        values
    }

    /// Finds the one `value[x]` of the element: its type suffix and its node.
    pub(super) fn value_x(&self) -> Option<(&'n str, &'n Node<'n>)> {
        self.object.members.iter().find_map(|(key, node)| {
            let suffix = key
                .strip_prefix("value")
                .filter(|suffix| suffix.starts_with(char::is_uppercase))?;
            // `valueSet` is an element of its own wherever it occurs.
            (suffix != "Set").then_some((suffix, node))
        })
    }
}

/// Copies optional text.
pub(super) fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// Shortens what a user wrote before it goes into a message.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(60) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

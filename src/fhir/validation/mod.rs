//! Whether a resource is what the standard says, with an issue for everything that is not, each at its place.
//!
//! What the readers of `tern-loaders` find is told as it is; the rules here are those that a loader can do without: required
//! elements, codes of fixed lists, invariants. It is no validator of profiles, and looks no further than the four types.

mod code_system;
mod concept_map;
mod naming_system;
mod value_set;

use super::FhirVersion;
use crate::service::period::Period;
use crate::service::{Issue, ResourceKind, Severity};
use tern_index::record::ProblemKind;
use tern_loaders::fhir::json::{Node, Object};
use tern_loaders::fhir::{Fault, Path};

/// Everything that is wrong or doubtful in a resource, in the order of the checks. The type has been looked at already.
pub fn validate(node: &Node<'_>, kind: ResourceKind, version: FhirVersion) -> Vec<Issue> {
    let Some(object) = node.as_object() else {
        return vec![issue(Severity::Error, "structure", "a resource is a JSON object", None, 0)];
    };
    let at = Place {
        object,
        path: Path::root(kind.as_str()),
    };
    let mut findings = Findings::default();
    findings.canonical_resource(&at, kind, version);
    match kind {
        ResourceKind::CodeSystem => code_system::check(node, &at, &mut findings),
        ResourceKind::ValueSet => value_set::check(node, &at, &mut findings),
        ResourceKind::ConceptMap => concept_map::check(node, &at, version, &mut findings),
        ResourceKind::NamingSystem => naming_system::check(node, &at, version, &mut findings),
    }
    findings.issues
}

/// Whether some issue is an error.
pub fn has_errors(issues: &[Issue]) -> bool {
    issues.iter().any(|issue| issue.severity == Severity::Error)
}

/// Whether a text may be the id of a resource.
pub fn is_id(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (1..=64).contains(&text.len()) && text.bytes().all(legal)
}

fn issue(severity: Severity, code: &'static str, text: impl Into<String>, expression: Option<String>, line: u32) -> Issue {
    Issue {
        severity,
        code,
        detail: None,
        message_id: None,
        text: text.into(),
        expression,
        diagnostics: (line > 0).then(|| format!("line {line}")),
    }
}

/// An object of the resource and the way to it.
#[derive(Clone, Copy)]
struct Place<'n, 'p> {
    object: &'n Object<'n>,
    path: Path<'p>,
}

impl<'n, 'p> Place<'n, 'p> {
    fn get(&self, name: &str) -> Option<&'n Node<'n>> {
        self.object.get(name).filter(|node| !matches!(node, Node::Null))
    }

    fn text(&self, name: &str) -> Option<&'n str> {
        self.get(name).and_then(Node::as_str).filter(|text| !text.is_empty())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn items(&self, name: &str) -> &'n [Node<'n>] {
        match self.get(name) {
            Some(Node::Array(items)) => items,
            _ => &[],
        }
    }

    /// The object below, if it is one.
    fn child<'c>(&'c self, name: &'c str) -> Option<Place<'n, 'c>> {
        let object = self.get(name)?.as_object()?;
        Some(Place {
            object,
            path: self.path.field(name),
        })
    }

    /// Every object of an array below; what is none is a fault that the readers tell.
    fn each(&self, name: &str, mut look: impl FnMut(Place<'n, '_>)) {
        for (index, node) in self.items(name).iter().enumerate() {
            if let Some(object) = node.as_object() {
                look(Place {
                    object,
                    path: self.path.item(name, index),
                });
            }
        }
    }
}

/// What has been found.
#[derive(Default)]
struct Findings {
    issues: Vec<Issue>,
}

impl Findings {
    /// What a reader found.
    fn faults(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            let code = match fault.problem.kind {
                ProblemKind::DuplicateKey => "duplicate",
                ProblemKind::UnknownReference => "not-found",
                ProblemKind::BadIdentifier => "required",
                _ => "value",
            };
            let text = format!("{}: {}", fault.path, fault.problem.message);
            self.issues
                .push(issue(Severity::Error, code, text, Some(fault.path), fault.line));
        }
    }

    fn say(&mut self, severity: Severity, code: &'static str, at: &Place<'_, '_>, field: Option<&str>, text: &str) {
        let path = match field {
            Some(field) => at.path.field(field).to_string(),
            None => at.path.to_string(),
        };
        let text = format!("{path}: {text}");
        self.issues.push(issue(severity, code, text, Some(path), at.object.line));
    }

    fn wrong(&mut self, code: &'static str, at: &Place<'_, '_>, field: &str, text: impl AsRef<str>) {
        self.say(Severity::Error, code, at, Some(field), text.as_ref());
    }

    fn doubtful(&mut self, at: &Place<'_, '_>, field: &str, text: impl AsRef<str>) {
        self.say(Severity::Warning, "business-rule", at, Some(field), text.as_ref());
    }

    /// A rule of the standard by its name.
    fn broken(&mut self, at: &Place<'_, '_>, rule: &str, text: &str) {
        self.say(Severity::Error, "invariant", at, None, &format!("{text} ({rule})"));
    }

    fn require(&mut self, at: &Place<'_, '_>, field: &str) {
        if !at.has(field) {
            self.wrong("required", at, field, "is required");
        }
    }

    /// A code of a list.
    fn code(&mut self, at: &Place<'_, '_>, field: &str, codes: &[&str]) {
        if let Some(code) = at.text(field).filter(|code| !codes.contains(code)) {
            let text = format!("must be {}, but it is '{}'", one_of(codes), shown(code));
            self.wrong("code-invalid", at, field, text);
        }
    }

    fn canonical_resource(&mut self, at: &Place<'_, '_>, kind: ResourceKind, version: FhirVersion) {
        if let Some(id) = at.get("id")
            && !id.as_str().is_some_and(is_id)
        {
            self.wrong("value", at, "id", "must be 1 to 64 letters, digits, '-' and '.'");
        }
        self.require(at, "status");
        self.code(at, "status", &["draft", "active", "retired", "unknown"]);
        for name in [
            "status",
            "url",
            "version",
            "name",
            "title",
            "date",
            "publisher",
            "description",
            "language",
        ] {
            if let Some(other) = at.get(name).filter(|node| node.as_str().is_none()) {
                self.wrong("structure", at, name, format!("must be a string, it is {}", other.kind()));
            }
        }
        match at.text("url") {
            Some(url) if url.contains(['|', '#']) || url.chars().any(char::is_whitespace) => {
                self.wrong(
                    "value",
                    at,
                    "url",
                    "must be a URL without '|', '#' and blanks: the version has an element of its own",
                );
            }
            Some(url) if !url.contains(':') => {
                self.wrong("value", at, "url", "must be absolute, with a scheme such as https: or urn:")
            }
            None if matches!(kind, ResourceKind::ValueSet | ResourceKind::ConceptMap) => {
                self.doubtful(at, "url", "is missing, so that it can be found by its id only");
            }
            _ => {}
        }
        if let Some(date) = at.text("date").filter(|date| Period::parse(date).is_none()) {
            let text = format!(
                "must be a date such as 2026, 2026-11 or 2026-11-22T10:00:00Z, but it is '{}'",
                shown(date)
            );
            self.wrong("value", at, "date", text);
        }
        if let Some(other) = at.get("experimental").filter(|node| !matches!(node, Node::Boolean(_))) {
            self.wrong(
                "structure",
                at,
                "experimental",
                format!("must be true or false, it is {}", other.kind()),
            );
        }
        if version == FhirVersion::R4 && kind == ResourceKind::NamingSystem && at.has("url") {
            self.doubtful(
                at,
                "url",
                "R4 has no canonical for naming systems; it is kept, and read through R5",
            );
        }
        if let Some(name) = at.text("name").filter(|name| !is_computer_friendly(name)) {
            let text = format!(
                "'{}' should be usable as an identifier: a capital letter, then letters, digits and '_'",
                shown(name)
            );
            self.doubtful(at, "name", text);
        }
    }
}

fn is_computer_friendly(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn one_of(codes: &[&str]) -> String {
    match codes {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => codes.concat(),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Operators of filters, R4's and R5's.
const OPERATORS: &[&str] = &[
    "=",
    "is-a",
    "descendent-of",
    "is-not-a",
    "regex",
    "in",
    "not-in",
    "generalizes",
    "child-of",
    "descendent-leaf",
    "exists",
];

#[cfg(test)]
mod tests;

//! What an operation has to say besides its answer: issues, with every text a user sees, in this one module.
//!
//! The wording and the message ids follow the HL7 terminology ecosystem (tx.fhir.org), because validators show
//! and compare them. It decides no HTTP status; [`FailureKind`] says what went wrong and the HTTP room maps it.

use super::terminology::Unresolved;
use tern_index::model::Canonical;
use tern_index::value_set::Filter;

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The answer is "no", or there is none.
    Error,
    /// The answer stands, but something should be looked at.
    Warning,
    /// For information.
    Information,
}

impl Severity {
    /// The FHIR code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// One issue (FHIR `OperationOutcome.issue`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// FHIR issue type (`code-invalid`, `not-found`...).
    pub code: &'static str,
    /// Code in `http://hl7.org/fhir/tools/CodeSystem/tx-issue-type`, if it has one.
    pub detail: Option<&'static str>,
    /// Message id, if it has one.
    pub message_id: Option<&'static str>,
    /// The text, for people.
    pub text: String,
    /// FHIRPath of the element at fault, in the input.
    pub expression: Option<String>,
    /// More for implementers.
    pub diagnostics: Option<String>,
}

/// Why an operation has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The request is wrong: a missing or malformed parameter, a definition that cannot be evaluated.
    Invalid,
    /// What the request names is not loaded.
    NotFound,
    /// What the request asks is not supported.
    NotSupported,
    /// The answer would be too large.
    TooCostly,
    /// The store is damaged: not the client's fault.
    Internal,
}

/// An operation without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .issues.first().map_or("the operation failed", |issue| issue.text.as_str()))]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What to tell the client; at least one.
    pub issues: Vec<Issue>,
}

impl Failure {
    /// A failure with one issue.
    pub fn new(kind: FailureKind, issue: Issue) -> Self {
        Self {
            kind,
            issues: vec![issue],
        }
    }
}

impl Issue {
    fn new(severity: Severity, code: &'static str, detail: Option<&'static str>, id: &'static str, text: String) -> Self {
        Self {
            severity,
            code,
            detail,
            message_id: Some(id),
            text,
            expression: None,
            diagnostics: None,
        }
    }

    /// The same issue, about this element.
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        self.expression = Some(expression.into());
        self
    }
}

fn error(code: &'static str, detail: &'static str, id: &'static str, text: String) -> Issue {
    Issue::new(Severity::Error, code, Some(detail), id, text)
}

fn warning(code: &'static str, detail: &'static str, id: &'static str, text: String) -> Issue {
    Issue::new(Severity::Warning, code, Some(detail), id, text)
}

fn information(code: &'static str, detail: &'static str, id: &'static str, text: String) -> Issue {
    Issue::new(Severity::Information, code, Some(detail), id, text)
}

// Evaluating value sets.

/// A filter that has no value.
pub fn filter_without_value(system: &str, filter: &Filter, path: &str) -> Failure {
    let (property, op) = (&filter.property, &filter.op);
    let text = format!("The system {system} filter with property = {property}, op = {op} has no value");
    let issue = error("invalid", "vs-invalid", "UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE", text);
    Failure::new(FailureKind::Invalid, issue.at(path))
}

/// A filter that the code system cannot be asked.
pub fn filter_not_understood(system: &str, filter: &Filter, value_set: &str, path: &str) -> Failure {
    let (property, op) = (&filter.property, &filter.op);
    let value = filter.value.as_deref().unwrap_or("");
    let text = if property == "constraint" {
        format!(
            "The expression constraint '{value}' of the value set {value_set} cannot be evaluated: expression constraints \
             (ECL) arrive with the ECL issue; use a filter such as concept is-a until then"
        )
    } else {
        format!(
            "The filter \"{property} {op} {value}\" from the value set {value_set} was not understood in the context of {system}"
        )
    };
    let issue = error("not-supported", "vs-invalid", "FILTER_NOT_UNDERSTOOD", text);
    Failure::new(FailureKind::NotSupported, issue.at(path))
}

/// A regular expression that cannot be used.
pub fn bad_pattern(pattern: &str, reason: &str, path: &str) -> Failure {
    let reason = reason.lines().last().unwrap_or(reason);
    let text = format!("The regular expression '{pattern}' cannot be used: {reason}");
    let issue = error("invalid", "vs-invalid", "FILTER_BAD_REGEX", text);
    Failure::new(FailureKind::Invalid, issue.at(path))
}

/// An import that leads back to itself.
pub fn circular(name: &str, path: &[String]) -> Failure {
    let text = format!(
        "Found a circularity pointing to {name} processing ValueSet with pathway [{}]",
        path.join(", ")
    );
    Failure::new(
        FailureKind::Invalid,
        error("processing", "vs-invalid", "VALUESET_CIRCULAR_REFERENCE", text),
    )
}

/// A supplement that is asked for and not loaded.
pub fn missing_supplement(canonical: &Canonical) -> Failure {
    let text = format!("Required supplement not found: {canonical}");
    Failure::new(
        FailureKind::NotFound,
        error("not-found", "not-found", "VALUESET_SUPPLEMENT_MISSING", text),
    )
}

/// `1.0.0`, `1.0.0 or 1.2.0`, `1, 2 or 3`.
fn either(versions: &[String]) -> String {
    match versions {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn unknown_system_text(unresolved: &Unresolved, consequence: &str) -> (&'static str, String) {
    let url = &unresolved.url;
    match (&unresolved.version, unresolved.known_versions.as_slice()) {
        (Some(version), []) => (
            "UNKNOWN_CODESYSTEM_VERSION_NONE",
            format!(
                "A definition for CodeSystem '{url}' version '{version}' could not be found, so the {consequence}. No versions of \
                 this code system are known"
            ),
        ),
        (Some(version), known) => (
            "UNKNOWN_CODESYSTEM_VERSION",
            format!(
                "A definition for CodeSystem '{url}' version '{version}' could not be found, so the {consequence}. Valid versions: {}",
                either(known)
            ),
        ),
        (None, _) => (
            "UNKNOWN_CODESYSTEM",
            format!("A definition for CodeSystem '{url}' could not be found, so the {consequence}"),
        ),
    }
}

/// A code system that an expansion needs and that is not loaded.
pub fn unknown_system_in_expansion(unresolved: &Unresolved) -> Failure {
    if let Some(damage) = &unresolved.damage {
        return damaged(&unresolved.url, damage);
    }
    let (id, text) = unknown_system_text(unresolved, "value set cannot be expanded");
    let id = match id {
        "UNKNOWN_CODESYSTEM_VERSION" => "UNKNOWN_CODESYSTEM_VERSION_EXP",
        "UNKNOWN_CODESYSTEM_VERSION_NONE" => "UNKNOWN_CODESYSTEM_VERSION_EXP_NONE",
        _ => "UNKNOWN_CODESYSTEM_EXP",
    };
    Failure::new(FailureKind::NotFound, error("not-found", "not-found", id, text))
}

/// Something loaded that cannot be opened.
pub fn damaged(url: &str, reason: &str) -> Failure {
    let issue = Issue {
        severity: Severity::Error,
        code: "exception",
        detail: None,
        message_id: None,
        text: format!("{url} is loaded but cannot be opened: {reason}"),
        expression: None,
        diagnostics: None,
    };
    Failure::new(FailureKind::Internal, issue)
}

/// The canonical as looked for.
fn wanted(unresolved: &Unresolved) -> Canonical {
    Canonical::new(&unresolved.url, unresolved.version.clone())
}

/// A value set that is not loaded.
pub fn unknown_value_set(unresolved: &Unresolved) -> Issue {
    let text = format!("A definition for the value Set '{}' could not be found", wanted(unresolved));
    error("not-found", "not-found", "Unable_to_resolve_value_Set_", text)
}

/// An import that is not loaded.
pub fn unknown_import_issue(unresolved: &Unresolved, pinned: bool) -> Issue {
    match &unresolved.version {
        Some(version) if pinned => {
            let text = format!("Unable to find included value set '{}' version '{version}'", unresolved.url);
            error("not-found", "not-found", "VS_EXP_IMPORT_UNK_PINNED", text)
        }
        _ => unknown_value_set(unresolved),
    }
}

/// An import that is not loaded, where nothing can be answered without it.
pub fn unknown_import(unresolved: &Unresolved, pinned: bool) -> Failure {
    Failure::new(FailureKind::NotFound, unknown_import_issue(unresolved, pinned))
}

/// A version that `check-system-version` forbids.
pub fn version_check(url: &str, found: Option<&str>, wanted: &str) -> Issue {
    let found = found.unwrap_or("");
    let text = format!(
        "The version '{found}' is not allowed for system '{url}': required to be '{wanted}' by a version-check parameter"
    );
    error("exception", "version-error", "VALUESET_VERSION_CHECK", text)
}

/// More codes than may be listed at once.
pub fn too_costly(value_set: &str, limit: u64) -> Failure {
    let issue = Issue {
        detail: None,
        ..error(
            "too-costly",
            "too-costly",
            "VALUESET_TOO_COSTLY",
            format!("The value set '{value_set}' expansion has too many codes to produce (>{limit})"),
        )
    };
    Failure::new(FailureKind::TooCostly, issue)
}

/// A `displayLanguage` that is no list of languages.
pub fn bad_language(given: &str) -> Failure {
    let text = format!("Invalid displayLanguage: '{given}'");
    Failure::new(
        FailureKind::Invalid,
        error("processing", "invalid-display", "INVALID_DISPLAY_NAME", text),
    )
}

/// Why an expansion over a fragment is not complete.
pub fn fragment_reason(canonical: &str) -> String {
    format!("The code system {canonical} is a fragment, so codes of other fragments may be missing")
}

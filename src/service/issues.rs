//! What an operation has to say besides its answer: issues, with every text a user sees, in this one module.
//!
//! The wording and the message ids follow the HL7 terminology ecosystem (tx.fhir.org), because validators show
//! and compare them. It decides no HTTP status; [`FailureKind`] says what went wrong and the HTTP room maps it.

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

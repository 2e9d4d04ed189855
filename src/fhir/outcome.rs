//! OperationOutcome: how every refusal, and every list of issues in an answer, looks on the wire.
//!
//! [`Refusal`] is the one error of the wire: faults of parameters, failures of operations and refusals of the
//! server itself become one. It names a kind, not a status code; `http::status` chooses that.

use super::parameters::ParameterError;
use super::xml::XmlError;
use crate::service::{Failure, FailureKind, Issue, Severity, Sought};
use crate::stop::Stopped;
use serde_json::{Map, Value, json};

const MESSAGE_ID: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id";
const TX_ISSUE_TYPE: &str = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type";

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The request is wrong.
    Invalid,
    /// What it names is not here.
    NotFound,
    /// It was here and has been deleted.
    Gone,
    /// What would be written contradicts what is there.
    Conflict,
    /// A condition that the client set does not hold.
    PreconditionFailed,
    /// The resource can be read, but is not what the standard says.
    Unprocessable,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body's media type is none that is read.
    UnsupportedMediaType,
    /// None of the media types asked for is written.
    NotAcceptable,
    /// The body is too large.
    TooLarge,
    /// The body took too long to arrive.
    TooSlow,
    /// The answer would be too large or too slow.
    TooCostly,
    /// Understood, but not offered.
    NotSupported,
    /// Too many heavy requests at once.
    Busy,
    /// There is no room to keep what was sent.
    NoRoom,
    /// Not the client's fault.
    Internal,
}

/// A request without an answer: what to tell the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .issues.first().map_or("the request was refused", |issue| issue.text.as_str()))]
pub struct Refusal {
    /// What kind it is.
    pub kind: RefusalKind,
    /// What to say; at least one.
    pub issues: Vec<Issue>,
    /// What was named and is not loaded, if that is what it is about.
    pub sought: Option<Sought>,
}

impl Refusal {
    /// A refusal with one text; the FHIR issue type follows from the kind.
    pub fn new(kind: RefusalKind, text: impl Into<String>) -> Self {
        let code = match kind {
            RefusalKind::Invalid => "invalid",
            RefusalKind::NotFound => "not-found",
            RefusalKind::Gone => "deleted",
            RefusalKind::Conflict | RefusalKind::PreconditionFailed => "conflict",
            RefusalKind::Unprocessable => "processing",
            RefusalKind::NoRoom => "no-store",
            RefusalKind::MethodNotAllowed
            | RefusalKind::UnsupportedMediaType
            | RefusalKind::NotAcceptable
            | RefusalKind::NotSupported => "not-supported",
            RefusalKind::TooLarge => "too-long",
            RefusalKind::TooSlow => "timeout",
            RefusalKind::TooCostly => "too-costly",
            RefusalKind::Busy => "throttled",
            RefusalKind::Internal => "exception",
        };
        Self {
            kind,
            issues: vec![issue(code, text.into(), None)],
            sought: None,
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind {
            FailureKind::Invalid => RefusalKind::Invalid,
            FailureKind::NotFound => RefusalKind::NotFound,
            FailureKind::NotSupported => RefusalKind::NotSupported,
            FailureKind::TooCostly => RefusalKind::TooCostly,
            FailureKind::Internal => RefusalKind::Internal,
        };
        Self {
            kind,
            issues: failure.issues,
            sought: failure.sought,
        }
    }
}

impl From<Stopped> for Refusal {
    fn from(stopped: Stopped) -> Self {
        Self::new(RefusalKind::TooCostly, stopped.to_string())
    }
}

impl From<ParameterError> for Refusal {
    fn from(error: ParameterError) -> Self {
        let code = match &error {
            ParameterError::Json { .. } | ParameterError::NotParameters { .. } | ParameterError::Malformed { .. } => "structure",
            ParameterError::WrongType { .. } => "value",
            ParameterError::Unknown { .. } => "not-supported",
            _ => "invalid",
        };
        Self {
            kind: RefusalKind::Invalid,
            issues: vec![issue(code, error.to_string(), error.place().map(str::to_owned))],
            sought: None,
        }
    }
}

impl From<XmlError> for Refusal {
    fn from(error: XmlError) -> Self {
        let place = Some(error.place.clone()).filter(|place| !place.is_empty());
        Self {
            kind: RefusalKind::Invalid,
            issues: vec![issue("structure", error.to_string(), place)],
            sought: None,
        }
    }
}

fn issue(code: &'static str, text: String, expression: Option<String>) -> Issue {
    Issue {
        severity: Severity::Error,
        code,
        detail: None,
        message_id: None,
        text,
        expression,
        diagnostics: None,
    }
}

/// The OperationOutcome of some issues.
pub fn operation_outcome(issues: &[Issue]) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": issues.iter().map(render_issue).collect::<Vec<_>>(),
    })
}

fn render_issue(issue: &Issue) -> Value {
    let mut json = Map::new();
    if let Some(id) = issue.message_id {
        json.insert("extension".into(), json!([{"url": MESSAGE_ID, "valueString": id}]));
    }
    json.insert("severity".into(), issue.severity.as_str().into());
    json.insert("code".into(), issue.code.into());
    let mut details = Map::new();
    if let Some(detail) = issue.detail {
        details.insert("coding".into(), json!([{"system": TX_ISSUE_TYPE, "code": detail}]));
    }
    details.insert("text".into(), issue.text.as_str().into());
    json.insert("details".into(), details.into());
    if let Some(diagnostics) = &issue.diagnostics {
        json.insert("diagnostics".into(), diagnostics.as_str().into());
    }
    if let Some(expression) = &issue.expression {
        json.insert("expression".into(), json!([expression]));
    }
    json.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_carries_everything_an_issue_says() {
        let issue = Issue {
            severity: Severity::Warning,
            code: "business-rule",
            detail: Some("code-comment"),
            message_id: Some("INACTIVE_CONCEPT_FOUND"),
            text: "old".into(),
            expression: Some("Coding.code".into()),
            diagnostics: None,
        };
        let expected = json!({
            "resourceType": "OperationOutcome",
            "issue": [{
                "extension": [{"url": MESSAGE_ID, "valueString": "INACTIVE_CONCEPT_FOUND"}],
                "severity": "warning",
                "code": "business-rule",
                "details": {"coding": [{"system": TX_ISSUE_TYPE, "code": "code-comment"}], "text": "old"},
                "expression": ["Coding.code"]
            }]
        });
        assert_eq!(operation_outcome(&[issue]), expected);
    }
}

//! Every status code that the service answers with is decided here.

use crate::fhir::answer::Done;
use crate::fhir::outcome::RefusalKind;

/// The request was answered.
pub const ANSWERED: u16 = 200;
/// A pre-flight request was answered: there is nothing to say.
pub const NOTHING_TO_SAY: u16 = 204;
/// The service is up but cannot do its work.
pub const NOT_READY: u16 = 503;

/// The status of an answer.
pub fn of_answer(done: Done) -> u16 {
    match done {
        Done::Answered => ANSWERED,
        Done::Created => 201,
        Done::Silent => NOTHING_TO_SAY,
        Done::NotModified => 304,
    }
}

/// The status of a refusal.
pub fn of_refusal(kind: RefusalKind) -> u16 {
    match kind {
        RefusalKind::Invalid | RefusalKind::NotSupported => 400,
        RefusalKind::NotFound => 404,
        RefusalKind::MethodNotAllowed => 405,
        RefusalKind::NotAcceptable => 406,
        RefusalKind::TooSlow => 408,
        RefusalKind::Conflict => 409,
        RefusalKind::Gone => 410,
        RefusalKind::PreconditionFailed => 412,
        RefusalKind::TooLarge => 413,
        RefusalKind::UnsupportedMediaType => 415,
        // Understood, but it cannot be processed as it is.
        RefusalKind::TooCostly | RefusalKind::Unprocessable => 422,
        RefusalKind::Internal => 500,
        RefusalKind::Busy => 503,
        RefusalKind::NoRoom => 507,
    }
}

/// The phrase that belongs to a status, for the entries of a batch.
pub fn with_phrase(status: u16) -> String {
    let phrase = match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => return status.to_string(),
    };
    format!("{status} {phrase}")
}

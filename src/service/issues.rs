//! What an operation has to say besides its answer: issues, with every text a user sees, in this one catalogue: here
//! those of `$expand` and `$validate-code`, in `refusals` those of operations on single codes.
//!
//! The wording and the message ids follow the HL7 terminology ecosystem (tx.fhir.org), because validators show
//! and compare them. It decides no HTTP status; [`FailureKind`] says what went wrong and the HTTP room maps it.

pub(crate) mod refusals;

use super::postcoordinated::edition;
use super::status::Doubt;
use super::terminology::{ResourceKind, Unresolved};
use crate::ecl::{EclError, Kind};
use crate::stop::Stopped;
use tern_index::model::{Canonical, Coding};
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
    /// What was named and is not loaded in any version, if that is what failed.
    pub sought: Option<Sought>,
}

/// A resource that was named and is not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Its type.
    pub kind: ResourceKind,
    /// The URL that was given.
    pub url: String,
}

impl Failure {
    /// A failure with one issue.
    pub fn new(kind: FailureKind, issue: Issue) -> Self {
        Self {
            kind,
            issues: vec![issue],
            sought: None,
        }
    }

    /// The same, because of a resource that is not loaded, or not in that version.
    pub fn seeking(mut self, kind: ResourceKind, unresolved: &Unresolved) -> Self {
        let url = unresolved.url.clone();
        self.sought = (!unresolved.known).then_some(Sought { kind, url });
        // The texts on code systems and maps have their versions.
        if let (ResourceKind::ValueSet, [_, ..], Some(issue)) =
            (kind, unresolved.known_versions.as_slice(), self.issues.first_mut())
        {
            issue.diagnostics = Some(format!("Valid versions: {}", listed(&unresolved.known_versions)));
        }
        self
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        let issue = Issue {
            severity: Severity::Error,
            code: "too-costly",
            detail: None,
            message_id: None,
            text: stopped.to_string(),
            expression: None,
            diagnostics: None,
        };
        Self::new(FailureKind::TooCostly, issue)
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
    let text = format!(
        "The filter \"{property} {op} {value}\" from the value set {value_set} was not understood in the context of {system}"
    );
    let issue = error("not-supported", "vs-invalid", "FILTER_NOT_UNDERSTOOD", text);
    Failure::new(FailureKind::NotSupported, issue.at(path))
}

/// An expression constraint that cannot be read or evaluated.
pub fn bad_constraint(constraint: &str, fault: &EclError, path: &str) -> Failure {
    let shown: String = constraint.chars().take(SHOWN_OF_CONSTRAINT).collect();
    let more = if shown.len() < constraint.len() { "..." } else { "" };
    let text = format!("Invalid ECL expression '{shown}{more}': {}", fault.in_line());
    let (kind, code) = match fault.kind {
        Kind::Syntax | Kind::Meaning => (FailureKind::Invalid, "invalid"),
        Kind::Unsupported => (FailureKind::NotSupported, "not-supported"),
        Kind::Limit => (FailureKind::TooCostly, "too-costly"),
    };
    let mut issue = error(code, "vs-invalid", "INVALID_ECL", text);
    issue.diagnostics = Some(format!("{path}\n{fault}"));
    Failure::new(kind, issue)
}

/// Characters of a constraint that a message repeats.
const SHOWN_OF_CONSTRAINT: usize = 2_000;

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

/// `1.0.0`, `1.0.0 or 1.2.0`, `1, 2 and 3`: the wording that clients know.
fn listed(versions: &[String]) -> String {
    match versions {
        [first @ .., last] if first.len() > 1 => format!("{} and {last}", first.join(", ")),
        few => either(few),
    }
}

/// `consequence` is what cannot be done without it.
fn unknown_system_text(unresolved: &Unresolved, consequence: Option<&str>) -> (&'static str, String) {
    let url = &unresolved.url;
    let so = consequence.map(|text| format!(", so the {text}")).unwrap_or_default();
    let missing = |version: &str| format!("A definition for CodeSystem '{url}' version '{version}' could not be found{so}");
    match (&unresolved.version, unresolved.known_versions.as_slice()) {
        (Some(version), []) => (
            "UNKNOWN_CODESYSTEM_VERSION_NONE",
            format!("{}. No versions of this code system are known", missing(version)),
        ),
        (Some(version), known) => (
            "UNKNOWN_CODESYSTEM_VERSION",
            format!("{}. Valid versions: {}", missing(version), listed(known)),
        ),
        (None, _) => (
            "UNKNOWN_CODESYSTEM",
            format!("A definition for CodeSystem '{url}' could not be found{so}"),
        ),
    }
}

/// A code system that an expansion needs and that is not loaded.
pub fn unknown_system_in_expansion(unresolved: &Unresolved) -> Failure {
    if let Some(damage) = &unresolved.damage {
        return damaged(&unresolved.url, damage);
    }
    let (id, text) = unknown_system_text(unresolved, Some("value set cannot be expanded"));
    let id = match id {
        "UNKNOWN_CODESYSTEM_VERSION" => "UNKNOWN_CODESYSTEM_VERSION_EXP",
        "UNKNOWN_CODESYSTEM_VERSION_NONE" => "UNKNOWN_CODESYSTEM_VERSION_EXP_NONE",
        _ => "UNKNOWN_CODESYSTEM_EXP",
    };
    let failure = Failure::new(FailureKind::NotFound, error("not-found", "not-found", id, text));
    failure.seeking(ResourceKind::CodeSystem, unresolved)
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
    let failure = Failure::new(FailureKind::NotFound, unknown_import_issue(unresolved, pinned));
    failure.seeking(ResourceKind::ValueSet, unresolved)
}

/// A version that `check-system-version` forbids.
pub fn version_check(url: &str, found: Option<&str>, wanted: &str) -> Issue {
    let found = found.unwrap_or("");
    let text = format!(
        "The version '{found}' is not allowed for system '{url}': required to be '{wanted}' by a version-check parameter"
    );
    error("exception", "version-error", "VALUESET_VERSION_CHECK", text)
}

/// A version that `check-valueset-version` forbids.
pub fn value_set_version_check(url: &str, found: Option<&str>, wanted: &str) -> Failure {
    let found = found.unwrap_or("");
    let text = format!(
        "The version '{found}' is not allowed for value set '{url}': required to be '{wanted}' by a version-check parameter"
    );
    let issue = error("exception", "version-error", "VALUESET_VERSION_CHECK", text);
    Failure::new(FailureKind::Invalid, issue)
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

// Validating codes.

impl Issue {
    /// Whether the text belongs to the `message` of a validation. Remarks that leave the code as good as it was do not.
    pub fn speaks(&self) -> bool {
        match self.message_id {
            Some(
                "UNKNOWN_CODE_IN_FRAGMENT"
                | "CONCEPT_DEPRECATED_IN_VALUESET"
                | "INACTIVE_DISPLAY_FOUND"
                | "VALUESET_VALUE_MISMATCH_DEFAULT",
            ) => false,
            Some("NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK" | "Display_Name_Not_Fixed_use_Supplement") => true,
            _ => self.severity != Severity::Information,
        }
    }
}

/// A code that is not in the value set. In a codeable concept that is no error by itself.
pub fn not_in_value_set(coding: &Coding, value_set: &str, of_concept: bool) -> Issue {
    let system = coding.system.as_deref().unwrap_or("");
    let version = coding
        .version
        .as_deref()
        .map(|version| format!("|{version}"))
        .unwrap_or_default();
    let display = coding
        .display
        .as_deref()
        .map(|display| format!(" ('{display}')"))
        .unwrap_or_default();
    let code = &coding.code;
    let text = format!("The provided code '{system}{version}#{code}{display}' was not found in the value set '{value_set}'");
    let id = "None_of_the_provided_codes_are_in_the_value_set_one";
    if of_concept {
        information("code-invalid", "this-code-not-in-vs", id, text)
    } else {
        error("code-invalid", "not-in-vs", id, text)
    }
}

/// A codeable concept without a coding in the value set.
pub fn no_valid_coding(value_set: &str) -> Issue {
    let text = format!("No valid coding was found for the value set '{value_set}'");
    error("code-invalid", "not-in-vs", "TX_GENERAL_CC_ERROR_MESSAGE", text)
}

/// A code that the code system does not have.
pub fn unknown_code(code: &str, system: &Canonical) -> Issue {
    let (id, text) = unknown_code_text(code, system);
    error("code-invalid", "invalid-code", id, text)
}

fn unknown_code_text(code: &str, system: &Canonical) -> (&'static str, String) {
    let url = &system.url;
    match &system.version {
        Some(version) => (
            "Unknown_Code_in_Version",
            format!(
                "Unknown code '{code}' in the CodeSystem '{url}' version '{version}'{}",
                edition(url, version)
            ),
        ),
        None => ("Unknown_Code_in", format!("Unknown code '{code}' in the CodeSystem '{url}'")),
    }
}

/// A code that a fragment does not have, which says little.
pub fn unknown_code_in_fragment(code: &str, system: &Canonical) -> Issue {
    let url = &system.url;
    let version = system
        .version
        .as_deref()
        .map(|version| format!(" version '{version}'"))
        .unwrap_or_default();
    let text = format!(
        "Unknown Code '{code}' in the CodeSystem '{url}'{version} - note that the code system is labeled as a fragment, so the \
         code may be valid in some other fragment"
    );
    warning("code-invalid", "invalid-code", "UNKNOWN_CODE_IN_FRAGMENT", text)
}

/// A code system that a coding names and that is not loaded.
pub fn unknown_system(unresolved: &Unresolved) -> Issue {
    let (id, text) = unknown_system_text(unresolved, Some("code cannot be validated"));
    error("not-found", "not-found", id, text)
}

/// A value set's URL where a code system's belongs.
pub fn system_is_value_set(url: &str) -> Issue {
    let text = format!("The Coding references a value set, not a code system ('{url}')");
    error("invalid", "invalid-data", "Terminology_TX_System_ValueSet2", text)
}

/// A relative reference where a code system's URL belongs.
pub fn relative_system(_url: &str) -> Issue {
    let text = "Coding.system must be an absolute reference, not a local reference".to_owned();
    error("invalid", "invalid-data", "Terminology_TX_System_Relative", text)
}

/// A supplement where a code system belongs.
pub fn system_is_supplement(canonical: &Canonical) -> Issue {
    let text = format!("CodeSystem {canonical} is a supplement, so can't be used as a value in Coding.system");
    error("invalid", "invalid-data", "CODESYSTEM_CS_NO_SUPPLEMENT", text)
}

/// A coding of another code system than the one asked about.
pub fn other_system(code: &str, own: &str, asked: &str) -> Issue {
    let text = format!("The code '{code}' is of the code system '{own}', not of '{asked}', which was asked about");
    Issue {
        message_id: None,
        ..error("invalid", "invalid-data", "", text)
    }
}

/// A coding that names no system.
pub fn no_system() -> Issue {
    let text = "Coding has no system. A code with no system has no defined meaning, and it cannot be validated. A system should \
                be provided";
    warning(
        "invalid",
        "invalid-data",
        "Coding_has_no_system__cannot_validate",
        text.to_owned(),
    )
}

/// A code without a system whose system cannot be found in the value set.
pub fn cannot_infer(code: &str, value_set: &str) -> Issue {
    let text = format!("The System URI could not be determined for the code '{code}' in the ValueSet '{value_set}'");
    error("not-found", "cannot-infer", "UNABLE_TO_INFER_CODESYSTEM", text)
}

/// A code without a system that the value set has in several systems.
pub fn cannot_infer_one(code: &str, value_set: &str, systems: &[String]) -> Issue {
    let text = format!(
        "The System URI could not be determined for the code '{code}' in the ValueSet '{value_set}': value set expansion has \
         multiple matches: [{}]",
        systems.join(", ")
    );
    let id = "Unable_to_resolve_system__value_set_has_multiple_matches";
    error("not-found", "cannot-infer", id, text)
}

/// A code written in another case.
pub fn case_difference(given: &str, correct: &str, system: &Canonical) -> Issue {
    let text = format!(
        "The code '{given}' differs from the correct code '{correct}' by case. Although the code system '{system}' is case \
         insensitive, implementers are strongly encouraged to use the correct case anyway"
    );
    information("business-rule", "code-rule", "CODE_CASE_DIFFERENCE", text)
}

/// A code that may not be chosen, where only such codes are allowed.
pub fn abstract_code(system: &str, code: &str) -> Issue {
    let text = format!("Code '{system}#{code}' is abstract, and not allowed in this context");
    error("business-rule", "code-rule", "ABSTRACT_CODE_NOT_ALLOWED", text)
}

/// A code out of use, where only codes in use are allowed.
pub fn not_active(code: &str) -> Issue {
    let text = format!("The concept '{code}' is valid but is not active");
    error("business-rule", "code-rule", "STATUS_CODE_WARNING_CODE", text)
}

/// A code out of use.
pub fn inactive_concept(code: &str, status: Option<&str>) -> Issue {
    let status = match status {
        None | Some("inactive") => "inactive".to_owned(),
        Some(status) => format!("{status} and inactive"),
    };
    let text = format!("The concept '{code}' has a status of {status} and its use should be reviewed");
    warning("business-rule", "code-comment", "INACTIVE_CONCEPT_FOUND", text)
}

/// A code whose use is discouraged.
pub fn deprecated_concept(code: &str) -> Issue {
    let text = format!("The concept '{code}' is deprecated and its use should be reviewed");
    warning("business-rule", "code-comment", "DEPRECATED_CONCEPT_FOUND", text)
}

/// A code whose use in this value set is discouraged.
pub fn deprecated_in_value_set(code: &str, system: &str, value_set: &str) -> Issue {
    let text = format!(
        "The presence of the concept '{code}' in the system '{system}' in the value set {value_set} is marked with a status of \
         deprecated and its use should be reviewed"
    );
    warning("business-rule", "code-comment", "CONCEPT_DEPRECATED_IN_VALUESET", text)
}

/// A resource that should not be relied upon.
pub fn status_check(doubt: Doubt, resource_type: &str, canonical: &str) -> Issue {
    let text = format!("Reference to {} {resource_type} {canonical}", doubt.as_str());
    information("business-rule", "status-check", doubt.message_id(), text)
}

// Versions.

/// The coding's version is not the one that the include states.
pub fn version_mismatch(url: &str, stated: &str, given: &str) -> Issue {
    let text = format!(
        "The code system '{url}' version '{stated}' in the ValueSet include is different to the one in the value ('{given}')"
    );
    error("invalid", "vs-invalid", "VALUESET_VALUE_MISMATCH", text)
}

/// The coding's version is not the one that a parameter has put in place of the include's.
pub fn version_mismatch_changed(url: &str, used: &str, stated: &str, given: &str) -> Issue {
    let text = format!(
        "The code system '{url}' version '{used}' resulting from the version '{stated}' in the ValueSet include is different to \
         the one in the value ('{given}')"
    );
    error("invalid", "vs-invalid", "VALUESET_VALUE_MISMATCH_CHANGED", text)
}

/// The coding's version is not the one used for an include that states none.
pub fn version_mismatch_default(url: &str, used: &str, given: &str) -> Issue {
    let text = format!(
        "The code system '{url}' version '{used}' for the versionless include in the ValueSet include is different to the one in \
         the value ('{given}')"
    );
    warning("invalid", "vs-invalid", "VALUESET_VALUE_MISMATCH_DEFAULT", text)
}

// Displays.

/// `'Display 1' (en)`, `one of 2 choices: 'Display 1' (en) or 'Anzeige 1' (de)`.
fn choices(displays: &[(String, Option<String>)]) -> String {
    let shown: Vec<String> = displays
        .iter()
        .map(|(text, language)| match language {
            Some(language) => format!("'{text}' ({language})"),
            None => format!("'{text}'"),
        })
        .collect();
    match shown.as_slice() {
        [one] => one.clone(),
        _ => format!("one of {} choices: {}", shown.len(), either(&shown)),
    }
}

/// A display that the concept does not have.
pub fn wrong_display(
    coding: &Coding,
    valid: &[(String, Option<String>)],
    languages: Option<&str>,
    whitespace: bool,
    lenient: bool,
) -> Issue {
    let (what, id) = if whitespace {
        (
            "whitespace in Display Name",
            "Display_Name_WS_for__should_be_one_of__instead_of",
        )
    } else {
        ("Display Name", "Display_Name_for__should_be_one_of__instead_of")
    };
    let text = format!(
        "Wrong {what} '{}' for {}#{}. Valid display is {} (for the language(s) '{}')",
        coding.display.as_deref().unwrap_or(""),
        coding.system.as_deref().unwrap_or(""),
        coding.code,
        choices(valid),
        languages.unwrap_or("--")
    );
    let make = if lenient { warning } else { error };
    make("invalid", "invalid-display", id, text)
}

/// A display that the concept does not have, where it has none in the languages asked for either.
pub fn no_display_in_language(coding: &Coding, default: Option<&str>, languages: &str, lenient: bool) -> Issue {
    let text = format!(
        "Wrong Display Name '{}' for {}#{}. There are no valid display names found for language(s) '{languages}'. Default display \
         is '{}'",
        coding.display.as_deref().unwrap_or(""),
        coding.system.as_deref().unwrap_or(""),
        coding.code,
        default.unwrap_or("")
    );
    let make = if lenient { warning } else { error };
    make("invalid", "invalid-display", "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR", text)
}

/// A display in the default language, where the concept has none in the languages asked for.
pub fn display_in_default_language(coding: &Coding, languages: &str) -> Issue {
    let text = format!(
        "There are no valid display names found for the code {}#{} for language(s) '{languages}'. The display is '{}' which is a \
         valid display for the default language",
        coding.system.as_deref().unwrap_or(""),
        coding.code,
        coding.display.as_deref().unwrap_or("")
    );
    information("invalid", "invalid-display", "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK", text)
}

/// A display that was right once.
pub fn inactive_display(coding: &Coding, status: &str, valid: &[(String, Option<String>)]) -> Issue {
    let shown: Vec<String> = valid.iter().map(|(text, _)| format!("\"{text}\"")).collect();
    let text = format!(
        "'{}' is no longer considered a correct display for code '{}' (status = {status}). The correct display is one of {}.",
        coding.display.as_deref().unwrap_or(""),
        coding.code,
        shown.join(",")
    );
    warning("invalid", "display-comment", "INACTIVE_DISPLAY_FOUND", text)
}

/// Why an expansion over a code system with a grammar is not complete.
pub fn grammar_reason(url: &str) -> String {
    format!("The code System '{url}' has a grammar and so has infinite members")
}

/// What the codes of an expansion over a grammar are taken from.
pub fn based_on(reason: &str, value_set: &str) -> String {
    format!("{reason}. This extension is based on {value_set}")
}

/// A code system whose codes cannot be listed.
pub fn not_enumerable(url: &str) -> Failure {
    let text = format!(
        "The code system '{url}' cannot be expanded because its codes cannot be iterated or enumerated in any meaningful sense"
    );
    let issue = Issue {
        detail: None,
        ..error("not-supported", "not-supported", "CODESYSTEM_NOT_ENUMERABLE", text)
    };
    Failure::new(FailureKind::NotSupported, issue)
}

/// What a grammar has to say of a text that is none of its codes.
pub fn grammar_fault(text: String) -> Issue {
    Issue {
        message_id: None,
        ..information("code-invalid", "invalid-code", "", text)
    }
}

/// A rule of the concept model that an expression does not keep.
pub fn concept_model_breach(text: String, mandatory: bool) -> Issue {
    let made = if mandatory { error } else { warning };
    Issue {
        message_id: None,
        ..made("code-invalid", "invalid-code", "", text)
    }
}

/// That an expression was held against no concept model, because the edition has none.
pub fn concept_model_absent() -> Issue {
    let text = "The expression is grammatically correct and the concepts are valid, but the expression has not been checked \
                against the SNOMED CT concept model (MRCM)";
    Issue {
        message_id: None,
        ..information("informational", "process-note", "", text.to_owned())
    }
}

/// A display of a code whose meaning is the user's.
pub fn open_display(coding: &Coding, known: &[(String, Option<String>)], languages: Option<&str>) -> Issue {
    let text = format!(
        "The display name '{}' is not a known display name for {}#{}. Known display is {} (for the language(s) '{}'). Use a \
         supplement to define displays for user assigned codes",
        coding.display.as_deref().unwrap_or(""),
        coding.system.as_deref().unwrap_or(""),
        coding.code,
        choices(known),
        languages.unwrap_or("--")
    );
    information("invalid", "invalid-display", "Display_Name_Not_Fixed_use_Supplement", text)
}

//! Failures of the operations on single codes: `$lookup`, `$subsumes`, `$translate`; texts and message ids.
//!
//! The wording for what is not loaded is that of the whole catalogue, without the consequence for a validation.

use super::{Failure, FailureKind, Issue, Severity};
use crate::service::{ResourceKind, Unresolved};
use tern_index::model::{Canonical, CodeSystemHeader};

fn failure(
    kind: FailureKind,
    code: &'static str,
    detail: Option<&'static str>,
    id: Option<&'static str>,
    text: String,
) -> Failure {
    Failure::new(
        kind,
        Issue {
            severity: Severity::Error,
            code,
            detail,
            message_id: id,
            text,
            expression: None,
            diagnostics: None,
        },
    )
}

/// A code without a system where one is needed.
pub fn no_system(operation: &str) -> Failure {
    let text = format!("{operation} needs the code system: give the parameter 'system' or a coding with a system");
    failure(FailureKind::Invalid, "invalid", None, None, text)
}

/// Two codes that must be of one code system and are not.
pub fn different_systems(one: &str, other: &str) -> Failure {
    let text = format!("both codes must be of the same code system and version, but they are of '{one}' and '{other}'");
    failure(FailureKind::Invalid, "invalid", None, None, text)
}

/// A code system that is not loaded, or cannot be opened.
pub fn unknown_system(unresolved: &Unresolved) -> Failure {
    if let Some(damage) = &unresolved.damage {
        return super::damaged(&unresolved.url, damage);
    }
    let (id, text) = super::unknown_system_text(unresolved, None);
    let failure = failure(FailureKind::NotFound, "not-found", Some("not-found"), Some(id), text);
    failure.seeking(ResourceKind::CodeSystem, unresolved)
}

/// A target that no mapper could be built for.
pub fn no_mapper(target: &str, reason: &str) -> Failure {
    let text = format!("Local codes cannot be mapped to '{target}': {reason}");
    failure(FailureKind::Internal, "exception", None, None, text)
}

/// A setting of a mapping outside its range.
pub fn out_of_range(parameter: &str, low: f32, high: f32) -> Failure {
    let text = format!("'{parameter}' must be a number between {low} and {high}");
    failure(FailureKind::Invalid, "value", None, None, text)
}

/// No property to look for, or too many.
pub fn count_of_properties(most: usize) -> Failure {
    let text = format!("$find-matches needs between 1 and {most} parameters 'property', each with 'code' and 'value'");
    failure(FailureKind::Invalid, "invalid", None, None, text)
}

/// A request to map nothing.
pub fn nothing_to_map() -> Failure {
    let text = "there is nothing to map: give a code, a coding, or a codeable concept with a text".to_owned();
    failure(FailureKind::Invalid, "invalid", None, None, text)
}

/// A code that the code system does not have.
pub fn unknown_code(code: &str, header: &CodeSystemHeader) -> Failure {
    let (id, text) = super::unknown_code_text(code, &header.canonical());
    failure(FailureKind::NotFound, "not-found", Some("invalid-code"), Some(id), text)
}

/// A code system whose hierarchy says nothing of what is more general.
pub fn no_subsumption(header: &CodeSystemHeader, meaning: &str) -> Failure {
    let text = format!(
        "The hierarchy of the code system '{}' means '{meaning}', which is no subsumption: it cannot be in a closure table",
        header.url
    );
    failure(FailureKind::Invalid, "business-rule", None, None, text)
}

/// A concept of another version than the closure table was begun with.
pub fn other_version_in_closure(system: &str, begun: &str, wanted: &str) -> Failure {
    let text = format!(
        "The closure table has version '{begun}' of the code system '{system}', but version '{wanted}' was given; use a table of its own for that"
    );
    failure(FailureKind::Invalid, "invalid", None, None, text)
}

/// A code system without its concepts.
pub fn no_concepts(header: &CodeSystemHeader) -> Failure {
    let text = format!(
        "The code system '{}' is known without its concepts, so that nothing can be said of how they stand to each other",
        header.url
    );
    failure(FailureKind::Invalid, "not-supported", None, None, text)
}

/// A code that is meant as an expression but is none of the code system.
pub fn bad_expression(code: &str, reason: &str, header: &CodeSystemHeader) -> Failure {
    let text = format!(
        "'{code}' is no valid expression of the CodeSystem '{}': {reason}",
        header.canonical()
    );
    failure(FailureKind::NotFound, "not-found", Some("invalid-code"), None, text)
}

/// A context that names no element of a structure.
pub fn no_context(context: &str) -> Failure {
    let text = format!(
        "'{context}' is no context: it must be the URL of a StructureDefinition, '#', and the path of an element, as in http://hl7.org/fhir/StructureDefinition/Patient#Patient.gender"
    );
    failure(FailureKind::Invalid, "value", None, None, text)
}

/// A structure that a context needs and that is not loaded.
pub fn unknown_structure(canonical: &Canonical) -> Failure {
    let text = format!(
        "The definition of '{canonical}' is not loaded or binds no element to a value set: load the package that has it (`tern load`), send it as 'tx-resource', or name the value set by 'url'"
    );
    failure(FailureKind::NotFound, "not-found", None, None, text)
}

/// An element without a binding.
pub fn unbound_element(structure: &str, element: &str, bound: &[&str]) -> Failure {
    let bound = match bound {
        [] => String::new(),
        bound => format!(" (bound are, among others: {})", bound.join(", ")),
    };
    let text =
        format!("'{structure}' has no element '{element}' that is bound to a value set{bound}; name the value set by 'url'");
    failure(FailureKind::NotFound, "not-found", None, None, text)
}

/// A concept map that is not loaded, or cannot be opened.
pub fn unknown_concept_map(unresolved: &Unresolved) -> Failure {
    let canonical = Canonical::new(&unresolved.url, unresolved.version.clone());
    if let Some(damage) = &unresolved.damage {
        return super::damaged(&unresolved.url, damage);
    }
    let known = match unresolved.known_versions.as_slice() {
        [] => String::new(),
        versions => format!(". Valid versions: {}", super::listed(versions)),
    };
    let text = format!("A definition for ConceptMap '{canonical}' could not be found{known}");
    let failure = failure(FailureKind::NotFound, "not-found", Some("not-found"), None, text);
    failure.seeking(ResourceKind::ConceptMap, unresolved)
}

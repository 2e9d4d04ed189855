//! The rules of NamingSystem: what it names, and that each of its names is well formed and preferred at most once.

use super::{Findings, Place, shown};
use crate::fhir::FhirVersion;
use std::collections::HashSet;
use tern_loaders::fhir::json::Node;
use tern_loaders::fhir::naming_system;

pub(super) fn check(node: &Node<'_>, at: &Place<'_, '_>, version: FhirVersion, findings: &mut Findings) {
    match naming_system::read(node) {
        Ok(parsed) => findings.faults(parsed.faults),
        Err(fault) => findings.faults(vec![fault]),
    }
    for name in ["name", "kind", "date"] {
        findings.require(at, name);
    }
    findings.code(at, "kind", &["codesystem", "identifier", "root"]);
    if at.items("uniqueId").is_empty() {
        findings.wrong("required", at, "uniqueId", "at least one is required");
    }
    let types: &[&str] = match version {
        FhirVersion::R4 => &["oid", "uuid", "uri", "other"],
        FhirVersion::R5 => &["oid", "uuid", "uri", "iri-stem", "v2csmnemonic", "other"],
    };
    let root = at.text("kind") == Some("root");
    let mut preferred = HashSet::new();
    at.each("uniqueId", |unique| {
        findings.code(&unique, "type", types);
        check_value(&unique, findings);
        let kind = unique.text("type").unwrap_or_default();
        if root && kind == "uuid" {
            findings.broken(&unique, "nsd-1", "a root cannot have a UUID");
        }
        let is_preferred = matches!(unique.get("preferred"), Some(Node::Boolean(true)));
        // Several may be preferred at different times.
        if is_preferred && !unique.has("period") && !preferred.insert(kind) {
            findings.broken(&unique, "nsd-2", "only one name of a type can be preferred");
        }
    });
}

fn check_value(unique: &Place<'_, '_>, findings: &mut Findings) {
    let Some(value) = unique.text("value") else { return };
    let plain = |scheme: &str| value.strip_prefix(scheme).unwrap_or(value);
    let (sound, wanted) = match unique.text("type") {
        Some("oid") => (is_oid(plain("urn:oid:")), "an OID such as 2.16.840.1.113883.6.96"),
        Some("uuid") => (uuid::Uuid::parse_str(plain("urn:uuid:")).is_ok(), "a UUID"),
        Some("uri") => (
            value.contains(':') && !value.chars().any(char::is_whitespace),
            "an absolute URI",
        ),
        _ => return,
    };
    if !sound {
        findings.wrong(
            "value",
            unique,
            "value",
            format!("must be {wanted}, but it is '{}'", shown(value)),
        );
    }
}

fn is_oid(text: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    let mut parts = text.split('.');
    parts.next().is_some_and(|first| matches!(first, "0" | "1" | "2")) && text.contains('.') && parts.all(number)
}

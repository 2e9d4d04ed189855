//! The rules of ConceptMap: groups have elements, elements say how they relate in the words of their FHIR version.

use super::{Findings, Place};
use crate::fhir::FhirVersion;
use tern_loaders::fhir::concept_map;
use tern_loaders::fhir::json::Node;

const EQUIVALENCES: &[&str] = &[
    "relatedto",
    "equivalent",
    "equal",
    "wider",
    "subsumes",
    "narrower",
    "specializes",
    "inexact",
    "unmatched",
    "disjoint",
];
const RELATIONSHIPS: &[&str] = &[
    "related-to",
    "equivalent",
    "source-is-narrower-than-target",
    "source-is-broader-than-target",
    "not-related-to",
];

pub(super) fn check(node: &Node<'_>, at: &Place<'_, '_>, version: FhirVersion, findings: &mut Findings) {
    match concept_map::read(node) {
        Ok(parsed) => findings.faults(parsed.faults),
        Err(fault) => findings.faults(vec![fault]),
    }
    let foreign: &[&str] = match version {
        FhirVersion::R4 => &[
            "sourceScopeUri",
            "sourceScopeCanonical",
            "targetScopeUri",
            "targetScopeCanonical",
        ],
        FhirVersion::R5 => &["sourceUri", "sourceCanonical", "targetUri", "targetCanonical"],
    };
    for name in foreign.iter().filter(|name| at.has(name)) {
        foreign_element(at, name, version, findings);
    }
    at.each("group", |group| {
        if group.items("element").is_empty() {
            findings.wrong("required", &group, "element", "at least one is required");
        }
        group.each("element", |element| {
            element.each("target", |target| check_target(&target, version, findings));
            let maps = !element.items("target").is_empty();
            if maps && matches!(element.get("noMap"), Some(Node::Boolean(true))) {
                findings.broken(&element, "cmd-4", "says that there is no map, and has targets");
            }
            if version == FhirVersion::R4 && element.has("noMap") {
                foreign_element(&element, "noMap", version, findings);
            }
        });
        if let Some(unmapped) = group.child("unmapped") {
            check_unmapped(&unmapped, version, findings);
        }
    });
}

fn foreign_element(at: &Place<'_, '_>, name: &str, version: FhirVersion, findings: &mut Findings) {
    let other = match version {
        FhirVersion::R4 => FhirVersion::R5,
        FhirVersion::R5 => FhirVersion::R4,
    };
    let text = format!(
        "is an element of FHIR {}, not of {}; write it to the endpoint of its version",
        other.short(),
        version.short()
    );
    findings.wrong("structure", at, name, text);
}

fn check_target(target: &Place<'_, '_>, version: FhirVersion, findings: &mut Findings) {
    let (own, codes, foreign) = match version {
        FhirVersion::R4 => ("equivalence", EQUIVALENCES, "relationship"),
        FhirVersion::R5 => ("relationship", RELATIONSHIPS, "equivalence"),
    };
    if target.has(foreign) {
        foreign_element(target, foreign, version, findings);
    }
    findings.code(target, own, codes);
    let loose = matches!(target.text("equivalence"), Some("narrower" | "inexact"));
    if loose && !target.has("comment") {
        findings.doubtful(
            target,
            "comment",
            "should say more, where a map is narrower or inexact (cmd-1)",
        );
    }
}

fn check_unmapped(unmapped: &Place<'_, '_>, version: FhirVersion, findings: &mut Findings) {
    let (modes, other_map): (&[&str], _) = match version {
        FhirVersion::R4 => (&["provided", "fixed", "other-map"], "url"),
        FhirVersion::R5 => (&["use-source-code", "fixed", "other-map"], "otherMap"),
    };
    findings.require(unmapped, "mode");
    findings.code(unmapped, "mode", modes);
    match unmapped.text("mode") {
        Some("fixed") if !unmapped.has("code") && !unmapped.has("valueSet") => {
            findings.broken(unmapped, "cmd-2", "must have a code if the mode is fixed");
        }
        Some("other-map") if !unmapped.has(other_map) => {
            let text = format!("must have '{other_map}' if the mode is other-map");
            findings.broken(unmapped, "cmd-3", &text);
        }
        _ => {}
    }
}

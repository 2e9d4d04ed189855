//! The rules of ValueSet: what an include needs, filters that name property, operator and value, enumerations without doubles.

use super::{Findings, OPERATORS, Place, shown};
use std::collections::HashSet;
use tern_loaders::fhir::json::Node;
use tern_loaders::fhir::value_set;

/// The extension by which R4 carries an operator that only R5 has.
const LATER_OPERATOR: &str = "_op";

pub(super) fn check(node: &Node<'_>, at: &Place<'_, '_>, findings: &mut Findings) {
    match value_set::read(node) {
        Ok(parsed) => findings.faults(parsed.faults),
        Err(fault) => findings.faults(vec![fault]),
    }
    if let Some(compose) = at.child("compose") {
        if compose.items("include").is_empty() {
            findings.wrong("required", &compose, "include", "at least one is required");
        }
        for name in ["include", "exclude"] {
            compose.each(name, |include| check_include(&include, findings));
        }
    }
    if let Some(expansion) = at.child("expansion") {
        findings.require(&expansion, "timestamp");
        check_contains(&expansion, findings);
    }
}

fn check_include(include: &Place<'_, '_>, findings: &mut Findings) {
    let (concepts, filters) = (include.has("concept"), include.has("filter"));
    if !include.has("system") && !include.has("valueSet") {
        findings.broken(include, "vsd-1", "must have a system or a value set");
    }
    if (concepts || filters) && !include.has("system") {
        findings.broken(include, "vsd-2", "concepts and filters need the system that they are of");
    }
    if concepts && filters {
        findings.broken(include, "vsd-3", "cannot have both concepts and filters");
    }
    if let Some(system) = include.text("system").filter(|system| !system.contains(':')) {
        let text = format!("must be an absolute URI, but it is '{}'", shown(system));
        findings.wrong("value", include, "system", text);
    }
    let mut seen = HashSet::new();
    include.each("concept", |concept| {
        if let Some(code) = concept.text("code").filter(|code| !seen.insert(*code)) {
            findings.doubtful(&concept, "code", format!("the code '{}' is there twice", shown(code)));
        }
    });
    include.each("filter", |filter| {
        for name in ["property", "value"] {
            findings.require(&filter, name);
        }
        if !filter.has(LATER_OPERATOR) {
            findings.require(&filter, "op");
        }
        findings.code(&filter, "op", OPERATORS);
    });
}

fn check_contains(at: &Place<'_, '_>, findings: &mut Findings) {
    at.each("contains", |entry| {
        let code = entry.has("code");
        if !code && !entry.has("display") {
            findings.broken(&entry, "vsd-6", "must have a code or a display");
        }
        if !code && !matches!(entry.get("abstract"), Some(Node::Boolean(true))) {
            findings.broken(&entry, "vsd-9", "must have a code unless it is abstract");
        }
        if code && !entry.has("system") {
            findings.broken(&entry, "vsd-10", "must have a system if it has a code");
        }
        check_contains(&entry, findings);
    });
}

//! The rules of CodeSystem: properties are declared and of their types, filters name operators, hierarchies have no circle.

use super::{Findings, OPERATORS, Place, one_of, shown};
use std::collections::{HashMap, HashSet};
use tern_loaders::fhir::code_system::{self, Link};
use tern_loaders::fhir::json::Node;

/// Properties that FHIR defines for all code systems: using one without declaring it is common, and understood.
const STANDARD: &[&str] = &[
    "inactive",
    "deprecated",
    "deprecationDate",
    "retirementDate",
    "effectiveDate",
    "status",
    "notSelectable",
    "parent",
    "child",
    "partOf",
    "synonym",
    "comment",
    "itemWeight",
];

pub(super) fn check(node: &Node<'_>, at: &Place<'_, '_>, findings: &mut Findings) {
    let links = match code_system::read(node) {
        Ok(parsed) => {
            findings.faults(parsed.faults);
            parsed.value.links
        }
        Err(fault) => {
            findings.faults(vec![fault]);
            Vec::new()
        }
    };
    findings.code(at, "hierarchyMeaning", &["grouped-by", "is-a", "part-of", "classified-with"]);
    check_filters(at, findings);
    let declared = declared(at, findings);
    let supplement = at.text("content") == Some("supplement");
    check_concepts(at, &declared, supplement, findings);
    check_circles(at, &links, findings);
}

fn check_filters(at: &Place<'_, '_>, findings: &mut Findings) {
    at.each("filter", |filter| {
        findings.require(&filter, "value");
        if filter.items("operator").is_empty() {
            findings.wrong("required", &filter, "operator", "at least one is required");
        }
        let unknown = |node: &&Node<'_>| node.as_str().is_some_and(|code| !OPERATORS.contains(&code));
        for operator in filter.items("operator").iter().filter(unknown).filter_map(Node::as_str) {
            let text = format!("'{}' is no operator; it must be {}", shown(operator), one_of(OPERATORS));
            findings.wrong("code-invalid", &filter, "operator", text);
        }
    });
}

/// Declared properties with their types.
fn declared<'n>(at: &Place<'n, '_>, findings: &mut Findings) -> HashMap<&'n str, Option<&'n str>> {
    let mut declared = HashMap::new();
    at.each("property", |property| {
        if let Some(code) = property.text("code")
            && declared.insert(code, property.text("type")).is_some()
        {
            let text = format!("the property '{}' is declared twice", shown(code));
            findings.wrong("duplicate", &property, "code", text);
        }
    });
    declared
}

fn check_concepts(at: &Place<'_, '_>, declared: &HashMap<&str, Option<&str>>, supplement: bool, findings: &mut Findings) {
    at.each("concept", |concept| {
        concept.each("property", |property| {
            let Some(code) = property.text("code") else { return };
            match declared.get(code) {
                Some(Some(wanted)) => check_type(&property, code, wanted, findings),
                Some(None) => {}
                // A supplement may use the properties of what it adds to.
                None if supplement => {}
                None if STANDARD.contains(&code) => {
                    findings.doubtful(
                        &property,
                        "code",
                        format!("the property '{code}' is not declared in CodeSystem.property"),
                    );
                }
                None => {
                    let text = format!("the property '{}' is not declared in CodeSystem.property", shown(code));
                    findings.wrong("code-invalid", &property, "code", text);
                }
            }
        });
        check_concepts(&concept, declared, supplement, findings);
    });
}

fn check_type(property: &Place<'_, '_>, code: &str, wanted: &str, findings: &mut Findings) {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    let expected = format!("value{}", capital(wanted));
    let mut given = property.object.members.iter().map(|(name, _)| name.as_ref());
    if let Some(other) = given.find(|name| name.starts_with("value") && *name != expected) {
        let text = format!(
            "the property '{}' is declared as {wanted}: it must have {expected}",
            shown(code)
        );
        findings.wrong("value", property, other, text);
    }
}

/// Finds concepts that are above themselves.
fn check_circles(at: &Place<'_, '_>, links: &[Link<'_>], findings: &mut Findings) {
    let mut parents: HashMap<&str, Vec<&str>> = HashMap::new();
    for link in links {
        parents.entry(link.child).or_default().push(link.parent);
    }
    let mut done: HashSet<&str> = HashSet::new();
    let mut circles: HashSet<&str> = HashSet::new();
    for link in links {
        // A walk upwards: what is on the way and comes again closes a circle.
        let mut way: Vec<(&str, usize)> = vec![(link.child, 0)];
        let mut on_way: HashSet<&str> = HashSet::from([link.child]);
        while let Some((code, next)) = way.pop() {
            let parent = parents.get(code).and_then(|parents| parents.get(next)).copied();
            let Some(parent) = parent.filter(|_| !done.contains(code)) else {
                on_way.remove(code);
                done.insert(code);
                continue;
            };
            way.push((code, next + 1));
            if on_way.contains(parent) {
                circles.insert(parent);
            } else if !done.contains(parent) {
                on_way.insert(parent);
                way.push((parent, 0));
            }
        }
    }
    if !circles.is_empty() {
        name_circles(at, &circles, findings);
    }
}

fn name_circles(at: &Place<'_, '_>, circles: &HashSet<&str>, findings: &mut Findings) {
    at.each("concept", |concept| {
        if let Some(code) = concept.text("code").filter(|code| circles.contains(code)) {
            let text = format!("the concept '{}' is above itself in the hierarchy", shown(code));
            findings.wrong("business-rule", &concept, "code", text);
        }
        name_circles(&concept, circles, findings);
    });
}

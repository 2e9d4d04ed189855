//! Value sets by context: the one that an element of a structure is bound to.
//!
//! A context is the URL of a StructureDefinition (or Questionnaire), `#`, and the path, id or slice name of an element
//! (`http://hl7.org/fhir/StructureDefinition/Patient#Patient.gender`). What a profile does not say itself is said by its base.
//! Reading and writing (`contextDirection`) make no difference: an element has one binding.

use super::refusals;
use super::{Failure, Terminology};
use std::sync::Arc;
use tern_index::model::Canonical;
use tern_loaders::fhir::structure::Structure;

/// How far profiles are followed to their bases.
const LONGEST_CHAIN: usize = 32;
/// Elements that a refusal names.
const NAMED: usize = 8;

/// The value set of a context.
pub fn value_set(terminology: &Terminology, context: &str) -> Result<Canonical, Failure> {
    let Some((url, element)) = context
        .rsplit_once('#')
        .filter(|(url, element)| !url.is_empty() && !element.is_empty())
    else {
        return Err(refusals::no_context(context));
    };
    let first = find(terminology, &Canonical::parse(url))?;
    let mut structure = Arc::clone(&first);
    let mut name = element.to_owned();
    for _ in 0..LONGEST_CHAIN {
        if let Some(binding) = structure.binding(&name) {
            return Ok(binding.value_set.clone());
        }
        let Some(base) = &structure.base else { break };
        // Without its base a profile may well say too little.
        let base = find(terminology, base)?;
        if let (Some(own), Some(of_base)) = (&structure.type_name, &base.type_name)
            && let Some(rest) = name.strip_prefix(own.as_str()).filter(|rest| rest.starts_with('.'))
        {
            name = format!("{of_base}{rest}");
        }
        structure = base;
    }
    let bound: Vec<&str> = first
        .bindings
        .iter()
        .map(|binding| binding.path.as_str())
        .take(NAMED)
        .collect();
    Err(refusals::unbound_element(url, element, &bound))
}

fn find(terminology: &Terminology, canonical: &Canonical) -> Result<Arc<Structure>, Failure> {
    let found = terminology.structure(&canonical.url, canonical.version.as_deref());
    found.ok_or_else(|| refusals::unknown_structure(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{FailureKind, Resource};

    fn terminology() -> Terminology {
        let texts = [
            r#"{"resourceType": "StructureDefinition", "url": "http://example.org/base", "version": "1", "type": "Thing",
                "snapshot": {"element": [{"path": "Thing.kind", "binding": {"valueSet": "http://example.org/old"}}]}}"#,
            r#"{"resourceType": "StructureDefinition", "url": "http://example.org/base", "version": "2", "type": "Thing",
                "snapshot": {"element": [{"path": "Thing.kind", "binding": {"valueSet": "http://example.org/kinds|3"}}]}}"#,
            r#"{"resourceType": "StructureDefinition", "url": "http://example.org/profile", "type": "Patch",
                "baseDefinition": "http://example.org/base",
                "differential": {"element": [{"path": "Patch.shade", "binding": {"valueSet": "http://example.org/shades"}}]}}"#,
            r#"{"resourceType": "StructureDefinition", "url": "http://example.org/orphan", "type": "Patch",
                "baseDefinition": "http://example.org/nowhere", "differential": {"element": []}}"#,
            r#"{"resourceType": "StructureDefinition", "url": "http://example.org/circle", "type": "Patch",
                "baseDefinition": "http://example.org/circle", "differential": {"element": []}}"#,
            r#"{"resourceType": "Questionnaire", "url": "http://example.org/form",
                "item": [{"linkId": "1.1", "answerValueSet": "http://example.org/answers"}]}"#,
        ];
        Terminology::of_resources(texts.iter().map(|text| Resource::parse(text).unwrap()).collect())
    }

    #[test]
    fn bindings_are_found_in_the_structure_or_its_base() {
        let terminology = terminology();
        for (context, expected) in [
            ("http://example.org/base#Thing.kind", "http://example.org/kinds|3"),
            ("http://example.org/base|1#Thing.kind", "http://example.org/old"),
            ("http://example.org/profile#Patch.shade", "http://example.org/shades"),
            ("http://example.org/profile#Patch.kind", "http://example.org/kinds|3"),
            ("http://example.org/form#1.1", "http://example.org/answers"),
        ] {
            assert_eq!(value_set(&terminology, context).unwrap().to_string(), expected, "{context}");
        }
    }

    #[test]
    fn what_is_not_found_says_what_to_do() {
        let terminology = terminology();
        for (context, kind, word) in [
            ("http://example.org/none#Thing.kind", FailureKind::NotFound, "tern load"),
            (
                "http://example.org/base|9#Thing.kind",
                FailureKind::NotFound,
                "http://example.org/base|9",
            ),
            (
                "http://example.org/orphan#Patch.kind",
                FailureKind::NotFound,
                "http://example.org/nowhere",
            ),
            ("http://example.org/base#Thing.other", FailureKind::NotFound, "Thing.kind"),
            ("http://example.org/circle#Patch.kind", FailureKind::NotFound, "no element"),
            ("http://example.org/base", FailureKind::Invalid, "#"),
            ("#Thing.kind", FailureKind::Invalid, "#"),
        ] {
            let failure = value_set(&terminology, context).unwrap_err();
            assert_eq!(failure.kind, kind, "{context}");
            assert!(failure.issues[0].text.contains(word), "{context}: {}", failure.issues[0].text);
        }
    }
}

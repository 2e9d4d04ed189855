//! Filters that "Using LOINC with FHIR" defines beside LOINC's own columns: the answers to a question, and whose
//! copyright is in a term.

use crate::service::code_system::View;
use tern_index::model::Ordinal;
use tern_index::read::ConceptSet;
use tern_index::value_set::Filter;

const URL: &str = "http://loinc.org";
/// Column of notices of third parties.
const NOTICE: &str = "EXTERNAL_COPYRIGHT_NOTICE";

/// The concepts that pass a filter; `None` where it is none of these.
pub(super) fn evaluate(view: &View, filter: &Filter, value: &str) -> Option<ConceptSet> {
    if view.url() != URL || filter.op != "=" {
        return None;
    }
    let index = &view.index;
    match (filter.property.as_str(), value) {
        ("copyright", "3rdParty") => Some(index.having_property(NOTICE)),
        ("copyright", "LOINC") => Some(index.all() - index.having_property(NOTICE)),
        ("answers-for", _) => Some(answers(view, value)),
        _ => None,
    }
}

/// The answers of a list, or of all lists of a term.
fn answers(view: &View, value: &str) -> ConceptSet {
    let index = &view.index;
    let Some(concept) = index.find(value.trim()) else {
        return ConceptSet::new();
    };
    let targets = |concept: Ordinal, property: &str| {
        index
            .property_targets(concept, property)
            .into_iter()
            .map(|(_, target)| target)
    };
    let mut lists: Vec<Ordinal> = targets(concept, "answer-list").collect();
    lists.push(concept);
    let mut found = ConceptSet::new();
    for list in lists {
        found |= index.with_property("LIST", index.code(list));
        found.extend(targets(list, "Answer").map(|answer| answer.0));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::service::Parameters;
    use crate::service::testing::{codes, expanded, terminology, value_set};

    const TERMS: &str = r#"{"resourceType": "CodeSystem", "url": "http://loinc.org", "status": "active", "content": "fragment",
        "property": [{"code": "answer-list", "type": "code"}, {"code": "LIST", "type": "code"}, {"code": "CLASS", "type": "code"},
          {"code": "EXTERNAL_COPYRIGHT_NOTICE", "type": "string"}],
        "concept": [{"code": "1-8", "display": "Zorvin", "property": [{"code": "answer-list", "valueCode": "LL1"}, {"code": "CLASS", "valueCode": "LP1"}]},
          {"code": "2-6", "display": "Plim", "property": [{"code": "EXTERNAL_COPYRIGHT_NOTICE", "valueString": "Plim Inc."}]},
          {"code": "LL1", "display": "Yes or no"}, {"code": "LP1", "display": "CHEM.ZOR"},
          {"code": "LA1", "display": "Yes", "property": [{"code": "LIST", "valueCode": "LL1"}]},
          {"code": "LA2", "display": "No", "property": [{"code": "LIST", "valueCode": "LL1"}]}]}"#;

    #[test]
    fn answers_and_copyrights_are_asked_for() {
        for (property, op, value, expected) in [
            ("answers-for", "=", "LL1", "LA1 LA2"),
            ("answers-for", "=", "1-8", "LA1 LA2"),
            ("answers-for", "=", "2-6", ""),
            ("answers-for", "=", "none", ""),
            ("copyright", "=", "3rdParty", "2-6"),
            ("copyright", "=", "LOINC", "1-8 LL1 LP1 LA1 LA2"),
            ("LIST", "=", "LL1", "LA1 LA2"),
            ("CLASS", "regex", "CHEM\\\\..*", "1-8"),
            ("CLASS", "regex", "LP.", "1-8"),
        ] {
            let compose = format!(
                r#"{{"include": [{{"system": "http://loinc.org", "filter": [{{"property": "{property}", "op": "{op}", "value": "{value}"}}]}}]}}"#
            );
            let terminology = terminology(&[TERMS, &value_set("v", &compose)]);
            let expansion = expanded(&terminology, "v", Parameters::default()).unwrap();
            assert_eq!(codes(&expansion.contains), expected, "{property} {op} {value}");
        }
    }
}

//! Filters on SNOMED CT that the columns of the index do not answer as they are: semantic tags, dates as FHIR writes
//! them, attributes that no concept has, and whether expressions are in.

use crate::service::code_system::View;
use crate::service::postcoordinated::SNOMED;
use crate::service::semantic_tag::{self, SemanticTags};
use std::borrow::Cow;
use tern_index::read::ConceptSet;
use tern_index::value_set::Filter;

/// A filter in the words of the release: its dates have no hyphens.
pub(super) fn as_stored<'f>(view: &View, filter: &'f Filter) -> Cow<'f, Filter> {
    let dated = filter.property == "effectiveTime" && matches!(filter.op.as_str(), "=" | "in" | "not-in");
    match filter.value.as_deref() {
        Some(value) if dated && view.url() == SNOMED && value.contains('-') => Cow::Owned(Filter {
            value: Some(value.replace('-', "")),
            ..filter.clone()
        }),
        _ => Cow::Borrowed(filter),
    }
}

/// The concepts that pass a filter; `None` where it is none of these.
pub(super) fn evaluate(view: &View, filter: &Filter, value: &str) -> Option<ConceptSet> {
    let index = &view.index;
    if view.url() != SNOMED {
        return None;
    }
    let listed = || value.split(',').map(str::trim);
    match (filter.property.as_str(), filter.op.as_str()) {
        (semantic_tag::PROPERTY, "=") => Some(tags(view).of(value.trim())),
        (semantic_tag::PROPERTY, "in") => Some(listed().fold(ConceptSet::new(), |set, tag| set | tags(view).of(tag))),
        (semantic_tag::PROPERTY, "not-in") => Some(listed().fold(index.all(), |set, tag| set - tags(view).of(tag))),
        (semantic_tag::PROPERTY, "exists") if value == "false" => Some(index.all() - tags(view).all()),
        (semantic_tag::PROPERTY, "exists") => Some(tags(view).all()),
        // Each attribute of the concept model is a property, whether a concept has it or not.
        (attribute, operator) if is_unused(view, attribute) => match operator {
            "=" | "in" | "regex" | "is-a" | "descendent-of" | "is-not-a" | "child-of" | "generalizes" => Some(ConceptSet::new()),
            "not-in" => Some(index.all()),
            "exists" => Some(if value == "false" { index.all() } else { ConceptSet::new() }),
            _ => None,
        },
        _ => None,
    }
}

fn tags(view: &View) -> std::sync::Arc<SemanticTags> {
    view.index.derived(SemanticTags::of_all)
}

/// Whether a property is a concept of the edition that no concept has as its attribute.
fn is_unused(view: &View, property: &str) -> bool {
    let index = &view.index;
    let number = property.bytes().all(|byte| byte.is_ascii_digit());
    number && !index.has_property(property) && index.find_exact(property).is_some()
}

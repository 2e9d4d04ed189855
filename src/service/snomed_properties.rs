//! Properties of SNOMED CT as "Using SNOMED CT with FHIR" has them where a release states them otherwise or not at all: dates
//! are dates of FHIR, and normal forms and semantic tags are worked out when somebody asks for them by name.

use super::CodeSystemIndex;
use super::{normal_form, semantic_tag};
use tern_index::model::{Ordinal, PropertyValue};

/// Properties that are worked out.
pub const WORKED_OUT: [&str; 3] = ["normalForm", "normalFormTerse", semantic_tag::PROPERTY];

/// A property that is worked out of a concept, if it has it.
pub fn worked_out(index: &CodeSystemIndex, concept: Ordinal, property: &str) -> Option<PropertyValue> {
    match property {
        "normalForm" => Some(PropertyValue::String(normal_form::necessary_normal_form(
            index, concept, false,
        ))),
        "normalFormTerse" => Some(PropertyValue::String(normal_form::necessary_normal_form(
            index, concept, true,
        ))),
        semantic_tag::PROPERTY => semantic_tag::of(index, concept).map(PropertyValue::Code),
        _ => None,
    }
}

/// A stated property as FHIR has it: `effectiveTime` is a day that the release writes YYYYMMDD.
pub fn presented(property: &str, value: PropertyValue) -> PropertyValue {
    match value {
        PropertyValue::String(day) if property == "effectiveTime" => dated(day),
        value => value,
    }
}

fn dated(day: String) -> PropertyValue {
    match (day.get(..4), day.get(4..6), day.get(6..8)) {
        (Some(year), Some(month), Some(of_month)) if day.len() == 8 => {
            PropertyValue::DateTime(format!("{year}-{month}-{of_month}"))
        }
        _ => PropertyValue::String(day),
    }
}

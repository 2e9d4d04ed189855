//! The code system header of SNOMED CT: properties and filters as "Using SNOMED CT with FHIR" defines them.

use super::edition::Edition;
use super::{COPYRIGHT, NAME, PUBLISHER, SYSTEM};
use tern_index::model::{CodeSystemHeader, ConceptOrder, FilterDefinition, PropertyDefinition, PropertyType};

fn properties() -> Vec<PropertyDefinition> {
    let concept_properties = "http://hl7.org/fhir/concept-properties";
    [
        (
            "parent",
            Some("parent"),
            "A concept directly above this one",
            PropertyType::Code,
        ),
        (
            "child",
            Some("child"),
            "A concept directly below this one",
            PropertyType::Code,
        ),
        (
            "inactive",
            Some("inactive"),
            "Whether the concept is no longer in use",
            PropertyType::Boolean,
        ),
        (
            "sufficientlyDefined",
            None,
            "Whether the attributes of the concept are enough to tell it from all others",
            PropertyType::Boolean,
        ),
        (
            "moduleId",
            Some("moduleId"),
            "The module in which the concept is maintained",
            PropertyType::Code,
        ),
        (
            "effectiveTime",
            Some("effectiveTime"),
            "The release date of the concept's state",
            PropertyType::DateTime,
        ),
        (
            "semanticTag",
            None,
            "What stands in the last brackets of the fully specified name",
            PropertyType::Code,
        ),
        (
            "normalForm",
            None,
            "The necessary normal form as an expression, with terms",
            PropertyType::String,
        ),
        (
            "normalFormTerse",
            None,
            "The necessary normal form as an expression, without terms",
            PropertyType::String,
        ),
    ]
    .into_iter()
    .map(|(code, uri, description, property_type)| PropertyDefinition {
        code: code.into(),
        uri: uri.map(|name| match name {
            "parent" | "child" | "inactive" => format!("{concept_properties}#{name}"),
            column => format!("http://snomed.info/field/Concept.{column}"),
        }),
        description: Some(description.into()),
        property_type,
    })
    .collect()
}

fn filters() -> Vec<FilterDefinition> {
    [
        (
            "concept",
            "Concepts by their place in the hierarchy",
            &[
                "is-a",
                "descendent-of",
                "is-not-a",
                "generalizes",
                "child-of",
                "descendent-leaf",
                "=",
            ][..],
            "A concept",
        ),
        ("concept", "Members of a reference set", &["in"], "A reference set"),
        (
            "constraint",
            "Concepts that satisfy an expression constraint",
            &["="],
            "An ECL expression",
        ),
        (
            "expressions",
            "Whether post-coordinated expressions are included",
            &["="],
            "true or false",
        ),
        ("parent", "Concepts by a direct supertype", &["="], "A concept"),
        ("child", "Concepts by a direct subtype", &["="], "A concept"),
        ("inactive", "Whether the concept is no longer in use", &["="], "true or false"),
        (
            "sufficientlyDefined",
            "Whether the concept is sufficiently defined",
            &["="],
            "true or false",
        ),
        ("moduleId", "Concepts of a module", &["=", "in"], "A module"),
        (
            "effectiveTime",
            "Concepts whose state is of a release date",
            &["=", "in"],
            "A date",
        ),
        (
            "semanticTag",
            "Concepts with a semantic tag",
            &["=", "in", "exists"],
            "A tag: disorder, procedure, ...",
        ),
    ]
    .into_iter()
    .map(|(code, description, operators, value)| FilterDefinition {
        code: code.into(),
        description: Some(description.into()),
        operators: operators.iter().map(|operator| (*operator).to_owned()).collect(),
        value: Some(value.into()),
    })
    .collect()
}

/// The header of an edition.
pub(super) fn code_system(edition: &Edition) -> CodeSystemHeader {
    CodeSystemHeader {
        name: Some("SNOMED_CT".into()),
        title: Some(edition.title.clone()),
        experimental: Some(edition.experimental),
        date: edition.date.clone(),
        publisher: Some(PUBLISHER.into()),
        description: Some("Clinical terminology of findings, procedures, substances, organisms and their attributes".into()),
        copyright: Some(COPYRIGHT.into()),
        compositional: true,
        hierarchy_meaning: Some("is-a".into()),
        value_set: Some(format!("{SYSTEM}?fhir_vs")),
        language: Some("en".into()),
        identifiers: vec!["urn:oid:2.16.840.1.113883.6.96".into()],
        properties: properties(),
        filters: filters(),
        order: ConceptOrder::ByCode,
        ..CodeSystemHeader::new(SYSTEM, Some(edition.version.clone()), NAME)
    }
}

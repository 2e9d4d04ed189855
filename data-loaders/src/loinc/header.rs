//! The code system header of LOINC: properties and filters as LOINC's own FHIR code system names them.

use super::{COPYRIGHT, NAME, PUBLISHER, SYSTEM};
use tern_index::model::{CodeSystemHeader, ConceptOrder, FilterDefinition, PropertyDefinition, PropertyType};

/// Properties that the header declares; others (radiology and document parts, for instance) are declared by use.
const PROPERTIES: [(&str, PropertyType, &str); 34] = [
    (
        "parent",
        PropertyType::Code,
        "A part directly above in the component hierarchy",
    ),
    (
        "child",
        PropertyType::Code,
        "A part or term directly below in the component hierarchy",
    ),
    ("inactive", PropertyType::Boolean, "Whether the code is deprecated"),
    ("COMPONENT", PropertyType::Code, "First axis: what is measured or observed"),
    ("PROPERTY", PropertyType::Code, "Second axis: the kind of quantity"),
    (
        "TIME_ASPCT",
        PropertyType::Code,
        "Third axis: the time over which it is observed",
    ),
    ("SYSTEM", PropertyType::Code, "Fourth axis: the specimen or body system"),
    ("SCALE_TYP", PropertyType::Code, "Fifth axis: the scale of the result"),
    ("METHOD_TYP", PropertyType::Code, "Sixth axis: the method, where it matters"),
    ("CLASS", PropertyType::Code, "The class of the term"),
    (
        "CLASSTYPE",
        PropertyType::String,
        "1 laboratory, 2 clinical, 3 claims attachment, 4 survey",
    ),
    ("STATUS", PropertyType::String, "ACTIVE, TRIAL, DISCOURAGED or DEPRECATED"),
    (
        "STATUS_REASON",
        PropertyType::String,
        "Why the term is deprecated or discouraged",
    ),
    ("STATUS_TEXT", PropertyType::String, "More on the status"),
    (
        "VersionLastChanged",
        PropertyType::String,
        "Release in which the term last changed",
    ),
    (
        "VersionFirstReleased",
        PropertyType::String,
        "Release in which the term first appeared",
    ),
    ("CHNG_TYPE", PropertyType::String, "Kind of the last change"),
    (
        "ORDER_OBS",
        PropertyType::String,
        "Whether the term is for orders, observations or both",
    ),
    ("UNITSREQUIRED", PropertyType::String, "Y where a result needs units"),
    ("EXAMPLE_UNITS", PropertyType::String, "Units as laboratories write them"),
    ("EXAMPLE_UCUM_UNITS", PropertyType::String, "Units in UCUM"),
    (
        "COMMON_TEST_RANK",
        PropertyType::Integer,
        "Rank among tests by frequency of use; 0 is not ranked",
    ),
    (
        "COMMON_ORDER_RANK",
        PropertyType::Integer,
        "Rank among orders by frequency of use; 0 is not ranked",
    ),
    ("PanelType", PropertyType::String, "Kind of panel, where the term is one"),
    (
        "AskAtOrderEntry",
        PropertyType::Code,
        "A term to be asked when this one is ordered",
    ),
    (
        "AssociatedObservations",
        PropertyType::Code,
        "A term to be reported with this one",
    ),
    (
        "EXTERNAL_COPYRIGHT_NOTICE",
        PropertyType::String,
        "Copyright of a third party in the term",
    ),
    ("MAP_TO", PropertyType::Code, "The term to use in place of this one"),
    ("answer-list", PropertyType::Code, "An answer list of the term"),
    ("answers-for", PropertyType::Code, "A term of which this is an answer list"),
    ("Answer", PropertyType::Code, "An answer of the list"),
    ("LIST", PropertyType::Code, "An answer list that has this answer"),
    ("ExtCode", PropertyType::Coding, "The same answer in another code system"),
    (
        "PartTypeName",
        PropertyType::String,
        "The axis or attribute for which the part is used",
    ),
];

/// The header of a release.
pub(super) fn code_system(version: Option<String>) -> CodeSystemHeader {
    let filter = |code: &str, operators: &[&str], description: &str| FilterDefinition {
        code: code.into(),
        description: Some(description.into()),
        operators: operators.iter().map(|operator| (*operator).to_owned()).collect(),
        value: None,
    };
    let mut filters = vec![
        filter(
            "concept",
            &["is-a", "descendent-of"],
            "Terms and parts by their place in the component hierarchy",
        ),
        filter("copyright", &["="], "LOINC or 3rdParty"),
    ];
    filters.extend(
        PROPERTIES
            .iter()
            .map(|(code, _, description)| filter(code, &["=", "in", "regex", "exists"], description)),
    );
    let property = |(code, property_type, description): &(&str, PropertyType, &str)| PropertyDefinition {
        code: (*code).into(),
        uri: Some(match *code {
            "parent" | "child" | "inactive" => format!("http://hl7.org/fhir/concept-properties#{code}"),
            other => format!("http://loinc.org/property/{other}"),
        }),
        description: Some((*description).into()),
        property_type: *property_type,
    };
    CodeSystemHeader {
        name: Some("LOINC".into()),
        title: Some("LOINC".into()),
        experimental: Some(false),
        publisher: Some(PUBLISHER.into()),
        description: Some("Identifiers and names for laboratory tests, measurements, observations and documents".into()),
        copyright: Some(COPYRIGHT.into()),
        case_sensitive: false,
        hierarchy_meaning: Some("is-a".into()),
        value_set: Some("http://loinc.org/vs".into()),
        language: Some("en-US".into()),
        identifiers: vec!["urn:oid:2.16.840.1.113883.6.1".into()],
        properties: PROPERTIES.iter().map(property).collect(),
        filters,
        order: ConceptOrder::ByCode,
        ..CodeSystemHeader::new(SYSTEM, version, NAME)
    }
}

//! Answers of the operations as Parameters resources.
//!
//! Where R4 and R5 differ, the version decides; where validators need a name that a version does not define
//! (`system`, `code`, `issues`), it is given in both, because a client ignores names it does not know.

use super::FhirVersion;
use super::outcome::operation_outcome;
use super::parameters::GivenConcept;
use super::render_expansion::extensions;
use crate::service::compare::Comparison;
use crate::service::lookup::{Lookup, LookupDesignation, LookupProperty};
use crate::service::subsumes::Subsumption;
use crate::service::translate::{Direction, Match, Translation};
use crate::service::validate_code::Validation;
use serde_json::{Map, Value, json};
use tern_index::model::{Coding, MappingAttribute, MappingAttributeRole, PropertyValue, Relationship};

/// A Parameters resource, or the list of parts of a parameter.
#[derive(Debug, Default)]
pub struct List(Vec<Value>);

impl List {
    /// Adds a value; `suffix` is the type in `value[x]`.
    pub fn value(&mut self, name: &str, suffix: &str, value: impl Into<Value>) -> &mut Self {
        let mut parameter = Map::new();
        parameter.insert("name".into(), name.into());
        parameter.insert(format!("value{suffix}"), value.into());
        self.0.push(parameter.into());
        self
    }

    /// Adds a value if there is one.
    pub fn optional(&mut self, name: &str, suffix: &str, value: Option<impl Into<Value>>) -> &mut Self {
        match value {
            Some(value) => self.value(name, suffix, value),
            None => self,
        }
    }

    /// Adds a parameter with parts.
    pub fn parts(&mut self, name: &str, parts: List) -> &mut Self {
        self.0.push(json!({"name": name, "part": parts.0}));
        self
    }

    /// Adds a value with extensions of the parameter.
    pub fn extended(&mut self, name: &str, suffix: &str, value: impl Into<Value>, extensions: Vec<Value>) -> &mut Self {
        let mut parameter = Map::new();
        parameter.insert("extension".into(), extensions.into());
        parameter.insert("name".into(), name.into());
        parameter.insert(format!("value{suffix}"), value.into());
        self.0.push(parameter.into());
        self
    }

    /// Adds a parameter with parts and extensions.
    pub fn extended_parts(&mut self, name: &str, parts: List, extensions: Vec<Value>) -> &mut Self {
        self.0.push(json!({"extension": extensions, "name": name, "part": parts.0}));
        self
    }

    /// Adds a resource.
    pub fn resource(&mut self, name: &str, resource: Value) -> &mut Self {
        self.0.push(json!({"name": name, "resource": resource}));
        self
    }

    /// The resource. FHIR forbids empty arrays.
    pub fn into_resource(self) -> Value {
        if self.0.is_empty() {
            return json!({"resourceType": "Parameters"});
        }
        json!({"resourceType": "Parameters", "parameter": self.0})
    }
}

/// A coding as FHIR has it.
pub fn coding(coding: &Coding) -> Value {
    let mut json = Map::new();
    let mut add = |name: &str, text: Option<&str>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            json.insert(name.into(), text.into());
        }
    };
    add("system", coding.system.as_deref());
    add("version", coding.version.as_deref());
    add("code", Some(&coding.code));
    add("display", coding.display.as_deref());
    json.into()
}

/// The type suffix and JSON of a property's value.
pub fn property_value(value: &PropertyValue) -> (&'static str, Value) {
    match value {
        PropertyValue::Code(code) => ("Code", code.as_str().into()),
        PropertyValue::Coding(given) => ("Coding", coding(given)),
        PropertyValue::String(text) => ("String", text.as_str().into()),
        PropertyValue::Integer(number) => ("Integer", (*number).into()),
        PropertyValue::Boolean(truth) => ("Boolean", (*truth).into()),
        PropertyValue::DateTime(text) => ("DateTime", text.as_str().into()),
        PropertyValue::Decimal(text) => ("Decimal", serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())),
    }
}

/// The answer of `$lookup`.
pub fn lookup(lookup: &Lookup) -> Value {
    let mut list = List::default();
    list.value("name", "String", lookup.name.as_str())
        .value("code", "Code", lookup.code.as_str())
        .value("system", "Uri", lookup.system.as_str())
        .optional("version", "String", lookup.version.as_deref())
        .optional("display", "String", lookup.display.as_deref())
        .optional("definition", "String", lookup.definition.as_deref())
        .value("abstract", "Boolean", lookup.abstract_);
    for designation in &lookup.designations {
        let parts = lookup_designation(designation);
        match extensions(designation.extensions.as_deref()) {
            none if none.is_empty() => list.parts("designation", parts),
            extensions => list.extended_parts("designation", parts, extensions),
        };
    }
    for property in &lookup.properties {
        list.parts("property", lookup_property(property));
    }
    for supplement in &lookup.used_supplements {
        list.value("used-supplement", "Canonical", supplement.to_string());
    }
    list.into_resource()
}

fn lookup_designation(designation: &LookupDesignation) -> List {
    let mut parts = List::default();
    parts
        .optional("language", "Code", designation.language.as_deref())
        .optional("use", "Coding", designation.use_.as_ref().map(coding))
        .optional("source", "Canonical", designation.source.as_ref().map(ToString::to_string))
        .value("value", "String", designation.value.as_str());
    parts
}

fn lookup_property(property: &LookupProperty) -> List {
    let mut parts = List::default();
    parts
        .value("code", "Code", property.code.as_str())
        .optional("code-display", "String", property.code_display.as_deref());
    if let Some(value) = &property.value {
        let (suffix, value) = property_value(value);
        parts.value("value", suffix, value);
    }
    parts
        .optional("description", "String", property.description.as_deref())
        .optional("source", "Canonical", property.source.as_ref().map(ToString::to_string));
    for subproperty in &property.subproperties {
        parts.parts("subproperty", lookup_property(subproperty));
    }
    parts
}

/// The answer of `$subsumes`.
pub fn subsumption(subsumption: Subsumption) -> Value {
    let mut list = List::default();
    list.value("outcome", "Code", subsumption.as_str());
    list.into_resource()
}

/// The answer of `$compare`, with what it rests on where that was asked for.
pub fn comparison(comparison: &Comparison, diagnostics: bool) -> Value {
    let mut list = List::default();
    list.value("result", "Code", comparison.relation.as_str())
        .value("message", "String", comparison.message.as_str());
    if diagnostics {
        list.value("performed-expansion", "Boolean", comparison.expanded);
        let codes = &comparison.codes;
        for (name, codes) in [
            ("missing-codes", &codes.missing),
            ("extra-codes", &codes.extra),
            ("common-codes", &codes.common),
        ] {
            list.optional(name, "String", (!codes.is_empty()).then(|| codes.join(",")));
        }
    }
    list.into_resource()
}

/// The answer of `$validate-code`, with the codeable concept as it was given.
pub fn validation(validation: &Validation, echo: Option<&GivenConcept>) -> Value {
    let mut list = List::default();
    list.value("result", "Boolean", validation.result)
        .optional("code", "Code", validation.code.as_deref())
        .optional("codeableConcept", "CodeableConcept", echo.map(|concept| concept.json.clone()))
        .optional("system", "Uri", validation.system.as_deref())
        .optional("version", "String", validation.version.as_deref())
        .optional("display", "String", validation.display.as_deref())
        .optional("normalized-code", "Code", validation.normalized_code.as_deref())
        .optional("inactive", "Boolean", validation.inactive)
        .optional("status", "Code", validation.status.as_deref());
    for system in &validation.unknown_systems {
        list.value("x-unknown-system", "Canonical", system.as_str());
    }
    for system in &validation.caused_by_unknown_systems {
        list.value("x-caused-by-unknown-system", "Canonical", system.as_str());
    }
    list.optional("message", "String", validation.message.as_deref());
    if !validation.issues.is_empty() {
        list.resource("issues", operation_outcome(&validation.issues));
    }
    list.into_resource()
}

/// In whose words a translation is answered.
#[derive(Debug, Clone, Copy)]
pub struct TranslationStyle {
    /// The version of the shapes.
    pub version: FhirVersion,
    /// R4 names the origin map `source`; a client that asked with later names gets `originMap`, as it expects.
    pub r4_names: bool,
    /// Which way was translated.
    pub direction: Direction,
    /// R4 `reverse`: the concept of a match is on the source side.
    pub concept_is_source: bool,
}

/// The answer of `$translate`.
pub fn translation(translation: &Translation, style: TranslationStyle) -> Value {
    let mut list = List::default();
    list.value("result", "Boolean", translation.result)
        .optional("message", "String", translation.message.as_deref());
    for found in &translation.matches {
        list.parts("match", translation_match(found, style));
    }
    list.into_resource()
}

fn translation_match(found: &Match, style: TranslationStyle) -> List {
    let mut parts = List::default();
    let (concept, relationship) = if style.concept_is_source {
        (&found.source, found.relationship.reversed())
    } else {
        (&found.target, found.relationship)
    };
    match style.version {
        FhirVersion::R4 => {
            let map = found.origin.as_ref().map(|origin| origin.url.as_str());
            parts.value("equivalence", "Code", r4_equivalence_in(map, relationship))
        }
        FhirVersion::R5 => parts.value("relationship", "Code", relationship.as_str()),
    };
    parts.value("concept", "Coding", coding(concept));
    if style.direction == Direction::Reverse && !style.concept_is_source {
        parts.value("source", "Coding", coding(&found.source));
    }
    let origin = found.origin.as_ref().map(ToString::to_string);
    if style.version == FhirVersion::R4 && style.r4_names {
        parts.optional("source", "Uri", origin);
    } else {
        parts.optional("originMap", "Canonical", origin);
    }
    parts.optional(
        "comment",
        "String",
        found.comment.as_deref().filter(|_| style.version == FhirVersion::R5),
    );
    for attribute in &found.attributes {
        mapping_attribute(attribute, style.version, &mut parts);
    }
    parts
}

fn mapping_attribute(attribute: &MappingAttribute, version: FhirVersion, list: &mut List) {
    let (suffix, value) = attribute_value(attribute);
    let mut parts = List::default();
    let name = match (attribute.role, version) {
        (MappingAttributeRole::Product, FhirVersion::R4) => {
            // R4 products are codings; what is none cannot be said.
            if !matches!(attribute.value_type.as_str(), "" | "Coding" | "Code" | "String") {
                return;
            }
            let concept = Coding {
                system: attribute.system.clone(),
                version: None,
                code: attribute.value.clone(),
                display: attribute.display.clone(),
            };
            parts
                .value("element", "Uri", attribute.attribute.as_str())
                .value("concept", "Coding", coding(&concept));
            list.parts("product", parts);
            return;
        }
        // R4 has neither.
        (_, FhirVersion::R4) => return,
        (MappingAttributeRole::Product, FhirVersion::R5) => "product",
        (MappingAttributeRole::DependsOn, FhirVersion::R5) => "dependsOn",
        (MappingAttributeRole::Property, FhirVersion::R5) => {
            parts
                .value("uri", "Uri", attribute.attribute.as_str())
                .value("value", suffix, value);
            list.parts("property", parts);
            return;
        }
    };
    parts
        .value("attribute", "Uri", attribute.attribute.as_str())
        .value("value", suffix, value);
    list.parts(name, parts);
}

/// `value[x]` of a mapping's attribute.
pub fn attribute_value(attribute: &MappingAttribute) -> (&str, Value) {
    let parsed = || serde_json::from_str(&attribute.value).unwrap_or_else(|_| attribute.value.as_str().into());
    match attribute.value_type.as_str() {
        "Coding" => {
            let given = Coding {
                system: attribute.system.clone(),
                version: None,
                code: attribute.value.clone(),
                display: attribute.display.clone(),
            };
            ("Coding", coding(&given))
        }
        suffix @ ("Boolean" | "Quantity" | "Integer" | "Decimal") => (suffix, parsed()),
        "" | "ValueSet" => ("String", attribute.value.as_str().into()),
        suffix => (suffix, attribute.value.as_str().into()),
    }
}

/// The R4 code of a relationship. R4 says what the target is: `wider` is a target wider than the source.
pub fn r4_equivalence(relationship: Relationship) -> &'static str {
    match relationship {
        Relationship::Equivalent => "equivalent",
        Relationship::SourceIsNarrowerThanTarget => "wider",
        Relationship::SourceIsBroaderThanTarget => "narrower",
        Relationship::RelatedTo => "relatedto",
        Relationship::NotRelatedTo => "disjoint",
    }
}

/// Equivalences that "Using SNOMED CT with FHIR" gives to the implicit concept maps of associations, where R4 has a finer word
/// than that of the relationship: SAME AS, POSSIBLY EQUIVALENT TO, ALTERNATIVE.
const OF_ASSOCIATIONS: [(&str, &str); 3] = [
    ("http://snomed.info/sct?fhir_cm=900000000000527005", "equal"),
    ("http://snomed.info/sct?fhir_cm=900000000000523009", "inexact"),
    ("http://snomed.info/sct?fhir_cm=900000000000530003", "inexact"),
];

/// The R4 code of a relationship in a map.
pub fn r4_equivalence_in(map: Option<&str>, relationship: Relationship) -> &'static str {
    let named = OF_ASSOCIATIONS
        .iter()
        .find(|(url, _)| Some(*url) == map)
        .map(|(_, code)| *code);
    let finer = named.filter(|code| Relationship::from_r4_equivalence(code) == Some(relationship));
    finer.unwrap_or_else(|| r4_equivalence(relationship))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn associations_have_the_equivalences_of_the_standard() {
        let of = |refset: &str, relationship| {
            r4_equivalence_in(Some(&format!("http://snomed.info/sct?fhir_cm={refset}")), relationship)
        };
        for (refset, relationship, code) in [
            ("900000000000527005", Relationship::Equivalent, "equal"),
            ("900000000000526001", Relationship::Equivalent, "equivalent"),
            ("900000000000523009", Relationship::RelatedTo, "inexact"),
            ("900000000000530003", Relationship::RelatedTo, "inexact"),
            ("900000000000524003", Relationship::RelatedTo, "relatedto"),
            ("900000000000527005", Relationship::NotRelatedTo, "disjoint"),
        ] {
            assert_eq!(of(refset, relationship), code, "{refset}");
        }
    }

    #[test]
    fn equivalences_read_back_as_the_relationship_they_came_from() {
        for relationship in Relationship::ALL {
            assert_eq!(
                Relationship::from_r4_equivalence(r4_equivalence(relationship)),
                Some(relationship)
            );
        }
    }

    #[test]
    fn a_reverse_translation_in_r4_answers_with_the_source() {
        let found = Match {
            source: Coding::new("s", "narrow"),
            target: Coding::new("t", "wide"),
            relationship: Relationship::SourceIsNarrowerThanTarget,
            origin: None,
            comment: None,
            attributes: Vec::new(),
        };
        let style = TranslationStyle {
            version: FhirVersion::R4,
            r4_names: true,
            direction: Direction::Reverse,
            concept_is_source: true,
        };
        let parts = Value::Array(translation_match(&found, style).0);
        let expected = json!([
            {"name": "equivalence", "valueCode": "narrower"},
            {"name": "concept", "valueCoding": {"system": "s", "code": "narrow"}}
        ]);
        assert_eq!(parts, expected);
    }
}

//! FHIR `ValueSet` JSON, R4 and R5, to the typed definition of `tern_index`.
//!
//! It checks shapes, not sense: operators, filters without a value and unknown systems are left to whoever
//! evaluates the definition, because the answer to a client must say where in the evaluation they stood.

use super::element::{Element, Fault, Parsed, Path};
use super::json::Node;
use tern_index::model::{Canonical, Coding};
use tern_index::record::ProblemKind;
use tern_index::value_set::{
    Compose, ConceptReference, Contains, Filter, Include, ReferenceDesignation, StoredExpansion, ValueSet,
};

/// Reads a ValueSet resource. The error says that it is none; lesser faults come with the value.
pub fn read(node: &Node<'_>) -> Result<Parsed<ValueSet>, Fault> {
    read_at(node, Path::root("ValueSet"))
}

/// Like [`read`], for a resource inside another (`Bundle.entry[3].resource`).
pub fn read_at(node: &Node<'_>, path: Path<'_>) -> Result<Parsed<ValueSet>, Fault> {
    let element = Element::resource(node, "ValueSet", path)?;
    let mut faults = Vec::new();
    let value = value_set(&element, &mut faults);
    Ok(Parsed { value, faults })
}

fn value_set(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> ValueSet {
    let mut contained = Vec::new();
    element.each("contained", faults, |inner, faults| {
        if inner.text("resourceType", faults) == Some("ValueSet") {
            contained.push(value_set(&inner, faults));
        }
    });
    ValueSet {
        url: element.owned("url", faults),
        version: element.owned("version", faults),
        id: element.owned("id", faults),
        name: element.owned("name", faults),
        title: element.owned("title", faults),
        status: element.owned("status", faults),
        experimental: element.boolean("experimental", faults),
        language: element.owned("language", faults),
        date: element.owned("date", faults),
        publisher: element.owned("publisher", faults),
        identifiers: element.identifiers(faults),
        compose: element.child("compose", faults).map(|compose| read_compose(&compose, faults)),
        expansion: element.child("expansion", faults).map(|expansion| StoredExpansion {
            contains: contains(&expansion, faults),
        }),
        contained,
        resource: element.object.to_text(),
    }
}

fn read_compose(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Compose {
    Compose {
        locked_date: element.owned("lockedDate", faults),
        inactive: element.boolean("inactive", faults),
        properties: copied(element.texts("property", faults)),
        include: includes(element, "include", faults),
        exclude: includes(element, "exclude", faults),
        extensions: element.extensions(faults),
    }
}

fn copied(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

fn includes(element: &Element<'_, '_>, name: &str, faults: &mut Vec<Fault>) -> Vec<Include> {
    let mut includes = Vec::new();
    element.each(name, faults, |include, faults| {
        includes.push(Include {
            system: include.owned("system", faults),
            version: include.owned("version", faults),
            concepts: concepts(&include, faults),
            filters: filters(&include, faults),
            value_sets: include.texts("valueSet", faults).into_iter().map(Canonical::parse).collect(),
            extensions: include.extensions(faults),
        });
    });
    includes
}

fn concepts(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Vec<ConceptReference> {
    let mut concepts = Vec::with_capacity(element.items("concept", &mut Vec::new()).len());
    element.each("concept", faults, |concept, faults| {
        let Some(code) = concept.owned("code", faults) else {
            faults.push(concept.fault_at("code", ProblemKind::BadIdentifier, "an enumerated concept must have a code"));
            return;
        };
        concepts.push(ConceptReference {
            code,
            display: concept.owned("display", faults),
            designations: designations(&concept, faults),
            extensions: concept.extensions(faults),
        });
    });
    concepts
}

fn designations(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Vec<ReferenceDesignation> {
    let mut designations = Vec::new();
    element.each("designation", faults, |designation, faults| {
        let Some(value) = designation.owned("value", faults) else {
            faults.push(designation.fault_at("value", ProblemKind::BadValue, "a designation must have a value"));
            return;
        };
        designations.push(ReferenceDesignation {
            language: designation.owned("language", faults),
            use_: designation.coding("use", faults),
            value,
            extensions: designation.extensions(faults),
        });
    });
    designations
}

fn filters(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Vec<Filter> {
    let mut filters = Vec::new();
    element.each("filter", faults, |filter, faults| {
        // Every filter is kept, even one that lacks parts: leaving one out would widen the set.
        filters.push(Filter {
            property: filter.owned("property", faults).unwrap_or_default(),
            op: filter
                .owned("op", faults)
                .or_else(|| later_operator(&filter, faults))
                .unwrap_or_default(),
            value: filter.owned("value", faults),
        });
    });
    filters
}

/// An operator that R4 does not have (`child-of`): R4 resources carry it as the extension for the R5 element.
fn later_operator(filter: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Option<String> {
    const OPERATOR: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.compose.include.filter.op";
    let mut operator = None;
    filter.child("_op", faults)?.each("extension", faults, |extension, faults| {
        if extension.text("url", faults) == Some(OPERATOR) {
            operator = extension.owned("valueCode", faults);
        }
    });
    operator
}

fn contains(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Vec<Contains> {
    let mut entries = Vec::with_capacity(element.items("contains", &mut Vec::new()).len());
    element.each("contains", faults, |entry, faults| {
        entries.push(Contains {
            coding: Coding {
                system: entry.owned("system", faults),
                version: entry.owned("version", faults),
                code: entry.owned("code", faults).unwrap_or_default(),
                display: entry.owned("display", faults),
            },
            abstract_: entry.boolean("abstract", faults).unwrap_or(false),
            inactive: entry.boolean("inactive", faults).unwrap_or(false),
            designations: designations(&entry, faults),
            contains: contains(&entry, faults),
        });
    });
    entries
}

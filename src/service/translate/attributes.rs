//! Attributes and properties of mappings by their URIs: an R5 map names them by codes that it declares itself, and an
//! answer cannot say what those mean.

use std::collections::BTreeMap;
use tern_index::model::{ConceptMapHeader, MappingAttribute, MappingAttributeRole};
use tern_loaders::fhir::json::{self, Node};

/// The attributes, each by the URI that the map declares for its code, where it declares one.
pub(super) fn with_uris(header: &ConceptMapHeader, attributes: &[MappingAttribute]) -> Vec<MappingAttribute> {
    // Most mappings have none, and reading what is declared is most of the work.
    let resource = header.resource.as_deref().filter(|_| !attributes.is_empty());
    let Some(parsed) = resource.and_then(|text| json::parse(text.as_bytes()).ok()) else {
        return attributes.to_vec();
    };
    let (declared, properties) = (uris(&parsed, "additionalAttribute"), uris(&parsed, "property"));
    let named = attributes.iter().map(|attribute| {
        let uris = match attribute.role {
            MappingAttributeRole::Property => &properties,
            MappingAttributeRole::DependsOn | MappingAttributeRole::Product => &declared,
        };
        let uri = uris.get(attribute.attribute.as_str());
        MappingAttribute {
            attribute: uri.map_or_else(|| attribute.attribute.clone(), |uri| (*uri).to_owned()),
            ..attribute.clone()
        }
    });
    named.collect()
}

/// The value as a request gives it: an amount is its number and unit.
pub fn plain(attribute: &MappingAttribute) -> String {
    let parsed = || json::parse(attribute.value.as_bytes()).ok();
    match (
        attribute.value_type.as_str(),
        attribute.value.starts_with('{').then(parsed).flatten(),
    ) {
        ("Quantity", Some(quantity)) => {
            let text = |name: &str| match quantity.get(name)? {
                Node::String(text) => Some(text.to_string()),
                Node::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let unit = text("code").or_else(|| text("unit")).unwrap_or_default();
            format!("{} {unit}", text("value").unwrap_or_default()).trim().to_owned()
        }
        _ => attribute.value.clone(),
    }
}

/// URIs by code in a list of declarations.
fn uris<'n>(resource: &'n Node<'_>, list: &str) -> BTreeMap<&'n str, &'n str> {
    let Some(Node::Array(declarations)) = resource.get(list) else {
        return BTreeMap::new();
    };
    let pair = |node: &'n Node<'_>| Some((node.get("code")?.as_str()?, node.get("uri")?.as_str()?));
    declarations.iter().filter_map(pair).collect()
}

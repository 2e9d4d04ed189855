//! FHIR extensions, which travel through the service as JSON text: reading the few that mean something here.
//!
//! A text is parsed only when it contains the URL looked for, which is rare, so that asking is cheap.

use tern_loaders::fhir::json::{self, Node};

/// `valueset-supplement`
pub const SUPPLEMENT: &str = "http://hl7.org/fhir/StructureDefinition/valueset-supplement";
/// `codesystem-supplement-type`
pub const SUPPLEMENT_TYPE: &str = "http://hl7.org/fhir/StructureDefinition/codesystem-supplement-type";
/// `artifact-versionAlgorithm`
pub const VERSION_ALGORITHM: &str = "http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm";
/// `CodeSystem.versionAlgorithm[x]` of R5 in R4
pub const CODE_SYSTEM_VERSION_ALGORITHM: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-CodeSystem.versionAlgorithm";
/// `valueset-expansion-parameter`
pub const EXPANSION_PARAMETER: &str = "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter";
/// `structuredefinition-standards-status`
pub const STANDARDS_STATUS: &str = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status";
/// `valueset-deprecated`
pub const DEPRECATED: &str = "http://hl7.org/fhir/StructureDefinition/valueset-deprecated";
/// `itemWeight`
pub const ITEM_WEIGHT: &str = "http://hl7.org/fhir/StructureDefinition/itemWeight";
/// `codesystem-label`
pub const CODE_SYSTEM_LABEL: &str = "http://hl7.org/fhir/StructureDefinition/codesystem-label";
/// `valueset-label`
pub const VALUE_SET_LABEL: &str = "http://hl7.org/fhir/StructureDefinition/valueset-label";
/// `codesystem-conceptOrder`
pub const CODE_SYSTEM_ORDER: &str = "http://hl7.org/fhir/StructureDefinition/codesystem-conceptOrder";
/// `valueset-conceptOrder`
pub const VALUE_SET_ORDER: &str = "http://hl7.org/fhir/StructureDefinition/valueset-conceptOrder";
/// `valueset-concept-definition`
pub const CONCEPT_DEFINITION: &str = "http://hl7.org/fhir/StructureDefinition/valueset-concept-definition";
/// `rendering-style`
pub const RENDERING_STYLE: &str = "http://hl7.org/fhir/StructureDefinition/rendering-style";
/// `rendering-xhtml`
pub const RENDERING_XHTML: &str = "http://hl7.org/fhir/StructureDefinition/rendering-xhtml";
/// `coding-sctdescid`
pub const DESCRIPTION_ID: &str = "http://hl7.org/fhir/StructureDefinition/coding-sctdescid";

/// The first value of an extension as text, in a JSON array of extensions.
pub fn value(extensions: Option<&str>, url: &str) -> Option<String> {
    let text = extensions.filter(|text| text.contains(url))?;
    values_in(&json::parse(text.as_bytes()).ok()?, url).into_iter().next()
}

/// The values of an extension at the top of a resource.
pub fn resource_values(resource: &str, url: &str) -> Vec<String> {
    if !resource.contains(url) {
        return Vec::new();
    }
    let parsed = json::parse(resource.as_bytes());
    let extensions = parsed.as_ref().ok().and_then(|node| node.get("extension"));
    extensions.map(|extensions| values_in(extensions, url)).unwrap_or_default()
}

/// Name and value of each `valueset-expansion-parameter`.
pub fn expansion_parameters(extensions: Option<&str>) -> Vec<(String, String)> {
    let Some(parsed) = extensions
        .filter(|text| text.contains(EXPANSION_PARAMETER))
        .and_then(|text| json::parse(text.as_bytes()).ok())
    else {
        return Vec::new();
    };
    let parts = items(&parsed).filter(|node| url_of(node) == Some(EXPANSION_PARAMETER));
    let pair = |node: &Node<'_>| {
        let inner = node.get("extension")?;
        let part = |name| values_in(inner, name).into_iter().next();
        Some((part("name")?, part("value")?))
    };
    parts.filter_map(pair).collect()
}

/// Those extensions of a JSON array whose URL is one of `urls`, as a JSON array; `None` when there are none.
pub fn only(extensions: Option<&str>, urls: &[&str]) -> Option<String> {
    let text = extensions.filter(|text| urls.iter().any(|url| text.contains(url)))?;
    let parsed = json::parse(text.as_bytes()).ok()?;
    let kept: Vec<String> = items(&parsed)
        .filter(|node| url_of(node).is_some_and(|url| urls.contains(&url)))
        .map(Node::to_text)
        .collect();
    (!kept.is_empty()).then(|| format!("[{}]", kept.join(",")))
}

/// Joins JSON arrays of extensions; of several with one URL the first is kept.
pub fn join(first: Option<String>, second: Option<String>) -> Option<String> {
    let (Some(a), Some(b)) = (&first, &second) else {
        return first.or(second);
    };
    let (Ok(a), Ok(b)) = (json::parse(a.as_bytes()), json::parse(b.as_bytes())) else {
        return first;
    };
    let mut kept: Vec<String> = items(&a).map(Node::to_text).collect();
    let known = |url: Option<&str>| items(&a).any(|node| url_of(node) == url);
    kept.extend(items(&b).filter(|node| !known(url_of(node))).map(Node::to_text));
    Some(format!("[{}]", kept.join(",")))
}

fn items<'n>(node: &'n Node<'n>) -> impl Iterator<Item = &'n Node<'n>> {
    match node {
        Node::Array(items) => items.iter(),
        _ => [].iter(),
    }
}

fn url_of<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    node.get("url").and_then(Node::as_str)
}

fn values_in(extensions: &Node<'_>, url: &str) -> Vec<String> {
    let wanted = items(extensions).filter(|node| url_of(node) == Some(url));
    wanted.filter_map(value_of).collect()
}

fn value_of(extension: &Node<'_>) -> Option<String> {
    let (_, value) = extension
        .as_object()?
        .members
        .iter()
        .find(|(name, _)| name.starts_with("value"))?;
    Some(match value {
        Node::String(text) => text.to_string(),
        // Of a coding the code is what counts.
        Node::Object(_) if value.get("code").is_some() => value.get("code").and_then(Node::as_str)?.to_owned(),
        other => other.to_text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let text = r#"[{"url":"http://hl7.org/fhir/StructureDefinition/itemWeight","valueDecimal":1.20}]"#;
        assert_eq!(value(Some(text), ITEM_WEIGHT).as_deref(), Some("1.20"));
        assert_eq!(value(Some(text), DEPRECATED), None);
        let parameter = format!(
            r#"[{{"url":"{EXPANSION_PARAMETER}","extension":[{{"url":"name","valueCode":"displayLanguage"}},{{"url":"value","valueCode":"de"}}]}}]"#
        );
        assert_eq!(
            expansion_parameters(Some(&parameter)),
            [("displayLanguage".into(), "de".into())]
        );
        assert_eq!(only(Some(text), &[ITEM_WEIGHT]).as_deref(), Some(text));
        assert_eq!(join(Some(text.into()), Some(text.into())).as_deref(), Some(text));
    }
}

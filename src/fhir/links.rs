//! Links between the entries of a transaction: what an entry is called before it has an id becomes where it is.
//!
//! A full URL is replaced wherever a Reference names it; one that is a `urn:uuid:` also where an element is a URI and where
//! narrative leads to it. Other URIs are left alone, because the full URL of a terminology resource is often its canonical,
//! and so are canonicals, which name resources wherever they are. So is `url`: it is what a resource is called.

use super::FhirVersion;
use super::xml::{Shape, Type};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where entries are, by their full URL: `ValueSet/123`.
pub(super) type Places = BTreeMap<String, String>;

/// A conditional reference (`ValueSet?url=...`) that cannot be resolved says why.
pub(super) type Resolve<'r, E> = &'r dyn Fn(&str) -> Result<Option<String>, E>;

/// Replaces the links of a resource. `resolve` is asked of references that are searches.
pub(super) fn replace<E>(resource: &mut Value, places: &Places, version: FhirVersion, resolve: Resolve<'_, E>) -> Result<(), E> {
    let of = resource.get("resourceType").and_then(Value::as_str);
    let Some(of) = of.and_then(|name| Type::resource(name, version)) else {
        return Ok(());
    };
    if let Value::Object(object) = resource {
        for (name, value) in object.iter_mut().filter(|(name, _)| *name != "url") {
            element(of, name, value, places, resolve)?;
        }
    }
    Ok(())
}

fn element<E>(of: Type, name: &str, value: &mut Value, places: &Places, resolve: Resolve<'_, E>) -> Result<(), E> {
    if let Value::Array(items) = value {
        return items.iter_mut().try_for_each(|item| element(of, name, item, places, resolve));
    }
    let Some(place) = of.element(name) else {
        return Ok(());
    };
    match (place.shape, value) {
        (Shape::Resource, value) => replace(value, places, of.version(), resolve)?,
        (Shape::Complex(of), Value::Object(object)) => {
            for (name, value) in object {
                element(of, name, value, places, resolve)?;
            }
        }
        (Shape::Xhtml, Value::String(text)) => *text = narrative(text, places),
        (_, Value::String(text)) if of.name() == "Reference" && name == "reference" => reference(text, places, resolve)?,
        (_, Value::String(text)) if ["uri", "url", "oid", "uuid"].contains(&place.type_name) => {
            if let Some(to) = places.get(text.as_str()).filter(|_| is_uuid(text)) {
                *text = to.clone();
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_uuid(url: &str) -> bool {
    url.starts_with("urn:uuid:")
}

/// A narrative with its links replaced. It is looked through once, however many entries there are.
fn narrative(text: &str, places: &Places) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("=\"") {
        let (value, behind) = after.split_once('"').unwrap_or((after, ""));
        let is_link = ["href", "src"].iter().any(|name| before.ends_with(name));
        let to = places
            .get(value)
            .filter(|_| is_link && is_uuid(value) && value.len() < after.len());
        match to {
            Some(to) => {
                made.extend([before, "=\"", to, "\""]);
                rest = behind;
            }
            // What is behind the sign may begin another attribute.
            None => {
                made.extend([before, "=\""]);
                rest = after;
            }
        }
    }
    made + rest
}

fn reference<E>(text: &mut String, places: &Places, resolve: Resolve<'_, E>) -> Result<(), E> {
    let (plain, fragment) = text
        .split_once('#')
        .map_or((text.as_str(), None), |(plain, rest)| (plain, Some(rest)));
    let found = match places.get(plain) {
        Some(place) => Some(place.clone()),
        None if plain.contains('?') => resolve(plain)?,
        None => None,
    };
    if let Some(place) = found {
        *text = match fragment {
            Some(fragment) => format!("{place}#{fragment}"),
            None => place,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_and_uuids_are_replaced_and_names_are_not() {
        let places: Places = [("urn:uuid:1", "ValueSet/a"), ("http://example.org/colours", "CodeSystem/b")]
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .into();
        let mut resource = json!({
            "resourceType": "ValueSet",
            "url": "urn:uuid:1",
            "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"urn:uuid:1\">urn:uuid:1</a></div>"},
            "extension": [
                {"url": "http://example.org/a", "valueReference": {"reference": "urn:uuid:1#x", "display": "urn:uuid:1"}},
                {"url": "http://example.org/b", "valueUri": "urn:uuid:1"},
                {"url": "http://example.org/c", "valueReference": {"reference": "ValueSet?url=x"}},
                {"url": "http://example.org/d", "valueReference": {"reference": "http://example.org/colours"}}
            ],
            "compose": {"include": [{"system": "http://example.org/colours", "valueSet": ["urn:uuid:1"]}]},
        });
        let text = "<p title=\"href=\" src=\"urn:uuid:1\">a=\"b <img src=\"urn:uuid:2\"/> href=\"urn:uuid:1";
        assert_eq!(narrative(text, &places), text.replacen("urn:uuid:1", "ValueSet/a", 1));
        let resolve = |asked: &str| -> Result<Option<String>, String> {
            assert_eq!(asked, "ValueSet?url=x");
            Ok(Some("ValueSet/found".into()))
        };
        replace(&mut resource, &places, FhirVersion::R4, &resolve).unwrap();
        assert_eq!(resource["url"], "urn:uuid:1");
        assert!(
            resource["text"]["div"]
                .as_str()
                .unwrap()
                .contains("href=\"ValueSet/a\">urn:uuid:1<")
        );
        assert_eq!(resource["extension"][0]["valueReference"]["reference"], "ValueSet/a#x");
        assert_eq!(resource["extension"][0]["valueReference"]["display"], "urn:uuid:1");
        assert_eq!(resource["extension"][1]["valueUri"], "ValueSet/a");
        assert_eq!(resource["extension"][2]["valueReference"]["reference"], "ValueSet/found");
        assert_eq!(resource["extension"][3]["valueReference"]["reference"], "CodeSystem/b");
        assert_eq!(resource["compose"]["include"][0]["system"], "http://example.org/colours");
        assert_eq!(resource["compose"]["include"][0]["valueSet"][0], "urn:uuid:1");
    }
}

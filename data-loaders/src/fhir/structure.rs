//! What `StructureDefinition` and `Questionnaire` say of value sets: which element is bound to which.
//!
//! Nothing else of them is read. Of a profile the snapshot counts, else its differential, whose other elements are those of
//! its base. A questionnaire's items are named by their `linkId`.

use super::element::{Element, Fault, Parsed, Path};
use super::json::{Node, Object};
use std::borrow::Cow;
use tern_index::model::Canonical;

/// The bound elements of a structure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structure {
    /// Canonical URL.
    pub url: String,
    /// Business version.
    pub version: Option<String>,
    /// FHIR resource id.
    pub id: Option<String>,
    /// The type that it describes (`Patient`).
    pub type_name: Option<String>,
    /// What it is derived from.
    pub base: Option<Canonical>,
    /// The bound elements, in their order.
    pub bindings: Vec<Binding>,
}

/// An element and its value set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// `Patient.gender`; of a questionnaire's item its `linkId`.
    pub path: String,
    /// The element's id, which differs from the path in slices (`Observation.component:systolic.code`).
    pub id: Option<String>,
    /// The name of the slice.
    pub slice: Option<String>,
    /// The value set.
    pub value_set: Canonical,
}

impl Structure {
    /// The binding of an element, by its path, its id or the name of its slice; `valueCode` finds `value[x]`.
    pub fn binding(&self, name: &str) -> Option<&Binding> {
        let named = |binding: &&Binding| {
            binding.path == name || binding.id.as_deref() == Some(name) || binding.slice.as_deref() == Some(name)
        };
        let found = self.bindings.iter().find(named);
        found.or_else(|| self.bindings.iter().find(|binding| is_choice_of(&binding.path, name)))
    }
}

/// Whether `Observation.valueCode` is one of `Observation.value[x]`.
fn is_choice_of(path: &str, name: &str) -> bool {
    let open = path.strip_suffix("[x]");
    let rest = open.and_then(|open| name.strip_prefix(open));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()) && !rest.contains('.'))
}

/// Reads a StructureDefinition or Questionnaire. The error says that it is none; lesser faults come with the value.
pub fn read(node: &Node<'_>) -> Result<Parsed<Structure>, Fault> {
    let is_form = node.get("resourceType").and_then(Node::as_str) == Some("Questionnaire");
    let name = if is_form { "Questionnaire" } else { "StructureDefinition" };
    let element = Element::resource(node, name, Path::root(name))?;
    let mut faults = Vec::new();
    let mut bindings = Vec::new();
    if is_form {
        items(&element, &mut bindings, &mut faults, 0);
    } else {
        for view in ["snapshot", "differential"] {
            if let (true, Some(view)) = (bindings.is_empty(), element.child(view, &mut faults)) {
                view.each("element", &mut faults, |one, faults| bindings.extend(binding(&one, faults)));
            }
        }
    }
    let value = Structure {
        url: element.owned("url", &mut faults).unwrap_or_default(),
        version: element.owned("version", &mut faults),
        id: element.owned("id", &mut faults),
        type_name: element.owned("type", &mut faults),
        base: element.text("baseDefinition", &mut faults).map(Canonical::parse),
        bindings,
    };
    Ok(Parsed { value, faults })
}

fn binding(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Option<Binding> {
    let bound = element.child("binding", faults)?;
    Some(Binding {
        path: element.owned("path", faults)?,
        id: element.owned("id", faults),
        slice: element.owned("sliceName", faults),
        value_set: Canonical::parse(bound.text("valueSet", faults)?),
    })
}

/// Items lie in items; the JSON's own limit of nesting is theirs.
fn items(holder: &Element<'_, '_>, bindings: &mut Vec<Binding>, faults: &mut Vec<Fault>, depth: usize) {
    const DEEPEST: usize = 100;
    if depth > DEEPEST {
        return;
    }
    holder.each("item", faults, |item, faults| {
        if let (Some(path), Some(value_set)) = (item.owned("linkId", faults), item.text("answerValueSet", faults)) {
            bindings.push(Binding {
                path,
                id: None,
                slice: None,
                value_set: Canonical::parse(value_set),
            });
        }
        items(&item, bindings, faults, depth + 1);
    });
}

/// The resource with nothing in it but what is read here: a fiftieth of its size.
pub fn reduced(node: &Node<'_>) -> Option<String> {
    const KEPT: [&str; 9] = [
        "resourceType",
        "id",
        "url",
        "version",
        "name",
        "title",
        "status",
        "type",
        "baseDefinition",
    ];
    let structure = read(node).ok()?.value;
    let object = node.as_object()?;
    let mut members: Vec<(Cow<'_, str>, Node<'_>)> = KEPT
        .iter()
        .filter_map(|name| Some((Cow::Borrowed(*name), object.get(name)?.clone())))
        .collect();
    let text = |text: &str| Node::String(Cow::Owned(text.to_owned()));
    let object_of = |members| Node::Object(Object { line: 0, members });
    if node.get("resourceType").and_then(Node::as_str) == Some("Questionnaire") {
        let items = structure.bindings.iter().map(|one| {
            object_of(vec![
                ("linkId".into(), text(&one.path)),
                ("answerValueSet".into(), text(&one.value_set.to_string())),
            ])
        });
        members.push(("item".into(), Node::Array(items.collect())));
    } else {
        let elements = structure.bindings.iter().map(|one| {
            let mut element = vec![("path".into(), text(&one.path))];
            element.extend(one.id.iter().map(|id| ("id".into(), text(id))));
            element.extend(one.slice.iter().map(|slice| ("sliceName".into(), text(slice))));
            let bound = vec![("valueSet".into(), text(&one.value_set.to_string()))];
            element.push(("binding".into(), object_of(bound)));
            object_of(element)
        });
        let list = vec![("element".into(), Node::Array(elements.collect()))];
        // A profile without a snapshot stays one: what it does not say is said by its base.
        members.push(("snapshot".into(), object_of(list)));
    }
    Some(object_of(members).to_text())
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;

    const PROFILE: &str = r#"{"resourceType": "StructureDefinition", "url": "http://example.org/p", "type": "Observation",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation", "description": "long",
        "differential": {"element": [
            {"path": "Observation"},
            {"id": "Observation.value[x]", "path": "Observation.value[x]", "binding": {"strength": "required", "valueSet": "http://example.org/v|2"}},
            {"id": "Observation.component:left.code", "path": "Observation.component.code", "binding": {"valueSet": "http://example.org/left"}},
            {"path": "Observation.component", "sliceName": "right", "binding": {"valueSet": "http://example.org/right"}},
            {"path": "Observation.code", "binding": {"strength": "example"}}
        ]}}"#;

    #[test]
    fn elements_are_found_by_path_id_slice_and_choice() {
        let node = json::parse(PROFILE.as_bytes()).unwrap();
        let structure = read(&node).unwrap().strict().unwrap();
        let bound = |name: &str| structure.binding(name).map(|binding| binding.value_set.to_string());
        assert_eq!(bound("Observation.value[x]").as_deref(), Some("http://example.org/v|2"));
        assert_eq!(
            bound("Observation.valueCodeableConcept").as_deref(),
            Some("http://example.org/v|2")
        );
        assert_eq!(
            bound("Observation.component:left.code").as_deref(),
            Some("http://example.org/left")
        );
        assert_eq!(bound("right").as_deref(), Some("http://example.org/right"));
        for none in ["Observation.code", "Observation.values", "Observation.valueA.b", ""] {
            assert_eq!(bound(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_kept_says_the_same() {
        let form = r#"{"resourceType": "Questionnaire", "url": "http://example.org/q", "item": [
            {"linkId": "1", "text": "t", "item": [{"linkId": "1.1", "answerValueSet": "http://example.org/v"}]}]}"#;
        for text in [PROFILE, form] {
            let node = json::parse(text.as_bytes()).unwrap();
            let kept = reduced(&node).unwrap();
            let again = json::parse(kept.as_bytes()).unwrap();
            assert_eq!(read(&again).unwrap().value, read(&node).unwrap().value);
            assert!(!kept.contains("long") && !kept.contains("\"t\""), "{kept}");
        }
    }
}

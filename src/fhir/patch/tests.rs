//! Patches against what the RFC and the FHIR specification say comes of them.

use super::*;
use crate::fhir::outcome::RefusalKind;
use proptest::prelude::*;
use serde_json::json;

fn patched(patch: Value, resource: &Value) -> Value {
    apply(&patch, resource.clone(), FhirVersion::R4, &Stop::never()).unwrap()
}

fn refused(patch: Value, resource: &Value) -> (RefusalKind, String) {
    let refusal = apply(&patch, resource.clone(), FhirVersion::R4, &Stop::never()).unwrap_err();
    (refusal.kind, refusal.to_string())
}

fn colours() -> Value {
    json!({"resourceType": "CodeSystem", "id": "c", "status": "draft", "date": "2026", "_date": {"id": "d"}, "concept": [
        {"code": "red", "property": [{"code": "hue", "valueInteger": 0}]},
        {"code": "blue", "display": "Blue"},
        {"code": "a/b~c"}
    ]})
}

#[test]
fn every_operation_of_json_patch_does_what_the_rfc_says() {
    let document = json!({"a": [1, 2], "b": {"c": "d"}, "x~y/z": 5});
    for (operation, expected) in [
        (
            json!({"op": "add", "path": "/a/1", "value": 9}),
            json!({"a": [1, 9, 2], "b": {"c": "d"}, "x~y/z": 5}),
        ),
        (
            json!({"op": "add", "path": "/a/-", "value": 9}),
            json!({"a": [1, 2, 9], "b": {"c": "d"}, "x~y/z": 5}),
        ),
        (
            json!({"op": "add", "path": "/b/c", "value": null}),
            json!({"a": [1, 2], "b": {"c": null}, "x~y/z": 5}),
        ),
        (json!({"op": "add", "path": "", "value": 7}), json!(7)),
        (
            json!({"op": "remove", "path": "/x~0y~1z"}),
            json!({"a": [1, 2], "b": {"c": "d"}}),
        ),
        (
            json!({"op": "remove", "path": "/a/0"}),
            json!({"a": [2], "b": {"c": "d"}, "x~y/z": 5}),
        ),
        (
            json!({"op": "replace", "path": "/b", "value": [1]}),
            json!({"a": [1, 2], "b": [1], "x~y/z": 5}),
        ),
        (
            json!({"op": "move", "from": "/b/c", "path": "/a/0"}),
            json!({"a": ["d", 1, 2], "b": {}, "x~y/z": 5}),
        ),
        (
            json!({"op": "copy", "from": "/b", "path": "/e"}),
            json!({"a": [1, 2], "b": {"c": "d"}, "x~y/z": 5, "e": {"c": "d"}}),
        ),
        (json!({"op": "test", "path": "/a", "value": [1.0, 2]}), document.clone()),
    ] {
        assert_eq!(patched(json!([operation]), &document), expected, "{operation}");
    }
}

#[test]
fn a_json_patch_that_does_not_fit_is_refused_with_its_place() {
    let document = json!({"a": [1, 2], "b": {"c": "d"}});
    for (operation, kind, word) in [
        (
            json!({"op": "test", "path": "/a/0", "value": "1"}),
            RefusalKind::Unprocessable,
            "the test failed",
        ),
        (
            json!({"op": "remove", "path": "/e"}),
            RefusalKind::Unprocessable,
            "nothing at '/e'",
        ),
        (
            json!({"op": "add", "path": "/a/3", "value": 1}),
            RefusalKind::Unprocessable,
            "nothing at '/a/3'",
        ),
        (
            json!({"op": "add", "path": "/a/01", "value": 1}),
            RefusalKind::Unprocessable,
            "nothing at '/a/01'",
        ),
        (
            json!({"op": "add", "path": "/b/c/d", "value": 1}),
            RefusalKind::Unprocessable,
            "nothing at '/b/c/d'",
        ),
        (
            json!({"op": "replace", "path": "/a/-", "value": 1}),
            RefusalKind::Unprocessable,
            "nothing at '/a/-'",
        ),
        (
            json!({"op": "move", "from": "/b", "path": "/b/c/x"}),
            RefusalKind::Invalid,
            "into itself",
        ),
        (json!({"op": "add", "path": "/b"}), RefusalKind::Invalid, "value"),
        (
            json!({"op": "add", "path": "b", "value": 1}),
            RefusalKind::Invalid,
            "begin with '/'",
        ),
        (json!({"op": "swap", "path": "/b"}), RefusalKind::Invalid, "'swap'"),
        (json!({"op": "remove", "path": ""}), RefusalKind::Invalid, "DELETE"),
        (json!(5), RefusalKind::Invalid, "path"),
    ] {
        let (found, text) = refused(json!([operation.clone()]), &document);
        assert_eq!(found, kind, "{operation}");
        assert!(text.contains(word) && text.contains("Patch[0]"), "{operation}: {text}");
    }
}

#[test]
fn a_short_patch_makes_no_large_or_deep_resource_and_can_be_stopped() {
    let document = json!({"a": {"title": "x".repeat(1000)}});
    // Each copy doubles what is there.
    let doubles = (0..40).map(|number| json!({"op": "copy", "from": "/a", "path": format!("/a/{number}")}));
    let (kind, text) = refused(doubles.collect(), &document);
    assert_eq!(kind, RefusalKind::TooCostly, "{text}");
    assert!(text.contains("Patch[") && text.contains("megabytes"), "{text}");
    let nested = vec![json!({"op": "copy", "from": "", "path": "/a"}); 200];
    let (kind, text) = refused(nested.into(), &document);
    assert_eq!(kind, RefusalKind::Unprocessable, "{text}");
    // Each adds as much as may be read at once, a little further down.
    let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({"a": inner}));
    let mut path = String::new();
    let mut adds = vec![];
    for _ in 0..3 {
        path += &"/a".repeat(100);
        adds.push(json!({"op": "add", "path": path, "value": deep(100)}));
    }
    let (kind, text) = refused(adds.into(), &deep(100));
    assert_eq!(kind, RefusalKind::Unprocessable, "{text}");
    assert!(text.contains("Patch[0]") && text.contains("120 levels"), "{text}");
    let holder = format!("CodeSystem{}", ".a".repeat(119));
    let parts = json!({"type": "add", "path": holder, "name": "a", "value String": "x"});
    let mut nested = deep(119);
    nested["resourceType"] = "CodeSystem".into();
    let (kind, text) = refused(operation(parts), &nested);
    assert_eq!(kind, RefusalKind::Unprocessable, "{text}");
    assert!(text.contains("120 levels"), "{text}");
    let stop = Stop::after_looks(1);
    let twice = json!([{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"}]);
    let refusal = apply(&twice, document, FhirVersion::R4, &stop).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::TooCostly);
}

fn operation(parts: Value) -> Value {
    let parts: Vec<Value> = parts
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| match name.split_once(' ') {
            Some((name, "part")) => json!({"name": name, "part": value}),
            Some((name, suffix)) => json!({"name": name, (format!("value{suffix}")): value}),
            None => json!({"name": name, "valueString": value}),
        })
        .collect();
    json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]})
}

#[test]
fn a_fhirpath_patch_adds_inserts_deletes_replaces_and_moves() {
    let colours = colours();
    let codes = |json: &Value| -> Vec<String> {
        let concepts = json["concept"].as_array().unwrap().iter();
        concepts.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let added = patched(
        operation(json!({"type": "add", "path": "CodeSystem", "name": "concept", "value part": [
            {"name": "code", "valueCode": "green"},
            {"name": "designation", "part": [{"name": "value", "valueString": "vert"}]}
        ]})),
        &colours,
    );
    assert_eq!(
        added["concept"][3],
        json!({"code": "green", "designation": [{"value": "vert"}]})
    );
    let set = patched(
        operation(json!({"type": "add", "path": "CodeSystem", "name": "title", "value String": "T"})),
        &colours,
    );
    assert_eq!(set["title"], "T");
    let replaced = patched(
        operation(
            json!({"type": "replace", "path": "CodeSystem.concept.where(code = 'red').property[0].value", "value String": "warm"}),
        ),
        &colours,
    );
    assert_eq!(
        replaced["concept"][0]["property"][0],
        json!({"code": "hue", "valueString": "warm"})
    );
    let inserted = patched(
        operation(
            json!({"type": "insert", "path": "CodeSystem.concept", "index Integer": 1, "value part": [{"name": "code", "valueCode": "x"}]}),
        ),
        &colours,
    );
    assert_eq!(codes(&inserted), ["red", "x", "blue", "a/b~c"]);
    let moved = patched(
        operation(json!({"type": "move", "path": "CodeSystem.concept", "source Integer": 2, "destination Integer": 0})),
        &colours,
    );
    assert_eq!(codes(&moved), ["a/b~c", "red", "blue"]);
    let deleted = patched(
        operation(json!({"type": "delete", "path": "CodeSystem.concept.last()"})),
        &colours,
    );
    assert_eq!(codes(&deleted), ["red", "blue"]);
    let deleted = patched(operation(json!({"type": "delete", "path": "date"})), &colours);
    assert!(deleted.get("date").is_none() && deleted.get("_date").is_none());
    // Nothing to delete is no fault.
    assert_eq!(
        patched(operation(json!({"type": "delete", "path": "CodeSystem.title"})), &colours),
        colours
    );
}

#[test]
fn what_stands_beside_the_items_of_a_list_stays_with_them() {
    let noted = json!({"extension": [{"url": "http://example.org/note", "valueString": "why"}]});
    let imports = |urls: Value, beside: Value| json!({"resourceType": "ValueSet", "compose": {"include": [{"valueSet": urls, "_valueSet": beside}]}});
    let before = imports(json!(["a", "b", "c"]), json!([null, noted]));
    let path = "ValueSet.compose.include[0].valueSet";
    for (parts, after) in [
        (
            json!({"type": "delete", "path": format!("{path}[0]")}),
            imports(json!(["b", "c"]), json!([noted])),
        ),
        (
            json!({"type": "insert", "path": path, "index Integer": 1, "value Canonical": "x"}),
            imports(json!(["a", "x", "b", "c"]), json!([null, null, noted])),
        ),
        (
            json!({"type": "move", "path": path, "source Integer": 1, "destination Integer": 2}),
            imports(json!(["a", "c", "b"]), json!([null, null, noted])),
        ),
        (
            json!({"type": "move", "path": path, "source Integer": 2, "destination Integer": 0}),
            imports(json!(["c", "a", "b"]), json!([null, null, noted])),
        ),
    ] {
        assert_eq!(patched(operation(parts.clone()), &before), after, "{parts}");
    }
}

#[test]
fn a_fhirpath_patch_that_does_not_fit_is_refused() {
    for (parts, kind, word) in [
        (
            json!({"type": "delete", "path": "CodeSystem.concept"}),
            RefusalKind::Unprocessable,
            "3 elements",
        ),
        (
            json!({"type": "replace", "path": "CodeSystem.title", "value String": "T"}),
            RefusalKind::Unprocessable,
            "nothing",
        ),
        (
            json!({"type": "add", "path": "CodeSystem", "name": "date", "value Date": "2027"}),
            RefusalKind::Unprocessable,
            "already",
        ),
        (
            json!({"type": "insert", "path": "CodeSystem.concept", "index Integer": 4, "value String": "x"}),
            RefusalKind::Unprocessable,
            "no place 4",
        ),
        (
            json!({"type": "move", "path": "CodeSystem.concept", "source Integer": 0, "destination Integer": 3}),
            RefusalKind::Unprocessable,
            "only 3",
        ),
        (
            json!({"type": "insert", "path": "CodeSystem.status", "index Integer": 0, "value Code": "x"}),
            RefusalKind::Unprocessable,
            "no list",
        ),
        (
            json!({"type": "replace", "path": "CodeSystem", "value String": "x"}),
            RefusalKind::Unprocessable,
            "PUT",
        ),
        (
            json!({"type": "delete", "path": "CodeSystem.concept.where(code"}),
            RefusalKind::Invalid,
            "at character 30",
        ),
        (
            json!({"type": "delete", "path": "CodeSystem.descendants()"}),
            RefusalKind::Invalid,
            "functions",
        ),
        (json!({"type": "delete"}), RefusalKind::Invalid, "'path'"),
        (json!({"type": "add", "path": "CodeSystem"}), RefusalKind::Invalid, "'name'"),
        (json!({"path": "CodeSystem"}), RefusalKind::Invalid, "'type'"),
        (json!({"type": "grow", "path": "CodeSystem"}), RefusalKind::Invalid, "'grow'"),
    ] {
        let (found, text) = refused(operation(parts.clone()), &colours());
        assert_eq!(found, kind, "{parts}: {text}");
        assert!(text.contains(word), "{parts}: {text}");
    }
}

#[test]
fn a_bundle_carries_a_json_patch_in_a_binary() {
    let document = json!({"a": 1});
    let binary = |data: &str| json!({"resourceType": "Binary", "contentType": JSON_PATCH, "data": data});
    // [{"op":"remove","path":"/a"}]
    let data = "W3sib3AiOiJyZW1v\ndmUiLCJwYXRoIjoiL2EifV0=";
    assert_eq!(patched(binary(data), &document), json!({}));
    for wrong in ["W3s", "W3s*", "e30=", "", "===="] {
        assert!(refused(binary(wrong), &document).1.contains("Binary.data"), "{wrong}");
    }
    let other = json!({"resourceType": "Binary", "contentType": "text/plain", "data": data});
    assert!(refused(other, &document).1.contains("Binary.contentType"));
    assert!(
        refused(json!({"resourceType": "CodeSystem"}), &document)
            .1
            .contains("CodeSystem")
    );
    assert!(refused(json!(5), &document).1.contains("JSON Patch"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_added_is_there_and_what_is_removed_again_leaves_no_trace(document in any_json(), value in any_json()) {
        prop_assume!(document.is_object());
        let added = patched(json!([{"op": "add", "path": "/new", "value": value}, {"op": "test", "path": "/new", "value": value}]), &document);
        prop_assert_eq!(&added["new"], &value);
        prop_assert_eq!(patched(json!([{"op": "remove", "path": "/new"}]), &added), document);
    }

    #[test]
    fn no_path_panics(path in "[A-Za-z.()\\[\\]'=0-9 @/~-]{0,24}") {
        let _ = path::FhirPath::read(&path);
        let _ = apply(&json!([{"op": "add", "path": path, "value": 1}]), colours(), FhirVersion::R5, &Stop::never());
        let _ = apply(&operation(json!({"type": "delete", "path": path})), colours(), FhirVersion::R5, &Stop::never());
    }
}

//! Pages say what the answer says, and nothing of an answer becomes a tag.

use super::{Place, landing, page};
use crate::fhir::FhirVersion;
use crate::service::{Resource, Terminology};
use proptest::prelude::*;
use serde_json::{Value, json};

const PLACE: Place<'static> = Place {
    base: "/fhir/r5",
    address: Some("/fhir/r5/ValueSet/$expand?url=http://a&count=2&offset=2"),
};

fn shown(resource: &Value) -> String {
    page(resource, FhirVersion::R5, &PLACE)
}

/// Every tag is closed, in order, but those that HTML has no end for.
fn assert_balanced(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let body = &html[html.find("<body>").unwrap()..];
    for piece in body.split('<').skip(1) {
        let tag = piece.split(['>', ' ']).next().unwrap();
        match tag.strip_prefix('/') {
            Some("html") => {}
            Some(closed) => assert_eq!(open.pop(), Some(closed), "in {html}"),
            None if tag == "input" => {}
            None => open.push(tag),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn an_expansion_is_a_table_with_links_to_its_neighbours() {
    let html = shown(&json!({
        "resourceType": "ValueSet", "title": "Animals",
        "expansion": {
            "total": 7, "offset": 2,
            "parameter": [{"name": "count", "valueInteger": 2}, {"name": "offset", "valueInteger": 2}],
            "contains": [{"system": "http://a", "code": "dog", "display": "Dog & <friend>", "contains": [{"system": "http://a", "code": "pug"}]}]
        }
    }));
    assert_balanced(&html);
    for part in [
        "<title>ValueSet: Animals - tern</title>",
        "Dog &amp; &lt;friend&gt;",
        "href=\"/fhir/r5/CodeSystem/$lookup?system=http://a&amp;code=dog&amp;property=%2A\"",
        "class=\"code level1\"",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    let to = |offset: u32, label: &str| {
        format!("href=\"/fhir/r5/ValueSet/$expand?url=http://a&amp;offset={offset}&amp;count=2\">{label}</a>")
    };
    for link in [to(0, "first"), to(0, "previous"), to(4, "next"), to(6, "last")] {
        assert!(html.contains(&link), "{link} is not in {html}");
    }
    assert!(html.contains("&amp;_format=xml&amp;_pretty=true\">XML</a>"));
}

#[test]
fn outcomes_searches_and_maps_have_tables_of_their_own() {
    let html = shown(&json!({"resourceType": "OperationOutcome", "issue": [
        {"severity": "error", "code": "invalid", "details": {"text": "no such code"}}]}));
    assert!(
        html.contains("<section class=\"issue error\"><p><strong>error</strong>: no such code</p>"),
        "{html}"
    );
    let html = shown(&json!({"resourceType": "Bundle", "type": "searchset", "total": 3,
        "link": [{"relation": "next", "url": "http://h/fhir?_offset=1"}, {"relation": "last", "url": "javascript:alert(1)"}],
        "entry": [{"resource": {"resourceType": "CodeSystem", "id": "animals", "title": "Animals", "status": "active"}}]}));
    assert!(html.contains("<a href=\"/fhir/r5/CodeSystem/animals\">Animals</a>"), "{html}");
    assert!(html.contains(">next</a>") && !html.contains("javascript:"), "{html}");
    let html = shown(
        &json!({"resourceType": "ConceptMap", "group": [{"source": "http://a", "target": "http://b", "element": [
        {"code": "x", "target": [{"code": "y", "relationship": "equivalent"}]}, {"code": "z", "noMap": true}]}]}),
    );
    assert!(
        html.contains("<td>equivalent</td>") && html.contains("<td>no map</td>"),
        "{html}"
    );
    assert_balanced(&html);
}

#[test]
fn a_page_that_cannot_be_asked_again_has_no_links_to_itself() {
    let place = Place { address: None, ..PLACE };
    let html = page(&json!({"resourceType": "Parameters"}), FhirVersion::R4, &place);
    assert!(!html.contains("_format") && html.contains("There are no parameters."));
}

#[test]
fn the_door_shows_what_is_loaded() {
    let system = json!({"resourceType": "CodeSystem", "url": "http://a", "status": "active", "content": "complete",
        "concept": [{"code": "dog", "display": "Dog"}]});
    let terminology = Terminology::of_resources(vec![Resource::parse(&system.to_string()).unwrap()]);
    let html = landing(&terminology, FhirVersion::R5, "/fhir/r5");
    assert_balanced(&html);
    assert!(html.contains("1 code systems") && html.contains("value=\"dog\""), "{html}");
    assert_balanced(&landing(&Terminology::of_resources(Vec::new()), FhirVersion::R4, "/fhir"));
}

/// Any JSON, with names that pages treat specially.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC{0,8}",
        "<script>|</td>|\"'&<|http://a\"onx='|javascript:x|https://a b",
        Just("http://a".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    let name = prop_oneof![
        Just("resourceType"),
        Just("contains"),
        Just("concept"),
        Just("parameter"),
        Just("part"),
        Just("code"),
        Just("system"),
        Just("expansion"),
        Just("entry"),
        Just("resource"),
        Just("issue"),
        Just("group"),
        Just("element"),
        Just("target"),
        Just("link"),
        Just("div"),
        Just("valueSet"),
        Just("rest"),
        Just("name"),
        Just("<i>"),
        Just("total"),
        Just("url"),
        Just("relation")
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
        ]
    })
}

proptest! {
    #[test]
    fn nothing_of_an_answer_becomes_a_tag(inner in any_json(), kind in prop::sample::select(vec!["ValueSet", "CodeSystem", "Bundle", "Parameters",
        "OperationOutcome", "ConceptMap", "CapabilityStatement", "TerminologyCapabilities", "<b>"])) {
        let mut resource = json!({"resourceType": kind, "x": inner.clone()});
        if let (Value::Object(resource), Value::Object(inner)) = (&mut resource, inner) {
            resource.extend(inner.into_iter().filter(|(name, _)| name != "resourceType"));
        }
        let html = shown(&resource);
        assert_balanced(&html);
        prop_assert!(!html.contains("<script") && !html.contains("href=\"javascript") && !html.contains("<i>"));
    }
}

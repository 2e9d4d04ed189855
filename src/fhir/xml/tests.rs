//! There and back: nothing is lost, and what is no FHIR is told where.

use super::definitions::{Shape, Type};
use super::{read, write};
use crate::fhir::FhirVersion;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const VERSIONS: [FhirVersion; 2] = [FhirVersion::R4, FhirVersion::R5];

fn sample() -> Value {
    json!({
        "resourceType": "ValueSet",
        "contained": [{"resourceType": "CodeSystem", "url": "http://c", "status": "draft", "content": "complete",
            "concept": [{"code": "a", "concept": [{"code": "b"}]}]}],
        "_url": {"id": "u"},
        "url": "http://example.org/vs?a=1&b=<2>",
        "id": "vs",
        "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">a  <b>b</b>&#160;<br/>\n</div>"},
        "extension": [{"url": "http://x", "valueDecimal": 1.5}, {"valueBoolean": false, "url": "http://y"}],
        "status": "active",
        "title": "two\nlines\tand \"quotes\"",
        "immutable": true,
        "expansion": {
            "timestamp": "2026-01-01T00:00:00Z",
            "total": 3,
            "contains": [
                {"system": "http://c", "code": "a", "abstract": true, "designation": [{"value": "x", "language": "de"}]},
                {"code": "b", "contains": [{"code": "c", "display": "C"}]}
            ]
        },
    })
}

#[test]
fn elements_stand_in_the_order_of_their_definitions() {
    let xml = write(&sample(), FhirVersion::R5, true);
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<ValueSet xmlns="http://hl7.org/fhir">
  <id value="vs"/>
  <text>
    <status value="generated"/>
    <div xmlns="http://www.w3.org/1999/xhtml">a  <b>b</b>&#160;<br/>
</div>
  </text>
  <contained>
    <CodeSystem>
      <url value="http://c"/>
      <status value="draft"/>
      <content value="complete"/>
      <concept>
        <code value="a"/>
        <concept>
          <code value="b"/>
        </concept>
      </concept>
    </CodeSystem>
  </contained>
  <extension url="http://x">
    <valueDecimal value="1.5"/>
  </extension>
  <extension url="http://y">
    <valueBoolean value="false"/>
  </extension>
  <url value="http://example.org/vs?a=1&amp;b=&lt;2&gt;" id="u"/>
  <title value="two&#10;lines&#9;and &quot;quotes&quot;"/>
  <status value="active"/>
  <immutable value="true"/>
  <expansion>
    <timestamp value="2026-01-01T00:00:00Z"/>
    <total value="3"/>
    <contains>
      <system value="http://c"/>
      <abstract value="true"/>
      <code value="a"/>
      <designation>
        <language value="de"/>
        <value value="x"/>
      </designation>
    </contains>
    <contains>
      <code value="b"/>
      <contains>
        <code value="c"/>
        <display value="C"/>
      </contains>
    </contains>
  </expansion>
</ValueSet>
"#;
    assert_eq!(xml, expected);
    assert_eq!(read(&xml, FhirVersion::R5).unwrap(), sample());
    assert_eq!(
        read(&write(&sample(), FhirVersion::R4, false), FhirVersion::R4).unwrap(),
        sample()
    );
}

#[test]
fn decimals_keep_their_digits() {
    for digits in ["1.00", "0.10", "-7.50e-3", "100000000000000000000.000", "3"] {
        let text =
            format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"a","valueQuantity":{{"value":{digits}}}}}]}}"#);
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json.to_string(), text);
        let xml = write(&json, FhirVersion::R4, false);
        assert!(xml.contains(&format!("value=\"{digits}\"")), "{xml}");
        assert_eq!(read(&xml, FhirVersion::R4).unwrap().to_string(), text);
    }
}

#[test]
fn ids_and_extensions_of_repeated_primitives_keep_their_places() {
    let given = json!({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid",
        "expression": ["a", null, "c"],
        "_expression": [null, {"extension": [{"url": "http://x", "valueString": "y"}]}, {"id": "i"}],
        "_location": [{"id": "only"}]}]});
    let xml = write(&given, FhirVersion::R4, false);
    assert_eq!(read(&xml, FhirVersion::R4).unwrap(), given, "{xml}");
}

#[test]
fn resources_inside_parameters_and_bundles_come_back() {
    for version in VERSIONS {
        let given = json!({"resourceType": "Parameters", "parameter": [
            {"name": "tx-resource", "resource": sample()},
            {"name": "x", "part": [{"name": "y", "valueCoding": {"code": "c", "userSelected": true}}]},
            {"name": "z", "valueInteger64": "9007199254740993"}]});
        assert_eq!(read(&write(&given, version, true), version).unwrap(), given);
        let given = json!({"resourceType": "Bundle", "type": "batch-response", "entry": [
            {"fullUrl": "http://a", "resource": sample(), "search": {"mode": "match", "score": 0.25}},
            {"response": {"status": "404", "outcome": {"resourceType": "OperationOutcome"}}}]});
        assert_eq!(read(&write(&given, version, false), version).unwrap(), given);
    }
}

#[test]
fn elements_of_the_other_version_are_kept() {
    let given = json!({"resourceType": "CodeSystem", "copyrightLabel": "c", "status": "active", "content": "complete"});
    let xml = write(&given, FhirVersion::R4, false);
    assert!(
        xml.ends_with(r#"<content value="complete"/><copyrightLabel value="c"/></CodeSystem>"#),
        "{xml}"
    );
    assert_eq!(read(&xml, FhirVersion::R4).unwrap(), given);
}

#[test]
fn prefixes_of_namespaces_are_read() {
    let xml = r#"<?xml version="1.0"?><!-- c --><f:ValueSet xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"><f:text><f:status value="empty"/>
        <h:div class="x">a<h:br/><h:b >&amp;</h:b></h:div></f:text><f:status value='active'/></f:ValueSet>"#;
    let narrative = r#"<div xmlns="http://www.w3.org/1999/xhtml" class="x">a<br/><b>&amp;</b></div>"#;
    let expected = json!({"resourceType": "ValueSet", "text": {"status": "empty", "div": narrative}, "status": "active"});
    assert_eq!(read(xml, FhirVersion::R4).unwrap(), expected);
}

#[test]
fn narrative_that_is_no_xhtml_is_written_as_text() {
    let write_div = |div: &str| {
        let given = json!({"resourceType": "ValueSet", "text": {"status": "generated", "div": div}});
        let xml = write(&given, FhirVersion::R4, false);
        read(&xml, FhirVersion::R4).unwrap_or_else(|error| panic!("{div}: {error}\n{xml}"));
        xml
    };
    for div in [
        "<div>a<br></div>",
        "a < b",
        "<div xmlns=\"http://www.w3.org/1999/xhtml\">&nbsp;</div>",
        "</div><a>",
        "<p/>",
        "",
    ] {
        assert!(
            write_div(div).contains("<div xmlns=\"http://www.w3.org/1999/xhtml\">"),
            "{div}"
        );
    }
    assert!(write_div("<div><p>a</p></div>").contains("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</p></div>"));
}

#[test]
fn faults_are_told_with_their_place() {
    let fault = |xml: &str| read(xml, FhirVersion::R4).unwrap_err();
    let inside = |inner: &str| fault(&format!("<ValueSet xmlns=\"http://hl7.org/fhir\">\n  {inner}</ValueSet>"));
    let error = inside("<compose><include><colour value='red'/></include></compose>");
    assert_eq!((error.line, error.column), (2, 21));
    assert_eq!(error.place, "ValueSet.compose.include.colour");
    assert_eq!(error.message, "'ValueSet.compose.include' has no element 'colour'");
    for (inner, message) in [
        ("<experimental value='yes'/>", "'yes' is not true or false"),
        ("<url value='a'/><url value='b'/>", "it may be given only once"),
        ("<url/>", "it has neither a value nor an extension"),
        ("<url val='a'/>", "it has no attribute 'val'"),
        ("<url value='a' value='b'/>", "the attribute 'value' is given twice"),
        ("<url value='a'>text</url>", "there is text where FHIR has elements only"),
        ("&lt;", "there is text where FHIR has elements only"),
        ("<url xmlns='' value='a'/>", "<url> is in another namespace than it must be"),
        ("<contained/>", "it must hold a resource"),
        ("<contained><Colour/></contained>", "FHIR 4.0 has no resource type 'Colour'"),
        ("<contained><Patient/><Patient/></contained>", "it may hold only one resource"),
    ] {
        assert_eq!(inside(inner).message, message, "{inner}");
    }
    for xml in [
        "",
        "x",
        "<",
        "<ValueSet/>",
        "<ValueSet xmlns='http://hl7.org/fhir'>",
        "<ValueSet xmlns='http://hl7.org/fhir'></ValueSet><a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><ValueSet xmlns='http://hl7.org/fhir'/>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><ValueSet xmlns='http://hl7.org/fhir'/>",
        "<ValueSet xmlns='http://hl7.org/fhir'><url value='&b;'/></ValueSet>",
        "<ValueSet xmlns='http://hl7.org/fhir'><text><div xmlns='http://www.w3.org/1999/xhtml'>&nbsp;</div></text></ValueSet>",
        "<ValueSet xmlns='http://hl7.org/fhir'><text><div>a</div></text></ValueSet>",
        "<ValueSet xmlns='http://hl7.org/fhir'><text><div xmlns='http://www.w3.org/1999/xhtml'>",
        "<Coding xmlns='http://hl7.org/fhir'/>",
    ] {
        assert!(read(xml, FhirVersion::R5).is_err(), "{xml}");
    }
}

#[test]
fn what_would_cost_more_than_it_is_long_is_refused() {
    let nested = |levels: usize| {
        let inner = "<concept>".repeat(levels) + &"</concept>".repeat(levels);
        format!("<CodeSystem xmlns='http://hl7.org/fhir'>{inner}</CodeSystem>")
    };
    let deepest = read(&nested(59), FhirVersion::R4).unwrap();
    let text = serde_json::to_string(&deepest).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        deepest,
        "what is read can be kept as JSON"
    );
    assert!(read(&nested(60), FhirVersion::R4).unwrap_err().message.contains("nested"));
    assert!(read(&nested(200_000), FhirVersion::R4).is_err());
    let attributes: String = (0..100).map(|number| format!(" a{number}=''")).collect();
    assert!(read(&format!("<ValueSet{attributes}/>"), FhirVersion::R4).is_err());
    let spaces: String = (0..1000).map(|number| format!("<extension xmlns:n{number}='x'>")).collect();
    assert!(read(&format!("<ValueSet xmlns='http://hl7.org/fhir'>{spaces}"), FhirVersion::R4).is_err());
    let narrative = format!("<div>{}</div>", "<b>".repeat(300) + &"</b>".repeat(300));
    let given = json!({"resourceType": "ValueSet", "text": {"div": narrative}});
    assert!(write(&given, FhirVersion::R4, false).contains("&lt;b&gt;"));
}

/// Resources that have whatever their definition allows, from a seed.
struct Maker {
    seed: u64,
    version: FhirVersion,
}

impl Maker {
    fn below(&mut self, limit: usize) -> usize {
        // Any sequence that is not regular will do.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as usize % limit
    }

    fn resource(&mut self, budget: usize) -> Value {
        let all: Vec<Type> = Type::resources(self.version)
            .into_iter()
            .filter(|one| !["Resource", "DomainResource"].contains(&one.name()))
            .collect();
        let chosen = all[self.below(all.len())];
        let mut object = self.object(chosen, budget);
        object.insert("resourceType".into(), chosen.name().into());
        object.into()
    }

    fn object(&mut self, own: Type, budget: usize) -> Map<String, Value> {
        let names = own.element_names();
        let mut object = Map::new();
        for _ in 0..=self.below(4) {
            let name = &names[self.below(names.len())];
            let place = own.element(name).unwrap();
            if budget == 0 && matches!(place.shape, Shape::Complex(_) | Shape::Resource) {
                continue;
            }
            let count = if place.repeats { 1 + self.below(3) } else { 1 };
            let pairs: Vec<(Value, Value)> = (0..count)
                .map(|_| self.element(place.shape, place.attribute, budget))
                .collect();
            let (values, companions): (Vec<Value>, Vec<Value>) = pairs.into_iter().unzip();
            for (name, mut list) in [(name.clone(), values), (format!("_{name}"), companions)] {
                object.remove(&name);
                if list.iter().any(|value| !value.is_null()) {
                    object.insert(name, if place.repeats { list.into() } else { list.remove(0) });
                }
            }
        }
        object
    }

    /// A value and its companion.
    fn element(&mut self, shape: Shape, attribute: bool, budget: usize) -> (Value, Value) {
        let inner = budget.saturating_sub(1);
        match shape {
            Shape::Complex(own) => (self.object(own, inner).into(), Value::Null),
            Shape::Resource => (self.resource(inner), Value::Null),
            Shape::Xhtml => {
                let texts = ["", "a <b>b</b>", "&#x20;&lt;<!-- c --><br/>", "<p title=\"&quot;\">\n </p>"];
                let text = texts[self.below(texts.len())];
                (
                    format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{text}</div>").into(),
                    Value::Null,
                )
            }
            _ => {
                let companion = match self.below(4) {
                    0 if !attribute => json!({"id": "i", "extension": [{"url": "http://x", "valueCode": "c"}]}),
                    _ => Value::Null,
                };
                let value = if !companion.is_null() && self.below(2) == 0 {
                    Value::Null
                } else {
                    self.value(shape)
                };
                (value, companion)
            }
        }
    }

    fn value(&mut self, shape: Shape) -> Value {
        let number = self.below(2_000_000);
        match shape {
            Shape::Boolean => number.is_multiple_of(2).into(),
            Shape::Integer => (number as i64 - 1_000_000).into(),
            Shape::Decimal if number.is_multiple_of(3) => (number as i64 - 1_000_000).into(),
            Shape::Decimal => ((number as f64 - 1e6) / 10_f64.powi(self.below(40) as i32 - 20)).into(),
            _ => {
                let letters = [
                    'a',
                    ' ',
                    '\n',
                    '\t',
                    '\r',
                    '<',
                    '&',
                    '"',
                    '\'',
                    '>',
                    'é',
                    '\u{a0}',
                    '\u{1f415}',
                    ']',
                ];
                let text: String = (0..=self.below(8)).map(|_| letters[self.below(letters.len())]).collect();
                text.into()
            }
        }
    }
}

/// Where two values differ first, and how; whole resources are too long to be compared by eye.
fn first_difference(left: &Value, right: &Value, path: &str) -> Option<String> {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| {
                let path = format!("{path}.{name}");
                match (one.get(name), other.get(name)) {
                    (Some(one), Some(other)) => first_difference(one, other, &path),
                    (one, other) => Some(format!("{path}: {one:?} and {other:?}")),
                }
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let both = one.iter().zip(other).enumerate();
            both.into_iter()
                .find_map(|(at, (one, other))| first_difference(one, other, &format!("{path}[{at}]")))
        }
        _ => (left != right).then(|| format!("{path}: {left} and {right}")),
    }
}

proptest! {
    #[test]
    fn json_to_xml_and_back_is_the_same(seed in any::<u64>(), pretty in any::<bool>()) {
        for version in VERSIONS {
            let resource = Maker { seed, version }.resource(4);
            let xml = write(&resource, version, pretty);
            let back = read(&xml, version);
            let difference = back.as_ref().map(|back| first_difference(back, &resource, ""));
            prop_assert_eq!(difference, Ok(None), "{}", xml);
            // What is read from it is written as it was.
            prop_assert_eq!(write(&resource, version, pretty), xml);
        }
    }

    #[test]
    fn no_text_panics(text in r#"(<|</|/>|>|ValueSet|url|div|text| xmlns=.http://hl7.org/fhir.| value=.a.|&|;|amp|<!--|-->|<!\[CDATA\[|\]\]>|<\?|é|"|'| ){0,40}"#) {
        let _ = read(&text, FhirVersion::R4);
        let inside = format!("<ValueSet xmlns='http://hl7.org/fhir'><text>{text}</text></ValueSet>");
        let _ = read(&inside, FhirVersion::R5);
    }

    #[test]
    fn whatever_json_is_written_is_xml(name in "[A-Za-z_é<. -]{0,6}", text in "\\PC{0,12}|[\\x00-\\x7f]{0,12}", div in "[<>/div&;b ]{0,20}") {
        let given = json!({"resourceType": "ValueSet", (name.clone()): {"x": text, "y": [text, {"z": [[null]]}]}, "_url": text,
            "text": {"div": div}, "compose": text, "status": {"a": 1}, "contained": [{"resourceType": name}]});
        let xml = write(&given, FhirVersion::R4, false);
        let mut reader = quick_xml::NsReader::from_str(&xml);
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                Ok(_) => {}
                Err(error) => panic!("{error}: {xml}"),
            }
        }
    }
}

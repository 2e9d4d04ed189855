//! The text of a body as parameters, without reading resources that were read before.
//!
//! What comes along with a request (`tx-resource`) is most of its bytes, and the same in every request of a client. Its
//! text is only walked over to find its end, and looked up as it stands. Whatever is unusual (a member that comes
//! twice, a fault anywhere) is left to the reader of whole bodies, which says what is wrong and where.

use super::outcome::Refusal;
use super::parameters::{self, Parameter, Parameters};
use super::resource_in::{ResourceCache, Unread};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// The parameters of a body: a Parameters resource, or one of `bare` (resource type, parameter name) by itself.
pub fn parameters(text: &str, bare: &[(&str, &str)], cache: &ResourceCache) -> Result<Parameters, Refusal> {
    if text.contains(BROUGHT)
        && let Some(parameters) = with_remembered(text, cache)?
    {
        return Ok(parameters);
    }
    Ok(Parameters::from_body(parameters::json(text)?, bare)?)
}

/// The parameter for what comes along.
pub const BROUGHT: &str = "tx-resource";

/// `None` where the body is not of the usual kind.
fn with_remembered(text: &str, cache: &ResourceCache) -> Result<Option<Parameters>, Refusal> {
    let Ok(top) = serde_json::from_str::<Top<'_>>(text.trim_start_matches('\u{feff}')) else {
        return Ok(None);
    };
    if top.resource_type.as_deref() != Some("Parameters") {
        return Ok(None);
    }
    let brought = top.parameter.iter().filter(|members| members.brought().is_some()).count();
    if brought > cache.most_brought() {
        // Before any of them is read.
        return Err(super::sessions::too_many(cache));
    }
    let mut list = Vec::with_capacity(top.parameter.len());
    for (number, members) in top.parameter.iter().enumerate() {
        let place = format!("Parameters.parameter[{number}]");
        match members.brought() {
            Some(text) => match cache.read_text(text) {
                Ok(brought) => list.push(Parameter::brought(BROUGHT, place, brought)),
                Err(Unread::Json(_)) => return Ok(None),
                Err(Unread::Refused(refusal)) => return Err(refusal),
            },
            None => match members.read() {
                Ok(parameter) => list.push(parameters::read_parameter(parameter, place)?),
                Err(_) => return Ok(None),
            },
        }
    }
    Ok(Some(Parameters::of(list)))
}

/// The members of a Parameters resource that count.
struct Top<'b> {
    resource_type: Option<Cow<'b, str>>,
    parameter: Vec<Members<'b>>,
}

/// The members of a parameter, unread.
struct Members<'b>(Vec<(Cow<'b, str>, &'b RawValue)>);

/// Text, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'b>(#[serde(borrow)] Cow<'b, str>);

impl Members<'_> {
    /// The text of a resource that comes along and is all there is.
    fn brought(&self) -> Option<&str> {
        let [(one, first), (other, second)] = self.0.as_slice() else {
            return None;
        };
        let (name, resource) = match (&**one, &**other) {
            ("name", "resource") => (first, second),
            ("resource", "name") => (second, first),
            _ => return None,
        };
        let is_one = name.get() == "\"tx-resource\"" && resource.get().starts_with('{');
        is_one.then(|| resource.get())
    }

    fn read(&self) -> Result<Value, serde_json::Error> {
        let mut object = Map::new();
        for (name, raw) in &self.0 {
            object.insert(name.clone().into_owned(), serde_json::from_str(raw.get())?);
        }
        Ok(object.into())
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(2);
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    // A parameter has few members, or is none.
                    if members.len() > 8 || members.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom("unusual"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl<'de> Deserialize<'de> for Top<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Top<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut resource_type, mut parameter) = (None, None);
                while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
                    match &*name {
                        "resourceType" if resource_type.is_none() => resource_type = Some(map.next_value::<Text<'de>>()?.0),
                        "parameter" if parameter.is_none() => parameter = Some(map.next_value()?),
                        "resourceType" | "parameter" => return Err(A::Error::custom("unusual")),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Top {
                    resource_type,
                    parameter: parameter.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::super::resource_in::CacheLimits;
    use super::*;
    use serde_json::json;

    fn cache() -> ResourceCache {
        ResourceCache::new(CacheLimits::default())
    }

    fn brought(url: &str) -> Value {
        json!({"name": BROUGHT, "resource": {"resourceType": "CodeSystem", "url": url, "content": "complete", "concept": [{"code": "a"}]}})
    }

    fn body(parameter: &Value) -> String {
        json!({"resourceType": "Parameters", "id": "x", "parameter": parameter}).to_string()
    }

    #[test]
    fn what_came_before_is_not_read_again() {
        let cache = cache();
        let text = body(&json!([brought("http://a"), {"name": "code", "valueCode": "a"}, brought("http://b")]));
        for (found, read) in [(0, 2), (2, 2), (4, 2)] {
            let parameters = parameters(&text, &[], &cache).unwrap();
            assert_eq!(parameters.text(&["code"]).unwrap().as_deref(), Some("a"));
            assert_eq!(parameters.names().collect::<Vec<_>>(), [BROUGHT, "code", BROUGHT]);
            assert_eq!((cache.used().found, cache.used().read), (found, read));
        }
    }

    #[test]
    fn too_many_are_refused_before_any_is_read() {
        let cache = ResourceCache::new(CacheLimits {
            brought: 2,
            ..CacheLimits::default()
        });
        let text = body(&json!([brought("http://a"), brought("http://b"), brought("http://c")]));
        let refusal = parameters(&text, &[], &cache).unwrap_err();
        assert!(refusal.to_string().contains("more than 2 resources"), "{refusal}");
        assert_eq!(cache.used().read, 0);
    }

    #[test]
    fn faults_are_those_of_the_reader_of_whole_bodies() {
        let deep = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"tx-resource","resource":{{"a":{}{}}}}}]}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let cases = [
            r#"{"resourceType":"Parameters","parameter":[{"name":"tx-resource","resource":7}]}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"tx-resource","resource":{"a":"\ud800"}}]}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"tx-resource","resource":{"a":01}}]}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"tx-resource","resource":{}}"#,
            r#"{"resourceType":"Parameters","parameter":{"name":"tx-resource"}}"#,
            r#"{"resourceType":"Patient","name":"tx-resource"}"#,
            r#"["tx-resource"]"#,
            &deep,
        ];
        for text in cases {
            let expected = parameters::json(text).and_then(|json| Parameters::from_body(json, &[]));
            let found = parameters(text, &[], &cache());
            match expected {
                Err(error) => assert_eq!(found.unwrap_err().to_string(), error.to_string()),
                Ok(_) => panic!("{text:.200} is no fault"),
            }
        }
    }

    proptest::proptest! {
        /// Both readers give the same, whatever stands beside what comes along.
        #[test]
        fn both_readers_agree(
            members in proptest::collection::vec(("name|resource|part|valueString|valueCode|_name|id", "\"tx-resource\"|\"a\"|null|\\{\\}|\\[\\]|1e9|\"\\\\u00e9\""), 0..4),
            twice in proptest::bool::ANY,
        ) {
            let inner: Vec<String> = members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
            let mut text = format!(r#"{{"parameter":[{{{}}},{{"name":"tx-resource","resource":{{"resourceType":"Patient"}}}}],"resourceType":"Parameters"}}"#, inner.join(","));
            if twice {
                text = text.replacen('{', r#"{"parameter":[],"#, 1);
            }
            let expected = parameters::json(&text).and_then(|json| Parameters::from_body(json, &[]));
            match (parameters(&text, &[], &cache()), expected) {
                (Ok(found), Ok(expected)) => {
                    proptest::prop_assert_eq!(found.names().collect::<Vec<_>>(), expected.names().collect::<Vec<_>>());
                    let texts = |parameters: &Parameters| parameters.texts(&["a"]).map_err(|error| error.to_string());
                    proptest::prop_assert_eq!(texts(&found), texts(&expected));
                }
                (Err(found), Err(expected)) => proptest::prop_assert_eq!(found.to_string(), expected.to_string()),
                (found, expected) => proptest::prop_assert!(false, "{text}: {found:?}, {expected:?}"),
            }
        }
    }
}

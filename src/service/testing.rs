//! Small vocabularies for the tests of the service: invented codes, written as FHIR resources.

use super::expand::{ExpandRequest, ExpansionContains, ValueSetReference, expand};
use super::{Expansion, Failure, Parameters, Resource, Terminology};
use tern_index::model::Canonical;

/// Animals: a tree, a retired concept, an abstract one, properties, terms in three languages.
pub const ANIMALS: &str = r#"{
  "resourceType": "CodeSystem", "url": "http://example.org/animals", "version": "1.0.0", "language": "en",
  "status": "active", "content": "complete", "caseSensitive": true,
  "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4"}],
  "valueSet": "http://example.org/all-animals",
  "property": [
    {"code": "legs", "type": "integer"},
    {"code": "eats", "type": "code"},
    {"code": "abstract", "uri": "http://hl7.org/fhir/concept-properties#notSelectable", "type": "boolean"},
    {"code": "status", "uri": "http://hl7.org/fhir/concept-properties#status", "type": "code"}
  ],
  "concept": [
    {"code": "animal", "display": "Animal", "property": [{"code": "abstract", "valueBoolean": true}], "concept": [
      {"code": "bird", "display": "Bird", "designation": [{"language": "de", "value": "Vogel"}, {"language": "es", "value": "Ave"}],
       "property": [{"code": "legs", "valueInteger": 2}], "concept": [
        {"code": "eagle", "display": "Eagle", "designation": [{"language": "de-CH", "value": "Adler"}],
         "property": [{"code": "legs", "valueInteger": 2}, {"code": "eats", "valueCode": "fish"}]},
        {"code": "dodo", "display": "Dodo", "property": [{"code": "legs", "valueInteger": 2}, {"code": "status", "valueCode": "retired"}]}
      ]},
      {"code": "fish", "display": "Fish", "designation": [{"language": "de", "value": "Fisch"}]},
      {"code": "cat", "display": "Cat", "property": [{"code": "legs", "valueInteger": 4}, {"code": "eats", "valueCode": "fish"}]}
    ]},
    {"code": "unicorn", "display": "Unicorn"}
  ]
}"#;

/// Animals, a later version: one concept fewer, one more, one display changed.
pub const ANIMALS_2: &str = r#"{
  "resourceType": "CodeSystem", "url": "http://example.org/animals", "version": "2.0.0", "language": "en",
  "status": "active", "content": "complete",
  "concept": [
    {"code": "animal", "display": "Animal", "concept": [
      {"code": "bird", "display": "Birds"}, {"code": "fish", "display": "Fish"}, {"code": "axolotl", "display": "Axolotl"}
    ]}
  ]
}"#;

/// A terminology of resources given as JSON.
pub fn terminology(resources: &[&str]) -> Terminology {
    let parsed = resources.iter().map(|text| Resource::parse(text).unwrap());
    Terminology::of_resources(parsed.collect())
}

/// A value set with this compose.
pub fn value_set(name: &str, compose: &str) -> String {
    format!(
        r#"{{"resourceType": "ValueSet", "url": "http://example.org/{name}", "version": "1", "status": "active", "compose": {compose}}}"#
    )
}

/// Expands a value set by its name.
pub fn expanded(terminology: &Terminology, name: &str, parameters: Parameters) -> Result<Expansion, Failure> {
    let url = if name.contains(':') {
        name.to_owned()
    } else {
        format!("http://example.org/{name}")
    };
    let request = ExpandRequest {
        value_set: ValueSetReference::Canonical(Canonical::parse(&url)),
        parameters,
    };
    expand(terminology, &request)
}

/// The codes of an expansion in order; children in brackets after their parent.
pub fn codes(contains: &[ExpansionContains]) -> String {
    let shown = contains.iter().map(|entry| {
        let code = entry.code.as_deref().unwrap_or("-");
        let version = entry
            .version
            .as_deref()
            .map(|version| format!("|{version}"))
            .unwrap_or_default();
        match entry.contains.as_slice() {
            [] => format!("{code}{version}"),
            inner => format!("{code}{version}[{}]", codes(inner)),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

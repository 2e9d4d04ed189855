//! A typed view of the parameters of an operation, however they came: query string, form, Parameters resource,
//! or a bare resource as the body.
//!
//! Readers ask by name and type and get a located error when a client gave something else. Primitive types are
//! read by meaning, not by the suffix of `value[x]`: clients of all versions differ in whether a URL is a
//! `uri`, `url`, `canonical` or `string`. It gives no parameter a meaning; `requests` does.

use super::query::{self, QueryError};
use super::resource_in::Brought;
use serde_json::Value;
use tern_index::model::Coding;

/// Why parameters cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The query string is broken.
    #[error("the query string is broken: {0}")]
    Query(#[from] QueryError),
    /// The body is no JSON.
    #[error("the body is not valid JSON: {message} (line {line}, column {column})")]
    Json {
        /// What is wrong.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The body is JSON, but no resource that the operation takes.
    #[error("the body must be a Parameters resource{others}, but {found}")]
    NotParameters {
        /// Other resource types that are taken.
        others: String,
        /// What it is instead.
        found: String,
    },
    /// An element of the Parameters resource is not what the standard says.
    #[error("{place}: {message}")]
    Malformed {
        /// FHIRPath of the element.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// A parameter of another type.
    #[error("the parameter '{name}' must be {expected}, but {found} was given")]
    WrongType {
        /// The parameter.
        name: String,
        /// FHIRPath, or the name for a query string.
        place: String,
        /// What it should be, with article.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// A parameter that may be given once was given twice with different values.
    #[error("the parameter '{name}' may be given only once")]
    Repeated {
        /// The parameter.
        name: String,
    },
    /// A parameter that is needed.
    #[error("{0}")]
    Missing(String),
    /// Parameters that exclude each other, or a value that is not allowed.
    #[error("{message}")]
    Invalid {
        /// The parameter.
        name: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// A parameter that the operation does not know, where the client asked for strict handling.
    #[error("the operation has no parameter '{name}'")]
    Unknown {
        /// The parameter.
        name: String,
    },
}

impl ParameterError {
    /// Where the fault is, as an `OperationOutcome.issue.expression`.
    pub fn place(&self) -> Option<&str> {
        match self {
            Self::Malformed { place, .. } | Self::WrongType { place, .. } => Some(place),
            Self::Repeated { name } | Self::Unknown { name } | Self::Invalid { name, .. } => Some(name),
            Self::Query(_) | Self::Json { .. } | Self::NotParameters { .. } | Self::Missing(_) => None,
        }
    }
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stood.
    place: String,
    /// What was given.
    given: Given,
}

#[derive(Debug, Clone, PartialEq)]
enum Given {
    /// Text of a query string.
    Text(String),
    /// `value[x]`: the suffix and the JSON.
    Value(String, Value),
    /// A resource.
    Resource(Value),
    /// Parts.
    Parts(Vec<Parameter>),
    /// A resource that came along and is read already.
    Brought(Known),
    /// A name and nothing else.
    Nothing,
}

/// A resource that is read. It is itself only: nobody compares what comes along.
#[derive(Debug, Clone)]
struct Known(Brought);

impl PartialEq for Known {
    fn eq(&self, _other: &Self) -> bool {
        false
    }
}

/// All parameters of one request, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    list: Vec<Parameter>,
}

/// A coded parameter: the coding and, where the client gave a CodeableConcept, all of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GivenConcept {
    /// The codings.
    pub codings: Vec<Coding>,
    /// The text.
    pub text: Option<String>,
    /// The element as given, to be echoed.
    pub json: Value,
}

/// Reads JSON; a byte order mark is skipped.
pub fn json(body: &str) -> Result<Value, ParameterError> {
    serde_json::from_str(body.trim_start_matches('\u{feff}')).map_err(|error| {
        let text = error.to_string();
        // serde_json appends the position to its message; it is told once, in our words.
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        ParameterError::Json {
            message,
            line: error.line(),
            column: error.column(),
        }
    })
}

impl Parameters {
    /// From a query string or form body.
    pub fn from_query(text: &str) -> Result<Self, ParameterError> {
        let list = query::pairs(text)?.into_iter().map(|(name, value)| Parameter {
            place: name.clone(),
            name,
            given: Given::Text(value),
        });
        Ok(Self { list: list.collect() })
    }

    /// These parameters.
    pub(super) fn of(list: Vec<Parameter>) -> Self {
        Self { list }
    }

    /// From a body: a Parameters resource, or one of `bare` (resource type, parameter name) by itself.
    pub fn from_body(body: Value, bare: &[(&str, &str)]) -> Result<Self, ParameterError> {
        let resource_type = body.get("resourceType").and_then(Value::as_str).map(str::to_owned);
        if let Some((resource_type, name)) = bare.iter().find(|(name, _)| Some(*name) == resource_type.as_deref()) {
            let parameter = Parameter {
                name: (*name).to_owned(),
                place: (*resource_type).to_owned(),
                given: Given::Resource(body),
            };
            return Ok(Self { list: vec![parameter] });
        }
        if resource_type.as_deref() != Some("Parameters") {
            let others = bare.iter().map(|(name, _)| format!(" or a {name}")).collect();
            let found = match (resource_type, &body) {
                (Some(name), _) => format!("it is a {name}"),
                (None, Value::Object(_)) => "it has no resourceType".to_owned(),
                (None, other) => format!("it is {}", describe(other)),
            };
            return Err(ParameterError::NotParameters { others, found });
        }
        let Value::Object(mut body) = body else {
            return Ok(Self::default());
        };
        Ok(Self {
            list: read_list(body.remove("parameter"), "Parameters.parameter")?,
        })
    }

    /// Adds the parameters of `other` behind these.
    pub fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
    }

    /// Adds those parameters of `shared` whose names are not given here.
    pub fn inherit(&mut self, shared: &Self) {
        let new: Vec<Parameter> = shared
            .list
            .iter()
            .filter(|parameter| !self.has(&parameter.name))
            .cloned()
            .collect();
        self.list.extend(new);
    }

    /// The same without parameters called `name`; those are returned.
    pub fn take(&mut self, name: &str) -> Vec<Parameter> {
        let (taken, kept) = std::mem::take(&mut self.list)
            .into_iter()
            .partition(|parameter| parameter.name == name);
        self.list = kept;
        taken
    }

    /// Whether a parameter is given.
    pub fn has(&self, name: &str) -> bool {
        self.list.iter().any(|parameter| parameter.name == name)
    }

    /// All parameters.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.list.iter()
    }

    /// All parameters of a name.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Parameter> {
        self.list.iter().filter(move |parameter| parameter.name == name)
    }

    /// Names given, in order, repeated ones repeated.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|parameter| parameter.name.as_str())
    }

    /// Refuses names that are not known.
    pub fn check_names(&self, is_known: impl Fn(&str) -> bool) -> Result<(), ParameterError> {
        let unknown = self.names().find(|name| !is_known(name) && !name.starts_with('_'));
        unknown.map_or(Ok(()), |name| Err(ParameterError::Unknown { name: name.to_owned() }))
    }

    fn one(&self, name: &str) -> Result<Option<&Parameter>, ParameterError> {
        let mut found = self.list.iter().filter(|parameter| parameter.name == name);
        let first = found.next();
        if let Some(first) = first
            && found.any(|other| other.given != first.given)
        {
            return Err(ParameterError::Repeated { name: name.to_owned() });
        }
        Ok(first)
    }

    /// The text of the first of `names` that is given: any primitive that FHIR writes as a string.
    pub fn text(&self, names: &[&str]) -> Result<Option<String>, ParameterError> {
        for name in names {
            if let Some(parameter) = self.one(name)? {
                let text = parameter.text()?;
                if !text.is_empty() {
                    return Ok(Some(text.to_owned()));
                }
            }
        }
        Ok(None)
    }

    /// The texts of all parameters of these names, in order.
    pub fn texts(&self, names: &[&str]) -> Result<Vec<String>, ParameterError> {
        let mut texts = Vec::new();
        for parameter in self.list.iter().filter(|parameter| names.contains(&parameter.name.as_str())) {
            texts.push(parameter.text()?.to_owned());
        }
        Ok(texts)
    }

    /// true or false.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ParameterError> {
        self.one(name)?.map(Parameter::boolean).transpose()
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &str) -> Result<Option<usize>, ParameterError> {
        self.one(name)?.map(Parameter::count).transpose()
    }

    /// A coding.
    pub fn coding(&self, names: &[&str]) -> Result<Option<Coding>, ParameterError> {
        for name in names {
            if let Some(parameter) = self.one(name)? {
                return parameter.coding().map(Some);
            }
        }
        Ok(None)
    }

    /// A codeable concept.
    pub fn codeable_concept(&self, names: &[&str]) -> Result<Option<GivenConcept>, ParameterError> {
        for name in names {
            if let Some(parameter) = self.one(name)? {
                return parameter.codeable_concept().map(Some);
            }
        }
        Ok(None)
    }

    /// A resource.
    pub fn resource(&self, name: &str) -> Result<Option<&Value>, ParameterError> {
        self.one(name)?.map(Parameter::resource).transpose()
    }

    /// All resources of a name.
    pub fn resources(&self, name: &str) -> Result<Vec<&Value>, ParameterError> {
        self.list
            .iter()
            .filter(|parameter| parameter.name == name)
            .map(Parameter::resource)
            .collect()
    }
}

impl Parameter {
    /// A resource that is read already.
    pub(super) fn brought(name: &str, place: String, brought: Brought) -> Self {
        Self {
            name: name.to_owned(),
            place,
            given: Given::Brought(Known(brought)),
        }
    }

    /// The resource that is read already, if it is one.
    pub(super) fn as_brought(&self) -> Option<&Brought> {
        match &self.given {
            Given::Brought(Known(brought)) => Some(brought),
            _ => None,
        }
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, ParameterError> {
        let found = match &self.given {
            Given::Text(text) => format!("'{text}'"),
            Given::Value(suffix, value) => format!("value{suffix} {}", describe(value)),
            Given::Resource(resource) => format!(
                "a {} resource",
                resource.get("resourceType").and_then(Value::as_str).unwrap_or("nameless")
            ),
            Given::Brought(_) => "a resource".to_owned(),
            Given::Parts(_) => "a list of parts".to_owned(),
            Given::Nothing => "nothing".to_owned(),
        };
        Err(ParameterError::WrongType {
            name: self.name.clone(),
            place: self.place.clone(),
            expected,
            found,
        })
    }

    /// Text of any primitive that FHIR writes as a string.
    pub fn text(&self) -> Result<&str, ParameterError> {
        match &self.given {
            Given::Text(text) | Given::Value(_, Value::String(text)) => Ok(text.trim()),
            _ => self.wrong("text (a string, code or URI)"),
        }
    }

    /// true or false; the words are taken too, because query strings have nothing else.
    pub fn boolean(&self) -> Result<bool, ParameterError> {
        match &self.given {
            Given::Value(_, Value::Bool(truth)) => Ok(*truth),
            Given::Text(text) | Given::Value(_, Value::String(text)) if text == "true" => Ok(true),
            Given::Text(text) | Given::Value(_, Value::String(text)) if text == "false" => Ok(false),
            _ => self.wrong("true or false"),
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self) -> Result<usize, ParameterError> {
        let number = match &self.given {
            Given::Value(_, Value::Number(number)) => number.as_u64(),
            Given::Text(text) | Given::Value(_, Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(number),
            None => self.wrong("a whole number that is not negative"),
        }
    }

    /// A coding; in a query string `system|code` or `system|version|code` is read, as search parameters are.
    pub fn coding(&self) -> Result<Coding, ParameterError> {
        match &self.given {
            Given::Value(_, value @ Value::Object(_)) => read_coding(value, &self.place),
            Given::Text(text) => match text.split('|').collect::<Vec<_>>()[..] {
                [system, code] if !code.is_empty() => Ok(Coding::new(system, code)),
                [system, version, code] if !code.is_empty() => Ok(Coding {
                    version: Some(version.to_owned()).filter(|version| !version.is_empty()),
                    ..Coding::new(system, code)
                }),
                _ => self.wrong("a Coding (in a query string: system|code)"),
            },
            _ => self.wrong("a Coding"),
        }
    }

    /// A codeable concept.
    pub fn codeable_concept(&self) -> Result<GivenConcept, ParameterError> {
        let Given::Value(_, value @ Value::Object(_)) = &self.given else {
            return self.wrong("a CodeableConcept");
        };
        let codings = match value.get("coding") {
            None => Vec::new(),
            Some(Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(place, coding)| read_coding(coding, &format!("{}.coding[{place}]", self.place)))
                .collect::<Result<_, _>>()?,
            Some(_) => return self.wrong("a CodeableConcept with an array 'coding'"),
        };
        Ok(GivenConcept {
            codings,
            text: value.get("text").and_then(Value::as_str).map(str::to_owned),
            json: value.clone(),
        })
    }

    /// A resource.
    pub fn resource(&self) -> Result<&Value, ParameterError> {
        match &self.given {
            Given::Resource(resource) => Ok(resource),
            _ => self.wrong("a resource"),
        }
    }

    /// The parts, as parameters of their own.
    pub fn parts(&self) -> Result<Parameters, ParameterError> {
        match &self.given {
            Given::Parts(parts) => Ok(Parameters { list: parts.clone() }),
            Given::Resource(resource) if resource.get("resourceType").and_then(Value::as_str) == Some("Parameters") => {
                Parameters::from_body(resource.clone(), &[])
            }
            _ => self.wrong("a list of parts"),
        }
    }

    /// `value[x]` with its type suffix, of any type; text of a query string counts as a string.
    pub fn value(&self) -> Result<(&str, std::borrow::Cow<'_, Value>), ParameterError> {
        match &self.given {
            Given::Value(suffix, value) => Ok((suffix, std::borrow::Cow::Borrowed(value))),
            Given::Text(text) => Ok(("String", std::borrow::Cow::Owned(Value::String(text.clone())))),
            _ => self.wrong("a value"),
        }
    }
}

fn read_list(list: Option<Value>, place: &str) -> Result<Vec<Parameter>, ParameterError> {
    let list = match list {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => {
            return Err(ParameterError::Malformed {
                place: place.to_owned(),
                message: format!("must be an array, but it is {}", describe(&other)),
            });
        }
    };
    list.into_iter()
        .enumerate()
        .map(|(number, parameter)| read_parameter(parameter, format!("{place}[{number}]")))
        .collect()
}

pub(super) fn read_parameter(parameter: Value, place: String) -> Result<Parameter, ParameterError> {
    let malformed = |message: String| ParameterError::Malformed {
        place: place.clone(),
        message,
    };
    let Value::Object(parameter) = parameter else {
        return Err(malformed(format!("must be an object, but it is {}", describe(&parameter))));
    };
    let mut name = None;
    let mut given = Given::Nothing;
    for (key, value) in parameter {
        let new = match key.as_str() {
            "name" => {
                let Value::String(text) = value else {
                    return Err(malformed(format!("name must be a string, but it is {}", describe(&value))));
                };
                name = Some(text);
                continue;
            }
            "resource" if value.is_object() => Given::Resource(value),
            "resource" => {
                return Err(malformed(format!(
                    "resource must be an object, but it is {}",
                    describe(&value)
                )));
            }
            "part" => Given::Parts(read_list(Some(value), &format!("{place}.part"))?),
            other => match other.strip_prefix("value") {
                Some(suffix) if !suffix.is_empty() => Given::Value(suffix.to_owned(), value),
                // Ids, extensions and the `_value` companions of primitives carry no value of their own.
                _ => continue,
            },
        };
        if given != Given::Nothing {
            return Err(malformed("has more than one of value[x], resource and part".to_owned()));
        }
        given = new;
    }
    let name = name.ok_or_else(|| malformed("has no name".to_owned()))?;
    Ok(Parameter { name, place, given })
}

fn read_coding(value: &Value, place: &str) -> Result<Coding, ParameterError> {
    let text = |name: &str| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(ParameterError::Malformed {
            place: format!("{place}.{name}"),
            message: format!("must be a string, but it is {}", describe(other)),
        }),
    };
    if !value.is_object() {
        return Err(ParameterError::Malformed {
            place: place.to_owned(),
            message: format!("must be a Coding, but it is {}", describe(value)),
        });
    }
    Ok(Coding {
        system: text("system")?,
        version: text("version")?,
        code: text("code")?.unwrap_or_default(),
        display: text("display")?,
    })
}

/// A short description of JSON for a message.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let shown: String = text.chars().take(60).collect();
            format!("'{shown}'")
        }
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(list: Value) -> Parameters {
        Parameters::from_body(json!({"resourceType": "Parameters", "parameter": list}), &[]).unwrap()
    }

    #[test]
    fn every_primitive_that_is_a_string_reads_as_text() {
        for kind in ["Uri", "Url", "Canonical", "Code", "String", "Id", "Uuid", "Markdown"] {
            let parameters = body(json!([{"name": "url", (format!("value{kind}")): "http://a"}]));
            assert_eq!(parameters.text(&["url"]).unwrap().as_deref(), Some("http://a"));
        }
    }

    #[test]
    fn wrong_types_name_the_parameter_and_its_place() {
        let parameters = body(json!([{"name": "x", "valueString": "y"}, {"name": "count", "valueString": "many"}]));
        let error = parameters.count("count").unwrap_err();
        assert_eq!(error.place(), Some("Parameters.parameter[1]"));
        assert_eq!(
            error.to_string(),
            "the parameter 'count' must be a whole number that is not negative, but valueString 'many' was given"
        );
    }

    #[test]
    fn a_parameter_given_twice_must_agree_with_itself() {
        let parameters = body(json!([{"name": "url", "valueUri": "a"}, {"name": "url", "valueUri": "b"}]));
        assert_eq!(
            parameters.text(&["url"]),
            Err(ParameterError::Repeated { name: "url".into() })
        );
        assert_eq!(parameters.texts(&["url"]).unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_bare_resource_stands_for_its_parameter() {
        let value_set = json!({"resourceType": "ValueSet"});
        let parameters = Parameters::from_body(value_set.clone(), &[("ValueSet", "valueSet")]).unwrap();
        assert_eq!(parameters.resource("valueSet").unwrap(), Some(&value_set));
        let error = Parameters::from_body(json!({"resourceType": "Patient"}), &[("ValueSet", "valueSet")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the body must be a Parameters resource or a ValueSet, but it is a Patient"
        );
    }

    #[test]
    fn broken_json_is_located() {
        let error = super::json("{\n  \"a\": }").unwrap_err();
        assert!(matches!(error, ParameterError::Json { line: 2, .. }), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_json_panics(text in r#"[\[\]{}":,a-z0-9 ]{0,60}"#) {
            if let Ok(value) = super::json(&text) {
                let _ = Parameters::from_body(value, &[]);
            }
        }
    }
}

//! The search parameters of each resource type, in R4 and R5, and how the values of a request become conditions.
//!
//! The names of both versions are read whatever version was asked for; each version's statement lists its own.

use super::FhirVersion;
use super::outcome::Refusal;
use super::parameters::ParameterError;
use crate::service::ResourceKind;
use crate::service::period::{Comparison, Period};
use crate::service::resource_search::{Amount, Condition, Element, FacetOf, Match, System, Test};

/// How a parameter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// Codes and identifiers.
    Token,
    /// Text, from its beginning.
    String,
    /// The same URI.
    Uri,
    /// Periods.
    Date,
    /// Canonicals.
    Reference,
    /// Amounts.
    Quantity,
    /// A type and a value of it.
    Composite,
}

impl ParameterType {
    /// The FHIR code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::String => "string",
            Self::Uri => "uri",
            Self::Date => "date",
            Self::Reference => "reference",
            Self::Quantity => "quantity",
            Self::Composite => "composite",
        }
    }
}

/// A search parameter.
#[derive(Debug, Clone, Copy)]
pub struct SearchParameter {
    /// Its name.
    pub name: &'static str,
    /// How it compares.
    pub kind: ParameterType,
    /// What it looks at.
    pub element: Element,
    of: &'static [ResourceKind],
    only: Option<FhirVersion>,
}

const ALL: &[ResourceKind] = &super::capability::KINDS;
const BUT_NAMING_SYSTEMS: &[ResourceKind] = &[ResourceKind::CodeSystem, ResourceKind::ConceptMap, ResourceKind::ValueSet];
const NAMING_SYSTEM: &[ResourceKind] = &[ResourceKind::NamingSystem];
const CODE_SYSTEM: &[ResourceKind] = &[ResourceKind::CodeSystem];
const CONCEPT_MAP: &[ResourceKind] = &[ResourceKind::ConceptMap];
const VALUE_SET: &[ResourceKind] = &[ResourceKind::ValueSet];

const fn parameter(name: &'static str, kind: ParameterType, element: Element, of: &'static [ResourceKind]) -> SearchParameter {
    SearchParameter {
        name,
        kind,
        element,
        of,
        only: None,
    }
}

const fn only(version: FhirVersion, parameter: SearchParameter) -> SearchParameter {
    SearchParameter {
        only: Some(version),
        ..parameter
    }
}

use FhirVersion::{R4, R5};
use ParameterType::{Composite, Date, Quantity, Reference, String as Text, Token, Uri};

const PARAMETERS: &[SearchParameter] = &[
    parameter("_id", Token, Element::Id, ALL),
    parameter("_lastUpdated", Date, Element::LastUpdated, ALL),
    parameter("url", Uri, Element::Url, BUT_NAMING_SYSTEMS),
    only(R5, parameter("url", Uri, Element::Url, NAMING_SYSTEM)),
    parameter("version", Token, Element::Version, BUT_NAMING_SYSTEMS),
    only(R5, parameter("version", Token, Element::Version, NAMING_SYSTEM)),
    parameter("name", Text, Element::Name, ALL),
    parameter("title", Text, Element::Title, BUT_NAMING_SYSTEMS),
    parameter("status", Token, Element::Status, ALL),
    parameter("publisher", Text, Element::Publisher, ALL),
    parameter("description", Text, Element::Description, ALL),
    parameter("date", Date, Element::Date, ALL),
    parameter("identifier", Token, Element::Identifier, BUT_NAMING_SYSTEMS),
    only(R5, parameter("identifier", Token, Element::Identifier, NAMING_SYSTEM)),
    parameter("jurisdiction", Token, Element::Jurisdiction, ALL),
    parameter("_profile", Uri, Element::Facet(FacetOf::Profile), ALL),
    parameter("_tag", Token, Element::Facet(FacetOf::Tag), ALL),
    parameter("_security", Token, Element::Facet(FacetOf::Security), ALL),
    parameter("_source", Uri, Element::Facet(FacetOf::Source), ALL),
    only(R5, parameter("_language", Token, Element::ResourceLanguage, ALL)),
    parameter("context", Token, Element::Facet(FacetOf::Context), ALL),
    parameter("context-type", Token, Element::Facet(FacetOf::ContextType), ALL),
    parameter("context-quantity", Quantity, Element::Facet(FacetOf::ContextQuantity), ALL),
    parameter("context-type-value", Composite, Element::ContextTypeAndValue, ALL),
    parameter("context-type-quantity", Composite, Element::ContextTypeAndQuantity, ALL),
    only(
        R5,
        parameter("derived-from", Reference, Element::Related("derived-from"), ALL),
    ),
    only(R5, parameter("predecessor", Reference, Element::Related("predecessor"), ALL)),
    only(R5, parameter("effective", Date, Element::Facet(FacetOf::Effective), ALL)),
    only(R5, parameter("topic", Token, Element::Facet(FacetOf::Topic), ALL)),
    parameter("expansion", Uri, Element::Facet(FacetOf::Expansion), VALUE_SET),
    only(
        R5,
        parameter("mapping-property", Uri, Element::Facet(FacetOf::MappingProperty), CONCEPT_MAP),
    ),
    parameter("contact", Text, Element::Facet(FacetOf::Contact), NAMING_SYSTEM),
    parameter("telecom", Token, Element::Facet(FacetOf::Telecom), NAMING_SYSTEM),
    parameter("period", Date, Element::Facet(FacetOf::IdPeriod), NAMING_SYSTEM),
    parameter("type", Token, Element::Facet(FacetOf::SystemType), NAMING_SYSTEM),
    parameter("code", Token, Element::Code, CODE_SYSTEM),
    parameter("system", Uri, Element::Url, CODE_SYSTEM),
    parameter("content-mode", Token, Element::ContentMode, CODE_SYSTEM),
    parameter("language", Token, Element::DesignationLanguage, CODE_SYSTEM),
    parameter("supplements", Reference, Element::Supplements, CODE_SYSTEM),
    parameter("code", Token, Element::Code, VALUE_SET),
    parameter("reference", Uri, Element::Reference, VALUE_SET),
    parameter("source-code", Token, Element::SourceCode, CONCEPT_MAP),
    parameter("target-code", Token, Element::TargetCode, CONCEPT_MAP),
    only(R4, parameter("source-system", Uri, Element::SourceSystem, CONCEPT_MAP)),
    only(R4, parameter("target-system", Uri, Element::TargetSystem, CONCEPT_MAP)),
    only(R4, parameter("source", Reference, Element::SourceScope, CONCEPT_MAP)),
    only(R4, parameter("target", Reference, Element::TargetScope, CONCEPT_MAP)),
    only(R4, parameter("source-uri", Reference, Element::SourceScope, CONCEPT_MAP)),
    only(R4, parameter("target-uri", Reference, Element::TargetScope, CONCEPT_MAP)),
    only(R4, parameter("other", Reference, Element::OtherMap, CONCEPT_MAP)),
    only(R4, parameter("dependson", Uri, Element::DependsOn, CONCEPT_MAP)),
    only(R4, parameter("product", Uri, Element::Product, CONCEPT_MAP)),
    only(
        R5,
        parameter("source-group-system", Reference, Element::SourceSystem, CONCEPT_MAP),
    ),
    only(
        R5,
        parameter("target-group-system", Reference, Element::TargetSystem, CONCEPT_MAP),
    ),
    only(R5, parameter("source-scope", Reference, Element::SourceScope, CONCEPT_MAP)),
    only(R5, parameter("target-scope", Reference, Element::TargetScope, CONCEPT_MAP)),
    only(R5, parameter("source-scope-uri", Uri, Element::SourceScope, CONCEPT_MAP)),
    only(R5, parameter("target-scope-uri", Uri, Element::TargetScope, CONCEPT_MAP)),
    only(R5, parameter("other-map", Reference, Element::OtherMap, CONCEPT_MAP)),
    parameter("kind", Token, Element::Kind, NAMING_SYSTEM),
    parameter("id-type", Token, Element::IdType, NAMING_SYSTEM),
    parameter("value", Text, Element::IdValue, NAMING_SYSTEM),
    parameter("responsible", Text, Element::Responsible, NAMING_SYSTEM),
];

/// The parameters that a FHIR version defines for a type, and that are answered.
pub fn of(kind: ResourceKind, version: FhirVersion) -> impl Iterator<Item = &'static SearchParameter> {
    PARAMETERS
        .iter()
        .filter(move |parameter| parameter.of.contains(&kind) && parameter.is_of(version))
}

/// A parameter of a type by name, of whatever version.
pub fn named(kind: ResourceKind, name: &str) -> Option<&'static SearchParameter> {
    PARAMETERS
        .iter()
        .find(|parameter| parameter.name == name && parameter.of.contains(&kind))
}

/// The parameters of a type that lead to other resources, of whatever version.
pub fn references(kind: ResourceKind) -> impl Iterator<Item = &'static SearchParameter> {
    PARAMETERS
        .iter()
        .filter(move |parameter| parameter.kind == Reference && parameter.of.contains(&kind))
}

impl SearchParameter {
    /// Whether a FHIR version has it.
    pub fn is_of(&self, version: FhirVersion) -> bool {
        self.only.is_none_or(|only| only == version)
    }

    /// What a value with a modifier asks.
    pub fn condition(&self, modifier: Option<&str>, value: &str) -> Result<Condition, Refusal> {
        let alternatives = split(value, ',');
        let texts = || alternatives.iter().map(|text| unescape(text));
        let test = match (modifier, self.kind) {
            (Some("missing"), _) => match value {
                "true" => Test::Missing(true),
                "false" => Test::Missing(false),
                other => {
                    return Err(self.invalid(format!(
                        "'{}:missing' must be true or false, but '{other}' was given",
                        self.name
                    )));
                }
            },
            (None, Text) => Test::Any(texts().map(Match::Begins).collect()),
            (Some("exact"), Text) => Test::Any(texts().map(Match::Exactly).collect()),
            (Some("contains"), Text | Uri) => Test::Any(texts().map(Match::Contains).collect()),
            (None, Uri) => Test::Any(texts().map(Match::Exactly).collect()),
            (Some("below"), Uri) => Test::Any(texts().map(Match::Below).collect()),
            (Some("above"), Uri) => Test::Any(texts().map(Match::Above).collect()),
            (None, Reference) => Test::Any(texts().map(|text| canonical(&text)).collect()),
            (None, Token) => Test::Any(alternatives.iter().map(|text| self.token(text)).collect()),
            (Some("not"), Token) => Test::None(alternatives.iter().map(|text| self.token(text)).collect()),
            (None, Quantity) => Test::Any(
                alternatives
                    .iter()
                    .map(|text| self.quantity(text))
                    .collect::<Result<_, _>>()?,
            ),
            (None, Composite) => Test::Any(
                alternatives
                    .iter()
                    .map(|text| self.composite(text))
                    .collect::<Result<_, _>>()?,
            ),
            (None, Date) => Test::Any(texts().map(|text| self.date(&text)).collect::<Result<_, _>>()?),
            (Some(other), kind) => {
                let text = format!(
                    "the search parameter '{}' has no modifier ':{other}'; it takes {}",
                    self.name,
                    modifiers(kind)
                );
                return Err(self.invalid(text));
            }
        };
        Ok(Condition {
            element: self.element,
            test,
        })
    }

    fn invalid(&self, message: String) -> Refusal {
        let name = self.name.to_owned();
        ParameterError::Invalid { name, message }.into()
    }

    fn token(&self, text: &str) -> Match {
        let parts = split(text, '|');
        let (system, code) = match parts.as_slice() {
            [system, code] => (Some(unescape(system)), unescape(code)),
            _ => (None, unescape(text)),
        };
        if self.element == Element::Version && system.as_deref().unwrap_or("").is_empty() {
            return Match::Version(code);
        }
        // Ids are the only tokens whose case matters whatever they name.
        if self.element == Element::Id {
            return Match::Exactly(code);
        }
        let system = match system {
            None => System::Any,
            Some(system) if system.is_empty() => System::None,
            Some(system) => System::Is(system),
        };
        Match::Token(system, Some(code).filter(|code| !code.is_empty()))
    }

    fn quantity(&self, text: &str) -> Result<Match, Refusal> {
        let parts = split(text, '|');
        let (number, system, code) = match parts.as_slice() {
            [number] => (*number, System::Any, String::new()),
            [number, "", code] => (*number, System::Any, unescape(code)),
            [number, system, code] => (*number, System::Is(unescape(system)), unescape(code)),
            _ => ("", System::Any, String::new()),
        };
        let (comparison, number) = Comparison::split(number.trim());
        match Amount::parse(number, system, Some(code).filter(|code| !code.is_empty())) {
            Some(amount) => Ok(Match::Quantity(comparison, amount)),
            None => Err(self.invalid(format!(
                "'{}' must be an amount such as 5, gt5.0 or 5|http://unitsofmeasure.org|a, but '{text}' was given",
                self.name
            ))),
        }
    }

    fn composite(&self, text: &str) -> Result<Match, Refusal> {
        let [kind, value] = split(text, '$')[..] else {
            return Err(self.invalid(format!(
                "'{}' must be the type of a context, '$' and a value, but '{text}' was given",
                self.name
            )));
        };
        let value = match self.element {
            Element::ContextTypeAndQuantity => self.quantity(value)?,
            _ => self.token(value),
        };
        Ok(Match::Both(Box::new(self.token(kind)), Box::new(value)))
    }

    fn date(&self, text: &str) -> Result<Match, Refusal> {
        let (comparison, date) = Comparison::split(text);
        match Period::parse(date) {
            Some(period) => Ok(Match::Date(comparison, period)),
            None => Err(self.invalid(format!(
                "'{}' must be a date such as 2026, 2026-11-22 or ge2026-11-22T10:00:00Z, but '{text}' was given",
                self.name
            ))),
        }
    }
}

fn modifiers(kind: ParameterType) -> &'static str {
    match kind {
        Token => ":not and :missing",
        Text => ":exact, :contains and :missing",
        Uri => ":contains, :below, :above and :missing",
        Date | Reference | Quantity | Composite => ":missing",
    }
}

fn canonical(text: &str) -> Match {
    let read = tern_index::model::Canonical::parse(text);
    Match::Canonical(read.url, read.version)
}

/// Splits at a character that no backslash stands before.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (place, character) in text.char_indices() {
        if character == at && !escaped {
            // Both are places of characters: slices there are whole.
            parts.push(text.get(start..place).unwrap_or_default());
            start = place + at.len_utf8();
        }
        escaped = character == '\\' && !escaped;
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// Takes away the backslashes before `\`, `,`, `|` and `$`.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some(next @ ('\\' | ',' | '|' | '$'))) => {
                plain.push(*next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn condition(kind: ResourceKind, name: &str, modifier: Option<&str>, value: &str) -> Test {
        named(kind, name).unwrap().condition(modifier, value).unwrap().test
    }

    #[test]
    fn values_become_what_they_ask() {
        let code = |value: &str| condition(ResourceKind::CodeSystem, "code", None, value);
        assert_eq!(
            code("a,b\\,c"),
            Test::Any(vec![
                Match::Token(System::Any, Some("a".into())),
                Match::Token(System::Any, Some("b,c".into())),
            ])
        );
        assert_eq!(
            code("http://a|x"),
            Test::Any(vec![Match::Token(System::Is("http://a".into()), Some("x".into()))])
        );
        assert_eq!(code("|x"), Test::Any(vec![Match::Token(System::None, Some("x".into()))]));
        assert_eq!(
            code("http://a|"),
            Test::Any(vec![Match::Token(System::Is("http://a".into()), None)])
        );
        let status = condition(ResourceKind::ValueSet, "status", Some("not"), "draft");
        assert_eq!(status, Test::None(vec![Match::Token(System::Any, Some("draft".into()))]));
    }

    #[test]
    fn modifiers_and_values_that_mean_nothing_are_refused() {
        for (name, modifier, value) in [
            ("url", Some("exact"), "x"),
            ("status", Some("text"), "x"),
            ("date", None, "soon"),
            ("name", Some("missing"), "maybe"),
        ] {
            let refusal = named(ResourceKind::ValueSet, name)
                .unwrap()
                .condition(modifier, value)
                .unwrap_err();
            assert!(refusal.to_string().contains(name), "{refusal}");
        }
    }

    #[test]
    fn amounts_and_pairs_are_read() {
        let kind = ResourceKind::ValueSet;
        let Test::Any(matches) = condition(kind, "context-quantity", None, "gt5.0|http://u|a") else {
            panic!()
        };
        let [Match::Quantity(Comparison::Greater, amount)] = matches.as_slice() else {
            panic!("{matches:?}")
        };
        assert!((amount.low, amount.high) == (4.95, 5.05) && amount.code.as_deref() == Some("a"));
        let Test::Any(matches) = condition(kind, "context-type-value", None, "focus$http://s|1") else {
            panic!()
        };
        assert!(matches!(matches.as_slice(), [Match::Both(..)]));
        for (name, wrong) in [
            ("context-quantity", "much"),
            ("context-quantity", "1|2"),
            ("context-type-value", "focus"),
            ("context-type-quantity", "age$old"),
        ] {
            assert!(named(kind, name).unwrap().condition(None, wrong).is_err(), "{name}={wrong}");
        }
    }

    /// The names that the specification gives, type by type.
    #[test]
    fn every_search_parameter_of_the_standard_is_there() {
        const SHARED: &str = "_id _lastUpdated _profile _security _source _tag context context-quantity context-type context-type-quantity context-type-value date description jurisdiction name publisher status";
        const LATER: &str = "_language derived-from predecessor effective topic identifier url version";
        for (kind, both, earlier, later) in [
            (
                ResourceKind::CodeSystem,
                "code content-mode identifier language supplements system title url version",
                "",
                "",
            ),
            (
                ResourceKind::ValueSet,
                "code expansion identifier reference title url version",
                "",
                "",
            ),
            (
                ResourceKind::ConceptMap,
                "identifier source-code target-code title url version",
                "dependson other product source source-system source-uri target target-system target-uri",
                "mapping-property other-map source-group-system source-scope source-scope-uri target-group-system target-scope target-scope-uri",
            ),
            (
                ResourceKind::NamingSystem,
                "contact id-type kind period responsible telecom type value",
                "",
                "",
            ),
        ] {
            for (version, own) in [(R4, earlier), (R5, later)] {
                let mut expected: Vec<&str> = format!("{SHARED} {both} {own}")
                    .leak()
                    .split(' ')
                    .filter(|name| !name.is_empty())
                    .collect();
                if version == R5 {
                    expected.extend(LATER.split(' '));
                }
                expected.sort_unstable();
                expected.dedup();
                let mut found: Vec<&str> = of(kind, version).map(|one| one.name).collect();
                found.sort_unstable();
                assert_eq!(found, expected, "{kind:?} {version:?}");
            }
        }
    }

    #[test]
    fn each_version_lists_its_own_parameters() {
        let names = |version| of(ResourceKind::ConceptMap, version).map(|one| one.name).collect::<Vec<_>>();
        assert!(names(R4).contains(&"source-system") && !names(R4).contains(&"source-scope"));
        assert!(names(R5).contains(&"source-scope") && !names(R5).contains(&"source-system"));
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_whole_again(texts in proptest::collection::vec("[a-c,|\\\\$]{1,6}", 1..4)) {
            let escaped: Vec<String> = texts
                .iter()
                .map(|text| text.replace('\\', "\\\\").replace(',', "\\,").replace('|', "\\|").replace('$', "\\$"))
                .collect();
            let joined = escaped.join(",");
            let read: Vec<String> = split(&joined, ',').into_iter().map(unescape).collect();
            prop_assert_eq!(read, texts);
        }

        #[test]
        fn no_value_panics(value in ".{0,20}") {
            for parameter in PARAMETERS {
                for modifier in [None, Some("missing"), Some("not"), Some("contains"), Some("below")] {
                    let _ = parameter.condition(modifier, &value);
                }
            }
        }
    }
}

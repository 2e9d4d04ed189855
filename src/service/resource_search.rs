//! What a search of resources looks at, and how it compares: strings, tokens, URIs, dates, as FHIR defines them.
//!
//! Most of it needs no more than a resource's summary; codes are asked of the opened content. How a client writes its
//! search is the wire's business, how results are ordered and paged that of `resources`.

use super::catalogue::{Entry, Kept};
use super::period::{Comparison, Period};
use super::version;
use std::borrow::Cow;
use std::cmp::Ordering;
use tern_index::model::{Coding, MappingAttributeRole};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::text::fold;
use tern_index::value_set::{Contains, ValueSet};
use tern_loaders::fhir::naming_system::NamingSystem;
use tern_loaders::fhir::summary::Facet;
pub use tern_loaders::fhir::summary::FacetOf;

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `id`
    Id,
    /// `meta.lastUpdated`
    LastUpdated,
    /// `url`
    Url,
    /// `version`
    Version,
    /// `name`
    Name,
    /// `title`
    Title,
    /// `status`
    Status,
    /// `publisher`
    Publisher,
    /// `description`
    Description,
    /// `date`
    Date,
    /// `identifier`
    Identifier,
    /// `jurisdiction`
    Jurisdiction,
    /// `CodeSystem.content`
    ContentMode,
    /// `CodeSystem.supplements`
    Supplements,
    /// Languages of the designations of a code system.
    DesignationLanguage,
    /// Codes of a code system, or those that a value set enumerates.
    Code,
    /// Code systems that a value set draws from.
    Reference,
    /// Source codes of a concept map.
    SourceCode,
    /// Target codes of a concept map.
    TargetCode,
    /// Source code systems of a concept map.
    SourceSystem,
    /// Target code systems of a concept map.
    TargetSystem,
    /// The source value set of a concept map.
    SourceScope,
    /// The target value set of a concept map.
    TargetScope,
    /// Maps that a concept map refers to.
    OtherMap,
    /// Attributes that mappings depend on.
    DependsOn,
    /// Attributes that mappings produce.
    Product,
    /// `NamingSystem.kind`
    Kind,
    /// `NamingSystem.uniqueId.type`
    IdType,
    /// `NamingSystem.uniqueId.value`
    IdValue,
    /// `NamingSystem.responsible`
    Responsible,
    /// `language` of the resource.
    ResourceLanguage,
    /// What only some resources say.
    Facet(FacetOf),
    /// Artifacts that the resource is related to in one way (`derived-from`).
    Related(&'static str),
    /// `useContext.code` together with its value.
    ContextTypeAndValue,
    /// `useContext.code` together with its quantity.
    ContextTypeAndQuantity,
}

/// A condition; all of a search must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What it looks at.
    pub element: Element,
    /// What it asks.
    pub test: Test,
}

/// What a condition asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Whether there is no value.
    Missing(bool),
    /// Some value is as one of these.
    Any(Vec<Match>),
    /// No value is as one of these.
    None(Vec<Match>),
}

/// What a value may be like.
#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// Text that begins so, whatever case and accents.
    Begins(String),
    /// Text that has this somewhere, whatever case and accents.
    Contains(String),
    /// The same text.
    Exactly(String),
    /// A URI with this before its path's further segments, or itself.
    Below(String),
    /// A URI that this one is below, or itself.
    Above(String),
    /// A canonical: URL, and version if one is named; without one, of any version.
    Canonical(String, Option<String>),
    /// A version, exactly or as a pattern.
    Version(String),
    /// A code or value, of this system.
    Token(System, Option<String>),
    /// A date or period that stands so to this period.
    Date(Comparison, Period),
    /// An amount that stands so to this one, of this unit.
    Quantity(Comparison, Amount),
    /// Two values of one element.
    Both(Box<Match>, Box<Match>),
}

/// An amount, as exact as it was written: from the least to the greatest number that is rounded to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// The system of its unit.
    pub system: System,
    /// The code of its unit.
    pub code: Option<String>,
}

impl Amount {
    /// Reads a number with the margin that its last digit leaves.
    pub fn parse(number: &str, system: System, code: Option<String>) -> Option<Self> {
        let value: f64 = number.parse().ok().filter(|value: &f64| value.is_finite())?;
        let digits = number.split_once('.').map_or(0, |(_, digits)| digits.len());
        let margin = 0.5 * 10f64.powi(-i32::try_from(digits).ok()?);
        Some(Self {
            low: value - margin,
            high: value + margin,
            system,
            code,
        })
    }

    /// Whether an amount of a resource, `low..high code`, stands so to it.
    fn holds(&self, comparison: Comparison, own: &Value<'_>) -> bool {
        let (range, unit) = own.text.split_once(' ').unwrap_or((&own.text, ""));
        let (low, high) = range.split_once("..").unwrap_or((range, range));
        let number = |text: &str, open: f64| {
            if text.is_empty() {
                Some(open)
            } else {
                text.parse::<f64>().ok()
            }
        };
        let (Some(low), Some(high)) = (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY)) else {
            return false;
        };
        if !self.system.is(&own.system) || self.code.as_deref().is_some_and(|code| code != unit) {
            return false;
        }
        let middle = (self.low + self.high) / 2.0;
        let inside = self.low <= low && high <= self.high;
        match comparison {
            Comparison::Equal => inside,
            Comparison::NotEqual => !inside,
            Comparison::Greater => high > middle,
            Comparison::Less => low < middle,
            Comparison::GreaterOrEqual => high >= middle,
            Comparison::LessOrEqual => low <= middle,
            Comparison::StartsAfter => low > self.high,
            Comparison::EndsBefore => high < self.low,
            Comparison::Approximately => {
                let margin = middle.abs() * 0.1;
                low <= self.high + margin && self.low - margin <= high
            }
        }
    }
}

/// The system of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// Any, or none.
    Any,
    /// None: the element has no system.
    None,
    /// This one.
    Is(String),
}

/// A value of a resource.
struct Value<'e> {
    text: Cow<'e, str>,
    system: OwnSystem<'e>,
}

enum OwnSystem<'e> {
    /// The element names one, or could and does not.
    Stated(Option<&'e str>),
    /// The element is a code, whose system follows from its definition.
    Implied(&'static str),
}

impl Match {
    fn holds(&self, value: &Value<'_>) -> bool {
        let own = value.text.as_ref();
        match self {
            Self::Begins(wanted) => fold(own).starts_with(&fold(wanted)),
            Self::Contains(wanted) => fold(own).contains(&fold(wanted)),
            Self::Exactly(wanted) => own == wanted,
            Self::Below(wanted) => is_below(own, wanted),
            Self::Above(wanted) => is_below(wanted, own),
            Self::Canonical(url, version) => {
                let (own, own_version) = own.split_once('|').map_or((own, None), |(url, version)| (url, Some(version)));
                own == url && (version.is_none() || version.as_deref() == own_version)
            }
            Self::Version(wanted) => version::matches(own, wanted),
            Self::Token(system, code) => {
                system.is(&value.system) && code.as_deref().is_none_or(|code| code.eq_ignore_ascii_case(own))
            }
            Self::Date(comparison, asked) => Period::parse_range(own).is_some_and(|own| comparison.holds(own, *asked)),
            Self::Quantity(comparison, amount) => amount.holds(*comparison, value),
            // Asked of the elements that have both.
            Self::Both(..) => false,
        }
    }
}

/// Whether a URI is another one or continues it at the end of a segment.
fn is_below(uri: &str, upper: &str) -> bool {
    let upper = upper.trim_end_matches('/');
    uri.strip_prefix(upper)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl System {
    fn is(&self, own: &OwnSystem<'_>) -> bool {
        match (self, own) {
            (Self::Any, _) | (Self::None, OwnSystem::Stated(None) | OwnSystem::Implied(_)) => true,
            (Self::None, OwnSystem::Stated(Some(_))) => false,
            (Self::Is(system), OwnSystem::Stated(own)) => *own == Some(system.as_str()),
            (Self::Is(system), OwnSystem::Implied(own)) => system == own,
        }
    }

    /// Whether a code may be of the system that stands beside it.
    fn allows(&self, own: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::None => own.is_none(),
            Self::Is(system) => own == Some(system.as_str()),
        }
    }
}

/// What can be searched beyond a summary.
pub(super) trait Searched: Kept {
    /// Values of an element that is this kind's own.
    fn values(&self, element: Element) -> Vec<(Option<String>, String)>;
    /// Whether it has a code, any at all where none is named.
    fn has_code(&self, element: Element, system: &System, code: Option<&str>) -> bool;
}

impl Searched for CodeSystemIndex {
    fn values(&self, element: Element) -> Vec<(Option<String>, String)> {
        match element {
            Element::DesignationLanguage => self.languages().map(|language| (None, language.to_owned())).collect(),
            _ => Vec::new(),
        }
    }

    fn has_code(&self, element: Element, system: &System, code: Option<&str>) -> bool {
        let own = system.allows(Some(&self.header().url)) || *system == System::None;
        element == Element::Code && own && code.map_or(!self.is_empty(), |code| self.find(code).is_some())
    }
}

impl Searched for ValueSet {
    fn values(&self, element: Element) -> Vec<(Option<String>, String)> {
        if element != Element::Reference {
            return Vec::new();
        }
        let includes = self.compose.iter().flat_map(|compose| &compose.include);
        includes.filter_map(|include| Some((None, include.system.clone()?))).collect()
    }

    fn has_code(&self, element: Element, system: &System, code: Option<&str>) -> bool {
        let is = |own: &str| code.is_none_or(|code| code == own);
        let mut enumerated = self.compose.iter().flat_map(|compose| &compose.include);
        let stored = self.expansion.iter().flat_map(|expansion| &expansion.contains);
        element == Element::Code
            && (enumerated
                .any(|include| system.allows(include.system.as_deref()) && include.concepts.iter().any(|one| is(&one.code)))
                || contains(stored, &|coding| system.allows(coding.system.as_deref()) && is(&coding.code)))
    }
}

/// Whether some code of an expansion is as asked, at any depth.
fn contains<'c>(entries: impl Iterator<Item = &'c Contains>, is: &dyn Fn(&Coding) -> bool) -> bool {
    let mut entries = entries.peekable();
    entries.peek().is_some() && entries.any(|entry| is(&entry.coding) || contains(entry.contains.iter(), is))
}

impl Searched for ConceptMapIndex {
    fn values(&self, element: Element) -> Vec<(Option<String>, String)> {
        let header = self.header();
        let canonical = |url: String, version: Option<String>| match version {
            Some(version) => format!("{url}|{version}"),
            None => url,
        };
        let plain = |texts: Vec<String>| {
            texts
                .into_iter()
                .filter(|text| !text.is_empty())
                .map(|text| (None, text))
                .collect()
        };
        let attributes = |role| {
            let rows = self.rows().flat_map(|row| row.attributes);
            let mut names: Vec<String> = rows.filter(|one| one.role == role).map(|one| one.attribute).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let systems = self.systems().into_iter();
        plain(match element {
            Element::SourceSystem => systems.map(|(url, version, ..)| canonical(url, version)).collect(),
            Element::TargetSystem => systems.map(|(.., url, version)| canonical(url, version)).collect(),
            Element::SourceScope => header.source_scope.iter().cloned().collect(),
            Element::TargetScope => header.target_scope.iter().cloned().collect(),
            Element::OtherMap => header.unmapped.iter().filter_map(|rule| rule.other_map.clone()).collect(),
            Element::DependsOn => attributes(MappingAttributeRole::DependsOn),
            Element::Product => attributes(MappingAttributeRole::Product),
            _ => Vec::new(),
        })
    }

    fn has_code(&self, element: Element, system: &System, code: Option<&str>) -> bool {
        let of_source = element == Element::SourceCode;
        let Some(code) = code else {
            let mut systems = self.systems().into_iter();
            return systems.any(|(source, _, target, _)| system.allows(Some(if of_source { &source } else { &target })));
        };
        match element {
            Element::SourceCode => self
                .by_source(code)
                .iter()
                .any(|row| system.allows(row.source.system.as_deref())),
            Element::TargetCode => {
                let rows = self.by_target(code);
                let mut targets = rows.iter().filter_map(|row| row.target.as_ref());
                targets.any(|target| system.allows(target.system.as_deref()))
            }
            _ => false,
        }
    }
}

impl Searched for NamingSystem {
    fn values(&self, element: Element) -> Vec<(Option<String>, String)> {
        let ids = self.unique_ids.iter();
        match element {
            Element::IdType => ids.map(|id| (None, id.id_type.clone())).collect(),
            Element::IdValue => ids.map(|id| (None, id.value.clone())).collect(),
            _ => Vec::new(),
        }
    }

    fn has_code(&self, _element: Element, _system: &System, _code: Option<&str>) -> bool {
        false
    }
}

const PUBLICATION_STATUS: &str = "http://hl7.org/fhir/publication-status";

/// Whether a condition holds of an entry.
pub(super) fn holds<T: Searched>(entry: &Entry<T>, condition: &Condition) -> bool {
    if matches!(condition.element, Element::Code | Element::SourceCode | Element::TargetCode) {
        return holds_of_codes(entry, condition);
    }
    if let Some(second) = composite(condition.element) {
        return holds_together(entry, second, &condition.test);
    }
    let values = values(entry, condition.element);
    let any = |matches: &[Match]| matches.iter().any(|one| values.iter().any(|value| one.holds(value)));
    match &condition.test {
        Test::Missing(missing) => values.is_empty() == *missing,
        Test::Any(matches) => any(matches),
        Test::None(matches) => !any(matches),
    }
}

/// The element that stands beside the type of a context.
fn composite(element: Element) -> Option<FacetOf> {
    match element {
        Element::ContextTypeAndValue => Some(FacetOf::Context),
        Element::ContextTypeAndQuantity => Some(FacetOf::ContextQuantity),
        _ => None,
    }
}

/// Whether a context has both values that are asked for.
fn holds_together<T: Searched>(entry: &Entry<T>, second: FacetOf, test: &Test) -> bool {
    let facets = &entry.summary().facets;
    let of = |wanted: FacetOf| facets.iter().filter(move |facet| facet.of == wanted);
    let both = |one: &Match| match one {
        Match::Both(kind, value) => of(FacetOf::ContextType).filter(|own| kind.holds(&value_of(own))).any(|own| {
            let mut beside = of(second).filter(|other| other.group == own.group);
            beside.any(|other| value.holds(&value_of(other)))
        }),
        _ => false,
    };
    match test {
        Test::Missing(missing) => of(second).next().is_none() == *missing,
        Test::Any(matches) => matches.iter().any(both),
        Test::None(matches) => !matches.iter().any(both),
    }
}

fn value_of(facet: &Facet) -> Value<'_> {
    Value {
        text: facet.value.as_str().into(),
        system: OwnSystem::Stated(facet.system.as_deref()),
    }
}

fn holds_of_codes<T: Searched>(entry: &Entry<T>, condition: &Condition) -> bool {
    let Ok(content) = entry.content() else {
        return false;
    };
    let has = |one: &Match| match one {
        Match::Token(system, code) => content.has_code(condition.element, system, code.as_deref()),
        _ => false,
    };
    match &condition.test {
        Test::Missing(missing) => content.has_code(condition.element, &System::Any, None) != *missing,
        Test::Any(matches) => matches.iter().any(has),
        Test::None(matches) => !matches.iter().any(has),
    }
}

fn values<T: Searched>(entry: &Entry<T>, element: Element) -> Vec<Value<'_>> {
    fn plain(text: Option<&str>) -> Vec<Value<'_>> {
        one(text.map(Cow::Borrowed), OwnSystem::Stated(None))
    }
    fn code<'e>(text: Option<&'e str>, system: &'static str) -> Vec<Value<'e>> {
        one(text.map(Cow::Borrowed), OwnSystem::Implied(system))
    }
    let summary = || entry.summary();
    match element {
        Element::Id => one(Some(entry.resource_id().into()), OwnSystem::Stated(None)),
        Element::LastUpdated => plain(last_updated(entry)),
        Element::Url => plain(Some(entry.url.as_str()).filter(|url| !url.is_empty())),
        Element::Version => plain(entry.version.as_deref()),
        Element::Name => plain(summary().name.as_deref()),
        Element::Title => plain(summary().title.as_deref()),
        Element::Status => code(summary().status.as_deref(), PUBLICATION_STATUS),
        Element::Publisher => plain(summary().publisher.as_deref()),
        Element::Description => plain(summary().description.as_deref()),
        Element::Date => plain(summary().date.as_deref()),
        Element::Identifier => pairs(&summary().identifiers),
        Element::Jurisdiction => pairs(&summary().jurisdictions),
        Element::ContentMode => code(summary().content.as_deref(), "http://hl7.org/fhir/codesystem-content-mode"),
        Element::Supplements => plain(summary().supplements.as_deref()),
        Element::Kind => code(summary().kind.as_deref(), "http://hl7.org/fhir/namingsystem-type"),
        Element::Responsible => plain(summary().responsible.as_deref()),
        Element::ResourceLanguage => code(summary().language.as_deref(), "urn:ietf:bcp:47"),
        Element::Facet(of) => summary().facets.iter().filter(|facet| facet.of == of).map(value_of).collect(),
        Element::Related(kind) => {
            let related = summary().facets.iter().filter(|facet| facet.of == FacetOf::Related);
            let of_kind = related.filter(|facet| facet.system.as_deref() == Some(kind));
            of_kind
                .map(|facet| Value {
                    text: facet.value.as_str().into(),
                    system: OwnSystem::Stated(None),
                })
                .collect()
        }
        Element::ContextTypeAndValue | Element::ContextTypeAndQuantity => values(entry, Element::Facet(FacetOf::ContextType)),
        other => {
            let own = entry.content().map(|content| content.values(other)).unwrap_or_default();
            own.into_iter()
                .map(|(_, text)| Value {
                    text: text.into(),
                    system: OwnSystem::Stated(None),
                })
                .collect()
        }
    }
}

fn one<'e>(text: Option<Cow<'e, str>>, system: OwnSystem<'e>) -> Vec<Value<'e>> {
    text.map(|text| Value { text, system }).into_iter().collect()
}

fn pairs<'e>(pairs: &'e [(Option<String>, String)]) -> Vec<Value<'e>> {
    let value = |(system, text): &'e (Option<String>, String)| Value {
        text: text.into(),
        system: OwnSystem::Stated(system.as_deref()),
    };
    pairs.iter().map(value).collect()
}

fn last_updated<T: Kept>(entry: &Entry<T>) -> Option<&str> {
    match entry.written() {
        Some(written) => Some(&written.last_updated),
        None => entry.summary().last_updated.as_deref(),
    }
}

/// The texts of an element.
pub(super) fn texts<T: Searched>(entry: &Entry<T>, element: Element) -> Vec<String> {
    values(entry, element)
        .into_iter()
        .map(|value| value.text.into_owned())
        .collect()
}

/// Compares two entries by an element; those without a value come last, whichever way round.
pub(super) fn compare<T: Searched>(a: &Entry<T>, b: &Entry<T>, element: Element, descending: bool) -> Ordering {
    let key = |entry: &Entry<T>| values(entry, element).into_iter().next().map(|value| value.text.into_owned());
    match (key(a), key(b)) {
        (Some(a), Some(b)) => {
            let ordering = match element {
                Element::Version => version::compare(Some(&a), Some(&b)),
                Element::Date | Element::LastUpdated | Element::Facet(FacetOf::Effective | FacetOf::IdPeriod) => {
                    let start = |text: &str| Period::parse_range(text).map(|period| period.start);
                    start(&a).cmp(&start(&b))
                }
                Element::Url | Element::Id => a.cmp(&b),
                _ => fold(&a).cmp(&fold(&b)),
            };
            if descending { ordering.reverse() } else { ordering }
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

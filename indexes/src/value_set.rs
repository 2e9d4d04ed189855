//! Value sets as typed definitions (FHIR `ValueSet`): what a compose says, before anything is evaluated.
//!
//! Read from FHIR JSON by `tern-loaders`, evaluated by the service. It holds no codes of its own beyond those
//! that the definition enumerates or the stored expansion lists.

use crate::model::{Canonical, Coding};

/// A value set definition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ValueSet {
    /// Canonical URL; `None` for a contained or inline value set that has none.
    pub url: Option<String>,
    /// Business version.
    pub version: Option<String>,
    /// FHIR resource id.
    pub id: Option<String>,
    /// Computer-friendly name.
    pub name: Option<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Publication status code.
    pub status: Option<String>,
    /// Whether it is for testing only.
    pub experimental: Option<bool>,
    /// Language of the resource.
    pub language: Option<String>,
    /// FHIR date.
    pub date: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// Identifiers (OIDs).
    pub identifiers: Vec<String>,
    /// The definition.
    pub compose: Option<Compose>,
    /// An expansion stored in the resource, used where there is no compose or its systems are unknown.
    pub expansion: Option<StoredExpansion>,
    /// Contained value sets, referred to as `#id`.
    pub contained: Vec<ValueSet>,
    /// The resource as given, compact JSON; opaque here.
    pub resource: String,
}

impl ValueSet {
    /// The canonical, if the value set has a URL.
    pub fn canonical(&self) -> Option<Canonical> {
        self.url.as_ref().map(|url| Canonical::new(url, self.version.clone()))
    }
}

/// `ValueSet.compose`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compose {
    /// `lockedDate`.
    pub locked_date: Option<String>,
    /// Whether inactive codes are included (`inactive`); `None` where not said.
    pub inactive: Option<bool>,
    /// Properties to return in expansions (R5).
    pub properties: Vec<String>,
    /// What is in; the union of these.
    pub include: Vec<Include>,
    /// What is taken out again.
    pub exclude: Vec<Include>,
    /// Extensions of the compose as a JSON array (`valueset-expansion-parameter`); opaque here.
    pub extensions: Option<String>,
}

/// `ValueSet.compose.include` and `.exclude`. All that is said must hold at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Include {
    /// Code system URL; `None` where only value sets are named.
    pub system: Option<String>,
    /// Code system version, or a wildcard.
    pub version: Option<String>,
    /// Enumerated codes.
    pub concepts: Vec<ConceptReference>,
    /// Filters; a concept must pass all.
    pub filters: Vec<Filter>,
    /// Value sets; a concept must be in all.
    pub value_sets: Vec<Canonical>,
    /// Extensions of the include as a JSON array (supplements); opaque here.
    pub extensions: Option<String>,
}

/// `ValueSet.compose.include.concept`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConceptReference {
    /// The code.
    pub code: String,
    /// Display to use here.
    pub display: Option<String>,
    /// Designations to use here.
    pub designations: Vec<ReferenceDesignation>,
    /// Extensions as a JSON array; opaque here.
    pub extensions: Option<String>,
}

/// A designation that a value set adds to a concept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReferenceDesignation {
    /// BCP-47 language tag.
    pub language: Option<String>,
    /// What it is for.
    pub use_: Option<Coding>,
    /// The term.
    pub value: String,
    /// Extensions as a JSON array; opaque here.
    pub extensions: Option<String>,
}

/// `ValueSet.compose.include.filter`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Property or filter code.
    pub property: String,
    /// Operator code as given (`is-a`, `=`...); checked when evaluated, so that the error can say where it stood.
    pub op: String,
    /// Value as given; `None` where the resource has none.
    pub value: Option<String>,
}

/// An expansion that came with a value set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredExpansion {
    /// Top-level entries, in order.
    pub contains: Vec<Contains>,
}

/// `ValueSet.expansion.contains`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contains {
    /// The code; system and code may be absent in grouping entries.
    pub coding: Coding,
    /// Not for choosing.
    pub abstract_: bool,
    /// Retired.
    pub inactive: bool,
    /// Designations.
    pub designations: Vec<ReferenceDesignation>,
    /// Nested entries.
    pub contains: Vec<Contains>,
}

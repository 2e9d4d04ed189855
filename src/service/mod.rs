//! The operations of a terminology service, named as in FHIR, over one snapshot of what is loaded.
//!
//! Everything starts from a [`Terminology`]: an immutable snapshot that resolves canonicals, versions and aliases
//! to code systems ([`CodeSystemIndex`]), value sets ([`ValueSet`]) and concept maps ([`ConceptMapIndex`]).
//! [`Terminology::with_overlay`] gives a per-request view in which the resources of the request rank first.
//!
//! | operation | request | answer |
//! |---|---|---|
//! | [`expand`](expand::expand) | [`ExpandRequest`] | [`Expansion`] |
//! | [`validate_code`](validate_code::validate_code) | [`ValidateCodeRequest`] | [`Validation`] |
//! | [`lookup`](lookup::lookup) | [`LookupRequest`] | [`Lookup`] |
//! | [`subsumes`](subsumes::subsumes) | [`SubsumesRequest`] | [`Subsumption`] |
//! | [`compare`](compare::compare) | [`CompareRequest`] | [`Comparison`] |
//! | [`translate`](translate::translate) | [`TranslateRequest`] | [`Translation`] |
//! | [`find_matches`](find_matches::find_matches) | [`FindMatchesRequest`](find_matches::FindMatchesRequest) | [`FoundMatches`](find_matches::FoundMatches) |
//! | [`suggest`](algorithmic::suggest) | [`AlgorithmicRequest`](algorithmic::AlgorithmicRequest) | [`Suggestion`](algorithmic::Suggestion) |
//! | [`search`](search::search) | [`SearchRequest`] | [`SearchRow`]s |
//!
//! Options that several operations share are [`Parameters`]. An operation that cannot answer returns a
//! [`Failure`]: its kind, from which the HTTP room chooses a status, and its [`Issue`]s, complete with texts. An
//! answer carries its own issues, complete too: nobody downstream patches them.
//!
//! What it does not do: no HTTP, no command line, no FHIR JSON. Extensions travel through as opaque JSON text.

pub mod algorithmic;
pub mod alias;
mod catalogue;
pub mod closure;
pub mod code_system;
pub mod compare;
pub mod constraint_sets;
pub mod context;
pub mod expand;
pub mod extension;
pub mod find_matches;
mod grammar;
pub mod history;
mod implicit;
pub mod issues;
pub mod language;
pub mod lookup;
pub mod map_rules;
mod mappers;
pub mod naming;
pub mod normal_form;
pub mod parameters;
pub mod period;
pub mod postcoordinated;
pub mod resource;
pub mod resource_search;
pub mod resources;
pub mod search;
pub mod semantic_tag;
pub mod snomed_properties;
pub mod status;
#[cfg(test)]
mod stopping;
pub mod subsumes;
pub mod terminology;
#[cfg(test)]
mod testing;
pub mod translate;
mod use_context;
pub mod validate_code;
pub mod value_set;
pub mod version;
pub mod written;

pub use compare::{CompareRequest, Comparison};
pub use expand::{ExpandRequest, Expansion, ExpansionContains};
pub(crate) use issues::refusals;
pub use issues::{Failure, FailureKind, Issue, Severity, Sought};
pub use lookup::{Lookup, LookupRequest};
pub use mappers::PeoplesDecisions;
pub use parameters::Parameters;
pub use resource::Resource;
pub use resources::{ResourceBody, ResourceEntry, ResourceQuery};
pub use search::{SearchRequest, SearchRow};
pub use subsumes::{SubsumesRequest, Subsumption};
pub use terminology::{ResourceKind, Terminology, Unresolved};
pub use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
pub use tern_index::value_set::ValueSet;
pub use translate::{TranslateRequest, Translation};
pub use validate_code::{ValidateCodeRequest, Validation};

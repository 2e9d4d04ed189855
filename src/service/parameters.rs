//! Options that several operations share, typed; the wire fills them in from query or body.
//!
//! `None` and empty mean "not given": an answer echoes only what was given or decided.

use tern_index::model::Canonical;

/// Options of `$expand` and `$validate-code`, named as in FHIR.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// `displayLanguage`: BCP-47 ranges as in Accept-Language.
    pub display_language: Option<String>,
    /// The header Accept-Language.
    pub accept_language: Option<String>,
    /// `activeOnly`
    pub active_only: Option<bool>,
    /// `excludeNested`
    pub exclude_nested: Option<bool>,
    /// `includeDesignations`
    pub include_designations: Option<bool>,
    /// `includeDefinition`
    pub include_definition: Option<bool>,
    /// `excludeNotForUI`
    pub exclude_not_for_ui: Option<bool>,
    /// `excludePostCoordinated`
    pub exclude_post_coordinated: Option<bool>,
    /// `designation`: `system|code` of a use, or `urn:ietf:bcp:47|tag`.
    pub designations: Vec<String>,
    /// `property`
    pub properties: Vec<String>,
    /// `filter`
    pub filter: Option<String>,
    /// `offset`
    pub offset: Option<u32>,
    /// `count`
    pub count: Option<u32>,
    /// `date`: where nothing names a version of a code system or value set, that of this day.
    pub date: Option<String>,
    /// `exclude-system`
    pub exclude_systems: Vec<Canonical>,
    /// `system-version`: the version to use where none is named.
    pub system_versions: Vec<Canonical>,
    /// `check-system-version`: the version that must result.
    pub check_system_versions: Vec<Canonical>,
    /// `force-system-version`: the version to use whatever is named.
    pub force_system_versions: Vec<Canonical>,
    /// `default-valueset-version`: the version of a value set that is named without one.
    pub default_value_set_versions: Vec<Canonical>,
    /// `check-valueset-version`: the version of a value set that must result.
    pub check_value_set_versions: Vec<Canonical>,
    /// `force-valueset-version`: the version of a value set to use whatever is named.
    pub force_value_set_versions: Vec<Canonical>,
    /// `useSupplement`
    pub use_supplements: Vec<Canonical>,
    /// `lenient-display-validation`: a wrong display is a warning.
    pub lenient_display_validation: Option<bool>,
    /// `valueset-membership-only`: nothing but membership is checked.
    pub value_set_membership_only: Option<bool>,
    /// `abstract`: whether abstract codes are accepted; not given means yes.
    pub abstract_: Option<bool>,
    /// `inferSystem`
    pub infer_system: Option<bool>,
    /// More codes than this without a `count` are too costly; `None` uses the service's limit.
    pub limit: Option<u64>,
}

//! Resources that should not be relied upon: draft, experimental, deprecated, withdrawn; and what says so.

use super::extension;
use super::value_set::Used;
use tern_index::value_set::ValueSet;

/// Why a resource should not be relied upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// Its standards status says so.
    Deprecated,
    /// Its standards status says so.
    Withdrawn,
    /// Its status is draft.
    Draft,
    /// It is for testing only.
    Experimental,
}

impl Doubt {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deprecated => "deprecated",
            Self::Withdrawn => "withdrawn",
            Self::Draft => "draft",
            Self::Experimental => "experimental",
        }
    }

    /// The expansion parameter that names the resource.
    pub fn expansion_parameter(self) -> &'static str {
        match self {
            Self::Deprecated => "warning-deprecated",
            Self::Withdrawn => "warning-withdrawn",
            Self::Draft => "warning-draft",
            Self::Experimental => "warning-experimental",
        }
    }

    /// The message id of the issue.
    pub fn message_id(self) -> &'static str {
        match self {
            Self::Deprecated => "MSG_DEPRECATED",
            Self::Withdrawn => "MSG_WITHDRAWN",
            Self::Draft => "MSG_DRAFT",
            Self::Experimental => "MSG_EXPERIMENTAL",
        }
    }
}

/// The doubt about a resource, by its standards status, status and experimental flag.
pub fn doubt(resource: &str, status: Option<&str>, experimental: Option<bool>) -> Option<Doubt> {
    let standards = extension::resource_values(resource, extension::STANDARDS_STATUS);
    match standards.first().map(String::as_str) {
        Some("deprecated") => return Some(Doubt::Deprecated),
        Some("withdrawn") => return Some(Doubt::Withdrawn),
        _ => {}
    }
    if status == Some("draft") {
        return Some(Doubt::Draft);
    }
    (experimental == Some(true)).then_some(Doubt::Experimental)
}

/// The doubt about a value set.
pub fn of_value_set(value_set: &ValueSet) -> Option<Doubt> {
    doubt(&value_set.resource, value_set.status.as_deref(), value_set.experimental)
}

/// The doubts about a value set and all it used, with canonicals, sorted.
pub fn warnings(value_set: &ValueSet, used: &Used) -> Vec<(Doubt, String)> {
    let systems = used.systems.iter().filter_map(|(canonical, view)| {
        let header = view.index.header();
        let resource = header.resource.as_deref().unwrap_or("");
        Some((
            doubt(resource, header.status.as_deref(), header.experimental)?,
            canonical.to_string(),
        ))
    });
    let value_sets = std::iter::once(value_set).chain(used.value_sets.iter().map(|imported| imported.as_ref()));
    let value_sets = value_sets.filter_map(|value_set| Some((of_value_set(value_set)?, value_set.canonical()?.to_string())));
    let mut found: Vec<_> = systems.chain(value_sets).collect();
    found.sort();
    found.dedup();
    found
}

//! Resources that should not be relied upon: draft, experimental, deprecated, withdrawn; and what says so.

use super::extension;
use super::value_set::Used;
use tern_index::model::CodeSystemHeader;
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

/// What a resource says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'s> {
    /// The resource, JSON: its extensions count.
    pub resource: &'s str,
    /// Publication status code.
    pub status: Option<&'s str>,
    /// Whether it is for testing only.
    pub experimental: Option<bool>,
}

impl<'s> Standing<'s> {
    /// That of a value set.
    pub fn of_value_set(value_set: &'s ValueSet) -> Self {
        Self {
            resource: &value_set.resource,
            status: value_set.status.as_deref(),
            experimental: value_set.experimental,
        }
    }

    /// That of a code system; none where it came as no FHIR resource, because publishers of other releases say
    /// nothing in these terms.
    pub fn of_code_system(header: &'s CodeSystemHeader) -> Option<Self> {
        Some(Self {
            resource: header.resource.as_deref()?,
            status: header.status.as_deref(),
            experimental: header.experimental,
        })
    }

    fn standards_status(&self) -> Option<String> {
        extension::resource_values(self.resource, extension::STANDARDS_STATUS)
            .into_iter()
            .next()
    }

    fn is_draft(&self, standards_status: Option<&str>) -> bool {
        self.status == Some("draft") || standards_status == Some("draft")
    }

    /// The doubt about the resource for one who relies on it: who is draft or experimental too has nothing to fear
    /// from that.
    pub fn doubt(&self, relying: Option<&Standing<'_>>) -> Option<Doubt> {
        let own = self.standards_status();
        match own.as_deref() {
            Some("deprecated") => return Some(Doubt::Deprecated),
            Some("withdrawn") => return Some(Doubt::Withdrawn),
            _ => {}
        }
        let is_experimental = |standing: &Standing<'_>| standing.experimental == Some(true);
        if is_experimental(self) && !relying.is_some_and(is_experimental) {
            return Some(Doubt::Experimental);
        }
        let also_draft = relying.is_some_and(|relying| relying.is_draft(relying.standards_status().as_deref()));
        (self.is_draft(own.as_deref()) && !also_draft).then_some(Doubt::Draft)
    }
}

/// The doubts about a value set and all it used, with canonicals, sorted.
pub fn warnings(value_set: &ValueSet, used: &Used) -> Vec<(Doubt, String)> {
    let relying = Standing::of_value_set(value_set);
    let systems = used.systems.iter().filter_map(|(canonical, view)| {
        let doubt = Standing::of_code_system(view.index.header())?.doubt(Some(&relying))?;
        Some((doubt, canonical.to_string()))
    });
    let relied_on = used.value_sets.iter().chain(&used.based_on);
    let value_sets = std::iter::once(value_set).chain(relied_on.map(|imported| imported.as_ref()));
    let value_sets = value_sets.filter_map(|value_set| {
        let doubt = Standing::of_value_set(value_set).doubt(Some(&relying))?;
        Some((doubt, value_set.canonical()?.to_string()))
    });
    let mut found: Vec<_> = systems.chain(value_sets).collect();
    found.sort();
    found.dedup();
    found
}

//! `ValueSet/$compare`: how the codes of two value sets relate.
//!
//! What the definitions settle is settled from them: whole systems, lists, filters that are the same or lie below
//! each other. All else is evaluated and compared code by code. Versions of a code system are one unless the code
//! system needs them, a filter depends on them, or the client says so. What cannot be known is not guessed: where an
//! expansion fails, or more codes may exist than it has, the answer is "indeterminate", with the reason.

mod definition;

use super::expand::{self, ValueSetReference};
use super::grammar::Mentions;
use super::value_set::compose::Evaluator;
use super::value_set::{Members, Part};
use super::{Failure, Parameters, Terminology, issues};
use std::collections::BTreeSet;
use tern_index::model::Ordinal;
use tern_index::read::ConceptSet;
use tern_index::value_set::ValueSet;

/// When versions of a code system tell codes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VersionPolicy {
    /// Always.
    Always,
    /// Where the code system declares it, or a filter depends on the version.
    #[default]
    AsNeeded,
    /// Never.
    Never,
}

impl VersionPolicy {
    /// Reads the FHIR code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "always" => Some(Self::Always),
            "as-needed" => Some(Self::AsNeeded),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// A request to compare.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareRequest {
    /// The value set that the answer is about.
    pub this: ValueSetReference,
    /// What it is compared with.
    pub other: ValueSetReference,
    /// When versions matter.
    pub policy: VersionPolicy,
    /// Version parameters and supplements for both.
    pub parameters: Parameters,
}

/// How this value set relates to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same codes.
    Same,
    /// The other has all of this one's codes, and more.
    Subset,
    /// This one has all of the other's codes, and more.
    Superset,
    /// Some shared, some only here, some only there.
    Overlapping,
    /// Nothing shared.
    Disjoint,
    /// Neither has a code.
    Empty,
    /// It cannot be known.
    Indeterminate,
}

impl Relation {
    /// The code of the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Subset => "subset",
            Self::Superset => "superset",
            Self::Overlapping => "overlapping",
            Self::Disjoint => "disjoint",
            Self::Empty => "empty",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How they relate.
    pub relation: Relation,
    /// The same, in words.
    pub message: String,
    /// Whether the definitions alone did not settle it.
    pub expanded: bool,
    /// Codes that decided, where they are few enough to be told.
    pub codes: Codes,
}

/// Codes that decided a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes {
    /// In both.
    pub common: Vec<String>,
    /// In this value set only.
    pub missing: Vec<String>,
    /// In the other only.
    pub extra: Vec<String>,
}

/// What has been found of two value sets, or of what they take from one code system.
#[derive(Debug, Clone, Default, PartialEq)]
struct Finding {
    /// Some code is in both.
    common: bool,
    /// Some code is in this one only.
    left: bool,
    /// Some code is in the other only.
    right: bool,
    codes: Codes,
}

impl Finding {
    fn relation(&self) -> Relation {
        match (self.common, self.left, self.right) {
            (false, false, false) => Relation::Empty,
            (false, ..) => Relation::Disjoint,
            (true, false, false) => Relation::Same,
            (true, true, true) => Relation::Overlapping,
            (true, true, false) => Relation::Superset,
            (true, false, true) => Relation::Subset,
        }
    }
}

/// More codes may be in a value set than its expansion has.
const UNCLOSED: &str = "it is unclosed";

/// At most so many codes are told of each kind.
const LISTED: usize = 1000;

/// Compares two value sets.
pub fn compare(terminology: &Terminology, request: &CompareRequest) -> Result<Comparison, Failure> {
    let named = |reference| Ok::<_, Failure>(expand::resolve(terminology, reference, &request.parameters)?.value_set);
    let (this, other) = (named(&request.this)?, named(&request.other)?);
    let mut mentions = Mentions::default();
    mentions.value_set(terminology, &this, &[]);
    mentions.value_set(terminology, &other, &[]);
    let terminology = &mentions.speaking(terminology, false);
    let (left, right) = (name(&this), name(&other));
    let indeterminate = |reason: String, expanded: bool| Comparison {
        relation: Relation::Indeterminate,
        message: reason,
        expanded,
        codes: Codes::default(),
    };
    for (value_set, name) in [(&this, &left), (&other, &right)] {
        if value_set.compose.is_none() && value_set.expansion.is_none() {
            return Ok(indeterminate(format!("The ValueSet {name} has no compose"), false));
        }
    }
    if let Some(finding) = definition::compare(terminology, request, &this, &other) {
        return Ok(conclude(finding, &left, &right, false));
    }
    let sides = [
        Side::expand(terminology, &request.parameters, &this),
        Side::expand(terminology, &request.parameters, &other),
    ];
    // A side that was stopped is no reason to say that they cannot be compared.
    terminology.stop().check()?;
    let reason = match &sides {
        [Ok(this), Ok(other)] => {
            let finding = by_members(terminology, request.policy, &this.members, &other.members);
            return Ok(conclude(finding, &left, &right, true));
        }
        [Err(one), Err(two)] if one == two && one == UNCLOSED => "Both expansions are unclosed".to_owned(),
        [Err(one), Ok(_)] if one == UNCLOSED => "This expansion is unclosed".to_owned(),
        [Ok(_), Err(one)] if one == UNCLOSED => "Other expansion is unclosed".to_owned(),
        [Err(one), Err(two)] if one == two => format!("Both expansions failed: {one}"),
        [Err(one), Err(two)] => format!("Both expansions failed with different errors: {one}; {two}"),
        [Err(one), Ok(_)] => format!("This expansion failed: {one}"),
        [Ok(_), Err(one)] => format!("Other expansion failed: {one}"),
    };
    Ok(indeterminate(format!("Unable to compare {left} and {right}: {reason}"), true))
}

fn name(value_set: &ValueSet) -> String {
    match value_set.canonical() {
        Some(canonical) => canonical.to_string(),
        None => "(unidentified)".to_owned(),
    }
}

fn conclude(finding: Finding, this: &str, other: &str, expanded: bool) -> Comparison {
    let relation = finding.relation();
    let message = match relation {
        Relation::Same => format!("The value sets {this} and {other} contain the same codes"),
        Relation::Subset => format!("The valueSet {this} is a sub-set of the valueSet {other}"),
        Relation::Superset => format!("The valueSet {this} is a super-set of the valueSet {other}"),
        Relation::Overlapping => {
            format!("Both value sets {this} and {other} contain the codes the other doesn't, but there is some overlap")
        }
        Relation::Disjoint => format!("No shared codes between the value sets {this} and {other}"),
        Relation::Empty => format!("Both the value sets {this} and {other} are empty"),
        Relation::Indeterminate => format!("Unable to compare {this} and {other}"),
    };
    Comparison {
        relation,
        message,
        expanded,
        codes: finding.codes,
    }
}

/// One of the two, evaluated.
struct Side {
    members: Members,
}

impl Side {
    /// The members, or why they are not all that the value set may have.
    fn expand(terminology: &Terminology, parameters: &Parameters, value_set: &std::sync::Arc<ValueSet>) -> Result<Self, String> {
        let text = |failure: Failure| failure.to_string();
        let mut evaluator = Evaluator::new(terminology, parameters).map_err(text)?;
        let members = evaluator.evaluate(value_set).map_err(|stop| text(stop.into_failure()))?;
        if let Some(check) = evaluator.used.failed_checks.first() {
            return Err(issues::version_check(&check.url, check.found.as_deref(), &check.wanted).text);
        }
        if !expand::is_closed(&evaluator.used, &members, parameters) {
            let limit = parameters.limit.unwrap_or(expand::DEFAULT_LIMIT);
            return Err(match members.len() > limit {
                true => text(issues::too_costly(&expand::costly_name(value_set, &members, limit), limit)),
                false => UNCLOSED.to_owned(),
            });
        }
        Ok(Self { members })
    }
}

/// Compares code by code.
fn by_members(terminology: &Terminology, policy: VersionPolicy, this: &Members, other: &Members) -> Finding {
    let same_in_versions = |part: &Part| !versions_matter(terminology, policy, part.view.url(), false);
    let mut finding = Finding::default();
    let mut lists = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    let mut list = |which: usize, codes: &mut Vec<String>, part: &Part, concepts: &ConceptSet| {
        for concept in part.page(0, usize::MAX) {
            if codes.len() >= LISTED {
                return;
            }
            let code = part.view.index.code(Ordinal(concept.0));
            let mut new = || {
                lists
                    .get_mut(which)
                    .is_some_and(|seen| seen.insert((part.view.url().to_owned(), code.to_owned())))
            };
            if concepts.contains(concept.0) && new() {
                codes.push(code.to_owned());
            }
        }
    };
    for part in &this.parts {
        let shared = other.codes_in(part, same_in_versions(part)) & &part.concepts;
        let own = &part.concepts - &shared;
        finding.common |= !shared.is_empty();
        finding.left |= !own.is_empty();
        list(0, &mut finding.codes.common, part, &shared);
        list(1, &mut finding.codes.missing, part, &own);
    }
    for part in &other.parts {
        let own = &part.concepts - this.codes_in(part, same_in_versions(part));
        finding.right |= !own.is_empty();
        list(2, &mut finding.codes.extra, part, &own);
    }
    if !finding.left && !finding.right {
        // All codes would say nothing that "the same" does not.
        finding.codes = Codes::default();
    }
    finding
}

/// Whether versions of a code system tell codes apart.
fn versions_matter(terminology: &Terminology, policy: VersionPolicy, url: &str, filtered: bool) -> bool {
    match policy {
        VersionPolicy::Always => true,
        VersionPolicy::Never => false,
        VersionPolicy::AsNeeded => {
            filtered
                || terminology
                    .code_system(url, None)
                    .is_ok_and(|index| index.header().version_needed)
        }
    }
}

#[cfg(test)]
mod tests;

//! Comparing two value sets by what they say, without evaluating them.
//!
//! It settles what it can settle soundly and says nothing otherwise: imports, exclusions, mixtures of lists and
//! filters, and filters that differ in more than their place in a tree are for the evaluation.

use super::{Codes, CompareRequest, Finding, versions_matter};
use crate::service::Terminology;
use crate::service::value_set::choice;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;
use tern_index::value_set::{Compose, Filter, Include, ValueSet};

/// What both take from one code system.
#[derive(Debug, Default)]
struct Group<'v> {
    system: &'v str,
    this: Vec<&'v Include>,
    other: Vec<&'v Include>,
}

/// What one takes from a code system, put in order.
#[derive(Debug, PartialEq, Eq)]
enum Taken<'v> {
    /// All codes.
    Whole,
    /// Lists, joined, and sets of filters, each of which must pass as a whole.
    Some {
        codes: BTreeSet<&'v str>,
        filters: BTreeSet<BTreeSet<(&'v str, &'v str, &'v str)>>,
    },
}

/// The finding, if the definitions settle it.
pub(super) fn compare(terminology: &Terminology, request: &CompareRequest, this: &ValueSet, other: &ValueSet) -> Option<Finding> {
    let (this, other) = (this.compose.as_ref()?, other.compose.as_ref()?);
    let simple = |compose: &Compose| {
        let plain = |include: &Include| {
            let mixed = !include.concepts.is_empty() && !include.filters.is_empty();
            include.system.is_some() && include.value_sets.is_empty() && !mixed
        };
        compose.exclude.is_empty() && compose.include.iter().all(plain)
    };
    let alike = this.locked_date == other.locked_date && (this.inactive == Some(false)) == (other.inactive == Some(false));
    if !alike || !simple(this) || !simple(other) {
        return None;
    }
    let mut finding = Finding::default();
    for group in groups(this, other) {
        one_system(terminology, request, &group, &mut finding)?;
    }
    Some(finding)
}

/// Includes by code system, in the order in which these are first named.
fn groups<'v>(this: &'v Compose, other: &'v Compose) -> Vec<Group<'v>> {
    let mut groups: Vec<Group<'v>> = Vec::new();
    let sided = this.include.iter().map(|include| (true, include));
    for (ours, include) in sided.chain(other.include.iter().map(|include| (false, include))) {
        let system = include.system.as_deref().unwrap_or("");
        let place = groups.iter().position(|group| group.system == system).unwrap_or_else(|| {
            groups.push(Group {
                system,
                ..Group::default()
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            if ours { &mut group.this } else { &mut group.other }.push(include);
        }
    }
    groups
}

fn one_system(terminology: &Terminology, request: &CompareRequest, group: &Group<'_>, finding: &mut Finding) -> Option<()> {
    let all = || group.this.iter().chain(&group.other);
    let filtered = all().any(|include| !include.filters.is_empty());
    let versions: BTreeSet<Option<String>> = all()
        .map(|include| version_of(terminology, request, group.system, include))
        .collect();
    if versions.len() > 1 && (filtered || versions_matter(terminology, request.policy, group.system, filtered)) {
        return None;
    }
    let version = versions.first().cloned().flatten();
    let index = terminology.code_system(group.system, version.as_deref()).ok();
    // That a filter finds anything at all is known only where it can be asked.
    if filtered && (group.this.is_empty() || group.other.is_empty()) && index.is_none() {
        return None;
    }
    if group.other.is_empty() {
        finding.left = true;
        return Some(());
    }
    if group.this.is_empty() {
        finding.right = true;
        return Some(());
    }
    match (taken(&group.this), taken(&group.other)) {
        (one, two) if one == two => {
            finding.common = true;
            if let Taken::Some { codes, filters } = one
                && filters.is_empty()
            {
                lists(&codes, &codes, finding);
            }
        }
        (Taken::Whole, _) => (finding.common, finding.left) = (true, true),
        (_, Taken::Whole) => (finding.common, finding.right) = (true, true),
        (Taken::Some { codes: a, filters: f }, Taken::Some { codes: b, filters: g }) => {
            if f.is_empty() && g.is_empty() {
                lists(&a, &b, finding);
            } else if a.is_empty() && b.is_empty() {
                subtrees(index.as_deref()?, &group.this, &group.other, finding)?;
            } else {
                return None;
            }
        }
    }
    Some(())
}

/// The version that an include means, as far as it is loaded.
fn version_of(terminology: &Terminology, request: &CompareRequest, system: &str, include: &Include) -> Option<String> {
    let chosen = choice::choose(&request.parameters, system, include.version.as_deref()).version;
    let index = terminology.code_system(system, chosen.as_deref()).ok();
    index.and_then(|index| index.header().version.clone()).or(chosen)
}

fn taken<'v>(includes: &[&'v Include]) -> Taken<'v> {
    let mut codes = BTreeSet::new();
    let mut filters = BTreeSet::new();
    for include in includes {
        if include.concepts.is_empty() && include.filters.is_empty() {
            return Taken::Whole;
        }
        codes.extend(include.concepts.iter().map(|concept| concept.code.as_str()));
        if !include.filters.is_empty() {
            filters.insert(include.filters.iter().map(parts).collect());
        }
    }
    Taken::Some { codes, filters }
}

fn parts(filter: &Filter) -> (&str, &str, &str) {
    let value = filter.value.as_deref().unwrap_or("");
    (filter.property.as_str(), filter.op.as_str(), value)
}

/// Compares lists. The codes told are those of one code system, the last that is listed: codes of several would
/// not say which they are of.
fn lists(this: &BTreeSet<&str>, other: &BTreeSet<&str>, finding: &mut Finding) {
    let told = |codes: &mut dyn Iterator<Item = &&str>| {
        let mut codes: Vec<String> = codes.map(|code| (*code).to_owned()).collect();
        codes.sort_by(|a, b| alphabetical(a, b));
        codes.truncate(super::LISTED);
        codes
    };
    let codes = Codes {
        common: told(&mut this.intersection(other)),
        missing: told(&mut this.difference(other)),
        extra: told(&mut other.difference(this)),
    };
    finding.common |= !codes.common.is_empty();
    finding.left |= !codes.missing.is_empty();
    finding.right |= !codes.extra.is_empty();
    finding.codes = codes;
}

/// As people sort: case only where nothing else differs, small letters first.
fn alphabetical(a: &str, b: &str) -> Ordering {
    a.to_lowercase().cmp(&b.to_lowercase()).then_with(|| b.cmp(a))
}

/// Two single `is-a` filters, by the places of their concepts in the hierarchy.
fn subtrees(index: &CodeSystemIndex, this: &[&Include], other: &[&Include], finding: &mut Finding) -> Option<()> {
    let root = |includes: &[&Include]| match includes {
        [include] => match include.filters.as_slice() {
            [filter] if matches!(filter.property.as_str(), "concept" | "code") && filter.op == "is-a" => {
                index.find(filter.value.as_deref()?)
            }
            _ => None,
        },
        _ => None,
    };
    let (a, b) = (root(this)?, root(other)?);
    if index.subsumes(a, b) {
        (finding.common, finding.left) = (true, true);
    } else if index.subsumes(b, a) {
        (finding.common, finding.right) = (true, true);
    } else if a == b {
        finding.common = true;
    } else if !index.header().compositional && is_tree(index) {
        (finding.left, finding.right) = (true, true);
    } else {
        // Two branches may have concepts in common.
        return None;
    }
    Some(())
}

/// Whether no concept has two parents.
fn is_tree(index: &CodeSystemIndex) -> bool {
    (0..index.len()).all(|concept| u32::try_from(concept).is_ok_and(|concept| index.parents(Ordinal(concept)).len() < 2))
}

//! Rows of a concept map that are of whole value sets (R5), and contexts whose value must be in one.
//!
//! A code is mapped by such a row where the value set has it. A target that is a value set stands for each of its codes; so
//! does a source, backwards.

use super::{Dependency, same_system, same_version};
use crate::service::expand::{self, ExpandRequest, ValueSetReference};
use crate::service::validate_code::{self, ValidationInput, ValidationTarget};
use crate::service::{Failure, Parameters, Terminology, ValidateCodeRequest};
use tern_index::model::{Canonical, Coding, MappedSide, Mapping, Relationship, ValueSetMapping};

/// More codes than this are no set of targets.
const MOST: u64 = 1000;

/// Whether a value set has a code. A value set that cannot be evaluated is a failure: nobody knows.
pub(super) fn contains(terminology: &Terminology, value_set: &str, coding: &Coding) -> Result<bool, Failure> {
    let request = ValidateCodeRequest {
        target: ValidationTarget::ValueSet(ValueSetReference::Canonical(Canonical::parse(value_set))),
        input: match &coding.system {
            Some(_) => ValidationInput::Coding(Coding {
                display: None,
                ..coding.clone()
            }),
            None => ValidationInput::Code(Coding {
                display: None,
                ..coding.clone()
            }),
        },
        parameters: Parameters {
            value_set_membership_only: Some(true),
            ..Parameters::default()
        },
    };
    Ok(validate_code::validate_code(terminology, &request)?.result)
}

/// The codes of a value set, as far as they are of a system.
pub(super) fn codes(terminology: &Terminology, value_set: &str, system: Option<&str>) -> Result<Vec<Coding>, Failure> {
    let request = ExpandRequest {
        value_set: ValueSetReference::Canonical(Canonical::parse(value_set)),
        parameters: Parameters {
            exclude_nested: Some(true),
            limit: Some(MOST),
            ..Parameters::default()
        },
    };
    let entries = expand::expand(terminology, &request)?.contains.into_iter();
    let codings = entries.filter_map(|entry| {
        Some(Coding {
            system: entry.system,
            version: entry.version,
            code: entry.code?,
            display: entry.display,
        })
    });
    Ok(codings
        .filter(|coding| same_system(system, coding.system.as_deref()))
        .collect())
}

/// Whether one side of a row is, or has, a code.
fn is(terminology: &Terminology, side: &MappedSide, given: &Coding) -> Result<bool, Failure> {
    let own = plain(side);
    if !same_system(given.system.as_deref(), own.system.as_deref()) || !same_version(given, &own) {
        return Ok(false);
    }
    match (&side.code, &side.value_set) {
        (Some(code), _) => Ok(*code == given.code),
        (None, Some(value_set)) => {
            // The row is of the codes of its group's system.
            let system = given.system.clone().or_else(|| side.system.clone());
            let asked = Coding { system, ..given.clone() };
            contains(terminology, value_set, &asked)
        }
        (None, None) => Ok(false),
    }
}

fn plain(side: &MappedSide) -> Coding {
    Coding {
        system: side.system.clone(),
        version: side.version.clone(),
        code: side.code.clone().unwrap_or_default(),
        display: side.display.clone(),
    }
}

/// Every code that one side of a row means.
fn all(terminology: &Terminology, side: &MappedSide) -> Result<Vec<Coding>, Failure> {
    match (&side.code, &side.value_set) {
        (None, Some(value_set)) => codes(terminology, value_set, side.system.as_deref()),
        _ => Ok(vec![plain(side)]),
    }
}

fn mapping(row: &ValueSetMapping, source: Coding, target: Option<Coding>) -> Mapping {
    Mapping {
        source,
        target,
        relationship: Relationship::parse(&row.relationship).unwrap_or(Relationship::RelatedTo),
        group: 0,
        priority: 0,
        rule: None,
        advice: None,
        comment: row.comment.clone(),
        attributes: row.attributes.clone(),
    }
}

/// The rows of codes that rows of value sets come to for a source.
pub(super) fn forward(terminology: &Terminology, rows: &[ValueSetMapping], given: &Coding) -> Result<Vec<Mapping>, Failure> {
    let mut found = Vec::new();
    for row in rows {
        if !is(terminology, &row.source, given)? {
            continue;
        }
        let source = Coding {
            system: given.system.clone().or_else(|| row.source.system.clone()),
            ..given.clone()
        };
        match &row.target {
            None => found.push(mapping(row, source, None)),
            Some(target) => {
                let targets = all(terminology, target)?.into_iter();
                found.extend(targets.map(|target| mapping(row, source.clone(), Some(target))));
            }
        }
    }
    Ok(found)
}

/// The same for a target.
pub(super) fn reverse(terminology: &Terminology, rows: &[ValueSetMapping], given: &Coding) -> Result<Vec<Mapping>, Failure> {
    let mut found = Vec::new();
    for row in rows {
        let Some(target) = &row.target else { continue };
        if !is(terminology, target, given)? {
            continue;
        }
        let target = Coding {
            system: given.system.clone().or_else(|| target.system.clone()),
            ..given.clone()
        };
        let sources = all(terminology, &row.source)?.into_iter();
        found.extend(sources.map(|source| mapping(row, source, Some(target.clone()))));
    }
    Ok(found)
}

/// Whether a value that is given for a context is none of those that a row needs.
pub(super) fn is_outside(terminology: &Terminology, value_set: &str, given: &[&Dependency]) -> Result<bool, Failure> {
    for dependency in given {
        let coding = Coding {
            system: dependency.system.clone(),
            code: dependency.value.clone(),
            ..Coding::default()
        };
        if contains(terminology, value_set, &coding)? {
            return Ok(false);
        }
    }
    Ok(true)
}

//! A code without a system (`inferSystem`): the value set must have it in exactly one.

use super::coding::{self, Court, Place};
use super::{Validation, ValidationTarget, of_one, shown};
use crate::service::expand::ValueSetReference;
use crate::service::issues::{self, Failure, Issue};
use crate::service::value_set::{Evaluator, Stop};
use std::collections::BTreeSet;
use std::sync::Arc;
use tern_index::model::{Canonical, Coding};
use tern_index::value_set::ValueSet;

/// Validates a code whose system is to be found in the value set.
pub fn code(court: Court<'_>, value_set: &Arc<ValueSet>, given: &Coding) -> Result<Validation, Failure> {
    let mut evaluator = Evaluator::new(court.terminology, court.parameters)?;
    let members = match evaluator.evaluate(value_set) {
        Ok(members) => members,
        // As for a code with its system: that the value set cannot be evaluated is an answer.
        Err(Stop::UnknownImport { unresolved, pinned }) => {
            let issue = issues::unknown_import_issue(&unresolved, pinned);
            return Ok(unknown(given, issue, None));
        }
        Err(Stop::UnknownSystem(unresolved)) => {
            let issue = issues::unknown_system(&unresolved).at("code");
            let caused_by = Canonical::new(&unresolved.url, unresolved.version.clone()).to_string();
            return Ok(unknown(given, issue, Some(caused_by)));
        }
        Err(stop) => return Err(stop.into_failure()),
    };
    let holding = members.parts.iter().filter(|part| {
        let concept = part.view.index.find(&given.code);
        concept.is_some_and(|concept| part.concepts.contains(concept.0))
    });
    let systems: Vec<String> = holding
        .map(|part| part.view.url().to_owned())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if let [system] = systems.as_slice() {
        let mut found = given.clone();
        found.system = Some(system.clone());
        let target = ValidationTarget::ValueSet(ValueSetReference::Inline(value_set.clone()));
        let judgement = coding::in_value_set(court, value_set, &found, &Place::Code)?;
        return Ok(of_one(&found, &target, judgement));
    }
    let name = shown(value_set);
    let issue = match systems.is_empty() {
        true => issues::cannot_infer(&given.code, &name),
        false => issues::cannot_infer_one(&given.code, &name, &systems),
    };
    let mut validation = Validation {
        code: Some(given.code.clone()),
        issues: vec![issues::not_in_value_set(given, &name, false).at("code"), issue.at("code")],
        ..Validation::default()
    };
    validation.conclude(false);
    Ok(validation)
}

/// The answer on a code where the value set cannot be evaluated.
fn unknown(given: &Coding, issue: Issue, caused_by: Option<String>) -> Validation {
    let mut validation = Validation {
        code: Some(given.code.clone()),
        issues: vec![issue],
        caused_by_unknown_systems: caused_by.into_iter().collect(),
        ..Validation::default()
    };
    validation.conclude(false);
    validation
}

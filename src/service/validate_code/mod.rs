//! `$validate-code` of value sets and code systems: is this code (coding, concept) known, in the set, and is its
//! display right?
//!
//! Each coding is judged by itself (`coding`), its display in `display`; a code without a system is sought in the
//! value set (`infer`). Here the judgements become one answer. An answer is complete: result, message and issues.

mod coding;
mod display;
mod infer;
#[cfg(test)]
mod tests;

use super::expand::{self, ValueSetReference};
use super::grammar::Mentions;
use super::issues;
use super::{Failure, Issue, Parameters, Severity, Terminology};
use coding::{Court, Judgement, Place};
use tern_index::model::{Canonical, Coding};
use tern_index::value_set::ValueSet;

/// What the code is checked against.
#[derive(Debug, Clone, PartialEq)]
pub enum ValidationTarget {
    /// `ValueSet/$validate-code`
    ValueSet(ValueSetReference),
    /// `CodeSystem/$validate-code`: the url (and version) parameter or the instance; `None` where the coding decides.
    CodeSystem(Option<Canonical>),
}

/// What is checked.
#[derive(Debug, Clone, PartialEq)]
pub enum ValidationInput {
    /// `code`, `system`, `systemVersion`/`version`, `display`.
    Code(Coding),
    /// `coding`
    Coding(Coding),
    /// `codeableConcept`
    CodeableConcept {
        /// Its codings, in order.
        codings: Vec<Coding>,
        /// Its text.
        text: Option<String>,
    },
}

/// A request to validate.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidateCodeRequest {
    /// Against what.
    pub target: ValidationTarget,
    /// What.
    pub input: ValidationInput,
    /// How.
    pub parameters: Parameters,
}

/// The answer. The wire adds `codeableConcept` as it was given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Validation {
    /// Whether it is valid.
    pub result: bool,
    /// The code that decided.
    pub code: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// The version used.
    pub version: Option<String>,
    /// The display to use.
    pub display: Option<String>,
    /// Said only when the concept is inactive.
    pub inactive: Option<bool>,
    /// The concept's status, said only when it is not plainly active.
    pub status: Option<String>,
    /// The code as the code system spells it, where that differs.
    pub normalized_code: Option<String>,
    /// Code systems that are not loaded (`x-unknown-system`).
    pub unknown_systems: Vec<String>,
    /// Code systems that the value set needs and that are not loaded (`x-caused-by-unknown-system`).
    pub caused_by_unknown_systems: Vec<String>,
    /// Issues, in order.
    pub issues: Vec<Issue>,
    /// The texts of what is wrong, joined.
    pub message: Option<String>,
    /// Texts that belong to the message without being issues.
    notes: Vec<String>,
}

/// How a value set is named in messages about codes.
fn shown(value_set: &ValueSet) -> String {
    value_set
        .canonical()
        .map_or_else(|| "(unidentified)".to_owned(), |canonical| canonical.to_string())
}

/// The terminology with what the request says of code systems that are rules.
fn speaking(terminology: &Terminology, request: &ValidateCodeRequest, value_set: Option<&ValueSet>) -> Terminology {
    let codings = match &request.input {
        ValidationInput::Code(coding) | ValidationInput::Coding(coding) => std::slice::from_ref(coding),
        ValidationInput::CodeableConcept { codings, .. } => codings,
    };
    let mut mentions = Mentions::default();
    mentions.codings(terminology, codings);
    if let ValidationTarget::CodeSystem(Some(canonical)) = &request.target {
        for coding in codings {
            mentions.coding(terminology, &canonical.url, &coding.code);
        }
    }
    if let Some(value_set) = value_set {
        let unsystematic: Vec<&str> = codings.iter().map(|coding| coding.code.as_str()).collect();
        mentions.value_set(terminology, value_set, &unsystematic);
    }
    mentions.speaking(terminology, false)
}

/// Validates a code, coding or codeable concept.
pub fn validate_code(terminology: &Terminology, request: &ValidateCodeRequest) -> Result<Validation, Failure> {
    let parameters = &request.parameters;
    let value_set = match &request.target {
        ValidationTarget::ValueSet(reference) => Some(expand::resolve(terminology, reference, parameters)?.value_set),
        ValidationTarget::CodeSystem(_) => None,
    };
    let terminology = &speaking(terminology, request, value_set.as_deref());
    let no_definition = ValueSet::default();
    let languages = expand::languages(value_set.as_deref().unwrap_or(&no_definition), parameters)?;
    let court = Court {
        terminology,
        parameters,
        languages: languages.as_ref(),
    };
    let judge = |coding: &Coding, place: &Place| match (&value_set, &request.target) {
        (Some(value_set), _) => coding::in_value_set(court, value_set, coding, place),
        (None, ValidationTarget::CodeSystem(Some(canonical))) if !is_of(terminology, coding, canonical) => {
            Ok(coding::of_other_system(coding, &canonical.url, place))
        }
        (None, ValidationTarget::CodeSystem(Some(canonical))) => {
            let mut coding = coding.clone();
            coding.system.get_or_insert_with(|| canonical.url.clone());
            coding.version = coding.version.or_else(|| canonical.version.clone());
            coding::in_code_system(court, &coding, place)
        }
        (None, _) => coding::in_code_system(court, coding, place),
    };
    match &request.input {
        ValidationInput::Code(given) => match (&value_set, &given.system) {
            (Some(value_set), None) => infer::code(court, value_set, given),
            _ => Ok(of_one(given, &request.target, judge(given, &Place::Code)?)),
        },
        ValidationInput::Coding(given) => Ok(of_one(given, &request.target, judge(given, &Place::Coding)?)),
        ValidationInput::CodeableConcept { codings, .. } => {
            // Codings of other systems matter only where there is none of the one asked about.
            let asked = match &request.target {
                ValidationTarget::CodeSystem(Some(canonical)) => Some(canonical),
                _ => None,
            };
            let of_asked = |coding: &Coding| asked.is_none_or(|asked| is_of(terminology, coding, asked));
            let all = !codings.iter().any(of_asked);
            let numbered = codings.iter().enumerate().filter(|(_, coding)| all || of_asked(coding));
            let counted: Vec<Coding> = numbered.clone().map(|(_, coding)| coding.clone()).collect();
            let judged: Result<Vec<_>, _> = numbered.map(|(place, one)| judge(one, &Place::OfConcept(place))).collect();
            Ok(of_concept(&counted, judged?, value_set.as_deref()))
        }
    }
}

/// Whether a coding is of a code system, by whatever name; one without a system is of any.
fn is_of(terminology: &Terminology, coding: &Coding, asked: &Canonical) -> bool {
    let plain = |url| terminology.canonical_url(url);
    coding.system.as_deref().is_none_or(|own| plain(own) == plain(&asked.url))
}

/// The answer on one code or coding.
fn of_one(given: &Coding, target: &ValidationTarget, judgement: Judgement) -> Validation {
    let system = given.system.clone().or_else(|| match target {
        ValidationTarget::CodeSystem(Some(canonical)) => Some(canonical.url.clone()),
        _ => None,
    });
    let mut validation = Validation {
        code: Some(given.code.clone()).filter(|code| !code.is_empty()),
        system,
        version: judgement.version,
        display: judgement.display,
        inactive: judgement.inactive,
        status: judgement.status,
        normalized_code: judgement.normalized_code,
        unknown_systems: judgement.unknown_system.into_iter().collect(),
        caused_by_unknown_systems: judgement.caused_by,
        issues: judgement.issues,
        notes: judgement.notes,
        ..Validation::default()
    };
    validation.conclude(judgement.member);
    validation
}

/// The answer on a codeable concept: the first coding in the value set decides what is reported; what is wrong with
/// any of them is said.
fn of_concept(codings: &[Coding], mut judged: Vec<Judgement>, value_set: Option<&ValueSet>) -> Validation {
    let mut validation = Validation::default();
    let stopped = judged.iter().any(|judgement| judgement.stopped);
    let chosen = judged.iter().position(|judgement| judgement.member);
    // A version that is not loaded says enough: whether the code is in the set cannot be told.
    let open = judged.iter().any(|judgement| !judgement.caused_by.is_empty());
    if let Some(value_set) = value_set.filter(|_| chosen.is_none() && !stopped && !open) {
        validation.issues.push(issues::no_valid_coding(&shown(value_set)));
    }
    if let Some((coding, judgement)) = chosen.and_then(|place| Some((codings.get(place)?, judged.get(place)?))) {
        validation.code = Some(coding.code.clone());
        validation.system = coding.system.clone();
        validation.version = judgement.version.clone();
        validation.display = judgement.display.clone();
        validation.inactive = judgement.inactive;
        validation.status = judgement.status.clone();
        validation.normalized_code = judgement.normalized_code.clone();
    }
    for judgement in &mut judged {
        validation.unknown_systems.extend(judgement.unknown_system.take());
        validation.caused_by_unknown_systems.append(&mut judgement.caused_by);
        for issue in judgement.issues.drain(..) {
            if !validation.issues.contains(&issue) {
                validation.issues.push(issue);
            }
        }
    }
    validation.conclude(chosen.is_some());
    validation
}

impl Validation {
    /// Decides the result and the message by the issues, and puts these in order: the worst first. What is no member
    /// is not valid, even where nothing worse than a warning can be said of it.
    fn conclude(&mut self, member: bool) {
        self.issues.sort_by_key(|issue| issue.severity);
        self.result = member && !self.issues.iter().any(|issue| issue.severity == Severity::Error);
        let mut texts: Vec<&str> = self
            .issues
            .iter()
            .filter(|issue| issue.speaks())
            .map(|issue| issue.text.as_str())
            .chain(self.notes.iter().map(String::as_str))
            .collect();
        texts.sort_unstable();
        self.message = (!texts.is_empty()).then(|| texts.join("; "));
    }
}

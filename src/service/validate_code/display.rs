//! Is the display of a coding right? Compared without regard to case; whitespace alone is told apart.

use crate::service::code_system::{Term, View};
use crate::service::extension;
use crate::service::grammar;
use crate::service::issues::{self, Issue};
use crate::service::language::Languages;
use crate::service::postcoordinated::SNOMED;
use tern_index::model::{Coding, DesignationKind, Ordinal};
use tern_index::value_set::ConceptReference;
use tern_loaders::decode::squeeze;

/// How a display is judged.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'r> {
    /// The languages asked for.
    pub languages: Option<&'r Languages>,
    /// Whether a wrong display is only a warning.
    pub lenient: bool,
}

/// Whether a concept has this display, in any language.
pub fn has_display(view: &View, concept: Ordinal, reference: Option<&ConceptReference>, display: &str) -> bool {
    let terms = view.terms(concept);
    let mut own = terms.iter().map(|term| term.designation.value.as_str());
    own.any(|text| same(text, display)) || texts_of(reference).any(|(text, _)| same(text, display))
}

fn texts_of(reference: Option<&ConceptReference>) -> impl Iterator<Item = (&str, Option<&str>)> {
    let display = reference
        .and_then(|reference| reference.display.as_deref())
        .map(|text| (text, None));
    let designations = reference.into_iter().flat_map(|reference| &reference.designations);
    display
        .into_iter()
        .chain(designations.map(|designation| (designation.value.as_str(), designation.language.as_deref())))
}

/// What is wrong with the display of a coding, if anything is.
pub fn check(
    view: &View,
    concept: Ordinal,
    reference: Option<&ConceptReference>,
    coding: &Coding,
    rules: Rules<'_>,
) -> Option<Issue> {
    let given = coding.display.as_deref()?;
    let languages = rules.languages.filter(|languages| !languages.is_empty());
    let terms = view.terms(concept);
    let (current, withdrawn): (Vec<&Term>, Vec<&Term>) = terms.iter().partition(|term| standards_status(term).is_none());
    let mut all: Vec<(String, Option<String>)> = Vec::new();
    let own = current
        .iter()
        .map(|term| (term.designation.value.as_str(), term.designation.language.as_deref()));
    for (text, language) in own.chain(texts_of(reference)) {
        let entry = (text.to_owned(), language.map(str::to_owned));
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    // A term whose language nobody stated may be in any.
    let serves = |entry: &&(String, Option<String>)| {
        languages.is_none_or(|languages| entry.1.as_deref().is_none_or(|tag| languages.rank(tag).is_some()))
    };
    let valid: Vec<(String, Option<String>)> = all.iter().filter(serves).cloned().collect();
    if valid.iter().any(|(text, _)| same(text, given)) {
        return None;
    }
    if let Some(term) = withdrawn.iter().find(|term| same(&term.designation.value, given)) {
        return Some(issues::inactive_display(
            coding,
            standards_status(term).unwrap_or("inactive"),
            &shown_first(view, concept, valid),
        ));
    }
    if has_retired_term(view, concept, given) {
        return Some(issues::inactive_display(coding, "inactive", &valid));
    }
    let echoed = rules.languages.map(|languages| languages.given.as_str());
    if valid.is_empty() {
        let Some(languages) = echoed else {
            // Without any term there is nothing to compare with.
            return None;
        };
        let default = view.display(concept, None);
        let own = default.as_ref().and_then(|display| display.language.as_deref());
        // A term in a third language is as wrong as any other text.
        let by_default = |(text, tag): &(String, Option<String>)| same(text, given) && (tag.is_none() || tag.as_deref() == own);
        return Some(if all.iter().any(by_default) {
            issues::display_in_default_language(coding, languages)
        } else {
            let default = default.as_ref().map(|display| display.text.as_str());
            issues::no_display_in_language(coding, default, languages, rules.lenient)
        });
    }
    let whitespace = valid.iter().any(|(text, _)| same(&squeeze(text), &squeeze(given)));
    // Any term is accepted, but those of a special use are no displays to recommend.
    let special = |text: &str| {
        current
            .iter()
            .any(|term| term.designation.value == text && has_special_use(term))
    };
    let (other, mut listed): (Vec<_>, Vec<_>) = valid.into_iter().partition(|(text, _)| special(text));
    if listed.is_empty() {
        listed = other;
    }
    if grammar::is_open_code(view.url(), &coding.code) {
        return Some(issues::open_display(coding, &listed, echoed));
    }
    Some(issues::wrong_display(coding, &listed, echoed, whitespace, rules.lenient))
}

/// A valid display is the concept's own, where a term was withdrawn.
fn shown_first(view: &View, concept: Ordinal, valid: Vec<(String, Option<String>)>) -> Vec<(String, Option<String>)> {
    match view.display(concept, None) {
        Some(display) => vec![(display.text, display.language)],
        None => valid,
    }
}

/// The standards status of a term that is withdrawn or deprecated.
fn standards_status(term: &Term) -> Option<&'static str> {
    match extension::value(term.extensions.as_deref(), extension::STANDARDS_STATUS)?.as_str() {
        "withdrawn" | "deprecated" => Some("deprecated"),
        _ => None,
    }
}

/// Whether a term has a use other than those by which publishers mark displays and synonyms.
fn has_special_use(term: &Term) -> bool {
    const PLAIN: [&str; 3] = [
        SNOMED,
        "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra",
        "http://terminology.hl7.org/CodeSystem/designation-usage",
    ];
    let use_ = term.designation.use_.as_ref();
    term.designation.kind != DesignationKind::Display
        && use_.is_some_and(|use_| use_.system.as_deref().is_none_or(|system| !PLAIN.contains(&system)))
}

/// Whether a term of the concept that is no longer in use is this text.
fn has_retired_term(view: &View, concept: Ordinal, text: &str) -> bool {
    let index = &view.index;
    let mut numbers = index.designation_numbers(concept);
    numbers.any(|number| !index.designation_is_active(number) && same(&index.designation_text(number), text))
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

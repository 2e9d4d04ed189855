//! Judges one coding: against a value set, or against its code system alone.
//!
//! The judgement says what the coding is (system, version, concept, display) and what is to be said of it, with
//! each issue at its element. Joining judgements into an answer is the caller's part.

use super::display::{self, Rules};
use crate::concept_model::Breach;
use crate::service::code_system::View;
use crate::service::extension;
use crate::service::grammar;
use crate::service::issues::{self, Failure, Issue};
use crate::service::language::Languages;
use crate::service::parameters::Parameters;
use crate::service::postcoordinated::{Understood, understand};
use crate::service::status::{self, Standing};
use crate::service::terminology::{Terminology, Unresolved};
use crate::service::value_set::{Evaluator, Judged, Members, Part, Reason, Stop, SystemUse, Used, choice};
use crate::service::version;
use std::sync::Arc;
use tern_index::model::{Canonical, Coding, Content, Ordinal};
use tern_index::value_set::{ConceptReference, Filter, ValueSet};

/// Everything a judgement needs besides the coding.
#[derive(Clone, Copy)]
pub struct Court<'c> {
    /// What is loaded.
    pub terminology: &'c Terminology,
    /// The request's options.
    pub parameters: &'c Parameters,
    /// Languages asked for.
    pub languages: Option<&'c Languages>,
}

/// How the elements of the coding are called in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Parameters `code`, `system`, `version`, `display`.
    Code,
    /// Parameter `coding`.
    Coding,
    /// A coding of a codeable concept.
    OfConcept(usize),
}

impl Place {
    /// The path of one element of the coding.
    pub fn of(&self, element: &str) -> String {
        match self {
            Self::Code => element.to_owned(),
            Self::Coding => format!("Coding.{element}"),
            Self::OfConcept(number) => format!("CodeableConcept.coding[{number}].{element}"),
        }
    }

    /// The path of the coding itself; a code has none but its own.
    pub fn whole(&self) -> String {
        match self {
            Self::Code => "code".to_owned(),
            Self::Coding => "Coding".to_owned(),
            Self::OfConcept(number) => format!("CodeableConcept.coding[{number}]"),
        }
    }

    fn is_of_concept(&self) -> bool {
        matches!(self, Self::OfConcept(_))
    }
}

/// What is found of one coding.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// Whether it is in the value set; without a value set, whether the code exists.
    pub member: bool,
    /// The version it was looked up in.
    pub version: Option<String>,
    /// Its display.
    pub display: Option<String>,
    /// Whether it is out of use; `None` when it is in use or not known.
    pub inactive: Option<bool>,
    /// Its status, where that is worth saying.
    pub status: Option<String>,
    /// The code as its system writes it, where that differs.
    pub normalized_code: Option<String>,
    /// Its system, if it is not loaded.
    pub unknown_system: Option<String>,
    /// Systems that the value set needs and that are not loaded.
    pub caused_by: Vec<String>,
    /// What is to be said.
    pub issues: Vec<Issue>,
    /// What the message says besides the issues.
    pub notes: Vec<String>,
    /// Whether the judgement stopped because an import is not loaded.
    pub stopped: bool,
}

impl Judgement {
    fn say(&mut self, issue: Issue) {
        if !self.issues.contains(&issue) {
            self.issues.push(issue);
        }
    }

    /// Says what a grammar has to say of a text that is none of its codes.
    fn say_fault(&mut self, view: &View, coding: &Coding, place: &Place) {
        if let Some(Err(reason)) = understand(view, &coding.code) {
            self.say(invalid_expression(&reason).at(place.of("code")));
        }
        if let Some(text) = grammar::fault(view.url(), &coding.code) {
            self.say(issues::grammar_fault(text).at(place.of("code")));
        }
    }
}

/// Judges a coding against a value set.
pub fn in_value_set(court: Court<'_>, value_set: &Arc<ValueSet>, coding: &Coding, place: &Place) -> Result<Judgement, Failure> {
    let mut judgement = Judgement::default();
    let Some(system) = coding.system.as_deref() else {
        let issue = issues::not_in_value_set(coding, &super::shown(value_set), place.is_of_concept());
        judgement.say(issue.at(place.of("code")));
        judgement.say(issues::no_system().at(place.whole()));
        return Ok(judgement);
    };
    let mut evaluator = Evaluator::new(court.terminology, court.parameters)?;
    evaluator.judge(Judged {
        system: court.terminology.canonical_url(system).to_owned(),
        version: coding.version.clone(),
    });
    let members = match evaluator.evaluate(value_set) {
        Ok(members) => members,
        Err(Stop::UnknownImport { unresolved, pinned }) => {
            judgement.say(issues::unknown_import_issue(&unresolved, pinned));
            judgement.stopped = true;
            return Ok(judgement);
        }
        Err(stop) => return Err(stop.into_failure()),
    };
    let uses = std::mem::take(&mut evaluator.used.uses);
    let found = chosen(&candidates(&members, &uses, coding), coding);
    let expressed = match found {
        Some(_) => None,
        None => admitted_expression(&mut evaluator, value_set, &uses, coding)?,
    };
    let mut hearing = Hearing {
        court,
        value_set,
        coding,
        place,
        uses,
        judgement,
    };
    if court.parameters.value_set_membership_only == Some(true) {
        hearing.judgement.member = found.is_some() || expressed.is_some();
        if !hearing.judgement.member {
            hearing.not_in();
        }
        return Ok(hearing.judgement);
    }
    if hearing.uses.is_empty() {
        hearing.of_other_system(&mut evaluator);
        return Ok(hearing.judgement);
    }
    let unknown = note_versions(&mut evaluator, &hearing.uses, coding, place, &mut hearing.judgement);
    match (found, expressed) {
        (Some((part, concept)), _) => hearing.member(part, concept, unknown),
        (None, Some((view, understood))) => {
            let valid = judge_expression(court, &view, &understood, coding, place, &mut hearing.judgement);
            if !valid {
                hearing.not_in();
            }
            hearing.judgement.member = valid && !unknown;
        }
        (None, None) => hearing.stranger(unknown),
    }
    hearing.status_checks(&evaluator.used);
    Ok(hearing.judgement)
}

/// The expression that a code is, if it is one and the value set admits it.
fn admitted_expression(
    evaluator: &mut Evaluator<'_>,
    value_set: &Arc<ValueSet>,
    uses: &[SystemUse],
    coding: &Coding,
) -> Result<Option<(Arc<View>, Understood)>, Failure> {
    let Some(view) = reported(uses, coding) else {
        return Ok(None);
    };
    let Some(Ok(understood)) = understand(&view, &coding.code) else {
        return Ok(None);
    };
    let admitted = evaluator.admits(value_set, &view, &understood).map_err(Stop::into_failure)?;
    Ok(admitted.then_some((view, understood)))
}

/// A coding before a value set: what is known when its members are.
struct Hearing<'h> {
    court: Court<'h>,
    value_set: &'h ValueSet,
    coding: &'h Coding,
    place: &'h Place,
    uses: Vec<SystemUse>,
    judgement: Judgement,
}

impl Hearing<'_> {
    fn not_in(&mut self) {
        let issue = issues::not_in_value_set(self.coding, &super::shown(self.value_set), self.place.is_of_concept());
        self.judgement.say(issue.at(self.place.of("code")));
    }

    fn not_active(&mut self) {
        self.judgement
            .say(issues::not_active(&self.coding.code).at(self.place.of("code")));
    }

    /// The value set has nothing of this system.
    fn of_other_system(&mut self, evaluator: &mut Evaluator<'_>) {
        self.not_in();
        if let Some(view) = known_system(self.court, evaluator, self.coding, self.place, &mut self.judgement) {
            self.absent(&view);
        }
    }

    /// The code is in the value set, as far as the value set could be evaluated.
    fn member(&mut self, part: &Part, concept: Ordinal, unknown: bool) {
        let (court, coding, place) = (self.court, self.coding, self.place);
        let reference = part.reference(concept);
        describe(court, &part.view, concept, reference, coding, place, &mut self.judgement);
        if !self.asks_for_retired() {
            inactivity(&part.view, concept, coding, place, &mut self.judgement);
        }
        let mut allowed = true;
        if court.parameters.active_only == Some(true) && !part.view.index.is_active(concept) {
            self.not_active();
            allowed = false;
        }
        if court.parameters.abstract_ == Some(false) && part.view.index.is_not_selectable(concept) {
            let issue = issues::abstract_code(part.view.url(), &coding.code);
            self.judgement.say(issue.at(place.of("code")));
            allowed = false;
        }
        if !allowed {
            self.not_in();
        }
        self.judgement.member = allowed && !unknown;
        if reference.is_some_and(is_deprecated) {
            let issue = issues::deprecated_in_value_set(&coding.code, part.view.url(), &super::shown(self.value_set));
            self.judgement.say(issue.at(place.of("code")));
        }
    }

    /// Whether the value set is made by expression constraints alone. These match concepts out of use only where they
    /// ask for them, so that being out of use is nothing to remark on.
    fn asks_for_retired(&self) -> bool {
        let includes = self.value_set.compose.as_ref().map_or(&[][..], |compose| &compose.include);
        let constrains = |filter: &Filter| matches!(filter.property.as_str(), "constraint" | "expression");
        !includes.is_empty() && includes.iter().all(|include| include.filters.iter().any(constrains))
    }

    /// The code is not in the value set, or not known to be.
    fn stranger(&mut self, unknown: bool) {
        let reported = reported(&self.uses, self.coding);
        let lenient = reported.as_ref().is_some_and(|view| self.absent(view));
        let excludes_inactive = self.value_set.compose.as_ref().and_then(|compose| compose.inactive) == Some(false);
        let inactive = reported.is_some_and(|view| {
            let concept = view.index.find(&self.coding.code);
            concept.is_some_and(|concept| !view.index.is_active(concept))
        });
        if excludes_inactive && inactive {
            self.not_active();
        }
        if !lenient && !unknown {
            self.not_in();
            let system = self.coding.system.as_deref().unwrap_or("");
            self.judgement.notes = grammar::refusals(self.value_set, system, &self.coding.code);
        }
        self.judgement.member = lenient;
    }

    /// Says what is known of a code that is not in the value set; whether it may be valid all the same, because its
    /// code system is a fragment of which all codes are in.
    fn absent(&mut self, view: &Arc<View>) -> bool {
        let (coding, place) = (self.coding, self.place);
        let canonical = view.canonical();
        self.judgement.version = canonical.version.clone();
        if let Some(concept) = view.index.find(&coding.code) {
            describe(self.court, view, concept, None, coding, place, &mut self.judgement);
            inactivity(view, concept, coding, place, &mut self.judgement);
            return false;
        }
        if let Some(Ok(understood)) = understand(view, &coding.code) {
            describe_expression(self.court, view, &understood, coding, place, &mut self.judgement);
            return false;
        }
        let lenient = view.is_fragment() && self.uses.iter().any(|used| used.whole);
        let issue = if lenient {
            issues::unknown_code_in_fragment(&coding.code, &canonical)
        } else {
            issues::unknown_code(&coding.code, &canonical)
        };
        self.judgement.say(issue.at(place.of("code")));
        self.judgement.say_fault(view, coding, place);
        lenient
    }

    fn status_checks(&mut self, used: &Used) {
        for (doubt, canonical) in status::warnings(self.value_set, used) {
            let of_system = used.systems.keys().any(|system| system.to_string() == canonical);
            let resource_type = if of_system { "CodeSystem" } else { "ValueSet" };
            self.judgement.say(issues::status_check(doubt, resource_type, &canonical));
        }
    }
}

/// A coding of another code system than the one that is asked about.
pub fn of_other_system(coding: &Coding, asked: &str, place: &Place) -> Judgement {
    let mut judgement = Judgement::default();
    let own = coding.system.as_deref().unwrap_or("");
    judgement.say(issues::other_system(&coding.code, own, asked).at(place.of("system")));
    judgement
}

/// Judges a coding against its code system alone.
pub fn in_code_system(court: Court<'_>, coding: &Coding, place: &Place) -> Result<Judgement, Failure> {
    let mut judgement = Judgement::default();
    if coding.system.is_none() {
        judgement.say(issues::no_system().at(place.whole()));
        return Ok(judgement);
    }
    let mut evaluator = Evaluator::new(court.terminology, court.parameters)?;
    let Some(view) = known_system(court, &mut evaluator, coding, place, &mut judgement) else {
        // The code system is all that was asked about: that it is not known decides.
        judgement.version = coding.version.clone();
        if judgement.unknown_system.take().is_some() {
            judgement.caused_by.push(system_and_version(coding));
        }
        return Ok(judgement);
    };
    let canonical = view.canonical();
    judgement.version = canonical.version.clone();
    if let Some(wanted) = choice::failed_check(court.parameters, view.url(), view.version()) {
        let issue = issues::version_check(view.url(), view.version(), wanted);
        judgement.say(issue.at(place.of("version")));
    }
    match view.index.find(&coding.code) {
        Some(concept) => {
            judgement.member = true;
            describe(court, &view, concept, None, coding, place, &mut judgement);
            inactivity(&view, concept, coding, place, &mut judgement);
            let system = coding.system.as_deref().unwrap_or("");
            if court.parameters.abstract_ == Some(false) && view.index.is_not_selectable(concept) {
                judgement.say(issues::abstract_code(system, &coding.code).at(place.of("code")));
            }
        }
        None if matches!(understand(&view, &coding.code), Some(Ok(_))) => {
            if let Some(Ok(understood)) = understand(&view, &coding.code) {
                judgement.member = judge_expression(court, &view, &understood, coding, place, &mut judgement);
            }
        }
        None if view.is_fragment() => {
            judgement.member = true;
            judgement.say(issues::unknown_code_in_fragment(&coding.code, &canonical).at(place.of("code")));
        }
        None => {
            judgement.say(issues::unknown_code(&coding.code, &canonical).at(place.of("code")));
            judgement.say_fault(&view, coding, place);
        }
    }
    if let Some(doubt) = Standing::of_code_system(view.index.header()).and_then(|own| own.doubt(None)) {
        judgement.say(issues::status_check(doubt, "CodeSystem", &canonical.to_string()));
    }
    Ok(judgement)
}

/// The code system of a coding, or what is wrong with it.
fn known_system(
    court: Court<'_>,
    evaluator: &mut Evaluator<'_>,
    coding: &Coding,
    place: &Place,
    judgement: &mut Judgement,
) -> Option<Arc<View>> {
    let system = coding.system.as_deref()?;
    let choice = evaluator.choose(system, coding.version.as_deref());
    let wanted = coding.version.clone().or(choice.version);
    match evaluator.resolve(system, wanted.as_deref()) {
        Ok(view) if view.index.header().content == Content::Supplement => {
            judgement.say(issues::system_is_supplement(&view.canonical()).at(place.of("system")));
            None
        }
        Ok(view) => Some(view),
        Err(_) if court.terminology.has_value_set(system) => {
            judgement.say(issues::system_is_value_set(system).at(place.of("system")));
            None
        }
        Err(_) if !system.contains(':') => {
            judgement.say(issues::relative_system(system).at(place.of("system")));
            None
        }
        Err(unresolved) => {
            judgement.unknown_system = Some(named(&unresolved));
            judgement.say(issues::unknown_system(&unresolved).at(place.of("system")));
            None
        }
    }
}

fn system_and_version(coding: &Coding) -> String {
    Canonical::new(coding.system.as_deref().unwrap_or(""), coding.version.clone()).to_string()
}

/// How a system that is not loaded is named: with its version where other versions are loaded.
fn named(unresolved: &Unresolved) -> String {
    match &unresolved.version {
        Some(version) if unresolved.known => format!("{}|{version}", unresolved.url),
        _ => unresolved.url.clone(),
    }
}

/// Fills in what is known of a concept, and checks the display.
fn describe(
    court: Court<'_>,
    view: &View,
    concept: Ordinal,
    reference: Option<&ConceptReference>,
    coding: &Coding,
    place: &Place,
    judgement: &mut Judgement,
) {
    judgement.version = view.version().map(str::to_owned);
    let own = view.display(concept, court.languages);
    let stated = reference
        .and_then(|reference| reference.display.clone())
        .filter(|_| court.languages.is_none());
    judgement.display = stated.or(own.map(|display| display.text));
    let correct = view.index.code(concept);
    if correct != coding.code {
        judgement.normalized_code = Some(correct.to_owned());
        judgement.say(issues::case_difference(&coding.code, correct, &view.canonical()).at(place.of("code")));
    }
    let rules = Rules {
        languages: court.languages,
        lenient: court.parameters.lenient_display_validation == Some(true),
    };
    if let Some(issue) = display::check(view, concept, reference, coding, rules) {
        judgement.say(issue.at(place.of("display")));
    }
}

/// Fills in what is known of an expression, and checks the display: one that differs in blanks and case only is right.
fn describe_expression(
    court: Court<'_>,
    view: &View,
    understood: &Understood,
    coding: &Coding,
    place: &Place,
    judgement: &mut Judgement,
) {
    judgement.version = view.version().map(str::to_owned);
    let display = understood.display(view, court.languages);
    let plain = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    let given = coding.display.as_deref().filter(|given| plain(given) != plain(&display));
    if given.is_some() {
        let languages = court.languages.map(|languages| languages.given.as_str());
        let lenient = court.parameters.lenient_display_validation == Some(true);
        let valid = [(display.clone(), None)];
        let issue = issues::wrong_display(coding, &valid, languages, false, lenient);
        judgement.say(issue.at(place.of("display")));
    }
    judgement.display = Some(display);
}

/// Whether an expression is a code of its edition: one that breaks what the concept model demands is none, as one with a
/// concept that there is not.
fn judge_expression(
    court: Court<'_>,
    view: &View,
    understood: &Understood,
    coding: &Coding,
    place: &Place,
    judgement: &mut Judgement,
) -> bool {
    let breaches = understood.breaches(&view.index);
    let no_model = breaches.is_none();
    let (must, should): (Vec<Breach>, Vec<Breach>) = match breaches.unwrap_or_else(|| Ok(Vec::new())) {
        Ok(breaches) => breaches.into_iter().partition(|breach| breach.mandatory),
        Err(reason) => {
            judgement.version = view.version().map(str::to_owned);
            judgement.say(issues::concept_model_breach(reason, true).at(place.of("code")));
            return false;
        }
    };
    if must.is_empty() {
        describe_expression(court, view, understood, coding, place, judgement);
    } else {
        judgement.version = view.version().map(str::to_owned);
        judgement.say(issues::unknown_code(&coding.code, &view.canonical()).at(place.of("code")));
    }
    if no_model {
        judgement.say(issues::concept_model_absent().at(place.of("code")));
    }
    for breach in &must {
        judgement.say(invalid_expression(&breach.in_line(&coding.code)).at(place.of("code")));
    }
    for breach in should {
        let issue = issues::concept_model_breach(breach.in_line(&coding.code), false);
        judgement.say(issue.at(place.of("code")));
    }
    must.is_empty()
}

/// What is wrong with a code that may be meant as an expression.
fn invalid_expression(reason: &str) -> Issue {
    issues::grammar_fault(format!("Not a valid expression: {reason}"))
}

fn inactivity(view: &View, concept: Ordinal, coding: &Coding, place: &Place, judgement: &mut Judgement) {
    let status = view.status(concept);
    if !view.index.is_active(concept) {
        judgement.inactive = Some(true);
        judgement.say(issues::inactive_concept(&coding.code, status.as_deref()).at(place.whole()));
        judgement.status = status.filter(|status| status != "inactive");
    } else if view.is_deprecated(concept) {
        judgement.say(issues::deprecated_concept(&coding.code).at(place.whole()));
        judgement.status = status;
    }
}

fn is_deprecated(reference: &ConceptReference) -> bool {
    let extensions = reference.extensions.as_deref();
    extension::value(extensions, extension::DEPRECATED).is_some_and(|value| value == "true")
        || extension::value(extensions, extension::STANDARDS_STATUS).is_some_and(|status| status == "deprecated")
}

/// Parts that hold the code, latest version first; only those of the coding's version where the value set has it.
fn candidates<'m>(members: &'m Members, uses: &[SystemUse], coding: &Coding) -> Vec<(&'m Part, Ordinal)> {
    let own = coding.version.as_deref();
    let has_own = own.is_some()
        && uses
            .iter()
            .any(|used| used.view.as_ref().is_some_and(|view| view.version() == own));
    let parts = members.parts.iter().filter(|part| !has_own || part.view.version() == own);
    let mut found: Vec<(&Part, Ordinal)> = parts
        .filter_map(|part| Some((part, part.view.index.find(&coding.code)?)))
        .filter(|(part, concept)| part.concepts.contains(concept.0))
        .collect();
    found.sort_by(|(a, _), (b, _)| version::compare(b.view.version(), a.view.version()));
    found
}

/// The candidate whose version has the coding's display; else the latest.
fn chosen<'m>(found: &[(&'m Part, Ordinal)], coding: &Coding) -> Option<(&'m Part, Ordinal)> {
    let display = coding.display.as_deref();
    let fits = |(part, concept): &&(&Part, Ordinal)| {
        display.is_none_or(|display| display::has_display(&part.view, *concept, part.reference(*concept), display))
    };
    found.iter().find(fits).or(found.first()).copied()
}

/// The version in which to report on a code that is not in the value set.
fn reported(uses: &[SystemUse], coding: &Coding) -> Option<Arc<View>> {
    let own = coding.version.as_deref();
    let views = || uses.iter().filter_map(|used| used.view.as_ref());
    let same = views().find(|view| own.is_some() && view.version() == own);
    same.or_else(|| views().max_by(|a, b| version::compare(a.version(), b.version())))
        .cloned()
}

/// Says what is wrong with versions; whether the version that the value set means is not loaded.
fn note_versions(
    evaluator: &mut Evaluator<'_>,
    uses: &[SystemUse],
    coding: &Coding,
    place: &Place,
    judgement: &mut Judgement,
) -> bool {
    let system = coding.system.as_deref().unwrap_or("");
    for check in &evaluator.used.failed_checks {
        let issue = issues::version_check(&check.url, check.found.as_deref(), &check.wanted);
        judgement.say(issue.at(place.of("version")));
    }
    for unresolved in uses.iter().filter_map(|used| used.unknown.as_ref()) {
        judgement.say(issues::unknown_system(unresolved).at(place.of("system")));
        let named = match &unresolved.version {
            Some(version) => format!("{}|{version}", unresolved.url),
            None => unresolved.url.clone(),
        };
        if !judgement.caused_by.contains(&named) {
            judgement.caused_by.push(named);
        }
    }
    let unknown = uses.iter().any(|used| used.unknown.is_some());
    let Some(own) = coding.version.as_deref() else {
        return unknown;
    };
    let agrees = |used: &SystemUse| {
        let found = used.view.as_ref().and_then(|view| view.version());
        // An edition of SNOMED CT goes with each of its versions.
        let of_edition = || version::is_edition(own) && found.is_some_and(|found| version::matches(found, own));
        match used.choice.version.as_deref() {
            Some(wanted) => version::matches(own, wanted) || of_edition(),
            None => found == Some(own) || of_edition(),
        }
    };
    if let Some(first) = uses.first()
        && !uses.iter().any(agrees)
    {
        judgement.say(mismatch(system, first, own).at(place.of("version")));
    }
    // The coding's version must be loaded even where another one decides.
    if let Err(unresolved) = evaluator.resolve(system, Some(own))
        && unresolved.known
    {
        judgement.say(issues::unknown_system(&unresolved).at(place.of("system")));
        let named = format!("{}|{own}", unresolved.url);
        if !judgement.caused_by.contains(&named) {
            judgement.caused_by.push(named);
        }
    }
    unknown
}

fn mismatch(system: &str, used: &SystemUse, own: &str) -> Issue {
    let stated = used.stated.as_deref();
    match (&used.choice.version, used.choice.reason) {
        (Some(wanted), Reason::Stated) => issues::version_mismatch(system, wanted, own),
        (Some(wanted), _) if stated == Some(wanted) => issues::version_mismatch(system, wanted, own),
        (Some(wanted), _) => issues::version_mismatch_changed(system, wanted, stated.unwrap_or(""), own),
        (None, _) => {
            let found = used.view.as_ref().and_then(|view| view.version()).unwrap_or("");
            issues::version_mismatch_default(system, found, own)
        }
    }
}

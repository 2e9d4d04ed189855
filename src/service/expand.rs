//! `ValueSet/$expand`: the codes of a value set, a page of them, with displays in the language asked for.
//!
//! The set is evaluated whole, as bitmaps; only the page is turned into entries (`entry`). A hierarchy is shown
//! where nothing was asked that needs a list: no paging, no enumeration, no `excludeNested`.

mod entry;

use super::code_system::View;
use super::grammar::{self, Mentions};
use super::language::Languages;
use super::postcoordinated::understand;
use super::value_set::compose::{self, Evaluator, Named, Used};
use super::value_set::{Listing, Members, Nesting, Part};
use super::{Failure, Parameters, Terminology, extension, issues};
use crate::stop::{Pace, Stop, Stopped};
use entry::Entries;
use std::collections::BTreeMap;
use std::sync::Arc;
use tern_index::model::{Canonical, Coding, Ordinal, PropertyValue};
use tern_index::read::SearchOptions;
use tern_index::text::{fold, words};
use tern_index::value_set::{ConceptReference, ValueSet};

/// Which value set is meant.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueSetReference {
    /// By URL, with or without a version; implicit value sets too.
    Canonical(Canonical),
    /// Given with the request.
    Inline(Arc<ValueSet>),
    /// The one that an element of a structure is bound to.
    Context(String),
}

/// A request to expand.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpandRequest {
    /// What to expand.
    pub value_set: ValueSetReference,
    /// How.
    pub parameters: Parameters,
}

/// A parameter's value as echoed in an expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterValue {
    /// `valueBoolean`
    Boolean(bool),
    /// `valueInteger`
    Integer(i64),
    /// `valueString`
    String(String),
    /// `valueCode`
    Code(String),
    /// `valueUri`
    Uri(String),
    /// `valueDateTime`
    DateTime(String),
}

/// What an expansion says of how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpansionParameter {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: ParameterValue,
}

/// A property that the entries carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpansionProperty {
    /// Its code.
    pub code: String,
    /// Its formal identifier.
    pub uri: Option<String>,
}

/// A term of an entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExpansionDesignation {
    /// BCP-47 language tag.
    pub language: Option<String>,
    /// What it is for.
    pub use_: Option<Coding>,
    /// The term.
    pub value: String,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
}

/// A property of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainsProperty {
    /// The property's code.
    pub code: String,
    /// The value.
    pub value: PropertyValue,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
}

/// An entry (FHIR `ValueSet.expansion.contains`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExpansionContains {
    /// Code system URL.
    pub system: Option<String>,
    /// Its version, where it must be said.
    pub version: Option<String>,
    /// The code; `None` for a grouping entry.
    pub code: Option<String>,
    /// The display in the language asked for.
    pub display: Option<String>,
    /// Not for choosing.
    pub abstract_: bool,
    /// Retired.
    pub inactive: bool,
    /// Further terms.
    pub designations: Vec<ExpansionDesignation>,
    /// Properties asked for.
    pub properties: Vec<ContainsProperty>,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
    /// Entries below.
    pub contains: Vec<ExpansionContains>,
}

/// An expanded value set.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// The definition: its url, version, name, title, status and experimental are echoed.
    pub value_set: Arc<ValueSet>,
    /// Codes in all, nested ones included; `None` where it is not known.
    pub total: Option<u64>,
    /// Where the page starts, where paging was asked for.
    pub offset: Option<u32>,
    /// How it was made, in order.
    pub parameters: Vec<ExpansionParameter>,
    /// Properties that the entries carry.
    pub properties: Vec<ExpansionProperty>,
    /// Extensions of the expansion as a JSON array.
    pub extensions: Option<String>,
    /// The entries.
    pub contains: Vec<ExpansionContains>,
}

/// More codes than this are not listed without a `count`, unless the request or the server says otherwise.
pub const DEFAULT_LIMIT: u64 = 10_000;

/// The value set that a reference means, and what chose its version.
pub fn resolve(terminology: &Terminology, reference: &ValueSetReference, parameters: &Parameters) -> Result<Named, Failure> {
    match reference {
        ValueSetReference::Inline(value_set) => Ok(Named {
            value_set: value_set.clone(),
            chosen_by: None,
        }),
        ValueSetReference::Context(context) => {
            let canonical = super::context::value_set(terminology, context)?;
            resolve(terminology, &ValueSetReference::Canonical(canonical), parameters)
        }
        ValueSetReference::Canonical(canonical) => compose::named(terminology, parameters, canonical, parameters.date.as_deref())
            .map_err(|stop| match stop {
                compose::Stop::UnknownImport { unresolved, .. } => match &unresolved.damage {
                    Some(damage) => issues::damaged(&unresolved.url, damage),
                    None => issues::unknown_import(&unresolved, false),
                },
                other => other.into_failure(),
            }),
    }
}

/// The languages that apply: the parameter's, else the value set's expansion parameter, else Accept-Language, else
/// the value set's own.
pub fn languages(value_set: &ValueSet, parameters: &Parameters) -> Result<Option<Languages>, Failure> {
    if let Some(given) = &parameters.display_language {
        return match Languages::parse(given) {
            Some(languages) => Ok(Some(languages)),
            None => Err(issues::bad_language(given)),
        };
    }
    let stated = value_set.compose.as_ref().and_then(|compose| {
        let parameters = extension::expansion_parameters(compose.extensions.as_deref());
        parameters
            .into_iter()
            .find(|(name, _)| name == "displayLanguage")
            .map(|(_, value)| value)
    });
    let candidates = [stated, parameters.accept_language.clone(), value_set.language.clone()];
    // A header that cannot be read, or that takes anything, says nothing.
    let read = candidates.into_iter().flatten().filter_map(|given| Languages::parse(&given));
    Ok(read
        .into_iter()
        .find(|languages| !languages.is_empty() || languages.refuses_others()))
}

/// Expands a value set.
pub fn expand(terminology: &Terminology, request: &ExpandRequest) -> Result<Expansion, Failure> {
    Ok(evaluate(terminology, request)?.whole(terminology.stop())?)
}

/// A value set whose codes are known, before any of them is made an entry.
#[derive(Debug)]
pub struct Evaluated {
    value_set: Arc<ValueSet>,
    parameters: Parameters,
    languages: Option<Languages>,
    used: Used,
    members: Members,
    total: Option<u64>,
    extensions: Option<String>,
}

/// Finds the codes of a value set.
pub fn evaluate(terminology: &Terminology, request: &ExpandRequest) -> Result<Evaluated, Failure> {
    let parameters = &request.parameters;
    let Named { value_set, chosen_by } = resolve(terminology, &request.value_set, parameters)?;
    let languages = languages(&value_set, parameters)?;
    let mut mentions = Mentions::default();
    mentions.value_set(terminology, &value_set, &[]);
    let terminology = &mentions.speaking(terminology, true);
    let mut evaluator = Evaluator::new(terminology, parameters)?;
    evaluator.used.version_parameters.extend(chosen_by);
    let mut members = evaluator.evaluate(&value_set).map_err(compose::Stop::into_failure)?;
    let mut used = evaluator.used;
    let open = grammar::open(&members);
    let based_on = open.and_then(|grammar| grammar::in_use(terminology, grammar));
    if let (Some(grammar), None) = (open, &based_on) {
        return Err(issues::not_enumerable(grammar.url()));
    }
    let extensions = unclosed(&used, &members, parameters, based_on.as_deref());
    let whole = members.parts.iter().any(|part| part.nesting == Nesting::System);
    if whole {
        used.based_on = based_on;
    }
    if let Some(check) = used.failed_checks.first() {
        let issue = issues::version_check(&check.url, check.found.as_deref(), &check.wanted);
        return Err(Failure::new(super::FailureKind::Invalid, issue));
    }
    if parameters.active_only == Some(true) {
        compose::remove_inactive(&mut members);
    }
    if parameters.exclude_not_for_ui == Some(true) {
        for part in &mut members.parts {
            part.concepts -= part.view.index.not_selectable();
        }
    }
    if let Some(filter) = parameters.filter.as_deref().filter(|filter| !filter.trim().is_empty()) {
        search(&mut members, filter, parameters, terminology.stop())?;
    }
    if parameters.exclude_post_coordinated == Some(true) {
        members.parts.iter_mut().for_each(|part| part.expressions.clear());
    }
    let total = members.len();
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    let listed = parameters.count.map_or(total, |count| total.min(u64::from(count)));
    if parameters.count.is_none() && listed > limit {
        return Err(issues::too_costly(&costly_name(&value_set, &members, limit), limit));
    }
    Ok(Evaluated {
        // Of infinitely many codes those in use are no total.
        total: used.based_on.is_none().then_some(total),
        parameters: parameters.clone(),
        extensions,
        languages,
        used,
        members,
        value_set,
    })
}

impl Evaluated {
    /// All of the expansion but its entries, and the properties that they carry.
    pub fn head(&self) -> Expansion {
        let parameters = &self.parameters;
        Expansion {
            total: self.total,
            offset: parameters.offset.or(parameters.count.map(|_| 0)),
            parameters: echo(&self.value_set, parameters, self.languages.as_ref(), &self.used),
            properties: Vec::new(),
            extensions: self.extensions.clone(),
            contains: Vec::new(),
            value_set: Arc::clone(&self.value_set),
        }
    }

    /// The expansion with all its entries.
    pub fn whole(&self, stop: &Stop) -> Result<Expansion, Stopped> {
        let mut entries = self.maker();
        let contains = contains(&self.members, &self.parameters, &mut entries, &mut Pace::new(stop))?;
        Ok(Expansion {
            properties: entries.properties(),
            contains,
            ..self.head()
        })
    }

    fn maker(&self) -> Entries<'_> {
        Entries::new(&self.value_set, &self.parameters, self.languages.as_ref(), &self.used)
    }

    /// Where the entries are a plain list of concepts: the places of those that are asked for.
    pub fn places(&self) -> Option<std::ops::Range<u64>> {
        let plain = is_list(&self.parameters) && self.members.parts.iter().all(|part| part.expressions.is_empty());
        let all = self.members.len();
        let from = u64::from(self.parameters.offset.unwrap_or(0)).min(all);
        let count = self.parameters.count.map_or(u64::MAX, u64::from);
        plain.then(|| from..from.saturating_add(count).min(all))
    }

    /// Entries of a plain list of concepts, and the properties that they carry.
    pub fn entries(&self, from: u64, count: usize) -> (Vec<ExpansionContains>, Vec<ExpansionProperty>) {
        let mut entries = self.maker();
        let page = self.members.page(from, count);
        let made = page.into_iter().map(|(part, concept)| entries.entry(part, concept)).collect();
        (made, entries.properties())
    }
}

/// Restricts the members to those with a term that matches, best first where the result is a list.
fn search(members: &mut Members, filter: &str, parameters: &Parameters, stop: &Stop) -> Result<(), Stopped> {
    let stopped = || stop.is_stopped();
    let all = SearchOptions {
        inactive: true,
        stopped: Some(&stopped),
        ..SearchOptions::default()
    };
    for part in &mut members.parts {
        let mut matching = part.view.index.matching(filter, &all);
        for supplement in &part.view.supplements {
            let found = supplement.matching(filter, &all);
            let codes = found.iter().map(|concept| supplement.code(Ordinal(concept)));
            matching.extend(
                codes
                    .filter_map(|code| part.view.index.find_exact(code))
                    .map(|concept| concept.0),
            );
        }
        part.concepts &= matching;
        let view = part.view.clone();
        part.expressions.retain(|own| mentions(&view, own, filter));
        let nothing_shown = parameters.count == Some(0);
        if part.listing.is_none() && !nothing_shown && (part.nesting != Nesting::Subtree || is_list(parameters)) {
            let options = SearchOptions {
                within: Some(&part.concepts),
                // Only what can be on the page must be ranked; the rest follows as it comes.
                limit: parameters
                    .count
                    .map_or(0, |count| count as usize + parameters.offset.unwrap_or(0) as usize),
                ..all
            };
            let mut order: Vec<u32> = part
                .view
                .index
                .search(filter, &options)
                .iter()
                .map(|hit| hit.concept.0)
                .collect();
            let ranked: tern_index::read::ConceptSet = order.iter().copied().collect();
            order.extend(&part.concepts - ranked);
            part.listing = Some(Listing {
                order,
                references: BTreeMap::new(),
            });
            part.nesting = Nesting::Flat;
        }
    }
    // What a search that was stopped has found is no answer.
    stop.check()
}

/// Whether the terms of an expression have words that begin with all that is sought.
fn mentions(view: &View, expression: &ConceptReference, filter: &str) -> bool {
    let Some(Ok(understood)) = understand(view, &expression.code) else {
        return false;
    };
    let (display, filter) = (fold(&understood.display(view, None)), fold(filter));
    words(&filter).all(|sought| words(&display).any(|word| word.starts_with(sought)))
}

/// Whether the request asks for what only a list can be.
fn is_list(parameters: &Parameters) -> bool {
    parameters.exclude_nested == Some(true) || parameters.count.is_some() || parameters.offset.is_some()
}

/// Steps of a pace that the entry of one concept is worth.
const ENTRY: u32 = 16;

fn contains(
    members: &Members,
    parameters: &Parameters,
    entries: &mut Entries<'_>,
    pace: &mut Pace,
) -> Result<Vec<ExpansionContains>, Stopped> {
    if is_list(parameters) {
        let offset = u64::from(parameters.offset.unwrap_or(0));
        let count = parameters.count.map_or(usize::MAX, |count| count as usize);
        let page = members.page(offset, count);
        let mut contains = Vec::with_capacity(page.len());
        for (part, concept) in page {
            pace.step(ENTRY)?;
            contains.push(entries.entry(part, concept));
        }
        // Expressions come after all concepts.
        let concepts: u64 = members.parts.iter().map(|part| part.concepts.len()).sum();
        let skipped = usize::try_from(offset.saturating_sub(concepts)).unwrap_or(usize::MAX);
        let left = count - contains.len();
        contains.extend(expressions(members, entries).skip(skipped).take(left));
        return Ok(contains);
    }
    let mut contains = Vec::new();
    for part in &members.parts {
        if part.nesting == Nesting::Flat || part.listing.is_some() || !is_tree(part) {
            for concept in part.page(0, usize::MAX) {
                pace.step(ENTRY)?;
                contains.push(entries.entry(part, concept));
            }
        } else {
            contains.extend(nested(part, entries, pace)?);
        }
    }
    contains.extend(expressions(members, entries));
    Ok(contains)
}

/// The entries of expressions that are listed.
fn expressions<'m>(members: &'m Members, entries: &'m Entries<'_>) -> impl Iterator<Item = ExpansionContains> + 'm {
    let listed = members
        .parts
        .iter()
        .flat_map(|part| part.expressions.iter().map(move |own| (part, own)));
    listed.map(|(part, own)| entries.expression(part, own))
}

/// Whether a part can be shown as a hierarchy: it has one, and no concept would have to be shown below two others.
fn is_tree(part: &Part) -> bool {
    let index = &part.view.index;
    let shown_once = |concept: u32| {
        let parents = index.parents(Ordinal(concept));
        parents.filter(|parent| part.concepts.contains(parent.0)).nth(1).is_none()
    };
    index.has_hierarchy() && part.concepts.iter().all(shown_once)
}

/// A part as a forest: each concept below its parent, if that is in the part too.
fn nested(part: &Part, entries: &mut Entries<'_>, pace: &mut Pace) -> Result<Vec<ExpansionContains>, Stopped> {
    let mut children: BTreeMap<Option<u32>, Vec<u32>> = BTreeMap::new();
    for concept in &part.concepts {
        let mut parents = part.view.index.parents(Ordinal(concept));
        let parent = parents.find(|parent| part.concepts.contains(parent.0)).map(|parent| parent.0);
        children.entry(parent).or_default().push(concept);
    }
    below(None, &children, part, entries, pace)
}

fn below(
    parent: Option<u32>,
    children: &BTreeMap<Option<u32>, Vec<u32>>,
    part: &Part,
    entries: &mut Entries<'_>,
    pace: &mut Pace,
) -> Result<Vec<ExpansionContains>, Stopped> {
    let concepts = children.get(&parent).map_or(&[][..], Vec::as_slice).iter();
    concepts
        .map(|concept| {
            pace.step(ENTRY)?;
            let mut entry = entries.entry(part, Ordinal(*concept));
            // The hierarchy of an index has no cycles, so this ends.
            entry.contains = below(Some(*concept), children, part, entries, pace)?;
            Ok(entry)
        })
        .collect()
}

/// What an expansion says of how it was made: what was given or decided, by name.
fn echo(value_set: &ValueSet, parameters: &Parameters, languages: Option<&Languages>, used: &Used) -> Vec<ExpansionParameter> {
    let mut echoed = Vec::new();
    let mut say = |name, value| echoed.push(ExpansionParameter { name, value });
    for (name, given) in [
        ("activeOnly", parameters.active_only),
        ("excludeNested", parameters.exclude_nested),
        ("excludeNotForUI", parameters.exclude_not_for_ui),
        ("excludePostCoordinated", parameters.exclude_post_coordinated),
        ("includeDefinition", parameters.include_definition),
        ("includeDesignations", parameters.include_designations),
        ("versionsMatch", used.versions_matched.then_some(true)),
    ] {
        if let Some(given) = given {
            say(name, ParameterValue::Boolean(given));
        }
    }
    for (name, given) in [("count", parameters.count), ("offset", parameters.offset)] {
        if let Some(given) = given {
            say(name, ParameterValue::Integer(given.into()));
        }
    }
    if let Some(languages) = languages {
        say("displayLanguage", ParameterValue::Code(languages.given.clone()));
    }
    if let Some(date) = &parameters.date {
        say("date", ParameterValue::DateTime(date.clone()));
    }
    if let Some(filter) = &parameters.filter {
        say("filter", ParameterValue::String(filter.clone()));
    }
    for designation in &parameters.designations {
        say("designation", ParameterValue::String(designation.clone()));
    }
    for excluded in &parameters.exclude_systems {
        say("exclude-system", ParameterValue::Uri(excluded.to_string()));
    }
    // A forced version is echoed even where it changed nothing: the client must see that it was in force.
    for (name, forced) in [
        ("force-system-version", &parameters.force_system_versions),
        ("force-valueset-version", &parameters.force_value_set_versions),
    ] {
        for canonical in forced {
            say(name, ParameterValue::Uri(canonical.to_string()));
        }
    }
    for (name, canonical) in used.version_parameters.iter().filter(|(name, _)| !name.starts_with("force-")) {
        say(name, ParameterValue::Uri(canonical.to_string()));
    }
    for canonical in used.systems.keys() {
        say("used-codesystem", ParameterValue::Uri(canonical.to_string()));
    }
    for canonical in used.value_sets.iter().filter_map(|imported| imported.canonical()) {
        say("used-valueset", ParameterValue::Uri(canonical.to_string()));
    }
    for canonical in &used.supplements {
        say("used-supplement", ParameterValue::Uri(canonical.to_string()));
    }
    for (canonical, view) in used.systems.iter().filter(|(_, view)| view.is_fragment()) {
        if view.index.header().content == tern_index::model::Content::Fragment {
            say("used-fragment", ParameterValue::Uri(canonical.to_string()));
        }
    }
    for (name, canonical) in super::status::warnings(value_set, used) {
        say(name.expansion_parameter(), ParameterValue::Uri(canonical));
    }
    echoed.sort_by(|a, b| a.name.cmp(b.name));
    echoed
}

/// How a value set with too many codes is named: with its version where a whole code system is what is too much.
pub(super) fn costly_name(value_set: &ValueSet, members: &Members, limit: u64) -> String {
    let whole = |part: &Part| part.nesting == Nesting::System && part.concepts.len() > limit;
    match &value_set.url {
        Some(url) if !members.parts.iter().any(whole) => url.clone(),
        _ => compose::shown(value_set),
    }
}

/// Whether an expansion has all the codes that can be in the value set.
pub(super) fn is_closed(used: &Used, members: &Members, parameters: &Parameters) -> bool {
    unclosed(used, members, parameters, None).is_none()
}

/// A value set over fragments is not closed, because codes of other fragments are missing; nor is one that takes
/// concepts by what they are from a code system with a grammar, because expressions can be too.
fn unclosed(used: &Used, members: &Members, parameters: &Parameters, based_on: Option<&ValueSet>) -> Option<String> {
    const UNCLOSED: &str = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed";
    let because = |reason: Option<String>| {
        let reason = reason.map(|reason| {
            let escaped = reason.replace('\\', "\\\\").replace('"', "\\\"");
            format!(r#",{{"url":"{UNCLOSED}-reason","valueString":"{escaped}"}}"#)
        });
        format!(
            r#"[{{"url":"{UNCLOSED}","valueBoolean":true}}{}]"#,
            reason.unwrap_or_default()
        )
    };
    if let Some((canonical, _)) = used.systems.iter().find(|(_, view)| view.is_fragment()) {
        return Some(because(Some(issues::fragment_reason(&canonical.to_string()))));
    }
    if let Some(grammar) = grammar::open(members) {
        let mut reason = issues::grammar_reason(grammar.url());
        if let Some(url) = based_on.and_then(|value_set| value_set.url.as_deref()) {
            reason = issues::based_on(&reason, url);
        }
        return Some(because(Some(reason)));
    }
    if parameters.exclude_post_coordinated == Some(true) {
        return None;
    }
    let part = members.parts.iter().find(|part| part.open)?;
    let whole = part.nesting == Nesting::System;
    Some(because(whole.then(|| issues::grammar_reason(part.view.url()))))
}

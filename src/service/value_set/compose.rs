//! Walks a definition: includes united, excludes taken out, imports followed, each system in the version meant.
//!
//! What was used on the way (code systems, value sets, supplements, version parameters) is kept, because answers
//! must name it. An unknown system or import stops the walk with a [`Stop`] that says which, since an expansion
//! and a validation answer it differently.

use super::choice::{self, Choice, Reason};
use super::filter::{self, Place};
use super::members::{Listing, Members, Nesting, Part};
use crate::ecl::Limits;
use crate::service::code_system::View;
use crate::service::extension;
use crate::service::issues::{self, Failure};
use crate::service::parameters::Parameters;
use crate::service::postcoordinated::understand;
use crate::service::terminology::{Terminology, Unresolved};
use crate::service::version;
use crate::stop::Stopped;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tern_index::model::{Canonical, Content};
use tern_index::read::CodeSystemIndex;
use tern_index::value_set::{Compose, ConceptReference, Contains, Include, StoredExpansion, ValueSet};

/// Imports nested deeper than this are refused; no real value set comes near.
const DEPTH_LIMIT: usize = 64;

/// Why a value set cannot be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// A code system is not loaded, or not in that version.
    UnknownSystem(Unresolved),
    /// An imported value set is not loaded, or not in that version.
    UnknownImport {
        /// What was looked for.
        unresolved: Unresolved,
        /// Whether the version came from a parameter such as `default-valueset-version`.
        pinned: bool,
    },
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Stopped> for Stop {
    fn from(stopped: Stopped) -> Self {
        Self::Failed(stopped.into())
    }
}

impl Stop {
    /// As the answer of an operation that cannot go on.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::UnknownSystem(unresolved) => issues::unknown_system_in_expansion(&unresolved),
            Self::UnknownImport { unresolved, pinned } => issues::unknown_import(&unresolved, pinned),
            Self::Failed(failure) => failure,
        }
    }
}

/// A version that `check-system-version` forbids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedCheck {
    /// The code system.
    pub url: String,
    /// The version found.
    pub found: Option<String>,
    /// The version demanded.
    pub wanted: String,
}

/// What an evaluation has used.
#[derive(Debug, Clone, Default)]
pub struct Used {
    /// Code systems, by URL and version.
    pub systems: BTreeMap<Canonical, Arc<View>>,
    /// Imported value sets, in the order met.
    pub value_sets: Vec<Arc<ValueSet>>,
    /// Supplements.
    pub supplements: BTreeSet<Canonical>,
    /// Version parameters that chose a version: name and value.
    pub version_parameters: BTreeSet<(&'static str, Canonical)>,
    /// Failed version checks.
    pub failed_checks: BTreeSet<FailedCheck>,
    /// Versions that includes and excludes state, per system; more than one makes versions worth showing.
    pub stated: BTreeMap<String, BTreeSet<Option<String>>>,
    /// Whether codes of different versions were compared as the same.
    pub versions_matched: bool,
    /// Includes of the code system that is judged, in the order met.
    pub uses: Vec<SystemUse>,
    /// The value set whose codes stand for infinitely many.
    pub based_on: Option<Arc<ValueSet>>,
}

/// An include of the code system of a coding that is judged.
#[derive(Debug, Clone)]
pub struct SystemUse {
    /// The version that the include states.
    pub stated: Option<String>,
    /// The version that it means.
    pub choice: Choice,
    /// What the codes were looked up in; `None` when no version is loaded.
    pub view: Option<Arc<View>>,
    /// What is not loaded, if the version meant is not.
    pub unknown: Option<Unresolved>,
    /// Whether all codes of the system are in.
    pub whole: bool,
}

/// The system of a coding that is judged, with the version that the coding states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Code system URL.
    pub system: String,
    /// Version.
    pub version: Option<String>,
}

/// Evaluates value sets for one request.
pub struct Evaluator<'t> {
    terminology: &'t Terminology,
    parameters: &'t Parameters,
    supplements: Vec<Arc<CodeSystemIndex>>,
    views: BTreeMap<Canonical, Arc<View>>,
    path: Vec<String>,
    judged: Option<Judged>,
    excluding: bool,
    /// The day on which the definition that is walked is locked: its own, or that of who imports it.
    locked: Option<String>,
    /// What has been used so far.
    pub used: Used,
}

impl<'t> Evaluator<'t> {
    /// Prepares evaluations with the supplements that the request asks for.
    pub fn new(terminology: &'t Terminology, parameters: &'t Parameters) -> Result<Self, Failure> {
        let mut evaluator = Self {
            terminology,
            parameters,
            supplements: Vec::new(),
            views: BTreeMap::new(),
            path: Vec::new(),
            judged: None,
            excluding: false,
            locked: None,
            used: Used::default(),
        };
        for canonical in &parameters.use_supplements {
            evaluator.add_supplement(canonical)?;
        }
        Ok(evaluator)
    }

    /// Judges codings of one system: includes of others are left out, an include without a version takes the
    /// coding's, and a version that is not loaded is noted instead of ending the walk.
    pub fn judge(&mut self, judged: Judged) {
        self.judged = Some(judged);
    }

    fn add_supplement(&mut self, canonical: &Canonical) -> Result<(), Failure> {
        let found = self
            .terminology
            .code_system(&canonical.url, canonical.version.as_deref())
            .ok();
        let Some(index) = found.filter(|index| index.header().content == Content::Supplement) else {
            return Err(issues::missing_supplement(canonical));
        };
        if !self.supplements.iter().any(|other| Arc::ptr_eq(other, &index)) {
            self.supplements.push(index);
            self.views.clear();
        }
        Ok(())
    }

    /// Takes note of the supplements that a value set demands.
    pub fn demand_supplements_of(&mut self, value_set: &ValueSet) -> Result<(), Failure> {
        for canonical in extension::resource_values(&value_set.resource, extension::SUPPLEMENT) {
            self.add_supplement(&Canonical::parse(&canonical))?;
        }
        Ok(())
    }

    /// A code system with its supplements, in the version that an include means; nothing is noted as used.
    pub fn resolve(&mut self, url: &str, version: Option<&str>) -> Result<Arc<View>, Unresolved> {
        let index = self.terminology.code_system(url, version)?;
        Ok(self.view_of(index))
    }

    /// The view of an index, the same for the same index.
    pub fn view_of(&mut self, index: Arc<CodeSystemIndex>) -> Arc<View> {
        let canonical = index.header().canonical();
        if let Some(view) = self.views.get(&canonical) {
            return view.clone();
        }
        let applies = |supplement: &&Arc<CodeSystemIndex>| {
            let target = supplement.header().supplements.as_ref();
            target.is_some_and(|target| {
                let version = target.version.as_deref();
                target.url == canonical.url && (version.is_none() || version == canonical.version.as_deref())
            })
        };
        let packs = self.terminology.language_packs(&canonical.url);
        let supplements = self.supplements.iter().chain(&packs).filter(applies).cloned().collect();
        let view = Arc::new(View { index, supplements });
        self.views.insert(canonical, view.clone());
        view
    }

    /// The day whose versions are meant where none is named: what a definition is locked to goes before what is asked for.
    fn day(&self) -> Option<&str> {
        self.locked.as_deref().or(self.parameters.date.as_deref())
    }

    /// The version that an include of a system means.
    pub fn choose(&self, url: &str, stated: Option<&str>) -> Choice {
        let mut choice = choice::choose(self.parameters, url, stated);
        if let (Reason::Latest, Some(date)) = (choice.reason, self.day()) {
            choice.version = self.terminology.version_on(url, date);
        }
        choice
    }

    fn use_system(&mut self, url: &str, include: &Include) -> Result<Option<Arc<View>>, Stop> {
        let choice = self.choose(url, include.version.as_deref());
        let view = match self.judged.clone() {
            Some(judged) => self.judged_system(url, include, &choice, &judged),
            None => Some(self.resolve(url, choice.version.as_deref()).map_err(Stop::UnknownSystem)?),
        };
        if let Some(view) = &view {
            self.note(view, url, &choice);
        }
        Ok(view)
    }

    /// The version to look a coding up in: the coding's own where the include allows it.
    fn judged_system(&mut self, url: &str, include: &Include, choice: &Choice, judged: &Judged) -> Option<Arc<View>> {
        let own = judged.version.as_deref();
        let allowed = own.filter(|own| choice.version.as_deref().is_none_or(|wanted| version::matches(own, wanted)));
        let in_own = allowed.and_then(|own| self.resolve(url, Some(own)).ok());
        let (view, unknown) = match in_own {
            Some(view) => (Some(view), None),
            None => match self.resolve(url, choice.version.as_deref()) {
                Ok(view) => (Some(view), None),
                Err(unresolved) => {
                    // Judging goes on with what there is, so that the answer can say more than "not found".
                    let default = self.choose(url, None).version;
                    let candidates = [own, default.as_deref(), None];
                    let found = candidates.into_iter().enumerate().find_map(|(place, version)| {
                        let tried = place < 2 && version.is_none();
                        (!tried).then(|| self.resolve(url, version).ok()).flatten()
                    });
                    (found, Some(unresolved))
                }
            },
        };
        if !self.excluding {
            self.used.uses.push(SystemUse {
                stated: include.version.clone(),
                choice: choice.clone(),
                view: view.clone(),
                unknown,
                whole: include.concepts.is_empty() && include.filters.is_empty() && include.value_sets.is_empty(),
            });
        }
        view
    }

    fn note(&mut self, view: &Arc<View>, url: &str, choice: &Choice) {
        let name = match choice.reason {
            Reason::Default => Some("system-version"),
            Reason::Check => Some("check-system-version"),
            Reason::Forced => Some("force-system-version"),
            Reason::Latest | Reason::Stated => None,
        };
        let parameter = name.map(|name| (name, Canonical::new(url, choice.version.clone())));
        self.used.version_parameters.extend(parameter);
        if let Some(wanted) = choice::failed_check(self.parameters, url, view.version()) {
            self.used.failed_checks.insert(FailedCheck {
                url: url.to_owned(),
                found: view.version().map(str::to_owned),
                wanted: wanted.to_owned(),
            });
        }
        // A language pack that nobody asked for is no news.
        let asked = |supplement: &&Arc<CodeSystemIndex>| self.supplements.iter().any(|asked| Arc::ptr_eq(asked, supplement));
        let supplements = view
            .supplements
            .iter()
            .filter(asked)
            .map(|supplement| supplement.header().canonical());
        self.used.supplements.extend(supplements);
        self.used.systems.insert(view.canonical(), view.clone());
    }

    /// The members of a value set.
    pub fn evaluate(&mut self, value_set: &Arc<ValueSet>) -> Result<Members, Stop> {
        self.demand_supplements_of(value_set)?;
        let name = shown(value_set);
        if self.path.contains(&name) || self.path.len() >= DEPTH_LIMIT {
            return Err(issues::circular(&name, &self.path).into());
        }
        self.path.push(name);
        let own = value_set.compose.as_ref().and_then(|compose| compose.locked_date.clone());
        let locked = own.or_else(|| self.locked.clone());
        let outer = std::mem::replace(&mut self.locked, locked);
        let members = self.definition(value_set);
        self.locked = outer;
        self.path.pop();
        members
    }

    fn definition(&mut self, value_set: &Arc<ValueSet>) -> Result<Members, Stop> {
        let made;
        let compose = match (&value_set.compose, &value_set.expansion) {
            (Some(compose), _) => compose,
            (None, Some(expansion)) => {
                made = stored(expansion);
                &made
            }
            (None, None) => return Ok(Members::default()),
        };
        let mut members = Members::default();
        for place in latest_first(&compose.include) {
            if let Some(include) = compose.include.get(place) {
                members.add_all(self.include(value_set, include, "include", place)?);
            }
        }
        let versions_match = self.versions_match(compose);
        if versions_match == Some(true) && has_versions(&members) {
            members.merge_versions();
            self.used.versions_matched = true;
        }
        let mut excluded = Members::default();
        let outer = std::mem::replace(&mut self.excluding, true);
        for (place, exclude) in compose.exclude.iter().enumerate() {
            excluded.add_all(self.include(value_set, exclude, "exclude", place)?);
        }
        self.excluding = outer;
        // Where a value set includes one version and excludes from another, the codes are what is meant.
        let matched = versions_match.unwrap_or(!has_versions(&members));
        let other_version = |part: &Part| {
            let mut own = members.parts.iter();
            own.any(|own| own.view.url() == part.view.url() && !own.same_version(part))
        };
        self.used.versions_matched |= matched && excluded.parts.iter().any(other_version);
        members.subtract(&excluded, matched);
        if !compose.exclude.is_empty() {
            // With holes in it a hierarchy would show concepts below parents that are not theirs.
            members.flatten();
        }
        if compose.inactive == Some(false) {
            remove_inactive(&mut members);
        }
        Ok(members)
    }

    /// The expansion parameter `versionsMatch`, if the value set states it.
    fn versions_match(&self, compose: &Compose) -> Option<bool> {
        let parameters = extension::expansion_parameters(compose.extensions.as_deref());
        let value = parameters.into_iter().find(|(name, _)| name == "versionsMatch");
        value.map(|(_, value)| value == "true")
    }

    fn include(
        &mut self,
        value_set: &Arc<ValueSet>,
        include: &Include,
        list: &'static str,
        place: usize,
    ) -> Result<Members, Stop> {
        self.terminology.stop().check()?;
        let mut members = match &include.system {
            Some(system) => {
                let other = self.judged.as_ref().is_some_and(|judged| judged.system != *system);
                if other || self.is_excluded(system, None) {
                    return Ok(Members::default());
                }
                let stated = self.used.stated.entry(system.clone()).or_default();
                stated.insert(include.version.clone());
                Some(self.codes(value_set, system, include, list, place)?)
            }
            None => None,
        };
        for canonical in &include.value_sets {
            let imported = self.import(value_set, canonical)?;
            match &mut members {
                // An import names codes; the version it takes them from is its own business.
                Some(members) => members.intersect(&imported, true),
                None => members = Some(imported),
            }
        }
        Ok(members.unwrap_or_default())
    }

    /// Whether the request leaves a code system out, in all versions or in this one.
    fn is_excluded(&self, system: &str, version: Option<&str>) -> bool {
        self.parameters.exclude_systems.iter().any(|excluded| {
            let own = excluded.version.as_deref();
            excluded.url == system && own.is_none_or(|own| version.is_some_and(|version| version::matches(version, own)))
        })
    }

    fn codes(
        &mut self,
        value_set: &ValueSet,
        system: &str,
        include: &Include,
        list: &'static str,
        place: usize,
    ) -> Result<Members, Stop> {
        let Some(view) = self.use_system(system, include)? else {
            return Ok(Members::default());
        };
        if self.is_excluded(view.url(), view.version()) {
            return Ok(Members::default());
        }
        let name = shown(value_set);
        let mut part = if include.concepts.is_empty() {
            Part {
                concepts: view.index.all(),
                listing: None,
                nesting: Nesting::System,
                expressions: Vec::new(),
                open: view.index.header().compositional && include.filters.iter().all(filter::lets_expressions_in),
                view: view.clone(),
            }
        } else {
            enumerated(view.clone(), &include.concepts)
        };
        for (number, filter) in include.filters.iter().enumerate() {
            let at = Place {
                value_set: &name,
                list,
                include: place,
                filter: number,
            };
            part.concepts &= filter::evaluate(&view, filter, at, self.terminology.constraints())?;
            let subtree =
                matches!(filter.property.as_str(), "concept" | "code") && matches!(filter.op.as_str(), "is-a" | "descendent-of");
            part.nesting = match part.nesting {
                Nesting::System | Nesting::Subtree if subtree => Nesting::Subtree,
                _ => Nesting::Flat,
            };
        }
        let mut members = Members::default();
        members.add(part);
        Ok(members)
    }

    /// The members of an imported value set, as a list.
    fn import(&mut self, value_set: &Arc<ValueSet>, canonical: &Canonical) -> Result<Members, Stop> {
        let imported = self.definition_of_import(value_set, canonical)?;
        let mut members = self.evaluate(&imported)?;
        members.flatten();
        Ok(members)
    }

    /// What an expression constraint may cost.
    pub(super) fn constraint_limits(&self) -> &'t Limits {
        self.terminology.constraint_limits()
    }

    /// The definition of an imported value set, a contained one among them.
    pub(super) fn definition_of_import(
        &mut self,
        value_set: &Arc<ValueSet>,
        canonical: &Canonical,
    ) -> Result<Arc<ValueSet>, Stop> {
        let Some(id) = canonical.url.strip_prefix('#') else {
            return self.resolve_import(canonical);
        };
        let contained = value_set.contained.iter().find(|inner| inner.id.as_deref() == Some(id));
        contained
            .map(|inner| Arc::new(inner.clone()))
            .ok_or_else(|| Stop::UnknownImport {
                unresolved: Unresolved {
                    url: canonical.url.clone(),
                    version: None,
                    known_versions: Vec::new(),
                    known: false,
                    damage: None,
                },
                pinned: false,
            })
    }

    fn resolve_import(&mut self, canonical: &Canonical) -> Result<Arc<ValueSet>, Stop> {
        let named = named(self.terminology, self.parameters, canonical, self.day())?;
        self.used.version_parameters.extend(named.chosen_by);
        let imported = named.value_set;
        if !self
            .used
            .value_sets
            .iter()
            .any(|other| other.canonical() == imported.canonical())
        {
            self.used.value_sets.push(imported.clone());
        }
        Ok(imported)
    }
}

/// A value set that a canonical names.
#[derive(Debug)]
pub struct Named {
    /// The value set.
    pub value_set: Arc<ValueSet>,
    /// The parameter that chose its version, and the canonical that it says.
    pub chosen_by: Option<(&'static str, Canonical)>,
}

/// The value set that a canonical means, in the version that the request's parameters choose where they do, else that of
/// a day, if there is one.
pub fn named(
    terminology: &Terminology,
    parameters: &Parameters,
    canonical: &Canonical,
    day: Option<&str>,
) -> Result<Named, Stop> {
    let choice::ValueSetChoice { wanted, parameter } = choice::choose_value_set(parameters, canonical);
    let on_day = || terminology.value_set_version_on(&wanted.url, day?);
    let version = wanted.version.clone().or_else(on_day);
    let found = terminology.value_set(&wanted.url, version.as_deref());
    let value_set = found.map_err(|unresolved| Stop::UnknownImport {
        unresolved,
        pinned: parameter.is_some(),
    })?;
    let own = value_set.version.as_deref();
    if let Some(demanded) = choice::failed_value_set_check(parameters, &canonical.url, own) {
        return Err(issues::value_set_version_check(&canonical.url, own, demanded).into());
    }
    Ok(Named {
        chosen_by: parameter.map(|name| (name, wanted)),
        value_set,
    })
}

/// The places of includes in the order in which to take them: as given, but where several are of one system, that
/// with the latest version comes first, because it is preferred.
fn latest_first(includes: &[Include]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..includes.len()).collect();
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, include) in includes.iter().enumerate() {
        if let Some(system) = &include.system {
            places.entry(system).or_default().push(place);
        }
    }
    let stated = |place: usize| includes.get(place).and_then(|include| include.version.as_deref());
    for own in places.into_values() {
        let mut sorted = own.clone();
        sorted.sort_by(|a, b| version::compare(stated(*b), stated(*a)));
        for (place, from) in own.into_iter().zip(sorted) {
            if let Some(slot) = order.get_mut(place) {
                *slot = from;
            }
        }
    }
    order
}

/// How a value set is named in messages: `url|version`.
pub fn shown(value_set: &ValueSet) -> String {
    match value_set.canonical() {
        Some(canonical) => canonical.to_string(),
        None => value_set.id.as_ref().map_or_else(|| "??".to_owned(), |id| format!("#{id}")),
    }
}

/// Takes out concepts that are not in use.
pub fn remove_inactive(members: &mut Members) {
    for part in &mut members.parts {
        part.concepts &= part.view.index.active();
    }
}

/// Whether some system occurs in more than one version.
fn has_versions(members: &Members) -> bool {
    let mut systems: BTreeMap<&str, &Part> = BTreeMap::new();
    members.parts.iter().any(|part| {
        let first = systems.entry(part.view.url()).or_insert(part);
        !first.same_version(part)
    })
}

/// Codes that are listed, in their order; those that the system does not have are left out.
fn enumerated(view: Arc<View>, concepts: &[ConceptReference]) -> Part {
    let mut part = Part {
        concepts: Default::default(),
        listing: None,
        nesting: Nesting::Flat,
        open: false,
        expressions: Vec::new(),
        view,
    };
    let mut listing = Listing::default();
    let mut expressions: BTreeSet<&str> = BTreeSet::new();
    for reference in concepts {
        let Some(concept) = part.view.index.find(&reference.code) else {
            if let Some(Ok(_)) = understand(&part.view, &reference.code)
                && expressions.insert(&reference.code)
            {
                part.expressions.push(reference.clone());
            }
            continue;
        };
        if part.concepts.insert(concept.0) {
            listing.order.push(concept.0);
            let says = reference.display.is_some() || !reference.designations.is_empty() || reference.extensions.is_some();
            if says {
                listing.references.insert(concept.0, reference.clone());
            }
        }
    }
    part.listing = Some(listing);
    part
}

/// A stored expansion as a definition: its entries, enumerated.
fn stored(expansion: &StoredExpansion) -> Compose {
    fn walk(entries: &[Contains], include: &mut Vec<Include>) {
        for entry in entries {
            if let Some(system) = entry.coding.system.as_ref().filter(|_| !entry.coding.code.is_empty()) {
                let same = |last: &&mut Include| last.system.as_ref() == Some(system) && last.version == entry.coding.version;
                let reference = ConceptReference {
                    code: entry.coding.code.clone(),
                    display: entry.coding.display.clone(),
                    designations: entry.designations.clone(),
                    extensions: None,
                };
                match include.last_mut().filter(same) {
                    Some(last) => last.concepts.push(reference),
                    None => include.push(Include {
                        system: Some(system.clone()),
                        version: entry.coding.version.clone(),
                        concepts: vec![reference],
                        ..Include::default()
                    }),
                }
            }
            walk(&entry.contains, include);
        }
    }
    let mut compose = Compose::default();
    walk(&expansion.contains, &mut compose.include);
    compose
}

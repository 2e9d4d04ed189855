//! `ConceptMap/$translate`: what a code is in another code system, or what maps to it.
//!
//! A request names a map, or leaves the choice: then every map that has the code for the systems and scopes asked
//! for is consulted, in the order of their canonicals, and each match names the map it comes from. Rules for
//! codes that a map does not list apply forward only: nothing says which codes they would be of backwards.

pub mod attributes;
mod value_sets;

use super::postcoordinated::SNOMED;
use super::version;
use super::{ConceptMapIndex, Failure, Terminology};
use super::{map_rules, refusals};
use std::sync::Arc;
use tern_index::model::{Canonical, Coding, Mapping, MappingAttribute, MappingAttributeRole, Relationship, Unmapped};

/// Which maps to consult.
#[derive(Debug, Clone, Default)]
pub enum MapChoice {
    /// All that fit.
    #[default]
    Any,
    /// This one.
    Canonical(Canonical),
    /// One that came with the request.
    Inline(Arc<ConceptMapIndex>),
}

/// Which way to read the maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The given codes are sources.
    #[default]
    Forward,
    /// The given codes are targets.
    Reverse,
}

/// A request to translate.
#[derive(Debug, Clone, Default)]
pub struct TranslateRequest {
    /// Which maps.
    pub maps: MapChoice,
    /// Which way.
    pub direction: Direction,
    /// What to translate: one coding, or those of a codeable concept.
    pub given: Vec<Coding>,
    /// Code system of the answers; any if `None`.
    pub wanted_system: Option<String>,
    /// `sourceScope` of the maps to consult, where none is named.
    pub source_scope: Option<String>,
    /// `targetScope` of the maps to consult, where none is named.
    pub target_scope: Option<String>,
    /// `dependency`: values of other elements, by attribute.
    pub dependencies: Vec<Dependency>,
}

/// The value of another element of the source data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The attribute's code or URI (R4 `element`).
    pub attribute: String,
    /// Code system of a coded value.
    pub system: Option<String>,
    /// The value as text.
    pub value: String,
}

/// One match.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The code on the source side of the map.
    pub source: Coding,
    /// The code on the target side of the map.
    pub target: Coding,
    /// How the source relates to the target.
    pub relationship: Relationship,
    /// The map it comes from; `None` for a map without a URL.
    pub origin: Option<Canonical>,
    /// Comment of the publisher.
    pub comment: Option<String>,
    /// Context under which it holds, further products, properties.
    pub attributes: Vec<MappingAttribute>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Translation {
    /// Whether there is a match that says more than "not related".
    pub result: bool,
    /// Why there is none; or what would change the answer, and the advice of the map.
    pub message: Option<String>,
    /// The same, sentence by sentence.
    pub notes: Vec<String>,
    /// The matches, map by map.
    pub matches: Vec<Match>,
}

/// How far `other-map` may lead from map to map.
const LONGEST_CHAIN: usize = 16;

/// Translates.
pub fn translate(terminology: &Terminology, request: &TranslateRequest) -> Result<Translation, Failure> {
    let maps = candidates(terminology, request)?;
    let mut found = Found::default();
    for map in &maps {
        for given in &request.given {
            match request.direction {
                Direction::Forward => forward(terminology, request, map, given, &mut found, &mut Vec::new())?,
                Direction::Reverse => reverse(terminology, request, map, given, &mut found)?,
            }
        }
    }
    name_codes(terminology, &mut found.matches);
    let result = found
        .matches
        .iter()
        .any(|found| found.relationship != Relationship::NotRelatedTo);
    let none = (!result).then(|| {
        if found.stated_none {
            "No translations found: the concept map states that there is no target".to_owned()
        } else {
            "No translations found".to_owned()
        }
    });
    let said: Vec<String> = none.into_iter().chain(found.notes).collect();
    let message = (!said.is_empty()).then(|| said.join("; "));
    Ok(Translation {
        result,
        message,
        notes: said,
        matches: found.matches,
    })
}

/// The implicit concept maps of SNOMED CT have codes alone: what these are called, and of which edition they are, their
/// edition says, and what the codes of other systems are called, these say where they are loaded.
fn name_codes(terminology: &Terminology, matches: &mut [Match]) {
    let implicit = |found: &&mut Match| {
        found
            .origin
            .as_ref()
            .is_some_and(|origin| origin.url.starts_with(IMPLICIT_MAP))
    };
    for found in matches.iter_mut().filter(implicit) {
        let edition = found.origin.as_ref().and_then(|origin| origin.version.clone());
        let display = |system: Option<&str>, version: Option<&str>, code: &str| {
            let index = terminology.code_system(system?, version).ok()?;
            index.display(index.find(code)?).map(|display| display.into_owned())
        };
        for coding in [&mut found.source, &mut found.target] {
            if coding.system.as_deref() == Some(SNOMED) {
                coding.version = coding.version.take().or_else(|| edition.clone());
            }
            if coding.display.is_none() {
                coding.display = display(coding.system.as_deref(), coding.version.as_deref(), &coding.code);
            }
        }
        // The category and the correlation of a map with rules are concepts of the edition.
        for attribute in &mut found.attributes {
            if attribute.display.is_none() && attribute.system.as_deref() == Some(SNOMED) {
                attribute.display = display(attribute.system.as_deref(), edition.as_deref(), &attribute.value);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Found {
    matches: Vec<Match>,
    /// Some map says that there is no target.
    stated_none: bool,
    /// What people should know of the matches.
    notes: Vec<String>,
}

impl Found {
    fn add(&mut self, new: Match) {
        if !self.matches.contains(&new) {
            self.matches.push(new);
        }
    }
}

fn candidates(terminology: &Terminology, request: &TranslateRequest) -> Result<Vec<Arc<ConceptMapIndex>>, Failure> {
    match &request.maps {
        MapChoice::Inline(map) => Ok(vec![map.clone()]),
        MapChoice::Canonical(canonical) => {
            let canonical = plain_snomed_map(canonical);
            match terminology.concept_map(&canonical.url, canonical.version.as_deref()) {
                Ok(map) => Ok(vec![map]),
                Err(_) if is_map_without_members(terminology, &canonical) => Ok(Vec::new()),
                Err(unresolved) => Err(refusals::unknown_concept_map(&unresolved)),
            }
        }
        MapChoice::Any => {
            let fits = |scope: &Option<String>, own: &Option<String>| scope.as_ref().is_none_or(|scope| same_scope(scope, own));
            let mut maps = terminology.concept_maps();
            maps.retain(|map| {
                fits(&request.source_scope, &map.header().source_scope) && fits(&request.target_scope, &map.header().target_scope)
            });
            Ok(one_version_each(maps, &request.given))
        }
    }
}

/// Of each map the version that goes with the version of a given code, else the latest.
fn one_version_each(maps: Vec<Arc<ConceptMapIndex>>, given: &[Coding]) -> Vec<Arc<ConceptMapIndex>> {
    let version = |map: &ConceptMapIndex| map.header().version.clone();
    let goes_with = |map: &ConceptMapIndex| {
        let of_given = given.iter().filter_map(|coding| coding.version.as_deref());
        let own = map.header().version.as_deref();
        of_given
            .into_iter()
            .any(|wanted| own.is_some_and(|own| version::matches(own, wanted)))
    };
    let better = |a: &ConceptMapIndex, b: &ConceptMapIndex| {
        let by_version = || version::compare(version(a).as_deref(), version(b).as_deref());
        goes_with(a).cmp(&goes_with(b)).then_with(by_version).is_gt()
    };
    let mut kept: Vec<Arc<ConceptMapIndex>> = Vec::with_capacity(maps.len());
    for map in maps {
        let url = map.header().url.as_str();
        let known = kept.iter_mut().find(|known| !url.is_empty() && known.header().url == url);
        match known {
            Some(known) if better(&map, known) => *known = map,
            Some(_) => {}
            None => kept.push(map),
        }
    }
    kept
}

/// Whether a map's scope is the one asked for; a version counts only if both name one.
fn same_scope(asked: &str, own: &Option<String>) -> bool {
    let Some(own) = own else { return false };
    let (asked, own) = (Canonical::parse(asked), Canonical::parse(own));
    asked.url == own.url && (asked.version.is_none() || own.version.is_none() || asked.version == own.version)
}

/// SNOMED CT names the maps of an edition or version by a URL that holds the version
/// (`http://snomed.info/sct/<edition>/version/<date>?fhir_cm=<reference set>`); the store has it beside the URL.
fn plain_snomed_map(canonical: &Canonical) -> Canonical {
    let parts = canonical.url.split_once("?fhir_cm=").filter(|(base, _)| *base != SNOMED);
    match parts {
        Some((base, refset)) if base.starts_with("http://snomed.info/") => {
            Canonical::new(format!("{SNOMED}?fhir_cm={refset}"), Some(base.to_owned()))
        }
        _ => canonical.clone(),
    }
}

/// How the canonicals of SNOMED CT's implicit concept maps begin.
const IMPLICIT_MAP: &str = "http://snomed.info/sct?fhir_cm=";

/// Reference sets of SNOMED CT below these are concept maps: associations, and simple, complex and extended maps.
const MAPS: [&str; 4] = ["900000000000521006", "900000000000496009", "447250001", "609331003"];

/// Whether a canonical is the implicit concept map of a reference set that an edition has, though nothing is in it.
fn is_map_without_members(terminology: &Terminology, canonical: &Canonical) -> bool {
    let refset = canonical.url.strip_prefix(IMPLICIT_MAP);
    let known = || {
        let index = terminology.code_system(SNOMED, canonical.version.as_deref()).ok()?;
        let refset = index.find_exact(refset?)?;
        let mut kinds = MAPS.iter().filter_map(|kind| index.find_exact(kind));
        Some(index.is_active(refset) && kinds.any(|kind| index.subsumes(kind, refset)))
    };
    known().unwrap_or(false)
}

/// Whether a system that may be left open is the one asked for, which may be left open too.
fn same_system(asked: Option<&str>, own: Option<&str>) -> bool {
    match (asked, own) {
        (Some(asked), Some(own)) => asked == own,
        _ => true,
    }
}

/// Whether the versions of two codings agree, as far as both state one.
fn same_version(given: &Coding, own: &Coding) -> bool {
    match (&given.version, &own.version) {
        (Some(given), Some(own)) => version::matches(given, own) || version::matches(own, given),
        _ => true,
    }
}

fn forward(
    terminology: &Terminology,
    request: &TranslateRequest,
    map: &Arc<ConceptMapIndex>,
    given: &Coding,
    found: &mut Found,
    visited: &mut Vec<Canonical>,
) -> Result<(), Failure> {
    let rows: Vec<Mapping> = map
        .by_source(&given.code)
        .into_iter()
        .filter(|row| same_system(given.system.as_deref(), row.source.system.as_deref()))
        .filter(|row| same_version(given, &row.source))
        .collect();
    let mut rows = ruled(terminology, request, map, rows, found);
    rows.extend(value_sets::forward(terminology, &map.header().value_set_rows, given)?);
    for row in &rows {
        take(terminology, request, map, row, found)?;
    }
    for rule in &map.header().unmapped {
        let concerned = same_system(given.system.as_deref(), rule.source_system.as_deref())
            && same_system(request.wanted_system.as_deref(), rule.target_system.as_deref());
        // A row without a target states that there is none in its group: that is a mapping too.
        let listed = rows
            .iter()
            .any(|row| row.target.as_ref().is_none_or(|target| target.system == rule.target_system));
        if concerned && !listed {
            unmapped(terminology, request, map, rule, given, found, visited)?;
        }
    }
    Ok(())
}

/// The rows that the rules of the map leave, where it has rules.
fn ruled(
    terminology: &Terminology,
    request: &TranslateRequest,
    map: &ConceptMapIndex,
    rows: Vec<Mapping>,
    found: &mut Found,
) -> Vec<Mapping> {
    if !map_rules::has_rules(&rows) {
        return rows;
    }
    // Rows without a target name no system: it is the map's.
    let mut systems = map.systems().into_iter();
    if !systems.any(|(_, _, target, _)| same_system(request.wanted_system.as_deref(), Some(&target))) {
        return Vec::new();
    }
    let version = map.header().version.as_deref();
    let index = terminology.code_system(SNOMED, version).ok();
    let is_a = |finding: &str, concept: &str| {
        let below = || {
            let index = index.as_ref()?;
            Some(index.subsumes(index.find(concept)?, index.find(finding)?))
        };
        finding == concept || below().unwrap_or(false)
    };
    let selection = map_rules::select(rows, &request.dependencies, &is_a);
    found.notes.extend(selection.notes);
    selection.rows
}

/// Applies the rule for codes that a group does not list.
fn unmapped(
    terminology: &Terminology,
    request: &TranslateRequest,
    map: &Arc<ConceptMapIndex>,
    rule: &Unmapped,
    given: &Coding,
    found: &mut Found,
    visited: &mut Vec<Canonical>,
) -> Result<(), Failure> {
    let target = |code: &str, display: Option<String>| Coding {
        system: rule.target_system.clone(),
        version: None,
        code: code.to_owned(),
        display,
    };
    let targets = match (rule.mode.as_str(), &rule.code, &rule.other_map) {
        ("use-source-code" | "provided", _, _) => vec![target(&given.code, given.display.clone())],
        ("fixed", Some(code), _) => vec![target(code, rule.display.clone())],
        ("fixed", None, _) if rule.value_set.is_some() => {
            let value_set = rule.value_set.as_deref().unwrap_or("");
            value_sets::codes(terminology, value_set, rule.target_system.as_deref())?
        }
        ("other-map", _, Some(other)) => {
            let own = Canonical::new(&map.header().url, map.header().version.clone());
            let other = Canonical::parse(other);
            visited.push(own);
            let resolved = terminology.concept_map(&other.url, other.version.as_deref());
            let next = resolved.map_err(|unresolved| refusals::unknown_concept_map(&unresolved))?;
            let name = Canonical::new(&next.header().url, next.header().version.clone());
            if !visited.contains(&name) && visited.len() < LONGEST_CHAIN {
                forward(terminology, request, &next, given, found, visited)?;
            }
            visited.pop();
            return Ok(());
        }
        // A rule that lacks what its mode needs, or a mode that no version of FHIR has, says nothing.
        _ => return Ok(()),
    };
    let relationship = rule.relationship.as_deref().and_then(Relationship::parse);
    for target in targets {
        found.add(Match {
            source: given.clone(),
            target,
            relationship: relationship.unwrap_or(Relationship::RelatedTo),
            origin: origin(map),
            comment: None,
            attributes: Vec::new(),
        });
    }
    Ok(())
}

fn reverse(
    terminology: &Terminology,
    request: &TranslateRequest,
    map: &ConceptMapIndex,
    given: &Coding,
    found: &mut Found,
) -> Result<(), Failure> {
    for row in map.by_target(&given.code) {
        let system = row.target.as_ref().and_then(|target| target.system.as_deref());
        let agrees = row.target.as_ref().is_none_or(|target| same_version(given, target));
        if agrees && same_system(given.system.as_deref(), system) {
            // Backwards no rule decides: each source is one for which the code may be the answer, with its rule.
            let row = if row.rule.is_some() { map_rules::described(&row) } else { row };
            take(terminology, request, map, &row, found)?;
        }
    }
    for row in value_sets::reverse(terminology, &map.header().value_set_rows, given)? {
        take(terminology, request, map, &row, found)?;
    }
    Ok(())
}

/// Takes a row if its answer side is of the system asked for and its context does not contradict the request's.
fn take(
    terminology: &Terminology,
    request: &TranslateRequest,
    map: &ConceptMapIndex,
    row: &Mapping,
    found: &mut Found,
) -> Result<(), Failure> {
    let Some(target) = &row.target else {
        found.stated_none = true;
        return Ok(());
    };
    let answer = match request.direction {
        Direction::Forward => target,
        Direction::Reverse => &row.source,
    };
    let needed = attributes::with_uris(map.header(), &row.attributes);
    if !same_system(request.wanted_system.as_deref(), answer.system.as_deref())
        || contradicted(terminology, row, &needed, &request.dependencies)?
    {
        return Ok(());
    }
    found.add(Match {
        source: row.source.clone(),
        target: target.clone(),
        relationship: row.relationship,
        origin: origin(map),
        comment: row.comment.clone(),
        attributes: needed,
    });
    Ok(())
}

fn origin(map: &ConceptMapIndex) -> Option<Canonical> {
    let header = map.header();
    (!header.url.is_empty()).then(|| Canonical::new(&header.url, header.version.clone()))
}

/// Whether a context that the row depends on is given with another value. A context that is not given at all does
/// not exclude the row: it is answered with the match, for the client to judge.
fn contradicted(
    terminology: &Terminology,
    row: &Mapping,
    by_uri: &[MappingAttribute],
    dependencies: &[Dependency],
) -> Result<bool, Failure> {
    // A client may name an attribute by its code in the map or by its URI.
    let named = row.attributes.iter().zip(by_uri);
    for (needed, by_uri) in named.filter(|(attribute, _)| attribute.role == MappingAttributeRole::DependsOn) {
        let named = |name: &str| name == needed.attribute || name == by_uri.attribute;
        let given = dependencies.iter().filter(|dependency| named(&dependency.attribute));
        let given: Vec<&Dependency> = given.collect();
        let other = || {
            let same = |given: &&Dependency| {
                given.value == attributes::plain(needed) && same_system(given.system.as_deref(), needed.system.as_deref())
            };
            !given.iter().any(same)
        };
        let contradicts = match needed.value_type.as_str() {
            _ if given.is_empty() => false,
            "ValueSet" => value_sets::is_outside(terminology, &needed.value, &given)?,
            _ => other(),
        };
        if contradicts {
            return Ok(true);
        }
    }
    Ok(false)
}

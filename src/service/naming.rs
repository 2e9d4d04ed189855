//! `NamingSystem/$preferred-id` and `$translate-id`: the name of one kind for what is known by another.
//!
//! Naming systems say most; what code systems say of themselves, and the identifiers that registries have fixed, come after.

use super::Terminology;
use super::alias;
use super::period::Period;
use tern_loaders::fhir::naming_system::{NamingSystem, UniqueId};

/// The name of a type (`uri`, `oid`, `uuid`, `other`...) for what `id` names, as naming systems write it: an OID without
/// `urn:oid:`.
pub fn preferred_id(terminology: &Terminology, id: &str, id_type: &str, date: Option<&str>) -> Option<String> {
    let day = date.and_then(Period::parse);
    let valid = |own: &UniqueId| is_valid(own, day);
    let mut named: Vec<_> = terminology
        .naming_systems()
        .into_iter()
        .filter(|naming_system| names(naming_system, id, &valid))
        .collect();
    // What is in use names before what is not.
    named.sort_by_key(|naming_system| naming_system.status.as_deref() != Some("active"));
    let stated = named
        .iter()
        .find_map(|naming_system| naming_system.preferred_of(id_type, valid));
    stated.map(|found| bare(&found.value).to_owned()).or_else(|| {
        let as_urn = format!("urn:oid:{}", bare(id));
        let url = [id, as_urn.as_str()]
            .into_iter()
            .map(|name| terminology.canonical_url(name))
            .find(|url| !terminology.code_system_versions(url).is_empty() || alias::short_name(url).is_some())?;
        of_code_system(terminology, url, id_type)
    })
}

/// All names of a type for what is known by a name of another type, and whether each is the preferred one.
pub fn translate_id(
    terminology: &Terminology,
    id: &str,
    (source_type, target_type): (&str, &str),
    date: Option<&str>,
) -> Vec<(String, bool)> {
    let day = date.and_then(Period::parse);
    let of_source = |own: &UniqueId| own.id_type == source_type && is_valid(own, day);
    let naming_systems = terminology.naming_systems().into_iter();
    let mut found: Vec<(String, bool)> = Vec::new();
    for naming_system in naming_systems.filter(|naming_system| names(naming_system, id, &of_source)) {
        let ids = naming_system.unique_ids.iter();
        for own in ids.filter(|own| own.id_type == target_type && is_valid(own, day)) {
            let name = bare(&own.value).to_owned();
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, own.preferred));
            }
        }
    }
    found
}

/// Whether a name was valid on a day.
fn is_valid(own: &UniqueId, day: Option<Period>) -> bool {
    match (day, own.period.as_deref().and_then(Period::parse_range)) {
        (Some(day), Some(own)) => own.start < day.end && day.start < own.end,
        _ => true,
    }
}

fn names(naming_system: &NamingSystem, id: &str, counts: &dyn Fn(&UniqueId) -> bool) -> bool {
    let ids = &naming_system.unique_ids;
    ids.iter()
        .filter(|own| counts(own))
        .any(|own| own.value == id || own.as_uri() == id || bare(&own.value) == bare(id))
        || naming_system.url.as_deref() == Some(id)
}

/// An OID or UUID without the URN around it.
fn bare(id: &str) -> &str {
    ["urn:oid:", "urn:uuid:"]
        .iter()
        .find_map(|scheme| id.strip_prefix(scheme))
        .unwrap_or(id)
}

fn of_code_system(terminology: &Terminology, url: &str, id_type: &str) -> Option<String> {
    let scheme = match id_type {
        "uri" => return Some(url.to_owned()),
        "oid" => "urn:oid:",
        "uuid" => "urn:uuid:",
        _ => return None,
    };
    let index = terminology.code_system(url, None).ok();
    let own = index.as_ref().and_then(|index| {
        let mut identifiers = index.header().identifiers.iter();
        identifiers.find_map(|identifier| identifier.strip_prefix(scheme).map(str::to_owned))
    });
    let registered = || alias::oid(url).filter(|_| id_type == "oid").map(str::to_owned);
    own.or_else(registered)
}

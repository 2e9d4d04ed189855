//! `NamingSystem/$preferred-id`: the name of one kind for what is known by another.
//!
//! Naming systems say most; what code systems say of themselves, and the identifiers that registries have fixed, come after.

use super::Terminology;
use super::alias;
use tern_loaders::fhir::naming_system::NamingSystem;

/// The name of a type (`uri`, `oid`, `uuid`, `other`...) for what `id` names, as naming systems write it: an OID without
/// `urn:oid:`.
pub fn preferred_id(terminology: &Terminology, id: &str, id_type: &str) -> Option<String> {
    let mut named: Vec<_> = terminology
        .naming_systems()
        .into_iter()
        .filter(|naming_system| names(naming_system, id))
        .collect();
    // What is in use names before what is not.
    named.sort_by_key(|naming_system| naming_system.status.as_deref() != Some("active"));
    let stated = named.iter().find_map(|naming_system| naming_system.preferred(id_type));
    stated.map(|found| bare(&found.value).to_owned()).or_else(|| {
        let as_urn = format!("urn:oid:{}", bare(id));
        let url = [id, as_urn.as_str()]
            .into_iter()
            .map(|name| terminology.canonical_url(name))
            .find(|url| !terminology.code_system_versions(url).is_empty() || alias::short_name(url).is_some())?;
        of_code_system(terminology, url, id_type)
    })
}

fn names(naming_system: &NamingSystem, id: &str) -> bool {
    let ids = &naming_system.unique_ids;
    ids.iter()
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

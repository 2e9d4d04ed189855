//! `ConceptMap/$closure`: begin a table by its name, add concepts, ask for what came since a version.
//!
//! An answer is a concept map of what is new. The narrower code is always the source: R4 says of the target that it
//! `subsumes` it, R5 of the source that it is narrower.

use super::FhirVersion;
use super::outcome::{Refusal, RefusalKind};
use super::parameters::{ParameterError, Parameters};
use super::validation::is_id;
use crate::service::closure::{ClosureRelation, Related};
use crate::written::{ClosureDelta, GrowError, Library};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl From<GrowError> for Refusal {
    fn from(error: GrowError) -> Self {
        match error {
            GrowError::Written(error) => error.into(),
            // Not found means that there is no such table; a concept that cannot be placed is a fault of the request.
            GrowError::Failure(failure) => Self {
                kind: RefusalKind::Invalid,
                ..Self::from(failure)
            },
        }
    }
}

/// Answers; at most so many concepts at once.
pub(super) fn answer(library: &Library, parameters: &Parameters, version: FhirVersion, most: usize) -> Result<Value, Refusal> {
    let missing = || ParameterError::Missing("$closure needs the parameter 'name', the name of the closure table".into());
    let name = parameters.text(&["name"])?.ok_or_else(missing)?;
    if !is_id(&name) {
        let message = format!("invalid closure name \"{name}\": it must be 1 to 64 letters, digits, '-' and '.'");
        return Err(ParameterError::Invalid {
            name: "name".into(),
            message,
        }
        .into());
    }
    let since = parameters.text(&["version"])?;
    let concepts = parameters
        .all("concept")
        .map(|parameter| parameter.coding())
        .collect::<Result<Vec<_>, _>>()?;
    if concepts.len() > most {
        let text = format!(
            "{} concepts are more than the {most} that are added at once; split them",
            concepts.len()
        );
        return Err(Refusal::new(RefusalKind::TooCostly, text));
    }
    match (since, concepts.as_slice()) {
        (Some(_), [_, ..]) => {
            let message = "$closure takes concepts or a version, but not both at once".to_owned();
            Err(ParameterError::Invalid {
                name: "version".into(),
                message,
            }
            .into())
        }
        (Some(since), []) => Ok(updates(&name, &library.closure_since(&name, &since)?, version)),
        (None, []) => {
            library.initialise_closure(&name)?;
            Ok(concept_map(&name, &name, "0", format!("Closure Table {name} Creation")))
        }
        (None, concepts) => Ok(updates(&name, &library.grow_closure(&name, concepts)?, version)),
    }
}

fn concept_map(name: &str, id: &str, version: &str, title: String) -> Value {
    json!({
        "resourceType": "ConceptMap",
        "id": id,
        "url": format!("urn:tern:closure:{name}"),
        "version": version,
        "name": title,
        "status": "active",
        "experimental": true,
        "date": super::now(),
    })
}

fn updates(name: &str, delta: &ClosureDelta, version: FhirVersion) -> Value {
    let groups = groups(delta, version);
    // What has content is a resource of its own; without, it only tells the version.
    let id = match groups.is_empty() {
        true => name.to_owned(),
        false => uuid::Uuid::new_v4().to_string(),
    };
    let mut json = concept_map(
        name,
        &id,
        &delta.version.to_string(),
        format!("Updates for Closure Table {name}"),
    );
    if let (false, Value::Object(json)) = (groups.is_empty(), &mut json) {
        json.insert("group".into(), groups.into());
    }
    json
}

fn groups(delta: &ClosureDelta, version: FhirVersion) -> Vec<Value> {
    let mut by_system: BTreeMap<&str, Vec<&Related>> = BTreeMap::new();
    for one in &delta.relations {
        by_system.entry(&one.system).or_default().push(one);
    }
    let group = |(system, relations): (&str, Vec<&Related>)| {
        let own = delta.systems.iter().find(|(url, _)| url == system);
        let own = own.map(|(_, version)| version.as_str()).filter(|version| !version.is_empty());
        let mut json = Map::new();
        for (side, side_version) in [("source", "sourceVersion"), ("target", "targetVersion")] {
            match (version, own) {
                (FhirVersion::R5, Some(own)) => json.insert(side.into(), format!("{system}|{own}").into()),
                _ => json.insert(side.into(), system.into()),
            };
            if let (FhirVersion::R4, Some(own)) = (version, own) {
                json.insert(side_version.into(), own.into());
            }
        }
        json.insert("element".into(), elements(&relations, version).into());
        Value::Object(json)
    };
    by_system.into_iter().map(group).collect()
}

fn elements(relations: &[&Related], version: FhirVersion) -> Vec<Value> {
    let mut by_source: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for one in relations {
        let (name, word) = match (version, one.relation) {
            (FhirVersion::R4, ClosureRelation::Narrower) => ("equivalence", "subsumes"),
            (FhirVersion::R4, ClosureRelation::Equivalent) => ("equivalence", "equal"),
            (FhirVersion::R5, ClosureRelation::Narrower) => ("relationship", "source-is-narrower-than-target"),
            (FhirVersion::R5, ClosureRelation::Equivalent) => ("relationship", "equivalent"),
        };
        by_source
            .entry(&one.source)
            .or_default()
            .push(json!({"code": one.target, name: word}));
    }
    let element = |(code, targets): (&str, Vec<Value>)| json!({"code": code, "target": targets});
    by_source.into_iter().map(element).collect()
}

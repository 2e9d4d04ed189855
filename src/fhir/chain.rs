//! Searches by what a resource leads to (`supplements.status=draft`) and by what leads to it
//! (`_has:CodeSystem:supplements:status=draft`), in as many steps as are named.
//!
//! A chain is searched from its far end: what is found there becomes an ordinary condition on the resources before it. It
//! follows the search parameters that are references; those of type URI name no resource that could be asked on.

use super::include::{KINDS, named};
use super::outcome::Refusal;
use super::parameters::ParameterError;
use super::render_resource::type_name;
use super::search_parameters::{self, SearchParameter};
use crate::service::resource_search::{Condition, Element, Match, Test};
use crate::service::{ResourceEntry, ResourceKind, ResourceQuery, Terminology};
use crate::stop::Stopped;
use std::collections::BTreeSet;
use tern_index::model::Canonical;

/// Chains of more steps are refused.
const MOST_STEPS: usize = 8;

/// A search parameter that asks for other resources first.
#[derive(Debug)]
pub(super) enum Chain {
    /// What the resource leads to must be as asked.
    Forward {
        reference: &'static SearchParameter,
        /// The types that it may lead to, with what is asked of each.
        asked: Vec<(ResourceKind, Asked)>,
    },
    /// Something that leads to the resource must be as asked.
    Reverse {
        kind: ResourceKind,
        reference: &'static SearchParameter,
        asked: Box<Asked>,
    },
}

/// What is asked of the resources at one step.
#[derive(Debug)]
pub(super) enum Asked {
    /// A condition.
    Plain(Condition),
    /// A further step.
    Chain(Chain),
}

/// Whether a parameter is a chain, by its name.
pub(super) fn is_chain(name: &str) -> bool {
    name.starts_with("_has:") || name.contains('.')
}

impl Chain {
    /// Reads the parameter of a search of `kind`.
    pub fn read(kind: ResourceKind, name: &str, value: &str) -> Result<Self, Refusal> {
        Step { name, value }.chain(kind, name, MOST_STEPS)
    }

    /// The chain as a condition on the resources of a type.
    pub fn condition(&self, terminology: &Terminology, of: ResourceKind) -> Result<Condition, Stopped> {
        let (element, matches) = match self {
            Self::Forward { reference, asked } => {
                let mut matches = Vec::new();
                for (kind, asked) in asked {
                    for entry in asked.found(terminology, *kind)? {
                        matches.extend(names_of(terminology, &entry)?);
                    }
                }
                (reference.element, matches)
            }
            Self::Reverse { kind, reference, asked } => {
                let mut ids = BTreeSet::new();
                for entry in asked.found(terminology, *kind)? {
                    for text in terminology.texts_of(*kind, &entry.id, reference.element) {
                        let target = named(terminology, of, &Canonical::parse(&text))?;
                        ids.extend(target.map(|target| target.id));
                    }
                }
                (Element::Id, ids.into_iter().map(Match::Exactly).collect())
            }
        };
        Ok(Condition {
            element,
            test: Test::Any(matches),
        })
    }
}

impl Asked {
    fn found(&self, terminology: &Terminology, kind: ResourceKind) -> Result<Vec<ResourceEntry>, Stopped> {
        let condition = match self {
            Self::Plain(condition) => condition.clone(),
            Self::Chain(chain) => chain.condition(terminology, kind)?,
        };
        let query = ResourceQuery {
            conditions: vec![condition],
            sort: Vec::new(),
        };
        Ok(terminology.search_resources(kind, &query, 0, 0)?.0)
    }
}

/// How others may name a resource: with its version, and without if that means it.
fn names_of(terminology: &Terminology, entry: &ResourceEntry) -> Result<Vec<Match>, Stopped> {
    let Some(url) = &entry.summary.url else {
        return Ok(Vec::new());
    };
    let plain = named(terminology, entry.kind, &Canonical::new(url, None))?;
    let means_it = plain.is_some_and(|plain| plain.id == entry.id);
    let versioned = entry.summary.version.as_ref().map(|version| format!("{url}|{version}"));
    Ok(means_it
        .then(|| url.clone())
        .into_iter()
        .chain(versioned)
        .map(Match::Exactly)
        .collect())
}

/// The parameter that is read, for messages, and its value.
struct Step<'s> {
    name: &'s str,
    value: &'s str,
}

impl Step<'_> {
    fn wrong(&self, why: String) -> Refusal {
        let message = format!("the search parameter '{}' {why}", self.name);
        let name = self.name.to_owned();
        ParameterError::Invalid { name, message }.into()
    }

    fn kind(&self, text: &str) -> Result<ResourceKind, Refusal> {
        let known = ResourceKind::parse(text);
        known.ok_or_else(|| {
            self.wrong(format!(
                "names '{text}', which is no resource type of this server; it has {}",
                KINDS.map(type_name).join(", ")
            ))
        })
    }

    fn reference(&self, kind: ResourceKind, name: &str) -> Result<&'static SearchParameter, Refusal> {
        let found = search_parameters::references(kind).find(|known| known.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = search_parameters::references(kind).map(|known| known.name).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            self.wrong(format!(
                "follows '{name}', which is no reference of {}; its references are: {known}",
                type_name(kind)
            ))
        })
    }

    fn chain(&self, kind: ResourceKind, rest: &str, steps: usize) -> Result<Chain, Refusal> {
        if steps == 0 {
            return Err(self.wrong(format!("has more than {MOST_STEPS} steps")));
        }
        if let Some(rest) = rest.strip_prefix("_has:") {
            let mut parts = rest.splitn(3, ':');
            let (Some(of), Some(by), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
                let form = "_has:CodeSystem:supplements:name";
                return Err(self.wrong(format!(
                    "must name a type, a reference of it and a parameter of it, as in {form}"
                )));
            };
            let of = self.kind(of)?;
            return Ok(Chain::Reverse {
                kind: of,
                reference: self.reference(of, by)?,
                asked: Box::new(self.asked(of, rest, steps - 1)?),
            });
        }
        let (head, rest) = rest.split_once('.').unwrap_or((rest, ""));
        let (head, of) = head.split_once(':').map_or((head, None), |(head, of)| (head, Some(of)));
        let reference = self.reference(kind, head)?;
        if let Some(of) = of {
            let of = self.kind(of)?;
            let asked = vec![(of, self.asked(of, rest, steps - 1)?)];
            return Ok(Chain::Forward { reference, asked });
        }
        // Without a type it is every one that has the parameter.
        let read = KINDS.map(|of| (of, self.asked(of, rest, steps - 1)));
        let (good, bad): (Vec<_>, Vec<_>) = read.into_iter().partition(|(_, asked)| asked.is_ok());
        let asked: Vec<_> = good.into_iter().filter_map(|(of, asked)| Some((of, asked.ok()?))).collect();
        match bad.into_iter().next() {
            Some((_, Err(refusal))) if asked.is_empty() => Err(refusal),
            _ => Ok(Chain::Forward { reference, asked }),
        }
    }

    fn asked(&self, kind: ResourceKind, rest: &str, steps: usize) -> Result<Asked, Refusal> {
        if is_chain(rest) {
            return self.chain(kind, rest, steps).map(Asked::Chain);
        }
        let (plain, modifier) = rest
            .split_once(':')
            .map_or((rest, None), |(name, modifier)| (name, Some(modifier)));
        let Some(parameter) = search_parameters::named(kind, plain) else {
            return Err(self.wrong(format!(
                "ends with '{plain}', which is no search parameter of {}",
                type_name(kind)
            )));
        };
        parameter.condition(modifier, self.value).map(Asked::Plain)
    }
}

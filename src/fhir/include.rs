//! `_include` and `_revinclude`: resources that those on a page lead to, and those that lead to them.
//!
//! They go by the search parameters that are references; `*` stands for all of them. One step is taken, or, with
//! `:iterate`, as many as lead to something new.

use super::outcome::Refusal;
use super::parameters::ParameterError;
use super::search_parameters::{self, SearchParameter};
use crate::service::resource_search::{Condition, Element, Match, Test};
use crate::service::{ResourceEntry, ResourceKind, ResourceQuery, Terminology};
use crate::stop::Stopped;
use std::collections::BTreeSet;
use tern_index::model::Canonical;

/// More are never on one page beside what was found.
const MOST: usize = 1000;

/// All types of resources.
pub(super) const KINDS: [ResourceKind; 4] = [
    ResourceKind::CodeSystem,
    ResourceKind::ValueSet,
    ResourceKind::ConceptMap,
    ResourceKind::NamingSystem,
];

/// One `_include` or `_revinclude`.
#[derive(Debug, Clone)]
pub(super) struct Include {
    /// Whether the ones found are led to.
    reverse: bool,
    /// Whether it is asked of what came along, too.
    iterate: bool,
    /// The type that has the references.
    kind: ResourceKind,
    /// Which references.
    parameters: Vec<&'static SearchParameter>,
    /// The type that is led to, if one is named.
    target: Option<ResourceKind>,
}

impl Include {
    /// Reads `Type:parameter`, `Type:parameter:TargetType`, `Type:*` or `*`, which is about several types where what is
    /// followed may be of any.
    pub fn read(name: &str, value: &str, searched: ResourceKind) -> Result<Vec<Self>, Refusal> {
        let wrong = |why: String| {
            let name = name.to_owned();
            let message = format!("'{name}={value}' {why}");
            Refusal::from(ParameterError::Invalid { name, message })
        };
        let (plain, modifier) = name
            .split_once(':')
            .map_or((name, None), |(plain, modifier)| (plain, Some(modifier)));
        // Before R4 it was called `:recurse`.
        let iterate = match modifier {
            None => false,
            Some("iterate" | "recurse") => true,
            Some(other) => return Err(wrong(format!("has the modifier ':{other}'; there is ':iterate' alone"))),
        };
        let reverse = plain == "_revinclude";
        let mut parts = value.split(':');
        let (of, parameter, target) = match (parts.next(), parts.next(), parts.next()) {
            (Some("*"), None, _) => (None, "*", None),
            (Some(of), Some(parameter), target) => (Some(of), parameter, target),
            _ => return Err(wrong("must be a type, ':' and a search parameter that is a reference".into())),
        };
        let kind_of = |text: &str| {
            let known = ResourceKind::parse(text);
            known.ok_or_else(|| wrong(format!("names '{text}', which is no resource type of this server")))
        };
        let Some(of) = of else {
            let kinds = KINDS.into_iter().filter(|kind| reverse || iterate || *kind == searched);
            let all = kinds.map(|kind| Self {
                reverse,
                iterate,
                kind,
                parameters: search_parameters::references(kind).collect(),
                target: None,
            });
            return Ok(all.collect());
        };
        let kind = kind_of(of)?;
        if !reverse && !iterate && kind != searched {
            return Err(wrong(format!(
                "is about {}, but {} is searched",
                kind.as_str(),
                searched.as_str()
            )));
        }
        let known = search_parameters::references(kind);
        let parameters: Vec<_> = known.filter(|known| parameter == "*" || known.name == parameter).collect();
        if parameters.is_empty() {
            let known: Vec<&str> = search_parameters::references(kind).map(|known| known.name).collect();
            return Err(wrong(format!(
                "names no reference of {}, which has {}",
                kind.as_str(),
                known.join(", ")
            )));
        }
        Ok(vec![Self {
            reverse,
            iterate,
            kind,
            parameters,
            target: target.map(kind_of).transpose()?,
        }])
    }

    fn leads_to(&self, kind: ResourceKind) -> bool {
        self.target.is_none_or(|target| target == kind)
    }

    fn follow(&self, terminology: &Terminology, from: &ResourceEntry) -> Result<Vec<ResourceEntry>, Stopped> {
        let (Some(url), version) = (&from.summary.url, &from.summary.version) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        if !self.reverse && from.kind != self.kind {
            return Ok(found);
        }
        for parameter in &self.parameters {
            if self.reverse {
                if self.leads_to(from.kind) {
                    found.extend(leading_to(
                        terminology,
                        self.kind,
                        parameter.element,
                        url,
                        version.as_deref(),
                    )?);
                }
                continue;
            }
            for text in terminology.texts_of(from.kind, &from.id, parameter.element) {
                let canonical = Canonical::parse(&text);
                for kind in KINDS.into_iter().filter(|kind| self.leads_to(*kind)) {
                    found.extend(named(terminology, kind, &canonical)?);
                }
            }
        }
        Ok(found)
    }
}

/// Resources of a type whose references name this one, in whatever version or in its own.
fn leading_to(
    terminology: &Terminology,
    kind: ResourceKind,
    element: Element,
    url: &str,
    version: Option<&str>,
) -> Result<Vec<ResourceEntry>, Stopped> {
    let condition = Condition {
        element,
        test: Test::Any(vec![Match::Canonical(url.to_owned(), None)]),
    };
    let query = ResourceQuery {
        conditions: vec![condition],
        sort: Vec::new(),
    };
    let (found, _) = terminology.search_resources(kind, &query, 0, MOST)?;
    let means_it = |entry: &ResourceEntry| {
        let texts = terminology.texts_of(kind, &entry.id, element);
        texts
            .iter()
            .map(|text| Canonical::parse(text))
            .any(|own| own.url == url && own.version.as_deref().is_none_or(|own| Some(own) == version))
    };
    Ok(found.into_iter().filter(means_it).collect())
}

/// What a canonical names: the version that it names, else the latest.
pub(super) fn named(
    terminology: &Terminology,
    kind: ResourceKind,
    canonical: &Canonical,
) -> Result<Option<ResourceEntry>, Stopped> {
    let mut conditions = vec![Condition {
        element: Element::Url,
        test: Test::Any(vec![Match::Exactly(canonical.url.clone())]),
    }];
    conditions.extend(canonical.version.iter().map(|version| Condition {
        element: Element::Version,
        test: Test::Any(vec![Match::Version(version.clone())]),
    }));
    let query = ResourceQuery {
        conditions,
        sort: Vec::new(),
    };
    Ok(terminology.search_resources(kind, &query, 0, MOST)?.0.pop())
}

/// What comes along with the resources of a page, each once, and none that is there already.
pub(super) fn follow(
    terminology: &Terminology,
    includes: &[Include],
    page: &[ResourceEntry],
) -> Result<Vec<ResourceEntry>, Stopped> {
    let mut seen: BTreeSet<(ResourceKind, String)> = page.iter().map(|entry| (entry.kind, entry.id.clone())).collect();
    let mut along: Vec<ResourceEntry> = Vec::new();
    // What comes along stands behind the page and is followed in its turn; each is new, so this ends.
    let mut place = 0;
    loop {
        let own = page.get(place);
        let Some(from) = own.or_else(|| along.get(place.saturating_sub(page.len()))).cloned() else {
            return Ok(along);
        };
        for include in includes.iter().filter(|include| own.is_some() || include.iterate) {
            for entry in include.follow(terminology, &from)? {
                if along.len() < MOST && seen.insert((entry.kind, entry.id.clone())) {
                    along.push(entry);
                }
            }
        }
        place += 1;
    }
}

//! Algorithmic maps: to every loaded code system there is one, whose rows the mapper makes when they are asked for.
//!
//! Its canonical is [`PREFIX`] and the short name or URL of the target; its version is the target's. It is consulted
//! only where a request names it or asks for it: curated maps and guesses never mix unseen, and every match says how
//! probable it is and why. That nothing fits is an answer, not an error.

use super::Failure;
use super::alias;
use super::mappers::NoMapper;
use super::refusals;
use super::terminology::Terminology;
use crate::mapper::{Acceptance, Ask, Candidate, MOST_CANDIDATES, Mapper, Outcome, SourceItem, Status};
use std::sync::Arc;
use tern_index::build::ConceptMapBuilder;
use tern_index::model::{Canonical, CodeSystemHeader, ConceptMapHeader, Content};
use tern_index::read::ConceptMapIndex;

/// What the canonical of an algorithmic map starts with.
pub const PREFIX: &str = "urn:tern:algorithmic-map:";

/// Candidates that are answered where nobody says how many.
pub const CANDIDATES: usize = 5;

/// The canonical of the algorithmic map to a code system.
pub fn canonical_of(target: &str) -> String {
    format!("{PREFIX}{}", alias::short_name(target).unwrap_or(target))
}

/// The target that the canonical of an algorithmic map names; `None` for any other canonical.
pub fn target_of(canonical: &str) -> Option<&str> {
    canonical.strip_prefix(PREFIX)
}

/// A request to map local codes and names.
#[derive(Debug, Clone, PartialEq)]
pub struct AlgorithmicRequest {
    /// The target: short name or URL.
    pub target: String,
    /// Its version; the latest if `None`.
    pub version: Option<String>,
    /// The source: one item for each coding, the same context in all.
    pub items: Vec<SourceItem>,
    /// Candidates wanted, at most [`MOST_CANDIDATES`].
    pub candidates: usize,
    /// From which probability on a candidate is mapped; the mapper's default if `None`.
    pub accept: Option<Acceptance>,
    /// Whether the answer is explained.
    pub explain: bool,
}

/// What the mapper says.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The item it is about.
    pub item: SourceItem,
    /// Canonical of the map.
    pub map: Canonical,
    /// Canonical of the target.
    pub target: Canonical,
    /// The outcome for the source.
    pub outcome: Outcome,
}

impl Suggestion {
    /// Candidates that are likely at all.
    pub fn candidates(&self) -> &[Candidate] {
        match self.outcome.status {
            Status::Mapped | Status::Ambiguous => &self.outcome.candidates,
            Status::Unmapped | Status::Invalid => &[],
        }
    }
}

/// The mapper to a target.
pub fn mapper(terminology: &Terminology, name: &str, version: Option<&str>) -> Result<Arc<Mapper>, Failure> {
    terminology.mapper(name, version).map_err(|reason| match reason {
        NoMapper::Unresolved(unresolved) => refusals::unknown_system(&unresolved),
        NoMapper::Failed(reason) => refusals::no_mapper(name, &reason),
        NoMapper::Stopped(stopped) => stopped.into(),
    })
}

/// What the service asks of a mapper.
pub fn ask(candidates: usize, accept: Option<Acceptance>, explain: bool) -> Result<Ask, Failure> {
    let default = Ask::default();
    let accept = accept.unwrap_or(default.accept);
    if !accept.is_sane() {
        return Err(refusals::out_of_range(accept.parts().0, 0.0, 1.0));
    }
    if !(1..=MOST_CANDIDATES).contains(&candidates) {
        return Err(refusals::out_of_range("candidates", 1.0, MOST_CANDIDATES as f32));
    }
    Ok(Ask {
        accept,
        keep: candidates,
        explain,
    })
}

/// Maps the items of a request; of several the one that is decided, or else the likeliest, is answered.
pub fn suggest(terminology: &Terminology, request: &AlgorithmicRequest) -> Result<Suggestion, Failure> {
    let ask = ask(request.candidates, request.accept, request.explain)?;
    let mapper = mapper(terminology, &request.target, request.version.as_deref())?;
    let probability = |outcome: &Outcome| outcome.candidates.first().map_or(0.0, |first| first.probability);
    let mut best: Option<(&SourceItem, Outcome)> = None;
    for item in &request.items {
        let outcome = mapper.answer(item, ask);
        let rank = |outcome: &Outcome| (outcome.status != Status::Mapped, outcome.status);
        // Of equal ones the first stays: a codeable concept lists what it was coded as first.
        let better = best.as_ref().is_none_or(|(_, other)| {
            let (new, old) = (rank(&outcome), rank(other));
            new < old || (new == old && probability(&outcome) > probability(other))
        });
        if better {
            best = Some((item, outcome));
        }
    }
    let Some((item, outcome)) = best else {
        return Err(refusals::nothing_to_map());
    };
    let header = mapper.target().header();
    Ok(Suggestion {
        item: item.clone(),
        map: Canonical::new(canonical_of(&header.url), header.version.clone()),
        target: Canonical::new(&header.url, header.version.clone()),
        outcome,
    })
}

/// Describes the algorithmic map to a code system as a concept map without rows.
pub fn describe(target: &CodeSystemHeader) -> Option<ConceptMapIndex> {
    let name = alias::short_name(&target.url)
        .or(target.name.as_deref())
        .unwrap_or(&target.url);
    let identifier: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let header = ConceptMapHeader {
        url: canonical_of(&target.url),
        version: target.version.clone(),
        id: Some(id_of(target)),
        name: Some(format!("Algorithmic{identifier}")),
        title: Some(format!("Local codes and names to {name}, by algorithm")),
        status: Some("active".into()),
        publisher: Some("tern".into()),
        description: Some(format!(
            "Rows are made when they are asked for, with a probability and an explanation for each match; none is reviewed. Target: {}",
            target.url
        )),
        target_scope: target.value_set.clone(),
        loader: "mapper".into(),
        ..ConceptMapHeader::default()
    };
    // A map without rows is always built and opened.
    let (header, files, _) = ConceptMapBuilder::new(header).finish().ok()?;
    ConceptMapIndex::open(header, &files).ok()
}

/// The id under which it is read.
fn id_of(target: &CodeSystemHeader) -> String {
    let name = alias::short_name(&target.url).unwrap_or(&target.url);
    let version = target.version.as_deref().unwrap_or("");
    let version = version.rsplit('/').next().unwrap_or("");
    let joined = if version.is_empty() {
        format!("algorithmic-{name}")
    } else {
        format!("algorithmic-{name}-{version}")
    };
    let id = joined
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    id.take(64).collect()
}

/// Whether a code system may be the target of an algorithmic map: it lists its codes.
pub fn is_target(header: &CodeSystemHeader) -> bool {
    matches!(header.content, Content::Complete | Content::Fragment)
}

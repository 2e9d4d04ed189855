//! Names to any code system by its terms: diagnoses, procedures, and whatever has no domain of its own.
//!
//! A name is compared with terms by classes of words ([`synonyms`]), by the organs and processes that compounds name
//! ([`morphology`]), and by looks, each as a feature of its own ([`features`]); terms are found by [`index`]. Words that
//! say little ("unspecified", "NOS", "initial encounter") count little. Sides, negations, stages and numbers that exclude
//! each other are conflicts ([`qualifiers`]): such a candidate may be right, but is never accepted by itself.
//!
//! It reads no code: legacy codes go through concept maps before a name is looked at.

mod compare;
mod features;
mod index;
mod lexicon;
mod marks;
mod morphology;
mod qualifiers;
mod query;
mod synonyms;
mod targets;
#[cfg(test)]
mod tests;

use super::explain::{Constraint, Verdict};
use super::index::{MatchIndex, TermText};
use super::item::{Role, SourceItem};
use super::lexical::{self, AlignedWords, Lexical};
use super::rank::{Evidence, Model};
use super::renderings::{Renderings, Unmatched};
use super::vectors::Embedding;
use super::{Domain, Scored};
use compare::{Match, compare};
use features::Found;
use index::TermIndex;
use qualifiers::Qualifiers;
use query::Query;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use synonyms::SYNONYMS;
use targets::{Target, Targets};
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;

/// Terms of a reading that are compared.
const TERMS: usize = 320;
/// Candidates that are ranked.
const CANDIDATES: usize = 100;
/// Of the candidates, those that are taken for their place beside others.
const RELATIVES: usize = 40;
/// Candidates whose relatives are taken.
const KIN: usize = 16;
/// Other readings of a name.
const READINGS: usize = 3;

/// The domain of terms.
pub(super) struct Terms {
    index: TermIndex,
    targets: Targets,
    model: Model,
    /// Displays in the space of an embedding, if there is one.
    meaning: OnceLock<MatchIndex>,
}

impl Terms {
    /// Builds the domain for an open code system; `model` is the table of weights.
    pub fn new(system: &CodeSystemIndex, model: &str) -> Self {
        let index = TermIndex::build(system);
        let targets = Targets::read(system, &index);
        Self {
            model: Model::parse(model, &features::names()),
            index,
            targets,
            meaning: OnceLock::new(),
        }
    }

    fn target(&self, concept: u32) -> Option<&Target> {
        self.targets.get(concept).filter(|target| target.usable)
    }

    /// Later encounters are only for names that say so: there are a dozen of them for each injury.
    fn is_candidate(&self, concept: u32, stated: &Qualifiers) -> bool {
        let target = self.target(concept);
        target.is_some_and(|target| stated.is_later_encounter() || !target.is_later_encounter())
    }

    /// Adds concepts that only an embedding finds, behind all others: their place is not learned.
    fn add_near(&self, readings: &[Vec<String>], queries: &[Query], found: &mut Vec<(u32, Match)>) {
        let Some(meaning) = self.meaning.get() else { return };
        let stated = features::stated(queries);
        for (concept, reading, vector) in lexical::near(meaning, readings) {
            let known = found.iter().any(|(other, _)| *other == concept);
            let query = queries
                .get(usize::from(reading))
                .filter(|_| !known && self.is_candidate(concept, &stated));
            if let Some(query) = query {
                let term = self.index.display(concept);
                let matched = compare(&self.index, query, term, self.index.cosine(query, term), reading);
                found.push((concept, Match { vector, ..matched }));
            }
        }
    }

    /// Concepts with their best match, best first.
    fn gather(&self, queries: &[Query]) -> Vec<(u32, Match)> {
        let mut best: HashMap<u32, Match> = HashMap::new();
        let stated = features::stated(queries);
        let mut keep = |concept: u32, matched: Match| {
            if !self.is_candidate(concept, &stated) {
                return;
            }
            let kept = best.entry(concept).or_insert(matched);
            if matched.rank() > kept.rank() {
                *kept = matched;
            }
        };
        for (reading, query) in (0u8..).zip(queries) {
            for hit in self.index.search(query, TERMS) {
                let matched = compare(&self.index, query, hit.term, hit.cosine, reading);
                for (concept, kind) in self.index.concepts(hit.term) {
                    keep(*concept, Match { kind: *kind, ..matched });
                }
            }
        }
        let mut found: Vec<(u32, Match)> = best.into_iter().collect();
        order(&mut found);
        self.add_relatives(queries, &stated, &mut found);
        found.truncate(CANDIDATES);
        for (_, matched) in &mut found {
            if let Some(query) = queries.get(usize::from(matched.reading)) {
                compare::closer(&self.index, query, matched);
            }
        }
        order(&mut found);
        found
    }

    /// Puts the residual codes around the best candidates ("other", "unspecified", and what is above) among the candidates:
    /// they are the answer to names that no term has.
    fn add_relatives(&self, queries: &[Query], stated: &Qualifiers, found: &mut Vec<(u32, Match)>) {
        let mut known: HashSet<u32> = found
            .iter()
            .take(CANDIDATES - RELATIVES)
            .map(|(concept, _)| *concept)
            .collect();
        let mut added: Vec<(u32, Match)> = Vec::new();
        for (concept, matched) in found.iter().take(KIN) {
            for relative in self.targets.relatives(*concept) {
                if added.len() == RELATIVES {
                    break;
                }
                if known.insert(*relative)
                    && let Some(query) = queries.get(usize::from(matched.reading))
                    && self.is_candidate(*relative, stated)
                {
                    let term = self.index.display(*relative);
                    let cosine = self.index.cosine(query, term);
                    added.push((*relative, compare(&self.index, query, term, cosine, matched.reading)));
                }
            }
        }
        found.retain(|(concept, _)| !added.iter().any(|(other, _)| other == concept));
        found.truncate(CANDIDATES - added.len());
        found.extend(added);
    }
}

/// What forbids accepting a candidate by itself.
fn conflict(contradicts: bool, matched: &Match) -> Option<&'static str> {
    if contradicts {
        Some("side, stage or number")
    } else if matched.denied > 0.0 {
        Some("what is said to be absent")
    } else {
        (matched.source_conflicts > 0.0).then_some("number")
    }
}

fn order(found: &mut [(u32, Match)]) {
    found.sort_by(|left, right| right.1.rank().total_cmp(&left.1.rank()).then(left.0.cmp(&right.0)));
}

impl Domain for Terms {
    fn candidates(&self, item: &SourceItem) -> Vec<Scored> {
        let name = Name::read(item);
        let queries = name.queries(&self.index, &self.model.renderings);
        let mut gathered = self.gather(&queries);
        self.add_near(&name.readings, &queries, &mut gathered);
        let found = Found::new(
            &self.index,
            &self.targets,
            (item.get(Role::Name), &name.text),
            &queries,
            &gathered,
        );
        let mut scored: Vec<Scored> = gathered
            .iter()
            .enumerate()
            .filter_map(|(place, (concept, matched))| {
                let target = self.target(*concept)?;
                let features = found.features(place, target, matched);
                Some(Scored {
                    concept: Ordinal(*concept),
                    score: self.model.score(&features),
                    features,
                    lexical: matched.lexical(),
                    evidence: Evidence {
                        cosine: matched.cosine,
                        source_coverage: matched.source_alike,
                        target_coverage: matched.target_alike,
                        conflicts: matched.source_conflicts + matched.target_conflicts,
                        ..Evidence::default()
                    },
                    exact: !name.changed && matched.exact && matched.reading == 0 && matched.surface > 0.999,
                    conflict: conflict(found.contradicts(target), matched),
                })
            })
            .collect();
        super::sort(&mut scored);
        scored
    }

    fn is_target(&self, concept: Ordinal) -> bool {
        self.target(concept.0).is_some()
    }

    fn calibration_features(&self) -> Vec<u16> {
        features::of_calibration()
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    fn unmatched(&self, item: &SourceItem, concepts: &[Ordinal]) -> Vec<Unmatched> {
        let name = Name::read(item);
        let words = name.readings.first().map_or(&[][..], Vec::as_slice);
        let classes: Vec<String> = words.iter().map(|word| SYNONYMS.class(word)).collect();
        let source: BTreeSet<String> = classes.iter().cloned().collect();
        let apart = |answer: &Ordinal| {
            let tokens = self.index.tokens(self.index.display(answer.0)).iter();
            let target: BTreeSet<String> = tokens
                .map(|token| SYNONYMS.class(self.index.lexicon.text(token.word)))
                .collect();
            let is_there = |pair: &&[String]| pair.iter().all(|class| target.contains(class));
            let pairs = classes.windows(2).filter(|pair| !is_there(pair)).map(|pair| pair.join(" "));
            Unmatched {
                answer: *answer,
                source: source.difference(&target).cloned().chain(pairs).collect(),
                target: target.difference(&source).cloned().collect(),
            }
        };
        concepts
            .iter()
            .filter(|concept| self.is_target(**concept))
            .map(apart)
            .collect()
    }

    fn feature_names(&self) -> Vec<String> {
        features::names()
    }

    fn difference(&self, first: Ordinal, second: Ordinal) -> Option<&'static str> {
        let (first, second) = (self.target(first.0)?, self.target(second.0)?);
        let mut axes = first.qualifiers.axes(&second.qualifiers).into_iter();
        axes.find(|(_, left, right)| left != right).map(|(axis, ..)| axis)
    }

    fn index(&self) -> &MatchIndex {
        self.index.lexicon.spelling()
    }

    fn is_embedded(&self) -> bool {
        self.meaning.get().is_some()
    }

    fn embed(&self, system: &CodeSystemIndex, embedding: Arc<Embedding>) {
        let display = |concept: u32| {
            system
                .display(Ordinal(concept))
                .and_then(|display| TermText::new(&display, 0))
        };
        let meaning = MatchIndex::build(system.len() as u32, |concept| display(concept).into_iter().collect());
        meaning.embed(embedding);
        // A second embedding of one domain cannot happen: it is prepared once.
        let _ = self.meaning.set(meaning);
    }

    fn align(&self, reading: &[String], lexical: &Lexical) -> AlignedWords {
        compare::align(
            &self.index,
            &Query::new(&self.index, &self.model.renderings, reading, &[]),
            lexical.term,
        )
    }

    fn readings(&self, item: &SourceItem) -> Vec<Vec<String>> {
        Name::read(item).readings
    }

    fn constraints(&self, _system: &CodeSystemIndex, item: &SourceItem, concept: Ordinal) -> Vec<Constraint> {
        let Some(target) = self.targets.get(concept.0) else {
            return Vec::new();
        };
        let stated = features::stated(&Name::read(item).queries(&self.index, &self.model.renderings));
        let axes = stated.axes(&target.qualifiers).into_iter();
        axes.map(|(axis, ours, theirs)| {
            let same = ours
                .split(' ')
                .any(|word| !word.is_empty() && theirs.split(' ').any(|other| other == word));
            let verdict = Verdict::of(same, !ours.is_empty() && !theirs.is_empty());
            Constraint::new(axis, ours, theirs, verdict)
        })
        .collect()
    }

    fn axis_value(&self, _system: &CodeSystemIndex, axis: &str, concept: Ordinal) -> Option<String> {
        let own = self.targets.get(concept.0)?.qualifiers;
        let axes = own.axes(&own).into_iter();
        Some(
            axes.filter(|(known, ..)| *known == axis)
                .map(|(_, value, _)| value)
                .collect::<Vec<_>>()
                .join(" "),
        )
    }
}

/// A name with its readings.
struct Name {
    /// As it is compared.
    text: String,
    /// It was rewritten as ICD-10-CM would have it.
    changed: bool,
    /// Words of each reading, the name itself first.
    readings: Vec<Vec<String>>,
    /// Words that are said to be absent.
    absent: Vec<String>,
}

impl Name {
    fn read(item: &SourceItem) -> Self {
        let written = item.get(Role::Name);
        let modern = synonyms::modern(written);
        let changed = modern.is_some();
        let text = modern.unwrap_or_else(|| written.to_owned());
        let pieces = query::pieces(&text);
        let absent = pieces
            .iter()
            .filter(|piece| piece.absent)
            .map(|piece| piece.text.clone())
            .collect();
        let source: Vec<String> = pieces.into_iter().map(|piece| piece.text).collect();
        let rewritten = SYNONYMS.rewritings(&source, READINGS);
        Self {
            readings: std::iter::once(source).chain(rewritten).collect(),
            text,
            changed,
            absent,
        }
    }

    fn queries(&self, index: &TermIndex, renderings: &Renderings) -> Vec<Query> {
        let query = |reading: &Vec<String>| Query::new(index, renderings, reading, &self.absent);
        let queries = self.readings.iter().map(query);
        queries.collect()
    }
}

//! Drug names to RxNorm: ingredients and brands by words and through the graph, then strength, form, route and release,
//! at the level of detail that the source supports.
//!
//! [`source`] understands a row, [`target`] a concept; [`features`] compares the two. Which term type is right when
//! strength, form or brand are (not) stated is learned, as is which dose form a stated form stands for.

mod explain;
mod features;
mod form;
mod local;
mod names;
mod source;
mod strength;
mod target;
#[cfg(test)]
mod tests;

use super::explain::Constraint;
use super::index::MatchIndex;
use super::item::SourceItem;
use super::lexical::{self, Lexical};
use super::rank::{Features, Model};
use super::{Domain, Scored};
use features::{Layout, View};
use source::Source;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use target::{Name, Target, Targets};
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;

/// Terms looked at for each reading of a name.
const TERMS: usize = 200;
/// Candidates that the trained weights rank.
const CANDIDATES: usize = 80;
/// Share of the best match in words that a candidate must reach, unless it has the ingredients named: what only shares
/// "sodium" with the name is not worth comparing.
const LEAST_LIKE_BEST: f32 = 0.3;
/// Candidates by their ingredients alone.
const JOINED: usize = 600;

/// Domains get numbers, so that what a thread keeps of one is never taken for another's.
static DOMAINS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static LAST_READ: RefCell<Option<(u64, SourceItem, Rc<Source>)>> = const { RefCell::new(None) };
}

/// The domain: drugs, target RxNorm.
pub(super) struct Drugs {
    identity: u64,
    targets: Targets,
    layout: Layout,
    rough: Model,
    model: Model,
}

impl Drugs {
    /// Builds the domain for an open RxNorm index.
    pub fn new(system: &CodeSystemIndex) -> Self {
        let layout = Layout::new();
        let names = layout.names();
        Self {
            identity: DOMAINS.fetch_add(1, Ordering::Relaxed),
            targets: Targets::build(system),
            layout,
            rough: Model::parse(include_str!("../models/drugs_rough.tsv"), &names),
            model: Model::parse(include_str!("../models/drugs.tsv"), &names),
        }
    }

    /// A row, understood. Ranking and explanation ask for the same row in turn, so a thread keeps its last one.
    fn read(&self, item: &SourceItem) -> Rc<Source> {
        LAST_READ.with_borrow_mut(|last| match last {
            Some((domain, known, source)) if *domain == self.identity && known == item => Rc::clone(source),
            _ => {
                let source = Rc::new(Source::read(item, &self.targets, &self.layout.stated));
                *last = Some((self.identity, item.clone(), Rc::clone(&source)));
                source
            }
        })
    }

    fn get(&self, concept: u32) -> Option<&Target> {
        self.targets.all.get(concept as usize)
    }

    /// The features of a candidate; `best` is the rank of the best match in words.
    fn compare(&self, view: &View, lexical: &Lexical, best: f32, features: &mut Features) {
        view.features(&self.layout, &self.targets.index, lexical, best - lexical.rank(), features);
    }

    /// Concepts that share words with the source, and those that have the ingredients which its name resolves to: a brand
    /// shares no word with the clinical drugs that it contains.
    fn gather(&self, source: &Source) -> Vec<(u32, Lexical)> {
        let mut gathered = lexical::gather(&self.targets.index, &source.readings, TERMS);
        let joined = self.targets.by_ingredients.get(&source.named.ingredients);
        let known = gathered.len();
        for concept in joined.into_iter().flatten().take(JOINED) {
            let found = gathered
                .get(..known)
                .map(|found| found.binary_search_by_key(concept, |(other, _)| *other));
            if found.is_none_or(|found| found.is_err()) {
                gathered.push((*concept, Lexical::default()));
            }
        }
        gathered
    }
}

impl Domain for Drugs {
    fn candidates(&self, item: &SourceItem) -> Vec<Scored> {
        let source = self.read(item);
        let gathered = self.gather(&source);
        let best = gathered.iter().map(|(_, lexical)| lexical.rank()).fold(0.0, f32::max);
        let likely = |target: &Target, lexical: &Lexical| {
            lexical.rank() >= best * LEAST_LIKE_BEST
                || !target.ingredients.is_empty() && target.ingredients == source.named.ingredients
        };
        let mut features = Features::new();
        let mut rough: Vec<(f32, u32, Lexical)> = gathered
            .into_iter()
            .filter_map(|(concept, lexical)| {
                let target = self.get(concept).filter(|target| target.usable && likely(target, &lexical))?;
                self.compare(&View::new(&source, target), &lexical, best, &mut features);
                Some((self.rough.score(&features), concept, lexical))
            })
            .collect();
        rough.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        lexical::shorten(&mut rough, CANDIDATES, |(_, _, lexical)| lexical);
        let mut scored: Vec<Scored> = rough
            .into_iter()
            .filter_map(|(_, concept, lexical)| {
                let view = View::new(&source, self.get(concept)?);
                self.compare(&view, &lexical, best, &mut features);
                let conflict = view.conflict(&lexical);
                Some(Scored {
                    lexical,
                    concept: Ordinal(concept),
                    score: self.model.score(&features),
                    features: features.clone(),
                    evidence: view.evidence(&lexical),
                    exact: lexical.exact && lexical.reading == 0 && conflict.is_none(),
                    conflict,
                })
            })
            .collect();
        super::sort(&mut scored);
        scored
    }

    fn is_target(&self, concept: Ordinal) -> bool {
        self.get(concept.0).is_some_and(|target| target.usable)
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

    fn feature_names(&self) -> Vec<String> {
        self.layout.names()
    }

    fn difference(&self, first: Ordinal, second: Ordinal) -> Option<&'static str> {
        let (first, second) = (self.get(first.0)?, self.get(second.0)?);
        if first.ingredients != second.ingredients {
            Some("ingredients")
        } else if first.found.strengths != second.found.strengths {
            Some("strength")
        } else if first.form != second.form || first.release != second.release {
            Some("form")
        } else if first.brand != second.brand {
            Some("brand")
        } else if first.found.volume != second.found.volume {
            Some("quantity")
        } else if first.dose_form != second.dose_form {
            Some("form")
        } else {
            None
        }
    }

    fn index(&self) -> &MatchIndex {
        &self.targets.index
    }

    fn readings(&self, item: &SourceItem) -> Vec<Vec<String>> {
        self.read(item).readings.clone()
    }

    fn constraints(&self, system: &CodeSystemIndex, item: &SourceItem, concept: Ordinal) -> Vec<Constraint> {
        let name = Name::of_target(&system.display(concept).unwrap_or_default());
        let source = self.read(item);
        let target = self.get(concept.0);
        target.map_or_else(Vec::new, |target| {
            explain::constraints(&View::new(&source, target), item, &name)
        })
    }

    fn axis_value(&self, system: &CodeSystemIndex, axis: &str, concept: Ordinal) -> Option<String> {
        let name = Name::of_target(&system.display(concept)?);
        explain::axis_value(self.get(concept.0)?, &name, axis)
    }
}

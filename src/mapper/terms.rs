//! Names to any code system by its terms: diagnoses, procedures, and whatever has no domain of its own.
//!
//! A source is read as it stands and without qualifiers that say nothing ("unspecified", "NOS", "initial encounter").
//! Sides, negations, stages and numbers that only one side has are conflicts: such a candidate may be right, but is
//! never accepted by itself.

use super::explain::{Constraint, Verdict};
use super::index::{MatchIndex, TermText};
use super::item::{Role, SourceItem};
use super::lexical::{self, Lexical};
use super::rank::{Evidence, Features, Model};
use super::words::words;
use super::{Domain, Scored};
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::CodeSystemIndex;

const TERMS: usize = 400;
const CANDIDATES: usize = 64;

/// Words that may be dropped from a name of a condition without changing it.
const QUALIFIERS: &[&str] = &[
    "unspecified",
    "nos",
    "nec",
    "other",
    "specified",
    "elsewhere",
    "classified",
    "not",
    "initial",
    "encounter",
    "disorder",
    "disease",
    "syndrome",
    "condition",
    "finding",
    "type",
    "site",
    "organism",
    "without",
    "mention",
    "complication",
];

/// Words that only appear together with one of a kind: two different ones of a group exclude each other. With what
/// the group is about.
const OPPOSITES: &[(&str, &[&str])] = &[
    ("laterality", &["left", "right", "bilateral"]),
    ("course", &["acute", "chronic"]),
    ("position", &["upper", "lower"]),
    ("order", &["primary", "secondary"]),
    ("behaviour", &["benign", "malignant"]),
    ("sex", &["male", "female"]),
    ("wound", &["open", "closed"]),
    ("severity", &["mild", "moderate", "severe"]),
    ("origin", &["congenital", "acquired"]),
    ("negation", &["with", "without"]),
    ("stage", &["i", "ii", "iii", "iv", "v"]),
    ("number", &["1", "2", "3", "4", "5"]),
];

const NAMES: [&str; 18] = [
    "cosine",
    "source_coverage",
    "target_coverage",
    "exact",
    "exact_reading",
    "source_conflicts",
    "target_conflicts",
    "kind_synonym",
    "kind_full",
    "kind_related",
    "reading_reduced",
    "behind_best",
    "opposite",
    "leaf",
    "depth_words",
    "unspecified_target",
    "other_target",
    "full_cosine",
];

/// The domain of terms.
pub(super) struct Terms {
    index: MatchIndex,
    concepts: Vec<Target>,
    model: Model,
}

#[derive(Debug, Default)]
struct Target {
    usable: bool,
    leaf: bool,
    words: Vec<u32>,
}

impl Terms {
    /// Builds the domain for an open code system; `model` is the table of weights.
    pub fn new(system: &CodeSystemIndex, model: &str) -> Self {
        let index = MatchIndex::build(system.len() as u32, |concept| texts(system, Ordinal(concept)));
        let concepts = (0..system.len() as u32)
            .map(|concept| {
                let concept = Ordinal(concept);
                Target {
                    usable: system.is_active(concept) && !system.is_not_selectable(concept),
                    leaf: system.children(concept).len() == 0,
                    words: index.bag(&words(&system.display(concept).unwrap_or_default())),
                }
            })
            .collect();
        Self {
            index,
            concepts,
            model: Model::parse(model, &Self::names()),
        }
    }

    fn names() -> Vec<String> {
        NAMES.iter().map(|name| (*name).to_owned()).collect()
    }

    fn features(&self, source: &[String], bag: &[u32], target: &Target, lexical: &Lexical, behind: f32) -> (Features, bool) {
        let has = |word: &str| self.index.find_word(word).is_some_and(|word| target.words.contains(&word));
        let opposite = OPPOSITES.iter().any(|(_, group)| {
            let ours = group.iter().any(|word| source.iter().any(|own| own == word));
            let theirs = group.iter().any(|word| has(word));
            let shared = group.iter().any(|word| has(word) && source.iter().any(|own| own == word));
            ours && theirs && !shared
        });
        let flag = |truth: bool| f32::from(u8::from(truth));
        let values = [
            lexical.cosine,
            lexical.source_coverage,
            lexical.target_coverage,
            flag(lexical.exact),
            flag(lexical.exact && lexical.reading == 0 && lexical.kind == 0),
            lexical.source_conflicts.min(3.0),
            lexical.target_conflicts.min(3.0),
            flag(lexical.kind == DesignationKind::Synonym as u8),
            flag(lexical.kind == DesignationKind::FullySpecifiedName as u8),
            flag(lexical.kind == DesignationKind::Related as u8),
            flag(lexical.reading > 0),
            behind,
            flag(opposite),
            flag(target.leaf),
            (target.words.len() as f32 + 1.0).ln() / 3.0,
            flag(has("unspecified") && !source.iter().any(|word| word == "unspecified")),
            flag(has("other") && !source.iter().any(|word| word == "other")),
            self.index.cosine(bag, &target.words),
        ];
        let features = (0u16..).zip(values).filter(|(_, value)| *value != 0.0).collect();
        (features, opposite)
    }
}

fn texts(system: &CodeSystemIndex, concept: Ordinal) -> Vec<TermText> {
    let mut texts = Vec::new();
    for number in system.designation_numbers(concept) {
        let kind = system.designation_kind(number);
        if kind == DesignationKind::Definition || !system.designation_is_active(number) {
            continue;
        }
        let text = system.designation_text(number);
        texts.extend(TermText::new(&text, kind as u8));
        // SNOMED's semantic tag and the qualifiers of classifications keep a plain name from being equal.
        let reduced = without_qualifiers(&words(text.split(" (").next().unwrap_or_default()));
        if !reduced.is_empty() {
            texts.push(TermText {
                words: reduced,
                kind: kind as u8,
            });
        }
    }
    texts
}

fn without_qualifiers(all: &[String]) -> Vec<String> {
    let kept = all.iter().filter(|word| !QUALIFIERS.contains(&word.as_str()));
    kept.cloned().collect()
}

/// A name as it stands, and without qualifiers where that leaves something else.
fn readings(all: &[String]) -> Vec<Vec<String>> {
    let reduced = without_qualifiers(all);
    let mut readings = vec![all.to_vec()];
    if !reduced.is_empty() && reduced != all {
        readings.push(reduced);
    }
    readings
}

impl Domain for Terms {
    fn candidates(&self, item: &SourceItem) -> Vec<Scored> {
        let all = words(item.get(Role::Name));
        let readings = readings(&all);
        let bag = self.index.bag(&all);
        let mut gathered = lexical::gather(&self.index, &readings, TERMS);
        gathered.retain(|(concept, _)| self.concepts.get(*concept as usize).is_some_and(|target| target.usable));
        gathered.sort_by(|left, right| right.1.rank().total_cmp(&left.1.rank()).then(left.0.cmp(&right.0)));
        lexical::shorten(&mut gathered, CANDIDATES, |(_, lexical)| lexical);
        let best = gathered.first().map_or(0.0, |(_, lexical)| lexical.rank());
        let mut scored: Vec<Scored> = gathered
            .into_iter()
            .filter_map(|(concept, lexical)| {
                let target = self.concepts.get(concept as usize)?;
                let (features, opposite) = self.features(&all, &bag, target, &lexical, best - lexical.rank());
                Some(Scored {
                    concept: Ordinal(concept),
                    score: self.model.score(&features),
                    features,
                    lexical,
                    evidence: Evidence::of(&lexical, false, false),
                    exact: lexical.exact && lexical.reading == 0,
                    conflict: opposite.then_some("side, stage or number"),
                })
            })
            .collect();
        super::sort(&mut scored);
        scored
    }

    fn is_target(&self, concept: Ordinal) -> bool {
        self.concepts.get(concept.0 as usize).is_some_and(|target| target.usable)
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    fn feature_names(&self) -> Vec<String> {
        Self::names()
    }

    fn difference(&self, _first: Ordinal, _second: Ordinal) -> Option<&'static str> {
        None
    }

    fn index(&self) -> &MatchIndex {
        &self.index
    }

    fn readings(&self, item: &SourceItem) -> Vec<Vec<String>> {
        readings(&words(item.get(Role::Name)))
    }

    fn constraints(&self, system: &CodeSystemIndex, item: &SourceItem, concept: Ordinal) -> Vec<Constraint> {
        let (source, target) = (
            words(item.get(Role::Name)),
            words(&system.display(concept).unwrap_or_default()),
        );
        let of_group = |group: &[&str], all: &[String]| -> Vec<String> {
            let found = all.iter().filter(|word| group.contains(&word.as_str()));
            found.cloned().collect()
        };
        let mut constraints = Vec::new();
        for (axis, group) in OPPOSITES {
            let (ours, theirs) = (of_group(group, &source), of_group(group, &target));
            if !ours.is_empty() || !theirs.is_empty() {
                let same = ours.iter().any(|word| theirs.contains(word));
                let verdict = Verdict::of(same, !ours.is_empty() && !theirs.is_empty());
                constraints.push(Constraint::new(axis, ours.join(" "), theirs.join(" "), verdict));
            }
        }
        constraints
    }

    fn axis_value(&self, _system: &CodeSystemIndex, _axis: &str, _concept: Ordinal) -> Option<String> {
        None
    }
}

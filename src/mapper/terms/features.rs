//! What is said of a candidate, as numbers: how its best term matches, which qualifiers only one side has, where it
//! stands in the hierarchy, and how the other candidates stand to it.

use super::compare::Match;
use super::index::TermIndex;
use super::marks::{self, MARKS};
use super::qualifiers::{GROUPS, Qualifiers};
use super::query::Query;
use super::synonyms::SYNONYMS;
use super::targets::{Target, Targets, text_grams};
use crate::mapper::index::common;
use crate::mapper::rank::Features;
use std::collections::HashMap;
use std::sync::LazyLock;
use tern_index::model::DesignationKind;

/// Features that are not one for each group of qualifiers.
const NAMES: &[&str] = &[
    "cosine",
    "source",
    "target_share",
    "source_parts_gain",
    "target_parts_gain",
    "source_alike_gain",
    "target_alike_gain",
    "context_gain",
    "surface",
    "source_missing",
    "target_missing",
    "extra",
    "extra_two",
    "pairs",
    "exact",
    "content",
    "exact_surface",
    "source_conflicts",
    "target_conflicts",
    "kind_synonym",
    "kind_full",
    "kind_related",
    "rewritten",
    "behind_cosine",
    "behind_source",
    "behind_target",
    "first",
    "place",
    "likeness",
    "likeness_context",
    "opposite",
    "leaf",
    "children",
    "depth",
    "words",
    "votes",
    "votes_near",
    "parent_covers",
    "parent_is_same",
    "extension",
    "open_other",
    "open_unspecified",
    "open_leaf",
    "open_extension",
    "open_votes",
    "silent_unspecified",
    "silent_leaf",
    "plain_leaf",
    "head",
    "tail",
    "head_back",
    "parent_first",
    "parent_place",
    "child_of_first",
    "first_is_kin",
    "other_of_covering",
    "other_of_covering_open",
    "unspecified_of_covering",
    "unspecified_of_covering_open",
    "leaf_of_covering",
    "extension_of_covering",
    "extension_exact",
    "leaf_content",
    "header_content",
    "leaf_words",
    "leaf_commas",
    "extension_words",
    "extension_commas",
    "residual_votes",
    "group_gain",
    "group_behind",
    "open_group",
    "block_share",
    "block_behind",
    "chapter_share",
    "chapter_behind",
    "residual_group",
    "nos_unspecified",
    "nos_other",
    "nos_without",
    "nos_extra",
    "nos_content",
    "product",
    "source_square",
    "target_square",
    "cosine_square",
    "behind_product",
    "open_header",
    "covering_leaf_without",
    "denied",
    "denied_any",
    "source_rendered",
    "target_rendered",
    "rendered_lift",
    "rendered_best",
    "behind_rendered",
    "source_all",
    "target_all",
    "product_all",
    "behind_product_all",
];

/// Traits of a candidate that are also weighed beside each mark of how the name is written: features of their own.
const TRAITS: &[&str] = &[
    "leaf",
    "extension",
    "children",
    "depth",
    "parent_is_same",
    "open_leaf",
    "leaf_content",
    "header_content",
    "open_unspecified",
    "open_other",
    "covering_leaf_without",
    "extension_exact",
    "votes",
    "exact",
    "target_share",
    "extra",
    "target_only.unspecified",
    "target_only.other",
    "target_only.specified",
    "target_only.initial",
];

/// The names of all features, by number.
pub fn names() -> Vec<String> {
    let plain = NAMES.iter().map(|name| (*name).to_owned());
    let first = |group: &&[&'static str]| group.first().copied().unwrap_or_default();
    let only_target = GROUPS.iter().map(move |group| format!("target_only.{}", first(group)));
    let only_source = GROUPS.iter().map(move |group| format!("source_only.{}", first(group)));
    let leaf = GROUPS.iter().map(move |group| format!("leaf_if.{}", first(group)));
    let extension = GROUPS.iter().map(move |group| format!("extension_if.{}", first(group)));
    let beside = MARKS
        .iter()
        .flat_map(|mark| TRAITS.iter().map(move |own| format!("mark.{mark}.{own}")));
    plain
        .chain(only_target)
        .chain(only_source)
        .chain(leaf)
        .chain(extension)
        .chain(beside)
        .collect()
}

/// Features of one candidate before those of marks and traits.
const PLAIN: usize = NAMES.len() + 4 * GROUPS.len();

/// The place among the traits of each feature that is one.
static TRAIT_PLACES: LazyLock<Vec<Option<u16>>> = LazyLock::new(|| {
    let known = names();
    let places = known.iter().take(PLAIN).map(|name| TRAITS.iter().position(|own| own == name));
    places.map(|place| place.map(|place| place as u16)).collect()
});

/// The features that the calibration looks at: all that are no indicators of a group of words.
pub fn of_calibration() -> Vec<u16> {
    (0..NAMES.len() as u16).collect()
}

/// The qualifiers that a name states, in any reading.
pub fn stated(queries: &[Query]) -> Qualifiers {
    let classes: Vec<String> = queries
        .iter()
        .flat_map(|query| query.words.iter().map(|word| SYNONYMS.class(&word.text)))
        .collect();
    Qualifiers::of(classes.iter().map(String::as_str))
}

/// What is known of all candidates of a source together.
pub struct Found<'i> {
    index: &'i TermIndex,
    targets: &'i Targets,
    queries: &'i [Query],
    qualifiers: Qualifiers,
    grams: Vec<u32>,
    best_cosine: f32,
    best_source: f32,
    best_target: f32,
    best_product: f32,
    best_rendered: f32,
    best_product_all: f32,
    marks: Vec<(u16, f32)>,
    votes: HashMap<u32, f32>,
    near: HashMap<u32, f32>,
    covers: HashMap<u32, f32>,
    shares: HashMap<u32, f32>,
    best_block: f32,
    best_chapter: f32,
    group_sources: HashMap<u32, f32>,
    best_group: f32,
    places: HashMap<u32, usize>,
    first: Option<u32>,
    commas: f32,
    length: f32,
    head: Option<u32>,
    tail: Option<u32>,
}

/// How steeply votes fall with the rank of a candidate.
const STEEPNESS: f32 = 12.0;

impl<'i> Found<'i> {
    /// Looks at all candidates, best first, of a name as it is written and as it is compared.
    pub fn new(
        index: &'i TermIndex,
        targets: &'i Targets,
        (written, name): (&str, &str),
        queries: &'i [Query],
        gathered: &[(u32, Match)],
    ) -> Self {
        let most = |value: fn(&Match) -> f32| gathered.iter().map(|(_, matched)| value(matched)).fold(0.0f32, f32::max);
        let top = most(Match::rank);
        let mut votes: HashMap<u32, f32> = HashMap::new();
        let mut near: HashMap<u32, f32> = HashMap::new();
        let mut total = 0.0f32;
        for (concept, matched) in gathered {
            let Some(target) = targets.get(*concept) else { continue };
            let share = (STEEPNESS * (matched.rank() - top)).exp();
            total += share;
            *votes.entry(target.group).or_default() += share;
            *near.entry(target.parent.unwrap_or(*concept)).or_default() += share;
        }
        for shares in [&mut votes, &mut near] {
            shares.values_mut().for_each(|share| *share /= total.max(1e-6));
        }
        let shares = queries
            .first()
            .map(|query| targets.neighbourhood.shares(query))
            .unwrap_or_default();
        let mut group_sources: HashMap<u32, f32> = HashMap::new();
        let (mut best_block, mut best_chapter) = (0.0f32, 0.0f32);
        for (concept, _) in gathered {
            let Some(target) = targets.get(*concept) else { continue };
            let share = |place: u32| shares.get(&place).copied().unwrap_or_default();
            best_block = best_block.max(share(target.block));
            best_chapter = best_chapter.max(share(target.chapter));
            group_sources.entry(target.group).or_insert_with(|| {
                let covered = queries.iter().map(|query| group_source(targets, target.group, query));
                covered.fold(0.0f32, f32::max)
            });
        }
        let own = queries.first().map_or(&[][..], |query| query.words.as_slice());
        let content = |word: &&super::query::QueryWord| {
            let factor = word.classes.first().map_or(1.0, |(unit, _)| index.lexicon.factor(*unit));
            factor >= 0.5
        };
        let class = |word: &super::query::QueryWord| word.classes.first().map(|(unit, _)| *unit);
        Self {
            index,
            targets,
            queries,
            qualifiers: stated(queries),
            grams: text_grams(name),
            best_cosine: most(|matched| matched.cosine),
            best_source: most(|matched| matched.source_alike),
            best_target: most(|matched| matched.target_alike),
            best_product: most(|matched| matched.source_alike * matched.target_alike),
            best_rendered: most(|matched| matched.target_rendered),
            best_product_all: most(|matched| source_all(matched) * target_all(matched)),
            marks: (0u16..).zip(marks::of(written)).filter(|(_, mark)| *mark > 0.0).collect(),
            votes,
            near,
            covers: gathered
                .iter()
                .map(|(concept, matched)| (*concept, matched.source_alike))
                .collect(),
            best_group: group_sources.values().copied().fold(0.0f32, f32::max),
            best_block,
            best_chapter,
            group_sources,
            shares,
            places: gathered
                .iter()
                .enumerate()
                .map(|(place, (concept, _))| (*concept, place))
                .collect(),
            first: gathered.first().map(|(concept, _)| *concept),
            commas: name.matches([',', ';']).count().min(3) as f32 / 3.0,
            length: (1.0 + own.len() as f32).ln() / 3.0,
            head: own.iter().find(content).and_then(class),
            tail: own.iter().rev().find(content).and_then(class),
        }
    }

    /// Whether the source states what a target excludes.
    pub fn contradicts(&self, target: &Target) -> bool {
        self.qualifiers.contradicts(&target.qualifiers)
    }

    /// The features of a candidate.
    pub fn features(&self, place: usize, target: &Target, matched: &Match) -> Features {
        let candidate = self.candidate(place, target, matched);
        let values = candidate.of_match().into_iter();
        let values = values.chain(candidate.of_concept()).chain(candidate.of_relatives());
        let values = values.chain(candidate.of_both());
        let mut features: Features = (0u16..).zip(values).filter(|(_, value)| *value != 0.0).collect();
        self.add_qualifiers(target, &mut features);
        self.add_marked(&mut features);
        features
    }

    fn candidate<'c>(&'c self, place: usize, target: &'c Target, matched: &'c Match) -> Candidate<'c> {
        let covers = |parent| self.covers.get(&parent).copied();
        let parent_covers = target.parent.and_then(covers).unwrap_or_default();
        Candidate {
            found: self,
            place,
            target,
            matched,
            open: 1.0 - matched.source_alike,
            votes: share(&self.votes, target.group),
            covering: parent_covers > 0.0 && parent_covers >= matched.source_alike - 1e-3,
            unspecified: target.qualifiers.has("unspecified"),
            other: target.qualifiers.has("other"),
            without: target.qualifiers.has("without") || target.qualifiers.has("not"),
        }
    }

    /// Adds which qualifiers only one side has, and which the source has where the candidate is a leaf or an extension.
    fn add_qualifiers(&self, target: &Target, features: &mut Features) {
        let start = NAMES.len() as u16;
        let width = GROUPS.len() as u16;
        for (number, _) in (0u16..).zip(GROUPS) {
            let bit = 1u64 << number;
            match (self.qualifiers.groups & bit != 0, target.qualifiers.groups & bit != 0) {
                (false, true) => features.push((start + number, 1.0)),
                (true, false) => features.push((start + width + number, 1.0)),
                _ => {}
            }
            if self.qualifiers.groups & bit != 0 {
                if target.leaf {
                    features.push((start + 2 * width + number, 1.0));
                }
                if target.extension {
                    features.push((start + 3 * width + number, 1.0));
                }
            }
        }
    }

    /// Adds what the candidate's traits are beside the marks of the name.
    fn add_marked(&self, features: &mut Features) {
        let place = |number: u16| TRAIT_PLACES.get(usize::from(number)).copied().flatten();
        let traits: Vec<(u16, f32)> = features
            .iter()
            .filter_map(|(number, value)| Some((place(*number)?, *value)))
            .collect();
        let (plain, width) = (PLAIN as u16, TRAITS.len() as u16);
        for (mark, strength) in &self.marks {
            let beside = traits
                .iter()
                .map(|(own, value)| (plain + mark * width + own, strength * value));
            features.extend(beside);
        }
    }

    /// What the concepts above say of the source's words that the term does not have, by squared weight.
    fn context(&self, target: &Target, matched: &Match) -> f32 {
        let Some(query) = self.queries.get(usize::from(matched.reading)) else {
            return 0.0;
        };
        let own = self.index.classes(matched.term);
        let (mut gained, mut total) = (0.0f32, 0.0f32);
        for word in &query.words {
            let weight = word.weight.powi(2);
            total += weight;
            let within = |units: &[u32]| word.classes.iter().any(|(unit, _)| units.binary_search(unit).is_ok());
            if !within(own) && (within(&target.above) || common(&word.parts, &target.above).next().is_some()) {
                gained += weight;
            }
        }
        if total > 0.0 { gained / total } else { 0.0 }
    }

    /// Whether the source has the term's first word of content.
    fn head_back(&self, matched: &Match) -> bool {
        let classes = self
            .index
            .tokens(matched.term)
            .iter()
            .map(|token| self.index.lexicon.class(token.word));
        let mut content = classes.filter(|class| self.index.lexicon.factor(*class) >= 0.5);
        let Some(head) = content.next() else { return false };
        self.queries
            .get(usize::from(matched.reading))
            .is_some_and(|query| query.units.iter().any(|(unit, _)| *unit == head))
    }
}

/// A candidate, and what several of its features are made of.
struct Candidate<'c> {
    found: &'c Found<'c>,
    /// Its place among the candidates, best first.
    place: usize,
    target: &'c Target,
    matched: &'c Match,
    /// Share of the source's words that it leaves open.
    open: f32,
    /// What candidates of its group have among them.
    votes: f32,
    /// The concept above it says as much of the source.
    covering: bool,
    /// The qualifiers that residual codes and leaves have.
    unspecified: bool,
    other: bool,
    without: bool,
}

/// How many of [`NAMES`] each table below has, in their order.
const TABLES: [usize; 4] = [28, 23, 26, 23];
const _: () = assert!(TABLES[0] + TABLES[1] + TABLES[2] + TABLES[3] == NAMES.len());

impl Candidate<'_> {
    /// How its best term matches, and how far behind the best of all.
    fn of_match(&self) -> [f32; TABLES[0]] {
        let (found, matched) = (self.found, self.matched);
        let context = found.context(self.target, matched);
        [
            matched.cosine,
            matched.source,
            matched.target,
            matched.source_parts - matched.source,
            matched.target_parts - matched.target,
            matched.source_alike - matched.source_parts,
            matched.target_alike - matched.target_parts,
            context,
            matched.surface,
            matched.source_missing / 10.0,
            matched.target_missing / 10.0,
            (1.0 + matched.extra).ln(),
            flag(matched.extra >= 2.0),
            matched.pairs,
            flag(matched.exact),
            flag(matched.content),
            flag(matched.exact && matched.surface > 0.999 && matched.reading == 0),
            matched.source_conflicts.min(3.0),
            matched.target_conflicts.min(3.0),
            flag(matched.kind == DesignationKind::Synonym as u8),
            flag(matched.kind == DesignationKind::FullySpecifiedName as u8),
            flag(matched.kind == DesignationKind::Related as u8),
            flag(matched.reading > 0),
            found.best_cosine - matched.cosine,
            found.best_source - matched.source_alike,
            found.best_target - matched.target_alike,
            flag(self.place == 0),
            1.0 / (1.0 + self.place as f32),
        ]
    }

    /// What concept it is.
    fn of_concept(&self) -> [f32; TABLES[1]] {
        let (found, target, matched) = (self.found, self.target, self.matched);
        let opposite = found.contradicts(target);
        let silent = !found.qualifiers.has("unspecified") && !found.qualifiers.has("other");
        let near = target.parent.map_or(0.0, |parent| share(&found.near, parent));
        let likeness = dice(&found.grams, &target.grams);
        let has = |unit: Option<u32>| unit.is_some_and(|unit| found.index.classes(matched.term).binary_search(&unit).is_ok());
        [
            likeness,
            likeness * self.open,
            flag(opposite),
            flag(target.leaf),
            (1.0 + target.children as f32).ln() / 3.0,
            target.depth as f32 / 10.0,
            (1.0 + target.words as f32).ln() / 3.0,
            self.votes,
            near,
            flag(self.covering),
            flag(target.parent_is_same),
            flag(target.extension),
            self.open * flag(self.other),
            self.open * flag(self.unspecified),
            self.open * flag(target.leaf),
            self.open * flag(target.extension),
            self.open * self.votes,
            flag(silent && self.unspecified),
            flag(silent && target.leaf),
            flag(!silent && target.leaf),
            flag(has(found.head)),
            flag(has(found.tail)),
            flag(found.head_back(matched)),
        ]
    }

    /// How it stands to the concepts around it.
    fn of_relatives(&self) -> [f32; TABLES[2]] {
        let (found, target, matched) = (self.found, self.target, self.matched);
        let parent_place = target.parent.and_then(|parent| found.places.get(&parent));
        let first = found.first.and_then(|first| found.targets.get(first));
        let child_of_first = target.parent.is_some() && target.parent == found.first;
        let group = share(&found.group_sources, target.group);
        let (block, chapter) = (share(&found.shares, target.block), share(&found.shares, target.chapter));
        [
            flag(parent_place == Some(&0)),
            parent_place.map_or(0.0, |place| 1.0 / (1.0 + *place as f32)),
            flag(child_of_first && first.is_some_and(|first| first.children == 1)),
            flag(first.is_some_and(|first| first.group == target.group)),
            flag(self.other && self.covering),
            self.open * flag(self.other && self.covering),
            flag(self.unspecified && self.covering),
            self.open * flag(self.unspecified && self.covering),
            flag(target.leaf && self.covering),
            flag(target.extension && self.covering),
            flag(target.extension && target.parent_is_same),
            flag(target.leaf && matched.content),
            flag(!target.leaf && matched.content),
            found.length * flag(target.leaf),
            found.commas * flag(target.leaf),
            found.length * flag(target.extension),
            found.commas * flag(target.extension),
            self.votes * flag(self.other || self.unspecified),
            group - matched.source_parts,
            found.best_group - group,
            self.open * group,
            block,
            found.best_block - block,
            chapter,
            found.best_chapter - chapter,
            group * flag(self.other || self.unspecified),
        ]
    }

    /// What its match and its concept say together.
    fn of_both(&self) -> [f32; TABLES[3]] {
        let (found, target, matched) = (self.found, self.target, self.matched);
        let nos = flag(found.qualifiers.has("unspecified"));
        [
            nos * flag(self.unspecified),
            nos * flag(self.other),
            nos * flag(self.without),
            nos * (1.0 + matched.extra).ln(),
            nos * flag(matched.content),
            matched.source_alike * matched.target_alike,
            matched.source_alike.powi(2),
            matched.target_alike.powi(2),
            matched.cosine.powi(2),
            found.best_product - matched.source_alike * matched.target_alike,
            self.open * flag(target.children > 0),
            flag(self.covering && target.leaf && self.without),
            matched.denied.min(3.0),
            flag(matched.denied > 0.0),
            matched.source_rendered,
            matched.target_rendered,
            matched.rendered_lift / 4.0,
            matched.rendered_best,
            found.best_rendered - matched.target_rendered,
            source_all(matched),
            target_all(matched),
            source_all(matched) * target_all(matched),
            found.best_product_all - source_all(matched) * target_all(matched),
        ]
    }
}

fn flag(truth: bool) -> f32 {
    f32::from(u8::from(truth))
}

fn share(shares: &HashMap<u32, f32>, key: u32) -> f32 {
    shares.get(&key).copied().unwrap_or_default()
}

/// Share of a query's words, by squared weight, that any display of a group has.
fn group_source(targets: &Targets, group: u32, query: &Query) -> f32 {
    let (mut found, mut total) = (0.0f32, 0.0f32);
    for word in &query.words {
        let weight = word.weight.powi(2);
        total += weight;
        let within = |unit: u32| targets.neighbourhood.has(group, unit);
        if word.classes.iter().any(|(unit, _)| within(*unit)) {
            found += weight;
        } else if !word.parts.is_empty() {
            let parts = word.parts.iter().filter(|part| within(**part)).count();
            found += 0.6 * weight * parts as f32 / word.parts.len() as f32;
        }
    }
    if total > 0.0 { found / total } else { 0.0 }
}

/// Share of the source's words that the term has in any way.
fn source_all(matched: &Match) -> f32 {
    (matched.source_alike + matched.source_rendered).min(1.0)
}

/// Share of the term's words that the source has in any way.
fn target_all(matched: &Match) -> f32 {
    (matched.target_alike + matched.target_rendered).min(1.0)
}

fn dice(left: &[u32], right: &[u32]) -> f32 {
    let total = (left.len() + right.len()).max(1) as f32;
    2.0 * common(left, right).count() as f32 / total
}

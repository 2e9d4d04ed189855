//! The concepts of the target as the features see them: where each stands in the hierarchy, what its display states, and
//! where units are at home. It is read once and asked for every candidate; it compares nothing.

use super::index::TermIndex;
use super::qualifiers::Qualifiers;
use super::query::Query;
use super::synonyms::SYNONYMS;
use rayon::prelude::*;
use std::collections::HashMap;
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;

/// A concept of the target.
#[derive(Debug, Default)]
pub struct Target {
    /// In use, and may be chosen.
    pub usable: bool,
    /// Nothing is below it.
    pub leaf: bool,
    /// Concepts right below it.
    pub children: u32,
    /// Concepts above it.
    pub depth: u32,
    /// The concept right above it.
    pub parent: Option<u32>,
    /// The topmost concept at or above it that may be chosen.
    pub group: u32,
    /// The concept above the group.
    pub block: u32,
    /// The topmost concept of all.
    pub chapter: u32,
    /// Its display is that of the concept above with words at the end.
    pub extension: bool,
    /// Its display has the same content as that of the concept above.
    pub parent_is_same: bool,
    /// Different classes of its display.
    pub words: u32,
    /// What its display states.
    pub qualifiers: Qualifiers,
    /// Hashes of the 3-grams of its display, sorted.
    pub grams: Vec<u32>,
    /// Classes of the displays above it, sorted.
    pub above: Vec<u32>,
}

/// The concepts of the target.
#[derive(Debug, Default)]
pub struct Targets {
    all: Vec<Target>,
    /// For each concept the one above, and leaves beside and below it that are residual.
    relatives: Vec<Vec<u32>>,
    /// Where units are at home.
    pub neighbourhood: Neighbourhood,
}

/// Where in the hierarchy units are at home.
#[derive(Debug, Default)]
pub struct Neighbourhood {
    /// Units of all displays in a group, sorted.
    groups: HashMap<u32, Vec<u32>>,
    /// For each unit the blocks and chapters that have it, with the share of the unit's groups that are there.
    blocks: Vec<Vec<(u32, f32)>>,
}

impl Neighbourhood {
    fn read(all: &[Target], index: &TermIndex) -> Self {
        let mut groups: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut places: HashMap<u32, [u32; 2]> = HashMap::new();
        for (concept, target) in (0u32..).zip(all).filter(|(_, target)| target.usable) {
            let display = index.display(concept);
            let units = groups.entry(target.group).or_default();
            units.extend(index.classes(display));
            units.extend(index.parts(display));
            if units.len() > 4096 {
                units.sort_unstable();
                units.dedup();
            }
            places.insert(target.group, [target.block, target.chapter]);
        }
        let mut counts: Vec<HashMap<u32, u32>> = vec![HashMap::new(); index.lexicon.units()];
        let mut totals = vec![0u32; index.lexicon.units()];
        for (group, units) in &mut groups {
            units.sort_unstable();
            units.dedup();
            for unit in units {
                let Some((counts, total)) = counts.get_mut(*unit as usize).zip(totals.get_mut(*unit as usize)) else {
                    continue;
                };
                *total += 1;
                for place in places.get(group).copied().unwrap_or_default() {
                    *counts.entry(place).or_default() += 1;
                }
            }
        }
        let blocks = counts.into_iter().zip(totals).map(|(counts, total)| {
            let mut shares: Vec<(u32, f32)> = counts
                .into_iter()
                .map(|(place, count)| (place, count as f32 / (total as f32 + 1.0)))
                .collect();
            shares.sort_unstable_by_key(|(place, _)| *place);
            shares
        });
        Self {
            blocks: blocks.collect(),
            groups,
        }
    }

    /// Whether any display of a group has a unit.
    pub fn has(&self, group: u32, unit: u32) -> bool {
        self.groups
            .get(&group)
            .is_some_and(|units| units.binary_search(&unit).is_ok())
    }

    /// How much of a query's weight is at home in each block and chapter.
    pub fn shares(&self, query: &Query) -> HashMap<u32, f32> {
        let mut found: HashMap<u32, f32> = HashMap::new();
        let mut total = 0.0f32;
        for word in &query.words {
            total += word.weight;
            if let Some((unit, trust)) = word.classes.first() {
                for (place, share) in self.blocks.get(*unit as usize).map_or(&[][..], Vec::as_slice) {
                    *found.entry(*place).or_default() += share * trust * word.weight;
                }
            }
        }
        found.values_mut().for_each(|share| *share /= total.max(1e-6));
        found
    }
}

impl Targets {
    /// Reads what the features need.
    pub fn read(system: &CodeSystemIndex, index: &TermIndex) -> Self {
        // Words of all concepts above are only few where each concept has one above it.
        let tree = (0..system.len() as u32)
            .into_par_iter()
            .all(|concept| system.parents(Ordinal(concept)).len() <= 1);
        let read = |concept: u32| target(system, index, concept, tree);
        let all: Vec<Target> = (0..system.len() as u32).into_par_iter().map(read).collect();
        let residual = |concept: &Ordinal| {
            let target = all.get(concept.0 as usize);
            target.is_some_and(|target| target.usable && (target.qualifiers.has("other") || target.qualifiers.has("unspecified")))
        };
        let below = |concept: Ordinal| {
            let children = system.children(concept).take(CHILDREN);
            children.filter(residual).map(|child| child.0).collect::<Vec<u32>>()
        };
        let relatives = (0..system.len() as u32).into_par_iter().map(|concept| {
            let mut found = below(Ordinal(concept));
            if let Some(parent) = system
                .parents(Ordinal(concept))
                .next()
                .filter(|parent| usable(system, *parent))
            {
                found.push(parent.0);
                found.extend(below(parent));
            }
            found.retain(|other| *other != concept);
            found
        });
        Self {
            relatives: if tree { relatives.collect() } else { Vec::new() },
            neighbourhood: if tree {
                Neighbourhood::read(&all, index)
            } else {
                Neighbourhood::default()
            },
            all,
        }
    }

    /// The concept above one, and the residual ones beside and below it.
    pub fn relatives(&self, concept: u32) -> &[u32] {
        self.relatives.get(concept as usize).map_or(&[], Vec::as_slice)
    }

    /// One of them.
    pub fn get(&self, concept: u32) -> Option<&Target> {
        self.all.get(concept as usize)
    }
}

impl Target {
    /// Whether it is for an encounter after the first.
    pub fn is_later_encounter(&self) -> bool {
        self.qualifiers.is_later_encounter()
    }
}

/// Children of a concept that are looked at.
const CHILDREN: usize = 40;
/// Most concepts above one that are looked at.
const ABOVE: usize = 12;

fn usable(system: &CodeSystemIndex, concept: Ordinal) -> bool {
    system.is_active(concept) && !system.is_not_selectable(concept)
}

fn target(system: &CodeSystemIndex, index: &TermIndex, concept: u32, tree: bool) -> Target {
    let own = Ordinal(concept);
    let display = index.display(concept);
    let classes = index.classes(display);
    let mut chain = Vec::new();
    let mut at = own;
    while let Some(parent) = system.parents(at).next()
        && chain.len() < ABOVE
    {
        chain.push(parent);
        at = parent;
    }
    let above_number = chain.first().map(|parent| parent.0);
    let above_display = above_number.map_or(u32::MAX, |parent| index.display(parent));
    let mut above: Vec<u32> = Vec::new();
    let reach = if tree { chain.len() } else { 1 };
    for parent in chain.iter().take(reach) {
        above.extend(index.classes(index.display(parent.0)));
    }
    above.sort_unstable();
    above.dedup();
    let group = chain.iter().take_while(|parent| usable(system, **parent)).last();
    let words = index.tokens(display);
    let above_words = index.tokens(above_display);
    let mut qualifiers = Qualifiers::default();
    for token in words {
        if let Some(own) = Qualifiers::of_class(&SYNONYMS.class(index.lexicon.text(token.word))) {
            qualifiers.add(&own);
        }
    }
    Target {
        usable: usable(system, own),
        leaf: system.children(own).len() == 0,
        children: system.children(own).len() as u32,
        depth: chain.len() as u32,
        parent: above_number,
        block: group
            .map_or(above_number, |group| system.parents(*group).next().map(|parent| parent.0))
            .unwrap_or(u32::MAX),
        chapter: chain.last().map_or(concept, |top| top.0),
        group: if tree {
            group.map_or(concept, |group| group.0)
        } else {
            above_number.unwrap_or(concept)
        },
        extension: !above_words.is_empty() && words.len() > above_words.len() && words.starts_with(above_words),
        parent_is_same: !above_words.is_empty() && index.same_content(display, above_display),
        words: classes.len() as u32,
        qualifiers,
        grams: text_grams(&system.display(own).unwrap_or_default()),
        above,
    }
}

/// Hashes of the 3-grams of a text's letters, sorted.
pub fn text_grams(text: &str) -> Vec<u32> {
    let plain: Vec<char> = tern_index::text::fold(text)
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { ' ' })
        .collect();
    let mut found: Vec<u32> = plain
        .windows(3)
        .map(|window| {
            window.iter().fold(0x811c_9dc5u32, |hash, letter| {
                (hash ^ u32::from(*letter)).wrapping_mul(0x0100_0193)
            })
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

//! Concepts of RxNorm as drugs are compared with them: what a name says, and what the graph says of its ingredients.
//!
//! Names are read with the same functions as local ones: strengths and form words are taken out, a brand stands in brackets
//! at the end, what is left are ingredients. Which ingredients a product has is read from the relations of the release, up
//! SBD -> SCD -> SCDC / SCDF -> IN, and from the name only where a relation is missing.

use super::form::{self, Form};
use super::local::Spellings;
use super::names;
use super::strength::{self, Found};
use crate::mapper::index::{MatchIndex, TermText};
use crate::mapper::words::{normalise, words};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::CodeSystemIndex;

/// Term types in the order of their numbers in feature names.
pub(super) const TYPES: [&str; 14] = [
    "IN", "PIN", "MIN", "BN", "SCDC", "SBDC", "SCDF", "SBDF", "SCDG", "SBDG", "SCD", "SBD", "PACK", "OTHER",
];
/// The place of brand names in [`TYPES`].
pub(super) const BRAND_NAME: usize = 3;
/// The place of packs in [`TYPES`].
pub(super) const PACK: usize = 12;

/// Longest way from a product to its ingredients.
const STEPS: usize = 5;

/// A drug's name, taken apart.
#[derive(Debug, Default, Clone)]
pub(super) struct Name {
    /// Words that name ingredients (or, in a local name, anything unknown).
    pub ingredients: Vec<String>,
    /// Words of the brand in brackets.
    pub brand: Vec<String>,
    /// Strengths and quantities.
    pub found: Found,
    /// All words but strengths.
    pub words: Vec<String>,
}

impl Name {
    /// Takes a name of RxNorm apart: `ingredient strength form [brand]`.
    pub fn of_target(text: &str) -> Self {
        let bracket = text.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
        // `[USP'U]` is a unit.
        let bracket = bracket.filter(|(_, brand)| !brand.eq_ignore_ascii_case("USP'U"));
        match bracket {
            Some((name, brand)) => Self {
                brand: words(brand),
                ..Self::of_source(name)
            },
            None => Self::of_source(text),
        }
    }

    /// Takes a local name apart.
    pub fn of_source(text: &str) -> Self {
        let found = strength::find(text);
        let all = words(&found.rest);
        Self {
            ingredients: all.iter().filter(|word| !form::is_noise(word)).cloned().collect(),
            brand: Vec::new(),
            words: all,
            found,
        }
    }
}

/// What is known of all products with the same ingredients, for guessing whether a brand is meant.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Market {
    /// Clinical drugs.
    pub generic: u32,
    /// Branded drugs.
    pub branded: u32,
    /// Brands.
    pub brands: u32,
}

/// A concept as sources are compared with it.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// Names may be mapped to it.
    pub usable: bool,
    /// Place in [`TYPES`].
    pub term_type: usize,
    /// Strengths and quantities.
    pub found: Found,
    /// Class of the dose form.
    pub form: Option<Form>,
    /// Release, "" for the plain one.
    pub release: &'static str,
    /// Dose form: place in [`form::dose_form_names`].
    pub dose_form: usize,
    /// All words of the name, as numbers of the match index.
    pub words: Vec<u32>,
    /// Words of the brand.
    pub brand: Vec<u32>,
    /// Salts that the name states.
    pub salts: Vec<u32>,
    /// Ordinals of the ingredients, sorted; empty when unknown.
    pub ingredients: Vec<u32>,
    /// The name has a biological's four-letter suffix.
    pub suffix: bool,
    /// Ingredients are capitalised, as they were in names that RxNorm no longer maintains.
    pub capitalised: bool,
    /// The RXCUI as a number: the higher, the later it was made.
    pub number: f32,
    /// How far the number of a branded drug is from that of its clinical drug.
    pub gap: f32,
    /// Products with the same ingredients.
    pub market: Market,
}

impl Target {
    /// Whether it is a brand or something of one.
    pub fn is_branded(&self) -> bool {
        !self.brand.is_empty() || self.term_type == BRAND_NAME
    }

    /// The words that a source must say to name its brand.
    pub fn brand_words(&self) -> &[u32] {
        if self.term_type == BRAND_NAME {
            &self.words
        } else {
            &self.brand
        }
    }
}

/// What a name of an ingredient or brand leads to.
#[derive(Debug, Default, Clone)]
pub(super) struct Named {
    /// Ordinals of the ingredients, sorted.
    pub ingredients: Vec<u32>,
    /// It is the name of a brand, not of a substance.
    pub brand: bool,
}

/// Names of ingredients and brands by their sorted words.
pub(super) type NameTable = HashMap<Vec<u32>, Named>;

/// All concepts, the words that lead to them, and the names of what they are made of.
pub(super) struct Targets {
    /// Terms.
    pub index: MatchIndex,
    /// One per concept, in order.
    pub all: Vec<Target>,
    /// Names of ingredients and brands.
    pub names: NameTable,
    /// Words that names of ingredients have, sorted.
    pub substance_words: Vec<u32>,
    /// Words of substances by how other languages may spell them.
    pub spellings: Spellings,
    /// Concepts by their ingredients.
    pub by_ingredients: BTreeMap<Vec<u32>, Vec<u32>>,
}

impl Targets {
    /// Reads an open RxNorm index.
    pub fn build(system: &CodeSystemIndex) -> Self {
        let count = system.len() as u32;
        let read: Vec<Name> = (0..count)
            .into_par_iter()
            .map(|concept| Name::of_target(&system.display(Ordinal(concept)).unwrap_or_default()))
            .collect();
        let index = MatchIndex::build(count, |concept| {
            let name = read.get(concept as usize);
            name.map_or_else(Vec::new, |name| texts(system, Ordinal(concept), name))
        });
        let names = name_table(system, &index);
        let mut all: Vec<Target> = read
            .into_par_iter()
            .zip(0..count)
            .map(|(name, concept)| target(system, &index, &names, name, Ordinal(concept)))
            .collect();
        let by_ingredients = add_markets(&mut all);
        let substances = names.iter().filter(|(_, named)| !named.brand).flat_map(|(bag, _)| bag);
        let substance_words: BTreeSet<u32> = substances.copied().collect();
        let mut spelled: Vec<&str> = substance_words.iter().map(|word| index.word(*word)).collect();
        for word in names::translated() {
            spelled.push(word);
        }
        let spellings = Spellings::of(spelled.into_iter());
        Self {
            spellings,
            index,
            all,
            substance_words: substance_words.into_iter().collect(),
            names,
            by_ingredients,
        }
    }
}

impl Targets {
    /// Whether a word and a number name a substance or brand together, as "Zorvex 13" may.
    pub fn is_named(&self, word: &str, number: &str) -> bool {
        let words = [normalise(word), number.to_owned()];
        words.iter().all(|word| self.index.find_word(word).is_some()) && self.names.contains_key(&self.index.bag(&words))
    }

    /// A text of a label in the words of the release.
    pub fn english(&self, text: &str) -> String {
        let brand = |first: &str, second: &str| {
            let words = [normalise(first), normalise(second)];
            words.iter().all(|word| self.index.find_word(word).is_some())
                && self.names.get(&self.index.bag(&words)).is_some_and(|named| named.brand)
        };
        let known = |word: &str| self.index.find_word(&normalise(word)).is_some();
        self.spellings.english(text, &known, &brand)
    }
}

fn type_of(system: &CodeSystemIndex, concept: Ordinal) -> &str {
    system.property_text(concept, "TTY").unwrap_or("")
}

fn target(system: &CodeSystemIndex, index: &MatchIndex, names: &NameTable, name: Name, concept: Ordinal) -> Target {
    let term_type = type_of(system, concept);
    let place = match term_type {
        "GPCK" | "BPCK" => PACK,
        other => TYPES.iter().position(|known| *known == other).unwrap_or(TYPES.len() - 1),
    };
    let display = system.display(concept).unwrap_or_default();
    let number: f32 = system.code(concept).parse().unwrap_or(1.0);
    let original = |other: &Ordinal| (system.code(*other).parse().unwrap_or(number) - number).abs();
    let gap = follow(system, concept, "tradename_of")
        .iter()
        .map(original)
        .fold(f32::MAX, f32::min);
    let salts: Vec<String> = name.ingredients.iter().filter(|word| names::is_salt(word)).cloned().collect();
    let mut found = name.found;
    found.rest = String::new();
    Target {
        usable: system.is_active(concept) && !matches!(term_type, "DF" | "DFG" | "ET"),
        term_type: place,
        form: form::of(&name.words),
        release: form::release(&name.words),
        dose_form: form::dose_form(&name.words),
        words: index.bag(&words(&display)),
        brand: index.bag(&name.brand),
        salts: index.bag(&salts),
        ingredients: ingredients(system, index, names, concept),
        suffix: has_suffix(&display),
        capitalised: place != BRAND_NAME && is_capitalised(&display),
        number,
        gap: if gap < f32::MAX { gap } else { 0.0 },
        market: Market::default(),
        found,
    }
}

/// Whether an ingredient ends in a hyphen and four letters, as names of biologicals from the U.S. do.
fn has_suffix(name: &str) -> bool {
    name.split([' ', ',']).any(|word| {
        let suffix = word.rsplit_once('-').filter(|(stem, _)| stem.len() >= 6);
        suffix.is_some_and(|(_, end)| end.len() == 4 && end.bytes().all(|byte| byte.is_ascii_lowercase()))
    })
}

fn is_capitalised(name: &str) -> bool {
    name.split(" / ").any(|part| {
        let part = part.trim_start_matches(|c: char| !c.is_alphabetic());
        // After a quantity (`0.5 ML name`) the name comes second.
        let word = part.split(' ').find(|word| !matches!(*word, "ML" | "HR" | "ACTUAT" | "MG"));
        let mut letters = word
            .unwrap_or_default()
            .trim_start_matches(|c: char| !c.is_alphabetic())
            .chars();
        letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
    })
}

fn follow(system: &CodeSystemIndex, concept: Ordinal, relation: &str) -> Vec<Ordinal> {
    let targets = system.property_targets(concept, relation);
    targets.into_iter().map(|(_, target)| target).collect()
}

/// The relations that lead from a concept of a term type towards its ingredients, the surest first.
fn ways(term_type: &str) -> &'static [&'static str] {
    match term_type {
        "PIN" => &["form_of"],
        "MIN" => &["has_part"],
        "BN" => &["tradename_of"],
        "SCDC" | "SCDF" | "SCDG" => &["has_ingredient"],
        "SCD" => &["consists_of", "has_ingredients", "isa"],
        "SBD" | "SBDC" | "SBDF" | "SBDG" => &["tradename_of", "isa", "consists_of"],
        "GPCK" | "BPCK" => &["contains"],
        _ => &[],
    }
}

fn by_graph(system: &CodeSystemIndex, concept: Ordinal, steps: usize) -> BTreeSet<u32> {
    let term_type = type_of(system, concept);
    if term_type == "IN" {
        return BTreeSet::from([concept.0]);
    }
    let mut best = BTreeSet::new();
    if steps == 0 {
        return best;
    }
    // A list may lack some components of a product: the way that finds most ingredients is right.
    for relation in ways(term_type) {
        let mut found = BTreeSet::new();
        for next in follow(system, concept, relation) {
            found.extend(by_graph(system, next, steps - 1));
        }
        if found.len() > best.len() {
            best = found;
        }
        let parts = system.display(concept).map_or(1, |name| name.split(" / ").count());
        if best.len() >= parts {
            break;
        }
    }
    best
}

/// The ingredients of a concept, spellings and salts of one substance taken for one.
fn ingredients(system: &CodeSystemIndex, index: &MatchIndex, names: &NameTable, concept: Ordinal) -> Vec<u32> {
    let found = by_graph(system, concept, STEPS);
    let mut canonical: Vec<u32> = found
        .iter()
        .map(|ingredient| canonical(system, index, names, *ingredient))
        .collect();
    if canonical.is_empty() && !matches!(type_of(system, concept), "BN" | "IN") {
        canonical = by_name(system, index, names, concept);
    }
    canonical.sort_unstable();
    canonical.dedup();
    canonical
}

/// The ingredients by the words of each part of a name; none where a part is unknown.
fn by_name(system: &CodeSystemIndex, index: &MatchIndex, names: &NameTable, concept: Ordinal) -> Vec<u32> {
    let display = system.display(concept).unwrap_or_default();
    let mut found = Vec::new();
    for part in display.split(" / ") {
        let name = Name::of_target(part);
        let unsalted = names::unsalted(&name.ingredients);
        let known = std::iter::once(&name.ingredients)
            .chain(unsalted.as_ref())
            .find_map(|words| names.get(&index.bag(words)))
            .filter(|named| !named.brand);
        match known {
            Some(named) => found.extend(&named.ingredients),
            None => return Vec::new(),
        }
    }
    found
}

/// The ingredient that stands for all names of a substance: RxNorm has some under an international and an American
/// name, or as a salt of its own.
fn canonical(system: &CodeSystemIndex, index: &MatchIndex, names: &NameTable, ingredient: u32) -> u32 {
    let own = words(&system.display(Ordinal(ingredient)).unwrap_or_default());
    let american = names::international(&own);
    let plain = names::unsalted(&american).unwrap_or(american);
    if plain == own {
        return ingredient;
    }
    let known = names.get(&index.bag(&plain)).filter(|named| !named.brand);
    known
        .and_then(|named| named.ingredients.first())
        .copied()
        .unwrap_or(ingredient)
}

fn name_table(system: &CodeSystemIndex, index: &MatchIndex) -> NameTable {
    let mut table = NameTable::new();
    // Substances come first: a brand that has the name of a substance is not what the name means.
    for wanted in [&["IN"][..], &["PIN", "MIN"], &["BN"]] {
        for concept in (0..system.len() as u32).map(Ordinal) {
            let term_type = type_of(system, concept);
            if !wanted.contains(&term_type) || !system.is_active(concept) {
                continue;
            }
            let found: Vec<u32> = by_graph(system, concept, STEPS).into_iter().collect();
            let display = system.display(concept).unwrap_or_default();
            let own = Name::of_target(&display).ingredients;
            let bag = index.bag(&own);
            // A one-letter or short brand would be found in any name.
            let telling = term_type != "BN" || own.iter().any(|word| word.chars().count() >= 4);
            if telling && !bag.is_empty() && !found.is_empty() {
                table.entry(bag).or_insert(Named {
                    ingredients: found,
                    brand: term_type == "BN",
                });
            }
        }
    }
    let canonical: HashMap<u32, u32> = table
        .values()
        .flat_map(|named| named.ingredients.iter().copied())
        .collect::<BTreeSet<u32>>()
        .into_iter()
        .map(|ingredient| (ingredient, canonical(system, index, &table, ingredient)))
        .collect();
    for named in table.values_mut() {
        for ingredient in &mut named.ingredients {
            *ingredient = canonical.get(ingredient).copied().unwrap_or(*ingredient);
        }
        named.ingredients.sort_unstable();
        named.ingredients.dedup();
    }
    table
}

/// Counts the products of each set of ingredients, tells each of them, and lists concepts by their ingredients.
fn add_markets(all: &mut [Target]) -> BTreeMap<Vec<u32>, Vec<u32>> {
    let mut markets: HashMap<&[u32], Market> = HashMap::new();
    let mut brands: HashMap<&[u32], BTreeSet<&[u32]>> = HashMap::new();
    for target in all.iter().filter(|target| target.usable && !target.ingredients.is_empty()) {
        let market = markets.entry(&target.ingredients).or_default();
        match TYPES.get(target.term_type) {
            Some(&"SCD") => market.generic += 1,
            Some(&"SBD") => {
                market.branded += 1;
                brands.entry(&target.ingredients).or_default().insert(&target.brand);
            }
            _ => {}
        }
    }
    let found: Vec<Market> = all
        .iter()
        .map(|target| {
            let market = markets.get(target.ingredients.as_slice()).copied().unwrap_or_default();
            let brands = brands
                .get(target.ingredients.as_slice())
                .map_or(0, |names| names.len() as u32);
            Market { brands, ..market }
        })
        .collect();
    let mut listed: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
    for ((target, market), concept) in all.iter_mut().zip(found).zip(0u32..) {
        target.market = market;
        if target.usable && !target.ingredients.is_empty() {
            listed.entry(target.ingredients.clone()).or_default().push(concept);
        }
    }
    listed
}

/// The texts that lead to a concept.
fn texts(system: &CodeSystemIndex, concept: Ordinal, name: &Name) -> Vec<TermText> {
    let mut texts = Vec::new();
    let mut add = |words: Vec<String>, kind: u8| {
        if !words.is_empty() {
            texts.push(TermText { words, kind });
        }
    };
    add(name.ingredients.clone(), 0);
    if !name.brand.is_empty() {
        add(name.brand.clone(), 1);
        add(name.ingredients.iter().chain(&name.brand).cloned().collect(), 0);
    }
    add(names::unsalted(&name.ingredients).unwrap_or_default(), 0);
    for number in system.designation_numbers(concept) {
        if system.designation_kind(number) == DesignationKind::Synonym {
            add(Name::of_target(&system.designation_text(number)).ingredients, 2);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let name = Name::of_target("0.5 ML plectarine hydrochloride 20 MG/ML Prefilled Syringe [Plectora Pen]");
        assert_eq!(name.ingredients, ["plectarine", "hydrochloride"]);
        assert_eq!(name.brand, ["plectora", "pen"]);
        assert_eq!(name.found.volume, Some(0.5));
        assert_eq!(Name::of_target("zorvamide 5 [USP'U]").found.strengths.len(), 1);
    }

    #[test]
    fn old_names_and_biologicals_are_recognised() {
        assert!(is_capitalised("0.5 ML Zorvamide 20 MG/ML Injection") && is_capitalised("plectarine 5 MG / Zorvamide 20 MG"));
        assert!(!is_capitalised("0.5 ML zorvamide 20 MG/ML Injection"));
        assert!(has_suffix("1 ML zorvamab-qxyz 20 MG/ML Injection") && !has_suffix("zorvaferon alfa-2b Injection"));
    }
}

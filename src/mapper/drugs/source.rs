//! A row about a drug, understood: its readings, its ingredients by name, strength, form, route and brand, whichever
//! columns (or the one text) say them.

use super::form::{self, Form};
use super::names;
use super::strength::{self, Found};
use super::target::{Name, Targets};
use crate::mapper::item::{Role, SourceItem};
use crate::mapper::words::words;

/// Most words of a name of an ingredient that are looked up together.
const LONGEST_NAME: usize = 6;
/// What parts the ingredients of a combination.
const SEPARATORS: [&str; 8] = [";", "/", "+", "&", ",", " and ", " with ", " - "];

/// A source, understood.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The words that name it, in each way they can be read.
    pub readings: Vec<Vec<String>>,
    /// All its words, as numbers of the match index.
    pub bag: Vec<u32>,
    /// Strengths and quantities.
    pub found: Found,
    /// Class of the form.
    pub form: Option<Form>,
    /// A column states the form.
    pub form_column: bool,
    /// Release, "" where none is stated.
    pub release: &'static str,
    /// Stated form: place in [`form::stated_names`].
    pub stated: usize,
    /// Route: place in [`form::ROUTES`].
    pub route: usize,
    /// Salts that the name states.
    pub salts: Vec<u32>,
    /// What the name resolves to.
    pub named: Resolved,
    /// Several products in one pack.
    pub pack: bool,
}

/// A name resolved to ingredients and brands.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Resolved {
    /// Ordinals of the ingredients, sorted; empty where the name is not understood.
    pub ingredients: Vec<u32>,
    /// A brand is named.
    pub brand: bool,
    /// Words are left that name nothing: perhaps a brand or a company that RxNorm does not know.
    pub leftover: bool,
    /// The words that were understood.
    pub words: Vec<String>,
}

impl Source {
    /// Reads a row.
    pub fn read(item: &SourceItem, targets: &Targets, stated_names: &[&'static str]) -> Self {
        let text_of = |role: Role| targets.english(&plain_text(item, role));
        let (substance, mut product) = (text_of(Role::Ingredient), text_of(Role::Name));
        if item.get(Role::Strength).is_empty() {
            product = strength::mark_bare(&product, &|word, number| targets.is_named(word, number));
        }
        let text = if substance.is_empty() { &product } else { &substance };
        let mut name = Name::of_source(text);
        let mut beside_name = Name::of_source(&format!("{product} {}", text_of(Role::Brand)));
        let mut strength = strength::find(item.get(Role::Strength));
        let (form, route) = (words(&text_of(Role::Form)), words(&text_of(Role::Route)));
        let beside = words(&strength.rest);
        let context: Vec<String> = form.iter().chain(&route).chain(&beside).cloned().collect();
        let everything: Vec<String> = context.iter().chain(&beside_name.words).chain(&name.words).cloned().collect();
        // Columns of routes have scraps of words in them.
        let unrouted: Vec<String> = form
            .iter()
            .chain(&beside)
            .chain(&beside_name.words)
            .chain(&name.words)
            .cloned()
            .collect();
        let no_form = stated_names.len().saturating_sub(1);
        let stated = [&form, &context, &everything]
            .into_iter()
            .map(|words| form::stated(words, stated_names))
            .find(|place| *place != no_form);
        let section = words(item.get(Role::Section));
        let class = [&form, &context, &name.words, &beside_name.words, &section]
            .into_iter()
            .find_map(|words| form::of(words));
        let plain = names::international(&name.ingredients);
        let mut bag = everything.clone();
        bag.extend(plain.iter().cloned());
        let salts: Vec<String> = plain.iter().filter(|word| names::is_salt(word)).cloned().collect();
        for found in [&mut name.found, &mut beside_name.found, &mut strength] {
            let converted = names::converted(&plain, &found.strengths);
            found.aside.extend(converted);
        }
        let mut named = resolve(&name.found.rest, targets);
        let mut readings = readings(text, &name, &plain, &named.words);
        if *text != product || !item.get(Role::Brand).is_empty() {
            let product = resolve(&beside_name.found.rest, targets);
            named.brand |= product.brand;
            named.leftover |= product.leftover;
            // The ingredient with the brand says more than each alone.
            if product.brand {
                let brand = product.words.iter().filter(|word| !plain.contains(word));
                readings.insert(0, plain.iter().chain(brand).cloned().collect());
            }
            if named.ingredients.is_empty() {
                named.ingredients = product.ingredients;
            }
        }
        Self {
            readings,
            bag: targets.index.bag(&bag),
            form: class,
            form_column: !item.get(Role::Form).is_empty(),
            release: form::release(&unrouted),
            stated: stated.unwrap_or(no_form),
            route: form::route(if route.is_empty() { &everything } else { &route }),
            salts: targets.index.bag(&salts),
            named,
            pack: item.get(Role::Strength).contains('+') && strength.strengths.len() > 1,
            found: strengths(item, strength, name.found, beside_name.found),
        }
    }
}

/// The text of a role, without brackets; the short name of a fluid written out.
fn plain_text(item: &SourceItem, role: Role) -> String {
    let text = item.get(role).replace(['[', ']'], " ");
    names::fluid(&text).map_or(text, str::to_owned)
}

/// Strengths from the column for them, else from the name, else from wherever damaged rows have them.
fn strengths(item: &SourceItem, column: Found, name: Found, product: Found) -> Found {
    if !column.strengths.is_empty() {
        return column;
    }
    if !name.strengths.is_empty() {
        return name;
    }
    if !product.strengths.is_empty() {
        return product;
    }
    let elsewhere = strength::find(&format!("{} {}", item.get(Role::Form), item.get(Role::Route)));
    if elsewhere.strengths.is_empty() { name } else { elsewhere }
}

fn readings(text: &str, name: &Name, plain: &[String], understood: &[String]) -> Vec<Vec<String>> {
    let mut readings = vec![plain.to_vec()];
    let mut add = |reading: Vec<String>| {
        if !reading.is_empty() && !readings.contains(&reading) {
            readings.push(reading);
        }
    };
    add(names::unsalted(plain).unwrap_or_default());
    add(name.ingredients.clone());
    add(understood.to_vec());
    // "Ingredient (Brand)" and "Brand (ingredient)": each alone is a reading too.
    if let Some((before, rest)) = text.split_once('(') {
        for part in [before, rest.trim_end_matches(')')] {
            add(names::international(&Name::of_source(part).ingredients));
        }
    }
    readings
}

/// Finds the ingredients and brands that a text names, the longest names first, each part of a combination by itself.
fn resolve(text: &str, targets: &Targets) -> Resolved {
    let mut found = Resolved::default();
    let mut of_brands = Vec::new();
    let mut doubtful = false;
    let mut parts = vec![text.to_owned()];
    if lookup(&own_words(text), targets).is_none() {
        for separator in SEPARATORS {
            parts = parts
                .iter()
                .flat_map(|part| part.split(separator))
                .map(str::to_owned)
                .collect();
        }
    }
    for part in &parts {
        let own = own_words(part);
        let mut at = 0;
        while at < own.len() {
            let longest = LONGEST_NAME.min(own.len() - at);
            let hit = (1..=longest).rev().find_map(|length| {
                let named = lookup(own.get(at..at + length)?, targets)?;
                Some((named, length))
            });
            let Some((named, length)) = hit else {
                let word = own.get(at).map_or("", String::as_str);
                let telling = !names::is_salt(word) && word.chars().count() > 1 && !word.chars().all(|c| c.is_ascii_digit());
                found.leftover |= telling;
                // A word that other substances have in their names may change what is meant; others cannot.
                let known = targets.index.find_word(word);
                doubtful |= telling && known.is_some_and(|word| targets.substance_words.binary_search(&word).is_ok());
                at += 1;
                continue;
            };
            if named.brand {
                found.brand = true;
                of_brands.extend(&named.ingredients);
            } else {
                found.ingredients.extend(&named.ingredients);
            }
            let understood = own.get(at..at + length).unwrap_or_default();
            found.words.extend(names::international(understood));
            at += length;
        }
    }
    if found.ingredients.is_empty() {
        found.ingredients.clone_from(&of_brands);
    }
    // "Insulin - Zorvex": the brand has an ingredient of its own, and the substance is a broader word for it.
    let apart = found.brand && !of_brands.is_empty() && !of_brands.iter().any(|one| found.ingredients.contains(one));
    if doubtful || apart {
        found.ingredients.clear();
    }
    found.ingredients.sort_unstable();
    found.ingredients.dedup();
    found
}

fn own_words(text: &str) -> Vec<String> {
    words(text).into_iter().filter(|word| !form::is_noise(word)).collect()
}

fn lookup<'t>(own: &[String], targets: &'t Targets) -> Option<&'t super::target::Named> {
    let american = names::international(own);
    let unsalted = names::unsalted(&american);
    [Some(own), Some(american.as_slice()), unsalted.as_deref()]
        .into_iter()
        .flatten()
        .filter(|words| !words.is_empty() && words.iter().all(|word| targets.index.find_word(word).is_some()))
        .find_map(|words| targets.names.get(&targets.index.bag(words)))
}

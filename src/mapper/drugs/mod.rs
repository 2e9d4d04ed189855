//! Drug names to RxNorm: ingredients and brands by words, then strength, form and release, at the level of detail that
//! the source supports.
//!
//! RxNorm names are read with the same functions as local ones: strengths and form words are taken out, a brand stands
//! in brackets, what is left are ingredients. Which term type is right when strength, form or brand are (not) stated is
//! learned.

mod explain;
mod form;
mod strength;

use super::explain::Constraint;
use super::index::{MatchIndex, TermText};
use super::item::{Role, SourceItem};
use super::lexical::{self, Lexical};
use super::rank::{Evidence, Features, Model};
use super::words::words;
use super::{Domain, Scored};
use form::Form;
use rayon::prelude::*;
use strength::Found;
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::CodeSystemIndex;

const TERMS: usize = 200;
const CANDIDATES: usize = 96;

/// Names that differ between countries, and what RxNorm says.
const INTERNATIONAL: &[(&str, &str)] = &[
    ("paracetamol", "acetaminophen"),
    ("salbutamol", "albuterol"),
    ("adrenaline", "epinephrine"),
    ("noradrenaline", "norepinephrine"),
    ("frusemide", "furosemide"),
    ("lignocaine", "lidocaine"),
    ("pethidine", "meperidine"),
    ("rifampicin", "rifampin"),
    ("glibenclamide", "glyburide"),
    ("ciclosporin", "cyclosporine"),
    ("aciclovir", "acyclovir"),
    ("valaciclovir", "valacyclovir"),
    ("cefalexin", "cephalexin"),
    ("beclometasone", "beclomethasone"),
    ("dexamfetamine", "dextroamphetamine"),
    ("amfetamine", "amphetamine"),
    ("isoprenaline", "isoproterenol"),
    ("orciprenaline", "metaproterenol"),
    ("phytomenadione", "phytonadione"),
    ("colecalciferol", "cholecalciferol"),
    ("oestradiol", "estradiol"),
    ("thyroxine", "levothyroxine"),
    ("suxamethonium", "succinylcholine"),
    ("glyceryl trinitrate", "nitroglycerin"),
    ("trinitrate", "nitroglycerin"),
    ("hyoscine", "scopolamine"),
    ("ergometrine", "ergonovine"),
    ("metamizole", "dipyrone"),
    ("chlorphenamine", "chlorpheniramine"),
    ("amethocaine", "tetracaine"),
    ("benzylpenicillin", "penicillin g"),
    ("phenoxymethylpenicillin", "penicillin v"),
    ("mercaptamine", "cysteamine"),
    ("mesalazine", "mesalamine"),
    ("torasemide", "torsemide"),
    ("ns", "sodium chloride"),
    ("kcl", "potassium chloride"),
    ("nacl", "sodium chloride"),
    ("asa", "aspirin"),
    ("acetylsalicylic acid", "aspirin"),
    ("ntg", "nitroglycerin"),
    ("vit", "vitamin"),
    ("mgso4", "magnesium sulfate"),
];

/// Salts and hydrates, which RxNorm's names of clinical drugs usually leave out.
const SALTS: &[&str] = &[
    "sodium",
    "potassium",
    "calcium",
    "magnesium",
    "hydrochloride",
    "hcl",
    "dihydrochloride",
    "sulfate",
    "acetate",
    "maleate",
    "fumarate",
    "tartrate",
    "succinate",
    "mesylate",
    "mesilate",
    "besylate",
    "besilate",
    "tosylate",
    "tosilate",
    "phosphate",
    "citrate",
    "bromide",
    "hydrobromide",
    "chloride",
    "nitrate",
    "anhydrous",
    "monohydrate",
    "dihydrate",
    "trihydrate",
    "disodium",
    "hemihydrate",
    "medoxomil",
    "axetil",
    "proxetil",
    "dimeglumine",
    "meglumine",
    "tromethamine",
    "trometamol",
    "base",
];

/// Term types in the order of their numbers in feature names.
const TYPES: [&str; 14] = [
    "IN", "PIN", "MIN", "BN", "SCDC", "SBDC", "SCDF", "SBDF", "SCDG", "SBDG", "SCD", "SBD", "PACK", "OTHER",
];

/// Dose forms that RxNorm tells apart where others do not; tried in this order on the words of a name.
const DOSE_FORMS: [&[&str]; 20] = [
    &["prefilled", "syringe"],
    &["auto", "injector"],
    &["pen", "injector"],
    &["cartridge"],
    &["injectable", "solution"],
    &["injectable", "suspension"],
    &["injectable", "product"],
    &["injection"],
    &["oral", "tablet"],
    &["oral", "capsule"],
    &["oral", "solution"],
    &["oral", "suspension"],
    &["oral", "powder"],
    &["oral", "granule"],
    &["oral", "product"],
    &["pill"],
    &["inhalation"],
    &["topical"],
    &["ophthalmic"],
    &["transdermal"],
];

const SINGLE: [&str; 26] = [
    "cosine",
    "source_coverage",
    "target_coverage",
    "exact",
    "source_conflicts",
    "target_conflicts",
    "kind_brand",
    "reading_reduced",
    "behind_best",
    "full_cosine",
    "strength_all",
    "strength_some",
    "strength_conflict",
    "strength_only_target",
    "form_affinity",
    "form_conflict",
    "form_only_target",
    "release_same",
    "release_differs",
    "brand_named",
    "brand_unasked",
    "quantity_same",
    "words",
    "age",
    "quantified_asked",
    "quantified_unasked",
];

/// A drug's name, taken apart.
#[derive(Debug, Default, Clone)]
struct Drug {
    ingredients: Vec<String>,
    brand: Vec<String>,
    found: Found,
    form: Option<Form>,
    release: &'static str,
}

#[derive(Debug, Default)]
struct Target {
    usable: bool,
    drug: Drug,
    term_type: usize,
    words: Vec<u32>,
    brand: Vec<u32>,
    /// Place in [`DOSE_FORMS`]; one past them for any other.
    dose_form: usize,
    /// ln of the RXCUI: the higher, the later it was made.
    age: f32,
}

/// The domain: drugs, target RxNorm.
pub(super) struct Drugs {
    index: MatchIndex,
    targets: Vec<Target>,
    rough: Model,
    model: Model,
}

/// Takes a name apart. `context` holds form and route as other columns say them.
fn take_apart(text: &str, context: &str) -> Drug {
    let mut name = String::new();
    let mut brand = String::new();
    let mut depth = 0usize;
    for character in text.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => brand.push(character),
            _ => name.push(character),
        }
    }
    let found = strength::find(&name);
    let all = words(&found.rest);
    let mut about = all.clone();
    about.extend(words(context));
    Drug {
        ingredients: all.iter().filter(|word| !form::is_noise(word)).cloned().collect(),
        brand: words(&brand),
        form: form::of(&words(context)).or_else(|| form::of(&all)),
        release: form::release(&about),
        found,
    }
}

fn international(all: &[String]) -> Vec<String> {
    let mut joined = format!(" {} ", all.join(" "));
    for (local, ours) in INTERNATIONAL {
        let wanted = format!(" {local} ");
        if joined.contains(&wanted) {
            joined = joined.replace(&wanted, &format!(" {ours} "));
        }
    }
    joined.split_whitespace().map(str::to_owned).collect()
}

impl Drugs {
    /// Builds the domain for an open RxNorm index.
    pub fn new(system: &CodeSystemIndex) -> Self {
        let count = system.len() as u32;
        let drugs: Vec<Drug> = (0..count)
            .into_par_iter()
            .map(|concept| take_apart(&system.display(Ordinal(concept)).unwrap_or_default(), ""))
            .collect();
        let index = MatchIndex::build(count, |concept| {
            drugs
                .get(concept as usize)
                .map_or_else(Vec::new, |drug| texts(system, Ordinal(concept), drug))
        });
        let targets = drugs
            .into_iter()
            .zip(0u32..)
            .map(|(drug, concept)| {
                let concept = Ordinal(concept);
                let term_type = system.property_text(concept, "TTY").unwrap_or("");
                let place = match term_type {
                    "GPCK" | "BPCK" => 12,
                    other => TYPES.iter().position(|known| *known == other).unwrap_or(13),
                };
                let display = system.display(concept).unwrap_or_default();
                let all = words(&display);
                let has_all = |wanted: &&[&str]| wanted.iter().all(|word| all.iter().any(|other| other == word));
                let number: f32 = system.code(concept).parse().unwrap_or(1.0);
                Target {
                    dose_form: DOSE_FORMS.iter().position(has_all).unwrap_or(DOSE_FORMS.len()),
                    age: number.max(1.0).ln(),
                    usable: system.is_active(concept) && !matches!(term_type, "DF" | "DFG" | "ET"),
                    term_type: place,
                    words: index.bag(&all),
                    brand: index.bag(&drug.brand),
                    drug,
                }
            })
            .collect();
        Self {
            index,
            targets,
            rough: Model::parse(include_str!("../models/drugs_rough.tsv"), &names()),
            model: Model::parse(include_str!("../models/drugs.tsv"), &names()),
        }
    }

    fn features(&self, source: &Source, target: &Target, lexical: &Lexical, behind: f32) -> (Features, Option<&'static str>) {
        let flag = |truth: bool| f32::from(u8::from(truth));
        let (ours, theirs) = (&source.drug.found, &target.drug.found);
        let agreeing = ours
            .strengths
            .iter()
            .filter(|left| {
                theirs
                    .strengths
                    .iter()
                    .any(|right| left.agrees(right, ours.volume, theirs.volume))
            })
            .count();
        let all = agreeing > 0 && agreeing == ours.strengths.len() && agreeing == theirs.strengths.len();
        let stated = !ours.strengths.is_empty() && !theirs.strengths.is_empty();
        let form = match (source.drug.form, target.drug.form) {
            (Some(left), Some(right)) => Some(form::affinity(left, right)),
            _ => None,
        };
        let branded = !target.brand.is_empty() || target.term_type == 3;
        let brand = if target.term_type == 3 { &target.words } else { &target.brand };
        let brand_named = branded && !brand.is_empty() && brand.iter().all(|word| source.bag.contains(word));
        let values = [
            lexical.cosine,
            lexical.source_coverage,
            lexical.target_coverage,
            flag(lexical.exact),
            lexical.source_conflicts.min(3.0),
            lexical.target_conflicts.min(3.0),
            flag(lexical.kind == 1),
            flag(lexical.reading > 0),
            behind,
            self.index.cosine(&source.bag, &target.words),
            flag(all),
            flag(agreeing > 0 && !all),
            flag(stated && agreeing == 0),
            flag(ours.strengths.is_empty() && !theirs.strengths.is_empty()),
            form.unwrap_or(0.0),
            flag(form == Some(0.0)),
            flag(source.drug.form.is_none() && target.drug.form.is_some()),
            flag(!source.drug.release.is_empty() && source.drug.release == target.drug.release),
            flag(source.drug.release != target.drug.release),
            flag(brand_named),
            flag(branded && !brand_named),
            flag(ours.volume.is_some() && ours.volume == theirs.volume),
            (target.words.len() as f32 + 1.0).ln() / 3.0,
            target.age / 10.0,
            flag(theirs.volume.is_some() && ours.volume.is_some()),
            flag(theirs.volume.is_some() && ours.volume.is_none()),
        ];
        let mut features: Features = (0u16..).zip(values).filter(|(_, value)| *value != 0.0).collect();
        let evidence = usize::from(!ours.strengths.is_empty()) + 2 * usize::from(source.drug.form.is_some());
        features.push(((SINGLE.len() + evidence * TYPES.len() + target.term_type) as u16, 1.0));
        let forms = SINGLE.len() + 4 * TYPES.len();
        let context = match source.drug.form {
            None => 0,
            Some(_) if source.form_column => 1,
            Some(_) => 2,
        };
        features.push(((forms + context * (DOSE_FORMS.len() + 1) + target.dose_form) as u16, 1.0));
        let conflict = if stated && agreeing == 0 {
            Some("strength")
        } else if form == Some(0.0) {
            Some("form")
        } else {
            None
        };
        (features, conflict)
    }
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = SINGLE.iter().map(|name| (*name).to_owned()).collect();
    for evidence in ["bare", "strength", "form", "strength_form"] {
        names.extend(TYPES.iter().map(|term_type| format!("type.{evidence}.{term_type}")));
    }
    for context in ["unstated", "stated", "implied"] {
        names.extend(DOSE_FORMS.iter().map(|form| format!("form.{context}.{}", form.join("_"))));
        names.push(format!("form.{context}.other"));
    }
    names
}

fn texts(system: &CodeSystemIndex, concept: Ordinal, drug: &Drug) -> Vec<TermText> {
    let mut texts = Vec::new();
    let mut add = |words: Vec<String>, kind: u8| {
        if !words.is_empty() {
            texts.push(TermText { words, kind });
        }
    };
    add(drug.ingredients.clone(), 0);
    if !drug.brand.is_empty() {
        add(drug.brand.clone(), 1);
        add(drug.ingredients.iter().chain(&drug.brand).cloned().collect(), 0);
    }
    let without_salts: Vec<String> = drug
        .ingredients
        .iter()
        .filter(|word| !SALTS.contains(&word.as_str()))
        .cloned()
        .collect();
    add(without_salts, 0);
    for number in system.designation_numbers(concept) {
        if system.designation_kind(number) == DesignationKind::Synonym {
            add(take_apart(&system.designation_text(number), "").ingredients, 2);
        }
    }
    texts
}

/// A source, understood.
struct Source {
    drug: Drug,
    readings: Vec<Vec<String>>,
    bag: Vec<u32>,
    /// A column states the form.
    form_column: bool,
}

impl Drugs {
    fn read(&self, item: &SourceItem) -> Source {
        let stated = format!("{} {}", item.get(Role::Name), item.get(Role::Strength));
        let context = format!("{} {}", item.get(Role::Form), item.get(Role::Route));
        let mut drug = take_apart(&stated.replace(['[', ']'], " "), &context);
        // A section such as "drug push" is the weakest statement of a form.
        drug.form = drug.form.or_else(|| form::of(&words(item.get(Role::Section))));
        let plain = international(&drug.ingredients);
        let mut readings = vec![plain.clone()];
        let unsalted: Vec<String> = plain.iter().filter(|word| !SALTS.contains(&word.as_str())).cloned().collect();
        if !unsalted.is_empty() && unsalted != plain {
            readings.push(unsalted);
        }
        // "Ingredient (Brand)" and "Brand (ingredient)": each alone is a reading too.
        if let Some((before, rest)) = item.get(Role::Name).split_once('(') {
            for part in [before, rest.trim_end_matches(')')] {
                let part = international(&take_apart(part, "").ingredients);
                if !part.is_empty() && !readings.contains(&part) {
                    readings.push(part);
                }
            }
        }
        let mut everything = words(&stated);
        everything.extend(words(&context));
        everything.extend(plain);
        Source {
            bag: self.index.bag(&everything),
            form_column: !item.get(Role::Form).is_empty(),
            drug,
            readings,
        }
    }
}

impl Domain for Drugs {
    fn candidates(&self, item: &SourceItem) -> Vec<Scored> {
        let source = self.read(item);
        let gathered = lexical::gather(&self.index, &source.readings, TERMS);
        let best = gathered.iter().map(|(_, lexical)| lexical.rank()).fold(0.0, f32::max);
        let mut scored: Vec<Scored> = gathered
            .into_iter()
            .filter_map(|(concept, lexical)| {
                let target = self.targets.get(concept as usize).filter(|target| target.usable)?;
                let (features, conflict) = self.features(&source, target, &lexical, best - lexical.rank());
                let (strength, form) = (!source.drug.found.strengths.is_empty(), source.drug.form.is_some());
                Some(Scored {
                    concept: Ordinal(concept),
                    score: self.rough.score(&features),
                    features,
                    lexical,
                    evidence: Evidence::of(&lexical, strength, form),
                    exact: lexical.exact && lexical.reading == 0 && conflict.is_none(),
                    conflict,
                })
            })
            .collect();
        super::sort(&mut scored);
        lexical::shorten(&mut scored, CANDIDATES, |candidate| &candidate.lexical);
        scored
            .iter_mut()
            .for_each(|candidate| candidate.score = self.model.score(&candidate.features));
        super::sort(&mut scored);
        scored
    }

    fn is_target(&self, concept: Ordinal) -> bool {
        self.targets.get(concept.0 as usize).is_some_and(|target| target.usable)
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    fn feature_names(&self) -> Vec<String> {
        names()
    }

    fn difference(&self, first: Ordinal, second: Ordinal) -> Option<&'static str> {
        let (first, second) = (self.targets.get(first.0 as usize)?, self.targets.get(second.0 as usize)?);
        if first.drug.found.strengths != second.drug.found.strengths {
            Some("strength")
        } else if first.drug.form != second.drug.form || first.drug.release != second.drug.release {
            Some("form")
        } else if first.brand != second.brand {
            Some("brand")
        } else {
            None
        }
    }

    fn index(&self) -> &MatchIndex {
        &self.index
    }

    fn readings(&self, item: &SourceItem) -> Vec<Vec<String>> {
        self.read(item).readings
    }

    fn constraints(&self, system: &CodeSystemIndex, item: &SourceItem, concept: Ordinal) -> Vec<Constraint> {
        let target = take_apart(&system.display(concept).unwrap_or_default(), "");
        explain::constraints(&self.read(item), item, &target)
    }

    fn axis_value(&self, system: &CodeSystemIndex, axis: &str, concept: Ordinal) -> Option<String> {
        explain::axis_value(&take_apart(&system.display(concept)?, ""), axis)
    }
}

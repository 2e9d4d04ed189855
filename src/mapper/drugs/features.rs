//! What speaks for and against a candidate: facts of a source and a target as numbered features, and what contradicts.
//!
//! Weights are learned; this file only says what is seen. Nothing here knows a substance: features are about words,
//! amounts, forms, term types and the shape of the vocabulary, so that what is learned on some drugs holds for others.

use super::form;
use super::source::Source;
use super::strength::{self, Agreement, Found, Kind, Strength};
use super::target::{TYPES, Target};
use crate::mapper::explain::Verdict;
use crate::mapper::index::MatchIndex;
use crate::mapper::lexical::Lexical;
use crate::mapper::rank::{Evidence, Features};

/// Facts by name; the value of each is in the array of the same order in [`View::values`].
const SINGLE: [&str; 65] = [
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
    "words",
    "age",
    "capitalised",
    "suffix_unasked",
    "ingredients_equal",
    "ingredients_more",
    "ingredients_fewer",
    "ingredients_other",
    "salt_same",
    "salt_unasked",
    "salt_missing",
    "strength_all",
    "strength_some",
    "strength_rounded",
    "strength_number",
    "strength_unknown",
    "strength_conflict",
    "strength_nominal",
    "strength_nearness",
    "strength_nearness_with_salt",
    "strength_content",
    "strength_only_target",
    "strength_only_source",
    "parts_differ",
    "form_affinity",
    "form_conflict",
    "form_only_target",
    "release_same",
    "release_differs",
    "brand_named",
    "brand_named_with_strength",
    "brand_other",
    "brand_unasked",
    "brand_unasked_with_strength",
    "brand_unasked_leftover",
    "brand_share",
    "brand_products",
    "brand_names",
    "brand_age",
    "brand_gap",
    "generic_though_brand_named",
    "generic_though_brand_named_with_strength",
    "volume_same",
    "volume_near",
    "volume_differs",
    "volume_only_source",
    "volume_only_target",
    "hours_same",
    "hours_only_target",
    "doses_only_target",
    "pack_asked",
    "biosimilar_named",
    "biosimilar_of_other_ingredients",
    "brand_named_bare",
    "generic_though_brand_named_bare",
];

/// The features that the calibration looks at: all that are no crossing of groups.
pub fn of_calibration() -> Vec<u16> {
    (0..SINGLE.len() as u16).collect()
}

/// What is stated, in the order of the feature names.
const EVIDENCE: [&str; 4] = ["bare", "strength", "form", "strength_form"];
/// Steps of the number of clinical drugs with the same ingredients.
const PRODUCTS: [u32; 5] = [2, 4, 8, 16, 40];
/// Steps of the RXCUI, which tells when a product came to the market.
const ERAS: [f32; 6] = [3e5, 6e5, 9e5, 1.3e6, 1.7e6, 2.2e6];
/// Steps of the number of brands with the same ingredients.
const BRANDS: [u32; 3] = [2, 3, 5];
/// Groups of the facts that tell whether a product is sold under one brand.
const GUESSES: [(&str, usize); 3] = [("products", 6), ("era", 7), ("brands", 4)];

/// Where the form comes from, in the order of the feature names.
const CONTEXTS: [&str; 3] = ["unstated", "stated", "implied"];

/// Names and places of all features.
pub(super) struct Layout {
    /// Forms that sources state.
    pub stated: Vec<&'static str>,
    dose_forms: Vec<String>,
}

impl Layout {
    /// The layout.
    pub fn new() -> Self {
        Self {
            stated: form::stated_names(),
            dose_forms: form::dose_form_names(),
        }
    }

    /// The names of the features, by number.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = SINGLE.iter().map(|name| (*name).to_owned()).collect();
        for evidence in EVIDENCE {
            names.extend(TYPES.iter().map(|term_type| format!("type.{evidence}.{term_type}")));
        }
        let mut cross = |kind: &str, sources: &[&str]| {
            for source in sources {
                names.extend(self.dose_forms.iter().map(|target| format!("{kind}.{source}.{target}")));
            }
        };
        cross("form", &CONTEXTS);
        cross("route", &form::ROUTES);
        cross("stated", &self.stated);
        for (group, steps) in GUESSES {
            names.extend((0..steps).map(|step| format!("brand_unasked.{group}.{step}")));
        }
        names
    }

    /// Facts of the market, for a branded product whose brand the source does not name.
    fn guesses(&self, target: &Target) -> [u16; 3] {
        let crossed = (CONTEXTS.len() + form::ROUTES.len() + self.stated.len()) * self.dose_forms.len();
        let first = SINGLE.len() + EVIDENCE.len() * TYPES.len() + crossed;
        let market = target.market;
        let steps = [
            PRODUCTS.iter().filter(|step| market.generic >= **step).count(),
            ERAS.iter().filter(|step| target.number >= **step).count(),
            BRANDS.iter().filter(|step| market.brands >= **step).count(),
        ];
        let mut before = first;
        let mut places = [0; 3];
        for ((place, step), (_, count)) in places.iter_mut().zip(steps).zip(GUESSES) {
            *place = (before + step) as u16;
            before += count;
        }
        places
    }

    /// The crossed features of a source and a target: each is there or not.
    fn crossed(&self, source: &Source, target: &Target) -> [u16; 4] {
        let evidence = usize::from(!source.found.strengths.is_empty()) + 2 * usize::from(source.form.is_some());
        let context = match source.form {
            None => 0,
            Some(_) if source.form_column => 1,
            Some(_) => 2,
        };
        let forms = self.dose_forms.len();
        let first = SINGLE.len() + EVIDENCE.len() * TYPES.len();
        let at = |row: usize| (first + row * forms + target.dose_form) as u16;
        [
            (SINGLE.len() + evidence * TYPES.len() + target.term_type) as u16,
            at(context),
            at(CONTEXTS.len() + source.route),
            at(CONTEXTS.len() + form::ROUTES.len() + source.stated),
        ]
    }
}

/// What the strengths of two sides say of each other.
#[derive(Debug, Default, Clone, Copy)]
struct Strengths {
    /// Strengths of the target that the source states.
    agreeing: usize,
    source: usize,
    target: usize,
    rounded: bool,
    number: bool,
    unknown: bool,
    conflict: bool,
    /// The source states as many strengths as the target has, and one of the target's differs from all of them.
    one_differs: bool,
    nominal: bool,
    content: bool,
    nearness: f32,
    above: bool,
}

impl Strengths {
    fn of(ours: &Found, theirs: &Found) -> Self {
        let mut found = Self {
            source: ours.strengths.len(),
            target: theirs.strengths.len(),
            ..Self::default()
        };
        let (mut comparable, mut differing) = (0, 0);
        for right in &theirs.strengths {
            let stated = ours.strengths.iter().chain(&ours.aside);
            let best = stated
                .map(|left| (left.agreement(right, ours.volume, theirs.volume), left))
                .min_by_key(|(agreement, _)| *agreement);
            let Some((agreement, left)) = best else { continue };
            // One unit stands for "as many units as are stated" in names of clotting factors.
            if is_nominal(right) && right.kind == left.kind {
                found.nominal = true;
                found.agreeing += 1;
                continue;
            }
            comparable += 1;
            match agreement {
                Agreement::Same | Agreement::Rounded | Agreement::Delivered => {
                    found.agreeing += 1;
                    found.rounded |= agreement != Agreement::Same;
                    found.content |= left.per.is_none() && right.per.is_some_and(|(kind, _)| kind == Kind::Volume);
                }
                Agreement::Number => found.number = true,
                Agreement::Unknown => found.unknown = true,
                Agreement::Differs => differing += 1,
            }
            if let Some(ratio) = left.ratio(right, theirs.volume).filter(|ratio| *ratio > 0.0) {
                let nearness = (-(ratio.ln().abs() as f32) * 4.0).exp();
                // The same puff, measured at two places.
                let nearness = if agreement == Agreement::Delivered { 0.95 } else { nearness };
                if nearness > found.nearness {
                    found.nearness = nearness;
                    found.above = ratio > 1.0 && ratio < 1.7;
                }
            }
        }
        // "Amoxicillin and clavulanic acid 625 mg" is 500 mg and 125 mg.
        if found.agreeing == 0 && strength::is_sum(&ours.strengths, &theirs.strengths) {
            (found.agreeing, found.source, found.rounded) = (found.target, found.target, true);
            (found.nearness, differing) = (1.0, 0);
        }
        found.one_differs = differing > 0 && ours.strengths.len() >= theirs.strengths.len();
        found.conflict = comparable > 0 && found.agreeing == 0 && !found.number && !found.unknown;
        found
    }

    /// Whether a person who knows both would say that they are of different drugs.
    fn contradict(&self) -> bool {
        self.conflict || self.one_differs
    }

    fn all(&self) -> bool {
        self.agreeing > 0 && self.agreeing == self.target && self.agreeing >= self.source
    }
}

fn is_nominal(strength: &Strength) -> bool {
    strength.kind == Kind::Activity && strength.per.is_none() && strength.amount == 1.0
}

/// How the ingredients of two sides relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sets {
    Unknown,
    Equal,
    More,
    Fewer,
    Other,
}

fn sets(ours: &[u32], theirs: &[u32]) -> Sets {
    if ours.is_empty() || theirs.is_empty() {
        return Sets::Unknown;
    }
    let inside = |small: &[u32], large: &[u32]| small.iter().all(|one| large.binary_search(one).is_ok());
    match (inside(ours, theirs), inside(theirs, ours)) {
        (true, true) => Sets::Equal,
        (true, false) => Sets::More,
        (false, true) => Sets::Fewer,
        (false, false) => Sets::Other,
    }
}

/// How two quantities relate: same, near, differing, only on the left, only on the right.
fn quantities(ours: Option<f64>, theirs: Option<f64>) -> [bool; 5] {
    match (ours, theirs) {
        (Some(left), Some(right)) => {
            let difference = (left - right).abs() / left.max(right).max(f64::MIN_POSITIVE);
            let (same, near) = (difference < 0.01, difference < 0.15);
            [same, near && !same, !near, false, false]
        }
        (Some(_), None) => [false, false, false, true, false],
        (None, Some(_)) => [false, false, false, false, true],
        (None, None) => [false; 5],
    }
}

/// A source beside a target.
pub(super) struct View<'v> {
    source: &'v Source,
    target: &'v Target,
    strengths: Strengths,
    sets: Sets,
    form: Option<f32>,
    brand_named: bool,
}

impl<'v> View<'v> {
    /// Compares the two.
    pub fn new(source: &'v Source, target: &'v Target) -> Self {
        let form = match (source.form, target.form) {
            (Some(left), Some(right)) => Some(form::affinity(left, right)),
            _ => None,
        };
        let brand = target.brand_words();
        let brand_named =
            target.is_branded() && !brand.is_empty() && brand.iter().all(|word| source.bag.binary_search(word).is_ok());
        Self {
            strengths: Strengths::of(&source.found, &target.found),
            sets: sets(&source.named.ingredients, &target.ingredients),
            source,
            target,
            form,
            brand_named,
        }
    }

    /// What the source states and the target contradicts. Such a candidate is never accepted by itself.
    pub fn conflict(&self, lexical: &Lexical) -> Option<&'static str> {
        let counts = (self.source.named.ingredients.len(), self.target.ingredients.len());
        let other_number = !matches!(self.sets, Sets::Unknown | Sets::Equal) && counts.0 != counts.1;
        let other_substance = self.sets == Sets::Other && lexical.source_coverage < 0.5;
        if self.strengths.contradict() {
            Some("strength")
        } else if self.form == Some(0.0) {
            Some("form")
        } else if other_number || other_substance {
            Some("ingredients")
        } else if self.brand_other() {
            Some("brand")
        } else {
            None
        }
    }

    /// The source.
    pub fn source(&self) -> &Source {
        self.source
    }

    /// The target.
    pub fn target(&self) -> &Target {
        self.target
    }

    /// Whether the source names the target's brand.
    pub fn brand_named(&self) -> bool {
        self.brand_named
    }

    /// Whether the strengths agree, as explanations say it.
    pub fn strengths_verdict(&self) -> Verdict {
        Verdict::of(self.strengths.all(), self.strengths.contradict())
    }

    /// Whether the ingredients are the same; where the graph does not say, by the words.
    pub fn ingredients(&self, same_words: bool) -> Verdict {
        let counts = self.source.named.ingredients.len() != self.target.ingredients.len();
        let same = self.sets == Sets::Equal || self.sets == Sets::Unknown && same_words;
        Verdict::of(same, counts && !matches!(self.sets, Sets::Unknown | Sets::Equal))
    }

    /// The source names a brand, and the target is another.
    pub fn brand_other(&self) -> bool {
        self.source.named.brand && self.target.is_branded() && !self.brand_named
    }

    /// What the calibration looks at: coverage of words, lowered by each fact that only one side states, so that the
    /// relationship of a bare name and a full product is never "equivalent".
    pub fn evidence(&self, lexical: &Lexical) -> Evidence {
        let (source, target) = (self.source, self.target);
        let (strength, form) = (!source.found.strengths.is_empty(), source.form.is_some());
        let mut evidence = Evidence::of(lexical, strength, form);
        // Facts for the calibration, which cuts them as numbers.
        evidence.facts = [
            target.term_type as f32,
            source.found.strengths.len() as f32,
            target.found.strengths.len() as f32,
            source.route as f32,
            f32::from(u8::from(source.form_column)),
            f32::from(u8::from(source.named.brand)),
            0.0,
            0.0,
        ];
        let facts = [
            (strength, !target.found.strengths.is_empty()),
            (form, target.form.is_some()),
            (source.named.brand, target.is_branded()),
            (source.named.brand && self.brand_other(), self.brand_other()),
        ];
        for (ours, theirs) in facts {
            if ours && !theirs {
                evidence.source_coverage *= 0.85;
            } else if theirs && !ours {
                evidence.target_coverage *= 0.85;
            }
        }
        evidence
    }

    /// All features, in place of what `features` had: most candidates are only scored, so what holds them is used again.
    pub fn features(&self, layout: &Layout, index: &MatchIndex, lexical: &Lexical, behind: f32, features: &mut Features) {
        let cosine = index.cosine(&self.source.bag, &self.target.words);
        let values = self.values(lexical, behind, cosine);
        features.clear();
        features.extend((0u16..).zip(values).filter(|(_, value)| *value != 0.0));
        let crossed = layout.crossed(self.source, self.target);
        features.extend(crossed.iter().map(|number| (*number, 1.0)));
        if self.brand_guessed() {
            features.extend(layout.guesses(self.target).iter().map(|number| (*number, 1.0)));
        }
    }

    /// Whether the market may tell that a product is meant of which the source names no brand: a register lists what is
    /// sold, and names it by substance, strength and form. Where no product is described, or where one text names a
    /// substance, a brand is no guess but an invention.
    fn brand_guessed(&self) -> bool {
        let unasked = self.target.is_branded() && !self.brand_named;
        unasked && self.strengths.source > 0 && self.source.form_column
    }

    fn values(&self, lexical: &Lexical, behind: f32, cosine: f32) -> [f32; SINGLE.len()] {
        let flag = |truth: bool| f32::from(u8::from(truth));
        let (source, target, strengths) = (self.source, self.target, &self.strengths);
        let salts = [
            source.salts.iter().any(|salt| target.salts.contains(salt)),
            target.salts.iter().any(|salt| !source.bag.contains(salt)),
            source.salts.iter().any(|salt| !target.salts.contains(salt)),
        ];
        let stated = strengths.source > 0 && strengths.target > 0;
        let unasked = target.is_branded() && !self.brand_named;
        let market = target.market;
        let guessed = self.brand_guessed();
        // A quantity only says something of a product whose strength is stated.
        let quantified = strengths.source > 0;
        let bare = !quantified && !source.form_column;
        let guess = |value: f32| if guessed { value } else { 0.0 };
        let volume = quantities(source.found.volume, target.found.volume);
        let ratio = market.branded as f32 / market.generic.max(1) as f32;
        let packed = target.term_type == super::target::PACK;
        [
            lexical.cosine,
            lexical.source_coverage,
            lexical.target_coverage,
            flag(lexical.exact),
            lexical.source_conflicts.min(3.0),
            lexical.target_conflicts.min(3.0),
            flag(lexical.kind == 1),
            flag(lexical.reading > 0),
            behind,
            cosine,
            (target.words.len() as f32 + 1.0).ln() / 3.0,
            target.number.max(1.0).ln() / 10.0,
            flag(target.capitalised),
            flag(target.suffix && !self.brand_named),
            flag(self.sets == Sets::Equal),
            flag(self.sets == Sets::More),
            flag(self.sets == Sets::Fewer),
            flag(self.sets == Sets::Other),
            flag(salts[0]),
            flag(salts[1]),
            flag(salts[2]),
            flag(strengths.all()),
            flag(strengths.agreeing > 0 && !strengths.all()),
            flag(strengths.rounded),
            flag(strengths.number && strengths.agreeing == 0),
            flag(strengths.unknown && strengths.agreeing == 0),
            flag(strengths.conflict),
            flag(strengths.nominal),
            strengths.nearness,
            if strengths.above && salts[1] {
                strengths.nearness
            } else {
                0.0
            },
            flag(strengths.content),
            flag(strengths.source == 0 && strengths.target > 0),
            flag(strengths.source > 0 && strengths.target == 0),
            flag(stated && strengths.source != strengths.target),
            self.form.unwrap_or(0.0),
            flag(self.form == Some(0.0)),
            flag(source.form.is_none() && target.form.is_some()),
            flag(!source.release.is_empty() && source.release == target.release),
            flag(source.release != target.release),
            flag(self.brand_named),
            flag(self.brand_named && strengths.source > 0),
            flag(self.brand_other()),
            flag(unasked),
            flag(guessed),
            guess(flag(source.named.leftover)),
            guess(ratio.min(1.5)),
            guess((1.0 + market.generic as f32).ln() / 3.0),
            guess((market.brands as f32).max(1.0).ln()),
            // Codes of other makers' or of coming releases are further than any that was learned from.
            guess((target.number / 1e6).min(3.0)),
            guess((1.0 + target.gap).ln() / 10.0),
            flag(source.named.brand && !target.is_branded()),
            flag(source.named.brand && !target.is_branded() && strengths.source > 0),
            flag(volume[0]),
            flag(volume[1]),
            flag(volume[2]),
            flag(volume[3]),
            flag(volume[4] && quantified),
            flag(target.found.hours.is_some() && source.found.hours == target.found.hours),
            flag(target.found.hours.is_some() && source.found.hours.is_none() && quantified),
            flag(target.found.doses.is_some() && source.found.doses.is_none() && quantified),
            flag(packed == source.pack && packed),
            flag(target.suffix && self.brand_named),
            flag(target.suffix && !matches!(self.sets, Sets::Equal | Sets::Unknown)),
            flag(bare && self.brand_named),
            flag(bare && source.named.brand && !target.is_branded()),
        ]
    }
}

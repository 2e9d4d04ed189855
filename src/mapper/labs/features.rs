//! The features of a candidate LOINC term for a local test: one table of names, one function that fills them.
//!
//! Weights are learned, so a feature only has to be true and to mean the same everywhere. Families of indicators
//! (section x system, section x property without a unit) let training find defaults such as "chemistry in blood is
//! serum or plasma" instead of having them written down.

use super::query::{Query, Section};
use super::specimen::{Specimen, affinity, satisfies};
use super::{Scale, Target};
use crate::mapper::Scored;
use crate::mapper::lexical::Lexical;
use crate::mapper::rank::{FACTS, Features};

/// What a feature is computed from.
pub(super) struct Context<'c> {
    pub query: &'c Query,
    pub target: &'c Target,
    pub lexical: &'c Lexical,
    pub property: &'c str,
    pub full_cosine: f32,
    pub method_overlap: bool,
    /// The name has every word of the method but "method" and the like.
    pub method_asked: bool,
    pub denominator_overlap: bool,
    pub behind_best: f32,
}

/// How a term is measured, as far as it matters for choosing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    None,
    Automated,
    Manual,
    Microscopy,
    Coagulation,
    Immunoassay,
    Electrophoresis,
    Calculated,
    Confirmation,
    Screen,
    Molecular,
    TestStrip,
    HighPowerField,
    Culture,
    Direct,
    Other,
}

impl Method {
    /// Whether the words of a local name ask for a method, and for which.
    pub fn of_words(words: &[String]) -> Option<Self> {
        const WORDS: &[(&str, Method)] = &[
            ("calculated", Method::Calculated),
            ("calc", Method::Calculated),
            ("calculation", Method::Calculated),
            ("estimated", Method::Calculated),
            ("est", Method::Calculated),
            ("manual", Method::Manual),
            ("automated", Method::Automated),
            ("auto", Method::Automated),
            ("automatic", Method::Automated),
            ("dipstick", Method::TestStrip),
            ("strip", Method::TestStrip),
            ("stick", Method::TestStrip),
            ("culture", Method::Culture),
            ("pcr", Method::Molecular),
            ("naat", Method::Molecular),
            ("electrophoresis", Method::Electrophoresis),
            ("elisa", Method::Immunoassay),
            ("eia", Method::Immunoassay),
            ("confirmation", Method::Confirmation),
            ("confirm", Method::Confirmation),
            ("confirmatory", Method::Confirmation),
            ("screen", Method::Screen),
            ("screening", Method::Screen),
            ("direct", Method::Direct),
            ("measured", Method::Direct),
            ("microscopy", Method::Microscopy),
            ("microscopic", Method::Microscopy),
        ];
        words
            .iter()
            .find_map(|word| WORDS.iter().find(|(known, _)| known == word))
            .map(|(_, method)| *method)
    }

    /// Reads METHOD_TYP or the words after "by" of a long common name.
    pub fn read(text: &str) -> Self {
        const PARTS: &[(&str, Method)] = &[
            ("test strip", Method::TestStrip),
            ("high power", Method::HighPowerField),
            ("hpf", Method::HighPowerField),
            ("culture", Method::Culture),
            ("direct assay", Method::Direct),
            ("automated", Method::Automated),
            ("manual", Method::Manual),
            ("microscop", Method::Microscopy),
            ("coag", Method::Coagulation),
            ("chromo", Method::Coagulation),
            ("eia", Method::Immunoassay),
            ("immunoassay", Method::Immunoassay),
            ("electrophor", Method::Electrophoresis),
            ("calc", Method::Calculated),
            ("estimated", Method::Calculated),
            ("confirm", Method::Confirmation),
            ("screen", Method::Screen),
            ("probe", Method::Molecular),
            ("naa", Method::Molecular),
            ("pcr", Method::Molecular),
            ("molgen", Method::Molecular),
        ];
        if text.is_empty() {
            return Self::None;
        }
        let folded = text.to_lowercase();
        let found = PARTS.iter().find(|(part, _)| folded.contains(part));
        found.map_or(Self::Other, |(_, method)| *method)
    }
}

/// What a ratio is divided by.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denominator {
    #[default]
    None,
    Leukocytes,
    Cells,
    Creatinine,
    Total,
    Normal,
    Other,
}

impl Denominator {
    /// Reads the text after the `/` of a component.
    pub fn read(text: &str) -> Self {
        let folded = text.to_lowercase();
        if folded.is_empty() {
            Self::None
        } else if folded.starts_with("100 leuk") || folded.starts_with("leukocytes") {
            Self::Leukocytes
        } else if folded.starts_with("100 ") || folded.starts_with("1000 ") || folded.contains("cells") {
            Self::Cells
        } else if folded.contains("creatinine") {
            Self::Creatinine
        } else if folded.contains("normal") || folded.contains("control") {
            Self::Normal
        } else if folded.contains("total") {
            Self::Total
        } else {
            Self::Other
        }
    }
}

const SINGLE: &[&str] = &[
    "cosine",
    "source_coverage",
    "target_coverage",
    "exact",
    "exact_reading",
    "source_conflicts",
    "target_conflicts",
    "kind_synonym",
    "kind_related",
    "reading_expanded",
    "behind_best",
    "full_cosine",
    "specimen_affinity",
    "specimen_same",
    "specimen_excluded",
    "specimen_any",
    "specimen_unstated",
    "unit_first",
    "unit_later",
    "unit_conflict",
    "unit_property_unknown",
    "unit_same_as_example",
    "unit_none_ordinal",
    "unit_none_quantitative",
    "hint_property",
    "hint_conflict",
    "method_named",
    "method_words_named",
    "denominator_named",
    "challenge",
    "timed_unasked",
    "timed_asked",
    "panel_unasked",
    "rank",
    "has_rank",
    "age",
    "name_words",
    "laboratory",
    "scale_unknown",
    "scale_nominal",
    "property_unknown",
    "number_asked_word",
    "number_asked_number",
    "ratio_unasked",
    "method_asked_same",
    "method_asked_none",
    "method_asked_other",
    "specimen_behind",
    "unit_behind",
    "example_behind",
    "subject_unasked",
    "method_asked_fully",
];

const METHODS: [&str; 16] = [
    "none",
    "automated",
    "manual",
    "microscopy",
    "coagulation",
    "immunoassay",
    "electrophoresis",
    "calculated",
    "confirmation",
    "screen",
    "molecular",
    "test_strip",
    "high_power_field",
    "culture",
    "direct",
    "other",
];

const DENOMINATORS: [&str; 7] = ["none", "leukocytes", "cells", "creatinine", "total", "normal", "other"];

/// Kinds of unit by which denominators are told apart.
const UNIT_KINDS: [&str; 3] = ["none", "percent", "other"];

const BLOOD_GROUPS: [&str; 11] = [
    "serum_plasma",
    "serum",
    "plasma",
    "serum_plasma_blood",
    "blood",
    "arterial",
    "other_blood",
    "poor_plasma",
    "cells",
    "unknown",
    "not_blood",
];

const PROPERTY_GROUPS: [&str; 11] = [
    "mass",
    "substance",
    "activity",
    "number",
    "fraction",
    "presence",
    "titer",
    "rate",
    "ratio",
    "other",
    "unknown",
];

const CLASSES: usize = 5;

/// Sections that have defaults of their own; the others count as unknown.
const CLASS_NAMES: [&str; CLASSES] = ["unknown", "chemistry", "hematology", "gas", "coagulation"];

fn class(section: Section) -> usize {
    match section {
        Section::Chemistry | Section::Toxicology | Section::Serology => 1,
        Section::Hematology => 2,
        Section::BloodGas => 3,
        Section::Coagulation => 4,
        _ => 0,
    }
}

/// Kinds of specimen whose tests are done in their own ways.
const SETTINGS: [&str; 4] = ["blood", "urine", "fluid", "other"];

fn setting(query: &Query) -> usize {
    let specimen = query.specimen;
    match specimen {
        _ if query.blood_unspecific && specimen == Specimen::Unknown => 3,
        _ if specimen.is_blood() => 0,
        Specimen::Urine | Specimen::UrineSediment => 1,
        _ if specimen.is_cavity_fluid() || specimen == Specimen::BodyFluid => 2,
        _ => 3,
    }
}

/// The names of all features, by number.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = SINGLE.iter().map(|name| (*name).to_owned()).collect();
    for section in CLASS_NAMES {
        names.extend(BLOOD_GROUPS.iter().map(|group| format!("blood.{section}.{group}")));
    }
    for section in CLASS_NAMES {
        names.extend(PROPERTY_GROUPS.iter().map(|group| format!("unitless.{section}.{group}")));
    }
    names.extend(METHODS.iter().map(|method| format!("method.{method}")));
    for section in CLASS_NAMES {
        for setting in SETTINGS {
            names.extend(METHODS.iter().map(|method| format!("method.{section}.{setting}.{method}")));
        }
    }
    for unit in UNIT_KINDS {
        names.extend(DENOMINATORS.iter().map(|kind| format!("denominator.{unit}.{kind}")));
    }
    names.extend(
        Section::ALL
            .iter()
            .map(|section| format!("section_presence.{}", section.name())),
    );
    names
}

const BLOOD: usize = SINGLE.len();
const UNITLESS: usize = BLOOD + CLASSES * BLOOD_GROUPS.len();
const METHOD: usize = UNITLESS + CLASSES * PROPERTY_GROUPS.len();
const DENOMINATOR: usize = METHOD + (1 + CLASSES * SETTINGS.len()) * METHODS.len();
const PRESENCE: usize = DENOMINATOR + UNIT_KINDS.len() * DENOMINATORS.len();

/// Collects features by name or by place.
struct Filler(Features);

impl Filler {
    fn set(&mut self, name: &str, value: f32) {
        if value != 0.0
            && let Some(at) = SINGLE.iter().position(|known| *known == name)
        {
            self.0.push((at as u16, value));
        }
    }

    fn flag(&mut self, name: &str, truth: bool) {
        self.set(name, f32::from(u8::from(truth)));
    }

    fn at(&mut self, place: usize) {
        self.0.push((place as u16, 1.0));
    }
}

/// Whether a candidate contradicts what the source states about specimen or unit.
pub(super) fn conflict(context: &Context<'_>) -> Option<&'static str> {
    let unit = &context.query.unit;
    let known = !context.property.is_empty() && context.property != "-";
    if !unit.properties.is_empty() && known && !unit.properties.contains(&context.property) {
        return Some("unit");
    }
    let (source, target) = (context.query.specimen, context.target.specimen);
    if context.query.specimens_contradict {
        return Some("specimen");
    }
    if source != Specimen::Unknown && affinity(source, target) == 0.0 {
        return Some("specimen");
    }
    None
}

/// The features of a candidate.
pub(super) fn of(context: &Context<'_>) -> Features {
    let mut filler = Filler(Vec::with_capacity(40));
    lexical(&mut filler, context);
    system(&mut filler, context);
    property(&mut filler, context);
    other_axes(&mut filler, context);
    filler.0
}

/// Facts for the calibration, which cuts them as numbers: what kind of test it is, and what the source says of it.
pub(super) fn facts(context: &Context<'_>) -> [f32; FACTS] {
    let (query, target) = (context.query, context.target);
    let unit = match (query.unit.properties.is_empty(), query.unit.none) {
        (false, _) => 2.0,
        (true, true) => 1.0,
        (true, false) => 0.0,
    };
    [
        query.section as u8 as f32,
        query.specimen as u8 as f32,
        if query.blood_unspecific { 1.0 } else { 0.0 },
        unit,
        query.readings.first().map_or(0, Vec::len) as f32,
        property_group(context.property) as f32,
        target.method as u8 as f32,
        target.denominator as u8 as f32,
    ]
}

/// The features that the calibration looks at: all that are no indicators of a family.
pub(super) fn of_calibration() -> Vec<u16> {
    (0..SINGLE.len() as u16).collect()
}

/// Adds to each candidate how far it stands behind the best of those with the same words: a body fluid in general
/// where the very fluid is there too, another unit where the stated one is.
pub(super) fn compare_alike(scored: &mut [Scored]) {
    /// Cosines that differ by less are of the same words.
    const ALIKE: f32 = 0.02;
    let place = |name: &str| SINGLE.iter().position(|known| *known == name).unwrap_or(0) as u16;
    let read = |scored: &Scored, wanted: u16| {
        let own = scored.features.iter().filter(|(number, _)| *number == wanted);
        own.map(|(_, value)| *value).sum::<f32>()
    };
    let (affinity, same) = (place("specimen_affinity"), place("specimen_same"));
    let (unit, example) = (place("unit_first"), place("unit_same_as_example"));
    let values: Vec<[f32; 4]> = scored
        .iter()
        .map(|one| {
            let specimen = read(one, affinity) + 0.5 * read(one, same);
            [one.evidence.cosine, specimen, read(one, unit), read(one, example)]
        })
        .collect();
    let targets = [place("specimen_behind"), place("unit_behind"), place("example_behind")];
    for (own, one) in values.iter().zip(scored.iter_mut()) {
        for (at, target) in (1..).zip(targets) {
            let alike = values.iter().filter(|other| (other[0] - own[0]).abs() < ALIKE);
            let best = alike.map(|other| other[at]).fold(own[at], f32::max);
            if best > own[at] {
                one.features.push((target, best - own[at]));
            }
        }
    }
}

fn lexical(filler: &mut Filler, context: &Context<'_>) {
    let lexical = context.lexical;
    filler.set("cosine", lexical.cosine);
    filler.set("source_coverage", lexical.source_coverage);
    filler.set("target_coverage", lexical.target_coverage);
    filler.flag("exact", lexical.exact);
    filler.flag("exact_reading", lexical.exact && lexical.reading == 0 && lexical.kind == 0);
    filler.set("source_conflicts", lexical.source_conflicts.min(3.0));
    filler.set("target_conflicts", lexical.target_conflicts.min(3.0));
    filler.flag("kind_synonym", lexical.kind == 1);
    filler.flag("kind_related", lexical.kind >= 2);
    filler.flag("reading_expanded", lexical.reading > 0);
    filler.set("behind_best", context.behind_best);
    filler.set("full_cosine", context.full_cosine);
}

fn system(filler: &mut Filler, context: &Context<'_>) {
    use Specimen as S;
    let (source, target) = (context.query.specimen, context.target.specimen);
    if context.query.blood_unspecific {
        let group = match target {
            S::SerumPlasma => 0,
            S::Serum => 1,
            S::Plasma => 2,
            S::SerumPlasmaBlood => 3,
            S::Blood => 4,
            S::ArterialBlood => 5,
            S::VenousBlood | S::CapillaryBlood | S::MixedVenousBlood | S::CordBlood | S::DriedBlood => 6,
            S::PoorPlasma | S::RichPlasma => 7,
            S::RedCells | S::WhiteCells => 8,
            S::Unknown | S::Any => 9,
            _ => 10,
        };
        filler.at(BLOOD + class(context.query.section) * BLOOD_GROUPS.len() + group);
        return;
    }
    let grade = affinity(source, target);
    filler.set("specimen_affinity", grade);
    filler.flag("specimen_same", satisfies(source, target) && source != S::Unknown);
    filler.flag("specimen_excluded", grade == 0.0);
    filler.flag("specimen_any", target == S::Any);
    filler.flag("specimen_unstated", target == S::Unknown);
}

fn property_group(property: &str) -> usize {
    match property {
        "MCnc" | "MCnt" | "EntMass" | "MSCnc" => 0,
        "SCnc" | "SCnt" | "EntSub" => 1,
        "ACnc" | "CCnc" | "CCnt" | "ACnt" => 2,
        "NCnc" | "Naric" | "LnCnc" => 3,
        "NFr" | "MFr" | "VFr" | "SFr" | "RelACnc" => 4,
        "PrThr" => 5,
        "Titr" => 6,
        "MRat" | "SRat" | "CRat" | "VRat" => 7,
        "Ratio" | "MRto" | "SRto" | "RelTime" => 8,
        "" | "-" => 10,
        _ => 9,
    }
}

fn property(filler: &mut Filler, context: &Context<'_>) {
    let (unit, property) = (&context.query.unit, context.property);
    let group = property_group(property);
    let known = group != 10;
    filler.flag("property_unknown", !known);
    if unit.properties.is_empty() {
        let word = context.target.scale == Scale::Ordinal || property == "PrThr";
        filler.at(UNITLESS + class(context.query.section) * PROPERTY_GROUPS.len() + group);
        filler.flag("unit_none_ordinal", unit.none && word);
        filler.flag(
            "unit_none_quantitative",
            unit.none && context.target.scale == Scale::Quantitative,
        );
    } else {
        match unit.properties.iter().position(|wanted| *wanted == property) {
            Some(0) => filler.flag("unit_first", true),
            Some(_) => filler.flag("unit_later", true),
            None => {
                filler.flag("unit_conflict", known);
                filler.flag("unit_property_unknown", !known);
            }
        }
    }
    let example = !unit.canonical.is_empty() && context.target.units.iter().any(|other| **other == *unit.canonical);
    filler.flag("unit_same_as_example", example);
    if !context.query.hints.is_empty() {
        let agrees = context
            .query
            .hints
            .iter()
            .any(|hint| *hint == property || (property_group(hint) == group && group != 9));
        filler.flag("hint_property", agrees);
        filler.flag("hint_conflict", !agrees && known);
    }
    if group == 5 {
        filler.at(PRESENCE
            + Section::ALL
                .iter()
                .position(|other| *other == context.query.section)
                .unwrap_or(0));
    }
}

fn other_axes(filler: &mut Filler, context: &Context<'_>) {
    let (query, target) = (context.query, context.target);
    filler.flag("subject_unasked", target.subject && !query.subject);
    filler.flag("method_asked_fully", context.method_asked);
    filler.flag("method_named", context.method_overlap && target.method != Method::None);
    filler.flag("method_words_named", context.method_overlap);
    // What sections and settings are used to says nothing of a method that the name asks for.
    if !context.method_asked {
        let row = 1 + class(query.section) * SETTINGS.len() + setting(query);
        filler.at(METHOD + target.method as usize);
        filler.at(METHOD + row * METHODS.len() + target.method as usize);
    }
    if let Some(asked) = query.method {
        filler.flag("method_asked_same", target.method == asked);
        filler.flag("method_asked_none", target.method == Method::None);
        filler.flag("method_asked_other", target.method != asked && target.method != Method::None);
    }
    if query.number_asked {
        let word = matches!(target.scale, Scale::Ordinal | Scale::Nominal) || context.property == "PrThr";
        filler.flag("number_asked_word", word);
        filler.flag("number_asked_number", target.scale == Scale::Quantitative);
    }
    let divided = matches!(
        target.denominator,
        Denominator::Total | Denominator::Creatinine | Denominator::Other
    );
    filler.flag("ratio_unasked", divided && !query.ratio && !context.denominator_overlap);
    filler.flag("denominator_named", context.denominator_overlap);
    let unit = match query.unit.properties.first() {
        None => 0,
        Some(&"NFr") => 1,
        Some(_) => 2,
    };
    filler.at(DENOMINATOR + unit * DENOMINATORS.len() + target.denominator as usize);
    filler.flag("challenge", target.challenge_unasked(query));
    filler.flag("timed_unasked", target.timed && !query.timed);
    filler.flag("timed_asked", target.timed && query.timed);
    filler.flag("panel_unasked", target.panel && !query.panel);
    filler.set("rank", target.rank / 10.0);
    filler.flag("has_rank", target.rank > 0.0);
    filler.set("age", target.age / 10.0);
    filler.set("name_words", (target.name_words.len() as f32 + 1.0).ln() / 3.0);
    filler.flag("laboratory", target.laboratory);
    filler.flag("scale_unknown", target.scale == Scale::Unknown);
    filler.flag("scale_nominal", target.scale == Scale::Nominal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_families_are_inside_the_names() {
        let names = names();
        assert_eq!(names.get(BLOOD).map(String::as_str), Some("blood.unknown.serum_plasma"));
        assert_eq!(names.get(UNITLESS).map(String::as_str), Some("unitless.unknown.mass"));
        assert_eq!(names.get(METHOD).map(String::as_str), Some("method.none"));
        assert_eq!(
            names.get(METHOD + METHODS.len()).map(String::as_str),
            Some("method.unknown.blood.none")
        );
        assert_eq!(names.get(DENOMINATOR).map(String::as_str), Some("denominator.none.none"));
        assert_eq!(names.get(PRESENCE).map(String::as_str), Some("section_presence.unknown"));
        assert_eq!(names.len(), PRESENCE + Section::ALL.len());
    }

    #[test]
    fn methods_and_denominators_are_read() {
        assert_eq!(Method::read("Automated count"), Method::Automated);
        assert_eq!(Method::read(""), Method::None);
        assert_eq!(Method::read("Probe.amp.tar"), Method::Molecular);
        assert_eq!(Denominator::read("100 leukocytes"), Denominator::Leukocytes);
        assert_eq!(Method::read("Test strip"), Method::TestStrip);
        assert_eq!(Denominator::read("Hemoglobin.total"), Denominator::Total);
        assert_eq!(Denominator::read("Hemoglobin"), Denominator::Other);
        assert_eq!(Denominator::read("normal"), Denominator::Normal);
    }
}

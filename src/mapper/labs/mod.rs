//! Laboratory tests to LOINC: candidates by the words of components and synonyms, ranked with the axes.
//!
//! The name finds components; specimen, section and unit decide between the many terms of one component, as they do
//! for people: unit -> PROPERTY, specimen and section -> SYSTEM, methodless and common tests first. Which features a
//! candidate has is in [`features`]; how much each counts was learned (see [`super::train`]).
//!
//! Parts, answers and answer lists, which a LOINC index also holds, are never targets; nor are deprecated terms.

mod axes;
mod challenge;
mod explain;
mod features;
mod query;
mod specimen;

use super::Domain;
use super::explain::Constraint;
use super::index::{MatchIndex, TermText, common};
use super::item::SourceItem;
use super::lexical::{self, Lexical};
use super::rank::{Evidence, Model};
use super::words::words;
use super::{Scored, units};
use axes::Axes;
use challenge::Challenge;
use query::Query;
use rayon::prelude::*;
use specimen::Specimen;
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::CodeSystemIndex;

/// Terms looked at per reading of a name.
const TERMS: usize = 300;
/// The number of a code from which on codes are just as new: nothing was learned of later ones.
const NEWEST: f32 = 110_000.0;
/// Words of long names that say of whom a specimen is, if not of the patient.
const SUBJECTS: &[&str] = &["control", "donor", "fetus", "newborn", "embryo", "pooled"];
/// Words that many methods have in their names.
const METHOD_WORDS: &[&str] = &["method", "assay", "count", "technique"];
/// Candidates that get all features.
const CANDIDATES: usize = 96;

/// What is kept of a concept for ranking.
#[derive(Debug, Default)]
struct Target {
    /// Whether it is a term at all, and in use.
    usable: bool,
    specimen: Specimen,
    property: u16,
    scale: Scale,
    method: features::Method,
    method_words: Vec<u32>,
    /// The words of the method without those of any method.
    method_bare: Vec<u32>,
    /// It is of somebody or something else than the patient: a donor, a fetus, a control.
    subject: bool,
    denominator: features::Denominator,
    denominator_words: Vec<u32>,
    /// The occasion, where the term is of a specimen taken on one.
    challenge: Option<Challenge>,
    timed: bool,
    panel: bool,
    units: Vec<Box<str>>,
    /// ln(rank + 1) of the common test rank; 0 where there is none.
    rank: f32,
    /// ln of the number of the code: old terms are the common ones.
    age: f32,
    name_words: Vec<u32>,
    laboratory: bool,
}

impl Target {
    /// Whether the term is of an occasion that the source does not name.
    fn challenge_unasked(&self, query: &Query) -> bool {
        self.challenge
            .is_some_and(|own| !query.challenge.is_some_and(|asked| own.answers(asked)))
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Scale {
    #[default]
    Unknown,
    Quantitative,
    Ordinal,
    Nominal,
}

/// The domain: laboratory tests, target LOINC.
pub(super) struct Laboratory {
    index: MatchIndex,
    targets: Vec<Target>,
    properties: Vec<String>,
    model: Model,
}

impl Laboratory {
    /// Builds the domain for an open LOINC index.
    pub fn new(system: &CodeSystemIndex) -> Self {
        let count = system.len() as u32;
        let axes: Vec<Option<Axes>> = (0..count)
            .into_par_iter()
            .map(|concept| read_axes(system, Ordinal(concept)))
            .collect();
        let index = MatchIndex::with_roots(count, |concept| {
            let axes = axes.get(concept as usize).and_then(Option::as_ref);
            axes.map_or_else(Vec::new, |axes| term_texts(system, Ordinal(concept), axes))
        });
        let mut properties: Vec<String> = axes.iter().flatten().map(|axes| axes.property.clone()).collect();
        properties.sort_unstable();
        properties.dedup();
        let targets = (0..count)
            .into_par_iter()
            .map(|concept| match axes.get(concept as usize).and_then(Option::as_ref) {
                Some(axes) => target(system, Ordinal(concept), axes, &index, &properties),
                None => Target::default(),
            })
            .collect();
        Self {
            index,
            targets,
            properties,
            model: Model::parse(include_str!("../models/labs.tsv"), &features::names()),
        }
    }

    fn query(&self, item: &SourceItem) -> Query {
        Query::read(item, |word| self.index.find_word(word).is_some())
    }

    fn target(&self, concept: u32) -> Option<&Target> {
        self.targets.get(concept as usize).filter(|target| target.usable)
    }

    /// Concepts by the words of every reading, with their best match, the likeliest first by a rough score.
    fn gather(&self, query: &Query) -> Vec<(u32, Lexical)> {
        let mut rough: Vec<(f32, u32, Lexical)> = lexical::gather(&self.index, &query.readings, TERMS)
            .into_iter()
            .filter_map(|(concept, lexical)| {
                let target = self.target(concept)?;
                Some((self.rough(query, target, &lexical), concept, lexical))
            })
            .collect();
        rough.sort_unstable_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        lexical::shorten(&mut rough, CANDIDATES, |(_, _, lexical)| lexical);
        rough.into_iter().map(|(_, concept, lexical)| (concept, lexical)).collect()
    }

    /// A cheap score that only has to keep the right candidate among the first hundred.
    fn rough(&self, query: &Query, target: &Target, lexical: &Lexical) -> f32 {
        let blood = query.blood_unspecific || query.specimen.is_blood();
        let system = if blood {
            match target.specimen {
                Specimen::Unknown | Specimen::Any => 0.5,
                other if other.is_blood() => 1.0,
                _ => 0.0,
            }
        } else {
            specimen::affinity(query.specimen, target.specimen)
        };
        let property = self.properties.get(usize::from(target.property)).map_or("", String::as_str);
        let unit = match (query.unit.properties.is_empty(), property) {
            (true, _) | (_, "") => 0.6,
            (false, property) if query.unit.properties.contains(&property) => 1.0,
            _ => 0.0,
        };
        6.0 * lexical.rank() + 2.5 * system + 1.5 * unit
            - 0.12 * target.age
            - if target.panel && !query.panel { 1.0 } else { 0.0 }
            - if target.challenge_unasked(query) { 0.5 } else { 0.0 }
            - 0.3 * f32::from(u8::from(target.method != features::Method::None))
    }
}

impl Domain for Laboratory {
    fn candidates(&self, item: &SourceItem) -> Vec<Scored> {
        let query = self.query(item);
        if query.readings.iter().all(Vec::is_empty) {
            return Vec::new();
        }
        let everything = self.index.bag(&query.everything);
        let gathered = self.gather(&query);
        let best_cosine = gathered.iter().map(|(_, lexical)| lexical.rank()).fold(0.0, f32::max);
        let mut scored: Vec<Scored> = gathered
            .into_iter()
            .filter_map(|(concept, lexical)| {
                let target = self.target(concept)?;
                let context = features::Context {
                    query: &query,
                    target,
                    lexical: &lexical,
                    property: self.properties.get(usize::from(target.property)).map_or("", String::as_str),
                    full_cosine: self.index.cosine(&everything, &target.name_words),
                    method_asked: !target.method_bare.is_empty()
                        && common(&everything, &target.method_bare).count() == target.method_bare.len(),
                    method_overlap: common(&everything, &target.method_words).next().is_some(),
                    denominator_overlap: common(&everything, &target.denominator_words).next().is_some(),
                    behind_best: best_cosine - lexical.rank(),
                };
                let features = features::of(&context);
                Some(Scored {
                    concept: Ordinal(concept),
                    score: 0.0,
                    features,
                    lexical,
                    evidence: Evidence {
                        facts: features::facts(&context),
                        ..Evidence::of(
                            &lexical,
                            !query.unit.properties.is_empty(),
                            query.specimen != Specimen::Unknown,
                        )
                    },
                    exact: lexical.exact,
                    conflict: features::conflict(&context),
                })
            })
            .collect();
        features::compare_alike(&mut scored);
        for one in &mut scored {
            one.score = self.model.score(&one.features);
        }
        super::sort(&mut scored);
        scored
    }

    fn calibration_features(&self) -> Vec<u16> {
        features::of_calibration()
    }

    fn is_target(&self, concept: Ordinal) -> bool {
        self.target(concept.0).is_some()
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    fn feature_names(&self) -> Vec<String> {
        features::names()
    }

    fn difference(&self, first: Ordinal, second: Ordinal) -> Option<&'static str> {
        let (first, second) = (self.target(first.0)?, self.target(second.0)?);
        if first.specimen != second.specimen {
            Some("specimen")
        } else if first.property != second.property {
            Some("unit")
        } else if first.timed != second.timed {
            Some("collection time")
        } else if first.method != second.method || first.method_words != second.method_words {
            Some("method")
        } else {
            None
        }
    }

    fn index(&self) -> &MatchIndex {
        &self.index
    }

    fn readings(&self, item: &SourceItem) -> Vec<Vec<String>> {
        self.query(item).readings
    }

    fn constraints(&self, system: &CodeSystemIndex, item: &SourceItem, concept: Ordinal) -> Vec<Constraint> {
        let axes = read_axes(system, concept).unwrap_or_default();
        explain::constraints(
            &self.query(item),
            item,
            &axes,
            system.property_text(concept, "CLASS").unwrap_or(""),
        )
    }

    fn axis_value(&self, system: &CodeSystemIndex, axis: &str, concept: Ordinal) -> Option<String> {
        explain::axis_value(&read_axes(system, concept)?, axis)
    }
}

/// The axes of a concept that may be a target; `None` for parts, answers, lists.
fn read_axes(system: &CodeSystemIndex, concept: Ordinal) -> Option<Axes> {
    let code = system.code(concept);
    let (number, check) = code.split_once('-')?;
    if check.len() != 1 || number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let six = system
        .designation_numbers(concept)
        .find(|number| system.designation_kind(*number) == DesignationKind::FullySpecifiedName);
    let six = six.map(|number| system.designation_text(number));
    let display = system.display(concept)?;
    Some(Axes::read(six.as_deref(), &display))
}

/// The texts of a concept that names are compared with.
fn term_texts(system: &CodeSystemIndex, concept: Ordinal, axes: &Axes) -> Vec<TermText> {
    let mut texts = Vec::new();
    let mut add = |text: &str, kind: u8| texts.extend(TermText::new(text, kind));
    add(&axes.component, 0);
    add_name(&axes.head, 0, &mut add);
    if !axes.denominator.is_empty() && !axes.denominator.starts_with("100 ") {
        add(&format!("{} {}", axes.component, axes.denominator), 1);
    }
    // What is seen under a stain, and what grows in a culture, is named by its method.
    let method = axes.method.to_lowercase();
    if method.contains("stain") {
        add(&axes.method, 1);
    }
    for number in system.designation_numbers(concept) {
        let kind = match system.designation_kind(number) {
            DesignationKind::Synonym => 1,
            DesignationKind::Related => 2,
            _ => continue,
        };
        let text = system.designation_text(number);
        // Older wordings of a long name among the synonyms: their component is what names it.
        let old = Axes::read(None, &text);
        add_name(&old.head, kind, &mut add);
        add(&old.component, kind);
    }
    texts
}

/// A name, the name without its parentheses, and what stands in them.
fn add_name(name: &str, kind: u8, add: &mut impl FnMut(&str, u8)) {
    let top = name.split('/').next().unwrap_or(name);
    add(top, kind);
    if let Some((before, rest)) = top.split_once('(')
        && let Some((inside, after)) = rest.split_once(')')
    {
        add(&format!("{before} {after}"), kind);
        // An exponent, as in "Lu sup(a)", is no name.
        if before.ends_with(' ') {
            add(inside, kind + 1);
        }
    }
}

/// Whether a SYSTEM says after `^` that the specimen is not the patient's.
fn of_other_subject(system: &str) -> bool {
    system
        .split_once('^')
        .is_some_and(|(_, of)| !matches!(of, "Patient" | "Confirm"))
}

fn target(system: &CodeSystemIndex, concept: Ordinal, axes: &Axes, index: &MatchIndex, properties: &[String]) -> Target {
    let code = system.code(concept);
    let number: f32 = code.split('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(1.0);
    let status = system
        .status(concept)
        .or_else(|| system.property_text(concept, "STATUS"))
        .unwrap_or("ACTIVE");
    let display = system.display(concept).unwrap_or_default();
    let words = words(&display);
    let method = crate::mapper::words::words(&axes.method);
    let mut bare = method.clone();
    bare.retain(|word| !METHOD_WORDS.contains(&word.as_str()));
    let rank = system
        .property_text(concept, "COMMON_TEST_RANK")
        .and_then(|rank| rank.parse::<f32>().ok());
    let class = system.property_text(concept, "CLASSTYPE").unwrap_or("");
    let scale = match axes.scale.as_str() {
        "Qn" | "OrdQn" | "SemiQn" => Scale::Quantitative,
        "Ord" => Scale::Ordinal,
        "" => Scale::Unknown,
        _ => Scale::Nominal,
    };
    let units = system.property_text(concept, "EXAMPLE_UCUM_UNITS").unwrap_or("");
    let specimen = axes.specimen();
    Target {
        usable: system.is_active(concept) && status != "DEPRECATED",
        specimen,
        property: properties.binary_search(&axes.property).unwrap_or(0) as u16,
        scale,
        method: features::Method::read(&axes.method),
        method_words: index.bag(&method),
        method_bare: index.bag(&bare),
        subject: of_other_subject(&axes.system) || words.iter().any(|word| SUBJECTS.contains(&word.as_str())),
        denominator: features::Denominator::read(&axes.denominator),
        denominator_words: index.bag(&crate::mapper::words::words(&axes.denominator)),
        challenge: (!axes.challenge.is_empty()).then(|| Challenge::read(&axes.challenge)),
        timed: !axes.time.is_empty() && axes.time != "Pt",
        panel: words.iter().any(|word| word == "panel") || axes.scale == "-",
        units: units
            .split(';')
            .map(|unit| units::parse(unit).canonical.into_boxed_str())
            .filter(|unit| !unit.is_empty())
            .collect(),
        rank: rank.filter(|rank| *rank > 0.0).map_or(0.0, |rank| (rank + 1.0).ln()),
        age: (number.min(NEWEST) + 10.0).ln(),
        name_words: index.bag(&words),
        laboratory: class == "1" || (class.is_empty() && (specimen != Specimen::Unknown && specimen != Specimen::Other)),
    }
}

//! Why: the record that goes with an outcome and with each of its candidates, the same in every output.
//!
//! It is made after the decision, from what the decision was made with, and only where somebody asks
//! ([`super::MapOptions::explain`], [`super::Mapper::explain`]): a run that wants codes pays nothing for it. It decides
//! nothing, and it is rendered in one place ([`value`]); what a domain constrains is said by the domain.

use super::item::{Role, SourceItem};
use super::lexical::Lexical;
use super::outcome::{Candidate, MatchType, Outcome};
use super::rank::Model;
use super::words::words;
use super::{Domain, Scored};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::CodeSystemIndex;

/// Contributions smaller than this are left out.
const LEAST_CONTRIBUTION: f32 = 0.01;

/// What a candidate was matched on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Explanation {
    /// The text of the target that matched, or the code where a code did.
    pub matched: String,
    /// What that text is: `display`, `fully-specified-name`, `synonym`, `related-name`, each also as `part-of-...` where
    /// only a part was compared; `code`, `concept-map`, `decision` where no text was.
    pub matched_kind: &'static str,
    /// Words on both sides, normalised and with short forms expanded; `a~b` where they only resemble each other.
    pub words_matched: Vec<String>,
    /// Words that only the source has.
    pub words_source_only: Vec<String>,
    /// Words that only the matched text has.
    pub words_target_only: Vec<String>,
    /// What the source states of the domain's axes, and what the candidate has there.
    pub constraints: Vec<Constraint>,
    /// What moved the score, the largest first.
    pub contributions: Vec<Contribution>,
    /// How much more probable it is than the best of the others; negative for all but the first.
    #[serde(serialize_with = "rounded")]
    pub margin: f32,
}

/// One axis on which source and candidate can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Constraint {
    /// The axis: `specimen`, `unit`, `strength`, `laterality`...
    pub axis: &'static str,
    /// What the source states; empty for nothing.
    pub source: String,
    /// What the candidate has; empty for nothing.
    pub target: String,
    /// Whether they go together.
    pub verdict: Verdict,
}

impl Constraint {
    /// A constraint with its verdict.
    pub(super) fn new(axis: &'static str, source: impl Into<String>, target: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            axis,
            source: source.into(),
            target: target.into(),
            verdict,
        }
    }
}

/// Whether a candidate has what the source states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It has.
    Satisfied,
    /// It contradicts it, which forbids acceptance.
    Broken,
    /// One of the two says nothing, or they only do not contradict each other.
    Unknown,
}

impl Verdict {
    /// Satisfied if `same`, broken if `contradicted`, else unknown.
    pub(super) fn of(same: bool, contradicted: bool) -> Self {
        match (same, contradicted) {
            (true, _) => Self::Satisfied,
            (false, true) => Self::Broken,
            (false, false) => Self::Unknown,
        }
    }
}

/// What a feature adds to the score of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The name of the feature, as in the table of weights.
    pub feature: String,
    /// Its value.
    #[serde(serialize_with = "rounded")]
    pub value: f32,
    /// What it adds: the learned weight times the value.
    #[serde(serialize_with = "rounded")]
    pub weight: f32,
}

/// A stage that a source went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageNote {
    /// The stage: `read`, `decisions`, `supplied-code`, `repair`, `concept-map`, `exact`, `candidates`, `vectors`
    /// (where an embedding was named), `ranking`, `calibration`, `decision`.
    pub stage: &'static str,
    /// What came of it.
    pub note: String,
}

/// Numbers go out with the four decimals that tables have.
fn rounded<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(shown(*value))
}

/// A number as every output shows it.
pub fn shown(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}

/// What is noted while a source goes through the stages. One that nobody asked for notes nothing.
#[derive(Debug, Default)]
pub(super) struct Story {
    wanted: bool,
    stages: Vec<StageNote>,
    repairs: Vec<String>,
}

impl Story {
    /// A story, told or not.
    pub fn new(wanted: bool) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Whether somebody asked for it.
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Notes what came of a stage; the text is only made if it is wanted.
    pub fn note(&mut self, stage: &'static str, note: impl FnOnce() -> String) {
        if self.wanted {
            let note = note();
            self.stages.push(StageNote { stage, note });
        }
    }

    /// Notes what was mended in the source.
    pub fn repaired(&mut self, repair: impl FnOnce() -> String) {
        if self.wanted {
            let repair = repair();
            self.stages.push(StageNote {
                stage: "repair",
                note: repair.clone(),
            });
            self.repairs.push(repair);
        }
    }

    /// Puts what was noted into the outcome that it led to.
    pub fn finish(mut self, outcome: &mut Outcome) {
        if self.wanted {
            self.note("decision", || format!("{}: {}", outcome.status.as_str(), outcome.reason));
            outcome.stages = self.stages;
            outcome.repairs = self.repairs;
        }
    }
}

/// How near a candidate is in the space of an embedding, if there is one. The shipped weights were learned without, so it
/// adds nothing to the score.
fn of_vectors(lexical: &Lexical) -> impl Iterator<Item = Contribution> {
    let values = [
        ("vector_cosine", lexical.vector),
        ("vector_only", f32::from(u8::from(lexical.vector_only))),
    ];
    let said = values.into_iter().filter(|(_, value)| *value != 0.0);
    said.map(|(feature, value)| Contribution {
        feature: feature.to_owned(),
        value,
        weight: 0.0,
    })
}

/// The roles that a source has values for, as the first stage notes them.
pub(super) fn roles_of(item: &SourceItem) -> String {
    let given = Role::ALL.into_iter().filter(|role| !item.get(*role).is_empty());
    given.map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// What explaining needs of the mapper.
pub(super) struct Explainer<'m> {
    pub target: &'m CodeSystemIndex,
    pub domain: &'m dyn Domain,
    pub features: &'m [String],
}

impl Explainer<'_> {
    /// Explains every candidate of an outcome. `scored` is what the ranking found, if the source got that far.
    pub fn explain(&self, item: &SourceItem, outcome: &mut Outcome, scored: &[Scored]) {
        let margins = margins(&outcome.candidates);
        let readings = self.domain.readings(item);
        for (candidate, margin) in outcome.candidates.iter_mut().zip(margins) {
            let Some(concept) = self.target.find(&candidate.code) else {
                continue;
            };
            let ranked = scored.iter().find(|scored| scored.concept == concept);
            let mut explanation = match (candidate.match_type, ranked) {
                (MatchType::SuppliedCode, _) => by_code(&candidate.code, "code"),
                (MatchType::ConceptMap, _) => by_code(item.get(Role::Code), "concept-map"),
                (MatchType::Decision, _) => by_code(&candidate.code, "decision"),
                (_, Some(scored)) => self.by_words(concept, &scored.lexical, &readings),
                (_, None) => Explanation::default(),
            };
            if candidate.match_type == MatchType::Exact {
                self.settle_exact(&mut explanation, item.get(Role::Name), concept);
            }
            if let Some(scored) = ranked {
                explanation.contributions = contributions(self.domain.model(), self.features, scored);
                explanation.contributions.extend(of_vectors(&scored.lexical));
            }
            explanation.constraints = self.domain.constraints(self.target, item, concept);
            explanation.margin = margin;
            candidate.explanation = Some(Box::new(explanation));
        }
        if let Some(scored) = outcome.candidates.first().and_then(|first| self.scored(first, scored)) {
            self.note_reading(&readings, scored, outcome);
        }
    }

    fn scored<'s>(&self, candidate: &Candidate, scored: &'s [Scored]) -> Option<&'s Scored> {
        let concept = self.target.find(&candidate.code)?;
        scored.iter().find(|scored| scored.concept == concept)
    }

    /// A short form that was expanded, or words that were dropped, are a repair of the name.
    fn note_reading(&self, readings: &[Vec<String>], scored: &Scored, outcome: &mut Outcome) {
        let reading = usize::from(scored.lexical.reading);
        if let Some(reading) = readings.get(reading).filter(|_| reading > 0) {
            outcome.repairs.push(format!("the name is read as \"{}\"", reading.join(" ")));
        }
    }

    fn by_words(&self, concept: Ordinal, lexical: &Lexical, readings: &[Vec<String>]) -> Explanation {
        let reading = readings.get(usize::from(lexical.reading)).map_or(&[][..], Vec::as_slice);
        let aligned = self.domain.align(reading, lexical);
        let (matched, matched_kind) = self.matched_text(concept, &aligned.term);
        let words_matched = aligned
            .matched
            .into_iter()
            .map(|(word, found)| if word == found { word } else { format!("{word}~{found}") });
        Explanation {
            matched,
            matched_kind,
            words_matched: words_matched.collect(),
            words_source_only: aligned.source_only,
            words_target_only: aligned.target_only,
            ..Explanation::default()
        }
    }

    /// The designation that the words of a term were taken from: one that has no others, else the first kind that has
    /// them all.
    fn matched_text(&self, concept: Ordinal, term: &[String]) -> (String, &'static str) {
        let mut best: Option<((usize, u8, usize), u32)> = None;
        for number in self.target.designation_numbers(concept) {
            if self.target.designation_kind(number) == DesignationKind::Definition {
                continue;
            }
            let mut own = words(&self.target.designation_text(number));
            own.sort_unstable();
            own.dedup();
            if !term.iter().all(|word| own.contains(word)) {
                continue;
            }
            let others = own.len() - term.len().min(own.len());
            let order = (others.min(1), self.target.designation_kind(number) as u8, others);
            if best.is_none_or(|(least, _)| order < least) {
                best = Some((order, number));
            }
        }
        match best {
            Some(((part, ..), number)) => (
                self.target.designation_text(number).into_owned(),
                kind_name(self.target.designation_kind(number), part > 0),
            ),
            // Words that were joined or translated on their way into the index are in no text as they are.
            None => (term.join(" "), "derived"),
        }
    }

    /// A name that is a term as it stands.
    fn settle_exact(&self, explanation: &mut Explanation, name: &str, concept: Ordinal) {
        let Some(number) = super::exact::designation(self.target, name, concept) else {
            return;
        };
        explanation.matched = self.target.designation_text(number).into_owned();
        explanation.matched_kind = kind_name(self.target.designation_kind(number), false);
        explanation.words_matched = words(name);
        explanation.words_source_only.clear();
        explanation.words_target_only.clear();
    }

    /// What the source would have to state for close candidates to be told apart: axis and values.
    pub fn would_decide(&self, close: &[Ordinal]) -> Vec<String> {
        let Some((first, rivals)) = close.split_first() else {
            return Vec::new();
        };
        let mut axes: Vec<(&'static str, Vec<String>)> = Vec::new();
        for rival in rivals {
            let Some(axis) = self.domain.difference(*first, *rival) else {
                continue;
            };
            let place = match axes.iter().position(|(known, _)| *known == axis) {
                Some(place) => place,
                None => {
                    axes.push((axis, self.axis_value(axis, *first).into_iter().collect()));
                    axes.len() - 1
                }
            };
            let value = self.axis_value(axis, *rival);
            if let Some((_, values)) = axes.get_mut(place) {
                values.extend(value.filter(|value| !values.contains(value)).into_iter().collect::<Vec<_>>());
            }
        }
        let say = |(axis, values): (&str, Vec<String>)| match values.len() {
            0 | 1 => axis.to_owned(),
            _ => format!("{axis}: {}", values.join(" or ")),
        };
        axes.into_iter().map(say).collect()
    }

    fn axis_value(&self, axis: &str, concept: Ordinal) -> Option<String> {
        let value = self.domain.axis_value(self.target, axis, concept)?;
        Some(if value.is_empty() { format!("no {axis}") } else { value })
    }
}

fn by_code(code: &str, kind: &'static str) -> Explanation {
    Explanation {
        matched: code.to_owned(),
        matched_kind: kind,
        ..Explanation::default()
    }
}

fn kind_name(kind: DesignationKind, part: bool) -> &'static str {
    match (kind, part) {
        (DesignationKind::Display, false) => "display",
        (DesignationKind::Display, true) => "part-of-display",
        (DesignationKind::FullySpecifiedName, false) => "fully-specified-name",
        (DesignationKind::FullySpecifiedName, true) => "part-of-fully-specified-name",
        (DesignationKind::Synonym, false) => "synonym",
        (DesignationKind::Synonym, true) => "part-of-synonym",
        (DesignationKind::Related, false) => "related-name",
        (DesignationKind::Related, true) => "part-of-related-name",
        (DesignationKind::Definition, _) => "definition",
    }
}

/// By how much each candidate is more probable than the best of the others.
fn margins(candidates: &[Candidate]) -> Vec<f32> {
    let probability = |place: usize| candidates.get(place).map_or(0.0, |candidate| candidate.probability);
    let (first, second) = (probability(0), probability(1));
    let margin = |(place, candidate): (usize, &Candidate)| candidate.probability - if place == 0 { second } else { first };
    candidates.iter().enumerate().map(margin).collect()
}

fn contributions(model: &Model, names: &[String], scored: &Scored) -> Vec<Contribution> {
    let mut found: Vec<Contribution> = scored
        .features
        .iter()
        .filter_map(|(number, value)| {
            let place = usize::from(*number);
            let weight = model.weights.get(place)? * value;
            (weight.abs() >= LEAST_CONTRIBUTION).then(|| Contribution {
                feature: names.get(place).cloned().unwrap_or_default(),
                value: *value,
                weight,
            })
        })
        .collect();
    let larger = |left: &Contribution, right: &Contribution| right.weight.abs().total_cmp(&left.weight.abs());
    found.sort_by(|left, right| larger(left, right).then_with(|| left.feature.cmp(&right.feature)));
    found
}

/// The record as JSON: what every output carries. The first `most` candidates are in it, each with its explanation.
pub fn value(outcome: &Outcome, most: usize) -> Value {
    let mut object = story_value(outcome);
    object["candidates"] = outcome.candidates.iter().take(most).map(candidate_value).collect();
    object
}

/// The part of the record that is about the source and not about a candidate.
pub fn story_value(outcome: &Outcome) -> Value {
    json!({
        "stages": outcome.stages,
        "repairs": outcome.repairs,
        "would_decide": outcome.would_decide,
    })
}

/// A candidate with its explanation as JSON.
pub fn candidate_value(candidate: &Candidate) -> Value {
    let mut object = Map::new();
    object.insert("code".into(), candidate.code.as_str().into());
    object.insert("display".into(), candidate.display.as_str().into());
    object.insert("probability".into(), shown(candidate.probability).into());
    object.insert("relationship".into(), candidate.relationship.as_str().into());
    object.insert("match_type".into(), candidate.match_type.as_str().into());
    if let Some(explanation) = &candidate.explanation {
        object.insert("explanation".into(), json!(explanation));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests;

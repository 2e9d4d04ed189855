//! The stages that one source goes through, and what is said of the result.

mod earlier;
pub(super) mod replace;

use super::decisions::Decisions;
use super::error::MapError;
use super::exact::ExactNames;
use super::explain::{Explainer, Story, roles_of};
use super::item::{Role, SourceItem};
use super::outcome::{Candidate, MatchType, Outcome, Status};
use super::repair::{Notation, examine, has_ndc_shape};
use super::vectors::Embedding;
use super::{Acceptance, Domain, MapOptions, Scored, Vocabularies, domain, model_file};
use earlier::Earlier;
use std::collections::BTreeMap;
use std::sync::Arc;
use tern_index::model::{Mapping, Ordinal, Relationship};
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};

/// Below this probability of its best candidate a source has no target.
pub(super) const HOPELESS: f32 = 0.05;
/// What is kept of candidates beyond those asked for, to explain.
const LEAST_KEPT: usize = 5;
/// Candidates with at least this share of the best one's probability are close to it.
const CLOSE: f32 = 0.04;

/// Everything that is needed to map to one target. Building it reads the whole target once; a clone shares what was read.
#[derive(Clone)]
pub struct Mapper {
    target: Arc<CodeSystemIndex>,
    target_url: String,
    maps: Vec<Arc<ConceptMapIndex>>,
    domain: Arc<dyn Domain>,
    exact: Arc<ExactNames>,
    decisions: Arc<Decisions>,
    systems: BTreeMap<String, String>,
    code_system: Option<String>,
    ask: Ask,
    features: Vec<String>,
}

/// What is wanted of one mapping. It changes what is said, never a probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ask {
    /// What is mapped by itself rather than left to a person.
    pub accept: Acceptance,
    /// Candidates to keep.
    pub keep: usize,
    /// Whether the outcome is explained.
    pub explain: bool,
}

impl Default for Ask {
    fn default() -> Self {
        Self::of(&MapOptions::default())
    }
}

impl Ask {
    /// What the options of a run ask for.
    pub fn of(options: &MapOptions) -> Self {
        Self {
            accept: options.accept,
            keep: options.candidates.max(LEAST_KEPT),
            explain: options.explain || options.keep_outcomes,
        }
    }
}

/// What the ranking found, kept to be explained.
#[derive(Default)]
struct Ranked {
    scored: Vec<Scored>,
    probabilities: Vec<f32>,
}

impl Ranked {
    /// The best candidate and those close to it.
    fn close(&self) -> Vec<Ordinal> {
        let close = close_to_best(&self.scored, &self.probabilities);
        close.map(|scored| scored.concept).collect()
    }
}

/// The best candidate and those close to it, of candidates in the order of their probabilities.
fn close_to_best<'a>(scored: &'a [Scored], probabilities: &'a [f32]) -> impl Iterator<Item = &'a Scored> {
    let best = probabilities.first().copied().unwrap_or_default();
    let close = scored.iter().zip(probabilities);
    close
        .take_while(move |(_, share)| **share > best * CLOSE)
        .map(|(scored, _)| scored)
}

/// What became of a supplied code.
enum Supplied {
    Decided(Outcome),
    /// Not usable; the name may still do. With what is wrong.
    Refused(String),
    /// There is none, or none that says its system.
    Absent,
}

impl Mapper {
    /// Prepares to map to the target of the options.
    pub fn new(options: &MapOptions, vocabularies: &dyn Vocabularies) -> Result<Self, MapError> {
        options.check()?;
        let url = vocabularies.canonical_url(&options.target);
        let target = vocabularies.code_system(&url).ok_or_else(|| MapError::NoTarget {
            target: options.target.clone(),
        })?;
        let target_url = target.header().url.clone();
        // What a file says wins over what is kept: it was named for this run.
        let mut decisions = match &options.decisions {
            Some(path) => {
                let local = options.code_system.as_deref().map(|name| vocabularies.canonical_url(name));
                let local = local.as_deref().unwrap_or("");
                Decisions::read(path, &options.columns, &options.values, &target_url, local)?
            }
            None => Decisions::default(),
        };
        decisions.fill_from(&options.earlier);
        let maps = vocabularies.concept_maps();
        // Short names are resolved once; a row that says something else means what it says.
        let mut systems = BTreeMap::new();
        for name in [
            "snomed", "loinc", "rxnorm", "icd10cm", "icd10pcs", "icd10", "icd9cm", "icd9", "ndc", "cvx", "ucum",
        ] {
            systems.insert(name.to_owned(), vocabularies.canonical_url(name));
        }
        let mut domain = domain(&target);
        let features = domain.feature_names();
        if let Some(path) = &options.model {
            *domain.model_mut() = model_file::read(path, &features, &target_url)?;
        }
        if let Some(path) = &options.embedding_model {
            domain.embed(&target, Arc::new(Embedding::open(path)?));
        }
        Ok(Self {
            features,
            domain: Arc::from(domain),
            exact: Arc::new(ExactNames::build(&target)),
            code_system: options.code_system.as_deref().map(|name| vocabularies.canonical_url(name)),
            target,
            target_url,
            maps,
            decisions: Arc::new(decisions),
            systems,
            ask: Ask::of(options),
        })
    }

    /// The same with other earlier decisions; nothing is read again.
    pub fn heeding(&self, decisions: Arc<Decisions>) -> Self {
        Self {
            decisions,
            ..self.clone()
        }
    }

    /// The concepts that a name is a term of, as it stands but for case, accents and blanks.
    pub fn named(&self, name: &str) -> Vec<Ordinal> {
        let mut found = self.exact.find(&self.target, name);
        found.retain(|concept| self.domain.is_target(*concept));
        found
    }

    /// The target.
    pub fn target(&self) -> &CodeSystemIndex {
        &self.target
    }

    /// The canonical URL of the target.
    pub fn target_url(&self) -> &str {
        &self.target_url
    }

    /// The version of the target that is used; empty where it has none.
    pub fn target_version(&self) -> &str {
        self.target.header().version.as_deref().unwrap_or("")
    }

    /// Maps one source as the options ask.
    pub fn map_one(&self, item: &SourceItem) -> Outcome {
        self.answer(item, self.ask)
    }

    /// Maps one source and explains the outcome.
    pub fn explain(&self, item: &SourceItem) -> Outcome {
        self.answer(
            item,
            Ask {
                explain: true,
                ..self.ask
            },
        )
    }

    /// Maps one source as asked.
    pub fn answer(&self, item: &SourceItem, ask: Ask) -> Outcome {
        let mut story = Story::new(ask.explain);
        story.note("read", || roles_of(item));
        let mut ranked = Ranked::default();
        let mut outcome = self.resolve(item, ask, &mut story, &mut ranked);
        outcome.candidates.truncate(ask.keep);
        if ask.explain {
            story.finish(&mut outcome);
            let explainer = Explainer {
                target: &self.target,
                domain: &*self.domain,
                features: &self.features,
            };
            explainer.explain(item, &mut outcome, &ranked.scored);
            if outcome.status == Status::Ambiguous {
                outcome.would_decide = explainer.would_decide(&ranked.close());
            }
        }
        outcome
    }

    fn resolve(&self, item: &SourceItem, ask: Ask, story: &mut Story, ranked: &mut Ranked) -> Outcome {
        if item.is_empty() {
            return Outcome::invalid("the row has neither a code nor a name");
        }
        let broken = match self.decided(item) {
            Earlier::Decided(outcome) => {
                story.note("decisions", || outcome.reason.clone());
                return outcome;
            }
            Earlier::Broken(complaint) => {
                story.note("decisions", || complaint.clone());
                Some(complaint)
            }
            Earlier::Silent => {
                story.note("decisions", || "no earlier decision".to_owned());
                None
            }
        };
        let mut outcome = self.undecided(item, ask, story, ranked);
        self.heed(item, ask.keep, &mut outcome, story);
        if let Some(complaint) = broken {
            // A person has decided otherwise before: whatever takes its place, a person sees it.
            if outcome.status == Status::Mapped {
                outcome.status = Status::Ambiguous;
            }
            outcome.reason = format!("{complaint}; now: {}", outcome.reason);
        }
        outcome
    }

    /// What a source comes to where nobody has decided it.
    fn undecided(&self, item: &SourceItem, ask: Ask, story: &mut Story, ranked: &mut Ranked) -> Outcome {
        let complaint = match self.supplied(item, story) {
            Supplied::Decided(outcome) => return outcome,
            Supplied::Refused(complaint) => Some(complaint),
            Supplied::Absent => None,
        };
        let mut outcome = if !item.get(Role::Name).is_empty() {
            self.by_name(item, ask, story, ranked)
        } else if let Some(complaint) = &complaint {
            return Outcome::invalid(complaint.clone());
        } else {
            return Outcome::unmapped(
                "there is only a code, and nothing says what it means; bind a name column, name the code's system, or load a concept map",
            );
        };
        if let Some(complaint) = complaint {
            outcome.reason = format!("{complaint}; by name: {}", outcome.reason);
        }
        outcome
    }

    fn candidate(&self, concept: Ordinal, probability: f32, relationship: Relationship, match_type: MatchType) -> Candidate {
        Candidate {
            code: self.target.code(concept).to_owned(),
            display: self.target.display(concept).unwrap_or_default().into_owned(),
            probability,
            relationship,
            match_type,
            explanation: None,
        }
    }

    /// The canonical URL of the system that a row's code is in, if it is known.
    fn system_of(&self, item: &SourceItem) -> Option<String> {
        let stated = item.get(Role::System);
        if stated.is_empty() {
            return self.code_system.clone();
        }
        let short: String = stated.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let short = match short.as_str() {
            "snomedct" | "sct" | "snomedctus" => "snomed",
            other => other,
        };
        Some(self.systems.get(short).cloned().unwrap_or_else(|| stated.to_owned()))
    }

    fn supplied(&self, item: &SourceItem, story: &mut Story) -> Supplied {
        let code = item.get(Role::Code);
        if code.is_empty() {
            story.note("supplied-code", || "no code".to_owned());
            return Supplied::Absent;
        }
        match self.system_of(item) {
            Some(system) if system == self.target_url => self.of_target(code, Notation::of(&system), story),
            Some(system) => {
                story.note("supplied-code", || format!("{code} is a code of {system}, not of the target"));
                match self.by_maps(code, &system, story) {
                    Some(outcome) => Supplied::Decided(outcome),
                    None => {
                        story.note("concept-map", || format!("no loaded map leads from {code} to the target"));
                        Supplied::Absent
                    }
                }
            }
            // A code says nothing of its system, but for one with a check digit of its own shape.
            None if Notation::of(&self.target_url) == Notation::Loinc && code.contains('-') => {
                match self.of_target(code, Notation::Loinc, story) {
                    Supplied::Decided(outcome) => Supplied::Decided(outcome),
                    _ => Supplied::Absent,
                }
            }
            // Only drug codes of the U.S. have their shape, and only in a map that knows them.
            None if Notation::of(&self.target_url) == Notation::Rxnorm && has_ndc_shape(code) => {
                let system = self.systems.get("ndc").map_or("http://hl7.org/fhir/sid/ndc", String::as_str);
                story.note("supplied-code", || format!("{code} has the shape of a national drug code"));
                self.by_maps(code, system, story).map_or(Supplied::Absent, Supplied::Decided)
            }
            None => {
                story.note("supplied-code", || format!("nothing says which system {code} is a code of"));
                Supplied::Absent
            }
        }
    }

    /// A code of the target itself.
    fn of_target(&self, code: &str, notation: Notation, story: &mut Story) -> Supplied {
        let examination = examine(code, notation);
        let found = examination
            .attempts
            .iter()
            .find_map(|attempt| Some((self.target.find(&attempt.code)?, attempt)));
        let Some((concept, attempt)) = found else {
            let complaint = examination
                .complaint
                .unwrap_or_else(|| format!("{code} is no code of the target"));
            story.note("supplied-code", || complaint.clone());
            return Supplied::Refused(complaint);
        };
        let repaired = match attempt.repair {
            "" => String::new(),
            repair => {
                story.repaired(|| format!("{code} read as {}: {repair}", attempt.code));
                format!(" ({code} read as {}: {repair})", attempt.code)
            }
        };
        if self.target.is_active(concept) {
            story.note("supplied-code", || {
                format!("{} is a code of the target, in use", attempt.code)
            });
            let certainty = if repaired.is_empty() { 1.0 } else { 0.98 };
            return Supplied::Decided(Outcome::new(
                Status::Mapped,
                format!("the source names a code of the target{repaired}"),
                vec![self.candidate(concept, certainty, Relationship::Equivalent, MatchType::SuppliedCode)],
            ));
        }
        story.note("supplied-code", || {
            format!("{} is a code of the target, retired", attempt.code)
        });
        Supplied::Decided(self.replaced(concept, &repaired))
    }

    /// What replaces a retired code.
    fn replaced(&self, concept: Ordinal, repaired: &str) -> Outcome {
        let code = self.target.code(concept).to_owned();
        let ends = replace::replacements(&self.target, &self.maps, &code);
        if ends.is_empty() {
            return Outcome::new(
                Status::Ambiguous,
                format!("{code} is retired, and no loaded map says what replaces it{repaired}"),
                vec![self.candidate(concept, 0.5, Relationship::Equivalent, MatchType::SuppliedCode)],
            );
        }
        let share = 0.98 / ends.len() as f32;
        let candidates: Vec<Candidate> = ends
            .iter()
            .map(|(end, relationship)| self.candidate(*end, share, *relationship, MatchType::SuppliedCode))
            .collect();
        let names: Vec<&str> = candidates.iter().map(|candidate| candidate.code.as_str()).collect();
        let reason = format!("{code} is retired; replaced by {}{repaired}", names.join(" or "));
        let status = if candidates.len() == 1 {
            Status::Mapped
        } else {
            Status::Ambiguous
        };
        Outcome::new(status, reason, candidates)
    }

    /// Rows of all maps from a code of `system` into the target.
    fn rows(&self, code: &str, system: &str) -> Vec<Mapping> {
        replace::rows(&self.maps, code, system, &self.target_url)
    }

    /// A code of another system, through concept maps.
    fn by_maps(&self, code: &str, system: &str, story: &mut Story) -> Option<Outcome> {
        let attempts = examine(code, Notation::of(system)).attempts;
        let (rows, attempt) = attempts.into_iter().find_map(|attempt| {
            let rows = self.rows(&attempt.code, system);
            (!rows.is_empty()).then_some((rows, attempt))
        })?;
        let repaired = match attempt.repair {
            "" => String::new(),
            repair => {
                story.repaired(|| format!("{code} read as {}: {repair}", attempt.code));
                format!(" ({code} read as {}: {repair})", attempt.code)
            }
        };
        story.note("concept-map", || format!("{} rows for {}", rows.len(), attempt.code));
        let conditional = rows
            .iter()
            .any(|row| row.rule.as_deref().is_some_and(|rule| !is_trivial(rule)))
            || rows.iter().any(|row| {
                row.attributes
                    .iter()
                    .any(|a| a.role == tern_index::model::MappingAttributeRole::DependsOn)
            });
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut missing = Vec::new();
        for row in &rows {
            let Some(target) = &row.target else { continue };
            if row.relationship == Relationship::NotRelatedTo {
                continue;
            }
            match self.target.find(&target.code) {
                Some(concept) if !candidates.iter().any(|other| other.code == self.target.code(concept)) => {
                    candidates.push(self.candidate(concept, 0.0, row.relationship, MatchType::ConceptMap));
                }
                Some(_) => {}
                None => missing.push(target.code.clone()),
            }
        }
        // A combination in one group means "all of them together"; a choice means "one of them". Both need a person.
        if candidates.is_empty() {
            return Some(Outcome::unmapped(if missing.is_empty() {
                format!("a concept map states that {} has no target{repaired}", attempt.code)
            } else {
                format!(
                    "a concept map leads to {}, which the loaded version of the target lacks{repaired}",
                    missing.join(", ")
                )
            }));
        }
        let share = 0.99 / candidates.len() as f32;
        candidates.iter_mut().for_each(|candidate| candidate.probability = share);
        let sure = candidates.len() == 1 && !conditional;
        let reason = if conditional {
            "the concept map has rules that depend on facts outside this row"
        } else if sure {
            "a concept map names the target"
        } else {
            "concept maps name several targets"
        };
        let status = if sure { Status::Mapped } else { Status::Ambiguous };
        Some(Outcome::new(status, format!("{reason}{repaired}"), candidates))
    }

    fn by_name(&self, item: &SourceItem, ask: Ask, story: &mut Story, ranked: &mut Ranked) -> Outcome {
        let mut exact = self.named(item.get(Role::Name));
        exact.retain(|concept| !self.is_rejected(item, *concept));
        story.note("exact", || match exact.len() {
            0 => "the name is no term of the target as it stands".to_owned(),
            1 => "the name is a term of one concept".to_owned(),
            several => format!("the name is a term of {several} concepts"),
        });
        let mut scored = self.domain.candidates(item);
        let mut probabilities = self.domain.model().probabilities(&scored, item.kind());
        self.without_rejected(item, &mut scored, &mut probabilities);
        self.note_ranking(&scored, &probabilities, story);
        let outcome = self.conclude(item, ask, &exact, &scored, &probabilities);
        if story.is_wanted() {
            *ranked = Ranked { scored, probabilities };
        }
        outcome
    }

    fn note_ranking(&self, scored: &[Scored], probabilities: &[f32], story: &mut Story) {
        story.note("candidates", || format!("{} candidates", scored.len()));
        if self.domain.is_embedded() {
            let only = scored.iter().filter(|one| one.lexical.vector_only).count();
            let nearest = scored.iter().map(|one| one.lexical.vector).fold(0.0, f32::max);
            story.note("vectors", || {
                format!("{only} of them by the embedding alone; the nearest has cosine {nearest:.4}")
            });
        }
        if let Some(first) = scored.first() {
            story.note("ranking", || match scored.get(1) {
                Some(second) => format!("the first scores {:.2}, the second {:.2}", first.score, second.score),
                None => format!("the only one scores {:.2}", first.score),
            });
            let best = probabilities.first().copied().unwrap_or_default();
            let trained = if self.domain.model().trained {
                "calibrated by reviewed maps"
            } else {
                "no trained model: only equal names are accepted"
            };
            story.note("calibration", || format!("the first has probability {best:.4}; {trained}"));
        }
    }

    /// What follows from the exact names and the ranking.
    fn conclude(&self, item: &SourceItem, ask: Ask, exact: &[Ordinal], scored: &[Scored], probabilities: &[f32]) -> Outcome {
        let candidates: Vec<Candidate> = scored
            .iter()
            .zip(probabilities)
            .take(ask.keep)
            .map(|(scored, probability)| {
                let match_type = match (exact.contains(&scored.concept), scored.exact) {
                    (true, _) => MatchType::Exact,
                    (false, true) => MatchType::Normalised,
                    (false, false) => MatchType::Lexical,
                };
                self.candidate(scored.concept, *probability, relationship(scored), match_type)
            })
            .collect();
        // A name says it all only where the row says no more: an ingredient's name with a strength beside it is no
        // ingredient. Then the ranking, which knows the strength, must agree.
        if let ([only], Some(first)) = (exact, scored.first())
            && (first.concept == *only || !item.has_context())
        {
            return self.exactly(*only, first, scored, probabilities, candidates);
        }
        let Some(first) = scored.first() else {
            return Outcome::unmapped("no word of the name is known to the target");
        };
        let (status, reason) = self.judge(ask, item, first, scored, probabilities);
        Outcome::new(status, reason, candidates)
    }

    /// The name is the name of exactly one concept.
    fn exactly(
        &self,
        only: Ordinal,
        first: &Scored,
        scored: &[Scored],
        probabilities: &[f32],
        mut candidates: Vec<Candidate>,
    ) -> Outcome {
        let conflict = scored
            .iter()
            .find(|other| other.concept == only)
            .and_then(|other| other.conflict);
        let mut own = self.candidate(only, 0.98, Relationship::Equivalent, MatchType::Exact);
        candidates.retain(|other| other.code != own.code);
        if let Some(conflict) = conflict {
            own.probability = 0.5;
            let reason = format!("the name is a term of the target, but the {conflict} contradicts it");
            candidates.insert(0, own);
            return Outcome::new(Status::Ambiguous, reason, candidates);
        }
        // What is left for the others is small, whatever the ranking thought; all of them, kept or not, share it.
        let others = scored.iter().zip(probabilities).filter(|(other, _)| other.concept != only);
        let others: f32 = others.map(|(_, probability)| probability).sum();
        if others > 0.02 {
            candidates.iter_mut().for_each(|other| other.probability *= 0.02 / others);
        }
        own.probability = if first.concept == only { 0.98 } else { 0.95 };
        candidates.insert(0, own);
        Outcome::new(Status::Mapped, "the name is a term of the target", candidates)
    }

    fn judge(&self, ask: Ask, item: &SourceItem, first: &Scored, scored: &[Scored], probabilities: &[f32]) -> (Status, String) {
        let best = probabilities.first().copied().unwrap_or_default();
        let coverage = (first.evidence.source_coverage * 100.0).round();
        if best < HOPELESS {
            return (Status::Unmapped, "no candidate is likely; the best is listed".to_owned());
        }
        if let Some(conflict) = first.conflict {
            return (
                Status::Ambiguous,
                format!("the best candidate contradicts the {conflict} of the row"),
            );
        }
        if first.lexical.vector_only {
            // No reviewed map has taught how far such a candidate can be trusted.
            let reason = format!(
                "found by meaning alone (cosine {:.2}), which a person must confirm",
                first.lexical.vector
            );
            return (Status::Ambiguous, reason);
        }
        if self.domain.model().accepts(ask.accept, item.kind(), first, best) {
            return (
                Status::Mapped,
                format!("{coverage} % of the name's words match, and nothing in the row contradicts it"),
            );
        }
        let rivals = close_to_best(scored, probabilities).skip(1);
        let mut differences: Vec<&str> = rivals
            .filter_map(|rival| self.domain.difference(first.concept, rival.concept))
            .collect();
        differences.sort_unstable();
        differences.dedup();
        let reason = if !differences.is_empty() {
            format!("close candidates differ in {}", differences.join(" and "))
        } else if coverage < 100.0 {
            format!("only {coverage} % of the name's words match the best candidate")
        } else {
            "the evidence is not enough to be sure".to_owned()
        };
        (Status::Ambiguous, reason)
    }
}

/// Whether a rule of a map is always true.
fn is_trivial(rule: &str) -> bool {
    let rule = rule.trim();
    rule.is_empty() || rule.eq_ignore_ascii_case("TRUE") || rule.eq_ignore_ascii_case("OTHERWISE TRUE")
}

/// How a source relates to a candidate, by what only one side says.
fn relationship(scored: &Scored) -> Relationship {
    let (source, target) = (scored.evidence.source_coverage > 0.98, scored.evidence.target_coverage > 0.98);
    match (source, target) {
        (true, true) => Relationship::Equivalent,
        // The source says more than the target: it is the narrower one.
        (false, true) => Relationship::SourceIsNarrowerThanTarget,
        (true, false) => Relationship::SourceIsBroaderThanTarget,
        (false, false) => Relationship::RelatedTo,
    }
}

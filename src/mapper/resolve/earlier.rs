//! What earlier decisions of people do to an outcome.
//!
//! In their own scope they hold: a target that was accepted is the target, one that was rejected never comes back. A
//! decision whose code the loaded release has retired or dropped is said to be so, with what replaces it, and decides
//! nothing. What was accepted at another site moves probabilities; it may put a candidate first or hold back an automatic
//! acceptance that it contradicts, and never accepts by itself.

use super::replace::replacements;
use super::{HOPELESS, Mapper, Story};
use crate::mapper::decisions::{Decided, Evidence};
use crate::mapper::item::SourceItem;
use crate::mapper::outcome::{Candidate, MatchType, Outcome, Status};
use crate::mapper::{Scored, decisions::Own};
use tern_index::model::{Ordinal, Relationship};

/// Log odds for a target that a site with the same context has accepted; maps that sites have reviewed are right in nine
/// cases of ten.
const SAME_CONTEXT: f32 = 2.2;
/// The same where one of the two does not state its context.
const SOME_CONTEXT: f32 = 1.1;
/// Log odds for each further site, and most that all of them give.
const FURTHER_SITE: f32 = 0.5;
const MOST_EVIDENCE: f32 = 3.5;

/// What earlier decisions say of a source.
pub(super) enum Earlier {
    /// They decide it, or disagree.
    Decided(Outcome),
    /// They name a code that cannot be used any more: with what is to be said of that.
    Broken(String),
    /// Nothing.
    Silent,
}

fn by(provenance: &str) -> String {
    if provenance.is_empty() {
        String::new()
    } else {
        format!(" ({provenance})")
    }
}

impl Mapper {
    /// What was decided for a source in its own scope.
    pub(super) fn decided(&self, item: &SourceItem) -> Earlier {
        let Some(own) = self.decisions.find(item).filter(|own| !own.decided.is_empty()) else {
            return Earlier::Silent;
        };
        let mut candidates = Vec::new();
        for (decided, provenance) in &own.decided {
            let Decided::Target(code, relationship) = decided else {
                continue;
            };
            let relationship = Relationship::ALL
                .get(*relationship)
                .copied()
                .unwrap_or(Relationship::Equivalent);
            match self.target.find(code).filter(|concept| self.target.is_active(*concept)) {
                Some(concept) => candidates.push(self.candidate(concept, 1.0, relationship, MatchType::Decision)),
                None => return self.outdated(code, provenance, own),
            }
        }
        let provenance = own.decided.values().next().map(|one| by(one)).unwrap_or_default();
        let (status, reason) = match (own.decided.len(), candidates.is_empty()) {
            (1, true) => (
                Status::Unmapped,
                format!("an earlier decision{provenance} says that there is no target"),
            ),
            (1, false) => (Status::Mapped, format!("an earlier decision{provenance}")),
            _ => (
                Status::Ambiguous,
                "earlier decisions disagree; settle them in the decisions file".to_owned(),
            ),
        };
        let share = 1.0 / own.decided.len().max(1) as f32;
        candidates.iter_mut().for_each(|candidate| candidate.probability = share);
        Earlier::Decided(Outcome::new(status, reason, candidates))
    }

    /// A decision on a code that is retired in the loaded release, or not in it.
    fn outdated(&self, code: &str, provenance: &str, own: &Own) -> Earlier {
        let fate = match self.target.find(code) {
            Some(_) => "is retired in",
            None => "is not in",
        };
        let complaint = format!(
            "the earlier decision{} names {code}, which {fate} the loaded version of the target",
            by(provenance)
        );
        let mut ends = replacements(&self.target, &self.maps, code);
        ends.retain(|(end, _)| !own.rejected.contains(self.target.code(*end)));
        if ends.is_empty() {
            return Earlier::Broken(format!("{complaint}, and no loaded map says what replaces it"));
        }
        let share = 0.9 / ends.len() as f32;
        let candidates: Vec<Candidate> = ends
            .into_iter()
            .map(|(end, relationship)| self.candidate(end, share, relationship, MatchType::Decision))
            .collect();
        let names: Vec<&str> = candidates.iter().map(|candidate| candidate.code.as_str()).collect();
        let reason = format!("{complaint}; replaced by {}; decide it again", names.join(" or "));
        Earlier::Decided(Outcome::new(Status::Ambiguous, reason, candidates))
    }

    /// Takes rejected targets out of a ranking; what is left is as likely as it is given that those are wrong.
    pub(super) fn without_rejected(&self, item: &SourceItem, scored: &mut Vec<Scored>, probabilities: &mut Vec<f32>) {
        let Some(own) = self.decisions.find(item).filter(|own| !own.rejected.is_empty()) else {
            return;
        };
        let rejected = |concept: Ordinal| own.rejected.contains(self.target.code(concept));
        let mut lost = 0.0;
        let mut kept = Vec::with_capacity(probabilities.len());
        for (scored, probability) in scored.iter().zip(probabilities.iter()) {
            if rejected(scored.concept) {
                lost += probability;
            } else {
                kept.push(*probability);
            }
        }
        scored.retain(|scored| !rejected(scored.concept));
        let rest = (1.0 - lost).max(f32::EPSILON);
        kept.iter_mut()
            .for_each(|probability| *probability = (*probability / rest).min(1.0));
        *probabilities = kept;
    }

    /// Whether a person has rejected a target for this source.
    pub(super) fn is_rejected(&self, item: &SourceItem, concept: Ordinal) -> bool {
        let own = self.decisions.find(item);
        own.is_some_and(|own| own.rejected.contains(self.target.code(concept)))
    }

    /// Heeds rejections and what other sites have accepted, after everything else has spoken.
    pub(super) fn heed(&self, item: &SourceItem, keep: usize, outcome: &mut Outcome, story: &mut Story) {
        self.heed_rejections(item, outcome, story);
        let by_name = |candidate: &Candidate| {
            matches!(
                candidate.match_type,
                MatchType::Exact | MatchType::Normalised | MatchType::Lexical
            )
        };
        if outcome.status == Status::Invalid || !outcome.candidates.iter().all(by_name) {
            return;
        }
        let mut evidence = self.decisions.evidence(item);
        if let Some(own) = self.decisions.find(item) {
            evidence.retain(|one| !own.rejected.contains(&one.code));
        }
        if !evidence.is_empty() {
            self.weigh(&evidence, keep, outcome, story);
        }
    }

    fn heed_rejections(&self, item: &SourceItem, outcome: &mut Outcome, story: &mut Story) {
        let Some(own) = self.decisions.find(item).filter(|own| !own.rejected.is_empty()) else {
            return;
        };
        let codes: Vec<&str> = own.rejected.iter().map(String::as_str).collect();
        story.note("decisions", || format!("rejected by a person: {}", codes.join(", ")));
        outcome.candidates.retain(|candidate| !own.rejected.contains(&candidate.code));
        if matches!(outcome.status, Status::Mapped | Status::Ambiguous) {
            // Who has rejected a target wants to see the next one, however sure the ranking is of it.
            let (status, what) = if outcome.candidates.is_empty() {
                (Status::Unmapped, "and nothing else fits")
            } else {
                (Status::Ambiguous, "and so nothing is accepted without a person")
            };
            outcome.status = status;
            outcome.reason = format!("a person has rejected {}, {what}", codes.join(", "));
        }
    }

    fn weigh(&self, evidence: &[Evidence], keep: usize, outcome: &mut Outcome, story: &mut Story) {
        let mapped = (outcome.status == Status::Mapped).then(|| outcome.target().map(|target| target.code.clone()));
        let mut said = Vec::new();
        let mut usable = 0;
        for one in evidence {
            let sites = one.sites.join(", ");
            let concept = self.target.find(&one.code).filter(|concept| self.target.is_active(*concept));
            let Some(concept) = concept else {
                story.note("decisions", || {
                    format!("accepted at {sites}: {}, which the loaded version has not in use", one.code)
                });
                continue;
            };
            usable += 1;
            story.note("decisions", || format!("accepted at {sites}: {}", one.code));
            said.push(format!("accepted at {sites}: {}", one.code));
            let odds = evidence_odds(one);
            match outcome.candidates.iter_mut().find(|candidate| candidate.code == one.code) {
                Some(candidate) => candidate.probability = raised(candidate.probability, odds),
                None => outcome.candidates.push(self.candidate(
                    concept,
                    raised(HOPELESS, odds),
                    Relationship::RelatedTo,
                    MatchType::Decision,
                )),
            }
        }
        if usable == 0 {
            return;
        }
        // The sort is stable: what was equal stays in the order of the ranking.
        outcome
            .candidates
            .sort_by(|left, right| right.probability.total_cmp(&left.probability));
        let sum: f32 = outcome.candidates.iter().map(|candidate| candidate.probability).sum();
        if sum > 1.0 {
            outcome
                .candidates
                .iter_mut()
                .for_each(|candidate| candidate.probability /= sum);
        }
        outcome.candidates.truncate(keep);
        let agrees = match &mapped {
            Some(Some(code)) => evidence.iter().all(|one| one.code == *code),
            _ => false,
        };
        if !agrees {
            outcome.status = Status::Ambiguous;
        }
        outcome.reason = format!("{}; {}", outcome.reason, said.join("; "));
    }
}

fn evidence_odds(evidence: &Evidence) -> f32 {
    let own = if evidence.same_context { SAME_CONTEXT } else { SOME_CONTEXT };
    let further = evidence.sites.len().saturating_sub(1) as f32;
    (own + FURTHER_SITE * further).min(MOST_EVIDENCE)
}

/// A probability with so much more log odds.
fn raised(probability: f32, odds: f32) -> f32 {
    let sane = probability.clamp(1e-4, 0.9999);
    let logit = (sane / (1.0 - sane)).ln() + odds;
    1.0 / (1.0 + (-logit).exp())
}

//! Sets that expression constraints have given, kept from one request to the next.
//!
//! A client turns the pages of one expansion, or validates code after code against one value set: each request is a question of
//! its own, with the same constraint in it. A set is known by the code system that it was found in, as long as that is open, and
//! by the text of the constraint. What was found quickly is found again rather than kept; a constraint that cannot be read
//! or goes past a limit gives no set, so that each request is told so itself.

use crate::ecl::{Constraint, EclError, Limits};
use crate::remembered::Remembered;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tern_index::read::{CodeSystemIndex, ConceptSet};

/// What takes no longer is not worth keeping: finding a set that is kept takes a tenth of it.
const QUICK: Duration = Duration::from_micros(100);
/// What keeping a set costs beside its text and its concepts.
const LEAST_COST: usize = 256;

/// A code system that was open when the set was found, and a constraint. The reference keeps the address from being used
/// for another, not the code system from being closed.
type Key = (Weak<CodeSystemIndex>, Box<str>);

/// Sets by code system and constraint.
#[derive(Debug)]
pub struct ConstraintSets {
    kept: Remembered<Key, Arc<ConceptSet>>,
    evaluated: AtomicU64,
    quick: Duration,
}

/// How full it is, and of what use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetsUse {
    /// Sets.
    pub sets: usize,
    /// Bytes.
    pub bytes: usize,
    /// Constraints of which the set was there.
    pub found: u64,
    /// Constraints that had to be evaluated.
    pub evaluated: u64,
}

impl Default for ConstraintSets {
    /// Keeps nothing.
    fn default() -> Self {
        Self::new(0)
    }
}

impl ConstraintSets {
    /// Room for so many bytes of sets.
    pub fn new(bytes: usize) -> Self {
        Self {
            kept: Remembered::new(bytes),
            evaluated: AtomicU64::new(0),
            quick: QUICK,
        }
    }

    /// The concepts of a code system that satisfy a constraint.
    pub fn evaluate(&self, index: &Arc<CodeSystemIndex>, text: &str, limits: &Limits) -> Result<ConceptSet, EclError> {
        let hash = self.kept.hash((Arc::as_ptr(index), text));
        let known = self.kept.find(hash, |(own, constraint)| {
            std::ptr::eq(own.as_ptr(), Arc::as_ptr(index)) && **constraint == *text
        });
        if let Some(known) = known {
            return Ok((*known).clone());
        }
        self.evaluated.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let found = Constraint::parse(text, limits)?.evaluate(index)?.concepts;
        let cost = LEAST_COST + text.len() + found.serialized_size();
        if begun.elapsed() >= self.quick && self.kept.has_room_for(cost) {
            let key = (Arc::downgrade(index), text.into());
            self.kept.keep(hash, key, Arc::new(found.clone()), cost);
        }
        Ok(found)
    }

    /// Keeps nothing of what is there: other releases are loaded.
    pub fn forget(&self) {
        self.kept.forget();
    }

    /// How full it is.
    pub fn used(&self) -> SetsUse {
        let (sets, bytes) = self.kept.used();
        SetsUse {
            sets,
            bytes,
            found: self.kept.found(),
            evaluated: self.evaluated.load(Ordering::Relaxed),
        }
    }
}

/// What expression constraints may cost, and the sets that earlier ones gave.
#[derive(Debug, Clone, Default)]
pub struct Constraints {
    /// What one may cost, and who waits for the answer.
    pub limits: Limits,
    /// What is known from earlier requests.
    pub sets: Arc<ConstraintSets>,
}

impl Constraints {
    /// The concepts of a code system that satisfy a constraint.
    pub fn evaluate(&self, index: &Arc<CodeSystemIndex>, text: &str) -> Result<ConceptSet, EclError> {
        self.sets.evaluate(index, text, &self.limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::code_system;

    fn snomed(codes: &str) -> Arc<CodeSystemIndex> {
        let concepts: Vec<String> = codes.split(' ').map(|code| format!(r#"{{"code":"{code}"}}"#)).collect();
        code_system("http://snomed.info/sct", &concepts)
    }

    /// Keeps whatever was found, however quickly.
    fn sets(bytes: usize) -> ConstraintSets {
        ConstraintSets {
            quick: Duration::ZERO,
            ..ConstraintSets::new(bytes)
        }
    }

    fn count(sets: &ConstraintSets, index: &Arc<CodeSystemIndex>, text: &str) -> u64 {
        sets.evaluate(index, text, &Limits::default()).unwrap().len()
    }

    #[test]
    fn a_constraint_is_evaluated_once_for_a_code_system() {
        let (one, two) = (snomed("404684003 123456"), snomed("404684003"));
        let sets = sets(1 << 20);
        for _ in 0..3 {
            assert_eq!((count(&sets, &one, "*"), count(&sets, &two, "*")), (2, 1));
            assert_eq!(count(&sets, &one, "404684003"), 1);
        }
        let used = sets.used();
        assert_eq!((used.sets, used.found, used.evaluated), (3, 6, 3));
        assert!(used.bytes > 3 * LEAST_COST, "{used:?}");
        sets.forget();
        assert_eq!(sets.used().sets, 0);
        assert_eq!(count(&sets, &one, "*"), 2);
        assert_eq!(sets.used().evaluated, 4);
    }

    #[test]
    fn another_code_system_is_never_taken_for_one_that_is_gone() {
        let sets = sets(1 << 20);
        for number in 1..200_u64 {
            let codes: Vec<String> = (0..number % 5 + 1).map(|place| (100_000 + place).to_string()).collect();
            let index = snomed(&codes.join(" "));
            assert_eq!(count(&sets, &index, "*"), number % 5 + 1);
        }
    }

    #[test]
    fn faults_and_what_was_quick_are_not_kept() {
        let index = snomed("404684003");
        let sets = sets(1 << 20);
        for text in ["<<", "<< 999999", "(("] {
            for _ in 0..2 {
                assert!(sets.evaluate(&index, text, &Limits::default()).is_err(), "{text}");
            }
        }
        let mut limited = Limits {
            work: 0,
            ..Limits::default()
        };
        assert!(sets.evaluate(&index, "* OR *", &limited).is_err());
        limited.work = Limits::default().work;
        assert_eq!(
            sets.evaluate(&index, "* OR *", &limited).unwrap().len(),
            1,
            "the limit is not remembered"
        );
        assert_eq!((sets.used().sets, sets.used().found), (1, 0));
        let unhurried = ConstraintSets {
            quick: Duration::from_secs(3600),
            ..ConstraintSets::new(1 << 20)
        };
        let small = super::tests::sets(LEAST_COST);
        for sets in [unhurried, ConstraintSets::default(), small] {
            count(&sets, &index, "*");
            assert_eq!(sets.used().sets, 0);
        }
    }
}

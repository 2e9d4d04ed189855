//! Which requests are answered where they are read, because requests like them were answered quickly before.
//!
//! Handing work to another thread and back costs many times what a lookup does. But a thread that reads sockets has
//! other clients, so nothing runs there that was not seen to be quick: requests of one shape (the same operation on the
//! same things, whatever the code) cost about the same. The first of a shape are answered on other threads and timed;
//! one that turns out slow sends its shape back there, for longer each time.

use super::handler::Job;
use super::negotiation::BodyKind;
use crate::fhir::interaction::{Operation, Target};
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is quick.
const QUICK: Duration = Duration::from_micros(300);
/// What is so slow that others should not have waited for it.
const SLOW: Duration = Duration::from_millis(1);
/// Bodies above this are read elsewhere.
const LONGEST_BODY: usize = 16 << 10;
/// Shapes that are remembered.
const SHAPES: usize = 4_096;

/// What is known of the shapes of requests.
#[derive(Debug, Default)]
pub(super) struct Quick {
    seen: Mutex<HashMap<u64, Record>>,
    hashes: RandomState,
}

#[derive(Debug, Clone, Copy, Default)]
struct Record {
    /// Quick answers in a row.
    quick: u32,
    /// Slow answers on threads that read sockets.
    slow: u32,
}

impl Record {
    fn is_quick(self) -> bool {
        self.quick >= 2 << self.slow.min(16)
    }
}

/// The shape of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape(u64);

impl Quick {
    /// The shape of a request; none where it could be anything.
    pub fn shape(&self, job: &Job) -> Option<Shape> {
        let Target::Operation(operation, _) = &job.target else {
            return None;
        };
        let short = matches!(
            operation,
            Operation::Lookup
                | Operation::ValidateInCodeSystem
                | Operation::ValidateInValueSet
                | Operation::Subsumes
                | Operation::Translate
                | Operation::PreferredId
        );
        let plain = job.body.is_empty() || (job.kind == BodyKind::Json && job.is_plain());
        if !short || !plain || job.body.len() > LONGEST_BODY {
            return None;
        }
        let mut hasher = self.hashes.build_hasher();
        job.wanted.path.hash(&mut hasher);
        (job.cache_id.as_deref(), job.accept_language.as_deref()).hash(&mut hasher);
        for pair in job.query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            name.hash(&mut hasher);
            if !varies(name.as_bytes()) {
                value.hash(&mut hasher);
            }
        }
        feed(&mut hasher, &job.body);
        Some(Shape(hasher.finish()))
    }

    /// Whether requests of a shape are quick.
    pub fn is_quick(&self, shape: Shape) -> bool {
        self.locked(|seen| seen.get(&shape.0).is_some_and(|record| record.is_quick()))
    }

    /// A request of a shape took so long, where others waited for it or not.
    pub fn took(&self, shape: Shape, time: Duration, others_waited: bool) {
        self.locked(|seen| {
            if seen.len() >= SHAPES && !seen.contains_key(&shape.0) {
                seen.clear();
            }
            let record = seen.entry(shape.0).or_default();
            if time <= QUICK {
                record.quick = record.quick.saturating_add(1);
            } else if time > SLOW || !others_waited {
                record.quick = 0;
                record.slow = record.slow.saturating_add(u32::from(others_waited));
            }
        });
    }

    /// Other things are loaded now: what was quick need not be.
    pub fn forget(&self) {
        self.locked(HashMap::clear);
    }

    /// Records are whole at every instant, so a poisoned lock is as good as any.
    fn locked<T>(&self, work: impl FnOnce(&mut HashMap<u64, Record>) -> T) -> T {
        work(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a parameter or member says which code is asked for, which makes no other shape.
fn varies(name: &[u8]) -> bool {
    matches!(
        name,
        b"code" | b"codeA" | b"codeB" | b"sourceCode" | b"targetCode" | b"display" | b"valueCode" | b"valueString" | b"id"
    )
}

/// Adds JSON to a shape: all of it but blanks and the text of members that vary. It need not be valid.
fn feed(hasher: &mut impl Hasher, json: &[u8]) {
    let mut rest = json;
    let mut last: &[u8] = b"";
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if first.is_ascii_whitespace() {
            continue;
        }
        hasher.write_u8(*first);
        if *first != b'"' {
            continue;
        }
        let mut escaped = false;
        let end = rest.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.get(1..).unwrap_or_default();
        let is_name = rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
        if is_name || !varies(last) {
            text.hash(hasher);
        }
        if is_name {
            last = text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(json: &str) -> u64 {
        let mut hasher = foldhash::quality::FixedState::default().build_hasher();
        feed(&mut hasher, json.as_bytes());
        hasher.finish()
    }

    #[test]
    fn the_code_makes_no_other_shape_and_all_else_does() {
        let one = shape(r#"{"name":"coding","valueCoding":{"system":"http://a","code":"1","display":"x \" y"}}"#);
        assert_eq!(
            one,
            shape(r#"{ "name":"coding", "valueCoding":{"system":"http://a","code":"23","display":""} }"#)
        );
        for other in [
            r#"{"name":"coding","valueCoding":{"system":"http://b","code":"1","display":"x"}}"#,
            r#"{"name":"coding","valueCoding":{"system":"http://a","code":"1"}}"#,
            r#"{"name":"coding","valueCoding":{"system":"http://a","code":["1","2"],"display":"x"}}"#,
            r#"{"name":"coding","#,
            "\"",
        ] {
            assert_ne!(one, shape(other), "{other}");
        }
    }

    #[test]
    fn what_is_quick_was_quick_before_and_what_was_slow_waits_longer() {
        let (quick, shape) = (Quick::default(), Shape(1));
        let (short, long) = (Duration::from_micros(10), Duration::from_millis(5));
        let until_quick = |quick: &Quick| {
            (0..)
                .find(|_| {
                    let is = quick.is_quick(shape);
                    quick.took(shape, short, is);
                    is
                })
                .unwrap()
        };
        assert_eq!(until_quick(&quick), 2);
        quick.took(shape, long, true);
        assert!(!quick.is_quick(shape));
        assert_eq!(until_quick(&quick), 4);
        quick.took(shape, long, true);
        assert_eq!(until_quick(&quick), 8);
        quick.forget();
        assert!(!quick.is_quick(shape));
        quick.took(shape, short, false);
        quick.took(shape, long, false);
        quick.took(shape, short, false);
        assert!(!quick.is_quick(shape), "not in a row");
    }

    #[test]
    fn memory_is_bounded() {
        let quick = Quick::default();
        for number in 0..10_000 {
            quick.took(Shape(number), Duration::ZERO, false);
        }
        assert!(quick.locked(|seen| seen.len()) <= SHAPES);
    }
}

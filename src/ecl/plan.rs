//! How a constraint was evaluated: its parts in the order in which they were done, with the sizes of their sets.

use std::fmt::{self, Write};

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How deep it lies in the constraint.
    pub depth: usize,
    /// The part, in brief syntax.
    pub part: String,
    /// How its set was found.
    pub how: String,
    /// Concepts in its set.
    pub size: u64,
}

/// All parts; a part comes before what it is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The parts.
    pub steps: Vec<Step>,
}

/// Characters shown of a part.
const SHOWN: usize = 100;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let mut part: String = step.part.chars().take(SHOWN).collect();
            if step.part.chars().nth(SHOWN).is_some() {
                part.push_str("...");
            }
            let indent = step.depth * 2;
            write!(f, "{:>9}  {:indent$}{part}", step.size, "")?;
            // A concept by its identifier is just there.
            match step.how.as_str() {
                "" => writeln!(f)?,
                how => writeln!(f, "  [{how}]")?,
            }
        }
        Ok(())
    }
}

/// Writes a plan down while it is carried out; does nothing when nobody asked.
#[derive(Debug)]
pub(super) struct Recorder {
    plan: Option<Plan>,
    depth: usize,
}

/// A part that has been begun.
#[must_use]
pub(super) struct Begun(usize);

impl Recorder {
    pub fn new(wanted: bool) -> Self {
        Self {
            plan: wanted.then(Plan::default),
            depth: 0,
        }
    }

    /// Whether somebody asked for it.
    pub fn is_wanted(&self) -> bool {
        self.plan.is_some()
    }

    pub fn begin(&mut self, part: impl FnOnce() -> String) -> Begun {
        let depth = self.depth;
        self.depth += 1;
        let Some(plan) = &mut self.plan else {
            return Begun(0);
        };
        plan.steps.push(Step {
            depth,
            part: part(),
            how: String::new(),
            size: 0,
        });
        Begun(plan.steps.len() - 1)
    }

    pub fn end(&mut self, begun: &Begun, size: u64) {
        self.depth = self.depth.saturating_sub(1);
        if let Some(step) = self.plan.as_mut().and_then(|plan| plan.steps.get_mut(begun.0)) {
            step.size = size;
        }
    }

    /// Adds to how the part is done.
    pub fn note(&mut self, begun: &Begun, how: impl fmt::Display) {
        if let Some(step) = self.plan.as_mut().and_then(|plan| plan.steps.get_mut(begun.0)) {
            if !step.how.is_empty() {
                step.how.push_str(", ");
            }
            let _ = write!(step.how, "{how}");
        }
    }

    pub fn finish(self) -> Option<Plan> {
        self.plan
    }
}

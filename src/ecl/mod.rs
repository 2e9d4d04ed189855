//! SNOMED CT Expression Constraint Language: text -> tree -> set of concepts.
//!
//! `grammar` reads text into the tree of `ast`, `print` writes it again in either syntax, and `evaluate` turns it into
//! a set over the index of one edition. It knows no request and no command line; value sets, `tern ecl` and the
//! validation of codes call the same three.
//!
//! Length, depth, time, work and memory are bounded by [`Limits`]: a constraint comes from outside.

pub mod ast;
mod collation;
pub mod dialects;
pub(crate) mod error;
mod evaluate;
pub mod expression;
pub mod grammar;
pub mod meaning;
pub(crate) mod number;
mod plan;
mod print;
mod terms;
#[cfg(test)]
mod tests;

pub use error::{EclError, Kind};
pub use evaluate::{Answer, Rows, Warning};
pub use plan::{Plan, Step};
pub use print::{Syntax, print};

use crate::stop::Stop;
use ast::Expression;
use evaluate::Costs;
use meaning::Meaning;
use std::time::Duration;
use tern_index::read::CodeSystemIndex;

/// What a constraint may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of its text.
    pub length: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Time to evaluate it.
    pub time: Duration,
    /// Steps to evaluate it: relationships, concepts, rows and terms looked at. Unlike time, the same on any machine.
    pub work: u64,
    /// Bytes of the sets that are kept while others are found.
    pub memory: usize,
    /// Who waits for it: evaluating ends when nobody does any more.
    pub stop: Stop,
}

impl Limits {
    /// Levels of nesting that can be asked for at most: reading and evaluating need stack for each.
    pub const DEEPEST: usize = 100;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            length: 1 << 20,
            depth: Self::DEEPEST,
            time: Duration::from_secs(10),
            work: 20_000_000_000,
            memory: 256 << 20,
            stop: Stop::never(),
        }
    }
}

/// A constraint that has been read.
#[derive(Debug, Clone)]
pub struct Constraint {
    text: String,
    expression: Expression,
    limits: Limits,
}

impl Constraint {
    /// Reads a constraint.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, EclError> {
        Ok(Self {
            expression: grammar::parse(text, limits)?,
            text: text.to_owned(),
            limits: limits.clone(),
        })
    }

    /// Its tree.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The concepts of an edition that satisfy it.
    pub fn evaluate(&self, index: &CodeSystemIndex) -> Result<Answer, EclError> {
        self.run(index, Costs::default(), false)
    }

    /// The same, and how it was found.
    pub fn explain(&self, index: &CodeSystemIndex) -> Result<Answer, EclError> {
        self.run(index, Costs::default(), true)
    }

    /// Whether a post-coordinated expression satisfies it in an edition.
    pub fn admits(&self, index: &CodeSystemIndex, meaning: &Meaning) -> Result<bool, EclError> {
        evaluate::admits(index, &self.expression, meaning, &self.limits).map_err(|fault| fault.in_text(&self.text))
    }

    /// The same as explaining it, by the ways that are cheapest at these costs.
    #[cfg(test)]
    fn explain_at(&self, index: &CodeSystemIndex, costs: Costs) -> Result<Answer, EclError> {
        self.run(index, costs, true)
    }

    fn run(&self, index: &CodeSystemIndex, costs: Costs, explain: bool) -> Result<Answer, EclError> {
        evaluate::evaluate(index, &self.expression, &self.limits, costs, explain).map_err(|fault| fault.in_text(&self.text))
    }

    /// Rows of the fields it selects, where it is a member-of with fields and nothing around it.
    pub fn rows(&self, index: &CodeSystemIndex) -> Result<Option<Rows>, EclError> {
        evaluate::rows(index, &self.expression, &self.limits).map_err(|fault| fault.in_text(&self.text))
    }
}

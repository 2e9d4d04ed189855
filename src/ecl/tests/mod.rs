//! Tests of constraints: what is read, what is refused, and that evaluation is what the specification says.
//!
//! `world` is a small edition as plain lists, `naive` evaluates constraints over those lists by trying every concept,
//! `random` makes constraints. Evaluation over an index must agree with the naive one on all of them, and on the examples of the
//! specification.

mod abnf;
mod evaluation;
mod examples;
mod grammar;
mod naive;
mod postcoordinated;
mod random;
mod sentences;
mod world;

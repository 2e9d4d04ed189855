//! Post-coordinated expressions of SNOMED CT where a code is expected: understood in an edition, shown with the terms
//! of their concepts.
//!
//! A code that is no concept may be an expression. What an expression is worth in a value set is decided where value
//! sets are evaluated; here it is read, checked and given a display.

use super::code_system::View;
use super::language::Languages;
use crate::ecl::Limits;
use crate::ecl::expression::{Expression, may_be_expression};
use crate::ecl::meaning::Meaning;
use tern_loaders::snomed::published_edition;

/// The canonical URL of the only code system whose grammar is known here.
pub const SNOMED: &str = "http://snomed.info/sct";

/// How messages call the edition of a version of SNOMED CT, in brackets after a blank; nothing for other code systems.
/// A module without a name of its own extends the International Edition, so that is what its concepts are looked for in.
pub(super) fn edition(url: &str, version: &str) -> String {
    if url != SNOMED {
        return String::new();
    }
    let module = version.split('/').nth(4).unwrap_or("");
    format!(" ({} Edition)", published_edition(module).unwrap_or("International"))
}

/// An expression that is sound in an edition.
#[derive(Debug, Clone)]
pub struct Understood {
    /// The expression.
    pub expression: Expression,
    /// What it means.
    pub meaning: Meaning,
}

/// Reads a code as an expression: `None` where it cannot be meant as one, else the expression or what is wrong with it.
pub fn understand(view: &View, code: &str) -> Option<Result<Understood, String>> {
    if view.url() != SNOMED || !may_be_expression(code) {
        return None;
    }
    let read = Expression::parse(code, &Limits::default()).map_err(|error| error.in_line());
    Some(read.and_then(|expression| {
        let meaning = Meaning::of(&view.index, &expression).map_err(|fault| fault.message)?;
        Ok(Understood { expression, meaning })
    }))
}

impl Understood {
    /// The expression with the terms of its concepts.
    pub fn display(&self, view: &View, languages: Option<&Languages>) -> String {
        self.expression.print(&|reference| {
            let concept = view.index.find_exact(&reference.id)?;
            view.display(concept, languages).map(|display| display.text)
        })
    }

    /// The expression without terms: equal for expressions that differ in nothing else.
    pub fn canonical(&self) -> String {
        self.expression.print(&|_| None)
    }
}

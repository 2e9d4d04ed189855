//! Post-coordinated expressions of SNOMED CT where a code is expected: understood in an edition, shown with the terms
//! of their concepts.
//!
//! A code that is no concept may be an expression. What an expression is worth in a value set is decided where value
//! sets are evaluated; here it is read, checked, compared with others and given a display.

use super::code_system::View;
use super::language::Languages;
use super::subsumes::Subsumption;
use super::{CodeSystemIndex, Terminology};
use crate::concept_model::{self, Breach, concept_model};
use crate::ecl::Limits;
use crate::ecl::expression::{Expression, may_be_expression};
use crate::ecl::meaning::Meaning;
use tern_index::model::Ordinal;
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

/// Works out what questions about expressions need of the edition that is meant where none is named: its axioms and its
/// concept model. Who asks first would wait for it otherwise.
pub fn prepare(terminology: &Terminology) {
    if let Ok(index) = terminology.code_system(SNOMED, None) {
        crate::description_logic::ontology(&index);
        concept_model(&index);
    }
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
    Some(read(&view.index, code))
}

fn read(index: &CodeSystemIndex, code: &str) -> Result<Understood, String> {
    let expression = Expression::parse(code, &Limits::default()).map_err(|error| error.in_line())?;
    let meaning = Meaning::of(index, &expression).map_err(|fault| fault.message)?;
    Ok(Understood { expression, meaning })
}

/// What a code stands for.
#[derive(Debug, Clone)]
pub enum Known {
    /// A concept.
    Concept(Ordinal),
    /// An expression that says more than a concept.
    Expression(Box<Understood>),
}

impl Known {
    /// What a code of a code system stands for: `None` where it cannot be told, else it or what is wrong with it.
    pub fn find(index: &CodeSystemIndex, code: &str) -> Option<Result<Self, String>> {
        if let Some(concept) = index.find(code) {
            return Some(Ok(Self::Concept(concept)));
        }
        if index.header().url != SNOMED || !may_be_expression(code) {
            return None;
        }
        Some(read(index, code).map(|understood| match understood.meaning.concept() {
            Some(concept) if understood.meaning.defines => Self::Concept(concept),
            _ => Self::Expression(Box::new(understood)),
        }))
    }

    /// How it stands to another; an error says why that cannot be found out.
    pub fn compare(&self, index: &CodeSystemIndex, other: &Self) -> Result<Subsumption, String> {
        let (below, above) = match (self, other) {
            (Self::Concept(own), Self::Concept(other)) => (
                own == other || index.subsumes(*other, *own),
                own == other || index.subsumes(*own, *other),
            ),
            (Self::Expression(own), Self::Concept(other)) => own.around(index, *other)?,
            (Self::Concept(own), Self::Expression(other)) => {
                let (below, above) = other.around(index, *own)?;
                (above, below)
            }
            (Self::Expression(own), Self::Expression(other)) => own.beside(index, other)?,
        };
        Ok(match (above, below) {
            (true, true) => Subsumption::Equivalent,
            (true, false) => Subsumption::Subsumes,
            (false, true) => Subsumption::SubsumedBy,
            (false, false) => Subsumption::NotSubsumed,
        })
    }
}

impl Understood {
    /// Whether it lies at or below a concept, and whether that lies at or below it.
    fn around(&self, index: &CodeSystemIndex, concept: Ordinal) -> Result<(bool, bool), String> {
        let above = self.meaning.subsumes(index, concept).map_err(|fault| fault.message)?;
        Ok((self.meaning.subsumers.contains(concept.0), above))
    }

    /// Whether it lies at or below another expression, and whether that lies at or below it.
    fn beside(&self, index: &CodeSystemIndex, other: &Self) -> Result<(bool, bool), String> {
        if self.canonical() == other.canonical() {
            return Ok((true, true));
        }
        let covers = |above: &Self, below: &Self| above.meaning.covers(index, &below.meaning).map_err(|fault| fault.message);
        Ok((covers(other, self)?, covers(self, other)?))
    }

    /// The rules of the concept model that it does not keep; `None` where the edition has no concept model.
    pub fn breaches(&self, index: &CodeSystemIndex) -> Option<Result<Vec<Breach>, String>> {
        let model = concept_model(index)?;
        Some(concept_model::check(index, &model, &self.expression).map_err(|fault| fault.message))
    }

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

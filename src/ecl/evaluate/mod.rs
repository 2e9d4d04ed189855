//! Tree to set: every part of a constraint yields a set of concepts of one edition.
//!
//! The hierarchy is the stored runs of descendants, attributes are the postings of the relation index, and only what
//! those cannot answer (groups, counts, terms) looks at concepts, after all that narrows the set has done so. Parts
//! that are joined by AND are taken in the order of their estimated size.
//!
//! What takes part: concepts in use, as soon as the hierarchy, a refinement or a dot is asked; a concept by its
//! identifier and the members of a reference set may be retired ones; `*` is what lies below the root and is in use,
//! or all concepts where a filter on `active` stands directly behind it.

mod descriptions;
mod filters;
mod members;
mod membership;
mod refinement;

pub use members::Rows;

use super::Limits;
use super::ast::{
    AlternateIdentifier, CommonFilter, ConceptFilter, ConceptReference, Expression, Filter, Focus, Hierarchy, RefsetOperator,
    SetOperator, Span, SubExpression,
};
use super::error::{Fault, Kind};
use super::meaning::Meaning;
use super::plan::{Plan, Recorder};
use super::print::{print_refinement, print_sub};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::time::Instant;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet};

/// Something to know of a constraint that has an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Byte offset.
    pub position: usize,
    /// What.
    pub message: String,
}

/// The concepts that satisfy a constraint.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The concepts.
    pub concepts: ConceptSet,
    /// What to know, by position.
    pub warnings: Vec<Warning>,
    /// How they were found, where that was asked.
    pub plan: Option<Plan>,
}

/// What is found, or why nothing can be.
type Found<T> = Result<T, Fault>;

/// Evaluates a constraint.
pub(super) fn evaluate(index: &CodeSystemIndex, expression: &Expression, limits: &Limits, explain: bool) -> Found<Answer> {
    let mut evaluator = Evaluator::new(index, limits, explain);
    let concepts = evaluator.expression(expression)?;
    Ok(Answer {
        concepts,
        warnings: evaluator.warnings.into_iter().collect(),
        plan: evaluator.plan.finish(),
    })
}

/// The rows that a member-of with fields selects.
pub(super) fn rows(index: &CodeSystemIndex, expression: &Expression, limits: &Limits) -> Found<Option<Rows>> {
    Evaluator::new(index, limits, false).selected(expression)
}

/// Whether a post-coordinated expression satisfies a constraint.
pub(super) fn admits(index: &CodeSystemIndex, constraint: &Expression, meaning: &Meaning, limits: &Limits) -> Found<bool> {
    Evaluator::new(index, limits, false).admits_expression(constraint, meaning)
}

struct Evaluator<'i> {
    index: &'i CodeSystemIndex,
    limits: Limits,
    deadline: Option<Instant>,
    steps: u32,
    attributes: OnceCell<refinement::Attributes>,
    warnings: BTreeSet<Warning>,
    plan: Recorder,
}

/// `138875005`: the concept above all others.
const ROOT: &str = "138875005";
/// Steps between two looks at the clock.
const BETWEEN: u32 = 1 << 10;

impl<'i> Evaluator<'i> {
    fn new(index: &'i CodeSystemIndex, limits: &Limits, explain: bool) -> Self {
        Self {
            index,
            limits: limits.clone(),
            deadline: Instant::now().checked_add(limits.time),
            steps: 0,
            attributes: OnceCell::new(),
            warnings: BTreeSet::new(),
            plan: Recorder::new(explain),
        }
    }

    /// Counts work, and stops it when its time is over.
    fn tick(&mut self, work: u32) -> Found<()> {
        self.steps = self.steps.saturating_add(work);
        if self.steps < BETWEEN {
            return Ok(());
        }
        self.steps = 0;
        if let Err(stopped) = self.limits.stop.check() {
            return Err(Fault::new(Kind::Limit, 0, stopped.to_string()));
        }
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            let seconds = self.limits.time.as_secs_f64();
            let message = format!("takes longer than {seconds} seconds; narrow it, or raise the limit");
            return Err(Fault::new(Kind::Limit, 0, message));
        }
        Ok(())
    }

    fn warn(&mut self, span: Span, message: String) {
        self.warnings.insert(Warning {
            position: span.start,
            message,
        });
    }

    fn expression(&mut self, expression: &Expression) -> Found<ConceptSet> {
        self.tick(1)?;
        match expression {
            Expression::Sub(sub) => self.sub(sub),
            Expression::Refined { focus, refinement } => {
                let begun = self
                    .plan
                    .begin(|| format!("{} : {}", print_sub(focus), print_refinement(refinement)));
                let focus = self.sub(focus)? & self.index.active();
                let found = self.refined(refinement, focus)?;
                self.plan.note(&begun, "refinement");
                self.plan.end(&begun, found.len());
                Ok(found)
            }
            Expression::Compound { operator, operands } => self.compound(*operator, operands),
            Expression::Dotted { focus, attributes } => {
                let begun = self.plan.begin(|| {
                    let names: Vec<String> = attributes.iter().map(print_sub).collect();
                    format!("{} . {}", print_sub(focus), names.join(" . "))
                });
                let mut found = self.sub(focus)?;
                for attribute in attributes {
                    found = self.values(&found, attribute)?;
                }
                self.plan.note(&begun, "values of attributes");
                self.plan.end(&begun, found.len());
                Ok(found)
            }
        }
    }

    fn compound(&mut self, operator: SetOperator, operands: &[SubExpression]) -> Found<ConceptSet> {
        let (word, symbol) = match operator {
            SetOperator::And => ("AND", "intersection"),
            SetOperator::Or => ("OR", "union"),
            SetOperator::Minus => ("MINUS", "difference"),
        };
        let begun = self.plan.begin(|| format!("{word} of {}", operands.len()));
        let mut sets = Vec::with_capacity(operands.len());
        for operand in operands {
            sets.push(self.sub(operand)?);
        }
        if operator == SetOperator::And {
            // Smallest first: what is left only gets smaller.
            sets.sort_by_key(ConceptSet::len);
        }
        let found = sets.into_iter().reduce(|found, set| match operator {
            SetOperator::And => found & set,
            SetOperator::Or => found | set,
            SetOperator::Minus => found - set,
        });
        let found = found.unwrap_or_default();
        self.plan.note(&begun, symbol);
        self.plan.end(&begun, found.len());
        Ok(found)
    }

    fn sub(&mut self, sub: &SubExpression) -> Found<ConceptSet> {
        self.tick(1)?;
        let begun = self.plan.begin(|| print_sub(sub));
        let mut found = self.focus(sub)?;
        if sub.refset.is_none() && !sub.members.is_empty() {
            let message = "a member filter ({{ M ... }}) filters rows of a reference set: put ^ before the reference set";
            return Err(Fault::new(Kind::Meaning, sub.span.start, message));
        }
        match &sub.refset {
            None => {}
            Some(RefsetOperator::Containing) => {
                if !sub.members.is_empty() {
                    let message = "a member filter ({{ M ... }}) goes with ^, not with ^R";
                    return Err(Fault::new(Kind::Meaning, sub.span.start, message));
                }
                found = self.containing(&found)?;
                self.plan.note(&begun, "reference sets that contain");
            }
            Some(RefsetOperator::MemberOf(fields)) => {
                found = self.members_of(sub, &found, fields.as_ref())?;
                self.plan.note(&begun, "members");
            }
        }
        if let Some(operator) = sub.operator {
            found = self.hierarchy(operator, found);
            self.plan.note(&begun, how(operator));
        }
        for filter in &sub.filters {
            found = match filter {
                Filter::Concept(filters) => self.concept_filters(filters, found)?,
                Filter::Description(filters) => self.description_filters(filters, found)?,
            };
            self.plan.note(&begun, format_args!("filtered to {}", found.len()));
        }
        if let Some(history) = &sub.history {
            found |= self.history(history, &found)?;
            self.plan.note(&begun, "history added");
        }
        self.plan.end(&begun, found.len());
        Ok(found)
    }

    fn focus(&mut self, sub: &SubExpression) -> Found<ConceptSet> {
        match &sub.focus {
            Focus::Any if sub.refset.is_some() => Ok(match sub.refset {
                Some(RefsetOperator::MemberOf(_)) => self.index.refsets() | self.index.refsets_with_rows(),
                _ => self.index.all(),
            }),
            Focus::Any if sub.operator.is_none() && asks_for_activity(&sub.filters) => Ok(self.index.all()),
            Focus::Any => Ok(self.any()),
            Focus::Concept(concept) => Ok(one(self.concept(concept)?)),
            Focus::Alternate(alternate) => Ok(one(self.alternate(alternate)?)),
            Focus::Nested(inner) => match &**inner {
                // Brackets round a star change nothing.
                Expression::Sub(star) if star.is_any() => self.focus(&SubExpression {
                    focus: super::ast::Focus::Any,
                    ..sub.clone()
                }),
                inner => self.expression(inner),
            },
        }
    }

    /// What `*` stands for: what lies below the root of SNOMED CT; in a substrate without it, all concepts in use.
    fn any(&self) -> ConceptSet {
        let Some(root) = self.index.find_exact(ROOT) else {
            return self.index.active().clone();
        };
        let mut set = self.index.descendants(root);
        set.insert(root.0);
        set & self.index.active()
    }

    /// The concept that is named; one that the edition does not have is an error.
    fn concept(&mut self, reference: &ConceptReference) -> Found<Ordinal> {
        let Some(concept) = self.index.find_exact(&reference.id) else {
            let header = self.index.header();
            let edition = header.version.as_deref().unwrap_or(&header.url);
            let message = format!("the concept {} is not known in {edition}", reference.id);
            return Err(Fault::new(Kind::Meaning, reference.span.start, message));
        };
        if !self.index.is_active(concept) {
            self.warn(reference.span, format!("the concept {} is no longer in use", reference.id));
        }
        self.check_term(concept, reference.span, &reference.id, reference.term.as_deref());
        Ok(concept)
    }

    /// A term is a comment: one that the concept does not have changes nothing, but may show that another was meant.
    fn check_term(&mut self, concept: Ordinal, span: Span, named: &str, term: Option<&str>) {
        let Some(term) = term else { return };
        let (index, wanted) = (self.index, tern_index::text::fold(term));
        let known = index
            .designation_numbers(concept)
            .any(|number| tern_index::text::fold(&index.designation_text(number)) == wanted);
        if !known {
            let own = index.display(concept).unwrap_or_default();
            self.warn(span, format!("{named} has no term \"{term}\"; it is {own}"));
        }
    }

    fn alternate(&mut self, alternate: &AlternateIdentifier) -> Found<Ordinal> {
        let Some(concept) = members::find_alternate(self.index, alternate) else {
            let message = format!(
                "the edition has no alternate identifier {}#{}",
                alternate.scheme, alternate.code
            );
            return Err(Fault::new(Kind::Meaning, alternate.span.start, message));
        };
        self.check_term(concept, alternate.span, &alternate.code, alternate.term.as_deref());
        Ok(concept)
    }

    fn hierarchy(&self, operator: Hierarchy, set: ConceptSet) -> ConceptSet {
        let index = self.index;
        let children = |set: &ConceptSet| -> ConceptSet {
            let children = set.iter().flat_map(|concept| index.children(Ordinal(concept)));
            children.map(|child| child.0).collect()
        };
        let parents = |set: &ConceptSet| -> ConceptSet {
            let parents = set.iter().flat_map(|concept| index.parents(Ordinal(concept)));
            parents.map(|parent| parent.0).collect()
        };
        let found = match operator {
            Hierarchy::DescendantOf => index.descendants_of(&set),
            Hierarchy::DescendantOrSelfOf => index.descendants_of(&set) | set,
            Hierarchy::ChildOf => children(&set),
            Hierarchy::ChildOrSelfOf => children(&set) | set,
            Hierarchy::AncestorOf => index.ancestors_of(&set),
            Hierarchy::AncestorOrSelfOf => index.ancestors_of(&set) | set,
            Hierarchy::ParentOf => parents(&set),
            Hierarchy::ParentOrSelfOf => parents(&set) | set,
            Hierarchy::Top => {
                let below = index.descendants_of(&set);
                set - below
            }
            Hierarchy::Bottom => {
                let above = index.ancestors_of(&set);
                set - above
            }
        };
        found & index.active()
    }
}

fn how(operator: Hierarchy) -> &'static str {
    match operator {
        Hierarchy::DescendantOf | Hierarchy::DescendantOrSelfOf => "stored runs of descendants",
        Hierarchy::ChildOf | Hierarchy::ChildOrSelfOf => "children",
        Hierarchy::AncestorOf | Hierarchy::AncestorOrSelfOf => "walk to the root",
        Hierarchy::ParentOf | Hierarchy::ParentOrSelfOf => "parents",
        Hierarchy::Top => "less all below",
        Hierarchy::Bottom => "less all above",
    }
}

fn one(concept: Ordinal) -> ConceptSet {
    let mut set = ConceptSet::new();
    set.insert(concept.0);
    set
}

/// Whether a concept filter speaks of activity, so that concepts out of use are meant to be looked at.
fn asks_for_activity(filters: &[Filter]) -> bool {
    filters.iter().any(|filter| match filter {
        Filter::Concept(filters) => filters
            .iter()
            .any(|filter| matches!(filter, ConceptFilter::Common(CommonFilter::Active { .. }))),
        Filter::Description(_) => false,
    })
}

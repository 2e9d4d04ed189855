//! Tree to set: every part of a constraint yields a set of concepts of one edition.
//!
//! The hierarchy is the stored runs of descendants, attributes, their counts and groups are joins over rows by attribute,
//! words are postings of the word index; what has to look at concepts or terms does so after all that narrows the set.
//! Parts that are joined by AND are taken in the order of their estimated size (`order`), each within what those before
//! it have left.
//!
//! What takes part: concepts in use, as soon as the hierarchy, a refinement or a dot is asked; a concept by its
//! identifier and the members of a reference set may be retired ones; `*` is what lies below the root and is in use,
//! or all concepts where a filter on `active` stands directly behind it.

mod blocks;
mod budget;
mod conditions;
mod costs;
mod counts;
mod description_terms;
mod descriptions;
mod filters;
mod gathered;
mod groups;
mod masks;
mod members;
mod membership;
mod order;
mod refinement;
mod reversed;
mod sweep;

pub(super) use costs::Costs;
pub use members::Rows;

use super::Limits;
use super::ast::{
    AlternateIdentifier, CommonFilter, ConceptFilter, ConceptReference, Expression, Filter, Focus, Hierarchy, RefsetOperator,
    SetOperator, Span, SubExpression,
};
use super::error::{Fault, Kind};
use super::meaning::Meaning;
use super::plan::{Begun, Plan, Recorder};
use super::print::{print_refinement, print_sub};
use budget::Budget;
use gathered::Gathered;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet};
use tern_loaders::snomed::sctid::{Partition, Sctid};

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
pub(super) fn evaluate(
    index: &CodeSystemIndex,
    expression: &Expression,
    limits: &Limits,
    costs: Costs,
    explain: bool,
) -> Found<Answer> {
    let mut evaluator = Evaluator {
        costs,
        ..Evaluator::new(index, limits, explain)
    };
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
    budget: Budget<'i>,
    costs: Costs,
    attributes: OnceCell<Rc<refinement::Attributes>>,
    definitions: OnceCell<Arc<Vec<u32>>>,
    warnings: BTreeSet<Warning>,
    plan: Recorder,
}

/// `138875005`: the concept above all others.
const ROOT: &str = "138875005";

impl<'i> Evaluator<'i> {
    fn new(index: &'i CodeSystemIndex, limits: &'i Limits, explain: bool) -> Self {
        Self {
            index,
            budget: Budget::new(limits),
            costs: Costs::default(),
            attributes: OnceCell::new(),
            definitions: OnceCell::new(),
            warnings: BTreeSet::new(),
            plan: Recorder::new(explain),
        }
    }

    fn warn(&mut self, span: Span, message: String) {
        self.warnings.insert(Warning {
            position: span.start,
            message,
        });
    }

    fn expression(&mut self, expression: &Expression) -> Found<ConceptSet> {
        self.expression_within(expression, None)
    }

    /// The concepts that satisfy an expression and are in `within`, where that is said: what lies outside is not
    /// looked at where that can be helped.
    fn expression_within(&mut self, expression: &Expression, within: Option<&ConceptSet>) -> Found<ConceptSet> {
        self.budget.spend(1)?;
        match expression {
            Expression::Sub(sub) => self.sub_within(sub, within),
            Expression::Refined { focus, refinement } => {
                let begun = self
                    .plan
                    .begin(|| format!("{} : {}", print_sub(focus), print_refinement(refinement)));
                let found = self.refined(focus, refinement, within)?;
                self.plan.note(&begun, "refinement");
                self.plan.end(&begun, found.len());
                Ok(found)
            }
            Expression::Compound { operator, operands } => self.compound(*operator, operands, within),
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
                Ok(inside(found, within))
            }
        }
    }

    fn compound(&mut self, operator: SetOperator, operands: &[SubExpression], within: Option<&ConceptSet>) -> Found<ConceptSet> {
        let (word, symbol) = match operator {
            SetOperator::And => ("AND", "intersection"),
            SetOperator::Or => ("OR", "union"),
            SetOperator::Minus => ("MINUS", "difference"),
        };
        let begun = self.plan.begin(|| format!("{word} of {}", operands.len()));
        let mut found: Option<ConceptSet> = None;
        let mut operands: Vec<&SubExpression> = operands.iter().collect();
        if operator == SetOperator::And {
            operands.sort_by_cached_key(|operand| self.size_of_sub(operand));
        }
        for operand in operands {
            found = Some(match (operator, found) {
                (_, None) => self.sub_within(operand, within)?,
                (SetOperator::And, Some(found)) => self.sub_within(operand, Some(&found))?,
                (SetOperator::Or, Some(found)) => found | self.sub_within(operand, within)?,
                (SetOperator::Minus, Some(found)) => {
                    let other = self.sub_within(operand, Some(&found))?;
                    found - other
                }
            });
        }
        let found = found.unwrap_or_default();
        self.plan.note(&begun, symbol);
        self.plan.end(&begun, found.len());
        Ok(found)
    }

    fn sub(&mut self, sub: &SubExpression) -> Found<ConceptSet> {
        self.sub_within(sub, None)
    }

    fn sub_within(&mut self, sub: &SubExpression, within: Option<&ConceptSet>) -> Found<ConceptSet> {
        self.budget.spend(1)?;
        let begun = self.plan.begin(|| print_sub(sub));
        // What history adds comes from all that is found; the hierarchy and reference sets lead elsewhere.
        let (early, late) = if sub.history.is_some() {
            (None, within)
        } else {
            (within, None)
        };
        let leads_on = sub.refset.is_some() || sub.operator.is_some();
        let mut found = self.focus(sub, early.filter(|_| !leads_on))?;
        found = self.led_on(sub, found, &begun)?;
        if leads_on {
            found = inside(found, early);
        }
        for filter in concepts_first(&sub.filters) {
            found = match filter {
                Filter::Concept(filters) => self.concept_filters(filters, found)?,
                Filter::Description(filters) => self.description_filters(filters, found)?,
            };
            self.plan.note(&begun, format_args!("filtered to {}", found.len()));
        }
        if let Some(history) = &sub.history {
            found |= self.history(history, &found)?;
            self.plan.note(&begun, "history added");
            found = inside(found, late);
        }
        if let Some(within) = within {
            self.plan.note(&begun, format_args!("among {}", within.len()));
        }
        self.plan.end(&begun, found.len());
        Ok(found)
    }

    /// Members of reference sets, and what the hierarchy leads to.
    fn led_on(&mut self, sub: &SubExpression, mut found: ConceptSet, begun: &Begun) -> Found<ConceptSet> {
        if sub.refset.is_none() && !sub.members.is_empty() {
            let message = "a member filter ({{ M ... }}) filters rows of a reference set: put ^ before the reference set, or ^R before its members";
            return Err(Fault::new(Kind::Meaning, sub.span.start, message));
        }
        match &sub.refset {
            None => {}
            Some(RefsetOperator::Containing) => {
                found = if sub.members.is_empty() {
                    self.containing(&found)?
                } else {
                    self.containing_rows(sub, &found)?
                };
                self.plan.note(begun, "reference sets that contain");
            }
            Some(RefsetOperator::MemberOf(fields)) => {
                found = self.members_of(sub, &found, fields.as_ref())?;
                self.plan.note(begun, "members");
            }
        }
        if let Some(operator) = sub.operator {
            self.budget.spend(found.len())?;
            found = self.hierarchy(operator, found);
            self.plan.note(begun, how(operator));
        }
        Ok(found)
    }

    fn focus(&mut self, sub: &SubExpression, within: Option<&ConceptSet>) -> Found<ConceptSet> {
        let found = match innermost(&sub.focus) {
            Focus::Any if sub.refset.is_some() => match sub.refset {
                Some(RefsetOperator::MemberOf(_)) => self.index.refsets() | self.index.refsets_with_rows(),
                _ => self.index.all(),
            },
            Focus::Any if sub.operator.is_none() && asks_for_activity(&sub.filters) => self.index.all(),
            Focus::Any => self.any(),
            Focus::Concept(concept) => one(self.concept(concept)?),
            Focus::Alternate(alternate) => one(self.alternate(alternate)?),
            Focus::Nested(inner) => return self.expression_within(inner, within),
        };
        Ok(inside(found, within))
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
            let message = format!(
                "the concept {} is not known in {edition}{}",
                reference.id,
                mistyped(&reference.id)
            );
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

    /// What is one step away from concepts of a set.
    fn step(&self, set: &ConceptSet, next: impl Fn(Ordinal, &mut dyn FnMut(u32))) -> ConceptSet {
        let mut found = Gathered::new(set.len(), self.index.len());
        set.iter()
            .for_each(|concept| next(Ordinal(concept), &mut |other| found.insert(other)));
        found.into_set()
    }

    fn hierarchy(&self, operator: Hierarchy, set: ConceptSet) -> ConceptSet {
        let index = self.index;
        let children = |set: &ConceptSet| self.step(set, |concept, add| index.children(concept).for_each(|child| add(child.0)));
        let parents = |set: &ConceptSet| self.step(set, |concept, add| index.parents(concept).for_each(|parent| add(parent.0)));
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

/// What the identifier itself tells of why no concept has it.
fn mistyped(id: &str) -> String {
    match Sctid::parse(id) {
        Err(fault) => format!("; the identifier {fault}"),
        Ok(id) => match id.partition() {
            Some(Partition::Concept) | None => String::new(),
            Some(other) => format!("; it is the identifier of a {other}"),
        },
    }
}

/// What a focus is without brackets round a star, which change nothing.
fn innermost(focus: &Focus) -> &Focus {
    match focus {
        Focus::Nested(inner) => match &**inner {
            Expression::Sub(star) if star.is_any() => &star.focus,
            _ => focus,
        },
        focus => focus,
    }
}

fn inside(found: ConceptSet, within: Option<&ConceptSet>) -> ConceptSet {
    match within {
        None => found,
        Some(within) => found & within,
    }
}

/// Filters in an order that has the cheap ones first; what passes all is the same in any.
fn concepts_first(filters: &[Filter]) -> impl Iterator<Item = &Filter> {
    let of_concepts = filters.iter().filter(|filter| matches!(filter, Filter::Concept(_)));
    of_concepts.chain(filters.iter().filter(|filter| matches!(filter, Filter::Description(_))))
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

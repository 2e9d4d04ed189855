//! Whether a post-coordinated expression satisfies a constraint.
//!
//! Sets hold concepts, so an expression is asked of each part of the constraint by itself. It satisfies `<` and `<<`
//! where a concept of the set subsumes it, `>` and `>>` where it subsumes one, a refinement by its groups. It is never
//! a member of a reference set, a value of a dotted attribute, or a child or parent: these are facts of the release,
//! in which the expression is not.

use super::{Evaluator, Found};
use crate::ecl::ast::{
    Attribute, Cardinality, CommonFilter, Comparison, ConceptFilter, Expression, Filter, Focus, Hierarchy, Refinement,
    RefsetOperator, SetOperator, SubExpression,
};
use crate::ecl::meaning::{Meaning, Row, RowValue};
use tern_index::model::Ordinal;
use tern_index::read::{ConceptSet, RelationValue};

impl Evaluator<'_> {
    /// Whether an expression satisfies a constraint.
    pub(super) fn admits_expression(&mut self, constraint: &Expression, meaning: &Meaning) -> Found<bool> {
        self.budget.spend(1)?;
        match constraint {
            Expression::Sub(sub) => self.sub_admits(sub, meaning),
            Expression::Refined { focus, refinement } => {
                Ok(self.sub_admits(focus, meaning)? && self.refinement_admits(refinement, &meaning.groups)?)
            }
            Expression::Compound { operator, operands } => {
                let mut admitted = Vec::with_capacity(operands.len());
                for operand in operands {
                    admitted.push(self.sub_admits(operand, meaning)?);
                }
                Ok(match operator {
                    SetOperator::And => admitted.iter().all(|admitted| *admitted),
                    SetOperator::Or => admitted.contains(&true),
                    SetOperator::Minus => admitted.first() == Some(&true) && !admitted.iter().skip(1).any(|other| *other),
                })
            }
            Expression::Dotted { .. } => Ok(false),
        }
    }

    fn sub_admits(&mut self, sub: &SubExpression, meaning: &Meaning) -> Found<bool> {
        for filter in &sub.filters {
            let passes = match filter {
                Filter::Description(_) => false,
                Filter::Concept(filters) => filters.iter().all(|filter| passes(filter, meaning)),
            };
            if !passes {
                return Ok(false);
            }
        }
        // Filters say more of the concepts than of what lies below them, and history adds concepts only.
        let inner = SubExpression {
            operator: None,
            filters: Vec::new(),
            history: None,
            ..sub.clone()
        };
        let itself = match (&sub.refset, &sub.focus) {
            (Some(RefsetOperator::MemberOf(_) | RefsetOperator::Containing), _) => false,
            (None, Focus::Any) => true,
            (None, Focus::Concept(reference)) => {
                let concept = self.concept(reference)?;
                meaning.equals(self.index, concept)?
            }
            (None, Focus::Alternate(alternate)) => {
                let concept = self.alternate(alternate)?;
                meaning.equals(self.index, concept)?
            }
            (None, Focus::Nested(nested)) => self.admits_expression(nested, meaning)?,
        };
        let Some(operator) = sub.operator else {
            return Ok(itself);
        };
        let set = self.sub(&inner)?;
        Ok(match operator {
            Hierarchy::DescendantOf => self.is_strictly_below(&set, meaning)?,
            Hierarchy::DescendantOrSelfOf => itself || !set.is_disjoint(&meaning.subsumers),
            Hierarchy::ChildOf | Hierarchy::ParentOf => false,
            Hierarchy::ChildOrSelfOf | Hierarchy::ParentOrSelfOf => itself && meaning.concept().is_some(),
            Hierarchy::AncestorOf => self.is_strictly_above(&set, meaning)?,
            Hierarchy::AncestorOrSelfOf => itself || self.is_strictly_above(&set, meaning)?,
            Hierarchy::Top => itself && !self.is_strictly_below(&set, meaning)?,
            Hierarchy::Bottom => itself && !self.is_strictly_above(&set, meaning)?,
        })
    }

    fn is_strictly_below(&self, set: &ConceptSet, meaning: &Meaning) -> Found<bool> {
        for concept in set & &meaning.subsumers {
            if !meaning.subsumes(self.index, Ordinal(concept))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_strictly_above(&mut self, set: &ConceptSet, meaning: &Meaning) -> Found<bool> {
        let mut below = set - &meaning.subsumers;
        for focus in &meaning.focus {
            below &= self.index.descendants(*focus);
        }
        for concept in below {
            self.budget.spend(16)?;
            if meaning.subsumes(self.index, Ordinal(concept))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn refinement_admits(&mut self, refinement: &Refinement, groups: &[Vec<Row>]) -> Found<bool> {
        match refinement {
            Refinement::And(parts) => {
                for part in parts {
                    if !self.refinement_admits(part, groups)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Refinement::Or(parts) => {
                for part in parts {
                    if self.refinement_admits(part, groups)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Refinement::Group(group) => {
                let mut count = 0;
                for own in groups {
                    count += u64::from(self.refinement_admits(&group.set, std::slice::from_ref(own))?);
                }
                Ok(group.cardinality.unwrap_or(Cardinality::DEFAULT).admits(count))
            }
            Refinement::Attribute(attribute) => {
                let count = self.count_in(attribute, groups)?;
                Ok(attribute.cardinality.unwrap_or(Cardinality::DEFAULT).admits(count))
            }
        }
    }

    fn count_in(&mut self, attribute: &Attribute, groups: &[Vec<Row>]) -> Found<u64> {
        if attribute.reverse {
            return Ok(0);
        }
        let names = if attribute.name.is_any() {
            None
        } else {
            Some(self.sub(&attribute.name)?)
        };
        let condition = self.condition(attribute)?;
        let mut count = 0;
        for row in groups.iter().flatten() {
            if names.as_ref().is_some_and(|names| !names.contains(row.name.0)) {
                continue;
            }
            count += u64::from(match &row.value {
                RowValue::Concept(concept) => condition.accepts(RelationValue::Concept(*concept)),
                RowValue::Number(number) => condition.accepts(RelationValue::Number(number)),
                RowValue::Text(text) => condition.accepts(RelationValue::Text(text)),
                RowValue::Boolean(value) => condition.accepts(RelationValue::Boolean(*value)),
                RowValue::Expression(inner) => match &attribute.comparison {
                    Comparison::Concepts { equal, value } => self.sub_admits(value, inner)? == *equal,
                    _ => false,
                },
            });
        }
        Ok(count)
    }
}

/// What is known of an expression that a concept filter may ask: whether it defines, and that it is in use.
fn passes(filter: &ConceptFilter, meaning: &Meaning) -> bool {
    match filter {
        ConceptFilter::DefinitionStatus { equal, defined } => defined.contains(&meaning.defines) == *equal,
        ConceptFilter::Common(CommonFilter::Active { equal, value }) => value.unwrap_or(true) == *equal,
        _ => false,
    }
}

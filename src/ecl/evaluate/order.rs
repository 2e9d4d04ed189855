//! How large the set of a part is likely to be, before it is found: what the order of parts joined by AND goes by.
//!
//! Numbers come from the index (descendants, children, rows of reference sets) where that costs a look, and are upper
//! bounds elsewhere. A concept that the edition does not have counts as nothing: its fault shows when its turn comes.

use super::Evaluator;
use crate::ecl::ast::{ConceptReference, Expression, Focus, Hierarchy, RefsetOperator, SetOperator, SubExpression};
use tern_index::model::Ordinal;

/// Levels of nesting that are looked into.
const LEVELS: u32 = 3;
/// Concepts above one.
const ABOVE: u64 = 16;
/// Parents, or reference sets, of one.
const SEVERAL: u64 = 3;

impl Evaluator<'_> {
    /// About how many concepts a sub-expression has.
    pub(super) fn size_of_sub(&self, sub: &SubExpression) -> u64 {
        self.size(sub, LEVELS)
    }

    fn size(&self, sub: &SubExpression, levels: u32) -> u64 {
        let all = self.index.len() as u64;
        let named = match &sub.focus {
            Focus::Concept(reference) => self.named(reference),
            _ => None,
        };
        let focus = match &sub.focus {
            Focus::Any => all,
            Focus::Concept(_) => u64::from(named.is_some()),
            Focus::Alternate(_) => 1,
            Focus::Nested(inner) => self.size_of_expression(inner, levels),
        };
        let led = match (&sub.refset, named) {
            (None, _) => focus,
            (Some(RefsetOperator::Containing), _) => SEVERAL,
            (Some(RefsetOperator::MemberOf(_)), Some(refset)) => {
                let rows = self.index.refset_rows(refset);
                rows.map_or(0, |rows| rows.range().len() as u64)
            }
            (Some(RefsetOperator::MemberOf(_)), None) => all,
        };
        let single = named.filter(|_| sub.refset.is_none());
        let size = sub.operator.map_or(led, |operator| self.moved(operator, led, single));
        // History at most doubles what there is: a retired concept for each.
        let size = if sub.history.is_some() { size.saturating_mul(2) } else { size };
        size.min(all)
    }

    /// How many concepts an operator leads to, from so many or from a single one.
    fn moved(&self, operator: Hierarchy, size: u64, single: Option<Ordinal>) -> u64 {
        match operator {
            Hierarchy::DescendantOf | Hierarchy::DescendantOrSelfOf => {
                single.map_or(u64::MAX, |concept| self.index.descendant_count(concept).saturating_add(1))
            }
            Hierarchy::ChildOf | Hierarchy::ChildOrSelfOf => {
                single.map_or(u64::MAX, |concept| self.index.children(concept).len() as u64 + 1)
            }
            Hierarchy::AncestorOf | Hierarchy::AncestorOrSelfOf => size.saturating_mul(ABOVE),
            Hierarchy::ParentOf | Hierarchy::ParentOrSelfOf => size.saturating_mul(SEVERAL),
            Hierarchy::Top | Hierarchy::Bottom => size,
        }
    }

    fn size_of_expression(&self, expression: &Expression, levels: u32) -> u64 {
        let Some(levels) = levels.checked_sub(1) else {
            return self.index.len() as u64;
        };
        match expression {
            Expression::Sub(sub) => self.size(sub, levels),
            Expression::Refined { focus, .. } => self.size(focus, levels),
            Expression::Compound { operator, operands } => {
                let mut sizes = operands.iter().map(|operand| self.size(operand, levels));
                match operator {
                    SetOperator::And => sizes.min().unwrap_or(0),
                    SetOperator::Or => sizes.fold(0, u64::saturating_add),
                    SetOperator::Minus => sizes.next().unwrap_or(0),
                }
            }
            Expression::Dotted { .. } => self.index.len() as u64,
        }
    }

    fn named(&self, reference: &ConceptReference) -> Option<Ordinal> {
        self.index.find_exact(&reference.id)
    }
}

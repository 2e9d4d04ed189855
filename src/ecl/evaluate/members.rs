//! Reference sets: members, their rows and columns, reference sets that contain a concept, history.

use super::filters::{day, passes};
use super::{Evaluator, Found};
use crate::ecl::ast::{
    AlternateIdentifier, CommonFilter, Comparison, Date, Expression, Fields, Focus, History, MemberFilter, Order, RefsetOperator,
    Span, SubExpression,
};
use crate::ecl::error::{Fault, Kind};
use crate::ecl::number::Decimal;
use crate::ecl::terms::Matcher;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet, Member};

/// The column that every reference set has.
const COMPONENT: &str = "referencedComponentId";
/// The column of associations.
const TARGET: &str = "targetComponentId";
/// `900000000000522004`: historical associations.
const HISTORICAL: &str = "900000000000522004";
const SAME_AS: &str = "900000000000527005";
/// SAME AS, REPLACED BY, WAS A, PARTIALLY EQUIVALENT TO.
const MODERATE: [&str; 4] = [SAME_AS, "900000000000526001", "900000000000528000", "1186924009"];

/// Rows of fields that a constraint selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Names of the fields.
    pub fields: Vec<String>,
    /// Their values, as many as there are fields; empty where a row has none.
    pub rows: Vec<Vec<String>>,
}

/// A filter on a column made ready.
enum Column {
    Concepts { set: ConceptSet, equal: bool },
    Number { value: String, order: Order },
    Text { matchers: Vec<Matcher>, equal: bool },
    Boolean(bool),
    Time { dates: Vec<Date>, order: Order },
}

impl Column {
    fn holds(&self, index: &CodeSystemIndex, value: &str) -> bool {
        match self {
            Self::Concepts { set, equal } => {
                let concept = index.find_exact(value);
                !value.is_empty() && concept.is_some_and(|concept| set.contains(concept.0)) == *equal
            }
            Self::Number { value: wanted, order } => match (Decimal::parse(value), Decimal::parse(wanted)) {
                (Some(found), Some(wanted)) => order.accepts(found.cmp(&wanted)),
                _ => false,
            },
            Self::Text { matchers, equal } => matchers.iter().any(|matcher| matcher.is_match(value)) == *equal,
            Self::Boolean(wanted) => match value {
                "1" | "true" => *wanted,
                "0" | "false" => !wanted,
                _ => false,
            },
            Self::Time { dates, order } => passes(*order, dates, day(value)),
        }
    }
}

/// The value of a row's column; `None` where the row has no such column.
fn cell<'m>(index: &'m CodeSystemIndex, member: &'m Member, name: &str) -> Option<&'m str> {
    if name.eq_ignore_ascii_case(COMPONENT) {
        return Some(index.code(member.concept));
    }
    let mut fields = member.fields.iter();
    fields
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

impl Evaluator<'_> {
    /// Reference sets that have any of the concepts as a member.
    pub(super) fn containing(&mut self, concepts: &ConceptSet) -> Found<ConceptSet> {
        let mut found = ConceptSet::new();
        for refset in &self.index.refsets() {
            self.tick(64)?;
            let members = self.index.refset(Ordinal(refset));
            if members.is_some_and(|members| !members.is_disjoint(concepts)) {
                found.insert(refset);
            }
        }
        Ok(found)
    }

    /// Members of reference sets, or the concepts in a selected column.
    pub(super) fn members_of(&mut self, sub: &SubExpression, refsets: &ConceptSet, fields: Option<&Fields>) -> Found<ConceptSet> {
        let mut found = ConceptSet::new();
        let selected = match fields {
            None => COMPONENT,
            Some(Fields::Named(names)) => match names.as_slice() {
                [one] => one.as_str(),
                _ => return Err(several(sub.span)),
            },
            Some(Fields::All) => return Err(several(sub.span)),
        };
        let plain = selected.eq_ignore_ascii_case(COMPONENT);
        if plain && sub.members.is_empty() {
            for refset in refsets {
                self.tick(1)?;
                if let Some(members) = self.index.refset(Ordinal(refset)) {
                    found |= members;
                }
            }
            return Ok(found);
        }
        let rows = self.filtered(sub, refsets)?;
        let (mut known, mut without) = (plain, false);
        for member in &rows {
            self.tick(4)?;
            if let Some(value) = cell(self.index, member, selected) {
                known = true;
                match self.index.find_exact(value) {
                    Some(concept) => {
                        found.insert(concept.0);
                    }
                    None => without = true,
                }
            }
        }
        if !known && !rows.is_empty() {
            return Err(no_such_field(sub.span, selected));
        }
        if found.is_empty() && without {
            let message = format!("the values of {selected} are no concepts of the edition; only rows of them can be shown");
            return Err(Fault::new(Kind::Meaning, sub.span.start, message));
        }
        Ok(found)
    }

    /// Rows of reference sets that pass the member filters.
    fn filtered(&mut self, sub: &SubExpression, refsets: &ConceptSet) -> Found<Vec<Member>> {
        let mut columns: Vec<(&str, Span, Column)> = Vec::new();
        for filter in sub.members.iter().flatten() {
            match filter {
                MemberFilter::Common(common) => self.common_member_filter(sub, common)?,
                MemberFilter::Field { span, name, comparison } => columns.push((name, *span, self.column(comparison)?)),
            }
        }
        let mut known = vec![false; columns.len()];
        let (mut rows, mut any) = (Vec::new(), false);
        for refset in refsets {
            for member in self.index.refset_members(Ordinal(refset)) {
                self.tick(4)?;
                any = true;
                let mut passes = true;
                for ((name, _, column), known) in columns.iter().zip(&mut known) {
                    let value = cell(self.index, &member, name);
                    *known |= value.is_some();
                    passes &= column.holds(self.index, value.unwrap_or(""));
                }
                if passes {
                    rows.push(member);
                }
            }
        }
        let unknown = columns.iter().zip(&known).find(|(_, known)| !**known && any);
        if let Some(((name, span, _), _)) = unknown {
            return Err(no_such_field(*span, name));
        }
        Ok(rows)
    }

    fn common_member_filter(&mut self, sub: &SubExpression, filter: &CommonFilter) -> Found<()> {
        match filter {
            // Only rows in use are in the index.
            CommonFilter::Active { equal: true, value } if *value != Some(false) => Ok(()),
            CommonFilter::Active {
                equal: false,
                value: Some(false),
            } => Ok(()),
            _ => {
                let message = "this index does not have module, date and retired rows of reference sets; load the release again";
                Err(Fault::new(Kind::Unsupported, sub.span.start, message))
            }
        }
    }

    fn column(&mut self, comparison: &Comparison) -> Found<Column> {
        Ok(match comparison {
            Comparison::Concepts { equal, value } => Column::Concepts {
                set: if value.is_any() { self.index.all() } else { self.sub(value)? },
                equal: *equal,
            },
            Comparison::Number { order, value } => Column::Number {
                value: value.clone(),
                order: *order,
            },
            Comparison::Text { equal, terms } => Column::Text {
                matchers: terms.iter().map(Matcher::new).collect(),
                equal: *equal,
            },
            Comparison::Boolean { equal, value } => Column::Boolean(value == equal),
            Comparison::Time { order, dates } => Column::Time {
                dates: dates.clone(),
                order: *order,
            },
        })
    }

    /// Concepts, retired as a rule, that associations lead from to any of `found`.
    pub(super) fn history(&mut self, history: &History, found: &ConceptSet) -> Found<ConceptSet> {
        let refsets = match history {
            History::Minimum => self.known(&[SAME_AS]),
            History::Moderate => self.known(&MODERATE),
            History::Maximum | History::Any => self.historical(),
            History::Refsets(expression) => match &**expression {
                // `HISTORY (*)` is the maximum by its definition.
                Expression::Sub(sub) if sub.is_any() => self.historical(),
                expression => self.expression(expression)?,
            },
        };
        let mut added = ConceptSet::new();
        for refset in &refsets {
            self.tick(64)?;
            let code = self.index.code(Ordinal(refset));
            if self.index.has_property(code) {
                added |= self.index.with_property_in(code, found);
                continue;
            }
            for member in self.index.refset_members(Ordinal(refset)) {
                self.tick(4)?;
                let target = cell(self.index, &member, TARGET).and_then(|code| self.index.find_exact(code));
                if target.is_some_and(|target| found.contains(target.0)) {
                    added.insert(member.concept.0);
                }
            }
        }
        Ok(added)
    }

    fn known(&self, codes: &[&str]) -> ConceptSet {
        let concepts = codes.iter().filter_map(|code| self.index.find_exact(code));
        concepts.map(|concept| concept.0).collect()
    }

    /// All historical association reference sets.
    fn historical(&self) -> ConceptSet {
        let above = self.index.find_exact(HISTORICAL);
        let below = above.map(|above| self.index.descendants(above)).unwrap_or_default();
        if below.is_empty() {
            // A part of a release may lack the concept that they stand under.
            return self.known(&[MODERATE.as_slice(), &["900000000000523009", "900000000000530003"]].concat());
        }
        below
    }

    /// Rows of a member-of with fields that nothing stands around.
    pub(super) fn selected(&mut self, expression: &Expression) -> Found<Option<Rows>> {
        let Expression::Sub(sub) = expression else {
            return Ok(None);
        };
        let (Some(RefsetOperator::MemberOf(Some(fields))), None, None) = (&sub.refset, sub.operator, &sub.history) else {
            return Ok(None);
        };
        if !sub.filters.is_empty() {
            return Ok(None);
        }
        let refsets = match &sub.focus {
            Focus::Any => self.index.refsets(),
            _ => self.focus(sub)?,
        };
        let members = self.filtered(sub, &refsets)?;
        let names: Vec<String> = match fields {
            Fields::Named(names) => names.clone(),
            Fields::All => {
                let mut names = vec![COMPONENT.to_owned()];
                for (name, _) in members.iter().flat_map(|member| &member.fields) {
                    if !names.contains(name) {
                        names.push(name.clone());
                    }
                }
                names
            }
        };
        for name in &names {
            let known = members.iter().any(|member| cell(self.index, member, name).is_some());
            if !known && !members.is_empty() {
                return Err(no_such_field(sub.span, name));
            }
        }
        let value = |member: &Member, name: &String| cell(self.index, member, name).unwrap_or("").to_owned();
        let rows = members
            .iter()
            .map(|member| names.iter().map(|name| value(member, name)).collect())
            .collect();
        Ok(Some(Rows { fields: names, rows }))
    }
}

fn several(span: Span) -> Fault {
    let message = "several fields make rows, not concepts: they can only be selected at the very end, to be shown";
    Fault::new(Kind::Meaning, span.start, message)
}

fn no_such_field(span: Span, name: &str) -> Fault {
    let message = format!("none of these reference sets has a field {name}");
    Fault::new(Kind::Meaning, span.start, message)
}

/// The concept that an alternate identifier names.
pub(super) fn find_alternate(_index: &CodeSystemIndex, _alternate: &AlternateIdentifier) -> Option<Ordinal> {
    None
}

/// The module of a description.
pub(super) fn description_module(_index: &CodeSystemIndex, _number: u32) -> Option<&str> {
    None
}

/// The effective time of a description.
pub(super) fn description_time(_index: &CodeSystemIndex, _number: u32) -> Date {
    None
}

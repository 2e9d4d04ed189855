//! Reference sets: members, their rows and columns, reference sets that contain a concept, history.

use super::filters::{day, passes};
use super::gathered::Gathered;
use super::{Evaluator, Found};
use crate::ecl::ast::{
    AlternateIdentifier, CommonFilter, Comparison, Date, Expression, Fields, Focus, History, MemberFilter, Order, RefsetOperator,
    Span, SubExpression,
};
use crate::ecl::error::{Fault, Kind};
use crate::ecl::number::Decimal;
use crate::ecl::terms::Matcher;
use rayon::prelude::*;
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, Component, ConceptSet, Field, FieldKind, FieldValue, RefsetRows};
use tern_index::text::fold;

/// The column that every reference set has.
const COMPONENT: &str = "referencedComponentId";
/// The column of associations.
const TARGET: &str = "targetComponentId";
/// `900000000000522004`: historical associations.
const HISTORICAL: &str = "900000000000522004";
const SAME_AS: &str = "900000000000527005";
/// Its rows lead the other way: from a concept in use to the one that it was before. They are read together with SAME AS.
const MOVED_FROM: &str = "900000000000525002";
/// SAME AS, REPLACED BY, WAS A, PARTIALLY EQUIVALENT TO.
const MODERATE: [&str; 4] = [SAME_AS, "900000000000526001", "900000000000528000", "1186924009"];

/// Rows of a reference set that several threads look at.
const MANY: usize = 1 << 16;

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
    fn holds(&self, index: &CodeSystemIndex, value: Option<&FieldValue<'_>>) -> bool {
        let Some(value) = value else {
            // An empty cell is nothing, which only a date can be asked to be.
            return matches!(self, Self::Time { dates, order } if passes(*order, dates, None));
        };
        match self {
            Self::Concepts { set, equal } => concept_of(index, value).is_some_and(|concept| set.contains(concept.0)) == *equal,
            Self::Number { value: wanted, order } => {
                let found = value.text(index);
                match (Decimal::parse(&found), Decimal::parse(wanted)) {
                    (Some(found), Some(wanted)) => order.accepts(found.cmp(&wanted)),
                    _ => false,
                }
            }
            Self::Text { matchers, equal } => {
                let text = value.text(index);
                matchers.iter().any(|matcher| matcher.is_match(&text)) == *equal
            }
            Self::Boolean(wanted) => match &*value.text(index) {
                "1" | "true" => *wanted,
                "0" | "false" => !wanted,
                _ => false,
            },
            Self::Time { dates, order } => passes(*order, dates, day(&value.text(index))),
        }
    }
}

/// A column of a reference set, the one that all have among them.
enum Cells<'i> {
    Component,
    Column(Field<'i>),
}

impl<'i> Cells<'i> {
    fn find(rows: &RefsetRows<'i>, name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case(COMPONENT) {
            return Some(Self::Component);
        }
        rows.field(name).map(Self::Column)
    }

    fn value(&self, rows: &RefsetRows<'i>, row: u32) -> Option<FieldValue<'i>> {
        match self {
            Self::Component => Some(FieldValue::Component(rows.component(row))),
            Self::Column(field) => rows.value(row, field),
        }
    }

    /// Rows that satisfy a filter.
    fn rows_where(&self, rows: &RefsetRows<'i>, index: &CodeSystemIndex, column: &Column) -> Vec<u32> {
        match (self, column) {
            (Self::Component, _) => rows
                .range()
                .filter(|row| column.holds(index, self.value(rows, *row).as_ref()))
                .collect(),
            (Self::Column(field), Column::Concepts { set, equal: true }) if field.kind == FieldKind::Component => {
                rows.rows_with_concepts(field, set)
            }
            (Self::Column(field), _) => rows.rows_where(field, |value| column.holds(index, value)),
        }
    }
}

/// Filters on what rows have besides their columns.
#[derive(Default)]
struct Metadata {
    /// Whether a module must be one of those, and which they are, by their numbers.
    modules: Vec<(bool, Vec<bool>)>,
    times: Vec<(Order, Vec<Date>)>,
    activity: Vec<(bool, Option<bool>)>,
}

impl Metadata {
    fn pass(&self, rows: &RefsetRows<'_>, row: u32) -> bool {
        let active = rows.is_active(row);
        let wanted = if self.activity.is_empty() {
            active
        } else {
            let mut activity = self.activity.iter();
            activity.all(|(equal, value)| value.is_none_or(|value| value == active) == *equal)
        };
        let module = |modules: &[bool]| modules.get(usize::from(rows.module_number(row))) == Some(&true);
        let time = || Some(rows.effective_time(row)).filter(|time| *time > 0);
        wanted
            && self.modules.iter().all(|(equal, modules)| module(modules) == *equal)
            && self.times.iter().all(|(order, dates)| passes(*order, dates, time()))
    }
}

/// The concept that a value is, if it is one.
fn concept_of(index: &CodeSystemIndex, value: &FieldValue<'_>) -> Option<Ordinal> {
    match value {
        FieldValue::Component(Component::Concept(concept)) => Some(*concept),
        FieldValue::String(text) => index.find_exact(text),
        _ => None,
    }
}

impl<'i> Evaluator<'i> {
    /// Reference sets of which a row that passes the member filters is about any of the concepts.
    pub(super) fn containing_rows(&mut self, sub: &SubExpression, concepts: &ConceptSet) -> Found<ConceptSet> {
        let filtered = self.filtered(sub, &self.index.refsets_with_rows())?;
        let mut found = ConceptSet::new();
        for (rows, numbers) in &filtered {
            self.budget.spend(numbers.len() as u64)?;
            let mut about = numbers.iter().filter_map(|row| rows.concept(*row));
            if about.any(|concept| concepts.contains(concept.0)) {
                found.insert(rows.refset().0);
            }
        }
        Ok(found)
    }

    /// Reference sets that have any of the concepts as a member.
    pub(super) fn containing(&mut self, concepts: &ConceptSet) -> Found<ConceptSet> {
        let mut found = ConceptSet::new();
        for refset in &self.index.refsets() {
            self.budget.spend(64)?;
            let members = self.index.refset(Ordinal(refset));
            if members.is_some_and(|members| !members.is_disjoint(concepts)) {
                found.insert(refset);
            }
        }
        Ok(found)
    }

    /// Members of reference sets, or the concepts in a selected column.
    pub(super) fn members_of(&mut self, sub: &SubExpression, refsets: &ConceptSet, fields: Option<&Fields>) -> Found<ConceptSet> {
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
            let mut found = ConceptSet::new();
            for refset in refsets {
                self.budget.spend(1)?;
                if let Some(members) = self.index.refset(Ordinal(refset)) {
                    found |= members;
                }
            }
            if let (true, 1, Some(only)) = (found.is_empty(), refsets.len(), refsets.min()) {
                let code = self.index.code(Ordinal(only));
                self.warn(sub.span, format!("{code} is no reference set with members in this edition"));
            }
            return Ok(found);
        }
        let filtered = self.filtered(sub, refsets)?;
        let rows = filtered.iter().map(|(_, numbers)| numbers.len() as u64);
        let mut found = Gathered::new(rows.sum(), self.index.len());
        let (mut known, mut without) = (plain, false);
        for (rows, numbers) in &filtered {
            let Some(cells) = Cells::find(rows, selected) else {
                continue;
            };
            known = true;
            if plain {
                self.budget.spend(numbers.len() as u64)?;
                let concepts = numbers.iter().filter_map(|row| rows.concept(*row));
                concepts.for_each(|concept| found.insert(concept.0));
                continue;
            }
            for row in numbers {
                self.budget.spend(1)?;
                let value = cells.value(rows, *row);
                match value.as_ref().and_then(|value| concept_of(self.index, value)) {
                    Some(concept) => {
                        found.insert(concept.0);
                    }
                    None => without |= value.is_some(),
                }
            }
        }
        if !known && !filtered.is_empty() {
            return Err(no_such_field(sub.span, selected));
        }
        let found = found.into_set();
        if found.is_empty() && without && !plain {
            let message = format!("the values of {selected} are no concepts of the edition; only rows of them can be shown");
            return Err(Fault::new(Kind::Meaning, sub.span.start, message));
        }
        Ok(found)
    }

    /// Rows of reference sets that pass the member filters.
    fn filtered(&mut self, sub: &SubExpression, refsets: &ConceptSet) -> Found<Vec<(RefsetRows<'i>, Vec<u32>)>> {
        let (mut columns, mut metadata) = (Vec::new(), Metadata::default());
        for filter in sub.members.iter().flatten() {
            match filter {
                MemberFilter::Field { span, name, comparison } => columns.push((name, *span, self.column(comparison)?)),
                MemberFilter::Common(CommonFilter::Module { equal, modules }) => {
                    let modules = self.concepts(modules)?;
                    metadata
                        .modules
                        .push((*equal, self.among(self.index.row_modules(), &modules)));
                }
                MemberFilter::Common(CommonFilter::EffectiveTime { order, dates }) => {
                    metadata.times.push((*order, dates.clone()))
                }
                MemberFilter::Common(CommonFilter::Active { equal, value }) => metadata.activity.push((*equal, *value)),
            }
        }
        let mut known = vec![false; columns.len()];
        let mut found = Vec::new();
        for refset in refsets {
            let Some(rows) = self.index.refset_rows(Ordinal(refset)) else {
                continue;
            };
            self.budget.spend(rows.range().len() as u64)?;
            let mut left: Option<Vec<u32>> = None;
            for ((name, _, column), known) in columns.iter().zip(&mut known) {
                let Some(cells) = Cells::find(&rows, name) else {
                    left = Some(Vec::new());
                    continue;
                };
                *known = true;
                left = Some(match left {
                    None => cells.rows_where(&rows, self.index, column),
                    Some(mut rest) => {
                        rest.retain(|row| column.holds(self.index, cells.value(&rows, *row).as_ref()));
                        rest
                    }
                });
            }
            let pass = |row: &u32| metadata.pass(&rows, *row);
            let left = match left {
                Some(rest) => rest.into_iter().filter(pass).collect(),
                None if rows.range().len() < MANY => rows.range().filter(pass).collect(),
                None => rows.range().into_par_iter().with_min_len(MANY / 2).filter(pass).collect(),
            };
            found.push((rows, left));
        }
        if found.is_empty() && !refsets.is_disjoint(&self.index.refsets()) {
            let message = "this index was made without the rows of reference sets; load the release again";
            return Err(Fault::new(Kind::Unsupported, sub.span.start, message));
        }
        let unknown = columns.iter().zip(&known).find(|(_, known)| !**known && !found.is_empty());
        if let Some(((name, span, _), _)) = unknown {
            return Err(no_such_field(*span, name));
        }
        Ok(found)
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
        let mut added = Gathered::new(found.len(), self.index.len());
        let moved = self.known(&[MOVED_FROM]);
        if !refsets.is_disjoint(&(self.known(&[SAME_AS]) | &moved)) {
            self.moved_from(&moved, found, &mut added)?;
        }
        for refset in &(refsets - moved) {
            self.budget.spend(64)?;
            let Some(rows) = self.index.refset_rows(Ordinal(refset)) else {
                continue;
            };
            let Some(target) = rows.field(TARGET) else { continue };
            for row in rows.rows_with_concepts(&target, found) {
                self.budget.spend(1)?;
                if rows.is_active(row)
                    && let Some(concept) = rows.concept(row)
                {
                    added.insert(concept.0);
                }
            }
        }
        Ok(added.into_set())
    }

    /// What concepts were before they moved.
    fn moved_from(&mut self, refset: &ConceptSet, found: &ConceptSet, added: &mut Gathered) -> Found<()> {
        let rows = refset.iter().filter_map(|refset| self.index.refset_rows(Ordinal(refset)));
        for rows in rows {
            self.budget.spend(rows.range().len() as u64)?;
            let Some(target) = rows.field(TARGET) else { continue };
            let about = |row: u32| rows.is_active(row) && rows.concept(row).is_some_and(|concept| found.contains(concept.0));
            for row in rows.range().filter(|row| about(*row)) {
                if let Some(FieldValue::Component(Component::Concept(before))) = rows.value(row, &target) {
                    added.insert(before.0);
                }
            }
        }
        Ok(())
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
        let mut expression = expression;
        let sub = loop {
            match expression {
                // Brackets around all of it change nothing.
                Expression::Sub(sub) => match &sub.focus {
                    Focus::Nested(inner) if sub.is_nothing_but_its_focus() => expression = inner,
                    _ => break sub,
                },
                _ => return Ok(None),
            }
        };
        let (Some(RefsetOperator::MemberOf(Some(fields))), None, None) = (&sub.refset, sub.operator, &sub.history) else {
            return Ok(None);
        };
        if !sub.filters.is_empty() {
            return Ok(None);
        }
        let refsets = self.focus(sub, None)?;
        let filtered = self.filtered(sub, &refsets)?;
        let names: Vec<String> = match fields {
            Fields::Named(names) => names.clone(),
            Fields::All => {
                let mut names = vec![COMPONENT.to_owned()];
                for field in filtered.iter().flat_map(|(rows, _)| rows.fields()) {
                    if !names.iter().any(|name| name == field.name) {
                        names.push(field.name.to_owned());
                    }
                }
                names
            }
        };
        let has = |name: &&String| filtered.iter().any(|(rows, _)| Cells::find(rows, name).is_some());
        if let Some(unknown) = names.iter().find(|name| !has(name)).filter(|_| !filtered.is_empty()) {
            return Err(no_such_field(sub.span, unknown));
        }
        let mut made = Vec::new();
        for (rows, numbers) in &filtered {
            let cells: Vec<Option<Cells<'_>>> = names.iter().map(|name| Cells::find(rows, name)).collect();
            for row in numbers {
                self.budget.spend(4)?;
                let shown = |cells: &Option<Cells<'_>>| {
                    let value = cells.as_ref()?.value(rows, *row)?;
                    Some(value.text(self.index).into_owned())
                };
                made.push(cells.iter().map(|cells| shown(cells).unwrap_or_default()).collect());
            }
        }
        Ok(Some(Rows {
            fields: names,
            rows: made,
        }))
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

/// The concept that an alternate identifier names. The alias of a scheme is the beginning of one of its terms:
/// `LOINC` is `LOINC identifier`.
pub(super) fn find_alternate(index: &CodeSystemIndex, alternate: &AlternateIdentifier) -> Option<Ordinal> {
    let alias = fold(&alternate.scheme.replace('-', " "));
    let is_scheme = |scheme: Component<'_>| {
        let Component::Concept(scheme) = scheme else {
            return false;
        };
        let starts = |number: u32| {
            let term = fold(&index.designation_text(number));
            term.strip_prefix(alias.as_str())
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        index.designation_numbers(scheme).any(starts)
    };
    let mut named = index.alternates_named(&alternate.code);
    named.find_map(|found| match found.component {
        Component::Concept(concept) if found.active && is_scheme(found.scheme) => Some(concept),
        _ => None,
    })
}

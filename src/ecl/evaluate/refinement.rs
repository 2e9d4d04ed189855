//! Refinements: attributes, their values, counts and groups.
//!
//! Conditions joined by AND narrow the focus one after the other, the rarest first; how the concepts of one condition
//! are found is in `conditions`, how those of a group in `groups`. Nothing is looked at concept by concept but what is
//! left of a focus when that is less than the rows of the attribute.

use super::conditions::{Condition, Names, Test};
use super::gathered::FEW;
use super::{Evaluator, Found};
use crate::ecl::ast::{Attribute, Cardinality, Comparison, Filter, Group, Refinement, SubExpression};
use crate::ecl::error::{Fault, Kind};
use crate::ecl::print::print_refinement;
use crate::ecl::terms::Matcher;
use std::rc::Rc;
use tern_index::model::Ordinal;
use tern_index::read::ConceptSet;

/// `116680003`: an attribute like any other to those who name it, but stored as the hierarchy.
const IS_A: &str = "116680003";

/// Steps of estimating how many concepts a condition has.
const ESTIMATE: u64 = 4_096;

/// Attributes of the edition: properties that are concepts and not reference sets, ascending.
#[derive(Debug)]
pub(super) struct Attributes {
    list: Vec<(u32, Option<Ordinal>)>,
    by_number: Vec<bool>,
}

impl Attributes {
    /// Whether a property is one, by its number.
    pub fn by_number(&self) -> &[bool] {
        &self.by_number
    }
}

/// Part of a refinement made ready.
#[derive(Debug)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    One(Condition),
    Group {
        cardinality: Cardinality,
        set: Box<Node>,
        shown: String,
    },
}

impl Node {
    /// Whether a condition names the hierarchy as an attribute.
    pub fn asks_for_parents(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::asks_for_parents),
            Self::One(condition) => condition.names.is_a,
            Self::Group { set, .. } => set.asks_for_parents(),
        }
    }
}

/// Whether a description filter stands on a sub-expression.
fn reads_terms(sub: &SubExpression) -> bool {
    sub.filters.iter().any(|filter| matches!(filter, Filter::Description(_)))
}

impl Evaluator<'_> {
    /// The attributes of the edition; found once.
    pub(super) fn attributes(&self) -> Rc<Attributes> {
        let find = || {
            let refsets = self.index.refsets();
            let codes = (0u32..).zip(self.index.property_codes());
            let attributes = codes.filter(|(_, code)| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()));
            let found = attributes.map(|(number, code)| (number, self.index.find_exact(code)));
            // Associations are stored as properties named by their reference set; they are no attributes.
            let list: Vec<(u32, Option<Ordinal>)> = found
                .filter(|(_, concept)| concept.is_none_or(|concept| !refsets.contains(concept.0)))
                .collect();
            let mut by_number = vec![false; self.index.property_codes().count()];
            for (number, _) in &list {
                if let Some(known) = by_number.get_mut(*number as usize) {
                    *known = true;
                }
            }
            Rc::new(Attributes { list, by_number })
        };
        self.attributes.get_or_init(find).clone()
    }

    fn names(&mut self, name: &SubExpression) -> Found<Names> {
        if name.is_any() {
            let properties = self.attributes().list.iter().map(|(number, _)| *number).collect();
            return Ok(Names { properties, is_a: false });
        }
        let meant = self.sub(name)?;
        let attributes = self.attributes();
        let properties: Vec<u32> = attributes
            .list
            .iter()
            .filter(|(_, concept)| concept.is_some_and(|concept| meant.contains(concept.0)))
            .map(|(number, _)| *number)
            .collect();
        let is_a = self.index.find_exact(IS_A).is_some_and(|is_a| meant.contains(is_a.0));
        if properties.is_empty() && !is_a {
            self.warn(name.span, "no concept of the edition has this attribute".to_owned());
        }
        Ok(Names { properties, is_a })
    }

    /// `. attribute`: the concepts that are values of an attribute of any of `sources`.
    pub(super) fn values(&mut self, sources: &ConceptSet, attribute: &SubExpression) -> Found<ConceptSet> {
        let names = self.names(attribute)?;
        Ok(self.dotted(sources, names)? & self.index.active())
    }

    /// The concepts of a focus that satisfy a refinement and are in `within`, where that is said. The refinement is asked
    /// first where the focus has terms to be read and the refinement leaves less of it.
    pub(super) fn refined(
        &mut self,
        focus: &SubExpression,
        refinement: &Refinement,
        within: Option<&ConceptSet>,
    ) -> Found<ConceptSet> {
        let held = self.budget.held();
        let found = if reads_terms(focus) {
            let node = self.ready(refinement)?;
            if self.estimate(&node) < self.size_of_sub(focus) {
                let left = within.map_or_else(|| self.index.active().clone(), |within| within & self.index.active());
                let left = self.narrow(&node, left)?;
                self.sub_within(focus, Some(&left))
            } else {
                let focus = self.sub_within(focus, within)? & self.index.active();
                self.narrow(&node, focus)
            }
        } else {
            let focus = self.sub_within(focus, within)? & self.index.active();
            let node = self.ready(refinement)?;
            self.narrow(&node, focus)
        };
        self.budget.release(held);
        found
    }

    fn ready(&mut self, refinement: &Refinement) -> Found<Node> {
        Ok(match refinement {
            Refinement::And(parts) => Node::And(self.all_ready(parts)?),
            Refinement::Or(parts) => Node::Or(self.all_ready(parts)?),
            Refinement::Attribute(attribute) => Node::One(self.condition(attribute)?),
            Refinement::Group(group) => {
                let Group { cardinality, set, .. } = &**group;
                Node::Group {
                    cardinality: cardinality.unwrap_or(Cardinality::DEFAULT),
                    set: Box::new(self.ready(set)?),
                    shown: match self.plan.is_wanted() {
                        true => print_refinement(refinement),
                        false => String::new(),
                    },
                }
            }
        })
    }

    fn all_ready(&mut self, parts: &[Refinement]) -> Found<Vec<Node>> {
        parts.iter().map(|part| self.ready(part)).collect()
    }

    pub(super) fn condition(&mut self, attribute: &Attribute) -> Found<Condition> {
        let names = self.names(&attribute.name)?;
        let test = match &attribute.comparison {
            Comparison::Concepts { equal, value } if value.is_any() => {
                if *equal {
                    Test::Any
                } else {
                    Test::Never
                }
            }
            Comparison::Concepts { equal, value } => {
                let set = self.sub(value)?;
                self.budget.hold(&set)?;
                // Rows are asked of a bit for each concept.
                let is_asked_by_bits = set.len() > FEW;
                self.budget
                    .hold_bytes(if is_asked_by_bits { self.index.len() / 8 } else { 0 })?;
                Test::Concepts { set, equal: *equal }
            }
            _ if attribute.reverse => {
                let message = "a reversed attribute is compared with the concepts that have it; numbers and texts have none";
                return Err(Fault::new(Kind::Meaning, attribute.span.start, message));
            }
            Comparison::Number { order, value } => Test::Number {
                value: value.clone(),
                order: *order,
            },
            Comparison::Text { equal, terms } => Test::Text {
                matchers: terms.iter().map(Matcher::new).collect(),
                equal: *equal,
            },
            Comparison::Boolean { equal, value } => Test::Boolean(value == equal),
            // The grammar has dates in member filters only.
            Comparison::Time { .. } => Test::Never,
        };
        let cardinality = attribute.cardinality.unwrap_or(Cardinality::DEFAULT);
        let shown = match self.plan.is_wanted() {
            true => print_refinement(&Refinement::Attribute(Box::new(attribute.clone()))),
            false => String::new(),
        };
        Ok(Condition::new(names, test, attribute.reverse, cardinality, shown))
    }

    /// An estimate of how many concepts satisfy a node.
    pub(super) fn estimate(&self, node: &Node) -> u64 {
        match node {
            Node::And(parts) => parts.iter().map(|part| self.estimate(part)).min().unwrap_or(u64::MAX),
            Node::Or(parts) => parts.iter().map(|part| self.estimate(part)).fold(0, u64::saturating_add),
            Node::One(condition) if condition.cardinality.minimum == 0 => u64::MAX,
            Node::One(condition) => self.estimate_one(condition),
            Node::Group { cardinality, .. } if cardinality.minimum == 0 => u64::MAX,
            Node::Group { set, .. } => self.estimate(set),
        }
    }

    /// Parts in the order of their estimates, which cost something too where there are thousands.
    pub(super) fn rarest_first<'n>(&mut self, parts: impl Iterator<Item = &'n Node>) -> Found<Vec<&'n Node>> {
        let mut order = Vec::new();
        for part in parts {
            self.budget.spend(ESTIMATE)?;
            order.push((self.estimate(part), part));
        }
        order.sort_by_key(|(size, _)| *size);
        Ok(order.into_iter().map(|(_, part)| part).collect())
    }

    /// The concepts of `focus` that satisfy a node.
    pub(super) fn narrow(&mut self, node: &Node, focus: ConceptSet) -> Found<ConceptSet> {
        self.budget.spend(1)?;
        if focus.is_empty() {
            return Ok(focus);
        }
        match node {
            Node::And(parts) => {
                let order = self.rarest_first(parts.iter())?;
                order.into_iter().try_fold(focus, |left, part| self.narrow(part, left))
            }
            Node::Or(parts) => {
                let mut found = ConceptSet::new();
                for part in parts {
                    let left = &focus - &found;
                    found |= self.narrow(part, left)?;
                }
                Ok(found)
            }
            Node::One(condition) => {
                let begun = self.plan.begin(|| condition.shown.clone());
                let (found, way) = self.one(condition, focus)?;
                self.plan.note(&begun, way);
                self.plan.end(&begun, found.len());
                Ok(found)
            }
            Node::Group { cardinality, set, shown } => {
                let begun = self.plan.begin(|| shown.clone());
                let found = self.group(*cardinality, set, focus)?;
                self.plan.note(&begun, "joined by group");
                self.plan.end(&begun, found.len());
                Ok(found)
            }
        }
    }

    /// The concepts of `focus` of which as many attributes satisfy a condition as it asks, and how they were found.
    pub(super) fn one(&mut self, condition: &Condition, focus: ConceptSet) -> Found<(ConceptSet, &'static str)> {
        match condition.cardinality {
            Cardinality {
                minimum: 0,
                maximum: None,
            } => Ok((focus, "no constraint")),
            _ if condition.reverse => self.reversed(condition, focus),
            _ => self.forward(condition, focus),
        }
    }
}

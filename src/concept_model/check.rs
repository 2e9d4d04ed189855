//! Holds an expression against the concept model.

use super::{Attribute, Cardinality, ConceptModel, DomainRule};
use crate::ecl::Constraint;
use crate::ecl::ast::{ConceptReference, Span};
use crate::ecl::error::{Fault, Kind};
use crate::ecl::expression::{self, Expression, SubExpression, Value};
use crate::ecl::meaning::{Meaning, Row, RowValue};
use std::collections::BTreeSet;
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;

/// `900000000000455006`: what all reference sets are below.
const REFERENCE_SET: &str = "900000000000455006";
/// `272741003`: laterality.
const LATERALITY: &str = "272741003";
/// Domains that a message names.
const SHOWN: usize = 5;

/// A rule that an expression does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Whether the rule must be kept.
    pub mandatory: bool,
    /// Where in the expression, in bytes.
    pub position: usize,
    /// Which rule, and what it would allow.
    pub message: String,
}

/// What an expression breaks; a fault where that cannot be found out.
pub fn check(index: &CodeSystemIndex, model: &ConceptModel, expression: &Expression) -> Result<Vec<Breach>, Fault> {
    let mut checker = Checker {
        index,
        model,
        defines: expression.status.is_some(),
        breaches: Vec::new(),
    };
    checker.sub(&expression.sub)?;
    // What a rule says must be and another says should be is said once.
    let breaches = &mut checker.breaches;
    breaches.sort_by(|a, b| (a.position, &a.message, b.mandatory).cmp(&(b.position, &b.message, a.mandatory)));
    breaches.dedup_by(|a, b| (a.position, &a.message) == (b.position, &b.message));
    Ok(checker.breaches)
}

struct Checker<'c> {
    index: &'c CodeSystemIndex,
    model: &'c ConceptModel,
    /// Whether the expression says how it relates to what it is used for: then nothing in it is meant otherwise.
    defines: bool,
    breaches: Vec<Breach>,
}

/// How an attribute stands in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// In no group.
    Ungrouped,
    /// In a group of its own, which says the same.
    Alone,
    /// In a group with others.
    Together,
}

/// An expression or a part of it that is one, with what it means.
struct Subject<'s> {
    sub: &'s SubExpression,
    meaning: Meaning,
}

impl Checker<'_> {
    fn sub(&mut self, sub: &SubExpression) -> Result<(), Fault> {
        if sub.all_attributes().next().is_none() {
            return Ok(());
        }
        let subject = Subject {
            meaning: self.meaning(sub)?,
            sub,
        };
        for attribute in &sub.attributes {
            self.attribute(&subject, attribute, Standing::Ungrouped)?;
        }
        for group in &sub.groups {
            let standing = if group.len() > 1 {
                Standing::Together
            } else {
                Standing::Alone
            };
            for attribute in group {
                self.attribute(&subject, attribute, standing)?;
            }
        }
        self.counts(&subject);
        Ok(())
    }

    fn meaning(&self, sub: &SubExpression) -> Result<Meaning, Fault> {
        let whole = Expression {
            status: None,
            sub: sub.clone(),
        };
        Meaning::of(self.index, &whole)
    }

    fn attribute(&mut self, subject: &Subject<'_>, attribute: &expression::Attribute, standing: Standing) -> Result<(), Fault> {
        let value = match &attribute.value {
            Value::Concept(concept) => self.index.find_exact(&concept.id).map(RowValue::Concept),
            Value::Number(number) => Some(RowValue::Number(number.clone())),
            Value::Text(text) => Some(RowValue::Text(text.clone())),
            Value::Boolean(value) => Some(RowValue::Boolean(*value)),
            Value::Expression(inner) => {
                self.sub(inner)?;
                Some(RowValue::Expression(Box::new(self.meaning(inner)?)))
            }
        };
        let (Some(name), Some(value)) = (self.index.find_exact(&attribute.name.id), value) else {
            return Ok(());
        };
        let position = attribute.name.span.start;
        let Some(rules) = self.model.attributes.get(&name) else {
            // One that no rule speaks of keeps to all of them.
            if self.model.elsewhere.contains(&name) {
                let message = format!("the concept model has {} for pre-coordinated content alone", self.shown(name));
                self.breach(true, position, message);
            }
            return Ok(());
        };
        let stated = Row { name, value };
        if !self.is_of_the_site(subject, &stated, rules, standing)? {
            self.domain(subject, name, rules, standing != Standing::Ungrouped, position);
        }
        let value = stated.value;
        for rule in &rules.ranges {
            if rule.range.contains(self.index, &value) == Some(false) {
                let message = format!(
                    "the value {} is not in the range of {}, which is {}",
                    self.value(&value),
                    self.shown(name),
                    rule.range.text()
                );
                self.breach(rule.mandatory, value_position(attribute), message);
            }
        }
        Ok(())
    }

    /// Whether an attribute may refine the focus, and stand where it stands.
    fn domain(&mut self, subject: &Subject<'_>, name: Ordinal, rules: &Attribute, grouped: bool, position: usize) {
        // Of the domains that must be kept the focus is in one, and of those that should be, too.
        for mandatory in [true, false] {
            if self.in_domain(subject, rules, mandatory) {
                continue;
            }
            let own: Vec<&DomainRule> = rules.domains.iter().filter(|rule| rule.mandatory == mandatory).collect();
            let message = format!(
                "{} does not apply to {}, but to {}",
                self.shown(name),
                self.focus(subject),
                self.domains(&own)
            );
            return self.breach(mandatory, position, message);
        }
        let applying = self.applying(rules, subject);
        if grouped && !applying.is_empty() && applying.iter().all(|rule| !rule.grouped) {
            let mandatory = applying.iter().any(|rule| rule.mandatory);
            let message = format!("{} is never in a group; write it before all groups", self.shown(name));
            self.breach(mandatory, position, message);
        }
    }

    /// Whether the focus is in one of the domains that must be kept, or of those that should be, where there are any.
    fn in_domain(&self, subject: &Subject<'_>, rules: &Attribute, mandatory: bool) -> bool {
        let mut own = rules.domains.iter().filter(|rule| rule.mandatory == mandatory).peekable();
        own.peek().is_none() || own.any(|rule| self.applies(rule, subject) != Some(false))
    }

    /// Whether laterality refines what is no body structure but has one site, which is what it is said of: the
    /// close-to-user form that the postcoordination guide lets servers take (transformation level 1), because only one
    /// expression can be meant.
    fn is_of_the_site(&self, subject: &Subject<'_>, stated: &Row, rules: &Attribute, standing: Standing) -> Result<bool, Fault> {
        let name = stated.name;
        let loose = !self.defines && standing != Standing::Together && self.index.code(name) == LATERALITY;
        if !loose || subject.sub.focus.len() != 1 || self.in_domain(subject, rules, true) {
            return Ok(false);
        }
        let mut sites: BTreeSet<Ordinal> = BTreeSet::new();
        for row in subject.meaning.groups.iter().flatten().filter(|row| row.name != name) {
            if let RowValue::Concept(site) = row.value
                && self.is_refined_by(site, stated, rules)?
            {
                sites.insert(site);
            }
        }
        Ok(sites.len() == 1)
    }

    /// Whether an attribute may be said of a concept, and says more than the concept itself does.
    fn is_refined_by(&self, concept: Ordinal, stated: &Row, rules: &Attribute) -> Result<bool, Fault> {
        let focus = ConceptReference {
            span: Span::default(),
            id: self.index.code(concept).to_owned(),
            term: None,
        };
        let sub = SubExpression {
            focus: vec![focus],
            attributes: Vec::new(),
            groups: Vec::new(),
        };
        let subject = Subject {
            meaning: self.meaning(&sub)?,
            sub: &sub,
        };
        // Structures that have sides say that they have one.
        let is_narrower = |known: &RowValue| match (known, &stated.value) {
            (RowValue::Concept(known), RowValue::Concept(value)) => self.index.subsumes(*known, *value),
            _ => false,
        };
        let mut own = subject.meaning.groups.iter().flatten().filter(|row| row.name == stated.name);
        if own.any(|row| !is_narrower(&row.value)) {
            return Ok(false);
        }
        Ok(self.in_domain(&subject, rules, true) && self.in_domain(&subject, rules, false))
    }

    /// The rules on an attribute in whose domain the focus is.
    fn applying<'a>(&self, rules: &'a Attribute, subject: &Subject<'_>) -> Vec<&'a DomainRule> {
        let rules = rules.domains.iter();
        rules.filter(|rule| self.applies(rule, subject) == Some(true)).collect()
    }

    /// Whether the focus is in the domain of a rule; `None` where the edition does not have what would tell.
    fn applies(&self, rule: &DomainRule, subject: &Subject<'_>) -> Option<bool> {
        let domain = rule.domain?;
        let meaning = &subject.meaning;
        let Some(selection) = self.model.domains.get(&domain) else {
            // A domain without a constraint is what lies below it, or what is a member of it.
            if meaning.subsumers.contains(domain.0) {
                return Some(true);
            }
            return match self.index.refset(domain).filter(|members| !members.is_empty()) {
                Some(members) => Some(meaning.focus.iter().any(|focus| members.contains(focus.0))),
                None => (!self.is_refset(domain)).then_some(false),
            };
        };
        let concepts = selection.concepts(self.index)?;
        let listed = meaning.focus.iter().any(|focus| concepts.contains(focus.0));
        let admitted = |constraint: &Constraint| constraint.admits(self.index, meaning).unwrap_or(false);
        Some(listed || selection.constraint.as_ref().is_some_and(admitted))
    }

    /// Whether a concept stands for a reference set.
    fn is_refset(&self, concept: Ordinal) -> bool {
        let all = self.index.find_exact(REFERENCE_SET);
        all.is_some_and(|all| self.index.subsumes(all, concept))
    }

    /// Whether attributes are there as often as they may, with those that the focus concepts bring along.
    fn counts(&mut self, subject: &Subject<'_>) {
        let groups = &subject.meaning.groups;
        let stated: BTreeSet<Ordinal> = subject
            .sub
            .all_attributes()
            .filter_map(|attribute| self.index.find_exact(&attribute.name.id))
            .collect();
        for (name, rules) in &self.model.attributes {
            let needed = rules.domains.iter().any(|rule| rule.count.minimum > 0);
            if !needed && !stated.contains(name) {
                continue;
            }
            let of_group = |group: &Vec<Row>| group.iter().filter(|row| row.name == *name).count() as u64;
            let all: u64 = groups.iter().map(of_group).sum();
            let most = groups.iter().map(of_group).max().unwrap_or(0);
            let position = subject.position_of(self.index, *name);
            for rule in self.applying(rules, subject) {
                let found = [
                    over(all, rule.count).map(|limit| format!("is there {all} times, of at most {limit}")),
                    over(most, rule.in_group)
                        .filter(|_| rule.grouped)
                        .map(|limit| format!("is there {most} times in a group, of at most {limit}")),
                    (all < rule.count.minimum).then(|| format!("is there {all} times, of at least {}", rule.count.minimum)),
                ];
                for what in found.into_iter().flatten() {
                    let message = format!("{} {what}, with those of {}", self.shown(*name), self.focus(subject));
                    self.breach(rule.mandatory, position, message);
                }
            }
        }
    }

    fn breach(&mut self, mandatory: bool, position: usize, message: String) {
        self.breaches.push(Breach {
            mandatory,
            position,
            message,
        });
    }

    fn shown(&self, concept: Ordinal) -> String {
        let code = self.index.code(concept);
        match self.index.display(concept) {
            Some(display) => format!("{code} |{display}|"),
            None => code.to_owned(),
        }
    }

    fn focus(&self, subject: &Subject<'_>) -> String {
        let shown: Vec<String> = subject.meaning.focus.iter().map(|focus| self.shown(*focus)).collect();
        shown.join(" + ")
    }

    fn domains(&self, rules: &[&DomainRule]) -> String {
        let domains: BTreeSet<String> = rules
            .iter()
            .filter_map(|rule| rule.domain)
            .map(|domain| self.shown(domain))
            .collect();
        let more = if domains.len() > SHOWN { " and others" } else { "" };
        let shown: Vec<String> = domains.into_iter().take(SHOWN).collect();
        format!("{}{more}", shown.join(", "))
    }

    fn value(&self, value: &RowValue) -> String {
        match value {
            RowValue::Concept(concept) => self.shown(*concept),
            RowValue::Expression(_) => "in brackets".to_owned(),
            RowValue::Number(number) => format!("#{number}"),
            RowValue::Text(text) => format!("\"{text}\""),
            RowValue::Boolean(value) => value.to_string(),
        }
    }
}

impl Subject<'_> {
    /// Where an attribute is stated first; the focus, if it is not.
    fn position_of(&self, index: &CodeSystemIndex, name: Ordinal) -> usize {
        let code = index.code(name);
        let stated = self.sub.all_attributes().find(|attribute| attribute.name.id == code);
        let focus = self.sub.focus.first().map_or(0, |focus| focus.span.start);
        stated.map_or(focus, |attribute| attribute.name.span.start)
    }
}

/// The limit that a count exceeds.
fn over(count: u64, cardinality: Cardinality) -> Option<u64> {
    cardinality.maximum.filter(|maximum| count > *maximum)
}

fn value_position(attribute: &expression::Attribute) -> usize {
    match &attribute.value {
        Value::Concept(concept) => concept.span.start,
        Value::Expression(inner) => inner
            .focus
            .first()
            .map_or(attribute.name.span.start, |focus| focus.span.start),
        Value::Number(_) | Value::Text(_) | Value::Boolean(_) => attribute.name.span.start,
    }
}

impl Breach {
    /// The message with its place in the text of the expression, in one line.
    pub fn in_line(&self, text: &str) -> String {
        Fault::new(Kind::Meaning, self.position, self.message.clone())
            .in_text(text)
            .in_line()
    }
}

//! The oracle: subsumption in EL+ by the completion rules of Baader, Brandt and Lutz, as plainly as they are written.
//!
//! Every expression gets a name; names are bits, and what a name is below is a set of bits.

use crate::description_logic::owl::{Axiom, ClassExpression};
use std::collections::BTreeMap;

type Bits = u128;

#[derive(Default)]
pub struct Completion {
    names: BTreeMap<String, usize>,
    roles: BTreeMap<String, usize>,
    /// All of them together are below the name.
    together: Vec<(Bits, usize)>,
    /// The name has the role with the value.
    has: Vec<(usize, usize, usize)>,
    /// What has the role with the value is below the name.
    having: Vec<(usize, usize, usize)>,
    role_below: Vec<(usize, usize)>,
    chains: Vec<(usize, usize, usize)>,
    reflexive: Vec<usize>,
    below: Vec<Bits>,
    /// By role and name: the names that it leads to.
    edges: Vec<Vec<Bits>>,
    /// Whether there are more names than bits, so that no answer is right.
    pub full: bool,
}

impl Completion {
    pub fn new(axioms: &[Axiom]) -> Self {
        let mut made = Self::default();
        for axiom in axioms {
            match axiom {
                Axiom::SubClassOf(below, above) => made.include(below, above),
                Axiom::EquivalentClasses(parts) => {
                    for part in parts {
                        parts.iter().for_each(|other| made.include(part, other));
                    }
                }
                Axiom::SubObjectPropertyOf { chain, property } => {
                    let chain: Vec<usize> = chain.iter().map(|role| made.role(role)).collect();
                    let property = made.role(property);
                    match chain.as_slice() {
                        [one] => made.role_below.push((*one, property)),
                        [first, second] => made.chains.push((*first, *second, property)),
                        [first, second, third] => {
                            let between = made.role(&format!("{first} {second}"));
                            made.chains.push((*first, *second, between));
                            made.chains.push((between, *third, property));
                        }
                        _ => panic!("the tests have chains of up to three"),
                    }
                }
                Axiom::SubDataPropertyOf(below, above) => {
                    let pair = (made.role(below), made.role(above));
                    made.role_below.push(pair);
                }
                Axiom::TransitiveObjectProperty(role) => {
                    let role = made.role(role);
                    made.chains.push((role, role, role));
                }
                Axiom::ReflexiveObjectProperty(role) => {
                    let role = made.role(role);
                    made.reflexive.push(role);
                }
                Axiom::SubAnnotationPropertyOf(..) => {}
            }
        }
        made
    }

    fn include(&mut self, below: &ClassExpression, above: &ClassExpression) {
        let (below, above) = (self.name(below), self.name(above));
        self.together.push((1 << below, above));
    }

    fn role(&mut self, role: &str) -> usize {
        let next = self.roles.len();
        *self.roles.entry(role.to_owned()).or_insert(next)
    }

    fn fresh(&mut self, text: String) -> (usize, bool) {
        let next = self.names.len();
        let known = self.names.contains_key(&text);
        let name = *self.names.entry(text).or_insert(next);
        self.full |= name >= 128;
        (name % 128, !known)
    }

    /// The name of a concept.
    pub fn known(&self, concept: &str) -> usize {
        self.names[&format!(":{concept}")]
    }

    /// The name of an expression; it is below exactly what the expression is below.
    pub fn name(&mut self, expression: &ClassExpression) -> usize {
        let (name, new) = self.fresh(expression.to_string());
        if !new {
            return name;
        }
        match expression {
            ClassExpression::Class(_) => {}
            ClassExpression::ObjectIntersectionOf(parts) => {
                let parts: Vec<usize> = parts.iter().map(|part| self.name(part)).collect();
                self.together
                    .push((parts.iter().fold(0, |bits, part| bits | 1 << part), name));
                self.together.extend(parts.into_iter().map(|part| (1 << name, part)));
            }
            ClassExpression::ObjectSomeValuesFrom(role, value) => {
                let (role, value) = (self.role(role), self.name(value));
                self.has.push((name, role, value));
                self.having.push((role, value, name));
            }
            ClassExpression::DataHasValue(role, literal) => {
                // A number is a value that nothing else is below.
                let (role, (value, _)) = (self.role(role), self.fresh(literal.to_string()));
                self.has.push((name, role, value));
                self.having.push((role, value, name));
            }
        }
        name
    }

    /// Applies the rules until nothing is new.
    pub fn complete(&mut self) {
        let (names, roles) = (self.names.len(), self.roles.len());
        self.below = (0..names).map(|name| 1 << name).collect();
        self.edges = vec![vec![0; names]; roles];
        for role in &self.reflexive {
            self.edges[*role]
                .iter_mut()
                .enumerate()
                .for_each(|(name, edges)| *edges |= 1 << name);
        }
        loop {
            let before = (self.below.clone(), self.edges.clone());
            for name in 0..names {
                for (all, above) in &self.together {
                    if self.below[name] & all == *all {
                        self.below[name] |= 1 << above;
                    }
                }
                for (of, role, value) in &self.has {
                    if self.below[name] & (1 << of) != 0 {
                        self.edges[*role][name] |= 1 << value;
                    }
                }
                for (role, value, above) in &self.having {
                    let mut leads = bits(self.edges[*role][name]);
                    if leads.any(|to| self.below[to] & (1 << value) != 0) {
                        self.below[name] |= 1 << above;
                    }
                }
                for (role, above) in &self.role_below {
                    self.edges[*above][name] |= self.edges[*role][name];
                }
                for (first, second, makes) in &self.chains {
                    let found = bits(self.edges[*first][name]).fold(0, |found, to| found | self.edges[*second][to]);
                    self.edges[*makes][name] |= found;
                }
            }
            if before == (self.below.clone(), self.edges.clone()) {
                return;
            }
        }
    }

    pub fn is_below(&self, below: usize, above: usize) -> bool {
        self.below[below] & (1 << above) != 0
    }
}

fn bits(mut set: Bits) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = set.trailing_zeros() as usize;
        set &= set.checked_sub(1)?;
        Some(lowest)
    })
}

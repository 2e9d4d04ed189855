//! Ontologies and expressions by chance, of the shape that those of SNOMED CT have: concepts with parents and groups,
//! some attributes that are never in a group, definitions, inclusions of what has no name.

use crate::description_logic::description::ROLE_GROUP;
use crate::description_logic::owl::{Axiom, ClassExpression, Datatype, Literal};
use crate::testing::Dice;
use tern_loaders::snomed::sctid::Sctid;

pub fn identifier(number: usize) -> String {
    let stem = format!("{}00", 1_000 + number);
    (0..10)
        .map(|digit| format!("{stem}{digit}"))
        .find(|id| Sctid::parse(id).is_ok())
        .unwrap()
}

pub fn number(text: &str) -> Literal {
    Literal {
        value: text.to_owned(),
        datatype: Datatype::Decimal,
    }
}

/// An ontology.
pub struct Random {
    /// The root first.
    pub concepts: Vec<String>,
    /// Attributes that are grouped, with the one that each is below.
    pub grouped: Vec<String>,
    /// Attributes that are not.
    pub alone: Vec<String>,
    /// Attributes that have numbers, grouped.
    pub numbers: Vec<String>,
    pub attribute_below: Vec<(String, String)>,
    pub axioms: Vec<Axiom>,
}

impl Random {
    /// With `rich` also what only axioms can say.
    pub fn new(dice: &mut Dice, rich: bool) -> Self {
        let names: Vec<String> = (0..20).map(identifier).collect();
        let mut made = Self {
            concepts: names[..8].to_vec(),
            grouped: names[10..13].to_vec(),
            alone: names[14..16].to_vec(),
            numbers: names[17..18].to_vec(),
            attribute_below: Vec::new(),
            axioms: Vec::new(),
        };
        if dice.one_in(2) {
            made.attribute_below.push((made.grouped[1].clone(), made.grouped[0].clone()));
        }
        if dice.one_in(4) {
            made.attribute_below.push((made.alone[1].clone(), made.alone[0].clone()));
        }
        for (below, above) in made.attribute_below.clone() {
            made.axioms.push(Axiom::SubObjectPropertyOf {
                chain: vec![below],
                property: above,
            });
        }
        made.define(dice, rich);
        if rich {
            made.link(dice);
            made.include(dice);
        }
        made
    }

    fn define(&mut self, dice: &mut Dice, rich: bool) {
        // The first concept shows which attributes are never in a group.
        let root = ClassExpression::Class(self.concepts[0].clone());
        let mut shows = vec![root.clone()];
        shows.extend(self.alone.iter().map(|role| some(role, root.clone())));
        let first = ClassExpression::Class(self.concepts[1].clone());
        self.axioms
            .push(Axiom::SubClassOf(first, ClassExpression::ObjectIntersectionOf(shows)));
        for place in 2..self.concepts.len() {
            let known: Vec<String> = self.concepts[..place].to_vec();
            let mut parts: Vec<ClassExpression> = (0..=dice.roll(2))
                .map(|_| ClassExpression::Class(dice.pick(&known).clone()))
                .collect();
            parts.sort_by_key(ToString::to_string);
            parts.dedup();
            for _ in 0..dice.roll(3) {
                parts.push(self.group(dice, &known, 0));
            }
            if dice.one_in(3) {
                let role = dice.pick(&self.alone).clone();
                parts.push(some(&role, ClassExpression::Class(dice.pick(&known).clone())));
            }
            let own = ClassExpression::Class(self.concepts[place].clone());
            let says = if parts.len() == 1 {
                parts.remove(0)
            } else {
                ClassExpression::ObjectIntersectionOf(parts)
            };
            if matches!(says, ClassExpression::ObjectIntersectionOf(_)) && !dice.one_in(3) {
                self.axioms.push(Axiom::EquivalentClasses(vec![own.clone(), says]));
                if rich && dice.one_in(5) {
                    let more = ClassExpression::ObjectIntersectionOf(vec![root.clone(), self.group(dice, &known, 0)]);
                    self.axioms.push(Axiom::SubClassOf(own, more));
                }
            } else {
                self.axioms.push(Axiom::SubClassOf(own, says));
            }
        }
    }

    fn link(&mut self, dice: &mut Dice) {
        let (grouped, alone) = (self.grouped.clone(), self.alone.clone());
        if dice.one_in(2) {
            self.axioms.push(Axiom::SubObjectPropertyOf {
                chain: vec![grouped[0].clone(), alone[0].clone()],
                property: grouped[0].clone(),
            });
        }
        if dice.one_in(4) {
            self.axioms.push(Axiom::SubObjectPropertyOf {
                chain: vec![alone[0].clone(), alone[1].clone(), alone[1].clone()],
                property: alone[0].clone(),
            });
        }
        if dice.one_in(2) {
            self.axioms.push(Axiom::TransitiveObjectProperty(dice.pick(&alone).clone()));
        }
        if dice.one_in(3) {
            self.axioms.push(Axiom::ReflexiveObjectProperty(dice.pick(&alone).clone()));
        }
    }

    fn include(&mut self, dice: &mut Dice) {
        for _ in 0..dice.roll(3) {
            let known = self.concepts.clone();
            let name = ClassExpression::Class(dice.pick(&known).clone());
            let parts = vec![name, self.group(dice, &known, 0)];
            let above = ClassExpression::Class(dice.pick(&known[2..]).clone());
            self.axioms
                .push(Axiom::SubClassOf(ClassExpression::ObjectIntersectionOf(parts), above));
        }
    }

    /// A group of one or two attributes whose values nest so deep.
    fn group(&self, dice: &mut Dice, known: &[String], depth: usize) -> ClassExpression {
        let mut parts: Vec<ClassExpression> = (0..=dice.roll(2))
            .map(|_| {
                if dice.one_in(6) {
                    return ClassExpression::DataHasValue(self.numbers[0].clone(), number(["1", "2.5"][dice.roll(2)]));
                }
                let value = if depth > 0 && dice.one_in(3) {
                    self.of(dice, known, depth - 1)
                } else {
                    ClassExpression::Class(dice.pick(known).clone())
                };
                some(dice.pick(&self.grouped), value)
            })
            .collect();
        let inner = if parts.len() == 1 {
            parts.remove(0)
        } else {
            ClassExpression::ObjectIntersectionOf(parts)
        };
        some(ROLE_GROUP, inner)
    }

    /// An expression.
    pub fn expression(&self, dice: &mut Dice, depth: usize) -> ClassExpression {
        self.of(dice, &self.concepts, depth)
    }

    fn of(&self, dice: &mut Dice, known: &[String], depth: usize) -> ClassExpression {
        let mut parts: Vec<ClassExpression> = (0..=usize::from(dice.one_in(3)))
            .map(|_| ClassExpression::Class(dice.pick(known).clone()))
            .collect();
        for _ in 0..dice.roll(3) {
            parts.push(self.group(dice, known, depth));
        }
        if dice.one_in(3) {
            parts.push(some(dice.pick(&self.alone), ClassExpression::Class(dice.pick(known).clone())));
        }
        if parts.len() == 1 {
            parts.remove(0)
        } else {
            ClassExpression::ObjectIntersectionOf(parts)
        }
    }
}

fn some<R: ToString + ?Sized>(role: &R, value: ClassExpression) -> ClassExpression {
    ClassExpression::ObjectSomeValuesFrom(role.to_string(), Box::new(value))
}

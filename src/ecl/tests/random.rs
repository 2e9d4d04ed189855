//! Constraints at random, as trees, over the concepts of a test edition.

use super::world::{
    ATTRIBUTES, CORE, DEFINED, DEFINITION, GB, HISTORICAL, IS_A, MODEL, NAME, PRIMITIVE, REPLACED_BY, ROOT, SAME_AS, SYNONYM, US,
    WORDS, World,
};
use crate::ecl::ast::{
    Acceptability, Alias, AlternateIdentifier, Attribute, Cardinality, CommonFilter, Comparison, ConceptFilter, ConceptReference,
    Concepts, DescriptionFilter, DescriptionType, Dialects, Expression, Fields, Filter, Focus, Group, Hierarchy, History,
    MemberFilter, Order, Refinement, RefsetOperator, SearchTerm, SetOperator, Span, SubExpression,
};
use crate::testing::Dice;

const ORDERS: [Order; 6] = [
    Order::Equal,
    Order::NotEqual,
    Order::Less,
    Order::LessOrEqual,
    Order::Greater,
    Order::GreaterOrEqual,
];

/// A constraint that nests at most so deep.
pub fn constraint(world: &World, dice: &mut Dice, depth: usize) -> Expression {
    Maker { world, dice }.expression(depth)
}

struct Maker<'m> {
    world: &'m World,
    dice: &'m mut Dice,
}

impl Maker<'_> {
    fn several<T>(&mut self, most: usize, mut each: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..=self.dice.roll(most)).map(|_| each(self)).collect()
    }

    fn expression(&mut self, depth: usize) -> Expression {
        match self.dice.roll(if depth == 0 { 1 } else { 8 }) {
            0..=2 => Expression::Sub(Box::new(self.sub(depth))),
            3 | 4 => Expression::Refined {
                focus: Box::new(self.sub(depth - 1)),
                refinement: self.refinement(depth - 1, true),
            },
            5 => {
                let operator = *self.dice.pick(&[SetOperator::And, SetOperator::Or, SetOperator::Minus]);
                let mut operands = vec![self.sub(depth - 1), self.sub(depth - 1)];
                if operator != SetOperator::Minus && self.dice.one_in(3) {
                    operands.push(self.sub(depth - 1));
                }
                Expression::Compound { operator, operands }
            }
            _ => Expression::Dotted {
                focus: Box::new(self.sub(depth - 1)),
                attributes: self.several(1, |maker| maker.name(depth - 1)),
            },
        }
    }

    fn reference(&mut self, id: &str) -> ConceptReference {
        ConceptReference {
            span: Span::default(),
            id: id.to_owned(),
            term: self.dice.one_in(4).then(|| "a term, (of) {any} = #kind".to_owned()),
        }
    }

    fn concept(&mut self) -> Focus {
        let id = match self.dice.roll(8) {
            0 => ROOT.to_owned(),
            1 => self.dice.pick(&self.world.attributes).clone(),
            _ => self.dice.pick(&self.world.ordinary).clone(),
        };
        Focus::Concept(self.reference(&id))
    }

    fn sub(&mut self, depth: usize) -> SubExpression {
        if self.dice.one_in(6) {
            return self.members(depth);
        }
        let focus = match self.dice.roll(10) {
            0 => Focus::Any,
            1 => {
                let (code, _) = self.dice.pick(&self.world.alternates).clone();
                Focus::Alternate(AlternateIdentifier {
                    span: Span::default(),
                    scheme: "T-1".into(),
                    code,
                    term: None,
                })
            }
            2..=4 if depth > 0 => Focus::Nested(Box::new(self.expression(depth - 1))),
            _ => self.concept(),
        };
        let mut sub = SubExpression::plain(focus);
        if !self.dice.one_in(3) {
            sub.operator = Some(self.dice.pick(&Hierarchy::SPELLINGS).0);
        }
        self.hang(&mut sub, depth);
        sub
    }

    /// Filters and history.
    fn hang(&mut self, sub: &mut SubExpression, depth: usize) {
        if self.dice.one_in(5) {
            sub.filters
                .push(Filter::Concept(self.several(1, |maker| maker.concept_filter(depth))));
        }
        if self.dice.one_in(5) {
            sub.filters
                .push(Filter::Description(self.several(2, |maker| maker.description_filter(depth))));
        }
        if self.dice.one_in(8) {
            sub.history = Some(match self.dice.roll(6) {
                0 => History::Minimum,
                1 => History::Moderate,
                2 => History::Maximum,
                3 => History::Any,
                4 => {
                    let mut below = SubExpression::plain(Focus::Concept(self.reference(HISTORICAL)));
                    below.operator = Some(Hierarchy::DescendantOf);
                    History::Refsets(Box::new(Expression::Sub(Box::new(below))))
                }
                _ => History::Refsets(Box::new(Expression::Sub(Box::new(SubExpression::plain(Focus::Any))))),
            });
        }
    }

    fn members(&mut self, depth: usize) -> SubExpression {
        let association = self.dice.one_in(2);
        let refset = if association {
            (*self.dice.pick(&[SAME_AS, REPLACED_BY])).to_owned()
        } else {
            self.dice.pick(&self.world.refsets).clone()
        };
        let mut sub = SubExpression::plain(Focus::Concept(self.reference(&refset)));
        if self.dice.one_in(8) {
            sub.focus = Focus::Any;
        }
        let any = matches!(sub.focus, Focus::Any);
        sub.refset = Some(match self.dice.roll(8) {
            0 => RefsetOperator::Containing,
            1 if association && !any => RefsetOperator::MemberOf(Some(Fields::Named(vec!["targetComponentId".into()]))),
            2 => RefsetOperator::MemberOf(Some(Fields::Named(vec!["referencedComponentId".into()]))),
            _ => RefsetOperator::MemberOf(None),
        });
        if sub.refset == Some(RefsetOperator::Containing) {
            sub.focus = self.concept();
            for _ in 0..self.dice.roll(2) {
                let filters = self.several(1, |maker| maker.member_filter(false, false, depth));
                sub.members.push(filters);
            }
        } else {
            for _ in 0..self.dice.roll(3) {
                let filters = self.several(1, |maker| maker.member_filter(association && !any, any, depth));
                sub.members.push(filters);
            }
        }
        if self.dice.one_in(4) {
            sub.operator = Some(self.dice.pick(&Hierarchy::SPELLINGS).0);
        }
        self.hang(&mut sub, depth);
        sub
    }

    fn value(&mut self, depth: usize) -> SubExpression {
        if self.dice.one_in(6) {
            return SubExpression::plain(Focus::Any);
        }
        self.sub(depth.saturating_sub(1))
    }

    fn member_filter(&mut self, association: bool, any: bool, depth: usize) -> MemberFilter {
        let equal = !self.dice.one_in(3);
        let field = |name: &str, comparison| MemberFilter::Field {
            span: Span::default(),
            name: name.to_owned(),
            comparison,
        };
        match self.dice.roll(if any { 4 } else { 6 }) {
            0..=2 => MemberFilter::Common(self.common(depth)),
            3 => {
                let value = self.value(depth);
                field("referencedComponentId", Comparison::Concepts { equal, value })
            }
            _ if association => {
                let value = self.value(depth);
                field("targetComponentId", Comparison::Concepts { equal, value })
            }
            4 => field(
                "mapGroup",
                Comparison::Number {
                    order: *self.dice.pick(&ORDERS),
                    value: self.dice.roll(4).to_string(),
                },
            ),
            _ => field(
                "mapTarget",
                Comparison::Text {
                    equal,
                    terms: self.several(1, |maker| {
                        let letter = *maker.dice.pick(&["J", "K"]);
                        if maker.dice.one_in(2) {
                            SearchTerm::Wild(vec![letter.to_owned(), maker.dice.roll(3).to_string()])
                        } else {
                            SearchTerm::Match(vec![format!("{letter}{}", maker.dice.roll(3))])
                        }
                    }),
                },
            ),
        }
    }

    fn common(&mut self, _depth: usize) -> CommonFilter {
        let equal = !self.dice.one_in(3);
        match self.dice.roll(3) {
            0 => {
                let modules = if self.dice.one_in(3) {
                    Concepts::Listed(vec![self.reference(CORE), self.reference(MODEL)])
                } else {
                    let id = *self.dice.pick(&[CORE, MODEL]);
                    Concepts::Expression(SubExpression::plain(Focus::Concept(self.reference(id))))
                };
                CommonFilter::Module { equal, modules }
            }
            1 => CommonFilter::EffectiveTime {
                order: *self.dice.pick(&ORDERS),
                dates: self.several(1, |maker| {
                    *maker.dice.pick(&[Some(20_020_131), Some(20_200_731), Some(20_240_101), None])
                }),
            },
            _ => CommonFilter::Active {
                equal,
                value: *self.dice.pick(&[Some(true), Some(false), None]),
            },
        }
    }

    fn concept_filter(&mut self, depth: usize) -> ConceptFilter {
        let equal = !self.dice.one_in(3);
        match self.dice.roll(4) {
            0 => ConceptFilter::DefinitionStatus {
                equal,
                defined: self.several(1, |maker| maker.dice.one_in(2)),
            },
            1 => {
                let id = *self.dice.pick(&[PRIMITIVE, DEFINED]);
                let statuses = Concepts::Expression(SubExpression::plain(Focus::Concept(self.reference(id))));
                ConceptFilter::DefinitionStatusId { equal, statuses }
            }
            _ => ConceptFilter::Common(self.common(depth)),
        }
    }

    fn search_term(&mut self) -> SearchTerm {
        if self.dice.one_in(3) {
            let word = *self.dice.pick(&["heart", "att", "Men", "ease"]);
            let sign = *self.dice.pick(&["-", " ", "é", "t-", "è", "t é", "/"]);
            return SearchTerm::Wild(match self.dice.roll(6) {
                3 => vec![String::new(), sign.to_owned(), String::new()],
                4 => vec![String::new(), sign.to_owned(), word.to_owned()],
                5 => vec![word.to_owned(), sign.to_owned(), sign.to_owned(), String::new()],
                0 => vec![String::new(), word.to_owned(), String::new()],
                1 => vec![word.to_owned(), String::new()],
                _ => vec![word.to_owned()],
            });
        }
        SearchTerm::Match(self.several(1, |maker| {
            let word: Vec<char> = maker.dice.pick(&WORDS).chars().collect();
            let length = maker.dice.roll(word.len()) + 1;
            let start: String = word[..length].iter().collect();
            if maker.dice.one_in(3) {
                start.replace(['é', 'è'], "e").to_uppercase()
            } else {
                start
            }
        }))
    }

    fn acceptability(&mut self) -> Vec<Acceptability> {
        match self.dice.roll(4) {
            0 => vec![Acceptability::Preferred],
            1 => vec![Acceptability::Acceptable],
            2 => vec![Acceptability::Concept(self.reference("900000000000548007"))],
            _ => Vec::new(),
        }
    }

    fn description_filter(&mut self, depth: usize) -> DescriptionFilter {
        let equal = !self.dice.one_in(4);
        match self.dice.roll(8) {
            0 | 1 => DescriptionFilter::Term {
                equal,
                terms: self.several(1, Self::search_term),
            },
            2 => DescriptionFilter::Language {
                equal,
                codes: self.several(1, |maker| (*maker.dice.pick(&["en", "sv"])).to_owned()),
            },
            3 => DescriptionFilter::Type {
                equal,
                types: self.several(1, |maker| {
                    *maker.dice.pick(&[
                        DescriptionType::Synonym,
                        DescriptionType::FullySpecifiedName,
                        DescriptionType::Definition,
                    ])
                }),
            },
            4 => DescriptionFilter::TypeId {
                equal,
                types: Concepts::Listed(vec![
                    self.reference(SYNONYM),
                    self.reference(if equal { NAME } else { DEFINITION }),
                ]),
            },
            5 => {
                let dialects = match self.dice.roll(3) {
                    0 => Dialects::Expression(SubExpression::plain(Focus::Concept(self.reference(GB)))),
                    1 => Dialects::Ids(vec![
                        (self.reference(GB), self.acceptability()),
                        (self.reference(US), self.acceptability()),
                    ]),
                    _ => Dialects::Aliases(self.several(1, |maker| {
                        let name = (*maker.dice.pick(&["en-gb", "en-us"])).to_owned();
                        let span = Span::default();
                        (Alias { span, name }, maker.acceptability())
                    })),
                };
                DescriptionFilter::Dialect {
                    equal,
                    dialects,
                    acceptability: self.acceptability(),
                }
            }
            6 => {
                let terms: Vec<String> = self
                    .world
                    .concepts
                    .values()
                    .flat_map(|concept| concept.terms.iter().map(|term| term.id.clone()))
                    .collect();
                DescriptionFilter::Id {
                    equal,
                    ids: self.several(2, |maker| maker.dice.pick(&terms).clone()),
                }
            }
            _ => DescriptionFilter::Common(self.common(depth)),
        }
    }

    fn name(&mut self, depth: usize) -> SubExpression {
        match self.dice.roll(10) {
            0 => SubExpression::plain(Focus::Any),
            1 => SubExpression::plain(Focus::Concept(self.reference(IS_A))),
            2 | 3 => {
                let mut below = SubExpression::plain(Focus::Concept(self.reference(ATTRIBUTES)));
                below.operator = Some(Hierarchy::DescendantOf);
                below
            }
            4 if depth > 0 => {
                let (a, b) = (self.name(0), self.name(0));
                SubExpression::plain(Focus::Nested(Box::new(Expression::Compound {
                    operator: SetOperator::Or,
                    operands: vec![a, b],
                })))
            }
            _ => {
                let id = self.dice.pick(&self.world.attributes).clone();
                let mut name = SubExpression::plain(Focus::Concept(self.reference(&id)));
                if self.dice.one_in(3) {
                    name.operator = Some(*self.dice.pick(&[Hierarchy::DescendantOrSelfOf, Hierarchy::AncestorOrSelfOf]));
                }
                name
            }
        }
    }

    fn cardinality(&mut self) -> Option<Cardinality> {
        if !self.dice.one_in(3) {
            return None;
        }
        let minimum = self.dice.roll(3) as u64;
        let maximum = match self.dice.roll(3) {
            0 => None,
            _ => Some(minimum + self.dice.roll(3) as u64),
        };
        Some(Cardinality { minimum, maximum })
    }

    fn refinement(&mut self, depth: usize, groups: bool) -> Refinement {
        match self.dice.roll(if depth == 0 { 4 } else { 7 }) {
            0 if groups => Refinement::Group(Box::new(Group {
                span: Span::default(),
                cardinality: self.cardinality(),
                set: self.refinement(depth.saturating_sub(1).max(1), false),
            })),
            4 | 5 => {
                let mut parts = vec![self.refinement(depth - 1, groups), self.refinement(depth - 1, groups)];
                if self.dice.one_in(3) {
                    parts.push(self.refinement(depth - 1, groups));
                }
                if self.dice.one_in(2) {
                    Refinement::And(parts)
                } else {
                    Refinement::Or(parts)
                }
            }
            _ => self.attribute(depth),
        }
    }

    fn attribute(&mut self, depth: usize) -> Refinement {
        let equal = !self.dice.one_in(3);
        let reverse = self.dice.one_in(6);
        let comparison = match self.dice.roll(if reverse { 5 } else { 8 }) {
            5 => Comparison::Number {
                order: *self.dice.pick(&ORDERS),
                value: (*self.dice.pick(&["0", "1", "1.0", "-1", "2.5", "+3"])).to_owned(),
            },
            6 => Comparison::Text {
                equal,
                terms: self.several(1, |maker| match maker.dice.roll(3) {
                    0 => SearchTerm::Exact("beta".into()),
                    1 => SearchTerm::Exact("a \"b\" \\ * c".into()),
                    _ => SearchTerm::Wild(vec!["al".into(), "a".into()]),
                }),
            },
            7 => Comparison::Boolean {
                equal,
                value: self.dice.one_in(2),
            },
            _ => Comparison::Concepts {
                equal,
                value: self.value(depth),
            },
        };
        Refinement::Attribute(Box::new(Attribute {
            span: Span::default(),
            cardinality: self.cardinality(),
            reverse,
            name: self.name(depth),
            comparison,
        }))
    }
}

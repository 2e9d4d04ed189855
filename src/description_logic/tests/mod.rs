//! The model against the completion rules of the textbook, over ontologies made by chance.

mod at_rest;
mod completion;
mod random;
mod world;

use super::description::Names;
use super::owl::ClassExpression;
use super::{Description, Filler, Model, Ontology, Role, Value};
use crate::testing::Dice;
use completion::Completion;
use proptest::prelude::*;
use random::Random;
use tern_index::read::CodeSystemIndex;

/// What an expression of the tests says, as an expression of SNOMED CT would say it.
fn description(index: &CodeSystemIndex, expression: &ClassExpression) -> Description {
    Description::of(&Names::of(index), expression).expect("the tests name only what there is")
}

/// A description as an expression again.
fn expression(index: &CodeSystemIndex, description: &Description) -> ClassExpression {
    let mut parts: Vec<ClassExpression> = Vec::new();
    parts.extend(
        description
            .names
            .iter()
            .map(|name| ClassExpression::Class(index.code(*name).to_owned())),
    );
    for (role, filler) in &description.roles {
        let name = role
            .concept()
            .map_or(super::description::ROLE_GROUP, |concept| index.code(concept));
        parts.push(match filler {
            Filler::Description(inner) => {
                ClassExpression::ObjectSomeValuesFrom(name.to_owned(), Box::new(expression(index, inner)))
            }
            Filler::Value(Value::Number(number)) => ClassExpression::DataHasValue(name.to_owned(), random::number(number)),
            Filler::Value(_) => unreachable!("the tests have numbers only"),
        });
    }
    match parts.len() {
        1 => parts.remove(0),
        _ => ClassExpression::ObjectIntersectionOf(parts),
    }
}

/// An ontology with its index, if no two of its concepts are the same.
struct Case {
    random: Random,
    index: CodeSystemIndex,
    ontology: Ontology,
}

impl Case {
    /// Every other one has its axioms at rest.
    fn new(dice: &mut Dice, axioms: bool) -> Option<Self> {
        let random = Random::new(dice, axioms);
        let (plain, kept) = world::indexes(&random, axioms)?;
        let index = if dice.one_in(2) { kept } else { plain };
        let ontology = Ontology::of(&index);
        Some(Self { random, index, ontology })
    }

    fn model(&self, description: &Description) -> Model {
        Model::of(&self.index, &self.ontology, description).unwrap()
    }

    /// Asks everything of two expressions of both, and compares.
    fn compare(&self, left: &ClassExpression, right: &ClassExpression) {
        let (a, b) = (description(&self.index, left), description(&self.index, right));
        let mut completion = Completion::new(&self.random.axioms);
        let (x, y) = (completion.name(left), completion.name(right));
        let mut model = self.model(&a);
        let form = model.normal_form(&self.index, &self.ontology).unwrap();
        let z = completion.name(&expression(&self.index, &form));
        if completion.full {
            return;
        }
        completion.complete();
        let told = || {
            let axioms: Vec<String> = self.random.axioms.iter().map(ToString::to_string).collect();
            format!("{left}\n{right}\nin\n{}", axioms.join("\n"))
        };
        let subsumers = model.subsumers(&self.index);
        for concept in &self.random.concepts {
            let own = self.index.find(concept).unwrap();
            let named = completion.known(concept);
            assert_eq!(
                subsumers.contains(own.0),
                completion.is_below(x, named),
                "is it below {concept}?\n{}",
                told()
            );
            let mut model = self.model(&Description::named(own));
            let found = model.is(&self.index, &self.ontology, &a).unwrap();
            assert_eq!(found, completion.is_below(named, x), "is {concept} below it?\n{}", told());
        }
        let found = model.is(&self.index, &self.ontology, &b).unwrap();
        assert_eq!(found, completion.is_below(x, y), "is it below the other?\n{}", told());
        assert!(
            completion.is_below(x, z) && completion.is_below(z, x),
            "the normal form says something else: {}\n{}",
            expression(&self.index, &form),
            told()
        );
        // With chains, which of two attributes that follow from each other is left is a matter of order.
        if self.ontology.roles.chains().is_empty() {
            let again = self.model(&form).normal_form(&self.index, &self.ontology).unwrap();
            assert_eq!(again, form, "the normal form has a normal form of its own\n{}", told());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]
    /// With axioms: definitions, inclusions of what has no name, chains, transitive and reflexive attributes, numbers.
    #[test]
    fn a_model_knows_what_completion_knows(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        if let Some(case) = Case::new(&mut dice, true) {
            for _ in 0..3 {
                let (left, right) = (case.random.expression(&mut dice, 2), case.random.expression(&mut dice, 2));
                case.compare(&left, &right);
            }
        }
    }

    /// Without: the necessary normal forms of the release are the definitions.
    #[test]
    fn normal_forms_of_the_release_serve_as_definitions(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        if let Some(case) = Case::new(&mut dice, false) {
            for _ in 0..3 {
                let (left, right) = (case.random.expression(&mut dice, 2), case.random.expression(&mut dice, 2));
                case.compare(&left, &right);
            }
        }
    }
}

#[test]
fn most_ontologies_made_by_chance_can_be_used() {
    for axioms in [true, false] {
        let usable = (0..100)
            .filter(|seed| Case::new(&mut Dice(seed * 2 + 1), axioms).is_some())
            .count();
        assert!(usable > 60, "{usable} of 100");
    }
}

#[test]
fn too_much_work_is_refused() {
    let case = (1..).find_map(|seed| Case::new(&mut Dice(seed * 2 + 1), true)).unwrap();
    let name = |number: usize| {
        case.index
            .find(&case.random.concepts[number % case.random.concepts.len()])
            .unwrap()
    };
    let role = Role::attribute(case.index.find(&case.random.grouped[0]).unwrap());
    let group = |number: usize| {
        let roles = vec![(role, Filler::named(name(number)))];
        (
            Role::GROUP,
            Filler::Description(Description {
                names: Vec::new(),
                roles,
            }),
        )
    };
    let many = Description {
        names: vec![name(0)],
        roles: (0..100_000).map(group).collect(),
    };
    assert!(Model::of(&case.index, &case.ontology, &many).is_err());
}

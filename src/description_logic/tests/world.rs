//! The index of an edition as it would be released: classified, with the attributes that each concept has or inherits.

use super::completion::Completion;
use super::random::Random;
use crate::description_logic::derive;
use crate::description_logic::description::ROLE_GROUP;
use crate::description_logic::owl::{Axiom, ClassExpression};
use tern_index::build::{CodeSystemBuilder, Files};
use tern_index::model::{CodeSystemHeader, ConceptOrder};
use tern_index::read::CodeSystemIndex;
use tern_index::record::{At, ConceptRecord, FieldRecord, PropertyRecord, RowRecord, ValueRecord};

const AXIOMS: &str = "733073007";

/// The index as it comes from the records, and as it is kept, with what is worked out of it at rest; `None` if two concepts
/// are the same, which a release never has. With its axioms or without.
pub fn indexes(random: &Random, axioms: bool) -> Option<(CodeSystemIndex, CodeSystemIndex)> {
    let (header, mut files) = files(random, axioms)?;
    let plain = CodeSystemIndex::open(header.clone(), &files).unwrap();
    files.0.extend(derive(&plain).unwrap().0);
    Some((plain, CodeSystemIndex::open(header, &files).unwrap()))
}

/// What a builder makes of the release.
pub fn files(random: &Random, axioms: bool) -> Option<(CodeSystemHeader, Files)> {
    let mut completion = Completion::new(&random.axioms);
    let names: Vec<usize> = random
        .concepts
        .iter()
        .map(|concept| completion.name(&ClassExpression::Class(concept.clone())))
        .collect();
    if completion.full {
        return None;
    }
    completion.complete();
    let below = |one: usize, other: usize| one != other && completion.is_below(names[one], names[other]);
    let all = || 0..names.len();
    if all().any(|one| all().any(|other| below(one, other) && below(other, one))) {
        return None;
    }
    let header = CodeSystemHeader {
        order: ConceptOrder::ByCode,
        ..CodeSystemHeader::new("http://snomed.info/sct", None, "test")
    };
    let mut builder = CodeSystemBuilder::new(header, false);
    for one in all() {
        let code = &random.concepts[one];
        let defined = random
            .axioms
            .iter()
            .any(|axiom| matches!(axiom, Axiom::EquivalentClasses(parts) if parts[0] == ClassExpression::Class(code.clone())));
        concept(&mut builder, code, defined);
        for other in all().filter(|other| below(one, *other)) {
            if !all().any(|between| below(one, between) && below(between, other)) {
                builder.parent(At::default(), code, &random.concepts[other]);
            }
        }
        let mut group = 0;
        for axiom in &random.axioms {
            let (Axiom::EquivalentClasses(_) | Axiom::SubClassOf(..)) = axiom else {
                continue;
            };
            let (name, says) = match axiom {
                Axiom::EquivalentClasses(parts) => (&parts[0], &parts[1]),
                Axiom::SubClassOf(name, says) => (name, says),
                _ => continue,
            };
            let ClassExpression::Class(name) = name else { continue };
            let of = random.concepts.iter().position(|concept| concept == name)?;
            if of == one || below(one, of) {
                relate(&mut builder, code, says, &mut group);
            }
        }
    }
    for attribute in random.grouped.iter().chain(&random.alone).chain(&random.numbers) {
        concept(&mut builder, attribute, false);
    }
    for (below, above) in &random.attribute_below {
        builder.parent(At::default(), below, above);
    }
    concept(&mut builder, AXIOMS, false);
    for (place, axiom) in random.axioms.iter().enumerate().filter(|_| axioms) {
        let text = axiom.to_string();
        let record = RowRecord {
            refset: AXIOMS,
            component: &random.concepts[0],
            must_resolve: true,
            id: place as u128,
            active: true,
            module: AXIOMS,
            effective_time: 20_250_101,
            fields: &[("owlExpression", FieldRecord::String(&text))],
        };
        builder.row(At::default(), &record);
    }
    let (header, files, _) = builder.finish(&mut |_, problem| panic!("{problem:?}")).unwrap();
    Some((header, files))
}

fn concept(builder: &mut CodeSystemBuilder, code: &str, defined: bool) {
    let record = ConceptRecord {
        code,
        active: true,
        ..ConceptRecord::default()
    };
    builder
        .concept(At::default(), record, &mut |_, problem| panic!("{problem:?}"))
        .unwrap();
    property(builder, code, "sufficientlyDefined", 0, ValueRecord::Boolean(defined));
}

fn property(builder: &mut CodeSystemBuilder, code: &str, property: &str, group: u16, value: ValueRecord<'_>) {
    builder.property(At::default(), PropertyRecord::new(code, property, group, value));
}

/// Writes what an axiom gives as relationships.
fn relate(builder: &mut CodeSystemBuilder, code: &str, says: &ClassExpression, group: &mut u16) {
    match says {
        ClassExpression::ObjectIntersectionOf(parts) => parts.iter().for_each(|part| relate(builder, code, part, group)),
        ClassExpression::ObjectSomeValuesFrom(role, inner) if role == ROLE_GROUP => {
            *group += 1;
            match &**inner {
                ClassExpression::ObjectIntersectionOf(parts) => {
                    parts.iter().for_each(|part| row(builder, code, part, *group));
                }
                one => row(builder, code, one, *group),
            }
        }
        ClassExpression::ObjectSomeValuesFrom(..) => row(builder, code, says, 0),
        _ => {}
    }
}

fn row(builder: &mut CodeSystemBuilder, code: &str, says: &ClassExpression, group: u16) {
    match says {
        ClassExpression::ObjectSomeValuesFrom(role, value) => match &**value {
            ClassExpression::Class(value) => property(builder, code, role, group, ValueRecord::Code(value)),
            _ => panic!("definitions of the tests do not nest"),
        },
        ClassExpression::DataHasValue(role, number) => {
            property(builder, code, role, group, ValueRecord::Decimal(&number.value));
        }
        _ => panic!("an attribute was expected"),
    }
}

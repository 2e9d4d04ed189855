//! What an expression means in an edition: its concepts, its attributes with those that its focus brings along, and
//! the concepts that subsume it.
//!
//! Here the names in the expression are found and it becomes a description; what follows from that, by the definitions
//! and axioms of the edition, is the matter of [`description_logic`](crate::description_logic). An expression that only
//! says what it is below (`<<<`) is above nothing. Whether it keeps to the concept model is not asked here.

use super::ast::ConceptReference;
use super::error::{Fault, Kind};
use super::expression::{Attribute, DefinitionStatus, Expression, SubExpression, Value as Stated};
use crate::description_logic::{self, Description, Exhausted, Filler, Model, Ontology, Role, Value};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet};

/// `410662002` and `106237007`: concept model attributes, and all that links concepts.
const ATTRIBUTES: [&str; 2] = ["410662002", "106237007"];
/// Focus concepts and attributes that an expression may have, nested ones included.
const LONGEST: usize = 1_000;

/// An expression that has been understood in an edition.
#[derive(Debug, Clone)]
pub struct Meaning {
    /// The focus concepts.
    pub focus: Vec<Ordinal>,
    /// Whether the expression defines (`===`, or nothing said) rather than describes (`<<<`).
    pub defines: bool,
    /// All groups that it has, with those of the focus concepts; none says less than another. What stands alone is a group
    /// of its own.
    pub groups: Vec<Vec<Row>>,
    /// Concepts that subsume it.
    pub subsumers: ConceptSet,
    description: Description,
    form: Description,
    model: Model,
}

/// An attribute of a group.
#[derive(Debug, Clone)]
pub struct Row {
    /// The attribute.
    pub name: Ordinal,
    /// Its value.
    pub value: RowValue,
}

/// The value of an attribute.
#[derive(Debug, Clone)]
pub enum RowValue {
    /// A concept.
    Concept(Ordinal),
    /// A nested expression.
    Expression(Box<Meaning>),
    /// A number.
    Number(String),
    /// Text.
    Text(String),
    /// True or false.
    Boolean(bool),
}

impl Meaning {
    /// Understands an expression; a fault names what is not known or does not belong where it stands.
    pub fn of(index: &CodeSystemIndex, expression: &Expression) -> Result<Self, Fault> {
        let count = expression.concepts().len();
        if count > LONGEST {
            let message = format!("names {count} concepts, more than the {LONGEST} that are allowed");
            return Err(Fault::new(Kind::Limit, 0, message));
        }
        let ontology = description_logic::ontology(index);
        let description = ontology.grouped(describe(index, &expression.sub)?);
        let mut meaning = Self::of_description(index, &ontology, description).map_err(exhausted)?;
        meaning.focus = expression
            .sub
            .focus
            .iter()
            .map(|concept| find(index, concept))
            .collect::<Result<_, _>>()?;
        meaning.defines = expression.status != Some(DefinitionStatus::SubtypeOf);
        Ok(meaning)
    }

    fn of_description(index: &CodeSystemIndex, ontology: &Ontology, description: Description) -> Result<Self, Exhausted> {
        let mut model = Model::of(index, ontology, &description)?;
        let mut form = model.normal_form(index, ontology)?;
        let groups = match description.name() {
            // What the release says of a concept stays as it says it.
            Some(concept) => groups(index, ontology, &ontology.attributes(index, concept))?,
            None => groups(index, ontology, &form.roles)?,
        };
        form.names = above(index, ontology, &description, form.names)?;
        Ok(Self {
            focus: description.names.clone(),
            defines: true,
            groups,
            subsumers: model.subsumers(index),
            description,
            form,
            model,
        })
    }

    /// Whether it is one concept and nothing more.
    pub fn concept(&self) -> Option<Ordinal> {
        self.description.name()
    }

    /// Its necessary normal form: the closest concepts above it, other than those that mean the same, and all attributes,
    /// none of which says less than another.
    pub fn normal_form(&self) -> &Description {
        &self.form
    }

    /// Whether a concept lies at or below it.
    pub fn subsumes(&self, index: &CodeSystemIndex, concept: Ordinal) -> Result<bool, Fault> {
        let is_within = |focus: &Ordinal| *focus == concept || index.subsumes(*focus, concept);
        if !self.defines || !self.description.names.iter().all(is_within) {
            return Ok(false);
        }
        let ontology = description_logic::ontology(index);
        is(index, &ontology, concept, &self.description).map_err(exhausted)
    }

    /// Whether another expression lies at or below it.
    pub fn covers(&self, index: &CodeSystemIndex, other: &Self) -> Result<bool, Fault> {
        let ontology = description_logic::ontology(index);
        // Asking opens parts of a model, which changes nothing that it says.
        let found = self.defines
            && other
                .model
                .clone()
                .is(index, &ontology, &self.description)
                .map_err(exhausted)?;
        Ok(found)
    }

    /// Whether a concept means the same.
    pub fn equals(&self, index: &CodeSystemIndex, concept: Ordinal) -> Result<bool, Fault> {
        Ok(self.subsumers.contains(concept.0) && self.subsumes(index, concept)?)
    }
}

fn exhausted(exhausted: Exhausted) -> Fault {
    Fault::new(Kind::Limit, 0, exhausted.to_string())
}

fn is(index: &CodeSystemIndex, ontology: &Ontology, concept: Ordinal, description: &Description) -> Result<bool, Exhausted> {
    Model::of(index, ontology, &Description::named(concept))?.is(index, ontology, description)
}

/// The closest concepts above a description, of which `closest` may mean the same as it.
fn above(
    index: &CodeSystemIndex,
    ontology: &Ontology,
    description: &Description,
    closest: Vec<Ordinal>,
) -> Result<Vec<Ordinal>, Exhausted> {
    let mut found: Vec<Ordinal> = Vec::new();
    for concept in closest {
        if is(index, ontology, concept, description)? && index.parents(concept).len() > 0 {
            found.extend(index.parents(concept));
        } else {
            found.push(concept);
        }
    }
    found.sort_by_key(|concept| index.code(*concept));
    found.dedup();
    let all = found.clone();
    found.retain(|concept| !all.iter().any(|other| index.subsumes(*concept, *other)));
    Ok(found)
}

/// Attributes as groups of rows.
fn groups(index: &CodeSystemIndex, ontology: &Ontology, roles: &[(Role, Filler)]) -> Result<Vec<Vec<Row>>, Exhausted> {
    let mut groups = Vec::new();
    for (role, filler) in roles {
        let group = match filler {
            Filler::Description(group) if *role == Role::GROUP => rows(index, ontology, &group.roles)?,
            _ => rows(index, ontology, std::slice::from_ref(&(*role, filler.clone())))?,
        };
        groups.push(group);
    }
    Ok(groups)
}

fn rows(index: &CodeSystemIndex, ontology: &Ontology, roles: &[(Role, Filler)]) -> Result<Vec<Row>, Exhausted> {
    let mut rows = Vec::new();
    for (role, filler) in roles {
        let Some(name) = role.concept() else { continue };
        let value = match filler {
            Filler::Value(Value::Number(number)) => RowValue::Number(number.clone()),
            Filler::Value(Value::Text(text)) => RowValue::Text(text.clone()),
            Filler::Value(Value::Boolean(value)) => RowValue::Boolean(*value),
            Filler::Description(inner) => match inner.name() {
                Some(concept) => RowValue::Concept(concept),
                None => RowValue::Expression(Box::new(Meaning::of_description(index, ontology, inner.clone())?)),
            },
        };
        rows.push(Row { name, value });
    }
    Ok(rows)
}

/// What an expression says, as it says it.
fn describe(index: &CodeSystemIndex, sub: &SubExpression) -> Result<Description, Fault> {
    let names: Result<Vec<Ordinal>, Fault> = sub.focus.iter().map(|concept| find(index, concept)).collect();
    let mut names = names?;
    names.sort_unstable();
    names.dedup();
    let mut roles = Vec::new();
    for attribute in &sub.attributes {
        roles.push(role(index, attribute)?);
    }
    for group in &sub.groups {
        let group: Result<Vec<(Role, Filler)>, Fault> = group.iter().map(|attribute| role(index, attribute)).collect();
        let group = Description {
            names: Vec::new(),
            roles: group?,
        };
        roles.push((Role::GROUP, Filler::Description(group)));
    }
    Ok(Description { names, roles })
}

fn role(index: &CodeSystemIndex, attribute: &Attribute) -> Result<(Role, Filler), Fault> {
    let role = Role::attribute(name(index, &attribute.name)?);
    let filler = match &attribute.value {
        Stated::Concept(concept) => Filler::named(find(index, concept)?),
        Stated::Expression(inner) => Filler::Description(describe(index, inner)?),
        Stated::Number(number) => Filler::Value(Value::number(number)),
        Stated::Text(text) => Filler::Value(Value::Text(text.clone())),
        Stated::Boolean(value) => Filler::Value(Value::Boolean(*value)),
    };
    Ok((role, filler))
}

fn find(index: &CodeSystemIndex, concept: &ConceptReference) -> Result<Ordinal, Fault> {
    let found = index.find_exact(&concept.id);
    found.ok_or_else(|| Fault::new(Kind::Meaning, concept.span.start, format!("Concept {} not found", concept.id)))
}

/// An attribute's name: a concept below those that are attributes.
fn name(index: &CodeSystemIndex, concept: &ConceptReference) -> Result<Ordinal, Fault> {
    let found = find(index, concept)?;
    let mut roots = ATTRIBUTES.iter().filter_map(|root| index.find_exact(root)).peekable();
    // A part of an edition may have no attributes to compare with.
    if roots.peek().is_none() || roots.any(|root| index.subsumes(root, found)) {
        return Ok(found);
    }
    let message = format!(
        "Concept {} is not valid in this context (must be a descendent of one of {})",
        concept.id,
        ATTRIBUTES.join(",")
    );
    Err(Fault::new(Kind::Meaning, concept.span.start, message))
}

//! What an expression means in an edition: its concepts, its attributes with those that its focus brings along, and
//! the concepts that subsume it.
//!
//! Subsumption is structural. Above an expression lies what is above its focus concepts, and every sufficiently
//! defined concept whose parents lie above it and each of whose groups is matched by one of its groups; a value is
//! matched by a value below it. That is what a classifier finds for expressions without nested definitions of roles.
//! What it does not do: property chains and transitive attributes, general concept inclusions, merging an attribute
//! in no group into a group that the focus has, ranges of attributes.

use super::ast::ConceptReference;
use super::error::{Fault, Kind};
use super::expression::{DefinitionStatus, Expression, SubExpression, Value};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet, RelationValue};

/// `410662002` and `106237007`: concept model attributes, and all that links concepts.
const ATTRIBUTES: [&str; 2] = ["410662002", "106237007"];

/// An expression that has been understood in an edition.
#[derive(Debug, Clone)]
pub struct Meaning {
    /// The focus concepts.
    pub focus: Vec<Ordinal>,
    /// Whether the expression defines (`===`, or nothing said) rather than describes (`<<<`).
    pub defines: bool,
    /// Groups that the expression states itself.
    pub stated: Vec<Vec<Row>>,
    /// All groups that it has, with those of the focus concepts; none says less than another.
    pub groups: Vec<Vec<Row>>,
    /// Concepts that subsume it.
    pub subsumers: ConceptSet,
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

impl RowValue {
    /// Whether a value of a concept's definition is at least as general as this.
    fn is_below(&self, index: &CodeSystemIndex, above: RelationValue<'_>) -> bool {
        match (self, above) {
            (Self::Concept(own), RelationValue::Concept(above)) => *own == above || index.subsumes(above, *own),
            (Self::Expression(own), RelationValue::Concept(above)) => own.subsumers.contains(above.0),
            (Self::Number(own), RelationValue::Number(above)) => {
                super::number::Decimal::parse(own) == super::number::Decimal::parse(above)
            }
            (Self::Text(own), RelationValue::Text(above)) => own == above,
            (Self::Boolean(own), RelationValue::Boolean(above)) => *own == above,
            _ => false,
        }
    }

    /// Whether another value is at least as general as this.
    fn is_within(&self, index: &CodeSystemIndex, above: &Self) -> bool {
        match above {
            Self::Concept(above) => self.is_below(index, RelationValue::Concept(*above)),
            Self::Number(above) => self.is_below(index, RelationValue::Number(above)),
            Self::Text(above) => self.is_below(index, RelationValue::Text(above)),
            Self::Boolean(above) => self.is_below(index, RelationValue::Boolean(*above)),
            Self::Expression(above) => match self {
                Self::Expression(own) => above.covers(index, own),
                Self::Concept(own) => above.subsumes(index, *own),
                _ => false,
            },
        }
    }
}

fn is_at_or_below(index: &CodeSystemIndex, concept: Ordinal, above: Ordinal) -> bool {
    concept == above || index.subsumes(above, concept)
}

/// Whether a group says at least as much as another: each attribute of the other has one that is as special.
fn says_as_much(index: &CodeSystemIndex, group: &[Row], other: &[Row]) -> bool {
    other.iter().all(|above| {
        group
            .iter()
            .any(|own| is_at_or_below(index, own.name, above.name) && own.value.is_within(index, &above.value))
    })
}

impl Meaning {
    /// Understands an expression; a fault names what is not known or does not belong where it stands.
    pub fn of(index: &CodeSystemIndex, expression: &Expression) -> Result<Self, Fault> {
        let mut meaning = Self::of_sub(index, &expression.sub)?;
        meaning.defines = expression.status != Some(DefinitionStatus::SubtypeOf);
        Ok(meaning)
    }

    fn of_sub(index: &CodeSystemIndex, sub: &SubExpression) -> Result<Self, Fault> {
        let focus: Result<Vec<Ordinal>, Fault> = sub.focus.iter().map(|concept| find(index, concept)).collect();
        let focus = focus?;
        let alone = sub.attributes.iter().map(std::slice::from_ref);
        let mut stated = Vec::new();
        for group in sub.groups.iter().map(Vec::as_slice).chain(alone) {
            let mut rows = Vec::new();
            for attribute in group {
                rows.push(Row {
                    name: name(index, &attribute.name)?,
                    value: value(index, &attribute.value)?,
                });
            }
            stated.push(rows);
        }
        let mut groups = stated.clone();
        for concept in &focus {
            groups.extend(groups_of(index, *concept));
        }
        let mut meaning = Self {
            groups: without_redundant(index, groups),
            subsumers: ConceptSet::new(),
            defines: true,
            stated,
            focus,
        };
        meaning.classify(index);
        Ok(meaning)
    }

    /// Whether it is one concept and nothing more.
    pub fn concept(&self) -> Option<Ordinal> {
        match self.focus.as_slice() {
            [one] if self.stated.is_empty() => Some(*one),
            _ => None,
        }
    }

    /// Whether a concept lies at or below it: below each focus concept, with every group that it states.
    pub fn subsumes(&self, index: &CodeSystemIndex, concept: Ordinal) -> bool {
        if !self.focus.iter().all(|focus| is_at_or_below(index, concept, *focus)) {
            return false;
        }
        let own = groups_of(index, concept);
        self.stated
            .iter()
            .all(|stated| own.iter().any(|group| says_as_much(index, group, stated)))
    }

    /// Whether another expression lies at or below it.
    pub fn covers(&self, index: &CodeSystemIndex, other: &Self) -> bool {
        self.focus.iter().all(|focus| other.subsumers.contains(focus.0))
            && self
                .stated
                .iter()
                .all(|stated| other.groups.iter().any(|group| says_as_much(index, group, stated)))
    }

    /// Whether a concept means the same.
    pub fn equals(&self, index: &CodeSystemIndex, concept: Ordinal) -> bool {
        self.subsumers.contains(concept.0) && self.subsumes(index, concept)
    }

    /// Finds all that subsumes it: what lies above the focus, then, as long as there is more, defined concepts directly
    /// below what was found.
    fn classify(&mut self, index: &CodeSystemIndex) {
        for focus in &self.focus {
            self.subsumers.insert(focus.0);
            self.subsumers |= index.ancestors(*focus);
        }
        let mut fresh: Vec<u32> = self.subsumers.iter().collect();
        let mut waiting = ConceptSet::new();
        while !fresh.is_empty() {
            for parent in fresh.drain(..) {
                let children = index.children(Ordinal(parent)).map(|child| child.0);
                waiting.extend(children.filter(|child| is_defined(index, Ordinal(*child))));
            }
            waiting -= &self.subsumers;
            let found: ConceptSet = waiting
                .iter()
                .filter(|concept| self.is_under(index, Ordinal(*concept)))
                .collect();
            fresh.extend(&found);
            self.subsumers |= found;
        }
    }

    /// Whether a defined concept subsumes it: all its parents do, and each of its groups is matched. One that has a single
    /// parent and no group would mean no more than that parent; it is not believed to be defined.
    fn is_under(&self, index: &CodeSystemIndex, concept: Ordinal) -> bool {
        if !index.parents(concept).all(|parent| self.subsumers.contains(parent.0)) {
            return false;
        }
        let groups = groups_of(index, concept);
        let says_something = !groups.is_empty() || index.parents(concept).len() > 1;
        let matched = |above: &Vec<Row>| self.groups.iter().any(|own| says_as_much(index, own, above));
        says_something && groups.iter().all(matched)
    }
}

fn is_defined(index: &CodeSystemIndex, concept: Ordinal) -> bool {
    index.is_active(concept) && index.property_text(concept, "sufficientlyDefined") == Some("true")
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

fn value(index: &CodeSystemIndex, value: &Value) -> Result<RowValue, Fault> {
    Ok(match value {
        Value::Concept(concept) => RowValue::Concept(find(index, concept)?),
        Value::Expression(inner) => RowValue::Expression(Box::new(Meaning::of_sub(index, inner)?)),
        Value::Number(number) => RowValue::Number(number.clone()),
        Value::Text(text) => RowValue::Text(text.clone()),
        Value::Boolean(value) => RowValue::Boolean(*value),
    })
}

/// The groups of a concept; an attribute in group 0 is a group of its own.
fn groups_of(index: &CodeSystemIndex, concept: Ordinal) -> Vec<Vec<Row>> {
    let codes: Vec<&str> = index.property_codes().collect();
    let refsets = index.refsets();
    let mut groups: Vec<(u16, Vec<Row>)> = Vec::new();
    for relation in index.relations(concept) {
        let code = codes.get(relation.property as usize).copied().unwrap_or("");
        let is_attribute = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        let Some(name) = Some(code).filter(|_| is_attribute).and_then(|code| index.find_exact(code)) else {
            continue;
        };
        if refsets.contains(name.0) {
            continue;
        }
        let value = match relation.value {
            RelationValue::Concept(target) => RowValue::Concept(target),
            RelationValue::Number(number) => RowValue::Number(number.to_owned()),
            RelationValue::Text(text) => RowValue::Text(text.to_owned()),
            RelationValue::Boolean(value) => RowValue::Boolean(value),
            RelationValue::Other(_) => continue,
        };
        let row = Row { name, value };
        match groups
            .iter_mut()
            .find(|(number, _)| *number == relation.group && relation.group > 0)
        {
            Some((_, rows)) => rows.push(row),
            None => groups.push((relation.group, vec![row])),
        }
    }
    groups.into_iter().map(|(_, rows)| rows).collect()
}

/// Leaves out groups that say no more than another; of equal ones the first stays.
fn without_redundant(index: &CodeSystemIndex, groups: Vec<Vec<Row>>) -> Vec<Vec<Row>> {
    let mut kept: Vec<Vec<Row>> = Vec::new();
    for group in groups {
        if kept.iter().any(|other| says_as_much(index, other, &group)) {
            continue;
        }
        kept.retain(|other| !says_as_much(index, &group, other));
        kept.push(group);
    }
    kept
}

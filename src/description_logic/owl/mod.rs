//! Axioms of SNOMED CT in OWL functional syntax, as the OWL expression reference sets have them: text -> tree -> text.
//!
//! It is the part of OWL 2 EL that SNOMED CT uses: subclass and equivalence axioms over intersections, existential
//! restrictions and concrete values, axioms on properties, and the prefixes and name of the ontology. Names are concepts
//! (`:64572001`, or the whole URI). What the axioms mean is not known here: that is [`ontology`](super::ontology).

mod parser;
mod print;
#[cfg(test)]
mod tests;

use crate::ecl::EclError;

/// Bytes of a statement at most: the longest of a release have some thousand.
pub const LONGEST: usize = 1 << 18;
/// Levels of nesting at most: those of a release have five.
pub const DEEPEST: usize = 64;

/// One row of an OWL expression reference set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Something that is so.
    Axiom(Axiom),
    /// `Prefix(:=<http://snomed.info/id/>)`
    Prefix {
        /// The prefix without its colon; empty for the one that concepts have.
        name: String,
        /// What it stands for.
        iri: String,
    },
    /// `Ontology(<http://snomed.info/sct/900000000000207008>)`
    Ontology {
        /// Its name, and that of its version.
        iris: Vec<String>,
    },
}

/// Something that is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Axiom {
    /// The first is below the second.
    SubClassOf(ClassExpression, ClassExpression),
    /// All of them, at least two, are the same.
    EquivalentClasses(Vec<ClassExpression>),
    /// What is linked by the chain (of one property or more) is linked by the other property.
    SubObjectPropertyOf {
        /// Properties that follow each other.
        chain: Vec<String>,
        /// What they amount to.
        property: String,
    },
    /// The first property says what the second does, and more; its values are numbers or text.
    SubDataPropertyOf(String, String),
    /// The same of annotations, which mean nothing to logic.
    SubAnnotationPropertyOf(String, String),
    /// A chain of two is the property again.
    TransitiveObjectProperty(String),
    /// Everything is linked to itself.
    ReflexiveObjectProperty(String),
}

/// What a thing may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClassExpression {
    /// A concept.
    Class(String),
    /// All of them at once, at least two.
    ObjectIntersectionOf(Vec<ClassExpression>),
    /// It has such a property with such a value.
    ObjectSomeValuesFrom(String, Box<ClassExpression>),
    /// It has this property with this number or text.
    DataHasValue(String, Literal),
}

/// A number or text with its type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Literal {
    /// As it is written.
    pub value: String,
    /// What it is.
    pub datatype: Datatype,
}

/// What a literal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Datatype {
    /// `xsd:decimal`, also `float` and `double`, which SNOMED CT writes as decimals.
    Decimal,
    /// `xsd:integer`
    Integer,
    /// `xsd:string`
    String,
    /// `xsd:boolean`
    Boolean,
}

impl Statement {
    /// Reads a statement; a fault has its place in the text and says what was expected.
    pub fn parse(text: &str) -> Result<Self, EclError> {
        parser::parse(text)
    }
}

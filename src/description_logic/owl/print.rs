//! Tree to text, as the releases write it: one blank between operands, none elsewhere.

use super::{Axiom, ClassExpression, Datatype, Literal, Statement};
use std::fmt::{self, Display, Formatter};

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Axiom(axiom) => axiom.fmt(f),
            Self::Prefix { name, iri } => write!(f, "Prefix({name}:=<{iri}>)"),
            Self::Ontology { iris } => {
                let iris: Vec<String> = iris.iter().map(|iri| format!("<{iri}>")).collect();
                write!(f, "Ontology({})", iris.join(" "))
            }
        }
    }
}

impl Display for Axiom {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubClassOf(below, above) => write!(f, "SubClassOf({below} {above})"),
            Self::EquivalentClasses(parts) => operands(f, "EquivalentClasses", parts),
            Self::SubObjectPropertyOf { chain, property } => match chain.as_slice() {
                [one] => write!(f, "SubObjectPropertyOf(:{one} :{property})"),
                many => {
                    let chain: Vec<String> = many.iter().map(|name| format!(":{name}")).collect();
                    write!(f, "SubObjectPropertyOf(ObjectPropertyChain({}) :{property})", chain.join(" "))
                }
            },
            Self::SubDataPropertyOf(below, above) => write!(f, "SubDataPropertyOf(:{below} :{above})"),
            Self::SubAnnotationPropertyOf(below, above) => write!(f, "SubAnnotationPropertyOf(:{below} :{above})"),
            Self::TransitiveObjectProperty(property) => write!(f, "TransitiveObjectProperty(:{property})"),
            Self::ReflexiveObjectProperty(property) => write!(f, "ReflexiveObjectProperty(:{property})"),
        }
    }
}

fn operands(f: &mut Formatter<'_>, word: &str, parts: &[ClassExpression]) -> fmt::Result {
    write!(f, "{word}(")?;
    for (place, part) in parts.iter().enumerate() {
        let blank = if place > 0 { " " } else { "" };
        write!(f, "{blank}{part}")?;
    }
    write!(f, ")")
}

impl Display for ClassExpression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(name) => write!(f, ":{name}"),
            Self::ObjectIntersectionOf(parts) => operands(f, "ObjectIntersectionOf", parts),
            Self::ObjectSomeValuesFrom(property, value) => write!(f, "ObjectSomeValuesFrom(:{property} {value})"),
            Self::DataHasValue(property, value) => write!(f, "DataHasValue(:{property} {value})"),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.value.replace('\\', "\\\\").replace('"', "\\\"");
        let datatype = match self.datatype {
            Datatype::Decimal => "decimal",
            Datatype::Integer => "integer",
            Datatype::String => "string",
            Datatype::Boolean => "boolean",
        };
        write!(f, "\"{value}\"^^xsd:{datatype}")
    }
}

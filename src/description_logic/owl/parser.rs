//! Text to tree: one function for each production of the functional syntax that SNOMED CT uses.

use super::{Axiom, ClassExpression, DEEPEST, Datatype, LONGEST, Literal, Statement};
use crate::ecl::EclError;
use crate::ecl::error::{Fault, Kind};
use crate::ecl::grammar::cursor::{Cursor, Read, unescaped};

/// What `:` stands for.
const CONCEPTS: &str = "http://snomed.info/id/";

pub(super) fn parse(text: &str) -> Result<Statement, EclError> {
    if text.len() > LONGEST {
        let message = format!("is {} bytes long, more than the {LONGEST} that are allowed", text.len());
        return Err(Fault::new(Kind::Limit, 0, message).in_text(""));
    }
    let mut cursor = Cursor::new(text, DEEPEST);
    statement(&mut cursor).map_err(|fault| fault.in_text(text))
}

fn statement(cursor: &mut Cursor<'_>) -> Read<Statement> {
    cursor.blanks()?;
    let read = match cursor.word() {
        "Prefix" => prefix,
        "Ontology" => ontology,
        "SubClassOf" => sub_class_of,
        "EquivalentClasses" => equivalent_classes,
        "SubObjectPropertyOf" => sub_object_property_of,
        "SubDataPropertyOf" => sub_data_property_of,
        "SubAnnotationPropertyOf" => sub_annotation_property_of,
        "TransitiveObjectProperty" => transitive,
        "ReflexiveObjectProperty" => reflexive,
        _ => return cursor.expected("an axiom that SNOMED CT uses, such as SubClassOf or EquivalentClasses"),
    };
    open(cursor)?;
    let statement = read(cursor)?;
    close(cursor)?;
    if !cursor.is_done() {
        return cursor.expected("the end of the statement");
    }
    Ok(statement)
}

/// Takes the word that was looked at, and the bracket behind it.
fn open(cursor: &mut Cursor<'_>) -> Read<()> {
    let word = cursor.word().len();
    cursor.advance(word);
    cursor.blanks()?;
    cursor.need("(")?;
    cursor.blanks()?;
    Ok(())
}

fn close(cursor: &mut Cursor<'_>) -> Read<()> {
    cursor.blanks()?;
    cursor.need(")")?;
    cursor.blanks()?;
    Ok(())
}

fn prefix(cursor: &mut Cursor<'_>) -> Read<Statement> {
    let name = cursor.name().to_owned();
    cursor.advance(name.len());
    cursor.need(":")?;
    cursor.blanks()?;
    cursor.need("=")?;
    cursor.blanks()?;
    Ok(Statement::Prefix { name, iri: iri(cursor)? })
}

fn ontology(cursor: &mut Cursor<'_>) -> Read<Statement> {
    let mut iris = Vec::new();
    while cursor.peek() == b'<' {
        iris.push(iri(cursor)?);
        cursor.blanks()?;
    }
    Ok(Statement::Ontology { iris })
}

/// `<...>`, without the brackets.
fn iri(cursor: &mut Cursor<'_>) -> Read<String> {
    let start = cursor.at();
    cursor.need("<")?;
    let rest = cursor.rest();
    let length = rest.find(['>', '<', ' ', '\n', '\t', '"']);
    match length.filter(|length| rest.as_bytes().get(*length) == Some(&b'>')) {
        Some(length) => {
            let iri = rest.get(..length).unwrap_or("").to_owned();
            cursor.advance(length + 1);
            Ok(iri)
        }
        None => cursor.wrong(start, "the URI that starts here has no end; expected >"),
    }
}

/// A concept: `:123`, or its whole URI.
fn name(cursor: &mut Cursor<'_>) -> Read<String> {
    let start = cursor.at();
    if cursor.take(":") {
        return cursor.sctid();
    }
    if cursor.peek() != b'<' {
        return cursor.expected("a concept such as :64572001");
    }
    let iri = iri(cursor)?;
    let id = iri.strip_prefix(CONCEPTS).unwrap_or("");
    let sound = (6..=18).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
    if sound {
        return Ok(id.to_owned());
    }
    cursor.wrong(
        start,
        format!("expected a concept: a URI that is {CONCEPTS} and an identifier"),
    )
}

fn sub_class_of(cursor: &mut Cursor<'_>) -> Read<Statement> {
    let below = class_expression(cursor)?;
    cursor.blanks()?;
    let above = class_expression(cursor)?;
    Ok(Statement::Axiom(Axiom::SubClassOf(below, above)))
}

fn equivalent_classes(cursor: &mut Cursor<'_>) -> Read<Statement> {
    Ok(Statement::Axiom(Axiom::EquivalentClasses(at_least_two(cursor)?)))
}

fn sub_object_property_of(cursor: &mut Cursor<'_>) -> Read<Statement> {
    let mut chain = Vec::new();
    if cursor.word() == "ObjectPropertyChain" {
        open(cursor)?;
        while chain.len() < 2 || cursor.peek() != b')' {
            chain.push(name(cursor)?);
            cursor.blanks()?;
        }
        close(cursor)?;
    } else {
        chain.push(name(cursor)?);
        cursor.blanks()?;
    }
    let property = name(cursor)?;
    Ok(Statement::Axiom(Axiom::SubObjectPropertyOf { chain, property }))
}

/// Two properties.
fn pair(cursor: &mut Cursor<'_>) -> Read<(String, String)> {
    let below = name(cursor)?;
    cursor.blanks()?;
    Ok((below, name(cursor)?))
}

fn sub_data_property_of(cursor: &mut Cursor<'_>) -> Read<Statement> {
    let (below, above) = pair(cursor)?;
    Ok(Statement::Axiom(Axiom::SubDataPropertyOf(below, above)))
}

fn sub_annotation_property_of(cursor: &mut Cursor<'_>) -> Read<Statement> {
    let (below, above) = pair(cursor)?;
    Ok(Statement::Axiom(Axiom::SubAnnotationPropertyOf(below, above)))
}

fn transitive(cursor: &mut Cursor<'_>) -> Read<Statement> {
    Ok(Statement::Axiom(Axiom::TransitiveObjectProperty(name(cursor)?)))
}

fn reflexive(cursor: &mut Cursor<'_>) -> Read<Statement> {
    Ok(Statement::Axiom(Axiom::ReflexiveObjectProperty(name(cursor)?)))
}

fn at_least_two(cursor: &mut Cursor<'_>) -> Read<Vec<ClassExpression>> {
    let mut parts = Vec::new();
    while parts.len() < 2 || cursor.peek() != b')' {
        parts.push(class_expression(cursor)?);
        cursor.blanks()?;
    }
    Ok(parts)
}

fn class_expression(cursor: &mut Cursor<'_>) -> Read<ClassExpression> {
    cursor.enter()?;
    let made = match cursor.word() {
        "ObjectIntersectionOf" => {
            open(cursor)?;
            let parts = at_least_two(cursor)?;
            close(cursor)?;
            ClassExpression::ObjectIntersectionOf(parts)
        }
        "ObjectSomeValuesFrom" => {
            open(cursor)?;
            let property = name(cursor)?;
            cursor.blanks()?;
            let value = class_expression(cursor)?;
            close(cursor)?;
            ClassExpression::ObjectSomeValuesFrom(property, Box::new(value))
        }
        "DataHasValue" => {
            open(cursor)?;
            let property = name(cursor)?;
            cursor.blanks()?;
            let value = literal(cursor)?;
            close(cursor)?;
            ClassExpression::DataHasValue(property, value)
        }
        "" if matches!(cursor.peek(), b':' | b'<') => ClassExpression::Class(name(cursor)?),
        _ => return cursor.expected("a concept, ObjectIntersectionOf, ObjectSomeValuesFrom or DataHasValue"),
    };
    cursor.leave();
    Ok(made)
}

/// `"600"^^xsd:decimal`; text needs no type.
fn literal(cursor: &mut Cursor<'_>) -> Read<Literal> {
    let start = cursor.at();
    let value = unescaped(cursor.quoted()?);
    let mut datatype = Datatype::String;
    if cursor.take("^^") {
        cursor.need("xsd:")?;
        datatype = match cursor.word() {
            "decimal" | "float" | "double" => Datatype::Decimal,
            "integer" | "int" | "long" => Datatype::Integer,
            "string" => Datatype::String,
            "boolean" => Datatype::Boolean,
            _ => return cursor.expected("a type: decimal, integer, string or boolean"),
        };
        cursor.advance(cursor.word().len());
    }
    let sound = match datatype {
        Datatype::Decimal => is_number(&value),
        Datatype::Integer => is_number(&value) && !value.contains('.'),
        Datatype::Boolean => matches!(value.as_str(), "true" | "false"),
        Datatype::String => true,
    };
    if !sound {
        return cursor.wrong(
            start,
            format!("\"{}\" is not of the type that it is given", value.escape_debug()),
        );
    }
    Ok(Literal { value, datatype })
}

fn is_number(text: &str) -> bool {
    crate::ecl::number::Decimal::parse(text).is_some()
}

//! Post-coordinated expressions: the SNOMED CT compositional grammar, read and printed.
//!
//! `===` and `<<<`, several focus concepts, groups, nested expressions, numbers, texts and truth values. It knows no
//! concepts: whether they exist and may stand where they stand is [`meaning`](super::meaning).

use super::Limits;
use super::ast::{ConceptReference, Span};
use super::error::{EclError, Fault, Kind};
use super::grammar::cursor::{Cursor, Read, unescaped};

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// What is said of how it relates to what it is used for.
    pub status: Option<DefinitionStatus>,
    /// Its focus and refinement.
    pub sub: SubExpression,
}

/// Whether an expression defines or only describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionStatus {
    /// `===`
    EquivalentTo,
    /// `<<<`
    SubtypeOf,
}

/// Focus concepts and what refines them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubExpression {
    /// At least one.
    pub focus: Vec<ConceptReference>,
    /// Attributes in no group.
    pub attributes: Vec<Attribute>,
    /// Attributes in groups.
    pub groups: Vec<Vec<Attribute>>,
}

/// An attribute with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: ConceptReference,
    /// Its value.
    pub value: Value,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A concept.
    Concept(ConceptReference),
    /// An expression in brackets.
    Expression(Box<SubExpression>),
    /// A number as it is written, without `#`.
    Number(String),
    /// Text.
    Text(String),
    /// True or false.
    Boolean(bool),
}

/// Whether a code may be meant as an expression: it is no plain identifier, but begins as expressions do.
pub fn may_be_expression(code: &str) -> bool {
    let start = code.trim_start().trim_start_matches(['=', '<']).trim_start();
    let digits = start.bytes().take_while(u8::is_ascii_digit).count();
    let next = start.get(digits..).map(str::trim_start).unwrap_or("");
    digits >= 6 && (next.starts_with([':', '+', '|']) || next.starts_with("/*") || start.len() < code.len())
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, EclError> {
        if text.len() > limits.length {
            let message = format!(
                "is {} bytes long, more than the {} that are allowed",
                text.len(),
                limits.length
            );
            return Err(Fault::new(Kind::Limit, 0, message).in_text(""));
        }
        let mut cursor = Cursor::new(text, limits.depth);
        whole(&mut cursor).map_err(|fault| fault.in_text(text))
    }

    /// Every concept that is named, in order.
    pub fn concepts(&self) -> Vec<&ConceptReference> {
        let mut found = Vec::new();
        self.sub.collect(&mut found);
        found
    }

    /// Prints it without blanks, with the terms that `term` gives.
    pub fn print(&self, term: &dyn Fn(&ConceptReference) -> Option<String>) -> String {
        let mut text = match self.status {
            Some(DefinitionStatus::EquivalentTo) => "===".to_owned(),
            Some(DefinitionStatus::SubtypeOf) => "<<<".to_owned(),
            None => String::new(),
        };
        self.sub.print(&mut text, term);
        text
    }
}

impl SubExpression {
    /// All attributes, whatever their group.
    pub fn all_attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().chain(self.groups.iter().flatten())
    }

    fn collect<'s>(&'s self, found: &mut Vec<&'s ConceptReference>) {
        found.extend(&self.focus);
        for attribute in self.all_attributes() {
            found.push(&attribute.name);
            match &attribute.value {
                Value::Concept(concept) => found.push(concept),
                Value::Expression(inner) => inner.collect(found),
                Value::Number(_) | Value::Text(_) | Value::Boolean(_) => {}
            }
        }
    }

    fn print(&self, text: &mut String, term: &dyn Fn(&ConceptReference) -> Option<String>) {
        for (place, concept) in self.focus.iter().enumerate() {
            if place > 0 {
                text.push('+');
            }
            print_concept(concept, text, term);
        }
        let mut between = ':';
        if !self.attributes.is_empty() {
            text.push(between);
            between = ',';
            print_set(&self.attributes, text, term);
        }
        for group in &self.groups {
            text.push(between);
            between = ',';
            text.push('{');
            print_set(group, text, term);
            text.push('}');
        }
    }
}

fn print_concept(concept: &ConceptReference, text: &mut String, term: &dyn Fn(&ConceptReference) -> Option<String>) {
    text.push_str(&concept.id);
    if let Some(term) = term(concept) {
        text.push('|');
        text.push_str(&term);
        text.push('|');
    }
}

fn print_set(set: &[Attribute], text: &mut String, term: &dyn Fn(&ConceptReference) -> Option<String>) {
    for (place, attribute) in set.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        print_concept(&attribute.name, text, term);
        text.push('=');
        match &attribute.value {
            Value::Concept(concept) => print_concept(concept, text, term),
            Value::Expression(inner) => {
                text.push('(');
                inner.print(text, term);
                text.push(')');
            }
            Value::Number(number) => {
                text.push('#');
                text.push_str(number);
            }
            Value::Text(value) => {
                text.push('"');
                for character in value.chars() {
                    if matches!(character, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(character);
                }
                text.push('"');
            }
            Value::Boolean(value) => text.push_str(if *value { "true" } else { "false" }),
        }
    }
}

fn whole(cursor: &mut Cursor<'_>) -> Read<Expression> {
    cursor.blanks()?;
    let status = if cursor.take("===") {
        Some(DefinitionStatus::EquivalentTo)
    } else if cursor.take("<<<") {
        Some(DefinitionStatus::SubtypeOf)
    } else {
        None
    };
    cursor.blanks()?;
    let sub = sub_expression(cursor)?;
    cursor.blanks()?;
    if !cursor.is_done() {
        return cursor.expected("\"+\", \":\", \",\" or the end of the expression");
    }
    Ok(Expression { status, sub })
}

fn concept(cursor: &mut Cursor<'_>) -> Read<ConceptReference> {
    let start = cursor.at();
    let id = cursor.sctid()?;
    let span = Span { start, end: cursor.at() };
    let term = cursor.term()?;
    Ok(ConceptReference { span, id, term })
}

/// Takes a symbol with the blanks before and behind it, if it is next.
fn taken(cursor: &mut Cursor<'_>, symbol: &str) -> Read<bool> {
    let before = cursor.at();
    cursor.blanks()?;
    if !cursor.take(symbol) {
        cursor.back_to(before);
        return Ok(false);
    }
    cursor.blanks()?;
    Ok(true)
}

fn sub_expression(cursor: &mut Cursor<'_>) -> Read<SubExpression> {
    cursor.enter()?;
    let mut made = SubExpression {
        focus: vec![concept(cursor)?],
        attributes: Vec::new(),
        groups: Vec::new(),
    };
    while taken(cursor, "+")? {
        made.focus.push(concept(cursor)?);
    }
    if taken(cursor, ":")? {
        refinement(cursor, &mut made)?;
    }
    cursor.leave();
    Ok(made)
}

/// Attributes, then groups, between which commas may be left out.
fn refinement(cursor: &mut Cursor<'_>, made: &mut SubExpression) -> Read<()> {
    loop {
        if cursor.take("{") {
            cursor.blanks()?;
            let mut group = vec![attribute(cursor)?];
            while taken(cursor, ",")? {
                group.push(attribute(cursor)?);
            }
            cursor.blanks()?;
            cursor.need("}")?;
            made.groups.push(group);
        } else if made.groups.is_empty() {
            made.attributes.push(attribute(cursor)?);
        } else {
            return cursor.expected("\"{\": attributes in no group stand before all groups");
        }
        let before = cursor.at();
        let comma = taken(cursor, ",")?;
        if !comma {
            cursor.blanks()?;
            if cursor.peek() != b'{' {
                cursor.back_to(before);
                return Ok(());
            }
        }
    }
}

fn attribute(cursor: &mut Cursor<'_>) -> Read<Attribute> {
    let name = concept(cursor)?;
    cursor.blanks()?;
    cursor.need("=")?;
    cursor.blanks()?;
    let value = match cursor.peek() {
        b'#' => {
            cursor.advance(1);
            Value::Number(cursor.number()?)
        }
        b'"' => Value::Text(unescaped(cursor.quoted()?)),
        b'(' => {
            cursor.advance(1);
            cursor.blanks()?;
            let inner = sub_expression(cursor)?;
            cursor.blanks()?;
            cursor.need(")")?;
            Value::Expression(Box::new(inner))
        }
        _ if cursor.keyword("true") => Value::Boolean(true),
        _ if cursor.keyword("false") => Value::Boolean(false),
        _ => Value::Concept(concept(cursor)?),
    };
    Ok(Attribute { name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        let expression = Expression::parse(text, &Limits::default()).unwrap();
        expression.print(&|concept| concept.term.clone())
    }

    #[test]
    fn expressions_are_printed_without_blanks() {
        for (text, expected) in [
            ("123456 | A b | : { 654321 = 111111 }", "123456|A b|:{654321=111111}"),
            (
                "=== 123456 + 222222 : 654321 = #5.0 , 111111 = \"a \\\" b\"",
                "===123456+222222:654321=#5.0,111111=\"a \\\" b\"",
            ),
            ("123456:654321=(222222:333333=TRUE)", "123456:654321=(222222:333333=true)"),
            (
                "123456: 654321=111111 {654321=222222} {654321=333333}",
                "123456:654321=111111,{654321=222222},{654321=333333}",
            ),
            ("123456", "123456"),
        ] {
            assert_eq!(kept(text), expected);
            assert_eq!(kept(expected), expected);
        }
    }

    #[test]
    fn faults_have_a_place() {
        for (text, column, part) in [
            ("123456:", 8, "an identifier"),
            ("123456:{654321=111111", 22, "\"}\""),
            ("123456:{654321=111111},654321=111111", 24, "before all groups"),
            ("123456 654321", 8, "\"+\""),
            ("12345", 1, "no SNOMED CT identifier"),
        ] {
            let error = Expression::parse(text, &Limits::default()).unwrap_err();
            assert_eq!(error.column, column, "{error}");
            assert!(error.message.contains(part), "{error}");
        }
    }

    #[test]
    fn plain_codes_are_no_expressions() {
        for text in ["123456:654321=111111", "123456 |a|", "123456+654321", "=== 123456"] {
            assert!(may_be_expression(text), "{text}");
        }
        for text in ["123456", "abc", "", "12:3", "A00.1"] {
            assert!(!may_be_expression(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "[0-9|:{}=,+#\"( )a<]{0,60}") {
            if let Ok(expression) = Expression::parse(&text, &Limits::default()) {
                let printed = expression.print(&|concept| concept.term.clone());
                proptest::prop_assert_eq!(Expression::parse(&printed, &Limits::default()).unwrap(), expression);
            }
        }
    }
}

//! Text to tree: one hand-written parser for the brief and the long syntax of ECL 2.2 and 2.3.
//!
//! One function for each rule of the official ABNF that carries meaning. Where the grammar is ambiguous the prose of
//! the specification decides: `AND`, `OR` and `MINUS` do not mix without brackets, in refinements neither. It reads
//! from left to right and looks ahead in two places only (what a bracket in a refinement opens, and whether a bracket
//! opens a list), so that time grows with the length of the text; nesting is bounded before it is entered.
//!
//! It does not know which concepts exist.

pub mod cursor;
mod filters;
mod hints;
mod refinement;

use super::Limits;
use super::ast::{
    AlternateIdentifier, ConceptReference, Expression, Fields, Focus, Hierarchy, RefsetOperator, SetOperator, Span, SubExpression,
};
use super::error::{EclError, Fault, Kind};
use cursor::{Cursor, Read};

/// Reads an expression constraint.
pub fn parse(text: &str, limits: &Limits) -> Result<Expression, EclError> {
    if text.len() > limits.length {
        let message = format!(
            "is {} bytes long, more than the {} that are allowed; split it, or raise the limit",
            text.len(),
            limits.length
        );
        return Err(Fault::new(Kind::Limit, 0, message).in_text(text.get(..0).unwrap_or("")));
    }
    let mut parser = Parser {
        cursor: Cursor::new(text, limits.depth),
        brackets: None,
        text,
    };
    parser.whole().map_err(|fault| hints::hinted(text, fault).in_text(text))
}

pub(super) struct Parser<'t> {
    pub cursor: Cursor<'t>,
    text: &'t str,
    /// Offsets of opening brackets with those of their closing ones, ascending; made when first needed.
    brackets: Option<Vec<(usize, usize)>>,
}

impl Parser<'_> {
    fn whole(&mut self) -> Read<Expression> {
        let expression = self.expression()?;
        if !self.cursor.is_done() {
            return self.cursor.expected(match &expression {
                Expression::Sub(_) => "\":\", \".\", \"AND\", \"OR\", \"MINUS\", a filter in \"{{\" or the end",
                Expression::Refined { .. } => "\",\", \"AND\", \"OR\" or the end (mixed operators need brackets)",
                Expression::Compound {
                    operator: SetOperator::Minus,
                    ..
                } => "the end (more operators after MINUS need brackets)",
                Expression::Compound { .. } => "the same operator or the end (mixed operators need brackets)",
                Expression::Dotted { .. } => "\".\" or the end (other operators need brackets)",
            });
        }
        Ok(expression)
    }

    /// `expressionConstraint`, with the blanks around it.
    pub fn expression(&mut self) -> Read<Expression> {
        self.cursor.blanks()?;
        let first = self.sub_expression()?;
        self.cursor.blanks()?;
        match self.cursor.peek() {
            b':' => {
                self.cursor.advance(1);
                self.cursor.blanks()?;
                let refinement = self.refinement()?;
                self.cursor.blanks()?;
                Ok(Expression::Refined {
                    focus: Box::new(first),
                    refinement,
                })
            }
            b'.' => self.dotted(first),
            _ => self.compound(first),
        }
    }

    fn dotted(&mut self, focus: SubExpression) -> Read<Expression> {
        let mut attributes = Vec::new();
        while self.cursor.take(".") {
            self.cursor.blanks()?;
            attributes.push(self.sub_expression()?);
            self.cursor.blanks()?;
        }
        Ok(Expression::Dotted {
            focus: Box::new(focus),
            attributes,
        })
    }

    fn compound(&mut self, first: SubExpression) -> Read<Expression> {
        let Some(operator) = self.set_operator()? else {
            return Ok(Expression::Sub(Box::new(first)));
        };
        let mut operands = vec![first];
        loop {
            self.cursor.blanks()?;
            operands.push(self.sub_expression()?);
            self.cursor.blanks()?;
            let before = self.cursor.at();
            match self.set_operator()? {
                None => return Ok(Expression::Compound { operator, operands }),
                Some(next) if next == operator && operator != SetOperator::Minus => {}
                Some(_) => {
                    let message = "AND, OR and MINUS do not mix, nor follow MINUS, without brackets that say which goes first";
                    return self.cursor.wrong(before, message);
                }
            }
        }
    }

    /// `conjunction`, `disjunction` or `exclusion`, if one is next.
    fn set_operator(&mut self) -> Read<Option<SetOperator>> {
        if self.cursor.take(",") {
            return Ok(Some(SetOperator::And));
        }
        let keywords = [
            ("and", SetOperator::And),
            ("or", SetOperator::Or),
            ("minus", SetOperator::Minus),
        ];
        for (keyword, operator) in keywords {
            if self.cursor.keyword(keyword) {
                self.blank_after(keyword)?;
                return Ok(Some(operator));
            }
        }
        Ok(None)
    }

    /// A keyword operator is followed by a blank.
    pub fn blank_after(&mut self, keyword: &str) -> Read<()> {
        if !self.cursor.blanks()? {
            return self
                .cursor
                .expected(&format!("a blank after {}", keyword.to_ascii_uppercase()));
        }
        Ok(())
    }

    /// `subExpressionConstraint`
    pub fn sub_expression(&mut self) -> Read<SubExpression> {
        self.cursor.enter()?;
        let start = self.cursor.at();
        let operator = self.hierarchy()?;
        let refset = self.refset_operator()?;
        let focus = self.focus()?;
        let mut made = SubExpression {
            operator,
            refset,
            ..SubExpression::plain(focus)
        };
        self.braces(&mut made)?;
        made.span = Span {
            start,
            end: self.cursor.at(),
        };
        self.cursor.leave();
        Ok(made)
    }

    fn hierarchy(&mut self) -> Read<Option<Hierarchy>> {
        for (operator, brief, long) in Hierarchy::SPELLINGS {
            if self.cursor.take(brief) {
                self.cursor.blanks()?;
                return Ok(Some(operator));
            }
            if self.cursor.name().eq_ignore_ascii_case(long) && !self.is_scheme() {
                self.cursor.advance(long.len());
                self.blank_after(long)?;
                return Ok(Some(operator));
            }
        }
        Ok(None)
    }

    /// Whether the name here is the alias of an identifier scheme, not a keyword.
    pub fn is_scheme(&self) -> bool {
        self.cursor.peek_at(self.cursor.name().len()) == b'#'
    }

    /// Takes a keyword of the long syntax that what it is applied to may follow without a blank: an identifier, or another
    /// keyword.
    fn flag(&mut self, keyword: &str) -> bool {
        let Some((own, rest)) = self.cursor.name().split_at_checked(keyword.len()) else {
            return false;
        };
        let found = !self.is_scheme() && own.eq_ignore_ascii_case(keyword) && (rest.is_empty() || may_follow(rest));
        if found {
            self.cursor.advance(keyword.len());
        }
        found
    }

    fn refset_operator(&mut self) -> Read<Option<RefsetOperator>> {
        if self.flag("refsetContainingAny") {
            self.cursor.blanks()?;
            return Ok(Some(RefsetOperator::Containing));
        }
        if !(self.cursor.take("^") || self.flag("memberOf")) {
            return Ok(None);
        }
        // `^R`, unless the R is that of an identifier scheme: `^R#1`.
        if self.cursor.since(self.cursor.at().saturating_sub(1)) == "^" && self.flag("r") {
            self.cursor.blanks()?;
            return Ok(Some(RefsetOperator::Containing));
        }
        self.cursor.blanks()?;
        if !self.cursor.take("[") {
            return Ok(Some(RefsetOperator::MemberOf(None)));
        }
        self.cursor.blanks()?;
        let fields = if self.cursor.take("*") || self.any_field()? {
            Fields::All
        } else {
            self.field_names()?
        };
        self.cursor.blanks()?;
        self.cursor.need("]")?;
        self.cursor.blanks()?;
        Ok(Some(RefsetOperator::MemberOf(Some(fields))))
    }

    /// Takes `ANY` where it is no field among several.
    fn any_field(&mut self) -> Read<bool> {
        let start = self.cursor.at();
        let found = self.cursor.keyword("any");
        self.cursor.blanks()?;
        if found && self.cursor.peek() != b',' {
            return Ok(true);
        }
        self.cursor.back_to(start);
        Ok(false)
    }

    fn field_names(&mut self) -> Read<Fields> {
        let mut names = Vec::new();
        loop {
            names.push(self.field_name()?);
            let before = self.cursor.at();
            self.cursor.blanks()?;
            if !self.cursor.take(",") {
                self.cursor.back_to(before);
                return Ok(Fields::Named(names));
            }
            self.cursor.blanks()?;
        }
    }

    /// `refsetFieldName`
    pub fn field_name(&mut self) -> Read<String> {
        let word = self.cursor.word();
        if word.is_empty() {
            return self.cursor.expected("the name of a reference set field (letters only)");
        }
        self.cursor.advance(word.len());
        Ok(word.to_owned())
    }

    fn focus(&mut self) -> Read<Focus> {
        match self.cursor.peek() {
            b'*' => {
                self.cursor.advance(1);
                Ok(Focus::Any)
            }
            b'(' => {
                self.cursor.advance(1);
                let inner = self.expression()?;
                if self.cursor.peek() != b')' {
                    return self.cursor.expected("\")\" or an operator that may follow here");
                }
                self.cursor.advance(1);
                Ok(Focus::Nested(Box::new(inner)))
            }
            b'"' => self.quoted_alternate().map(Focus::Alternate),
            digit if digit.is_ascii_digit() => self.concept().map(Focus::Concept),
            _ if self.is_scheme() && !self.cursor.name().is_empty() => self.alternate().map(Focus::Alternate),
            _ if self.cursor.value("any") => Ok(Focus::Any),
            b'<' | b'>' | b'!' => self
                .cursor
                .expected("a concept, \"*\", an alternate identifier or \"(\" (one operator at a time; brackets allow more)"),
            b'^' => self
                .cursor
                .expected("a concept, \"*\" or \"(\" (\"^\" is applied to one reference set or to brackets)"),
            _ => self
                .cursor
                .expected("a concept identifier, \"*\", an alternate identifier (scheme#code) or \"(\""),
        }
    }

    /// `eclConceptReference`
    pub fn concept(&mut self) -> Read<ConceptReference> {
        let start = self.cursor.at();
        let id = self.cursor.sctid()?;
        let span = Span {
            start,
            end: self.cursor.at(),
        };
        let term = self.cursor.term()?;
        Ok(ConceptReference { span, id, term })
    }

    /// `scheme#code` or `scheme#"code"`
    fn alternate(&mut self) -> Read<AlternateIdentifier> {
        let start = self.cursor.at();
        let scheme = self.cursor.name().to_owned();
        self.cursor.advance(scheme.len() + 1);
        let code = if self.cursor.peek() == b'"' {
            self.quoted_code()?
        } else {
            let rest = self.cursor.rest();
            let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            let length = rest.bytes().take_while(inner).count();
            if length == 0 {
                return self.cursor.expected(
                    "an identifier of the scheme, in quotes if it has other than letters, digits, \"-\", \".\" and \"_\"",
                );
            }
            self.cursor.advance(length);
            rest.get(..length).unwrap_or("").to_owned()
        };
        self.alternate_with_term(start, scheme, code)
    }

    fn quoted_code(&mut self) -> Read<String> {
        let start = self.cursor.at();
        let inner = self.cursor.quoted()?;
        if inner.is_empty() || inner.contains('\\') {
            return self
                .cursor
                .wrong(start, "expected an identifier in quotes, without quotes or backslashes in it");
        }
        Ok(inner.to_owned())
    }

    /// `"scheme#code"`
    fn quoted_alternate(&mut self) -> Read<AlternateIdentifier> {
        let start = self.cursor.at();
        let inner = self.quoted_code()?;
        match alternate_parts(&inner) {
            Some((scheme, code)) => self.alternate_with_term(start, scheme.to_owned(), code.to_owned()),
            None => self
                .cursor
                .wrong(start, "expected an alternate identifier between the quotes: \"scheme#code\""),
        }
    }

    fn alternate_with_term(&mut self, start: usize, scheme: String, code: String) -> Read<AlternateIdentifier> {
        let span = Span {
            start,
            end: self.cursor.at(),
        };
        let term = self.cursor.term()?;
        Ok(AlternateIdentifier {
            span,
            scheme,
            code,
            term,
        })
    }

    /// The offset after the bracket that closes the one here.
    fn after_bracket(&mut self) -> Option<usize> {
        let (text, at) = (self.text, self.cursor.at());
        let brackets = self.brackets.get_or_insert_with(|| pairs(text));
        let place = brackets.binary_search_by_key(&at, |(open, _)| *open).ok()?;
        brackets.get(place).map(|(_, close)| close + 1)
    }
}

/// The alias of a scheme and the identifier in it, where text in quotes is made of these.
fn alternate_parts(quoted: &str) -> Option<(&str, &str)> {
    let (scheme, code) = quoted.split_once('#')?;
    let is_alias = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_alias && !code.is_empty() && !code.contains('\\')).then_some((scheme, code))
}

/// Whether what stands right behind a keyword can be what the keyword is applied to.
fn may_follow(rest: &str) -> bool {
    let mut keywords = ["any", "memberOf", "refsetContainingAny"]
        .into_iter()
        .chain(Hierarchy::SPELLINGS.map(|(.., long)| long));
    let starts = |keyword: &str| {
        rest.get(..keyword.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(keyword))
    };
    rest.starts_with(|first: char| first.is_ascii_digit()) || keywords.any(starts)
}

/// Which bracket closes which, comments, terms and strings left out.
fn pairs(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut open, mut found) = (Vec::new(), Vec::new());
    let mut at = 0;
    let skip_to = |from: usize, end: &str| {
        text.get(from..)
            .and_then(|rest| rest.find(end))
            .map(|length| from + length + end.len())
    };
    while let Some(byte) = bytes.get(at) {
        let next = match byte {
            b'|' => skip_to(at + 1, "|"),
            b'/' if bytes.get(at + 1) == Some(&b'*') => skip_to(at + 2, "*/"),
            b'"' => {
                let mut end = at + 1;
                while bytes.get(end).is_some_and(|byte| *byte != b'"') {
                    end += if bytes.get(end) == Some(&b'\\') { 2 } else { 1 };
                }
                Some(end + 1)
            }
            b'(' => {
                open.push(at);
                Some(at + 1)
            }
            b')' => {
                found.extend(open.pop().map(|start| (start, at)));
                Some(at + 1)
            }
            _ => Some(at + 1),
        };
        let Some(next) = next else { break };
        at = next;
    }
    found.sort_unstable();
    found
}

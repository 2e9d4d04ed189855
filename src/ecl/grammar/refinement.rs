//! Refinements: attributes, groups, cardinalities, comparisons.

use super::cursor::{Cursor, Read, unescaped};
use super::{Parser, alternate_parts};
use crate::ecl::ast::{Attribute, Cardinality, Comparison, Group, Order, Refinement, SearchTerm, Span};

impl Parser<'_> {
    /// `eclRefinement`
    pub(super) fn refinement(&mut self) -> Read<Refinement> {
        self.joined(true)
    }

    /// `eclRefinement` or, without groups, `eclAttributeSet`.
    fn joined(&mut self, groups: bool) -> Read<Refinement> {
        self.cursor.enter()?;
        let first = self.part(groups)?;
        let mut parts = vec![first];
        let mut joint: Option<bool> = None;
        loop {
            let before = self.cursor.at();
            self.cursor.blanks()?;
            let here = self.cursor.at();
            let Some(and) = self.conjunction()? else {
                self.cursor.back_to(before);
                break;
            };
            if joint.is_some_and(|joint| joint != and) {
                return self
                    .cursor
                    .wrong(here, "AND and OR do not mix without brackets that say which goes first");
            }
            joint = Some(and);
            self.cursor.blanks()?;
            parts.push(self.part(groups)?);
        }
        self.cursor.leave();
        Ok(match joint {
            Some(true) => Refinement::And(parts),
            Some(false) => Refinement::Or(parts),
            None => parts.swap_remove(0),
        })
    }

    /// True for a conjunction, false for a disjunction.
    fn conjunction(&mut self) -> Read<Option<bool>> {
        if self.cursor.take(",") {
            return Ok(Some(true));
        }
        for (keyword, and) in [("and", true), ("or", false)] {
            if self.cursor.keyword(keyword) {
                self.blank_after(keyword)?;
                return Ok(Some(and));
            }
        }
        Ok(None)
    }

    /// One attribute, group, or refinement in brackets.
    fn part(&mut self, groups: bool) -> Read<Refinement> {
        let start = self.cursor.at();
        if self.cursor.peek() == b'(' && !self.opens_name()? {
            self.cursor.advance(1);
            self.cursor.blanks()?;
            let inner = self.joined(groups)?;
            self.cursor.blanks()?;
            self.cursor.need(")")?;
            return Ok(inner);
        }
        let cardinality = self.cardinality()?;
        if self.cursor.peek() == b'{' {
            if !groups {
                return self.cursor.expected("an attribute (groups do not nest)");
            }
            return self.group(start, cardinality);
        }
        self.attribute(start, cardinality)
    }

    /// Whether the bracket here encloses the name of an attribute: a comparison or a filter follows it.
    fn opens_name(&mut self) -> Read<bool> {
        let Some(after) = self.after_bracket() else {
            return self.cursor.wrong(self.cursor.at(), "this bracket is not closed; expected )");
        };
        let here = self.cursor.at();
        self.cursor.back_to(after);
        self.cursor.blanks()?;
        let found = match self.cursor.peek() {
            b'=' | b'!' | b'<' | b'>' => true,
            b'{' => self.cursor.peek_at(1) == b'{',
            _ => self.cursor.name().eq_ignore_ascii_case("not"),
        };
        self.cursor.back_to(here);
        Ok(found)
    }

    fn cardinality(&mut self) -> Read<Option<Cardinality>> {
        let open = self.cursor.at();
        if !self.cursor.take("[") {
            return Ok(None);
        }
        let minimum = count(&mut self.cursor)?;
        if !self.cursor.take("..") {
            let blank = self.cursor.blanks()?;
            if !blank || !self.cursor.keyword("to") || !self.cursor.blanks()? {
                return self.cursor.expected("\"..\" between the bounds of the cardinality");
            }
        }
        let maximum = if self.cursor.take("*") || self.cursor.keyword("many") {
            None
        } else {
            Some(count(&mut self.cursor)?)
        };
        self.cursor.need("]")?;
        if maximum.is_some_and(|maximum| maximum < minimum) {
            return self
                .cursor
                .wrong(open, "the lower bound of this cardinality is above its upper bound");
        }
        self.cursor.blanks()?;
        Ok(Some(Cardinality { minimum, maximum }))
    }

    fn group(&mut self, start: usize, cardinality: Option<Cardinality>) -> Read<Refinement> {
        self.cursor.need("{")?;
        self.cursor.blanks()?;
        let set = self.joined(false)?;
        self.cursor.blanks()?;
        if self.cursor.peek() != b'}' {
            return self.cursor.expected("\",\", \"AND\", \"OR\" or \"}\"");
        }
        self.cursor.advance(1);
        let span = self.span_from(start);
        Ok(Refinement::Group(Box::new(Group { span, cardinality, set })))
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        Span {
            start,
            end: self.cursor.at(),
        }
    }

    fn attribute(&mut self, start: usize, cardinality: Option<Cardinality>) -> Read<Refinement> {
        let reverse = self.reverse_flag()?;
        let name = self.sub_expression()?;
        self.cursor.blanks()?;
        let comparison = self.attribute_comparison()?;
        Ok(Refinement::Attribute(Box::new(Attribute {
            span: self.span_from(start),
            cardinality,
            reverse,
            name,
            comparison,
        })))
    }

    fn reverse_flag(&mut self) -> Read<bool> {
        let found = self.flag("reverseOf") || self.flag("r");
        if found {
            self.cursor.blanks()?;
        }
        Ok(found)
    }

    /// `= != <> not= < <= > >=`
    pub(super) fn order(&mut self) -> Read<Order> {
        let symbols = [
            ("<=", Order::LessOrEqual),
            ("<>", Order::NotEqual),
            ("<", Order::Less),
            (">=", Order::GreaterOrEqual),
            (">", Order::Greater),
            ("!=", Order::NotEqual),
            ("=", Order::Equal),
        ];
        for (symbol, order) in symbols {
            if self.cursor.take(symbol) {
                self.cursor.blanks()?;
                return Ok(order);
            }
        }
        if self.cursor.keyword("not") {
            self.cursor.blanks()?;
            self.cursor.need("=")?;
            self.cursor.blanks()?;
            return Ok(Order::NotEqual);
        }
        self.cursor
            .expected("a comparison: \"=\", \"!=\", \"<\", \"<=\", \">\" or \">=\"")
    }

    /// `=` or `!=`, as whether equal.
    pub(super) fn equality(&mut self) -> Read<bool> {
        let start = self.cursor.at();
        match self.order()? {
            Order::Equal => Ok(true),
            Order::NotEqual => Ok(false),
            _ => self.cursor.wrong(start, "expected \"=\" or \"!=\" here"),
        }
    }

    fn attribute_comparison(&mut self) -> Read<Comparison> {
        let order = self.order()?;
        let equal = match order {
            Order::Equal => true,
            Order::NotEqual => false,
            _ if self.cursor.peek() == b'#' => return self.number(order),
            _ => return self.cursor.expected("\"#\" and a number after this comparison"),
        };
        match self.cursor.peek() {
            b'#' => self.number(order),
            _ if self.starts_text()? => Ok(Comparison::Text {
                equal,
                terms: self.terms(Plain::Exact)?,
            }),
            _ => match self.boolean() {
                Some(value) => Ok(Comparison::Boolean { equal, value }),
                None => Ok(Comparison::Concepts {
                    equal,
                    value: self.sub_expression()?,
                }),
            },
        }
    }

    pub(super) fn number(&mut self, order: Order) -> Read<Comparison> {
        self.cursor.need("#")?;
        let value = self.cursor.number()?;
        Ok(Comparison::Number { order, value })
    }

    pub(super) fn boolean(&mut self) -> Option<bool> {
        if self.is_scheme() {
            return None;
        }
        [("true", true), ("false", false)]
            .into_iter()
            .find(|(keyword, _)| self.cursor.value(keyword))
            .map(|(_, value)| value)
    }

    /// Whether text follows: a quote, `match:`, `wild:`, or a bracket before one of them.
    pub(super) fn starts_text(&mut self) -> Read<bool> {
        let here = self.cursor.at();
        let alternate = self.starts_alternate();
        self.cursor.back_to(here);
        if alternate.unwrap_or(false) {
            return Ok(false);
        }
        if self.cursor.take("(") {
            self.cursor.blanks()?;
        }
        let found = self.cursor.peek() == b'"' || self.search_type()?.is_some();
        self.cursor.back_to(here);
        Ok(found)
    }

    /// Whether quotes here hold an alternate identifier: something stands behind them that cannot stand behind text.
    fn starts_alternate(&mut self) -> Read<bool> {
        let mut open = 0_usize;
        while self.cursor.take("(") {
            open += 1;
            self.cursor.blanks()?;
        }
        if self.cursor.peek() != b'"' || alternate_parts(self.cursor.quoted()?).is_none() {
            return Ok(false);
        }
        self.cursor.blanks()?;
        if self.cursor.peek() == b'|' {
            return Ok(true);
        }
        let joins = |name: &str| ["and", "or", "minus"].iter().any(|word| name.eq_ignore_ascii_case(word));
        if open > 0 && (matches!(self.cursor.peek(), b'.' | b':' | b',') || joins(self.cursor.name())) {
            return Ok(true);
        }
        while open > 0 && self.cursor.take(")") {
            open -= 1;
            self.cursor.blanks()?;
        }
        Ok(self.cursor.rest().starts_with("{{"))
    }

    /// Takes `match:`, `wild:` or, as many write it, `exact:`.
    fn search_type(&mut self) -> Read<Option<Plain>> {
        let here = self.cursor.at();
        for (keyword, plain) in [("match", Plain::Match), ("wild", Plain::Wild), ("exact", Plain::Exact)] {
            if self.cursor.keyword(keyword) {
                self.cursor.blanks()?;
                if self.cursor.take(":") {
                    self.cursor.blanks()?;
                    return Ok(Some(plain));
                }
                self.cursor.back_to(here);
            }
        }
        Ok(None)
    }

    /// `typedSearchTerm` or `typedSearchTermSet`; what has no type is read as `plain`.
    pub(super) fn terms(&mut self, plain: Plain) -> Read<Vec<SearchTerm>> {
        self.list(|parser| parser.search_term(plain))
    }

    fn search_term(&mut self, plain: Plain) -> Read<SearchTerm> {
        let kind = self.search_type()?.unwrap_or(plain);
        let start = self.cursor.at();
        if self.cursor.peek() != b'"' {
            return self.cursor.expected("text in double quotes");
        }
        let text = self.cursor.quoted()?;
        Ok(match kind {
            _ if text.is_empty() => return self.cursor.wrong(start, "expected text between the quotes, found none"),
            Plain::Exact => SearchTerm::Exact(unescaped(text)),
            Plain::Wild => SearchTerm::Wild(pieces(text)),
            Plain::Match => {
                let words: Vec<String> = text.split_ascii_whitespace().map(unescaped).collect();
                if words.is_empty() {
                    return self
                        .cursor
                        .wrong(start, "expected a word between the quotes, found only blanks");
                }
                SearchTerm::Match(words)
            }
        })
    }

    /// One item, or several in brackets with blanks between them.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        if !self.cursor.take("(") {
            return Ok(vec![item(self)?]);
        }
        self.cursor.blanks()?;
        let mut items = vec![item(self)?];
        loop {
            let blank = self.cursor.blanks()?;
            if self.cursor.take(")") {
                return Ok(items);
            }
            if !blank || self.cursor.is_done() {
                return self.cursor.expected("a blank and another value, or \")\"");
            }
            items.push(item(self)?);
        }
    }
}

/// How text without `match:` or `wild:` is read.
#[derive(Clone, Copy)]
pub(super) enum Plain {
    Exact,
    Match,
    Wild,
}

fn count(cursor: &mut Cursor<'_>) -> Read<u64> {
    let start = cursor.at();
    let digits = cursor.digits();
    if digits.is_empty() {
        return cursor.expected("a number of times");
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return cursor.wrong(start, "expected a number without leading zeros");
    }
    // Nothing is there so often; a number that does not fit is as good as the largest that does.
    Ok(digits.parse().unwrap_or(u64::MAX))
}

/// A pattern cut at its stars; an escaped star stays.
fn pieces(pattern: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let piece = match character {
            '*' => {
                pieces.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(last) = pieces.last_mut() {
            last.push(piece);
        }
    }
    pieces
}

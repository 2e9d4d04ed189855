//! Tree to text, in the brief or the long syntax.
//!
//! What is printed reads back as the tree it was printed from. Layout is one line, with single blanks; terms are kept
//! or left out as asked.

use super::ast::{
    Acceptability, Attribute, CommonFilter, Comparison, ConceptFilter, ConceptReference, Concepts, Date, DescriptionFilter,
    DescriptionType, Dialects, Expression, Fields, Filter, Focus, Group, Hierarchy, History, MemberFilter, Order, Refinement,
    RefsetOperator, SearchTerm, SetOperator, SubExpression,
};

/// Which spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Symbols.
    Brief,
    /// Words.
    Long,
}

/// Prints an expression constraint.
pub fn print(expression: &Expression, syntax: Syntax) -> String {
    let mut printer = Printer {
        text: String::new(),
        long: syntax == Syntax::Long,
    };
    printer.expression(expression);
    printer.text
}

/// Prints a subexpression in brief syntax, for plans.
pub fn print_sub(sub: &SubExpression) -> String {
    let mut printer = Printer {
        text: String::new(),
        long: false,
    };
    printer.sub(sub);
    printer.text
}

/// Prints a refinement in brief syntax, for plans.
pub fn print_refinement(refinement: &Refinement) -> String {
    let mut printer = Printer {
        text: String::new(),
        long: false,
    };
    printer.refinement(refinement, false);
    printer.text
}

struct Printer {
    text: String,
    long: bool,
}

impl Printer {
    fn say(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn either(&mut self, brief: &str, long: &str) {
        self.text.push_str(if self.long { long } else { brief });
    }

    fn joined<T>(&mut self, items: &[T], between: &str, mut each: impl FnMut(&mut Self, &T)) {
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.say(between);
            }
            each(self, item);
        }
    }

    /// One item bare, several in brackets.
    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        match items {
            [one] => each(self, one),
            several => {
                self.say("(");
                self.joined(several, " ", each);
                self.say(")");
            }
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Sub(sub) => self.sub(sub),
            Expression::Refined { focus, refinement } => {
                self.sub(focus);
                self.say(" : ");
                self.refinement(refinement, false);
            }
            Expression::Compound { operator, operands } => {
                let between = match operator {
                    SetOperator::And => " AND ",
                    SetOperator::Or => " OR ",
                    SetOperator::Minus => " MINUS ",
                };
                self.joined(operands, between, Self::sub);
            }
            Expression::Dotted { focus, attributes } => {
                self.sub(focus);
                for attribute in attributes {
                    self.say(" . ");
                    self.sub(attribute);
                }
            }
        }
    }

    fn sub(&mut self, sub: &SubExpression) {
        if let Some(operator) = sub.operator {
            let spelling = Hierarchy::SPELLINGS.iter().find(|(own, ..)| *own == operator);
            if let Some((_, brief, long)) = spelling {
                self.either(brief, long);
                self.say(" ");
            }
        }
        match &sub.refset {
            None => {}
            Some(RefsetOperator::Containing) => self.either("^R ", "refsetContainingAny "),
            Some(RefsetOperator::MemberOf(fields)) => {
                self.either("^ ", "memberOf ");
                match fields {
                    None => {}
                    Some(Fields::All) => self.either("[*] ", "[ANY] "),
                    Some(Fields::Named(names)) => {
                        self.say("[");
                        self.joined(names, ", ", |printer, name| printer.say(name));
                        self.say("] ");
                    }
                }
            }
        }
        self.focus(&sub.focus);
        for filters in &sub.members {
            self.braces("M ", filters, Self::member_filter);
        }
        for filter in &sub.filters {
            match filter {
                Filter::Description(filters) => self.braces("D ", filters, Self::description_filter),
                Filter::Concept(filters) => self.braces("C ", filters, Self::concept_filter),
            }
        }
        if let Some(history) = &sub.history {
            self.say(" {{ + HISTORY");
            match history {
                History::Minimum => self.say("-MIN"),
                History::Moderate => self.say("-MOD"),
                History::Maximum => self.say("-MAX"),
                History::Any => {}
                History::Refsets(refsets) => {
                    self.say(" (");
                    self.expression(refsets);
                    self.say(")");
                }
            }
            self.say(" }}");
        }
    }

    fn focus(&mut self, focus: &Focus) {
        match focus {
            Focus::Any => self.either("*", "ANY"),
            Focus::Concept(concept) => self.concept(concept),
            Focus::Nested(inner) => {
                self.say("(");
                self.expression(inner);
                self.say(")");
            }
            Focus::Alternate(alternate) => {
                self.say(&alternate.scheme);
                self.say("#");
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
                if alternate.code.bytes().all(plain) {
                    self.say(&alternate.code);
                } else {
                    self.say("\"");
                    self.say(&alternate.code);
                    self.say("\"");
                }
                self.term(alternate.term.as_deref());
            }
        }
    }

    fn concept(&mut self, concept: &ConceptReference) {
        self.say(&concept.id);
        self.term(concept.term.as_deref());
    }

    fn term(&mut self, term: Option<&str>) {
        if let Some(term) = term {
            self.say(" |");
            self.say(term);
            self.say("|");
        }
    }

    fn braces<T>(&mut self, kind: &str, filters: &[T], each: impl FnMut(&mut Self, &T)) {
        self.say(" {{ ");
        self.say(kind);
        self.joined(filters, ", ", each);
        self.say(" }}");
    }

    /// `inner`: whether it stands among others, so that one that joins needs brackets.
    fn refinement(&mut self, refinement: &Refinement, inner: bool) {
        let (parts, between) = match refinement {
            Refinement::Attribute(attribute) => return self.attribute(attribute),
            Refinement::Group(group) => return self.group(group),
            Refinement::And(parts) => (parts, if self.long { " AND " } else { ", " }),
            Refinement::Or(parts) => (parts, " OR "),
        };
        if inner {
            self.say("(");
        }
        self.joined(parts, between, |printer, part| printer.refinement(part, true));
        if inner {
            self.say(")");
        }
    }

    fn cardinality(&mut self, cardinality: Option<super::ast::Cardinality>) {
        if let Some(cardinality) = cardinality {
            let minimum = cardinality.minimum;
            self.say(&format!("[{minimum}"));
            self.either("..", " to ");
            match cardinality.maximum {
                Some(maximum) => self.say(&maximum.to_string()),
                None => self.either("*", "many"),
            }
            self.say("] ");
        }
    }

    fn group(&mut self, group: &Group) {
        self.cardinality(group.cardinality);
        self.say("{ ");
        self.refinement(&group.set, false);
        self.say(" }");
    }

    fn attribute(&mut self, attribute: &Attribute) {
        self.cardinality(attribute.cardinality);
        if attribute.reverse {
            self.either("R ", "reverseOf ");
        }
        self.sub(&attribute.name);
        self.comparison(&attribute.comparison, Bare::Exact);
    }

    fn order(&mut self, order: Order) {
        let symbol = match order {
            Order::NotEqual if self.long => "NOT =",
            other => other.symbol(),
        };
        self.say(&format!(" {symbol} "));
    }

    fn equality(&mut self, equal: bool) {
        self.order(if equal { Order::Equal } else { Order::NotEqual });
    }

    fn comparison(&mut self, comparison: &Comparison, bare: Bare) {
        match comparison {
            Comparison::Concepts { equal, value } => {
                self.equality(*equal);
                self.sub(value);
            }
            Comparison::Number { order, value } => {
                self.order(*order);
                self.say("#");
                self.say(value);
            }
            Comparison::Text { equal, terms } => {
                self.equality(*equal);
                self.list(terms, |printer, term| printer.search_term(term, bare));
            }
            Comparison::Boolean { equal, value } => {
                self.equality(*equal);
                self.say(if *value { "true" } else { "false" });
            }
            Comparison::Time { order, dates } => {
                self.order(*order);
                self.list(dates, |printer, date| printer.date(*date));
            }
        }
    }

    fn search_term(&mut self, term: &SearchTerm, bare: Bare) {
        match (term, bare) {
            (SearchTerm::Exact(text), Bare::Exact) => self.quoted(text, false),
            (SearchTerm::Exact(text), Bare::Match) => {
                self.say("exact:");
                self.quoted(text, false);
            }
            (SearchTerm::Match(words), bare) => {
                if bare == Bare::Exact {
                    self.say("match:");
                }
                self.say("\"");
                self.joined(words, " ", |printer, word| printer.escaped(word, false));
                self.say("\"");
            }
            (SearchTerm::Wild(pieces), _) => {
                self.say("wild:\"");
                self.joined(pieces, "*", |printer, piece| printer.escaped(piece, true));
                self.say("\"");
            }
        }
    }

    fn quoted(&mut self, text: &str, stars: bool) {
        self.say("\"");
        self.escaped(text, stars);
        self.say("\"");
    }

    fn escaped(&mut self, text: &str, stars: bool) {
        for character in text.chars() {
            if matches!(character, '"' | '\\') || (stars && character == '*') {
                self.text.push('\\');
            }
            self.text.push(character);
        }
    }

    fn date(&mut self, date: Date) {
        self.say(&date.map_or_else(|| "\"\"".to_owned(), |date| format!("\"{date:08}\"")));
    }

    fn concepts(&mut self, concepts: &Concepts) {
        match concepts {
            Concepts::Expression(sub) => self.sub(sub),
            Concepts::Listed(listed) => self.list(listed, Self::concept),
        }
    }

    fn common(&mut self, filter: &CommonFilter) {
        match filter {
            CommonFilter::Module { equal, modules } => {
                self.say("moduleId");
                self.equality(*equal);
                self.concepts(modules);
            }
            CommonFilter::EffectiveTime { order, dates } => {
                self.say("effectiveTime");
                self.order(*order);
                self.list(dates, |printer, date| printer.date(*date));
            }
            CommonFilter::Active { equal, value } => {
                self.say("active");
                self.equality(*equal);
                self.say(match value {
                    Some(true) => "1",
                    Some(false) => "0",
                    None => "*",
                });
            }
        }
    }

    fn concept_filter(&mut self, filter: &ConceptFilter) {
        match filter {
            ConceptFilter::DefinitionStatus { equal, defined } => {
                self.say("definitionStatus");
                self.equality(*equal);
                self.list(defined, |printer, defined| {
                    printer.say(if *defined { "defined" } else { "primitive" });
                });
            }
            ConceptFilter::DefinitionStatusId { equal, statuses } => {
                self.say("definitionStatusId");
                self.equality(*equal);
                self.concepts(statuses);
            }
            ConceptFilter::Common(common) => self.common(common),
        }
    }

    fn description_filter(&mut self, filter: &DescriptionFilter) {
        match filter {
            DescriptionFilter::Term { equal, terms } => {
                self.say("term");
                self.equality(*equal);
                self.list(terms, |printer, term| printer.search_term(term, Bare::Match));
            }
            DescriptionFilter::Language { equal, codes } => {
                self.say("language");
                self.equality(*equal);
                self.list(codes, |printer, code| printer.say(code));
            }
            DescriptionFilter::Type { equal, types } => {
                self.say("type");
                self.equality(*equal);
                self.list(types, |printer, kind| match kind {
                    DescriptionType::Synonym => printer.either("syn", "synonym"),
                    DescriptionType::FullySpecifiedName => printer.either("fsn", "fullySpecifiedName"),
                    DescriptionType::Definition => printer.either("def", "definition"),
                });
            }
            DescriptionFilter::TypeId { equal, types } => {
                self.say("typeId");
                self.equality(*equal);
                self.concepts(types);
            }
            DescriptionFilter::Dialect {
                equal,
                dialects,
                acceptability,
            } => {
                self.say(if matches!(dialects, Dialects::Aliases(_)) {
                    "dialect"
                } else {
                    "dialectId"
                });
                self.equality(*equal);
                match dialects {
                    Dialects::Expression(sub) => self.sub(sub),
                    Dialects::Aliases(aliases) => self.dialects(aliases, false, |printer, alias| printer.say(&alias.name)),
                    Dialects::Ids(ids) => self.dialects(ids, true, Self::concept),
                }
                self.acceptability(acceptability);
            }
            DescriptionFilter::Id { equal, ids } => {
                self.say("id");
                self.equality(*equal);
                self.list(ids, |printer, id| printer.say(id));
            }
            DescriptionFilter::Common(common) => self.common(common),
        }
    }

    fn dialects<T>(&mut self, dialects: &[(T, Vec<Acceptability>)], always: bool, mut each: impl FnMut(&mut Self, &T)) {
        // Without brackets an acceptability would be that of the filter.
        let bare = matches!(dialects, [(_, own)] if own.is_empty() && !always);
        if !bare {
            self.say("(");
        }
        self.joined(dialects, " ", |printer, (name, own)| {
            each(printer, name);
            printer.acceptability(own);
        });
        if !bare {
            self.say(")");
        }
    }

    fn acceptability(&mut self, acceptability: &[Acceptability]) {
        if acceptability.is_empty() {
            return;
        }
        self.say(" (");
        self.joined(acceptability, " ", |printer, one| match one {
            Acceptability::Preferred => printer.either("prefer", "preferred"),
            Acceptability::Acceptable => printer.either("accept", "acceptable"),
            Acceptability::Concept(concept) => printer.concept(concept),
        });
        self.say(")");
    }

    fn member_filter(&mut self, filter: &MemberFilter) {
        match filter {
            MemberFilter::Common(common) => self.common(common),
            MemberFilter::Field { name, comparison, .. } => {
                self.say(name);
                self.comparison(comparison, Bare::Match);
            }
        }
    }
}

/// What text without a type means where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    Exact,
    Match,
}

//! A place in the text and what may be read there: blanks, comments, words, numbers, strings.
//!
//! Shared by expression constraints and the compositional grammar, which have these in common.

use crate::ecl::error::{Fault, Kind};

/// A text being read.
#[derive(Debug)]
pub struct Cursor<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    deepest: usize,
}

/// What is read, or where it went wrong.
pub type Read<T> = Result<T, Fault>;

impl<'t> Cursor<'t> {
    /// The beginning of a text; nesting may go `deepest` levels.
    pub fn new(text: &'t str, deepest: usize) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            deepest,
        }
    }

    /// The byte offset.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes back to a place where it was before.
    pub fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// What is left.
    pub fn rest(&self) -> &'t str {
        // `at` only ever moves past whole characters, so it is a boundary.
        self.text.get(self.at..).unwrap_or("")
    }

    /// What was read since a place.
    pub fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or("")
    }

    /// The next byte; 0 at the end.
    pub fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// The byte `ahead` of the next.
    pub fn peek_at(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// A fault here: what was expected, and what is there instead.
    pub fn expected<T>(&self, what: &str) -> Read<T> {
        Err(Fault::new(
            Kind::Syntax,
            self.at,
            format!("expected {what}, found {}", self.found()),
        ))
    }

    /// A fault at a place.
    pub fn wrong<T>(&self, at: usize, message: impl Into<String>) -> Read<T> {
        Err(Fault::new(Kind::Syntax, at, message))
    }

    fn found(&self) -> String {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return "the end".to_owned();
        };
        let same = |character: char| character.is_alphanumeric();
        let word: String = if same(first) {
            rest.chars().take_while(|character| same(*character)).take(24).collect()
        } else {
            first.to_string()
        };
        format!("\"{}\"", word.escape_debug())
    }

    /// Goes one level down.
    pub fn enter(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > self.deepest {
            let message = format!(
                "nests deeper than {} levels; write it flatter, or raise the limit",
                self.deepest
            );
            return Err(Fault::new(Kind::Limit, self.at, message));
        }
        Ok(())
    }

    /// Comes up again.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Skips blanks and comments; whether there were any.
    pub fn blanks(&mut self) -> Read<bool> {
        let start = self.at;
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' if self.peek_at(1) == b'*' => {
                    let inside = self.text.get(self.at + 2..).unwrap_or("");
                    let Some(length) = inside.find("*/") else {
                        return self.wrong(self.at, "this comment has no end; expected */");
                    };
                    self.at += length + 4;
                }
                _ => return Ok(self.at > start),
            }
        }
    }

    /// Takes a symbol if it is next.
    pub fn take(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    /// Takes a symbol that must be next.
    pub fn need(&mut self, symbol: &str) -> Read<()> {
        if self.take(symbol) {
            return Ok(());
        }
        self.expected(&format!("\"{symbol}\""))
    }

    /// The run of ASCII letters here, not taken.
    pub fn word(&self) -> &'t str {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        rest.get(..length).unwrap_or("")
    }

    /// The run of letters, digits and dashes here that starts with a letter, not taken.
    pub fn name(&self) -> &'t str {
        let rest = self.rest();
        if !rest.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) {
            return "";
        }
        let inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let length = rest.bytes().take_while(inner).count();
        rest.get(..length).unwrap_or("")
    }

    /// Takes a keyword, whatever its case, if it is the whole of the name here.
    pub fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.name().eq_ignore_ascii_case(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    /// Takes a keyword that a value consists of, whatever its case: nothing need stand between it and what joins it with
    /// what follows (`ANYOR`, `trueAND`).
    pub fn value(&mut self, keyword: &str) -> bool {
        let Some((own, rest)) = self.name().split_at_checked(keyword.len()) else {
            return false;
        };
        let joined = ["", "and", "or", "minus", "not"]
            .iter()
            .any(|next| rest.eq_ignore_ascii_case(next));
        let found = joined && own.eq_ignore_ascii_case(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    /// Takes so many bytes, which the caller has looked at.
    pub fn advance(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// Takes a run of digits.
    pub fn digits(&mut self) -> &'t str {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.since(start)
    }

    /// Takes the identifier of a component: 6 to 18 digits without a leading zero.
    pub fn sctid(&mut self) -> Read<String> {
        let start = self.at;
        let digits = self.digits();
        if digits.is_empty() {
            return self.expected("an identifier of 6 to 18 digits");
        }
        if !(6..=18).contains(&digits.len()) || digits.starts_with('0') {
            let shown: String = digits.chars().take(24).collect();
            return self.wrong(
                start,
                format!("{shown} is no SNOMED CT identifier: these have 6 to 18 digits and do not start with 0"),
            );
        }
        Ok(digits.to_owned())
    }

    /// Takes `| term |` if there is one, with the blanks before it.
    pub fn term(&mut self) -> Read<Option<String>> {
        let before = self.at;
        self.blanks()?;
        let bar = self.at;
        if !self.take("|") {
            self.at = before;
            return Ok(None);
        }
        let Some(length) = self.rest().find('|') else {
            return self.wrong(bar, "the term that starts here has no end; expected |");
        };
        let start = self.at;
        self.at += length;
        let term = self.since(start).trim();
        if term.is_empty() {
            return self.wrong(bar, "expected a term between the bars, found none");
        }
        self.at += 1;
        Ok(Some(term.to_owned()))
    }

    /// Takes a number: digits without a leading zero, a fraction, a sign.
    pub fn number(&mut self) -> Read<String> {
        let start = self.at;
        if matches!(self.peek(), b'-' | b'+') {
            self.at += 1;
        }
        let whole = self.digits();
        if whole.is_empty() {
            return self.expected("a number");
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return self.wrong(start, "a number does not start with 0 followed by digits");
        }
        if self.peek() == b'.' && self.peek_at(1).is_ascii_digit() {
            self.at += 1;
            self.digits();
        }
        Ok(self.since(start).to_owned())
    }

    /// Takes text in double quotes as it is written, without the quotes.
    pub fn quoted(&mut self) -> Read<&'t str> {
        let quote = self.at;
        self.need("\"")?;
        let start = self.at;
        loop {
            match self.peek() {
                b'"' => break,
                b'\\' if matches!(self.peek_at(1), b'"' | b'\\' | b'*') => self.at += 2,
                b'\\' => return self.wrong(self.at, "a backslash stands only before a quote, a backslash or a star"),
                0 if self.is_done() => return self.wrong(quote, "the text that starts here has no end; expected \""),
                // Any other byte, also one inside a character: the loop ends at an ASCII byte.
                _ => self.at += 1,
            }
        }
        let inner = self.since(start);
        self.at += 1;
        Ok(inner)
    }
}

/// Text without its backslashes.
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

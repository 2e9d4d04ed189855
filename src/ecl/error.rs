//! What is wrong with an expression constraint, and where.

use std::fmt::{self, Write};

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It does not follow the grammar.
    Syntax,
    /// It follows the grammar but cannot be meant: a concept that the edition does not have, a field that no reference
    /// set has.
    Meaning,
    /// It is larger, deeper or takes longer than is allowed.
    Limit,
    /// The index lacks what it asks for.
    Unsupported,
}

/// A fault in an expression constraint or a post-coordinated expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct EclError {
    /// What kind of fault.
    pub kind: Kind,
    /// Byte offset.
    pub position: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and, where that helps, what to do.
    pub message: String,
    /// The line at fault, and a caret below the place.
    pub excerpt: String,
}

/// Characters shown of a line on either side of the place.
const AROUND: usize = 60;

impl EclError {
    /// A fault at a byte of the text.
    pub fn new(kind: Kind, text: &str, position: usize, message: impl Into<String>) -> Self {
        let mut position = position.min(text.len());
        while !text.is_char_boundary(position) {
            position -= 1;
        }
        let (before, after) = text.split_at(position);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |place| place + 1);
        let left = before.get(start..).unwrap_or("");
        let column = left.chars().count() + 1;
        Self {
            kind,
            position,
            line,
            column,
            message: message.into(),
            excerpt: excerpt(left, after.lines().next().unwrap_or(""), column),
        }
    }

    /// The message with its place, in one line.
    pub fn in_line(&self) -> String {
        format!("line {}, column {}: {}", self.line, self.column, self.message)
    }
}

fn excerpt(left: &str, right: &str, column: usize) -> String {
    let skipped = (column - 1).saturating_sub(AROUND);
    let shown: String = left.chars().skip(skipped).collect();
    let rest: String = right.chars().take(AROUND).collect();
    let lead = if skipped > 0 { "..." } else { "" };
    let tail = if right.chars().nth(AROUND).is_some() { "..." } else { "" };
    let mut excerpt = format!("{lead}{shown}{rest}{tail}\n");
    let width = lead.chars().count() + shown.chars().count();
    // Tabs would put the caret elsewhere.
    let excerpt_line = excerpt.replace(['\t', '\r'], " ");
    excerpt.clear();
    let _ = write!(excerpt, "{excerpt_line}{:width$}^", "");
    excerpt
}

impl fmt::Display for EclError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.in_line(), self.excerpt)
    }
}

/// A fault known by its place alone; the text is added where it is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub kind: Kind,
    /// Byte offset.
    pub position: usize,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    /// A fault at a byte.
    pub fn new(kind: Kind, position: usize, message: impl Into<String>) -> Self {
        Self {
            kind,
            position,
            message: message.into(),
        }
    }

    /// With the text it is about.
    pub fn in_text(self, text: &str) -> EclError {
        EclError::new(self.kind, text, self.position, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_a_line_a_column_and_a_caret() {
        let error = EclError::new(Kind::Syntax, "<< 123\n  é OR", 9, "expected x");
        assert_eq!((error.line, error.column), (2, 3));
        assert_eq!(error.to_string(), "line 2, column 3: expected x\n  é OR\n  ^");
        let beyond = EclError::new(Kind::Syntax, "abc", 99, "");
        assert_eq!((beyond.position, beyond.column), (3, 4));
    }

    #[test]
    fn long_lines_are_cut() {
        let text = "x".repeat(1_000);
        let error = EclError::new(Kind::Syntax, &text, 500, "");
        let lines: Vec<&str> = error.excerpt.lines().collect();
        assert_eq!(lines[0].len(), 3 + AROUND + AROUND + 3);
        assert_eq!(lines[1].len(), 3 + AROUND + 1);
    }
}

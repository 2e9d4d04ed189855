//! Ranges of attributes: an expression constraint, or numbers, texts and truth values in the words of the template
//! syntax: `dec(>#0..)`, `int(#1..#20)`, `int(#1 #2)`, `str("left" "right")`, `bool(true)`.

use super::Selection;
use crate::ecl::meaning::RowValue;
use crate::ecl::number::Decimal;
use tern_index::read::CodeSystemIndex;

/// The values that an attribute may have.
#[derive(Debug)]
pub(super) struct Range {
    selection: Selection,
    /// For values that are no concepts.
    concrete: Option<Concrete>,
}

#[derive(Debug, PartialEq, Eq)]
enum Concrete {
    /// Numbers, whole ones only or any; all of them where none is named.
    Numbers { whole: bool, among: Vec<Interval> },
    /// Texts; all of them where none is named.
    Texts(Vec<String>),
    /// Truth values; both where none is named.
    Booleans(Vec<bool>),
}

#[derive(Debug, PartialEq, Eq)]
struct Interval {
    from: Option<Bound>,
    to: Option<Bound>,
}

#[derive(Debug, PartialEq, Eq)]
struct Bound {
    number: String,
    /// Whether the number itself is left out.
    open: bool,
}

impl Range {
    pub fn new(text: &str) -> Self {
        Self {
            selection: Selection::new(text),
            concrete: concrete(text.trim()),
        }
    }

    /// The constraint as the reference set has it.
    pub fn text(&self) -> &str {
        &self.selection.text
    }

    /// Whether a value is in it; `None` where that cannot be said in this edition.
    pub fn contains(&self, index: &CodeSystemIndex, value: &RowValue) -> Option<bool> {
        match (value, &self.concrete) {
            (RowValue::Number(number), Some(Concrete::Numbers { whole, among })) => {
                let number = Decimal::parse(number)?;
                let fits = among.is_empty() || among.iter().any(|interval| interval.contains(number));
                Some(fits && (!whole || !number.to_string().contains('.')))
            }
            (RowValue::Text(text), Some(Concrete::Texts(among))) => Some(among.is_empty() || among.contains(text)),
            (RowValue::Boolean(value), Some(Concrete::Booleans(among))) => Some(among.is_empty() || among.contains(value)),
            (_, Some(_)) => Some(false),
            (RowValue::Concept(concept), None) => Some(self.selection.concepts(index)?.contains(concept.0)),
            (RowValue::Expression(meaning), None) => self.selection.constraint.as_ref()?.admits(index, meaning).ok(),
            (_, None) => self.selection.constraint.is_some().then_some(false),
        }
    }
}

impl Interval {
    fn contains(&self, number: Decimal<'_>) -> bool {
        let within = |bound: &Option<Bound>, is_lower: bool| {
            let Some(bound) = bound else { return true };
            let Some(limit) = Decimal::parse(&bound.number) else {
                return false;
            };
            let (low, high) = if is_lower { (limit, number) } else { (number, limit) };
            low < high || (!bound.open && low == high)
        };
        within(&self.from, true) && within(&self.to, false)
    }
}

/// Reads a range of values that are no concepts; `None` for what is none.
fn concrete(text: &str) -> Option<Concrete> {
    let kind = text.split('(').next()?.trim();
    let inner = text.get(kind.len()..)?.trim();
    let inner = match inner.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')')?.trim(),
        None if inner.is_empty() => "",
        None => return None,
    };
    match kind {
        "dec" | "int" => Some(Concrete::Numbers {
            whole: kind == "int",
            among: inner.split_whitespace().map(interval).collect::<Option<_>>()?,
        }),
        "str" => Some(Concrete::Texts(texts(inner)?)),
        "bool" => {
            let among = inner.split_whitespace().map(|word| match word.to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            });
            Some(Concrete::Booleans(among.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// `#1`, `>#0..`, `#1..<#20`
fn interval(text: &str) -> Option<Interval> {
    let bound = |text: &str, sign: char| {
        let open = text.starts_with(sign);
        let number = text.trim_start_matches(sign).strip_prefix('#')?;
        Decimal::parse(number)?;
        Some(Bound {
            number: number.to_owned(),
            open,
        })
    };
    let Some((from, to)) = text.split_once("..") else {
        return Some(Interval {
            from: Some(bound(text, '=')?),
            to: Some(bound(text, '=')?),
        });
    };
    let side = |text: &str, sign| {
        if text.is_empty() {
            Some(None)
        } else {
            bound(text, sign).map(Some)
        }
    };
    Some(Interval {
        from: side(from, '>')?,
        to: side(to, '<')?,
    })
}

/// Texts in quotes.
fn texts(inner: &str) -> Option<Vec<String>> {
    let mut parts = inner.split('"');
    let mut found = Vec::new();
    if !parts.next()?.trim().is_empty() {
        return None;
    }
    while let Some(text) = parts.next() {
        found.push(text.to_owned());
        if !parts.next()?.trim().is_empty() {
            return None;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_texts_and_truth_values_have_ranges() {
        let number = |text: &str| RowValue::Number(text.to_owned());
        let text = |text: &str| RowValue::Text(text.to_owned());
        for (range, value, expected) in [
            ("dec(>#0..)", number("0.1"), true),
            ("dec(>#0..)", number("0"), false),
            ("dec(#-2..<#3)", number("3"), false),
            ("dec(#-2..<#3)", number("-2"), true),
            ("int(>#0..)", number("2"), true),
            ("int(>#0..)", number("2.5"), false),
            ("int (#1 #3..#5)", number("4"), true),
            ("int (#1 #3..#5)", number("2"), false),
            ("dec(..#7)", number("7"), true),
            ("int", number("7"), true),
            ("int()", text("7"), false),
            ("str(\"left\" \"right\")", text("right"), true),
            ("str(\"left\" \"right\")", text("up"), false),
            ("str()", text("up"), true),
            ("bool", RowValue::Boolean(true), true),
            ("bool(true)", RowValue::Boolean(false), false),
        ] {
            let read = concrete(range).unwrap();
            let range = Range {
                selection: Selection::new(range),
                concrete: Some(read),
            };
            // No concept is looked at.
            let index = crate::concept_model::tests::empty();
            assert_eq!(range.contains(&index, &value), Some(expected), "{} {value:?}", range.text());
        }
        for other in [
            "<< 123456",
            "dec(#)",
            "int(1)",
            "str(left)",
            "bool(maybe)",
            "decimal(#1)",
            "int(#1",
        ] {
            assert_eq!(concrete(other), None, "{other}");
        }
    }
}

//! Lines of the text files that list codes with titles: code files, order files, ICD-9-CM title files.
//!
//! The layouts are fixed columns without a header. A line that does not fit says which column is at fault.

use super::code::CodeSet;
use tern_index::record::{Problem, ProblemKind};

/// A line of a code or title file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLine<'a> {
    /// The code as FHIR spells it.
    pub code: String,
    /// The title.
    pub title: &'a str,
}

/// A line of an order file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine<'a> {
    /// The code as FHIR spells it.
    pub code: String,
    /// Whether the code is valid for claims (flag 1) or a header (flag 0).
    pub valid: bool,
    /// Abbreviated title, up to 60 characters.
    pub short: &'a str,
    /// Full title.
    pub long: &'a str,
}

/// A fault and the column it is in.
pub type Fault = (&'static str, Problem);

/// Reads `A000    Cholera due to ...`: the code, blanks, the title.
pub fn code_line(set: CodeSet, line: &str) -> Result<CodeLine<'_>, Fault> {
    let line = line.trim_end();
    let Some((bare, title)) = line.split_once([' ', '\t']) else {
        return Err((
            "",
            Problem::new(ProblemKind::RaggedRow, "the line has no title after the code"),
        ));
    };
    Ok(CodeLine {
        code: spell(set, bare)?,
        title: title.trim_start(),
    })
}

/// Reads `00001 A00     0 Cholera   ...   Cholera`: columns 1-5, 7-13, 15, 17-76, and 78 on.
pub fn order_line(set: CodeSet, line: &str) -> Result<OrderLine<'_>, Fault> {
    let number = columns(line, 0, 5).trim();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err((
            "order number",
            Problem::new(ProblemKind::RaggedRow, format!("{number:?} is no order number")),
        ));
    }
    let code = spell(set, columns(line, 6, 13).trim())?;
    let valid = match columns(line, 14, 15) {
        "0" => false,
        "1" => true,
        other => {
            let message = format!("{other:?} is neither 0 (header) nor 1 (valid code)");
            return Err(("header flag", Problem::new(ProblemKind::BadValue, message)));
        }
    };
    let short = columns(line, 16, 76).trim();
    let long = columns(line, 77, usize::MAX).trim();
    if short.is_empty() && long.is_empty() {
        return Err((
            "",
            Problem::new(ProblemKind::RaggedRow, "the line has no title after the header flag"),
        ));
    }
    Ok(OrderLine {
        code,
        valid,
        short,
        long: if long.is_empty() { short } else { long },
    })
}

/// Spells a code or says that it is none.
pub fn spell(set: CodeSet, bare: &str) -> Result<String, Fault> {
    set.spell(bare).ok_or_else(|| {
        let message = format!("{bare:?} has not the shape of a code of {}", set.system());
        ("code", Problem::new(ProblemKind::BadIdentifier, message))
    })
}

/// The characters from `from` up to `to`, counted from 0; shorter or empty where the line ends.
fn columns(line: &str, from: usize, to: usize) -> &str {
    let byte = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    // Both are character boundaries of the line or its length, and `from` is not after `to`.
    line.get(byte(from)..if to == usize::MAX { line.len() } else { byte(to) })
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_order_line_is_read_by_its_columns() {
        let line = format!(
            "{:<5} {:<7} {} {:<60} {}",
            "00002", "A000", 1, "Cholera due to Vibrio cholerae 01", "Cholera, in full"
        );
        let wanted = OrderLine {
            code: "A00.0".into(),
            valid: true,
            short: "Cholera due to Vibrio cholerae 01",
            long: "Cholera, in full",
        };
        assert_eq!(order_line(CodeSet::Icd10Cm, &line), Ok(wanted));
        assert_eq!(
            order_line(CodeSet::Icd10Cm, "00002 A000    2 x").unwrap_err().0,
            "header flag"
        );
        assert_eq!(order_line(CodeSet::Icd10Cm, "00002 a000    1 x").unwrap_err().0, "code");
        assert_eq!(order_line(CodeSet::Icd10Cm, "xyz").unwrap_err().0, "order number");
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "\\PC*") {
            for set in [CodeSet::Icd10Cm, CodeSet::Icd10Pcs, CodeSet::Icd9Diagnosis, CodeSet::Icd9Procedure] {
                let _ = code_line(set, &line);
                let _ = order_line(set, &line);
            }
        }
    }
}

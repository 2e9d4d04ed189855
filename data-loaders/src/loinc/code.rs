//! The forms of LOINC's identifiers.
//!
//! Terms are digits, a hyphen and a check digit; parts, answer lists and answers have a prefix of two letters.
//! Only the form is demanded of a release: some published terms have a check digit that does not verify.

/// What an identifier names, as its form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A term: `2345-7`.
    Term,
    /// A part: `LP14635-4`.
    Part,
    /// An answer list: `LL360-9`.
    AnswerList,
    /// An answer: `LA6576-8`.
    Answer,
}

impl CodeKind {
    /// Reads an identifier's form; `None` if it has none of them.
    pub fn of(code: &str) -> Option<Self> {
        let (kind, number) = match code.get(..2) {
            Some("LP") => (Self::Part, &code[2..]),
            Some("LL") => (Self::AnswerList, &code[2..]),
            Some("LA") => (Self::Answer, &code[2..]),
            _ => (Self::Term, code),
        };
        let (digits, check) = number.split_once('-')?;
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        ((1..=8).contains(&digits.len()) && all_digits(digits) && check.len() == 1 && all_digits(check)).then_some(kind)
    }
}

/// Whether a term's mod 10 check digit verifies; `false` for what is no term. (Plain mod 10
/// over the digits does not verify published parts and answers: `LP14635-4` is one. Those are not judged here.)
pub fn check_digit_verifies(code: &str) -> bool {
    if CodeKind::of(code) != Some(CodeKind::Term) {
        return false;
    }
    let digits = code.bytes().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'));
    // From the right, the check digit itself counts once, its neighbour twice, and so on by turns.
    let digits: Vec<u32> = digits.collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            if place % 2 == 1 {
                digit * 2 / 10 + digit * 2 % 10
            } else {
                *digit
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_and_check_digits() {
        for (code, kind) in [
            ("2345-7", CodeKind::Term),
            ("100007-4", CodeKind::Term),
            ("LP14635-4", CodeKind::Part),
            ("LL360-9", CodeKind::AnswerList),
            ("LA6576-8", CodeKind::Answer),
        ] {
            assert_eq!(CodeKind::of(code), Some(kind), "{code}");
            assert_eq!(check_digit_verifies(code), kind == CodeKind::Term, "{code}");
        }
        for code in ["", "2345", "2345-77", "LX1-1", "2345-x", "-7", "LP-4", "23 45-7", "é345-7"] {
            assert_eq!(CodeKind::of(code), None, "{code}");
            assert!(!check_digit_verifies(code), "{code}");
        }
        assert!(!check_digit_verifies("2345-8"));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".*") {
            let _ = (CodeKind::of(&text), check_digit_verifies(&text));
        }
    }
}

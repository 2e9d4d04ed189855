//! SNOMED CT identifiers: digits, length, partition and Verhoeff check digit, held as one number.
//!
//! A release has millions of references, so an identifier is a `u64` once it has been checked. It says nothing
//! of whether a component with that identifier exists.

use std::fmt;

/// What an identifier names, as its partition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// A concept (00, 10).
    Concept,
    /// A description (01, 11).
    Description,
    /// A relationship (02, 12).
    Relationship,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Concept => "concept",
            Self::Description => "description",
            Self::Relationship => "relationship",
        })
    }
}

/// A checked SNOMED CT identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sctid(pub u64);

/// Why a text is no SNOMED CT identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SctidFault {
    /// Something other than 6 to 18 digits, or a leading zero.
    #[error("is not 6 to 18 digits without a leading zero")]
    Form,
    /// A partition that no component has.
    #[error("has the partition identifier {0:02}, which no concept, description or relationship has")]
    Partition(u8),
    /// A check digit that does not verify: usually a digit was lost or a spreadsheet rounded the number.
    #[error("has a check digit that does not verify; a digit was changed or lost, as when a spreadsheet rounds it")]
    CheckDigit,
}

/// Multiplication in the dihedral group of order ten.
const MULTIPLY: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// The permutation by position, counted from the right.
const PERMUTE: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

/// Whether a string of ASCII digits ends with its Verhoeff check digit.
fn verifies(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0u8, |sum, (place, digit)| {
        // Every index is a remainder of its table's length: the digit was checked to be one, and sums stay below ten.
        MULTIPLY[usize::from(sum)][usize::from(PERMUTE[place % 8][usize::from(digit.wrapping_sub(b'0') % 10)])]
    });
    sum == 0
}

impl Sctid {
    /// Reads and checks an identifier.
    pub fn parse(text: &str) -> Result<Self, SctidFault> {
        let digits = text.as_bytes();
        let sound = (6..=18).contains(&digits.len()) && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit);
        if !sound {
            return Err(SctidFault::Form);
        }
        // Eighteen digits fit in 64 bits.
        let id = Self(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')));
        if id.partition().is_none() {
            return Err(SctidFault::Partition(id.partition_digits()));
        }
        if !verifies(digits) {
            return Err(SctidFault::CheckDigit);
        }
        Ok(id)
    }

    fn partition_digits(self) -> u8 {
        u8::try_from(self.0 / 10 % 100).unwrap_or(u8::MAX)
    }

    /// What it names.
    pub fn partition(self) -> Option<Partition> {
        Some(match self.partition_digits() {
            0 | 10 => Partition::Concept,
            1 | 11 => Partition::Description,
            2 | 12 => Partition::Relationship,
            _ => return None,
        })
    }

    /// Whether it names a concept.
    pub fn is_concept(self) -> bool {
        self.partition() == Some(Partition::Concept)
    }

    /// The namespace of an extension's identifier; `None` for the International namespace's short form.
    pub fn namespace(self) -> Option<u64> {
        (self.partition_digits() >= 10).then_some(self.0 / 1000 % 10_000_000)
    }
}

impl fmt::Display for Sctid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with_check_digit(stem: &str) -> String {
        (0..10)
            .map(|digit| format!("{stem}{digit}"))
            .find(|id| verifies(id.as_bytes()))
            .unwrap()
    }

    #[test]
    fn real_identifiers_verify() {
        for (text, partition) in [
            ("138875005", Partition::Concept),
            ("900000000000207008", Partition::Concept),
            ("31000003106", Partition::Concept),
            ("477498017", Partition::Description),
            ("18871000003025", Partition::Relationship),
        ] {
            assert_eq!(Sctid::parse(text).unwrap().partition(), Some(partition), "{text}");
        }
        assert_eq!(Sctid::parse("138875005").unwrap().namespace(), None);
        assert_eq!(Sctid::parse("731000124108").unwrap().namespace(), Some(1_000_124));
    }

    #[test]
    fn faults_are_told_apart() {
        for text in [
            "",
            "12345",
            "1388750050000000000",
            "0138875005",
            "13887500x",
            " 138875005",
            "١٣٨٨٧٥٠٠٥",
        ] {
            assert_eq!(Sctid::parse(text), Err(SctidFault::Form), "{text}");
        }
        assert_eq!(Sctid::parse("138875006"), Err(SctidFault::CheckDigit));
        assert_eq!(Sctid::parse("900000000000207000"), Err(SctidFault::CheckDigit));
        assert_eq!(Sctid::parse("1388751305"), Err(SctidFault::Partition(30)));
    }

    proptest! {
        #[test]
        fn one_changed_or_swapped_digit_never_verifies(stem in "[1-9][0-9]{2,14}", place in 0usize..18, add in 1u8..10) {
            let good = with_check_digit(&format!("{stem}00"));
            prop_assert!(Sctid::parse(&good).is_ok());
            let mut bytes = good.clone().into_bytes();
            let place = place % bytes.len();
            bytes[place] = b'0' + (bytes[place] - b'0' + add) % 10;
            prop_assert!(!verifies(&bytes));
            let mut swapped = good.into_bytes();
            let place = place.min(swapped.len() - 2);
            if swapped[place] != swapped[place + 1] {
                swapped.swap(place, place + 1);
                prop_assert!(!verifies(&swapped));
            }
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            if let Ok(id) = Sctid::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}

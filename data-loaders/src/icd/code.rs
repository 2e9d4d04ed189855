//! How codes of the ICD family are spelled: the publishers' files leave the dot out, FHIR wants it in.
//!
//! It checks shape, not existence.

/// Which code set a bare code belongs to; each has its own shape and place of the dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeSet {
    /// ICD-10-CM: a letter, a digit, then up to five letters or digits; dot after three.
    Icd10Cm,
    /// ICD-10-PCS: up to seven letters or digits without I and O; no dot.
    Icd10Pcs,
    /// ICD-9-CM diagnoses: three characters (E codes: four), dot, up to two digits.
    Icd9Diagnosis,
    /// ICD-9-CM procedures: two digits, dot, up to two digits.
    Icd9Procedure,
}

impl CodeSet {
    /// Canonical URL of the code system. HL7 gives ICD-9-CM diagnoses and procedures the same one; their dotted
    /// codes cannot meet, because the dot stands in another place.
    pub fn system(self) -> &'static str {
        match self {
            Self::Icd10Cm => "http://hl7.org/fhir/sid/icd-10-cm",
            Self::Icd10Pcs => "http://www.cms.gov/Medicare/Coding/ICD10",
            Self::Icd9Diagnosis | Self::Icd9Procedure => "http://hl7.org/fhir/sid/icd-9-cm",
        }
    }

    /// The code as FHIR spells it, or `None` where the characters are no code of this set. A dot that is
    /// already there is accepted only in its place.
    pub fn spell(self, bare: &str) -> Option<String> {
        let place = self.dot_after(bare);
        let mut squeezed = String::with_capacity(bare.len());
        match bare.split_once('.') {
            Some((head, tail)) if Some(head.len()) == place && !tail.is_empty() => {
                squeezed.push_str(head);
                squeezed.push_str(tail);
            }
            Some(_) => return None,
            None => squeezed.push_str(bare),
        }
        if !self.is_sound(squeezed.as_bytes()) {
            return None;
        }
        // Sound codes are ASCII, so any place up to the length is a character boundary.
        if let Some(place) = place.filter(|place| *place < squeezed.len()) {
            squeezed.insert(place, '.');
        }
        Some(squeezed)
    }

    fn dot_after(self, bare: &str) -> Option<usize> {
        match self {
            Self::Icd10Cm => Some(3),
            Self::Icd10Pcs => None,
            Self::Icd9Diagnosis => Some(if bare.starts_with('E') { 4 } else { 3 }),
            Self::Icd9Procedure => Some(2),
        }
    }

    fn is_sound(self, code: &[u8]) -> bool {
        let alphanumeric = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        match (self, code) {
            (Self::Icd10Cm, [first, second, rest @ ..]) => {
                // The second character is a letter in the chapter for special purposes' newest blocks (QA0).
                first.is_ascii_uppercase()
                    && alphanumeric(second)
                    && (1..=5).contains(&rest.len())
                    && rest.iter().all(alphanumeric)
            }
            (Self::Icd10Pcs, code) => {
                (2..=7).contains(&code.len()) && code.iter().all(|byte| alphanumeric(byte) && !matches!(byte, b'I' | b'O'))
            }
            (Self::Icd9Diagnosis, [first, rest @ ..]) => {
                let digits = rest.iter().all(u8::is_ascii_digit);
                match first {
                    b'E' => digits && (3..=4).contains(&rest.len()),
                    b'V' | b'0'..=b'9' => digits && (2..=4).contains(&rest.len()),
                    _ => false,
                }
            }
            (Self::Icd9Procedure, code) => (2..=4).contains(&code.len()) && code.iter().all(u8::is_ascii_digit),
            _ => false,
        }
    }
}

/// The code with its last character gone, and the dot with it where the dot would end it.
pub fn shorten(code: &str) -> &str {
    let mut characters = code.chars();
    characters.next_back();
    characters.as_str().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_go_where_each_code_set_has_them() {
        let check = |set: CodeSet, bare, wanted: Option<&str>| assert_eq!(set.spell(bare).as_deref(), wanted, "{set:?} {bare}");
        check(CodeSet::Icd10Cm, "A000", Some("A00.0"));
        check(CodeSet::Icd10Cm, "A00.0", Some("A00.0"));
        check(CodeSet::Icd10Cm, "I10", Some("I10"));
        check(CodeSet::Icd10Cm, "S52501A", Some("S52.501A"));
        check(CodeSet::Icd10Cm, "QA00101", Some("QA0.0101"));
        check(CodeSet::Icd10Cm, "A0.00", None);
        check(CodeSet::Icd10Cm, "A00.", None);
        check(CodeSet::Icd10Cm, "a000", None);
        check(CodeSet::Icd10Cm, "A0000000", None);
        check(CodeSet::Icd10Cm, "Aé00", None);
        check(CodeSet::Icd10Pcs, "0016070", Some("0016070"));
        check(CodeSet::Icd10Pcs, "0O16070", None);
        check(CodeSet::Icd9Diagnosis, "0010", Some("001.0"));
        check(CodeSet::Icd9Diagnosis, "E8000", Some("E800.0"));
        check(CodeSet::Icd9Diagnosis, "E800", Some("E800"));
        check(CodeSet::Icd9Diagnosis, "V9103", Some("V91.03"));
        check(CodeSet::Icd9Diagnosis, "X00", None);
        check(CodeSet::Icd9Procedure, "0010", Some("00.10"));
        check(CodeSet::Icd9Procedure, "", None);
    }

    #[test]
    fn shortening_walks_up_to_the_category() {
        assert_eq!(shorten("A00.01"), "A00.0");
        assert_eq!(shorten("A00.0"), "A00");
        assert_eq!(shorten("é"), "");
        assert_eq!(shorten(""), "");
    }
}

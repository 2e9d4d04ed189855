//! Codes that a source supplies, checked and repaired: what can be put right without guessing is, and says so.
//!
//! Existence in the target decides; formats and check digits only say what to try and what to report. A repair that
//! would have to choose between several existing codes chooses none. Damage by spreadsheets that cannot be undone is
//! named as such.

/// A code to try, with what was done to get it ("" for nothing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The code.
    pub code: String,
    /// What was repaired, for the reason column.
    pub repair: &'static str,
}

/// What a look at a supplied code gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Examination {
    /// Codes to look up, in this order; the first that exists wins.
    pub attempts: Vec<Attempt>,
    /// What is wrong with the code if none of them exists.
    pub complaint: Option<String>,
}

/// How the codes of a system are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// Digits, hyphen, check digit mod 10.
    Loinc,
    /// 6 to 18 digits, Verhoeff check digit.
    Snomed,
    /// Letter, digits, dot after the third character.
    Icd10,
    /// Three digits (or V/E and digits), dot after the third (E: fourth).
    Icd9,
    /// Digits without leading zeros.
    Rxnorm,
    /// 10 or 11 digits in three parts.
    Ndc,
    /// Anything.
    Other,
}

impl Notation {
    /// The notation of a code system by its canonical URL.
    pub fn of(system: &str) -> Self {
        match system {
            "http://loinc.org" => Self::Loinc,
            "http://snomed.info/sct" => Self::Snomed,
            "http://www.nlm.nih.gov/research/umls/rxnorm" => Self::Rxnorm,
            "http://hl7.org/fhir/sid/ndc" => Self::Ndc,
            "http://hl7.org/fhir/sid/icd-9-cm" => Self::Icd9,
            other if other.contains("icd-10-pcs") => Self::Other,
            other if other.contains("icd-10") => Self::Icd10,
            _ => Self::Other,
        }
    }
}

/// Looks at a supplied code.
pub(crate) fn examine(code: &str, notation: Notation) -> Examination {
    let mut found = Examination::default();
    let mut attempt = |code: String, repair: &'static str| {
        if !code.is_empty() && !found.attempts.iter().any(|other: &Attempt| other.code == code) {
            found.attempts.push(Attempt { code, repair });
        }
    };
    attempt(code.to_owned(), "");
    let clean: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '\u{feff}' | '\u{200b}' | '\u{a0}' | '\'' | '"'))
        .map(|c| match c {
            '‐' | '‑' | '‒' | '–' | '—' | '−' => '-',
            other => other,
        })
        .collect();
    attempt(clean.clone(), "blanks, quotes or dashes cleaned");
    if notation != Notation::Other
        && let Some(whole) = clean
            .strip_suffix(".0")
            .filter(|whole| whole.bytes().all(|byte| byte.is_ascii_digit()))
    {
        attempt(whole.to_owned(), "trailing .0 of a spreadsheet removed");
    }
    match notation {
        Notation::Loinc => loinc(&clean, &mut attempt),
        Notation::Icd10 | Notation::Icd9 => icd(&clean, notation, &mut attempt),
        Notation::Snomed | Notation::Rxnorm => {
            let trimmed = clean.trim_start_matches('0');
            attempt(trimmed.to_owned(), "leading zeros removed");
        }
        Notation::Ndc => ndc(&clean).into_iter().for_each(|(code, repair)| attempt(code, repair)),
        Notation::Other => {}
    }
    let upper = clean.to_uppercase();
    attempt(upper, "upper case");
    found.complaint = complaint(&clean, notation);
    found
}

fn loinc(clean: &str, attempt: &mut impl FnMut(String, &'static str)) {
    let upper = clean.to_uppercase();
    let bare = upper
        .strip_prefix("LOINC:")
        .or_else(|| upper.strip_prefix("LOINC"))
        .unwrap_or(&upper);
    let bare = bare.trim_start_matches([':', '#']);
    attempt(bare.to_owned(), "prefix removed");
    attempt(bare.trim_start_matches('0').to_owned(), "leading zeros removed");
    let digits = bare.trim_start_matches('0');
    if digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Some(restored) = from_date_serial(digits) {
            attempt(restored, "restored from the date that a spreadsheet made of it");
        }
        // All ASCII digits, so the last character is one byte.
        let (number, check) = digits.split_at(digits.len() - 1);
        if luhn(number) == check.bytes().next().map(|byte| byte - b'0') {
            attempt(format!("{number}-{check}"), "hyphen before the check digit restored");
        }
    }
    if let Some(serial) = bare.strip_prefix('-')
        && let Some(restored) = from_date_serial_signed(-serial.parse::<i64>().unwrap_or(0))
    {
        attempt(restored, "restored from the date that a spreadsheet made of it");
    }
}

/// `4551-8` typed into a spreadsheet becomes the first of August 4551, stored as days since 1900.
fn from_date_serial(digits: &str) -> Option<String> {
    from_date_serial_signed(digits.parse().ok()?)
}

fn from_date_serial_signed(serial: i64) -> Option<String> {
    if !(-693_000..=2_958_465).contains(&serial) || serial == 0 {
        return None;
    }
    // Day 25569 of spreadsheets is 1970-01-01.
    let (year, month, day) = civil_from_days(serial - 25_569);
    if day != 1 || !(1..=9_999).contains(&year) || month > 9 {
        return None;
    }
    let number = year.to_string();
    let check = u8::try_from(month).ok()?;
    (luhn(&number) == Some(check)).then(|| format!("{number}-{month}"))
}

/// Year, month and day of a day counted from 1970-01-01 (proleptic Gregorian).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn icd(clean: &str, notation: Notation, attempt: &mut impl FnMut(String, &'static str)) {
    let upper = clean.to_uppercase();
    let bare: String = upper.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    // A dagger or asterisk marks the part that a code plays, not the code.
    attempt(bare.clone(), "upper case, marks removed");
    let letters: String = bare.chars().filter(|c| *c != '.').collect();
    let place = if notation == Notation::Icd9 && letters.starts_with('E') {
        4
    } else {
        3
    };
    let dotted = |text: &str| {
        if text.len() > place && text.is_ascii() {
            format!("{}.{}", &text[..place], &text[place..])
        } else {
            text.to_owned()
        }
    };
    attempt(dotted(&letters), "dot set");
    attempt(letters.clone(), "dot removed");
    if notation == Notation::Icd9 && letters.bytes().all(|byte| byte.is_ascii_digit()) && letters.len() < 3 {
        attempt(format!("{letters:0>3}"), "leading zeros restored");
    }
    if notation == Notation::Icd10 && letters.ends_with('X') {
        attempt(dotted(letters.trim_end_matches('X')), "placeholder X removed");
    }
}

/// Whether a code can only be an NDC: three parts of digits, or eleven digits.
pub(super) fn has_ndc_shape(code: &str) -> bool {
    let code = code.trim();
    let dashed = code.split('-').count() == 3;
    (dashed || code.len() == 11) && !ndc(code).is_empty()
}

/// The 11-digit form of an NDC in any of its layouts, each with how it was got.
pub(super) fn ndc(clean: &str) -> Vec<(String, &'static str)> {
    let stars = clean.replace('*', "0");
    let parts: Vec<&str> = stars.split('-').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !parts.iter().all(|part| digits(part)) {
        return Vec::new();
    }
    match parts.as_slice() {
        [labeler, product, package] if labeler.len() <= 5 && product.len() <= 4 && package.len() <= 2 => {
            vec![(format!("{labeler:0>5}{product:0>4}{package:0>2}"), "written as 11 digits")]
        }
        [whole] if whole.len() == 11 => vec![((*whole).to_owned(), "")],
        // Ten digits without dashes: one of three parts lacks a zero; the index says which.
        [whole] if whole.len() == 10 => vec![
            (format!("0{whole}"), "10 digits read as 4-4-2"),
            (format!("{}0{}", &whole[..5], &whole[5..]), "10 digits read as 5-3-2"),
            (format!("{}0{}", &whole[..9], &whole[9..]), "10 digits read as 5-4-1"),
        ],
        [whole] if (7..10).contains(&whole.len()) => vec![(format!("{whole:0>11}"), "lost leading zeros restored")],
        _ => Vec::new(),
    }
}

fn complaint(clean: &str, notation: Notation) -> Option<String> {
    if is_scientific(clean) {
        return Some(format!(
            "{clean} is a number rounded by a spreadsheet; its last digits are lost. Export the column as text"
        ));
    }
    match notation {
        Notation::Loinc => {
            let (number, check) = clean.split_once('-')?;
            let expected = luhn(number)?;
            (check != expected.to_string()).then(|| format!("the check digit of {clean} should be {expected}"))
        }
        Notation::Snomed => {
            let digits = clean.bytes().all(|byte| byte.is_ascii_digit());
            if !digits || !(6..=18).contains(&clean.len()) {
                Some(format!("{clean} is no SNOMED CT identifier (6 to 18 digits)"))
            } else {
                (!verhoeff(clean)).then(|| format!("the check digit of {clean} is wrong"))
            }
        }
        _ => None,
    }
}

fn is_scientific(text: &str) -> bool {
    let upper = text.to_uppercase();
    let Some((mantissa, exponent)) = upper.split_once("E+") else {
        return false;
    };
    !exponent.is_empty()
        && exponent.bytes().all(|byte| byte.is_ascii_digit())
        && mantissa
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',')
        && mantissa.bytes().any(|byte| byte.is_ascii_digit())
}

/// The mod 10 check digit that LOINC uses; `None` for what is no number.
pub(super) fn luhn(number: &str) -> Option<u8> {
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if place % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    Some(((10 - sum % 10) % 10) as u8)
}

/// Whether the last digit of an identifier is its Verhoeff check digit.
pub(super) fn verhoeff(identifier: &str) -> bool {
    const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let mut check = 0u8;
    for (place, byte) in identifier.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let mut digit = byte - b'0';
        for _ in 0..place % 8 {
            // `digit` stays below ten: TURN is a permutation of the digits.
            digit = TURN[usize::from(digit)];
        }
        check = dihedral(check, digit);
    }
    !identifier.is_empty() && check == 0
}

/// Multiplication in the dihedral group of order ten.
fn dihedral(left: u8, right: u8) -> u8 {
    match (left < 5, right < 5) {
        (true, true) => (left + right) % 5,
        (true, false) => 5 + (left + right - 5) % 5,
        (false, true) => 5 + (left + 5 - right) % 5,
        (false, false) => (left + 5 - right) % 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(code: &str, notation: Notation) -> Vec<String> {
        examine(code, notation)
            .attempts
            .into_iter()
            .map(|attempt| attempt.code)
            .collect()
    }

    #[test]
    fn loinc_codes_are_put_right() {
        assert!(tried(" 2345-7 ", Notation::Loinc).contains(&"2345-7".to_owned()));
        assert!(tried("23457", Notation::Loinc).contains(&"2345-7".to_owned()));
        assert!(tried("2345–7", Notation::Loinc).contains(&"2345-7".to_owned()));
        assert!(tried("LOINC:2345-7", Notation::Loinc).contains(&"2345-7".to_owned()));
        // Typed into a spreadsheet, these two became dates.
        assert!(tried("968472", Notation::Loinc).contains(&"4551-8".to_owned()));
        assert!(tried("-56064", Notation::Loinc).contains(&"1746-7".to_owned()));
        assert_eq!(
            examine("2345-8", Notation::Loinc).complaint.as_deref(),
            Some("the check digit of 2345-8 should be 7")
        );
    }

    #[test]
    fn icd_codes_get_their_dot_and_case() {
        assert!(tried("e119", Notation::Icd10).contains(&"E11.9".to_owned()));
        assert!(tried("I10", Notation::Icd10).contains(&"I10".to_owned()));
        assert!(tried("A17.8†", Notation::Icd10).contains(&"A17.8".to_owned()));
        assert!(tried("E8490", Notation::Icd9).contains(&"E849.0".to_owned()));
        assert!(tried("25000", Notation::Icd9).contains(&"250.00".to_owned()));
        assert!(tried("é", Notation::Icd10).contains(&"é".to_owned()));
    }

    #[test]
    fn ndcs_get_eleven_digits() {
        assert_eq!(ndc("0002-1433-61")[0].0, "00002143361");
        assert_eq!(ndc("50242-040-62")[0].0, "50242004062");
        assert_eq!(ndc("60575-4112-1")[0].0, "60575411201");
        assert_eq!(ndc("0002143361").len(), 3);
        assert_eq!(ndc("2143361")[0], ("00002143361".to_owned(), "lost leading zeros restored"));
        assert!(ndc("x").is_empty());
        assert_eq!(ndc("*0002-1433-61")[0].0, "00002143361");
        assert_eq!(ndc("0002-*143-61")[0].0, "00002014361");
        assert!(has_ndc_shape("0002-1433-61") && has_ndc_shape("00002143361"));
        assert!(!has_ndc_shape("2143361") && !has_ndc_shape("4551-8") && !has_ndc_shape("2020-01-0x"));
    }

    #[test]
    fn lost_digits_are_not_guessed() {
        let found = examine("1.23E+17", Notation::Snomed);
        assert!(found.complaint.is_some_and(|complaint| complaint.contains("spreadsheet")));
    }

    #[test]
    fn check_digits_agree_with_published_identifiers() {
        assert!(verhoeff("22298006") && verhoeff("138875005") && !verhoeff("22298007"));
        assert_eq!(luhn("4551"), Some(8));
        assert_eq!(luhn("x"), None);
    }

    #[test]
    fn days_become_dates() {
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(civil_from_days(11_016), (2000, 2, 29));
        assert_eq!(civil_from_days(-1), (1969, 12, 31));
    }

    proptest::proptest! {
        #[test]
        fn any_code_is_examined_without_panic(code in "\\PC{0,30}", which in 0usize..7) {
            let notations = [
                Notation::Loinc, Notation::Snomed, Notation::Icd10, Notation::Icd9,
                Notation::Rxnorm, Notation::Ndc, Notation::Other,
            ];
            let found = examine(&code, notations[which]);
            proptest::prop_assert!(code.is_empty() || found.attempts[0].code == code);
        }

        #[test]
        fn a_verhoeff_check_digit_is_the_only_one(number in 10_000u64..1_000_000_000) {
            let right = (0..10).filter(|digit| verhoeff(&format!("{number}{digit}"))).count();
            proptest::prop_assert_eq!(right, 1);
        }
    }
}

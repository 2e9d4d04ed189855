//! Units of results as hospitals write them, read as far as the mapper needs: which kind of quantity they measure.
//!
//! LOINC's PROPERTY axis says what kind of quantity a result is (mass per volume, number fraction, presence...). A
//! unit decides most of it. This is no UCUM implementation: it converts nothing; it reads a numerator and a
//! denominator, each to a dimension, with the spellings that laboratories use.

use tern_index::text::fold;

/// What a unit's numerator or denominator measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Mass,
    Substance,
    /// Equivalents: counted as substance.
    Volume,
    Enzyme,
    International,
    Arbitrary,
    Count,
    Time,
    Day,
    Pressure,
    HighPowerField,
    LowPowerField,
    Length,
    Area,
    Fraction,
    Osmole,
    Cells,
    Temperature,
    Creatinine,
    Hemoglobin,
}

/// What a unit says of the property of a result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Unit {
    /// Properties that results in this unit have, best first.
    pub properties: &'static [&'static str],
    /// The unit as compared with example units: folded, blanks and exponents' marks removed.
    pub canonical: String,
    /// The unit itself counts per 24 hours.
    pub per_day: bool,
    /// The unit says "there is none" (`N/A`, `none`): the result is likely a word.
    pub none: bool,
}

/// Words for "no unit".
const NONE: &[&str] = &[
    "n/a", "na", "none", "null", "nan", "-", "geen", "no unit", "unitless", "nil", "#error!",
];

/// Atoms by their folded spelling. Longer spellings are tried whole, so the order does not matter.
const ATOMS: &[(&str, Dimension)] = &[
    ("g", Dimension::Mass),
    ("gm", Dimension::Mass),
    ("gram", Dimension::Mass),
    ("grams", Dimension::Mass),
    ("mg", Dimension::Mass),
    ("mgm", Dimension::Mass),
    ("ug", Dimension::Mass),
    ("mcg", Dimension::Mass),
    ("ng", Dimension::Mass),
    ("pg", Dimension::Mass),
    ("fg", Dimension::Mass),
    ("kg", Dimension::Mass),
    ("mol", Dimension::Substance),
    ("mmol", Dimension::Substance),
    ("umol", Dimension::Substance),
    ("mcmol", Dimension::Substance),
    ("nmol", Dimension::Substance),
    ("pmol", Dimension::Substance),
    ("fmol", Dimension::Substance),
    ("eq", Dimension::Substance),
    ("meq", Dimension::Substance),
    ("ueq", Dimension::Substance),
    ("val", Dimension::Substance),
    ("mval", Dimension::Substance),
    ("l", Dimension::Volume),
    ("liter", Dimension::Volume),
    ("litre", Dimension::Volume),
    ("dl", Dimension::Volume),
    ("cl", Dimension::Volume),
    ("ml", Dimension::Volume),
    ("cc", Dimension::Volume),
    ("ul", Dimension::Volume),
    ("mcl", Dimension::Volume),
    ("nl", Dimension::Volume),
    ("fl", Dimension::Volume),
    ("mm3", Dimension::Volume),
    ("cumm", Dimension::Volume),
    ("cmm", Dimension::Volume),
    ("um3", Dimension::Volume),
    ("u", Dimension::Enzyme),
    ("unit", Dimension::Enzyme),
    ("units", Dimension::Enzyme),
    ("mu", Dimension::Enzyme),
    ("uu", Dimension::Enzyme),
    ("ku", Dimension::Enzyme),
    ("e", Dimension::Enzyme),
    ("ke", Dimension::Enzyme),
    ("me", Dimension::Enzyme),
    ("kat", Dimension::Enzyme),
    ("ukat", Dimension::Enzyme),
    ("nkat", Dimension::Enzyme),
    ("iu", Dimension::International),
    ("miu", Dimension::International),
    ("uiu", Dimension::International),
    ("kiu", Dimension::International),
    ("ie", Dimension::International),
    ("mie", Dimension::International),
    ("kie", Dimension::International),
    ("gpl", Dimension::Arbitrary),
    ("mpl", Dimension::Arbitrary),
    ("apl", Dimension::Arbitrary),
    ("bu", Dimension::Arbitrary),
    ("au", Dimension::Arbitrary),
    ("arb", Dimension::Arbitrary),
    ("arbu", Dimension::Arbitrary),
    ("eu", Dimension::Arbitrary),
    ("ru", Dimension::Arbitrary),
    ("", Dimension::Count),
    ("#", Dimension::Count),
    ("1", Dimension::Count),
    ("k", Dimension::Count),
    ("m", Dimension::Count),
    ("th", Dimension::Count),
    ("thou", Dimension::Count),
    ("thousand", Dimension::Count),
    ("mil", Dimension::Count),
    ("mill", Dimension::Count),
    ("mio", Dimension::Count),
    ("million", Dimension::Count),
    ("tsd", Dimension::Count),
    ("gpt", Dimension::Count),
    ("tpt", Dimension::Count),
    ("cells", Dimension::Count),
    ("cell", Dimension::Count),
    ("cellen", Dimension::Count),
    ("copies", Dimension::Count),
    ("cp", Dimension::Count),
    ("cfu", Dimension::Count),
    ("s", Dimension::Time),
    ("sec", Dimension::Time),
    ("secs", Dimension::Time),
    ("seconds", Dimension::Time),
    ("min", Dimension::Time),
    ("mins", Dimension::Time),
    ("minutes", Dimension::Time),
    ("minuten", Dimension::Time),
    ("h", Dimension::Time),
    ("hr", Dimension::Time),
    ("hrs", Dimension::Time),
    ("hour", Dimension::Time),
    ("hours", Dimension::Time),
    ("uur", Dimension::Time),
    ("24h", Dimension::Day),
    ("24hr", Dimension::Day),
    ("24hrs", Dimension::Day),
    ("24hours", Dimension::Day),
    ("24uur", Dimension::Day),
    ("24u", Dimension::Day),
    ("24", Dimension::Day),
    ("d", Dimension::Day),
    ("day", Dimension::Day),
    ("dag", Dimension::Day),
    ("tag", Dimension::Day),
    ("etmaal", Dimension::Day),
    ("mmhg", Dimension::Pressure),
    ("mm[hg]", Dimension::Pressure),
    ("kpa", Dimension::Pressure),
    ("pa", Dimension::Pressure),
    ("torr", Dimension::Pressure),
    ("cmh2o", Dimension::Pressure),
    ("hpf", Dimension::HighPowerField),
    ("[hpf]", Dimension::HighPowerField),
    ("lpf", Dimension::LowPowerField),
    ("[lpf]", Dimension::LowPowerField),
    ("cm", Dimension::Length),
    ("mm", Dimension::Length),
    ("um", Dimension::Length),
    ("m2", Dimension::Area),
    ("1.73m2", Dimension::Area),
    ("%", Dimension::Fraction),
    ("percent", Dimension::Fraction),
    ("pct", Dimension::Fraction),
    ("promille", Dimension::Fraction),
    ("ratio", Dimension::Fraction),
    ("osm", Dimension::Osmole),
    ("mosm", Dimension::Osmole),
    ("mosmol", Dimension::Osmole),
    ("osmol", Dimension::Osmole),
    ("100wbc", Dimension::Cells),
    ("100leuko", Dimension::Cells),
    ("100cells", Dimension::Cells),
    ("100", Dimension::Cells),
    ("1000", Dimension::Cells),
    ("c", Dimension::Temperature),
    ("cel", Dimension::Temperature),
    ("degc", Dimension::Temperature),
    ("creat", Dimension::Creatinine),
    ("crea", Dimension::Creatinine),
    ("creatinine", Dimension::Creatinine),
    ("gcreat", Dimension::Creatinine),
    ("mmolcreat", Dimension::Creatinine),
    ("hb", Dimension::Hemoglobin),
    ("hgb", Dimension::Hemoglobin),
    ("ghb", Dimension::Hemoglobin),
];

fn atom(text: &str) -> Option<Dimension> {
    ATOMS
        .iter()
        .find(|(spelling, _)| *spelling == text)
        .map(|(_, dimension)| *dimension)
}

/// Reads a unit. An unknown unit has no properties, which constrains nothing.
pub(super) fn parse(text: &str) -> Unit {
    let folded = fold(text.trim()).replace('μ', "u");
    if folded.is_empty() {
        return Unit::default();
    }
    if NONE.contains(&folded.as_str()) {
        return Unit {
            none: true,
            ..Unit::default()
        };
    }
    // Extracts list several units of one test: "U/mL|IU/mL". The first is as good as any.
    let first = folded.split('|').next().unwrap_or_default();
    let compact: String = first
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '^' && *c != '*')
        .collect();
    let mut unit = Unit {
        canonical: canonical(&compact),
        ..Unit::default()
    };
    let (numerator, denominators) = split(first);
    let logarithm = numerator.starts_with("log");
    let numerator = match numerator.strip_prefix("log10").or_else(|| numerator.strip_prefix("log")) {
        Some(rest) => rest.to_owned(),
        None => numerator,
    };
    let Some(top) = dimension(&numerator) else {
        return unit;
    };
    let bottoms: Vec<Dimension> = denominators.iter().filter_map(|part| dimension(part)).collect();
    if bottoms.len() < denominators.len() && bottoms.is_empty() {
        return unit;
    }
    unit.per_day = bottoms.contains(&Dimension::Day);
    unit.properties = properties(top, &bottoms, logarithm);
    unit
}

/// Words of a unit that say of what rather than how much: "FEU" of `ug/mL FEU`, `mg/L{FEU}` and `mg/L (FEU)`.
pub(super) fn annotations(text: &str) -> Vec<String> {
    let folded = fold(text.trim());
    let first = folded.split('|').next().unwrap_or_default();
    let Some((_, after)) = first.split_once('/') else {
        return Vec::new();
    };
    let words = after.split(|c: char| !c.is_alphanumeric()).skip(1);
    let named = words.filter(|word| word.len() > 2 && word.chars().all(char::is_alphabetic) && atom(word).is_none());
    named.map(str::to_owned).collect()
}

/// The spelling under which units are compared.
fn canonical(compact: &str) -> String {
    let mut canonical = compact.replace("mcg", "ug").replace("[iu]", "iu").replace(['[', ']'], "");
    if let Some(at) = canonical.find('{') {
        canonical.truncate(at);
    }
    match canonical.as_str() {
        "k/ul" | "th/ul" | "103/ul" | "109/l" | "g/l#" => "10*3/ul".to_owned(),
        "m/ul" | "106/ul" | "1012/l" => "10*6/ul".to_owned(),
        "sec" | "seconds" => "s".to_owned(),
        "iu/l" => "u/l".to_owned(),
        _ => canonical,
    }
}

/// Numerator and denominators, blanks dropped inside each, annotations in braces dropped.
fn split(unit: &str) -> (String, Vec<String>) {
    let mut clean = String::new();
    let mut depth = 0usize;
    for character in unit.chars() {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => clean.push(character),
            _ => {}
        }
    }
    let clean = clean.replace(" per ", "/");
    let mut parts = clean.split('/').map(|part| {
        let part = part.trim();
        // "ng/mL FEU": words after a known atom say of what, not how much.
        let whole: String = part.chars().filter(|c| !c.is_whitespace()).collect();
        match part.split_whitespace().next() {
            Some(first) if dimension(&whole).is_none() && atom(first).is_some() => first.to_owned(),
            _ => whole,
        }
    });
    let numerator = parts.next().unwrap_or_default();
    (numerator, parts.collect())
}

/// The dimension of a numerator or denominator: an atom, a power of ten (`10^3`, `x10E9`), or a multiple of an atom.
fn dimension(text: &str) -> Option<Dimension> {
    if let Some(known) = atom(text) {
        return Some(known);
    }
    let rest = text.trim_start_matches('x').trim_start_matches('*');
    if let Some(power) = rest.strip_prefix("10") {
        let power = power.trim_start_matches(['^', '*', 'e', '+', 'x']);
        let after = power.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() < power.len() || power.is_empty() {
            let after = after.trim_start_matches(['.', '*']);
            return if after.is_empty() {
                Some(Dimension::Count)
            } else {
                atom(after)
            };
        }
    }
    let unnumbered = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
    if unnumbered.len() < text.len() && !unnumbered.is_empty() {
        return atom(unnumbered);
    }
    None
}

/// From dimensions to LOINC properties, best first.
fn properties(top: Dimension, bottoms: &[Dimension], logarithm: bool) -> &'static [&'static str] {
    use Dimension as D;
    let bottom = bottoms.first().copied();
    if logarithm {
        return &["LnCnc", "LaCnc", "LsCnc", "LnRto"];
    }
    let second = bottoms.get(1).copied();
    match (top, bottom, second) {
        (D::Osmole, ..) => &["Osmol"],
        (_, Some(D::Creatinine), _) | (_, Some(D::Mass | D::Substance), Some(D::Creatinine)) => match top {
            D::Mass => &["MRto", "Ratio"],
            D::Substance => &["SRto", "Ratio"],
            _ => &["CRto", "ARto", "Ratio"],
        },
        (D::Mass, Some(D::Volume), _) => &["MCnc", "MSCnc"],
        (D::Substance, Some(D::Volume), _) => &["SCnc", "MSCnc"],
        (D::Enzyme, Some(D::Volume), _) => &["CCnc", "ACnc"],
        (D::International, Some(D::Volume), _) => &["ACnc", "CCnc"],
        (D::Arbitrary, Some(D::Volume), _) | (D::Arbitrary, None, _) => &["ACnc"],
        (D::Count, Some(D::Volume), _) => &["NCnc"],
        (D::Count, Some(D::HighPowerField | D::LowPowerField), _) | (D::HighPowerField | D::LowPowerField, ..) => {
            &["Naric", "PrThr"]
        }
        (D::Mass, Some(D::Mass), _) => &["MCnt", "MRto", "MFr"],
        (D::Substance, Some(D::Mass), _) => &["SCnt", "SRto"],
        (D::Substance, Some(D::Substance), _) => &["SFr", "SRto"],
        (D::Mass, Some(D::Substance), _) => &["MRto", "Ratio"],
        (D::Enzyme | D::International, Some(D::Mass | D::Hemoglobin), _) => &["CCnt", "CRto", "ACnt", "EntCat"],
        (D::Mass, Some(D::Day | D::Time), _) => &["MRat"],
        (D::Substance, Some(D::Day | D::Time), _) => &["SRat"],
        (D::Volume, Some(D::Day | D::Time), _) => &["VRat", "VRatArea"],
        (D::Enzyme | D::International, Some(D::Day | D::Time), _) => &["CRat", "ARat"],
        (D::Length, Some(D::Time), _) => &["Vel"],
        (D::Count, Some(D::Cells), _) | (D::Fraction, ..) => {
            &["NFr", "MFr", "VFr", "SFr", "CFr", "AFr", "RelACnc", "Ratio", "MRto"]
        }
        (D::Count, Some(D::Mass), _) => &["NCnt"],
        (D::Mass, None, _) => &["EntMass", "Mass"],
        (D::Substance, None, _) => &["EntSub", "Sub"],
        (D::Volume, None, _) => &["EntVol", "Vol"],
        (D::Enzyme | D::International, None, _) => &["ACnc", "CCnc", "Arb"],
        (D::Time, None, _) => &["Time", "RelTime"],
        (D::Pressure, ..) => &["PPres", "Pres", "PPresDiff"],
        (D::Temperature, ..) => &["Temp"],
        (D::Length, None, _) => &["Len", "EntLen"],
        (D::Volume, Some(D::Volume), _) => &["VFr"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hospital_spellings_give_the_property() {
        for (unit, property) in [
            ("mg/dL", "MCnc"),
            ("ug/mL", "MCnc"),
            ("µg/l", "MCnc"),
            ("mcg/mL", "MCnc"),
            ("g/dl", "MCnc"),
            ("ng/mL FEU", "MCnc"),
            ("mEq/L", "SCnc"),
            ("mmol/l", "SCnc"),
            ("IU/mL", "ACnc"),
            ("mIU/mL", "ACnc"),
            ("uIU/mL|uU/ML", "ACnc"),
            ("IU/L", "ACnc"),
            ("U/L", "CCnc"),
            ("E/l", "CCnc"),
            ("K/uL", "NCnc"),
            ("#/uL", "NCnc"),
            ("10^9/l", "NCnc"),
            ("10*3/uL", "NCnc"),
            ("x10E3/uL", "NCnc"),
            ("/mm3", "NCnc"),
            ("cells/uL", "NCnc"),
            ("#/hpf", "Naric"),
            ("/hpf", "Naric"),
            ("%", "NFr"),
            ("/100 WBC", "NFr"),
            ("sec", "Time"),
            ("mm Hg", "PPres"),
            ("kPa", "PPres"),
            ("mOsm/kg", "Osmol"),
            ("fL", "EntVol"),
            ("pg", "EntMass"),
            ("fmol", "EntSub"),
            ("mm/hr", "Vel"),
            ("mg/24hr", "MRat"),
            ("mmol/24uur", "SRat"),
            ("mg/g", "MCnt"),
            ("mg/g creat", "MRto"),
            ("log10 IU/mL", "LnCnc"),
            ("GPL", "ACnc"),
            ("mL/min", "VRat"),
        ] {
            assert_eq!(parse(unit).properties.first(), Some(&property), "{unit}");
        }
        assert!(parse("mg/24hr").per_day);
        assert!(parse("N/A").none && parse("Geen").none);
        assert!(parse("").properties.is_empty() && parse("widgets").properties.is_empty());
        assert_eq!(parse("K/uL").canonical, parse("10*3/uL").canonical.replace("103", "10*3"));
    }

    proptest::proptest! {
        #[test]
        fn any_unit_is_read_without_panic(text in "\\PC{0,24}") {
            let _ = parse(&text);
        }
    }
}

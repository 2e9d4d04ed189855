//! Which file of the ICD publishers is which: the table of names, and what is read off a name.
//!
//! Names are CMS's and NCHS's own, in all the spellings of the years (`icd10cm-codes-2024.txt`,
//! `icd10cm_order_2024.txt`, `2018_I9gem.txt`). A name alone is not believed: the first line must fit too.

use super::{code::CodeSet, gem, titles};
use crate::{LoadError, source::Member};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The ICD-10-CM tabular list as XML.
    Tabular,
    /// The ICD-10-CM alphabetic index, or one of its tables, as XML.
    Index,
    /// A list of valid codes with full titles.
    Codes(CodeSet),
    /// A list of codes and headers in order, with short and full titles.
    Order(CodeSet),
    /// ICD-9-CM titles: full ones or abbreviated ones.
    Icd9 {
        /// Diagnoses or procedures.
        set: CodeSet,
        /// Full titles.
        long: bool,
    },
    /// A general equivalence mapping.
    Gem(gem::Direction),
    /// A file that comes with such releases and is not read; why.
    Companion(&'static str),
}

/// How much of a file is looked at.
const HEAD: usize = 4096;

/// Says what a member is, if it is a file of the ICD publishers.
pub fn classify(member: &Member) -> Result<Option<Kind>, LoadError> {
    let name = member.file_name().to_ascii_lowercase();
    if name.ends_with(".xml") {
        let head = String::from_utf8_lossy(&member.head(HEAD)?).into_owned();
        return Ok(if head.contains("<ICD10CM.tabular") {
            Some(Kind::Tabular)
        } else if head.contains("<ICD10CM.index") {
            Some(Kind::Index)
        } else if head.contains("<ICD10PCS.") {
            Some(Kind::Companion(
                "an index, a table or definitions, which carry no codes of their own",
            ))
        } else {
            None
        });
    }
    let Some(kind) = by_name(&name) else { return Ok(None) };
    if matches!(kind, Kind::Companion(_)) {
        return Ok(Some(kind));
    }
    let head = crate::decode::decode(member.head(HEAD)?);
    // A file that has the name but not the layout is left to other loaders, or to nobody.
    let fits = head
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| match kind {
            Kind::Codes(set) | Kind::Icd9 { set, .. } => titles::code_line(set, line).is_ok(),
            Kind::Order(set) => titles::order_line(set, line).is_ok(),
            Kind::Gem(direction) => gem::line(direction, line).is_ok(),
            Kind::Tabular | Kind::Index | Kind::Companion(_) => true,
        });
    Ok(Some(kind).filter(|_| fits))
}

fn by_name(name: &str) -> Option<Kind> {
    let stem = name.strip_suffix(".txt");
    if let Some(direction) = stem.and_then(gem::Direction::by_name) {
        return Some(Kind::Gem(direction));
    }
    if let Some(kind) = stem.and_then(icd9_by_name) {
        return Some(kind);
    }
    let set = if name.starts_with("icd10cm") || name.starts_with("icd10c-") {
        Some(CodeSet::Icd10Cm)
    } else if name.starts_with("icd10pcs") {
        Some(CodeSet::Icd10Pcs)
    } else {
        None
    };
    if name.contains("addenda") || name.contains("addendum") {
        return Some(Kind::Companion("an addendum: its changes are already in the full files"));
    }
    match (set, stem) {
        (Some(set), Some(stem)) if stem.contains("order") && !stem.contains("format") => return Some(Kind::Order(set)),
        (Some(set), Some(stem)) if stem.contains("codes") => return Some(Kind::Codes(set)),
        _ => {}
    }
    let document = [".pdf", ".doc", ".docx", ".xls", ".xlsx", ".md", ".xsd", ".htm", ".html"]
        .iter()
        .any(|ending| name.ends_with(ending));
    let about = ["icd", "gem", "readme", "guide", "cms"]
        .iter()
        .any(|word| name.contains(word));
    (set.is_some() || (about && (document || name.contains("readme") || name.contains("guide"))))
        .then_some(Kind::Companion("a document or a format that is not read"))
}

fn icd9_by_name(stem: &str) -> Option<Kind> {
    let rest = stem
        .strip_prefix("cms")?
        .trim_start_matches(|letter: char| letter.is_ascii_digit());
    let mut parts = rest.strip_prefix("_desc_")?.split(['_', '.', ' ']);
    let long = match parts.next()? {
        "long" => true,
        "short" => false,
        _ => return None,
    };
    let set = match parts.next()? {
        "dx" => CodeSet::Icd9Diagnosis,
        "sg" => CodeSet::Icd9Procedure,
        _ => return None,
    };
    Some(Kind::Icd9 { set, long })
}

/// The year a file states: a four-digit number in its name, else in the nearest folder's or archive's.
pub fn year(member: &Member) -> Option<String> {
    member.path().rsplit(['/', '!']).find_map(|part| {
        part.split(|letter: char| !letter.is_ascii_digit())
            .rfind(|digits| digits.len() == 4 && ("1979"..="2100").contains(digits))
            .map(str::to_owned)
    })
}

/// The version number in `CMS32_DESC_LONG_DX.txt`.
pub fn icd9_version(member: &Member) -> Option<String> {
    let name = member.file_name();
    let digits: String = name.chars().skip(3).take_while(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty())
}

/// The day a tabular list's name states (`April-1-2026`), as a FHIR date.
pub fn date(member: &Member) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let name = member.file_name().to_ascii_lowercase();
    let parts: Vec<&str> = name.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let at = parts
        .iter()
        .position(|part| part.len() >= 3 && MONTHS.iter().any(|month| part.starts_with(month)))?;
    let named = parts.get(at)?;
    let month = MONTHS.iter().position(|month| named.starts_with(month))? + 1;
    let number = |part: Option<&&str>| part.and_then(|part| part.parse::<u32>().ok());
    match (number(parts.get(at + 1)), number(parts.get(at + 2))) {
        (Some(day @ 1..=31), Some(year @ 1979..=2100)) => Some(format!("{year}-{month:02}-{day:02}")),
        (Some(year @ 1979..=2100), _) => Some(format!("{year}-{month:02}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_years_are_known() {
        let check = |name: &str, wanted: Option<Kind>| assert_eq!(by_name(name), wanted, "{name}");
        check("icd10cm-codes-2024.txt", Some(Kind::Codes(CodeSet::Icd10Cm)));
        check("icd10cm_codes_2024.txt", Some(Kind::Codes(CodeSet::Icd10Cm)));
        check("icd10cm-order-april-2025.txt", Some(Kind::Order(CodeSet::Icd10Cm)));
        check("icd10pcs_order_2024.txt", Some(Kind::Order(CodeSet::Icd10Pcs)));
        let long_diagnoses = Kind::Icd9 {
            set: CodeSet::Icd9Diagnosis,
            long: true,
        };
        check("cms32_desc_long_dx.txt", Some(long_diagnoses));
        check("2018_i9gem.txt", Some(Kind::Gem(gem::Direction::Icd9ToIcd10Cm)));
        check("gem_pcsi9.txt", Some(Kind::Gem(gem::Direction::Icd10PcsToIcd9)));
        check("counts.json", None);
        check("package.txt", None);
        for name in [
            "icd10cm-order-addenda-2024.txt",
            "icd10orderfiles.pdf",
            "readme.md",
            "icd10pcs_tables_2024.pdf",
        ] {
            assert!(matches!(by_name(name), Some(Kind::Companion(_))), "{name}");
        }
    }
}

//! The RRF files of a release and their columns, by position: RRF has no header line.
//!
//! Layout from NLM's RxNorm technical documentation. Every row ends with a delimiter.

use crate::source::Member;

/// Names (atoms) with their concepts.
pub const CONSO: (&str, [&str; 18]) = (
    "RXNCONSO.RRF",
    [
        "RXCUI", "LAT", "TS", "LUI", "STT", "SUI", "ISPREF", "RXAUI", "SAUI", "SCUI", "SDUI", "SAB", "TTY", "CODE", "STR", "SRL",
        "SUPPRESS", "CVF",
    ],
);

/// Relations.
pub const REL: (&str, [&str; 16]) = (
    "RXNREL.RRF",
    [
        "RXCUI1", "RXAUI1", "STYPE1", "REL", "RXCUI2", "RXAUI2", "STYPE2", "RELA", "RUI", "SRUI", "SAB", "SL", "DIR", "RG",
        "SUPPRESS", "CVF",
    ],
);

/// Attributes.
pub const SAT: (&str, [&str; 13]) = (
    "RXNSAT.RRF",
    [
        "RXCUI", "LUI", "SUI", "RXAUI", "STYPE", "CODE", "ATUI", "SATUI", "ATN", "SAB", "ATV", "SUPPRESS", "CVF",
    ],
);

/// Semantic types.
pub const STY: (&str, [&str; 6]) = ("RXNSTY.RRF", ["RXCUI", "TUI", "STN", "STY", "ATUI", "CVF"]);

/// Sources and their versions.
pub const SAB: (&str, [&str; 25]) = (
    "RXNSAB.RRF",
    [
        "VCUI", "RCUI", "VSAB", "RSAB", "SON", "SF", "SVER", "VSTART", "VEND", "IMETA", "RMETA", "SLC", "SCC", "SRL", "TFR",
        "CFR", "CXTY", "TTYL", "ATNL", "LAT", "CENC", "CURVER", "SABIN", "SSN", "SCIT",
    ],
);

/// Concepts that were merged into others.
pub const CUI: (&str, [&str; 5]) = ("RXNCUI.RRF", ["CUI1", "VER_START", "VER_END", "CARDINALITY", "CUI2"]);

/// Atoms that were taken out, with the concepts they went to.
pub const ARCHIVE: (&str, [&str; 16]) = (
    "RXNATOMARCHIVE.RRF",
    [
        "RXAUI",
        "AUI",
        "STR",
        "ARCHIVE_TIMESTAMP",
        "CREATED_TIMESTAMP",
        "UPDATED_TIMESTAMP",
        "CODE",
        "IS_BRAND",
        "LAT",
        "LAST_RELEASED",
        "SAUI",
        "VSAB",
        "RXCUI",
        "SAB",
        "TTY",
        "MERGED_TO_RXCUI",
    ],
);

/// Files that come with a release and are not read, and why.
pub const LEFT_OUT: [(&str, &str); 2] = [
    ("RXNDOC.RRF", "explanations of abbreviations; nothing in it is a concept"),
    (
        "RXNCUICHANGES.RRF",
        "changes since the last release; the files hold their result",
    ),
];

/// Whether a member is the file of that name.
pub fn is(member: &Member, name: &str) -> bool {
    member.file_name().eq_ignore_ascii_case(name)
}

/// The release date that a version of the source names: `20AA_250804F` is `08042025`, the form that the FHIR
/// page on RxNorm asks for (month, day, year, as in the names of the downloads).
pub fn version(source_version: &str) -> Option<String> {
    let (_, date) = source_version.rsplit_once('_')?;
    let digits = date
        .get(..6)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    if date.len() > 7 {
        return None;
    }
    let (year, rest) = digits.split_at(2);
    Some(format!("{rest}20{year}"))
}

/// The release date in the name of a download or its folder: `RxNorm_full_07072025.zip`.
pub fn version_of_path(path: &str) -> Option<String> {
    path.split(|letter: char| !letter.is_ascii_digit())
        .rfind(|digits| digits.len() == 8 && (digits.get(4..6) == Some("20")))
        .map(str::to_owned)
}

/// `08042025` as a FHIR date.
pub fn date(version: &str) -> Option<String> {
    let (month, day, year) = (version.get(..2)?, version.get(2..4)?, version.get(4..8)?);
    let digits = version.len() == 8 && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| format!("{year}-{month}-{day}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dates_as_the_downloads_spell_them() {
        assert_eq!(version("20AA_250804F").as_deref(), Some("08042025"));
        assert_eq!(version("20AA_250804").as_deref(), Some("08042025"));
        assert_eq!(version("2025_07_01"), None);
        assert_eq!(version("x_é"), None);
        assert_eq!(
            version_of_path("RxNorm_full_prescribe_07072025.zip!rrf").as_deref(),
            Some("07072025")
        );
        assert_eq!(version_of_path("rrf"), None);
        assert_eq!(date("08042025").as_deref(), Some("2025-08-04"));
        assert_eq!(date("2025"), None);
    }
}

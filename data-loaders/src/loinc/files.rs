//! The files of a LOINC release: which they are, to which release they belong, and which version that is.
//!
//! A release is found by its table of terms. Its root is the folder above `LoincTable`; accessory files are known
//! by their names anywhere below the root, as their folders have changed over the years, and belong to the nearest
//! root above them.
//!
//! The version is, in this order: the one in the name of the release's folder or archive (`Loinc_2.81`); the one a
//! readme at the root states; the newest of `VersionLastChanged` and `VersionFirstReleased` in the table. The last
//! can be older than the release that a subset was taken from.

use crate::LoadError;
use crate::gate::Gate;
use crate::source::Member;
use crate::table::{Dialect, Table};
use regex::Regex;
use std::sync::LazyLock;
use tern_index::record::RecordSink;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Terms,
    /// The table of terms with fewer columns; read where the full one is not there.
    CoreTerms,
    Parts,
    PrimaryLinks,
    SupplementaryLinks,
    Hierarchy,
    AnswerLists,
    AnswerListLinks,
    ConsumerNames,
    /// Translations; their language is in the file's name.
    Variant,
    MapTo,
    Readme,
    /// Left out, and why.
    Ignored(&'static str),
}

/// What a file of this name would hold.
pub(super) fn role(member: &Member) -> Option<Role> {
    let name = member.file_name().to_ascii_lowercase();
    if name.contains("readme") && (name.ends_with(".txt") || name.ends_with(".md")) {
        return Some(Role::Readme);
    }
    Some(match name.strip_suffix(".csv")? {
        "loinc" => Role::Terms,
        "loinctablecore" => Role::CoreTerms,
        "part" => Role::Parts,
        "loincpartlink_primary" | "loincpartlink" => Role::PrimaryLinks,
        "loincpartlink_supplementary" => Role::SupplementaryLinks,
        "componenthierarchybysystem" | "multiaxialhierarchy" | "multi-axial_hierarchy" => Role::Hierarchy,
        "answerlist" => Role::AnswerLists,
        "loincanswerlistlink" => Role::AnswerListLinks,
        "consumername" => Role::ConsumerNames,
        "mapto" | "map_to" => Role::MapTo,
        "linguisticvariants" => Role::Ignored("the names of the translation files say their languages"),
        "panelsandforms" => Role::Ignored("the structure of panels is not loaded"),
        "sourceorganization" => Role::Ignored("copyright notices are loaded from the table of terms"),
        "group" | "groupattributes" | "grouploincterms" | "parentgroup" | "parentgroupattributes" => {
            Role::Ignored("LOINC groups are not loaded")
        }
        "partrelatedcodemapping" => Role::Ignored("maps of parts to other code systems are not loaded"),
        "loincieeemedicaldevicecodemappingtable" => Role::Ignored("the map to IEEE device codes is not loaded"),
        "loincrsnaradiologyplaybook" => Role::Ignored("the radiology playbook is not loaded; its parts are"),
        "documentontology" => Role::Ignored("the document ontology is loaded from the part links"),
        "loincuniversallabordersvalueset" | "imagingdocumentcodes" => Role::Ignored("value sets are not loaded"),
        other if other.ends_with("linguisticvariant") => Role::Variant,
        _ => return None,
    })
}

/// The language tag of a translation: `deDE15LinguisticVariant.csv` -> `de-DE`.
pub(super) fn variant_language(member: &Member) -> Option<String> {
    let name = member.file_name();
    let (language, country) = (name.get(..2)?, name.get(2..4)?);
    let letters = language.bytes().chain(country.bytes()).all(|byte| byte.is_ascii_alphabetic());
    letters.then(|| format!("{}-{}", language.to_ascii_lowercase(), country.to_ascii_uppercase()))
}

/// A member's folder with its closing separator, in the source's own terms.
fn folder(member: &Member) -> &str {
    let shown = member.shown();
    let end = shown.rfind(['/', '\\', '!']).map_or(0, |place| place + 1);
    &shown[..end]
}

/// The root of the release to which a table of terms belongs.
pub(super) fn root(table: &Member) -> &str {
    let folder = folder(table);
    let bare = folder.trim_end_matches(['/', '\\']);
    let last = bare.rfind(['/', '\\', '!']).map_or(0, |place| place + 1);
    let tables = ["loinctable", "loinctablecore"];
    if tables.iter().any(|name| bare[last..].eq_ignore_ascii_case(name)) {
        &bare[..last]
    } else {
        folder
    }
}

/// The nearest of some roots that lies above a member.
pub(super) fn nearest<'r>(member: &Member, roots: &[&'r str]) -> Option<&'r str> {
    let above = roots.iter().filter(|root| folder(member).starts_with(**root));
    above.max_by_key(|root| root.len()).copied()
}

/// Whether the first line has the columns of a table of terms.
pub(super) fn has_terms_header(member: &Member) -> Result<bool, LoadError> {
    let head = member.head(8192)?;
    let text = String::from_utf8_lossy(&head);
    let first = text.lines().next().unwrap_or("").trim_start_matches('\u{feff}');
    let names: Vec<&str> = first.split(',').map(|name| name.trim().trim_matches('"')).collect();
    let known = ["LOINC_NUM", "COMPONENT", "LONG_COMMON_NAME", "SYSTEM", "SCALE_TYP"];
    let found = known
        .iter()
        .filter(|name| names.iter().any(|there| there.eq_ignore_ascii_case(name)));
    Ok(found.count() >= 3)
}

// The patterns are constants that the tests compile.
static IN_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)loinc[_\- ]?v?(\d{1,2}\.\d{1,3})").ok());
static IN_README: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bLOINC\b.{0,60}\bversion:?\s+(\d{1,2}\.\d{1,3})").ok());

fn first_match(pattern: &LazyLock<Option<Regex>>, text: &str) -> Option<String> {
    let found = pattern.as_ref()?.captures(text)?;
    found.get(1).map(|version| version.as_str().to_owned())
}

/// The version in the names of a release's own folder or archive, and of the one above.
pub(super) fn version_in_name(root: &str) -> Option<String> {
    let parts: Vec<&str> = root.split(['/', '\\', '!']).filter(|part| !part.is_empty()).collect();
    parts.iter().rev().take(2).find_map(|part| first_match(&IN_NAME, part))
}

/// The version that a readme states in its first lines.
pub(super) fn version_in_readme(readme: &Member) -> Result<Option<String>, LoadError> {
    Ok(first_match(&IN_README, &String::from_utf8_lossy(&readme.head(4096)?)))
}

/// The newest version that the rows of the table name.
pub(super) fn version_in_table(terms: &Member, sink: &mut dyn RecordSink) -> Result<Option<String>, LoadError> {
    let mut quiet = Gate::silent(sink);
    let mut table = Table::open(terms, Dialect::Comma, None, &mut quiet)?;
    let columns = ["VersionLastChanged", "VersionFirstReleased"].map(|name| table.find(&[name]));
    let mut newest: Option<((u32, u32), String)> = None;
    while let Some(row) = table.next(&mut quiet)? {
        for text in columns.into_iter().filter_map(|column| row.optional(column)) {
            let number = text
                .split_once('.')
                .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
            if let Some(number) = number
                && newest.as_ref().is_none_or(|(known, _)| number > *known)
            {
                newest = Some((number, text.to_owned()));
            }
        }
    }
    Ok(newest.map(|(_, text)| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_names() {
        for (root, version) in [
            ("/data/Loinc_2.81/", Some("2.81")),
            ("/data/Loinc_2.81.zip!", Some("2.81")),
            ("/data/Loinc_2.80.zip!Loinc_2.80/", Some("2.80")),
            ("/data/loinc/", None),
            ("/loinc-2.7/a/b/", None),
            ("", None),
        ] {
            assert_eq!(version_in_name(root).as_deref(), version, "{root}");
        }
        assert_eq!(
            first_match(&IN_README, "LOINC(R) Table Version 2.81").as_deref(),
            Some("2.81")
        );
    }
}

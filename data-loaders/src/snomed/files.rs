//! The files of an RF2 release: what their names and headers say they are.
//!
//! Names follow the SNOMED CT file naming convention (`sct2_Concept_Snapshot_INT_20250901.txt`), but are met with
//! small irregularities, so that only what is needed is read from them: the kind of content, the release type,
//! the country or namespace, and the date. What a reference set file holds is told by its columns.

use super::LOADED;
use crate::LoadError;
use crate::source::Member;
use crate::table::{Dialect, Table};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::record::RecordSink;

/// Which history a file carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReleaseType {
    /// The newest state of every component.
    Snapshot,
    /// Every state of every component.
    Full,
    /// The states that are new in this release.
    Delta,
}

/// What a file holds, as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Concept,
    Description,
    TextDefinition,
    Relationship,
    ConcreteValues,
    StatedRelationship,
    Identifier,
    /// A reference set; its columns say of which kind.
    Refset,
}

/// One RF2 file.
#[derive(Debug, Clone)]
pub(super) struct Rf2File {
    pub(super) member: Member,
    pub(super) content: Content,
    pub(super) release_type: ReleaseType,
    /// Of a reference set, the letters of its pattern: `iisssccRefset` -> `iissscc`, one for each column of its own.
    pub(super) pattern: String,
    /// `INT`, `US1000124`, ...: whose package it belongs to.
    pub(super) owner: String,
    /// `YYYYMMDD` of the release, if the name has one.
    pub(super) date: Option<u32>,
    /// States that became effective later than this day are passed over; `u32::MAX` for none.
    pub(super) until: u32,
    /// Whether the name carries the `x` of content that is not published (alpha and beta releases).
    pub(super) experimental: bool,
}

impl Rf2File {
    /// Reads a member's name; `None` if it is not the name of an RF2 file.
    pub(super) fn from_name(member: &Member) -> Option<Self> {
        let name = member.file_name();
        let lower = name.to_ascii_lowercase();
        let stem = lower.strip_suffix(".txt")?;
        let (experimental, stem) = match stem.strip_prefix(['x', 'z']) {
            Some(rest) if rest.starts_with("sct2_") || rest.starts_with("der2_") => (true, rest),
            _ => (false, stem),
        };
        let body = stem.strip_prefix("sct2_").or_else(|| stem.strip_prefix("der2_"))?;
        let parts: Vec<&str> = body.split('_').collect();
        let release_type = [
            ("snapshot", ReleaseType::Snapshot),
            ("full", ReleaseType::Full),
            ("delta", ReleaseType::Delta),
        ]
        .into_iter()
        .find(|(word, _)| parts.iter().any(|part| names_release_type(part, word)))?
        .1;
        let first = *parts.first()?;
        let content = match first {
            "concept" => Content::Concept,
            "description" => Content::Description,
            "textdefinition" => Content::TextDefinition,
            "relationship" => Content::Relationship,
            "relationshipconcretevalues" => Content::ConcreteValues,
            "statedrelationship" => Content::StatedRelationship,
            "identifier" => Content::Identifier,
            other if other.ends_with("refset") => Content::Refset,
            _ => return None,
        };
        let date = parts.last().and_then(|part| read_date(part));
        // The owner is the part before the date; without a date it is the last one.
        let place = parts.len().checked_sub(if date.is_some() { 2 } else { 1 })?;
        Some(Self {
            member: member.clone(),
            content,
            release_type,
            pattern: first.strip_suffix("refset").unwrap_or("").to_owned(),
            owner: parts.get(place)?.to_ascii_uppercase(),
            date,
            until: u32::MAX,
            experimental,
        })
    }

    /// Whether its first line is an RF2 header. Two of the four common columns are enough: a header that lacks
    /// one of them is a damaged RF2 file, which the load must name, rather than something else.
    pub(super) fn has_header(&self) -> Result<bool, LoadError> {
        let head = self.member.head(4096)?;
        let text = String::from_utf8_lossy(&head);
        let first = text.lines().next().unwrap_or("").trim_start_matches('\u{feff}');
        let common = ["id", "effectiveTime", "active", "moduleId"];
        let found = first
            .split('\t')
            .filter(|name| common.iter().any(|known| known.eq_ignore_ascii_case(name.trim())));
        Ok(found.count() >= 2)
    }
}

/// `Snapshot`, `Snapshot-en` and `LanguageSnapshot-en` all name the release type.
fn names_release_type(part: &str, word: &str) -> bool {
    part.split('-').next().is_some_and(|first| first.ends_with(word))
}

/// Reads `YYYYMMDD`, or the date of `YYYYMMDDThhmmssZ`, as one number; `None` if it is no date.
pub(super) fn read_date(text: &str) -> Option<u32> {
    let day = match text.len() {
        8 => text,
        _ if text.as_bytes().get(8).is_some_and(|byte| byte.eq_ignore_ascii_case(&b't')) => text.get(..8)?,
        _ => return None,
    };
    if !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = day.parse().ok()?;
    let (month, day) = (number / 100 % 100, number % 100);
    (number >= 19_000_000 && (1..=12).contains(&month) && (1..=31).contains(&day)).then_some(number)
}

/// The files of a release, those to be loaded apart from those to be left out.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) used: Vec<Rf2File>,
    /// Left out, and why.
    pub(super) ignored: Vec<(Rf2File, &'static str)>,
}

/// What is there of one owner's releases.
#[derive(Debug, Default)]
struct Offer {
    /// Dates of the releases that hold everything.
    whole: BTreeSet<u32>,
    /// The newest of these.
    newest: Option<u32>,
    has_snapshot: bool,
    has_full: bool,
}

impl Offer {
    fn is_older(&self, file: &Rf2File) -> bool {
        file.date
            .is_some_and(|date| self.whole.contains(&date) && self.newest != Some(date))
    }
}

fn offers(files: &[Rf2File]) -> BTreeMap<String, Offer> {
    let whole = |file: &&Rf2File| file.content == Content::Concept && file.release_type != ReleaseType::Delta;
    let mut offers: BTreeMap<String, Offer> = BTreeMap::new();
    for file in files.iter().filter(whole) {
        let offer = offers.entry(file.owner.clone()).or_default();
        offer.whole.extend(file.date);
        offer.newest = offer.newest.max(file.date);
    }
    for file in files.iter().filter(whole) {
        if let Some(offer) = offers.get_mut(&file.owner).filter(|offer| !offer.is_older(file)) {
            offer.has_snapshot |= file.release_type == ReleaseType::Snapshot;
            offer.has_full |= file.release_type == ReleaseType::Full;
        }
    }
    offers
}

impl Selection {
    /// Chooses, for each owner, the newest release, and of that the Snapshot if there is one, else the Full files; with
    /// them the Delta files of later releases. As of a day it is the Full files, down to the states of that day.
    pub(super) fn of(files: Vec<Rf2File>, as_of: Option<u32>) -> Self {
        let offers = offers(&files);
        let nothing = Offer::default();
        let loaded = offers.get(LOADED).and_then(|offer| offer.newest);
        let mut selection = Self::default();
        for mut file in files {
            let offer = offers.get(&file.owner).unwrap_or(&nothing);
            let reason = match file.release_type {
                _ if file.content == Content::StatedRelationship => {
                    Some("stated relationships are superseded by OWL axioms; the inferred view is loaded")
                }
                _ if file.release_type != ReleaseType::Delta && offer.is_older(&file) => {
                    Some("a newer release of the same package is among the sources; load this one by itself")
                }
                ReleaseType::Snapshot | ReleaseType::Delta if as_of.is_some() => {
                    Some("the Full files hold the states of the day asked for")
                }
                ReleaseType::Full if as_of.is_none() && offer.has_snapshot => Some("the Snapshot holds the newest states"),
                ReleaseType::Delta if loaded.is_some() && file.date <= loaded => {
                    Some("the loaded edition is of that day or later; load changes that came after it")
                }
                ReleaseType::Delta if offer.newest.is_some() && file.date <= offer.newest => {
                    Some("the release it belongs to is among the sources, with these changes")
                }
                _ => None,
            };
            file.until = as_of.unwrap_or(u32::MAX);
            match reason {
                Some(reason) => selection.ignored.push((file, reason)),
                None => selection.used.push(file),
            }
        }
        selection
    }

    /// Owners of whose releases there is not what is needed: nothing but changes, or no history where a past day is
    /// asked for; each with what is missing.
    pub(super) fn missing(&self) -> Option<(String, &'static str)> {
        let concepts = || self.used.iter().filter(|file| file.content == Content::Concept);
        let owners: BTreeSet<&String> = self
            .used
            .iter()
            .chain(self.ignored.iter().map(|(file, _)| file))
            .map(|f| &f.owner)
            .collect();
        let onto_loaded = concepts().any(|file| file.owner == LOADED);
        owners.into_iter().find_map(|owner| {
            let own = || concepts().filter(|file| file.owner == *owner);
            let past = |file: &Rf2File| file.until != u32::MAX && file.content == Content::Concept;
            let any = self.ignored.iter().any(|(file, _)| file.owner == *owner && past(file));
            if own().next().is_none() && any {
                Some((owner.clone(), "sct2_Concept_Full (--as-of reads the Full files)"))
            } else if !onto_loaded && own().next().is_some() && own().all(|file| file.release_type == ReleaseType::Delta) {
                Some((
                    owner.clone(),
                    "sct2_Concept_Snapshot of the release before (a Delta holds changes only; to change a loaded edition use --onto)",
                ))
            } else {
                None
            }
        })
    }

    /// The used files of one content.
    pub(super) fn with(&self, content: Content) -> Vec<&Rf2File> {
        self.used.iter().filter(|file| file.content == content).collect()
    }
}

/// What the columns of a reference set file say it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefsetRole {
    /// Acceptability of descriptions.
    Language,
    /// Historical and other associations between components.
    Association,
    /// A map to or from another code system.
    Map,
    /// Which modules depend on which.
    ModuleDependency,
    /// Axioms, the concept model, descriptions of reference sets and of description types.
    Frame,
    /// Left out, and why.
    Ignored(&'static str),
    /// Any other: its rows are kept with their columns.
    Members,
}

/// Looks at the columns of a reference set file.
pub(super) fn refset_role(file: &Rf2File, sink: &mut dyn RecordSink) -> Result<RefsetRole, LoadError> {
    let table = Table::open(&file.member, Dialect::Tab, None, sink)?;
    let has = |name: &str| table.find(&[name]).is_some();
    let frame = [
        "owlExpression",
        "domainConstraint",
        "rangeConstraint",
        "attributeCardinality",
        "ruleRefsetId",
        "attributeDescription",
        "descriptionFormat",
    ];
    Ok(if has("acceptabilityId") {
        RefsetRole::Language
    } else if has("targetComponentId") {
        RefsetRole::Association
    } else if has("mapTarget") || has("mapSource") {
        RefsetRole::Map
    } else if has("sourceEffectiveTime") {
        RefsetRole::ModuleDependency
    } else if frame.into_iter().any(has) {
        RefsetRole::Frame
    } else if !has("referencedComponentId") && name_is_annotation(file) {
        RefsetRole::Ignored("annotations of reference set members are not loaded")
    } else {
        RefsetRole::Members
    })
}

fn name_is_annotation(file: &Rf2File) -> bool {
    file.member.file_name().to_ascii_lowercase().contains("annotation")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Limits, members};

    fn named(name: &str) -> Option<Rf2File> {
        let room = tempfile::tempdir().unwrap();
        std::fs::write(room.path().join(name), b"").unwrap();
        Rf2File::from_name(&members(&[room.path().to_owned()], Limits::default()).unwrap()[0])
    }

    #[test]
    fn names_as_published_are_understood() {
        use Content::*;
        use ReleaseType::*;
        for (name, content, release_type, owner, experimental) in [
            ("sct2_Concept_Snapshot_INT_20250901.txt", Concept, Snapshot, "INT", false),
            (
                "sct2_Description_Full-en_US1000124_20250901.txt",
                Description,
                Full,
                "US1000124",
                false,
            ),
            (
                "sct2_sRefset_OWLExpressionSnapshot_INT_20250909.txt",
                Refset,
                Snapshot,
                "INT",
                false,
            ),
            (
                "der2_cRefset_LanguageSnapshot-en_INT_20250909.txt",
                Refset,
                Snapshot,
                "INT",
                false,
            ),
            ("der2_Refset_SimpleDelta_INT_20250909.txt", Refset, Delta, "INT", false),
            (
                "xsct2_RelationshipConcreteValues_Snapshot_INT_20250909.txt",
                ConcreteValues,
                Snapshot,
                "INT",
                true,
            ),
            (
                "xder2_iisssccRefset_ExtendedMapSnapshot_INT_20250909.txt.gz",
                Refset,
                Snapshot,
                "INT",
                true,
            ),
        ] {
            let file = named(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(
                (file.content, file.release_type, file.experimental),
                (content, release_type, experimental),
                "{name}"
            );
            assert_eq!(file.owner, owner, "{name}");
            assert!(file.date.is_some(), "{name}");
        }
        for name in [
            "Readme.txt",
            "sct2_Concept.txt",
            "sct2_Concept_Snapshot_INT_20250901.csv",
            "concept_snapshot.txt",
        ] {
            assert!(named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!(read_date("20250901"), Some(20_250_901));
        assert_eq!(read_date("20250901T120000Z"), Some(20_250_901));
        for bad in ["", "2025091", "20251301", "20250932", "2025-9-1", "0000000é", "20250901x"] {
            assert_eq!(read_date(bad), None, "{bad}");
        }
    }
}

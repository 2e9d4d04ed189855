//! Language reference sets: in which dialects a description is preferred or acceptable. Their rows are kept as well.

use super::files::Rf2File;
use super::refsets::{Footing, Listed, member, member_columns};
use super::rows::{Components, Uuid};
use super::sctid::{Partition, Sctid};
use crate::LoadError;
use tern_index::model::Acceptability;
use tern_index::record::{ProblemKind, RecordSink};

const PREFERRED: &str = "900000000000548007";
const ACCEPTABLE: &str = "900000000000549004";
const US_ENGLISH: &str = "900000000000509007";
const GB_ENGLISH: &str = "900000000000508004";

/// One statement; 24 bytes, as a release holds millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    description: Sctid,
    refset: u16,
    /// Newest first.
    age: u32,
    acceptability: Acceptability,
}

/// The acceptability of all descriptions.
#[derive(Debug, Default)]
pub(super) struct Dialects {
    /// The reference sets by number.
    refsets: Vec<String>,
    /// Sorted, one per description and reference set.
    entries: Vec<Entry>,
}

impl Dialects {
    /// Reads the language reference sets. Of several rows in use for one description the newest counts.
    pub(super) fn read(files: Vec<&Rf2File>, sink: &mut dyn RecordSink) -> Result<Self, LoadError> {
        let mut found = Self::default();
        Components::<Uuid>::new(files, None).each(
            sink,
            |table, file| Ok((member_columns(table, file)?, table.require(&["acceptabilityId"])?)),
            |sink, (columns, acceptability), state| {
                let (refset, component) = (&columns.refset, &columns.component);
                let Some(Listed {
                    component: description, ..
                }) = member(state, columns, Footing::Frame, sink)?
                else {
                    return Ok(());
                };
                if description.partition() != Some(Partition::Description) {
                    let why = "is not the identifier of a description";
                    return Ok(state.fault(sink, *component, ProblemKind::BadIdentifier, why)?);
                }
                let acceptability = match state.get(*acceptability) {
                    PREFERRED => Acceptability::Preferred,
                    ACCEPTABLE => Acceptability::Acceptable,
                    _ => return Ok(state.fault(sink, *acceptability, ProblemKind::BadValue, "is no acceptability")?),
                };
                if let Some(refset) = found.number(state.get(*refset)) {
                    found.entries.push(Entry {
                        description,
                        refset,
                        age: u32::MAX - state.time,
                        acceptability,
                    });
                } else if state.concept(sink, *refset)?.is_some() {
                    let why = "is one language reference set too many";
                    state.fault(sink, *refset, ProblemKind::BadValue, why)?;
                }
                Ok(())
            },
        )?;
        found.entries.sort_unstable();
        found.entries.dedup_by_key(|entry| (entry.description, entry.refset));
        Ok(found)
    }

    /// The number of a reference set; `None` if it is no concept identifier, or there are too many.
    fn number(&mut self, refset: &str) -> Option<u16> {
        let place = match self.refsets.iter().position(|known| known == refset) {
            Some(place) => place,
            None => {
                Sctid::parse(refset).ok().filter(|id| id.is_concept())?;
                self.refsets.push(refset.to_owned());
                self.refsets.len() - 1
            }
        };
        u16::try_from(place).ok()
    }

    fn entries_of(&self, description: Sctid) -> &[Entry] {
        let start = self.entries.partition_point(|entry| entry.description < description);
        let tail = self.entries.get(start..).unwrap_or_default();
        let length = tail.iter().take_while(|entry| entry.description == description).count();
        tail.get(..length).unwrap_or_default()
    }

    /// Where a description is preferred or acceptable, by reference set.
    pub(super) fn of(&self, description: Sctid) -> Vec<(&str, Acceptability)> {
        let named = |entry: &Entry| Some((self.refsets.get(usize::from(entry.refset))?.as_str(), entry.acceptability));
        self.entries_of(description).iter().filter_map(named).collect()
    }

    /// How early a description's best dialect comes in the order of preference for displays: US English, British
    /// English, then any other; `None` if it is preferred nowhere.
    pub(super) fn preference(&self, description: Sctid) -> Option<u8> {
        let preferred = self
            .of(description)
            .into_iter()
            .filter(|(_, how)| *how == Acceptability::Preferred);
        preferred
            .map(|(refset, _)| match refset {
                US_ENGLISH => 0,
                GB_ENGLISH => 1,
                _ => 2,
            })
            .min()
    }
}

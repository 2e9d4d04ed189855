//! Reads `refsets`: members of reference sets and their extra columns.

use super::bits::gathered;
use super::{ConceptSet, FileSource, open_optional};
use crate::container::{Column, ContainerError, Csr, Strings};
use crate::layout::{file, kind, refsets};
use crate::model::Ordinal;

/// A member of a reference set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The concept.
    pub concept: Ordinal,
    /// Extra columns by name, in the order of the release.
    pub fields: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct Refsets {
    refsets: Column<u32>,
    members: Csr<u32>,
    fields: Csr<[u32; 2]>,
    strings: Strings,
}

impl Refsets {
    pub fn open(source: &dyn FileSource) -> Result<Option<Self>, ContainerError> {
        let Some(container) = open_optional(source, file::REFSETS, kind::REFSETS)? else {
            return Ok(None);
        };
        let refsets = container.column::<u32>(refsets::REFSETS)?;
        let members = container.csr::<u32>(refsets::MEMBERS, refsets.len())?;
        let rows = members.targets().len();
        Ok(Some(Self {
            fields: container.csr(refsets::FIELDS, rows)?,
            strings: container.strings(refsets::STRINGS)?,
            refsets,
            members,
        }))
    }

    fn place(&self, refset: Ordinal) -> Option<usize> {
        self.refsets.binary_search(&refset.0).ok()
    }

    pub fn all(&self) -> ConceptSet {
        self.refsets.iter().copied().collect()
    }

    pub fn set(&self, refset: Ordinal, concepts: usize) -> Option<ConceptSet> {
        self.place(refset).map(|place| gathered(self.members.get(place), concepts))
    }

    pub fn members(&self, refset: Ordinal) -> Vec<Member> {
        let Some(place) = self.place(refset) else {
            return Vec::new();
        };
        let rows = self.members.range(place).zip(self.members.get(place));
        rows.map(|(row, concept)| Member {
            concept: Ordinal(*concept),
            fields: self
                .fields
                .get(row)
                .iter()
                .map(|[name, value]| {
                    (
                        self.strings.get(*name as usize).to_owned(),
                        self.strings.get(*value as usize).to_owned(),
                    )
                })
                .collect(),
        })
        .collect()
    }
}

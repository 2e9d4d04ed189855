//! Reads `concepts`: flags, status, extensions.

use super::{ConceptSet, FileSource, open, sparse};
use crate::container::{Column, ContainerError, Strings};
use crate::layout::{concepts, file, kind};
use crate::model::Ordinal;

#[derive(Debug)]
pub(super) struct Concepts {
    flags: Column<u8>,
    status: Column<u32>,
    statuses: Strings,
    extended: Column<u32>,
    extensions: Strings,
}

impl Concepts {
    pub fn open(source: &dyn FileSource, count: usize) -> Result<Self, ContainerError> {
        let container = open(source, file::CONCEPTS, kind::CONCEPTS)?;
        Ok(Self {
            flags: container.column_of(concepts::FLAGS, count)?,
            status: container.column_of(concepts::STATUS, count)?,
            statuses: container.strings(concepts::STATUSES)?,
            extended: container.column(concepts::EXTENDED)?,
            extensions: container.strings(concepts::EXTENSIONS)?,
        })
    }

    fn flag(&self, ordinal: Ordinal, flag: u8) -> bool {
        self.flags.get(ordinal.0 as usize).is_some_and(|flags| flags & flag != 0)
    }

    pub fn is_active(&self, ordinal: Ordinal) -> bool {
        self.flag(ordinal, concepts::FLAG_ACTIVE)
    }

    pub fn is_not_selectable(&self, ordinal: Ordinal) -> bool {
        self.flag(ordinal, concepts::FLAG_NOT_SELECTABLE)
    }

    fn with_flag(&self, flag: u8) -> ConceptSet {
        (0u32..)
            .zip(self.flags.iter())
            .filter(|(_, flags)| *flags & flag != 0)
            .map(|(ordinal, _)| ordinal)
            .collect()
    }

    pub fn active(&self) -> ConceptSet {
        self.with_flag(concepts::FLAG_ACTIVE)
    }

    pub fn not_selectable(&self) -> ConceptSet {
        self.with_flag(concepts::FLAG_NOT_SELECTABLE)
    }

    pub fn status(&self, ordinal: Ordinal) -> Option<&str> {
        let number = *self.status.get(ordinal.0 as usize)?;
        number.checked_sub(1).map(|number| self.statuses.get(number as usize))
    }

    pub fn extensions(&self, ordinal: Ordinal) -> Option<&str> {
        sparse(&self.extended, ordinal.0 as usize).map(|place| self.extensions.get(place))
    }
}

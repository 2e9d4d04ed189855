//! Reads `designations`: terms of a concept, its display first.

use super::{FileSource, open, sparse};
use crate::container::{Column, Container, ContainerError, Csr, Strings};
use crate::layout::{designations, file, kind};
use crate::model::{Acceptability, Coding, Designation, DesignationKind, Ordinal};
use std::borrow::Cow;
use std::ops::Range;

#[derive(Debug)]
pub(super) struct Designations {
    first: Column<u32>,
    language: Column<u16>,
    use_: Column<u16>,
    kind: Column<u8>,
    texts: Strings,
    languages: Strings,
    uses: Strings,
    ids: Strings,
    dialects: Option<Csr<u32>>,
    dialect_names: Strings,
    extended: Column<u32>,
    extensions: Strings,
    long: LongTexts,
}

#[derive(Debug)]
struct LongTexts {
    block: Column<u32>,
    place: Column<[u32; 2]>,
    offsets: Column<u64>,
    blocks: Column<u8>,
    dictionary: Column<u8>,
}

/// A block is never longer than this: it bounds what a damaged frame can make the unpacker allocate.
const BLOCK_LIMIT: usize = 1 << 30;

impl LongTexts {
    fn open(container: &Container) -> Result<Self, ContainerError> {
        Ok(Self {
            block: container.column(designations::LONG_BLOCK)?,
            place: container.column(designations::LONG_PLACE)?,
            offsets: container.column(designations::BLOCK_OFFSETS)?,
            blocks: container.column(designations::BLOCKS)?,
            dictionary: container.column(designations::DICTIONARY)?,
        })
    }

    fn get(&self, number: usize) -> Option<String> {
        let block = *self.block.get(number)? as usize;
        let [offset, length] = *self.place.get(number)?;
        let (start, stop) = (*self.offsets.get(block)?, *self.offsets.get(block + 1)?);
        let packed = self.blocks.get(start as usize..stop as usize)?;
        let bound = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
        let bound = usize::try_from(bound).ok().filter(|bound| *bound <= BLOCK_LIMIT)?;
        let mut unpacker = zstd::bulk::Decompressor::with_dictionary(&self.dictionary).ok()?;
        let bytes = unpacker.decompress(packed, bound).ok()?;
        let text = bytes.get(offset as usize..(offset as usize).checked_add(length as usize)?)?;
        String::from_utf8(text.to_vec()).ok()
    }
}

impl Designations {
    pub fn open(source: &dyn FileSource, count: usize) -> Result<Self, ContainerError> {
        let container = open(source, file::DESIGNATIONS, kind::DESIGNATIONS)?;
        let first = container.column_of::<u32>(designations::FIRST, count + 1)?;
        let total = first.last().copied().unwrap_or(0) as usize;
        let texts = container.strings(designations::TEXTS)?;
        if texts.len() != total {
            return Err(container.structure("texts and designations differ in number"));
        }
        Ok(Self {
            language: container.column_of(designations::LANGUAGE, total)?,
            use_: container.column_of(designations::USE, total)?,
            kind: container.column_of(designations::KIND, total)?,
            languages: container.strings(designations::LANGUAGES)?,
            uses: container.strings(designations::USES)?,
            ids: container.strings(designations::IDS)?,
            dialects: container
                .has(designations::DIALECTS)
                .then(|| container.csr(designations::DIALECTS, total))
                .transpose()?,
            dialect_names: container.strings(designations::DIALECT_NAMES)?,
            extended: container.column(designations::EXTENDED)?,
            extensions: container.strings(designations::EXTENSIONS)?,
            long: LongTexts::open(&container)?,
            first,
            texts,
        })
    }

    /// Numbers of a concept's designations.
    pub fn range(&self, ordinal: Ordinal) -> Range<usize> {
        let row = ordinal.0 as usize;
        match self.first.get(row..row + 2) {
            Some([start, stop]) if start <= stop && (*stop as usize) <= self.kind.len() => *start as usize..*stop as usize,
            _ => 0..0,
        }
    }

    pub fn len(&self) -> usize {
        self.kind.len()
    }

    /// The concept of a designation.
    pub fn concept(&self, number: usize) -> Ordinal {
        let after = self.first.partition_point(|first| *first as usize <= number);
        Ordinal(after.saturating_sub(1) as u32)
    }

    pub fn kind(&self, number: usize) -> DesignationKind {
        self.kind
            .get(number)
            .and_then(|kind| DesignationKind::from_u8(kind & 0x07))
            .unwrap_or(DesignationKind::Synonym)
    }

    pub fn is_active(&self, number: usize) -> bool {
        self.kind
            .get(number)
            .is_some_and(|kind| kind & designations::KIND_INACTIVE == 0)
    }

    pub fn id(&self, number: usize) -> Option<&str> {
        Some(self.ids.get(number)).filter(|id| !id.is_empty())
    }

    pub fn use_code(&self, number: usize) -> Option<&str> {
        let use_ = usize::from(self.use_.get(number)?.checked_sub(1)?);
        Some(self.uses.get(use_ * 4 + 2))
    }

    pub fn text(&self, number: usize) -> Cow<'_, str> {
        let text = self.texts.get(number);
        if self.kind.get(number).is_none_or(|kind| kind & designations::KIND_LONG == 0) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.parse().ok().and_then(|long| self.long.get(long)).unwrap_or_default())
    }

    pub fn language(&self, number: usize) -> Option<&str> {
        let language = *self.language.get(number)?;
        language
            .checked_sub(1)
            .map(|language| self.languages.get(usize::from(language)))
    }

    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter()
    }

    pub fn dialects(&self) -> impl Iterator<Item = &str> {
        self.dialect_names.iter()
    }

    fn use_(&self, number: usize) -> Option<Coding> {
        let use_ = usize::from(self.use_.get(number)?.checked_sub(1)?);
        let part = |place: usize| {
            Some(self.uses.get(use_ * 4 + place))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Some(Coding {
            system: part(0),
            version: part(1),
            code: part(2).unwrap_or_default(),
            display: part(3),
        })
    }

    pub fn acceptability(&self, number: usize) -> impl Iterator<Item = (&str, Acceptability)> {
        let packed = self.dialects.as_ref().map_or(&[][..], |dialects| dialects.get(number));
        packed.iter().map(|packed| {
            let acceptability = if packed % 2 == 0 {
                Acceptability::Preferred
            } else {
                Acceptability::Acceptable
            };
            (self.dialect_names.get((packed / 2) as usize), acceptability)
        })
    }

    pub fn extensions(&self, number: usize) -> Option<&str> {
        sparse(&self.extended, number).map(|place| self.extensions.get(place))
    }

    pub fn get(&self, number: usize) -> Designation {
        Designation {
            id: self.id(number).map(str::to_owned),
            language: self.language(number).map(str::to_owned),
            use_: self.use_(number),
            value: self.text(number).into_owned(),
            active: self.is_active(number),
            kind: self.kind(number),
            acceptability: self
                .acceptability(number)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }
}

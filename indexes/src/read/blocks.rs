//! Reads long texts packed into zstd blocks.

use crate::container::{Column, Container, ContainerError};
use crate::layout::blocks;

/// A block is never longer than this: it bounds what a damaged frame can make the unpacker allocate.
const BLOCK_LIMIT: usize = 1 << 30;

#[derive(Debug)]
pub(super) struct Blocks {
    block: Column<u32>,
    place: Column<[u32; 2]>,
    offsets: Column<u64>,
    packed: Column<u8>,
    dictionary: Column<u8>,
}

impl Blocks {
    /// Opens the five sections from `first` on.
    pub fn open(container: &Container, first: u32) -> Result<Self, ContainerError> {
        let block = container.column::<u32>(first + blocks::BLOCK)?;
        Ok(Self {
            place: container.column_of(first + blocks::PLACE, block.len())?,
            offsets: container.column(first + blocks::OFFSETS)?,
            packed: container.column(first + blocks::PACKED)?,
            dictionary: container.column(first + blocks::DICTIONARY)?,
            block,
        })
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.block.len()
    }

    /// One text; `None` when out of range, or where the bytes are not what was written.
    pub fn get(&self, number: usize) -> Option<String> {
        let block = *self.block.get(number)? as usize;
        let [offset, length] = *self.place.get(number)?;
        let (start, stop) = (*self.offsets.get(block)?, *self.offsets.get(block + 1)?);
        let packed = self.packed.get(start as usize..stop as usize)?;
        let bound = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
        let bound = usize::try_from(bound).ok().filter(|bound| *bound <= BLOCK_LIMIT)?;
        let mut unpacker = zstd::bulk::Decompressor::with_dictionary(&self.dictionary).ok()?;
        let bytes = unpacker.decompress(packed, bound).ok()?;
        let text = bytes.get(offset as usize..(offset as usize).checked_add(length as usize)?)?;
        String::from_utf8(text.to_vec()).ok()
    }
}

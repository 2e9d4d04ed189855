//! Reads long texts packed into zstd blocks.

use crate::container::{Column, Container, ContainerError};
use crate::layout::blocks;
use zstd::bulk::Decompressor;

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
        let (block, range) = self.find(number)?;
        let bytes = self.unpack(&mut self.unpacker()?, block)?;
        String::from_utf8(bytes.get(range)?.to_vec()).ok()
    }

    /// Visits texts one after the other; those of a block unpack it once where they are asked for together.
    pub fn visit(&self, numbers: impl Iterator<Item = usize>, mut visit: impl FnMut(usize, &str)) {
        // Making an unpacker costs as much as unpacking a block.
        let Some(mut unpacker) = self.unpacker() else { return };
        let mut open: Option<(usize, Vec<u8>)> = None;
        for number in numbers {
            let Some((block, range)) = self.find(number) else { continue };
            if open.as_ref().is_none_or(|(unpacked, _)| *unpacked != block) {
                open = self.unpack(&mut unpacker, block).map(|bytes| (block, bytes));
            }
            let bytes = open.as_ref().and_then(|(_, bytes)| bytes.get(range));
            if let Some(text) = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()) {
                visit(number, text);
            }
        }
    }

    /// The block of a text, and its place there.
    fn find(&self, number: usize) -> Option<(usize, std::ops::Range<usize>)> {
        let block = *self.block.get(number)? as usize;
        let [offset, length] = *self.place.get(number)?;
        Some((block, offset as usize..(offset as usize).checked_add(length as usize)?))
    }

    fn unpacker(&self) -> Option<Decompressor<'static>> {
        Decompressor::with_dictionary(&self.dictionary).ok()
    }

    fn unpack(&self, unpacker: &mut Decompressor<'_>, block: usize) -> Option<Vec<u8>> {
        let (start, stop) = (*self.offsets.get(block)?, *self.offsets.get(block + 1)?);
        let packed = self.packed.get(start as usize..stop as usize)?;
        let bound = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
        let bound = usize::try_from(bound).ok().filter(|bound| *bound <= BLOCK_LIMIT)?;
        unpacker.decompress(packed, bound).ok()
    }
}

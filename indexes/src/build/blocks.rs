//! Packs long texts into zstd blocks with a dictionary, for the files that have such texts.

use super::BuildError;
use crate::container::ContainerWriter;
use crate::layout::blocks;

/// Unpacked bytes per block: small enough to unpack for one text, large enough to compress.
const BLOCK: usize = 16 << 10;
const LEVEL: i32 = 9;
/// A dictionary is trained from this many long texts on; below it costs more than it saves.
const DICTIONARY_FROM: usize = 256;
const DICTIONARY_BYTES: usize = 16 << 10;

/// Writes the texts as five sections from `first` on.
pub(super) fn write(writer: &mut ContainerWriter, first: u32, texts: &[&str]) -> Result<(), BuildError> {
    let failed = |error: std::io::Error| BuildError::internal("packed texts", error);
    let dictionary = train(texts);
    let mut packer = zstd::bulk::Compressor::with_dictionary(LEVEL, &dictionary).map_err(failed)?;
    let (mut block_of, mut places, mut offsets, mut packed) = (Vec::new(), Vec::<[u32; 2]>::new(), vec![0u64], Vec::new());
    let mut block: Vec<u8> = Vec::new();
    let mut flush = |block: &mut Vec<u8>, offsets: &mut Vec<u64>| -> Result<(), BuildError> {
        if !block.is_empty() {
            packed.extend(packer.compress(block).map_err(failed)?);
            offsets.push(packed.len() as u64);
            block.clear();
        }
        Ok(())
    };
    for text in texts {
        if block.len() + text.len() > BLOCK {
            flush(&mut block, &mut offsets)?;
        }
        block_of.push(offsets.len() as u32 - 1);
        places.push([block.len() as u32, text.len() as u32]);
        block.extend_from_slice(text.as_bytes());
    }
    flush(&mut block, &mut offsets)?;
    writer.column(first + blocks::BLOCK, &block_of);
    writer.column(first + blocks::PLACE, &places);
    writer.column(first + blocks::OFFSETS, &offsets);
    writer.bytes(first + blocks::PACKED, packed);
    writer.bytes(first + blocks::DICTIONARY, dictionary);
    Ok(())
}

/// A dictionary for the texts; empty when they are too few or too alike to train one.
pub(super) fn train(texts: &[&str]) -> Vec<u8> {
    if texts.len() < DICTIONARY_FROM {
        return Vec::new();
    }
    // Training on a sample spread over the whole is as good and bounded in time.
    let step = texts.len().div_ceil(4096);
    let sample: Vec<&str> = texts.iter().step_by(step).copied().collect();
    zstd::dict::from_samples(&sample, DICTIONARY_BYTES).unwrap_or_default()
}

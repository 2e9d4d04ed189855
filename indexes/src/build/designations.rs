//! Writes `designations`: every term with language, use, dialects; long texts in zstd blocks with a dictionary.
//!
//! Terms of a concept stand together, its display first, so that the display is one array read away.

use super::{BuildError, CodeSystemBuilder, csr_offsets, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{designations, kind};
use crate::model::DesignationKind;

/// Unpacked bytes per block: small enough to unpack for one text, large enough to compress.
const BLOCK: usize = 16 << 10;
const LEVEL: i32 = 9;
/// A dictionary is trained from this many long texts on; below it costs more than it saves.
const DICTIONARY_FROM: usize = 256;
const DICTIONARY_BYTES: usize = 16 << 10;

/// Puts the designations in their final order and makes all but the first display of a concept synonyms.
/// Returns (ordinal, index into the builder's designations).
pub(super) fn sort(builder: &mut CodeSystemBuilder, numbering: &Numbering) -> Vec<(u32, u32)> {
    let mut seen = vec![false; numbering.len()];
    for designation in &mut builder.designations {
        if let (DesignationKind::Display, Some(ordinal)) = (designation.kind, numbering.ordinal(designation.concept))
            && std::mem::replace(&mut seen[ordinal as usize], true)
        {
            designation.kind = DesignationKind::Synonym;
        }
    }
    let mut sorted: Vec<(u32, u32)> = builder
        .designations
        .iter()
        .zip(0u32..)
        .filter_map(|(designation, index)| Some((numbering.ordinal(designation.concept)?, index)))
        .collect();
    sorted.sort_by_key(|(ordinal, index)| {
        let designation = &builder.designations[*index as usize];
        (*ordinal, designation.kind != DesignationKind::Display, *index)
    });
    sorted
}

pub(super) fn write(
    builder: &CodeSystemBuilder,
    numbering: &Numbering,
    sorted: &[(u32, u32)],
) -> Result<ContainerWriter, BuildError> {
    let all = || sorted.iter().map(|(_, index)| &builder.designations[*index as usize]);
    let text = |range: (usize, usize)| builder.heap.get(range.0..range.1).unwrap_or("");
    let long =
        |designation: &super::code_system::RawDesignation| designation.text.1 - designation.text.0 > designations::LONG_TEXT;
    let mut writer = ContainerWriter::new(kind::DESIGNATIONS);
    writer.column(
        designations::FIRST,
        &csr_offsets(numbering.len(), sorted.iter().map(|(ordinal, _)| *ordinal)),
    );
    writer.column(
        designations::LANGUAGE,
        &all().map(|d| d.language as u16).collect::<Vec<u16>>(),
    );
    writer.column(designations::USE, &all().map(|d| d.use_ as u16).collect::<Vec<u16>>());
    for (what, list) in [("languages", &builder.languages), ("designation uses", &builder.uses)] {
        if list.strings.len() >= usize::from(u16::MAX) {
            return Err(BuildError::TooMany {
                what,
                count: list.strings.len() as u64,
                limit: u64::from(u16::MAX) - 1,
            });
        }
    }
    let kinds: Vec<u8> = all()
        .map(|d| {
            let inactive = if d.active { 0 } else { designations::KIND_INACTIVE };
            d.kind as u8 | inactive | if long(d) { designations::KIND_LONG } else { 0 }
        })
        .collect();
    writer.column(designations::KIND, &kinds);
    let mut number = 0u32;
    let short = all().map(|d| {
        if !long(d) {
            return std::borrow::Cow::Borrowed(text(d.text));
        }
        number += 1;
        std::borrow::Cow::Owned((number - 1).to_string())
    });
    writer.strings(designations::TEXTS, short);
    writer.strings(designations::LANGUAGES, &builder.languages.strings);
    writer.strings(
        designations::USES,
        builder.uses.strings.iter().flat_map(|coding| coding.split('\n')),
    );
    let ids = all().any(|d| d.id.1 > d.id.0);
    writer.strings(designations::IDS, all().filter(|_| ids).map(|d| text(d.id)));
    if !builder.dialects.is_empty() {
        let mut first = vec![0u32];
        let mut dialects = Vec::with_capacity(builder.dialects.len());
        for designation in all() {
            dialects.extend_from_slice(&builder.dialects[designation.dialects.0 as usize..designation.dialects.1 as usize]);
            first.push(dialects.len() as u32);
        }
        writer.csr(designations::DIALECTS, &first, &dialects);
    }
    writer.strings(designations::DIALECT_NAMES, &builder.dialect_names.strings);
    let extended: Vec<(u32, &str)> = all()
        .zip(0u32..)
        .filter_map(|(designation, place)| designation.extensions.as_deref().map(|text| (place, text)))
        .collect();
    writer.column(
        designations::EXTENDED,
        &extended.iter().map(|(place, _)| *place).collect::<Vec<u32>>(),
    );
    writer.strings(designations::EXTENSIONS, extended.iter().map(|(_, text)| text));
    let long_texts: Vec<&str> = all().filter(|d| long(d)).map(|d| text(d.text)).collect();
    pack(&mut writer, &long_texts)?;
    Ok(writer)
}

fn pack(writer: &mut ContainerWriter, texts: &[&str]) -> Result<(), BuildError> {
    let failed = |error: std::io::Error| BuildError::internal("designations", error);
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
    writer.column(designations::LONG_BLOCK, &block_of);
    writer.column(designations::LONG_PLACE, &places);
    writer.column(designations::BLOCK_OFFSETS, &offsets);
    writer.bytes(designations::BLOCKS, packed);
    writer.bytes(designations::DICTIONARY, dictionary);
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

//! Writes `codes`: the fst from codes to ordinals, its folded twin for case-insensitive systems, and the codes.

use super::{BuildError, CodeSystemBuilder, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{codes, kind};
use crate::text::fold;

pub(super) fn write(builder: &CodeSystemBuilder, numbering: &Numbering) -> Result<ContainerWriter, BuildError> {
    let code = |number: &u32| builder.codes.get(*number);
    let mut writer = ContainerWriter::new(kind::CODES);
    let mut sorted: Vec<(&str, u64)> = numbering
        .provisional
        .iter()
        .zip(0u64..)
        .map(|(number, ordinal)| (code(number), ordinal))
        .collect();
    sorted.sort_unstable();
    writer.bytes(
        codes::EXACT,
        fst_of(sorted.iter().map(|(code, ordinal)| (code.as_bytes(), *ordinal)))?,
    );
    if !builder.header.case_sensitive {
        let mut folded: Vec<(String, u64)> = sorted.iter().map(|(code, ordinal)| (fold(code), *ordinal)).collect();
        folded.sort();
        folded.dedup_by(|next, kept| next.0 == kept.0);
        writer.bytes(
            codes::FOLDED,
            fst_of(folded.iter().map(|(code, ordinal)| (code.as_bytes(), *ordinal)))?,
        );
    }
    writer.strings(codes::CODES, numbering.provisional.iter().map(code));
    Ok(writer)
}

/// An fst of sorted, distinct keys.
fn fst_of<'k>(sorted: impl Iterator<Item = (&'k [u8], u64)>) -> Result<Vec<u8>, BuildError> {
    let mut map = fst::MapBuilder::memory();
    for (key, value) in sorted {
        map.insert(key, value).map_err(|error| BuildError::internal("codes", error))?;
    }
    map.into_inner().map_err(|error| BuildError::internal("codes", error))
}

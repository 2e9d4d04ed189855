//! Writes `refsets`: the concepts that are members of reference sets, in the order of the release, with the extra
//! columns of simple lists. Rows with all that RF2 says of them are in `members`.

use super::{BuildError, CodeSystemBuilder, csr_offsets, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{kind, refsets};

/// `listed` are (reference set, member) of rows that are written elsewhere, as ordinals in the order of the release.
pub(super) fn write(
    builder: &CodeSystemBuilder,
    numbering: &Numbering,
    listed: &[(u32, u32)],
) -> Result<ContainerWriter, BuildError> {
    // Rows without columns come after all that have some.
    let plain = listed.iter().map(|(refset, member)| (*refset, u32::MAX, *member));
    let mut rows: Vec<(u32, u32, u32)> = builder
        .members
        .iter()
        .zip(0u32..)
        .filter_map(|(m, index)| Some((numbering.ordinal(m.refset)?, index, numbering.ordinal(m.member)?)))
        .chain(plain)
        .collect();
    // Stable: what is listed keeps its order.
    rows.sort_by_key(|(refset, index, _)| (*refset, *index));
    let mut ordinals: Vec<u32> = rows.iter().map(|(refset, _, _)| *refset).collect();
    ordinals.dedup();
    let place = |refset: &u32| ordinals.partition_point(|ordinal| ordinal < refset) as u32;
    let mut writer = ContainerWriter::new(kind::REFSETS);
    writer.column(refsets::REFSETS, &ordinals);
    let members: Vec<u32> = rows.iter().map(|(_, _, member)| *member).collect();
    writer.csr(
        refsets::MEMBERS,
        &csr_offsets(ordinals.len(), rows.iter().map(|(refset, _, _)| place(refset))),
        &members,
    );
    let mut first = vec![0u32];
    let mut fields: Vec<[u32; 2]> = Vec::new();
    for (_, index, _) in &rows {
        let (start, stop) = builder.members.get(*index as usize).map_or((0, 0), |member| member.fields);
        fields.extend(
            builder.fields[start as usize..stop as usize]
                .iter()
                .map(|(name, value)| [*name, *value]),
        );
        first.push(super::count_u32("reference set fields", fields.len())?);
    }
    writer.csr(refsets::FIELDS, &first, &fields);
    writer.strings(refsets::STRINGS, builder.field_strings.iter());
    Ok(writer)
}

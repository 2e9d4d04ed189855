//! Writes `relations`: the properties of every concept, the distinct values, and (property, value) -> concepts.
//!
//! Distinct values are sorted inside each kind, so that a reader finds one by binary search; the inverted lists
//! make a value-set filter or an attribute constraint one look-up, and the rows of attributes make groups a merge.

use super::{BuildError, CodeSystemBuilder, count_u32, csr_offsets, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{kind, relations};
use crate::model::PropertyType;
use crate::read::slot;

/// The number of a value's kind at rest.
pub(crate) fn kind_number(kind: PropertyType) -> u8 {
    match kind {
        PropertyType::Code => 0,
        PropertyType::Coding => 1,
        PropertyType::String => 2,
        PropertyType::Integer => 3,
        PropertyType::Boolean => 4,
        PropertyType::DateTime => 5,
        PropertyType::Decimal => 6,
    }
}

pub(super) fn write(builder: &CodeSystemBuilder, numbering: &Numbering) -> Result<ContainerWriter, BuildError> {
    // Sort the distinct values and number them.
    let text = |kind: u8, value: u32| {
        if kind == 0 {
            builder.codes.get(value)
        } else {
            builder.values.get(value)
        }
    };
    let mut distinct: Vec<(u8, u32)> = builder.properties.iter().map(|p| (kind_number(p.kind), p.value)).collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a.0, a.1).cmp(text(b.0, b.1))));
    let numbers: std::collections::HashMap<(u8, u32), u32, foldhash::fast::FixedState> =
        distinct.iter().copied().zip(0u32..).collect();
    count_u32("property values", distinct.len())?;

    let mut entries: Vec<(u32, u32)> = builder
        .properties
        .iter()
        .zip(0u32..)
        .filter_map(|(p, index)| Some((numbering.ordinal(p.concept)?, index)))
        .collect();
    entries.sort_by_key(|(ordinal, index)| (*ordinal, *index));
    if builder.property_codes.len() > usize::from(u16::MAX) {
        return Err(BuildError::TooMany {
            what: "properties",
            count: builder.property_codes.len() as u64,
            limit: u64::from(u16::MAX),
        });
    }
    let value_of = |index: u32| {
        let p = &builder.properties[index as usize];
        numbers.get(&(kind_number(p.kind), p.value)).copied().unwrap_or(u32::MAX)
    };
    let rows: Vec<[u32; 2]> = entries
        .iter()
        .map(|(_, index)| {
            let p = &builder.properties[*index as usize];
            [p.property << 16 | u32::from(p.group), value_of(*index)]
        })
        .collect();

    let mut writer = ContainerWriter::new(kind::RELATIONS);
    writer.strings(relations::PROPERTIES, builder.property_codes.iter());
    writer.csr(
        relations::ENTRIES,
        &csr_offsets(numbering.len(), entries.iter().map(|(ordinal, _)| *ordinal)),
        &rows,
    );
    writer.column(
        relations::VALUE_KIND,
        &distinct.iter().map(|(kind, _)| *kind).collect::<Vec<u8>>(),
    );
    writer.strings(relations::VALUES, distinct.iter().map(|(kind, value)| text(*kind, *value)));
    let targets: Vec<u32> = distinct
        .iter()
        .map(|(kind, value)| {
            if *kind == 0 {
                numbering.ordinal(*value).unwrap_or(u32::MAX)
            } else {
                u32::MAX
            }
        })
        .collect();
    writer.column(relations::VALUE_ORDINAL, &targets);

    let mut inverted: Vec<([u32; 2], u32)> = entries
        .iter()
        .map(|(ordinal, index)| ([builder.properties[*index as usize].property, value_of(*index)], *ordinal))
        .collect();
    inverted.sort_unstable();
    inverted.dedup();
    let (mut keys, mut first) = (Vec::<[u32; 2]>::new(), Vec::new());
    for (place, (key, _)) in inverted.iter().enumerate() {
        if keys.last() != Some(key) {
            keys.push(*key);
            first.push(place as u32);
        }
    }
    first.push(inverted.len() as u32);
    writer.column(relations::KEYS, &keys);
    writer.csr(
        relations::POSTINGS,
        &first,
        &inverted.iter().map(|(_, ordinal)| *ordinal).collect::<Vec<u32>>(),
    );

    let extended: Vec<(u32, &str)> = entries
        .iter()
        .zip(0u32..)
        .filter_map(|((_, index), place)| {
            let extensions = builder.properties[*index as usize].extensions;
            builder.extension(extensions).map(|text| (place, text))
        })
        .collect();
    writer.column(
        relations::EXTENDED,
        &extended.iter().map(|(place, _)| *place).collect::<Vec<u32>>(),
    );
    writer.strings(relations::EXTENSIONS, extended.iter().map(|(_, text)| text));
    let ids: Vec<u64> = entries
        .iter()
        .map(|(_, index)| builder.properties[*index as usize].id)
        .collect();
    if ids.iter().any(|id| *id != 0) {
        writer.column(relations::IDS, &ids);
    }
    turned(&mut writer, builder, numbering, &entries, |index| {
        let value = value_of(index);
        let target = targets.get(value as usize).copied().filter(|target| *target != u32::MAX);
        target.unwrap_or_else(|| value.saturating_add(numbering.len() as u32))
    });
    Ok(writer)
}

/// Rows by property instead of by concept, of those properties that are concepts: the attributes of a terminology
/// whose concepts are defined by them. Entries are (ordinal, number of the property record), by ordinal.
fn turned(
    writer: &mut ContainerWriter,
    builder: &CodeSystemBuilder,
    numbering: &Numbering,
    entries: &[(u32, u32)],
    value: impl Fn(u32) -> u32,
) {
    let codes = &builder.property_codes;
    let is_concept = |code: &str| {
        builder
            .codes
            .number(code)
            .and_then(|number| numbering.ordinal(number))
            .is_some()
    };
    let kept: Vec<bool> = codes.iter().map(is_concept).collect();
    let mut rows: Vec<(u32, [u32; 3])> = Vec::new();
    let (mut last, mut place) = (u32::MAX, 0);
    for (ordinal, index) in entries {
        place = if *ordinal == last { place + 1 } else { 0 };
        last = *ordinal;
        let own = &builder.properties[*index as usize];
        if kept.get(own.property as usize) == Some(&true) {
            rows.push((own.property, [*ordinal, slot(own.group, place), value(*index)]));
        }
    }
    if rows.is_empty() {
        return;
    }
    rows.sort_unstable();
    writer.column(
        relations::ROWS_FIRST,
        &csr_offsets(codes.len(), rows.iter().map(|(property, _)| *property)),
    );
    for (place, section) in [relations::ROWS_CONCEPT, relations::ROWS_SLOT, relations::ROWS_VALUE]
        .into_iter()
        .enumerate()
    {
        writer.column(section, &rows.iter().map(|(_, row)| row[place]).collect::<Vec<u32>>());
    }
}

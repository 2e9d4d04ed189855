//! Writes `relations`: the properties of every concept, the distinct values, and (property, value) -> concepts.
//!
//! Distinct values are sorted inside each kind, so that a reader finds one by binary search; the inverted lists
//! make a value-set filter or an attribute constraint one look-up, and the rows of attributes make groups a merge.

use super::code_system::RawProperty;
use super::{BuildError, CodeSystemBuilder, count_u32, csr_offsets, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{kind, relations};
use crate::model::PropertyType;
use crate::read::slot;
use foldhash::fast::FixedState;
use std::collections::HashMap;

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
    let values = Values::of(builder, numbering)?;
    if builder.property_codes.len() > usize::from(u16::MAX) {
        return Err(BuildError::TooMany {
            what: "properties",
            count: builder.property_codes.len() as u64,
            limit: u64::from(u16::MAX),
        });
    }
    let mut entries: Vec<Entry<'_>> = builder
        .properties
        .iter()
        .filter_map(|record| {
            Some(Entry {
                ordinal: numbering.ordinal(record.concept)?,
                value: values.number(record),
                record,
            })
        })
        .collect();
    // A stable sort: of one concept they stay as they came.
    entries.sort_by_key(|entry| entry.ordinal);

    let mut writer = ContainerWriter::new(kind::RELATIONS);
    writer.strings(relations::PROPERTIES, builder.property_codes.iter());
    let rows: Vec<[u32; 2]> = entries
        .iter()
        .map(|entry| [entry.record.property << 16 | u32::from(entry.record.group), entry.value])
        .collect();
    let offsets = csr_offsets(numbering.len(), entries.iter().map(|entry| entry.ordinal));
    writer.csr(relations::ENTRIES, &offsets, &rows);
    values.write(&mut writer, builder);
    inverted(&mut writer, &entries);
    extensions(&mut writer, builder, &entries);
    let ids: Vec<u64> = entries.iter().map(|entry| entry.record.id).collect();
    if ids.iter().any(|id| *id != 0) {
        writer.column(relations::IDS, &ids);
    }
    turned(&mut writer, builder, numbering, &entries, &values);
    Ok(writer)
}

/// A property of a concept.
struct Entry<'b> {
    ordinal: u32,
    /// The number of its value.
    value: u32,
    record: &'b RawProperty,
}

/// The distinct values, sorted inside each kind, and by their numbers.
struct Values {
    /// Of each its kind, and the number of its text or, of a code, of the concept in the builder.
    distinct: Vec<(u8, u32)>,
    numbers: HashMap<(u8, u32), u32, FixedState>,
    /// Of each the concept that it is, `u32::MAX` where it is none.
    targets: Vec<u32>,
}

impl Values {
    fn of(builder: &CodeSystemBuilder, numbering: &Numbering) -> Result<Self, BuildError> {
        let mut distinct: Vec<(u8, u32)> = builder.properties.iter().map(key).collect();
        distinct.sort_unstable();
        distinct.dedup();
        distinct.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(builder, *a).cmp(text(builder, *b))));
        count_u32("property values", distinct.len())?;
        let target = |(kind, value): &(u8, u32)| numbering.ordinal(*value).filter(|_| *kind == 0);
        Ok(Self {
            numbers: distinct.iter().copied().zip(0u32..).collect(),
            targets: distinct.iter().map(|own| target(own).unwrap_or(u32::MAX)).collect(),
            distinct,
        })
    }

    fn number(&self, record: &RawProperty) -> u32 {
        self.numbers.get(&key(record)).copied().unwrap_or(u32::MAX)
    }

    fn write(&self, writer: &mut ContainerWriter, builder: &CodeSystemBuilder) {
        let kinds: Vec<u8> = self.distinct.iter().map(|(kind, _)| *kind).collect();
        writer.column(relations::VALUE_KIND, &kinds);
        writer.strings(relations::VALUES, self.distinct.iter().map(|own| text(builder, *own)));
        writer.column(relations::VALUE_ORDINAL, &self.targets);
    }
}

fn key(record: &RawProperty) -> (u8, u32) {
    (kind_number(record.kind), record.value)
}

fn text(builder: &CodeSystemBuilder, (kind, value): (u8, u32)) -> &str {
    if kind == 0 {
        builder.codes.get(value)
    } else {
        builder.values.get(value)
    }
}

/// The concepts that have a value of a property.
fn inverted(writer: &mut ContainerWriter, entries: &[Entry<'_>]) {
    let mut inverted: Vec<([u32; 2], u32)> = entries
        .iter()
        .map(|entry| ([entry.record.property, entry.value], entry.ordinal))
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
    let postings: Vec<u32> = inverted.iter().map(|(_, ordinal)| *ordinal).collect();
    writer.csr(relations::POSTINGS, &first, &postings);
}

fn extensions(writer: &mut ContainerWriter, builder: &CodeSystemBuilder, entries: &[Entry<'_>]) {
    let extended: Vec<(u32, &str)> = entries
        .iter()
        .zip(0u32..)
        .filter_map(|(entry, place)| Some((place, builder.extension(entry.record.extensions)?)))
        .collect();
    let places: Vec<u32> = extended.iter().map(|(place, _)| *place).collect();
    writer.column(relations::EXTENDED, &places);
    writer.strings(relations::EXTENSIONS, extended.iter().map(|(_, text)| text));
}

/// Rows by property instead of by concept, of those properties that are concepts: the attributes of a terminology
/// whose concepts are defined by them. A value is the concept that it is, or its number behind all concepts.
fn turned(
    writer: &mut ContainerWriter,
    builder: &CodeSystemBuilder,
    numbering: &Numbering,
    entries: &[Entry<'_>],
    values: &Values,
) {
    let codes = &builder.property_codes;
    let is_concept = |code: &str| {
        let number = builder.codes.number(code);
        number.and_then(|number| numbering.ordinal(number)).is_some()
    };
    let kept: Vec<bool> = codes.iter().map(is_concept).collect();
    let mut rows: Vec<(u32, [u32; 3])> = Vec::new();
    let (mut last, mut place) = (u32::MAX, 0);
    for entry in entries {
        place = if entry.ordinal == last { place + 1 } else { 0 };
        last = entry.ordinal;
        let own = entry.record;
        if kept.get(own.property as usize) == Some(&true) {
            let target = values.targets.get(entry.value as usize).copied();
            let target = target.filter(|target| *target != u32::MAX);
            let value = target.unwrap_or_else(|| entry.value.saturating_add(numbering.len() as u32));
            rows.push((own.property, [entry.ordinal, slot(own.group, place), value]));
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

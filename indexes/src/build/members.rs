//! Writes `members`: every row of RF2 reference sets as a column store, and alternate identifiers.
//!
//! The columns of one reference set stand together, each as narrow as its distinct values allow. A component is one
//! number whether it is a concept, a designation or unknown here, so that a set of concepts is tested without text.

use super::{BuildError, CodeSystemBuilder, Interner, Times, blocks, count_u16, count_u32, csr_offsets, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{kind, members};
use crate::record::{AlternateRecord, At, FieldRecord, RowRecord};
use std::collections::HashSet;

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Component = 0,
    Integer = 1,
    String = 2,
}

const ACTIVE: u8 = members::FLAG_ACTIVE;
const MUST_RESOLVE: u8 = 2;
const LEFT_OUT: u8 = 4;

/// An alternate identifier as collected; components are numbers of texts.
#[derive(Debug)]
struct RawAlternate {
    identifier: Box<str>,
    scheme: u32,
    component: u32,
    active: bool,
}

/// The rows as collected: one vector per property, as a release has millions.
#[derive(Debug, Default)]
pub(super) struct RawRows {
    refset: Vec<u32>,
    /// Number of the component's text.
    component: Vec<u32>,
    id: Vec<u128>,
    flags: Vec<u8>,
    module: Vec<u32>,
    time: Vec<u32>,
    shape: Vec<u32>,
    first_cell: Vec<usize>,
    at: Vec<At>,
    cells: Vec<u32>,
    /// The columns that rows have, by number of the name and kind.
    shapes: Vec<Vec<(u32, Kind)>>,
    names: Interner,
    components: Interner,
    strings: Interner,
    modules: Interner,
    alternates: Vec<RawAlternate>,
}

impl RawRows {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.refset.is_empty() && self.alternates.is_empty()
    }

    pub fn len(&self) -> usize {
        self.refset.len()
    }

    pub fn refset(&self, row: usize) -> u32 {
        self.refset[row]
    }

    pub fn component(&self, row: usize) -> &str {
        self.components.get(self.component[row])
    }

    pub fn must_resolve(&self, row: usize) -> bool {
        self.flags[row] & MUST_RESOLVE != 0
    }

    pub fn at(&self, row: usize) -> At {
        self.at[row]
    }

    pub fn leave_out(&mut self, row: usize) {
        self.flags[row] |= LEFT_OUT;
    }

    /// Rows in use.
    pub fn active(&self) -> u64 {
        self.flags
            .iter()
            .filter(|flags| **flags & (ACTIVE | LEFT_OUT) == ACTIVE)
            .count() as u64
    }

    pub fn push(&mut self, at: At, refset: u32, record: &RowRecord<'_>) {
        let mut shape = Vec::with_capacity(record.fields.len());
        self.first_cell.push(self.cells.len());
        for (name, value) in record.fields {
            let (kind, cell) = match value {
                FieldRecord::Component("") => (Kind::Component, members::NO_COMPONENT),
                FieldRecord::Component(code) => (Kind::Component, self.components.intern(code)),
                FieldRecord::Integer(number) => (Kind::Integer, zigzag(*number)),
                FieldRecord::String(text) => (Kind::String, self.strings.intern(text)),
            };
            shape.push((self.names.intern(name), kind));
            self.cells.push(cell);
        }
        let known = self.shapes.iter().rposition(|known| *known == shape).unwrap_or_else(|| {
            self.shapes.push(shape);
            self.shapes.len() - 1
        });
        self.shape.push(known as u32);
        self.refset.push(refset);
        self.component.push(self.components.intern(record.component));
        self.id.push(record.id);
        let must_resolve = if record.must_resolve { MUST_RESOLVE } else { 0 };
        self.flags.push((u8::from(record.active) * ACTIVE) | must_resolve);
        self.module.push(self.modules.intern(record.module));
        self.time.push(record.effective_time);
        self.at.push(at);
    }

    pub fn push_alternate(&mut self, record: &AlternateRecord<'_>) {
        self.alternates.push(RawAlternate {
            identifier: record.identifier.into(),
            scheme: self.components.intern(record.scheme),
            component: self.components.intern(record.component),
            active: record.active,
        });
    }
}

/// Small numbers of either sign as small numbers without one.
fn zigzag(number: i32) -> u32 {
    ((number << 1) ^ (number >> 31)) as u32
}

/// The rows in their final order, with components by number.
pub(super) struct Table<'b> {
    raw: &'b RawRows,
    concepts: u32,
    /// Ordinal of the reference set, row as collected; by reference set, then in the order of the release.
    rows: Vec<(u32, u32)>,
    /// Number of a component's text -> component.
    components: Vec<u32>,
    others: Vec<&'b str>,
}

impl<'b> Table<'b> {
    pub fn new(builder: &'b CodeSystemBuilder, numbering: &Numbering, sorted: &[(u32, u32)]) -> Result<Self, BuildError> {
        let raw = &builder.rows;
        count_u32("reference set rows", raw.len())?;
        let mut rows: Vec<(u32, u32)> = (0u32..)
            .zip(&raw.refset)
            .filter(|(row, _)| raw.flags[*row as usize] & LEFT_OUT == 0)
            .filter_map(|(row, refset)| Some((numbering.ordinal(*refset)?, row)))
            .collect();
        rows.sort_unstable();
        let (concepts, designations) = (numbering.len() as u32, sorted.len() as u32);
        count_u32(
            "concepts, designations and components",
            concepts as usize + designations as usize + raw.components.len() + 1,
        )?;
        let concept_of = |text: &str| numbering.ordinal(builder.codes.number(text)?);
        // The designation, if any, of which each component is the id: the first of several.
        let mut named = vec![members::NO_COMPONENT; raw.components.len()];
        for ((_, index), number) in sorted.iter().zip(0u32..) {
            let id = builder.id_of(&builder.designations[*index as usize]);
            let component = raw
                .components
                .number(id)
                .and_then(|component| named.get_mut(component as usize));
            if let Some(first @ &mut members::NO_COMPONENT) = component {
                *first = number;
            }
        }
        let mut others = Vec::new();
        let components = raw.components.iter().zip(named).map(|(text, designation)| {
            let designation = (designation != members::NO_COMPONENT).then(|| concepts + designation);
            concept_of(text).or(designation).unwrap_or_else(|| {
                others.push(text);
                concepts + designations + others.len() as u32 - 1
            })
        });
        let components = components.collect();
        Ok(Self {
            raw,
            concepts,
            rows,
            components,
            others,
        })
    }

    fn component(&self, row: u32) -> u32 {
        self.components[self.raw.component[row as usize] as usize]
    }

    /// (reference set, concept) of rows in use, each once, in the order of the rows.
    pub fn members(&self) -> Vec<(u32, u32)> {
        let mut seen = HashSet::new();
        let listed = self.rows.iter().filter_map(|(refset, row)| {
            let concept = self.component(*row);
            let member = self.raw.flags[*row as usize] & ACTIVE != 0 && concept < self.concepts;
            member.then_some((*refset, concept))
        });
        listed.filter(|pair| seen.insert(*pair)).collect()
    }

    pub fn write(self) -> Result<ContainerWriter, BuildError> {
        let raw = self.raw;
        let mut writer = ContainerWriter::new(kind::MEMBERS);
        let mut refsets: Vec<u32> = self.rows.iter().map(|(refset, _)| *refset).collect();
        refsets.dedup();
        let place = |refset: u32| refsets.partition_point(|known| *known < refset) as u32;
        writer.column(members::REFSETS, &refsets);
        let first_row = csr_offsets(refsets.len(), self.rows.iter().map(|(refset, _)| place(*refset)));
        writer.column(members::FIRST_ROW, &first_row);
        let rows = || self.rows.iter().map(|(_, row)| *row as usize);
        let flags: Vec<u8> = rows().map(|row| raw.flags[row] & ACTIVE).collect();
        writer.column(members::FLAGS, &flags);
        count_u16("modules of reference sets", raw.modules.len())?;
        let modules: Vec<u16> = rows().map(|row| raw.module[row] as u16).collect();
        writer.column(members::MODULE, &modules);
        let times = Times::new("effective times of reference sets", raw.time.iter().copied())?;
        writer.column(
            members::TIME,
            &rows().map(|row| times.number(raw.time[row])).collect::<Vec<u16>>(),
        );
        let halves = |id: u128| [(id >> 64) as u64, id as u64];
        writer.column(members::ID, &rows().map(|row| halves(raw.id[row])).collect::<Vec<[u64; 2]>>());
        let components: Vec<u32> = self.rows.iter().map(|(_, row)| self.component(*row)).collect();
        writer.column(members::COMPONENT, &components);
        self.by_concept(&mut writer, members::BY_CONCEPT, components.iter().copied());
        writer.strings(members::MODULES, raw.modules.iter());
        writer.column(members::TIMES, &times.0);
        writer.strings(members::OTHERS, &self.others);
        self.fields(&mut writer, &first_row)?;
        self.alternates(&mut writer)?;
        Ok(writer)
    }

    /// Which of the things in order refer to each concept.
    fn by_concept(&self, writer: &mut ContainerWriter, section: u32, components: impl Iterator<Item = u32>) {
        let mut pairs: Vec<(u32, u32)> = components
            .zip(0u32..)
            .filter(|(concept, _)| *concept < self.concepts)
            .collect();
        pairs.sort_unstable();
        let first = csr_offsets(self.concepts as usize, pairs.iter().map(|(concept, _)| *concept));
        writer.csr(section, &first, &pairs.iter().map(|(_, row)| *row).collect::<Vec<u32>>());
    }

    fn fields(&self, writer: &mut ContainerWriter, first_row: &[u32]) -> Result<(), BuildError> {
        let strings = self.strings(writer)?;
        let mut store = FieldStore::default();
        let mut first_field = vec![0u32];
        for range in first_row.windows(2) {
            let rows = self.rows.get(range[0] as usize..range[1] as usize).unwrap_or_default();
            let mut columns: Vec<(u32, Kind)> = Vec::new();
            for (_, row) in rows {
                for column in &self.raw.shapes[self.raw.shape[*row as usize] as usize] {
                    if !columns.contains(column) {
                        columns.push(*column);
                    }
                }
            }
            for column in columns {
                let values: Vec<u32> = rows.iter().map(|(_, row)| self.cell(*row, column, &strings)).collect();
                store.add(column, &values, range[0])?;
            }
            first_field.push(count_u32("reference set columns", store.fields.len())?);
        }
        writer.column(members::FIRST_FIELD, &first_field);
        writer.column(members::FIELDS, &store.fields);
        writer.strings(members::NAMES, self.raw.names.iter());
        writer.column(members::DICTIONARIES, &store.dictionaries);
        writer.bytes(members::CELLS, store.cells);
        writer.column(members::SORTED, &store.sorted);
        Ok(())
    }

    /// The final value of a row in a column.
    fn cell(&self, row: u32, column: (u32, Kind), strings: &[u32]) -> u32 {
        let row = row as usize;
        let shape = &self.raw.shapes[self.raw.shape[row] as usize];
        let Some(place) = shape.iter().position(|own| *own == column) else {
            return members::NO_COMPONENT;
        };
        let cell = self.raw.cells[self.raw.first_cell[row] + place];
        match column.1 {
            Kind::Integer => cell,
            _ if cell == members::NO_COMPONENT => cell,
            Kind::Component => self.components[cell as usize],
            Kind::String => strings[cell as usize],
        }
    }

    /// Writes the distinct strings, the short ones first, each part sorted; returns their numbers by collected number.
    fn strings(&self, writer: &mut ContainerWriter) -> Result<Vec<u32>, BuildError> {
        let all = &self.raw.strings;
        let long = |number: u32| all.get(number).len() > members::LONG_STRING;
        let mut order: Vec<u32> = (0..count_u32("reference set strings", all.len())?).collect();
        order.sort_unstable_by(|a, b| (long(*a), all.get(*a)).cmp(&(long(*b), all.get(*b))));
        let short = order.partition_point(|number| !long(*number));
        let text = |number: &u32| all.get(*number);
        writer.strings(members::STRINGS, order[..short].iter().map(text));
        blocks::write(writer, members::LONG, &order[short..].iter().map(text).collect::<Vec<&str>>())?;
        let mut numbers = vec![0u32; all.len()];
        for (number, place) in order.into_iter().zip(0u32..) {
            numbers[number as usize] = place;
        }
        Ok(numbers)
    }

    fn alternates(&self, writer: &mut ContainerWriter) -> Result<(), BuildError> {
        let mut sorted: Vec<&RawAlternate> = self.raw.alternates.iter().collect();
        count_u32("alternate identifiers", sorted.len())?;
        let numbers = |one: &RawAlternate| (self.components[one.scheme as usize], self.components[one.component as usize]);
        sorted.sort_by(|a, b| (&a.identifier, numbers(a), !a.active).cmp(&(&b.identifier, numbers(b), !b.active)));
        writer.strings(members::ALTERNATES, sorted.iter().map(|one| &one.identifier));
        let schemes: Vec<u32> = sorted.iter().map(|one| numbers(one).0).collect();
        writer.column(members::ALTERNATE_SCHEME, &schemes);
        let components: Vec<u32> = sorted.iter().map(|one| numbers(one).1).collect();
        writer.column(members::ALTERNATE_COMPONENT, &components);
        let flags: Vec<u8> = sorted.iter().map(|one| u8::from(one.active) * ACTIVE).collect();
        writer.column(members::ALTERNATE_FLAGS, &flags);
        self.by_concept(writer, members::ALTERNATES_BY_CONCEPT, components.iter().copied());
        Ok(())
    }
}

/// The columns written so far.
#[derive(Default)]
struct FieldStore {
    fields: Vec<[u32; members::FIELD_WORDS]>,
    dictionaries: Vec<u32>,
    cells: Vec<u8>,
    sorted: Vec<u32>,
}

impl FieldStore {
    /// Adds a column whose first value is of row `first_row`.
    fn add(&mut self, (name, kind): (u32, Kind), values: &[u32], first_row: u32) -> Result<(), BuildError> {
        let mut distinct = values.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let width: u32 = match distinct.len() {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        let (dictionary, sorted) = (self.dictionaries.len() as u32, self.sorted.len() as u32);
        self.cells.resize(self.cells.len().next_multiple_of(4), 0);
        let start = count_u32("words of reference set columns", self.cells.len() / 4)?;
        let coded = |value: &u32| distinct.partition_point(|known| known < value);
        match width {
            1 => self.cells.extend(values.iter().map(|value| coded(value) as u8)),
            2 => self
                .cells
                .extend(values.iter().flat_map(|value| (coded(value) as u16).to_le_bytes())),
            _ => self.cells.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        }
        if width < 4 {
            self.dictionaries.extend_from_slice(&distinct);
        } else if kind == Kind::Component {
            let mut order: Vec<u32> = (0..values.len() as u32).collect();
            order.sort_by_key(|place| values[*place as usize]);
            self.sorted.extend(order.into_iter().map(|place| first_row + place));
        }
        count_u32("distinct values of reference sets", self.dictionaries.len())?;
        let (dictionary_length, sorted_length) = (
            self.dictionaries.len() as u32 - dictionary,
            count_u32("sorted rows of reference sets", self.sorted.len())? - sorted,
        );
        self.fields.push([
            name,
            kind as u32,
            width,
            start,
            dictionary,
            dictionary_length,
            sorted,
            sorted_length,
        ]);
        Ok(())
    }
}

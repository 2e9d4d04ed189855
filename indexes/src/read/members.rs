//! Reads `members`: rows of reference sets with their typed columns, and alternate identifiers.
//!
//! A row is a number that runs through all reference sets; the rows of one reference set are a range. It says nothing
//! of which concepts are members: that is `refsets`, as a set.

use super::{CodeSystemIndex, ConceptBits, ConceptSet, FileSource, blocks::Blocks, open_optional};
use crate::container::{Column, ContainerError, Csr, Strings};
use crate::layout::{file, kind, members};
use crate::model::Ordinal;
use std::borrow::Cow;
use std::ops::Range;

/// What a row refers to, or has in a column of components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component<'i> {
    /// A concept of the index.
    Concept(Ordinal),
    /// A designation of the index, by its number (see `CodeSystemIndex::designation`).
    Designation(u32),
    /// The identifier of something that is neither: a relationship, or what is not loaded.
    Other(&'i str),
}

impl<'i> Component<'i> {
    /// Its identifier, `index` being the one that it is of; empty for a designation without one.
    pub fn identifier(self, index: &'i CodeSystemIndex) -> &'i str {
        match self {
            Self::Concept(concept) => index.code(concept),
            Self::Designation(number) => index.designation_id(number).unwrap_or(""),
            Self::Other(id) => id,
        }
    }
}

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Identifiers of components.
    Component,
    /// Whole numbers.
    Integer,
    /// Text.
    String,
}

/// A value in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue<'i> {
    /// A component.
    Component(Component<'i>),
    /// A whole number.
    Integer(i32),
    /// Text.
    String(Cow<'i, str>),
}

impl FieldValue<'_> {
    /// The value as RF2 writes it, `index` being the one that it is of.
    pub fn text<'v>(&'v self, index: &'v CodeSystemIndex) -> Cow<'v, str> {
        match self {
            Self::Component(component) => component.identifier(index).into(),
            Self::Integer(number) => number.to_string().into(),
            Self::String(text) => text.as_ref().into(),
        }
    }
}

/// A column of a reference set; made by [`RefsetRows::fields`] and [`RefsetRows::field`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'i> {
    /// Its name in the header of the file.
    pub name: &'i str,
    /// Its kind.
    pub kind: FieldKind,
    width: u32,
    cells: u32,
    dictionary: [u32; 2],
    sorted: [u32; 2],
}

#[derive(Debug)]
pub(super) struct Members {
    concepts: u32,
    designations: u32,
    refsets: Column<u32>,
    first_row: Column<u32>,
    flags: Column<u8>,
    module: Column<u16>,
    time: Column<u16>,
    id: Column<[u64; 2]>,
    component: Column<u32>,
    by_concept: Csr<u32>,
    modules: Strings,
    times: Column<u32>,
    others: Strings,
    first_field: Column<u32>,
    fields: Column<[u32; members::FIELD_WORDS]>,
    names: Strings,
    dictionaries: Column<u32>,
    cells: Column<u8>,
    sorted: Column<u32>,
    strings: Strings,
    long: Blocks,
    alternates: Strings,
    alternate_scheme: Column<u32>,
    alternate_component: Column<u32>,
    alternate_flags: Column<u8>,
    alternates_by_concept: Csr<u32>,
}

impl Members {
    pub fn open(source: &dyn FileSource, concepts: usize, designations: usize) -> Result<Option<Self>, ContainerError> {
        let Some(container) = open_optional(source, file::MEMBERS, kind::MEMBERS)? else {
            return Ok(None);
        };
        let refsets = container.column::<u32>(members::REFSETS)?;
        let first_row = container.column_of::<u32>(members::FIRST_ROW, refsets.len() + 1)?;
        let rows = first_row.last().copied().unwrap_or(0) as usize;
        let alternates = container.strings(members::ALTERNATES)?;
        let count = |count: usize| u32::try_from(count).map_err(|_| container.structure("the counts do not fit into 32 bits"));
        Ok(Some(Self {
            concepts: count(concepts)?,
            designations: count(designations)?,
            flags: container.column_of(members::FLAGS, rows)?,
            module: container.column_of(members::MODULE, rows)?,
            time: container.column_of(members::TIME, rows)?,
            id: container.column_of(members::ID, rows)?,
            component: container.column_of(members::COMPONENT, rows)?,
            by_concept: container.csr(members::BY_CONCEPT, concepts)?,
            modules: container.strings(members::MODULES)?,
            times: container.column(members::TIMES)?,
            others: container.strings(members::OTHERS)?,
            first_field: container.column_of(members::FIRST_FIELD, refsets.len() + 1)?,
            fields: container.column(members::FIELDS)?,
            names: container.strings(members::NAMES)?,
            dictionaries: container.column(members::DICTIONARIES)?,
            cells: container.column(members::CELLS)?,
            sorted: container.column(members::SORTED)?,
            strings: container.strings(members::STRINGS)?,
            long: Blocks::open(&container, members::LONG)?,
            alternate_scheme: container.column_of(members::ALTERNATE_SCHEME, alternates.len())?,
            alternate_component: container.column_of(members::ALTERNATE_COMPONENT, alternates.len())?,
            alternate_flags: container.column_of(members::ALTERNATE_FLAGS, alternates.len())?,
            alternates_by_concept: container.csr(members::ALTERNATES_BY_CONCEPT, concepts)?,
            alternates,
            first_row,
            refsets,
        }))
    }

    /// What a number at rest stands for.
    fn named(&self, component: u32) -> Option<Component<'_>> {
        if component == members::NO_COMPONENT {
            return None;
        }
        if component < self.concepts {
            return Some(Component::Concept(Ordinal(component)));
        }
        let past = component - self.concepts;
        Some(match past.checked_sub(self.designations) {
            None => Component::Designation(past),
            Some(other) => Component::Other(self.others.get(other as usize)),
        })
    }

    fn string(&self, number: u32) -> Cow<'_, str> {
        match (number as usize).checked_sub(self.strings.len()) {
            None => Cow::Borrowed(self.strings.get(number as usize)),
            Some(long) => Cow::Owned(self.long.get(long).unwrap_or_default()),
        }
    }

    /// The numbers of the strings at rest that `wanted` takes.
    fn strings_that(&self, wanted: &dyn Fn(&str) -> bool) -> ConceptSet {
        let all = (self.strings.len() + self.long.len()).min(u32::MAX as usize) as u32;
        (0..all).filter(|number| wanted(&self.string(*number))).collect()
    }

    fn place(&self, refset: Ordinal) -> Option<usize> {
        self.refsets.binary_search(&refset.0).ok()
    }

    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.iter()
    }

    pub fn refsets(&self) -> ConceptSet {
        self.refsets.iter().copied().collect()
    }

    pub fn rows(&self, refset: Ordinal) -> Option<RefsetRows<'_>> {
        let place = self.place(refset)?;
        let range = match self.first_row.get(place..place + 2) {
            Some([start, stop]) if start <= stop && *stop as usize <= self.flags.len() => *start..*stop,
            _ => 0..0,
        };
        Some(RefsetRows {
            members: self,
            refset,
            place,
            range,
        })
    }

    /// Rows of any reference set that refer to a concept, with their reference sets.
    pub fn rows_of(&self, concept: Ordinal) -> impl Iterator<Item = (Ordinal, u32)> {
        let rows = self.by_concept.get(concept.0 as usize).iter();
        rows.filter_map(|row| {
            let place = self.first_row.partition_point(|first| first <= row).checked_sub(1)?;
            Some((Ordinal(*self.refsets.get(place)?), *row))
        })
    }

    fn alternate(&self, place: usize) -> Option<Alternate<'_>> {
        Some(Alternate {
            scheme: self.named(*self.alternate_scheme.get(place)?)?,
            identifier: self.alternates.get(place),
            component: self.named(*self.alternate_component.get(place)?)?,
            active: self.alternate_flags.get(place)? & members::FLAG_ACTIVE != 0,
        })
    }

    pub fn alternates_named(&self, identifier: &str) -> impl Iterator<Item = Alternate<'_>> {
        let first = self.alternates.partition_point(|known| known < identifier);
        (first..self.alternates.len())
            .take_while(move |place| self.alternates.get(*place) == identifier)
            .filter_map(|place| self.alternate(place))
    }

    pub fn alternates_of(&self, concept: Ordinal) -> impl Iterator<Item = Alternate<'_>> {
        let places = self.alternates_by_concept.get(concept.0 as usize).iter();
        places.filter_map(|place| self.alternate(*place as usize))
    }
}

/// An identifier that another scheme gives to a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alternate<'i> {
    /// The scheme: a concept.
    pub scheme: Component<'i>,
    /// The identifier.
    pub identifier: &'i str,
    /// What it identifies.
    pub component: Component<'i>,
    /// Whether it is in use.
    pub active: bool,
}

/// The rows of one reference set, inactive ones included. Rows are numbers of [`RefsetRows::range`]; a number outside
/// of it reads as a row of another reference set or as empty, never as a panic.
#[derive(Debug, Clone)]
pub struct RefsetRows<'i> {
    members: &'i Members,
    refset: Ordinal,
    place: usize,
    range: Range<u32>,
}

impl<'i> RefsetRows<'i> {
    /// The reference set.
    pub fn refset(&self) -> Ordinal {
        self.refset
    }

    /// Its rows, in the order of the release.
    pub fn range(&self) -> Range<u32> {
        self.range.clone()
    }

    /// Its extra columns, in the order of the file.
    pub fn fields(&self) -> impl Iterator<Item = Field<'i>> + use<'i> {
        let members = self.members;
        let range = match members.first_field.get(self.place..self.place + 2) {
            Some([start, stop]) => *start as usize..*stop as usize,
            _ => 0..0,
        };
        let fields = members.fields.get(range).unwrap_or_default().iter();
        fields.map(
            |[name, kind, width, cells, dictionary, dictionary_length, sorted, sorted_length]| Field {
                name: members.names.get(*name as usize),
                kind: match kind {
                    0 => FieldKind::Component,
                    1 => FieldKind::Integer,
                    _ => FieldKind::String,
                },
                width: *width,
                cells: *cells,
                dictionary: [*dictionary, *dictionary_length],
                sorted: [*sorted, *sorted_length],
            },
        )
    }

    /// The column with a name, whatever its case.
    pub fn field(&self, name: &str) -> Option<Field<'i>> {
        self.fields().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Whether a row is in use.
    pub fn is_active(&self, row: u32) -> bool {
        let flags = self.members.flags.get(row as usize);
        flags.is_some_and(|flags| flags & members::FLAG_ACTIVE != 0)
    }

    /// The code of the module that maintains a row.
    pub fn module(&self, row: u32) -> &'i str {
        let module = self.members.module.get(row as usize);
        module.map_or("", |module| self.members.modules.get(usize::from(*module)))
    }

    /// The number of the module that maintains a row: its place in
    /// [`CodeSystemIndex::row_modules`](super::CodeSystemIndex::row_modules).
    pub fn module_number(&self, row: u32) -> u16 {
        self.members.module.get(row as usize).copied().unwrap_or(u16::MAX)
    }

    /// The date of a row's state, YYYYMMDD.
    pub fn effective_time(&self, row: u32) -> u32 {
        let time = self.members.time.get(row as usize);
        let time = time.and_then(|time| self.members.times.get(usize::from(*time)));
        time.copied().unwrap_or(0)
    }

    /// The member id of a row, a UUID as a number.
    pub fn id(&self, row: u32) -> u128 {
        let halves = self.members.id.get(row as usize).copied().unwrap_or_default();
        u128::from(halves[0]) << 64 | u128::from(halves[1])
    }

    /// The member id of a row as RF2 writes it, in lower case.
    pub fn id_text(&self, row: u32) -> String {
        let id = format!("{:032x}", self.id(row));
        let part = |range: Range<usize>| id.get(range).unwrap_or("").to_owned();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }

    /// What a row refers to.
    pub fn component(&self, row: u32) -> Component<'i> {
        let component = self.members.component.get(row as usize);
        let component = component.and_then(|component| self.members.named(*component));
        component.unwrap_or(Component::Other(""))
    }

    /// The concept that a row refers to, if it is one of the index.
    pub fn concept(&self, row: u32) -> Option<Ordinal> {
        let concept = *self.members.component.get(row as usize)?;
        (concept < self.members.concepts).then_some(Ordinal(concept))
    }

    /// Rows that refer to a concept, ascending.
    pub fn rows_of(&self, concept: Ordinal) -> &'i [u32] {
        let rows = self.members.by_concept.get(concept.0 as usize);
        let (start, stop) = (
            rows.partition_point(|row| *row < self.range.start),
            rows.partition_point(|row| *row < self.range.end),
        );
        rows.get(start..stop).unwrap_or_default()
    }

    /// The concepts that rows in use (`active`), not in use, or of either kind (`None`) refer to.
    pub fn concepts(&self, active: Option<bool>) -> ConceptSet {
        let rows = self.range.clone();
        let rows = rows.filter(|row| active.is_none_or(|active| self.is_active(*row) == active));
        rows.filter_map(|row| self.concept(row)).map(|concept| concept.0).collect()
    }

    /// The number at rest of a row in a column.
    fn raw(&self, row: u32, field: &Field<'_>) -> Option<u32> {
        let place = row.checked_sub(self.range.start).filter(|_| row < self.range.end)? as usize;
        let start = (field.cells as usize).checked_mul(4)?;
        let coded = match field.width {
            1 => u32::from(*self.members.cells.get(start.checked_add(place)?)?),
            2 => {
                let start = start.checked_add(place * 2)?;
                let bytes = self.members.cells.get(start..start + 2)?;
                u32::from(u16::from_le_bytes(bytes.try_into().ok()?))
            }
            _ => {
                let start = start.checked_add(place * 4)?;
                let bytes = self.members.cells.get(start..start + 4)?;
                return Some(u32::from_le_bytes(bytes.try_into().ok()?));
            }
        };
        self.dictionary(field).get(coded as usize).copied()
    }

    fn dictionary(&self, field: &Field<'_>) -> &'i [u32] {
        let [start, length] = field.dictionary;
        let range = start as usize..start as usize + length as usize;
        self.members.dictionaries.get(range).unwrap_or_default()
    }

    fn decode(&self, raw: u32, kind: FieldKind) -> Option<FieldValue<'i>> {
        if raw == members::NO_COMPONENT {
            return None;
        }
        Some(match kind {
            FieldKind::Component => FieldValue::Component(self.members.named(raw)?),
            FieldKind::Integer => FieldValue::Integer((raw >> 1) as i32 ^ -((raw & 1) as i32)),
            FieldKind::String => FieldValue::String(self.members.string(raw)),
        })
    }

    /// The value of a row in a column; `None` where the cell is empty.
    pub fn value(&self, row: u32, field: &Field<'_>) -> Option<FieldValue<'i>> {
        self.decode(self.raw(row, field)?, field.kind)
    }

    /// The value of a row in a column of components, where it is a concept of the index.
    pub fn concept_value(&self, row: u32, field: &Field<'_>) -> Option<Ordinal> {
        let raw = self.raw(row, field).filter(|_| field.kind == FieldKind::Component)?;
        (raw < self.members.concepts).then_some(Ordinal(raw))
    }

    /// Visits the texts of all rows in use in a column, in the order in which they lie, which is not that of the rows:
    /// so that reading a whole column unpacks every block once.
    pub fn visit_texts(&self, field: &Field<'_>, mut visit: impl FnMut(u32, &str)) {
        if field.kind != FieldKind::String {
            return;
        }
        let rows = self.range.clone().filter(|row| self.is_active(*row));
        let filled = rows.filter_map(|row| Some((self.raw(row, field)?, row)));
        let mut numbered: Vec<(u32, u32)> = filled.filter(|(raw, _)| *raw != members::NO_COMPONENT).collect();
        numbered.sort_unstable();
        let short = self.members.strings.len();
        let (near, long) = numbered.split_at(numbered.partition_point(|(raw, _)| (*raw as usize) < short));
        for (raw, row) in near {
            visit(*row, self.members.strings.get(*raw as usize));
        }
        // Of rows with the same text the first is met first: the place walks along with the texts.
        let mut rest = long;
        let numbers = long.iter().map(|(raw, _)| *raw as usize - short);
        self.members.long.visit(numbers, |number, text| {
            while let Some(((raw, row), more)) = rest.split_first() {
                match (*raw as usize - short).cmp(&number) {
                    std::cmp::Ordering::Less => rest = more,
                    std::cmp::Ordering::Equal => {
                        rest = more;
                        visit(*row, text);
                        break;
                    }
                    std::cmp::Ordering::Greater => break,
                }
            }
        });
    }

    /// Rows whose value in a column of components is a concept of the set, ascending.
    pub fn rows_with_concepts(&self, field: &Field<'_>, concepts: &ConceptSet) -> Vec<u32> {
        if field.kind != FieldKind::Component {
            return Vec::new();
        }
        let [start, length] = field.sorted;
        let sorted = self.members.sorted.get(start as usize..start as usize + length as usize);
        // One search each for few concepts; past that, reading the column once is faster.
        if let Some(sorted) = sorted.filter(|sorted| !sorted.is_empty() && concepts.len() * 16 < sorted.len() as u64) {
            let value = |row: &u32| self.raw(*row, field).unwrap_or(u32::MAX);
            let mut rows: Vec<u32> = concepts
                .iter()
                .flat_map(|concept| {
                    let first = sorted.partition_point(|row| value(row) < concept);
                    let tail = sorted.get(first..).unwrap_or_default();
                    tail.iter().copied().take_while(move |row| value(row) == concept)
                })
                .collect();
            rows.sort_unstable();
            return rows;
        }
        let wanted = ConceptBits::of(concepts, self.members.concepts as usize);
        self.rows_with_raw(field, |raw| raw < self.members.concepts && wanted.contains(raw))
    }

    /// Rows whose value in a column satisfies a condition, ascending; the condition is asked once per distinct value
    /// where the column is coded by them. `None` stands for an empty cell.
    pub fn rows_where(&self, field: &Field<'_>, wanted: impl Fn(Option<&FieldValue<'i>>) -> bool) -> Vec<u32> {
        if field.kind == FieldKind::String && field.width == 4 {
            let texts = self
                .members
                .strings_that(&|text| wanted(Some(&FieldValue::String(Cow::Owned(text.to_owned())))));
            return self.rows_with_raw(field, |raw| texts.contains(raw));
        }
        self.rows_with_raw(field, |raw| wanted(self.decode(raw, field.kind).as_ref()))
    }

    fn rows_with_raw(&self, field: &Field<'_>, wanted: impl Fn(u32) -> bool) -> Vec<u32> {
        let width = match field.width {
            1 => 1,
            2 => 2,
            _ => 4,
        };
        let start = field.cells as usize * 4;
        let stop = start + self.range.len() * width;
        let cells = self.members.cells.get(start..stop).unwrap_or_default();
        let low_first = |cell: &[u8]| cell.iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
        let rows = self.range.clone().zip(cells.chunks_exact(width).map(low_first));
        if width == 4 {
            return rows.filter(|(_, raw)| wanted(*raw)).map(|(row, _)| row).collect();
        }
        let known: Vec<bool> = self.dictionary(field).iter().map(|raw| wanted(*raw)).collect();
        if !known.contains(&true) {
            return Vec::new();
        }
        rows.filter(|(_, code)| known.get(*code as usize) == Some(&true))
            .map(|(row, _)| row)
            .collect()
    }
}

//! Reads `relations`: properties of a concept, and the concepts that have a property or a value.

use super::bits::gathered;
use super::property_rows::{Made, PropertyRows, Turned, slot};
use super::{ConceptSet, FileSource, open, sparse};
use crate::build::kind_number;
use crate::container::{Column, ContainerError, Csr, Strings};
use crate::layout::{file, kind, relations};
use crate::model::{Coding, Ordinal, Property, PropertyType, PropertyValue};

/// A value of a property, read where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationValue<'r> {
    /// A concept of the same code system.
    Concept(Ordinal),
    /// A whole number or a decimal, as the source writes it.
    Number(&'r str),
    /// True or false.
    Boolean(bool),
    /// Text.
    Text(&'r str),
    /// Anything else: codes that name no concept of the release, codings, dates.
    Other(&'r str),
}

/// One property of a concept, read where it lies. Properties have numbers (see
/// [`CodeSystemIndex::property_number`](super::CodeSystemIndex::property_number)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation<'r> {
    /// The number of the property.
    pub property: u32,
    /// The role group; 0 for none.
    pub group: u16,
    /// The value.
    pub value: RelationValue<'r>,
}

/// A distinct value of a property with the concepts that have it.
#[derive(Debug, Clone, Copy)]
pub struct Posting<'r> {
    /// The value as in [`PropertyRows::values`].
    pub value: u32,
    /// The concepts, ascending.
    pub concepts: &'r [u32],
}

#[derive(Debug)]
pub(super) struct Relations {
    count: usize,
    turned: Turned,
    properties: Strings,
    entries: Csr<[u32; 2]>,
    value_kind: Column<u8>,
    values: Strings,
    value_ordinal: Column<u32>,
    keys: Column<[u32; 2]>,
    postings: Csr<u32>,
    extended: Column<u32>,
    extensions: Strings,
    ids: Option<Column<u64>>,
}

impl Relations {
    pub fn open(source: &dyn FileSource, count: usize) -> Result<Self, ContainerError> {
        let container = open(source, file::RELATIONS, kind::RELATIONS)?;
        let keys = container.column::<[u32; 2]>(relations::KEYS)?;
        let value_kind = container.column::<u8>(relations::VALUE_KIND)?;
        let values = container.strings(relations::VALUES)?;
        if values.len() != value_kind.len() {
            return Err(container.structure("values and their kinds differ in number"));
        }
        let entries = container.csr::<[u32; 2]>(relations::ENTRIES, count)?;
        let properties = container.strings(relations::PROPERTIES)?;
        Ok(Self {
            count,
            turned: Turned::open(&container, properties.len())?,
            properties,
            ids: container
                .has(relations::IDS)
                .then(|| container.column_of(relations::IDS, entries.targets().len()))
                .transpose()?,
            entries,
            value_ordinal: container.column_of(relations::VALUE_ORDINAL, values.len())?,
            postings: container.csr(relations::POSTINGS, keys.len())?,
            extended: container.column(relations::EXTENDED)?,
            extensions: container.strings(relations::EXTENSIONS)?,
            value_kind,
            values,
            keys,
        })
    }

    pub fn property(&self, code: &str) -> Option<u32> {
        (0u32..)
            .zip(self.properties.iter())
            .find(|(_, property)| *property == code)
            .map(|(number, _)| number)
    }

    fn value(&self, number: u32) -> PropertyValue {
        let text = self.values.get(number as usize);
        match self.value_kind.get(number as usize) {
            Some(0) => PropertyValue::Code(text.to_owned()),
            Some(1) => PropertyValue::Coding(coding(text)),
            Some(3) => text
                .parse()
                .map_or_else(|_| PropertyValue::String(text.to_owned()), PropertyValue::Integer),
            Some(4) => PropertyValue::Boolean(text == "true"),
            Some(5) => PropertyValue::DateTime(text.to_owned()),
            Some(6) => PropertyValue::Decimal(text.to_owned()),
            _ => PropertyValue::String(text.to_owned()),
        }
    }

    /// The codes of the properties, in the order of their numbers.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.properties.iter()
    }

    fn read(&self, number: u32) -> RelationValue<'_> {
        let place = number as usize;
        let text = || self.values.get(place);
        match (self.value_kind.get(place), self.value_ordinal.get(place)) {
            (Some(0), Some(ordinal)) if *ordinal != u32::MAX => RelationValue::Concept(Ordinal(*ordinal)),
            (Some(2), _) => RelationValue::Text(text()),
            (Some(3 | 6), _) => RelationValue::Number(text()),
            (Some(4), _) => RelationValue::Boolean(text() == "true"),
            _ => RelationValue::Other(text()),
        }
    }

    /// A value as rows and postings number it: the concept it is, else past all concepts.
    fn component(&self, number: u32) -> u32 {
        let ordinal = self.value_ordinal.get(number as usize).copied();
        ordinal
            .filter(|ordinal| *ordinal != u32::MAX)
            .unwrap_or_else(|| number.saturating_add(self.count as u32))
    }

    /// Values that are no concepts, numbered as in rows.
    pub fn literals(&self) -> impl Iterator<Item = (u32, RelationValue<'_>)> {
        // Codes are the first kind; those that name no concept are literals too.
        (0..self.value_kind.len() as u32)
            .map(|number| (self.component(number), number))
            .filter(|(component, _)| *component as usize >= self.count)
            .map(|(component, number)| (component, self.read(number)))
    }

    /// (property, slot, value) of every entry of a concept, in the order of the source.
    pub fn slots(&self, ordinal: Ordinal) -> impl Iterator<Item = (u32, u32, u32)> {
        self.entries
            .get(ordinal.0 as usize)
            .iter()
            .enumerate()
            .map(|(place, [packed, value])| {
                let group = (packed & 0xffff) as u16;
                (packed >> 16, slot(group, place), self.component(*value))
            })
    }

    /// All rows of a property.
    pub fn rows_of_property(&self, property: u32) -> PropertyRows<'_> {
        self.turned.of(property, || {
            let mut made = Made::default();
            let mut having = super::ConceptBits::new(self.count);
            self.keys_of(property)
                .for_each(|key| having.insert_all(self.postings.get(key)));
            for concept in having.iter() {
                let rows = self.slots(Ordinal(concept));
                rows.filter(|(own, _, _)| *own == property)
                    .for_each(|(_, slot, value)| made.add(concept, slot, value));
            }
            made
        })
    }

    /// All properties of a concept in the order of the source, without copying.
    pub fn of(&self, ordinal: Ordinal) -> impl Iterator<Item = Relation<'_>> {
        self.rows(ordinal).map(|(_, property, group, value)| Relation {
            property,
            group,
            value: self.read(value),
        })
    }

    /// Every distinct value of a property with the concepts that have it, without copying.
    pub fn postings(&self, property: u32) -> impl Iterator<Item = Posting<'_>> {
        self.keys_of(property).filter_map(move |key| {
            Some(Posting {
                value: self.component(self.keys.get(key)?[1]),
                concepts: self.postings.get(key),
            })
        })
    }

    /// The number of the value that is this concept.
    pub fn number_of_code(&self, code: &str) -> Option<u32> {
        self.find_value(PropertyType::Code, code)
    }

    /// Concepts whose property has the value of this number, ascending.
    pub fn posting(&self, property: u32, value: u32) -> &[u32] {
        let key = self.keys.binary_search(&[property, value]).ok();
        key.map_or(&[], |key| self.postings.get(key))
    }

    /// How many distinct values a property has, and how often concepts have one: what reading all of it costs.
    pub fn extent(&self, property: u32) -> (usize, usize) {
        let keys = self.keys_of(property);
        let stop = keys.end.checked_sub(1).map_or(0, |last| self.postings.range(last).end);
        let start = self.postings.range(keys.start).start;
        (keys.len(), if keys.is_empty() { 0 } else { stop.saturating_sub(start) })
    }

    /// (place, property number, group, value number) of every entry of a concept, in the order of the source.
    fn rows(&self, ordinal: Ordinal) -> impl Iterator<Item = (usize, u32, u16, u32)> {
        self.entries
            .range(ordinal.0 as usize)
            .zip(self.entries.get(ordinal.0 as usize))
            .map(|(place, [packed, value])| (place, packed >> 16, (packed & 0xffff) as u16, *value))
    }

    pub fn all(&self, ordinal: Ordinal) -> Vec<Property> {
        self.rows(ordinal)
            .map(|(_, property, group, value)| Property {
                code: self.properties.get(property as usize).to_owned(),
                group,
                value: self.value(value),
            })
            .collect()
    }

    pub fn extensions(&self, ordinal: Ordinal) -> Vec<Option<&str>> {
        self.entries
            .range(ordinal.0 as usize)
            .map(|place| sparse(&self.extended, place).map(|place| self.extensions.get(place)))
            .collect()
    }

    /// Publisher's ids of the entries of a concept, in the order of the source; empty where there are none.
    pub fn ids(&self, ordinal: Ordinal) -> &[u64] {
        let range = self.entries.range(ordinal.0 as usize);
        self.ids.as_ref().and_then(|ids| ids.get(range)).unwrap_or_default()
    }

    pub fn values_of(&self, ordinal: Ordinal, property: u32) -> impl Iterator<Item = PropertyValue> {
        self.rows(ordinal)
            .filter(move |(_, own, _, _)| *own == property)
            .map(|(_, _, _, value)| self.value(value))
    }

    pub fn text_of(&self, ordinal: Ordinal, property: u32) -> Option<&str> {
        let (_, _, _, value) = self.rows(ordinal).find(|(_, own, _, _)| *own == property)?;
        Some(self.values.get(value as usize))
    }

    /// Concept targets of coded values, with their groups.
    pub fn targets(&self, ordinal: Ordinal, property: u32) -> impl Iterator<Item = (u16, Ordinal)> {
        self.rows(ordinal)
            .filter(move |(_, own, _, _)| *own == property)
            .filter_map(|(_, _, group, value)| {
                let target = *self.value_ordinal.get(value as usize)?;
                (target != u32::MAX).then_some((group, Ordinal(target)))
            })
    }

    /// The number of a value, found by binary search among those of its kind.
    fn find_value(&self, kind: PropertyType, text: &str) -> Option<u32> {
        let kind = kind_number(kind);
        let start = self.value_kind.partition_point(|other| *other < kind);
        let stop = self.value_kind.partition_point(|other| *other <= kind);
        let (mut low, mut high) = (start, stop);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.values.get(middle) < text {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < stop && self.values.get(low) == text).then_some(low as u32)
    }

    fn keys_of(&self, property: u32) -> std::ops::Range<usize> {
        self.keys.partition_point(|key| key[0] < property)..self.keys.partition_point(|key| key[0] <= property)
    }

    fn set_of(&self, key: usize, set: &mut ConceptSet) {
        *set |= gathered(self.postings.get(key), self.count);
    }

    /// Concepts with this value of this property, whatever the value's type.
    pub fn with_text(&self, property: u32, text: &str) -> ConceptSet {
        const PLAIN: [PropertyType; 6] = [
            PropertyType::Code,
            PropertyType::String,
            PropertyType::Integer,
            PropertyType::Boolean,
            PropertyType::DateTime,
            PropertyType::Decimal,
        ];
        let mut set = ConceptSet::new();
        for kind in PLAIN {
            if let Some(value) = self.find_value(kind, text)
                && let Ok(key) = self.keys.binary_search(&[property, value])
            {
                self.set_of(key, &mut set);
            }
        }
        for (value, concepts) in self.values_and_keys(property) {
            if let PropertyValue::Coding(coding) = &value
                && coding_matches(coding, text)
            {
                self.set_of(concepts, &mut set);
            }
        }
        set
    }

    fn values_and_keys(&self, property: u32) -> impl Iterator<Item = (PropertyValue, usize)> {
        self.keys_of(property)
            .filter_map(move |key| Some((self.value(self.keys.get(key)?[1]), key)))
    }

    /// Every distinct value of a property with the concepts that have it.
    pub fn distinct(&self, property: u32) -> impl Iterator<Item = (PropertyValue, ConceptSet)> {
        self.values_and_keys(property).map(|(value, key)| {
            let mut set = ConceptSet::new();
            self.set_of(key, &mut set);
            (value, set)
        })
    }

    /// Concepts that have the property at all.
    pub fn having(&self, property: u32) -> ConceptSet {
        let mut set = ConceptSet::new();
        for key in self.keys_of(property) {
            self.set_of(key, &mut set);
        }
        set
    }

    /// Concepts that have, for this property, one of `targets` as coded value.
    pub fn with_target_in(&self, property: u32, targets: &ConceptSet) -> ConceptSet {
        let mut set = ConceptSet::new();
        for key in self.keys_of(property) {
            let target = self.keys.get(key).and_then(|key| self.value_ordinal.get(key[1] as usize));
            if target.is_some_and(|target| targets.contains(*target)) {
                self.set_of(key, &mut set);
            }
        }
        set
    }
}

fn coding(text: &str) -> Coding {
    let mut lines = text
        .split('\n')
        .map(|line| Some(line).filter(|line| !line.is_empty()).map(str::to_owned));
    let mut next = || lines.next().flatten();
    Coding {
        system: next(),
        version: next(),
        code: next().unwrap_or_default(),
        display: next(),
    }
}

/// A filter names a coding by its code, or as `system|code`.
fn coding_matches(coding: &Coding, text: &str) -> bool {
    match text.rsplit_once('|') {
        Some((system, code)) => coding.system.as_deref() == Some(system) && coding.code == code,
        None => coding.code == text,
    }
}

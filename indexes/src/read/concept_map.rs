//! Reads `maps`: the rows of one concept map, by source and by target.

use super::{FileSource, open};
use crate::container::{Column, ContainerError, Csr, Strings};
use crate::layout::{file, kind, maps};
use crate::model::{Coding, ConceptMapHeader, Mapping, MappingAttribute, MappingAttributeRole, Relationship};

/// One concept map.
#[derive(Debug)]
pub struct ConceptMapIndex {
    header: ConceptMapHeader,
    systems: Strings,
    row_systems: Column<[u32; 2]>,
    sources: Strings,
    texts: Strings,
    row_texts: Column<[u32; 6]>,
    row_numbers: Column<[u16; 4]>,
    by_target: Column<u32>,
    attributes: Csr<[u32; 6]>,
}

impl ConceptMapIndex {
    /// Opens the map whose header is known from the manifest or the builder.
    pub fn open(header: ConceptMapHeader, source: &dyn FileSource) -> Result<Self, ContainerError> {
        let container = open(source, file::MAPS, kind::MAPS)?;
        let sources = container.strings(maps::SOURCE_CODES)?;
        let rows = sources.len();
        Ok(Self {
            header,
            systems: container.strings(maps::SYSTEMS)?,
            row_systems: container.column_of(maps::ROW_SYSTEMS, rows)?,
            texts: container.strings(maps::TEXTS)?,
            row_texts: container.column_of(maps::ROW_TEXTS, rows)?,
            row_numbers: container.column_of(maps::ROW_NUMBERS, rows)?,
            by_target: container.column(maps::BY_TARGET)?,
            attributes: container.csr(maps::ATTRIBUTES, rows)?,
            sources,
        })
    }

    /// What is known of the map besides its rows.
    pub fn header(&self) -> &ConceptMapHeader {
        &self.header
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Source and target systems of its rows: (source url, source version, target url, target version), distinct.
    pub fn systems(&self) -> Vec<(String, Option<String>, String, Option<String>)> {
        let mut pairs: Vec<[u32; 2]> = self.row_systems.to_vec();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
            .into_iter()
            .map(|[source, target]| {
                let (source, target) = (self.system(source), self.system(target));
                (source.0, source.1, target.0, target.1)
            })
            .collect()
    }

    fn system(&self, number: u32) -> (String, Option<String>) {
        let place = number as usize * 2;
        let version = self.systems.get(place + 1);
        (
            self.systems.get(place).to_owned(),
            Some(version).filter(|version| !version.is_empty()).map(str::to_owned),
        )
    }

    fn text(&self, number: u32) -> Option<String> {
        (number != 0).then(|| self.texts.get(number as usize).to_owned())
    }

    /// Rows of a source code, in order of group and priority. Systems are not looked at: the caller compares.
    pub fn by_source(&self, code: &str) -> Vec<Mapping> {
        let start = self.sources.partition_point(|source| source < code);
        (start..self.len())
            .take_while(|row| self.sources.get(*row) == code)
            .filter_map(|row| self.row(row))
            .collect()
    }

    /// Rows of a target code.
    pub fn by_target(&self, code: &str) -> Vec<Mapping> {
        let target = |row: &u32| {
            self.row_texts
                .get(*row as usize)
                .map_or("", |texts| self.texts.get(texts[1] as usize))
        };
        let start = self.by_target.partition_point(|row| target(row) < code);
        let rows = self.by_target.iter().skip(start).take_while(|row| target(row) == code);
        rows.filter_map(|row| self.row(*row as usize)).collect()
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Mapping> {
        (0..self.len()).filter_map(|row| self.row(row))
    }

    fn row(&self, row: usize) -> Option<Mapping> {
        let [source_system, target_system] = *self.row_systems.get(row)?;
        let [source_display, target_code, target_display, rule, advice, comment] = *self.row_texts.get(row)?;
        let [relationship, group, priority, _] = *self.row_numbers.get(row)?;
        let (system, version) = self.system(source_system);
        let source = Coding {
            system: Some(system).filter(|system| !system.is_empty()),
            version,
            code: self.sources.get(row).to_owned(),
            display: self.text(source_display),
        };
        let target = self.text(target_code).map(|code| {
            let (system, version) = self.system(target_system);
            Coding {
                system: Some(system).filter(|system| !system.is_empty()),
                version,
                code,
                display: self.text(target_display),
            }
        });
        let relationship = Relationship::ALL
            .get(usize::from(relationship))
            .copied()
            .unwrap_or(Relationship::RelatedTo);
        Some(Mapping {
            source,
            target,
            relationship,
            group,
            priority,
            rule: self.text(rule),
            advice: self.text(advice),
            comment: self.text(comment),
            attributes: self.attributes.get(row).iter().map(|texts| self.attribute(texts)).collect(),
        })
    }

    fn attribute(&self, numbers: &[u32; 6]) -> MappingAttribute {
        let text = |place: usize| self.texts.get(numbers[place] as usize);
        let optional = |place: usize| Some(text(place)).filter(|text| !text.is_empty()).map(str::to_owned);
        MappingAttribute {
            role: match text(0) {
                "dependsOn" => MappingAttributeRole::DependsOn,
                "product" => MappingAttributeRole::Product,
                _ => MappingAttributeRole::Property,
            },
            attribute: text(1).to_owned(),
            system: optional(2),
            value: text(3).to_owned(),
            display: optional(4),
            value_type: text(5).to_owned(),
        }
    }
}

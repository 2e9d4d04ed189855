//! Collects the rows of one concept map and writes `maps`: sorted by source, with an order by target.

use super::{BuildError, Files, Interner, count_u32};
use crate::container::ContainerWriter;
use crate::layout::{file, kind, maps};
use crate::model::{ConceptMapHeader, MappingAttributeRole};
use crate::record::MappingRecord;

struct RawMapping {
    source: u32,
    systems: [u32; 2],
    texts: [u32; 6],
    numbers: [u16; 4],
    attributes: Vec<[u32; 6]>,
}

/// Collects one concept map.
pub struct ConceptMapBuilder {
    header: ConceptMapHeader,
    systems: Interner,
    sources: Interner,
    texts: Interner,
    rows: Vec<RawMapping>,
}

impl ConceptMapBuilder {
    /// Starts a concept map.
    pub fn new(header: ConceptMapHeader) -> Self {
        let mut texts = Interner::default();
        texts.intern("");
        Self {
            header,
            systems: Interner::default(),
            sources: Interner::default(),
            texts,
            rows: Vec::new(),
        }
    }

    /// The header as given.
    pub fn header(&self) -> &ConceptMapHeader {
        &self.header
    }

    /// Takes a row.
    pub fn mapping(&mut self, record: &MappingRecord<'_>) {
        let mut system = |url: &str, version: Option<&str>| self.systems.intern(&format!("{url}\n{}", version.unwrap_or("")));
        let systems = [
            system(record.source_system, record.source_version),
            system(record.target_system, record.target_version),
        ];
        // Number 0 means "none": an empty text and a missing one are the same, as in FHIR.
        let texts = [
            record.source_display,
            record.target_code,
            record.target_display,
            record.rule,
            record.advice,
            record.comment,
        ]
        .map(|text| text.map_or(0, |text| self.texts.intern(text)));
        let attributes = record
            .attributes
            .iter()
            .map(|attribute| {
                let role = match attribute.role {
                    MappingAttributeRole::DependsOn => "dependsOn",
                    MappingAttributeRole::Product => "product",
                    MappingAttributeRole::Property => "property",
                };
                [
                    role,
                    &attribute.attribute,
                    attribute.system.as_deref().unwrap_or(""),
                    &attribute.value,
                    attribute.display.as_deref().unwrap_or(""),
                    &attribute.value_type,
                ]
                .map(|text| self.texts.intern(text))
            })
            .collect();
        self.rows.push(RawMapping {
            source: self.sources.intern(record.source_code),
            systems,
            texts,
            numbers: [record.relationship as u16, record.group, record.priority, 0],
            attributes,
        });
    }

    /// Sorts the rows and writes the file. Returns the header, the files and the number of rows.
    pub fn finish(mut self) -> Result<(ConceptMapHeader, Files, u64), BuildError> {
        count_u32("mappings", self.rows.len())?;
        let (sources, texts) = (&self.sources, &self.texts);
        // A stable sort: rows of one source code keep the order of the file inside group and priority.
        self.rows.sort_by(|a, b| {
            let key = |row: &RawMapping| (row.numbers[1], row.numbers[2]);
            (sources.get(a.source), key(a)).cmp(&(sources.get(b.source), key(b)))
        });
        let mut writer = ContainerWriter::new(kind::MAPS);
        writer.strings(maps::SYSTEMS, self.systems.iter().flat_map(|pair| pair.split('\n')));
        writer.column(
            maps::ROW_SYSTEMS,
            &self.rows.iter().map(|row| row.systems).collect::<Vec<_>>(),
        );
        writer.strings(maps::SOURCE_CODES, self.rows.iter().map(|row| sources.get(row.source)));
        writer.strings(maps::TEXTS, texts.iter());
        writer.column(maps::ROW_TEXTS, &self.rows.iter().map(|row| row.texts).collect::<Vec<_>>());
        writer.column(
            maps::ROW_NUMBERS,
            &self.rows.iter().map(|row| row.numbers).collect::<Vec<_>>(),
        );
        let mut by_target: Vec<u32> = (0..self.rows.len() as u32)
            .filter(|row| self.rows[*row as usize].texts[1] != 0)
            .collect();
        by_target.sort_by_key(|row| texts.get(self.rows[*row as usize].texts[1]));
        writer.column(maps::BY_TARGET, &by_target);
        let mut first = vec![0u32];
        let mut attributes: Vec<[u32; 6]> = Vec::new();
        for row in &self.rows {
            attributes.extend_from_slice(&row.attributes);
            first.push(count_u32("mapping attributes", attributes.len())?);
        }
        writer.csr(maps::ATTRIBUTES, &first, &attributes);
        let mut files = Files::default();
        files.add(file::MAPS, writer);
        Ok((self.header, files, self.rows.len() as u64))
    }
}

//! Packs FHIR resources kept whole into `resources`: sorted keys and one zstd frame each.

use super::{BuildError, Files, blocks::train};
use crate::container::ContainerWriter;
use crate::layout::{file, kind, resources};
use crate::record::ResourceRecord;

const LEVEL: i32 = 9;

/// Collects the resources of one origin.
#[derive(Default)]
pub struct ResourcesBuilder {
    /// url, version, type, id, FHIR version, JSON.
    rows: Vec<[String; 6]>,
}

impl ResourcesBuilder {
    /// Takes a resource.
    pub fn resource(&mut self, record: &ResourceRecord<'_>) {
        self.rows.push(
            [
                record.url.unwrap_or(""),
                record.version.unwrap_or(""),
                record.resource_type,
                record.id.unwrap_or(""),
                record.fhir_version.unwrap_or(""),
                record.json,
            ]
            .map(str::to_owned),
        );
    }

    /// Writes the file; returns the number of resources too.
    pub fn finish(mut self) -> Result<(Files, u64), BuildError> {
        self.rows.sort();
        let failed = |error: std::io::Error| BuildError::internal("resources", error);
        let texts: Vec<&str> = self.rows.iter().map(|row| row[5].as_str()).collect();
        let dictionary = train(&texts);
        let mut packer = zstd::bulk::Compressor::with_dictionary(LEVEL, &dictionary).map_err(failed)?;
        let (mut offsets, mut packed) = (vec![0u64], Vec::new());
        for text in &texts {
            packed.extend(packer.compress(text.as_bytes()).map_err(failed)?);
            offsets.push(packed.len() as u64);
        }
        let mut writer = ContainerWriter::new(kind::RESOURCES);
        writer.strings(
            resources::KEYS,
            self.rows.iter().flat_map(|row| &row[..resources::KEY_FIELDS]),
        );
        writer.column(resources::OFFSETS, &offsets);
        writer.bytes(resources::PACKED, packed);
        writer.bytes(resources::DICTIONARY, dictionary);
        let mut files = Files::default();
        files.add(file::RESOURCES, writer);
        Ok((files, self.rows.len() as u64))
    }
}

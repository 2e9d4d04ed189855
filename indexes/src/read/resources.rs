//! Reads `resources`: FHIR resources kept whole, found by canonical.

use super::{FileSource, open};
use crate::container::{Column, ContainerError, Strings};
use crate::layout::{file, kind, resources};

/// What is known of a kept resource without unpacking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceKey<'r> {
    /// `CodeSystem`, `ValueSet`, `ConceptMap`, `NamingSystem`, `StructureDefinition`, `Questionnaire`.
    pub resource_type: &'r str,
    /// Canonical URL.
    pub url: Option<&'r str>,
    /// Business version.
    pub version: Option<&'r str>,
    /// FHIR logical id.
    pub id: Option<&'r str>,
    /// FHIR version of its shapes.
    pub fhir_version: Option<&'r str>,
}

/// The resources of one origin.
#[derive(Debug)]
pub struct ResourcesIndex {
    keys: Strings,
    offsets: Column<u64>,
    packed: Column<u8>,
    dictionary: Column<u8>,
    shown: String,
}

/// No resource is unpacked beyond this.
const RESOURCE_LIMIT: u64 = 1 << 31;

impl ResourcesIndex {
    /// Opens the file.
    pub fn open(source: &dyn FileSource) -> Result<Self, ContainerError> {
        let container = open(source, file::RESOURCES, kind::RESOURCES)?;
        let offsets = container.column::<u64>(resources::OFFSETS)?;
        let keys = container.strings(resources::KEYS)?;
        if keys.len() != offsets.len().saturating_sub(1) * resources::KEY_FIELDS {
            return Err(container.structure("keys and resources differ in number"));
        }
        Ok(Self {
            packed: container.column(resources::PACKED)?,
            dictionary: container.column(resources::DICTIONARY)?,
            shown: source.shown(file::RESOURCES),
            keys,
            offsets,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of one of them; sorted by url, version, type.
    pub fn key(&self, number: usize) -> ResourceKey<'_> {
        let part = |place: usize| self.keys.get(number * resources::KEY_FIELDS + place);
        let optional = |place: usize| Some(part(place)).filter(|text| !text.is_empty());
        ResourceKey {
            url: optional(0),
            version: optional(1),
            resource_type: part(2),
            id: optional(3),
            fhir_version: optional(4),
        }
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = ResourceKey<'_>> {
        (0..self.len()).map(|number| self.key(number))
    }

    /// The resource, as JSON.
    pub fn json(&self, number: usize) -> Result<String, ContainerError> {
        let unpack = || {
            let (start, stop) = (*self.offsets.get(number)?, *self.offsets.get(number + 1)?);
            let packed = self.packed.get(start as usize..stop as usize)?;
            let bound = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
            let bound = usize::try_from(bound).ok().filter(|_| bound <= RESOURCE_LIMIT)?;
            let mut unpacker = zstd::bulk::Decompressor::with_dictionary(&self.dictionary).ok()?;
            String::from_utf8(unpacker.decompress(packed, bound).ok()?).ok()
        };
        unpack().ok_or_else(|| ContainerError::Structure {
            file: self.shown.clone(),
            message: format!("resource {number} cannot be unpacked"),
        })
    }
}

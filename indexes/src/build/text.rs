//! Writes `text`: the words of all terms that are searched, as a tantivy segment packed into one file.
//!
//! One document per term, in the order of the designations, so that a document number leads to its designation
//! through a column. Words are folded as in [`crate::text`]; no stored fields, positions or scores are kept.

use super::{BuildError, CodeSystemBuilder, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{designations, kind, text};
use crate::model::DesignationKind;
use crate::text::{fold, words};
use crate::text_directory::TextDirectory;
use tantivy::schema::{IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

/// Name of the one field.
pub(crate) const FIELD: &str = "term";
/// The segment id that replaces tantivy's random one.
const SEGMENT: &str = "00000000000000000000000000000001";
const SEGMENT_DASHED: &str = "00000000-0000-0000-0000-000000000001";
/// tantivy sizes its hash table by this; it does not limit the segment.
const MEMORY: usize = 64 << 20;

pub(super) fn write(
    builder: &CodeSystemBuilder,
    numbering: &Numbering,
    sorted: &[(u32, u32)],
) -> Result<ContainerWriter, BuildError> {
    let (mut designation, mut concept, mut length, mut kinds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let schema = schema();
    let field = schema.get_field(FIELD).map_err(failed)?;
    let directory = TextDirectory::default();
    let mut writer = tantivy::Index::builder()
        .schema(schema)
        .single_segment_index_writer(directory.clone(), MEMORY)
        .map_err(failed)?;
    let mut folded = String::new();
    for (place, (ordinal, index)) in sorted.iter().enumerate() {
        let raw = &builder.designations[*index as usize];
        if raw.kind == DesignationKind::Definition {
            continue;
        }
        let term = builder.heap.get(raw.text.0..raw.text.1).unwrap_or("");
        folded.clear();
        for word in words(&fold(term)) {
            folded.push_str(word);
            folded.push(' ');
        }
        let mut document = tantivy::TantivyDocument::default();
        document.add_text(field, &folded);
        writer.add_document(document).map_err(failed)?;
        designation.push(place as u32);
        concept.push(*ordinal);
        length.push(u16::try_from(term.chars().count()).unwrap_or(u16::MAX));
        let retired = numbering
            .provisional
            .get(*ordinal as usize)
            .is_some_and(|number| !builder.concepts[*number as usize].active);
        kinds.push(
            raw.kind as u8
                | if raw.active { 0 } else { designations::KIND_INACTIVE }
                | if retired { text::KIND_CONCEPT_INACTIVE } else { 0 },
        );
    }
    let index = writer.finalize().map_err(failed)?;
    let random = index.searchable_segment_ids().map_err(failed)?;
    let mut file = ContainerWriter::new(kind::TEXT);
    file.column(text::DESIGNATION, &designation);
    file.column(text::CONCEPT, &concept);
    file.column(text::LENGTH, &length);
    file.column(text::KIND, &kinds);
    pack(
        &mut file,
        &directory,
        random.first().map(tantivy::index::SegmentId::uuid_string),
    );
    Ok(file)
}

/// The schema of the segment.
pub(crate) fn schema() -> Schema {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("whitespace")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let mut schema = Schema::builder();
    schema.add_text_field(FIELD, TextOptions::default().set_indexing_options(indexing));
    schema.build()
}

/// Adds tantivy's files with the segment's random id replaced by the fixed one.
fn pack(file: &mut ContainerWriter, directory: &TextDirectory, random: Option<String>) {
    let random = random.unwrap_or_else(|| SEGMENT.to_owned());
    let dashed = [&random[..8], &random[8..12], &random[12..16], &random[16..20], &random[20..]].join("-");
    let (mut names, mut places, mut packed) = (Vec::new(), Vec::<[u64; 2]>::new(), Vec::new());
    let mut files: Vec<(String, Vec<u8>)> = directory
        .files()
        .into_iter()
        .filter(|(name, _)| name != ".managed.json")
        .map(|(name, bytes)| {
            let bytes = match std::str::from_utf8(&bytes) {
                Ok(text) if name.ends_with(".json") => {
                    text.replace(&random, SEGMENT).replace(&dashed, SEGMENT_DASHED).into_bytes()
                }
                _ => bytes.to_vec(),
            };
            (name.replace(&random, SEGMENT), bytes)
        })
        .collect();
    files.sort();
    for (name, bytes) in files {
        names.push(name);
        places.push([packed.len() as u64, bytes.len() as u64]);
        packed.extend_from_slice(&bytes);
        packed.resize(packed.len().next_multiple_of(8), 0);
    }
    file.strings(text::FILE_NAMES, &names);
    file.column(text::FILE_PLACES, &places);
    file.bytes(text::FILES, packed);
}

fn failed(error: tantivy::TantivyError) -> BuildError {
    BuildError::internal("text", error)
}

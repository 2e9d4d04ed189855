//! A loaded SNOMED CT edition written back as RF2 Snapshot files, so that a Delta or an extension can be loaded onto it.
//!
//! The loader then reads both as if they had been given together: there is one way of composing releases. The index
//! does not keep the dates of relationships and alternate identifiers; they are written as older than any release,
//! so that whatever a later release says of them counts.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tern_index::model::{DesignationKind, Ordinal, PropertyValue};
use tern_index::read::{CodeSystemIndex, FieldKind, RefsetRows};

/// Owner of the files, by which the loader knows them.
const OWNER: &str = tern_loaders::snomed::LOADED;
/// Older than any release.
const LONG_AGO: &str = "19000101";
const INFERRED: &str = "900000000000011006";
const EXISTENTIAL: &str = "900000000000451002";
const IS_A: &str = "116680003";
const ANY_CASE: &str = "900000000000448009";

/// Writes the edition into a folder.
pub fn write(index: &CodeSystemIndex, folder: &Path) -> io::Result<()> {
    let version = index.header().version.as_deref().unwrap_or("");
    let place = Place {
        folder,
        prefix: if version.contains("/xsct/") { "x" } else { "" },
        date: version.rsplit('/').next().unwrap_or("").to_owned(),
    };
    concepts(index, &place)?;
    descriptions(index, &place)?;
    relationships(index, &place)?;
    identifiers(index, &place)?;
    for refset in index.refsets_with_rows() {
        if let Some(rows) = index.refset_rows(Ordinal(refset)) {
            reference_set(index, &rows, &place)?;
        }
    }
    Ok(())
}

/// Where the files go and how they are called.
struct Place<'p> {
    folder: &'p Path,
    prefix: &'static str,
    date: String,
}

impl Place<'_> {
    fn open(&self, content: &str, columns: &str) -> io::Result<Rows> {
        let name = format!("{}{content}_{OWNER}_{}.txt", self.prefix, self.date);
        let mut rows = Rows(BufWriter::new(File::create(self.folder.join(name))?));
        rows.row(&columns.split(' ').collect::<Vec<_>>())?;
        Ok(rows)
    }
}

struct Rows(BufWriter<File>);

impl Rows {
    fn row(&mut self, fields: &[&str]) -> io::Result<()> {
        self.0.write_all(fields.join("\t").as_bytes())?;
        self.0.write_all(b"\r\n")
    }

    fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn all(index: &CodeSystemIndex) -> impl Iterator<Item = Ordinal> {
    (0..index.len())
        .filter_map(|ordinal| u32::try_from(ordinal).ok())
        .map(Ordinal)
}

fn bit(active: bool) -> &'static str {
    if active { "1" } else { "0" }
}

fn module(index: &CodeSystemIndex, concept: Ordinal) -> &str {
    index.property_text(concept, "moduleId").unwrap_or("900000000000207008")
}

fn concepts(index: &CodeSystemIndex, place: &Place<'_>) -> io::Result<()> {
    let mut rows = place.open("sct2_Concept_Snapshot", "id effectiveTime active moduleId definitionStatusId")?;
    for concept in all(index) {
        rows.row(&[
            index.code(concept),
            index.property_text(concept, "effectiveTime").unwrap_or(LONG_AGO),
            bit(index.is_active(concept)),
            module(index, concept),
            index.status(concept).unwrap_or("900000000000074008"),
        ])?;
    }
    rows.finish()
}

fn descriptions(index: &CodeSystemIndex, place: &Place<'_>) -> io::Result<()> {
    let columns = "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId";
    let mut terms = place.open("sct2_Description_Snapshot", columns)?;
    let mut definitions = place.open("sct2_TextDefinition_Snapshot", columns)?;
    for number in 0..index.designation_count() {
        // What was made from another term is made again.
        let Some(id) = index.designation_id(number).filter(|_| !index.designation_is_made(number)) else {
            continue;
        };
        let rows = if index.designation_kind(number) == DesignationKind::Definition {
            &mut definitions
        } else {
            &mut terms
        };
        let time = index.designation_effective_time(number).map(|time| time.to_string());
        rows.row(&[
            id,
            time.as_deref().unwrap_or(LONG_AGO),
            bit(index.designation_is_active(number)),
            index.designation_module(number).unwrap_or("900000000000207008"),
            index.code(index.designation_concept(number)),
            index.designation_language(number).unwrap_or(""),
            &index.designation_use(number).map(|use_| use_.code).unwrap_or_default(),
            &index.designation_text(number),
            index.designation_case_significance(number).unwrap_or(ANY_CASE),
        ])?;
    }
    terms.finish()?;
    definitions.finish()
}

fn relationships(index: &CodeSystemIndex, place: &Place<'_>) -> io::Result<()> {
    let columns = |target: &str| {
        format!("id effectiveTime active moduleId sourceId {target} relationshipGroup typeId characteristicTypeId modifierId")
    };
    let mut links = place.open("sct2_Relationship_Snapshot", &columns("destinationId"))?;
    let mut values = place.open("sct2_RelationshipConcreteValues_Snapshot", &columns("value"))?;
    for concept in all(index) {
        let (source, module) = (index.code(concept), module(index, concept));
        let write = |rows: &mut Rows, id: u64, target: &str, group: u16, attribute: &str| {
            let (id, group) = (id.to_string(), group.to_string());
            rows.row(&[
                &id,
                LONG_AGO,
                "1",
                module,
                source,
                target,
                &group,
                attribute,
                INFERRED,
                EXISTENTIAL,
            ])
        };
        for (parent, id) in index.parents(concept).zip(index.parent_ids(concept)) {
            write(&mut links, *id, index.code(parent), 0, IS_A)?;
        }
        let attributes = index.properties(concept).into_iter().zip(index.property_ids(concept));
        for (attribute, id) in attributes.filter(|(_, id)| **id != 0) {
            let (rows, value) = match &attribute.value {
                PropertyValue::Code(code) => (&mut links, code.clone()),
                PropertyValue::Integer(number) => (&mut values, format!("#{number}")),
                PropertyValue::Decimal(number) => (&mut values, format!("#{number}")),
                PropertyValue::Boolean(truth) => (&mut values, truth.to_string()),
                other => (&mut values, format!("\"{other}\"")),
            };
            write(rows, *id, &value, attribute.group, &attribute.code)?;
        }
    }
    links.finish()?;
    values.finish()
}

fn identifiers(index: &CodeSystemIndex, place: &Place<'_>) -> io::Result<()> {
    let columns = "alternateIdentifier effectiveTime active moduleId identifierSchemeId referencedComponentId";
    let mut rows = place.open("sct2_Identifier_Snapshot", columns)?;
    for concept in all(index) {
        for one in index.alternates_of(concept) {
            let scheme = one.scheme.identifier(index);
            rows.row(&[
                one.identifier,
                LONG_AGO,
                bit(one.active),
                module(index, concept),
                scheme,
                one.component.identifier(index),
            ])?;
        }
    }
    rows.finish()
}

fn reference_set(index: &CodeSystemIndex, rows: &RefsetRows<'_>, place: &Place<'_>) -> io::Result<()> {
    let fields: Vec<_> = rows.fields().collect();
    let letters: String = fields
        .iter()
        .map(|field| match field.kind {
            FieldKind::Component => 'c',
            FieldKind::Integer => 'i',
            FieldKind::String => 's',
        })
        .collect();
    let refset = index.code(rows.refset());
    let mut columns = "id effectiveTime active moduleId refsetId referencedComponentId".to_owned();
    for field in &fields {
        columns.push(' ');
        columns += field.name;
    }
    let mut file = place.open(&format!("der2_{letters}Refset_{refset}Snapshot"), &columns)?;
    for row in rows.range() {
        let (id, time) = (rows.id_text(row), rows.effective_time(row).to_string());
        let component = rows.component(row).identifier(index);
        let values: Vec<String> = fields
            .iter()
            .map(|field| {
                rows.value(row, field)
                    .map_or_else(String::new, |value| value.text(index).into_owned())
            })
            .collect();
        let mut whole = vec![
            id.as_str(),
            &time,
            bit(rows.is_active(row)),
            rows.module(row),
            refset,
            component,
        ];
        whole.extend(values.iter().map(String::as_str));
        file.row(&whole)?;
    }
    file.finish()
}

//! Writes `designations`: every term with language, use, dialects; long texts in zstd blocks with a dictionary.
//!
//! Terms of a concept stand together, its display first, so that the display is one array read away.

use super::{BuildError, CodeSystemBuilder, Times, blocks, csr_offsets, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{designations, kind};
use crate::model::DesignationKind;

/// Puts the designations in their final order and makes all but the first display of a concept synonyms.
/// Returns (ordinal, index into the builder's designations).
pub(super) fn sort(builder: &mut CodeSystemBuilder, numbering: &Numbering) -> Vec<(u32, u32)> {
    let mut seen = vec![false; numbering.len()];
    for designation in &mut builder.designations {
        if let (DesignationKind::Display, Some(ordinal)) = (designation.kind, numbering.ordinal(designation.concept))
            && std::mem::replace(&mut seen[ordinal as usize], true)
        {
            designation.kind = DesignationKind::Synonym;
        }
    }
    let mut sorted: Vec<(u32, u32)> = builder
        .designations
        .iter()
        .zip(0u32..)
        .filter_map(|(designation, index)| Some((numbering.ordinal(designation.concept)?, index)))
        .collect();
    sorted.sort_by_key(|(ordinal, index)| {
        let designation = &builder.designations[*index as usize];
        (*ordinal, designation.kind != DesignationKind::Display, *index)
    });
    sorted
}

pub(super) fn write(
    builder: &CodeSystemBuilder,
    numbering: &Numbering,
    sorted: &[(u32, u32)],
) -> Result<ContainerWriter, BuildError> {
    let all = || sorted.iter().map(|(_, index)| &builder.designations[*index as usize]);
    let text = |range: (usize, usize)| builder.heap.get(range.0..range.1).unwrap_or("");
    let long =
        |designation: &super::code_system::RawDesignation| designation.text.1 - designation.text.0 > designations::LONG_TEXT;
    let mut writer = ContainerWriter::new(kind::DESIGNATIONS);
    writer.column(
        designations::FIRST,
        &csr_offsets(numbering.len(), sorted.iter().map(|(ordinal, _)| *ordinal)),
    );
    writer.column(
        designations::LANGUAGE,
        &all().map(|d| d.language as u16).collect::<Vec<u16>>(),
    );
    writer.column(designations::USE, &all().map(|d| d.use_ as u16).collect::<Vec<u16>>());
    for (what, list) in [("languages", &builder.languages), ("designation uses", &builder.uses)] {
        super::count_u16(what, list.len())?;
    }
    let kinds: Vec<u8> = all()
        .map(|d| {
            let inactive = if d.active { 0 } else { designations::KIND_INACTIVE };
            let made = if d.made { designations::KIND_MADE } else { 0 };
            d.kind as u8 | inactive | made | if long(d) { designations::KIND_LONG } else { 0 }
        })
        .collect();
    writer.column(designations::KIND, &kinds);
    let mut number = 0u32;
    let short = all().map(|d| {
        if !long(d) {
            return std::borrow::Cow::Borrowed(text(d.text));
        }
        number += 1;
        std::borrow::Cow::Owned((number - 1).to_string())
    });
    writer.strings(designations::TEXTS, short);
    writer.strings(designations::LANGUAGES, builder.languages.iter());
    writer.strings(designations::USES, builder.uses.iter().flat_map(|coding| coding.split('\n')));
    let ids = all().any(|d| d.id > 0);
    writer.strings(designations::IDS, all().filter(|_| ids).map(|d| builder.id_of(d)));
    if !builder.dialects.is_empty() {
        let mut first = vec![0u32];
        let mut dialects = Vec::with_capacity(builder.dialects.len());
        for designation in all() {
            dialects.extend_from_slice(&builder.dialects[designation.dialects.0 as usize..designation.dialects.1 as usize]);
            first.push(dialects.len() as u32);
        }
        writer.csr(designations::DIALECTS, &first, &dialects);
    }
    writer.strings(designations::DIALECT_NAMES, builder.dialect_names.iter());
    let extended: Vec<(u32, &str)> = all()
        .zip(0u32..)
        .filter_map(|(designation, place)| builder.extension(designation.extensions).map(|text| (place, text)))
        .collect();
    writer.column(
        designations::EXTENDED,
        &extended.iter().map(|(place, _)| *place).collect::<Vec<u32>>(),
    );
    writer.strings(designations::EXTENSIONS, extended.iter().map(|(_, text)| text));
    let long_texts: Vec<&str> = all().filter(|d| long(d)).map(|d| text(d.text)).collect();
    blocks::write(&mut writer, designations::LONG, &long_texts)?;
    provenance(&mut writer, builder, sorted)?;
    Ok(writer)
}

/// What the publisher says of each designation, and a way from its ids back; nothing where it says nothing.
fn provenance(writer: &mut ContainerWriter, builder: &CodeSystemBuilder, sorted: &[(u32, u32)]) -> Result<(), BuildError> {
    let all = || sorted.iter().map(|(_, index)| &builder.designations[*index as usize]);
    if !all().any(|d| d.module > 0) {
        return Ok(());
    }
    super::count_u16("modules of designations", builder.designation_modules.len())?;
    // One byte holds the three that exist.
    let cases = builder.cases.iter().take(255);
    let times = Times::new("effective times of designations", all().map(|d| d.time))?;
    writer.column(designations::MODULE, &all().map(|d| d.module as u16).collect::<Vec<u16>>());
    let numbers: Vec<u16> = all()
        .map(|d| if d.time == 0 { 0 } else { times.number(d.time) + 1 })
        .collect();
    writer.column(designations::TIME, &numbers);
    let case = |number: u32| u8::try_from(number).unwrap_or(0);
    writer.column(designations::CASE, &all().map(|d| case(d.case)).collect::<Vec<u8>>());
    writer.strings(designations::MODULES, builder.designation_modules.iter());
    writer.column(designations::TIMES, &times.0);
    writer.strings(designations::CASES, cases);
    let id = |place: u32| builder.id_of(&builder.designations[sorted[place as usize].1 as usize]);
    let mut by_id: Vec<u32> = (0..sorted.len() as u32).filter(|place| !id(*place).is_empty()).collect();
    by_id.sort_by(|a, b| id(*a).cmp(id(*b)));
    writer.column(designations::BY_ID, &by_id);
    Ok(())
}

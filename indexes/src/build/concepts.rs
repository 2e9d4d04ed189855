//! Writes `concepts`: flags, status and extensions per concept, as fixed-width columns.

use super::{CodeSystemBuilder, hierarchy::Numbering};
use crate::container::ContainerWriter;
use crate::layout::{concepts, kind};

pub(super) fn write(builder: &CodeSystemBuilder, numbering: &Numbering) -> ContainerWriter {
    let all = || numbering.provisional.iter().map(|number| &builder.concepts[*number as usize]);
    let flags: Vec<u8> = all()
        .map(|concept| {
            let active = if concept.active { concepts::FLAG_ACTIVE } else { 0 };
            let abstract_ = if concept.not_selectable {
                concepts::FLAG_NOT_SELECTABLE
            } else {
                0
            };
            active | abstract_
        })
        .collect();
    let status: Vec<u32> = all().map(|concept| concept.status).collect();
    let extended: Vec<(u32, &str)> = all()
        .zip(0u32..)
        .filter_map(|(concept, ordinal)| builder.extension(concept.extensions).map(|text| (ordinal, text)))
        .collect();
    let mut writer = ContainerWriter::new(kind::CONCEPTS);
    writer.column(concepts::FLAGS, &flags);
    writer.column(concepts::STATUS, &status);
    writer.strings(concepts::STATUSES, builder.statuses.iter());
    writer.column(
        concepts::EXTENDED,
        &extended.iter().map(|(ordinal, _)| *ordinal).collect::<Vec<u32>>(),
    );
    writer.strings(concepts::EXTENSIONS, extended.iter().map(|(_, text)| text));
    writer
}

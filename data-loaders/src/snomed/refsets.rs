//! Association reference sets and all other lists of concepts.

use super::SYSTEM;
use super::core::property;
use super::files::Rf2File;
use super::maps::map_header;
use super::rows::{Components, State, Uuid};
use super::sctid::Sctid;
use crate::LoadError;
use crate::table::Table;
use tern_index::model::Relationship;
use tern_index::record::{At, MappingRecord, MemberRecord, Record, RecordSink, Stopped, ValueRecord};

/// The columns of any reference set: the two that say what is listed where, and the extra ones by name.
pub(super) struct MemberColumns {
    pub(super) refset: usize,
    pub(super) component: usize,
    pub(super) extra: Vec<(String, usize)>,
}

impl MemberColumns {
    pub(super) fn of(table: &Table) -> Result<Self, LoadError> {
        let common = [
            "id",
            "effectiveTime",
            "active",
            "moduleId",
            "refsetId",
            "referencedComponentId",
        ];
        let is_common = |name: &str| common.iter().any(|known| known.eq_ignore_ascii_case(name));
        let named = table.header().iter().enumerate().filter(|(_, name)| !is_common(name));
        Ok(Self {
            refset: table.require(&["refsetId"])?,
            component: table.require(&["referencedComponentId"])?,
            extra: named.map(|(place, name)| (name.clone(), place)).collect(),
        })
    }
}

/// A member in use whose reference set and component have sound identifiers.
pub(super) struct Listed {
    pub(super) refset: Sctid,
    pub(super) component: Sctid,
}

/// Writes the member if it is a concept. Descriptions and relationships that reference sets list are not members
/// of anything a value set could name.
pub(super) fn member(
    state: &State<'_, Uuid>,
    columns: &MemberColumns,
    sink: &mut dyn RecordSink,
) -> Result<Option<Listed>, Stopped> {
    if !state.active {
        return Ok(None);
    }
    let (refset, component) = (state.concept(sink, columns.refset)?, state.sctid(sink, columns.component)?);
    let (Some(refset), Some(component)) = (refset, component) else {
        return Ok(None);
    };
    if component.is_concept() {
        let extra = columns.extra.iter().map(|(name, place)| (name.as_str(), state.get(*place)));
        let fields: Vec<(&str, &str)> = extra.filter(|(_, value)| !value.is_empty()).collect();
        let record = MemberRecord {
            refset: state.get(columns.refset),
            member: state.get(columns.component),
            fields: &fields,
        };
        sink.accept(state.at(), Record::Member(record))?;
    }
    Ok(Some(Listed { refset, component }))
}

/// Reference sets that only list.
pub(super) fn members(files: Vec<&Rf2File>, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    Components::<Uuid>::new(files, None).each(sink, MemberColumns::of, |sink, columns, state| {
        member(state, columns, sink)?;
        Ok(())
    })
}

/// Associations between concepts: a property of the source, and a concept map for each reference set.
pub(super) fn associations(files: Vec<&Rf2File>, version: &str, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut found: Vec<(Sctid, Sctid, Sctid, At)> = Vec::new();
    Components::<Uuid>::new(files, None).each(
        sink,
        |table| Ok((MemberColumns::of(table)?, table.require(&["targetComponentId"])?)),
        |sink, (columns, target), state| {
            let Some(listed) = member(state, columns, sink)? else {
                return Ok(());
            };
            let Some(to) = state.sctid(sink, *target)? else {
                return Ok(());
            };
            // Associations from descriptions (REFERS TO) have no place among the properties of concepts.
            if listed.component.is_concept() && to.is_concept() {
                let (source, refset) = (state.get(columns.component), state.get(columns.refset));
                property(sink, state.at(), source, refset, 0, ValueRecord::Code(state.get(*target)))?;
                found.push((listed.refset, listed.component, to, state.at()));
            }
            Ok(())
        },
    )?;
    // Stable, so that targets of one source keep the order of the file.
    found.sort_by_key(|(refset, source, ..)| (*refset, *source));
    for map in found.chunk_by(|a, b| a.0 == b.0) {
        let Some((refset, ..)) = map.first() else { continue };
        sink.accept(
            At::default(),
            Record::ConceptMap(&map_header(*refset, SYSTEM, SYSTEM, version)),
        )?;
        for (_, source, target, at) in map {
            let (source, target) = (source.to_string(), target.to_string());
            sink.accept(*at, Record::Mapping(mapping(*refset, &source, &target)))?;
        }
    }
    Ok(())
}

fn mapping<'a>(refset: Sctid, source: &'a str, target: &'a str) -> MappingRecord<'a> {
    MappingRecord {
        source_system: SYSTEM,
        source_version: None,
        source_code: source,
        source_display: None,
        target_system: SYSTEM,
        target_version: None,
        target_code: Some(target),
        target_display: None,
        relationship: association_relationship(refset),
        group: 0,
        priority: 0,
        rule: None,
        advice: None,
        comment: None,
        attributes: &[],
    }
}

/// How the source of an association relates to its target. The first four are as "Using SNOMED CT with FHIR" has
/// them; WAS A points to what was a supertype; what any other states is no more than that the two are related.
fn association_relationship(refset: Sctid) -> Relationship {
    match refset.0 {
        // SAME AS, REPLACED BY
        900_000_000_000_527_005 | 900_000_000_000_526_001 => Relationship::Equivalent,
        // POSSIBLY EQUIVALENT TO, ALTERNATIVE
        900_000_000_000_523_009 | 900_000_000_000_530_003 => Relationship::RelatedTo,
        // WAS A
        900_000_000_000_528_000 => Relationship::SourceIsNarrowerThanTarget,
        _ => Relationship::RelatedTo,
    }
}

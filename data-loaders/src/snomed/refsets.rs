//! Association reference sets and all other lists of components: their rows, and what follows from them.

use super::SYSTEM;
use super::core::property;
use super::files::Rf2File;
use super::maps::map_header;
use super::rows::{Components, State, Uuid};
use super::sctid::Sctid;
use crate::LoadError;
use crate::table::Table;
use tern_index::model::Relationship;
use tern_index::record::{At, FieldRecord, MappingRecord, ProblemKind, Record, RecordSink, RowRecord, Stopped, ValueRecord};

/// The kind of a column of a reference set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Component,
    Integer,
    String,
}

/// The columns of any reference set: those that all have, and its own by name and kind.
pub(super) struct MemberColumns {
    module: usize,
    pub(super) refset: usize,
    pub(super) component: usize,
    pub(super) extra: Vec<(String, usize, ColumnKind)>,
}

impl MemberColumns {
    /// The columns that RF2 defines have the kind that it defines. That of any other is told by its letter in the file's
    /// name (`pattern`: one for each column of its own, in the order of the file); where the letters are another number,
    /// as in names with slips, by the column's name.
    pub(super) fn of(table: &Table, pattern: &str) -> Result<Self, LoadError> {
        let common = [
            "id",
            "effectiveTime",
            "active",
            "moduleId",
            "refsetId",
            "referencedComponentId",
        ];
        let is_common = |name: &str| common.iter().any(|known| known.eq_ignore_ascii_case(name));
        let own = || table.header().iter().enumerate().filter(|(_, name)| !is_common(name));
        let lettered = pattern.len() == own().count();
        let extra = own()
            .zip(pattern.bytes().map(Some).chain(std::iter::repeat(None)))
            .map(|((place, name), letter)| {
                let kind = defined(name).or_else(|| letter.filter(|_| lettered).map(kind_by_letter));
                (name.clone(), place, kind.unwrap_or_else(|| kind_by_name(name)))
            })
            .collect();
        Ok(Self {
            module: table.require(&["moduleId"])?,
            refset: table.require(&["refsetId"])?,
            component: table.require(&["referencedComponentId"])?,
            extra,
        })
    }
}

/// The kind of a column that the release file specification or one of its refinements defines.
fn defined(name: &str) -> Option<ColumnKind> {
    const DEFINED: [(ColumnKind, &[&str]); 3] = [
        (
            ColumnKind::Component,
            &[
                "targetComponentId",
                "valueId",
                "acceptabilityId",
                "correlationId",
                "mapCategoryId",
                "linkedToId",
                "domainId",
                "ruleStrengthId",
                "contentTypeId",
                "ruleRefsetId",
                "attributeDescription",
                "attributeType",
                "descriptionFormat",
                "contentOriginId",
            ],
        ),
        (
            ColumnKind::Integer,
            &[
                "mapGroup",
                "mapPriority",
                "mapBlock",
                "order",
                "attributeOrder",
                "descriptionLength",
            ],
        ),
        (
            ColumnKind::String,
            &[
                "mapTarget",
                "mapSource",
                "mapRule",
                "mapAdvice",
                "owlExpression",
                "sourceEffectiveTime",
                "targetEffectiveTime",
                "attributeCardinality",
                "attributeInGroupCardinality",
                "rangeConstraint",
                "attributeRule",
                "domainConstraint",
                "parentDomain",
                "proximalPrimitiveConstraint",
                "proximalPrimitiveRefinement",
                "domainTemplateForPrecoordination",
                "domainTemplateForPostcoordination",
                "guideURL",
                "languageDialectCode",
                "value",
            ],
        ),
    ];
    let found = DEFINED
        .into_iter()
        .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
    found.map(|(kind, _)| kind)
}

fn kind_by_letter(letter: u8) -> ColumnKind {
    match letter {
        b'c' => ColumnKind::Component,
        b'i' => ColumnKind::Integer,
        _ => ColumnKind::String,
    }
}

fn kind_by_name(name: &str) -> ColumnKind {
    if name.ends_with("Id") {
        ColumnKind::Component
    } else {
        ColumnKind::String
    }
}

/// A member in use whose reference set and component have sound identifiers.
pub(super) struct Listed {
    pub(super) refset: Sctid,
    pub(super) component: Sctid,
}

/// Whether a reference set and the concepts it lists must be in the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Footing {
    /// They must: it is what the release is about.
    Content,
    /// They need not: dialects, modules, axioms and the concept model frame a release, and parts of SNOMED CT that are
    /// published by themselves come with more of the frame than they fill.
    Frame,
}

/// Writes the row of a member, in use or not; `None` for one that is not in use or has a fault.
pub(super) fn member(
    state: &State<'_, Uuid>,
    columns: &MemberColumns,
    footing: Footing,
    sink: &mut dyn RecordSink,
) -> Result<Option<Listed>, Stopped> {
    let (refset, component) = (state.concept(sink, columns.refset)?, state.sctid(sink, columns.component)?);
    let (Some(refset), Some(component), Some(_)) = (refset, component, state.concept(sink, columns.module)?) else {
        return Ok(None);
    };
    let mut fields = Vec::with_capacity(columns.extra.len());
    for (name, place, kind) in &columns.extra {
        let Some(value) = field(state, sink, *place, *kind)? else {
            return Ok(None);
        };
        fields.push((name.as_str(), value));
    }
    let record = RowRecord {
        refset: state.get(columns.refset),
        component: state.get(columns.component),
        must_resolve: footing == Footing::Content && state.active && component.is_concept(),
        id: state.id.0,
        active: state.active,
        module: state.get(columns.module),
        effective_time: state.time,
        fields: &fields,
    };
    sink.accept(state.at(), Record::Row(record))?;
    Ok(state.active.then_some(Listed { refset, component }))
}

/// Reads a field as its column's kind says; a bad one is reported.
fn field<'t>(
    state: &State<'t, Uuid>,
    sink: &mut dyn RecordSink,
    column: usize,
    kind: ColumnKind,
) -> Result<Option<FieldRecord<'t>>, Stopped> {
    let text = state.get(column);
    Ok(match kind {
        ColumnKind::Component if text.is_empty() => Some(FieldRecord::Component(text)),
        ColumnKind::Component => state.sctid(sink, column)?.map(|_| FieldRecord::Component(text)),
        ColumnKind::String => Some(FieldRecord::String(text)),
        ColumnKind::Integer => match text.parse() {
            Ok(number) => Some(FieldRecord::Integer(number)),
            Err(_) => {
                state.fault(sink, column, ProblemKind::BadValue, "is not a whole number")?;
                None
            }
        },
    })
}

/// Reference sets that only list.
pub(super) fn members(files: Vec<&Rf2File>, footing: Footing, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    Components::<Uuid>::new(files, None).each(sink, member_columns, |sink, columns, state| {
        member(state, columns, footing, sink)?;
        Ok(())
    })
}

/// The columns of a reference set file.
pub(super) fn member_columns(table: &Table, file: &Rf2File) -> Result<MemberColumns, LoadError> {
    MemberColumns::of(table, &file.pattern)
}

/// Associations between concepts: a property of the source, and a concept map for each reference set.
pub(super) fn associations(files: Vec<&Rf2File>, version: &str, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut found: Vec<(Sctid, Sctid, Sctid, At)> = Vec::new();
    Components::<Uuid>::new(files, None).each(
        sink,
        |table, file| Ok((member_columns(table, file)?, table.require(&["targetComponentId"])?)),
        |sink, (columns, target), state| {
            let Some(listed) = member(state, columns, Footing::Content, sink)? else {
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
    let relationship = association_relationship(refset);
    MappingRecord::new((SYSTEM, source), (SYSTEM, Some(target)), relationship)
}

/// How the source of an association relates to its target: as "Using SNOMED CT with FHIR" has it for SAME AS and REPLACED
/// BY; WAS A points to what was a supertype; what any other states (POSSIBLY EQUIVALENT TO, ALTERNATIVE, MOVED TO...) is
/// no more than that the two are related.
fn association_relationship(refset: Sctid) -> Relationship {
    match refset.0 {
        // SAME AS, REPLACED BY
        900_000_000_000_527_005 | 900_000_000_000_526_001 => Relationship::Equivalent,
        // WAS A
        900_000_000_000_528_000 => Relationship::SourceIsNarrowerThanTarget,
        _ => Relationship::RelatedTo,
    }
}

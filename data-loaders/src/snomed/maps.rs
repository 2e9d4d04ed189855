//! Simple, complex and extended map reference sets as concept maps.
//!
//! Each reference set becomes a concept map with the implicit canonical that FHIR gives it,
//! `http://snomed.info/sct?fhir_cm=<reference set>`. Files are read once to write the members and to learn which
//! reference sets they hold, then once for each reference set: rows of several maps lie mixed in one file.
//!
//! The target code system is known for the maps that are published widely. That of any other is named by the
//! reference set's own URI, `http://snomed.info/id/<reference set>`: the file does not say which system the codes
//! are of, and a guess would be wrong silently.

use super::SYSTEM;
use super::files::Rf2File;
use super::refsets::{Footing, MemberColumns, member, member_columns};
use super::rows::{Components, State, Uuid};
use super::sctid::Sctid;
use crate::LoadError;
use crate::table::Table;
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::{ConceptMapHeader, MappingAttribute, MappingAttributeRole, Relationship};
use tern_index::record::{At, MappingRecord, Record, RecordSink};

/// Maps whose other side is known: reference set, name, code system.
const KNOWN: [(u64, &str, &str); 18] = [
    (
        447_562_003,
        "SNOMED CT to ICD-10 extended map",
        "http://hl7.org/fhir/sid/icd-10",
    ),
    (
        6_011_000_124_106,
        "SNOMED CT to ICD-10-CM extended map",
        "http://hl7.org/fhir/sid/icd-10-cm",
    ),
    (447_563_008, "SNOMED CT to ICD-9-CM map", "http://hl7.org/fhir/sid/icd-9-cm"),
    (
        446_608_001,
        "SNOMED CT to ICD-O simple map",
        "http://terminology.hl7.org/CodeSystem/icd-o-3",
    ),
    (450_993_002, "SNOMED CT to ICPC-2 map", "http://hl7.org/fhir/sid/icpc-2"),
    (705_112_009, "LOINC Part map", "http://loinc.org"),
    (705_110_001, "LOINC Term to SNOMED CT expression", "http://loinc.org"),
    (
        900_000_000_000_497_000,
        "SNOMED CT to CTV3 simple map",
        "http://read.info/ctv3",
    ),
    (900_000_000_000_527_005, "SAME AS association", SYSTEM),
    (900_000_000_000_526_001, "REPLACED BY association", SYSTEM),
    (900_000_000_000_523_009, "POSSIBLY EQUIVALENT TO association", SYSTEM),
    (900_000_000_000_530_003, "ALTERNATIVE association", SYSTEM),
    (900_000_000_000_528_000, "WAS A association", SYSTEM),
    (900_000_000_000_524_003, "MOVED TO association", SYSTEM),
    (900_000_000_000_525_002, "MOVED FROM association", SYSTEM),
    (900_000_000_000_529_008, "SIMILAR TO association", SYSTEM),
    (1_186_924_009, "PARTIALLY EQUIVALENT TO association", SYSTEM),
    (1_186_921_001, "POSSIBLY REPLACED BY association", SYSTEM),
];

fn known(refset: Sctid) -> Option<(&'static str, &'static str)> {
    let found = KNOWN.iter().find(|(id, ..)| *id == refset.0);
    found.map(|(_, name, system)| (*name, *system))
}

/// The code system at the other end of a map.
fn other_system(refset: Sctid) -> String {
    known(refset).map_or_else(|| format!("http://snomed.info/id/{refset}"), |(_, system)| system.to_owned())
}

/// The header of the implicit concept map of a reference set.
pub(super) fn map_header(refset: Sctid, source: &str, target: &str, version: &str) -> ConceptMapHeader {
    let title = known(refset).map_or_else(|| format!("SNOMED CT reference set {refset}"), |(name, _)| name.to_owned());
    let scope = |system: &str| (system == SYSTEM).then(|| format!("{SYSTEM}?fhir_vs"));
    ConceptMapHeader {
        url: format!("{SYSTEM}?fhir_cm={refset}"),
        version: Some(version.to_owned()),
        name: Some(format!("SnomedCtMap{refset}")),
        description: Some(format!(
            "The concept map implicitly defined by the reference set {refset} ({title})"
        )),
        title: Some(title),
        status: Some("active".into()),
        publisher: Some(super::PUBLISHER.into()),
        copyright: Some(super::COPYRIGHT.into()),
        source_scope: scope(source),
        target_scope: scope(target),
        loader: super::NAME.into(),
        ..ConceptMapHeader::default()
    }
}

struct MapColumns {
    members: MemberColumns,
    /// The code of the other system.
    other: usize,
    /// Whether the other system is the source (`mapSource`) rather than the target.
    reversed: bool,
    group: Option<usize>,
    priority: Option<usize>,
    rule: Option<usize>,
    advice: Option<usize>,
    correlation: Option<usize>,
    /// Everything else, kept as properties of the mapping.
    properties: Vec<(String, usize)>,
}

impl MapColumns {
    fn of(table: &Table, file: &Rf2File) -> Result<Self, LoadError> {
        let members = member_columns(table, file)?;
        let (target, source) = (table.find(&["mapTarget"]), table.find(&["mapSource"]));
        let other = match target.or(source) {
            Some(place) => place,
            None => table.require(&["mapTarget", "mapSource"])?,
        };
        let fields = ["mapGroup", "mapPriority", "mapRule", "mapAdvice"].map(|name| table.find(&[name]));
        let properties = members
            .extra
            .iter()
            .filter(|(_, place, _)| *place != other && !fields.contains(&Some(*place)))
            .map(|(name, place, _)| (name.clone(), *place));
        let [group, priority, rule, advice] = fields;
        Ok(Self {
            other,
            reversed: target.is_none(),
            group,
            priority,
            rule,
            advice,
            correlation: table.find(&["correlationId"]),
            properties: properties.collect(),
            members,
        })
    }
}

/// Reads the map reference sets.
pub(super) fn maps(files: Vec<&Rf2File>, version: &str, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut rows = Components::<Uuid>::new(files, None);
    let mut places: BTreeMap<Sctid, (bool, BTreeSet<usize>)> = BTreeMap::new();
    rows.each_in(
        |_| true,
        sink,
        MapColumns::of,
        |sink, file, columns, state| {
            let Some(listed) = member(state, &columns.members, Footing::Content, sink)? else {
                return Ok(());
            };
            for column in [columns.group, columns.priority].into_iter().flatten() {
                state.number(sink, column)?;
            }
            let place = places
                .entry(listed.refset)
                .or_insert_with(|| (columns.reversed, BTreeSet::new()));
            place.1.insert(file);
            Ok(())
        },
    )?;
    for (refset, (reversed, files)) in places {
        let other = other_system(refset);
        let (source, target) = if reversed {
            (other.as_str(), SYSTEM)
        } else {
            (SYSTEM, other.as_str())
        };
        sink.accept(
            At::default(),
            Record::ConceptMap(&map_header(refset, source, target, version)),
        )?;
        rows.each_in(
            |file| files.contains(&file),
            sink,
            MapColumns::of,
            |sink, _, columns, state| {
                let listed = Sctid::parse(state.get(columns.members.refset)) == Ok(refset);
                let sound = Sctid::parse(state.get(columns.members.component)).is_ok_and(Sctid::is_concept);
                if state.active && listed && sound {
                    mapping(refset, &other, columns, state, sink)?;
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

fn mapping(
    refset: Sctid,
    other_system: &str,
    columns: &MapColumns,
    state: &State<'_, Uuid>,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    let number = |column: Option<usize>| column.map_or(Some(0), |column| state.get(column).parse().ok());
    let (Some(group), Some(priority)) = (number(columns.group), number(columns.priority)) else {
        return Ok(()); // Reported when the members were written.
    };
    let text = |column: Option<usize>| column.map(|column| state.get(column)).filter(|text| !text.is_empty());
    let (concept, other) = (state.get(columns.members.component), state.get(columns.other));
    // `#NC` and the like state in some national maps why there is no target.
    let (code, comment) = if other.starts_with('#') {
        (None, Some(other))
    } else {
        (text(Some(columns.other)), None)
    };
    let attributes: Vec<MappingAttribute> = columns
        .properties
        .iter()
        .filter(|(_, place)| !state.get(*place).is_empty())
        .map(|(name, place)| map_attribute(name, state.get(*place)))
        .collect();
    let relationship = relationship(refset, text(columns.correlation));
    let (source_system, source_code, target_system, target_code, relationship) = match (columns.reversed, code) {
        (true, None) => return Ok(()), // Nothing is mapped from.
        (true, Some(code)) => (other_system, code, SYSTEM, Some(concept), relationship.reversed()),
        (false, Some(code)) => (SYSTEM, concept, other_system, Some(code), relationship),
        (false, None) => (SYSTEM, concept, other_system, None, Relationship::NotRelatedTo),
    };
    let record = MappingRecord {
        source_system,
        source_version: None,
        source_code,
        source_display: None,
        target_system,
        target_version: None,
        target_code,
        target_display: None,
        relationship,
        group,
        priority,
        rule: text(columns.rule),
        advice: text(columns.advice),
        comment,
        attributes: &attributes,
    };
    sink.accept(state.at(), Record::Mapping(record))?;
    Ok(())
}

fn map_attribute(name: &str, value: &str) -> MappingAttribute {
    let coded = Sctid::parse(value).is_ok_and(Sctid::is_concept);
    MappingAttribute {
        role: MappingAttributeRole::Property,
        attribute: name.to_owned(),
        system: coded.then(|| SYSTEM.to_owned()),
        value: value.to_owned(),
        display: None,
        value_type: if coded { "Coding" } else { "String" }.to_owned(),
    }
}

/// How a concept relates to the code it is mapped to: as its correlation says, where there is one. Of the maps
/// without, CTV3's names the code that became the concept; any other is made for a purpose and says no more than
/// that the two are related.
fn relationship(refset: Sctid, correlation: Option<&str>) -> Relationship {
    match correlation {
        Some("447557004") => Relationship::Equivalent,
        Some("447558009") => Relationship::SourceIsNarrowerThanTarget,
        Some("447559001") => Relationship::SourceIsBroaderThanTarget,
        None if refset.0 == 900_000_000_000_497_000 => Relationship::Equivalent,
        _ => Relationship::RelatedTo,
    }
}

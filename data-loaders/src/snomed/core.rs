//! Concepts, descriptions, text definitions and inferred relationships.

use super::files::{Content, Rf2File, Selection};
use super::language::Dialects;
use super::rows::{Components, State};
use super::sctid::{Partition, Sctid};
use super::{CORE_METADATA_DISPLAYS, SYSTEM};
use crate::LoadError;
use crate::table::Table;
use std::collections::HashMap;
use tern_index::model::{Coding, DesignationKind};
use tern_index::record::{
    At, ConceptRecord, DesignationRecord, ProblemKind, PropertyRecord, Provenance, Record, RecordSink, RelationshipRecord,
    Stopped, ValueRecord,
};

const FULLY_SPECIFIED_NAME: &str = "900000000000003001";
const SYNONYM: &str = "900000000000013009";
const DEFINITION: &str = "900000000000550004";
const SUFFICIENTLY_DEFINED: &str = "900000000000073002";
const PRIMITIVE: &str = "900000000000074008";
const INFERRED: &str = "900000000000011006";
const IS_A: &str = "116680003";

/// Writes a property of a concept. A code need not be a concept of the release: subsets and extensions loaded
/// alone have modules and association targets that lie outside them.
pub(super) fn property(
    sink: &mut dyn RecordSink,
    at: At,
    code: &str,
    property: &str,
    group: u16,
    value: ValueRecord<'_>,
) -> Result<(), Stopped> {
    sink.accept(at, Record::Property(PropertyRecord::new(code, property, group, value)))
}

/// Writes a relationship of a concept; a target must be a concept of the release.
fn relationship(
    sink: &mut dyn RecordSink,
    state: &State<'_, Sctid>,
    source: &str,
    (attribute, group): (&str, u16),
    value: ValueRecord<'_>,
) -> Result<(), Stopped> {
    let record = RelationshipRecord {
        id: state.id.0,
        is_parent: attribute == IS_A,
        property: PropertyRecord {
            must_resolve: matches!(value, ValueRecord::Code(_)),
            ..PropertyRecord::new(source, attribute, group, value)
        },
    };
    sink.accept(state.at(), Record::Relationship(record))
}

/// Concepts with their status, module and date.
pub(super) fn concepts(selection: &Selection, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    Components::<Sctid>::new(selection.with(Content::Concept), Some(Partition::Concept)).each(
        sink,
        |table, _| {
            let time = table.require(&["effectiveTime"])?;
            Ok((time, table.require(&["moduleId"])?, table.require(&["definitionStatusId"])?))
        },
        |sink, (time, module, status), state| {
            let (at, code) = (state.at(), state.id_text);
            sink.accept(
                at,
                Record::Concept(ConceptRecord {
                    code,
                    active: state.active,
                    status: Some(state.get(*status)),
                    ..ConceptRecord::default()
                }),
            )?;
            property(sink, at, code, "inactive", 0, ValueRecord::Boolean(!state.active))?;
            match state.get(*status) {
                SUFFICIENTLY_DEFINED => property(sink, at, code, "sufficientlyDefined", 0, ValueRecord::Boolean(true))?,
                PRIMITIVE => property(sink, at, code, "sufficientlyDefined", 0, ValueRecord::Boolean(false))?,
                _ => state.fault(sink, *status, ProblemKind::BadValue, "is no definition status")?,
            }
            if state.concept(sink, *module)?.is_some() {
                property(sink, at, code, "moduleId", 0, ValueRecord::Code(state.get(*module)))?;
            }
            property(sink, at, code, "effectiveTime", 0, ValueRecord::String(state.get(*time)))?;
            Ok(())
        },
    )
}

struct DescriptionColumns {
    module: usize,
    case: usize,
    concept: usize,
    language: usize,
    type_: usize,
    term: usize,
}

impl DescriptionColumns {
    fn of(table: &Table, _file: &Rf2File) -> Result<Self, LoadError> {
        Ok(Self {
            module: table.require(&["moduleId"])?,
            case: table.require(&["caseSignificanceId"])?,
            concept: table.require(&["conceptId"])?,
            language: table.require(&["languageCode"])?,
            type_: table.require(&["typeId"])?,
            term: table.require(&["term"])?,
        })
    }
}

/// How good a description is as the display of its concept; lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fitness {
    /// A synonym that is preferred in a dialect, by the dialect's place in the order of preference.
    Preferred(u8),
    /// A fully specified name, to be shown without its semantic tag.
    FullySpecifiedName,
    /// Any other synonym in use.
    Synonym,
    /// As above, but no longer in use: better than a bare code for concepts that have nothing else.
    RetiredFullySpecifiedName,
    RetiredSynonym,
}

fn fitness(state: &State<'_, Sctid>, columns: &DescriptionColumns, dialects: &Dialects) -> Option<Fitness> {
    match (state.get(columns.type_), state.active) {
        (SYNONYM, true) => Some(dialects.preference(state.id).map_or(Fitness::Synonym, Fitness::Preferred)),
        (SYNONYM, false) => Some(Fitness::RetiredSynonym),
        (FULLY_SPECIFIED_NAME, true) => Some(Fitness::FullySpecifiedName),
        (FULLY_SPECIFIED_NAME, false) => Some(Fitness::RetiredFullySpecifiedName),
        _ => None,
    }
}

/// Descriptions with language, use and acceptability; one of each concept becomes its display.
pub(super) fn descriptions(selection: &Selection, dialects: &Dialects, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut descriptions = Components::<Sctid>::new(selection.with(Content::Description), Some(Partition::Description));
    let mut displays: HashMap<Sctid, (Fitness, Sctid)> = HashMap::new();
    descriptions.each(sink, DescriptionColumns::of, |sink, columns, state| {
        let Some(concept) = state.concept(sink, columns.concept)? else {
            return Ok(());
        };
        state.concept(sink, columns.module)?;
        if state.get(columns.term).is_empty() {
            state.fault(sink, columns.term, ProblemKind::BadValue, "is no term")?;
        } else if let Some(fitness) = fitness(state, columns, dialects) {
            let offer = (fitness, state.id);
            displays
                .entry(concept)
                .and_modify(|best| *best = offer.min(*best))
                .or_insert(offer);
        }
        Ok(())
    })?;
    let uses = Uses::new();
    descriptions.each(sink, DescriptionColumns::of, |sink, columns, state| {
        let chosen = Sctid::parse(state.get(columns.concept)).ok().and_then(|id| displays.get(&id));
        let display = chosen.is_some_and(|(_, id)| *id == state.id);
        describe(state, columns, display, dialects, &uses, sink)
    })?;
    let mut definitions = Components::<Sctid>::new(selection.with(Content::TextDefinition), Some(Partition::Description));
    definitions.each(sink, DescriptionColumns::of, |sink, columns, state| {
        if state.concept(sink, columns.concept)?.is_none() {
            return Ok(());
        }
        describe(state, columns, false, dialects, &uses, sink)
    })
}

/// The designation uses that occur, made once.
struct Uses(Vec<Coding>);

impl Uses {
    fn new() -> Self {
        Self(
            CORE_METADATA_DISPLAYS
                .into_iter()
                .map(|(code, display)| Coding {
                    display: Some(display.into()),
                    ..Coding::new(SYSTEM, code)
                })
                .collect(),
        )
    }

    fn get(&self, code: &str) -> Option<&Coding> {
        self.0.iter().find(|known| known.code == code)
    }
}

fn describe(
    state: &State<'_, Sctid>,
    columns: &DescriptionColumns,
    display: bool,
    dialects: &Dialects,
    uses: &Uses,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    let (type_, term) = (state.get(columns.type_), state.get(columns.term));
    if term.is_empty() || Sctid::parse(state.get(columns.concept)).is_err() {
        return Ok(()); // Reported when the display was chosen.
    }
    let acceptability = dialects.of(state.id);
    let made;
    let use_ = match uses.get(type_) {
        Some(known) => known,
        None => {
            made = Coding::new(SYSTEM, type_);
            &made
        }
    };
    let kind = match type_ {
        FULLY_SPECIFIED_NAME => DesignationKind::FullySpecifiedName,
        DEFINITION => DesignationKind::Definition,
        SYNONYM if display => DesignationKind::Display,
        _ => DesignationKind::Synonym,
    };
    let record = DesignationRecord {
        code: state.get(columns.concept),
        id: Some(state.id_text),
        language: Some(state.get(columns.language)).filter(|language| !language.is_empty()),
        use_: Some(use_),
        value: term,
        active: state.active,
        kind,
        acceptability: &acceptability,
        provenance: Some(Provenance {
            module: state.get(columns.module),
            effective_time: state.time,
            case_significance: Some(state.get(columns.case)).filter(|case| !case.is_empty()),
        }),
        made: false,
        extensions: None,
    };
    if display && kind == DesignationKind::FullySpecifiedName {
        let shown = DesignationRecord {
            id: None,
            use_: None,
            value: without_semantic_tag(term),
            kind: DesignationKind::Display,
            acceptability: &[],
            made: true,
            ..record
        };
        sink.accept(state.at(), Record::Designation(shown))?;
    }
    sink.accept(state.at(), Record::Designation(record))?;
    Ok(())
}

/// `Heart structure (body structure)` -> `Heart structure`.
fn without_semantic_tag(term: &str) -> &str {
    let bare = term
        .strip_suffix(')')
        .and_then(|rest| rest.rfind(" ("))
        .map_or(term, |place| &term[..place]);
    let bare = bare.trim();
    if bare.is_empty() { term } else { bare }
}

struct RelationshipColumns {
    source: usize,
    /// `destinationId`, or `value` in the file of concrete values.
    target: usize,
    group: usize,
    type_: usize,
    characteristic: usize,
}

impl RelationshipColumns {
    fn of(table: &Table, target: &str) -> Result<Self, LoadError> {
        Ok(Self {
            source: table.require(&["sourceId"])?,
            target: table.require(&[target])?,
            group: table.require(&["relationshipGroup"])?,
            type_: table.require(&["typeId"])?,
            characteristic: table.require(&["characteristicTypeId"])?,
        })
    }
}

/// Inferred relationships that are in use: the hierarchy, attributes and concrete values.
pub(super) fn relationships(selection: &Selection, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut concepts = Components::<Sctid>::new(selection.with(Content::Relationship), Some(Partition::Relationship));
    concepts.each(
        sink,
        |table, _| RelationshipColumns::of(table, "destinationId"),
        |sink, columns, state| {
            let Some((attribute, group)) = attribute(state, columns, sink)? else {
                return Ok(());
            };
            if state.concept(sink, columns.target)?.is_none() {
                return Ok(());
            }
            let target = ValueRecord::Code(state.get(columns.target));
            Ok(relationship(
                sink,
                state,
                state.get(columns.source),
                (attribute, group),
                target,
            )?)
        },
    )?;
    let mut values = Components::<Sctid>::new(selection.with(Content::ConcreteValues), Some(Partition::Relationship));
    values.each(
        sink,
        |table, _| RelationshipColumns::of(table, "value"),
        |sink, columns, state| {
            let Some((attribute, group)) = attribute(state, columns, sink)? else {
                return Ok(());
            };
            let Some(value) = concrete_value(state.get(columns.target)) else {
                let why = "is no concrete value: a number after #, or text in double quotes";
                return Ok(state.fault(sink, columns.target, ProblemKind::BadValue, why)?);
            };
            Ok(relationship(
                sink,
                state,
                state.get(columns.source),
                (attribute, group),
                value,
            )?)
        },
    )
}

/// The attribute and group of a relationship that is inferred and in use.
fn attribute<'t>(
    state: &State<'t, Sctid>,
    columns: &RelationshipColumns,
    sink: &mut dyn RecordSink,
) -> Result<Option<(&'t str, u16)>, LoadError> {
    if !state.active || state.get(columns.characteristic) != INFERRED {
        return Ok(None);
    }
    let (source, type_) = (state.concept(sink, columns.source)?, state.concept(sink, columns.type_)?);
    let group = state.number(sink, columns.group)?;
    Ok(match (source, type_, group) {
        (Some(_), Some(_), Some(group)) => Some((state.get(columns.type_), group)),
        _ => None,
    })
}

/// Reads `#5`, `#0.5`, `"text"`, `true` or `false`.
fn concrete_value(text: &str) -> Option<ValueRecord<'_>> {
    if let Some(number) = text.strip_prefix('#') {
        if let Ok(whole) = number.parse() {
            return Some(ValueRecord::Integer(whole));
        }
        let decimal = number.strip_prefix(['-', '+']).unwrap_or(number);
        let sound = decimal.split_once('.').is_some_and(|(whole, part)| {
            [whole, part]
                .into_iter()
                .all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        });
        return sound.then_some(ValueRecord::Decimal(number));
    }
    match text {
        "true" => Some(ValueRecord::Boolean(true)),
        "false" => Some(ValueRecord::Boolean(false)),
        _ => Some(ValueRecord::String(text.strip_prefix('"')?.strip_suffix('"')?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concrete_values_have_types() {
        assert_eq!(concrete_value("#5"), Some(ValueRecord::Integer(5)));
        assert_eq!(concrete_value("#-5"), Some(ValueRecord::Integer(-5)));
        assert_eq!(concrete_value("#0.50"), Some(ValueRecord::Decimal("0.50")));
        assert_eq!(concrete_value("\"a\""), Some(ValueRecord::String("a")));
        assert_eq!(concrete_value("true"), Some(ValueRecord::Boolean(true)));
        for bad in ["", "5", "#", "#.", "#1.", "#1.2.3", "\"", "#five", "yes"] {
            assert_eq!(concrete_value(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_the_semantic_tag_is_cut() {
        assert_eq!(without_semantic_tag("Heart structure (body structure)"), "Heart structure");
        assert_eq!(
            without_semantic_tag("Type 1 (juvenile) form (disorder)"),
            "Type 1 (juvenile) form"
        );
        assert_eq!(without_semantic_tag("No tag"), "No tag");
        assert_eq!(without_semantic_tag(" (tag)"), " (tag)");
    }
}

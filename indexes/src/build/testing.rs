//! Small releases for the tests of this crate: fixed ones and random ones.

use super::{AxiomsBuilder, BuildError, FaultPolicy, Files, Finished, ReleaseBuilder, ReleaseReport, RoleFacts};
use crate::coded_description::{CodedCondition, CodedDescription, CodedValue, DescriptionCoder, ROLE_GROUP};
use crate::model::{
    Acceptability, CodeSystemHeader, Coding, ConceptMapHeader, DesignationKind, MappingAttribute, MappingAttributeRole,
    Relationship,
};
use crate::read::CodeSystemIndex;
use crate::record::{
    AlternateRecord, At, ConceptRecord, DesignationRecord, FieldRecord, MappingRecord, MemberRecord, PropertyRecord, Provenance,
    Record, RecordSink, RelationshipRecord, ResourceRecord, RowRecord, Stopped, ValueRecord,
};

/// A code system as plain data.
#[derive(Debug, Clone, Default)]
pub struct Plain {
    /// (code, active, terms)
    pub concepts: Vec<(String, bool, Vec<String>)>,
    /// (child, parent)
    pub parents: Vec<(usize, usize)>,
    /// (concept, property, value)
    pub properties: Vec<(usize, u8, u8)>,
}

pub fn header(url: &str) -> CodeSystemHeader {
    CodeSystemHeader::new(url, Some("1".into()), "test")
}

pub fn concept<'a>(code: &'a str) -> Record<'a> {
    Record::Concept(ConceptRecord {
        code,
        active: true,
        ..ConceptRecord::default()
    })
}

pub fn term<'a>(code: &'a str, value: &'a str, kind: DesignationKind) -> Record<'a> {
    Record::Designation(DesignationRecord {
        language: Some("en"),
        ..DesignationRecord::new(code, value, kind)
    })
}

/// Gives every record of a plain code system to a sink.
pub fn emit(plain: &Plain, header: &CodeSystemHeader, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let at = At::default();
    sink.accept(at, Record::CodeSystem(header))?;
    for (code, active, terms) in &plain.concepts {
        sink.accept(
            at,
            Record::Concept(ConceptRecord {
                code,
                active: *active,
                ..ConceptRecord::default()
            }),
        )?;
        for (place, value) in terms.iter().enumerate() {
            let kind = if place == 0 {
                DesignationKind::Display
            } else {
                DesignationKind::Synonym
            };
            sink.accept(at, term(code, value, kind))?;
        }
    }
    for (child, parent) in &plain.parents {
        let (child, parent) = (&plain.concepts[*child].0, &plain.concepts[*parent].0);
        sink.accept(at, Record::Parent { child, parent })?;
    }
    for (concept, property, value) in &plain.properties {
        let (property, text) = (format!("p{property}"), format!("v{value}"));
        let record = PropertyRecord::new(&plain.concepts[*concept].0, &property, 0, ValueRecord::String(&text));
        sink.accept(at, Record::Property(record))?;
    }
    Ok(())
}

/// Builds in memory whatever `read` emits.
pub fn build(with_text: bool, read: impl FnOnce(&mut dyn RecordSink) -> Result<(), Stopped>) -> (Vec<Finished>, ReleaseReport) {
    let mut finished = Vec::new();
    let keep = Box::new(|artefact| {
        finished.push(artefact);
        Ok(())
    });
    let mut builder = ReleaseBuilder::new(FaultPolicy::default(), with_text, keep, Box::new(|_| {}));
    read(&mut builder).unwrap();
    let report = builder.finish().unwrap();
    (finished, report)
}

/// Opens the first code system of a build.
pub fn open(finished: &[Finished]) -> CodeSystemIndex {
    for artefact in finished {
        if let super::ArtefactInfo::CodeSystem(header) = &artefact.info {
            return CodeSystemIndex::open((**header).clone(), &artefact.files).unwrap();
        }
    }
    panic!("no code system was built");
}

/// A small release that uses every file and section of the format.
pub fn sample(sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let at = At::default();
    let mut own = header("http://example.org/sample");
    own.case_sensitive = false;
    sink.accept(at, Record::CodeSystem(&own))?;
    for code in ["root", "heart", "attack", "old", "refset"] {
        sink.accept(
            at,
            Record::Concept(ConceptRecord {
                code,
                active: code != "old",
                not_selectable: code == "root",
                status: Some("S"),
                extensions: (code == "heart").then_some("[{\"url\":\"x\"}]"),
            }),
        )?;
    }
    let long = "A definition that is long enough to be packed. ".repeat(12);
    let use_ = Coding::new("http://example.org/use", "synonym");
    for (code, value, kind) in [
        ("root", "Root", DesignationKind::Display),
        ("heart", "Heart disease", DesignationKind::Display),
        ("attack", "Myocardial infarction", DesignationKind::Display),
        ("attack", "Heart attack", DesignationKind::Synonym),
        ("attack", &long, DesignationKind::Definition),
        ("old", "Old infarction", DesignationKind::Display),
        ("refset", "A reference set", DesignationKind::Display),
    ] {
        sink.accept(
            at,
            Record::Designation(DesignationRecord {
                code,
                id: Some(value.get(..4).unwrap_or("x")),
                language: Some("en"),
                use_: Some(&use_),
                value,
                active: true,
                kind,
                acceptability: &[("us", Acceptability::Preferred), ("gb", Acceptability::Acceptable)],
                provenance: Some(Provenance {
                    module: "root",
                    effective_time: 20_250_101 + u32::from(code == "attack"),
                    case_significance: Some("insensitive"),
                }),
                made: code == "old",
                extensions: (code == "root").then_some("[]"),
            }),
        )?;
    }
    for (child, parent) in [("heart", "root"), ("attack", "heart"), ("refset", "root")] {
        sink.accept(at, Record::Parent { child, parent })?;
    }
    let coding = Coding::new("http://other.org", "x");
    for value in [
        ValueRecord::Code("heart"),
        ValueRecord::Coding(&coding),
        ValueRecord::Integer(-3),
        ValueRecord::Boolean(true),
        ValueRecord::Decimal("1.50"),
        ValueRecord::DateTime("2026-01"),
    ] {
        sink.accept(
            at,
            Record::Property(PropertyRecord {
                code: "attack",
                property: &format!("{:?}", value.property_type()),
                group: 2,
                value,
                must_resolve: true,
                extensions: Some("[1]"),
            }),
        )?;
    }
    sink.accept(
        at,
        Record::Member(MemberRecord {
            refset: "refset",
            member: "attack",
            fields: &[("order", "1")],
        }),
    )?;
    rows(sink)?;
    for (id, is_parent, value) in [(41, true, "root"), (42, false, "root")] {
        let property = PropertyRecord {
            must_resolve: true,
            ..PropertyRecord::new("old", "linked", 0, ValueRecord::Code(value))
        };
        let record = RelationshipRecord { id, is_parent, property };
        sink.accept(at, Record::Relationship(record))?;
    }
    let map = ConceptMapHeader {
        url: "http://example.org/map".into(),
        ..ConceptMapHeader::default()
    };
    sink.accept(at, Record::ConceptMap(&map))?;
    let attributes = [MappingAttribute {
        role: MappingAttributeRole::DependsOn,
        attribute: "age".into(),
        system: None,
        value: "child".into(),
        display: None,
        value_type: "String".into(),
    }];
    for (source, target) in [("b", Some("2")), ("a", Some("1")), ("c", None), ("a", Some("2"))] {
        sink.accept(
            at,
            Record::Mapping(MappingRecord {
                source_system: "http://example.org/s",
                source_version: Some("3"),
                source_code: source,
                source_display: Some("a display"),
                target_system: "http://example.org/t",
                target_version: None,
                target_code: target,
                target_display: None,
                relationship: Relationship::SourceIsBroaderThanTarget,
                group: 1,
                priority: 2,
                rule: Some("IFA"),
                advice: None,
                comment: Some("why"),
                attributes: &attributes,
            }),
        )?;
    }
    sink.accept(
        at,
        Record::Resource(ResourceRecord {
            resource_type: "ValueSet",
            id: Some("vs"),
            url: Some("http://example.org/vs"),
            version: None,
            fhir_version: Some("4.0.1"),
            origin: "pack#1",
            json: "{\"resourceType\":\"ValueSet\"}",
        }),
    )
}

/// Rows of two reference sets, with every kind of column, and an alternate identifier.
fn rows(sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let long = "ObjectIntersectionOf ".repeat(8);
    let text = FieldRecord::String;
    for (number, (component, active, target, order, note)) in [
        ("attack", true, "heart", 1, "short"),
        // A designation, and what is nothing here.
        ("Root", true, "elsewhere", -7, long.as_str()),
        ("heart", false, "", i32::MAX, ""),
        ("old", true, "heart", 1, "short"),
        ("attack", true, "root", 0, "short"),
    ]
    .into_iter()
    .enumerate()
    {
        sink.accept(
            At::default(),
            Record::Row(RowRecord {
                refset: "refset",
                component,
                must_resolve: false,
                id: u128::MAX - number as u128,
                active,
                module: "root",
                effective_time: 20_250_101 + number as u32,
                fields: &[
                    ("targetComponentId", FieldRecord::Component(target)),
                    ("order", FieldRecord::Integer(order)),
                    ("note", text(note)),
                ],
            }),
        )?;
    }
    for (refset, component, must_resolve) in [
        ("heart", "attack", true),
        ("refset", "ghost", true),
        ("ghost", "root", true),
        ("ghost", "root", false),
    ] {
        sink.accept(
            At::default(),
            Record::Row(RowRecord {
                refset,
                component,
                must_resolve,
                id: 1,
                active: true,
                module: "heart",
                effective_time: 20_240_101,
                fields: &[],
            }),
        )?;
    }
    for (identifier, active) in [("A-1", true), ("B-2", false)] {
        sink.accept(
            At::default(),
            Record::Alternate(AlternateRecord {
                scheme: "root",
                identifier,
                component: "attack",
                active,
            }),
        )?;
    }
    Ok(())
}

/// What could be known of the attributes and conditions of any code system; uses every section of `axioms`.
pub fn axioms(index: &CodeSystemIndex) -> Result<Files, BuildError> {
    let mut builder = AxiomsBuilder::new(index.len());
    let facts = |alone, reflexive, above: &[u32]| RoleFacts {
        alone,
        reflexive,
        above: above.to_vec(),
    };
    builder.role(ROLE_GROUP, facts(true, false, &[]));
    builder.role(1, facts(false, true, &[0, 2]));
    builder.role(0, facts(true, false, &[2]));
    builder.chain([0, 1, u32::MAX - 1]);
    builder.chain([u32::MAX - 1, 0, 1]);
    let mut group = DescriptionCoder::new([].into_iter());
    group.attribute(0, CodedValue::Concept(2));
    group.attribute(1, CodedValue::Number("2.5"));
    let group = group.finish();
    let group = CodedValue::Description(CodedDescription::new(&group));
    for (names, values) in [
        (&[1][..], &[group][..]),
        (&[1, 3], &[]),
        (
            &[],
            &[
                CodedValue::Text("längst"),
                CodedValue::Boolean(true),
                CodedValue::Boolean(false),
            ],
        ),
        (&[1], &[group, CodedValue::Concept(1)]),
    ] {
        let mut condition = DescriptionCoder::new(names.iter().copied());
        for value in values {
            condition.attribute(ROLE_GROUP, *value);
        }
        let conclusion = DescriptionCoder::new([3].into_iter()).finish();
        builder.condition(CodedCondition {
            condition: CodedDescription::new(&condition.finish()),
            conclusion: CodedDescription::new(&conclusion),
        });
    }
    builder.counts(9, 1);
    builder.finish()
}

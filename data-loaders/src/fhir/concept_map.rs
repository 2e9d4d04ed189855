//! FHIR `ConceptMap` JSON, R4 and R5, to typed rows, and those to records.
//!
//! Both versions may be mixed in one resource: what is there decides, not a declared version. R4 `equivalence`
//! becomes the R5 relationship, R4 `unmapped.mode` `provided` becomes `use-source-code`.
//!
//! - No target is stated by R5 `noMap`, and by an R4 target without a code whose equivalence is `unmatched`.
//! - An element without any target states nothing: its code falls under the group's `unmapped` rule.
//! - R5 elements and targets that are value sets instead of codes are in the header: they are few, and rules rather than
//!   rows. [`emit`] hands over the rows of codes.
//! - An attribute keeps its code as written; the URI that R5 `additionalAttribute` and `property` declare for it
//!   stays in the header's resource. A `Quantity` keeps its JSON as the value. The value set of an R5 `dependsOn`
//!   has the type `ValueSet`.

use super::element::{Element, Fault, Parsed, Path, owned, shown};
use super::json::Node;
use tern_index::model::{
    ConceptMapHeader, MappedSide, MappingAttribute, MappingAttributeRole, Relationship, Unmapped, ValueSetMapping,
};
use tern_index::record::{At, MappingRecord, ProblemKind, Record, RecordSink, Stopped};

/// A concept map resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptMap<'n> {
    /// All but the rows. The URL is empty where the resource has none.
    pub header: ConceptMapHeader,
    /// The rows in document order.
    pub rows: Vec<MapRow<'n>>,
}

/// One source with one target, or with the statement that there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRow<'n> {
    /// Line in the source; 0 where it is not known.
    pub line: u32,
    /// Number of the group in the resource, from 0.
    pub group: usize,
    /// Source code system; empty where the group names none.
    pub source_system: &'n str,
    /// Its version.
    pub source_version: Option<&'n str>,
    /// Source code; empty if the source is a value set.
    pub source_code: &'n str,
    /// Its display.
    pub source_display: Option<&'n str>,
    /// Source value set (R5).
    pub source_value_set: Option<&'n str>,
    /// Target code system; empty where the group names none.
    pub target_system: &'n str,
    /// Its version.
    pub target_version: Option<&'n str>,
    /// Target code; `None` states that there is no target.
    pub target_code: Option<&'n str>,
    /// Its display.
    pub target_display: Option<&'n str>,
    /// Target value set (R5).
    pub target_value_set: Option<&'n str>,
    /// How the source relates to the target.
    pub relationship: Relationship,
    /// Comment.
    pub comment: Option<&'n str>,
    /// `dependsOn`, `product` and `property`.
    pub attributes: Vec<MappingAttribute>,
}

impl MapRow<'_> {
    fn is_of_value_sets(&self) -> bool {
        self.source_value_set.is_some() || self.target_value_set.is_some()
    }

    fn of_value_sets(&self) -> ValueSetMapping {
        let system = |url: &str| Some(url).filter(|url| !url.is_empty()).map(str::to_owned);
        let source = MappedSide {
            system: system(self.source_system),
            version: owned(self.source_version),
            code: owned(Some(self.source_code).filter(|code| !code.is_empty())),
            display: owned(self.source_display),
            value_set: owned(self.source_value_set),
        };
        let target = MappedSide {
            system: system(self.target_system),
            version: owned(self.target_version),
            code: owned(self.target_code),
            display: owned(self.target_display),
            value_set: owned(self.target_value_set),
        };
        ValueSetMapping {
            source,
            target: Some(target).filter(|target| target.code.is_some() || target.value_set.is_some()),
            relationship: self.relationship.as_str().to_owned(),
            comment: owned(self.comment),
            attributes: self.attributes.clone(),
        }
    }

    fn record(&self) -> MappingRecord<'_> {
        MappingRecord {
            source_system: self.source_system,
            source_version: self.source_version,
            source_code: self.source_code,
            source_display: self.source_display,
            target_system: self.target_system,
            target_version: self.target_version,
            target_code: self.target_code,
            target_display: self.target_display,
            relationship: self.relationship,
            group: 0,
            priority: 0,
            rule: None,
            advice: None,
            comment: self.comment,
            attributes: &self.attributes,
        }
    }
}

/// Reads a ConceptMap resource. The error says that it is none; lesser faults come with the value.
pub fn read<'n>(node: &'n Node<'n>) -> Result<Parsed<ConceptMap<'n>>, Fault> {
    read_at(node, Path::root("ConceptMap"))
}

/// Like [`read`], for a resource inside another (`Bundle.entry[3].resource`).
pub fn read_at<'n>(node: &'n Node<'n>, path: Path<'_>) -> Result<Parsed<ConceptMap<'n>>, Fault> {
    let element = Element::resource(node, "ConceptMap", path)?;
    let mut faults = Vec::new();
    let mut header = header(&element, &mut faults);
    let mut rows = Vec::new();
    let mut number = 0;
    element.each("group", &mut faults, |group, faults| {
        let frame = Frame::of(&group, number, faults);
        header.unmapped.extend(unmapped(&group, &frame, faults));
        group.each("element", faults, |source, faults| {
            source_rows(&source, &frame, &mut rows, faults)
        });
        number += 1;
    });
    let of_value_sets = rows.iter().filter(|row| row.is_of_value_sets());
    header.value_set_rows = of_value_sets.map(MapRow::of_value_sets).collect();
    Ok(Parsed {
        value: ConceptMap { header, rows },
        faults,
    })
}

fn header(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> ConceptMapHeader {
    const SOURCES: [&str; 4] = ["sourceScopeCanonical", "sourceScopeUri", "sourceCanonical", "sourceUri"];
    const TARGETS: [&str; 4] = ["targetScopeCanonical", "targetScopeUri", "targetCanonical", "targetUri"];
    ConceptMapHeader {
        url: element.owned("url", faults).unwrap_or_default(),
        version: element.owned("version", faults),
        id: element.owned("id", faults),
        name: element.owned("name", faults),
        title: element.owned("title", faults),
        status: element.owned("status", faults),
        date: element.owned("date", faults),
        publisher: element.owned("publisher", faults),
        copyright: element.owned("copyright", faults),
        description: element.owned("description", faults),
        source_scope: owned(element.first_of(&SOURCES, faults)),
        target_scope: owned(element.first_of(&TARGETS, faults)),
        unmapped: Vec::new(),
        value_set_rows: Vec::new(),
        resource: Some(element.object.to_text_without("group")),
        loader: "fhir".into(),
    }
}

/// What all rows of a group share.
struct Frame<'n> {
    number: usize,
    source: (&'n str, Option<&'n str>),
    target: (&'n str, Option<&'n str>),
}

impl<'n> Frame<'n> {
    fn of(group: &Element<'n, '_>, number: usize, faults: &mut Vec<Fault>) -> Self {
        let mut side = |system, version| {
            let stated = group.text(version, faults);
            let canonical = group.text(system, faults).unwrap_or_default();
            match canonical.split_once('|') {
                Some((url, version)) => (url, stated.or(Some(version)).filter(|text| !text.is_empty())),
                None => (canonical, stated),
            }
        };
        Self {
            number,
            source: side("source", "sourceVersion"),
            target: side("target", "targetVersion"),
        }
    }
}

fn unmapped(group: &Element<'_, '_>, frame: &Frame<'_>, faults: &mut Vec<Fault>) -> Option<Unmapped> {
    let element = group.child("unmapped", faults)?;
    let mode = match element.text("mode", faults) {
        Some("provided" | "use-source-code") => "use-source-code",
        Some("fixed") => "fixed",
        Some("other-map") => "other-map",
        other => {
            let message = format!("{:?} is no mode; the rule is left out", shown(other.unwrap_or("")));
            faults.push(element.fault_at("mode", ProblemKind::BadValue, message));
            return None;
        }
    };
    let named = |system: &str| Some(system).filter(|system| !system.is_empty()).map(str::to_owned);
    Some(Unmapped {
        source_system: named(frame.source.0),
        target_system: named(frame.target.0),
        mode: mode.into(),
        code: element.owned("code", faults),
        display: element.owned("display", faults),
        value_set: element.owned("valueSet", faults),
        relationship: element.owned("relationship", faults),
        other_map: owned(element.first_of(&["otherMap", "url"], faults)),
    })
}

fn source_rows<'n>(element: &Element<'n, '_>, frame: &Frame<'n>, rows: &mut Vec<MapRow<'n>>, faults: &mut Vec<Fault>) {
    let code = element.text("code", faults);
    let value_set = element.text("valueSet", faults);
    if code.is_none() && value_set.is_none() {
        faults.push(element.fault_at(
            "code",
            ProblemKind::BadIdentifier,
            "an element must have a code or a value set",
        ));
        return;
    }
    let blank = MapRow {
        line: element.object.line,
        group: frame.number,
        source_system: frame.source.0,
        source_version: frame.source.1,
        source_code: code.unwrap_or_default(),
        source_display: element.text("display", faults),
        source_value_set: value_set.filter(|_| code.is_none()),
        target_system: frame.target.0,
        target_version: frame.target.1,
        target_code: None,
        target_display: None,
        target_value_set: None,
        relationship: Relationship::NotRelatedTo,
        comment: None,
        attributes: Vec::new(),
    };
    if element.boolean("noMap", faults) == Some(true) {
        rows.push(blank);
        return;
    }
    element.each("target", faults, |target, faults| {
        rows.extend(target_row(&target, &blank, faults));
    });
}

fn target_row<'n>(element: &Element<'n, '_>, blank: &MapRow<'n>, faults: &mut Vec<Fault>) -> Option<MapRow<'n>> {
    let (relationship, no_target) = relationship(element, faults)?;
    let code = element.text("code", faults);
    let value_set = element.text("valueSet", faults).filter(|_| code.is_none());
    if code.is_none() && value_set.is_none() && !no_target {
        let message = "a target must have a code or a value set, or say that there is no map";
        faults.push(element.fault_at("code", ProblemKind::BadIdentifier, message));
        return None;
    }
    let mut attributes = Vec::new();
    element.each("dependsOn", faults, |one, faults| {
        attributes.extend(attribute(&one, MappingAttributeRole::DependsOn, faults));
    });
    element.each("product", faults, |one, faults| {
        attributes.extend(attribute(&one, MappingAttributeRole::Product, faults));
    });
    element.each("property", faults, |one, faults| {
        attributes.extend(attribute(&one, MappingAttributeRole::Property, faults));
    });
    Some(MapRow {
        line: element.object.line,
        target_code: code,
        target_display: element.text("display", faults),
        target_value_set: value_set,
        relationship,
        comment: element.text("comment", faults),
        attributes,
        ..blank.clone()
    })
}

/// The relationship, and whether it may stand without a target.
fn relationship(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Option<(Relationship, bool)> {
    let (name, word, read) = match (element.text("relationship", faults), element.text("equivalence", faults)) {
        (Some(word), _) => ("relationship", word, Relationship::parse(word)),
        (None, Some(word)) => ("equivalence", word, Relationship::from_r4_equivalence(word)),
        (None, None) => {
            let message = "a target must state its relationship (R4: equivalence); the row is left out";
            faults.push(element.fault_at("relationship", ProblemKind::BadValue, message));
            return None;
        }
    };
    if read.is_none() {
        let message = format!("{} is no {name}; the row is left out", shown(word));
        faults.push(element.fault_at(name, ProblemKind::BadValue, message));
    }
    read.map(|relationship| (relationship, word == "unmatched"))
}

fn attribute(element: &Element<'_, '_>, role: MappingAttributeRole, faults: &mut Vec<Fault>) -> Option<MappingAttribute> {
    let Some(name) = owned(element.first_of(&["attribute", "code", "property"], faults)) else {
        faults.push(element.fault(ProblemKind::BadIdentifier, "it must name its attribute (R4: property)"));
        return None;
    };
    let blank = MappingAttribute {
        role,
        attribute: name,
        system: None,
        value: String::new(),
        display: None,
        value_type: String::new(),
    };
    if let Some(value) = element.owned("value", faults) {
        // The R4 shape: a string, which is a code where a system is named.
        let system = element.owned("system", faults);
        return Some(MappingAttribute {
            value_type: if system.is_some() { "Coding" } else { "String" }.into(),
            system,
            value,
            display: element.owned("display", faults),
            ..blank
        });
    }
    if let Some((suffix, node)) = element.value_x() {
        let (system, value, display) = match node {
            Node::String(text) => (None, text.to_string(), None),
            Node::Number(text) => (None, text.to_string(), None),
            Node::Boolean(truth) => (None, truth.to_string(), None),
            Node::Object(_) if suffix == "Coding" => {
                let coding = element.coding("valueCoding", faults)?;
                (coding.system, coding.code, coding.display)
            }
            other => (None, other.to_text(), None),
        };
        return Some(MappingAttribute {
            system,
            value,
            display,
            value_type: suffix.to_owned(),
            ..blank
        });
    }
    if let Some(value_set) = element.owned("valueSet", faults) {
        return Some(MappingAttribute {
            value: value_set,
            value_type: "ValueSet".into(),
            ..blank
        });
    }
    faults.push(element.fault(ProblemKind::BadValue, "it must have a value"));
    None
}

/// Hands a concept map to a sink: the header, then the rows that map codes.
pub fn emit(concept_map: &ConceptMap<'_>, file: u16, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let at = |line| At { file, column: 0, line };
    sink.accept(at(0), Record::ConceptMap(&concept_map.header))?;
    for row in concept_map.rows.iter().filter(|row| !row.is_of_value_sets()) {
        sink.accept(at(row.line), Record::Mapping(row.record()))?;
    }
    Ok(())
}

//! FHIR `CodeSystem` JSON, R4 and R5, to typed concepts, and those to records.
//!
//! What FHIR says with properties is read into what it means: `notSelectable`, `inactive`, `status`, `parent` and
//! `child`, found by the URI they are declared with and only then by their usual code. A supplement reads the same
//! way; its concepts carry only what it adds.
//!
//! - Only a real boolean `true` makes a concept not selectable. A property `abstract` has no standard meaning and is
//!   a property like any other.
//! - A concept is inactive if `inactive` is true (as boolean, or as the code `true` that some publishers declare) or
//!   `status` is `retired` or `inactive`. `deprecated` is not inactive: the code may still be used.
//! - Properties that also state hierarchy, status or selectability are emitted as properties too, so that a lookup
//!   returns what the publisher wrote.
//! - Of several concepts with one code the first is kept; the children of the others stay below it.

use super::element::{Element, Fault, Parsed, Path, shown};
use super::json::Node;
use std::collections::{HashMap, HashSet};
use tern_index::model::{
    Canonical, CodeSystemHeader, Coding, Content, DesignationKind, FilterDefinition, PropertyDefinition, PropertyType,
};
use tern_index::record::{
    At, ConceptRecord, DesignationRecord, ProblemKind, PropertyRecord, Record, RecordSink, Stopped, ValueRecord,
};

const CONCEPT_PROPERTIES: &str = "http://hl7.org/fhir/concept-properties#";
const SNOMED: &str = "http://snomed.info/sct";
const FULLY_SPECIFIED_NAME: &str = "900000000000003001";
const TEXT_DEFINITION: &str = "900000000000550004";

/// A code system resource.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeSystem<'n> {
    /// All but the concepts.
    pub header: CodeSystemHeader,
    /// The concepts in document order, nested ones after the one they are nested in.
    pub concepts: Vec<Concept<'n>>,
    /// The hierarchy in document order, each pair once.
    pub links: Vec<Link<'n>>,
}

/// `CodeSystem.concept`.
#[derive(Debug, Clone, PartialEq)]
pub struct Concept<'n> {
    /// The code.
    pub code: &'n str,
    /// Line in the source; 0 where it is not known.
    pub line: u32,
    /// The display, if it has one.
    pub display: Option<&'n str>,
    /// The definition, if it has one.
    pub definition: Option<&'n str>,
    /// False for inactive concepts.
    pub active: bool,
    /// True for abstract concepts.
    pub not_selectable: bool,
    /// Value of the `status` property.
    pub status: Option<&'n str>,
    /// Further terms.
    pub designations: Vec<ConceptDesignation<'n>>,
    /// Properties in document order.
    pub properties: Vec<ConceptProperty<'n>>,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
}

/// `CodeSystem.concept.designation`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptDesignation<'n> {
    /// BCP-47 language tag.
    pub language: Option<&'n str>,
    /// What it is for.
    pub use_: Option<Coding>,
    /// The term.
    pub value: &'n str,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
}

/// `CodeSystem.concept.property`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptProperty<'n> {
    /// The property's code.
    pub code: &'n str,
    /// The value.
    pub value: ConceptValue<'n>,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
}

/// `CodeSystem.concept.property.value[x]`.
#[derive(Debug, Clone, PartialEq)]
pub enum ConceptValue<'n> {
    /// `valueCode`
    Code(&'n str),
    /// `valueCoding`
    Coding(Coding),
    /// `valueString`
    String(&'n str),
    /// `valueInteger`
    Integer(i64),
    /// `valueBoolean`
    Boolean(bool),
    /// `valueDateTime`
    DateTime(&'n str),
    /// `valueDecimal`, the text as given
    Decimal(&'n str),
}

impl ConceptValue<'_> {
    fn record(&self) -> ValueRecord<'_> {
        match self {
            Self::Code(text) => ValueRecord::Code(text),
            Self::Coding(coding) => ValueRecord::Coding(coding),
            Self::String(text) => ValueRecord::String(text),
            Self::Integer(number) => ValueRecord::Integer(*number),
            Self::Boolean(truth) => ValueRecord::Boolean(*truth),
            Self::DateTime(text) => ValueRecord::DateTime(text),
            Self::Decimal(text) => ValueRecord::Decimal(text),
        }
    }
}

/// One concept directly below another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'n> {
    /// The lower concept.
    pub child: &'n str,
    /// The upper concept.
    pub parent: &'n str,
    /// Line of the concept that says so.
    pub line: u32,
}

/// Reads a CodeSystem resource. The error says that it is none, or cannot be addressed; lesser faults come with the value.
pub fn read<'n>(node: &'n Node<'n>) -> Result<Parsed<CodeSystem<'n>>, Fault> {
    read_at(node, Path::root("CodeSystem"))
}

/// Like [`read`], for a resource inside another (`Bundle.entry[3].resource`).
pub fn read_at<'n>(node: &'n Node<'n>, path: Path<'_>) -> Result<Parsed<CodeSystem<'n>>, Fault> {
    let element = Element::resource(node, "CodeSystem", path)?;
    let mut faults = Vec::new();
    let header = header(&element, &mut faults)?;
    let mut walk = Walk {
        roles: Roles::of(&header),
        header,
        concepts: Vec::new(),
        seen: HashSet::new(),
        links: Vec::new(),
        stated: Vec::new(),
        faults,
    };
    walk.concepts_of(&element, None);
    let links = walk.resolve_links();
    Ok(Parsed {
        value: CodeSystem {
            header: walk.header,
            concepts: walk.concepts,
            links,
        },
        faults: walk.faults,
    })
}

fn header(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Result<CodeSystemHeader, Fault> {
    let Some(url) = element.text("url", faults) else {
        let message = "a code system without a url cannot be addressed; give it its canonical URL";
        return Err(element.fault_at("url", ProblemKind::BadIdentifier, message));
    };
    let mut header = CodeSystemHeader::new(url, element.owned("version", faults), "fhir");
    header.id = element.owned("id", faults);
    header.name = element.owned("name", faults);
    header.title = element.owned("title", faults);
    header.status = element.owned("status", faults);
    header.experimental = element.boolean("experimental", faults);
    header.date = element.owned("date", faults);
    header.publisher = element.owned("publisher", faults);
    header.description = element.owned("description", faults);
    header.copyright = element.owned("copyright", faults);
    header.content = content(element, faults);
    // FHIR leaves the default open; treating codes as case-sensitive never makes two codes one.
    header.case_sensitive = element.boolean("caseSensitive", faults).unwrap_or(true);
    header.compositional = element.boolean("compositional", faults).unwrap_or(false);
    header.version_needed = element.boolean("versionNeeded", faults).unwrap_or(false);
    header.hierarchy_meaning = element.owned("hierarchyMeaning", faults);
    header.value_set = element.owned("valueSet", faults);
    header.supplements = element.text("supplements", faults).map(Canonical::parse);
    header.language = element.owned("language", faults);
    header.identifiers = element.identifiers(faults);
    header.properties = property_definitions(element, faults);
    header.filters = filter_definitions(element, faults);
    header.resource = Some(element.object.to_text_without("concept"));
    if header.content == Content::Supplement && header.supplements.is_none() {
        let message = "a supplement must say what it supplements";
        faults.push(element.fault_at("supplements", ProblemKind::BadValue, message));
    }
    Ok(header)
}

fn content(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Content {
    let assumed = if element.items("concept", &mut Vec::new()).is_empty() {
        Content::NotPresent
    } else {
        Content::Complete
    };
    let message = match element.text("content", faults) {
        None => format!("is required; {} is assumed", assumed.as_str()),
        Some(code) => match Content::parse(code) {
            Some(content) => return content,
            None => format!("{} is no content mode; {} is assumed", shown(code), assumed.as_str()),
        },
    };
    faults.push(element.fault_at("content", ProblemKind::BadValue, message));
    assumed
}

fn property_definitions(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Vec<PropertyDefinition> {
    let mut definitions = Vec::new();
    element.each("property", faults, |property, faults| {
        let Some(code) = property.owned("code", faults) else {
            faults.push(property.fault_at("code", ProblemKind::BadIdentifier, "is required"));
            return;
        };
        let property_type = match property.text("type", faults) {
            Some("code") => PropertyType::Code,
            Some("Coding") => PropertyType::Coding,
            Some("integer") => PropertyType::Integer,
            Some("boolean") => PropertyType::Boolean,
            Some("dateTime") => PropertyType::DateTime,
            Some("decimal") => PropertyType::Decimal,
            Some("string") => PropertyType::String,
            other => {
                let message = format!("{:?} is no property type; string is assumed", shown(other.unwrap_or("")));
                faults.push(property.fault_at("type", ProblemKind::BadValue, message));
                PropertyType::String
            }
        };
        definitions.push(PropertyDefinition {
            code,
            uri: property.owned("uri", faults),
            description: property.owned("description", faults),
            property_type,
        });
    });
    definitions
}

fn filter_definitions(element: &Element<'_, '_>, faults: &mut Vec<Fault>) -> Vec<FilterDefinition> {
    let mut definitions = Vec::new();
    element.each("filter", faults, |filter, faults| {
        let Some(code) = filter.owned("code", faults) else {
            faults.push(filter.fault_at("code", ProblemKind::BadIdentifier, "is required"));
            return;
        };
        definitions.push(FilterDefinition {
            code,
            description: filter.owned("description", faults),
            operators: filter.texts("operator", faults).into_iter().map(str::to_owned).collect(),
            value: filter.owned("value", faults),
        });
    });
    definitions
}

/// The property codes that carry standard meanings in one code system.
#[derive(Default)]
struct Roles {
    by_code: HashMap<String, Role>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    NotSelectable,
    Inactive,
    Status,
    Parent,
    Child,
}

impl Roles {
    fn of(header: &CodeSystemHeader) -> Self {
        let mut by_code = HashMap::new();
        for (name, role) in [
            ("notSelectable", Role::NotSelectable),
            ("inactive", Role::Inactive),
            ("status", Role::Status),
            ("parent", Role::Parent),
            ("child", Role::Child),
        ] {
            let is_role = |uri: &str| uri.strip_prefix(CONCEPT_PROPERTIES) == Some(name);
            let mut declared = header
                .properties
                .iter()
                .filter(|property| property.uri.as_deref().is_some_and(is_role))
                .map(|property| property.code.clone())
                .peekable();
            if declared.peek().is_none() {
                by_code.entry(name.to_owned()).or_insert(role);
            }
            by_code.extend(declared.map(|code| (code, role)));
        }
        Self { by_code }
    }
}

/// The walk over nested concepts.
struct Walk<'n> {
    header: CodeSystemHeader,
    roles: Roles,
    concepts: Vec<Concept<'n>>,
    seen: HashSet<&'n str>,
    links: Vec<Link<'n>>,
    /// Links stated by properties: checked when all codes are known. The text is the path of the property.
    stated: Vec<(Link<'n>, String)>,
    faults: Vec<Fault>,
}

impl<'n> Walk<'n> {
    fn concepts_of(&mut self, element: &Element<'n, '_>, parent: Option<&'n str>) {
        let mut faults = std::mem::take(&mut self.faults);
        // `each` lends the faults to the closure, so they travel with the walk and come back.
        element.each("concept", &mut faults, |concept, faults| {
            self.faults = std::mem::take(faults);
            self.concept(&concept, parent);
            *faults = std::mem::take(&mut self.faults);
        });
        self.faults = faults;
    }

    fn concept(&mut self, element: &Element<'n, '_>, parent: Option<&'n str>) {
        let Some(code) = element.text("code", &mut self.faults) else {
            let message = "a concept must have a code; it is left out";
            self.faults
                .push(element.fault_at("code", ProblemKind::BadIdentifier, message));
            self.concepts_of(element, parent);
            return;
        };
        if !self.seen.insert(code) {
            let message = format!("the code {} has been used before; the first concept is kept", shown(code));
            self.faults.push(element.fault_at("code", ProblemKind::DuplicateKey, message));
            self.concepts_of(element, Some(code));
            return;
        }
        let line = element.object.line;
        if let Some(parent) = parent {
            self.links.push(Link {
                child: code,
                parent,
                line,
            });
        }
        let properties = self.properties(element);
        let faults = &mut self.faults;
        let mut concept = Concept {
            code,
            line,
            display: element.text("display", faults),
            definition: element.text("definition", faults),
            active: true,
            not_selectable: false,
            status: None,
            designations: designations(element, faults),
            properties: Vec::new(),
            extensions: element.extensions(faults),
        };
        for (index, property) in properties {
            self.apply_role(element, &mut concept, &property, index);
            concept.properties.push(property);
        }
        self.concepts.push(concept);
        self.concepts_of(element, Some(code));
    }

    fn apply_role(&mut self, element: &Element<'n, '_>, concept: &mut Concept<'n>, property: &ConceptProperty<'n>, index: usize) {
        let Some(role) = self.roles.by_code.get(property.code) else {
            return;
        };
        let (code, line) = (concept.code, concept.line);
        match (role, &property.value) {
            (Role::NotSelectable, ConceptValue::Boolean(truth)) => concept.not_selectable |= truth,
            (Role::Inactive, ConceptValue::Boolean(true))
            | (Role::Inactive, ConceptValue::Code("true") | ConceptValue::String("true")) => concept.active = false,
            (Role::Status, ConceptValue::Code(status) | ConceptValue::String(status)) => {
                concept.status = Some(status);
                concept.active &= !matches!(*status, "retired" | "inactive");
            }
            (Role::Parent, ConceptValue::Code(parent)) => {
                let path = element.path.item("property", index).to_string();
                self.stated.push((
                    Link {
                        child: code,
                        parent,
                        line,
                    },
                    path,
                ));
            }
            (Role::Child, ConceptValue::Code(child)) => {
                let path = element.path.item("property", index).to_string();
                self.stated.push((
                    Link {
                        child,
                        parent: code,
                        line,
                    },
                    path,
                ));
            }
            _ => {}
        }
    }

    fn properties(&mut self, element: &Element<'n, '_>) -> Vec<(usize, ConceptProperty<'n>)> {
        let mut properties = Vec::new();
        let mut index = 0;
        element.each("property", &mut self.faults, |property, faults| {
            let read = concept_property(&property, faults);
            properties.extend(read.map(|read| (index, read)));
            index += 1;
        });
        properties
    }

    /// Joins nested and stated links. Those of a supplement may name concepts of the system it adds to: its stated
    /// links stay properties.
    fn resolve_links(&mut self) -> Vec<Link<'n>> {
        let mut links = std::mem::take(&mut self.links);
        if self.stated.is_empty() || self.header.content == Content::Supplement {
            return links;
        }
        let mut known: HashSet<(&str, &str)> = links.iter().map(|link| (link.child, link.parent)).collect();
        for (link, path) in std::mem::take(&mut self.stated) {
            let missing = [link.child, link.parent].into_iter().find(|code| !self.seen.contains(code));
            if let Some(missing) = missing {
                let message = format!("names the concept {}, which the code system does not have", shown(missing));
                self.faults
                    .push(Fault::new(path, link.line, ProblemKind::UnknownReference, message));
            } else if known.insert((link.child, link.parent)) {
                links.push(link);
            }
        }
        links
    }
}

fn concept_property<'n>(element: &Element<'n, '_>, faults: &mut Vec<Fault>) -> Option<ConceptProperty<'n>> {
    let Some(code) = element.text("code", faults) else {
        faults.push(element.fault_at("code", ProblemKind::BadIdentifier, "a property must have a code"));
        return None;
    };
    let Some((suffix, _)) = element.value_x() else {
        faults.push(element.fault(ProblemKind::BadValue, format!("the property {} has no value[x]", shown(code))));
        return None;
    };
    let value = match suffix {
        "Code" => ConceptValue::Code(element.text("valueCode", faults)?),
        "Coding" => ConceptValue::Coding(element.coding("valueCoding", faults)?),
        "String" => ConceptValue::String(element.text("valueString", faults)?),
        "Boolean" => ConceptValue::Boolean(element.boolean("valueBoolean", faults)?),
        "DateTime" => ConceptValue::DateTime(element.text("valueDateTime", faults)?),
        "Decimal" => ConceptValue::Decimal(element.number("valueDecimal", faults)?),
        "Integer" => {
            let text = element.number("valueInteger", faults)?;
            let Ok(number) = text.parse() else {
                let message = format!("{} is no whole number", shown(text));
                faults.push(element.fault_at("valueInteger", ProblemKind::BadValue, message));
                return None;
            };
            ConceptValue::Integer(number)
        }
        other => {
            let message = format!("value{} is no type of a concept property", shown(other));
            faults.push(element.fault(ProblemKind::BadValue, message));
            return None;
        }
    };
    Some(ConceptProperty {
        code,
        value,
        extensions: element.extensions(faults),
    })
}

fn designations<'n>(element: &Element<'n, '_>, faults: &mut Vec<Fault>) -> Vec<ConceptDesignation<'n>> {
    let mut designations = Vec::new();
    element.each("designation", faults, |designation, faults| {
        let Some(value) = designation.text("value", faults) else {
            faults.push(designation.fault_at("value", ProblemKind::BadValue, "a designation must have a value"));
            return;
        };
        designations.push(ConceptDesignation {
            language: designation.text("language", faults),
            use_: designation.coding("use", faults),
            value,
            extensions: designation.extensions(faults),
        });
    });
    designations
}

/// Hands a code system to a sink: the header, then each concept with its terms and properties, then the hierarchy.
pub fn emit(code_system: &CodeSystem<'_>, file: u16, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let at = |line| At { file, column: 0, line };
    sink.accept(at(0), Record::CodeSystem(&code_system.header))?;
    for concept in &code_system.concepts {
        emit_concept(concept, at(concept.line), sink)?;
    }
    for link in &code_system.links {
        let (child, parent) = (link.child, link.parent);
        sink.accept(at(link.line), Record::Parent { child, parent })?;
    }
    Ok(())
}

fn emit_concept(concept: &Concept<'_>, at: At, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
    let code = concept.code;
    let record = ConceptRecord {
        code,
        active: concept.active,
        not_selectable: concept.not_selectable,
        status: concept.status,
        extensions: concept.extensions.as_deref(),
    };
    sink.accept(at, Record::Concept(record))?;
    let plain = |value, kind| DesignationRecord::new(code, value, kind);
    if let Some(display) = concept.display {
        sink.accept(at, Record::Designation(plain(display, DesignationKind::Display)))?;
    }
    for designation in &concept.designations {
        let record = DesignationRecord {
            language: designation.language,
            use_: designation.use_.as_ref(),
            extensions: designation.extensions.as_deref(),
            ..plain(designation.value, kind_of_use(designation.use_.as_ref()))
        };
        sink.accept(at, Record::Designation(record))?;
    }
    if let Some(definition) = concept.definition {
        sink.accept(at, Record::Designation(plain(definition, DesignationKind::Definition)))?;
    }
    for property in &concept.properties {
        let record = PropertyRecord {
            extensions: property.extensions.as_deref(),
            ..PropertyRecord::new(code, property.code, 0, property.value.record())
        };
        sink.accept(at, Record::Property(record))?;
    }
    Ok(())
}

/// The part a designation plays by its use; SNOMED's uses are the ones publishers borrow.
fn kind_of_use(use_: Option<&Coding>) -> DesignationKind {
    match use_ {
        Some(coding) if coding.system.as_deref() == Some(SNOMED) => match coding.code.as_str() {
            FULLY_SPECIFIED_NAME => DesignationKind::FullySpecifiedName,
            TEXT_DEFINITION => DesignationKind::Definition,
            _ => DesignationKind::Synonym,
        },
        _ => DesignationKind::Synonym,
    }
}

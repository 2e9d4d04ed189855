//! The field's words as types: canonicals, codes, designations, properties, relationships, value sets.
//!
//! These are the domain types every room shares. They follow FHIR R5 where R4 and R5 differ; the R4 shapes
//! are rendered at the edge. They do not derive serde for FHIR: the wire is converted in the `fhir` rooms.
//! (Headers derive serde because the manifest of an index stores them.)

use serde::{Deserialize, Serialize};
use std::fmt;

/// A canonical reference: a URL and, optionally, a business version (FHIR `canonical`, `url|version`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Canonical {
    /// The canonical URL without a version.
    pub url: String,
    /// The business version, if one was named.
    pub version: Option<String>,
}

impl Canonical {
    /// Makes a canonical from a URL and an optional version.
    pub fn new(url: impl Into<String>, version: Option<String>) -> Self {
        Self {
            url: url.into(),
            version,
        }
    }

    /// Reads `url|version` or `url`; an empty version counts as none. A SNOMED CT expression constraint in a URL has terms between
    /// pipes: only a pipe that closes none of them comes before a version.
    pub fn parse(text: &str) -> Self {
        const CONSTRAINT: &str = "?fhir_vs=ecl/";
        let parts = match text.split_once(CONSTRAINT) {
            Some((_, constraint)) if constraint.matches('|').count() % 2 == 0 => None,
            Some(_) => text.rsplit_once('|'),
            None => text.split_once('|'),
        };
        match parts {
            Some((url, version)) => Self::new(url, Some(version).filter(|v| !v.is_empty()).map(str::to_owned)),
            None => Self::new(text, None),
        }
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}|{}", self.url, version),
            None => f.write_str(&self.url),
        }
    }
}

/// A dense number of a concept inside one index. Never shown to a client, never mixed between indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ordinal(pub u32);

/// A code in a code system (FHIR `Coding`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coding {
    /// Canonical URL of the code system; `None` where the source gave none.
    pub system: Option<String>,
    /// Version of the code system, if named.
    pub version: Option<String>,
    /// The code, always a string: leading zeros and dots matter.
    pub code: String,
    /// A display as given or chosen.
    pub display: Option<String>,
}

impl Coding {
    /// Makes a coding of a system and a code.
    pub fn new(system: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            system: Some(system.into()),
            code: code.into(),
            ..Self::default()
        }
    }
}

/// A term of a concept (FHIR `CodeSystem.concept.designation`), as a reader returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Designation {
    /// The publisher's identifier of the term (SNOMED description id), if it has one.
    pub id: Option<String>,
    /// BCP-47 language tag, if known.
    pub language: Option<String>,
    /// What the term is for (synonym, fully specified name, ...).
    pub use_: Option<Coding>,
    /// The term.
    pub value: String,
    /// Whether the term itself is in use.
    pub active: bool,
    /// What part the term plays for this project; see [`DesignationKind`].
    pub kind: DesignationKind,
    /// In which dialects (language reference sets, by their code) the term is preferred or acceptable.
    pub acceptability: Vec<(String, Acceptability)>,
}

/// The part a designation plays. Every concept has at most one [`DesignationKind::Display`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DesignationKind {
    /// The term shown when nothing else is asked for.
    Display = 0,
    /// Another term for the same meaning: searched, and matched by the mapper.
    Synonym = 1,
    /// A fully specified name: searched, ranked after synonyms.
    FullySpecifiedName = 2,
    /// An index, inclusion or related term: searched, but may be broader or narrower than the concept.
    Related = 3,
    /// A definition or note: long text, never searched by default, never a display.
    Definition = 4,
}

impl DesignationKind {
    /// Reads the number used at rest.
    pub fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Display,
            1 => Self::Synonym,
            2 => Self::FullySpecifiedName,
            3 => Self::Related,
            4 => Self::Definition,
            _ => return None,
        })
    }
}

/// Acceptability of a term in a dialect (SNOMED language reference sets).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Acceptability {
    /// 900000000000548007
    Preferred = 0,
    /// 900000000000549004
    Acceptable = 1,
}

/// The type of a property's values (FHIR `CodeSystem.property.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PropertyType {
    /// A code of the same code system.
    Code,
    /// A coding of any code system.
    Coding,
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// true or false.
    Boolean,
    /// A FHIR dateTime.
    DateTime,
    /// A decimal number, its text kept as given.
    Decimal,
}

/// A property's value. Numbers and dates keep the text of the source, so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PropertyValue {
    /// A code of the same code system (it need not be a concept that is present).
    Code(String),
    /// A coding of any code system.
    Coding(Coding),
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// true or false.
    Boolean(bool),
    /// A FHIR dateTime as given.
    DateTime(String),
    /// A decimal as given.
    Decimal(String),
}

impl PropertyValue {
    /// The FHIR type of the value.
    pub fn property_type(&self) -> PropertyType {
        match self {
            Self::Code(_) => PropertyType::Code,
            Self::Coding(_) => PropertyType::Coding,
            Self::String(_) => PropertyType::String,
            Self::Integer(_) => PropertyType::Integer,
            Self::Boolean(_) => PropertyType::Boolean,
            Self::DateTime(_) => PropertyType::DateTime,
            Self::Decimal(_) => PropertyType::Decimal,
        }
    }
}

impl fmt::Display for PropertyValue {
    /// The value as a filter would name it: a coding shows its code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(text) | Self::String(text) | Self::DateTime(text) | Self::Decimal(text) => f.write_str(text),
            Self::Coding(coding) => f.write_str(&coding.code),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(truth) => write!(f, "{truth}"),
        }
    }
}

/// A property of a concept as a reader returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The property's code in its code system.
    pub code: String,
    /// Role group (SNOMED); 0 for ungrouped.
    pub group: u16,
    /// The value.
    pub value: PropertyValue,
}

/// Declares a property (FHIR `CodeSystem.property`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyDefinition {
    /// The code used in concepts and filters.
    pub code: String,
    /// The formal identifier, e.g. `http://hl7.org/fhir/concept-properties#notSelectable`.
    pub uri: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// The type of its values.
    pub property_type: PropertyType,
}

/// Declares a filter (FHIR `CodeSystem.filter`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterDefinition {
    /// The code used in value sets.
    pub code: String,
    /// What it means.
    pub description: Option<String>,
    /// The operators that apply, by their FHIR codes.
    pub operators: Vec<String>,
    /// What a value looks like.
    pub value: Option<String>,
}

/// How complete a code system's content is (FHIR `CodeSystem.content`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Nothing is enumerated.
    NotPresent,
    /// Some representative concepts.
    Example,
    /// A part.
    Fragment,
    /// Everything.
    Complete,
    /// Additions to another code system.
    Supplement,
}

impl Content {
    /// Reads the FHIR code.
    pub fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "not-present" => Self::NotPresent,
            "example" => Self::Example,
            "fragment" => Self::Fragment,
            "complete" => Self::Complete,
            "supplement" => Self::Supplement,
            _ => return None,
        })
    }

    /// The FHIR code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotPresent => "not-present",
            Self::Example => "example",
            Self::Fragment => "fragment",
            Self::Complete => "complete",
            Self::Supplement => "supplement",
        }
    }
}

/// In which order the builder numbers sibling concepts, and so the order of an expansion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConceptOrder {
    /// As the source lists them (FHIR resources, ICD).
    AsGiven,
    /// By code (large flat releases, where file order carries no meaning).
    ByCode,
}

/// What is known of a code system version besides its concepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSystemHeader {
    /// Canonical URL (`http://loinc.org`).
    pub url: String,
    /// Business version; SNOMED CT uses its version URI.
    pub version: Option<String>,
    /// FHIR resource id, where the source has one.
    pub id: Option<String>,
    /// Computer-friendly name.
    pub name: Option<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Publication status code (draft, active, retired, unknown).
    pub status: Option<String>,
    /// Whether it is for testing only.
    pub experimental: Option<bool>,
    /// FHIR dateTime of the release.
    pub date: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Licence notice, shown by `tern status` and in resources.
    pub copyright: Option<String>,
    /// How complete it is.
    pub content: Content,
    /// Whether codes differ by case.
    pub case_sensitive: bool,
    /// Whether it has a grammar for post-coordination.
    pub compositional: bool,
    /// Whether codes change meaning between versions.
    pub version_needed: bool,
    /// FHIR hierarchy meaning code (is-a, part-of, grouped-by, classified-with).
    pub hierarchy_meaning: Option<String>,
    /// Canonical of the value set of all its codes.
    pub value_set: Option<String>,
    /// For a supplement: what it adds to.
    pub supplements: Option<Canonical>,
    /// Language of displays that carry none.
    pub language: Option<String>,
    /// Other identifiers (OIDs as `urn:oid:...`).
    pub identifiers: Vec<String>,
    /// Declared properties.
    pub properties: Vec<PropertyDefinition>,
    /// Declared filters.
    pub filters: Vec<FilterDefinition>,
    /// Sibling order.
    pub order: ConceptOrder,
    /// The source FHIR resource as JSON without its concepts, where the source was one; opaque here.
    pub resource: Option<String>,
    /// What kind of release it came from: the loader's name (`snomed`, `loinc`, `rxnorm`, `icd`, `fhir`).
    pub loader: String,
}

impl CodeSystemHeader {
    /// A header with the defaults of a complete, case-sensitive, active code system.
    pub fn new(url: impl Into<String>, version: Option<String>, loader: &str) -> Self {
        Self {
            url: url.into(),
            version,
            id: None,
            name: None,
            title: None,
            status: Some("active".into()),
            experimental: None,
            date: None,
            publisher: None,
            description: None,
            copyright: None,
            content: Content::Complete,
            case_sensitive: true,
            compositional: false,
            version_needed: false,
            hierarchy_meaning: None,
            value_set: None,
            supplements: None,
            language: None,
            identifiers: Vec::new(),
            properties: Vec::new(),
            filters: Vec::new(),
            order: ConceptOrder::AsGiven,
            resource: None,
            loader: loader.into(),
        }
    }

    /// The canonical of this version.
    pub fn canonical(&self) -> Canonical {
        Canonical::new(&self.url, self.version.clone())
    }
}

/// How a source concept relates to its target (FHIR R5 `ConceptMapRelationship`).
///
/// R4 `equivalence` is rendered at the edge; the trap: R4 `wider` says the *target* is wider, which is R5
/// `source-is-narrower-than-target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Relationship {
    /// The same meaning.
    Equivalent = 0,
    /// The source is narrower than the target.
    SourceIsNarrowerThanTarget = 1,
    /// The source is broader than the target.
    SourceIsBroaderThanTarget = 2,
    /// Related, the exact relation is not known.
    RelatedTo = 3,
    /// Stated to be unrelated.
    NotRelatedTo = 4,
}

impl Relationship {
    /// All relationships in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Equivalent,
        Self::SourceIsNarrowerThanTarget,
        Self::SourceIsBroaderThanTarget,
        Self::RelatedTo,
        Self::NotRelatedTo,
    ];

    /// The R5 code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::SourceIsNarrowerThanTarget => "source-is-narrower-than-target",
            Self::SourceIsBroaderThanTarget => "source-is-broader-than-target",
            Self::RelatedTo => "related-to",
            Self::NotRelatedTo => "not-related-to",
        }
    }

    /// Reads an R5 code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relationship| relationship.as_str() == code)
    }

    /// Reads an R4 `equivalence` code. `unmatched` and `disjoint` both say "not related".
    pub fn from_r4_equivalence(code: &str) -> Option<Self> {
        Some(match code {
            "equivalent" | "equal" => Self::Equivalent,
            "wider" | "subsumes" => Self::SourceIsNarrowerThanTarget,
            "narrower" | "specializes" => Self::SourceIsBroaderThanTarget,
            "relatedto" | "inexact" => Self::RelatedTo,
            "unmatched" | "disjoint" => Self::NotRelatedTo,
            _ => return None,
        })
    }

    /// The relation seen from the target.
    pub fn reversed(self) -> Self {
        match self {
            Self::SourceIsNarrowerThanTarget => Self::SourceIsBroaderThanTarget,
            Self::SourceIsBroaderThanTarget => Self::SourceIsNarrowerThanTarget,
            other => other,
        }
    }
}

/// A `dependsOn`, `product` or `property` of a mapping (FHIR R5 `ConceptMap.group.element.target`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingAttribute {
    /// Which of the three it is.
    pub role: MappingAttributeRole,
    /// The attribute's code or URI.
    pub attribute: String,
    /// Code system of the value, for coded values.
    pub system: Option<String>,
    /// The value as text (a code, a string, a number).
    pub value: String,
    /// Display of a coded value.
    pub display: Option<String>,
    /// FHIR type suffix of `value[x]` (`Code`, `Coding`, `String`, `Boolean`, `Quantity`...).
    pub value_type: String,
}

/// The part an attribute plays in a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MappingAttributeRole {
    /// The mapping holds only with this source-side context.
    DependsOn,
    /// The mapping also yields this.
    Product,
    /// Extra information on the mapping.
    Property,
}

/// One row of a concept map, as a reader returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Source coding; system and version come from the group.
    pub source: Coding,
    /// Target coding; `None` states that there is no target (FHIR `noMap`).
    pub target: Option<Coding>,
    /// How the source relates to the target.
    pub relationship: Relationship,
    /// Map group (SNOMED extended maps) or choice scenario (GEM); 0 where there is none.
    pub group: u16,
    /// Order inside the group; 0 where there is none.
    pub priority: u16,
    /// Machine-readable rule, e.g. `IFA 248152002 | Female |`.
    pub rule: Option<String>,
    /// Advice for people.
    pub advice: Option<String>,
    /// Publisher's comment.
    pub comment: Option<String>,
    /// Context, products and properties.
    pub attributes: Vec<MappingAttribute>,
}

/// What to answer for a source code that a group does not list (FHIR `ConceptMap.group.unmapped`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// Source system of the group it belongs to.
    pub source_system: Option<String>,
    /// Target system of the group it belongs to.
    pub target_system: Option<String>,
    /// `use-source-code` (R4 `provided`), `fixed` or `other-map`.
    pub mode: String,
    /// Fixed code.
    pub code: Option<String>,
    /// Display of the fixed code.
    pub display: Option<String>,
    /// Value set of fixed codes (R5).
    pub value_set: Option<String>,
    /// Relationship to state.
    pub relationship: Option<String>,
    /// The other map.
    pub other_map: Option<String>,
}

/// One side of a mapping: a code, or a value set of which every code is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MappedSide {
    /// Code system of the group.
    pub system: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The code; `None` where a value set is meant.
    pub code: Option<String>,
    /// Its display.
    pub display: Option<String>,
    /// The value set.
    pub value_set: Option<String>,
}

/// A row of a concept map of which one side at least is a value set (R5 `element.valueSet`, `target.valueSet`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueSetMapping {
    /// What is mapped.
    pub source: MappedSide,
    /// What it is mapped to; `None` states that there is no target.
    pub target: Option<MappedSide>,
    /// How a source relates to a target, by its R5 code.
    pub relationship: String,
    /// Publisher's comment.
    pub comment: Option<String>,
    /// Context, products and properties.
    pub attributes: Vec<MappingAttribute>,
}

/// What is known of a concept map besides its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConceptMapHeader {
    /// Canonical URL.
    pub url: String,
    /// Business version.
    pub version: Option<String>,
    /// FHIR resource id, where the source has one.
    pub id: Option<String>,
    /// Computer-friendly name.
    pub name: Option<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Publication status code.
    pub status: Option<String>,
    /// FHIR dateTime.
    pub date: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// Licence notice.
    pub copyright: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Canonical of the source value set (`sourceScope`).
    pub source_scope: Option<String>,
    /// Canonical of the target value set (`targetScope`).
    pub target_scope: Option<String>,
    /// Rules for codes that are not listed.
    pub unmapped: Vec<Unmapped>,
    /// Rows from or to whole value sets (R5); the index has those of codes.
    #[serde(default)]
    pub value_set_rows: Vec<ValueSetMapping>,
    /// The source FHIR resource as JSON without its groups, where the source was one; opaque here.
    pub resource: Option<String>,
    /// The loader's name.
    pub loader: String,
}

//! FHIR `NamingSystem` JSON, R4 and R5: the names by which one code system or identifier system is known.
//!
//! It reads the names; resolving them to a loaded system is the service's part.

use super::element::{Element, Fault, Parsed, Path};
use super::json::Node;
use tern_index::record::ProblemKind;

/// A naming system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamingSystem {
    /// FHIR resource id.
    pub id: Option<String>,
    /// Canonical URL (R5).
    pub url: Option<String>,
    /// Business version (R5).
    pub version: Option<String>,
    /// Computer-friendly name.
    pub name: Option<String>,
    /// Title for people (R5).
    pub title: Option<String>,
    /// Publication status code.
    pub status: Option<String>,
    /// `codesystem`, `identifier` or `root`.
    pub kind: Option<String>,
    /// FHIR date.
    pub date: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// Who is responsible for what it names.
    pub responsible: Option<String>,
    /// What it is known by.
    pub unique_ids: Vec<UniqueId>,
    /// The resource as given, compact JSON; opaque here.
    pub resource: String,
}

/// `NamingSystem.uniqueId`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UniqueId {
    /// `oid`, `uuid`, `uri`, `iri-stem`, `v2csmnemonic` or `other`.
    pub id_type: String,
    /// The name itself, as given: an OID has no `urn:oid:` before it.
    pub value: String,
    /// Whether it is the one to use among those of its type.
    pub preferred: bool,
    /// When it was valid, `start/end`, either of which may be left open; `None` is always.
    pub period: Option<String>,
}

impl UniqueId {
    /// The name as a URI where it can be one: an OID or UUID as URN.
    pub fn as_uri(&self) -> String {
        match self.id_type.as_str() {
            "oid" if !self.value.starts_with("urn:") => format!("urn:oid:{}", self.value),
            "uuid" if !self.value.starts_with("urn:") => format!("urn:uuid:{}", self.value),
            _ => self.value.clone(),
        }
    }
}

impl NamingSystem {
    /// The URI to use for the system: the preferred one, else the first.
    pub fn preferred_uri(&self) -> Option<&str> {
        self.preferred("uri").map(|id| id.value.as_str())
    }

    /// The name of a type to use: the preferred one, else the first.
    pub fn preferred(&self, id_type: &str) -> Option<&UniqueId> {
        self.preferred_of(id_type, |_| true)
    }

    /// The same, among those that count.
    pub fn preferred_of(&self, id_type: &str, counts: impl Fn(&UniqueId) -> bool) -> Option<&UniqueId> {
        let ids = || self.unique_ids.iter().filter(|id| id.id_type == id_type && counts(id));
        ids().find(|id| id.preferred).or_else(|| ids().next())
    }
}

/// Reads a NamingSystem resource. The error says that it is none; lesser faults come with the value.
pub fn read(node: &Node<'_>) -> Result<Parsed<NamingSystem>, Fault> {
    read_at(node, Path::root("NamingSystem"))
}

/// Like [`read`], for a resource inside another (`Bundle.entry[3].resource`).
pub fn read_at(node: &Node<'_>, path: Path<'_>) -> Result<Parsed<NamingSystem>, Fault> {
    let element = Element::resource(node, "NamingSystem", path)?;
    let mut faults = Vec::new();
    let mut unique_ids = Vec::new();
    element.each("uniqueId", &mut faults, |unique, faults| {
        let (id_type, value) = (unique.owned("type", faults), unique.owned("value", faults));
        let preferred = unique.boolean("preferred", faults).unwrap_or(false);
        let period = unique.child("period", faults).map(|period| {
            let end = |name| period.object.get(name).and_then(Node::as_str).unwrap_or("");
            format!("{}/{}", end("start"), end("end"))
        });
        match (id_type, value) {
            (Some(id_type), Some(value)) => unique_ids.push(UniqueId {
                id_type,
                value,
                preferred,
                period,
            }),
            _ => faults.push(unique.fault(ProblemKind::BadIdentifier, "a unique id must have a type and a value")),
        }
    });
    let faults_of_header = &mut faults;
    let value = NamingSystem {
        id: element.owned("id", faults_of_header),
        url: element.owned("url", faults_of_header),
        version: element.owned("version", faults_of_header),
        name: element.owned("name", faults_of_header),
        title: element.owned("title", faults_of_header),
        status: element.owned("status", faults_of_header),
        kind: element.owned("kind", faults_of_header),
        date: element.owned("date", faults_of_header),
        publisher: element.owned("publisher", faults_of_header),
        responsible: element.owned("responsible", faults_of_header),
        unique_ids,
        resource: element.object.to_text(),
    };
    Ok(Parsed { value, faults })
}

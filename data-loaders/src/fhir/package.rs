//! The manifest of a FHIR package: `package.json` in the layout of npm, with FHIR's own fields.
//!
//! It tells a FHIR package from any other npm package, and reads no dependencies: what a package needs is loaded
//! by naming it.

use super::json::{Node, parse};

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) version: String,
    /// FHIR version of the resources; the first of those named.
    pub(super) fhir_version: Option<String>,
}

impl Manifest {
    /// Reads a manifest; `None` if it is not that of a FHIR package.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let node = parse(bytes).ok()?;
        let text = |name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
        let listed = ["fhirVersions", "fhir-version-list"]
            .into_iter()
            .find_map(|name| node.get(name));
        let fhir_version = match listed {
            Some(Node::Array(versions)) => versions.iter().find_map(Node::as_str).map(str::to_owned),
            _ => text("fhirVersion"),
        };
        let depends_on_fhir = match node.get("dependencies") {
            Some(Node::Object(object)) => object.members.iter().any(|(name, _)| name.starts_with("hl7.fhir.")),
            _ => false,
        };
        let typed = text("type").is_some_and(|kind| kind.starts_with("fhir."));
        if listed.is_none() && fhir_version.is_none() && !depends_on_fhir && !typed {
            return None;
        }
        Some(Self {
            name: text("name")?,
            version: text("version").unwrap_or_default(),
            fhir_version,
        })
    }

    /// The name by which its resources are stored together.
    pub(super) fn origin(&self) -> String {
        if self.version.is_empty() {
            self.name.clone()
        } else {
            format!("{}#{}", self.name, self.version)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fhir_packages_are_packages() {
        let fhir = Manifest::read(br#"{"name":"a.b","version":"1.0","fhirVersions":["4.0.1","4.3.0"]}"#).unwrap();
        assert_eq!(
            (fhir.origin().as_str(), fhir.fhir_version.as_deref()),
            ("a.b#1.0", Some("4.0.1"))
        );
        let old = Manifest::read(br#"{"name":"a.b","fhir-version-list":["3.0.2"]}"#).unwrap();
        assert_eq!((old.origin().as_str(), old.fhir_version.as_deref()), ("a.b", Some("3.0.2")));
        let needs = Manifest::read(br#"{"name":"a.b","version":"1","dependencies":{"hl7.fhir.r4.core":"4.0.1"}}"#);
        assert_eq!(needs.unwrap().fhir_version, None);
        assert_eq!(
            Manifest::read(br#"{"name":"left-pad","version":"1.0","dependencies":{"x":"1"}}"#),
            None
        );
        assert_eq!(Manifest::read(b"nonsense"), None);
    }
}

//! The parameters of the operations, in one list: what a request may have (`Prefer: handling=strict` refuses anything else),
//! what TerminologyCapabilities says of expansions, and the OperationDefinition resources.
//!
//! Parameters that only one FHIR version has are marked so for its definitions; requests may use the names of both.

mod definition;
mod tables;

pub use definition::{SEARCHED, named, search};

use super::FhirVersion;
use super::interaction::Operation;

/// Whether a parameter goes in or comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Into the operation.
    In,
    /// Out of it.
    Out,
}

/// A parameter of an operation, or a part of one.
#[derive(Debug, Clone, Copy)]
pub struct OperationParameter {
    /// Its name.
    pub name: &'static str,
    /// In or out.
    pub direction: Use,
    /// `0..1` and the like.
    pub cardinality: &'static str,
    /// The FHIR type; empty where it has parts.
    pub of: &'static str,
    /// What it means.
    pub says: &'static str,
    /// Its parts.
    pub parts: &'static [OperationParameter],
    /// The version that has it, if only one does.
    pub only: Option<FhirVersion>,
}

/// Something that has a definition: an operation of a type, or one of the server itself or of every type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defined {
    /// An operation of a resource type.
    OfType(Operation),
    /// `$versions`
    Versions,
    /// `$cache-control`
    CacheControl,
    /// `$validate`, of every type.
    Validate,
}

impl Defined {
    /// All that is defined.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_types = Operation::ALL.into_iter().map(Self::OfType);
        of_types.chain([Self::Versions, Self::CacheControl, Self::Validate])
    }

    /// Its parameters, in groups.
    fn tables(self) -> &'static [&'static [OperationParameter]] {
        tables::of(self)
    }

    /// Its parameters as a FHIR version has them.
    pub fn parameters(self, version: FhirVersion) -> impl Iterator<Item = &'static OperationParameter> {
        let all = self.tables().iter().flat_map(|table| table.iter());
        all.filter(move |parameter| parameter.only.is_none_or(|only| only == version))
    }
}

/// Names that clients send along for their own sake.
const TOLERATED: &[&str] = &["uuid", "diagnostics"];

/// Whether a request may have a parameter. Clients send the same settings to all that value sets are asked, so these share
/// theirs.
pub fn is_known(operation: Operation, name: &str) -> bool {
    use Operation::{
        BatchValidateInCodeSystem, BatchValidateInValueSet, Compare, Expand, ValidateInCodeSystem, ValidateInValueSet,
    };
    let settings: &[Operation] = match operation {
        Expand | Compare | ValidateInCodeSystem | ValidateInValueSet | BatchValidateInCodeSystem | BatchValidateInValueSet => {
            &[Expand, ValidateInValueSet, ValidateInCodeSystem]
        }
        _ => &[],
    };
    let own = |operation: Operation| {
        let all = Defined::OfType(operation).tables().iter().flat_map(|table| table.iter());
        all.into_iter()
            .any(|parameter| parameter.direction == Use::In && parameter.name == name)
    };
    TOLERATED.contains(&name) || own(operation) || settings.iter().any(|other| own(*other))
}

/// The parameters of `$expand` that say how, not what.
pub fn expansion_parameters() -> Vec<&'static str> {
    let all = tables::EXPANSION.iter().chain(tables::VERSIONS).chain(tables::SHARED);
    let mut names: Vec<&str> = all.map(|parameter| parameter.name).collect();
    names.push("valueSetVersion");
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_parameter_is_named_once_and_well_formed() {
        for defined in Defined::all() {
            for version in [FhirVersion::R4, FhirVersion::R5] {
                let mut seen = BTreeSet::new();
                for parameter in defined.parameters(version) {
                    assert!(
                        seen.insert((parameter.direction == Use::In, parameter.name)),
                        "{defined:?} {}",
                        parameter.name
                    );
                    assert!(
                        ["0..1", "1..1", "0..*", "1..*"].contains(&parameter.cardinality),
                        "{}",
                        parameter.name
                    );
                    assert_eq!(parameter.of.is_empty(), !parameter.parts.is_empty(), "{}", parameter.name);
                    assert!(!parameter.says.is_empty(), "{}", parameter.name);
                }
            }
        }
    }

    /// The names that the specification gives, R4 and R5.
    #[test]
    fn every_parameter_of_the_standard_is_there() {
        use Operation::*;
        for (operation, names) in [
            (
                Expand,
                "url valueSet valueSetVersion context contextDirection filter date offset count includeDesignations designation includeDefinition activeOnly useSupplement excludeNested excludeNotForUI excludePostCoordinated displayLanguage property exclude-system system-version check-system-version force-system-version",
            ),
            (
                ValidateInValueSet,
                "url context valueSet valueSetVersion code system systemVersion display coding codeableConcept date abstract displayLanguage useSupplement",
            ),
            (
                ValidateInCodeSystem,
                "url codeSystem code version display coding codeableConcept date abstract displayLanguage",
            ),
            (
                Lookup,
                "code system version coding date displayLanguage property useSupplement",
            ),
            (Subsumes, "codeA codeB system version codingA codingB"),
            (FindMatches, "system version property exact compositional"),
            (
                Translate,
                "url conceptMap conceptMapVersion code sourceCode system version source sourceScope coding sourceCoding codeableConcept sourceCodeableConcept target targetScope targetCode targetCoding targetCodeableConcept targetsystem targetSystem dependency reverse",
            ),
            (Closure, "name concept version"),
            (PreferredId, "id type date"),
            (TranslateId, "id sourceType targetType preferredOnly date"),
        ] {
            for name in names.split(' ') {
                assert!(is_known(operation, name), "{operation:?} {name}");
            }
            assert!(!is_known(operation, "colour"));
        }
    }
}

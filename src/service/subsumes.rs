//! `CodeSystem/$subsumes`: how two codes of one code system stand to each other in its hierarchy, of SNOMED CT also
//! two expressions, or an expression and a code.

use super::grammar::Mentions;
use super::postcoordinated::Known;
use super::{Failure, Terminology};
use super::{refusals, version};
use tern_index::model::Coding;

/// A request to compare two codes.
#[derive(Debug, Clone, PartialEq)]
pub struct SubsumesRequest {
    /// The code system: the `system` parameter or the instance; `None` where the codings say it.
    pub system: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// `codeA` or `codingA`
    pub a: Coding,
    /// `codeB` or `codingB`
    pub b: Coding,
}

/// The answer, by its FHIR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subsumption {
    /// The same concept.
    Equivalent,
    /// A is above B.
    Subsumes,
    /// A is below B.
    SubsumedBy,
    /// Neither.
    NotSubsumed,
}

impl Subsumption {
    /// The FHIR code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::Subsumes => "subsumes",
            Self::SubsumedBy => "subsumed-by",
            Self::NotSubsumed => "not-subsumed",
        }
    }
}

/// Compares two codes.
pub fn subsumes(terminology: &Terminology, request: &SubsumesRequest) -> Result<Subsumption, Failure> {
    let named = |coding: &Coding| coding.system.clone().or_else(|| request.system.clone());
    let (Some(system), Some(other)) = (named(&request.a), named(&request.b)) else {
        return Err(refusals::no_system("$subsumes"));
    };
    if system != other || request.system.as_ref().is_some_and(|asked| *asked != system) {
        return Err(refusals::different_systems(&system, &other));
    }
    let version = version(&system, request)?;
    let mut mentions = Mentions::default();
    for coding in [&request.a, &request.b] {
        mentions.coding(terminology, &system, &coding.code);
    }
    let terminology = &mentions.speaking(terminology, false);
    let index = terminology
        .code_system(&system, version)
        .map_err(|unresolved| refusals::unknown_system(&unresolved))?;
    let find = |coding: &Coding| match Known::find(&index, &coding.code) {
        Some(Ok(known)) => Ok(known),
        Some(Err(reason)) => Err(refusals::bad_expression(&coding.code, &reason, index.header())),
        None => Err(refusals::unknown_code(&coding.code, index.header())),
    };
    let (a, b) = (find(&request.a)?, find(&request.b)?);
    a.compare(&index, &b)
        .map_err(|reason| refusals::bad_expression(&request.a.code, &reason, index.header()))
}

/// The version that both codes are of, as the more precise of them says it: an edition goes with each of its versions.
fn version<'r>(system: &str, request: &'r SubsumesRequest) -> Result<Option<&'r str>, Failure> {
    let stated = [&request.version, &request.a.version, &request.b.version];
    let mut stated = stated.into_iter().flatten().map(String::as_str);
    let first = stated.next();
    stated.try_fold(first, |known, other| match known {
        Some(known) if version::matches(other, known) => Ok(Some(other)),
        Some(known) if !version::matches(known, other) => Err(refusals::different_systems(
            &format!("{system}|{known}"),
            &format!("{system}|{other}"),
        )),
        known => Ok(known),
    })
}

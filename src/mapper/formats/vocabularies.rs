//! OMOP vocabularies: their ids for code systems, and concept ids from a CONCEPT table.
//!
//! A concept id cannot be computed: it comes from the CONCEPT table that a site has downloaded. Without one, targets
//! have the id 0, as the common data model wants it for "no concept", and their codes are carried beside.

use super::super::error::MapError;
use super::super::read::{Input, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The code system of OMOP concept ids, for targets of which nothing but the id is known.
pub const CONCEPT_IDS: &str = "https://fhir-terminology.ohdsi.org";

/// The vocabulary of what has none.
const NO_VOCABULARY: &str = "None";
/// Longest vocabulary id that the common data model has room for.
const LONGEST_ID: usize = 20;

const VOCABULARIES: &[(&str, &str)] = &[
    ("LOINC", "http://loinc.org"),
    ("SNOMED", "http://snomed.info/sct"),
    ("RxNorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
    ("ICD10CM", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("ICD10PCS", "http://www.cms.gov/Medicare/Coding/ICD10"),
    ("ICD10", "http://hl7.org/fhir/sid/icd-10"),
    ("ICD9CM", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("NDC", "http://hl7.org/fhir/sid/ndc"),
    ("CVX", "http://hl7.org/fhir/sid/cvx"),
    ("UCUM", "http://unitsofmeasure.org"),
    ("ATC", "http://www.whocc.no/atc"),
    ("CPT4", "http://www.ama-assn.org/go/cpt"),
];

/// The vocabulary id of a code system: its own where it is well known, a short name as it is, else `None`.
pub(super) fn vocabulary_id(system: &str) -> String {
    let known = VOCABULARIES.iter().find(|(_, uri)| *uri == system);
    match known {
        Some((id, _)) => (*id).to_owned(),
        None if !system.is_empty() && system.len() <= LONGEST_ID && !system.contains(':') => system.to_owned(),
        None => NO_VOCABULARY.to_owned(),
    }
}

/// The code system of a vocabulary id.
pub(super) fn system(vocabulary: &str) -> String {
    if vocabulary == NO_VOCABULARY {
        return String::new();
    }
    let known = VOCABULARIES.iter().find(|(id, _)| *id == vocabulary);
    known.map_or(vocabulary, |(_, uri)| uri).to_owned()
}

/// A concept of the CONCEPT table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OmopConcept {
    pub code: String,
    pub name: String,
    pub domain: String,
    pub vocabulary: String,
}

/// Concepts of the common data model, by id and by vocabulary and code.
#[derive(Debug, Clone, Default)]
pub struct OmopConcepts {
    by_id: BTreeMap<u64, OmopConcept>,
    by_code: BTreeMap<(String, String), u64>,
}

impl OmopConcepts {
    /// Reads a CONCEPT table (as Athena gives it out, or as CSV); only vocabularies that are wanted are kept.
    pub fn read(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Self, MapError> {
        let input = Input::open(path)?;
        Self::of_input(input, wanted)
    }

    fn of_input(mut input: Input, wanted: &dyn Fn(&str) -> bool) -> Result<Self, MapError> {
        let place = |column: &str| {
            let found = input.header().iter().position(|name| name.eq_ignore_ascii_case(column));
            found.ok_or_else(|| MapError::Malformed {
                path: input.shown().to_owned(),
                message: format!(
                    "the column {column} is missing; a CONCEPT table has it. The columns are: {}",
                    input.header().join(", ")
                ),
            })
        };
        let places = [
            place("concept_id")?,
            place("concept_code")?,
            place("concept_name")?,
            place("domain_id")?,
            place("vocabulary_id")?,
        ];
        let (mut concepts, mut row) = (Self::default(), Row::default());
        let mut line: u64 = 1;
        while input.next(&mut row)? {
            line += 1;
            let [id, code, name, domain, vocabulary] = places.map(|place| row.fields.get(place).unwrap_or(""));
            if !wanted(vocabulary) {
                continue;
            }
            let Ok(id) = id.parse::<u64>() else {
                return Err(MapError::Malformed {
                    path: input.shown().to_owned(),
                    message: format!("row {line}: concept_id {id:?} is no number"),
                });
            };
            concepts.by_code.insert((vocabulary.to_owned(), code.to_owned()), id);
            let concept = OmopConcept {
                code: code.to_owned(),
                name: name.to_owned(),
                domain: domain.to_owned(),
                vocabulary: vocabulary.to_owned(),
            };
            concepts.by_id.insert(id, concept);
        }
        Ok(concepts)
    }

    /// The id of a code of a code system.
    pub(super) fn id(&self, target_system: &str, code: &str) -> Option<u64> {
        if target_system == CONCEPT_IDS {
            return code.parse().ok();
        }
        self.by_code.get(&(vocabulary_id(target_system), code.to_owned())).copied()
    }

    /// The concept with an id.
    pub(super) fn concept(&self, id: u64) -> Option<&OmopConcept> {
        self.by_id.get(&id)
    }
}

/// Vocabularies of the targets of rows, to keep only their concepts.
pub(super) fn vocabularies<'r>(rows: impl Iterator<Item = &'r super::mapping_set::MappingRow>) -> BTreeSet<String> {
    rows.map(|row| vocabulary_id(&row.target.system)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vocabularies_have_ids_both_ways() {
        for (id, uri) in VOCABULARIES {
            assert_eq!((vocabulary_id(uri).as_str(), system(id).as_str()), (*id, *uri));
        }
        assert_eq!(vocabulary_id("LAB"), "LAB");
        assert_eq!(vocabulary_id("http://hospital.example/lab"), "None");
        assert_eq!(system("None"), "");
    }

    #[test]
    fn concepts_are_found_by_code_and_by_id() {
        let text = b"concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_code\n900\tZorvin\tMeasurement\tLOINC\t910001-7\n901\tx\tDrug\tNDC\t5\n";
        let input = Input::from_reader(Box::new(&text[..]), b'\t', "CONCEPT".into()).unwrap();
        let concepts = OmopConcepts::of_input(input, &|vocabulary| vocabulary == "LOINC").unwrap();
        assert_eq!(concepts.id("http://loinc.org", "910001-7"), Some(900));
        assert_eq!(concepts.concept(900).unwrap().domain, "Measurement");
        assert!(concepts.concept(901).is_none());
        let input = Input::from_reader(Box::new(&b"a\tb\n"[..]), b'\t', "CONCEPT".into()).unwrap();
        assert!(
            OmopConcepts::of_input(input, &|_| true)
                .unwrap_err()
                .to_string()
                .contains("concept_id")
        );
    }
}

//! The short names and object identifiers by which people and older interfaces call the great code systems.
//!
//! Only names whose meaning is fixed by a registry or by common use. What naming systems and headers say of other
//! identifiers is looked up by the terminology, not here.

/// Short names, object identifiers, canonical URL.
const KNOWN: &[(&[&str], &[&str], &str)] = &[
    (
        &["snomed", "snomedct", "sct"],
        &["2.16.840.1.113883.6.96"],
        "http://snomed.info/sct",
    ),
    (&["loinc"], &["2.16.840.1.113883.6.1"], "http://loinc.org"),
    (
        &["rxnorm"],
        &["2.16.840.1.113883.6.88"],
        "http://www.nlm.nih.gov/research/umls/rxnorm",
    ),
    (
        &["icd10cm", "icd-10-cm"],
        &["2.16.840.1.113883.6.90"],
        "http://hl7.org/fhir/sid/icd-10-cm",
    ),
    (
        &["icd10pcs", "icd-10-pcs"],
        &["2.16.840.1.113883.6.4"],
        "http://www.cms.gov/Medicare/Coding/ICD10",
    ),
    (
        &["icd9cm", "icd-9-cm"],
        &["2.16.840.1.113883.6.103", "2.16.840.1.113883.6.104", "2.16.840.1.113883.6.2"],
        "http://hl7.org/fhir/sid/icd-9-cm",
    ),
    (
        &["icd10", "icd-10"],
        &["2.16.840.1.113883.6.3"],
        "http://hl7.org/fhir/sid/icd-10",
    ),
    (&["ndc"], &["2.16.840.1.113883.6.69"], "http://hl7.org/fhir/sid/ndc"),
    (&["cvx"], &["2.16.840.1.113883.12.292"], "http://hl7.org/fhir/sid/cvx"),
    (&["mvx"], &["2.16.840.1.113883.12.227"], "http://hl7.org/fhir/sid/mvx"),
    (&["cpt"], &["2.16.840.1.113883.6.12"], "http://www.ama-assn.org/go/cpt"),
    (&["atc"], &["2.16.840.1.113883.6.73"], "http://www.whocc.no/atc"),
    (
        &["icpc2", "icpc-2"],
        &["2.16.840.1.113883.6.139"],
        "http://hl7.org/fhir/sid/icpc-2",
    ),
    (&["ucum"], &["2.16.840.1.113883.6.8"], "http://unitsofmeasure.org"),
    (&["bcp47"], &["2.16.840.1.113883.6.316"], "urn:ietf:bcp:47"),
    (
        &["hl7-v3-null-flavor"],
        &["2.16.840.1.113883.5.1008"],
        "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
    ),
];

/// The canonical URL of a short name (`loinc`, any case) or of an object identifier (with or without `urn:oid:`).
pub fn canonical_url(name: &str) -> Option<&'static str> {
    let oid = name.strip_prefix("urn:oid:").unwrap_or(name);
    let found = KNOWN
        .iter()
        .find(|(names, oids, _)| oids.contains(&oid) || names.iter().any(|known| known.eq_ignore_ascii_case(name)));
    found.map(|(_, _, url)| *url)
}

/// The shortest name by which a code system is known, for people to read.
pub fn short_name(url: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(_, _, known)| *known == url)?.0.first().copied()
}

/// The first object identifier of a code system.
pub fn oid(url: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(_, _, known)| *known == url)?.1.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_identifiers_lead_to_the_url() {
        assert_eq!(canonical_url("LOINC"), Some("http://loinc.org"));
        assert_eq!(
            canonical_url("urn:oid:2.16.840.1.113883.6.96"),
            Some("http://snomed.info/sct")
        );
        assert_eq!(canonical_url("http://loinc.org"), None);
        assert_eq!(short_name("http://loinc.org"), Some("loinc"));
        assert_eq!(oid("http://snomed.info/sct"), Some("2.16.840.1.113883.6.96"));
    }
}

//! Code systems by the short names, prefixes and namespaces that people write, as FHIR system URIs.
//!
//! A namespace or URI that is not in the table is kept as it is: it is its author's, and guessing would be wrong
//! silently.

/// A well-known code system.
struct Known {
    uri: &'static str,
    /// Names and CURIE prefixes, folded: lower case, letters and digits only.
    names: &'static [&'static str],
    /// Namespaces of the IRIs of its concepts.
    namespaces: &'static [&'static str],
    /// Written before the local part to make the code (`HP:` in HP:0000118).
    code_prefix: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        uri: "http://loinc.org",
        names: &["loinc", "lnc"],
        namespaces: &[
            "http://loinc.org/",
            "https://loinc.org/",
            "http://loinc.org/rdf/",
            "https://loinc.org/rdf/",
            "http://purl.bioontology.org/ontology/LNC/",
        ],
        code_prefix: "",
    },
    Known {
        uri: "http://snomed.info/sct",
        names: &["snomed", "snomedct", "sctid", "sct", "snomedctus"],
        namespaces: &[
            "http://snomed.info/id/",
            "http://snomed.info/sct/",
            "https://snomed.info/id/",
            "http://purl.bioontology.org/ontology/SNOMEDCT/",
            "http://identifiers.org/snomedct/",
        ],
        code_prefix: "",
    },
    Known {
        uri: "http://www.nlm.nih.gov/research/umls/rxnorm",
        names: &["rxnorm", "rxcui", "rxnormrxcui"],
        namespaces: &[
            "http://www.nlm.nih.gov/research/umls/rxnorm/",
            "http://purl.bioontology.org/ontology/RXNORM/",
            "https://identifiers.org/rxnorm:",
        ],
        code_prefix: "",
    },
    Known {
        uri: "http://hl7.org/fhir/sid/icd-10-cm",
        names: &["icd10cm"],
        namespaces: &[
            "http://hl7.org/fhir/sid/icd-10-cm/",
            "http://purl.bioontology.org/ontology/ICD10CM/",
            "http://id.nlm.nih.gov/icd10cm/",
        ],
        code_prefix: "",
    },
    Known {
        uri: "http://www.cms.gov/Medicare/Coding/ICD10",
        names: &["icd10pcs"],
        namespaces: &["http://purl.bioontology.org/ontology/ICD10PCS/"],
        code_prefix: "",
    },
    Known {
        uri: "http://hl7.org/fhir/sid/icd-10",
        names: &["icd10", "icd10who"],
        namespaces: &[
            "http://hl7.org/fhir/sid/icd-10/",
            "http://purl.bioontology.org/ontology/ICD10/",
            "https://icd.who.int/browse10/2019/en#/",
        ],
        code_prefix: "",
    },
    Known {
        uri: "http://hl7.org/fhir/sid/icd-9-cm",
        names: &["icd9cm"],
        namespaces: &[
            "http://hl7.org/fhir/sid/icd-9-cm/",
            "http://purl.bioontology.org/ontology/ICD9CM/",
        ],
        code_prefix: "",
    },
    Known {
        uri: "http://hl7.org/fhir/sid/ndc",
        names: &["ndc"],
        namespaces: &["http://hl7.org/fhir/sid/ndc/"],
        code_prefix: "",
    },
    Known {
        uri: "http://hl7.org/fhir/sid/cvx",
        names: &["cvx"],
        namespaces: &["http://hl7.org/fhir/sid/cvx/", "http://purl.bioontology.org/ontology/CVX/"],
        code_prefix: "",
    },
    Known {
        uri: "http://hl7.org/fhir/sid/mvx",
        names: &["mvx"],
        namespaces: &["http://hl7.org/fhir/sid/mvx/"],
        code_prefix: "",
    },
    Known {
        uri: "http://unitsofmeasure.org",
        names: &["ucum"],
        namespaces: &["http://unitsofmeasure.org/"],
        code_prefix: "",
    },
    Known {
        uri: "http://www.whocc.no/atc",
        names: &["atc"],
        namespaces: &["http://www.whocc.no/atc/", "http://purl.bioontology.org/ontology/ATC/"],
        code_prefix: "",
    },
    Known {
        uri: "http://www.ama-assn.org/go/cpt",
        names: &["cpt", "cpt4"],
        namespaces: &["http://www.ama-assn.org/go/cpt/", "http://purl.bioontology.org/ontology/CPT/"],
        code_prefix: "",
    },
    Known {
        uri: "http://human-phenotype-ontology.org",
        names: &["hp", "hpo"],
        namespaces: &["http://purl.obolibrary.org/obo/HP_"],
        code_prefix: "HP:",
    },
    Known {
        uri: "http://purl.obolibrary.org/obo/mondo.owl",
        names: &["mondo"],
        namespaces: &["http://purl.obolibrary.org/obo/MONDO_"],
        code_prefix: "MONDO:",
    },
];

fn fold(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

fn named(name: &str) -> Option<&'static Known> {
    let folded = fold(name);
    KNOWN.iter().find(|known| known.names.contains(&folded.as_str()))
}

/// The system URI for what a system column says: a well-known name becomes its URI, all else stays as it is.
pub fn system(text: &str) -> &str {
    if text.contains(':') {
        return text;
    }
    named(text).map_or(text, |known| known.uri)
}

/// Whether a namespace is that of a well-known code system.
pub(super) fn is_known_namespace(namespace: &str) -> bool {
    KNOWN.iter().any(|known| known.namespaces.contains(&namespace))
}

/// System and code for a local part in a namespace. Of an unknown namespace one `/`, `#` or `:` at the end is cut.
pub(super) fn in_namespace(namespace: &str, local: &str) -> (String, String) {
    match KNOWN.iter().find(|known| known.namespaces.contains(&namespace)) {
        Some(known) => (known.uri.to_owned(), format!("{}{local}", known.code_prefix)),
        None => {
            let cut = namespace.strip_suffix(['/', '#', ':']).unwrap_or(namespace);
            (cut.to_owned(), local.to_owned())
        }
    }
}

/// System and code for a local part after a well-known CURIE prefix.
pub fn with_prefix(prefix: &str, local: &str) -> Option<(String, String)> {
    named(prefix).map(|known| (known.uri.to_owned(), format!("{}{local}", known.code_prefix)))
}

/// System and code for the whole IRI of a concept: by a known namespace (the longest that fits), else cut at the
/// last `#` or `/`.
pub(super) fn of_iri(iri: &str) -> Option<(String, String)> {
    let known = KNOWN.iter().flat_map(|known| known.namespaces);
    let longest = known
        .filter(|namespace| iri.starts_with(**namespace))
        .max_by_key(|namespace| namespace.len());
    let (namespace, local) = match longest {
        Some(namespace) => (*namespace, &iri[namespace.len()..]),
        None => {
            let place = iri.rfind(['#', '/'])?;
            iri.split_at(place + 1)
        }
    };
    (!local.is_empty()).then(|| in_namespace(namespace, local))
}

/// System and code of a CURIE or IRI. `namespace` gives what the file declares for a prefix.
pub fn resolve<'n>(text: &str, namespace: impl Fn(&str) -> Option<&'n str>) -> Result<(String, String), String> {
    if text.is_empty() {
        return Err("the id is empty; where there is no term, write sssom:NoTermFound".into());
    }
    if text.contains("://") {
        return of_iri(text)
            .map(plain)
            .ok_or_else(|| format!("{text:?} has nothing after its namespace"));
    }
    let Some((prefix, local)) = text.split_once(':').filter(|(_, local)| !local.is_empty()) else {
        return Err(format!("{text:?} is no CURIE (prefix:code) and no IRI"));
    };
    let declared = namespace(prefix);
    let in_declared = declared.map(|namespace| in_namespace(namespace, local));
    let known_namespace = declared.is_some_and(is_known_namespace);
    let found = match in_declared {
        Some(pair) if known_namespace => Some(pair),
        other => with_prefix(prefix, local).or(other),
    };
    found
        .map(plain)
        .ok_or_else(|| format!("the prefix {prefix:?} is not in the curie_map; add a line `#  {prefix}: <namespace>` to it"))
}

/// `%XX` as the bytes they stand for; text that would not be UTF-8 stays as it is.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// A code as it is: what a CURIE or IRI cannot hold stands in it as `%XX`.
fn plain((system, code): (String, String)) -> (String, String) {
    (system, decoded(&code))
}

/// How CURIEs of a well-known code system are written: prefix, namespace, and what of the code the prefix stands for.
pub fn curie(uri: &str) -> Option<(String, &'static str, &'static str)> {
    let known = KNOWN.iter().find(|known| known.uri == uri)?;
    let (name, namespace) = known.names.first().zip(known.namespaces.first())?;
    Some((name.to_uppercase(), namespace, known.code_prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(system: &str, code: &str) -> (String, String) {
        (system.to_owned(), code.to_owned())
    }

    #[test]
    fn names_prefixes_and_namespaces_lead_to_fhir_systems() {
        assert_eq!(system("SNOMED CT"), "http://snomed.info/sct");
        assert_eq!(system("ICD-10-CM"), "http://hl7.org/fhir/sid/icd-10-cm");
        assert_eq!(system("EPIC-LAB"), "EPIC-LAB");
        assert_eq!(system("urn:oid:2.16.840.1.113883.6.1"), "urn:oid:2.16.840.1.113883.6.1");
        assert_eq!(
            with_prefix("SCTID", "22298006"),
            Some(pair("http://snomed.info/sct", "22298006"))
        );
        assert_eq!(
            with_prefix("HP", "0000118"),
            Some(pair("http://human-phenotype-ontology.org", "HP:0000118"))
        );
        assert_eq!(with_prefix("LAB", "1"), None);
        assert_eq!(
            of_iri("http://loinc.org/rdf/2345-7"),
            Some(pair("http://loinc.org", "2345-7"))
        );
        assert_eq!(
            of_iri("https://example.org/lab/glu"),
            Some(pair("https://example.org/lab", "glu"))
        );
        assert_eq!(
            in_namespace("https://example.org/lab#", "glu"),
            pair("https://example.org/lab", "glu")
        );
        assert_eq!(of_iri("https://example.org/"), None);
    }

    #[test]
    fn codes_that_a_curie_cannot_hold_are_decoded() {
        let namespace = |prefix: &str| (prefix == "lab").then_some("https://example.org/lab/");
        assert_eq!(
            resolve("lab:GLU%20SER", namespace),
            Ok(pair("https://example.org/lab", "GLU SER"))
        );
        assert_eq!(
            (decoded("5%"), decoded("%ff"), decoded("%C3%A9")),
            ("5%".into(), "%ff".into(), "é".into())
        );
    }

    #[test]
    fn no_name_and_no_namespace_stands_for_two_systems() {
        let names: Vec<_> = KNOWN.iter().flat_map(|known| known.names).collect();
        let namespaces: Vec<_> = KNOWN.iter().flat_map(|known| known.namespaces).collect();
        for list in [names, namespaces] {
            let unique: std::collections::BTreeSet<_> = list.iter().collect();
            assert_eq!(unique.len(), list.len());
        }
        for name in KNOWN.iter().flat_map(|known| known.names) {
            assert_eq!(&fold(name), name);
        }
    }
}

//! Value sets that exist without a resource: by the URL patterns of SNOMED CT, LOINC and UCUM, and as "all codes" of a
//! code system that names such a value set.
//!
//! Each is turned into an ordinary definition, so that there is one way of evaluating. Expression constraints
//! (`fhir_vs=ecl/`) become a filter of that name; whether it can be evaluated is the evaluation's business.

use super::CodeSystemIndex;
use super::resource::Resource;
use super::terminology::Terminology;
use super::version::UNPUBLISHED;
use crate::grammars::ucum::Unit;
use std::sync::Arc;
use tern_index::value_set::{Compose, Filter, Include, ValueSet};
use tern_loaders::fhir::json::{Node, Object};

const SNOMED: &str = "http://snomed.info/sct";
const LOINC: &str = "http://loinc.org";

/// Makes the implicit value set of a URL, if it is one.
pub fn value_set(terminology: &Terminology, url: &str, version: Option<&str>) -> Option<Arc<ValueSet>> {
    let made = snomed(terminology, url, version)
        .or_else(|| loinc(terminology, url))
        .or_else(|| units(url))
        .or_else(|| all_codes(terminology, url, version))?;
    Some(Arc::new(made))
}

/// The implicit value set of a URL as the resource that it would be, if it is one.
pub fn resource(terminology: &Terminology, url: &str) -> Option<Resource> {
    let made = value_set(terminology, url, None)?;
    Resource::read(&written(terminology, url, &made)).ok()
}

/// What a definition that was made here says, as JSON.
fn written<'v>(terminology: &Terminology, url: &'v str, made: &'v ValueSet) -> Node<'v> {
    fn text(value: &str) -> Node<'_> {
        Node::String(value.into())
    }
    fn object<'v>(members: Vec<(&'static str, Option<Node<'v>>)>) -> Node<'v> {
        let given = members.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
        Node::Object(Object {
            members: given.collect(),
            ..Object::default()
        })
    }
    let include = made.compose.iter().flat_map(|compose| &compose.include).map(|include| {
        let filter = include.filters.iter().map(|filter| {
            object(vec![
                ("property", Some(text(&filter.property))),
                ("op", Some(text(&filter.op))),
                ("value", filter.value.as_deref().map(text)),
            ])
        });
        let filters: Vec<Node<'v>> = filter.collect();
        object(vec![
            ("system", include.system.as_deref().map(text)),
            ("version", include.version.as_deref().map(text)),
            ("filter", (!filters.is_empty()).then_some(Node::Array(filters))),
        ])
    });
    let system = made
        .compose
        .iter()
        .flat_map(|compose| &compose.include)
        .find_map(|include| include.system.as_deref());
    let index = system.and_then(|system| terminology.code_system(system, None).ok());
    let copyright = index.and_then(|index| index.header().copyright.clone());
    object(vec![
        ("resourceType", Some(text("ValueSet"))),
        ("id", Some(Node::String(id_of(url).into()))),
        ("url", Some(text(url))),
        ("version", made.version.as_deref().map(text)),
        ("name", made.name.as_deref().map(text)),
        ("title", made.title.as_deref().map(text)),
        ("status", made.status.as_deref().map(text)),
        ("copyright", copyright.map(|copyright| Node::String(copyright.into()))),
        (
            "compose",
            Some(object(vec![("include", Some(Node::Array(include.collect())))])),
        ),
    ])
}

/// Most characters of an id.
const LONGEST_ID: usize = 64;

/// An id that tells the URL to people.
fn id_of(url: &str) -> String {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let sign = |sign: char| {
        if sign.is_ascii_alphanumeric() || sign == '.' {
            sign
        } else {
            '-'
        }
    };
    bare.chars().map(sign).take(LONGEST_ID).collect()
}

fn definition(url: &str, name: &str, title: String, include: Include) -> ValueSet {
    ValueSet {
        url: Some(url.to_owned()),
        name: Some(name.to_owned()),
        title: Some(title),
        status: Some("active".into()),
        compose: Some(Compose {
            include: vec![include],
            ..Compose::default()
        }),
        ..ValueSet::default()
    }
}

fn filter(property: &str, op: &str, value: &str) -> Vec<Filter> {
    vec![Filter {
        property: property.into(),
        op: op.into(),
        value: Some(value.into()),
    }]
}

/// `http://snomed.info/sct[/edition[/version/date]]?fhir_vs[=isa/|refset/|ecl/...]`; the edition may also be the version that is
/// asked for.
fn snomed(terminology: &Terminology, url: &str, version: Option<&str>) -> Option<ValueSet> {
    let (base, query) = url.split_once('?')?;
    let is_below = |scheme: &str| {
        base.strip_prefix(scheme)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if !is_below(SNOMED) && !is_below(UNPUBLISHED) {
        return None;
    }
    let asked = version.filter(|version| version.starts_with("http://snomed.info/"));
    let version = if base == SNOMED { asked } else { Some(base) }.map(str::to_owned);
    let (title, filters) = match query.strip_prefix("fhir_vs")? {
        "" => ("SNOMED CT Reference Set (All of SNOMED CT)".to_owned(), Vec::new()),
        "=refset" => ("SNOMED CT Reference Sets".to_owned(), filter("refset", "exists", "true")),
        other => match other.strip_prefix('=')?.split_once('/')? {
            ("isa", code) if has_concept(terminology, version.as_deref(), code, false) => (
                format!("SNOMED CT Concept {code} and descendants"),
                filter("concept", "is-a", code),
            ),
            ("refset", code) if has_concept(terminology, version.as_deref(), code, true) => {
                (format!("SNOMED CT Reference Set {code}"), filter("concept", "in", code))
            }
            ("ecl", expression) => {
                let expression = constraint(expression);
                (
                    format!("SNOMED CT Expression Constraint {expression}"),
                    filter("constraint", "=", &expression),
                )
            }
            _ => return None,
        },
    };
    let include = Include {
        system: Some(SNOMED.into()),
        version,
        filters,
        ..Include::default()
    };
    // The whole edition has the name that the HL7 terminology ecosystem knows it by.
    let name = if include.filters.is_empty() {
        "ALLSNOMEDCT"
    } else {
        "SnomedValueSet"
    };
    Some(definition(url, name, title, include))
}

/// Whether there can be a value set of this concept: in the edition that is meant, or in any where none is, since the request
/// may name one yet. Where no edition is loaded that could tell, there can be: the answer is then that the code system is
/// not known.
fn has_concept(terminology: &Terminology, version: Option<&str>, code: &str, refset: bool) -> bool {
    let has = |index: &CodeSystemIndex| {
        let found = index.find(code);
        let is_refset = |concept| index.refset(concept).is_some() || index.refset_rows(concept).is_some();
        found.is_some_and(|concept| !refset || is_refset(concept))
    };
    let meant = terminology.code_system(SNOMED, version);
    match (meant, version) {
        (Ok(index), Some(_)) => has(&index),
        (Ok(index), None) => has(&index) || editions(terminology).any(|index| has(&index)),
        (Err(_), _) => editions(terminology).next().is_none() || editions(terminology).any(|index| has(&index)),
    }
}

fn editions(terminology: &Terminology) -> impl Iterator<Item = Arc<CodeSystemIndex>> {
    terminology
        .code_systems()
        .into_iter()
        .filter(|index| index.header().url == SNOMED)
}

/// `http://loinc.org/vs`, `.../vs/LL123-4` (answers of a list), `.../vs/LP123-4` (below a part).
fn loinc(terminology: &Terminology, url: &str) -> Option<ValueSet> {
    let rest = url.strip_prefix("http://loinc.org/vs")?;
    let mut include = Include {
        system: Some(LOINC.into()),
        ..Include::default()
    };
    if rest.is_empty() {
        return Some(definition(url, "LoincAll", "LOINC: all codes".into(), include));
    }
    let code = rest.strip_prefix('/')?;
    // A list or part that is not loaded has no value set: the answer is "not found", not an empty expansion.
    terminology.code_system(LOINC, None).ok()?.find(code)?;
    let (title, filters) = if code.starts_with("LL") {
        (format!("LOINC: answers of {code}"), filter("LIST", "=", code))
    } else {
        (format!("LOINC: codes of part {code}"), filter("concept", "is-a", code))
    };
    include.filters = filters;
    Some(definition(url, "LoincValueSet", title, include))
}

/// `http://unitsofmeasure.org/vs`, and `.../vs/mg` for the units into which a unit converts.
fn units(url: &str) -> Option<ValueSet> {
    let rest = url.strip_prefix("http://unitsofmeasure.org/vs")?;
    let mut include = Include {
        system: Some("http://unitsofmeasure.org".into()),
        ..Include::default()
    };
    if rest.is_empty() {
        return Some(definition(url, "UcumAll", "UCUM: all units".into(), include));
    }
    let unit = percent_decoded(rest.strip_prefix('/')?);
    let canonical = Unit::parse(&unit).ok()?.canonical();
    include.filters = filter("canonical", "=", &canonical);
    Some(definition(
        url,
        "UcumComparable",
        format!("UCUM: units comparable with {unit}"),
        include,
    ))
}

/// The value set that a code system declares for all its codes.
fn all_codes(terminology: &Terminology, url: &str, version: Option<&str>) -> Option<ValueSet> {
    let header = terminology.header_declaring(url, version)?;
    let include = Include {
        system: Some(header.url.clone()),
        version: version.map(str::to_owned),
        ..Include::default()
    };
    let name = header.name.clone().unwrap_or_default();
    let title = header.title.clone().unwrap_or_else(|| name.clone());
    let mut made = definition(url, &name, title, include);
    made.version = header.version.clone();
    made.status = header.status.clone();
    made.experimental = header.experimental;
    Some(made)
}

/// An expression constraint as it is in a URL. A plus stands for a blank where all is encoded; it stands for itself
/// (`{{ + HISTORY }}`) beside signs that no encoded text has.
fn constraint(text: &str) -> String {
    let is_bare = |sign: char| !sign.is_ascii() || matches!(sign, ' ' | '"' | '<' | '>' | '{' | '}' | '|' | '^');
    if text.contains(is_bare) {
        return percent_decoded(&text.replace('+', "%2B"));
    }
    percent_decoded(text)
}

/// Undoes percent encoding; what is no valid escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let escape = bytes
            .get(place + 1..place + 3)
            .filter(|_| *byte == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escape.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        place += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snomed_patterns_become_filters() {
        let nothing = Terminology::of_resources(Vec::new());
        let snomed = |url| snomed(&nothing, url, None);
        let all = snomed("http://snomed.info/sct?fhir_vs").unwrap().compose.unwrap();
        assert!(all.include[0].filters.is_empty() && all.include[0].version.is_none());
        let edition = "http://snomed.info/sct/45991000052106/version/20220531?fhir_vs=isa/22298006";
        let below = snomed(edition).unwrap().compose.unwrap().include.remove(0);
        assert_eq!(below.version.as_deref(), edition.split('?').next());
        assert_eq!(below.filters, filter("concept", "is-a", "22298006"));
        let ecl = snomed("http://snomed.info/sct?fhir_vs=ecl/%3C%2073211009")
            .unwrap()
            .compose
            .unwrap();
        assert_eq!(ecl.include[0].filters[0].value.as_deref(), Some("< 73211009"));
        for (text, meant) in [
            ("<< 73211009 {{ + HISTORY }}", "<< 73211009 {{ + HISTORY }}"),
            ("<<%2073211009%20{{%20+%20HISTORY%20}}", "<< 73211009 {{ + HISTORY }}"),
            ("%3C%3C+73211009+%7B%7B+%2B+HISTORY+%7D%7D", "<< 73211009 {{ + HISTORY }}"),
        ] {
            assert_eq!(constraint(text), meant);
        }
        assert!(snomed("http://snomed.info/sct?fhir_vs=nonsense").is_none());
        assert!(snomed("http://snomed.info/sctx?fhir_vs").is_none());
        let version = |made: Option<ValueSet>| made.unwrap().compose.unwrap().include.remove(0).version;
        let unpublished = "http://snomed.info/xsct";
        assert_eq!(
            version(snomed("http://snomed.info/xsct?fhir_vs")).as_deref(),
            Some(unpublished)
        );
        let asked = super::snomed(&nothing, "http://snomed.info/sct?fhir_vs", Some("http://snomed.info/sct/1"));
        assert_eq!(version(asked).as_deref(), Some("http://snomed.info/sct/1"));
        assert!(snomed("http://example.org?fhir_vs").is_none());
    }
}

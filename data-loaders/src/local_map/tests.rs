//! Local maps from fixtures, faults with their places, and damaged input.

use super::*;
use crate::collect::{Collected, CollectedProblem, Keep};
use crate::source::{Limits, members};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Rows of maps as lines of text.
#[derive(Debug, Default)]
struct Lines {
    rows: Vec<String>,
    attributes: Vec<String>,
    maps: Vec<ConceptMapHeader>,
}

type Collector = Collected<Lines>;

/// Problems as lines of text.
fn told(sink: &Collector) -> Vec<String> {
    let line = |problem: &CollectedProblem| format!("{} {} {}", problem.place(), problem.kind, problem.message);
    sink.problems.iter().map(line).collect()
}

impl Keep for Lines {
    fn keep(&mut self, at: At, record: Record<'_>) {
        match record {
            Record::ConceptMap(header) => self.maps.push(header.clone()),
            Record::Mapping(row) => {
                self.rows.push(format!(
                    "{}: {}|{} {} {}|{}",
                    at.line,
                    row.source_system,
                    row.source_code,
                    row.relationship.as_str(),
                    row.target_system,
                    row.target_code.unwrap_or("none"),
                ));
                let attribute = |one: &tern_index::model::MappingAttribute| format!("{}={}", one.attribute, one.value);
                let attributes: Vec<String> = row.attributes.iter().map(attribute).collect();
                self.attributes.push(format!(
                    "{:?} {:?} {:?} {}",
                    row.source_display,
                    row.comment,
                    row.source_version,
                    attributes.join(" ")
                ));
                assert!(!row.source_code.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/maps")
}

fn load_with(path: &Path, options: &LoadOptions) -> Result<Collector, LoadError> {
    let found = members(&[path.to_owned()], Limits::default()).unwrap();
    let releases = LocalMap.recognise(&found, options)?;
    let mut sink = Collector::default();
    for release in &releases {
        LocalMap.load(release, options, &mut sink)?;
    }
    Ok(sink)
}

fn load_text(text: &[u8]) -> Result<Collector, LoadError> {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("map.csv");
    std::fs::write(&path, text).unwrap();
    load_with(&path, &LoadOptions::default())
}

#[test]
fn a_csv_with_constants_names_and_faults() {
    let sink = load_with(&fixtures().join("labs.csv"), &LoadOptions::default()).unwrap();
    assert_eq!(sink.maps[0].url, "urn:tern:map:labs");
    assert_eq!(
        (sink.maps[0].version.as_deref(), sink.maps[0].title.as_deref()),
        (Some("3"), Some("Laboratory codes"))
    );
    assert_eq!(
        sink.rows,
        [
            "5: http://example.org/lab|GLU equivalent http://loinc.org|0001-8",
            "6: http://example.org/lab|#NA source-is-narrower-than-target http://loinc.org|0002-6",
            "7: http://example.org/lab|K related-to http://loinc.org|0003-4",
            "8: http://example.org/lab|XTRA not-related-to |none",
        ]
    );
    assert_eq!(sink.attributes[0], "Some(\"Glucose, serum\") None None ");
    assert_eq!(
        told(&sink),
        [
            "labs.csv:9:Local Code bad identifier the source code is empty",
            "labs.csv:10:Relationship bad value \"perhaps\" is no known relationship; use equivalent, source-is-narrower-than-target, source-is-broader-than-target, related-to, not-related-to or no-map",
            "labs.csv:11: duplicate key GLU has been mapped to \"0001-8\" before; the first row is kept",
            "labs.csv:12:Target Code bad identifier the target code is empty; if there is no target, write the relationship no-map",
            "labs.csv:13:Target System bad value the code system is empty",
            "labs.csv:14: ragged row the row has 3 fields, the header has 8",
        ]
    );
}

#[test]
fn tabs_and_semicolons_are_found_by_the_header() {
    let sink = load_with(&fixtures().join("plain.tsv"), &LoadOptions::default()).unwrap();
    assert_eq!(
        sink.rows,
        [
            "2: http://example.org/lab|GLU equivalent http://example.org/std|007.10",
            "3: http://example.org/lab|NA equivalent http://example.org/std|12",
        ]
    );
    assert_eq!(
        told(&sink),
        ["plain.tsv:3:priority bad value \"soon\" is no priority (0 to 65535); the row is kept without one"]
    );
    assert!(sink.attributes[0].contains("Some(\"1\")"));

    let sink = load_with(&fixtures().join("german.csv"), &LoadOptions::default()).unwrap();
    assert_eq!(
        sink.rows,
        [
            "2: urn:oid:2.999.4|A-1 source-is-narrower-than-target http://snomed.info/sct|100000",
            "3: urn:oid:2.999.4|A-2 not-related-to http://snomed.info/sct|100001",
        ]
    );
    assert!(sink.attributes[0].contains("Sodium; serum"));
    assert_eq!(told(&sink), [""; 0]);
}

#[test]
fn sssom_is_read_with_its_curies_and_evidence() {
    let sink = load_with(&fixtures().join("labs.sssom.tsv"), &LoadOptions::default()).unwrap();
    assert_eq!(sink.maps[0].url, "https://example.org/mappings/labs");
    assert_eq!(sink.maps[0].version.as_deref(), Some("2024-05-01"));
    assert_eq!(sink.maps[0].name.as_deref(), Some("labs"));
    assert_eq!(
        sink.rows,
        [
            "12: https://example.org/lab|glu equivalent http://loinc.org|0001-8",
            "13: https://example.org/lab|na source-is-narrower-than-target http://snomed.info/sct|100000",
            "14: https://example.org/lab|k source-is-broader-than-target http://example.org/std|K",
            "15: https://example.org/lab|cl related-to http://snomed.info/sct|100001",
            "16: https://example.org/lab|ca not-related-to http://www.nlm.nih.gov/research/umls/rxnorm|1",
            "17: https://example.org/lab|xtra not-related-to http://loinc.org|none",
            "19: https://example.org/lab|glu equivalent http://loinc.org|0001-8",
        ]
    );
    assert_eq!(
        sink.attributes[0],
        "Some(\"Glucose\") Some(\"checked\") None predicate_id=skos:exactMatch mapping_justification=semapv:ManualMappingCuration \
         confidence=0.90 author_id=orcid:0000-0000-0000-0001"
    );
    assert!(sink.attributes[4].contains("predicate_id=owl:equivalentClass predicate_modifier=Not"));
    let problems = told(&sink);
    let places: Vec<&str> = problems.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        places,
        [
            "labs.sssom.tsv:19:confidence",
            "labs.sssom.tsv:20:",
            "labs.sssom.tsv:21:subject_id",
            "labs.sssom.tsv:22:predicate_id",
            "labs.sssom.tsv:23:predicate_modifier",
            "labs.sssom.tsv:24:object_id",
        ]
    );
    assert!(problems[2].contains("`#  FOO: <namespace>`"), "{}", problems[2]);
    assert!(sink.ignored[0].1.starts_with("1 rows say that a target has no source"));
}

#[test]
fn the_url_comes_from_the_user_the_file_or_its_name() {
    let given = LoadOptions {
        map_url: Some("http://example.org/map".into()),
        ..LoadOptions::default()
    };
    let sink = load_with(&fixtures().join("labs.sssom.tsv"), &given).unwrap();
    assert_eq!(sink.maps[0].url, "http://example.org/map");
    let error = load_with(&fixtures(), &given)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(error.contains("one URL was given for 4 local maps"), "{error}");
    let sink =
        load_text(b"# url: http://example.org/own\nsource_code,target_code,source_system,target_system\na,b,s,t\n").unwrap();
    assert_eq!(sink.maps[0].url, "http://example.org/own");
}

#[test]
fn a_system_that_nothing_states_is_an_error_with_its_remedy() {
    let error = load_text(b"source_code,target_code,target_system\na,b,LOINC\n")
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("add a column source_system, or a first line `# source_system: <uri>`"),
        "{error}"
    );
    let stated = b"# source_system: http://s\n# target_system: loinc\n# relationship: related-to\nsource_code,target_code\na,b\n";
    assert_eq!(
        load_text(stated).unwrap().rows,
        ["5: http://s|a related-to http://loinc.org|b"]
    );
    let error = load_text(b"# relationship: hm\nsource_code,target_code,source_system,target_system\n")
        .err()
        .unwrap();
    assert!(error.to_string().contains("is no known relationship"), "{error}");
}

#[test]
fn a_code_may_begin_with_a_hash_where_no_comment_begins_the_file() {
    let sink = load_text(b"source_code,target_code,source_system,target_system\n#1,b,s,t\n").unwrap();
    assert_eq!(sink.rows, ["2: s|#1 equivalent t|b"]);
}

#[test]
fn other_tables_are_left_alone_unless_forced() {
    assert!(load_text(b"code,name\na,b\n").unwrap().maps.is_empty());
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("x.csv");
    std::fs::write(&path, "code,name\na,b\n").unwrap();
    let forced = LoadOptions {
        format: Some("map".into()),
        ..LoadOptions::default()
    };
    let error = load_with(&path, &forced).err().unwrap().to_string();
    assert!(
        error.contains("source_code and target_code") && error.contains("code,name"),
        "{error}"
    );
}

#[test]
fn the_registry_leaves_maps_to_this_loader() {
    let found = members(&[fixtures()], Limits::default()).unwrap();
    let (releases, left) = crate::recognise(found, &LoadOptions::default()).unwrap();
    let titles: Vec<&str> = releases.iter().map(|release| release.title.as_str()).collect();
    assert_eq!(
        titles,
        ["map german.csv", "map labs.csv", "map labs.sssom.tsv", "map plain.tsv"]
    );
    assert!(left.is_empty());
}

proptest! {
    #[test]
    fn damaged_maps_never_panic(bytes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6), cut in any::<usize>()) {
        for name in ["labs.csv", "labs.sssom.tsv"] {
            let mut text = std::fs::read(fixtures().join(name)).unwrap();
            for (place, byte) in &bytes {
                let place = place % text.len();
                text[place] = *byte;
            }
            text.truncate(cut % (text.len() + 1));
            let _ = load_text(&text);
        }
    }

    #[test]
    fn what_a_row_says_arrives(codes in prop::collection::btree_set("[A-Za-z0-9.-]{1,8}", 1..20)) {
        let mut text = String::from("source_system,source_code,target_system,target_code\n");
        for code in &codes {
            text.push_str(&format!("http://s,{code},http://t,\"{code}\"\n"));
        }
        let sink = load_text(text.as_bytes()).unwrap();
        let expected: Vec<String> = codes
            .iter()
            .enumerate()
            .map(|(number, code)| format!("{}: http://s|{code} equivalent http://t|{code}", number + 2))
            .collect();
        prop_assert_eq!(&sink.rows, &expected);
    }
}

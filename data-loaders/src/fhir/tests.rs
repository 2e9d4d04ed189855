//! The readers and the loader against fixtures, and against the real resources where they are there.

use super::json::{Node, parse};
use super::*;
use crate::collect::{Collected, CollectedProblem, Keep};
use crate::source::{Limits, Member, members};
use crate::{LoadOptions, Loader, Release};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use tern_index::model::{Canonical, Content, DesignationKind, MappingAttributeRole, Relationship};
use tern_index::record::{At, ProblemKind, Record, ValueRecord};

/// Records as lines of text.
#[derive(Debug, Default)]
struct Lines {
    records: Vec<String>,
    resources: BTreeMap<String, usize>,
}

type Collector = Collected<Lines>;

/// Problems as lines of text.
fn told(sink: &Collector) -> Vec<String> {
    let place = |problem: &CollectedProblem| problem.place().trim_end_matches(':').to_owned();
    let line = |problem: &CollectedProblem| format!("{} {} {}", place(problem), problem.kind, problem.message);
    sink.problems.iter().map(line).collect()
}

/// Files left out as lines of text.
fn left_out(sink: &Collector) -> Vec<String> {
    sink.ignored
        .iter()
        .map(|(file, reason)| format!("{file}: {reason}"))
        .collect()
}

impl Keep for Lines {
    fn keep(&mut self, _at: At, record: Record<'_>) {
        self.records.push(match record {
            Record::CodeSystem(header) => format!("system {} {:?}", header.canonical(), header.content),
            Record::Concept(one) => format!("concept {} {} {} {:?}", one.code, one.active, one.not_selectable, one.status),
            Record::Designation(one) => format!("term {} {:?} {:?} {}", one.code, one.kind, one.language, one.value),
            Record::Parent { child, parent } => format!("{child} < {parent}"),
            Record::Property(one) => match one.value {
                ValueRecord::Coding(coding) => format!("{} {} Coding {}", one.code, one.property, coding.code),
                value => format!("{} {} {value:?} {:?}", one.code, one.property, one.extensions),
            },
            Record::Member(one) => format!("{one:?}"),
            Record::Relationship(one) => format!("{one:?}"),
            Record::Row(one) => format!("{one:?}"),
            Record::Alternate(one) => format!("{one:?}"),
            Record::ConceptMap(header) => format!("map {}", header.url),
            Record::Mapping(row) => format!("{} {:?} {:?}", row.source_code, row.relationship, row.target_code),
            Record::Resource(one) => {
                assert!(serde_json::from_str::<serde_json::Value>(one.json).is_ok());
                *self.resources.entry(one.resource_type.to_owned()).or_default() += 1;
                let url = one.url.or(one.id).unwrap_or_default();
                format!(
                    "{} {url} {:?} {:?} {}",
                    one.resource_type, one.version, one.fhir_version, one.origin
                )
            }
        });
    }
}

fn fixtures() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/fhir")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap()
}

/// What lies beside the project; a test that needs it is skipped where it is missing.
fn shared(inner: &str) -> Option<PathBuf> {
    let path = [
        FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        "/work/shared".into(),
    ]
    .into_iter()
    .map(|root| root.join(inner))
    .find(|path| path.exists());
    if path.is_none() {
        println!("skipped: ../shared/{inner} is not here");
    }
    path
}

fn recognise(paths: &[PathBuf]) -> Vec<Release> {
    let found = members(paths, Limits::default()).unwrap();
    Fhir.recognise(&found, &LoadOptions::default()).unwrap()
}

fn load(release: &Release) -> Collector {
    let mut sink = Collector::default();
    Fhir.load(release, &LoadOptions::default(), &mut sink).unwrap();
    sink
}

#[test]
fn a_code_system_is_read_with_all_its_parts() {
    let bytes = fixture("resources/code-system-r4.json");
    let node = parse(&bytes).unwrap();
    let parsed = code_system::read(&node).unwrap();
    assert_eq!(parsed.faults, []);
    let header = &parsed.value.header;
    assert_eq!(
        header.canonical().to_string(),
        "http://example.org/fhir/CodeSystem/shapes|2.0"
    );
    assert_eq!((header.content, header.case_sensitive), (Content::Complete, false));
    assert_eq!((header.language.as_deref(), header.experimental), (Some("en"), Some(true)));
    assert_eq!(header.identifiers, ["urn:oid:2.999.1"]);
    assert_eq!((header.properties.len(), header.filters.len()), (8, 1));
    assert_eq!(header.filters[0].operators, ["=", "in"]);
    let resource = header.resource.as_deref().unwrap();
    assert!(resource.contains("kept with the header") && !resource.contains("Polygon"));

    let mut sink = Collector::default();
    code_system::emit(&parsed.value, 1, &mut sink).unwrap();
    assert_eq!(
        sink.records,
        [
            "system http://example.org/fhir/CodeSystem/shapes|2.0 Complete",
            "concept polygon true true None",
            "term polygon Display None Polygon",
            "term polygon Definition None A closed figure of straight lines.",
            "polygon abstract-shape Boolean(true) None",
            "polygon notSelectable Boolean(false) None",
            "concept square true false None",
            "term square Display None Square",
            "term square Synonym Some(\"de\") Quadrat",
            "term square FullySpecifiedName None Square (shape)",
            "square sides Integer(4) None",
            "square ratio Decimal(\"1.00\") None",
            "square drawn DateTime(\"2024-05\") None",
            "square like Coding SQ",
            "square note String(\"equal sides\") Some(\"[{\\\"url\\\":\\\"http://example.org/source\\\",\\\"valueCode\\\":\\\"book\\\"}]\")",
            "square abstract-shape String(\"true\") None",
            "concept rhomb false false Some(\"retired\")",
            "term rhomb Display None Rhomb",
            "rhomb state Code(\"retired\") None",
            "concept tile true false Some(\"deprecated\")",
            "term tile Display None Tile",
            "tile within Code(\"square\") None",
            "tile state Code(\"deprecated\") None",
            "concept heap false false None",
            "term heap Display None Heap",
            "heap inactive Boolean(true) None",
            "square < polygon",
            "rhomb < polygon",
            "tile < square",
        ]
    );
    let square = &parsed.value.concepts[1];
    assert_eq!(
        square.extensions.as_deref(),
        Some(r#"[{"url":"http://example.org/weight","valueDecimal":1.50}]"#)
    );
    assert_eq!(square.line, 37);
}

#[test]
fn a_value_reads_like_its_text() {
    for name in ["resources/code-system-r4.json", "resources/supplement.json"] {
        let bytes = fixture(name);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let (from_value, from_text) = (Node::from_value(&value), parse(&bytes).unwrap());
        let (a, b) = (
            code_system::read(&from_value).unwrap(),
            code_system::read(&from_text).unwrap(),
        );
        assert_eq!(a.value.links.len(), b.value.links.len());
        assert_eq!(a.value.concepts.len(), b.value.concepts.len());
    }
}

#[test]
fn a_supplement_carries_only_additions() {
    let bytes = fixture("resources/supplement.json");
    let node = parse(&bytes).unwrap();
    let parsed = code_system::read(&node).unwrap();
    assert_eq!(parsed.faults, []);
    let base = Canonical::new("http://example.org/fhir/CodeSystem/shapes", Some("2.0".into()));
    assert_eq!(parsed.value.header.supplements, Some(base));
    assert_eq!(parsed.value.links, []);
    let concept = &parsed.value.concepts[0];
    assert_eq!((concept.display, concept.designations[0].value), (None, "Carré"));
}

#[test]
fn the_standing_of_properties_follows_their_uri_then_their_code() {
    let text = |declared: &str, property: &str| {
        format!(
            r#"{{"resourceType":"CodeSystem","url":"u","content":"complete","property":[{declared}],
               "concept":[{{"code":"a","property":[{property}]}}]}}"#
        )
    };
    let renamed = r#"{"code":"ns","uri":"http://hl7.org/fhir/concept-properties#notSelectable","type":"boolean"}"#;
    let other = r#"{"code":"notSelectable","uri":"http://example.org/else","type":"boolean"}"#;
    for (declared, property, not_selectable, active) in [
        ("", r#"{"code":"notSelectable","valueBoolean":true}"#, true, true),
        (other, r#"{"code":"notSelectable","valueBoolean":true}"#, true, true),
        (renamed, r#"{"code":"notSelectable","valueBoolean":true}"#, false, true),
        (renamed, r#"{"code":"ns","valueBoolean":true}"#, true, true),
        ("", r#"{"code":"notSelectable","valueString":"TRUE"}"#, false, true),
        ("", r#"{"code":"notSelectable","valueCode":"true"}"#, false, true),
        ("", r#"{"code":"abstract","valueBoolean":true}"#, false, true),
        ("", r#"{"code":"inactive","valueBoolean":true}"#, false, false),
        ("", r#"{"code":"inactive","valueCode":"true"}"#, false, false),
        ("", r#"{"code":"status","valueCode":"inactive"}"#, false, false),
        ("", r#"{"code":"status","valueCode":"deprecated"}"#, false, true),
    ] {
        let text = text(declared, property);
        let node = parse(text.as_bytes()).unwrap();
        let concept = &code_system::read(&node).unwrap().strict().unwrap().concepts[0];
        assert_eq!((concept.not_selectable, concept.active), (not_selectable, active), "{text}");
    }
}

#[test]
fn faults_name_their_path_and_line_and_the_rest_is_read() {
    let text = br#"{"resourceType":"CodeSystem","url":"u","content":"all","caseSensitive":"yes",
        "concept":[
          {"code":"a","display":3,
           "property":[{"code":"p","valueCode":1},{"code":"q"},{"valueCode":"x"},{"code":"r","valueInteger":1.5},{"code":"s","valueRange":{}}]},
          {"code":"a","concept":[{"code":"b"}]},
          {"display":"no code","concept":[{"code":"c","property":[{"code":"parent","valueCode":"zz"}]}]},
          "text",
          {"code":"d","designation":[{"language":"de"}],"extension":{}}]}"#;
    let node = parse(text).unwrap();
    let parsed = code_system::read(&node).unwrap();
    let faults: Vec<String> = parsed
        .faults
        .iter()
        .map(|fault| format!("{} {} {}", fault.line, fault.path, fault.problem.kind))
        .collect();
    assert_eq!(
        faults,
        [
            "1 CodeSystem.content bad value",
            "1 CodeSystem.caseSensitive bad value",
            "4 CodeSystem.concept[0].property[0].valueCode bad value",
            "4 CodeSystem.concept[0].property[1] bad value",
            "4 CodeSystem.concept[0].property[2].code bad identifier",
            "4 CodeSystem.concept[0].property[3].valueInteger bad value",
            "4 CodeSystem.concept[0].property[4] bad value",
            "3 CodeSystem.concept[0].display bad value",
            "5 CodeSystem.concept[1].code duplicate key",
            "6 CodeSystem.concept[2].code bad identifier",
            "1 CodeSystem.concept[3] bad value",
            "8 CodeSystem.concept[4].designation[0].value bad value",
            "8 CodeSystem.concept[4].extension bad value",
            "6 CodeSystem.concept[2].concept[0].property[0] unknown reference",
        ]
    );
    let codes: Vec<&str> = parsed.value.concepts.iter().map(|concept| concept.code).collect();
    assert_eq!(codes, ["a", "b", "c", "d"]);
    assert_eq!(parsed.value.header.content, Content::Complete);
    let error = parsed.strict().unwrap_err().to_string();
    assert_eq!(error, "CodeSystem.content: all is no content mode; complete is assumed");

    let wrong = parse(br#"{"resourceType":"ValueSet"}"#).unwrap();
    assert!(code_system::read(&wrong).unwrap_err().to_string().contains("it is ValueSet"));
    let no_url = parse(br#"{"resourceType":"CodeSystem"}"#).unwrap();
    assert_eq!(code_system::read(&no_url).unwrap_err().path, "CodeSystem.url");
}

#[test]
fn a_value_set_is_read_with_all_its_parts() {
    let bytes = fixture("resources/value-set.json");
    let node = parse(&bytes).unwrap();
    let set = value_set::read(&node).unwrap().strict().unwrap();
    assert_eq!(
        set.canonical().unwrap().to_string(),
        "http://example.org/fhir/ValueSet/angular|2.0"
    );
    assert_eq!((set.contained.len(), set.contained[0].id.as_deref()), (1, Some("inner")));
    let compose = set.compose.as_ref().unwrap();
    assert_eq!(
        (compose.inactive, compose.locked_date.as_deref()),
        (Some(false), Some("2024-05-01"))
    );
    assert_eq!(compose.properties, ["sides"]);
    assert!(
        compose
            .extensions
            .as_deref()
            .unwrap()
            .contains("valueset-expansion-parameter")
    );
    let first = &compose.include[0];
    assert_eq!(first.version.as_deref(), Some("2.x"));
    assert!(first.extensions.as_deref().unwrap().contains("shapes-fr"));
    assert_eq!(first.filters[0].value.as_deref(), Some("polygon"));
    assert_eq!((first.filters[1].op.as_str(), first.filters[1].value.as_deref()), ("=", None));
    assert_eq!(first.value_sets[1].version.as_deref(), Some("2.0"));
    let concept = &compose.include[1].concepts[0];
    assert_eq!((concept.code.as_str(), concept.display.as_deref()), ("red", Some("Crimson")));
    assert_eq!(concept.designations[0].use_.as_ref().unwrap().code, "display");
    assert!(concept.extensions.as_deref().unwrap().contains("2.0"));
    assert_eq!(compose.exclude[0].concepts[0].code, "heap");
    let group = &set.expansion.as_ref().unwrap().contains[0];
    assert!(group.abstract_ && group.coding.code.is_empty());
    assert!(group.contains[0].inactive && group.contains[0].designations[0].value == "Raute");
    assert_eq!(parse(set.resource.as_bytes()).unwrap().to_text(), node.to_text());

    let bad = parse(br#"{"resourceType":"ValueSet","compose":{"include":[{"filter":[{"op":true}]},3]}}"#).unwrap();
    let parsed = value_set::read(&bad).unwrap();
    let paths: Vec<&str> = parsed.faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        ["ValueSet.compose.include[0].filter[0].op", "ValueSet.compose.include[1]"]
    );
    assert_eq!(parsed.value.compose.unwrap().include[0].filters.len(), 1);
}

#[test]
fn an_r4_concept_map_is_read_into_r5_words() {
    let bytes = fixture("resources/concept-map-r4.json");
    let node = parse(&bytes).unwrap();
    let map = concept_map::read(&node).unwrap().strict().unwrap();
    assert_eq!(
        map.header.source_scope.as_deref(),
        Some("http://example.org/fhir/ValueSet/shapes")
    );
    assert_eq!(
        map.header.target_scope.as_deref(),
        Some("http://example.org/fhir/ValueSet/tiles")
    );
    let mut sink = Collector::default();
    concept_map::emit(&map, 1, &mut sink).unwrap();
    assert_eq!(
        sink.records,
        [
            "map http://example.org/fhir/ConceptMap/shapes-to-tiles",
            "square SourceIsNarrowerThanTarget Some(\"T4\")",
            "square SourceIsBroaderThanTarget Some(\"T0\")",
            "heap NotRelatedTo None",
            "tile NotRelatedTo Some(\"T9\")",
            "red Equivalent Some(\"P1\")",
            "x RelatedTo Some(\"y\")",
        ]
    );
    let row = &map.rows[0];
    assert_eq!((row.source_version, row.comment), (Some("2.0"), Some("tiles may be oblong")));
    let [depends, product] = &row.attributes[..] else {
        panic!("{row:?}")
    };
    assert_eq!(
        (depends.role, depends.value_type.as_str()),
        (MappingAttributeRole::DependsOn, "Coding")
    );
    assert_eq!((depends.value.as_str(), depends.display.as_deref()), ("L", Some("Large")));
    assert_eq!((product.value.as_str(), product.value_type.as_str()), ("matt", "String"));
    let modes: Vec<&str> = map.header.unmapped.iter().map(|rule| rule.mode.as_str()).collect();
    assert_eq!(modes, ["use-source-code", "other-map", "fixed"]);
    let other = &map.header.unmapped[1];
    assert_eq!(other.other_map.as_deref(), Some("http://example.org/fhir/ConceptMap/more"));
    assert_eq!(map.header.unmapped[2].source_system, None);
}

#[test]
fn an_r5_concept_map_is_read_with_all_its_parts() {
    let bytes = fixture("resources/concept-map-r5.json");
    let node = parse(&bytes).unwrap();
    let map = concept_map::read(&node).unwrap().strict().unwrap();
    assert_eq!(map.header.value_set_rows.len(), 1);
    assert_eq!(
        (map.rows[0].source_version, map.rows[0].target_version),
        (Some("2.0"), Some("7"))
    );
    assert_eq!(map.rows[0].relationship, Relationship::SourceIsNarrowerThanTarget);
    let attributes: Vec<String> = map.rows[0]
        .attributes
        .iter()
        .map(|one| format!("{:?} {} {} {}", one.role, one.attribute, one.value_type, one.value))
        .collect();
    assert_eq!(
        attributes,
        [
            "DependsOn size Code L",
            "DependsOn width Quantity {\"value\":5.0,\"unit\":\"cm\"}",
            "DependsOn glaze ValueSet http://example.org/fhir/ValueSet/glazes",
            "Product use Coding floor",
            "Property reviewed Boolean true",
            "Property score Decimal 0.90",
        ]
    );
    assert_eq!((map.rows[1].source_code, map.rows[1].target_code), ("heap", None));
    assert_eq!(map.rows[2].source_value_set, Some("http://example.org/fhir/ValueSet/round"));
    assert!(map.header.resource.as_deref().unwrap().contains("additionalAttribute"));
    assert_eq!(
        map.header.unmapped[0].value_set.as_deref(),
        Some("http://example.org/fhir/ValueSet/any")
    );

    let bad = br#"{"resourceType":"ConceptMap","group":[{"element":[{"code":"a","target":[{"code":"b"},{"code":"c","relationship":"near"},
        {"relationship":"equivalent"},{"code":"d","relationship":"equivalent","dependsOn":[{}]}]},{}],"unmapped":{"mode":"guess"}}]}"#;
    let node = parse(bad).unwrap();
    let parsed = concept_map::read(&node).unwrap();
    let paths: Vec<&str> = parsed.faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "ConceptMap.group[0].unmapped.mode",
            "ConceptMap.group[0].element[0].target[0].relationship",
            "ConceptMap.group[0].element[0].target[1].relationship",
            "ConceptMap.group[0].element[0].target[2].code",
            "ConceptMap.group[0].element[0].target[3].dependsOn[0]",
            "ConceptMap.group[0].element[1].code",
        ]
    );
    assert_eq!(parsed.value.rows.len(), 1);
}

#[test]
fn a_naming_system_is_read() {
    let bytes = fixture("resources/naming-system.json");
    let node = parse(&bytes).unwrap();
    let naming = naming_system::read(&node).unwrap().strict().unwrap();
    assert_eq!(naming.kind.as_deref(), Some("codesystem"));
    assert_eq!(naming.unique_ids.len(), 3);
    assert_eq!(naming.preferred_uri(), Some("http://example.org/fhir/CodeSystem/shapes"));
}

fn tar(folder: &FilePath, target: &FilePath) {
    let gzip = flate2::write::GzEncoder::new(std::fs::File::create(target).unwrap(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    archive.append_dir_all("", folder).unwrap();
    archive.into_inner().unwrap().finish().unwrap();
}

#[test]
fn a_package_reads_the_same_packed_and_unpacked() {
    let room = tempfile::tempdir().unwrap();
    let packed = room.path().join("colours.tgz");
    tar(&fixtures().join("package"), &packed);
    for path in [packed, fixtures().join("package"), fixtures().join("package/package")] {
        let releases = recognise(std::slice::from_ref(&path));
        assert_eq!(releases.len(), 1, "{}", path.display());
        assert_eq!(releases[0].title, "example.org.colours 1.2.0");
        let sink = load(&releases[0]);
        assert_eq!(told(&sink), [""; 0]);
        assert_eq!(
            sink.records,
            [
                "CodeSystem http://example.org/fhir/CodeSystem/colours Some(\"1.2.0\") Some(\"4.0.1\") example.org.colours#1.2.0",
                "ValueSet http://example.org/fhir/ValueSet/warm Some(\"1.2.0\") Some(\"4.0.1\") example.org.colours#1.2.0",
            ]
        );
        assert_eq!(
            left_out(&sink),
            [
                "example.org.colours#1.2.0: StructureDefinition resources without bindings: 1",
                "example.org.colours#1.2.0: examples of the package: 1",
            ]
        );
    }
}

#[test]
fn loose_files_are_one_release_a_folder() {
    let releases = recognise(&[fixtures()]);
    let titles: Vec<&str> = releases.iter().map(|release| release.title.as_str()).collect();
    assert_eq!(
        titles,
        ["example.org.colours 1.2.0", "FHIR resources fhir", "FHIR resources resources"]
    );
    let sink = load(&releases[1]);
    assert_eq!(
        told(&sink),
        [
            "bundle.json:6 duplicate key Bundle.entry[0].resource.concept[2].code: the code S has been used before; the first concept is kept",
            "bundle.json:6 bad identifier Bundle.entry[0].resource.concept[3].code: a concept must have a code; it is left out",
            "bundle.json:10 duplicate key Bundle.entry[3].resource: http://example.org/fhir/ValueSet/sizes has been read before in this release; the first is kept",
            "resources.ndjson:3 bad value ValueSet.status: must be a string, it is a number",
            "resources.ndjson:5 bad value not JSON: EOF while parsing an object (column 1)",
        ]
    );
    assert_eq!(left_out(&sink), ["fhir: Patient resources, which hold no terminology: 1"]);
    assert_eq!(
        sink.resources,
        BTreeMap::from([("CodeSystem".into(), 1), ("ValueSet".into(), 3)])
    );

    let single = recognise(&[fixtures().join("resources/naming-system.json")]);
    assert_eq!(single[0].part, "naming-system");
    assert_eq!(load(&single[0]).records, ["NamingSystem shapes None None naming-system"]);
}

#[test]
fn folders_of_one_name_get_names_of_their_own_and_other_files_stay_free() {
    let room = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("a/terms/x.json", r#"{"resourceType":"ValueSet","url":"x"}"#),
        ("a/terms/y.json", r#"{"resourceType":"ValueSet","url":"y"}"#),
        ("b/terms/x.json", r#"{"resourceType":"ValueSet","url":"x"}"#),
        ("b/terms/z.xml", r#"<ValueSet xmlns="http://hl7.org/fhir"/>"#),
        ("c/patient.json", r#"{"resourceType":"Patient"}"#),
        ("c/settings.json", r#"{"a":1}"#),
        ("d/package.json", r#"{"name":"left-pad","version":"1"}"#),
    ] {
        let path = room.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let releases = recognise(&[room.path().to_owned()]);
    let parts: Vec<&str> = releases.iter().map(|release| release.part.as_str()).collect();
    assert_eq!(parts, ["terms", "b/terms"]);
    let sink = load(&releases[1]);
    assert_eq!(
        left_out(&sink),
        ["b/terms: XML files, which are not read; use the JSON form: 1"]
    );
}

#[test]
fn sources_named_together_stay_apart() {
    let room = tempfile::tempdir().unwrap();
    let other = room.path().join("other.json");
    std::fs::write(&other, r#"{"resourceType":"ValueSet","url":"x"}"#).unwrap();
    let releases = recognise(&[fixtures().join("package/package"), other, fixtures().join("resources")]);
    let parts: Vec<(&str, usize)> = releases
        .iter()
        .map(|release| (release.part.as_str(), release.members.len()))
        .collect();
    assert_eq!(parts, [("example.org.colours#1.2.0", 5), ("other", 1), ("resources", 6)]);
}

#[test]
fn large_code_systems_and_maps_are_emitted_in_full() {
    let room = tempfile::tempdir().unwrap();
    let concepts = |count: usize| {
        (0..count)
            .map(|number| serde_json::json!({"code": number.to_string()}))
            .collect::<Vec<_>>()
    };
    let system = |url: &str, content: &str, count| serde_json::json!({"resourceType": "CodeSystem", "url": url, "content": content, "concept": concepts(count)});
    let elements = |count: usize| {
        let element = |number: usize| serde_json::json!({"code": number.to_string(), "target": [{"code": "x", "relationship": "equivalent"}]});
        (0..count).map(element).collect::<Vec<_>>()
    };
    let map =
        |url: &str, count| serde_json::json!({"resourceType": "ConceptMap", "url": url, "group": [{"element": elements(count)}]});
    for (name, value) in [
        ("a.json", system("large", "complete", 1001)),
        ("b.json", system("small", "complete", 1000)),
        ("c.json", system("sample", "example", 1001)),
        ("d.json", map("map", 1001)),
        ("e.json", map("short", 1000)),
        ("f.json", system("large", "complete", 1001)),
    ] {
        std::fs::write(room.path().join(name), value.to_string()).unwrap();
    }
    let sink = load(&recognise(&[room.path().to_owned()])[0]);
    let opened: Vec<&String> = sink
        .records
        .iter()
        .filter(|line| line.starts_with("system") || line.starts_with("map"))
        .collect();
    assert_eq!(opened, ["system large Complete", "map map"]);
    assert_eq!(sink.records.iter().filter(|line| line.starts_with("concept ")).count(), 1001);
    assert_eq!(
        sink.resources,
        BTreeMap::from([("CodeSystem".into(), 2), ("ConceptMap".into(), 1)])
    );
    assert_eq!(sink.problems.len(), 1);
}

#[test]
fn the_conformance_suite_reads_without_a_fault() {
    let Some(root) = shared("tx-suite/tests") else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let files: Vec<Member> = members(&[root], Limits::default()).unwrap();
    for member in files.iter().filter(|member| member.file_name().ends_with(".json")) {
        let bytes = member.read().unwrap();
        let Ok(node) = parse(&bytes) else { continue };
        let summary = summary::of(&node);
        let Some(kind) = summary.resource_type.clone() else { continue };
        assert_eq!(summary::read(&bytes).unwrap(), summary);
        let faults = match kind.as_str() {
            "CodeSystem" => code_system::read(&node).unwrap().faults,
            "ValueSet" => value_set::read(&node).unwrap().faults,
            "ConceptMap" => concept_map::read(&node).unwrap().faults,
            _ => continue,
        };
        assert_eq!(faults, [], "{}", member.shown());
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(counts["CodeSystem"], 46);
    assert_eq!((counts["ValueSet"], counts["ConceptMap"]), (417, 2));
}

#[test]
fn the_published_packages_are_recognised_with_their_counts() {
    let Some(root) = shared("vocab/other/fhir") else { return };
    let releases = recognise(&[root]);
    let expected = [
        (
            "hl7.fhir.r4.core#4.0.1",
            "4.0.1",
            vec![("CodeSystem", 1063), ("ConceptMap", 19), ("ValueSet", 1317)],
        ),
        (
            "hl7.fhir.r5.core#5.0.0",
            "5.0.0",
            vec![
                ("CodeSystem", 448),
                ("ConceptMap", 94),
                ("NamingSystem", 449),
                ("ValueSet", 788),
            ],
        ),
        (
            "hl7.terminology#7.3.0",
            "5.0.0",
            vec![("CodeSystem", 927), ("NamingSystem", 675), ("ValueSet", 2532)],
        ),
    ];
    assert_eq!(releases.len(), expected.len());
    for (release, (origin, version, counts)) in releases.iter().zip(expected) {
        assert_eq!(release.part, origin);
        let mut sink = load(release);
        let systems = sink.records.iter().filter(|line| line.starts_with("system ")).count();
        if systems > 0 {
            *sink.resources.entry("CodeSystem".into()).or_default() += systems;
        }
        for problem in &told(&sink) {
            println!("{origin}: {problem}");
        }
        // ConceptMap 103 of R4 has an element without a code; nothing else is wrong in any of them.
        assert_eq!(sink.problems.len(), usize::from(version == "4.0.1"));
        let counts: BTreeMap<String, usize> = counts.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
        assert_eq!(sink.resources, counts);
        let whole = sink.records.iter().find(|line| line.starts_with("ValueSet")).unwrap();
        assert!(whole.contains(&format!("Some(\"{version}\") {origin}")), "{whole}");
    }
}

fn any_resource() -> impl Strategy<Value = serde_json::Value> {
    let names = prop::sample::select(vec![
        "resourceType",
        "url",
        "content",
        "concept",
        "code",
        "display",
        "property",
        "valueCode",
        "valueInteger",
        "valueCoding",
        "designation",
        "value",
        "compose",
        "include",
        "filter",
        "valueSet",
        "expansion",
        "contains",
        "group",
        "element",
        "target",
        "relationship",
        "equivalence",
        "dependsOn",
        "noMap",
        "unmapped",
        "mode",
        "extension",
        "contained",
        "uniqueId",
        "identifier",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<f32>().prop_map(|number| serde_json::json!(number)),
        prop::sample::select(vec![
            "",
            "a",
            "b",
            "equivalent",
            "unmatched",
            "ValueSet",
            "complete",
            "supplement",
            "parent"
        ])
        .prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 80, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((names.clone(), inner), 0..7)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_json_never_panics(value in any_resource(), kind in 0usize..4) {
        let name = ["CodeSystem", "ValueSet", "ConceptMap", "NamingSystem"][kind];
        let mut value = value;
        if let serde_json::Value::Object(map) = &mut value {
            map.insert("resourceType".into(), name.into());
            map.entry("url").or_insert("u".into());
        }
        let node = Node::from_value(&value);
        let mut sink = Collector::default();
        if let Ok(parsed) = code_system::read(&node) {
            code_system::emit(&parsed.value, 1, &mut sink).unwrap();
        }
        if let Ok(parsed) = concept_map::read(&node) {
            concept_map::emit(&parsed.value, 1, &mut sink).unwrap();
        }
        let _ = (value_set::read(&node), naming_system::read(&node), summary::of(&node));
    }

    #[test]
    fn damaged_files_never_panic(place in 0usize..4000, byte in any::<u8>(), cut in any::<bool>()) {
        for name in ["resources/code-system-r4.json", "resources/concept-map-r5.json", "resources/value-set.json"] {
            let mut bytes = fixture(name);
            let place = place % bytes.len();
            if cut { bytes.truncate(place) } else { bytes[place] = byte }
            let _ = summary::head(&bytes);
            if let Ok(node) = parse(&bytes) {
                let _ = (code_system::read(&node), value_set::read(&node), concept_map::read(&node));
            }
        }
    }
}

#[test]
fn kinds_of_terms_and_problems_are_what_the_sink_expects() {
    // A designation whose use is a SNOMED text definition is long text, never searched by default.
    let text = br#"{"resourceType":"CodeSystem","url":"u","content":"complete","concept":[{"code":"a","designation":[
        {"use":{"system":"http://snomed.info/sct","code":"900000000000550004"},"value":"long"}]}]}"#;
    let node = parse(text).unwrap();
    let mut sink = Collector::default();
    code_system::emit(&code_system::read(&node).unwrap().value, 1, &mut sink).unwrap();
    assert_eq!(sink.records[2], format!("term a {:?} None long", DesignationKind::Definition));
    let twice =
        parse(br#"{"resourceType":"CodeSystem","url":"u","content":"complete","concept":[{"code":"a"},{"code":"a"}]}"#).unwrap();
    assert_eq!(
        code_system::read(&twice).unwrap().faults[0].problem.kind,
        ProblemKind::DuplicateKey
    );
}

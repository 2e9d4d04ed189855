//! The ICD loader against excerpts in the official layouts, against damaged copies of them, and, where they are
//! at hand, against the official files.

use super::catalogue::{INCLUDES, INDEX_TERM};
use super::*;
use crate::gather::{self, Gather, System};
use crate::{LoadError, LoadOptions};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tern_index::model::DesignationKind;

fn fixture() -> Gather {
    gather::load(&[gather::fixture("icd")]).unwrap()
}

fn system<'g>(gather: &'g Gather, url: &str, version: &str) -> &'g System {
    gather
        .systems
        .iter()
        .find(|system| system.header.url == url && system.header.version.as_deref() == Some(version))
        .unwrap()
}

const CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
const PCS: &str = "http://www.cms.gov/Medicare/Coding/ICD10";
const ICD9: &str = "http://hl7.org/fhir/sid/icd-9-cm";

#[test]
fn a_folder_of_several_releases_loads_them_all() {
    let gather = fixture();
    let found: Vec<String> = gather
        .systems
        .iter()
        .map(|system| system.header.canonical().to_string())
        .collect();
    let wanted = [
        format!("{CM}|2024"),
        format!("{CM}|2025"),
        format!("{CM}|2026"),
        format!("{PCS}|2024"),
        format!("{ICD9}|32"),
    ];
    assert_eq!(found, wanted);
    let maps: Vec<(&str, Option<&str>, usize)> = gather
        .maps
        .iter()
        .map(|map| (map.header.url.as_str(), map.header.version.as_deref(), map.rows.len()))
        .collect();
    let wanted = [
        ("https://www.cms.gov/gem/icd-10-cm-to-icd-9-cm", Some("2018"), 5),
        ("https://www.cms.gov/gem/icd-9-cm-to-icd-10-cm", Some("2018"), 4),
        ("https://www.cms.gov/gem/icd-9-cm-to-icd-10-pcs", None, 1),
        ("https://www.cms.gov/gem/icd-10-pcs-to-icd-9-cm", None, 1),
    ];
    assert_eq!(maps, wanted);
    assert_eq!(gather::faults(&gather), Vec::<String>::new());
    let mut ignored: Vec<&str> = gather
        .ignored
        .iter()
        .filter_map(|(file, _)| file.rsplit('/').next())
        .collect();
    ignored.sort_unstable();
    assert_eq!(ignored, ["icd10cm-order-addenda-2026.txt", "readme.txt"]);
}

#[test]
fn the_index_gives_terms_to_the_codes_of_its_year() {
    let gather = fixture();
    let terms = |version: &str, code: &str| -> Vec<String> {
        let all = system(&gather, CM, version).terms.iter();
        let own = all.filter(|(of, kind, use_, _)| of == code && use_ == INDEX_TERM && *kind == DesignationKind::Related);
        own.map(|(.., text)| text.clone()).collect()
    };
    assert_eq!(terms("2026", "A00.9"), ["Rice-water disease, Asiatic"]);
    assert_eq!(terms("2026", "C84.1"), ["Reticulosis, Sézary's"]);
    // The title itself is no term more, and other years have none.
    assert_eq!(terms("2026", "A00"), Vec::<String>::new());
    assert_eq!(terms("2024", "A00.9"), Vec::<String>::new());
}

#[test]
fn an_index_without_codes_is_named_and_not_read() {
    let folder = gather::copy(&gather::fixture("icd"), |name, bytes| {
        ["icd10cm-index-2026.xml", "icd10cm-codes-2024.txt"]
            .contains(&name)
            .then_some(bytes)
    });
    let gather = gather::load(&[folder.path().to_owned()]).unwrap();
    assert_eq!(gather.systems.len(), 1);
    let (file, reason) = gather.ignored.first().expect("the index is ignored");
    assert!(file.ends_with("icd10cm-index-2026.xml") && reason.contains("without the codes of its year"));
}

#[test]
fn the_tabular_list_gives_hierarchy_notes_and_inclusion_terms() {
    let gather = fixture();
    let cm = system(&gather, CM, "2026");
    assert_eq!(cm.header.date.as_deref(), Some("2026-04-01"));
    assert_eq!(cm.parent("A00.0"), ["A00"]);
    assert_eq!(cm.parent("A00"), ["A00-A09"]);
    assert_eq!(cm.parent("A00-A09"), ["A00-B99"]);
    assert_eq!(cm.parent("A00-B99"), Vec::<&str>::new());
    assert_eq!(cm.concepts["A00-B99"], (true, true));
    assert_eq!(cm.concepts["A00-A09"], (true, true));
    assert_eq!(cm.concepts["A00"], (true, false));
    assert_eq!(cm.property("A00", BILLABLE), ["false"]);
    assert_eq!(cm.property("A00.0", BILLABLE), ["true"]);
    assert_eq!(cm.property("A00-B99", KIND), ["chapter"]);
    assert_eq!(cm.property("A00-A09", KIND), ["block"]);
    assert_eq!(cm.property("A00", KIND), ["category"]);
    assert_eq!(cm.property("S52.50", KIND), ["subcategory"]);
    assert_eq!(cm.property("S52.501A", KIND), ["code"]);
    assert_eq!(cm.property("S52", "excludes1"), ["traumatic amputation of forearm (S58.-)"]);
    assert_eq!(
        cm.property("A00-B99", "includes"),
        ["diseases generally recognized as communicable or transmissible"]
    );
    let term = |code: &str, use_: &str, text: &str| {
        cm.terms
            .iter()
            .any(|(c, kind, u, t)| c == code && u == use_ && t == text && *kind == DesignationKind::Related)
    };
    assert!(term("A00.0", "inclusionTerm", "Classical cholera"));
    assert!(term("B20", "inclusionTerm", "HIV infection, symptomatic"));
    // What a code includes names it; what a chapter includes does not.
    let includes: Vec<&str> = cm
        .terms
        .iter()
        .filter(|(_, _, use_, _)| use_ == INCLUDES)
        .map(|(code, ..)| code.as_str())
        .collect();
    assert!(includes.contains(&"S52") && !includes.contains(&"A00-B99"));
}

#[test]
fn blocks_nest_by_range_and_a_block_of_one_category_is_that_category() {
    let gather = fixture();
    let cm = system(&gather, CM, "2026");
    assert_eq!(cm.parent("C76-C80"), ["C00-C96"]);
    assert_eq!(cm.parent("C81-C96"), ["C00-C96"]);
    assert_eq!(cm.parent("D00-D09"), ["C00-D49"]);
    assert_eq!(cm.parent("C80"), ["C76-C80"]);
    assert_eq!(cm.parent("B20"), ["A00-B99"]);
    assert_eq!(cm.concepts["B20"], (true, false));
    assert_eq!(cm.parent("T07"), ["S00-T88"]);
}

#[test]
fn seventh_characters_become_valid_codes_under_their_base() {
    let gather = fixture();
    let cm = system(&gather, CM, "2026");
    // Checked by hand against the official code file: the nearest table wins, X fills up to six characters.
    let wanted = [
        ("H40.10X0", "H40.10", "Unspecified open-angle glaucoma, stage unspecified"),
        ("H40.10X1", "H40.10", "Unspecified open-angle glaucoma, mild stage"),
        (
            "S52.501B",
            "S52.501",
            "Unspecified fracture of the lower end of right radius, initial encounter for open fracture type I or II",
        ),
        (
            "S52.501S",
            "S52.501",
            "Unspecified fracture of the lower end of right radius, sequela",
        ),
        (
            "S52.521P",
            "S52.521",
            "Torus fracture of lower end of right radius, subsequent encounter for fracture with malunion",
        ),
        ("T07.XXXA", "T07", "Unspecified multiple injuries, initial encounter"),
        ("T07.XXXD", "T07", "Unspecified multiple injuries, subsequent encounter"),
    ];
    for (code, base, display) in wanted {
        assert_eq!(cm.displays.get(code).map(String::as_str), Some(display), "{code}");
        assert_eq!(cm.parent(code), [base]);
        assert_eq!(cm.property(code, BILLABLE), ["true"]);
        assert_eq!(cm.property(base, BILLABLE), ["false"], "{base}");
    }
    assert!(
        !cm.concepts.contains_key("S52.521B"),
        "the table of S52 does not reach below the one of S52.52"
    );
    assert!(!cm.concepts.contains_key("S52.5XXA"), "headers are not expanded");
}

#[test]
fn a_code_file_of_the_same_year_adds_codes_and_wordings() {
    let gather = fixture();
    let cm = system(&gather, CM, "2026");
    assert_eq!(cm.displays["C84.10"], "Sézary disease, unspecified site");
    let other = (
        "C84.10".to_owned(),
        DesignationKind::Synonym,
        "title".to_owned(),
        "Sezary disease, unspecified site".to_owned(),
    );
    assert!(cm.terms.contains(&other));
    // A01.00 is not in the XML, and nothing above it is; S52.521S is not in its table.
    assert_eq!(cm.parent("A01.00"), Vec::<&str>::new());
    assert_eq!(cm.parent("S52.521S"), ["S52.521"]);
    // Counted by hand: 4 chapters, 7 blocks, 19 codes listed, 9 expanded, 2 added.
    assert_eq!(cm.concepts.len(), 4 + 7 + 19 + 9 + 2);
}

#[test]
fn order_and_code_files_alone_give_what_hierarchy_they_can() {
    let gather = fixture();
    let ordered = system(&gather, CM, "2025");
    assert_eq!(ordered.parent("A01.05"), ["A01.0"]);
    assert_eq!(ordered.parent("A01.0"), ["A01"]);
    assert_eq!(ordered.property("A01", BILLABLE), ["false"]);
    assert_eq!(ordered.property("A01.05", BILLABLE), ["true"]);
    let short = |code: &str| {
        ordered
            .terms
            .iter()
            .filter(|(c, _, u, _)| c == code && u == SHORT_TITLE)
            .count()
    };
    assert_eq!((short("S52.501B"), short("A01.05")), (1, 0));
    let flat = system(&gather, CM, "2024");
    assert_eq!((flat.concepts.len(), flat.parents.len()), (5, 0));
    let pcs = system(&gather, PCS, "2024");
    assert_eq!(pcs.parent("0016071"), ["001"]);
    assert_eq!(pcs.property("001", KIND), ["table"]);
    assert_eq!(pcs.concepts.len(), 3);
}

#[test]
fn icd_9_has_both_volumes_both_titles_and_its_accents() {
    let gather = fixture();
    let icd9 = system(&gather, ICD9, "32");
    let codes: Vec<&str> = icd9.concepts.keys().map(String::as_str).collect();
    assert_eq!(codes, ["00.1", "00.10", "001.0", "005.2", "386.00", "E800.0", "V91.03"]);
    assert_eq!(icd9.displays["386.00"], "Ménière's disease, unspecified");
    assert_eq!(icd9.property("00.10", KIND), ["procedure"]);
    assert_eq!(icd9.property("001.0", KIND), ["diagnosis"]);
    let synonyms: Vec<&str> = icd9
        .terms
        .iter()
        .filter(|(c, k, ..)| c == "386.00" && *k == DesignationKind::Synonym)
        .map(|t| t.3.as_str())
        .collect();
    assert_eq!(synonyms, ["Meniere's disease NOS"]);
}

#[test]
fn a_zip_and_packed_files_equal_the_folder() {
    let wanted = fixture().placeless();
    let (_room, zip) = gather::zipped(&gather::fixture("icd"), "icd.zip");
    assert_eq!(gather::load(&[zip]).unwrap().placeless(), wanted);
    let packed = gather::packed(&gather::fixture("icd"));
    assert_eq!(gather::load(&[packed.path().to_owned()]).unwrap().placeless(), wanted);
}

#[test]
fn faults_are_located_and_the_rest_is_loaded() {
    let room = gather::copy(&gather::fixture("icd"), |name, bytes| match name {
        "icd10cm-codes-2024.txt" => Some([&bytes[..], b"A000    Again\n?x  bad\nA005\n"].concat()),
        "icd10cm_order_2025.txt" => Some([&bytes[..], b"x\n00008 A01     7 Typhoid\n"].concat()),
        "2018_I9gem.txt" => {
            Some(b"0010  A000    00000\n0010  A000    00000\n0010  A000\nq001  A000    00000\n0010  A000    x\n".to_vec())
        }
        "icd10cm-tabular-April-1-2026.xml" => {
            let text = String::from_utf8(bytes)
                .unwrap()
                .replace("<name>A00.1</name>", "<name>A0?</name>");
            Some(text.replace("<extension char=\"D\">", "<extension char=\"DD\">").into_bytes())
        }
        _ => None,
    });
    let gather = gather::load(&[room.path().to_owned()]).unwrap();
    let wanted = [
        "icd10cm-codes-2024.txt:6: duplicate key",
        "icd10cm-codes-2024.txt:7:code bad identifier",
        "icd10cm-codes-2024.txt:8: ragged row",
        "icd10cm_order_2025.txt:7:order number ragged row",
        "icd10cm_order_2025.txt:8:header flag bad value",
        "icd10cm-tabular-April-1-2026.xml:30:name bad identifier",
        "icd10cm-tabular-April-1-2026.xml:126:char bad value",
        "2018_I9gem.txt:2: duplicate key",
        "2018_I9gem.txt:3: ragged row",
        "2018_I9gem.txt:4:source bad identifier",
        "2018_I9gem.txt:5:flags bad value",
    ];
    assert_eq!(gather::faults(&gather), wanted);
    assert!(system(&gather, CM, "2026").concepts.contains_key("A00.9"));
}

#[test]
fn broken_xml_names_its_line_and_strict_mode_stops() {
    let cut = gather::copy(&gather::fixture("icd"), |name, bytes| {
        name.ends_with("2026.xml").then(|| bytes[..bytes.len() / 2].to_vec())
    });
    let error = gather::load(&[cut.path().to_owned()]).unwrap_err();
    assert!(
        matches!(&error, LoadError::Malformed { line: Some(line), .. } if *line > 50),
        "{error}"
    );
    let room = gather::copy(&gather::fixture("icd"), |name, bytes| {
        (name == "icd10cm-codes-2024.txt").then(|| [&bytes[..], b"A000    Again\nA0007  More\n"].concat())
    });
    let releases = gather::releases(&[room.path().to_owned()]).unwrap();
    let mut strict = Gather::strict();
    let stopped = Icd.load(&releases[0], &LoadOptions::default(), &mut strict);
    assert!(matches!(stopped, Err(LoadError::Stopped(_))));
}

#[test]
fn files_that_only_have_the_name_are_not_taken() {
    let room = tempfile::tempdir().unwrap();
    std::fs::write(room.path().join("icd10cm-codes-2024.txt"), "{\"not\": \"codes\"}").unwrap();
    std::fs::write(room.path().join("I9gem.txt"), "hello").unwrap();
    std::fs::write(room.path().join("readme.txt"), "hello").unwrap();
    std::fs::write(room.path().join("x.xml"), "<CodeSystem/>").unwrap();
    assert!(gather::releases(&[room.path().to_owned()]).unwrap().is_empty());
}

#[test]
fn two_tabular_lists_of_one_year_are_one_version_the_newer() {
    let text = std::fs::read(gather::fixture("icd").join("icd10cm-tabular-April-1-2026.xml")).unwrap();
    let room = tempfile::tempdir().unwrap();
    std::fs::write(room.path().join("icd10cm-tabular-April-1-2026.xml"), &text).unwrap();
    std::fs::write(room.path().join("icd10cm-tabular-October-1-2025.xml"), &text).unwrap();
    let gather = gather::load(&[room.path().to_owned()]).unwrap();
    assert_eq!(gather.systems.len(), 1);
    assert_eq!(gather.systems[0].header.date.as_deref(), Some("2026-04-01"));
    assert!(gather.ignored[0].0.ends_with("October-1-2025.xml"));
}

proptest! {
    #[test]
    fn no_text_panics_the_xml_reader(text in "\\PC*") {
        let _ = tabular::Tabular::read(&text, "x");
    }

    #[test]
    fn no_damage_panics_the_loader(at in 0usize..5000, byte: u8, cut in 0usize..6000, which in 0usize..6) {
        let names = ["icd10cm-tabular-April-1-2026.xml", "icd10cm-codes-2026.txt", "icd10cm_order_2025.txt", "2018_I9gem.txt", "CMS32_DESC_LONG_DX.txt", "icd10pcs_order_2024.txt"];
        let mut bytes = std::fs::read(gather::fixture("icd").join(names[which])).unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(cut.max(1));
        let room = tempfile::tempdir().unwrap();
        std::fs::write(room.path().join(names[which]), bytes).unwrap();
        let _ = gather::load(&[PathBuf::from(room.path())]);
    }
}

/// Independent counts: taken from the lines and tags themselves, not by this crate's readers.
#[test]
fn the_official_files_load_whole() {
    let Some(folder) = gather::shared("vocab/icd") else { return };
    let read = |name: &str| String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap()).into_owned();
    let gather = gather::load(std::slice::from_ref(&folder)).unwrap();
    assert_eq!(gather::faults(&gather), Vec::<String>::new());
    let flat = system(&gather, CM, "2024");
    let lines = read("icd10cm-codes-2024.txt");
    assert_eq!(flat.concepts.len(), lines.lines().count());
    assert_eq!(
        system(&gather, PCS, "2024").concepts.len(),
        read("icd10pcs-codes-2024.txt").lines().count()
    );
    let icd9 = read("CMS32_DESC_LONG_DX.txt").lines().count() + read("CMS32_DESC_LONG_SG.txt").lines().count();
    assert_eq!(system(&gather, ICD9, "32").concepts.len(), icd9);
    for (name, map) in [("I10gem.txt", 0), ("I9gem.txt", 1)] {
        assert_eq!(gather.maps[map].rows.len(), read(name).lines().count(), "{name}");
    }
    let cm = system(&gather, CM, "2026");
    let xml = read("icd10c-tabular-April-1-2026.xml");
    let of_kind = |kind: &str| {
        cm.properties
            .iter()
            .filter(|(_, property, value)| property == KIND && value == kind)
            .count()
    };
    assert_eq!(of_kind("chapter"), xml.matches("<chapter>").count());
    let billable: BTreeSet<&str> = cm
        .properties
        .iter()
        .filter(|(_, property, value)| property == BILLABLE && value == "true")
        .map(|(code, ..)| code.as_str())
        .collect();
    // Counted by a separate script over the XML: codes without children, with their seventh characters.
    assert_eq!(billable.len(), 74_795);
    let named: BTreeSet<&str> = xml
        .split("<name>")
        .filter_map(|rest| rest.split_once("</name>"))
        .map(|(name, _)| name)
        .collect();
    let expanded = billable.iter().filter(|code| !named.contains(*code));
    let listed = xml.matches("</diag>").count();
    assert_eq!(
        cm.concepts.len(),
        of_kind("chapter") + of_kind("block") + listed + expanded.count()
    );
    let (mut both, mut same) = (0, 0);
    for line in lines.lines() {
        let code = CodeSet::Icd10Cm.spell(line[..7].trim()).unwrap();
        if billable.contains(code.as_str()) {
            both += 1;
            same += usize::from(cm.displays[&code] == line[8..].trim());
        }
    }
    // By the same script: the other 167 changed wording or gained accents between the years.
    assert_eq!((both, same), (73_980, 73_813));
}

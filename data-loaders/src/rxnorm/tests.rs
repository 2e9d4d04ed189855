//! The RxNorm loader against an invented release in the official layout, damaged copies of it, and the
//! development files beside the project where they are at hand.

use super::*;
use crate::LoadError;
use crate::gather::{self, Gather, System};
use proptest::prelude::*;
use std::collections::HashSet;
use std::path::PathBuf;
use tern_index::model::{DesignationKind, Relationship};

fn fixture() -> Gather {
    gather::load(&[gather::fixture("rxnorm")]).unwrap()
}

fn rxnorm(gather: &Gather) -> &System {
    assert_eq!(gather.systems.len(), 1);
    &gather.systems[0]
}

/// A copy of the fixture's full release with one file changed.
fn changed(file: &str, change: impl Fn(String) -> String) -> (tempfile::TempDir, Vec<PathBuf>) {
    let room = gather::copy(&gather::fixture("rxnorm").join("rrf"), |name, bytes| {
        if name == file {
            return Some(change(String::from_utf8(bytes).unwrap()).into_bytes());
        }
        Some(bytes)
    });
    let path = room.path().to_owned();
    (room, vec![path])
}

#[test]
fn a_release_gives_concepts_of_rxnorm_itself_and_its_version() {
    let gather = fixture();
    let system = rxnorm(&gather);
    assert_eq!(system.header.canonical().to_string(), format!("{SYSTEM}|07072025"));
    assert_eq!(system.header.date.as_deref(), Some("2025-07-07"));
    // 38 in RXNCONSO, 3 retired ones with a name in the archive.
    assert_eq!(system.concepts.len(), 38 + 3);
    assert_eq!(system.displays.len(), system.concepts.len());
    assert!(!system.concepts.contains_key("990001"), "only another source names it");
    assert_eq!(system.concepts["601"], (false, false), "all its names are obsolete");
    assert_eq!(system.concepts["602"], (true, false));
    assert_eq!(system.property("602", "SUPPRESS"), ["E"]);
    assert!(system.parents.is_empty());
    assert_eq!(gather::faults(&gather), Vec::<String>::new());
    let ignored: Vec<bool> = gather.ignored.iter().map(|(file, _)| file.contains("prescribe")).collect();
    assert_eq!(ignored, [true, true, false]);
}

#[test]
fn names_of_all_sources_are_terms_once() {
    let gather = fixture();
    let system = rxnorm(&gather);
    assert_eq!(system.displays["410"], "zorvamide 10 MG Oral Tablet");
    let terms: Vec<(DesignationKind, &str, &str)> = system
        .terms
        .iter()
        .filter(|term| term.0 == "410")
        .map(|term| (term.1, term.2.as_str(), term.3.as_str()))
        .collect();
    let wanted = [
        (DesignationKind::Display, "SCD", "zorvamide 10 MG Oral Tablet"),
        (DesignationKind::Synonym, "SY", "zorvamide 10 MG Tab"),
        (DesignationKind::Synonym, "TMSY", "zorvaMIDE 10 MG Oral Tablet"),
        (DesignationKind::Synonym, "CD", "ZORVAMIDE 10MG TAB"),
    ];
    assert_eq!(terms, wanted);
    assert_eq!(system.property("410", "TTY"), ["PSN", "SCD", "TMSY"]);
    let first = system
        .properties
        .iter()
        .find(|(code, property, _)| code == "410" && property == "TTY")
        .unwrap();
    assert_eq!(first.2, "SCD");
    assert_eq!(system.property("410", "SAB"), ["MMSL", "RXNORM", "VANDF"]);
    assert_eq!(system.property("201", "STY"), ["T121"]);
}

#[test]
fn relations_read_from_the_second_concept_to_the_first() {
    let gather = fixture();
    let system = rxnorm(&gather);
    assert_eq!(system.property("410", "consists_of"), ["401"]);
    assert_eq!(system.property("401", "constitutes"), ["410"]);
    assert_eq!(system.property("401", "has_ingredient"), ["201"]);
    assert_eq!(system.property("301", "tradename_of"), ["201"]);
    assert_eq!(system.property("301", "RN"), ["201"]);
    assert_eq!(system.property("201", "RB"), ["301"]);
    assert_eq!(system.property("212", "has_part"), ["201", "202"]);
    assert!(
        system.property("201", "SY").is_empty(),
        "relations between single names are left out"
    );
    assert_eq!(system.property("410", "RXN_AVAILABLE_STRENGTH"), ["10 MG"]);
    assert_eq!(system.property("410", "NDC"), Vec::<&str>::new());
}

#[test]
fn ndc_attributes_become_a_map() {
    let gather = fixture();
    let map = gather.maps.iter().find(|map| map.header.url == NDC_MAP).unwrap();
    assert_eq!(map.header.version.as_deref(), Some("07072025"));
    let rows: Vec<(&str, Option<&str>, usize)> = map
        .rows
        .iter()
        .map(|row| (row.source.as_str(), row.target.as_deref(), row.attributes.len()))
        .collect();
    let wanted = [
        ("99999041601", Some("416"), 0),
        ("99999041701", Some("417"), 0),
        ("00777310502", Some("410"), 0),
        ("00777310602", Some("411"), 0),
        ("00777310509", Some("410"), 1),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn retired_concepts_are_inactive_and_lead_to_those_in_use() {
    let gather = fixture();
    let system = rxnorm(&gather);
    assert_eq!(system.concepts["701"], (false, false));
    assert_eq!(system.displays["701"], "zorvamide 10 MG Oral Tablet, old");
    assert_eq!(system.property("701", REPLACED_BY), ["702"]);
    assert!(!system.concepts.contains_key("705"), "RxNorm never named it");
    let map = gather.maps.iter().find(|map| map.header.url == HISTORY_MAP).unwrap();
    let rows: Vec<(&str, Option<&str>, Relationship)> = map
        .rows
        .iter()
        .map(|row| (row.source.as_str(), row.target.as_deref(), row.relationship))
        .collect();
    let wanted = [
        ("701", Some("410"), Relationship::Equivalent),
        ("702", Some("410"), Relationship::Equivalent),
        ("703", None, Relationship::NotRelatedTo),
        ("704", Some("410"), Relationship::RelatedTo),
        ("704", Some("411"), Relationship::RelatedTo),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn a_zip_and_packed_files_equal_the_folder() {
    let wanted = fixture().placeless();
    let (_room, zip) = gather::zipped(&gather::fixture("rxnorm"), "RxNorm_full_07072025.zip");
    assert_eq!(gather::load(&[zip]).unwrap().placeless(), wanted);
    let packed = gather::packed(&gather::fixture("rxnorm"));
    assert_eq!(gather::load(&[packed.path().to_owned()]).unwrap().placeless(), wanted);
}

#[test]
fn the_version_comes_from_the_archives_name_where_rxnsab_is_missing() {
    let room = gather::copy(&gather::fixture("rxnorm"), |name, bytes| {
        (!name.ends_with("RXNSAB.RRF")).then_some(bytes)
    });
    let (_zip_room, zip) = gather::zipped(room.path(), "RxNorm_full_06022025.zip");
    let gather = gather::load(&[zip]).unwrap();
    assert_eq!(rxnorm(&gather).header.version.as_deref(), Some("06022025"));
}

#[test]
fn faults_are_located_and_the_rest_is_loaded() {
    let check = |file: &str, more: &str, wanted: &[&str]| {
        let (_room, paths) = changed(file, |text| text + more);
        let gather = gather::load(&paths).unwrap();
        assert_eq!(gather::faults(&gather), wanted, "{file}");
        assert_eq!(rxnorm(&gather).concepts.len(), 41);
    };
    check("RXNCONSO.RRF", "x1|ENG|\n", &["RXNCONSO.RRF:47: ragged row"]);
    check(
        "RXNCONSO.RRF",
        "01|ENG||||||1|1|1||RXNORM|IN|1|x||N||\n9|ENG||||||1|1|1||RXNORM|IN|1| ||N||\n",
        &["RXNCONSO.RRF:47:RXCUI bad identifier", "RXNCONSO.RRF:48:STR bad value"],
    );
    check(
        "RXNREL.RRF",
        "201||CUI|RO|99||CUI|has_ingredient|1||RXNORM||||||\n99||CUI|RO|201||CUI|has_ingredient|1||RXNORM||||||\n201||CUI\n",
        &[
            "RXNREL.RRF:122:RXCUI2 unknown reference",
            "RXNREL.RRF:123:RXCUI1 unknown reference",
            "RXNREL.RRF:124: ragged row",
        ],
    );
    check(
        "RXNSAT.RRF",
        "410||||CUI|1|1||NDC|RXNORM|0777-3105-02|N||\n99||||CUI|1|1||RXN_STRENGTH|RXNORM|1|N||\n",
        &["RXNSAT.RRF:34:ATV bad identifier", "RXNSAT.RRF:35:RXCUI unknown reference"],
    );
    check("RXNSTY.RRF", "201|121|A|B|||\n", &["RXNSTY.RRF:40:TUI bad value"]);
    check("RXNCUI.RRF", "706|a|b|1|x|\n", &["RXNCUI.RRF:7:CUI2 bad identifier"]);
}

#[test]
fn a_missing_file_is_named_and_leftovers_are_no_release() {
    let room = gather::copy(&gather::fixture("rxnorm").join("rrf"), |name, bytes| {
        (name != "RXNREL.RRF").then_some(bytes)
    });
    let error = gather::load(&[room.path().to_owned()]).unwrap_err();
    assert!(
        matches!(&error, LoadError::MissingFile { file, .. } if file == "RXNREL.RRF"),
        "{error}"
    );
    let leftovers = gather::copy(&gather::fixture("rxnorm").join("rrf"), |name, bytes| {
        ["RXNSAB.RRF", "RXNSTY.RRF", "RXNCUI.RRF"].contains(&name).then_some(bytes)
    });
    assert!(gather::releases(&[leftovers.path().to_owned()]).unwrap().is_empty());
    let (_room, paths) = changed("RXNCONSO.RRF", |text| text.replace("|RXNORM|", "|OTHER|"));
    assert!(matches!(gather::load(&paths).unwrap_err(), LoadError::Malformed { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_panics_the_loader(at in 0usize..8000, byte: u8, cut in 1usize..9000, which in 0usize..7) {
        let names = ["RXNCONSO.RRF", "RXNREL.RRF", "RXNSAT.RRF", "RXNSTY.RRF", "RXNSAB.RRF", "RXNCUI.RRF", "RXNATOMARCHIVE.RRF"];
        let room = gather::copy(&gather::fixture("rxnorm").join("rrf"), |name, mut bytes| {
            if name == names[which] {
                let length = bytes.len();
                bytes[at % length] = byte;
                bytes.truncate(cut);
            }
            Some(bytes)
        });
        let _ = gather::load(&[room.path().to_owned()]);
    }
}

/// Independent counts: from the lines, split at the delimiter.
#[test]
fn the_development_files_load_whole() {
    let Some(folder) = gather::shared("vocab/rxnorm/rrf") else {
        return;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let gather = gather::load(std::slice::from_ref(&folder)).unwrap();
    let system = rxnorm(&gather);
    assert_eq!(gather::faults(&gather), Vec::<String>::new());
    let conso = read("RXNCONSO.RRF");
    let concepts: HashSet<&str> = conso.lines().filter_map(|line| line.split('|').next()).collect();
    assert_eq!(concepts.len(), system.concepts.len());
    assert_eq!(system.header.version.as_deref(), Some("08042025"));
    let relations = read("RXNREL.RRF").lines().count();
    let codes = system
        .properties
        .iter()
        .filter(|(_, property, _)| property.contains('_') || matches!(property.as_str(), "isa" | "contains" | "constitutes"));
    let stated = codes.filter(|(_, property, _)| !property.starts_with("RXN_")).count();
    assert_eq!(stated, relations);
    let attributes = system
        .properties
        .iter()
        .filter(|(_, property, _)| property.starts_with("RXN_"))
        .count();
    assert_eq!(attributes, read("RXNSAT.RRF").lines().count());
    let Some(leftovers) = gather::shared("tx-suite/tx-source/rxnorm") else {
        return;
    };
    assert!(gather::releases(&[leftovers]).unwrap().is_empty());
}

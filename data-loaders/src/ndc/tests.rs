//! The NDC loader against an invented directory in the official layout, damaged copies of it, and the sample
//! beside the project where it is at hand.

use super::*;
use crate::gather::{self, Gather};
use proptest::prelude::*;
use std::path::PathBuf;

fn fixture() -> Gather {
    gather::load(&[gather::fixture("ndc")]).unwrap()
}

/// The fixture's folder with one file changed; its name keeps the date.
fn changed(file: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> (tempfile::TempDir, Vec<PathBuf>) {
    let room = gather::copy(&gather::fixture("ndc"), |name, bytes| {
        Some(if name.ends_with(file) { change(bytes) } else { bytes })
    });
    let path = room.path().to_owned();
    (room, vec![path])
}

#[test]
fn products_and_packages_are_concepts_with_the_displays_servers_give() {
    let gather = fixture();
    let ndc = &gather.systems[0];
    assert_eq!(ndc.header.canonical().to_string(), format!("{SYSTEM}|2025-07-11"));
    assert_eq!(ndc.concepts.len(), 4 + 5);
    assert_eq!(ndc.displays["9999-0410"], "Zorvex (product)");
    assert_eq!(ndc.displays["99999-411"], "Zorvex Forte (product)");
    assert_eq!(
        ndc.displays["9999-0410-02"],
        "Zorvex, 100 TABLET in 1 BOTTLE (9999-0410-02) (package)"
    );
    assert_eq!(
        ndc.displays["99998-0413-5"],
        "Quénol, 5 mL in 1 BOTTLE (99998-0413-5) (package)"
    );
    assert_eq!(ndc.parent("9999-0410-02"), ["9999-0410"]);
    assert_eq!(ndc.property("9999-0410-02", PRODUCT), ["9999-0410"]);
    assert_eq!(ndc.property("9999-0410-02", CODE_11), ["09999041002"]);
    assert_eq!(ndc.property("99998-0412", "STARTMARKETINGDATE"), ["2024-02-29"]);
    assert_eq!(ndc.property("99998-0412", "LABELERNAME"), ["Invented Pharma"]);
    let term = |code: &str, kind, text: &str| ndc.terms.iter().any(|(c, k, _, t)| c == code && *k == kind && t == text);
    assert!(term("9999-0410", DesignationKind::Synonym, "Zorvex 10 mg/1 TABLET"));
    let both = "zorvamide and plectarine 10 mg/1 / 5 mg/1 TABLET, FILM COATED";
    assert!(term("99998-0412", DesignationKind::Related, both));
    assert!(term("9999-0410-02", DesignationKind::Synonym, "09999041002"));
    assert_eq!(gather::faults(&gather), Vec::<String>::new());
}

#[test]
fn marketing_that_ended_before_the_release_makes_a_concept_inactive() {
    let gather = fixture();
    let active = |code: &str| gather.systems[0].concepts[code].0;
    assert!(active("9999-0410") && active("99998-0412"));
    assert!(!active("99999-411"));
    assert!(!active("99999-411-30"), "its product ended");
    assert!(!active("99998-0412-1") && active("99998-0412-2"));
}

#[test]
fn a_zip_and_packed_files_equal_the_folder() {
    let wanted = fixture().placeless();
    let (_room, zip) = gather::zipped(&gather::fixture("ndc"), "ndctext.zip");
    assert_eq!(gather::load(&[zip]).unwrap().placeless(), wanted);
    let packed = gather::packed(&gather::fixture("ndc"));
    assert_eq!(gather::load(&[packed.path().to_owned()]).unwrap().placeless(), wanted);
}

#[test]
fn faults_are_located_and_the_rest_is_loaded() {
    let add = |more: &'static str| move |bytes: Vec<u8>| [&bytes[..], more.as_bytes()].concat();
    let (_room, paths) = changed(
        "package.txt",
        add(
            "a\t9999-9999\t9999-9999-01\tx\t2020\t\tN\tN\r\nb\t9999-0410\t9999-0410-02\tx\t\t\tN\tN\r\nc\t9999-0410\t9999041003\tx\t\t\tN\tN\r\nd\r\n",
        ),
    );
    let gather = gather::load(&paths).unwrap();
    let wanted = [
        "package.txt:7:PRODUCTNDC unknown reference",
        "package.txt:7:STARTMARKETINGDATE bad value",
        "package.txt:8:NDCPACKAGECODE duplicate key",
        "package.txt:9:NDCPACKAGECODE bad identifier",
        "package.txt:10: ragged row",
    ];
    assert_eq!(gather::faults(&gather), wanted);
    assert_eq!(gather.systems[0].concepts.len(), 10);
}

#[test]
fn missing_columns_and_files_are_named_and_other_files_left_alone() {
    let rename = |bytes: Vec<u8>| {
        String::from_utf8_lossy(&bytes)
            .replace("PACKAGEDESCRIPTION", "DESCRIPTION")
            .into_bytes()
    };
    let (_room, paths) = changed("package.txt", rename);
    let error = gather::load(&paths).unwrap_err();
    assert!(
        matches!(&error, LoadError::MissingColumn { column, .. } if column == "PACKAGEDESCRIPTION"),
        "{error}"
    );
    let room = gather::copy(&gather::fixture("ndc"), |name, bytes| {
        (!name.ends_with("package.txt")).then_some(bytes)
    });
    let error = gather::load(&[room.path().to_owned()]).unwrap_err();
    assert!(
        matches!(&error, LoadError::MissingFile { file, .. } if file == "package.txt"),
        "{error}"
    );
    let (_room, paths) = changed("txt", |_| b"some other product list\n".to_vec());
    assert!(gather::releases(&paths).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_panics_the_loader(at in 0usize..1500, byte: u8, cut in 1usize..1600, product: bool) {
        let file = if product { "product.txt" } else { "package.txt" };
        let (_room, paths) = changed(file, |mut bytes| {
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(cut);
            bytes
        });
        let _ = gather::load(&paths);
    }
}

/// Independent counts: the lines of the files.
#[test]
fn the_sample_directory_loads_whole() {
    let Some(folder) = gather::shared("tx-suite/tx-source/ndc") else {
        return;
    };
    let gather = gather::load(std::slice::from_ref(&folder)).unwrap();
    assert_eq!(gather::faults(&gather), Vec::<String>::new());
    let lines = |name: &str| {
        std::fs::read_to_string(folder.join("2025-07-11").join(name))
            .unwrap()
            .lines()
            .count()
            - 1
    };
    assert_eq!(gather.systems[0].concepts.len(), lines("product.txt") + lines("package.txt"));
    assert_eq!(gather.systems[0].header.version.as_deref(), Some("2025-07-11"));
}

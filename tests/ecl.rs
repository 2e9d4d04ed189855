//! Expression constraints through the program: every row of `docs/ecl.md`, and what `tern ecl` prints.

use crate::support::{history, json, outcome, root, stdout};
use tern::service::expand::ValueSetReference;
use tern::service::validate_code::{ValidateCodeRequest, ValidationInput, ValidationTarget, validate_code};
use tern::service::{Parameters, Terminology};
use tern_index::model::{Canonical, Coding};
use tern_index::store::Store;

/// Example and number of each row of the tables of supported features.
fn rows() -> Vec<(String, u64)> {
    let text = std::fs::read_to_string(root().join("docs/ecl.md")).unwrap();
    let (_, tables) = text.split_once("## What is supported").unwrap();
    let mut rows = Vec::new();
    for line in tables.lines().filter(|line| line.starts_with('|') && line.contains('`')) {
        let plain = line.replace("\\|", "\u{0}");
        let cells: Vec<&str> = plain.split('|').map(str::trim).collect();
        let [_, _, example, found, _] = cells.as_slice() else {
            panic!("{line}: expected three cells");
        };
        let example = example.trim_matches('`').replace('\u{0}', "|");
        rows.push((example, found.parse().unwrap_or_else(|_| panic!("{line}: no number"))));
    }
    rows
}

#[test]
fn every_row_of_the_table_is_as_it_says() {
    let rows = rows();
    assert!(rows.len() > 60, "{} rows", rows.len());
    for (example, found) in rows {
        let (_, out, err) = outcome(history(), &["ecl", &example, "--json"]);
        let answer: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{example}\n{err}"));
        assert_eq!(answer["total"], found, "{example}\n{err}");
        // The long syntax says the same.
        let long = stdout(history(), &["ecl", &example, "--format", "long"]);
        let brief = stdout(history(), &["ecl", long.trim(), "--format", "brief"]);
        assert_eq!(
            stdout(history(), &["ecl", brief.trim(), "--format", "long"]),
            long,
            "{example}"
        );
    }
}

#[test]
fn concepts_are_printed_with_their_terms() {
    let out = stdout(history(), &["ecl", "<< 1239999997109 {{ + HISTORY-MIN }}"]);
    assert_eq!(
        out,
        "code\tdisplay\tnote\n1349999997107\tSail oxide\tinactive\n1239999997109\tSailbone rust\t\n\
         1259999997102\tQuick sailbone rust\t\n1269999997104\tSailbone rust with finbone crack\t\n"
    );
    assert_eq!(stdout(history(), &["ecl", "<< 1239999997109", "--count"]), "3\n");
    let limited = json(history(), &["ecl", "<< 1239999997109", "--limit", "1", "--json"]);
    assert_eq!(
        (limited["total"].as_u64(), limited["concepts"].as_array().unwrap().len()),
        (Some(3), 1)
    );
}

#[test]
fn selected_fields_are_rows() {
    let out = stdout(history(), &["ecl", "^ [referencedComponentId, round, remark] 1029999997102"]);
    assert_eq!(
        out,
        "referencedComponentId\tround\tremark\n1239999997109\t1\tseen\n1249999997100\t-2\t\n"
    );
}

#[test]
fn a_plan_shows_parts_and_sizes() {
    let constraint = "< 64572001 : { 1059999997107 = *, 1069999997105 = 1149999997105 }";
    let out = stdout(history(), &["ecl", constraint, "--explain"]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].trim_start().starts_with("4  < 64572001 : {"), "{out}");
    assert!(
        lines.iter().any(|line| line.contains("[stored runs of descendants]")),
        "{out}"
    );
    assert!(lines.iter().any(|line| line.contains("joined by group")), "{out}");
    let plan = json(history(), &["ecl", constraint, "--explain", "--json"]);
    assert_eq!(plan["plan"].as_array().unwrap().len(), lines.len());
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let (code, out, err) = outcome(history(), &["ecl", "<< 64572001 AND\n  abc", "--check"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("line 2, column 3: expected a concept identifier"), "{err}");
    assert!(err.contains("\n  abc\n  ^\n"), "{err}");
    let (code, _, err) = outcome(history(), &["ecl", "<< 73211009"]);
    assert_eq!(code, 3);
    assert!(
        err.contains("the concept 73211009 is not known in http://snomed.info/sct/900000000000207008"),
        "{err}"
    );
    let (code, out, err) = outcome(history(), &["ecl", "1349999997107 |Sea oxide|"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("Sail oxide"), "{out}");
    assert!(
        err.contains("no longer in use") && err.contains("no term \"Sea oxide\""),
        "{err}"
    );
    assert_eq!(outcome(history(), &["ecl", "< 1259999997102"]).0, 1);
}

#[test]
fn value_sets_are_defined_by_constraints() {
    let url = "http://snomed.info/sct?fhir_vs=ecl/%3C%201229999997107%20MINUS%201259999997102";
    let expansion = json(history(), &["expand", url, "--json"]);
    assert_eq!(expansion["total"], 3);
    let reference_set = json(
        history(),
        &["expand", "http://snomed.info/sct?fhir_vs=refset/1019999997108", "--json"],
    );
    assert_eq!(reference_set["total"], 2);
    let (code, _, err) = outcome(history(), &["expand", "http://snomed.info/sct?fhir_vs=ecl/%3C%3C"]);
    assert_ne!(code, 0);
    assert!(err.contains("Invalid ECL expression '<<': line 1, column 3"), "{err}");
}

/// Whether a code is in an implicit value set, and its display.
fn judged(code: &str, url: &str) -> (bool, Option<String>) {
    let store = Store::open(history()).unwrap();
    let terminology = Terminology::new(&store, Vec::new());
    let request = ValidateCodeRequest {
        target: ValidationTarget::ValueSet(ValueSetReference::Canonical(Canonical::new(url, None))),
        input: ValidationInput::Code(Coding::new("http://snomed.info/sct", code)),
        parameters: Parameters::default(),
    };
    let validation = validate_code(&terminology, &request).unwrap();
    (validation.result, validation.display)
}

#[test]
fn expressions_are_judged_against_constraints() {
    let url = "http://snomed.info/sct?fhir_vs=ecl/%3C%2064572001%20%3A%201059999997107%20%3D%20%3C%3C%201109999997107";
    let display = "64572001|Invented disorder|:1059999997107|Seat|=1109999997107|Sailbone|";
    assert_eq!(
        judged("64572001:1059999997107=1109999997107", url),
        (true, Some(display.to_owned()))
    );
    for (code, valid) in [
        (
            "64572001 |Invented disorder| : { 1059999997107 |Seat| = 1109999997107 }",
            true,
        ),
        ("64572001:1059999997107=1119999997109", false),
        ("64572001:1109999997107=1059999997107", false),
        ("64572001:", false),
    ] {
        assert_eq!(judged(code, url).0, valid, "{code}");
    }
    let below = "http://snomed.info/sct?fhir_vs=isa/1239999997109";
    assert!(judged("1239999997109:1079999997103=1179999997104", below).0);
    // What is defined by its groups is above an expression that has them.
    assert!(judged("64572001:{1059999997107=1109999997107,1069999997105=1149999997105}", below).0);
    assert!(!judged("1249999997100:1079999997103=1179999997104", below).0);
}

#[test]
fn expressions_are_looked_up() {
    let found = json(
        history(),
        &["lookup", "snomed", "1239999997109:1079999997103=1179999997104", "--json"],
    );
    assert_eq!(
        found["display"],
        "1239999997109|Sailbone rust|:1079999997103|Pace|=1179999997104|Quick|"
    );
}

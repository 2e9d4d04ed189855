//! Mapping from and to every format on the command line, through pipes too, and converting between formats.

use crate::support::{demo, outcome, root, tern, text};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

fn labs() -> String {
    root().join("demo/extract/labs.csv").display().to_string()
}

fn map(input: &str, output: &Path, more: &[&str]) -> String {
    let output = output.display().to_string();
    let mut arguments = vec!["map", input, "-o", &output, "--target", "loinc", "--date", "2026-01-31"];
    arguments.extend(more);
    let (code, _, err) = outcome(demo(), &arguments);
    assert_eq!(code, 0, "{err}");
    err
}

fn convert(input: &Path, output: &Path, more: &[&str]) -> String {
    let paths = [input, output].map(|path| path.display().to_string());
    let mut arguments = vec!["convert", &paths[0], &paths[1]];
    arguments.extend(more);
    let (code, _, err) = outcome(demo(), &arguments);
    assert_eq!(code, 0, "{err}");
    err
}

#[test]
fn an_extract_maps_the_same_from_and_to_every_table() {
    let room = tempfile::tempdir().unwrap();
    let place = |name: &str| room.path().join(name);
    map(&labs(), &place("first.csv"), &[]);
    for name in ["a.xlsx", "a.parquet", "a.ndjson.gz", "a.tsv.zst"] {
        // The mapped table itself is mapped again: its own columns step aside.
        map(&place("first.csv").display().to_string(), &place(name), &[]);
        map(&place(name).display().to_string(), &place("back.csv"), &[]);
        let codes = |path: &Path| -> Vec<(String, String)> {
            let mut reader = csv::Reader::from_path(path).unwrap();
            let header = reader.headers().unwrap().clone();
            let column = |name: &str| header.iter().position(|column| column == name).unwrap();
            let (name, code) = (column("status"), column("target_code"));
            reader
                .records()
                .map(Result::unwrap)
                .map(|row| (row[name].to_owned(), row[code].to_owned()))
                .collect()
        };
        assert_eq!(codes(&place("first.csv")), codes(&place("back.csv")), "{name}");
    }
}

#[test]
fn pipes_carry_what_streams() {
    let table = std::fs::read(labs()).unwrap();
    for format in [
        "csv",
        "tsv",
        "ndjson",
        "sssom",
        "conceptmap-r4",
        "conceptmap-r5",
        "omop",
        "usagi",
        "parquet",
        "xlsx",
    ] {
        let mut child = tern()
            .args([
                "map",
                "-",
                "-o",
                "-",
                "--target",
                "loinc",
                "--input-format",
                "csv",
                "--format",
                format,
            ])
            .env("TERN_STORE", demo())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&table).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{format}: {}", text(&output.stderr));
        let start = match format {
            "parquet" => "PAR1",
            "xlsx" => "PK",
            "sssom" => "#curie_map:",
            "ndjson" | "conceptmap-r4" | "conceptmap-r5" => "{",
            _ => "",
        };
        assert!(
            output.stdout.starts_with(start.as_bytes()) && output.stdout.len() > 100,
            "{format}"
        );
    }
}

#[test]
fn a_mapping_set_comes_back_from_every_format() {
    let room = tempfile::tempdir().unwrap();
    let place = |name: &str| room.path().join(name);
    map(&labs(), &place("one.sssom.tsv"), &[]);
    let first = std::fs::read_to_string(place("one.sssom.tsv")).unwrap();
    assert!(
        first.contains("2026-01-31") && first.contains("semapv:") && first.contains("ext_context.specimen"),
        "{first}"
    );
    convert(&place("one.sssom.tsv"), &place("rows.csv"), &[]);
    let rows = std::fs::read_to_string(place("rows.csv")).unwrap();
    for name in [
        "b.r4.json",
        "b.r5.json",
        "b.usagi.csv",
        "b_source_to_concept_map.csv",
        "b.xlsx",
        "b.parquet",
        "b.ndjson",
    ] {
        convert(&place("rows.csv"), &place(name), &[]);
        convert(&place(name), &place("again.csv"), &[]);
        assert_eq!(rows, std::fs::read_to_string(place("again.csv")).unwrap(), "{name}");
    }
    assert_eq!(rows.lines().next().unwrap().split(',').next(), Some("source_system"));
}

#[test]
fn what_is_lost_is_said_and_what_is_wrong_is_located() {
    let room = tempfile::tempdir().unwrap();
    let place = |name: &str| room.path().join(name);
    let said = map(&labs(), &place("a.r4.json"), &["--bare"]);
    assert!(
        said.contains("Lost, since conceptmap-r4") && said.contains("probability"),
        "{said}"
    );
    let said = map(&labs(), &place("source_to_concept_map.csv"), &[]);
    assert!(said.contains("--omop-concepts"), "{said}");
    for (content, arguments, code, part) in [
        (
            "name\nx\n",
            vec!["--input-format", "xml"],
            4,
            "csv, tsv, ndjson, xlsx, parquet",
        ),
        ("name\nx\n", vec!["--format", "docx"], 4, "conceptmap-r4"),
        ("name\nx\n", vec!["--input-format", "xlsx"], 4, "no XLSX workbook"),
        ("name\nx\n", vec!["--input-format", "parquet"], 4, "cannot be read as Parquet"),
        ("name\nx\n", vec!["--date", "tomorrow"], 2, "--date"),
    ] {
        std::fs::write(place("in"), content).unwrap();
        let (input, output) = (place("in").display().to_string(), place("out.csv").display().to_string());
        let mut all = vec!["map", &input, "-o", &output, "--target", "loinc"];
        all.extend(arguments);
        let (found, _, err) = outcome(demo(), &all);
        assert_eq!(found, code, "{err}");
        assert!(err.contains(part), "{err}");
        assert!(!place("out.csv").exists());
    }
}

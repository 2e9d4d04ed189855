//! Tables in every format, in and out: the same rows give the same answers, and bytes do not depend on the run.

use super::super::read::{Input, InputFormat, InputOptions, Row};
use super::super::tests::{TABLE, fixture, options};
use super::super::write::{Cell, Column, Encoded, Format, open_table};
use super::super::{MapOptions, run};
use proptest::prelude::*;
use std::path::Path;

type Fields = Vec<Vec<String>>;

fn read(path: &Path, input: &InputOptions) -> (Vec<String>, Fields) {
    let mut input = Input::open_as(path, input).unwrap();
    let header = input.header().to_vec();
    let (mut row, mut rows) = (Row::default(), Vec::new());
    while input.next(&mut row).unwrap() {
        assert_eq!(row.fault, None);
        rows.push(row.fields.iter().map(str::to_owned).collect());
    }
    (header, rows)
}

fn write(path: &Path, format: Format, header: &[&str], rows: &Fields) {
    let columns = header.iter().map(|name| Column {
        name: (*name).to_owned(),
        cell: Cell::Text,
    });
    let mut sink = open_table(path, format, columns.collect()).unwrap();
    let nothing = sink.encode(Vec::new());
    for row in rows {
        sink.row(&csv::StringRecord::from(row.clone()), &nothing).unwrap();
    }
    sink.finish().unwrap();
}

/// The sound rows of the table that the mapper's tests map.
fn sound_rows() -> (Vec<String>, Fields) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(TABLE.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(Result::unwrap).filter(|row| row.len() == header.len());
    (
        header.clone(),
        rows.map(|row| row.iter().map(str::to_owned).collect()).collect(),
    )
}

#[test]
fn every_format_in_and_out_carries_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (header, rows) = sound_rows();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut expected: Option<Fields> = None;
    for input in [
        "a.csv",
        "a.tsv.gz",
        "a.ndjson.zst",
        "a.xlsx",
        "a.parquet",
        "b.parquet.gz",
        "b.xlsx.zst",
    ] {
        let input = folder.path().join(input);
        write(&input, Format::of_path(&input).unwrap(), &header, &rows);
        for output in ["o.csv", "o.tsv", "o.ndjson", "o.xlsx", "o.parquet", "o.csv.zst"] {
            let output = folder.path().join(output);
            let summary = run(&input, &output, &options(), &fixture(), &mut |_| {}).unwrap();
            assert_eq!(summary.rows, 5, "{input:?}");
            let (columns, mut found) = read(&output, &InputOptions::default());
            // NDJSON leaves empty columns out, and so does a sheet at its right end; numbers may lose zeros at the end.
            let mut wanted = [
                "id",
                "name",
                "source_target_code",
                "target_code",
                "probability",
                "status",
                "reason",
            ]
            .map(str::to_owned);
            wanted.sort();
            for row in &mut found {
                let named = wanted.iter().map(|name| {
                    let place = columns.iter().position(|column| column == name);
                    let field = place.and_then(|place| row.get(place)).cloned().unwrap_or_default();
                    match field.parse::<f64>() {
                        Ok(number) if name == "probability" => number.to_string(),
                        _ => field,
                    }
                });
                *row = named.collect();
            }
            assert_eq!(expected.get_or_insert_with(|| found.clone()), &found, "{input:?} {output:?}");
        }
    }
}

#[test]
fn bytes_depend_on_neither_threads_nor_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("labs.csv");
    std::fs::write(&input, TABLE).unwrap();
    for name in ["out.csv", "out.ndjson.gz", "out.xlsx", "out.parquet"] {
        let bytes = |threads: usize| {
            let output = folder.path().join(name);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&input, &output, &options(), &fixture(), &mut |_| {}))
                .unwrap();
            std::fs::read(output).unwrap()
        };
        let one = bytes(1);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert!(one == bytes(2), "{name}");
    }
}

#[test]
fn a_format_can_be_said_where_the_name_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let rows = vec![vec!["007".to_owned(), "x".to_owned()]];
    for (format, said) in [
        (Format::Ndjson, InputFormat::Ndjson),
        (Format::Xlsx, InputFormat::Xlsx),
        (Format::Parquet, InputFormat::Parquet),
        (Format::Csv, InputFormat::Csv),
        (Format::Tsv, InputFormat::Tsv),
    ] {
        let path = folder.path().join("table");
        write(&path, format, &["code", "name"], &rows);
        let said = InputOptions {
            format: Some(said),
            sheet: None,
        };
        assert_eq!(read(&path, &said).1, rows);
        assert_eq!(
            read(&path, &InputOptions::default()).1,
            rows,
            "{format:?} is known by its first bytes"
        );
    }
    assert!(InputFormat::parse("xml").unwrap_err().to_string().contains("parquet"));
}

#[test]
fn damaged_files_are_located_errors() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["x.parquet", "x.xlsx", "x.ndjson"] {
        let path = folder.path().join(name);
        let rows = (0..2000).map(|n| vec![format!("c{n}"), format!("name {n}")]).collect();
        write(&path, Format::of_path(&path).unwrap(), &["code", "name"], &rows);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let result = run(&path, &folder.path().join("o.csv"), &options(), &fixture(), &mut |_| {});
        match result {
            Err(error) => assert!(error.to_string().contains(name), "{error}"),
            Ok(summary) => assert!(name == "x.ndjson" && summary.statuses[&super::super::Status::Invalid] == 1),
        }
    }
}

#[test]
fn what_a_format_cannot_hold_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("twice.csv");
    std::fs::write(&input, "name,x,x\nZorvin,1,2\n").unwrap();
    for name in ["o.ndjson", "o.parquet"] {
        let error = run(&input, &folder.path().join(name), &options(), &fixture(), &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("\"x\""), "{error}");
    }
    let long = folder.path().join("long.csv");
    std::fs::write(&long, format!("name\n{}\n", "é".repeat(40_000))).unwrap();
    let error = run(
        &long,
        &folder.path().join("o.xlsx"),
        &MapOptions::clone(&options()),
        &fixture(),
        &mut |_| {},
    )
    .unwrap_err();
    assert!(error.to_string().contains("cell A2"), "{error}");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing half-written stays"
    );
}

#[test]
fn a_sheet_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("o.xlsx");
    let columns = vec![Column {
        name: "a".to_owned(),
        cell: Cell::Text,
    }];
    let mut sink = open_table(&path, Format::Xlsx, columns).unwrap();
    let (row, nothing) = (csv::StringRecord::from(vec![""]), Encoded::Fields(Vec::new()));
    for _ in 1..super::workbook::MOST_ROWS {
        sink.row(&row, &nothing).unwrap();
    }
    assert!(sink.row(&row, &nothing).unwrap_err().to_string().contains("1048575 rows"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_survives_every_format(rows in prop::collection::vec(prop::collection::vec("[\\x20-\\x7e\u{e0}-\u{17f}\n_]{0,12}", 2..=2), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        // A row of blanks only is no row, and a last column that is empty throughout is none in a sheet.
        let rows: Fields = rows.into_iter().map(|mut row| { row[0].insert(0, 'c'); row[1].push('x'); row }).collect();
        for name in ["a.csv", "a.ndjson", "a.xlsx", "a.parquet"] {
            let path = folder.path().join(name);
            write(&path, Format::of_path(&path).unwrap(), &["code", "name"], &rows);
            prop_assert_eq!(&read(&path, &InputOptions::default()).1, &rows, "{}", name);
        }
    }

    #[test]
    fn any_bytes_are_a_table_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in 0usize..4) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let mut content = [&b""[..], b"PAR1", b"PK\x03\x04", b"{"][magic].to_vec();
        content.extend(&bytes);
        if magic == 1 {
            content.extend(b"\x10\0\0\0PAR1");
        }
        std::fs::write(&path, content).unwrap();
        if let Ok(mut input) = Input::open(&path) {
            let mut row = Row::default();
            while input.next(&mut row).unwrap_or(false) {}
        }
    }
}

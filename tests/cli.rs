//! The command line: what each command prints, where it prints it, and with which code it ends.

use crate::support::{demo, json, outcome, root, run, small, stdout, tern, text};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_folder_and_a_zip_load_the_same() {
    let room = tempfile::tempdir().unwrap();
    let zip = room.path().join("Loinc_9.01.zip");
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&zip).unwrap());
    let table = root().join("tests/fixtures/loinc/Loinc_9.01/LoincTable");
    for name in ["Loinc.csv", "MapTo.csv"] {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("Loinc_9.01/LoincTable/{name}"), options).unwrap();
        writer.write_all(&std::fs::read(table.join(name)).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let (a, b) = (room.path().join("a"), room.path().join("b"));
    let concepts = |store: &Path, path: &str| {
        stdout(store, &["load", path]);
        json(store, &["status", "--json"])[0]["concepts"].as_u64().unwrap()
    };
    let from_zip = concepts(&a, zip.to_str().unwrap());
    assert!(from_zip > 10);
    assert_eq!(from_zip, concepts(&b, table.to_str().unwrap()));
}

#[test]
fn status_tells_counts_dates_and_licences() {
    let status = json(small(), &["status", "--json"]);
    let entries = status.as_array().unwrap();
    let loinc = entries.iter().find(|entry| entry["system"] == "http://loinc.org").unwrap();
    assert_eq!(loinc["version"], "9.01");
    assert_eq!(loinc["kind"], "code system");
    assert!(loinc["terms"].as_u64().unwrap() > loinc["concepts"].as_u64().unwrap());
    assert!(loinc["licence"].as_str().unwrap().contains("Regenstrief"));
    let lines = stdout(small(), &["status"]);
    assert_eq!(lines.lines().count(), entries.len() + 1);
    let columns = lines.lines().next().unwrap().split('\t').count();
    assert!(lines.lines().all(|line| line.split('\t').count() == columns), "{lines}");
}

#[test]
fn data_is_on_stdout_and_the_rest_on_stderr() {
    let room = tempfile::tempdir().unwrap();
    let (code, out, err) = outcome(room.path(), &["load", "tests/fixtures/icd", "--json"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        serde_json::from_str::<serde_json::Value>(&out)
            .unwrap()
            .as_array()
            .unwrap()
            .len()
            > 3
    );
    assert!(err.contains("Recognised ICD-10-CM 2026"), "{err}");
    assert!(!err.contains('\u{1b}'), "{err}");
}

#[test]
fn a_dry_run_loads_nothing() {
    let room = tempfile::tempdir().unwrap();
    let store = room.path().join("store");
    let out = stdout(&store, &["load", "tests/fixtures/icd", "--dry-run"]);
    assert!(out.contains("ICD-10-CM 2026\ticd\t"), "{out}");
    assert!(!store.exists());
}

#[test]
fn search_finds_by_beginnings_of_words_and_by_code() {
    let found = json(small(), &["search", "--system", "icd10cm", "elt chol", "--json"]);
    assert_eq!(found[0]["code"], "A00.1");
    let found = json(small(), &["search", "A00.1", "--json"]);
    assert_eq!(found[0]["code"], "A00.1");
    assert_eq!(found[0]["matched"], serde_json::Value::Null);
    let (code, out, err) = outcome(small(), &["search", "xyzzyplugh"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("nothing in any code system matches"), "{err}");
}

#[test]
fn lookup_subsumes_and_validate_answer() {
    let found = json(small(), &["lookup", "icd10cm", "A00.1", "--json"]);
    assert_eq!(found["code"], "A00.1");
    assert!(found["display"].as_str().unwrap().starts_with("Cholera"));
    let (code, out, _) = outcome(small(), &["subsumes", "icd10cm", "A00", "A00.1"]);
    assert_eq!((code, out.as_str()), (0, "subsumes\n"));
    let (code, out, _) = outcome(small(), &["subsumes", "icd10cm", "A00.1", "A00"]);
    assert_eq!((code, out.as_str()), (0, "subsumed-by\n"));
    assert_eq!(outcome(small(), &["subsumes", "icd10cm", "A00.0", "A00.1"]).0, 1);
}

#[test]
fn errors_name_the_thing_and_the_next_step() {
    let room = tempfile::tempdir().unwrap();
    let empty = room.path().join("empty");
    let nothing = room.path().join("notes.txt");
    std::fs::write(&nothing, "nothing of interest").unwrap();
    let cases: &[(&Path, &[&str], i32, &[&str])] = &[
        (
            small(),
            &["lookup", "icd10mc", "A00"],
            3,
            &["icd10mc", "did you mean icd10cm"],
        ),
        (
            small(),
            &["lookup", "icd10cm", "a001"],
            3,
            &["Unknown code 'a001'", "did you mean A00.1?"],
        ),
        (small(), &["remove", "loinc", "9.02"], 3, &["9.02", "did you mean loinc 9.01"]),
        (small(), &["expand", "none.json"], 3, &["there is no file none.json"]),
        (small(), &["search"], 2, &["required"]),
        (small(), &["serch", "x"], 2, &["search"]),
        (&empty, &["search", "x"], 3, &["nothing is loaded", "tern load"]),
        (
            &empty,
            &["load", nothing.to_str().unwrap()],
            4,
            &["nothing was recognised", "RXNCONSO.RRF", "docs/loading.md"],
        ),
        (&empty, &["load", "/no/such/path"], 4, &["/no/such/path", "hint:"]),
        (&empty, &["load", "tests/fixtures/icd", "--format", "icf"], 2, &["icd"]),
    ];
    for (store, arguments, wanted, texts) in cases {
        let (code, out, err) = outcome(store, arguments);
        assert_eq!((code, out.as_str()), (*wanted, ""), "{arguments:?}: {err}");
        for text in *texts {
            assert!(err.contains(text), "{arguments:?}: {text:?} is not in {err}");
        }
    }
}

/// A LOINC table of which a quarter of the rows is broken.
fn broken_loinc(room: &Path) -> String {
    let table = std::fs::read_to_string(root().join("demo/invented/Loinc_0.1/LoincTable/Loinc.csv")).unwrap();
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).step_by(4) {
        *line = line.replacen("\"99", "\"XX", 1);
    }
    std::fs::write(room.join("Loinc.csv"), lines.join("\n") + "\n").unwrap();
    room.join("Loinc.csv").to_str().unwrap().to_owned()
}

#[test]
fn too_many_faults_load_nothing_unless_they_are_accepted() {
    let room = tempfile::tempdir().unwrap();
    let (store, path) = (room.path().join("store"), broken_loinc(room.path()));
    let (code, _, err) = outcome(&store, &["load", &path]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("Loinc.csv, line 2, column LOINC_NUM: bad identifier"), "{err}");
    assert!(err.contains("--max-skipped"), "{err}");
    assert_eq!(json(&store, &["status", "--json"]).as_array().unwrap().len(), 0);
    let (code, _, err) = outcome(&store, &["load", &path, "--strict"]);
    assert_eq!(code, 4);
    assert!(err.contains("line 2") && err.contains("leave out --strict"), "{err}");
    stdout(&store, &["load", &path, "--max-skipped", "100"]);
    assert_eq!(json(&store, &["status", "--json"])[0]["system"], "http://loinc.org");
}

#[test]
fn verify_finds_a_flipped_byte_and_remove_takes_it_away() {
    let room = tempfile::tempdir().unwrap();
    let store = room.path();
    stdout(store, &["load", "tests/fixtures/loinc"]);
    stdout(store, &["verify"]);
    let release = std::fs::read_dir(store.join("releases"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let file = std::fs::read_dir(release.join("0")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, out, err) = outcome(store, &["verify"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        out.contains("DAMAGED") && err.contains("load those releases again"),
        "{out}{err}"
    );
    let (code, _, err) = outcome(store, &["remove", "loinc", "9.01"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        !json(store, &["status", "--json"])
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["system"] == "http://loinc.org")
    );
}

#[test]
fn a_name_is_explained_for_people_pipes_and_programs() {
    let arguments = [
        "explain",
        "sodium",
        "--target",
        "loinc",
        "--specimen",
        "urine",
        "--unit",
        "mmol/L",
    ];
    let with = |more: &[&str]| stdout(demo(), &[&arguments[..], more].concat());
    let table = with(&["--table"]);
    for shown in [
        "990108-3",
        "matched",
        "specimen      satisfied: urine / Urine",
        "Stages",
        "decision",
    ] {
        assert!(table.contains(shown), "{shown}:\n{table}");
    }
    let piped = with(&["--candidates", "1"]);
    assert!(piped.starts_with("code\tdisplay\tprobability"), "{piped}");
    assert_eq!(piped.lines().count(), 2);
    let value: Value = serde_json::from_str(&with(&["--json"])).unwrap();
    assert_eq!(value["explanation"]["candidates"][0]["code"], "990108-3");
    assert_eq!(value["explanation"]["stages"][0]["note"], "name, specimen, unit");
    let (code, out, _) = outcome(demo(), &["explain", "xyzzy", "--target", "loinc"]);
    assert_eq!((code, out.lines().count()), (1, 1));
    let (code, _, err) = outcome(demo(), &["explain", "x", "--target", "lonic"]);
    assert_eq!(code, 3);
    assert!(err.contains("did you mean loinc"), "{err}");
}

#[test]
fn a_mapped_table_is_explained_only_where_that_is_asked_for() {
    let room = tempfile::tempdir().unwrap();
    let map = |name: &str, more: &[&str]| {
        let path = room.path().join(name);
        let arguments = [
            "map",
            "demo/extract/labs.csv",
            "--target",
            "loinc",
            "-o",
            path.to_str().unwrap(),
        ];
        stdout(demo(), &[&arguments[..], more].concat());
        std::fs::read_to_string(path).unwrap()
    };
    let plain = map("plain.ndjson", &[]);
    let told = map("told.ndjson", &["--explain"]);
    for (plain, told) in plain.lines().zip(told.lines()) {
        let mut told: Value = serde_json::from_str(told).unwrap();
        let explanation = told.as_object_mut().unwrap().shift_remove("explanation").unwrap();
        assert!(
            explanation["stages"].as_array().is_some_and(|stages| stages.len() > 1),
            "{explanation}"
        );
        assert_eq!(told, serde_json::from_str::<Value>(plain).unwrap());
    }
    let csv = map("told.csv", &["--explain", "--candidates", "2"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().next_back(), Some("explanation"));
    for row in reader.records() {
        let explanation: Value = serde_json::from_str(row.unwrap().iter().next_back().unwrap()).unwrap();
        assert!(explanation["candidates"].as_array().unwrap().len() <= 2);
    }
}

#[test]
fn a_pipe_that_closes_early_is_no_error() {
    let mut child = tern()
        .arg("--store")
        .arg(small())
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("man");
    stdout(room.path(), &["man", "--output", folder.to_str().unwrap()]);
    let completions = stdout(room.path(), &["completions", "zsh"]);
    for command in tern::cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(completions.contains(name), "{name}");
        assert!(folder.join(format!("tern-{name}.1")).exists(), "{name}");
    }
    assert!(stdout(room.path(), &["man"]).contains("TERN_STORE"));
}

#[test]
fn the_store_is_named_by_flag_or_variable() {
    let output = tern().env("TERN_STORE", small()).args(["status", "--json"]).output().unwrap();
    assert!(text(&output.stdout).contains("http://loinc.org"));
    let output = run(Path::new("/dev/null/none"), &["status"]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
}

#[test]
fn a_load_killed_at_any_instant_leaves_the_store_before_or_after() {
    let room = tempfile::tempdir().unwrap();
    let store = room.path().join("store");
    stdout(&store, &["load", "tests/fixtures/loinc"]);
    let load = || {
        let mut command = tern();
        command.arg("--store").arg(&store).args(["load", "demo/invented"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let status = || stdout(&store, &["status", "--json"]);
    let before = status();
    let started = Instant::now();
    assert!(load().wait().unwrap().success());
    let whole = started.elapsed();
    let after = status();
    assert_ne!(before, after);
    // A fixed sequence that covers the time of a load evenly and never repeats.
    for number in 0..24_u32 {
        std::fs::remove_dir_all(&store).unwrap();
        stdout(&store, &["load", "tests/fixtures/loinc"]);
        let part = f64::from(number * 7919 % 24) / 20.0;
        let mut child = load();
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * part));
        // SIGKILL on Unix; it may have finished already.
        let _ = child.kill();
        child.wait().unwrap();
        let now = status();
        assert!(now == before || now == after, "killed after {part} of the load:\n{now}");
        stdout(&store, &["verify"]);
    }
    // What the killed loads left behind does not keep the next one from working.
    assert!(load().wait().unwrap().success());
    assert_eq!(status(), after);
}

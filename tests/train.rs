//! `tern train` and the models that it writes: what is read, what is printed, what is refused and where it says so.

use crate::support::{demo, json, outcome, stdout};
use std::path::{Path, PathBuf};

/// Names of laboratory tests with codes of the demonstration's invented release, each several times with a number,
/// so that there is enough to learn from.
fn reviewed(room: &Path) -> PathBuf {
    let found = stdout(demo(), &["search", "--system", "loinc", "--limit", "40", "serum"]);
    let mut text = "id\tlabel\tspecimen\ttarget_code\tcount\n".to_owned();
    let mut id = 0;
    for line in found.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (code, name) = (
            fields.iter().find(|field| is_loinc(field)),
            fields.iter().max_by_key(|field| field.len()),
        );
        for copy in 0..3 {
            id += 1;
            text += &format!("r{id}\t{} {copy}\tserum\t{}\t{}\n", name.unwrap(), code.unwrap(), id * id);
        }
        id += 1;
        text += &format!("r{id}\tnothing of the kind {id}\tserum\t\t\n");
    }
    assert!(id > 10, "{found}");
    let path = room.join("reviewed.tsv");
    std::fs::write(&path, text).unwrap();
    path
}

fn is_loinc(field: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    field
        .split_once('-')
        .is_some_and(|(number, check)| digits(number) && check.len() == 1 && digits(check))
}

#[test]
fn a_model_is_trained_measured_and_used() {
    let room = tempfile::tempdir().unwrap();
    let truth = format!("{}:label=name,specimen=specimen", reviewed(room.path()).display());
    let (model, predicted) = (room.path().join("labs.tsv"), room.path().join("predicted"));
    let train = |more: &[&str]| {
        let mut arguments = vec![
            "train",
            "--target",
            "loinc",
            "--truth",
            &truth,
            "--model",
            model.to_str().unwrap(),
            "--json",
        ];
        arguments.extend(more);
        json(demo(), &arguments)
    };
    let figures = train(&["--predictions", predicted.to_str().unwrap()]);
    let own = &figures[0];
    assert_eq!(own["name"], "reviewed");
    assert!(
        own["first"].as_f64().unwrap() > 0.3 && own["no_match"].as_u64().unwrap() > 0,
        "{own}"
    );
    assert!(own["calibration_error"].as_f64().is_some());
    let predictions = std::fs::read_to_string(predicted.join("reviewed-0.csv")).unwrap();
    assert!(predictions.starts_with("id,code_1,") && predictions.contains("\nr1,"));
    let first = std::fs::read(&model).unwrap();
    train(&[]);
    assert_eq!(std::fs::read(&model).unwrap(), first, "training is the same each time");
    train(&["--by-count"]);
    assert_ne!(
        std::fs::read(&model).unwrap(),
        first,
        "counts matter where they are asked for"
    );
    assert_eq!(
        train(&["--every", "2"])[0]["rows"].as_u64().unwrap(),
        own["rows"].as_u64().unwrap().div_ceil(2)
    );

    let output = room.path().join("mapped.csv");
    let map = |target: &str, output: &Path| {
        let (output, model) = (output.to_str().unwrap(), model.to_str().unwrap());
        outcome(
            demo(),
            &[
                "map",
                "demo/extract/labs.csv",
                "-o",
                output,
                "--target",
                target,
                "--model",
                model,
            ],
        )
    };
    let (code, _, err) = map("loinc", &output);
    assert_eq!(code, 0, "{err}");
    let plain = room.path().join("plain.csv");
    stdout(
        demo(),
        &[
            "map",
            "demo/extract/labs.csv",
            "-o",
            plain.to_str().unwrap(),
            "--target",
            "loinc",
        ],
    );
    assert_ne!(
        std::fs::read(&output).unwrap(),
        std::fs::read(&plain).unwrap(),
        "the model is used"
    );
    let (code, _, err) = map("rxnorm", &output);
    assert_eq!(code, 4);
    assert!(err.contains("trained for http://loinc.org") && err.contains("line"), "{err}");
}

#[test]
fn what_cannot_be_trained_on_is_told_with_its_place() {
    let room = tempfile::tempdir().unwrap();
    let model = room.path().join("model.tsv");
    let truth = room.path().join("truth.csv");
    let train = |text: &str, columns: &str, model: &Path| {
        std::fs::write(&truth, text).unwrap();
        let named = format!("{}{columns}", truth.display());
        let model = model.to_str().unwrap();
        let (code, _, err) = outcome(demo(), &["train", "--target", "loinc", "--truth", &named, "--model", model]);
        (code, err)
    };
    for (text, columns, said) in [
        ("name,code\nA,1\n", "", "target_code"),
        ("name,target_code,count\nA,1,x\n", "", "line 2, column count"),
        ("name,target_code\nA,1\n", ":label=name", "\"label\""),
        ("name,target_code\nA,1\n", ":name=colour", "colour"),
        ("name,target_code,target_system\nA,1,urn:x\n", "", "no row is decided"),
    ] {
        let (code, err) = train(text, columns, &model);
        assert_eq!(code, 4, "{err}");
        assert!(err.contains(said), "{err}");
    }
    assert!(!model.exists(), "nothing is written where nothing was trained");
    let (code, err) = train("name,target_code\nA,1\n", "", &truth);
    assert_eq!(code, 4, "{err}");
    assert!(
        std::fs::read_to_string(&truth).unwrap().starts_with("name,target_code"),
        "the map is still there"
    );
}

//! `tern review` as people use it: a run fills the queue, tables go out and come back, the next run heeds them.

use crate::support::{demo, outcome, root, tern, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A folder with decisions of its own, on the store of the demonstration.
struct Desk {
    room: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            room: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = tern();
        command
            .arg("--store")
            .arg(demo())
            .args(arguments)
            .current_dir(self.room.path());
        command
            .env("TERN_DECISIONS_DB", self.path("d.sqlite"))
            .env("TERN_REVIEWER", "anna");
        let output = command.output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn good(&self, arguments: &[&str]) -> (String, String) {
        let (code, out, err) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    fn map(&self, output: &str, more: &[&str]) -> String {
        let input = root().join("demo/extract/labs.csv");
        let mut arguments = vec!["map", input.to_str().unwrap(), "-o", output, "--target", "loinc"];
        arguments.extend(more);
        self.good(&arguments).1
    }

    /// The rows of a table that was written, each by column.
    fn rows(&self, name: &str) -> Vec<Vec<(String, String)>> {
        rows(&self.path(name))
    }
}

fn rows(path: &Path) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let names = || header.iter().map(str::to_owned);
    let records = reader
        .records()
        .map(|record| names().zip(record.unwrap().iter().map(str::to_owned)).collect());
    records.collect()
}

fn cell<'r>(row: &'r [(String, String)], column: &str) -> &'r str {
    row.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text)
}

/// Writes rows with some cells changed.
fn write(path: &Path, rows: &[Vec<(String, String)>], change: impl Fn(&[(String, String)], &str) -> Option<String>) {
    let mut writer = csv::Writer::from_path(path).unwrap();
    writer.write_record(rows[0].iter().map(|(name, _)| name)).unwrap();
    for row in rows {
        let fields = row.iter().map(|(name, old)| change(row, name).unwrap_or_else(|| old.clone()));
        writer.write_record(fields).unwrap();
    }
    writer.flush().unwrap();
}

#[test]
fn a_queue_goes_out_as_a_table_and_its_decisions_hold_in_the_next_run() {
    let desk = Desk::new();
    assert!(desk.map("first.csv", &["--queue"]).contains(" new"));
    assert!(desk.map("again.csv", &["--queue"]).contains("0 new, 0 changed"));
    assert_eq!(
        std::fs::read(desk.path("first.csv")).unwrap(),
        std::fs::read(desk.path("again.csv")).unwrap()
    );
    desk.good(&["review", "export", "-o", "queue.csv"]);
    desk.good(&["review", "export", "-o", "queue.xlsx", "--auto"]);
    desk.good(&["review", "import", "queue.xlsx"]);
    let queue = desk.rows("queue.csv");
    let errors: Vec<f64> = queue
        .iter()
        .map(|row| cell(row, "expected_errors").parse().unwrap())
        .collect();
    assert!(errors.windows(2).all(|pair| pair[0] >= pair[1]), "{errors:?}");
    let (first, second) = (cell(&queue[0], "item").to_owned(), cell(&queue[1], "item").to_owned());
    let code = cell(&queue[0], "candidate_2_code").to_owned();
    assert!(!code.is_empty());
    write(&desk.path("done.csv"), &queue, |row, column| {
        match (cell(row, "item"), column) {
            (item, "decision") if item == first => Some("accepted".into()),
            (item, "target_code") if item == first => Some(code.clone()),
            (item, "decision") if item == second => Some("no-match".into()),
            _ => None,
        }
    });
    assert!(
        desk.good(&["review", "import", "done.csv"])
            .1
            .contains("1 accepted, 1 no-match")
    );
    desk.map("second.csv", &[]);
    let mapped = desk.rows("second.csv");
    let of = |queued: &[(String, String)]| {
        let local = cell(queued, "source_code");
        mapped.iter().find(|row| cell(row, "local_code") == local).unwrap().clone()
    };
    let accepted = of(&queue[0]);
    assert_eq!(
        (cell(&accepted, "target_code"), cell(&accepted, "match_type")),
        (code.as_str(), "decision")
    );
    assert!(
        cell(&accepted, "reason").contains("anna on 20"),
        "{}",
        cell(&accepted, "reason")
    );
    assert_eq!(cell(&of(&queue[1]), "status"), "unmapped");
    desk.map("elsewhere.csv", &["--scope", "south"]);
    let elsewhere = desk.rows("elsewhere.csv");
    let there = elsewhere
        .iter()
        .find(|row| cell(row, "local_code") == cell(&queue[0], "source_code"))
        .unwrap();
    assert_ne!(cell(there, "status"), "mapped");
    assert!(
        cell(there, "reason").contains("accepted at default"),
        "{}",
        cell(there, "reason")
    );
    desk.map("ignored.csv", &["--ignore-decisions"]);
    assert_eq!(
        std::fs::read(desk.path("ignored.csv")).unwrap(),
        std::fs::read(desk.path("first.csv")).unwrap()
    );
    let listed: Vec<Value> = serde_json::from_str(&desk.good(&["review", "list", "--all", "--json"]).0).unwrap();
    assert!(
        listed
            .iter()
            .any(|item| item["state"] == "no-match" && item["author"] == "anna")
    );
    desk.good(&["review", "undo", &second]);
    let history = desk.good(&["review", "history", &second]).0;
    assert_eq!(history.lines().count(), 4, "{history}");
    assert!(desk.good(&["review", "status"]).0.contains("accepted"));
}

#[test]
fn a_table_with_faults_is_refused_by_row_and_nothing_is_taken() {
    let desk = Desk::new();
    desk.map("first.csv", &["--queue"]);
    desk.good(&["review", "export", "-o", "queue.csv"]);
    let before = desk.good(&["review", "status", "--json"]).0;
    write(&desk.path("bad.csv"), &desk.rows("queue.csv"), |row, column| match column {
        "decision" => Some("accepted".into()),
        "target_code" if cell(row, "candidate_1_code").is_empty() => Some("nonsense".into()),
        "target_code" => Some("99999-9".into()),
        _ => None,
    });
    let (code, _, err) = desk.run(&["review", "import", "bad.csv"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("nothing was imported") && err.contains("\n  row 2: "), "{err}");
    assert_eq!(desk.good(&["review", "status", "--json"]).0, before);
    assert_eq!(desk.run(&["review", "import", "nowhere.csv"]).0, 4);
}

#[test]
fn two_blind_reviewers_are_measured() {
    let desk = Desk::new();
    desk.map("first.csv", &["--queue"]);
    desk.good(&["review", "export", "-o", "queue.csv", "-n", "4"]);
    let queue = desk.rows("queue.csv");
    assert_eq!(desk.run(&["review", "agreement"]).0, 1, "there is none yet");
    for (who, odd) in [("anna", "no-match"), ("bert", "needs-second-review")] {
        let odd_item = cell(&queue[3], "item");
        write(&desk.path("done.csv"), &queue, |row, column| {
            let odd_one = cell(row, "item") == odd_item;
            (column == "decision").then(|| if odd_one { odd.to_owned() } else { "no-match".to_owned() })
        });
        desk.good(&["review", "import", "done.csv", "--double", "--reviewer", who]);
        let history = desk
            .good(&["review", "history", cell(&queue[0], "item"), "--reviewer", "cleo"])
            .0;
        assert_eq!(history.contains("hidden"), who == "anna", "{history}");
    }
    let found: Vec<Value> = serde_json::from_str(&desk.good(&["review", "agreement", "--json"]).0).unwrap();
    assert_eq!((&found[0]["items"], &found[0]["same"]), (&4.into(), &3.into()));
    assert_eq!(found[0]["reviewers"], serde_json::json!(["anna", "bert"]));
}

#[test]
fn a_table_that_was_mapped_before_can_be_queued() {
    let desk = Desk::new();
    desk.map("mapped.csv", &["--candidates", "3", "--explain", "--ignore-decisions"]);
    assert!(desk.good(&["review", "add", "mapped.csv"]).1.contains(" new"));
    assert!(desk.good(&["review", "add", "mapped.csv"]).1.contains("0 new, 0 changed"));
    desk.good(&["review", "export", "-o", "queue.csv"]);
    let queue = desk.rows("queue.csv");
    assert!(!cell(&queue[0], "candidate_1_code").is_empty());
    assert!(queue.iter().any(|row| cell(row, "candidate_1_why").contains("both:")));
}

#[test]
fn what_cannot_be_done_is_said_with_the_remedy() {
    let desk = Desk::new();
    let (code, _, err) = desk.run(&["review", "list"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("tern map --queue"), "{err}");
    let (code, _, err) = desk.run(&["review"]);
    assert_eq!(code, 2);
    assert!(err.contains("needs a terminal"), "{err}");
    std::fs::write(desk.path("d.sqlite"), "no database at all, but long enough to look like one").unwrap();
    let (code, _, err) = desk.run(&["review", "status"]);
    assert_eq!(code, 4);
    assert!(err.contains("no database of decisions"), "{err}");
    let (code, _, _) = outcome(demo(), &["review", "export", "-o", "x.pdf"]);
    assert_eq!(code, 2);
}

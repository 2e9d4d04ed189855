//! The figures of one set: measured, shown, recorded, compared with what was recorded.

use super::Recorded;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use tern::mapper::SourceItem;
use tern::mapper::measure::{Judgement, abstention, accuracy, calibration_error, coverage, share, weighted_accuracy};
use tern::mapper::train::Prediction;
use tern::mapper::truth::Reviewed;

/// What half a digit of rounding may take from a figure.
const ROUNDING: f64 = 1e-4;

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Better {
    Higher,
    Lower,
    /// It describes the set, or is told and not judged.
    Neither,
}

/// All measures in the order of the table: the key they are recorded under, what the table calls them, and what is better.
const MEASURES: &[(&str, &str, Better)] = &[
    ("rows", "rows", Better::Neither),
    ("without_answer", "rows without an answer", Better::Neither),
    ("accuracy_1", "@1", Better::Higher),
    ("accuracy_5", "@5", Better::Higher),
    ("independent_1", "@1, independent pool", Better::Higher),
    ("independent_5", "@5, independent pool", Better::Higher),
    ("weighted_1", "@1 by volume", Better::Higher),
    ("ceiling", "oracle ceiling of the columns, @1", Better::Neither),
    ("baseline_1", "character n-grams, names only, @1", Better::Neither),
    ("baseline_5", "character n-grams, names only, @5", Better::Neither),
    ("recall_20", "answer among 20 candidates", Better::Higher),
    (
        "recall_200",
        "answer among 200 candidates (as many as are kept)",
        Better::Higher,
    ),
    ("coverage_99", "coverage at precision .99", Better::Higher),
    ("coverage_97", "coverage at precision .97", Better::Higher),
    ("coverage_95", "coverage at precision .95", Better::Higher),
    ("accepted", "accepted by itself, error budget .03", Better::Neither),
    ("accepted_precision", "of these right", Better::Neither),
    ("contradicting", "accepted against a contradiction (rows)", Better::Lower),
    ("calibration_error", "calibration error", Better::Lower),
    ("abstention_precision", "abstention, precision", Better::Neither),
    ("abstention_recall", "abstention, recall", Better::Neither),
    ("near_misses", "near misses: right component, wrong axis", Better::Neither),
];

/// Figures by their key; a measure that does not apply has none.
#[derive(Debug, Default, PartialEq)]
pub struct Figures(BTreeMap<&'static str, f64>);

/// What is measured: rows with their predictions, in the same order.
pub struct Measured<'m> {
    pub rows: &'m [Reviewed],
    pub predictions: &'m [Prediction],
    pub baseline: &'m [Prediction],
}

impl Measured<'_> {
    fn judged(&self, predictions: &[Prediction]) -> Vec<Judgement> {
        let pairs = self.rows.iter().zip(predictions);
        pairs
            .map(|(row, prediction)| Judgement::of(&row.example, prediction))
            .collect()
    }

    /// All measures.
    pub fn figures(&self, has_components: bool) -> Figures {
        let (judged, plain) = (self.judged(self.predictions), self.judged(self.baseline));
        let answerable = judged.iter().filter(|row| row.has_answer).count() as f64;
        let pooled = judged.iter().zip(self.rows).filter(|(_, row)| row.group == "independent");
        let independent: Vec<Judgement> = pooled.map(|(judgement, _)| *judgement).collect();
        let counted = |wanted: &dyn Fn(&Prediction) -> bool| self.predictions.iter().filter(|one| wanted(one)).count() as f64;
        let among = |most: usize| share(counted(&|one| one.place.is_some_and(|place| place <= most)), answerable);
        let accepted = judged.iter().zip(self.predictions).filter(|(_, one)| one.accepted);
        let rightly = accepted.clone().filter(|(row, _)| row.is_right()).count() as f64;
        let accepted = accepted.count() as f64;
        let abstains = |place: usize, _: &Judgement| self.predictions.get(place).is_none_or(|one| one.abstains);
        let (abstention_precision, abstention_recall) = abstention(&judged, abstains);
        let all = judged.len() as f64;
        let near = has_components.then(|| share(counted(&|one| one.near), answerable)).flatten();
        let found = [
            ("rows", Some(all)),
            ("without_answer", Some(all - answerable)),
            ("accuracy_1", accuracy(&judged, 1)),
            ("accuracy_5", accuracy(&judged, 5)),
            ("independent_1", accuracy(&independent, 1)),
            ("independent_5", accuracy(&independent, 5)),
            ("weighted_1", weighted_accuracy(&judged)),
            ("ceiling", ceiling(self.rows)),
            ("baseline_1", accuracy(&plain, 1)),
            ("baseline_5", accuracy(&plain, 5)),
            ("recall_20", among(20)),
            ("recall_200", among(200)),
            ("coverage_99", coverage(&judged, 0.99)),
            ("coverage_97", coverage(&judged, 0.97)),
            ("coverage_95", coverage(&judged, 0.95)),
            ("accepted", share(accepted, all)),
            ("accepted_precision", share(rightly, accepted)),
            ("contradicting", Some(counted(&|one| one.accepted && one.contradicts))),
            ("calibration_error", calibration_error(&judged)),
            ("abstention_precision", abstention_precision),
            ("abstention_recall", abstention_recall),
            ("near_misses", near),
        ];
        Figures(found.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    }
}

/// The best accuracy that any function of exactly these columns can reach: equal sources get one answer, the one that is
/// right for most of them.
pub fn ceiling(rows: &[Reviewed]) -> Option<f64> {
    let mut sources: BTreeMap<&SourceItem, BTreeMap<&str, usize>> = BTreeMap::new();
    let answerable: Vec<&Reviewed> = rows.iter().filter(|row| !row.example.codes.is_empty()).collect();
    for row in &answerable {
        let mut codes: Vec<&str> = row.example.codes.iter().map(String::as_str).collect();
        codes.sort_unstable();
        codes.dedup();
        let source = sources.entry(&row.example.item).or_default();
        for code in codes {
            *source.entry(code).or_default() += 1;
        }
    }
    let most = sources.values().filter_map(|codes| codes.values().max());
    share(most.sum::<usize>() as f64, answerable.len() as f64)
}

fn is_whole(key: &str) -> bool {
    ["rows", "without_answer", "contradicting"].contains(&key)
}

/// The figures as a table of Markdown, a column for each set.
pub fn table(found: &[(&str, Figures)]) -> String {
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    let mut table = format!("| | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (key, called, _) in MEASURES {
        let cells = found.iter().map(|(_, figures)| match figures.0.get(key) {
            Some(value) if is_whole(key) => format!("{value:.0}"),
            Some(value) => format!("{value:.3}"),
            None => "-".to_owned(),
        });
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {called} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    table
}

/// Reads recorded figures.
pub fn read(path: &Path) -> Result<Recorded> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{} holds no figures of `evaluate --record`", path.display()))
}

/// Writes the figures over those of the same sets.
pub fn record(path: &Path, found: &[(&str, Figures)]) -> Result<()> {
    let mut recorded = if path.exists() { read(path)? } else { Recorded::new() };
    for (name, figures) in found {
        let rounded = figures
            .0
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (value * 1e4).round() / 1e4));
        recorded.insert((*name).to_owned(), rounded.collect());
    }
    std::fs::write(path, serde_json::to_string_pretty(&recorded)? + "\n").with_context(|| path.display().to_string())
}

/// What is worse than it was recorded, a line each. A set of other rows cannot be compared.
pub fn compare(recorded: &Recorded, found: &[(&str, Figures)]) -> Vec<String> {
    let mut worse = Vec::new();
    for (name, figures) in found {
        if figures.0.get("contradicting").is_some_and(|rows| *rows > 0.0) {
            worse.push(format!("{name}: a row was accepted against a contradiction"));
        }
        let Some(before) = recorded.get(*name) else {
            worse.push(format!("{name}: no figures are recorded; record them with --record"));
            continue;
        };
        if before.get("rows") != figures.0.get("rows") {
            worse.push(format!(
                "{name}: the rows are others than those recorded; record them again with --record"
            ));
            continue;
        }
        for (key, called, better) in MEASURES {
            let (was, is) = (before.get(*key).copied(), figures.0.get(key).copied());
            let fell = match (was, is, better) {
                (Some(was), Some(is), Better::Higher) => is < was - ROUNDING,
                (Some(was), Some(is), Better::Lower) => is > was + ROUNDING,
                (Some(_), None, Better::Higher | Better::Lower) => true,
                _ => false,
            };
            if fell {
                let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| format!("{value:.4}"));
                worse.push(format!("{name}: {called} was {} and is {}", shown(was), shown(is)));
            }
        }
    }
    worse
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::process::Command;
    use tern::mapper::Role;
    use tern::mapper::train::Example;
    use tern::mapper::truth::write_predictions;

    fn row(id: usize, name: &str, codes: &[&str], pool: &str, count: Option<f64>) -> Reviewed {
        let mut item = SourceItem::default();
        item.set(Role::Name, name);
        Reviewed {
            example: Example {
                origin: String::new(),
                set: 0,
                id: id.to_string(),
                item,
                codes: codes.iter().map(|code| (*code).to_owned()).collect(),
                weight: 1.0,
                count,
            },
            group: pool.to_owned(),
        }
    }

    fn predicted(id: usize, codes: &[&str], p: f32, place: Option<usize>) -> Prediction {
        Prediction {
            id: id.to_string(),
            codes: codes.iter().map(|code| ((*code).to_owned(), p)).collect(),
            place,
            abstains: codes.is_empty(),
            ..Prediction::default()
        }
    }

    /// Four rows: right first, right third, no answer and none given, wrong though near.
    fn figures() -> Figures {
        let rows = [
            row(1, "a", &["A", "B"], "independent", Some(9.0)),
            row(2, "b", &["C"], "added", Some(1.0)),
            row(3, "c", &[], "", None),
            row(4, "d", &["D"], "independent", None),
        ];
        let mut predictions = [
            predicted(1, &["B", "X"], 0.9, Some(1)),
            predicted(2, &["X", "Y", "C"], 0.5, Some(3)),
            predicted(3, &[], 0.0, None),
            predicted(4, &["X"], 0.2, Some(30)),
        ];
        predictions[0].accepted = true;
        predictions[3].accepted = true;
        predictions[3].contradicts = true;
        predictions[1].near = true;
        let measured = Measured {
            rows: &rows,
            predictions: &predictions,
            baseline: &predictions,
        };
        measured.figures(true)
    }

    #[test]
    fn each_measure_is_what_it_says() {
        let found = figures();
        for (key, wanted) in [
            ("rows", 4.0),
            ("without_answer", 1.0),
            ("accuracy_1", 1.0 / 3.0),
            ("accuracy_5", 2.0 / 3.0),
            ("independent_1", 0.5),
            ("independent_5", 0.5),
            ("weighted_1", 0.9),
            ("ceiling", 1.0),
            ("baseline_1", 1.0 / 3.0),
            ("recall_20", 2.0 / 3.0),
            ("recall_200", 1.0),
            ("coverage_97", 0.25),
            ("accepted", 0.5),
            ("accepted_precision", 0.5),
            ("contradicting", 1.0),
            ("calibration_error", (0.1 + 0.5 + 0.2) / 3.0),
            ("abstention_precision", 1.0),
            ("abstention_recall", 1.0),
            ("near_misses", 1.0 / 3.0),
        ] {
            let value = found.0.get(key).copied();
            assert!(
                value.is_some_and(|value| (value - wanted).abs() < 1e-6),
                "{key}: {value:?}, not {wanted}"
            );
        }
        assert!(MEASURES.iter().all(|(key, ..)| found.0.contains_key(key)));
        assert!(table(&[("a", found)]).contains("| rows | 4 |"));
    }

    #[test]
    fn the_ceiling_is_one_answer_for_equal_sources() {
        let rows = [
            row(1, "a", &["A"], "", None),
            row(2, "a", &["A", "B"], "", None),
            row(3, "a", &["B"], "", None),
            row(4, "a", &[], "", None),
            row(5, "b", &["C"], "", None),
        ];
        assert_eq!(ceiling(&rows), Some(3.0 / 4.0));
        assert_eq!(ceiling(&[]), None);
    }

    #[test]
    fn what_falls_is_told_and_rounding_is_not() {
        let recorded = |key: &str, value: f64| {
            let mut before: BTreeMap<String, f64> = figures().0.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect();
            before.insert(key.to_owned(), value);
            Recorded::from([("a".to_owned(), before)])
        };
        let told = |key, value| compare(&recorded(key, value), &[("a", figures())]);
        // The contradiction is told whatever was recorded.
        assert_eq!(told("accuracy_1", 1.0 / 3.0 + 5e-5).len(), 1);
        assert!(told("accuracy_1", 0.4).iter().any(|line| line.contains("@1 was 0.4000")));
        assert!(
            told("calibration_error", 0.1)
                .iter()
                .any(|line| line.contains("calibration error"))
        );
        assert_eq!(told("near_misses", 0.9).len(), 1);
        assert!(told("rows", 5.0).iter().any(|line| line.contains("rows are others")));
        assert!(
            compare(&Recorded::new(), &[("a", figures())])
                .iter()
                .any(|line| line.contains("no figures"))
        );
    }

    #[test]
    fn records_come_back_and_keep_other_sets() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("figures.json");
        record(&path, &[("a", figures())]).unwrap();
        record(&path, &[("b", figures())]).unwrap();
        let read = read(&path).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read["a"]["accuracy_1"], 0.3333);
    }

    /// The evaluation tool beside the project, where it is.
    fn tool() -> Option<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let rooms = root
            .ancestors()
            .map(|folder| folder.join("shared/tools").join(["evaluate", "py"].join(".")));
        rooms.into_iter().find(|path| path.exists())
    }

    #[test]
    fn the_measures_are_those_of_the_evaluation_tool() {
        let Some(tool) = tool() else {
            println!("skipped: ../shared is not here");
            return;
        };
        let room = tempfile::tempdir().unwrap();
        let (truth, csv) = (room.path().join("truth.tsv"), room.path().join("predictions.csv"));
        let names = ["A", "B", "C", "D", "E", "F"];
        let mut seed = 7usize;
        let mut next = |below: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let (mut rows, mut predictions) = (Vec::new(), Vec::new());
        let mut text = "id\tname\ttarget_code\tcount\n".to_owned();
        for id in 0..400 {
            let right: Vec<&str> = (0..next(3)).map(|_| names[next(6)]).collect();
            let count = (next(4) > 0).then(|| next(900) as f64);
            let mut codes: Vec<&str> = (0..next(7)).map(|_| names[next(6)]).collect();
            let mut seen = Vec::new();
            codes.retain(|code| {
                !seen.contains(code) && {
                    seen.push(*code);
                    true
                }
            });
            let p = next(40) as f32 / 39.0;
            text += &format!(
                "{id}\tn\t{}\t{}\n",
                right.join("|"),
                count.map_or(String::new(), |count| count.to_string())
            );
            rows.push(row(id, "n", &right, "", count));
            predictions.push(predicted(id, &codes, p, None));
        }
        std::fs::write(&truth, text).unwrap();
        write_predictions(&csv, &predictions).unwrap();
        let output = match Command::new("python3").arg(tool).arg(&truth).arg(&csv).arg("--json").output() {
            Ok(output) => output,
            Err(_) => return println!("skipped: there is no python3 here"),
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let measured = Measured {
            rows: &rows,
            predictions: &predictions,
            baseline: &[],
        };
        let ours = measured.figures(false);
        for (own, other) in [
            ("rows", "n"),
            ("without_answer", "n_without_answer"),
            ("accuracy_1", "accuracy@1"),
            ("accuracy_5", "accuracy@5"),
            ("weighted_1", "weighted@1"),
            ("coverage_99", "coverage@precision0.99"),
            ("coverage_97", "coverage@precision0.97"),
            ("coverage_95", "coverage@precision0.95"),
            ("calibration_error", "ece"),
            ("abstention_precision", "abstention_precision"),
            ("abstention_recall", "abstention_recall"),
        ] {
            let (own_value, other_value) = (ours.0[own], theirs[other].as_f64().unwrap());
            assert!(
                (own_value - other_value).abs() < 1e-9,
                "{own}: {own_value}, not {other_value}"
            );
        }
    }
}

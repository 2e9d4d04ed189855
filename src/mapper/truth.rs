//! Reviewed maps, read to train on or to measure against, and the predictions of cross-validation, written.
//!
//! A reviewed map is a table of any format that is mapped, with a column `target_code`: right codes separated by `|`,
//! none for a reviewed "no match". What `tern map` wrote and people have corrected is one too: of its rows those count that
//! are decided (`mapped`, `unmapped`). A fault stops the reading and has its file, line and column: what was trained on
//! half a file would not be what it says. It trains nothing and knows no target.

use super::error::MapError;
use super::item::Role;
use super::outcome::Status;
use super::read::{Input, Row};
use super::roles::{Binding, Columns, Values};
use super::train::{Example, Prediction};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Codes in a file of predictions.
const WIDTH: usize = 10;

/// A reviewed map, as it is named: `FILE:column=role,...`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TruthFile {
    /// The table.
    pub path: PathBuf,
    /// The columns that sources are made of; empty to guess them by their names.
    pub columns: Columns,
    /// A column by which rows are told apart when they are measured.
    pub group: Option<String>,
}

/// A row of a reviewed map.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// What it is for training.
    pub example: Example,
    /// Its value in the column of groups.
    pub group: String,
}

/// What a reviewed map holds.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// The name of its file without endings.
    pub name: String,
    /// The rows, in the order of the file.
    pub rows: Vec<Reviewed>,
    /// Rows that decide nothing: not reviewed, or about another target.
    pub left_out: usize,
}

impl TruthFile {
    /// Reads how a reviewed map is named.
    pub fn parse(named: &str) -> Result<Self, MapError> {
        let split = named.rsplit_once(':').filter(|(_, columns)| columns.contains('='));
        let (path, pairs) = split.unwrap_or((named, ""));
        let mut file = Self {
            path: PathBuf::from(path),
            ..Self::default()
        };
        for pair in pairs.split(',').filter(|pair| !pair.is_empty()) {
            file.columns.bind_pair(pair)?;
        }
        Ok(file)
    }

    /// Reads the table; rows about another target than this are left out.
    pub fn read(&self, target: &str) -> Result<Truth, MapError> {
        self.read_from(Input::open(&self.path)?, target)
    }

    fn read_from(&self, mut input: Input, target: &str) -> Result<Truth, MapError> {
        let header = input.header().to_vec();
        let shown = input.shown().to_owned();
        let places = Places::find(self, &shown, &header)?;
        let mut truth = Truth {
            name: stem(&self.path),
            ..Truth::default()
        };
        let mut ids: HashMap<String, u64> = HashMap::new();
        let mut row = Row::default();
        let mut last = 1;
        while input.next(&mut row)? {
            last = row.fields.position().map_or(last + 1, csv::Position::line);
            if let Some(fault) = &row.fault {
                return Err(MapError::Malformed {
                    path: shown,
                    message: fault.clone(),
                });
            }
            let at = |column: &str, message: String| MapError::Malformed {
                path: shown.clone(),
                message: format!("line {last}, column {column}: {message}"),
            };
            let Some(mut reviewed) = places.row(&row, last, target, &at)? else {
                truth.left_out += 1;
                continue;
            };
            if let Some(first) = ids.insert(reviewed.example.id.clone(), last) {
                let id = &reviewed.example.id;
                return Err(at(
                    "id",
                    format!("{id:?} is also in line {first}; identifiers of rows must differ, or leave the column out"),
                ));
            }
            reviewed.example.origin = format!("{} {}", self.path.display(), reviewed.example.id);
            truth.rows.push(reviewed);
        }
        if truth.rows.is_empty() {
            return Err(MapError::Malformed {
                path: shown,
                message: format!(
                    "no row is decided for {target} ({} left out); review it first, or name another --target",
                    truth.left_out
                ),
            });
        }
        Ok(truth)
    }
}

/// Where the columns of a reviewed map are.
struct Places {
    binding: Binding,
    code: usize,
    id: Option<usize>,
    system: Option<usize>,
    status: Option<usize>,
    count: Option<(usize, String)>,
    group: Option<usize>,
}

impl Places {
    fn find(file: &TruthFile, shown: &str, header: &[String]) -> Result<Self, MapError> {
        let place = |column: &str| header.iter().position(|name| name == column);
        let missing = |column: &str, why: &str| MapError::Malformed {
            path: shown.to_owned(),
            message: format!(
                "line 1: there is no column {column:?}{why}; the columns are: {}",
                header.join(", ")
            ),
        };
        let code = place("target_code").ok_or_else(|| missing("target_code", ", which holds the right codes"))?;
        let binding = if file.columns == Columns::default() {
            Binding::settle(shown, header, &file.columns)?
        } else {
            Binding::named(shown, header, &file.columns)?
        };
        let bound = binding.places().iter().find(|(role, _)| *role == Role::Count);
        let count = bound.map(|(_, place)| *place).or_else(|| place("count"));
        Ok(Self {
            code,
            id: place("id"),
            system: place("target_system"),
            status: place("status"),
            count: count.and_then(|count| Some((count, header.get(count)?.clone()))),
            group: match &file.group {
                Some(group) => Some(place(group).ok_or_else(|| missing(group, ", by which rows are grouped"))?),
                None => None,
            },
            binding,
        })
    }

    /// A row; none where it decides nothing.
    fn row(
        &self,
        row: &Row,
        line: u64,
        target: &str,
        at: &dyn Fn(&str, String) -> MapError,
    ) -> Result<Option<Reviewed>, MapError> {
        let field = |place: usize| row.fields.get(place).unwrap_or("").trim();
        let codes: Vec<String> = field(self.code)
            .split('|')
            .map(str::trim)
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(system) = self.system.map(field)
            && !(system.is_empty() || system == target)
        {
            return Ok(None);
        }
        let codes = match self.status.map(field) {
            None => codes,
            Some(word) => match Status::parse(word) {
                Some(Status::Mapped) if codes.is_empty() => {
                    return Err(at("target_code", "the row is mapped, but it names no code".to_owned()));
                }
                Some(Status::Mapped) => codes,
                // What is still listed there is the best that was not good enough.
                Some(Status::Unmapped) => Vec::new(),
                Some(Status::Ambiguous | Status::Invalid) => return Ok(None),
                None => {
                    return Err(at(
                        "status",
                        format!("{word:?} is none of mapped, ambiguous, unmapped, invalid"),
                    ));
                }
            },
        };
        let count = match &self.count {
            Some((place, column)) if !field(*place).is_empty() => {
                let stated = field(*place);
                let number = stated
                    .parse::<f64>()
                    .ok()
                    .filter(|number| number.is_finite() && *number >= 0.0);
                Some(number.ok_or_else(|| {
                    at(
                        column,
                        format!("{stated:?} is no count; leave it empty where it is not known"),
                    )
                })?)
            }
            _ => None,
        };
        let id = self.id.map(field).filter(|id| !id.is_empty());
        Ok(Some(Reviewed {
            example: Example {
                origin: String::new(),
                set: 0,
                id: id.map_or_else(|| line.to_string(), str::to_owned),
                item: self.binding.item(&Values::default(), field),
                codes,
                weight: 1.0,
                count,
            },
            group: self.group.map(field).unwrap_or("").to_owned(),
        }))
    }
}

/// The rows of all these maps, in their order, as they are learned from: each map is a set by itself.
pub fn examples(truths: &[Truth]) -> Vec<Example> {
    let of_set = |(set, truth): (usize, &'_ Truth)| {
        let rows = truth.rows.iter().map(|row| Example {
            set,
            ..row.example.clone()
        });
        rows.collect::<Vec<Example>>()
    };
    truths.iter().enumerate().flat_map(of_set).collect()
}

impl Truth {
    /// Takes every n-th row only.
    pub fn thin(&mut self, every: usize) {
        let mut place = 0;
        self.rows.retain(|_| {
            place += 1;
            (place - 1) % every.max(1) == 0
        });
    }

    /// Weighs rows by the square root of their counts. The mean weight stays 1, so that the pull of the training and
    /// other files keep their part; a row of unknown count has it.
    pub fn weigh_by_count(&mut self) {
        let root = |row: &Reviewed| row.example.count.map(f64::sqrt);
        let roots: Vec<f64> = self.rows.iter().filter_map(root).collect();
        let mean = roots.iter().sum::<f64>() / roots.len().max(1) as f64;
        if mean > 0.0 {
            for row in &mut self.rows {
                row.example.weight = root(row).map_or(1.0, |own| (own / mean) as f32);
            }
        }
    }
}

fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Writes predictions: `id`, ten codes, ten probabilities; a row without any abstains.
pub fn write_predictions(path: &Path, predictions: &[Prediction]) -> Result<(), MapError> {
    let shown = path.display().to_string();
    let fail = |error| MapError::csv(&shown, error);
    let mut writer = csv::Writer::from_path(path).map_err(fail)?;
    let numbered = |name: &str| (1..=WIDTH).map(|n| format!("{name}_{n}")).collect::<Vec<_>>();
    let header = std::iter::once("id".to_owned()).chain(numbered("code")).chain(numbered("p"));
    writer.write_record(header).map_err(fail)?;
    for prediction in predictions {
        let code = |at: usize| prediction.codes.get(at).map_or(String::new(), |(code, _)| code.clone());
        let share = |at: usize| prediction.codes.get(at).map_or(String::new(), |(_, p)| format!("{p:.5}"));
        let record = std::iter::once(prediction.id.clone())
            .chain((0..WIDTH).map(code))
            .chain((0..WIDTH).map(share));
        writer.write_record(record).map_err(fail)?;
    }
    writer.flush().map_err(|error| MapError::io(&shown, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, columns: &str) -> Result<Truth, MapError> {
        let file = TruthFile::parse(&format!("dir/labs.csv:{columns}"))?;
        let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
        file.read_from(Input::from_reader(Box::new(bytes), b',', "labs.csv".into())?, "urn:t")
    }

    fn message(text: &str) -> String {
        read(text, "name=name").unwrap_err().to_string()
    }

    #[test]
    fn rows_have_their_answers_counts_and_only_the_columns_that_are_named() {
        let text = "id,name,unit,target_code,count\na,K,mmol/L,1|2,9\nb,\"x,y\",,,\n";
        let truth = read(text, "name=name,count=count").unwrap();
        assert_eq!(truth.name, "labs");
        let [first, second] = truth.rows.as_slice() else {
            panic!("{truth:?}")
        };
        assert_eq!(
            (first.example.codes.join(" "), first.example.count),
            ("1 2".to_owned(), Some(9.0))
        );
        assert_eq!((first.example.id.as_str(), first.example.item.get(Role::Unit)), ("a", ""));
        assert_eq!((second.example.codes.len(), second.example.count), (0, None));
        assert_eq!(second.example.item.get(Role::Name), "x,y");
    }

    #[test]
    fn without_named_columns_they_are_guessed_and_rows_are_numbered_by_their_lines() {
        let file = TruthFile::parse("C:labs.csv").unwrap();
        assert_eq!(
            (file.path.as_path(), &file.columns),
            (Path::new("C:labs.csv"), &Columns::default())
        );
        let bytes: &[u8] = b"test_name,uom,target_code\nK,mmol/L,1\n";
        let truth = file.read_from(Input::from_reader(Box::new(bytes), b',', "l".into()).unwrap(), "urn:t");
        let row = &truth.unwrap().rows[0].example;
        assert_eq!((row.id.as_str(), row.item.get(Role::Unit)), ("2", "mmol/L"));
    }

    #[test]
    fn of_a_mapped_table_only_what_is_decided_counts() {
        let text = "name,target_system,target_code,status\nA,urn:t,1,mapped\nB,urn:t,2,ambiguous\nC,urn:t,3,unmapped\nD,urn:o,4,mapped\n";
        let truth = read(text, "name=name").unwrap();
        let found: Vec<usize> = truth.rows.iter().map(|row| row.example.codes.len()).collect();
        assert_eq!((found, truth.left_out), (vec![1, 0], 2));
    }

    #[test]
    fn faults_have_file_line_and_column() {
        for (text, said) in [
            ("name,code\nA,1\n", "labs.csv: line 1: there is no column \"target_code\""),
            (
                "id,name,target_code\nx,A,1\nx,B,2\n",
                "line 3, column id: \"x\" is also in line 2",
            ),
            (
                "name,target_code,count\nA,1,many\n",
                "line 2, column count: \"many\" is no count",
            ),
            ("name,target_code,count\nA,1,-2\n", "line 2, column count"),
            ("name,target_code\nA\n", "line 2: the row has 1 fields"),
            ("name,target_code,status\nA,1,done\n", "line 2, column status: \"done\""),
            ("name,target_code,status\nA,,mapped\n", "line 2, column target_code"),
            (
                "name,target_code,target_system\nA,1,urn:o\n",
                "no row is decided for urn:t (1 left out)",
            ),
            ("title,target_code\nA,1\n", "there is no column \"name\""),
        ] {
            let found = message(text);
            assert!(found.contains(said), "{text}: {found}");
        }
        assert!(TruthFile::parse("a.csv:name=colour").is_err());
    }

    #[test]
    fn weights_are_roots_of_counts_with_a_mean_of_one() {
        let mut truth = read("name,target_code,count\nA,1,1\nB,2,9\nC,3,\n", "name=name").unwrap();
        truth.weigh_by_count();
        let weights: Vec<f32> = truth.rows.iter().map(|row| row.example.weight).collect();
        assert_eq!(weights, [0.5, 1.5, 1.0]);
        truth.thin(2);
        assert_eq!(truth.rows.len(), 2);
        let mut uncounted = read("name,target_code\nA,1\n", "name=name").unwrap();
        uncounted.weigh_by_count();
        assert_eq!(uncounted.rows[0].example.weight, 1.0);
    }

    proptest! {
        #[test]
        fn any_table_is_read_or_refused(text in "(name|target_code|id|count|[a-z0-9\",|\n]){0,60}") {
            let _ = read(&text, "name=name");
            let _ = TruthFile::parse(&text);
        }
    }
}

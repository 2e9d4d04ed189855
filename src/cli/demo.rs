//! `tern demo`: the whole way from releases to answers, on content that anybody may have.
//!
//! It shows commands and runs exactly those, in a store of its own that is kept for trying more. It never touches
//! the user's store: only `--store` chooses another place, and one that holds anything else is refused.

use super::demo_files::FILES;
use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tern_index::store::Store;

/// Build a store from public-domain content and see it at work
///
/// Loads the whole of ICD-10-CM, HL7's code systems and small invented vocabularies in the layouts of LOINC, RxNorm
/// and SNOMED CT; maps a messy extract; translates, expands and searches. Takes less than a minute. The store is kept
/// apart from yours.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern demo\n  tern demo --store ./try")]
pub struct DemoArgs {
    /// Only build the store; run nothing
    #[arg(long)]
    build_only: bool,
}

/// Runs the command.
pub fn run(args: &DemoArgs, store: Option<&Path>) -> Result<Exit, CliError> {
    let started = Instant::now();
    let store = match store {
        Some(store) => store.to_owned(),
        None => own_store()?,
    };
    refuse_foreign(&store)?;
    let room = tempfile::tempdir()?;
    unpack(room.path())?;
    let demo = Demo {
        room: room.path().to_owned(),
        store,
        output: Output::new(OutputArgs {
            json: false,
            table: true,
        }),
    };
    if args.build_only {
        demo.command("load demo/icd demo/hl7 demo/invented")?;
        return Ok(Exit::Success);
    }
    demo.show(started)?;
    Ok(Exit::Success)
}

/// The demonstration's own place.
fn own_store() -> Result<PathBuf, CliError> {
    let folders = directories::ProjectDirs::from("", "", "tern").ok_or_else(|| CliError::Usage {
        message: "this account has no home folder to keep the demonstration's store in".into(),
        hint: "name a folder with --store DIR".into(),
    })?;
    Ok(folders.cache_dir().join("demo"))
}

/// Loading invented codes beside real ones would be worse than any demonstration is worth.
fn refuse_foreign(directory: &Path) -> Result<(), CliError> {
    let store = Store::open(directory)?;
    let ours = ["Loinc_0.1", "0.1", "01012026"];
    let foreign = store.artefacts().iter().find(|artefact| {
        let (_, system, version) = super::session::describe(&artefact.info);
        let invented = version.is_some_and(|version| ours.contains(&version) || version.contains("/19999998107/"));
        let public = system.contains("hl7") || system.contains("cms.gov");
        !invented && !public
    });
    match foreign {
        None => Ok(()),
        Some(foreign) => Err(CliError::Usage {
            message: format!(
                "the store {} holds {}, which is not the demonstration's; invented codes do not go beside it",
                directory.display(),
                foreign.release
            ),
            hint: "name an empty folder with --store DIR, or leave --store out".into(),
        }),
    }
}

fn unpack(room: &Path) -> Result<(), CliError> {
    for file in FILES {
        let path = room.join(file.path);
        let write = || {
            std::fs::create_dir_all(path.parent().unwrap_or(room))?;
            std::fs::write(&path, file.bytes)
        };
        write().map_err(|error| CliError::File {
            path: path.clone(),
            error,
        })?;
    }
    Ok(())
}

struct Demo {
    /// Where the files of `demo/` are unpacked to.
    room: PathBuf,
    store: PathBuf,
    output: Output,
}

impl Demo {
    fn show(&self, started: Instant) -> Result<(), CliError> {
        self.say(
            "\
tern demo: from vocabulary releases to answers.

ICD-10-CM, ICD-9-CM and their mappings are the official files (U.S. public domain), HL7's code systems are
CC0. The LOINC, RxNorm and SNOMED CT here are INVENTED: real layouts, made-up codes. Not for patients.",
        )?;
        self.heading("1. Load releases as their publishers give them out")?;
        self.command("load demo/icd demo/hl7 demo/invented")?;
        self.heading("2. Find a code: the beginnings of words, in any order")?;
        self.command("search --system icd10cm --limit 5 myo inf acu")?;
        self.heading("3. Map a hospital's messy extract")?;
        // The models were trained on real names; of invented ones they are less sure, and say so.
        self.map("labs", "loinc --error-budget 0.2", &["test_name", "specimen", "units"])?;
        self.map("drugs", "rxnorm --code-system ndc", &["drug_name", "strength", "ndc"])?;
        self.map("diagnoses", "icd10cm", &["code", "diagnosis"])?;
        self.heading("4. Translate: ICD-9-CM to ICD-10-CM by the official equivalence mappings")?;
        self.command("translate icd9cm 250.00 --target icd10cm")?;
        self.heading("5. Expand a value set: type 2 diabetes and all below it")?;
        self.command("expand demo/diabetes.json --filter kidney --count 5")?;
        self.heading("6. Look a code up")?;
        self.command("lookup icd10cm E11.21")?;
        self.say(&format!(
            "\nAll of it took {:.1} s. The store is kept in {}.",
            started.elapsed().as_secs_f64(),
            self.store.display()
        ))?;
        self.say(
            "\
\nNext, with real releases (docs/loading.md says where to get each):
  tern load SnomedCT_InternationalRF2_PRODUCTION_20250901T120000Z.zip Loinc_2.81.zip RxNorm_full_09022025.zip
  tern map labs.csv -o mapped.csv --target loinc
  tern serve --port 8080",
        )
    }

    fn say(&self, text: &str) -> Result<(), CliError> {
        Ok(self.output.text(&format!("{text}\n"))?)
    }

    fn heading(&self, text: &str) -> Result<(), CliError> {
        self.say(&format!("\n{text}\n{}", "─".repeat(text.chars().count())))
    }

    /// Shows a command and runs it on the demonstration's store and files.
    fn command(&self, line: &str) -> Result<(), CliError> {
        self.say(&format!("$ tern {line}"))?;
        self.execute(line, true)
    }

    fn execute(&self, line: &str, table: bool) -> Result<(), CliError> {
        let mut arguments: Vec<OsString> = vec!["tern".into(), "--store".into(), self.store.clone().into()];
        for word in line.split_whitespace() {
            arguments.push(match word.strip_prefix("demo/") {
                Some(file) => self.room.join(file).into(),
                None => word.into(),
            });
        }
        if table {
            arguments.push("--table".into());
        }
        super::run(arguments).map(drop)
    }

    /// Maps one part of the extract and shows some columns of the result.
    fn map(&self, name: &str, target: &str, shown: &[&'static str]) -> Result<(), CliError> {
        self.say(&format!(
            "$ tern map demo/extract/{name}.csv -o {name}-mapped.csv --target {target}"
        ))?;
        self.execute(
            &format!("map demo/extract/{name}.csv -o demo/{name}-mapped.csv --target {target}"),
            false,
        )?;
        let path = self.room.join(format!("{name}-mapped.csv"));
        let mut columns = shown.to_vec();
        columns.extend(["target_code", "target_display", "probability", "status"]);
        let table = selected(&path, &columns)?;
        self.say(&format!("\n{}", table.draw(self.output.width(), false)))
    }
}

/// Some columns of a CSV file as a table.
fn selected(path: &Path, columns: &[&'static str]) -> Result<Table, CliError> {
    let bad = |error: csv::Error| CliError::Data {
        message: format!("{}: {error}", path.display()),
        hint: String::new(),
    };
    let mut reader = csv::Reader::from_path(path).map_err(bad)?;
    let header = reader.headers().map_err(bad)?.clone();
    // An own column that is called like one of the mapper's has `source_` before it.
    let place = |column: &&str| {
        header
            .iter()
            .position(|name| name == *column)
            .or_else(|| header.iter().position(|name| name.strip_prefix("source_") == Some(column)))
    };
    let places: Vec<Option<usize>> = columns.iter().map(place).collect();
    let short: Vec<&'static str> = columns
        .iter()
        .map(|column| match *column {
            "target_code" => "-> code",
            "target_display" => "display",
            "probability" => "prob",
            other => other,
        })
        .collect();
    let mut table = Table::new(&short);
    for row in reader.records() {
        let row = row.map_err(bad)?;
        let cell = |place: &Option<usize>| match place.and_then(|place| row.get(place)) {
            Some(text) if !text.is_empty() => Cell::from(text),
            _ => Cell::Empty,
        };
        table.row(places.iter().map(cell).collect());
    }
    Ok(table)
}

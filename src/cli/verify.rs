//! `tern verify`: reads every byte of the store again and compares it with its checksum.

use super::error::{CliError, Exit};
use super::output::{Cell, Output, OutputArgs, Table};
use super::session::{describe, label, short_version};
use serde::Serialize;
use std::path::Path;
use tern_index::store::{Store, verify};

/// Check every byte of what is loaded against its checksum
///
/// Exits with 1 if anything is damaged.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern verify")]
pub struct VerifyArgs {
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    system: String,
    version: Option<String>,
    bytes: u64,
    sound: bool,
    damage: Option<String>,
}

/// Runs the command.
pub fn run(args: &VerifyArgs, directory: &Path) -> Result<Exit, CliError> {
    let store = Store::open(directory)?;
    let output = Output::new(args.output);
    let mut checked = Vec::new();
    verify(&store, |artefact, result| {
        let (_, system, version) = describe(&artefact.info);
        checked.push(Checked {
            system: system.to_owned(),
            version: version.map(str::to_owned),
            bytes: artefact.bytes,
            sound: result.is_ok(),
            damage: result.err().map(|error| error.to_string()),
        });
    });
    let mut table = Table::new(&["system", "version", "size", "state"]);
    for one in &checked {
        let people = output.is_for_people();
        table.row(vec![
            if people {
                label(&one.system).into()
            } else {
                one.system.clone().into()
            },
            one.version
                .as_deref()
                .map(|version| if people { short_version(version) } else { version.to_owned() })
                .into(),
            Cell::Bytes(one.bytes),
            one.damage
                .clone()
                .map_or(Cell::from("sound"), |damage| Cell::from(format!("DAMAGED: {damage}"))),
        ]);
    }
    output.table(&table, &checked)?;
    let damaged = checked.iter().filter(|one| !one.sound).count();
    if damaged > 0 {
        eprintln!("tern: {damaged} of {} are damaged", checked.len());
        eprintln!("  hint: load those releases again, or remove them with `tern remove SYSTEM VERSION`");
    }
    Ok(Exit::answer(damaged == 0))
}

//! The command line: one file per command. It parses and reports; the work is done elsewhere.

mod serve;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Terminology mapping: compiles vocabulary releases, maps local codes, serves FHIR terminology operations.
#[derive(Debug, Parser)]
#[command(name = "tern", version, about)]
pub struct Arguments {
    /// Directory of the store.
    #[arg(long, global = true, env = "TERN_STORE", value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve FHIR R4 and R5 terminology operations over HTTP.
    Serve(serve::Serve),
}

/// Runs the command of the program's arguments.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Serve(command) => command.run(arguments.store.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tern: {error:#}");
            ExitCode::FAILURE
        }
    }
}

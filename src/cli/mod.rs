//! The program that people type: one file for each command, each of which calls the operations and prints.
//!
//! `output` is the one way to print data and `error` the one way to fail. No command computes an answer: that is
//! the service's and the mapper's work.

mod convert;
mod demo;
mod demo_files;
mod ecl;
mod error;
mod expand;
mod explain;
mod load;
mod log;
mod lookup;
mod map;
mod mapper_args;
mod output;
mod progress;
mod quantity;
mod remove;
mod review;
mod review_add;
mod rf2;
mod search;
mod serve;
mod serve_limits;
mod session;
mod shell;
mod status;
mod subsumes;
mod train;
mod translate;
mod validate;
mod verify;

pub use error::{CliError, Exit};

use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Code systems are named by short names (snomed, loinc, rxnorm, icd10cm, icd10pcs, icd9cm, ndc, ...) or by any URL \
that is loaded; \"|VERSION\" after a name picks a version.

Data goes to standard output: a table on a terminal, tab-separated lines in a pipe, JSON with --json. Everything \
else goes to standard error. NO_COLOR turns colour off.

Exit codes: 0 done; 1 the answer is no (nothing found, not valid, damage found); 2 wrong arguments; 3 not loaded or \
not known; 4 the input cannot be read or believed; 5 the store cannot be read or written.

Example:
  tern demo";

/// Find, check, translate and map codes of SNOMED CT, LOINC, RxNorm, ICD and their neighbours
///
/// Load releases once as their publishers give them out; then search, look up, expand and translate, map files of
/// local codes, or serve all of it as a FHIR terminology server.
#[derive(Debug, Parser)]
#[command(name = "tern", version, after_help = AFTER_HELP, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    /// Folder of the store [default: $TERN_STORE, else the platform's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Load(load::LoadArgs),
    Status(status::StatusArgs),
    Verify(verify::VerifyArgs),
    Remove(remove::RemoveArgs),
    Search(search::SearchArgs),
    Lookup(lookup::LookupArgs),
    Validate(validate::ValidateArgs),
    Subsumes(subsumes::SubsumesArgs),
    Expand(expand::ExpandArgs),
    Ecl(ecl::EclArgs),
    Translate(translate::TranslateArgs),
    Map(Box<map::MapArgs>),
    Train(Box<train::TrainArgs>),
    Review(Box<review::ReviewArgs>),
    Convert(convert::ConvertArgs),
    Explain(Box<explain::ExplainArgs>),
    Serve(Box<serve::ServeArgs>),
    Demo(demo::DemoArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// The definition of the command line, for manual pages and tests of documents.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program with its arguments, its own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<Exit, CliError> {
    let cli = Cli::try_parse_from(arguments)?;
    let store = || session::store_directory(cli.store.as_deref());
    match &cli.command {
        Command::Load(args) => load::run(args, &store()?),
        Command::Status(args) => status::run(args, &store()?),
        Command::Verify(args) => verify::run(args, &store()?),
        Command::Remove(args) => remove::run(args, &store()?),
        Command::Search(args) => search::run(args, &store()?),
        Command::Lookup(args) => lookup::run(args, &store()?),
        Command::Validate(args) => validate::run(args, &store()?),
        Command::Subsumes(args) => subsumes::run(args, &store()?),
        Command::Expand(args) => expand::run(args, &store()?),
        Command::Ecl(args) => ecl::run(args, store),
        Command::Translate(args) => translate::run(args, &store()?),
        Command::Map(args) => map::run(args, &store()?),
        Command::Train(args) => train::run(args, &store()?),
        Command::Review(args) => review::run(args, &store()?),
        Command::Convert(args) => convert::run(args),
        Command::Explain(args) => explain::run(args, &store()?),
        Command::Serve(args) => serve::run(args, &store()?),
        Command::Demo(args) => demo::run(args, cli.store.as_deref()),
        Command::Completions(args) => shell::completions(args, Cli::command()),
        Command::Man(args) => shell::man(args, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines under "Example" of a command's help.
    fn examples(command: &clap::Command) -> Vec<String> {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.strip_prefix("  tern "));
        lines.map(|line| line.to_owned()).collect()
    }

    /// The words of a shell line: quotes group, redirections and pipes end it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for character in line.chars() {
            match character {
                '"' => quoted = !quoted,
                '|' | '>' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                other => words.last_mut().unwrap().push(other),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example_and_the_example_parses() {
        let command = Cli::command();
        for sub in command.get_subcommands() {
            let examples = examples(sub);
            assert!(!examples.is_empty(), "{} has no example", sub.get_name());
            for example in examples {
                let mut arguments = vec!["tern".to_owned()];
                arguments.extend(words(&example));
                let parsed = Cli::try_parse_from(&arguments);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
                assert_eq!(arguments[1], sub.get_name(), "{example}");
            }
        }
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        for sub in Cli::command().get_subcommands() {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
        }
    }
}

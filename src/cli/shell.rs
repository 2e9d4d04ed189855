//! `tern completions` and `tern man`: both generated from the same definition that parses the arguments.

use super::error::{CliError, Exit};
use super::output::{Output, OutputArgs};
use std::path::PathBuf;

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern completions bash > ~/.local/share/bash-completion/completions/tern")]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tern man | man -l -\n  tern man --output ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write a page for each command into this folder instead
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Prints completions.
pub fn completions(args: &CompletionsArgs, mut command: clap::Command) -> Result<Exit, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "tern", &mut text);
    print(&text)
}

/// Prints or writes manual pages.
pub fn man(args: &ManArgs, command: clap::Command) -> Result<Exit, CliError> {
    if let Some(folder) = &args.output {
        let file = |error| CliError::File {
            path: folder.clone(),
            error,
        };
        std::fs::create_dir_all(folder).map_err(file)?;
        clap_mangen::generate_to(command, folder).map_err(file)?;
        return Ok(Exit::Success);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    print(&text)
}

fn print(text: &[u8]) -> Result<Exit, CliError> {
    Output::new(OutputArgs {
        json: false,
        table: false,
    })
    .text(&String::from_utf8_lossy(text))?;
    Ok(Exit::Success)
}

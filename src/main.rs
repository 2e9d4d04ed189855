//! The program: hands its arguments to the command line and turns what comes back into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match tern::cli::run(std::env::args_os()) {
        Ok(exit) => exit.into(),
        Err(error) => error.report(),
    }
}

//! The program: hands its arguments to the command line and turns what comes back into an exit code.

use std::process::ExitCode;

/// Batches ask for many small blocks in every thread at once, for which the system's allocators make them wait.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match tern::cli::run(std::env::args_os()) {
        Ok(exit) => exit.into(),
        Err(error) => error.report(),
    }
}

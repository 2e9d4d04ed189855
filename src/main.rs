//! The program `tern`.

fn main() -> std::process::ExitCode {
    tern::cli::run()
}

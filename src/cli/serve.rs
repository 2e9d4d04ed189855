//! `tern serve`: all that is loaded as a FHIR terminology server.

use super::error::{CliError, Exit};
use crate::http::{Limits, ServeConfig, serve};
use crate::service::Terminology;
use std::path::Path;
use std::time::Duration;
use tern_index::store::Store;

/// Serve FHIR R4 and R5 terminology operations over HTTP
///
/// R4 at /fhir and /fhir/r4, R5 at /fhir/r5. Stops cleanly on Ctrl-C and SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern serve --port 8080\n\nThen ask it:\n  \
    curl 'http://127.0.0.1:8080/fhir/CodeSystem/$lookup?system=http://loinc.org&code=2345-7'")]
pub struct ServeArgs {
    /// Port to listen on; 0 lets the system choose one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    bind: String,
    /// Threads that read requests; 0 for one per processor
    #[arg(long, default_value_t = 0, value_name = "N")]
    workers: usize,
    /// Targets of algorithmic maps that are kept in memory
    #[arg(long, default_value_t = Limits::default().mappers, value_name = "N")]
    mappers: usize,
    /// Streams of /map/TARGET at once
    #[arg(long, default_value_t = Limits::default().bulk_streams, value_name = "N")]
    bulk_streams: usize,
    /// Largest line of such a stream
    #[arg(long, default_value_t = Limits::default().bulk_line_bytes, value_name = "BYTES")]
    bulk_line_bytes: usize,
    /// Seconds after which a stream in which nothing moves is ended
    #[arg(long, default_value_t = Limits::default().bulk_idle.as_secs(), value_name = "SECONDS")]
    bulk_idle: u64,
}

/// Runs the command.
pub fn run(args: &ServeArgs, directory: &Path) -> Result<Exit, CliError> {
    let store = Store::open(directory)?;
    if store.artefacts().is_empty() {
        eprintln!(
            "tern: nothing is loaded in {}; only what requests bring is known",
            directory.display()
        );
    }
    let config = ServeConfig {
        bind: args.bind.clone(),
        port: args.port,
        workers: args.workers,
        limits: Limits {
            mappers: args.mappers,
            bulk_streams: args.bulk_streams,
            bulk_line_bytes: args.bulk_line_bytes,
            bulk_idle: Duration::from_secs(args.bulk_idle.max(1)),
            ..Limits::default()
        },
        ..ServeConfig::new(Terminology::new(&store, Vec::new()))
    };
    serve(config, |addresses| {
        for address in addresses {
            eprintln!("listening on http://{address}/fhir");
        }
    })
    .map_err(|error| CliError::Usage {
        message: error.to_string(),
        hint: "choose another port with --port, or another address with --bind".into(),
    })?;
    Ok(Exit::Success)
}

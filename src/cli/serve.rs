//! `tern serve`: all that is loaded as a FHIR terminology server.

use super::error::{CliError, Exit};
use super::map::failed;
use super::review::{DECISIONS_VARIABLE, decisions_path, heeded, scope_name};
use crate::http::{Limits, ServeConfig, serve};
use crate::mapper::{Decisions, check_embedding};
use crate::review::LiveDecisions;
use crate::service::{PeoplesDecisions, Terminology};
use crate::written::{self, Library, WrittenError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    /// Let clients create, change and delete resources, and keep closure tables; they are in resources.sqlite in the store
    #[arg(long)]
    writable: bool,
    /// Database of people's decisions for the algorithmic maps [default: decisions.sqlite in the store]
    #[arg(long, value_name = "FILE", env = DECISIONS_VARIABLE)]
    decisions_db: Option<PathBuf>,
    /// Site or project, whose decisions hold; those of others are evidence
    #[arg(long, value_name = "NAME", env = "TERN_SCOPE")]
    scope: Option<String>,
    /// Folder of a static embedding (model2vec, word2vec or GloVe text) by which algorithmic maps find candidates, too
    #[arg(long, value_name = "DIR")]
    embedding_model: Option<PathBuf>,
}

impl From<WrittenError> for CliError {
    fn from(error: WrittenError) -> Self {
        Self::Data {
            message: error.to_string(),
            hint: String::new(),
        }
    }
}

/// Decisions as they are kept, for the service.
#[derive(Debug)]
struct Kept(LiveDecisions);

impl PeoplesDecisions for Kept {
    fn of_target(&self, url: &str) -> Result<Arc<Decisions>, String> {
        self.0.of_target(url).map_err(|error| error.to_string())
    }
}

impl ServeArgs {
    /// The decisions that the service heeds. Those of the store may begin while it runs.
    fn decisions(&self, directory: &Path) -> Result<Arc<Kept>, CliError> {
        // What is wrong with a database is said before anything is served.
        heeded(self.decisions_db.as_deref(), directory)?;
        let path = decisions_path(self.decisions_db.as_deref(), directory);
        Ok(Arc::new(Kept(LiveDecisions::new(path, scope_name(self.scope.as_deref())))))
    }
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
    if let Some(model) = &args.embedding_model {
        check_embedding(model).map_err(failed)?;
    }
    let terminology = Terminology::new(&store, Vec::new())
        .heeding(args.decisions(directory)?)
        .embedding(args.embedding_model.clone())
        .keeping_mappers(args.mappers);
    let library = Library::beside(directory, terminology, args.writable)?;
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
        ..ServeConfig::new(library)
    };
    serve(config, |addresses| {
        for address in addresses {
            eprintln!("listening on http://{address}/fhir");
        }
        if args.writable {
            eprintln!(
                "clients may write; what they write is kept in {}",
                directory.join(written::FILE).display()
            );
        }
    })
    .map_err(|error| CliError::Usage {
        message: error.to_string(),
        hint: "choose another port with --port, or another address with --bind".into(),
    })?;
    Ok(Exit::Success)
}

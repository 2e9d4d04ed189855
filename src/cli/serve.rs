//! `tern serve`: all that is loaded as a FHIR terminology server.

use super::error::{CliError, Exit};
use super::log;
use super::map::failed;
use super::quantity::Span;
use super::review::{DECISIONS_VARIABLE, decisions_path, heeded, scope_name};
use super::serve_limits::LimitArgs;
use crate::http::{ACCESS, Reload, ServeConfig, Watch, serve};
use crate::mapper::{Decisions, check_embedding};
use crate::review::LiveDecisions;
use crate::service::postcoordinated::prepare;
use crate::service::{PeoplesDecisions, Terminology};
use crate::written::{self, Library, WrittenError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tern_index::store::{Store, StoreError};

/// Serve FHIR R4 and R5 terminology operations over HTTP
///
/// R4 at /fhir and /fhir/r4, R5 at /fhir/r5. Stops cleanly on Ctrl-C and SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern serve --port 8080\n\nThen ask it:\n  \
    curl 'http://127.0.0.1:8080/fhir/CodeSystem/$lookup?system=http://loinc.org&code=2345-7'")]
pub struct ServeArgs {
    /// Port to listen on; 0 lets the system choose one
    #[arg(long, env = "TERN_PORT", default_value_t = 8080)]
    port: u16,
    /// Address to listen on
    #[arg(long, env = "TERN_BIND", default_value = "127.0.0.1", value_name = "ADDRESS")]
    bind: String,
    /// Threads that read requests; 0 for one per processor
    #[arg(long, env = "TERN_WORKERS", default_value_t = 0, value_name = "N")]
    workers: usize,
    /// Time for running requests to end when the server is told to stop
    #[arg(long, env = "TERN_DRAIN", default_value_t = Span(Duration::from_secs(30)), value_name = "TIME")]
    drain: Span,
    /// Time between two looks for what others have loaded or written
    #[arg(long, env = "TERN_WATCH", default_value_t = Span(Duration::from_secs(1)), value_name = "TIME")]
    watch: Span,
    /// How much is said on standard error
    #[arg(long, env = "TERN_LOG", default_value = "info", value_name = "LEVEL", value_parser = ["off", "error", "warn", "info", "debug", "trace"])]
    log: String,
    /// Say a line of every request, without its query string
    #[arg(long, env = "TERN_ACCESS_LOG")]
    access_log: bool,
    /// Let clients create, change and delete resources, and keep closure tables; they are in resources.sqlite in the store
    #[arg(long, env = "TERN_WRITABLE")]
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
    #[command(flatten)]
    limits: LimitArgs,
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
    let _log = log::begin(&args.log, args.access_log.then_some(ACCESS));
    if let Some(model) = &args.embedding_model {
        check_embedding(model).map_err(failed)?;
    }
    let (decisions, limits) = (args.decisions(directory)?, args.limits.limits());
    let (place, model, mappers) = (directory.to_owned(), args.embedding_model.clone(), limits.mappers);
    let open = move || -> Result<Terminology, StoreError> {
        let loaded = Terminology::new(&Store::open(&place)?, Vec::new());
        let prepared = loaded.clone();
        std::thread::spawn(move || prepare(&prepared));
        Ok(loaded
            .heeding(decisions.clone())
            .embedding(model.clone())
            .keeping_mappers(mappers))
    };
    let watched = directory.to_owned();
    // Before the store is opened, so that nothing that is loaded meanwhile goes unseen.
    let identity = move || Store::identity(&watched);
    let before = identity();
    if Store::open(directory)?.artefacts().is_empty() {
        eprintln!(
            "tern: nothing is loaded in {}; only what requests bring is known until something is",
            directory.display()
        );
    }
    let library = Library::beside(directory, open()?, args.writable)?;
    let reload = Reload {
        identity: Box::new(identity),
        open: Box::new(move || open().map_err(|error| error.to_string())),
        every: args.watch.0,
    };
    let config = ServeConfig {
        bind: args.bind.clone(),
        port: args.port,
        workers: args.workers,
        drain: args.drain.0,
        limits,
        watch: Some(Watch::new(reload, before)),
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

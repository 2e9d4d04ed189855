//! `tern serve`

use crate::http::{ServeConfig, serve};
use crate::service::Terminology;
use anyhow::Context;
use std::path::Path;
use tern_index::store::Store;

/// Options of `tern serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern serve --port 8080\n  curl 'http://127.0.0.1:8080/fhir/metadata?mode=terminology'")]
pub struct Serve {
    /// Port to listen on; 0 lets the system choose one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    bind: String,
    /// Threads that read sockets; 0 for one per processor.
    #[arg(long, default_value_t = 0)]
    workers: usize,
}

impl Serve {
    /// Serves until told to stop.
    pub fn run(self, store: Option<&Path>) -> anyhow::Result<()> {
        let terminology = match store {
            Some(directory) => {
                let store = Store::open(directory).with_context(|| format!("opening the store {}", directory.display()))?;
                Terminology::new(&store, Vec::new())
            }
            None => Terminology::of_resources(Vec::new()),
        };
        let config = ServeConfig {
            bind: self.bind,
            port: self.port,
            workers: self.workers,
            ..ServeConfig::new(terminology)
        };
        serve(config, |addresses| {
            for address in addresses {
                eprintln!("listening on http://{address}/fhir");
            }
        })?;
        Ok(())
    }
}

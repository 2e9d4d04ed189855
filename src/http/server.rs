//! Binding, serving and stopping.

use super::{Limits, State, app};
use crate::written::Library;
use actix_web::{HttpServer, web};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// What to serve and where.
#[derive(Debug)]
pub struct ServeConfig {
    /// Address or host name to listen on.
    pub bind: String,
    /// Port; 0 lets the system choose one.
    pub port: u16,
    /// Threads that read sockets; 0 for one per processor.
    pub workers: usize,
    /// How long running requests may take to finish when the server is told to stop.
    pub drain: Duration,
    /// Limits.
    pub limits: Limits,
    /// What is loaded and written.
    pub library: Library,
}

impl ServeConfig {
    /// Serving a snapshot with the defaults, on this machine only.
    pub fn new(library: Library) -> Self {
        Self {
            bind: "127.0.0.1".into(),
            port: 8080,
            workers: 0,
            drain: Duration::from_secs(30),
            limits: Limits::default(),
            library,
        }
    }
}

/// Why the service does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {bind}:{port}: {source}; is another program using it? Choose another with --port or --bind")]
    Bind {
        /// The address.
        bind: String,
        /// The port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system failed while serving.
    #[error("the server stopped: {0}")]
    Stopped(#[from] std::io::Error),
}

/// Serves until told to stop (SIGTERM, SIGINT); requests that run then are answered. `listening` is told the
/// addresses once requests are taken.
pub fn serve(config: ServeConfig, listening: impl FnOnce(&[SocketAddr])) -> Result<(), ServeError> {
    let refused = |source| ServeError::Bind {
        bind: config.bind.clone(),
        port: config.port,
        source,
    };
    let addresses: Vec<SocketAddr> = (config.bind.as_str(), config.port)
        .to_socket_addrs()
        .map_err(refused)?
        .collect();
    let state = web::Data::new(State::of_library(config.library, config.limits));
    actix_web::rt::System::new().block_on(async {
        let mut server = HttpServer::new(move || app(state.clone())).shutdown_timeout(config.drain.as_secs());
        if config.workers > 0 {
            server = server.workers(config.workers);
        }
        let server = server.bind(addresses.as_slice()).map_err(refused)?;
        let bound = server.addrs();
        let running = server.run();
        listening(&bound);
        Ok(running.await?)
    })
}

//! Binding, serving and stopping.

use super::{Limits, State, Watch, app};
use crate::written::Library;
use actix_web::http::KeepAlive;
use actix_web::{HttpServer, web};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, Sender};
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
    /// Where to look for what others load and write; nowhere, and what is loaded now stays.
    pub watch: Option<Watch>,
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
            watch: None,
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
    let limits = config.limits.clone();
    let state = web::Data::new(State::of_library(config.library, config.limits));
    actix_web::rt::System::new().block_on(async {
        let app_state = state.clone();
        let workers = match config.workers {
            0 => std::thread::available_parallelism().map_or(4, usize::from),
            workers => workers,
        };
        let unread = limits.unread;
        let server = HttpServer::new(move || app(app_state.clone()))
            .workers(workers)
            .shutdown_timeout(config.drain.as_secs())
            .client_request_timeout(limits.head)
            .keep_alive(KeepAlive::Timeout(limits.keep_alive))
            // Each worker has its share.
            .max_connections(limits.connections.div_ceil(workers))
            // Who closes a connection does not wait for an answer, so the work for it is stopped.
            .h1_allow_half_closed(false)
            .on_connect(move |connection, _| close_when_unread(connection, unread));
        let server = server.bind(addresses.as_slice()).map_err(refused)?;
        let bound = server.addrs();
        let running = server.run();
        // Dropped when the server stops, which ends the watch.
        let _told = config.watch.map(|watch| begin(watch, &state));
        listening(&bound);
        Ok(running.await?)
    })
}

/// Looks on a thread of its own for what others load and write; SIGHUP means to look at once.
fn begin(watch: Watch, state: &web::Data<State>) -> Sender<()> {
    let (sender, told) = mpsc::channel();
    let state = state.clone();
    std::thread::spawn(move || watch.run(&state, &told));
    #[cfg(unix)]
    on_hangup(sender.clone());
    sender
}

#[cfg(unix)]
fn on_hangup(sender: Sender<()>) {
    use actix_web::rt::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(mut signals) => {
            actix_web::rt::spawn(async move { while signals.recv().await.is_some() && sender.send(()).is_ok() {} });
        }
        Err(error) => tracing::warn!("SIGHUP cannot be heeded: {error}"),
    }
}

/// A client that takes nothing of its answer would hold it in memory for as long as it likes; only the system sees that.
fn close_when_unread(connection: &dyn std::any::Any, unread: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>()
        && let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(unread))
    {
        tracing::debug!("a connection has no limit of time for answers that are not read: {error}");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, unread);
}

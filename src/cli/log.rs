//! The log of the server, on standard error. Whoever is logged never waits for whoever reads: lines go to a thread of
//! their own, and where that cannot keep up (a pipe that nobody reads) lines are left out and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Lines that wait to be written.
const WAITING: usize = 8_192;
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What the writing thread is handed.
enum Entry {
    Line(Vec<u8>),
    /// All before it is written: answered.
    Flush(SyncSender<()>),
}

/// Takes lines and never waits.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    sender: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

impl Lines {
    /// Lines that go to `sink`.
    fn to(sink: impl Write + Send + 'static, waiting: usize) -> Self {
        let (sender, receiver) = sync_channel(waiting);
        let lost = Arc::new(AtomicU64::new(0));
        let lines = Self {
            sender,
            lost: Arc::clone(&lost),
        };
        std::thread::spawn(move || write_all(&receiver, &lost, sink));
        lines
    }
}

fn write_all(receiver: &Receiver<Entry>, lost: &AtomicU64, mut sink: impl Write) {
    while let Ok(entry) = receiver.recv() {
        // What cannot be written cannot be complained of either.
        match entry {
            Entry::Line(line) => drop(sink.write_all(&line)),
            Entry::Flush(done) => drop(done.send(())),
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(sink, "tern: {lost} lines of the log were left out, since nobody took them");
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Entry::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Waits for the last lines when it is dropped.
#[derive(Debug)]
pub(super) struct Log(Lines);

impl Drop for Log {
    fn drop(&mut self) {
        let (done, written) = sync_channel(1);
        if self.0.sender.try_send(Entry::Flush(done)).is_ok() {
            let _ = written.recv_timeout(LAST_LINES);
        }
    }
}

/// Begins to say on standard error what happens: at `level`, and with a line for each request where `access` names the
/// target of those.
pub(super) fn begin(level: &str, access: Option<&'static str>) -> Log {
    let lines = Lines::to(io::stderr(), WAITING);
    // The option takes no other words.
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    // What the web server says of itself at its start is of no use to anyone.
    let wanted = Targets::new()
        .with_default(level)
        .with_target("actix", level.min(LevelFilter::WARN))
        .with_target(crate::http::ACCESS, LevelFilter::OFF)
        .with_targets(access.map(|target| (target, LevelFilter::INFO)));
    let format = tracing_subscriber::fmt::layer().with_writer(lines.clone()).with_ansi(false);
    // Whoever has begun a log before keeps it.
    let _ = tracing_subscriber::registry().with(wanted).with(format).try_init();
    Log(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    /// A pipe that nobody reads until it is told to.
    struct Stuck {
        go: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
        free: bool,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.free {
                let _ = self.go.recv();
                self.free = true;
            }
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_a_log_that_is_not_read() {
        let (go, stuck) = channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Stuck {
            go: stuck,
            written: Arc::clone(&written),
            free: false,
        };
        let mut lines = Lines::to(sink, 10);
        for number in 0..1_000 {
            lines.make_writer().write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        go.send(()).unwrap();
        let waiting = lines.clone();
        drop(Log(waiting));
        // The count of what was left out comes behind the line that could be written.
        while !String::from_utf8_lossy(&written.lock().unwrap()).contains("were left out") {
            let _ = lines.write(b"again\n");
            std::thread::sleep(Duration::from_millis(1));
        }
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("line 0\ntern: "), "{text}");
    }
}

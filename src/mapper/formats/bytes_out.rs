//! Bytes out: to a file or to stdout, plain, gzip or zstd.
//!
//! A file appears under its name only when it is complete: it is written beside it and renamed.

use super::super::error::MapError;
use super::super::read::is_stream;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that is not complete yet; dropped, it is removed.
struct Partial {
    partial: PathBuf,
    complete: PathBuf,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the rename there is nothing left under this name; before it, a failed run leaves nothing behind.
        let _ = std::fs::remove_file(&self.partial);
    }
}

/// An output that is being written.
pub(in super::super) struct BytesOut {
    bytes: Box<dyn FinishWrite>,
    partial: Option<Partial>,
    shown: String,
}

/// A writer that may have something to say at its end.
trait FinishWrite: Write + Send {
    fn finish(self: Box<Self>) -> io::Result<()>;
}

struct Plain<W: Write>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send> FinishWrite for Plain<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send> FinishWrite for flate2::write::GzEncoder<W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        flate2::write::GzEncoder::finish(*self)?.flush()
    }
}

impl<W: Write + Send> FinishWrite for zstd::stream::write::Encoder<'_, W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        zstd::stream::write::Encoder::finish(*self)?.flush()
    }
}

fn packed(path: &Path, raw: Box<dyn Write + Send>) -> io::Result<Box<dyn FinishWrite>> {
    let raw = BufWriter::with_capacity(1 << 18, raw);
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    Ok(match ending.as_deref() {
        Some("gz") => Box::new(flate2::write::GzEncoder::new(raw, flate2::Compression::default())),
        Some("zst") => Box::new(zstd::stream::write::Encoder::new(raw, 3)?),
        _ => Box::new(Plain(raw)),
    })
}

impl BytesOut {
    /// Opens the output; its name says whether it is packed.
    pub fn open(path: &Path) -> Result<Self, MapError> {
        let shown = if is_stream(path) {
            "stdout".to_owned()
        } else {
            path.display().to_string()
        };
        let fail = |error| MapError::io(&shown, error);
        let mut unfinished = None;
        let raw: Box<dyn Write + Send> = if is_stream(path) {
            Box::new(io::stdout())
        } else {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".partial");
            let partial = path.with_file_name(name);
            let file = File::create(&partial).map_err(fail)?;
            unfinished = Some(Partial {
                partial,
                complete: path.to_owned(),
            });
            Box::new(file)
        };
        Ok(Self {
            bytes: packed(path, raw).map_err(fail)?,
            partial: unfinished,
            shown,
        })
    }

    /// What to call it in messages.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Finishes the output; only now does its file have its name.
    pub fn finish(self) -> Result<(), MapError> {
        let fail = |error| MapError::io(&self.shown, error);
        self.bytes.finish().map_err(fail)?;
        if let Some(unfinished) = &self.partial {
            std::fs::rename(&unfinished.partial, &unfinished.complete).map_err(fail)?;
        }
        Ok(())
    }
}

impl Write for BytesOut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes.flush()
    }
}

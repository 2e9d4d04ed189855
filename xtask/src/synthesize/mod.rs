//! Synthetic releases of full size in the publishers' layouts.
//!
//! Sizes and shapes (terms per concept, parents, role groups, relations) are those of the real releases, and the
//! identifiers verify; every term is put together by chance. Real releases are licensed and not here, so
//! this is what scale is measured on. It says nothing about the quality of search or mapping.

mod loinc;
mod rxnorm;
mod snomed;
mod words;

use anyhow::Context;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The releases that can be written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Release {
    /// RF2 Snapshot: 520,000 concepts, 370,000 of them in use.
    Snomed,
    /// LOINC table, parts and hierarchy: 100,000 terms.
    Loinc,
    /// RRF: 200,000 RXCUIs.
    Rxnorm,
}

/// Writes a release, `scale` times as large as the real one.
pub fn write(release: Release, directory: &Path, scale: f64, seed: u64) -> anyhow::Result<()> {
    let size = |full: f64| (full * scale).round().max(1.0) as u32;
    match release {
        Release::Snomed => {
            let counts = snomed::write(directory, scale, seed)?;
            eprintln!("{counts:?}");
            Ok(())
        }
        Release::Loinc => loinc::write(directory, size(100_000.0), seed),
        Release::Rxnorm => rxnorm::write(directory, size(200_000.0), seed),
    }
}

/// A file being written, with the line ending that its publisher uses.
struct Lines {
    out: BufWriter<File>,
    end: &'static str,
}

impl Lines {
    fn create(directory: &Path, path: &str, end: &'static str) -> anyhow::Result<Self> {
        let path = directory.join(path);
        let folder = path.parent().unwrap_or(directory);
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, file),
            end,
        })
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
        self.out.write_fmt(line)?;
        self.out.write_all(self.end.as_bytes())?;
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

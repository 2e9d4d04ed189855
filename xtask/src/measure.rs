//! What a load costs: seconds, bytes, peak memory; and what an opening costs afterwards.
//!
//! It loads through the same loaders and store as the program, so that a figure here is a figure there.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tern_index::build::{ArtefactInfo, FaultPolicy};
use tern_index::store::{Artefact, Load, Store};
use tern_loaders::source::{Limits, members};
use tern_loaders::{LoadOptions, loaders, recognise};

/// Loads what `paths` hold, then opens the whole store twice.
pub fn measure(directory: &Path, paths: &[PathBuf]) -> anyhow::Result<()> {
    if !paths.is_empty() {
        load(directory, paths)?;
    }
    let store = Store::open(directory)?;
    for artefact in store.artefacts() {
        let counts = artefact.counts;
        println!(
            "{}: {} concepts ({} active), {} terms, {} relations, {} members, {} mappings, {} resources, {} bytes",
            name(&artefact.info),
            counts.concepts,
            counts.active,
            counts.designations,
            counts.relations,
            counts.members,
            counts.mappings,
            counts.resources,
            artefact.bytes
        );
    }
    for turn in ["first", "second"] {
        let started = Instant::now();
        for artefact in Store::open(directory)?.artefacts() {
            open(artefact)?;
        }
        println!("open, {turn} time: {:.3} ms", started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}

/// Loads what `paths` hold and says what it cost, on standard error.
pub fn load(directory: &Path, paths: &[PathBuf]) -> anyhow::Result<()> {
    let options = LoadOptions::default();
    let (releases, _) = recognise(members(paths, Limits::default())?, &options)?;
    if releases.is_empty() {
        bail!("no release was recognised");
    }
    let started = Instant::now();
    let mut load = Load::begin(directory)?.deriving(tern::description_logic::derive);
    for release in &releases {
        let loader = loaders()
            .iter()
            .find(|loader| loader.name() == release.loader)
            .with_context(|| format!("no loader is called {}", release.loader))?;
        let begun = Instant::now();
        let loaded = load.release(
            &release.title,
            release.loader,
            FaultPolicy::default(),
            |_| {},
            |sink| loader.load(release, &options, sink),
        )?;
        eprintln!(
            "{}: {:.1} s, {} records, {} skipped, peak {} MiB",
            release.title,
            begun.elapsed().as_secs_f64(),
            loaded.report.records,
            loaded.report.skipped(),
            peak_memory().map_or(0, |kib| kib / 1024)
        );
        for fault in loaded.report.examples.iter().take(5) {
            eprintln!("  {fault}");
        }
    }
    load.commit()?;
    eprintln!("loaded in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn open(artefact: &Artefact) -> anyhow::Result<()> {
    match &artefact.info {
        ArtefactInfo::CodeSystem(_) => drop(artefact.open_code_system()?),
        ArtefactInfo::ConceptMap(_) => drop(artefact.open_concept_map()?),
        ArtefactInfo::Resources { .. } => drop(artefact.open_resources()?),
    }
    Ok(())
}

fn name(info: &ArtefactInfo) -> String {
    match info {
        ArtefactInfo::CodeSystem(header) => header.canonical().to_string(),
        ArtefactInfo::ConceptMap(header) => header.url.clone(),
        ArtefactInfo::Resources { origin } => origin.clone(),
    }
}

/// The highest resident set of this process so far in KiB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

//! `cargo xtask time-mapper`: maps a table with the weights that are compiled in and says how fast.
//!
//! It reads a store that is there and loads nothing; how good the mapping is says `evaluate`.

use anyhow::Result;
use std::path::PathBuf;
use std::sync::Arc;
use tern::mapper::{MapOptions, Vocabularies, run as map_table};
use tern_index::build::ArtefactInfo;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex};
use tern_index::store::Store;

/// Arguments of `time-mapper`.
#[derive(clap::Args)]
pub struct TimeArguments {
    /// A store that holds the target.
    #[arg(long)]
    store: PathBuf,
    /// Canonical URL of the target.
    #[arg(long)]
    target: String,
    /// Runners-up to write.
    #[arg(long, default_value_t = 5)]
    candidates: usize,
    /// A column with its role, `COLUMN=role`. May be repeated.
    #[arg(long)]
    context: Vec<String>,
    /// The table.
    input: PathBuf,
    /// The mapped table.
    output: PathBuf,
}

struct Opened(Vec<Arc<CodeSystemIndex>>, Vec<Arc<ConceptMapIndex>>);

impl Vocabularies for Opened {
    fn canonical_url(&self, name: &str) -> String {
        name.to_owned()
    }

    fn code_system(&self, url: &str) -> Option<Arc<CodeSystemIndex>> {
        self.0.iter().find(|system| system.header().url == url).cloned()
    }

    fn concept_maps(&self) -> Vec<Arc<ConceptMapIndex>> {
        self.1.clone()
    }
}

/// Maps a table and prints the summary.
pub fn time(arguments: &TimeArguments) -> Result<()> {
    let mut opened = Opened(Vec::new(), Vec::new());
    for artefact in Store::open(&arguments.store)?.artefacts() {
        match &artefact.info {
            ArtefactInfo::CodeSystem(_) => opened.0.push(Arc::new(artefact.open_code_system()?)),
            ArtefactInfo::ConceptMap(_) => opened.1.push(Arc::new(artefact.open_concept_map()?)),
            ArtefactInfo::Resources { .. } => {}
        }
    }
    let mut options = MapOptions {
        target: arguments.target.clone(),
        candidates: arguments.candidates,
        ..MapOptions::default()
    };
    for pair in &arguments.context {
        options.columns.bind_pair(pair)?;
    }
    let summary = map_table(&arguments.input, &arguments.output, &options, &opened, &mut |_| {})?;
    println!("{summary:#?}");
    Ok(())
}

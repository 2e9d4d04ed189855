//! Developer chores that are too slow or too large for CI.
//!
//! `evaluate` measures the mapper on public reviewed maps and `time-mapper` says how fast it maps; `synth`
//! writes releases of full size in the publishers' layouts, with invented words, from a seed; `measure` loads a
//! release into a store and says what it cost; `definitions` condenses FHIR's own definitions of its types. What it does not do: it is no part of the program, and
//! nothing it writes belongs into the project, but for the table of types.

mod definitions;
mod evaluate;
mod mapper;
mod measure;
mod synthesize;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Developer chores of tern.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Measures the mapper on public reviewed maps: `cargo xtask evaluate --shared ../shared`
    Evaluate(evaluate::Arguments),
    /// Writes the table of FHIR's types: `cargo xtask definitions 5.0.0 src/fhir/xml/definitions-r5.txt package/`
    Definitions(definitions::Arguments),
    /// Maps a table with the weights that are compiled in and says how fast.
    TimeMapper(mapper::TimeArguments),
    /// Writes a synthetic release: `cargo xtask synth snomed --out /tmp/snomed`
    #[command(alias = "synthesize")]
    Synth {
        /// What to write.
        #[arg(value_enum)]
        release: synthesize::Release,
        /// Folder to write it to; made if it is not there.
        #[arg(long)]
        out: PathBuf,
        /// How large, measured by the real release.
        #[arg(long, default_value_t = 1.0)]
        scale: f64,
        /// The same seed gives the same bytes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Loads releases into a store and prints seconds, bytes, peak memory and the time to open: `cargo xtask measure /tmp/store /tmp/snomed`
    Measure {
        /// The store; made if it is not there.
        store: PathBuf,
        /// Releases, as `tern load` takes them. Without any, the store is only opened.
        paths: Vec<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Definitions(arguments) => definitions::condense(&arguments),
        Chore::Evaluate(arguments) => evaluate::evaluate(&arguments),
        Chore::TimeMapper(arguments) => mapper::time(&arguments),
        Chore::Synth {
            release,
            out,
            scale,
            seed,
        } => synthesize::write(release, &out, scale, seed),
        Chore::Measure { store, paths } => measure::measure(&store, &paths),
    }
}

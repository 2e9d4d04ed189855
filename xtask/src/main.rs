//! Developer chores: training and measuring the mapper. Nothing here is shipped.

mod mapper;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Developer chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Trains the mapper's weights on reviewed maps, with cross-validated predictions.
    TrainMapper(mapper::Arguments),
    /// Maps a table with the weights that are compiled in and says how fast.
    TimeMapper(mapper::TimeArguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::TrainMapper(arguments) => mapper::train(&arguments),
        Chore::TimeMapper(arguments) => mapper::time(&arguments),
    }
}

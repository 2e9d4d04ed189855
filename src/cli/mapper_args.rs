//! The flags that say how the mapper decides, which `tern map` and `tern explain` share: what it accepts by itself, what it
//! has learned, and whose decisions it heeds. They do not say what is mapped, nor what is written.

use super::review::DECISIONS_VARIABLE;
use crate::mapper::{Acceptance, MapOptions};
use std::path::PathBuf;

/// Flags of every command that maps.
#[derive(Debug, clap::Args)]
pub struct MapperArgs {
    /// Map by itself as much as keeps the share of wrong ones below this, as far as reviewed maps tell [default: 0.03]
    #[arg(long, value_name = "SHARE", conflicts_with = "accept")]
    error_budget: Option<f32>,
    /// Map by itself every candidate from this probability on
    #[arg(long, value_name = "PROBABILITY")]
    accept: Option<f32>,
    /// A model that `tern train` wrote for the target, instead of the one that comes with the program
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// A reviewed output of an earlier run: its decisions hold
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Database of people's decisions [default: decisions.sqlite in the store, if there is one]
    #[arg(long, value_name = "FILE", env = DECISIONS_VARIABLE)]
    decisions_db: Option<PathBuf>,
    /// Site or project, whose decisions hold; those of others are evidence
    #[arg(long, value_name = "NAME", env = "TERN_SCOPE")]
    scope: Option<String>,
    /// Map as if nobody had decided anything
    #[arg(long)]
    pub ignore_decisions: bool,
    /// Folder of a static embedding (model2vec, word2vec or GloVe text) that finds candidates by meaning, too
    #[arg(long, value_name = "DIR")]
    embedding_model: Option<PathBuf>,
}

impl MapperArgs {
    /// Puts what the flags say over what the options have; what they do not say stays.
    pub fn apply(&self, options: &mut MapOptions) {
        options.accept = Acceptance::of(self.accept, self.error_budget).unwrap_or(options.accept);
        for (flag, option) in [
            (&self.model, &mut options.model),
            (&self.decisions, &mut options.decisions),
            (&self.decisions_db, &mut options.decisions_db),
            (&self.embedding_model, &mut options.embedding_model),
        ] {
            if flag.is_some() {
                option.clone_from(flag);
            }
        }
        if self.scope.is_some() {
            options.scope.clone_from(&self.scope);
        }
    }
}

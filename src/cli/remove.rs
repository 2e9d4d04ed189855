//! `tern remove`: takes one version of something out of the store. Readers that have it open keep it.

use super::error::{CliError, Exit};
use super::session::{describe, short, short_version};
use crate::service::alias;
use crate::suggest;
use std::collections::BTreeSet;
use std::path::Path;
use tern_index::store::{ArtefactInfo, Store, remove};

/// Remove one version of a code system, a concept map or a package
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  tern remove loinc 2.80")]
pub struct RemoveArgs {
    /// Short name or URL of the code system, URL of the concept map, or name of the package
    system: String,
    /// Its version as `tern status` shows it; "-" for one that has none
    version: String,
}

impl RemoveArgs {
    fn means(&self, info: &ArtefactInfo) -> bool {
        let (_, system, version) = describe(info);
        let same_system = system == self.system || alias::canonical_url(&self.system) == Some(system);
        let same_version = match version {
            Some(version) => version == self.version || short_version(version) == self.version,
            None => self.version == "-",
        };
        same_system && same_version
    }
}

/// Runs the command.
pub fn run(args: &RemoveArgs, directory: &Path) -> Result<Exit, CliError> {
    // Looked up first, so that a slip of the pen neither makes a store nor waits for its lock.
    let store = Store::open(directory)?;
    if !store.artefacts().iter().any(|artefact| args.means(&artefact.info)) {
        let names = store.artefacts().iter().map(|artefact| {
            let (_, system, version) = describe(&artefact.info);
            format!("{} {}", short(system), version.map_or("-".to_owned(), short_version))
        });
        let names: Vec<String> = names.collect();
        let given = format!("{} {}", args.system, args.version);
        let near = suggest::nearest(&given, names.iter().map(String::as_str));
        return Err(CliError::NotFound {
            message: format!(
                "version {} of {} is not loaded in {}",
                args.version,
                args.system,
                directory.display()
            ),
            hint: suggest::did_you_mean(&near).unwrap_or_else(|| "`tern status` lists what is loaded".into()),
        });
    }
    let versions: BTreeSet<Option<&str>> = store
        .artefacts()
        .iter()
        .filter(|artefact| args.means(&artefact.info))
        .map(|artefact| describe(&artefact.info).2)
        .collect();
    if versions.len() > 1 {
        let versions: Vec<&str> = versions.into_iter().flatten().collect();
        return Err(CliError::Usage {
            message: format!("{} {} could be any of {}", args.system, args.version, versions.join(", ")),
            hint: "name the whole version".into(),
        });
    }
    for removed in remove(directory, |artefact| args.means(&artefact.info))? {
        let (kind, system, version) = describe(&removed.info);
        eprintln!("Removed the {kind} {system} {}.", version.unwrap_or_default());
    }
    Ok(Exit::Success)
}

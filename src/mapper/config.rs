//! `mapping.toml`: what a site says once about its extract, so that its runs need no flags.
//!
//! Unknown keys are errors: a misspelt key that is silently ignored maps a million rows without their specimen.

use super::error::MapError;
use super::item::Role;
use super::{Acceptance, MapOptions};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    target: Option<String>,
    code_system: Option<String>,
    accept: Option<f32>,
    error_budget: Option<f32>,
    candidates: Option<usize>,
    model: Option<PathBuf>,
    decisions: Option<PathBuf>,
    decisions_db: Option<PathBuf>,
    scope: Option<String>,
    embedding_model: Option<PathBuf>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
}

fn role(word: &str) -> Result<Role, MapError> {
    Role::parse(word).ok_or_else(|| MapError::UnknownRole { role: word.to_owned() })
}

/// Reads the configuration into options that flags then override. A path in it is relative to the file.
pub fn read(path: &Path) -> Result<MapOptions, MapError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| MapError::io(&shown, error))?;
    parse(&text, &shown, path.parent().unwrap_or(Path::new("")))
}

fn parse(text: &str, shown: &str, folder: &Path) -> Result<MapOptions, MapError> {
    let file: File = toml::from_str(text).map_err(|error| MapError::Configuration {
        path: shown.to_owned(),
        message: error.to_string(),
    })?;
    let mut options = MapOptions {
        target: file.target.unwrap_or_default(),
        code_system: file.code_system,
        model: file.model.map(|path| folder.join(path)),
        decisions: file.decisions.map(|path| folder.join(path)),
        decisions_db: file.decisions_db.map(|path| folder.join(path)),
        scope: file.scope,
        embedding_model: file.embedding_model.map(|path| folder.join(path)),
        ..MapOptions::default()
    };
    if file.accept.is_some() && file.error_budget.is_some() {
        return Err(MapError::Configuration {
            path: shown.to_owned(),
            message: "accept and error-budget exclude each other; leave one of them out".to_owned(),
        });
    }
    options.accept = Acceptance::of(file.accept, file.error_budget).unwrap_or(options.accept);
    if let Some(candidates) = file.candidates {
        options.candidates = candidates;
    }
    for (word, column) in file.columns {
        options.columns.bind(role(&word)?, column);
    }
    for (word, table) in file.values {
        let role = role(&word)?;
        for (value, meaning) in table {
            options.values.add(role, &value, meaning);
        }
    }
    options.check()?;
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_read() {
        let text = "target = \"loinc\"\naccept = 0.9\ncandidates = 3\nmodel = \"m.tsv\"\ndecisions = \"d.csv\"\ndecisions-db = \"d.sqlite\"\nscope = \"north\"\nembedding-model = \"potion\"\n[columns]\nname = \"Label\"\n[values.specimen]\nBLD = \"blood\"\n";
        let options = parse(text, "mapping.toml", Path::new("/site")).unwrap();
        assert_eq!(
            (options.target.as_str(), options.accept, options.candidates),
            ("loinc", Acceptance::Probability(0.9), 3)
        );
        assert_eq!(options.model.as_deref(), Some(Path::new("/site/m.tsv")));
        assert_eq!(options.decisions.as_deref(), Some(Path::new("/site/d.csv")));
        assert_eq!(options.decisions_db.as_deref(), Some(Path::new("/site/d.sqlite")));
        assert_eq!(options.scope.as_deref(), Some("north"));
        assert_eq!(options.embedding_model.as_deref(), Some(Path::new("/site/potion")));
    }

    #[test]
    fn misspelt_keys_roles_and_ranges_are_refused() {
        for text in [
            "targt = \"loinc\"",
            "[columns]\nnam = \"x\"",
            "accept = 2.0",
            "accept = 0.5\nerror-budget = 0.1",
            "error-budget = -1.0",
            "target = ",
        ] {
            let error = parse(text, "mapping.toml", Path::new("")).unwrap_err().to_string();
            assert!(!error.is_empty(), "{text}");
        }
    }
}

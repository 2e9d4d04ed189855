//! What a command works with: the store that is meant, what is loaded in it, and how people name things in it.

use super::error::CliError;
use crate::service::{CodeSystemIndex, Terminology, alias, refusals};
use crate::suggest;
use crate::written::{self, Library};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tern_index::model::Canonical;
use tern_index::store::{ArtefactInfo, Store};

/// The environment variable that names a store.
pub const STORE_VARIABLE: &str = "TERN_STORE";

/// The store that is meant: `--store`, else `TERN_STORE`, else the platform's data folder.
pub fn store_directory(named: Option<&Path>) -> Result<PathBuf, CliError> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    if let Some(variable) = std::env::var_os(STORE_VARIABLE).filter(|value| !value.is_empty()) {
        return Ok(variable.into());
    }
    let folders = directories::ProjectDirs::from("", "", "tern").ok_or_else(|| CliError::Usage {
        message: "this account has no home folder, so there is no usual place for a store".into(),
        hint: format!("name one with --store DIR or in {STORE_VARIABLE}"),
    })?;
    Ok(folders.data_dir().join("store"))
}

/// All that is loaded in a store, and what clients of its server have written.
pub struct Session {
    /// What is loaded.
    pub terminology: Terminology,
}

impl Session {
    /// Opens a store that must hold something.
    pub fn open(directory: &Path) -> Result<Self, CliError> {
        let store = Store::open(directory)?;
        if store.artefacts().is_empty() && !directory.join(written::FILE).exists() {
            return Err(CliError::NotFound {
                message: format!("nothing is loaded in {}", directory.display()),
                hint: "load a release with `tern load PATH`, name another store with --store, or try `tern demo`".into(),
            });
        }
        let library = Library::beside(directory, Terminology::new(&store, Vec::new()), false)?;
        Ok(Self {
            terminology: Terminology::clone(&library.terminology()),
        })
    }

    /// A code system by short name or URL, with `|version` if one is meant.
    pub fn code_system(&self, name: &str) -> Result<Arc<CodeSystemIndex>, CliError> {
        let named = Canonical::parse(name);
        self.terminology
            .code_system(&named.url, named.version.as_deref())
            .map_err(|unresolved| CliError::operation(refusals::unknown_system(&unresolved), self.system_hint(&named.url)))
    }

    /// URL and version of a code system by short name or URL, with `|version` if one is meant. It must be loaded.
    pub fn canonical(&self, name: &str) -> Result<Canonical, CliError> {
        let version = Canonical::parse(name).version;
        Ok(Canonical::new(&self.code_system(name)?.header().url, version))
    }

    /// URL of a code system that need not be loaded (the other side of a map): a short name or a URL.
    pub fn url(&self, name: &str) -> Result<String, CliError> {
        let url = self.terminology.canonical_url(name);
        if !url.contains(':') {
            return Err(CliError::NotFound {
                message: format!("'{name}' is neither the short name of a code system nor a URL"),
                hint: self.system_hint(name),
            });
        }
        Ok(url.to_owned())
    }

    /// Names of the code systems that are loaded: the short one where there is one.
    pub fn system_names(&self) -> Vec<String> {
        let names: BTreeSet<String> = self
            .terminology
            .code_system_headers()
            .iter()
            .map(|header| short(&header.url).to_owned())
            .collect();
        names.into_iter().collect()
    }

    /// What to write instead of a system that was not found.
    fn system_hint(&self, given: &str) -> String {
        let names = self.system_names();
        let near = suggest::nearest(given, names.iter().map(String::as_str));
        suggest::did_you_mean(&near).unwrap_or_else(|| "`tern status` lists what is loaded".to_owned())
    }

    /// What to write instead of a code that was not found.
    pub fn code_hint(&self, index: &CodeSystemIndex, given: &str) -> String {
        let upper = given.trim().to_uppercase();
        let undotted = |code: &str| code.replace(['.', '-', ' '], "");
        let wanted = undotted(&upper);
        // The longest beginning of what was typed that some code has.
        let mut prefix = upper.as_str();
        let mut near = Vec::new();
        while near.is_empty() && prefix.len() > 1 {
            near = index.codes_starting_with(prefix, 200);
            if let Some((end, _)) = prefix.char_indices().next_back() {
                prefix = &prefix[..end];
            }
        }
        let codes: Vec<&str> = near.iter().map(|concept| index.code(*concept)).collect();
        let same = codes.iter().copied().find(|code| undotted(&code.to_uppercase()) == wanted);
        let near = same.map_or_else(|| suggest::nearest(&upper, codes), |code| vec![code]);
        let url = short(&index.header().url);
        suggest::did_you_mean(&near).unwrap_or_else(|| format!("to find a code by its name: tern search --system {url} WORDS"))
    }

    /// A failure of an operation on one code, with what to write instead.
    pub fn failed(&self, failure: crate::service::Failure, index: &CodeSystemIndex, code: &str) -> CliError {
        let hint = if index.find(code).is_none() {
            self.code_hint(index, code)
        } else {
            String::new()
        };
        CliError::operation(failure, hint)
    }
}

/// The short name of a code system, or its URL where it has none: what can be typed.
pub fn short(url: &str) -> &str {
    alias::short_name(url).unwrap_or(url)
}

/// What tables call a code system, a concept map or a package: the short name or the end of the URL, with the version if
/// there is one. Pipes and JSON have the whole URL.
pub fn label(url: &str) -> String {
    if let Some((url, version)) = url.split_once('|') {
        return format!("{} {}", label(url), short_version(version));
    }
    if let Some(name) = alias::short_name(url) {
        return name.to_owned();
    }
    if let Some((system, map)) = url.split_once("?fhir_cm=") {
        return format!("{} map {map}", short(system));
    }
    if let Some((name, map)) = url
        .split_once("/cm/")
        .and_then(|(system, map)| Some((alias::short_name(system)?, map)))
    {
        return format!("{name} {map}");
    }
    url.trim_end_matches('/').rsplit('/').next().unwrap_or(url).to_owned()
}

/// A version as tables show it: of a SNOMED CT version URI, the date. Pipes and JSON have the whole of it.
pub fn short_version(version: &str) -> String {
    version.rsplit_once("/version/").map_or(version, |(_, date)| date).to_owned()
}

/// Name, version and kind of what is loaded.
pub fn describe(info: &ArtefactInfo) -> (&'static str, &str, Option<&str>) {
    match info {
        ArtefactInfo::CodeSystem(header) => ("code system", &header.url, header.version.as_deref()),
        ArtefactInfo::ConceptMap(header) => ("concept map", &header.url, header.version.as_deref()),
        ArtefactInfo::Resources { origin } => match origin.split_once('#') {
            Some((name, version)) => ("resources", name, Some(version)),
            None => ("resources", origin, None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_keep_the_version() {
        let edition = "http://snomed.info/sct/900000000000207008/version/20250101";
        for (url, shown) in [
            ("http://snomed.info/sct", "snomed".to_owned()),
            ("http://snomed.info/sct?fhir_cm=447562003", "snomed map 447562003".to_owned()),
            (
                &format!("http://snomed.info/sct?fhir_cm=447562003|{edition}"),
                "snomed map 447562003 20250101".to_owned(),
            ),
            ("http://example.org/ConceptMap/local|2.1", "local 2.1".to_owned()),
        ] {
            assert_eq!(label(url), shown);
        }
    }
}

//! Condenses the definitions of FHIR's types into the table that reading and writing XML needs.
//!
//! Which elements a type has, in which order, which repeat, which are attributes: nothing else of a
//! StructureDefinition is kept. The table is committed, so that a build needs no definitions.

use anyhow::{Context, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// Version of FHIR whose definitions are taken, such as 5.0.0
    version: String,
    /// File to write
    table: PathBuf,
    /// StructureDefinitions, Bundles of them, or folders with either
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// Any of the types that an extension may have.
const OPEN: &str = "*";

pub fn condense(arguments: &Arguments) -> anyhow::Result<()> {
    let mut definitions = BTreeMap::new();
    for path in &arguments.paths {
        gather(path, &arguments.version, &mut definitions)?;
    }
    let open = definitions.get("Extension").map(open_types);
    let open = open.context("no definition of the type Extension was found in these files")?;
    let mut text = format!(
        "# The types of FHIR {}: which elements each has, in their order. Written by `cargo xtask definitions` from the\n\
         # StructureDefinitions of HL7 (public domain, CC0), which are in an npm package that docs/conformance.md names.\n\
         # A line is a type, the type it extends, and its own elements: name:type, @ an attribute, + one that repeats,\n\
         # [x] of several types, {OPEN} any type that an extension may have.\n\
         {OPEN} {}\n",
        arguments.version,
        open.join("|")
    );
    for definition in definitions.values() {
        type_lines(definition, &open, &mut text)?;
    }
    std::fs::write(&arguments.table, text).with_context(|| arguments.table.display().to_string())?;
    eprintln!("{} types", definitions.len());
    Ok(())
}

fn gather(path: &Path, version: &str, definitions: &mut BTreeMap<String, Value>) -> anyhow::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
            let entry = entry?.path();
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() || name.ends_with(".json") && name.starts_with("StructureDefinition-") {
                gather(&entry, version, definitions)?;
            }
        }
        return Ok(());
    }
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let json: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let entries = json["entry"].as_array().map(Vec::as_slice).unwrap_or_default();
    let inner = entries.iter().map(|entry| &entry["resource"]);
    for definition in inner.chain([&json]) {
        let is_type = definition["resourceType"] == "StructureDefinition"
            && definition["fhirVersion"] == version
            && definition["derivation"] != "constraint"
            && matches!(definition["kind"].as_str(), Some("complex-type" | "resource"));
        if let (true, Some(name)) = (is_type, definition["type"].as_str()) {
            definitions.insert(name.to_owned(), definition.clone());
        }
    }
    Ok(())
}

fn elements(definition: &Value) -> &[Value] {
    definition["snapshot"]["element"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn open_types(extension: &Value) -> Vec<String> {
    let value = elements(extension)
        .iter()
        .find(|element| element["path"] == "Extension.value[x]");
    value.map(types).unwrap_or_default()
}

fn types(element: &Value) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for given in element["type"].as_array().into_iter().flatten() {
        let name = given["code"].as_str().unwrap_or_default();
        let name = match name.strip_prefix("http://hl7.org/fhirpath/System.") {
            Some(primitive) => primitive.to_lowercase(),
            None => name.to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The lines of a type: its own, and one for each element that has elements of its own.
fn type_lines(definition: &Value, open: &[String], text: &mut String) -> anyhow::Result<()> {
    let name = definition["type"].as_str().unwrap_or_default();
    let base = definition["baseDefinition"].as_str().unwrap_or_default();
    let base = base.rsplit('/').next().filter(|base| !base.is_empty()).unwrap_or("-");
    let elements = elements(definition);
    if elements.is_empty() {
        bail!("the definition of {name} has no snapshot");
    }
    let mut owners: Vec<(&str, &str)> = vec![(name, base)];
    for element in elements {
        let path = element["path"].as_str().unwrap_or_default();
        let parent = |other: &Value| {
            let other = other["path"].as_str().unwrap_or_default();
            other.rsplit_once('.').is_some_and(|(parent, _)| parent == path)
        };
        if path != name && elements.iter().any(parent) {
            let base = element["type"][0]["code"].as_str().unwrap_or("BackboneElement");
            owners.push((path, base));
        }
    }
    for (owner, base) in &owners {
        write!(text, "{owner} {base}")?;
        for element in elements {
            let path = element["path"].as_str().unwrap_or_default();
            let Some((parent, element_name)) = path.rsplit_once('.') else {
                continue;
            };
            // What is inherited is said by the base.
            let inherited = element["base"]["path"].as_str().is_some_and(|from| from != path);
            if parent != *owner || inherited {
                continue;
            }
            let is = |what: &str| {
                element["representation"]
                    .as_array()
                    .is_some_and(|list| list.iter().any(|one| one == what))
            };
            let attribute = if is("xmlAttr") { "@" } else { "" };
            let once = matches!(element["max"].as_str(), Some("0" | "1"));
            let repeats = if once { "" } else { "+" };
            let types = if owners.iter().any(|(other, _)| *other == path) {
                path.to_owned()
            } else if let Some(reference) = element["contentReference"].as_str() {
                reference.rsplit('#').next().unwrap_or(reference).to_owned()
            } else {
                let types = types(element);
                if types == open { OPEN.to_owned() } else { types.join("|") }
            };
            write!(text, " {attribute}{repeats}{element_name}:{types}")?;
        }
        text.push('\n');
    }
    Ok(())
}

//! The public reviewed maps: which columns play which part, which vocabulary they lead to, how it is loaded.
//!
//! The diagnoses are measured against titles alone: inclusion terms and general equivalence mappings are where two of
//! their sets come from, so an index that has them would be asked for what it was told.

use anyhow::{Context, Result, anyhow};
use quick_xml::events::Event;
use std::path::{Path, PathBuf};
use tern::mapper::Columns;
use tern::mapper::truth::{Truth, TruthFile};
use tern_index::build::ArtefactInfo;
use tern_index::read::CodeSystemIndex;
use tern_index::store::Store;

/// A reviewed map with the columns that are given to the mapper.
pub struct Set {
    pub name: &'static str,
    file: &'static str,
    columns: &'static [&'static str],
    /// How much a row counts in training: less where rows are made from those of another set, more where few speak for a kind
    /// of source.
    weight: f32,
    /// Whether rows say if their answer is in the vocabulary for another reason than this map.
    pooled: bool,
    /// Whether rows name no brand, so that a branded answer is right without its brand too.
    unbranded: bool,
}

/// Sets that lead to one target and are trained together, in this order.
pub struct Domain {
    pub name: &'static str,
    pub target: &'static str,
    /// Whether a wrong answer may be of the right component.
    pub has_components: bool,
    /// Folder of the vocabulary, under that which has them all, and the name of the store it is loaded into.
    vocabulary: &'static str,
    store: &'static str,
    titles_only: bool,
    pub sets: &'static [Set],
}

const fn set(name: &'static str, file: &'static str, columns: &'static [&'static str]) -> Set {
    Set {
        name,
        file,
        columns,
        weight: 1.0,
        pooled: true,
        unbranded: false,
    }
}

const fn weighed(weight: f32, set: Set) -> Set {
    Set { weight, ..set }
}

const fn diagnoses(name: &'static str, file: &'static str) -> Set {
    Set {
        name,
        file,
        columns: &["name=name"],
        weight: 1.0,
        pooled: false,
        unbranded: false,
    }
}

/// All of them.
pub const DOMAINS: &[Domain] = &[
    Domain {
        name: "labs",
        target: "http://loinc.org",
        has_components: true,
        vocabulary: "vocab/loinc",
        store: "loinc",
        titles_only: false,
        sets: &[
            set(
                "mimic4-labs",
                "mimic4-labs-loinc.tsv",
                &["name=name", "fluid=specimen", "category=section", "unit=unit"],
            ),
            set(
                "aumc-english",
                "aumc-labs-loinc.tsv",
                &["name_en=name", "category=section", "unit=unit"],
            ),
            set(
                "aumc-dutch",
                "aumc-labs-loinc.tsv",
                &["name=name", "category=section", "unit=unit"],
            ),
            set("ship", "ship-labs-loinc.tsv", &["name=name", "unit=unit"]),
        ],
    },
    Domain {
        name: "drugs",
        target: "http://www.nlm.nih.gov/research/umls/rxnorm",
        has_components: false,
        vocabulary: "vocab/rxnorm",
        store: "rxnorm",
        titles_only: false,
        sets: &[
            set(
                "ema-products",
                "ema-products-rxnorm.tsv",
                &["inn=name", "strength=strength", "form=form", "route=route"],
            ),
            weighed(
                2.0,
                set(
                    "mimic4-inputevents",
                    "mimic4-inputevents-rxnorm.tsv",
                    &["name=name", "order_category=section", "unit=unit"],
                ),
            ),
            // The same products as above: folds keep the rows of one product together.
            weighed(
                0.5,
                set(
                    "ema-products-text",
                    "ema-products-rxnorm.tsv",
                    &["name=name", "strength=strength", "form=form", "route=route"],
                ),
            ),
            // With the brand in a column of its own, as a register has it.
            set(
                "ema-products-branded",
                "ema-products-rxnorm.tsv",
                &["inn=name", "brand=brand", "strength=strength", "form=form", "route=route"],
            ),
            // And once more as one text, as a pharmacy's list has them; that text names the substance, not a brand.
            Set {
                unbranded: true,
                ..weighed(
                    0.4,
                    set("ema-products-joined", "ema-products-rxnorm.tsv", &["inn+strength+form=name"]),
                )
            },
        ],
    },
    Domain {
        name: "diagnoses",
        target: "http://hl7.org/fhir/sid/icd-10-cm",
        has_components: false,
        vocabulary: "vocab/icd",
        store: "icd10cm-titles",
        titles_only: true,
        sets: &[
            diagnoses("icd10cm-inclusion", "icd10cm-inclusion-icd10cm.tsv"),
            diagnoses("icd9cm-gem", "icd9cm-gem-icd10cm.tsv"),
            diagnoses("mondo", "mondo-icd10cm.tsv"),
        ],
    },
];

impl Set {
    /// Reads the rows that are used, which lead to this code system.
    pub fn read(&self, shared: &Path, system: &CodeSystemIndex) -> Result<Truth> {
        let mut columns = Columns::default();
        for pair in self.columns {
            columns.bind_pair(pair)?;
        }
        let file = TruthFile {
            path: shared.join("truth").join(self.file),
            columns,
            group: self.pooled.then(|| "pool".to_owned()),
        };
        let mut truth = file.read(&system.header().url)?;
        for row in &mut truth.rows {
            row.example.weight *= self.weight;
            if self.unbranded {
                let generic: Vec<String> = row.example.codes.iter().flat_map(|code| unbranded(system, code)).collect();
                row.example.codes.extend(generic);
            }
        }
        Ok(truth)
    }
}

impl Domain {
    /// Opens the target, from a store of the domain's own, which is loaded if it is not there.
    pub fn open(&self, shared: &Path, stores: &Path) -> Result<CodeSystemIndex> {
        let directory = stores.join(self.store);
        if !directory.join("catalogue.json").exists() {
            let folder = shared.join(self.vocabulary);
            let room = tempfile::tempdir()?;
            let release = if self.titles_only {
                titles(&folder, room.path())?
            } else {
                folder
            };
            crate::measure::load(&directory, &[release])?;
        }
        for artefact in Store::open(&directory)?.artefacts() {
            if matches!(&artefact.info, ArtefactInfo::CodeSystem(header) if header.url == self.target) {
                return Ok(artefact.open_code_system()?);
            }
        }
        Err(anyhow!("{} has no {}", directory.display(), self.target))
    }
}

/// The drugs that a drug of RxNorm is the brand of.
fn unbranded(system: &CodeSystemIndex, code: &str) -> Vec<String> {
    let concept = system.find_exact(code);
    let generic = concept.map(|concept| system.property_targets(concept, "tradename_of"));
    let codes = generic.into_iter().flatten().map(|(_, other)| system.code(other).to_owned());
    codes.collect()
}

/// Writes the newest tabular list of ICD-10-CM without its notes into `room`.
fn titles(folder: &Path, room: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut lists: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    lists.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    lists.sort();
    let list = lists
        .pop()
        .with_context(|| format!("{} has no tabular list", folder.display()))?;
    let name = list.file_name().context("the tabular list has no name")?;
    let text = std::fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    std::fs::write(room.join(name), without_notes(&text)?)?;
    Ok(room.to_owned())
}

/// Elements that say in other words what a code is for, or what it is not for.
const NOTES: &[&str] = &[
    "inclusionTerm",
    "includes",
    "excludes1",
    "excludes2",
    "useAdditionalCode",
    "codeFirst",
    "codeAlso",
    "notes",
];

fn without_notes(text: &str) -> Result<Vec<u8>> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut writer = quick_xml::Writer::new(Vec::new());
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(writer.into_inner()),
            Event::Start(element) if NOTES.contains(&element.name().as_ref()) => {
                reader.read_to_end(element.name())?;
            }
            Event::Empty(element) if NOTES.contains(&element.name().as_ref()) => {}
            event => writer.write_event(event)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_left_and_notes_are_not() {
        let text = "<a><desc>Title &amp; more</desc><inclusionTerm><note>Other words</note></inclusionTerm>\
                    <diag><name>A00</name><excludes1><note>x</note></excludes1><codeAlso/></diag></a>";
        let bare = String::from_utf8(without_notes(text).unwrap()).unwrap();
        assert_eq!(bare, "<a><desc>Title &amp; more</desc><diag><name>A00</name></diag></a>");
    }

    #[test]
    fn sets_have_names_of_their_own_and_columns_with_roles() {
        let mut names: Vec<&str> = DOMAINS.iter().flat_map(|domain| domain.sets).map(|set| set.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for set in DOMAINS.iter().flat_map(|domain| domain.sets) {
            let mut columns = Columns::default();
            set.columns.iter().for_each(|pair| columns.bind_pair(pair).unwrap());
        }
    }
}

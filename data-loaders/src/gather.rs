//! What tests keep of a load, in words; and the ways tests lay a release out on disk.

use crate::collect::{Collected, CollectedProblem, Keep};
use crate::{LoadError, LoadOptions, Release, recognise, source};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use tern_index::model::{CodeSystemHeader, Coding, ConceptMapHeader, DesignationKind, MappingAttribute, Relationship};
use tern_index::record::{At, Record, ValueRecord};

/// A mapping, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub source: String,
    pub target: Option<String>,
    pub relationship: Relationship,
    pub group: u16,
    pub priority: u16,
    pub attributes: Vec<MappingAttribute>,
}

/// A code system with its records as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    pub header: CodeSystemHeader,
    /// Code to active and not-selectable.
    pub concepts: BTreeMap<String, (bool, bool)>,
    pub displays: BTreeMap<String, String>,
    /// Code, kind, use, term.
    pub terms: Vec<(String, DesignationKind, String, String)>,
    /// Child, parent.
    pub parents: Vec<(String, String)>,
    /// Code, property, value as text.
    pub properties: Vec<(String, String, String)>,
}

impl System {
    /// All values of a property of a code, sorted.
    pub fn property(&self, code: &str, property: &str) -> Vec<&str> {
        let mut values: Vec<&str> = self
            .properties
            .iter()
            .filter(|(c, p, _)| c == code && p == property)
            .map(|(_, _, value)| value.as_str())
            .collect();
        values.sort_unstable();
        values
    }

    pub fn parent(&self, code: &str) -> Vec<&str> {
        self.parents
            .iter()
            .filter(|(c, _)| c == code)
            .map(|(_, p)| p.as_str())
            .collect()
    }
}

/// A concept map with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    pub header: ConceptMapHeader,
    pub rows: Vec<Row>,
}

/// What is kept of the records.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Systems {
    pub systems: Vec<System>,
    pub maps: Vec<Map>,
}

/// The sink.
pub type Gather = Collected<Systems>;

/// Problems as `file:line:column kind`, files by their last part.
pub fn faults(gather: &Gather) -> Vec<String> {
    let told = |problem: &CollectedProblem| format!("{} {}", problem.place(), problem.kind);
    gather.problems.iter().map(told).collect()
}

impl Keep for Systems {
    fn keep(&mut self, _at: At, record: Record<'_>) {
        match record {
            Record::CodeSystem(header) => {
                self.systems.push(System {
                    header: header.clone(),
                    concepts: BTreeMap::new(),
                    displays: BTreeMap::new(),
                    terms: Vec::new(),
                    parents: Vec::new(),
                    properties: Vec::new(),
                });
                return;
            }
            Record::ConceptMap(header) => {
                let header = header.clone();
                self.maps.push(Map {
                    header,
                    rows: Vec::new(),
                });
                return;
            }
            Record::Mapping(row) => {
                self.maps.last_mut().unwrap().rows.push(Row {
                    source: row.source_code.to_owned(),
                    target: row.target_code.map(str::to_owned),
                    relationship: row.relationship,
                    group: row.group,
                    priority: row.priority,
                    attributes: row.attributes.to_vec(),
                });
                return;
            }
            _ => {}
        }
        let system = self.systems.last_mut().unwrap();
        match record {
            Record::Concept(concept) => {
                let flags = (concept.active, concept.not_selectable);
                let before = system.concepts.insert(concept.code.to_owned(), flags);
                assert!(before.is_none(), "{} is said twice", concept.code);
            }
            Record::Designation(term) => {
                if term.kind == DesignationKind::Display {
                    let before = system.displays.insert(term.code.to_owned(), term.value.to_owned());
                    assert!(before.is_none(), "{} has two displays", term.code);
                }
                let use_ = term.use_.map(|use_: &Coding| use_.code.clone()).unwrap_or_default();
                system
                    .terms
                    .push((term.code.to_owned(), term.kind, use_, term.value.to_owned()));
            }
            Record::Parent { child, parent } => system.parents.push((child.to_owned(), parent.to_owned())),
            Record::Property(property) => {
                let value = match property.value {
                    ValueRecord::Code(text)
                    | ValueRecord::String(text)
                    | ValueRecord::DateTime(text)
                    | ValueRecord::Decimal(text) => text.to_owned(),
                    ValueRecord::Coding(coding) => coding.code.clone(),
                    ValueRecord::Integer(number) => number.to_string(),
                    ValueRecord::Boolean(truth) => truth.to_string(),
                };
                system
                    .properties
                    .push((property.code.to_owned(), property.property.to_owned(), value));
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}

/// Recognises what lies at the paths.
pub fn releases(paths: &[PathBuf]) -> Result<Vec<Release>, LoadError> {
    let members = source::members(paths, source::Limits::default())?;
    Ok(recognise(members, &LoadOptions::default())?.0)
}

/// Recognises and loads what lies at the paths.
pub fn load(paths: &[PathBuf]) -> Result<Gather, LoadError> {
    let mut gather = Gather::default();
    for release in releases(paths)? {
        let loader = crate::loaders()
            .iter()
            .find(|loader| loader.name() == release.loader)
            .unwrap();
        loader.load(&release, &LoadOptions::default(), &mut gather)?;
    }
    Ok(gather)
}

/// A folder of the project's fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// A folder beside the project that is not part of it; says so when it is missing.
pub fn shared(name: &str) -> Option<PathBuf> {
    let roots = ["../../shared", "../../../shared"];
    let found = roots
        .iter()
        .map(|root| Path::new(env!("CARGO_MANIFEST_DIR")).join(root).join(name))
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: ../shared/{name} is not here");
    }
    found
}

/// Copies a folder's files into a new one, changed by `change` (`None` leaves a file out).
pub fn copy(from: &Path, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> tempfile::TempDir {
    let room = tempfile::tempdir().unwrap();
    for (name, bytes) in files(from) {
        if let Some(bytes) = change(&name, bytes) {
            let path = room.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    room
}

/// Files under a folder by their path in it.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for member in source::members(&[folder.to_owned()], source::Limits::default()).unwrap() {
        found.push((member.path().to_owned(), member.read().unwrap()));
    }
    found
}

/// The folder as a zip.
pub fn zipped(folder: &Path, name: &str) -> (tempfile::TempDir, PathBuf) {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join(name);
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (name, bytes) in files(folder) {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap();
    (room, path)
}

/// The folder with its files packed one by one, in turn as gzip and as zstd.
pub fn packed(folder: &Path) -> tempfile::TempDir {
    let room = tempfile::tempdir().unwrap();
    for (number, (name, bytes)) in files(folder).into_iter().enumerate() {
        let (ending, bytes) = if number % 2 == 0 {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&bytes).unwrap();
            ("gz", gzip.finish().unwrap())
        } else {
            ("zst", zstd::encode_all(&bytes[..], 1).unwrap())
        };
        let path = room.path().join(format!("{name}.{ending}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    room
}

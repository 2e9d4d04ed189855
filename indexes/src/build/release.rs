//! Routes the records of one release to the builders of its artefacts, and keeps account of faults.
//!
//! This is the one sink behind loads into a store and builds in memory. A code system is finished as soon as
//! the next one opens, so that a folder of many releases never holds more than one in memory; concept maps and
//! kept resources are finished at the end.

use super::{BuildError, CodeSystemBuilder, CodeSystemCounts, ConceptMapBuilder, Files, ResourcesBuilder};
use crate::model::{CodeSystemHeader, ConceptMapHeader};
use crate::record::{At, Problem, ProblemKind, Record, RecordSink, Stopped};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What an artefact is, with what is known of it without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ArtefactInfo {
    /// A code system version with an index of its own.
    CodeSystem(Box<CodeSystemHeader>),
    /// A concept map with an index of its own.
    ConceptMap(Box<ConceptMapHeader>),
    /// FHIR resources of one origin (a package, a folder, a file), kept whole.
    Resources {
        /// `name#version` of the package, or the file's name.
        origin: String,
    },
}

impl ArtefactInfo {
    /// Whether loading `self` replaces `other`: the same kind, URL and version, or the same origin.
    pub fn replaces(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::CodeSystem(a), Self::CodeSystem(b)) => a.url == b.url && a.version == b.version,
            (Self::ConceptMap(a), Self::ConceptMap(b)) => a.url == b.url && a.version == b.version,
            (Self::Resources { origin: a }, Self::Resources { origin: b }) => a == b,
            _ => false,
        }
    }
}

/// Counts of an artefact; what does not apply is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Concepts, retired ones included.
    pub concepts: u64,
    /// Concepts in use.
    pub active: u64,
    /// Designations of every kind.
    pub designations: u64,
    /// Parent links and coded properties.
    pub relations: u64,
    /// Reference set members.
    pub members: u64,
    /// Rows of concept maps.
    pub mappings: u64,
    /// Resources kept whole.
    pub resources: u64,
}

impl From<CodeSystemCounts> for Counts {
    fn from(counts: CodeSystemCounts) -> Self {
        Self {
            concepts: counts.concepts,
            active: counts.active,
            designations: counts.designations,
            relations: counts.relations,
            members: counts.members,
            ..Self::default()
        }
    }
}

/// A finished artefact.
#[derive(Debug)]
pub struct Finished {
    /// What it is.
    pub info: ArtefactInfo,
    /// How much is in it.
    pub counts: Counts,
    /// Its files.
    pub files: Files,
}

/// Takes finished artefacts as they come; an error ends the load.
pub type Keep<'k> = Box<dyn FnMut(Finished) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + 'k>;

/// How faults are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultPolicy {
    /// Stop at the first fault.
    pub strict: bool,
    /// How many faults of each kind are kept with their text; all are counted.
    pub kept_per_kind: usize,
}

impl Default for FaultPolicy {
    fn default() -> Self {
        Self {
            strict: false,
            kept_per_kind: 20,
        }
    }
}

/// A fault with its place in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// File as the user knows it.
    pub file: String,
    /// Line from 1; `None` for the whole file.
    pub line: Option<u32>,
    /// Column name; `None` for the whole row.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}: {}", self.problem.kind, self.problem.message)
    }
}

/// What happened while a release was read.
#[derive(Debug, Clone, Default)]
pub struct ReleaseReport {
    /// Records taken.
    pub records: u64,
    /// Faults by kind, all of them.
    pub faults: BTreeMap<ProblemKind, u64>,
    /// The first faults of each kind.
    pub examples: Vec<Fault>,
    /// Files looked at and left out, with the reason.
    pub ignored: Vec<(String, String)>,
}

impl ReleaseReport {
    /// Faults of all kinds: each stands for a row or a reference that was skipped.
    pub fn skipped(&self) -> u64 {
        self.faults.values().sum()
    }
}

/// Why a release was not finished.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Strict mode met a fault.
    #[error("{0} (stopped by --strict)")]
    Fault(Fault),
    /// The builder refused.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// What took the finished artefacts refused: most often the disk.
    #[error(transparent)]
    Keep(Box<dyn std::error::Error + Send + Sync>),
    /// A loader broke the order of records; its own fault, not the data's.
    #[error("a {0} came before what it belongs to was opened; this is a fault of the loader, please report it")]
    Order(&'static str),
}

/// The sink of one release.
pub struct ReleaseBuilder<'k> {
    faults: FaultAccount,
    code_system: Option<CodeSystemBuilder>,
    concept_maps: Vec<ConceptMapBuilder>,
    current_map: usize,
    resources: BTreeMap<String, ResourcesBuilder>,
    with_text: bool,
    keep: Keep<'k>,
    progress: Box<dyn FnMut(u64) + 'k>,
    failure: Option<ReleaseError>,
}

struct FaultAccount {
    policy: FaultPolicy,
    names: Vec<String>,
    numbers: BTreeMap<String, u16>,
    report: ReleaseReport,
    fatal: Option<Fault>,
}

impl FaultAccount {
    fn fault(&mut self, at: At, problem: Problem) -> Result<(), Stopped> {
        let name = |number: u16| self.names.get(usize::from(number)).cloned();
        let fault = Fault {
            file: name(at.file).unwrap_or_default(),
            line: (at.line > 0).then_some(at.line),
            column: (at.column > 0).then(|| name(at.column)).flatten(),
            problem,
        };
        if self.policy.strict {
            self.fatal.get_or_insert(fault);
            return Err(Stopped);
        }
        let count = self.report.faults.entry(fault.problem.kind).or_default();
        *count += 1;
        if *count <= self.policy.kept_per_kind as u64 {
            self.report.examples.push(fault);
        }
        Ok(())
    }
}

impl<'k> ReleaseBuilder<'k> {
    /// A sink that hands finished artefacts to `keep` and bytes read to `progress`. `with_text` builds word
    /// indexes: right for releases, wasteful for the small code systems of a request.
    pub fn new(policy: FaultPolicy, with_text: bool, keep: Keep<'k>, progress: Box<dyn FnMut(u64) + 'k>) -> Self {
        Self {
            faults: FaultAccount {
                policy,
                // Number 0 is "no name".
                names: vec![String::new()],
                numbers: BTreeMap::new(),
                report: ReleaseReport::default(),
                fatal: None,
            },
            code_system: None,
            concept_maps: Vec::new(),
            current_map: 0,
            resources: BTreeMap::new(),
            with_text,
            keep,
            progress,
            failure: None,
        }
    }

    /// Finishes what is open and returns the account. Call it also after a loader returned [`Stopped`]: the
    /// error then says why.
    pub fn finish(mut self) -> Result<ReleaseReport, ReleaseError> {
        if self.failure.is_none() && self.faults.fatal.is_none() {
            let done = self.finish_all();
            if let Err(error) = done {
                self.failure.get_or_insert(error);
            }
        }
        if let Some(fault) = self.faults.fatal {
            return Err(ReleaseError::Fault(fault));
        }
        match self.failure {
            Some(error) => Err(error),
            None => Ok(self.faults.report),
        }
    }

    fn finish_all(&mut self) -> Result<(), ReleaseError> {
        self.finish_code_system()?;
        for builder in std::mem::take(&mut self.concept_maps) {
            let (header, files, mappings) = builder.finish()?;
            let counts = Counts {
                mappings,
                ..Counts::default()
            };
            let info = ArtefactInfo::ConceptMap(Box::new(header));
            (self.keep)(Finished { info, counts, files }).map_err(ReleaseError::Keep)?;
        }
        for (origin, builder) in std::mem::take(&mut self.resources) {
            let (files, resources) = builder.finish()?;
            let counts = Counts {
                resources,
                ..Counts::default()
            };
            let info = ArtefactInfo::Resources { origin };
            (self.keep)(Finished { info, counts, files }).map_err(ReleaseError::Keep)?;
        }
        Ok(())
    }

    fn finish_code_system(&mut self) -> Result<(), ReleaseError> {
        let Some(builder) = self.code_system.take() else {
            return Ok(());
        };
        let faults = &mut self.faults;
        let (header, files, counts) = builder.finish(&mut |at, problem| faults.fault(at, problem))?;
        let finished = Finished {
            info: ArtefactInfo::CodeSystem(Box::new(header)),
            counts: counts.into(),
            files,
        };
        (self.keep)(finished).map_err(ReleaseError::Keep)
    }

    fn open_map(&mut self, header: &ConceptMapHeader) {
        let same = |builder: &ConceptMapBuilder| builder.header().url == header.url && builder.header().version == header.version;
        self.current_map = match self.concept_maps.iter().position(same) {
            Some(place) => place,
            None => {
                self.concept_maps.push(ConceptMapBuilder::new(header.clone()));
                self.concept_maps.len() - 1
            }
        };
    }

    fn take(&mut self, at: At, record: Record<'_>) -> Result<(), ReleaseError> {
        match record {
            Record::CodeSystem(header) => {
                self.finish_code_system()?;
                self.code_system = Some(CodeSystemBuilder::new(header.clone(), self.with_text));
                return Ok(());
            }
            Record::ConceptMap(header) => {
                self.open_map(header);
                return Ok(());
            }
            Record::Mapping(mapping) => {
                let builder = self
                    .concept_maps
                    .get_mut(self.current_map)
                    .ok_or(ReleaseError::Order("mapping"))?;
                builder.mapping(&mapping);
                return Ok(());
            }
            Record::Resource(resource) => {
                self.resources
                    .entry(resource.origin.to_owned())
                    .or_default()
                    .resource(&resource);
                return Ok(());
            }
            _ => {}
        }
        let faults = &mut self.faults;
        let builder = self.code_system.as_mut().ok_or(ReleaseError::Order("concept record"))?;
        match record {
            Record::Concept(concept) => builder.concept(at, concept, &mut |at, problem| faults.fault(at, problem))?,
            Record::Designation(designation) => builder.designation(at, designation),
            Record::Parent { child, parent } => builder.parent(at, child, parent),
            Record::Property(property) => builder.property(at, property),
            Record::Member(member) => builder.member(at, member),
            Record::Relationship(relationship) => builder.relationship(at, &relationship),
            Record::Row(row) => builder.row(at, &row),
            Record::Alternate(alternate) => builder.alternate(&alternate),
            Record::CodeSystem(_) | Record::ConceptMap(_) | Record::Mapping(_) | Record::Resource(_) => {}
        }
        Ok(())
    }
}

impl RecordSink for ReleaseBuilder<'_> {
    fn name(&mut self, name: &str) -> u16 {
        if let Some(number) = self.faults.numbers.get(name) {
            return *number;
        }
        // Past 65,535 names (no release has them) places lose their names; nothing else does.
        let Ok(number) = u16::try_from(self.faults.names.len()) else {
            return 0;
        };
        self.faults.names.push(name.to_owned());
        self.faults.numbers.insert(name.to_owned(), number);
        number
    }

    fn accept(&mut self, at: At, record: Record<'_>) -> Result<(), Stopped> {
        self.faults.report.records += 1;
        self.take(at, record).map_err(|error| {
            if !matches!(error, ReleaseError::Build(BuildError::Stopped(_))) {
                self.failure.get_or_insert(error);
            }
            Stopped
        })
    }

    fn problem(&mut self, at: At, problem: Problem) -> Result<(), Stopped> {
        self.faults.fault(at, problem)
    }

    fn ignored(&mut self, file: &str, reason: &str) {
        self.faults.report.ignored.push((file.to_owned(), reason.to_owned()));
    }

    fn progress(&mut self, bytes: u64) {
        (self.progress)(bytes);
    }
}

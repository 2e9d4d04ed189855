//! The loader `fhir`: packages, folders, Bundles, NDJSON and single resources to records.
//!
//! What is emitted: a code system of more than [`FULL_CONCEPTS`] concepts, or a concept map of more than [`FULL_ROWS`]
//! rows, record by record, so that it gets an index of its own; every other resource whole, to be kept in memory by
//! whoever serves it, StructureDefinitions and Questionnaires without all but their bindings. Of several resources with one canonical and version the first is kept. Other resource types,
//! the examples of a package and XML files are left out and counted.

use super::element::{Fault, Parsed, Path};
use super::json::{self, JsonError, Node};
use super::package::Manifest;
use super::recognise::{self, Kind, below, is_wanted, package_root};
use super::summary::{self, Summary};
use super::{code_system, concept_map, naming_system, structure, value_set};
use crate::source::{Member, SourceError};
use crate::{LoadError, LoadOptions, Loader, Release};
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};
use tern_index::model::{Canonical, Content};
use tern_index::record::{At, Problem, ProblemKind, Record, RecordSink, ResourceRecord, Stopped};

/// A code system with more concepts than this is emitted concept by concept.
pub(super) const FULL_CONCEPTS: usize = 1_000;
/// A concept map with more rows than this is emitted row by row.
pub(super) const FULL_ROWS: usize = 1_000;

/// The loader of FHIR resources.
pub struct Fhir;

impl Loader for Fhir {
    fn name(&self) -> &'static str {
        "fhir"
    }

    fn recognise(&self, members: &[Member], _options: &LoadOptions) -> Result<Vec<Release>, LoadError> {
        recognise::releases(members)
    }

    fn load(&self, release: &Release, _options: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let mut loading = Loading::new(release)?;
        for member in &release.members {
            loading.member(member, sink)?;
        }
        loading.report_left_out(sink);
        Ok(())
    }
}

/// A release on its way to the sink.
struct Loading<'r> {
    release: &'r Release,
    fhir_version: Option<String>,
    /// Prefix of a package's members, if the release is a package.
    root: Option<&'r str>,
    seen: HashSet<(String, Canonical)>,
    left_out: BTreeMap<String, usize>,
}

impl<'r> Loading<'r> {
    fn new(release: &'r Release) -> Result<Self, LoadError> {
        let mut loading = Self {
            release,
            fhir_version: None,
            root: None,
            seen: HashSet::new(),
            left_out: BTreeMap::new(),
        };
        // The recogniser puts the manifest of a package first.
        if let Some(first) = release.members.first().filter(|member| member.file_name() == "package.json")
            && let Some(manifest) = Manifest::read(&first.read()?)
        {
            loading.fhir_version = manifest.fhir_version;
            loading.root = Some(package_root(first));
        }
        Ok(loading)
    }

    fn leave_out(&mut self, what: impl Into<String>) {
        *self.left_out.entry(what.into()).or_default() += 1;
    }

    fn report_left_out(&self, sink: &mut dyn RecordSink) {
        for (what, count) in &self.left_out {
            sink.ignored(&self.release.part, &format!("{what}: {count}"));
        }
    }

    fn member(&mut self, member: &Member, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let name = member.file_name();
        if let Some(path) = self.root.and_then(|root| below(member, root)) {
            let mut folders = path.split('/').rev().skip(1);
            if name == "package.json" || name.starts_with('.') {
                return Ok(());
            }
            if folders.any(|folder| folder == "example" || folder == "examples") {
                self.leave_out("examples of the package");
                return Ok(());
            }
        }
        match Kind::by_name(member) {
            Kind::Json => {
                let bytes = member.read()?;
                sink.progress(bytes.len() as u64);
                let file = sink.name(member.shown());
                self.text(&bytes, 1, file, sink)?;
            }
            Kind::Lines => self.lines(member, sink)?,
            Kind::Xml => self.leave_out("XML files, which are not read; use the JSON form"),
            Kind::Other => {
                let ending = name.rsplit_once('.').map_or("no ending", |(_, ending)| ending);
                self.leave_out(format!("files that are not JSON (.{ending})"));
            }
        }
        Ok(())
    }

    fn lines(&mut self, member: &Member, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let file = sink.name(member.shown());
        let mut reader = BufReader::new(member.open()?);
        let (mut bytes, mut line) = (Vec::new(), 0u32);
        loop {
            bytes.clear();
            let count = reader.read_until(b'\n', &mut bytes).map_err(|error| SourceError::Io {
                path: member.shown().to_owned(),
                error,
            })?;
            if count == 0 {
                return Ok(());
            }
            line = line.saturating_add(1);
            sink.progress(count as u64);
            if !bytes.trim_ascii().is_empty() {
                self.text(&bytes, line, file, sink)?;
            }
        }
    }

    fn text(&mut self, bytes: &[u8], line: u32, file: u16, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        match json::parse_from_line(bytes, line) {
            Ok(node) => self.resource(&node, None, file, sink),
            Err(error) => sink.problem(
                At {
                    file,
                    column: 0,
                    line: error.line,
                },
                not_json(&error),
            ),
        }
    }

    /// A resource; `path` says where it is if it is inside another.
    fn resource(&mut self, node: &Node<'_>, path: Option<Path<'_>>, file: u16, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let summary = summary::of(node);
        let Some(resource_type) = summary.resource_type.as_deref() else {
            self.leave_out("JSON that is no FHIR resource");
            return Ok(());
        };
        if !is_wanted(resource_type) {
            self.leave_out(format!("{resource_type} resources, which hold no terminology"));
            return Ok(());
        }
        let path = path.unwrap_or_else(|| Path::root(resource_type));
        let found = Found {
            node,
            summary: &summary,
            resource_type,
            path,
            file,
        };
        match resource_type {
            "Bundle" => self.bundle(&found, sink),
            "CodeSystem" => self.code_system(&found, sink),
            "ConceptMap" => self.concept_map(&found, sink),
            "StructureDefinition" | "Questionnaire" => self.structure(&found, sink),
            "ValueSet" => match usable(value_set::read_at(node, path), file, sink)? {
                Some(_) => self.whole(&found, sink),
                None => Ok(()),
            },
            _ => match usable(naming_system::read_at(node, path), file, sink)? {
                Some(_) => self.whole(&found, sink),
                None => Ok(()),
            },
        }
    }

    fn bundle(&mut self, found: &Found<'_, '_>, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let Some(Node::Array(entries)) = found.node.get("entry") else {
            return Ok(());
        };
        for (index, entry) in entries.iter().enumerate() {
            if let Some(resource) = entry.get("resource") {
                let entry_path = found.path.item("entry", index);
                self.resource(resource, Some(entry_path.field("resource")), found.file, sink)?;
            }
        }
        Ok(())
    }

    fn code_system(&mut self, found: &Found<'_, '_>, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let Some(code_system) = usable(code_system::read_at(found.node, found.path), found.file, sink)? else {
            return Ok(());
        };
        let listed = matches!(code_system.header.content, Content::Complete | Content::Fragment);
        if !listed || code_system.concepts.len() <= FULL_CONCEPTS {
            return self.whole(found, sink);
        }
        if self.is_new(found, sink)? {
            code_system::emit(&code_system, found.file, sink)?;
        }
        Ok(())
    }

    fn concept_map(&mut self, found: &Found<'_, '_>, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let Some(map) = usable(concept_map::read_at(found.node, found.path), found.file, sink)? else {
            return Ok(());
        };
        if map.rows.len() <= FULL_ROWS || map.header.url.is_empty() {
            return self.whole(found, sink);
        }
        if self.is_new(found, sink)? {
            concept_map::emit(&map, found.file, sink)?;
        }
        Ok(())
    }

    /// Only what is bound to value sets is kept.
    fn structure(&mut self, found: &Found<'_, '_>, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        let read = structure::read(found.node);
        // A profile that binds nothing itself may still have what its base says.
        let rests = |base: bool| base && found.node.get("snapshot").is_none();
        let bound = read.is_ok_and(|parsed| !parsed.value.bindings.is_empty() || rests(parsed.value.base.is_some()));
        match structure::reduced(found.node).filter(|_| bound && found.summary.url.is_some()) {
            Some(json) => self.keep(found, &json, sink),
            None => {
                self.leave_out(format!("{} resources without bindings", found.resource_type));
                Ok(())
            }
        }
    }

    /// Notes a canonical; false, with a problem, if it was there before.
    fn is_new(&mut self, found: &Found<'_, '_>, sink: &mut dyn RecordSink) -> Result<bool, Stopped> {
        let Some(url) = found.summary.url.as_deref() else {
            return Ok(true);
        };
        let version = found.summary.version.clone();
        let canonical = Canonical::new(url, version);
        if self.seen.insert((found.resource_type.to_owned(), canonical.clone())) {
            return Ok(true);
        }
        let message = format!("{canonical} has been read before in this release; the first is kept");
        let fault = Fault::new(found.path.to_string(), found.line(), ProblemKind::DuplicateKey, message);
        fault.report(found.file, sink)?;
        Ok(false)
    }

    fn whole(&mut self, found: &Found<'_, '_>, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        self.keep(found, &found.node.to_text(), sink)
    }

    fn keep(&mut self, found: &Found<'_, '_>, json: &str, sink: &mut dyn RecordSink) -> Result<(), Stopped> {
        if !self.is_new(found, sink)? {
            return Ok(());
        }
        let record = ResourceRecord {
            resource_type: found.resource_type,
            id: found.summary.id.as_deref(),
            url: found.summary.url.as_deref(),
            version: found.summary.version.as_deref(),
            fhir_version: self.fhir_version.as_deref(),
            origin: &self.release.part,
            json,
        };
        let at = At {
            file: found.file,
            column: 0,
            line: found.line(),
        };
        sink.accept(at, Record::Resource(record))
    }
}

/// A resource, what it is, and where.
struct Found<'n, 'p> {
    node: &'n Node<'n>,
    summary: &'n Summary,
    resource_type: &'n str,
    path: Path<'p>,
    file: u16,
}

impl Found<'_, '_> {
    fn line(&self) -> u32 {
        self.node.as_object().map_or(0, |object| object.line)
    }
}

/// Reports what was wrong; the value is there unless all was.
fn usable<T>(read: Result<Parsed<T>, Fault>, file: u16, sink: &mut dyn RecordSink) -> Result<Option<T>, Stopped> {
    match read {
        Ok(parsed) => {
            for fault in &parsed.faults {
                fault.report(file, sink)?;
            }
            Ok(Some(parsed.value))
        }
        Err(fault) => fault.report(file, sink).map(|()| None),
    }
}

fn not_json(error: &JsonError) -> Problem {
    let message = format!("not JSON: {} (column {})", error.message, error.column);
    Problem::new(ProblemKind::BadValue, message)
}

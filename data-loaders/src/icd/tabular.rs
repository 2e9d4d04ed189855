//! The ICD-10-CM tabular list (NCHS, XML): chapters, blocks, categories, notes, and seventh characters.
//!
//! The XML nests codes in `diag` elements but lists blocks flat; a block goes under the smallest block whose
//! range holds its own. A block of a single category (`B20`) has the category's code, so the two are one
//! concept. A seventh-character table applies to every code without children below it, down to the next
//! table; the code is filled with `X` to six characters first. Chapters have the range in their title as code.
//!
//! It does not read the introduction, the section indexes, nor the visual impairment table of H54.

use super::catalogue::{Catalogue, Entry, INCLUDES, INCLUSION_TERM, Note, OTHER_TITLE, Term};
use super::code::CodeSet;
use super::xml::{self, Walk, attribute};
use crate::LoadError;
use quick_xml::events::BytesStart;
use tern_index::record::{At, Problem, ProblemKind, RecordSink};

/// Elements that hold notes, by the property that they become.
pub const NOTES: [&str; 9] = [
    INCLUDES,
    INCLUSION_TERM,
    "excludes1",
    "excludes2",
    "useAdditionalCode",
    "codeFirst",
    "codeAlso",
    "notes",
    "sevenChrNote",
];

/// A chapter, block or code as the XML has it.
#[derive(Debug, Default)]
struct Node {
    kind: NodeKind,
    name: String,
    title: String,
    parent: Option<usize>,
    line: u32,
    notes: Vec<(&'static str, String, u32)>,
    seventh: Vec<(String, String, u32)>,
    has_codes: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum NodeKind {
    #[default]
    Chapter,
    Section,
    Code,
}

/// The XML read, before it is made sense of.
#[derive(Debug, Default)]
pub struct Tabular {
    nodes: Vec<Node>,
    /// What the `version` element says.
    pub version: Option<String>,
}

/// The elements that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Root,
    Node(usize),
    Notes(usize, &'static str),
    Seventh(usize),
    Text(Target),
    Skip,
}

/// Where the text of an element goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Version,
    Name(usize),
    Title(usize),
    Note(usize, &'static str),
    Extension(usize),
}

impl Tabular {
    /// Reads the XML; `shown` names the file in errors.
    pub fn read(text: &str, shown: &str) -> Result<Self, LoadError> {
        let mut reading = Reading::default();
        xml::walk(text, shown, &mut reading)?;
        if reading.tabular.nodes.is_empty() {
            return Err(LoadError::Malformed {
                file: shown.to_owned(),
                line: None,
                message: "the file holds no chapter".to_owned(),
            });
        }
        Ok(reading.tabular)
    }

    /// Puts everything into the catalogue.
    pub fn fill(&self, file: u16, catalogue: &mut Catalogue, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let mut filling = Filling {
            nodes: &self.nodes,
            file,
            placed: vec![None; self.nodes.len()],
            tables: vec![None; self.nodes.len()],
            blocks: Vec::new(),
            column: sink.name("name"),
        };
        for position in 0..self.nodes.len() {
            filling.place(position, catalogue, sink)?;
        }
        Ok(())
    }
}

/// The walk through the elements.
#[derive(Default)]
struct Reading {
    tabular: Tabular,
    stack: Vec<Frame>,
}

impl Walk for Reading {
    fn open(&mut self, element: &BytesStart<'_>, line: u32) -> Result<bool, String> {
        let name = element.name();
        let frame = match (self.stack.last().copied(), name.0) {
            (None, "ICD10CM.tabular") => Frame::Root,
            (None, other) => return Err(format!("the root element is {other}, not ICD10CM.tabular")),
            (Some(Frame::Root), "version") => Frame::Text(Target::Version),
            (Some(Frame::Root), "chapter") => self.node(NodeKind::Chapter, None, element, line),
            (Some(Frame::Node(parent)), "section") => self.node(NodeKind::Section, Some(parent), element, line),
            (Some(Frame::Node(parent)), "diag") => self.node(NodeKind::Code, Some(parent), element, line),
            (Some(Frame::Node(node)), "name") => Frame::Text(Target::Name(node)),
            (Some(Frame::Node(node)), "desc") => Frame::Text(Target::Title(node)),
            (Some(Frame::Node(node)), "sevenChrDef") => Frame::Seventh(node),
            (Some(Frame::Node(node)), other) => match NOTES.iter().find(|known| **known == other) {
                Some(property) => Frame::Notes(node, property),
                None => Frame::Skip,
            },
            (Some(Frame::Notes(node, property)), "note") => Frame::Text(Target::Note(node, property)),
            (Some(Frame::Seventh(node)), "extension") => {
                let character = attribute(element, "char").unwrap_or_default();
                if let Some(node) = self.tabular.nodes.get_mut(node) {
                    node.seventh.push((character, String::new(), line));
                }
                Frame::Text(Target::Extension(node))
            }
            _ => Frame::Skip,
        };
        self.stack.push(frame);
        Ok(matches!(frame, Frame::Text(_)))
    }

    fn close(&mut self, text: Option<String>, line: u32) {
        let (Some(Frame::Text(target)), Some(text)) = (self.stack.pop(), text) else {
            return;
        };
        let node = match target {
            Target::Version => {
                self.tabular.version = Some(text).filter(|text| !text.is_empty());
                return;
            }
            Target::Name(node) | Target::Title(node) | Target::Note(node, _) | Target::Extension(node) => node,
        };
        let Some(node) = self.tabular.nodes.get_mut(node) else {
            return;
        };
        match target {
            Target::Name(_) => node.name = text,
            Target::Title(_) => node.title = text,
            Target::Note(_, property) if !text.is_empty() => node.notes.push((property, text, line)),
            Target::Extension(_) => {
                if let Some(last) = node.seventh.last_mut() {
                    last.1 = text;
                }
            }
            Target::Note(..) | Target::Version => {}
        }
    }
}

impl Reading {
    fn node(&mut self, kind: NodeKind, parent: Option<usize>, element: &BytesStart<'_>, line: u32) -> Frame {
        if let Some(parent) = parent
            .and_then(|parent| self.tabular.nodes.get_mut(parent))
            .filter(|_| kind == NodeKind::Code)
        {
            parent.has_codes = true;
        }
        self.tabular.nodes.push(Node {
            kind,
            name: attribute(element, "id").unwrap_or_default(),
            parent,
            line,
            ..Node::default()
        });
        Frame::Node(self.tabular.nodes.len() - 1)
    }
}

/// Puts nodes into a catalogue in the order of the file, which has parents before children.
struct Filling<'t> {
    nodes: &'t [Node],
    file: u16,
    /// For each node its entry, or that of the nearest node above that has one.
    placed: Vec<Option<usize>>,
    /// For each node the nearest node at or above it with a seventh-character table.
    tables: Vec<Option<usize>>,
    /// The blocks that are open by range: first and last category, entry.
    blocks: Vec<(String, String, Option<usize>)>,
    column: u16,
}

impl Filling<'_> {
    fn place(&mut self, position: usize, catalogue: &mut Catalogue, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let Some(node) = self.nodes.get(position) else { return Ok(()) };
        let above = node.parent.and_then(|parent| self.placed.get(parent).copied().flatten());
        let entry = match node.kind {
            NodeKind::Chapter => self.chapter(node, catalogue, sink)?,
            NodeKind::Section => self.section(position, node, above, catalogue, sink)?,
            NodeKind::Code => self.code(position, node, above, catalogue, sink)?,
        };
        if let Some(place) = self.placed.get_mut(position) {
            *place = entry.or(above);
        }
        Ok(())
    }

    fn at(&self, line: u32) -> At {
        At {
            file: self.file,
            column: 0,
            line,
        }
    }

    /// An entry with the node's title, terms and notes.
    fn entry(&self, node: &Node, code: String) -> Entry {
        let mut entry = Entry {
            code,
            title: node.title.clone(),
            at: self.at(node.line),
            ..Entry::default()
        };
        self.annotate(node, &mut entry);
        entry
    }

    fn annotate(&self, node: &Node, entry: &mut Entry) {
        for (property, text, line) in &node.notes {
            let at = self.at(*line);
            let term = |use_code| Term {
                use_code,
                text: text.clone(),
                at,
            };
            if *property == INCLUSION_TERM {
                entry.terms.push(term(INCLUSION_TERM));
                continue;
            }
            // What a code includes is often its plainest name: "high blood pressure". Chapters and blocks include whole kinds.
            if *property == INCLUDES && node.kind == NodeKind::Code {
                entry.terms.push(term(INCLUDES));
            }
            if !entry
                .notes
                .iter()
                .any(|note| note.property == *property && note.text == *text)
            {
                entry.notes.push(Note {
                    property,
                    text: text.clone(),
                    at,
                });
            }
        }
    }

    fn chapter(&mut self, node: &Node, catalogue: &mut Catalogue, sink: &mut dyn RecordSink) -> Result<Option<usize>, LoadError> {
        self.blocks.clear();
        let range = node.title.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let code = range
            .filter(|range| range.contains('-') && !range.contains(' '))
            .unwrap_or(&node.name);
        if code.is_empty() {
            return self.bad(node, "the chapter has neither a range in its title nor a name", sink);
        }
        let mut entry = self.entry(node, code.to_owned());
        entry.kind = Some("chapter");
        catalogue.add(entry, sink)
    }

    fn section(
        &mut self,
        position: usize,
        node: &Node,
        above: Option<usize>,
        catalogue: &mut Catalogue,
        sink: &mut dyn RecordSink,
    ) -> Result<Option<usize>, LoadError> {
        let (first, last) = node.name.split_once('-').unwrap_or((&node.name, &node.name));
        if first.is_empty() || last.is_empty() {
            return self.bad(node, "the section has no id", sink);
        }
        while self
            .blocks
            .last()
            .is_some_and(|(from, to, _)| first < from.as_str() || last > to.as_str())
        {
            self.blocks.pop();
        }
        let parent = self.blocks.last().map_or(above, |(_, _, entry)| *entry);
        // Its category follows as a child and takes its place, notes and all.
        let is_category = self
            .nodes
            .iter()
            .skip(position + 1)
            .take_while(|other| other.kind == NodeKind::Code)
            .any(|other| other.parent == Some(position) && other.name == node.name);
        if is_category {
            return Ok(parent);
        }
        let mut entry = self.entry(node, node.name.clone());
        entry.kind = Some("block");
        entry.parent = parent;
        let placed = catalogue.add(entry, sink)?;
        self.blocks.push((first.to_owned(), last.to_owned(), placed.or(parent)));
        Ok(placed.or(parent))
    }

    fn code(
        &mut self,
        position: usize,
        node: &Node,
        above: Option<usize>,
        catalogue: &mut Catalogue,
        sink: &mut dyn RecordSink,
    ) -> Result<Option<usize>, LoadError> {
        let table = if node.seventh.is_empty() {
            node.parent.and_then(|parent| self.tables.get(parent).copied().flatten())
        } else {
            Some(position)
        };
        if let Some(place) = self.tables.get_mut(position) {
            *place = table;
        }
        let Some(code) = CodeSet::Icd10Cm.spell(&node.name) else {
            return self.bad(node, &format!("{:?} has not the shape of an ICD-10-CM code", node.name), sink);
        };
        let mut entry = self.entry(node, code);
        entry.parent = above;
        let section = node.parent.and_then(|parent| self.nodes.get(parent));
        if let Some(section) = section.filter(|section| section.kind == NodeKind::Section && section.name == node.name) {
            self.annotate(section, &mut entry);
            if section.title != entry.title {
                entry.terms.push(Term {
                    use_code: OTHER_TITLE,
                    text: section.title.clone(),
                    at: self.at(section.line),
                });
            }
        }
        // A code of seven characters is complete already.
        let table = table
            .filter(|_| !node.has_codes && entry.code.len() < 8)
            .and_then(|table| self.nodes.get(table));
        entry.billable = !node.has_codes && table.is_none();
        let (base, title) = (entry.code.clone(), entry.title.clone());
        let placed = catalogue.add(entry, sink)?;
        if let (Some(table), Some(parent)) = (table, placed) {
            self.expand(table, &base, &title, parent, catalogue, sink)?;
        }
        Ok(placed)
    }

    /// Adds the valid codes that a seventh-character table makes of a base code.
    fn expand(
        &self,
        table: &Node,
        base: &str,
        title: &str,
        parent: usize,
        catalogue: &mut Catalogue,
        sink: &mut dyn RecordSink,
    ) -> Result<(), LoadError> {
        for (character, text, line) in &table.seventh {
            let at = self.at(*line);
            let bare = base.replace('.', "");
            let code = match character.as_bytes() {
                [byte] if byte.is_ascii_alphanumeric() => CodeSet::Icd10Cm.spell(&format!("{bare:X<6}{character}")),
                _ => None,
            };
            let Some(code) = code else {
                let at = At {
                    column: sink.name("char"),
                    ..at
                };
                let message = format!("{character:?} is no seventh character for {base}");
                sink.problem(at, Problem::new(ProblemKind::BadValue, message))?;
                continue;
            };
            let entry = Entry {
                code,
                title: format!("{title}, {text}"),
                parent: Some(parent),
                billable: true,
                at,
                ..Entry::default()
            };
            catalogue.add(entry, sink)?;
        }
        Ok(())
    }

    fn bad(&self, node: &Node, message: &str, sink: &mut dyn RecordSink) -> Result<Option<usize>, LoadError> {
        let at = At {
            column: self.column,
            ..self.at(node.line)
        };
        sink.problem(at, Problem::new(ProblemKind::BadIdentifier, message))?;
        Ok(None)
    }
}

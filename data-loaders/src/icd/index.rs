//! The alphabetic index of ICD-10-CM (NCHS, XML): what people call a disease, and the code that it leads to.
//!
//! `mainTerm` elements hold `term` elements, nested; an entry's text is the titles on the way to it ("Abscess, abdomen,
//! cavity"). Nonessential modifiers (`nemod`: words that may be there or not) are left out, because they belong to no
//! code in particular. The tables of neoplasms and of drugs and chemicals have the same layout with a column for each kind
//! of code (`cell`, its heading in `indexHeading`); an entry there is the titles and the heading. A code that ends in `-`
//! wants more characters and leads to the header.
//!
//! Entries become terms of the codes, since they find them; a term is as wide as the index means it, so it may be narrower
//! than the title. It follows no `see` and `seeAlso`: where these lead has an entry of its own.

use super::catalogue::{Catalogue, INDEX_TERM, Term};
use super::xml::{self, Walk, attribute};
use crate::{LoadError, decode::squeeze};
use quick_xml::events::BytesStart;
use std::collections::BTreeMap;
use tern_index::record::{At, Problem, ProblemKind, RecordSink};

/// An entry of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    text: String,
    code: String,
    line: u32,
}

/// The elements that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Root,
    /// `letter` and `indexHeading`.
    Group,
    /// `mainTerm` and `term`: a title belongs to it, and codes.
    Entry,
    Title,
    Code,
    /// A code of a table, with its column.
    Cell(u32),
    /// The heading of a column.
    Heading(u32),
    Skip,
}

/// The walk through the elements.
#[derive(Default)]
struct Reading {
    stack: Vec<Frame>,
    /// Titles of the open entries.
    titles: Vec<String>,
    headings: BTreeMap<u32, String>,
    entries: Vec<Entry>,
}

/// Reads an index and gives its terms to the codes of a catalogue; a code that is not there is a problem of its line.
pub fn fill(text: &str, shown: &str, file: u16, catalogue: &mut Catalogue, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut reading = Reading::default();
    xml::walk(text, shown, &mut reading)?;
    let column = sink.name("code");
    for entry in reading.entries {
        let at = At {
            file,
            column,
            line: entry.line,
        };
        let code = entry.code.trim_end_matches('-').trim_end_matches('.');
        let Some(target) = catalogue.find(code).and_then(|position| catalogue.entry(position)) else {
            let message = format!(
                "the index leads from '{}' to {}, which is no code of this release",
                entry.text, entry.code
            );
            sink.problem(at, Problem::new(ProblemKind::UnknownReference, message))?;
            continue;
        };
        let known = |other: &str| other.eq_ignore_ascii_case(&entry.text);
        if !known(&target.title) && !target.terms.iter().any(|term| known(&term.text)) {
            target.terms.push(Term {
                use_code: INDEX_TERM,
                text: entry.text,
                at: At { column: 0, ..at },
            });
        }
    }
    Ok(())
}

impl Reading {
    /// The titles on the way to the open entry, and what more there is to say of it.
    fn path(&self, last: Option<&str>) -> String {
        let titles = self.titles.iter().map(String::as_str).chain(last);
        titles.filter(|title| !title.is_empty()).collect::<Vec<_>>().join(", ")
    }

    fn add(&mut self, code: String, heading: Option<&str>, line: u32) {
        // An empty cell of a table is written with dashes.
        if code.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            let text = self.path(heading);
            self.entries.push(Entry { text, code, line });
        }
    }
}

impl Walk for Reading {
    fn open(&mut self, element: &BytesStart<'_>, _line: u32) -> Result<bool, String> {
        let name = element.name();
        let column = || attribute(element, "col").and_then(|column| column.parse().ok()).unwrap_or(0);
        let frame = match (self.stack.last().copied(), name.0) {
            (None, "ICD10CM.index") => Frame::Root,
            (None, other) => return Err(format!("the root element is {other}, not ICD10CM.index")),
            (Some(Frame::Root), "letter" | "indexHeading") => Frame::Group,
            (Some(Frame::Root | Frame::Group), "mainTerm") | (Some(Frame::Entry), "term") => {
                self.titles.push(String::new());
                Frame::Entry
            }
            (Some(Frame::Group), "head") => Frame::Heading(column()),
            (Some(Frame::Entry), "title") => Frame::Title,
            (Some(Frame::Entry), "code") => Frame::Code,
            (Some(Frame::Entry), "cell") => Frame::Cell(column()),
            _ => Frame::Skip,
        };
        self.stack.push(frame);
        Ok(matches!(
            frame,
            Frame::Title | Frame::Code | Frame::Cell(_) | Frame::Heading(_)
        ))
    }

    fn close(&mut self, text: Option<String>, line: u32) {
        let text = text.unwrap_or_default();
        match self.stack.pop() {
            Some(Frame::Entry) => {
                self.titles.pop();
            }
            Some(Frame::Title) => {
                if let Some(title) = self.titles.last_mut() {
                    // Before a modifier that is left out there may stand a comma.
                    *title = squeeze(text.trim_end_matches(','));
                }
            }
            Some(Frame::Code) => self.add(text, None, line),
            Some(Frame::Cell(column)) => {
                let heading = self.headings.get(&column).cloned();
                self.add(text, heading.as_deref(), line);
            }
            Some(Frame::Heading(column)) => {
                self.headings.insert(column, text);
            }
            Some(Frame::Root | Frame::Group | Frame::Skip) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(xml: &str) -> Vec<(String, String)> {
        let mut reading = Reading::default();
        xml::walk(xml, "index.xml", &mut reading).unwrap();
        reading.entries.into_iter().map(|entry| (entry.text, entry.code)).collect()
    }

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter()
            .map(|(text, code)| ((*text).to_owned(), (*code).to_owned()))
            .collect()
    }

    #[test]
    fn entries_are_the_titles_on_the_way() {
        let xml = "<ICD10CM.index><version>2026</version><title>INDEX</title><letter><title>S</title>\
            <mainTerm><title>Sloth<nemod>(acquired) (mild)</nemod></title><code>S10</code>\
              <term level=\"1\"><title>with</title><term level=\"2\"><title>tail &amp; fur</title><code>S10.1-</code></term></term>\
              <term level=\"1\"><title>of Spix</title><see>Sloth, tailed</see></term></mainTerm>\
            <mainTerm><title>Slowness</title><seeAlso>Sloth</seeAlso></mainTerm></letter></ICD10CM.index>";
        assert_eq!(
            entries(xml),
            pairs(&[("Sloth", "S10"), ("Sloth, with, tail & fur", "S10.1-")])
        );
    }

    #[test]
    fn tables_have_an_entry_for_each_cell() {
        let xml = "<ICD10CM.index><indexHeading><head col=\"1\">Substance</head><head col=\"2\">Poisoning, accidental</head>\
            <head col=\"3\">Adverse effect</head></indexHeading><letter><title>F</title><mainTerm><title>Fern</title>\
            <cell col=\"2\">T62.2X1</cell><cell col=\"3\">--</cell></mainTerm></letter></ICD10CM.index>";
        assert_eq!(entries(xml), pairs(&[("Fern, Poisoning, accidental", "T62.2X1")]));
    }

    #[test]
    fn what_is_no_index_or_ends_early_is_refused() {
        for xml in ["<other/>", "<ICD10CM.index><letter>", ""] {
            let read = xml::walk(xml, "index.xml", &mut Reading::default());
            assert!(read.is_err() || xml.is_empty(), "{xml}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(<(ICD10CM.index|mainTerm|term|title|code|cell col=\"2\"|head)>|</(mainTerm|term|title|code|cell)>|[a-z&;-]{0,4}){0,20}") {
            let _ = xml::walk(&text, "index.xml", &mut Reading::default());
        }
    }
}

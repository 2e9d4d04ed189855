//! Walking the XML files of NCHS: events with their line numbers, entities resolved, text handed over whole.
//!
//! The tabular list and the index differ in what their elements mean, not in how they are read.

use crate::{LoadError, decode::squeeze, xml::entity};
use quick_xml::events::{BytesStart, Event};

/// What is done with the elements of a file.
pub trait Walk {
    /// An element begins. Its text is gathered if the answer is true; an error says what is wrong with it.
    fn open(&mut self, element: &BytesStart<'_>, line: u32) -> Result<bool, String>;

    /// The element that was opened last ends; its text, blanks squeezed, if it was asked for.
    fn close(&mut self, text: Option<String>, line: u32);
}

/// Reads XML to its end; `shown` names the file in errors.
pub fn walk(text: &str, shown: &str, walk: &mut impl Walk) -> Result<(), LoadError> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut lines = Lines::new(text);
    // For each open element its text so far, if that was asked for.
    let mut open: Vec<Option<String>> = Vec::new();
    loop {
        let event = reader.read_event();
        let line = lines.at(reader.buffer_position());
        let malformed = |message: String| LoadError::Malformed {
            file: shown.to_owned(),
            line: Some(line.into()),
            message,
        };
        let mut gather = |more: &str| {
            if let Some(Some(text)) = open.last_mut() {
                text.push_str(more);
            }
        };
        match event.map_err(|error| malformed(format!("the XML is not well formed: {error}")))? {
            Event::Start(element) => {
                let wanted = walk.open(&element, line).map_err(malformed)?;
                open.push(wanted.then(String::new));
            }
            Event::End(_) => {
                let text = open.pop().flatten();
                walk.close(text.map(|text| squeeze(&text)), line);
            }
            Event::Text(text) => gather(&text),
            Event::CData(text) => gather(&text.xml10_content()),
            Event::GeneralRef(reference) => match entity(&reference) {
                Some(letter) => gather(letter.encode_utf8(&mut [0; 4])),
                None => return Err(malformed(format!("the entity &{}; is not defined", &*reference))),
            },
            Event::Eof if open.is_empty() => return Ok(()),
            Event::Eof => return Err(malformed("the file ends early".to_owned())),
            _ => {}
        }
    }
}

/// The value of an attribute, trimmed.
pub fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    element
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.0 == name)
        .map(|attribute| attribute.value.trim().to_owned())
}

/// The `version` element, if it stands in the beginning of a file.
pub fn version(head: &str) -> Option<String> {
    let (_, rest) = head.split_once("<version>")?;
    let (version, _) = rest.split_once("</version>")?;
    Some(version.trim().to_owned()).filter(|version| !version.is_empty())
}

/// Counts lines as the reader moves forward.
struct Lines<'t> {
    bytes: &'t [u8],
    seen: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            seen: 0,
            line: 1,
        }
    }

    fn at(&mut self, position: u64) -> u32 {
        let position = usize::try_from(position).unwrap_or(usize::MAX).min(self.bytes.len());
        let passed = self.bytes.get(self.seen..position).unwrap_or(&[]);
        self.line += u32::try_from(passed.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        self.seen = self.seen.max(position);
        self.line
    }
}

//! Reads `text`: the documents whose words begin with the words of a query.
//!
//! A query is a set of words, each a prefix of some word of the term, in any order. tantivy serves the term
//! dictionary and the postings; intersection and ranking are ours, because an analyst's ranking (whole words
//! first, shortest first) is no tf-idf score, and because a result must be restricted by a set while collecting.

use super::{ConceptBits, FileSource, open_optional};
use crate::build::FIELD;
use crate::bytes::BytesSlice;
use crate::container::{Column, Container, ContainerError, Strings};
use crate::layout::{file, kind, text};
use crate::text_directory::TextDirectory;
use roaring::RoaringBitmap;
use std::sync::{Arc, OnceLock};
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, InvertedIndexReader, TERMINATED};

#[derive(Debug)]
pub(super) struct Text {
    pub designation: Column<u32>,
    pub concept: Column<u32>,
    pub length: Column<u16>,
    pub kind: Column<u8>,
    names: Strings,
    places: Column<[u64; 2]>,
    container: Container,
    reader: OnceLock<Option<Reader>>,
    dictionary: OnceLock<String>,
}

/// Between the words of the dictionary, and round them; in no word.
const BREAK: char = '\n';

#[derive(Clone)]
struct Reader(Arc<InvertedIndexReader>);

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

/// A piece of a folded word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordPart<'w> {
    /// Letters and digits, folded (see [`crate::text`]).
    pub text: &'w str,
    /// Whether the word begins with it.
    pub starts: bool,
    /// Whether the word ends with it.
    pub ends: bool,
}

impl WordPart<'_> {
    /// As it stands among words with a break on either side.
    fn in_dictionary(&self) -> String {
        let mut sought = String::new();
        sought.extend(self.starts.then_some(BREAK));
        sought.push_str(self.text);
        sought.extend(self.ends.then_some(BREAK));
        sought
    }
}

/// Documents that match, and those of them in which every word stands whole.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub prefix: RoaringBitmap,
    pub whole: RoaringBitmap,
}

impl Text {
    pub fn open(source: &dyn FileSource) -> Result<Option<Self>, ContainerError> {
        let Some(container) = open_optional(source, file::TEXT, kind::TEXT)? else {
            return Ok(None);
        };
        let designation = container.column::<u32>(text::DESIGNATION)?;
        let count = designation.len();
        Ok(Some(Self {
            concept: container.column_of(text::CONCEPT, count)?,
            length: container.column_of(text::LENGTH, count)?,
            kind: container.column_of(text::KIND, count)?,
            names: container.strings(text::FILE_NAMES)?,
            places: container.column(text::FILE_PLACES)?,
            reader: OnceLock::new(),
            dictionary: OnceLock::new(),
            designation,
            container,
        }))
    }

    /// tantivy's reader of the one segment, opened at the first search. `None` if tantivy refuses its files, which
    /// the checksum rules out for files that a tern of this format has written.
    fn reader(&self) -> Option<&InvertedIndexReader> {
        let open = || {
            let range = self.container.section_range(text::FILES)?;
            let mut files = Vec::new();
            for (name, [offset, length]) in self.names.iter().zip(self.places.iter()) {
                let start = range.start.checked_add(usize::try_from(*offset).ok()?)?;
                let stop = start.checked_add(usize::try_from(*length).ok()?)?;
                if stop > range.end {
                    return None;
                }
                files.push((name.to_owned(), BytesSlice::new(self.container.raw(), start..stop)?));
            }
            let index = tantivy::Index::open(TextDirectory::mapped(files)).ok()?;
            let field = index.schema().get_field(FIELD).ok()?;
            let segment = index.searchable_segments().ok()?.into_iter().next()?;
            let reader = tantivy::SegmentReader::open(&segment).ok()?;
            if reader.max_doc() as usize != self.designation.len() {
                return None;
            }
            reader.inverted_index(field).ok().map(Reader)
        };
        self.reader.get_or_init(open).as_ref().map(|reader| &*reader.0)
    }

    /// All words, with a break on either side of each; put together at the first search for a part of a word. A piece of
    /// a word is found in it as a text in a text, which is tens of times faster than asking each word.
    fn dictionary(&self, reader: &InvertedIndexReader) -> &str {
        self.dictionary.get_or_init(|| {
            let mut all = String::from(BREAK);
            let Ok(mut terms) = reader.terms().stream() else {
                return all;
            };
            while let Some((term, _)) = terms.next() {
                if let Ok(word) = std::str::from_utf8(term) {
                    all.push_str(word);
                    all.push(BREAK);
                }
            }
            all
        })
    }

    /// Documents with a word that a part is in.
    fn with_part(&self, reader: &InvertedIndexReader, part: &WordPart<'_>, documents: &mut ConceptBits) {
        let dictionary = self.dictionary(reader);
        let sought = part.in_dictionary();
        let mut from = 0;
        while let Some(found) = dictionary.get(from..).and_then(|rest| rest.find(&sought)) {
            // The break before the word may be the first character of what is sought.
            let inside = from + found + usize::from(part.starts);
            let start = dictionary
                .get(..inside)
                .and_then(|before| before.rfind(BREAK))
                .map_or(0, |place| place + 1);
            let rest = dictionary.get(start..).unwrap_or("");
            let word = rest.split(BREAK).next().unwrap_or("");
            if let Ok(Some(info)) = reader.terms().get(word) {
                add_documents(reader, &info, documents);
            }
            // The break after the word is the one before the next.
            from = start + word.len();
        }
    }

    /// Documents in whose words every part is found.
    pub fn with_parts(&self, parts: &[WordPart<'_>]) -> ConceptBits {
        let empty = || ConceptBits::new(self.designation.len());
        let Some(reader) = self.reader() else {
            return empty();
        };
        // Long parts are rare, and beginnings are found without reading the whole dictionary.
        let mut parts = parts.to_vec();
        parts.sort_by_key(|part| (!part.starts, std::cmp::Reverse(part.text.len())));
        let mut found: Option<ConceptBits> = None;
        for part in parts {
            let mut documents = empty();
            self.with_part(reader, &part, &mut documents);
            if let Some(before) = &found {
                documents.keep(before);
            }
            let none = documents.is_empty();
            found = Some(documents);
            if none {
                break;
            }
        }
        found.unwrap_or_else(empty)
    }

    /// Documents that hold, for every word, a word that begins with it.
    pub fn matches(&self, words: &[&str]) -> Matches {
        let Some(reader) = self.reader() else {
            return Matches::default();
        };
        // Longest first: long words are rare, so the intersection is small from the start.
        let mut words = words.to_vec();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let mut found: Option<Matches> = None;
        for word in words {
            let (prefix, whole) = postings(reader, word);
            found = Some(match found {
                None => Matches { prefix, whole },
                Some(mut sofar) => {
                    sofar.prefix &= prefix;
                    sofar.whole &= whole;
                    sofar
                }
            });
            if found.as_ref().is_some_and(|found| found.prefix.is_empty()) {
                break;
            }
        }
        found.unwrap_or_default()
    }
}

/// Adds the documents that have a word.
fn add_documents(reader: &InvertedIndexReader, info: &TermInfo, documents: &mut ConceptBits) {
    let Ok(mut postings) = reader.read_postings_from_terminfo(info, IndexRecordOption::Basic) else {
        return;
    };
    let mut document = postings.doc();
    while document != TERMINATED {
        documents.insert(document);
        document = postings.advance();
    }
}

/// Documents with a word that begins with `word`, and those with the word itself.
fn postings(reader: &InvertedIndexReader, word: &str) -> (RoaringBitmap, RoaringBitmap) {
    let (mut prefix, mut whole) = (RoaringBitmap::new(), RoaringBitmap::new());
    let mut range = reader.terms().range().ge(word);
    if let Some(end) = after_prefix(word) {
        range = range.lt(end);
    }
    let Ok(mut terms) = range.into_stream() else {
        return (prefix, whole);
    };
    while let Some((term, info)) = terms.next() {
        let exact = term == word.as_bytes();
        let Ok(mut documents) = reader.read_postings_from_terminfo(info, IndexRecordOption::Basic) else {
            continue;
        };
        let mut numbers = Vec::with_capacity(documents.doc_freq() as usize);
        let mut document = documents.doc();
        while document != TERMINATED {
            numbers.push(document);
            document = documents.advance();
        }
        if exact {
            whole.extend(numbers.iter().copied());
        }
        prefix.extend(numbers);
    }
    (prefix, whole)
}

/// The first byte string after all those that start with `prefix`.
fn after_prefix(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

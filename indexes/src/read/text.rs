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
}

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
    fn is_in(&self, word: &[u8]) -> bool {
        let part = self.text.as_bytes();
        match (self.starts, self.ends) {
            (true, true) => word == part,
            (true, false) => word.starts_with(part),
            (false, true) => word.ends_with(part),
            // Both are UTF-8, in which a text is found where its bytes are.
            (false, false) => std::str::from_utf8(word).is_ok_and(|word| word.contains(self.text)),
        }
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
            with_part(reader, &part, &mut documents);
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

/// Documents with a word that a part is in.
fn with_part(reader: &InvertedIndexReader, part: &WordPart<'_>, documents: &mut ConceptBits) {
    let mut range = reader.terms().range();
    if part.starts {
        range = range.ge(part.text);
        range = match after_prefix(part.text) {
            Some(end) => range.lt(end),
            None => range,
        };
    }
    let Ok(mut terms) = range.into_stream() else {
        return;
    };
    while let Some((term, info)) = terms.next() {
        if part.is_in(term)
            && let Ok(mut postings) = reader.read_postings_from_terminfo(info, IndexRecordOption::Basic)
        {
            let mut document = postings.doc();
            while document != TERMINATED {
                documents.insert(document);
                document = postings.advance();
            }
        }
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

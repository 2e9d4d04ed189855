//! The container every file of the format is: magic, version, kind, section table, sections, checksum.
//!
//! One writer and one reader for all files, so that what FORMAT.md says of headers, alignment and checksums is
//! said once in code too. It does not know what the sections mean.

use crate::bytes::Bytes;
use bytemuck::Pod;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::ops::Range;

/// First eight bytes of every file.
pub const MAGIC: [u8; 8] = *b"ternidx\0";
/// The format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;
/// Length of the checksum at the end of every file.
pub const CHECKSUM_LENGTH: usize = 32;

const HEADER_LENGTH: usize = 32;
const ENTRY_LENGTH: usize = 24;

/// Why bytes are not a sound file of the format. Each text ends with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// Not a file of this format.
    #[error("{file} is not a tern index file (it starts with other bytes); remove it, or name the right store with --store")]
    Foreign {
        /// The file.
        file: String,
    },
    /// Written by a newer program.
    #[error(
        "{file} has index format {found}, this tern reads {expected}; use a newer tern, or load the release again with this one"
    )]
    Newer {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// Written by an older program whose format is no longer read.
    #[error("{file} has index format {found}, this tern reads {expected}; load the release again with `tern load`")]
    Older {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// Shorter or longer than it says.
    #[error(
        "{file} has {found} bytes where {expected} are expected: it is truncated or was changed; load the release again with `tern load`"
    )]
    Length {
        /// The file.
        file: String,
        /// Bytes there.
        found: u64,
        /// Bytes expected.
        expected: u64,
    },
    /// The bytes differ from those written.
    #[error(
        "{file} is damaged (its checksum does not match its content); check the disk, then load the release again with `tern load`"
    )]
    Checksum {
        /// The file.
        file: String,
    },
    /// Sound as a container, but not what is expected here.
    #[error("{file} does not fit its index ({message}); load the release again with `tern load`")]
    Structure {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
}

/// Collects sections and writes a file.
pub struct ContainerWriter {
    kind: [u8; 4],
    sections: Vec<(u32, u32, Vec<u8>)>,
}

impl ContainerWriter {
    /// Starts a file of a kind.
    pub fn new(kind: &[u8; 4]) -> Self {
        Self {
            kind: *kind,
            sections: Vec::new(),
        }
    }

    /// Adds a column of fixed-width values (little-endian, as the platform's memory is; see FORMAT.md).
    pub fn column<T: Pod>(&mut self, id: u32, values: &[T]) {
        self.sections
            .push((id, size_of::<T>() as u32, bytemuck::cast_slice(values).to_vec()));
    }

    /// Adds a section of plain bytes.
    pub fn bytes(&mut self, id: u32, bytes: Vec<u8>) {
        self.sections.push((id, 1, bytes));
    }

    /// Adds a list of strings as two sections: offsets under `id`, the heap under `id + 1`.
    pub fn strings<S: AsRef<str>>(&mut self, id: u32, strings: impl IntoIterator<Item = S>) {
        let mut offsets = vec![0u64];
        let mut heap = Vec::new();
        for string in strings {
            heap.extend_from_slice(string.as_ref().as_bytes());
            offsets.push(heap.len() as u64);
        }
        self.column(id, &offsets);
        self.bytes(id + 1, heap);
    }

    /// Adds a CSR relation: `first` offsets under `id`, targets under `id + 1`.
    pub fn csr<T: Pod>(&mut self, id: u32, first: &[u32], targets: &[T]) {
        self.column(id, first);
        self.column(id + 1, targets);
    }

    /// The whole file as bytes and its checksum.
    pub fn finish(self) -> (Vec<u8>, [u8; CHECKSUM_LENGTH]) {
        let content: usize = self.sections.iter().map(|(_, _, bytes)| bytes.len() + 8).sum();
        let mut bytes = Vec::with_capacity(HEADER_LENGTH + ENTRY_LENGTH * self.sections.len() + content + CHECKSUM_LENGTH + 8);
        // Writing to a Vec cannot fail; the result is kept for the one implementation of the layout.
        let checksum = self.write(&mut bytes).unwrap_or([0; CHECKSUM_LENGTH]);
        (bytes, checksum)
    }

    /// Writes the file and returns its checksum.
    pub fn write(self, out: &mut impl Write) -> io::Result<[u8; CHECKSUM_LENGTH]> {
        let mut offset = HEADER_LENGTH + ENTRY_LENGTH * self.sections.len();
        let mut table = Vec::new();
        for (id, width, bytes) in &self.sections {
            offset = offset.next_multiple_of(8);
            table.extend_from_slice(&id.to_le_bytes());
            table.extend_from_slice(&width.to_le_bytes());
            table.extend_from_slice(&(offset as u64).to_le_bytes());
            table.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            offset += bytes.len();
        }
        let total = offset.next_multiple_of(8) + CHECKSUM_LENGTH;
        let mut header = Vec::with_capacity(HEADER_LENGTH);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        header.extend_from_slice(&self.kind);
        header.extend_from_slice(&(self.sections.len() as u64).to_le_bytes());
        header.extend_from_slice(&(total as u64).to_le_bytes());
        let mut hasher = blake3::Hasher::new();
        let mut written = 0usize;
        let mut put = |part: &[u8]| -> io::Result<()> {
            hasher.update(part);
            written += part.len();
            out.write_all(part)
        };
        put(&header)?;
        put(&table)?;
        let mut position = HEADER_LENGTH + table.len();
        // Each section is gone as soon as it is written.
        for (_, _, bytes) in self.sections {
            let aligned = position.next_multiple_of(8);
            put(&[0u8; 8][..aligned - position])?;
            put(&bytes)?;
            position = aligned + bytes.len();
        }
        let aligned = position.next_multiple_of(8);
        put(&[0u8; 8][..aligned - position])?;
        let checksum = *hasher.finalize().as_bytes();
        out.write_all(&checksum)?;
        Ok(checksum)
    }
}

/// A file that has been checked and whose sections can be taken out.
#[derive(Debug, Clone)]
pub struct Container {
    bytes: Bytes,
    sections: Vec<(u32, u32, Range<usize>)>,
    file: String,
}

impl Container {
    /// Checks header, length and section table; the content is checked too when `verify` is set.
    pub fn open(bytes: Bytes, kind: &[u8; 4], file: &str, verify: bool) -> Result<Self, ContainerError> {
        let foreign = || ContainerError::Foreign { file: file.to_owned() };
        let length = |expected: u64| ContainerError::Length {
            file: file.to_owned(),
            found: bytes.len() as u64,
            expected,
        };
        if bytes.get(..8) != Some(&MAGIC[..]) {
            return Err(foreign());
        }
        let found = read_u32(&bytes, 8).ok_or_else(|| length(HEADER_LENGTH as u64))?;
        if found != FORMAT_VERSION {
            let (file, expected) = (file.to_owned(), FORMAT_VERSION);
            return Err(if found > FORMAT_VERSION {
                ContainerError::Newer { file, found, expected }
            } else {
                ContainerError::Older { file, found, expected }
            });
        }
        let total = read_u64(&bytes, 24).ok_or_else(|| length(HEADER_LENGTH as u64))?;
        if total != bytes.len() as u64 || bytes.len() < HEADER_LENGTH + CHECKSUM_LENGTH {
            return Err(length(total));
        }
        let end = bytes.len() - CHECKSUM_LENGTH;
        if verify {
            let mut hasher = blake3::Hasher::new();
            hasher.update_rayon(&bytes[..end]);
            if hasher.finalize().as_bytes()[..] != bytes[end..] {
                return Err(ContainerError::Checksum { file: file.to_owned() });
            }
        }
        let structure = |message: &str| ContainerError::Structure {
            file: file.to_owned(),
            message: message.to_owned(),
        };
        if bytes.get(12..16) != Some(&kind[..]) {
            return Err(structure("it is of another kind"));
        }
        let count = read_u64(&bytes, 16).unwrap_or(0);
        let mut sections = Vec::new();
        for number in 0..count {
            let place = usize::try_from(number)
                .ok()
                .and_then(|number| number.checked_mul(ENTRY_LENGTH))
                .and_then(|offset| offset.checked_add(HEADER_LENGTH))
                .ok_or_else(|| structure("the section table overflows"))?;
            let entry = (|| {
                let id = read_u32(&bytes, place)?;
                let width = read_u32(&bytes, place + 4)?;
                let offset = usize::try_from(read_u64(&bytes, place + 8)?).ok()?;
                let length = usize::try_from(read_u64(&bytes, place + 16)?).ok()?;
                let stop = offset.checked_add(length)?;
                (stop <= end).then_some((id, width, offset..stop))
            })();
            sections.push(entry.ok_or_else(|| structure("a section lies outside the file"))?);
        }
        Ok(Self {
            bytes,
            sections,
            file: file.to_owned(),
        })
    }

    /// The checksum stored at the end of the file.
    pub fn checksum(&self) -> [u8; CHECKSUM_LENGTH] {
        let mut checksum = [0; CHECKSUM_LENGTH];
        // `open` has seen that the file is at least this long.
        checksum.copy_from_slice(&self.bytes[self.bytes.len() - CHECKSUM_LENGTH..]);
        checksum
    }

    fn section(&self, id: u32) -> Option<&(u32, u32, Range<usize>)> {
        self.sections.iter().find(|section| section.0 == id)
    }

    /// The whole file.
    pub(crate) fn raw(&self) -> &Bytes {
        &self.bytes
    }

    /// Where a section lies in [`Container::raw`].
    pub(crate) fn section_range(&self, id: u32) -> Option<Range<usize>> {
        self.section(id).map(|section| section.2.clone())
    }

    /// An error that names this file.
    pub fn structure(&self, message: impl Into<String>) -> ContainerError {
        ContainerError::Structure {
            file: self.file.clone(),
            message: message.into(),
        }
    }

    /// Whether a section is there.
    pub fn has(&self, id: u32) -> bool {
        self.section(id).is_some()
    }

    /// A column of fixed-width values.
    pub fn column<T: Pod>(&self, id: u32) -> Result<Column<T>, ContainerError> {
        let (_, width, range) = self
            .section(id)
            .ok_or_else(|| self.structure(format!("section {id} is missing")))?;
        if *width as usize != size_of::<T>() || bytemuck::try_cast_slice::<u8, T>(&self.bytes[range.clone()]).is_err() {
            return Err(self.structure(format!("section {id} is not a column of {} bytes each", size_of::<T>())));
        }
        Ok(Column {
            bytes: self.bytes.clone(),
            range: range.clone(),
            values: PhantomData,
        })
    }

    /// A column that must have a given number of values.
    pub fn column_of<T: Pod>(&self, id: u32, length: usize) -> Result<Column<T>, ContainerError> {
        let column = self.column::<T>(id)?;
        if column.len() != length {
            return Err(self.structure(format!("section {id} has {} values, not {length}", column.len())));
        }
        Ok(column)
    }

    /// A list of strings.
    pub fn strings(&self, id: u32) -> Result<Strings, ContainerError> {
        let offsets = self.column::<u64>(id)?;
        let heap = self.column::<u8>(id + 1)?;
        let sound = offsets.first() == Some(&0) && offsets.last() == Some(&(heap.len() as u64));
        if !sound {
            return Err(self.structure(format!("the strings of section {id} do not end with their heap")));
        }
        Ok(Strings { offsets, heap })
    }

    /// A CSR relation over `rows` rows.
    pub fn csr<T: Pod>(&self, id: u32, rows: usize) -> Result<Csr<T>, ContainerError> {
        let first = self.column_of::<u32>(id, rows + 1)?;
        let targets = self.column::<T>(id + 1)?;
        let sound = first.first() == Some(&0) && first.last().is_some_and(|last| *last as usize == targets.len());
        if !sound {
            return Err(self.structure(format!("the relation of section {id} does not end with its targets")));
        }
        Ok(Csr { first, targets })
    }
}

fn read_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    let part = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(part.try_into().ok()?))
}

fn read_u64(bytes: &[u8], offset: usize) -> Option<u64> {
    let part = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_le_bytes(part.try_into().ok()?))
}

/// A column of a file: derefs to a slice of its values.
#[derive(Debug, Clone, Default)]
pub struct Column<T> {
    bytes: Bytes,
    range: Range<usize>,
    values: PhantomData<T>,
}

impl<T: Pod> std::ops::Deref for Column<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // `Container::column` has checked bounds and alignment once; neither changes, so the fallback never shows.
        self.bytes
            .get(self.range.clone())
            .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
            .unwrap_or(&[])
    }
}

impl AsRef<[u8]> for Column<u8> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Strings in a heap. Text that is not UTF-8 (which no writer makes) reads as empty.
#[derive(Debug, Clone)]
pub struct Strings {
    offsets: Column<u64>,
    heap: Column<u8>,
}

impl Strings {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them; empty when out of range.
    pub fn get(&self, number: usize) -> &str {
        let range = match self.offsets.get(number..number + 2) {
            Some([start, stop]) => *start as usize..*stop as usize,
            _ => return "",
        };
        std::str::from_utf8(self.heap.get(range).unwrap_or(&[])).unwrap_or("")
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// Where each begins and ends, and the bytes of all, one after the other.
    pub fn raw(&self) -> (&[u64], &[u8]) {
        (&self.offsets, &self.heap)
    }

    /// The place of a string in a sorted list.
    pub fn binary_search(&self, wanted: &str) -> Option<usize> {
        let place = self.partition_point(|text| text < wanted);
        (place < self.len() && self.get(place) == wanted).then_some(place)
    }

    /// The first place of a sorted list for which `before` is false.
    pub fn partition_point(&self, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.get(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// A relation from rows to slices of targets.
#[derive(Debug, Clone, Default)]
pub struct Csr<T> {
    first: Column<u32>,
    targets: Column<T>,
}

impl<T: Pod> Csr<T> {
    /// The range of a row in the targets; empty when out of range.
    pub fn range(&self, row: usize) -> Range<usize> {
        match self.first.get(row..row + 2) {
            Some([start, stop]) if start <= stop && *stop as usize <= self.targets.len() => *start as usize..*stop as usize,
            _ => 0..0,
        }
    }

    /// The targets of a row.
    pub fn get(&self, row: usize) -> &[T] {
        self.targets.get(self.range(row)).unwrap_or(&[])
    }

    /// All targets.
    pub fn targets(&self) -> &[T] {
        &self.targets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = ContainerWriter::new(b"TEST");
        writer.column(1, &[1u32, 2, 3]);
        writer.strings(2, ["a", "", "längst"]);
        writer.csr(4, &[0, 1, 3], &[7u16, 8, 9]);
        writer.finish().0
    }

    #[test]
    fn what_is_written_is_read() {
        let container = Container::open(Bytes::owned(&sample()), b"TEST", "t", true).unwrap();
        assert_eq!(&container.column::<u32>(1).unwrap()[..], [1, 2, 3]);
        let strings = container.strings(2).unwrap();
        assert_eq!(strings.iter().collect::<Vec<_>>(), ["a", "", "längst"]);
        let relation = container.csr::<u16>(4, 2).unwrap();
        assert_eq!(
            (relation.get(0), relation.get(1), relation.get(2)),
            (&[7][..], &[8, 9][..], &[][..])
        );
        assert!(container.column::<u64>(1).is_err());
        assert!(container.column::<u32>(9).is_err());
    }

    #[test]
    fn every_flipped_byte_and_every_truncation_is_refused() {
        let bytes = sample();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x40;
            assert!(
                Container::open(Bytes::owned(&damaged), b"TEST", "t", true).is_err(),
                "byte {place}"
            );
            assert!(
                Container::open(Bytes::owned(&bytes[..place]), b"TEST", "t", true).is_err(),
                "length {place}"
            );
        }
    }

    #[test]
    fn a_newer_format_says_so() {
        let mut bytes = sample();
        bytes[8] = 2;
        let error = Container::open(Bytes::owned(&bytes), b"TEST", "t", true).unwrap_err();
        assert!(matches!(error, ContainerError::Newer { found: 2, .. }), "{error}");
    }
}

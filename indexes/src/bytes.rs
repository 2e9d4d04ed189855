//! Bytes that are either mapped from a file or owned, always aligned for the column types.
//!
//! The readers do not care which: an index on disk and one built in memory for a request are read by the same
//! code. This is the only module that maps files, and so the only one with `unsafe`.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

/// Shared, immutable bytes, aligned to eight.
#[derive(Clone)]
pub struct Bytes(Inner);

#[derive(Clone)]
enum Inner {
    Mapped(Arc<memmap2::Mmap>),
    Owned { words: Arc<[u64]>, length: usize },
}

impl Bytes {
    /// Maps a file read-only.
    pub fn map(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self::owned(&[]));
        }
        // SAFETY: the map is private to this type and read-only. Files of a store are written once, under a
        // temporary name, and never opened for writing again (FORMAT.md, "Immutability"); replacing an index
        // renames directories and leaves mapped inodes untouched. A foreign process that truncates a live file
        // can still raise SIGBUS, as with every mapping; it cannot make this type yield a dangling slice.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self(Inner::Mapped(Arc::new(map))))
    }

    /// Copies bytes into aligned memory.
    pub fn owned(bytes: &[u8]) -> Self {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self(Inner::Owned {
            words: words.into(),
            length: bytes.len(),
        })
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::owned(&[])
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Inner::Mapped(map) => map,
            Inner::Owned { words, length } => &bytemuck::cast_slice::<u64, u8>(words)[..*length],
        }
    }
}

/// A part of [`Bytes`] that owns its share of them, for libraries that want owned byte slices.
#[derive(Clone)]
pub(crate) struct BytesSlice {
    bytes: Bytes,
    range: std::ops::Range<usize>,
}

impl BytesSlice {
    /// The part `range` of `bytes`; `None` when it lies outside.
    pub fn new(bytes: &Bytes, range: std::ops::Range<usize>) -> Option<Self> {
        bytes.get(range.clone())?;
        Some(Self {
            bytes: bytes.clone(),
            range,
        })
    }
}

impl Deref for BytesSlice {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // `new` has checked the range and the bytes never change length.
        self.bytes.get(self.range.clone()).unwrap_or(&[])
    }
}

// SAFETY: the bytes lie behind an `Arc` (a mapping or a boxed slice) that this value keeps alive; moving the
// value moves the `Arc` and the range, never the bytes, and nothing mutates them: `deref` always yields the
// same address and length.
unsafe impl stable_deref_trait::StableDeref for BytesSlice {}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({})", self.len())
    }
}

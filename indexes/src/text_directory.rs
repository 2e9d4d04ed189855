//! A tantivy directory that lives inside one file of the index.
//!
//! tantivy names its files after a random segment id and writes one file per component. An index must have the
//! same bytes for the same records, and one checksum: so tantivy writes into memory here, the segment is given
//! a fixed id, and all of its files become sections of `text`. Reading serves slices of the mapped file.
//!
//! It has no locks and no watchers: the files never change once written.

use crate::bytes::BytesSlice;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tantivy::directory::error::{DeleteError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback, WatchHandle, WritePtr,
};

/// Files by path, in memory or mapped.
#[derive(Clone, Default)]
pub(crate) struct TextDirectory {
    files: Arc<RwLock<BTreeMap<PathBuf, OwnedBytes>>>,
}

impl TextDirectory {
    /// A directory that serves mapped slices.
    pub fn mapped(files: impl IntoIterator<Item = (String, BytesSlice)>) -> Self {
        let files = files
            .into_iter()
            .map(|(name, bytes)| (PathBuf::from(name), OwnedBytes::new(bytes)));
        Self {
            files: Arc::new(RwLock::new(files.collect())),
        }
    }

    /// All files by name, sorted.
    pub fn files(&self) -> Vec<(String, OwnedBytes)> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files
            .iter()
            .map(|(path, bytes)| (path.to_string_lossy().into_owned(), bytes.clone()))
            .collect()
    }

    fn get(&self, path: &Path) -> Option<OwnedBytes> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), OwnedBytes::new(bytes));
    }
}

impl std::fmt::Debug for TextDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TextDirectory")
    }
}

impl Directory for TextDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        match self.get(path) {
            Some(bytes) => Ok(Arc::new(bytes)),
            None => Err(OpenReadError::FileDoesNotExist(path.to_owned())),
        }
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.write().unwrap_or_else(PoisonError::into_inner).remove(path);
        Ok(())
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.get(path).is_some())
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        // tantivy expects an opened file to exist before it is terminated.
        self.put(path, Vec::new());
        let writer = Writer {
            directory: self.clone(),
            path: path.to_owned(),
            bytes: Vec::new(),
        };
        Ok(BufWriter::new(Box::new(writer)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.get(path)
            .map(|bytes| bytes.to_vec())
            .ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.put(path, data.to_vec());
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, _lock: &Lock) -> Result<DirectoryLock, tantivy::directory::error::LockError> {
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, _callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

struct Writer {
    directory: TextDirectory,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for Writer {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.directory.put(&self.path, std::mem::take(&mut self.bytes));
        Ok(())
    }
}

//! Directories, files, zips and tarballs as one flat list of members, each opened as a stream.
//!
//! A user hands over whatever the publisher gave out. A zip is read in place; `.gz` and `.zst` members are
//! decompressed on the way and known by the name without that ending. Archives are hostile until read: a
//! member whose path leaves the archive is refused, and so is one that unpacks to more than [`Limits`] allow.
//!
//! It does not open archives inside archives, and follows no symbolic link out of a directory.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much an archive may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes one member may unpack to.
    pub member_bytes: u64,
    /// Unpacked bytes per packed byte, counted once a member has passed [`Limits::ratio_from`].
    pub ratio: u64,
    /// Unpacked size below which the ratio is not looked at (short texts compress absurdly well).
    pub ratio_from: u64,
    /// Members of all sources together.
    pub members: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            member_bytes: 16 << 30,
            ratio: 200,
            ratio_from: 64 << 20,
            members: 200_000,
        }
    }
}

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system said no.
    #[error("{path}: {error}")]
    Io {
        /// File or member.
        path: String,
        /// Its reason.
        #[source]
        error: io::Error,
    },
    /// The archive is damaged or of a kind that is not read.
    #[error("{path}: the archive cannot be read ({message}); download it again and compare its checksum with the publisher's")]
    Archive {
        /// The archive.
        path: String,
        /// What the reader said.
        message: String,
    },
    /// A member's path leaves the archive.
    #[error("{path}: the archive holds the path {member:?}, which leaves the archive; it is refused. Get it from the publisher")]
    Escape {
        /// The archive.
        path: String,
        /// The member.
        member: String,
    },
    /// A member unpacks to more than the limits allow.
    #[error(
        "{path}: unpacks to more than {limit} bytes, or more than {ratio} times its packed size; it is refused as a zip bomb. If it is sound, unpack it and load the folder"
    )]
    Bomb {
        /// The member.
        path: String,
        /// Limit on bytes.
        limit: u64,
        /// Limit on the ratio.
        ratio: u64,
    },
    /// Too many members.
    #[error("more than {limit} files in what was given; name the release's own folder or archive")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

impl SourceError {
    fn io(path: impl Into<String>, error: io::Error) -> Self {
        // A limit passed inside a decompressor surfaces as an io::Error that carries the real one.
        let path = path.into();
        match error.downcast::<SourceError>() {
            Ok(inner) => inner,
            Err(error) => Self::Io { path, error },
        }
    }
}

/// One file of a release, wherever it lies.
#[derive(Debug, Clone)]
pub struct Member {
    container: Container,
    /// Path inside the source, `/` between parts, without `.gz`/`.zst`.
    path: String,
    /// What to show to people: the source and the path in it.
    shown: String,
    size: u64,
    packing: Packing,
    limits: Limits,
}

#[derive(Debug, Clone)]
enum Container {
    File(PathBuf),
    Zip {
        archive: PathBuf,
        index: usize,
    },
    Memory {
        archive: PathBuf,
        number: usize,
        bytes: Arc<Vec<u8>>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Member {
    /// Path inside its source, parts separated by `/`, without a `.gz` or `.zst` ending. Members of an archive
    /// are prefixed with the archive's own path and `!`, so that folders of several archives stay apart.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit(['/', '!']).next().unwrap_or(&self.path)
    }

    /// The path without its last part; empty at the top.
    pub fn folder(&self) -> &str {
        let end = self.path.len() - self.file_name().len();
        self.path[..end].trim_end_matches('/')
    }

    /// What to call it in messages.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Bytes it unpacks to as its archive states it; for gzip and zstd members the packed size.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether both are the same member of the same source.
    pub fn same(&self, other: &Member) -> bool {
        match (&self.container, &other.container) {
            (Container::File(a), Container::File(b)) => a == b,
            (Container::Zip { archive: a, index: i }, Container::Zip { archive: b, index: j }) => a == b && i == j,
            (
                Container::Memory {
                    archive: a, number: i, ..
                },
                Container::Memory {
                    archive: b, number: j, ..
                },
            ) => a == b && i == j,
            _ => false,
        }
    }

    /// Opens it for reading, decompressed and bounded by the limits.
    pub fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        let (raw, packed): (Box<dyn Read + Send>, u64) = match &self.container {
            Container::File(path) => {
                let file = File::open(path).map_err(|error| SourceError::io(&self.shown, error))?;
                let length = file.metadata().map(|data| data.len()).unwrap_or(0);
                (Box::new(BufReader::with_capacity(1 << 17, file)), length)
            }
            Container::Zip { archive, index } => zip_member(archive, *index, &self.shown, self.limits)?,
            Container::Memory { bytes, .. } => {
                let bytes = bytes.clone();
                let length = bytes.len() as u64;
                (Box::new(Cursor::new(SharedBytes(bytes))), length)
            }
        };
        let unpacked: Box<dyn Read + Send> = match self.packing {
            Packing::None => return Ok(raw),
            Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(raw)),
            Packing::Zstd => Box::new(zstd::Decoder::new(raw).map_err(|error| SourceError::io(&self.shown, error))?),
        };
        Ok(Box::new(Bounded::new(unpacked, packed, self.shown.clone(), self.limits)))
    }

    /// Reads it whole.
    pub fn read(&self) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::with_capacity(self.size.min(1 << 28) as usize);
        self.open()?
            .read_to_end(&mut bytes)
            .map_err(|error| SourceError::io(&self.shown, error))?;
        Ok(bytes)
    }

    /// Reads at most `limit` bytes from its beginning: enough for a recogniser to see a header.
    pub fn head(&self, limit: usize) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::with_capacity(limit);
        self.open()?
            .take(limit as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| SourceError::io(&self.shown, error))?;
        Ok(bytes)
    }
}

/// Lists the members of everything the user named, in a stable order: as named, then by path.
pub fn members(paths: &[PathBuf], limits: Limits) -> Result<Vec<Member>, SourceError> {
    let mut found = Vec::new();
    for path in paths {
        let data = std::fs::metadata(path).map_err(|error| SourceError::io(path.display().to_string(), error))?;
        if data.is_dir() {
            walk(path, "", limits, &mut found)?;
        } else {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            add_file(path, &name, data.len(), limits, &mut found)?;
        }
        if found.len() > limits.members {
            return Err(SourceError::TooMany { limit: limits.members });
        }
    }
    Ok(found)
}

fn walk(directory: &Path, prefix: &str, limits: Limits, found: &mut Vec<Member>) -> Result<(), SourceError> {
    let shown = directory.display().to_string();
    let listing = std::fs::read_dir(directory).map_err(|error| SourceError::io(&shown, error))?;
    let mut entries = BTreeSet::new();
    for entry in listing {
        entries.insert(entry.map_err(|error| SourceError::io(&shown, error))?.file_name());
    }
    for entry in entries {
        let name = entry.to_string_lossy().into_owned();
        if name.starts_with('.') || name == "__MACOSX" {
            continue;
        }
        let path = directory.join(&entry);
        let data = std::fs::symlink_metadata(&path).map_err(|error| SourceError::io(path.display().to_string(), error))?;
        let inner = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if data.is_dir() {
            walk(&path, &inner, limits, found)?;
        } else if data.is_file() {
            add_file(&path, &inner, data.len(), limits, found)?;
        }
        if found.len() > limits.members {
            return Err(SourceError::TooMany { limit: limits.members });
        }
    }
    Ok(())
}

fn add_file(path: &Path, inner: &str, size: u64, limits: Limits, found: &mut Vec<Member>) -> Result<(), SourceError> {
    let lower = inner.to_ascii_lowercase();
    if lower.ends_with(".zip") {
        return add_zip(path, inner, limits, found);
    }
    if lower.ends_with(".tgz") || lower.ends_with(".tar.gz") {
        return add_tarball(path, inner, limits, found);
    }
    found.push(member(
        Container::File(path.to_owned()),
        inner,
        path.display().to_string(),
        size,
        limits,
    ));
    Ok(())
}

fn member(container: Container, inner: &str, shown: String, size: u64, limits: Limits) -> Member {
    let lower = inner.to_ascii_lowercase();
    let (packing, cut) = if lower.ends_with(".gz") {
        (Packing::Gzip, 3)
    } else if lower.ends_with(".zst") {
        (Packing::Zstd, 4)
    } else {
        (Packing::None, 0)
    };
    Member {
        container,
        path: inner[..inner.len() - cut].to_owned(),
        shown,
        size,
        packing,
        limits,
    }
}

fn archive_error(path: &Path, message: impl ToString) -> SourceError {
    SourceError::Archive {
        path: path.display().to_string(),
        message: message.to_string(),
    }
}

/// A path inside an archive, cleaned; `None` if it leaves the archive.
fn inner_path(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || drive || name.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return None;
    }
    Some(parts.join("/"))
}

fn add_zip(path: &Path, inner: &str, limits: Limits, found: &mut Vec<Member>) -> Result<(), SourceError> {
    let file = File::open(path).map_err(|error| SourceError::io(path.display().to_string(), error))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| archive_error(path, error))?;
    if archive.len() > limits.members {
        return Err(SourceError::TooMany { limit: limits.members });
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| archive_error(path, error))?;
        let name = entry.name().map_err(|error| archive_error(path, error))?.into_owned();
        let Some(clean) = inner_path(&name) else {
            return Err(SourceError::Escape {
                path: path.display().to_string(),
                member: name,
            });
        };
        if entry.is_dir() || clean.starts_with("__MACOSX/") || clean.rsplit('/').next().is_some_and(|last| last.starts_with('.'))
        {
            continue;
        }
        let container = Container::Zip {
            archive: path.to_owned(),
            index,
        };
        let shown = format!("{}!{clean}", path.display());
        members.push(member(container, &format!("{inner}!{clean}"), shown, entry.size(), limits));
    }
    members.sort_by(|a, b| a.path.cmp(&b.path));
    found.extend(members);
    Ok(())
}

/// Opens one zip entry on a handle of its own, so that several members can be read at once.
fn zip_member(path: &Path, index: usize, shown: &str, limits: Limits) -> Result<(Box<dyn Read + Send>, u64), SourceError> {
    let file = File::open(path).map_err(|error| SourceError::io(path.display().to_string(), error))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| archive_error(path, error))?;
    let (start, packed, method, size, crc) = {
        let entry = archive.by_index_raw(index).map_err(|error| archive_error(path, error))?;
        if entry.encrypted() {
            return Err(archive_error(path, format!("{shown} is encrypted")));
        }
        let start = entry.data_start();
        (
            start,
            entry.compressed_size(),
            entry.compression(),
            entry.size(),
            entry.crc32(),
        )
    };
    let start = start.ok_or_else(|| archive_error(path, format!("{shown} has no data")))?;
    let mut file = archive.into_inner();
    io::Seek::seek(&mut file, io::SeekFrom::Start(start)).map_err(|error| SourceError::io(shown, error))?;
    let raw = file.take(packed);
    let unpacked: Box<dyn Read + Send> = match method {
        zip::CompressionMethod::Stored => Box::new(raw),
        zip::CompressionMethod::Deflated => Box::new(flate2::read::DeflateDecoder::new(raw)),
        other => {
            return Err(archive_error(
                path,
                format!("{shown} is packed with {other:?}, which is not read"),
            ));
        }
    };
    let mut checked = Bounded::new(unpacked, packed, shown.to_owned(), limits);
    checked.expect = Some((size, crc));
    Ok((Box::new(checked), packed))
}

fn add_tarball(path: &Path, inner: &str, limits: Limits, found: &mut Vec<Member>) -> Result<(), SourceError> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|error| SourceError::io(&shown, error))?;
    let packed = file.metadata().map(|data| data.len()).unwrap_or(0);
    let unpacked = flate2::read::MultiGzDecoder::new(BufReader::new(file));
    // A tarball can only be read from front to back, so its members are kept in memory; the bound is on the whole.
    let bounded = Bounded::new(Box::new(unpacked), packed, shown.clone(), limits);
    let mut archive = tar::Archive::new(bounded);
    let mut members = Vec::new();
    for (number, entry) in archive.entries().map_err(|error| SourceError::io(&shown, error))?.enumerate() {
        if number > limits.members {
            return Err(SourceError::TooMany { limit: limits.members });
        }
        let mut entry = entry.map_err(|error| tar_error(path, error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(clean) = inner_path(&name) else {
            return Err(SourceError::Escape {
                path: shown,
                member: name,
            });
        };
        if !entry.header().entry_type().is_file() || clean.rsplit('/').next().is_some_and(|last| last.starts_with("._")) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| tar_error(path, error))?;
        let size = bytes.len() as u64;
        let container = Container::Memory {
            archive: path.to_owned(),
            number,
            bytes: Arc::new(bytes),
        };
        members.push(member(
            container,
            &format!("{inner}!{clean}"),
            format!("{shown}!{clean}"),
            size,
            limits,
        ));
    }
    members.sort_by(|a, b| a.path.cmp(&b.path));
    found.extend(members);
    Ok(())
}

fn tar_error(path: &Path, error: io::Error) -> SourceError {
    match error.downcast::<SourceError>() {
        Ok(inner) => inner,
        Err(error) => archive_error(path, error),
    }
}

struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Counts what a decompressor yields, stops it at the limits, and compares length and checksum at the end.
struct Bounded {
    inner: Box<dyn Read + Send>,
    read: u64,
    packed: u64,
    shown: String,
    limits: Limits,
    expect: Option<(u64, u32)>,
    crc: flate2::Crc,
}

impl Bounded {
    fn new(inner: Box<dyn Read + Send>, packed: u64, shown: String, limits: Limits) -> Self {
        Self {
            inner,
            read: 0,
            packed,
            shown,
            limits,
            expect: None,
            crc: flate2::Crc::new(),
        }
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        let over_ratio = self.read > self.limits.ratio_from && self.read / self.packed.max(1) > self.limits.ratio;
        if self.read > self.limits.member_bytes || over_ratio {
            return Err(io::Error::other(SourceError::Bomb {
                path: self.shown.clone(),
                limit: self.limits.member_bytes,
                ratio: self.limits.ratio,
            }));
        }
        if let Some((size, crc)) = self.expect {
            self.crc.update(&buffer[..count]);
            if count == 0 && !buffer.is_empty() && (self.read != size || self.crc.sum() != crc) {
                return Err(io::Error::other(SourceError::Archive {
                    path: self.shown.clone(),
                    message: "its length or checksum differs from the archive's directory".into(),
                }));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn zip_with(path: &Path, entries: &[(&str, &[u8])]) {
        let mut writer = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, bytes) in entries {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn a_directory_a_zip_and_packed_members_read_the_same() {
        let room = tempfile::tempdir().unwrap();
        std::fs::create_dir(room.path().join("a")).unwrap();
        std::fs::write(room.path().join("a/plain.txt"), b"hello").unwrap();
        std::fs::write(room.path().join("b.txt.zst"), zstd::encode_all(&b"hello"[..], 3).unwrap()).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"hello").unwrap();
        std::fs::write(room.path().join("c.txt.gz"), gzip.finish().unwrap()).unwrap();
        zip_with(&room.path().join("d.zip"), &[("x/inner.txt", b"hello")]);
        let found = members(&[room.path().to_owned()], Limits::default()).unwrap();
        let names: Vec<&str> = found.iter().map(Member::path).collect();
        assert_eq!(names, ["a/plain.txt", "b.txt", "c.txt", "d.zip!x/inner.txt"]);
        for one in &found {
            assert_eq!(one.read().unwrap(), b"hello", "{}", one.shown());
        }
        assert_eq!(found[3].folder(), "d.zip!x");
        assert_eq!(found[3].file_name(), "inner.txt");
    }

    #[test]
    fn a_path_that_leaves_the_archive_is_refused() {
        let room = tempfile::tempdir().unwrap();
        for bad in ["../evil.txt", "/etc/passwd", "a/../../b", "C:\\x.txt"] {
            let path = room.path().join("bad.zip");
            zip_with(&path, &[(bad, b"x")]);
            let error = members(&[path], Limits::default()).unwrap_err();
            assert!(matches!(error, SourceError::Escape { .. }), "{bad}: {error}");
        }
    }

    #[test]
    fn a_zip_bomb_is_refused_by_ratio_and_by_size() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("bomb.zip");
        zip_with(&path, &[("zeros.txt", &vec![b'0'; 4 << 20])]);
        let tight = Limits {
            ratio_from: 1 << 20,
            ..Limits::default()
        };
        let error = members(std::slice::from_ref(&path), tight).unwrap()[0].read().unwrap_err();
        assert!(matches!(error, SourceError::Bomb { .. }), "{error}");
        let small = Limits {
            member_bytes: 1 << 20,
            ..Limits::default()
        };
        let error = members(&[path], small).unwrap()[0].read().unwrap_err();
        assert!(matches!(error, SourceError::Bomb { .. }), "{error}");
    }

    #[test]
    fn a_damaged_member_is_an_error_and_never_short_text() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("damaged.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("x.txt", stored).unwrap();
        writer.write_all(b"hello world").unwrap();
        writer.finish().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let place = bytes.windows(5).position(|window| window == b"world").unwrap();
        bytes[place] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(members(&[path], Limits::default()).unwrap()[0].read().is_err());
    }
}

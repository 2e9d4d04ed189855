//! What the tests of both formats share: fixtures, copies that can be damaged, and loading into a collector.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tern_index::model::PropertyValue;
use tern_index::record::ProblemKind;
use tern_loaders::collect::Collector;
use tern_loaders::source::{Limits, members};
use tern_loaders::{LoadError, LoadOptions, Release, loaders, recognise};

/// The workspace root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

/// A folder of the material that lies beside the project; `None`, said aloud, where it does not.
pub fn shared(name: &str) -> Option<PathBuf> {
    let rooms = [root().join("../shared"), root().join("../../shared")];
    let found = rooms.iter().map(|room| room.join(name)).find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: ../shared/{name} is not here");
    }
    found
}

pub fn releases(paths: &[PathBuf], options: &LoadOptions) -> Vec<Release> {
    recognise(members(paths, Limits::default()).unwrap(), options).unwrap().0
}

/// Loads the one release that `paths` hold.
pub fn try_load(paths: &[PathBuf], options: &LoadOptions) -> Result<Collector, LoadError> {
    let found = releases(paths, options);
    assert_eq!(
        found.len(),
        1,
        "{:?}",
        found.iter().map(|release| &release.title).collect::<Vec<_>>()
    );
    load_release(&found[0], options)
}

pub fn load_release(release: &Release, options: &LoadOptions) -> Result<Collector, LoadError> {
    let loader = loaders().iter().find(|loader| loader.name() == release.loader).unwrap();
    let mut sink = Collector::default();
    loader.load(release, options, &mut sink)?;
    Ok(sink)
}

pub fn load(paths: &[PathBuf]) -> Collector {
    try_load(paths, &LoadOptions::default()).unwrap()
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// All files below a folder, in a stable order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.into_iter().flat_map(below).collect()
}

/// The file of a folder whose name contains `part`.
pub fn file(folder: &Path, part: &str) -> PathBuf {
    let found = files(folder)
        .into_iter()
        .find(|path| path.file_name().unwrap().to_str().unwrap().contains(part));
    found.unwrap_or_else(|| panic!("no file {part} in {}", folder.display()))
}

/// Rewrites a file.
pub fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(text)).unwrap();
}

/// Changes one field, lines counted from 1.
pub fn set_field(path: &Path, separator: char, line: usize, column: usize, value: &str) {
    edit(path, |text| {
        let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
        let mut fields: Vec<&str> = lines[line - 1].split(separator).collect();
        fields[column] = value;
        lines[line - 1] = fields.join(&separator.to_string());
        lines.join("\r\n")
    });
}

pub fn zip(folder: &Path, to: &Path) {
    let mut writer = zip::ZipWriter::new(fs::File::create(to).unwrap());
    for path in files(folder) {
        let name = path.strip_prefix(folder.parent().unwrap()).unwrap().to_str().unwrap();
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&fs::read(&path).unwrap()).unwrap();
    }
    writer.finish().unwrap();
}

/// Packs every file: gzip and zstd by turns.
pub fn pack(folder: &Path) {
    for (number, path) in files(folder).into_iter().enumerate() {
        let bytes = fs::read(&path).unwrap();
        let (ending, packed) = if number % 2 == 0 {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&bytes).unwrap();
            ("gz", gzip.finish().unwrap())
        } else {
            ("zst", zstd::encode_all(&bytes[..], 1).unwrap())
        };
        fs::write(format!("{}.{ending}", path.display()), packed).unwrap();
        fs::remove_file(path).unwrap();
    }
}

/// Everything a load produced, without places, for comparing two ways to the same content.
pub fn content(found: &Collector) -> String {
    assert_eq!(found.problems, []);
    let sorted = |lines: Vec<String>| {
        let mut lines = lines;
        lines.sort();
        lines.join("\n")
    };
    let designations = found.designations.iter().map(|one| format!("{one:?}")).collect();
    let properties = found.properties.iter().map(|one| format!("{one:?}")).collect();
    let members = found.members.iter().map(|one| format!("{one:?}")).collect();
    let parents = found.parents.iter().map(|one| format!("{one:?}")).collect();
    [
        format!("{:?}\n{:?}", found.code_systems, found.concepts),
        sorted(designations),
        sorted(properties),
        sorted(members),
        sorted(parents),
        format!("{:?}", found.maps),
    ]
    .join("\n\n")
}

/// References to concepts that the release does not have: what a builder would report.
pub fn dangling(found: &Collector) -> Vec<String> {
    let mut named: Vec<&str> = found.designations.iter().map(|one| one.code.as_str()).collect();
    named.extend(
        found
            .parents
            .iter()
            .flat_map(|(child, parent)| [child.as_str(), parent.as_str()]),
    );
    named.extend(
        found
            .members
            .iter()
            .flat_map(|one| [one.refset.as_str(), one.member.as_str()]),
    );
    for one in &found.properties {
        named.push(&one.code);
        if let (true, PropertyValue::Code(code)) = (one.must_resolve, &one.value) {
            named.push(code);
        }
    }
    let unknown: BTreeSet<&str> = named.into_iter().filter(|code| !found.concepts.contains_key(*code)).collect();
    unknown.into_iter().map(str::to_owned).collect()
}

/// Expects exactly one problem, at this field.
pub fn assert_only_problem(found: &Collector, kind: ProblemKind, path: &Path, line: usize, column: &str) {
    let places: Vec<_> = found
        .problems
        .iter()
        .map(|one| (one.kind, one.file.as_str(), one.column.as_str(), one.line))
        .collect();
    assert_eq!(
        places,
        [(kind, path.to_str().unwrap(), column, u32::try_from(line).unwrap())],
        "{:?}",
        found.problems
    );
}

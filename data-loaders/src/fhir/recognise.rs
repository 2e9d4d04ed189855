//! Which of the members given are FHIR, and which belong together.
//!
//! A package is one release: everything below the folder of its manifest, and in a tarball also what lies beside
//! that folder. Loose files are one release per folder. A folder is taken only if it holds at least one resource
//! that may matter here; other JSON files are left to others.

use super::package::Manifest;
use super::summary::{Head, head};
use crate::source::Member;
use crate::{LoadError, Release};
use std::collections::{BTreeSet, HashMap};

/// Enough for the elements before `resourceType` in any file seen in practice; past it the whole file is read.
const HEAD_BYTES: usize = 4096;

/// What a member is for the loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One JSON resource.
    Json,
    /// One JSON resource a line.
    Lines,
    /// A FHIR resource as XML.
    Xml,
    /// Anything else.
    Other,
}

impl Kind {
    /// By the name alone.
    pub(super) fn by_name(member: &Member) -> Self {
        let name = member.file_name().to_ascii_lowercase();
        match name.rsplit('.').next() {
            Some("json") => Self::Json,
            Some("ndjson" | "jsonl") => Self::Lines,
            Some("xml") => Self::Xml,
            _ => Self::Other,
        }
    }
}

/// Finds the releases.
pub(super) fn releases(members: &[Member]) -> Result<Vec<Release>, LoadError> {
    let mut taken = vec![false; members.len()];
    let mut releases = packages(members, &mut taken)?;
    releases.extend(folders(members, &taken)?);
    Ok(releases)
}

/// The folder of a file by what it is called in messages: unlike the path inside its source, that tells the sources
/// apart. It keeps the `!` after an archive.
fn folder(shown: &str) -> &str {
    match shown.rfind(['/', '\\', '!']) {
        Some(place) if shown[place..].starts_with('!') => &shown[..=place],
        Some(place) => &shown[..place],
        None => "",
    }
}

/// The prefix that the members of a package share: the folder of the manifest, or the whole tarball around it.
pub(super) fn package_root(manifest: &Member) -> &str {
    let folder = folder(manifest.shown());
    folder
        .strip_suffix("package")
        .filter(|rest| rest.ends_with('!'))
        .unwrap_or(folder)
}

/// The path of a member below a prefix of [`package_root`], if it is there.
pub(super) fn below<'m>(member: &'m Member, root: &str) -> Option<&'m str> {
    let rest = member.shown().strip_prefix(root)?;
    match root.chars().next_back() {
        // Files named one by one where the user stands: only their own folder counts.
        None => Some(rest).filter(|rest| !rest.contains(['/', '\\', '!'])),
        Some('!') => Some(rest),
        Some(_) => rest.strip_prefix(['/', '\\']),
    }
}

fn packages(members: &[Member], taken: &mut [bool]) -> Result<Vec<Release>, LoadError> {
    let mut releases: Vec<(&str, Release)> = Vec::new();
    for (member, taken) in members.iter().zip(taken.iter_mut()) {
        if member.file_name() != "package.json" {
            continue;
        }
        let Some(manifest) = Manifest::read(&member.read()?) else {
            continue;
        };
        *taken = true;
        let release = Release {
            loader: "fhir",
            title: format!("{} {}", manifest.name, manifest.version).trim_end().to_owned(),
            members: vec![member.clone()],
            part: manifest.origin(),
        };
        releases.push((package_root(member), release));
    }
    for (member, taken) in members.iter().zip(taken.iter_mut()).filter(|(_, taken)| !**taken) {
        let around = releases.iter_mut().filter(|(root, _)| below(member, root).is_some());
        // A package inside another's folder is a release of its own.
        if let Some((_, release)) = around.max_by_key(|(root, _)| root.len()) {
            *taken = true;
            release.members.push(member.clone());
        }
    }
    Ok(releases.into_iter().map(|(_, release)| release).collect())
}

fn folders(members: &[Member], taken: &[bool]) -> Result<Vec<Release>, LoadError> {
    // In the order in which their first files were named.
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(Vec<Member>, bool)> = Vec::new();
    for member in members
        .iter()
        .zip(taken)
        .filter_map(|(member, taken)| (!taken).then_some(member))
    {
        let Some(wanted) = look(member)? else { continue };
        let place = *places.entry(folder(member.shown())).or_insert(groups.len());
        if place == groups.len() {
            groups.push((Vec::new(), false));
        }
        let group = &mut groups[place]; // `place` is below the length: the entry was just pushed, or was before.
        group.0.push(member.clone());
        group.1 |= wanted;
    }
    let mut used = BTreeSet::new();
    let mut releases = Vec::new();
    for (group, _) in groups.into_iter().filter(|(_, wanted)| *wanted) {
        let origin = origin_of(&group, &mut used);
        releases.push(Release {
            loader: "fhir",
            title: format!("FHIR resources {origin}"),
            members: group,
            part: origin,
        });
    }
    Ok(releases)
}

/// Whether a loose member is a FHIR resource (`Some`), and whether it is one that makes a release.
fn look(member: &Member) -> Result<Option<bool>, LoadError> {
    let kind = Kind::by_name(member);
    if kind == Kind::Other {
        return Ok(None);
    }
    let mut bytes = member.head(HEAD_BYTES)?;
    if kind == Kind::Xml {
        let text = String::from_utf8_lossy(&bytes);
        let is_fhir = ["\"http://hl7.org/fhir\"", "'http://hl7.org/fhir'"]
            .iter()
            .any(|namespace| text.contains(&format!("xmlns={namespace}")));
        return Ok(is_fhir.then_some(true));
    }
    if kind == Kind::Lines {
        let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
        return Ok(match head(first.unwrap_or_default()) {
            // A first line longer than the head that looks like JSON so far is worth the try.
            Head::Resource(_) | Head::Unknown if first.is_some() => Some(true),
            _ => None,
        });
    }
    let mut found = head(&bytes);
    if found == Head::Unknown && bytes.len() == HEAD_BYTES {
        bytes = member.read()?;
        found = head(&bytes);
    }
    Ok(match found {
        Head::Resource(name) => Some(is_wanted(&name)),
        Head::Other | Head::Unknown => None,
    })
}

/// The resource types that the loader does something with.
pub(super) fn is_wanted(resource_type: &str) -> bool {
    matches!(
        resource_type,
        "CodeSystem" | "ValueSet" | "ConceptMap" | "NamingSystem" | "StructureDefinition" | "Questionnaire" | "Bundle"
    )
}

/// Names a group by its only file or by its folder; a name that is taken gets more of the path before it.
fn origin_of(group: &[Member], used: &mut BTreeSet<String>) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let shown = first.shown().replace(['\\', '!'], "/");
    let mut parts: Vec<&str> = shown.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let file = parts.pop().unwrap_or_default();
    if group.len() == 1 || parts.is_empty() {
        parts.push(file.split_once('.').map_or(file, |(stem, _)| stem));
    }
    let mut name = parts.pop().unwrap_or_default().to_owned();
    while !used.insert(name.clone()) {
        name = match parts.pop() {
            Some(part) => format!("{part}/{name}"),
            // The whole path is used up only if one folder was named twice.
            None => format!("{name}+"),
        };
    }
    name
}

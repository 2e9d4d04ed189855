//! The first lines of a local map: what kind of table it is, its columns by any usual name, its `#` lines.
//!
//! A table is a map if its header names a source code and a target code (or the SSSOM ids); nothing else about the
//! file decides. The `#` lines before the header are read as simple YAML: `key: value`, and one level of indented
//! `key: value` below a key, which is all that SSSOM's metadata needs here. Lists are skipped.

use crate::table::Dialect;
use std::collections::BTreeMap;

/// How the columns are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Columns for source and target codes.
    Columns,
    /// SSSOM: subject, predicate, object.
    Sssom,
}

/// What the first lines of a file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) shape: Shape,
    pub(super) dialect: Dialect,
    /// Whether `#` lines come first; only then are `#` lines skipped further down.
    pub(super) commented: bool,
    pub(super) metadata: Metadata,
}

/// The `#` lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    values: BTreeMap<String, String>,
    nested: BTreeMap<String, BTreeMap<String, String>>,
}

impl Metadata {
    /// A value by any of its keys, which are folded like the names of columns.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.values.get(*key)).map(String::as_str)
    }

    /// The namespace of a CURIE prefix.
    pub(super) fn namespace(&self, prefix: &str) -> Option<&str> {
        self.nested.get("curie_map")?.get(prefix).map(String::as_str)
    }

    fn read(lines: &[&str]) -> Self {
        let mut metadata = Self::default();
        let mut parent = String::new();
        for line in lines {
            let text = line.trim_start_matches('#').trim_end();
            let (indent, text) = (text.len() - text.trim_start().len(), text.trim_start());
            // One blank after the `#` is customary and no indentation.
            let nested = indent >= 2;
            let Some((key, value)) = split_entry(text) else { continue };
            if nested && !parent.is_empty() {
                metadata.nested.entry(parent.clone()).or_default().insert(key, value);
            } else if value.is_empty() {
                parent = key;
            } else {
                parent.clear();
                metadata.values.insert(fold(&key), value);
            }
        }
        metadata
    }
}

/// `key: value`; the value may be quoted. A URL has no blank after its colon, so it is no entry.
fn split_entry(text: &str) -> Option<(String, String)> {
    if text.starts_with('-') {
        return None;
    }
    let (key, value) = match text.split_once(": ") {
        Some((key, value)) => (key, value.trim()),
        None => (text.strip_suffix(':')?, ""),
    };
    let unquoted = |text: &str| {
        let inner = ['"', '\'']
            .iter()
            .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
        inner.unwrap_or(text).to_owned()
    };
    let key = unquoted(key.trim());
    (!key.is_empty()).then(|| (key, unquoted(value)))
}

/// Folds a column's name: `Source Code`, `source_code` and `sourceCode` are one.
pub(super) fn fold(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The columns of a map and the names by which they are known, folded.
pub(super) mod columns {
    pub(in super::super) const SOURCE_CODE: &[&str] = &["sourcecode", "sourceconceptcode", "fromcode", "localcode", "srccode"];
    pub(in super::super) const SOURCE_SYSTEM: &[&str] = &[
        "sourcesystem",
        "sourcecodesystem",
        "sourcesystemuri",
        "fromsystem",
        "localsystem",
        "srcsystem",
        "sourcevocabulary",
        "sourcevocabularyid",
    ];
    pub(in super::super) const SOURCE_VERSION: &[&str] = &["sourceversion", "sourcesystemversion", "fromversion"];
    pub(in super::super) const SOURCE_DISPLAY: &[&str] = &[
        "sourcedisplay",
        "sourcename",
        "sourceterm",
        "sourcelabel",
        "sourcedescription",
        "sourcecodedescription",
        "fromdisplay",
        "fromname",
        "localname",
        "localdisplay",
        "srcdisplay",
        "srcname",
    ];
    pub(in super::super) const TARGET_CODE: &[&str] = &[
        "targetcode",
        "targetconceptcode",
        "tocode",
        "standardcode",
        "destinationcode",
        "tgtcode",
    ];
    pub(in super::super) const TARGET_SYSTEM: &[&str] = &[
        "targetsystem",
        "targetcodesystem",
        "targetsystemuri",
        "tosystem",
        "standardsystem",
        "destinationsystem",
        "tgtsystem",
        "targetvocabulary",
        "targetvocabularyid",
    ];
    pub(in super::super) const TARGET_VERSION: &[&str] = &["targetversion", "targetsystemversion", "toversion"];
    pub(in super::super) const TARGET_DISPLAY: &[&str] = &[
        "targetdisplay",
        "targetname",
        "targetterm",
        "targetlabel",
        "targetdescription",
        "todisplay",
        "toname",
        "standardname",
        "standarddisplay",
        "tgtdisplay",
        "tgtname",
    ];
    pub(in super::super) const RELATIONSHIP: &[&str] = &[
        "relationship",
        "relation",
        "equivalence",
        "maptype",
        "mappingrelation",
        "mappingrelationship",
        "predicate",
        "predicateid",
    ];
    pub(in super::super) const COMMENT: &[&str] = &["comment", "comments", "note", "notes", "remark", "remarks"];
    pub(in super::super) const PRIORITY: &[&str] = &["priority", "mappriority"];
}

/// The position of the first column that has one of the names.
pub(super) fn find(header: &[String], names: &[&str]) -> Option<usize> {
    let folded: Vec<String> = header.iter().map(|name| fold(name)).collect();
    names.iter().find_map(|name| folded.iter().position(|column| column == name))
}

/// Reads the first bytes of a file; `None` if they are not those of a map.
pub(super) fn read(bytes: &[u8]) -> Option<Head> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // The bytes may end inside a character, or a row may hold one bad byte: what comes before decides.
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return None;
    }
    let mut comments = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header = loop {
        let line = lines.next()?;
        if !line.starts_with('#') {
            break line;
        }
        comments.push(line);
    };
    // A tab cannot occur in a header by accident, a comma may stand in a name: so in this order.
    for dialect in [Dialect::QuotedTab, Dialect::Semicolon, Dialect::Comma] {
        let names = split(header, dialect);
        let has = |wanted: &[&str]| find(&names, wanted).is_some();
        let shape = if has(&["subjectid"]) && has(&["objectid"]) && has(&["predicateid"]) {
            Shape::Sssom
        } else if has(columns::SOURCE_CODE) && has(columns::TARGET_CODE) {
            Shape::Columns
        } else {
            continue;
        };
        return Some(Head {
            shape,
            dialect,
            commented: !comments.is_empty(),
            metadata: Metadata::read(&comments),
        });
    }
    None
}

fn split(header: &str, dialect: Dialect) -> Vec<String> {
    let delimiter = match dialect {
        Dialect::Tab | Dialect::QuotedTab => '\t',
        Dialect::Semicolon => ';',
        Dialect::Comma => ',',
        Dialect::Pipe => '|',
    };
    header
        .split(delimiter)
        .map(|name| name.trim().trim_matches('"').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_known_by_its_header_alone() {
        for (text, shape, dialect) in [
            ("source_code,target_code\n", Shape::Columns, Dialect::Comma),
            (
                "\u{feff}Source Code;Anything, else;TargetCode",
                Shape::Columns,
                Dialect::Semicolon,
            ),
            ("\"from_code\"\t\"to_code\"\r\n", Shape::Columns, Dialect::QuotedTab),
            (
                "#curie_map:\n#  A: http://a/\n\nsubject_id\tpredicate_id\tobject_id\n",
                Shape::Sssom,
                Dialect::QuotedTab,
            ),
            ("subject_id,predicate_id,object_id\n", Shape::Sssom, Dialect::Comma),
        ] {
            let head = read(text.as_bytes()).unwrap();
            assert_eq!((head.shape, head.dialect), (shape, dialect), "{text}");
        }
        for text in [
            "",
            "code,name\n",
            "source_code,name\n",
            "# only a comment\n",
            "source_code,target_code\0\n",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn metadata_is_read_as_simple_yaml() {
        let text = "# mapping_set_id: \"https://example.org/set\"\n#curie_map:\n#  LAB: \"https://example.org/lab/\"\n#  'x': http://x#\n\
            #creator_id:\n#  - orcid:0000\n#license: https://example.org/l\nsubject_id\tpredicate_id\tobject_id\n";
        let metadata = read(text.as_bytes()).unwrap().metadata;
        assert_eq!(metadata.get(&["mappingsetid"]), Some("https://example.org/set"));
        assert_eq!(metadata.get(&["nothing", "license"]), Some("https://example.org/l"));
        assert_eq!(metadata.namespace("LAB"), Some("https://example.org/lab/"));
        assert_eq!(metadata.namespace("x"), Some("http://x#"));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
            let _ = read(&bytes);
        }
    }
}

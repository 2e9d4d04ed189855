//! SSSOM TSV, both ways: metadata in leading `#` lines, one row per mapping.
//!
//! Confidence is the probability, never the similarity: both have their slot. A refused mapping is a negative one
//! (`predicate_modifier` Not), a source without a target has the object `sssom:NoTermFound`, a source without a code is
//! a literal. Codes become CURIEs, characters that CURIEs do not allow as `%XX`. What SSSOM has no slot for is in
//! declared extension slots.

use super::super::error::MapError;
use super::mapping_set::{MappingRow, MappingSet, State};
use super::set_table::{Fields, Layout, Sheet, decoded, encoded, read_sheet, refuse, write_sheet};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::Relationship;
use tern_loaders::local_map::relationship::{Word, parse as parse_predicate};
use tern_loaders::local_map::systems;

const NO_TERM: &str = "sssom:NoTermFound";
const CARRIER: &str = "ext_";
const NO_LICENSE: &str = "https://w3id.org/sssom/license/unspecified";
const NO_ID: &str = "urn:tern:mapping-set:unnamed";
/// Before a system that is no URI, in its namespace.
const PLAIN_SYSTEM: &str = "urn:tern:system:";
const LITERAL: &str = "rdfs literal";

/// Own columns, in the order of the standard.
const COLUMNS: [&str; 28] = [
    "subject_id",
    "subject_label",
    "subject_type",
    "predicate_id",
    "predicate_modifier",
    "object_id",
    "object_label",
    "mapping_justification",
    "author_id",
    "author_label",
    "reviewer_id",
    "reviewer_label",
    "subject_source",
    "subject_source_version",
    "object_source",
    "object_source_version",
    "mapping_tool",
    "mapping_tool_version",
    "mapping_date",
    "confidence",
    "subject_match_field",
    "object_match_field",
    "match_string",
    "subject_preprocessing",
    "similarity_score",
    "similarity_measure",
    "comment",
    "other",
];

/// Slots that are kept as they are.
const KEPT: [&str; 22] = [
    "record_id",
    "predicate_label",
    "subject_category",
    "object_category",
    "object_type",
    "predicate_type",
    "creator_id",
    "creator_label",
    "license",
    "mapping_provider",
    "mapping_source",
    "mapping_cardinality",
    "cardinality_scope",
    "mapping_tool_id",
    "publication_date",
    "review_date",
    "reviewer_agreement",
    "curation_rule",
    "curation_rule_text",
    "object_preprocessing",
    "see_also",
    "issue_tracker_item",
];

/// Prefixes that the columns themselves need.
const STANDARD: [(&str, &str); 8] = [
    ("semapv", "https://w3id.org/semapv/vocab/"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("sssom", "https://w3id.org/sssom/"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("orcid", "https://orcid.org/"),
    // Where an identifier is wanted, validators take a URN for a CURIE.
    ("urn", "urn:"),
];

/// The layout, with the prefixes of a set: namespaces by prefix, prefixes by system.
#[derive(Debug, Default)]
struct Sssom {
    namespaces: BTreeMap<String, String>,
    prefixes: BTreeMap<String, String>,
}

impl Sssom {
    fn of(set: &MappingSet) -> Self {
        let rows = &set.rows;
        let mut layout = Self::default();
        let used: BTreeSet<&String> = rows.iter().flat_map(|row| [&row.source.system, &row.target.system]).collect();
        for system in used {
            let (prefix, namespace) = match systems::curie(system) {
                Some((prefix, namespace, _)) => (prefix, namespace.to_owned()),
                None if system.is_empty() => ("local".to_owned(), format!("{PLAIN_SYSTEM}:")),
                None => (
                    format!("S{}", layout.prefixes.len() + 1),
                    format!("{}{}", as_uri(system), separator(system)),
                ),
            };
            layout.namespaces.insert(prefix.clone(), namespace);
            layout.prefixes.insert(system.clone(), prefix);
        }
        let standard = STANDARD.map(|(prefix, namespace)| (prefix.to_owned(), namespace.to_owned()));
        let foreign = set.other.get("curie_map").and_then(|map| serde_json::from_str(map).ok());
        let foreign: BTreeMap<String, String> = foreign.unwrap_or_default();
        for (prefix, namespace) in standard.into_iter().chain(foreign) {
            layout.namespaces.entry(prefix).or_insert(namespace);
        }
        layout
    }

    /// Whether a text can stand where SSSOM wants an identifier: an IRI, or a CURIE with a prefix that is declared.
    fn is_id(&self, text: &str) -> bool {
        let curie = text.split_once(':').filter(|(_, local)| !local.is_empty());
        let known = |prefix: &str| self.namespaces.contains_key(prefix) || matches!(prefix, "http" | "https");
        curie.is_some_and(|(prefix, _)| known(prefix)) && !text.contains(char::is_whitespace)
    }

    fn curie(&self, system: &str, code: &str) -> String {
        let start = systems::curie(system).map_or("", |(.., start)| start);
        let local = code.strip_prefix(start).unwrap_or(code);
        format!(
            "{}:{}",
            self.prefixes.get(system).map_or("local", String::as_str),
            encoded(local)
        )
    }

    fn resolve(&self, text: &str) -> Result<(String, String), String> {
        let (system, code) = systems::resolve(text, |prefix| self.namespaces.get(prefix).map(String::as_str))?;
        Ok((as_system(&system), code))
    }
}

fn separator(system: &str) -> char {
    if system.contains("://") { '/' } else { ':' }
}

/// A system as a URI: itself, if it is one.
fn as_uri(system: &str) -> String {
    if system.contains(':') {
        system.to_owned()
    } else {
        format!("{PLAIN_SYSTEM}{}", encoded(system))
    }
}

fn as_system(uri: &str) -> String {
    match uri.strip_prefix(PLAIN_SYSTEM.trim_end_matches(':')) {
        Some(plain) => decoded(plain.trim_start_matches(':')),
        None => systems::system(uri).to_owned(),
    }
}

fn predicate(relationship: Relationship) -> &'static str {
    match relationship {
        Relationship::Equivalent => "skos:exactMatch",
        Relationship::SourceIsNarrowerThanTarget => "skos:broadMatch",
        Relationship::SourceIsBroaderThanTarget => "skos:narrowMatch",
        Relationship::RelatedTo | Relationship::NotRelatedTo => "skos:relatedMatch",
    }
}

/// How a mapping was found, in the words of SSSOM: justification, fields compared, what was done to the subject before.
const METHODS: [(&str, &str, &str, &str); 6] = [
    ("exact", "semapv:LexicalMatching", "rdfs:label", ""),
    (
        "normalised",
        "semapv:LexicalMatching",
        "rdfs:label",
        "semapv:CaseNormalization|semapv:Lemmatization",
    ),
    ("supplied-code", "semapv:LexicalMatching", "skos:notation", ""),
    ("lexical", "semapv:CompositeMatching", "", ""),
    ("concept-map", "semapv:MappingChaining", "", ""),
    ("decision", "semapv:ManualMappingCuration", "", ""),
];

/// The justification of what the mapper found.
pub(super) fn justification(match_type: &str) -> &'static str {
    let method = METHODS.iter().find(|(name, ..)| *name == match_type);
    method.map_or("semapv:UnspecifiedMatching", |(_, justification, ..)| justification)
}

fn method(row: &MappingRow) -> (&'static str, &'static str) {
    let method = METHODS
        .iter()
        .find(|(name, justification, ..)| *name == row.match_type && *justification == row.justification);
    method.map_or(("", ""), |(.., field, preprocessing)| (field, preprocessing))
}

fn date(text: &str) -> &str {
    text.get(..10)
        .filter(|date| date.parse::<jiff::civil::Date>().is_ok())
        .unwrap_or("")
}

impl Layout for Sssom {
    fn columns(&self, rows: &[MappingRow]) -> Vec<String> {
        let kept = KEPT
            .iter()
            .filter(|slot| rows.iter().any(|row| row.other.contains_key(**slot)));
        let mut columns: Vec<String> = COLUMNS.map(str::to_owned).into();
        columns.extend(kept.map(|slot| (*slot).to_owned()));
        columns
    }

    fn write(&self, row: &MappingRow, columns: &[String]) -> Vec<String> {
        let (match_field, preprocessing) = method(row);
        let negative =
            row.negated || row.relationship == Relationship::NotRelatedTo || (row.state == State::Rejected && row.has_target());
        let said = row
            .other
            .get("predicate_id")
            .filter(|word| !negative && parse_predicate(word) == Some(Word::Is(row.relationship)) && self.is_id(word));
        let number = |share: Option<f64>| share.map(|share| share.to_string()).unwrap_or_default();
        let agent = |agent: &str, wanted: bool| {
            if self.is_id(agent) == wanted {
                agent.to_owned()
            } else {
                String::new()
            }
        };
        let version = |version: &str| version.to_owned();
        let value = |column: &String| match column.as_str() {
            "subject_id" if row.source.code.is_empty() => String::new(),
            "subject_id" => self.curie(&row.source.system, &row.source.code),
            "subject_label" => row.source.label.clone(),
            "subject_type" if row.source.code.is_empty() => LITERAL.to_owned(),
            "predicate_id" => said.map_or_else(|| predicate(row.relationship).to_owned(), String::clone),
            "predicate_modifier" if negative => "Not".to_owned(),
            "object_id" if row.has_target() => self.curie(&row.target.system, &row.target.code),
            "object_id" => NO_TERM.to_owned(),
            "object_label" => row.target.label.clone(),
            "mapping_justification" if self.is_id(&row.justification) => row.justification.clone(),
            "mapping_justification" => justification(&row.match_type).to_owned(),
            "author_id" => agent(&row.author, true),
            "author_label" => agent(&row.author, false),
            "reviewer_id" => agent(&row.reviewer, true),
            "reviewer_label" => agent(&row.reviewer, false),
            "subject_source" if !row.source.system.is_empty() => as_uri(&row.source.system),
            "subject_source_version" => version(&row.source.version),
            "object_source" if !row.target.system.is_empty() => as_uri(&row.target.system),
            "object_source_version" => version(&row.target.version),
            "mapping_tool" => row.tool.clone(),
            "mapping_tool_version" => row.tool_version.clone(),
            "mapping_date" => date(&row.date).to_owned(),
            "confidence" => number(row.probability),
            "subject_match_field" | "object_match_field" => match_field.to_owned(),
            "match_string" => row.match_string.clone(),
            "subject_preprocessing" => preprocessing.to_owned(),
            "similarity_score" => number(row.similarity),
            "similarity_measure" => row.similarity_measure.clone(),
            "comment" => row.comment.clone(),
            "other" => row.explanation.clone(),
            slot if KEPT.contains(&slot) => row.other.get(slot).cloned().unwrap_or_default(),
            _ => String::new(),
        };
        columns.iter().map(value).collect()
    }

    fn read(&self, fields: &Fields) -> Result<MappingRow, String> {
        let mut row = MappingRow::default();
        self.read_ends(fields, &mut row)?;
        self.read_predicate(fields, &mut row)?;
        let first = |names: [&str; 2]| {
            names
                .map(|name| fields.get(name))
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or("")
                .to_owned()
        };
        row.author = first(["author_id", "author_label"]);
        row.reviewer = first(["reviewer_id", "reviewer_label"]);
        for (slot, field) in [
            ("subject_label", "source_name"),
            ("object_label", "target_display"),
            ("subject_source_version", "source_version"),
            ("object_source_version", "target_version"),
            ("mapping_justification", "justification"),
            ("mapping_tool", "tool"),
            ("mapping_tool_version", "tool_version"),
            ("mapping_date", "date"),
            ("confidence", "probability"),
            ("match_string", "match_string"),
            ("similarity_score", "similarity"),
            ("similarity_measure", "similarity_measure"),
            ("comment", "comment"),
            ("other", "explanation"),
        ] {
            row.set(field, fields.get(slot))?;
        }
        let stated = (fields.get("subject_match_field"), fields.get("subject_preprocessing"));
        let method = METHODS
            .iter()
            .find(|(_, justification, field, before)| *justification == row.justification && (*field, *before) == stated);
        if let Some((match_type, ..)) = method {
            (*match_type).clone_into(&mut row.match_type);
        } else {
            for slot in ["subject_match_field", "object_match_field", "subject_preprocessing"] {
                row.other.insert(slot.to_owned(), fields.get(slot).to_owned());
            }
        }
        row.state = match (
            row.negated || row.relationship == Relationship::NotRelatedTo,
            row.has_target(),
        ) {
            (true, _) => State::Rejected,
            (false, has) if row.justification == "semapv:ManualMappingCuration" || !row.reviewer.is_empty() => {
                if has {
                    State::Accepted
                } else {
                    State::NoMatch
                }
            }
            _ => State::Suggested,
        };
        for (column, value) in fields.all() {
            if !COLUMNS.contains(&column) && !column.starts_with(CARRIER) {
                row.other.insert(column.to_owned(), value.to_owned());
            }
        }
        row.normalise();
        Ok(row)
    }

    fn carrier(&self) -> &'static str {
        CARRIER
    }

    fn column_of(&self, field: &str) -> String {
        format!("{CARRIER}{}", slot(field))
    }

    fn field_of(&self, column: &str) -> Option<String> {
        column.strip_prefix(CARRIER).map(field_of_slot)
    }
}

impl Sssom {
    fn read_ends(&self, fields: &Fields, row: &mut MappingRow) -> Result<(), String> {
        (row.source.system, row.target.system) = (
            as_system(fields.get("subject_source")),
            as_system(fields.get("object_source")),
        );
        let (subject, object) = (fields.get("subject_id"), fields.get("object_id"));
        if !subject.is_empty() {
            if subject == NO_TERM {
                return Err("the subject is sssom:NoTermFound: a mapping without a source has no place here".to_owned());
            }
            (row.source.system, row.source.code) = self.resolve(subject).map_err(|error| format!("subject_id: {error}"))?;
        }
        if object != NO_TERM {
            (row.target.system, row.target.code) = self.resolve(object).map_err(|error| format!("object_id: {error}"))?;
        }
        Ok(())
    }

    fn read_predicate(&self, fields: &Fields, row: &mut MappingRow) -> Result<(), String> {
        let word = fields.get("predicate_id");
        row.relationship = match parse_predicate(word) {
            Some(Word::Is(relationship)) => relationship,
            Some(Word::NoTarget) => Relationship::NotRelatedTo,
            None => return Err(format!("predicate_id {word:?} says no relationship that a map can state")),
        };
        row.negated = match fields.get("predicate_modifier") {
            "" => false,
            "Not" => true,
            other => return Err(format!("predicate_modifier {other:?}: SSSOM has only Not")),
        };
        if word != predicate(row.relationship) {
            row.other.insert("predicate_id".to_owned(), word.to_owned());
        }
        Ok(())
    }
}

/// A field's name as that of a slot, which has letters, digits, `_`, `.` and `-`: `.` for `:`, else `-XX`.
fn slot(field: &str) -> String {
    let plain = encoded(field).replace('-', "%2D").replace('.', "%2E");
    plain.replace("%3A", ".").replace('%', "-")
}

fn field_of_slot(slot: &str) -> String {
    decoded(&slot.replace('-', "%").replace('.', ":"))
}

/// Renders a set; also the fields that a bare one loses.
pub(super) fn write(set: &MappingSet, bare: bool) -> Result<(String, Vec<String>), String> {
    let layout = Sssom::of(set);
    let (sheet, lost) = write_sheet(&set.rows, &layout, bare)?;
    let mut text = String::new();
    let mut line = |content: String| {
        text.push('#');
        text.push_str(&content);
        text.push('\n');
    };
    line("curie_map:".to_owned());
    for (prefix, namespace) in &layout.namespaces {
        line(format!("  {prefix}: {}", quoted(namespace)));
    }
    let or = |text: &String, absent: &str| if text.is_empty() { absent.to_owned() } else { text.clone() };
    for (key, value) in [
        ("mapping_set_id", or(&set.id, NO_ID)),
        ("mapping_set_version", set.version.clone()),
        ("mapping_set_title", set.title.clone()),
        ("mapping_set_description", set.description.clone()),
        ("license", or(&set.license, NO_LICENSE)),
        ("publication_date", set.date.clone()),
        ("other", set_carried(set)),
    ] {
        if !value.is_empty() {
            line(format!("{key}: {}", quoted(&value)));
        }
    }
    for (key, raw) in set.other.iter().filter(|(key, _)| is_slot_name(key) && *key != "curie_map") {
        for part in format!("{key}:{raw}").lines() {
            line(part.to_owned());
        }
    }
    let extensions: Vec<&String> = sheet.header.iter().filter(|column| column.starts_with(CARRIER)).collect();
    if !extensions.is_empty() {
        line("extension_definitions:".to_owned());
    }
    for column in extensions {
        let field = layout.field_of(column).unwrap_or_default();
        line(format!("  - slot_name: {}", quoted(column)));
        line(format!(
            "    property: {}",
            quoted(&format!("urn:tern:mapping:{}", encoded(&field)))
        ));
        line("    type_hint: xsd:string".to_owned());
    }
    text.push_str(&body(&sheet)?);
    Ok((text, lost))
}

/// A YAML string. JSON strings are YAML strings.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_slot_name(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// What the metadata of SSSOM has no slot for, as JSON.
fn set_carried(set: &MappingSet) -> String {
    let other: BTreeMap<&String, &String> = set.other.iter().filter(|(key, _)| !is_slot_name(key)).collect();
    if set.publisher.is_empty() && set.unmapped.is_empty() && other.is_empty() {
        return String::new();
    }
    serde_json::json!({"publisher": set.publisher, "unmapped": set.unmapped, "other": other}).to_string()
}

fn body(sheet: &Sheet) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new().delimiter(b'\t').from_writer(Vec::new());
    let rows = sheet.rows.iter().map(|(_, row)| row);
    for row in std::iter::once(&sheet.header).chain(rows) {
        writer.write_record(row).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// Reads a set.
pub(super) fn read(text: &str, shown: &str) -> Result<MappingSet, MapError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let split: usize = text
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('#') || line.trim().is_empty())
        .map(str::len)
        .sum();
    let (head, body) = text.split_at(split);
    let (mut set, layout) = read_metadata(head);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if body.lines().next().is_some_and(|line| line.contains('\t')) {
            b'\t'
        } else {
            b','
        })
        .has_headers(false)
        .flexible(true)
        .from_reader(body.as_bytes());
    let (mut sheet, mut faults) = (Sheet::default(), Vec::new());
    let lines_before = head.lines().count() as u64;
    for record in reader.records() {
        let record = record.map_err(|error| MapError::Malformed {
            path: shown.to_owned(),
            message: error.to_string(),
        })?;
        let place = format!("line {}", record.position().map_or(0, csv::Position::line) + lines_before);
        let fields: Vec<String> = record.iter().map(str::to_owned).collect();
        if sheet.header.is_empty() {
            sheet.header = fields;
        } else if fields.len() != sheet.header.len() {
            let (found, expected) = (fields.len(), sheet.header.len());
            faults.push(format!("{place}: the row has {found} fields, the header has {expected}"));
        } else {
            sheet.rows.push((place, fields));
        }
    }
    for column in ["predicate_id", "object_id", "mapping_justification"] {
        if !sheet.header.iter().any(|name| name == column) {
            faults.push(format!("the column {column} is missing; SSSOM requires it"));
        }
    }
    refuse(shown, &faults)?;
    set.rows = read_sheet(&sheet, &layout, shown)?;
    Ok(set)
}

/// The `#` lines: top-level keys with what stands under them, as written.
fn read_metadata(head: &str) -> (MappingSet, Sssom) {
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in head.lines() {
        let line = line.strip_prefix('#').unwrap_or("").trim_end();
        let line = if entries.is_empty() { line.trim_start() } else { line };
        match (line.starts_with([' ', '-']), line.split_once(':')) {
            // One blank after the `#` is customary and no indentation.
            (true, Some(_)) if line.starts_with(' ') && !line.starts_with("  ") && !line.trim_start().starts_with('-') => {
                if let Some((key, value)) = line.trim_start().split_once(':') {
                    entries.push((key.to_owned(), value.to_owned()));
                }
            }
            (false, Some((key, value))) => entries.push((key.trim().to_owned(), value.to_owned())),
            _ => {
                if let Some((_, value)) = entries.last_mut() {
                    value.push('\n');
                    value.push_str(line);
                }
            }
        }
    }
    let (mut set, mut layout) = (MappingSet::default(), Sssom::default());
    for (key, raw) in entries {
        let value = unquoted(raw.trim());
        let known = match key.as_str() {
            "mapping_set_id" => &mut set.id,
            "mapping_set_version" => &mut set.version,
            "mapping_set_title" => &mut set.title,
            "mapping_set_description" => &mut set.description,
            "license" => &mut set.license,
            "publication_date" => &mut set.date,
            "curie_map" => {
                for line in raw.lines() {
                    if let Some((prefix, namespace)) = line.trim().split_once(": ") {
                        layout.namespaces.insert(unquoted(prefix), unquoted(namespace.trim()));
                    }
                }
                continue;
            }
            "extension_definitions" => continue,
            "other" if read_set_carried(&value, &mut set).is_some() => continue,
            _ => {
                set.other.insert(key, raw);
                continue;
            }
        };
        *known = value;
    }
    if set.id == NO_ID {
        set.id.clear();
    }
    if set.license == NO_LICENSE {
        set.license.clear();
    }
    let foreign: BTreeMap<&String, &String> = layout
        .namespaces
        .iter()
        .filter(|(prefix, _)| {
            let ours = prefix.strip_prefix('S').is_some_and(|number| number.parse::<u32>().is_ok());
            let known = systems::with_prefix(prefix, "x").is_some();
            !ours && !known && prefix.as_str() != "local" && !STANDARD.iter().any(|(standard, _)| standard == prefix)
        })
        .collect();
    if !foreign.is_empty() {
        let foreign = serde_json::to_string(&foreign).unwrap_or_default();
        set.other.insert("curie_map".to_owned(), foreign);
    }
    (set, layout)
}

fn read_set_carried(text: &str, set: &mut MappingSet) -> Option<()> {
    let mut carried: serde_json::Value = serde_json::from_str(text).ok()?;
    let unmapped = serde_json::from_value(carried.get_mut("unmapped")?.take()).ok()?;
    let other: BTreeMap<String, String> = serde_json::from_value(carried.get_mut("other")?.take()).ok()?;
    set.publisher = carried.get("publisher")?.as_str()?.to_owned();
    set.unmapped = unmapped;
    set.other.extend(other);
    Some(())
}

fn unquoted(text: &str) -> String {
    if let Ok(text) = serde_json::from_str::<String>(text) {
        return text;
    }
    let single = text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
    single.map_or_else(|| text.to_owned(), |inner| inner.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_set_is_read_with_its_prefixes() {
        let text = "# mapping_set_id: https://example.org/set\n# curie_map:\n#   lab: https://example.org/lab/\n#   orcid: https://orcid.org/\n#license: CC0\n#creator_id:\n#  - orcid:1\n\
            subject_id\tsubject_label\tpredicate_id\tobject_id\tmapping_justification\tpredicate_modifier\tauthor_id\tsee_also\n\
            lab:glu%20ser\tGlu\tskos:broadMatch\tLOINC:2345-7\tsemapv:ManualMappingCuration\t\torcid:1\thttps://x\n\
            lab:x\tX\towl:equivalentClass\tsssom:NoTermFound\tsemapv:LexicalMatching\t\t\t\n\
            lab:y\tY\tskos:exactMatch\tLOINC:1-8\tsemapv:LexicalMatching\tNot\t\t\n";
        let set = read(text, "x").unwrap();
        assert_eq!((set.id.as_str(), set.license.as_str()), ("https://example.org/set", "CC0"));
        let first = &set.rows[0];
        assert_eq!(
            (first.source.system.as_str(), first.source.code.as_str()),
            ("https://example.org/lab", "glu ser")
        );
        assert_eq!(
            (first.target.system.as_str(), first.relationship),
            ("http://loinc.org", Relationship::SourceIsNarrowerThanTarget)
        );
        assert_eq!((first.state, first.author.as_str()), (State::Accepted, "orcid:1"));
        assert!(!set.rows[1].has_target() && set.rows[1].other["predicate_id"] == "owl:equivalentClass");
        assert_eq!((set.rows[2].negated, set.rows[2].state), (true, State::Rejected));
        let (again, _) = write(&set, false).unwrap();
        assert!(
            again.contains("#creator_id:\n#  - orcid:1\n") && again.contains("#  orcid: \"https://orcid.org/\"\n"),
            "{again}"
        );
        assert_eq!(read(&again, "x").unwrap(), set);
    }

    #[test]
    fn slots_have_names_that_the_schema_allows() {
        for field in ["state", "context:specimen", "other:a-b.c d%é", "other:ext_x"] {
            let slot = slot(field);
            assert!(
                slot.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)),
                "{slot}"
            );
            assert_eq!(field_of_slot(&slot), field);
        }
    }

    #[test]
    fn faults_have_their_lines() {
        let head = "subject_id\tpredicate_id\tobject_id\tmapping_justification\n";
        for (row, part) in [
            ("a\n", "line 2: the row has 1 fields"),
            (
                "nowhere:1\tskos:exactMatch\tLOINC:1-8\tx:y\n",
                "line 2: subject_id: the prefix \"nowhere\"",
            ),
            ("LOINC:1-8\tperhaps\tLOINC:1-8\tx:y\n", "predicate_id \"perhaps\""),
        ] {
            let error = read(&format!("{head}{row}"), "m.tsv").unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(read("a\tb\n", "x").unwrap_err().to_string().contains("object_id"));
    }
}

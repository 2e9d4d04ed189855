//! A mapping set: what people state, review and exchange about sources and targets, whatever the format.
//!
//! A row is about one distinct source (its code and name with specimen, unit and the like), not about a row of an
//! extract. Every row can be seen as named fields ([`MappingRow::fields`]) and be built from them ([`MappingRow::set`]);
//! that is how each format carries what it has no place of its own for, so that nothing is lost between formats.
//! Empty text means absent. It judges nothing: a set may contradict itself.

use std::collections::BTreeMap;
use tern_index::model::{MappingAttribute, Relationship, Unmapped};

/// One side of a mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Concept {
    /// Code system; empty where none is stated.
    pub system: String,
    /// Its version.
    pub version: String,
    /// Code. A source may have a name only; a target without a code is none.
    pub code: String,
    /// Name.
    pub label: String,
}

/// Where a mapping stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Proposed, by a tool or a person; not to be used unseen.
    #[default]
    Suggested,
    /// Accepted by the mapper within its error budget.
    Auto,
    /// Accepted by a person.
    Accepted,
    /// Refused by a person.
    Rejected,
    /// A person found that there is no target.
    NoMatch,
    /// One person has decided; a second must.
    NeedsSecondReview,
    /// The source cannot be used as it is.
    Invalid,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Suggested,
        Self::Auto,
        Self::Accepted,
        Self::Rejected,
        Self::NoMatch,
        Self::NeedsSecondReview,
        Self::Invalid,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suggested => "suggested",
            Self::Auto => "auto",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::NoMatch => "no-match",
            Self::NeedsSecondReview => "needs-second-review",
            Self::Invalid => "invalid",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// One mapping, or the statement that a source has none.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingRow {
    /// What is mapped.
    pub source: Concept,
    /// What else is known of the source: specimen, unit, section, strength, form, route, ... by the name of the role.
    pub context: BTreeMap<String, String>,
    /// How often the source occurs.
    pub count: Option<u64>,
    /// What it is mapped to. Without a code there is no target; the system then says where it was looked for.
    pub target: Concept,
    /// The concept id of the target in OMOP vocabularies.
    pub target_concept_id: Option<u64>,
    /// The domain of the target in OMOP vocabularies.
    pub target_domain: String,
    /// How the source relates to the target.
    pub relationship: Relationship,
    /// The relationship is stated not to hold. Never set on related-to or not-related-to: see [`MappingRow::normalise`].
    pub negated: bool,
    /// Where it stands.
    pub state: State,
    /// How likely it is right.
    pub probability: Option<f64>,
    /// How much the texts resemble each other, which is something else.
    pub similarity: Option<f64>,
    /// The measure of the similarity.
    pub similarity_measure: String,
    /// Why it is believed, in the words of the semantic mapping vocabulary (`semapv:LexicalMatching`).
    pub justification: String,
    /// How the mapper found it.
    pub match_type: String,
    /// What text was the same.
    pub match_string: String,
    /// Who made it.
    pub author: String,
    /// Who reviewed it.
    pub reviewer: String,
    /// When it was made.
    pub date: String,
    /// When it was reviewed.
    pub review_date: String,
    /// From when on it holds.
    pub valid_from: String,
    /// Until when it holds.
    pub valid_to: String,
    /// What made it.
    pub tool: String,
    /// The version of what made it.
    pub tool_version: String,
    /// Comment of a person.
    pub comment: String,
    /// The mapper's reason.
    pub reason: String,
    /// The mapper's explanation, as JSON.
    pub explanation: String,
    /// Dependencies, products and properties that are no context of a tern source.
    pub attributes: Vec<MappingAttribute>,
    /// What else the file said of it, by the file's own names.
    pub other: BTreeMap<String, String>,
}

impl Default for MappingRow {
    fn default() -> Self {
        Self {
            source: Concept::default(),
            context: BTreeMap::new(),
            count: None,
            target: Concept::default(),
            target_concept_id: None,
            target_domain: String::new(),
            relationship: Relationship::Equivalent,
            negated: false,
            state: State::default(),
            probability: None,
            similarity: None,
            similarity_measure: String::new(),
            justification: String::new(),
            match_type: String::new(),
            match_string: String::new(),
            author: String::new(),
            reviewer: String::new(),
            date: String::new(),
            review_date: String::new(),
            valid_from: String::new(),
            valid_to: String::new(),
            tool: String::new(),
            tool_version: String::new(),
            comment: String::new(),
            reason: String::new(),
            explanation: String::new(),
            attributes: Vec::new(),
            other: BTreeMap::new(),
        }
    }
}

/// What is known of a set besides its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MappingSet {
    /// Canonical URL.
    pub id: String,
    /// Version.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// What it is.
    pub description: String,
    /// Who publishes it.
    pub publisher: String,
    /// Licence.
    pub license: String,
    /// When it was made.
    pub date: String,
    /// What to answer for codes that it does not list.
    pub unmapped: Vec<Unmapped>,
    /// Other metadata, by the file's own names, values as written there.
    pub other: BTreeMap<String, String>,
    /// The mappings.
    pub rows: Vec<MappingRow>,
}

/// Names of the fields of a row that are always there, in the order in which tables show them. Beside them there are
/// `context:NAME` and `other:NAME`.
pub const FIELDS: [&str; 31] = [
    "source_system",
    "source_version",
    "source_code",
    "source_name",
    "count",
    "target_system",
    "target_version",
    "target_code",
    "target_display",
    "target_concept_id",
    "target_domain",
    "relationship",
    "negated",
    "state",
    "probability",
    "similarity",
    "similarity_measure",
    "justification",
    "match_type",
    "match_string",
    "author",
    "reviewer",
    "date",
    "review_date",
    "valid_from",
    "valid_to",
    "tool",
    "tool_version",
    "comment",
    "reason",
    "explanation",
];

/// Before the name of a context value that has no field of its own.
pub const CONTEXT: &str = "context:";
/// Before the name of anything else.
pub const OTHER: &str = "other:";
/// The field with dependencies, products and properties, as JSON.
pub const ATTRIBUTES: &str = "attributes";

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<Option<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("{name} {text:?} is no number"))
}

/// A share: a number from 0 to 1.
fn share(name: &str, text: &str) -> Result<Option<f64>, String> {
    match number(name, text)? {
        Some(share) if !(0.0..=1.0).contains(&share) => Err(format!("{name} {text:?} is no number from 0 to 1")),
        share => Ok(share),
    }
}

impl MappingRow {
    /// Whether it names a target.
    pub fn has_target(&self) -> bool {
        !self.target.code.is_empty()
    }

    /// Brings what can be said in two ways into one: "not related" for "related, negated"; no blanks around context.
    pub fn normalise(&mut self) {
        if self.negated && matches!(self.relationship, Relationship::RelatedTo | Relationship::NotRelatedTo) {
            self.relationship = Relationship::NotRelatedTo;
            self.negated = false;
        }
        for value in self.context.values_mut() {
            *value = value.trim().to_owned();
        }
        self.context.retain(|_, value| !value.is_empty());
        self.other.retain(|_, value| !value.is_empty());
    }

    /// A text field by its name.
    fn text_mut(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "source_system" => &mut self.source.system,
            "source_version" => &mut self.source.version,
            "source_code" => &mut self.source.code,
            "source_name" => &mut self.source.label,
            "target_system" => &mut self.target.system,
            "target_version" => &mut self.target.version,
            "target_code" => &mut self.target.code,
            "target_display" => &mut self.target.label,
            "target_domain" => &mut self.target_domain,
            "similarity_measure" => &mut self.similarity_measure,
            "justification" => &mut self.justification,
            "match_type" => &mut self.match_type,
            "match_string" => &mut self.match_string,
            "author" => &mut self.author,
            "reviewer" => &mut self.reviewer,
            "date" => &mut self.date,
            "review_date" => &mut self.review_date,
            "valid_from" => &mut self.valid_from,
            "valid_to" => &mut self.valid_to,
            "tool" => &mut self.tool,
            "tool_version" => &mut self.tool_version,
            "comment" => &mut self.comment,
            "reason" => &mut self.reason,
            "explanation" => &mut self.explanation,
            _ => return None,
        })
    }

    /// Sets a field by its name; false if there is no such field.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        if let Some(text) = self.text_mut(name) {
            value.clone_into(text);
            return Ok(true);
        }
        match name {
            "count" => self.count = number(name, value)?,
            "target_concept_id" => self.target_concept_id = number(name, value)?,
            "probability" => self.probability = share(name, value)?,
            "similarity" => self.similarity = share(name, value)?,
            "negated" => self.negated = value == "true",
            "relationship" => {
                self.relationship = match value {
                    "" => Relationship::Equivalent,
                    word => Relationship::parse(word).ok_or_else(|| format!("{word:?} is no relationship"))?,
                }
            }
            "state" => {
                self.state = match value {
                    "" => State::default(),
                    word => State::parse(word).ok_or_else(|| format!("{word:?} is no state of a mapping"))?,
                }
            }
            ATTRIBUTES if value.is_empty() => self.attributes.clear(),
            ATTRIBUTES => {
                self.attributes = serde_json::from_str(value).map_err(|error| format!("attributes: {error}"))?;
            }
            _ => {
                let (values, name) = if let Some(name) = name.strip_prefix(CONTEXT) {
                    (&mut self.context, name)
                } else if let Some(name) = name.strip_prefix(OTHER) {
                    (&mut self.other, name)
                } else {
                    return Ok(false);
                };
                if value.is_empty() {
                    values.remove(name);
                } else {
                    values.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Ok(true)
    }

    /// Every field with its value, absent ones too where they are always there.
    pub fn fields(&self) -> Vec<(String, String)> {
        let mut copy = self.clone();
        let mut fields: Vec<(String, String)> = FIELDS
            .iter()
            .map(|name| {
                let value = match *name {
                    "count" => optional(self.count),
                    "target_concept_id" => optional(self.target_concept_id),
                    "probability" => optional(self.probability),
                    "similarity" => optional(self.similarity),
                    "negated" => if self.negated { "true" } else { "" }.to_owned(),
                    "relationship" => self.relationship.as_str().to_owned(),
                    "state" => self.state.as_str().to_owned(),
                    text => copy.text_mut(text).map(std::mem::take).unwrap_or_default(),
                };
                ((*name).to_owned(), value)
            })
            .collect();
        let attributes = if self.attributes.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&self.attributes).unwrap_or_default()
        };
        fields.push((ATTRIBUTES.to_owned(), attributes));
        let named = |prefix: &str, values: &BTreeMap<String, String>| -> Vec<(String, String)> {
            let named = values.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone()));
            named.collect()
        };
        fields.extend(named(CONTEXT, &self.context));
        fields.extend(named(OTHER, &self.other));
        fields
    }

    /// The fields in which it differs from `other`, with its own values.
    pub fn beyond(&self, other: &Self) -> Vec<(String, String)> {
        let theirs: BTreeMap<String, String> = other.fields().into_iter().collect();
        let ours = self.fields();
        let mut beyond: Vec<(String, String)> = theirs
            .keys()
            .filter(|name| !ours.iter().any(|(own, _)| own == *name))
            .map(|name| (name.clone(), String::new()))
            .collect();
        let differs = |(name, value): &(String, String)| theirs.get(name).map_or("", String::as_str) != value;
        beyond.extend(ours.into_iter().filter(differs));
        beyond
    }
}

/// What stands for "stated to be empty" where an empty cell says nothing.
const NONE: &str = "(none)";

/// A value as a carried cell, where an empty cell means that nothing is carried.
pub(super) fn carried(value: &str) -> String {
    if value.is_empty() {
        NONE.to_owned()
    } else if value == NONE || value.starts_with('\\') {
        format!("\\{value}")
    } else {
        value.to_owned()
    }
}

/// The value of a carried cell; `None` where nothing is carried.
pub(super) fn uncarried(cell: &str) -> Option<&str> {
    match cell {
        "" => None,
        NONE => Some(""),
        text => Some(text.strip_prefix('\\').unwrap_or(text)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text of the kind that breaks formats.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![3 => Just(String::new()), 3 => "[A-Za-z][A-Za-z0-9 ]{0,8}[a-z]", 1 => "[A-Za-z0-9\"',;|:/#%\\\\(é] ?[\\t\\n\"|%:=é]{0,3}[a-z)]"]
    }

    fn share() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![
            Just(None),
            (0u32..=10_000).prop_map(|n| Some(f64::from(n) / 10_000.0)),
            (0.0f64..=1.0).prop_map(Some)
        ]
    }

    fn system() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "",
            "http://loinc.org",
            "http://snomed.info/sct",
            "urn:oid:1.2.3",
            "http://hospital.example/lab",
            "LAB",
            "http://hospital.example/lab/",
            "http://human-phenotype-ontology.org",
        ])
        .prop_map(str::to_owned)
    }

    fn concept() -> impl Strategy<Value = Concept> {
        (system(), text(), text(), text()).prop_map(|(system, version, code, label)| Concept {
            system,
            version,
            code,
            label,
        })
    }

    /// Any row whose source has a code or a name.
    pub fn row() -> impl Strategy<Value = MappingRow> {
        let named = prop::collection::btree_map("[a-z]{1,5}", "[a-zA-Z0-9 |\"]{1,5}", 0..3);
        let context = prop::collection::btree_map(
            prop::sample::select(vec!["specimen", "unit", "own"]).prop_map(str::to_owned),
            "[a-z /%]{0,4}[a-z]",
            0..3,
        );
        let first = (
            concept(),
            context,
            prop::option::of(0u64..1_000_000),
            concept(),
            prop::option::of(1u64..99_999_999),
        );
        let second = (
            prop::sample::select(Relationship::ALL.to_vec()),
            any::<bool>(),
            prop::sample::select(State::ALL.to_vec()),
            share(),
            share(),
        );
        let third = prop::collection::vec(text(), 17);
        (first, second, third, named).prop_map(
            |((source, context, count, target, id), (relationship, negated, state, probability, similarity), texts, other)| {
                let mut row = MappingRow {
                    source,
                    context,
                    count,
                    target,
                    target_concept_id: id,
                    relationship,
                    negated,
                    state,
                    probability,
                    similarity,
                    other,
                    ..MappingRow::default()
                };
                let names = [
                    "target_domain",
                    "similarity_measure",
                    "justification",
                    "match_type",
                    "match_string",
                    "author",
                    "reviewer",
                    "date",
                    "review_date",
                    "valid_from",
                    "valid_to",
                    "tool",
                    "tool_version",
                    "comment",
                    "reason",
                    "explanation",
                ];
                for (name, text) in names.iter().zip(texts) {
                    assert!(row.set(name, &text).unwrap());
                }
                if row.source.code.is_empty() && row.source.label.is_empty() {
                    row.source.label = "name".into();
                }
                row.normalise();
                row
            },
        )
    }

    proptest! {
        #[test]
        fn a_row_is_its_fields(row in row()) {
            let mut back = MappingRow::default();
            for (name, value) in row.fields() {
                prop_assert!(back.set(&name, &value).unwrap(), "{}", name);
            }
            prop_assert_eq!(&back, &row);
            prop_assert!(row.beyond(&back).is_empty());
        }

        #[test]
        fn what_lies_beyond_another_row_makes_it_the_same(one in row(), mut other in row()) {
            for (name, value) in one.beyond(&other) {
                let cell = carried(&value);
                other.set(&name, uncarried(&cell).unwrap()).unwrap();
            }
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn bad_values_are_named() {
        let mut row = MappingRow::default();
        for (name, value) in [
            ("probability", "1.5"),
            ("count", "x"),
            ("relationship", "perhaps"),
            ("state", "maybe"),
            ("attributes", "{"),
        ] {
            let error = row.set(name, value).unwrap_err();
            assert!(!error.is_empty());
        }
        assert!(!row.set("colour", "red").unwrap());
    }
}

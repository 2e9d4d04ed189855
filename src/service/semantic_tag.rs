//! The semantic tag of a SNOMED CT concept: what stands in the last brackets of its fully specified name.
//!
//! No file of a release has it as a column. Of one concept it is read from its terms; which concepts have a tag is worked out
//! once for each edition, when somebody asks.

use super::CodeSystemIndex;
use std::collections::BTreeMap;
use tern_index::model::{DesignationKind, Ordinal};
use tern_index::read::ConceptSet;

/// The property that has it.
pub const PROPERTY: &str = "semanticTag";

/// The tag of a concept. One in use counts before a retired one, an English name before one that was translated.
pub fn of(index: &CodeSystemIndex, concept: Ordinal) -> Option<String> {
    let numbers = index.designation_numbers(concept);
    let names = numbers.filter(|number| index.designation_kind(*number) == DesignationKind::FullySpecifiedName);
    let merit = |number: &u32| {
        let english = index.designation_language(*number).is_some_and(|tag| tag.starts_with("en"));
        (!index.designation_is_active(*number), !english)
    };
    let name = names.min_by_key(merit)?;
    tag(&index.designation_text(name)).map(str::to_owned)
}

/// `Heart structure (body structure)` -> `body structure`.
fn tag(name: &str) -> Option<&str> {
    let (before, tag) = name.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let tag = tag.trim();
    (before.ends_with(' ') && !tag.is_empty()).then_some(tag)
}

/// The concepts of each tag in an edition.
#[derive(Debug, Default)]
pub struct SemanticTags(BTreeMap<String, ConceptSet>);

impl SemanticTags {
    /// Reads the tags of all concepts.
    pub fn of_all(index: &CodeSystemIndex) -> Self {
        let mut tags: BTreeMap<String, ConceptSet> = BTreeMap::new();
        for concept in index.all() {
            if let Some(tag) = of(index, Ordinal(concept)) {
                tags.entry(tag).or_default().insert(concept);
            }
        }
        Self(tags)
    }

    /// Concepts with a tag.
    pub fn of(&self, tag: &str) -> ConceptSet {
        self.0.get(tag).cloned().unwrap_or_default()
    }

    /// Concepts that have any.
    pub fn all(&self) -> ConceptSet {
        self.0.values().fold(ConceptSet::new(), |all, own| all | own)
    }
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn the_tag_is_what_the_last_brackets_hold() {
        for (name, found) in [
            ("Heart structure (body structure)", Some("body structure")),
            ("Type 1 (juvenile) form (disorder)", Some("disorder")),
            ("Serum (substance) ", Some("substance")),
            ("No tag", None),
            ("Odd()", None),
            ("f(x)", None),
            ("(root)", None),
        ] {
            assert_eq!(tag(name), found, "{name}");
        }
    }
}

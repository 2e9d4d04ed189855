//! What rules are read as; how expressions fare under them is told by `tests/expressions.rs`, over a release.

use super::{Cardinality, cardinality};
use tern_index::build::CodeSystemBuilder;
use tern_index::model::CodeSystemHeader;
use tern_index::read::CodeSystemIndex;

/// An edition without concepts.
pub(super) fn empty() -> CodeSystemIndex {
    let header = CodeSystemHeader::new("http://snomed.info/sct", None, "test");
    let builder = CodeSystemBuilder::new(header, false);
    let (header, files, _) = builder.finish(&mut |_, problem| panic!("{problem:?}")).unwrap();
    CodeSystemIndex::open(header, &files).unwrap()
}

#[test]
fn an_edition_without_rules_has_no_concept_model() {
    assert!(super::concept_model(&empty()).is_none());
}

#[test]
fn cardinalities_are_read() {
    for (text, minimum, maximum) in [
        ("0..1", 0, Some(1)),
        ("1..*", 1, None),
        ("0..0", 0, Some(0)),
        ("often", 0, None),
    ] {
        assert_eq!(cardinality(text), Cardinality { minimum, maximum }, "{text}");
    }
}

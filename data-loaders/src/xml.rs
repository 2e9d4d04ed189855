//! What every reader of XML in the workspace needs and quick-xml leaves to its users: the letter of a reference.
//!
//! Entities that a document defines itself are none of its business: a DOCTYPE is refused, or passed over.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::BytesRef;

/// The letter of a reference: one of the five entities of XML, or a number. `None` for every other.
pub fn entity(reference: &BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(letter)) => Some(letter),
        _ => resolve_xml_entity(reference)?.chars().next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_those_of_xml_and_numbers() {
        let read = |text: &str| entity(&BytesRef::new(text.to_owned()));
        let five = ["amp", "lt", "gt", "quot", "apos"].map(read);
        assert_eq!(five, ['&', '<', '>', '"', '\''].map(Some));
        assert_eq!(["#233", "#xE9"].map(read), [Some('é'); 2]);
        assert_eq!(["eacute", "#x110000", "#", ""].map(read), [None; 4]);
    }
}

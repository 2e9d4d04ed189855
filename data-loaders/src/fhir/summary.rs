//! What a resource is, without building it: its type, names and status, read by walking over the rest.
//!
//! A recogniser asks this of every JSON file it meets, and a store lists thousands of resources by it.

use super::json::{self, JsonError, Node};

/// The elements that identify and describe a resource. What is absent, or not a string, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// `CodeSystem`, `ValueSet`...
    pub resource_type: Option<String>,
    /// FHIR logical id.
    pub id: Option<String>,
    /// Canonical URL.
    pub url: Option<String>,
    /// Business version.
    pub version: Option<String>,
    /// Computer-friendly name.
    pub name: Option<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Publication status code.
    pub status: Option<String>,
    /// FHIR date.
    pub date: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// How complete a code system is.
    pub content: Option<String>,
    /// What a code system supplements.
    pub supplements: Option<String>,
    /// What a naming system names.
    pub kind: Option<String>,
}

impl Summary {
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "resourceType" => &mut self.resource_type,
            "id" => &mut self.id,
            "url" => &mut self.url,
            "version" => &mut self.version,
            "name" => &mut self.name,
            "title" => &mut self.title,
            "status" => &mut self.status,
            "date" => &mut self.date,
            "publisher" => &mut self.publisher,
            "content" => &mut self.content,
            "supplements" => &mut self.supplements,
            "kind" => &mut self.kind,
            _ => return None,
        })
    }
}

/// Reads the summary of a resource from its JSON text.
pub fn read(bytes: &[u8]) -> Result<Summary, JsonError> {
    let mut summary = Summary::default();
    for (name, value) in json::members(bytes)? {
        if let Some(slot) = summary.slot(&name) {
            *slot = json::string_of(value).map(Into::into);
        }
    }
    Ok(summary)
}

/// Reads the summary of a tree that is there already.
pub fn of(node: &Node<'_>) -> Summary {
    let mut summary = Summary::default();
    for (name, value) in node.as_object().map(|object| object.members.as_slice()).unwrap_or_default() {
        if let Some(slot) = summary.slot(name) {
            *slot = value.as_str().map(str::to_owned);
        }
    }
    summary
}

/// What the beginning of a file says of its resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// It is a resource of this type.
    Resource(String),
    /// It is not a resource.
    Other,
    /// It may be one: its type is not among the bytes given.
    Unknown,
}

/// Looks for the resource type in the first bytes of a file, which may end anywhere.
pub fn head(bytes: &[u8]) -> Head {
    match json::find_in_head(bytes, "resourceType") {
        Ok(Some(found)) => Head::Resource(found),
        Err(true) => Head::Unknown,
        Ok(None) | Err(false) => Head::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_summary_ignores_what_is_nested() {
        let text = br#"{"contained":[{"resourceType":"ValueSet","id":"x"}],"id":"y","concept":[{"a\"b":[1,{"url":"no"}]}],
            "resourceType":"CodeSystem","url":"http://a","version":5}"#;
        let summary = read(text).unwrap();
        assert_eq!(summary.resource_type.as_deref(), Some("CodeSystem"));
        assert_eq!(summary.id.as_deref(), Some("y"));
        assert_eq!((summary.url.as_deref(), summary.version), (Some("http://a"), None));
    }

    #[test]
    fn a_head_is_enough_or_says_that_it_is_not() {
        let text = r#"{"id":"é","status":"active","resourceType":"ValueSet","url":"x"}"#.as_bytes();
        assert_eq!(head(text), Head::Resource("ValueSet".into()));
        let type_ends = text.windows(5).position(|window| window == b",\"url").unwrap();
        for cut in 0..type_ends {
            assert_eq!(head(&text[..cut]), Head::Unknown, "{cut}");
        }
        assert_eq!(head(&text[..type_ends]), Head::Resource("ValueSet".into()));
        for other in [&b"[1]"[..], b"hello", b"{\"a\":1}", b"\xff\xfe{"] {
            assert_eq!(head(other), Head::Other, "{}", String::from_utf8_lossy(other));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = (read(&bytes), head(&bytes));
        }

        #[test]
        fn walking_and_building_agree(text in "[\\{\\}\\[\\]\":,a-b0 ]{0,16}") {
            let text = format!("{{\"id\":\"i\",\"x\":{text}}}");
            if let Ok(node) = super::super::json::parse(text.as_bytes()) {
                prop_assert_eq!(read(text.as_bytes()).unwrap(), of(&node));
            }
        }
    }
}

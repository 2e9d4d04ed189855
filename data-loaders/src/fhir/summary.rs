//! What a resource is, without building it: its type, names and status, read by walking over the rest.
//!
//! A recogniser asks this of every JSON file it meets, and a store lists thousands of resources by it.

mod facets;

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
    /// What it is, in words.
    pub description: Option<String>,
    /// Language of the resource.
    pub language: Option<String>,
    /// Who is responsible for a naming system.
    pub responsible: Option<String>,
    /// `meta.lastUpdated`
    pub last_updated: Option<String>,
    /// Identifiers: system and value.
    pub identifiers: Vec<(Option<String>, String)>,
    /// Jurisdictions: system and code.
    pub jurisdictions: Vec<(Option<String>, String)>,
    /// What else searches look at.
    pub facets: Vec<Facet>,
}

/// A value of an element that few resources have and that searches look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Which element it is of.
    pub of: FacetOf,
    /// Values of one `useContext` have the same number.
    pub group: usize,
    /// The code system of a code, the type of a related artifact, the use of a telephone number.
    pub system: Option<String>,
    /// The value as text: a code, a URL, `number code` of a quantity, `start/end` of a period.
    pub value: String,
}

/// The elements of facets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FacetOf {
    /// `useContext.code`
    ContextType,
    /// `useContext.valueCodeableConcept`
    Context,
    /// `useContext.valueQuantity` and `valueRange`
    ContextQuantity,
    /// `relatedArtifact.resource`, with its type
    Related,
    /// `effectivePeriod`
    Effective,
    /// `topic`
    Topic,
    /// `expansion.identifier`
    Expansion,
    /// `ConceptMap.property.uri`
    MappingProperty,
    /// `contact.name`
    Contact,
    /// `contact.telecom`
    Telecom,
    /// `uniqueId.period`
    IdPeriod,
    /// `NamingSystem.type`
    SystemType,
    /// `meta.profile`
    Profile,
    /// `meta.tag`
    Tag,
    /// `meta.security`
    Security,
    /// `meta.source`
    Source,
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
            "description" => &mut self.description,
            "language" => &mut self.language,
            "responsible" => &mut self.responsible,
            _ => return None,
        })
    }

    /// Takes what is no string from the elements that matter; others change nothing.
    fn take(&mut self, name: &str, node: &Node<'_>) {
        let text = |node: &Node<'_>, name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
        let pair = |node: &Node<'_>, value: &str| Some((text(node, "system"), text(node, value)?));
        match name {
            "meta" => {
                self.last_updated = text(node, "lastUpdated");
                facets::of_meta(node, &mut self.facets);
            }
            "identifier" => self.identifiers = each(node).filter_map(|one| pair(one, "value")).collect(),
            "jurisdiction" => {
                let codings = each(node).filter_map(|concept| concept.get("coding")).flat_map(each);
                self.jurisdictions = codings.filter_map(|coding| pair(coding, "code")).collect();
            }
            name => facets::of(name, node, &mut self.facets),
        }
    }
}

/// The elements that are objects or lists of them.
const NESTED: [&str; 12] = [
    "meta",
    "identifier",
    "jurisdiction",
    "useContext",
    "relatedArtifact",
    "effectivePeriod",
    "topic",
    "expansion",
    "property",
    "contact",
    "uniqueId",
    "type",
];

/// The items of an array, or the one thing that stands for a list of one (`identifier` of older concept maps).
fn each<'n, 'a>(node: &'n Node<'a>) -> impl Iterator<Item = &'n Node<'a>> {
    match node {
        Node::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    }
    .iter()
}

/// Reads the summary of a resource from its JSON text.
pub fn read(bytes: &[u8]) -> Result<Summary, JsonError> {
    let mut summary = Summary::default();
    for (name, value) in json::members(bytes)? {
        if let Some(slot) = summary.slot(&name) {
            *slot = json::string_of(value).map(Into::into);
        } else if NESTED.contains(&name.as_ref()) {
            summary.take(&name, &json::parse(value.as_bytes())?);
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
        } else {
            summary.take(name, value);
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
        let text = br#"{"meta":{"lastUpdated":"2026-01-01"},"identifier":[{"system":"s","value":"v"},{"system":"no value"}],"contained":[{"resourceType":"ValueSet","id":"x"}],"id":"y","concept":[{"a\"b":[1,{"url":"no"}]}],
            "resourceType":"CodeSystem","url":"http://a","version":5}"#;
        let summary = read(text).unwrap();
        assert_eq!(summary.resource_type.as_deref(), Some("CodeSystem"));
        assert_eq!(summary.id.as_deref(), Some("y"));
        assert_eq!(summary.last_updated.as_deref(), Some("2026-01-01"));
        assert_eq!(summary.identifiers, [(Some("s".to_owned()), "v".to_owned())]);
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
            let text = format!("{{\"id\":\"i\",\"x\":{text},\"meta\":{text},\"identifier\":{text},\"jurisdiction\":{text}}}");
            if let Ok(node) = super::super::json::parse(text.as_bytes()) {
                prop_assert_eq!(read(text.as_bytes()).unwrap(), of(&node));
            }
        }
    }
}

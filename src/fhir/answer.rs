//! An answer: what it says, and what stands beside the body. It knows meanings; `http` makes them status and headers.

use serde_json::Value;

/// What became of a request that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was answered.
    Answered,
    /// A resource came to be.
    Created,
    /// It was done, and there is nothing to say.
    Silent,
    /// The client has the resource already.
    NotModified,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What became of the request.
    pub done: Done,
    /// A resource, or nothing.
    pub body: Option<Value>,
    /// Where a written resource is, with its version.
    pub location: Option<String>,
    /// The version of the resource, as an entity tag.
    pub tag: Option<String>,
    /// The instant of its last change, as in `meta.lastUpdated`.
    pub modified: Option<String>,
}

impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self {
            done: Done::Answered,
            body: Some(body),
            location: None,
            tag: None,
            modified: None,
        }
    }
}

/// What a request makes its answer depend on, from headers or from `Bundle.entry.request`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`: the version that is meant to be changed.
    pub if_match: Option<String>,
    /// `If-None-Match`: the versions that the client has; `*` for any.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since`: an HTTP date.
    pub if_modified_since: Option<String>,
    /// `If-None-Exist`: a search that must find nothing.
    pub if_none_exist: Option<String>,
    /// `Prefer: return=...`
    pub returning: Option<String>,
}

/// The weak entity tag of a version.
pub fn tag(version: &str) -> String {
    format!("W/\"{version}\"")
}

/// The versions in a list of entity tags (`W/"1", "2"`); `*` stays itself.
pub fn tagged(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .filter(|version| !version.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_weak_or_strong_or_bare() {
        let versions: Vec<&str> = tagged("W/\"3\", \"4\" , 5,*,").collect();
        assert_eq!(versions, ["3", "4", "5", "*"]);
        assert_eq!(tagged(&tag("7")).collect::<Vec<_>>(), ["7"]);
    }
}

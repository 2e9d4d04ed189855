//! Language tags (BCP 47, `urn:ietf:bcp:47`): subtags in the order of RFC 5646, each registered with IANA.
//!
//! A tag is a code in the usual case only (`en-US`, not `en-us`): codes differ by case where a code system does not
//! say otherwise, and other servers hold to that.

use super::{Grammar, Named, rows};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Language tags.
pub(super) struct Languages;

/// What is registered of a subtag.
#[derive(Debug)]
struct Subtag {
    /// The language that an extended language needs before it.
    prefix: &'static str,
    descriptions: Vec<&'static str>,
}

/// Registered subtags by kind (the first letter of its name).
static REGISTRY: LazyLock<BTreeMap<(&'static str, &'static str), Subtag>> = LazyLock::new(|| {
    let mut registry = BTreeMap::new();
    for row in rows(include_str!("languages.tsv")) {
        if let [kind, subtag, prefix, descriptions @ ..] = row.as_slice() {
            let known = Subtag {
                prefix,
                descriptions: descriptions.to_vec(),
            };
            registry.insert((*kind, *subtag), known);
        }
    }
    registry
});

/// Ranges that are registered for private use.
const PRIVATE: [(&str, &str, &str); 6] = [
    ("l", "qaa", "qtz"),
    ("s", "Qaaa", "Qabx"),
    ("r", "AA", "AA"),
    ("r", "QM", "QZ"),
    ("r", "XA", "XZ"),
    ("r", "ZZ", "ZZ"),
];

fn find(kind: &'static str, subtag: &str) -> Option<Vec<String>> {
    // The registry's own rows for ranges (`qaa..qtz`) are no subtags.
    if let Some(known) = REGISTRY.get(&(kind, subtag)).filter(|_| !subtag.contains('.')) {
        return Some(known.descriptions.iter().map(|text| (*text).to_owned()).collect());
    }
    let same_shape = |from: &str| {
        from.len() == subtag.len()
            && from
                .bytes()
                .zip(subtag.bytes())
                .all(|(a, b)| a.is_ascii_uppercase() == b.is_ascii_uppercase())
    };
    let mut ranges = PRIVATE.iter().filter(|(range, from, _)| *range == kind && same_shape(from));
    let letters = subtag.bytes().all(|byte| byte.is_ascii_alphabetic());
    let private = letters && ranges.any(|(_, from, to)| *from <= subtag && subtag <= *to);
    private.then(|| vec![format!("Private use ({subtag})")])
}

/// Regions that have a number in place of letters.
pub(super) fn numeric_regions() -> impl Iterator<Item = (&'static str, &'static str)> {
    let numeric = REGISTRY
        .iter()
        .filter(|((kind, subtag), _)| *kind == "r" && subtag.starts_with(|c: char| c.is_ascii_digit()));
    numeric.filter_map(|((_, subtag), known)| Some((*subtag, *known.descriptions.first()?)))
}

/// A tag, taken apart. Each part has its subtag and its names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tag {
    language: Option<Vec<String>>,
    extended: Vec<String>,
    script: Option<Vec<String>>,
    region: Option<Vec<String>>,
    variants: Vec<String>,
    extensions: Vec<String>,
    private: Option<String>,
}

fn is_alphanumeric(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

impl Tag {
    fn parse(code: &str) -> Option<Self> {
        let mut subtags = code.split('-').peekable();
        let mut tag = Self::default();
        if code.starts_with("x-") {
            tag.private = Some(private_use(&mut subtags)?);
            return Some(tag);
        }
        let language = subtags.next().filter(|first| first.len() > 1)?;
        tag.language = Some(find("l", language)?);
        if let Some(extended) = subtags.next_if(|next| next.len() == 3 && REGISTRY.contains_key(&("e", *next))) {
            let known = REGISTRY.get(&("e", extended)).filter(|known| known.prefix == language)?;
            tag.extended.extend(known.descriptions.first().map(|text| (*text).to_owned()));
        }
        if let Some(script) = subtags.next_if(|next| next.len() == 4 && next.starts_with(|c: char| c.is_ascii_uppercase())) {
            tag.script = Some(find("s", script)?);
        }
        if let Some(region) =
            subtags.next_if(|next| next.len() == 2 || (next.len() == 3 && next.bytes().all(|b| b.is_ascii_digit())))
        {
            tag.region = Some(find("r", region)?);
        }
        while let Some(variant) = subtags.next_if(|next| next.len() > 1) {
            let name = find("v", variant)?.into_iter().next()?;
            if tag.variants.contains(&name) {
                return None;
            }
            tag.variants.push(name);
        }
        while let Some(singleton) = subtags.next_if(|next| is_alphanumeric(next, 1..=1) && *next != "x") {
            let mut extension = singleton.to_owned();
            while let Some(part) = subtags.next_if(|next| is_alphanumeric(next, 2..=8)) {
                extension = format!("{extension}-{part}");
            }
            let repeated = tag.extensions.iter().any(|other| other.starts_with(singleton));
            if extension.len() == 1 || repeated {
                return None;
            }
            tag.extensions.push(extension);
        }
        if subtags.peek() == Some(&"x") {
            tag.private = Some(private_use(&mut subtags)?);
        }
        subtags.next().is_none().then_some(tag)
    }

    /// What the tag says: the language with the region in brackets; where it says more, each part by its kind.
    fn names(&self) -> Vec<String> {
        let Some(languages) = &self.language else {
            return self
                .private
                .iter()
                .map(|private| format!("Private use ({private})"))
                .collect();
        };
        let first = |part: &Option<Vec<String>>| part.as_ref().and_then(|names| names.first().cloned());
        let (script, region) = (first(&self.script), first(&self.region));
        let mut parts: Vec<(&str, String)> = Vec::new();
        parts.extend(self.extended.iter().map(|name| ("ExtLang", name.clone())));
        parts.extend(script.map(|name| ("Script", name)));
        let plain = parts.is_empty() && self.variants.is_empty() && self.extensions.is_empty() && self.private.is_none();
        parts.extend(region.clone().map(|name| ("Region", name)));
        parts.extend(self.variants.iter().map(|name| ("Variant", name.clone())));
        parts.extend(self.extensions.iter().map(|name| ("Extension", name.clone())));
        parts.extend(self.private.iter().map(|name| ("PrivateUse", name.clone())));
        let spelled: Vec<String> = parts.iter().map(|(kind, name)| format!("{kind}={name}")).collect();
        let mut names = Vec::new();
        for language in languages {
            match (&region, plain) {
                (Some(region), true) => {
                    names.push(format!("{language} ({region})"));
                    names.push(format!("{language} ({})", spelled.join(", ")));
                }
                (None, true) => names.push(language.clone()),
                _ => names.push(format!("{language} ({})", spelled.join(", "))),
            }
        }
        names
    }

    fn has(&self, part: &str) -> Option<bool> {
        Some(match part {
            "language" => self.language.is_some(),
            "ext-lang" => !self.extended.is_empty(),
            "script" => self.script.is_some(),
            "region" => self.region.is_some(),
            "variant" => !self.variants.is_empty(),
            "extension" => !self.extensions.is_empty(),
            "private-use" => self.private.is_some(),
            _ => return None,
        })
    }
}

fn private_use<'t>(subtags: &mut impl Iterator<Item = &'t str>) -> Option<String> {
    let parts: Vec<&str> = subtags.skip(1).collect();
    (!parts.is_empty() && parts.iter().all(|part| is_alphanumeric(part, 1..=8))).then(|| parts.join("-"))
}

impl Grammar for Languages {
    fn url(&self) -> &'static str {
        "urn:ietf:bcp:47"
    }

    fn name(&self) -> &'static str {
        "Languages"
    }

    fn title(&self) -> &'static str {
        "Language tags (BCP 47)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        let names = match Tag::parse(code) {
            Some(tag) => tag.names(),
            None => find("g", code).ok_or(None)?,
        };
        let mut names = names.into_iter();
        Ok(Named {
            display: names.next(),
            terms: names.collect(),
            ..Named::default()
        })
    }

    fn in_use(&self) -> &'static [&'static str] {
        &[
            "http://terminology.hl7.org/ValueSet/Languages",
            "http://hl7.org/fhir/ValueSet/languages",
        ]
    }

    fn filters(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("language", &["exists"]),
            ("ext-lang", &["exists"]),
            ("script", &["exists"]),
            ("region", &["exists"]),
            ("variant", &["exists"]),
            ("extension", &["exists"]),
            ("private-use", &["exists"]),
        ]
    }

    fn passes(&self, code: &str, filter: &str, operator: &str, value: &str) -> Option<Result<(), String>> {
        // A grandfathered tag has no parts.
        let has = Tag::parse(code).unwrap_or_default().has(filter)?;
        let wanted = match (operator, value) {
            ("exists", "true") => true,
            ("exists", "false") => false,
            _ => return None,
        };
        Some(match (has, wanted) {
            (true, false) => Err(format!("The language code {code} contains a {filter}, and it is not allowed")),
            (false, true) => Err(format!(
                "The language code {code} does not contain a {filter}, and it is required"
            )),
            _ => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_named_by_their_parts() {
        for (code, display) in [
            ("en", "English"),
            ("en-US", "English (United States)"),
            (
                "zh-Hant-TW",
                "Chinese (Script=Han (Traditional variant), Region=Taiwan, Province of China)",
            ),
            ("es-419", "Spanish (Latin America and the Caribbean)"),
            ("zh-yue", "Chinese (ExtLang=Yue Chinese)"),
            (
                "de-CH-1996",
                "German (Region=Switzerland, Variant=German orthography of 1996)",
            ),
            ("en-x-mine", "English (PrivateUse=mine)"),
            ("en-u-ca-gregory", "English (Extension=u-ca-gregory)"),
            ("x-whatever", "Private use (whatever)"),
            ("i-klingon", "Klingon"),
            ("qab", "Private use (qab)"),
        ] {
            assert_eq!(Languages.read(code).unwrap().display.as_deref(), Some(display), "{code}");
        }
        assert_eq!(Languages.read("en-US").unwrap().terms, ["English (Region=United States)"]);
    }

    #[test]
    fn what_is_not_registered_or_in_the_usual_case_is_no_code() {
        for code in [
            "en-us",
            "EN",
            "en-Latin",
            "en-latn",
            "xx-XX",
            "en-",
            "-en",
            "en--US",
            "en-US-US",
            "en-1996-1996",
            "en-a",
            "x",
            "x-",
            "fr-yue",
            "qaa..qtz",
            "toolongtag",
        ] {
            assert!(Languages.read(code).is_err(), "{code}");
        }
    }

    #[test]
    fn parts_can_be_asked_for() {
        let passes = |code, filter, value| Languages.passes(code, filter, "exists", value).unwrap().is_ok();
        assert!(passes("en-US", "region", "true") && !passes("en-US", "region", "false"));
        assert!(passes("en", "script", "false") && !passes("en", "variant", "true"));
        assert!(Languages.passes("en", "region", "=", "US").is_none());
    }
}

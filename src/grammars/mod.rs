//! Code systems whose codes follow a rule instead of standing in a list: units, language tags, media types, URIs,
//! variants of genes; and the short public lists that come with every server: countries, currencies, areas of the world.
//!
//! A grammar says whether a text is a code, what it is called, and whether it passes the filters that the code system
//! defines. It knows nothing of indexes, value sets or FHIR: the service makes indexes of the codes that a request
//! speaks of.

mod countries;
mod hgvs;
mod languages;
mod media_types;
pub mod ucum;
mod uris;

use std::borrow::Cow;

/// What a code is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Its display; `None` where it has none but itself.
    pub display: Option<String>,
    /// Other terms, in English.
    pub terms: Vec<String>,
    /// Whether its meaning is the user's: no display is wrong.
    pub open: bool,
    /// Properties that are codes: name and value.
    pub properties: Vec<(&'static str, &'static str)>,
}

/// A code system with a rule.
pub trait Grammar: Sync {
    /// The canonical URL.
    fn url(&self) -> &'static str;
    /// The version, where there is one.
    fn version(&self) -> Option<&'static str> {
        None
    }
    /// A name for programs.
    fn name(&self) -> &'static str;
    /// A title for people.
    fn title(&self) -> &'static str;
    /// Reads a code; the error says what is wrong with it, where more can be said than that it is none.
    fn read(&self, code: &str) -> Result<Named, Option<String>>;
    /// All codes, where they are finitely many.
    fn all(&self) -> Option<Vec<Cow<'static, str>>> {
        None
    }
    /// Value sets of codes in use, to show in place of infinitely many; the first that is loaded counts.
    fn in_use(&self) -> &'static [&'static str] {
        &[]
    }
    /// Filters it defines besides those on codes: name and operators.
    fn filters(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }
    /// Whether a code passes such a filter; the error says why not. `None` where the filter is not defined.
    fn passes(&self, _code: &str, _filter: &str, _operator: &str, _value: &str) -> Option<Result<(), String>> {
        None
    }
}

/// All of them.
pub static ALL: [&dyn Grammar; 8] = [
    &ucum::Ucum,
    &languages::Languages,
    &countries::Countries,
    &countries::Currencies,
    &countries::Areas,
    &media_types::MediaTypes,
    &uris::Uris,
    &hgvs::Variants,
];

/// The grammar of a code system.
pub fn by_url(url: &str) -> Option<&'static dyn Grammar> {
    ALL.into_iter().find(|grammar| grammar.url() == url)
}

/// The rows of a table of this folder: fields between tabs, comments behind `#`.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split('\t').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_grammar_reads_its_own_codes() {
        for grammar in ALL {
            for code in grammar.all().unwrap_or_default() {
                assert!(grammar.read(&code).is_ok(), "{} {code}", grammar.url());
            }
            assert!(
                grammar.read("").is_err() && grammar.read("no code\u{0}").is_err(),
                "{}",
                grammar.url()
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(code in "\\PC{0,20}", value in "\\PC{0,6}") {
            for grammar in ALL {
                let _ = grammar.read(&code);
                for (filter, operators) in grammar.filters() {
                    for operator in *operators {
                        let _ = grammar.passes(&code, filter, operator, &value);
                    }
                }
            }
        }
    }
}

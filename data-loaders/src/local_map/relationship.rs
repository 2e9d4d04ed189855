//! The words by which local maps state how source and target relate, and what they mean here.
//!
//! A bare word describes the *target*, as in FHIR R4 and SKOS: `broader` says that the target is broader. Words of
//! R5 name both sides and need no rule. Case, spaces, `_`, `-` and a prefix such as `skos:` do not matter.
//!
//! | relationship | words |
//! |---|---|
//! | equivalent | `equivalent` `equal` `exact` `exact match` `same` `same as` `identical` `equivalent class` `equivalent property` `=` `==` `≡` |
//! | source-is-narrower-than-target | itself, `wider` `subsumes` `broad` `broader` `broad match` `broader transitive` `is a` `subclass of` `subproperty of` `<` |
//! | source-is-broader-than-target | itself, `narrower` `specializes` `specialises` `narrow` `narrow match` `narrower transitive` `superclass of` `>` |
//! | related-to | itself, `related` `relatedto` `related match` `close` `close match` `inexact` `approximate` `partial` `similar` `see also` `has db xref` `~` `≈` |
//! | not-related-to | itself, `disjoint` `different` `different from` `not equivalent` `!=` `<>` `≠` |
//! | no target | `unmatched` `unmapped` `no map` `no match` `none` `not mapped` `no term found` |
//!
//! Words for "no target" on a row that has a target code say that the two are not related (R4 `unmatched`).

use tern_index::model::Relationship;

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The source relates to its target like this.
    Is(Relationship),
    /// There is no target.
    NoTarget,
}

const WORDS: &[(Word, &[&str])] = &[
    (
        Word::Is(Relationship::Equivalent),
        &[
            "equivalent",
            "equivalentto",
            "equal",
            "equals",
            "exact",
            "exactmatch",
            "same",
            "sameas",
            "identical",
            "equivalentclass",
            "equivalentproperty",
            "=",
            "==",
            "≡",
        ],
    ),
    (
        Word::Is(Relationship::SourceIsNarrowerThanTarget),
        &[
            "sourceisnarrowerthantarget",
            "wider",
            "subsumes",
            "broad",
            "broader",
            "broadmatch",
            "broadertransitive",
            "isa",
            "subclassof",
            "subpropertyof",
            "<",
        ],
    ),
    (
        Word::Is(Relationship::SourceIsBroaderThanTarget),
        &[
            "sourceisbroaderthantarget",
            "narrower",
            "specializes",
            "specialises",
            "narrow",
            "narrowmatch",
            "narrowertransitive",
            "superclassof",
            ">",
        ],
    ),
    (
        Word::Is(Relationship::RelatedTo),
        &[
            "relatedto",
            "related",
            "relatedmatch",
            "close",
            "closematch",
            "inexact",
            "approximate",
            "partial",
            "similar",
            "seealso",
            "hasdbxref",
            "~",
            "≈",
        ],
    ),
    (
        Word::Is(Relationship::NotRelatedTo),
        &[
            "notrelatedto",
            "disjoint",
            "disjointwith",
            "different",
            "differentfrom",
            "notequivalent",
            "!=",
            "<>",
            "≠",
        ],
    ),
    (
        Word::NoTarget,
        &[
            "unmatched",
            "unmapped",
            "nomap",
            "nomatch",
            "none",
            "notmapped",
            "notermfound",
        ],
    ),
];

/// Vocabularies whose prefix or namespace may stand before a word.
const NAMESPACES: &[&str] = &[
    "http://www.w3.org/2004/02/skos/core#",
    "http://www.w3.org/2002/07/owl#",
    "http://www.w3.org/2000/01/rdf-schema#",
    "http://www.geneontology.org/formats/oboInOwl#",
    "https://w3id.org/sssom/",
    "skos:",
    "owl:",
    "rdfs:",
    "oboInOwl:",
    "sssom:",
];

/// Reads a word of the table above.
pub fn parse(text: &str) -> Option<Word> {
    let bare = NAMESPACES
        .iter()
        .find_map(|namespace| text.strip_prefix(namespace))
        .unwrap_or(text);
    let folded: String = bare
        .chars()
        .filter(|character| !matches!(character, ' ' | '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect();
    WORDS
        .iter()
        .find(|(_, words)| words.contains(&folded.as_str()))
        .map(|(word, _)| *word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Relationship::*;

    #[test]
    fn words_of_all_vocabularies_are_read() {
        for (text, relationship) in [
            ("equivalent", Equivalent),
            ("EQUAL", Equivalent),
            ("skos:exactMatch", Equivalent),
            ("http://www.w3.org/2004/02/skos/core#exactMatch", Equivalent),
            ("owl:equivalentClass", Equivalent),
            ("=", Equivalent),
            ("source-is-narrower-than-target", SourceIsNarrowerThanTarget),
            ("wider", SourceIsNarrowerThanTarget),
            ("broader", SourceIsNarrowerThanTarget),
            ("skos:broadMatch", SourceIsNarrowerThanTarget),
            ("source_is_broader_than_target", SourceIsBroaderThanTarget),
            ("narrower", SourceIsBroaderThanTarget),
            ("skos:narrowMatch", SourceIsBroaderThanTarget),
            ("skos:closeMatch", RelatedTo),
            ("relatedto", RelatedTo),
            ("disjoint", NotRelatedTo),
        ] {
            assert_eq!(parse(text), Some(Word::Is(relationship)), "{text}");
        }
        assert_eq!(parse("No Map"), Some(Word::NoTarget));
        assert_eq!(parse("sssom:NoTermFound"), Some(Word::NoTarget));
        assert_eq!(parse("perhaps"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn every_fhir_code_of_both_versions_means_what_fhir_says() {
        for relationship in Relationship::ALL {
            assert_eq!(parse(relationship.as_str()), Some(Word::Is(relationship)));
        }
        for code in [
            "relatedto",
            "equivalent",
            "equal",
            "wider",
            "subsumes",
            "narrower",
            "specializes",
            "inexact",
            "disjoint",
        ] {
            assert_eq!(parse(code), Relationship::from_r4_equivalence(code).map(Word::Is), "{code}");
        }
    }
}

//! A code system version with the supplements that apply: what an operation reads concepts through.
//!
//! Supplements add terms, properties and extensions; they never add concepts. The index underneath answers all
//! that they cannot change. Choosing a term for the languages asked for happens here, for all operations.

use super::extension;
use super::language::Languages;
use super::postcoordinated::SNOMED;
use crate::ecl::dialects::language_reference_set;
use std::sync::Arc;
use tern_index::model::{Acceptability, Canonical, Content, Designation, DesignationKind, Ordinal, PropertyValue};
use tern_index::read::CodeSystemIndex;

/// A code system version and what supplements it.
#[derive(Debug, Clone)]
pub struct View {
    /// The code system.
    pub index: Arc<CodeSystemIndex>,
    /// Supplements, in the order in which they were asked for.
    pub supplements: Vec<Arc<CodeSystemIndex>>,
}

/// A term with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The designation; its language is filled in from the code system where it has none.
    pub designation: Designation,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
    /// The supplement it comes from, if it comes from one.
    pub source: Option<Canonical>,
}

/// A property with its extensions.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptProperty {
    /// Its code.
    pub code: String,
    /// Its value.
    pub value: PropertyValue,
    /// Extensions as a JSON array.
    pub extensions: Option<String>,
}

/// A display chosen for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// The text.
    pub text: String,
    /// Its language, if known.
    pub language: Option<String>,
    /// Whether it is the concept's own display, not another term in the language asked for.
    pub is_default: bool,
}

impl View {
    /// A code system without supplements.
    pub fn plain(index: Arc<CodeSystemIndex>) -> Self {
        Self {
            index,
            supplements: Vec::new(),
        }
    }

    /// The canonical URL.
    pub fn url(&self) -> &str {
        &self.index.header().url
    }

    /// The version.
    pub fn version(&self) -> Option<&str> {
        self.index.header().version.as_deref()
    }

    /// URL and version.
    pub fn canonical(&self) -> Canonical {
        self.index.header().canonical()
    }

    /// Whether its content is a part of what it stands for, so that a code it lacks may still exist.
    pub fn is_fragment(&self) -> bool {
        matches!(self.index.header().content, Content::Fragment | Content::Example)
    }

    /// The same concept in each supplement that speaks of it.
    fn additions(&self, concept: Ordinal) -> impl Iterator<Item = (&CodeSystemIndex, Ordinal)> {
        let code = self.index.code(concept);
        let found = self
            .supplements
            .iter()
            .map(move |supplement| (supplement.as_ref(), supplement.find(code)));
        found.filter_map(|(supplement, concept)| Some((supplement, concept?)))
    }

    /// All terms in use, the display first, definitions left out.
    pub fn terms(&self, concept: Ordinal) -> Vec<Term> {
        let mut terms = terms_of(&self.index, concept, None);
        for (supplement, concept) in self.additions(concept) {
            terms.extend(terms_of(supplement, concept, Some(supplement.header().canonical())));
        }
        terms
    }

    /// The display in the best language asked for, else the concept's own.
    pub fn display(&self, concept: Ordinal, languages: Option<&Languages>) -> Option<Display> {
        let header = self.index.header();
        // The usual case reads one term and copies nothing else.
        let own = self
            .index
            .designation_numbers(concept)
            .find(|number| self.index.designation_kind(*number) == DesignationKind::Display);
        let own_language = own
            .and_then(|number| self.index.designation_language(number))
            .or(header.language.as_deref());
        let default = || {
            own.map(|number| Display {
                text: self.index.designation_text(number).into_owned(),
                language: own_language.map(str::to_owned),
                is_default: true,
            })
        };
        let Some(languages) = languages.filter(|languages| !languages.is_empty() || languages.refuses_others()) else {
            return default();
        };
        match self.best_term(concept, languages) {
            Some(display) => Some(display),
            // A display whose language nobody stated may be in the one asked for.
            None if languages.refuses_others() && own_language.is_some() => None,
            None => default(),
        }
    }

    fn best_term(&self, concept: Ordinal, languages: &Languages) -> Option<Display> {
        let mut best: Option<(usize, u8, usize, Term)> = None;
        for (place, term) in self.terms(concept).into_iter().enumerate() {
            let Some((rank, class)) = suitability(&term, languages) else {
                continue;
            };
            if best
                .as_ref()
                .is_none_or(|(own, kind, before, _)| (rank, class, place) < (*own, *kind, *before))
            {
                best = Some((rank, class, place, term));
            }
        }
        best.map(|(_, _, _, term)| Display {
            is_default: term.designation.kind == DesignationKind::Display && term.source.is_none(),
            text: term.designation.value,
            language: term.designation.language,
        })
    }

    /// The definition.
    pub fn definition(&self, concept: Ordinal) -> Option<String> {
        let own = self.index.definition(concept).map(|text| text.into_owned());
        own.or_else(|| {
            let mut added = self.additions(concept);
            added.find_map(|(supplement, concept)| supplement.definition(concept).map(|text| text.into_owned()))
        })
    }

    /// All properties, those of supplements after the code system's own.
    pub fn properties(&self, concept: Ordinal) -> Vec<ConceptProperty> {
        let mut properties = properties_of(&self.index, concept);
        for (supplement, concept) in self.additions(concept) {
            properties.extend(properties_of(supplement, concept));
        }
        properties
    }

    /// The formal identifier of a property.
    pub fn property_uri(&self, code: &str) -> Option<String> {
        let indexes = std::iter::once(&self.index).chain(&self.supplements);
        let mut declared = indexes.flat_map(|index| &index.header().properties);
        let found = declared.find(|property| property.code == code && property.uri.is_some());
        // Attributes of SNOMED CT are concepts, and these have URIs.
        let attribute = self.url() == SNOMED && code.bytes().all(|byte| byte.is_ascii_digit());
        found.map_or_else(
            || attribute.then(|| format!("http://snomed.info/id/{code}")),
            |property| property.uri.clone(),
        )
    }

    /// Whether a property is known: declared by the code system or a supplement.
    pub fn has_property(&self, code: &str) -> bool {
        self.index.has_property(code) || self.supplements.iter().any(|supplement| supplement.has_property(code))
    }

    /// The code of the property that plays a standard part (`http://hl7.org/fhir/concept-properties#status`), by its
    /// URI and only then by its usual code.
    pub fn standard_property<'v>(&'v self, name: &'v str) -> &'v str {
        let declared = self.index.header().properties.iter().find(|property| {
            let uri = property.uri.as_deref().unwrap_or("");
            uri.strip_prefix("http://hl7.org/fhir/concept-properties#") == Some(name)
        });
        declared.map_or(name, |property| &property.code)
    }

    /// Extensions of a concept, those of the code system first.
    pub fn extensions(&self, concept: Ordinal) -> Option<String> {
        let mut extensions = self.index.extensions(concept).map(str::to_owned);
        for (supplement, concept) in self.additions(concept) {
            extensions = extension::join(extensions, supplement.extensions(concept).map(str::to_owned));
        }
        extensions
    }

    /// The status of a concept: its status property, else its standards status.
    pub fn status(&self, concept: Ordinal) -> Option<String> {
        if let Some(status) = self.index.property_text(concept, self.standard_property("status")) {
            return Some(status.to_owned());
        }
        extension::value(self.index.extensions(concept), extension::STANDARDS_STATUS).or_else(|| {
            // SNOMED CT has no property for it: a concept is in use or not.
            let retired = self.url() == SNOMED && !self.index.is_active(concept);
            retired.then(|| "inactive".to_owned())
        })
    }

    /// Whether the concept's use is discouraged without it being retired.
    pub fn is_deprecated(&self, concept: Ordinal) -> bool {
        self.index.is_active(concept) && self.status(concept).is_some_and(|status| status == "deprecated")
    }
}

/// How well a term serves: the rank of its language, then dialect and kind. `None` when its language does not.
fn suitability(term: &Term, languages: &Languages) -> Option<(usize, u8)> {
    let designation = &term.designation;
    let dialects = || languages.tags().filter_map(language_reference_set).enumerate();
    for (rank, dialect) in dialects() {
        let preferred = designation
            .acceptability
            .iter()
            .any(|(name, acceptability)| *name == dialect && *acceptability == Acceptability::Preferred);
        if preferred && designation.kind != DesignationKind::FullySpecifiedName {
            return Some((rank, 0));
        }
    }
    let rank = languages.rank(designation.language.as_deref()?)?;
    let preferred_for_language = designation
        .use_
        .as_ref()
        .is_some_and(|use_| matches!(use_.code.as_str(), "preferredForLanguage" | "display"));
    let preferred_somewhere = designation
        .acceptability
        .iter()
        .any(|(_, acceptability)| *acceptability == Acceptability::Preferred);
    let class = match designation.kind {
        DesignationKind::Display => 1,
        _ if preferred_for_language => 1,
        DesignationKind::Synonym if preferred_somewhere => 2,
        DesignationKind::Synonym => 3,
        DesignationKind::FullySpecifiedName => 4,
        DesignationKind::Related | DesignationKind::Definition => return None,
    };
    Some((rank, class))
}

fn terms_of(index: &CodeSystemIndex, concept: Ordinal, source: Option<Canonical>) -> Vec<Term> {
    let default = index.header().language.as_deref();
    let numbers = index.designation_numbers(concept);
    let shown = numbers
        .filter(|number| index.designation_kind(*number) != DesignationKind::Definition && index.designation_is_active(*number));
    shown
        .map(|number| {
            let mut designation = index.designation(number);
            if designation.language.is_none() && designation.kind == DesignationKind::Display {
                designation.language = default.map(str::to_owned);
            }
            Term {
                designation,
                extensions: index.designation_extensions(number).map(str::to_owned),
                source: source.clone(),
            }
        })
        .collect()
}

fn properties_of(index: &CodeSystemIndex, concept: Ordinal) -> Vec<ConceptProperty> {
    let extensions = index.property_extensions(concept);
    let properties = index.properties(concept).into_iter().zip(extensions);
    properties
        .map(|(property, extensions)| ConceptProperty {
            code: property.code,
            value: property.value,
            extensions: extensions.map(str::to_owned),
        })
        .collect()
}

//! One entry of an expansion: display, further terms, properties and extensions of a concept.
//!
//! What a value set says of an enumerated code (display, designations, label, order) goes before what the code
//! system says.

use super::{ContainsProperty, ExpansionContains, ExpansionDesignation, ExpansionProperty};
use crate::service::Parameters;
use crate::service::code_system::{Display, Term, View};
use crate::service::extension;
use crate::service::language::Languages;
use crate::service::postcoordinated::{SNOMED, understand};
use crate::service::snomed_properties;
use crate::service::use_context;
use crate::service::value_set::{Part, Used};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::{Coding, DesignationKind, Ordinal, PropertyValue};
use tern_index::value_set::{ConceptReference, ValueSet};

const STANDARD: &str = "http://hl7.org/fhir/concept-properties#";

/// Extensions of a concept in a code system that its entry shows.
const OF_CODE_SYSTEM: &[&str] = &[extension::RENDERING_STYLE, extension::RENDERING_XHTML];
/// Extensions of an enumerated code that its entry shows.
const OF_REFERENCE: &[&str] = &[
    extension::DEPRECATED,
    extension::CONCEPT_DEFINITION,
    extension::RENDERING_STYLE,
    extension::RENDERING_XHTML,
    extension::STANDARDS_STATUS,
];
/// Extensions of a designation that stay with it.
const OF_DESIGNATION: &[&str] = &[extension::DESCRIPTION_ID, extension::STANDARDS_STATUS];

/// Makes entries and remembers which properties they carry.
pub struct Entries<'e> {
    languages: Option<&'e Languages>,
    designations: bool,
    wanted_designations: Vec<Wanted<'e>>,
    all_properties: bool,
    wanted: BTreeSet<&'e str>,
    versioned: BTreeSet<String>,
    carried: BTreeMap<String, Option<String>>,
}

/// A kind of designation asked for.
enum Wanted<'w> {
    Language(&'w str),
    Use(Option<&'w str>, &'w str),
}

impl<'w> Wanted<'w> {
    fn parse(text: &'w str) -> Self {
        match text.split_once('|') {
            Some(("urn:ietf:bcp:47", tag)) => Self::Language(tag),
            Some((system, code)) => Self::Use(Some(system), code),
            None => Self::Use(None, text),
        }
    }

    fn accepts(&self, tag: Option<&str>, use_: Option<&Coding>) -> bool {
        match self {
            Self::Language(wanted) => tag.is_some_and(|tag| tag.eq_ignore_ascii_case(wanted)),
            Self::Use(system, code) => {
                use_.is_some_and(|use_| use_.code == *code && system.is_none_or(|system| use_.system.as_deref() == Some(system)))
            }
        }
    }
}

impl<'e> Entries<'e> {
    /// Prepares for one expansion.
    pub fn new(value_set: &'e ValueSet, parameters: &'e Parameters, languages: Option<&'e Languages>, used: &Used) -> Self {
        let stated = value_set.compose.iter().flat_map(|compose| &compose.properties);
        let wanted: BTreeSet<&str> = parameters.properties.iter().chain(stated).map(String::as_str).collect();
        // A version is worth showing where codes of one system may come from several.
        let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
        for canonical in used.systems.keys() {
            *versions.entry(&canonical.url).or_default() += 1;
        }
        let several = used
            .stated
            .iter()
            .filter(|(_, stated)| stated.len() > 1)
            .map(|(url, _)| url.clone());
        let used_several = versions
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(url, _)| (*url).to_owned());
        Self {
            languages,
            designations: parameters.include_designations == Some(true),
            wanted_designations: parameters.designations.iter().map(|text| Wanted::parse(text)).collect(),
            all_properties: wanted.contains("*"),
            wanted,
            versioned: several.chain(used_several).collect(),
            carried: BTreeMap::new(),
        }
    }

    /// The properties that entries made so far carry.
    pub fn properties(self) -> Vec<ExpansionProperty> {
        let carried = self.carried.into_iter();
        carried.map(|(code, uri)| ExpansionProperty { code, uri }).collect()
    }

    /// The entry of a concept.
    pub fn entry(&mut self, part: &Part, concept: Ordinal) -> ExpansionContains {
        let (view, reference) = (&part.view, part.reference(concept));
        let display = self.display(view, concept, reference);
        let properties = self.properties_of(view, concept, reference);
        ExpansionContains {
            system: Some(view.url().to_owned()),
            version: self
                .versioned
                .contains(view.url())
                .then(|| view.version().map(str::to_owned))
                .flatten(),
            code: Some(view.index.code(concept).to_owned()),
            abstract_: view.index.is_not_selectable(concept),
            inactive: !view.index.is_active(concept),
            designations: self.designations_of(view, concept, reference, display.as_ref()),
            properties,
            extensions: extensions_of(view, concept, reference),
            display: display.map(|display| display.text),
            contains: Vec::new(),
        }
    }

    /// The entry of an expression.
    pub fn expression(&self, part: &Part, reference: &ConceptReference) -> ExpansionContains {
        let view = &part.view;
        let display = reference.display.clone().or_else(|| match understand(view, &reference.code) {
            Some(Ok(understood)) => Some(understood.display(view, self.languages)),
            _ => None,
        });
        let version = view.version().filter(|_| self.versioned.contains(view.url()));
        ExpansionContains {
            system: Some(view.url().to_owned()),
            version: version.map(str::to_owned),
            code: Some(reference.code.clone()),
            display,
            ..ExpansionContains::default()
        }
    }

    /// The display that the value set gives, unless another language is asked for that somebody has a term in.
    fn display(&self, view: &View, concept: Ordinal, reference: Option<&ConceptReference>) -> Option<Display> {
        let (Some(languages), Some(reference)) = (self.languages, reference) else {
            let given = reference.and_then(|reference| reference.display.clone());
            return given
                .map(|text| Display {
                    text,
                    language: None,
                    is_default: false,
                })
                .or_else(|| view.display(concept, self.languages));
        };
        let designations = reference.designations.iter();
        let ranked = designations.filter_map(|designation| {
            let tag = designation.language.as_deref()?;
            Some((languages.rank(tag)?, designation))
        });
        if let Some((_, designation)) = ranked.min_by_key(|(rank, _)| *rank) {
            return Some(Display {
                text: designation.value.clone(),
                language: designation.language.clone(),
                is_default: false,
            });
        }
        let chosen = view.display(concept, self.languages);
        let in_language = chosen
            .as_ref()
            .and_then(|display| display.language.as_deref())
            .and_then(|tag| languages.rank(tag));
        match &reference.display {
            Some(text) if in_language.is_none() => Some(Display {
                text: text.clone(),
                language: None,
                is_default: false,
            }),
            Some(text) if chosen.as_ref().is_some_and(|display| display.is_default) => Some(Display {
                text: text.clone(),
                language: chosen.and_then(|display| display.language),
                is_default: false,
            }),
            _ => chosen,
        }
    }

    fn designations_of(
        &self,
        view: &View,
        concept: Ordinal,
        reference: Option<&ConceptReference>,
        display: Option<&Display>,
    ) -> Vec<ExpansionDesignation> {
        if !self.designations && self.wanted_designations.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<ExpansionDesignation> = Vec::new();
        let mut offer = |designation: ExpansionDesignation| {
            if !found.contains(&designation) {
                found.push(designation);
            }
        };
        for term in view.terms(concept) {
            if !is_shown(&term, display) && self.wants(&term) {
                offer(designation(term, display));
            }
        }
        for designation in reference.iter().flat_map(|reference| &reference.designations) {
            let shown =
                display.is_some_and(|display| display.text == designation.value && display.language == designation.language);
            let wanted = |wanted: &Wanted<'_>| wanted.accepts(designation.language.as_deref(), designation.use_.as_ref());
            if !shown && (self.wanted_designations.is_empty() || self.wanted_designations.iter().any(wanted)) {
                offer(ExpansionDesignation {
                    language: designation.language.clone(),
                    use_: designation.use_.clone(),
                    value: designation.value.clone(),
                    extensions: extension::only(designation.extensions.as_deref(), OF_DESIGNATION),
                });
            }
        }
        found
    }

    fn wants(&self, term: &Term) -> bool {
        let own = &term.designation;
        let mut wanted = self.wanted_designations.iter();
        self.wanted_designations.is_empty() || wanted.any(|wanted| wanted.accepts(own.language.as_deref(), own.use_.as_ref()))
    }

    fn properties_of(&mut self, view: &View, concept: Ordinal, reference: Option<&ConceptReference>) -> Vec<ContainsProperty> {
        let mut properties = Vec::new();
        let mut carry = |carried: &mut BTreeMap<String, Option<String>>, code: &str, uri: Option<String>, value, extensions| {
            carried.entry(code.to_owned()).or_insert(uri);
            properties.push(ContainsProperty {
                code: code.to_owned(),
                value,
                extensions,
            });
        };
        let standard = |name: &str| Some(format!("{STANDARD}{name}"));
        let carried = &mut self.carried;
        // Most concepts have no extensions, and parsing them is most of the work.
        let extensions = view.extensions(concept);
        let stated = reference.and_then(|reference| reference.extensions.as_deref());
        if extensions.is_some() || stated.is_some() {
            let own = extensions.as_deref();
            if let Some(weight) =
                extension::value(stated, extension::ITEM_WEIGHT).or_else(|| extension::value(own, extension::ITEM_WEIGHT))
            {
                carry(
                    carried,
                    "weight",
                    standard("itemWeight"),
                    PropertyValue::Decimal(weight),
                    None,
                );
            }
            let label = extension::value(stated, extension::VALUE_SET_LABEL);
            if let Some(label) = label.or_else(|| extension::value(own, extension::CODE_SYSTEM_LABEL)) {
                carry(carried, "label", standard("label"), PropertyValue::String(label), None);
            }
            let order = extension::value(stated, extension::VALUE_SET_ORDER);
            if let Some(order) = order.or_else(|| extension::value(own, extension::CODE_SYSTEM_ORDER)) {
                carry(carried, "order", standard("order"), PropertyValue::Decimal(order), None);
            }
        }
        let status_property = view.standard_property("status");
        let asked_for_status = self.all_properties || self.wanted.contains(status_property) || self.wanted.contains("status");
        if let Some(status) = view.status(concept)
            && (asked_for_status || !view.index.is_active(concept) || status == "deprecated")
        {
            carry(carried, "status", standard("status"), PropertyValue::Code(status), None);
        }
        if self.wanted.is_empty() {
            return properties;
        }
        if (self.all_properties || self.wanted.contains("definition"))
            && let Some(definition) = view.definition(concept)
        {
            carry(
                carried,
                "definition",
                standard("definition"),
                PropertyValue::String(definition),
                None,
            );
        }
        let own = view.properties(concept);
        let stated = |code: &str| own.iter().any(|property| property.code == code);
        let above_and_below: Vec<&str> = ["parent", "child"]
            .into_iter()
            .filter(|code| self.wanted.contains(code) && !stated(code))
            .collect();
        for property in own {
            if property.code == status_property || !(self.all_properties || self.wanted.contains(property.code.as_str())) {
                continue;
            }
            let uri = view.property_uri(&property.code);
            let value = match view.url() {
                SNOMED => snomed_properties::presented(&property.code, property.value),
                _ => property.value,
            };
            carry(carried, &property.code, uri, value, property.extensions);
        }
        if view.url() == SNOMED {
            for name in snomed_properties::WORKED_OUT
                .into_iter()
                .filter(|name| self.wanted.contains(name))
            {
                if let Some(value) = snomed_properties::worked_out(&view.index, concept, name) {
                    carry(carried, name, view.property_uri(name), value, None);
                }
            }
        }
        for code in above_and_below {
            for value in beside(view, concept, code) {
                carry(carried, code, standard(code), PropertyValue::Code(value), None);
            }
        }
        properties
    }
}

/// The codes of the parents or children that a code system states as hierarchy, not as properties.
fn beside(view: &View, concept: Ordinal, property: &str) -> Vec<String> {
    let index = &view.index;
    let code = |other: Ordinal| index.code(other).to_owned();
    match property {
        "parent" => index.parents(concept).map(code).collect(),
        _ => index.children(concept).map(code).collect(),
    }
}

fn is_shown(term: &Term, display: Option<&Display>) -> bool {
    let own = &term.designation;
    display.is_some_and(|display| {
        let kind = own.kind == DesignationKind::Display;
        display.text == own.value && (display.language == own.language || (kind && display.language.is_none()))
    })
}

/// A term as a designation; the display that another language has replaced is marked as preferred in its own.
fn designation(term: Term, display: Option<&Display>) -> ExpansionDesignation {
    let own = term.designation;
    let replaced = own.kind == DesignationKind::Display
        && term.source.is_none()
        && own.language.is_some()
        && display.is_none_or(|display| !display.is_default);
    let contexts = use_context::of(&own);
    ExpansionDesignation {
        language: own.language,
        use_: own.use_.or_else(|| {
            replaced.then(|| Coding {
                system: Some("http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra".into()),
                version: None,
                code: "preferredForLanguage".into(),
                display: Some("Preferred For Language".into()),
            })
        }),
        value: own.value,
        extensions: extension::join(contexts, extension::only(term.extensions.as_deref(), OF_DESIGNATION)),
    }
}

fn extensions_of(view: &View, concept: Ordinal, reference: Option<&ConceptReference>) -> Option<String> {
    let stated = reference.and_then(|reference| extension::only(reference.extensions.as_deref(), OF_REFERENCE));
    extension::join(stated, extension::only(view.extensions(concept).as_deref(), OF_CODE_SYSTEM))
}

//! `CodeSystem/$lookup`: all that is known of one code.
//!
//! Supplements count only where the request names them. Which designations and properties are answered follows
//! the `property` parameters; without any, everything is but what has to be worked out (normal forms, semantic tag and role
//! groups of SNOMED CT): that is answered where it is named, or asked for with `*`.

use super::code_system::View;
use super::grammar::{self, Mentions};
use super::history::{self, Retirement};
use super::language::{self, Languages};
use super::postcoordinated::{SNOMED, Understood, understand};
use super::{CodeSystemIndex, Failure, Terminology};
use super::{issues, normal_form, refusals, snomed_properties, use_context};
use crate::ecl::meaning::{Meaning, RowValue};
use std::sync::Arc;
use tern_index::model::{Canonical, Coding, Content, DesignationKind, Ordinal, Property, PropertyValue};

const TERM_INFRASTRUCTURE: &str = "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra";

/// A request to look a code up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LookupRequest {
    /// The code, with its system and version.
    pub coding: Coding,
    /// `displayLanguage`, else Accept-Language: BCP-47 ranges.
    pub display_language: Option<String>,
    /// `property`: codes, or `*`; empty for the default set.
    pub properties: Vec<String>,
    /// `useSupplement`
    pub use_supplements: Vec<Canonical>,
    /// `date`: where no version is named, that of this day.
    pub date: Option<String>,
}

/// A term of the code.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupDesignation {
    /// BCP-47 language tag.
    pub language: Option<String>,
    /// What it is for.
    pub use_: Option<Coding>,
    /// The term.
    pub value: String,
    /// The supplement it comes from.
    pub source: Option<Canonical>,
    /// Extensions as a JSON array: the dialects in which a term of SNOMED CT is preferred or acceptable, where designations are
    /// asked for by name.
    pub extensions: Option<String>,
}

/// A property of the code.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupProperty {
    /// The property's code.
    pub code: String,
    /// Its display, where it is a concept of the code system itself (attributes of SNOMED CT).
    pub code_display: Option<String>,
    /// The value; `None` for a property that consists of others.
    pub value: Option<PropertyValue>,
    /// The display of a coded value.
    pub description: Option<String>,
    /// The supplement it comes from.
    pub source: Option<Canonical>,
    /// What it consists of (a role group of SNOMED CT).
    pub subproperties: Vec<LookupProperty>,
}

impl LookupProperty {
    fn new(code: &str, value: Option<PropertyValue>) -> Self {
        Self {
            code: code.to_owned(),
            code_display: None,
            value,
            description: None,
            source: None,
            subproperties: Vec::new(),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// Name of the code system.
    pub name: String,
    /// The code as the code system spells it.
    pub code: String,
    /// Its code system.
    pub system: String,
    /// The version used.
    pub version: Option<String>,
    /// The display in the language asked for.
    pub display: Option<String>,
    /// The definition, where it was asked for.
    pub definition: Option<String>,
    /// Whether it may not be chosen.
    pub abstract_: bool,
    /// Terms, where they were asked for.
    pub designations: Vec<LookupDesignation>,
    /// Properties that were asked for.
    pub properties: Vec<LookupProperty>,
    /// Why it was retired and what to use instead, where that is known.
    pub retirement: Option<Retirement>,
    /// Supplements that were used.
    pub used_supplements: Vec<Canonical>,
}

/// The code system and a supplement of it, at the concept in question.
struct Place {
    index: Arc<CodeSystemIndex>,
    concept: Ordinal,
    /// `None` for the code system itself.
    supplement: Option<Canonical>,
}

/// Looks a code up.
pub fn lookup(terminology: &Terminology, request: &LookupRequest) -> Result<Lookup, Failure> {
    let coding = &request.coding;
    let system = coding.system.as_deref().ok_or_else(|| refusals::no_system("$lookup"))?;
    let mut mentions = Mentions::default();
    mentions.coding(terminology, system, &coding.code);
    let terminology = &mentions.speaking(terminology, false);
    let on_day = || terminology.version_on(system, request.date.as_deref()?);
    let version = coding.version.clone().or_else(on_day);
    let index = terminology
        .code_system(system, version.as_deref())
        .map_err(|unresolved| refusals::unknown_system(&unresolved))?;
    let Some(concept) = index.find(&coding.code) else {
        let view = View::plain(index);
        return match understand(&view, &coding.code) {
            Some(Ok(understood)) => expression(&view, &understood, request),
            Some(Err(reason)) => Err(refusals::bad_expression(&coding.code, &reason, view.index.header())),
            None => Err(unknown_code(&view.index, &coding.code)),
        };
    };
    let main = Place {
        index,
        concept,
        supplement: None,
    };
    let (supplements, used_supplements) = supplements(terminology, request, &main)?;
    let wanted = Wanted::new(&request.properties);
    let header = main.index.header();
    let with_contexts = request.properties.iter().any(|property| property == "designation");
    let designations = all_designations(&main, &supplements, with_contexts);
    let languages = match request.display_language.as_deref() {
        Some(given) => Some(Languages::parse(given).ok_or_else(|| issues::bad_language(given))?),
        None => None,
    };
    let view = View {
        index: main.index.clone(),
        supplements: supplements.iter().map(|place| place.index.clone()).collect(),
    };
    Ok(Lookup {
        name: header
            .name
            .clone()
            .or_else(|| header.title.clone())
            .unwrap_or_else(|| header.url.clone()),
        code: main.index.code(concept).to_owned(),
        system: header.url.clone(),
        version: header.version.clone(),
        // FHIR wants a display; of a code that has no term in any language it is the code.
        display: match view.display(concept, languages.as_ref()) {
            None if view.display(concept, None).is_none() => Some(request.coding.code.clone()),
            found => found.map(|display| display.text),
        },
        definition: view.definition(concept).filter(|_| wanted.has("definition")),
        abstract_: main.index.is_not_selectable(concept),
        properties: properties(&main, &supplements, &wanted, &|code| shown(&view, code, languages.as_ref())),
        retirement: history::retirement(&main.index, concept),
        designations: designations
            .into_iter()
            .filter(|designation| wanted.designation(designation.language.as_deref()))
            .collect(),
        used_supplements,
    })
}

/// Looks an expression up: what is known of its focus concept, and what the expression says besides.
fn expression(view: &View, understood: &Understood, request: &LookupRequest) -> Result<Lookup, Failure> {
    let languages = match request.display_language.as_deref() {
        Some(given) => Some(Languages::parse(given).ok_or_else(|| issues::bad_language(given))?),
        None => None,
    };
    let (index, wanted) = (&view.index, Wanted::new(&request.properties));
    let header = index.header();
    let display = understood.display(view, languages.as_ref());
    let language = match languages.as_ref().and_then(|languages| languages.tags().next()) {
        Some(asked) => Some(asked.to_owned()),
        // The terms are those that the first dialect of the edition prefers.
        None if index.dialects().any(|dialect| dialect == US_ENGLISH) => Some("en-US".to_owned()),
        None => header.language.clone(),
    };
    let designation = LookupDesignation {
        language,
        use_: Some(preferred_for_language()),
        value: display.clone(),
        source: None,
        extensions: None,
    };
    Ok(Lookup {
        // What is named is the grammar of this version: no list has the code.
        name: header.canonical().to_string(),
        code: request.coding.code.clone(),
        system: header.url.clone(),
        version: header.version.clone(),
        display: Some(display),
        definition: None,
        abstract_: false,
        properties: expression_properties(view, understood, &wanted, languages.as_ref()),
        retirement: None,
        designations: vec![designation]
            .into_iter()
            .filter(|designation| wanted.designation(designation.language.as_deref()))
            .collect(),
        used_supplements: Vec::new(),
    })
}

/// `900000000000509007`: the language reference set of US English.
const US_ENGLISH: &str = "900000000000509007";

fn expression_properties(
    view: &View,
    understood: &Understood,
    wanted: &Wanted<'_>,
    languages: Option<&Languages>,
) -> Vec<LookupProperty> {
    let index = &view.index;
    let shown = |concept: Ordinal| shown(view, concept, languages);
    let mut found: Vec<LookupProperty> = Vec::new();
    if let [focus] = understood.meaning.focus.as_slice() {
        let place = Place {
            index: index.clone(),
            concept: *focus,
            supplement: None,
        };
        // Whether it is defined and its dates are the concept's; what it is and where it stands are the expression's.
        let kept = |code: &str| matches!(code, "parent" | "child" | "inactive" | "effectiveTime");
        let own = properties(&place, &[], wanted, &shown)
            .into_iter()
            .filter(|property| kept(&property.code))
            .filter(|property| property.code != "parent" || !wanted.names("parent"));
        found.extend(own);
    }
    found.extend(worked_out(index, &understood.meaning, wanted, &shown));
    for row in understood.meaning.groups.iter().flatten() {
        let code = index.code(row.name).to_owned();
        if !wanted.has(&code) {
            continue;
        }
        let (value, description) = match &row.value {
            RowValue::Concept(concept) => (PropertyValue::Code(index.code(*concept).to_owned()), shown(*concept)),
            RowValue::Number(number) => (PropertyValue::Decimal(number.clone()), None),
            RowValue::Text(text) => (PropertyValue::String(text.clone()), None),
            RowValue::Boolean(value) => (PropertyValue::Boolean(*value), None),
            // A nested expression has no code of its own.
            RowValue::Expression(_) => continue,
        };
        found.push(LookupProperty {
            code_display: shown(row.name),
            description,
            ..LookupProperty::new(&code, Some(value))
        });
    }
    found
}

/// What follows from the definition of an expression, if it is asked for by name or by `*`: the closest concepts above it
/// (else those above its focus are answered), whether it is defined, and its normal forms.
fn worked_out(index: &CodeSystemIndex, meaning: &Meaning, wanted: &Wanted<'_>, shown: Shown<'_>) -> Vec<LookupProperty> {
    let mut found = Vec::new();
    if wanted.names("parent") {
        for parent in &meaning.normal_form().names {
            found.push(LookupProperty {
                description: shown(*parent),
                ..LookupProperty::new("parent", Some(PropertyValue::Code(index.code(*parent).to_owned())))
            });
        }
    }
    if wanted.names("sufficientlyDefined") {
        let value = PropertyValue::Boolean(meaning.defines);
        found.push(LookupProperty::new("sufficientlyDefined", Some(value)));
    }
    for (name, terse) in [("normalForm", false), ("normalFormTerse", true)] {
        if wanted.names(name) {
            let form = normal_form::of_expression(index, meaning, terse);
            found.push(LookupProperty::new(name, Some(PropertyValue::String(form))));
        }
    }
    found
}

fn preferred_for_language() -> Coding {
    Coding {
        display: Some("Preferred For Language".into()),
        ..Coding::new(TERM_INFRASTRUCTURE, "preferredForLanguage")
    }
}

/// That a code is not known, and what a grammar has to say of it.
fn unknown_code(index: &CodeSystemIndex, code: &str) -> Failure {
    let mut failure = refusals::unknown_code(code, index.header());
    let fault = grammar::fault(&index.header().url, code);
    failure.issues.extend(fault.map(issues::grammar_fault));
    failure
}

/// The supplements asked for: those that know the concept, and the canonicals of all that belong to its code system.
fn supplements(
    terminology: &Terminology,
    request: &LookupRequest,
    main: &Place,
) -> Result<(Vec<Place>, Vec<Canonical>), Failure> {
    let (mut places, mut used) = (Vec::new(), Vec::new());
    for canonical in &request.use_supplements {
        let missing = || issues::missing_supplement(canonical);
        let index = terminology
            .code_system(&canonical.url, canonical.version.as_deref())
            .map_err(|_| missing())?;
        if index.header().content != Content::Supplement {
            return Err(missing());
        }
        let own = main.index.header();
        let belongs = index.header().supplements.as_ref().is_some_and(|base| {
            base.url == own.url
                && base
                    .version
                    .as_ref()
                    .is_none_or(|version| Some(version) == own.version.as_ref())
        });
        if !belongs {
            continue;
        }
        let name = index.header().canonical();
        if let Some(concept) = index.find(main.index.code(main.concept)) {
            places.push(Place {
                index,
                concept,
                supplement: Some(name.clone()),
            });
        }
        used.push(name);
    }
    Ok((places, used))
}

/// What the `property` parameters ask for.
struct Wanted<'r> {
    properties: &'r [String],
}

impl<'r> Wanted<'r> {
    fn new(properties: &'r [String]) -> Self {
        Self { properties }
    }

    fn everything(&self) -> bool {
        self.properties.is_empty() || self.properties.iter().any(|property| property == "*")
    }

    /// Whether a property that is only worked out on demand is asked for.
    fn names(&self, property: &str) -> bool {
        self.properties.iter().any(|wanted| wanted == property || wanted == "*")
    }

    fn has(&self, property: &str) -> bool {
        self.everything() || self.properties.iter().any(|wanted| wanted == property)
    }

    /// `designation` asks for all terms, `lang.X` for those of a language.
    fn designation(&self, language: Option<&str>) -> bool {
        self.has("designation")
            || language.is_some_and(|language| {
                let asked = self.properties.iter().filter_map(|property| property.strip_prefix("lang."));
                asked.into_iter().any(|tag| language::covers(tag, language))
            })
    }
}

/// All terms in use but definitions, the display first.
fn all_designations(main: &Place, supplements: &[Place], with_contexts: bool) -> Vec<LookupDesignation> {
    let mut designations = Vec::new();
    for place in std::iter::once(main).chain(supplements) {
        let language = place.index.header().language.clone();
        let mut first_definition = true;
        for designation in place.index.designations(place.concept) {
            let is_definition = designation.kind == DesignationKind::Definition;
            let skipped = is_definition && std::mem::take(&mut first_definition);
            if skipped || !designation.active {
                continue;
            }
            let is_display = designation.kind == DesignationKind::Display && place.supplement.is_none();
            designations.push(LookupDesignation {
                extensions: with_contexts.then(|| use_context::of(&designation)).flatten(),
                language: designation.language.or_else(|| language.clone().filter(|_| is_display)),
                use_: designation.use_.or_else(|| is_display.then(preferred_for_language)),
                value: designation.value,
                source: place.supplement.clone(),
            });
        }
    }
    designations
}

/// The display of another concept, in the languages in which the code is answered.
fn shown(view: &View, concept: Ordinal, languages: Option<&Languages>) -> Option<String> {
    view.display(concept, languages).map(|display| display.text)
}

/// Gives the display of a concept that is answered beside the code.
type Shown<'s> = &'s dyn Fn(Ordinal) -> Option<String>;

fn properties(main: &Place, supplements: &[Place], wanted: &Wanted<'_>, shown: Shown<'_>) -> Vec<LookupProperty> {
    let (index, concept) = (&main.index, main.concept);
    let mut found: Vec<LookupProperty> = Vec::new();
    let mut link = |code: &str, other: Ordinal| {
        found.push(LookupProperty {
            description: shown(other),
            ..LookupProperty::new(code, Some(PropertyValue::Code(index.code(other).to_owned())))
        });
    };
    if wanted.has("parent") {
        index.parents(concept).for_each(|parent| link("parent", parent));
    }
    if wanted.has("child") {
        index.children(concept).for_each(|child| link("child", child));
    }
    for place in std::iter::once(main).chain(supplements) {
        for property in place.index.properties(place.concept) {
            let is_link = matches!(property.code.as_str(), "parent" | "child") && place.supplement.is_none();
            if !is_link && wanted.has(&property.code) && property.code != "inactive" {
                found.push(LookupProperty {
                    source: place.supplement.clone(),
                    ..stated(index, property, shown)
                });
            }
        }
    }
    if wanted.has("inactive") {
        found.push(LookupProperty::new(
            "inactive",
            Some(PropertyValue::Boolean(!index.is_active(concept))),
        ));
    }
    if index.header().url == SNOMED {
        found.extend(of_snomed(index, concept, wanted, shown));
    }
    found
}

/// A property with the displays of what it names.
fn stated(index: &CodeSystemIndex, property: Property, shown: Shown<'_>) -> LookupProperty {
    let display = |code: &str| shown(index.find_exact(code)?);
    let is_snomed = index.header().url == SNOMED;
    let description = match &property.value {
        PropertyValue::Code(code) => display(code),
        _ => None,
    };
    let value = match property.value {
        value if is_snomed => snomed_properties::presented(&property.code, value),
        value => value,
    };
    LookupProperty {
        code_display: is_snomed.then(|| display(&property.code)).flatten(),
        description,
        ..LookupProperty::new(&property.code, Some(value))
    }
}

/// What is worked out for a concept of SNOMED CT: why it was retired; and, if it is asked for by name or by `*`, the
/// normal forms, the semantic tag and the role groups.
fn of_snomed(index: &CodeSystemIndex, concept: Ordinal, wanted: &Wanted<'_>, shown: Shown<'_>) -> Vec<LookupProperty> {
    let mut found = Vec::new();
    let reason = history::retirement(index, concept).and_then(|retirement| retirement.reason);
    if let Some(reason) = reason.filter(|_| wanted.has(history::INACTIVATION_INDICATOR)) {
        let display = |code: &str| shown(index.find_exact(code)?);
        found.push(LookupProperty {
            code_display: display(history::INACTIVATION_INDICATOR),
            description: display(&reason.code),
            ..LookupProperty::new(history::INACTIVATION_INDICATOR, Some(PropertyValue::Code(reason.code)))
        });
    }
    for name in snomed_properties::WORKED_OUT.into_iter().filter(|name| wanted.names(name)) {
        let value = snomed_properties::worked_out(index, concept, name);
        found.extend(value.map(|value| LookupProperty::new(name, Some(value))));
    }
    if wanted.names(normal_form::ROLE_GROUP) {
        let groups = normal_form::role_groups(index, concept);
        for (_, attributes) in groups.into_iter().filter(|(number, _)| *number > 0) {
            let group = LookupProperty::new(normal_form::ROLE_GROUP, None);
            let subproperties = attributes
                .into_iter()
                .map(|property| stated(index, property, shown))
                .collect();
            found.push(LookupProperty { subproperties, ..group });
        }
    }
    found
}

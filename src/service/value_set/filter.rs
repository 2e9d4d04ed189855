//! One filter of a value set as a set of concepts.
//!
//! Properties are those the code system has, plus the standard ones that the index answers itself: `concept` and
//! `code`, `display`, `parent`, `child`, `ancestor`, `descendant`, `inactive`, `notSelectable`, and membership in a
//! SNOMED CT reference set. A coded property may be asked for by the code of its value or by its display: LOINC
//! value sets do both.
//!
//! What cannot be evaluated is a failure that names the filter: leaving a filter out would widen the set.

use super::{loinc, snomed};
use crate::grammars;
use crate::service::code_system::View;
use crate::service::constraint_sets::Constraints;
use crate::service::issues::{self, Failure};
use crate::service::postcoordinated::SNOMED;
use crate::stop::Pace;
use regex::{Regex, RegexBuilder};
use std::borrow::Cow;
use tern_index::model::{Ordinal, PropertyValue};
use tern_index::read::ConceptSet;
use tern_index::value_set::Filter;

/// A compiled pattern may not be larger than this.
const PATTERN_LIMIT: usize = 1 << 20;

/// Where a filter stands, for messages.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// The value set's canonical.
    pub value_set: &'p str,
    /// `include` or `exclude`.
    pub list: &'static str,
    /// Number of the include.
    pub include: usize,
    /// Number of the filter.
    pub filter: usize,
}

impl Place<'_> {
    /// The FHIRPath of the filter.
    pub fn path(&self) -> String {
        format!("ValueSet.compose.{}[{}].filter[{}]", self.list, self.include, self.filter)
    }
}

/// Concepts that pass a filter. That somebody waits is asked of the limits of constraints for all filters.
pub fn evaluate(view: &View, filter: &Filter, place: Place<'_>, constraints: &Constraints) -> Result<ConceptSet, Failure> {
    let filter = &*snomed::as_stored(view, filter);
    let Some(value) = filter.value.as_deref().filter(|value| !value.is_empty()) else {
        return Err(issues::filter_without_value(view.url(), filter, &place.path()));
    };
    let question = Question {
        view,
        filter,
        value,
        place,
        constraints,
    };
    let special = by_grammar(view, filter, value).or_else(|| loinc::evaluate(view, filter, value));
    if let Some(set) = special.or_else(|| snomed::evaluate(view, filter, value)) {
        return Ok(set);
    }
    // A release may declare what it states as a hierarchy.
    let stated = |property: &str| !view.index.having_property(property).is_empty();
    match filter.property.as_str() {
        "concept" | "code" => question.of_concept(),
        "display" => question.of_text(|index, concept| index.display(concept).map(|text| text.into_owned())),
        "parent" if !stated("parent") => question.of_hierarchy(Direction::Parent),
        "child" if !stated("child") => question.of_hierarchy(Direction::Child),
        "ancestor" => question.of_hierarchy(Direction::Ancestor),
        "descendant" => question.of_hierarchy(Direction::Descendant),
        // "Using SNOMED CT with FHIR" calls it `constraint`, earlier editions `expression`.
        "constraint" | "expression" => constraint(view, filter, value, place, constraints),
        // Whether expressions are in as well changes nothing among the concepts themselves.
        "expressions" if view.index.header().compositional && filter.op == "=" && matches!(value, "true" | "false") => {
            Ok(view.index.all())
        }
        "refset" if !view.index.has_property("refset") && filter.op == "exists" => {
            // Those that list descriptions or the like have rows, though no members that are concepts.
            let defined = view.index.refsets() | view.index.refsets_with_rows();
            Ok(question.negated_if(value == "false", defined))
        }
        // They are declared, but nobody looks for what is worked out.
        "normalForm" | "normalFormTerse" if view.url() == SNOMED => Err(question.not_understood()),
        property => question.of_property(property),
    }
}

/// Whether a filter can be satisfied by an expression of a grammar: by its place in the hierarchy or by a constraint.
pub fn lets_expressions_in(filter: &Filter) -> bool {
    let value = filter.value.as_deref().unwrap_or("");
    match (filter.property.as_str(), filter.op.as_str()) {
        ("expressions", "=") => value == "true",
        ("concept" | "code", "is-a" | "descendent-of") | ("constraint" | "expression", "=") => true,
        _ => false,
    }
}

/// A filter that the grammar of the code system defines.
fn by_grammar(view: &View, filter: &Filter, value: &str) -> Option<ConceptSet> {
    let grammar = grammars::by_url(view.url())?;
    let known = |(name, operators): &&(&str, &[&str])| *name == filter.property && operators.contains(&filter.op.as_str());
    grammar.filters().iter().find(known)?;
    let passes = |concept: &u32| {
        let code = view.index.code(Ordinal(*concept));
        let passes = grammar.passes(code, &filter.property, &filter.op, value);
        passes.is_some_and(|passes| passes.is_ok())
    };
    Some(view.index.all().iter().filter(passes).collect())
}

/// Concepts that satisfy a SNOMED CT expression constraint.
fn constraint(
    view: &View,
    filter: &Filter,
    text: &str,
    place: Place<'_>,
    constraints: &Constraints,
) -> Result<ConceptSet, Failure> {
    if filter.op != "=" || view.url() != SNOMED {
        return Err(issues::filter_not_understood(
            view.url(),
            filter,
            place.value_set,
            &place.path(),
        ));
    }
    let found = constraints.evaluate(&view.index, text);
    found.map_err(|error| issues::bad_constraint(text, &error, &place.path()))
}

#[derive(Clone, Copy)]
enum Direction {
    Parent,
    Child,
    Ancestor,
    Descendant,
}

#[derive(Clone, Copy)]
struct Question<'q> {
    view: &'q View,
    filter: &'q Filter,
    value: &'q str,
    place: Place<'q>,
    constraints: &'q Constraints,
}

impl Question<'_> {
    fn not_understood(&self) -> Failure {
        issues::filter_not_understood(self.view.url(), self.filter, self.place.value_set, &self.place.path())
    }

    fn find(&self, code: &str) -> Option<Ordinal> {
        self.view.index.find(code.trim())
    }

    fn values(&self) -> impl Iterator<Item = &str> {
        self.value.split(',').map(str::trim).filter(|value| !value.is_empty())
    }

    /// Concepts of the whole code system that pass a test.
    fn passing(&self, test: impl Fn(Ordinal) -> bool) -> Result<ConceptSet, Failure> {
        let mut pace = Pace::new(&self.constraints.limits.stop);
        let mut set = ConceptSet::new();
        for concept in self.view.index.all() {
            pace.step(1)?;
            if test(Ordinal(concept)) {
                set.insert(concept);
            }
        }
        Ok(set)
    }

    fn negated_if(&self, negated: bool, set: ConceptSet) -> ConceptSet {
        if negated { self.view.index.all() - set } else { set }
    }

    fn pattern(&self) -> Result<Regex, Failure> {
        let anchored = format!("^(?:{})$", self.value);
        let built = RegexBuilder::new(&anchored).size_limit(PATTERN_LIMIT).build();
        built.map_err(|error| issues::bad_pattern(self.value, &error.to_string(), &self.place.path()))
    }

    fn of_concept(&self) -> Result<ConceptSet, Failure> {
        let index = &self.view.index;
        let one = self.find(self.value);
        let below = |concept: Option<Ordinal>| concept.map(|concept| index.descendants(concept)).unwrap_or_default();
        let with = |mut set: ConceptSet, concept: Option<Ordinal>| {
            set.extend(concept.map(|concept| concept.0));
            set
        };
        Ok(match self.filter.op.as_str() {
            "=" => with(ConceptSet::new(), one),
            "is-a" => with(below(one), one),
            "descendent-of" => below(one),
            "is-not-a" => index.all() - with(below(one), one),
            "child-of" => one
                .map(|one| index.children(one).map(|child| child.0).collect())
                .unwrap_or_default(),
            "descendent-leaf" => {
                let below = below(one);
                below
                    .iter()
                    .filter(|concept| index.children(Ordinal(*concept)).len() == 0)
                    .collect()
            }
            "generalizes" => with(one.map(|one| index.ancestors(one)).unwrap_or_default(), one),
            "in" => self.members(),
            "not-in" => index.all() - self.members(),
            "regex" => {
                let pattern = self.pattern()?;
                self.passing(|concept| pattern.is_match(index.code(concept)))?
            }
            "exists" => self.negated_if(self.value == "false", index.all()),
            _ => return Err(self.not_understood()),
        })
    }

    /// Members of a reference set, or the codes that are listed: in SNOMED CT only the former.
    fn members(&self) -> ConceptSet {
        let mut set = ConceptSet::new();
        for concept in self.values().filter_map(|code| self.find(code)) {
            match self.view.index.refset(concept) {
                Some(members) => set |= members,
                None if self.view.url() == SNOMED => {}
                None => {
                    set.insert(concept.0);
                }
            }
        }
        set
    }

    fn of_text(
        &self,
        text: impl Fn(&tern_index::read::CodeSystemIndex, Ordinal) -> Option<String>,
    ) -> Result<ConceptSet, Failure> {
        let index = &self.view.index;
        let passing = |test: &dyn Fn(&str) -> bool| self.passing(|concept| text(index, concept).is_some_and(|text| test(&text)));
        Ok(match self.filter.op.as_str() {
            "=" => passing(&|text| text == self.value)?,
            "in" => passing(&|text| self.values().any(|value| value == text))?,
            "not-in" => index.all() - passing(&|text| self.values().any(|value| value == text))?,
            "regex" => {
                let pattern = self.pattern()?;
                passing(&|text| pattern.is_match(text))?
            }
            "exists" => self.negated_if(self.value == "false", passing(&|_| true)?),
            _ => return Err(self.not_understood()),
        })
    }

    fn related(&self, direction: Direction, concept: Ordinal) -> ConceptSet {
        let index = &self.view.index;
        match direction {
            // `parent = X` asks for those whose parent is X.
            Direction::Parent => index.children(concept).map(|other| other.0).collect(),
            Direction::Child => index.parents(concept).map(|other| other.0).collect(),
            Direction::Ancestor => index.descendants(concept),
            Direction::Descendant => index.ancestors(concept),
        }
    }

    fn of_hierarchy(&self, direction: Direction) -> Result<ConceptSet, Failure> {
        let index = &self.view.index;
        let any = |codes: &mut dyn Iterator<Item = Ordinal>| {
            codes.fold(ConceptSet::new(), |set, concept| set | self.related(direction, concept))
        };
        Ok(match self.filter.op.as_str() {
            "=" => any(&mut self.find(self.value).into_iter()),
            "in" => any(&mut self.values().filter_map(|code| self.find(code))),
            "not-in" => index.all() - any(&mut self.values().filter_map(|code| self.find(code))),
            "regex" => {
                let pattern = self.pattern()?;
                let matching = self.passing(|concept| pattern.is_match(index.code(concept)))?;
                any(&mut matching.iter().map(Ordinal))
            }
            "exists" => {
                let all = index.all();
                let has = |concept: &u32| match direction {
                    Direction::Parent | Direction::Ancestor => index.parents(Ordinal(*concept)).len() > 0,
                    Direction::Child | Direction::Descendant => index.children(Ordinal(*concept)).len() > 0,
                };
                self.negated_if(self.value == "false", all.iter().filter(has).collect())
            }
            _ => return Err(self.not_understood()),
        })
    }

    fn of_property(&self, property: &str) -> Result<ConceptSet, Failure> {
        let index = &self.view.index;
        // A standard property may be declared under another code; its URI says so.
        let property = if index.has_property(property) {
            property
        } else {
            self.view.standard_property(property)
        };
        let supplemented = self.supplemented(property)?;
        if !index.has_property(property) && supplemented.is_none() {
            return self.of_flag(property);
        }
        let operator = self.filter.op.as_str();
        if matches!(operator, "is-a" | "descendent-of" | "is-not-a" | "child-of" | "generalizes") {
            return self.of_target(property);
        }
        let stated = self.stated(property)? | supplemented.unwrap_or_default();
        let negated = operator == "not-in" || (operator == "exists" && self.value == "false");
        Ok(self.negated_if(negated, stated))
    }

    /// Concepts of which a property says what is asked for, or what must not be.
    fn stated(&self, property: &str) -> Result<ConceptSet, Failure> {
        let index = &self.view.index;
        Ok(match self.filter.op.as_str() {
            "=" => self.with_value(property, self.value),
            "in" | "not-in" => self.with_values(property),
            "regex" => {
                let pattern = self.pattern()?;
                let mut set = ConceptSet::new();
                for (value, concepts) in index.property_value_sets(property) {
                    let shown = self.shown(&value);
                    if pattern.is_match(&value.to_string()) || shown.is_some_and(|shown| pattern.is_match(&shown)) {
                        set |= concepts;
                    }
                }
                set
            }
            "exists" => index.having_property(property),
            _ => return Err(self.not_understood()),
        })
    }

    /// The same in the supplements that have the property on some concept; `None` where none has.
    fn supplemented(&self, property: &str) -> Result<Option<ConceptSet>, Failure> {
        let mut found = None;
        for supplement in &self.view.supplements {
            if supplement.having_property(property).is_empty() {
                continue;
            }
            let view = View::plain(supplement.clone());
            let stated = Question { view: &view, ..*self }.stated(property)?;
            let codes = stated.iter().map(|concept| supplement.code(Ordinal(concept)));
            let own = codes.filter_map(|code| self.view.index.find_exact(code));
            let set: &mut ConceptSet = found.get_or_insert_default();
            set.extend(own.map(|concept| concept.0));
        }
        Ok(found)
    }

    fn with_values(&self, property: &str) -> ConceptSet {
        self.values()
            .fold(ConceptSet::new(), |set, value| set | self.with_value(property, value))
    }

    /// The display of a coded value.
    fn shown<'v>(&'v self, value: &'v PropertyValue) -> Option<Cow<'v, str>> {
        let index = &self.view.index;
        match value {
            PropertyValue::Code(code) => index.find(code).and_then(|target| index.display(target)),
            PropertyValue::Coding(coding) => coding.display.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    /// Concepts whose property has the value: by its code, else, for coded values, by its display.
    fn with_value(&self, property: &str, value: &str) -> ConceptSet {
        let index = &self.view.index;
        // RxNorm writes the concept at the other end of a relation as `CUI:<rxcui>` (HL7, "Using RxNorm with FHIR").
        let value = match self.view.url() {
            tern_loaders::rxnorm::SYSTEM => value.strip_prefix("CUI:").unwrap_or(value),
            _ => value,
        };
        let found = index.with_property(property, value);
        if !found.is_empty() || self.find(value).is_some() {
            return found;
        }
        let mut set = ConceptSet::new();
        for (own, concepts) in index.property_value_sets(property) {
            // The first value tells the type of all: a text property is done.
            if !matches!(own, PropertyValue::Code(_) | PropertyValue::Coding(_)) {
                return set;
            }
            let display = self.shown(&own);
            if display.is_some_and(|display| display.eq_ignore_ascii_case(value)) {
                set |= concepts;
            }
        }
        set
    }

    /// A hierarchy operator on a coded property: its target must stand in that relation to the value.
    fn of_target(&self, property: &str) -> Result<ConceptSet, Failure> {
        let place = self.place;
        let filter = Filter {
            property: "concept".into(),
            ..self.filter.clone()
        };
        let targets = evaluate(self.view, &filter, place, self.constraints)?;
        Ok(self.view.index.with_property_in(property, &targets))
    }

    /// Flags that a release states otherwise than by a property.
    fn of_flag(&self, property: &str) -> Result<ConceptSet, Failure> {
        let index = &self.view.index;
        let truth = match property {
            "inactive" => index.all() - index.active(),
            "notSelectable" => index.not_selectable(),
            // Declared or supplemented, but no concept has it.
            _ if self.view.has_property(property) => ConceptSet::new(),
            "status" => return self.of_text(|index, concept| index.status(concept).map(str::to_owned)),
            _ => return Err(self.not_understood()),
        };
        let matches = |value: &str| match value {
            "true" => truth.clone(),
            "false" => index.all() - &truth,
            _ => ConceptSet::new(),
        };
        let any = || self.values().fold(ConceptSet::new(), |set, value| set | matches(value));
        Ok(match self.filter.op.as_str() {
            "=" => matches(self.value),
            "in" => any(),
            "not-in" => index.all() - any(),
            "exists" => self.negated_if(self.value == "false", truth),
            _ => return Err(self.not_understood()),
        })
    }
}

//! Whether a post-coordinated expression is in a value set.
//!
//! A set of ordinals cannot hold expressions, so the definition is walked once more and asks the expression itself: it
//! is in where an include lists it or its filters admit it, and no exclude does. Filters that speak of properties or
//! of lists of codes admit none.

use super::Evaluator;
use super::compose::{Stop, shown};
use super::filter::Place;
use crate::ecl::{Constraint, Limits};
use crate::service::code_system::View;
use crate::service::issues;
use crate::service::postcoordinated::{Understood, understand};
use std::sync::Arc;
use tern_index::value_set::{Filter, Include, ValueSet};

/// Imports followed at most.
const DEPTH_LIMIT: usize = 32;

impl Evaluator<'_> {
    /// Whether an expression is in a value set, as far as its includes are of the expression's code system.
    pub fn admits(&mut self, value_set: &Arc<ValueSet>, view: &View, understood: &Understood) -> Result<bool, Stop> {
        self.admits_at(value_set, view, understood, 0)
    }

    fn admits_at(&mut self, value_set: &Arc<ValueSet>, view: &View, understood: &Understood, depth: usize) -> Result<bool, Stop> {
        let Some(compose) = value_set.compose.as_ref().filter(|_| depth < DEPTH_LIMIT) else {
            return Ok(false);
        };
        let mut admitted = false;
        for (place, include) in compose.include.iter().enumerate() {
            admitted = admitted || self.include_admits(value_set, include, ("include", place), view, understood, depth)?;
        }
        for (place, exclude) in compose.exclude.iter().enumerate() {
            admitted = admitted && !self.include_admits(value_set, exclude, ("exclude", place), view, understood, depth)?;
        }
        Ok(admitted)
    }

    fn include_admits(
        &mut self,
        value_set: &Arc<ValueSet>,
        include: &Include,
        (list, number): (&'static str, usize),
        view: &View,
        understood: &Understood,
        depth: usize,
    ) -> Result<bool, Stop> {
        // Value sets that import one several times, each in turn, double the work with every one.
        self.constraint_limits().stop.check()?;
        if include.system.as_deref().is_some_and(|system| system != view.url()) {
            return Ok(false);
        }
        if include.system.is_some() && !include.concepts.is_empty() {
            let canonical = understood.canonical();
            let same = |code: &str| matches!(understand(view, code), Some(Ok(listed)) if listed.canonical() == canonical);
            if !include.concepts.iter().any(|reference| same(&reference.code)) {
                return Ok(false);
            }
        }
        let name = shown(value_set);
        for (filter_number, filter) in include.filters.iter().enumerate() {
            let place = Place {
                value_set: &name,
                list,
                include: number,
                filter: filter_number,
            };
            if !filter_admits(filter, view, understood, place, self.constraint_limits())? {
                return Ok(false);
            }
        }
        for canonical in &include.value_sets {
            let imported = self.definition_of_import(value_set, canonical)?;
            if !self.admits_at(&imported, view, understood, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn filter_admits(filter: &Filter, view: &View, understood: &Understood, place: Place<'_>, limits: &Limits) -> Result<bool, Stop> {
    let value = filter.value.as_deref().unwrap_or("").trim();
    let meaning = &understood.meaning;
    let concept = || view.index.find(value);
    let below = || concept().is_some_and(|concept| meaning.subsumers.contains(concept.0));
    Ok(match (filter.property.as_str(), filter.op.as_str()) {
        ("expressions", "=") => value == "true",
        ("constraint" | "expression", "=") => {
            let constraint = Constraint::parse(value, limits);
            let admitted = constraint.and_then(|constraint| constraint.admits(&view.index, meaning));
            admitted.map_err(|error| issues::bad_constraint(value, &error, &place.path()))?
        }
        ("concept" | "code", "is-a") => below(),
        ("concept" | "code", "is-not-a") => !below(),
        ("concept" | "code", "descendent-of") => {
            let same = |concept| meaning.equals(&view.index, concept);
            let equal = concept().map_or(Ok(false), same);
            let equal = equal.map_err(|fault| issues::bad_constraint(value, &fault.in_text(value), &place.path()))?;
            below() && !equal
        }
        _ => false,
    })
}

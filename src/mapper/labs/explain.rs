//! What a local test states of the axes of LOINC, and what a term has there, for the explanation of an outcome.
//!
//! It ranks nothing. The verdicts follow what ranking and acceptance go by: broken is what [`super::features::conflict`]
//! takes for a contradiction.

use super::axes::Axes;
use super::challenge::Challenge;
use super::query::{Query, Section};
use super::specimen::{self, Specimen, affinity, satisfies};
use crate::mapper::explain::{Constraint, Verdict};
use crate::mapper::item::{Role, SourceItem};
use crate::mapper::words::words;

/// From this affinity on a system is what the source states, if less exactly.
const CLOSE_SYSTEM: f32 = 0.6;

/// The axes on which either side says something.
pub(super) fn constraints(query: &Query, item: &SourceItem, axes: &Axes, class: &str) -> Vec<Constraint> {
    let mut found = vec![
        of_specimen(query, item, axes),
        of_unit(query, item, axes),
        of_time(query, item, axes),
        of_method(query, axes),
        of_section(query, item, class),
    ];
    let named = named_words(query, &axes.denominator);
    let verdict = Verdict::of(!named.is_empty(), false);
    found.push(Constraint::new("denominator", named, axes.denominator.as_str(), verdict));
    found.push(of_challenge(query, axes));
    found.retain(|constraint| !constraint.source.is_empty() || !constraint.target.is_empty());
    found
}

fn of_specimen(query: &Query, item: &SourceItem, axes: &Axes) -> Constraint {
    let (source, target) = (query.specimen, axes.specimen());
    // A specimen may stand in the name; then the column, if there is one, says something else or nothing.
    let column = item.get(Role::Specimen);
    let stated = if source == Specimen::Unknown || (!column.is_empty() && specimen::of_column(column) == source) {
        column
    } else {
        specimen::code(source).unwrap_or(column)
    };
    let grade = affinity(source, target);
    let unspecific = query.blood_unspecific && source != Specimen::Unknown && target.is_blood();
    let known = source != Specimen::Unknown && target != Specimen::Unknown;
    let same = known && (satisfies(source, target) || unspecific || grade >= CLOSE_SYSTEM);
    Constraint::new(
        "specimen",
        stated,
        axes.system.as_str(),
        Verdict::of(same, known && grade == 0.0),
    )
}

fn of_unit(query: &Query, item: &SourceItem, axes: &Axes) -> Constraint {
    let allowed = &query.unit.properties;
    let property = axes.property.as_str();
    let known = !property.is_empty() && property != "-" && !allowed.is_empty();
    let unit = item.get(Role::Unit);
    let source = if allowed.is_empty() {
        unit.to_owned()
    } else {
        format!("{unit} ({})", allowed.join(", "))
    };
    let same = known && allowed.contains(&property);
    Constraint::new("unit", source, property, Verdict::of(same, known && !same))
}

fn of_time(query: &Query, item: &SourceItem, axes: &Axes) -> Constraint {
    let timed = !axes.time.is_empty() && axes.time != "Pt";
    let source = match (query.timed, item.get(Role::Specimen)) {
        (false, _) => "",
        (true, specimen) if specimen.contains("24") => specimen,
        (true, _) => "timed collection",
    };
    let target = if axes.time == "Pt" && source.is_empty() {
        ""
    } else {
        axes.time.as_str()
    };
    Constraint::new("time", source, target, Verdict::of(timed && query.timed, false))
}

fn of_method(query: &Query, axes: &Axes) -> Constraint {
    let named = named_words(query, &axes.method);
    let verdict = Verdict::of(!named.is_empty(), false);
    Constraint::new("method", named, axes.method.as_str(), verdict)
}

fn of_challenge(query: &Query, axes: &Axes) -> Constraint {
    let asked = query
        .challenge
        .map_or_else(String::new, |challenge| challenge.words().join(" "));
    let own = Challenge::read(&axes.challenge);
    let same = query.challenge.is_some_and(|asked| own.answers(asked));
    Constraint::new("challenge", asked, axes.challenge.as_str(), Verdict::of(same, false))
}

fn of_section(query: &Query, item: &SourceItem, class: &str) -> Constraint {
    let same = query.section != Section::Unknown && Section::read(class) == query.section;
    let stated = item.get(Role::Section);
    let class = if stated.is_empty() { "" } else { class };
    Constraint::new("section", stated, class, Verdict::of(same, false))
}

/// The words of an axis that the source's name has.
fn named_words(query: &Query, axis: &str) -> String {
    let mut named = words(axis);
    named.retain(|word| query.everything.contains(word));
    named.join(" ")
}

/// What a term has on an axis by which terms are told apart.
pub(super) fn axis_value(axes: &Axes, axis: &str) -> Option<String> {
    let value = match axis {
        "component" => &axes.component,
        "specimen" => &axes.system,
        "unit" => &axes.property,
        "collection time" => &axes.time,
        "method" => &axes.method,
        _ => return None,
    };
    Some(value.clone())
}

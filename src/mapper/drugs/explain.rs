//! What a drug's source states of ingredient, strength, form, release, brand and route, and what a concept has there,
//! for the explanation of an outcome.
//!
//! It ranks nothing. Broken is what the ranking takes for a contradiction: another strength, another form.

use super::features::View;
use super::form::{self, Form};
use super::strength::{Found, Kind, Strength};
use super::target::{Name, Target};
use crate::mapper::explain::{Constraint, Verdict};
use crate::mapper::item::{Role, SourceItem};
use crate::mapper::words::words;

/// The axes on which either side says something.
pub(super) fn constraints(view: &View<'_>, item: &SourceItem, name: &Name) -> Vec<Constraint> {
    let (source, target) = (view.source(), view.target());
    let stated = source.readings.first().map_or(&[][..], Vec::as_slice);
    let brand_named = view.brand_named();
    let mut found = vec![
        Constraint::new(
            "ingredient",
            stated.join(" "),
            name.ingredients.join(" "),
            view.ingredients(!name.ingredients.is_empty() && name.ingredients.iter().all(|word| stated.contains(word))),
        ),
        Constraint::new(
            "strength",
            strengths(&source.found),
            strengths(&target.found),
            view.strengths_verdict(),
        ),
        of_form(view, item),
        Constraint::new(
            "release",
            source.release,
            target.release,
            Verdict::of(source.release == target.release, false),
        ),
        Constraint::new(
            "brand",
            if brand_named { name.brand.join(" ") } else { String::new() },
            name.brand.join(" "),
            Verdict::of(brand_named, view.brand_other()),
        ),
        of_route(item, target),
    ];
    found.retain(|constraint| !constraint.source.is_empty() || !constraint.target.is_empty());
    found
}

fn shown_form(form: Option<Form>) -> &'static str {
    form.map(Form::as_str).unwrap_or_default()
}

fn of_form(view: &View<'_>, item: &SourceItem) -> Constraint {
    let (ours, theirs) = (view.source().form, view.target().form);
    let grade = ours.zip(theirs).map(|(ours, theirs)| form::affinity(ours, theirs));
    let column = item.get(Role::Form);
    let source = if column.is_empty() { shown_form(ours) } else { column };
    let verdict = Verdict::of(grade.is_some_and(|grade| grade > 0.0), grade == Some(0.0));
    Constraint::new("form", source, shown_form(theirs), verdict)
}

/// A route only says something of the form.
fn of_route(item: &SourceItem, target: &Target) -> Constraint {
    let route = item.get(Role::Route);
    let target_form = target.form.filter(|_| !route.is_empty());
    let fits = form::of(&words(route))
        .zip(target_form)
        .is_some_and(|(route, target)| form::affinity(route, target) > 0.0);
    Constraint::new("route", route, shown_form(target_form), Verdict::of(fits, false))
}

/// What a concept has on an axis by which concepts are told apart.
pub(super) fn axis_value(target: &Target, name: &Name, axis: &str) -> Option<String> {
    Some(match axis {
        "ingredients" => name.ingredients.join(" "),
        "strength" => strengths(&target.found),
        "form" => format!("{} {}", target.release, shown_form(target.form)).trim().to_owned(),
        "brand" => name.brand.join(" "),
        "quantity" => target
            .found
            .volume
            .map_or_else(String::new, |volume| format!("{} ml", number(volume))),
        _ => return None,
    })
}

fn strengths(found: &Found) -> String {
    let each: Vec<String> = found.strengths.iter().map(shown).collect();
    each.join(" + ")
}

/// A strength in the units in which it is compared.
fn shown(strength: &Strength) -> String {
    let amount = format!("{} {}", number(strength.amount), unit(strength.kind));
    match strength.per {
        None => amount,
        Some((kind, 1.0)) => format!("{amount}/{}", unit(kind)),
        Some((kind, per)) => format!("{amount}/{} {}", number(per), unit(kind)),
    }
}

/// Six digits are more than any label has, and hide what arithmetic adds.
fn number(value: f64) -> String {
    let rounded = format!("{value:.6}");
    rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Mass => "mg",
        Kind::Activity => "unit",
        Kind::Equivalents => "meq",
        Kind::Substance => "mmol",
        Kind::Volume => "ml",
        Kind::Hours => "h",
        Kind::Doses => "dose",
        Kind::Radioactivity => "MBq",
        Kind::Particles => "particles",
        Kind::Unstated => "(no unit)",
    }
}

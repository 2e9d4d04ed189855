//! What a drug's source states of ingredient, strength, form, release, brand and route, and what a concept has there,
//! for the explanation of an outcome.
//!
//! It ranks nothing. Broken is what the ranking takes for a contradiction: another strength, another form.

use super::form;
use super::strength::{Found, Kind, Strength};
use super::{Drug, Source};
use crate::mapper::explain::{Constraint, Verdict};
use crate::mapper::item::{Role, SourceItem};
use crate::mapper::words::words;

/// The axes on which either side says something.
pub(super) fn constraints(source: &Source, item: &SourceItem, target: &Drug) -> Vec<Constraint> {
    let drug = &source.drug;
    let stated = source.readings.first().map_or(&[][..], Vec::as_slice);
    let covered = |wanted: &[String]| !wanted.is_empty() && wanted.iter().all(|word| stated.contains(word));
    let named: Vec<String> = words(item.get(Role::Name));
    let brand_named = !target.brand.is_empty() && target.brand.iter().all(|word| named.contains(word));
    let mut found = vec![
        Constraint::new(
            "ingredient",
            stated.join(" "),
            target.ingredients.join(" "),
            Verdict::of(covered(&target.ingredients), false),
        ),
        of_strength(&drug.found, &target.found),
        of_form(drug, item, target),
        Constraint::new(
            "release",
            drug.release,
            target.release,
            Verdict::of(drug.release == target.release, false),
        ),
        Constraint::new(
            "brand",
            if brand_named { target.brand.join(" ") } else { String::new() },
            target.brand.join(" "),
            Verdict::of(brand_named, false),
        ),
        of_route(item, target),
    ];
    found.retain(|constraint| !constraint.source.is_empty() || !constraint.target.is_empty());
    found
}

fn of_strength(ours: &Found, theirs: &Found) -> Constraint {
    let agrees = |left: &Strength| {
        let same = |right| left.agrees(right, ours.volume, theirs.volume);
        theirs.strengths.iter().any(same)
    };
    let agreeing = ours.strengths.iter().filter(|strength| agrees(strength)).count();
    let stated = !ours.strengths.is_empty() && !theirs.strengths.is_empty();
    let all = agreeing > 0 && agreeing == ours.strengths.len() && agreeing == theirs.strengths.len();
    let verdict = Verdict::of(all, stated && agreeing == 0);
    Constraint::new("strength", strengths(ours), strengths(theirs), verdict)
}

fn of_form(drug: &Drug, item: &SourceItem, target: &Drug) -> Constraint {
    let (ours, theirs) = (drug.form, target.form);
    let grade = ours.zip(theirs).map(|(ours, theirs)| form::affinity(ours, theirs));
    let column = item.get(Role::Form);
    let source = if column.is_empty() {
        ours.map(form::Form::as_str).unwrap_or_default()
    } else {
        column
    };
    let verdict = Verdict::of(grade.is_some_and(|grade| grade > 0.0), grade == Some(0.0));
    Constraint::new("form", source, theirs.map(form::Form::as_str).unwrap_or_default(), verdict)
}

/// A route only says something of the form.
fn of_route(item: &SourceItem, target: &Drug) -> Constraint {
    let route = item.get(Role::Route);
    let target_form = target.form.filter(|_| !route.is_empty());
    let fits = form::of(&words(route))
        .zip(target_form)
        .is_some_and(|(route, target)| form::affinity(route, target) > 0.0);
    let shown = target_form.map(form::Form::as_str).unwrap_or_default();
    Constraint::new("route", route, shown, Verdict::of(fits, false))
}

/// What a concept has on an axis by which concepts are told apart.
pub(super) fn axis_value(drug: &Drug, axis: &str) -> Option<String> {
    Some(match axis {
        "strength" => strengths(&drug.found),
        "form" => {
            let form = drug.form.map(form::Form::as_str).unwrap_or_default();
            format!("{} {form}", drug.release).trim().to_owned()
        }
        "brand" => drug.brand.join(" "),
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
    }
}

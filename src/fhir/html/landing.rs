//! The page at the door: what is loaded, and forms and links with which to begin.

use super::markup::Markup;
use super::{Place, element, frame};
use crate::fhir::FhirVersion;
use crate::service::{CodeSystemIndex, ResourceKind, ResourceQuery, Terminology};
use std::sync::Arc;
use tern_index::model::{CodeSystemHeader, Content, Ordinal};

/// Releases that are listed; a store has few, a bare one none.
const LISTED: usize = 50;
/// What small FHIR resources come with; they are counted, not listed.
const SMALL: &str = "fhir";

/// The page of an endpoint.
pub fn landing(terminology: &Terminology, version: FhirVersion, base: &str) -> String {
    let place = Place { base, address: None };
    let mut body = Markup::default();
    body.element("h1", "Terminology service");
    body.open("p")
        .text("FHIR ")
        .text(version.full())
        .text(" at ")
        .element("code", base)
        .text(". ");
    body.link("/fhir/r4", "R4")
        .text(" and ")
        .link("/fhir/r5", "R5")
        .text(" have endpoints of their own; ");
    body.link("/fhir", "/fhir").text(" speaks either, by media type.").close("p");
    let headers = terminology.code_system_headers();
    let releases: Vec<&CodeSystemHeader> = headers
        .iter()
        .filter(|header| header.loader != SMALL && header.content != Content::Supplement)
        .take(LISTED)
        .collect();
    let opened: Vec<Arc<CodeSystemIndex>> = releases
        .iter()
        .filter_map(|header| terminology.code_system(&header.url, header.version.as_deref()).ok())
        .collect();
    counts(&mut body, terminology, headers.len(), &place);
    releases_table(&mut body, &opened, &place);
    let example = match opened.first() {
        Some(index) => Some(Arc::clone(index)),
        None => first_with_codes(terminology, &headers),
    };
    questions(&mut body, example.as_deref(), &place);
    frame("Terminology service", version, &place, body)
}

fn first_with_codes(terminology: &Terminology, headers: &[CodeSystemHeader]) -> Option<Arc<CodeSystemIndex>> {
    let complete = headers
        .iter()
        .filter(|header| header.content == Content::Complete)
        .take(LISTED);
    let mut opened = complete.filter_map(|header| terminology.code_system(&header.url, header.version.as_deref()).ok());
    opened.find(|index| !index.is_empty())
}

fn counts(body: &mut Markup, terminology: &Terminology, systems: usize, place: &Place<'_>) {
    let all = |kind| {
        let found = terminology.search_resources(kind, &ResourceQuery::default(), 0, 1);
        found.map_or(0, |(_, total)| total)
    };
    body.open("p").text("Loaded: ");
    for (number, (kind, label, count)) in [
        ("CodeSystem", "code systems", systems),
        ("ValueSet", "value sets", all(ResourceKind::ValueSet)),
        ("ConceptMap", "concept maps", all(ResourceKind::ConceptMap)),
    ]
    .into_iter()
    .enumerate()
    {
        body.text(if number > 0 { ", " } else { "" });
        body.link(&place.below(kind, &[("_summary", "true")]), &format!("{count} {label}"));
    }
    body.text(".").close("p");
    let damaged = terminology.damaged();
    if !damaged.is_empty() {
        body.open_with("section", &[("class", "issue error")]);
        body.open("p").text(&format!(
            "{} parts of the store cannot be read; run 'tern verify'.",
            damaged.len()
        ));
        body.close("p").close("section");
    }
}

fn releases_table(body: &mut Markup, opened: &[Arc<CodeSystemIndex>], place: &Place<'_>) {
    if opened.is_empty() {
        return;
    }
    body.open_with("div", &[("class", "wide")])
        .open("table")
        .open("thead")
        .open("tr");
    for column in ["Release", "Version", "Codes", "URL"] {
        body.open_with("th", &[("scope", "col")]).text(column).close("th");
    }
    body.close("tr").close("thead").open("tbody");
    for index in opened {
        let header = index.header();
        let name = header.title.as_deref().or(header.name.as_deref()).unwrap_or(&header.url);
        body.open("tr")
            .open("td")
            .link(&element::search(place, "CodeSystem", &header.url), name)
            .close("td");
        body.element("td", header.version.as_deref().unwrap_or_default());
        body.element("td", &index.len().to_string())
            .element("td", &header.url)
            .close("tr");
    }
    body.close("tbody").close("table").close("div");
}

/// Forms that ask, filled with something that has an answer.
fn questions(body: &mut Markup, example: Option<&CodeSystemIndex>, place: &Place<'_>) {
    let system = example.map_or("", |index| index.header().url.as_str());
    let first = example.and_then(|index| {
        index
            .all()
            .iter()
            .next()
            .map(|concept| index.code(Ordinal(concept)).to_owned())
    });
    let code = first.as_deref().unwrap_or_default();
    let every = format!("{system}?fhir_vs");
    let all = if system.is_empty() { "" } else { every.as_str() };
    for (title, path, fields) in [
        (
            "What is this code?",
            "CodeSystem/$lookup",
            vec![("system", system), ("code", code)],
        ),
        (
            "Which codes match?",
            "ValueSet/$expand",
            vec![("url", all), ("filter", ""), ("count", "50")],
        ),
        (
            "Is it valid?",
            "CodeSystem/$validate-code",
            vec![("url", system), ("code", code), ("display", "")],
        ),
        (
            "What does it map to?",
            "ConceptMap/$translate",
            vec![("system", system), ("code", code), ("targetsystem", "")],
        ),
    ] {
        body.element("h2", title);
        body.open_with("form", &[("action", &place.below(path, &[])), ("method", "get")]);
        for (name, value) in fields {
            body.open_with(
                "input",
                &[("name", name), ("value", value), ("placeholder", name), ("aria-label", name)],
            );
        }
        body.open_with("button", &[("type", "submit")])
            .text("Ask")
            .close("button")
            .close("form");
    }
}

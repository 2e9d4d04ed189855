//! Answers as pages for people: the same tree that JSON and XML are written from, with tables where tables help.
//!
//! A page needs nothing but itself: no script, no picture, no font, one stylesheet inside. Every text of an answer is
//! escaped by the one function that writes text, and only addresses of the web become links. A page is for looking
//! and for finding the next request; programs read JSON or XML.

mod element;
mod landing;
mod markup;
mod tables;
#[cfg(test)]
mod tests;

pub use landing::landing;

use super::FhirVersion;
use super::query;
use markup::Markup;
use serde_json::Value;

const STYLE: &str = include_str!("style.css");

/// What a page is allowed to do in a browser, as a Content-Security-Policy: nothing but look like itself.
pub const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where a page is: links lead from there.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// Path of the FHIR endpoint, without a slash at the end.
    pub base: &'p str,
    /// Path and query string of the request; `None` where asking again needs a body.
    pub address: Option<&'p str>,
}

impl Place<'_> {
    /// The address of the request with other parameters; `None` where it has none.
    fn with(&self, changed: &[(&str, &str)]) -> Option<String> {
        let (path, given) = self.address.map(|address| address.split_once('?').unwrap_or((address, "")))?;
        let mut pairs = query::pairs(given).ok()?;
        pairs.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        pairs.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Some(format!("{path}?{}", joined(&pairs)))
    }

    /// An address below the endpoint.
    fn below(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let pairs: Vec<(String, String)> = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        match pairs.is_empty() {
            true => format!("{}/{path}", self.base),
            false => format!("{}/{path}?{}", self.base, joined(&pairs)),
        }
    }
}

fn joined(pairs: &[(String, String)]) -> String {
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", query::encode(name), query::encode(value)))
        .collect();
    encoded.join("&")
}

/// A resource as a page.
pub fn page(resource: &Value, version: FhirVersion, place: &Place<'_>) -> String {
    let mut body = Markup::default();
    let title = title(resource);
    body.open("h1").text(&title).close("h1");
    formats(&mut body, place);
    tables::resource(&mut body, resource, place);
    frame(&title, version, place, body)
}

fn title(resource: &Value) -> String {
    let text = |name: &str| resource.get(name).and_then(Value::as_str);
    let kind = text("resourceType").unwrap_or("Answer");
    match (kind, text("title").or(text("name")).or(text("id"))) {
        ("Parameters" | "Bundle" | "OperationOutcome", _) => match kind {
            "Bundle" => format!("{kind}, {}", text("type").unwrap_or("no type")),
            _ => kind.to_owned(),
        },
        (kind, Some(name)) => format!("{kind}: {name}"),
        (kind, None) => kind.to_owned(),
    }
}

/// The same in the formats of programs.
fn formats(body: &mut Markup, place: &Place<'_>) {
    let links: Vec<(String, &str)> = [("json", "JSON"), ("xml", "XML")]
        .into_iter()
        .filter_map(|(format, label)| Some((place.with(&[("_format", format), ("_pretty", "true")])?, label)))
        .collect();
    if links.is_empty() {
        return;
    }
    body.open_with("p", &[("class", "formats")]).text("The same as ");
    for (number, (address, label)) in links.iter().enumerate() {
        body.text(if number > 0 { " or " } else { "" }).link(address, label);
    }
    body.close("p");
}

/// What all pages have around them.
fn frame(title: &str, version: FhirVersion, place: &Place<'_>, body: Markup) -> String {
    let mut page = Markup::default();
    page.raw("<!DOCTYPE html>\n");
    page.open_with("html", &[("lang", "en")]).open("head");
    page.raw("<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">");
    page.open("title").text(title).text(" - tern").close("title");
    // The stylesheet is a part of the program.
    page.open("style").raw(STYLE).close("style").close("head").open("body");
    page.open("header")
        .open_with("a", &[("class", "brand"), ("href", place.base)]);
    page.text("tern").close("a");
    page.open_with("span", &[("class", "version")])
        .text("FHIR ")
        .text(version.full())
        .close("span")
        .open("nav");
    for (path, label) in [
        ("CodeSystem?_summary=true", "Code systems"),
        ("ValueSet?_summary=true", "Value sets"),
        ("ConceptMap?_summary=true", "Concept maps"),
        ("metadata", "Capabilities"),
        ("metadata?mode=terminology", "Terminology"),
    ] {
        page.link(&place.below(path, &[]), label);
    }
    page.close("nav")
        .close("header")
        .open("main")
        .append(body)
        .close("main")
        .close("body")
        .close("html");
    page.raw("\n").take()
}

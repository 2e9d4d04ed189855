//! Any element as a table of its own elements, whatever its type is.

use super::Place;
use super::markup::{Markup, is_web};
use serde_json::{Map, Value};
use tern_loaders::decode::squeeze;

/// Elements whose address is that of a code system.
const SYSTEMS: &[&str] = &["system", "supplements", "source", "target", "used-codesystem"];

/// The elements of an object but for those in `without`.
pub(super) fn object(body: &mut Markup, object: &Map<String, Value>, without: &[&str], place: &Place<'_>) {
    let mut shown = object.iter().filter(|(name, _)| !without.contains(&name.as_str())).peekable();
    if shown.peek().is_none() {
        return;
    }
    body.open_with("table", &[("class", "elements")]);
    for (name, value) in shown {
        body.open("tr")
            .open_with("th", &[("scope", "row")])
            .text(name)
            .close("th")
            .open("td");
        match value {
            Value::Array(list) if name == "extension" || name == "modifierExtension" => {
                folded(body, &format!("{} of them", list.len()), |body| any(body, name, value, place));
            }
            _ => any(body, name, value, place),
        }
        body.close("td").close("tr");
    }
    body.close("table");
}

/// Something that is shown when it is asked for.
pub(super) fn folded(body: &mut Markup, title: &str, write: impl FnOnce(&mut Markup)) {
    body.open("details").element("summary", title);
    write(body);
    body.close("details");
}

/// What is left of a row: what is true as marks, the rest as elements.
pub(super) fn rest(body: &mut Markup, object: &Map<String, Value>, without: &[&str], place: &Place<'_>) {
    let marks: Vec<&str> = object
        .iter()
        .filter(|(_, value)| **value == Value::Bool(true))
        .map(|(name, _)| name.as_str())
        .collect();
    for mark in &marks {
        body.open_with("span", &[("class", "mark")])
            .text(mark)
            .close("span")
            .text(" ");
    }
    let mut shown = [without, &marks].concat();
    for (list, label) in [("property", "code"), ("designation", "language")] {
        if pairs(body, object.get(list), label, place) {
            shown.push(list);
        }
    }
    self::object(body, object, &shown, place);
}

/// Designations and properties in a line each: what they are, and their value.
fn pairs(body: &mut Markup, list: Option<&Value>, label: &str, place: &Place<'_>) -> bool {
    let Some(list) = list.and_then(Value::as_array) else {
        return false;
    };
    for one in list.iter().filter_map(Value::as_object) {
        body.open("div");
        if let Some(label) = one.get(label).and_then(Value::as_str) {
            body.open_with("span", &[("class", "of")])
                .text(label)
                .text(": ")
                .close("span");
        }
        for (name, value) in one.iter().filter(|(name, _)| name.starts_with("value")) {
            any(body, name, value, place);
        }
        body.close("div");
    }
    true
}

/// The value of an element.
pub(super) fn any(body: &mut Markup, name: &str, value: &Value, place: &Place<'_>) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => {
            body.text(if *truth { "yes" } else { "no" });
        }
        Value::Number(number) => {
            body.text(&number.to_string());
        }
        // Narrative is shown as what it says; its tags are none of ours.
        Value::String(text) if name == "div" => {
            body.element("pre", &without_tags(text));
        }
        Value::String(text) => string(body, name, text, place),
        Value::Array(list) if list.iter().all(|one| !one.is_object()) => {
            for (number, one) in list.iter().enumerate() {
                body.text(if number > 0 { ", " } else { "" });
                any(body, name, one, place);
            }
        }
        Value::Array(list) => {
            for one in list {
                body.open_with("div", &[("class", "item")]);
                any(body, name, one, place);
                body.close("div");
            }
        }
        Value::Object(inner) if inner.contains_key("resourceType") => super::tables::resource(body, value, place),
        Value::Object(inner) if is_coding(inner) => coding(body, inner, place),
        Value::Object(inner) => object(body, inner, &[], place),
    }
}

fn string(body: &mut Markup, name: &str, text: &str, place: &Place<'_>) {
    let name = name.strip_prefix("value").filter(|rest| !rest.is_empty()).unwrap_or(name);
    if SYSTEMS.contains(&name) && is_web(text) {
        body.link(&search(place, "CodeSystem", text), text);
    } else if name == "valueSet" && is_web(text) {
        body.link(&search(place, "ValueSet", text), text);
    } else if is_web(text) {
        body.open_with("a", &[("href", text), ("rel", "noopener noreferrer")])
            .text(text)
            .close("a");
    } else if text.contains('\n') {
        body.open_with("div", &[("class", "lines")]).text(text).close("div");
    } else {
        body.text(text);
    }
}

/// A search for a canonical.
pub(super) fn search(place: &Place<'_>, kind: &str, canonical: &str) -> String {
    match canonical.split_once('|') {
        Some((url, version)) => place.below(kind, &[("url", url), ("version", version)]),
        None => place.below(kind, &[("url", canonical)]),
    }
}

fn is_coding(object: &Map<String, Value>) -> bool {
    object.contains_key("code")
        && object
            .iter()
            .all(|(name, value)| ["system", "version", "code", "display"].contains(&name.as_str()) && value.is_string())
}

/// A coding in one line; the code leads to what is known of it.
pub(super) fn coding(body: &mut Markup, coding: &Map<String, Value>, place: &Place<'_>) {
    let text = |name: &str| coding.get(name).and_then(Value::as_str);
    let code = text("code").unwrap_or_default();
    self::code(body, text("system"), text("version"), code, place);
    if let Some(display) = text("display") {
        body.text(" ").text(display);
    }
    if let Some(system) = text("system") {
        body.open_with("span", &[("class", "of")]).text(" of ").text(system);
        if let Some(version) = text("version") {
            body.text(", ").text(version);
        }
        body.close("span");
    }
}

/// A code, as a link to its lookup where its system is known.
pub(super) fn code(body: &mut Markup, system: Option<&str>, version: Option<&str>, code: &str, place: &Place<'_>) {
    body.open("code");
    match system {
        Some(system) if !code.is_empty() => {
            let mut parameters = vec![("system", system), ("code", code)];
            parameters.extend(version.map(|version| ("version", version)));
            parameters.push(("property", "*"));
            body.link(&place.below("CodeSystem/$lookup", &parameters), code);
        }
        _ => {
            body.text(code);
        }
    }
    body.close("code");
}

/// The text of XHTML, near enough for reading.
fn without_tags(text: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                plain.push(' ');
            }
            _ if inside => {}
            other => plain.push(other),
        }
    }
    let lines = plain.lines().map(squeeze);
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    let text = lines.join("\n");
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#160;", " "),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text, |text, (entity, letter)| text.replace(entity, letter))
}

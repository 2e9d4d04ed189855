//! The resources that people look at most, each as the table that suits it; what is left is shown as elements.

use super::Place;
use super::element::{any, code, folded, object, rest, search};
use super::markup::Markup;
use serde_json::{Map, Value};

/// Rows of one table: a browser is slow long before a program is.
const ROWS: usize = 2_000;

/// A resource, on a page of its own or inside another.
pub(super) fn resource(body: &mut Markup, resource: &Value, place: &Place<'_>) {
    let Value::Object(resource) = resource else {
        return;
    };
    match resource.get("resourceType").and_then(Value::as_str).unwrap_or_default() {
        "OperationOutcome" => outcome(body, resource, place),
        "Parameters" => parameters(body, list(resource, "parameter"), place),
        "Bundle" => bundle(body, resource, place),
        "ValueSet" => value_set(body, resource, place),
        "CodeSystem" => code_system(body, resource, place),
        "ConceptMap" => concept_map(body, resource, place),
        "CapabilityStatement" => capabilities(body, resource, place),
        "TerminologyCapabilities" => terminology(body, resource, place),
        _ => object(body, resource, &["resourceType"], place),
    }
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

fn list<'v>(object: &'v Map<String, Value>, name: &str) -> &'v [Value] {
    object
        .get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn objects(list: &[Value]) -> impl Iterator<Item = &Map<String, Value>> {
    list.iter().filter_map(Value::as_object)
}

fn head(body: &mut Markup, columns: &[&str]) {
    body.open_with("div", &[("class", "wide")])
        .open("table")
        .open("thead")
        .open("tr");
    for column in columns {
        body.open_with("th", &[("scope", "col")]).text(column).close("th");
    }
    body.close("tr").close("thead").open("tbody");
}

fn foot(body: &mut Markup, left: usize) {
    body.close("tbody").close("table").close("div");
    if left > 0 {
        body.open("p").text(&format!("{left} more rows are in the JSON.")).close("p");
    }
}

fn cell(body: &mut Markup, text: &str) {
    body.element("td", text);
}

fn outcome(body: &mut Markup, outcome: &Map<String, Value>, place: &Place<'_>) {
    for issue in objects(list(outcome, "issue")) {
        let severity = text(issue, "severity").unwrap_or("error");
        let class = match severity {
            "information" | "success" => "issue information",
            "warning" => "issue warning",
            _ => "issue error",
        };
        body.open_with("section", &[("class", class)]);
        body.open("p").element("strong", severity).text(": ");
        let details = issue.get("details").and_then(Value::as_object);
        let said = details
            .and_then(|details| text(details, "text"))
            .or(text(issue, "diagnostics"));
        body.text(said.unwrap_or("nothing more is known")).close("p");
        // What to do about it, where the text is a fixed one.
        let hint = text(issue, "diagnostics").filter(|hint| said != Some(*hint) && !hint.contains('\n'));
        if let Some(hint) = hint {
            body.element("p", hint);
        }
        folded(body, "Details", |body| object(body, issue, &["severity"], place));
        body.close("section");
    }
}

fn parameters(body: &mut Markup, parameters: &[Value], place: &Place<'_>) {
    if parameters.is_empty() {
        body.element("p", "There are no parameters.");
        return;
    }
    body.open_with("table", &[("class", "elements")]);
    let all: Vec<&Map<String, Value>> = objects(parameters).collect();
    for alike in all.chunk_by(|one, next| text(one, "name") == text(next, "name") && is_row(one) && is_row(next)) {
        let name = alike.first().and_then(|first| text(first, "name")).unwrap_or_default();
        body.open("tr")
            .open_with("th", &[("scope", "row")])
            .text(name)
            .close("th")
            .open("td");
        match alike {
            [parameter] => parameter_value(body, (name, parameter), parameters, place),
            rows => parts_table(body, rows, parameters, place),
        }
        body.close("td").close("tr");
    }
    body.close("table");
}

/// Whether a parameter has parts, each with a value.
fn is_row(parameter: &Map<String, Value>) -> bool {
    let parts = list(parameter, "part");
    !parts.is_empty() && objects(parts).all(|part| list(part, "part").is_empty() && !part.contains_key("resource"))
}

fn parameter_value(body: &mut Markup, (name, parameter): (&str, &Map<String, Value>), beside: &[Value], place: &Place<'_>) {
    let part = list(parameter, "part");
    if !part.is_empty() {
        parameters(body, part, place);
    }
    for (element, value) in parameter {
        match element.as_str() {
            "name" | "part" | "extension" => {}
            "valueBoolean" if name == "result" => {
                let (class, said) = if value == &Value::Bool(true) {
                    ("good", "true")
                } else {
                    ("bad", "false")
                };
                body.open_with("strong", &[("class", class)]).text(said).close("strong");
            }
            "valueCode" if name == "code" => lookup_code(body, beside, value, place),
            // A parameter says by its name what kind of address its value is.
            _ => any(body, if element.starts_with("value") { name } else { element }, value, place),
        }
    }
}

/// Parameters of one name as the rows of a table, with a column for each part.
fn parts_table(body: &mut Markup, rows: &[&Map<String, Value>], beside: &[Value], place: &Place<'_>) {
    let mut columns: Vec<&str> = Vec::new();
    for part in rows.iter().flat_map(|row| objects(list(row, "part"))) {
        let name = text(part, "name").unwrap_or_default();
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    head(body, &columns);
    for row in rows {
        let parts = list(row, "part");
        let leads_to_concept = objects(parts).any(|part| matches!(text(part, "valueCode"), Some("parent" | "child")));
        body.open("tr");
        for column in &columns {
            body.open("td");
            for part in objects(parts).filter(|part| text(part, "name") == Some(column)) {
                match part.get("valueCode") {
                    Some(value) if leads_to_concept && *column == "value" => lookup_code(body, beside, value, place),
                    _ => parameter_value(body, (column, part), parts, place),
                }
            }
            body.close("td");
        }
        body.close("tr");
    }
    foot(body, 0);
}

/// The code of a lookup or validation, with the system that stands beside it.
fn lookup_code(body: &mut Markup, parameters: &[Value], value: &Value, place: &Place<'_>) {
    let system = objects(parameters).find(|parameter| text(parameter, "name") == Some("system"));
    let system = system.and_then(|system| text(system, "valueUri"));
    code(body, system, None, value.as_str().unwrap_or_default(), place);
}

fn bundle(body: &mut Markup, bundle: &Map<String, Value>, place: &Place<'_>) {
    let entries = list(bundle, "entry");
    if let Some(total) = bundle.get("total").and_then(Value::as_u64) {
        body.open("p")
            .text(&format!("{} of {total} found.", entries.len()))
            .close("p");
    }
    if text(bundle, "type") != Some("searchset") && text(bundle, "type") != Some("history") {
        object(body, bundle, &["resourceType"], place);
        return;
    }
    paging(
        body,
        objects(list(bundle, "link")).filter_map(|link| Some((text(link, "relation")?, text(link, "url")?))),
    );
    head(body, &["Resource", "Version", "Status", "URL"]);
    for entry in objects(entries).take(ROWS) {
        let Some(resource) = entry.get("resource").and_then(Value::as_object) else {
            continue;
        };
        let (kind, id) = (
            text(resource, "resourceType").unwrap_or_default(),
            text(resource, "id").unwrap_or_default(),
        );
        let name = text(resource, "title").or(text(resource, "name")).unwrap_or(id);
        body.open("tr")
            .open("td")
            .link(&place.below(&format!("{kind}/{id}"), &[]), name)
            .close("td");
        cell(body, text(resource, "version").unwrap_or_default());
        cell(body, text(resource, "status").unwrap_or_default());
        cell(body, text(resource, "url").unwrap_or_default());
        body.close("tr");
    }
    foot(body, entries.len().saturating_sub(ROWS));
}

/// Links to other pages; where this one is, is no link.
fn paging<'l>(body: &mut Markup, links: impl Iterator<Item = (&'l str, &'l str)>) {
    let links: Vec<(&str, &str)> = links
        .filter(|(relation, url)| *relation != "self" && (super::markup::is_web(url) || url.starts_with('/')))
        .collect();
    if links.is_empty() {
        return;
    }
    body.open_with("nav", &[("class", "paging")]);
    for (relation, url) in links {
        body.link(url, relation);
    }
    body.close("nav");
}

fn value_set(body: &mut Markup, value_set: &Map<String, Value>, place: &Place<'_>) {
    let expansion = value_set.get("expansion").and_then(Value::as_object);
    if let (None, Some(url)) = (expansion, text(value_set, "url")) {
        let mut parameters = vec![("url", url)];
        parameters.extend(text(value_set, "version").map(|version| ("valueSetVersion", version)));
        parameters.push(("count", "100"));
        body.open("p")
            .link(&place.below("ValueSet/$expand", &parameters), "Expand")
            .close("p");
    }
    let about = |body: &mut Markup| object(body, value_set, &["resourceType", "expansion", "text"], place);
    let Some(expansion) = expansion else {
        return about(body);
    };
    let contains = list(expansion, "contains");
    if let Some(total) = expansion.get("total").and_then(Value::as_u64) {
        body.open("p").text(&format!("{total} codes in this expansion.")).close("p");
    }
    expansion_pages(body, expansion, place);
    if !contains.is_empty() {
        head(body, &["Code", "Display", "System", "More"]);
        let mut left = ROWS;
        let missed = contained(body, contains, 0, &mut left, place);
        foot(body, missed);
        expansion_pages(body, expansion, place);
    }
    folded(body, "About the value set", about);
    folded(body, "About the expansion", |body| {
        object(body, expansion, &["contains", "parameter"], place);
        self::parameters(body, list(expansion, "parameter"), place);
    });
}

/// Pages before and after this one, where it is one.
fn expansion_pages(body: &mut Markup, expansion: &Map<String, Value>, place: &Place<'_>) {
    let parameter = |name: &str| {
        let found = objects(list(expansion, "parameter")).find(|parameter| text(parameter, "name") == Some(name));
        found.and_then(|parameter| parameter.get("valueInteger")?.as_u64())
    };
    let total = expansion.get("total").and_then(Value::as_u64);
    let (Some(total), Some(count @ 1..)) = (total, parameter("count")) else {
        return;
    };
    let offset = parameter("offset").unwrap_or(0);
    let to = |offset: u64| place.with(&[("offset", &offset.to_string()), ("count", &count.to_string())]);
    let mut links = Vec::new();
    if offset > 0 {
        links.push(("first", to(0)));
        links.push(("previous", to(offset.saturating_sub(count))));
    }
    if offset.saturating_add(count) < total {
        links.push(("next", to(offset + count)));
        links.push(("last", to((total - 1) / count * count)));
    }
    paging(
        body,
        links.iter().filter_map(|(relation, url)| Some((*relation, url.as_deref()?))),
    );
}

/// The rows of an expansion; says how many were left out.
fn contained(body: &mut Markup, contains: &[Value], level: usize, left: &mut usize, place: &Place<'_>) -> usize {
    let mut missed = 0;
    for entry in objects(contains) {
        if *left == 0 {
            missed += 1;
        } else {
            *left -= 1;
            let grey = ["inactive", "abstract"]
                .iter()
                .any(|name| entry.get(*name) == Some(&Value::Bool(true)));
            concept_row(body, grey, level, |body| {
                code(
                    body,
                    text(entry, "system"),
                    text(entry, "version"),
                    text(entry, "code").unwrap_or_default(),
                    place,
                );
            });
            cell(body, text(entry, "display").unwrap_or_default());
            body.open("td");
            if let Some(system) = text(entry, "system") {
                body.link(&search(place, "CodeSystem", system), system);
            }
            body.close("td").open("td");
            rest(body, entry, &["code", "display", "system", "contains"], place);
            body.close("td").close("tr");
        }
        missed += contained(body, list(entry, "contains"), level + 1, left, place);
    }
    missed
}

/// Starts a row with the cell of its code, set in by its level.
fn concept_row(body: &mut Markup, grey: bool, level: usize, write: impl FnOnce(&mut Markup)) {
    match grey {
        true => body.open_with("tr", &[("class", "grey")]),
        false => body.open("tr"),
    };
    let class = format!("code level{}", level.min(12));
    body.open_with("td", &[("class", &class)]);
    write(body);
    body.close("td");
}

fn code_system(body: &mut Markup, system: &Map<String, Value>, place: &Place<'_>) {
    if let Some(url) = text(system, "url") {
        let all = format!("{url}?fhir_vs");
        body.open("p");
        body.link(
            &place.below("ValueSet/$expand", &[("url", &all), ("count", "100")]),
            "All codes",
        );
        body.close("p");
    }
    object(body, system, &["resourceType", "concept", "text"], place);
    let concepts = list(system, "concept");
    if concepts.is_empty() {
        return;
    }
    body.element("h2", "Concepts");
    head(body, &["Code", "Display", "Definition", "More"]);
    let mut left = ROWS;
    let missed = self::concepts(body, concepts, (0, text(system, "url")), &mut left, place);
    foot(body, missed);
}

fn concepts(
    body: &mut Markup,
    concepts: &[Value],
    (level, system): (usize, Option<&str>),
    left: &mut usize,
    place: &Place<'_>,
) -> usize {
    let mut missed = 0;
    for concept in objects(concepts) {
        if *left == 0 {
            missed += 1;
        } else {
            *left -= 1;
            concept_row(body, false, level, |body| {
                code(body, system, None, text(concept, "code").unwrap_or_default(), place);
            });
            cell(body, text(concept, "display").unwrap_or_default());
            cell(body, text(concept, "definition").unwrap_or_default());
            body.open("td");
            rest(body, concept, &["code", "display", "definition", "concept"], place);
            body.close("td").close("tr");
        }
        missed += self::concepts(body, list(concept, "concept"), (level + 1, system), left, place);
    }
    missed
}

fn concept_map(body: &mut Markup, map: &Map<String, Value>, place: &Place<'_>) {
    object(body, map, &["resourceType", "group", "text"], place);
    for group in objects(list(map, "group")) {
        let end = |name: &str| text(group, name).and_then(|canonical| canonical.split('|').next());
        let (source, target) = (end("source"), end("target"));
        let heading = match (source, target) {
            (None, None) => "Codes of any system".to_owned(),
            _ => format!("{} to {}", source.unwrap_or("any system"), target.unwrap_or("any system")),
        };
        body.element("h2", &heading);
        object(body, group, &["element", "source", "target"], place);
        head(body, &["From", "Relationship", "To", "More"]);
        let rows = objects(list(group, "element"));
        let (mut shown, mut all) = (0, 0);
        for element in rows {
            let targets = list(element, "target");
            let nothing = Map::new();
            let targets: Vec<&Map<String, Value>> = match targets {
                [] => vec![&nothing],
                targets => objects(targets).collect(),
            };
            for to in targets {
                all += 1;
                if all <= ROWS {
                    shown += 1;
                    map_row(body, (source, element), (target, to), place);
                }
            }
        }
        foot(body, all - shown);
    }
}

type End<'e> = (Option<&'e str>, &'e Map<String, Value>);

fn map_row(body: &mut Markup, (source, from): End<'_>, (target, to): End<'_>, place: &Place<'_>) {
    let one = |body: &mut Markup, system: Option<&str>, end: &Map<String, Value>| {
        body.open("td");
        if let Some(given) = text(end, "code") {
            code(body, system, None, given, place);
        }
        body.text(" ").text(text(end, "display").unwrap_or_default()).close("td");
    };
    body.open("tr");
    one(body, source, from);
    let relationship = text(to, "relationship").or(text(to, "equivalence"));
    cell(body, relationship.unwrap_or("no map"));
    one(body, target, to);
    body.open("td");
    rest(body, to, &["code", "display", "relationship", "equivalence"], place);
    body.close("td").close("tr");
}

fn capabilities(body: &mut Markup, statement: &Map<String, Value>, place: &Place<'_>) {
    object(body, statement, &["resourceType", "rest", "extension"], place);
    for rest in objects(list(statement, "rest")) {
        for resource in objects(list(rest, "resource")) {
            let kind = text(resource, "type").unwrap_or_default();
            body.open("h2")
                .link(&place.below(kind, &[("_summary", "true")]), kind)
                .close("h2");
            names(body, "Interactions", list(resource, "interaction"), "code");
            names(body, "Search parameters", list(resource, "searchParam"), "name");
            named(body, "Operations", list(resource, "operation"), "name", "documentation");
        }
        body.element("h2", "Server");
        names(body, "Interactions", list(rest, "interaction"), "code");
        named(body, "Operations", list(rest, "operation"), "name", "documentation");
    }
}

/// Names in one line.
fn names(body: &mut Markup, title: &str, list: &[Value], name: &str) {
    body.element("h3", title).open("p");
    for one in objects(list) {
        body.element("code", text(one, name).unwrap_or_default()).text(" ");
    }
    body.close("p");
}

/// A list of what has a name and something to say of it.
fn named(body: &mut Markup, title: &str, list: &[Value], name: &str, more: &str) {
    if list.is_empty() {
        return;
    }
    body.element("h3", title).open("ul");
    for one in objects(list) {
        body.open("li").element("code", text(one, name).unwrap_or_default());
        if let Some(more) = text(one, more) {
            body.text(" ").text(more);
        }
        body.close("li");
    }
    body.close("ul");
}

fn terminology(body: &mut Markup, capabilities: &Map<String, Value>, place: &Place<'_>) {
    object(body, capabilities, &["resourceType", "codeSystem", "extension"], place);
    let systems = list(capabilities, "codeSystem");
    body.open("h2").text(&format!("{} code systems", systems.len())).close("h2");
    head(body, &["URL", "Content", "Versions"]);
    for system in objects(systems).take(ROWS) {
        let url = text(system, "uri").unwrap_or_default();
        body.open("tr")
            .open("td")
            .link(&search(place, "CodeSystem", url), url)
            .close("td");
        cell(body, text(system, "content").unwrap_or_default());
        let versions = objects(list(system, "version")).map(|version| {
            let code = text(version, "code").unwrap_or("no version");
            match version.get("isDefault") {
                Some(Value::Bool(true)) => format!("{code} (default)"),
                _ => code.to_owned(),
            }
        });
        cell(body, &versions.collect::<Vec<_>>().join(", "));
        body.close("tr");
    }
    foot(body, systems.len().saturating_sub(ROWS));
}

//! Versions of resources: one by its number, all of a resource, a type or the server as a Bundle.
//!
//! What was loaded from a release has no versions here but the one that is there: its history is that one.

use super::answer::{self, Answer, Done};
use super::interaction::{Request, Room};
use super::outcome::{Refusal, RefusalKind};
use super::parameters::{ParameterError, Parameters};
use super::query::encode;
use super::{render_resource, write};
use crate::service::ResourceKind;
use crate::service::period::Period;
use crate::written::{Changed, History, Method, Version};
use serde_json::{Value, json};

/// Versions on a page where the client names no number.
const PAGE: usize = 50;

fn gone(kind: ResourceKind, id: &str) -> Refusal {
    let text = format!(
        "the {} with the id '{id}' has been deleted; its history is at {}/{id}/_history",
        kind.as_str(),
        kind.as_str()
    );
    Refusal::new(RefusalKind::Gone, text)
}

/// Why there is nothing to read under an id.
pub(super) fn not_there(room: Room<'_>, kind: ResourceKind, id: &str) -> Refusal {
    if room.library.is_gone(kind, id) {
        return gone(kind, id);
    }
    let text = format!("there is no {} with the id '{id}'", kind.as_str());
    Refusal::new(RefusalKind::NotFound, text)
}

/// `GET [type]/[id]/_history/[version]`
pub(super) fn vread(
    room: Room<'_>,
    kind: ResourceKind,
    id: &str,
    number: &str,
    request: &Request<'_>,
) -> Result<Answer, Refusal> {
    let asked: Option<u64> = number.parse().ok();
    let found = match asked {
        Some(asked) => room.library.version(kind, id, asked)?,
        None => None,
    };
    let Some(version) = found else {
        let text = format!("there is no version '{number}' of a {} with the id '{id}'", kind.as_str());
        return Err(Refusal::new(RefusalKind::NotFound, text));
    };
    if version.changed == Changed::Deleted {
        return Err(gone(kind, id));
    }
    let body = render_resource::resource(&write::entry(&version), request.version, room.map_rows)?;
    let answer = Answer {
        done: Done::Answered,
        body: Some(body),
        location: None,
        ..write::beside(request.base, &version)
    };
    Ok(unless_known(answer, request))
}

/// `304` for a client that has this version.
pub(super) fn unless_known(answer: Answer, request: &Request<'_>) -> Answer {
    let conditions = &request.conditions;
    let known = match (&conditions.if_none_match, &conditions.if_modified_since) {
        (Some(tags), _) => {
            let own = answer.tag.as_deref().unwrap_or("");
            let own = answer::tagged(own).next().unwrap_or("");
            answer::tagged(tags).any(|tag| tag == "*" || tag == own)
        }
        (None, Some(since)) => is_not_later(answer.modified.as_deref(), since),
        (None, None) => false,
    };
    if known {
        return Answer {
            done: Done::NotModified,
            body: None,
            ..answer
        };
    }
    answer
}

/// Whether an instant is no later than an HTTP date, which has whole seconds.
fn is_not_later(instant: Option<&str>, date: &str) -> bool {
    let instant = instant.and_then(|instant| instant.parse::<jiff::Timestamp>().ok());
    let date = jiff::fmt::rfc2822::parse(date).ok();
    match (instant, date) {
        (Some(instant), Some(date)) => instant.as_second() <= date.timestamp().as_second(),
        _ => false,
    }
}

/// `GET [type]/[id]/_history`, `GET [type]/_history`, `GET _history`
pub(super) fn history(
    room: Room<'_>,
    kind: Option<ResourceKind>,
    id: Option<&str>,
    request: &Request<'_>,
) -> Result<Value, Refusal> {
    let parameters = Parameters::from_query(request.query)?;
    let since = parameters.text(&["_since"])?;
    let asked = History {
        kind,
        id: id.map(str::to_owned),
        since: since.as_deref().map(instant).transpose()?,
        offset: parameters.count("_offset")?.unwrap_or(0),
        limit: parameters.count("_count")?.unwrap_or(PAGE).min(room.largest_page),
    };
    let (versions, total) = room.library.history(&asked)?;
    let mut entries = versions
        .iter()
        .map(|version| entry(room, version, request))
        .collect::<Result<Vec<_>, _>>()?;
    let mut total = total;
    if let (Some(kind), Some(id), 0) = (kind, id, total) {
        // Versions there are, but none so late; or it was loaded, and is what it is.
        let any = room
            .library
            .history(&History {
                since: None,
                ..asked.clone()
            })?
            .1;
        if any == 0 {
            entries = vec![loaded(room, kind, id, request)?];
            total = 1;
        }
    }
    let mut bundle = json!({
        "resourceType": "Bundle",
        "id": uuid::Uuid::new_v4().to_string(),
        "meta": {"lastUpdated": super::now()},
        "type": "history",
        "total": total,
        "link": links(kind, id, &asked, since.as_deref(), total, request.base),
    });
    if let (false, Value::Object(bundle)) = (entries.is_empty(), &mut bundle) {
        bundle.insert("entry".into(), entries.into());
    }
    Ok(bundle)
}

/// The first instant of what a client wrote, in the form that instants are kept in.
fn instant(text: &str) -> Result<String, Refusal> {
    let read = Period::parse(text).and_then(|period| jiff::Timestamp::from_millisecond(period.start).ok());
    let read = read.map(|instant| instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    read.ok_or_else(|| {
        let name = "_since".to_owned();
        let message = format!("'_since' must be an instant such as 2026-11-22T10:00:00Z, but '{text}' was given");
        ParameterError::Invalid { name, message }.into()
    })
}

fn entry(room: Room<'_>, version: &Version, request: &Request<'_>) -> Result<Value, Refusal> {
    let (kind, id) = (version.kind.as_str(), &version.id);
    let url = match version.method {
        Method::Post => kind.to_owned(),
        Method::Put | Method::Delete => format!("{kind}/{id}"),
    };
    let status = match version.changed {
        Changed::Created => "201 Created",
        Changed::Updated => "200 OK",
        Changed::Deleted => "204 No Content",
    };
    let mut json = json!({
        "fullUrl": format!("{}/{kind}/{id}", request.base),
        "request": {"method": version.method.as_str(), "url": url},
        "response": {
            "status": status,
            "etag": answer::tag(&version.written.version_id.to_string()),
            "lastModified": version.written.last_updated,
        },
    });
    if let (true, Value::Object(json)) = (version.changed != Changed::Deleted, &mut json) {
        let resource = render_resource::resource(&write::entry(version), request.version, room.map_rows)?;
        json.insert("resource".into(), resource);
    }
    Ok(json)
}

/// The one entry of a resource that was loaded.
fn loaded(room: Room<'_>, kind: ResourceKind, id: &str, request: &Request<'_>) -> Result<Value, Refusal> {
    let found = super::interaction::find(room, kind, id, request.version)?;
    let resource = render_resource::resource(&found, request.version, room.map_rows)?;
    let place = format!("{}/{id}", kind.as_str());
    Ok(json!({
        "fullUrl": format!("{}/{place}", request.base),
        "resource": resource,
        "request": {"method": "PUT", "url": place},
        "response": {"status": "200 OK"},
    }))
}

fn links(
    kind: Option<ResourceKind>,
    id: Option<&str>,
    asked: &History,
    since: Option<&str>,
    total: usize,
    base: &str,
) -> Vec<Value> {
    let place: String = [kind.map(ResourceKind::as_str), id]
        .into_iter()
        .flatten()
        .map(|part| format!("{part}/"))
        .collect();
    let link = |relation: &str, offset: usize| {
        let since = since.map_or(String::new(), |since| format!("&_since={}", encode(since)));
        let offset = if offset > 0 {
            format!("&_offset={offset}")
        } else {
            String::new()
        };
        let url = format!("{base}/{place}_history?_count={}{since}{offset}", asked.limit);
        json!({"relation": relation, "url": url})
    };
    let mut links = vec![link("self", asked.offset)];
    if asked.limit == 0 {
        return links;
    }
    links.push(link("first", 0));
    if asked.offset > 0 {
        links.push(link("previous", asked.offset.saturating_sub(asked.limit)));
    }
    let next = asked.offset.saturating_add(asked.limit);
    if next < total {
        links.push(link("next", next));
    }
    links
}

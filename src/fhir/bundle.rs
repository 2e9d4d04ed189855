//! Batch Bundles: requests in, responses out, in the same order. Who answers them, and with which status, is not
//! decided here.

use super::answer::{Answer, Conditions};
use super::interaction::{Body, Request};
use super::outcome::{Refusal, RefusalKind, operation_outcome};
use super::parameters::ParameterError;
use serde_json::{Map, Value, json};

/// One request of a batch; an entry that is none says why.
pub type BatchEntry = Result<BatchRequest, Refusal>;

/// A request of a batch.
#[derive(Debug)]
pub struct BatchRequest {
    /// `request.method`
    pub method: String,
    /// Path below the endpoint, without a leading slash.
    pub path: String,
    /// Query string.
    pub query: String,
    /// `fullUrl`
    pub full_url: Option<String>,
    /// `resource`
    pub body: Option<Value>,
    /// `request.ifMatch` and its like.
    pub conditions: Conditions,
}

impl BatchRequest {
    /// The request by itself: like that of the Bundle in all that it does not say. The body is handed over.
    pub fn request<'r>(&'r self, body: Option<Value>, outer: &Request<'r>) -> Request<'r> {
        Request {
            query: &self.query,
            body: body.map_or(Body::None, Body::Json),
            conditions: Conditions {
                returning: outer.conditions.returning.clone(),
                ..self.conditions.clone()
            },
            ..outer.clone()
        }
    }
}

/// What holds a Bundle of requests together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleKind {
    /// Nothing: each request for itself.
    Batch,
    /// All are answered, or none.
    Transaction,
}

/// Reads a Bundle of type batch or transaction.
pub fn read(body: Value, limit: usize, base_path: &str) -> Result<(BundleKind, Vec<BatchEntry>), Refusal> {
    let malformed = |place: &str, message: String| {
        Refusal::from(ParameterError::Malformed {
            place: place.to_owned(),
            message,
        })
    };
    let resource_type = body.get("resourceType").and_then(Value::as_str).unwrap_or("nothing");
    if resource_type != "Bundle" {
        let text =
            format!("a Bundle of type batch or transaction is taken here, but a resource of type '{resource_type}' was given");
        return Err(malformed("Bundle", text));
    }
    let kind = match body.get("type").and_then(Value::as_str) {
        Some("batch") => BundleKind::Batch,
        Some("transaction") => BundleKind::Transaction,
        Some(other) => {
            let text = format!("only batches and transactions are answered, and this Bundle is of type '{other}'");
            return Err(malformed("Bundle.type", text));
        }
        None => return Err(malformed("Bundle.type", "is missing; it must be 'batch'".into())),
    };
    let entries = match body {
        Value::Object(mut body) => body.remove("entry"),
        _ => None,
    };
    let entries = match entries {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(malformed("Bundle.entry", "must be an array".into())),
    };
    if entries.len() > limit {
        let text = format!(
            "the batch has {} entries, more than the {limit} that are answered at once; split it",
            entries.len()
        );
        return Err(Refusal::new(RefusalKind::TooCostly, text));
    }
    let read = |(number, entry)| read_entry(entry, &format!("Bundle.entry[{number}]"), base_path);
    Ok((kind, entries.into_iter().enumerate().map(read).collect()))
}

fn read_entry(entry: Value, place: &str, base_path: &str) -> BatchEntry {
    let text = |name: &str| {
        let value = entry
            .get("request")
            .and_then(|request| request.get(name))
            .and_then(Value::as_str);
        value.map(str::to_owned).ok_or_else(|| ParameterError::Malformed {
            place: format!("{place}.request.{name}"),
            message: "must be a string".into(),
        })
    };
    let (method, url) = (text("method")?, text("url")?);
    let absolute = ["http://", "https://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let url = match absolute {
        // An absolute URL is taken if it leads here.
        Some(rest) => match rest.split_once('/') {
            Some((_, path)) => format!("/{path}").trim_start_matches(base_path).to_owned(),
            None => String::new(),
        },
        None => url,
    };
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let optional = |name: &str| {
        let value = entry.get("request").and_then(|request| request.get(name));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    Ok(BatchRequest {
        method,
        conditions: Conditions {
            if_match: optional("ifMatch"),
            if_none_match: optional("ifNoneMatch"),
            // An instant here, an HTTP date in a header: what is no HTTP date is no condition.
            if_modified_since: None,
            if_none_exist: optional("ifNoneExist"),
            returning: None,
        },
        full_url: entry.get("fullUrl").and_then(Value::as_str).map(str::to_owned),
        path: path.trim_start_matches('/').to_owned(),
        query: query.to_owned(),
        body: entry.get("resource").cloned(),
    })
}

/// A response of a batch.
#[derive(Debug)]
pub struct BatchResponse {
    /// HTTP status with its phrase.
    pub status: String,
    /// The answer, or why there is none.
    pub outcome: Result<Answer, Refusal>,
}

/// A transaction fails as a whole where one of its entries does: the refusal of that entry, with its place.
pub fn all_or_nothing(responses: Vec<BatchResponse>) -> Result<Vec<BatchResponse>, Refusal> {
    let failed = responses.iter().enumerate().find_map(|(number, response)| {
        let refusal = response.outcome.as_ref().err()?;
        Some((number, refusal.clone()))
    });
    match failed {
        Some((number, refusal)) => Err(refused_entry(number, refusal)),
        None => Ok(responses),
    }
}

/// The refusal of a transaction because of one of its entries.
pub fn refused_entry(number: usize, mut refusal: Refusal) -> Refusal {
    for issue in &mut refusal.issues {
        issue.text = format!("the entry {number} of the transaction was refused: {}", issue.text);
        issue.expression = Some(match issue.expression.take() {
            Some(place) if place.starts_with("Bundle") => place,
            Some(place) if place.starts_with(|first: char| first.is_ascii_uppercase()) => {
                let rest = place.split_once('.').map_or(String::new(), |(_, rest)| format!(".{rest}"));
                format!("Bundle.entry[{number}].resource{rest}")
            }
            _ => format!("Bundle.entry[{number}]"),
        });
    }
    refusal
}

/// Why an operation is not called inside a transaction.
pub fn changes_in_transaction() -> Refusal {
    Refusal::new(
        RefusalKind::NotSupported,
        "an operation that changes something cannot be given up again, so it is not called in a transaction; call it by itself",
    )
}

/// The Bundle of responses.
pub fn render(kind: BundleKind, responses: Vec<BatchResponse>) -> Value {
    let entries: Vec<Value> = responses.into_iter().map(render_entry).collect();
    let mut bundle = Map::new();
    bundle.insert("resourceType".into(), "Bundle".into());
    bundle.insert("id".into(), uuid::Uuid::new_v4().to_string().into());
    let kind = match kind {
        BundleKind::Batch => "batch-response",
        BundleKind::Transaction => "transaction-response",
    };
    bundle.insert("type".into(), kind.into());
    if !entries.is_empty() {
        bundle.insert("entry".into(), entries.into());
    }
    bundle.into()
}

fn render_entry(response: BatchResponse) -> Value {
    match response.outcome {
        Ok(answer) => {
            let mut told = Map::new();
            told.insert("status".into(), response.status.into());
            for (name, value) in [
                ("location", answer.location),
                ("etag", answer.tag),
                ("lastModified", answer.modified),
            ] {
                if let Some(value) = value {
                    told.insert(name.into(), value.into());
                }
            }
            match answer.body {
                Some(resource) => json!({"resource": resource, "response": told}),
                None => json!({"response": told}),
            }
        }
        Err(refusal) => {
            let outcome = operation_outcome(&refusal.issues);
            json!({"response": {"status": response.status, "outcome": outcome}})
        }
    }
}

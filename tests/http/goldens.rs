//! Requests and the answers they must get, as files: `tests/cases/http-*.json`.
//!
//! A case has a `request` (method, path, headers, body) and a `response` (status, body). In an expected body the text
//! `*` stands for anything; `TERN_BLESS=1 cargo test` writes the answers as they are, to be read before they are kept.
//! The cases of `written-*.json` are steps: those of a file are taken one after another on a server that may be written to,
//! and their responses have the headers that tell versions.

use super::{Answer, Limits, send, send_to, writable};
use crate::support::{editions, history, model};
use actix_web::test::TestRequest;
use actix_web::web;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use tern::http::State;
use tern::service::Terminology;
use tern_index::store::Store;

fn files(prefix: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(prefix))
        })
        .collect();
    files.sort();
    files
}

fn request(case: &Value) -> TestRequest {
    let asked = &case["request"];
    let method = asked["method"].as_str().unwrap_or("GET");
    let mut request = TestRequest::default()
        .method(method.parse().unwrap())
        .uri(asked["path"].as_str().unwrap());
    for (name, value) in asked["headers"].as_object().into_iter().flatten() {
        request = request.insert_header((name.as_str(), value.as_str().unwrap()));
    }
    match &asked["body"] {
        Value::Null => request,
        Value::String(text) => request.set_payload(text.clone()),
        body => {
            if asked["headers"]["Content-Type"].is_null() {
                request = request.insert_header(("Content-Type", "application/fhir+json"));
            }
            request.set_payload(body.to_string())
        }
    }
}

/// What differs by nature from run to run.
pub fn steady(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .map(|(name, value)| {
                    let varies = matches!(name.as_str(), "timestamp" | "lastUpdated" | "lastModified" | "identifier")
                        || (name == "date" && value.as_str().is_some_and(|text| text.len() > 10))
                        || (name == "id" && value.as_str().is_some_and(|text| text.len() == 36));
                    let value = if varies && value.is_string() {
                        "*".into()
                    } else {
                        steady(value)
                    };
                    (name, value)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(list) => list.into_iter().map(steady).collect(),
        Value::String(text) => without_uuids(&text).into(),
        other => other,
    }
}

/// Ids that a server makes up, as `*`.
fn without_uuids(text: &str) -> String {
    let is_uuid = |part: &str| part.len() == 36 && part.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let parts = text.split('/').map(|part| if is_uuid(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn response(answer: &Answer) -> Value {
    json!({"status": answer.status, "body": steady(answer.json())})
}

/// The response with the headers that tell versions.
fn versioned(answer: &Answer) -> Value {
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap());
    let mut told = Map::new();
    told.insert("status".into(), answer.status.into());
    for name in ["location", "etag"] {
        if let Some(value) = header(name) {
            told.insert(name.into(), without_uuids(value).into());
        }
    }
    if header("last-modified").is_some() {
        told.insert("last-modified".into(), "*".into());
    }
    if !answer.body.is_empty() {
        told.insert("body".into(), steady(answer.json()));
    }
    told.into()
}

/// Compares the answers to a file's cases with what is recorded there, or records them.
fn compare(file: &Path, cases: &mut [Value], responses: Vec<Value>, wrong: &mut Vec<String>) {
    for (case, actual) in cases.iter_mut().zip(responses) {
        if actual != case["response"] {
            let name = case["name"].as_str().unwrap_or("?").to_owned();
            wrong.push(format!("{name}: expected {}\n  but got {actual}", case["response"]));
            case["response"] = actual;
        }
    }
    if std::env::var_os("TERN_BLESS").is_some() {
        std::fs::write(file, serde_json::to_string_pretty(&cases).unwrap() + "\n").unwrap();
        wrong.clear();
    }
}

fn read(file: &Path) -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[actix_web::test]
async fn answers_are_as_recorded() {
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files("http-") {
        let mut cases = read(&file);
        count += cases.len();
        let requests = cases.iter().map(request).collect();
        let release = match file.file_name().and_then(|name| name.to_str()) {
            Some("http-snomed.json") => Some(history()),
            Some("http-snomed-editions.json") => Some(editions()),
            Some("http-expressions.json") => Some(model()),
            _ => None,
        };
        let answers = match release {
            Some(store) => {
                let terminology = Terminology::new(&Store::open(store).unwrap(), Vec::new());
                send_to(web::Data::new(State::new(terminology, Limits::default())), requests).await
            }
            None => send(Limits::default(), requests).await,
        };
        compare(&file, &mut cases, answers.iter().map(response).collect(), &mut wrong);
    }
    assert!(count >= 25, "only {count} cases were found");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[actix_web::test]
async fn steps_of_those_who_write_are_answered_as_recorded() {
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files("written-") {
        let mut cases = read(&file);
        count += cases.len();
        let room = tempfile::tempdir().unwrap();
        let state = writable(room.path());
        let answers = send_to(state, cases.iter().map(request).collect()).await;
        compare(&file, &mut cases, answers.iter().map(versioned).collect(), &mut wrong);
    }
    assert!(count >= 60, "only {count} cases were found");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

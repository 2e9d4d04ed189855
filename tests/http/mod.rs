//! The service over HTTP, as a client sees it: goldens of requests and answers, and a matrix of what clients get wrong.

mod bulk;
mod capability;
mod decisions;
mod goldens;
mod matrix;
mod reload;
mod serving;
mod sessions;
mod written;

use actix_web::dev::ServiceResponse;
use actix_web::http::header::HeaderMap;
use actix_web::test::{self, TestRequest};
use actix_web::web;
use serde_json::Value;
use std::path::Path;
use tern::http::{Limits, State, app};
use tern::service::{Resource, Terminology};
use tern::written::Library;

/// A small terminology: an animal hierarchy, a supplement, a flat target, maps between them, value sets.
fn terminology() -> Terminology {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/terminology.json")).unwrap();
    let resources: Vec<Value> = serde_json::from_str(&text).unwrap();
    let read = |json: &Value| Resource::parse(&json.to_string()).unwrap();
    Terminology::of_resources(resources.iter().map(read).collect())
}

fn state(limits: Limits) -> web::Data<State> {
    web::Data::new(State::new(terminology(), limits))
}

/// A service that clients may write to; what they write is kept in a folder.
fn writable(room: &Path) -> web::Data<State> {
    let library = Library::beside(room, terminology(), true).unwrap();
    web::Data::new(State::of_library(library, Limits::default()))
}

/// An answer: status, headers, body.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("not JSON ({error}): {}", String::from_utf8_lossy(&self.body));
        })
    }
}

/// Sends requests to one service, one after another.
async fn send(limits: Limits, requests: Vec<TestRequest>) -> Vec<Answer> {
    send_to(state(limits), requests).await
}

/// The same to a service that is there.
async fn send_to(state: web::Data<State>, requests: Vec<TestRequest>) -> Vec<Answer> {
    let service = test::init_service(app(state)).await;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        let response: ServiceResponse<_> = test::call_service(&service, request.to_request()).await;
        answers.push(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: test::read_body(response).await.to_vec(),
        });
    }
    answers
}

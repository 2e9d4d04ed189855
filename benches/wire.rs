//! What a request costs from its first byte to the last one of its answer, in process and over a kept-alive connection.
//!
//! In process: routing, parsing, the operation, writing, without a socket. Over HTTP: one client on loopback that waits for
//! each answer. Then the request of a validator: one code to check and thirty resources that come along, remembered from
//! the request before or read anew. Corpus: `corpus.rs` at 10,000 concepts; what operations cost at other sizes is
//! `service.rs`.
//!
//! Run: `cargo bench --bench wire`.

mod corpus;

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use corpus::{MAP, SIZES, SYSTEM, TARGET, code};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use tern::fhir::resource_in::CacheLimits;
use tern::http::{Limits, ServeConfig, State, app, serve};
use tern::service::Terminology;
use tern::written::Library;

const CONTENT: &str = "application/fhir+json";

/// A request: path with its query, and a body where it is a POST.
#[derive(Clone)]
struct Question {
    name: &'static str,
    path: String,
    body: Option<Vec<u8>>,
    /// The session of the client, if it has one.
    session: Option<String>,
}

fn get(name: &'static str, path: String) -> Question {
    Question {
        name,
        path,
        body: None,
        session: None,
    }
}

fn post(name: &'static str, path: &str, body: &Value) -> Question {
    Question {
        name,
        path: path.to_owned(),
        body: Some(body.to_string().into_bytes()),
        session: None,
    }
}

fn terminology() -> Terminology {
    Terminology::new(&corpus::store(SIZES[0]), Vec::new())
}

/// One of each operation.
fn questions() -> Vec<Question> {
    let middle = code(SIZES[0] / 2 / 5 * 5);
    let include = json!({"system": SYSTEM, "filter": [{"property": "concept", "op": "is-a", "value": code(1)}]});
    let set = json!({"resourceType": "ValueSet", "status": "active", "compose": {"include": [include]}});
    let (frequent, _) = corpus::query_words();
    let parameters = |parameter: Value| json!({"resourceType": "Parameters", "parameter": parameter});
    vec![
        get("lookup", format!("/fhir/r4/CodeSystem/$lookup?system={SYSTEM}&code={middle}")),
        get(
            "validate-code",
            format!("/fhir/r4/CodeSystem/$validate-code?url={SYSTEM}&code={middle}"),
        ),
        get(
            "subsumes",
            format!(
                "/fhir/r4/CodeSystem/$subsumes?system={SYSTEM}&codeA={}&codeB={middle}",
                code(0)
            ),
        ),
        get(
            "translate",
            format!("/fhir/r4/ConceptMap/$translate?url={MAP}&system={SYSTEM}&code={middle}&targetsystem={TARGET}"),
        ),
        post(
            "validate-code in a value set",
            "/fhir/r4/ValueSet/$validate-code",
            &parameters(json!([{"name": "valueSet", "resource": set},
                {"name": "coding", "valueCoding": {"system": SYSTEM, "code": middle}}])),
        ),
        post(
            "expand, page of 20",
            "/fhir/r4/ValueSet/$expand",
            &parameters(json!([{"name": "valueSet", "resource": set}, {"name": "count", "valueInteger": 20}])),
        ),
        post(
            "expand with a text filter",
            "/fhir/r4/ValueSet/$expand",
            &parameters(
                json!([{"name": "valueSet", "resource": set}, {"name": "count", "valueInteger": 20},
                {"name": "filter", "valueString": frequent.get(..3)}]),
            ),
        ),
    ]
}

/// What a validator asks: whether a code is in a value set of its guide.
fn asked() -> Vec<Value> {
    vec![
        json!({"name": "url", "valueUri": "http://example.org/set-0"}),
        json!({"name": "coding", "valueCoding": {"system": "http://example.org/system-0", "code": "code-7"}}),
    ]
}

/// The resources of the guide, thirty of them.
fn resources() -> Vec<Value> {
    let mut parameter = Vec::new();
    for number in 0..10 {
        let concepts: Vec<Value> = (0..50)
            .map(|concept| {
                json!({"code": format!("code-{concept}"), "display": format!("Concept {concept} of system {number}"),
                "definition": format!("What concept {concept} means, in a sentence of a usual length for its kind")})
            })
            .collect();
        parameter.push(
            json!({"name": "tx-resource", "resource": {"resourceType": "CodeSystem", "id": format!("s{number}"),
            "url": format!("http://example.org/system-{number}"), "version": "1.0.0", "status": "active",
            "content": "complete", "caseSensitive": true, "concept": concepts}}),
        );
    }
    for number in 0..20 {
        parameter.push(
            json!({"name": "tx-resource", "resource": {"resourceType": "ValueSet", "id": format!("v{number}"),
            "url": format!("http://example.org/set-{number}"), "version": "1.0.0", "status": "active",
            "compose": {"include": [{"system": format!("http://example.org/system-{}", number % 10)}]}}}),
        );
    }
    parameter
}

fn with_resources() -> Question {
    let parameter = [asked(), resources()].concat();
    let body = json!({"resourceType": "Parameters", "parameter": parameter});
    post("validate-code with 30 resources", "/fhir/r4/ValueSet/$validate-code", &body)
}

/// The same of a client that has sent its resources once, by `$cache-control`.
fn of_session(client: &mut Client) -> Question {
    let body = json!({"resourceType": "Parameters", "parameter": resources()});
    let begun = client.ask(&post("begin a session", "/fhir/r4/$cache-control?mode=start", &body));
    let begun: Value = serde_json::from_slice(&begun).unwrap();
    let id = begun["parameter"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "cache-id")
        .unwrap();
    let id = id
        .as_object()
        .unwrap()
        .iter()
        .find(|(name, _)| name.starts_with("value"))
        .unwrap()
        .1;
    let body = json!({"resourceType": "Parameters", "parameter": asked()});
    Question {
        session: id.as_str().map(str::to_owned),
        ..post(
            "validate-code with 30 resources sent before",
            "/fhir/r4/ValueSet/$validate-code",
            &body,
        )
    }
}

fn in_process(criterion: &mut Criterion) {
    let forgetting = || Limits {
        resources: CacheLimits {
            bytes: 0,
            ..CacheLimits::default()
        },
        ..Limits::default()
    };
    let mut group = criterion.benchmark_group("in process");
    let mut cases: Vec<(String, Question, Limits)> = questions()
        .into_iter()
        .map(|question| (question.name.to_owned(), question, Limits::default()))
        .collect();
    cases.push(("30 resources, remembered".into(), with_resources(), Limits::default()));
    cases.push(("30 resources, read anew".into(), with_resources(), forgetting()));
    for (name, question, limits) in cases {
        let system = actix_web::rt::System::new();
        let state = actix_web::web::Data::new(State::new(terminology(), limits));
        let service = system.block_on(init_service(app(state)));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                system.block_on(async {
                    let mut request = TestRequest::get().uri(&question.path);
                    if let Some(body) = &question.body {
                        request = TestRequest::post()
                            .uri(&question.path)
                            .insert_header(("content-type", CONTENT))
                            .set_payload(body.clone());
                    }
                    let response = call_service(&service, request.to_request()).await;
                    assert!(response.status().is_success(), "{}", question.name);
                    read_body(response).await
                })
            });
        });
    }
    group.finish();
}

/// A kept-alive connection.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends a question and reads the answer, which has a length.
    fn ask(&mut self, question: &Question) -> Vec<u8> {
        let (method, body) = match &question.body {
            Some(body) => ("POST", body.as_slice()),
            None => ("GET", &[][..]),
        };
        let session = question.session.iter().map(|id| format!("X-Cache-Id: {id}\r\n"));
        let session: String = session.collect();
        let mut request = format!(
            "{method} {} HTTP/1.1\r\nHost: bench\r\nAccept: {CONTENT}\r\nContent-Type: {CONTENT}\r\n{session}Content-Length: {}\r\n\r\n",
            question.path,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).unwrap();
        let (mut line, mut length, mut first) = (String::new(), 0, true);
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            assert!(!first || line.starts_with("HTTP/1.1 200"), "{}: {line}", question.name);
            first = false;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).unwrap();
        answer
    }
}

fn over_http(criterion: &mut Criterion) {
    let (sender, receiver) = mpsc::channel();
    // Ends with the program.
    std::thread::spawn(move || {
        let config = ServeConfig {
            port: 0,
            ..ServeConfig::new(Library::of_loaded(terminology()))
        };
        serve(config, |addresses| sender.send(addresses[0]).unwrap()).unwrap();
    });
    let address = receiver.recv().unwrap();
    let mut group = criterion.benchmark_group("over HTTP, kept alive");
    let session = of_session(&mut Client::new(address));
    for question in questions().into_iter().chain([with_resources(), session]) {
        let mut client = Client::new(address);
        group.bench_function(question.name, |bencher| bencher.iter(|| client.ask(&question)));
    }
    group.finish();
}

criterion_group!(benches, in_process, over_http);
criterion_main!(benches);

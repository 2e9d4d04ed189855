//! The server on a real socket, with clients that are slow, gone, greedy or confused: each costs what the limits allow,
//! and the next client is served as if nothing had been.

use super::terminology;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tern::http::{Limits, ServeConfig, serve};
use tern::written::Library;

/// A server that runs until the tests end.
fn server(limits: Limits) -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let config = ServeConfig {
            port: 0,
            workers: 1,
            limits,
            ..ServeConfig::new(Library::of_loaded(terminology()))
        };
        serve(config, |addresses| sender.send(addresses[0]).unwrap()).unwrap();
    });
    receiver.recv().unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Sends bytes and reads until the server closes the connection.
fn talk(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    // A server that has said no already may close while more is sent.
    let _ = stream.write_all(bytes);
    rest(&mut stream)
}

fn rest(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    String::from_utf8_lossy(&read).into_owned()
}

fn get(address: SocketAddr, path: &str) -> String {
    talk(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

fn post(path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// The value of a metric.
fn metric(address: SocketAddr, name: &str) -> f64 {
    let text = get(address, "/metrics");
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

/// Waits until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} does not come to be");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const LOOKUP: &str = "/fhir/CodeSystem/$lookup?system=http://example.org/animals&code=dog";

/// A request that takes minutes: many patterns over many concepts.
fn endless() -> Value {
    let concepts: Vec<Value> = (0..2_000)
        .map(|number| json!({"code": format!("c{number}"), "display": format!("Concept {number}")}))
        .collect();
    let filter = json!([{"property": "display", "op": "regex", "value": ".*(7.*8|9.*[0-5])?.*x"}]);
    let includes: Vec<Value> = (0..20_000)
        .map(|_| json!({"system": "http://example.org/many", "filter": filter}))
        .collect();
    json!({"resourceType": "Parameters", "parameter": [
        {"name": "tx-resource", "resource": {"resourceType": "CodeSystem", "url": "http://example.org/many", "content": "complete", "status": "active", "concept": concepts}},
        {"name": "valueSet", "resource": {"resourceType": "ValueSet", "status": "active", "compose": {"include": includes}}}
    ]})
}

#[test]
fn work_ends_when_its_time_is_up() {
    let address = server(Limits {
        time: Duration::from_millis(500),
        ..Limits::default()
    });
    let answer = talk(address, &post("/fhir/ValueSet/$expand", &endless()));
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer:.300}");
    assert!(answer.contains("too-costly"), "{answer}");
    until("the end of the work", || metric(address, "tern_heavy_running") == 0.0);
}

#[test]
fn work_ends_when_its_client_is_gone() {
    let address = server(Limits::default());
    let mut stream = connect(address);
    stream.write_all(&post("/fhir/ValueSet/$expand", &endless())).unwrap();
    until("the beginning of the work", || metric(address, "tern_heavy_running") == 1.0);
    drop(stream);
    until("the end of the work", || metric(address, "tern_heavy_running") == 0.0);
    assert_eq!(metric(address, "tern_requests_stopped_total"), 1.0);
}

#[test]
fn a_long_request_does_not_hold_up_short_ones() {
    let address = server(Limits::default());
    let mut long = connect(address);
    long.write_all(&post("/fhir/ValueSet/$expand", &endless())).unwrap();
    until("the beginning of the work", || metric(address, "tern_heavy_running") == 1.0);
    for _ in 0..20 {
        assert!(get(address, LOOKUP).starts_with("HTTP/1.1 200"));
    }
    assert_eq!(metric(address, "tern_heavy_running"), 1.0);
}

#[test]
fn who_sends_too_slowly_is_cut_off() {
    let address = server(Limits {
        head: Duration::from_secs(2),
        receive: Duration::from_millis(300),
        keep_alive: Duration::from_millis(300),
        ..Limits::default()
    });
    // Half a head, and nothing more.
    let head = talk(address, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408"), "{head}");
    // A head, and a body that does not come.
    let body = talk(
        address,
        b"POST /fhir/ValueSet/$expand HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    );
    assert!(body.starts_with("HTTP/1.1 408") && body.contains("took longer"), "{body}");
    // A request, and then silence.
    let kept = talk(address, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(kept.starts_with("HTTP/1.1 200"), "{kept}");
    assert!(get(address, LOOKUP).starts_with("HTTP/1.1 200"));
}

#[cfg(target_os = "linux")]
#[test]
fn who_does_not_read_is_cut_off() {
    let address = server(Limits {
        unread: Duration::from_secs(1),
        ..Limits::default()
    });
    let display = "x".repeat(2_000);
    let concepts: Vec<Value> = (0..8_000)
        .map(|number| json!({"code": format!("c{number}"), "display": display}))
        .collect();
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "tx-resource", "resource": {"resourceType": "CodeSystem", "url": "http://example.org/long", "content": "complete", "status": "active", "concept": concepts}},
        {"name": "valueSet", "resource": {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"system": "http://example.org/long"}]}}}
    ]});
    let mut stream = connect(address);
    stream.write_all(&post("/fhir/ValueSet/$expand", &body)).unwrap();
    let answered = "tern_requests_total{operation=\"expand\",status=\"200\"}";
    until("the answer", || metric(address, answered) == 1.0);
    // The system notices when it asks again whether there is room; it doubles the time between two questions.
    std::thread::sleep(Duration::from_secs(8));
    let mut read = Vec::new();
    let whole = stream.read_to_end(&mut read).is_ok() && read.len() > 8_000 * 2_000;
    assert!(!whole, "all {} bytes were still there", read.len());
}

#[test]
fn confused_clients_get_an_answer_or_the_end_of_the_connection() {
    let address = server(Limits {
        receive: Duration::from_millis(500),
        request_bytes: 100_000,
        ..Limits::default()
    });
    let status = |bytes: &[u8]| talk(address, bytes).get(..12).unwrap_or("").to_owned();
    // Two requests in one go, and both answers in order.
    let both = talk(
        address,
        format!("GET {LOOKUP} HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .as_bytes(),
    );
    let answers: Vec<usize> = both.match_indices("HTTP/1.1 200").map(|(place, _)| place).collect();
    assert_eq!(answers.len(), 2, "{both}");
    assert!(both.find("Parameters").unwrap() < answers[1], "{both}");
    // A body shorter than it says, with the end of the connection behind it.
    let mut stream = connect(address);
    stream
        .write_all(b"POST /fhir/ValueSet/$expand HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{}")
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let cut = rest(&mut stream);
    assert!(cut.is_empty() || cut.starts_with("HTTP/1.1 4"), "{cut}");
    // Lengths that contradict each other, or chunks and a length, are how requests are smuggled past a proxy.
    for head in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Transfer-Encoding: chunked, identity",
    ] {
        let bytes = format!("POST /fhir/ValueSet/$expand HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n\r\n{{}}");
        let answer = status(bytes.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head}: {answer}");
    }
    // A body that goes on for ever is refused when it is too large, not when it ends.
    let endless = b"POST /fhir/ValueSet/$expand HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let flood = [endless.as_slice(), chunk.repeat(1_000).as_bytes()].concat();
    let answer = status(&flood);
    assert!(answer.is_empty() || answer == "HTTP/1.1 413", "{answer}");
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET /fhir/CodeSystem/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW /fhir/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ] {
        let mut stream = connect(address);
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let answer = rest(&mut stream);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{bytes:?}: {answer}");
    }
    assert!(get(address, LOOKUP).starts_with("HTTP/1.1 200"));
}

#[test]
fn account_is_kept() {
    let address = server(Limits::default());
    for _ in 0..3 {
        get(address, LOOKUP);
    }
    get(address, "/fhir/CodeSystem/$lookup?system=http://nowhere&code=x");
    get(address, "/nothing");
    let text = get(address, "/metrics");
    for line in [
        "tern_requests_total{operation=\"lookup\",status=\"200\"} 3",
        "tern_requests_total{operation=\"lookup\",status=\"404\"} 1",
        "tern_requests_total{operation=\"none\",status=\"404\"} 1",
        "tern_request_seconds_count{operation=\"lookup\"} 4",
        "tern_requests_running 1",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// An expansion of a code system with these concepts, its moment left out.
fn expansion(version: &str, concepts: usize, pretty: bool) -> (Value, String) {
    let address = server(Limits::default());
    let concept = |number: usize| match number % 3 {
        0 => json!({"code": format!("c{number}"), "display": "x\"y", "property": [{"code": "size", "valueInteger": number}]}),
        _ => json!({"code": format!("c{number}"), "designation": [{"language": "de", "value": "z"}]}),
    };
    let concepts: Vec<Value> = (0..concepts).map(concept).collect();
    let system = json!({"resourceType": "CodeSystem", "url": "http://example.org/many", "content": "fragment", "status": "active",
        "property": [{"code": "size", "type": "integer", "uri": "http://example.org/size"}], "concept": concepts});
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "tx-resource", "resource": system},
        {"name": "count", "valueInteger": 2500}, {"name": "offset", "valueInteger": 7},
        {"name": "property", "valueString": "size"}, {"name": "includeDesignations", "valueBoolean": true},
        {"name": "valueSet", "resource": {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"system": "http://example.org/many"}]}}}
    ]});
    let bytes = post(&format!("/fhir/{version}/ValueSet/$expand?_pretty={pretty}"), &body);
    let answer = talk(address, &bytes);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{answer:.500}");
    let body = match head.to_lowercase().contains("transfer-encoding: chunked") {
        true => unchunked(body),
        false => body.to_owned(),
    };
    let mut json: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body:.300}"));
    let inner = json["expansion"].as_object_mut().unwrap();
    inner.remove("identifier");
    inner.remove("timestamp");
    (json, head.to_owned())
}

/// A body without the marks of its chunks.
fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        whole.push_str(&rest[..length]);
        body = &rest[length + 2..];
        if length == 0 {
            return whole;
        }
    }
    panic!("the last chunk is missing");
}

#[test]
fn a_long_list_says_the_same_in_pieces_and_whole() {
    for version in ["r4", "r5"] {
        for concepts in [2_000, 5_000] {
            let (whole, head) = expansion(version, concepts, true);
            assert!(head.to_lowercase().contains("content-length"), "{head}");
            let (pieces, head) = expansion(version, concepts, false);
            assert!(!head.to_lowercase().contains("content-length"), "{head}");
            assert_eq!(whole, pieces);
            let entries = pieces["expansion"]["contains"].as_array().unwrap().len();
            assert_eq!(entries, 2_500.min(concepts - 7));
        }
    }
}

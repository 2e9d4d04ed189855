//! Writing over HTTP: what is written is seen by every operation at once and after a restart, writers do not overwrite each
//! other, and a server that is killed loses nothing that it has acknowledged.

use super::{Limits, send, send_to, writable};
use crate::support::tern;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

fn asked(method: Method, path: &str, body: Option<&Value>) -> TestRequest {
    let request = TestRequest::default().method(method).uri(path);
    match body {
        Some(body) => request
            .insert_header(("Content-Type", "application/fhir+json"))
            .set_payload(body.to_string()),
        None => request,
    }
}

fn put(path: &str, body: &Value) -> TestRequest {
    asked(Method::PUT, path, Some(body))
}

fn get(path: &str) -> TestRequest {
    asked(Method::GET, path, None)
}

fn colours(version: &str, codes: &[&str]) -> Value {
    let concepts: Vec<Value> = codes.iter().map(|code| json!({"code": code, "display": code})).collect();
    json!({"resourceType": "CodeSystem", "id": format!("colours-{version}"), "url": "http://example.org/colours",
        "version": version, "name": "Colours", "status": "active", "content": "complete", "concept": concepts})
}

#[actix_web::test]
async fn the_latest_version_rules_whoever_brought_it_and_a_restart_changes_nothing() {
    let room = tempfile::tempdir().unwrap();
    let lookup = "/fhir/CodeSystem/$lookup?system=http://example.org/colours&code=";
    let value_set = json!({"resourceType": "ValueSet", "id": "warm", "url": "http://example.org/warm", "status": "active",
        "compose": {"include": [{"system": "http://example.org/colours", "concept": [{"code": "red"}]}]}});
    // Animals are loaded in version 2; a later one is written, with a supplement to it.
    let animals = json!({"resourceType": "CodeSystem", "id": "animals-3", "url": "http://example.org/animals", "version": "3",
        "name": "Animals", "status": "active", "content": "complete", "concept": [{"code": "newt", "display": "Newt"}]});
    let steps = || {
        vec![
            get(&format!("{lookup}red")),
            get(&format!("{lookup}blue")),
            get("/fhir/ValueSet/$expand?url=http://example.org/warm"),
            get("/fhir/CodeSystem/$lookup?system=http://example.org/animals&code=newt"),
            get("/fhir/CodeSystem/$lookup?system=http://example.org/animals&version=2&code=dog"),
            get("/fhir/CodeSystem/colours-1"),
        ]
    };
    let mut requests = vec![
        put("/fhir/CodeSystem/colours-1", &colours("1", &["red"])),
        put("/fhir/CodeSystem/colours-2", &colours("2", &["red", "blue"])),
        put("/fhir/ValueSet/warm", &value_set),
        put("/fhir/CodeSystem/animals-3", &animals),
        asked(Method::DELETE, "/fhir/CodeSystem/colours-1", None),
    ];
    requests.extend(steps());
    let answers = send_to(writable(room.path()), requests).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 204, 200, 200, 200, 200, 200, 410]);
    assert_eq!(answers[7].json()["expansion"]["total"], 1);
    // Another process on the same files.
    let again = send_to(writable(room.path()), steps()).await;
    for (before, after) in answers[5..].iter().zip(&again) {
        assert_eq!(before.status, after.status);
    }
    assert_eq!(answers[5].json(), again[0].json());
}

#[actix_web::test]
async fn a_server_that_only_reads_says_so_and_shows_what_was_written() {
    let text = "this server only reads; start it with `tern serve --writable` to let clients write";
    let body = colours("1", &["red"]);
    let closure = json!({"resourceType": "Parameters", "parameter": [{"name": "name", "valueString": "c"}]});
    let requests = vec![
        asked(Method::POST, "/fhir/CodeSystem", Some(&body)),
        put("/fhir/CodeSystem/colours-1", &body),
        put("/fhir/CodeSystem?url=http://example.org/colours", &body),
        asked(Method::DELETE, "/fhir/CodeSystem/animals", None),
        asked(Method::DELETE, "/fhir/CodeSystem?url=http://example.org/animals", None),
        asked(Method::POST, "/fhir/$closure", Some(&closure)),
    ];
    for answer in send(Limits::default(), requests).await {
        assert_eq!(answer.status, 405);
        assert_eq!(answer.json()["issue"][0]["details"]["text"], text);
    }
    let statement = &send(Limits::default(), vec![get("/fhir/metadata")]).await[0].json();
    let interactions = &statement["rest"][0]["resource"][0]["interaction"];
    assert!(!interactions.to_string().contains("create"), "{interactions}");
    let room = tempfile::tempdir().unwrap();
    let state = writable(room.path());
    let statement = &send_to(state, vec![get("/fhir/metadata")]).await[0].json();
    assert!(
        statement["rest"][0]["resource"][0]["interaction"]
            .to_string()
            .contains("create")
    );
}

#[actix_web::test]
async fn what_is_written_in_one_version_is_read_in_the_other() {
    let room = tempfile::tempdir().unwrap();
    let map = |id: &str, word: &str, value: &str| {
        json!({"resourceType": "ConceptMap", "id": id, "url": format!("http://example.org/{id}"), "status": "active",
            "group": [{"source": "http://a", "target": "http://b", "element": [{"code": "x", "target": [{"code": "y", word: value}]}]}]})
    };
    let answers = send_to(
        writable(room.path()),
        vec![
            put("/fhir/r4/ConceptMap/m4", &map("m4", "equivalence", "subsumes")),
            get("/fhir/r5/ConceptMap/m4"),
            get("/fhir/r4/ConceptMap/m4"),
            put(
                "/fhir/r5/ConceptMap/m5",
                &map("m5", "relationship", "source-is-narrower-than-target"),
            ),
            get("/fhir/r4/ConceptMap/m5"),
            put("/fhir/r5/ConceptMap/m6", &map("m6", "equivalence", "equal")),
        ],
    )
    .await;
    let target = |place: usize| answers[place].json()["group"][0]["element"][0]["target"][0].clone();
    assert_eq!(target(1)["relationship"], "source-is-narrower-than-target");
    // What is read as it was written comes back as it was, finer words among it.
    assert_eq!(target(2)["equivalence"], "subsumes");
    assert_eq!(target(4)["equivalence"], "wider");
    assert_eq!(answers[5].status, 422);
    assert_eq!(
        answers[5].json()["issue"][0]["expression"][0],
        "ConceptMap.group[0].element[0].target[0].equivalence"
    );
}

#[actix_web::test]
async fn what_was_loaded_has_a_tag_of_its_content() {
    let path = "/fhir/CodeSystem/animals";
    let first = &send(Limits::default(), vec![get(path)]).await[0];
    let tag = first.headers.get("etag").unwrap().clone();
    let again = send(
        Limits::default(),
        vec![
            get(path).insert_header(("If-None-Match", tag.clone())),
            get("/fhir/CodeSystem/food").insert_header(("If-None-Match", tag)),
        ],
    )
    .await;
    assert_eq!((again[0].status, again[1].status), (304, 200));
    assert!(again[0].body.is_empty());
}

#[actix_web::test]
async fn nothing_that_is_sent_to_be_written_is_a_server_error() {
    let paths = [
        "",
        "/$closure",
        "/_history",
        "/_history?_since=%00&_count=-1",
        "/CodeSystem",
        "/CodeSystem?url=x",
        "/CodeSystem?%zz",
        "/CodeSystem/x",
        "/CodeSystem/%2e%2e",
        "/CodeSystem/x/_history",
        "/CodeSystem/x/_history/1",
        "/CodeSystem/x/_history/99999999999999999999",
        "/CodeSystem/$validate",
        "/CodeSystem/x/$validate",
        "/ValueSet/x",
        "/ConceptMap/x",
        "/ValueSet?url=http://x",
        "/OperationDefinition/ConceptMap-closure",
        "/ConceptMap/$closure?name=a",
        "/NamingSystem/x",
        "/NamingSystem/$preferred-id?id=x&type=oid",
    ];
    let resource = |kind: &str, rest: Value| {
        let mut json = json!({"resourceType": kind, "id": "x", "status": "active"});
        json.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json.to_string()
    };
    let deep = format!(
        "{{\"resourceType\":\"CodeSystem\",\"concept\":{}",
        "[{\"concept\":".repeat(50_000)
    );
    let bodies = [
        String::new(),
        "{".into(),
        "null".into(),
        "[]".into(),
        "\u{feff}{}".into(),
        deep,
        resource("CodeSystem", json!({})),
        resource(
            "CodeSystem",
            json!({"url": "http://x", "content": "complete", "concept": [{"code": "a", "concept": [{"code": "a"}]}, 5]}),
        ),
        resource(
            "CodeSystem",
            json!({"url": "http://x", "content": "complete", "meta": 5, "concept": [{"code": "a"}]}),
        ),
        resource(
            "CodeSystem",
            json!({"url": ["http://x"], "content": {}, "concept": {}, "identifier": 5, "jurisdiction": [[1]]}),
        ),
        resource(
            "ValueSet",
            json!({"url": "http://x", "compose": {"include": [{"system": 5}, 7]}}),
        ),
        resource("ConceptMap", json!({"group": [{"element": [{"target": [[]]}]}]})),
        resource("NamingSystem", json!({"uniqueId": [{"value": 5}, null]})),
        resource(
            "Parameters",
            json!({"parameter": [{"name": "name", "valueString": "a"}, {"name": "concept", "valueCoding": {"code": 5}}]}),
        ),
        resource(
            "Parameters",
            json!({"parameter": [{"name": "resource", "resource": {"resourceType": "CodeSystem"}}]}),
        ),
        resource(
            "Bundle",
            json!({"type": "batch", "entry": [{"request": {"method": "PUT", "url": "CodeSystem/x"}}, {"request": {"method": "DELETE", "url": "CodeSystem?url"}}]}),
        ),
    ];
    let patches = [
        r#"[{"op":"add","path":"/concept/0/property/-","value":{}},{"op":"copy","from":"","path":"/contained"}]"#.to_owned(),
        resource(
            "Parameters",
            json!({"parameter": [{"name": "operation", "part": [{"name": "type", "valueCode": "insert"},
            {"name": "path", "valueString": "ValueSet.compose.include"}, {"name": "index", "valueInteger": 0}, {"name": "value", "part": [[]]}]}]}),
        ),
        resource(
            "Bundle",
            json!({"type": "transaction", "entry": [{"fullUrl": "urn:uuid:1", "request": {"method": "PUT", "url": "ValueSet/x"},
                "resource": {"resourceType": "ValueSet", "id": "x", "status": "active", "extension": [{"url": "urn:uuid:1", "valueReference": {"reference": "CodeSystem?%zz"}}]}},
                {"request": {"method": "DELETE", "url": "ValueSet/x"}}]}),
        ),
    ];
    let bodies: Vec<String> = bodies.into_iter().chain(patches).collect();
    let headers = [
        ("Prefer", "return=nothing"),
        ("If-Match", "W/,*,\"\""),
        ("If-None-Match", "*"),
        ("If-None-Exist", "%"),
    ];
    let mut requests = Vec::new();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::GET, Method::PATCH] {
        for path in paths {
            for (number, body) in bodies.iter().enumerate() {
                let request = TestRequest::default()
                    .method(method.clone())
                    .uri(&format!("/fhir{path}"))
                    .insert_header(("Content-Type", "application/fhir+json"))
                    .insert_header(headers[number % headers.len()])
                    .set_payload(body.clone());
                requests.push((format!("{method} {path} {:.80}", body), request));
            }
        }
    }
    let room = tempfile::tempdir().unwrap();
    let (names, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
    assert!(requests.len() > 1_500);
    for (name, answer) in names.iter().zip(send_to(writable(room.path()), requests).await) {
        assert!(
            answer.status < 500,
            "{name}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        if answer.status >= 400 {
            assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{name}");
        }
    }
}

/// A running server, killed with the test.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(store: &Path) -> Self {
        let mut command = tern();
        command.arg("--store").arg(store).args(["serve", "--port", "0", "--writable"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines
            .find_map(|line| line.ok().filter(|line| line.contains("http://")))
            .unwrap();
        let base = line.split("http://").nth(1).unwrap().trim_end_matches("/fhir").to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base }
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<(u16, String, String)> {
        send_over(&self.base, method, path, headers, body)
    }
}

/// Status, entity tag and body; `None` where the connection ends before all of it came.
fn send_over(base: &str, method: &str, path: &str, headers: &str, body: &str) -> Option<(u16, String, String)> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(base).ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} /fhir/{path} HTTP/1.1\r\nHost: {base}\r\nConnection: close\r\nContent-Type: application/fhir+json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or("");
    Some((head.split(' ').nth(1)?.parse().ok()?, tag.to_owned(), body.to_owned()))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn writers_at_once_count_every_change_and_a_kill_loses_none() {
    let room = tempfile::tempdir().unwrap();
    let mut server = Server::start(room.path());
    let counted = |count: usize| {
        json!({"resourceType": "ValueSet", "id": "counter", "url": "http://example.org/counter", "status": "active",
            "description": count.to_string()})
        .to_string()
    };
    assert_eq!(server.send("PUT", "ValueSet/counter", "", &counted(0)).unwrap().0, 201);
    // Each adds one to what it has read, and tries again when somebody was faster.
    let add = |server: &Server| loop {
        let (status, tag, body) = server.send("GET", "ValueSet/counter", "", "").unwrap();
        assert_eq!(status, 200);
        let body: Value = serde_json::from_str(&body).unwrap();
        let count: usize = body["description"].as_str().unwrap().parse().unwrap();
        let condition = format!("If-Match: {tag}\r\n");
        match server
            .send("PUT", "ValueSet/counter", &condition, &counted(count + 1))
            .unwrap()
            .0
        {
            200 => break,
            status => assert_eq!(status, 412),
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|_| add(&server)));
        }
    });
    let (_, tag, body) = server.send("GET", "ValueSet/counter", "", "").unwrap();
    assert_eq!(tag, "W/\"41\"");
    assert!(body.contains("\"description\":\"40\""), "{body}");
    // Killed while somebody writes: what was acknowledged is there.
    let mut acknowledged = 41;
    std::thread::scope(|scope| {
        let base = server.base.clone();
        let writer = scope.spawn(move || {
            let mut last = 41;
            while let Some((200, tag, _)) = send_over(&base, "PUT", "ValueSet/counter", "", &counted(last)) {
                last = tag.trim_start_matches("W/").trim_matches('"').parse().unwrap();
            }
            last
        });
        std::thread::sleep(std::time::Duration::from_millis(300));
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        acknowledged = writer.join().unwrap();
    });
    assert!(acknowledged > 41, "nothing was written before the kill");
    let again = Server::start(room.path());
    let (status, tag, _) = again.send("GET", "ValueSet/counter", "", "").unwrap();
    let found: usize = tag.trim_start_matches("W/").trim_matches('"').parse().unwrap();
    assert_eq!(status, 200);
    // One more may have been committed whose acknowledgement was cut off.
    assert!(
        found == acknowledged || found == acknowledged + 1,
        "{acknowledged} acknowledged, {found} found"
    );
    // What was written is known to the commands, too.
    drop(again);
    let listed = tern()
        .arg("--store")
        .arg(room.path())
        .args(["expand", "http://example.org/counter"])
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&listed.stderr).contains("nothing is loaded"));
}

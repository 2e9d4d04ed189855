//! What another process loads or writes is seen by a server that runs, at its next look; what cannot be opened changes
//! nothing.

use super::{Answer, Limits, send_to};
use crate::support::{stdout, tern, text};
use actix_web::test::TestRequest;
use actix_web::web;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tern::http::{Looked, Reload, State, Watch};
use tern::service::Terminology;
use tern::written::Library;
use tern_index::store::Store;

/// A server over a store, and its watch.
fn served(store: &Path) -> (web::Data<State>, Watch) {
    let place = store.to_owned();
    let open = move || Store::open(&place).map(|store| Terminology::new(&store, Vec::new()));
    let before = Store::identity(store);
    let library = Library::beside(store, open().unwrap(), false).unwrap();
    let watched = store.to_owned();
    let reload = Reload {
        identity: Box::new(move || Store::identity(&watched)),
        open: Box::new(move || open().map_err(|error| error.to_string())),
        every: Duration::from_secs(1),
    };
    (
        web::Data::new(State::of_library(library, Limits::default())),
        Watch::new(reload, before),
    )
}

async fn get(state: &web::Data<State>, path: &str) -> Answer {
    let request = TestRequest::get().uri(path);
    send_to(state.clone(), vec![request]).await.pop().unwrap()
}

const ICD: &str = "/fhir/CodeSystem/$lookup?system=http://hl7.org/fhir/sid/icd-10-cm&code=A00.1";
const LOINC: &str = "/fhir/CodeSystem?url=http://loinc.org&_summary=count";

#[actix_web::test]
async fn a_load_is_seen_at_the_next_look() {
    let room = tempfile::tempdir().unwrap();
    let store = room.path();
    let (state, mut watch) = served(store);
    assert_eq!(watch.look(&state, false), Looked::Same);
    assert_eq!(get(&state, ICD).await.status, 404);
    stdout(store, &["load", "tests/fixtures/icd"]);
    assert_eq!(get(&state, ICD).await.status, 404, "nobody has looked yet");
    let before = state.terminology();
    assert_eq!(watch.look(&state, false), Looked::Opened);
    assert_eq!(watch.look(&state, false), Looked::Same);
    assert_eq!(get(&state, ICD).await.status, 200);
    assert!(before.code_systems().is_empty(), "a request keeps what it began with");

    stdout(store, &["load", "tests/fixtures/loinc"]);
    assert_eq!(watch.look(&state, false), Looked::Opened);
    assert_eq!(get(&state, LOINC).await.json()["total"], 1);

    // A catalogue that cannot be read changes nothing, until it can.
    let catalogue = store.join("catalogue.json");
    let good = std::fs::read(&catalogue).unwrap();
    std::fs::write(&catalogue, b"{").unwrap();
    assert_eq!(watch.look(&state, false), Looked::Failed);
    assert_eq!(watch.look(&state, true), Looked::Failed);
    assert_eq!(get(&state, ICD).await.status, 200);
    std::fs::write(&catalogue, good).unwrap();
    assert_eq!(watch.look(&state, false), Looked::Opened);
    assert_eq!(get(&state, ICD).await.status, 200);
}

#[actix_web::test]
async fn what_another_process_writes_is_seen_at_the_next_look() {
    let room = tempfile::tempdir().unwrap();
    let (state, mut watch) = served(room.path());
    let path = "/fhir/CodeSystem/colours";
    assert_eq!(get(&state, path).await.status, 404);
    // The other process has the same store, and begins the file of what is written.
    let nothing = Terminology::of_resources(Vec::new());
    let other = Library::beside(room.path(), nothing, true).unwrap();
    let other = web::Data::new(State::of_library(other, Limits::default()));
    let put = |status: &str| {
        let body = json!({"resourceType": "CodeSystem", "id": "colours", "url": "http://example.org/colours", "name": "Colours",
            "status": status, "content": "complete", "concept": [{"code": "red"}]});
        let request = TestRequest::put().uri(path);
        request
            .insert_header(("Content-Type", "application/fhir+json"))
            .set_payload(body.to_string())
    };
    for status in ["draft", "active"] {
        send_to(other.clone(), vec![put(status)]).await;
        assert_eq!(watch.look(&state, false), Looked::Written);
        assert_eq!(watch.look(&state, false), Looked::Same);
        assert_eq!(get(&state, path).await.json()["status"], status);
    }
    // What is loaded meanwhile does not hide what is written.
    stdout(room.path(), &["load", "tests/fixtures/icd"]);
    assert_eq!(watch.look(&state, false), Looked::Opened);
    assert_eq!((get(&state, path).await.status, get(&state, ICD).await.status), (200, 200));
}

#[test]
fn the_program_looks_by_itself_and_when_it_is_told_to() {
    let room = tempfile::tempdir().unwrap();
    for watch in ["100ms", "1h"] {
        let store = room.path().join(watch);
        let mut command = tern();
        command.arg("--store").arg(&store);
        command.args(["serve", "--port", "0", "--access-log", "--watch", watch]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("http://")).unwrap();
        let address = line.rsplit_once("http://").unwrap().1.trim_end_matches("/fhir").to_owned();
        stdout(&store, &["load", "tests/fixtures/icd"]);
        let tell = |signal: &str| {
            let told = std::process::Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status();
            assert!(told.unwrap().success());
        };
        if watch == "1h" {
            tell("-HUP");
        }
        let begun = Instant::now();
        let lookup = || {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            let request = format!("GET {ICD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            std::io::Read::read_to_end(&mut stream, &mut answer).unwrap();
            text(&answer)
        };
        while !lookup().starts_with("HTTP/1.1 200") {
            assert!(begun.elapsed() < Duration::from_secs(60), "{watch}");
            std::thread::sleep(Duration::from_millis(50));
        }
        // Told to stop, it says what it has to say and ends well.
        tell("-TERM");
        assert!(child.wait().unwrap().success());
        let said: Vec<String> = lines.collect();
        assert!(said.iter().any(|line| line.contains("opened anew")), "{said:?}");
        let access = said.iter().find(|line| line.contains("status=200")).unwrap();
        assert!(
            access.contains("operation=\"lookup\"") && !access.contains("A00.1"),
            "{access}"
        );
    }
}

/// The number behind the name of a metric.
async fn metric(state: &web::Data<State>, name: &str) -> u64 {
    let text = String::from_utf8(get(state, "/metrics").await.body).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn pages_of_a_constraint_evaluate_it_once_until_releases_are_loaded_anew() {
    let room = tempfile::tempdir().unwrap();
    let store = room.path();
    stdout(store, &["load", "tests/fixtures/snomed-history"]);
    let (state, mut watch) = served(store);
    // Long enough to be worth keeping on any machine.
    let constraint = ["(<< 64572001 MINUS (* : [9..*] * = *)) {{ term = wild:\"*e*\" }}"; 8].join(" OR ");
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let url = encoded(&format!("http://snomed.info/sct?fhir_vs=ecl/{}", encoded(&constraint)));
    let page = |offset: usize| format!("/fhir/ValueSet/$expand?url={url}&count=2&offset={offset}");
    let codes = |answer: Answer| {
        let json = answer.json();
        let listed = json["expansion"]["contains"]
            .as_array()
            .unwrap_or_else(|| panic!("{json}"))
            .clone();
        listed.iter().map(|one| one["code"].to_string()).collect::<Vec<_>>()
    };
    let first = codes(get(&state, &page(0)).await);
    assert_eq!(first.len(), 2);
    assert_ne!(first, codes(get(&state, &page(2)).await));
    assert_eq!(first, codes(get(&state, &page(0)).await));
    let counted = [
        metric(&state, "tern_constraint_sets_found").await,
        metric(&state, "tern_constraint_sets_evaluated").await,
        metric(&state, "tern_constraint_sets").await,
    ];
    assert_eq!(counted, [2, 1, 1]);
    stdout(store, &["load", "tests/fixtures/icd"]);
    assert_eq!(watch.look(&state, false), Looked::Opened);
    assert_eq!(metric(&state, "tern_constraint_sets").await, 0);
    assert_eq!(first, codes(get(&state, &page(0)).await));
    assert_eq!(metric(&state, "tern_constraint_sets_evaluated").await, 2);
}

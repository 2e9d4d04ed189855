//! What people decide while the service runs: every door says it at the next request. And a mapper that takes longer to
//! build than a request may last is built all the same.

use crate::support::{demo, tern, text};
use actix_web::test::{self, TestRequest};
use actix_web::web;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tern::http::{Limits, State, app};
use tern::mapper::Decisions;
use tern::review::LiveDecisions;
use tern::service::{PeoplesDecisions, Terminology};
use tern_index::store::Store;

#[derive(Debug)]
struct Kept(LiveDecisions);

impl PeoplesDecisions for Kept {
    fn of_target(&self, url: &str) -> Result<Arc<Decisions>, String> {
        self.0.of_target(url).map_err(|error| error.to_string())
    }
}

/// Runs the program on the demonstration with decisions of its own.
fn command(database: &Path, arguments: &[&str]) -> String {
    let mut command = tern();
    command.arg("--store").arg(demo()).args(arguments);
    command.env("TERN_DECISIONS_DB", database).env("TERN_REVIEWER", "anna");
    let output = command.output().unwrap();
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

const NAME: &str = "SODIUM";

fn bulk_request() -> TestRequest {
    let line = json!({"name": NAME, "specimen": "SERUM", "unit": "mEq/L"}).to_string();
    TestRequest::post().uri("/map/loinc?candidates=5").set_payload(line)
}

fn translate_request() -> TestRequest {
    let dependency = |attribute: &str, value: &str| {
        json!({"name": "dependency", "part": [
            {"name": "attribute", "valueUri": attribute}, {"name": "value", "valueString": value}]})
    };
    let parameters = json!({"resourceType": "Parameters", "parameter": [
        {"name": "url", "valueUri": "urn:tern:algorithmic-map:loinc"},
        {"name": "sourceCodeableConcept", "valueCodeableConcept": {"text": NAME}},
        dependency("specimen", "SERUM"), dependency("unit", "mEq/L"),
    ]});
    TestRequest::post()
        .uri("/fhir/r5/ConceptMap/$translate")
        .insert_header(("Content-Type", "application/fhir+json"))
        .set_payload(parameters.to_string())
}

/// The codes that each door offers, best first: command line, lines, translation.
async fn doors(state: &web::Data<State>, database: &Path) -> [Vec<String>; 3] {
    let texts = |rows: &Value, key: &str| -> Vec<String> {
        let rows = rows.as_array().into_iter().flatten();
        rows.map(|row| row[key].as_str().unwrap().to_owned()).collect()
    };
    let explain = [
        "explain",
        NAME,
        "-t",
        "loinc",
        "--specimen",
        "SERUM",
        "--unit",
        "mEq/L",
        "--candidates",
        "5",
        "--json",
    ];
    let told: Value = serde_json::from_str(&command(database, &explain)).unwrap();
    let service = test::init_service(app(state.clone())).await;
    let mut bodies = Vec::new();
    for request in [bulk_request(), translate_request()] {
        let response = test::call_service(&service, request.to_request()).await;
        assert_eq!(response.status(), 200);
        bodies.push(serde_json::from_slice::<Value>(&test::read_body(response).await).unwrap());
    }
    let matches = bodies[1]["parameter"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["name"] == "match");
    let translated = matches.filter_map(|part| {
        let parts = part["part"].as_array().unwrap().iter();
        let concept = parts.clone().find(|part| part["name"] == "concept")?;
        Some(concept["valueCoding"]["code"].as_str().unwrap().to_owned())
    });
    [
        texts(&told["explanation"]["candidates"], "code"),
        texts(&bodies[0]["candidates"], "code"),
        translated.collect(),
    ]
}

#[actix_web::test]
async fn a_decision_of_a_reviewer_changes_what_every_door_says() {
    let room = tempfile::tempdir().unwrap();
    let (database, sheet) = (room.path().join("d.sqlite"), room.path().join("queue.csv"));
    let input = room.path().join("in.csv");
    std::fs::write(&input, "name,specimen,unit\nSODIUM,SERUM,mEq/L\n").unwrap();
    let store = Store::open(demo()).unwrap();
    let live = LiveDecisions::new(database.clone(), "default".into());
    let terminology = Terminology::new(&store, Vec::new()).heeding(Arc::new(Kept(live)));
    let state = web::Data::new(State::new(terminology, Limits::default()));
    // The service runs before there is a database at all.
    let service = test::init_service(app(state.clone())).await;
    assert_eq!(test::call_service(&service, bulk_request().to_request()).await.status(), 200);
    let paths = [&input, &sheet, &room.path().join("out.csv")].map(|path| path.to_str().unwrap().to_owned());
    command(&database, &["map", &paths[0], "-o", &paths[2], "-t", "loinc", "--queue"]);
    let before = doors(&state, &database).await;
    assert!(before[0].len() > 1, "{before:?}");
    assert!(before.iter().all(|door| *door == before[0]), "{before:?}");
    let decide = |decision: &str, code: &str| {
        command(&database, &["review", "export", "-o", &paths[1], "--all"]);
        let mut reader = csv::Reader::from_path(&sheet).unwrap();
        let header = reader.headers().unwrap().clone();
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let mut writer = csv::Writer::from_path(&sheet).unwrap();
        writer.write_record(&header).unwrap();
        for record in records {
            let cells = header.iter().zip(&record).map(|(column, old)| match column {
                "decision" => decision,
                "target_code" => code,
                _ => old,
            });
            writer.write_record(cells).unwrap();
        }
        writer.flush().unwrap();
        drop(writer);
        command(&database, &["review", "import", &paths[1]]);
    };
    decide("rejected", &before[0][0]);
    let rejected = doors(&state, &database).await;
    assert!(!rejected[0].is_empty() && rejected[0] == rejected[1], "{rejected:?}");
    // A translation leaves out what is hardly likely.
    assert!(rejected[0].starts_with(&rejected[2]), "{rejected:?}");
    assert!(!rejected[0].contains(&before[0][0]), "{rejected:?}");
    decide("accepted", &before[0][1]);
    let accepted = doors(&state, &database).await;
    assert!(accepted.iter().all(|door| *door == [before[0][1].clone()]), "{accepted:?}");
    decide("no-match", "");
    let none = doors(&state, &database).await;
    assert!(none.iter().all(Vec::is_empty), "{none:?}");
}

/// Decisions that are slow to come the first time: the work of the first request lasts until it is let go.
#[derive(Debug)]
struct Slow(Mutex<Option<Receiver<()>>>);

impl PeoplesDecisions for Slow {
    fn of_target(&self, _: &str) -> Result<Arc<Decisions>, String> {
        let first = self.0.lock().unwrap().take();
        if let Some(gate) = first {
            gate.recv().map_err(|error| error.to_string())?;
        }
        Ok(Arc::default())
    }
}

#[actix_web::test]
async fn work_that_outlasts_its_request_goes_on_and_serves_the_next() {
    let (let_go, gate) = channel();
    let terminology = super::terminology().heeding(Arc::new(Slow(Mutex::new(Some(gate)))));
    let limits = Limits {
        time: Duration::from_millis(20),
        ..Limits::default()
    };
    let state = web::Data::new(State::new(terminology, limits));
    let service = test::init_service(app(state.clone())).await;
    let ask = || {
        let uri = "/fhir/r5/ConceptMap/$translate?url=urn:tern:algorithmic-map:http://example.org/animals&sourceCode=Dog&system=urn:local";
        TestRequest::get().uri(uri).to_request()
    };
    let refused = test::call_service(&service, ask()).await;
    assert!(refused.status().is_client_error(), "{}", refused.status());
    let body = String::from_utf8(test::read_body(refused).await.to_vec()).unwrap();
    assert!(body.contains("took longer"), "{body}");
    let is_built = || format!("{:?}", state.terminology()).contains(")), true)");
    assert!(!is_built());
    let_go.send(()).unwrap();
    // Nobody asks again, and still it is built.
    let until = Instant::now() + Duration::from_secs(60);
    while !is_built() {
        assert!(Instant::now() < until, "{:?}", state.terminology());
        actix_web::rt::time::sleep(Duration::from_millis(5)).await;
    }
}

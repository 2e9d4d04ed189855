//! Lines through `/map/{target}`: what comes back, what is refused, and that every door says the same.

use super::{Answer, Limits, send, terminology};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use std::io::{Read, Write};

const ANIMALS: &str = "/map/http%3A%2F%2Fexample.org%2Fanimals";

fn post(path: &str, body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::post().uri(path).set_payload(body.into())
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).unwrap().to_str().unwrap()
}

fn lines(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[actix_web::test]
async fn lines_come_back_in_order_and_bad_ones_in_their_place() {
    let body = "{\"id\":1,\"name\":\"Dog\"}\n{\"id\":2\n{\"id\":3,\"name\":\"xyzzy\"}\n";
    let found = send(Limits::default(), vec![post(&format!("{ANIMALS}?candidates=1"), body)]).await;
    assert_eq!(
        (found[0].status, header(&found[0], "content-type")),
        (200, "application/x-ndjson")
    );
    let answers = lines(&found[0].body);
    let expected = json!({
        "id": 1, "line": 1, "target_system": "http://example.org/animals", "target_code": "dog", "target_display": "Dog",
        "relationship": "equivalent", "probability": 0.98, "match_type": "exact", "status": "mapped",
        "reason": "the name is a term of the target",
        "candidates": [{"code": "dog", "display": "Dog", "probability": 0.98, "relationship": "equivalent", "match_type": "exact"}]
    });
    assert_eq!(answers[0], expected);
    assert!(
        answers[1]["reason"].as_str().unwrap().starts_with("line 2, column"),
        "{}",
        answers[1]
    );
    assert_eq!((&answers[2]["id"], &answers[2]["status"]), (&3.into(), &"unmapped".into()));
}

#[actix_web::test]
async fn bodies_and_answers_may_be_packed() {
    let text = "{\"name\":\"Dog\"}\n".repeat(5000);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let request = post(ANIMALS, packed.clone())
        .insert_header(("Content-Encoding", "gzip"))
        .insert_header(("Accept-Encoding", "gzip"));
    let mut cut = packed;
    cut.truncate(cut.len() / 2);
    let broken = post(ANIMALS, cut).insert_header(("Content-Encoding", "gzip"));
    let found = send(Limits::default(), vec![request, broken]).await;
    assert_eq!(header(&found[0], "content-encoding"), "gzip");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&*found[0].body)
        .read_to_string(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked.lines().count(), 5000);
    assert_eq!(found[1].status, 200);
    let last = lines(&found[1].body).pop().unwrap();
    assert!(last["reason"].as_str().unwrap().contains("could not be received"), "{last}");
}

#[actix_web::test]
async fn what_is_wrong_with_a_request_is_said() {
    let tiny = Limits {
        bulk_line_bytes: 20,
        ..Limits::default()
    };
    let closed = Limits {
        bulk_streams: 0,
        ..Limits::default()
    };
    let refused = send(
        Limits::default(),
        vec![
            post("/map/nothing", "{}"),
            post(&format!("{ANIMALS}?candidates=51"), "{}"),
            post(&format!("{ANIMALS}?accept=x"), "{}"),
            post(&format!("{ANIMALS}?accept=1.5"), "{}"),
            post(&format!("{ANIMALS}?colour=red"), "{}"),
            post(&format!("{ANIMALS}?version=9"), "{}"),
            post(ANIMALS, "<a/>").insert_header(("Content-Type", "application/xml")),
            TestRequest::get().uri(ANIMALS),
            TestRequest::default().method(Method::OPTIONS).uri(ANIMALS),
            post(ANIMALS, ""),
        ],
    )
    .await;
    let statuses: Vec<u16> = refused.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [404, 400, 400, 400, 400, 404, 415, 405, 204, 200]);
    assert_eq!(refused[0].json()["resourceType"], "OperationOutcome");
    let long = send(
        tiny,
        vec![post(ANIMALS, "{\"name\":\"Dog and friends\"}\n{\"name\":\"Dog\"}")],
    )
    .await;
    let answers = lines(&long[0].body);
    assert!(answers[0]["reason"].as_str().unwrap().contains("longer than the 20 bytes"));
    assert_eq!(answers[1]["target_code"], "dog");
    let busy = send(closed, vec![post(ANIMALS, "{}")]).await;
    assert_eq!((busy[0].status, header(&busy[0], "retry-after")), (503, "1"));
}

/// What `tern map` writes for a table.
fn mapped_table(rows: &[(&str, &str)]) -> Vec<(String, f64)> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.ndjson"));
    let mut writer = csv::Writer::from_path(&input).unwrap();
    writer.write_record(["name", "specimen"]).unwrap();
    rows.iter()
        .for_each(|(name, specimen)| writer.write_record([name, specimen]).unwrap());
    writer.flush().unwrap();
    let options = tern::mapper::MapOptions {
        target: "http://example.org/animals".into(),
        ..Default::default()
    };
    tern::mapper::run(&input, &output, &options, &terminology(), &mut |_| {}).unwrap();
    let text = std::fs::read(&output).unwrap();
    let rows = lines(&text);
    rows.iter()
        .map(|row| (target(row), row["probability"].as_f64().unwrap_or(0.0)))
        .collect()
}

fn target(row: &Value) -> String {
    row["target_code"].as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn tables_lines_and_translations_have_the_same_probabilities() {
    let rows = [
        ("Dog", ""),
        ("brown dog", "fur"),
        ("cat", ""),
        ("animals, other", ""),
        ("xyzzy", ""),
    ];
    let table = mapped_table(&rows);
    let body: String = rows
        .iter()
        .map(|(name, specimen)| format!("{}\n", json!({"name": name, "specimen": specimen})))
        .collect();
    let bulk = send(Limits::default(), vec![post(&format!("{ANIMALS}?candidates=3"), body)]).await;
    let bulk: Vec<(String, f64)> = lines(&bulk[0].body)
        .iter()
        .map(|row| (target(row), row["probability"].as_f64().unwrap_or(0.0)))
        .collect();
    let translate = |(name, specimen): &(&str, &str)| {
        let parameters = json!({"resourceType": "Parameters", "parameter": [
            {"name": "url", "valueUri": "urn:tern:algorithmic-map:http://example.org/animals"},
            {"name": "sourceCodeableConcept", "valueCodeableConcept": {"text": name}},
            {"name": "dependency", "part": [{"name": "attribute", "valueUri": "specimen"}, {"name": "value", "valueString": specimen}]},
        ]});
        TestRequest::post()
            .uri("/fhir/r5/ConceptMap/$translate")
            .insert_header(("Content-Type", "application/fhir+json"))
            .set_payload(parameters.to_string())
    };
    let translated = send(Limits::default(), rows.iter().map(translate).collect()).await;
    let translated: Vec<(String, f64)> = translated
        .iter()
        .map(|answer| {
            let json = answer.json();
            let first = json["parameter"]
                .as_array()
                .unwrap()
                .iter()
                .find(|part| part["name"] == "match")
                .cloned();
            let Some(first) = first else { return (String::new(), 0.0) };
            let code = first["part"][1]["valueCoding"]["code"].as_str().unwrap().to_owned();
            (code, first["extension"][0]["valueDecimal"].as_f64().unwrap())
        })
        .collect();
    assert_eq!(table, bulk);
    assert_eq!(table, translated);
    assert!(
        table.iter().any(|(_, probability)| *probability > 0.0 && *probability < 0.9),
        "{table:?}"
    );
}

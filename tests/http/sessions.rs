//! `$cache-control` as a validator uses it: resources sent once, spoken of by the header, until the end.

use super::{Answer, state};
use actix_web::test::{self, TestRequest};
use serde_json::{Value, json};
use tern::http::{Limits, app};

fn code_system(url: &str, display: &str) -> Value {
    json!({"name": "tx-resource", "resource": {"resourceType": "CodeSystem", "url": url, "status": "active",
        "content": "complete", "concept": [{"code": "a", "display": display}]}})
}

fn value(answer: &Answer, name: &str) -> Value {
    let json = answer.json();
    let parameters = json["parameter"].as_array().cloned().unwrap_or_default();
    let found = parameters.into_iter().find(|parameter| parameter["name"] == name);
    let members = found.and_then(|parameter| parameter.as_object().cloned()).unwrap_or_default();
    members
        .into_iter()
        .find(|(key, _)| key.starts_with("value"))
        .map_or(Value::Null, |(_, value)| value)
}

fn lookup(url: &str, id: &str, resources: &[Value]) -> TestRequest {
    let mut parameters = vec![
        json!({"name": "system", "valueUri": url}),
        json!({"name": "code", "valueCode": "a"}),
    ];
    parameters.extend(resources.iter().cloned());
    TestRequest::post()
        .uri("/fhir/r5/CodeSystem/$lookup")
        .insert_header(("Content-Type", "application/fhir+json"))
        .insert_header(("X-Cache-Id", id))
        .set_payload(json!({"resourceType": "Parameters", "parameter": parameters}).to_string())
}

fn control(mode: &str, id: Option<&str>, parameters: &[Value]) -> TestRequest {
    let mut request = TestRequest::post()
        .uri(&format!("/fhir/r5/$cache-control?mode={mode}"))
        .insert_header(("Content-Type", "application/fhir+json"))
        .set_payload(json!({"resourceType": "Parameters", "parameter": parameters}).to_string());
    if let Some(id) = id {
        request = request.insert_header(("X-Cache-Id", id));
    }
    request
}

#[actix_web::test]
async fn resources_are_sent_once_and_spoken_of_until_the_end() {
    let service = test::init_service(app(state(Limits::default()))).await;
    let ask = async |request: TestRequest| -> Answer {
        let response = test::call_service(&service, request.to_request()).await;
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: test::read_body(response).await.to_vec(),
        }
    };
    let started = ask(control("start", None, &[code_system("http://example.org/one", "First")])).await;
    let id = value(&started, "cache-id").as_str().unwrap().to_owned();
    assert_eq!(value(&started, "sealed"), false);

    let found = ask(lookup("http://example.org/one", &id, &[])).await;
    assert_eq!((found.status, value(&found, "display")), (200, json!("First")));
    // What a request brings ranks first and stays.
    let brought = [
        code_system("http://example.org/one", "Second"),
        code_system("http://example.org/two", "Other"),
    ];
    assert_eq!(
        value(&ask(lookup("http://example.org/one", &id, &brought)).await, "display"),
        "Second"
    );
    assert_eq!(
        value(&ask(lookup("http://example.org/one", &id, &[])).await, "display"),
        "Second"
    );
    assert_eq!(
        value(&ask(lookup("http://example.org/two", &id, &[])).await, "display"),
        "Other"
    );

    let checked = ask(control("check", Some(&id), &[])).await;
    assert_eq!(
        (value(&checked, "valid"), value(&checked, "resource-count")),
        (json!(true), json!(2))
    );
    assert_eq!(ask(control("end", Some(&id), &[])).await.status, 200);
    assert_eq!(ask(lookup("http://example.org/one", &id, &[])).await.status, 404);
    assert_eq!(value(&ask(control("check", Some(&id), &[])).await, "valid"), false);
    // Nobody else sees what a client has sent.
    assert_eq!(ask(lookup("http://example.org/one", "none", &[])).await.status, 404);
}

#[actix_web::test]
async fn a_sealed_cache_does_not_grow() {
    let service = test::init_service(app(state(Limits::default()))).await;
    let sealed = json!({"name": "sealed", "valueBoolean": true});
    let start = control("start", None, &[sealed, code_system("http://example.org/one", "First")]);
    let response = test::call_and_read_body(&service, start.to_request()).await;
    let started: Value = serde_json::from_slice(&response).unwrap();
    let id = started["parameter"][0]["valueId"].as_str().unwrap().to_owned();
    let brought = [code_system("http://example.org/two", "Other")];
    for (resources, status) in [(&brought[..], 200), (&[][..], 404)] {
        let request = lookup("http://example.org/two", &id, resources).to_request();
        assert_eq!(test::call_service(&service, request).await.status().as_u16(), status);
    }
}

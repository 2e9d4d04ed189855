//! Every route by every method with every kind of body, sound and broken: each gets an answer of the right kind,
//! none a server error.

use super::{Answer, Limits, send};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

const PATHS: &[&str] = &[
    "",
    "/metadata",
    "/metadata?mode=terminology",
    "/metadata?mode=%zz",
    "/$versions",
    "/$unknown",
    "/CodeSystem",
    "/CodeSystem?_count=0&url=x",
    "/CodeSystem?_count=99999999999999999999",
    "/CodeSystem?_count=1&_offset=18446744073709551615",
    "/CodeSystem/_search",
    "/CodeSystem/animals",
    "/CodeSystem/none",
    "/CodeSystem/%FF",
    "/ValueSet?name=a&_summary=true&_elements=url",
    "/ValueSet/mammals/$expand?count=2&offset=1",
    "/ValueSet/mammals/$validate-code?system=http://example.org/animals&code=dog",
    "/ConceptMap/animals-to-food/$translate?system=http://example.org/animals&code=dog",
    "/ConceptMap?url=http://example.org/map",
    "/Patient/1",
    "/CodeSystem/a/b/c/d",
    "/CodeSystem/$lookup",
    "/CodeSystem/$lookup?system=http://example.org/animals&code=dog&property=*",
    "/CodeSystem/$lookup?system=%&code=%00",
    "/CodeSystem/$validate-code?url=http://example.org/animals&code=dog",
    "/CodeSystem/$batch-validate-code",
    "/CodeSystem/$subsumes",
    "/CodeSystem/$subsumes?system=http://example.org/animals&codeA=animal&codeB=dog",
    "/ValueSet/$expand",
    "/ValueSet/$expand?url=http://example.org/animals/vs&filter=%F0%9F%90%95&count=1",
    "/ValueSet/$expand?url=http://snomed.info/sct?fhir_vs=ecl/%3C%3C%20((((",
    "/ValueSet/$validate-code",
    "/ValueSet/$batch-validate-code",
    "/ConceptMap/$translate",
    "/ConceptMap/$translate?url=http://example.org/map&sourceCode=dog",
    "/ConceptMap/$expand",
    "/ConceptMap/$translate?url=urn:tern:algorithmic-map:http://example.org/animals&display=dog",
    "/ConceptMap/$translate?algorithmic=true&display=%F0%9F%90%95&targetSystem=http://example.org/animals",
    "/ConceptMap?url=urn:tern:algorithmic-map:http://example.org/animals",
    "/CodeSystem/$find-matches",
    "/CodeSystem/$find-matches?system=http://example.org/animals&exact=maybe&property=x",
];

/// Bodies with their media types.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let fhir = "application/fhir+json";
    let parameters = |list: Value| {
        json!({"resourceType": "Parameters", "parameter": list})
            .to_string()
            .into_bytes()
    };
    let dog = json!({"system": "http://example.org/animals", "code": "dog"});
    vec![
        (fhir, Vec::new()),
        (fhir, b"{".to_vec()),
        (fhir, b"\xff\xfe{}".to_vec()),
        (fhir, b"null".to_vec()),
        (fhir, b"[]".to_vec()),
        (fhir, b"{}".to_vec()),
        (fhir, "[".repeat(100_000).into_bytes()),
        (fhir, br#"{"resourceType":"Patient"}"#.to_vec()),
        (fhir, br#"{"resourceType":"Parameters","parameter":{}}"#.to_vec()),
        (fhir, br#"{"resourceType":"Parameters","parameter":[1,{"name":2},{"value":3}]}"#.to_vec()),
        (fhir, br#"{"resourceType":"ValueSet","compose":{"include":[{"filter":[{}]},5,{"system":7}]}}"#.to_vec()),
        (fhir, br#"{"resourceType":"ConceptMap","group":[{"element":[{"code":1}]}]}"#.to_vec()),
        (fhir, br#"{"resourceType":"Bundle"}"#.to_vec()),
        (fhir, br#"{"resourceType":"Bundle","type":"transaction","entry":[]}"#.to_vec()),
        (
            fhir,
            br#"{"resourceType":"Bundle","type":"batch","entry":[null,{},{"request":{"method":"GET","url":"CodeSystem/%"}},{"request":{"method":"PUT","url":"/"}},{"request":{"method":"POST","url":""},"resource":{"resourceType":"Bundle","type":"batch"}}]}"#.to_vec(),
        ),
        (fhir, parameters(json!([{"name": "coding", "valueCoding": dog}, {"name": "system", "valueUri": "http://example.org/animals"}]))),
        (fhir, parameters(json!([{"name": "coding", "valueString": "x"}, {"name": "codeableConcept", "valueCoding": {}}]))),
        (fhir, parameters(json!([{"name": "codingA", "valueCoding": dog}, {"name": "codingB", "valueCoding": {"code": "?"}}]))),
        (fhir, parameters(json!([{"name": "validation", "resource": {"resourceType": "Parameters", "parameter": [{"name": "coding", "valueCoding": dog}]}}, {"name": "validation", "valueString": "x"}]))),
        (fhir, parameters(json!([{"name": "tx-resource", "resource": {"resourceType": "CodeSystem", "concept": [{"code": ["x"]}]}}]))),
        (fhir, parameters(json!([{"name": "tx-resource", "resource": {"resourceType": "CodeSystem", "url": "http://x", "content": "complete", "concept": [{"code": "a", "concept": [{"code": "a"}]}, {"code": ""}]}}, {"name": "url", "valueUri": "http://x"}, {"name": "code", "valueCode": "a"}]))),
        (fhir, parameters(json!([{"name": "url", "valueUri": "http://example.org/animals/vs"}, {"name": "count", "valueInteger": -1}]))),
        (fhir, parameters(json!([{"name": "valueSet", "resource": {"resourceType": "ValueSet", "compose": {"include": [{"valueSet": ["#self"]}]}}}]))),
        ("application/x-www-form-urlencoded", b"url=http://example.org/animals/vs&count=1".to_vec()),
        ("application/x-www-form-urlencoded", b"url=%E0%A4%A".to_vec()),
        ("application/fhir+xml", b"<Parameters/>".to_vec()),
        ("no media type at all", b"x".to_vec()),
    ]
}

fn check(what: &str, answer: &Answer) {
    let status = answer.status;
    assert!(status < 500, "{what}: {status} {}", String::from_utf8_lossy(&answer.body));
    if status == 204 || answer.body.is_empty() {
        return;
    }
    let body = answer.json();
    let resource_type = body["resourceType"].as_str();
    if status >= 400 {
        assert_eq!(resource_type, Some("OperationOutcome"), "{what}: {status} {body}");
        assert!(body["issue"][0]["details"]["text"].is_string(), "{what}: {body}");
    } else {
        assert!(resource_type.is_some(), "{what}: {body}");
    }
}

#[actix_web::test]
async fn nothing_a_client_sends_is_a_server_error() {
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
    ];
    let (mut names, mut requests) = (Vec::new(), Vec::new());
    for base in ["/fhir", "/fhir/r4", "/fhir/r5"] {
        for path in PATHS {
            for method in &methods {
                for (number, (media_type, body)) in bodies().into_iter().enumerate() {
                    // A body tells methods apart only where it is read.
                    if *method != Method::POST && number > 1 {
                        break;
                    }
                    names.push(format!("{method} {base}{path} with body {number}"));
                    let request = TestRequest::default()
                        .method(method.clone())
                        .uri(&format!("{base}{path}"))
                        .insert_header(("Content-Type", media_type))
                        .set_payload(body);
                    requests.push(request);
                }
            }
        }
    }
    for (name, answer) in names.iter().zip(send(Limits::default(), requests).await) {
        check(name, &answer);
    }
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

#[actix_web::test]
async fn refusals_have_the_status_that_says_why() {
    let post = |path: &str| TestRequest::post().uri(path);
    let cases = vec![
        (get("/"), 404),
        (get("/fhir/r3/metadata"), 404),
        (get("/fhir/CodeSystem/$nothing"), 404),
        (TestRequest::put().uri("/fhir/CodeSystem/animals"), 405),
        (post("/fhir/metadata"), 405),
        (get("/fhir/metadata?_format=ttl"), 406),
        (
            get("/fhir/metadata").insert_header(("Accept", "application/fhir+turtle")),
            406,
        ),
        (get("/fhir/metadata?_format=xml"), 200),
        (get("/fhir/metadata").insert_header(("Accept", "application/fhir+xml")), 200),
        (
            get("/fhir/r4/metadata").insert_header(("Accept", "application/fhir+json; fhirVersion=5.0")),
            406,
        ),
        (
            post("/fhir/ValueSet/$expand")
                .insert_header(("Content-Type", "application/fhir+xml"))
                .set_payload("<a/>"),
            400,
        ),
        (
            post("/fhir/ValueSet/$expand")
                .insert_header(("Content-Type", "text/turtle"))
                .set_payload("<a/>"),
            415,
        ),
        (
            post("/fhir/r4/ValueSet/$expand")
                .insert_header(("Content-Type", "application/fhir+json; fhirVersion=5.0"))
                .set_payload("{}"),
            415,
        ),
        (
            post("/fhir/ValueSet/$expand")
                .insert_header(("Content-Encoding", "br"))
                .set_payload("{}"),
            415,
        ),
        (post("/fhir/ValueSet/$expand").set_payload("{"), 400),
        (post("/fhir/ValueSet/$expand").set_payload(vec![b' '; 2_000]), 413),
        (post("/fhir/ValueSet/$expand").set_payload(&b"\xff"[..]), 400),
        (get("/fhir/CodeSystem/$lookup?system=http://nowhere&code=x"), 404),
        (get("/fhir/CodeSystem?_summary=most"), 400),
        (
            get("/fhir/CodeSystem?colour=red").insert_header(("Prefer", "handling=strict")),
            400,
        ),
        (get("/fhir/CodeSystem?colour=red"), 200),
        (get("/health"), 200),
        (get("/health/live"), 200),
        (get("/health/ready"), 200),
        (get("/version"), 200),
    ];
    let (requests, expected): (Vec<_>, Vec<u16>) = cases.into_iter().unzip();
    let limits = Limits {
        request_bytes: 1_000,
        ..Limits::default()
    };
    for (place, (answer, expected)) in send(limits, requests).await.iter().zip(expected).enumerate() {
        assert_eq!(
            answer.status,
            expected,
            "case {place}: {}",
            String::from_utf8_lossy(&answer.body)
        );
    }
}

#[actix_web::test]
async fn headers_are_echoed_and_bodies_compressed() {
    let request = get("/fhir/metadata")
        .insert_header(("X-Request-Id", "abc-1"))
        .insert_header(("Accept-Encoding", "gzip"));
    let answers = send(
        Limits::default(),
        vec![request, TestRequest::default().method(Method::OPTIONS).uri("/fhir/metadata")],
    )
    .await;
    let header = |answer: usize, name: &str| answers[answer].headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header(0, "x-request-id"), Some("abc-1"));
    assert_eq!(header(0, "content-encoding"), Some("gzip"));
    assert_eq!(header(0, "access-control-allow-origin"), Some("*"));
    assert_eq!(answers[1].status, 204);
    assert!(header(1, "access-control-allow-methods").is_some());
}

#[actix_web::test]
async fn heavy_requests_past_the_queue_are_told_to_come_back() {
    let limits = Limits {
        heavy: 1,
        waiting: 0,
        ..Limits::default()
    };
    let service = actix_web::test::init_service(tern::http::app(super::state(limits))).await;
    // Many codes, so that the first requests still run when the last ones come.
    let concepts: Vec<Value> = (0..2_000)
        .map(|code| json!({"code": format!("c{code}"), "display": "x"}))
        .collect();
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "tx-resource", "resource": {"resourceType": "CodeSystem", "url": "http://big", "content": "complete", "status": "active", "concept": concepts}},
        {"name": "valueSet", "resource": {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"system": "http://big"}]}}}
    ]})
    .to_string();
    let calls = (0..20).map(|_| {
        let request = TestRequest::post()
            .uri("/fhir/ValueSet/$expand")
            .set_payload(body.clone())
            .to_request();
        actix_web::test::call_service(&service, request)
    });
    let calls: Vec<_> = calls.map(Box::pin).collect();
    let (mut answered, mut refused) = (0, 0);
    for response in join_all(calls).await {
        match response.status().as_u16() {
            200 => answered += 1,
            503 => {
                assert_eq!(
                    response.headers().get("retry-after").and_then(|value| value.to_str().ok()),
                    Some("1")
                );
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(answered > 0 && refused > 0, "{answered} answered, {refused} refused");
}

/// Waits for all futures at once.
async fn join_all<F: std::future::Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
    use std::task::Poll;
    let mut running: Vec<(F, Option<F::Output>)> = futures.into_iter().map(|future| (future, None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut running {
            if output.is_none() {
                match std::pin::Pin::new(future).poll(context) {
                    Poll::Ready(ready) => *output = Some(ready),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

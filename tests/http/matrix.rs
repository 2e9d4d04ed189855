//! Every route by every method with every kind of body, sound and broken: each gets an answer of the right kind,
//! none a server error.

use super::goldens::steady;
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
    "/OperationDefinition",
    "/OperationDefinition?code=expand&system=maybe&colour=red",
    "/OperationDefinition/_search",
    "/OperationDefinition/ValueSet-expand",
    "/OperationDefinition/%00",
    "/ValueSet/$expand?context=http://hl7.org/fhir/StructureDefinition/Patient%23Patient.gender&contextDirection=sideways",
    "/ValueSet/$validate-code?context=%23&code=a",
    "/ConceptMap?_include=*&_revinclude=ConceptMap:other&_include=ValueSet:x:y:z",
    "/CodeSystem?_has:ValueSet:reference:url=x&supplements.name=y",
    "/ValueSet?context-quantity=gt1e999&context-type-value=a$b$c&period=/&_sort=-effective,context",
    "/NamingSystem?period=ge2020&telecom=x|y&type=|",
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
            br#"{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":5,"request":{"method":"PATCH","url":"ValueSet?x"},"resource":{"resourceType":"Binary","data":"%"}},{"request":{"method":"POST","url":"ConceptMap"},"resource":{"resourceType":"ConceptMap","group":[[]]}},{"request":{"method":"GET","url":"_history"}}]}"#.to_vec(),
        ),
        ("application/json-patch+json", br#"[{"op":"add","path":"/a","value":1},{"op":"move","from":"/~2","path":"/-"},7]"#.to_vec()),
        (fhir, parameters(json!([{"name": "operation", "part": [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "CodeSystem.concept.where("}]}]))),
        (fhir, parameters(json!([{"name": "context", "valueUri": "http://x#y"}, {"name": "code", "valueCode": "a"}, {"name": "tx-resource", "resource": {"resourceType": "StructureDefinition", "url": "http://x", "snapshot": {"element": [{"path": 5, "binding": []}]}}}]))),
        (fhir, parameters(json!([{"name": "codeSystem", "resource": {"resourceType": "CodeSystem"}}, {"name": "code", "valueCode": "a"}]))),
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
        ("no media type at all", b"x".to_vec()),
    ]
}

/// Bodies in XML: those of the matrix that are FHIR, and what is no XML, or no FHIR.
fn xml_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let fhir = "application/fhir+xml";
    let resource = |text: &str| (fhir, text.as_bytes().to_vec());
    let inside = |inner: &str| resource(&format!("<Parameters xmlns=\"http://hl7.org/fhir\">{inner}</Parameters>"));
    let mut found: Vec<(&'static str, Vec<u8>)> = bodies()
        .into_iter()
        .filter_map(|(_, body)| serde_json::from_slice::<Value>(&body).ok())
        .filter(|json| json["resourceType"].is_string())
        .map(|json| {
            (
                fhir,
                tern::fhir::xml::write(&json, tern::fhir::FhirVersion::R4, false).into_bytes(),
            )
        })
        .collect();
    found.extend([
        resource("<Parameters/>"),
        resource("<"),
        resource("<Parameters xmlns=\"http://hl7.org/fhir\""),
        resource("<!DOCTYPE x [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;&a;&a;\">]><Parameters xmlns=\"http://hl7.org/fhir\"/>"),
        resource("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Parameters xmlns=\"http://hl7.org/fhir\"/>"),
        inside(""),
        inside("<parameter/>"),
        inside("<parameter><name value=\"url\"/><valueUri value=\"&b;\"/></parameter>"),
        inside("<parameter><name value=\"coding\"/><valueCoding><system value=\"http://example.org/animals\"/><code value=\"dog\"/></valueCoding></parameter>"),
        inside("<parameter><name value=\"count\"/><valueInteger value=\"99999999999999999999\"/></parameter>"),
        inside("<parameter><name value=\"x\"/><valueDecimal value=\"1e999\"/></parameter>"),
        inside(&format!("{}{}", "<parameter><part>".repeat(5_000), "</part></parameter>".repeat(5_000))),
        ("application/xml; charset=UTF-16", b"\xff\xfe<\0a\0".to_vec()),
        ("text/xml", b"<?xml version=\"1.0\" encoding=\"latin1\"?><Parameters xmlns=\"http://hl7.org/fhir\"/>".to_vec()),
    ]);
    found
}

/// Headers that change what is asked or how it is answered, sound and broken.
const HEADERS: &[&[(&str, &str)]] = &[
    &[("Accept", "application/fhir+xml")],
    &[
        ("Accept", "application/fhir+xml; fhirVersion=5.0"),
        ("Accept-Language", "de;q=nonsense, , *"),
    ],
    &[
        ("Accept", "application/fhir+json; fhirVersion=4.0"),
        ("Prefer", "handling=strict, respond-async"),
    ],
    &[
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("If-None-Match", "*"),
    ],
    &[("Accept", ";;;q=,/,*"), ("X-Request-Id", "")],
    &[
        ("Accept", "text/turtle"),
        ("Accept-Encoding", "zstd, gzip;q=0.5, identity;q=0"),
    ],
    &[("Content-Encoding", "gzip")],
    &[("Content-Encoding", "br, gzip"), ("X-Too-Costly-Threshold", "-1")],
    &[
        ("If-Match", "W/\"0\""),
        ("If-Modified-Since", "yesterday"),
        ("If-None-Exist", "%zz"),
    ],
];

/// The resource type that an answer in XML has.
fn xml_type(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("?><")?;
    rest.split([' ', '>']).next()
}

fn check(what: &str, answer: &Answer) {
    let status = answer.status;
    assert!(status < 500, "{what}: {status} {}", String::from_utf8_lossy(&answer.body));
    if status == 204 || answer.body.is_empty() {
        return;
    }
    let content_type = answer.headers.get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_else(|| panic!("{what}: {status} without a media type"));
    if content_type.starts_with("text/html") {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(
            text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>\n"),
            "{what}: {text}"
        );
        return;
    }
    let xml = content_type
        .contains("xml")
        .then(|| String::from_utf8(answer.body.clone()).unwrap());
    let body = match &xml {
        Some(text) => {
            tern::fhir::xml::read(text, tern::fhir::FhirVersion::R5).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"))
        }
        None => answer.json(),
    };
    let resource_type = body["resourceType"].as_str();
    assert!(xml.is_none_or(|text| xml_type(&text) == resource_type), "{what}");
    if status >= 400 {
        assert_eq!(resource_type, Some("OperationOutcome"), "{what}: {status} {body}");
        assert!(body["issue"][0]["details"]["text"].is_string(), "{what}: {body}");
    } else {
        assert!(resource_type.is_some(), "{what}: {body}");
    }
}

/// The body as it was before it was compressed.
fn unpacked(mut answer: Answer) -> Answer {
    let encoding = answer
        .headers
        .get("content-encoding")
        .map(|encoding| encoding.to_str().unwrap());
    if encoding == Some("zstd") && !answer.body.is_empty() {
        answer.body = zstd::decode_all(&answer.body[..]).unwrap();
    }
    answer
}

/// Sends requests with their names, and checks every answer.
async fn check_all(requests: Vec<(String, TestRequest)>) -> usize {
    let (names, requests): (Vec<String>, Vec<TestRequest>) = requests.into_iter().unzip();
    for (name, answer) in names.iter().zip(send(Limits::default(), requests).await) {
        check(name, &unpacked(answer));
    }
    names.len()
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
    let mut requests = Vec::new();
    for base in ["/fhir", "/fhir/r4", "/fhir/r5"] {
        for path in PATHS {
            for method in &methods {
                for (number, (media_type, body)) in bodies().into_iter().enumerate() {
                    // A body tells methods apart only where it is read.
                    if *method != Method::POST && number > 1 {
                        break;
                    }
                    let request = TestRequest::default()
                        .method(method.clone())
                        .uri(&format!("{base}{path}"))
                        .insert_header(("Content-Type", media_type))
                        .set_payload(body);
                    requests.push((format!("{method} {base}{path} with body {number}"), request));
                }
            }
        }
    }
    assert!(check_all(requests).await > 4_000);
}

#[actix_web::test]
async fn nothing_a_client_sends_in_xml_is_a_server_error() {
    let mut requests = Vec::new();
    for base in ["/fhir/r4", "/fhir/r5"] {
        for path in PATHS {
            for (number, (media_type, body)) in xml_bodies().into_iter().enumerate() {
                let request = TestRequest::post()
                    .uri(&format!("{base}{path}"))
                    .insert_header(("Content-Type", media_type))
                    .insert_header((
                        "Accept",
                        if number % 2 == 0 {
                            "application/fhir+xml"
                        } else {
                            "text/html"
                        },
                    ))
                    .set_payload(body);
                requests.push((format!("POST {base}{path} with XML {number}"), request));
            }
        }
    }
    assert!(check_all(requests).await > 2_000);
}

#[actix_web::test]
async fn no_header_makes_a_server_error() {
    let body = br#"{"resourceType":"Parameters","parameter":[{"name":"url","valueUri":"http://example.org/animals/vs"}]}"#;
    let mut requests = Vec::new();
    for base in ["/fhir", "/fhir/r4", "/fhir/r5"] {
        for path in PATHS {
            for (number, headers) in HEADERS.iter().enumerate() {
                for method in [Method::GET, Method::POST] {
                    let mut request = TestRequest::default().method(method.clone()).uri(&format!("{base}{path}"));
                    for header in *headers {
                        request = request.insert_header(*header);
                    }
                    if method == Method::POST {
                        request = request
                            .insert_header(("Content-Type", "application/fhir+json"))
                            .set_payload(&body[..]);
                    }
                    requests.push((format!("{method} {base}{path} with headers {number}"), request));
                }
            }
        }
    }
    assert!(check_all(requests).await > 2_000);
}

#[actix_web::test]
async fn xml_says_what_json_says() {
    let mut requests = Vec::new();
    for path in PATHS.iter().filter(|path| !path.is_empty()) {
        let separator = if path.contains('?') { '&' } else { '?' };
        for format in ["json", "xml"] {
            requests.push(get(&format!("/fhir/r5{path}{separator}_format={format}")));
        }
    }
    let answers = send(Limits::default(), requests).await;
    for (path, pair) in PATHS.iter().filter(|path| !path.is_empty()).zip(answers.chunks(2)) {
        let [json, xml] = pair else { panic!("{path}") };
        assert_eq!(json.status, xml.status, "{path}");
        // A query string that cannot be read names no format either.
        if !xml.headers.get("content-type").unwrap().to_str().unwrap().contains("xml") {
            assert!(xml.status >= 400, "{path}");
            continue;
        }
        let text = std::str::from_utf8(&xml.body).unwrap();
        let read = tern::fhir::xml::read(text, tern::fhir::FhirVersion::R5).unwrap_or_else(|error| panic!("{path}: {error}"));
        let link = |value: Value| steady(value).to_string().replace("_format=xml", "_format=json");
        let (read, expected): (Value, Value) = (link(read).parse().unwrap(), link(json.json()).parse().unwrap());
        assert_eq!(read, expected, "{path}");
    }
}

#[actix_web::test]
async fn compressed_bodies_are_read_up_to_the_limit() {
    let body = r#"{"resourceType":"Parameters","parameter":[{"name":"url","valueUri":"http://example.org/animals/vs"}]}"#;
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    };
    let post = |encoding: &str, body: Vec<u8>| {
        TestRequest::post()
            .uri("/fhir/ValueSet/$expand")
            .insert_header(("Content-Encoding", encoding))
            .insert_header(("Accept-Encoding", "zstd"))
            .set_payload(body)
    };
    let limits = Limits {
        request_bytes: 100_000,
        unpacked_bytes: 100_000,
        ..Limits::default()
    };
    let bomb = vec![b' '; 50_000_000];
    let requests = vec![
        post("gzip", gzip(body.as_bytes())),
        post("zstd", zstd::encode_all(body.as_bytes(), 3).unwrap()),
        post("gzip", gzip(&bomb)),
        post("zstd", zstd::encode_all(&bomb[..], 3).unwrap()),
        post("gzip", body.as_bytes().to_vec()),
        post("zstd", vec![0x28, 0xb5, 0x2f, 0xfd, 0xff]),
    ];
    let answers = send(limits, requests).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 413, 413, 400, 400]);
    assert_eq!(answers[0].headers.get("content-encoding").unwrap(), "zstd");
    let unpacked: Value = serde_json::from_slice(&zstd::decode_all(&answers[0].body[..]).unwrap()).unwrap();
    assert_eq!(unpacked["resourceType"], "ValueSet");
}

#[actix_web::test]
async fn what_is_known_already_is_not_sent_again() {
    let tag = |answer: &Answer| answer.headers.get("etag").unwrap().to_str().unwrap().to_owned();
    let first = send(
        Limits::default(),
        vec![get("/fhir/CodeSystem/animals"), get("/fhir/metadata")],
    )
    .await;
    assert_ne!(tag(&first[0]), tag(&first[1]));
    let again = |tag: String| get("/fhir/CodeSystem/animals").insert_header(("If-None-Match", tag));
    let answers = send(
        Limits::default(),
        vec![again(format!("\"x\", {}", tag(&first[0]))), again("W/\"x\"".into())],
    )
    .await;
    assert_eq!((answers[0].status, answers[0].body.len()), (304, 0));
    assert_eq!((answers[1].status, &answers[1].body), (200, &first[0].body));
}

#[actix_web::test]
async fn methods_that_a_path_has_are_told() {
    let ask = |method: Method, path: &str| TestRequest::default().method(method).uri(path);
    let answers = send(
        Limits::default(),
        vec![
            ask(Method::PATCH, "/fhir/metadata"),
            ask(Method::GET, "/fhir"),
            ask(Method::PATCH, "/fhir/ValueSet/$expand"),
            ask(Method::OPTIONS, "/fhir/ValueSet/$expand"),
            ask(Method::HEAD, "/fhir/metadata"),
        ],
    )
    .await;
    let allow = |answer: &Answer| answer.headers.get("allow").unwrap().to_str().unwrap().to_owned();
    assert_eq!((answers[0].status, allow(&answers[0]).as_str()), (405, "GET, HEAD, OPTIONS"));
    assert_eq!((answers[1].status, allow(&answers[1]).as_str()), (405, "POST, OPTIONS"));
    assert_eq!(
        (answers[2].status, allow(&answers[2]).as_str()),
        (405, "GET, HEAD, POST, OPTIONS")
    );
    assert_eq!(
        (answers[3].status, allow(&answers[3]).as_str()),
        (204, "GET, HEAD, POST, OPTIONS")
    );
    assert_eq!(answers[4].status, 200);
    let id = answers[4].headers.get("x-request-id").unwrap();
    assert_eq!(id.len(), 36, "a request without an id gets one");
}

#[actix_web::test]
async fn a_transaction_reads_all_or_nothing() {
    let transaction = |entries: Value| {
        TestRequest::post()
            .uri("/fhir")
            .set_payload(json!({"resourceType": "Bundle", "type": "transaction", "entry": entries}).to_string())
    };
    let read = |url: &str| json!({"request": {"method": "GET", "url": url}});
    let expand = json!({"request": {"method": "POST", "url": "ValueSet/$expand"}, "resource": {"resourceType": "Parameters",
        "parameter": [{"name": "url", "valueUri": "http://example.org/animals/vs"}]}});
    let write =
        json!({"request": {"method": "PUT", "url": "CodeSystem/a"}, "resource": {"resourceType": "CodeSystem", "id": "a"}});
    let answers = send(
        Limits::default(),
        vec![
            transaction(json!([read("CodeSystem/animals"), expand])),
            transaction(json!([read("CodeSystem/animals"), read("CodeSystem/none")])),
            transaction(json!([read("CodeSystem/animals"), write])),
        ],
    )
    .await;
    let body = answers[0].json();
    assert_eq!(
        (answers[0].status, body["type"].as_str()),
        (200, Some("transaction-response"))
    );
    assert_eq!(body["entry"][1]["resource"]["resourceType"], "ValueSet");
    assert_eq!(answers[1].status, 404);
    assert_eq!(answers[1].json()["issue"][0]["expression"][0], "Bundle.entry[1]");
    assert!((400..500).contains(&answers[2].status));
    assert_eq!(answers[2].json()["issue"][0]["expression"][0], "Bundle.entry[1]");
}

#[actix_web::test]
async fn a_large_batch_keeps_its_order_and_never_waits_for_itself() {
    // More entries than threads, each of which must not wait for a place at the gate.
    let entries: Vec<Value> = (0..500)
        .map(|number| match number % 3 {
            0 => json!({"request": {"method": "GET", "url": format!("CodeSystem/none-{number}")}}),
            1 => json!({"request": {"method": "GET", "url": "ValueSet/$expand?url=http://example.org/animals/vs"}}),
            _ => json!({"request": {"method": "BREW", "url": ""}}),
        })
        .collect();
    let body = json!({"resourceType": "Bundle", "type": "batch", "entry": entries}).to_string();
    let limits = Limits {
        heavy: 1,
        waiting: 1,
        ..Limits::default()
    };
    let answers = send(limits, vec![TestRequest::post().uri("/fhir").set_payload(body)]).await;
    let body = answers[0].json();
    for (number, entry) in body["entry"].as_array().unwrap().iter().enumerate() {
        let status = entry["response"]["status"].as_str().unwrap();
        match number % 3 {
            0 => assert!(entry["response"]["outcome"].to_string().contains(&format!("none-{number}"))),
            1 => assert_eq!((status, &entry["resource"]["resourceType"]), ("200 OK", &json!("ValueSet"))),
            _ => assert_eq!(status, "405 Method Not Allowed"),
        }
    }
    assert_eq!(body["entry"].as_array().unwrap().len(), 500);
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

//! What the server says of itself is what it does: every operation, parameter and filter that it names is tried.

use super::{Answer, Limits, send};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use tern::fhir::interaction::Operation;

async fn ask(path: &str) -> Value {
    send(Limits::default(), vec![TestRequest::get().uri(path)]).await[0].json()
}

fn names(list: &Value, name: &str) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

/// The operations of a CapabilityStatement as paths.
fn operations(statement: &Value) -> Vec<String> {
    let rest = &statement["rest"][0];
    let of_types = rest["resource"].as_array().unwrap().iter().flat_map(|resource| {
        let kind = resource["type"].as_str().unwrap();
        names(&resource["operation"], "name")
            .into_iter()
            .map(move |name| format!("{kind}/${name}"))
    });
    let of_server = names(&rest["operation"], "name").into_iter().map(|name| format!("${name}"));
    of_types.chain(of_server).collect()
}

#[actix_web::test]
async fn every_operation_that_is_named_is_there_and_in_the_documentation() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md")).unwrap();
    for version in ["r4", "r5"] {
        let found = operations(&ask(&format!("/fhir/{version}/metadata")).await);
        let requests = found.iter().map(|path| {
            let path = format!("/fhir/{version}/{path}");
            TestRequest::default().method(Method::OPTIONS).uri(&path)
        });
        let answers = send(Limits::default(), requests.collect()).await;
        for (path, answer) in found.iter().zip(&answers) {
            let allow = answer.headers.get("allow").unwrap().to_str().unwrap();
            assert!(allow.contains("POST"), "{path} is named, but allows only {allow}");
            assert!(text.contains(&format!("`{path}`")), "docs/api.md does not name `{path}`");
        }
        // What changes something is named only where writing is allowed.
        for operation in Operation::ALL.iter().filter(|operation| !operation.changes_something()) {
            let path = format!("{:?}/${}", operation.kind(), operation.name());
            assert!(found.contains(&path), "{path} is not in the CapabilityStatement");
        }
    }
}

fn is_unknown(answer: &Answer) -> bool {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    answer.status == 400 && (body.contains("has no parameter") || body.contains("not-supported"))
}

#[actix_web::test]
async fn every_parameter_that_is_named_is_read_and_no_other() {
    let strictly = |path: String| TestRequest::get().uri(&path).insert_header(("Prefer", "handling=strict"));
    for version in ["r4", "r5"] {
        let statement = ask(&format!("/fhir/{version}/metadata")).await;
        let mut paths = Vec::new();
        for resource in statement["rest"][0]["resource"].as_array().unwrap() {
            let kind = resource["type"].as_str().unwrap();
            paths.extend(
                names(&resource["searchParam"], "name")
                    .iter()
                    .map(|name| format!("{kind}?{name}=2020")),
            );
        }
        let terminology = ask(&format!("/fhir/{version}/metadata?mode=terminology")).await;
        for name in names(&terminology["expansion"]["parameter"], "name") {
            paths.push(format!("ValueSet/$expand?url=http://example.org/animals/vs&{name}=1"));
        }
        assert!(paths.len() > 50, "{paths:?}");
        let requests = paths.iter().map(|path| strictly(format!("/fhir/{version}/{path}")));
        for (path, answer) in paths.iter().zip(send(Limits::default(), requests.collect()).await) {
            assert!(
                answer.status < 500 && !is_unknown(&answer),
                "{path}: {}",
                String::from_utf8_lossy(&answer.body)
            );
        }
        let unknown = [
            "CodeSystem?colour=red",
            "ValueSet/$expand?url=http://example.org/animals/vs&colour=red",
        ];
        let requests = unknown.iter().map(|path| strictly(format!("/fhir/{version}/{path}")));
        for answer in send(Limits::default(), requests.collect()).await {
            assert!(is_unknown(&answer), "{}", String::from_utf8_lossy(&answer.body));
        }
    }
}

#[actix_web::test]
async fn every_filter_that_is_named_is_understood() {
    for version in ["r4", "r5"] {
        let terminology = ask(&format!("/fhir/{version}/metadata?mode=terminology")).await;
        let (mut places, mut requests) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for system in terminology["codeSystem"].as_array().unwrap() {
            let url = system["uri"].as_str().unwrap();
            let versions = system["version"].as_array().unwrap();
            assert_eq!(versions.iter().filter(|one| one["isDefault"] == true).count(), 1, "{url}");
            // Of several versions the default one is asked.
            let default = versions.iter().find(|one| one["isDefault"] == true).unwrap();
            for filter in default["filter"].as_array().into_iter().flatten() {
                for operator in filter["op"].as_array().unwrap() {
                    seen.insert(operator.as_str().unwrap().to_owned());
                    places.push(format!("{url} {} {operator}", filter["code"]));
                    let value = if operator == "exists" { "true" } else { "a" };
                    let filter = json!({"property": filter["code"], "op": operator, "value": value});
                    let body = json!({"resourceType": "Parameters", "parameter": [{"name": "count", "valueInteger": 1}, {"name": "valueSet",
                        "resource": {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"system": url, "filter": [filter]}]}}}]});
                    let request = TestRequest::post().uri(&format!("/fhir/{version}/ValueSet/$expand"));
                    requests.push(request.set_payload(body.to_string()));
                }
            }
        }
        for (place, answer) in places.iter().zip(send(Limits::default(), requests).await) {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!text.contains("was not understood"), "{place}: {text}");
            assert!(answer.status < 500, "{place}: {text}");
        }
        assert!(seen.contains("regex") && seen.contains("="), "{seen:?}");
    }
}

//! The API's OpenAPI document: that in docs/, and what is served.

mod strangers;

use contract::{Operation, openapi};
use reqwest::Method;
use ringback_tests::{File, send};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a variable says whether the test writes the document")]
fn the_openapi_document_is_as_the_contract_says() {
    let document = format!("{}\n", serde_json::to_string_pretty(&openapi::document()).unwrap());
    if std::env::var_os("RINGBACK_WRITE_DOCUMENTS").is_some() {
        std::fs::write(file(), &document).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file()).unwrap(), document, "run this test with RINGBACK_WRITE_DOCUMENTS=1");
}

#[tokio::test]
async fn it_is_served_without_a_token() {
    let gateway = File::new("workflow: {id: w, jobs: [{component: {type: logger, message: hello}}]}").run().await;
    let answer = send(gateway.request(Method::GET, &format!("{}/openapi.json", gateway.api))).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.body, serde_json::from_str::<Value>(&std::fs::read_to_string(file()).unwrap()).unwrap());
}

/// Each reference of the document leads somewhere, and nothing in it is led to by none.
#[test]
fn every_schema_is_there_and_is_used() {
    let document = openapi::document();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let there: BTreeSet<String> = document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(used, there);
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            found.extend(reference.and_then(|name| name.strip_prefix("#/components/schemas/")).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_operation_is_in_it_with_an_id_of_its_own() {
    let document = openapi::document();
    let mut ids = BTreeSet::new();
    for operation in Operation::ALL {
        let method = operation.method().as_str().to_ascii_lowercase();
        let described = &document["paths"][operation.path()][method];
        assert_eq!(described["operationId"], operation.id(), "{operation:?}");
        assert!(ids.insert(operation.id()), "{operation:?}");
        assert_eq!(described["requestBody"].is_object(), operation.takes_body(), "{operation:?}");
    }
}

//! Compares answers of the API with its OpenAPI document. Every answer that `send` gets is compared, so a field that a handler leaves
//! out or renames without the document fails some test.

use crate::Answer;
use contract::{Function, Operation, openapi};
use jsonschema::Validator;
use matchit::Router;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The API's operations by method and path, and what may be answered.
struct Document {
    operations: HashMap<&'static str, Router<Operation>>,
    answers: HashMap<(Operation, u16), Validator>,
    problem: Validator,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let document = openapi::document();
    let validator = |schema: &Value| {
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
    };
    let (mut operations, mut answers) = (HashMap::<_, Router<Operation>>::new(), HashMap::new());
    for operation in Operation::ALL.iter().copied().filter(|operation| operation.function() == Function::Api) {
        let method = operation.method().as_str();
        operations.entry(method).or_default().insert(operation.path(), operation).expect("a path of its own");
        let described = &document["paths"][operation.path()][method.to_ascii_lowercase()];
        for status in operation.statuses() {
            let schema = &described["responses"][status.to_string()]["content"]["application/json"]["schema"];
            if !schema.is_null() {
                answers.insert((operation, *status), validator(schema));
            }
        }
    }
    let problem = validator(&json!({"$ref": "#/components/schemas/Problem"}));
    Document { operations, answers, problem }
});

/// Looks at an answer. What is no operation of the API has no document.
///
/// # Panics
/// If it isn't what the document says.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(router) = DOCUMENT.operations.get(method.as_str()) else { return };
    let Ok(found) = router.at(path) else { return };
    let (operation, status) = (*found.value, answer.status);
    let what = format!("{operation:?} answers {status}");
    if (200..300).contains(&status) {
        assert!(operation.statuses().contains(&status), "{what}, which the contract doesn't have: {}", answer.body);
        if let Some(validator) = DOCUMENT.answers.get(&(operation, status)) {
            let errors: Vec<String> = validator.iter_errors(&answer.body).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{what}, not as its schema: {errors:?} {}", answer.body);
        }
        return;
    }
    let code = answer.body["code"].as_str().unwrap_or_default();
    // The address of an operation may be asked without being one: behind a port that has no API, for example.
    if code.is_empty() {
        return;
    }
    assert!(DOCUMENT.problem.is_valid(&answer.body), "{what}, no problem: {}", answer.body);
    let codes: Vec<&str> = operation.codes().into_iter().map(contract::Code::as_str).collect();
    assert!(codes.contains(&code), "{what} with `{code}`, and the contract has {codes:?}");
}

//! What holds of every operation of the API, read from its contract.

mod page;

use contract::{Access, Function, Operation};
use reqwest::Method;
use ringback_tests::{Answer, File, Gateway, send};
use serde_json::json;
use std::path::Path;

const FILE: &str = "
delivery: {allow_private: [127.0.0.0/8]}
workflow: {id: w, jobs: [{component: {type: logger, message: hello}}]}
";

/// The operations that need a token.
fn guarded() -> impl Iterator<Item = Operation> {
    Operation::ALL.iter().copied().filter(|operation| operation.access() != Access::Public)
}

fn address(gateway: &Gateway, operation: Operation, query: &str) -> String {
    let path = operation.path().replace("{id}", "x").replace("{name}", "x");
    format!("{}{path}{query}", gateway.api)
}

async fn ask(gateway: &Gateway, operation: Operation, query: &str, token: Option<&str>) -> Answer {
    let method: Method = operation.method().as_str().parse().unwrap();
    let request = gateway.request(method, &address(gateway, operation, query));
    send(token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth)).await
}

#[tokio::test]
async fn each_operation_lets_in_whom_the_contract_says() {
    let gateway = File::new(FILE).run().await;
    let made = send(gateway.api(Method::POST, "/api/tokens").json(&json!({"customer_id": "acme"}))).await;
    let customer = made.body["token"].as_str().unwrap().to_owned();
    for operation in guarded() {
        ask(&gateway, operation, "", None).await.is_problem(401, "unauthorized");
        ask(&gateway, operation, "", Some("rbc_0")).await.is_problem(401, "unauthorized");
        let of_customer = ask(&gateway, operation, "", Some(&customer)).await;
        let is_refused = of_customer.status == 403 && of_customer.body["code"] == "forbidden";
        assert_eq!(is_refused, operation.access() == Access::Operator, "{operation:?}: {}", of_customer.body);
    }
    for operation in Operation::ALL.iter().filter(|operation| operation.access() == Access::Public) {
        let answer = ask(&gateway, *operation, "", None).await;
        // There is no source.
        let expected = if operation.function() == Function::Trigger { 404 } else { 200 };
        assert_eq!(answer.status, expected, "{operation:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn each_operation_refuses_a_parameter_that_it_does_not_have() {
    let gateway = File::new(FILE).run().await;
    for operation in guarded() {
        let answer = ask(&gateway, operation, "?statuss=failed", Some(&gateway.token)).await;
        answer.is_problem(400, "unusable_request");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.starts_with("there is no parameter `statuss`"), "{operation:?}: {detail}");
    }
    let health = send(gateway.request(Method::GET, &format!("{}/health?probe=1", gateway.api))).await;
    assert_eq!(health.status, 200, "load balancers add what they like");
}

#[tokio::test]
async fn each_parameter_with_a_value_that_can_t_be_meant_is_refused_and_an_empty_one_is_left_out() {
    let gateway = File::new(FILE).run().await;
    for operation in guarded() {
        for parameter in operation.parameters() {
            let (bad, code) = match parameter.name {
                "before" | "after" => ("zzz", "bad_cursor"),
                // Any text is a name.
                "workflow" | "source" | "job" => continue,
                "customer_id" | "webhook_id" | "event" => ("%20a*b", "unusable_request"),
                _ => ("-1x", "unusable_request"),
            };
            if operation == Operation::ShowEvent {
                continue;
            }
            let query = format!("?{}={bad}", parameter.name);
            ask(&gateway, operation, &query, Some(&gateway.token)).await.is_problem(400, code);
            let query = format!("?{}=", parameter.name);
            let empty = ask(&gateway, operation, &query, Some(&gateway.token)).await;
            assert!([200, 404].contains(&empty.status), "{operation:?} {query}: {}", empty.body);
        }
    }
}

#[tokio::test]
async fn a_cursor_can_stand_in_an_address_as_it_is() {
    let gateway = File::new(FILE).run().await;
    for n in 0..3 {
        gateway.start("w", json!({"n": n})).await;
    }
    let page = gateway.get("/api/tasks?limit=1").await.body;
    let next = page["next"].as_str().unwrap();
    assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{next}");
    let older = gateway.get(&format!("/api/tasks?limit=1&before={next}")).await.body;
    assert_ne!(older["tasks"][0]["task_id"], page["tasks"][0]["task_id"]);
    gateway.get(&format!("/api/deliveries?before={next}")).await.is_problem(400, "bad_cursor");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a variable says whether the test writes the document")]
fn the_document_of_the_api_is_as_the_contract_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    if std::env::var_os("RINGBACK_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, page::page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), page::page(), "run this test with RINGBACK_WRITE_DOCUMENTS=1");
}

/// Only text and numbers name a customer.
#[tokio::test]
async fn a_customer_is_named_by_text_or_a_number() {
    let gateway = File::new(FILE).run().await;
    let create = |customer| send(gateway.api(Method::POST, "/api/tokens").json(&json!({"customer_id": customer})));
    for none in [json!(false), json!([]), json!({"a": 1}), json!(null)] {
        create(none).await.is_problem(400, "unusable_request");
    }
    assert_eq!(create(json!(7)).await.body["customer_id"], "7");
}

/// Each body of the document's examples is taken: it is read, and what it names is looked for.
#[tokio::test]
async fn each_example_of_a_body_is_as_the_api_takes_it() {
    let gateway = File::new(FILE).with(|options| options.settings.runtime_programs = true).run().await;
    let made = send(gateway.api(Method::POST, "/api/webhooks").json(&json!({
        "url": "http://127.0.0.1:9/", "events": ["order.*"], "customer_id": "acme",
    })));
    let endpoint = made.await.body["webhook_id"].as_str().unwrap().to_owned();
    for operation in Operation::ALL.iter().copied().filter(|operation| operation.takes_body()) {
        let body = operation.example().unwrap_or_else(|| panic!("{operation:?} has no example"));
        let id = if operation == Operation::StartWorkflow { "w" } else { endpoint.as_str() };
        let method: Method = operation.method().as_str().parse().unwrap();
        let request = gateway.api(method, &operation.path().replace("{id}", id));
        let answer = send(request.header("content-type", "application/json").body(body)).await;
        match operation {
            // There are no such callback, and no such source.
            Operation::AdoptCallback | Operation::ReceiveWebhook => answer.is_problem(404, "not_found"),
            _ => assert!(operation.statuses().contains(&answer.status), "{operation:?}: {}", answer.body),
        }
    }
}

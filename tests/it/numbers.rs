//! Numbers are passed on as they were written, compared by value, and never made of anything else.

use reqwest::Method;
use ringback_tests::subscriber::{Subscriber, TO_THIS_MACHINE};
use ringback_tests::{Answer, File, Gateway, Service, send};
use serde_json::{Value, json};

const FILE: &str = "
listeners:
  - id: in
    type: http-trigger
    port: 8080
    triggers:
      - {path: /start, workflow: ask, input: '${body}'}
      - {path: /seen, workflow: seen, input: '${body}', dedupe_by: '${body.id}'}
  - id: done
    type: http-callback
    path: /done
    identify_by: ${body.id}
    status: ${body.status}
    success_when: [200, 1.50]
    result: ${body.value}
component:
  id: service
  endpoint: https://service.test/jobs
  body: {callback_url: '${gateway:8090.public_url}/done', id: '${input.id}', n: '${input.n}', price: 1.10, large: 1000000000000000000001}
  completion: {type: callback, wait_for: '${response.id}', timeout: 10m}
  output: {response: '${response.n}', result: '${result}'}
workflows:
  ask: {jobs: [{component: service}]}
  seen: {jobs: [{component: {type: delay, duration: 0}}]}
";

/// Each as it is written everywhere.
const NUMBERS: &str = "[1000000000000000000001,1.10,1e+400,-0,0.1000,-0.0,1e-7,18446744073709551616,\
                       123456789012345678901234567890.123456789012345678901234567890]";

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn post(gateway: &Gateway, url: &str, body: impl Into<String>) -> Answer {
    let request = gateway.request(Method::POST, url).header("content-type", "application/json");
    send(request.body(body.into())).await
}

/// A service that answers with what it was sent.
async fn echo() -> Service {
    Service::scripted(|request| async move { ringback_tests::Reply::ok(request.body) }).await
}

#[tokio::test]
async fn numbers_arrive_as_they_were_written_from_request_to_call_answer_and_result() {
    let service = echo().await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let body = format!("{{\"id\":1.0,\"n\":{NUMBERS}}}");
    let task = post(&gateway, &gateway.trigger_url("/start"), body).await.body["task_id"].as_str().unwrap().to_owned();
    gateway.waiting(&task).await;
    let sent = &service.requests()[0].body;
    assert_eq!(sent["n"].to_string(), NUMBERS);
    assert_eq!(
        (sent["price"].to_string(), sent["large"].to_string()),
        ("1.10".to_owned(), "1000000000000000000001".to_owned())
    );
    assert_eq!(sent["id"].to_string(), "1.0");
    let body = format!("{{\"id\":1e0,\"status\":2e2,\"value\":{NUMBERS}}}");
    assert_eq!(post(&gateway, &gateway.callback_url("/done"), body).await.body["status"], "resumed");
    let result = gateway.result_of(&task).await;
    assert_eq!(
        (result["response"].to_string(), result["result"].to_string()),
        (NUMBERS.to_owned(), NUMBERS.to_owned())
    );
    assert_eq!(gateway.task(&task).await["input"]["n"].to_string(), NUMBERS);
}

#[tokio::test]
async fn keys_meet_by_value_and_large_ones_are_not_rounded_together() {
    let service = echo().await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let cases = [
        ("1000000000000000000001", "1000000000000000000001.0"),
        ("1000000000000000000002", "1000000000000000000002"),
        ("1.10", "11e-1"),
        ("-0", "0.0"),
        ("1e999999999", "10e999999998"),
        ("3", "\"3\""),
    ];
    let mut tasks = Vec::new();
    for (key, _) in cases {
        let answer = post(&gateway, &gateway.trigger_url("/start"), format!("{{\"id\":{key},\"n\":1}}")).await;
        let task = answer.body["task_id"].as_str().unwrap().to_owned();
        gateway.waiting(&task).await;
        tasks.push(task);
    }
    for ((key, back), task) in cases.iter().zip(&tasks) {
        let body = format!("{{\"id\":{back},\"status\":1.5,\"value\":{back}}}");
        assert_eq!(post(&gateway, &gateway.callback_url("/done"), body).await.body["status"], "resumed", "{key}");
        assert_eq!(gateway.result_of(task).await["result"], json_of(back), "{key}");
    }
}

#[tokio::test]
async fn a_number_that_tells_requests_apart_does_it_by_value() {
    let gateway = File::new(FILE).run().await;
    let mut tasks = Vec::new();
    for id in ["7", "7.0", "7e0", "8"] {
        let answer = post(&gateway, &gateway.trigger_url("/seen"), format!("{{\"id\":{id}}}")).await;
        tasks.push(answer.body["task_id"].as_str().unwrap_or_else(|| panic!("{id}: {}", answer.body)).to_owned());
    }
    assert!(tasks[0] == tasks[1] && tasks[1] == tasks[2] && tasks[2] != tasks[3], "{tasks:?}");
}

#[tokio::test]
async fn events_are_delivered_with_the_numbers_that_were_published() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let filter = json!({"filter": "data.n[1] == 1.1 and data.n[0] > 1000000000000000000000"});
    let subscriber = Subscriber::new(&gateway, Service::answering(json!({})).await, filter).await;
    let url = format!("{}/api/events", gateway.api);
    let event = format!("{{\"event\":\"order.paid\",\"data\":{{\"n\":{NUMBERS}}}}}");
    let request = gateway.api(Method::POST, "/api/events").header("content-type", "application/json").body(event);
    assert_eq!(send(request).await.status, 202, "{url}");
    let delivered = subscriber.service.next_request().await;
    assert_eq!(delivered.body["data"]["n"].to_string(), NUMBERS);
}

/// With `serde_json`'s own key, an object would become a number, or a run that can't be read any more.
#[tokio::test]
async fn nobody_forges_a_number() {
    let key = "$serde_json::private::Number";
    let service = Service::answering(json!({key: "5", "id": "a"})).await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let escaped = "\\u0024serde_json::private::\\u004eumber";
    let raw = "$serde_json::private::RawValue";
    for forged in [key, escaped, raw].map(|key| format!("{{\"id\":[{{\"{key}\":\"1\"}}]}}")) {
        for url in [gateway.trigger_url("/start"), gateway.callback_url("/done")] {
            post(&gateway, &url, forged.as_str()).await.is_problem(400, "malformed_body");
        }
        for path in ["/api/events", "/api/webhooks", "/api/workflows/ask/runs"] {
            let request = gateway.api(Method::POST, path).header("content-type", "application/json");
            let event = format!("{{\"event\":\"a.b\",\"data\":{forged}}}");
            let answer = send(request.body(event)).await;
            assert!(answer.status == 404 || answer.body["code"] == "malformed_body", "{path}: {}", answer.body);
        }
        let query = "?%24serde_json%3A%3Aprivate%3A%3ANumber=1";
        post(&gateway, &format!("{}{query}", gateway.trigger_url("/start")), "{}")
            .await
            .is_problem(400, "malformed_body");
    }
    assert!(gateway.tasks().await.is_empty());
    // What a service answers is kept as the text that it is.
    let task =
        post(&gateway, &gateway.trigger_url("/start"), "{\"id\":1}").await.body["task_id"].as_str().unwrap().to_owned();
    let task = gateway.finished(&task).await;
    assert!(task.to_string().contains("private::Number"), "{task}");
}

//! Callback addresses that are made for one job: for services that sign nothing.

use ringback_tests::{File, Reply, Service};
use serde_json::{Value, json};

/// The route is identified by something else, which these callbacks don't have.
const FILE: &str = "
listeners:
  - {path: /hook, workflow: ask}
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
component: {id: service, endpoint: https://service.test, body: {callback_url: '${context.callback_url}'}}
workflow: {id: ask, jobs: [{component: service, output: '${result}'}]}
";

#[tokio::test]
async fn only_who_was_given_the_address_can_answer_and_only_once() {
    let service = Service::answering(json!({"accepted": true})).await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let (one, other) = (gateway.start("ask", Value::Null).await, gateway.start("ask", Value::Null).await);
    let (first, second) = (service.next_request().await, service.next_request().await);
    gateway.waiting(&one).await;
    gateway.waiting(&other).await;
    let url = |request: &ringback_tests::Request| request.body["callback_url"].as_str().unwrap().to_owned();
    assert_ne!(url(&first), url(&second));
    assert!(url(&first).starts_with(&gateway.callback_url("/done?callback_token=cbt_")), "{}", url(&first));

    // Guesses, and what the file says otherwise, resume nobody.
    let token = url(&first).split_once("cbt_").unwrap().1.to_owned();
    let guess = format!("/done?callback_token=cbt_{}", token.chars().rev().collect::<String>());
    assert_eq!(gateway.call_back(&guess, &json!({"value": "forged"})).await.body["status"], "stored");
    assert_eq!(gateway.call_back("/done?callback_token=x", &json!({"value": "forged"})).await.status, 400);
    assert_eq!(gateway.call_back("/done", &json!({"id": one, "value": "forged"})).await.body["status"], "stored");

    let answer = first.call_back(&json!({"callback_url": url(&first), "value": 1})).await;
    assert_eq!(answer.body["status"], "resumed");
    let again = first.call_back(&json!({"callback_url": url(&first), "value": 1})).await;
    assert_eq!(again.body["status"], "duplicate");
    // Another callback completes nothing either: the job has its result.
    first.call_back(&json!({"callback_url": url(&first), "value": 2})).await;
    second.call_back(&json!({"callback_url": url(&second), "value": 3})).await;
    let mut results = [gateway.result_of(&one).await, gateway.result_of(&other).await];
    results.sort_by_key(Value::to_string);
    assert_eq!(results, [json!(1), json!(3)]);
}

/// What the table holds of a token is no key, and the token itself is one also in the body.
#[tokio::test]
async fn a_reader_of_the_table_can_not_answer_for_a_job_and_a_token_in_the_body_can() {
    let service = Service::answering(json!({"accepted": true})).await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let task = gateway.start("ask", Value::Null).await;
    let url = service.next_request().await.body["callback_url"].as_str().unwrap().to_owned();
    gateway.waiting(&task).await;
    let open = gateway.get("/api/waits").await.body;
    let kept = open["waits"][0]["key"].as_str().expect("a key").to_owned();
    let digest = domain::run::kept_key(url.split_once("callback_token=").unwrap().1.to_owned());
    for key in [kept, digest] {
        let forged = gateway.call_back("/done", &json!({"id": key, "value": "forged"})).await;
        assert!(forged.status == 400 || forged.body["status"] == "stored", "{key}: {}", forged.body);
    }
    assert_eq!(gateway.task(&task).await["status"], "waiting");
    let token = url.split_once("callback_token=").unwrap().1;
    assert_eq!(gateway.call_back("/done", &json!({"id": token, "value": 7})).await.body["status"], "resumed");
    assert_eq!(gateway.result_of(&task).await, 7);
}

#[tokio::test]
async fn an_answer_before_the_services_own_is_kept() {
    let service = Service::scripted(|request| async move {
        let early = request.call_back(&json!({"callback_url": request.body["callback_url"], "value": "early"})).await;
        Reply::ok(json!({"early": early.status}))
    })
    .await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let task = gateway.start("ask", Value::Null).await;
    assert_eq!(gateway.result_of(&task).await, "early");
}

#[tokio::test]
async fn a_file_with_several_callback_routes_is_told_to_say_which() {
    let text = FILE.replace("component: {id", "  - {path: /other, identify_by: '${body.id}'}\ncomponent: {id");
    let loaded = domain::config::load(&text, "ringback.yml");
    assert!(loaded.diagnostics.iter().any(|diagnostic| diagnostic.message.contains("could wait for any of")));
}

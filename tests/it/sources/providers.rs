//! The ways of single providers, with bodies as they send them.

use super::{GITHUB_SECRET, PUSH, PUSHED, SLACK_SECRET, STANDARD_SECRET, STRIPE_SECRET, TOKEN, gateway, github};
use reqwest::Method;
use ringback_tests::{Provider, send};
use serde_json::{Value, json};

const SLACK: &[u8] = include_bytes!("../../fixtures/payload/slack_event.json");
const STRIPE: &[u8] = include_bytes!("../../fixtures/payload/stripe_event.json");
const STANDARD: &[u8] = include_bytes!("../../fixtures/payload/standard.json");

#[tokio::test]
async fn a_push_to_github_becomes_a_task_with_its_facts() {
    let (gateway, clock) = gateway().await;
    let answer = github(&clock).send(&gateway, "", PUSH, &PUSHED).await;
    assert_eq!(answer.body["status"], "triggered");
    assert_eq!(answer.body["task_ids"], json!([answer.body["task_id"]]));
    let task = gateway.finished(&answer.task_id()).await;
    assert_eq!((&task["status"], &task["workflow"]), (&json!("completed"), &json!("deploy")));
    let result = &task["result"];
    let expected = [
        ("source", "github"),
        ("event", "push"),
        ("branch", "main"),
        ("commit", "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"),
        ("repository", "Codertocat/Hello-World"),
        ("sender", "Codertocat"),
        ("delivery_id", PUSHED[1].1),
    ];
    for (name, value) in expected {
        assert_eq!(result[name], value, "{name}");
    }
    assert_eq!((&result["tag"], &result["action"]), (&Value::Null, &Value::Null));
    assert_eq!(result["body"], serde_json::from_slice::<Value>(PUSH).unwrap());
    assert_eq!(result["body"]["repository"]["id"].to_string(), "9007199254740993");
}

#[tokio::test]
async fn rules_choose_by_event_and_branch_and_several_may_match() {
    let (gateway, clock) = gateway().await;
    let body = |branch: &str| String::from_utf8_lossy(PUSH).replace("heads/main", &format!("heads/{branch}"));
    let dev = github(&clock).send(&gateway, "", body("dev").as_bytes(), &PUSHED).await;
    assert_eq!(gateway.result_of(&dev.task_id()).await, "test");
    let other = github(&clock).send(&gateway, "", body("other").as_bytes(), &PUSHED).await;
    assert_eq!((other.status, other.body), (202, json!({"status": "ignored", "detail": "no rule matched"})));
    let ping = github(&clock).send(&gateway, "", br#"{"zen": "Keep it simple."}"#, &[("X-GitHub-Event", "ping")]).await;
    assert_eq!(ping.body["task_ids"].as_array().unwrap().len(), 2);
    assert_eq!(gateway.tasks().await.len(), 3);
}

#[tokio::test]
async fn github_may_send_a_form_whose_bytes_are_signed() {
    let (gateway, clock) = gateway().await;
    let encoded: String = PUSH.iter().map(|byte| format!("%{byte:02X}")).collect();
    let form = format!("payload={encoded}");
    let headers = [PUSHED[0], ("Content-Type", "application/x-www-form-urlencoded")];
    let answer = github(&clock).send(&gateway, "", form.as_bytes(), &headers).await;
    assert_eq!(gateway.result_of(&answer.task_id()).await["branch"], "main");
}

#[tokio::test]
async fn slack_is_challenged_and_then_sends_events() {
    let (gateway, clock) = gateway().await;
    let slack = Provider::new("slack", SLACK_SECRET, &clock, "/api/webhooks/slack");
    let challenge = br#"{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
    let answer = slack.send(&gateway, "", challenge, &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.body, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P");
    let event = slack.send(&gateway, "", SLACK, &[]).await;
    let result = gateway.result_of(&event.task_id()).await;
    assert_eq!((&result["source"], &result["body"]["event_id"]), (&json!("slack"), &json!("Ev0LAN670R")));
    // A second try is signed anew and says so, and is the same delivery.
    clock.advance(std::time::Duration::from_secs(60));
    let again = slack.send(&gateway, "", SLACK, &[("X-Slack-Retry-Num", "1")]).await;
    assert_eq!(again.task_id(), event.task_id());
    // Nobody but Slack is answered a challenge.
    let url = format!("{}/api/webhooks/slack", gateway.api);
    send(gateway.request(Method::POST, &url).body(challenge.to_vec())).await.is_problem(401, "unauthorized");
}

#[tokio::test]
async fn stripe_sends_an_invoice_whose_amount_a_rule_takes() {
    let (gateway, clock) = gateway().await;
    let stripe = Provider::new("stripe", STRIPE_SECRET, &clock, "/api/webhooks/stripe");
    let answer = stripe.send(&gateway, "", STRIPE, &[]).await;
    assert_eq!(gateway.result_of(&answer.task_id()).await, json!({"paid": 2000}));
}

#[tokio::test]
async fn standard_webhooks_are_known_by_their_signed_id() {
    let (gateway, clock) = gateway().await;
    let standard = Provider::new("standard-webhooks", STANDARD_SECRET, &clock, "/api/webhooks/standard");
    let send_as = |id: &'static str, body: &'static [u8]| {
        let (gateway, standard) = (&gateway, &standard);
        async move { standard.send(gateway, id, body, &[]).await.task_id() }
    };
    let first = send_as("msg_p5jXN8AQM9LWM0D4loKWxJek", STANDARD).await;
    assert_eq!(gateway.result_of(&first).await["event"], "contact.created");
    assert_eq!(send_as("msg_p5jXN8AQM9LWM0D4loKWxJek", STANDARD).await, first);
    // The id is signed, so equal bodies under other ids are other deliveries.
    assert_ne!(send_as("msg_2", STANDARD).await, first);
    // Too old.
    let request = standard.request(&gateway, "msg_3", STANDARD, &[]);
    clock.advance(std::time::Duration::from_secs(301));
    send(request).await.is_problem(401, "unauthorized");
    // A second secret, for rotation.
    let rotated =
        Provider::new("standard-webhooks", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &clock, "/api/webhooks/standard");
    rotated.send(&gateway, "msg_4", STANDARD, &[]).await.task_id();
}

#[tokio::test]
async fn meta_asks_by_get_and_only_for_the_agreed_word() {
    let (gateway, clock) = gateway().await;
    let ask = |word: &str| {
        let query = format!("hub.mode=subscribe&hub.verify_token={word}&hub.challenge=1158201444");
        send(gateway.request(Method::GET, &format!("{}/hooks/meta?{query}", gateway.api)))
    };
    let answer = ask(TOKEN).await;
    assert_eq!((answer.status, answer.body), (200, json!(1158201444)));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    ask("another").await.is_problem(401, "unauthorized");
    // The same question to another source is no handshake.
    let url = format!("{}/hooks/github?hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge=1", gateway.api);
    send(gateway.request(Method::GET, &url)).await.is_problem(401, "unauthorized");
    let meta = Provider::new("meta", GITHUB_SECRET, &clock, "/hooks/meta");
    meta.send(&gateway, "", br#"{"object": "page", "entry": [{"id": "1", "time": 1}]}"#, &[]).await.task_id();
}

#[tokio::test]
async fn notion_sends_its_secret_once_and_signs_from_then_on() {
    let (gateway, clock) = gateway().await;
    let url = format!("{}/api/webhooks/notion", gateway.api);
    let sent = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    let offer = |token: &str| send(gateway.request(Method::POST, &url).json(&json!({"verification_token": token})));
    let notion = Provider::new("notion", sent, &clock, "/api/webhooks/notion");
    let event = br#"{"id": "367cba44-b6f3-4c92-81e7-6a2e9659efd4", "type": "page.created"}"#;
    notion.send(&gateway, "", event, &[]).await.is_problem(401, "unauthorized");
    assert_eq!(offer(sent).await.status, 200);
    // Nobody can send another afterwards, and that costs nothing.
    let before = gateway.cost();
    offer("secret_of_somebody_else").await.is_problem(401, "unauthorized");
    assert_eq!((&gateway.cost() - &before).writes, 0);
    notion.send(&gateway, "", event, &[]).await.task_id();
}

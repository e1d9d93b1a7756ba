//! From the table to the queue: nothing that one run or event holds keeps the others from going on.

use domain::event::{CustomerId, Event, EventId, EventType, Origin};
use platform::queue::Message;
use ringback_tests::subscriber::{TO_THIS_MACHINE, publish};
use ringback_tests::{File, Reply, Service, Subscriber, noise};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn runs_that_fail_with_long_answers_hold_up_nobody_and_are_told_of() {
    let pages = Service::answering_in_turn([Reply::status(500, json!(noise(300_000)))]).await;
    let file = format!(
        "{TO_THIS_MACHINE}
components:
  call: {{type: http-client, endpoint: '{}'}}
  say: {{type: delay, duration: 0}}
workflows:
  doomed: {{jobs: [{{component: call}}]}}
  fine: {{jobs: [{{component: say}}]}}",
        pages.url
    );
    let gateway = File::new(file).run().await;
    let watching =
        Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({"events": ["job.failed"]})).await;
    let mut doomed = Vec::new();
    for _ in 0..12 {
        doomed.push(gateway.start("doomed", Value::Null).await);
    }
    for task in &doomed {
        assert!(
            gateway.error_of(task).await["detail"]["body"].as_str().unwrap().len() > 250_000,
            "the run has it whole"
        );
    }
    let fine = gateway.start("fine", Value::Null).await;
    gateway.result_of(&fine).await;
    for _ in &doomed {
        let told = watching.service.next_request().await.body;
        let error = &told["data"]["error"];
        assert_eq!((&told["data"]["truncated"], &error["code"]), (&json!(true), &json!("http_status")), "{told}");
        assert!(error.get("detail").is_none() && error["message"] == "the service answered 500", "{error}");
    }
}

#[tokio::test]
async fn an_event_arrives_with_the_characters_that_no_queue_takes() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({})).await;
    let data = json!({"text": "\u{ffff}\u{fffe}\u{0}\u{fffd}"});
    publish(&gateway, &json!({"event": "job.completed", "data": data})).await;
    assert_eq!(endpoint.service.next_request().await.body["data"], data);
}

#[tokio::test]
async fn a_message_that_no_queue_takes_keeps_no_other_from_being_sent() {
    let gateway = File::new(TO_THIS_MACHINE).run().await;
    let endpoint = Subscriber::new(&gateway, Service::answering(json!("ok")).await, json!({"events": ["job.*"]})).await;
    let now = gateway.app().now();
    let message = |name: &str, size: usize| {
        let event = Event {
            id: EventId::keyed(&[name]),
            customer: CustomerId::default(),
            event_type: EventType::parse("job.completed").unwrap(),
            data: json!("x".repeat(size)),
            timestamp: now,
            source: name.to_owned(),
            version: "1.0".to_owned(),
            accepted_at: now,
            origin: Origin::System,
            given_id: None,
            attributes: serde_json::Map::new(),
        };
        (Message::Publish(Box::new(event)), Duration::ZERO)
    };
    gateway.app().queue.send(&[message("long", 1_100_000), message("short", 1)]).await.unwrap();
    assert_eq!(endpoint.service.next_request().await.body["source"], "short");
}

//! Jobs that publish an event: what is stored of it, and what the job has of it.

use domain::event::{CustomerId, Event, EventId, Origin};
use platform::store::NewEvent;
use reqwest::Method;
use ringback_tests::subscriber::create;
use ringback_tests::{File, Gateway, noise, send};
use serde_json::{Value, json};

const FILE: &str = "
component:
  id: tell
  type: event
  event: '${input.event | order.paid}'
  customer_id: '${input.customer}'
  event_id: '${input.id}'
  data: '${input.data}'
workflows:
  tells: {jobs: [{component: tell}]}
  tells-late: {jobs: [{component: {type: delay, duration: 0}}, {component: tell, input: '${input}'}]}
  tells-time: {jobs: [{component: {type: event, event: told, data: '${context.timestamp} ${context.attempt}'}}]}
delivery:
  strict_events: true
  events:
    told:
    order.paid: {schema: {type: object, required: [order]}}
";

async fn event(gateway: &Gateway, customer: &str, id: &str) -> Option<Event> {
    let (customer, id) = (CustomerId::parse(customer).unwrap(), EventId::parse(id).unwrap());
    gateway.app().store.event(&customer, &id).await.unwrap()
}

#[tokio::test]
async fn a_job_publishes_its_event_and_has_its_id() {
    let gateway = File::new(FILE).run().await;
    for workflow in ["tells", "tells-late"] {
        let task = gateway.start(workflow, json!({"customer": "acme", "data": {"order": 7}})).await;
        let output = gateway.result_of(&task).await;
        let id = output["event_id"].as_str().unwrap().to_owned();
        assert_eq!(output, json!({"event_id": id, "event": "order.paid", "customer_id": "acme"}));
        let stored = event(&gateway, "acme", &id).await.unwrap();
        assert_eq!(stored.data, json!({"order": 7}));
        assert!(matches!(&stored.origin, Origin::Run { run, .. } if *run == task), "{stored:?}");
    }
}

#[tokio::test]
async fn nobody_can_subscribe_to_what_a_strict_catalogue_does_not_publish() {
    let gateway = File::new(FILE).run().await;
    let wish = |events: Value| json!({"url": "https://example.com/hook", "events": events});
    let refused = create(&gateway, &wish(json!(["told", "ordr.*"]))).await;
    assert!(refused.body["detail"].as_str().unwrap().ends_with("did you mean `order.*`?"), "{}", refused.body);
    refused.is_problem(422, "unknown_event_type");
    let made = create(&gateway, &wish(json!(["told", "order.*", "*"]))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/api/webhooks/{}", made.body["webhook_id"].as_str().unwrap());
    let change = async |fields: Value| send(gateway.api(Method::PATCH, &path).json(&fields)).await;
    change(json!({"events": ["order.payed"]})).await.is_problem(422, "unknown_event_type");
    assert_eq!(change(json!({"events": ["order.paid"]})).await.status, 200);
    assert_eq!(gateway.get(&path).await.body["events"], json!(["order.paid"]));
}

#[tokio::test]
async fn an_id_that_another_event_has_is_refused_and_the_same_event_is_not() {
    let gateway = File::new(FILE).run().await;
    let input = |order: u32| json!({"customer": "acme", "id": "order-7", "data": {"order": order}});
    for _ in 0..2 {
        let task = gateway.start("tells", input(7)).await;
        assert_eq!(gateway.result_of(&task).await["event_id"], "order-7");
    }
    let task = gateway.start("tells", input(8)).await;
    let error = gateway.error_of(&task).await;
    assert_eq!(error["code"], "event_id_taken");
    assert_eq!(error["message"], "another event of the customer has the id `order-7`");
    assert_eq!(event(&gateway, "acme", "order-7").await.unwrap().data, json!({"order": 7}), "nothing is overwritten");
}

#[tokio::test]
async fn what_can_not_be_published_fails_its_job_in_words_and_is_not_stored() {
    let gateway = File::new(FILE).run().await;
    let cases = [
        (json!({"data": {}}), "schema_violation", "\"order\" is a required property"),
        (json!({"event": "order.payed", "data": {}}), "unknown_event_type", "did you mean `order.paid`?"),
        (json!({"event": "a b"}), "bad_event", "`a b` is no event type"),
        (json!({"customer": "a/b", "data": {"order": 1}}), "bad_event", "`a/b` is no customer"),
    ];
    for (mut input, code, words) in cases {
        input["id"] = Value::from("e1");
        let task = gateway.start("tells", input).await;
        let error = gateway.error_of(&task).await;
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
        assert_eq!(event(&gateway, "default", "e1").await, None);
    }
}

#[tokio::test]
async fn a_job_that_says_something_else_when_it_is_tried_again_has_said_it_once() {
    let gateway = File::new(FILE).run().await;
    let task = gateway.start("tells-time", json!({})).await;
    let output = gateway.result_of(&task).await;
    let first = event(&gateway, "default", output["event_id"].as_str().unwrap()).await.unwrap();
    let again = Event { data: json!("later"), ..first.clone() };
    assert_eq!(gateway.app().store.add_event(&again).await.unwrap(), NewEvent::Duplicate);
    let another = Event { origin: Origin::Api, ..again };
    assert_eq!(gateway.app().store.add_event(&another).await.unwrap(), NewEvent::Taken);
    assert_eq!(event(&gateway, "default", first.id.as_str()).await, Some(first));
}

#[tokio::test]
async fn an_event_that_is_too_large_fails_its_job() {
    let gateway = File::new(
        "
component: {id: tell, type: event, event: told, event_id: big, data: '${input as base64}'}
workflow: {jobs: [{component: tell}]}
",
    )
    .run()
    .await;
    // The input just fits; what is made of it is longer by a third.
    let task = gateway.start("default", Value::from(noise(704 * 1024))).await;
    let error = gateway.error_of(&task).await;
    assert_eq!(error["code"], "too_large", "{error}");
    assert_eq!(event(&gateway, "default", "big").await, None);
}

#[tokio::test]
async fn the_example_runs_as_it_is() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/outbound.yml")).unwrap();
    let gateway = File::new(text).run().await;
    let task = gateway.trigger("/orders", &json!({"order": 7, "customer": "acme", "total": 19.9})).await.task_id();
    let result = gateway.result_of(&task).await;
    assert_eq!(result, json!({"total": 19.9, "event_id": "order-7-priced"}));
    let stored = event(&gateway, "acme", "order-7-priced").await.unwrap();
    assert_eq!(stored.data, json!({"order": 7, "total": 19.9, "currency": "EUR"}));
    let task = gateway.trigger("/orders", &json!({"order": 8, "customer": "acme", "total": -1})).await.task_id();
    let error = gateway.error_of(&task).await;
    assert_eq!(error["code"], "schema_violation");
    assert!(error["message"].as_str().unwrap().contains("`/total`"), "{error}");
}

//! State that version 0.1 stored before numbers were kept as they were written: read, shown and gone on with.
//!
//! The fixture holds the items of a table, and in its first line what they are called: a run that had completed, one that
//! waited under a number, one that slept, one whose loop waited twice, an unclaimed callback under a fraction, an event and its
//! failed delivery. Large items are compressed.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local_aws::{Aws, AwsOptions};
use platform::secret::KeyRing;
use reqwest::Method;
use ringback_tests::{File, ManualClock, Service, send};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

const STORED: &str = include_str!("../fixtures/stored/0.1-numbers.jsonl");

/// The file that the stored runs follow, to the byte.
const FILE: &str = "
listener:
  path: /done
  identify_by: ${body.id}
  status: ${body.status}
  success_when: [done, 200]
  result: ${body.value}
component:
  id: service
  endpoint: ${env.SERVICE}/jobs
  body: {callback_url: '${gateway:8090.public_url}/done', id: '${input.id}', n: '${input.n}'}
  completion: {type: callback, wait_for: '${request.id}', timeout: 10h}
  output: {response: '${response}', result: '${result}'}
workflows:
  ask: {jobs: [{component: service}]}
  rest: {jobs: [{id: first, component: {type: delay, duration: 0}}, {id: second, component: {type: delay, duration: 2h}}], output: '${input}'}
  loops: {jobs: [{type: for-each, items: '${input.items}', do: [{component: service, input: {id: '${item.id}', n: '${item}'}}]}]}
delivery: {allow_private: [127.0.0.0/8]}
";

/// What the stored items hold, as version 0.1 wrote it: `1000000000000000000001` had become `1e+21` then.
const NUMBERS: &str = "{\"whole\":7,\"large\":18446744073709551615,\"negative\":-12,\"decimal\":1.5,\"tenth\":0.1,\
                       \"round\":100.0,\"zero\":-0.0,\"exponent\":1e+21,\"small\":1e-7,\"huge\":1e+21}";

/// Puts the stored items into a table, and gives their names.
async fn store(data: &Path) -> Map<String, Value> {
    let options = AwsOptions { data: Some(data.to_owned()), ..AwsOptions::in_memory("ringback") };
    let aws = Aws::open(options).unwrap();
    let mut names = Map::new();
    for line in STORED.lines() {
        let fields: Map<String, Value> = serde_json::from_str(line).unwrap();
        if !fields.contains_key("pk") {
            names = fields;
            continue;
        }
        let mut put = aws.dynamodb().put_item().table_name("ringback");
        for (name, value) in fields {
            let text = |kind: &str| value[kind].as_str().map(str::to_owned);
            let attribute = match (text("S"), text("N"), text("B")) {
                (Some(text), ..) => AttributeValue::S(text),
                (_, Some(digits), _) => AttributeValue::N(digits),
                (.., Some(bytes)) => AttributeValue::B(STANDARD.decode(bytes).unwrap().into()),
                _ => AttributeValue::Bool(value["BOOL"].as_bool().unwrap()),
            };
            put = put.item(name, attribute);
        }
        put.send().await.unwrap();
    }
    names
}

#[tokio::test]
async fn what_was_stored_before_numbers_were_kept_as_written_means_the_same() {
    let (directory, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let names = store(directory.path()).await;
    let name = |what: &str| names[what].as_str().unwrap();
    let service = Service::answering(json!({})).await;
    let file = File::new(FILE).env("SERVICE", &service.url).clock(&clock).data(directory.path());
    // Its key is not among what is stored here; nothing was sealed.
    let gateway = file.with(|options| options.home.keys = Some(KeyRing::generate())).run().await;
    let numbers: Value = serde_json::from_str(NUMBERS).unwrap();

    let done = gateway.task(name("done")).await;
    assert_eq!(done["result"]["result"].to_string(), NUMBERS);
    assert_eq!(done["input"]["n"].to_string(), NUMBERS);

    for (run, ids) in [("waits", &[7][..]), ("loops", &[21, 22])] {
        for id in ids {
            let body = json!({"id": id, "status": "done", "value": {"n": numbers}});
            let answer = gateway.call_back("/done", &body).await;
            assert_eq!(answer.body["status"], "resumed", "{run} {id}");
        }
        let result = gateway.result_of(name(run)).await;
        let of = if run == "loops" { &result[0] } else { &result };
        assert_eq!((&of["result"]["n"], &of["response"]["n"]), (&numbers, &numbers), "{result}");
    }

    let early = gateway.start("ask", json!({"id": 1.5, "n": 1})).await;
    assert_eq!(gateway.result_of(&early).await["result"].to_string(), NUMBERS, "the unclaimed callback");

    let event = gateway.get(&format!("/api/events/{}", name("event"))).await;
    assert_eq!(event.body["data"].to_string(), NUMBERS);
    let again = json!({"event": "order.paid", "id": "e1", "data": numbers});
    assert_eq!(send(gateway.api(Method::POST, "/api/events").json(&again)).await.status, 202, "the same event");
    let endpoint = format!("/api/webhooks/{}", name("endpoint"));
    let shown = gateway.get(&endpoint).await.body;
    assert_eq!(
        (&shown["rate_limit"], &shown["retry_delay"]),
        (&json!({"limit": 5, "period": 1}), &json!(3600)),
        "{shown}"
    );
    let deliveries = gateway.get("/api/webhooks/deliveries").await.body;
    assert!(
        deliveries.to_string().contains("\"http_status\":500") || deliveries.to_string().contains("500"),
        "{deliveries}"
    );

    // Its address is another's by now.
    assert!(send(gateway.api(Method::DELETE, &endpoint)).await.status < 300);
    clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(gateway.result_of(name("rests")).await.to_string(), NUMBERS, "a timer that was stored");
}

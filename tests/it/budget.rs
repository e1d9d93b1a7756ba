//! What each operation costs, counted from the calls that were really made.
//!
//! The worker handles one message at a time here, and a hanging call keeps it busy where a cost must not be mixed with
//! that of the work which follows; the sweep is made rare, for it reads.

use local_aws::ledger::Snapshot;
use local_aws::mapping::Duplicates;
use ringback_tests::{File, Gate, Gateway, Reply, Service, eventually};
use serde_json::{Value, json};
use std::time::Duration;

const FILE: &str = "
listeners:
  - {path: /hook, workflow: calls}
  - {path: /sum, workflow: calls, input: {sum: '${body.a + body.b}'}}
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
components:
  call: {endpoint: https://service.test/call, body: '${input}'}
  wait:
    endpoint: https://service.test/wait
    body: {id: '${input.id}', callback_url: '${gateway:8090.public_url}/done'}
    completion: {type: callback, wait_for: '${request.id}'}
workflows:
  calls: {jobs: [{component: call}]}
  waits: {jobs: [{component: wait}]}
";

/// A gateway whose loops do nothing by themselves, and its service, which answers `/call` once the gate is open.
async fn quiet_gateway() -> (Gateway, Service, Gate) {
    let gate = Gate::closed();
    let held = gate.clone();
    let service = Service::scripted(move |request| {
        let held = held.clone();
        async move {
            if request.path == "/call" {
                held.passed().await;
            }
            Reply::ok(json!({"done": true}))
        }
    })
    .await;
    let file = File::new(FILE).calling("https://service.test", &service).with(|options| {
        options.pace.duplicates = Duplicates::None;
        options.pace.concurrency = 1;
        options.pace.sweep_every = Duration::from_secs(3600);
    });
    let gateway = file.run().await;
    // Older files, and the first sweep: where it got to, and the one shard's timers.
    eventually("the first sweep is over", || async {
        let cost = gateway.cost();
        if cost.reads >= 3 { Ok(()) } else { Err(cost) }
    })
    .await;
    (gateway, service, gate)
}

/// The cost since then, once the relay has sent so many batches.
async fn once_relayed(gateway: &Gateway, before: &Snapshot, batches: u64) -> Snapshot {
    eventually("the change is relayed", || async {
        let cost = &gateway.cost() - before;
        if cost.calls_of("SendMessageBatch") >= batches { Ok(cost) } else { Err(cost) }
    })
    .await
}

#[track_caller]
fn costs(cost: &Snapshot, writes: u64, reads: u64, sqs: u64) {
    assert_eq!((cost.writes, cost.reads, cost.sqs_requests), (writes, reads, sqs), "{cost}: {:?}", cost.calls);
}

#[tokio::test]
async fn a_trigger_costs_one_write() {
    let (gateway, service, _gate) = quiet_gateway().await;
    // From here on the worker is busy.
    gateway.trigger("/hook", &json!(1)).await;
    service.next_request().await;
    let before = gateway.cost();
    gateway.trigger("/hook", &json!(2)).await.task_id();
    let cost = once_relayed(&gateway, &before, 1).await;
    // The one request to the queue is the relay's.
    costs(&cost, 1, 0, 1);
    assert_eq!((cost.write_units, cost.index_write_units), (1, 1));
    assert_eq!((cost.calls_of("PutItem"), cost.calls_of("SendMessageBatch")), (1, 1));
}

#[tokio::test]
async fn a_repeated_trigger_costs_one_write_and_owes_nothing() {
    let (gateway, _service, gate) = quiet_gateway().await;
    gate.open();
    let trigger = || {
        let request = gateway.request(reqwest::Method::POST, &gateway.trigger_url("/hook"));
        ringback_tests::send(request.header("Idempotency-Key", "k").json(&json!(1)))
    };
    let task = trigger().await.task_id();
    gateway.finished(&task).await;
    settled(&gateway).await;
    let before = gateway.cost();
    assert_eq!(trigger().await.task_id(), task);
    costs(&(&gateway.cost() - &before), 1, 0, 0);
}

#[tokio::test]
async fn a_wait_with_its_deadline_costs_two_writes_and_a_read() {
    let (gateway, service, gate) = quiet_gateway().await;
    gate.open();
    let before = gateway.cost();
    let task = gateway.start("waits", json!({"id": "w"})).await;
    service.next_request().await;
    // The service has been asked, so the wait is open: the run's own write, the deadline's and the wait's. One read is the
    // worker's of the run, and one of how far the sweep has announced to go, so that it passes no deadline over.
    let cost = &gateway.cost() - &before;
    assert_eq!((cost.writes, cost.reads), (1 + 2, 1 + 1), "{cost}: {:?}", cost.calls);
    assert_eq!((cost.calls_of("PutItem"), cost.calls_of("UpdateItem")), (2, 1));
    assert_eq!(cost.write_units, 3);
    gateway.waiting(&task).await;
}

#[tokio::test]
async fn a_callback_that_meets_its_wait_costs_one_write() {
    let (gateway, service, _gate) = quiet_gateway().await;
    let task = gateway.start("waits", json!({"id": "m"})).await;
    gateway.waiting(&task).await;
    assert_eq!(service.next_request().await.path, "/wait");
    // From here on the worker is busy.
    gateway.trigger("/hook", &Value::Null).await;
    assert_eq!(service.next_request().await.path, "/call");
    let before = gateway.cost();
    assert_eq!(gateway.call_back("/done", &json!({"id": "m", "value": 1})).await.body, json!({"status": "resumed"}));
    let cost = once_relayed(&gateway, &before, 1).await;
    costs(&cost, 1, 0, 1);
    assert_eq!(cost.index_write_units, 0);
    assert_eq!((cost.calls_of("UpdateItem"), cost.calls_of("SendMessageBatch")), (1, 1));
}

#[tokio::test]
async fn a_callback_that_comes_first_costs_two_writes_and_its_duplicate_one_and_neither_owes_anything() {
    let (gateway, _service, gate) = quiet_gateway().await;
    gate.open();
    let before = gateway.cost();
    let callback = json!({"id": "early", "value": 1});
    // The first is tried as if somebody waited, and then put into the list of those that nobody waits for.
    // Each is looked for under the route's former id too, and the files that runs follow are read once for that.
    for (status, writes, reads) in [("stored", 2, 2), ("duplicate", 3, 3)] {
        assert_eq!(gateway.call_back("/done", &callback).await.body["status"], status);
        costs(&(&gateway.cost() - &before), writes, reads, 0);
    }
}

#[tokio::test]
async fn a_bad_request_costs_nothing() {
    let (gateway, _service, _gate) = quiet_gateway().await;
    let before = gateway.cost();
    let post = |url: String, content_type: &'static str, body: &'static str| {
        let request = gateway.request(reqwest::Method::POST, &url).header("content-type", content_type);
        ringback_tests::send(request.body(body))
    };
    let requests = [
        (gateway.trigger_url("/hook"), "application/json", "{", 400),
        (gateway.trigger_url("/sum"), "application/json", r#"{"a": 1, "b": "x"}"#, 400),
        (
            gateway.trigger_url("/hook"),
            "application/x-www-form-urlencoded",
            "%24serde_json%3A%3Aprivate%3A%3ANumber=1",
            400,
        ),
        (gateway.trigger_url("/nowhere"), "application/json", "{}", 404),
        (gateway.callback_url("/done"), "application/json", "{}", 400),
        (format!("{}/api/tasks", gateway.api), "application/json", "{}", 401),
        (format!("{}/api/workflows/calls/runs", gateway.api), "application/json", "{}", 401),
    ];
    for (url, content_type, body, status) in requests {
        assert_eq!(post(url, content_type, body).await.status, status);
        assert_eq!(&gateway.cost() - &before, Snapshot::default());
    }
}

#[tokio::test]
async fn a_run_of_one_call_costs_two_writes_and_one_read() {
    let (gateway, _service, gate) = quiet_gateway().await;
    gate.open();
    let before = gateway.cost();
    let task = gateway.trigger("/hook", &json!({"n": 1})).await.task_id();
    let looked = looks_until_finished(&gateway, &task).await;
    settled(&gateway).await;
    let cost = &gateway.cost() - &before;
    // Sent, received, deleted; the API's reads are not the run's.
    costs(&cost, 2, 1 + looked, 3);
}

#[tokio::test]
async fn an_idle_gateway_writes_nothing() {
    let service = Service::answering(json!({})).await;
    let gateway = File::new(FILE).calling("https://service.test", &service).run().await;
    let task = gateway.start("waits", json!({"id": "i"})).await;
    gateway.waiting(&task).await;
    gateway.call_back("/done", &json!({"id": "i"})).await;
    gateway.finished(&task).await;
    settled(&gateway).await;
    let before = gateway.cost();
    // Each sweep reads twice; time has passed when many have.
    let later = eventually("a few sweeps", || async {
        let cost = &gateway.cost() - &before;
        if cost.reads >= 20 { Ok(cost) } else { Err(cost) }
    })
    .await;
    assert_eq!((later.writes, later.sqs_requests), (0, 0), "{later}");
}

/// Ends once every message that was sent has been deleted.
async fn settled(gateway: &Gateway) {
    eventually("every message is done with", || async {
        let cost = gateway.cost();
        let (received, deleted) = (cost.calls_of("ReceiveMessage"), cost.calls_of("DeleteMessageBatch"));
        let done = received == deleted && cost.calls_of("SendMessageBatch") <= received;
        if done { Ok(()) } else { Err(cost) }
    })
    .await;
}

/// How often the API had to be asked.
async fn looks_until_finished(gateway: &Gateway, task: &str) -> u64 {
    let looks = std::sync::atomic::AtomicU64::new(0);
    let ended = |shown: &Value| {
        looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        shown["status"] == "completed"
    };
    gateway.task_when(task, "completed", ended).await;
    looks.into_inner()
}

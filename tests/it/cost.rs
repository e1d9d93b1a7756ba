//! The cost model against the calls that were really made: each piece, number by number, and the dollars that come of it.
//!
//! Everything runs one at a time, so a batch is always of one. What happens at the deadlines is counted too: at the end of
//! each, the clock goes on until all of them have passed, and a sweep comes each minute as in AWS.

use crate::endpoints::event;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::config::RouteId;
use domain::id::RunId;
use domain::run::JobPath;
use domain::wait::{WaitKey, Waiter};
use emulator::cost::units::{
    ACCEPTED, BEGUN, CALL, CURSOR, DELIVERY, EVENT, MOOT, NOTHING, PROGRAM, REFUSED, REQUEST, SHARD, SUBSCRIBERS,
    TIMER_BYTES, Units, WAIT, WRITTEN,
};
use emulator::cost::{Assumptions, estimate, idle};
use jiff::{SignedDuration, Timestamp};
use local_aws::ledger::Snapshot;
use local_aws::mapping::Duplicates;
use local_aws::{Aws, AwsOptions};
use platform::clock::{Clock, SystemClock};
use platform::store::{Deadline, Store, Timer};
use reqwest::Method;
use ringback_tests::subscriber::{create, publish};
use ringback_tests::{File, Gateway, Reply, Service, eventually, send};
use serde_json::{Value, json};
use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use sweep::Sweeper;

const FILE: &str = "
delivery: {allow_private: [127.0.0.0/8]}
listeners:
  - {path: /hook, workflow: calls}
  - {path: /done, identify_by: '${body.id}', result: '${body.value}'}
sources:
  signed: {auth_type: signature, scheme: github, secret: a-secret-of-the-test, rules: {push: calls}}
programs: {work: {command: [echo]}}
components:
  call: {endpoint: https://service.test/call, body: '${input}'}
  wait:
    endpoint: https://service.test/wait
    body: {id: '${input.id}'}
    completion: {type: callback, wait_for: '${request.id}', callback: /done}
  ask:
    endpoint: https://service.test/ask
    body: {id: '${input.id}'}
    completion: {type: callback, wait_for: '${response.id}', callback: /done}
  poll:
    endpoint: https://service.test/poll
    body: {}
    completion:
      {type: polling, method: GET, endpoint: https://service.test/state, interval: 10ms, status: '${response.state}', success_when: [done]}
  log: {type: logger, message: hello}
  pause: {type: delay, duration: 10ms}
  tell: {type: event, event: job.done, data: {}}
  child: {type: workflow, workflow: calls}
workflows:
  calls: {jobs: [{component: call}]}
  three: {jobs: [{component: call}, {component: log}, {component: call}, {component: call}]}
  waits: {jobs: [{component: wait}]}
  asks: {jobs: [{component: ask}]}
  goes_on: {jobs: [{component: ask}, {component: call}]}
  polls: {jobs: [{component: poll}]}
  logs: {jobs: [{component: log}]}
  pauses: {jobs: [{component: pause}]}
  tells: {jobs: [{component: tell}]}
  parent: {jobs: [{component: child}]}
  works: {jobs: [{component: 'program:work'}]}
  mixed: {jobs: [{component: call}, {component: 'program:work'}, {component: child}]}
";

const OPERATIONS: &str = include_str!("../../docs/operations.md");

/// The machine's clock, put forward now and then.
#[derive(Debug, Clone, Default)]
struct Later(Arc<AtomicI64>);

impl Later {
    fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    fn ahead(&self) -> SignedDuration {
        SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl Clock for Later {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.ahead()
    }

    fn sleep_until(&self, time: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock.sleep_until(time - self.ahead())
    }
}

/// One at a time, and nothing by itself; the service gives the id that it was given.
async fn quiet_gateway() -> (Gateway, Service) {
    let (gateway, service, _clock) = quiet_gateway_with_a_clock().await;
    (gateway, service)
}

async fn quiet_gateway_with_a_clock() -> (Gateway, Service, Later) {
    let clock = Later::default();
    let by = clock.clone();
    let service =
        Service::scripted(|request| async move { Reply::ok(json!({"id": request.body["id"], "state": "done"})) }).await;
    let file = File::new(FILE).calling("https://service.test", &service).with(|options| {
        options.clock = Arc::new(by);
        options.pace.duplicates = Duplicates::None;
        options.pace.concurrency = 1;
        options.pace.sweep_every = Duration::from_secs(3600);
    });
    let gateway = file.run().await;
    eventually("the first sweep is over", || async {
        let cost = gateway.cost();
        // The files that runs may follow, callbacks of an earlier version, the cursor, the timers.
        if cost.reads >= 4 { Ok(()) } else { Err(cost) }
    })
    .await;
    (gateway, service, clock)
}

/// What the model says, as the ledger would have counted it. `looks` are reads of the test's own: the API's, of one unit
/// each, and those of a sweep that finds nothing.
#[track_caller]
fn assert_used(what: &str, used: &Snapshot, units: Units, looks: f64) {
    let reads =
        f64::from(units.reads) + f64::from(units.events) * SUBSCRIBERS + f64::from(units.deadlines) * (WRITTEN + MOOT);
    // The sweep that passes a deadline reads its page consistently.
    let reads = reads + looks + if units.deadlines > 0 { SHARD } else { 0.0 };
    let requests = u64::from(3 * (units.messages + units.program_messages));
    assert_eq!(
        (used.write_units, used.index_write_units, used.read_units, used.sqs_requests),
        (u64::from(units.writes), u64::from(units.index_writes), reads, requests),
        "{what}: {used}: {:?}",
        used.calls
    );
}

/// What was used since `before`, once so many messages are done with.
async fn settled(gateway: &Gateway, before: &Snapshot, units: Units) -> Snapshot {
    eventually("every message is done with", || async {
        let used = &gateway.cost() - before;
        let deleted = (used.calls_of("DeleteMessageBatch"), used.calls_of("DeleteMessage"));
        let expected = (u64::from(units.messages), u64::from(units.program_messages));
        if deleted.0 >= expected.0 && deleted.1 >= expected.1 { Ok(used) } else { Err(used) }
    })
    .await
}

/// A run from its start to its end, with a callback if it waits for one: what it used is what the model says.
async fn run_and_compare((gateway, clock): (&Gateway, &Later), workflow: &str, waits: bool) {
    let config = &gateway.app().config;
    let units = estimate::run(config, workflow).expect("a workflow of the file").units;
    let before = gateway.cost();
    let looks = Cell::new(0);
    let task = gateway.start(workflow, json!({"id": workflow})).await;
    let look = |status: &'static str| {
        let looks = &looks;
        move |task: &Value| {
            looks.set(looks.get() + 1);
            task["status"] == status
        }
    };
    if waits {
        gateway.task_when(&task, "waiting", look("waiting")).await;
        let answer = gateway.call_back("/done", &json!({"id": workflow, "value": 1})).await;
        assert_eq!(answer.body["status"], "resumed");
    }
    gateway.task_when(&task, "completed", look("completed")).await;
    settled(gateway, &before, units).await;
    deadlines_pass(gateway, clock).await;
    // Where there were timers, two of the sweeps moved the cursor, once for all of them.
    let cursor = Units { writes: if units.deadlines > 0 { 2 } else { 0 }, ..NOTHING };
    let looks = f64::from(looks.get()) + f64::from(SWEEPS) * (CURSOR + SHARD);
    assert_used(workflow, &(&gateway.cost() - &before), units + cursor, looks);
}

/// Sweeps while the deadlines of one run pass.
const SWEEPS: u32 = 3;

/// A deadline is a day off, and comes between two ticks of the schedule: the first sweep after it is half a minute late.
async fn deadlines_pass(gateway: &Gateway, clock: &Later) {
    let sweeper = Sweeper::default();
    clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(30));
    for _ in 0..SWEEPS {
        clock.advance(SignedDuration::from_mins(1));
        sweeper.sweep(gateway.app()).await.unwrap();
    }
}

#[tokio::test]
async fn every_kind_of_job_costs_what_the_model_says() {
    let (gateway, _service, clock) = quiet_gateway_with_a_clock().await;
    let gateway = (&gateway, &clock);
    let workflows = ["calls", "three", "polls", "logs", "pauses", "tells", "parent", "works", "mixed"];
    for workflow in workflows {
        run_and_compare(gateway, workflow, false).await;
    }
    for workflow in ["waits", "asks", "goes_on"] {
        run_and_compare(gateway, workflow, true).await;
    }
    run_and_compare(gateway, "program:work", false).await;
}

#[tokio::test]
async fn a_trigger_costs_what_the_api_does() {
    let (gateway, _service) = quiet_gateway().await;
    let before = gateway.cost();
    let looks = Cell::new(0);
    let task = gateway.trigger("/hook", &json!({"id": 1})).await.task_id();
    let ended = |task: &Value| {
        looks.set(looks.get() + 1);
        task["status"] == "completed"
    };
    gateway.task_when(&task, "completed", ended).await;
    let units = ACCEPTED + CALL;
    assert_used("a trigger", &settled(&gateway, &before, units).await, units, f64::from(looks.get()));
}

#[tokio::test]
async fn an_event_and_its_delivery_cost_what_the_model_says() {
    let (gateway, service) = quiet_gateway().await;
    let fields = json!({"url": format!("{}/hook", service.url), "events": ["*"]});
    assert_eq!(create(&gateway, &fields).await.status, 201);
    let before = gateway.cost();
    publish(&gateway, &event("job.completed")).await;
    let units = EVENT + DELIVERY;
    assert_used("an event", &settled(&gateway, &before, units).await, units, 0.0);
}

#[tokio::test]
async fn a_refused_signature_costs_nothing_but_its_request() {
    let (gateway, _service) = quiet_gateway().await;
    let refused = async || {
        let request = gateway.request(Method::POST, &format!("{}/api/webhooks/signed", gateway.api));
        let request = request.header("x-hub-signature-256", format!("sha256={}", "0".repeat(64)));
        assert_eq!(send(request.header("x-github-event", "push").json(&json!({}))).await.status, 401);
    };
    // A function asks the table now and then whether the API has put something on top of the file.
    refused().await;
    let before = gateway.cost();
    refused().await;
    assert_used("a refusal", &(&gateway.cost() - &before), REFUSED, 0.0);
}

#[tokio::test]
async fn a_sweep_of_an_idle_table_costs_half_a_unit_for_each_shard_and_the_cursor() {
    const SHARDS: u8 = 8;
    let gateway = File::new("{}").with(|options| options.settings.shards = SHARDS).run().await;
    // What is read at start is over when the first sweep is, which also looks for callbacks of an earlier version.
    let reads = |least: u64| {
        let gateway = &gateway;
        move || async move {
            let cost = gateway.cost();
            if cost.calls_of("Query") >= least { Ok(cost) } else { Err(cost) }
        }
    };
    let before = eventually("the first sweep is over", reads(2 * u64::from(SHARDS) + 1)).await;
    let after = eventually("many more are", reads(100 * u64::from(SHARDS))).await;
    let used = &after - &before;
    // One of them may be half done at either end.
    let (cursors, shards) = (used.calls_of("GetItem"), used.calls_of("Query"));
    assert!(shards.abs_diff(cursors * u64::from(SHARDS)) <= u64::from(SHARDS), "{used}: {:?}", used.calls);
    assert_eq!(used.read_units, CURSOR * cursors as f64 + SHARD * shards as f64, "{used}");
}

/// What a page of timers costs hangs on how many there are in 4 KB.
#[tokio::test]
async fn a_timer_has_no_more_bytes_than_the_model_says() {
    let aws = Aws::open(AwsOptions::in_memory("ringback")).unwrap();
    let store = Store::new(aws.dynamodb(), "ringback".to_owned(), 8, Duration::from_secs(30 * 86_400));
    let waiter = Waiter { run: RunId::random([1; 16]), job: JobPath::new("generate-image"), attempt: 1 };
    let wait = WaitKey { route: RouteId("POST /callbacks/images".to_owned()), key: waiter.run.to_string() };
    store.add_timer(SystemClock.now(), &Timer::Wait(Deadline { wait, waiter: Some(waiter) })).await.unwrap();
    let items = aws.dynamodb().scan().table_name("ringback").send().await.unwrap().items.unwrap();
    let bytes = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        other => panic!("{other:?}"),
    };
    let size: usize = items[0].iter().map(|(name, value)| name.len() + bytes(value)).sum();
    assert_eq!(items.len(), 1);
    assert!(((TIMER_BYTES - 50.0)..=TIMER_BYTES).contains(&(size as f64)), "{size}: {items:?}");
}

/// Dollars for a million, of items up to 1 KB, as docs/operations.md promises them.
#[test]
fn a_million_of_each_costs_no_more_than_was_promised() {
    let assumed = Assumptions::default();
    let program = REQUEST + ACCEPTED + BEGUN + PROGRAM;
    let promised = [
        ("a run of one job, from its request on", REQUEST + ACCEPTED + CALL, 2.5),
        ("a wait and its callback, beside its run", WAIT, 3.4),
        ("an event with one delivery", EVENT + DELIVERY, 2.75),
        ("each further delivery of it", DELIVERY, 1.75),
        ("a program's run, from its request on", program, 6.0),
        ("a request that is not genuine", REFUSED, 0.25),
    ];
    for (what, units, most) in promised {
        let bill = units.bill(&assumed);
        assert!(bill.dollars.total <= most, "{what}: {bill:#?}");
        let row = format!("| {what} | {:.2} |", bill.dollars.total);
        assert!(OPERATIONS.contains(&row), "docs/operations.md should say: {row}");
    }
    let idle: f64 = idle::month(&assumed).iter().map(|line| line.dollars).sum();
    assert!(idle <= 0.5, "{:#?}", idle::month(&assumed));
    let row = format!("| a month in which nothing happens | ${idle:.2} in all |");
    assert!(OPERATIONS.contains(&row), "docs/operations.md should say: {row}");
}

/// docs/operations.md has a row for each alarm that infra/ makes (infra/test/drift.test.ts holds that).
#[test]
fn an_idle_month_counts_the_alarms_that_are_made() {
    let (_, section) = OPERATIONS.split_once("## Alarms").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next one");
    let rows = section.lines().filter(|line| line.starts_with("| `") && !line.contains("with `functionAlarms`"));
    let names = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    assert_eq!(names.count(), idle::DEFAULT_ALARMS as usize);
}
